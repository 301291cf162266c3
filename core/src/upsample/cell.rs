//! Between four scores.

use super::axis::Weights;
use super::words;
use crate::view::MAX_CLASSES;

/// Classes that few cells have more of.
const FEW: usize = 4;

/// A cell that several classes win parts of, as it is kept in [`Mixed`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    /// Its number in its row.
    pub(super) place: u16,
    /// Its pixels in a row of the image.
    pub(super) start: u16,
    pub(super) pixels: u8,
    /// How many classes can win, and which; of more than [`FEW`] any.
    count: u8,
    classes: [u8; FEW],
}

/// The bytes of a [`Cell`]: words, which are read in one go.
pub(super) type Mixed = [[u8; 4]; 3];

impl Cell {
    #[inline(always)]
    pub(super) const fn of([place, size, classes]: Mixed) -> Self {
        let ([a, b, c, d], [pixels, count, ..]) = (place, size);
        Self { place: u16::from_le_bytes([a, b]), start: u16::from_le_bytes([c, d]), pixels, count, classes }
    }

    pub(super) const fn bytes(self) -> Mixed {
        let ([a, b], [c, d]) = (self.place.to_le_bytes(), self.start.to_le_bytes());
        [[a, b, c, d], [self.pixels, self.count, 0, 0], self.classes]
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
}

impl Rows<'_> {
    /// What a class is at the least at the corners of a cell, whose first score is `first`.
    fn lowest(&self, first: usize, class: u8) -> u8 {
        let at = |row: &[u8], place: usize| row.get(place).copied().unwrap_or(0);
        let left = first + usize::from(class);
        let of = |row: &[u8]| at(row, left).min(at(row, left + self.right));
        of(self.above).min(of(self.below))
    }

    /// A cell that some `winners` win parts of: no class can win that is everywhere below what one of these is at the least.
    // Not inlined: the registers are the loop's over cells, of which few are mixed.
    #[inline(never)]
    pub(super) fn part(&self, place: usize, start: usize, end: usize, winners: [u8; 4]) -> Cell {
        let first = place * self.stride;
        let least = winners.into_iter().fold(0, |least, class| least.max(self.lowest(first, class)));
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
        Cell { place: place as u16, start: start as u16, pixels: (end - start) as u8, count, classes }
    }

    /// Writes the ids of a row of a cell, which lies `down` of `rows` parts below the upper scores, its pixels as far from
    /// those on the left as `weights` say.
    #[inline(always)]
    pub(super) fn write(&self, cell: &Cell, down: [i32; 2], weights: Weights, ids: &mut [u8]) {
        let first = usize::from(cell.place) * self.stride;
        let [a, b, ..] = cell.classes;
        if cell.count == 2 {
            between_two(self.line(first, a, down), self.line(first, b, down), weights, ids);
        } else {
            self.write_more(cell, down, weights, ids);
        }
    }

    #[inline(never)]
    fn write_more(&self, cell: &Cell, down: [i32; 2], weights: Weights, ids: &mut [u8]) {
        let first = usize::from(cell.place) * self.stride;
        let line = |class: u8| self.line(first, class, down);
        let [a, b, c, d] = cell.classes;
        match cell.count {
            3 => between(&[a, b, c].map(line), weights, ids),
            4 => between(&[a, b, c, d].map(line), weights, ids),
            _ => self.write_any(first, down, weights, ids),
        }
    }

    /// The same if any class can win.
    #[inline(never)]
    fn write_any(&self, first: usize, down: [i32; 2], weights: Weights, ids: &mut [u8]) {
        let mut lines = [Line::default(); MAX_CLASSES];
        for (class, line) in (0..self.classes as u8).zip(&mut lines) {
            *line = self.line(first, class, down);
        }
        between(lines.get(..self.classes).unwrap_or_default(), weights, ids);
    }

    #[inline(always)]
    fn line(&self, first: usize, class: u8, [down, rows]: [i32; 2]) -> Line {
        let at = |row: &[u8], place: usize| row.get(place).map_or(0, |score| i32::from(*score));
        let of = |place: usize| at(self.above, place) * (rows - down) + at(self.below, place) * down;
        let place = first + usize::from(class);
        Line { class, left: of(place), right: of(place + self.right) }
    }
}

/// Writes which of two classes wins.
#[inline(always)]
fn between_two(first: Line, second: Line, weights: Weights, ids: &mut [u8]) {
    // By how much the first is ahead; it wins where they are equal.
    let (left, right) = (first.left - second.left, first.right - second.right);
    // What wins at both ends of a line wins between them.
    if left >= 0 && right >= 0 {
        ids.fill(first.class);
    } else if left < 0 && right < 0 {
        ids.fill(second.class);
    } else {
        // Pixels outside of the ends lie on the same side of where both are equal as the ends do.
        let slope = right - left;
        // Of the largest images a step alone may leave 32 bits, and the sum after it be in them again.
        let mut ahead = (left * weights.parts).wrapping_add(slope.wrapping_mul(weights.first));
        for id in ids {
            *id = if ahead >= 0 { first.class } else { second.class };
            ahead = ahead.wrapping_add(slope.wrapping_mul(weights.step));
        }
    }
}

/// Writes which of several classes wins, of equal ones the first.
fn between(lines: &[Line], weights: Weights, ids: &mut [u8]) {
    let (left, right) = (winner(lines, 0, weights.parts), winner(lines, weights.parts, weights.parts));
    if left == right {
        ids.fill(left);
        return;
    }
    for (pixel, id) in ids.iter_mut().enumerate() {
        *id = winner(lines, weights.at(pixel), weights.parts);
    }
}

/// The class with the highest score, the first of several.
#[inline(always)]
fn winner(lines: &[Line], weight: i32, parts: i32) -> u8 {
    let Some((line, others)) = lines.split_first() else { return 0 };
    let (mut class, mut best) = (line.class, line.at(weight, parts));
    for line in others {
        let score = line.at(weight, parts);
        if score > best {
            (class, best) = (line.class, score);
        }
    }
    class
}
