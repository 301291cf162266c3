//! Segmeter on a microcontroller: frames come in row by row over a serial line, reports go out.
//!
//! The library is `no_std`, allocates nothing, and reaches hardware only through `embedded-hal` and `embedded-io`, so
//! everything but a board's drivers is tested on the host. It never logs: it returns values, and the device binary
//! (`main.rs`) is the one place that calls `defmt`.
//!
//! | module | what lives there |
//! |---|---|
//! | [`app`] | what the firmware does |
//! | [`evaluator`] | rows in, a report per frame out |
//! | [`persistence`] | what survives a cut of the power |
//! | [`protocol`] | the messages, and how they survive a serial line |
//! | [`board`] | one driver set per board; the only `unsafe` code |

#![no_std]
#![deny(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::unreachable,
        clippy::todo
    )
)]

#[cfg(not(target_os = "none"))]
extern crate std;

pub mod app;
pub mod board;
pub mod evaluator;
pub mod persistence;
pub mod protocol;

// Statics of a microcontroller are counted.
const _: () = assert!(size_of::<evaluator::Evaluator>() <= 12 * 1024);
