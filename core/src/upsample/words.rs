//! Four scores at a time.

use core::slice;

use crate::view::Code;

const HIGH: u32 = 0x8080_8080;

/// Words of scores from one on.
#[inline(always)]
pub(super) fn from(scores: &[u8], first: usize) -> slice::Iter<'_, [u8; 4]> {
    scores.get(first..).unwrap_or_default().as_chunks().0.iter()
}

/// The high bits of the bytes that are at least `least`.
#[inline(always)]
pub(super) fn at_least(scores: [u8; 4], least: u8) -> u32 {
    let (scores, least) = (u32::from_le_bytes(scores), u32::from(least) * 0x0101_0101);
    // The high bit of a byte keeps the difference of the others from borrowing of the next byte.
    let others = (scores | HIGH) - (least & !HIGH);
    ((scores & !least) | (!(scores ^ least) & others)) & HIGH
}

/// Writes the scores of a pixel, from codes that `flip` makes numbers which rise with the score. Whether that of `class` is
/// above all others; of classes that do not exist it is 0.
#[inline(always)]
pub(super) fn take<Q: Code>(pixel: &mut [u8], codes: &[Q], flip: u8, class: u8) -> bool {
    let score = codes.get(usize::from(class)).map_or(0, |code| code.byte() ^ flip);
    let flips = u32::from(flip) * 0x0101_0101;
    let (fours, rest) = codes.as_chunks::<4>();
    // Of every byte of a word, how often it is as high.
    let mut counts = 0;
    let mut words = pixel.as_chunks_mut::<4>().0.iter_mut();
    for (codes, scores) in fours.iter().zip(&mut words) {
        *scores = (u32::from_le_bytes(codes.map(Q::byte)) ^ flips).to_le_bytes();
        counts += at_least(*scores, score) >> 7;
    }
    if let Some(scores) = words.next() {
        for (score, code) in scores.iter_mut().zip(rest) {
            *score = code.byte() ^ flip;
        }
        counts += at_least(*scores, score) >> 7;
    }
    counts == 1 << (class % 4 * 8)
}

/// The class with the highest score, the first of several.
pub(super) fn highest(pixel: &[u8]) -> u8 {
    let Some((first, others)) = pixel.split_first() else { return 0 };
    let (mut best, mut winner) = (*first, 0);
    for (score, class) in others.iter().zip(1..) {
        if *score > best {
            (best, winner) = (*score, class);
        }
    }
    winner
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "a test may panic")]

    use super::*;

    #[test]
    fn four_are_compared_as_one_by_one() {
        for least in 0..=255_u8 {
            for score in 0..=255_u8 {
                for place in 0..4 {
                    let mut scores = [least.wrapping_sub(1), least, 255, 0];
                    scores[place] = score;
                    let expected = (0..4)
                        .fold(0, |word, byte| word | u32::from(scores[byte] >= least) << (8 * byte + 7));
                    assert_eq!(at_least(scores, least), expected, "{scores:?} {least}");
                }
            }
        }
    }

    #[test]
    fn the_winner_stands_alone_or_is_the_first() {
        let alone = |codes: &[u8], class| take(&mut [0; 8], codes, 0, class);
        assert!(alone(&[3, 9, 2, 0, 8], 1) && alone(&[3, 9, 2, 0], 1) && alone(&[3, 9, 2, 0, 8, 1, 1, 1], 1));
        assert!(!alone(&[3, 9, 2, 0, 8], 0));
        assert!(!alone(&[3, 9, 2, 0, 9], 1));
        assert!(!alone(&[3, 9, 2, 0, 10], 1));
        assert!(alone(&[3, 9, 2, 0, 10], 4));
        let mut pixel = [0; 8];
        assert!(take(&mut pixel, &[-1i8, -128, 127, 5, 6, 7], 0x80, 2));
        assert_eq!(pixel, [127, 0, 255, 133, 134, 135, 0, 0]);
        assert_eq!([&[3, 9, 9][..], &[4, 4], &[0, 0, 0, 1], &[0]].map(highest), [1, 0, 3, 0]);
    }
}
