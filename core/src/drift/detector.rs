//! Detectors of a change in a sequence. Configuration is apart from state: one immutable configuration in flash, as
//! many states as there are signals in RAM, all of them plain data of a fixed size.
//!
//! | detector | takes | sees | state, bytes | loses its past |
//! |---|---|---|---|---|
//! | [`Shewhart`] | standardised | one value far off | 0 | – |
//! | [`Cusum`] | standardised | a lasting shift | 8 | stops at zero |
//! | [`EwmaChart`] | standardised | a small lasting shift | 16 | geometrically |
//! | [`GeometricMovingAverage`] | standardised | a change against the running mean | 24 | geometrically |
//! | [`PageHinkley`] | standardised | a change against the running mean | 32 | stops at zero |
//! | [`Trend`] | standardised | a slope over 16 values | 68 | the oldest of 16 |
//! | [`Bocpd`] | standardised | the run length since a change | 1028 | run lengths above 128 are one |
//! | [`Kswin`] | anything | another distribution | 404 | the oldest of 100 |
//! | [`Adwin`] | \[0, 1\] | another mean | 1304 | drops it at an alarm |
//! | [`Ddm`] | errors, 0 or 1 | more errors | 32 | no |
//! | [`Eddm`] | errors, 0 or 1 | errors closer together | 40 | no |
//! | [`Stepd`] | errors, 0 or 1 | more errors of late | 12 | no |
//! | [`HddmA`] | \[0, 1\] | a higher mean | 24 | no |
//! | [`HddmW`] | \[0, 1\] | a higher mean of late | 56 | geometrically |
//!
//! "Standardised" is `(x - mean) / deviation` by a sealed reference, whose deviation has a floor: that is the caller's
//! part ([`super::Baseline`]). No detector starts again by itself after an alarm, as those of river and MOA do: for a
//! monitor the broken regime would become the normal one. To start again, the caller puts the default in the place of
//! the state.
//!
//! How often they are wrong, measured on independent normal values (errors: at a rate of 0.1) as in
//! `tests/detectors/run_lengths.rs`; for Shewhart, CUSUM and EWMA the textbooks have it. Neighbouring frames are not
//! independent: expect far more there.
//!
//! | detector | false alarm every | after a shift of one deviation (errors: to 0.3) |
//! |---|---|---|
//! | Shewhart 3 | 370 values | 43 on average |
//! | CUSUM 0.5, 5 | 470 | 10 |
//! | EWMA 0.2, 2.962 | 490 | 10 |
//! | geometric moving average 0.9, 0.7 | 980 | 12 |
//! | trend 2.576, 0.1 | 300 | |
//! | BOCPD 0.01, 1 | 670 | 12 |
//! | KSWIN 0.005 | 1030 | 22, the median |
//! | STEPD | 1980 | 28, the median |
//! | ADWIN 0.002 | none in 200 000 | 514 at a deviation of 0.02, 170 at 0.15 |
//!
//! Left out: RDDM, which is DDM that forgets, from a store of its last 7 000 verdicts, whenever it has been stable or in
//! doubt for long; the online MMD, LSDD, Cramér-von-Mises and Fisher tests, whose thresholds come from thousands of
//! simulated runs and whose windows are of whole feature vectors; JSWIN, which compares sorted samples pairwise and so
//! is not the divergence of its name ([`Kswin`] sees the same windows).

use crate::error::{Error, Result};
use crate::num::Q16;

mod adwin;
mod bayesian;
mod chart;
mod error_rate;
mod hoeffding;
mod kswin;
mod trend;

pub use adwin::{Adwin, AdwinState};
pub use bayesian::{Bocpd, BocpdState};
pub use chart::{
    Cusum, CusumState, EwmaChart, EwmaState, GeometricMovingAverage, GmaState, PageHinkley, PageHinkleyState,
    Shewhart,
};
pub use error_rate::{Ddm, DdmState, Eddm, EddmState, Stepd, StepdState};
pub use hoeffding::{HddmA, HddmAState, HddmW, HddmWState};
pub use kswin::{Kswin, KswinState};
pub use trend::{Trend, TrendState};

/// What a detector says of the newest value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Level {
    /// At most half of the threshold.
    #[default]
    Stable,
    /// Above half of the threshold, or above the detector's own limit of warning.
    Warning,
    /// Above the threshold.
    Drift,
}

impl Level {
    fn of(score: Q16, threshold: Q16) -> Self {
        if score > threshold {
            Self::Drift
        } else if score.raw() > threshold.raw() / 2 {
            Self::Warning
        } else {
            Self::Stable
        }
    }

    fn either(drift: bool, warning: bool) -> Self {
        if drift {
            Self::Drift
        } else if warning {
            Self::Warning
        } else {
            Self::Stable
        }
    }
}

/// A detector: updates a state with the next value. What kind of value, each says; the monitor's are standardised by
/// the reference, `(x - mean) / deviation`.
pub trait Detector {
    /// What it remembers; the default is the start.
    type State: Copy + Default;
    /// Takes the next value. Never fails, whatever the parameters: with those that [`check`](Self::check) refuses the
    /// answer means nothing.
    fn update(&self, state: &mut Self::State, value: Q16) -> Level;
    /// Checks what a file or a wire may have got wrong.
    ///
    /// # Errors
    /// [`Error::Parameter`] names it.
    fn check(&self) -> Result<()>;
}

/// Refuses a parameter where `good` is false.
fn require(name: &'static str, good: bool) -> Result<()> {
    if good { Ok(()) } else { Err(Error::Parameter(name)) }
}

/// A value of a stream of errors.
fn is_error(value: Q16) -> bool {
    value.raw() >= Q16::ONE.raw() / 2
}

/// A value of \[0, 1\], in steps of 2^-16.
fn unit(value: Q16) -> u32 {
    value.raw().max(0).unsigned_abs().min(1 << 16)
}
