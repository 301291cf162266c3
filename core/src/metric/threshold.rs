//! Metrics over every threshold at once, exact: of the 256 codes of a sketch, for which no pixel is stored and none is
//! sorted, or of any sorted scores.

use super::ClassReport;
use crate::sketch::{CODES, Count, Sketch};

mod road;

pub use road::{KittiRoad, kitti_road};

/// Different scores in rising order, and the labelled pixels that have each: the codes of a sketch, or a sorted list.
pub trait Ranking {
    /// Scores there are.
    fn scores(&self) -> usize;
    /// Background and foreground pixels with the score at a place; the lowest is at 0.
    fn pixels(&self, place: usize) -> [u64; 2];
    /// Whether either label has fewer than 2^63 pixels, so that no sum of them wraps.
    fn fits(&self) -> bool {
        let add = |sum: u64, more: u64| sum.checked_add(more).filter(|sum| sum >> 63 == 0);
        let sums = (0..self.scores()).map(|place| self.pixels(place));
        sums.into_iter()
            .try_fold([0, 0], |[a, b], [more, most]| Some([add(a, more)?, add(b, most)?]))
            .is_some()
    }
}

impl<N: Count> Ranking for Sketch<N> {
    fn scores(&self) -> usize {
        CODES
    }
    #[inline]
    fn pixels(&self, place: usize) -> [u64; 2] {
        [0, 1].map(|label| self.count(label, place as u8))
    }
    /// Its counters stop before.
    fn fits(&self) -> bool {
        true
    }
}

impl Ranking for [[u64; 2]] {
    fn scores(&self) -> usize {
        self.len()
    }
    fn pixels(&self, place: usize) -> [u64; 2] {
        self.get(place).copied().unwrap_or_default()
    }
}

/// Pixels of background and foreground; `None` for so many that a product of both would not fit.
fn labelled(ranking: &(impl Ranking + ?Sized)) -> Option<[u64; 2]> {
    let places = (0..ranking.scores()).map(|place| ranking.pixels(place));
    ranking.fits().then(|| places.fold([0, 0], |[a, b], [more, most]| [a + more, b + most]))
}

/// What a threshold gives: a pixel is called foreground if the place of its score (of a sketch: the index of its code) is
/// at least `threshold`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Operating {
    /// From the number of scores (of a sketch: 256), at which no pixel is foreground, to 0, at which all are.
    pub threshold: usize,
    /// The foreground against the rest.
    pub counts: ClassReport,
}

