//! ADWIN in integers.

use super::{Detector, Level, require, unit};
use crate::error::Result;
use crate::num::Q16;

/// Rows of buckets: row `r` holds buckets of `2^r` values.
const ROWS: usize = 16;
/// Buckets of a row; with one more, the two oldest become one of the next row.
const BUCKETS: usize = 5;
/// Values between two looks at the window.
const CLOCK: u32 = 32;
/// The shortest part of a window, less one, as it stands in the bound.
const LESS: u64 = 4;
/// Neither part of a cut may be this short, and a window of up to ten is not looked at. Of a part of 6 or fewer `2/3 m d`
/// alone is above 0.66 at any confidence below 1, and with the rest of the bound more than any two means differ by: that
/// such a part does not count changes nothing but what is computed.
const SHORT: u64 = 6;
const GRACE: u64 = 10;

/// ADWIN2: a window that is as long as the mean holds. Drift where the means of an older and a newer part differ by
/// more than `sqrt(2 m v d) + 2/3 m d`, `m = 1/(n0 - 4) + 1/(n1 - 4)`, `d = ln(2 ln n / confidence)`, `v` the variance
/// of the window of `n` values; then the oldest buckets go until no such cut is left.
///
/// **By nature it forgets what came before the change**, and the new regime becomes its window: for a level against a
/// sealed reference take [`super::Cusum`]. Values are of \[0, 1\] and stopped there: the second term of the bound is for
/// that range, so a statistic of a deviation of 0.02 must be rescaled by its reference range or is seen late.
///
/// Every bucket's sum and sum of squares is exact; the comparison is to 2^-28 of the range. Looks at every 32nd value,
/// so that a call costs a few additions, and each 32nd up to 80 cuts of two 64-bit divisions and two 128-bit products,
/// again for every bucket dropped. Above 327 675 values the oldest bucket is forgotten. Parts of more than 6 values
/// count, as in MOA; river and frouros take 5. frouros, river up to the fix of its issue 1614 and scikit-multiflow leave
/// out the last bucket of every row: a shift of one deviation of 0.02 is then found after 1090 values instead of 513;
/// frouros also divides by `n0 - 6`. Sources: Bifet and Gavaldà 2007; the loop is MOA's.
///
/// ```
/// use segmeter_core::{drift::{Adwin, Detector, Level}, num::Q16};
/// let adwin = Adwin { confidence: Q16::ratio(2, 1000) };
/// let mut state = Default::default();
/// let first = (0..640).find(|step| {
///     let value = if *step < 320 { Q16::ZERO } else { Q16::ONE };
///     adwin.update(&mut state, value) == Level::Drift
/// });
/// assert_eq!(first, Some(351));
/// assert_eq!(state.width(), 56); // of 352: most of what was before is gone
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Adwin {
    /// Between 0 and 1, excluded; 0.002 in river, frouros and MOA.
    pub confidence: Q16,
}

/// Buckets of one size, the oldest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Row {
    /// Of squares, in steps of 2^-32.
    squares: [u64; BUCKETS + 1],
    /// In steps of 2^-16: at most 2^31 in the last row.
    sums: [u32; BUCKETS + 1],
    len: u32,
}

impl Row {
    fn push(&mut self, sum: u32, squares: u64) {
        let len = self.len as usize;
        if let (Some(a), Some(b)) = (self.sums.get_mut(len), self.squares.get_mut(len)) {
            (*a, *b) = (sum, squares);
            self.len += 1;
        }
    }

    /// Takes the oldest bucket out.
    fn pop(&mut self) -> (u32, u64) {
        let ([sum, ..], [squares, ..]) = (self.sums, self.squares);
        self.sums.rotate_left(1);
        self.squares.rotate_left(1);
        self.len = self.len.saturating_sub(1);
        (sum, squares)
    }
}

/// The window of an [`Adwin`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AdwinState {
    rows: [Row; ROWS],
    sum: u64,
    squares: u64,
    width: u32,
    clock: u32,
}

impl AdwinState {
    /// Values in the window.
    #[must_use]
    pub const fn width(&self) -> u32 {
        self.width
    }

    /// Their mean.
    #[must_use]
    pub fn mean(&self) -> Q16 {
        Q16::divide(i128::from(self.sum), u64::from(self.width))
    }

    fn insert(&mut self, value: u32) {
        let square = u64::from(value) * u64::from(value);
        self.width += 1;
        self.sum += u64::from(value);
        self.squares += square;
        let mut carry = Some((value, square));
        for row in &mut self.rows {
            let Some((sum, squares)) = carry.take() else { return };
            row.push(sum, squares);
            if row.len as usize > BUCKETS {
                let (a, b) = (row.pop(), row.pop());
                carry = Some((a.0.saturating_add(b.0), a.1 + b.1));
            }
        }
        // The last row is full: what it hands on is forgotten.
        if let Some((sum, squares)) = carry {
            self.forget(1 << ROWS, sum, squares);
        }
    }

    fn forget(&mut self, size: u32, sum: u32, squares: u64) {
        self.width = self.width.saturating_sub(size);
        self.sum = self.sum.saturating_sub(u64::from(sum));
        self.squares = self.squares.saturating_sub(squares);
    }

    fn drop_oldest(&mut self) {
        if let Some((r, row)) = self.rows.iter_mut().enumerate().rfind(|(_, row)| row.len > 0) {
            let (sum, squares) = row.pop();
            self.forget(1 << r, sum, squares);
        }
    }

