//! Counts over frames.

/// Adds `N` counts of frames, tiles or devices; says whether one of them no longer fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(super) struct Tally<const N: usize> {
    pub(super) counts: [u64; N],
    pub(super) saturated: bool,
}

impl<const N: usize> Default for Tally<N> {
    fn default() -> Self {
        Self { counts: [0; N], saturated: false }
    }
}

impl<const N: usize> Tally<N> {
    pub(super) fn add(&mut self, others: [u64; N]) {
        for (own, other) in self.counts.iter_mut().zip(others) {
            let (sum, overflow) = own.overflowing_add(other);
            *own = if overflow { u64::MAX } else { sum };
            self.saturated |= overflow;
        }
    }
    pub(super) fn merge(&mut self, other: &Self) {
        self.add(other.counts);
        self.saturated |= other.saturated;
    }
}
