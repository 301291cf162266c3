//! Compound losses: sums of others.

use super::{Evaluation, Execute, Loss};
use crate::error::{Error, Result};
use crate::sketch::{GradientTable, SigmoidTable, Sketch};
use crate::view::Frame;

/// `first_weight * first + second_weight * second`; nest it for more parts.
///
/// The parts write to the same gradient and take turns with the same scratch, so a sum needs no memory of its
/// own. A part that is undefined adds nothing; the sum is undefined if both are. Scratch: the larger of the
/// two. Passes: those of both.
///
/// ```
/// use segmeter_core::{loss::{BinaryCrossEntropy, Dice, Loss, Smooth, Weighted}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// let sum = Weighted::new(0.5, BinaryCrossEntropy, 0.5, Dice::new(Smooth::ONE))?;
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
        let part = |weight: f32, part: Evaluation| f64::from(weight) * f64::from(part.value);
        Evaluation {
            value: (part(self.first_weight, first) + part(self.second_weight, second)) as f32,
            undefined: first.undefined && second.undefined,
        }
    }
}

impl<A: Loss, B: Loss> Loss for Weighted<A, B> {
    fn scratch_len(&self, pixels: usize) -> usize {
        self.first.scratch_len(pixels).max(self.second.scratch_len(pixels))
    }

    fn accumulate<X: Execute>(
        &self,
        executor: &X,
        frame: &Frame<'_>,
        weight: f32,
        scratch: &mut [u32],
        mut gradient: Option<&mut [f32]>,
    ) -> Result<Evaluation> {
        // Before the first part writes to the gradient: a refused second part must leave it as it was.
        let need = self.scratch_len(frame.shape().pixels());
        if scratch.len() < need {
            return Err(Error::Scratch { need });
        }
        let first = self.first.accumulate(
            executor,
            frame,
            weight * self.first_weight,
            scratch,
            gradient.as_deref_mut(),
        )?;
        let second =
            self.second.accumulate(executor, frame, weight * self.second_weight, scratch, gradient)?;
        Ok(self.sum(first, second))
    }

    fn accumulate_sketch(
        &self,
        sketch: &Sketch,
        table: &SigmoidTable,
        weight: f32,
        mut gradient: Option<&mut GradientTable>,
    ) -> Evaluation {
        let first =
            self.first.accumulate_sketch(sketch, table, weight * self.first_weight, gradient.as_deref_mut());
        let second = self.second.accumulate_sketch(sketch, table, weight * self.second_weight, gradient);
        self.sum(first, second)
    }
}
