//! What a [`crate::loss::SumLoss`] sees of a pixel, and where a binary pass gets its pixels: the rows of a frame, or
//! the two rows of a sketch.

use core::ops::Range;

use crate::num::{Sigmoid, minus_ln, minus_ln_complement};
use crate::simd::{BLOCK, Masses, Simd, Vector};
use crate::view::{Activation, Frame, IGNORE, Target};

mod sketch;

pub(in crate::loss) use sketch::SketchPixels;

/// Pixels of a row that are added up in `f32` lanes before they join the exact total. Short enough for a
/// lane to add no more than 32 terms: its rounding error stays below 1e-6 of the sum in the worst case.
pub(in crate::loss) const SEGMENT: usize = 256;

/// One class of one pixel, against the rest. What a loss does not use is not computed.
#[derive(Clone, Copy, Debug)]
pub struct Pixel<V> {
    /// `p`: the probability of the class.
    pub probability: V,
    /// `1 - p`, with its own relative accuracy.
    pub complement: V,
    /// `-ln p`.
    pub log: V,
    /// 1 if the class is the most probable one (the lowest id at a tie), else 0.
    pub top: V,
    /// `w g` as foreground and `w (1 - g)` as background: the pixel's weight on each side of its label.
    pub mass: Masses<V>,
    /// `g` and `1 - g`; both 0 for a pixel without a label.
    pub target: Masses<V>,
    /// The number that the loss has made for this pixel from the labels; 0 unless it makes one.
    pub map: V,
    /// One over the number of classes.
    pub uniform: V,
    /// Whether labels may be other than 0 and 1: where they are not, simpler forms give the same bits.
    pub soft: bool,
}

/// The two classes of a binary pixel.
#[derive(Clone, Copy, Debug)]
pub(in crate::loss) struct Binary<V> {
    pub(in crate::loss) foreground: Pixel<V>,
    /// `-ln (1 - p)`.
    other_log: V,
}

impl<V: Vector> Binary<V> {
    #[inline(always)]
    pub(in crate::loss) fn background<S: Simd<V = V>>(&self, s: S) -> Pixel<V> {
        let Pixel { probability, complement, top, mass, target, .. } = self.foreground;
        let swap = |m: Masses<V>| Masses { background: m.foreground, foreground: m.background };
        Pixel {
            probability: complement,
            complement: probability,
            log: self.other_log,
            top: s.splat(1.0) - top,
            mass: swap(mass),
            target: swap(target),
            ..self.foreground
        }
    }

    #[inline(always)]
    fn new<S: Simd<V = V>>(s: S, logit: V, sigmoid: &Sigmoid<V>, mass: Masses<V>, target: Masses<V>) -> Self {
        let (zero, Sigmoid { probability, complement, tail, .. }) = (s.splat(0.0), *sigmoid);
        // Softplus of the logit's negative and of the logit: no logarithm of a rounded probability.
        let negative_part = logit.select_less(zero, zero - logit, zero);
        let positive_part = logit.select_less(zero, zero, logit);
        // Of the logit: near 0 both probabilities round to one half.
        let top = zero.select_less(logit, s.splat(1.0), zero);
        let (log, map, uniform) = (negative_part + tail, zero, s.splat(0.5));
        let foreground = Pixel { probability, complement, log, top, mass, target, map, uniform, soft: false };
        Self { foreground, other_log: positive_part + tail }
    }

    #[inline(always)]
    fn of_probability<S: Simd<V = V>>(s: S, p: V, mass: Masses<V>, target: Masses<V>) -> Self {
        let (zero, complement) = (s.splat(0.0), s.splat(1.0) - p);
        let top = complement.select_less(p, s.splat(1.0), zero);
        let (log, uniform) = (minus_ln(s, p), s.splat(0.5));
        let foreground =
            Pixel { probability: p, complement, log, top, mass, target, map: zero, uniform, soft: true };
        Self { foreground, other_log: minus_ln_complement(s, p) }
    }
}

