//! One walk over the rows of a multiclass frame.

use core::ops::Range;

use super::Job;
use super::pass::ratio;
use super::pixels::{Pixel, SEGMENT};
use crate::loss::kernel::{Derivative, Kernel, Reads, Totals, add, fold, merge};
use crate::num::{ExactSum, ln1p, minus_ln};
use crate::simd::{BLOCK, Simd, Vector};
use crate::view::{Activation, Frame};

mod block;
mod precise;

pub(in crate::loss) use block::{BLOCKS, Block, Class, load, write};
pub(in crate::loss) use precise::PrecisePass;

/// Adds up the terms of every class, or writes the gradient, or both.
pub(in crate::loss) struct ClassPass<'a, K: Kernel, const C: usize> {
    pub(in crate::loss) kernel: K,
    pub(in crate::loss) frame: Frame<'a, C>,
    pub(in crate::loss) sums: bool,
    pub(in crate::loss) gradient: Option<Derivative<K, C>>,
}

/// The classes of one vector of pixels. What a loss does not use of a class is not computed.
pub(in crate::loss) struct Classes<V, const C: usize> {
    /// Probabilities before they are multiplied by `share`.
    parts: [V; C],
    share: V,
    /// `-ln` of them, not bounded, and what each still lacks.
    gaps: [V; C],
    log_total: V,
    /// The most probable class, the lowest at a tie, as a number.
    top: V,
    /// The complement of its probability, summed from the others.
    top_complement: V,
    /// Above it that is the complement: only the most probable class can be above a half, unless probabilities are given,
    /// which need not sum to 1.
    half: V,
    /// Its score.
    pub(in crate::loss) best: V,
    /// The sum of the other exponentials below it.
    pub(in crate::loss) rest: V,
}

impl<V: Vector, const C: usize> Classes<V, C> {
    pub(in crate::loss) fn new<S: Simd<V = V>>(s: S) -> Self {
        let zero = s.splat(0.0);
        Self {
            parts: [zero; C],
            share: zero,
            gaps: [zero; C],
            log_total: zero,
            top: zero,
            top_complement: zero,
            half: zero,
            best: zero,
            rest: zero,
        }
    }

    /// From the first `count` scores. A function of its own, so that it is not compiled into every loss.
    #[inline(never)]
    pub(in crate::loss) fn read<S: Simd<V = V>>(
        &mut self,
        s: S,
        block: &Block<C>,
        count: usize,
        vector: usize,
        activation: Activation,
    ) {
        s.vectorize(
            #[inline(always)]
            || self.of(s, block.scores.get(..count).unwrap_or_default(), vector, activation),
        );
    }

    #[inline(always)]
    fn of<S: Simd<V = V>>(&mut self, s: S, scores: &[[f32; BLOCK]], vector: usize, activation: Activation) {
        let (zero, one) = (s.splat(0.0), s.splat(1.0));
        let (top, best) = top(s, scores, vector);
        (self.top, self.best) = (top, best);
        let outputs = self.parts.iter_mut().zip(&mut self.gaps);
        if activation == Activation::Probabilities {
            for (scores, (part, gap)) in scores.iter().zip(outputs) {
                *part = s.load(scores, vector);
                *gap = minus_ln(s, *part);
            }
            (self.share, self.log_total) = (one, zero);
            (self.top_complement, self.half, self.rest) = (zero, s.splat(f32::INFINITY), zero);
            return;
        }
        let (mut rest, mut class) = (zero, zero);
        for (scores, (part, gap)) in scores.iter().zip(outputs) {
            *gap = best - s.load(scores, vector);
            *part = s.exp_nonpositive(zero - *gap);
            rest = top.select_equal(class, rest, rest + *part);
            class = class + one;
        }
        (self.share, self.log_total) = (one / (one + rest), ln1p(s, rest));
        (self.top_complement, self.half, self.rest) = (rest * self.share, s.splat(0.5), rest);
    }

    #[inline(always)]
    pub(in crate::loss) fn probability<S: Simd<V = V>>(&self, s: S, class: usize) -> V {
        at(s, &self.parts, class) * self.share
    }

    #[inline(always)]
    pub(in crate::loss) fn complement<S: Simd<V = V>>(&self, s: S, class: usize) -> V {
        let p = self.probability(s, class);
        // Below a half the difference loses nothing.
        self.half.select_less(p, self.top_complement, s.splat(1.0) - p)
    }

    /// `-ln p`.
    #[inline(always)]
    pub(in crate::loss) fn log<S: Simd<V = V>>(&self, s: S, class: usize) -> V {
        // Two scores can be further apart than an `f32` holds; off the class an infinite cost times 0 is no number.
        let (gap, most) = (at(s, &self.gaps, class), s.splat(f32::MAX));
        most.select_less(gap, most, gap) + self.log_total
    }
}

