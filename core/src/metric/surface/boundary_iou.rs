//! Boundary IoU, row by row.

use super::definition::Spacing;
use super::tally::Tally;
use crate::error::{Error, Result};
use crate::metric::Ratio;
use crate::plane::Row;
use crate::plane::row::{Packed, spread, words_of};
use crate::view::Shape;

/// `|B(G) & B(P)| / |B(G) | B(P)|`, `B(M)` the pixels of a mask at most `distance` rows and columns from its
/// background: the mask without its erosion, `distance` times, by a 3x3 square.
///
/// One pass over the rows; 32 columns at a time. How many rows ago a column last had background is counted in
/// bits that lie across words, which is why a row of state is a few bits a pixel and not a byte:
///
/// | words of state, `n = width / 32`, `b` bits of `2 d + 1` | 320x240 | 512x256 | 1024x512 |
/// |---|---|---|---|
/// | `(2 (d + 1 + b) + 3) n`, d of [`BoundaryIou::COCO`] = 8, 11, 23 | 1240 B | 2368 B | 8064 B |
/// | d of [`BoundaryIou::CITYSCAPES`] = 2, 3, 6 | 600 B | 1088 B | 3200 B |
///
/// Source: Cheng et al. 2021.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct BoundaryIou {
    /// Rows and columns from the background, at least 1.
    pub distance: u32,
    /// Whether a mask that touches the frame has a boundary there.
    pub frame_counts: bool,
}

/// The largest distance.
const MAX_DISTANCE: u32 = 16_383;

impl BoundaryIou {
    /// The ratio of the distance to the frame's diagonal in boundary-iou-api, for COCO and LVIS.
    pub const COCO: f64 = 0.02;
    /// For Cityscapes.
    pub const CITYSCAPES: f64 = 0.005;

    /// As boundary-iou-api: the frame counts, the distance is a ratio of its diagonal, rounded to the nearest
    /// whole number (half to even), at least 1.
    ///
    /// ```
    /// use segmeter_core::{metric::surface::BoundaryIou, view::Shape};
    /// let iou = BoundaryIou::of_diagonal(BoundaryIou::COCO, Shape::new(512, 1024)?);
    /// assert_eq!(iou, BoundaryIou { distance: 23, frame_counts: true });
    /// # Ok::<(), segmeter_core::Error>(())
    /// ```
    #[must_use]
    pub fn of_diagonal(ratio: f64, shape: Shape) -> Self {
        let distance = libm::rint(ratio * Spacing::PIXELS.diagonal(shape)) as u32;
        Self { distance: distance.clamp(1, MAX_DISTANCE), frame_counts: true }
    }

    /// Rows from the first to the last that can have eroded a pixel.
    const fn span(self) -> u32 {
        2 * self.distance + 1
    }
    /// Bits that count that far; an odd number has one.
    const fn bits(self) -> usize {
        (u32::BITS - (self.span() | 1).leading_zeros()) as usize
    }
    /// Rows of bits that wait for the rows below them.
    const fn waiting(self) -> usize {
        (self.distance as usize).saturating_add(1)
    }

    /// Words for [`BoundaryIou::rows`].
    #[must_use]
    pub const fn scratch_len(&self, width: usize) -> usize {
        if self.distance > MAX_DISTANCE {
            return usize::MAX;
        }
        words_of(width).saturating_mul(2 * (self.waiting() + self.bits()) + 3)
    }

