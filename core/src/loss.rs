//! Losses by the taxonomy: value, and gradient with respect to the scores.
//!
//! A loss is a plain value: its parameters. [`Loss::accumulate`] evaluates it on a [`Frame`], binary or multiclass,
//! [`Loss::accumulate_sketch`] on a [`Sketch`] of 8-bit binary output; both run the same algebra. [`Sums`] takes
//! a frame row by row, or many frames as one. For multilabel output take one binary frame per channel.
//!
//! Passes: how often the pixels are walked for the value, and `+` what the gradient adds; pixel weights and soft labels
//! take one more. Scratch is in words of 32 bits. Errors are the largest against 120-digit references, a value's
//! relative to itself, a derivative's to the largest of its frame. Costs per pixel: instructions on a Cortex-M4F, for the
//! value of a 160x120 frame of 8-bit codes through its sketch (to which filling it adds 7.7, once for all losses) and for
//! value and gradient of 160x24 floats; nanoseconds on one thread of a desk with AVX2, value and gradient of 1024x2048 floats.
//! `tests/examples/loss_table.rs` says how to measure them again.
//!
#![doc = include_str!("loss/table.md")]

use crate::error::{Error, Result};
use crate::sketch::{GradientTable, SigmoidTable, Sketch};
use crate::view::{Frame, Shape};

pub mod boundary;
pub mod compound;
pub mod distribution;
mod entry;
mod grid;
mod harmonic;
mod kernel;
pub mod list;
pub mod lovasz;
pub mod mapped;
pub mod region;
pub mod spatial;
mod sum;
pub mod topology;
mod walk;

pub use boundary::{
    ActiveBoundary, ActiveContour, Boundary, BoundaryDou, BoundaryF1, Convention, DistancePenalised,
    Elastica, HausdorffConvolution, HausdorffDistance, HausdorffErosion, LogHausdorff, ShapeAware, Sides,
};
pub use compound::{
    Combo, DiceBoundary, DiceCrossEntropy, DiceFocal, DiceHausdorff, DiceTopK, ExponentialLogarithmic,
    HybridFocal, UnifiedFocal, Weighted,
};
pub use distribution::{
    BalancedCrossEntropy, Bootstrapped, CrossEntropy, Focal, GeneralisedCrossEntropy, LabelSmoothed,
    Normalise, NormalisedFocal, Ohem, Poly1, RecallCrossEntropy, ReducedFocal, TopK,
};
pub use kernel::{Kernel, Reads, Slopes};
pub use list::{AnyLoss, LOSSES};
pub use lovasz::{LovaszClasses, LovaszHinge, LovaszSoftmax};
pub use region::{
    AbsentClass, AsymmetricSimilarity, ClassAveraging, ClassWeighting, Dice, FocalTversky, GeneralisedDice,
    Jaccard, LogCoshDice, LogDice, Mcc, NoiseRobustDice, OverlapKernel, PenaltyGeneralisedDice, PowerJaccard,
    PowerKernel, Recall, SensitivitySpecificity, Smooth, SquaredDice, Tanimoto, Tversky, WassersteinDice,
    WassersteinMode,
};
pub use spatial::{ClassPlane, SpatialLoss};
pub use sum::{Fit, SumLoss, Sums, Tally};
pub use topology::{CbDice, ClDice, SkeletonRecall};
pub use walk::{Execute, Job, Pixel, Serial};

/// The value of a loss: [`Evaluation::new`] or [`Evaluation::UNDEFINED`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Evaluation {
    /// The loss; 0 where it is undefined.
    pub value: f32,
    /// No pixel has a label and a weight, or the formula is 0/0: value and gradient are 0.
    pub undefined: bool,
    /// The value before it was rounded: what sums of losses are made of.
    precise: f64,
}

impl Evaluation {
    /// What a frame without a scored pixel gives.
    pub const UNDEFINED: Self = Self { value: 0.0, undefined: true, precise: 0.0 };

    /// Of a loss that is defined, before it is rounded.
    ///
    /// A loss of one's own, and a sum that it is part of:
    ///
    /// ```
    /// use segmeter_core::{Result, loss::{Call, Evaluation, Execute, Loss, Weighted}};
    /// use segmeter_core::view::{Frame, IGNORE, Labels, Shape};
    /// /// The mean of the squared scores, whatever the labels.
    /// struct Squares;
    /// impl Loss for Squares {
    ///     fn scratch_len(&self, _: Shape) -> usize { 0 }
    ///     fn run<X: Execute, const C: usize>(&self, call: Call<'_, X, C>) -> Result<Evaluation> {
    ///         let (scores, count) = (call.frame.scores(), call.frame.scores().len() as f32);
    ///         for (slot, score) in call.gradient.into_iter().flatten().zip(scores) {
    ///             let before = if call.overwrites { 0.0 } else { *slot };
    ///             *slot = before + call.weight * (2.0 * score / count);
    ///         }
    ///         let sum: f64 = scores.iter().map(|score| f64::from(*score).powi(2)).sum();
    ///         Ok(Evaluation::new(sum / f64::from(count)))
    ///     }
    /// }
    /// let frame = Frame::new(&[3.0, -1.0], Labels::new(Shape::new(1, 2)?, &[1, 0], IGNORE)?)?;
    /// assert_eq!(Squares.value(&frame, &mut [])?.value, 5.0);
    /// let (sum, mut gradient) = (Weighted::new(1.0, Squares, 0.5, Squares)?, [0.0; 2]);
    /// assert_eq!(sum.value_and_gradient(&frame, &mut [], &mut gradient)?.value, 7.5);
    /// assert_eq!(gradient, [4.5, -1.5]);
    /// # Ok::<(), segmeter_core::Error>(())
    /// ```
    #[must_use]
    pub const fn new(value: f64) -> Self {
        Self { value: value as f32, undefined: false, precise: value }
    }
}

