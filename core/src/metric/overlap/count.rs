//! Counting of a row in the two shapes that a desktop is fast at.
//!
//! Counts are integers, so every way gives the same.

use super::{Confusion, ConfusionCells};
use crate::error::Result;

/// Pixels side by side: two whole vectors of 16.
const LANES: usize = 32;
/// Pixels that two classes are counted by: what a `u8` holds in each lane.
const PART: usize = LANES * u8::MAX as usize;
/// Pixels of many classes that are looked at together.
const BLOCK: usize = 64;
/// A power of two above the number of classes, which makes cells of two ids and no multiplication.
const STRIDE: usize = 32;
/// Pixels of one filling of banks of `u16`, in whole blocks.
const FILLING: usize = u16::MAX as usize / BLOCK * BLOCK;
/// Whether this is a machine with vectors, and 8 KiB of stack to spare.
pub(super) const WIDE: bool = cfg!(target_pointer_width = "64");

/// Histograms in flight: neighbouring pixels often share a cell, and an addition to a cell has to wait for the
/// last one to it.
type Banks = [[[u16; STRIDE]; STRIDE]; 4];

impl<const C: usize> Confusion<C> {
    /// Adds a row of two classes.
    pub(super) fn push_two(&mut self, predictions: &[u8], labels: &[u8]) -> Result<()> {
        let parts = predictions.chunks(PART).zip(labels.chunks(PART));
        for (part, (predictions, labels)) in parts.enumerate() {
            let (blocks, rest) = predictions.as_chunks();
            let (label_blocks, label_rest) = labels.as_chunks();
            let first = part * PART;
            match pairs(blocks, label_blocks, self.ignore_id()) {
                Some((counts, ignored)) => {
                    for (count, more) in self.counts.as_flattened_mut().iter_mut().zip(counts.as_flattened())
                    {
                        self.saturated |= add(count, *more);
                    }
                    self.ignore(ignored);
                    self.push_each(first + blocks.as_flattened().len(), rest, label_rest)?;
                }
                None => self.push_each(first, predictions, labels)?,
            }
        }
        Ok(())
    }

    /// Adds a row run by run; `first` is the number of its first pixel.
    pub(super) fn push_each(&mut self, first: usize, predictions: &[u8], labels: &[u8]) -> Result<()> {
        let ignore = self.ignore_id();
        let mut cells = ConfusionCells::of(self.counts.as_flattened_mut(), &mut self.foreign, ignore);
        let pushed = cells.push_each(first, predictions, labels);
        let (ignored, saturated) = (cells.ignored(), cells.saturated());
        self.saturated |= saturated;
        self.ignore(ignored);
        pushed
    }

    /// Whether a row is worth the clearing and adding up of the banks.
    pub(super) const fn is_banked(pixels: usize) -> bool {
        WIDE && C < STRIDE && pixels >= STRIDE * STRIDE / 2
    }

    /// Adds a long row of many classes.
    pub(super) fn push_banked(&mut self, predictions: &[u8], labels: &[u8]) -> Result<()> {
        let parts = predictions.chunks(FILLING).zip(labels.chunks(FILLING));
        for (part, (predictions, labels)) in parts.enumerate() {
            let mut banks = [[[0; STRIDE]; STRIDE]; 4];
            let filled = self.fill(&mut banks, part * FILLING, predictions, labels);
            self.add_up(&banks);
            filled?;
        }
        Ok(())
    }

    fn add_up(&mut self, banks: &Banks) {
        let [a, b, c, d] = banks;
        let rows = a.iter().zip(b).zip(c.iter().zip(d));
        let mut sums = rows.map(|((a, b), (c, d))| {
            let mut sums = [0_u16; STRIDE];
            for (sum, ((a, b), (c, d))) in sums.iter_mut().zip(a.iter().zip(b).zip(c.iter().zip(d))) {
                // No more than one filling.
                *sum = a.wrapping_add(*b).wrapping_add(c.wrapping_add(*d));
            }
            sums
        });
        for ((counts, foreign), sums) in self.counts.iter_mut().zip(&mut self.foreign).zip(&mut sums) {
            // Few classes are in a row of a picture.
            if sums.iter().fold(0, |any, sum| any | sum) == 0 {
                continue;
            }
            let (classes, others) = sums.split_at_checked(C).unwrap_or_default();
            for (count, more) in counts.iter_mut().zip(classes) {
                self.saturated |= add(count, u64::from(*more));
            }
            self.saturated |= add(foreign, total(others));
        }
        let ignored = sums.next().map_or(0, |sums| total(&sums));
        self.ignore(ignored);
    }

