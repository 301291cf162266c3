//! `segmeter profile`.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use segmeter::core::drift::{Identity, Profile, Rules, Signal};
use segmeter::core::num::Q16;
use segmeter::files;
use segmeter::learn::{Learnt, Settings, learn};
use serde_json::{Map, Value, json};

use super::input::{Broken, Coder, Input};
use super::measure::{LabelArguments, SomeLabels, measure};
use super::{Common, Failure, Outcome, note};
use crate::{output, report, text};

#[derive(Args)]
pub(super) struct Arguments {
    /// Scores of frames that are in control, 8-bit or floats, in the order of their time
    #[arg(value_name = "FRAMES", required_unless_present = "show")]
    recording: Option<PathBuf>,
    /// Where the profile goes; - is stdout, where nothing else is printed then
    #[arg(long, value_name = "FILE", required_unless_present = "show")]
    out: Option<PathBuf>,
    /// Print what is in a profile, and learn nothing
    #[arg(long, value_name = "FILE", conflicts_with_all = ["recording", "out"])]
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
        let profile = files::profile::read(&files::read(path)?).map_err(|e| e.at(path))?;
        print(&path.display().to_string(), &profile, None, common, out)?;
        return Ok(Outcome::Done);
    }
    let inputs = arguments.recording.iter().cloned();
    let inputs = inputs.chain(arguments.labels.files()).chain(arguments.input.files()).collect::<Vec<_>>();
    let [file] = output::open([("--out", &arguments.out)], common.json, &inputs)?;
    let is_taken = output::take_stdout(&[&file]);
    let (Some(recording), Some(path), Some(file)) = (&arguments.recording, &arguments.out, file) else {
        return Err(Failure::Input("expected frames and --out".to_owned()));
    };
    let (source, slots) = arguments.input.open(recording)?;
    let labels = arguments.labels.open(&source, &slots)?;
    let named = |line: String| Failure::Input(format!("{}: {line}", source.path().display()));
    let frames_path = source.path();
    let first = arguments.input.first(&source, &slots)?;
    let (coder, shape) = (Coder::new(&arguments.input, &first.elements, frames_path, None)?, first.shape);
    let (mut not_finite, mut broken) = (0, Vec::new());
    let mut frames = Vec::with_capacity(slots.len());
    let bar = report::progress(slots.len());
    for slot in &slots {
        let mut image = match source.image(slot.index) {
            Err(error) if arguments.input.keeps_going() => {
                broken.push(Failure::from(error));
                continue;
            }
            image => image?,
        };
        // The type of the numbers and the size are part of what they mean.
        if shape != image.shape {
            return Err(named(format!(
                "found image {} of {}x{}, expected {}x{} as the first",
                slot.index,
                image.shape.height(),
                image.shape.width(),
                shape.height(),
                shape.width()
            )));
        }
        bar.inc(1);
        let Some(codes) = coder.codes(image.elements, slot.index, frames_path)? else {
            not_finite += 1;
            continue;
        };
        image.elements = codes;
        frames.push(measure(&source, *slot, &image, coder.quantiser(), labels.as_ref())?);
    }
    bar.finish_and_clear();
    Broken::of(broken.iter(), frames_path, slots.len())?.note();
    coder.note(frames_path);
    labels.iter().for_each(SomeLabels::note);
    if not_finite > 0 {
        note(format_args!(
            "{}: {not_finite} frames have numbers that are not finite, and are left out",
            frames_path.display()
        ));
    }
    let side = |side: usize| {
        u16::try_from(side)
            .map_err(|_| named(format!("found a side of {side} pixels, expected at most 65535")))
    };
    let settings = arguments.settings(side(shape.height())?, side(shape.width())?)?;
    let learnt = learn(coder.quantiser(), &frames, &settings).map_err(named)?;
    file.write(out, |file| files::profile::write(file, &learnt.profile))?;
    learnt.notes.iter().for_each(note);
    if !is_taken {
        print(&path.display().to_string(), &learnt.profile, Some(&learnt), common, out)?;
    }
    Ok(Outcome::Done)
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
            identity: Identity { model: self.model, mounting: self.mounting, height, width, frames: 0 },
            rules: Rules {
                warm_up_frames: self.warm_up,
                block_frames: self.block.unwrap_or(0),
                required: self.required,
                release_blocks: self.release_blocks,
                invalid_frames: self.invalid_frames,
                frozen_frames: self.frozen_frames,
                gap_ms: self.gap,
                site_blocks: self.site.unwrap_or(site),
                slack: Q16::from_f32(self.slack),
            },
            false_alarm_frames: self.false_alarm_interval,
            site: self.site.is_some(),
        })
    }
}

