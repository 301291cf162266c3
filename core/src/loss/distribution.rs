//! Distribution-based losses: means over pixels of a cost of the probability that a pixel gives to its label.
//!
//! With a pixel's weight `w`, its share `g_c` of class `c` (1 for its label) and the weight `v_c` of that class, a
//! loss here is `sum(w v_c g_c f(p_c)) / sum(w v_c g_c)`; [`Normalise::Count`] leaves `v_c` out of the divisor. A
//! binary pixel has the classes background and foreground, with `1 - p` and `p`. Pixels without a label are in
//! neither sum. Slopes need only the divisor, which is known from the labels, so value and gradient share one pass
//! unless said. Scratch: none. From a sketch: exact. No logarithm of a rounded probability is taken, so margins up
//! to the largest `f32` give no infinity; from probabilities `-ln p` is at most 100.

use super::Pixel;
use super::entry::{Entry, Listed, NORMALISE, Parameter, family};
use super::sum::Tally;
use crate::error::{Error, Result};
use crate::num::one_minus_exp;
use crate::simd::{Simd, Vector};

mod bootstrapped;
mod focal;
mod mean;
mod recall;
mod selected;

pub(super) use bootstrapped::BOOTSTRAPPED;
pub use bootstrapped::Bootstrapped;
pub(super) use focal::Modulator;
pub(super) use focal::{FOCAL, NORMALISED_FOCAL, REDUCED_FOCAL};
pub use focal::{Focal, NormalisedFocal, ReducedFocal};
pub(super) use mean::{divisor, mean, mean_loss, pointwise_kernel};
pub(super) use recall::RECALL_CROSS_ENTROPY;
pub use recall::RecallCrossEntropy;
pub(super) use selected::{OHEM, TOP_K};
pub use selected::{Ohem, TopK};

/// What the entries of this family have in common.
const FAMILY: Entry = family("distribution");

/// What a weighted mean is divided by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Normalise {
    /// The weights of the pixels times those of their classes, as PyTorch does.
    #[default]
    Weights,
    /// The weights of the pixels alone.
    Count,
}

const fn share(value: f32, name: &'static str) -> Result<f32> {
    if value >= 0.0 && value <= 1.0 { Ok(value) } else { Err(Error::Parameter(name)) }
}

/// Cross-entropy: the mean of `-ln p` of each pixel's label. On a binary frame that is binary cross-entropy.
///
/// `dl/dz = p - g`. Range `[0, inf)`. Passes: 1. With class weights `[1, w]` and [`Normalise::Count`] it is
/// PyTorch's `pos_weight`. The same as PyTorch's `binary_cross_entropy_with_logits` and `cross_entropy`.
///
/// ```
/// use segmeter_core::{loss::{CrossEntropy, Loss}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// let mut gradient = [0.0; 3];
/// let loss = CrossEntropy::MEAN.value_and_gradient(&frame, &mut [], &mut gradient)?;
/// assert_eq!(loss.value, 1.1629257);
/// assert_eq!(gradient, [-0.039734304, 0.089647144, -0.31752473]);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CrossEntropy {
    normalise: Normalise,
}

impl CrossEntropy {
    /// Divided by the weights of pixels and classes.
    pub const MEAN: Self = Self { normalise: Normalise::Weights };

    /// Divided by what `normalise` says.
    #[must_use]
    pub const fn new(normalise: Normalise) -> Self {
        Self { normalise }
    }
    #[inline(always)]
    fn cost<S: Simd>(&self, _: S, pixel: &Pixel<S::V>) -> S::V {
        pixel.mass.foreground * pixel.log
    }
    #[inline(always)]
    fn pull<S: Simd>(&self, _: S, pixel: &Pixel<S::V>) -> S::V {
        pixel.mass.foreground
    }
}

pointwise_kernel!(CrossEntropy);
mean_loss!(CrossEntropy, self, tally => (self.normalise, |_| 1.0));

/// Balanced cross-entropy: every class weighs what the others have of the frame, `1 - n_c / N`.
///
/// On a frame with one class only, value and gradient are 0: an image without road teaches nothing. Range
/// `[0, inf)`. Passes: 1. `1 - n_c / N` is not in the divisor. Source: Xie and Tu 2015 (HED).
///
/// ```
/// use segmeter_core::{loss::{BalancedCrossEntropy, Loss}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// assert_eq!(BalancedCrossEntropy.value(&frame, &mut [])?.value, 0.42244875);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BalancedCrossEntropy;

