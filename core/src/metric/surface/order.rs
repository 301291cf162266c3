//! The order of the distances of a frame: percentiles, from counts of distances in bins.

use super::bins::{BIN_BITS, BINS, EXACT, bin, place, span};
use super::definition::Percentile;
use super::distances::Distances;
use super::report::{Counts, Sums, elements};

/// A place in the order of distances.
struct Found {
    squared: u64,
    /// Contour up to it, itself included.
    reached: Counts,
    /// The next larger squared distance that occurs.
    next: u64,
}

impl Distances<'_> {
    /// `counted`: the bins hold what these sums are of.
    pub(super) fn quantile(
        &mut self,
        percentile: Percentile,
        directions: [bool; 2],
        &Sums { count, largest, .. }: &Sums,
        counted: bool,
    ) -> f64 {
        let (definition, shape) = (self.definition, self.shape);
        let length = |squared| definition.length(shape, squared);
        if percentile.is_first_reached() {
            let whole = definition.contour_length(count);
            // The first distance that there is, for a quantile of 0.
            let reached = |counts| {
                elements(counts) > 0 && definition.contour_length(counts) / whole >= percentile.quantile
            };
            return length(self.search(directions, largest, counted, reached).squared);
        }
        let (place, part) = percentile.place(elements(count));
        let found = self.search(directions, largest, counted, |counts| elements(counts) > place);
        let low = length(found.squared);
        let high = if elements(found.reached) > place + 1 { low } else { length(found.next) };
        if part > 0.0 { low + (high - low) * part } else { low }
    }

    /// The smallest squared distance up to which enough contour is `reached`.
    ///
    /// Radix selection: the bin that holds it among all, then a histogram of the next 9 bits within the bin.
    fn search(
        &mut self,
        directions: [bool; 2],
        largest: u64,
        counted: bool,
        reached: impl Fn(Counts) -> bool,
    ) -> Found {
        let bits = u64::BITS - largest.leading_zeros();
        let mut shift = bits.saturating_sub(BIN_BITS);
        let (mut low, mut counts) = (0_u64, Counts::default());
        if place(largest) < BINS as u64 {
            if !counted {
                self.histogram(directions, 0, None);
            }
            let mut bins = self.bins.as_chunks::<3>().0.iter().zip(0_u64..);
            let (bin, with) = up_to(&mut bins, &mut counts, &reached);
            let later = bins.find(|(parts, _)| **parts != [0; 3]).map_or(0, |(_, place)| place);
            if bin.max(later) < EXACT {
                let next = if later == 0 { u64::MAX } else { later };
                return Found { squared: bin, reached: with, next };
            }
            let (least, bits) = span(bin);
            (low, shift) = (least, bits.saturating_sub(BIN_BITS));
        }
        loop {
            let beyond = self.histogram(directions, low, Some(shift));
            let mut bins = self.bins.as_chunks::<3>().0.iter().zip(0_u64..);
            let (bin, with) = up_to(&mut bins, &mut counts, &reached);
            low += bin << shift;
            if shift == 0 {
                let later = bins.find(|(parts, _)| **parts != [0; 3]).map(|(_, place)| low - bin + place);
                return Found { squared: low, reached: with, next: later.unwrap_or(beyond) };
            }
            shift = shift.saturating_sub(BIN_BITS);
        }
    }

    /// Counts the squared distances from `low` on in bins of `2^shift`, or else in those of all; says which is the smallest
    /// beyond the bins.
    fn histogram(&mut self, directions: [bool; 2], low: u64, shift: Option<u32>) -> u64 {
        let bins = core::mem::take(&mut self.bins);
        bins.fill(0);
        let mut beyond = u64::MAX;
        for (direction, _) in directions.iter().enumerate().filter(|(_, taken)| **taken) {
            self.visit(direction, low, |squared, kind, parts| {
                if squared < low {
                    return;
                }
                let place = shift.map_or_else(|| place(squared), |shift| (squared - low) >> shift);
                match bin(bins, place, kind) {
                    Some(count) => *count += parts,
                    None => beyond = beyond.min(squared),
                }
            });
        }
        self.bins = bins;
        beyond
    }
}

/// Adds bins to `counts` until enough is `reached`: the bin that does it, or the last, and the counts with it.
fn up_to<'a>(
    bins: &mut impl Iterator<Item = (&'a [u32; 3], u64)>,
    counts: &mut Counts,
    reached: impl Fn(Counts) -> bool,
) -> (u64, Counts) {
    let mut last = 0;
    for (parts, place) in bins {
        let mut with = *counts;
        with.iter_mut().zip(parts).for_each(|(count, part)| *count += u64::from(*part));
        last = place;
        if reached(with) {
            return (place, with);
        }
        *counts = with;
    }
    (last, *counts)
}
