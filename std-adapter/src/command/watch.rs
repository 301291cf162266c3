//! `segmeter watch`.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use segmeter::core::drift::{
    EstimatedIou, Facts, Harm, Invalid, Monitor, Observation, Profile, Reasons, Signal, Signals, State,
    Verdict,
};
use segmeter::core::metric::Confusion;
use segmeter::core::num::Q16;
use segmeter::core::sketch::SigmoidTable;
use segmeter::files::{self, Elements, Image, Slot, Source};
use segmeter::learn::Frame;
use segmeter::verdict;

use super::input::{Broken, Coder, Input};
use super::measure::{LabelArguments, Measure, SomeLabels};
use super::{Common, Failure, Outcome};
use crate::{output, report};

mod advice;
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

/// What one frame gave: of the network, or of one of its classes.
struct Shown {
    index: usize,
    name: String,
    /// Of a network of several.
    class: Option<u8>,
    seen: Observation,
    iou: Option<f64>,
    /// Why the state is what it is, in full and in the names of columns.
    reasons: Vec<String>,
    because: String,
    /// For programs.
    further: Further,
    /// Of every class that is watched, if there are several.
    classes: Vec<Self>,
}

impl Shown {
    fn new(index: usize, name: &str, seen: Observation) -> Self {
        let reasons = seen.verdict.reasons;
        Self {
            index,
            name: name.to_owned(),
            class: None,
            seen,
            iou: None,
            reasons: verdict::reasons(reasons),
            because: report::named_columns(reasons),
            further: Further::default(),
            classes: Vec::new(),
        }
    }

    fn signal(&self, signal: Signal) -> Option<f64> {
        self.seen.signals.ok()?.get(signal).map(|value| value.to_f64())
    }
}

/// Where the state became an alarm.
struct Alarm {
    frame: usize,
    conditions: Reasons,
    reasons: Vec<String>,
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
    first_alarm: Option<Alarm>,
    /// Where the most was believed to be lost in an alarm.
    worst: Option<(usize, Harm)>,
    /// Frames in [`State::Watch`], and the first of them.
    watched: (usize, usize),
    /// Of frames with labels and an estimate: how many, and the sum of its errors.
    estimated: (usize, f64),
    last: State,
}

pub(super) fn run(arguments: &Arguments, common: &Common, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let inputs = [&arguments.recording, &arguments.profile].into_iter().cloned();
    let inputs = inputs.chain(arguments.labels.files()).chain(arguments.input.files()).collect::<Vec<_>>();
    let [report] = output::open([("--report", &arguments.report)], common.json, &inputs)?;
    let bytes = files::read(&arguments.profile)?;
    let profiles = files::profile::read_all(&bytes).map_err(|e| e.at(&arguments.profile))?;
    let (source, slots) = arguments.input.open(&arguments.recording)?;
    let labels = arguments.labels.open((0, 1), &source, &slots)?;
    let first = arguments.input.first(&source, &slots)?;
    let (coder, measure) = coder(arguments, &profiles[0], &source, &first, labels.as_ref())?;
    let mut watch = Watch::new(&profiles, &source, &measure, common.json);
    let mut summary = Summary::default();
    let mut printer = Printer::new(common.json, &profiles, labels.is_some());
    let mut shown = Vec::new();
    let mut broken = Vec::new();
    let bar = report::progress(slots.len());
    for slot in &slots {
        let frame = match source.image(slot.index) {
            Ok(image) => match coder.codes(image, slot.index, source.path())? {
                Some(image) => watch.show(*slot, &image)?,
                None => watch.refuse(*slot, Invalid::NotFinite),
            },
            Err(error) if arguments.input.keeps_going() => {
                broken.push(Failure::from(error));
                watch.refuse(*slot, Invalid::Missing)
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
        printer.summary(out, &summary, &profiles)?;
    }
    if let Some(report) = report {
        let page = html::page(&profiles, &arguments.recording, &shown, &summary);
        report.write(out, |file| file.write_all(page.as_bytes()))?;
    }
    let alarmed = summary.alarms != 0 && arguments.fail_on.is_some();
    Ok(if alarmed { Outcome::Negative } else { Outcome::Done })
}

/// How frames become codes, and those what is measured: as the profile has it.
fn coder<'a>(
    arguments: &Arguments,
    profile: &Profile,
    source: &'a Source,
    first: &Image,
    labels: Option<&'a SomeLabels>,
) -> Result<(Coder, Measure<'a>), Failure> {
    let classes = usize::from(profile.identity.classes.max(1));
    if first.channels != classes {
        let text = |channels| match channels {
            1 => "one score per pixel".to_owned(),
            _ => format!("scores of {channels} classes"),
        };
        return Err(Failure::Input(format!(
            "{}: found {}, expected {} as in {}: say --layout, or learn a profile of such frames",
            source.path().display(),
            text(first.channels),
            text(classes),
            arguments.profile.display()
        )));
    }
    // The codes of one class against the rest have the step of the logits; probabilities, or unsigned codes, are said anew.
    let known = (profile.quantiser, arguments.profile.as_path());
    let is_known =
        classes == 1 || !arguments.input.is_quantised() && !matches!(first.elements, Elements::U8(_));
    let coder =
        Coder::new(&arguments.input, &first.elements, source.path(), Some(known).filter(|_| is_known))?;
    let measure = Measure::new(source, labels, classes, coder.quantiser())?;
    if measure.quantiser() != profile.quantiser {
        return Err(Failure::Input(format!(
            "{}: found codes of another step than in {}: say --scale, --zero-point and --probabilities as to `profile`",
            source.path().display(),
            arguments.profile.display()
        )));
    }
    Ok((coder, measure))
}

/// The monitor of a class, or of all there is.
struct Watched<'a> {
    profile: &'a Profile,
    monitor: Monitor,
}

