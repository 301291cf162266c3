//! The messages between host and device, and how they survive a serial line.
//!
//! ```text
//! message -> postcard bytes, CRC-32 (little-endian) -> COBS -> 0x00 ... 0x00
//! ```
//!
//! COBS leaves the byte 0x00 free to mean one thing: a frame ends here. So whatever happens to a frame (bytes flipped,
//! lost, added, or a transfer broken off), the next 0x00 brings both sides back into step. The CRC is the one of zlib
//! (`CRC-32/ISO-HDLC`) over the postcard bytes.
//!
//! A frame starts with a 0x00 as well: whatever noise came before it on an idle line is then a bad frame of its own and
//! does not spoil a good one. The empty frames that arise between two zeros are passed over.
//!
//! A whole frame may be lost, or come twice or late. So every request has a [`Tag`], a session and a number that grows,
//! and its response carries the same tag:
//!
//! - The host drops every response but the one that it waits for. After anything else than that it opens another
//!   session and passes over all that comes before the answer to that.
//! - The device follows no request of another session, and none twice: one whose number is not larger than the last is
//!   dropped.
//!
//! The line is half-duplex: from the answer to [`Request::Begin`] on the host sends a frame without listening, and the
//! device is silent until [`Request::End`]. So neither waits for the other to take bytes while both send.

mod envelope;
mod message;
mod receiver;
mod sender;

pub use envelope::{DeviceMessage, HostMessage, Tag, VERSION};
pub use message::{
    ClassBegin, ClassCounts, ClassReport, Codes, Configuration, Finding, Interpolated, LOSSES, Order,
    Rejection, Report, Request, Response, RowLabels, Scores, Telemetry, decode,
};
pub use receiver::{Fault, Receiver};
pub use sender::{SendError, send};

/// Ends a frame, and occurs nowhere inside one.
const DELIMITER: u8 = 0;

/// The checksum of a frame: zlib's.
const CRC: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);

/// Bytes that the checksum takes at the end of a payload.
const CRC_BYTES: usize = size_of::<u32>();

#[cfg(test)]
mod tests;
