//! The seam between kernels and machines.
//!
//! A kernel is generic over a token `S: Simd`. Here a vector may be a single `f32` ([`Scalar`], which a
//! Cortex-M4F keeps in registers where an array of eight would spill); the desktop adapter plugs in real
//! vectors. The *logical* width is always [`LANES`]: pixel `i` of a segment goes to lane `i % 8`, and the
//! lanes meet in one fixed tree, so every machine adds the same numbers in the same order.

use core::ops::{Add, Div, Mul, Sub};

pub(crate) mod elementary;

/// Logical lanes of every kernel. Part of the determinism contract, not of the machine.
pub const LANES: usize = 8;

/// Values that are read from memory and written to it together: the widest vector that processors of this kind have.
pub const BLOCK: usize =
    if cfg!(any(target_arch = "x86", target_arch = "x86_64")) { 2 * LANES } else { LANES };

/// What a lane type must offer. Only what a kernel uses; every operation rounds once, per IEEE 754.
pub trait Vector:
    Copy + Send + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self>
{
    /// Lane by lane `if self < bound { then } else { otherwise }`; a comparison with NaN is false.
    fn select_less(self, bound: Self, then: Self, otherwise: Self) -> Self;

    /// Lane by lane `if self == other { then } else { otherwise }`; NaN is equal to nothing.
    fn select_equal(self, other: Self, then: Self, otherwise: Self) -> Self;

    /// `-|self|`, by the sign bit.
    fn negative_magnitude(self) -> Self;

    /// For `self = magic + n` with an integer `n` in the low mantissa bits: `2^(n + bias)`, which must be
    /// a normal number. One subtraction and one shift of the bit pattern.
    fn power_of_two(self, magic: f32, bias: i32) -> Self;

    /// Splits a positive normal number into a mantissa in `[sqrt(1/2), sqrt(2))` and its exponent.
    fn split_exponent(self) -> (Self, Self);
}

/// A machine. The value is the proof that its instructions exist.
///
/// A block of values in memory is [`Simd::VECTORS`] vectors, of 1, 8 or 16 values each. Value `i` of a block belongs to lane
/// `i % 8`, so that a vector of 16 is added to the lanes in two steps, its first half first.
pub trait Simd: Copy + Send + Sync {
    /// One vector: `f32`, or eight or sixteen of them.
    type V: Vector;
    /// The sums of the logical lanes.
    type Lanes: Copy + Send;
    /// How many vectors a block has: [`BLOCK`] by the values of each.
    const VECTORS: usize;

    /// The same value in every lane.
    fn splat(self, value: f32) -> Self::V;
    /// Sums of nothing.
    fn zeros(self) -> Self::Lanes;
    /// Adds a vector of a block to the sums of its lanes.
    fn add(self, lanes: &mut Self::Lanes, vector: usize, more: Self::V);
    /// The sums of the lanes.
    fn lanes(self, lanes: Self::Lanes) -> [f32; LANES];
    /// One vector of a block.
    fn load(self, values: &[f32; BLOCK], vector: usize) -> Self::V;
    /// One vector to its place in a block.
    fn store(self, value: Self::V, out: &mut [f32; BLOCK], vector: usize);
    /// One vector of logits with the unit masses of their labels: foreground is 1 where the id is 1, background is
    /// 1 where it is 0. Anywhere else both are 0, and so is the logit, whatever it was.
    fn load_labelled(
        self,
        logits: &[f32; BLOCK],
        ids: &[u8; BLOCK],
        vector: usize,
    ) -> (Self::V, Masses<Self::V>);

    /// Runs `work`, a closure that is always inlined, with the machine's instructions in a function of its own: for
    /// code that many kernels share and that need not be compiled into each.
    #[inline(always)]
    fn vectorize<R>(self, work: impl FnOnce() -> R) -> R {
        work()
    }

    /// `e^x` for `x <= 0`; see [`crate::num::exp_nonpositive`]. A backend may put its own in place.
    #[inline(always)]
    fn exp_nonpositive(self, x: Self::V) -> Self::V {
        elementary::exp_nonpositive(self, x)
    }

    /// The lanes folded in the one order that every machine uses: `((0+4)+(2+6)) + ((1+5)+(3+7))`.
    #[inline(always)]
    fn fold(self, lanes: Self::Lanes) -> f32 {
        let [a, b, c, d, e, f, g, h] = self.lanes(lanes);
        ((a + e) + (c + g)) + ((b + f) + (d + h))
    }
}

