//! What `board/demo.c` and `tflite.cpp` print, by core alone, and the profile that the former watches with.
//!
//! `cargo run --release -p segmeter-c --example expected FOLDER` writes `demo.profile`, `expected.txt` and `tflite.expected`
//! there.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use segmeter_core::drift::{
    Baseline, CalibrationMap, Cusum, Facts, Identity, Monitor, Outline, Packet, Profile, Reference, Rules,
    SIGNALS, Signal, Signals,
};
use segmeter_core::loss::{AnyLoss, LOSSES, Loss, list};
use segmeter_core::metric::{Calibration, Confidence, Confusion, threshold};
use segmeter_core::num::Q16;
use segmeter_core::sketch::{CODES, SigmoidTable, Sketch};
use segmeter_core::view::{Encoding, Quantised, Quantiser, Shape};

const FRAMES: usize = 221;
/// Frames that the profile is made of.
const LEARNT: usize = 80;

struct Pack {
    shape: Shape,
    quantiser: Quantiser,
    table: SigmoidTable,
    codes: Vec<u8>,
    labels: Vec<u8>,
}

impl Pack {
    fn load() -> Result<Self, Box<dyn Error>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/demo");
        let quantiser = Quantiser::logits(Encoding::Signed, 0.101_869_739_592_075_35_f64 as f32, 15)?;
        Ok(Self {
            shape: Shape::new(120, 160)?,
            quantiser,
            table: SigmoidTable::new(&quantiser),
            codes: fs::read(folder.join("road_i8.bin"))?,
            labels: fs::read(folder.join("reference_bits.bin"))?,
        })
    }

    /// A frame as its histogram and outline.
    fn frame(&self, frame: usize) -> Result<(Sketch, Outline), Box<dyn Error>> {
        let (width, pixels) = (self.shape.width(), self.shape.pixels());
        let codes = &self.codes[frame * pixels..][..pixels];
        let labels = &self.labels[frame * pixels / 8..][..pixels / 8];
        let mut sketch = Sketch::new(&self.quantiser);
        for (codes, labels) in codes.chunks(width).zip(labels.chunks(width / 8)) {
            let labels: Vec<u8> = (0..width).map(|x| labels[x / 8] >> (x % 8) & 1).collect();
            sketch.push_row(codes, &labels);
        }
        let mut scratch = vec![0; Outline::scratch_len(width)];
        let outline = Outline::of(&Quantised::new(self.shape, codes, self.quantiser)?, &mut scratch)?;
        Ok((sketch, outline))
    }

    /// A profile of the first frames: what `segmeter profile` makes is better, this one is made by core alone.
    fn profile(&self) -> Result<Profile, Box<dyn Error>> {
        let chart = Cusum { slack: Q16::from_raw(1 << 15), threshold: Q16::from_f32(5.0) };
        let network = CalibrationMap::network(&self.table);
        let calibration = CalibrationMap::from_parts(*network.probability(), [9; CODES], true)?;
        let mut all = Sketch::<u64>::new(&self.quantiser);
        for frame in 0..LEARNT {
            all.merge(&self.frame(frame)?.0)?;
        }
        let counts = std::array::from_fn(|index| all.pixels_at(index as u8) as u32);
        let mut profile = Profile {
            identity: Identity { model: 1, height: 120, width: 160, frames: 80, ..Identity::default() },
            quantiser: self.quantiser,
            rules: Rules::DEFAULT,
            baselines: [Baseline { mean: Q16::ZERO, deviation: Q16::ONE }; SIGNALS],
            charts: [chart; SIGNALS],
            site_charts: [chart; SIGNALS],
            watching: u8::MAX,
            correlations: [Q16::ZERO; SIGNALS],
            calibration,
            reference: Reference::new(counts)?,
        };
        let mut means = [const { Vec::new() }; SIGNALS];
        for block in 0..LEARNT / 10 {
            let mut sums = [0_i64; SIGNALS];
            for frame in block * 10..(block + 1) * 10 {
                let (sketch, outline) = self.frame(frame)?;
                let signals =
                    Signals::new(&sketch, &outline, &self.table, &profile).ok_or("an empty frame")?;
                for (sum, signal) in sums.iter_mut().zip(Signal::ALL) {
                    *sum +=
                        i64::from(signal.charted(signals.get(signal).ok_or("a frame without road")?).raw());
                }
            }
            means.iter_mut().zip(sums).for_each(|(means, sum)| means.push(Q16::from_raw((sum / 10) as i32)));
        }
        for (baseline, means) in profile.baselines.iter_mut().zip(means) {
            *baseline = Baseline::of(means.into_iter()).ok_or("too few blocks")?;
        }
        profile.check()?;
        Ok(profile)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args().nth(1).ok_or("which folder?")?;
    let pack = Pack::load()?;
    let profile = pack.profile()?;
    let mut record = [0; Profile::RECORD_LEN];
    profile.write(&mut record)?;
    fs::write(Path::new(&folder).join("demo.profile"), record)?;
    fs::write(Path::new(&folder).join("tflite.expected"), tensor()?)?;
    let (mut monitor, mut text) = (Monitor::new(), String::new());
    for frame in 0..FRAMES {
        let (sketch, outline) = pack.frame(frame)?;
        write!(text, "frame {frame:02x}")?;
        losses(&mut text, frame % 20 == 0, &sketch, &pack.table)?;
        metrics(&mut text, &sketch, &pack.table)?;
        let seen = monitor.watch(&profile, &pack.table, &sketch, &outline, Facts::default());
        write!(text, " {:02x}", seen.signals.map_or_else(|why| why as u8, |_| 255))?;
        for value in seen.signals.unwrap_or_default().0 {
            write!(text, " {:08x}", value.unwrap_or(Q16::ZERO).raw())?;
        }
        let iou = seen.estimate.unwrap_or_default();
        let lost = seen.harm.unwrap_or_default().lost;
        for value in [iou.low, iou.value, iou.high, lost] {
            write!(text, " {:08x}", value.raw())?;
        }
        let estimate = seen.estimate.map(|iou| iou.value);
        let packet = Packet::new(&monitor, profile.fingerprint(), estimate, frame as u16 + 1, 0);
        text.push(' ');
        packet.bytes().iter().try_for_each(|byte| write!(text, "{byte:02x}"))?;
        text.push('\n');
    }
    // A drive in which nothing happens would prove little.
    assert!(monitor.alarms() > 0, "no alarm in the whole drive");
    fs::write(Path::new(&folder).join("expected.txt"), text)?;
    Ok(())
}

