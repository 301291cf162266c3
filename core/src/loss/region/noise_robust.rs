//! Noise-robust Dice.

use super::{ClassAveraging, FAMILY, error};
use crate::error::{Error, Result};
use crate::loss::list::{AVERAGE, BACKGROUND, EMPTY, Entry, Listed, Parameter};
use crate::loss::sum::Tally;
use crate::loss::{Kernel, Pixel, SumLoss, check_weight};
use crate::num::Power;
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
    denominator_smooth: f32,
    averaging: ClassAveraging,
}

impl NoiseRobustDice {
    /// The paper's exponent of 1.5, and 1e-5 in the denominator.
    pub const PAPER: Self =
        Self { exponent: 1.5, denominator_smooth: 1e-5, averaging: ClassAveraging::DEFAULT };

    /// `exponent` in [1, 2], `denominator_smooth` in `[0, inf)`.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub const fn new(exponent: f32, denominator_smooth: f32) -> Result<Self> {
        if !(exponent >= 1.0 && exponent <= 2.0) {
            return Err(Error::Parameter("exponent"));
        }
        match check_weight(denominator_smooth, "denominator_smooth") {
            Ok(_) => Ok(Self { exponent, denominator_smooth, averaging: ClassAveraging::DEFAULT }),
            Err(e) => Err(e),
        }
    }
    /// The same loss with the classes of a frame brought together in another way.
    #[must_use]
    pub const fn with(self, averaging: ClassAveraging) -> Self {
        Self { averaging, ..self }
    }
}

impl Kernel for NoiseRobustDice {
    /// The power of the error, the squares, and the probability where the class is not.
    type Terms<T: Copy + Send> = [T; 3];
    /// Derivatives with respect to these.
    type Slope = [f32; 3];
    const POINTWISE: bool = false;
    #[inline(always)]
    fn terms<S: Simd>(&self, s: S, pixel: &Pixel<S::V>) -> [S::V; 3] {
        let (mass, p, g) = (pixel.mass, pixel.probability, pixel.target.foreground);
        let size = s.splat(0.0) - error(s, pixel).negative_magnitude();
        let power = Power::new(f64::from(self.exponent)).of(s, size);
        let both = mass.foreground + mass.background;
        [both * power, both * (p * p + g * g), mass.background * p]
    }
    #[inline(always)]
    fn slope<S: Simd>(&self, s: S, [by_error, by_squares, absent]: &[f32; 3], pixel: &Pixel<S::V>) -> S::V {
        let (zero, floor) = (s.splat(0.0), s.splat(f32::MIN_POSITIVE));
        let error = error(s, pixel);
        let size = zero - error.negative_magnitude();
        // The power is 0 wherever the error is too small to divide by.
        let power = Power::new(f64::from(self.exponent)).of(s, size);
        let steep = s.splat(self.exponent) * (power / size.select_less(floor, floor, size));
        let steep = error.select_less(zero, zero - steep, steep);
        let both = pixel.mass.foreground + pixel.mass.background;
        let of_squares = s.splat(2.0) * pixel.probability * s.splat(*by_squares);
        both * (steep * s.splat(*by_error) + of_squares) + pixel.mass.background * s.splat(*absent)
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
        let one = |[error, squares, absent]: &[f64; 3]| {
            let denominator = squares + f64::from(self.denominator_smooth);
            if denominator <= 0.0 {
                // Squares can be too small for any number where the probabilities are not.
                return (*absent > 0.0).then_some((1.0, [0.0; 3]));
            }
            let loss = error / denominator;
            Some((loss, [1.0 / denominator, -loss / denominator, 0.0]))
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
