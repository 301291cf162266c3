//! The exact Euclidean distance transform, in integers.
//!
//! Columns first: `g`, the distance of a pixel to the nearest set pixel of its column, by a pass down and a
//! pass up over whole rows, which is vector code. Then every row for itself: the squared distance at column
//! `x` is the minimum over columns `u` of `(x - u)^2 + g(u)^2 = x^2 + (h(u) - 2 u x)` with `h(u) = u^2 +
//! g(u)^2`, so it is the lower hull of the points `(u, h(u))` that answers, built and read from left to right
//! without a division. A column with `g = 0` hides everything behind it: a row falls into the runs between
//! its set pixels.
//!
//! Source: Felzenszwalb and Huttenlocher 2012, Meijster et al. 2000; the hull in place of the intersections.

use core::ops::{Add, Mul, Sub};

use crate::error::{Error, Result};
use crate::view::Shape;

/// The squared distance where there is no pixel to measure to.
pub const NONE: u32 = u32::MAX;

/// The longest side for which the transform is defined: the products of the hull stay inside 64 bits.
pub const MAX_SIDE: usize = 1 << 20;

/// Scratch words of [`squared`]: two per column.
#[must_use]
pub const fn scratch_len(shape: Shape) -> usize {
    shape.width().saturating_mul(2)
}

/// Refuses a shape with a side longer than [`MAX_SIDE`].
///
/// # Errors
/// [`Error::Unsupported`].
pub const fn check(shape: Shape) -> Result<()> {
    if shape.width() > MAX_SIDE || shape.height() > MAX_SIDE {
        return Err(Error::Unsupported("distances need sides of at most 2^20 pixels"));
    }
    Ok(())
}

/// Writes the squared distance of every pixel to the nearest pixel for which `set` holds; says whether there
/// is one.
///
/// Exact up to 2^32 - 2, which takes in every frame with sides up to 46 340; a larger one saturates to
/// [`NONE`]. Without a set pixel every distance is [`NONE`]. Three passes over `out`, `set` is asked once per
/// pixel.
///
/// # Errors
/// [`Error::Length`] if `out` does not hold one element per pixel, [`Error::Scratch`], and
/// [`Error::Unsupported`] if a side is longer than [`MAX_SIDE`].
///
/// ```
/// use segmeter_core::{plane::distance, view::Shape};
/// let shape = Shape::new(2, 4)?;
/// let (mut scratch, mut out) = (vec![0; distance::scratch_len(shape)], [0; 8]);
/// assert!(distance::squared(shape, |pixel| pixel == 5, &mut scratch, &mut out)?);
/// assert_eq!(out, [2, 1, 2, 5, 1, 0, 1, 4]);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
pub fn squared(
    shape: Shape,
    set: impl Fn(usize) -> bool,
    scratch: &mut [u32],
    out: &mut [u32],
) -> Result<bool> {
    transform(shape, scratch, out, |first, line| {
        for (pixel, slot) in (first..).zip(line) {
            *slot = u32::from(!set(pixel));
        }
    })
}

/// The same, with the set pixels given by `plane` itself: those that hold 0.
///
/// # Errors
/// As for [`squared`].
pub fn squared_in_place(shape: Shape, scratch: &mut [u32], plane: &mut [u32]) -> Result<bool> {
    transform(shape, scratch, plane, |_, _| ())
}

/// `fill` is given every row with its first pixel, and writes 0 where a pixel is set.
fn transform(
    shape: Shape,
    scratch: &mut [u32],
    out: &mut [u32],
    fill: impl Fn(usize, &mut [u32]),
) -> Result<bool> {
    let (expected, need) = (shape.pixels(), scratch_len(shape));
    if out.len() != expected {
        return Err(Error::Length { expected, found: out.len() });
    }
    check(shape)?;
    let width = shape.width().max(1);
    let Some((column, hull)) = scratch.get_mut(..need).and_then(|s| s.split_at_mut_checked(width)) else {
        return Err(Error::Scratch { need });
    };
    column.fill(NONE);
    let mut first = 0;
    for line in out.chunks_mut(width) {
        fill(first, line);
        for (slot, above) in line.iter_mut().zip(column.iter_mut()) {
            *above = if *slot == 0 { 0 } else { further(*above) };
            *slot = *above;
        }
        first += width;
    }
    if column.iter().all(|g| *g == NONE) {
        return Ok(false);
    }
    column.fill(NONE);
    for line in out.chunks_mut(width).rev() {
        for (slot, below) in line.iter().zip(column.iter_mut()) {
            *below = further(*below).min(*slot);
        }
        row(column, hull, line);
    }
    Ok(true)
}

