//! The contour of a mask, 32 pixels at a time, from rows that come in order.
//!
//! What counts as contour differs from library to library, and with it every number measured on it. The rule
//! is therefore a value, [`Contour`]: one of four [`Edge`] rules, and whether the image's frame counts, that
//! is, whether what lies outside is background. Pixels that are not scored are unknown: they are in no mask,
//! and no edge is made by them; the outside of a frame that does not count is unknown as well.

use super::row::{Packed, Row, last_mask, words_of};
use crate::error::Result;

/// Which pixels are the contour of a mask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Edge {
    /// Pixels of the mask with a background pixel among their 4 neighbours: the mask without its erosion by a
    /// cross. SciPy's, MONAI's and MedPy's.
    #[default]
    Inner4,
    /// Pixels of the mask with a background pixel among their 8 neighbours: without its erosion by a square.
    Inner8,
    /// Pixels that differ from the one to the right, below, or diagonally right below: the contour half a
    /// pixel towards the origin, in mask and background. DAVIS's `_seg2bmap`. If the frame counts, that is its
    /// right and lower side: the others would lie outside.
    HalfPixel,
    /// Corners of pixels, on a grid one larger each way, between four pixels that are not alike; each with the
    /// length of contour it stands for. The 2-D surface of surface-distance. A pixel that is unknown takes the
    /// value of its neighbour in the row of the four, or else in their column.
    Corners,
}

/// An edge rule, and what the image's frame is.
///
/// ```
/// use segmeter_core::plane::{Contour, Edge};
/// assert_eq!(Contour::default(), Contour { edge: Edge::Inner4, frame_counts: false });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Contour {
    /// The edge rule.
    pub edge: Edge,
    /// Whether a mask that touches the frame has a contour there.
    pub frame_counts: bool,
}

/// A mask and its contours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Prediction,
    Label,
}

impl Contour {
    /// Columns of the grid on which the contour of a frame lies.
    pub(crate) const fn columns(self, width: usize) -> usize {
        width.saturating_add(matches!(self.edge, Edge::Corners) as usize)
    }
    /// Rows of that grid.
    pub(crate) const fn rows(self, height: usize) -> usize {
        height.saturating_add(matches!(self.edge, Edge::Corners) as usize)
    }
    /// Bit rows that a row of contour takes: corners have two bits more, for their kind.
    pub(crate) const fn layers(self) -> usize {
        if matches!(self.edge, Edge::Corners) { 3 } else { 1 }
    }
    /// Words of a row of contour, all layers.
    pub(crate) const fn row_words(self, width: usize) -> usize {
        words_of(self.columns(width)).saturating_mul(self.layers())
    }
}

/// The kind of a contour pixel, from the two bits behind its edge bit: 0 a pixel, or a corner that the contour
/// cuts; 1 a corner on a horizontal piece of contour, 2 on a vertical one, 3 one that it cuts twice.
#[inline]
pub(crate) fn kind(layers: &[u32], words: usize, column: usize) -> usize {
    let bit =
        |layer: usize| layers.get(layer * words + column / 32).is_some_and(|w| w >> (column % 32) & 1 == 1);
    usize::from(bit(1)) + 2 * usize::from(bit(2))
}

/// The last rows of a frame that comes row by row, and the contours of one of them.
#[derive(Debug)]
pub(crate) struct Window<'a> {
    contour: Contour,
    width: usize,
    /// Rows kept, at least 3.
    kept: usize,
    words: &'a mut [u32],
    /// Rows seen.
    rows: usize,
    /// Rows seen, and the one after the last once there is no more.
    turn: usize,
}

impl<'a> Window<'a> {
    /// Words that a window of `kept` rows needs.
    pub(crate) const fn words(width: usize, kept: usize) -> usize {
        words_of(width).saturating_mul(3).saturating_mul(kept)
    }

