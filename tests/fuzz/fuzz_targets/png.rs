//! Any bytes as PNG: refused, or one class id for each pixel.
#![no_main]

use libfuzzer_sys::fuzz_target;
use segmeter::files::png;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(array) = png::read(bytes) {
        assert_eq!(array.shape.iter().product::<usize>(), array.elements.len());
    }
});
