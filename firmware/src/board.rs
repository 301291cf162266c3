//! The boards. Each offers the same `Board`: a serial line, two lamps, and instruments to measure itself with.
//!
//! The rest of the firmware knows a board only through `embedded-io` (the line), `embedded-hal` (lamps, delays) and
//! [`Instruments`]; which one is built is decided by the target alone.

#[cfg(target_os = "none")]
pub mod mps2;
#[cfg(target_os = "none")]
pub use mps2::{Board, NAME, exit};

#[cfg(not(target_os = "none"))]
pub mod host;
#[cfg(not(target_os = "none"))]
pub use host::{Board, NAME, exit};

/// What a board can say about the cost of the work done on it. `None`: this board cannot measure that.
pub trait Instruments {
    /// Instructions executed since the board was started, or the nearest the board's timer can tell.
    fn instructions(&self) -> Option<u64>;

    /// The most stack ever in use since the start, in bytes.
    fn stack_bytes(&self) -> Option<u32>;
}
