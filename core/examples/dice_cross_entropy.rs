//! Dice and cross-entropy with their gradient on a batch of frames of 19 classes: the mean over the frames.
//!
//! ```sh
//! cargo run -p segmeter-core --example dice_cross_entropy
//! ```
#![allow(clippy::float_cmp, reason = "the same bits everywhere")]

use segmeter_core::loss::Serial;
use segmeter_core::prelude::*;
use segmeter_core::view::Layout;

const CLASSES: usize = 19;
const FRAMES: usize = 4;
const HEIGHT: usize = 8;
const WIDTH: usize = 12;
const PIXELS: usize = HEIGHT * WIDTH;

/// Tiles of classes; every eleventh pixel is not scored.
fn ids(frame: usize) -> [u8; PIXELS] {
    std::array::from_fn(|pixel| {
        let (row, column) = (pixel / WIDTH, pixel % WIDTH);
        if pixel % 11 == 5 { IGNORE } else { ((row / 2 * 4 + column / 3 + 3 * frame) % CLASSES) as u8 }
    })
}

/// Planes of logits from -1.375 to 1.375, and 2 more for the label of two pixels in three.
fn logits(frame: usize, ids: &[u8; PIXELS]) -> [f32; CLASSES * PIXELS] {
    std::array::from_fn(|place| {
        let (class, pixel) = (place / PIXELS, place % PIXELS);
        let noise = ((31 * frame + 17 * class + 7 * pixel + pixel * class) % 23) as f32 / 8.0 - 1.375;
        let is_seen = usize::from(ids[pixel]) == class && pixel % 3 != 0;
        noise + if is_seen { 2.0 } else { 0.0 }
    })
}

fn main() -> Result<()> {
    let shape = Shape::new(HEIGHT as u32, WIDTH as u32)?;
    let loss = Weighted::new(1.0, Dice::new(Smooth::ONE), 1.0, CrossEntropy::MEAN)?;
    let mut gradient = vec![0.0; FRAMES * CLASSES * PIXELS];
    let mut batch = 0.0;
    for (index, gradient) in gradient.chunks_mut(CLASSES * PIXELS).enumerate() {
        let ids = ids(index);
        let logits = logits(index, &ids);
        let frame = Frame::<CLASSES>::multiclass(shape, CLASSES, Layout::Planar, &logits, &ids, IGNORE)?;
        // Each frame counts a quarter, in the value as in the gradient.
        let share = 1.0 / FRAMES as f32;
        batch += share * loss.accumulate(&Serial::SCALAR, &frame, share, &mut [], Some(gradient))?.value;
    }
    let (place, largest) =
        gradient.iter().enumerate().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs())).expect("a gradient");
    let (frame, class, pixel) = (place / (CLASSES * PIXELS), place / PIXELS % CLASSES, place % PIXELS);
    println!("loss of the batch       {batch}");
    println!("largest gradient entry  {largest}, of class {class} at pixel {pixel} of frame {frame}");
    assert_eq!((batch, *largest), (2.8520648, -0.002876224));
    assert_eq!((frame, class, pixel), (3, 10, 15));
    Ok(())
}