    /// Takes a frame of any height row by row.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a distance of 0 or above 16 383; [`Error::Scratch`] if `scratch` is shorter than
    /// [`BoundaryIou::scratch_len`]; [`Error::Shape`] for rows without a pixel.
    ///
    /// ```
    /// use segmeter_core::{metric::surface::BoundaryIou, plane::Row};
    /// let iou = BoundaryIou { distance: 1, frame_counts: true };
    /// let mut scratch = vec![0; iou.scratch_len(4)];
    /// let mut rows = iou.rows(4, &mut scratch)?;
    /// for (prediction, label) in [([1, 1, 1, 1], [1, 1, 1, 0]), ([1, 1, 1, 1], [1, 1, 1, 0]), ([1; 4], [0; 4])] {
    ///     rows.push_row(&Row::Ids { prediction: &prediction, label: &label, class: 1, ignore: 255 })?;
    /// }
    /// assert_eq!(rows.finish().iou().value(), Some(1.0 / 3.0));
    /// # Ok::<(), segmeter_core::Error>(())
    /// ```
    pub fn rows<'a>(&self, width: usize, scratch: &'a mut [u32]) -> Result<BoundaryIouRows<'a>> {
        let rows = self.resume(width, scratch, BoundaryIouProgress::default())?;
        // What lies above the frame is background, if that counts.
        let above = if self.frame_counts { self.span() } else { 0 };
        for counter in rows.counters.chunks_mut(self.bits()) {
            counter.iter_mut().zip(0..).for_each(|(word, bit)| *word = ones_if(above >> bit & 1 == 1));
        }
        Ok(rows)
    }

    /// Goes on with a frame whose last [`BoundaryIouRows::progress`] this was, in the same scratch: for whoever keeps both
    /// between two rows and can lend neither.
    ///
    /// # Errors
    /// As [`BoundaryIou::rows`].
    pub fn resume<'a>(
        &self,
        width: usize,
        scratch: &'a mut [u32],
        progress: BoundaryIouProgress,
    ) -> Result<BoundaryIouRows<'a>> {
        if self.distance == 0 || self.distance > MAX_DISTANCE {
            return Err(Error::Parameter("distance"));
        }
        if width == 0 {
            return Err(Error::Shape);
        }
        let (need, words) = (self.scratch_len(width), words_of(width));
        let scratch = scratch.get_mut(..need).ok_or(Error::Scratch { need })?;
        let (masks, rest) = scratch.split_at_mut_checked(2 * self.waiting() * words).unwrap_or_default();
        let (counters, near) = rest.split_at_mut_checked(2 * self.bits() * words).unwrap_or_default();
        Ok(BoundaryIouRows { iou: *self, width, masks, counters, near, progress })
    }
}

/// How far a frame has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct BoundaryIouProgress {
    /// Rows that have come.
    row: usize,
    /// Intersection and union so far.
    sums: [u64; 2],
}

const fn ones_if(set: bool) -> u32 {
    if set { u32::MAX } else { 0 }
}

/// A frame on its way in, from [`BoundaryIou::rows`].
#[derive(Debug)]
pub struct BoundaryIouRows<'a> {
    iou: BoundaryIou,
    width: usize,
    /// The last `distance + 1` rows of both masks.
    masks: &'a mut [u32],
    /// For both masks, bit by bit, for how many rows to come the column is near background.
    counters: &'a mut [u32],
    /// Three rows: scored pixels, or pixels near background; and for each mask the columns near it, then its boundary.
    near: &'a mut [u32],
    progress: BoundaryIouProgress,
}

