//! An image that links only if nothing it calls can panic.
//!
//! Its panic handler calls a symbol that nobody defines. If no call can panic, the optimiser and the linker drop the
//! handler; if one can, the link fails with `undefined symbol: a core function can panic`. With the feature
//! `negative-control` it holds little but an indexing that can, and the link must fail.
//!
//! Only a device image proves anything; on the host this program does nothing.

#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod image;

#[cfg(not(target_os = "none"))]
fn main() {}
