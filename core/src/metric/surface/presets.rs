//! The definitions that have a name.

use super::definition::{Empties, Percentile, Policy, Pooling, Rank, Spacing, Surface};
use crate::plane::{Contour, Edge};

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
        hausdorff_empties: Empties::new(Policy::Undefined, Policy::Undefined),
        percentile_empties: Empties::new(Policy::Undefined, Policy::Undefined),
        mean_empties: Empties::new(Policy::Undefined, Policy::Undefined),
        nsd_empties: Empties::new(Policy::Undefined, Policy::Zero),
    };

    /// MONAI: the frame counts.
    pub const MONAI: Self = Self {
        name: "monai",
        contour: Contour { edge: Edge::Inner4, frame_counts: true },
        hausdorff_empties: Empties::new(Policy::Undefined, Policy::Infinite),
        mean_empties: Empties::new(Policy::Undefined, Policy::Infinite),
        ..Self::SEGMETER
    };

    /// surface-distance.
    pub const SURFACE_DISTANCE: Self = Self {
        name: "surface_distance",
        contour: Contour { edge: Edge::Corners, frame_counts: true },
        percentile: Some(Percentile { rank: Rank::FirstReached, ..Percentile::HD95 }),
        ..Self::SEGMETER
    };
}

impl Default for Surface {
    fn default() -> Self {
        Self::SEGMETER
    }
}
