//! The score of the KITTI road benchmark.

use super::{Operating, curve};
use crate::sketch::{Count, Sketch};

/// Added to denominators by the development kit.
const TINY: f64 = 1e-10;

/// What the KITTI road benchmark reports of a category, as its development kit computes it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct KittiRoad {
    /// The threshold of [`KittiRoad::max_f`]: road is `code >= threshold`.
    pub threshold: u8,
    /// The highest F1 over the thresholds.
    pub max_f: f64,
    /// Mean of the best precision at recalls of at least 0, 0.1 ... 1.
    pub average_precision: f64,
    /// PRE at the threshold.
    pub precision: f64,
    /// REC at the threshold.
    pub recall: f64,
    /// FPR at the threshold; `None` if everything is road.
    pub false_positive_rate: Option<f64>,
    /// FNR at the threshold.
    pub false_negative_rate: f64,
    /// Q at the threshold: IoU.
    pub quality: f64,
}

/// The score of the KITTI road benchmark of a category, whose sketches of all images have been merged.
///
/// Codes are probabilities in steps of 1/255, a pixel is road if `code >= k`, for `k` from 0 to 255: the development
/// kit compares `f32` with `f64`, which comes to the same. Precision is `TP / (TP + FP + 1e-10)`, F1 is
/// `2 P R / (P + R + 1e-10)`; the lowest of thresholds that tie. Pixels whose red channel says that they are not to be
/// judged are ignored ones. The benchmark does so in bird's-eye view. `None` without road, where the kit divides by
/// zero. Fritsch et al. 2013.
///
/// ```
/// use segmeter_core::{metric::threshold, sketch::Sketch, view::Quantiser};
/// let mut sketch = Sketch::<u32>::new(&Quantiser::probabilities());
/// sketch.push_row(&[10_u8, 200, 200, 250], &[0, 0, 1, 1]);
/// let road = threshold::kitti_road(&sketch).unwrap();
/// assert_eq!((road.threshold, road.recall, road.quality), (11, 1.0, 2.0 / 3.0));
/// assert!((road.max_f - 0.8).abs() < 1e-9);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[must_use]
pub fn kitti_road<N: Count>(sketch: &Sketch<N>) -> Option<KittiRoad> {
    let (mut best, mut at): (f64, Option<Operating>) = (0.0, None);
    let mut precisions = [0.0_f64; 11];
    // The first point is that of threshold 256, which the kit does not have.
    for point in curve(sketch).skip(1) {
        let (precision, recall) = rates(point)?;
        let f = 2.0 * precision * recall / (precision + recall + TINY);
        // Thresholds fall: the last of those that tie is the lowest.
        if f >= best {
            (best, at) = (f, Some(point));
        }
        // Points without recall and precision are dropped.
        if precision > 0.0 || recall > 0.0 {
            for (tenth, best) in (0_u8..).zip(&mut precisions) {
                if recall >= f64::from(tenth) / 10.0 {
                    *best = best.max(precision);
                }
            }
        }
    }
    let point = at?;
    let (precision, recall) = rates(point)?;
    Some(KittiRoad {
        threshold: point.threshold.min(255) as u8,
        max_f: best,
        average_precision: precisions.iter().sum::<f64>() / 11.0,
        precision,
        recall,
        false_positive_rate: point.counts.false_positive_rate().value(),
        false_negative_rate: point.counts.false_negative_rate().value()?,
        quality: point.counts.iou().value()?,
    })
}

/// Precision with the kit's term, and recall.
fn rates(point: Operating) -> Option<(f64, f64)> {
    let recall = point.counts.recall().value()?;
    let precision = point.counts.true_positive as f64 / (point.counts.predicted() as f64 + TINY);
    Some((precision, recall))
}
