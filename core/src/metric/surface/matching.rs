//! How much of each contour has the other within reach, row by row: NSD and the boundary F score.

use super::definition::Spacing;
use super::report::{Counts, Direction, Missing, add, elements, harmonic_mean};
use super::tally::Tally;
use crate::error::{Error, Result};
use crate::metric::{Empties, Empty, Ratio, Score};
use crate::plane::row::{any, words_of};
use crate::plane::{Contour, Edge, Row, Side, Window, kind, ones};
use crate::view::Shape;

/// Contour pixels with one of the other contour at most `tolerance` away, in one pass over the rows.
///
/// Normalised surface distance (surface Dice) and the boundary F score are both read from
/// [`MatchCounts`]. The counts are those of [`Surface`](super::Surface) with the same contour and tolerance.
/// A row of prediction and label goes in, and the row `tolerance` above it comes out; kept are the rows of
/// both contours in between:
///
/// | words of state, `n = width / 32`, `r` rows within the tolerance | 320x240 | 512x256 | 1024x512 |
/// |---|---|---|---|
/// | `9 n + 2 (2 r + 1) n + r + 1`, r = 2 | 772 B | 1228 B | 2444 B |
/// | r = 5 | 1264 B | 2008 B | 3992 B |
/// | r = 10 | 2084 B | 3308 B | 6572 B |
///
/// Corners take three times the rows of contour.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Matching {
    /// What a contour is.
    pub contour: Contour,
    /// The size of a pixel.
    pub spacing: Spacing,
    /// How far apart matched contours may be, of the size of a pixel's.
    pub tolerance: f64,
    /// What the scores are worth without a contour.
    pub empties: Empties,
}

/// The most rows that a tolerance may reach.
const MAX_REACH: usize = 4096;

impl Matching {
    /// The project's contours (inner, 4-connected, the frame is none), pixels; 0 if one contour is missing.
    #[must_use]
    pub const fn new(tolerance: f64) -> Self {
        let contour = Contour { edge: Edge::Inner4, frame_counts: false };
        let empties = Empties::new(Empty::Undefined, Empty::Zero);
        Self { contour, spacing: Spacing::PIXELS, tolerance, empties }
    }

    /// The boundary measure F of DAVIS: half-pixel contours without the frame, within 0.008 of the frame's
    /// diagonal, rounded up. With [`MatchCounts::f_score`].
    #[must_use]
    pub fn davis(shape: Shape) -> Self {
        let contour = Contour { edge: Edge::HalfPixel, frame_counts: false };
        let empties = Empties::new(Empty::One, Empty::Zero);
        Self { contour, empties, ..Self::new(libm::ceil(0.008 * Spacing::PIXELS.diagonal(shape))) }
    }

    /// Rows above and below within the tolerance, and the largest squared distance within it.
    fn reach(&self) -> Result<(usize, u64)> {
        let within = self.spacing.within(self.tolerance).ok_or(Error::Parameter("tolerance"))?;
        let squared = within as u64;
        // Weights are at least 1; `max` says so to the compiler.
        let rows = root(squared / self.spacing.weights().row.max(1));
        if rows > MAX_REACH || squared == u64::MAX {
            return Err(Error::Parameter("tolerance"));
        }
        Ok((rows, squared))
    }

    /// Words for [`Matching::rows`].
    ///
    /// # Errors
    /// [`Error::Parameter`] for a tolerance that is negative, no number, or reaches more than 4096 rows:
    /// [`SurfaceReport::f_score`](super::SurfaceReport::f_score) has no such limit.
    pub fn scratch_len(&self, width: usize) -> Result<usize> {
        let (reach, _) = self.reach()?;
        let ring = self.contour.row_words(width).saturating_mul(2 * (2 * reach + 1));
        Ok(Window::words(width, 3).saturating_add(ring).saturating_add(reach + 1))
    }

