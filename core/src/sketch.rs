//! A histogram of (label, code): all that 8-bit outputs have to say, in 4 KiB.
//!
//! For 8-bit logits or probabilities the table of counts is a sufficient statistic for every loss, threshold
//! and statistic that does not depend on *where* a pixel is. One integer increment per pixel fills it.
//! Read as at most 512 weighted pixels it goes through the very code that full frames take
//! ([`crate::loss::Loss::accumulate_sketch`]), and the gradient is a look-up table.

use crate::error::{Error, Result};
use crate::simd::{BLOCK, LANES};
use crate::view::{Code, Labels, Quantised, Quantiser};

mod table;

pub use table::{GradientTable, SigmoidTable};

/// Codes of an 8-bit output.
pub const CODES: usize = 256;
/// Row of the table for a label: 0, 1, and 2 or 3 (the low bits of an ignore id) for pixels without a label.
const ROWS: usize = 4;

/// Pixels of a frame that are looked at together.
const CELLS: usize = 64;

/// Every code index, rising. A range that includes its end, `0u8..=255`, costs a microcontroller 25 instructions
/// a turn.
pub(crate) fn indices() -> impl DoubleEndedIterator<Item = u8> + ExactSizeIterator + Clone {
    (0..CODES).map(|index| index as u8)
}

/// Counts of stored bytes by label.
///
/// `N` is `u32` inside a frame and `u64` over a data set. Counters saturate, the latter at 2^54 - 1, so that sums of them
/// fit; [`Sketch::saturated`] tells.
///
/// Cost on a Cortex-M4F: see `firmware/run --bench`; state 4 KiB (`u32`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sketch<N = u32> {
    counts: [N; CODES * ROWS],
    quantiser_flip: u8,
    saturated: bool,
}

/// A counter: `u32` or `u64`.
pub trait Count: Copy + Into<u64> + Eq {
    /// Zero.
    const ZERO: Self;
    /// Adds, stopping at the largest value; tells whether it had to stop.
    #[must_use]
    fn add(self, more: u64) -> (Self, bool);
}

impl Count for u32 {
    const ZERO: Self = 0;
    fn add(self, more: u64) -> (Self, bool) {
        let sum = u64::from(self).saturating_add(more);
        (sum.min(u64::from(Self::MAX)) as Self, sum > u64::from(Self::MAX))
    }
}

impl Count for u64 {
    const ZERO: Self = 0;
    fn add(self, more: u64) -> (Self, bool) {
        // A sum of all counters of a sketch must fit, too.
        const LARGEST: u64 = u64::MAX / (CODES * ROWS) as u64;
        let sum = self.saturating_add(more);
        (sum.min(LARGEST), sum > LARGEST)
    }
}

impl<N: Count> Sketch<N> {
    /// An empty sketch for codes of this kind.
    #[must_use]
    pub const fn new(quantiser: &Quantiser) -> Self {
        Self { counts: [N::ZERO; CODES * ROWS], quantiser_flip: quantiser.index(0), saturated: false }
    }

    /// Pixels of `label` (0 or 1) whose code has this index.
    #[must_use]
    pub fn count(&self, label: u8, index: u8) -> u64 {
        self.cell(label & 1, index).into()
    }

    /// Pixels with this code whatever their label, those without one included.
    #[must_use]
    pub fn pixels_at(&self, index: u8) -> u64 {
        let byte = usize::from(index ^ self.quantiser_flip);
        let at = |row: usize| self.counts.get(row * CODES + byte).map_or(0, |n| (*n).into());
        at(0) + at(1) + at(2) + at(3)
    }

    /// Pixels of `label` (0 or 1).
    #[must_use]
    pub fn labelled(&self, label: u8) -> u64 {
        self.row(label & 1).iter().map(|n| (*n).into()).sum()
    }

    /// All pixels, those without a label included.
    #[must_use]
    pub fn pixels(&self) -> u64 {
        self.counts.iter().map(|n| (*n).into()).sum()
    }

    /// Whether a counter would have passed its largest value.
    #[must_use]
    pub const fn saturated(&self) -> bool {
        self.saturated
    }

