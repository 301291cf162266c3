//! Unified focal loss.

use super::FAMILY;
use super::{Weighted, wrapping_loss};
use crate::error::{Error, Result};
use crate::loss::distribution::Modulator;
use crate::loss::entry::{Entry, Listed, Parameter};
use crate::loss::sum::Tally;
use crate::loss::{Kernel, Pixel, Reads, Slopes, SumLoss};
use crate::simd::{Simd, Vector};

/// Probabilities are kept this far from 0 and 1, and the Tversky index is smoothed by as much.
const CLIP: f32 = 1e-7;
/// `-ln` of the smallest and of the largest probability.
const LOGS: [f32; 2] = [16.118_095, 1.000_000_1e-7];

const fn check(fn_weight: f32, focusing: f32) -> Result<()> {
    if !(fn_weight >= 0.0 && fn_weight <= 1.0) {
        return Err(Error::Parameter("fn_weight"));
    }
    if !(focusing >= 0.0 && focusing < 1.0) { Err(Error::Parameter("focusing")) } else { Ok(()) }
}

/// A clipped pixel: probability, complement, `-ln p`, and 1 where it is not at its clip.
#[inline(always)]
fn clip<S: Simd>(s: S, pixel: &Pixel<S::V>) -> (S::V, S::V, S::V, S::V) {
    let (zero, one) = (s.splat(0.0), s.splat(1.0));
    let (edge, rest) = (s.splat(CLIP), s.splat(1.0 - CLIP));
    let Pixel { probability: p, complement: q, log, .. } = *pixel;
    let pick = |low, high, middle| p.select_less(edge, low, q.select_less(edge, high, middle));
    let [most, least] = LOGS.map(|log| s.splat(log));
    (pick(edge, rest, p), pick(rest, edge, q), pick(most, least, log), pick(zero, zero, one))
}

/// The region part of [`UnifiedFocal`]: the mean over classes of `(1 - T_c)^(1 - focusing)`, with
/// `T = (I + e) / (I + fn_weight FN + (1 - fn_weight) FP + e)`; the asymmetric form has an exponent of 1 for class 0.
///
/// Range [0, 1]. Scratch: none. Passes: 2 with gradient. Probabilities are clipped at `e = 1e-7`, as published.
/// Source: Yeung et al. 2022.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UnifiedFocalTversky {
    fn_weight: f32,
    focusing: f32,
    asymmetric: bool,
}

impl Kernel for UnifiedFocalTversky {
    type Terms<T: Copy + Send> = [T; 3];
    /// Derivatives with respect to the probability of a pixel on the class and off it.
    type Slope = [f32; 2];
    const READS: Reads = Reads::Classes;
    #[inline(always)]
    fn terms<S: Simd>(&self, s: S, pixel: &Pixel<S::V>) -> [S::V; 3] {
        let (p, q, ..) = clip(s, pixel);
        [pixel.mass.foreground * p, pixel.mass.background * p, pixel.mass.foreground * q]
    }
    #[inline(always)]
    fn slope<S: Simd>(&self, s: S, [on, off]: &[f32; 2], pixel: &Pixel<S::V>) -> S::V {
        let (.., free) = clip(s, pixel);
        (pixel.mass.foreground * s.splat(*on) + pixel.mass.background * s.splat(*off)) * free
    }
    fn background(&self) -> bool {
        true
    }
}

impl SumLoss for UnifiedFocalTversky {
    type Kernel = Self;

    fn kernel(&self) -> Self {
        *self
    }
    fn fit(&self, tally: &Tally<'_, [f64; 3]>, slopes: &mut [[f32; 2]]) -> Option<f64> {
        let (b, smooth) = (f64::from(self.fn_weight), f64::from(CLIP));
        let a = 1.0 - b;
        let weights: f64 = (0..tally.sums.len()).map(|class| tally.class_weight(class)).sum();
        let mut value = 0.0;
        for (class, ([intersection, fp, fne], slot)) in tally.sums.iter().zip(slopes).enumerate() {
            let share = tally.class_weight(class) / weights;
            let error = a * fp + b * fne;
            let denominator = intersection + error + smooth;
            let (loss, score) = (error / denominator, (intersection + smooth) / denominator);
            if loss <= 0.0 {
                continue;
            }
            let plain = self.asymmetric && class == 0;
            let exponent = if plain { 1.0 } else { 1.0 - f64::from(self.focusing) };
            let power = if plain { loss } else { libm::pow(loss, exponent) };
            let outer = share * exponent * power / loss;
            value += share * power;
            *slot = [-(loss + b * score) / denominator, a * score / denominator]
                .map(|by| tally.bounded(outer * by));
        }
        Some(value)
    }
}

/// The distribution part of [`UnifiedFocal`]: the mean of `d_c (1 - p)^focusing (-ln p)` of each pixel's label, with
/// `d = fn_weight` for foreground and `1 - fn_weight` for class 0; the asymmetric form has no modulator on foreground.
///
/// Range `[0, 16.2]`. Scratch: none. Passes: 1. Probabilities are clipped at 1e-7, as published. Source: Yeung et al.
/// 2022.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UnifiedFocalCrossEntropy {
    fn_weight: f32,
    modulator: Modulator,
    asymmetric: bool,
}

impl UnifiedFocalCrossEntropy {
    fn is_plain(&self, class: usize) -> bool {
        self.asymmetric && class != 0
    }
}

