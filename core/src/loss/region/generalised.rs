//! Generalised Dice losses: one ratio over all classes.

use super::FAMILY;
use crate::error::{Error, Result};
use crate::loss::entry::{DENOMINATOR_SMOOTH, Entry, Listed, NUMERATOR_SMOOTH, Parameter, Values};
use crate::loss::sum::Tally;
use crate::loss::{Kernel, Pixel, Reads, SumLoss, check_weight};
use crate::simd::Simd;

use super::{ClassAveraging, OverlapKernel, Smooth};

/// How a class weighs in [`GeneralisedDice`], by the weight `G` of its labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClassWeighting {
    /// `1 / G^2`.
    #[default]
    Square,
    /// `1 / G`.
    Simple,
    /// 1.
    Uniform,
}

/// Generalised Dice loss: `1 - (2 sum_c v_c I_c + n) / (sum_c v_c (P_c + G_c) + d)`, with `v_c` by
/// [`ClassWeighting`].
///
/// A class without labels weighs as much as the heaviest one that has some. A binary frame has the classes
/// background and foreground. Range [0, 1]. Scratch: none. Passes: 2 with gradient. Source: Sudre et al. 2017.
///
/// ```
/// use segmeter_core::{loss::{GeneralisedDice, Loss}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// assert_eq!(GeneralisedDice::PAPER.value(&frame, &mut [])?.value, 0.4652524);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GeneralisedDice {
    weighting: ClassWeighting,
    smooth: Smooth,
    averaging: ClassAveraging,
}

impl GeneralisedDice {
    /// Weights of `1 / G^2`, no smoothing.
    pub const PAPER: Self = Self::new(ClassWeighting::Square, Smooth::NONE);

    /// Smoothing is added to the weighted sums.
    #[must_use]
    pub const fn new(weighting: ClassWeighting, smooth: Smooth) -> Self {
        Self { weighting, smooth, averaging: ClassAveraging::DEFAULT.with_background(true) }
    }
    /// Without class 0.
    #[must_use]
    pub const fn without_background(self) -> Self {
        Self { averaging: self.averaging.with_background(false), ..self }
    }

    fn weight(&self, mass: f64) -> f64 {
        match self.weighting {
            ClassWeighting::Square => 1.0 / (mass * mass),
            ClassWeighting::Simple => 1.0 / mass,
            ClassWeighting::Uniform => 1.0,
        }
    }

    /// The loss, and its derivatives per class; the outer function is given with its derivative.
    fn fit_through(
        &self,
        tally: &Tally<'_, [f64; 3]>,
        slopes: &mut [[f32; 2]],
        outer: impl Fn(f64) -> (f64, f64),
    ) -> Option<f64> {
        let first = self.averaging.first_class(tally.binary);
        let classes = || tally.sums.iter().zip(tally.masses).enumerate().skip(first);
        let present = classes().filter(|(_, (_, mass))| **mass > 0.0);
        let heaviest = present.map(|(_, (_, mass))| self.weight(*mass)).fold(0.0, f64::max);
        // All absent: then no class is heavier than another.
        let heaviest = if heaviest > 0.0 { heaviest } else { 1.0 };
        let weight = |class: usize, mass: f64| {
            let own = if mass > 0.0 { self.weight(mass) } else { heaviest };
            own * tally.class_weight(class)
        };
        let (n, d) = (f64::from(self.smooth.numerator), f64::from(self.smooth.denominator));
        let (mut common, mut errors) = (0.0, 0.0);
        for (class, ([intersection, false_positive, false_negative], mass)) in classes() {
            let weight = weight(class, *mass);
            common += weight * intersection;
            errors += weight * (false_positive + false_negative);
        }
        let denominator = 2.0 * common + errors + d;
        if denominator <= 0.0 {
            return None;
        }
        let score = (2.0 * common + n) / denominator;
        let (loss, derivative) = outer((errors + (d - n)) / denominator);
        for (class, slot) in slopes.iter_mut().enumerate().skip(first) {
            let mass = tally.masses.get(class).copied().unwrap_or(0.0);
            let scale = derivative * weight(class, mass) / denominator;
            *slot = [tally.bounded(scale * (score - 2.0)), tally.bounded(scale * score)];
        }
        Some(loss)
    }
}

