//! The exact Euclidean distance transform, in integers.
//!
//! Columns first: `g`, the distance of a pixel to the nearest set pixel of its column, by a pass down and a
//! pass up over whole rows, which is vector code. Then every row for itself: the squared distance at column
//! `x` is the minimum over columns `u` of `(x - u)^2 + g(u)^2 = x^2 + (h(u) - 2 u x)` with `h(u) = u^2 +
//! g(u)^2`, so it is the lower hull of the points `(u, h(u))` that answers, built and read from left to right
//! without a division. A column with `g = 0` hides everything behind it: a row falls into the runs between
//! its set pixels. Most columns are on no hull, which a look at their neighbours shows, as vector code.
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
        for (slot, below) in line.iter_mut().zip(column.iter_mut()) {
            *below = further(*below).min(*slot);
            *slot = *below;
        }
        thin_out(line, hull, shape.height());
        row(column, hull, line);
    }
    Ok(true)
}

/// One pixel further away.
#[inline(always)]
fn further(g: u32) -> u32 {
    g + u32::from(g != NONE)
}

/// Distances below this are compared by their squares, with room for sums in 31 bits; [`FAR`] stands for none.
const NEAR: usize = 1 << 14;
const FAR: i32 = (1 << 30) - 8;

/// Of the distances `g` of a row's columns makes [`NONE`] most that are on no hull: of three points at equal steps the
/// middle one lies above the other two. That is vector code, and saves the hull most of its points. `tallest` is the
/// number of rows; the weights must be equal.
pub(super) fn thin_out(g: &mut [u32], squares: &mut [u32], tallest: usize) {
    if tallest >= NEAR {
        return;
    }
    for (square, g) in squares.iter_mut().zip(g.iter()) {
        // As a product of 16 bits.
        let near = g & (NEAR as u32 - 1);
        *square = if *g == NONE { FAR as u32 } else { near * near };
    }
    let slots = g.get_mut(2..).unwrap_or_default();
    for (slot, squares) in slots.iter_mut().zip(squares.windows(5)) {
        if let [a, b, own, c, d] = *squares {
            let [twice, near, far] = [own + own, b + c + 2, a + d + 8].map(u32::cast_signed);
            *slot = if (twice >= near) | (twice >= far) { NONE } else { *slot };
        }
    }
}

/// The squared distances of a row from the distances `g` of its columns; `line` holds those that may be on a hull, and
/// is 0 where `g` is.
fn row(g: &[u32], hull: &mut [u32], line: &mut [u32]) {
    let mut start = 0;
    loop {
        let Some(skip) = g.get(start..).and_then(|rest| rest.iter().position(|g| *g != 0)) else { return };
        let first = start + skip;
        let rest = g.get(first..).unwrap_or_default();
        let end = rest.iter().position(|g| *g == 0).map_or(g.len(), |n| first + n);
        if end - first <= 2 && first > 0 && end < g.len() {
            // Each has a set pixel beside it.
            line.iter_mut().take(end).skip(first).for_each(|slot| *slot = 1);
        } else {
            run(g, first, end, hull, line);
        }
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
    let columns = (from as u32..).zip(g.get(from..end).unwrap_or_default());
    let mut points =
        columns.filter(|(_, g_u)| **g_u != NONE).map(|(u, g_u)| (u, Point::new(u, *g_u, weights)));
    let (Some((column, mut top)), [slot, ..]) = (points.next(), &mut *hull) else { return 0 };
    *slot = column;
    let mut count = 1;
    // From the point before to the top. The first point is never hidden.
    let first = (T::from(0) - T::from(1), T::from(0));
    let (mut before, (mut rise, mut run)) = (top, first);
    for (u, next) in points {
        // The hull turns left at every point that stays.
        while rise * (next.u - top.u) >= (next.h - top.h) * run {
            count -= 1;
            top = before;
            (rise, run) = first;
            if let Some(column) = usize::checked_sub(count, 2).and_then(|k| hull.get(k)) {
                before = Point::of(g, *column, weights);
                (rise, run) = (top.h - before.h, top.u - before.u);
            }
        }
        (rise, run) = (next.h - top.h, next.u - top.u);
        (before, top) = (top, next);
        if let Some(slot) = hull.get_mut(count) {
            *slot = u;
        }
        count += 1;
    }
    count
}

/// Reads squared distances off a hull, from left to right.
pub(super) struct Reader<'a, T> {
    g: &'a [u32],
    weights: Weights<T>,
    rest: core::slice::Iter<'a, u32>,
    point: Point<T>,
    next: Point<T>,
    /// The next point takes over at columns `x` with `rise <= x * run`.
    rise: T,
    run: T,
}

impl<'a, T: Whole> Reader<'a, T> {
    /// `None` if the hull is empty.
    #[inline(always)]
    pub(super) fn new(g: &'a [u32], hull: &'a [u32], weights: Weights<T>) -> Option<Self> {
        let mut rest = hull.iter();
        let point = Point::of(g, *rest.next()?, weights);
        let mut reader = Self { g, weights, rest, point, next: point, rise: T::FAR, run: T::from(0) };
        reader.advance();
        Some(reader)
    }

    /// Goes on to the next point, if there is one.
    #[inline(always)]
    fn advance(&mut self) {
        (self.point, self.rise, self.run) = (self.next, T::FAR, T::from(0));
        if let Some(column) = self.rest.next() {
            self.next = Point::of(self.g, *column, self.weights);
            self.rise = self.next.h - self.point.h;
            let run = self.weights.column * (self.next.u - self.point.u);
            self.run = run + run;
        }
    }

    /// The squared distance at a column; none is left of the one before.
    #[inline(always)]
    pub(super) fn at(&mut self, x: u32) -> T {
        let x = T::from(x);
        while self.rise <= x * self.run {
            self.advance();
        }
        let Point { u, h } = self.point;
        self.weights.column * (x * (x - u - u)) + h
    }
}

/// The columns `first..end`, none of them set; the columns beside them are, unless they are outside.
#[inline(always)]
fn run(g: &[u32], first: usize, end: usize, hull: &mut [u32], line: &mut [u32]) {
    let count = lower_hull(line, first.saturating_sub(1), (end + 1).min(g.len()), SQUARE, hull);
    let Some(mut reader) = Reader::new(g, hull.get(..count).unwrap_or_default(), SQUARE) else { return };
    for (x, slot) in (first as u32..).zip(line.get_mut(first..end).unwrap_or_default()) {
        *slot = u32::try_from(reader.at(x)).unwrap_or(NONE);
    }
}

#[cfg(test)]
mod tests;