mean_loss!(BalancedCrossEntropy, CrossEntropy, self, CrossEntropy::MEAN, tally => (Normalise::Weights, |class| {
    // Summed from the other classes: 1 - n_c / N would cancel.
    let others = tally.masses.iter().enumerate().filter(|(other, _)| *other != class);
    others.map(|(_, mass)| mass).sum::<f64>() / tally.weight()
}));

/// Cross-entropy with smoothed labels: `g (1 - smoothing) + smoothing / C` takes the place of `g`.
///
/// Range `[0, inf)`. Passes: 1. The same as `label_smoothing` of PyTorch's `cross_entropy`; a binary frame has
/// `C = 2`. Source: Szegedy et al. 2016.
///
/// ```
/// use segmeter_core::{loss::{LabelSmoothed, Loss}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// assert_eq!(LabelSmoothed::new(0.1)?.value(&frame, &mut [])?.value, 1.1629257);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LabelSmoothed {
    smoothing: f32,
}

impl LabelSmoothed {
    /// `smoothing` in [0, 1].
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub const fn new(smoothing: f32) -> Result<Self> {
        match share(smoothing, "smoothing") {
            Ok(smoothing) => Ok(Self { smoothing }),
            Err(e) => Err(e),
        }
    }
    #[inline(always)]
    fn cost<S: Simd>(&self, s: S, pixel: &Pixel<S::V>) -> S::V {
        self.pull(s, pixel) * pixel.log
    }
    /// The weight of the class in the smoothed label.
    #[inline(always)]
    fn pull<S: Simd>(&self, s: S, pixel: &Pixel<S::V>) -> S::V {
        let all = pixel.mass.foreground + pixel.mass.background;
        pixel.mass.foreground * s.splat(1.0 - self.smoothing)
            + all * (pixel.uniform * s.splat(self.smoothing))
    }
}

pointwise_kernel!(LabelSmoothed, Labels);
mean_loss!(LabelSmoothed);

/// Poly-1 loss: cross-entropy plus `error_weight (1 - p)` of each pixel's label.
///
/// Range: `[0, inf)` for an `error_weight` of at least -1. Passes: 1. Source: Leng et al. 2022.
///
/// ```
/// use segmeter_core::{loss::{Poly1, Loss}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// assert_eq!(Poly1::new(1.0)?.value(&frame, &mut [])?.value, 1.6098319);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Poly1 {
    error_weight: f32,
}

/// Of `(-ln(1 - e) - e) / e^2`; for an error of at most 0.4 what follows is below 1e-7 of it.
const SERIES: [f32; 16] = [
    1.0 / 2.0,
    1.0 / 3.0,
    1.0 / 4.0,
    1.0 / 5.0,
    1.0 / 6.0,
    1.0 / 7.0,
    1.0 / 8.0,
    1.0 / 9.0,
    1.0 / 10.0,
    1.0 / 11.0,
    1.0 / 12.0,
    1.0 / 13.0,
    1.0 / 14.0,
    1.0 / 15.0,
    1.0 / 16.0,
    1.0 / 17.0,
];

impl Poly1 {
    /// `error_weight` in [-1, 1000].
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub const fn new(error_weight: f32) -> Result<Self> {
        if error_weight >= -1.0 && error_weight <= 1000.0 {
            Ok(Self { error_weight })
        } else {
            Err(Error::Parameter("error_weight"))
        }
    }
    #[inline(always)]
    fn cost<S: Simd>(&self, s: S, pixel: &Pixel<S::V>) -> S::V {
        let error = pixel.complement;
        if self.error_weight >= -0.5 {
            return pixel.mass.foreground * (pixel.log + error * s.splat(self.error_weight));
        }
        // Near -1 both are nearly the same: -ln(1 - e) - e is e^2 / 2 + e^3 / 3 + ..., by its series where that is short.
        let mut series = s.splat(0.0);
        for k in SERIES.iter().rev() {
            series = series * error + s.splat(*k);
        }
        let small = error.select_less(s.splat(0.4), series * (error * error), pixel.log - error);
        pixel.mass.foreground * (small + error * s.splat(1.0 + self.error_weight))
    }
    #[inline(always)]
    fn pull<S: Simd>(&self, s: S, pixel: &Pixel<S::V>) -> S::V {
        if self.error_weight >= -0.5 {
            return pixel.mass.foreground * (s.splat(1.0) + pixel.probability * s.splat(self.error_weight));
        }
        pixel.mass.foreground
            * (s.splat(1.0 + self.error_weight) - pixel.complement * s.splat(self.error_weight))
    }
}

pointwise_kernel!(Poly1);
mean_loss!(Poly1);

