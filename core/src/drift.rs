//! Drift: is the model still working out there, without labels?
//!
//! ```text
//! sketch of a frame -> statistics, distances to a sealed reference -> block means, standardised
//!                   -> detectors (CUSUM, Page-Hinkley) -> Normal, Watch or Alarm, with reasons
//! rows of a mask    -> statistics of shape and time, beside them
//! ```
//!
//! Frames of a video resemble their predecessors, which breaks every threshold that assumes independent samples:
//! detectors therefore see the means of blocks of frames. The monitor has two; the others of [`detector`] are for
//! signals and streams of errors of your own. A reference is sealed: the monitor never learns a new normal from what it
//! watches. Statistics and detectors are integers ([`crate::num::Q16`]), one detector apart.

pub mod detector;
pub mod distance;
pub mod monitor;
pub mod statistic;

pub use detector::{
    Adwin, Bocpd, Cusum, Ddm, Detector, Eddm, EwmaChart, GeometricMovingAverage, HddmA, HddmW, Kswin, Level,
    PageHinkley, Shewhart, Stepd, Trend,
};
pub use distance::{Distance, Fraction, Histogram, Reference};
pub use monitor::{Baseline, Monitor, Profile, Reasons, SIGNALS, Signal, Signals, State, Verdict};
pub use statistic::{
    Blocks, BoundaryBand, EnergyTable, Geometry, GeometryReport, Group, Multiclass, Statistic, Statistics,
    Temporal, TemporalReport, WeightedLowConfidence, accuracy_threshold, estimated_accuracy,
    low_confidence_fraction, mean_energy,
};
