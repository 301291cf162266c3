//! What the test files share: vectors, fixtures, the bundled frames, tolerances.

use std::collections::BTreeMap;
use std::path::PathBuf;

use segmeter_core::view::{Encoding, Frame, IGNORE, Labels, Mask, Quantiser, Shape, Weights};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// A file of this package.
#[must_use]
pub fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Reads a JSON file of `vectors/`.
///
/// # Panics
/// If it is not there or not what is expected.
#[must_use]
pub fn vectors<T: DeserializeOwned>(name: &str) -> T {
    let text = std::fs::read_to_string(path("vectors").join(name)).expect("a vector file");
    serde_json::from_str(&text).expect("the layout of tests/vectors/README.md")
}

/// `vectors/losses.json`.
#[derive(Deserialize)]
pub struct LossVectors {
    /// Frames by name.
    pub fixtures: BTreeMap<String, Fixture>,
    /// Expected results.
    pub cases: Vec<LossCase>,
}

/// One frame.
#[derive(Deserialize)]
pub struct Fixture {
    /// Rows.
    pub height: u32,
    /// Pixels of a row.
    pub width: u32,
    /// Row-major.
    pub logits: Vec<f32>,
    /// 0, 1 or 255.
    pub labels: Vec<u8>,
    /// Pixel weights.
    pub weights: Option<Vec<f32>>,
    /// The 8-bit codes behind the logits.
    pub quantised: Option<Codes>,
}

/// 8-bit codes of a frame.
#[derive(Deserialize)]
pub struct Codes {
    /// Row-major.
    pub codes: Vec<i8>,
    /// Logit of a step.
    pub scale: f32,
    /// Code of logit zero.
    pub zero_point: i32,
}

/// What a reference computed in `f64`.
#[derive(Deserialize)]
pub struct LossCase {
    /// Name of the loss.
    pub loss: String,
    /// Its parameters.
    pub parameters: serde_json::Value,
    /// Name of the frame.
    pub fixture: String,
    /// The loss.
    pub value: f64,
    /// Its derivative with respect to each logit.
    pub gradient: Vec<f64>,
}

impl Fixture {
    /// Its shape.
    ///
    /// # Panics
    /// If the vectors are damaged; so do the others.
    #[must_use]
    pub fn shape(&self) -> Shape {
        Shape::new(self.height, self.width).expect("a shape")
    }
    /// Its labels.
    #[must_use]
    pub fn labels(&self) -> Labels<'_> {
        Labels::new(self.shape(), &self.labels, IGNORE).expect("labels")
    }
    /// The frame with its weights.
    #[must_use]
    pub fn frame(&self) -> Frame<'_> {
        let frame = Frame::new(&self.logits, self.labels()).expect("logits");
        match &self.weights {
            None => frame,
            Some(w) => {
                frame.with_weights(Weights::new(self.shape(), w).expect("weights")).expect("as many weights")
            }
        }
    }
}

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

/// Whether `found` is `expected` to a relative error, or both are below what `f32` can tell from zero.
#[must_use]
pub fn close(found: f64, expected: f64, relative: f64) -> bool {
    (found - expected).abs() <= relative * expected.abs() + 3e-45
}

/// A small deterministic source of numbers for frames (xorshift).
pub struct Random(pub u64);

impl Random {
    /// Uniform in [0, 1).
    pub fn uniform(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / 16_777_216.0
    }
    /// Logits spread over [-spread, spread], a tenth of the labels ignored.
    pub fn frame(&mut self, pixels: usize, spread: f32) -> (Vec<f32>, Vec<u8>) {
        let logits = (0..pixels).map(|_| (self.uniform() * 2.0 - 1.0) * spread).collect();
        let label = |u: f32| if u < 0.1 { IGNORE } else { u8::from(u > 0.7) };
        (logits, (0..pixels).map(|_| label(self.uniform())).collect())
    }
}
