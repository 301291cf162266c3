//! Region-based losses: functions of the soft overlap of a frame.
//!
//! With `I = sum(w p g)`, `FP = sum(w p (1-g))` and `FN = sum(w (1-p) g)` of a class most losses here are a function
//! `L(I, FP, FN)`. Its derivative with respect to a pixel's probability takes one of two values: `L_I - L_FN` on
//! the class and `L_FP` off it. The errors `FP` and `FN` are summed themselves, never as `P - I`, so that
//! `1 - score` keeps its digits near a perfect prediction. The squared losses sum `E = sum(w (p-g)^2)` in the same
//! way.
//!
//! A binary frame has one class, the foreground; a multiclass frame all of its classes, and the loss is their
//! mean, weighted by the class weights: [`ClassAveraging`] changes that. Values are in [0, 1] unless said. Scratch: none.
//! Passes: 2 with gradient, 1 without. From a sketch: exact.

use super::check_weight;
use super::entry::{Entry, family};
use super::sum::Tally;
use crate::error::{Error, Result};

mod generalised;
mod kernel;
mod mcc;
mod noise_robust;
mod overlap;
mod squared;

pub use generalised::{
    ClassWeighting, GeneralisedDice, PenaltyGeneralisedDice, WassersteinDice, WassersteinMode,
};
pub(super) use generalised::{GENERALISED_DICE, PENALTY_GENERALISED_DICE, WASSERSTEIN_DICE};
pub use kernel::{OverlapKernel, PowerKernel};
pub(super) use kernel::{error, weighted_error};
pub(super) use mcc::MCC;
pub use mcc::Mcc;
pub(super) use noise_robust::NOISE_ROBUST_DICE;
pub use noise_robust::NoiseRobustDice;
pub(super) use overlap::{
    ASYMMETRIC_SIMILARITY, DICE, FOCAL_TVERSKY, JACCARD, LOG_COSH_DICE, LOG_DICE, RECALL, TVERSKY,
};
pub use overlap::{AsymmetricSimilarity, Dice, FocalTversky, Jaccard, LogCoshDice, LogDice, Recall, Tversky};
pub(super) use squared::{POWER_JACCARD, SENSITIVITY_SPECIFICITY, SQUARED_DICE, TANIMOTO};
pub use squared::{PowerJaccard, SensitivitySpecificity, SquaredDice, Tanimoto};

/// What the entries of this family have in common.
const FAMILY: Entry = family("region");

/// What is added to numerator and denominator of a ratio. It is a behavioural parameter, not an epsilon: on a
/// frame without foreground the gradient is in proportion to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Smooth {
    numerator: f32,
    denominator: f32,
}

impl Smooth {
    /// Nothing added: 0/0 on a frame without foreground and without prediction is undefined.
    pub const NONE: Self = Self { numerator: 0.0, denominator: 0.0 };
    /// 1 in both.
    pub const ONE: Self = Self { numerator: 1.0, denominator: 1.0 };

    /// Both in `[0, inf)`, and the numerator's not larger than the denominator's.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub const fn new(numerator: f32, denominator: f32) -> Result<Self> {
        match (check_weight(numerator, "numerator_smooth"), check_weight(denominator, "denominator_smooth")) {
            (Ok(_), Ok(_)) if numerator <= denominator => Ok(Self { numerator, denominator }),
            (Err(e), _) | (_, Err(e)) => Err(e),
            _ => Err(Error::Parameter("numerator_smooth")),
        }
    }

    const fn half(self) -> Self {
        Self { numerator: 0.5 * self.numerator, denominator: 0.5 * self.denominator }
    }

    /// The same in both.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub const fn both(smooth: f32) -> Result<Self> {
        match check_weight(smooth, "smooth") {
            Ok(_) => Ok(Self { numerator: smooth, denominator: smooth }),
            Err(e) => Err(e),
        }
    }
}

/// What a class without a labelled pixel gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AbsentClass {
    /// Its formula; a class where that is 0/0 is left out.
    #[default]
    Smooth,
    /// Its formula, and 0 where that is 0/0.
    ZeroIfBothEmpty,
    /// Nothing: it is left out of the mean. False positives of the class cost nothing.
    SkipClass,
    /// The mean of its probabilities.
    MeanProbability,
}

/// How the classes of a frame make one number.
///
/// ```
/// use segmeter_core::{loss::{ClassAveraging, Dice, Loss, Smooth}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// let both = Dice::new(Smooth::ONE).with(ClassAveraging::DEFAULT.with_background(true));
/// assert_eq!(both.value(&frame, &mut [])?.value, 0.33599597);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassAveraging {
    background: Option<bool>,
    micro: bool,
    minimum: bool,
    empty: AbsentClass,
}

impl ClassAveraging {
    /// The foreground of a binary frame, the mean over all classes of a multiclass one.
    pub const DEFAULT: Self =
        Self { background: None, micro: false, minimum: false, empty: AbsentClass::Smooth };

