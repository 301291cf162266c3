//! The choices behind a surface metric: each one changes the number, so each is a typed field.

use crate::error::{Error, Result};
use crate::metric::Empties;
use crate::plane::Contour;
use crate::plane::Weights;
use crate::view::Shape;

/// The size of a pixel, in any unit of length: metres per cell of a bird's-eye view, millimetres of a scan.
///
/// Distances are compared as whole numbers: the squares of the two sides are taken as their ratio, exactly if the
/// sides are as whole numbers up to 1023, else by the first fraction that is off by less than 2 parts in 10^7; then
/// a distance is off by less than 1 part in 10^7.
///
/// ```
/// use segmeter_core::metric::surface::Spacing;
/// let spacing = Spacing::new(1.3, 0.7)?;
/// assert_eq!(spacing.squares(), (169, 49));
/// assert!((spacing.row() - 1.3).abs() < 1e-15 && (spacing.column() - 0.7).abs() < 1e-15);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Spacing {
    row: f64,
    column: f64,
    squares: (u64, u64),
    /// What the root of a step of 1 in whole numbers is long.
    unit: f64,
}

/// The largest term of a ratio of sides.
const MAX_TERM: u64 = 1023;
/// The largest term of a ratio of squares, above that of the most uneven sides.
const MAX_SQUARE: u64 = 1 << 41;
/// The most uneven sides.
const MAX_RATIO: f64 = 1e6;
/// By how much a distance may be above a tolerance that it equals in decimal numbers.
const SLACK: f64 = 1e-6;

impl Spacing {
    /// Distances in pixels.
    pub const PIXELS: Self = Self { row: 1.0, column: 1.0, squares: (1, 1), unit: 1.0 };

    /// From row to row, and from column to column.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless both are in `[1e-9, 1e9]` and their ratio is in `[1e-6, 1e6]`.
    pub fn new(row: f64, column: f64) -> Result<Self> {
        let in_range = |side: f64| (1e-9..=1e9).contains(&side);
        if !in_range(row) || !in_range(column) || row.max(column) > MAX_RATIO * 1.000_001 * row.min(column) {
            return Err(Error::Parameter("spacing"));
        }
        let ratio = row / column;
        if let Some((a, b)) = fraction(ratio, MAX_TERM, 1e-13) {
            let unit = column / b as f64;
            return Ok(Self { row: unit * a as f64, column: unit * b as f64, squares: (a * a, b * b), unit });
        }
        let squares = fraction(ratio * ratio, MAX_SQUARE, 2e-7).ok_or(Error::Parameter("spacing"))?;
        Ok(Self { row, column, squares, unit: column / libm::sqrt(squares.1 as f64) })
    }

    /// What a squared step from row to row and one from column to column count.
    #[must_use]
    pub const fn squares(self) -> (u64, u64) {
        self.squares
    }
    /// The length from row to row.
    #[must_use]
    pub const fn row(self) -> f64 {
        self.row
    }
    /// The length from column to column.
    #[must_use]
    pub const fn column(self) -> f64 {
        self.column
    }

    pub(super) const fn unit(self) -> f64 {
        self.unit
    }
    pub(super) const fn weights(self) -> Weights<u64> {
        let (row, column) = self.squares;
        Weights { row, column }
    }

    /// The length of a squared distance in whole numbers.
    pub(super) fn length(self, squared: f64) -> f64 {
        self.unit * libm::sqrt(squared)
    }

    /// The largest squared distance within a tolerance; `None` for one that is negative or no number. A distance that
    /// equals the tolerance is within it, to 1 part in 10^6.
    pub(super) fn within(self, tolerance: f64) -> Option<f64> {
        let steps = tolerance * (1.0 + SLACK) / self.unit;
        (tolerance >= 0.0).then_some(steps * steps)
    }

    /// The diagonal of a frame.
    pub(super) fn diagonal(self, shape: Shape) -> f64 {
        let (tall, long) = (shape.height() as f64 * self.row(), shape.width() as f64 * self.column());
        libm::sqrt(tall * tall + long * long)
    }
}

impl Default for Spacing {
    fn default() -> Self {
        Self::PIXELS
    }
}

/// The first continued fraction of a ratio with terms of at most `most` that is off by less than `error` of it.
fn fraction(ratio: f64, most: u64, error: f64) -> Option<(u64, u64)> {
    let (mut last, mut terms) = ((0, 1), (1, 0));
    let mut rest = ratio;
    while rest <= most as f64 {
        let whole = rest as u64;
        let step = |term: u64, last: u64| whole.saturating_mul(term).saturating_add(last);
        let next = (step(terms.0, last.0), step(terms.1, last.1));
        if next.0 > most || next.1 > most {
            break;
        }
        (last, terms) = (terms, next);
        let off = next.0 as f64 / next.1 as f64 / ratio - 1.0;
        if off < error && off > -error {
            return Some(terms);
        }
        rest = 1.0 / (rest - whole as f64);
    }
    None
}

/// Which distance a quantile `q` of `n` distances is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Rank {
    /// Between the two distances around place `q (n - 1)` of the sorted ones, linearly: NumPy, PyTorch.
    #[default]
    Linear,
    /// The first distance at which the share of contour so far is at least `q`: nearest rank, on a grid of
    /// corners weighted with their lengths as surface-distance does.
    FirstReached,
}

/// Of which distances a mean, a share or a quantile is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Pooling {
    /// Each direction for itself; then the larger quantile, or the mean of the two means or shares.
    Directed,
    /// All distances of both directions in one.
    #[default]
    Pooled,
}

/// The percentile of the Hausdorff distance: HD95 is `quantile` 0.95.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Percentile {
    /// In `[0, 1]`; 1 is the Hausdorff distance.
    pub quantile: f64,
    /// Which distance it is.
    pub rank: Rank,
    /// Of which distances.
    pub pooling: Pooling,
}

impl Percentile {
    /// The larger of the two directed 95th percentiles, interpolated.
    pub const HD95: Self = Self { quantile: 0.95, rank: Rank::Linear, pooling: Pooling::Directed };
}

/// Everything that decides the numbers of a [`SurfaceReport`](super::SurfaceReport).
///
/// The default is the project's: inner 4-connected contours, the image's frame is none, pixels, HD95 as the
/// larger of the two interpolated percentiles, pooled means and shares, a tolerance of 2 pixels, and nothing
/// made up for a missing contour (a share of matched contour is 0, by its formula, if one of the two is
/// missing).
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Surface {
    /// The name of the library that is reproduced, or `segmeter`.
    pub name: &'static str,
    /// What a contour is.
    pub contour: Contour,
    /// The size of a pixel.
    pub spacing: Spacing,
    /// The percentile; `None` saves its passes and its scratch.
    pub percentile: Option<Percentile>,
    /// Distance up to which a contour pixel counts as matched, of the size of a pixel's.
    pub tolerance: f64,
    /// Of which distances [`SurfaceReport::mean`](super::SurfaceReport::mean) is: ASSD or MASD.
    pub mean: Pooling,
    /// Of which [`SurfaceReport::nsd`](super::SurfaceReport::nsd) is.
    pub nsd: Pooling,
    /// Policies of the Hausdorff distance,
    pub hausdorff_empties: Empties,
    /// of the percentile,
    pub percentile_empties: Empties,
    /// of the means,
    pub mean_empties: Empties,
    /// and of the matched share.
    pub nsd_empties: Empties,
}
