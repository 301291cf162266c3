//! Cross-entropy of the worst pixels only.

use super::FAMILY;
use super::{CrossEntropy, Normalise, divisor};
use crate::error::{Error, Result};
use crate::loss::entry::{Entry, FRACTION, Listed, Parameter};
use crate::loss::sum::{Sums, Tally};
use crate::loss::walk::{Plane, PlanePass};
use crate::loss::{Call, Evaluation, Execute, Kernel, Loss, Pixel, Reads, SumLoss, grid, split_scratch};
use crate::num::ln1p;
use crate::simd::{Scalar, Simd};
use crate::sketch::{GradientTable, SigmoidTable, Sketch};
use crate::view::{Activation, Frame, Shape, Target};

mod sketch;

use sketch::of_sketch;

/// Mean cross-entropy of the `fraction` of pixels with the largest one, at least one pixel.
///
/// `k` is the smallest with `k / n >= fraction`, both as `f32`, where `n` pixels have a label and a weight: a tenth of 100
/// is 10. Pixels of equal cost are taken in row order; a sketch takes the same share of each. Binary logits and
/// probabilities are ordered as they are, by whole numbers; multiclass logits and soft labels by their cost. Divided by
/// the weights of the pixels taken and their classes; undefined where these are 0. Range `[0, inf)`. Scratch:
/// [`TopK::scratch_len`]. Passes: 3 with gradient, 2 without, and the selection. Source: Wu et al. 2016.
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
        let is_enough = |rank: usize| (rank as f64 / count as f64) as f32 >= self.fraction;
        let (mut rank, mut enough) = (1, count.max(1));
        // Halves what lies between until nothing does.
        while rank < enough {
            let middle = rank + (enough - rank) / 2;
            if is_enough(middle) {
                enough = middle;
            } else {
                rank = middle + 1;
            }
        }
        Cut { rank, threshold: None, keeps_last: true }
    }
}

/// Online hard example mining: mean cross-entropy of the pixels whose label has a probability below
/// `max(threshold, q)`, where `min_kept` of these probabilities are below `q`, the next one (the largest if there are
/// no more).
///
/// The comparison is strict, so ties at the bound are dropped; if no pixel is left, value and gradient are 0. Below a
/// threshold of 1 is every pixel with logits. Range `[0, inf)`. Scratch, passes and divisor as [`TopK`]. Source: Shrivastava
/// et al. 2016, the form of mmsegmentation.
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
        let rank = (self.min_kept as usize).saturating_add(1).min(count).max(1);
        Cut { rank, threshold: Some(self.threshold), keeps_last: false }
    }
}

/// Which pixels are kept: those that are worse than the `rank`-th, those whose label has a probability below the
/// threshold, and as many of the ones that are as bad as the `rank`-th as it takes to have `rank` if `keeps_last`.
struct Cut {
    rank: usize,
    threshold: Option<f32>,
    keeps_last: bool,
}

impl Cut {
    /// The odds against a label at the threshold.
    fn odds(&self) -> Option<f64> {
        self.threshold.map(f64::from).map(|threshold| (1.0 - threshold) / threshold)
    }

    /// The margin against its label above which a pixel is below the threshold.
    fn margin(&self) -> f32 {
        self.odds().map_or(f32::INFINITY, |odds| libm::log(odds) as f32)
    }

    /// The cost above which it is. As the pass has it, so that equal logits of four classes are not below a quarter.
    fn cost(&self) -> f32 {
        self.odds().map_or(f32::INFINITY, |odds| if odds > 0.0 { ln1p(Scalar, odds as f32) } else { -1.0 })
    }
}

trait Selection: Sync {
    fn cut(&self, count: usize) -> Cut;
}

/// What pixels are ordered by.
#[derive(Clone, Copy)]
enum Measure {
    /// A binary logit, with the sign that makes it the larger the worse.
    Margin,
    /// The probability of the label, given as such.
    Share,
    /// `-ln p`.
    Cost,
}

impl Measure {
    fn of<const C: usize>(frame: &Frame<'_, C>) -> Self {
        match (frame.target(), frame.activation()) {
            (Target::Ids(_), Activation::Probabilities) => Self::Share,
            (Target::Ids(_), Activation::Logits) if Frame::<C>::BINARY => Self::Margin,
            _ => Self::Cost,
        }
    }
}

/// What a pixel says of its hard label: the logit against it, or the probability of the label and of the rest.
fn own<const C: usize>(frame: &Frame<'_, C>, pixel: usize) -> (f32, [f32; 2]) {
    let id = usize::from(frame.id(pixel));
    let place = if Frame::<C>::BINARY { pixel } else { frame.place(pixel, id) };
    let score = frame.scores().get(place).copied().unwrap_or(0.0);
    if Frame::<C>::BINARY && id == 0 { (score, [1.0 - score, score]) } else { (-score, [score, 1.0 - score]) }
}

/// A whole number that is the larger the worse a pixel is, never 0. NaN comes highest.
fn badness<const C: usize>(frame: &Frame<'_, C>, measure: Measure, pixel: usize, cost: f32) -> u32 {
    let (margin, [share, rest]) = own(frame, pixel);
    let number = match measure {
        Measure::Margin => margin,
        Measure::Share if rest.is_nan() => rest,
        Measure::Share => return grid::code(rest, share) + 1,
        Measure::Cost => cost,
    };
    if number.is_nan() { u32::MAX } else { grid::ordered(number) }
}

