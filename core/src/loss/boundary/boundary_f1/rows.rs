//! Boundary F1 of a frame that comes row by row.

use super::BoundaryF1;
use crate::error::{Error, Result};
use crate::loss::ClassPlane;
use crate::loss::grid::{
    ABOVE, BELOW, complement, difference_code, greatest, least, mass, merge, probability_code, ring_row,
    ring_row_mut, scored, split_rows, spread, target_code, value, verdict,
};
use crate::loss::harmonic::{Harmonic, Share};
use crate::num::ExactSum;

/// The state of [`BoundaryF1::rows`].
///
/// Boundaries follow the rows `edge_window / 2` behind, widened ones `tolerance_window / 2` more. Before the first row and
/// after the last one come rows in which nothing is scored.
#[derive(Debug)]
pub struct BoundaryF1Rows<'a> {
    loss: BoundaryF1,
    width: usize,
    /// Rows pushed, counted from the windows that lie above the frame.
    next: usize,
    planes: [Plane<'a>; 2],
    weights: &'a mut [u32],
    precision: Share,
    recall: Share,
    mass: ExactSum,
}

/// Prediction or label.
#[derive(Debug)]
struct Plane<'a> {
    codes: &'a mut [u32],
    edges: &'a mut [u32],
    /// The widened boundary of the row that is scored next.
    wide: &'a mut [u32],
}

impl BoundaryF1 {
    /// Scratch words of [`BoundaryF1::rows`].
    #[must_use]
    pub const fn rows_scratch_len(&self, width: usize) -> usize {
        (2 * (self.edge_window + self.tolerance_window + 1) as usize + self.delay() + 1) * width
    }

    /// The value of a frame that comes row by row: the bits of the whole frame's.
    ///
    /// # Errors
    /// [`Error::Scratch`] if `scratch` is shorter than [`BoundaryF1::rows_scratch_len`].
    pub fn rows<'a>(&self, width: usize, scratch: &'a mut [u32]) -> Result<BoundaryF1Rows<'a>> {
        let need = self.rows_scratch_len(width);
        let (near, far) = (self.edge_window as usize, self.tolerance_window as usize);
        let sizes = [near, far, 1, near, far, 1, self.delay() + 1];
        let Some([p, of_p, wide_p, g, of_g, wide_g, weights]) = split_rows(scratch, sizes, width) else {
            return Err(Error::Scratch { need });
        };
        let planes =
            [Plane { codes: p, edges: of_p, wide: wide_p }, Plane { codes: g, edges: of_g, wide: wide_g }];
        let mut rows = BoundaryF1Rows {
            loss: *self,
            width,
            next: self.delay(),
            planes,
            weights,
            precision: Share::default(),
            recall: Share::default(),
            mass: ExactSum::default(),
        };
        for plane in &mut rows.planes {
            plane.codes.fill(ABOVE);
            plane.edges.fill(BELOW);
        }
        rows.weights.fill(0);
        Ok(rows)
    }

    /// By how many rows the score lags behind.
    const fn delay(&self) -> usize {
        (self.edge_window / 2 + self.tolerance_window / 2) as usize
    }
}

impl BoundaryF1Rows<'_> {
    /// The next row, a plane of height 1.
    ///
    /// # Errors
    /// [`Error::Length`] if it is not one row of the width.
    pub fn push_row(&mut self, row: &ClassPlane<'_>) -> Result<()> {
        let (expected, found) = (self.width, row.shape().pixels());
        if row.shape().height() != 1 || found != expected {
            return Err(Error::Length { expected, found });
        }
        self.push(Some(row));
        Ok(())
    }

    /// The value of all rows; `None` if no pixel is scored.
    #[must_use]
    pub fn finish(mut self) -> Option<f64> {
        for _ in 0..self.loss.delay() {
            self.push(None);
        }
        match verdict(self.mass.value()) {
            Ok(_) => Some(Harmonic::new(&self.precision, &self.recall, self.loss.smooth).value),
            Err(early) => early,
        }
    }

    /// A row, or one in which nothing is scored.
    fn push(&mut self, row: Option<&ClassPlane<'_>>) {
        let (newest, width) = (self.next, self.width);
        let [near, far] = [self.loss.edge_window as usize, self.loss.tolerance_window as usize];
        let kept = self.loss.delay() + 1;
        let codes: [fn(&ClassPlane<'_>, usize) -> u32; 2] = [probability_code, target_code];
        for (plane, code) in self.planes.iter_mut().zip(codes) {
            for (x, slot) in ring_row_mut(plane.codes, near, newest, width).iter_mut().enumerate() {
                *slot = row.filter(|row| scored(row, x)).map_or(ABOVE, |row| code(row, x));
            }
            plane.advance(newest, [near, far], width);
        }
        for (x, slot) in ring_row_mut(self.weights, kept, newest, width).iter_mut().enumerate() {
            *slot = row.map_or(0, |row| row.weight(x).to_bits());
            self.mass.add(row.map_or(0.0, |row| mass(row, x)));
        }
        self.next += 1;
        let Some(done) = newest.checked_sub(self.loss.delay()) else { return };
        let [p, g] = &self.planes;
        let edge_p = ring_row(p.edges, far, done, width);
        let edge_g = ring_row(g.edges, far, done, width);
        let weights = ring_row(self.weights, kept, done, width).iter().map(|w| f32::from_bits(*w));
        let pairs = edge_p.iter().zip(g.wide.iter()).zip(edge_g.iter().zip(p.wide.iter()));
        for (weight, ((b, wide_g), (h, wide_p))) in weights.zip(pairs) {
            if weight > 0.0 {
                self.precision.add(weight * value(*b), value(*wide_g), complement(*wide_g));
                self.recall.add(weight * value(*h), value(*wide_p), complement(*wide_p));
            }
        }
    }
}

impl Plane<'_> {
    /// The boundary of the row that now has all its neighbours, and the widened one further behind.
    fn advance(&mut self, newest: usize, [near, far]: [usize; 2], width: usize) {
        let row = newest.saturating_sub(near / 2);
        let edges = ring_row_mut(self.edges, far, row, width);
        window(edges, self.codes, near, least);
        for (edge, code) in edges.iter_mut().zip(ring_row(self.codes, near, row, width)) {
            *edge = if *code == ABOVE { BELOW } else { difference_code(*code, *edge) };
        }
        window(self.wide, self.edges, far, greatest);
    }
}

/// The pick over the square window whose rows are those of the ring, for its middle row.
fn window(out: &mut [u32], ring: &[u32], rows: usize, pick: impl Fn(u32, u32) -> u32 + Copy) {
    let width = out.len();
    for (place, row) in ring.chunks_exact(width.max(1)).take(rows).enumerate() {
        if place == 0 {
            merge(out, row, |_, new| new);
        } else {
            merge(out, row, pick);
        }
    }
    for _ in 0..rows / 2 {
        spread(out, pick);
    }
}
