//! Detectors on a stream of errors: a value of one half or more is an error. Counts are exact, and square roots are of
//! integers. What comes after 2^32 - 1 values is not taken.

use super::{Detector, Level, is_error, require};
use crate::error::Result;
use crate::num::Q16;

/// Drift detection method: with `p` the share of errors of all values so far and `s = sqrt(p (1 - p) / n)`, drift where
/// `p + s > p_min + drift s_min`, warning where above `p_min + warning s_min`; the minimum is of `p + s`.
///
/// The minimum is not taken before `warm_up` values and `errors` errors. With `errors` at 0 this is the method of river,
/// MOA and frouros: a start without errors then leaves a minimum of zero, and the first single error is a drift. 30, 2
/// and 3 in all of them. Sums of all time: after a long good stretch a bad one is seen late. `p` and `s` are to 2^-32.
/// Source: Gama et al. 2004. Cost: two 64-bit divisions, a root.
///
/// ```
/// use segmeter_core::{drift::{Ddm, Detector, Level}, num::Q16};
/// let first_drift = |errors| {
///     let ddm = Ddm { errors, ..Ddm::DEFAULT };
///     let mut state = Default::default();
///     (0..2000).find(|step| {
///         // None up to 1000, then every third.
///         let value = if *step >= 1000 && step % 3 == 1 { Q16::ONE } else { Q16::ZERO };
///         ddm.update(&mut state, value) == Level::Drift
///     })
/// };
/// assert_eq!(first_drift(0), Some(1000)); // the very first
/// assert_eq!(first_drift(1), Some(1006)); // the third
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Ddm {
    /// Values before the first verdict, at least 1.
    pub warm_up: u32,
    /// Errors before the first verdict.
    pub errors: u32,
    /// In deviations, above 0.
    pub warning: Q16,
    /// In deviations, at least `warning`.
    pub drift: Q16,
}

impl Ddm {
    /// 30 values, one error, 2 and 3 deviations.
    pub const DEFAULT: Self =
        Self { warm_up: 30, errors: 1, warning: Q16::from_raw(2 << 16), drift: Q16::from_raw(3 << 16) };
}

/// Counts and the minimum of a [`Ddm`] (steps of 2^-32).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DdmState {
    least: Option<(u64, u64)>,
    count: u32,
    errors: u32,
}

impl Detector for Ddm {
    type State = DdmState;

    fn update(&self, state: &mut DdmState, value: Q16) -> Level {
        if state.count < u32::MAX {
            state.count += 1;
            state.errors += u32::from(is_error(value));
        }
        if state.count < self.warm_up || state.errors < self.errors {
            return Level::Stable;
        }
        let share = share(state.errors.into(), state.count.into());
        // p (1 - p) in steps of 2^-64: at most 2^62.
        let product = share * (1_u64 << 32).saturating_sub(share);
        let deviation = product.checked_div(state.count.into()).unwrap_or(0).isqrt();
        let score = share + deviation;
        let least = *state.least.get_or_insert((share, deviation));
        let least = if score <= least.0 + least.1 { (share, deviation) } else { least };
        state.least = Some(least);
        let limit = |deviations: Q16| {
            let above = u128::from(least.1) * u128::from(deviations.raw().max(0).unsigned_abs());
            u128::from(least.0) + (above >> 16)
        };
        Level::either(u128::from(score) > limit(self.drift), u128::from(score) > limit(self.warning))
    }

    fn check(&self) -> Result<()> {
        require("warm_up", self.warm_up > 0)?;
        require("warning", self.warning > Q16::ZERO)?;
        require("drift", self.drift >= self.warning)
    }
}

/// `part / whole` in steps of 2^-32, for numbers below 2^32; zero where the whole is.
fn share(part: u64, whole: u64) -> u64 {
    (part << 32).checked_div(whole).unwrap_or(0)
}

/// Early drift detection method: with the mean and the deviation of the distances between errors, drift where
/// `mean + 2 deviation` has fallen below `drift` times its maximum, warning below `warning` times.
///
/// From the 31st error on; the maximum is of errors after the 30th value. The variance is of the distances so far, by
/// their number as in frouros; river divides by one less. 0.95 and 0.9 in all three. A stream that has no more
/// errors keeps its level. Source: Baena-García et al. 2006. Cost: two 128-bit divisions and a root per call.
///
/// ```
/// use segmeter_core::{drift::{Detector, Eddm, Level}, num::Q16};
/// let mut state = Default::default();
/// let first = (0..1000).find(|step| {
///     let value = if step % 10 == 0 || *step > 500 { Q16::ONE } else { Q16::ZERO };
///     Eddm::DEFAULT.update(&mut state, value) == Level::Drift
/// });
/// assert_eq!(first, Some(300));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Eddm {
    /// Above 0, at most 1.
    pub warning: Q16,
    /// Above 0, at most `warning`.
    pub drift: Q16,
}

