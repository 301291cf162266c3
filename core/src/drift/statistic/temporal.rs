//! What a mask says beside those before it.

use super::Statistic;
use crate::error::{Error, Result};
use crate::num::Q16;
use crate::plane::row::{runs, words_of};
use crate::view::Shape;

/// Two counts: pixels, of pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct TemporalReport {
    /// Pixels of road here and in the frame before; of blocks, the sum of the smaller counts.
    pub both: u32,
    /// Pixels of road in one of them at least; of blocks, the sum of the larger counts.
    pub either: u32,
    /// Pixels that are as two frames before, and not as in the frame between.
    pub flickering: u32,
    /// Pixels of the frame.
    pub pixels: u32,
    /// Frames that are compared: 1 (nothing is known yet), 2 or 3.
    pub frames: u8,
}

impl TemporalReport {
    /// Overlap with the frame before, in [0, 1]; `None` without one, or if neither has road.
    ///
    /// Falls with flicker and drop-outs; also with speed and the time between frames. A model that sees no road at
    /// all is perfectly steady: read it with the road fraction.
    #[must_use]
    pub fn iou(&self) -> Option<Q16> {
        (self.frames > 1 && self.either != 0).then(|| Q16::ratio(self.both.into(), self.either.into()))
    }

    /// Share of pixels that changed and changed back within three frames, in [0, 1]; `None` before the third, or
    /// without the plane for it. Motion in one direction does not raise it.
    #[must_use]
    pub fn flicker(&self) -> Option<Q16> {
        (self.frames > 2 && self.pixels != 0).then(|| Q16::ratio(self.flickering.into(), self.pixels.into()))
    }

    /// A statistic of this group; `None` where it is undefined, or is of another group.
    #[must_use]
    pub fn value(&self, statistic: Statistic) -> Option<Q16> {
        match statistic {
            Statistic::TemporalIou => self.iou(),
            Statistic::Flicker => self.flicker(),
            _ => None,
        }
    }
}

/// Compares a mask with the one before, and the one before that, bit by bit.
///
/// A row is read once: four operations and a population count per 32 pixels. Memory: a bit plane of the caller per
/// frame looked back on, 16 KiB each for 512x256; the second only for [`TemporalReport::flicker`].
///
/// ```
/// use segmeter_core::{drift::Temporal, view::Shape};
/// let (mut before, mut earlier) = ([0; 1], [0; 1]);
/// let mut frames = Temporal::new(Shape::new(1, 8)?, &mut before, &mut earlier)?;
/// let found = [0b0000_1111, 0b0001_1110, 0b0001_1111].map(|row| {
///     frames.push_row(&[row]).unwrap();
///     frames.finish()
/// });
/// assert_eq!(found.map(|f| f.iou().map(|q| q.to_f32())), [None, Some(0.600_006_1), Some(0.800_003_05)]);
/// assert_eq!(found[2].flicker().unwrap().to_f32(), 1.0 / 8.0);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Temporal<'a> {
    shape: Shape,
    before: &'a mut [u32],
    earlier: &'a mut [u32],
    report: TemporalReport,
    row: usize,
    frames: u8,
}

impl<'a> Temporal<'a> {
    /// No frame yet. The planes have [`Bits::words`](crate::plane::Bits::words) words; `earlier` may be empty.
    ///
    /// # Errors
    /// [`Error::Scratch`] if a plane is too short.
    pub fn new(shape: Shape, before: &'a mut [u32], earlier: &'a mut [u32]) -> Result<Self> {
        let need = crate::plane::Bits::words(shape);
        if before.len() < need || !(earlier.is_empty() || earlier.len() >= need) {
            return Err(Error::Scratch { need });
        }
        Ok(Self { shape, before, earlier, report: TemporalReport::default(), row: 0, frames: 0 })
    }

    /// Adds the next row of bits, as [`Bits`](crate::plane::Bits) packs them.
    ///
    /// # Errors
    /// [`Error::Length`] if the row has another number of words, or the frame has no more rows.
    pub fn push_row(&mut self, row: &[u32]) -> Result<()> {
        let words = words_of(self.shape.width());
        check_row(self.shape, row, self.row)?;
        let start = self.row.saturating_mul(words);
        let plane = start..start.saturating_add(words);
        let before = self.before.get_mut(plane.clone()).unwrap_or_default();
        let mut earlier = self.earlier.get_mut(plane).unwrap_or_default().iter_mut();
        for (own, before) in row.iter().zip(before) {
            self.report.both += (own & *before).count_ones();
            self.report.either += (own | *before).count_ones();
            if let Some(earlier) = earlier.next() {
                self.report.flickering += ((own ^ *before) & (*before ^ *earlier)).count_ones();
                *earlier = *before;
            }
            *before = *own;
        }
        self.row += 1;
        Ok(())
    }

    /// The comparison of the frame whose rows were added; the next row is that of another. A frame of which rows are
    /// missing is no neighbour to compare with: it is forgotten.
    #[must_use]
    pub fn finish(&mut self) -> TemporalReport {
        if self.row != self.shape.height() {
            self.forget();
            return TemporalReport::default();
        }
        let most = if self.earlier.is_empty() { 2 } else { 3 };
        self.frames = self.frames.saturating_add(1).min(most);
        let pixels = self.shape.pixels() as u32;
        self.row = 0;
        TemporalReport { pixels, frames: self.frames, ..core::mem::take(&mut self.report) }
    }

