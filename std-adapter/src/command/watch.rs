//! `segmeter watch`.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use segmeter::core::drift::{Facts, Invalid, Monitor, Observation, Profile, Reasons, Signal, State};
use segmeter::core::metric::Confusion;
use segmeter::core::sketch::SigmoidTable;
use segmeter::files::{self, Image, Slot, Source};

use super::input::{Broken, Coder, Input};
use super::measure::{LabelArguments, SomeLabels, measure};
use super::{Common, Failure, Outcome};
use crate::{output, report};

mod further;
mod html;
mod print;

use further::Further;
use print::Printer;

#[derive(Args)]
pub(super) struct Arguments {
    /// Scores of frames, 8-bit or floats, in the order of their time
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
    /// For programs.
    further: Further,
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
    /// Of these, by what they are.
    reasons: BTreeMap<&'static str, usize>,
    /// How often the state became an alarm.
    alarms: usize,
    alarm_frames: usize,
    first_alarm: Option<(usize, Reasons)>,
    /// Of frames with labels and an estimate: how many, and the sum of its errors.
    estimated: (usize, f64),
    last: State,
}

pub(super) fn run(arguments: &Arguments, common: &Common, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let inputs = [&arguments.recording, &arguments.profile].into_iter().cloned();
    let inputs = inputs.chain(arguments.labels.files()).chain(arguments.input.files()).collect::<Vec<_>>();
    let [report] = output::open([("--report", &arguments.report)], common.json, &inputs)?;
    let bytes = files::read(&arguments.profile)?;
    let profile = files::profile::read(&bytes).map_err(|e| e.at(&arguments.profile))?;
    let (source, slots) = arguments.input.open(&arguments.recording)?;
    let labels = arguments.labels.open(&source, &slots)?;
    let table = SigmoidTable::new(&profile.quantiser);
    let mut watch = Watch { profile: &profile, table: &table, monitor: Monitor::new(), json: common.json };
    let mut summary = Summary::default();
    let mut printer = Printer::new(common.json, &profile, labels.is_some());
    let mut shown = Vec::new();
    let first = arguments.input.first(&source, &slots)?;
    let known = Some((profile.quantiser, arguments.profile.as_path()));
    let coder = Coder::new(&arguments.input, &first.elements, source.path(), known)?;
    let mut broken = Vec::new();
    let bar = report::progress(slots.len());
    for slot in &slots {
        let frame = match source.image(slot.index) {
            Ok(image) => {
                let (shape, channels, order) = (image.shape, image.channels, image.order);
                match coder.codes(image.elements, slot.index, source.path())? {
                    Some(elements) => {
                        let image = Image { shape, channels, order, elements };
                        watch.show(&source, *slot, &image, labels.as_ref())?
                    }
                    None => watch.refuse(&source, *slot, Invalid::NotFinite),
                }
            }
            Err(error) if arguments.input.keeps_going() => {
                broken.push(Failure::from(error));
                watch.refuse(&source, *slot, Invalid::Missing)
            }
            Err(error) => return Err(error.into()),
        };
        summary.add(&frame);
        bar.suspend(|| printer.frame(out, &frame))?;
        bar.inc(1);
        if report.is_some() {
            shown.push(frame);
        }
    }
    bar.finish_and_clear();
    Broken::of(broken.iter(), source.path(), slots.len())?.note();
    coder.note(source.path());
    labels.iter().for_each(SomeLabels::note);
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
    json: bool,
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
        let further =
            if self.json { Further::new(image, profile, table, sketch) } else { Further::default() };
        Ok(Shown { index: slot.index, name: source.name(slot.index), seen, iou, further })
    }
}

impl Watch<'_> {
    /// A frame that cannot be measured.
    fn refuse(&mut self, source: &Source, slot: Slot, why: Invalid) -> Shown {
        let verdict = self.monitor.observe(self.profile, Err(why));
        let seen = Observation { statistics: None, signals: Err(why), estimate: None, verdict };
        Shown {
            index: slot.index,
            name: source.name(slot.index),
            seen,
            iou: None,
            further: Further::default(),
        }
    }
}

impl Summary {
    fn add(&mut self, shown: &Shown) {
        self.frames += 1;
        if let Err(invalid) = shown.seen.signals {
            self.invalid += 1;
            *self.reasons.entry(invalid.name()).or_default() += 1;
        }
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
