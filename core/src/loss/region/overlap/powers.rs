//! Functions of the Dice and the Tversky loss of each class.

use super::super::FAMILY;
use super::super::{ClassAveraging, OverlapKernel, Smooth};
use super::tversky;
use super::{Outcome, Overlap, Tversky};
use crate::error::{Error, Result};
use crate::loss::SumLoss;
use crate::loss::entry::{
    AVERAGE, BACKGROUND, DENOMINATOR_SMOOTH, EMPTY, EXPONENT, Entry, FN_WEIGHT, FP_WEIGHT, Listed,
    NUMERATOR_SMOOTH, OVERLAP, SMOOTH,
};
use crate::loss::sum::Tally;

/// Log-cosh Dice loss: `ln cosh` of the Dice loss of each class; smooth where that is small.
///
/// Range `[0, 0.434]`. Source: Jadon 2020.
///
/// ```
/// use segmeter_core::{loss::{LogCoshDice, Loss, Smooth}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// assert_eq!(LogCoshDice::new(Smooth::ONE).value(&frame, &mut [])?.value, 0.050174408);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogCoshDice {
    smooth: Smooth,
    averaging: ClassAveraging,
}

impl LogCoshDice {
    /// Smoothing as in [`super::Dice`].
    #[must_use]
    pub const fn new(smooth: Smooth) -> Self {
        Self { smooth, averaging: ClassAveraging::DEFAULT }
    }
    fn outcome(&self, overlap: Overlap) -> Option<Outcome> {
        let inner = overlap.dice(self.smooth)?;
        // cosh x = 1 + 2 sinh^2(x/2): no digit is lost where x is small.
        let half = libm::sinh(0.5 * inner.loss);
        Some(inner.through(libm::log1p(2.0 * half * half), libm::tanh(inner.loss)))
    }
}

overlap_loss!(LogCoshDice);

/// Log Dice loss: `(-ln D)^exponent` of the Dice score `D` of each class.
///
/// An exponent of 1 is the plain form; 0.3 is the Dice part of [`crate::loss::ExponentialLogarithmic`]. `-ln D` is
/// taken from the Dice *loss*, so value and gradient stay finite and right up to a perfect prediction, where the
/// gradient is 0. Without smoothing a class without labels has no score and is left out of the mean; a score below
/// 2^-126, of a class missed completely, counts as that, with a gradient of 0. Range `[0, inf)`.
/// Source: Wong et al. 2018.
///
/// ```
/// use segmeter_core::{loss::{LogDice, Loss, Smooth}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// assert_eq!(LogDice::new(Smooth::ONE).value(&frame, &mut [])?.value, 0.384831);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogDice {
    smooth: Smooth,
    exponent: f64,
    averaging: ClassAveraging,
}

/// The smallest score with a logarithm and a slope that an `f32` holds.
const LEAST_SCORE: f64 = f32::MIN_POSITIVE as f64;

impl LogDice {
    /// Smoothing as in [`super::Dice`].
    #[must_use]
    pub const fn new(smooth: Smooth) -> Self {
        Self { smooth, exponent: 1.0, averaging: ClassAveraging::DEFAULT }
    }
    /// Over background and foreground, or over all classes.
    pub(in crate::loss) const fn of_both(smooth: Smooth, exponent: f64) -> Self {
        Self { smooth, exponent, averaging: ClassAveraging::DEFAULT.with_background(true) }
    }
    /// `exponent` above 0 and at most 8.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub const fn with_exponent(self, exponent: f64) -> Result<Self> {
        if exponent > 0.0 && exponent <= 8.0 {
            Ok(Self { exponent, ..self })
        } else {
            Err(Error::Parameter("exponent"))
        }
    }
    fn outcome(&self, overlap: Overlap) -> Option<Outcome> {
        let inner = overlap.dice(self.smooth)?;
        let half = self.smooth.half();
        let denominator = overlap.intersection
            + 0.5 * (overlap.false_positive + overlap.false_negative)
            + f64::from(half.denominator);
        let hits = overlap.intersection + f64::from(half.numerator);
        if hits + overlap.false_negative <= 0.0 {
            return None;
        }
        let exact = hits / denominator;
        let score = if exact < LEAST_SCORE { LEAST_SCORE } else { exact };
        let log = if inner.loss < 0.5 { -libm::log1p(-inner.loss) } else { -libm::log(score) };
        if log <= 0.0 {
            return Some(inner.through(0.0, 0.0));
        }
        let power = libm::pow(log, self.exponent);
        let slope = if exact < score { 0.0 } else { self.exponent * power / log / score };
        Some(inner.through(power, slope))
    }
}

