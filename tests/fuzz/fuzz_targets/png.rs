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
    let Some(mut rows) = png::Rows::new(bytes) else { return };
    let mut ids = Vec::new();
    while let Some(row) = rows.next_row() {
        ids.extend_from_slice(row);
    }
    if ids.len() == rows.shape().pixels() && rows.is_whole() {
        let whole = png::read(bytes, None).expect("rows are those of an image");
        assert_eq!(whole.elements.bytes(), Some(ids));
    }
});