/// The most probable class, the lowest at a tie, and its score.
#[inline(always)]
fn top<S: Simd>(s: S, scores: &[[f32; BLOCK]], vector: usize) -> (S::V, S::V) {
    // By quarters where a vector waits for the one before: one value at a time need not.
    let quarter = if S::VECTORS == BLOCK { scores.len() } else { scores.len().div_ceil(4) };
    let (first, least) = (scores.first().unwrap_or(&[0.0; BLOCK]), s.splat(f32::NEG_INFINITY));
    let mut tops = [0, 1, 2, 3].map(|part| s.splat((part * quarter) as f32));
    let mut bests = [s.load(first, vector), least, least, least];
    let mut numbers = tops;
    for step in 0..quarter {
        for (part, ((top, best), number)) in tops.iter_mut().zip(&mut bests).zip(&mut numbers).enumerate() {
            let Some(scores) = scores.get(part * quarter + step) else { continue };
            let score = s.load(scores, vector);
            *top = best.select_less(score, *number, *top);
            *best = best.select_less(score, score, *best);
            *number = *number + s.splat(1.0);
        }
    }
    let ([mut top, more_tops @ ..], [mut best, more_bests @ ..]) = (tops, bests);
    for (later, score) in more_tops.into_iter().zip(more_bests) {
        top = best.select_less(score, later, top);
        best = best.select_less(score, score, best);
    }
    (top, best)
}

/// An element that is there.
#[inline(always)]
fn at<S: Simd>(s: S, values: &[S::V], class: usize) -> S::V {
    values.get(class).copied().unwrap_or(s.splat(0.0))
}

impl<K: Kernel, const C: usize> Job for ClassPass<'_, K, C> {
    type Partial = Totals<K, C>;

    fn row_len(&self) -> usize {
        self.frame.shape().width() * self.frame.channels()
    }

    #[inline(always)]
    fn run<S: Simd>(&self, s: S, rows: Range<usize>, out: &mut [&mut [f32]]) -> Totals<K, C> {
        let mut totals = [K::fill(ExactSum::default()); C];
        let (width, count) = (self.frame.shape().width(), self.frame.channels());
        let (mut blocks, mut classes) = ([Block::EMPTY; BLOCKS], Classes::new(s));
        let (mut by, mut more) = ([s.splat(0.0); C], [[[0.0; BLOCK]; C]; BLOCKS]);
        let first_row = rows.start;
        for row in rows {
            for start in (0..width).step_by(SEGMENT) {
                let end = row * width + (start + SEGMENT).min(width);
                let mut lanes = [K::fill(s.zeros()); C];
                for first in (row * width + start..end).step_by(BLOCKS * BLOCK) {
                    let filled = (end - first).min(BLOCKS * BLOCK);
                    load(s, &mut blocks, &self.frame, first, end);
                    for (block, more) in blocks.iter().zip(&mut more).take(filled.div_ceil(BLOCK)) {
                        for vector in 0..S::VECTORS {
                            classes.read(s, block, count, vector, self.frame.activation());
                            let of_top = self.visit(s, (block, &classes, vector), &mut lanes, &mut by);
                            if let Some(Derivative { weight, .. }) = &self.gradient {
                                self.derivatives(s, (&classes, vector), of_top, *weight, &mut by, more);
                            }
                        }
                    }
                    if let Some(Derivative { overwrites, .. }) = self.gradient {
                        write(s, &self.frame, out, (first - first_row * width, filled), &more, overwrites);
                    }
                }
                if self.sums {
                    for (totals, lanes) in totals.iter_mut().zip(&lanes).take(count) {
                        fold::<S, K>(s, totals, lanes);
                    }
                }
            }
        }
        Some(totals)
    }

    fn merge(total: &mut Totals<K, C>, part: &Totals<K, C>) {
        merge::<K, C>(total, part);
    }
}