    /// Takes a frame of any height row by row.
    ///
    /// # Errors
    /// Those of [`Matching::scratch_len`]; [`Error::Scratch`]; [`Error::Shape`] for rows without a pixel.
    ///
    /// ```
    /// use segmeter_core::{metric::surface::Matching, plane::Row};
    /// let matching = Matching::new(1.0);
    /// let mut scratch = vec![0; matching.scratch_len(8)?];
    /// let mut rows = matching.rows(8, &mut scratch)?;
    /// for (prediction, label) in [([0], [0]), ([0b0000_1111], [0b0011_1111]), ([0], [0])] {
    ///     rows.push_row(&Row::Bits { prediction: &prediction, label: &label, valid: None })?;
    /// }
    /// let counts = rows.finish();
    /// assert_eq!(counts.nsd().value(), Some(0.9));
    /// # Ok::<(), segmeter_core::Error>(())
    /// ```
    pub fn rows<'a>(&self, width: usize, scratch: &'a mut [u32]) -> Result<MatchRows<'a>> {
        let need = self.scratch_len(width)?;
        if width == 0 {
            return Err(Error::Shape);
        }
        let (reach, squared) = self.reach()?;
        let scratch = scratch.get_mut(..need).ok_or(Error::Scratch { need })?;
        let (window, rest) = scratch.split_at_mut_checked(Window::words(width, 3)).unwrap_or_default();
        let (half_widths, ring) = rest.split_at_mut_checked(reach + 1).unwrap_or_default();
        let weights = self.spacing.weights();
        for (up, half) in half_widths.iter_mut().zip(0_u64..).map(|(half, up)| (up, half)) {
            let left = squared.saturating_sub(weights.row * (up * up));
            *half = root(left / weights.column.max(1)).min(width) as u32;
        }
        let window = Window::new(self.contour, width, 3, window);
        let (matching, sums) = (*self, [0; 12]);
        Ok(MatchRows { window, half_widths, ring, width, reach, row: 0, matching, sums })
    }
}

/// The whole part of a square root.
fn root(square: u64) -> usize {
    square.isqrt() as usize
}

/// A frame on its way in, from [`Matching::rows`].
#[derive(Debug)]
pub struct MatchRows<'a> {
    window: Window<'a>,
    /// For a row so many above or below, how many columns are within the tolerance.
    half_widths: &'a mut [u32],
    /// The last `2 reach + 1` rows of both contours.
    ring: &'a mut [u32],
    width: usize,
    reach: usize,
    /// Rows of contour that have come in.
    row: usize,
    matching: Matching,
    /// The counts so far, in the order of [`MatchCounts`].
    sums: [u64; 12],
}

impl MatchRows<'_> {
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
    pub fn finish(mut self) -> MatchCounts {
        if self.window.end() {
            self.take();
        }
        for row in self.row.saturating_sub(self.reach)..self.row {
            self.count(row);
        }
        MatchCounts { matching: self.matching, tally: Tally { counts: self.sums, saturated: false } }
    }

    /// Takes in a row of contour, and counts the one that has all its neighbours now.
    fn take(&mut self) {
        let words = self.matching.contour.row_words(self.width);
        let start = self.row % (2 * self.reach + 1) * words * 2;
        let slot = self.ring.get_mut(start..start + 2 * words).unwrap_or_default();
        let (prediction, label) = slot.split_at_mut_checked(words).unwrap_or_default();
        self.window.contour(Side::Prediction, prediction);
        self.window.contour(Side::Label, label);
        self.row += 1;
        if let Some(row) = self.row.checked_sub(self.reach + 1) {
            self.count(row);
        }
    }

    /// A row of contour that is in the ring, with its layers.
    fn contour(&self, side: usize, row: usize) -> &[u32] {
        let words = self.matching.contour.row_words(self.width);
        let start = (row % (2 * self.reach + 1) * 2 + side) * words;
        self.ring.get(start..start + words).unwrap_or_default()
    }

    fn count(&mut self, row: usize) {
        let words = words_of(self.matching.contour.columns(self.width));
        let kinds = self.matching.contour.layers() > 1;
        let mut sums = [0_u32; 12];
        let (totals, matches) = sums.as_mut_slice().split_at_mut_checked(6).unwrap_or_default();
        for side in 0..2 {
            let line = self.contour(side, row);
            for (first, word) in (0..).step_by(32).zip(line.iter().take(words)) {
                for bit in ones(*word) {
                    let column = first + bit as usize;
                    // A corner that is cut twice counts as two.
                    let (kind, parts) = match if kinds { kind(line, words, column) } else { 0 } {
                        3 => (0, 2),
                        kind => (kind, 1),
                    };
                    if let Some(total) = totals.get_mut(side * 3 + kind) {
                        *total += parts;
                    }
                    if let Some(matched) = matches.get_mut(side * 3 + kind)
                        && self.is_matched(1 - side, row, column)
                    {
                        *matched += parts;
                    }
                }
            }
        }
        // A frame has fewer than 2^64 pixels.
        self.sums.iter_mut().zip(sums).for_each(|(sum, count)| *sum += u64::from(count));
    }

    /// Whether a contour has a pixel within the tolerance; the rows from near to far.
    fn is_matched(&self, side: usize, row: usize, column: usize) -> bool {
        let columns = self.matching.contour.columns(self.width);
        let words = words_of(columns);
        self.half_widths.iter().enumerate().any(|(away, half)| {
            let (from, to) =
                (column.saturating_sub(*half as usize), (column + *half as usize).min(columns - 1));
            let has = |row: usize| any(self.contour(side, row).get(..words).unwrap_or_default(), from, to);
            row.checked_sub(away).is_some_and(has) || away > 0 && row + away < self.row && has(row + away)
        })
    }
}

