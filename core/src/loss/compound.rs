//! Compound losses: sums of others.
//!
//! A sum needs no memory of its own: its parts write to the same gradient and take turns with the same scratch.
//! [`DiceCrossEntropy`] and the like are names for sums that have one; [`Weighted`] makes any other.

use super::boundary::{Boundary, HausdorffDistance};
use super::distribution::{CrossEntropy, Focal, TopK};
use super::entry::{Entry, family};
use super::region::{Dice, FocalTversky};
use super::{Call, Evaluation, Execute, Loss};
use crate::error::{Error, Result};
use crate::sketch::{GradientTable, SigmoidTable, Sketch};
use crate::view::{Frame, Shape};

mod combo;
mod exponential;
mod list;
mod unified;

pub(super) use combo::COMBO;
pub use combo::Combo;
pub(super) use exponential::EXPONENTIAL_LOGARITHMIC;
pub use exponential::{ExponentialLogarithmic, PowerCrossEntropy};
pub(super) use list::{
    DICE_BOUNDARY, DICE_CROSS_ENTROPY, DICE_FOCAL, DICE_HAUSDORFF, DICE_TOP_K, HYBRID_FOCAL,
};
pub(super) use unified::UNIFIED_FOCAL;
pub use unified::{UnifiedFocal, UnifiedFocalCrossEntropy, UnifiedFocalTversky};

/// What the entries of this family have in common.
const FAMILY: Entry = family("compound");

/// Dice and cross-entropy: overlap, and a gradient on confidently wrong pixels, which Dice alone has not.
///
/// ```
/// use segmeter_core::loss::{CrossEntropy, Dice, DiceCrossEntropy, Smooth, Weighted};
/// let sum: DiceCrossEntropy = Weighted::new(1.0, Dice::new(Smooth::ONE), 1.0, CrossEntropy::MEAN)?;
/// # Ok::<(), segmeter_core::Error>(())
/// ```
pub type DiceCrossEntropy = Weighted<Dice, CrossEntropy>;
/// Dice and focal loss.
pub type DiceFocal = Weighted<Dice, Focal>;
/// Dice and the cross-entropy of the worst pixels.
pub type DiceTopK = Weighted<Dice, TopK>;
/// Hybrid focal loss: focal Tversky and focal loss. Source: Yeung et al. 2021.
pub type HybridFocal = Weighted<FocalTversky, Focal>;

/// Dice and boundary loss.
pub type DiceBoundary = Weighted<Dice, Boundary>;
/// Dice and the Hausdorff distance loss.
pub type DiceHausdorff = Weighted<Dice, HausdorffDistance>;

/// Makes [`Loss`] of a type that wraps another loss.
macro_rules! wrapping_loss {
    ($loss:ty, $finish:expr) => {
        impl $crate::loss::Loss for $loss {
            fn scratch_len(&self, shape: $crate::view::Shape) -> usize {
                $crate::loss::Loss::scratch_len(&self.inner, shape)
            }
            fn check<const C: usize>(&self, frame: &$crate::view::Frame<'_, C>) -> $crate::error::Result<()> {
                $crate::loss::Loss::check(&self.inner, frame)
            }
            fn run<X: $crate::loss::Execute, const C: usize>(
                &self,
                call: $crate::loss::Call<'_, X, C>,
            ) -> $crate::error::Result<$crate::loss::Evaluation> {
                self.inner.run(call).map(|part| $finish(self, part))
            }
            fn run_classes<X: $crate::loss::Execute, const C: usize>(
                &self,
                call: $crate::loss::Call<'_, X, C>,
                values: &mut [$crate::loss::Evaluation],
            ) -> $crate::error::Result<$crate::loss::Evaluation> {
                let whole = self.inner.run_classes(call, values)?;
                values.iter_mut().for_each(|value| *value = $finish(self, *value));
                Ok($finish(self, whole))
            }
            fn accumulate_sketch(
                &self,
                sketch: &$crate::sketch::Sketch,
                table: &$crate::sketch::SigmoidTable,
                weight: f32,
                gradient: Option<&mut $crate::sketch::GradientTable>,
            ) -> $crate::error::Result<$crate::loss::Evaluation> {
                self.inner.accumulate_sketch(sketch, table, weight, gradient).map(|part| $finish(self, part))
            }
        }
    };
}
use wrapping_loss;

/// `first_weight * first + second_weight * second`; nest it for more parts.
///
/// A part that is undefined adds nothing; the sum is undefined if both are. Scratch: the larger of the
/// two. Passes: those of both.
///
/// ```
/// use segmeter_core::{loss::{CrossEntropy, Dice, Loss, Smooth, Weighted}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// let sum = Weighted::new(0.5, CrossEntropy::MEAN, 0.5, Dice::new(Smooth::ONE))?;
/// assert_eq!(sum.value(&frame, &mut [])?.value, 0.74118006);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weighted<A, B> {
    first_weight: f32,
    first: A,
    second_weight: f32,
    second: B,
}

impl<A, B> Weighted<A, B> {
    /// Weights are finite; a negative one subtracts.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub fn new(first_weight: f32, first: A, second_weight: f32, second: B) -> Result<Self> {
        if !first_weight.is_finite() || !second_weight.is_finite() {
            return Err(Error::Parameter("weight"));
        }
        Ok(Self { first_weight, first, second_weight, second })
    }

    fn sum(&self, first: Evaluation, second: Evaluation) -> Evaluation {
        let part = |weight: f32, part: Evaluation| f64::from(weight) * part.precise;
        let sum = Evaluation::new(part(self.first_weight, first) + part(self.second_weight, second));
        Evaluation { undefined: first.undefined && second.undefined, ..sum }
    }
}

impl<A: Loss, B: Loss> Loss for Weighted<A, B> {
    fn scratch_len(&self, shape: Shape) -> usize {
        self.first.scratch_len(shape).max(self.second.scratch_len(shape))
    }

    fn check<const C: usize>(&self, frame: &Frame<'_, C>) -> Result<()> {
        self.first.check(frame)?;
        self.second.check(frame)
    }

    fn run<X: Execute, const C: usize>(&self, mut call: Call<'_, X, C>) -> Result<Evaluation> {
        // Before the first part writes to the gradient: a refused second part must leave it as it was.
        call.admit(self.check(&call.frame), self.scratch_len(call.frame.shape()))?;
        let first = self.first.run(call.part(self.first_weight))?;
        let second = self.second.run(call.part(self.second_weight))?;
        Ok(self.sum(first, second))
    }

    fn run_classes<X: Execute, const C: usize>(
        &self,
        mut call: Call<'_, X, C>,
        values: &mut [Evaluation],
    ) -> Result<Evaluation> {
        let mut others = [Evaluation::UNDEFINED; C];
        let first = self.first.run_classes(call.part(1.0), values)?;
        let second = self.second.run_classes(call, &mut others)?;
        for (value, other) in values.iter_mut().zip(others) {
            *value = self.sum(*value, other);
        }
        Ok(self.sum(first, second))
    }

    fn accumulate_sketch(
        &self,
        sketch: &Sketch,
        table: &SigmoidTable,
        weight: f32,
        mut gradient: Option<&mut GradientTable>,
    ) -> Result<Evaluation> {
        if gradient.is_some() {
            self.second.accumulate_sketch(sketch, table, weight, None)?;
        }
        let first = self.first.accumulate_sketch(
            sketch,
            table,
            weight * self.first_weight,
            gradient.as_deref_mut(),
        )?;
        let second = self.second.accumulate_sketch(sketch, table, weight * self.second_weight, gradient)?;
        Ok(self.sum(first, second))
    }
}
