//! Panoptic quality: segments found, and how well.

use super::segment::{Overlap, Overlaps, Segment};
use super::{Mean, Score};

/// The pixels of a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct SegmentArea {
    /// All of them.
    pub pixels: u64,
    /// Of these, void on the other side.
    pub void: u64,
}

impl SegmentArea {
    /// Whether a segment that matches none is an error: not one that is void by more than half.
    const fn is_error(self) -> bool {
        self.void <= self.pixels.saturating_sub(self.void)
    }
}

/// What was found of the segments of a class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PanopticClass {
    /// IoU of the segments found; its number of values is that of the true positives.
    pub iou: Mean,
    /// Predicted segments that match none.
    pub false_positive: u64,
    /// Labelled segments that are not found.
    pub false_negative: u64,
}

impl PanopticClass {
    /// Segments found.
    #[must_use]
    pub const fn true_positive(&self) -> u64 {
        self.iou.defined()
    }
    /// RQ, `TP / (TP + FP / 2 + FN / 2)`; `None` without a segment.
    #[must_use]
    pub fn recognition_quality(&self) -> Option<f64> {
        let hits = 2.0 * self.true_positive() as f64;
        let all = hits + self.false_positive as f64 + self.false_negative as f64;
        (all > 0.0).then(|| hits / all)
    }
    /// SQ, the mean IoU of the segments found; `None` if none was.
    #[must_use]
    pub fn segmentation_quality(&self) -> Option<f64> {
        self.iou.value()
    }
    /// PQ, the sum of IoU over `TP + FP / 2 + FN / 2`: `SQ RQ`, and 0 if no segment was found. `None` without a
    /// segment.
    #[must_use]
    pub fn panoptic_quality(&self) -> Option<f64> {
        Some(self.recognition_quality()? * self.segmentation_quality().unwrap_or(0.0))
    }
    /// Adds a labelled and a predicted segment that share so many pixels, if they are one: if their IoU is above one half.
    /// Says whether they are; a segment that is none with any other is [`PanopticClass::push_unmatched`].
    pub fn push_pair(&mut self, label: SegmentArea, prediction: SegmentArea, both: u64) -> bool {
        let iou = iou_above_half(label, prediction, both);
        iou.into_iter().for_each(|iou| self.iou.push(Score::Value(iou)));
        iou.is_some()
    }
    /// Adds a labelled or a predicted segment that matches none.
    pub fn push_unmatched(&mut self, label: Option<SegmentArea>, prediction: Option<SegmentArea>) {
        for (area, errors) in [(label, &mut self.false_negative), (prediction, &mut self.false_positive)] {
            *errors = errors.saturating_add(area.is_some_and(SegmentArea::is_error).into());
        }
    }
    /// Adds other images.
    pub fn merge(&mut self, other: &Self) {
        self.iou.merge(&other.iou);
        self.false_positive = self.false_positive.saturating_add(other.false_positive);
        self.false_negative = self.false_negative.saturating_add(other.false_negative);
    }
}

/// The IoU of two segments, if it is above one half.
fn iou_above_half(label: SegmentArea, prediction: SegmentArea, both: u64) -> Option<f64> {
    let scored = |area: SegmentArea| area.pixels.saturating_sub(area.void);
    let union = scored(label).saturating_add(scored(prediction)).saturating_sub(both);
    (both.saturating_mul(2) > union).then(|| both as f64 / union as f64)
}

