//! Trimap: pixel metrics near the labelled contour, row by row.

use super::definition::Spacing;
use super::tally::Tally;
use crate::error::{Error, Result};
use crate::metric::{ClassReport, Ratio};
use crate::plane::row::{spread, words_of};
use crate::plane::{Contour, Edge, Row, Side, Window};

/// Accuracy and IoU of the scored pixels at most `radius` from the labelled contour.
///
/// One pass over the rows. A row of contour marks the rows around it, so that the work goes with the rows that
/// have one:
///
/// | words of state, `n = width / 32`, `r` rows within the radius | 320x240 | 512x256 | 1024x512 |
/// |---|---|---|---|
/// | `(3 max(r + 2, 3) + 2 r + 3) n`, r = 2 | 760 B | 1216 B | 2432 B |
/// | r = 5 | 1360 B | 2176 B | 4352 B |
/// | r = 10 | 2360 B | 3776 B | 7552 B |
///
/// Source: Kohli et al. 2009, Krähenbühl and Koltun 2011.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Trimap {
    /// What a contour is; not corners, which are no pixels.
    pub contour: Contour,
    /// How far from the contour pixels count.
    pub radius: f64,
}

/// The most rows that a radius may reach.
const MAX_REACH: usize = 4096;

impl Trimap {
    /// The project's contours: inner, 4-connected, the frame is none.
    #[must_use]
    pub const fn new(radius: f64) -> Self {
        Self { contour: Contour { edge: Edge::Inner4, frame_counts: false }, radius }
    }

    /// Rows within the radius, and its square.
    fn reach(&self) -> Result<(usize, u64)> {
        if self.contour.edge == Edge::Corners {
            return Err(Error::Unsupported("a trimap needs a contour of pixels"));
        }
        let within = Spacing::PIXELS.within(self.radius).ok_or(Error::Parameter("radius"))?;
        let squared = within as u64;
        let rows = squared.isqrt() as usize;
        if rows > MAX_REACH { Err(Error::Parameter("radius")) } else { Ok((rows, squared)) }
    }

    /// Words for [`Trimap::rows`].
    ///
    /// # Errors
    /// [`Error::Parameter`] for a radius that is negative, no number, or above 4096; [`Error::Unsupported`] for
    /// contours of corners.
    pub fn scratch_len(&self, width: usize) -> Result<usize> {
        let (reach, _) = self.reach()?;
        let rows = Window::words(width, kept(reach));
        Ok(rows.saturating_add(words_of(width).saturating_mul(2 * reach + 3)))
    }

    /// Takes a frame of any height row by row.
    ///
    /// # Errors
    /// Those of [`Trimap::scratch_len`]; [`Error::Scratch`]; [`Error::Shape`] for rows without a pixel.
    ///
    /// ```
    /// use segmeter_core::{metric::surface::Trimap, plane::Row};
    /// let trimap = Trimap::new(1.0);
    /// let mut scratch = vec![0; trimap.scratch_len(6)?];
    /// let mut rows = trimap.rows(6, &mut scratch)?;
    /// rows.push_row(&Row::Ids { prediction: &[1, 1, 1, 0, 0, 0], label: &[0, 1, 1, 1, 0, 0], class: 1, ignore: 9 })?;
    /// let counts = rows.finish();
    /// assert_eq!(counts.report().iou().value(), Some(0.5));
    /// assert_eq!(counts.accuracy().value(), Some(0.6));
    /// # Ok::<(), segmeter_core::Error>(())
    /// ```
    pub fn rows<'a>(&self, width: usize, scratch: &'a mut [u32]) -> Result<TrimapRows<'a>> {
        let need = self.scratch_len(width)?;
        if width == 0 {
            return Err(Error::Shape);
        }
        let (reach, squared) = self.reach()?;
        let scratch = scratch.get_mut(..need).ok_or(Error::Scratch { need })?;
        let (window, rest) =
            scratch.split_at_mut_checked(Window::words(width, kept(reach))).unwrap_or_default();
        let (line, bands) = rest.split_at_mut_checked(2 * words_of(width)).unwrap_or_default();
        bands.fill(0);
        let window = Window::new(self.contour, width, kept(reach), window);
        let counts = TrimapCounts { trimap: *self, tally: Tally::default() };
        Ok(TrimapRows { window, line, bands, width, reach, squared, row: 0, counts })
    }
}

