//! The seam between kernels and machines.
//!
//! A kernel is generic over a token `S: Simd`. Here a vector may be a single `f32` ([`Scalar`], which a
//! Cortex-M4F keeps in registers where an array of eight would spill); the desktop adapter plugs in real
//! vectors. The *logical* width is always [`LANES`]: pixel `i` of a segment goes to lane `i % 8`, and the
//! lanes meet in one fixed tree, so every machine adds the same numbers in the same order.

use core::ops::{Add, Div, Mul, Sub};

/// Logical lanes of every kernel. Part of the determinism contract, not of the machine.
pub const LANES: usize = 8;

/// What a lane type must offer. Only what a kernel uses; every operation rounds once, per IEEE 754.
pub trait Vector:
    Copy + Send + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self>
{
    /// Lane by lane `if self < bound { then } else { otherwise }`; a comparison with NaN is false.
    fn select_less(self, bound: Self, then: Self, otherwise: Self) -> Self;

    /// For `self = magic + n` with an integer `n` in the low mantissa bits: `2^(n + bias)`, which must be
    /// a normal number. One subtraction and one shift of the bit pattern.
    fn power_of_two(self, magic: f32, bias: i32) -> Self;

    /// Splits a positive normal number into a mantissa in `[sqrt(1/2), sqrt(2))` and its exponent.
    fn split_exponent(self) -> (Self, Self);
}

/// A machine. The value is the proof that its instructions exist.
pub trait Simd: Copy + Send + Sync {
    /// One vector: `f32`, or eight of them.
    type V: Vector;
    /// [`LANES`] values as vectors: `[f32; 8]`, or `[f32x8; 1]`.
    type Block: Copy + Send + AsRef<[Self::V]> + AsMut<[Self::V]>;

    /// The same value in every lane.
    fn splat(self, value: f32) -> Self::V;
    /// Eight values from memory.
    fn load(self, values: &[f32; LANES]) -> Self::Block;
    /// Eight values to memory.
    fn store(self, block: Self::Block, out: &mut [f32; LANES]);

    /// Unit masses of eight labels: foreground is 1 where the id is 1, background is 1 where it is 0,
    /// both are 0 anywhere else.
    #[inline(always)]
    fn load_labels(self, ids: &[u8; LANES]) -> Masses<Self::Block> {
        let mut foreground = [0.0; LANES];
        let mut background = [0.0; LANES];
        for ((f, b), id) in foreground.iter_mut().zip(&mut background).zip(ids) {
            *f = f32::from(u8::from(*id == 1));
            *b = f32::from(u8::from(*id == 0));
        }
        Masses { background: self.load(&background), foreground: self.load(&foreground) }
    }

    /// `e^x` for `x <= 0`; see [`crate::num::exp_nonpositive`]. A backend may put its own in place.
    #[inline(always)]
    fn exp_nonpositive(self, x: Self::V) -> Self::V {
        crate::num::exp_nonpositive(self, x)
    }

    /// The lanes folded in the one order that every machine uses: `((0+4)+(2+6)) + ((1+5)+(3+7))`.
    #[inline(always)]
    fn fold(self, block: Self::Block) -> f32 {
        let mut lanes = [0.0; LANES];
        self.store(block, &mut lanes);
        let [a, b, c, d, e, f, g, h] = lanes;
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

impl Simd for Scalar {
    type V = f32;
    type Block = [f32; LANES];

    #[inline(always)]
    fn splat(self, value: f32) -> f32 {
        value
    }
    #[inline(always)]
    fn load(self, values: &[f32; LANES]) -> [f32; LANES] {
        *values
    }
    #[inline(always)]
    fn store(self, block: [f32; LANES], out: &mut [f32; LANES]) {
        *out = block;
    }
}

impl Vector for f32 {
    #[inline(always)]
    fn select_less(self, bound: f32, then: f32, otherwise: f32) -> f32 {
        if self < bound { then } else { otherwise }
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
