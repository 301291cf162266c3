//! Label-free statistics of one frame.

use crate::num::Q16;
use crate::sketch::{Count, SigmoidTable, Sketch, indices};

/// A pixel whose margin `|2p - 1|` is below this (a half, in steps of 2^-16) is a low-confidence one: `p` between
/// 1/4 and 3/4.
const LOW_MARGIN: u32 = 1 << 15;

/// Statistics over all pixels of a frame, those without a label included.
///
/// Integer sums over the 256 codes; no pass over pixels.
///
/// ```
/// use segmeter_core::{drift::Statistics, sketch::{SigmoidTable, Sketch}, view::{Encoding, Quantiser}};
/// let quantiser = Quantiser::logits(Encoding::Signed, 0.1, 0)?;
/// let mut sketch = Sketch::<u32>::new(&quantiser);
/// sketch.push_unlabelled(&[-40i8, 0, 5, 60]);
/// let statistics = Statistics::new(&sketch, &SigmoidTable::new(&quantiser)).unwrap();
/// assert_eq!(statistics.road_fraction.to_f32(), 0.5);
/// assert_eq!(statistics.low_confidence_fraction.to_f32(), 0.5);
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
    /// Share of pixels with `|2p - 1| < 1/2`, in [0, 1].
    pub low_confidence_fraction: Q16,
}

impl Statistics {
    /// Reads a sketch; `None` if it is empty (or has 2^47 pixels and more).
    #[must_use]
    pub fn new<N: Count>(sketch: &Sketch<N>, table: &SigmoidTable) -> Option<Self> {
        let (mut pixels, mut road, mut low) = (0u64, 0u64, 0u64);
        let (mut entropies, mut margins) = (0u64, 0u64);
        let probabilities = table.probability.iter().zip(&table.complement);
        let codes = indices().zip(&table.logit).zip(probabilities.zip(&table.tail));
        for ((index, logit), ((p, q), tail)) in codes {
            let count = sketch.pixels_at(index);
            if count == 0 {
                continue;
            }
            let (distance, smaller, margin) = if p < q { (-logit, p, q - p) } else { (*logit, q, p - q) };
            // Both are at least 0 and at most 1: steps of 2^-16, rounded by truncation of a half more.
            let steps = |value: f32| (value * 65536.0 + 0.5) as u32;
            let (entropy, margin) = (steps(tail + distance * smaller), steps(margin));
            pixels += count;
            entropies = entropies.wrapping_add(count.wrapping_mul(entropy.into()));
            margins = margins.wrapping_add(count.wrapping_mul(margin.into()));
            road += if index > table.threshold() { count } else { 0 };
            low += if margin < LOW_MARGIN { count } else { 0 };
        }
        let share = |part: u64| Q16::ratio(part.cast_signed(), pixels);
        let mean = |sum: u64| Q16::divide(i128::from(sum), pixels);
        // With fewer pixels than this no sum above can have wrapped.
        (pixels != 0 && pixels < 1 << 47).then(|| Self {
            road_fraction: share(road),
            mean_entropy: mean(entropies),
            mean_margin: mean(margins),
            low_confidence_fraction: share(low),
        })
    }
}
