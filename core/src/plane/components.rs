//! The connected components of a mask, numbered.

use crate::error::{Error, Result};
use crate::view::Shape;

/// Which pixels touch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Connectivity {
    /// Foreground by its sides, background by sides and corners.
    #[default]
    Four,
    /// Foreground by sides and corners, background by its sides.
    Eight,
}

/// Writes the number of its component for every pixel for which `set` holds, 0 for the others; says how many there are.
///
/// Components are numbered from 1 in the order of their first pixels, row by row. Two passes, `set` is asked once per
/// pixel; no scratch: until the second pass `out` is a union-find whose trees point to earlier pixels.
///
/// # Errors
/// [`Error::Length`] if `out` does not hold one element per pixel.
///
/// ```
/// use segmeter_core::{plane::components::{self, Connectivity}, view::Shape};
/// let mask = b"#.##..##";
/// let mut out = [0; 8];
/// let set = |pixel: usize| mask[pixel] == b'#';
/// assert_eq!(components::label(Shape::new(2, 4)?, set, Connectivity::Four, &mut out)?, 2);
/// assert_eq!(out, [1, 0, 2, 2, 0, 0, 2, 2]);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
pub fn label(
    shape: Shape,
    set: impl Fn(usize) -> bool,
    connectivity: Connectivity,
    out: &mut [u32],
) -> Result<u32> {
    const NONE: u32 = u32::MAX;
    let (expected, found) = (shape.pixels(), out.len());
    if expected != found {
        return Err(Error::Length { expected, found });
    }
    let width = shape.width().max(1);
    for pixel in 0..expected {
        let column = pixel % width;
        if !set(pixel) {
            write(out, pixel, NONE);
            continue;
        }
        let corners = connectivity == Connectivity::Eight;
        let earlier = [
            (column > 0, 1),
            (pixel >= width, width),
            (corners && pixel >= width && column > 0, width + 1),
            (corners && pixel >= width && column + 1 < width, width.wrapping_sub(1)),
        ];
        let mut root = pixel;
        for (_, back) in earlier.into_iter().filter(|(there, _)| *there) {
            let neighbour = pixel.wrapping_sub(back);
            if read(out, neighbour) == NONE {
                continue;
            }
            let other = find(out, neighbour);
            // The earlier of two roots stays one.
            let (first, last) = (root.min(other), root.max(other));
            write(out, last, first as u32);
            root = first;
        }
        write(out, pixel, root as u32);
    }
    // What a pixel points to lies before it, and is a number already.
    let mut count = 0;
    for pixel in 0..expected {
        let number = match read(out, pixel) {
            NONE => 0,
            parent if parent as usize == pixel => {
                count += 1;
                count
            }
            parent => read(out, parent as usize),
        };
        write(out, pixel, number);
    }
    Ok(count)
}

/// The first pixel of the tree of a pixel; halves the way there. Every step leads to an earlier pixel.
fn find(out: &mut [u32], mut pixel: usize) -> usize {
    loop {
        let parent = read(out, pixel) as usize;
        if parent >= pixel {
            return pixel;
        }
        let next = read(out, parent);
        write(out, pixel, next);
        pixel = parent;
    }
}

fn read(out: &[u32], pixel: usize) -> u32 {
    out.get(pixel).copied().unwrap_or(u32::MAX)
}

fn write(out: &mut [u32], pixel: usize, value: u32) {
    if let Some(slot) = out.get_mut(pixel) {
        *slot = value;
    }
}
