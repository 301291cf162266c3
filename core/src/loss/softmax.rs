//! One walk over the rows of a multiclass frame.

use core::ops::Range;

use super::Job;
use super::pass::{add, fold, ratio};
use super::pixels::{Labelled, Pixel, SEGMENT, eight, labelled, masses, minus_ln};
use super::sum::{SumLoss, Totals, merge};
use crate::num::{ExactSum, ln1p};
use crate::simd::{LANES, Simd, Vector};
use crate::view::{Activation, Frame, IGNORE, Layout, Target};

/// Adds up the terms of every class, or writes the gradient, or both.
pub(super) struct ClassPass<'a, L: SumLoss, const C: usize> {
    pub(super) loss: &'a L,
    pub(super) frame: Frame<'a, C>,
    pub(super) sums: bool,
    /// The slopes of the classes, and the weight that the gradient is multiplied by.
    pub(super) gradient: Option<([L::Slope; C], f32)>,
}

/// Eight pixels in memory.
pub(super) struct Block<const C: usize> {
    scores: [[f32; LANES]; C],
    /// Hard labels, as numbers.
    ids: [f32; LANES],
    /// Soft labels, if that is what the frame has.
    shares: [[f32; LANES]; C],
    soft: bool,
    pub(super) weight: [f32; LANES],
    map: [f32; LANES],
}

impl<const C: usize> Block<C> {
    pub(super) const EMPTY: Self = Self {
        scores: [[0.0; LANES]; C],
        ids: [0.0; LANES],
        shares: [[0.0; LANES]; C],
        soft: false,
        weight: [0.0; LANES],
        map: [0.0; LANES],
    };

    /// Eight pixels from `first`; those from `end` on have no weight. Not generic over the machine: copies, which every
    /// machine does alike.
    pub(super) fn load(&mut self, frame: &Frame<'_, C>, first: usize, end: usize) {
        let end = end.min(first + LANES);
        read(frame, frame.scores(), first, end, &mut self.scores);
        let Labelled { weight, map, .. } = labelled(frame, first, end, 0);
        (self.weight, self.map) = (weight, map);
        // A score without weight may be infinite or NaN, and 0 * inf is NaN: take 0 in its place.
        if weight.iter().any(|weight| *weight <= 0.0) {
            for scores in self.scores.iter_mut().take(frame.channels()) {
                for (score, weight) in scores.iter_mut().zip(weight) {
                    *score = if weight > 0.0 { *score } else { 0.0 };
                }
            }
        }
        match frame.target() {
            Target::Ids(ids) => self.ids = eight(ids, first..end, IGNORE).map(f32::from),
            Target::Shares(shares) => {
                self.soft = true;
                read(frame, shares, first, end, &mut self.shares);
            }
        }
    }

    /// One vector of the labels of a class: 1 and 0, or shares.
    #[inline(always)]
    pub(super) fn share<S: Simd>(&self, s: S, class: usize, vector: usize) -> S::V {
        if self.soft {
            self.shares.get(class).map_or(s.splat(0.0), |shares| s.load(shares, vector))
        } else {
            equals(s, s.load(&self.ids, vector), class)
        }
    }
}

/// 1 where a number is that of a class, else 0.
#[inline(always)]
fn equals<S: Simd>(s: S, id: S::V, class: usize) -> S::V {
    let (class, zero) = (s.splat(class as f32), s.splat(0.0));
    id.select_less(class, zero, class.select_less(id, zero, s.splat(1.0)))
}

/// The classes of one vector of pixels.
pub(super) struct Classes<V, const C: usize> {
    pub(super) probability: [V; C],
    pub(super) log: [V; C],
    /// The most probable class, the lowest at a tie, as a number.
    top: V,
    /// The complement of its probability, summed from the others.
    top_complement: V,
    /// Its score.
    pub(super) best: V,
    /// The sum of the other exponentials below it.
    pub(super) rest: V,
}

impl<V: Vector, const C: usize> Classes<V, C> {
    pub(super) fn new<S: Simd<V = V>>(s: S) -> Self {
        let zero = s.splat(0.0);
        Self {
            probability: [zero; C],
            log: [zero; C],
            top: zero,
            top_complement: zero,
            best: zero,
            rest: zero,
        }
    }

    /// From the first `count` scores. A function of its own, so that it is not compiled into every loss.
    #[inline(never)]
    pub(super) fn read<S: Simd<V = V>>(
        &mut self,
        s: S,
        block: &Block<C>,
        count: usize,
        vector: usize,
        activation: Activation,
    ) {
        s.vectorize(
            #[inline(always)]
            || self.of(s, &block.scores, count, vector, activation),
        );
    }