/// How much of both contours is matched, of a frame or of many.
///
/// Counts of the same [`Matching`] may be added in any order.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct MatchCounts {
    matching: Matching,
    /// Of prediction and label, by kind: how much there is; and then, how much is matched.
    tally: Tally<12>,
}

impl MatchCounts {
    /// The choices behind the counts.
    #[must_use]
    pub const fn definition(&self) -> Matching {
        self.matching
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
        if self.matching != other.matching {
            return Err(Error::Parameter("definition"));
        }
        self.tally.merge(&other.tally);
        Ok(())
    }

    /// Prediction and label: how much contour there is, and how much of it is matched.
    fn sides(&self) -> [[Counts; 2]; 2] {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = self.tally.counts;
        [[[a, b, c], [g, h, i]], [[d, e, f], [j, k, l]]]
    }
    const fn pick<T: Copy>([prediction, label]: [T; 2], direction: Direction) -> T {
        match direction {
            Direction::PredictionToLabel => prediction,
            Direction::LabelToPrediction => label,
        }
    }

    /// Which contours there are not, in all frames together.
    #[must_use]
    pub fn missing(&self) -> Missing {
        let [[prediction, _], [label, _]] = self.sides();
        Missing::of(prediction, label)
    }

    /// How many pixels of one contour are matched, of how many; corners that are cut twice are two.
    #[must_use]
    pub fn pixels(&self, direction: Direction) -> Ratio {
        let [all, matched] = Self::pick(self.sides(), direction);
        Ratio { numerator: elements(matched), denominator: elements(all) }
    }

    fn length(&self, counts: Counts) -> f64 {
        self.matching.spacing.contour(self.matching.contour, counts.map(|count| count as f64))
    }
    fn share(&self, direction: Direction) -> f64 {
        let [all, matched] = Self::pick(self.sides(), direction);
        self.length(matched) / self.length(all)
    }
    fn score(&self, value: impl FnOnce() -> f64) -> Score {
        self.missing().score(self.matching.empties, 0.0, value)
    }

    /// The share of one contour that is matched: boundary precision of the prediction, recall of the label.
    #[must_use]
    pub fn matched(&self, direction: Direction) -> Score {
        self.score(|| self.share(direction))
    }

    /// Normalised surface distance, surface Dice: the matched share of both contours together.
    #[must_use]
    pub fn nsd(&self) -> Score {
        let [[prediction, near], [label, other]] = self.sides();
        self.score(|| self.length(add(near, other)) / self.length(add(prediction, label)))
    }

    /// The mean of the two matched shares.
    #[must_use]
    pub fn nsd_of_shares(&self) -> Score {
        let share = |direction| self.share(direction);
        self.score(|| 0.5 * (share(Direction::PredictionToLabel) + share(Direction::LabelToPrediction)))
    }

    /// The boundary F score: the harmonic mean of boundary precision and recall, 0 if both are.
    #[must_use]
    pub fn f_score(&self) -> Score {
        self.score(|| {
            let precision = self.share(Direction::PredictionToLabel);
            let recall = self.share(Direction::LabelToPrediction);
            harmonic_mean(precision, recall)
        })
    }
}
