//! What codes mean to a loss, and their derivatives.

use super::{CODES, indices};
use crate::error::{Error, Result};
use crate::num::{Sigmoid, minus_ln, minus_ln_complement};
use crate::simd::Scalar;
use crate::view::{Activation, Code, Labels, Quantised, Quantiser};

/// What every code means to a loss: logit, probability and the rest, made once per quantiser. 4 KiB.
#[derive(Clone, Debug)]
pub struct SigmoidTable {
    /// Logit of each code.
    pub logit: [f32; CODES],
    /// Probability of each code.
    pub probability: [f32; CODES],
    /// Its complement.
    pub complement: [f32; CODES],
    /// `ln(1 + e^-|z|)` of each code.
    pub tail: [f32; CODES],
    threshold: u8,
    activation: Activation,
}

impl SigmoidTable {
    /// A table for no quantiser yet: all zeros. With [`SigmoidTable::set`] it can be made where it stays.
    #[must_use]
    pub const fn zeros() -> Self {
        let zero = [0.0; CODES];
        let activation = Activation::Logits;
        Self { logit: zero, probability: zero, complement: zero, tail: zero, threshold: 0, activation }
    }

    /// Evaluates all 256 codes.
    #[must_use]
    pub fn new(quantiser: &Quantiser) -> Self {
        let mut table = Self::zeros();
        table.set(quantiser);
        table
    }

    /// Evaluates all 256 codes in place.
    pub fn set(&mut self, quantiser: &Quantiser) {
        (self.threshold, self.activation) = (quantiser.threshold(), quantiser.activation());
        let cells = self.logit.iter_mut().zip(&mut self.probability);
        let cells = cells.zip(self.complement.iter_mut().zip(&mut self.tail));
        for (index, ((logit, p), (q, tail))) in indices().zip(cells) {
            *logit = quantiser.logit(index);
            if self.activation == Activation::Probabilities {
                // As they are: 0 and 1 as well.
                *p = quantiser.score(index);
                *q = 1.0 - *p;
                *tail = minus_ln_complement(Scalar, p.min(*q));
                continue;
            }
            let terms = Sigmoid::new(Scalar, *logit);
            (*p, *q, *tail) = (terms.probability, terms.complement, terms.tail);
        }
    }

    /// What the codes are. Gradients are with respect to these.
    #[must_use]
    pub const fn activation(&self) -> Activation {
        self.activation
    }

    /// How wrong a code is for a label: its logit, or its error where codes are probabilities. Errors of logits round to 1.
    pub(crate) fn badness(&self, label: u8, index: u8) -> f32 {
        let at = |values: &[f32; CODES]| values.get(usize::from(index)).copied().unwrap_or(0.0);
        match (self.activation, label) {
            (Activation::Logits, 1) => -at(&self.logit),
            (Activation::Logits, _) => at(&self.logit),
            (Activation::Probabilities, 1) => at(&self.complement),
            (Activation::Probabilities, _) => at(&self.probability),
        }
    }

    /// `-ln p` of a code where the label is foreground, `-ln (1 - p)` where it is not.
    pub(crate) fn cost(&self, label: u8, index: u8) -> f32 {
        let at = |values: &[f32; CODES]| values.get(usize::from(index)).copied().unwrap_or(0.0);
        match (self.activation, label) {
            (Activation::Probabilities, 1) => minus_ln(Scalar, at(&self.probability)),
            (Activation::Probabilities, _) => minus_ln_complement(Scalar, at(&self.probability)),
            (Activation::Logits, 1) => (-at(&self.logit)).max(0.0) + at(&self.tail),
            (Activation::Logits, _) => at(&self.logit).max(0.0) + at(&self.tail),
        }
    }

    /// The highest index that still means background; see [`Quantiser::threshold`].
    #[must_use]
    pub const fn threshold(&self) -> u8 {
        self.threshold
    }
}

/// Gradient of a loss with respect to the logit or probability of any pixel, by label and code index.
///
/// The derivative is per *pixel*: the gradient of a frame is this table looked up at every pixel.
#[derive(Clone, Debug, PartialEq)]
pub struct GradientTable {
    pub(crate) rows: [[f32; CODES]; 2],
}

impl Default for GradientTable {
    fn default() -> Self {
        Self { rows: [[0.0; CODES]; 2] }
    }
}

impl GradientTable {
    /// The derivative for a pixel of `label` with this code; zero for a pixel without a label.
    #[must_use]
    pub fn at(&self, label: u8, index: u8) -> f32 {
        self.rows.get(usize::from(label)).and_then(|row| row.get(usize::from(index))).copied().unwrap_or(0.0)
    }

    /// Adds the gradient of every pixel of a frame.
    ///
    /// # Errors
    /// [`Error::Length`] if `out` or the labels do not match the frame.
    pub fn add_to<Q: Code>(
        &self,
        frame: &Quantised<'_, Q>,
        labels: &Labels<'_>,
        out: &mut [f32],
    ) -> Result<()> {
        let expected = frame.shape().pixels();
        for found in [labels.ids().len(), out.len()] {
            if found != expected {
                return Err(Error::Length { expected, found });
            }
        }
        for ((slot, code), id) in out.iter_mut().zip(frame.codes()).zip(labels.ids()) {
            *slot += self.at(*id, frame.quantiser().index(code.byte()));
        }
        Ok(())
    }
}