/// Where binary pixels come from, block by block: rows of a frame, or rows of a sketch.
pub(in crate::loss) trait Pixels: Copy + Sync {
    /// A block of pixels in memory.
    type Block<'a>
    where
        Self: 'a;
    /// Whether the background may be a class of its own for losses that are not about each pixel's own label.
    const BACKGROUND: bool;
    /// Pixels of a row.
    fn width(&self) -> usize;
    /// What the scores are.
    fn activation(&self) -> Activation {
        Activation::Logits
    }
    /// Calls `visit` for each block of a segment; pixels past the end of the row have no mass.
    fn visit(&self, row: usize, segment: usize, visit: impl FnMut(Self::Block<'_>));
    /// The class that all labels of a block have, if that is known: 0 or 1.
    #[inline(always)]
    fn label(&self, _: &Self::Block<'_>) -> Option<u8> {
        None
    }
    /// Whether a vector of a block is known to have no mass.
    #[inline(always)]
    fn is_empty<S: Simd>(&self, _: S, _: &Self::Block<'_>, _vector: usize) -> bool {
        false
    }
    /// One vector of the pixels of a block.
    fn pixel<S: Simd>(&self, s: S, block: &Self::Block<'_>, vector: usize) -> Binary<S::V>;
    /// Whether there is an exponential of a pixel to keep.
    const KEEPS: bool = false;
    /// The same with the exponential that it is made of: the one that was kept, if there is one.
    #[inline(always)]
    fn kept<S: Simd>(
        &self,
        s: S,
        block: &Self::Block<'_>,
        vector: usize,
        kept: Option<S::V>,
    ) -> (Binary<S::V>, S::V) {
        (self.pixel(s, block, vector), kept.unwrap_or(s.splat(0.0)))
    }
}

/// Hard labels beside logits: what a microcontroller has. Scores and ids.
#[derive(Clone, Copy)]
pub(in crate::loss) struct PlainPixels<'a> {
    pub(in crate::loss) frame: Frame<'a>,
    pub(in crate::loss) ids: &'a [u8],
}

/// Logits and ids of a block.
type PlainBlock<'a> = (&'a [f32; BLOCK], &'a [u8; BLOCK]);

impl Pixels for PlainPixels<'_> {
    type Block<'a>
        = PlainBlock<'a>
    where
        Self: 'a;
    const BACKGROUND: bool = false;

    #[inline(always)]
    fn width(&self) -> usize {
        self.frame.shape().width()
    }

    #[inline(always)]
    fn visit(&self, row: usize, segment: usize, mut visit: impl FnMut(PlainBlock<'_>)) {
        let width = self.width();
        let start = row * width + segment * SEGMENT;
        let range = start..(start + SEGMENT).min((row + 1) * width);
        let count = range.len().div_ceil(BLOCK);
        let (logits, logits_rest) = blocks(self.frame.scores().get(range.clone()).unwrap_or_default(), 0.0);
        let (ids, ids_rest) = blocks(self.ids.get(range).unwrap_or_default(), IGNORE);
        let has_rest = logits.len() < count;
        for block in logits.iter().zip(ids) {
            visit(block);
        }
        if has_rest {
            visit((&logits_rest, &ids_rest));
        }
    }

    #[inline(always)]
    fn pixel<S: Simd>(&self, s: S, (logits, ids): &PlainBlock<'_>, vector: usize) -> Binary<S::V> {
        let (logit, mass) = s.load_labelled(logits, ids, vector);
        Binary::new(s, logit, &Sigmoid::new(s, logit), mass, mass)
    }

    const KEEPS: bool = true;
    #[inline(always)]
    fn kept<S: Simd>(
        &self,
        s: S,
        (logits, ids): &PlainBlock<'_>,
        vector: usize,
        kept: Option<S::V>,
    ) -> (Binary<S::V>, S::V) {
        let (logit, mass) = s.load_labelled(logits, ids, vector);
        let e = kept.unwrap_or_else(
            #[inline(always)]
            || s.exp_nonpositive(logit.negative_magnitude()),
        );
        (Binary::new(s, logit, &Sigmoid::of_exponential(s, logit, e), mass, mass), e)
    }
}

/// Any binary frame: weights, soft labels, probabilities, a map.
#[derive(Clone, Copy)]
pub(in crate::loss) struct AnyPixels<'a>(pub(in crate::loss) Frame<'a>);

impl AnyPixels<'_> {
    /// The pixels of a block from `first`; those from `end` on have no weight. A function of its own, so that it is not
    /// compiled into every loss.
    #[inline(never)]
    pub(in crate::loss) fn block(&self, first: usize, end: usize) -> AnyBlock {
        let labels = labelled(&self.0, first, end, 1);
        let mut scores = padded(self.0.scores(), first..end.min(first + BLOCK), 0.0);
        for (score, weight) in scores.iter_mut().zip(labels.weight) {
            // A score without weight may be infinite or NaN, and 0 * inf is NaN: take 0 in its place.
            *score = if weight > 0.0 { *score } else { 0.0 };
        }
        AnyBlock { scores, labels }
    }
}

/// A block of pixels, read one by one.
pub(in crate::loss) struct AnyBlock {
    pub(in crate::loss) scores: [f32; BLOCK],
    labels: Labelled,
}

/// Labels of a block for one class.
#[derive(Clone, Copy, Default)]
pub(in crate::loss) struct Labelled {
    pub(in crate::loss) share: [f32; BLOCK],
    pub(in crate::loss) weight: [f32; BLOCK],
    pub(in crate::loss) map: [f32; BLOCK],
}

