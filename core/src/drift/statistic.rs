//! Label-free statistics of one frame, by what they can say.
//!
//! | group | from | says |
//! |---|---|---|
//! | [`Group::Confidence`] | a sketch of the codes ([`Statistics`]), or codes row by row ([`BoundaryBand`], [`WeightedLowConfidence`], [`ClassStatistics`]) | the model is unsure |
//! | [`Group::Geometry`] | rows of bits ([`Geometry`]) | the scene is another |
//! | [`Group::Temporal`] | rows of bits, and those of the frames before ([`Temporal`], [`Blocks`]) | the mask is not steady |
//!
//! The groups are apart, for a change of scene is no failure of the model: only the joint pattern tells.

use crate::error::{Error, Result};
use crate::view::Shape;

mod band;
mod confidence;
mod geometry;
mod multiclass;
mod temporal;

pub use band::{BoundaryBand, WeightedLowConfidence};
pub use confidence::{
    Statistics, accuracy_threshold, estimated_accuracy, low_confidence_fraction, mean_energy,
};
pub use geometry::{BANDS, Band, Geometry, GeometryReport, NO_ROW};
pub use multiclass::{ClassStatistics, EnergyTable};
pub use temporal::{Blocks, Temporal, TemporalReport};

/// What a statistic can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Group {
    /// The scene is another.
    Geometry,
    /// The model is unsure.
    Confidence,
    /// The mask is not steady.
    Temporal,
}

impl Group {
    /// The name that reports use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Geometry => "geometry",
            Self::Confidence => "confidence",
            Self::Temporal => "temporal",
        }
    }
}

macro_rules! statistics {
    ($($(#[$doc:meta])* $variant:ident $name:literal $group:ident),* $(,)?) => {
        /// A label-free statistic of a frame.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        pub enum Statistic {
            $($(#[$doc])* $variant,)*
        }

        impl Statistic {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name that reports use.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// What it can say.
            #[must_use]
            pub const fn group(self) -> Group {
                match self {
                    $(Self::$variant => Group::$group,)*
                }
            }
        }
    };
}

statistics! {
    /// [`GeometryReport::road_fraction`].
    RoadFraction "road_fraction" Geometry,
    /// [`ClassStatistics::classes`].
    ClassHistogram "class_histogram" Geometry,
    /// Sides of pixels of road that are none of another, those on the frame included.
    BoundaryLength "boundary_length" Geometry,
    /// [`GeometryReport::boundary`]: without those on the frame.
    InnerBoundaryLength "inner_boundary_length" Geometry,
    /// The same per pixel of the frame: [`Outline::boundary_density`](super::Outline::boundary_density).
    BoundaryDensity "boundary_density" Geometry,
    /// [`GeometryReport::compactness`].
    Compactness "compactness" Geometry,
    /// [`GeometryReport::topology`]: components.
    Components "components" Geometry,
    /// [`GeometryReport::largest_share`].
    LargestShare "largest_share" Geometry,
    /// [`GeometryReport::topology`]: holes.
    Holes "holes" Geometry,
    /// [`GeometryReport::topology`]: components less holes.
    EulerNumber "euler_number" Geometry,
    /// [`GeometryReport::centroid`]: its row.
    CentroidRow "centroid_row" Geometry,
    /// The same as a share of the height:
    /// [`Outline::relative_centroid_row`](super::Outline::relative_centroid_row).
    RelativeCentroidRow "relative_centroid_row" Geometry,
    /// [`GeometryReport::centroid`]: its column.
    CentroidColumn "centroid_column" Geometry,
    /// [`Band::width`] of each band of rows.
    RoadWidth "road_width" Geometry,
    /// [`Band::centre`] of each band of rows.
    RoadCentre "road_centre" Geometry,
    /// [`GeometryReport::first_rows`].
    FirstRows "first_rows" Geometry,
    /// [`GeometryReport::horizon_row`].
    HorizonRow "horizon_row" Geometry,
    /// The [`Sketch`](crate::sketch::Sketch) itself.
    ConfidenceHistogram "confidence_histogram" Confidence,
    /// [`Statistics::mean_entropy`].
    MeanEntropy "mean_entropy" Confidence,
    /// [`Statistics::mean_max_softmax`].
    MeanMaxSoftmax "mean_max_softmax" Confidence,
    /// [`Statistics::mean_margin`], [`ClassStatistics::mean_margin`].
    MeanMargin "mean_margin" Confidence,
    /// [`Statistics::road_margin`].
    RoadMargin "road_margin" Confidence,
    /// [`EstimatedIou::value`](super::EstimatedIou::value).
    EstimatedIou "estimated_iou" Confidence,
    /// [`low_confidence_fraction`], [`Statistics::low_confidence_fraction`].
    LowConfidenceFraction "low_confidence_fraction" Confidence,
    /// [`mean_energy`], [`ClassStatistics::mean_energy`].
    MeanEnergy "mean_energy" Confidence,
    /// [`estimated_accuracy`].
    EstimatedAccuracy "estimated_accuracy" Confidence,
    /// [`Statistics::difference_of_confidence`].
    DifferenceOfConfidence "difference_of_confidence" Confidence,
    /// [`BoundaryBand`]: mean margin beside the predicted boundary.
    BoundaryMargin "boundary_margin" Confidence,
    /// [`BoundaryBand`]: mean margin elsewhere.
    InteriorMargin "interior_margin" Confidence,
    /// [`WeightedLowConfidence`].
    WeightedLowConfidence "weighted_low_confidence" Confidence,
    /// [`TemporalReport::iou`] of [`Temporal`].
    TemporalIou "temporal_iou" Temporal,
    /// [`TemporalReport::iou`] of [`Blocks`].
    BlockIou "block_iou" Temporal,
    /// [`TemporalReport::flicker`].
    Flicker "flicker" Temporal,
}

/// Below these, products of a column and a bin, and twice the pixels of a frame, fit 32 bits.
fn check_size(shape: Shape) -> Result<()> {
    if shape.width().max(shape.height()) > 65_534 || shape.pixels() >= 1 << 30 {
        return Err(Error::Parameter("shape"));
    }
    Ok(())
}
