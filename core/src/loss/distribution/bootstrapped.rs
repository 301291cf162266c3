//! Labels that the network helps to write.

use super::FAMILY;
use super::{Normalise, mean, share};
use crate::error::Result;
use crate::loss::entry::{Entry, Listed, Parameter};
use crate::loss::sum::Tally;
use crate::loss::{Kernel, Pixel, Reads, Slopes, SumLoss};
use crate::simd::{Masses, Simd};

/// Bootstrapped cross-entropy: part of the label is replaced by what the network itself says.
///
/// The label is `label_share g + (1 - label_share) x`, where `x` is the prediction `p` (soft) or 1 for the most
/// probable class and 0 for the rest (hard). Range `[0, inf)`. Passes: 1. Source: Reed et al. 2014.
///
/// ```
/// use segmeter_core::{loss::{Bootstrapped, Loss}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// assert_eq!(Bootstrapped::SOFT.value(&frame, &mut [])?.value, 1.1237527);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bootstrapped {
    label_share: f32,
    hard: bool,
}

impl Bootstrapped {
    /// The paper's soft form: 0.95 of the label.
    pub const SOFT: Self = Self { label_share: 0.95, hard: false };
    /// The paper's hard form: 0.8 of the label.
    pub const HARD: Self = Self { label_share: 0.8, hard: true };

    /// `label_share` in [0, 1].
    ///
    /// # Errors
    /// [`crate::Error::Parameter`].
    pub const fn new(label_share: f32, hard: bool) -> Result<Self> {
        match share(label_share, "label_share") {
            Ok(label_share) => Ok(Self { label_share, hard }),
            Err(e) => Err(e),
        }
    }
    /// The weight of the class by the label, and by the prediction, for a pixel of this weight on each side of its label.
    #[inline(always)]
    fn parts<S: Simd>(&self, s: S, mass: Masses<S::V>, pixel: &Pixel<S::V>) -> (S::V, S::V) {
        let all = mass.foreground + mass.background;
        let own = if self.hard { pixel.top } else { pixel.probability };
        (mass.foreground * s.splat(self.label_share), all * own * s.splat(1.0 - self.label_share))
    }
}

impl Kernel for Bootstrapped {
    type Terms<T: Copy + Send> = [T; 1];
    /// What the cost of a pixel of this class is multiplied by, and what all classes of a softmax have in common.
    type Slope = [f32; 2];
    const READS: Reads = Reads::Labels;
    const SLOPES: Slopes = Slopes::OfMasses;
    #[inline(always)]
    fn terms<S: Simd>(&self, s: S, pixel: &Pixel<S::V>) -> [S::V; 1] {
        let (label, own) = self.parts(s, pixel.mass, pixel);
        [(label + own) * pixel.log]
    }
    /// Of the soft form `own (1 - log)`, less what all classes share: their probabilities sum to 1, and next to it what a
    /// pixel that is sure still has would be lost.
    #[inline(always)]
    fn slope<S: Simd>(&self, s: S, [factor, shared]: &[f32; 2], pixel: &Pixel<S::V>) -> S::V {
        let by = |factor: f32| {
            let (Masses { background, foreground }, factor) = (pixel.mass, s.splat(factor));
            Masses { background: background * factor, foreground: foreground * factor }
        };
        let (label, own) = self.parts(s, by(*factor), pixel);
        if self.hard {
            return label + own;
        }
        let (_, common) = self.parts(s, by(*shared), pixel);
        label + (own - common) - own * pixel.log
    }
}

impl SumLoss for Bootstrapped {
    type Kernel = Self;

    fn kernel(&self) -> Self {
        *self
    }
    fn fit(&self, tally: &Tally<'_, [f64; 1]>, slopes: &mut [[f32; 2]]) -> Option<f64> {
        let factors = slopes.iter_mut().map(|[factor, _]| factor);
        let value = mean(tally, Normalise::Weights, |_| 1.0, factors)?;
        if tally.softmax && !self.hard {
            let most = slopes.iter().fold(0.0, |most: f32, [factor, _]| most.max(*factor));
            slopes.iter_mut().for_each(|[_, shared]| *shared = most);
        }
        Some(value)
    }
}

pub(in crate::loss) const BOOTSTRAPPED: Listed<Bootstrapped> = Listed {
    entry: Entry {
        name: "bootstrapped",
        passes: "1",
        parameters: &[
            Parameter::number("label_share", 0.95, "[0,1]", "share of the label; the rest is the prediction"),
            Parameter::flag("hard", false, "the most probable class in place of p"),
        ],
        definition: "cross-entropy with label_share g + (1-label_share) p for g",
        reference: "Reed et al. 2014",
        ..FAMILY
    },
    make: |values| Bootstrapped::new(values.float("label_share")?, values.flag("hard")?),
};
