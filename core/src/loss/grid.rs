//! What the losses of a neighbourhood share: codes of probabilities that can be compared, rows, pooling.
//!
//! A probability and its complement are both known to their last digit. Their *code* keeps that in one integer:
//! the bits of `p` up to a half, and those of `1 - p` counted down from [`ONE`] above. Codes order like
//! probabilities, so minima and maxima of them are exact choices, and mirror at a half: `ONE - code` is the code
//! of the complement. As signed integers they are not negative.

use super::LARGEST_SLOPE;
use super::spatial::ClassPlane;
use crate::num::{ExactSum, one_minus_exp};
use crate::simd::Scalar;
use crate::view::Shape;

/// The code of 1.
pub(super) const ONE: u32 = 0x7e00_0000;
/// The code of a half.
const HALF: u32 = 0x3f00_0000;
/// Above every code.
pub(super) const ABOVE: u32 = ONE + 1;
/// Below every code: codes are compared as signed integers.
pub(super) const BELOW: u32 = u32::MAX;

/// The code of a number from 0 to 1 whose difference to 1 is known as well.
pub(super) fn code(value: f32, complement: f32) -> u32 {
    if complement < 0.5 { ONE.wrapping_sub(complement.to_bits()) } else { value.to_bits() }
}

/// A whole number above 0 that orders like a number which is not NaN; both zeros are one.
pub(super) fn ordered(number: f32) -> u32 {
    let bits = (number + 0.0).to_bits();
    if bits >> 31 == 0 { bits | 1 << 31 } else { !bits }
}

/// The number that [`ordered`] was given.
pub(super) fn number(ordered: u32) -> f32 {
    f32::from_bits(if ordered >> 31 == 0 { !ordered } else { ordered & !(1 << 31) })
}

/// What a code stands for.
pub(super) fn value(code: u32) -> f32 {
    if code <= HALF { f32::from_bits(code) } else { 1.0 - f32::from_bits(ONE.wrapping_sub(code)) }
}

/// 1 less what a code stands for.
pub(super) fn complement(code: u32) -> f32 {
    value(ONE.wrapping_sub(code))
}

/// The difference of what two codes stand for, with its own relative accuracy.
pub(super) fn difference(a: u32, b: u32) -> f32 {
    let low = |code: u32| f32::from_bits(code);
    let high = |code: u32| f32::from_bits(ONE.wrapping_sub(code));
    match (a > HALF, b > HALF) {
        (false, false) => low(a) - low(b),
        (true, true) => high(b) - high(a),
        (true, false) => (0.5 - high(a)) + (0.5 - low(b)),
        (false, true) => -((0.5 - high(b)) + (0.5 - low(a))),
    }
}

/// The code of the difference of what two codes stand for; the first is not the smaller one.
pub(super) fn difference_code(a: u32, b: u32) -> u32 {
    code(difference(a, b), complement(a) + value(b))
}

/// The code of a pixel's probability.
pub(super) fn probability_code(plane: &ClassPlane<'_>, pixel: usize) -> u32 {
    code(plane.probability(pixel), plane.complement(pixel))
}

/// A probability, its logit if there is one, else NaN, and what rounding took from it, if that is known.
#[derive(Clone, Copy)]
pub(super) struct Point {
    pub(super) code: u32,
    pub(super) logit: f32,
    pub(super) rest: f32,
}

impl Point {
    pub(super) fn of(plane: &ClassPlane<'_>, pixel: usize) -> Self {
        Self { code: probability_code(plane, pixel), logit: plane.logit(pixel), rest: plane.rest(pixel) }
    }

    /// The difference of two probabilities. By the logits, `p - r = p (1 - r) (1 - e^(s - z))`, it has its own relative
    /// accuracy, however near they are.
    pub(super) fn less(self, other: Self) -> f32 {
        if self.logit.is_nan() || other.logit.is_nan() {
            return difference(self.code, other.code) + (self.rest - other.rest);
        }
        let rise = |high: Self, low: Self| {
            value(high.code) * complement(low.code) * one_minus_exp(Scalar, low.logit - high.logit)
        };
        if self.logit < other.logit { -rise(other, self) } else { rise(self, other) }
    }
}

/// The code of a pixel's label.
pub(super) fn target_code(plane: &ClassPlane<'_>, pixel: usize) -> u32 {
    let target = plane.target(pixel);
    code(target, 1.0 - target)
}

