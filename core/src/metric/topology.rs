//! Components and holes of a mask, and the overlap of centre lines.
//!
//! The connectivity of the foreground is stated; the background has the other one. Raw masks are noisy (hand labels of
//! roads have 1 to 20 holes), so that components below an area can be left out.

mod centreline;

pub use crate::plane::components::Connectivity;
pub use crate::plane::topology::{Components, Topology};
pub use centreline::{CentrelineDice, centreline_dice, centreline_scratch_len};
