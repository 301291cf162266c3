//! The definitions that have a name.

use super::definition::{Percentile, Pooling, Rank, Spacing, Surface};
use crate::metric::{Empties, Empty};
use crate::plane::{Contour, Edge};

const UNDEFINED: Empties = Empties::new(Empty::Undefined, Empty::Undefined);

impl Surface {
    /// What this project measures unless told otherwise.
    pub const SEGMETER: Self = Self {
        name: "segmeter",
        contour: Contour { edge: Edge::Inner4, frame_counts: false },
        spacing: Spacing::PIXELS,
        percentile: Some(Percentile::HD95),
        tolerance: 2.0,
        mean: Pooling::Pooled,
        nsd: Pooling::Pooled,
        hausdorff_empties: UNDEFINED,
        percentile_empties: UNDEFINED,
        mean_empties: UNDEFINED,
        nsd_empties: Empties::new(Empty::Undefined, Empty::Zero),
    };

    /// MONAI 1.6: inner 4-connected contours, the frame counts; `compute_hausdorff_distance`,
    /// `compute_average_surface_distance` with `symmetric=True` (without it, which is its default, it is
    /// [`directed_mean`](super::SurfaceReport::directed_mean) to the label), `compute_surface_dice`; with
    /// [`Edge::Corners`] the latter is its `use_subvoxels`.
    ///
    /// With one contour missing MONAI's Hausdorff distance is infinite, but its percentile is NaN: a model
    /// that finds nothing leaves the average of HD95 instead of spoiling it. Its `percentile=0` is the
    /// maximum, not the minimum.
    pub const MONAI: Self = Self {
        name: "monai",
        contour: Contour { edge: Edge::Inner4, frame_counts: true },
        hausdorff_empties: Empties::new(Empty::Undefined, Empty::Infinite),
        mean_empties: Empties::new(Empty::Undefined, Empty::Infinite),
        ..Self::SEGMETER
    };

    /// MetricsReloaded: as MONAI, but 0 and, for NSD, 1 if both contours are missing, and a tolerance of 1.
    ///
    /// Its `connectivity_type` does not reach the contour. With one contour missing its NSD is 0 only for
    /// small tolerances: distances to nothing come out as distances to a corner of the frame. Its
    /// `boundary_iou` with the default `boundary_dist` of 1 is the IoU of the two contours, a pixel wide.
    pub const METRICS_RELOADED: Self = Self {
        name: "metrics_reloaded",
        tolerance: 1.0,
        hausdorff_empties: Empties::new(Empty::Zero, Empty::Undefined),
        percentile_empties: Empties::new(Empty::Zero, Empty::Undefined),
        mean_empties: Empties::new(Empty::Zero, Empty::Undefined),
        nsd_empties: Empties::new(Empty::One, Empty::Zero),
        ..Self::MONAI
    };

    /// MedPy 0.5: as MONAI, but the percentile is of all distances in one; it raises if a mask is empty. With
    /// [`Edge::Inner8`] it is `connectivity=2`.
    pub const MEDPY: Self = Self {
        name: "medpy",
        percentile: Some(Percentile { pooling: Pooling::Pooled, ..Percentile::HD95 }),
        hausdorff_empties: UNDEFINED,
        mean_empties: UNDEFINED,
        ..Self::MONAI
    };

    /// panoptica 2.1: as MedPy, but what it calls ASSD is the mean of the two directed means, MASD; NSD is the
    /// mean of the two shares, within half a pixel; where it is given a spacing, within the smaller of the two sides: then
    /// the tolerance is to be set to that.
    ///
    /// With one contour missing its HD95 is a number that means nothing, for the reason MetricsReloaded's NSD
    /// is; here it is undefined.
    pub const PANOPTICA: Self = Self {
        name: "panoptica",
        tolerance: 0.5,
        mean: Pooling::Directed,
        nsd: Pooling::Directed,
        nsd_empties: UNDEFINED,
        ..Self::MEDPY
    };

    /// surface-distance (DeepMind): corners with lengths, the frame counts, the percentile by length.
    ///
    /// It has no symmetric mean: both directed ones are its. With one contour missing they are infinite and
    /// NaN; here both are undefined.
    pub const SURFACE_DISTANCE: Self = Self {
        name: "surface_distance",
        contour: Contour { edge: Edge::Corners, frame_counts: true },
        percentile: Some(Percentile { rank: Rank::FirstReached, ..Percentile::HD95 }),
        hausdorff_empties: Empties::new(Empty::Infinite, Empty::Infinite),
        percentile_empties: Empties::new(Empty::Infinite, Empty::Infinite),
        mean: Pooling::Directed,
        ..Self::SEGMETER
    };

    /// All presets.
    pub const PRESETS: [Self; 6] = [
        Self::SEGMETER,
        Self::MONAI,
        Self::METRICS_RELOADED,
        Self::MEDPY,
        Self::PANOPTICA,
        Self::SURFACE_DISTANCE,
    ];
}

impl Default for Surface {
    fn default() -> Self {
        Self::SEGMETER
    }
}