/// Panoptic quality (Kirillov et al. 2019) over `C` classes and any number of images.
///
/// A predicted segment is found if it is of the class of a labelled one and their IoU is above one half, which only one
/// can be. Pixels labelled void are taken out of predicted segments, and pixels without prediction out of labelled
/// ones, before their union is taken; a segment that is void by more than half is no error. So has torchmetrics it.
/// A class from `C` on counts as void. Integers up to the IoU, so that images may come and merge in any order.
///
/// ```
/// use segmeter_core::metric::{Overlap, Overlaps, PanopticQuality, Segment};
/// let [road, car, other] = [(0, 0), (1, 1), (1, 2)].map(|(category, instance)| Segment { category, instance });
/// let mut slots = [Overlap::EMPTY; 8];
/// let mut image = Overlaps::new(&mut slots);
/// image.push_row(&[road, road, car, car, car, other], &[road, road, road, car, car, Segment::VOID])?;
/// let mut quality = PanopticQuality::<2>::default();
/// quality.push(&image);
/// let car = quality.class(1);
/// assert_eq!((car.true_positive(), car.false_positive), (1, 0));
/// assert_eq!(car.panoptic_quality(), Some(2.0 / 3.0));
/// assert_eq!(quality.panoptic_quality(), Some(2.0 / 3.0));
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PanopticQuality<const C: usize> {
    classes: [PanopticClass; C],
    lost: u64,
}

impl<const C: usize> Default for PanopticQuality<C> {
    fn default() -> Self {
        Self { classes: [PanopticClass::default(); C], lost: 0 }
    }
}

impl<const C: usize> PanopticQuality<C> {
    /// Adds an image. Time goes with the square of the pairs of segments.
    pub fn push(&mut self, image: &Overlaps<'_>) {
        self.lost = self.lost.saturating_add(image.lost());
        image.each(|pair| pair.label, |segment| self.count(image, segment, Side::LABEL));
        image.each(|pair| pair.prediction, |segment| self.count(image, segment, Side::PREDICTION));
    }

    /// Counts a segment of one side.
    fn count(&mut self, image: &Overlaps<'_>, segment: Segment, side: Side) {
        let Some(class) = self.classes.get_mut(usize::from(segment.category)) else { return };
        let void = |other: Segment| usize::from(other.category) >= C;
        let area = |own: fn(&Overlap) -> Segment, other: fn(&Overlap) -> Segment, segment: Segment| {
            let pixels = image.area(|pair| own(pair) == segment);
            SegmentArea { pixels, void: image.area(|pair| own(pair) == segment && void(other(pair))) }
        };
        let own = area(side.own, side.other, segment);
        for pair in image.pairs().iter().filter(|pair| (side.own)(pair) == segment) {
            let other = (side.other)(pair);
            if other.category == segment.category {
                let (other, both) = (area(side.other, side.own, other), u64::from(pair.pixels));
                // A pair is counted with its label.
                let is_found = if side.labels {
                    class.push_pair(own, other, both)
                } else {
                    iou_above_half(other, own, both).is_some()
                };
                if is_found {
                    return;
                }
            }
        }
        let (label, prediction) = if side.labels { (Some(own), None) } else { (None, Some(own)) };
        class.push_unmatched(label, prediction);
    }

    /// Adds other images.
    pub fn merge(&mut self, other: &Self) {
        self.lost = self.lost.saturating_add(other.lost);
        for (class, other) in self.classes.iter_mut().zip(&other.classes) {
            class.merge(other);
        }
    }

    /// One class.
    #[must_use]
    pub fn class(&self, class: usize) -> PanopticClass {
        self.classes.get(class).copied().unwrap_or_default()
    }

    /// The mean PQ of the classes that have a segment; `None` if none has.
    #[must_use]
    pub fn panoptic_quality(&self) -> Option<f64> {
        let mut mean = Mean::default();
        self.classes.iter().for_each(|class| mean.push(class.panoptic_quality().into()));
        mean.value()
    }

    /// Pixels that found no slot, over all images.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost
    }
}

/// Labels or predictions, and the other.
#[derive(Clone, Copy)]
struct Side {
    own: fn(&Overlap) -> Segment,
    other: fn(&Overlap) -> Segment,
    labels: bool,
}

impl Side {
    const LABEL: Self = Self { own: |pair| pair.label, other: |pair| pair.prediction, labels: true };
    const PREDICTION: Self = Self { own: |pair| pair.prediction, other: |pair| pair.label, labels: false };
}