/// What is asked of a loss on a frame.
#[derive(Debug)]
pub struct Call<'a, X, const C: usize = 2> {
    /// Decides which machine and how many threads walk the rows; the result does not depend on it.
    pub executor: &'a X,
    /// The frame.
    pub frame: Frame<'a, C>,
    /// What the gradient is multiplied by before it is added.
    pub weight: f32,
    /// At least [`Loss::scratch_len`] words, of any content.
    pub scratch: &'a mut [u32],
    /// Where `weight` times the gradient goes: one `f32` per score.
    pub gradient: Option<&'a mut [f32]>,
    /// Whether the gradient is written over what is there, which saves to fill it with zeros and to read it; else it is added.
    pub overwrites: bool,
}

impl<'a, X, const C: usize> Call<'a, X, C> {
    /// The same for a part of a loss, whose gradient counts `weight` times. What the next part has is added to it.
    #[must_use]
    pub fn part(&mut self, weight: f32) -> Call<'_, X, C> {
        let Self { executor, frame, scratch, gradient, .. } = self;
        let (weight, overwrites) = (self.weight * weight, core::mem::replace(&mut self.overwrites, false));
        Call { executor, frame: *frame, weight, scratch, gradient: gradient.as_deref_mut(), overwrites }
    }

    /// Refuses what cannot be done, by what the loss says of the frame and the scratch words that it needs, before anything
    /// is written.
    fn admit(&self, is_defined: Result<()>, need: usize) -> Result<()> {
        self.check_gradient()?;
        is_defined?;
        if self.scratch.len() < need { Err(Error::Scratch { need }) } else { Ok(()) }
    }

    /// The same, and a gradient that is to be written over becomes one that can be added to.
    fn begin(&mut self, is_defined: Result<()>, need: usize) -> Result<()> {
        self.admit(is_defined, need)?;
        if let (true, Some(gradient)) = (self.overwrites, self.gradient.as_deref_mut()) {
            gradient.fill(0.0);
        }
        self.overwrites = false;
        Ok(())
    }

    /// Refuses a gradient that does not hold one `f32` per score.
    fn check_gradient(&self) -> Result<()> {
        check_gradient(&self.frame, self.gradient.as_deref())
    }
}

/// A loss.
pub trait Loss: Sync {
    /// Scratch words that a frame of this shape needs.
    fn scratch_len(&self, shape: Shape) -> usize {
        let _ = shape;
        0
    }

    /// Refuses a frame for which the loss is not defined; [`Loss::run`] asks before it writes anything.
    ///
    /// # Errors
    /// [`Error::Unsupported`].
    fn check<const C: usize>(&self, frame: &Frame<'_, C>) -> Result<()> {
        let _ = frame;
        Ok(())
    }

