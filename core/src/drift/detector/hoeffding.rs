//! Hoeffding's drift detection methods: bounds that hold for any values of \[0, 1\], errors or not.
//!
//! Both look for an increase. For a decrease, hand `1 - x` to a second state; the two together are MOA's two-sided test
//! (where a decrease starts again without a word).

use super::{Detector, Level, require, unit};
use crate::error::Result;
use crate::num::Q16;

/// `ln(scale / confidence)` in steps of 2^-24: at most 12. A confidence of no sense counts as the smallest.
fn log(scale: f64, confidence: Q16) -> u64 {
    let inverse = scale * 65536.0 / f64::from(confidence.raw().max(1));
    (libm::log(inverse) * 16_777_216.0 + 0.5) as u64
}

fn check(warning: Q16, drift: Q16) -> Result<()> {
    require("warning", warning > Q16::ZERO && warning < Q16::ONE)?;
    require("drift", drift > Q16::ZERO && drift <= warning)
}

/// HDDM with means (the A-test): the prefix whose `mean + sqrt(ln(1/drift) / 2n)` is least, against the mean of all
/// values. Drift where `mean - mean_min >= sqrt((n - n_min) / (2 n n_min) ln(2/drift))`, warning likewise.
///
/// Means are to 2^-28. 0.005 and 0.001 in river, frouros and MOA; MOA tests two-sided by default, and frouros has
/// `ln(1/drift)` in both bounds. Source: Frías-Blanco et al. 2015. Cost: four 64-bit divisions, two roots, two 128-bit
/// divisions, three `f64` logarithms.
///
/// ```
/// use segmeter_core::{drift::{Detector, HddmA, Level}, num::Q16};
/// let mut state = Default::default();
/// let drift = (0..400).find(|step| {
///     // An error in four values, then three in four.
///     let value = if (step % 4 == 0) == (*step < 200) { Q16::ONE } else { Q16::ZERO };
///     HddmA::DEFAULT.update(&mut state, value) == Level::Drift
/// });
/// assert_eq!(drift, Some(215));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct HddmA {
    /// Between 0 and 1, excluded.
    pub warning: Q16,
    /// Above 0, at most `warning`.
    pub drift: Q16,
}

impl HddmA {
    /// 0.005 and 0.001, to 2^-16.
    pub const DEFAULT: Self = Self { warning: Q16::from_raw(328), drift: Q16::from_raw(66) };
}

/// The two prefixes of a [`HddmA`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HddmAState {
    sum: u64,
    least_sum: u64,
    count: u32,
    least_count: u32,
}

/// A mean in steps of 2^-28; the sum is in steps of 2^-16 and below 2^48.
fn mean(sum: u64, count: u32) -> u64 {
    (sum << 12).checked_div(count.into()).unwrap_or(0)
}

impl Detector for HddmA {
    type State = HddmAState;

    fn update(&self, state: &mut HddmAState, value: Q16) -> Level {
        if state.count < u32::MAX {
            state.count += 1;
            state.sum += u64::from(unit(value));
        }
        let square = log(1.0, self.drift) << 31;
        let bound = |count: u32| square.checked_div(count.into()).unwrap_or(0).isqrt();
        let all = mean(state.sum, state.count);
        let first = state.least_count == 0;
        let least = mean(state.least_sum, state.least_count);
        if first || least + bound(state.least_count) >= all + bound(state.count) {
            (state.least_sum, state.least_count) = (state.sum, state.count);
            return Level::Stable;
        }
        let Some(increase) = all.checked_sub(least) else { return Level::Stable };
        let (n, before) = (u128::from(state.count), u128::from(state.least_count));
        let above = |confidence: Q16| {
            let square = (u128::from(log(2.0, confidence)) << 31) * n.saturating_sub(before);
            u128::from(increase * increase) >= square.checked_div(n * before).unwrap_or(0)
        };
        Level::either(above(self.drift), above(self.warning))
    }

