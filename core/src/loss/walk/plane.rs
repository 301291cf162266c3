//! One walk over a frame that writes a number for every pixel.

use core::ops::Range;
use core::slice;

use super::Job;
use super::pixels::{AnyPixels, Pixels};
use super::softmax::{Block, Class, Classes, load};
use crate::simd::{BLOCK, Simd, Vector};
use crate::view::{Activation, Frame};

/// What is written.
#[derive(Clone, Copy)]
pub(in crate::loss) enum Plane {
    /// `-ln p` of the pixel's label.
    Cost,
    /// The probability of a class, folded: see [`crate::loss::ClassPlane`].
    Folded(usize),
}

/// Writes a plane of one number per pixel.
pub(in crate::loss) struct PlanePass<'a, const C: usize> {
    pub(in crate::loss) frame: Frame<'a, C>,
    pub(in crate::loss) what: Plane,
}

impl<const C: usize> Job for PlanePass<'_, C> {
    type Partial = ();

    fn row_len(&self) -> usize {
        self.frame.shape().width() * self.frame.channels()
    }

    #[inline(always)]
    fn run<S: Simd>(&self, s: S, rows: Range<usize>, out: &mut [&mut [f32]]) {
        let width = self.frame.shape().width();
        let Some(plane) = out.first_mut() else { return };
        let (mut block, mut classes) = (Block::EMPTY, Classes::new(s));
        for (row, slots) in rows.zip(plane.chunks_mut(width.max(1))) {
            let end = (row + 1) * width;
            for (first, slots) in (row * width..end).step_by(BLOCK).zip(slots.chunks_mut(BLOCK)) {
                for (slot, value) in slots.iter_mut().zip(self.block(s, first, end, &mut block, &mut classes))
                {
                    *slot = value;
                }
            }
        }
    }

    fn merge((): &mut (), (): &()) {}
}

impl<const C: usize> PlanePass<'_, C> {
    #[inline(always)]
    fn block<S: Simd>(
        &self,
        s: S,
        first: usize,
        end: usize,
        block: &mut Block<C>,
        classes: &mut Classes<S::V, C>,
    ) -> [f32; BLOCK] {
        let mut out = [0.0; BLOCK];
        if let Some(binary) = self.frame.as_binary() {
            let pixels = AnyPixels(binary);
            let block = pixels.block(first, end);
            for vector in 0..S::VECTORS {
                let pixel = pixels.pixel(s, &block, vector);
                let (own, other) = (pixel.foreground, pixel.background(s));
                let value = match self.what {
                    Plane::Cost => own.target.foreground * own.log + other.target.foreground * other.log,
                    Plane::Folded(_) if binary.activation() == Activation::Logits => {
                        fold_decided(s, own.probability, own.complement, s.load(&block.scores, vector))
                    }
                    Plane::Folded(_) => fold(s, own.probability, own.complement),
                };
                s.store(value, &mut out, vector);
            }
            return out;
        }
        load(s, slice::from_mut(block), &self.frame, first, end);
        for vector in 0..S::VECTORS {
            let count = self.frame.channels();
            classes.read(s, block, count, vector, self.frame.activation());
            let value = match self.what {
                Plane::Cost => {
                    let mut cost = s.splat(0.0);
                    let mut class = Class::first(s);
                    for index in 0..count {
                        cost = cost + block.share(s, class, vector) * classes.log(s, index);
                        class.next(s);
                    }
                    cost
                }
                Plane::Folded(class) => {
                    let (p, q) = (classes.probability(s, class), classes.complement(s, class));
                    match self.frame.activation() {
                        Activation::Logits if count == 2 => {
                            fold_decided(s, p, q, block.lead(s, class, vector))
                        }
                        _ => fold(s, p, q),
                    }
                }
            };
            s.store(value, &mut out, vector);
        }
        out
    }
}

/// The smaller of probability and complement, negative if it is the complement: if the probability is above one half.
#[inline(always)]
pub(in crate::loss) fn fold<S: Simd>(s: S, probability: S::V, complement: S::V) -> S::V {
    complement.select_less(probability, complement * s.splat(-1.0), probability)
}

/// The same, where a logit says on which side of one half the probability is: near 0 both round to it.
#[inline(always)]
fn fold_decided<S: Simd>(s: S, probability: S::V, complement: S::V, logit: S::V) -> S::V {
    // Two steps below one half: what is left to 1 is then above it, too.
    let (zero, below_half) = (s.splat(0.0), s.splat(0.5_f32.next_down().next_down()));
    let least = |x: S::V| x.select_less(below_half, x, below_half);
    let undecided = fold(s, probability, complement);
    // By a product: of a complement of 0 the sign says that it is one.
    let above = zero.select_less(logit, least(complement) * s.splat(-1.0), undecided);
    logit.select_less(zero, least(probability), above)
}
