//! Segments: the components of a class are its instances, since masks have no others.

use segmeter::core::Result;
use segmeter::core::metric::{
    ClassReport, Confusion, InstanceIou, LesionReport, PanopticClass, Score, SegmentArea,
};
use segmeter::core::plane::Bits;
use segmeter::core::plane::components::{self, Connectivity, Run};
use segmeter::core::view::IGNORE;
use segmeter::shapes::ClassMask;

use super::choice::Choice;

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
    /// As they are kept.
    pub(super) fn into_parts(self) -> (PanopticClass, InstanceIou<2>) {
        (self.quality, self.instances)
    }

    /// What was kept.
    pub(super) const fn of_parts((quality, instances): (PanopticClass, InstanceIou<2>)) -> Self {
        Self { quality, instances }
    }

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
pub(super) fn of_class(choice: &Choice, mask: &ClassMask, all: &mut Segments) -> Result<Vec<Score>> {
    let mut scores = Vec::new();
    if choice.wants_any(&POOLED) {
        let image = segments(choice, mask)?;
        let counts = counts(mask);
        scores.extend(values(&image, counts).filter(|(key, _)| choice.wants(key)).map(|(_, score)| score));
        all.merge(&image);
    }
    if choice.wants(LESIONS) {
        scores.push(lesions(choice, mask)?);
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

fn counts(mask: &ClassMask) -> ClassReport {
    let mut counts = ClassReport::default();
    for (prediction, label) in mask.prediction.iter().zip(&mask.labels) {
        counts.true_positive += u64::from((prediction & label).count_ones());
        counts.false_positive += u64::from((prediction & !label).count_ones());
        counts.false_negative += u64::from((!prediction & label).count_ones());
    }
    let others = counts.true_positive + counts.false_positive + counts.false_negative;
    counts.true_negative = mask.shape.pixels() as u64 - others;
    counts
}

/// The components of a mask.
struct Numbered {
    runs: Vec<Run>,
    /// Of every run, from 1.
    numbers: Vec<u32>,
    /// Of the components, in the order of their numbers.
    areas: Vec<SegmentArea>,
}

impl Numbered {
    fn new(mask: &ClassMask, words: &[u32], connectivity: Connectivity) -> Result<Self> {
        let mut words = words.to_vec();
        let bits = Bits::of_words(mask.shape, &mut words)?;
        let count = components::run_count(&bits);
        let (mut runs, mut numbers) = (vec![Run::default(); count], vec![0; count]);
        let count = components::label_runs(&bits, connectivity, &mut runs, &mut numbers)?;
        let mut areas = vec![SegmentArea::default(); count as usize];
        let line = mask.shape.width().div_ceil(32);
        for (run, number) in runs.iter().zip(&numbers) {
            let area = &mut areas[*number as usize - 1];
            area.pixels += u64::from(run.end - run.start);
            area.void += void(&mask.valid[run.row as usize * line..], run);
        }
        Ok(Self { runs, numbers, areas })
    }
}

/// Pixels of a run that are not scored, by the words of its row and those after it.
fn void(valid: &[u32], run: &Run) -> u64 {
    let (first, last) = (run.start as usize / 32, (run.end as usize - 1) / 32);
    let words = valid[first..=last].iter().enumerate().map(|(place, word)| {
        let low = if place == 0 { u32::MAX << (run.start % 32) } else { u32::MAX };
        let high = if first + place == last { u32::MAX >> (31 - (run.end - 1) % 32) } else { u32::MAX };
        u64::from((!word & low & high).count_ones())
    });
    words.sum()
}

/// The components of two masks, and how they meet. Memory goes with the runs, and there are as many as there are.
struct Pairs {
    /// Of the components of the labels, in the order of their numbers.
    labels: Vec<SegmentArea>,
    predictions: Vec<SegmentArea>,
    /// Places of both, and the pixels that they share.
    shared: Vec<([usize; 2], u64)>,
}

impl Pairs {
    /// Of labels, and of predicted words.
    fn new(mask: &ClassMask, predicted: &[u32], connectivity: Connectivity) -> Result<Self> {
        let labels = Numbered::new(mask, &mask.labels, connectivity)?;
        let predictions = Numbered::new(mask, predicted, connectivity)?;
        let (mut shared, mut first) = (Vec::new(), 0);
        for (run, label) in labels.runs.iter().zip(&labels.numbers) {
            let is_past = |other: &&Run| (other.row, other.end) <= (run.row, run.start);
            first += predictions.runs[first..].iter().take_while(is_past).count();
            let others = predictions.runs[first..].iter().zip(&predictions.numbers[first..]);
            for (other, number) in
                others.take_while(|(other, _)| (other.row, other.start) < (run.row, run.end))
            {
                let pixels = run.end.min(other.end) - run.start.max(other.start);
                // Numbers begin with 1.
                shared.push(([*label, *number].map(|number| number as usize - 1), u64::from(pixels)));
            }
        }
        shared.sort_unstable();
        shared.dedup_by(|(pair, more), (kept, pixels)| {
            let is_same = pair == kept;
            *pixels += if is_same { *more } else { 0 };
            is_same
        });
        Ok(Self { labels: labels.areas, predictions: predictions.areas, shared })
    }
}

fn segments(choice: &Choice, mask: &ClassMask) -> Result<Segments> {
    let connectivity = choice.detail.connectivity.unwrap_or(Connectivity::Eight);
    let Pairs { labels, predictions, shared } = Pairs::new(mask, &mask.predicted, connectivity)?;
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
fn lesions(choice: &Choice, mask: &ClassMask) -> Result<Score> {
    let connectivity = choice.detail.connectivity.unwrap_or(Connectivity::Eight);
    let Pairs { labels, predictions, shared } = Pairs::new(mask, &mask.prediction, connectivity)?;
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
