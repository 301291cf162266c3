//! Frames and verdicts for people, by blocks, and for programs, by frames.

use std::io::Write;

use comfy_table::{Attribute, Cell, Table};
use segmeter::core::drift::{Profile, Reasons, Signal, State};
use segmeter::core::num::Q16;
use serde_json::{Map, Value, json};

use super::{Observation, Summary};
use crate::command::Failure;
use crate::command::profile::decimal;
use crate::report;

/// Prints frame by frame, or collects blocks into a table.
pub(super) struct Printer {
    json: bool,
    table: Table,
    block_frames: usize,
    labelled: bool,
    block: Vec<Measured>,
    last: State,
}

/// What a block's row needs of a frame.
struct Measured {
    index: usize,
    signals: Option<[Q16; Signal::ALL.len()]>,
    iou: Option<f64>,
}

impl Printer {
    pub(super) fn new(json: bool, profile: &Profile, labelled: bool) -> Self {
        let mut header = vec!["frames"];
        header.extend(report::SIGNAL_HEADS);
        if labelled {
            header.push("iou");
        }
        header.extend(["state", "because of"]);
        let mut table = report::table(&header);
        for column in table.column_iter_mut().rev().take(2) {
            column.set_cell_alignment(comfy_table::CellAlignment::Left);
        }
        let block_frames = usize::from(profile.block_frames);
        Self { json, table, block_frames, labelled, block: Vec::new(), last: State::Unknown }
    }

    pub(super) fn frame(&mut self, out: &mut dyn Write, seen: &Observation) -> Result<(), Failure> {
        if self.json {
            report::json_line(out, &line(seen))?;
            return Ok(());
        }
        let signals = seen.signals.as_ref().map(|signals| signals.0);
        self.block.push(Measured { index: seen.index, signals, iou: seen.iou });
        let measured = self.block.iter().filter(|frame| frame.signals.is_some()).count();
        if measured == self.block_frames {
            self.row(seen.verdict.state, seen.verdict.reasons);
        }
        Ok(())
    }

    fn row(&mut self, state: State, reasons: Reasons) {
        let block = std::mem::take(&mut self.block);
        let (Some(first), Some(last)) = (block.first(), block.last()) else { return };
        let mut cells = vec![Cell::new(format!("{}..{}", first.index, last.index + 1))];
        for signal in 0..Signal::ALL.len() {
            let values: Vec<f64> =
                block.iter().filter_map(|f| f.signals.map(|s| decimal(s[signal]))).collect();
            cells.push(Cell::new(mean(&values).map_or("-".to_owned(), |mean| format!("{mean:.4}"))));
        }
        if self.labelled {
            let values: Vec<f64> = block.iter().filter_map(|frame| frame.iou).collect();
            cells.push(Cell::new(mean(&values).map_or("-".to_owned(), |mean| format!("{mean:.4}"))));
        }
        let changed = state != self.last && !(self.last == State::Unknown && state == State::Normal);
        self.last = state;
        let text =
            if changed { format!(">> {}", state.name().to_uppercase()) } else { state.name().to_owned() };
        let because = if state == State::Normal { String::new() } else { report::named_columns(reasons) };
        let tail = [Cell::new(text), Cell::new(because)];
        cells.extend(
            tail.into_iter().map(|cell| if changed { cell.add_attribute(Attribute::Bold) } else { cell }),
        );
        self.table.add_row(cells);
    }

    pub(super) fn summary(&mut self, out: &mut dyn Write, summary: &Summary) -> Result<(), Failure> {
        if self.json {
            let line = json!({
                "frames": summary.frames,
                "invalid": summary.invalid,
                "alarms": summary.alarms,
                "alarm_frames": summary.alarm_frames,
                "first_alarm": summary.first_alarm.map(|(frame, _)| frame),
            });
            report::json_line(out, &line)?;
            return Ok(());
        }
        if !self.block.is_empty() {
            // The monitor waits for the rest of this block.
            self.row(self.last, Reasons::default());
        }
        report::print(out, &self.table)?;
        writeln!(
            out,
            "{} frames in blocks of {}, {} invalid",
            summary.frames, self.block_frames, summary.invalid
        )?;
        match summary.first_alarm {
            Some((frame, reasons)) => writeln!(
                out,
                "ALARM after frame {frame} because of {} (alarms: {}, frames in alarm: {})",
                report::reasons(reasons).join(", "),
                summary.alarms,
                summary.alarm_frames
            )?,
            None => writeln!(out, "no alarm")?,
        }
        Ok(())
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// One frame for programs.
fn line(seen: &Observation) -> Value {
    let (mut statistics, mut distances) = (Map::new(), Map::new());
    for (i, signal) in Signal::ALL.into_iter().enumerate() {
        let value = seen.signals.as_ref().map_or(Value::Null, |s| Value::from(decimal(s.0[i])));
        let is_distance = matches!(signal, Signal::PopulationStability | Signal::Wasserstein);
        let family = if is_distance { &mut distances } else { &mut statistics };
        family.insert(signal.name().to_owned(), value);
    }
    let mut line = json!({
        "frame": seen.index,
        "name": seen.name,
        "valid": seen.signals.is_some(),
        "statistics": statistics,
        "distances": distances,
        "estimated_iou": null,
        "state": seen.verdict.state.name(),
        "reasons": report::reasons(seen.verdict.reasons),
    });
    if seen.labelled {
        line["iou"] = report::number(seen.iou);
    }
    line
}
