//! The confusion matrix, in numbers and as shares of the labels.

use std::io::Write;

use maud::{Markup, html};
use segmeter::core::metric::ConfusionView;
use serde_json::{Value, json};

use super::Failure;
use super::predict::IGNORED;
use super::print::Printed;
use crate::report;

/// Classes of which a page or a terminal shows the whole matrix; JSON has all.
const MOST: usize = 32;

/// Pixels by label and prediction of any number of classes.
#[derive(Clone)]
pub(super) struct Matrix {
    /// Row after row, one for each label.
    counts: Vec<u64>,
    /// Scored pixels of every label whose prediction is no class.
    foreign: Vec<u64>,
    /// Classes that are in no mean.
    left_out: Vec<u16>,
    pub(super) ignored: u64,
}

impl Matrix {
    /// No pixel yet.
    pub(super) fn new(classes: usize, left_out: &[usize]) -> Self {
        let left_out = left_out.iter().filter_map(|id| u16::try_from(*id).ok()).collect();
        Self { counts: vec![0; classes * classes], foreign: vec![0; classes], left_out, ignored: 0 }
    }

    /// Adds an image, run by run: neighbours are often the same. Fails with the first label that is no class, and its pixel.
    pub(super) fn push(&mut self, prediction: &[u16], labels: &[u16]) -> Result<(), (usize, u16)> {
        let mut start = 0;
        while let (Some(predicted), Some(label)) = (prediction.get(start), labels.get(start)) {
            let run = run([*predicted, *label], &prediction[start..], &labels[start..]);
            self.add(*predicted, *label, run as u64).ok_or((start, *label))?;
            start += run;
        }
        Ok(())
    }

    fn add(&mut self, predicted: u16, label: u16, pixels: u64) -> Option<()> {
        let (predicted, place, classes) = (usize::from(predicted), usize::from(label), self.foreign.len());
        let count = if label == IGNORED {
            &mut self.ignored
        } else if predicted < classes && place < classes {
            self.counts.get_mut(place * classes + predicted)?
        } else {
            self.foreign.get_mut(place)?
        };
        *count += pixels;
        Some(())
    }

    /// Adds other images.
    pub(super) fn merge(&mut self, other: &Self) {
        let counts = self.counts.iter_mut().zip(&other.counts);
        let foreign = self.foreign.iter_mut().zip(&other.foreign);
        counts
            .chain(foreign)
            .chain([(&mut self.ignored, &other.ignored)])
            .for_each(|(all, more)| *all += more);
    }