impl Eddm {
    /// 0.95 and 0.9.
    pub const DEFAULT: Self = Self { warning: Q16::from_raw(62259), drift: Q16::from_raw(58982) };
    /// Values before the maximum, and errors before a verdict.
    const WARM_UP: u32 = 30;
}

/// Distances of an [`Eddm`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EddmState {
    squares: u64,
    /// In steps of 2^-16.
    score: u64,
    most: u64,
    count: u32,
    /// Number of the last error, which is also the sum of all distances.
    last: u32,
    errors: u32,
}

impl EddmState {
    fn error(&mut self) {
        self.errors += 1;
        let distance = u64::from(self.count - self.last);
        self.last = self.count;
        self.squares = self.squares.saturating_add(distance * distance);
        let (n, sum) = (u128::from(self.errors), u128::from(self.last));
        // Never below zero, but for squares that have stopped at their maximum.
        let spread = (u128::from(self.squares) * n).saturating_sub(sum * sum);
        // The root of n^2 times the variance, in steps of 2^-16 where it has room.
        let root = if spread >> 90 == 0 { (spread << 32).isqrt() } else { spread.isqrt() << 16 };
        self.score = ((sum << 16) + 2 * root).checked_div(n).unwrap_or(0) as u64;
        if self.count > Eddm::WARM_UP {
            self.most = self.most.max(self.score);
        }
    }
}

impl Detector for Eddm {
    type State = EddmState;

    fn update(&self, state: &mut EddmState, value: Q16) -> Level {
        if state.count < u32::MAX {
            state.count += 1;
            if is_error(value) {
                state.error();
            }
        }
        if state.errors <= Self::WARM_UP {
            return Level::Stable;
        }
        let below = |share: Q16| {
            u128::from(state.score) << 16
                < u128::from(state.most) * u128::from(share.raw().max(0).unsigned_abs())
        };
        Level::either(below(self.drift), below(self.warning))
    }

    fn check(&self) -> Result<()> {
        require("warning", self.warning > Q16::ZERO && self.warning <= Q16::ONE)?;
        require("drift", self.drift > Q16::ZERO && self.drift <= self.warning)
    }
}

/// Statistical test of equal proportions: errors of the last 30 values against those of all before,
/// `t = (|r0/n0 - r1/30| - (1/n0 + 1/30)/2) / sqrt(p (1-p) (1/n0 + 1/30))`, `p` of all. Drift where `t` is above `drift`
/// and there are more errors of late.
///
/// From the 60th value on. Limits are quantiles of the normal distribution: 2.7478 and 1.6449 are 0.003 and 0.05
/// one-sided, the defaults of MOA and frouros; frouros also alarms where errors become fewer. Source: Nishida and Yamauchi
/// 2007. Cost: two 128-bit products.
///
/// ```
/// use segmeter_core::{drift::{Detector, Level, Stepd}, num::Q16};
/// let mut state = Default::default();
/// let first = (0..400).find(|step| {
///     let value = if step % 10 == 0 || (*step > 200 && step % 3 == 0) { Q16::ONE } else { Q16::ZERO };
///     Stepd::DEFAULT.update(&mut state, value) == Level::Drift
/// });
/// assert_eq!(first, Some(219));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Stepd {
    /// In deviations, above 0.
    pub warning: Q16,
    /// In deviations, at least `warning` and at most 16.
    pub drift: Q16,
}

impl Stepd {
    /// The one-sided levels 0.05 and 0.003.
    pub const DEFAULT: Self = Self { warning: Q16::from_raw(107_797), drift: Q16::from_raw(180_079) };
    const WINDOW: u32 = 30;
}

/// Counts of a [`Stepd`] and the last 30 values as bits, the newest lowest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StepdState {
    count: u32,
    errors: u32,
    recent: u32,
}

impl Detector for Stepd {
    type State = StepdState;

