//! The desktop side of Segmeter: the kernels of [`segmeter_core`] with vector instructions and threads, and files.
//!
//! No kernel of [`core`] has a second form here. [`Engine`] decides which instructions and how many threads walk the rows;
//! neither changes a single bit of any result. `files` reads what cameras, networks and annotators write; `convert` takes
//! arrays and images (features `ndarray` and `images`); [`catalogue`] has the losses by name; [`apls`] compares road graphs;
//! [`learn`] makes the profile of a drift monitor from frames that are in control; `device` talks to the firmware. What the
//! command takes and prints, how drift is watched and what was measured stands in [`guide`].
//!
//! A loss with its gradient, on all cores:
//!
//! ```
//! use segmeter::Engine;
//! use segmeter::core::loss::{Loss, Tversky};
//! use segmeter::core::view::{Frame, IGNORE, Labels, Shape};
//!
//! let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
//! let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
//! let engine = Engine::default();
//! let mut gradient = [0.0; 3]; // what a loss adds to
//! let found = Tversky::FN_HEAVY.accumulate(&engine, &frame, 1.0, &mut [], Some(&mut gradient))?;
//! assert_eq!(found.value, 0.30115312);
//! assert!(gradient[2] < 0.0); // a pixel of the road that was missed: its logit is to rise
//! # Ok::<(), segmeter::core::Error>(())
//! ```
//!
//! The same loss by its name, with other weights:
//!
//! ```
//! use std::collections::BTreeMap;
//! use segmeter::catalogue::{ChosenLoss, Setting};
//! use segmeter::core::loss::Loss;
//! use segmeter::core::view::{Frame, IGNORE, Labels, Shape};
//!
//! let settings = BTreeMap::from([("fn_weight".to_owned(), Setting::Number(0.8))]);
//! let loss = ChosenLoss::new("tversky", &settings)?;
//! let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
//! let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
//! assert_eq!(loss.value(&frame, &mut [])?.value, 0.3272844);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Two masks:
//!
//! ```
//! use segmeter::core::metric::Confusion;
//!
//! let mut confusion = Confusion::<2>::new(255); // 255: not scored
//! confusion.push_row(&[1, 1, 0, 0, 1], &[1, 0, 0, 1, 255])?; // predictions, labels
//! assert_eq!(confusion.class(1).iou().value(), Some(1.0 / 3.0));
//! # Ok::<(), segmeter::core::Error>(())
//! ```
//!
//! # Features
//!
//! None changes a number; `command` and `simd` are on by default. A library alone: `default-features = false`.
//!
//! | feature | brings |
//! |---|---|
//! | `simd` | vector instructions; without them every loss is compiled once, not for each level |
//! | `files` | the module `files`: readers of masks, scores and profiles |
//! | `ndarray`, `images` | the module `convert` |
//! | `scores` | the module `scores`: thresholds and calibration |
//! | `device` | the module `device`: the line to the firmware |
//! | `command` | the command `segmeter`, with `files`, `scores` and `device` |
//!
//! `use segmeter::*` would hide the language's `core` behind [`core`]; import what is needed by name.
#![forbid(unsafe_code)]

pub mod apls;
pub mod catalogue;
#[cfg(any(feature = "ndarray", feature = "images"))]
pub mod convert;
#[cfg(all(unix, feature = "device"))]
pub mod device;
mod engine;
#[cfg(feature = "files")]
pub mod files;
pub mod guide;
pub mod learn;
mod level;
pub mod means;
#[cfg(feature = "scores")]
pub mod scores;
pub mod shapes;
pub mod threads;
pub mod verdict;
// Unit tests have none either: kernels are tested from outside, and compiling them for all levels once more takes minutes.
#[cfg_attr(any(not(feature = "simd"), test), path = "narrow.rs")]
mod wide;

pub use engine::Engine;
pub use level::{LevelName, Unavailable};
pub use segmeter_core as core;

/// The examples of the README, compiled and run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
