//! Between four scores.

use super::axis::{Axis, Weights};
use super::words;
use crate::view::MAX_CLASSES;

/// Classes that few cells have more of.
const FEW: usize = 4;

/// A cell that several classes win parts of, in three words:
///
/// | bits | 0 to 15 | 16 to 31 |
/// |---|---|---|
/// | 0 | its number in its row | its first pixel in a row of the image |
///
/// | bits | 0 to 5 | 6 to 8 | 9 to 13 | 14 to 18 | 19 to 27 |
/// |---|---|---|---|---|---|
/// | 1 | its pixels in a row | how many classes can win | the first of two | the second | by how much the first is ahead |
///
/// How many can win is [`FEW`] and one if there are more. In the third word lie by how much the first of two is ahead at the
/// other corners, nine bits each from the left to the right and downwards; or up to four classes in a byte each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell([u32; 3]);

/// The bytes of a [`Cell`]: words, which are read in one go.
pub(super) type Mixed = [[u8; 4]; 3];

impl Cell {
    #[inline(always)]
    fn of(bytes: Mixed) -> Self {
        Self(bytes.map(u32::from_le_bytes))
    }

    pub(super) fn bytes(self) -> Mixed {
        self.0.map(u32::to_le_bytes)
    }

    /// Its number in its row.
    #[inline(always)]
    const fn place(self) -> usize {
        let [word, ..] = self.0;
        word as usize & 0xFFFF
    }

    /// Its pixels in a row of the image.
    #[inline(always)]
    fn row(self, ids: &mut [u8]) -> &mut [u8] {
        let [place, word, _] = self.0;
        let start = place as usize >> 16;
        ids.get_mut(start..start + (word as usize & 0x3F)).unwrap_or_default()
    }

    /// How far its pixels are from its left end.
    #[inline(always)]
    const fn weights(self, axis: &Axis) -> Weights {
        let [place, ..] = self.0;
        axis.weights(self.place(), place as usize >> 16)
    }

    /// How many classes can win.
    #[inline(always)]
    const fn count(self) -> u32 {
        let [_, word, _] = self.0;
        word >> 6 & 7
    }

    /// Of two classes, the first and the second.
    #[inline(always)]
    const fn pair(self) -> [u8; 2] {
        let [_, word, _] = self.0;
        [(word >> 9 & 31) as u8, (word >> 14 & 31) as u8]
    }

    /// By how much the first of two is ahead: above at the left and the right, and below.
    #[inline(always)]
    const fn ahead(self) -> [i32; 4] {
        const fn signed(word: u32, first: u32) -> i32 {
            (word << (23 - first)) as i32 >> 23
        }
        let [_, word, rest] = self.0;
        [signed(word, 19), signed(rest, 0), signed(rest, 9), signed(rest, 18)]
    }
}

/// Two rows of scores.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows<'a> {
    pub(super) above: &'a [u8],
    pub(super) below: &'a [u8],
    pub(super) classes: usize,
    /// Numbers of a pixel, whole words.
    pub(super) stride: usize,
    /// From a score to that of the next pixel; 0 if there is no next.
    pub(super) right: usize,
}

/// The score of a class along a row of the image, at the left and the right end of the cell.
#[derive(Clone, Copy, Default)]
struct Line {
    class: u8,
    left: i32,
    right: i32,
}

impl Line {
    /// In parts of both directions.
    #[inline(always)]
    const fn at(&self, weight: i32, parts: i32) -> i32 {
        self.left * (parts - weight) + self.right * weight
    }

    /// Whether it is one of two others, which win at the left and at the right, or below where these are equal.
    #[inline(always)]
    const fn stays_below(&self, left: &Self, right: &Self) -> bool {
        // How far from the left they are equal, and from the right.
        let near = (left.left - right.left) as i64;
        let far = (right.right - left.right) as i64;
        let (before, after) = ((self.left - left.left) as i64, (self.right - left.right) as i64);
        self.class == left.class || self.class == right.class || before * far + after * near < 0
    }
}