macro_rules! selection_loss {
    ($loss:ty) => {
        impl Loss for $loss {
            fn scratch_len(&self, shape: Shape) -> usize {
                Self::scratch_len(shape.pixels())
            }
            fn run<X: Execute, const C: usize>(&self, call: Call<'_, X, C>) -> Result<Evaluation> {
                of_frame(self, call)
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
    mut call: Call<'_, X, C>,
) -> Result<Evaluation> {
    let pixels = call.frame.shape().pixels();
    call.begin(Ok(()), TopK::scratch_len(pixels))?;
    let Call { executor, frame, weight, scratch, gradient, .. } = call;
    let ([costs, marks, counts], _) =
        split_scratch(scratch, [pixels, pixels, BUCKETS], TopK::scratch_len(pixels))?;
    let measure = Measure::of(&frame);
    if let Measure::Cost = measure {
        let plane = bytemuck::must_cast_slice_mut::<u32, f32>(costs);
        let job = PlanePass { frame, what: Plane::Cost };
        executor.execute(&job, frame.shape().height(), &mut [plane]);
    }
    let mut count = 0;
    for (pixel, cost) in costs.iter_mut().enumerate() {
        let is_scored = frame.weight(pixel) > 0.0;
        // 0 for a pixel that is not scored.
        *cost = if is_scored { badness(&frame, measure, pixel, f32::from_bits(*cost)) } else { 0 };
        count += usize::from(is_scored);
    }
    if count == 0 {
        return Ok(Evaluation::UNDEFINED);
    }
    let cut = loss.cut(count);
    let (bound, above) = ranked(costs, cut.rank, counts);
    let least = grid::ordered(if let Measure::Margin = measure { cut.margin() } else { cut.cost() });
    let is_below = |pixel: usize, cost: u32| match measure {
        Measure::Share => cut.threshold.is_some_and(|threshold| own(&frame, pixel).1[0] < threshold),
        _ => cost > least,
    };
    // How many of those at the bound belong to the first `rank`.
    let mut at_bound = if cut.keeps_last { cut.rank - above } else { 0 };
    for (pixel, (cost, mark)) in costs.iter().zip(marks.iter_mut()).enumerate() {
        let mut keeps = *cost != 0 && (*cost > bound || is_below(pixel, *cost));
        if *cost == bound && at_bound > 0 {
            (keeps, at_bound) = (true, at_bound - 1);
        }
        *mark = if keeps { 1.0f32 } else { 0.0 }.to_bits();
    }
    let frame = frame.with_map(bytemuck::must_cast_slice(marks))?;
    let mut sums = Sums::<_, C>::of(&Marked);
    sums.push(executor, &frame);
    let fit = sums.fit(&Marked, frame.class_weights())?;
    if let Some(gradient) = gradient {
        fit.add_gradient(executor, &frame, weight, gradient)?;
    }
    Ok(fit.evaluation)
}

/// Cross-entropy of the pixels whose map is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Marked;

impl Kernel for Marked {
    type Terms<T: Copy + Send> = [T; 2];
    type Slope = f32;
    const READS: Reads = Reads::Label;
    #[inline(always)]
    fn terms<S: Simd>(&self, _: S, pixel: &Pixel<S::V>) -> [S::V; 2] {
        let mass = pixel.mass.foreground * pixel.map;
        [mass * pixel.log, mass]
    }
    #[inline(always)]
    fn slope<S: Simd>(&self, s: S, slope: &f32, pixel: &Pixel<S::V>) -> S::V {
        CrossEntropy::MEAN.pull(s, pixel) * pixel.map * s.splat(*slope)
    }
}

impl SumLoss for Marked {
    type Kernel = Self;

    fn kernel(&self) -> Self {
        *self
    }
    fn fit(&self, tally: &Tally<'_, [f64; 2]>, slopes: &mut [f32]) -> Option<f64> {
        let (mut cost, mut mass, mut any) = (0.0, 0.0, 0.0);
        for (class, [sum, kept]) in tally.sums.iter().enumerate() {
            cost += tally.class_weight(class) * sum;
            mass += tally.class_weight(class) * kept;
            any += kept;
        }
        if mass <= 0.0 {
            // Nothing is kept, or nothing that has a weight.
            return if any > 0.0 { None } else { divisor(tally, Normalise::Weights).map(|_| 0.0) };
        }
        for (class, slope) in slopes.iter_mut().enumerate() {
            *slope = tally.bounded(tally.class_weight(class) / mass);
        }
        Some(cost / mass)
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

pub(in crate::loss) const TOP_K: Listed<TopK> = Listed {
    entry: Entry {
        name: "top_k",
        synonyms: &["topk"],
        passes: "2 + 1, a selection by 3 digits; binary 1 + 1",
        scratch: "u32[2*pixels+2048]",
        parameters: &[FRACTION],
        definition: "mean cross-entropy of the k worst of n pixels; k the smallest with k/n >= fraction",
        reference: "Wu et al. 2016",
        ..FAMILY
    },
    make: |values| TopK::new(values.float("fraction")?),
};

pub(in crate::loss) const OHEM: Listed<Ohem> = Listed {
    entry: Entry {
        name: "ohem",
        passes: "2 + 1, a selection by 3 digits; binary 1 + 1",
        scratch: "u32[2*pixels+2048]",
        parameters: &[
            Parameter::number("threshold", 0.7, "(0,1]", "probability below which a pixel counts"),
            Parameter::number(
                "min_kept",
                16.0,
                "[0,2^32)",
                "the bound is at least the p after so many smallest ones",
            ),
        ],
        definition: "mean cross-entropy of the pixels whose label has p < max(threshold, the (min_kept+1)-th smallest p)",
        reference: "Shrivastava et al. 2016",
        ..FAMILY
    },
    make: |values| Ohem::new(values.float("threshold")?, values.whole("min_kept")?),
};