/// One pixel further away.
#[inline(always)]
fn further(g: u32) -> u32 {
    g + u32::from(g != NONE)
}

/// The squared distances of a row from the distances `g` of its columns; `line` is 0 already where `g` is.
fn row(g: &[u32], hull: &mut [u32], line: &mut [u32]) {
    let mut start = 0;
    loop {
        let Some(skip) = g.get(start..).and_then(|rest| rest.iter().position(|g| *g != 0)) else { return };
        let first = start + skip;
        let rest = g.get(first..).unwrap_or_default();
        let end = rest.iter().position(|g| *g == 0).map_or(g.len(), |n| first + n);
        run(g, first, end, hull, line);
        start = end;
    }
}

/// The whole numbers of squared distances. Those of a hull are multiplied by a side.
pub(crate) trait Whole:
    Copy + Ord + From<u32> + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self>
{
    /// Farther than anything, however it is weighted; twice as much is a number still.
    const FAR: Self;
}

impl Whole for i64 {
    const FAR: Self = 1 << 61;
}

impl Whole for i128 {
    const FAR: Self = 1 << 125;
}

/// What a squared step along a column and along a row counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Weights<T> {
    pub(crate) row: T,
    pub(crate) column: T,
}

const SQUARE: Weights<i64> = Weights { row: 1, column: 1 };

/// A column as a point of the hull.
#[derive(Clone, Copy)]
struct Point<T> {
    u: T,
    h: T,
}

impl<T: Whole> Point<T> {
    #[inline(always)]
    fn new(u: u32, g: u32, weights: Weights<T>) -> Self {
        let (u, g) = (T::from(u), T::from(g));
        Self { u, h: weights.column * (u * u) + weights.row * (g * g) }
    }
    #[inline(always)]
    fn of(g: &[u32], column: u32, weights: Weights<T>) -> Self {
        Self::new(column, g.get(column as usize).copied().unwrap_or(0), weights)
    }
}

/// Writes the columns `from..end` that are on the lower hull to `hull`, which has room for all, and says how
/// many they are. Products of three sides, weighted, must stay inside the numbers.
#[inline(always)]
pub(super) fn lower_hull<T: Whole>(
    g: &[u32],
    from: usize,
    end: usize,
    weights: Weights<T>,
    hull: &mut [u32],
) -> usize {
    let mut count = 0_usize;
    let (mut before, mut top) = (Point::new(0, 0, weights), Point::new(0, 0, weights));
    for (u, g_u) in (from as u32..).zip(g.get(from..end).unwrap_or_default()) {
        if *g_u == NONE {
            continue;
        }
        let next = Point::new(u, *g_u, weights);
        // The hull turns left at every point that stays.
        while count >= 2 && (top.h - before.h) * (next.u - top.u) >= (next.h - top.h) * (top.u - before.u) {
            count -= 1;
            top = before;
            let column = count.checked_sub(2).and_then(|k| hull.get(k));
            before = column.map_or(top, |column| Point::of(g, *column, weights));
        }
        if let Some(slot) = hull.get_mut(count) {
            *slot = u;
        }
        count += 1;
        (before, top) = (top, next);
    }
    count
}

/// Reads squared distances off a hull, from left to right.
pub(super) struct Reader<'a, T> {
    g: &'a [u32],
    weights: Weights<T>,
    rest: core::slice::Iter<'a, u32>,
    point: Point<T>,
    next: Option<Point<T>>,
}

impl<'a, T: Whole> Reader<'a, T> {
    /// `None` if the hull is empty.
    #[inline(always)]
    pub(super) fn new(g: &'a [u32], hull: &'a [u32], weights: Weights<T>) -> Option<Self> {
        let mut rest = hull.iter();
        let mut point = || rest.next().map(|column| Point::of(g, *column, weights));
        let (first, next) = (point()?, point());
        Some(Self { g, weights, rest, point: first, next })
    }

    /// The squared distance at a column; none is left of the one before.
    #[inline(always)]
    pub(super) fn at(&mut self, x: u32) -> T {
        let (x, column) = (T::from(x), self.weights.column);
        let slope = column * (x + x);
        while let Some(candidate) = self.next
            && candidate.h - self.point.h <= slope * (candidate.u - self.point.u)
        {
            self.point = candidate;
            self.next = self.rest.next().map(|column| Point::of(self.g, *column, self.weights));
        }
        column * (x * x) + self.point.h - slope * self.point.u
    }
}

