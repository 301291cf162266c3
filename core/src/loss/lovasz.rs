//! Lovász losses: the convex closure of the Jaccard loss.
//!
//! Errors are visited from the largest down. With cumulative weights `c1` of foreground and `c0` of background
//! visited so far, the Jaccard loss is `J = 1 - (G - c1) / (G + c0)`; the loss is the sum of each error times
//! the step of `J` that its pixel makes. The steps have closed forms without cancellation: with the union
//! `U = G + c0`, a foreground pixel of weight `w` makes `w / U`, a background one `(G - c1) w / (U (U + w))`.
//!
//! Exact, not binned: a frame is sorted (stable radix), a sketch is already in order. Binary errors are ordered by the
//! logits, before anything is rounded; those of softmax and of probabilities by error and complement, so that errors near 1
//! are told apart as well as those near 0. Pixel weights take the place of counts. At ties of errors the value does not
//! depend on the order; the gradient of a frame follows the order of
//! pixels, that of a sketch spreads a tie evenly over the pixels of a code. Without foreground only the single worst
//! pixel counts. Labels are hard. Source: Berman et al. 2018.

use extension::{DIGITS, Errors, Jaccard, MOST_PIXELS, NO_NUMBER, extension};
use planes::{Normalisers, Others, Own, Probability, Softmax};

use super::entry::{Entry, family};
use super::spatial::{Chain, unfold};
use super::sum::walk_gradient;
use super::walk::{Plane, PlanePass};
use super::{Call, Evaluation, Execute, Loss, grid, split_scratch};
use crate::error::{Error, Result};
use crate::num::ExactSum;
use crate::sketch::{CODES, GradientTable, SigmoidTable, Sketch};
use crate::view::{Activation, Frame, Layout, Shape, Target};

mod extension;
mod list;
mod planes;

pub(super) use list::{LOVASZ_HINGE, LOVASZ_SIGMOID, LOVASZ_SOFTMAX};

/// What the entries of this family have in common.
const FAMILY: Entry = family("lovasz");

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

    fn run<X: Execute, const C: usize>(&self, mut call: Call<'_, X, C>) -> Result<Evaluation> {
        call.begin(self.check(&call.frame), Loss::scratch_len(self, call.frame.shape()))?;
        let Call { frame, weight, scratch, mut gradient, .. } = call;
        let frame = binary_logits(&frame)?;
        let ids = hard(&frame)?;
        let need = Self::scratch_len(ids.len());
        let ([digits, entries], _) = split_scratch(scratch, [DIGITS, 4 * ids.len()], need)?;
        let errors = Hinge(frame.scores());
        let value = extension(&frame, ids, 1, &errors, (entries, digits), |pixel, step| {
            if let Some(slot) = gradient.as_deref_mut().and_then(|g| g.get_mut(pixel)) {
                *slot += step * weight;
            }
        });
        Ok(value.map_or(Evaluation::UNDEFINED, Evaluation::new))
    }

    fn accumulate_sketch(
        &self,
        sketch: &Sketch,
        table: &SigmoidTable,
        weight: f32,
        gradient: Option<&mut GradientTable>,
    ) -> Result<Evaluation> {
        if table.activation() == Activation::Probabilities {
            return Err(NEEDS_LOGITS);
        }
        let logit = |index: u8| at(&table.logit, index);
        let errors = (|index| 1.0 - logit(index), |index| 1.0 + logit(index));
        Ok(of_sketch(sketch, table, errors, |_| weight, gradient))
    }
}

/// Errors of a hinge, of logits.
struct Hinge<'a>(&'a [f32]);

impl Errors for Hinge<'_> {
    fn planes(&self) -> [&[f32]; 2] {
        [self.0; 2]
    }
    #[inline(always)]
    fn rank([logit, _]: [f32; 2], on: bool) -> u32 {
        let margin = if on { -logit } else { logit };
        let rank = if margin > -1.0 { grid::ordered(margin) } else { 0 };
        if margin.is_nan() { NO_NUMBER } else { rank }
    }
    #[inline(always)]
    fn error(&self, rank: u32, _pixel: usize, _on: bool) -> f32 {
        1.0 + grid::number(rank)
    }
}

/// Errors of the probabilities of binary logits: by these they are ordered.
struct Margins<'a> {
    folded: &'a [f32],
    logits: &'a [f32],
}

impl Errors for Margins<'_> {
    fn planes(&self) -> [&[f32]; 2] {
        [self.folded, self.logits]
    }
    #[inline(always)]
    fn rank([folded, logit]: [f32; 2], on: bool) -> u32 {
        let rank = grid::ordered(if on { -logit } else { logit });
        if folded.is_nan() { NO_NUMBER } else { rank }
    }
    #[inline(always)]
    fn error(&self, _rank: u32, pixel: usize, on: bool) -> f32 {
        let [probability, complement] = unfold(self.folded.get(pixel).copied().unwrap_or(0.0));
        if on { complement } else { probability }
    }
}

