//! `segmeter profile`.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use segmeter::core::drift::{Identity, Rules};
use segmeter::core::num::Q16;
use segmeter::core::view::{Quantiser, Shape};
use segmeter::files::{self, Slot, Source};
use segmeter::learn::{Frame, Learnt, Settings, learn};

use super::input::{Broken, Coder, Input};
use super::measure::{LabelArguments, Measure, SomeLabels};
use super::{Common, Failure, Outcome, note};
use crate::{output, report};

mod print;

#[derive(Args)]
pub(super) struct Arguments {
    /// Scores of frames that are in control, 8-bit or floats, in the order of their time; of several drives one for each
    #[arg(value_name = "FRAMES", required_unless_present = "show")]
    recordings: Vec<PathBuf>,
    /// Where the profile goes; - is stdout, where nothing else is printed then
    #[arg(long, value_name = "FILE", required_unless_present = "show")]
    out: Option<PathBuf>,
    /// Print what is in a profile, and learn nothing
    #[arg(long, value_name = "FILE", conflicts_with_all = ["recordings", "out"])]
    show: Option<PathBuf>,
    /// Frames between two false alarms: thresholds are chosen for it, under the autocorrelation of the frames
    #[arg(long, value_name = "FRAMES", default_value_t = 100_000.0)]
    false_alarm_interval: f64,
    /// Signals of confidence that must drift together for an alarm
    #[arg(long, value_name = "M", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=5))]
    required: u8,
    /// Frames of a block [default: twice the longest time over which frames resemble each other]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    block: Option<u16>,
    /// Half the shift worth detecting, in deviations of a block mean
    #[arg(long, value_name = "K", default_value_t = 0.5)]
    slack: f32,
    /// Blocks in control that end an alarm
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    release_blocks: u16,
    /// Invalid frames in a row that are an alarm
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..))]
    invalid_frames: u16,
    /// Frames in a row with the same content that are a frozen camera
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(2..))]
    frozen_frames: u16,
    /// The longest time between two frames; 0: any
    #[arg(long, value_name = "MS", default_value_t = 0)]
    gap: u32,
    /// Frames before the first block
    #[arg(long, value_name = "N", default_value_t = 0)]
    warm_up: u16,
    /// A device will capture a reference of its site from this many blocks; its charts get half of the false alarms
    #[arg(long, value_name = "BLOCKS", value_parser = clap::value_parser!(u16).range(2..))]
    site: Option<u16>,
    /// The camera does not move, and what is watched is more of the same: no prior says how other drives differ
    #[arg(long)]
    fixed: bool,
    /// A number for the network
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    model: u32,
    /// A number for the way the camera is mounted
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    mounting: u32,
    #[command(flatten)]
    labels: LabelArguments,
    #[command(flatten)]
    input: Input,
}

