//! Noise-robust Dice.

use super::{ClassAveraging, FAMILY, error};
use crate::error::{Error, Result};
use crate::loss::entry::{AVERAGE, BACKGROUND, EMPTY, Entry, Listed, Parameter};
use crate::loss::sum::Tally;
use crate::loss::{Kernel, Pixel, Reads, SumLoss, check_weight};
use crate::num::{Power, one_minus_exp};
use crate::simd::{Simd, Vector};

/// Noise-robust Dice loss: `sum(w |p - g|^exponent) / (sum(w p^2) + sum(w g^2) + d)`.
///
/// With an exponent of 2 it is [`super::SquaredDice`]; below, pixels that are far off pull less against the many that are
/// nearly right, so that wrong labels do less harm. Of 1 the numerator is the absolute error. Range `[0, inf)`.
/// Source: Wang et al. 2020 (COPLE-Net).
///
/// ```
/// use segmeter_core::{loss::{Loss, NoiseRobustDice}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// assert_eq!(NoiseRobustDice::PAPER.value(&frame, &mut [])?.value, 0.38953906);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoiseRobustDice {
    exponent: f32,
    /// By one less than that; made once, since a microcontroller has no `f64`.
    root: Power,
    denominator_smooth: f32,
    averaging: ClassAveraging,
}

impl NoiseRobustDice {
    /// The paper's exponent of 1.5, and 1e-5 in the denominator.
    pub const PAPER: Self = Self::of(1.5, 1e-5);

    /// `exponent` in [1, 2], `denominator_smooth` in `[0, inf)`.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub const fn new(exponent: f32, denominator_smooth: f32) -> Result<Self> {
        if !(exponent >= 1.0 && exponent <= 2.0) {
            return Err(Error::Parameter("exponent"));
        }
        match check_weight(denominator_smooth, "denominator_smooth") {
            Ok(_) => Ok(Self::of(exponent, denominator_smooth)),
            Err(e) => Err(e),
        }
    }
    const fn of(exponent: f32, denominator_smooth: f32) -> Self {
        let root = Power::new(exponent as f64 - 1.0);
        Self { exponent, root, denominator_smooth, averaging: ClassAveraging::DEFAULT }
    }
    /// The same loss with the classes of a frame brought together in another way.
    #[must_use]
    pub const fn with(self, averaging: ClassAveraging) -> Self {
        Self { averaging, ..self }
    }
}

impl NoiseRobustDice {
    /// `|p - g|^exponent` of a pixel and its derivative with respect to `p`.
    #[inline(always)]
    fn power<S: Simd>(&self, s: S, pixel: &Pixel<S::V>) -> [S::V; 2] {
        let (zero, exponent) = (s.splat(0.0), s.splat(self.exponent));
        let error = error(s, pixel);
        if self.exponent >= 2.0 {
            return [error * error, s.splat(2.0) * error];
        }
        // Off the class by the logarithm, which goes on where no `f32` does.
        let root = s.exp_nonpositive(pixel.log * s.splat(1.0 - self.exponent));
        let ([on, steep_on], target) = (self.of_error(s, pixel.complement), pixel.target);
        let hard = [
            target.foreground * on + target.background * (pixel.probability * root),
            target.background * (exponent * root) - target.foreground * steep_on,
        ];
        if !pixel.soft {
            return hard;
        }
        let [power, steep] = self.of_error(s, zero - error.negative_magnitude());
        let soft = [power, error.select_less(zero, zero - steep, steep)];
        let ([power, steep], [hard_power, hard_steep]) = (soft, hard);
        [shared(s, pixel, power, hard_power), shared(s, pixel, steep, hard_steep)]
    }

    /// The power of an error and its derivative, by the smaller power, which goes on where the other is no `f32`.
    #[inline(always)]
    fn of_error<S: Simd>(&self, s: S, size: S::V) -> [S::V; 2] {
        let (zero, least) = (s.splat(0.0), s.splat(f32::MIN_POSITIVE));
        // A power of 0 is 1 of the smallest error, too; of none it is 0.
        let root = self.root.of(s, size.select_less(least, least, size));
        let root = zero.select_less(size, root, zero);
        [size * root, s.splat(self.exponent) * root]
    }
}

