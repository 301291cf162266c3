//! What the test files share: vectors, fixtures, the bundled frames, tolerances.
#![allow(clippy::disallowed_methods, reason = "scenes and references are input, not results")]

use std::path::PathBuf;
use std::process::Command;

use segmeter::catalogue::{AnyLoss, LOSSES, Settings};
use segmeter_core::loss::Weighted;
use segmeter_core::view::IGNORE;
use serde::de::DeserializeOwned;

#[path = "support/camvid.rs"]
mod camvid;
#[path = "support/demo.rs"]
mod demo;
#[path = "support/losses.rs"]
mod loss_vectors;
#[path = "support/profile.rs"]
mod profile;
#[path = "support/scene.rs"]
mod scene;
#[path = "support/table.rs"]
mod table;

pub use camvid::{Camvid, CamvidFrame};
pub use demo::{DEMO_FRAMES, DEMO_SHAPE, Demo, unpack};
pub use loss_vectors::{Codes, Fixture, LossCase, LossVectors, ROOM};
pub use scene::{
    Kind, Outcome, Scene, Walks, accumulate, accumulate_by, bits, depends_on_place, scratch_len,
};
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

/// Planes of classes as pixels of classes.
#[must_use]
pub fn interleave(planes: &[f32], classes: usize) -> Vec<f32> {
    let pixels = planes.len() / classes;
    (0..planes.len()).map(|place| planes[place % classes * pixels + place / classes]).collect()
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
