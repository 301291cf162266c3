//! The host as a board: standard input and output for the line, lamps that remember, and nothing to measure with.

use core::convert::Infallible;
use std::io::{self, Read, Stdin, Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use embedded_hal::delay::DelayNs;
use embedded_hal::digital::{ErrorType, OutputPin, StatefulOutputPin};

use super::Instruments;

/// The board's name in the protocol.
pub const NAME: &str = "host";

static TAKEN: AtomicBool = AtomicBool::new(false);

/// The same parts as a device has.
#[non_exhaustive]
pub struct Board {
    /// Standard input and output.
    pub line: Line<Stdin, Stdout>,
    /// Lit while a frame is being received.
    pub activity: Lamp,
    /// Lit while the drift monitor is in alarm.
    pub alarm: Lamp,
    /// Neither waits nor measures.
    pub clock: Clock,
}

impl Board {
    /// The board, the first time; `None` from then on, as on a device.
    pub fn take() -> Option<Self> {
        if TAKEN.swap(true, Ordering::AcqRel) {
            return None;
        }
        let line = Line::new(io::stdin(), io::stdout());
        Some(Self { line, activity: Lamp::default(), alarm: Lamp::default(), clock: Clock })
    }
}

/// Ends the program.
pub fn exit(success: bool) -> ! {
    std::process::exit(if success { 0 } else { 1 })
}

/// Any pair of a reader and a writer as one `embedded-io` line. A read of zero bytes means the other end is closed.
pub struct Line<R, W> {
    reader: R,
    writer: W,
}

impl<R, W> Line<R, W> {
    /// A line that receives from `reader` and sends to `writer`.
    pub const fn new(reader: R, writer: W) -> Self {
        Self { reader, writer }
    }
}

impl<R, W> embedded_io::ErrorType for Line<R, W> {
    type Error = io::Error;
}

impl<R: Read, W> embedded_io::Read for Line<R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.reader.read(buffer) {
                // A signal came: nothing is lost.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}

impl<R, W: Write> embedded_io::Write for Line<R, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.writer.write(bytes) {
            // embedded-io asks that a writer which can take nothing more says so with an error.
            Ok(0) if !bytes.is_empty() => Err(io::ErrorKind::WriteZero.into()),
            result => result,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// A lamp that remembers whether it is lit and how often that changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lamp {
    lit: bool,
    changes: u32,
}

impl Lamp {
    /// How often the lamp has been switched on or off, not counting orders to be what it already was.
    pub const fn changes(&self) -> u32 {
        self.changes
    }

    fn set(&mut self, lit: bool) {
        self.changes += u32::from(self.lit != lit);
        self.lit = lit;
    }
}

impl ErrorType for Lamp {
    type Error = Infallible;
}

impl OutputPin for Lamp {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.set(false);
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        self.set(true);
        Ok(())
    }
}

impl StatefulOutputPin for Lamp {
    fn is_set_high(&mut self) -> Result<bool, Infallible> {
        Ok(self.lit)
    }

    fn is_set_low(&mut self) -> Result<bool, Infallible> {
        Ok(!self.lit)
    }
}

/// A delay that does not wait, and instruments without a reading: what a host's clock shows is not the firmware's cost.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock;

impl DelayNs for Clock {
    fn delay_ns(&mut self, _nanoseconds: u32) {}
}

impl Instruments for Clock {}

#[cfg(test)]
mod tests {
    use super::*;
    use embedded_io::{Read as _, Write as _};

    #[test]
    fn the_board_can_be_taken_once() {
        assert!(Board::take().is_some());
        assert!(Board::take().is_none());
    }

    #[test]
    fn a_line_joins_any_reader_and_writer() {
        let mut sent = std::vec::Vec::new();
        let mut line = Line::new(&b"heard"[..], &mut sent);
        let mut buffer = [0; 8];
        assert_eq!(line.read(&mut buffer).unwrap(), 5);
        assert_eq!(line.read(&mut buffer).unwrap(), 0, "the end of the input is a read of nothing");
        line.write_all(b"said").unwrap();
        assert_eq!(sent, b"said");
    }

    #[test]
    fn a_full_writer_is_an_error() {
        let mut room = [0; 2];
        let mut line = Line::new(&b""[..], &mut room[..]);
        assert_eq!(line.write(b"abc").unwrap(), 2);
        assert_eq!(line.write(b"c").unwrap_err().kind(), io::ErrorKind::WriteZero);
    }

    #[test]
    fn a_lamp_counts_changes_only() {
        let mut lamp = Lamp::default();
        lamp.set_low().unwrap();
        lamp.set_high().unwrap();
        lamp.set_high().unwrap();
        assert!(lamp.is_set_high().unwrap());
        assert_eq!(lamp.changes(), 1);
        lamp.toggle().unwrap();
        assert!(lamp.is_set_low().unwrap());
        assert_eq!(lamp.changes(), 2);
    }
}
