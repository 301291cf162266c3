//! Eight or sixteen values at once. The only file that knows `fearless_simd`.
//!
//! Only operations that round once, per IEEE 754: no fused multiply-add, no reciprocal estimates, no
//! library `min`, `max` or `reduce` (they differ between machines on NaN and in the order of addition).

use core::ops::{Add, Div, Mul, Range, Sub};

use fearless_simd::{
    Bytes, Level, Select, Simd as Instructions, SimdBase, SimdCvtFloat, f32x8, i32x8, u32x8,
};
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
use fearless_simd::{SimdSplit, f32x16, i32x16, u32x16};
use segmeter_core::loss::Job;
use segmeter_core::simd::{BLOCK, LANES, Masses, SQRT_HALF_BITS, Simd, Vector};

use crate::LevelName;

/// Vector instructions that this machine has.
///
/// A few levels, not all that the library has: every kernel is compiled for each.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Machine {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    Sse2(fearless_simd::x86::Sse2),
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    Avx2(fearless_simd::x86::Avx2),
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    Avx512(fearless_simd::x86::Avx512),
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
            let avx512 = || best.as_avx512().map(Self::Avx512);
            match name {
                LevelName::Auto => avx512().or_else(avx2).or_else(sse2),
                LevelName::Sse2 => sse2(),
                LevelName::Avx2 => avx2(),
                LevelName::Avx512 => avx512(),
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
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Self::Avx512(_) => LevelName::Avx512,
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
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Self::Avx512(machine) => machine.vectorize(
                #[inline(always)]
                || job.run(Wider(machine), rows, out),
            ),
            #[cfg(target_arch = "aarch64")]
            Self::Neon(machine) => machine.vectorize(
                #[inline(always)]
                || job.run(Wide(machine), rows, out),
            ),
        }
    }
}

/// The token of a machine with vectors of eight.
#[derive(Clone, Copy)]
struct Wide<L>(L);

/// The token of a machine with vectors of sixteen.
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
#[derive(Clone, Copy)]
struct Wider<L>(L);

impl<L: Instructions> Eight<L> {
    #[inline(always)]
    fn read(machine: L, values: &[f32; BLOCK], vector: usize) -> Self {
        let values: &[[f32; LANES]] = values.as_chunks().0;
        Self(f32x8::load_array(machine, values.get(vector).copied().unwrap_or_default()))
    }
    #[inline(always)]
    fn write(self, out: &mut [f32; BLOCK], vector: usize) {
        if let Some(out) = out.as_chunks_mut().0.get_mut(vector) {
            self.0.store_array(out);
        }
    }
    #[inline(always)]
    fn ids(machine: L, ids: &[u8; BLOCK], vector: usize) -> u32x8<L> {
        let ids: &[[u8; LANES]] = ids.as_chunks().0;
        u32x8::load_array(machine, ids.get(vector).map_or([0; LANES], |ids| ids.map(u32::from)))
    }
    #[inline(always)]
    fn add_to(self, lanes: &mut Self) {
        *lanes = *lanes + self;
    }
}

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
impl<L: Instructions> Sixteen<L> {
    #[inline(always)]
    fn read(machine: L, values: &[f32; BLOCK], _: usize) -> Self {
        Self(f32x16::load_array_ref(machine, values))
    }
    #[inline(always)]
    fn write(self, out: &mut [f32; BLOCK], _: usize) {
        self.0.store_array(out);
    }
    #[inline(always)]
    fn ids(machine: L, ids: &[u8; BLOCK], _: usize) -> u32x16<L> {
        u32x16::load_array(machine, ids.map(u32::from))
    }
    /// Value 0 to 7, then 8 to 15: the order of the pixels.
    #[inline(always)]
    fn add_to(self, lanes: &mut Eight<L>) {
        let (first, second) = self.0.split();
        *lanes = (*lanes + Eight(first)) + Eight(second);
    }
}

macro_rules! operators {
    ($vector:ident: $($trait:ident $method:ident),*) => {$(
        impl<L: Instructions> $trait for $vector<L> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self(self.0.$method(other.0))
            }
        }
    )*};
}

/// Vectors of a width, and the machine that has them.
macro_rules! vectors {
    ($machine:ident, $vector:ident, $vectors:expr, $f32:ident, $i32:ident, $u32:ident) => {
        #[doc = concat!("One vector: `", stringify!($f32), "`.")]
        #[derive(Clone, Copy)]
        struct $vector<L: Instructions>($f32<L>);

        impl<L: Instructions> Simd for $machine<L> {
            type V = $vector<L>;
            type Lanes = Eight<L>;
            const VECTORS: usize = $vectors;

            #[inline(always)]
            fn vectorize<R>(self, work: impl FnOnce() -> R) -> R {
                self.0.vectorize(work)
            }
            #[inline(always)]
            fn splat(self, value: f32) -> $vector<L> {
                $vector($f32::splat(self.0, value))
            }
            #[inline(always)]
            fn zeros(self) -> Eight<L> {
                Eight(f32x8::splat(self.0, 0.0))
            }
            #[inline(always)]
            fn add(self, lanes: &mut Eight<L>, _: usize, more: $vector<L>) {
                more.add_to(lanes);
            }
            #[inline(always)]
            fn lanes(self, lanes: Eight<L>) -> [f32; LANES] {
                lanes.0.into()
            }
            #[inline(always)]
            fn load(self, values: &[f32; BLOCK], vector: usize) -> $vector<L> {
                $vector::read(self.0, values, vector)
            }
            #[inline(always)]
            fn store(self, value: $vector<L>, out: &mut [f32; BLOCK], vector: usize) {
                value.write(out, vector);
            }
            #[inline(always)]
            fn load_labelled(
                self,
                logits: &[f32; BLOCK],
                ids: &[u8; BLOCK],
                vector: usize,
            ) -> ($vector<L>, Masses<$vector<L>>) {
                let ids = $vector::ids(self.0, ids, vector);
                let mass = |class: u32| {
                    let is_class = ids.simd_eq($u32::splat(self.0, class));
                    $vector(is_class.select(self.splat(1.0).0, self.splat(0.0).0))
                };
                let (background, foreground) = (mass(0), mass(1));
                let (zero, logit) = (self.splat(0.0), self.load(logits, vector));
                (zero.select_less(background + foreground, logit, zero), Masses { background, foreground })
            }
        }

        operators!($vector: Add add, Sub sub, Mul mul, Div div);

        impl<L: Instructions> Vector for $vector<L> {
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
                let bits: $u32<L> = self.0.bitcast();
                Self((bits | 0x8000_0000).bitcast())
            }

            #[inline(always)]
            fn power_of_two(self, magic: f32, bias: i32) -> Self {
                let offset = (127 + bias).wrapping_sub(magic.to_bits().cast_signed());
                let bits: $u32<L> = self.0.bitcast();
                Self(((bits + offset.cast_unsigned()) << 23).bitcast())
            }

            #[inline(always)]
            fn split_exponent(self) -> (Self, Self) {
                let bits: $u32<L> = self.0.bitcast();
                let exponent: $i32<L> = (bits - SQRT_HALF_BITS).bitcast();
                let exponent = exponent >> 23;
                let shifted: $u32<L> = (exponent << 23).bitcast();
                (Self((bits - shifted).bitcast()), Self($f32::float_from(exponent)))
            }
        }
    };
}

vectors!(Wide, Eight, BLOCK / LANES, f32x8, i32x8, u32x8);
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
vectors!(Wider, Sixteen, 1, f32x16, i32x16, u32x16);
