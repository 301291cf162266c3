//! Rows of 8-bit outputs as a device gets them: one increment per pixel, and after the last row losses, counts and
//! label-free statistics of the frame. Nothing is allocated, and no frame exists.
//!
//! ```sh
//! cargo run -p segmeter-core --example device_rows
//! ```
#![allow(clippy::float_cmp, reason = "the same bits everywhere")]

use segmeter_core::drift::Statistics;
use segmeter_core::loss::LovaszHinge;
use segmeter_core::metric::{Confusion, threshold};
use segmeter_core::prelude::*;

const WIDTH: usize = 16;

/// What the network says of a row: more road towards the bottom, and codes that scatter at its edge.
fn codes(row: usize) -> [i8; WIDTH] {
    std::array::from_fn(|column| {
        let inside = row as i32 - column.abs_diff(8) as i32;
        (10 * inside + (37 * column + 11 * row) as i32 % 41 - 5) as i8
    })
}

/// The labels of a row; the bonnet at the bottom is not scored.
fn labels(row: usize) -> [u8; WIDTH] {
    std::array::from_fn(|column| if row == 9 { IGNORE } else { u8::from(column.abs_diff(8) <= row) })
}

fn main() -> Result<()> {
    // Made once: what the codes mean, the table of their probabilities, the histogram. 8 KiB that stay.
    let quantiser = Quantiser::logits(Encoding::Signed, 0.1, 15)?;
    let table = SigmoidTable::new(&quantiser);
    let mut sketch = Sketch::<u32>::new(&quantiser);

    for row in 0..10 {
        sketch.push_row(&codes(row), &labels(row));
    }

    let cross_entropy = CrossEntropy::MEAN.sketch_value(&sketch, &table)?.value;
    let dice = Dice::new(Smooth::ONE).sketch_value(&sketch, &table)?.value;
    let lovasz = LovaszHinge.sketch_value(&sketch, &table)?.value;
    println!("cross_entropy {cross_entropy}, dice {dice}, lovasz_hinge {lovasz}");

    let road = Confusion::of_sketch(&sketch, &table).class(1);
    let (iou, auroc) = (road.iou(), threshold::auroc(&sketch));
    println!("iou {}/{}, auroc {auroc:?}", iou.numerator, iou.denominator);

    // Of all pixels, with and without labels: what drift is watched by.
    let statistics = Statistics::new(&sketch, &table).expect("a frame with pixels");
    let (share, entropy) = (statistics.road_fraction.to_f32(), statistics.mean_entropy.to_f32());
    println!("road {share}, entropy {entropy}");

    assert_eq!([cross_entropy, dice, lovasz], [0.24324498, 0.15929328, 0.4322362]);
    assert_eq!((iou.numerator, iou.denominator, auroc), (67, 84, Some(0.9720703125)));
    assert_eq!([share, entropy], [0.54374695, 0.28442383]); // in steps of 2^-16
    Ok(())
}
