//! Any bytes and sides as bare numbers and packed bits: refused, or one number for each pixel.
#![no_main]

use libfuzzer_sys::fuzz_target;
use segmeter::core::view::Shape;
use segmeter::files::bin::{self, Type};

fuzz_target!(|input: (u16, u16, u8, &[u8])| {
    let (height, width, count, bytes) = input;
    let axes = [usize::from(count), usize::from(height), usize::from(width)];
    for kind in [Type::F32, Type::I8, Type::U8, Type::Bits] {
        if let Ok(array) = bin::read(bytes, &axes, kind) {
            assert_eq!(array.elements.len(), axes.iter().product::<usize>());
        }
    }
    let Ok(shape) = Shape::new(u32::from(height), u32::from(width)) else { return };
    if let Ok((images, ids)) = bin::read_masks(bytes, shape, &[usize::from(count), 1]) {
        assert_eq!(ids.len(), images * shape.pixels());
    }
});