impl Rows<'_> {
    /// A class at the corners of a cell, whose first score is `first`: above at the left and the right, and below.
    #[inline(always)]
    fn corners(&self, first: usize, class: u8) -> [i32; 4] {
        let at = |row: &[u8], place: usize| row.get(place).map_or(0, |score| i32::from(*score));
        let left = first + usize::from(class);
        let right = left + self.right;
        [at(self.above, left), at(self.above, right), at(self.below, left), at(self.below, right)]
    }

    /// A cell that some `winners` win parts of: no class can win that is everywhere below what one of these is at the least.
    // Not inlined: the registers are the loop's over cells, of which few are mixed.
    #[inline(never)]
    pub(super) fn part(&self, place: usize, start: usize, end: usize, winners: [u8; 4]) -> Cell {
        let first = place * self.stride;
        let mut least = 0;
        let mut last = None;
        for class in winners {
            // Mostly there are two.
            if last != Some(class) {
                let [a, b, c, d] = self.corners(first, class);
                least = least.max(a.min(b).min(c.min(d)) as u8);
            }
            last = Some(class);
        }
        let (mut count, mut classes) = (0, [0; FEW]);
        let mut slots = classes.iter_mut();
        let left = words::from(self.above, first).zip(words::from(self.below, first));
        let right = first + self.right;
        let right = words::from(self.above, right).zip(words::from(self.below, right));
        for (class, ((a, c), (b, d))) in (0..self.classes).step_by(4).zip(left.zip(right)) {
            let at_least = |word: &[u8; 4]| words::at_least(*word, least);
            let mut able = at_least(a) | at_least(b) | at_least(c) | at_least(d);
            while able != 0 {
                let class = class + able.trailing_zeros() as usize / 8;
                able &= able - 1;
                if class < self.classes {
                    count += 1;
                    if let Some(slot) = slots.next() {
                        *slot = class as u8;
                    }
                }
            }
        }
        let places = place as u32 | (start as u32) << 16;
        let count = if count > FEW { FEW + 1 } else { count };
        let sizes = (end - start) as u32 | (count as u32) << 6;
        if count != 2 {
            return Cell([places, sizes, u32::from_le_bytes(classes)]);
        }
        let [one, two, ..] = classes;
        let (ones, twos) = (self.corners(first, one), self.corners(first, two));
        let mut ahead = ones.into_iter().zip(twos).map(|(one, two)| (one - two).cast_unsigned() & 0x1FF);
        let pair = u32::from(one) << 9 | u32::from(two) << 14 | ahead.next().unwrap_or(0) << 19;
        let others = (0..).step_by(9).zip(ahead).fold(0, |word, (first, ahead)| word | ahead << first);
        Cell([places, sizes | pair, others])
    }

    /// Writes the ids of a row of a cell, which lies `down` of `rows` parts below the upper scores, into the row of the image.
    #[inline(always)]
    pub(super) fn write(&self, cell: &Mixed, down: [i32; 2], axis: &Axis, ids: &mut [u8]) {
        let cell = Cell::of(*cell);
        if cell.count() != 2 {
            let [down, rows] = down;
            return self.write_more(cell, down, rows, axis, ids);
        }
        let ([above_left, above_right, below_left, below_right], [down, rows]) = (cell.ahead(), down);
        let left = above_left * (rows - down) + below_left * down;
        let right = above_right * (rows - down) + below_right * down;
        between_two(cell.pair(), left, right, || cell.weights(axis), cell.row(ids));
    }

    // Not inlined, nor with arrays for arguments: most cells have two classes, and nothing of this to keep ready.
    #[inline(never)]
    fn write_more(&self, cell: Cell, down: i32, rows: i32, axis: &Axis, ids: &mut [u8]) {
        let (weights, ids) = (cell.weights(axis), cell.row(ids));
        let first = cell.place() * self.stride;
        let line = |class: u8| self.line(first, class, [down, rows]);
        let Cell([.., classes]) = cell;
        let [a, b, c, d] = classes.to_le_bytes();
        match cell.count() {
            3 => between(&[a, b, c].map(line), weights, ids),
            4 => between_many(&[a, b, c, d].map(line), weights, ids),
            _ => self.write_any(first, [down, rows], weights, ids),
        }
    }

    /// The same if any class can win.
    #[inline(never)]
    fn write_any(&self, first: usize, down: [i32; 2], weights: Weights, ids: &mut [u8]) {
        let mut lines = [Line::default(); MAX_CLASSES];
        for (class, line) in (0..self.classes as u8).zip(&mut lines) {
            *line = self.line(first, class, down);
        }
        between_many(lines.get(..self.classes).unwrap_or_default(), weights, ids);
    }

    #[inline(always)]
    fn line(&self, first: usize, class: u8, [down, rows]: [i32; 2]) -> Line {
        let [above_left, above_right, below_left, below_right] = self.corners(first, class);
        let between = |above: i32, below: i32| above * (rows - down) + below * down;
        Line { class, left: between(above_left, below_left), right: between(above_right, below_right) }
    }
}

