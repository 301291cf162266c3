//! Drift: is the model still working out there, without labels?
//!
//! ```text
//! rows of a frame -> sketch, outline -> gate -> signals -> block means, standardised by sealed references
//!                 -> charts (CUSUM)  -> Normal, Watch, Alarm or Unknown, with reasons -> packet, snapshot
//!                 -> estimated IoU of the last frames against its reference: harm -> Alarm
//! logits of several classes -> codes of each class against the rest -> the same for each class
//! rows of a frame -> further statistics of shape, confidence and time; histograms -> distances; sequences -> detectors
//! ```
//!
//! Frames of a video resemble their predecessors, which breaks every threshold that assumes independent samples:
//! charts therefore see the means of blocks of frames, and their thresholds are chosen under the autocorrelation that was
//! measured. The monitor has CUSUM charts; the other detectors of [`detector`] are for signals and streams of errors of your
//! own. A reference is sealed: the monitor never learns a new normal from what it watches. All of it is integers
//! ([`crate::num::Q16`]), but for some distances and one detector.

pub mod classes;
pub mod detector;
pub mod distance;
pub mod estimate;
pub mod gate;
pub mod harm;
mod list;
pub mod monitor;
pub mod outline;
pub mod profile;
mod record;
pub mod signal;
pub mod snapshot;
pub mod statistic;
pub mod telemetry;
pub mod verdict;

pub use classes::{MOST_CLASSES, against_rest};
pub use detector::{
    Adwin, Bocpd, Cusum, Ddm, Detector, Eddm, EwmaChart, GeometricMovingAverage, HddmA, HddmW, Kswin, Level,
    PageHinkley, Shewhart, Stepd, Trend,
};
pub use distance::{Distance, Fraction, Histogram, Reference};
pub use estimate::{CalibrationMap, EstimatedIou};
pub use gate::{Facts, Invalid};
pub use harm::Harm;
pub use list::{DETECTORS, STATISTICS};
pub use monitor::{Monitor, Observation};
pub use outline::Outline;
pub use profile::{Baseline, Identity, Profile, Rules};
pub use signal::{SIGNALS, Side, Signal, Signals};
pub use snapshot::Snapshot;
pub use statistic::{
    Blocks, BoundaryBand, ClassStatistics, EnergyTable, Geometry, GeometryReport, Group, Statistic,
    Statistics, Temporal, TemporalReport, WeightedLowConfidence, accuracy_threshold, estimated_accuracy,
    low_confidence_fraction, mean_energy,
};
pub use telemetry::{Packet, Schedule};
pub use verdict::{Reasons, Site, State, Verdict};

#[cfg(test)]
mod tests;
