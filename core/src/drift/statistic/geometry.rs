//! What the shape of a mask says: the scene, or a mount that has moved.

use super::Statistic;
use crate::drift::Outline;
use crate::error::{Error, Result};
use crate::num::Q16;
use crate::plane::components::Connectivity;
use crate::plane::row::{any, runs, words_of};
use crate::plane::topology::{Components, Topology};
use crate::view::Shape;

/// Bands of rows, and bins of columns, of a profile.
pub const BANDS: usize = 16;
/// A bin of columns without road.
pub const NO_ROW: u16 = u16::MAX;

/// Statistics of the shape of a road mask, row by row, in integers.
///
/// A statistic of geometry tells that the scene is another, not that the model is wrong: a bend moves the centroid, a
/// junction the number of holes. Read it beside those of [`super::Statistics`].
///
/// The work of a row is its words and its runs: no loop over pixels, no division; some divisions a frame. Memory for
/// 512x256: 4.2 KB of scratch, and 0.5 KB.
///
/// ```
/// use segmeter_core::{drift::Geometry, view::Shape};
/// let shape = Shape::new(4, 5)?;
/// let mut scratch = [0; Geometry::scratch_len(5)];
/// let mut rows = Geometry::new(shape, &mut scratch)?;
/// for row in [0b00000, 0b01110, 0b01010, 0b11110] {
///     rows.push_row(&[row])?;
/// }
/// let found = rows.finish();
/// assert_eq!((found.road, found.boundary, found.frame_boundary), (9, 13, 5));
/// assert_eq!((found.topology.components, found.topology.holes, found.topology.euler()), (1, 1, 0));
/// assert_eq!(found.compactness().unwrap().to_f32(), 36.0);
/// assert_eq!(found.centroid().unwrap().0.to_f32(), 2.111_114_5);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Geometry<'a> {
    components: Components<'a>,
    outline: Outline,
    report: GeometryReport,
    row: u32,
}

/// The rows of a band of a sixteenth of the frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Band {
    /// Rows so far.
    pub rows: u32,
    /// Pixels of road.
    pub road: u32,
    /// Sum of their columns.
    pub columns: u64,
}

impl Band {
    /// Mean pixels of road in a row, in [0, width]; `None` where a frame of fewer than 16 rows has no such band.
    #[must_use]
    pub fn width(&self) -> Option<Q16> {
        (self.rows != 0).then(|| Q16::ratio(self.road.into(), self.rows.into()))
    }
    /// Mean column of the road, counted from 0; `None` without road.
    #[must_use]
    pub fn centre(&self) -> Option<Q16> {
        mean(self.columns, self.road)
    }
}

/// What [`Geometry`] has found in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct GeometryReport {
    /// Rows and columns of the frame.
    #[cfg_attr(feature = "defmt", defmt(Debug2Format))]
    pub shape: Shape,
    /// Pixels of road.
    pub road: u32,
    /// Sides between a pixel of road and one that is none, 4-neighbours inside the frame.
    pub boundary: u32,
    /// Sides of pixels of road on the frame.
    pub frame_boundary: u32,
    /// Components by sides, their holes, the largest of them.
    pub topology: Topology,
    /// Sum of the rows of pixels of road.
    pub rows: u64,
    /// The vertical profile, from the top.
    pub bands: [Band; BANDS],
    /// The first row with road in every sixteenth of the columns, from the left; [`NO_ROW`] without one.
    pub first_rows: [u16; BANDS],
}

impl<'a> Geometry<'a> {
    /// Words of scratch: about 8 bytes per column.
    #[must_use]
    pub const fn scratch_len(width: usize) -> usize {
        Components::scratch_len(width)
    }

    /// No row yet.
    ///
    /// # Errors
    /// [`Error::Scratch`]; [`Error::Parameter`] if the frame has more than 65,534 columns or rows, or 2^30 pixels.
    pub fn new(shape: Shape, scratch: &'a mut [u32]) -> Result<Self> {
        super::check_size(shape)?;
        let components = Components::new(shape.width(), Connectivity::Four, 0, scratch)?;
        let report = GeometryReport {
            shape,
            road: 0,
            boundary: 0,
            frame_boundary: 0,
            topology: Topology::default(),
            rows: 0,
            bands: [Band::default(); BANDS],
            first_rows: [NO_ROW; BANDS],
        };
        Ok(Self { components, outline: Outline::new(shape), report, row: 0 })
    }

