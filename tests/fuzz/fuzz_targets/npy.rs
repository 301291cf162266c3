//! Any bytes as `.npy`: refused, or as many numbers as the axes say, and the same again when written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use segmeter::files::{Elements, npy};

fuzz_target!(|bytes: &[u8]| {
    let Ok(array) = npy::read(bytes) else { return };
    assert_eq!(array.shape.iter().product::<usize>(), array.elements.len());
    if let Elements::F32(values) = &array.elements {
        let mut written = Vec::new();
        npy::write_f32(&mut written, &array.shape, values).expect("memory takes all");
        let again = npy::read(&written).expect("what is written can be read");
        let Elements::F32(same) = &again.elements else { panic!("written as f32") };
        assert_eq!(again.shape, array.shape);
        assert!(values.iter().map(|value| value.to_bits()).eq(same.iter().map(|value| value.to_bits())));
    }
});
