//! Region-based losses: functions of the soft overlap of a frame.
//!
//! With `I = sum(w p g)`, `FP = sum(w p (1-g))` and `FN = sum(w (1-p) g)` every loss here is a function
//! `L(I, FP, FN)`. Its gradient with respect to a pixel's probability takes one of two values: `L_I - L_FN` on
//! foreground and `L_FP` on background pixels; the chain rule multiplies by `p (1 - p)`. The errors `FP` and
//! `FN` are summed themselves, never as `P - I`, so that `1 - score` keeps its digits near a perfect prediction.
//!
//! All: one logit and one label per pixel, values in [0, 1]. Scratch: none. Passes: 2 with gradient, 1 without.
//! Cortex-M4F: 115 to 118 instructions per pixel with gradient, 0.8 to 1.3 from a 160x120 sketch.

use super::{Fit, Pixel, SumLoss, check_weight};
use crate::error::{Error, Result};
use crate::simd::Simd;

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

/// The soft confusion masses of a frame.
#[derive(Clone, Copy, Debug)]
struct Overlap {
    intersection: f64,
    false_positive: f64,
    false_negative: f64,
}

/// Derivatives with respect to the probability of a foreground and of a background pixel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RegionSlope {
    foreground: f32,
    background: f32,
}

/// A loss and its two slopes.
#[derive(Clone, Copy)]
struct Outcome {
    loss: f64,
    foreground: f64,
    background: f64,
}

impl Outcome {
    /// `outer(loss)` with the given derivative.
    fn through(self, loss: f64, derivative: f64) -> Self {
        Self { loss, foreground: self.foreground * derivative, background: self.background * derivative }
    }
}

impl Overlap {
    /// `1 - (I + n) / (I + a FP + b FN + d)`, computed as `(a FP + b FN + d - n) / denominator`.
    fn tversky(self, fp_weight: f32, fn_weight: f32, smooth: Smooth) -> Option<Outcome> {
        let (a, b) = (f64::from(fp_weight), f64::from(fn_weight));
        let (n, d) = (f64::from(smooth.numerator), f64::from(smooth.denominator));
        let error = a * self.false_positive + b * self.false_negative;
        let denominator = self.intersection + error + d;
        if denominator <= 0.0 {
            return None;
        }
        let loss = (error + (d - n)) / denominator;
        let score = (self.intersection + n) / denominator;
        Some(Outcome {
            loss,
            // L_I - L_FN = -loss/W - b score/W
            foreground: -(loss + b * score) / denominator,
            background: a * score / denominator,
        })
    }
}

/// Sums, fit and slope shared by the family: only `outcome` differs.
macro_rules! region_loss {
    ($loss:ty) => {
        impl SumLoss for $loss {
            type Terms<T: Copy + Send> = [T; 3];
            type Slope = RegionSlope;

            fn fill<T: Copy + Send>(value: T) -> [T; 3] {
                [value; 3]
            }

            #[inline(always)]
            fn terms<S: Simd>(&self, _: S, pixel: &Pixel<S::V>) -> [S::V; 3] {
                let (p, q) = (pixel.sigmoid.probability, pixel.sigmoid.complement);
                [pixel.mass.foreground * p, pixel.mass.background * p, pixel.mass.foreground * q]
            }

            fn fit(
                &self,
                [intersection, false_positive, false_negative]: [f64; 3],
                _: f64,
            ) -> Fit<RegionSlope> {
                let outcome = self.outcome(Overlap { intersection, false_positive, false_negative });
                let slope = outcome.map_or((0.0, 0.0), |o| (o.foreground, o.background));
                Fit {
                    value: outcome.map(|o| o.loss),
                    slope: RegionSlope { foreground: slope.0 as f32, background: slope.1 as f32 },
                }
            }

            #[inline(always)]
            fn slope<S: Simd>(&self, s: S, slope: &RegionSlope, pixel: &Pixel<S::V>) -> S::V {
                let by_probability = pixel.mass.foreground * s.splat(slope.foreground)
                    + pixel.mass.background * s.splat(slope.background);
                by_probability * pixel.sigmoid.product
            }
        }
    };
}

/// Dice loss: `1 - (2 I + n) / (P + G + d)`, with `P = I + FP`, `G = I + FN`.
///
/// It is [`Tversky`] with weights of one half and half the smoothing, and is computed so.
/// Source: Milletari et al. 2016 (linear form).
///
/// ```
/// use segmeter_core::{loss::{Dice, Loss, Smooth}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// assert_eq!(Dice::new(Smooth::ONE).value(&frame, &mut [])?.value, 0.31943437);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dice {
    smooth: Smooth,
}

impl Dice {
    /// Smoothing in units of `2 I`.
    #[must_use]
    pub const fn new(smooth: Smooth) -> Self {
        Self { smooth }
    }

    fn outcome(&self, overlap: Overlap) -> Option<Outcome> {
        let half =
            Smooth { numerator: 0.5 * self.smooth.numerator, denominator: 0.5 * self.smooth.denominator };
        overlap.tversky(0.5, 0.5, half)
    }
}

region_loss!(Dice);

/// Tversky loss: `1 - (I + s) / (I + fp_weight FP + fn_weight FN + s)`.
///
/// Weights of one half give Dice (with twice the smoothing), weights of one Jaccard. A large `fn_weight`
/// favours recall, which is what few foreground pixels need. Source: Salehi et al. 2017.
///
/// ```
/// use segmeter_core::{loss::{Loss, Tversky}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// assert_eq!(Tversky::FN_HEAVY.value(&frame, &mut [])?.value, 0.30115312);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tversky {
    fp_weight: f32,
    fn_weight: f32,
    smooth: Smooth,
}

impl Tversky {
    /// False positives 0.3, false negatives 0.7, smoothing 1.
    pub const FN_HEAVY: Self = Self { fp_weight: 0.3, fn_weight: 0.7, smooth: Smooth::ONE };

    /// Both weights in `[0, inf)`, not both zero.
    ///
    /// # Errors
    /// [`Error::Parameter`] names the one that is out of range.
    pub const fn new(fp_weight: f32, fn_weight: f32, smooth: Smooth) -> Result<Self> {
        match (check_weight(fp_weight, "fp_weight"), check_weight(fn_weight, "fn_weight")) {
            (Ok(_), Ok(_)) if fp_weight + fn_weight > 0.0 => Ok(Self { fp_weight, fn_weight, smooth }),
            (Err(e), _) | (_, Err(e)) => Err(e),
            _ => Err(Error::Parameter("fn_weight")),
        }
    }

    fn outcome(&self, overlap: Overlap) -> Option<Outcome> {
        overlap.tversky(self.fp_weight, self.fn_weight, self.smooth)
    }
}

region_loss!(Tversky);

/// Focal Tversky loss: the Tversky loss to the power `exponent`.
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
}

impl FocalTversky {
    /// [`Tversky::FN_HEAVY`] to the power 0.75.
    pub const PAPER: Self = Self { tversky: Tversky::FN_HEAVY, exponent: 0.75 };

    /// `exponent` above 0 and at most 8.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub const fn new(tversky: Tversky, exponent: f32) -> Result<Self> {
        if exponent > 0.0 && exponent <= 8.0 {
            Ok(Self { tversky, exponent })
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

region_loss!(FocalTversky);