/// Rows of the frame that wait for the contour below them.
const fn kept(reach: usize) -> usize {
    if reach == 0 { 3 } else { reach + 2 }
}

/// A frame on its way in, from [`Trimap::rows`].
#[derive(Debug)]
pub struct TrimapRows<'a> {
    window: Window<'a>,
    /// A row of contour, and the columns near it.
    line: &'a mut [u32],
    /// Which pixels are near the contour so far, for `2 reach + 1` rows.
    bands: &'a mut [u32],
    width: usize,
    reach: usize,
    squared: u64,
    /// Rows of contour that have come in.
    row: usize,
    counts: TrimapCounts,
}

impl TrimapRows<'_> {
    /// The next row.
    ///
    /// # Errors
    /// [`Error::Length`] if it is not one of the width.
    pub fn push_row(&mut self, row: &Row<'_>) -> Result<()> {
        if self.window.push(row)? {
            self.take();
        }
        Ok(())
    }

    /// The counts of the frame.
    #[must_use]
    pub fn finish(mut self) -> TrimapCounts {
        if self.window.end() {
            self.take();
        }
        for row in self.row.saturating_sub(self.reach)..self.row {
            self.count(row);
        }
        self.counts
    }

    fn band(&mut self, row: usize) -> &mut [u32] {
        let words = words_of(self.width);
        let start = row % (2 * self.reach + 1) * words;
        self.bands.get_mut(start..start + words).unwrap_or_default()
    }

    /// Marks what is near a row of contour, and counts the row that has all its contour now.
    fn take(&mut self) {
        let words = words_of(self.width);
        let line = core::mem::take(&mut self.line);
        let (contour, near) = line.split_at_mut_checked(words).unwrap_or_default();
        self.window.contour(Side::Label, contour);
        let row = self.row;
        if contour.iter().any(|word| *word != 0) {
            for away in 0..=self.reach {
                let half = (self.squared - (away as u64 * away as u64).min(self.squared)).isqrt();
                spread(contour, self.width, half as usize, false, near);
                for near_row in
                    [row.checked_sub(away), Some(row + away).filter(|_| away > 0)].into_iter().flatten()
                {
                    self.band(near_row).iter_mut().zip(near.iter()).for_each(|(band, near)| *band |= near);
                }
            }
        }
        self.line = line;
        self.row += 1;
        if let Some(row) = self.row.checked_sub(self.reach + 1) {
            self.count(row);
        }
    }

    fn count(&mut self, row: usize) {
        let mut sums = [0_u32; 4];
        let [both, predicted, labelled, neither] = &mut sums;
        let words = words_of(self.width);
        let start = row % (2 * self.reach + 1) * words;
        let band = self.bands.get_mut(start..start + words).unwrap_or_default();
        let [prediction, label, valid] = self.window.row(row);
        for (band, ((p, g), valid)) in band.iter_mut().zip(prediction.iter().zip(label).zip(valid)) {
            let near = core::mem::take(band) & valid;
            *both += (near & p & g).count_ones();
            *predicted += (near & p & !g).count_ones();
            *labelled += (near & !p & g).count_ones();
            *neither += (near & !p & !g).count_ones();
        }
        self.counts.tally.add(sums.map(u64::from));
    }
}

/// Pixels near the contour of a frame or of many. Counts of one definition may be added in any order.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct TrimapCounts {
    trimap: Trimap,
    /// True and false positives, false and true negatives.
    tally: Tally<4>,
}

impl TrimapCounts {
    /// The choices behind the counts.
    #[must_use]
    pub const fn definition(&self) -> Trimap {
        self.trimap
    }
    /// The pixels near the contour, for IoU, precision, recall and the like.
    #[must_use]
    pub const fn report(&self) -> ClassReport {
        let [true_positive, false_positive, false_negative, true_negative] = self.tally.counts;
        ClassReport { true_positive, false_positive, false_negative, true_negative }
    }
    /// The share of these pixels that are right; undefined without a contour.
    #[must_use]
    pub const fn accuracy(&self) -> Ratio {
        let [both, predicted, labelled, neither] = self.tally.counts;
        let right = both.saturating_add(neither);
        Ratio { numerator: right, denominator: right.saturating_add(predicted).saturating_add(labelled) }
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
        if self.trimap != other.trimap {
            return Err(Error::Parameter("definition"));
        }
        self.tally.merge(&other.tally);
        Ok(())
    }
}
