//! `segmeter watch`.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use segmeter::core::drift::gate::{fingerprint, sketch_is_valid};
use segmeter::core::drift::{
    EstimatedIou, Facts, Invalid, Monitor, Profile, Reasons, Signals, State, Verdict,
};
use segmeter::core::metric::Confusion;
use segmeter::core::sketch::SigmoidTable;
use segmeter::files::{self, Elements, Image, Slot, Source};

use super::input::Input;
use super::measure::{LabelArguments, SomeLabels, measure, quantised};
use super::{Common, Failure, Outcome};
use crate::report;

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
    /// Write an HTML report: the timeline of every signal
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
struct Observation {
    index: usize,
    name: String,
    /// Nothing, if it could not be measured.
    signals: Signals,
    invalid: Option<Invalid>,
    estimate: Option<EstimatedIou>,
    verdict: Verdict,
    iou: Option<f64>,
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
    if let Some(path) = &arguments.report {
        files::check_writable(path)?;
    }
    let bytes = files::read(&arguments.profile)?;
    let profile = files::profile::read(&bytes).map_err(|e| e.at(&arguments.profile))?;
    let (source, slots) = arguments.input.open(&arguments.recording)?;
    let labels = arguments.labels.open(&source, &slots)?;
    let table = SigmoidTable::new(&profile.quantiser);
    let mut watch = Watch { profile: &profile, table: &table, monitor: Monitor::new() };
    let mut summary = Summary::default();
    let mut printer = Printer::new(common.json, &profile, labels.is_some());
    let mut seen = Vec::new();
    let bar = report::progress(slots.len());
    for slot in &slots {
        let image = source.image(slot.index)?;
        check_codes(arguments, &profile, &image, &source, slot.index)?;
        let observation = watch.observe(&source, *slot, &image, labels.as_ref())?;
        summary.add(&observation);
        bar.suspend(|| printer.frame(out, &observation))?;
        bar.inc(1);
        if arguments.report.is_some() {
            seen.push(observation);
        }
    }
    bar.finish_and_clear();
    printer.summary(out, &summary)?;
    if let Some(path) = &arguments.report {
        let page = html::page(&profile, &arguments.recording, &seen, &summary);
        files::write_atomically(path, |out| out.write_all(page.as_bytes()))?;
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
    fn observe(
        &mut self,
        source: &Source,
        slot: Slot,
        image: &Image,
        labels: Option<&SomeLabels>,
    ) -> Result<Observation, Failure> {
        let (profile, table) = (self.profile, self.table);
        let frame = measure(source, slot, image, profile.quantiser, labels)?;
        let sketch = &frame.sketch;
        let measured = if profile.identity.fits(image.shape.height(), image.shape.width()) {
            sketch_is_valid(sketch)
        } else {
            Err(Invalid::Shape)
        }
        .and_then(|()| Signals::new(sketch, &frame.outline, table, profile).ok_or(Invalid::Missing));
        let facts = Facts { fingerprint: fingerprint(sketch), ..Facts::default() };
        let before = *self.monitor.invalid_frames();
        let verdict =
            self.monitor.observe(profile, measured.as_ref().map(|s| (s, &facts)).map_err(|why| *why));
        let counts = self.monitor.invalid_frames();
        let invalid = Invalid::ALL.into_iter().find(|why| before[*why as usize] != counts[*why as usize]);
        let has_labels = sketch.labelled(0) + sketch.labelled(1) != 0;
        let iou = has_labels.then(|| Confusion::of_sketch(sketch, table).class(1).iou().value()).flatten();
        let estimate = EstimatedIou::new(sketch, &profile.calibration, table);
        Ok(Observation {
            index: slot.index,
            name: source.name(slot.index),
            signals: measured.unwrap_or_default(),
            invalid,
            estimate: estimate.filter(|_| profile.calibration.is_learnt()),
            verdict,
            iou,
        })
    }
}

impl Summary {
    fn add(&mut self, seen: &Observation) {
        self.frames += 1;
        self.invalid += usize::from(seen.invalid.is_some());
        if let (Some(estimate), Some(iou)) = (&seen.estimate, seen.iou) {
            self.estimated.0 += 1;
            self.estimated.1 += (estimate.value.to_f64() - iou).abs();
        }
        let (state, before) = (seen.verdict.state, self.last);
        self.last = state;
        if state != State::Alarm {
            return;
        }
        self.alarm_frames += 1;
        if before != State::Alarm {
            self.alarms += 1;
            self.first_alarm.get_or_insert((seen.index, seen.verdict.reasons));
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
        Some((scale, zero_point)) => {
            format!("{:?} 8-bit, scale {scale}, zero point {zero_point}", profile.quantiser.encoding())
        }
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
