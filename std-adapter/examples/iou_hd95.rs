//! IoU and 95th percentile of the Hausdorff distance of two masks: from grey images of 0 and 255, and from arrays of ids.
//!
//! ```sh
//! cargo run -p segmeter --no-default-features --features images,ndarray --example iou_hd95
//! ```

use image::{GrayImage, Luma};
use ndarray::Array2;
use segmeter::convert;
use segmeter::core::metric::{Confusion, surface::Surface};
use segmeter::core::plane::Row;
use segmeter::core::view::{IGNORE, Shape};

const HEIGHT: u32 = 40;
const WIDTH: u32 = 60;

/// A disc.
fn is_label(row: u32, column: u32) -> bool {
    row.abs_diff(20).pow(2) + column.abs_diff(25).pow(2) <= 144
}

/// The disc two columns further, and a spur to its right.
fn is_predicted(row: u32, column: u32) -> bool {
    (column >= 2 && is_label(row, column - 2)) || (row.abs_diff(20) <= 1 && (30..46).contains(&column))
}

/// IoU, and HD95 as this project has it; others are named in `Surface`.
fn measure(shape: Shape, prediction: &[u8], label: &[u8]) -> Result<(f64, f64), Box<dyn std::error::Error>> {
    let mut confusion = Confusion::<2>::new(IGNORE);
    let mut scratch = vec![0; Surface::SEGMETER.scratch_len(shape)];
    let mut surface = Surface::SEGMETER.rows(shape, &mut scratch)?;
    for (prediction, label) in prediction.chunks(shape.width()).zip(label.chunks(shape.width())) {
        confusion.push_row(prediction, label)?;
        surface.push_row(&Row::Ids { prediction, label, class: 1, ignore: IGNORE })?;
    }
    let hd95 = surface.finish()?.percentile().and_then(|score| score.value());
    Ok((confusion.class(1).iou().value().ok_or("no mask")?, hd95.ok_or("no contour")?))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let grey = |is_road: fn(u32, u32) -> bool| {
        GrayImage::from_fn(WIDTH, HEIGHT, |column, row| Luma([if is_road(row, column) { 255 } else { 0 }]))
    };
    let [prediction, label] = [convert::mask(&grey(is_predicted))?, convert::mask(&grey(is_label))?];
    let of_images = measure(Shape::new(HEIGHT, WIDTH)?, &prediction, &label)?;
    println!("images: iou {}, hd95 {}", of_images.0, of_images.1);

    let array = |is_road: fn(u32, u32) -> bool| {
        let id = |(row, column)| u8::from(is_road(row as u32, column as u32));
        Array2::from_shape_fn((HEIGHT as usize, WIDTH as usize), id)
    };
    let [prediction, label] = [array(is_predicted), array(is_label)];
    let ((shape, prediction), (_, label)) =
        (convert::array_ids(prediction.view())?, convert::array_ids(label.view())?);
    let of_arrays = measure(shape, prediction, label)?;
    println!("arrays: iou {}, hd95 {}", of_arrays.0, of_arrays.1);

    assert_eq!((of_images, of_arrays), ((393.0 / 509.0, 50_f64.sqrt()), of_images));
    Ok(())
}
