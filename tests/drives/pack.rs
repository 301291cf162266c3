//! Streams of frames as a monitor sees them: what every frame's codes come to, small enough to keep.

use std::io::{self, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use segmeter_core::drift::Outline;
use segmeter_core::sketch::Sketch;
use segmeter_core::view::{Encoding, IGNORE, Labels, Quantised, Quantiser, Shape};
use segmeter_tests::drives::ONSET;

use crate::change::{Camera, Kind};
use crate::network::Network;
use crate::random::Random;
use crate::scene::{Drive, HEIGHT, Setting, WIDTH};

/// Frames of a drive.
const FRAMES: usize = 200;
/// Frames over which a gradual change comes.
const RAMP: usize = 60;
/// Changes of each drive.
const PER_DRIVE: usize = 4;

/// A drive as it is, or from the onset on under a change.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) change: Option<Change>,
}

#[derive(Clone, Copy)]
pub(crate) struct Change {
    pub(crate) kind: Kind,
    /// In quarters.
    pub(crate) strength: u8,
    pub(crate) is_gradual: bool,
}

impl Plan {
    /// Every drive as it is, and each with some changes: of all, every kind about as often.
    pub(crate) fn all(first: u64, drives: u64) -> Vec<Self> {
        let mut plans = Vec::new();
        for (place, seed) in (first..first + drives).enumerate() {
            plans.push(Self { seed, change: None });
            let mut random = Random::new(seed, 5);
            for change in 0..PER_DRIVE {
                let kind = Kind::ALL[(place * PER_DRIVE + change) % Kind::ALL.len()];
                let strength = 1 + random.below(4) as u8;
                plans.push(Self {
                    seed,
                    change: Some(Change { kind, strength, is_gradual: random.chance(0.5) }),
                });
            }
        }
        plans
    }

    fn strength(&self, frame: usize) -> Option<(Kind, f32)> {
        let Change { kind, strength, is_gradual } = self.change?;
        let since = frame.checked_sub(ONSET)?;
        let share = if is_gradual { ((since + 1) as f32 / RAMP as f32).min(1.0) } else { 1.0 };
        Some((kind, share * f32::from(strength) / 4.0))
    }

    /// The stream in bytes: what it is, and then frame after frame.
    fn stream(&self, networks: &[Network]) -> Vec<u8> {
        let (mut drive, mut camera) = (Drive::new(self.seed), Camera::new(self.seed));
        let mut bytes = (self.seed as u32).to_le_bytes().to_vec();
        let place =
            |kind| Kind::ALL.iter().position(|other| *other == kind).map_or(0, |place| place as u8 + 1);
        bytes.extend(self.change.map_or([0; 3], |c| [place(c.kind), c.strength, u8::from(c.is_gradual)]));
        for frame in 0..FRAMES {
            let change = self.strength(frame);
            let scene =
                drive.frame(change.map_or(Setting::default(), |(kind, strength)| kind.setting(strength)));
            let picture = camera.develop(&drive.traits, &scene, change);
            // Before anything changes, the stream is that of the drive as it is.
            if self.change.is_none() || frame >= ONSET {
                let codes = crate::codes(networks, &picture, change);
                let road: Vec<u8> = scene.road.iter().map(|road| u8::from(*road)).collect();
                measure(&codes, &road, networks[0].step, &mut bytes);
            }
        }
        bytes
    }
}

/// Sums of the outline, and the counts of every code that there is: of background, then of road.
fn measure(codes: &[i8], road: &[u8], step: f32, bytes: &mut Vec<u8>) {
    let shape = Shape::new(HEIGHT as u32, WIDTH as u32).expect("a shape");
    let quantiser = Quantiser::logits(Encoding::Signed, step, 0).expect("a quantiser");
    let frame = Quantised::new(shape, codes, quantiser).expect("a frame");
    let labels = Labels::new(shape, road, IGNORE).expect("labels");
    let sketch: Sketch = Sketch::of(&frame, Some(&labels)).expect("a sketch");
    let outline = Outline::of(&frame, &mut vec![0; Outline::scratch_len(WIDTH)]).expect("an outline");
    for number in [outline.road(), outline.boundary(), outline.rows() as u32] {
        bytes.extend(number.to_le_bytes());
    }
    for label in 0..2 {
        let counts = (0..=u8::MAX).map(|index| (index, sketch.count(label, index)));
        let counts: Vec<(u8, u64)> = counts.filter(|(_, count)| *count != 0).collect();
        bytes.extend((counts.len() as u16).to_le_bytes());
        bytes.extend(counts.iter().map(|(index, _)| *index));
        bytes.extend(counts.iter().flat_map(|(_, count)| (*count as u16).to_le_bytes()));
    }
}

/// Makes all streams, on all cores, and writes them in the order of their plans.
pub(crate) fn write(out: impl Write, networks: &[Network], plans: &[Plan]) -> io::Result<()> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(vec![Vec::new(); plans.len()]));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(plan) = plans.get(place) else { return };
                    let stream = plan.stream(networks);
                    if let Ok(mut done) = done.lock() {
                        done[place] = stream;
                    }
                    eprint!("\r{} of {} streams", place + 1, plans.len());
                }
            });
        }
    });
    eprintln!();
    let mut out = flate2::write::DeflateEncoder::new(out, flate2::Compression::best());
    out.write_all(&networks[0].step.to_le_bytes())?;
    for stream in done.into_inner().unwrap_or_default() {
        out.write_all(&(stream.len() as u32).to_le_bytes())?;
        out.write_all(&stream)?;
    }
    out.finish()?.flush()
}
