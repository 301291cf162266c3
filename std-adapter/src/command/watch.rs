//! `segmeter watch`.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use segmeter::core::drift::{Facts, Monitor, Observation, Profile, Reasons, Signal, State};
use segmeter::core::metric::Confusion;
use segmeter::core::sketch::SigmoidTable;
use segmeter::files::{self, Elements, Image, Slot, Source};

use super::input::Input;
use super::measure::{LabelArguments, SomeLabels, measure, quantised};
use super::{Common, Failure, Outcome};
use crate::{output, report};

mod html;
mod print;

use print::Printer;

#[derive(Args)]
pub(super) struct Arguments {
    /// 8-bit logits of frames, in the order of their time
    #[arg(value_name = "FRAMES")]
    recording: PathBuf,
    /// A profile of `segmeter profile`
    #[arg(long, value_name = "FILE")]
    profile: PathBuf,
    /// Exit with 1 if this happens
    #[arg(long, value_enum)]
    fail_on: Option<FailOn>,
    /// Write an HTML report: the timeline of every signal; - is stdout, where nothing else is printed then
    #[arg(long, value_name = "OUT.html")]
    report: Option<PathBuf>,
    #[command(flatten)]
    labels: LabelArguments,
    #[command(flatten)]
    input: Input,
}

#[derive(Clone, Copy, ValueEnum)]
enum FailOn {
    Alarm,
}

/// What one frame gave.
struct Shown {
    index: usize,
    name: String,
    seen: Observation,
    iou: Option<f64>,
}

impl Shown {
    fn signal(&self, signal: Signal) -> Option<f64> {
        self.seen.signals.ok()?.get(signal).map(|value| value.to_f64())
    }
}

/// What all frames gave.
#[derive(Default)]
struct Summary {
    frames: usize,
    invalid: usize,
    /// How often the state became an alarm.
    alarms: usize,
    alarm_frames: usize,
    first_alarm: Option<(usize, Reasons)>,
    /// Of frames with labels and an estimate: how many, and the sum of its errors.
    estimated: (usize, f64),
    last: State,
}

pub(super) fn run(arguments: &Arguments, common: &Common, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let [report] = output::open([("--report", &arguments.report)], common.json)?;
    let bytes = files::read(&arguments.profile)?;
    let profile = files::profile::read(&bytes).map_err(|e| e.at(&arguments.profile))?;
    let (source, slots) = arguments.input.open(&arguments.recording)?;
    let labels = arguments.labels.open(&source, &slots)?;
    let table = SigmoidTable::new(&profile.quantiser);
    let mut watch = Watch { profile: &profile, table: &table, monitor: Monitor::new() };
    let mut summary = Summary::default();
    let mut printer = Printer::new(common.json, &profile, labels.is_some());
    let mut shown = Vec::new();
    let bar = report::progress(slots.len());
    for slot in &slots {
        let image = source.image(slot.index)?;
        check_codes(arguments, &profile, &image, &source, slot.index)?;
        let frame = watch.show(&source, *slot, &image, labels.as_ref())?;
        summary.add(&frame);
        bar.suspend(|| printer.frame(out, &frame))?;
        bar.inc(1);
        if report.is_some() {
            shown.push(frame);
        }
    }
    bar.finish_and_clear();
    if !output::take_stdout(&[&report]) {
        printer.summary(out, &summary)?;
    }
    if let Some(report) = report {
        let page = html::page(&profile, &arguments.recording, &shown, &summary);
        report.write(out, |file| file.write_all(page.as_bytes()))?;
    }
    let alarmed = summary.alarms != 0 && arguments.fail_on.is_some();
    Ok(if alarmed { Outcome::Negative } else { Outcome::Done })
}

/// A monitor with what it needs.
struct Watch<'a> {
    profile: &'a Profile,
    table: &'a SigmoidTable,
    monitor: Monitor,
}

impl Watch<'_> {
    fn show(
        &mut self,
        source: &Source,
        slot: Slot,
        image: &Image,
        labels: Option<&SomeLabels>,
    ) -> Result<Shown, Failure> {
        let (profile, table) = (self.profile, self.table);
        let frame = measure(source, slot, image, profile.quantiser, labels)?;
        let sketch = &frame.sketch;
        let seen = self.monitor.watch(profile, table, sketch, &frame.outline, Facts::default());
        let has_labels = sketch.labelled(0) + sketch.labelled(1) != 0;
        let iou = has_labels.then(|| Confusion::of_sketch(sketch, table).class(1).iou().value()).flatten();
        Ok(Shown { index: slot.index, name: source.name(slot.index), seen, iou })
    }
}

impl Summary {
    fn add(&mut self, shown: &Shown) {
        self.frames += 1;
        self.invalid += usize::from(shown.seen.signals.is_err());
        if let (Some(estimate), Some(iou)) = (&shown.seen.estimate, shown.iou) {
            self.estimated.0 += 1;
            self.estimated.1 += (estimate.value.to_f64() - iou).abs();
        }
        let (state, before) = (shown.seen.verdict.state, self.last);
        self.last = state;
        if state != State::Alarm {
            return;
        }
        self.alarm_frames += 1;
        if before != State::Alarm {
            self.alarms += 1;
            self.first_alarm.get_or_insert((shown.index, shown.seen.verdict.reasons));
        }
    }

    /// Mean distance of the estimated IoU from that of the labels.
    fn estimate_error(&self) -> Option<f64> {
        let (frames, sum) = self.estimated;
        (frames != 0).then(|| sum / frames as f64)
    }
}

/// Codes must mean what they meant when the profile was learnt.
fn check_codes(
    arguments: &Arguments,
    profile: &Profile,
    image: &Image,
    source: &Source,
    index: usize,
) -> Result<(), Failure> {
    use segmeter::core::view::Encoding;
    let path = source.path();
    let found = if arguments.input.is_quantised() {
        quantised(arguments.input.quantiser(&image.elements, path)?, path, index)? == profile.quantiser
    } else {
        let encoding = profile.quantiser.encoding();
        matches!(
            (&image.elements, encoding),
            (Elements::I8(_), Encoding::Signed) | (Elements::U8(_), Encoding::Unsigned)
        )
    };
    if found {
        return Ok(());
    }
    let expected = match profile.quantiser.affine() {
        Some((scale, zero_point)) => format!(
            "{:?} 8-bit {:?}, scale {scale}, zero point {zero_point}",
            profile.quantiser.encoding(),
            profile.quantiser.activation()
        ),
        None => "u8 probabilities".to_owned(),
    };
    Err(Failure::Input(format!(
        "{}: found {} in image {index}, or another scale or zero point, expected {} as in {}",
        source.path().display(),
        image.elements.type_name(),
        expected.to_lowercase(),
        arguments.profile.display()
    )))
}
