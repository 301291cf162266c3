//! The choices behind a surface metric: each one changes the number, so each is a typed field.

use crate::error::{Error, Result};
use crate::metric::Empties;
use crate::plane::Contour;
use crate::plane::Weights;
use crate::view::Shape;

/// The size of a pixel, in any unit of length: metres per cell of a bird's-eye view, millimetres of a scan.
///
/// Distances are compared as integers: the two sides are taken as a ratio of whole numbers up to 1023, exactly
/// if they are one, else as the last convergent of their continued fraction, which is off by less than one
/// part in 1023 times the smaller of the two; [`Spacing::row`] says what is used.
///
/// ```
/// use segmeter_core::metric::surface::Spacing;
/// let spacing = Spacing::new(1.3, 0.7)?;
/// assert_eq!(spacing.ratio(), (13, 7));
/// assert!((spacing.row() - 1.3).abs() < 1e-15 && (spacing.column() - 0.7).abs() < 1e-15);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Spacing {
    ratio: (u32, u32),
    unit: f64,
}

/// The largest term of the ratio of a spacing.
const MAX_TERM: u32 = 1023;

impl Spacing {
    /// Distances in pixels.
    pub const PIXELS: Self = Self { ratio: (1, 1), unit: 1.0 };

    /// From row to row, and from column to column.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless both are in `[1e-9, 1e9]` and their ratio is in `[1/1023, 1023]`.
    pub const fn new(row: f64, column: f64) -> Result<Self> {
        if !(row >= 1e-9 && row <= 1e9 && column >= 1e-9 && column <= 1e9) {
            return Err(Error::Parameter("spacing"));
        }
        let ratio = row / column;
        let (mut last, mut terms) = ((0_u32, 1_u32), (1_u32, 0_u32));
        let mut rest = ratio;
        while rest >= 0.0 && rest <= MAX_TERM as f64 {
            let whole = rest as u32;
            let next = (whole * terms.0 + last.0, whole * terms.1 + last.1);
            if next.0 > MAX_TERM || next.1 > MAX_TERM {
                break;
            }
            (last, terms) = (terms, next);
            let error = next.0 as f64 / next.1 as f64 / ratio - 1.0;
            if error < 1e-13 && error > -1e-13 {
                break;
            }
            rest = 1.0 / (rest - whole as f64);
        }
        if terms.0 == 0 || terms.1 == 0 {
            return Err(Error::Parameter("spacing"));
        }
        Ok(Self { ratio: terms, unit: column / terms.1 as f64 })
    }

    /// The ratio of row to column spacing that is used.
    #[must_use]
    pub const fn ratio(self) -> (u32, u32) {
        self.ratio
    }
    /// The length from row to row that is used.
    #[must_use]
    pub const fn row(self) -> f64 {
        self.unit * self.ratio.0 as f64
    }
    /// The length from column to column.
    #[must_use]
    pub const fn column(self) -> f64 {
        self.unit * self.ratio.1 as f64
    }

    /// What a step of 1 in whole numbers is long.
    pub(super) const fn unit(self) -> f64 {
        self.unit
    }
    pub(super) const fn weights(self) -> Weights {
        let (row, column) = (self.ratio.0 as i64, self.ratio.1 as i64);
        Weights { row: row * row, column: column * column }
    }

    /// The length of a squared distance in whole numbers.
    pub(super) fn length(self, squared: u64) -> f64 {
        self.unit * libm::sqrt(squared as f64)
    }

    /// The largest squared distance, in whole numbers, whose length is at most `tolerance`, and at most
    /// `limit`; `None` if not even 0 is.
    pub(super) fn within(self, tolerance: f64, limit: u64) -> Option<u64> {
        if tolerance.is_nan() || tolerance < 0.0 {
            return None;
        }
        let steps = tolerance / self.unit;
        // The conversion saturates. What rounding has done to the square is made good below.
        let mut squared = ((steps * steps) as u64).min(limit);
        while squared > 0 && self.length(squared) > tolerance {
            squared -= 1;
        }
        while squared < limit && self.length(squared + 1) <= tolerance {
            squared += 1;
        }
        Some(squared)
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
