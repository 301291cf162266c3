//! SPI as a line: the device is the controller, and asks its peer for bytes.
//!
//! Two commands, each within one assertion of chip select. All lengths are of a byte.
//!
//! ```text
//! send   out: 0x01, length, as many bytes
//! poll   out: 0x02, then a pause; in: length, BLOCK - 1 bytes, of which so many count
//! ```
//!
//! A peer keeps what it has for the device until it is polled, and takes whatever is sent: a device that answers does not
//! listen, and its longest answer has fewer than 512 bytes. A length that no block can have (0xff, if nobody drives the wire)
//! is lost bytes; what is damaged otherwise is found by the messages' checksums.

use core::fmt;

use embedded_hal::delay::DelayNs;
use embedded_hal::spi::{self, Operation, SpiDevice};
use embedded_io::{ErrorKind, ErrorType, Read, Write};

/// Bytes for the peer follow.
pub const SEND: u8 = 1;
/// What has the peer?
pub const POLL: u8 = 2;

/// What can go wrong on the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Error<E> {
    /// The peer has nothing for the device. It may be asked again.
    Idle,
    /// No block has this length: bytes are lost.
    Length(u8),
    /// The bus failed.
    Bus(E),
}

impl<E: fmt::Debug> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Idle => f.write_str("the peer has nothing to say"),
            Self::Length(found) => write!(f, "the peer announced {found} bytes, more than a block has"),
            Self::Bus(error) => write!(f, "the bus failed: {error:?}"),
        }
    }
}

impl<E: fmt::Debug> core::error::Error for Error<E> {}

impl<E: spi::Error> embedded_io::Error for Error<E> {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Idle => ErrorKind::TimedOut,
            Self::Length(_) => ErrorKind::InvalidData,
            Self::Bus(error) if error.kind() == spi::ErrorKind::Overrun => ErrorKind::InvalidData,
            Self::Bus(_) => ErrorKind::Other,
        }
    }
}

/// Times of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// What it needs between a command and its block, in nanoseconds.
    pub turn_ns: u32,
    /// How long to wait before it is asked again, in microseconds.
    pub poll_us: u32,
}

/// A peer on an SPI bus as an `embedded-io` line. `BLOCK` is what a poll reads, 2 to 256 bytes.
pub struct SpiLine<Device, Delay, const BLOCK: usize = 64> {
    device: Device,
    delay: Delay,
    pace: Pace,
    block: [u8; BLOCK],
    /// What of the block was not read yet.
    left: (usize, usize),
}

impl<Device: SpiDevice, Delay: DelayNs, const BLOCK: usize> SpiLine<Device, Delay, BLOCK> {
    /// The line to this peer.
    pub const fn new(device: Device, delay: Delay, pace: Pace) -> Self {
        const { assert!(BLOCK >= 2 && BLOCK <= 256, "a block has a length of one byte, and at least one byte") }
        Self { device, delay, pace, block: [0; BLOCK], left: (0, 0) }
    }

    /// Asks the peer once.
    fn poll(&mut self) -> Result<(), Error<Device::Error>> {
        let turn = Operation::DelayNs(self.pace.turn_ns);
        let mut poll = [Operation::Write(&[POLL]), turn, Operation::Read(&mut self.block)];
        let asked = self.device.transaction(&mut poll).map_err(Error::Bus);
        let length = self.block.first().copied().unwrap_or(0);
        let error = match asked {
            Ok(()) if length == 0 => Error::Idle,
            Ok(()) if usize::from(length) < BLOCK => {
                self.left = (1, 1 + usize::from(length));
                return Ok(());
            }
            Ok(()) => Error::Length(length),
            Err(error) => error,
        };
        self.delay.delay_us(self.pace.poll_us);
        Err(error)
    }
}

impl<Device: SpiDevice, Delay, const BLOCK: usize> ErrorType for SpiLine<Device, Delay, BLOCK> {
    type Error = Error<Device::Error>;
}

impl<Device: SpiDevice, Delay: DelayNs, const BLOCK: usize> Read for SpiLine<Device, Delay, BLOCK> {
    /// Asks at most once: [`Error::Idle`] if there is nothing.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Self::Error> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if self.left.0 == self.left.1 {
            self.poll()?;
        }
        let left = self.block.get(self.left.0..self.left.1).unwrap_or_default();
        let count = left.len().min(buffer.len());
        buffer.iter_mut().zip(left).for_each(|(slot, byte)| *slot = *byte);
        self.left.0 += count;
        Ok(count)
    }
}

impl<Device: SpiDevice, Delay: DelayNs, const BLOCK: usize> Write for SpiLine<Device, Delay, BLOCK> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Self::Error> {
        let Some(bytes) = bytes.chunks(u8::MAX.into()).next() else { return Ok(0) };
        let mut send = [Operation::Write(&[SEND, bytes.len() as u8]), Operation::Write(bytes)];
        self.device.transaction(&mut send).map_err(Error::Bus)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        self.device.transaction(&mut []).map_err(Error::Bus)
    }
}

#[cfg(test)]
mod tests;
