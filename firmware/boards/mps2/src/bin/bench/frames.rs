//! The frames that are measured: a real one (`tests/data/demo/flash`, frame 100 of the pack's list), and what is made of
//! its rows.

use core::ops::Range;

use segmeter_core::Result;
use segmeter_core::sketch::GradientTable;
use segmeter_core::view::{Encoding, Quantiser};

pub(crate) const HEIGHT: usize = 120;
pub(crate) const WIDTH: usize = 160;
pub(crate) const PIXELS: usize = HEIGHT * WIDTH;
/// Rows that the float kernels get: both classes, a contour between them, and room for everything beside them.
pub(crate) const FLOAT_ROWS: usize = 24;
pub(crate) const FLOATS: usize = FLOAT_ROWS * WIDTH;
pub(crate) const FLOAT_RANGE: Range<usize> = 54 * WIDTH..54 * WIDTH + FLOATS;
pub(crate) const CLASSES: usize = 4;
/// The erosions need 16 words per pixel, the sort of the Lovász losses 6144.
pub(crate) const SCRATCH: usize = 16 * FLOATS + 6144;

pub(crate) static CODES_OF_FRAME: [u8; PIXELS] =
    first(include_bytes!("../../../../../../tests/data/demo/flash/road_i8.bin"));
pub(crate) static MASK: [u8; PIXELS / 8] =
    first(include_bytes!("../../../../../../tests/data/demo/flash/reference_bits.bin"));

/// The first bytes of a file; the rest of it does not reach the image.
const fn first<const N: usize>(file: &[u8]) -> [u8; N] {
    match file.first_chunk() {
        Some(bytes) => *bytes,
        None => panic!("the file is too short"),
    }
}

/// What the codes mean.
pub(crate) fn quantiser() -> Result<Quantiser> {
    Quantiser::logits(Encoding::Signed, 0.101_869_74, 15)
}

/// Writes the ids of the mask.
pub(crate) fn write_ids(ids: &mut [u8]) {
    for (id, bit) in ids.iter_mut().zip(segmeter_core::view::bits(&MASK)) {
        *id = bit.into();
    }
}

/// Four classes of a binary frame: background and foreground, left and right.
pub(crate) fn four_classes(logits: &[f32], ids: &[u8], scores: &mut [f32], classes: &mut [u8]) {
    let right = |pixel: usize| pixel % WIDTH >= WIDTH / 2;
    for (pixel, (class, id)) in classes.iter_mut().zip(ids).enumerate() {
        *class = *id + 2 * u8::from(right(pixel));
    }
    for (class, plane) in scores.chunks_mut(FLOATS).enumerate() {
        for (pixel, (score, logit)) in plane.iter_mut().zip(logits).enumerate() {
            let side = if right(pixel) == (class >= 2) { 2.0 } else { -2.0 };
            *score = side + if class % 2 == 1 { *logit } else { -*logit };
        }
    }
}

/// What identifies numbers to the last bit: FNV-1a over the bytes of their patterns.
pub(crate) fn digest(numbers: impl IntoIterator<Item = f32>) -> u64 {
    let bytes = numbers.into_iter().flat_map(|number| number.to_bits().to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// The same of a table of slopes.
pub(crate) fn digest_of_table(table: &GradientTable) -> u64 {
    digest([0, 1].into_iter().flat_map(|label| (0..=u8::MAX).map(move |index| table.at(label, index))))
}
