//! Segments: the components of a class are its instances, since masks have no others.

use segmeter::core::metric::{
    ClassReport, Confusion, InstanceIou, LesionWise, Overlap, Overlaps, PanopticQuality, Score, Segment,
};
use segmeter::core::plane::components::{self, Connectivity};
use segmeter::core::view::IGNORE;
use segmeter::core::{Error, Result};

use super::choice::Choice;
use super::shape::Ids;

/// Panoptic quality with its factors, and the IoU of instances: of the segments of all images.
const POOLED: [&str; 4] = ["panoptic_quality", "segmentation_quality", "recognition_quality", "instance_iou"];
const LESIONS: &str = "lesion_wise_dice";

/// Pairs of segments of a class in an image; with more, there is no number. Time goes with their square.
pub(super) const MOST_PAIRS: usize = 4096;

/// What the segments of a class amount to; the rest is one segment.
#[derive(Clone, Debug)]
pub(super) struct Segments {
    quality: PanopticQuality<2>,
    /// Every component weighs one pixel.
    instances: InstanceIou<2>,
}

impl Default for Segments {
    fn default() -> Self {
        Self { quality: PanopticQuality::default(), instances: InstanceIou::new([0.0, 1.0]) }
    }
}

impl Segments {
    pub(super) fn merge(&mut self, other: &Self) {
        self.quality.merge(&other.quality);
        self.instances.merge(&other.instances);
    }
}

const REST: Segment = Segment { category: 0, instance: 0 };

/// What is measured of a class, in the order of [`of_class`].
pub(super) fn keys(choice: &Choice) -> impl Iterator<Item = &'static str> {
    POOLED.into_iter().chain([LESIONS]).filter(|key| choice.wants(key))
}

/// Whether the number of all images is that of their segments, not the mean of theirs.
pub(super) fn is_pooled(key: &str) -> bool {
    POOLED.contains(&key)
}

/// Measures a class, whose segments are added to `all`.
pub(super) fn of_class(choice: &Choice, ids: &Ids<'_>, class: u8, all: &mut Segments) -> Result<Vec<Score>> {
    let mut scores = Vec::new();
    if choice.wants_any(&POOLED) {
        let image = segments(ids, class)?;
        let counts = counts(ids, class);
        scores.extend(values(&image, counts).filter(|(key, _)| choice.wants(key)).map(|(_, score)| score));
        all.merge(&image);
    }
    if choice.wants(LESIONS) {
        scores.push(lesions(ids, class)?);
    }
    Ok(scores)
}

/// The numbers of segments, none if some were not counted; `counts` are the pixels of the same images.
pub(super) fn values(
    segments: &Segments,
    counts: ClassReport,
) -> impl Iterator<Item = (&'static str, Score)> {
    let class = segments.quality.class(1);
    let values = [
        class.panoptic_quality(),
        class.segmentation_quality(),
        class.recognition_quality(),
        instance_iou(&segments.instances, counts),
    ];
    let is_whole = segments.quality.lost() == 0;
    POOLED.into_iter().zip(values.map(|value| value.filter(|_| is_whole).into()))
}

/// Pixels of a component weigh the mean size of components over its own: then all of them together weigh the labelled pixels,
/// and what is found of them the mean share that is found of a component.
fn instance_iou(instances: &InstanceIou<2>, counts: ClassReport) -> Option<f64> {
    let found = instances.iou(1, &Confusion::new(IGNORE)).unwrap_or(0.0);
    let union = counts.positives() + counts.false_positive;
    (union != 0).then(|| found * counts.positives() as f64 / union as f64)
}

fn counts(ids: &Ids<'_>, class: u8) -> ClassReport {
    let mut counts = ClassReport::default();
    let [prediction, labels] = ids.masks(class);
    for pixel in 0..ids.shape.pixels() {
        let count = match (prediction(pixel), labels(pixel)) {
            (true, true) => &mut counts.true_positive,
            (true, false) => &mut counts.false_positive,
            (false, true) => &mut counts.false_negative,
            (false, false) => &mut counts.true_negative,
        };
        *count += 1;
    }
    counts
}

fn segments(ids: &Ids<'_>, class: u8) -> Result<Segments> {
    let mut numbers = vec![0; ids.shape.pixels()];
    let mut numbered = |of: &[u8]| -> Result<Vec<Segment>> {
        let is_set = |pixel: usize| of.get(pixel) == Some(&class);
        components::label(ids.shape, is_set, Connectivity::Eight, &mut numbers)?;
        // What has no number of its own here finds no slot either.
        let segment = |number: &u32| match u16::try_from(*number).unwrap_or(u16::MAX) {
            0 => REST,
            instance => Segment { category: 1, instance },
        };
        Ok(numbers.iter().map(segment).collect())
    };
    let predictions = numbered(ids.prediction)?;
    let mut labels = numbered(ids.labels)?;
    for (segment, id) in labels.iter_mut().zip(ids.labels) {
        if *id == ids.ignore {
            *segment = Segment::VOID;
        }
    }
    let mut slots = vec![Overlap::EMPTY; MOST_PAIRS];
    let mut pairs = Overlaps::new(&mut slots);
    pairs.push_row(&predictions, &labels)?;
    let mut segments = Segments::default();
    segments.quality.push(&pairs);
    segments.instances.push(&pairs);
    Ok(segments)
}

fn lesions(ids: &Ids<'_>, class: u8) -> Result<Score> {
    let [prediction, labels] = ids.masks(class);
    let mut scratch = vec![0; LesionWise::scratch_len(ids.shape)];
    let mut slots = vec![Overlap::EMPTY; MOST_PAIRS];
    match LesionWise::DEFAULT.report(ids.shape, prediction, labels, &mut scratch, &mut slots) {
        Ok(report) => Ok(report.dice().filter(|_| report.lost == 0).into()),
        // More components than there are numbers for.
        Err(Error::Unsupported(_)) => Ok(Score::Undefined),
        Err(error) => Err(error),
    }
}
