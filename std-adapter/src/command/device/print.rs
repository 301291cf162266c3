//! Reports as they come in: a line each.

use std::io::{self, IsTerminal, Write};

use segmeter::core::drift::{Invalid, Reasons, Signal, State};
use segmeter::core::num::Q16;
use segmeter::verdict;
use segmeter_firmware::protocol::{Finding, LOSSES, Report, Scores};
use serde_json::{Map, Value, json};

use super::summary::Summary;
use crate::command::Failure;
use crate::report;
use crate::text::printable;

/// Prints reports.
pub(super) struct Printer {
    json: bool,
    columns: Vec<&'static Column>,
    /// Characters for the state and its reasons.
    room: usize,
    drift: bool,
    bold: bool,
    last: State,
    /// The first frame that ended in an alarm, and why.
    alarm: Option<(u32, Reasons)>,
}

/// A number of a report and what it is called.
struct Column {
    head: &'static str,
    of: fn(&Report) -> Option<f64>,
    needs: Needs,
}

/// What must have been sent for a number to be there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Frames,
    Labels,
    Profile,
}

/// All columns; where there is no room for all the first ones stay.
const COLUMNS: [Column; 14] = [
    Column { head: "iou", of: |report| iou(report.scores.as_ref()?), needs: Needs::Labels },
    // Of a profile that has learnt from labels.
    Column { head: "est.iou", of: |report| fixed(report.drift?.estimated_iou?[0]), needs: Needs::Profile },
    Column { head: "psi", of: |report| signal(report, Signal::PopulationStability), needs: Needs::Profile },
    Column { head: "w1", of: |report| signal(report, Signal::Wasserstein), needs: Needs::Profile },
    Column { head: "road", of: |report| fixed(report.statistics[0]), needs: Needs::Frames },
    Column { head: "entropy", of: |report| fixed(report.statistics[1]), needs: Needs::Frames },
    Column { head: "bce", of: |report| loss(report, "bce"), needs: Needs::Labels },
    Column { head: "dice", of: |report| loss(report, "dice"), needs: Needs::Labels },
    Column { head: "lovasz", of: |report| loss(report, "lovasz_hinge"), needs: Needs::Labels },
    Column { head: "tversky", of: |report| loss(report, "tversky"), needs: Needs::Labels },
    Column { head: "auroc", of: |report| report.scores.as_ref()?.auroc, needs: Needs::Labels },
    Column { head: "ece", of: |report| report.scores.as_ref()?.calibration_error, needs: Needs::Labels },
    Column { head: "margin", of: |report| fixed(report.statistics[2]), needs: Needs::Frames },
    Column { head: "lowconf", of: |report| fixed(report.statistics[3]), needs: Needs::Frames },
];

/// Of the number of a frame, of other numbers, and of the state with its reasons at the least.
const FRAME: usize = 5;
const NUMBER: usize = 8;
const STATE: usize = 21;

impl Printer {
    pub(super) fn new(json: bool, labelled: bool, drift: bool) -> Self {
        let width = usize::from(report::width()).saturating_sub(FRAME);
        let numbers = width.saturating_sub(if drift { STATE } else { 0 }) / (NUMBER + 1);
        let has = |column: &&Column| match column.needs {
            Needs::Frames => true,
            Needs::Labels => labelled,
            Needs::Profile => drift,
        };
        let columns: Vec<_> = COLUMNS.iter().filter(has).take(numbers).collect();
        let room = width.saturating_sub(columns.len() * (NUMBER + 1)).max(STATE);
        let bold = io::stdout().is_terminal();
        Self { json, columns, room, drift, bold, last: State::Unknown, alarm: None }
    }

