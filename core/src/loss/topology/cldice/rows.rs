//! Soft centreline Dice of a frame that comes row by row.

use super::{ClDice, grow, residue};
use crate::error::{Error, Result};
use crate::loss::ClassPlane;
use crate::loss::grid::{
    BELOW, complement, dilate_row, erode_row, mass, probability_code, ring_row, ring_row_mut, scored,
    split_rows, target_code, value, verdict,
};
use crate::loss::harmonic::{Harmonic, Share};
use crate::num::ExactSum;

/// The state of [`ClDice::rows`].
///
/// Erosion `j` of a row is known `j` rows later and its `d_j` two rows after that: each erosion keeps its last
/// three rows, and a row is scored `iterations + 2` rows after it came.
#[derive(Debug)]
pub struct ClDiceRows<'a> {
    loss: ClDice,
    width: usize,
    /// Rows pushed.
    height: usize,
    planes: [Plane<'a>; 2],
    weights: &'a mut [u32],
    residue: &'a mut [u32],
    precision: Share,
    recall: Share,
    mass: ExactSum,
}

/// Erosions and skeletons of prediction or label.
#[derive(Debug)]
struct Plane<'a> {
    /// `iterations + 3` rows of the plane itself, three of every erosion.
    eroded: &'a mut [u32],
    /// The rows whose skeletons grow, one per stage.
    skeletons: &'a mut [u32],
}

impl ClDice {
    /// Scratch words of [`ClDice::rows`].
    #[must_use]
    pub const fn rows_scratch_len(&self, width: usize) -> usize {
        (2 * (self.eroded_rows() + self.stages()) + self.kept_rows() + 1) * width
    }

    /// The value of a frame that comes row by row: the bits of the whole frame's.
    ///
    /// # Errors
    /// [`Error::Scratch`] if `scratch` is shorter than [`ClDice::rows_scratch_len`].
    pub fn rows<'a>(&self, width: usize, scratch: &'a mut [u32]) -> Result<ClDiceRows<'a>> {
        let need = self.rows_scratch_len(width);
        let (eroded, stages) = (self.eroded_rows(), self.stages());
        let sizes = [eroded, stages, eroded, stages, self.kept_rows(), 1];
        let Some([p, of_p, g, of_g, weights, residue]) = split_rows(scratch, sizes, width) else {
            return Err(Error::Scratch { need });
        };
        let planes = [Plane { eroded: p, skeletons: of_p }, Plane { eroded: g, skeletons: of_g }];
        let (precision, recall) = Default::default();
        let mass = ExactSum::default();
        Ok(ClDiceRows { loss: *self, width, height: 0, planes, weights, residue, precision, recall, mass })
    }

    /// Rows of the plane itself that are kept until they are scored.
    const fn kept_rows(&self) -> usize {
        self.stages() + 2
    }

    const fn eroded_rows(&self) -> usize {
        self.kept_rows() + 3 * self.stages()
    }
}

impl ClDiceRows<'_> {
    /// The next row, a plane of height 1.
    ///
    /// # Errors
    /// [`Error::Length`] if it is not one row of the width.
    pub fn push_row(&mut self, row: &ClassPlane<'_>) -> Result<()> {
        let (expected, found) = (self.width, row.shape().pixels());
        if row.shape().height() != 1 || found != expected {
            return Err(Error::Length { expected, found });
        }
        let (newest, kept) = (self.height, self.loss.kept_rows());
        let codes: [fn(&ClassPlane<'_>, usize) -> u32; 2] = [probability_code, target_code];
        for (plane, code) in self.planes.iter_mut().zip(codes) {
            for (x, slot) in ring_row_mut(plane.eroded, kept, newest, self.width).iter_mut().enumerate() {
                *slot = if scored(row, x) { code(row, x) } else { BELOW };
            }
        }
        for (x, slot) in ring_row_mut(self.weights, kept, newest, self.width).iter_mut().enumerate() {
            self.mass.add(mass(row, x));
            *slot = row.weight(x).to_bits();
        }
        self.height += 1;
        self.advance(newest);
        Ok(())
    }

    /// The value of all rows; `None` if no pixel is scored.
    #[must_use]
    pub fn finish(mut self) -> Option<f64> {
        for newest in self.height..self.height + self.loss.kept_rows() {
            self.advance(newest);
        }
        match verdict(self.mass.value()) {
            Ok(_) => Some(Harmonic::new(&self.precision, &self.recall, self.loss.smooth).value),
            Err(early) => early,
        }
    }

    /// Everything that can be known once row `newest` is there, or known not to be.
    fn advance(&mut self, newest: usize) {
        let (stages, kept) = (self.loss.stages(), self.loss.kept_rows());
        for plane in &mut self.planes {
            plane.advance(newest, [self.height, self.width, stages], self.residue);
        }
        let Some(done) = newest.checked_sub(stages + 1).filter(|row| *row < self.height) else { return };
        let [p, g] = &self.planes;
        let sizes = [self.width, stages, kept];
        let ([p, of_p], [g, of_g]) = (p.finished(done, sizes), g.finished(done, sizes));
        let weights = ring_row(self.weights, kept, done, self.width).iter().map(|w| f32::from_bits(*w));
        for (((weight, (p, of_p)), g), of_g) in weights.zip(p.iter().zip(of_p)).zip(g).zip(of_g) {
            if weight > 0.0 {
                self.precision.add(weight * f32::from_bits(*of_p), value(*g), complement(*g));
                self.recall.add(weight * f32::from_bits(*of_g), value(*p), complement(*p));
            }
        }
    }
}

impl Plane<'_> {
    /// A row and its skeleton, once that has gone through every stage.
    fn finished(&self, row: usize, [width, stages, kept]: [usize; 3]) -> [&[u32]; 2] {
        [ring_row(self.eroded, kept, row, width), ring_row(self.skeletons, stages, row, width)]
    }

    fn advance(&mut self, newest: usize, [height, width, stages]: [usize; 3], buffer: &mut [u32]) {
        let inside = |back: usize| newest.checked_sub(back).filter(|row| *row < height);
        let (mut rows, mut rest) = (stages + 2, &mut *self.eroded);
        for stage in 0..stages {
            let Some((here, next)) = rest.split_at_mut_checked(rows * width) else { return };
            if let Some(row) = inside(stage + 1) {
                erode_row(ring_row_mut(next, 3, row, width), around(here, rows, row, height, width));
            }
            if let Some(row) = inside(stage + 2) {
                dilate_row(buffer, around(next, 3, row, height, width));
                residue(buffer, ring_row(here, rows, row, width));
                let skeleton = ring_row_mut(self.skeletons, stages, row, width);
                for (s, d) in skeleton.iter_mut().zip(buffer.iter()) {
                    let before = if stage == 0 { 0.0 } else { f32::from_bits(*s) };
                    *s = grow(before, f32::from_bits(*d)).to_bits();
                }
            }
            (rows, rest) = (3, next);
        }
    }
}

/// A row of a ring with the one above and the one below; empty outside the frame.
fn around(ring: &[u32], rows: usize, row: usize, height: usize, width: usize) -> [&[u32]; 3] {
    let above = row.checked_sub(1).map_or(Default::default(), |above| ring_row(ring, rows, above, width));
    let below = if row + 1 < height { ring_row(ring, rows, row + 1, width) } else { Default::default() };
    [above, ring_row(ring, rows, row, width), below]
}
