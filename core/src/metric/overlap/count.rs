//! Counting of a row: as a microcontroller does it, and in the two shapes that a desktop is fast at.
//!
//! Counts are integers, so every way gives the same.

use super::Confusion;
use crate::error::{Error, Result};
use crate::simd::LANES;

/// Pixels that two classes are counted by: what a `u8` holds, and whole vectors of 16.
const PART: usize = 240;
/// Pixels that the rest is counted by.
const VECTOR: usize = 16;
/// Most classes that are counted in [`Banks`], which must fit the first-level cache.
const BANKED: usize = 32;
/// Pixels of one filling of banks of `u32`.
const FILLING: usize = 1 << 30;

/// Histograms in flight: neighbouring pixels often share a cell, and an addition to a cell has to wait for the
/// last one to it.
type Banks<const C: usize> = [[[u32; C]; C]; 4];

impl<const C: usize> Confusion<C> {
    /// Adds a row of two classes.
    pub(super) fn push_two(&mut self, predictions: &[u8], labels: &[u8]) -> Result<()> {
        let (long, predictions) = predictions.as_chunks::<PART>();
        let (long_labels, labels) = labels.as_chunks::<PART>();
        self.push_pairs(0, long, long_labels)?;
        let (short, predictions) = predictions.as_chunks::<VECTOR>();
        let (short_labels, labels) = labels.as_chunks::<VECTOR>();
        let first = long.len() * PART;
        self.push_pairs(first, short, short_labels)?;
        self.push_each(first + short.len() * VECTOR, predictions, labels)
    }

    fn push_pairs<const N: usize>(
        &mut self,
        mut first: usize,
        predictions: &[[u8; N]],
        labels: &[[u8; N]],
    ) -> Result<()> {
        for (predictions, labels) in predictions.iter().zip(labels) {
            match pairs(predictions, labels, self.ignore) {
                Some((counts, ignored)) => {
                    for (label, row) in counts.into_iter().enumerate() {
                        for (prediction, more) in row.into_iter().enumerate() {
                            self.add(label, prediction, more);
                        }
                    }
                    self.ignore(ignored);
                }
                None => self.push_each(first, predictions, labels)?,
            }
            first += N;
        }
        Ok(())
    }

    /// Adds a row, pixel by pixel; `first` is the number of its first pixel.
    pub(super) fn push_each(&mut self, first: usize, predictions: &[u8], labels: &[u8]) -> Result<()> {
        for (pixel, (prediction, label)) in predictions.iter().zip(labels).enumerate() {
            if !self.push_pixels(*prediction, *label, 1) {
                return Err(Error::ClassId { found: *label, pixel: first + pixel });
            }
        }
        Ok(())
    }

    /// Whether a row is worth the clearing and adding up of the banks.
    pub(super) const fn is_banked(pixels: usize) -> bool {
        C <= BANKED && pixels >= 4 * C * C
    }

    /// Adds a long row of many classes.
    pub(super) fn push_banked(&mut self, predictions: &[u8], labels: &[u8]) -> Result<()> {
        let parts = predictions.chunks(FILLING).zip(labels.chunks(FILLING));
        for (part, (predictions, labels)) in parts.enumerate() {
            let mut banks = [[[0; C]; C]; 4];
            let added = self.fill(&mut banks, part * FILLING, predictions, labels);
            let [a, b, c, d] = banks.each_ref().map(|bank| bank.as_flattened());
            let cells = a.iter().zip(b).zip(c.iter().zip(d));
            for (count, ((a, b), (c, d))) in self.counts.as_flattened_mut().iter_mut().zip(cells) {
                let more = [a, b, c, d].into_iter().copied().map(u64::from).sum();
                self.saturated |= add(count, more);
            }
            added?;
        }
        Ok(())
    }

