//! Records: plain values as little-endian bytes, the same on every machine, sealed by a CRC-32.
//!
//! ```text
//! magic u32 | version u16 | length u16 | fields ... | crc32 of all before it
//! ```

use crate::error::{Error, Result};
use crate::num::Q16;

/// The checksum of zlib.
const CRC: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);

/// The CRC-32 of zlib.
pub(super) fn checksum(bytes: &[u8]) -> u32 {
    CRC.checksum(bytes)
}

/// A value with one byte pattern of fixed length. It is read where it stays: a device's stack has no room for copies of a
/// profile.
pub(super) trait Field {
    /// Its bytes.
    const LEN: usize;
    /// Writes it; what does not fit is left out.
    fn put(&self, to: &mut Writer<'_>);
    /// Becomes what is read; after an error it is neither what it was nor what was to be read.
    ///
    /// # Errors
    /// [`Error::Parameter`] for bytes that no such value has.
    fn read(&mut self, from: &mut Reader<'_>) -> Result<()>;
}

/// Bytes yet to be written.
pub(super) struct Writer<'a> {
    room: &'a mut [u8],
    at: usize,
}

impl<'a> Writer<'a> {
    pub(super) const fn new(room: &'a mut [u8]) -> Self {
        Self { room, at: 0 }
    }

    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        if let Some(slot) = self.room.get_mut(self.at..).and_then(|rest| rest.first_chunk_mut()) {
            *slot = bytes;
        }
        self.at += N;
    }
}

/// Bytes yet to be read.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(Error::Parameter("length"))?;
        self.0 = rest;
        Ok(*bytes)
    }
}

macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl Field for $integer {
            const LEN: usize = size_of::<Self>();
            fn put(&self, to: &mut Writer<'_>) {
                to.put(self.to_le_bytes());
            }
            fn read(&mut self, from: &mut Reader<'_>) -> Result<()> {
                *self = Self::from_le_bytes(from.take()?);
                Ok(())
            }
        }
    )*};
}
integers!(u8, u16, u32, u64, u128, i16, i32, i64);

impl Field for bool {
    const LEN: usize = 1;
    fn put(&self, to: &mut Writer<'_>) {
        u8::from(*self).put(to);
    }
    fn read(&mut self, from: &mut Reader<'_>) -> Result<()> {
        *self = match from.take()? {
            [0] => false,
            [1] => true,
            _ => return Err(Error::Parameter("flag")),
        };
        Ok(())
    }
}

impl Field for Q16 {
    const LEN: usize = 4;
    fn put(&self, to: &mut Writer<'_>) {
        self.raw().put(to);
    }
    fn read(&mut self, from: &mut Reader<'_>) -> Result<()> {
        *self = Self::from_raw(i32::from_le_bytes(from.take()?));
        Ok(())
    }
}

impl<T: Field, const N: usize> Field for [T; N] {
    const LEN: usize = N * T::LEN;
    fn put(&self, to: &mut Writer<'_>) {
        self.iter().for_each(|field| field.put(to));
    }
    fn read(&mut self, from: &mut Reader<'_>) -> Result<()> {
        self.iter_mut().try_for_each(|field| field.read(from))
    }
}

/// A struct that is recorded as the sequence of its fields.
macro_rules! record {
    (
        $(#[$about:meta])*
        $public:vis struct $record:ident { $($(#[$of:meta])* $open:vis $field:ident: $kind:ty),* $(,)? }
    ) => {
        $(#[$about])*
        $public struct $record {
            $($(#[$of])* $open $field: $kind,)*
        }

        impl $crate::drift::record::Field for $record {
            const LEN: usize = 0 $(+ <$kind as $crate::drift::record::Field>::LEN)*;
            fn put(&self, to: &mut $crate::drift::record::Writer<'_>) {
                $($crate::drift::record::Field::put(&self.$field, to);)*
            }
            fn read(&mut self, from: &mut $crate::drift::record::Reader<'_>) -> $crate::error::Result<()> {
                $($crate::drift::record::Field::read(&mut self.$field, from)?;)*
                Ok(())
            }
        }
    };
}
pub(super) use record;

/// What a record says it is.
pub(super) struct Kind {
    pub(super) magic: [u8; 4],
    pub(super) version: u16,
}

/// Bytes of magic, version and length before the fields, and of the CRC after them.
pub(super) const FRAME: usize = 12;

impl Kind {
    /// Writes a record.
    ///
    /// # Errors
    /// [`Error::Length`] if `room` is not as long as the record.
    pub(super) fn write<T: Field>(&self, fields: &T, room: &mut [u8]) -> Result<()> {
        let expected = T::LEN + FRAME;
        let found = room.len();
        let (body, seal) = room.split_last_chunk_mut().ok_or(Error::Length { expected, found })?;
        if found != expected {
            return Err(Error::Length { expected, found });
        }
        let mut to = Writer::new(body);
        to.put(self.magic);
        self.version.put(&mut to);
        (expected as u16).put(&mut to);
        fields.put(&mut to);
        *seal = checksum(body).to_le_bytes();
        Ok(())
    }

    /// Reads a record, whose bytes may be followed by others.
    ///
    /// # Errors
    /// [`Error::Parameter`] names what is wrong: `magic`, `version`, `length`, `crc`, or a field.
    pub(super) fn read<T: Field>(&self, bytes: &[u8], into: &mut T) -> Result<()> {
        into.read(&mut self.open::<T>(bytes)?)
    }

    /// The fields of a record that is whole.
    pub(super) fn open<'a, T: Field>(&self, bytes: &'a [u8]) -> Result<Reader<'a>> {
        let mut from = Reader::new(bytes);
        if from.take()? != self.magic {
            return Err(Error::Parameter("magic"));
        }
        if from.take()? != self.version.to_le_bytes() {
            return Err(Error::Parameter("version"));
        }
        let length = T::LEN + FRAME;
        if usize::from(u16::from_le_bytes(from.take()?)) != length {
            return Err(Error::Parameter("length"));
        }
        let record = bytes.get(..length).ok_or(Error::Parameter("length"))?;
        let (body, seal) = record.split_last_chunk().ok_or(Error::Parameter("length"))?;
        if checksum(body).to_le_bytes() != *seal {
            return Err(Error::Parameter("crc"));
        }
        Ok(from)
    }
}
