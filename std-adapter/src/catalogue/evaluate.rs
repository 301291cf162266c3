//! Losses chosen at run time on frames chosen at run time, compiled once.

use segmeter_core::Result;
use segmeter_core::loss::{Call, Evaluation, Loss};
use segmeter_core::view::{Frame, MAX_CLASSES};

use super::ChosenLoss;
use crate::Engine;

/// A binary frame, or one of as many classes as there may be.
#[derive(Clone, Copy, Debug)]
pub enum AnyFrame<'a> {
    /// One score per pixel.
    Binary(Frame<'a>),
    /// One score per class and pixel.
    Multiclass(Frame<'a, MAX_CLASSES>),
}

impl<'a> From<Frame<'a>> for AnyFrame<'a> {
    fn from(frame: Frame<'a>) -> Self {
        Self::Binary(frame)
    }
}

impl<'a> From<Frame<'a, MAX_CLASSES>> for AnyFrame<'a> {
    fn from(frame: Frame<'a, MAX_CLASSES>) -> Self {
        Self::Multiclass(frame)
    }
}

impl ChosenLoss {
    /// [`Loss::accumulate`] with scratch of its own.
    ///
    /// A program that calls the generic function compiles every loss for itself, which takes minutes; this one is
    /// compiled with the library.
    ///
    /// # Errors
    /// As [`Loss::accumulate`].
    #[inline(never)]
    pub fn evaluate(
        &self,
        engine: &Engine,
        frame: &AnyFrame<'_>,
        weight: f32,
        gradient: Option<&mut [f32]>,
    ) -> Result<Evaluation> {
        match frame {
            AnyFrame::Binary(frame) => {
                let mut scratch = vec![0; self.scratch_len(frame.shape())];
                self.accumulate(engine, frame, weight, &mut scratch, gradient)
            }
            AnyFrame::Multiclass(frame) => {
                let mut scratch = vec![0; self.scratch_len(frame.shape())];
                self.accumulate(engine, frame, weight, &mut scratch, gradient)
            }
        }
    }

    /// [`Loss::overwrite`], compiled once.
    ///
    /// # Errors
    /// As [`Loss::overwrite`].
    #[inline(never)]
    pub fn write_gradient(
        &self,
        engine: &Engine,
        frame: &AnyFrame<'_>,
        scratch: &mut [u32],
        gradient: &mut [f32],
    ) -> Result<Evaluation> {
        match frame {
            AnyFrame::Binary(frame) => self.overwrite(engine, frame, scratch, gradient),
            AnyFrame::Multiclass(frame) => self.overwrite(engine, frame, scratch, gradient),
        }
    }

    /// [`Loss::run_classes`] with scratch of its own, compiled once.
    ///
    /// # Errors
    /// As [`Loss::run_classes`].
    #[inline(never)]
    pub fn evaluate_classes(
        &self,
        engine: &Engine,
        frame: &Frame<'_, MAX_CLASSES>,
        values: &mut [Evaluation],
    ) -> Result<Evaluation> {
        let scratch = &mut vec![0; self.scratch_len(frame.shape())];
        self.run_classes(
            Call { executor: engine, frame: *frame, weight: 1.0, scratch, gradient: None, overwrites: false },
            values,
        )
    }
}
