//! Detectors of a shift in a standardised sequence. Configuration is apart from state: one immutable
//! configuration in flash, as many states as there are signals in RAM.

use crate::num::Q16;

/// What a detector says of the newest value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Level {
    /// At most half of the threshold.
    #[default]
    Stable,
    /// Above half of the threshold.
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
}

/// A detector: updates a state with a value standardised by the reference, `(x - mean) / deviation`.
pub trait Detector {
    /// What it remembers; the default is the start.
    type State: Copy + Default;
    /// Takes the next value.
    fn update(&self, state: &mut Self::State, z: Q16) -> Level;
}

/// Two-sided tabular CUSUM: `up = max(0, up + z - slack)`, `down = max(0, down - z - slack)`.
///
/// Drift where the larger exceeds `threshold`. Both stop at twice the threshold, so that a long disturbance does
/// not take as long to forget. Source: Page 1954.
///
/// ```
/// use segmeter_core::{drift::{Cusum, Detector, Level}, num::Q16};
/// let cusum = Cusum { slack: Q16::from_f32(0.5), threshold: Q16::from_f32(5.0) };
/// let mut state = Default::default();
/// // A shift of two deviations adds 1.5 a step: above half of the threshold at 3.0, above it at 6.0.
/// let levels = [(); 4].map(|()| cusum.update(&mut state, Q16::from_f32(2.0)));
/// assert_eq!(levels, [Level::Stable, Level::Warning, Level::Warning, Level::Drift]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Cusum {
    /// Half the shift worth detecting, in deviations.
    pub slack: Q16,
    /// In deviations.
    pub threshold: Q16,
}

/// The two sums of a [`Cusum`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CusumState {
    /// Evidence of an upward shift.
    pub up: Q16,
    /// Evidence of a downward shift.
    pub down: Q16,
}

impl Detector for Cusum {
    type State = CusumState;

    fn update(&self, state: &mut CusumState, z: Q16) -> Level {
        let most = self.threshold.plus(self.threshold);
        // Not `clamp`, which panics where the threshold is negative.
        let next = |sum: Q16, z: Q16| sum.plus(z).minus(self.slack).min(most).max(Q16::ZERO);
        state.up = next(state.up, z);
        state.down = next(state.down, Q16::ZERO.minus(z));
        Level::of(state.up.max(state.down), self.threshold)
    }
}

/// Two-sided Page-Hinkley test as published: `m_t` sums `z - mean_t - tolerance` with the running mean, and the
/// test looks at how far it has come above its minimum (downward: below its maximum).
///
/// The running mean follows a lasting shift slowly: this test sees changes, [`Cusum`] sees levels.
/// Source: Hinkley 1971.
///
/// ```
/// use segmeter_core::{drift::{Detector, PageHinkley}, num::Q16};
/// let test = PageHinkley { tolerance: Q16::from_f32(0.25), threshold: Q16::from_f32(10.0) };
/// let mut state = Default::default();
/// for z in [0.0, 0.0, 3.0] {
///     test.update(&mut state, Q16::from_f32(z));
/// }
/// // The running mean is 1 by then: 3 - 1 - 0.25.
/// assert_eq!(state.scores().0.to_f32(), 1.75);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct PageHinkley {
    /// Change that is not worth a sum, in deviations.
    pub tolerance: Q16,
    /// In deviations.
    pub threshold: Q16,
}

/// Running mean, and both sums measured from their extremum (steps of 2^-32).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageHinkleyState {
    count: u32,
    sum: i64,
    up: i64,
    down: i64,
}

impl PageHinkleyState {
    /// The start.
    pub(crate) const NEW: Self = Self { count: 0, sum: 0, up: 0, down: 0 };

    /// How far the upward and the downward sum are from their extremum.
    #[must_use]
    pub fn scores(&self) -> (Q16, Q16) {
        let score = |sum: i64| Q16::from_raw((sum >> 16).min(i64::from(i32::MAX)) as i32);
        (score(self.up), score(self.down))
    }
}

impl Detector for PageHinkley {
    type State = PageHinkleyState;

    fn update(&self, state: &mut PageHinkleyState, z: Q16) -> Level {
        state.count = state.count.saturating_add(1);
        state.sum = state.sum.saturating_add(i64::from(z.raw()));
        // 16 more fraction bits: the rounding of the mean must not add up over a long run.
        let mean = (i128::from(state.sum) << 16).checked_div(i128::from(state.count)).unwrap_or(0);
        let distance = ((i128::from(z.raw()) << 16) - mean) as i64;
        let tolerance = i64::from(self.tolerance.raw()) << 16;
        // The distance of a sum to its running minimum is the sum itself, stopped at zero.
        state.up = state.up.saturating_add(distance).saturating_sub(tolerance).max(0);
        state.down = state.down.saturating_sub(distance).saturating_sub(tolerance).max(0);
        let (up, down) = state.scores();
        Level::of(up.max(down), self.threshold)
    }
}
