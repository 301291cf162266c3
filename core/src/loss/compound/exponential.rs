//! Exponential-logarithmic loss.

use super::FAMILY;
use super::{Weighted, wrapping_loss};
use crate::error::{Error, Result};
use crate::loss::distribution::{Normalise, mean_loss, pointwise_kernel};
use crate::loss::entry::{Entry, Listed, Parameter, Values};
use crate::loss::sum::Tally;
use crate::loss::{ClassAveraging, LogDice, Pixel, Smooth};
use crate::num::Power;
use crate::simd::{Simd, Vector};

/// Cross-entropy to a power: the mean of `v (-ln p)^exponent` of each pixel's label, with the weight
/// `v = sqrt(sum_k f_k / f_c)` of its class by the share `f` that classes have of the labels.
///
/// The second part of [`ExponentialLogarithmic`]. Divided by the weights of pixels and classes as given, not by `v`.
/// Below an exponent of 1 the slope grows without bound towards a perfect prediction, but slower than `1 - p` falls.
/// Range `[0, inf)`. Scratch: none. Passes: 1. Source: Wong et al. 2018.
///
/// ```
/// use segmeter_core::{loss::{compound::PowerCrossEntropy, Loss}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// assert_eq!(PowerCrossEntropy::new(0.3)?.value(&frame, &mut [])?.value, 1.197727);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PowerCrossEntropy {
    exponent: f64,
    power: Power,
}

impl PowerCrossEntropy {
    /// `exponent` above 0 and at most 4.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub const fn new(exponent: f64) -> Result<Self> {
        if exponent > 0.0 && exponent <= 4.0 {
            Ok(Self { exponent, power: Power::new(exponent) })
        } else {
            Err(Error::Parameter("exponent"))
        }
    }
    #[inline(always)]
    fn cost<S: Simd>(&self, s: S, pixel: &Pixel<S::V>) -> S::V {
        pixel.mass.foreground * self.power.of(s, pixel.log)
    }
    #[inline(always)]
    fn pull<S: Simd>(&self, s: S, pixel: &Pixel<S::V>) -> S::V {
        // The power is 0 wherever the logarithm is too small to divide by.
        let floor = s.splat(f32::MIN_POSITIVE);
        let log = pixel.log.select_less(floor, floor, pixel.log);
        pixel.mass.foreground * (s.splat(self.exponent as f32) * (self.power.of(s, pixel.log) / log))
    }
}

pointwise_kernel!(PowerCrossEntropy);
mean_loss!(PowerCrossEntropy, self, tally => (Normalise::Weights, |class| {
    match tally.masses.get(class) {
        Some(mass) if *mass > 0.0 => libm::sqrt(tally.weight() / mass),
        _ => 0.0,
    }
}));

/// Exponential-logarithmic loss (ELL, "ExpLog Dice"): `d mean_c (-ln D_c)^gamma + x mean v (-ln p)^gamma` of the
/// Dice score `D_c` of each class and the probability of each pixel's label.
///
/// A network with one output channel calls it as it is: its classes are background and foreground. Labels are ids,
/// weights plain numbers; a class that does not occur has a cross-entropy weight of 0. Value and gradient are finite
/// for every finite logit and right to the last digits until no error is above 2^-126 (a margin of 87.3), where the
/// gradient is 0: `-ln D` is taken from the Dice *loss* and `-ln p` from the logit, never from a probability that has
/// rounded to 1. Range `[0, inf)`. Scratch: none. Passes: 3 with gradient, 2 without. Source: Wong et al. 2018.
///
/// ```
/// use segmeter_core::{loss::{ExponentialLogarithmic, Loss}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// let mut gradient = [0.0; 3];
/// let loss = ExponentialLogarithmic::PAPER.value_and_gradient(&frame, &mut [], &mut gradient)?;
/// assert_eq!(loss.value, 0.8514523);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExponentialLogarithmic {
    inner: Weighted<LogDice, PowerCrossEntropy>,
}

impl ExponentialLogarithmic {
    /// The paper's choice: weights 0.8 and 0.2, exponents 0.3, a pseudo-count of 1.
    pub const PAPER: Self = Self {
        inner: Weighted {
            first_weight: 0.8,
            first: LogDice::of_both(Smooth::ONE, 0.3),
            second_weight: 0.2,
            second: PowerCrossEntropy { exponent: 0.3, power: Power::new(0.3) },
        },
    };

    /// Weights are finite; exponents above 0 and at most 4; `smooth` should be 1 or more, so that a class that is missed
    /// completely has a finite loss.
    ///
    /// # Errors
    /// [`Error::Parameter`] names the one that is out of range.
    pub fn new(
        dice_weight: f32,
        cross_entropy_weight: f32,
        dice_exponent: f64,
        cross_entropy_exponent: f64,
        smooth: f32,
    ) -> Result<Self> {
        let named = |name: &'static str| move |_| Error::Parameter(name);
        let dice = LogDice::of_both(Smooth::both(smooth)?, 1.0);
        let dice = dice.with_exponent(dice_exponent).map_err(named("dice_exponent"))?;
        let entropy =
            PowerCrossEntropy::new(cross_entropy_exponent).map_err(named("cross_entropy_exponent"))?;
        Ok(Self { inner: Weighted::new(dice_weight, dice, cross_entropy_weight, entropy)? })
    }

    /// The same loss with the Dice part over other classes.
    #[must_use]
    pub const fn with(self, averaging: ClassAveraging) -> Self {
        let first = self.inner.first.with(averaging);
        Self { inner: Weighted { first, ..self.inner } }
    }
}

wrapping_loss!(ExponentialLogarithmic, |_: &Self, sum| sum);

pub(in crate::loss) const EXPONENTIAL_LOGARITHMIC: Listed<ExponentialLogarithmic> = Listed {
    entry: Entry {
        name: "exponential_logarithmic",
        synonyms: &["exp_log", "exponential_log_dice"],
        passes: "2 + 1",
        parameters: &[
            Parameter::number("dice_weight", 0.8, "(-inf,inf)", "weight of the Dice part"),
            Parameter::number("cross_entropy_weight", 0.2, "(-inf,inf)", "weight of the cross-entropy part"),
            Parameter::number("dice_exponent", 0.3, "(0,8]", "power of -ln D"),
            Parameter::number("cross_entropy_exponent", 0.3, "(0,4]", "power of -ln p"),
            Parameter::number("smooth", 1.0, "[0,inf)", "added to numerator and denominator of D"),
            Parameter::flag("background", true, "background is a class of the Dice part"),
        ],
        definition: "dice_weight mean_c (-ln D_c)^dice_exponent + cross_entropy_weight mean(v (-ln p)^cross_entropy_exponent), v = sqrt(sum f / f_c)",
        reference: "Wong et al. 2018",
        ..FAMILY
    },
    make: |values| exponential(values),
};

fn exponential(values: &Values<'_>) -> Result<ExponentialLogarithmic> {
    let loss = ExponentialLogarithmic::new(
        values.weight("dice_weight")?,
        values.weight("cross_entropy_weight")?,
        values.number("dice_exponent")?,
        values.number("cross_entropy_exponent")?,
        values.float("smooth")?,
    )?;
    Ok(loss.with(ClassAveraging::DEFAULT.with_background(values.flag("background")?)))
}