    pub(super) fn start(&self, out: &mut dyn Write, board: &str) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        writeln!(out, "device: {}", printable(board))?;
        write!(out, "{:>FRAME$}", "frame")?;
        for column in &self.columns {
            write!(out, " {:>NUMBER$}", column.head)?;
        }
        writeln!(out, "{}", if self.drift { "  state" } else { "" })
    }

    pub(super) fn frame(&mut self, out: &mut dyn Write, report: &Report) -> Result<(), Failure> {
        let verdict = report.drift.map(|finding| finding.verdict());
        let changed = verdict.is_some_and(|verdict| verdict.state != self.last);
        if let Some(verdict) = verdict {
            self.last = verdict.state;
            if verdict.state == State::Alarm {
                self.alarm.get_or_insert((report.frame, verdict.reasons));
            }
        }
        if self.json {
            return Ok(report::json_line(out, &document(report))?);
        }
        write!(out, "{:>FRAME$}", report.frame)?;
        for column in &self.columns {
            write!(out, " {:>NUMBER$}", report::decimals((column.of)(report), 4))?;
        }
        if let Some(finding) = &report.drift {
            self.state(out, finding, changed)?;
        }
        writeln!(out)?;
        out.flush()?;
        Ok(())
    }

    fn state(&self, out: &mut dyn Write, finding: &Finding, changed: bool) -> io::Result<()> {
        let verdict = finding.verdict();
        if !changed {
            return write!(out, "  {}", verdict.state.name());
        }
        let because = if matches!(verdict.state, State::Watch | State::Alarm) {
            format!(": {}", report::named_columns(verdict.reasons))
        } else {
            String::new()
        };
        let text = format!(">> {}{because}", verdict.state.name().to_uppercase());
        let text = report::cut(&text, self.room - 2);
        if self.bold { write!(out, "  \x1b[1m{text}\x1b[0m") } else { write!(out, "  {text}") }
    }

    pub(super) fn summary(&self, out: &mut dyn Write, board: &str, summary: &Summary) -> Result<(), Failure> {
        let alarm = self.alarm.map(|(frame, _)| frame);
        if self.json {
            return summary.print(out, board, true, alarm);
        }
        writeln!(out)?;
        match self.alarm {
            Some((frame, reasons)) => {
                writeln!(
                    out,
                    "DRIFT DETECTED after frame {frame} because of {}",
                    verdict::reasons(reasons).join(", ")
                )?;
            }
            None if self.drift => writeln!(out, "no drift detected")?,
            None => {}
        }
        summary.print(out, board, false, alarm)
    }
}

/// A loss by its name.
fn loss(report: &Report, name: &str) -> Option<f64> {
    let place = LOSSES.iter().position(|loss| *loss == name)?;
    report.scores.as_ref()?.losses[place].map(f64::from)
}

fn fixed(raw: i32) -> Option<f64> {
    Some(Q16::from_raw(raw).to_f64())
}

fn iou(scores: &Scores) -> Option<f64> {
    let [hits, false_positive, false_negative, _] = scores.confusion.map(f64::from);
    let union = hits + false_positive + false_negative;
    (union > 0.0).then(|| hits / union)
}

fn signal(report: &Report, signal: Signal) -> Option<f64> {
    report.drift?.signals[signal as usize].and_then(fixed)
}

/// A report for programs.
fn document(report: &Report) -> Value {
    let fixed = |raw: i32| Value::from(f64::from(raw) / 65536.0);
    let names = ["road_fraction", "mean_entropy", "mean_margin", "low_confidence_fraction"];
    let mut statistics = Map::new();
    for (name, raw) in names.into_iter().zip(report.statistics) {
        statistics.insert(name.to_owned(), fixed(raw));
    }
    let mut line = json!({ "frame": report.frame, "pixels": report.pixels });
    if let Some(scores) = &report.scores {
        let mut losses = Map::new();
        for (name, value) in LOSSES.into_iter().zip(scores.losses) {
            losses.insert(name.to_owned(), value.map_or(Value::Null, Value::from));
        }
        let [hits, false_positive, false_negative, rest] = scores.confusion;
        line["losses"] = losses.into();
        line["confusion"] = json!({
            "true_positive": hits, "false_positive": false_positive,
            "false_negative": false_negative, "true_negative": rest,
        });
        line["iou"] = report::number(iou(scores));
        line["auroc"] = report::number(scores.auroc);
        line["average_precision"] = report::number(scores.average_precision);
        line["ece"] = report::number(scores.calibration_error);
    }
    if let Some(finding) = &report.drift {
        let mut distances = Map::new();
        for wanted in Signal::ALL {
            let family = match wanted {
                // Beside its interval, below.
                Signal::EstimatedIou => continue,
                Signal::PopulationStability | Signal::Wasserstein => &mut distances,
                _ => &mut statistics,
            };
            family.insert(wanted.name().to_owned(), report::number(signal(report, wanted)));
        }
        line["distances"] = distances.into();
        let estimate = ["estimated_iou", "estimated_iou_low", "estimated_iou_high"];
        let harm = ["iou_lost", "iou_lost_least", "iou_lost_most"];
        for (keys, numbers) in [(estimate, finding.estimated_iou), (harm, finding.harm)] {
            for (place, key) in keys.into_iter().enumerate() {
                line[key] = numbers.map_or(Value::Null, |numbers| fixed(numbers[place]));
            }
        }
        let invalid = finding.invalid.and_then(|place| Invalid::ALL.get(usize::from(place)));
        line["valid"] = invalid.is_none().into();
        line["invalid"] = invalid.map(|why| why.name()).into();
        line["state"] = finding.verdict().state.name().into();
        line["reasons"] = verdict::reasons(finding.verdict().reasons).into();
    }
    line["statistics"] = statistics.into();
    line["instructions"] = report.instructions.map_or(Value::Null, Value::from);
    line
}
