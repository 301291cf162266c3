//! Control charts: what has come together since the start, against a limit.

use super::{Detector, Level, require};
use crate::drift::record::record;
use crate::error::Result;
use crate::num::Q16;

/// Shewhart's chart: drift where `|z| > limit`. No memory.
///
/// With a limit of 3, a false alarm every 370 independent normal values on average. Source: Shewhart 1931. Cost: one
/// comparison. river and the textbooks: 3.
///
/// ```
/// use segmeter_core::{drift::{Detector, Level, Shewhart}, num::Q16};
/// let chart = Shewhart { limit: Q16::from_f32(3.0) };
/// let levels = [1.5, -2.0, 3.0, -3.01].map(|z| chart.update(&mut (), Q16::from_f32(z)));
/// assert_eq!(levels, [Level::Stable, Level::Warning, Level::Warning, Level::Drift]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Shewhart {
    /// In deviations.
    pub limit: Q16,
}

impl Detector for Shewhart {
    type State = ();

    fn update(&self, (): &mut (), z: Q16) -> Level {
        Level::of(magnitude(z), self.limit)
    }

    fn check(&self) -> Result<()> {
        require("limit", self.limit > Q16::ZERO)
    }
}

fn magnitude(z: Q16) -> Q16 {
    Q16::from_raw(z.raw().saturating_abs())
}

record! {
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
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[cfg_attr(feature = "defmt", derive(defmt::Format))]
    pub struct Cusum {
        /// Half the shift worth detecting, in deviations.
        pub slack: Q16,
        /// In deviations.
        pub threshold: Q16,
    }
}

record! {
    /// The two sums of a [`Cusum`].
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct CusumState {
        /// Evidence of an upward shift.
        pub up: Q16,
        /// Evidence of a downward shift.
        pub down: Q16,
    }
}

impl Cusum {
    /// [`Cusum::update`], after which the sums stop an eighth above the threshold: as a monitor does it, whose alarms end soon
    /// after what they were raised for.
    #[inline]
    pub fn update_forgetful(&self, state: &mut CusumState, z: Q16) -> Level {
        let level = self.update(state, z);
        let most = self.most_remembered();
        (state.up, state.down) = (state.up.min(most), state.down.min(most));
        level
    }

    const fn most_remembered(&self) -> Q16 {
        self.threshold.plus(Q16::from_raw((self.threshold.raw() >> 3) + 1))
    }

    /// Steps without a shift (`z` = 0) after which [`Cusum::update_forgetful`] is stable, whatever came before; `None` without
    /// slack: it never forgets.
    #[must_use]
    pub fn calm_after(&self) -> Option<u32> {
        let way = i64::from(self.most_remembered().raw()) - i64::from(self.threshold.raw() / 2);
        let slack = i64::from(self.slack.raw().max(0));
        u32::try_from((way + slack - 1).checked_div(slack)?).ok()
    }
}

impl Detector for Cusum {
    type State = CusumState;

    #[inline]
    fn update(&self, state: &mut CusumState, z: Q16) -> Level {
        let most = self.threshold.plus(self.threshold);
        // Not `clamp`, which panics where the threshold is negative.
        let next = |sum: Q16, z: Q16| sum.plus(z).minus(self.slack).min(most).max(Q16::ZERO);
        state.up = next(state.up, z);
        state.down = next(state.down, Q16::ZERO.minus(z));
        Level::of(state.up.max(state.down), self.threshold)
    }

    fn check(&self) -> Result<()> {
        require("slack", self.slack >= Q16::ZERO)?;
        require("threshold", self.threshold > Q16::ZERO)
    }
}

/// Two-sided Page-Hinkley test as published: `m_t` sums `z - mean_t - tolerance` with the running mean, and the
/// test looks at how far it has come above its minimum (downward: below its maximum).
///
/// The running mean follows a lasting shift slowly: this test sees changes, [`Cusum`] sees levels.
/// MOA and frouros fade the sum and neither stop it at zero nor look at its minimum, so that it sinks while all is
/// well and an alarm comes the later for it; river stops it. Source: Hinkley 1971.
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
        let distance = from_running_mean(&mut state.count, &mut state.sum, z);
        let tolerance = i64::from(self.tolerance.raw()) << 16;
        // The distance of a sum to its running minimum is the sum itself, stopped at zero.
        state.up = state.up.saturating_add(distance).saturating_sub(tolerance).max(0);
        state.down = state.down.saturating_sub(distance).saturating_sub(tolerance).max(0);
        let (up, down) = state.scores();
        Level::of(up.max(down), self.threshold)
    }

    fn check(&self) -> Result<()> {
        require("tolerance", self.tolerance >= Q16::ZERO)?;
        require("threshold", self.threshold > Q16::ZERO)
    }
}

/// EWMA control chart: `average = weight z + (1 - weight) average`, and drift where
/// `|average| > limit sqrt(weight / (2 - weight) (1 - (1 - weight)^2t))`, the exact deviation at step `t`.
///
/// A weight of 2^-s is as good as any other. The average has 32 fraction bits, so that it does not stall short of a
/// lasting shift (at 16 bits and a weight of 1/32 it would by half a thousandth of a deviation). Alike for shifts up
/// and down. With a weight of 0.2 and a limit of 2.962 a false alarm every 485 independent normal values.
/// river: 0.1 and 4, with a mean and deviation that learn from what they watch. Sources: Roberts 1959,
/// Lucas and Saccucci 1990. Cost: two 128-bit products, a 64-bit division and root.
///
/// ```
/// use segmeter_core::{drift::{Detector, EwmaChart, Level}, num::Q16};
/// let chart = EwmaChart { weight: Q16::from_f32(0.25), limit: Q16::from_f32(3.0) };
/// let mut state = Default::default();
/// // Limits of 0.75, 0.9375 and 1.028 deviations.
/// let levels = [(); 3].map(|()| chart.update(&mut state, Q16::from_f32(2.0)));
/// assert_eq!(levels, [Level::Warning, Level::Warning, Level::Drift]);
/// assert_eq!(state.average().to_f32(), 1.15625);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct EwmaChart {
    /// Of the newest value, above 0 and at most 1.
    pub weight: Q16,
    /// In deviations of the average.
    pub limit: Q16,
}

