//! What the `segmeter` command takes and prints, how drift is watched, what was measured, and which losses train. Nothing to call.

/// The `segmeter` command: what it reads, prints and writes.
///
#[doc = include_str!("guide/command.md")]
pub mod command {}

/// Drift: what a profile is learnt from, what the verdicts mean, and how honest they are.
///
#[doc = include_str!("guide/drift.md")]
pub mod drift {}

/// Instructions on a device, nanoseconds on a desk, errors against arithmetic of 120 digits.
///
#[doc = include_str!("guide/measured.md")]
pub mod measured {}

/// A network trained with every loss: which train well, also with 1 % road, which do not, and what they are added to.
///
#[doc = include_str!("guide/training.md")]
pub mod training {}
