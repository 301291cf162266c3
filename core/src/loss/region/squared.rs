//! Losses of the squared error `E = sum(w (p - g)^2)`, which is `sum(w p^2) + sum(w g^2) - 2 I` without the
//! cancellation.

use super::FAMILY;
use super::{ClassAveraging, PowerKernel, Smooth, error};
use crate::error::{Error, Result};
use crate::loss::entry::{
    AVERAGE, BACKGROUND, DENOMINATOR_SMOOTH, EMPTY, Entry, Listed, NUMERATOR_SMOOTH, OVERLAP_PRODUCT,
    Parameter, SMOOTH,
};
use crate::loss::sum::Tally;
use crate::loss::{Kernel, Pixel, Reads, SumLoss, check_weight};
use crate::simd::Simd;

/// `I`, the squared error, and the false positives.
type Squares = [f64; 3];
/// Derivatives with respect to these.
type Derivatives = [f64; 3];

/// `1 - (I + n) / (I + E + d)`-like ratios: `(E + d - n) / (E + k I + d)`.
fn ratio(
    [intersection, error, false_positive]: &Squares,
    k: f64,
    smooth: Smooth,
) -> Option<(f64, Derivatives)> {
    let (n, d) = (f64::from(smooth.numerator), f64::from(smooth.denominator));
    let denominator = error + k * intersection + d;
    if denominator <= 0.0 {
        // Squares can be too small for any number where the probabilities are not.
        return (*false_positive > 0.0).then_some((1.0, [0.0; 3]));
    }
    let loss = (error + (d - n)) / denominator;
    Some((loss, [-k * loss / denominator, (1.0 - loss) / denominator, 0.0]))
}

/// Sums, fit and slope of the losses here; a loss says what its squared error is and what it makes of the sums.
macro_rules! squared_loss {
    ($loss:ty, $kernel:ty, $self:ident => $exponent:expr) => {
        impl $loss {
            /// The same loss with the classes of a frame brought together in another way. The overlap stays the product.
            #[must_use]
            pub const fn with(self, averaging: ClassAveraging) -> Self {
                Self { averaging, ..self }
            }
        }

        impl SumLoss for $loss {
            type Kernel = $kernel;

            fn kernel(&$self) -> $kernel {
                <$kernel>::new($exponent, $self.averaging)
            }
            fn fit(&self, tally: &Tally<'_, [f64; 3]>, slopes: &mut [[f32; 3]]) -> Option<f64> {
                if self.averaging.micro {
                    return self.averaging.pooled(tally, slopes, |sums, rest| self.outcome(sums, rest));
                }
                // A class without labels has false positives only.
                let weight = tally.weight();
                let absent = |sums: &[f64; 3]| (sums[2] / weight, [0.0, 0.0, 1.0 / weight]);
                self.averaging.mean(tally, slopes, |sums, [_, rest]| self.outcome(sums, rest), absent)
            }
        }
    };
}

/// Squared Dice loss (V-Net): `1 - (2 I + n) / (sum(w p^2) + sum(w g^2) + d)`.
///
/// Source: Milletari et al. 2016.
///
/// ```
/// use segmeter_core::{loss::{Loss, Smooth, SquaredDice}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// assert_eq!(SquaredDice::new(Smooth::ONE).value(&frame, &mut [])?.value, 0.25813964);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SquaredDice {
    smooth: Smooth,
    averaging: ClassAveraging,
}

impl SquaredDice {
    /// Smoothing in units of `2 I`.
    #[must_use]
    pub const fn new(smooth: Smooth) -> Self {
        Self { smooth, averaging: ClassAveraging::DEFAULT }
    }
    fn outcome(&self, sums: &Squares, _rest: f64) -> Option<(f64, Derivatives)> {
        ratio(sums, 2.0, self.smooth)
    }
}

squared_loss!(SquaredDice, PowerKernel<true>, self => 2.0);

/// Power Jaccard loss: `1 - (I + n) / (sum(w p^q) + sum(w g^q) - I + d)` with `q` the exponent.
///
/// An exponent of 1 is [`super::Jaccard`], 2 the Tanimoto form. Source: Duque-Arias et al. 2021.
///
/// ```
/// use segmeter_core::{loss::{Loss, PowerJaccard, Smooth}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// assert_eq!(PowerJaccard::new(2.0, Smooth::ONE)?.value(&frame, &mut [])?.value, 0.34013763);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PowerJaccard {
    exponent: f32,
    smooth: Smooth,
    averaging: ClassAveraging,
}

