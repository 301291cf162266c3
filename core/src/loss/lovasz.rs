//! Lovász losses: the convex closure of the Jaccard loss.
//!
//! Errors are visited from the largest down. With cumulative weights `c1` of foreground and `c0` of background
//! visited so far, the Jaccard loss is `J = 1 - (G - c1) / (G + c0)`; the loss is the sum of each error times
//! the step of `J` that its pixel makes. The steps have closed forms without cancellation: with the union
//! `U = G + c0`, a foreground pixel of weight `w` makes `w / U`, a background one `(G - c1) w / (U (U + w))`.
//!
//! Exact, not binned: a frame is sorted (stable radix), a sketch is already in order. Pixel weights take the place
//! of counts. At ties of errors the value does not depend on the order; the gradient of a frame follows the order of
//! pixels, that of a sketch spreads a tie evenly over the pixels of a code. Without foreground only the single worst
//! pixel counts. Labels are hard. Source: Berman et al. 2018.

use super::plane_pass::{Plane, PlanePass};
use super::spatial::{Chain, ClassPlane};
use super::sum::walk_gradient;
use super::{Evaluation, Execute, Loss, check_gradient, split_scratch};
use crate::error::{Error, Result};
use crate::num::ExactSum;
use crate::sketch::{CODES, GradientTable, SigmoidTable, Sketch, indices};
use crate::view::{Activation, Frame, Shape, Target};

/// Lovász hinge on binary logits: errors are `max(0, 1 - (2g - 1) z)`.
///
/// Range `[0, inf)`. Scratch: [`LovaszHinge::scratch_len`].
///
/// ```
/// use segmeter_core::{loss::{LovaszHinge, Loss}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -0.5, -3.0], labels)?;
/// let mut scratch = [0; LovaszHinge::scratch_len(3)];
/// let mut gradient = [0.0; 3];
/// let loss = LovaszHinge.value_and_gradient(&frame, &mut scratch, &mut gradient)?;
/// assert_eq!(loss.value, 2.0833333);
/// assert_eq!(gradient, [0.0, 0.16666667, -0.5]);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LovaszHinge;

impl LovaszHinge {
    /// Scratch words for a frame: two buffers of (error, pixel) and the digit counts of the sort.
    #[must_use]
    pub const fn scratch_len(pixels: usize) -> usize {
        4 * pixels + DIGITS
    }
}

impl Loss for LovaszHinge {
    fn scratch_len(&self, shape: Shape) -> usize {
        Self::scratch_len(shape.pixels())
    }

    fn check<const C: usize>(&self, frame: &Frame<'_, C>) -> Result<()> {
        binary_logits(frame).and_then(|frame| hard(&frame).map(|_| ()))
    }

    fn accumulate<X: Execute, const C: usize>(
        &self,
        _executor: &X,
        frame: &Frame<'_, C>,
        weight: f32,
        scratch: &mut [u32],
        mut gradient: Option<&mut [f32]>,
    ) -> Result<Evaluation> {
        let frame = binary_logits(frame)?;
        check_gradient(&frame, gradient.as_deref())?;
        let ids = hard(&frame)?;
        let need = Self::scratch_len(ids.len());
        let ([digits, entries], _) = split_scratch(scratch, [DIGITS, 4 * ids.len()], need)?;
        let logits = frame.scores();
        let error = |pixel: usize, on: bool| {
            let logit = logits.get(pixel).copied().unwrap_or(0.0);
            if on { 1.0 - logit } else { 1.0 + logit }
        };
        let value = extension(&frame, ids, 1, error, (entries, digits), |pixel, step| {
            if let Some(slot) = gradient.as_deref_mut().and_then(|g| g.get_mut(pixel)) {
                *slot += step * weight;
            }
        });
        Ok(value.map_or(Evaluation::UNDEFINED, Evaluation::defined))
    }

    fn accumulate_sketch(
        &self,
        sketch: &Sketch,
        table: &SigmoidTable,
        weight: f32,
        gradient: Option<&mut GradientTable>,
    ) -> Result<Evaluation> {
        let errors = |on: bool| {
            let sign = if on { 1.0 } else { -1.0 };
            table.logit.map(|z| 1.0 - sign * z)
        };
        Ok(of_sketch(sketch, &errors(true), &errors(false), |_| weight, gradient))
    }
}

/// Which classes [`LovaszSoftmax`] is the mean over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LovaszClasses {
    /// Those that occur in the labels.
    #[default]
    Present,
    /// All.
    All,
}

