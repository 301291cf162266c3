//! Any bytes as a table of ids or colours, and as an archive of one array: refused with one line, or read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use segmeter::files::{Colours, IdMap, npy, npz};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let errors = [IdMap::of_table("fuzz", text).err(), Colours::of_table("fuzz", text).err()];
        for error in errors.into_iter().flatten() {
            assert_eq!(error.to_string().lines().count(), 1);
        }
    }
    if let Ok(array) = npz::only(bytes).and_then(|bytes| npy::read_exact(&bytes)) {
        assert_eq!(array.shape.iter().product::<usize>(), array.elements.len());
    }
});
