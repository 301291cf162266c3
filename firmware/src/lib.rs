//! Segmeter on a microcontroller: frames come in row by row over a serial line, reports go out.
//!
//! The library is `no_std`, allocates nothing, and reaches hardware only through `embedded-hal` and `embedded-io`, so
//! everything is tested on the host. It never logs: it returns values, and with the feature `defmt` a board's image can log
//! them.
//!
//! | module | what lives there |
//! |---|---|
//! | [`app`] | what the firmware does |
//! | [`evaluator`] | rows in, a report per frame out |
//! | [`persistence`] | what survives a cut of the power |
//! | [`protocol`] | the messages, and how they survive a serial line |
//! | [`spi`] | SPI as a line |
//! | [`board`] | what a board must offer, and the host as a board |

#![no_std]
#![forbid(unsafe_code)]
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
pub mod spi;

// Statics of a microcontroller are counted.
const _: () = assert!(size_of::<evaluator::Evaluator>() <= 12 * 1024);
