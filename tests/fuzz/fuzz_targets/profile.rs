//! Any bytes as a profile: refused, or one that passes its own checks and survives being written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use segmeter::core::drift::Profile;
use segmeter::files::{Result, profile};

fuzz_target!(|bytes: &[u8]| {
    let Ok(read) = with_right_checksum(bytes) else { return };
    assert!(read.check().is_ok());
    let mut written = Vec::new();
    profile::write(&mut written, &read, 1).expect("memory takes all");
    assert_eq!(profile::read(&written).expect("what is written can be read"), read);
});

/// A fuzzer does not guess checksums: the refusal names the right one, and what is behind it is tried too.
fn with_right_checksum(bytes: &[u8]) -> Result<Profile> {
    let first = profile::read(bytes);
    let line = first.as_ref().err().map(ToString::to_string).unwrap_or_default();
    let sums = line.strip_prefix("found CRC-32 ").and_then(|rest| rest.split_once(", expected "));
    let Some((right, rest)) = sums else { return first };
    let wrong = rest.split(':').next().unwrap_or_default();
    if wrong.is_empty() {
        return first;
    }
    profile::read(String::from_utf8_lossy(bytes).replace(wrong, right).as_bytes())
}