/// Lovász softmax: errors are `1 - p` on a class and `p` off it, class by class; on a binary frame the Lovász
/// sigmoid of the foreground.
///
/// Range [0, 1]. Scratch: [`LovaszSoftmax::scratch_len`].
///
/// ```
/// use segmeter_core::{loss::{LovaszSoftmax, Loss}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// let mut scratch = [0; LovaszSoftmax::scratch_len(3)];
/// assert_eq!(LovaszSoftmax::PRESENT.value(&frame, &mut scratch)?.value, 0.56084496);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LovaszSoftmax {
    classes: LovaszClasses,
}

impl LovaszSoftmax {
    /// The mean over the classes that occur in the labels.
    pub const PRESENT: Self = Self { classes: LovaszClasses::Present };

    /// The mean over what `classes` says.
    #[must_use]
    pub const fn new(classes: LovaszClasses) -> Self {
        Self { classes }
    }
    /// Scratch words for a frame: those of [`LovaszHinge`], a plane of probabilities and one of slopes.
    #[must_use]
    pub const fn scratch_len(pixels: usize) -> usize {
        LovaszHinge::scratch_len(pixels) + 2 * pixels
    }
}

impl Loss for LovaszSoftmax {
    fn scratch_len(&self, shape: Shape) -> usize {
        Self::scratch_len(shape.pixels())
    }

    fn check<const C: usize>(&self, frame: &Frame<'_, C>) -> Result<()> {
        hard(frame).map(|_| ())
    }

    fn accumulate<X: Execute, const C: usize>(
        &self,
        executor: &X,
        frame: &Frame<'_, C>,
        weight: f32,
        scratch: &mut [u32],
        mut gradient: Option<&mut [f32]>,
    ) -> Result<Evaluation> {
        check_gradient(frame, gradient.as_deref())?;
        let ids = hard(frame)?;
        let pixels = ids.len();
        let ([digits, entries, folded, slope], _) =
            split_scratch(scratch, [DIGITS, 4 * pixels, pixels, pixels], Self::scratch_len(pixels))?;
        let folded: &mut [f32] = bytemuck::must_cast_slice_mut(folded);
        let slope: &mut [f32] = bytemuck::must_cast_slice_mut(slope);
        let shares = self.shares(frame, ids);
        let total: f64 = shares.iter().sum();
        let mut sum = None;
        for (class, share) in shares.iter().enumerate().filter(|(_, share)| **share > 0.0) {
            let share = share / total;
            let job = PlanePass { frame: *frame, what: Plane::Folded(class) };
            executor.execute(&job, frame.shape().height(), &mut [&mut *folded]);
            let plane = ClassPlane::new(frame, class, folded);
            let error =
                |pixel: usize, on: bool| if on { plane.complement(pixel) } else { plane.probability(pixel) };
            slope.fill(0.0);
            let value = extension(frame, ids, class, error, (&mut *entries, &mut *digits), |pixel, step| {
                if let Some(slot) = slope.get_mut(pixel) {
                    *slot = step;
                }
            });
            let Some(value) = value else { continue };
            *sum.get_or_insert(0.0) += share * value;
            if let Some(gradient) = gradient.as_deref_mut() {
                let factors = core::array::from_fn(|c| if c == class { share as f32 } else { 0.0 });
                walk_gradient(&Chain, executor, &frame.with_map(slope)?, (factors, weight), gradient);
            }
        }
        Ok(sum.map_or(Evaluation::UNDEFINED, Evaluation::defined))
    }

    fn accumulate_sketch(
        &self,
        sketch: &Sketch,
        table: &SigmoidTable,
        weight: f32,
        gradient: Option<&mut GradientTable>,
    ) -> Result<Evaluation> {
        let chain = |index: u8| {
            let at = |values: &[f32; CODES]| values.get(usize::from(index)).copied().unwrap_or(0.0);
            at(&table.probability) * at(&table.complement) * weight
        };
        if self.classes == LovaszClasses::Present && sketch.labelled(1) == 0 {
            return Ok(Evaluation::UNDEFINED);
        }
        Ok(of_sketch(sketch, &table.complement, &table.probability, chain, gradient))
    }
}

impl LovaszSoftmax {
    /// The weight of each class in the mean, before it is divided by their sum.
    fn shares<const C: usize>(&self, frame: &Frame<'_, C>, ids: &[u8]) -> [f64; C] {
        let mut present = [false; C];
        for (pixel, id) in ids.iter().enumerate() {
            if let Some(present) = present.get_mut(usize::from(*id)) {
                *present |= frame.weight(pixel) > 0.0;
            }
        }
        let scored = present.iter().any(|present| *present);
        let weight = |class: usize| match frame.class_weights() {
            Some(weights) if C != 2 => f64::from(weights.get(class).copied().unwrap_or(0.0)),
            _ => 1.0,
        };
        let first = usize::from(C == 2);
        core::array::from_fn(|class| {
            let wanted = present.get(class) == Some(&true) || (scored && self.classes == LovaszClasses::All);
            if wanted && (first..frame.classes()).contains(&class) { weight(class) } else { 0.0 }
        })
    }
}