    /// Adds pixels of `label` (0 or 1) whose code has this index, all at once: what [`Sketch::count`] said elsewhere.
    ///
    /// ```
    /// use segmeter_core::{sketch::Sketch, view::Quantiser};
    /// let mut sketch = Sketch::<u64>::new(&Quantiser::probabilities());
    /// sketch.push_pixels(1, 200, 1000);
    /// assert_eq!((sketch.count(1, 200), sketch.pixels()), (1000, 1000));
    /// ```
    pub fn push_pixels(&mut self, label: u8, index: u8, pixels: u64) {
        let place = usize::from(label & 1) * CODES + usize::from(index ^ self.quantiser_flip);
        if let Some(count) = self.counts.get_mut(place) {
            let (sum, is_over) = count.add(pixels);
            *count = sum;
            self.saturated |= is_over;
        }
    }

    /// Adds the counts of another sketch of the same kind of codes.
    ///
    /// # Errors
    /// [`Error::Parameter`] if the other sketch has signed codes and this one unsigned, or the reverse.
    pub fn merge<M: Count>(&mut self, other: &Sketch<M>) -> Result<()> {
        if self.quantiser_flip != other.quantiser_flip {
            return Err(Error::Parameter("encoding"));
        }
        self.saturated |= other.saturated;
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            let (sum, over) = mine.add((*theirs).into());
            *mine = sum;
            self.saturated |= over;
        }
        Ok(())
    }

    /// Forgets every pixel, and takes codes of this kind from now on.
    pub fn reset(&mut self, quantiser: &Quantiser) {
        self.quantiser_flip = quantiser.index(0);
        self.clear();
    }

    /// Forgets every pixel.
    pub fn clear(&mut self) {
        self.counts.fill(N::ZERO);
        self.saturated = false;
    }

    /// The counts of `row` by stored byte.
    fn row(&self, row: u8) -> &[N] {
        let start = usize::from(row & 3) * CODES;
        self.counts.get(start..start + CODES).unwrap_or(&[])
    }

    fn cell(&self, row: u8, index: u8) -> N {
        let byte = index ^ self.quantiser_flip;
        self.counts.get(usize::from(row & 3) * CODES + usize::from(byte)).copied().unwrap_or(N::ZERO)
    }
}

impl Sketch<u32> {
    /// Adds one row of codes with labels.
    ///
    /// A label is 0, 1, or an id with bit 1 set (2, 3, 255 ...) for a pixel that has none: [`Sketch::of`]
    /// takes any ignore id. A row that is shorter than the other ends the work.
    #[inline]
    pub fn push_row<Q: Code>(&mut self, codes: &[Q], labels: &[u8]) {
        let len = codes.len().min(labels.len());
        let (codes, labels) = (codes.get(..len).unwrap_or_default(), labels.get(..len).unwrap_or_default());
        // By eights, which unrolls, and the labels as one number: a shift and mask is one instruction on a
        // microcontroller, a load and mask are two.
        let ((codes, codes_rest), (labels, labels_rest)) =
            (codes.as_chunks::<LANES>(), labels.as_chunks::<LANES>());
        for (codes, labels) in codes.iter().zip(labels) {
            let labels = u64::from_le_bytes(*labels);
            for (place, code) in codes.iter().enumerate() {
                self.push(code.byte(), (labels >> (8 * place)) as u8 & 3);
            }
        }
        for (code, label) in codes_rest.iter().zip(labels_rest) {
            self.push(code.byte(), label & 3);
        }
    }

    /// Adds one row of codes with labels of a bit each, as [`crate::view::Mask`] packs them: foreground, and
    /// whether there is a label at all.
    #[inline]
    pub fn push_packed_row<Q: Code>(&mut self, codes: &[Q], foreground: &[u8], valid: &[u8]) {
        let (codes, rest) = codes.as_chunks::<8>();
        let mut labels = foreground.iter().zip(valid);
        for (codes, (foreground, valid)) in codes.iter().zip(&mut labels) {
            // All eight labelled is the rule: then one bit says it all.
            if *valid == 0xff {
                for (bit, code) in codes.iter().enumerate() {
                    self.push(code.byte(), (foreground >> bit) & 1);
                }
            } else {
                for (bit, code) in codes.iter().enumerate() {
                    self.push(code.byte(), packed_label(*foreground, *valid, bit));
                }
            }
        }
        if let Some((foreground, valid)) = labels.next() {
            for (bit, code) in rest.iter().enumerate() {
                self.push(code.byte(), packed_label(*foreground, *valid, bit));
            }
        }
    }