/// Penalty generalised Dice loss: `l / (1 + k (1 - l))` of the [`GeneralisedDice`] loss `l`, with `k` the penalty.
///
/// Range [0, 1]. Passes as there. Source: Yang et al. 2019.
///
/// ```
/// use segmeter_core::{loss::{GeneralisedDice, Loss, PenaltyGeneralisedDice}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// let loss = PenaltyGeneralisedDice::new(2.5, GeneralisedDice::PAPER)?;
/// assert_eq!(loss.value(&frame, &mut [])?.value, 0.19909221);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PenaltyGeneralisedDice {
    penalty: f32,
    inner: GeneralisedDice,
}

impl PenaltyGeneralisedDice {
    /// `penalty` in `[0, inf)`.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub const fn new(penalty: f32, inner: GeneralisedDice) -> Result<Self> {
        match check_weight(penalty, "penalty") {
            Ok(penalty) => Ok(Self { penalty, inner }),
            Err(e) => Err(e),
        }
    }
}

macro_rules! generalised_loss {
    ($loss:ty, $self:ident, $inner:expr, $outer:expr) => {
        impl SumLoss for $loss {
            type Kernel = OverlapKernel;

            fn kernel(&$self) -> OverlapKernel {
                OverlapKernel::new($inner.averaging)
            }
            fn fit(&$self, tally: &Tally<'_, [f64; 3]>, slopes: &mut [[f32; 2]]) -> Option<f64> {
                $inner.fit_through(tally, slopes, $outer)
            }
        }
    };
}

generalised_loss!(GeneralisedDice, self, self, |loss| (loss, 1.0));
generalised_loss!(PenaltyGeneralisedDice, self, self.inner, |loss| {
    let penalty = f64::from(self.penalty);
    let divisor = 1.0 + penalty * (1.0 - loss);
    (loss / divisor, (1.0 + penalty) / (divisor * divisor))
});

/// What counts as agreement in [`WassersteinDice`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WassersteinMode {
    /// Pixels that are not labelled background.
    #[default]
    Default,
    /// All pixels, a class weighing `1 / (n_c + 1)`.
    Generalised,
}

/// Generalised Wasserstein Dice loss: errors between classes cost what their distance says.
///
/// With `delta = sum_k distance[y][k] p_k` of a pixel labelled `y`: `1 - (2 A + s) / (2 A + sum(w delta) + s)`, where
/// `A = sum(w (1 - delta))` over the pixels that are not labelled background (class 0 unless said); in the generalised mode
/// `1 - (2 sum(w v (1 - delta)) + s) / (sum(w v (2 - delta)) + s)`. Without a matrix all classes are at distance 1, and
/// `delta` is `1 - p_y`; of given probabilities, which need not sum to 1, it is the sum in either case.
/// Range [0, 1]. Scratch: none. Passes: 2 with gradient. Source: Fidon et al. 2017.
///
/// ```
/// use segmeter_core::{loss::{Loss, WassersteinDice}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// assert_eq!(WassersteinDice::PAPER.value(&frame, &mut [])?.value, 0.41934484);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WassersteinDice<'a> {
    distances: Option<&'a [f32]>,
    mode: WassersteinMode,
    smooth: f32,
    background_class: u8,
}

impl WassersteinDice<'static> {
    /// All classes at distance 1, class 0 is background, a smoothing of 1e-5.
    pub const PAPER: Self =
        Self { distances: None, mode: WassersteinMode::Default, smooth: 1e-5, background_class: 0 };
}

