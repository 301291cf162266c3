//! The passes of the Lovász softmax: everything that is not the sort, one exponential per pixel and class each.
//!
//! With the derivatives `d_c` by `p_c`, those by the scores are `p_k d_k - p_k sum_c p_c d_c`. The classes come one after
//! the other, so the products `p_c d_c` are added up on the way, that of a class above one half apart from the others:
//! with `1 - p_k` for it, nothing cancels where it is all but certain.

use core::ops::Range;

use crate::loss::Job;
use crate::loss::spatial::unfold;
use crate::loss::walk::{BLOCKS, Block, Classes, fold, load, padded};
use crate::simd::{BLOCK, Simd, Vector};
use crate::view::{Activation, Frame, Layout};

/// Pixels whose classes are gone through one after the other.
const PART: usize = 512;

/// Parts of some rows of at most `len` pixels: where in the rows a part starts, and its pixels in the frame.
fn parts(width: usize, rows: Range<usize>, len: usize) -> impl Iterator<Item = (usize, Range<usize>)> {
    let (start, end) = (rows.start * width, rows.end * width);
    (start..end).step_by(len).map(move |first| (first - start, first..end.min(first + len)))
}

/// The pixels of a part by blocks; the last may be fewer.
fn in_blocks(part: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    part.clone().step_by(BLOCK).map(move |first| first..part.end.min(first + BLOCK))
}

/// Adds to the gradient of a class for `count` pixels from `first`, counted from the first row that `out` holds.
#[inline(always)]
fn add<const C: usize>(
    frame: &Frame<'_, C>,
    out: &mut [&mut [f32]],
    class: usize,
    first: usize,
    count: usize,
    more: [f32; BLOCK],
) {
    if frame.layout() == Layout::Planar {
        let plane =
            out.get_mut(class).and_then(|plane| plane.get_mut(first..first + count)).unwrap_or_default();
        if let Some(slots) = plane.first_chunk_mut::<BLOCK>() {
            slots.iter_mut().zip(more).for_each(|(slot, more)| *slot += more);
        } else {
            plane.iter_mut().zip(more).for_each(|(slot, more)| *slot += more);
        }
        return;
    }
    let channels = frame.channels();
    let slots =
        out.first_mut().and_then(|plane| plane.get_mut(first * channels + class..)).unwrap_or_default();
    let slots = slots.iter_mut().step_by(channels.max(1)).take(count);
    slots.zip(more).for_each(|(slot, more)| *slot += more);
}

/// Writes over the elements from `first` that are there.
#[inline(always)]
fn put(out: &mut [f32], first: usize, count: usize, values: [f32; BLOCK]) {
    let end = out.len().min(first + count);
    let slots = out.get_mut(first..end).unwrap_or_default();
    if let Some(slots) = slots.first_chunk_mut() {
        *slots = values;
        return;
    }
    for (slot, value) in slots.iter_mut().zip(values) {
        *slot = value;
    }
}

/// Writes two planes from which [`Softmax::probability`] makes that of any class: the largest score of each pixel, and the
/// sum of the other classes' exponentials below it; -1 for a pixel that is not scored.
pub(super) struct Normalisers<'a, const C: usize>(pub(super) Frame<'a, C>);

