//! Segments: the components of a class are its instances, since masks have no others.

use segmeter::core::metric::{LesionWise, Overlap, Overlaps, PanopticQuality, Score, Segment};
use segmeter::core::plane::components::{self, Connectivity};
use segmeter::core::{Error, Result};

use super::choice::Choice;
use super::shape::Ids;

/// Panoptic quality and its factors, which are of the segments of all images.
const QUALITY: [&str; 3] = ["panoptic_quality", "segmentation_quality", "recognition_quality"];
const LESIONS: &str = "lesion_wise_dice";

/// Pairs of segments of a class in an image; with more, there is no number. Time goes with their square.
pub(super) const MOST_PAIRS: usize = 4096;

/// The class, and the rest as one segment.
pub(super) type Quality = PanopticQuality<2>;
const REST: Segment = Segment { category: 0, instance: 0 };

/// What is measured of a class, in the order of [`of_class`].
pub(super) fn keys(choice: &Choice) -> impl Iterator<Item = &'static str> {
    QUALITY.into_iter().chain([LESIONS]).filter(|key| choice.wants(key))
}

/// Whether the number of all images is that of their segments, not the mean of theirs.
pub(super) fn is_pooled(key: &str) -> bool {
    QUALITY.contains(&key)
}

/// Measures a class, whose segments are added to `all`.
pub(super) fn of_class(choice: &Choice, ids: &Ids<'_>, class: u8, all: &mut Quality) -> Result<Vec<Score>> {
    let mut scores = Vec::new();
    if choice.wants_any(&QUALITY) {
        let image = quality(ids, class)?;
        scores.extend(values(&image).filter(|(key, _)| choice.wants(key)).map(|(_, score)| score));
        all.merge(&image);
    }
    if choice.wants(LESIONS) {
        scores.push(lesions(ids, class)?);
    }
    Ok(scores)
}

/// The numbers of segments, none if some were not counted.
pub(super) fn values(quality: &Quality) -> impl Iterator<Item = (&'static str, Score)> {
    let class = quality.class(1);
    let values = [class.panoptic_quality(), class.segmentation_quality(), class.recognition_quality()];
    let is_whole = quality.lost() == 0;
    QUALITY.into_iter().zip(values.map(|value| value.filter(|_| is_whole).into()))
}

fn quality(ids: &Ids<'_>, class: u8) -> Result<Quality> {
    let mut numbers = vec![0; ids.shape.pixels()];
    let mut segments = |of: &[u8]| -> Result<Vec<Segment>> {
        let is_set = |pixel: usize| of.get(pixel) == Some(&class);
        components::label(ids.shape, is_set, Connectivity::Eight, &mut numbers)?;
        // What has no number of its own here finds no slot either.
        let segment = |number: &u32| match u16::try_from(*number).unwrap_or(u16::MAX) {
            0 => REST,
            instance => Segment { category: 1, instance },
        };
        Ok(numbers.iter().map(segment).collect())
    };
    let predictions = segments(ids.prediction)?;
    let mut labels = segments(ids.labels)?;
    for (segment, id) in labels.iter_mut().zip(ids.labels) {
        if *id == ids.ignore {
            *segment = Segment::VOID;
        }
    }
    let mut slots = vec![Overlap::EMPTY; MOST_PAIRS];
    let mut pairs = Overlaps::new(&mut slots);
    pairs.push_row(&predictions, &labels)?;
    let mut quality = Quality::default();
    quality.push(&pairs);
    Ok(quality)
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