/// Where the label is shared between the class and the rest the one, else the other: a label that could be shared but is not
/// has the bits of a hard one.
#[inline(always)]
fn shared<S: Simd>(s: S, pixel: &Pixel<S::V>, soft: S::V, hard: S::V) -> S::V {
    s.splat(0.0).select_less(pixel.target.foreground * pixel.target.background, soft, hard)
}

impl Kernel for NoiseRobustDice {
    /// The power of the error, what the squares are more than that, and the probability where the class is not. By the
    /// second, not by the squares, 1 less the loss has no cancellation where both are the same.
    type Terms<T: Copy + Send> = [T; 3];
    /// Derivatives with respect to these.
    type Slope = [f32; 3];
    const READS: Reads = Reads::Classes;
    #[inline(always)]
    fn terms<S: Simd>(&self, s: S, pixel: &Pixel<S::V>) -> [S::V; 3] {
        let (mass, p, g) = (pixel.mass, pixel.probability, pixel.target.foreground);
        let [power, _] = self.power(s, pixel);
        let both = mass.foreground + mass.background;
        let more = if self.exponent >= 2.0 {
            s.splat(2.0) * p * (both * g)
        } else {
            // Off the class p^2 - p^k = p^k (p^(2-k) - 1).
            let off = one_minus_exp(s, pixel.log * s.splat(self.exponent - 2.0));
            let hard = mass.foreground * (p * p + (s.splat(1.0) - power)) - mass.background * (power * off);
            if pixel.soft { shared(s, pixel, both * (p * p + g * g - power), hard) } else { hard }
        };
        [both * power, more, mass.background * p]
    }
    #[inline(always)]
    fn slope<S: Simd>(&self, s: S, [by_power, by_more, absent]: &[f32; 3], pixel: &Pixel<S::V>) -> S::V {
        let [_, steep] = self.power(s, pixel);
        let twice = s.splat(2.0);
        let both = pixel.mass.foreground + pixel.mass.background;
        let more = if self.exponent >= 2.0 {
            twice * pixel.target.foreground
        } else {
            twice * pixel.probability - steep
        };
        both * (steep * s.splat(*by_power) + more * s.splat(*by_more))
            + pixel.mass.background * s.splat(*absent)
    }
    fn background(&self) -> bool {
        self.averaging.has_background()
    }
}

impl SumLoss for NoiseRobustDice {
    type Kernel = Self;

    fn kernel(&self) -> Self {
        *self
    }
    fn fit(&self, tally: &Tally<'_, [f64; 3]>, slopes: &mut [[f32; 3]]) -> Option<f64> {
        let one = |[power, more, absent]: &[f64; 3]| {
            let rest = more + f64::from(self.denominator_smooth);
            let denominator = power + rest;
            if denominator <= 0.0 {
                // Squares can be too small for any number where the probabilities are not.
                return (*absent > 0.0).then_some((1.0, [0.0; 3]));
            }
            let loss = power / denominator;
            Some((loss, [rest / denominator / denominator, -loss / denominator, 0.0]))
        };
        if self.averaging.micro {
            return self.averaging.pooled(tally, slopes, |sums, _| one(sums));
        }
        let weight = tally.weight();
        let absent = |sums: &[f64; 3]| (sums[2] / weight, [0.0, 0.0, 1.0 / weight]);
        self.averaging.mean(tally, slopes, |sums, _| one(sums), absent)
    }
}

pub(in crate::loss) const NOISE_ROBUST_DICE: Listed<NoiseRobustDice> = Listed {
    entry: Entry {
        name: "noise_robust_dice",
        synonyms: &["nr_dice"],
        parameters: &[
            Parameter::number("exponent", 1.5, "[1,2]", "power of the error: of 2 it is squared_dice"),
            Parameter::number("denominator_smooth", 1e-05, "[0,inf)", "added to the denominator"),
            BACKGROUND,
            AVERAGE,
            EMPTY,
        ],
        definition: "sum |p - g|^exponent / (sum p^2 + sum g^2 + denominator_smooth)",
        reference: "Wang et al. 2020",
        ..FAMILY
    },
    make: |values| {
        let loss = NoiseRobustDice::new(values.float("exponent")?, values.float("denominator_smooth")?)?;
        Ok(loss.with(values.averaging()?))
    },
};
