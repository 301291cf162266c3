//! Boundary-based losses: how far the contour of the prediction lies from that of the labels.
//!
//! Distances are exact and Euclidean, in pixels, and constant in the gradient. A pixel without a label or with
//! weight 0 belongs to neither side: nothing is measured to it, and no edge or window sees it. Binary frames have one
//! plane, the foreground; multiclass frames one for every class but class 0, and the loss is their mean.
//!
//! | loss | scratch, words per pixel |
//! |---|---|
//! | [`Boundary`], [`DistancePenalised`] | 2 |
//! | [`HausdorffDistance`], [`LogHausdorff`] | 3 |
//! | [`ShapeAware`] | 2 |
//! | [`ActiveContour`] | 2 |
//! | [`Elastica`] | 5 |
//! | [`BoundaryF1`] | 7 |
//! | [`HausdorffErosion`] | 6 and 1 per erosion |
//! | [`HausdorffConvolution`] | 4 |
//! | [`ActiveBoundary`] | 3 |
//!
//! Left out: InverseForm, which needs the weights of a trained network.

use super::entry::{Entry, family};

mod active;
pub mod active_contour;
pub mod boundary_f1;
mod distance;
pub mod elastica;
mod hausdorff;
pub mod hausdorff_convolution;
pub mod hausdorff_erosion;
pub mod maps;
mod shape_aware;
#[cfg(test)]
mod tests;

pub(super) use active::ACTIVE_BOUNDARY;
pub use active::ActiveBoundary;
pub(super) use active_contour::ACTIVE_CONTOUR;
pub use active_contour::{ActiveContour, ActiveContourRows};
pub(super) use boundary_f1::BOUNDARY_F1;
pub use boundary_f1::{BoundaryF1, BoundaryF1Rows};
pub(super) use distance::{BOUNDARY, BOUNDARY_DOU, DISTANCE_PENALISED};
pub use distance::{Boundary, BoundaryDou, DistancePenalised};
pub(super) use distance::{check_map, mapped_loss, scored};
pub(super) use elastica::ELASTICA;
pub use elastica::{Elastica, ElasticaRows};
pub(super) use hausdorff::{HAUSDORFF_DISTANCE, LOG_HAUSDORFF};
pub use hausdorff::{HausdorffDistance, LogHausdorff, Sides};
pub(super) use hausdorff_convolution::HAUSDORFF_CONVOLUTION;
pub use hausdorff_convolution::HausdorffConvolution;
pub(super) use hausdorff_erosion::HAUSDORFF_EROSION;
pub use hausdorff_erosion::HausdorffErosion;
pub use maps::Convention;
pub(super) use shape_aware::SHAPE_AWARE;
pub use shape_aware::ShapeAware;

/// What the entries of this family have in common.
const FAMILY: Entry = family("boundary");
