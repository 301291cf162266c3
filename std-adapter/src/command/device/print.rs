//! Reports as they come in: a line each.

use std::io::{self, IsTerminal, Write};

use segmeter::core::drift::{Invalid, Reasons, Signal, State};
use segmeter::core::num::Q16;
use segmeter_firmware::protocol::{Finding, LOSSES, Report, Scores};
use serde_json::{Map, Value, json};

use super::Summary;
use crate::command::Failure;
use crate::report;
use crate::text::printable;

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
const SIGNALS: [(&str, Signal, usize); 2] =
    [("psi", Signal::PopulationStability, 8), ("w1", Signal::Wasserstein, 7)];
/// The estimated IoU, of a profile that has learnt from labels.
const ESTIMATE: (&str, usize) = ("est.iou", 7);

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
        writeln!(out, "device: {}", printable(board))?;
        write!(out, "{:>5}", "frame")?;
        let scores = SCORES.iter().filter(|_| self.labelled);
        let signals = SIGNALS.iter().map(|(head, _, width)| (*head, *width)).chain([ESTIMATE]);
        let signals = signals.filter(|_| self.drift);
        for (head, width) in scores.chain(&STATISTICS).copied().chain(signals) {
            write!(out, " {head:>width$}")?;
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
            let estimate = finding.estimated_iou.map(|[value, _, _]| Q16::from_raw(value).to_f64());
            let signals = SIGNALS.map(|(_, wanted, width)| (signal(finding, wanted), width));
            for (value, width) in signals.into_iter().chain([(estimate, ESTIMATE.1)]) {
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
        write!(out, "{} frames on {}", summary.frames, printable(board))?;
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

fn signal(finding: &Finding, signal: Signal) -> Option<f64> {
    finding.signals[signal as usize].map(|raw| Q16::from_raw(raw).to_f64())
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
            family.insert(wanted.name().to_owned(), report::number(signal(finding, wanted)));
        }
        line["distances"] = distances.into();
        for (place, key) in
            ["estimated_iou", "estimated_iou_low", "estimated_iou_high"].into_iter().enumerate()
        {
            line[key] = finding.estimated_iou.map_or(Value::Null, |estimate| fixed(estimate[place]));
        }
        let invalid = finding.invalid.and_then(|place| Invalid::ALL.get(usize::from(place)));
        line["valid"] = invalid.is_none().into();
        line["invalid"] = invalid.map(|why| why.name()).into();
        line["state"] = finding.verdict().state.name().into();
        line["reasons"] = report::reasons(finding.verdict().reasons).into();
    }
    line["statistics"] = statistics.into();
    line["instructions"] = report.instructions.map_or(Value::Null, Value::from);
    line
}
