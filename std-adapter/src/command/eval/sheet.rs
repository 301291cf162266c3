//! An evaluation as CSV: a row for every class of every image, and of all images together.

use std::io::{self, Write};

use segmeter::core::metric::ClassReport;

use super::choice::Choice;
use super::scores::Scores;
use super::tally::Evaluated;
use crate::text::cell;

/// The counts of a class by name.
pub(super) const fn counts(class: ClassReport) -> [(&'static str, u64); 4] {
    [
        ("true_positive", class.true_positive),
        ("false_positive", class.false_positive),
        ("false_negative", class.false_negative),
        ("true_negative", class.true_negative),
    ]
}

/// Writes the file.
pub(super) fn csv(
    out: &mut dyn Write,
    choice: &Choice,
    names: &[String],
    result: &Evaluated,
) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    let head =
        ["image", "class", "id"].into_iter().chain(counts(ClassReport::default()).map(|(name, _)| name));
    let metrics = choice.class_metrics.iter().map(|(name, _)| *name);
    writer.write_record(head.chain(metrics).chain(result.shape_keys.iter().copied()))?;
    for scores in result.images.iter().chain([&result.pooled]) {
        for (id, name) in names.iter().enumerate() {
            writer.write_record(row(choice, scores, id, name, result.shape_keys.len()))?;
        }
    }
    writer.flush()
}

fn row(choice: &Choice, scores: &Scores, id: usize, name: &str, shapes: usize) -> Vec<String> {
    let number = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
    let class = scores.classes[id];
    let mut row = vec![cell(&scores.name), cell(name), id.to_string()];
    row.extend(counts(class).map(|(_, count)| count.to_string()));
    row.extend(
        choice
            .class_metrics
            .iter()
            .map(|(name, metric)| number(choice.score(name, *metric, id, class).value())),
    );
    // A class whose shape is not measured has blanks.
    let shape = |place: usize| scores.shapes[id].get(place).and_then(|score| score.value());
    row.extend((0..shapes).map(|place| number(shape(place).filter(|value| value.is_finite()))));
    row
}
