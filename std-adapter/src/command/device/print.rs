//! Reports as they come in: a line each.

use std::io::{self, IsTerminal, Write};

use segmeter::core::drift::{self, Reasons, Signal};
use segmeter::core::num::Q16;
use segmeter_firmware::protocol::{Finding, LOSSES, Report, Scores, State};
use serde_json::{Map, Value, json};

use super::Summary;
use crate::command::Failure;
use crate::report;

/// Prints reports.
pub(super) struct Printer {
    json: bool,
    labelled: bool,
    drift: bool,
    bold: bool,
    last: State,
    /// The first frame that ended in an alarm, and why.
    alarm: Option<(u32, Reasons)>,
}

/// What the columns are, and how wide.
const SCORES: [(&str, usize); 7] =
    [("bce", 8), ("dice", 8), ("tversky", 8), ("lovasz", 8), ("iou", 7), ("auroc", 7), ("ece", 7)];
const STATISTICS: [(&str, usize); 4] = [("road", 7), ("entropy", 8), ("margin", 7), ("lowconf", 8)];
const DISTANCES: [(&str, usize); 2] = [("psi", 8), ("w1", 7)];

/// The losses of the columns, by their place in a report.
const SHOWN: [&str; 4] = ["bce", "dice", "tversky", "lovasz_hinge"];

impl Printer {
    pub(super) fn new(json: bool, labelled: bool, drift: bool) -> Self {
        let bold = io::stdout().is_terminal();
        Self { json, labelled, drift, bold, last: State::Unknown, alarm: None }
    }