    fn fill(&mut self, banks: &mut Banks<C>, first: usize, predictions: &[u8], labels: &[u8]) -> Result<()> {
        let ((blocks, predictions), (label_blocks, labels)) =
            (predictions.as_chunks::<LANES>(), labels.as_chunks::<LANES>());
        let mut start = first;
        for (predictions, labels) in blocks.iter().zip(label_blocks) {
            if let (Some(prediction), Some(label)) = (common(predictions), common(labels)) {
                let [bank, ..] = banks;
                if !self.count(bank, prediction, label, LANES as u32) {
                    return Err(Error::ClassId { found: label, pixel: start });
                }
            } else {
                for half in [0, 4] {
                    for (place, bank) in (half..).zip(&mut *banks) {
                        let of = |ids: &[u8; LANES]| ids.get(place).copied().unwrap_or(0);
                        if !self.count(bank, of(predictions), of(labels), 1) {
                            return Err(Error::ClassId { found: of(labels), pixel: start + place });
                        }
                    }
                }
            }
            start += LANES;
        }
        self.push_each(start, predictions, labels)
    }

    /// Adds some pixels of one kind to a bank; whether their label is known.
    #[inline(always)]
    fn count(&mut self, bank: &mut [[u32; C]; C], prediction: u8, label: u8, pixels: u32) -> bool {
        let cell = bank.get_mut(usize::from(label)).and_then(|row| row.get_mut(usize::from(prediction)));
        match cell {
            Some(cell) if label != self.ignore => {
                *cell = cell.wrapping_add(pixels);
                true
            }
            _ => self.push_pixels(prediction, label, u64::from(pixels)),
        }
    }

    /// Adds some pixels of one kind; whether their label is known.
    #[inline]
    fn push_pixels(&mut self, prediction: u8, label: u8, pixels: u64) -> bool {
        if label == self.ignore {
            self.ignore(pixels);
            return true;
        }
        let known = usize::from(label) < C;
        if known {
            self.add(usize::from(label), usize::from(prediction), pixels);
        }
        known
    }

    fn ignore(&mut self, pixels: u64) {
        self.saturated |= add(&mut self.ignored, pixels);
    }

    /// Adds pixels of a label that is a class, and a prediction that may be none.
    #[inline]
    fn add(&mut self, label: usize, prediction: usize, pixels: u64) {
        let cell = self.counts.get_mut(label).and_then(|row| row.get_mut(prediction));
        if let Some(count) = cell.or_else(|| self.foreign.get_mut(label)) {
            self.saturated |= add(count, pixels);
        }
    }
}

/// Adds, stopping at the largest value; whether it had to stop.
#[inline]
pub(super) const fn add(count: &mut u64, more: u64) -> bool {
    let over = count.checked_add(more).is_none();
    *count = count.saturating_add(more);
    over
}

/// The id that all of a block have.
#[inline(always)]
fn common(ids: &[u8; LANES]) -> Option<u8> {
    let [first, ..] = *ids;
    (u64::from_le_bytes(*ids) == u64::from(first) * 0x0101_0101_0101_0101).then_some(first)
}

/// Counts `[label][prediction]` of two classes, and the pixels ignored. `None` if an id is neither a class nor, in
/// a label, `ignore`.
#[inline]
fn pairs<const N: usize>(
    predictions: &[u8; N],
    labels: &[u8; N],
    ignore: u8,
) -> Option<([[u64; 2]; 2], u64)> {
    let [mut foreground, mut predicted, mut hits, mut ignored, mut any] = [0_u8; 5];
    // Five bytes of state, few operations and no branch: vector code wherever there are vectors. Ids are their own counts,
    // as long as none is above 1.
    for (prediction, label) in predictions.iter().zip(labels) {
        let scored = if *label == ignore { 0 } else { 0xff };
        let label = label & scored;
        any |= label | prediction;
        foreground = foreground.wrapping_add(label);
        predicted = predicted.wrapping_add(prediction & scored);
        hits = hits.wrapping_add(prediction & label);
        ignored = ignored.wrapping_add(!scored & 1);
    }
    if any > 1 {
        return None;
    }
    let [foreground, predicted, hits, ignored] = [foreground, predicted, hits, ignored].map(u64::from);
    let (alarms, background) = (predicted - hits, N as u64 - ignored - foreground);
    Some(([[background - alarms, alarms], [foreground - hits, hits]], ignored))
}
