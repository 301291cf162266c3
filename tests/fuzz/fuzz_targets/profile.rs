//! Any bytes as profiles: refused, or some that pass their own checks and survive being written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use segmeter::files::profile;
use segmeter_fuzz::seal;

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = bytes.to_vec();
    // A fuzzer does not guess checksums.
    seal(&mut bytes);
    let Ok(read) = profile::read_all(&bytes) else { return };
    assert!(!read.is_empty() && read.iter().all(|profile| profile.check().is_ok()));
    let mut written = Vec::new();
    profile::write(&mut written, &read).expect("memory takes all");
    assert_eq!(profile::read_all(&written).expect("what is written can be read"), read);
});
