//! Topology-based losses: they compare the skeletons of masks.
//!
//! Left out: losses of persistent homology. Their diagrams are matchings of all pixels of a frame in the order of their
//! values, with a memory that no bounded scratch has.

use super::entry::{Entry, family};

pub mod cbdice;
pub mod cldice;
mod skeleton_recall;

pub(super) use cbdice::CBDICE;
pub use cbdice::CbDice;
pub(super) use cldice::CLDICE;
pub use cldice::{ClDice, ClDiceRows};
pub(super) use skeleton_recall::SKELETON_RECALL;
pub use skeleton_recall::SkeletonRecall;

/// What the entries of this family have in common.
const FAMILY: Entry = family("topology");