fn binary_logits<'a, const C: usize>(frame: &Frame<'a, C>) -> Result<Frame<'a>> {
    let binary = frame.as_binary().filter(|frame| frame.activation() == Activation::Logits);
    binary.ok_or(Error::Unsupported("the Lovász hinge needs binary logits"))
}

fn hard<'a, const C: usize>(frame: &Frame<'a, C>) -> Result<&'a [u8]> {
    match frame.target() {
        Target::Ids(ids) => Ok(ids),
        Target::Shares(_) => Err(Error::Unsupported("Lovász losses need hard labels")),
    }
}

/// The Lovász extension for one class: `put` gets the derivative with respect to the score or probability whose
/// growth makes background wrong. `None` if no pixel is scored.
fn extension<const C: usize>(
    frame: &Frame<'_, C>,
    ids: &[u8],
    class: usize,
    error: impl Fn(usize, bool) -> f32,
    (entries, digits): (&mut [u32], &mut [u32]),
    mut put: impl FnMut(usize, f32),
) -> Option<f64> {
    let on = |pixel: usize| ids.get(pixel).is_some_and(|id| usize::from(*id) == class);
    let weights = frame.weights().map(|weights| weights.values());
    let classes = frame.classes();
    let (mut sum, count) = collect(ids, classes, class, weights, error, entries);
    let (entries, buffer) = entries.split_at_mut_checked(2 * ids.len())?;
    let sorted = sort(entries.get_mut(..2 * count).unwrap_or_default(), buffer, digits);
    let order =
        sorted.as_chunks::<2>().0.iter().map(|[error, pixel]| (f32::from_bits(!*error), *pixel as usize));
    let mut add = |pixel: usize, error: f32, step: f32| {
        sum.add(error * step);
        put(pixel, if on(pixel) { -step } else { step });
    };
    if let Some(weights) = weights {
        let mut jaccard = Jaccard::new(side_weight(ids, classes, class, weights)?);
        for (error, pixel) in order {
            let mass = weights.get(pixel).copied().unwrap_or(0.0);
            add(pixel, error, jaccard.step(on(pixel), f64::from(mass)));
        }
    } else {
        let (mut labelled, mut members) = (0u32, 0u32);
        for id in ids {
            labelled += u32::from(usize::from(*id) < classes);
            members += u32::from(usize::from(*id) == class);
        }
        if labelled == 0 {
            return None;
        }
        let mut jaccard = Jaccard::new(members);
        for (error, pixel) in order {
            add(pixel, error, jaccard.step(on(pixel), 1));
        }
    }
    Some(sum.value())
}

/// The Lovász extension of a sketch: foreground errors fall with the code, background errors rise.
fn of_sketch(
    sketch: &Sketch,
    on: &[f32; CODES],
    off: &[f32; CODES],
    chain: impl Fn(u8) -> f32,
    mut gradient: Option<&mut GradientTable>,
) -> Evaluation {
    let (background, foreground) = (sketch.labelled(0), sketch.labelled(1));
    let (Ok(foreground), false) = (u32::try_from(foreground), background + foreground == 0) else {
        return Evaluation::UNDEFINED;
    };
    let mut jaccard = Jaccard::new(foreground);
    let mut sum = ExactSum::default();
    // Two sequences that are in order already.
    let mut ones = indices().zip(on.iter()).peekable();
    let mut zeros = indices().rev().zip(off.iter().rev()).peekable();
    loop {
        let first = ones.peek().map_or(0.0, |(_, e)| **e);
        let second = zeros.peek().map_or(0.0, |(_, e)| **e);
        if first <= 0.0 && second <= 0.0 {
            break;
        }
        let positive = first >= second;
        let next = if positive { ones.next() } else { zeros.next() };
        let Some((index, error)) = next else { break };
        let count = sketch.count(u8::from(positive), index) as u32;
        if count == 0 {
            continue;
        }
        let step = jaccard.step(positive, count);
        sum.add(*error * step);
        let row = gradient.as_deref_mut().and_then(|g| g.rows.get_mut(usize::from(positive)));
        if let Some(slot) = row.and_then(|row| row.get_mut(usize::from(index))) {
            let each = step / count as f32;
            *slot += if positive { -each } else { each } * chain(index);
        }
    }
    Evaluation::defined(sum.value())
}

/// Weight of pixels: counts, or `f64` sums of real weights.
trait Mass: Copy + core::ops::Add<Output = Self> + core::ops::Sub<Output = Self> + PartialEq {
    const ZERO: Self;
    fn to_f32(self) -> f32;
}