    fn check(&self) -> Result<()> {
        check(self.warning, self.drift)
    }
}

/// HDDM with weights (the W-test): geometric averages instead of means, with McDiarmid's bound
/// `sqrt(s ln(1/drift) / 2)`, `s` the sum of the squared weights.
///
/// The average whose value plus bound is least is kept, and a second one starts after it. Drift where the second
/// is above the first by more than the bound for both. Averages are to 2^-32. 0.05, 0.005 and 0.001 in river, frouros
/// and MOA. In river and frouros `s` of one value is already `weight^2 + (1 - weight)^2` instead of 1, which makes the
/// bound too small while an average is young; in river an average of zero jumps to the next value, so that after a start
/// without errors the first is a drift; frouros takes the weight for the confidence where it chooses the average to keep.
/// Source: Frías-Blanco et al. 2015. Cost: some 128-bit products, a root, three `f64` logarithms.
///
/// ```
/// use segmeter_core::{drift::{Detector, HddmW, Level}, num::Q16};
/// let mut state = Default::default();
/// let drift = (0..400).find(|step| {
///     // An error in four values, then three in four.
///     let value = if (step % 4 == 0) == (*step < 200) { Q16::ONE } else { Q16::ZERO };
///     HddmW::DEFAULT.update(&mut state, value) == Level::Drift
/// });
/// assert_eq!(drift, Some(230));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct HddmW {
    /// Of the newest value, between 0 and 1, excluded.
    pub weight: Q16,
    /// Between 0 and 1, excluded.
    pub warning: Q16,
    /// Above 0, at most `warning`.
    pub drift: Q16,
}

impl HddmW {
    /// 0.05, 0.005 and 0.001, to 2^-16.
    pub const DEFAULT: Self =
        Self { weight: Q16::from_raw(3277), warning: Q16::from_raw(328), drift: Q16::from_raw(66) };
}

/// A geometric average and the sum of its squared weights, both in steps of 2^-32; empty where that is zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Average {
    value: u64,
    squares: u64,
}

impl Average {
    fn add(&mut self, value: u32, weight: Q16) {
        let value = u64::from(value) << 16;
        if self.squares == 0 {
            *self = Self { value, squares: 1 << 32 };
            return;
        }
        let weight = u64::from(unit(weight));
        let kept = (1 << 16) - weight;
        // Both at most 2^48.
        self.value = (self.value * kept + value * weight + (1 << 15)) >> 16;
        let squares = u128::from(kept * kept) * u128::from(self.squares) + (1 << 31);
        self.squares = (weight * weight + (squares >> 32) as u64).max(1);
    }
}

/// The averages of a [`HddmW`]: of all, the one kept, of what came after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HddmWState {
    all: Average,
    before: Average,
    after: Average,
    /// `before` and its bound.
    cut: u64,
}

impl Detector for HddmW {
    type State = HddmWState;

    fn update(&self, state: &mut HddmWState, value: Q16) -> Level {
        let value = unit(value);
        state.all.add(value, self.weight);
        // Steps of 2^-56 and 2^-28.
        let square = u128::from(state.all.squares) * u128::from(log(1.0, self.drift)) / 2;
        let cut = state.all.value + ((square as u64).isqrt() << 4);
        if state.before.squares == 0 || cut < state.cut {
            *state = HddmWState { all: state.all, before: state.all, after: Average::default(), cut };
            return Level::Stable;
        }
        state.after.add(value, self.weight);
        let Some(increase) = state.after.value.checked_sub(state.before.value) else { return Level::Stable };
        let squares = u128::from(state.before.squares + state.after.squares);
        let above = |confidence: Q16| {
            u128::from(increase) * u128::from(increase) > (squares * u128::from(log(1.0, confidence))) << 7
        };
        Level::either(above(self.drift), above(self.warning))
    }

    fn check(&self) -> Result<()> {
        require("weight", self.weight > Q16::ZERO && self.weight < Q16::ONE)?;
        check(self.warning, self.drift)
    }
}
