//! Boundary and surface metrics: how far apart two contours are, and how much of them meets.
//!
//! | metric | what takes the rows | passes, state |
//! |---|---|---|
//! | Hausdorff distance, directed, any percentile; ASSD, MASD, directed mean; NSD at a tolerance | [`Surface`] | a bit per pixel and mask, and about 12 bytes a column; 2 passes over the bits, none to 6 more for a percentile |
//! | NSD, boundary precision, recall and F score | [`Matching`] | one pass, `4 r + 11` rows of bits |
//! | Boundary IoU | [`BoundaryIou`] | one pass, about `2 d + 15` rows of bits |
//! | accuracy and IoU near the contour | [`Trimap`] | one pass, `5 r + 9` rows of bits |
//!
//! `r` and `d` are the rows that a tolerance, radius or distance reaches. Distances are squared integers, of
//! which a length is taken once, at the end; sums of lengths are exact: the same bits on every machine.
//!
//! With `A` and `B` the contours and `d(a, B)` the distance of a pixel to the nearest of `B`:
//! - directed Hausdorff distance: `max d(a, B)`; Hausdorff distance: the larger of both directions.
//! - ASSD: `(sum d(a, B) + sum d(b, A)) / (|A| + |B|)`; MASD: `(mean d(a, B) + mean d(b, A)) / 2`.
//! - NSD: `(|d(a, B) <= t| + |d(b, A) <= t|) / (|A| + |B|)`, or the mean of the two shares.
//! - boundary F: the harmonic mean of the two shares.
//!
//! Two numbers of one name can differ by more than a factor of ten: a [`Surface`] says what a contour is and
//! whether the image's frame is one ([`Contour`](crate::plane::Contour); a road always touches the frame, which
//! matches itself), the size of a pixel, which percentile of what, and what a missing contour is worth. The
//! presets ([`Surface::MONAI`] and others) say what the libraries mean, and where an answer of theirs is not
//! followed. torchmetrics 1.9 has no preset: its `hausdorff_distance` is wrong, or fails, unless height and
//! width are equal.
//!
//! Pixels that are not scored are taken out of both masks, and no contour is made by them. DAVIS and MONAI
//! instead make background of them: clear them in both masks, and ignore none, for their numbers.
//!
//! Sources: Huttenlocher et al. 1993, Nikolov et al. 2021, Cheng et al. 2021, Perazzi et al. 2016, Reinke et
//! al. 2024.

mod bins;
mod boundary_iou;
mod definition;
mod distances;
mod matching;
mod order;
mod presets;
mod report;
mod tally;
mod trimap;

pub use boundary_iou::{BoundaryIou, BoundaryIouCounts, BoundaryIouProgress, BoundaryIouRows};
pub use definition::{Percentile, Pooling, Rank, Spacing, Surface};
pub use distances::SurfaceRows;
pub use matching::{MatchCounts, MatchRows, Matching};
pub use report::{Direction, Missing, SurfaceReport};
pub use trimap::{Trimap, TrimapCounts, TrimapRows};

#[cfg(test)]
mod tests;