/// What one pixel (or one block) adds to each side of the ground truth: its weight where the label says
/// so, zero elsewhere. An ignored pixel is zero in both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Masses<T> {
    /// Weight if the label is background.
    pub background: T,
    /// Weight if the label is foreground.
    pub foreground: T,
}

/// One `f32` at a time: the form for microcontrollers, and the oracle for every other machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scalar;

/// The operations of a machine whose vector is one `f32`; `$extra` may override the exponential.
macro_rules! one_lane {
    ($machine:ty { $($extra:tt)* }) => {
        impl $crate::simd::Simd for $machine {
            type V = f32;
            type Lanes = [f32; $crate::simd::LANES];
            const VECTORS: usize = $crate::simd::BLOCK;

            #[inline(always)]
            fn splat(self, value: f32) -> f32 {
                value
            }
            #[inline(always)]
            fn zeros(self) -> [f32; $crate::simd::LANES] {
                [0.0; $crate::simd::LANES]
            }
            #[inline(always)]
            fn add(self, lanes: &mut Self::Lanes, vector: usize, more: f32) {
                // Where they are as many, no instruction goes to the remainder.
                let is_same = $crate::simd::BLOCK == $crate::simd::LANES;
                let lane = if is_same { vector } else { vector % $crate::simd::LANES };
                if let Some(lane) = lanes.get_mut(lane) {
                    *lane += more;
                }
            }
            #[inline(always)]
            fn lanes(self, lanes: Self::Lanes) -> [f32; $crate::simd::LANES] {
                lanes
            }
            #[inline(always)]
            fn load(self, values: &[f32; $crate::simd::BLOCK], vector: usize) -> f32 {
                values.get(vector).copied().unwrap_or(0.0)
            }
            #[inline(always)]
            fn store(self, value: f32, out: &mut [f32; $crate::simd::BLOCK], vector: usize) {
                if let Some(slot) = out.get_mut(vector) {
                    *slot = value;
                }
            }
            #[inline(always)]
            fn load_labelled(
                self,
                logits: &[f32; $crate::simd::BLOCK],
                ids: &[u8; $crate::simd::BLOCK],
                vector: usize,
            ) -> (f32, $crate::simd::Masses<f32>) {
                let id = ids.get(vector).copied().unwrap_or($crate::view::IGNORE);
                let logit = self.load(logits, vector);
                let background = if id == 0 { 1.0 } else { 0.0 };
                let foreground = if id == 1 { 1.0 } else { 0.0 };
                (if id > 1 { 0.0 } else { logit }, $crate::simd::Masses { background, foreground })
            }
            $($extra)*
        }
    };
}

#[cfg(feature = "micromath")]
pub(crate) use one_lane;

one_lane!(Scalar {});

impl Vector for f32 {
    #[inline(always)]
    fn select_less(self, bound: f32, then: f32, otherwise: f32) -> f32 {
        if self < bound { then } else { otherwise }
    }
    #[expect(clippy::float_cmp, reason = "equal is what is asked for")]
    #[inline(always)]
    fn select_equal(self, other: f32, then: f32, otherwise: f32) -> f32 {
        if self == other { then } else { otherwise }
    }
    #[inline(always)]
    fn negative_magnitude(self) -> f32 {
        f32::from_bits(self.to_bits() | 0x8000_0000)
    }
    #[inline(always)]
    fn power_of_two(self, magic: f32, bias: i32) -> f32 {
        let offset = (127 + bias).wrapping_sub(magic.to_bits() as i32);
        f32::from_bits((self.to_bits().wrapping_add(offset as u32)) << 23)
    }
    #[inline(always)]
    fn split_exponent(self) -> (f32, f32) {
        let bits = self.to_bits();
        let exponent = (bits.wrapping_sub(SQRT_HALF_BITS) as i32) >> 23;
        let mantissa = f32::from_bits(bits.wrapping_sub((exponent as u32) << 23));
        (mantissa, exponent as f32)
    }
}

/// The bit pattern of `sqrt(1/2)`: below it a mantissa belongs to the exponent underneath.
pub const SQRT_HALF_BITS: u32 = 0x3f35_04f3;