impl<const C: usize> Job for Normalisers<'_, C> {
    type Partial = ();

    fn row_len(&self) -> usize {
        self.0.shape().width() * self.0.channels()
    }

    #[inline(always)]
    fn run<S: Simd>(&self, s: S, rows: Range<usize>, out: &mut [&mut [f32]]) {
        let [best, rest] = out else { return };
        let (mut blocks, mut classes) = ([const { Block::EMPTY }; BLOCKS], Classes::new(s));
        for (at, pixels) in parts(self.0.shape().width(), rows, BLOCK * BLOCKS) {
            load(s, &mut blocks, &self.0, pixels.start, pixels.end);
            let slots = (at..at + pixels.len()).step_by(BLOCK);
            for (block, at) in blocks.iter().zip(slots) {
                let [mut tops, mut others] = [[0.0; BLOCK]; 2];
                for vector in 0..S::VECTORS {
                    classes.read(s, block, self.0.channels(), vector, self.0.activation());
                    let weight = s.load(&block.weight, vector);
                    let scored = s.splat(0.0).select_less(weight, classes.rest, s.splat(-1.0));
                    s.store(classes.best, &mut tops, vector);
                    s.store(scored, &mut others, vector);
                }
                put(best, at, BLOCK, tops);
                put(rest, at, BLOCK, others);
            }
        }
    }

    fn merge((): &mut (), (): &()) {}
}

/// What every class of a frame needs to become a probability.
#[derive(Clone, Copy)]
pub(super) struct Softmax<'a, const C: usize> {
    pub(super) frame: Frame<'a, C>,
    pub(super) best: &'a [f32],
    pub(super) rest: &'a [f32],
}

impl<const C: usize> Softmax<'_, C> {
    /// The scores of a block of a class.
    #[inline(always)]
    fn scores(&self, class: usize, pixels: &Range<usize>) -> [f32; BLOCK] {
        let (scores, first) = (self.frame.scores(), self.frame.place(pixels.start, class));
        if self.frame.layout() == Layout::Planar {
            return padded(scores, first..first + pixels.len(), 0.0);
        }
        let mut out = [0.0; BLOCK];
        let pixels = scores.get(first..).unwrap_or_default().iter().step_by(self.frame.channels().max(1));
        for (slot, score) in out.iter_mut().zip(pixels) {
            *slot = *score;
        }
        out
    }

    /// Probability and complement of a class, as [`Classes`] has them, bit for bit.
    #[inline(always)]
    fn probability<S: Simd>(
        &self,
        s: S,
        scores: &[f32; BLOCK],
        [best, rest]: &[[f32; BLOCK]; 2],
        vector: usize,
    ) -> [S::V; 2] {
        let (zero, one, half) = (s.splat(0.0), s.splat(1.0), s.splat(0.5));
        let (best, rest, score) = (s.load(best, vector), s.load(rest, vector), s.load(scores, vector));
        // The score of a pixel that is not scored may be infinite or NaN.
        let score = rest.select_less(zero, zero, score);
        if self.frame.activation() == Activation::Probabilities {
            return [score, one - score];
        }
        let rest = rest.select_less(zero, zero, rest);
        let share = one / (one + rest);
        let p = s.exp_nonpositive(score - best) * share;
        [p, half.select_less(p, rest * share, one - p)]
    }

    #[inline(always)]
    fn normalisers(&self, pixels: &Range<usize>) -> [[f32; BLOCK]; 2] {
        [padded(self.best, pixels.clone(), 0.0), padded(self.rest, pixels.clone(), 0.0)]
    }
}

/// Writes the plane of a class's probability, folded.
pub(super) struct Probability<'a, const C: usize> {
    pub(super) softmax: Softmax<'a, C>,
    pub(super) class: usize,
}

impl<const C: usize> Job for Probability<'_, C> {
    type Partial = ();

    fn row_len(&self) -> usize {
        self.softmax.frame.shape().width()
    }

    #[inline(always)]
    fn run<S: Simd>(&self, s: S, rows: Range<usize>, out: &mut [&mut [f32]]) {
        let Some(folded) = out.first_mut() else { return };
        for (at, pixels) in parts(self.row_len(), rows, BLOCK) {
            let (scores, normalisers) =
                (self.softmax.scores(self.class, &pixels), self.softmax.normalisers(&pixels));
            let mut values = [0.0; BLOCK];
            for vector in 0..S::VECTORS {
                let [p, q] = self.softmax.probability(s, &scores, &normalisers, vector);
                s.store(fold(s, p, q), &mut values, vector);
            }
            put(folded, at, pixels.len(), values);
        }
    }

    fn merge((): &mut (), (): &()) {}
}

