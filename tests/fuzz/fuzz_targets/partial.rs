//! Any bytes as the state of an evaluation: refused, or one that is written as it was read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use segmeter::files::partial;
use segmeter_fuzz::seal;

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = bytes.to_vec();
    // A fuzzer does not guess lengths and checksums: those of a head of 18 bytes and a seal of 4.
    let length = (bytes.len() as u64).saturating_sub(22).to_le_bytes();
    bytes.iter_mut().skip(10).zip(length).for_each(|(slot, byte)| *slot = byte);
    seal(&mut bytes);
    let Ok(read) = partial::read(&bytes) else { return };
    let mut written = Vec::new();
    partial::write(&mut written, &read).expect("memory takes all");
    let again = partial::read(&written).expect("what is written can be read");
    let mut twice = Vec::new();
    partial::write(&mut twice, &again).expect("memory takes all");
    // By bytes: a score may be no number.
    assert_eq!(written, twice);
});