impl<'a> WassersteinDice<'a> {
    /// All classes at distance 1; `smooth` in `[0, inf)`.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub const fn new(mode: WassersteinMode, smooth: f32) -> Result<Self> {
        match check_weight(smooth, "smooth") {
            Ok(smooth) => Ok(Self { distances: None, mode, smooth, background_class: 0 }),
            Err(e) => Err(e),
        }
    }

    /// With another class as background.
    #[must_use]
    pub const fn with_background(self, background_class: u8) -> Self {
        Self { background_class, ..self }
    }

    /// With a matrix of distances between `classes` classes, row by row: symmetric, zero on the diagonal, values in
    /// [0, 1]. It is for multiclass frames of that many classes.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::Parameter`].
    pub fn with_distances(self, classes: usize, distances: &'a [f32]) -> Result<Self> {
        let expected = classes * classes;
        if distances.len() != expected {
            return Err(Error::Length { expected, found: distances.len() });
        }
        let at = |row: usize, column: usize| distances.get(row * classes + column).copied().unwrap_or(0.0);
        for row in 0..classes {
            for column in 0..classes {
                let distance = at(row, column);
                let good = (0.0..=1.0).contains(&distance) && distance.to_bits() == at(column, row).to_bits();
                if !good || (row == column && distance != 0.0) {
                    return Err(Error::Parameter("distances"));
                }
            }
        }
        Ok(Self { distances: Some(distances), ..self })
    }
}

impl Kernel for WassersteinDice<'_> {
    /// Of the pixels with this label, what they cost and what they agree by: one from the other would lose the digits of
    /// what little is right where nearly all is wrong.
    type Terms<T: Copy + Send> = [T; 2];
    /// The derivative with respect to `delta` of a pixel with this label.
    type Slope = f32;
    const READS: Reads = Reads::Classes;
    #[inline(always)]
    fn terms<S: Simd>(&self, _: S, pixel: &Pixel<S::V>) -> [S::V; 2] {
        [pixel.mass.foreground * pixel.complement, pixel.mass.foreground * pixel.probability]
    }
    #[inline(always)]
    fn slope<S: Simd>(&self, s: S, slope: &f32, pixel: &Pixel<S::V>) -> S::V {
        let by_delta = pixel.mass.foreground * s.splat(*slope);
        // Without a matrix delta is 1 - p.
        if self.distances.is_some() { by_delta } else { s.splat(0.0) - by_delta }
    }
    fn background(&self) -> bool {
        true
    }
    fn distances(&self) -> Option<&[f32]> {
        self.distances
    }
    fn complement_is_sum(&self) -> bool {
        true
    }
}

impl SumLoss for WassersteinDice<'_> {
    type Kernel = Self;

    fn kernel(&self) -> Self {
        *self
    }
    fn fit(&self, tally: &Tally<'_, [f64; 2]>, slopes: &mut [f32]) -> Option<f64> {
        let smooth = f64::from(self.smooth);
        let classes = || tally.sums.iter().zip(tally.masses).enumerate();
        let generalised = self.mode == WassersteinMode::Generalised;
        let weight = |class: usize, mass: f64| match self.mode {
            WassersteinMode::Generalised => 1.0 / (mass + 1.0),
            WassersteinMode::Default => f64::from(u8::from(class != usize::from(self.background_class))),
        };
        let (mut agreed, mut missed) = (0.0, 0.0);
        for (class, ([delta, agreement], mass)) in classes() {
            let weight = weight(class, *mass);
            agreed += weight * agreement;
            missed += if generalised { weight * delta } else { *delta };
        }
        let denominator = 2.0 * agreed + missed + smooth;
        if denominator <= 0.0 {
            return None;
        }
        let (loss, score) = (missed / denominator, (2.0 * agreed + smooth) / denominator);
        for ((class, (_, mass)), slot) in classes().zip(slopes) {
            let weight = weight(class, *mass);
            let own = if generalised { weight } else { 1.0 };
            *slot = tally.bounded((own * score + 2.0 * weight * loss) / denominator);
        }
        Some(loss)
    }
}