    fn fill(&mut self, banks: &mut Banks, first: usize, predictions: &[u8], labels: &[u8]) -> Result<()> {
        let (blocks, predictions) = predictions.as_chunks();
        let (label_blocks, labels) = labels.as_chunks();
        let [a, b, c, d] = banks;
        let mut start = first;
        for (predictions, labels) in blocks.iter().zip(label_blocks) {
            match cells::<C>(predictions, labels, self.ignore_id()) {
                // What most of a road is made of.
                Some(cells) if all_equal(&cells) => {
                    let [cell, ..] = cells;
                    count(a, cell, BLOCK as u16);
                }
                Some(cells) => {
                    let (fours, _) = cells.as_chunks();
                    for [first, second, third, fourth] in fours {
                        count(a, *first, 1);
                        count(b, *second, 1);
                        count(c, *third, 1);
                        count(d, *fourth, 1);
                    }
                }
                None => self.push_each(start, predictions, labels)?,
            }
            start += BLOCK;
        }
        self.push_each(start, predictions, labels)
    }

    fn ignore(&mut self, pixels: u64) {
        self.saturated |= add(&mut self.ignored, pixels);
    }
}

/// Adds, stopping at the largest value; whether it had to stop.
#[inline]
pub(super) const fn add(count: &mut u64, more: u64) -> bool {
    let over = count.checked_add(more).is_none();
    *count = count.saturating_add(more);
    over
}

/// The cells of a block, `label * STRIDE + prediction`: ignored pixels are of label `C`, predictions that are no class
/// of the last. `None` if a label is neither a class nor `ignore`.
#[inline(always)]
fn cells<const C: usize>(
    predictions: &[u8; BLOCK],
    labels: &[u8; BLOCK],
    ignore: u8,
) -> Option<[u16; BLOCK]> {
    // In bytes as long as bytes will do: twice as many are worked on at once.
    let (mut rows, mut columns, mut top) = ([0; BLOCK], [0; BLOCK], 0);
    for (row, label) in rows.iter_mut().zip(labels) {
        *row = if *label == ignore { 0 } else { *label };
        top = top.max(*row);
    }
    if usize::from(top) >= C {
        return None;
    }
    for (row, label) in rows.iter_mut().zip(labels) {
        *row = if *label == ignore { C as u8 } else { *label };
    }
    for (column, prediction) in columns.iter_mut().zip(predictions) {
        *column = (*prediction).min(STRIDE as u8 - 1);
    }
    let mut cells = [0; BLOCK];
    for (cell, (row, column)) in cells.iter_mut().zip(rows.iter().zip(&columns)) {
        *cell = u16::from(*row) * STRIDE as u16 + u16::from(*column);
    }
    Some(cells)
}

#[inline(always)]
fn all_equal(cells: &[u16; BLOCK]) -> bool {
    let [first, ..] = *cells;
    cells.iter().fold(0, |different, cell| different | (cell ^ first)) == 0
}

#[inline(always)]
fn total(counts: &[u16]) -> u64 {
    counts.iter().copied().map(u64::from).sum()
}

/// Adds pixels to a cell.
#[inline(always)]
fn count(bank: &mut [[u16; STRIDE]; STRIDE], cell: u16, pixels: u16) {
    // The remainder says that there is such a cell: no branch.
    let cell = usize::from(cell) % (STRIDE * STRIDE);
    if let Some(count) = bank.as_flattened_mut().get_mut(cell) {
        *count = count.wrapping_add(pixels);
    }
}

/// Counts `[label][prediction]` of two classes, and the pixels ignored. `None` if an id is neither a class nor, in
/// a label, `ignore`. At most `u8::MAX` blocks.
#[inline]
fn pairs(predictions: &[[u8; LANES]], labels: &[[u8; LANES]], ignore: u8) -> Option<([[u64; 2]; 2], u64)> {
    let [mut foreground, mut predicted, mut hits, mut ignored, mut any] = [[0_u8; LANES]; 5];
    // Few operations and no branch: vector code wherever there are vectors. Ids are their own counts, as long as none
    // is above 1.
    for (predictions, labels) in predictions.iter().zip(labels) {
        let sums = foreground.iter_mut().zip(&mut predicted).zip(&mut hits).zip(&mut ignored).zip(&mut any);
        for (sums, (prediction, label)) in sums.zip(predictions.iter().zip(labels)) {
            let ((((foreground, predicted), hits), ignored), any) = sums;
            let scored = if *label == ignore { 0 } else { 0xff };
            let (label, prediction) = (label & scored, prediction & scored);
            *any |= label | prediction;
            *foreground = foreground.wrapping_add(label);
            *predicted = predicted.wrapping_add(prediction);
            *hits = hits.wrapping_add(prediction & label);
            *ignored = ignored.wrapping_sub(!scored);
        }
    }
    if any.into_iter().any(|ids| ids > 1) {
        return None;
    }
    let sum = |lanes: [u8; LANES]| lanes.into_iter().map(u64::from).sum::<u64>();
    let [foreground, predicted, hits, ignored] = [foreground, predicted, hits, ignored].map(sum);
    let pixels = labels.as_flattened().len() as u64;
    let (alarms, background) = (predicted - hits, pixels - ignored - foreground);
    Some(([[background - alarms, alarms], [foreground - hits, hits]], ignored))
}
