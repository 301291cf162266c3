//! Bins in which squared distances are counted.

/// Bins of the search for a percentile: as many as make 9 bits of a squared distance, a count for every kind.
pub(super) const BINS: usize = 512;
pub(super) const BIN_BITS: u32 = BINS.trailing_zeros();
pub(super) const BIN_WORDS: usize = 3 * BINS;

/// Squared distances below this have a bin each where all are counted; those above share 8 from one power of two to the
/// next.
pub(super) const EXACT: u64 = 256;
const PARTS: u64 = 8;

/// The bin of a squared distance among all; none from 2^40 on.
#[inline(always)]
pub(super) const fn place(squared: u64) -> u64 {
    if squared < EXACT {
        return squared;
    }
    let octave = squared.ilog2();
    let step = octave - PARTS.ilog2();
    EXACT - PARTS + PARTS * (octave - EXACT.ilog2()) as u64 + (squared >> step)
}

/// The least squared distance of a bin among all, and of how many bits those in it differ.
pub(super) const fn span(place: u64) -> (u64, u32) {
    if place < EXACT {
        return (place, 0);
    }
    let (octave, part) = ((place - EXACT) / PARTS, place % PARTS);
    let step = octave as u32 + EXACT.ilog2() - PARTS.ilog2();
    ((PARTS + part) << step, step)
}

/// The count of a bin for a kind of contour.
#[inline(always)]
pub(super) fn bin(bins: &mut [u32], place: u64, kind: usize) -> Option<&mut u32> {
    let bins = bins.as_chunks_mut::<3>().0;
    usize::try_from(place).ok().and_then(|place| bins.get_mut(place)).and_then(|parts| parts.get_mut(kind))
}
