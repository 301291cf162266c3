//! From the bytes of a line to the payloads of its frames.

use core::fmt;

use cobs::{DecodeResult, DecoderState};
use heapless::Vec;
use serde::{Deserialize, Serialize};

use super::{CRC, CRC_BYTES, DELIMITER};

/// Why a frame did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Fault {
    /// It is longer than the receiver's buffer.
    Oversized,
    /// Its COBS code is broken, or the line lost bytes of it.
    Damaged,
    /// Its checksum is wrong.
    Checksum,
    /// It arrived as it was sent, but is no message of this protocol.
    Malformed,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Oversized => "the frame is longer than the receiver's buffer",
            Self::Damaged => "the frame was damaged on the line",
            Self::Checksum => "the frame's checksum is wrong",
            Self::Malformed => "the frame holds no message of this protocol",
        })
    }
}

impl core::error::Error for Fault {}

/// Finds the frames in a stream of bytes. `N` is the longest payload it takes, checksum included.
///
/// ```
/// use segmeter_firmware::protocol::{HostMessage, Receiver, decode, send};
///
/// let mut line = Vec::new();
/// send(&mut line, &HostMessage::Hello).unwrap();
///
/// let mut receiver = Receiver::<64>::new();
/// let mut chunk = &line[..];
/// while let Some(frame) = receiver.feed(&mut chunk) {
///     assert_eq!(frame.and_then(decode), Ok(HostMessage::Hello));
/// }
/// ```
#[derive(Debug)]
pub struct Receiver<const N: usize> {
    state: DecoderState,
    /// What the frame under way, or the one last delivered, decodes to.
    payload: Vec<u8, N>,
    /// The first thing that went wrong with the frame under way.
    fault: Option<Fault>,
    /// That was said already: the rest of the frame is passed over.
    reported: bool,
}

impl<const N: usize> Default for Receiver<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Receiver<N> {
    /// A receiver that waits for the first byte of a frame.
    pub const fn new() -> Self {
        Self { state: DecoderState::Idle, payload: Vec::new(), fault: None, reported: false }
    }

    /// Takes bytes from the front of `chunk` up to the end of a frame, and delivers the frame: the payload without its
    /// checksum, or what is wrong with it, once. A frame that is too long is reported where it is, so that bytes without
    /// an end are noticed. `None`: the chunk is used up. Call it until then.
    pub fn feed(&mut self, chunk: &mut &[u8]) -> Option<Result<&[u8], Fault>> {
        while let Some((byte, rest)) = chunk.split_first() {
            *chunk = rest;
            let complete = self.push(*byte);
            let ended = *byte == DELIMITER && (complete || self.fault.is_some());
            if ended && self.reported {
                (self.fault, self.reported) = (None, false);
            } else if ended {
                return Some(self.finish());
            } else if self.fault == Some(Fault::Oversized) && !self.reported {
                self.reported = true;
                return Some(Err(Fault::Oversized));
            }
        }
        None
    }

    /// The line lost bytes: whatever frame is under way is damaged, or the next one is.
    pub fn mark_damaged(&mut self) {
        self.fault.get_or_insert(Fault::Damaged);
    }

    /// Decodes one byte. True if it ends a frame whose code is sound.
    fn push(&mut self, byte: u8) -> bool {
        if matches!(self.state, DecoderState::Idle) {
            self.payload.clear();
        }
        match self.state.feed(byte) {
            Ok(DecodeResult::DataContinue(decoded)) => {
                if self.payload.push(decoded).is_err() {
                    self.fault.get_or_insert(Fault::Oversized);
                }
            }
            Ok(DecodeResult::DataComplete) => return true,
            Ok(DecodeResult::NoData) => {}
            Err(_) => self.mark_damaged(),
        }
        false
    }

    /// The verdict on the frame that has just ended.
    fn finish(&mut self) -> Result<&[u8], Fault> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        let (payload, checksum) = self.payload.split_last_chunk::<CRC_BYTES>().ok_or(Fault::Checksum)?;
        if CRC.checksum(payload) == u32::from_le_bytes(*checksum) {
            Ok(payload)
        } else {
            Err(Fault::Checksum)
        }
    }
}
