//! A slope over the last values.

use super::{Detector, Level, require};
use crate::error::Result;
use crate::num::Q16;

/// Values looked at.
const LEN: usize = 16;
/// Pairs of them.
const PAIRS: u32 = (LEN * (LEN - 1) / 2) as u32;

/// Trend of the last 16 values, made to be fed block means: drift where the test of Mann and Kendall finds one,
/// `|score| > limit`, and the slope of Theil and Sen is larger than `slope`; warning where only the first holds.
///
/// `score = (S - sign S) / sqrt(v)` with `S` the pairs that rise less those that fall, and `v` that of 16 values with
/// their ties. The slope is the median over the 120 pairs of the difference by the distance, to 2^-16. It needs no
/// reference, and a few outliers do not move it; but it sees a step only while that is within the 16 values. Both parts
/// assume independent values. Sources: Mann 1945, Sen 1968. Cost: 66 passes of 120 comparisons and products at most.
///
/// ```
/// use segmeter_core::{drift::{Detector, Level, Trend}, num::Q16};
/// let trend = Trend { limit: Q16::from_f32(2.576), slope: Q16::from_f32(0.2) };
/// let mut state = Default::default();
/// let mut level = Level::Stable;
/// for step in 0..16 {
///     // A quarter of a deviation per value, with a gap.
///     level = trend.update(&mut state, Q16::ratio(if step == 9 { -20 } else { step }, 4));
/// }
/// assert_eq!(level, Level::Drift);
/// assert_eq!((state.rises(), state.slope().to_f32()), (102, 0.25));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Trend {
    /// A quantile of the normal distribution; above 0.
    pub limit: Q16,
    /// Per value; at least 0.
    pub slope: Q16,
}

/// The last 16 values of a [`Trend`], the oldest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrendState {
    values: [Q16; LEN],
    count: u32,
}

impl TrendState {
    /// Pairs that rise less pairs that fall: from -120 to 120.
    #[must_use]
    pub fn rises(&self) -> i32 {
        self.pairs().map(|(rise, _)| i32::from(rise > 0) - i32::from(rise < 0)).sum()
    }

    /// The median slope per value.
    #[must_use]
    pub fn slope(&self) -> Q16 {
        let sum = self.ranked(PAIRS / 2) + self.ranked(PAIRS / 2 + 1);
        Q16::divide(i128::from(sum), 2)
    }

    /// Difference and distance of every pair.
    fn pairs(&self) -> impl Iterator<Item = (i64, i64)> {
        (1..LEN).flat_map(move |apart| {
            let later = self.values.iter().skip(apart);
            later.zip(&self.values).map(move |(b, a)| (i64::from(b.raw()) - i64::from(a.raw()), apart as i64))
        })
    }

    /// The slope at this place from the lowest, the first of which is 1, rounded up.
    fn ranked(&self, place: u32) -> i64 {
        let (mut low, mut high) = (-(1_i64 << 32), 1_i64 << 32);
        // Thirty-three halvings.
        while low < high {
            let middle = (low + high) >> 1;
            let below = self.pairs().filter(|(rise, apart)| *rise <= middle * apart).count();
            if below >= place as usize {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    }

    /// Eighteen times the variance of [`rises`](Self::rises): less where values are equal.
    fn variance(&self) -> i64 {
        let term = |n: i64| n * (n - 1) * (2 * n + 5);
        // A group of n equal values is met n times.
        let ties = self.values.iter().map(|value| {
            let n = self.values.iter().filter(|other| *other == value).count() as i64;
            (n - 1) * (2 * n + 5)
        });
        term(LEN as i64) - ties.sum::<i64>()
    }
}

impl Detector for Trend {
    type State = TrendState;

    fn update(&self, state: &mut TrendState, value: Q16) -> Level {
        state.values.rotate_left(1);
        let [.., last] = &mut state.values;
        *last = value;
        state.count = state.count.saturating_add(1);
        if (state.count as usize) < LEN {
            return Level::Stable;
        }
        let rises = i128::from(state.rises().saturating_abs() - 1).max(0);
        let limit = i128::from(self.limit.raw().max(0));
        // Both squared, in steps of 2^-32.
        let found = (rises * rises * 18) << 32 > limit * limit * i128::from(state.variance());
        let slope = if found { state.slope() } else { Q16::ZERO };
        let steep = slope.raw().saturating_abs() > self.slope.raw();
        Level::either(found && steep, found)
    }

    fn check(&self) -> Result<()> {
        require("limit", self.limit > Q16::ZERO)?;
        require("slope", self.slope >= Q16::ZERO)
    }
}