/// The average of an [`EwmaChart`] and how much of the start is left in its variance (steps of 2^-32).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EwmaState {
    average: i64,
    start: u64,
}

impl Default for EwmaState {
    fn default() -> Self {
        Self { average: 0, start: 1 << 32 }
    }
}

impl EwmaState {
    /// The average, in deviations of a value.
    #[must_use]
    pub fn average(&self) -> Q16 {
        nearest(self.average)
    }
}

impl Detector for EwmaChart {
    type State = EwmaState;

    fn update(&self, state: &mut EwmaState, z: Q16) -> Level {
        let weight = u64::from(self.weight.raw().max(0).unsigned_abs().min(1 << 16));
        state.average = average(state.average, i64::from(z.raw()) << 16, weight as i64);
        let kept = (1 << 16) - weight;
        // (1 - weight)^2 has 32 fraction bits, the product 64.
        state.start = ((u128::from(state.start) * u128::from(kept * kept)) >> 32) as u64;
        // The variance in steps of 2^-64 and a deviation in steps of 2^-32, exact to one of them.
        let share = (weight << 32).checked_div((2 << 16) - weight).unwrap_or(0);
        let variance = share.saturating_mul((1 << 32) - state.start.min(1 << 32));
        let limit = (i128::from(variance.isqrt()) * i128::from(self.limit.raw())) >> 16;
        Level::of(magnitude(state.average()), Q16::from_raw((limit >> 16) as i32))
    }

    fn check(&self) -> Result<()> {
        require("weight", self.weight > Q16::ZERO && self.weight <= Q16::ONE)?;
        require("limit", self.limit > Q16::ZERO)
    }
}

/// `old + weight (new - old)`, nearest; `weight` in steps of 2^-16, at most 1.
fn average(old: i64, new: i64, weight: i64) -> i64 {
    let step = (i128::from(new) - i128::from(old)) * i128::from(weight);
    old.saturating_add(((step + (1 << 15)) >> 16) as i64)
}

/// From steps of 2^-32.
fn nearest(wide: i64) -> Q16 {
    let steps = (wide.saturating_add(1 << 15)) >> 16;
    Q16::from_raw(steps.min(i64::from(i32::MAX)).max(-i64::from(i32::MAX)) as i32)
}

/// Geometric moving average against the running mean: `average = memory average + (1 - memory)(z - mean_t)`, drift where
/// `|average| > threshold`.
///
/// As in MOA and frouros (memory 0.99, threshold 1), which look for an increase only and not before 30 values. The
/// running mean absorbs a lasting shift: this sees changes; for levels take [`EwmaChart`]. Source: Roberts 1959.
/// Cost: a 128-bit division.
///
/// ```
/// use segmeter_core::{drift::{Detector, GeometricMovingAverage}, num::Q16};
/// let average = GeometricMovingAverage { memory: Q16::from_f32(0.5), threshold: Q16::ONE };
/// let mut state = Default::default();
/// for z in [0.0, 2.0, 4.0] {
///     average.update(&mut state, Q16::from_f32(z));
/// }
/// // Means 0, 1, 2: half of (half of 1) and half of 2.
/// assert_eq!(state.average().to_f32(), 1.25);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct GeometricMovingAverage {
    /// Of the old average, at least 0 and below 1.
    pub memory: Q16,
    /// In deviations.
    pub threshold: Q16,
}

/// Running mean and average of a [`GeometricMovingAverage`] (steps of 2^-32).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GmaState {
    count: u32,
    sum: i64,
    average: i64,
}

impl GmaState {
    /// The average.
    #[must_use]
    pub fn average(&self) -> Q16 {
        nearest(self.average)
    }
}

impl Detector for GeometricMovingAverage {
    type State = GmaState;

    fn update(&self, state: &mut GmaState, z: Q16) -> Level {
        let distance = from_running_mean(&mut state.count, &mut state.sum, z);
        let weight = i64::from(Q16::ONE.minus(self.memory).max(Q16::ZERO).min(Q16::ONE).raw());
        state.average = average(state.average, distance, weight);
        Level::of(magnitude(state.average()), self.threshold)
    }

    fn check(&self) -> Result<()> {
        require("memory", self.memory >= Q16::ZERO && self.memory < Q16::ONE)?;
        require("threshold", self.threshold > Q16::ZERO)
    }
}

/// Takes `z` into the running mean; what it is above that, in steps of 2^-32.
fn from_running_mean(count: &mut u32, sum: &mut i64, z: Q16) -> i64 {
    *count = count.saturating_add(1);
    *sum = sum.saturating_add(i64::from(z.raw()));
    // 16 more fraction bits: the rounding of the mean must not add up over a long run.
    let mean = (i128::from(*sum) << 16).checked_div(i128::from(*count)).unwrap_or(0);
    ((i128::from(z.raw()) << 16) - mean) as i64
}