    /// Begins anew: after a gap, what was before is no neighbour.
    pub fn forget(&mut self) {
        (self.row, self.frames, self.report) = (0, 0, TemporalReport::default());
    }
}

/// Rows and columns of blocks.
const GRID: (usize, usize) = (30, 40);

/// The overlap with the mask before by the road of 40x30 blocks: `sum min(a, b) / sum max(a, b)`.
///
/// What moves inside a block goes unseen, which makes it at least the overlap of the pixels. A count takes a byte:
/// in blocks of more than 255 pixels it is of steps of 2, 4, ... pixels, truncated. Memory: 1,200 bytes of the caller,
/// and 0.2 KB; the work of a row is its runs and its blocks.
///
/// ```
/// use segmeter_core::{drift::Blocks, view::Shape};
/// let mut before = [0; Blocks::BYTES];
/// let mut blocks = Blocks::new(Shape::new(60, 80)?, &mut before)?;
/// let mut of = |word: u32| {
///     (0..60).for_each(|_| blocks.push_row(&[word, 0, 0]).unwrap());
///     blocks.finish().iou()
/// };
/// assert_eq!(of(0b1111), None);
/// assert_eq!(of(0b111100).unwrap().to_f32(), 0.333_328_25);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Blocks<'a> {
    shape: Shape,
    before: &'a mut [u8; GRID.0 * GRID.1],
    /// Pixels of road in each block of this row of blocks.
    counts: [u32; GRID.1],
    shift: u32,
    report: TemporalReport,
    row: usize,
    frames: u8,
}

impl<'a> Blocks<'a> {
    /// Bytes of the caller.
    pub const BYTES: usize = GRID.0 * GRID.1;

    /// No frame yet.
    ///
    /// # Errors
    /// [`Error::Parameter`] if the frame has fewer than 40 columns or 30 rows, more than 65,534, or 2^30 pixels.
    pub fn new(shape: Shape, before: &'a mut [u8; GRID.0 * GRID.1]) -> Result<Self> {
        super::check_size(shape)?;
        if shape.width() < GRID.1 || shape.height() < GRID.0 {
            return Err(Error::Parameter("shape"));
        }
        let most = shape.width().div_ceil(GRID.1).saturating_mul(shape.height().div_ceil(GRID.0));
        let shift = (most as u32 >> 8).checked_ilog2().map_or(0, |log| log + 1);
        let report = TemporalReport::default();
        Ok(Self { shape, before, counts: [0; GRID.1], shift, report, row: 0, frames: 0 })
    }

    /// Adds the next row of bits, as [`Bits`](crate::plane::Bits) packs them.
    ///
    /// # Errors
    /// [`Error::Length`] if the row has another number of words, or the frame has no more rows.
    pub fn push_row(&mut self, row: &[u32]) -> Result<()> {
        check_row(self.shape, row, self.row)?;
        let (height, width) = (self.shape.height(), self.shape.width());
        // The columns `x` of a block have the same `x * 40 / width`: the first past it.
        let past = |block: usize| ((block + 1) * width).div_ceil(GRID.1);
        let (mut block, mut to) = (0, past(0));
        for (mut from, end) in runs(row) {
            while from < end && block < GRID.1 {
                let until = end.min(to);
                if let Some(count) = self.counts.get_mut(block) {
                    *count += until.saturating_sub(from) as u32;
                }
                from = from.max(until);
                if to <= from {
                    block += 1;
                    to = past(block);
                }
            }
        }
        // Rows `y` of a block of rows have the same `y * 30 / height`.
        let band = |row: usize| row * GRID.0 / height.max(1);
        let own = band(self.row);
        self.row += 1;
        if band(self.row) != own {
            self.close(own);
        }
        Ok(())
    }

    fn close(&mut self, row: usize) {
        let before = self.before.get_mut(row * GRID.1..(row + 1) * GRID.1).unwrap_or_default();
        for (count, before) in self.counts.iter_mut().zip(before) {
            let own = (core::mem::take(count) >> self.shift) as u8;
            self.report.both += u32::from(own.min(*before));
            self.report.either += u32::from(own.max(*before));
            *before = own;
        }
    }

    /// The comparison of the frame whose rows were added; the next row is that of another. A frame of which rows are
    /// missing is no neighbour to compare with: it is forgotten.
    #[must_use]
    pub fn finish(&mut self) -> TemporalReport {
        if self.row != self.shape.height() {
            self.forget();
            return TemporalReport::default();
        }
        self.frames = self.frames.saturating_add(1).min(2);
        let pixels = self.shape.pixels() as u32;
        self.row = 0;
        TemporalReport { pixels, frames: self.frames, ..core::mem::take(&mut self.report) }
    }

    /// Begins anew: after a gap, what was before is no neighbour.
    pub fn forget(&mut self) {
        (self.row, self.frames, self.report) = (0, 0, TemporalReport::default());
        self.counts = [0; GRID.1];
    }
}

fn check_row(shape: Shape, row: &[u32], number: usize) -> Result<()> {
    let (expected, found) = (words_of(shape.width()), row.len());
    if expected != found {
        return Err(Error::Length { expected, found });
    }
    let height = shape.height();
    if number >= height {
        return Err(Error::Length { expected: height, found: number + 1 });
    }
    Ok(())
}
