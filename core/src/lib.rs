//! Segmentation losses, metrics and drift detection over fixed buffers.
//!
//! No `std`, no allocation, no `unsafe`, no panics: the same numbers, bit for bit, on a microcontroller and on
//! a server.
//!
//! | module | holds |
//! |---|---|
//! | [`view`] | borrowed, checked frames: logits, 8-bit codes, labels, masks, weights |
//! | [`list`] | what there is, by name |
//! | [`loss`] | every loss by the taxonomy: value and gradient |
//! | [`metric`] | overlap, threshold, calibration, boundary and surface metrics |
//! | [`drift`] | label-free statistics, distances to a reference, detectors, the monitor |
//! | [`sketch`] | the histogram that stands for a frame of 8-bit outputs |
//! | [`plane`] | distances, edges, contours and skeletons of masks |
//! | [`num`], [`simd`] | elementary functions, exact sums, the seam for vector machines |
//!
//! Notation: `z` logit, `p` probability, `g` label (0 or 1), `w` weight.
#![no_std]
#![forbid(unsafe_code)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable, clippy::todo)]
#![deny(clippy::indexing_slicing, clippy::string_slice)]

pub mod drift;
mod error;
pub mod list;
pub mod loss;
pub mod metric;
pub mod num;
pub mod plane;
pub mod simd;
pub mod sketch;
pub mod view;

pub use error::{Error, Result};
