//! The connected components of a mask, numbered.

use super::Bits;
use super::row::runs;
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

/// No component.
const NONE: u32 = u32::MAX;

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
    let (expected, found) = (shape.pixels(), out.len());
    if expected != found {
        return Err(Error::Length { expected, found });
    }
    let width = shape.width();
    let reach = usize::from(connectivity == Connectivity::Eight);
    for row in 0..shape.height() {
        let first = row * width;
        // Of the pixel before.
        let mut last = None;
        for (column, pixel) in (first..first + width).enumerate() {
            if !set(pixel) {
                write(out, pixel, NONE);
                last = None;
                continue;
            }
            let mut root = last.unwrap_or(pixel);
            if first > 0 {
                let above = pixel - width;
                // What touches the pixel before as well is of its component.
                let (from, seen) = match (last, reach) {
                    (None, _) => (above - reach.min(column), false),
                    (Some(_), 0) => (above, read(out, above - 1) != NONE),
                    (Some(_), _) => (above + 1, false),
                };
                for neighbour in from..=above + reach.min(width - 1 - column) {
                    if !seen && read(out, neighbour) != NONE {
                        root = unite(out, root, neighbour);
                    }
                }
            }
            write(out, pixel, root as u32);
            last = Some(root);
        }
    }
    Ok(number(out))
}

/// Pixels of a row that are set, one beside the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// The row.
    pub row: u32,
    /// The first column.
    pub start: u32,
    /// The first column past it.
    pub end: u32,
}

/// How many runs a mask has. One pass over its words.
#[must_use]
pub fn run_count(mask: &Bits<'_>) -> usize {
    (0..mask.shape().height()).map(|row| runs(mask.row(row)).count()).sum()
}

/// Writes the runs of a mask, row by row, and the number of the component of each; says how many components there are.
///
/// Numbers are those of [`label`]. The work goes with the words and the runs of the mask, not with its pixels.
///
/// # Errors
/// [`Error::Length`] if `out` or `numbers` do not hold one element per run.
///
/// ```
/// use segmeter_core::{plane::{Bits, components::{self, Connectivity, Run}}, view::Shape};
/// let mut words = [0; 2];
/// let mask = Bits::new(Shape::new(2, 4)?, &mut words, |pixel| b"#.##..##"[pixel] == b'#')?;
/// let (mut runs, mut numbers) = ([Run::default(); 3], [0; 3]);
/// assert_eq!(components::run_count(&mask), 3);
/// assert_eq!(components::label_runs(&mask, Connectivity::Four, &mut runs, &mut numbers)?, 2);
/// assert_eq!((runs[1], numbers), (Run { row: 0, start: 2, end: 4 }, [1, 2, 2]));
/// # Ok::<(), segmeter_core::Error>(())
/// ```
pub fn label_runs(
    mask: &Bits<'_>,
    connectivity: Connectivity,
    out: &mut [Run],
    numbers: &mut [u32],
) -> Result<u32> {
    let expected = run_count(mask);
    for found in [out.len(), numbers.len()] {
        if found != expected {
            return Err(Error::Length { expected, found });
        }
    }
    let reach = u32::from(connectivity == Connectivity::Eight);
    // Runs of the row before that may touch what comes.
    let (mut above, mut own) = (0, 0);
    for row in 0..mask.shape().height() {
        let first = own;
        for (start, end) in runs(mask.row(row)) {
            let run = Run { row: row as u32, start: start as u32, end: end as u32 };
            let mut root = own;
            while let Some(other) = out.get(above).copied().filter(|_| above < first) {
                if other.start >= run.end + reach {
                    break;
                }
                if other.end + reach > run.start {
                    root = unite(numbers, root, above);
                }
                // It may reach the run after this one.
                if other.end + reach > run.end {
                    break;
                }
                above += 1;
            }
            if let Some(slot) = out.get_mut(own) {
                *slot = run;
            }
            write(numbers, own, root as u32);
            own += 1;
        }
        above = first;
    }
    Ok(number(numbers))
}

/// Puts numbers from 1 in the place of roots, of those that point to them, and 0 where there is nothing; says how many there
/// are.
fn number(out: &mut [u32]) -> u32 {
    let mut count = 0;
    for place in 0..out.len() {
        // What a place points to lies before it, and is a number already.
        let number = match read(out, place) {
            NONE => 0,
            parent if parent as usize == place => {
                count += 1;
                count
            }
            parent => read(out, parent as usize),
        };
        write(out, place, number);
    }
    count
}

/// Joins the tree of a root with that of an earlier place, and says which root is left: the earlier one.
fn unite(out: &mut [u32], root: usize, place: usize) -> usize {
    let other = find(out, place);
    let (first, last) = (root.min(other), root.max(other));
    write(out, last, first as u32);
    first
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
