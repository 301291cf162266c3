//! What the codes of a frame say wherever they are.

use core::ops::Range;

use super::Statistic;
use crate::num::Q16;
use crate::sketch::{CODES, Count, SigmoidTable, Sketch, indices};

/// A pixel whose margin `|2p - 1|` is below this (a half) is a low-confidence one: `p` between 1/4 and 3/4.
const LOW_MARGIN: Q16 = Q16::from_raw(1 << 15);

/// Statistics over all pixels of a frame, those without a label included.
///
/// Integer sums over the 256 codes; no pass over pixels. They react to blur, night and roads never seen, all at once;
/// a wrong zero point of the quantiser or a recalibration looks the same. Under a shift a model may also be confident
/// and wrong, which none of them sees.
///
/// ```
/// use segmeter_core::{drift::Statistics, sketch::{SigmoidTable, Sketch}, view::{Encoding, Quantiser}};
/// let quantiser = Quantiser::logits(Encoding::Signed, 0.1, 0)?;
/// let mut sketch = Sketch::<u32>::new(&quantiser);
/// sketch.push_unlabelled(&[-40i8, 0, 5, 60]);
/// let statistics = Statistics::new(&sketch, &SigmoidTable::new(&quantiser)).unwrap();
/// assert_eq!(statistics.road_fraction.to_f32(), 0.5);
/// assert_eq!(statistics.low_confidence_fraction.to_f32(), 0.5);
/// assert_eq!(statistics.mean_max_softmax.to_f32(), 0.775_497_44);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Statistics {
    /// Share of pixels predicted foreground, in [0, 1].
    pub road_fraction: Q16,
    /// Mean entropy of the prediction in nats, in [0, ln 2].
    pub mean_entropy: Q16,
    /// Mean of `|2p - 1|`, in [0, 1].
    pub mean_margin: Q16,
    /// Mean of `max(p, 1 - p)`, in [1/2, 1]: what the model believes its accuracy to be (Hendrycks and Gimpel 2017).
    pub mean_max_softmax: Q16,
    /// Share of pixels with `|2p - 1| < 1/2`, in [0, 1].
    pub low_confidence_fraction: Q16,
    /// Mean of `|2p - 1|` over the predicted foreground, in [0, 1]; `None` without any. A model that loses the road is
    /// unsure of what it still sees of it, while the rest of the frame keeps the mean over all pixels high.
    pub road_margin: Option<Q16>,
}

impl Statistics {
    /// Reads a sketch; `None` if it is empty (or has 2^47 pixels and more).
    #[must_use]
    pub fn new<N: Count>(sketch: &Sketch<N>, table: &SigmoidTable) -> Option<Self> {
        Self::of(table, |index| sketch.pixels_at(index))
    }

    /// Reads the pixels of `label` (0 or 1), as [`BoundaryBand`](super::BoundaryBand) sets it; `None` if there is none.
    #[must_use]
    pub fn of_label<N: Count>(sketch: &Sketch<N>, table: &SigmoidTable, label: u8) -> Option<Self> {
        Self::of(table, |index| sketch.count(label, index))
    }

    fn of(table: &SigmoidTable, count: impl Fn(u8) -> u64) -> Option<Self> {
        // Background and road apart: with sums of its own for each, a loop has more of them than a small core has registers.
        let first = usize::from(table.threshold()) + 1;
        let [ground, road] = [0..first, first..CODES].map(|codes| Sums::of(table, codes, &count));
        let (pixels, margins) = (ground.pixels + road.pixels, ground.margins.wrapping_add(road.margins));
        let entropies = ground.entropies.wrapping_add(road.entropies);
        let mean = |sum: u64| Q16::divide(i128::from(sum), pixels);
        // With fewer pixels than this no sum above can have wrapped.
        (pixels != 0 && pixels < 1 << 47).then(|| Self {
            road_fraction: share(road.pixels, pixels),
            mean_entropy: mean(entropies),
            mean_margin: mean(margins),
            // max(p, 1 - p) is (1 + |2p - 1|) / 2.
            mean_max_softmax: Q16::divide((i128::from(pixels) << 16) + i128::from(margins), 2 * pixels),
            low_confidence_fraction: share(ground.low + road.low, pixels),
            road_margin: (road.pixels != 0).then(|| Q16::divide(i128::from(road.margins), road.pixels)),
        })
    }

    /// By how much the mean confidence has fallen from that of in-control frames, in [-1/2, 1/2]: an estimate of the
    /// accuracy that is lost (Guillory et al. 2021), if the model knows when it is wrong.
    #[must_use]
    pub const fn difference_of_confidence(&self, reference: &Self) -> Q16 {
        reference.mean_max_softmax.minus(self.mean_max_softmax)
    }

