//! Distances between the contours of a whole frame, from two planes of bits.

use super::bins::{BIN_WORDS, EXACT, bin, place};
use super::definition::{Pooling, Surface};
use super::report::{Counts, LENGTH_ONE, Sums, SurfaceReport};
use crate::error::{Error, Result};
use crate::plane::nearest::{self, Rows};
use crate::plane::row::words_of;
use crate::plane::{Row, Side, Weights, Window, kind};
use crate::view::Shape;

impl Surface {
    /// Words of the two planes of contours.
    const fn plane_words(&self, shape: Shape) -> usize {
        let row = self.contour.row_words(shape.width());
        row.saturating_mul(self.contour.rows(shape.height())).saturating_mul(2)
    }

    /// Words for [`Surface::rows`]: a bit per pixel for each mask, 3 words per column, and 1536 for a
    /// percentile. On the grid of corners 3 bits per corner.
    ///
    /// ```
    /// use segmeter_core::{metric::surface::Surface, view::Shape};
    /// let (shape, definition) = (Shape::new(256, 512)?, Surface::SEGMETER);
    /// assert_eq!(4 * definition.scratch_len(shape), 45_056);
    /// assert_eq!(4 * Surface { percentile: None, ..definition }.scratch_len(shape), 38 * 1024);
    /// # Ok::<(), segmeter_core::Error>(())
    /// ```
    #[must_use]
    pub const fn scratch_len(&self, shape: Shape) -> usize {
        let rows = Window::words(shape.width(), 3);
        let search = nearest::scratch_len(self.contour.columns(shape.width()))
            .saturating_add(if self.percentile.is_some() { BIN_WORDS } else { 0 });
        self.plane_words(shape).saturating_add(if rows > search { rows } else { search })
    }

    /// Refuses parameters out of range, and frames for which distances are not exact.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a quantile outside `[0, 1]` or a tolerance that is negative or no number;
    /// [`Error::Unsupported`] if a side is above 65 535 pixels.
    pub const fn check(&self, shape: Shape) -> Result<()> {
        if let Some(percentile) = self.percentile
            && !(percentile.quantile >= 0.0 && percentile.quantile <= 1.0)
        {
            return Err(Error::Parameter("quantile"));
        }
        if self.tolerance.is_nan() || self.tolerance < 0.0 {
            return Err(Error::Parameter("tolerance"));
        }
        let (height, width) = (self.contour.rows(shape.height()), self.contour.columns(shape.width()));
        nearest::check(height, width)
    }

    /// Whether squared distances are whole numbers of 64 bits; otherwise they are the bits of an `f64`, in the same order:
    /// those of large frames with very uneven pixels.
    pub(super) const fn is_narrow(&self, shape: Shape) -> bool {
        let (height, width) = (self.contour.rows(shape.height()), self.contour.columns(shape.width()));
        nearest::is_narrow(height, width, self.spacing.weights())
    }
    /// The length of a squared distance.
    pub(super) fn length(&self, shape: Shape, squared: u64) -> f64 {
        let square = if self.is_narrow(shape) { squared as f64 } else { f64::from_bits(squared) };
        self.spacing.length(square)
    }

    /// Takes a frame row by row and measures it once it is whole.
    ///
    /// # Errors
    /// Those of [`Surface::check`]; [`Error::Scratch`] if `scratch` is shorter than [`Surface::scratch_len`].
    ///
    /// ```
    /// use segmeter_core::{metric::surface::Surface, plane::Row, view::Shape};
    /// let shape = Shape::new(4, 6)?;
    /// let mut scratch = vec![0; Surface::MONAI.scratch_len(shape)];
    /// let mut rows = Surface::MONAI.rows(shape, &mut scratch)?;
    /// let prediction = [[0, 0, 0, 0, 0, 0], [0, 1, 1, 1, 0, 0], [0, 1, 1, 1, 0, 0], [0; 6]];
    /// let label = [[0, 0, 0, 0, 0, 0], [0, 0, 1, 1, 1, 1], [0, 0, 1, 1, 1, 1], [0; 6]];
    /// for (prediction, label) in prediction.iter().zip(&label) {
    ///     rows.push_row(&Row::Ids { prediction, label, class: 1, ignore: 255 })?;
    /// }
    /// let report = rows.finish()?;
    /// assert_eq!(report.hausdorff().value(), Some(2.0));
    /// assert_eq!(report.assd().value(), Some(8.0 / 14.0));
    /// # Ok::<(), segmeter_core::Error>(())
    /// ```
    pub fn rows<'a>(&self, shape: Shape, scratch: &'a mut [u32]) -> Result<SurfaceRows<'a>> {
        self.check(shape)?;
        let need = self.scratch_len(shape);
        let parts = scratch.get_mut(..need).and_then(|s| s.split_at_mut_checked(self.plane_words(shape)));
        let Some((planes, work)) = parts else { return Err(Error::Scratch { need }) };
        let window = Window::new(self.contour, shape.width(), 3, work);
        Ok(SurfaceRows { definition: *self, shape, planes, window, row: 0 })
    }
}

