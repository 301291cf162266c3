//! What the codes of a frame say by where they are.

use super::confidence::margins;
use super::geometry::BANDS;
use crate::error::{Error, Result};
use crate::num::Q16;
use crate::plane::pack_codes;
use crate::plane::row::{last_mask, spread, words_of};
use crate::sketch::{SigmoidTable, Sketch, indices};
use crate::view::{Code, Quantiser};

/// A sketch of a frame in two: pixels beside the predicted boundary have label 1, all others 0.
///
/// Beside: at most `reach` rows and columns from a pixel that has a 4-neighbour of the other class. Doubt belongs
/// there: in the interior it is the sign of a fault (Rottmann et al. 2020). Wider objects and a finer image have less
/// of a boundary. Every [`Statistics`](super::Statistics) can be read for either part, and for both.
///
/// Per pixel the cost of a sketch, and that of packing; per word `2 reach + 1` operations. Memory: a sketch of 4 KiB,
/// and for 512x256 at a reach of 2, 2.6 KB of scratch.
///
/// ```
/// use segmeter_core::{drift::{BoundaryBand, Statistics}, sketch::SigmoidTable, view::{Encoding, Quantiser}};
/// let quantiser = Quantiser::logits(Encoding::Signed, 0.1, 0)?;
/// let mut scratch = [0; BoundaryBand::scratch_len(6, 0)];
/// let mut rows = BoundaryBand::new(6, 0, &quantiser, &mut scratch)?;
/// for row in [[-90i8, -80, -5, 6, 80, 90], [-90, -5, 6, 80, 80, 90]] {
///     rows.push_row(&row)?;
/// }
/// let (sketch, table) = (rows.finish(), SigmoidTable::new(&quantiser));
/// assert_eq!((sketch.labelled(1), sketch.labelled(0)), (4, 8));
/// let margin = |label| Statistics::of_label(&sketch, &table, label).unwrap().mean_margin.to_f32();
/// assert_eq!([1, 0].map(margin), [0.268_112_18, 0.999_542_24]);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Debug)]
pub struct BoundaryBand<'a> {
    width: usize,
    reach: usize,
    quantiser: Quantiser,
    sketch: Sketch,
    /// Rows of bits: the two before this row, this row, edges, and `2 reach + 1` rows of edges spread.
    bits: [&'a mut [u32]; 4],
    ring: &'a mut [u32],
    /// The last `reach + 2` rows of codes.
    codes: &'a mut [u32],
    /// Rows of codes so far, and rows of edges.
    rows: usize,
    edges: usize,
    /// Places of the next edges in `ring`, of the next codes, and of those to be counted next.
    next_edges: usize,
    next_codes: usize,
    oldest: usize,
}

impl<'a> BoundaryBand<'a> {
    /// The largest reach.
    pub const MOST_REACH: usize = 31;

    /// Words of scratch.
    #[must_use]
    pub const fn scratch_len(width: usize, reach: usize) -> usize {
        let bits = words_of(width).saturating_mul(reach.saturating_mul(2).saturating_add(5));
        bits.saturating_add(width.div_ceil(4).saturating_mul(reach.saturating_add(2)))
    }

    /// No row yet.
    ///
    /// # Errors
    /// [`Error::Scratch`]; [`Error::Parameter`] if `width` is 0 or above 65,534, or `reach` above 31.
    pub fn new(width: usize, reach: usize, quantiser: &Quantiser, scratch: &'a mut [u32]) -> Result<Self> {
        if width == 0 || width > 65_534 {
            return Err(Error::Parameter("width"));
        }
        if reach > Self::MOST_REACH {
            return Err(Error::Parameter("reach"));
        }
        let (need, words) = (Self::scratch_len(width, reach), words_of(width));
        let short = Error::Scratch { need };
        let scratch = scratch.get_mut(..need).ok_or(short)?;
        scratch.fill(0);
        let (a, rest) = scratch.split_at_mut_checked(words).ok_or(short)?;
        let (b, rest) = rest.split_at_mut_checked(words).ok_or(short)?;
        let (c, rest) = rest.split_at_mut_checked(words).ok_or(short)?;
        let (d, rest) = rest.split_at_mut_checked(words).ok_or(short)?;
        let (ring, codes) = rest.split_at_mut_checked(words * (2 * reach + 1)).ok_or(short)?;
        Ok(Self {
            width,
            reach,
            quantiser: *quantiser,
            sketch: Sketch::new(quantiser),
            bits: [a, b, c, d],
            ring,
            codes,
            rows: 0,
            edges: 0,
            next_edges: 0,
            next_codes: 0,
            oldest: 0,
        })
    }

