//! From a message to the bytes of a line, without ever holding a whole frame.

use core::fmt;

use crc::Digest;
use embedded_io::Write;
use heapless::Vec;
use postcard::ser_flavors::Flavor;
use serde::Serialize;

use super::{CRC, DELIMITER};

/// The most non-zero bytes that one COBS code byte can announce.
const MAX_RUN: usize = 254;

/// Why a message was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum SendError<E> {
    /// The line failed.
    Line(E),
    /// The message has no postcard form (a sequence of unknown length, say). No message of this protocol is like that.
    Unencodable,
}

impl<E: fmt::Display> fmt::Display for SendError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(error) => write!(f, "the line failed: {error}"),
            Self::Unencodable => f.write_str("the message cannot be encoded"),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> core::error::Error for SendError<E> {}

/// Sends `message` as one frame, and flushes the line. Needs 255 bytes of stack for the frame, whatever its length.
///
/// # Errors
/// [`SendError::Line`] if the line fails; the other side then finds a damaged frame, or none.
// Not inlined: its stack is free for an evaluation.
#[inline(never)]
pub fn send<W: Write, T: Serialize + ?Sized>(line: &mut W, message: &T) -> Result<(), SendError<W::Error>> {
    line.write_all(&[DELIMITER]).map_err(SendError::Line)?;
    let mut failure = None;
    let frame = Frame { line, digest: CRC.digest(), run: Vec::new(), failure: &mut failure };
    match postcard::serialize_with_flavor(message, frame) {
        Ok(()) => line.flush().map_err(SendError::Line),
        Err(_) => Err(failure.map_or(SendError::Unencodable, SendError::Line)),
    }
}

/// A frame under way: postcard pushes the message's bytes in, COBS runs go out to the line.
struct Frame<'a, W: Write> {
    line: &'a mut W,
    digest: Digest<'static, u32>,
    /// Non-zero bytes that wait for the code byte that must go first: at most `MAX_RUN - 1` between calls.
    run: Vec<u8, MAX_RUN>,
    /// postcard's errors have no room for the line's.
    failure: &'a mut Option<W::Error>,
}

impl<W: Write> Frame<'_, W> {
    /// Adds one byte of the payload.
    fn stuff(&mut self, byte: u8) -> postcard::Result<()> {
        if byte == DELIMITER {
            return self.write_run();
        }
        // There is room: a full run is written at once.
        let _ = self.run.push(byte);
        if self.run.is_full() { self.write_run() } else { Ok(()) }
    }

    /// Writes the code byte and the run that it announces. A run of `MAX_RUN` implies no zero after it; others do.
    fn write_run(&mut self) -> postcard::Result<()> {
        let code = [self.run.len() as u8 + 1];
        let result = self.line.write_all(&code).and_then(|()| self.line.write_all(&self.run));
        self.run.clear();
        self.keep(result)
    }

    fn keep(&mut self, result: Result<(), W::Error>) -> postcard::Result<()> {
        result.map_err(|error| {
            *self.failure = Some(error);
            postcard::Error::SerializeBufferFull
        })
    }
}

impl<W: Write> Flavor for Frame<'_, W> {
    type Output = ();

    /// Not inlined: a message has dozens of places where it says something, each of which would be a line's driver.
    #[inline(never)]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.digest.update(&[byte]);
        self.stuff(byte)
    }

    fn finalize(mut self) -> postcard::Result<()> {
        for byte in self.digest.clone().finalize().to_le_bytes() {
            self.stuff(byte)?;
        }
        self.write_run()?;
        let result = self.line.write_all(&[DELIMITER]);
        self.keep(result)
    }
}
