//! What the test files share: vectors, fixtures, the bundled frames, tolerances.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::process::Command;

use segmeter::catalogue::{AnyLoss, LOSSES, Settings};
use segmeter_core::loss::Weighted;
use segmeter_core::sketch::CODES;
use segmeter_core::view::{
    Activation, Encoding, Frame, IGNORE, Labels, Layout, Mask, Quantiser, Shape, Weights,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

#[path = "support/camvid.rs"]
mod camvid;
#[path = "support/profile.rs"]
mod profile;
#[path = "support/scene.rs"]
mod scene;
#[path = "support/table.rs"]
mod table;

pub use camvid::{Camvid, CamvidFrame};
pub use scene::{Kind, Outcome, Scene, accumulate, bits, depends_on_place, scratch_len};
pub use table::{Costs, LOSS_TABLE, fixed_cells, loss_table, measured_errors};

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

/// What the image that counts instructions prints in QEMU; `None`, with a line that says so, without the image.
///
/// # Panics
/// If QEMU is missing, or the image ends with a failure.
#[must_use]
pub fn bench_image(what: &str) -> Option<String> {
    let image = images(what)?.join("bench");
    let run = Command::new("qemu-system-arm")
        .args(["-M", "mps2-an386", "-display", "none", "-monitor", "none", "-serial", "null"])
        .args(["-icount", "shift=0", "-semihosting-config", "enable=on,target=native", "-kernel"])
        .arg(&image)
        .output()
        .expect("qemu-system-arm");
    assert!(run.status.success(), "the image ended with a failure: {}", String::from_utf8_lossy(&run.stdout));
    Some(String::from_utf8(run.stdout).expect("text"))
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

/// Holds what was found against what another library returned, where null stands for undefined.
///
/// # Panics
/// If they differ by more than `tolerance`.
pub fn agree(found: Option<f64>, expected: &serde_json::Value, tolerance: f64, what: &str) {
    let same = match (found, expected.as_f64()) {
        (None, None) => true,
        (Some(a), Some(b)) => (a - b).abs() <= tolerance,
        _ => false,
    };
    assert!(same, "{what}: {found:?}, expected {expected}");
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
    /// 1 for a binary frame.
    #[serde(default)]
    pub classes: usize,
    /// `logits` or `probabilities`.
    #[serde(default)]
    pub input: String,
    /// Planar.
    pub logits: Vec<f32>,
    /// Class ids, 255 without a label.
    pub labels: Option<Vec<u8>>,
    /// Soft labels, planar.
    pub targets: Option<Vec<f32>>,
    /// Pixel weights.
    pub weights: Option<Vec<f32>>,
    /// Of background and foreground, or of every class.
    pub class_weights: Option<Vec<f32>>,
    /// The 8-bit codes behind the logits.
    pub quantised: Option<Codes>,
}

/// 8-bit codes of a frame.
#[derive(Deserialize)]
pub struct Codes {
    /// Planar.
    pub codes: Vec<i8>,
    /// Logit of a step.
    pub scale: f32,
    /// Code of logit zero.
    pub zero_point: i32,
}

/// What a reference computed.
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
    /// Its derivative with respect to each score.
    pub gradient: Vec<f64>,
    /// The loss has no value here.
    #[serde(default)]
    pub undefined: bool,
}

impl LossCase {
    /// The loss.
    ///
    /// # Panics
    /// If there is no such loss.
    #[must_use]
    pub fn loss(&self) -> AnyLoss {
        named(&self.loss, &self.parameters)
    }
}

/// Public losses that are parts of others in the catalogue.
pub const PARTS: [&str; 6] = [
    "BoundaryOnMap",
    "HausdorffOnMap",
    "DistancePenalisedOnMap",
    "BoundaryDouOnMap",
    "SkeletonRecallOnMap",
    "PowerCrossEntropy",
];

/// The loss that a name and parameters in the vectors stand for.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn named(name: &str, parameters: &serde_json::Value) -> AnyLoss {
    if let Some(parts) = parameters.get("parts") {
        let mut parts = parts.as_array().expect("parts").iter().rev().map(|part| {
            let weight = part["weight"].as_f64().expect("a weight") as f32;
            (weight, named(part["loss"].as_str().expect("a name"), &part["parameters"]))
        });
        let (mut weight, mut sum) = parts.next().expect("a part");
        for (more, part) in parts {
            let nested = Weighted::new(more, part, weight, sum).expect("weights");
            (weight, sum) = (1.0, AnyLoss::Sum(Box::new(nested)));
        }
        return sum;
    }
    let settings: Settings = serde_json::from_value(parameters.clone()).expect("settings");
    AnyLoss::new(name, &settings).unwrap_or_else(|line| panic!("{name} {parameters}: {line}"))
}