    fn update(&self, state: &mut StepdState, value: Q16) -> Level {
        if state.count < u32::MAX {
            state.count += 1;
            state.errors += u32::from(is_error(value));
            state.recent = (state.recent << 1 | u32::from(is_error(value))) & ((1 << Self::WINDOW) - 1);
        }
        if state.count < 2 * Self::WINDOW {
            return Level::Stable;
        }
        let (n, errors) = (u64::from(state.count), u64::from(state.errors));
        let (new, newer) = (u64::from(Self::WINDOW), u64::from(state.recent.count_ones()));
        let (old, older) = (n - new, errors - newer);
        // The numerator of t, times 2 n0 n1: the correction is half of n.
        let Some(excess) = (2 * newer * old).checked_sub(2 * older * new + n) else { return Level::Stable };
        // t^2 = excess^2 n / (4 n0 n1 e (n - e)), e of all: 2^108 and 2^101 at most, so that long streams leave room.
        let room = if n >> 24 == 0 { 0 } else { 16 };
        let left = (u128::from(excess) * u128::from(excess) * u128::from(n)) >> room << 24;
        let right = (u128::from(4 * old * new) * u128::from(errors * (n - errors))) >> room;
        let above = |deviations: Q16| {
            let deviations = u64::from(deviations.raw().max(0).unsigned_abs().min(16 << 16));
            left > right * u128::from((deviations * deviations) >> 8)
        };
        Level::either(above(self.drift), above(self.warning))
    }

    fn check(&self) -> Result<()> {
        require("warning", self.warning > Q16::ZERO)?;
        require("drift", self.drift >= self.warning && self.drift <= Q16::from_raw(16 << 16))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After billions of values, where sums are near what their integers hold.
    #[test]
    fn long_streams() {
        for (count, errors) in
            [(1 << 23, 1 << 20), (u32::MAX - 5, 3), (u32::MAX - 5, u32::MAX / 2), (u32::MAX, u32::MAX)]
        {
            for recent in [0_u32, 7, 0xff_ffff, (1 << 30) - 1] {
                let errors = errors.max(recent.count_ones()).min(count);
                let mut state = StepdState { count, errors, recent };
                let (n0, n1) = (f64::from(count) - 29.0, 30.0);
                let found = Stepd::DEFAULT.update(&mut state, Q16::ONE);
                if count == u32::MAX {
                    assert_eq!(state, StepdState { count, errors, recent });
                    continue;
                }
                let new = f64::from(state.recent.count_ones());
                let (old, all) = (f64::from(state.errors) - new, f64::from(state.errors));
                let (p, inverse) = (all / (n0 + n1), 1.0 / n0 + 1.0 / n1);
                let excess = new / n1 - old / n0 - inverse / 2.0;
                let score = excess / libm::sqrt(p * (1.0 - p) * inverse);
                let expected = Level::either(score > 2.747_78, score > 1.644_85);
                assert_eq!(found, expected, "{count} {errors} {recent} {score}");
            }
        }
    }

    #[test]
    fn long_distances() {
        // All distances but the last are one.
        let mut state = EddmState::default();
        for before in [31, 1 << 30] {
            let (count, squares) = (u32::MAX - 2, u64::from(before));
            state = EddmState { count, squares, last: before, errors: before, ..EddmState::default() };
            Eddm::DEFAULT.update(&mut state, Q16::ONE);
            let (n, sum) = (f64::from(before) + 1.0, f64::from(count) + 1.0);
            let distance = sum - f64::from(before);
            let squares = distance * distance + f64::from(before);
            let expected = sum / n + 2.0 * libm::sqrt(squares / n - (sum / n) * (sum / n));
            let found = state.score as f64 / 65536.0;
            assert!((found - expected).abs() < 1e-6 * expected, "{found} {expected}");
        }
        Eddm::DEFAULT.update(&mut state, Q16::ONE);
        let after = state;
        assert_eq!(Eddm::DEFAULT.update(&mut state, Q16::ONE), Eddm::DEFAULT.update(&mut state, Q16::ZERO));
        assert_eq!(state, after, "nothing is counted beyond");
    }

    #[test]
    fn a_long_share() {
        let least = Some((1 << 20, 1 << 10));
        let mut state = DdmState { least, count: u32::MAX - 1, errors: u32::MAX / 2 };
        assert_eq!(Ddm::DEFAULT.update(&mut state, Q16::ONE), Level::Drift);
        // sqrt(1/4 / 2^32) is 2^-17.
        let mut state = DdmState { least: None, ..state };
        Ddm::DEFAULT.update(&mut state, Q16::ONE);
        let (share, deviation) = state.least.unwrap_or_default();
        assert!(share.abs_diff(1 << 31) < 4 && deviation.abs_diff(1 << 15) < 4, "{share} {deviation}");
    }
}