impl BoundaryIouRows<'_> {
    /// The next row.
    ///
    /// # Errors
    /// [`Error::Length`] if it is not one of the width.
    pub fn push_row(&mut self, row: &Row<'_>) -> Result<()> {
        let words = words_of(self.width);
        let start = self.progress.row % self.iou.waiting() * 2 * words;
        let slot = self.masks.get_mut(start..start + 2 * words).unwrap_or_default();
        let (prediction, label) = slot.split_at_mut_checked(words).unwrap_or_default();
        let valid = self.near.get_mut(..words).unwrap_or_default();
        row.pack(self.width, Packed { prediction: &mut *prediction, label: &mut *label, valid })?;
        let (valid, columns) = self.near.split_at_mut_checked(words).unwrap_or_default();
        let sides =
            self.counters.chunks_mut((words * self.iou.bits()).max(1)).zip(columns.chunks_mut(words.max(1)));
        for ((counters, columns), mask) in sides.zip([prediction, label]) {
            let background = valid.iter().zip(mask).map(|(valid, mask)| valid & !*mask);
            step(counters, self.iou, background, columns);
        }
        self.emit();
        Ok(())
    }

    /// How far the frame has come: what [`BoundaryIou::resume`] goes on from.
    #[must_use]
    pub const fn progress(&self) -> BoundaryIouProgress {
        self.progress
    }

    /// The counts of the frame.
    #[must_use]
    pub fn finish(mut self) -> BoundaryIouCounts {
        let words = words_of(self.width);
        for _ in 0..self.iou.distance {
            let outside = core::iter::repeat(ones_if(self.iou.frame_counts));
            step(self.counters, self.iou, outside, self.near.get_mut(words..).unwrap_or_default());
            self.emit();
        }
        BoundaryIouCounts { iou: self.iou, tally: Tally { counts: self.progress.sums, saturated: false } }
    }

    /// Counts the row that has all the rows it depends on now.
    fn emit(&mut self) {
        let words = words_of(self.width);
        let done = self.progress.row.checked_sub(self.iou.distance as usize);
        self.progress.row += 1;
        let Some(row) = done else { return };
        let start = row % self.iou.waiting() * 2 * words;
        let masks = self.masks.get(start..start + 2 * words).unwrap_or_default();
        let (near, columns) = self.near.split_at_mut_checked(words).unwrap_or_default();
        for (columns, mask) in columns.chunks_mut(words.max(1)).zip(masks.chunks(words.max(1))) {
            spread(columns, self.width, self.iou.distance as usize, self.iou.frame_counts, near);
            for ((boundary, mask), near) in columns.iter_mut().zip(mask).zip(near.iter()) {
                *boundary = mask & near;
            }
        }
        let (prediction, label) = columns.split_at_checked(words).unwrap_or_default();
        let (mut intersection, mut union) = (0, 0);
        for (p, g) in prediction.iter().zip(label).filter(|(p, g)| **p | **g != 0) {
            intersection += (p & g).count_ones();
            union += (p | g).count_ones();
        }
        // A frame has fewer than 2^64 pixels.
        let [sum, whole] = &mut self.progress.sums;
        *sum += u64::from(intersection);
        *whole += u64::from(union);
    }
}

/// Counts a row down: to the whole span where there is background, else by one unless at 0. Writes which columns
/// are not at 0 then.
fn step(counters: &mut [u32], iou: BoundaryIou, background: impl Iterator<Item = u32>, near: &mut [u32]) {
    let span = iou.span();
    for ((counter, background), near) in counters.chunks_mut(iou.bits().max(1)).zip(background).zip(near) {
        let mut borrow = counter.iter().fold(0, |any, bit| any | bit);
        *near = 0;
        for (word, bit) in counter.iter_mut().zip(0..) {
            let less = *word ^ borrow;
            borrow &= !*word;
            *word = if span >> bit & 1 == 1 { less | background } else { less & !background };
            *near |= *word;
        }
    }
}

/// Boundary pixels of a frame or of many. Counts of one distance may be added in any order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct BoundaryIouCounts {
    iou: BoundaryIou,
    /// Intersection and union.
    tally: Tally<2>,
}

impl BoundaryIouCounts {
    /// The choices behind the counts.
    #[must_use]
    pub const fn definition(&self) -> BoundaryIou {
        self.iou
    }
    /// Boundary IoU; undefined, with a denominator of 0, if there is no boundary in either mask.
    #[must_use]
    pub const fn iou(&self) -> Ratio {
        let [numerator, denominator] = self.tally.counts;
        Ratio { numerator, denominator }
    }
    /// Whether a count was too large.
    #[must_use]
    pub const fn saturated(&self) -> bool {
        self.tally.saturated
    }
    /// Adds the counts of other frames.
    ///
    /// # Errors
    /// [`Error::Parameter`] if they are of another definition.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        if self.iou != other.iou {
            return Err(Error::Parameter("definition"));
        }
        self.tally.merge(&other.tally);
        Ok(())
    }
}
