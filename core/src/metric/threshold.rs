//! Metrics over every threshold at once, exact for 8-bit outputs: no pixel is stored, none is sorted.

use crate::sketch::{Count, Sketch, indices};

/// Area under the ROC curve: the chance that a foreground pixel has a higher code than a background one,
/// ties counted half. `None` if a side is empty.
///
/// Integer until the last division: `sum_k neg_k (2 P_above_k + pos_k) / (2 P N)`.
///
/// ```
/// use segmeter_core::{metric::threshold, sketch::Sketch, view::{Encoding, Quantiser}};
/// let mut sketch = Sketch::<u32>::new(&Quantiser::logits(Encoding::Signed, 0.1, 0)?);
/// sketch.push_row(&[-5i8, 3, 3, 9], &[0, 0, 1, 1]);
/// assert_eq!(threshold::auroc(&sketch), Some(0.875));
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[must_use]
pub fn auroc<N: Count>(sketch: &Sketch<N>) -> Option<f64> {
    let mut above = 0u64;
    let (mut background, mut pairs) = (0u64, 0u128);
    for index in indices().rev() {
        let (negative, positive) = (sketch.count(0, index), sketch.count(1, index));
        if negative != 0 {
            pairs += u128::from(negative) * (2 * u128::from(above) + u128::from(positive));
            background += negative;
        }
        above += positive;
    }
    let denominator = 2 * u128::from(above) * u128::from(background);
    (denominator != 0).then(|| pairs as f64 / denominator as f64)
}

/// Average precision, step form: `sum_k (R_k - R_(k-1)) P_k` over falling thresholds, as scikit-learn and
/// torchmetrics define it; not interpolated. `None` without foreground.
///
/// ```
/// use segmeter_core::{metric::threshold, sketch::Sketch, view::{Encoding, Quantiser}};
/// let mut sketch = Sketch::<u32>::new(&Quantiser::logits(Encoding::Signed, 0.1, 0)?);
/// sketch.push_row(&[-5i8, 3, 3, 9], &[0, 0, 1, 1]);
/// assert_eq!(threshold::average_precision(&sketch), Some(0.8333333333333333));
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[must_use]
pub fn average_precision<N: Count>(sketch: &Sketch<N>) -> Option<f64> {
    let foreground = sketch.labelled(1);
    if foreground == 0 {
        return None;
    }
    let (mut hits, mut alarms, mut sum) = (0u64, 0u64, 0.0);
    for index in indices().rev() {
        let positive = sketch.count(1, index);
        hits += positive;
        alarms += positive + sketch.count(0, index);
        if positive != 0 {
            sum += positive as f64 * (hits as f64 / alarms as f64);
        }
    }
    Some(sum / foreground as f64)
}
