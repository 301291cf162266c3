//! Segments: the components of a class are its instances, since masks have no others.

use segmeter::core::Result;
use segmeter::core::metric::{
    ClassReport, Confusion, InstanceIou, LesionReport, PanopticClass, Score, SegmentArea,
};
use segmeter::core::plane::components::{self, Connectivity};
use segmeter::core::view::{IGNORE, Shape};

use super::choice::Choice;
use super::shape::Ids;

/// Panoptic quality with its factors, and the IoU of instances: of the segments of all images.
const POOLED: [&str; 4] = ["panoptic_quality", "segmentation_quality", "recognition_quality", "instance_iou"];
const LESIONS: &str = "lesion_wise_dice";

/// What the segments of a class amount to.
#[derive(Clone, Debug)]
pub(super) struct Segments {
    quality: PanopticClass,
    /// Every component weighs one pixel.
    instances: InstanceIou<2>,
}

impl Default for Segments {
    fn default() -> Self {
        Self { quality: PanopticClass::default(), instances: InstanceIou::new([0.0, 1.0]) }
    }
}

impl Segments {
    pub(super) fn merge(&mut self, other: &Self) {
        self.quality.merge(&other.quality);
        self.instances.merge(&other.instances);
    }
}

/// What is measured of a class, in the order of [`of_class`].
pub(super) fn keys(choice: &Choice) -> impl Iterator<Item = &'static str> {
    POOLED.into_iter().chain([LESIONS]).filter(|key| choice.wants(key))
}

/// Whether the number of all images is that of their segments, not the mean of theirs.
pub(super) fn is_pooled(key: &str) -> bool {
    POOLED.contains(&key)
}

/// Measures a class, whose segments are added to `all`.
pub(super) fn of_class(choice: &Choice, ids: &Ids, all: &mut Segments) -> Result<Vec<Score>> {
    let mut scores = Vec::new();
    if choice.wants_any(&POOLED) {
        let image = segments(choice, ids)?;
        let counts = counts(ids);
        scores.extend(values(&image, counts).filter(|(key, _)| choice.wants(key)).map(|(_, score)| score));
        all.merge(&image);
    }
    if choice.wants(LESIONS) {
        scores.push(lesions(choice, ids)?);
    }
    Ok(scores)
}

/// The numbers of segments; `counts` are the pixels of the same images.
pub(super) fn values(
    segments: &Segments,
    counts: ClassReport,
) -> impl Iterator<Item = (&'static str, Score)> {
    let class = segments.quality;
    let values = [
        class.panoptic_quality(),
        class.segmentation_quality(),
        class.recognition_quality(),
        instance_iou(&segments.instances, counts),
    ];
    POOLED.into_iter().zip(values.map(Score::from))
}

/// Pixels of a component weigh the mean size of components over its own: then all of them together weigh the labelled pixels,
/// and what is found of them the mean share that is found of a component.
fn instance_iou(instances: &InstanceIou<2>, counts: ClassReport) -> Option<f64> {
    let found = instances.iou(1, &Confusion::new(IGNORE)).unwrap_or(0.0);
    let union = counts.positives() + counts.false_positive;
    (union != 0).then(|| found * counts.positives() as f64 / union as f64)
}

