//! One less the harmonic mean of a soft precision and a soft recall.

use super::finite;
use crate::num::ExactSum;

/// A share `(hit + s) / (hit + miss + s)`. Hits and misses are summed themselves, so that one less the share
/// keeps its digits.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Share {
    hit: ExactSum,
    miss: ExactSum,
}

impl Share {
    /// An amount of which `of` is hit and `missing = 1 - of` is not.
    pub(super) fn add(&mut self, amount: f32, of: f32, missing: f32) {
        self.hit.add(amount * of);
        self.miss.add(amount * missing);
    }

    /// Share, one less the share, and denominator.
    fn ratio(&self, smooth: f32) -> [f64; 3] {
        let (hit, miss) = (self.hit.value() + f64::from(smooth), self.miss.value());
        let all = hit + miss;
        [hit / all, miss / all, all]
    }
}

/// `1 - 2 P R / (P + R)` of two shares, and its derivatives.
#[derive(Clone, Copy, Debug)]
pub(super) struct Harmonic {
    pub(super) value: f64,
    /// With respect to an amount of the precision that is hit.
    pub(super) hit: f32,
    /// With respect to an amount of the precision that is not.
    pub(super) miss: f32,
    /// With respect to the part hit of an amount 1 of the recall.
    pub(super) part: f32,
}

impl Harmonic {
    /// `smooth` is positive, and so are then both shares.
    pub(super) fn new(precision: &Share, recall: &Share, smooth: f32) -> Self {
        let [p, not_p, all_p] = precision.ratio(smooth);
        let [r, not_r, all_r] = recall.ratio(smooth);
        let (value, [of_p, of_r]) = harmonic([p, not_p], [r, not_r]);
        let (of_p, of_r) = (of_p / all_p, of_r / all_r);
        Self { value, hit: finite(-of_p * not_p), miss: finite(of_p * p), part: finite(-of_r) }
    }

    /// The derivative with respect to an amount of which `of` is hit.
    pub(super) fn amount(&self, of: f32, missing: f32) -> f32 {
        of * self.hit + missing * self.miss
    }
}

/// `1 - 2 P R / (P + R)` of two shares, each with one less itself, and minus its derivatives.
pub(super) fn harmonic([p, not_p]: [f64; 2], [r, not_r]: [f64; 2]) -> (f64, [f64; 2]) {
    let sum = p + r;
    let slope = |other: f64| 2.0 * (other / sum) * (other / sum);
    ((not_p * r + not_r * p) / sum, [slope(r), slope(p)])
}
