//! The profile of a drift monitor as a file: the record that firmware embeds or receives
//! ([`Profile::write`]: little-endian, with magic, version, length and CRC-32). `segmeter profile --show` reads it to people.

use std::io::{self, Write};

use segmeter_core::Error as Core;
use segmeter_core::drift::{Identity, Profile};

use super::{Error, Result};

/// Reads a profile and checks all of it.
///
/// # Errors
/// If it is not such a file, has another version, was changed, or holds a value out of range; or if it is of several classes.
pub fn read(bytes: &[u8]) -> Result<Profile> {
    let mut profiles = read_all(bytes)?;
    match (profiles.pop(), profiles.len()) {
        (Some(profile), 0) => Ok(profile),
        (_, others) => {
            let found = others + 1;
            Err(Error::new(format_args!(
                "found a profile of {found} classes, expected one of one score per pixel"
            )))
        }
    }
}

/// Reads the profiles of all classes that are watched: one behind the other, in the order of their numbers.
///
/// # Errors
/// As [`read`], or if two of them are not of one network.
pub fn read_all(bytes: &[u8]) -> Result<Vec<Profile>> {
    let length = Profile::RECORD_LEN;
    let named = |e: Core| match e {
        Core::Parameter("magic") => Error::new("not a profile: learn one with `segmeter profile`"),
        Core::Parameter("version") => Error::new("found a profile of another version: learn it again"),
        Core::Parameter("length") => Error::new(format_args!(
            "found {} bytes, expected the {length} of a profile, or of several classes a multiple of them",
            bytes.len()
        )),
        Core::Parameter("crc") => Error::new(
            "found another checksum than expected: the profile was changed or damaged, learn it again",
        ),
        e => Error::new(format_args!("{e}: learn the profile again")),
    };
    // A file that ends too soon has a last record that does.
    let records = bytes.chunks(length);
    let profiles: Vec<Profile> =
        records.map(|record| Profile::read(record).map_err(named)).collect::<Result<_>>()?;
    let Some(first) = profiles.first() else { return Err(named(Core::Parameter("length"))) };
    let of_network = |profile: &Profile| Identity { class: 0, frames: 0, ..profile.identity };
    let is_one = profiles.windows(2).all(|pair| {
        let [a, b] = pair else { return true };
        of_network(a) == of_network(b) && a.identity.class < b.identity.class && a.quantiser == b.quantiser
    });
    if !is_one || profiles.len() > usize::from(first.identity.classes.max(1)) {
        return Err(Error::new(
            "found profiles that are not of the classes of one network: learn them again",
        ));
    }
    Ok(profiles)
}

/// Writes the profiles of all classes that are watched, or the one of a network of one score per pixel.
///
/// # Errors
/// If writing fails.
pub fn write<'a>(mut out: impl Write, profiles: impl IntoIterator<Item = &'a Profile>) -> io::Result<()> {
    for profile in profiles {
        let mut record = [0; Profile::RECORD_LEN];
        profile.write(&mut record).map_err(io::Error::other)?;
        out.write_all(&record)?;
    }
    Ok(())
}