    /// Evaluates a frame; adds the gradient with respect to the scores or writes it, zeros where the loss is undefined.
    ///
    /// # Errors
    /// [`Error::Scratch`] if `scratch` is shorter than [`Loss::scratch_len`], [`Error::Length`] if `gradient`
    /// does not hold one `f32` per score, [`Error::Unsupported`] if the loss is not defined for such a frame. Then
    /// `gradient` is as it was.
    fn run<X: Execute, const C: usize>(&self, call: Call<'_, X, C>) -> Result<Evaluation>;

    /// The value of a frame, and in `values` those of its classes, each with all other classes at weight 0; no gradient. One
    /// pass for all of a loss that is a [`SumLoss`], else those of [`Loss::run`] once more for every class.
    ///
    /// ```
    /// use segmeter_core::{loss::{Call, Dice, Evaluation, Loss, Serial, Smooth}, view::{Frame, IGNORE, Layout, Shape}};
    /// let (scores, shape) = ([2.0, 0.0, 0.0, 1.0, -1.0, 0.5], Shape::new(1, 2)?);
    /// let frame = Frame::<3>::multiclass(shape, 3, Layout::Planar, &scores, &[0, 1], IGNORE)?;
    /// let (mut values, executor) = ([Evaluation::UNDEFINED; 3], &Serial::SCALAR);
    /// let call = Call { executor, frame, weight: 1.0, scratch: &mut [], gradient: None, overwrites: false };
    /// Dice::new(Smooth::ONE).run_classes(call, &mut values)?;
    /// let first = frame.with_class_weights(&[1.0, 0.0, 0.0])?;
    /// assert_eq!(values[0], Dice::new(Smooth::ONE).value(&first, &mut [])?);
    /// # Ok::<(), segmeter_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Loss::run`].
    fn run_classes<X: Execute, const C: usize>(
        &self,
        call: Call<'_, X, C>,
        values: &mut [Evaluation],
    ) -> Result<Evaluation> {
        let Call { executor, frame, weight, scratch, .. } = call;
        for (class, value) in (0..frame.classes()).zip(values) {
            let weights = only::<C>(class);
            let frame = frame.with_class_weights(weights.get(..frame.classes()).unwrap_or_default())?;
            *value =
                self.run(Call { executor, frame, weight, scratch, gradient: None, overwrites: false })?;
        }
        self.run(Call { executor, frame, weight, scratch, gradient: None, overwrites: false })
    }

    /// [`Loss::run`] with its parts one by one: `weight` times the gradient is added.
    ///
    /// # Errors
    /// As [`Loss::run`].
    fn accumulate<X: Execute, const C: usize>(
        &self,
        executor: &X,
        frame: &Frame<'_, C>,
        weight: f32,
        scratch: &mut [u32],
        gradient: Option<&mut [f32]>,
    ) -> Result<Evaluation> {
        self.run(Call { executor, frame: *frame, weight, scratch, gradient, overwrites: false })
    }

    /// The value, and its gradient written over `gradient`: faster than to fill it with zeros and to add.
    ///
    /// # Errors
    /// As [`Loss::run`].
    fn overwrite<X: Execute, const C: usize>(
        &self,
        executor: &X,
        frame: &Frame<'_, C>,
        scratch: &mut [u32],
        gradient: &mut [f32],
    ) -> Result<Evaluation> {
        let (weight, gradient, overwrites) = (1.0, Some(gradient), true);
        self.run(Call { executor, frame: *frame, weight, scratch, gradient, overwrites })
    }

    /// Evaluates a sketch and adds `weight` times the gradient of each code to `gradient`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the loss depends on where pixels are.
    fn accumulate_sketch(
        &self,
        sketch: &Sketch,
        table: &SigmoidTable,
        weight: f32,
        gradient: Option<&mut GradientTable>,
    ) -> Result<Evaluation> {
        let _ = (sketch, table, weight, gradient);
        Err(Error::Unsupported("the loss depends on where pixels are, which a histogram does not know"))
    }

    /// The value on a frame, walked by the calling thread in scalar code.
    ///
    /// # Errors
    /// As [`Loss::run`].
    fn value<const C: usize>(&self, frame: &Frame<'_, C>, scratch: &mut [u32]) -> Result<Evaluation> {
        self.accumulate(&Serial::SCALAR, frame, 1.0, scratch, None)
    }

    /// The value on a frame, and its gradient written over `gradient`; scalar code, calling thread.
    ///
    /// # Errors
    /// As [`Loss::run`].
    fn value_and_gradient<const C: usize>(
        &self,
        frame: &Frame<'_, C>,
        scratch: &mut [u32],
        gradient: &mut [f32],
    ) -> Result<Evaluation> {
        self.overwrite(&Serial::SCALAR, frame, scratch, gradient)
    }

    /// The value of a sketch.
    ///
    /// # Errors
    /// As [`Loss::accumulate_sketch`].
    fn sketch_value(&self, sketch: &Sketch, table: &SigmoidTable) -> Result<Evaluation> {
        self.accumulate_sketch(sketch, table, 1.0, None)
    }
}

/// Class weights of a class alone.
fn only<const C: usize>(class: usize) -> [f32; C] {
    core::array::from_fn(|other| if other == class { 1.0 } else { 0.0 })
}

/// Slopes are not larger, so that products and sums of them stay numbers.
const LARGEST_SLOPE: f64 = (1_u128 << 120) as f64;

/// A slope as an `f32`, bounded where a denominator is all but 0.
const fn finite(slope: f64) -> f32 {
    slope.clamp(-LARGEST_SLOPE, LARGEST_SLOPE) as f32
}

/// A parameter that must be finite and not negative.
const fn check_weight(value: f32, name: &'static str) -> Result<f32> {
    if value >= 0.0 && value <= f32::MAX { Ok(value) } else { Err(Error::Parameter(name)) }
}

fn check_gradient<const C: usize>(frame: &Frame<'_, C>, gradient: Option<&[f32]>) -> Result<()> {
    let expected = frame.scores().len();
    match gradient {
        Some(slots) if slots.len() != expected => Err(Error::Length { expected, found: slots.len() }),
        _ => Ok(()),
    }
}

/// Parts of `scratch` by their lengths, and the rest.
fn split_scratch<const N: usize>(
    mut scratch: &mut [u32],
    lengths: [usize; N],
    need: usize,
) -> Result<([&mut [u32]; N], &mut [u32])> {
    if scratch.len() < need || need < lengths.iter().sum() {
        return Err(Error::Scratch { need });
    }
    let parts = lengths.map(|length| {
        let part;
        (part, scratch) = core::mem::take(&mut scratch).split_at_mut_checked(length).unwrap_or_default();
        part
    });
    Ok((parts, scratch))
}
