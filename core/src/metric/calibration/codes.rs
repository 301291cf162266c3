//! The codes of a sketch with what they say of calibration.

use super::{Confidence, Probabilities};
use crate::sketch::{CODES, Count, Sketch, indices};

/// Calls `bin` with pixels, hits and confidence of every code that has pixels, in the order of the codes.
pub(super) fn each<N: Count>(
    sketch: &Sketch<N>,
    probabilities: Probabilities<'_>,
    confidence: Confidence,
    mut bin: impl FnMut(u64, u64, u32),
) {
    for (index, pair) in indices().zip(probabilities.pairs()) {
        let (pixels, hits, confidence) = code(sketch, probabilities, confidence, index, pair);
        if pixels != 0 {
            bin(pixels, hits, confidence);
        }
    }
}

/// Pixels, hits and confidence of a code.
fn code<N: Count>(
    sketch: &Sketch<N>,
    probabilities: Probabilities<'_>,
    confidence: Confidence,
    index: u8,
    (p, q): (u32, u32),
) -> (u64, u64, u32) {
    let [rest, foreground] = [sketch.count(0, index), sketch.count(1, index)];
    let pixels = rest.saturating_add(foreground);
    if confidence == Confidence::Positive || index > probabilities.threshold() {
        (pixels, foreground, p)
    } else {
        (pixels, rest, q)
    }
}

/// As [`each`], in the order of the confidences; at ties background first.
pub(super) fn ranked<N: Count>(
    sketch: &Sketch<N>,
    probabilities: Probabilities<'_>,
    confidence: Confidence,
    mut bin: impl FnMut(u64, u64, u32),
) {
    if confidence == Confidence::Positive {
        return each(sketch, probabilities, confidence, bin);
    }
    let mut pairs = [(0, 0); CODES];
    pairs.iter_mut().zip(probabilities.pairs()).for_each(|(slot, pair)| *slot = pair);
    let at = |index: u8| {
        code(
            sketch,
            probabilities,
            confidence,
            index,
            pairs.get(usize::from(index)).copied().unwrap_or_default(),
        )
    };
    let threshold = probabilities.threshold();
    // Two rising sequences: down from the threshold, and up from it.
    let mut down = (0..=usize::from(threshold)).rev().map(|index| at(index as u8)).peekable();
    let mut up = (usize::from(threshold) + 1..CODES).map(|index| at(index as u8)).peekable();
    for _ in 0..CODES {
        let next = match (down.peek(), up.peek()) {
            (Some(a), Some(b)) if b.2 < a.2 => up.next(),
            (None, _) => up.next(),
            _ => down.next(),
        };
        if let Some((pixels, hits, confidence)) = next
            && pixels != 0
        {
            bin(pixels, hits, confidence);
        }
    }
}
