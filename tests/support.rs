//! What the test files share: vectors, fixtures, the bundled frames, tolerances.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;

use segmeter_core::sketch::CODES;
use segmeter_core::view::{Encoding, Frame, IGNORE, Labels, Mask, Quantiser, Shape, Weights};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// A file of this package.
#[must_use]
pub fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The folder of the device's images that `tests/run` has built; `None`, with a line that says so, without it.
#[must_use]
pub fn images(what: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("SEGMETER_IMAGES").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: {what} need the device's images (tests/run builds them)");
    }
    folder
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

/// Whether `found` is `expected` to a relative error, or both are below what `f32` can tell from zero.
#[must_use]
pub fn close(found: f64, expected: f64, relative: f64) -> bool {
    (found - expected).abs() <= relative * expected.abs() + 3e-45
}

/// Calls `$body` with every loss at several parameters; the place to add a new one for all properties at once.
#[macro_export]
macro_rules! for_each_loss {
    (|$loss:ident, $name:ident| $body:expr) => {{
        use segmeter_core::loss::{
            BinaryCrossEntropy, Dice, Focal, FocalTversky, LovaszHinge, Smooth, Tversky, Weighted,
        };
        let half = Tversky::new(0.5, 0.5, Smooth::NONE).expect("parameters");
        $crate::for_each_loss!(@each |$loss, $name| $body;
            "bce" BinaryCrossEntropy, "focal" Focal::PAPER,
            "focal 0.5" Focal::new(0.5, 0.5, 0.5).expect("parameters"),
            "focal 3.5" Focal::new(3.5, 1.0, 1.0).expect("parameters"),
            "dice" Dice::new(Smooth::ONE), "dice 0" Dice::new(Smooth::NONE),
            "tversky" Tversky::FN_HEAVY, "tversky 0" half,
            "focal_tversky" FocalTversky::PAPER,
            "focal_tversky 4/3" FocalTversky::new(half, 4.0 / 3.0).expect("parameters"),
            "lovasz_hinge" LovaszHinge,
            "weighted" Weighted::new(0.5, BinaryCrossEntropy, 2.0,
                Weighted::new(1.0, Tversky::FN_HEAVY, 0.25, LovaszHinge).expect("weights")).expect("weights"));
    }};
    (@each |$loss:ident, $name:ident| $body:expr; $($text:literal $value:expr),*) => {
        $({ let ($loss, $name) = (&$value, $text); $body })*
    };
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