fn counts(ids: &Ids) -> ClassReport {
    let mut counts = ClassReport::default();
    let [prediction, labels] = ids.masks();
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

/// The components of two masks, and how they meet. Memory goes with the pixels, and there are as many as there are.
struct Pairs {
    /// Of the components of the labels, in the order of their numbers.
    labels: Vec<SegmentArea>,
    predictions: Vec<SegmentArea>,
    /// Places of both, and the pixels that they share.
    shared: Vec<([usize; 2], u64)>,
}

impl Pairs {
    fn new(
        shape: Shape,
        [prediction, label]: [&dyn Fn(usize) -> bool; 2],
        is_void: impl Fn(usize) -> bool,
        connectivity: Connectivity,
    ) -> Result<Self> {
        let mut numbers = [(); 2].map(|()| vec![0; shape.pixels()]);
        let mut areas = [Vec::new(), Vec::new()];
        for ((numbers, areas), mask) in numbers.iter_mut().zip(&mut areas).zip([label, prediction]) {
            let count = components::label(shape, mask, connectivity, numbers)?;
            areas.resize(count as usize, SegmentArea::default());
        }
        let [labels, predictions] = &numbers;
        let mut shared: Vec<([usize; 2], u64)> = Vec::new();
        for (pixel, (label, prediction)) in labels.iter().zip(predictions).enumerate() {
            // Numbers begin with 1; 0 is no component.
            let places = [*label, *prediction].map(|number| (number as usize).checked_sub(1));
            for (place, areas) in places.into_iter().zip(&mut areas) {
                if let Some(area) = place.and_then(|place| areas.get_mut(place)) {
                    area.pixels += 1;
                    area.void += u64::from(is_void(pixel));
                }
            }
            if let [Some(label), Some(prediction)] = places {
                match shared.last_mut() {
                    Some((pair, pixels)) if *pair == [label, prediction] => *pixels += 1,
                    _ => shared.push(([label, prediction], 1)),
                }
            }
        }
        shared.sort_unstable();
        shared.dedup_by(|(pair, more), (kept, pixels)| {
            let is_same = pair == kept;
            *pixels += if is_same { *more } else { 0 };
            is_same
        });
        let [labels, predictions] = areas;
        Ok(Self { labels, predictions, shared })
    }
}

fn segments(choice: &Choice, ids: &Ids) -> Result<Segments> {
    let of = |ids: &[u8], pixel: usize| ids.get(pixel) == Some(&1);
    let masks: [&dyn Fn(usize) -> bool; 2] =
        [&|pixel| of(&ids.prediction, pixel), &|pixel| of(&ids.labels, pixel)];
    let is_void = |pixel: usize| ids.labels.get(pixel) == Some(&IGNORE);
    let connectivity = choice.detail.connectivity.unwrap_or(Connectivity::Eight);
    let Pairs { labels, predictions, shared } = Pairs::new(ids.shape, masks, is_void, connectivity)?;
    let mut segments = Segments::default();
    let (mut is_found, mut is_right) = (vec![false; labels.len()], vec![false; predictions.len()]);
    let mut hits = vec![0; labels.len()];
    for ([label, prediction], both) in shared {
        hits[label] += both;
        if segments.quality.push_pair(labels[label], predictions[prediction], both) {
            (is_found[label], is_right[prediction]) = (true, true);
        }
    }
    for ((area, is_found), hits) in labels.into_iter().zip(is_found).zip(hits) {
        segments.quality.push_unmatched((!is_found).then_some(area), None);
        segments.instances.push_instance(1, area.pixels, hits);
    }
    for (area, is_right) in predictions.into_iter().zip(is_right) {
        segments.quality.push_unmatched(None, (!is_right).then_some(area));
    }
    Ok(segments)
}

/// [`segmeter::core::metric::LesionWise`] without dilation, of any number of components.
fn lesions(choice: &Choice, ids: &Ids) -> Result<Score> {
    let [prediction, label] = ids.masks();
    let connectivity = choice.detail.connectivity.unwrap_or(Connectivity::Eight);
    let Pairs { labels, predictions, shared } =
        Pairs::new(ids.shape, [&prediction, &label], |_| false, connectivity)?;
    let mut report = LesionReport::default();
    let mut is_near = vec![false; predictions.len()];
    // Pairs come in the order of the labels.
    let mut pairs = shared.into_iter().peekable();
    for (place, area) in labels.into_iter().enumerate() {
        let (mut predicted, mut both) = (0, 0);
        while let Some(([_, prediction], pixels)) = pairs.next_if(|([label, _], _)| *label == place) {
            predicted += predictions[prediction].pixels;
            both += pixels;
            is_near[prediction] = true;
        }
        if both == 0 {
            report.missed += 1;
        } else {
            let dice = 2.0 * both as f64 / (predicted + area.pixels) as f64;
            report.found_dice.push(Score::Value(dice));
        }
    }
    report.false_positive = is_near.iter().filter(|is_near| !**is_near).count() as u64;
    Ok(report.dice().into())
}
