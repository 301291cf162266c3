//! The bundled road frames.

use std::ops::Range;

use segmeter_core::sketch::CODES;
use segmeter_core::view::{Encoding, Mask, Quantiser, Shape};

use crate::path;

/// Rows, columns and quantiser of the bundled road frames (`data/demo/manifest.json`).
pub const DEMO_SHAPE: (u32, u32) = (120, 160);
/// Frames in the pack.
pub const DEMO_FRAMES: usize = 221;

/// The bundled frames: int8 logits and the float network's mask.
pub struct Demo {
    codes: Vec<u8>,
    reference: Vec<u8>,
}

impl Demo {
    /// Reads the pack.
    ///
    /// # Panics
    /// If it is not there.
    #[must_use]
    pub fn load() -> Self {
        let read = |name: &str| std::fs::read(path("data/demo").join(name)).expect("the demo pack");
        Self { codes: read("road_i8.bin"), reference: read("reference_bits.bin") }
    }

    /// The shape of every frame.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn shape() -> Shape {
        Shape::new(DEMO_SHAPE.0, DEMO_SHAPE.1).expect("a shape")
    }

    /// What the codes mean.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn quantiser() -> Quantiser {
        Quantiser::logits(Encoding::Signed, 0.101_869_74, 15).expect("a quantiser")
    }

    /// The codes of a frame, as stored bytes of `i8`.
    #[must_use]
    pub fn codes(&self, frame: usize) -> &[u8] {
        let pixels = Self::shape().pixels();
        &self.codes[frame * pixels..(frame + 1) * pixels]
    }

    /// How often each code occurs in some frames, by code index.
    #[must_use]
    pub fn counts(&self, frames: Range<usize>) -> [u32; CODES] {
        let mut counts = [0; CODES];
        for byte in frames.flat_map(|frame| self.codes(frame)) {
            counts[usize::from(byte ^ 0x80)] += 1;
        }
        counts
    }

    /// One row of a frame: codes, and the float network's mask with a bit per pixel.
    #[must_use]
    pub fn row(&self, frame: usize, row: usize) -> (&[u8], &[u8]) {
        let (width, packed) = (Self::shape().width(), Self::shape().packed_width());
        let index = frame * Self::shape().height() + row;
        (
            &self.codes[index * width..(index + 1) * width],
            &self.reference[index * packed..(index + 1) * packed],
        )
    }

    /// The float network's mask of a frame, a bit per pixel.
    #[must_use]
    pub fn packed(&self, frame: usize) -> &[u8] {
        let bytes = Self::shape().packed_width() * Self::shape().height();
        &self.reference[frame * bytes..(frame + 1) * bytes]
    }

    /// The float network's mask of a frame, one byte per pixel.
    ///
    /// # Panics
    /// If there is no such frame.
    #[must_use]
    pub fn reference(&self, frame: usize) -> Vec<u8> {
        unpack(&self.reference, frame)
    }
}

/// One mask of a bit-packed stack in the demo pack's shape.
///
/// # Panics
/// If the stack is too short.
#[must_use]
pub fn unpack(stack: &[u8], index: usize) -> Vec<u8> {
    let shape = Demo::shape();
    let bytes = shape.packed_width() * shape.height();
    let mask = Mask::new(shape, &stack[index * bytes..(index + 1) * bytes]).expect("a mask");
    mask.rows().flatten().map(u8::from).collect()
}