    #[inline(always)]
    fn of<S: Simd<V = V>>(
        &mut self,
        s: S,
        scores: &[[f32; LANES]; C],
        count: usize,
        vector: usize,
        activation: Activation,
    ) {
        let one = s.splat(1.0);
        let mut best = s.load(scores.first().unwrap_or(&[0.0; LANES]), vector);
        self.top = s.splat(0.0);
        for (class, scores) in scores.iter().enumerate().take(count).skip(1) {
            let score = s.load(scores, vector);
            self.top = best.select_less(score, s.splat(class as f32), self.top);
            best = best.select_less(score, score, best);
        }
        let outputs = self.probability.iter_mut().zip(&mut self.log);
        let scores = scores.iter().take(count).zip(outputs);
        if activation == Activation::Probabilities {
            for (scores, (p, log)) in scores {
                *p = s.load(scores, vector);
                *log = minus_ln(s, *p);
            }
            (self.top_complement, self.best, self.rest) = (one - best, best, s.splat(0.0));
            return;
        }
        let mut rest = s.splat(0.0);
        for (class, (scores, (p, log))) in scores.enumerate() {
            // Two scores can be further apart than an `f32` holds; off the class an infinite cost times 0 is no number.
            let (gap, most) = (best - s.load(scores, vector), s.splat(f32::MAX));
            *log = most.select_less(gap, most, gap);
            *p = s.exp_nonpositive(s.splat(0.0) - gap);
            rest = rest + (one - equals(s, self.top, class)) * *p;
        }
        let (log_total, share) = (ln1p(s, rest), one / (one + rest));
        for (p, log) in self.probability.iter_mut().zip(&mut self.log).take(count) {
            *p = *p * share;
            *log = *log + log_total;
        }
        (self.top_complement, self.best, self.rest) = (rest * share, best, rest);
    }

    #[inline(always)]
    pub(super) fn complement<S: Simd<V = V>>(&self, s: S, class: usize) -> V {
        let p = at(s, &self.probability, class);
        // Only the top class can be above a half; below, the difference loses nothing.
        s.splat(0.5).select_less(p, self.top_complement, s.splat(1.0) - p)
    }
}

/// An element that is there.
#[inline(always)]
fn at<S: Simd>(s: S, values: &[S::V], class: usize) -> S::V {
    values.get(class).copied().unwrap_or(s.splat(0.0))
}

impl<L: SumLoss, const C: usize> Job for ClassPass<'_, L, C> {
    type Partial = Totals<L, C>;

    fn row_len(&self) -> usize {
        self.frame.shape().width() * self.frame.channels()
    }

    #[inline(always)]
    fn run<S: Simd>(&self, s: S, rows: Range<usize>, out: &mut [&mut [f32]]) -> Totals<L, C> {
        let mut totals = [L::fill(ExactSum::default()); C];
        let (width, count) = (self.frame.shape().width(), self.frame.channels());
        let (mut block, mut classes) = (Block::EMPTY, Classes::new(s));
        let mut more = [[0.0; LANES]; C];
        let first_row = rows.start;
        for row in rows {
            for start in (0..width).step_by(SEGMENT) {
                let end = row * width + (start + SEGMENT).min(width);
                let mut lanes = [L::fill(s.zeros()); C];
                for first in (row * width + start..end).step_by(LANES) {
                    block.load(&self.frame, first, end);
                    for vector in 0..S::VECTORS {
                        classes.read(s, &block, count, vector, self.frame.activation());
                        if self.sums {
                            for (class, lanes) in lanes.iter_mut().enumerate().take(count) {
                                let pixel = self.pixel(s, &block, &classes, class, vector);
                                add::<S, L>(lanes, vector, &self.loss.terms(s, &pixel));
                            }
                        }
                        if let Some((slopes, weight)) = &self.gradient {
                            self.derivatives(s, (&block, &classes, vector), slopes, *weight, &mut more);
                        }
                    }
                    if self.gradient.is_some() {
                        let filled = LANES.min(end - first);
                        write(&self.frame, out, first - first_row * width, filled, &more);
                    }
                }
                if self.sums {
                    for (totals, lanes) in totals.iter_mut().zip(&lanes).take(count) {
                        fold::<S, L>(s, totals, lanes);
                    }
                }
            }
        }
        Some(totals)
    }

    fn merge(total: &mut Totals<L, C>, part: &Totals<L, C>) {
        merge::<L, C>(total, part);
    }
}

