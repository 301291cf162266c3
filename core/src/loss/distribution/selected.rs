//! Cross-entropy of the worst pixels only.

use super::{CrossEntropy, Normalise, divisor};
use crate::error::{Error, Result};
use crate::loss::plane_pass::{Plane, PlanePass};
use crate::loss::sum::{Sums, Tally};
use crate::loss::{Evaluation, Execute, Loss, Pixel, SumLoss, check_gradient, split_scratch};
use crate::num::ExactSum;
use crate::simd::Simd;
use crate::sketch::{CODES, GradientTable, SigmoidTable, Sketch};
use crate::view::{Frame, Shape};

/// Mean cross-entropy of the `fraction` of pixels with the largest one, at least one pixel.
///
/// `k = ceil(fraction * n)` with `n` the pixels that have a label and a weight. Pixels of equal cost are taken in
/// row order; a sketch takes the same share of each. Divided by the weights of the pixels taken and their classes.
/// Range `[0, inf)`. Scratch: [`TopK::scratch_len`]. Passes: 3 with gradient, 2 without, and the selection. Exact for
/// `f32` too: the k-th cost is found by its bits. Source: Wu et al. 2016.
///
/// ```
/// use segmeter_core::{loss::{Loss, TopK}, view::{Frame, IGNORE, Labels, Shape}};
/// let shape = Shape::new(1, 3)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], Labels::new(shape, &[1, 0, 1], IGNORE)?)?;
/// let mut scratch = [0; TopK::scratch_len(3)];
/// assert_eq!(TopK::new(0.5)?.value(&frame, &mut scratch)?.value, 1.6809245);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TopK {
    fraction: f32,
}

impl TopK {
    /// `fraction` in (0, 1].
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub const fn new(fraction: f32) -> Result<Self> {
        if fraction > 0.0 && fraction <= 1.0 {
            Ok(Self { fraction })
        } else {
            Err(Error::Parameter("fraction"))
        }
    }
    /// Scratch words for a frame: costs, marks, and the counts of a digit.
    #[must_use]
    pub const fn scratch_len(pixels: usize) -> usize {
        2 * pixels + BUCKETS
    }
}

impl Selection for TopK {
    fn cut(&self, count: usize) -> Cut {
        let share = libm::ceil(f64::from(self.fraction) * count as f64) as usize;
        Cut { rank: share.clamp_to(count), least: f32::INFINITY, keeps_last: true }
    }
}

/// Online hard example mining: mean cross-entropy of the pixels whose label has a probability below
/// `max(threshold, q)`, where `min_kept` of these probabilities are below `q`, the next one (the largest if there are
/// no more).
///
/// The comparison is strict, so ties at the bound are dropped; if no pixel is left, value and gradient are 0.
/// Range `[0, inf)`. Scratch, passes and divisor as [`TopK`]. Source: Shrivastava et al. 2016, the form of
/// mmsegmentation.
///
/// ```
/// use segmeter_core::{loss::{Loss, Ohem}, view::{Frame, IGNORE, Labels, Shape}};
/// let shape = Shape::new(1, 3)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], Labels::new(shape, &[1, 0, 1], IGNORE)?)?;
/// let mut scratch = [0; Ohem::scratch_len(3)];
/// assert_eq!(Ohem::new(0.7, 1)?.value(&frame, &mut scratch)?.value, 3.0485873);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ohem {
    threshold: f32,
    min_kept: u32,
}

impl Ohem {
    /// `threshold` in (0, 1]; a `min_kept` of 0 leaves the threshold alone.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub const fn new(threshold: f32, min_kept: u32) -> Result<Self> {
        if !(threshold > 0.0 && threshold <= 1.0) {
            return Err(Error::Parameter("threshold"));
        }
        Ok(Self { threshold, min_kept })
    }
    /// Scratch words for a frame, as for [`TopK`].
    #[must_use]
    pub const fn scratch_len(pixels: usize) -> usize {
        TopK::scratch_len(pixels)
    }
}

impl Selection for Ohem {
    fn cut(&self, count: usize) -> Cut {
        let least = -libm::log(f64::from(self.threshold)) as f32;
        Cut { rank: (self.min_kept as usize).saturating_add(1).clamp_to(count), least, keeps_last: false }
    }
}

/// Which costs are kept: those above the smaller of `least` and the `rank`-th largest, and as many of the cost at
/// the bound as it takes to have `rank` if `keeps_last`.
struct Cut {
    rank: usize,
    least: f32,
    keeps_last: bool,
}