impl Kernel for UnifiedFocalCrossEntropy {
    type Terms<T: Copy + Send> = [T; 2];
    /// Factors of plain cross-entropy and of the modulated one.
    type Slope = [f32; 2];
    const READS: Reads = Reads::Label;
    const SLOPES: Slopes = Slopes::OfMasses;
    #[inline(always)]
    fn terms<S: Simd>(&self, s: S, pixel: &Pixel<S::V>) -> [S::V; 2] {
        let (_, q, log, _) = clip(s, pixel);
        let cost = pixel.mass.foreground * log;
        [cost, cost * self.modulator.powers(s, q).0]
    }
    #[inline(always)]
    fn slope<S: Simd>(&self, s: S, [plain, modulated]: &[f32; 2], pixel: &Pixel<S::V>) -> S::V {
        let (p, q, log, free) = clip(s, pixel);
        let (modulator, _) = self.modulator.powers(s, q);
        let pull = modulator * (s.splat(1.0) + s.splat(self.modulator.focusing) * p * (log / q));
        pixel.mass.foreground * free * (s.splat(*plain) + s.splat(*modulated) * pull)
    }
}

impl SumLoss for UnifiedFocalCrossEntropy {
    type Kernel = Self;

    fn kernel(&self) -> Self {
        *self
    }
    fn fit(&self, tally: &Tally<'_, [f64; 2]>, slopes: &mut [[f32; 2]]) -> Option<f64> {
        let divisor = crate::loss::distribution::divisor(tally, crate::loss::Normalise::Weights)?;
        let mut value = 0.0;
        for (class, ([plain, modulated], slot)) in tally.sums.iter().zip(slopes).enumerate() {
            let share = f64::from(if class == 0 { 1.0 - self.fn_weight } else { self.fn_weight });
            let factor = share * tally.class_weight(class) / divisor;
            value += factor * if self.is_plain(class) { plain } else { modulated };
            *slot = if self.is_plain(class) {
                [tally.bounded(factor), 0.0]
            } else {
                [0.0, tally.bounded(factor)]
            };
        }
        Some(value)
    }
}

/// Unified focal loss: `s` times a focal Tversky loss plus `1 - s` times a focal loss, with `fn_weight` and `focusing`
/// shared by both.
///
/// The asymmetric form keeps the pull of foreground pixels; on frames without foreground it is never below about
/// `s / 2`, so compare its values only between frames that have some. See [`UnifiedFocalTversky`] and
/// [`UnifiedFocalCrossEntropy`] for the parts. Scratch: none. Passes: 3 with gradient, 2 without. Source: Yeung et al.
/// 2022.
///
/// ```
/// use segmeter_core::{loss::{Loss, UnifiedFocal}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// assert_eq!(UnifiedFocal::PAPER.value(&frame, &mut [])?.value, 0.607209);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UnifiedFocal {
    inner: Weighted<UnifiedFocalTversky, UnifiedFocalCrossEntropy>,
}

impl UnifiedFocal {
    /// The asymmetric form: half of each, `fn_weight` 0.6, `focusing` 0.5.
    pub const PAPER: Self = Self::of(true, 0.5, 0.6, 0.5);

    const fn of(asymmetric: bool, tversky_share: f32, fn_weight: f32, focusing: f32) -> Self {
        let inner = Weighted {
            first_weight: tversky_share,
            first: UnifiedFocalTversky { fn_weight, focusing, asymmetric },
            second_weight: 1.0 - tversky_share,
            second: UnifiedFocalCrossEntropy { fn_weight, modulator: Modulator::of(focusing), asymmetric },
        };
        Self { inner }
    }

    /// `tversky_share` and `fn_weight` in [0, 1], `focusing` in [0, 1).
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub const fn new(asymmetric: bool, tversky_share: f32, fn_weight: f32, focusing: f32) -> Result<Self> {
        if !(tversky_share >= 0.0 && tversky_share <= 1.0) {
            return Err(Error::Parameter("tversky_share"));
        }
        match check(fn_weight, focusing) {
            Ok(()) => Ok(Self::of(asymmetric, tversky_share, fn_weight, focusing)),
            Err(e) => Err(e),
        }
    }
}

wrapping_loss!(UnifiedFocal, |_: &Self, sum| sum);

pub(in crate::loss) const UNIFIED_FOCAL: Listed<UnifiedFocal> = Listed {
    entry: Entry {
        name: "unified_focal",
        passes: "2 + 1",
        parameters: &[
            Parameter::flag("asymmetric", true, "no modulator on foreground, no exponent on background"),
            Parameter::number("tversky_share", 0.5, "[0,1]", "share of the Tversky part"),
            Parameter::number("fn_weight", 0.6, "[0,1]", "weight of false negatives and of foreground"),
            Parameter::number("focusing", 0.5, "[0,1)", "modulator"),
        ],
        definition: "s mean_c (1-T_c)^(1-focusing) + (1-s) mean d (1-p)^focusing (-ln p), s the tversky_share",
        reference: "Yeung et al. 2022",
        ..FAMILY
    },
    make: |values| {
        UnifiedFocal::new(
            values.flag("asymmetric")?,
            values.float("tversky_share")?,
            values.float("fn_weight")?,
            values.float("focusing")?,
        )
    },
};
