//! Metrics: plain counters that take rows and merge, and reports read from them.
//!
//! | family | metrics |
//! |---|---|
//! | [`overlap`] | [`Confusion`]: accuracy, IoU, Dice, precision, recall ... |
//! | [`threshold`] | AUROC and average precision of a [`crate::sketch::Sketch`] |
//! | [`calibration`] | expected calibration error and Brier score of a sketch |
//! | [`surface`] | Hausdorff distance and percentiles, ASSD, NSD, Boundary IoU, boundary F, trimap |
//!
//! A quantity with a zero denominator is `None`: never 0, 1 or NaN.

pub mod calibration;
pub mod overlap;
pub mod surface;
pub mod threshold;

pub use calibration::{Calibration, Confidence};
pub use overlap::{ClassReport, Confusion, Ratio};