overlap_loss!(LogDice);

/// Focal Tversky loss: the Tversky loss of each class to the power `exponent`.
///
/// `exponent` is the power itself: the paper's `1/gamma` (3/4 there). Below 1 the slope grows without bound
/// towards a perfect prediction; at exactly 0 the gradient is 0. Source: Abraham and Khan 2019.
///
/// ```
/// use segmeter_core::{loss::{FocalTversky, Loss}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// assert_eq!(FocalTversky::PAPER.value(&frame, &mut [])?.value, 0.40652806);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FocalTversky {
    tversky: Tversky,
    exponent: f32,
    averaging: ClassAveraging,
}

impl FocalTversky {
    /// [`Tversky::FN_HEAVY`] to the power 0.75.
    pub const PAPER: Self =
        Self { tversky: Tversky::FN_HEAVY, exponent: 0.75, averaging: ClassAveraging::DEFAULT };

    /// `exponent` above 0 and at most 8.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub const fn new(tversky: Tversky, exponent: f32) -> Result<Self> {
        if exponent > 0.0 && exponent <= 8.0 {
            Ok(Self { tversky, exponent, averaging: tversky.averaging })
        } else {
            Err(Error::Parameter("exponent"))
        }
    }
    fn outcome(&self, overlap: Overlap) -> Option<Outcome> {
        let inner = self.tversky.outcome(overlap)?;
        if inner.loss <= 0.0 {
            return Some(inner.through(0.0, 0.0));
        }
        let exponent = f64::from(self.exponent);
        let power = libm::pow(inner.loss, exponent);
        Some(inner.through(power, exponent * power / inner.loss))
    }
}

overlap_loss!(FocalTversky);

pub(in crate::loss) const LOG_COSH_DICE: Listed<LogCoshDice> = Listed {
    entry: Entry {
        name: "log_cosh_dice",
        parameters: &[SMOOTH, NUMERATOR_SMOOTH, DENOMINATOR_SMOOTH, BACKGROUND, AVERAGE, OVERLAP, EMPTY],
        definition: "ln cosh(Dice loss)",
        reference: "Jadon 2020",
        ..FAMILY
    },
    make: |values| Ok(LogCoshDice::new(values.smooth()?).with(values.averaging()?)),
};

pub(in crate::loss) const LOG_DICE: Listed<LogDice> = Listed {
    entry: Entry {
        name: "log_dice",
        parameters: &[SMOOTH, NUMERATOR_SMOOTH, DENOMINATOR_SMOOTH, BACKGROUND, AVERAGE, OVERLAP, EMPTY],
        definition: "-ln(Dice score)",
        reference: "Wong et al. 2018",
        ..FAMILY
    },
    make: |values| Ok(LogDice::new(values.smooth()?).with(values.averaging()?)),
};

pub(in crate::loss) const FOCAL_TVERSKY: Listed<FocalTversky> = Listed {
    entry: Entry {
        name: "focal_tversky",
        parameters: &[
            FP_WEIGHT,
            FN_WEIGHT,
            SMOOTH,
            NUMERATOR_SMOOTH,
            DENOMINATOR_SMOOTH,
            BACKGROUND,
            AVERAGE,
            OVERLAP,
            EMPTY,
            EXPONENT,
        ],
        definition: "(Tversky loss)^exponent",
        reference: "Abraham and Khan 2019",
        ..FAMILY
    },
    make: |values| FocalTversky::new(tversky(values)?, values.float("exponent")?),
};
