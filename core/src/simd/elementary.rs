//! The project's own `exp` and `ln`: polynomials with single-rounded `+ - * /` only, so that every machine
//! computes the same bits. No FMA, no platform maths library, whose results differ between versions.

use super::{Simd, Vector};

/// 1.5 * 2^23: adding it rounds a small float to an integer that then sits in the low mantissa bits.
const ROUND: f32 = 12_582_912.0;
/// ln 2 in two parts; the first has 9 significant bits, so that `n * LN2_HIGH` is exact.
const LN2_HIGH: f32 = 0.693_359_4;
const LN2_LOW: f32 = -2.121_944_4e-4;
/// `(e^r - 1 - r) / r^2` on |r| <= ln(2)/2, minimax; error 3.2e-9.
const EXP: [f32; 5] = [0.5, 0.166_665_18, 0.041_666_202, 0.008_369_025, 0.001_395_072_4];
/// `(atanh(s)/s - 1) / s^2` as a polynomial in `s^2` on [0, 1/9], minimax; error 4.5e-9.
const ATANH: [f32; 4] = [0.333_332_06, 0.200_108_5, 0.139_995_7, 0.140_122_32];
/// Below this `e^x` rounds to zero.
const EXP_FLOOR: f32 = -104.0;

/// `e^x` for `x <= 0`, subnormal results included; below -104 the result is that of -104 (zero). NaN stays NaN.
///
/// Relative error at most 1.2e-7 (1 ulp) where the result is normal: checked against `f64` by `tests/equality.rs`,
/// over every float of the range in `tests/run --long` and one in 1009 otherwise.
///
/// ```
/// use segmeter_core::{num::exp_nonpositive, simd::Scalar};
/// assert_eq!(exp_nonpositive(Scalar, 0.0), 1.0);
/// assert_eq!(exp_nonpositive(Scalar, -1.0), 0.36787945);
/// ```
#[inline(always)]
pub fn exp_nonpositive<S: Simd>(s: S, x: S::V) -> S::V {
    let (less_one, scale) = exp_parts(s, x);
    (less_one + s.splat(1.0)) * scale * s.splat(1.0 / 16_777_216.0)
}

/// `1 - e^x` for `x <= 0`, with full relative accuracy down to `x = 0`. NaN stays NaN.
///
/// Relative error at most 4e-7, checked like [`exp_nonpositive`].
#[inline(always)]
pub fn one_minus_exp<S: Simd>(s: S, x: S::V) -> S::V {
    let (less_one, scale) = exp_parts(s, x);
    let power = scale * s.splat(1.0 / 16_777_216.0);
    // e^x = 2^n (1 + less_one): both parts of the difference are exact or below 1/2.
    (s.splat(1.0) - power) - less_one * power
}

/// `e^x` for `x <= 0` in `f64`; below -708 the result is 0. NaN stays NaN.
///
/// Relative error at most 4e-16, checked by `tests/exact.rs`. No branch and no table: loops over it are
/// vectors where the machine has them.
///
/// ```
/// use segmeter_core::num::exp_nonpositive_f64;
/// assert_eq!(exp_nonpositive_f64(0.0), 1.0);
/// assert_eq!(exp_nonpositive_f64(-1.0), 0.36787944117144233);
/// ```
#[must_use]
#[inline(always)]
pub fn exp_nonpositive_f64(x: f64) -> f64 {
    /// 1.5 * 2^52: as [`ROUND`].
    const ROUND: f64 = 6_755_399_441_055_744.0;
    /// ln 2 in two parts; the first has 32 significant bits.
    const LN2_HIGH: f64 = 0.693_147_180_369_123_8;
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    /// `1 / k!` from `k = 13` down to 2.
    const EXP: [f64; 12] = [
        1.0 / 6_227_020_800.0,
        1.0 / 479_001_600.0,
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        1.0 / 2.0,
    ];
    let is_zero = x < -708.0;
    let bounded = if is_zero { -708.0 } else { x };
    let shifted = bounded * core::f64::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (bounded - n * LN2_HIGH) - n * LN2_LOW;
    let mut tail = 0.0;
    for term in EXP {
        tail = tail * r + term;
    }
    let scale = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1.0_f64.to_bits()));
    let power = (tail * (r * r) + r + 1.0) * scale;
    if is_zero { 0.0 } else { power }
}