pub(super) fn run(arguments: &Arguments, common: &Common, out: &mut dyn Write) -> Result<Outcome, Failure> {
    if let Some(path) = &arguments.show {
        let profiles = files::profile::read_all(&files::read(path)?).map_err(|e| e.at(path))?;
        let learnt: Vec<_> = profiles.iter().map(|profile| (profile, None)).collect();
        print::print(&path.display().to_string(), &learnt, common, out)?;
        return Ok(Outcome::Done);
    }
    let inputs = arguments.recordings.iter().cloned();
    let inputs = inputs.chain(arguments.labels.files()).chain(arguments.input.files()).collect::<Vec<_>>();
    let [file] = output::open([("--out", &arguments.out)], common.json, &inputs)?;
    let is_taken = output::take_stdout(&[&file]);
    let (Some(first), Some(path), Some(file)) = (arguments.recordings.first(), &arguments.out, file) else {
        return Err(Failure::Input("expected frames and --out".to_owned()));
    };
    let mut reader = Reader { arguments, known: None };
    let drives = (0..arguments.recordings.len()).map(|drive| reader.drive(drive));
    let drives = drives.collect::<Result<Vec<_>, _>>()?;
    let Some(Known { coder, shape, quantiser, classes }) = reader.known else {
        return Err(Failure::Input("expected frames and --out".to_owned()));
    };
    coder.note(first);
    let named = |line: String| Failure::Input(format!("{}: {line}", first.display()));
    let side = |side: usize| {
        u16::try_from(side)
            .map_err(|_| named(format!("found a side of {side} pixels, expected at most 65535")))
    };
    let settings = arguments.settings(side(shape.height())?, side(shape.width())?)?;
    let learnt = match classes {
        1 => {
            let frames: Vec<Vec<Frame>> = drives.into_iter().map(|mut drive| drive.remove(0)).collect();
            vec![learn(quantiser, &frames, &settings).map_err(|error| named(error.to_string()))?]
        }
        _ => of_classes(quantiser, drives, &settings).map_err(named)?,
    };
    file.write(out, |file| files::profile::write(file, learnt.iter().map(|learnt| &learnt.profile)))?;
    for learnt in &learnt {
        let class = print::class(&learnt.profile).map_or(String::new(), |class| format!("class {class}: "));
        learnt.notes.iter().for_each(|line| note(format_args!("{class}{line}")));
    }
    if !is_taken {
        let learnt: Vec<_> = learnt.iter().map(|learnt| (&learnt.profile, Some(learnt))).collect();
        print::print(&path.display().to_string(), &learnt, common, out)?;
    }
    Ok(Outcome::Done)
}

