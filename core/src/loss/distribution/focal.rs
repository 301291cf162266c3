//! Focal losses: easy pixels count less.

use super::FAMILY;
use super::{Normalise, divisor, mean_loss, pointwise_kernel};
use crate::error::{Error, Result};
use crate::loss::entry::{BACKGROUND_WEIGHT, Entry, FOCUSING, FOREGROUND_WEIGHT, Listed, Parameter};
use crate::loss::sum::Tally;
use crate::loss::{Kernel, LARGEST_SLOPE, Pixel, Reads, SumLoss, check_weight};
use crate::num::Power;
use crate::simd::{Simd, Vector};

/// `error^focusing`: whole powers by multiplication, which keeps full relative accuracy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::loss) struct Modulator {
    pub(in crate::loss) focusing: f32,
    whole: u8,
    is_square: bool,
    /// By what is left of the focusing; made once, since a microcontroller has no `f64`.
    rest: Option<Power>,
}

impl Modulator {
    /// `focusing` in [0, 8].
    const fn new(focusing: f32) -> Result<Self> {
        if focusing >= 0.0 && focusing <= 8.0 {
            Ok(Self::of(focusing))
        } else {
            Err(Error::Parameter("focusing"))
        }
    }
    pub(in crate::loss) const fn of(focusing: f32) -> Self {
        let whole = focusing as u8;
        let rest = focusing - whole as f32;
        let rest = if rest > 0.0 { Some(Power::new(rest as f64)) } else { None };
        let is_square = whole == 2 && rest.is_none();
        Self { focusing, whole, is_square, rest }
    }

    /// The power, and that by one less. The second is only ever multiplied by something as small as the error.
    #[inline(always)]
    pub(in crate::loss) fn powers<S: Simd>(&self, s: S, error: S::V) -> (S::V, S::V) {
        // What nearly everybody has: one question and no loop take a third fewer instructions.
        if self.is_square {
            return (error * error, error);
        }
        // No closures: a call would leave the function that has the vector instructions.
        let fraction = match self.rest {
            Some(rest) => rest.of(s, error),
            None => s.splat(1.0),
        };
        if self.whole == 0 {
            let floor = s.splat(f32::MIN_POSITIVE);
            return (fraction, fraction / error.select_less(floor, floor, error));
        }
        let mut less_one = fraction;
        for _ in 1..self.whole.min(8) {
            less_one = less_one * error;
        }
        (less_one * error, less_one)
    }

    /// `-d(power * -ln p) / d ln p`, of the power of `scale` times the error.
    #[inline(always)]
    fn focus<S: Simd>(&self, s: S, scale: f32, pixel: &Pixel<S::V>) -> S::V {
        let (error, scale) = (pixel.complement, s.splat(scale));
        let (power, less_one) = self.powers(s, error * scale);
        let slope = error + s.splat(self.focusing) * pixel.probability * pixel.log;
        if self.focusing < 1.0 {
            // Divided by the error itself, however small it is.
            let floor = s.splat(f32::from_bits(1));
            return power * (slope / error.select_less(floor, floor, error));
        }
        less_one * (slope * scale)
    }
}

/// Focal loss: `-a (1 - p)^focusing ln p` of each pixel's label, where `a` is the weight of its class.
///
/// On a binary frame the sigmoid form, on a multiclass one the softmax form: there `background_weight` is that of
/// class 0 and `foreground_weight` that of all others. Mean over pixels; `a` is not in the divisor. Range
/// `[0, inf)`. Passes: 1. A focusing of 0 with weights of 1 is cross-entropy. Source: Lin et al. 2017.
///
/// ```
/// use segmeter_core::{loss::{Focal, Loss}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// assert_eq!(Focal::PAPER.value(&frame, &mut [])?.value, 0.23633821);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Focal {
    modulator: Modulator,
    foreground_weight: f32,
    background_weight: f32,
}

impl Focal {
    /// The paper's choice: focusing 2, weights 0.25 and 0.75.
    pub const PAPER: Self =
        Self { modulator: Modulator::of(2.0), foreground_weight: 0.25, background_weight: 0.75 };

