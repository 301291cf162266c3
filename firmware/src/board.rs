//! What the firmware asks of a board beside `embedded-io` (the line) and `embedded-hal` (lamps, delays), and the host as one.
//!
//! Boards are crates of their own: `firmware/boards`.

use core::convert::Infallible;

use embedded_hal::digital::{ErrorType, OutputPin};

#[cfg(not(target_os = "none"))]
pub mod host;

/// What a board can say about time and the cost of the work done on it (`None`: this board cannot measure that), and its
/// watchdog.
pub trait Instruments {
    /// Instructions executed since the board was started, or the nearest the board's timer can tell.
    fn instructions(&self) -> Option<u64> {
        None
    }

    /// The most stack ever in use since the start, in bytes.
    fn stack_bytes(&self) -> Option<u32> {
        None
    }

    /// Milliseconds since the board was started, from the start again after 2^32 of them: the time in telemetry packets.
    fn milliseconds(&self) -> Option<u32> {
        None
    }

    /// The firmware is alive: feed the watchdog. Comes after every piece of bounded work, which is at most
    /// [`PIECE`](crate::app::PIECE) bytes that came in, a message that they complete, the report on a frame, or an answer; and
    /// whenever a read of the line says [`TimedOut`](embedded_io::ErrorKind::TimedOut), which is nothing wrong. Never while
    /// the line takes no bytes, nor while a read waits.
    fn alive(&mut self) {}
}

/// The lamp of a board that has none.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoLamp;

impl ErrorType for NoLamp {
    type Error = Infallible;
}

impl OutputPin for NoLamp {
    fn set_low(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