/// The points of the ROC curve (false positive rate, recall) and of the precision-recall curve, one for each
/// threshold, of a sketch from 256 down to 0: recall and false positive rate never fall. Sums over images are sketches
/// merged. Of 2^63 pixels and more of a label there is no point.
///
/// ```
/// use segmeter_core::{metric::threshold, sketch::Sketch, view::{Encoding, Quantiser}};
/// let mut sketch = Sketch::<u32>::new(&Quantiser::logits(Encoding::Signed, 0.1, 0)?);
/// sketch.push_row(&[-5i8, 3, 3, 9], &[0, 0, 1, 1]);
/// let point = threshold::curve(&sketch).find(|point| point.threshold == 128 + 3).unwrap();
/// assert_eq!(point.counts.recall().value(), Some(1.0));
/// assert_eq!(point.counts.false_positive_rate().value(), Some(0.5));
/// assert_eq!(threshold::curve(&sketch).count(), 257);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
pub fn curve<R: Ranking + ?Sized>(ranking: &R) -> impl Iterator<Item = Operating> + '_ {
    let totals = labelled(ranking);
    let [mut rest, mut foreground] = totals.unwrap_or_default();
    let (mut hits, mut alarms) = (0_u64, 0_u64);
    let mut step = move |threshold, more: [u64; 2]| {
        [rest, foreground] = [rest.saturating_sub(more[0]), foreground.saturating_sub(more[1])];
        [alarms, hits] = [alarms.saturating_add(more[0]), hits.saturating_add(more[1])];
        let counts = ClassReport {
            true_positive: hits,
            false_positive: alarms,
            false_negative: foreground,
            true_negative: rest,
        };
        Operating { threshold, counts }
    };
    let first = step(ranking.scores(), [0, 0]);
    let points = (0..ranking.scores()).rev().map(move |place| step(place, ranking.pixels(place)));
    core::iter::once(first).chain(points).filter(move |_| totals.is_some())
}

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
pub fn auroc(ranking: &(impl Ranking + ?Sized)) -> Option<f64> {
    if !ranking.fits() {
        return None;
    }
    let mut above = 0u64;
    let (mut background, mut pairs) = (0u64, 0u128);
    for place in (0..ranking.scores()).rev() {
        let [negative, positive] = ranking.pixels(place);
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
pub fn average_precision(ranking: &(impl Ranking + ?Sized)) -> Option<f64> {
    if !ranking.fits() {
        return None;
    }
    let (mut hits, mut pixels, mut sum) = (0u64, 0u64, 0.0);
    for place in (0..ranking.scores()).rev() {
        let [negative, positive] = ranking.pixels(place);
        hits += positive;
        pixels += positive + negative;
        if positive != 0 {
            sum += positive as f64 * (hits as f64 / pixels as f64);
        }
    }
    (hits != 0).then(|| sum / hits as f64)
}

/// Average precision, the area under straight lines between the points of the precision-recall curve, from
/// (recall 0, precision 1): larger than the step form, and optimistic. As Metrics Reloaded has it. `None` without
/// foreground.
///
/// ```
/// use segmeter_core::{metric::threshold, sketch::Sketch, view::{Encoding, Quantiser}};
/// let mut sketch = Sketch::<u32>::new(&Quantiser::logits(Encoding::Signed, 0.1, 0)?);
/// sketch.push_row(&[-5i8, 3, 3, 9], &[0, 0, 1, 1]);
/// let area = threshold::average_precision_trapezoid(&sketch).unwrap();
/// assert!((area - 0.916_666_666_666_666_6).abs() < 1e-15);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[must_use]
pub fn average_precision_trapezoid(ranking: &(impl Ranking + ?Sized)) -> Option<f64> {
    let [_, foreground] = labelled(ranking)?;
    let mut points = curve(ranking).map(|point| point.counts);
    let (mut area, mut last) = (0.0, points.next().filter(|_| foreground != 0)?);
    for point in points {
        // Where recall stays there is no area.
        if point.true_positive != last.true_positive {
            let [(recall, precision), (last_recall, last_precision)] = [point, last].map(|point| {
                // The first point, where nothing is predicted, is (0, 1).
                let precision = point.precision().value().unwrap_or(1.0);
                (point.true_positive as f64 / foreground as f64, precision)
            });
            area += (recall - last_recall) * f64::midpoint(precision, last_precision);
        }
        last = point;
    }
    Some(area)
}

/// Average precision at eleven points: the mean over the recalls 0, 0.1 ... 1 of the best precision at that recall or
/// a higher one. PASCAL VOC until 2009, KITTI. `None` without foreground.
#[must_use]
pub fn average_precision_eleven_point(ranking: &(impl Ranking + ?Sized)) -> Option<f64> {
    let [_, foreground] = labelled(ranking)?;
    // The best precision from one tenth of recall to the next, and how many have been reached.
    let (mut best, mut reached, mut hits) = ([0.0_f64; 11], 0_u8, 0);
    for point in curve(ranking).map(|point| point.counts) {
        // Where recall stays precision is no better than before.
        if point.true_positive == hits {
            continue;
        }
        hits = point.true_positive;
        // recall >= reached / 10, in integers.
        let is_reached = |tenth: u8| u128::from(hits) * 10 >= u128::from(foreground) * u128::from(tenth);
        while reached < 11 && is_reached(reached) {
            reached += 1;
        }
        let slot = best.get_mut(usize::from(reached.saturating_sub(1)));
        slot.into_iter()
            .zip(point.precision().value())
            .for_each(|(slot, precision)| *slot = slot.max(precision));
    }
    let mut at_least = 0.0_f64;
    best.iter_mut().rev().for_each(|best| {
        at_least = at_least.max(*best);
        *best = at_least;
    });
    (foreground != 0).then(|| best.iter().sum::<f64>() / 11.0)
}

/// Average precision over all points, interpolated: every step of recall counts with the best precision at that
/// recall or a higher one. PASCAL VOC from 2010. `None` without foreground.
#[must_use]
pub fn average_precision_interpolated(ranking: &(impl Ranking + ?Sized)) -> Option<f64> {
    let [background, foreground] = labelled(ranking)?;
    let (mut hits, mut pixels) = (foreground, foreground + background);
    let (mut best, mut sum) = (0.0_f64, 0.0);
    // From the lowest threshold, so that the best so far is the best at higher recalls.
    for place in 0..ranking.scores() {
        let [negative, positive] = ranking.pixels(place);
        if pixels != 0 {
            best = best.max(hits as f64 / pixels as f64);
        }
        sum += positive as f64 * best;
        hits = hits.saturating_sub(positive);
        pixels = pixels.saturating_sub(positive + negative);
    }
    (foreground != 0).then(|| sum / foreground as f64)
}

/// The best of one rate over the thresholds at which another is at least `bound`.
fn best_where(
    ranking: &(impl Ranking + ?Sized),
    rate: fn(ClassReport) -> super::Ratio,
    other: fn(ClassReport) -> super::Ratio,
    bound: f64,
) -> Option<f64> {
    let enough = |point: &ClassReport| other(*point).value().is_some_and(|x| x >= bound);
    let points = curve(ranking).map(|point| point.counts).filter(enough);
    points.filter_map(|point| rate(point).value()).reduce(f64::max)
}

/// The highest recall at a threshold whose specificity is at least `specificity`. `None` if a side is empty, or no
/// threshold is specific enough.
///
/// ```
/// use segmeter_core::{metric::threshold, sketch::Sketch, view::{Encoding, Quantiser}};
/// let mut sketch = Sketch::<u32>::new(&Quantiser::logits(Encoding::Signed, 0.1, 0)?);
/// sketch.push_row(&[-5i8, 3, 3, 9], &[0, 0, 1, 1]);
/// assert_eq!(threshold::sensitivity_at_specificity(&sketch, 0.6), Some(0.5));
/// assert_eq!(threshold::specificity_at_sensitivity(&sketch, 0.6), Some(0.5));
/// assert_eq!(threshold::precision_at_recall(&sketch, 0.6), Some(2.0 / 3.0));
/// assert_eq!(threshold::false_positive_rate_at_recall(&sketch, 0.95), Some(0.5));
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[must_use]
pub fn sensitivity_at_specificity(ranking: &(impl Ranking + ?Sized), specificity: f64) -> Option<f64> {
    best_where(ranking, ClassReport::recall, ClassReport::specificity, specificity)
}

/// The highest specificity at a threshold whose recall is at least `sensitivity`. `None` if a side is empty, or no
/// threshold is sensitive enough.
#[must_use]
pub fn specificity_at_sensitivity(ranking: &(impl Ranking + ?Sized), sensitivity: f64) -> Option<f64> {
    best_where(ranking, ClassReport::specificity, ClassReport::recall, sensitivity)
}

/// The highest precision at a threshold whose recall is at least `recall`. `None` without foreground, or if no
/// threshold has such a recall.
#[must_use]
pub fn precision_at_recall(ranking: &(impl Ranking + ?Sized), recall: f64) -> Option<f64> {
    best_where(ranking, ClassReport::precision, ClassReport::recall, recall)
}

/// The lowest false positive rate at a threshold whose recall is at least `recall`: FPR95 with 0.95. `None` if a side
/// is empty, or no threshold has such a recall.
#[must_use]
pub fn false_positive_rate_at_recall(ranking: &(impl Ranking + ?Sized), recall: f64) -> Option<f64> {
    let enough = |point: &ClassReport| point.recall().value().is_some_and(|x| x >= recall);
    // The rate only grows along the curve.
    let point = curve(ranking).map(|point| point.counts).find(enough)?;
    point.false_positive_rate().value()
}

/// The threshold with the highest F1, exact: the lowest of those that tie. `None` without foreground.
///
/// ```
/// use segmeter_core::{metric::threshold, sketch::Sketch, view::{Encoding, Quantiser}};
/// let mut sketch = Sketch::<u32>::new(&Quantiser::logits(Encoding::Signed, 0.1, 0)?);
/// sketch.push_row(&[-5i8, 3, 3, 9], &[0, 0, 1, 1]);
/// let best = threshold::max_f(&sketch).unwrap();
/// assert_eq!((best.threshold, best.counts.dice().value()), (128 - 4, Some(0.8)));
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[must_use]
pub fn max_f(ranking: &(impl Ranking + ?Sized)) -> Option<Operating> {
    let product = |a: u64, b: u64| u128::from(a) * u128::from(b);
    let not_worse = |new: Operating, old: Operating| {
        let (new, old) = (new.counts.dice(), old.counts.dice());
        product(new.numerator, old.denominator) >= product(old.numerator, new.denominator)
    };
    let best = curve(ranking).reduce(|old, new| if not_worse(new, old) { new } else { old });
    best.filter(|point| point.counts.positives() != 0)
}
