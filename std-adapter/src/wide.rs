//! Eight lanes in hardware. The only file that knows `fearless_simd`.
//!
//! Only operations that round once, per IEEE 754: no fused multiply-add, no reciprocal estimates, no
//! library `min`, `max` or `reduce` (they differ between machines on NaN and in the order of addition).

use core::ops::{Add, Div, Mul, Range, Sub};

use fearless_simd::{
    Bytes, Level, Select, Simd as Instructions, SimdBase, SimdCvtFloat, f32x8, i32x8, u32x8,
};
use segmeter_core::loss::Job;
use segmeter_core::simd::{LANES, Masses, SQRT_HALF_BITS, Simd, Vector};

use crate::LevelName;

/// Vector instructions that this machine has.
///
/// A few levels, not all that the library has: every kernel is compiled for each. A vector is eight `f32` wide, so
/// AVX-512 would compute no more of them at once than AVX2.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Machine {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    Sse2(fearless_simd::x86::Sse2),
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    Avx2(fearless_simd::x86::Avx2),
    #[cfg(target_arch = "aarch64")]
    Neon(fearless_simd::aarch64::Neon),
}

impl Machine {
    /// Whether this build has any.
    pub(crate) const IS_BUILT: bool = true;

    /// What `name` asks for; `None` for scalar code, or if this machine does not have it.
    pub(crate) fn new(name: LevelName) -> Option<Self> {
        let best = Level::new();
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        {
            let sse2 = || best.as_sse2().map(Self::Sse2);
            let avx2 = || best.as_avx2().map(Self::Avx2);
            match name {
                LevelName::Auto => avx2().or_else(sse2),
                LevelName::Sse2 => sse2(),
                LevelName::Avx2 => avx2(),
                LevelName::Scalar | LevelName::Neon => None,
            }
        }
        #[cfg(target_arch = "aarch64")]
        {
            let wanted = matches!(name, LevelName::Auto | LevelName::Neon);
            best.as_neon().filter(|_| wanted).map(Self::Neon)
        }
        #[cfg(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")))]
        {
            let _ = (best, name);
            None
        }
    }

    /// Its name.
    pub(crate) fn name(self) -> LevelName {
        match self {
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Self::Sse2(_) => LevelName::Sse2,
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Self::Avx2(_) => LevelName::Avx2,
            #[cfg(target_arch = "aarch64")]
            Self::Neon(_) => LevelName::Neon,
        }
    }

    /// Runs a job: one switch for many rows.
    pub(crate) fn run<J: Job>(self, job: &J, rows: Range<usize>, out: &mut [&mut [f32]]) -> J::Partial {
        // Always inlined: a call would leave the function that has the instructions.
        match self {
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Self::Sse2(machine) => machine.vectorize(
                #[inline(always)]
                || job.run(Wide(machine), rows, out),
            ),
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Self::Avx2(machine) => machine.vectorize(
                #[inline(always)]
                || job.run(Wide(machine), rows, out),
            ),
            #[cfg(target_arch = "aarch64")]
            Self::Neon(machine) => machine.vectorize(
                #[inline(always)]
                || job.run(Wide(machine), rows, out),
            ),
        }
    }
}

/// The token of a machine with vectors.
#[derive(Clone, Copy)]
struct Wide<L>(L);

/// One vector of eight `f32`.
#[derive(Clone, Copy)]
struct Eight<L: Instructions>(f32x8<L>);

/// A block is one vector.
#[derive(Clone, Copy)]
struct One<L: Instructions>([Eight<L>; 1]);

impl<L: Instructions> AsRef<[Eight<L>]> for One<L> {
    #[inline(always)]
    fn as_ref(&self) -> &[Eight<L>] {
        &self.0
    }
}

impl<L: Instructions> AsMut<[Eight<L>]> for One<L> {
    #[inline(always)]
    fn as_mut(&mut self) -> &mut [Eight<L>] {
        &mut self.0
    }
}

impl<L: Instructions> Simd for Wide<L> {
    type V = Eight<L>;
    type Block = One<L>;
    const VECTORS: usize = 1;

    #[inline(always)]
    fn vectorize<R>(self, work: impl FnOnce() -> R) -> R {
        self.0.vectorize(work)
    }
    #[inline(always)]
    fn splat(self, value: f32) -> Eight<L> {
        Eight(f32x8::splat(self.0, value))
    }
    #[inline(always)]
    fn zeros(self) -> One<L> {
        One([self.splat(0.0)])
    }
    #[inline(always)]
    fn load(self, values: &[f32; LANES], _: usize) -> Eight<L> {
        Eight(f32x8::load_array_ref(self.0, values))
    }
    #[inline(always)]
    fn store(self, value: Eight<L>, out: &mut [f32; LANES], _: usize) {
        value.0.store_array(out);
    }
    #[inline(always)]
    fn load_labelled(
        self,
        logits: &[f32; LANES],
        ids: &[u8; LANES],
        vector: usize,
    ) -> (Eight<L>, Masses<Eight<L>>) {
        let ids = u32x8::load_array(self.0, ids.map(u32::from));
        let mass = |class: u32| {
            let is_class = ids.simd_eq(u32x8::splat(self.0, class));
            Eight(is_class.select(self.splat(1.0).0, self.splat(0.0).0))
        };
        let (background, foreground) = (mass(0), mass(1));
        let (zero, logit) = (self.splat(0.0), self.load(logits, vector));
        (zero.select_less(background + foreground, logit, zero), Masses { background, foreground })
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident),*) => {$(
        impl<L: Instructions> $trait for Eight<L> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self(self.0.$method(other.0))
            }
        }
    )*};
}

operators!(Add add, Sub sub, Mul mul, Div div);

impl<L: Instructions> Vector for Eight<L> {
    #[inline(always)]
    fn select_less(self, bound: Self, then: Self, otherwise: Self) -> Self {
        Self(self.0.simd_lt(bound.0).select(then.0, otherwise.0))
    }

    #[inline(always)]
    fn select_equal(self, other: Self, then: Self, otherwise: Self) -> Self {
        Self(self.0.simd_eq(other.0).select(then.0, otherwise.0))
    }

    #[inline(always)]
    fn negative_magnitude(self) -> Self {
        let bits: u32x8<L> = self.0.bitcast();
        Self((bits | 0x8000_0000).bitcast())
    }

    #[inline(always)]
    fn power_of_two(self, magic: f32, bias: i32) -> Self {
        let offset = (127 + bias).wrapping_sub(magic.to_bits().cast_signed());
        let bits: u32x8<L> = self.0.bitcast();
        Self(((bits + offset.cast_unsigned()) << 23).bitcast())
    }

    #[inline(always)]
    fn split_exponent(self) -> (Self, Self) {
        let bits: u32x8<L> = self.0.bitcast();
        let exponent: i32x8<L> = (bits - SQRT_HALF_BITS).bitcast();
        let exponent = exponent >> 23;
        let shifted: u32x8<L> = (exponent << 23).bitcast();
        (Self((bits - shifted).bitcast()), Self(f32x8::float_from(exponent)))
    }
}