impl PowerJaccard {
    /// `exponent` in [1, 2]; smoothing in units of `I`.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub const fn new(exponent: f32, smooth: Smooth) -> Result<Self> {
        if exponent >= 1.0 && exponent <= 2.0 {
            Ok(Self { exponent, smooth, averaging: ClassAveraging::DEFAULT })
        } else {
            Err(Error::Parameter("exponent"))
        }
    }
    fn outcome(&self, sums: &Squares, _rest: f64) -> Option<(f64, Derivatives)> {
        ratio(sums, 1.0, self.smooth)
    }
}

squared_loss!(PowerJaccard, PowerKernel<false>, self => self.exponent);

/// Tanimoto loss with complement: the mean of `1 - T` for the class and for what is not the class, with
/// `T = (I + s) / (sum(w p^2) + sum(w g^2) - I + s)`.
///
/// The complement gives a gradient on frames without the class. Source: Diakogiannis et al. 2020 (ResUNet-a).
///
/// ```
/// use segmeter_core::{loss::{Loss, Tanimoto}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// assert_eq!(Tanimoto::PAPER.value(&frame, &mut [])?.value, 0.5466421);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tanimoto {
    smooth: f32,
    averaging: ClassAveraging,
}

impl Tanimoto {
    /// A smoothing of 1e-5.
    pub const PAPER: Self = Self { smooth: 1e-5, averaging: ClassAveraging::DEFAULT };

    /// `smooth` in `[0, inf)`.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub const fn new(smooth: f32) -> Result<Self> {
        match check_weight(smooth, "smooth") {
            Ok(smooth) => Ok(Self { smooth, averaging: ClassAveraging::DEFAULT }),
            Err(e) => Err(e),
        }
    }
    fn outcome(
        &self,
        [intersection, error, false_positive]: &Squares,
        rest: f64,
    ) -> Option<(f64, Derivatives)> {
        let smooth = Smooth { numerator: self.smooth, denominator: self.smooth };
        let class = ratio(&[*intersection, *error, *false_positive], 1.0, smooth)?;
        let rest = ratio(&[rest - false_positive, *error, 0.0], 1.0, smooth)?;
        let slopes = [class.1[0], class.1[1] + rest.1[1], -rest.1[0]].map(|slope| 0.5 * slope);
        Some((0.5 * (class.0 + rest.0), slopes))
    }
}

squared_loss!(Tanimoto, PowerKernel<true>, self => 2.0);

/// Sensitivity-specificity loss: `r E_1 / (G + d) + (1 - r) E_0 / (N - G + d)`, the mean squared errors on the
/// class and off it.
///
/// `r` is `sensitivity_weight`; it is small in the paper because there are few foreground pixels. Source: Brosch et
/// al. 2015.
///
/// ```
/// use segmeter_core::{loss::{Loss, SensitivitySpecificity}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// assert_eq!(SensitivitySpecificity::new(0.1, 1e-5)?.value(&frame, &mut [])?.value, 0.11117601);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SensitivitySpecificity {
    sensitivity_weight: f32,
    denominator_smooth: f32,
    averaging: ClassAveraging,
}

impl SensitivitySpecificity {
    /// `sensitivity_weight` in [0, 1], `denominator_smooth` in `[0, inf)`.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub const fn new(sensitivity_weight: f32, denominator_smooth: f32) -> Result<Self> {
        if !(sensitivity_weight >= 0.0 && sensitivity_weight <= 1.0) {
            return Err(Error::Parameter("sensitivity_weight"));
        }
        match check_weight(denominator_smooth, "denominator_smooth") {
            Ok(_) => Ok(Self { sensitivity_weight, denominator_smooth, averaging: ClassAveraging::DEFAULT }),
            Err(e) => Err(e),
        }
    }
    /// The same loss with the classes of a frame brought together in another way: their mean, in any case.
    #[must_use]
    pub const fn with(self, averaging: ClassAveraging) -> Self {
        Self { averaging, ..self }
    }
}