    pub(super) fn start(&self, out: &mut dyn Write, board: &str) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        writeln!(out, "device: {board}")?;
        write!(out, "{:>5}", "frame")?;
        let scores = SCORES.iter().filter(|_| self.labelled);
        let distances = DISTANCES.iter().filter(|_| self.drift);
        for (head, width) in scores.chain(&STATISTICS).chain(distances) {
            write!(out, " {head:>width$}")?;
        }
        writeln!(out, "{}", if self.drift { "  state" } else { "" })
    }

    pub(super) fn frame(&mut self, out: &mut dyn Write, report: &Report) -> Result<(), Failure> {
        let changed = report.drift.is_some_and(|finding| finding.state != self.last);
        if let Some(finding) = report.drift {
            self.last = finding.state;
            if finding.state == State::Alarm {
                self.alarm.get_or_insert((report.frame, Reasons(finding.reasons)));
            }
        }
        if self.json {
            return Ok(report::json_line(out, &document(report))?);
        }
        write!(out, "{:>5}", report.frame)?;
        if self.labelled {
            for (value, (_, width)) in cells(report.scores.as_ref()).into_iter().zip(SCORES) {
                write!(out, " {value:>width$}")?;
            }
        }
        for (value, (_, width)) in report.statistics.into_iter().zip(STATISTICS) {
            write!(out, " {:>width$.4}", Q16::from_raw(value).to_f32())?;
        }
        if let Some(finding) = &report.drift {
            for (value, (_, width)) in distances(finding).into_iter().zip(DISTANCES) {
                match value {
                    Some(value) => write!(out, " {value:>width$.4}")?,
                    None => write!(out, " {:>width$}", "-")?,
                }
            }
            self.state(out, finding, changed)?;
        }
        writeln!(out)?;
        out.flush()?;
        Ok(())
    }

    fn state(&self, out: &mut dyn Write, finding: &Finding, changed: bool) -> io::Result<()> {
        if !changed {
            return write!(out, "  {}", drift::State::from(finding.state).name());
        }
        let because = if matches!(finding.state, State::Watch | State::Alarm) {
            format!(": {}", report::named_columns(Reasons(finding.reasons)))
        } else {
            String::new()
        };
        let text = format!(">> {}{because}", drift::State::from(finding.state).name().to_uppercase());
        if self.bold { write!(out, "  \x1b[1m{text}\x1b[0m") } else { write!(out, "  {text}") }
    }

    pub(super) fn summary(&self, out: &mut dyn Write, board: &str, summary: &Summary) -> Result<(), Failure> {
        let per_pixel = summary.instructions_per_pixel();
        if self.json {
            let line = json!({
                "frames": summary.frames,
                "board": board,
                "instructions_per_pixel": report::number(per_pixel),
                "stack_bytes": summary.stack_bytes,
                "first_alarm": self.alarm.map(|(frame, _)| frame),
                "equal_to_host": summary.equal_to_host,
            });
            return Ok(report::json_line(out, &line)?);
        }
        writeln!(out)?;
        match self.alarm {
            Some((frame, reasons)) => {
                writeln!(
                    out,
                    "DRIFT DETECTED after frame {frame} because of {}",
                    report::reasons(reasons).join(", ")
                )?;
            }
            None if self.drift => writeln!(out, "no drift detected")?,
            None => {}
        }
        write!(out, "{} frames on {board}", summary.frames)?;
        if let Some(instructions) = per_pixel {
            write!(out, ", {instructions:.1} instructions per pixel from rows to report")?;
        }
        if let Some(bytes) = summary.stack_bytes {
            write!(out, ", {bytes} bytes of stack at most")?;
        }
        writeln!(out)?;
        match (summary.equal_to_host, summary.first_difference) {
            (Some(true), _) => writeln!(out, "EQUAL: every number is the desktop's, bit for bit")?,
            (Some(false), Some(frame)) => {
                writeln!(
                    out,
                    "DIFFERENT: the first report that is not the desktop's is that of frame {frame}"
                )?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// The columns of [`SCORES`].
fn cells(scores: Option<&Scores>) -> [String; 7] {
    let Some(scores) = scores else { return std::array::from_fn(|_| "-".to_owned()) };
    let text = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"));
    let shown = SHOWN.map(|name| {
        let value = LOSSES.iter().position(|loss| *loss == name).and_then(|place| scores.losses[place]);
        text(value.map(f64::from))
    });
    let [bce, dice, tversky, lovasz] = shown;
    [bce, dice, tversky, lovasz, text(iou(scores)), text(scores.auroc), text(scores.calibration_error)]
}

fn iou(scores: &Scores) -> Option<f64> {
    let [hits, false_positive, false_negative, _] = scores.confusion.map(f64::from);
    let union = hits + false_positive + false_negative;
    (union > 0.0).then(|| hits / union)
}

/// Population stability index, and Wasserstein distance in steps of a code.
fn distances(finding: &Finding) -> [Option<f32>; 2] {
    let value = |signal: Signal| {
        let place = Signal::ALL.iter().position(|other| *other == signal)?;
        finding.signals.map(|signals| Q16::from_raw(signals[place]).to_f32())
    };
    [value(Signal::PopulationStability), value(Signal::Wasserstein)]
}

/// A report for programs.
fn document(report: &Report) -> Value {
    let fixed = |raw: i32| Value::from(f64::from(raw) / 65536.0);
    let mut statistics = Map::new();
    for (signal, raw) in Signal::ALL.into_iter().zip(report.statistics) {
        statistics.insert(signal.name().to_owned(), fixed(raw));
    }
    let mut line = json!({ "frame": report.frame, "pixels": report.pixels, "statistics": statistics });
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
        for (place, signal) in Signal::ALL.into_iter().enumerate().skip(report.statistics.len()) {
            let value = finding.signals.map_or(Value::Null, |signals| fixed(signals[place]));
            distances.insert(signal.name().to_owned(), value);
        }
        line["distances"] = distances.into();
        line["state"] = drift::State::from(finding.state).name().into();
        line["reasons"] = report::reasons(Reasons(finding.reasons)).into();
    }
    line["instructions"] = report.instructions.map_or(Value::Null, Value::from);
    line
}
