//! KSWIN with the whole older window.

use super::{Detector, Level, require};
use crate::error::{Error, Result};
use crate::num::Q16;

const OLD: usize = 70;
const NEW: usize = 30;
/// Where the two distribution functions differ by one.
const WHOLE: u16 = (OLD * NEW) as u16;

/// Kolmogorov-Smirnov windowing: the newest 30 of the last 100 values against the 70 before them. Drift where
/// `max |F_old - F_new|` is at least `limit / 2100`.
///
/// As published, 30 of the older values are drawn at random, which makes alarms depend on a seed; here all 70 count:
/// the same alarms everywhere, and a sharper test. The distance is exact, and so is the limit of [`Kswin::at`], by the
/// number of lattice paths. river wants 0.005 and a distance above 0.1 (which 0.005 implies), frouros 0.0001. The test is
/// repeated at every value and for independent values: the confidence is a rate per value, not per run. Source: Raab,
/// Heusinger and Schleif 2020. Cost: 10 000 comparisons.
///
/// ```
/// use segmeter_core::{drift::{Detector, Kswin, Level}, num::Q16};
/// let kswin = Kswin::at(Q16::ratio(5, 1000))?;
/// assert_eq!(kswin.limit, 771);
/// let mut state = Default::default();
/// let drift = (0..400).find(|step| {
///     let value = step % 10 + if *step < 200 { 0 } else { 5 };
///     kswin.update(&mut state, Q16::ratio(value, 1)) == Level::Drift
/// });
/// assert_eq!(drift, Some(221));
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Kswin {
    /// From 1 to 2100.
    pub limit: u16,
}

impl Kswin {
    /// The smallest limit that values of one distribution reach with a probability of at most `confidence`.
    ///
    /// # Errors
    /// [`Error::Parameter`] if it is not between 0 and 1.
    pub fn at(confidence: Q16) -> Result<Self> {
        if confidence <= Q16::ZERO || confidence >= Q16::ONE {
            return Err(Error::Parameter("confidence"));
        }
        let confidence = f64::from(confidence.raw()) / 65536.0;
        let (mut low, mut high) = (0, WHOLE);
        // The probability is 1 at 0 and 1e-25 at the whole.
        while high - low > 1 {
            let middle = low.midpoint(high);
            if reached(middle) > confidence {
                low = middle;
            } else {
                high = middle;
            }
        }
        Ok(Self { limit: high })
    }
}

/// The probability that the distance is at least this: one less the share of the paths of 70 steps up and 30 right whose
/// points all stay within it.
fn reached(distance: u16) -> f64 {
    let mut inside = [0.0; NEW + 1];
    let mut all = [1.0; NEW + 1];
    for old in 0..=OLD {
        let (mut left, mut all_left) = (0.0, 0.0);
        for (new, (cell, whole)) in inside.iter_mut().zip(&mut all).enumerate() {
            let within = (old * NEW).abs_diff(new * OLD) < usize::from(distance);
            let start = old == 0 && new == 0;
            *cell = if start { 1.0 } else { *cell + left };
            if !within {
                *cell = 0.0;
            }
            left = *cell;
            if old > 0 {
                *whole += all_left;
            }
            all_left = *whole;
        }
    }
    let ([.., inside], [.., all]) = (inside, all);
    1.0 - inside / all
}

/// The last 100 values of a [`Kswin`], the oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KswinState {
    values: [Q16; OLD + NEW],
    count: u32,
}

impl Default for KswinState {
    fn default() -> Self {
        Self { values: [Q16::ZERO; OLD + NEW], count: 0 }
    }
}

impl KswinState {
    /// The distance, in steps of 1/2100.
    #[must_use]
    pub fn distance(&self) -> u16 {
        let mut most = 0;
        for at in self.values {
            let [old, new] = [(0, OLD), (OLD, NEW)].map(|(first, len)| {
                self.values.iter().skip(first).take(len).filter(|value| **value <= at).count()
            });
            most = most.max((old * NEW).abs_diff(new * OLD));
        }
        most as u16
    }
}

impl Detector for Kswin {
    type State = KswinState;

    fn update(&self, state: &mut KswinState, value: Q16) -> Level {
        state.values.rotate_left(1);
        let [.., last] = &mut state.values;
        *last = value;
        state.count = state.count.saturating_add(1);
        let full = state.count as usize >= OLD + NEW;
        Level::either(full && state.distance() >= self.limit, false)
    }

    fn check(&self) -> Result<()> {
        require("limit", self.limit > 0 && self.limit <= WHOLE)
    }
}
