//! The Lovász extension of one class of a frame: a sort of its errors, and the steps of the Jaccard loss.

use crate::num::ExactSum;
use crate::view::{Frame, IGNORE};

/// How the errors of a class are ordered, and what they are.
pub(super) trait Errors {
    /// What ranks are made of, pixel by pixel.
    fn planes(&self) -> [&[f32]; 2];
    /// A whole number for a pixel that is the larger the larger its error; 0 without an error, [`NO_NUMBER`] if it is NaN.
    fn rank(planes: [f32; 2], on: bool) -> u32;
    /// The error of a pixel, which has this rank.
    fn error(&self, rank: u32, pixel: usize, on: bool) -> f32;
}

/// The rank of what cannot be ordered.
pub(super) const NO_NUMBER: u32 = u32::MAX;

/// The extension for one class: `put` gets the derivative with respect to the score or probability whose growth makes
/// background wrong. `None` if no pixel is scored.
pub(super) fn extension<const C: usize, E: Errors>(
    frame: &Frame<'_, C>,
    ids: &[u8],
    class: usize,
    errors: &E,
    (entries, digits): (&mut [u32], &mut [u32]),
    mut put: impl FnMut(usize, f32),
) -> Option<f64> {
    let weights = frame.weights().map(|weights| weights.values());
    let pixels = ids.len();
    let (entries, buffer) = entries.split_at_mut_checked(2 * pixels)?;
    let last = frame.classes().saturating_sub(1).min(usize::from(u8::MAX)) as u8;
    let (Seen { largest, members, .. }, count) =
        unsorted(errors, (ids, weights), (class as u8, last), (entries, buffer))?;
    let sorted = sort(entries.get_mut(..2 * count).unwrap_or_default(), buffer, digits);
    let order = sorted
        .as_chunks::<2>()
        .0
        .iter()
        .map(|[key, pixel]| (!key, pixel & ON_CLASS != 0, (pixel & !ON_CLASS) as usize));
    // Two sums in turn: an addition has to wait for the last one to the same sum.
    let (mut this, mut other) = (&mut ExactSum::default(), &mut ExactSum::default());
    if largest == NO_NUMBER {
        this.add(f32::NAN);
    }
    let mut add = |(rank, on, pixel): (u32, bool, usize), step: f32| {
        this.add(errors.error(rank, pixel, on) * step);
        core::mem::swap(&mut this, &mut other);
        put(pixel, if on { -step } else { step });
    };
    if let Some(weights) = weights {
        let mut jaccard = Jaccard::new(weight_on(ids, class, weights));
        for entry in order {
            let mass = weights.get(entry.2).copied().unwrap_or(0.0);
            add(entry, jaccard.step(entry.1, f64::from(mass)));
        }
    } else {
        let mut jaccard = Jaccard::new(members);
        for entry in order {
            add(entry, jaccard.step(entry.1, 1));
        }
    }
    this.merge(other);
    Some(this.value())
}

/// Weight of pixels: counts, or `f64` sums of real weights.
pub(super) trait Mass:
    Copy + core::ops::Add<Output = Self> + core::ops::Sub<Output = Self> + PartialEq
{
    const ZERO: Self;
    fn to_f32(self) -> f32;
}

impl Mass for u32 {
    const ZERO: Self = 0;
    fn to_f32(self) -> f32 {
        self as f32
    }
}

impl Mass for f64 {
    const ZERO: Self = 0.0;
    fn to_f32(self) -> f32 {
        self as f32
    }
}

/// The Jaccard loss as pixels turn wrong one after the other.
pub(super) struct Jaccard<M> {
    /// Foreground not visited yet.
    intersection: M,
    union: M,
}

impl<M: Mass> Jaccard<M> {
    pub(super) fn new(foreground: M) -> Self {
        Self { intersection: foreground, union: foreground }
    }

    /// By how much the loss grows when pixels of this weight turn wrong.
    #[inline]
    pub(super) fn step(&mut self, positive: bool, mass: M) -> f32 {
        if mass == M::ZERO {
            return 0.0;
        }
        let union = self.union.to_f32();
        if positive {
            self.intersection = self.intersection - mass;
            return mass.to_f32() / union;
        }
        let first = self.union == M::ZERO;
        self.union = self.union + mass;
        if first {
            // No foreground at all: the first false positive makes the whole step from 0 to 1.
            return 1.0;
        }
        (self.intersection.to_f32() / union) * (mass.to_f32() / self.union.to_f32())
    }
}

/// Writes an entry for every pixel that makes a step; returns what is known of the ranks, and how many there are. `None` if
/// no pixel is scored.
fn unsorted<E: Errors>(
    errors: &E,
    (ids, weights): (&[u8], Option<&[f32]>),
    (class, last): (u8, u8),
    (entries, buffer): (&mut [u32], &mut [u32]),
) -> Option<(Seen, usize)> {
    let (ranks, rest) = buffer.split_at_mut_checked(ids.len())?;
    let ids = match weights {
        Some(weights) => weighted((ids, weights), bytemuck::must_cast_slice_mut(rest).get_mut(..ids.len())?),
        None => ids,
    };
    if ids.iter().all(|id| *id > last) {
        return None;
    }
    let seen = write_ranks(errors, ids, (class, last), ranks);
    // Once the whole class is wrong nothing that follows makes a step. Without a pixel of the class only the first does.
    let floor = if seen.members > 0 { seen.smallest } else { seen.largest };
    let count = collect(floor.max(1), (ids, class), ranks, entries);
    Some((seen, count))
}