/// Errors of probabilities.
struct Shares<'a>(&'a [f32]);

impl Errors for Shares<'_> {
    fn planes(&self) -> [&[f32]; 2] {
        [self.0; 2]
    }
    #[inline(always)]
    fn rank([folded, _]: [f32; 2], on: bool) -> u32 {
        let [probability, complement] = unfold(folded);
        let (error, rest) = if on { (complement, probability) } else { (probability, complement) };
        let rank = grid::code(error, rest);
        if folded.is_nan() { NO_NUMBER } else { rank }
    }
    #[inline(always)]
    fn error(&self, rank: u32, _pixel: usize, _on: bool) -> f32 {
        grid::value(rank)
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
/// Range [0, 1]. Passes of a multiclass frame: 1, and 1 and a sort per class; the gradient adds as many. Scratch:
/// [`LovaszSoftmax::scratch_len`]. The slopes of each class are rounded before they meet in a score's derivative; on frames
/// whose pixels are all wrong and all sure they can cancel there, and leave less than five digits.
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

    /// Scratch words for a frame: those of [`LovaszHinge`] and six planes, of a class's probabilities and slopes, of the
    /// two numbers that make a score a probability, and of what the classes so far add to the others' gradients.
    #[must_use]
    pub const fn scratch_len(pixels: usize) -> usize {
        LovaszHinge::scratch_len(pixels) + 6 * pixels
    }
}

impl Loss for LovaszSoftmax {
    fn scratch_len(&self, shape: Shape) -> usize {
        Self::scratch_len(shape.pixels())
    }

    fn check<const C: usize>(&self, frame: &Frame<'_, C>) -> Result<()> {
        hard(frame).map(|_| ())
    }

    fn run<X: Execute, const C: usize>(&self, mut call: Call<'_, X, C>) -> Result<Evaluation> {
        call.begin(self.check(&call.frame), Loss::scratch_len(self, call.frame.shape()))?;
        let Call { executor, frame, weight, scratch, mut gradient, .. } = call;
        let ids = hard(&frame)?;
        let (pixels, rows) = (ids.len(), frame.shape().height());
        let lengths = [DIGITS, 4 * pixels, pixels, pixels, pixels, pixels, pixels, pixels];
        let (parts, _) = split_scratch(scratch, lengths, Self::scratch_len(pixels))?;
        let [digits, entries, planes @ ..] = parts;
        let [folded, slope, best, rest, top, others] = planes.map(bytemuck::must_cast_slice_mut::<u32, f32>);
        let shares = self.shares(&frame, ids);
        let total: f64 = shares.iter().sum();
        if !Frame::<C>::BINARY {
            executor.execute(&Normalisers(frame), rows, &mut [&mut *best, &mut *rest]);
        }
        let softmax = Softmax { frame, best, rest };
        top.fill(0.0);
        others.fill(0.0);
        let mut sum = None;
        for (class, share) in shares.iter().enumerate().filter(|(_, share)| **share > 0.0) {
            let share = share / total;
            fold(&softmax, executor, class, folded);
            slope.fill(0.0);
            let put = |pixel: usize, step| {
                if let Some(slot) = slope.get_mut(pixel) {
                    *slot = step;
                }
            };
            let scratch = (&mut *entries, &mut *digits);
            let value = if Frame::<C>::BINARY && frame.activation() == Activation::Logits {
                extension(&frame, ids, class, &Margins { folded, logits: frame.scores() }, scratch, put)
            } else {
                extension(&frame, ids, class, &Shares(folded), scratch, put)
            };
            let Some(value) = value else { continue };
            *sum.get_or_insert(0.0) += share * value;
            let Some(gradient) = gradient.as_deref_mut() else { continue };
            if Frame::<C>::BINARY {
                walk_gradient(
                    Chain,
                    executor,
                    &frame.with_map(slope)?,
                    ([share as f32; C], weight),
                    gradient,
                );
                continue;
            }
            let plane = match frame.layout() {
                Layout::Planar => gradient.chunks_mut(pixels.max(1)).nth(class).unwrap_or_default(),
                Layout::Interleaved => gradient,
            };
            let job = Own { frame, class, folded, slope, factor: share as f32 * weight };
            executor.execute(&job, rows, &mut [plane, &mut *top, &mut *others]);
        }
        if let Some(gradient) =
            gradient.filter(|_| !Frame::<C>::BINARY && frame.activation() == Activation::Logits)
        {
            let mut planes = gradient.chunks_mut(frame.plane_len().max(1));
            let mut out: [&mut [f32]; C] = core::array::from_fn(|_| planes.next().unwrap_or_default());
            executor.execute(&Others { softmax, top, others }, rows, &mut out);
        }
        Ok(sum.map_or(Evaluation::UNDEFINED, Evaluation::new))
    }

