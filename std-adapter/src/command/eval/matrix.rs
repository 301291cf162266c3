//! The confusion matrix, in numbers and as shares of the labels.

use std::io::Write;

use maud::{Markup, html};
use segmeter::core::metric::ConfusionView;
use serde_json::{Value, json};

use super::Failure;
use super::count::Counts;
use super::predict::IGNORED;
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

    /// Adds an image. `None` if a label of it is no class.
    pub(super) fn push(&mut self, counts: &Counts) -> Option<()> {
        counts.each().try_for_each(|(label, predicted, pixels)| self.add(label, predicted, pixels))
    }

    fn add(&mut self, label: u16, predicted: u16, pixels: u64) -> Option<()> {
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

    fn heads<'a>(&self, names: &'a [String]) -> Vec<&'a str> {
        let names = names.iter().map(String::as_str);
        let no_class = if self.has_foreign() { Some("no class") } else { None };
        std::iter::once("label").chain(names).chain(no_class).collect()
    }

    pub(super) fn print(&self, names: &[String], out: &mut dyn Write) -> Result<(), Failure> {
        let classes = self.foreign.len();
        if classes > MOST {
            writeln!(out, "\nconfusion matrix of {classes} classes: --json")?;
            return Ok(());
        }
        let heads: Vec<String> = self.heads(names).into_iter().map(str::to_owned).collect();
        let rows = |cell: &dyn Fn(u64, Option<f64>) -> String| -> Vec<Vec<String>> {
            let row = |(name, row): (&String, Vec<u64>)| {
                let cells = row.iter().zip(Self::shares(&row)).map(|(count, share)| cell(*count, share));
                std::iter::once(name.clone()).chain(cells).take(heads.len()).collect()
            };
            names.iter().zip(self.rows()).map(row).collect()
        };
        writeln!(out, "\nconfusion matrix: pixels by label (rows) and prediction")?;
        report::fitted(out, &heads, 1, |_| rows(&|count, _| count.to_string()))?;
        writeln!(out, "\nthe same as shares of the label, %")?;
        let percent = |share: Option<f64>| {
            share.map_or_else(|| "-".to_owned(), |share| format!("{:.1}", 100.0 * share))
        };
        Ok(report::fitted(out, &heads, 1, |_| rows(&|_, share| percent(share)))?)
    }

    pub(super) fn html(&self, names: &[String]) -> Markup {
        if self.foreign.len() > MOST {
            return html! {};
        }
        let width = self.heads(names).len() - 1;
        html! {
            h2 { "Confusion matrix" }
            p { "Pixels by label (rows) and prediction (columns), and their share of the label." }
            table {
                thead { tr { @for head in self.heads(names) { th { (head) } } } }
                tbody {
                    @for (name, row) in names.iter().zip(self.rows()) {
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
