//! Rows of scores in, rows of ids out.

use core::mem;

use super::axis::Axis;
use super::cell::{Mixed, Rows};
use super::{Interpolation, Progress, Upsampling, words};
use crate::error::{Error, Result};
use crate::view::Code;

/// A frame on its way in, from [`Upsampling::rows`].
#[derive(Debug)]
pub struct UpsampledRows<'a> {
    pub(super) upsampling: Upsampling,
    /// What makes a stored byte a number that rises with the score.
    pub(super) flip: u8,
    pub(super) vertical: Axis,
    pub(super) horizontal: Axis,
    /// The last two rows, all classes of a pixel side by side, and zeros up to whole words.
    pub(super) scores: [&'a mut [u8]; 2],
    /// The class that wins at each of their pixels.
    pub(super) winners: [&'a mut [u8]; 2],
    /// The cells between both rows that several classes win parts of.
    pub(super) mixed: &'a mut [Mixed],
    /// The others' ids stay from one row to the next.
    pub(super) ids: &'a mut [u8],
    pub(super) progress: Progress,
}

impl UpsampledRows<'_> {
    /// Takes the next row, all classes of a pixel side by side: a row of `(H, W, C)`.
    ///
    /// # Errors
    /// [`Error::Length`] unless there are `W C` codes, or `found` is more than the frame has rows;
    /// [`Error::Unsupported`] while there are rows to be taken with [`UpsampledRows::next_row`].
    pub fn push_interleaved<Q: Code>(&mut self, codes: &[Q]) -> Result<()> {
        let (expected, found) = (self.upsampling.shape.width() * self.upsampling.classes, codes.len());
        if expected != found {
            return Err(Error::Length { expected, found });
        }
        self.turn()?;
        let (classes, stride) = (self.upsampling.classes.max(1), self.upsampling.stride().max(1));
        let ([_, now], [_, winners]) = (&mut self.scores, &mut self.winners);
        let pixels = now.chunks_exact_mut(stride).zip(codes.chunks_exact(classes));
        let mut class = 0;
        for ((pixel, codes), winner) in pixels.zip(winners.iter_mut()) {
            // Mostly that of the pixel before.
            if !words::take(pixel, codes, self.flip, class) {
                class = words::highest(pixel.get(..classes).unwrap_or_default());
            }
            *winner = class;
        }
        self.look();
        Ok(())
    }

    /// Takes the next row of planes: the codes of its pixels for the first class, those for the second `plane` codes later,
    /// and so on. Of `(C, H, W)` in one slice it is what begins at row `y`, with a `plane` of `H W`.
    ///
    /// # Errors
    /// Those of [`UpsampledRows::push_interleaved`]; [`Error::Length`] if there are fewer than `(C - 1) plane + W` codes.
    pub fn push_planar<Q: Code>(&mut self, codes: &[Q], plane: usize) -> Result<()> {
        let (width, classes) = (self.upsampling.shape.width(), self.upsampling.classes);
        let (expected, found) = (plane.saturating_mul(classes - 1).saturating_add(width), codes.len());
        if found < expected || plane < width {
            return Err(Error::Length { expected: expected.max(width * classes), found });
        }
        self.turn()?;
        let stride = self.upsampling.stride().max(1);
        let [_, now] = &mut self.scores;
        for class in 0..classes {
            let row = codes.get(class * plane..).unwrap_or_default();
            for (pixel, code) in now.chunks_exact_mut(stride).zip(row) {
                if let Some(score) = pixel.get_mut(class) {
                    *score = code.byte() ^ self.flip;
                }
            }
        }
        let [_, winners] = &mut self.winners;
        for (pixel, winner) in now.chunks_exact(stride).zip(winners.iter_mut()) {
            *winner = words::highest(pixel.get(..classes).unwrap_or_default());
        }
        self.look();
        Ok(())
    }

    /// The next row of ids, if the rows that were taken say what it is.
    pub fn next_row(&mut self) -> Option<&[u8]> {
        let weight = self.waiting()?;
        self.interpolate(weight);
        self.progress.next += 1;
        Some(self.ids)
    }

    /// How far the frame has come: what [`Upsampling::resume`] goes on from.
    #[must_use]
    pub const fn progress(&self) -> Progress {
        self.progress
    }

    /// Where the next row of ids lies below the last row but one, if it can be made.
    fn waiting(&self) -> Option<u32> {
        let Progress { taken, next, .. } = self.progress;
        (next < self.upsampling.ready(taken)).then(|| {
            let (_, weight) = self.vertical.at(next);
            weight
        })
    }

    /// Makes room for a row.
    fn turn(&mut self) -> Result<()> {
        if self.waiting().is_some() {
            return Err(Error::Unsupported(
                "rows of ids are waiting: take them before the next row of scores",
            ));
        }
        let (expected, found) = (self.upsampling.shape.height(), self.progress.taken + 1);
        if found > expected {
            return Err(Error::Length { expected, found });
        }
        let [above, now] = &mut self.scores;
        mem::swap(above, now);
        let [above, now] = &mut self.winners;
        mem::swap(above, now);
        self.progress.taken = found;
        Ok(())
    }

    /// Looks at the row that has come, and between it and the last.
    fn look(&mut self) {
        if self.upsampling.interpolation == Interpolation::Nearest {
            self.repeat();
        } else if self.progress.taken > 1 || self.upsampling.shape.height() == 1 {
            self.part();
        }
    }

    /// The last two rows of scores and their winners; a single one is both.
    fn rows(&self) -> (Rows<'_>, [&[u8]; 2]) {
        let of = &self.upsampling;
        let ([above, below], [winners_above, winners]) = (&self.scores, &self.winners);
        let (above, winners_above) =
            if of.shape.height() == 1 { (below, winners) } else { (above, winners_above) };
        let right = if of.shape.width() == 1 { 0 } else { of.stride() };
        let rows = Rows { above, below, classes: of.classes, stride: of.stride(), right };
        (rows, [winners_above, winners])
    }

    /// Parts the cells between the last two rows: writes the ids of those that one class wins, and keeps the others in mind.
    fn part(&mut self) {
        let (ids, mixed) = (mem::take(&mut self.ids), mem::take(&mut self.mixed));
        let (rows, [above, now]) = self.rows();
        let mut free = mixed.iter_mut();
        // Neighbours of one class are written in one go.
        let (mut start, mut end, mut run) = (0, 0, None);
        let mut columns = above.iter().zip(now);
        let mut left = columns.next().unwrap_or((&0, &0));
        for place in 0..self.horizontal.cells() {
            let right = columns.next().unwrap_or(left);
            let winner = (left.0 == left.1 && left == right).then_some(*left.0);
            if winner != run {
                fill(ids, start, end, run);
                (start, run) = (end, winner);
            }
            let first = end;
            end = self.horizontal.end(place);
            if winner.is_none()
                && let Some(slot) = free.next()
            {
                *slot = rows.part(place, first, end, [*left.0, *left.1, *right.0, *right.1]).bytes();
            }
            left = right;
        }
        fill(ids, start, end, run);
        let left = free.len();
        self.progress.mixed_cells = mixed.len() - left;
        self.ids = ids;
        self.mixed = mixed;
    }

    /// Writes what several classes win parts of, in the row that lies `weight` parts below the row of scores above.
    fn interpolate(&mut self, weight: u32) {
        let down = [weight as i32, self.vertical.parts() as i32];
        let ids = mem::take(&mut self.ids);
        let (rows, _) = self.rows();
        for cell in self.mixed.iter().take(self.progress.mixed_cells) {
            rows.write(cell, down, &self.horizontal, ids);
        }
        self.ids = ids;
    }

    /// Every winner of the last row `factor` times.
    fn repeat(&mut self) {
        let [_, winners] = &self.winners;
        for (ids, winner) in self.ids.chunks_mut(self.upsampling.factor.max(1)).zip(winners.iter()) {
            ids.fill(*winner);
        }
    }
}

/// Writes the id of a class, if there is one.
fn fill(ids: &mut [u8], start: usize, end: usize, class: Option<u8>) {
    if let (Some(ids), Some(class)) = (ids.get_mut(start..end), class) {
        ids.fill(class);
    }
}