    /// Adds the next row of codes.
    ///
    /// # Errors
    /// [`Error::Length`].
    pub fn push_row<Q: Code>(&mut self, codes: &[Q]) -> Result<()> {
        if codes.len() != self.width {
            return Err(Error::Length { expected: self.width, found: codes.len() });
        }
        let [_, _, row, _] = &mut self.bits;
        pack_codes(codes, &self.quantiser, row)?;
        let words = self.width.div_ceil(4);
        let first = self.next_codes * words;
        let kept = self.codes.get_mut(first..first + words).unwrap_or_default();
        let (fours, rest) = codes.as_chunks::<4>();
        let mut kept = kept.iter_mut();
        for (four, word) in fours.iter().zip(kept.by_ref()) {
            *word = u32::from_le_bytes(four.map(Code::byte));
        }
        if let Some(word) = kept.next() {
            *word = rest.iter().rev().fold(0, |word, code| word << 8 | u32::from(code.byte()));
        }
        self.next_codes = following(self.next_codes, self.reach + 2);
        if self.rows != 0 {
            self.find_edges();
        }
        let [above, before, row, _] = &mut self.bits;
        if self.rows == 0 {
            // Nothing is above the first row: no difference.
            copy(row, above);
        } else {
            core::mem::swap(above, before);
        }
        core::mem::swap(before, row);
        self.rows = self.rows.saturating_add(1);
        Ok(())
    }

    /// The sketch of all rows.
    #[must_use]
    pub fn finish(mut self) -> Sketch {
        if self.rows != 0 {
            // Nothing is below the last row: no difference.
            let [_, before, row, _] = &mut self.bits;
            copy(before, row);
            self.find_edges();
        }
        for _ in 0..self.reach {
            let [.., edges] = &mut self.bits;
            edges.fill(0);
            self.count_row();
        }
        self.sketch
    }

    /// Finds the edges of the row before, with those above and below it.
    fn find_edges(&mut self) {
        let [above, own, below, edges] = &mut self.bits;
        // The first and the last pixel have nothing beside them: no difference, as with themselves.
        let mut left = own.first().map_or(0, |word| word << 31);
        let last = own.last().copied().unwrap_or(0) & !(last_mask(self.width) >> 1);
        let nexts = own.iter().skip(1).copied().chain([0]);
        let mut words =
            own.iter().zip(nexts).zip(above.iter().zip(below.iter())).zip(edges.iter_mut()).peekable();
        while let Some((((own, next), (above, below)), edge)) = words.next() {
            let mut right = own >> 1 | next << 31;
            if words.peek().is_none() {
                right |= last;
            }
            *edge = (own ^ (own << 1 | left >> 31)) | (own ^ right) | (own ^ above) | (own ^ below);
            left = *own;
        }
        if let Some(edge) = edges.last_mut() {
            *edge &= last_mask(self.width);
        }
        self.count_row();
    }

