//! What is summed per pixel, and what a pixel's derivative is: all that a pass knows of a loss. A pass is compiled once
//! for each kernel, not for each loss.

use super::pixels::Pixel;
use crate::num::ExactSum;
use crate::simd::Simd;

/// Sums over pixels, class by class, and the derivative of a pixel. Losses that add up the same share one
/// ([`SumLoss::Kernel`](super::SumLoss::Kernel)).
pub trait Kernel: Copy + PartialEq + Send + Sync {
    /// The summands of a class, an array: `[T; K]`.
    type Terms<T: Copy + Send>: Terms<T>;
    /// What the gradient pass needs to know of the totals, per class.
    type Slope: Copy + Default + Send + Sync;

    /// Whether the loss is about the probability that a pixel gives to its own label. Then every class counts, and
    /// a slope is `-dL / d ln p`; else it is `dL / dp`.
    const POINTWISE: bool;
    /// Whether slopes depend on the weights of the labels alone: value and gradient can then share one pass.
    const EARLY: bool = Self::POINTWISE;

    /// Whether a pixel has terms, other than 0, for the class of its hard label alone.
    const OWN_LABEL: bool = false;

    /// The array with one value in every place.
    fn fill<T: Copy + Send>(value: T) -> Self::Terms<T> {
        Terms::filled(value)
    }
    /// The summands of one class of a pixel.
    fn terms<S: Simd>(&self, s: S, pixel: &Pixel<S::V>) -> Self::Terms<S::V>;
    /// The derivative of the loss with respect to the probability of one class of a pixel.
    fn slope<S: Simd>(&self, s: S, slope: &Self::Slope, pixel: &Pixel<S::V>) -> S::V;
    /// Whether a binary frame's background is a class of its own. Always if [`Kernel::POINTWISE`].
    fn background(&self) -> bool {
        Self::POINTWISE
    }
    /// Distances between classes, row by row, by which [`Pixel::complement`] of a multiclass pixel is
    /// `sum_k distance[class][k] p_k`, and a slope the derivative with respect to that; [`Pixel::probability`] is
    /// `sum_k (1 - distance[class][k]) p_k`.
    fn distances(&self) -> Option<&[f32]> {
        None
    }
    /// Whether `1 - p` stands for the sum of the other classes' probabilities, by their distances, and `p` for 1 less that.
    fn complement_is_sum(&self) -> bool {
        false
    }
}

/// The summands of a class: an array.
pub trait Terms<T>: Copy + Send + AsRef<[T]> + AsMut<[T]> {
    /// One value in every place.
    fn filled(value: T) -> Self;
}

impl<T: Copy + Send, const N: usize> Terms<T> for [T; N] {
    fn filled(value: T) -> Self {
        [value; N]
    }
}

/// Totals of a class before they are numbers.
pub(super) type ClassTotals<K> = <K as Kernel>::Terms<ExactSum>;
/// Totals of every class; `None` stands for no rows yet, so that a partial result can be made without knowing
/// the kernel.
pub(super) type Totals<K, const C: usize> = Option<[ClassTotals<K>; C]>;

pub(super) fn merge<K: Kernel, const C: usize>(total: &mut Totals<K, C>, part: &Totals<K, C>) {
    let Some(part) = part else { return };
    let Some(total) = total else {
        *total = Some(*part);
        return;
    };
    for (total, part) in total.iter_mut().zip(part) {
        for (sum, more) in total.as_mut().iter_mut().zip(part.as_ref()) {
            sum.merge(more);
        }
    }
}

#[inline(always)]
pub(super) fn add<S: Simd, K: Kernel>(lanes: &mut K::Terms<S::Block>, vector: usize, terms: &K::Terms<S::V>) {
    for (lane, term) in lanes.as_mut().iter_mut().zip(terms.as_ref()) {
        if let Some(lane) = lane.as_mut().get_mut(vector) {
            *lane = *lane + *term;
        }
    }
}

#[inline(always)]
pub(super) fn fold<S: Simd, K: Kernel>(s: S, totals: &mut ClassTotals<K>, lanes: &K::Terms<S::Block>) {
    for (total, lanes) in totals.as_mut().iter_mut().zip(lanes.as_ref()) {
        total.add(s.fold(*lanes));
    }
}
