//! The Lovász extension of one class of a frame: a sort of its errors, and the steps of the Jaccard loss.

use crate::num::ExactSum;
use crate::view::Frame;

/// How the errors of a class are ordered, and what they are.
pub(super) trait Errors {
    /// A whole number for a pixel that is the larger the larger its error; 0 without an error, [`NO_NUMBER`] if it is NaN.
    fn rank(&self, pixel: usize, on: bool) -> u32;
    /// The error of a pixel, which has this rank.
    fn error(&self, rank: u32, pixel: usize, on: bool) -> f32;
}

/// The rank of what cannot be ordered.
pub(super) const NO_NUMBER: u32 = u32::MAX;

/// The extension for one class: `put` gets the derivative with respect to the score or probability whose growth makes
/// background wrong. `None` if no pixel is scored.
pub(super) fn extension<const C: usize>(
    frame: &Frame<'_, C>,
    ids: &[u8],
    class: usize,
    errors: &impl Errors,
    (entries, digits): (&mut [u32], &mut [u32]),
    mut put: impl FnMut(usize, f32),
) -> Option<f64> {
    let weights = frame.weights().map(|weights| weights.values());
    let labels = ClassLabels { ids, class, classes: frame.classes(), weights };
    let floor = labels.floor(errors)?;
    let (entries, buffer) = entries.split_at_mut_checked(2 * ids.len())?;
    let (mut sum, count, bits) = labels.collect(floor, errors, entries);
    let sorted = sort(entries.get_mut(..2 * count).unwrap_or_default(), bits, buffer, digits);
    let order = sorted
        .as_chunks::<2>()
        .0
        .iter()
        .map(|[key, pixel]| (!key, pixel & ON_CLASS != 0, (pixel & !ON_CLASS) as usize));
    let mut add = |(rank, on, pixel): (u32, bool, usize), step: f32| {
        sum.add(errors.error(rank, pixel, on) * step);
        put(pixel, if on { -step } else { step });
    };
    if let Some(weights) = weights {
        let mut jaccard = Jaccard::new(labels.weight_on(weights));
        for entry in order {
            let mass = weights.get(entry.2).copied().unwrap_or(0.0);
            add(entry, jaccard.step(entry.1, f64::from(mass)));
        }
    } else {
        let members = ids.iter().map(|id| u32::from(usize::from(*id) == class)).sum();
        let mut jaccard = Jaccard::new(members);
        for entry in order {
            add(entry, jaccard.step(entry.1, 1));
        }
    }
    Some(sum.value())
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

/// The labels of a frame as one class sees them.
struct ClassLabels<'a> {
    ids: &'a [u8],
    class: usize,
    classes: usize,
    weights: Option<&'a [f32]>,
}

impl ClassLabels<'_> {
    /// Pixels that have a label and a weight, and whether it is the class.
    fn scored(&self) -> impl Iterator<Item = (u32, bool)> {
        let weight = |pixel: u32| {
            // A pixel without weight is not scored, whatever its score.
            self.weights.is_none_or(|weights| weights.get(pixel as usize).is_some_and(|weight| *weight > 0.0))
        };
        let pixels = (0u32..).zip(self.ids);
        pixels
            .filter(move |(pixel, id)| usize::from(**id) < self.classes && weight(*pixel))
            .map(|(pixel, id)| (pixel, usize::from(*id) == self.class))
    }

    /// The smallest rank that makes a step: once the whole class is wrong nothing that follows does. Without a pixel of
    /// the class that is the largest. `None` if no pixel is scored.
    fn floor(&self, errors: &impl Errors) -> Option<u32> {
        let mut smallest: Option<u32> = None;
        for (pixel, _) in self.scored().filter(|(_, on)| *on) {
            let rank = errors.rank(pixel as usize, true);
            smallest = Some(smallest.map_or(rank, |smallest| smallest.min(rank)));
            if rank == 0 {
                return smallest;
            }
        }
        smallest.or_else(|| self.scored().map(|(pixel, _)| errors.rank(pixel as usize, false)).max())
    }

    /// Writes (inverted rank, pixel and whether it is on the class) for every scored pixel with an error that makes a
    /// step; returns a sum that is NaN if the error of a scored pixel is, how many, and in how many low bits the keys
    /// differ.
    fn collect(&self, floor: u32, errors: &impl Errors, entries: &mut [u32]) -> (ExactSum, usize, u32) {
        let mut sum = ExactSum::default();
        let (mut count, mut any, mut all) = (0, 0, u32::MAX);
        let slots = entries.as_chunks_mut::<2>().0;
        for (pixel, on) in self.scored() {
            let rank = errors.rank(pixel as usize, on);
            if rank == NO_NUMBER {
                sum.add(f32::NAN);
            }
            if rank >= floor.max(1)
                && let Some(slot) = slots.get_mut(count)
            {
                // Inverted, the largest comes first.
                let key = !rank;
                *slot = [key, if on { pixel | ON_CLASS } else { pixel }];
                (count, any, all) = (count + 1, any | key, all & key);
            }
        }
        (sum, count, u32::BITS - (any & !all).leading_zeros())
    }

    /// The weight of the class. An exact sum: rounding must not let the last pixels be taken from a total that is too
    /// small.
    fn weight_on(&self, weights: &[f32]) -> f64 {
        let mut sum = ExactSum::default();
        for (id, weight) in self.ids.iter().zip(weights) {
            if usize::from(*id) == self.class {
                sum.add(*weight);
            }
        }
        sum.value()
    }
}

/// The bit of a pixel's number that says whether its label is the class.
const ON_CLASS: u32 = 1 << 31;
/// Frames have fewer pixels than this.
pub(super) const MOST_PIXELS: usize = ON_CLASS as usize;

/// Bits of a digit: three digits cover the 32 bits of a rank.
const DIGIT_BITS: u32 = 11;
/// Words for the digit counts of the sort.
pub(super) const DIGITS: usize = 3 << DIGIT_BITS;

/// Stable radix sort of pairs by their first element, ascending; all above its `low` lowest bits is the same. Returns the buffer that holds the result.
fn sort<'a>(pairs: &'a mut [u32], low: u32, buffer: &'a mut [u32], digits: &mut [u32]) -> &'a [u32] {
    let len = pairs.len();
    let (mut from, mut to) = (pairs, buffer.get_mut(..len).unwrap_or_default());
    // Narrow digits: fewer places that a pass writes to in turn.
    let bits = low.div_ceil(3).clamp(1, DIGIT_BITS);
    let buckets = 1_usize << bits;
    let digit = |key: u32, place: u32| ((key >> (place * bits)) as usize) & (buckets - 1);
    let digits = digits.get_mut(..3 * buckets).unwrap_or_default();
    digits.fill(0);
    for [key, _] in from.as_chunks::<2>().0 {
        for (place, counts) in (0..).zip(digits.chunks_mut(buckets.max(1))) {
            if let Some(n) = counts.get_mut(digit(*key, place)) {
                *n += 1;
            }
        }
    }
    for (place, counts) in (0..).zip(digits.chunks_mut(buckets.max(1))) {
        let mut start = 0;
        for n in counts.iter_mut() {
            (*n, start) = (start, start + *n);
        }
        let slots = to.as_chunks_mut::<2>().0;
        for pair in from.as_chunks::<2>().0 {
            let [key, _] = *pair;
            if let Some(place) = counts.get_mut(digit(key, place)) {
                if let Some(slot) = slots.get_mut(*place as usize) {
                    *slot = *pair;
                }
                *place += 1;
            }
        }
        (from, to) = (to, from);
    }
    from
}