/// Prints a profile, and what only its making knows.
fn print(
    path: &str,
    profile: &Profile,
    learnt: Option<&Learnt>,
    common: &Common,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    if common.json {
        return Ok(report::json(out, &document(path, profile, learnt))?);
    }
    let (identity, rules) = (&profile.identity, &profile.rules);
    writeln!(
        out,
        "{}: profile {:08x}, learnt from {} frames of {}x{} in blocks of {}",
        text::printable(path),
        profile.fingerprint(),
        identity.frames,
        identity.height,
        identity.width,
        rules.block_frames
    )?;
    let mut table =
        report::table(&["signal", "speaks of", "mean", "deviation", "autocorrelation", "threshold"]);
    let rows =
        Signal::ALL.iter().zip(&profile.baselines).zip(profile.correlations.iter().zip(&profile.thresholds));
    for ((signal, baseline), (correlation, threshold)) in rows {
        let numbers = [baseline.mean, baseline.deviation, *correlation, *threshold];
        let numbers = numbers.map(|x| format!("{:.4}", x.to_f64()));
        let names = [signal.name().to_owned(), signal.group().name().to_owned()];
        table.add_row(names.into_iter().chain(numbers));
    }
    report::print(out, &table)?;
    writeln!(
        out,
        "calibration map: {}",
        if profile.calibration.is_learnt() {
            "learnt from labels"
        } else {
            "none, no frame has labels: estimated_iou is as the network's own probabilities have it"
        }
    )?;
    if let Some(learnt) = learnt {
        writeln!(out, "{} blocks, {} frames with labels", learnt.blocks, learnt.labelled)?;
    }
    Ok(())
}

fn document(path: &str, profile: &Profile, learnt: Option<&Learnt>) -> Value {
    let (identity, rules) = (&profile.identity, &profile.rules);
    let mut signals = Map::new();
    for (place, signal) in Signal::ALL.into_iter().enumerate() {
        let baseline = &profile.baselines[place];
        let value = json!({
            "group": signal.group().name(),
            "mean": baseline.mean.to_f64(),
            "deviation": baseline.deviation.to_f64(),
            "autocorrelation": profile.correlations[place].to_f64(),
            "threshold": profile.thresholds[place].to_f64(),
            "site_threshold": profile.site_thresholds[place].to_f64(),
        });
        signals.insert(signal.name().to_owned(), value);
    }
    let mut document = json!({
        "profile": path,
        "fingerprint": format!("{:08x}", profile.fingerprint()),
        "model": identity.model,
        "mounting": identity.mounting,
        "height": identity.height,
        "width": identity.width,
        "frames": identity.frames,
        "block_frames": rules.block_frames,
        "required": rules.required,
        "slack": rules.slack.to_f64(),
        "release_blocks": rules.release_blocks,
        "invalid_frames": rules.invalid_frames,
        "frozen_frames": rules.frozen_frames,
        "gap_ms": rules.gap_ms,
        "warm_up_frames": rules.warm_up_frames,
        "site_blocks": rules.site_blocks,
        "signals": signals,
        "calibrated": profile.calibration.is_learnt(),
    });
    if let Some(learnt) = learnt {
        document["blocks"] = learnt.blocks.into();
        document["labelled"] = learnt.labelled.into();
        document["notes"] = learnt.notes.clone().into();
    }
    document
}
