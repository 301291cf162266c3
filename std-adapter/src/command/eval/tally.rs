//! Counting, and what is read from the counts.

use segmeter::core::metric::calibration::brier;
use segmeter::core::metric::threshold::{auroc, average_precision};
use segmeter::core::metric::{Calibration, ClassReport, Confidence, Confusion};
use segmeter::core::sketch::Sketch;

use super::Failure;
use super::predict::{Pair, Reader};
use crate::report;

/// One id less than there are bytes: a prediction that is no class needs one that is none.
pub(super) const MOST_CLASSES: usize = 255;
const NO_CLASS: u8 = 255;

/// A metric and its value.
pub(super) type Named = (&'static str, Option<f64>);

/// What a confusion matrix says.
pub(super) struct Scores {
    pub(super) name: String,
    pub(super) pixels: u64,
    pub(super) ignored: u64,
    pub(super) classes: Vec<ClassReport>,
    /// Over all classes.
    pub(super) pooled: [Named; 6],
}

/// The whole evaluation.
pub(super) struct Evaluated {
    pub(super) pooled: Scores,
    pub(super) images: Vec<Scores>,
    pub(super) threshold: Option<[Named; 2]>,
    pub(super) calibration: Option<[Named; 2]>,
}

impl Evaluated {
    /// Mean over the images where it is defined of each pooled metric, and how many images were left out.
    pub(super) fn per_image_mean(&self) -> impl Iterator<Item = (Named, usize)> + '_ {
        self.pooled.pooled.iter().enumerate().map(|(i, (name, _))| {
            let values = || self.images.iter().filter_map(move |image| image.pooled[i].1);
            let defined = values().count();
            let mean = (defined != 0).then(|| values().sum::<f64>() / defined as f64);
            ((*name, mean), self.images.len() - defined)
        })
    }
}

/// The metrics of a class.
pub(super) fn of_class(class: &ClassReport) -> [Named; 6] {
    [
        ("iou", class.iou().value()),
        ("dice", class.dice().value()),
        ("precision", class.precision().value()),
        ("recall", class.recall().value()),
        ("specificity", class.specificity().value()),
        ("negative_predictive_value", class.negative_predictive_value().value()),
    ]
}

/// Counts all images in a matrix of at least this many classes.
pub(super) fn tally(reader: &Reader, classes: usize) -> Result<Evaluated, Failure> {
    match classes {
        0..=2 => matrix::<2>(reader, classes),
        3..=4 => matrix::<4>(reader, classes),
        5..=8 => matrix::<8>(reader, classes),
        9..=16 => matrix::<16>(reader, classes),
        17..=32 => matrix::<32>(reader, classes),
        33..=64 => matrix::<64>(reader, classes),
        65..=128 => matrix::<128>(reader, classes),
        _ => matrix::<MOST_CLASSES>(reader, classes),
    }
}

fn matrix<const C: usize>(reader: &Reader, classes: usize) -> Result<Evaluated, Failure> {
    let ignore = reader.labels().ignore();
    let mut pooled = Box::new(Confusion::<C>::new(ignore));
    let mut images = Vec::with_capacity(reader.len());
    let table = reader.table();
    let mut sketch = table.as_ref().map(|(quantiser, _)| Sketch::<u64>::new(quantiser));
    let bar = report::progress(reader.len());
    for pair in reader.pairs() {
        let pair = pair?;
        let mut confusion = Box::new(Confusion::<C>::new(ignore));
        count(&mut confusion, &pair, classes, ignore)
            .map_err(|e| reader.labels().explain(e, &pair.name, &format!("0 to {}", classes - 1)))?;
        pooled.merge(&confusion);
        images.push(scores(pair.name, &confusion, classes));
        if let (Some(all), Some(one)) = (&mut sketch, &pair.sketch) {
            all.merge(one).map_err(|e| Failure::Input(format!("{}: {e}", reader.path().display())))?;
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    let (mut threshold, mut calibration) = (None, None);
    if let (Some(sketch), Some((_, table))) = (&sketch, &table) {
        let reliability = Calibration::new(sketch, table, Confidence::TopLabel);
        threshold = Some([("auroc", auroc(sketch)), ("average_precision", average_precision(sketch))]);
        calibration = Some([("ece", reliability.expected_error()), ("brier", brier(sketch, table))]);
    }
    Ok(Evaluated { pooled: scores("all".to_owned(), &pooled, classes), images, threshold, calibration })
}

/// Ids from `classes` to `C` would be classes to the matrix, and are not.
fn count<const C: usize>(
    confusion: &mut Confusion<C>,
    pair: &Pair,
    classes: usize,
    ignore: u8,
) -> segmeter::core::Result<()> {
    let is_class = |id: u8| usize::from(id) < classes;
    if let Some((pixel, found)) =
        pair.labels.iter().enumerate().find(|(_, id)| !is_class(**id) && **id != ignore)
    {
        return Err(segmeter::core::Error::ClassId { found: *found, pixel });
    }
    if classes == C {
        return confusion.push_row(&pair.prediction, &pair.labels);
    }
    let known: Vec<u8> =
        pair.prediction.iter().map(|id| if is_class(*id) { *id } else { NO_CLASS }).collect();
    confusion.push_row(&known, &pair.labels)
}

fn scores<const C: usize>(name: String, confusion: &Confusion<C>, classes: usize) -> Scores {
    Scores {
        name,
        pixels: confusion.pixels(),
        ignored: confusion.ignored(),
        classes: (0..classes).map(|class| confusion.class(class)).collect(),
        pooled: [
            ("mean_iou", confusion.mean_iou()),
            ("frequency_weighted_iou", confusion.frequency_weighted_iou()),
            ("pixel_accuracy", confusion.pixel_accuracy().value()),
            ("mean_accuracy", confusion.mean_accuracy()),
            ("mcc", confusion.mcc()),
            ("kappa", confusion.kappa()),
        ],
    }
}
