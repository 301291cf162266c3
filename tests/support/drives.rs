//! The drives that `drives/` makes, as a monitor sees them: what every frame's codes come to, with exact labels.

use std::io::Read;

use segmeter_core::drift::Outline;
use segmeter_core::sketch::Sketch;
use segmeter_core::view::{Encoding, Quantiser, Shape};

/// Many streams of frames of one network.
pub struct Drives {
    /// Of every frame.
    pub quantiser: Quantiser,
    /// In the order in which they were made: every drive as it is, and after it the same with what happens to it.
    pub streams: Vec<Stream>,
}

/// A drive as it is, or what it is from the onset of a change on.
pub struct Stream {
    /// Of the drive.
    pub seed: u32,
    /// What happens to it.
    pub change: Option<Change>,
    /// In the order of their time; of a change, those from its onset on, which is frame [`ONSET`] of the drive.
    pub frames: Vec<(Sketch, Outline)>,
}

/// What happens to a drive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its place in [`CHANGES`].
    pub kind: u8,
    /// In quarters.
    pub strength: u8,
    /// It comes within 60 frames, and is not there at once.
    pub is_gradual: bool,
}

/// Frames of a drive before anything changes.
pub const ONSET: usize = 100;

/// What changes are called.
pub const CHANGES: [&str; 14] = [
    "dusk",
    "night",
    "fog",
    "rain",
    "dirt",
    "defocus",
    "over-exposure",
    "under-exposure",
    "noise",
    "knocked camera",
    "snow",
    "unpaved road",
    "wrong network",
    "wrong quantisation",
];

/// Rows and pixels of a row.
const SIDES: [u32; 2] = [120, 160];

/// Bytes yet to be read; `None` where they end too soon.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number<const N: usize>(&mut self) -> Option<u32> {
        Some(self.take(N)?.iter().rev().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
    }
}

impl Drives {
    /// Reads a pack of `drives -- pack`.
    ///
    /// # Panics
    /// If it is none.
    #[must_use]
    pub fn read(packed: &[u8]) -> Self {
        let mut bytes = Vec::new();
        flate2::read::DeflateDecoder::new(packed).read_to_end(&mut bytes).expect("a deflated pack");
        let mut from = Bytes(&bytes);
        let step = f32::from_bits(from.number::<4>().expect("a step"));
        let quantiser = Quantiser::logits(Encoding::Signed, step, 0).expect("a quantiser");
        let mut streams = Vec::new();
        while let Some(length) = from.number::<4>() {
            let mut stream = Bytes(from.take(length as usize).expect("a whole stream"));
            streams.push(stream.stream(&quantiser).expect("a whole stream"));
        }
        Self { quantiser, streams }
    }

    /// The pack of this repository.
    ///
    /// # Panics
    /// If it is not there.
    #[must_use]
    pub fn bundled() -> Self {
        Self::read(&std::fs::read(crate::path("data/drives.bin")).expect("tests/data/drives.bin"))
    }
}

impl Bytes<'_> {
    fn stream(&mut self, quantiser: &Quantiser) -> Option<Stream> {
        let seed = self.number::<4>()?;
        let &[kind, strength, gradual] = self.take(3)? else { return None };
        let change = kind.checked_sub(1).map(|kind| Change { kind, strength, is_gradual: gradual != 0 });
        let mut frames = Vec::new();
        while !self.0.is_empty() {
            frames.push(self.frame(quantiser)?);
        }
        Some(Stream { seed, change, frames })
    }

    fn frame(&mut self, quantiser: &Quantiser) -> Option<(Sketch, Outline)> {
        let [road, boundary, rows] = [self.number::<4>()?, self.number::<4>()?, self.number::<4>()?];
        let shape = Shape::new(SIDES[0], SIDES[1]).ok()?;
        let outline = Outline::from_sums(shape, road, boundary, rows.into()).ok()?;
        let mut sketch = Sketch::new(quantiser);
        for label in 0..2 {
            let codes = self.number::<2>()? as usize;
            for index in self.take(codes)? {
                let count = self.number::<2>()? as usize;
                // An index counts codes from the lowest on.
                let code = index.wrapping_sub(128).cast_signed();
                sketch.push_row(&vec![code; count], &vec![label; count]);
            }
        }
        Some((sketch, outline))
    }
}
