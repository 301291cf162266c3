//! The edge between classes: pixels with a 4-neighbour of another class.
//!
//! Ids come from a closure, so that binary and multiclass labels, thresholded probabilities and predictions
//! share one rule. [`IGNORE`] stands for a pixel without a label: it is never on an edge, and a pixel beside
//! it is not on an edge for that. Neither is a pixel on the frame's border: nothing is known of what lies
//! outside.

use crate::view::{IGNORE, Shape};

/// Whether a pixel has a class, and one of its four neighbours another.
///
/// ```
/// use segmeter_core::{plane::edge, view::{IGNORE, Shape}};
/// let shape = Shape::new(2, 3)?;
/// let ids = |pixel: usize| [1, 1, 0, 1, IGNORE, 0][pixel];
/// let edge = [0, 1, 2, 3, 4, 5].map(|pixel| edge::at(shape, &ids, pixel));
/// assert_eq!(edge, [false, true, true, false, false, false]);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[must_use]
pub fn at(shape: Shape, ids: &impl Fn(usize) -> u8, pixel: usize) -> bool {
    let width = shape.width().max(1);
    let column = pixel % width;
    let neighbours = [
        (column > 0).then(|| pixel - 1),
        (column + 1 < width).then(|| pixel + 1),
        pixel.checked_sub(width),
        Some(pixel.saturating_add(width)).filter(|below| *below < shape.pixels()),
    ];
    let own = ids(pixel);
    own != IGNORE && neighbours.into_iter().flatten().any(|neighbour| differs(own, ids(neighbour)))
}

/// Calls `visit` for every pixel in row order with its id and whether it is on an edge.
///
/// `ids` is asked three times per pixel.
///
/// ```
/// use segmeter_core::{plane::edge, view::Shape};
/// let shape = Shape::new(3, 4)?;
/// let ids = |pixel: usize| u8::from(pixel % 4 < 3);
/// let mut edge_pixels = [0; 2];
/// edge::visit(shape, ids, |_pixel, id, edge| edge_pixels[usize::from(id)] += u32::from(edge));
/// assert_eq!(edge_pixels, [3, 3]);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
pub fn visit(shape: Shape, ids: impl Fn(usize) -> u8, mut visit: impl FnMut(usize, u8, bool)) {
    let (width, pixels) = (shape.width(), shape.pixels());
    let id = |pixel: usize, inside: bool| if inside { ids(pixel) } else { IGNORE };
    for row in 0..shape.height() {
        let first = row * width;
        let (mut left, mut own) = (IGNORE, ids(first));
        for pixel in first..first + width {
            let right = id(pixel + 1, pixel + 1 < first + width);
            let above = id(pixel.wrapping_sub(width), row > 0);
            let below = id(pixel.saturating_add(width), pixels - pixel > width);
            let edge =
                own != IGNORE && [left, right, above, below].into_iter().any(|other| differs(own, other));
            visit(pixel, own, edge);
            (left, own) = (own, right);
        }
    }
}

#[inline(always)]
fn differs(own: u8, other: u8) -> bool {
    other != own && other != IGNORE
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use super::*;

    /// Every 3x3 map of two classes and ignored pixels: both functions agree with the definition.
    #[test]
    fn agrees_with_the_definition() {
        let shape = Shape::new(3, 3).unwrap();
        for code in 0..19_683_u32 {
            let ids = |pixel: usize| [0, 1, IGNORE][(code / 3_u32.pow(pixel as u32) % 3) as usize];
            visit(shape, ids, |pixel, id, edge| {
                assert_eq!(id, ids(pixel));
                let near =
                    |other: usize| (other / 3).abs_diff(pixel / 3) + (other % 3).abs_diff(pixel % 3) == 1;
                let expected = id != IGNORE && (0..9).any(|other| near(other) && ids(other) == 1 - id.min(1));
                assert_eq!(edge, expected, "{code} {pixel}");
                assert_eq!(at(shape, &ids, pixel), expected);
            });
        }
    }
}