    /// A statistic that is here; `None` for any other.
    #[must_use]
    pub const fn value(&self, statistic: Statistic) -> Option<Q16> {
        Some(match statistic {
            Statistic::RoadFraction => self.road_fraction,
            Statistic::MeanEntropy => self.mean_entropy,
            Statistic::MeanMaxSoftmax => self.mean_max_softmax,
            Statistic::MeanMargin => self.mean_margin,
            Statistic::LowConfidenceFraction => self.low_confidence_fraction,
            Statistic::RoadMargin => return self.road_margin,
            _ => return None,
        })
    }
}

/// What is summed over the pixels of some codes.
#[derive(Clone, Copy, Default)]
struct Sums {
    pixels: u64,
    entropies: u64,
    margins: u64,
    /// Pixels of low confidence.
    low: u64,
}

/// The values of some codes.
fn part<'a>(values: &'a [f32; CODES], codes: &Range<usize>) -> &'a [f32] {
    values.get(codes.clone()).unwrap_or_default()
}

impl Sums {
    fn of(table: &SigmoidTable, codes: Range<usize>, count: impl Fn(u8) -> u64) -> Self {
        let mut sums = Self::default();
        let probabilities = part(&table.probability, &codes).iter().zip(part(&table.complement, &codes));
        let tables = part(&table.logit, &codes).iter().zip(probabilities.zip(part(&table.tail, &codes)));
        for (index, (logit, ((p, q), tail))) in codes.zip(tables) {
            let count = count(index as u8);
            if count == 0 {
                continue;
            }
            let (distance, smaller) = if p < q { (-logit, p) } else { (*logit, q) };
            let (entropy, margin) = (steps(tail + distance * smaller), margin(*p, *q));
            sums.pixels += count;
            sums.entropies = sums.entropies.wrapping_add(count.wrapping_mul(entropy.into()));
            sums.margins = sums.margins.wrapping_add(count.wrapping_mul(margin.raw() as u64));
            sums.low += if margin < LOW_MARGIN { count } else { 0 };
        }
        sums
    }
}

/// Mean of `-ln(1 + e^z)`, the free energy of the logits 0 and `z` (Liu et al. 2020), at most 0; a pixel counts down to
/// -32,767. `None` for an empty sketch.
///
/// It saturates later than a probability, and falls with the road fraction too: read it beside that. No pass over
/// pixels.
///
/// ```
/// use segmeter_core::{drift::mean_energy, sketch::{SigmoidTable, Sketch}, view::{Encoding, Quantiser}};
/// let quantiser = Quantiser::logits(Encoding::Signed, 0.1, 0)?;
/// let mut sketch = Sketch::<u32>::new(&quantiser);
/// sketch.push_unlabelled(&[-40i8, 0, 5, 60]);
/// let energy = mean_energy(&sketch, &SigmoidTable::new(&quantiser)).unwrap();
/// assert_eq!(energy.to_f32(), -1.921_966_6);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[must_use]
pub fn mean_energy<N: Count>(sketch: &Sketch<N>, table: &SigmoidTable) -> Option<Q16> {
    // Whole nats, and steps: neither sum wraps with fewer than 2^47 pixels.
    let (mut whole, mut rest) = (0u64, 0u64);
    for ((index, logit), tail) in indices().zip(&table.logit).zip(&table.tail) {
        let count = sketch.pixels_at(index);
        // A logit that is not above zero adds nothing to `ln(1 + e^-|z|)`.
        let energy = steps((if *logit > 0.0 { *logit } else { 0.0 } + tail).min(32_767.0));
        whole = whole.wrapping_add(count.wrapping_mul((energy >> 16).into()));
        rest = rest.wrapping_add(count.wrapping_mul((energy & 0xffff).into()));
    }
    let pixels = sketch.pixels();
    let sum = (i128::from(whole) << 16) + i128::from(rest);
    (pixels != 0 && pixels < 1 << 47).then(|| Q16::divide(-sum, pixels))
}