    fn accumulate_sketch(
        &self,
        sketch: &Sketch,
        table: &SigmoidTable,
        weight: f32,
        gradient: Option<&mut GradientTable>,
    ) -> Result<Evaluation> {
        let chain = |index: u8| match table.activation() {
            Activation::Logits => at(&table.probability, index) * at(&table.complement, index) * weight,
            Activation::Probabilities => weight,
        };
        if self.classes == LovaszClasses::Present && sketch.labelled(1) == 0 {
            return Ok(Evaluation::UNDEFINED);
        }
        let errors = (|index| at(&table.complement, index), |index| at(&table.probability, index));
        Ok(of_sketch(sketch, table, errors, chain, gradient))
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
            Some(weights) if !Frame::<C>::BINARY => f64::from(weights.get(class).copied().unwrap_or(0.0)),
            _ => 1.0,
        };
        let first = usize::from(Frame::<C>::BINARY);
        core::array::from_fn(|class| {
            let wanted = present.get(class) == Some(&true) || (scored && self.classes == LovaszClasses::All);
            if wanted && (first..frame.classes()).contains(&class) { weight(class) } else { 0.0 }
        })
    }
}

/// Writes the folded plane of a class's probability: the foreground's if binary.
fn fold<X: Execute, const C: usize>(
    softmax: &Softmax<'_, C>,
    executor: &X,
    class: usize,
    folded: &mut [f32],
) {
    let (frame, rows) = (softmax.frame, softmax.frame.shape().height());
    if Frame::<C>::BINARY {
        executor.execute(&PlanePass { frame, what: Plane::Folded(class) }, rows, &mut [folded]);
    } else {
        executor.execute(&Probability { softmax: *softmax, class }, rows, &mut [folded]);
    }
}

const NEEDS_LOGITS: Error = Error::Unsupported("the Lovász hinge needs binary logits");

fn binary_logits<'a, const C: usize>(frame: &Frame<'a, C>) -> Result<Frame<'a>> {
    let binary = frame.as_binary().filter(|frame| frame.activation() == Activation::Logits);
    binary.ok_or(NEEDS_LOGITS)
}

fn hard<'a, const C: usize>(frame: &Frame<'a, C>) -> Result<&'a [u8]> {
    match frame.target() {
        Target::Ids(ids) if ids.len() < MOST_PIXELS => Ok(ids),
        Target::Ids(_) => Err(Error::Unsupported("Lovász losses need frames of fewer than 2^31 pixels")),
        Target::Shares(_) => Err(Error::Unsupported("Lovász losses need hard labels")),
    }
}

/// What a table holds of a code.
fn at(values: &[f32; CODES], index: u8) -> f32 {
    values.get(usize::from(index)).copied().unwrap_or(0.0)
}

/// The Lovász extension of a sketch: foreground errors fall with the code, background errors rise. An error is asked for
/// where it is needed: a table of them would be half of a small device's stack.
fn of_sketch(
    sketch: &Sketch,
    table: &SigmoidTable,
    (on, off): (impl Fn(u8) -> f32, impl Fn(u8) -> f32),
    chain: impl Fn(u8) -> f32,
    mut gradient: Option<&mut GradientTable>,
) -> Evaluation {
    let (background, foreground) = (sketch.labelled(0), sketch.labelled(1));
    let (Ok(foreground), false) = (u32::try_from(foreground), background + foreground == 0) else {
        return Evaluation::UNDEFINED;
    };
    let mut jaccard = Jaccard::new(foreground);
    let mut sum = ExactSum::default();
    sketch.worst_first(
        |index| table.badness(1, index),
        |index| table.badness(0, index),
        |label, index, _, count| {
            let error = if label == 1 { on(index) } else { off(index) };
            if error <= 0.0 {
                return false;
            }
            let step = jaccard.step(label == 1, count);
            sum.add(error * step);
            let row = gradient.as_deref_mut().and_then(|g| g.rows.get_mut(usize::from(label)));
            if let Some(slot) = row.and_then(|row| row.get_mut(usize::from(index))) {
                let each = step / count as f32;
                *slot += if label == 1 { -each } else { each } * chain(index);
            }
            true
        },
    );
    Evaluation::new(sum.value())
}