impl<K: Kernel, const C: usize> ClassPass<'_, K, C> {
    /// Adds up the terms of the classes, and writes their slopes; returns that of the most probable class.
    #[inline(always)]
    fn visit<S: Simd>(
        &self,
        s: S,
        (block, classes, vector): (&Block<C>, &Classes<S::V, C>, usize),
        lanes: &mut [K::Terms<S::Lanes>; C],
        by: &mut [S::V; C],
    ) -> S::V {
        let (mut class, mut of_top, count) = (Class::first(s), s.splat(0.0), self.frame.channels());
        let lanes = lanes.get_mut(..count).unwrap_or_default();
        for ((place, lanes), by) in lanes.iter_mut().enumerate().zip(by) {
            if K::READS == Reads::Label && !block.may_have(place) {
                // Its terms are 0, and so are its slopes.
                *by = s.splat(0.0);
                of_top = classes.top.select_equal(class.number, *by, of_top);
                class.next(s);
                continue;
            }
            let pixel = self.pixel(s, block, classes, class, vector);
            if self.sums {
                add::<S, K>(s, lanes, vector, &self.kernel.terms(s, &pixel));
            }
            if let Some(Derivative { slopes, .. }) = &self.gradient
                && let Some(slope) = slopes.get(place)
            {
                *by = self.kernel.slope(s, slope, &pixel);
                of_top = classes.top.select_equal(class.number, *by, of_top);
            }
            class.next(s);
        }
        of_top
    }

    #[inline(always)]
    fn pixel<S: Simd>(
        &self,
        s: S,
        block: &Block<C>,
        classes: &Classes<S::V, C>,
        class: Class<S::V>,
        vector: usize,
    ) -> Pixel<S::V> {
        let (mass, target) = block.masses(s, class, vector);
        let mut probability = classes.probability(s, class.index);
        let mut complement = classes.complement(s, class.index);
        let given = self.frame.activation() == Activation::Probabilities;
        let distances = self.kernel.distances();
        if self.kernel.complement_is_sum() && (given || distances.is_some()) {
            (probability, complement) = self.by_distance(s, classes, class.index, distances);
        }
        Pixel {
            probability,
            complement,
            log: classes.log(s, class.index),
            top: classes.top.select_equal(class.number, s.splat(1.0), s.splat(0.0)),
            mass,
            target,
            map: s.load(&block.map, vector),
            uniform: s.splat(1.0 / self.frame.channels() as f32),
            soft: true,
        }
    }

    /// What the probabilities of a pixel agree by with a class, and what they miss it by: those of the other classes count by
    /// their distances, which are 1 unless given.
    #[inline(always)]
    fn by_distance<S: Simd>(
        &self,
        s: S,
        classes: &Classes<S::V, C>,
        class: usize,
        distances: Option<&[f32]>,
    ) -> (S::V, S::V) {
        let count = self.frame.channels();
        let (mut agreed, mut missed) = (s.splat(0.0), s.splat(0.0));
        for other in 0..count {
            let apart = f32::from(u8::from(other != class));
            let distance =
                distances.map_or(apart, |all| all.get(class * count + other).copied().unwrap_or(apart));
            let p = classes.probability(s, other);
            missed = missed + p * s.splat(distance);
            agreed = agreed + p * s.splat(1.0 - distance);
        }
        // Where they are given they need not sum to 1, and the definition is by what is missed.
        let given = self.frame.activation() == Activation::Probabilities;
        (if given { s.splat(1.0) - missed } else { agreed }, missed)
    }

    /// `weight` times the derivative with respect to every score, from the slopes.
    #[inline(always)]
    fn derivatives<S: Simd>(
        &self,
        s: S,
        (classes, vector): (&Classes<S::V, C>, usize),
        mut of_top: S::V,
        weight: f32,
        by: &mut [S::V; C],
        out: &mut [[f32; BLOCK]; C],
    ) {
        let (zero, weight, count) = (s.splat(0.0), s.splat(weight), self.frame.channels());
        if let Some(distances) = self.kernel.distances() {
            *by = through(s, distances, count, by);
            let mut class = Class::first(s);
            for by in by.iter().take(count) {
                of_top = classes.top.select_equal(class.number, *by, of_top);
                class.next(s);
            }
        }
        let (by, out) = (by.get_mut(..count).unwrap_or_default(), out.get_mut(..count).unwrap_or_default());
        if self.frame.activation() == Activation::Probabilities {
            // `-d` for the class itself is `d` for all others.
            let mut shared = zero;
            if self.kernel.complement_is_sum() && self.kernel.distances().is_none() {
                for by in &*by {
                    shared = shared + *by;
                }
            }
            for (class, (by, out)) in by.iter().zip(out).enumerate() {
                let by = if K::READS.is_of_labels() {
                    zero - ratio(s, *by, classes.probability(s, class))
                } else {
                    *by - shared
                };
                s.store(by * weight, out, vector);
            }
            return;
        }
        // From here on `by` is dL / d ln p. A number added to all dL / dp changes nothing, since the probabilities
        // sum to 1: that of the top class is taken from each, so that none of what is left cancels.
        let (mut rest, mut class) = (zero, Class::first(s));
        for by in by.iter_mut() {
            let p = classes.probability(s, class.index);
            *by = if K::READS.is_of_labels() { zero - *by } else { (*by - of_top) * p };
            rest = classes.top.select_equal(class.number, rest, rest + *by);
            class.next(s);
        }
        let of_top = if K::READS.is_of_labels() { zero - of_top } else { zero };
        let mut class = Class::first(s);
        for (by, out) in by.iter().zip(out) {
            let others = classes.top.select_equal(class.number, rest, of_top + (rest - *by));
            let p = classes.probability(s, class.index);
            s.store((*by * classes.complement(s, class.index) - p * others) * weight, out, vector);
            class.next(s);
        }
    }
}

/// Derivatives with respect to `sum_k distance[class][k] p_k`, as those with respect to `p_k`.
#[inline(always)]
fn through<S: Simd, const C: usize>(s: S, distances: &[f32], count: usize, by: &[S::V; C]) -> [S::V; C] {
    let mut out = [s.splat(0.0); C];
    for (class, by) in by.iter().enumerate().take(count) {
        for (out, distance) in out.iter_mut().zip(distances.iter().skip(class * count)).take(count) {
            *out = *out + *by * s.splat(*distance);
        }
    }
    out
}
