//! Frames and verdicts for people, by blocks, and for programs, by frames.

use std::io::Write;

use segmeter::core::drift::{Profile, Reasons, Signal, State};
use serde_json::{Map, Value, json};

use super::further::CHART;
use super::{Shown, Summary};
use crate::command::Failure;
use crate::report;

/// Of the reasons of a row; JSON has all of them.
const LONGEST_REASONS: usize = 24;

/// Prints frame by frame, or collects blocks into a table.
pub(super) struct Printer {
    json: bool,
    rows: Vec<Vec<String>>,
    /// The signals in the order of their columns.
    order: [usize; Signal::ALL.len()],
    block_frames: usize,
    labelled: bool,
    block: Vec<Measured>,
    /// Complete blocks so far.
    blocks: u32,
    last: State,
    /// Reasons of the row before: a row has them only if they are others.
    because: String,
    /// What no line has.
    off: Value,
}

/// What a block's row needs of a frame.
struct Measured {
    index: usize,
    signals: [Option<f64>; Signal::ALL.len()],
    iou: Option<f64>,
}

impl Printer {
    pub(super) fn new(json: bool, profile: &Profile, labelled: bool) -> Self {
        // What an estimate says of the mask matters most.
        let estimate = Signal::ALL.iter().position(|signal| *signal == Signal::EstimatedIou).unwrap_or(0);
        let mut order: [usize; Signal::ALL.len()] = std::array::from_fn(|place| place);
        order[..=estimate].rotate_right(1);
        let block_frames = usize::from(profile.rules.block_frames);
        Self {
            json,
            rows: Vec::new(),
            order,
            block_frames,
            labelled,
            block: Vec::new(),
            blocks: 0,
            last: State::Unknown,
            because: String::new(),
            off: Value::Null,
        }
    }

    pub(super) fn frame(&mut self, out: &mut dyn Write, shown: &Shown) -> Result<(), Failure> {
        if self.json {
            report::json_line(out, &line(shown, self.labelled))?;
            if self.off.is_null() && shown.seen.signals.is_ok() {
                self.off = shown.further.off();
            }
            return Ok(());
        }
        let signals = Signal::ALL.map(|signal| shown.signal(signal));
        self.block.push(Measured { index: shown.index, signals, iou: shown.iou });
        let verdict = shown.seen.verdict;
        if verdict.blocks != self.blocks {
            self.blocks = verdict.blocks;
            self.row(verdict.state, verdict.reasons);
        }
        Ok(())
    }

    fn row(&mut self, state: State, reasons: Reasons) {
        let block = std::mem::take(&mut self.block);
        let (Some(first), Some(last)) = (block.first(), block.last()) else { return };
        let changed = state != self.last && !(self.last == State::Unknown && state == State::Normal);
        self.last = state;
        let text =
            if changed { format!(">> {}", state.name().to_uppercase()) } else { state.name().to_owned() };
        let named = report::named_columns(reasons);
        let because =
            if state == State::Normal || named == self.because { String::new() } else { named.clone() };
        self.because = named;
        let because = report::cut(&because, LONGEST_REASONS);
        let mut cells = vec![format!("{}..{}", first.index, last.index + 1), text, because];
        let mean = |values: &mut dyn Iterator<Item = f64>| {
            let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
            report::decimals((count != 0).then(|| sum / f64::from(count)), 3)
        };
        if self.labelled {
            cells.push(mean(&mut block.iter().filter_map(|frame| frame.iou)));
        }
        for signal in self.order {
            cells.push(mean(&mut block.iter().filter_map(|frame| frame.signals[signal])));
        }
        self.rows.push(cells);
    }

    /// The columns for which there is room: reasons and estimates come first.
    fn table(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let mut heads = vec!["frames", "state", "because of"];
        if self.labelled {
            heads.push("iou");
        }
        heads.extend(self.order.map(|signal| report::SIGNAL_HEADS[signal]));
        let heads: Vec<String> = heads.into_iter().map(str::to_owned).collect();
        Ok(report::fitted(out, &heads, 3, |_| self.rows.clone())?)
    }

    pub(super) fn summary(&mut self, out: &mut dyn Write, summary: &Summary) -> Result<(), Failure> {
        if self.json {
            let line = json!({
                "frames": summary.frames,
                "invalid": summary.invalid,
                "alarms": summary.alarms,
                "alarm_frames": summary.alarm_frames,
                "first_alarm": summary.first_alarm.map(|(frame, _)| frame),
                "estimated_iou_error": report::number(summary.estimate_error()),
                "chart": CHART,
                "off": self.off,
            });
            report::json_line(out, &line)?;
            return Ok(());
        }
        if !self.block.is_empty() {
            // The monitor waits for the rest of this block.
            self.row(self.last, Reasons::default());
        }
        self.table(out)?;
        let (frames, blocks, invalid) = (summary.frames, self.block_frames, summary.invalid);
        let reasons: Vec<String> =
            summary.reasons.iter().map(|(reason, frames)| format!("{reason} {frames}")).collect();
        let reasons = if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join(", ")) };
        writeln!(out, "{frames} frames in blocks of {blocks}, {invalid} invalid{reasons}")?;
        if let Some(error) = summary.estimate_error() {
            let frames = summary.estimated.0;
            writeln!(out, "estimated IoU: mean absolute error {error:.4} on {frames} frames with labels")?;
        }
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

/// One frame for programs.
fn line(shown: &Shown, labelled: bool) -> Value {
    let (mut statistics, mut distances) = (Map::new(), Map::new());
    for signal in Signal::ALL {
        let value = report::number(shown.signal(signal));
        match signal {
            // Beside its interval, below.
            Signal::EstimatedIou => continue,
            Signal::PopulationStability | Signal::Wasserstein => &mut distances,
            _ => &mut statistics,
        }
        .insert(signal.name().to_owned(), value);
    }
    // What the monitor sees comes first, under its names.
    for (map, further) in
        [(&mut statistics, &shown.further.statistics), (&mut distances, &shown.further.distances)]
    {
        for (name, value) in further.iter().filter(|(name, _)| *name != Signal::EstimatedIou.name()) {
            map.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    let estimate = |of: fn(&segmeter::core::drift::EstimatedIou) -> segmeter::core::num::Q16| {
        report::number(shown.seen.estimate.as_ref().map(|estimate| of(estimate).to_f64()))
    };
    let mut line = json!({
        "frame": shown.index,
        "name": shown.name,
        "valid": shown.seen.signals.is_ok(),
        "invalid": shown.seen.signals.err().map(segmeter::core::drift::Invalid::name),
        "statistics": statistics,
        "distances": distances,
        "estimated_iou": estimate(|estimate| estimate.value),
        "estimated_iou_low": estimate(|estimate| estimate.low),
        "estimated_iou_high": estimate(|estimate| estimate.high),
        "state": shown.seen.verdict.state.name(),
        "reasons": report::reasons(shown.seen.verdict.reasons),
    });
    if labelled {
        line["iou"] = report::number(shown.iou);
    }
    line
}
