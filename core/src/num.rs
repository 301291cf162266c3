//! Numbers: the elementary functions of the pixel pass and the exact sum of a frame.
//!
//! | path | used | error |
//! |---|---|---|
//! | [`exp_nonpositive`], [`one_minus_exp`], [`ln`], [`ln1p`], [`Power`] | once per pixel, `f32` | see each function |
//! | [`exp_nonpositive_f64`] | once per class and pixel of a softmax in `f64` | see there |
//! | `libm` in `f64` | once per frame | below 1e-15 |
//! | [`ExactSum`] | once per 256 pixels of a row | none: any order, same bits |
//! | [`Q16`] | drift statistics and detectors | 2^-16 |

mod exact;
mod fixed;
#[cfg(feature = "micromath")]
mod micromath;

#[cfg(feature = "micromath")]
pub use self::micromath::Micromath;
pub use crate::simd::elementary::{
    Power, Sigmoid, exp_nonpositive, exp_nonpositive_f64, ln, ln1p, ln1p_unit, minus_ln, minus_ln_complement,
    one_minus_exp,
};
pub use exact::ExactSum;
pub use fixed::Q16;
