//! Topology-based losses: they compare the skeletons of masks.
//!
//! Left out: losses of persistent homology. Their diagrams are matchings of all pixels of a frame in the order of their
//! values, with a memory that no bounded scratch has.

pub mod cbdice;
pub mod cldice;
mod skeleton_recall;

pub use cbdice::CbDice;
pub use cldice::{ClDice, ClDiceRows};
pub use skeleton_recall::SkeletonRecall;
