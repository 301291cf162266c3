//! `segmeter profile`.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use segmeter::core::drift::{Cusum, PageHinkley, Profile, Signal};
use segmeter::core::num::Q16;
use segmeter::core::sketch::Sketch;
use segmeter::core::view::{Code, Quantised, Quantiser};
use segmeter::files::{self, Elements, Image, Source};
use segmeter::learn::{Settings, learn};
use serde_json::{Map, Value, json};

use super::input::Input;
use super::{Common, Failure, Outcome, refuse};
use crate::report;

#[derive(Args)]
pub(super) struct Arguments {
    /// 8-bit logits of frames that are in control, in the order of their time
    #[arg(value_name = "FRAMES")]
    recording: PathBuf,
    /// Where the profile goes
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Frames of a block: detectors see the means of blocks
    #[arg(long, value_name = "N", default_value_t = Settings::BLOCK_FRAMES,
          value_parser = clap::value_parser!(u16).range(1..))]
    block: u16,
    /// CUSUM: half the shift worth detecting, in deviations of a block mean
    #[arg(long, value_name = "K", default_value_t = Settings::CUSUM_SLACK)]
    cusum_slack: f32,
    /// CUSUM: alarm above this sum, in deviations
    #[arg(long, value_name = "H", default_value_t = Settings::CUSUM_THRESHOLD)]
    cusum_threshold: f32,
    /// Page-Hinkley: change not worth a sum, in deviations of a block mean
    #[arg(long, value_name = "D", default_value_t = Settings::PAGE_HINKLEY_TOLERANCE)]
    page_hinkley_tolerance: f32,
    /// Page-Hinkley: alarm above this sum, in deviations
    #[arg(long, value_name = "H", default_value_t = Settings::PAGE_HINKLEY_THRESHOLD)]
    page_hinkley_threshold: f32,
    /// Labels of the frames, for an estimate of IoU
    #[arg(long, value_name = "DIR")]
    labels: Option<PathBuf>,
    #[command(flatten)]
    input: Input,
}

pub(super) fn run(arguments: &Arguments, common: &Common, out: &mut dyn Write) -> Result<Outcome, Failure> {
    refuse(arguments.labels.is_some(), "--labels", "yet: a profile is learnt without labels")?;
    let (source, slots) = arguments.input.open(&arguments.recording)?;
    let settings = settings(arguments)?;
    let mut quantiser = None;
    let mut sketches = Vec::with_capacity(slots.len());
    let bar = report::progress(slots.len());
    for slot in &slots {
        let image = source.image(slot.index)?;
        let codes =
            quantised(arguments.input.quantiser(&image.elements, source.path())?, &source, slot.index)?;
        // The type of the numbers is part of what they mean.
        if *quantiser.get_or_insert(codes) != codes {
            let line = format!("{}: found frames of both i8 and u8", source.path().display());
            return Err(Failure::Input(line));
        }
        sketches.push(sketch(&image, codes)?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let named = |line: String| Failure::Input(format!("{}: {line}", source.path().display()));
    let codes = quantiser.ok_or_else(|| named("found no frame".to_owned()))?;
    let profile = learn(codes, &sketches, &settings).map_err(named)?;
    let frames = sketches.len();
    files::write_atomically(&arguments.out, |out| files::profile::write(out, &profile, frames as u64))?;
    print(arguments, common, &profile, frames, out)?;
    Ok(Outcome::Done)
}

fn settings(arguments: &Arguments) -> Result<Settings, Failure> {
    let fixed = |flag: &str, value: f32, least: f32| {
        // Written so that NaN fails as well.
        if value >= least && value < 32768.0 {
            Ok(Q16::from_f32(value))
        } else {
            Err(Failure::Input(format!("found {flag} {value}, expected a number from {least} to 32768")))
        }
    };
    Ok(Settings {
        block_frames: arguments.block,
        cusum: Cusum {
            slack: fixed("--cusum-slack", arguments.cusum_slack, 0.0)?,
            threshold: fixed("--cusum-threshold", arguments.cusum_threshold, 0.001)?,
        },
        page_hinkley: PageHinkley {
            tolerance: fixed("--page-hinkley-tolerance", arguments.page_hinkley_tolerance, 0.0)?,
            threshold: fixed("--page-hinkley-threshold", arguments.page_hinkley_threshold, 0.001)?,
        },
    })
}

/// Drift statistics exist for 8-bit outputs only.
pub(super) fn quantised(
    quantiser: Option<Quantiser>,
    source: &Source,
    index: usize,
) -> Result<Quantiser, Failure> {
    quantiser.ok_or_else(|| {
        let path = source.path().display();
        Failure::Input(format!("{path}: found f32 in image {index}, expected 8-bit logits or probabilities"))
    })
}

/// The sketch of a frame without labels.
pub(super) fn sketch(image: &Image, quantiser: Quantiser) -> Result<Sketch, Failure> {
    fn of<Q: Code>(image: &Image, codes: &[Q], quantiser: Quantiser) -> segmeter::core::Result<Sketch> {
        Sketch::of(&Quantised::new(image.shape, codes, quantiser)?, None)
    }
    match &image.elements {
        Elements::I8(codes) => of(image, codes, quantiser),
        Elements::U8(codes) => of(image, codes, quantiser),
        Elements::F32(_) => Err(segmeter::core::Error::Parameter("codes")),
    }
    .map_err(|e| Failure::Input(e.to_string()))
}

fn print(
    arguments: &Arguments,
    common: &Common,
    profile: &Profile,
    frames: usize,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let blocks = frames / usize::from(profile.block_frames);
    let path = arguments.out.display().to_string();
    let baselines = Signal::ALL.iter().zip(&profile.baselines);
    if common.json {
        let baselines: Map<String, Value> = baselines
            .map(|(signal, b)| {
                let value = json!({"mean": decimal(b.mean), "deviation": decimal(b.deviation)});
                (signal.name().to_owned(), value)
            })
            .collect();
        report::json(
            out,
            &json!({
                "profile": path,
                "frames": frames,
                "blocks": blocks,
                "block_frames": profile.block_frames,
                "baselines": baselines,
                "cusum": {
                    "slack": decimal(profile.cusum.slack),
                    "threshold": decimal(profile.cusum.threshold),
                },
                "page_hinkley": {
                    "tolerance": decimal(profile.page_hinkley.tolerance),
                    "threshold": decimal(profile.page_hinkley.threshold),
                },
            }),
        )?;
        return Ok(());
    }
    writeln!(out, "{path}: learnt from {frames} frames, {blocks} blocks of {}", profile.block_frames)?;
    let mut table = report::table(&["signal", "mean", "deviation"]);
    for (signal, baseline) in baselines {
        let numbers = [baseline.mean, baseline.deviation].map(|x| report::decimal(Some(decimal(x))));
        table.add_row([signal.name().to_owned()].into_iter().chain(numbers));
    }
    report::print(out, &table)?;
    Ok(())
}

/// A fixed-point number, exactly.
pub(super) fn decimal(value: Q16) -> f64 {
    f64::from(value.raw()) / 65536.0
}
