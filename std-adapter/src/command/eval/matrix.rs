//! The confusion matrix, in numbers and as shares of the labels.

use std::io::Write;

use maud::{Markup, html};
use serde_json::{Value, json};

use super::Failure;
use super::print::Printed;
use crate::report;

/// Classes of which a page or a terminal shows the whole matrix; JSON has all.
const MOST: usize = 32;

/// Pixels by label and prediction; the last prediction is what is no class.
pub(super) struct Matrix(Vec<Vec<u64>>);

impl Matrix {
    /// Of these classes of a matrix; `labelled` are the pixels of each label.
    pub(super) fn new<const C: usize>(counts: &[[u64; C]; C], labelled: &[u64]) -> Self {
        let classes = labelled.len();
        let row = |(counts, labelled): (&[u64; C], &u64)| {
            let mut row = counts.get(..classes).unwrap_or_default().to_vec();
            row.push(labelled.saturating_sub(row.iter().sum()));
            row
        };
        Self(counts.iter().zip(labelled).map(row).collect())
    }

    /// The share of a label's pixels; none without such a label.
    fn shares(row: &[u64]) -> Vec<Option<f64>> {
        let all: u64 = row.iter().sum();
        row.iter().map(|count| (all != 0).then(|| *count as f64 / all as f64)).collect()
    }

    fn has_strangers(&self) -> bool {
        self.0.iter().any(|row| row.last().is_some_and(|count| *count != 0))
    }

    /// Rows are labels, columns predictions; predictions that are no class stand apart.
    pub(super) fn json(&self) -> Value {
        let square = |row: &[u64]| row[..self.0.len()].to_vec();
        let shares = |row: &[u64]| -> Value {
            Self::shares(row).into_iter().take(self.0.len()).map(report::number).collect()
        };
        json!({
            "counts": self.0.iter().map(|row| square(row)).collect::<Vec<_>>(),
            "normalised": self.0.iter().map(|row| shares(row)).collect::<Value>(),
            "no_class": self.0.iter().map(|row| row.last().copied().unwrap_or(0)).collect::<Vec<_>>(),
        })
    }

    fn heads<'a>(&self, printed: &'a Printed<'_>) -> Vec<&'a str> {
        let names = printed.names.iter().map(String::as_str);
        let strangers = if self.has_strangers() { Some("no class") } else { None };
        std::iter::once("label").chain(names).chain(strangers).collect()
    }

    pub(super) fn print(&self, printed: &Printed<'_>, out: &mut dyn Write) -> Result<(), Failure> {
        if self.0.len() > MOST {
            writeln!(out, "\nconfusion matrix of {} classes: --json or --report", self.0.len())?;
            return Ok(());
        }
        let heads: Vec<String> = self.heads(printed).into_iter().map(str::to_owned).collect();
        let rows = |cell: &dyn Fn(u64, Option<f64>) -> String| -> Vec<Vec<String>> {
            let row = |(name, row): (&String, &Vec<u64>)| {
                let cells = row.iter().zip(Self::shares(row)).map(|(count, share)| cell(*count, share));
                std::iter::once(name.clone()).chain(cells).take(heads.len()).collect()
            };
            printed.names.iter().zip(&self.0).map(row).collect()
        };
        writeln!(out, "\nconfusion matrix: pixels by label (rows) and prediction")?;
        report::fitted(out, &heads, |_| rows(&|count, _| count.to_string()))?;
        writeln!(out, "\nthe same as shares of the label, %")?;
        let percent = |share: Option<f64>| {
            share.map_or_else(|| "-".to_owned(), |share| format!("{:.1}", 100.0 * share))
        };
        Ok(report::fitted(out, &heads, |_| rows(&|_, share| percent(share)))?)
    }

    pub(super) fn html(&self, printed: &Printed<'_>) -> Markup {
        if self.0.len() > MOST {
            return html! {};
        }
        let width = self.heads(printed).len() - 1;
        html! {
            h2 { "Confusion matrix" }
            p { "Pixels by label (rows) and prediction (columns), and their share of the label." }
            table {
                thead { tr { @for head in self.heads(printed) { th { (head) } } } }
                tbody {
                    @for (name, row) in printed.names.iter().zip(&self.0) {
                        tr {
                            th { (name) }
                            @for (count, share) in row.iter().zip(Self::shares(row)).take(width) {
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