impl<L: SumLoss, const C: usize> ClassPass<'_, L, C> {
    #[inline(always)]
    fn pixel<S: Simd>(
        &self,
        s: S,
        block: &Block<C>,
        classes: &Classes<S::V, C>,
        class: usize,
        vector: usize,
    ) -> Pixel<S::V> {
        let weight = s.load(&block.weight, vector);
        let (mass, target) = masses(s, block.share(s, class, vector), weight);
        let mut map = s.load(&block.map, vector);
        if let Some(distances) = self.loss.distances() {
            let count = self.frame.channels();
            map = s.splat(0.0);
            for (p, distance) in
                classes.probability.iter().zip(distances.iter().skip(class * count)).take(count)
            {
                map = map + *p * s.splat(*distance);
            }
        }
        Pixel {
            probability: at(s, &classes.probability, class),
            complement: classes.complement(s, class),
            log: at(s, &classes.log, class),
            top: equals(s, classes.top, class),
            mass,
            target,
            map,
            uniform: s.splat(1.0 / self.frame.channels() as f32),
            soft: true,
        }
    }

    /// `weight` times the derivative with respect to every score.
    #[inline(always)]
    fn derivatives<S: Simd>(
        &self,
        s: S,
        (block, classes, vector): (&Block<C>, &Classes<S::V, C>, usize),
        slopes: &[L::Slope; C],
        weight: f32,
        out: &mut [[f32; LANES]; C],
    ) {
        let (zero, weight, count) = (s.splat(0.0), s.splat(weight), self.frame.channels());
        let mut by = [zero; C];
        for (class, (by, slope)) in by.iter_mut().zip(slopes).enumerate().take(count) {
            *by = self.loss.slope(s, slope, &self.pixel(s, block, classes, class, vector));
        }
        if let Some(distances) = self.loss.distances() {
            by = through(s, distances, count, &by);
        }
        if self.frame.activation() == Activation::Probabilities {
            for ((by, p), out) in by.iter().zip(&classes.probability).zip(out).take(count) {
                let by = if L::POINTWISE { zero - ratio(s, *by, *p) } else { *by };
                s.store(by * weight, out, vector);
            }
            return;
        }
        // From here on `by` is dL / d ln p. A number added to all dL / dp changes nothing, since the probabilities
        // sum to 1: that of the top class is taken from each, so that none of what is left cancels.
        let (mut of_top, mut rest) = (zero, zero);
        for (class, by) in by.iter().enumerate().take(count) {
            of_top = of_top + equals(s, classes.top, class) * *by;
        }
        for (class, (by, p)) in by.iter_mut().zip(&classes.probability).enumerate().take(count) {
            *by = if L::POINTWISE { zero - *by } else { (*by - of_top) * *p };
            rest = rest + (s.splat(1.0) - equals(s, classes.top, class)) * *by;
        }
        let of_top = if L::POINTWISE { zero - of_top } else { zero };
        for (class, ((by, p), out)) in by.iter().zip(&classes.probability).zip(out).enumerate().take(count) {
            let others = zero.select_less(equals(s, classes.top, class), rest, of_top + (rest - *by));
            let more = *by * classes.complement(s, class) - *p * others;
            s.store(more * weight, out, vector);
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

/// The numbers of eight pixels or less, class by class.
fn read<const C: usize>(
    frame: &Frame<'_, C>,
    values: &[f32],
    first: usize,
    end: usize,
    out: &mut [[f32; LANES]; C],
) {
    let channels = frame.channels();
    match frame.layout() {
        Layout::Planar => {
            for (class, out) in out.iter_mut().enumerate().take(channels) {
                let from = frame.place(first, class);
                *out = eight(values, from..from + (end - first), 0.0);
            }
        }
        Layout::Interleaved => {
            let values = values.get(first * channels..end * channels).unwrap_or_default();
            for (place, values) in values.chunks_exact(channels.max(1)).enumerate() {
                for (out, value) in out.iter_mut().zip(values) {
                    if let Some(slot) = out.get_mut(place) {
                        *slot = *value;
                    }
                }
            }
        }
    }
}

/// Adds to the gradient of `count` pixels from `first`, counted from the first row that `out` holds.
pub(super) fn write<const C: usize>(
    frame: &Frame<'_, C>,
    out: &mut [&mut [f32]],
    first: usize,
    count: usize,
    more: &[[f32; LANES]; C],
) {
    let channels = frame.channels();
    match frame.layout() {
        Layout::Planar => {
            for (plane, more) in out.iter_mut().zip(more).take(channels) {
                let slots = plane.get_mut(first..first + count).unwrap_or_default();
                if let Some(slots) = slots.first_chunk_mut::<LANES>() {
                    for (slot, more) in slots.iter_mut().zip(more) {
                        *slot += more;
                    }
                    continue;
                }
                for (slot, more) in slots.iter_mut().zip(more) {
                    *slot += more;
                }
            }
        }
        Layout::Interleaved => {
            let slots = out.first_mut().and_then(|plane| plane.get_mut(first * channels..));
            for (pixel, slots) in
                slots.unwrap_or_default().chunks_mut(channels.max(1)).take(count).enumerate()
            {
                for (slot, more) in slots.iter_mut().zip(more) {
                    *slot += more.get(pixel).copied().unwrap_or(0.0);
                }
            }
        }
    }
}
