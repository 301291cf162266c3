//! The profile of a drift monitor as a file: the record that firmware embeds or receives
//! ([`Profile::write`]: little-endian, with magic, version, length and CRC-32). `segmeter profile --show` reads it to people.

use std::io::{self, Write};

use segmeter_core::Error as Core;
use segmeter_core::drift::Profile;

use super::{Error, Result};

/// Reads a profile and checks all of it.
///
/// # Errors
/// If it is not such a file, has another version, was changed, or holds a value out of range.
pub fn read(bytes: &[u8]) -> Result<Profile> {
    let length = Profile::RECORD_LEN;
    let profile = Profile::read(bytes).map_err(|e| match e {
        Core::Parameter("magic") => Error::new("not a profile: learn one with `segmeter profile`"),
        Core::Parameter("version") => Error::new("found a profile of another version: learn it again"),
        Core::Parameter("length") => {
            Error::new(format_args!("found {} bytes, expected the {length} of a profile", bytes.len()))
        }
        Core::Parameter("crc") => Error::new(
            "found another checksum than expected: the profile was changed or damaged, learn it again",
        ),
        e => Error::new(format_args!("{e}: learn the profile again")),
    })?;
    if bytes.len() != length {
        return Err(Error::new(format_args!(
            "found {} bytes, expected the {length} of a profile",
            bytes.len()
        )));
    }
    Ok(profile)
}

/// Writes a profile.
///
/// # Errors
/// If writing fails.
pub fn write(mut out: impl Write, profile: &Profile) -> io::Result<()> {
    let mut record = [0; Profile::RECORD_LEN];
    profile.write(&mut record).map_err(io::Error::other)?;
    out.write_all(&record)
}
