//! The images with the lowest scores, and where they are wrong.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use png::{BitDepth, ColorType, Encoder};
use segmeter::core::metric::{ClassMetric, Score};
use segmeter::means::mean_of;

use super::Failure;
use crate::command::eval::choice::{Choice, metric_of};
use crate::command::eval::predict::{IGNORED, Pair, Reader};
use crate::command::eval::scores::Scores;
use crate::command::eval::tally::Evaluated;

/// Images that are shown.
const MOST: usize = 8;
/// Columns of a map; larger images lose pixels.
pub(in crate::command::eval) const MOST_COLUMNS: usize = 640;

/// What a pixel of a map is, and its colour: of Okabe and Ito, and greys.
pub(in crate::command::eval) const LEGEND: [(&str, [u8; 3]); 6] = [
    ("true positive", [0, 114, 178]),
    ("false positive", [213, 94, 0]),
    ("false negative", [240, 228, 66]),
    ("another class", [204, 121, 167]),
    ("true negative", [236, 236, 236]),
    ("ignored", [128, 128, 128]),
];

/// Metrics of shapes that are worse if they are larger.
const ERRORS: [&str; 5] = ["hausdorff", "hd95", "assd", "masd", "betti_error"];

/// An image and where it is wrong.
pub(super) struct Shown {
    pub(super) name: String,
    pub(super) value: f64,
    /// A PNG as a data URI.
    pub(super) map: String,
    /// As the image is.
    pub(super) size: (usize, usize),
}

/// Refuses a metric that images have no number of.
pub(in crate::command::eval) fn check(choice: &Choice, by: &str) -> Result<(), Failure> {
    let of_class = choice.class_metrics.iter().map(|(name, _)| *name);
    let shapes = crate::command::eval::shape::keys(choice);
    let known: Vec<_> = of_class.chain(["mean_iou"]).chain(shapes).collect();
    if known.contains(&by) {
        return Ok(());
    }
    let line = format!("found --worst-by {by}, expected one of the wanted metrics {}", known.join(", "));
    Err(Failure::Input(line))
}

/// The metric of classes of this name. The mean IoU is there whether or not the IoU is wanted.
fn class_metric(choice: &Choice, by: &str) -> Option<(&'static str, ClassMetric)> {
    let listed = if by == "mean_iou" { "iou" } else { by };
    let iou = (listed == "iou").then_some(("iou", ClassMetric::Iou));
    choice.class_metrics.iter().find(|(name, _)| *name == listed).copied().or(iou)
}

/// How bad a value is: the larger the worse.
fn badness(choice: &Choice, by: &str, value: f64) -> f64 {
    let is_error = match class_metric(choice, by) {
        // A difference, which may be either way.
        Some((_, ClassMetric::RelativeVolumeDifference)) => return value.abs(),
        Some((_, ClassMetric::AbsoluteRelativeVolumeDifference)) => true,
        // Without a bound a metric is a benefit.
        Some((_, metric)) => metric.worst().is_some_and(|worst| worst > 0.0),
        None => ERRORS.contains(&metric_of(by)),
    };
    if is_error { value } else { -value }
}

/// The metric of an image: for a metric of classes, the mean over them.
fn value(choice: &Choice, result: &Evaluated, image: &Scores, by: &str) -> Option<f64> {
    if let Some((name, metric)) = class_metric(choice, by) {
        let classes = image.classes.iter().enumerate();
        return mean_of(classes.map(|(id, class)| choice.score(name, metric, id, *class)));
    }
    let place = result.shape_keys.iter().position(|key| *key == by)?;
    let scores = || image.shapes.iter().filter_map(|class| class.get(place).copied());
    // What is infinitely wrong is the worst.
    let is_infinite = scores().filter_map(Score::value).any(f64::is_infinite);
    if is_infinite { Some(f64::INFINITY) } else { mean_of(scores()) }
}

/// The metric of every image that has one.
pub(super) fn values(choice: &Choice, result: &Evaluated, by: &str) -> Vec<(usize, f64)> {
    let value = |(place, image)| Some((place, value(choice, result, image, by)?));
    result.images.iter().enumerate().filter_map(value).collect()
}

/// The worst images, from the worst on.
pub(super) fn worst(
    reader: &Reader,
    choice: &Choice,
    result: &Evaluated,
    by: &str,
) -> Result<Vec<Shown>, Failure> {
    let mut values = values(choice, result, by);
    values.sort_by(|(_, a), (_, b)| badness(choice, by, *b).total_cmp(&badness(choice, by, *a)));
    let shown = |(place, value): (usize, f64)| {
        let pair = reader.pair(place)?;
        let map = map(&pair).map_err(|e| Failure::Input(format!("error map of image {}: {e}", pair.name)))?;
        let size = (pair.shape.width(), pair.shape.height());
        Ok(Shown { name: pair.name, value, map, size })
    };
    values.into_iter().take(MOST).map(shown).collect()
}

/// A place in the legend: class 0 is taken as the background.
pub(in crate::command::eval) const fn kind(prediction: u16, label: u16) -> u8 {
    match (prediction, label) {
        (_, IGNORED) => 5,
        (0, 0) => 4,
        (0, _) => 2,
        (_, 0) => 1,
        (prediction, label) if prediction == label => 0,
        _ => 3,
    }
}

/// The map of an image as a PNG with a palette.
fn map(pair: &Pair) -> Result<String, png::EncodingError> {
    let width = pair.shape.width();
    let step = width.div_ceil(MOST_COLUMNS);
    let (prediction, labels) = (pair.prediction.each(), pair.labels.each());
    let rows = || prediction.chunks(width).zip(labels.chunks(width)).step_by(step);
    let of_row = |(prediction, labels): (&[u16], &[u16])| {
        let pixels = prediction.iter().zip(labels).step_by(step);
        pixels.map(|(prediction, label)| kind(*prediction, *label)).collect::<Vec<_>>()
    };
    let size = (width.div_ceil(step) as u32, pair.shape.height().div_ceil(step) as u32);
    picture(size, &rows().flat_map(of_row).collect::<Vec<_>>())
}

/// Places in the legend, row by row, as a data URI.
pub(in crate::command::eval) fn picture(
    (columns, lines): (u32, u32),
    kinds: &[u8],
) -> Result<String, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, columns, lines);
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_palette(LEGEND.map(|(_, colour)| colour).concat());
    encoder.write_header()?.write_image_data(kinds)?;
    Ok(format!("data:image/png;base64,{}", STANDARD.encode(bytes)))
}
