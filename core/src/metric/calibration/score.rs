//! Proper scores of probabilities.

use super::{Mean, Probabilities};
use crate::metric::Score;
use crate::sketch::{Count, Sketch, indices};

/// The low bits of a sum.
const LOW: u64 = (1 << 24) - 1;

/// Brier score: the mean of `(p - g)^2`. `None` if no pixel is scored.
#[must_use]
pub fn brier<'a, N: Count>(sketch: &Sketch<N>, probabilities: impl Into<Probabilities<'a>>) -> Option<f64> {
    let probabilities = probabilities.into();
    let pixels = sketch.labelled(0).saturating_add(sketch.labelled(1));
    let (mut low, mut high) = (0_u64, 0_u128);
    for (index, (p, q)) in indices().zip(probabilities.pairs()) {
        for (label, wrong) in [(0, u64::from(p)), (1, u64::from(q))] {
            let part = u128::from(sketch.count(label, index)) * u128::from(wrong * wrong);
            // The low 24 bits are kept apart so that the sum cannot overflow.
            low += part as u64 & LOW;
            high += part >> 24;
        }
    }
    high += u128::from(low >> 24);
    let sum = high as f64 * (LOW + 1) as f64 + (low & LOW) as f64;
    let unit = f64::from(probabilities.unit());
    (pixels != 0).then(|| sum / (pixels as f64 * unit * unit))
}

/// How the classes of a Brier score are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum BrierScale {
    /// The sum over the classes, 0 to 2: Brier 1950, Metrics Reloaded.
    Sum,
    /// Half of that, 0 to 1: of two classes, the binary score.
    Half,
}

/// Brier score of several classes. Each has a sketch, with the class as foreground and its probabilities as codes.
/// `None` if a class has no pixel.
#[must_use]
pub fn brier_multiclass<'a, N: Count>(
    sketches: &[Sketch<N>],
    probabilities: impl Into<Probabilities<'a>>,
    scale: BrierScale,
) -> Option<f64> {
    let (probabilities, mut mean) = (probabilities.into(), Mean::default());
    for sketch in sketches {
        mean.push(Score::Value(brier(sketch, probabilities)?));
    }
    let sum = mean.value()? * sketches.len() as f64;
    Some(if scale == BrierScale::Half { sum / 2.0 } else { sum })
}

/// Negative log-likelihood in nats: the mean of `-ln p` of the label's probability, which is taken to be at least
/// `clip`. `None` if no pixel is scored, or unless `clip` is above 0 and at most 1.
///
/// ```
/// use segmeter_core::{metric::calibration, sketch::Sketch, view::Quantiser};
/// let mut sketch = Sketch::<u32>::new(&Quantiser::probabilities());
/// sketch.push_row(&[0_u8, 255], &[0, 0]);
/// let stored = calibration::Probabilities::Stored;
/// let found = calibration::negative_log_likelihood(&sketch, stored, 1e-7).unwrap();
/// assert!((found - 8.059_047_8).abs() < 1e-7);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[must_use]
pub fn negative_log_likelihood<'a, N: Count>(
    sketch: &Sketch<N>,
    probabilities: impl Into<Probabilities<'a>>,
    clip: f64,
) -> Option<f64> {
    let probabilities = probabilities.into();
    let unit = f64::from(probabilities.unit());
    let (mut sum, pixels) = (0.0, sketch.labelled(0).saturating_add(sketch.labelled(1)));
    let nats = |steps: u32| -libm::log((f64::from(steps) / unit).max(clip));
    for (index, (p, q)) in indices().zip(probabilities.pairs()) {
        for (label, p) in [(0, q), (1, p)] {
            let count = sketch.count(label, index);
            if count != 0 {
                sum += count as f64 * nats(p);
            }
        }
    }
    (pixels != 0 && clip > 0.0 && clip <= 1.0).then(|| sum / pixels as f64)
}