/// The columns `first..end`, none of them set; the columns beside them are, unless they are outside.
#[inline(always)]
fn run(g: &[u32], first: usize, end: usize, hull: &mut [u32], line: &mut [u32]) {
    let count = lower_hull(g, first.saturating_sub(1), (end + 1).min(g.len()), SQUARE, hull);
    let Some(mut reader) = Reader::new(g, hull.get(..count).unwrap_or_default(), SQUARE) else { return };
    for (x, slot) in (first as u32..).zip(line.get_mut(first..end).unwrap_or_default()) {
        *slot = u32::try_from(reader.at(x)).unwrap_or(NONE);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    extern crate std;
    use std::vec;

    use super::*;

    fn brute(shape: Shape, set: &[bool]) -> vec::Vec<u32> {
        let at = |pixel: usize| ((pixel / shape.width()) as i64, (pixel % shape.width()) as i64);
        let sites = || set.iter().enumerate().filter(|(_, set)| **set).map(|(pixel, _)| at(pixel));
        let distance = |(y, x): (i64, i64)| {
            sites().map(|(v, u)| ((y - v) * (y - v) + (x - u) * (x - u)) as u32).min().unwrap_or(NONE)
        };
        (0..shape.pixels()).map(at).map(distance).collect()
    }

    fn check(height: u32, width: u32, set: &[bool]) {
        let shape = Shape::new(height, width).unwrap();
        let (mut scratch, mut out) = (vec![7; scratch_len(shape)], vec![9; shape.pixels()]);
        let any = squared(shape, |pixel| set[pixel], &mut scratch, &mut out).unwrap();
        assert_eq!(any, set.contains(&true));
        assert_eq!(out, brute(shape, set), "{height}x{width} {set:?}");
        let mut plane: vec::Vec<u32> = set.iter().map(|set| if *set { 0 } else { 77 }).collect();
        assert_eq!(squared_in_place(shape, &mut scratch, &mut plane), Ok(any));
        assert_eq!(plane, out);
    }

    #[test]
    fn agrees_with_brute_force() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = |range: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) % range
        };
        for case in 0..1500 {
            let (height, width) = match case % 5 {
                0 => (1, 1 + next(70)),
                1 => (1 + next(70), 1),
                _ => (1 + next(40), 1 + next(40)),
            };
            let sparse = [1, 2, 3, 20, 300, 5000][case % 6];
            let set: vec::Vec<bool> = (0..height * width).map(|_| next(sparse) == 0).collect();
            check(height as u32, width as u32, &set);
            let inverse: vec::Vec<bool> = set.iter().map(|set| !set).collect();
            check(height as u32, width as u32, &inverse);
        }
    }

    #[test]
    fn empty_and_full() {
        for (height, width) in [(1, 1), (1, 9), (9, 1), (5, 7)] {
            check(height, width, &vec![false; (height * width) as usize]);
            check(height, width, &vec![true; (height * width) as usize]);
        }
    }

    /// The square of 65 536 is more than a `u32` holds.
    #[test]
    fn long_distances_saturate() {
        let shape = Shape::new(1, 100_000).unwrap();
        let (mut scratch, mut out) = (vec![0; scratch_len(shape)], vec![0; 100_000]);
        squared(shape, |pixel| pixel == 0, &mut scratch, &mut out).unwrap();
        assert_eq!(out[65_535], 65_535 * 65_535);
        assert_eq!(out[65_536], NONE);
        assert_eq!(out[99_999], NONE);
    }

    #[test]
    fn refuses() {
        let shape = Shape::new(3, 4).unwrap();
        let (mut scratch, mut out) = ([0; 8], [0; 12]);
        assert_eq!(squared(shape, |_| true, &mut scratch[..7], &mut out), Err(Error::Scratch { need: 8 }));
        let wrong = Err(Error::Length { expected: 12, found: 11 });
        assert_eq!(squared(shape, |_| true, &mut scratch, &mut out[..11]), wrong);
        let long = Shape::new(1, 1 << 21).unwrap();
        let (mut scratch, mut out) = (vec![0; scratch_len(long)], vec![0; 1 << 21]);
        assert!(matches!(squared(long, |_| true, &mut scratch, &mut out), Err(Error::Unsupported(_))));
    }
}
