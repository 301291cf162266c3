//! The desktop side of Segmeter: the kernels of [`segmeter_core`] with vector instructions and threads, and files.
//!
//! No kernel of [`core`] has a second form here. [`Engine`] decides which instructions and how many threads walk the rows;
//! neither changes a single bit of any result. [`files`] reads what cameras, networks and annotators write;
//! [`catalogue`] has the losses by name; [`apls`] compares road graphs; [`learn`] makes the profile of a drift monitor from
//! frames that are in control; [`device`] talks to the firmware.
#![forbid(unsafe_code)]

pub mod apls;
pub mod catalogue;
#[cfg(unix)]
pub mod device;
mod engine;
pub mod files;
pub mod learn;
mod level;
pub mod threads;
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