    pub(crate) fn new(contour: Contour, width: usize, kept: usize, words: &'a mut [u32]) -> Self {
        Self { contour, width, kept, words, rows: 0, turn: 0 }
    }

    /// Gives the buffer back.
    pub(crate) fn into_words(self) -> &'a mut [u32] {
        self.words
    }
    /// Rows seen.
    pub(crate) const fn rows(&self) -> usize {
        self.rows
    }

    /// Takes a row; says whether there is a row of contour now.
    pub(crate) fn push(&mut self, row: &Row<'_>) -> Result<bool> {
        let words = words_of(self.width);
        let start = self.slot(self.rows) * words * 3;
        let outside = self.outside();
        let slot = self.words.get_mut(start..).unwrap_or_default();
        let (prediction, rest) = slot.split_at_mut_checked(words).unwrap_or_default();
        let (label, rest) = rest.split_at_mut_checked(words).unwrap_or_default();
        let valid = rest.get_mut(..words).unwrap_or_default();
        row.pack(self.width, Packed { prediction, label, valid: &mut *valid })?;
        // Past the width lies the outside.
        if let Some(last) = valid.last_mut() {
            *last |= outside & !last_mask(self.width);
        }
        self.rows += 1;
        self.turn = self.rows;
        Ok(self.rows > 1 || self.contour.edge == Edge::Corners)
    }

    /// After the last row; says whether there is one more row of contour.
    pub(crate) fn end(&mut self) -> bool {
        self.turn = self.rows + 1;
        self.rows > 0
    }

    /// Where a row is kept; `max` tells the compiler that rows are.
    fn slot(&self, row: usize) -> usize {
        row % self.kept.max(1)
    }

    /// What is known outside the frame.
    const fn outside(&self) -> u32 {
        if self.contour.frame_counts { u32::MAX } else { 0 }
    }

    /// Prediction, label and scored pixels of a row that is still kept. Past the width the last are not zero.
    pub(crate) fn row(&self, row: usize) -> [&[u32]; 3] {
        let words = words_of(self.width);
        let start = self.slot(row) * words * 3;
        [0, 1, 2].map(|plane| {
            self.words.get(start + plane * words..).and_then(|w| w.get(..words)).unwrap_or_default()
        })
    }

    fn line(&self, side: Side, back: usize) -> Line<'_> {
        let outside = self.outside();
        let line = |mask, valid| Line { mask, valid, width: self.width, outside };
        match self.turn.checked_sub(back) {
            Some(row) if row < self.rows => {
                let [prediction, label, valid] = self.row(row);
                line(if side == Side::Prediction { prediction } else { label }, valid)
            }
            _ => line(&[], &[]),
        }
    }

    /// Writes the row of contour of a mask, all layers.
    pub(crate) fn contour(&self, side: Side, to: &mut [u32]) {
        let [above, own, below] = [3, 2, 1].map(|back| self.line(side, back));
        match self.contour.edge {
            Edge::Inner4 => inner(above, own, below, false, to),
            Edge::Inner8 => inner(above, own, below, true, to),
            Edge::HalfPixel => half_pixel(own, below, to),
            Edge::Corners => corners(own, below, to),
        }
    }
}

/// A row of a mask, or the outside.
#[derive(Clone, Copy)]
struct Line<'a> {
    mask: &'a [u32],
    valid: &'a [u32],
    width: usize,
    /// What the scored bits are outside the frame.
    outside: u32,
}

impl Line<'_> {
    #[inline(always)]
    fn mask(&self, word: usize) -> u32 {
        self.mask.get(word).copied().unwrap_or(0)
    }
    /// Of which pixels it is known whether they are in the mask.
    #[inline(always)]
    fn known(&self, word: usize) -> u32 {
        self.valid.get(word).copied().unwrap_or(self.outside)
    }
    #[inline(always)]
    fn background(&self, word: usize) -> u32 {
        self.known(word) & !self.mask(word)
    }
}

