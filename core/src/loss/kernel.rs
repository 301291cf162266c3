//! What is summed per pixel, and what a pixel's derivative is: all that a pass knows of a loss. A pass is compiled once
//! for each kernel, not for each loss.

use super::walk::Pixel;
use crate::num::ExactSum;
use crate::simd::Simd;

/// What a kernel reads of a pixel, and what its slopes are derivatives of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// The probability of every class, each for itself: a slope is `dL / dp`.
    Classes,
    /// How probable the label is: a slope is `-dL / d ln p`, and a pixel has terms for the class of its label alone.
    Label,
    /// As [`Reads::Label`] of labels that are shared among classes by the kernel: each has terms.
    Labels,
}

impl Reads {
    pub(super) const fn is_of_labels(self) -> bool {
        !matches!(self, Self::Classes)
    }
}

/// When the slopes of a kernel are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slopes {
    /// Once every pixel is summed: the gradient is a second pass.
    OfSums,
    /// The same, and of a pixel nothing is read but probability and complement, weights and labels. The first pass keeps its
    /// exponentials where the gradient will be, if that is written over: the second has none.
    OfProbabilities,
    /// From the weights of the labels: value and gradient share one pass.
    OfMasses,
}

/// Sums over pixels, class by class, and the derivative of a pixel. Losses that add up the same share one
/// ([`SumLoss::Kernel`](super::SumLoss::Kernel)).
pub trait Kernel: Copy + PartialEq + Send + Sync {
    /// The summands of a class, an array: `[T; K]`.
    type Terms<T: Copy + Send>: Terms<T>;
    /// What the gradient pass needs to know of the totals, per class.
    type Slope: Copy + Default + Send + Sync;

    /// What is read of a pixel.
    const READS: Reads;
    /// When slopes are known.
    const SLOPES: Slopes = Slopes::OfSums;

    /// The array with one value in every place.
    fn fill<T: Copy + Send>(value: T) -> Self::Terms<T> {
        Terms::filled(value)
    }
    /// The summands of one class of a pixel. Its weight is a factor of theirs: [`Pixel::mass`] has it on the side of the
    /// label.
    fn terms<S: Simd>(&self, s: S, pixel: &Pixel<S::V>) -> Self::Terms<S::V>;
    /// The derivative of the loss that [`Kernel::READS`] is about: by the probability of one class of a pixel, or that by
    /// `-ln p` of its label. The pixel's weight is a factor of it, too.
    fn slope<S: Simd>(&self, s: S, slope: &Self::Slope, pixel: &Pixel<S::V>) -> S::V;
    /// Whether a binary frame's background is a class of its own. Not asked of kernels that read labels: there it is.
    fn background(&self) -> bool {
        false
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

/// What a pass makes gradients of.
#[derive(Clone, Copy)]
pub(super) struct Derivative<K: Kernel, const C: usize> {
    /// Of every class.
    pub(super) slopes: [K::Slope; C],
    /// What the gradient is multiplied by.
    pub(super) weight: f32,
    /// Whether it takes the place of what is there; else it is added.
    pub(super) overwrites: bool,
}

impl<K: Kernel, const C: usize> Derivative<K, C> {
    /// The same with room for another number of classes.
    pub(super) fn resized<const D: usize>(self) -> Derivative<K, D> {
        let Self { slopes, weight, overwrites } = self;
        Derivative { slopes: resize(&slopes, K::Slope::default()), weight, overwrites }
    }
}

pub(super) fn resize<T: Copy, const A: usize, const B: usize>(from: &[T; A], rest: T) -> [T; B] {
    core::array::from_fn(|place| from.get(place).copied().unwrap_or(rest))
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
pub(super) fn add<S: Simd, K: Kernel>(
    s: S,
    lanes: &mut K::Terms<S::Lanes>,
    vector: usize,
    terms: &K::Terms<S::V>,
) {
    for (lanes, term) in lanes.as_mut().iter_mut().zip(terms.as_ref()) {
        s.add(lanes, vector, *term);
    }
}

#[inline(always)]
pub(super) fn fold<S: Simd, K: Kernel>(s: S, totals: &mut ClassTotals<K>, lanes: &K::Terms<S::Lanes>) {
    for (total, lanes) in totals.as_mut().iter_mut().zip(lanes.as_ref()) {
        total.add(s.fold(*lanes));
    }
}