/// Room for the classes of every multiclass fixture.
pub const ROOM: usize = 32;

impl Fixture {
    /// Its shape.
    ///
    /// # Panics
    /// If the vectors are damaged; so do the others.
    #[must_use]
    pub fn shape(&self) -> Shape {
        Shape::new(self.height, self.width).expect("a shape")
    }
    /// Whether it has one score per pixel.
    #[must_use]
    pub const fn is_binary(&self) -> bool {
        self.classes < 2
    }
    /// Its hard binary labels.
    #[must_use]
    pub fn labels(&self) -> Labels<'_> {
        Labels::new(self.shape(), self.labels.as_ref().expect("labels"), IGNORE).expect("labels")
    }
    /// The binary frame.
    #[must_use]
    pub fn frame(&self) -> Frame<'_> {
        self.dress(match &self.targets {
            Some(targets) => Frame::soft(self.shape(), &self.logits, targets).expect("soft labels"),
            None => Frame::new(&self.logits, self.labels()).expect("logits"),
        })
    }
    /// The multiclass frame; `scores` and `targets` are its own or the same in another layout.
    #[must_use]
    pub fn multiclass<'a>(
        &'a self,
        layout: Layout,
        scores: &'a [f32],
        targets: Option<&'a [f32]>,
    ) -> Frame<'a, ROOM> {
        let (shape, classes) = (self.shape(), self.classes);
        self.dress(match targets {
            Some(targets) => {
                Frame::multiclass_soft(shape, classes, layout, scores, targets).expect("soft labels")
            }
            None => {
                let ids = self.labels.as_ref().expect("labels");
                Frame::multiclass(shape, classes, layout, scores, ids, IGNORE).expect("logits")
            }
        })
    }
    fn dress<'a, const C: usize>(&'a self, mut frame: Frame<'a, C>) -> Frame<'a, C> {
        if self.input == "probabilities" {
            frame = frame.with_activation(Activation::Probabilities);
        }
        if let Some(weights) = &self.weights {
            let weights = Weights::new(self.shape(), weights).expect("weights");
            frame = frame.with_weights(weights).expect("as many weights");
        }
        if let Some(weights) = &self.class_weights {
            frame = frame.with_class_weights(weights).expect("class weights");
        }
        frame
    }
}

/// Planes of classes as pixels of classes.
#[must_use]
pub fn interleave(planes: &[f32], classes: usize) -> Vec<f32> {
    let pixels = planes.len() / classes;
    (0..planes.len()).map(|place| planes[place % classes * pixels + place / classes]).collect()
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

/// Every loss of the catalogue at its defaults, and some at other parameters.
///
/// # Panics
/// If a name or parameter is unknown.
#[must_use]
pub fn losses() -> Vec<(String, AnyLoss)> {
    let set = |name: &str, settings: &str| {
        (format!("{name} {settings}"), named(name, &serde_json::from_str(settings).expect("JSON")))
    };
    let defaults = LOSSES.iter().map(|entry| set(entry.name, "{}"));
    defaults
        .chain([
            set("focal", r#"{"focusing":0.5,"foreground_weight":0.5}"#),
            set("focal", r#"{"focusing":3.5}"#),
            set("dice", r#"{"smooth":0}"#),
            set("dice", r#"{"background":true,"empty":"skip_class"}"#),
            set("tversky", r#"{"fp_weight":0.5,"fn_weight":0.5,"smooth":0}"#),
            set("focal_tversky", r#"{"exponent":1.3333}"#),
            set("power_jaccard", r#"{"exponent":1.5}"#),
            set("bootstrapped", r#"{"hard":true}"#),
            set("unified_focal", r#"{"asymmetric":false}"#),
            (
                "weighted".to_owned(),
                named(
                    "weighted",
                    &serde_json::json!({"parts": [
                        {"weight": 0.5, "loss": "cross_entropy", "parameters": {}},
                        {"weight": 2, "loss": "tversky", "parameters": {}},
                        {"weight": 0.5, "loss": "top_k", "parameters": {}},
                    ]}),
                ),
            ),
        ])
        .collect()
}

/// Those of [`losses`] that take binary frames.
pub fn binary_losses() -> impl Iterator<Item = (String, AnyLoss)> {
    losses().into_iter().filter(|(name, _)| takes(name, "binary"))
}

/// Whether a loss is defined for binary frames, by the catalogue; a sum is.
#[must_use]
pub fn takes(name: &str, input: &str) -> bool {
    let name = name.split(' ').next().unwrap_or_default();
    segmeter::catalogue::loss(name).is_none_or(|entry| entry.inputs.contains(&input))
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