/// Whether a pixel takes part.
pub(super) fn scored(plane: &ClassPlane<'_>, pixel: usize) -> bool {
    plane.weight(pixel) > 0.0
}

/// Clears the derivative and sums the weights. No pixel that takes part: the value is undefined. One whose
/// probability is no number: neither are value and derivative.
pub(super) fn start(plane: &ClassPlane<'_>, slope: Option<&mut [f32]>) -> Result<f64, Option<f64>> {
    let mut sum = ExactSum::default();
    for pixel in 0..plane.shape().pixels() {
        sum.add(mass(plane, pixel));
    }
    let total = sum.value();
    if let Some(slope) = slope {
        slope.fill(if total.is_nan() { f32::NAN } else { 0.0 });
    }
    verdict(total)
}

/// The weight of a pixel; NaN if it takes part and its probability is no number.
pub(super) fn mass(plane: &ClassPlane<'_>, pixel: usize) -> f32 {
    let weight = plane.weight(pixel);
    if weight > 0.0 && plane.probability(pixel).is_nan() { f32::NAN } else { weight }
}

/// What the sum of the masses says before anything else is known.
pub(super) fn verdict(total: f64) -> Result<f64, Option<f64>> {
    if total > 0.0 {
        Ok(total)
    } else if total == 0.0 {
        Err(None)
    } else {
        Err(Some(total))
    }
}

/// A slope that a product has made, with room for more of them: weights may be larger than what `f32` holds of their products.
pub(super) const fn bounded(slope: f32) -> f32 {
    const MOST: f32 = LARGEST_SLOPE as f32;
    slope.clamp(-MOST, MOST)
}

/// Adds to one element, if it is there.
pub(super) fn add(slots: &mut [f32], place: usize, term: f32) {
    if let Some(slot) = slots.get_mut(place) {
        *slot += bounded(term);
    }
}

/// One element, 0 if it is not there.
pub(super) fn get<T: Copy + Default>(slots: &[T], place: usize) -> T {
    slots.get(place).copied().unwrap_or_default()
}

/// The first `N` parts of `length` words each.
pub(super) fn split<const N: usize>(scratch: &mut [u32], length: usize) -> Option<[&mut [u32]; N]> {
    let mut parts = scratch.get_mut(..N * length)?.chunks_exact_mut(length.max(1));
    Some(core::array::from_fn(|_| parts.next().unwrap_or_default()))
}

/// The pixels of a frame, row by row, with their row and column.
pub(super) fn pixels(shape: Shape) -> impl Iterator<Item = (usize, usize, usize)> {
    let width = shape.width();
    (0..shape.height()).flat_map(move |y| (0..width).map(move |x| (y, x, y * width + x)))
}

/// The pixels of every row.
pub(super) fn rows_of(shape: Shape) -> impl Iterator<Item = core::ops::Range<usize>> {
    let width = shape.width();
    (0..shape.height()).map(move |y| y * width..(y + 1) * width)
}

/// A row; empty outside the plane.
pub(super) fn row(plane: &[u32], y: usize, width: usize) -> &[u32] {
    plane.get(y * width..(y + 1) * width).unwrap_or_default()
}

/// Row `y` with the one above and the one below; empty outside the plane.
pub(super) fn rows_around(plane: &[u32], y: usize, width: usize) -> [&[u32]; 3] {
    let above = y.checked_sub(1).map_or(Default::default(), |y| row(plane, y, width));
    [above, row(plane, y, width), row(plane, y + 1, width)]
}

/// The parts of these many rows each.
pub(super) fn split_rows<const N: usize>(
    scratch: &mut [u32],
    rows: [usize; N],
    width: usize,
) -> Option<[&mut [u32]; N]> {
    let mut rest = scratch.get_mut(..rows.iter().sum::<usize>() * width)?;
    Some(rows.map(|rows| rest.split_off_mut(..rows * width).unwrap_or_default()))
}

/// A row of a ring that starts with `rows` rows and holds the last ones of a frame.
pub(super) fn ring_row(ring: &[u32], rows: usize, y: usize, width: usize) -> &[u32] {
    row(ring, y % rows.max(1), width)
}

/// The same to write on.
pub(super) fn ring_row_mut(ring: &mut [u32], rows: usize, y: usize, width: usize) -> &mut [u32] {
    let start = y % rows.max(1) * width;
    ring.get_mut(start..start + width).unwrap_or_default()
}

