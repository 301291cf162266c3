//! Distances of counts to those of a sealed reference, on bins that only the reference decides.

mod histogram;
mod kind;

pub use histogram::Histogram;
use kind::Totals;
pub use kind::{Distance, Fraction};

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
        let mut reference = Self { counts, ..Self::EMPTY };
        reference.set(|_| Ok(()))?;
        Ok(reference)
    }

    /// No pixel: room for a reference.
    pub(super) const EMPTY: Self =
        Self { counts: [0; CODES], total: 0, edges: [None; BINS - 1], bins: [0; BINS] };

    /// Changes the counts in place, and seals them.
    pub(super) fn set(&mut self, change: impl FnOnce(&mut [u32; CODES]) -> Result<()>) -> Result<()> {
        change(&mut self.counts)?;
        let total: u64 = self.counts.iter().map(|n| u64::from(*n)).sum();
        if total == 0 || total > u64::from(u32::MAX) {
            return Err(Error::Parameter("reference"));
        }
        let mut edges = [None; BINS - 1];
        let (mut slots, mut below, mut quantile) = (edges.iter_mut(), 0u64, 1u64);
        for (index, count) in indices().zip(&self.counts) {
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
        (self.total, self.edges) = (total, edges);
        self.bins = self.binned(|index| self.counts.get(usize::from(index)).map_or(0, |n| u64::from(*n)));
        Ok(())
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

    /// The pixels of every bin, `0` in those that are not used.
    fn here<N: Count>(&self, sketch: &Sketch<N>) -> [u64; BINS] {
        self.binned(|index| sketch.pixels_at(index))
    }

    /// A distance of a sketch to the reference; `None` as [`Distance::between`] says.
    ///
    /// Those that take a logarithm, or divide by a share, compare the bins: of these only the last, of codes above
    /// all of the reference, can be empty there. All others compare the codes.
    ///
    /// ```
    /// use segmeter_core::{drift::{Distance, Reference}, sketch::Sketch, view::Quantiser};
    /// let mut counts = [0; 256];
    /// (counts[10], counts[200]) = (300, 100);
    /// let reference = Reference::new(counts)?;
    /// let mut sketch = Sketch::<u32>::new(&Quantiser::probabilities());
    /// sketch.push_unlabelled(&[10u8, 200, 200, 200]);
    /// assert_eq!(reference.distance(Distance::TotalVariation, &sketch), Some(0.5));
    /// assert_eq!(reference.distance(Distance::ChiSquared, &sketch), Some(16.0 / 3.0));
    /// # Ok::<(), segmeter_core::Error>(())
    /// ```
    // Inlined: a distance that is known where it is called leaves the code of the other eleven out of an image.
    #[inline(always)]
    #[must_use]
    pub fn distance<N: Count>(&self, distance: Distance, sketch: &Sketch<N>) -> Option<f32> {
        if distance.wants_bins() {
            let bins = self.edges().count() + 1;
            return distance.of(self.here(sketch).into_iter().zip(self.bins).take(bins));
        }
        let counts = self.counts.iter().map(|count| u64::from(*count));
        let pairs = indices().map(|index| sketch.pixels_at(index)).zip(counts);
        distance.with(Totals::new(sketch.pixels(), self.total, CODES as u32)?, pairs)
    }

    /// [`Distance::PopulationStability`]. 0 for equal shares; no upper bound. `None` for an empty sketch.
    #[must_use]
    pub fn population_stability_index<N: Count>(&self, sketch: &Sketch<N>) -> Option<f32> {
        self.distance(Distance::PopulationStability, sketch)
    }

    /// [`Distance::Wasserstein`] in steps of a code; times the quantiser's scale it is in units of the logit. `None`
    /// for an empty sketch.
    #[must_use]
    pub fn wasserstein<N: Count>(&self, sketch: &Sketch<N>) -> Option<f32> {
        self.distance(Distance::Wasserstein, sketch)
    }
}