    /// `focusing` in [0, 8]; class weights in `[0, inf)`.
    ///
    /// # Errors
    /// [`Error::Parameter`] names the one that is out of range.
    pub const fn new(focusing: f32, foreground_weight: f32, background_weight: f32) -> Result<Self> {
        match (
            Modulator::new(focusing),
            check_weight(foreground_weight, "foreground_weight"),
            check_weight(background_weight, "background_weight"),
        ) {
            (Ok(modulator), Ok(_), Ok(_)) => Ok(Self { modulator, foreground_weight, background_weight }),
            (Err(e), ..) | (_, Err(e), _) | (.., Err(e)) => Err(e),
        }
    }
    #[inline(always)]
    fn cost<S: Simd>(&self, s: S, pixel: &Pixel<S::V>) -> S::V {
        pixel.mass.foreground * (self.modulator.powers(s, pixel.complement).0 * pixel.log)
    }
    #[inline(always)]
    fn pull<S: Simd>(&self, s: S, pixel: &Pixel<S::V>) -> S::V {
        pixel.mass.foreground * self.modulator.focus(s, 1.0, pixel)
    }
}

pointwise_kernel!(Focal);
mean_loss!(Focal, self, tally => (Normalise::Weights, |class| {
    f64::from(if class == 0 { self.background_weight } else { self.foreground_weight })
}));

/// Reduced focal loss: cross-entropy of pixels below `threshold`, and with the factor
/// `((1 - p) / threshold)^focusing` above it.
///
/// Range `[0, inf)`. Passes: 1. Mean over pixels. Source: Sergievskiy and Ponamarev 2019; the form of
/// segmentation_models.pytorch.
///
/// ```
/// use segmeter_core::{loss::{Loss, ReducedFocal}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// assert_eq!(ReducedFocal::new(2.0, 0.5)?.value(&frame, &mut [])?.value, 1.0488113);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReducedFocal {
    modulator: Modulator,
    threshold: f32,
}

impl ReducedFocal {
    /// `focusing` in [0, 8], `threshold` in [0.01, 1].
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub const fn new(focusing: f32, threshold: f32) -> Result<Self> {
        match Modulator::new(focusing) {
            Ok(modulator) if threshold >= 0.01 && threshold <= 1.0 => Ok(Self { modulator, threshold }),
            Ok(_) => Err(Error::Parameter("threshold")),
            Err(e) => Err(e),
        }
    }
    /// `below` where the probability is below the threshold, else `reduced`: by the error where that has more digits.
    #[inline(always)]
    fn choose<S: Simd>(&self, s: S, pixel: &Pixel<S::V>, below: S::V, reduced: S::V) -> S::V {
        if self.threshold > 0.5 {
            return s.splat(1.0 - self.threshold).select_less(pixel.complement, below, reduced);
        }
        pixel.probability.select_less(s.splat(self.threshold), below, reduced)
    }
    #[inline(always)]
    fn cost<S: Simd>(&self, s: S, pixel: &Pixel<S::V>) -> S::V {
        let error = pixel.complement * s.splat(1.0 / self.threshold);
        let reduced = self.modulator.powers(s, error).0;
        pixel.mass.foreground * (self.choose(s, pixel, s.splat(1.0), reduced) * pixel.log)
    }
    #[inline(always)]
    fn pull<S: Simd>(&self, s: S, pixel: &Pixel<S::V>) -> S::V {
        let reduced = self.modulator.focus(s, 1.0 / self.threshold, pixel);
        pixel.mass.foreground * self.choose(s, pixel, s.splat(1.0), reduced)
    }
}

pointwise_kernel!(ReducedFocal);
mean_loss!(ReducedFocal);

/// Normalised focal loss: the focal loss divided by the sum of its factors, `sum(m l) / sum(m)` with
/// `m = (1 - p)^focusing` and `l = -ln p`.
///
/// The gradient is that of the ratio. Where the focal loss itself is below 2^-120 (8e-37: errors of 9e-13 at a focusing of 2,
/// of 1e-4 at one of 8), `f32` cannot tell pixels apart: the frame counts as right, with a value and a gradient of 0. Range
/// `[0, inf)`. Passes: 2 with gradient, 1 without.
///
/// ```
/// use segmeter_core::{loss::{Loss, NormalisedFocal}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// assert_eq!(NormalisedFocal::new(2.0)?.value(&frame, &mut [])?.value, 2.8077676);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormalisedFocal {
    modulator: Modulator,
}