pub(in crate::loss) const GENERALISED_DICE: Listed<GeneralisedDice> = Listed {
    entry: Entry {
        name: "generalised_dice",
        synonyms: &["gdl", "generalized_dice"],
        parameters: &[
            Parameter::word(
                "weighting",
                "square",
                "square, simple, uniform",
                "weight of a class: 1/G^2, 1/G, 1",
            ),
            Parameter::number("smooth", 0.0, "[0,inf)", "added to numerator and denominator"),
            NUMERATOR_SMOOTH,
            DENOMINATOR_SMOOTH,
        ],
        definition: "1 - (2 sum_c v_c I_c + numerator_smooth) / (sum_c v_c (P_c + G_c) + denominator_smooth); an absent class weighs as the heaviest present",
        reference: "Sudre et al. 2017",
        ..FAMILY
    },
    make: |values| generalised(values),
};

pub(in crate::loss) const PENALTY_GENERALISED_DICE: Listed<PenaltyGeneralisedDice> = Listed {
    entry: Entry {
        name: "penalty_generalised_dice",
        synonyms: &["penalty_generalized_dice"],
        parameters: &[
            Parameter::number("penalty", 2.5, "[0,inf)", "how much false positives and negatives cost"),
            Parameter::word(
                "weighting",
                "square",
                "square, simple, uniform",
                "weight of a class: 1/G^2, 1/G, 1",
            ),
            Parameter::number("smooth", 0.0, "[0,inf)", "added to numerator and denominator"),
            NUMERATOR_SMOOTH,
            DENOMINATOR_SMOOTH,
        ],
        definition: "l / (1 + penalty (1 - l)) of the generalised Dice loss l",
        reference: "Yang et al. 2019",
        ..FAMILY
    },
    make: |values| PenaltyGeneralisedDice::new(values.float("penalty")?, generalised(values)?),
};

pub(in crate::loss) const WASSERSTEIN_DICE: Listed<WassersteinDice<'static>> = Listed {
    entry: Entry {
        name: "wasserstein_dice",
        parameters: &[
            Parameter::taken(
                "distances",
                "classes^2 numbers in [0,1], symmetric, 0 on the diagonal",
                "cost of taking a class for another; 1 unless given",
            ),
            Parameter::number("background_class", 0.0, "[0,255]", "the class that is no agreement"),
            Parameter::word("mode", "default", "default, gdl", "weights of classes"),
            Parameter::number("smooth", 1e-05, "[0,inf)", "added to numerator and denominator"),
        ],
        definition: "1 - (2 A + smooth) / (2 A + sum d + smooth); d = sum_k distance[y][k] p_k, A = sum(1 - d) off the background",
        reference: "Fidon et al. 2017",
        ..FAMILY
    },
    make: |values| wasserstein(values),
};

fn generalised(values: &Values<'_>) -> Result<GeneralisedDice> {
    let weightings = [
        ("square", ClassWeighting::Square),
        ("simple", ClassWeighting::Simple),
        ("uniform", ClassWeighting::Uniform),
    ];
    Ok(GeneralisedDice::new(values.choice("weighting", &weightings)?, values.smooth()?))
}

/// Without distances: who makes a loss from names has to keep them ([`AnyLoss::with_distances`](super::super::AnyLoss)).
fn wasserstein(values: &Values<'_>) -> Result<WassersteinDice<'static>> {
    let modes = [("default", WassersteinMode::Default), ("gdl", WassersteinMode::Generalised)];
    let mode = values.choice("mode", &modes)?;
    let background = u8::try_from(values.whole("background_class")?);
    let background = background.map_err(|_| Error::Parameter("background_class"))?;
    Ok(WassersteinDice::new(mode, values.float("smooth")?)?.with_background(background))
}