/// The smaller code.
pub(super) fn least(a: u32, b: u32) -> u32 {
    (a as i32).min(b as i32) as u32
}

/// The larger code.
pub(super) fn greatest(a: u32, b: u32) -> u32 {
    (a as i32).max(b as i32) as u32
}

/// Each element becomes the pick of itself and another.
pub(super) fn merge(into: &mut [u32], from: &[u32], pick: impl Fn(u32, u32) -> u32) {
    for (a, b) in into.iter_mut().zip(from) {
        *a = pick(*a, *b);
    }
}

/// The minimum over a pixel and its four neighbours, for a row. Neighbours that are not there, or are [`BELOW`], do not
/// count; a pixel that is [`BELOW`] stays so.
pub(super) fn erode_row(out: &mut [u32], [above, row, below]: [&[u32]; 3]) {
    // As unsigned numbers codes keep their order, and the mark for "not there" is the largest.
    merge(out, row, |_, new| new);
    merge(out, above, u32::min);
    merge(out, below, u32::min);
    merge(out, row.get(1..).unwrap_or_default(), u32::min);
    merge(out.get_mut(1..).unwrap_or_default(), row, u32::min);
    merge(out, row, |least, own| if own == BELOW { BELOW } else { least });
}

/// The maximum over a pixel and its eight neighbours, for a row; [`BELOW`] does not count.
pub(super) fn dilate_row(out: &mut [u32], [above, row, below]: [&[u32]; 3]) {
    merge(out, row, |_, new| new);
    merge(out, above, greatest);
    merge(out, below, greatest);
    spread(out, greatest);
}

/// Each element becomes the pick of itself and the two beside it.
pub(super) fn spread(row: &mut [u32], pick: impl Fn(u32, u32) -> u32) {
    let Some(mut before) = row.first().copied() else { return };
    let mut rest = row.iter_mut().peekable();
    while let Some(here) = rest.next() {
        let after = rest.peek().map_or(*here, |next| **next);
        let now = *here;
        *here = pick(pick(before, now), after);
        before = now;
    }
}

/// The pick over the square window of this radius around every pixel, in place; `buffer` holds one row.
pub(super) fn pool(
    plane: &mut [u32],
    buffer: &mut [u32],
    radius: u32,
    pick: impl Fn(u32, u32) -> u32 + Copy,
) {
    let width = buffer.len();
    for _ in 0..radius {
        merge(buffer, plane, |_, new| new);
        let mut rest = &mut *plane;
        while let Some((here, below)) = rest.split_at_mut_checked(width)
            && !here.is_empty()
        {
            for (x, (slot, before)) in here.iter_mut().zip(&mut *buffer).enumerate() {
                let now = *slot;
                *slot = pick(pick(*before, now), below.get(x).copied().unwrap_or(now));
                *before = now;
            }
            spread(here, pick);
            rest = below;
        }
    }
}

/// The first place, in row order, of the pick over the square window of this radius around a pixel.
pub(super) fn first_in_window(
    plane: &[u32],
    width: usize,
    (y, x): (usize, usize),
    radius: usize,
    pick: impl Fn(u32, u32) -> u32,
) -> usize {
    let columns = x.saturating_sub(radius)..(x + radius + 1).min(width);
    let mut best: Option<(usize, u32)> = None;
    for y in y.saturating_sub(radius)..=y + radius {
        for place in y * width + columns.start..y * width + columns.end {
            let Some(new) = plane.get(place).copied() else { continue };
            if best.is_none_or(|(_, old)| old != new && pick(old, new) == new) {
                best = Some((place, new));
            }
        }
    }
    best.map_or(y * width + x, |(place, _)| place)
}

/// The first place, in row order, of the minimum over a pixel and its four neighbours; [`BELOW`] does not count.
pub(super) fn first_in_cross(plane: &[u32], width: usize, (y, x): (usize, usize)) -> usize {
    let here = y * width + x;
    let mut best = (here, BELOW);
    let around = [
        (y > 0, here.wrapping_sub(width)),
        (x > 0, here.wrapping_sub(1)),
        (true, here),
        (x + 1 < width, here + 1),
        (true, here + width),
    ];
    for (inside, place) in around {
        if inside
            && let Some(new) = plane.get(place).copied()
            && new < best.1
        {
            best = (place, new);
        }
    }
    best.0
}
