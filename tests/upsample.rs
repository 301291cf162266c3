//! Ids from coarse scores against PyTorch's `interpolate` and `argmax` (`vectors/upsample.py` ran them).

use segmeter_core::upsample::{Interpolation, Upsampling};
use segmeter_core::view::{Encoding, Shape};
use segmeter_tests::vectors;
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    interpolation: String,
    /// Classes, height, width.
    shape: [usize; 3],
    factor: usize,
    codes: Vec<i8>,
    ids: String,
    ties: String,
}

#[test]
fn ids_are_those_of_pytorch_but_for_ties() {
    let (mut compared, mut tied) = (0, 0);
    for case in vectors::<Vectors>("upsample.json").cases {
        let [classes, height, width] = case.shape;
        let interpolation =
            Interpolation::ALL.into_iter().find(|by| by.name() == case.interpolation).unwrap();
        let shape = Shape::new(height as u32, width as u32).unwrap();
        let upsampling = Upsampling::new(shape, classes, case.factor, interpolation).unwrap();
        let mut scratch = vec![0; upsampling.scratch_len()];
        let mut rows = upsampling.rows(Encoding::Signed, &mut scratch).unwrap();
        let mut ids: Vec<u8> = Vec::new();
        for row in 0..height {
            rows.push_planar(&case.codes[row * width..], height * width).unwrap();
            while let Some(row) = rows.next_row() {
                ids.extend(row);
            }
        }
        assert_eq!(ids.len(), case.ids.len());
        for (pixel, ((found, expected), tie)) in
            ids.iter().zip(case.ids.bytes()).zip(case.ties.bytes()).enumerate()
        {
            if tie == b'1' {
                tied += 1;
            } else {
                compared += 1;
                assert_eq!(found + b'0', expected, "{} x{}, pixel {pixel}", case.interpolation, case.factor);
            }
        }
    }
    assert!(compared > 20_000 && tied < compared / 20, "{compared} compared, {tied} tied");
}