/// A frame on its way in, from [`Surface::rows`].
#[derive(Debug)]
pub struct SurfaceRows<'a> {
    definition: Surface,
    shape: Shape,
    planes: &'a mut [u32],
    window: Window<'a>,
    /// Rows of contour that are done.
    row: usize,
}

impl<'a> SurfaceRows<'a> {
    /// The next row.
    ///
    /// # Errors
    /// [`Error::Length`] if it is not one of the width, or one more than the frame has.
    pub fn push_row(&mut self, row: &Row<'_>) -> Result<()> {
        let height = self.shape.height();
        if self.window.rows() >= height {
            return Err(Error::Length { expected: height, found: height.saturating_add(1) });
        }
        if self.window.push(row)? {
            self.store();
        }
        Ok(())
    }

    fn store(&mut self) {
        let words = self.definition.contour.row_words(self.shape.width());
        let half = self.planes.len() / 2;
        for (side, first) in [(Side::Prediction, 0), (Side::Label, half)] {
            let start = first + self.row * words;
            self.window.contour(side, self.planes.get_mut(start..start + words).unwrap_or_default());
        }
        self.row += 1;
    }

    /// Measures the frame: a pass over the planes in each direction, and for a percentile of 16 pixels and more another,
    /// of 90 pixels and more two or three; one more if it is of both directions together.
    ///
    /// # Errors
    /// [`Error::Length`], in rows, if the frame is not whole.
    pub fn finish(mut self) -> Result<SurfaceReport> {
        let (expected, found) = (self.shape.height(), self.window.rows());
        if found != expected {
            return Err(Error::Length { expected, found });
        }
        if self.window.end() {
            self.store();
        }
        let Self { definition, shape, planes, window, .. } = self;
        let columns = definition.contour.columns(shape.width());
        let height = definition.contour.rows(shape.height());
        let stride = definition.contour.row_words(shape.width());
        let (prediction, label) = planes.split_at(planes.len() / 2);
        let planes = [prediction, label].map(|words| Rows { words, stride, height, columns });
        let (scratch, bins) =
            window.into_words().split_at_mut_checked(nearest::scratch_len(columns)).unwrap_or_default();
        let mut distances = Distances { definition, shape, planes, scratch, bins };
        let [(forth, a), (back, b)] = [0, 1].map(|direction| distances.measure(direction));
        let sums = [forth, back];
        let percentile = definition.percentile.filter(|_| !forth.is_empty() && !back.is_empty());
        let percentile = percentile.map(|percentile| match percentile.pooling {
            Pooling::Pooled => {
                let both = forth.with(&back);
                distances.quantile(percentile, [true, true], &both, false)
            }
            Pooling::Directed => a.max(b),
        });
        Ok(SurfaceReport { definition, shape, sums, percentile })
    }
}

/// The planes of contours of a whole frame.
pub(super) struct Distances<'a> {
    pub(super) definition: Surface,
    pub(super) shape: Shape,
    planes: [Rows<'a>; 2],
    scratch: &'a mut [u32],
    /// See [`super::bins`].
    pub(super) bins: &'a mut [u32],
}

