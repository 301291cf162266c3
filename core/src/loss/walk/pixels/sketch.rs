//! The two rows of a sketch as pixels.

use super::{Binary, Pixels};
use crate::num::Sigmoid;
use crate::simd::{BLOCK, Masses, Simd};
use crate::sketch::{CODES, SigmoidTable, Sketch};
use crate::view::Activation;

/// Row 0 holds the background pixels of a sketch, row 1 the foreground ones; without a sketch every code has
/// mass one.
#[derive(Clone, Copy)]
pub(in crate::loss) struct SketchPixels<'a> {
    pub(in crate::loss) sketch: Option<&'a Sketch>,
    pub(in crate::loss) table: &'a SigmoidTable,
}

pub(in crate::loss) struct SketchBlock<'a> {
    logits: &'a [f32; BLOCK],
    probability: &'a [f32; BLOCK],
    complement: &'a [f32; BLOCK],
    tail: &'a [f32; BLOCK],
    counts: [f32; BLOCK],
    foreground: bool,
}

impl Pixels for SketchPixels<'_> {
    type Block<'a>
        = SketchBlock<'a>
    where
        Self: 'a;
    const BACKGROUND: bool = true;

    #[inline(always)]
    fn width(&self) -> usize {
        CODES
    }

    #[inline(always)]
    fn activation(&self) -> Activation {
        self.table.activation()
    }

    #[inline(always)]
    fn visit(&self, row: usize, _segment: usize, mut visit: impl FnMut(SketchBlock<'_>)) {
        let (z, _) = self.table.logit.as_chunks::<BLOCK>();
        let (p, _) = self.table.probability.as_chunks::<BLOCK>();
        let (q, _) = self.table.complement.as_chunks::<BLOCK>();
        let (tail, _) = self.table.tail.as_chunks::<BLOCK>();
        let first = (0..CODES).step_by(BLOCK).map(|first| first as u8);
        for ((first, logits), (probability, (complement, tail))) in
            first.zip(z).zip(p.iter().zip(q.iter().zip(tail)))
        {
            let mut counts = [1.0; BLOCK];
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
    fn label(&self, block: &SketchBlock<'_>) -> Option<u8> {
        Some(u8::from(block.foreground))
    }

    /// Adding zeros changes no bit, and many codes of a frame do not occur.
    #[inline(always)]
    fn is_empty<S: Simd>(&self, _: S, block: &SketchBlock<'_>, vector: usize) -> bool {
        S::VECTORS == BLOCK && block.counts.get(vector) == Some(&0.0)
    }

    #[inline(always)]
    fn pixel<S: Simd>(&self, s: S, block: &SketchBlock<'_>, vector: usize) -> Binary<S::V> {
        let sides = |value: S::V| Masses {
            background: if block.foreground { s.splat(0.0) } else { value },
            foreground: if block.foreground { value } else { s.splat(0.0) },
        };
        let (probability, complement) = (s.load(block.probability, vector), s.load(block.complement, vector));
        let (mass, target) = (sides(s.load(&block.counts, vector)), sides(s.splat(1.0)));
        if self.activation() == Activation::Probabilities {
            return Binary::of_probability(s, probability, mass, target);
        }
        let sigmoid = Sigmoid {
            probability,
            complement,
            product: probability * complement,
            tail: s.load(block.tail, vector),
        };
        Binary::new(s, s.load(block.logits, vector), &sigmoid, mass, target)
    }
}
