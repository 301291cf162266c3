//! Any bytes as PNG, BMP and TIFF: refused, or one class id for each pixel; of colours as well.
#![no_main]

use libfuzzer_sys::fuzz_target;
use segmeter::files::{Colours, png, raster};

fuzz_target!(|bytes: &[u8]| {
    let colours = Colours::new("voc").expect("voc is known");
    for colours in [None, Some(&colours)] {
        for read in [png::read, raster::read_bmp, raster::read_tiff] {
            if let Ok(array) = read(bytes, colours) {
                assert_eq!(array.shape.iter().product::<usize>(), array.elements.len());
            }
        }
    }
});
