//! The monitor's memory as a record that survives a cut of the power.

use super::Monitor;
use super::record::{FRAME, Field, Kind, record};
use crate::error::Result;

const KIND: Kind = Kind { magic: *b"SEGM", version: 1 };

record! {
    /// What is kept of a monitor: of several records the newest that is whole counts, if it was made with the profile at hand.
    /// A record that is cut short, damaged, of another version or of another profile is never reinterpreted.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Snapshot {
        /// Rises by one with every record; it may wrap.
        pub sequence: u32,
        /// [`super::Profile::fingerprint`] of the profile that the monitor works with.
        pub profile: u32,
        /// The monitor.
        pub monitor: Monitor,
    }
}

impl Snapshot {
    /// Bytes of a record.
    pub const LEN: usize = <Self as Field>::LEN + FRAME;

    /// Writes the record: little-endian, with magic, version, length and CRC-32.
    ///
    /// # Errors
    /// [`crate::Error::Length`] unless `room` has [`Snapshot::LEN`] bytes.
    pub fn write(&self, room: &mut [u8]) -> Result<()> {
        KIND.write(self, room)
    }

    /// Reads a record.
    ///
    /// # Errors
    /// [`crate::Error::Parameter`] names what is wrong: `magic`, `version`, `length`, `crc`, or a value.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let mut snapshot = Self { sequence: 0, profile: 0, monitor: Monitor::new() };
        KIND.read(bytes, &mut snapshot)?;
        Ok(snapshot)
    }

    /// Whether this one was written after the other, across a wrap of the sequence as well.
    #[must_use]
    pub const fn is_newer(&self, than: &Self) -> bool {
        let ahead = self.sequence.wrapping_sub(than.sequence);
        ahead != 0 && ahead < 1 << 31
    }
}