    /// Adds one row of codes without labels.
    #[inline]
    pub fn push_unlabelled<Q: Code>(&mut self, codes: &[Q]) {
        for code in codes {
            self.push(code.byte(), 3);
        }
    }

    /// The sketch of a whole frame.
    ///
    /// # Errors
    /// [`Error::Length`] if codes and labels differ in shape.
    pub fn of<Q: Code>(frame: &Quantised<'_, Q>, labels: Option<&Labels<'_>>) -> Result<Self> {
        let mut sketch = Self::new(frame.quantiser());
        let Some(labels) = labels else {
            sketch.push_unlabelled(frame.codes());
            return Ok(sketch);
        };
        if labels.shape() != frame.shape() {
            return Err(Error::Length { expected: labels.shape().pixels(), found: frame.shape().pixels() });
        }
        for (codes, ids) in frame.codes().chunks(CELLS).zip(labels.ids().chunks(CELLS)) {
            // Cells first: for a block that is vector code where there are vectors.
            let mut cells = [0_u16; CELLS];
            for (cell, (code, id)) in cells.iter_mut().zip(codes.iter().zip(ids)) {
                *cell = u16::from(code.byte()) | if *id < 2 { u16::from(*id) << 8 } else { 3 << 8 };
            }
            for cell in cells.iter().take(codes.len()) {
                sketch.push(*cell as u8, (*cell >> 8) as u8);
            }
        }
        Ok(sketch)
    }

    /// Visits the codes that occur among labelled pixels by falling error, foreground first at a tie, until `visit` says
    /// false: (label, index, error, count). The errors `on` the foreground fall with the index, those `off` it rise.
    pub(crate) fn worst_first(
        &self,
        on: impl Fn(u8) -> f32,
        off: impl Fn(u8) -> f32,
        mut visit: impl FnMut(u8, u8, f32, u32) -> bool,
    ) {
        let counted = |label: u8, index: u8| (index, self.cell(label, index));
        // Two sequences that are in order already.
        let mut ones = indices().map(|index| counted(1, index)).filter(|(_, count)| *count != 0);
        let mut zeros = indices().rev().map(|index| counted(0, index)).filter(|(_, count)| *count != 0);
        let mut next_one = || ones.next().map(|(index, count)| (index, on(index), count));
        let mut next_zero = || zeros.next().map(|(index, count)| (index, off(index), count));
        let (mut one, mut zero) = (next_one(), next_zero());
        loop {
            let positive = match (one, zero) {
                (Some((_, a, _)), Some((_, b, _))) => a >= b,
                (one, _) => one.is_some(),
            };
            let next = if positive { one } else { zero };
            let Some((index, error, count)) = next else { return };
            if !visit(u8::from(positive), index, error, count) {
                return;
            }
            if positive {
                one = next_one();
            } else {
                zero = next_zero();
            }
        }
    }

    /// The counts of a block of codes from index `first`, in rising order.
    #[inline(always)]
    pub(crate) fn block(&self, label: u8, first: u8) -> [u32; BLOCK] {
        let start = usize::from(label & 1) * CODES + usize::from(first ^ self.quantiser_flip);
        self.counts.get(start..start + BLOCK).and_then(|n| n.try_into().ok()).unwrap_or([0; BLOCK])
    }

    /// Not checked for overflow: a frame has fewer than 2^32 pixels ([`crate::view::Shape`]).
    #[inline(always)]
    pub(crate) fn push(&mut self, byte: u8, row: u8) {
        let cell = usize::from(row & 3) * CODES + usize::from(byte);
        if let Some(n) = self.counts.get_mut(cell) {
            *n = n.wrapping_add(1);
        }
    }
}

/// The row of the table for one pixel of a packed byte: 0, 1, or 3 where it has no label.
#[inline(always)]
const fn packed_label(foreground: u8, valid: u8, bit: usize) -> u8 {
    let unlabelled = !valid;
    (((foreground | unlabelled) >> bit) & 1) | (((unlabelled >> bit) & 1) << 1)
}
