//! The probabilities of a softmax in more digits than an `f32` has.

use core::ops::Range;

use super::block::{Block, load};
use crate::loss::Job;
use crate::num::exp_nonpositive_f64;
use crate::simd::{BLOCK, Simd};
use crate::view::Frame;

/// Writes two planes for a class of multiclass logits: its probability, folded (see [`crate::loss::ClassPlane`]), and what
/// that lacks. Differences of neighbours which are nearly alike are less than what `f32` rounds. Sums and
/// exponentials in `f64`, which every machine does alike: as many per pixel as there are classes.
pub(in crate::loss) struct PrecisePass<'a, const C: usize> {
    pub(in crate::loss) frame: Frame<'a, C>,
    pub(in crate::loss) class: usize,
}

impl<const C: usize> Job for PrecisePass<'_, C> {
    type Partial = ();

    fn row_len(&self) -> usize {
        self.frame.shape().width() * self.frame.channels()
    }

    #[inline(always)]
    fn run<S: Simd>(&self, s: S, rows: Range<usize>, out: &mut [&mut [f32]]) {
        let width = self.frame.shape().width();
        let [folded, rests] = out else { return };
        let mut block = Block::EMPTY;
        let planes = folded.chunks_mut(width.max(1)).zip(rests.chunks_mut(width.max(1)));
        for (row, (folded, rests)) in rows.zip(planes) {
            let end = (row + 1) * width;
            let blocks = folded.chunks_mut(BLOCK).zip(rests.chunks_mut(BLOCK));
            for (first, (folded, rests)) in (row * width..end).step_by(BLOCK).zip(blocks) {
                load(s, core::slice::from_mut(&mut block), &self.frame, first, end);
                let scores = block.scores.get(..self.frame.channels()).unwrap_or_default();
                for (slots, found) in [folded, rests].into_iter().zip(folded_block(scores, self.class)) {
                    slots.iter_mut().zip(found).for_each(|(slot, value)| *slot = value);
                }
            }
        }
    }

    fn merge((): &mut (), (): &()) {}
}

/// The folded probabilities of a block for a class, and what they lack.
#[inline(always)]
fn folded_block(scores: &[[f32; BLOCK]], class: usize) -> [[f32; BLOCK]; 2] {
    let mut best = [f32::NEG_INFINITY; BLOCK];
    for scores in scores {
        best.iter_mut()
            .zip(scores)
            .for_each(|(best, score)| *best = if *score > *best { *score } else { *best });
    }
    let (mut own, mut others) = ([0.0; BLOCK], [0.0; BLOCK]);
    for (index, scores) in scores.iter().enumerate() {
        let sums = if index == class { &mut own } else { &mut others };
        for ((sum, score), best) in sums.iter_mut().zip(scores).zip(best) {
            *sum += exp_nonpositive_f64(f64::from(*score) - f64::from(best));
        }
    }
    let (mut folded, mut rests) = ([0.0; BLOCK], [0.0; BLOCK]);
    for ((own, others), (folded, rest)) in own.iter().zip(others).zip(folded.iter_mut().zip(&mut rests)) {
        let (is_less, total) = (*own < others, own + others);
        let (least, sign) = if is_less { (own / total, 1.0) } else { (others / total, -1.0) };
        let rounded = least as f32;
        (*folded, *rest) = (sign * rounded, sign * (least - f64::from(rounded)) as f32);
    }
    [folded, rests]
}