impl Labelled {
    /// The masses and targets of a vector, and the map.
    #[inline(always)]
    pub(in crate::loss) fn load<S: Simd>(&self, s: S, vector: usize) -> (Masses<S::V>, Masses<S::V>, S::V) {
        let (mass, target) = masses(s, s.load(&self.share, vector), s.load(&self.weight, vector));
        (mass, target, s.load(&self.map, vector))
    }
}

/// The masses and targets that a label and a weight give.
#[inline(always)]
pub(in crate::loss) fn masses<S: Simd>(s: S, share: S::V, weight: S::V) -> (Masses<S::V>, Masses<S::V>) {
    let (zero, one) = (s.splat(0.0), s.splat(1.0));
    let labelled = zero.select_less(weight, one, zero);
    let target = Masses { background: (one - share) * labelled, foreground: share * labelled };
    (Masses { background: target.background * weight, foreground: target.foreground * weight }, target)
}

/// A block of elements, or fewer and a filling.
#[inline(always)]
pub(in crate::loss) fn padded<T: Copy>(values: &[T], range: Range<usize>, filling: T) -> [T; BLOCK] {
    let values = values.get(range).unwrap_or_default();
    values.first_chunk().copied().unwrap_or_else(
        #[inline(always)]
        || {
            let mut out = [filling; BLOCK];
            for (slot, value) in out.iter_mut().zip(values) {
                *slot = *value;
            }
            out
        },
    )
}

impl Pixels for AnyPixels<'_> {
    type Block<'a>
        = AnyBlock
    where
        Self: 'a;
    const BACKGROUND: bool = true;

    #[inline(always)]
    fn width(&self) -> usize {
        self.0.shape().width()
    }

    #[inline(always)]
    fn activation(&self) -> Activation {
        self.0.activation()
    }

    #[inline(always)]
    fn visit(&self, row: usize, segment: usize, mut visit: impl FnMut(AnyBlock)) {
        let width = self.width();
        let start = row * width + segment * SEGMENT;
        let end = (start + SEGMENT).min((row + 1) * width);
        for first in (start..end).step_by(BLOCK) {
            visit(self.block(first, end));
        }
    }

    #[inline(always)]
    fn pixel<S: Simd>(&self, s: S, block: &AnyBlock, vector: usize) -> Binary<S::V> {
        any_pixel(s, block, self.0.activation(), vector)
    }
}

/// A function of its own, so that it is not compiled into every loss.
#[inline(never)]
fn any_pixel<S: Simd>(s: S, block: &AnyBlock, activation: Activation, vector: usize) -> Binary<S::V> {
    s.vectorize(
        #[inline(always)]
        || {
            let (mass, target, map) = block.labels.load(s, vector);
            let score = s.load(&block.scores, vector);
            let mut pixel = match activation {
                Activation::Logits => Binary::new(s, score, &Sigmoid::new(s, score), mass, target),
                Activation::Probabilities => Binary::of_probability(s, score, mass, target),
            };
            (pixel.foreground.map, pixel.foreground.soft) = (map, true);
            pixel
        },
    )
}

/// The labels of a block from `first`, those from `end` on without weight.
#[inline(always)]
pub(in crate::loss) fn labelled<const C: usize>(
    frame: &Frame<'_, C>,
    first: usize,
    end: usize,
    class: usize,
) -> Labelled {
    let end = end.min(first + BLOCK);
    let mut labels = Labelled::default();
    match frame.target() {
        Target::Ids(ids) => {
            let (ids, classes) = (padded(ids, first..end, IGNORE), frame.classes() as u8);
            (labels.weight, labels.share) =
                (ids.map(|id| unit(id < classes)), ids.map(|id| unit(id == class as u8)));
        }
        Target::Shares(_) => {
            for (pixel, (weight, share)) in (first..end).zip(labels.weight.iter_mut().zip(&mut labels.share))
            {
                (*weight, *share) = (1.0, frame.share(pixel, class));
            }
        }
    }
    if let Some(weights) = frame.weights() {
        for (slot, weight) in labels.weight.iter_mut().zip(padded(weights.values(), first..end, 0.0)) {
            *slot *= weight;
        }
    }
    if let Some(map) = frame.map() {
        labels.map = padded(map, first..end, 0.0);
    }
    labels
}

const fn unit(yes: bool) -> f32 {
    if yes { 1.0 } else { 0.0 }
}

/// The whole blocks of a row, and what is left in a block of its own.
#[inline(always)]
fn blocks<T: Copy>(row: &[T], padding: T) -> (&[[T; BLOCK]], [T; BLOCK]) {
    let (whole, rest) = row.as_chunks();
    let mut last = [padding; BLOCK];
    for (slot, value) in last.iter_mut().zip(rest) {
        *slot = *value;
    }
    (whole, last)
}