    /// What metrics are read from.
    pub(super) fn view(&self) -> ConfusionView<'_> {
        match ConfusionView::new(&self.counts, &self.foreign, &self.left_out) {
            Ok(view) => view,
            // The counts were made as the square of the others.
            Err(error) => unreachable!("{error}"),
        }
    }

    /// How far the ids of labels are from those of predictions, if far more agree when they are counted from there.
    pub(super) fn offset(&self) -> Option<i32> {
        let classes = self.foreign.len();
        // Of two classes this is a prediction that is wrong.
        let at = |offset: i32| {
            let counts = self.counts.iter().enumerate().filter(move |(place, _)| {
                let (label, predicted) = (place / classes.max(1), place % classes.max(1));
                label as i32 - predicted as i32 == offset
            });
            let counts: Vec<u64> = counts.map(|(_, count)| *count).filter(|count| *count != 0).collect();
            (counts.len(), counts.iter().sum::<u64>())
        };
        let all: u64 = self.counts.iter().chain(&self.foreign).sum();
        let (_, agreed) = at(0);
        let is_all = |(ids, pixels): (usize, u64)| ids > 1 && pixels > all / 4 && pixels / 2 > agreed;
        [1, -1].into_iter().find(|offset| is_all(at(*offset)))
    }

    pub(super) fn classes(&self) -> usize {
        self.foreign.len()
    }

    /// Whether something was predicted that is no class.
    pub(super) fn has_foreign(&self) -> bool {
        self.foreign.iter().any(|pixels| *pixels != 0)
    }

    /// Pixels of a label by prediction; the last prediction is what is no class.
    fn rows(&self) -> impl Iterator<Item = Vec<u64>> {
        let rows = self.counts.chunks(self.foreign.len().max(1)).zip(&self.foreign);
        rows.map(|(row, foreign)| row.iter().chain([foreign]).copied().collect())
    }

    /// The share of a label's pixels; none without such a label.
    fn shares(row: &[u64]) -> Vec<Option<f64>> {
        let all: u64 = row.iter().sum();
        row.iter().map(|count| (all != 0).then(|| *count as f64 / all as f64)).collect()
    }

    /// Rows are labels, columns predictions; predictions that are no class stand apart.
    pub(super) fn json(&self) -> Value {
        let classes = self.foreign.len();
        let shares = |row: Vec<u64>| -> Value {
            Self::shares(&row).into_iter().take(classes).map(report::number).collect()
        };
        json!({
            "counts": self.counts.chunks(classes.max(1)).collect::<Vec<_>>(),
            "normalised": self.rows().map(shares).collect::<Value>(),
            "no_class": self.foreign,
        })
    }

    fn heads<'a>(&self, printed: &'a Printed<'_>) -> Vec<&'a str> {
        let names = printed.names.iter().map(String::as_str);
        let no_class = if self.has_foreign() { Some("no class") } else { None };
        std::iter::once("label").chain(names).chain(no_class).collect()
    }

    pub(super) fn print(&self, printed: &Printed<'_>, out: &mut dyn Write) -> Result<(), Failure> {
        let classes = self.foreign.len();
        if classes > MOST {
            writeln!(out, "\nconfusion matrix of {classes} classes: --json")?;
            return Ok(());
        }
        let heads: Vec<String> = self.heads(printed).into_iter().map(str::to_owned).collect();
        let rows = |cell: &dyn Fn(u64, Option<f64>) -> String| -> Vec<Vec<String>> {
            let row = |(name, row): (&String, Vec<u64>)| {
                let cells = row.iter().zip(Self::shares(&row)).map(|(count, share)| cell(*count, share));
                std::iter::once(name.clone()).chain(cells).take(heads.len()).collect()
            };
            printed.names.iter().zip(self.rows()).map(row).collect()
        };
        writeln!(out, "\nconfusion matrix: pixels by label (rows) and prediction")?;
        report::fitted(out, &heads, 1, |_| rows(&|count, _| count.to_string()))?;
        writeln!(out, "\nthe same as shares of the label, %")?;
        let percent = |share: Option<f64>| {
            share.map_or_else(|| "-".to_owned(), |share| format!("{:.1}", 100.0 * share))
        };
        Ok(report::fitted(out, &heads, 1, |_| rows(&|_, share| percent(share)))?)
    }

    pub(super) fn html(&self, printed: &Printed<'_>) -> Markup {
        if self.foreign.len() > MOST {
            return html! {};
        }
        let width = self.heads(printed).len() - 1;
        html! {
            h2 { "Confusion matrix" }
            p { "Pixels by label (rows) and prediction (columns), and their share of the label." }
            table {
                thead { tr { @for head in self.heads(printed) { th { (head) } } } }
                tbody {
                    @for (name, row) in printed.names.iter().zip(self.rows()) {
                        tr {
                            th { (name) }
                            @for (count, share) in row.iter().zip(Self::shares(&row)).take(width) {
                                td style=(format!("background:rgba(0,114,178,{:.2})", 0.6 * share.unwrap_or(0.0))) {
                                    (count)
                                    @if let Some(share) = share { br; (format!("{:.1} %", 100.0 * share)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// How many pixels have these ids before one has others; several at once as long as they have.
fn run([predicted, label]: [u16; 2], prediction: &[u16], labels: &[u16]) -> usize {
    const BLOCK: usize = 16;
    let (blocks, label_blocks) = (prediction.as_chunks::<BLOCK>().0, labels.as_chunks::<BLOCK>().0);
    let is_all = |(prediction, labels): &(&[u16; BLOCK], &[u16; BLOCK])| {
        let others = prediction.iter().zip(*labels).map(|(a, b)| (a ^ predicted) | (b ^ label));
        others.fold(0, |others, other| others | other) == 0
    };
    let whole = blocks.iter().zip(label_blocks).take_while(is_all).count() * BLOCK;
    let rest = prediction[whole..].iter().zip(&labels[whole..]);
    whole + rest.take_while(|(a, b)| (**a, **b) == (predicted, label)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs of every length around that of a block.
    #[test]
    fn runs_are_counted_pixel_by_pixel() {
        let ids = |lengths: &[usize]| -> Vec<u16> {
            (0..).zip(lengths).flat_map(|(id, length)| vec![id % 3; *length]).collect()
        };
        let labels = ids(&[1, 15, 16, 17, 31, 32, 33, 47, 8]);
        for first in 0..40 {
            let prediction = ids(&[first, 33, 5, 200]);
            let (mut found, mut expected) = (Matrix::new(3, &[]), Matrix::new(3, &[]));
            found.push(&prediction[..labels.len()], &labels).unwrap();
            for (predicted, label) in prediction.iter().zip(&labels) {
                expected.add(*predicted, *label, 1).unwrap();
            }
            assert_eq!(found.counts, expected.counts, "{first}");
        }
        assert_eq!(Matrix::new(2, &[]).push(&labels, &labels), Err((16, 2)));
    }
}
