//! The run length since the last change, by Bayes.

use super::{Detector, Level, require};
use crate::error::Result;
use crate::num::{Q16, exp_nonpositive};
use crate::simd::Scalar;

/// Run lengths kept apart: 0 to 127, the last for all that are longer.
const LENGTHS: usize = 128;
/// A probability below this is none.
const LEAST: f32 = 1e-30;

/// Bayesian online change point detection for normal values of deviation 1 about a mean that changes with probability
/// `hazard` at every value and is then drawn anew, normal about 0 with deviation `prior`.
///
/// Every run length `r` has a probability and the mean of its run; a value multiplies the first by its predictive
/// density, `1 - hazard` of it moves on to `r + 1`, and `hazard` of all goes to 0. Drift where the most probable run
/// length is not one longer than before. Run lengths of 127 and more are one, whose mean forgets like one of 127
/// values: a constant size instead of the growing table of frouros (`n^2`). frouros: hazard 0.01, prior 1, no alarm in
/// the first 30 values, and an alarm that stays because it compares with the run length of no change ever.
///
/// `f32`; probabilities below 1e-30 are dropped. Source: Adams and MacKay 2007. Cost: 128 exponentials, roots and
/// divisions.
///
/// ```
/// use segmeter_core::{drift::{Bocpd, Detector, Level}, num::Q16};
/// let bocpd = Bocpd { hazard: 0.01, prior: 3.0 };
/// let mut state = Default::default();
/// let drift = (0..200).find(|step| {
///     let value = if *step < 100 { Q16::ZERO } else { Q16::from_f32(3.0) };
///     bocpd.update(&mut state, value) == Level::Drift
/// });
/// assert_eq!((drift, state.run_length()), (Some(101), 2));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Bocpd {
    /// Between 0 and 1, excluded.
    pub hazard: f32,
    /// In deviations of a value, from 0.001 to 1000.
    pub prior: f32,
}

/// Probability and mean by run length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BocpdState {
    probability: [f32; LENGTHS],
    mean: [f32; LENGTHS],
    run_length: u32,
}

impl Default for BocpdState {
    fn default() -> Self {
        let mut probability = [0.0; LENGTHS];
        let [first, ..] = &mut probability;
        *first = 1.0;
        Self { probability, mean: [0.0; LENGTHS], run_length: 0 }
    }
}

impl BocpdState {
    /// The most probable run length, at most 127.
    #[must_use]
    pub const fn run_length(&self) -> u32 {
        self.run_length
    }

    /// The probability of a run length; that of 127 is of all that are longer, too.
    #[must_use]
    pub fn probability(&self, run_length: usize) -> f32 {
        self.probability.get(run_length).copied().unwrap_or(0.0)
    }

    /// Multiplies every probability by the density of the value, up to a common factor.
    fn weigh(&mut self, z: f32, precision: impl Fn(usize) -> f32) {
        let exponent = |r: usize, mean: f32| {
            let distance = z - mean;
            -0.5 * distance * distance / (1.0 + 1.0 / precision(r))
        };
        let mut most = f32::MIN;
        for (r, (p, mean)) in self.probability.iter().zip(self.mean).enumerate() {
            if *p > 0.0 {
                most = most.max(exponent(r, mean));
            }
        }
        for (r, (p, mean)) in self.probability.iter_mut().zip(self.mean).enumerate() {
            let density = exp_nonpositive(Scalar, (exponent(r, mean) - most).min(0.0));
            *p *= density / libm::sqrtf(1.0 + 1.0 / precision(r));
        }
    }

    /// Makes the sum one and finds the largest.
    fn normalise(&mut self) {
        let sum: f32 = self.probability.iter().sum();
        let mut most = 0.0;
        for (r, p) in self.probability.iter_mut().enumerate() {
            *p /= sum;
            if *p < LEAST {
                *p = 0.0;
            }
            if *p > most {
                (most, self.run_length) = (*p, r as u32);
            }
        }
    }
}

impl Detector for Bocpd {
    type State = BocpdState;

    fn update(&self, state: &mut BocpdState, z: Q16) -> Level {
        let z = z.to_f32();
        let prior = 1.0 / (self.prior * self.prior);
        let precision = |r: usize| prior + r as f32;
        let last = (LENGTHS - 1) as u32;
        let expected = (state.run_length + 1).min(last);
        state.weigh(z, precision);
        let change = self.hazard * state.probability.iter().sum::<f32>();
        // Every cell moves on by one; what leaves the last joins what comes to it.
        let (mut p, mut mean) = (change, 0.0);
        for (r, (cell, its_mean)) in state.probability.iter_mut().zip(&mut state.mean).enumerate() {
            let gain = 1.0 / (precision(r) + 1.0);
            let next = (*cell * (1.0 - self.hazard), *its_mean + (z - *its_mean) * gain);
            (*cell, *its_mean) = (p, mean);
            (p, mean) = next;
        }
        let ([.., cell], [.., its_mean]) = (&mut state.probability, &mut state.mean);
        *cell += p;
        if p > 0.0 {
            *its_mean += (mean - *its_mean) * (p / *cell);
        }
        state.normalise();
        Level::either(state.run_length < expected, false)
    }

    fn check(&self) -> Result<()> {
        require("hazard", self.hazard > 0.0 && self.hazard < 1.0)?;
        require("prior", self.prior >= 0.001 && self.prior <= 1000.0)
    }
}