impl Kernel for SensitivitySpecificity {
    type Terms<T: Copy + Send> = [T; 3];
    /// Factors of the squared error on the class and off it, and of the probability of an absent class.
    type Slope = [f32; 3];
    const READS: Reads = Reads::Classes;
    #[inline(always)]
    fn terms<S: Simd>(&self, s: S, pixel: &Pixel<S::V>) -> [S::V; 3] {
        let square = error(s, pixel) * error(s, pixel);
        [
            pixel.mass.foreground * square,
            pixel.mass.background * square,
            pixel.mass.background * pixel.probability,
        ]
    }
    #[inline(always)]
    fn slope<S: Simd>(&self, s: S, [on, off, absent]: &[f32; 3], pixel: &Pixel<S::V>) -> S::V {
        let mass = pixel.mass;
        let factor = mass.foreground * s.splat(*on) + mass.background * s.splat(*off);
        s.splat(2.0) * error(s, pixel) * factor + mass.background * s.splat(*absent)
    }
    fn background(&self) -> bool {
        self.averaging.has_background()
    }
}

impl SumLoss for SensitivitySpecificity {
    type Kernel = Self;

    fn kernel(&self) -> Self {
        *self
    }
    fn fit(&self, tally: &Tally<'_, [f64; 3]>, slopes: &mut [[f32; 3]]) -> Option<f64> {
        let (weight, share) = (tally.weight(), f64::from(self.sensitivity_weight));
        let smooth = f64::from(self.denominator_smooth);
        let part = |share: f64, error: f64, mass: f64| {
            if mass + smooth > 0.0 {
                (share * error / (mass + smooth), share / (mass + smooth))
            } else {
                (0.0, 0.0)
            }
        };
        let one = |[on, off, _]: &[f64; 3], [mass, rest]: [f64; 2]| {
            let ((on, by_on), (off, by_off)) = (part(share, *on, mass), part(1.0 - share, *off, rest));
            Some((on + off, [by_on, by_off, 0.0]))
        };
        self.averaging.mean(tally, slopes, one, |sums| (sums[2] / weight, [0.0, 0.0, 1.0 / weight]))
    }
}

pub(in crate::loss) const SQUARED_DICE: Listed<SquaredDice> = Listed {
    entry: Entry {
        name: "squared_dice",
        parameters: &[
            SMOOTH,
            NUMERATOR_SMOOTH,
            DENOMINATOR_SMOOTH,
            BACKGROUND,
            AVERAGE,
            EMPTY,
            OVERLAP_PRODUCT,
        ],
        definition: "1 - (2 I + numerator_smooth) / (sum p^2 + sum g^2 + denominator_smooth)",
        reference: "Milletari et al. 2016",
        ..FAMILY
    },
    make: |values| Ok(SquaredDice::new(values.smooth()?).with(values.averaging()?)),
};

pub(in crate::loss) const POWER_JACCARD: Listed<PowerJaccard> = Listed {
    entry: Entry {
        name: "power_jaccard",
        parameters: &[
            Parameter::number("exponent", 2.0, "[1,2]", "power of p and g in the denominator"),
            SMOOTH,
            NUMERATOR_SMOOTH,
            DENOMINATOR_SMOOTH,
            BACKGROUND,
            AVERAGE,
            EMPTY,
        ],
        definition: "1 - (I + numerator_smooth) / (sum p^q + sum g^q - I + denominator_smooth), q the exponent",
        reference: "Duque-Arias et al. 2021",
        ..FAMILY
    },
    make: |values| {
        Ok(PowerJaccard::new(values.float("exponent")?, values.smooth()?)?.with(values.averaging()?))
    },
};

pub(in crate::loss) const TANIMOTO: Listed<Tanimoto> = Listed {
    entry: Entry {
        name: "tanimoto",
        parameters: &[Parameter::number("smooth", 1e-05, "[0,inf)", "added to numerator and denominator")],
        definition: "mean of 1 - (I + smooth) / (sum p^2 + sum g^2 - I + smooth) for the class and for its complement",
        reference: "Diakogiannis et al. 2020",
        ..FAMILY
    },
    make: |values| Tanimoto::new(values.float("smooth")?),
};

pub(in crate::loss) const SENSITIVITY_SPECIFICITY: Listed<SensitivitySpecificity> = Listed {
    entry: Entry {
        name: "sensitivity_specificity",
        parameters: &[
            Parameter::number("sensitivity_weight", 0.1, "[0,1]", "weight of the error on the class"),
            Parameter::number("denominator_smooth", 1e-05, "[0,inf)", "added to the denominators"),
        ],
        definition: "r sum g (g-p)^2 / (G + denominator_smooth) + (1-r) sum (1-g) (g-p)^2 / (N-G + denominator_smooth), r the sensitivity_weight",
        reference: "Brosch et al. 2015",
        ..FAMILY
    },
    make: |values| {
        SensitivitySpecificity::new(values.float("sensitivity_weight")?, values.float("denominator_smooth")?)
    },
};