/// `e^r - 1` of the remainder `r = x - n ln 2`, and `2^(n + 24)`.
#[inline(always)]
fn exp_parts<S: Simd>(s: S, x: S::V) -> (S::V, S::V) {
    let floor = s.splat(EXP_FLOOR);
    let x = x.select_less(floor, floor, x);
    let shifted = x * s.splat(core::f32::consts::LOG2_E) + s.splat(ROUND);
    let n = shifted - s.splat(ROUND);
    let r = x - n * s.splat(LN2_HIGH);
    let r = r - n * s.splat(LN2_LOW);
    // Estrin's order: as many operations as Horner's, half as long a chain.
    let square = r * r;
    let [a, b, c, d, e] = EXP.map(|k| s.splat(k));
    let tail = (c + d * r + e * square) * square + (a + b * r);
    // 2^n may be subnormal: scale by 2^(n+24), which is normal for n >= -150, then exactly by 2^-24.
    (tail * square + r, shifted.power_of_two(ROUND, 24))
}

/// A power of positive numbers by an exponent in (-8, 8), given once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Power {
    /// The leading 12 bits: times the exponent of an `f32` they are exact.
    high: f32,
    low: f32,
}

impl Power {
    /// For this exponent.
    #[must_use]
    pub const fn new(exponent: f64) -> Self {
        let high = f32::from_bits((exponent as f32).to_bits() & 0xffff_f000);
        Self { high, low: (exponent - high as f64) as f32 }
    }

    /// `x^exponent` for a positive normal `x`, relative error at most 1e-6, and at most [`f32::MAX`]; 0 for anything smaller,
    /// whatever the exponent.
    #[inline(always)]
    pub fn of<S: Simd>(self, s: S, x: S::V) -> S::V {
        let (zero, one, smallest) = (s.splat(0.0), s.splat(1.0), s.splat(f32::MIN_POSITIVE));
        let small = x.select_less(smallest, one, zero);
        let (mantissa, n) = small.select_less(one, x, one).split_exponent();
        let (high, low) = (s.splat(self.high), s.splat(self.low));
        // x^k = 2^(k n) m^k. The whole part of k n leaves exactly, so what stays to be rounded is small.
        let whole = (n * high + s.splat(ROUND)) - s.splat(ROUND);
        let f = mantissa - one;
        let log = twice_atanh(s, f / (s.splat(2.0) + f));
        let rest = ((n * high - whole) + n * low) * s.splat(core::f32::consts::LN_2) + log * (high + low);
        let (base, scale) = (exp_any(s, rest), two_to(s, whole));
        let (power, most) = (base * scale, s.splat(f32::MAX));
        small.select_less(one, most.select_less(power, most, power), zero)
    }
}

/// `e^x` for |x| below 4.
#[inline(always)]
fn exp_any<S: Simd>(s: S, x: S::V) -> S::V {
    let power = s.exp_nonpositive(x.negative_magnitude());
    x.select_less(s.splat(0.0), power, s.splat(1.0) / power)
}

/// `2^n` for an integer `n`; a result that is not a normal number is the nearest that is.
#[inline(always)]
fn two_to<S: Simd>(s: S, n: S::V) -> S::V {
    let (low, high) = (s.splat(-126.0), s.splat(127.0));
    let n = n.select_less(low, low, n);
    let n = high.select_less(n, high, n);
    (n + s.splat(ROUND)).power_of_two(ROUND, 0)
}