/// Learns each class that is predicted anywhere; they share the false alarms.
fn of_classes(
    quantiser: Quantiser,
    drives: Vec<Vec<Vec<Frame>>>,
    settings: &Settings,
) -> Result<Vec<Learnt>, String> {
    let classes = drives.first().map_or(0, Vec::len);
    let mut frames: Vec<Vec<Vec<Frame>>> = vec![Vec::new(); classes];
    for drive in drives {
        frames.iter_mut().zip(drive).for_each(|(class, frames)| class.push(frames));
    }
    let is_predicted = |class: &[Vec<Frame>]| class.iter().flatten().any(|frame| frame.outline.road() != 0);
    let predicted = frames.iter().filter(|class| is_predicted(class)).count();
    let mut learnt = Vec::with_capacity(predicted);
    let mut why = "no class is predicted anywhere".to_owned();
    let bar = report::progress_of(predicted, "classes");
    for (class, frames) in frames.iter().enumerate().filter(|(_, class)| is_predicted(class)) {
        let mut settings = settings.clone();
        settings.identity.classes = classes as u8;
        settings.identity.class = class as u8;
        settings.false_alarm_frames *= predicted as f64;
        match learn(quantiser, frames, &settings) {
            Ok(class) => learnt.push(class),
            Err(error) => {
                bar.suspend(|| note(format_args!("class {class} is not watched: {error}")));
                why = error.to_string();
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    if predicted < classes {
        note(format_args!(
            "{} of {classes} classes are predicted nowhere, and are not watched",
            classes - predicted
        ));
    }
    if learnt.is_empty() { Err(why) } else { Ok(learnt) }
}

/// What the numbers of the first frame of all mean, and its size: those of all others.
struct Known {
    coder: Coder,
    shape: Shape,
    classes: usize,
    /// Of what is measured.
    quantiser: Quantiser,
}

/// Reads drive after drive.
struct Reader<'a> {
    arguments: &'a Arguments,
    known: Option<Known>,
}

impl Reader<'_> {
    /// The frames of a drive, measured: of each class.
    fn drive(&mut self, drive: usize) -> Result<Vec<Vec<Frame>>, Failure> {
        let Arguments { recordings, labels, input, .. } = self.arguments;
        let (source, slots) = input.open(&recordings[drive])?;
        let labels = labels.open((drive, recordings.len()), &source, &slots)?;
        let path = source.path();
        note_folders(&source, &slots);
        if self.known.is_none() {
            let first = input.first(&source, &slots)?;
            let coder = Coder::new(input, &first.elements, path, None)?;
            let measure = Measure::new(&source, None, first.channels, coder.quantiser())?;
            let quantiser = measure.quantiser();
            self.known = Some(Known { coder, shape: first.shape, classes: first.channels, quantiser });
        }
        let Some(Known { coder, shape, classes, .. }) = &self.known else { return Ok(Vec::new()) };
        let measure = Measure::new(&source, labels.as_ref(), *classes, coder.quantiser())?;
        let (mut not_finite, mut broken) = (0, Vec::new());
        let mut frames: Vec<Vec<Frame>> = vec![Vec::with_capacity(slots.len()); *classes];
        let bar = report::progress(slots.len());
        for slot in &slots {
            let image = match source.image(slot.index) {
                Err(error) if input.keeps_going() => {
                    broken.push(Failure::from(error));
                    continue;
                }
                image => image?,
            };
            // The type of the numbers and the size are part of what they mean.
            if (*shape, *classes) != (image.shape, image.channels) {
                let text = |shape: Shape, classes: usize| match classes {
                    1 => format!("{}x{}", shape.height(), shape.width()),
                    _ => format!("{}x{} and {classes} classes", shape.height(), shape.width()),
                };
                let (found, expected) = (text(image.shape, image.channels), text(*shape, *classes));
                let line = format!("found image {} of {found}, expected {expected} as the first", slot.index);
                return Err(Failure::Input(format!("{}: {line}", path.display())));
            }
            bar.inc(1);
            let Some(image) = coder.codes(image, slot.index, path)? else {
                not_finite += 1;
                continue;
            };
            let measured = measure.frames(*slot, &image)?;
            frames.iter_mut().zip(measured).for_each(|(class, frame)| class.push(frame));
        }
        bar.finish_and_clear();
        Broken::of(broken.iter(), path, slots.len())?.note();
        labels.iter().for_each(SomeLabels::note);
        if not_finite > 0 {
            note(format_args!(
                "{}: {not_finite} frames have numbers that are not finite, and are left out",
                path.display()
            ));
        }
        Ok(frames)
    }
}

/// Frames of several folders below one are taken as one drive: says so.
fn note_folders(source: &Source, slots: &[Slot]) {
    let path = source.path();
    if !path.is_dir() {
        return;
    }
    let names = slots.iter().map(|slot| source.name(slot.index));
    let folders: BTreeSet<PathBuf> =
        names.filter_map(|name| Some(Path::new(&name).parent()?.to_owned())).collect();
    if folders.len() > 1 {
        note(format_args!(
            "{}: its frames are of {} folders and were taken as one drive: of drives give each folder by itself",
            path.display(),
            folders.len()
        ));
    }
}

impl Arguments {
    fn settings(&self, height: u16, width: u16) -> Result<Settings, Failure> {
        // Written so that NaN fails as well.
        let within = |flag: &str, value: f64, least: f64, most: f64| {
            if value >= least && value <= most {
                Ok(())
            } else {
                Err(Failure::Input(format!("found {flag} {value}, expected a number from {least} to {most}")))
            }
        };
        within("--slack", self.slack.into(), 0.0, 100.0)?;
        within("--false-alarm-interval", self.false_alarm_interval, 2.0, 1e12)?;
        let site = Settings::default().rules.site_blocks;
        Ok(Settings {
            identity: Identity {
                model: self.model,
                mounting: self.mounting,
                height,
                width,
                ..Identity::default()
            },
            rules: Rules {
                warm_up_frames: self.warm_up,
                block_frames: self.block.unwrap_or(0),
                required: self.required,
                release_blocks: self.release_blocks,
                invalid_frames: self.invalid_frames,
                frozen_frames: self.frozen_frames,
                gap_ms: self.gap,
                site_blocks: self.site.unwrap_or(site),
                ..Rules::DEFAULT
            },
            slack: Q16::from_f32(self.slack),
            false_alarm_frames: self.false_alarm_interval,
            site: self.site.is_some(),
            fixed: self.fixed,
        })
    }
}