    /// Takes a row of edges, and counts the row that they are the last to reach.
    fn count_row(&mut self) {
        let words = words_of(self.width);
        let [.., edges] = &mut self.bits;
        let newest = self.ring.chunks_mut(words).nth(self.next_edges).unwrap_or_default();
        spread(edges, self.width, self.reach, false, newest);
        self.next_edges = following(self.next_edges, 2 * self.reach + 1);
        self.edges = self.edges.saturating_add(1);
        if self.edges <= self.reach {
            return;
        }
        edges.fill(0);
        for row in self.ring.chunks(words) {
            edges.iter_mut().zip(row).for_each(|(band, word)| *band |= word);
        }
        let codes = self.codes.chunks(self.width.div_ceil(4).max(1)).nth(self.oldest).unwrap_or_default();
        for (codes, (band, first)) in codes.chunks(8).zip(edges.iter().zip((0..).step_by(32))) {
            for (fours, place) in codes.iter().zip((0..32).step_by(4)) {
                let (bytes, band, left) =
                    (fours.to_le_bytes(), band >> place, self.width.saturating_sub(first + place));
                let mut push = |byte: u8, bit: usize| self.sketch.push(byte, (band >> bit & 1) as u8);
                if left >= 4 {
                    (0..4).zip(bytes).for_each(|(bit, byte)| push(byte, bit));
                } else {
                    (0..left).zip(bytes).for_each(|(bit, byte)| push(byte, bit));
                }
            }
        }
        self.oldest = following(self.oldest, self.reach + 2);
    }
}

fn copy(from: &[u32], to: &mut [u32]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
}

/// What follows in a ring.
const fn following(place: usize, len: usize) -> usize {
    if place + 1 >= len { 0 } else { place + 1 }
}

/// Share of low-confidence pixels by weights of sixteen bands of rows, from the top: near the vehicle it matters more.
///
/// Sum over pixels of low confidence of the weights of their bands, by that over all pixels. A comparison per pixel,
/// no table in RAM; 56 bytes, the weights among them.
///
/// ```
/// use segmeter_core::{drift::WeightedLowConfidence, num::Q16, sketch::SigmoidTable, view::Quantiser};
/// let table = SigmoidTable::new(&Quantiser::probabilities());
/// let mut weights = [1; 16];
/// weights[15] = 4;
/// let mut rows = WeightedLowConfidence::new(16, &Quantiser::probabilities(), &table, Q16::from_f32(0.5), weights)?;
/// for row in 0..16 {
///     rows.push_row(&[if row == 15 { 128u8 } else { 0 }, 255]);
/// }
/// assert_eq!(rows.finish(), Some(Q16::ratio(4, 38)));
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct WeightedLowConfidence {
    height: usize,
    weights: [u8; BANDS],
    /// The first index of low confidence, and how many there are.
    first: u8,
    count: u16,
    flip: u8,
    row: usize,
    low: u64,
    all: u64,
}

impl WeightedLowConfidence {
    /// No row yet. A pixel is of low confidence where `|2p - 1|` is below `margin`.
    ///
    /// # Errors
    /// [`Error::Parameter`] if `height` is 0 or above 65,534.
    pub fn new(
        height: usize,
        quantiser: &Quantiser,
        table: &SigmoidTable,
        margin: Q16,
        weights: [u8; BANDS],
    ) -> Result<Self> {
        if height == 0 || height > 65_534 {
            return Err(Error::Parameter("height"));
        }
        let mut low = indices().zip(margins(table)).filter(|(_, own)| *own < margin).map(|(index, _)| index);
        let first = low.next().unwrap_or(0);
        // The margin falls to the threshold and rises behind it: the indices are neighbours.
        let count = low.count() as u16 + u16::from(margins(table).any(|own| own < margin));
        let flip = quantiser.index(0);
        Ok(Self { height, weights, first, count, flip, row: 0, low: 0, all: 0 })
    }

    /// Adds the next row of codes; the rows past the height count as the last.
    pub fn push_row<Q: Code>(&mut self, codes: &[Q]) {
        let is_low = |code: &&Q| u16::from((code.byte() ^ self.flip).wrapping_sub(self.first)) < self.count;
        let low = codes.iter().filter(is_low).count() as u64;
        let band = (self.row * BANDS / self.height.max(1)).min(BANDS - 1);
        let weight = self.weights.get(band).map_or(0, |weight| u64::from(*weight));
        self.low = self.low.saturating_add(low.saturating_mul(weight));
        self.all = self.all.saturating_add((codes.len() as u64).saturating_mul(weight));
        self.row = self.height.min(self.row + 1);
    }

    /// The share, in [0, 1]; `None` without a pixel of any weight.
    #[must_use]
    pub fn finish(self) -> Option<Q16> {
        (self.all != 0).then(|| Q16::divide(i128::from(self.low) << 16, self.all))
    }
}