/// The labels of the pixels that have weight: without it a pixel is not scored, whatever its score.
fn weighted<'a>((ids, weights): (&[u8], &[f32]), out: &'a mut [u8]) -> &'a [u8] {
    for (slot, (id, weight)) in out.iter_mut().zip(ids.iter().zip(weights)) {
        *slot = if *weight > 0.0 { *id } else { IGNORE };
    }
    out
}

/// What is known of the ranks of a class.
struct Seen {
    /// Of the pixels on the class.
    smallest: u32,
    /// Of all.
    largest: u32,
    /// Pixels on the class.
    members: u32,
}

/// Writes the rank of every pixel, 0 if its label is past the last class: it is not scored.
fn write_ranks<E: Errors>(errors: &E, ids: &[u8], (class, last): (u8, u8), ranks: &mut [u32]) -> Seen {
    let [first, second] = errors.planes();
    let mut seen = Seen { smallest: u32::MAX, largest: 0, members: 0 };
    for ((slot, id), (a, b)) in ranks.iter_mut().zip(ids).zip(first.iter().zip(second)) {
        let on = *id == class;
        let rank = if *id <= last { E::rank([*a, *b], on) } else { 0 };
        *slot = rank;
        seen.smallest = seen.smallest.min(if on { rank } else { u32::MAX });
        seen.largest = seen.largest.max(rank);
        seen.members += u32::from(on);
    }
    seen
}

/// Pixels that are looked at together.
const BLOCK: usize = 16;

/// Writes (inverted rank, pixel and whether it is on the class) for every pixel whose rank is at least `floor`; returns
/// how many.
fn collect(floor: u32, (ids, class): (&[u8], u8), ranks: &[u32], entries: &mut [u32]) -> usize {
    let slots = entries.as_chunks_mut::<2>().0;
    let (mut first, mut count) = (0_u32, 0);
    for (ranks, ids) in ranks.chunks(BLOCK).zip(ids.chunks(BLOCK)) {
        if ranks.iter().fold(false, |any, rank| any | (*rank >= floor)) {
            for ((pixel, rank), id) in (first..).zip(ranks).zip(ids) {
                // Written in any case, then kept or not: a branch could not be foreseen.
                if let Some(slot) = slots.get_mut(count) {
                    // Inverted, the largest comes first.
                    *slot = [!rank, pixel | u32::from(*id == class) << ON_CLASS.trailing_zeros()];
                }
                count += usize::from(*rank >= floor);
            }
        }
        first = first.wrapping_add(BLOCK as u32);
    }
    count
}

/// The weight of the class. An exact sum: rounding must not let the last pixels be taken from a total that is too
/// small.
fn weight_on(ids: &[u8], class: usize, weights: &[f32]) -> f64 {
    let mut sum = ExactSum::default();
    for (id, weight) in ids.iter().zip(weights) {
        if usize::from(*id) == class {
            sum.add(*weight);
        }
    }
    sum.value()
}

/// The bit of a pixel's number that says whether its label is the class.
const ON_CLASS: u32 = 1 << 31;
/// Frames have fewer pixels than this.
pub(super) const MOST_PIXELS: usize = ON_CLASS as usize;

/// Bits of a digit: three digits cover the 32 bits of a key.
const DIGIT_BITS: u32 = 11;
const VALUES: usize = 1 << DIGIT_BITS;
/// Words for the digit counts of the sort.
pub(super) const DIGITS: usize = 3 * VALUES;

/// The digit of a key at a place.
#[inline(always)]
const fn digit(key: u32, place: u32) -> usize {
    (key >> (DIGIT_BITS * place)) as usize % VALUES
}

/// Stable radix sort of pairs by their first element, ascending. Returns the buffer that holds the result.
fn sort<'a>(pairs: &'a mut [u32], buffer: &'a mut [u32], digits: &mut [u32]) -> &'a [u32] {
    let len = pairs.len();
    let (mut from, mut to) = (pairs, buffer.get_mut(..len).unwrap_or_default());
    digits.fill(0);
    let digits = digits.as_chunks_mut::<VALUES>().0;
    if let [first, second, third] = digits {
        for [key, _] in from.as_chunks::<2>().0 {
            for (place, counts) in (0..).zip([&mut *first, &mut *second, &mut *third]) {
                if let Some(n) = counts.get_mut(digit(*key, place)) {
                    *n += 1;
                }
            }
        }
    }
    for (place, counts) in (0..).zip(digits) {
        // A digit that all keys share orders nothing.
        if counts.iter().any(|n| *n as usize == len / 2) {
            continue;
        }
        let mut start = 0;
        for n in counts.iter_mut() {
            (*n, start) = (start, start + *n);
        }
        let slots = to.as_chunks_mut::<2>().0;
        for pair in from.as_chunks::<2>().0 {
            let [key, _] = *pair;
            if let Some(next) = counts.get_mut(digit(key, place)) {
                if let Some(slot) = slots.get_mut(*next as usize) {
                    *slot = *pair;
                }
                *next += 1;
            }
        }
        (from, to) = (to, from);
    }
    from
}