/// Generalised cross-entropy: `(1 - p^exponent) / exponent` of each pixel's label; robust to wrong labels.
///
/// Between cross-entropy (`exponent` towards 0) and the absolute error (1). Range `[0, 1 / exponent]`. Passes: 1.
/// Source: Zhang and Sabuncu 2018.
///
/// ```
/// use segmeter_core::{loss::{GeneralisedCrossEntropy, Loss}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// assert_eq!(GeneralisedCrossEntropy::PAPER.value(&frame, &mut [])?.value, 0.5540767);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GeneralisedCrossEntropy {
    exponent: f32,
}

impl GeneralisedCrossEntropy {
    /// The paper's exponent of 0.7.
    pub const PAPER: Self = Self { exponent: 0.7 };

    /// `exponent` in [0.01, 1].
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub const fn new(exponent: f32) -> Result<Self> {
        if exponent >= 0.01 && exponent <= 1.0 {
            Ok(Self { exponent })
        } else {
            Err(Error::Parameter("exponent"))
        }
    }
    #[inline(always)]
    fn cost<S: Simd>(&self, s: S, pixel: &Pixel<S::V>) -> S::V {
        let power = pixel.log * s.splat(-self.exponent);
        pixel.mass.foreground * (one_minus_exp(s, power) * s.splat(1.0 / self.exponent))
    }
    #[inline(always)]
    fn pull<S: Simd>(&self, s: S, pixel: &Pixel<S::V>) -> S::V {
        pixel.mass.foreground * s.exp_nonpositive(pixel.log * s.splat(-self.exponent))
    }
}

pointwise_kernel!(GeneralisedCrossEntropy);
mean_loss!(GeneralisedCrossEntropy);

pub(in crate::loss) const CROSS_ENTROPY: Listed<CrossEntropy> = Listed {
    entry: Entry {
        name: "cross_entropy",
        synonyms: &["bce", "ce", "binary_cross_entropy", "categorical_cross_entropy"],
        passes: "1",
        parameters: &[NORMALISE],
        definition: "mean over pixels of -ln p of the label; binary: -ln p on foreground, -ln(1-p) on background; of probabilities each at most 100",
        reference: "PyTorch cross_entropy, binary_cross_entropy_with_logits",
        ..FAMILY
    },
    make: |values| Ok(CrossEntropy::new(values.normalise()?)),
};

pub(in crate::loss) const BALANCED_CROSS_ENTROPY: Listed<BalancedCrossEntropy> = Listed {
    entry: Entry {
        name: "balanced_cross_entropy",
        passes: "1",
        definition: "mean of b_c (-ln p) of the label with b_c = 1 - n_c / N",
        reference: "Xie and Tu 2015",
        ..FAMILY
    },
    make: |_| Ok(BalancedCrossEntropy),
};

pub(in crate::loss) const LABEL_SMOOTHED: Listed<LabelSmoothed> = Listed {
    entry: Entry {
        name: "label_smoothed",
        synonyms: &["label_smoothing"],
        passes: "1",
        parameters: &[Parameter::number(
            "smoothing",
            0.1,
            "[0,1]",
            "share of the label that is spread over all classes",
        )],
        definition: "cross-entropy with g (1-smoothing) + smoothing/C for g",
        reference: "Szegedy et al. 2016",
        ..FAMILY
    },
    make: |values| LabelSmoothed::new(values.float("smoothing")?),
};

pub(in crate::loss) const POLY1: Listed<Poly1> = Listed {
    entry: Entry {
        name: "poly1",
        passes: "1",
        parameters: &[Parameter::number("error_weight", 1.0, "[-1,1000]", "weight of 1-p")],
        definition: "mean of -ln p + error_weight (1-p) of the label",
        reference: "Leng et al. 2022",
        ..FAMILY
    },
    make: |values| Poly1::new(values.float("error_weight")?),
};

pub(in crate::loss) const GENERALISED_CROSS_ENTROPY: Listed<GeneralisedCrossEntropy> = Listed {
    entry: Entry {
        name: "generalised_cross_entropy",
        synonyms: &["generalized_cross_entropy"],
        passes: "1",
        parameters: &[Parameter::number(
            "exponent",
            0.7,
            "[0.01,1]",
            "between cross-entropy (0) and absolute error (1)",
        )],
        definition: "mean of (1 - p^exponent) / exponent of the label",
        reference: "Zhang and Sabuncu 2018",
        ..FAMILY
    },
    make: |values| GeneralisedCrossEntropy::new(values.float("exponent")?),
};