trait Selection: Sync {
    fn cut(&self, count: usize) -> Cut;
}

trait ClampTo {
    fn clamp_to(self, count: usize) -> Self;
}

impl ClampTo for usize {
    /// From 1 to `count`.
    fn clamp_to(self, count: usize) -> Self {
        self.min(count).max(1)
    }
}

macro_rules! selection_loss {
    ($loss:ty) => {
        impl Loss for $loss {
            fn scratch_len(&self, shape: Shape) -> usize {
                Self::scratch_len(shape.pixels())
            }
            fn accumulate<X: Execute, const C: usize>(
                &self,
                executor: &X,
                frame: &Frame<'_, C>,
                weight: f32,
                scratch: &mut [u32],
                gradient: Option<&mut [f32]>,
            ) -> Result<Evaluation> {
                of_frame(self, executor, frame, weight, scratch, gradient)
            }
            fn accumulate_sketch(
                &self,
                sketch: &Sketch,
                table: &SigmoidTable,
                weight: f32,
                gradient: Option<&mut GradientTable>,
            ) -> Result<Evaluation> {
                Ok(of_sketch(self, sketch, table, weight, gradient))
            }
        }
    };
}

selection_loss!(TopK);
selection_loss!(Ohem);

fn of_frame<L: Selection, X: Execute, const C: usize>(
    loss: &L,
    executor: &X,
    frame: &Frame<'_, C>,
    weight: f32,
    scratch: &mut [u32],
    gradient: Option<&mut [f32]>,
) -> Result<Evaluation> {
    check_gradient(frame, gradient.as_deref())?;
    let pixels = frame.shape().pixels();
    let ([costs, marks, counts], _) =
        split_scratch(scratch, [pixels, pixels, BUCKETS], TopK::scratch_len(pixels))?;
    let plane = bytemuck::must_cast_slice_mut::<u32, f32>(costs);
    executor.execute(&PlanePass { frame: *frame, what: Plane::Cost }, frame.shape().height(), &mut [plane]);
    let mut count = 0;
    for (pixel, cost) in costs.iter_mut().enumerate() {
        // A cost as a whole number in the same order, one up; 0 for a pixel that is not scored. NaN comes highest.
        *cost = if frame.weight(pixel) > 0.0 { (*cost & 0x7fff_ffff) + 1 } else { 0 };
        count += usize::from(*cost != 0);
    }
    if count == 0 {
        return Ok(Evaluation::UNDEFINED);
    }
    let cut = loss.cut(count);
    let (bound, above) = ranked(costs, cut.rank, counts);
    let least = cut.least.to_bits().saturating_add(1);
    // How many of the cost at the bound belong to the first `rank`.
    let mut at_bound = if cut.keeps_last { cut.rank - above } else { 0 };
    for (cost, mark) in costs.iter().zip(marks.iter_mut()) {
        let mut keeps = *cost > bound.min(least) && *cost != 0;
        if *cost == bound && at_bound > 0 {
            (keeps, at_bound) = (true, at_bound - 1);
        }
        *mark = if keeps { 1.0f32 } else { 0.0 }.to_bits();
    }
    let frame = frame.with_map(bytemuck::must_cast_slice(marks))?;
    let mut sums = Sums::<Marked, C>::new();
    sums.push(&Marked, executor, &frame);
    let fit = sums.fit(&Marked, frame.class_weights());
    if let Some(gradient) = gradient {
        fit.add_gradient(&Marked, executor, &frame, weight, gradient)?;
    }
    Ok(fit.evaluation)
}

/// Cross-entropy of the pixels whose map is 1.
#[derive(Clone, Copy, Debug)]
struct Marked;

impl SumLoss for Marked {
    type Terms<T: Copy + Send> = [T; 2];
    type Slope = f32;
    const POINTWISE: bool = true;
    const EARLY: bool = false;

