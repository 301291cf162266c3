//! Eight lanes in hardware. The only file that knows `fearless_simd`.
//!
//! Only operations that round once, per IEEE 754: no fused multiply-add, no reciprocal estimates, no
//! library `min`, `max` or `reduce` (they differ between machines on NaN and in the order of addition).

use core::ops::{Add, Div, Mul, Range, Sub};
use std::fmt;
use std::str::FromStr;

use fearless_simd::{
    Bytes, Level, Select, Simd as Instructions, SimdBase, SimdCvtFloat, dispatch, f32x8, i32x8, u32x8,
};
use segmeter_core::loss::Job;
use segmeter_core::simd::{LANES, Masses, SQRT_HALF_BITS, Simd, Vector};

/// A set of vector instructions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LevelName {
    /// The best this machine has.
    #[default]
    Auto,
    /// One `f32` at a time: what a microcontroller runs.
    Scalar,
    /// x86-64's baseline.
    Sse2,
    /// x86-64-v2.
    Sse4_2,
    /// x86-64-v3.
    Avx2,
    /// x86-64-v4.
    Avx512,
    /// `AArch64`'s baseline.
    Neon,
}

impl LevelName {
    /// Every name but [`LevelName::Auto`].
    pub const ALL: [Self; 6] = [Self::Scalar, Self::Sse2, Self::Sse4_2, Self::Avx2, Self::Avx512, Self::Neon];

    /// Whether this machine has it.
    #[must_use]
    pub fn is_available(self) -> bool {
        self == Self::Scalar || Machine::new(self).is_some()
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Scalar => "scalar",
            Self::Sse2 => "sse2",
            Self::Sse4_2 => "sse4.2",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Neon => "neon",
        }
    }
}

impl fmt::Display for LevelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl FromStr for LevelName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Auto].into_iter().chain(Self::ALL).find(|name| name.text() == text).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().filter(|n| n.is_available()).map(|n| n.text()).collect();
            format!("no level `{text}`; this machine has auto, {}", names.join(", "))
        })
    }
}

/// Vector instructions that this machine has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Machine(Level);

impl Machine {
    /// What `name` asks for; `None` for scalar code, or if this machine does not have it.
    pub(crate) fn new(name: LevelName) -> Option<Self> {
        let best = Level::new();
        let level = match name {
            LevelName::Scalar => None,
            LevelName::Auto => Some(best),
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            LevelName::Sse2 => best.as_sse2().map(Level::Sse2),
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            LevelName::Sse4_2 => best.as_sse4_2().map(Level::Sse4_2),
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            LevelName::Avx2 => best.as_avx2().map(Level::Avx2),
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            LevelName::Avx512 => best.as_avx512().map(Level::Avx512),
            #[cfg(target_arch = "aarch64")]
            LevelName::Neon => best.as_neon().map(Level::Neon),
            #[allow(unreachable_patterns, reason = "which names are left over depends on the architecture")]
            _ => None,
        };
        level.map(Self)
    }

    /// Its name.
    pub(crate) fn name(self) -> LevelName {
        match self.0 {
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Level::Sse2(_) => LevelName::Sse2,
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Level::Sse4_2(_) => LevelName::Sse4_2,
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Level::Avx2(_) => LevelName::Avx2,
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Level::Avx512(_) => LevelName::Avx512,
            #[cfg(target_arch = "aarch64")]
            Level::Neon(_) => LevelName::Neon,
            _ => LevelName::Scalar,
        }
    }

    /// Runs a job: one switch for many rows.
    pub(crate) fn run<J: Job>(self, job: &J, rows: Range<usize>, out: &mut [f32]) -> J::Partial {
        dispatch!(self.0, machine => job.run(Wide(machine), rows, out))
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
