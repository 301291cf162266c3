//! Where a [`super::SumLoss`] gets its pixels: the rows of a frame, or the two rows of a sketch.

use super::Pixel;
use crate::num::Sigmoid;
use crate::simd::{LANES, Masses, Simd, Vector};
use crate::sketch::{CODES, SigmoidTable, Sketch};
use crate::view::{Frame, IGNORE};

/// Pixels of a row that are added up in `f32` lanes before they join the exact total. Short enough for a
/// lane to add no more than 32 terms: its rounding error stays below 1e-6 of the sum in the worst case.
pub(super) const SEGMENT: usize = 256;

/// Where pixels come from, eight at a time: rows of a frame, or rows of a sketch.
pub(super) trait Pixels: Copy + Sync {
    /// Eight pixels in memory.
    type Block<'a>
    where
        Self: 'a;
    fn width(&self) -> usize;
    /// Calls `visit` for each block of a segment; pixels past the end of the row have no mass.
    fn visit(&self, row: usize, segment: usize, visit: impl FnMut(Self::Block<'_>));
    /// One vector of the pixels of a block.
    fn pixel<S: Simd>(s: S, block: &Self::Block<'_>, vector: usize) -> Pixel<S::V>;
}

/// With pixel weights or without: known while compiling, so that frames without them pay nothing.
#[derive(Clone, Copy)]
pub(super) struct FramePixels<'a, const WEIGHTED: bool>(pub(super) Frame<'a>);

pub(super) struct FrameBlock<'a> {
    logits: &'a [f32; LANES],
    ids: &'a [u8; LANES],
    weights: &'a [f32; LANES],
}

impl<const WEIGHTED: bool> Pixels for FramePixels<'_, WEIGHTED> {
    type Block<'a>
        = FrameBlock<'a>
    where
        Self: 'a;

    #[inline(always)]
    fn width(&self) -> usize {
        self.0.shape().width()
    }

    #[inline(always)]
    fn visit(&self, row: usize, segment: usize, mut visit: impl FnMut(FrameBlock<'_>)) {
        let width = self.width();
        let start = row * width + segment * SEGMENT;
        let range = start..(start + SEGMENT).min((row + 1) * width);
        let count = range.len().div_ceil(LANES);
        let logits = self.0.logits().get(range.clone()).unwrap_or_default();
        let ids = self.0.labels().ids().get(range.clone()).unwrap_or_default();
        let weights = self.0.weights().and_then(|w| w.values().get(range));
        let (logits, logits_rest) = blocks(logits, 0.0);
        let (ids, ids_rest) = blocks(ids, IGNORE);
        let (weights, weights_rest) = blocks(weights.unwrap_or_default(), 0.0);
        let has_rest = logits.len() < count;
        let mut weights = weights.iter();
        for (logits, ids) in logits.iter().zip(ids) {
            let weights = if WEIGHTED { weights.next().unwrap_or(&weights_rest) } else { &weights_rest };
            visit(FrameBlock { logits, ids, weights });
        }
        if has_rest {
            visit(FrameBlock { logits: &logits_rest, ids: &ids_rest, weights: &weights_rest });
        }
    }

    #[inline(always)]
    fn pixel<S: Simd>(s: S, block: &FrameBlock<'_>, vector: usize) -> Pixel<S::V> {
        let (mut logit, mut mass) = s.load_labelled(block.logits, block.ids, vector);
        if WEIGHTED {
            let weight = s.load(block.weights, vector);
            mass.background = mass.background * weight;
            mass.foreground = mass.foreground * weight;
            // A logit without weight may be infinite or NaN, and 0 * inf is NaN: take 0 in its place.
            let zero = s.splat(0.0);
            logit = zero.select_less(weight, logit, zero);
        }
        Pixel { logit, sigmoid: Sigmoid::new(s, logit), mass }
    }
}

/// Row 0 holds the background pixels of a sketch, row 1 the foreground ones; without a sketch every code has
/// mass one.
#[derive(Clone, Copy)]
pub(super) struct SketchPixels<'a> {
    pub(super) sketch: Option<&'a Sketch>,
    pub(super) table: &'a SigmoidTable,
}

pub(super) struct SketchBlock<'a> {
    logits: &'a [f32; LANES],
    probability: &'a [f32; LANES],
    complement: &'a [f32; LANES],
    tail: &'a [f32; LANES],
    counts: [f32; LANES],
    foreground: bool,
}

impl Pixels for SketchPixels<'_> {
    type Block<'a>
        = SketchBlock<'a>
    where
        Self: 'a;

    #[inline(always)]
    fn width(&self) -> usize {
        CODES
    }

    #[inline(always)]
    fn visit(&self, row: usize, _segment: usize, mut visit: impl FnMut(SketchBlock<'_>)) {
        let (z, _) = self.table.logit.as_chunks::<LANES>();
        let (p, _) = self.table.probability.as_chunks::<LANES>();
        let (q, _) = self.table.complement.as_chunks::<LANES>();
        let (tail, _) = self.table.tail.as_chunks::<LANES>();
        let first = (0..CODES).step_by(LANES).map(|first| first as u8);
        for ((first, logits), (probability, (complement, tail))) in
            first.zip(z).zip(p.iter().zip(q.iter().zip(tail)))
        {
            let mut counts = [1.0; LANES];
            if let Some(sketch) = self.sketch {
                let numbers = sketch.block(row as u8, first);
                // Adding zeros changes no bit; most frames leave many codes out.
                if numbers.iter().fold(0, |any, n| any | n) == 0 {
                    continue;
                }
                counts = numbers.map(|n| n as f32);
            }
            visit(SketchBlock { logits, probability, complement, tail, counts, foreground: row == 1 });
        }
    }

    #[inline(always)]
    fn pixel<S: Simd>(s: S, block: &SketchBlock<'_>, vector: usize) -> Pixel<S::V> {
        let (zero, count) = (s.splat(0.0), s.load(&block.counts, vector));
        let (probability, complement) = (s.load(block.probability, vector), s.load(block.complement, vector));
        Pixel {
            logit: s.load(block.logits, vector),
            sigmoid: Sigmoid {
                probability,
                complement,
                product: probability * complement,
                tail: s.load(block.tail, vector),
            },
            mass: Masses {
                background: if block.foreground { zero } else { count },
                foreground: if block.foreground { count } else { zero },
            },
        }
    }
}

/// The whole blocks of a row, and what is left in a block of its own.
#[inline(always)]
fn blocks<T: Copy>(row: &[T], padding: T) -> (&[[T; LANES]], [T; LANES]) {
    let (whole, rest) = row.as_chunks();
    let mut last = [padding; LANES];
    for (slot, value) in last.iter_mut().zip(rest) {
        *slot = *value;
    }
    (whole, last)
}
