//! Topology-based losses: they compare the skeletons of masks.
//!
//! Left out: cbDice, whose published form differentiates through a soft skeleton weighted by the distance transform of
//! the prediction, and persistent homology.

pub mod cldice;
mod skeleton_recall;

pub use cldice::{ClDice, ClDiceRows};
pub use skeleton_recall::SkeletonRecall;
