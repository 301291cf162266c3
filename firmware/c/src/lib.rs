//! [`segmeter_core`] for firmware in C and C++: a static library, and `include/segmeter.h`, which is made of this crate.
//!
//! A C user starts at this folder's README. Every function takes memory of the caller, checks it ([`memory`], the one place
//! with `unsafe`), calls core and returns a [`Status`](status::Status). There is no algorithm here.
//!
//! The archive is made with `cargo rustc -p segmeter-c --crate-type staticlib --profile archive --features panic-handler`
//! and a `--target`; as a library this crate is for a static library in Rust that has more in it, and for tests.
//!
//! | module | holds |
//! |---|---|
//! | [`status`] | what functions return, and the version of the interface |
//! | [`names`] | what there is, by number and name: losses, metrics, states, signals |
//! | [`sketch`] | tables of probabilities, and the histogram that stands for frames of 8-bit codes |
//! | [`loss`], [`metric`] | what a sketch, or rows of masks, are worth against labels |
//! | [`classes`] | networks of several classes: ids of an image, confusion, statistics, each class against the rest |
//! | [`boundary`] | how well the edges of a class meet |
//! | [`monitor`] | drift without labels: frames, verdicts, what is kept and what is sent |

#![no_std]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable, clippy::todo)]
#![deny(clippy::indexing_slicing, clippy::string_slice)]

pub mod memory;

// In the order of the header.
pub mod status;

pub mod names;

pub mod sketch;

pub mod loss;

pub mod metric;

pub mod classes;

pub mod boundary;

pub mod monitor;

/// Nothing here panics, so that this is in no image: tests/c.sh looks for it.
#[cfg(all(feature = "panic-handler", panic = "abort"))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

// The compiler's own library for Linux names what unwinds, though nothing does. Weak: another archive may have the real one.
#[cfg(all(feature = "panic-handler", panic = "abort", target_os = "linux"))]
core::arch::global_asm!(".weak rust_eh_personality", "rust_eh_personality:");

/// A function that can panic.
#[cfg(feature = "negative-control")]
#[unsafe(no_mangle)]
#[allow(clippy::indexing_slicing, reason = "that is what it is for")]
pub extern "C" fn sgm_negative_control(place: usize) -> u8 {
    core::hint::black_box(&[1_u8, 2, 3][..])[place]
}
