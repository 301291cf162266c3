//! Losses by the taxonomy: value, and gradient with respect to the logits.
//!
//! | family | losses |
//! |---|---|
//! | [`distribution`] | [`BinaryCrossEntropy`], [`Focal`] |
//! | [`region`] | [`Dice`], [`Tversky`], [`FocalTversky`] |
//! | [`lovasz`] | [`LovaszHinge`] |
//! | [`compound`] | [`Weighted`] sum of any two, nested for more |
//!
//! A loss is a plain value: its parameters. [`Loss::accumulate`] evaluates it on a frame of `f32` logits,
//! [`Loss::accumulate_sketch`] on a [`Sketch`] of 8-bit ones; both run the same algebra.

use crate::error::{Error, Result};
use crate::sketch::{GradientTable, SigmoidTable, Sketch};
use crate::view::Frame;

pub mod compound;
pub mod distribution;
pub mod execute;
pub mod lovasz;
mod pixels;
pub mod region;
mod sum;

pub use compound::Weighted;
pub use distribution::{BinaryCrossEntropy, Focal};
pub use execute::{Execute, Job, Serial};
pub use lovasz::LovaszHinge;
pub use region::{Dice, FocalTversky, Smooth, Tversky};
pub use sum::{Fit, Pixel, SumLoss};

/// The value of a loss.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Evaluation {
    /// The loss; 0 where it is undefined.
    pub value: f32,
    /// No pixel has a label and a weight, or the formula is 0/0: value and gradient are 0.
    pub undefined: bool,
}

impl Evaluation {
    /// What a frame without a scored pixel gives.
    pub const UNDEFINED: Self = Self { value: 0.0, undefined: true };

    const fn defined(value: f64) -> Self {
        Self { value: value as f32, undefined: false }
    }
}

/// A loss over binary labels.
pub trait Loss: Sync {
    /// Scratch elements that a frame of this many pixels needs.
    fn scratch_len(&self, pixels: usize) -> usize {
        let _ = pixels;
        0
    }

    /// Evaluates a frame and adds `weight` times the gradient with respect to the logits to `gradient`.
    ///
    /// `executor` decides which machine and how many threads walk the rows; the result does not depend on it.
    ///
    /// # Errors
    /// [`Error::Scratch`] if `scratch` is shorter than [`Loss::scratch_len`], [`Error::Length`] if `gradient`
    /// does not hold one `f32` per pixel.
    fn accumulate<X: Execute>(
        &self,
        executor: &X,
        frame: &Frame<'_>,
        weight: f32,
        scratch: &mut [u32],
        gradient: Option<&mut [f32]>,
    ) -> Result<Evaluation>;

    /// Evaluates a sketch and adds `weight` times the gradient of each code to `gradient`.
    fn accumulate_sketch(
        &self,
        sketch: &Sketch,
        table: &SigmoidTable,
        weight: f32,
        gradient: Option<&mut GradientTable>,
    ) -> Evaluation;

    /// The value on a frame, walked by the calling thread in scalar code.
    ///
    /// # Errors
    /// [`Error::Scratch`].
    fn value(&self, frame: &Frame<'_>, scratch: &mut [u32]) -> Result<Evaluation> {
        self.accumulate(&Serial::SCALAR, frame, 1.0, scratch, None)
    }

    /// The value on a frame, and its gradient written over `gradient`; scalar code, calling thread.
    ///
    /// # Errors
    /// [`Error::Scratch`], [`Error::Length`].
    fn value_and_gradient(
        &self,
        frame: &Frame<'_>,
        scratch: &mut [u32],
        gradient: &mut [f32],
    ) -> Result<Evaluation> {
        gradient.fill(0.0);
        self.accumulate(&Serial::SCALAR, frame, 1.0, scratch, Some(gradient))
    }

    /// The value of a sketch.
    fn sketch_value(&self, sketch: &Sketch, table: &SigmoidTable) -> Evaluation {
        self.accumulate_sketch(sketch, table, 1.0, None)
    }
}

/// A parameter that must be finite and not negative.
const fn check_weight(value: f32, name: &'static str) -> Result<f32> {
    if value >= 0.0 && value <= f32::MAX { Ok(value) } else { Err(Error::Parameter(name)) }
}

fn check_gradient(frame: &Frame<'_>, gradient: Option<&[f32]>) -> Result<()> {
    let expected = frame.shape().pixels();
    match gradient {
        Some(slots) if slots.len() != expected => Err(Error::Length { expected, found: slots.len() }),
        _ => Ok(()),
    }
}
