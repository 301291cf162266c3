//! A backend that takes its exponential from the micromath crate.

use crate::simd::one_lane;

/// One `f32` at a time with micromath's `exp`: a type to measure against, not a default.
///
/// Its exponential is a coarse approximation where this crate's own is off by 1.2e-7, and it costs more
/// instructions on a Cortex-M4F; `firmware/run --bench` prints both. Everything else is that of
/// [`crate::simd::Scalar`]. Results are the same on every machine, but they are not `Scalar`'s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Micromath;

one_lane!(Micromath {
    #[inline(always)]
    fn exp_nonpositive(self, x: f32) -> f32 {
        // Called by its full path: where `std` is linked, `x.exp()` would silently be the platform's.
        micromath::F32Ext::exp(x.max(-87.0))
    }
});