    /// With class 0 or without it, whatever the frame.
    #[must_use]
    pub const fn with_background(self, background: bool) -> Self {
        Self { background: Some(background), ..self }
    }
    /// One ratio of sums over all classes instead of the mean of a ratio per class.
    #[must_use]
    pub const fn micro(self) -> Self {
        Self { micro: true, ..self }
    }
    /// `I = sum(w min(p, g))` in place of `sum(w p g)`, with `FP` and `FN` to match: then a prediction that equals a
    /// soft label is a minimum. On hard labels the two are the same.
    #[must_use]
    pub const fn with_minimum_overlap(self) -> Self {
        Self { minimum: true, ..self }
    }
    /// What a class without a labelled pixel gives.
    #[must_use]
    pub const fn with_empty(self, empty: AbsentClass) -> Self {
        Self { empty, ..self }
    }

    pub(super) fn has_background(self) -> bool {
        self.background == Some(true)
    }

    fn first_class(self, binary: bool) -> usize {
        usize::from(!self.background.unwrap_or(!binary))
    }

    /// The mean of a loss per class, and its slopes. `one` gives the loss of a class and its slope from its sums and the
    /// weight of the pixels on it and off it; a pair of numbers
    /// stands for the derivatives with respect to the probability of a pixel on the class and off it.
    pub(super) fn mean<const J: usize, const K: usize>(
        self,
        tally: &Tally<'_, [f64; J]>,
        slopes: &mut [[f32; K]],
        one: impl Fn(&[f64; J], [f64; 2]) -> Option<(f64, [f64; K])>,
        mean_probability: impl Fn(&[f64; J]) -> (f64, [f64; K]),
    ) -> Option<f64> {
        let first = self.first_class(tally.binary);
        let outcome = |class: usize| {
            let (sums, mass) = (tally.sums.get(class)?, *tally.masses.get(class)?);
            let masses = [mass, tally.rest(class)];
            let weight = tally.class_weight(class);
            if class < first || weight <= 0.0 {
                return None;
            }
            let outcome = match self.empty {
                AbsentClass::SkipClass if mass <= 0.0 => None,
                AbsentClass::MeanProbability if mass <= 0.0 => Some(mean_probability(sums)),
                AbsentClass::ZeroIfBothEmpty => Some(one(sums, masses).unwrap_or((0.0, [0.0; K]))),
                _ => one(sums, masses),
            };
            outcome.map(|(loss, slope)| (weight, loss, slope))
        };
        // The outcomes of the classes of a binary frame, so that they are not worked out again: `f64` is soft on most
        // devices, and one outcome may be a logarithm and a power.
        let mut known = [(0.0, [0.0; K]); 2];
        let (mut sum, mut weights, mut off) = (0.0, 0.0, 0.0);
        for (class, sums) in tally.sums.iter().enumerate() {
            let Some((weight, loss, slope)) = outcome(class) else { continue };
            sum += weight * loss;
            weights += weight;
            off += weight * slope.last().copied().unwrap_or(0.0) * mean_probability(sums).0;
            if let Some(known) = known.get_mut(class) {
                *known = (weight, slope);
            }
        }
        if weights <= 0.0 {
            return None;
        }
        // Under softmax a number that all slopes share changes no gradient. Taking out their mean before they are
        // rounded keeps digits where they are nearly the same. Each counts by the probability that its class has in the
        // frame: one that is nowhere likely may have a slope beyond all others, and would cost them their digits.
        let shared = if K == 2 && tally.softmax { off / weights } else { 0.0 };
        for (class, slot) in slopes.iter_mut().enumerate() {
            let found = || outcome(class).map_or((0.0, [0.0; K]), |(weight, _, slope)| (weight, slope));
            let (weight, slope) = known.get(class).copied().unwrap_or_else(found);
            let share = weight / weights;
            *slot = slope.map(|slope| tally.bounded(slope * share - shared));
        }
        Some(sum / weights)
    }

    /// The loss of the sums of all classes as one class, and its slope for each of them. `one` as there, but from the sums
    /// and the weight of the pixels off it.
    pub(super) fn pooled<const J: usize, const K: usize>(
        self,
        tally: &Tally<'_, [f64; J]>,
        slopes: &mut [[f32; K]],
        one: impl Fn(&[f64; J], f64) -> Option<(f64, [f64; K])>,
    ) -> Option<f64> {
        let first = self.first_class(tally.binary);
        let (mut sums, mut rest) = ([0.0; J], 0.0);
        for (class, part) in tally.sums.iter().enumerate().skip(first) {
            for (sum, more) in sums.iter_mut().zip(part) {
                *sum += tally.class_weight(class) * more;
            }
            rest += tally.class_weight(class) * tally.rest(class);
        }
        let outcome = one(&sums, rest);
        let (loss, slope) = match self.empty {
            AbsentClass::ZeroIfBothEmpty => outcome.unwrap_or((0.0, [0.0; K])),
            _ => outcome?,
        };
        for (class, slot) in slopes.iter_mut().enumerate().skip(first) {
            *slot = slope.map(|slope| tally.bounded(tally.class_weight(class) * slope));
        }
        Some(loss)
    }
}
