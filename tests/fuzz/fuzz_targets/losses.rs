//! Any loss of the catalogue with any parameters in their ranges on any small frame: no NaN, and nothing infinite unless a
//! number was huge.
#![no_main]

use libfuzzer_sys::fuzz_target;
use segmeter_fuzz::frames::check;

fuzz_target!(|bytes: &[u8]| {
    if let Err(wrong) = check(bytes) {
        panic!("{wrong}");
    }
});
