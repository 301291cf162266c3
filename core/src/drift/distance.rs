//! Distances of a frame's codes to those of a sealed reference.

use crate::error::{Error, Result};
use crate::sketch::{CODES, Count, Sketch, indices};

/// Bins of the population stability index: quantiles of the reference.
const BINS: usize = 16;

/// The codes of in-control frames, sealed: counts by code index, and the bins that follow from them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    counts: [u32; CODES],
    total: u64,
    /// Highest index of each bin but the last; `None` where an edge fell on its neighbour.
    edges: [Option<u8>; BINS - 1],
    bins: [u64; BINS],
}

impl Reference {
    /// Seals counts by code index (0 the lowest code).
    ///
    /// An edge is the lowest code at which the cumulative share reaches 1/16, 2/16 ...; edges that fall on the
    /// same code are one.
    ///
    /// # Errors
    /// [`Error::Parameter`] if there is no pixel, or 2^32 and more.
    pub fn new(counts: [u32; CODES]) -> Result<Self> {
        let total: u64 = counts.iter().map(|n| u64::from(*n)).sum();
        if total == 0 || total > u64::from(u32::MAX) {
            return Err(Error::Parameter("reference"));
        }
        let mut edges = [None; BINS - 1];
        let (mut slots, mut below, mut quantile) = (edges.iter_mut(), 0u64, 1u64);
        for (index, count) in indices().zip(&counts) {
            below += u64::from(*count);
            let mut is_edge = false;
            while quantile < BINS as u64 && below * BINS as u64 >= quantile * total {
                quantile += 1;
                is_edge = true;
            }
            if is_edge && let Some(slot) = slots.next() {
                *slot = Some(index);
            }
        }
        let mut reference = Self { counts, total, edges, bins: [0; BINS] };
        reference.bins =
            reference.binned(|index| counts.get(usize::from(index)).map_or(0, |n| u64::from(*n)));
        Ok(reference)
    }

    /// The sealed counts by code index.
    #[must_use]
    pub const fn counts(&self) -> &[u32; CODES] {
        &self.counts
    }

    /// Highest code index of each bin but the last.
    pub fn edges(&self) -> impl Iterator<Item = u8> + '_ {
        self.edges.iter().flatten().copied()
    }

    fn binned(&self, count: impl Fn(u8) -> u64) -> [u64; BINS] {
        let mut bins = [0; BINS];
        let mut edges = self.edges();
        let mut edge = edges.next();
        let mut slots = bins.iter_mut();
        let mut bin = slots.next();
        for index in indices() {
            if edge.is_some_and(|edge| index > edge) {
                edge = edges.next();
                bin = slots.next();
            }
            if let Some(bin) = bin.as_deref_mut() {
                *bin += count(index);
            }
        }
        bins
    }

    /// Population stability index: `sum (a - b) ln(a / b)` over the bins, with half a pixel added to each bin on
    /// both sides. 0 for equal shares; no upper bound. `None` for an empty sketch.
    #[must_use]
    pub fn population_stability_index<N: Count>(&self, sketch: &Sketch<N>) -> Option<f32> {
        let here = self.binned(|index| sketch.pixels_at(index));
        let pixels: u64 = here.iter().sum();
        if pixels == 0 {
            return None;
        }
        let bins = self.edges().count() + 1;
        let smoothed = |count: u64, total: u64| (count as f32 + 0.5) / (total as f32 + 0.5 * bins as f32);
        let mut sum = 0.0;
        for (now, then) in here.iter().zip(self.bins).take(bins) {
            let (a, b) = (smoothed(*now, pixels), smoothed(then, self.total));
            sum += (a - b) * libm::logf(a / b);
        }
        Some(sum)
    }

    /// Wasserstein-1 distance in steps of a code: the area between the two distribution functions, exact until
    /// the last division. Times the quantiser's scale it is in units of the logit. `None` for an empty sketch.
    #[must_use]
    pub fn wasserstein<N: Count>(&self, sketch: &Sketch<N>) -> Option<f32> {
        let pixels = sketch.pixels();
        let (mut here, mut there, mut area) = (0u64, 0u64, 0u128);
        for (index, count) in indices().zip(&self.counts) {
            here += sketch.pixels_at(index);
            there += u64::from(*count);
            let (a, b) = (u128::from(here) * u128::from(self.total), u128::from(there) * u128::from(pixels));
            area += a.abs_diff(b);
        }
        (pixels != 0).then(|| (area as f64 / (pixels as f64 * self.total as f64)) as f32)
    }
}