impl NormalisedFocal {
    /// `focusing` in [0, 8].
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub const fn new(focusing: f32) -> Result<Self> {
        match Modulator::new(focusing) {
            Ok(modulator) => Ok(Self { modulator }),
            Err(e) => Err(e),
        }
    }
}

/// The least focal loss that is told from 0: where summands are normal numbers.
const LEAST_COST: f64 = 1.0 / (1_u128 << 120) as f64;

impl Kernel for NormalisedFocal {
    type Terms<T: Copy + Send> = [T; 2];
    /// The factor of the cost, and what is subtracted for that of the divisor.
    type Slope = [f32; 2];
    const READS: Reads = Reads::Label;
    #[inline(always)]
    fn terms<S: Simd>(&self, s: S, pixel: &Pixel<S::V>) -> [S::V; 2] {
        let weight = pixel.mass.foreground * self.modulator.powers(s, pixel.complement).0;
        [weight * pixel.log, weight]
    }
    #[inline(always)]
    fn slope<S: Simd>(&self, s: S, [cost, factor]: &[f32; 2], pixel: &Pixel<S::V>) -> S::V {
        let (_, less_one) = self.modulator.powers(s, pixel.complement);
        let pull = self.modulator.focus(s, 1.0, pixel);
        let of_factor = s.splat(self.modulator.focusing) * pixel.probability * less_one;
        // An error that is all but 0 is a divisor, and a factor only later.
        let most = s.splat(LARGEST_SLOPE as f32);
        let bounded = |slope: S::V| slope.select_less(most, slope, most);
        let mass = pixel.mass.foreground;
        bounded(mass * s.splat(*cost) * pull) - bounded(mass * s.splat(*factor) * of_factor)
    }
}

impl SumLoss for NormalisedFocal {
    type Kernel = Self;

    fn kernel(&self) -> Self {
        *self
    }
    fn fit(&self, tally: &Tally<'_, [f64; 2]>, slopes: &mut [[f32; 2]]) -> Option<f64> {
        divisor(tally, Normalise::Weights)?;
        let weighted = |place: usize| -> f64 {
            let sums = tally.sums.iter().enumerate();
            sums.map(|(class, sum)| tally.class_weight(class) * sum.get(place).copied().unwrap_or(0.0)).sum()
        };
        let (cost, factors) = (weighted(0), weighted(1));
        if cost < LEAST_COST * tally.weight() {
            slopes.fill([0.0; 2]);
            return Some(0.0);
        }
        for (class, slope) in slopes.iter_mut().enumerate() {
            let weight = tally.class_weight(class);
            // A frame of right answers has factors beyond the range of `f32`.
            *slope = [weight / factors, weight * (cost / factors) / factors].map(|by| tally.bounded(by));
        }
        Some(cost / factors)
    }
}

pub(in crate::loss) const FOCAL: Listed<Focal> = Listed {
    entry: Entry {
        name: "focal",
        passes: "1",
        parameters: &[FOCUSING, FOREGROUND_WEIGHT, BACKGROUND_WEIGHT],
        definition: "mean of -a (1-p)^focusing ln p of the label, a the weight of its class",
        reference: "Lin et al. 2017",
        ..FAMILY
    },
    make: |values| {
        Focal::new(
            values.float("focusing")?,
            values.float("foreground_weight")?,
            values.float("background_weight")?,
        )
    },
};

pub(in crate::loss) const REDUCED_FOCAL: Listed<ReducedFocal> = Listed {
    entry: Entry {
        name: "reduced_focal",
        passes: "1",
        parameters: &[
            FOCUSING,
            Parameter::number("threshold", 0.5, "[0.01,1]", "probability from which pixels count less"),
        ],
        definition: "mean of -m ln p of the label; m = ((1-p)/threshold)^focusing from the threshold up, else 1",
        reference: "Sergievskiy and Ponamarev 2019",
        ..FAMILY
    },
    make: |values| ReducedFocal::new(values.float("focusing")?, values.float("threshold")?),
};

pub(in crate::loss) const NORMALISED_FOCAL: Listed<NormalisedFocal> = Listed {
    entry: Entry {
        name: "normalised_focal",
        synonyms: &["normalized_focal"],
        parameters: &[FOCUSING],
        definition: "sum(m l) / sum(m) of the label; m = (1-p)^focusing, l = -ln p",
        reference: "segmentation_models.pytorch",
        ..FAMILY
    },
    make: |values| NormalisedFocal::new(values.float("focusing")?),
};
