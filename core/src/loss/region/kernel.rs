//! What region losses add up.

use super::ClassAveraging;
use crate::loss::{Kernel, Pixel, Reads, Slopes};
use crate::num::{Power, one_minus_exp};
use crate::simd::{Simd, Vector};

/// `p - g` of a pixel times its weight, without the cancellation of the difference.
#[inline(always)]
pub(in crate::loss) fn weighted_error<S: Simd>(_: S, pixel: &Pixel<S::V>) -> S::V {
    pixel.mass.background * pixel.probability - pixel.mass.foreground * pixel.complement
}

/// `p - g` of a pixel.
#[inline(always)]
pub(in crate::loss) fn error<S: Simd>(_: S, pixel: &Pixel<S::V>) -> S::V {
    pixel.target.background * pixel.probability - pixel.target.foreground * pixel.complement
}

/// The soft confusion masses `[I, FP, FN]`: what all overlap losses are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverlapKernel {
    minimum: bool,
    background: bool,
}

impl OverlapKernel {
    pub(super) fn new(averaging: ClassAveraging) -> Self {
        Self { minimum: averaging.minimum, background: averaging.has_background() }
    }
}

impl Kernel for OverlapKernel {
    type Terms<T: Copy + Send> = [T; 3];
    /// Derivatives with respect to the probability of a pixel on the class and off it.
    type Slope = [f32; 2];
    const READS: Reads = Reads::Classes;
    const SLOPES: Slopes = Slopes::OfProbabilities;
    #[inline(always)]
    fn terms<S: Simd>(&self, s: S, pixel: &Pixel<S::V>) -> [S::V; 3] {
        let Pixel { probability: p, complement: q, mass, .. } = *pixel;
        if pixel.soft && self.minimum {
            let zero = s.splat(0.0);
            let error = weighted_error(s, pixel);
            let both = mass.foreground + mass.background;
            let common = zero.select_less(error, mass.foreground, both * p);
            return [
                common,
                zero.select_less(error, error, zero),
                error.select_less(zero, zero - error, zero),
            ];
        }
        [mass.foreground * p, mass.background * p, mass.foreground * q]
    }
    #[inline(always)]
    fn slope<S: Simd>(&self, s: S, [on, off]: &[f32; 2], pixel: &Pixel<S::V>) -> S::V {
        let mass = pixel.mass;
        if pixel.soft && self.minimum {
            let (zero, half) = (s.splat(0.0), s.splat(0.5));
            let error = weighted_error(s, pixel);
            let both = mass.foreground + mass.background;
            let middle = half * (s.splat(*on) + s.splat(*off));
            let by = error.select_less(zero, s.splat(*on), zero.select_less(error, s.splat(*off), middle));
            return both * by;
        }
        mass.foreground * s.splat(*on) + mass.background * s.splat(*off)
    }
    fn background(&self) -> bool {
        self.background
    }
}

/// `I`, the error `p^q + g^q - 2 p g` with an exponent `q` in [1, 2], and the false positives. Of 2 it is the squared error,
/// which `SQUARE` says of all: a branch would cost an eighth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PowerKernel<const SQUARE: bool> {
    exponent: f32,
    background: bool,
}

impl<const SQUARE: bool> PowerKernel<SQUARE> {
    pub(super) fn new(exponent: f32, averaging: ClassAveraging) -> Self {
        Self { exponent, background: averaging.has_background() }
    }
    /// `p^q + g^q - 2 p g`.
    #[inline(always)]
    fn error<S: Simd>(&self, s: S, pixel: &Pixel<S::V>) -> S::V {
        let Pixel { probability: p, complement: q, mass, target, .. } = *pixel;
        if SQUARE || self.exponent >= 2.0 {
            return weighted_error(s, pixel) * error(s, pixel);
        }
        let rest = pixel.log * s.splat(1.0 - self.exponent);
        let power = p * s.exp_nonpositive(rest);
        // On the class p^q + 1 - 2 p = (1-p) - p (1 - p^(q-1)).
        let on = q - p * one_minus_exp(s, rest);
        let hard = mass.foreground * on + mass.background * power;
        if !pixel.soft {
            return hard;
        }
        // The label's own g^q - g, which a hard label has not.
        let label = Power::new(f64::from(self.exponent)).of(s, target.foreground) - target.foreground;
        hard + (mass.foreground + mass.background) * label
    }
    #[inline(always)]
    fn error_slope<S: Simd>(&self, s: S, pixel: &Pixel<S::V>) -> S::V {
        if SQUARE || self.exponent >= 2.0 {
            return s.splat(2.0) * weighted_error(s, pixel);
        }
        let mass = pixel.mass;
        let power = s.splat(self.exponent) * s.exp_nonpositive(pixel.log * s.splat(1.0 - self.exponent));
        (mass.foreground + mass.background) * power - (mass.foreground + mass.foreground)
    }
}

impl<const SQUARE: bool> Kernel for PowerKernel<SQUARE> {
    type Terms<T: Copy + Send> = [T; 3];
    /// Derivatives with respect to the sums.
    type Slope = [f32; 3];
    const READS: Reads = Reads::Classes;
    const SLOPES: Slopes = if SQUARE { Slopes::OfProbabilities } else { Slopes::OfSums };
    #[inline(always)]
    fn terms<S: Simd>(&self, s: S, pixel: &Pixel<S::V>) -> [S::V; 3] {
        let Pixel { probability, mass, .. } = *pixel;
        [mass.foreground * probability, self.error(s, pixel), mass.background * probability]
    }
    #[inline(always)]
    fn slope<S: Simd>(&self, s: S, slope: &[f32; 3], pixel: &Pixel<S::V>) -> S::V {
        let [intersection, error, false_positive] = slope.map(|k| s.splat(k));
        pixel.mass.foreground * intersection
            + self.error_slope(s, pixel) * error
            + pixel.mass.background * false_positive
    }
    fn background(&self) -> bool {
        self.background
    }
}