impl Mass for u32 {
    const ZERO: Self = 0;
    fn to_f32(self) -> f32 {
        self as f32
    }
}

impl Mass for f64 {
    const ZERO: Self = 0.0;
    fn to_f32(self) -> f32 {
        self as f32
    }
}

/// The Jaccard loss as pixels turn wrong one after the other.
struct Jaccard<M> {
    /// Foreground not visited yet.
    intersection: M,
    union: M,
}

impl<M: Mass> Jaccard<M> {
    fn new(foreground: M) -> Self {
        Self { intersection: foreground, union: foreground }
    }

    /// By how much the loss grows when pixels of this weight turn wrong.
    #[inline]
    fn step(&mut self, positive: bool, mass: M) -> f32 {
        if mass == M::ZERO {
            return 0.0;
        }
        let union = self.union.to_f32();
        if positive {
            self.intersection = self.intersection - mass;
            return mass.to_f32() / union;
        }
        let first = self.union == M::ZERO;
        self.union = self.union + mass;
        if first {
            // No foreground at all: the first false positive makes the whole step from 0 to 1.
            return 1.0;
        }
        (self.intersection.to_f32() / union) * (mass.to_f32() / self.union.to_f32())
    }
}

/// The weight of a class; `None` if no pixel is scored. Exact sums: rounding must not let the last pixels of the
/// class be taken from a total that is too small.
fn side_weight(ids: &[u8], classes: usize, class: usize, weights: &[f32]) -> Option<f64> {
    let mut sides = [ExactSum::default(); 2];
    let [off, on] = &mut sides;
    for (id, weight) in ids.iter().zip(weights).filter(|(id, _)| usize::from(**id) < classes) {
        if usize::from(*id) == class { on.add(*weight) } else { off.add(*weight) }
    }
    let [off, on] = sides.map(|side| side.value());
    (off + on > 0.0).then_some(on)
}

/// Writes (inverted bits of the error, pixel) for every scored pixel with a positive error; returns how many,
/// and a sum that is NaN if the error of a scored pixel is.
fn collect(
    ids: &[u8],
    classes: usize,
    class: usize,
    weights: Option<&[f32]>,
    error: impl Fn(usize, bool) -> f32,
    entries: &mut [u32],
) -> (ExactSum, usize) {
    let mut sum = ExactSum::default();
    let mut count = 0;
    let mut slots = entries.as_chunks_mut::<2>().0.iter_mut();
    let mut weights = weights.map(<[f32]>::iter);
    for (pixel, id) in (0u32..).zip(ids) {
        // A pixel without weight is not scored, whatever its score.
        let weightless = weights.as_mut().and_then(Iterator::next).is_some_and(|weight| *weight <= 0.0);
        if weightless || usize::from(*id) >= classes {
            continue;
        }
        let error = error(pixel as usize, usize::from(*id) == class);
        if error.is_nan() {
            sum.add(error);
        }
        if error > 0.0
            && let Some(slot) = slots.next()
        {
            // Positive floats order like their bits; inverted, the largest comes first.
            *slot = [!error.to_bits(), pixel];
            count += 1;
        }
    }
    (sum, count)
}

/// Bits of a digit: three digits cover the 31 bits in which inverted positive floats differ.
const DIGIT_BITS: u32 = 11;
const BUCKETS: usize = 1 << DIGIT_BITS;
const DIGITS: usize = 3 * BUCKETS;

/// Stable radix sort of pairs by their first element, ascending. Returns the buffer that holds the result.
fn sort<'a>(pairs: &'a mut [u32], buffer: &'a mut [u32], digits: &mut [u32]) -> &'a [u32] {
    let len = pairs.len();
    let (mut from, mut to) = (pairs, buffer.get_mut(..len).unwrap_or_default());
    let digit = |key: u32, place: u32| ((key >> (place * DIGIT_BITS)) as usize) & (BUCKETS - 1);
    digits.fill(0);
    for [key, _] in from.as_chunks::<2>().0 {
        for (place, counts) in (0..).zip(digits.chunks_mut(BUCKETS)) {
            if let Some(n) = counts.get_mut(digit(*key, place)) {
                *n += 1;
            }
        }
    }
    for (place, counts) in (0..).zip(digits.chunks_mut(BUCKETS)) {
        let mut start = 0;
        for n in counts.iter_mut() {
            (*n, start) = (start, start + *n);
        }
        let slots = to.as_chunks_mut::<2>().0;
        for pair in from.as_chunks::<2>().0 {
            let [key, _] = *pair;
            if let Some(place) = counts.get_mut(digit(key, place)) {
                if let Some(slot) = slots.get_mut(*place as usize) {
                    *slot = *pair;
                }
                *place += 1;
            }
        }
        (from, to) = (to, from);
    }
    from
}