/// `ln(1 + x)` for `x >= 0`, with full relative accuracy down to `x = 0`; relative error at most 4e-7.
#[inline(always)]
pub fn ln1p<S: Simd>(s: S, x: S::V) -> S::V {
    let one = s.splat(1.0);
    let sum = one + x;
    // What the rounding of the sum has lost.
    ln(s, sum) + (x - (sum - one)) / sum
}

/// `ln(1 + e)` for `e` in [0, 1], with full relative accuracy down to `e = 0`.
///
/// Relative error at most 3e-7, checked like [`exp_nonpositive`].
#[inline(always)]
pub fn ln1p_unit<S: Simd>(s: S, e: S::V) -> S::V {
    twice_atanh(s, e / (s.splat(2.0) + e))
}

/// Natural logarithm of a positive normal number.
///
/// Relative error at most 3e-7 away from 1, absolute error at most 1e-7 near it.
#[inline(always)]
pub fn ln<S: Simd>(s: S, x: S::V) -> S::V {
    let (mantissa, n) = x.split_exponent();
    let f = mantissa - s.splat(1.0);
    let log = twice_atanh(s, f / (s.splat(2.0) + f));
    n * s.splat(LN2_HIGH) + (log + n * s.splat(LN2_LOW))
}

/// `-ln p` of a probability, at most 100 as in PyTorch; 100 for anything below the smallest normal number.
#[inline(always)]
pub fn minus_ln<S: Simd>(s: S, p: S::V) -> S::V {
    let smallest = s.splat(f32::MIN_POSITIVE);
    let log = s.splat(0.0) - ln(s, p.select_less(smallest, s.splat(1.0), p));
    p.select_less(smallest, s.splat(100.0), log)
}

/// `-ln (1 - p)` of a probability, at most 100, with the digits of `p` where that is small.
#[inline(always)]
pub fn minus_ln_complement<S: Simd>(s: S, p: S::V) -> S::V {
    let (half, low) = (s.splat(0.5), twice_atanh(s, p / (s.splat(2.0) - p)));
    p.select_less(half, low, minus_ln(s, s.splat(1.0) - p))
}

/// `2 atanh(t)` for |t| <= 1/3, which is `ln((1+t)/(1-t))`.
#[inline(always)]
fn twice_atanh<S: Simd>(s: S, t: S::V) -> S::V {
    let u = t * t;
    let [a, b, c, d] = ATANH.map(|k| s.splat(k));
    let series = (c + d * u) * (u * u) + (a + b * u);
    let twice = t + t;
    twice + (twice * u) * series
}

/// Everything a loss needs of one logit, from a single exponential of `-|z|`.
///
/// `product` is `probability * complement`, the derivative of the probability. `probability` and its `complement` are each
/// accurate to a relative 4e-7, also where one of them is so small that `1 - p` would be zero. `tail` is `ln(1 + e^-|z|)`,
/// so that softplus is `max(z, 0) + tail`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sigmoid<V> {
    /// `1 / (1 + e^-z)`.
    pub probability: V,
    /// `1 / (1 + e^z)`.
    pub complement: V,
    /// `probability * complement`.
    pub product: V,
    /// `ln(1 + e^-|z|)`.
    pub tail: V,
}

impl<V: Vector> Sigmoid<V> {
    /// The terms of the logit `z`.
    #[inline(always)]
    pub fn new<S: Simd<V = V>>(s: S, z: V) -> Self {
        Self::of_exponential(s, z, s.exp_nonpositive(z.negative_magnitude()))
    }

    /// The same where `e`, which is `e^-|z|`, is known.
    #[inline(always)]
    pub(crate) fn of_exponential<S: Simd<V = V>>(s: S, z: V, e: V) -> Self {
        let zero = s.splat(0.0);
        let large = s.splat(1.0) / (s.splat(1.0) + e);
        let small = e * large;
        Self {
            probability: z.select_less(zero, small, large),
            complement: z.select_less(zero, large, small),
            product: small * large,
            tail: ln1p_unit(s, e),
        }
    }
}
