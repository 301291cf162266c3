//! Metrics: plain counters that take rows and merge, and reports read from them.
//!
//! | family | metrics |
//! |---|---|
//! | [`overlap`] | [`Confusion`], [`ConfusionView`], [`ClassReport`]: accuracy, IoU, Dice, precision, recall ... |
//! | [`average`] | [`Averages`]: a metric pooled, per image and per class |
//! | [`threshold`] | AUROC, average precision, MaxF, the ROC and precision-recall curves of a [`crate::sketch::Sketch`] |
//! | [`calibration`] | calibration errors, Brier score, log-likelihood of a sketch |
//! | [`topology`] | components, holes, Betti error, centre-line Dice |
//! | [`road`] | the ego corridor and the lowest road, row by row |
//! | [`panoptic`], [`instance`], [`LesionWise`] | panoptic quality, instance-weighted IoU, every component by itself |
//! | [`surface`] | Hausdorff distance and percentiles, ASSD, NSD, Boundary IoU, boundary F, trimap |
//!
//! A quantity with a zero denominator is `None`: never 0, 1 or NaN. What else it may be is said by [`Empties`].

pub mod average;
pub mod calibration;
mod class;
pub mod instance;
mod lesion;
mod list;
mod named;
pub mod overlap;
pub mod panoptic;
mod preset;
pub mod road;
mod segment;
pub mod surface;
pub mod threshold;
pub mod topology;

pub use average::{Averages, Averaging, Mean};
pub use calibration::{Calibration, Confidence, Reliability};
pub use class::{ClassReport, Ratio};
pub use instance::InstanceIou;
pub use lesion::{LesionReport, LesionWise};
pub use list::{METRICS, SHAPE_METRICS};
pub use named::{ClassMetric, Empties, Empty, Score};
pub use overlap::{Confusion, ConfusionCells, ConfusionView, Disagreement, Volume};
pub use panoptic::{PanopticClass, PanopticQuality, SegmentArea};
pub use preset::Preset;
pub use segment::{Overlap, Overlaps, Segment};
