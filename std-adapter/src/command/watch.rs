//! `segmeter watch`.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use segmeter::core::drift::{Monitor, Profile, Reasons, Signals, State, Verdict};
use segmeter::core::metric::Confusion;
use segmeter::core::sketch::{SigmoidTable, Sketch};
use segmeter::core::view::{Code, Labels, Quantised};
use segmeter::files::{self, Elements, Image, Slot, Source};

use super::input::{Frames, Input, LabelInput, LabelReader};
use super::profile::{quantised, sketch};
use super::{Common, Failure, Outcome, refuse};

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
    /// Labels, for the IoU of the frames that have some
    #[arg(long, value_name = "DIR|FILE")]
    labels: Option<PathBuf>,
    /// The frames that a file of labels is for, in its order
    #[arg(long, value_name = "I,J,...", requires = "labels")]
    label_frames: Option<Frames>,
    /// Exit with 1 if this happens
    #[arg(long, value_enum)]
    fail_on: Option<FailOn>,
    /// Write an HTML report
    #[arg(long, value_name = "OUT.html")]
    report: Option<PathBuf>,
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    label_input: LabelInput,
}

#[derive(Clone, Copy, ValueEnum)]
enum FailOn {
    Alarm,
}

/// What one frame gave.
struct Observation {
    index: usize,
    name: String,
    signals: Option<Signals>,
    verdict: Verdict,
    /// Labels were asked for.
    labelled: bool,
    iou: Option<f64>,
}

/// What all frames gave.
#[derive(Default)]
struct Summary {
    frames: usize,
    invalid: u32,
    /// How often the state became an alarm.
    alarms: usize,
    alarm_frames: usize,
    first_alarm: Option<(usize, Reasons)>,
}

/// Labels of some frames.
struct SomeLabels {
    reader: LabelReader,
    /// Frames of a file of labels; `None`: all, or a directory's partners by name.
    frames: Option<Vec<usize>>,
}

pub(super) fn run(arguments: &Arguments, common: &Common, out: &mut dyn Write) -> Result<Outcome, Failure> {
    refuse(arguments.report.is_some(), "--report", "yet")?;
    let bytes = files::read(&arguments.profile)?;
    let profile = files::profile::read(&bytes).map_err(|e| e.at(&arguments.profile))?;
    let (source, slots) = arguments.input.open(&arguments.recording)?;
    let labels = open_labels(arguments, &source, &slots)?;
    let table = SigmoidTable::new(&profile.quantiser);
    let mut monitor = Monitor::default();
    let mut summary = Summary::default();
    let mut printer = Printer::new(common.json, &profile, labels.is_some());
    for slot in &slots {
        let image = source.image(slot.index)?;
        check_codes(arguments, &profile, &image, &source, slot.index)?;
        let sketch = sketch(&image, profile.quantiser)?;
        let signals = Signals::new(&sketch, &table, &profile.reference);
        let before = monitor.verdict();
        let verdict = monitor.observe(&profile, signals.as_ref());
        let iou = match &labels {
            Some(labels) => iou(labels, &source, *slot, &image, &profile, &table)?,
            None => None,
        };
        summary.add(slot.index, before, verdict);
        let (name, labelled) = (source.name(slot.index), labels.is_some());
        printer.frame(out, &Observation { index: slot.index, name, signals, verdict, labelled, iou })?;
    }
    printer.summary(out, &summary)?;
    let alarmed = summary.alarms != 0 && arguments.fail_on.is_some();
    Ok(if alarmed { Outcome::Negative } else { Outcome::Done })
}

impl Summary {
    fn add(&mut self, frame: usize, before: Verdict, verdict: Verdict) {
        self.frames += 1;
        self.invalid = verdict.invalid;
        if verdict.state != State::Alarm {
            return;
        }
        self.alarm_frames += 1;
        if before.state != State::Alarm {
            self.alarms += 1;
            self.first_alarm.get_or_insert((frame, verdict.reasons));
        }
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
    let found = if arguments.input.is_quantised() {
        quantised(arguments.input.quantiser(&image.elements, source.path())?, source, index)?
            == profile.quantiser
    } else {
        use segmeter::core::view::Encoding;
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

fn open_labels(
    arguments: &Arguments,
    source: &Source,
    slots: &[Slot],
) -> Result<Option<SomeLabels>, Failure> {
    let Some(path) = &arguments.labels else { return Ok(None) };
    let frames = match &arguments.label_frames {
        Some(frames) => Some(frames.indices(source.len()).map_err(|line| {
            Failure::Input(format!(
                "{}: {}",
                source.path().display(),
                line.replace("--frames", "--label-frames")
            ))
        })?),
        None => None,
    };
    let selected = frames.as_ref().map_or(slots.len(), Vec::len);
    let reader = arguments.label_input.open(path, source, selected)?;
    Ok(Some(SomeLabels { reader, frames }))
}

/// IoU of the foreground of one frame; `None` if it has no labels, or neither side has foreground.
fn iou(
    labels: &SomeLabels,
    source: &Source,
    slot: Slot,
    image: &Image,
    profile: &Profile,
    table: &SigmoidTable,
) -> Result<Option<f64>, Failure> {
    fn count<Q: Code>(
        image: &Image,
        codes: &[Q],
        labels: &Labels<'_>,
        profile: &Profile,
    ) -> segmeter::core::Result<Sketch> {
        Sketch::of(&Quantised::new(image.shape, codes, profile.quantiser)?, Some(labels))
    }
    let position = match &labels.frames {
        Some(frames) => frames.iter().position(|frame| *frame == slot.index),
        None => Some(slot.position),
    };
    let reader = &labels.reader;
    let Some(position) = position else { return Ok(None) };
    let slot = Slot { index: slot.index, position };
    if !reader.has(source, slot) {
        return Ok(None);
    }
    let ids = reader.ids(source, slot, image.shape)?;
    let explain = |e| reader.explain(e, &source.name(slot.index), "0, 1");
    let labels = Labels::new(image.shape, &ids, reader.ignore()).map_err(explain)?;
    let sketch = match &image.elements {
        Elements::I8(codes) => count(image, codes, &labels, profile),
        Elements::U8(codes) => count(image, codes, &labels, profile),
        Elements::F32(_) => return Ok(None),
    };
    let confusion = Confusion::of_sketch(&sketch.map_err(explain)?, table);
    Ok(confusion.class(1).iou().value())
}