/// Adds what a class's own derivatives give to its gradient, and to the sums that [`Others`] needs.
pub(super) struct Own<'a, const C: usize> {
    pub(super) frame: Frame<'a, C>,
    pub(super) class: usize,
    pub(super) folded: &'a [f32],
    pub(super) slope: &'a [f32],
    pub(super) factor: f32,
}

impl<const C: usize> Job for Own<'_, C> {
    type Partial = ();

    fn row_len(&self) -> usize {
        self.frame.shape().width()
    }

    #[inline(always)]
    fn run<S: Simd>(&self, _: S, rows: Range<usize>, out: &mut [&mut [f32]]) {
        let [gradient, top, others] = out else { return };
        let (width, channels) = (self.row_len(), self.frame.channels());
        let range = rows.start * width..rows.end * width;
        let pixels = self.folded.get(range.clone()).unwrap_or_default().iter();
        let pixels =
            pixels.zip(self.slope.get(range).unwrap_or_default()).zip(top.iter_mut().zip(others.iter_mut()));
        match self.frame.layout() {
            Layout::Planar => {
                for (pixel, slot) in pixels.zip(gradient.iter_mut()) {
                    self.add(pixel, slot);
                }
            }
            Layout::Interleaved => {
                for (pixel, slot) in pixels.zip(gradient.iter_mut().skip(self.class).step_by(channels.max(1)))
                {
                    self.add(pixel, slot);
                }
            }
        }
    }

    fn merge((): &mut (), (): &()) {}
}

impl<const C: usize> Own<'_, C> {
    #[inline(always)]
    fn add(&self, ((folded, slope), (top, others)): ((&f32, &f32), (&mut f32, &mut f32)), slot: &mut f32) {
        let by = slope * self.factor;
        if self.frame.activation() == Activation::Probabilities {
            *slot += by;
            return;
        }
        let [p, q] = unfold(*folded);
        let by = p * by;
        let is_top = q < 0.5;
        *slot += if is_top { by * q } else { by };
        *top += if is_top { by } else { 0.0 };
        *others += if is_top { 0.0 } else { by };
    }
}

/// Takes from every class's gradient what the other classes' derivatives give.
pub(super) struct Others<'a, const C: usize> {
    pub(super) softmax: Softmax<'a, C>,
    pub(super) top: &'a [f32],
    pub(super) others: &'a [f32],
}

impl<const C: usize> Job for Others<'_, C> {
    type Partial = ();

    fn row_len(&self) -> usize {
        self.softmax.frame.shape().width() * self.softmax.frame.channels()
    }

    #[inline(always)]
    fn run<S: Simd>(&self, s: S, rows: Range<usize>, out: &mut [&mut [f32]]) {
        let frame = &self.softmax.frame;
        // A class at a time: memory is read and written in few places at once.
        for (start, part) in parts(frame.shape().width(), rows, PART) {
            for class in 0..frame.channels() {
                for (at, pixels) in (start..).step_by(BLOCK).zip(in_blocks(part.clone())) {
                    let (scores, normalisers) =
                        (self.softmax.scores(class, &pixels), self.softmax.normalisers(&pixels));
                    let (top, others) =
                        (padded(self.top, pixels.clone(), 0.0), padded(self.others, pixels.clone(), 0.0));
                    let mut more = [0.0; BLOCK];
                    for vector in 0..S::VECTORS {
                        let [p, q] = self.softmax.probability(s, &scores, &normalisers, vector);
                        let (top, others) = (s.load(&top, vector), s.load(&others, vector));
                        let by = q.select_less(s.splat(0.5), others, top + others);
                        s.store(s.splat(0.0) - p * by, &mut more, vector);
                    }
                    add(frame, out, class, at, pixels.len(), more);
                }
            }
        }
    }

    fn merge((): &mut (), (): &()) {}
}