/// Writes which of two classes wins, from by how much the first of them is ahead at both ends: it wins where they are equal.
#[inline(always)]
fn between_two(
    [first, second]: [u8; 2],
    left: i32,
    right: i32,
    weights: impl FnOnce() -> Weights,
    ids: &mut [u8],
) {
    // What wins at both ends of a line wins between them.
    let falls = left >= 0;
    if falls == (right >= 0) {
        // A few words: a call of `fill` takes longer.
        return part_of(ids, first, if falls { ids.len() } else { 0 }, second);
    }
    // Pixels outside of the ends lie on the same side of where both are equal as the ends do. Of the largest images a step
    // takes 32 bits without a sign; parts of the sum may leave them, the sum does not.
    let weights = weights();
    let ahead = (left * weights.parts).wrapping_add((right - left).wrapping_mul(weights.first));
    let step = left.abs_diff(right).wrapping_mul(weights.step.cast_unsigned());
    let (near, far, lead) = if falls { (first, second, ahead) } else { (second, first, !ahead) };
    let wins = u32::try_from(lead).map_or(0, |lead| lead / step.max(1) + 1);
    part_of(ids, near, wins as usize, far);
}

/// Writes one class so often, and another after it.
#[inline(always)]
fn part_of(ids: &mut [u8], near: u8, wins: usize, far: u8) {
    let [near_four, far_four] = [near, far].map(|class| u32::from(class) * 0x0101_0101);
    let (fours, rest) = ids.as_chunks_mut::<4>();
    let mut wins = wins;
    for four in fours {
        let others = u32::MAX.checked_shl(8 * wins.min(4) as u32).unwrap_or(0);
        *four = (near_four & !others | far_four & others).to_le_bytes();
        wins = wins.saturating_sub(4);
    }
    for (place, id) in rest.iter_mut().enumerate() {
        *id = if place < wins { near } else { far };
    }
}

#[inline(never)]
fn between_many(lines: &[Line], weights: Weights, ids: &mut [u8]) {
    between(lines, weights, ids);
}

/// Writes which of several classes wins, of equal ones the first.
#[inline(always)]
fn between(lines: &[Line], weights: Weights, ids: &mut [u8]) {
    let left = highest(lines, |line| line.left);
    let right = highest(lines, |line| line.right);
    if left.class == right.class {
        ids.fill(left.class);
    } else if lines.iter().all(|line| line.stays_below(&left, &right)) {
        let (first, second) = if left.class < right.class { (left, right) } else { (right, left) };
        let classes = [first.class, second.class];
        between_two(classes, first.left - second.left, first.right - second.right, || weights, ids);
    } else {
        for (pixel, id) in ids.iter_mut().enumerate() {
            let weight = weights.at(pixel);
            *id = highest(lines, |line| line.at(weight, weights.parts)).class;
        }
    }
}

/// The line with the highest score, the first of several.
#[inline(always)]
fn highest(lines: &[Line], score: impl Fn(&Line) -> i32) -> Line {
    let Some((first, others)) = lines.split_first() else { return Line::default() };
    let (mut line, mut best) = (first, score(first));
    for other in others {
        let score = score(other);
        if score > best {
            (line, best) = (other, score);
        }
    }
    *line
}