/// Share of pixels whose margin `|2p - 1|` is below `margin`, in [0, 1]; `None` for an empty sketch.
///
/// Grows with the width of the uncertain band along a boundary, and so with the resolution. No pass over pixels.
///
/// ```
/// use segmeter_core::{drift::low_confidence_fraction, num::Q16};
/// use segmeter_core::{sketch::{SigmoidTable, Sketch}, view::Quantiser};
/// let quantiser = Quantiser::probabilities();
/// let mut sketch = Sketch::<u32>::new(&quantiser);
/// sketch.push_unlabelled(&[0u8, 102, 204, 255]);
/// let table = SigmoidTable::new(&quantiser);
/// let below = |margin| low_confidence_fraction(&sketch, &table, Q16::from_f32(margin)).unwrap().to_f32();
/// assert_eq!([0.1, 0.3, 0.7, 1.0].map(below), [0.0, 0.25, 0.5, 0.5]);
/// ```
#[must_use]
pub fn low_confidence_fraction<N: Count>(
    sketch: &Sketch<N>,
    table: &SigmoidTable,
    margin: Q16,
) -> Option<Q16> {
    let pixels = sketch.pixels();
    let low = below(table, margin, |index| sketch.pixels_at(index));
    (pixels != 0 && pixels < 1 << 47).then(|| share(low, pixels))
}

/// Learns the margin below which as many labelled pixels lie as are wrong: the threshold of average thresholded
/// confidence (Garg et al. 2022). `None` without labels.
///
/// Of the 256 margins that codes have, and one above all, the one that comes nearest; of two the lower. 66,000 steps:
/// learnt once, where labels are.
///
/// ```
/// use segmeter_core::{drift::{accuracy_threshold, estimated_accuracy}, sketch::{SigmoidTable, Sketch}};
/// use segmeter_core::view::{Encoding, Quantiser};
/// let quantiser = Quantiser::logits(Encoding::Signed, 0.1, 0)?;
/// let (mut source, mut frame) = (Sketch::<u32>::new(&quantiser), Sketch::<u32>::new(&quantiser));
/// // One of four is wrong, of a margin of 0.245; the next margin that a code has is that of 6, tanh(0.3).
/// source.push_row(&[-40i8, 5, 10, 60], &[0, 0, 1, 1]);
/// let table = SigmoidTable::new(&quantiser);
/// let threshold = accuracy_threshold(&source, &table).unwrap();
/// assert_eq!(threshold.to_f32(), 0.291_305_54);
/// frame.push_unlabelled(&[-9i8, 3, 5, 20, 90]);
/// assert_eq!(estimated_accuracy(&frame, &table, threshold).unwrap().to_f32(), 0.600_006_1);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[must_use]
pub fn accuracy_threshold<N: Count>(source: &Sketch<N>, table: &SigmoidTable) -> Option<Q16> {
    let labelled = |index| source.count(0, index).saturating_add(source.count(1, index));
    let wrong = indices().fold(0u64, |wrong, index| {
        wrong.saturating_add(source.count(u8::from(index <= table.threshold()), index))
    });
    let above_all = Q16::from_raw(Q16::ONE.raw() + 1);
    let candidates = margins(table).chain([above_all]);
    let gap = |margin: &Q16| (below(table, *margin, labelled).abs_diff(wrong), *margin);
    indices().any(|index| labelled(index) != 0).then(|| candidates.min_by_key(gap))?
}

/// Share of pixels whose margin is not below a threshold of [`accuracy_threshold`], in [0, 1]: an estimate of the
/// accuracy, without labels. `None` for an empty sketch.
///
/// It supposes that confidence and error go together here as they did where the threshold was learnt. No pass over
/// pixels.
#[must_use]
pub fn estimated_accuracy<N: Count>(sketch: &Sketch<N>, table: &SigmoidTable, threshold: Q16) -> Option<Q16> {
    low_confidence_fraction(sketch, table, threshold).map(|low| Q16::ONE.minus(low))
}

/// Pixels whose margin is below `margin`.
fn below(table: &SigmoidTable, margin: Q16, count: impl Fn(u8) -> u64) -> u64 {
    let low = indices().zip(margins(table)).filter(|(_, own)| *own < margin);
    low.fold(0, |sum, (index, _)| sum.saturating_add(count(index)))
}

/// The margin `|2p - 1|` of every code.
pub(super) fn margins(table: &SigmoidTable) -> impl Iterator<Item = Q16> {
    let codes: &[f32; CODES] = &table.probability;
    codes.iter().zip(&table.complement).map(|(p, q)| margin(*p, *q))
}

fn margin(p: f32, q: f32) -> Q16 {
    Q16::from_raw(steps(if p < q { q - p } else { p - q }) as i32)
}

/// Steps of 2^-16 of a number that is not negative, rounded by truncation of a half more.
fn steps(value: f32) -> u32 {
    (value * 65536.0 + 0.5) as u32
}

fn share(part: u64, pixels: u64) -> Q16 {
    Q16::ratio(part.cast_signed(), pixels)
}
