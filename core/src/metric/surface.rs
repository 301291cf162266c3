//! Boundary and surface metrics.

mod boundary_iou;
mod definition;
mod distances;
mod matching;
mod presets;
mod report;
mod tally;
mod trimap;

pub use boundary_iou::{BoundaryIou, BoundaryIouCounts, BoundaryIouRows};
pub use definition::{Empties, Percentile, Policy, Pooling, Rank, Spacing, Surface};
pub use distances::SurfaceRows;
pub use matching::{MatchCounts, MatchRows, Matching};
pub use report::{Direction, Missing, Score, SurfaceReport};
pub use trimap::{Trimap, TrimapCounts, TrimapRows};

#[cfg(test)]
mod tests;