    /// Adds the next row of bits, as [`Bits`](crate::plane::Bits) and [`pack_codes`](crate::plane::pack_codes) pack
    /// them: those past the width are zero.
    ///
    /// # Errors
    /// [`Error::Length`] if the row has another number of words, or the frame has no more rows.
    pub fn push_row(&mut self, row: &[u32]) -> Result<()> {
        let report = &mut self.report;
        let (height, width) = (report.shape.height(), report.shape.width());
        let words = words_of(width);
        if row.len() != words {
            return Err(Error::Length { expected: words, found: row.len() });
        }
        if self.row as usize >= height {
            return Err(Error::Length { expected: height, found: height + 1 });
        }
        self.outline.push_row(self.components.above(), row);
        let (mut road, mut columns) = (0, 0);
        for (start, end) in runs(row) {
            let (start, end) = (start as u32, end as u32);
            road += end - start;
            // The columns from `start` to `end - 1`: a mean of both times their number.
            columns += u64::from(end - start) * u64::from(start + end - 1) / 2;
            report.frame_boundary += u32::from(start == 0) + u32::from(end as usize == width);
        }
        if self.row == 0 {
            report.frame_boundary += road;
        }
        let band = self.row as usize * BANDS / height.max(1);
        if let Some(band) = report.bands.get_mut(band) {
            band.rows += 1;
            band.road += road;
            band.columns += columns;
        }
        if road != 0 {
            report.note_first(row, self.row as u16);
        }
        self.components.push_bits(row);
        self.row += 1;
        Ok(())
    }

    /// The statistics of the rows so far.
    #[must_use]
    pub fn finish(mut self) -> GeometryReport {
        let last: u32 = self.components.above().iter().map(|word| word.count_ones()).sum();
        self.report.frame_boundary += last;
        self.report.topology = self.components.finish();
        let outline = self.outline;
        (self.report.road, self.report.boundary, self.report.rows) =
            (outline.road(), outline.boundary(), outline.rows());
        self.report
    }
}

impl GeometryReport {
    /// Notes the row in the bins that have road for the first time.
    fn note_first(&mut self, row: &[u32], number: u16) {
        let width = self.shape.width();
        let bins = self.first_rows.iter_mut().enumerate();
        for (bin, first) in bins.filter(|(_, first)| **first == NO_ROW) {
            // The columns `x` with `x * 16 / width == bin`.
            let (from, to) = ((bin * width).div_ceil(BANDS), ((bin + 1) * width).div_ceil(BANDS));
            if from < to && any(row, from, to - 1) {
                *first = number;
            }
        }
    }

    /// Share of road in the frame, in [0, 1].
    #[must_use]
    pub fn road_fraction(&self) -> Q16 {
        Q16::ratio(self.road.into(), self.shape.pixels() as u64)
    }

    /// Square of the whole boundary by area: 16 for a square, more for anything else; a few speckles raise it much.
    /// At most 32,768. `None` without road.
    #[must_use]
    pub fn compactness(&self) -> Option<Q16> {
        let sides = u128::from(self.boundary) + u128::from(self.frame_boundary);
        let steps = (sides * sides).saturating_mul(1 << 16);
        (self.road != 0).then(|| Q16::divide(steps as i128, self.road.into()))
    }

    /// Share of the road in its largest component, in (0, 1]; `None` without road.
    #[must_use]
    pub fn largest_share(&self) -> Option<Q16> {
        mean(self.topology.largest.into(), self.road)
    }

    /// Mean row and mean column of the road, counted from 0; `None` without road.
    #[must_use]
    pub fn centroid(&self) -> Option<(Q16, Q16)> {
        let columns = self.bands.iter().map(|band| band.columns).sum();
        Some((mean(self.rows, self.road)?, mean(columns, self.road)?))
    }

    /// The first row with road; `None` without road.
    #[must_use]
    pub fn horizon_row(&self) -> Option<u16> {
        self.first_rows.iter().copied().min().filter(|row| *row != NO_ROW)
    }

    /// A statistic of this group; `None` where it is undefined, has more than one number, or is of another group.
    /// Above 32,768 it is 32,768.
    #[must_use]
    pub fn value(&self, statistic: Statistic) -> Option<Q16> {
        let whole = |number: i64| Q16::ratio(number, 1);
        let outline = || Outline::from_sums(self.shape, self.road, self.boundary, self.rows).ok();
        Some(match statistic {
            Statistic::RoadFraction => self.road_fraction(),
            Statistic::BoundaryLength => whole(i64::from(self.boundary) + i64::from(self.frame_boundary)),
            Statistic::InnerBoundaryLength => whole(self.boundary.into()),
            Statistic::BoundaryDensity => outline()?.boundary_density(),
            Statistic::Compactness => self.compactness()?,
            Statistic::Components => whole(self.topology.components.into()),
            Statistic::LargestShare => self.largest_share()?,
            Statistic::Holes => whole(self.topology.holes.into()),
            Statistic::EulerNumber => whole(self.topology.euler()),
            Statistic::CentroidRow => self.centroid()?.0,
            Statistic::RelativeCentroidRow => outline()?.relative_centroid_row()?,
            Statistic::CentroidColumn => self.centroid()?.1,
            Statistic::HorizonRow => whole(self.horizon_row()?.into()),
            _ => return None,
        })
    }
}

fn mean(sum: u64, count: u32) -> Option<Q16> {
    (count != 0).then(|| Q16::divide(i128::from(sum) << 16, count.into()))
}