    fn fill<T: Copy + Send>(value: T) -> [T; 2] {
        [value; 2]
    }
    #[inline(always)]
    fn terms<S: Simd>(&self, _: S, pixel: &Pixel<S::V>) -> [S::V; 2] {
        let mass = pixel.mass.foreground * pixel.map;
        [mass * pixel.log, mass]
    }
    fn fit(&self, tally: &Tally<'_, [f64; 2]>, slopes: &mut [f32]) -> Option<f64> {
        let (mut cost, mut mass) = (0.0, 0.0);
        for (class, [sum, kept]) in tally.sums.iter().enumerate() {
            cost += tally.class_weight(class) * sum;
            mass += tally.class_weight(class) * kept;
        }
        if mass <= 0.0 {
            return divisor(tally, Normalise::Weights).map(|_| 0.0);
        }
        for (class, slope) in slopes.iter_mut().enumerate() {
            *slope = (tally.class_weight(class) / mass) as f32;
        }
        Some(cost / mass)
    }
    #[inline(always)]
    fn slope<S: Simd>(&self, s: S, slope: &f32, pixel: &Pixel<S::V>) -> S::V {
        CrossEntropy::MEAN.pull(s, pixel) * pixel.map * s.splat(*slope)
    }
}

const DIGIT_BITS: u32 = 11;
const BUCKETS: usize = 1 << DIGIT_BITS;

/// The `rank`-th largest number, and how many are larger. Three passes, a digit each.
fn ranked(numbers: &[u32], rank: usize, counts: &mut [u32]) -> (u32, usize) {
    let (mut known, mut above) = (0u32, 0usize);
    for shift in [22, 11, 0] {
        counts.fill(0);
        for number in numbers {
            // Only those that share the digits found so far.
            if u64::from(*number) >> (shift + DIGIT_BITS) == u64::from(known) >> (shift + DIGIT_BITS)
                && let Some(count) = counts.get_mut((number >> shift) as usize & (BUCKETS - 1))
            {
                *count += 1;
            }
        }
        for (digit, count) in counts.iter().enumerate().rev() {
            if above + *count as usize >= rank {
                known |= (digit as u32) << shift;
                break;
            }
            above += *count as usize;
        }
    }
    (known, above)
}

fn of_sketch<L: Selection>(
    loss: &L,
    sketch: &Sketch,
    table: &SigmoidTable,
    weight: f32,
    gradient: Option<&mut GradientTable>,
) -> Evaluation {
    let total = sketch.labelled(0) + sketch.labelled(1);
    if total == 0 {
        return Evaluation::UNDEFINED;
    }
    let cut = loss.cut(total as usize);
    let bound = last_in(sketch, table, cut.rank);
    // Visits what is taken of each code, from the largest cost down.
    let taken = |visit: &mut dyn FnMut(u8, u8, f32, u32, u32)| {
        let mut left = cut.rank;
        worst_first(sketch, table, |label, index, cost, count| {
            let taken = if cost > bound.min(cut.least) {
                count
            } else if cost >= bound && cut.keeps_last {
                count.min(left as u32)
            } else {
                return false;
            };
            left = left.saturating_sub(taken as usize);
            visit(label, index, cost, count, taken);
            true
        });
    };
    let (mut sum, mut kept) = (ExactSum::default(), 0_u64);
    taken(&mut |_, _, cost, _, taken| {
        sum.add(cost * taken as f32);
        kept += u64::from(taken);
    });
    if kept == 0 {
        return Evaluation::defined(0.0);
    }
    if let Some(out) = gradient {
        let each = weight * (1.0 / kept as f64) as f32;
        taken(&mut |label, index, _, count, taken| {
            let (errors, sign) =
                if label == 0 { (&table.probability, 1.0) } else { (&table.complement, -1.0) };
            let share = (f64::from(taken) / f64::from(count)) as f32;
            let slot = out.rows.get_mut(usize::from(label)).and_then(|row| row.get_mut(usize::from(index)));
            if let (Some(slot), Some(error)) = (slot, errors.get(usize::from(index))) {
                *slot += sign * error * share * each;
            }
        });
    }
    Evaluation::defined(sum.value() / kept as f64)
}

/// The cost at the `rank`-th place.
fn last_in(sketch: &Sketch, table: &SigmoidTable, rank: usize) -> f32 {
    let (mut seen, mut bound) = (0, 0.0);
    worst_first(sketch, table, |_, _, cost, count| {
        seen += count as usize;
        bound = cost;
        seen < rank
    });
    bound
}

/// Visits the codes that occur by falling cost, until `visit` says false: (label, index, cost, count).
fn worst_first(sketch: &Sketch, table: &SigmoidTable, visit: impl FnMut(u8, u8, f32, u32) -> bool) {
    let cost = |sign: f32, index: u8| {
        let at = |values: &[f32; CODES]| values.get(usize::from(index)).copied().unwrap_or(0.0);
        (sign * at(&table.logit)).max(0.0) + at(&table.tail)
    };
    sketch.worst_first(|index| cost(-1.0, index), |index| cost(1.0, index), visit);
}