/// Monitors with what they need.
struct Watch<'a> {
    watched: Vec<Watched<'a>>,
    source: &'a Source,
    measure: &'a Measure<'a>,
    table: SigmoidTable,
    json: bool,
}

impl<'a> Watch<'a> {
    fn new(profiles: &'a [Profile], source: &'a Source, measure: &'a Measure<'a>, json: bool) -> Self {
        let watched = profiles.iter().map(|profile| Watched { profile, monitor: Monitor::new() }).collect();
        Self { watched, source, measure, table: SigmoidTable::new(&measure.quantiser()), json }
    }

    fn show(&mut self, slot: Slot, image: &Image) -> Result<Shown, Failure> {
        let frames = self.measure.frames(slot, image)?;
        let is_one = self.measure.classes() == 1;
        let mut shown = Vec::with_capacity(self.watched.len());
        for Watched { profile, monitor } in &mut self.watched {
            let Some(Frame { sketch, outline }) = frames.get(usize::from(profile.identity.class)) else {
                continue;
            };
            let seen = monitor.watch(profile, &self.table, sketch, outline, Facts::default());
            let has_labels = sketch.labelled(0) + sketch.labelled(1) != 0;
            let iou = || Confusion::of_sketch(sketch, &self.table).class(1).iou().value();
            let further = if self.json && is_one {
                Further::new(image, profile, &self.table, sketch)
            } else {
                Further::default()
            };
            let mut of_class = Shown::new(slot.index, &self.source.name(slot.index), seen);
            (of_class.iou, of_class.further) = (has_labels.then(iou).flatten(), further);
            shown.push(of_class);
        }
        Ok(self.whole(shown))
    }

    /// A frame that cannot be measured.
    fn refuse(&mut self, slot: Slot, why: Invalid) -> Shown {
        let name = self.source.name(slot.index);
        let refused = |Watched { profile, monitor }: &mut Watched<'_>| {
            let verdict = monitor.observe(profile, Err(why));
            let seen =
                Observation { statistics: None, signals: Err(why), estimate: None, harm: None, verdict };
            Shown::new(slot.index, &name, seen)
        };
        let shown = self.watched.iter_mut().map(refused).collect();
        self.whole(shown)
    }

    /// What classes gave together.
    fn whole(&self, mut classes: Vec<Shown>) -> Shown {
        if self.measure.classes() == 1
            && let Some(single) = classes.pop()
        {
            return single;
        }
        let estimate = EstimatedIou::mean(classes.iter().map(|class| class.seen.estimate));
        // The network's own word as well.
        let words: Vec<Q16> =
            classes.iter().filter_map(|class| class.seen.signals.ok()?.get(Signal::EstimatedIou)).collect();
        let total = words.iter().map(|word| i64::from(word.raw())).sum();
        let mut signals = [None; Signal::ALL.len()];
        signals[Signal::EstimatedIou as usize] =
            (!words.is_empty()).then(|| Q16::ratio(total, (words.len() as u64) << 16));
        let ious: Vec<f64> = classes.iter().filter_map(|class| class.iou).collect();
        let seen = Observation {
            statistics: None,
            signals: classes.iter().try_fold(Signals(signals), |all, class| class.seen.signals.map(|_| all)),
            estimate,
            harm: classes.iter().filter_map(|class| class.seen.harm).max_by_key(|harm| harm.lost),
            verdict: Verdict::of_classes(classes.iter().map(|class| class.seen.verdict)).unwrap_or_default(),
        };
        let (index, name) = classes.first().map_or((0, ""), |class| (class.index, &class.name));
        let mut whole = Shown::new(index, name, seen);
        whole.iou = (!ious.is_empty()).then(|| ious.iter().sum::<f64>() / ious.len() as f64);
        for (watched, class) in self.watched.iter().zip(&mut classes) {
            class.class = Some(watched.profile.identity.class);
        }
        let numbers = || self.watched.iter().map(|watched| watched.profile.identity.class).zip(&classes);
        whole.reasons = numbers()
            .flat_map(|(number, class)| class.reasons.iter().map(move |reason| format!("{number}:{reason}")))
            .collect();
        let named = numbers().filter(|(_, class)| !class.because.is_empty());
        whole.because = named
            .map(|(number, class)| format!("{number}: {}", class.because))
            .collect::<Vec<_>>()
            .join("; ");
        whole.classes = classes;
        whole
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
        if state == State::Watch {
            self.watched =
                (self.watched.0 + 1, if self.watched.0 == 0 { shown.index } else { self.watched.1 });
        }
        if state != State::Alarm {
            return;
        }
        if let Some(harm) =
            shown.seen.harm.filter(|harm| harm.lost > self.worst.map_or(Q16::ZERO, |(_, worst)| worst.lost))
        {
            self.worst = Some((shown.index, harm));
        }
        self.alarm_frames += 1;
        if before != State::Alarm {
            self.alarms += 1;
            self.first_alarm.get_or_insert_with(|| Alarm {
                frame: shown.index,
                conditions: shown.seen.verdict.reasons,
                reasons: shown.reasons.clone(),
            });
        }
    }

    /// Mean distance of the estimated IoU from that of the labels.
    fn estimate_error(&self) -> Option<f64> {
        let (frames, sum) = self.estimated;
        (frames != 0).then(|| sum / frames as f64)
    }
}