/// The pixels of a mask beside its background.
fn inner(above: Line<'_>, own: Line<'_>, below: Line<'_>, diagonal: bool, to: &mut [u32]) {
    let columns = |word: usize| [&above, &own, &below].map(|line| line.background(word));
    let sideways = |[north, here, south]: [u32; 3]| if diagonal { north | here | south } else { here };
    let mut before = own.outside;
    let mut now = columns(0);
    for (word, slot) in to.iter_mut().enumerate() {
        let after = columns(word + 1);
        let [west, here, east] = [before, sideways(now), sideways(after)];
        let near = here << 1 | west >> 31 | here >> 1 | east << 31;
        let [north, _, south] = now;
        *slot = own.mask(word) & (near | north | south);
        (before, now) = (here, after);
    }
}

/// The pixels that differ from one of the three to the right and below.
fn half_pixel(own: Line<'_>, below: Line<'_>, to: &mut [u32]) {
    let ahead = |now: u32, next: u32| now >> 1 | next << 31;
    let words = to.len();
    for (word, slot) in to.iter_mut().enumerate() {
        let mask = own.mask(word);
        let east = ahead(mask, own.mask(word + 1));
        let diagonal = ahead(below.mask(word), below.mask(word + 1));
        let east_known = ahead(own.known(word), own.known(word + 1));
        let diagonal_known = ahead(below.known(word), below.known(word + 1));
        let differs = (mask ^ east) & east_known
            | (mask ^ below.mask(word)) & below.known(word)
            | (mask ^ diagonal) & diagonal_known;
        let inside = if word + 1 == words { last_mask(own.width) } else { u32::MAX };
        *slot = own.known(word) & inside & differs;
    }
}

/// The corners between a row and the one below, with their kinds.
fn corners(above: Line<'_>, below: Line<'_>, to: &mut [u32]) {
    let columns = above.width + 1;
    let words = words_of(columns);
    let (edges, kinds) = to.split_at_mut_checked(words).unwrap_or_default();
    let (horizontal_kinds, vertical_kinds) = kinds.split_at_mut_checked(words).unwrap_or_default();
    let slots = edges.iter_mut().zip(horizontal_kinds).zip(vertical_kinds).enumerate();
    for (word, ((edge, along), across)) in slots {
        let [top, bottom] = [&above, &below].map(|line| Pair::new(line, word));
        let [top, bottom] = [top.or(bottom), bottom.or(top)];
        let (a, b, c, d) = (top.left, top.right, bottom.left, bottom.right);
        let inside = if word + 1 == words { last_mask(columns) } else { u32::MAX };
        *edge = (a | b | c | d) & !(a & b & c & d) & inside;
        let twice = (a ^ b) & (c ^ d) & (a ^ c);
        *along = *edge & (!(a ^ b) & !(c ^ d) | twice);
        *across = *edge & (!(a ^ c) & !(b ^ d) | twice);
    }
}

/// The two pixels of a row beside each of 32 corners.
#[derive(Clone, Copy)]
struct Pair {
    left: u32,
    right: u32,
    known: u32,
}

impl Pair {
    #[inline(always)]
    fn new(line: &Line<'_>, word: usize) -> Self {
        let behind = |now: u32, before: u32| now << 1 | before >> 31;
        let (right, right_known) = (line.mask(word), line.known(word));
        let left = behind(right, line.mask(word.wrapping_sub(1)));
        let left_known = behind(right_known, line.known(word.wrapping_sub(1)));
        // A mask has no bit where nothing is known.
        Self {
            left: left | !left_known & right,
            right: right | !right_known & left,
            known: left_known | right_known,
        }
    }
    /// The other row where nothing is known of this one.
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        let [left, right] = [self.left | !self.known & other.left, self.right | !self.known & other.right];
        Self { left, right, ..self }
    }
}

#[cfg(test)]
pub(crate) mod tests;