    /// Whether any cut of the window parts two different means.
    fn is_cut(&self, confidence: Q16) -> bool {
        let n = u64::from(self.width);
        let log = libm::log(2.0 * libm::log(n as f64) * 65536.0 / f64::from(confidence.raw()));
        // In steps of 2^-16, below 2^20 for any confidence that makes sense; a cast of what is no number gives zero.
        let log = ((log * 65536.0 + 0.5) as u64).min(1 << 20);
        let spread = u128::from(self.squares) * u128::from(n) - u128::from(self.sum) * u128::from(self.sum);
        // In steps of 2^-56.
        let variance = (spread << 24).checked_div(u128::from(n * n)).unwrap_or(0);
        let (mut n0, mut sum0) = (0, 0);
        for (r, row) in self.rows.iter().enumerate().rev() {
            for sum in row.sums.iter().take(row.len as usize) {
                n0 += 1_u64 << r;
                sum0 += u64::from(*sum);
                let (n1, sum1) = (n.saturating_sub(n0), self.sum.saturating_sub(sum0));
                if n0 > SHORT && n1 > SHORT && differ((n0, sum0), (n1, sum1), log, variance) {
                    return true;
                }
            }
        }
        false
    }
}

/// Whether the means of two parts differ by more than the bound.
fn differ((n0, sum0): (u64, u64), (n1, sum1): (u64, u64), log: u64, variance: u128) -> bool {
    let (a, b) = (n0 - LESS, n1 - LESS);
    // Both in steps of 2^-28; the first is below 2^51 in steps of 2^-16.
    let distance = ((sum0 * n1).abs_diff(sum1 * n0) << 12).checked_div(n0 * n1).unwrap_or(0);
    let linear = (((log * (a + b)) << 13) / 3).checked_div(a * b).unwrap_or(0);
    // Of the squares of what is left, each times a b.
    let Some(rest @ 1..) = distance.checked_sub(linear) else { return false };
    let square = u128::from(rest * rest) * u128::from(a * b);
    square > (u128::from(2 * log * (a + b)) * variance) >> 16
}

impl Detector for Adwin {
    type State = AdwinState;

    fn update(&self, state: &mut AdwinState, value: Q16) -> Level {
        state.insert(unit(value));
        state.clock = (state.clock + 1) & (CLOCK - 1);
        let mut drift = false;
        if state.clock == 0 {
            // Every round drops a bucket; there is no more than this many.
            for _ in 0..ROWS * BUCKETS {
                if u64::from(state.width) <= GRACE || !state.is_cut(self.confidence) {
                    break;
                }
                state.drop_oldest();
                drift = true;
            }
        }
        Level::either(drift, false)
    }

    fn check(&self) -> Result<()> {
        require("confidence", self.confidence > Q16::ZERO && self.confidence < Q16::ONE)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use super::*;

    /// Whether a cut of a window parts two means, by its definition in `f64`; where in doubt, nothing.
    fn cut(values: &[u32], confidence: Q16) -> Option<bool> {
        let mean = |part: &[u32], power| {
            let of = |value: &u32| libm::pow(f64::from(*value) / 65536.0, power);
            part.iter().map(of).sum::<f64>() / part.len() as f64
        };
        let log = libm::log(2.0 * libm::log(values.len() as f64) / confidence.to_f64());
        let variance = mean(values, 2.0) - mean(values, 1.0) * mean(values, 1.0);
        let excess = (7..values.len() - 6).filter(|n0| is_boundary(values.len(), *n0)).map(|n0| {
            let (first, last) = values.split_at(n0);
            let m = 1.0 / (n0 as f64 - 4.0) + 1.0 / (last.len() as f64 - 4.0);
            let bound = libm::sqrt(2.0 * m * variance * log) + 2.0 / 3.0 * m * log;
            (mean(first, 1.0) - mean(last, 1.0)).abs() - bound
        });
        let most = excess.fold(f64::MIN, f64::max);
        (most.abs() > 1e-6).then_some(most > 0.0)
    }

    /// Whether a bucket ends after the oldest `n0` of `width` values: the two oldest of six of a size become one of twice
    /// the size.
    fn is_boundary(width: usize, n0: usize) -> bool {
        let mut counts = [0; 8];
        for _ in 0..width {
            let mut row = 0;
            counts[0] += 1;
            while counts[row] == 6 {
                (counts[row], counts[row + 1], row) = (4, counts[row + 1] + 1, row + 1);
            }
        }
        let mut place = 0;
        for (row, count) in counts.iter().enumerate().rev() {
            for _ in 0..*count {
                place += 1 << row;
                if place == n0 {
                    return true;
                }
            }
        }
        false
    }

    /// Windows with a step near either end.
    #[test]
    fn cuts_are_those_of_the_definition() {
        let (mut seed, mut found) = (7u64, [0; 2]);
        let mut random = |most: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % most
        };
        for round in 0..5000 {
            let width = 14 + random(60) as usize;
            let (mut values, level) = ([0; 74], random(30_000) as u32);
            values.fill_with(|| level + random(2000) as u32);
            let values = values.get_mut(..width).unwrap();
            values.iter_mut().rev().take(4 + random(6) as usize).for_each(|value| *value = 1 << 16);
            if round % 2 == 0 {
                values.reverse();
            }
            let confidence = Q16::from_raw(65_535 - random(65_000) as i32);
            let mut state = AdwinState::default();
            values.iter().for_each(|value| state.insert(*value));
            let Some(expected) = cut(values, confidence) else { continue };
            assert_eq!(state.is_cut(confidence), expected, "{values:?}, {confidence}");
            found[usize::from(expected)] += 1;
        }
        assert!(found.iter().all(|count| *count > 500), "{found:?}");
    }
}