/// What the eight pixels of `tflite.cpp` give.
fn tensor() -> Result<String, Box<dyn Error>> {
    let quantiser = Quantiser::logits(Encoding::Signed, 0.1, 15)?;
    let (table, mut sketch) = (SigmoidTable::new(&quantiser), Sketch::new(&quantiser));
    sketch.push_row(&[80_i8, 20, -40, 3, 90, -3, -60, 30], &[1, 1, 0, 0, 1, 1, 0, 255]);
    let loss = |name| AnyLoss::new(name, &|_| None)?.sketch_value(&sketch, &table);
    let iou = Confusion::of_sketch(&sketch, &table).class(1).iou().value().ok_or("no road")?;
    let [bce, dice] = [loss("bce")?, loss("dice")?].map(|found| found.value.to_bits());
    Ok(format!("tflite {bce:08x} {dice:08x} {:016x}\n", iou.to_bits()))
}

fn losses(
    text: &mut String,
    every: bool,
    sketch: &Sketch,
    table: &SigmoidTable,
) -> Result<(), Box<dyn Error>> {
    let few: Vec<_> = ["bce", "dice", "lovasz_hinge"].iter().filter_map(|name| list::named(name)).collect();
    let all: Vec<_> = LOSSES.iter().collect();
    for entry in if every { all } else { few } {
        let Ok(found) = AnyLoss::new(entry.name, &|_| None)?.sketch_value(sketch, table) else { continue };
        match found.undefined {
            true => text.push_str(" -"),
            false => write!(text, " {:08x}", found.value.to_bits())?,
        }
    }
    Ok(())
}

fn metrics(text: &mut String, sketch: &Sketch, table: &SigmoidTable) -> Result<(), Box<dyn Error>> {
    let found = [
        Confusion::of_sketch(sketch, table).class(1).iou().value(),
        threshold::auroc(sketch),
        threshold::average_precision(sketch),
        Calibration::new(sketch, table, Confidence::TopLabel).expected_error(),
    ];
    for value in found {
        match value {
            None => text.push_str(" -"),
            Some(value) => write!(text, " {:016x}", value.to_bits())?,
        }
    }
    Ok(())
}