impl Distances<'_> {
    /// Calls `visit` with the squared distance of every pixel of one contour to the other, the kind of
    /// contour, and how much of it that is. In place of a distance below `least` stands any below it.
    pub(super) fn visit(&mut self, direction: usize, least: u64, mut visit: impl FnMut(u64, usize, u32)) {
        let [prediction, label] = self.planes;
        let (queries, sites) = if direction == 0 { (prediction, label) } else { (label, prediction) };
        let words = words_of(queries.columns);
        let kinds = self.definition.contour.layers() > 1;
        let mut counted = |row: usize, column: usize, squared: u64| {
            // A corner that is cut twice counts as two.
            match if kinds { kind(queries.row(row), words, column) } else { 0 } {
                3 => visit(squared, 0, 2),
                kind => visit(squared, kind, 1),
            }
        };
        let Weights { row, column } = self.definition.spacing.weights();
        if self.definition.is_narrow(self.shape) {
            let weights = Weights { row: row.cast_signed(), column: column.cast_signed() };
            nearest::visit(
                sites,
                queries,
                weights,
                least.cast_signed(),
                self.scratch,
                |row, column, squared| {
                    counted(row, column, squared.cast_unsigned());
                },
            );
        } else {
            let weights = Weights { row: i128::from(row), column: i128::from(column) };
            nearest::visit(sites, queries, weights, 0, self.scratch, |row, column, squared| {
                counted(row, column, (squared as f64).to_bits());
            });
        }
    }

    fn sums(&mut self, direction: usize) -> Sums {
        let [prediction, label] = self.planes;
        let count = count(if direction == 0 { prediction } else { label });
        let definition = self.definition;
        let (narrow, within) =
            (definition.is_narrow(self.shape), definition.spacing.within(definition.tolerance));
        let mut sums = Sums { count, ..Sums::default() };
        let mut add = |squared: u64, kind: usize, parts: u32| {
            let square = if narrow { squared as f64 } else { f64::from_bits(squared) };
            // The root has at most 53 bits, and is 0 or at least 1.
            let length = (libm::sqrt(square) * LENGTH_ONE) as u128;
            if let Some(sum) = sums.length.get_mut(kind) {
                *sum = sum.saturating_add(length * u128::from(parts));
            }
            if let Some(count) = sums.within.get_mut(kind)
                && within.is_some_and(|within| square <= within)
            {
                *count += u64::from(parts);
            }
            sums.largest = sums.largest.max(squared);
        };
        // Short distances are counted, and their roots taken once.
        let bins = core::mem::take(&mut self.bins);
        bins.fill(0);
        self.visit(direction, 0, |squared, kind, parts| {
            let count = bin(bins, place(squared), kind);
            if count.is_none() || squared >= EXACT {
                add(squared, kind, parts);
            }
            if let Some(count) = count {
                *count += parts;
            }
        });
        for (parts, squared) in bins.as_chunks::<3>().0.iter().zip(0..EXACT) {
            for (kind, parts) in parts.iter().enumerate().filter(|(_, parts)| **parts > 0) {
                add(squared, kind, *parts);
            }
        }
        self.bins = bins;
        sums
    }

    /// The sums of a direction, and the percentile if that is of a direction.
    fn measure(&mut self, direction: usize) -> (Sums, f64) {
        let sums = self.sums(direction);
        let percentile =
            self.definition.percentile.filter(|percentile| percentile.pooling == Pooling::Directed);
        let directions = [direction == 0, direction == 1];
        (sums, percentile.map_or(0.0, |percentile| self.quantile(percentile, directions, &sums, true)))
    }
}

/// The contour of a plane by kind.
fn count(plane: Rows<'_>) -> Counts {
    let words = words_of(plane.columns);
    let mut counts = Counts::default();
    let [cut, along, across] = &mut counts;
    for row in 0..plane.height {
        let (edges, kinds) = plane.row(row).split_at_checked(words).unwrap_or_default();
        let kinds = |layer: usize| kinds.get(layer * words..).unwrap_or_default().iter().copied();
        let kinds = kinds(0).chain(core::iter::repeat(0)).zip(kinds(1).chain(core::iter::repeat(0)));
        for (edge, (horizontal, vertical)) in edges.iter().zip(kinds) {
            let ones = |bits: u32| u64::from(bits.count_ones());
            let twice = horizontal & vertical;
            *cut += ones(edge & !(horizontal | vertical)) + 2 * ones(twice);
            *along += ones(horizontal & !twice);
            *across += ones(vertical & !twice);
        }
    }
    counts
}
