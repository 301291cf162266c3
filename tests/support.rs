//! What the test files share: vectors, fixtures, the bundled frames, tolerances.
#![allow(clippy::disallowed_methods, reason = "scenes and references are input, not results")]

use std::path::PathBuf;
use std::process::{Command, Output};

use segmeter_core::view::IGNORE;
use serde::de::DeserializeOwned;

#[path = "support/camvid.rs"]
mod camvid;
#[cfg(feature = "adapter")]
#[path = "support/catalogue.rs"]
mod catalogue;
#[path = "support/demo.rs"]
mod demo;
#[path = "support/drives.rs"]
pub mod drives;
#[path = "support/instructions.rs"]
pub mod instructions;
#[path = "support/losses.rs"]
mod loss_vectors;
#[path = "support/profile.rs"]
mod profile;
#[cfg(feature = "adapter")]
#[path = "support/scene.rs"]
mod scene;
#[path = "support/sources.rs"]
mod sources;
#[cfg(feature = "adapter")]
#[path = "support/table.rs"]
mod table;

pub use camvid::{Camvid, CamvidFrame};
#[cfg(feature = "adapter")]
pub use catalogue::{binary_losses, losses, named, takes};
pub use demo::{DEMO_FRAMES, DEMO_SHAPE, Demo, unpack};
pub use loss_vectors::{Codes, Fixture, LossCase, LossVectors, ROOM};
#[cfg(feature = "adapter")]
pub use scene::{
    Kind, Outcome, Scene, Walks, accumulate, accumulate_by, depends_on_place, scratch_len, value,
    value_and_gradient,
};
pub use sources::{calls, functions, names};
#[cfg(feature = "adapter")]
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
    let run = boot_bench(what, "")?;
    assert!(run.status.success(), "the image ended with a failure: {}", String::from_utf8_lossy(&run.stdout));
    Some(String::from_utf8(run.stdout).expect("text"))
}

/// The image that counts instructions, started with an argument; `None` without the device's images.
///
/// # Panics
/// If QEMU is missing.
#[must_use]
pub fn boot_bench(what: &str, argument: &str) -> Option<Output> {
    let image = images(what)?.join("bench");
    let mut qemu = Command::new("qemu-system-arm");
    qemu.args(["-M", "mps2-an386", "-display", "none", "-monitor", "none", "-serial", "null"])
        .args(["-icount", "shift=0", "-semihosting-config"])
        .arg(format!("enable=on,target=native,arg=bench,arg={argument}"))
        .arg("-kernel")
        .arg(&image);
    Some(qemu.output().expect("qemu-system-arm"))
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

/// The bits of a number; those of zero for a negative zero.
#[must_use]
pub fn bits(x: f32) -> u32 {
    (x + 0.0).to_bits()
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
