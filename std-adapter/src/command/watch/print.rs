//! Frames and verdicts for people, by blocks, and for programs, by frames.

use std::io::Write;

use segmeter::core::drift::{EstimatedIou, Harm, Profile, Signal, State};
use segmeter::core::num::Q16;
use serde_json::{Map, Value, json};

use super::further::CHART;
use super::{Shown, Summary, advice};
use crate::command::Failure;
use crate::report;

/// Of the reasons of a row; JSON has all of them.
const LONGEST_REASONS: usize = 24;

/// Prints frame by frame, or collects blocks into a table.
pub(super) struct Printer {
    json: bool,
    rows: Vec<Vec<String>>,
    /// The signals in the order of their columns.
    order: Vec<usize>,
    block_frames: usize,
    by_class: bool,
    labelled: bool,
    /// Whether estimates have an interval.
    calibrated: bool,
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
    /// Of the estimate.
    interval: Option<[f64; 2]>,
    iou: Option<f64>,
}

impl Printer {
    pub(super) fn new(json: bool, profiles: &[Profile], labelled: bool) -> Self {
        // What an estimate says of the mask matters most.
        let estimate = Signal::ALL.iter().position(|signal| *signal == Signal::EstimatedIou).unwrap_or(0);
        let mut order: Vec<usize> = (0..Signal::ALL.len()).collect();
        order[..=estimate].rotate_right(1);
        let by_class = profiles.iter().any(|profile| profile.identity.classes != 0);
        // All else is of each class.
        order.truncate(if by_class { 1 } else { order.len() });
        let block_frames = profiles.iter().map(|profile| usize::from(profile.rules.block_frames)).max();
        Self {
            json,
            rows: Vec::new(),
            order,
            block_frames: block_frames.unwrap_or(1),
            by_class,
            labelled,
            calibrated: advice::is_learnt(profiles),
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
        let interval = shown.seen.estimate.map(|estimate| [estimate.low.to_f64(), estimate.high.to_f64()]);
        self.block.push(Measured { index: shown.index, signals, interval, iou: shown.iou });
        let verdict = shown.seen.verdict;
        // Blocks of classes are not of one length.
        if self.by_class && self.block.len() == self.block_frames
            || !self.by_class && verdict.blocks != self.blocks
        {
            self.blocks = verdict.blocks;
            self.row(verdict.state, &shown.because);
        }
        Ok(())
    }

    fn row(&mut self, state: State, named: &str) {
        let block = std::mem::take(&mut self.block);
        let (Some(first), Some(last)) = (block.first(), block.last()) else { return };
        let changed = state != self.last && !(self.last == State::Unknown && state == State::Normal);
        self.last = state;
        let text =
            if changed { format!(">> {}", state.name().to_uppercase()) } else { state.name().to_owned() };
        let because = if state == State::Normal || named == self.because { "" } else { named };
        let because = report::cut(because, LONGEST_REASONS);
        named.clone_into(&mut self.because);
        let mut cells = vec![format!("{}..{}", first.index, last.index + 1), text, because];
        let mean = |values: &mut dyn Iterator<Item = f64>| {
            let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
            report::decimals((count != 0).then(|| sum / f64::from(count)), 3)
        };
        if self.labelled {
            cells.push(mean(&mut block.iter().filter_map(|frame| frame.iou)));
        }
        for signal in self.order.iter().copied() {
            cells.push(mean(&mut block.iter().filter_map(|frame| frame.signals[signal])));
            if self.has_interval(signal) {
                let bound = |bound: usize| {
                    let bounds = block.iter().filter_map(|frame| frame.interval.map(|bounds| bounds[bound]));
                    let (sum, count) = bounds.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
                    report::decimals((count != 0).then(|| sum / f64::from(count)), 2)
                };
                cells.push(format!("{}-{}", bound(0), bound(1)));
            }
        }
        self.rows.push(cells);
    }

    /// Whether a signal's column has one of its interval beside it.
    fn has_interval(&self, signal: usize) -> bool {
        self.calibrated && signal == Signal::EstimatedIou as usize
    }

    /// The columns for which there is room: reasons and estimates come first.
    fn table(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let mut heads = vec!["frames", "state", "because of"];
        if self.labelled {
            heads.push("iou");
        }
        for signal in self.order.iter().copied() {
            heads.push(report::SIGNAL_HEADS[signal]);
            heads.extend(self.has_interval(signal).then_some("90 %"));
        }
        let heads: Vec<String> = heads.into_iter().map(str::to_owned).collect();
        Ok(report::fitted(out, &heads, 3, |_| self.rows.clone())?)
    }

    pub(super) fn summary(
        &mut self,
        out: &mut dyn Write,
        summary: &Summary,
        profiles: &[Profile],
    ) -> Result<(), Failure> {
        if self.json {
            let line = json!({
                "frames": summary.frames,
                "invalid": summary.invalid,
                "alarms": summary.alarms,
                "alarm_frames": summary.alarm_frames,
                "watch_frames": summary.watched.0,
                "first_alarm": summary.first_alarm.as_ref().map(|alarm| alarm.frame),
                "iou_lost": report::number(summary.worst.map(|(_, harm)| harm.lost.to_f64())),
                "advice": advice::lines(summary, profiles),
                "estimated_iou_error": report::number(summary.estimate_error()),
                "chart": CHART,
                "off": self.off,
            });
            report::json_line(out, &line)?;
            return Ok(());
        }
        if !self.block.is_empty() {
            // The monitor waits for the rest of this block.
            self.row(self.last, "");
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
        match &summary.first_alarm {
            Some(alarm) => {
                let (reasons, alarms, frames) =
                    (alarm.reasons.join(", "), summary.alarms, summary.alarm_frames);
                let line = format!(
                    "ALARM after frame {} because of {reasons} (alarms: {alarms}, frames in alarm: {frames})",
                    alarm.frame
                );
                report::sentence(out, &line)?;
            }
            None if summary.watched.0 != 0 => {
                let (frames, first) = summary.watched;
                let line =
                    format!("no alarm, but {frames} frames in state watch, the first of them frame {first}");
                report::sentence(out, &line)?;
            }
            None => writeln!(out, "no alarm")?,
        }
        Ok(advice::lines(summary, profiles).iter().try_for_each(|line| report::sentence(out, line))?)
    }
}

/// One frame for programs.
fn line(shown: &Shown, labelled: bool) -> Value {
    let (mut statistics, mut distances) = (Map::new(), Map::new());
    for signal in Signal::ALL {
        let value = report::number(shown.signal(signal));
        match signal {
            Signal::PopulationStability | Signal::Wasserstein => &mut distances,
            _ => &mut statistics,
        }
        .insert(signal.name().to_owned(), value);
    }
    // What the monitor sees comes first, under its names.
    for (map, further) in
        [(&mut statistics, &shown.further.statistics), (&mut distances, &shown.further.distances)]
    {
        for (name, value) in further {
            map.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    let estimate = |of: fn(&EstimatedIou) -> Q16| {
        report::number(shown.seen.estimate.as_ref().map(|estimate| of(estimate).to_f64()))
    };
    let harm = |of: fn(&Harm) -> Q16| report::number(shown.seen.harm.as_ref().map(|harm| of(harm).to_f64()));
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
        "iou_lost": harm(|harm| harm.lost),
        "iou_lost_least": harm(|harm| harm.least),
        "iou_lost_most": harm(|harm| harm.most),
        "state": shown.seen.verdict.state.name(),
        "reasons": shown.reasons,
    });
    if !shown.classes.is_empty() {
        // Each class has its own.
        line.as_object_mut().map(|line| [line.remove("statistics"), line.remove("distances")]);
        line["classes"] = shown.classes.iter().map(|class| self::line(class, labelled)).collect();
    }
    if let Some(class) = shown.class {
        line["class"] = class.into();
    }
    if labelled {
        line["iou"] = report::number(shown.iou);
    }
    line
}
