//! Rows of one bit per pixel, the form in which metrics of shape take a frame: packing, and widening.

use crate::error::{Error, Result};
use crate::view::{Code, Quantiser};

/// One row of a prediction with its labels.
///
/// Ignored pixels are taken out of both masks: nothing is known of them, and no edge is made by them.
#[derive(Clone, Copy, Debug)]
pub enum Row<'a> {
    /// An id per pixel. A pixel is set where its id is `class`, and scored unless its label is `ignore`.
    Ids {
        /// Predicted ids.
        prediction: &'a [u8],
        /// Labelled ids.
        label: &'a [u8],
        /// The class that is measured against the rest.
        class: u8,
        /// The label of pixels that are not scored.
        ignore: u8,
    },
    /// A bit per pixel, packed as in [`Mask`](crate::view::Mask).
    Bits {
        /// Predicted pixels.
        prediction: &'a [u8],
        /// Labelled pixels.
        label: &'a [u8],
        /// Scored pixels; `None` if all are.
        valid: Option<&'a [u8]>,
    },
}

/// Words that hold a bit for each of `columns`, of which there is at least one.
pub(crate) const fn words_of(columns: usize) -> usize {
    columns.saturating_sub(1) / 32 + 1
}

/// The bits of the last word of a row that lie inside it.
pub(crate) const fn last_mask(columns: usize) -> u32 {
    u32::MAX >> ((32 - columns % 32) % 32)
}

/// Where packed rows go: a word per 32 pixels each.
pub(crate) struct Packed<'a> {
    pub(crate) prediction: &'a mut [u32],
    pub(crate) label: &'a mut [u32],
    pub(crate) valid: &'a mut [u32],
}

impl Row<'_> {
    /// Packs a row of `width` pixels; pixels that are not scored are set in none of the three, bits past the
    /// width are zero.
    ///
    /// # Errors
    /// [`Error::Length`].
    pub(crate) fn pack(&self, width: usize, to: Packed<'_>) -> Result<()> {
        match *self {
            Self::Ids { prediction, label, class, ignore } => {
                check(width, prediction)?;
                check(width, label)?;
                equal(prediction, class, to.prediction);
                equal(label, class, to.label);
                equal(label, ignore, to.valid);
                to.valid.iter_mut().for_each(|word| *word = !*word);
            }
            Self::Bits { prediction, label, valid } => {
                let bytes = width.div_ceil(8);
                check(bytes, prediction)?;
                check(bytes, label)?;
                load(prediction, to.prediction);
                load(label, to.label);
                match valid {
                    Some(valid) => {
                        check(bytes, valid)?;
                        load(valid, to.valid);
                    }
                    None => to.valid.fill(u32::MAX),
                }
            }
        }
        if let Some(last) = to.valid.last_mut() {
            *last &= last_mask(width);
        }
        for ((prediction, label), valid) in to.prediction.iter_mut().zip(to.label).zip(to.valid.iter()) {
            *prediction &= valid;
            *label &= valid;
        }
        Ok(())
    }
}

const fn check(expected: usize, row: &[u8]) -> Result<()> {
    if row.len() == expected { Ok(()) } else { Err(Error::Length { expected, found: row.len() }) }
}

/// Sets the bits of the pixels that hold `id`.
pub(super) fn equal(ids: &[u8], id: u8, words: &mut [u32]) {
    let pattern = u32::from(id) * 0x0101_0101;
    for (ids, word) in ids.chunks(32).zip(words) {
        let (fours, rest) = ids.as_chunks::<4>();
        let mut bits = 0;
        for (four, place) in fours.iter().zip(0_u32..8) {
            // The high bit of a byte tells whether the byte is not zero; the product moves the four together.
            let differs = u32::from_le_bytes(*four) ^ pattern;
            let high = ((differs & 0x7f7f_7f7f) + 0x7f7f_7f7f) | differs;
            let equal = (!high & 0x8080_8080) >> 7;
            bits |= (equal.wrapping_mul(0x1020_4080) >> 28) << (4 * place);
        }
        for (value, place) in rest.iter().zip(fours.len() * 4..32) {
            bits |= u32::from(*value == id) << place;
        }
        *word = bits;
    }
}

/// Packs a row of codes: a pixel is set where its logit is above zero ([`Quantiser::threshold`]), bits past the row are
/// zero. Four pixels at a time.
///
/// ```
/// use segmeter_core::{plane::pack_codes, view::{Encoding, Quantiser}};
/// let mut words = [0; 1];
/// pack_codes(&[-7i8, 4, 3, 127, -128], &Quantiser::logits(Encoding::Signed, 0.1, 3)?, &mut words)?;
/// assert_eq!(words, [0b01010]);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
///
/// # Errors
/// [`Error::Length`] unless there is a word for every 32 codes.
pub fn pack_codes<Q: Code>(codes: &[Q], quantiser: &Quantiser, words: &mut [u32]) -> Result<()> {
    const HIGH: u32 = 0x8080_8080;
    let (expected, found) = (codes.len().div_ceil(32), words.len());
    if expected != found {
        return Err(Error::Length { expected, found });
    }
    let flip = u32::from(quantiser.index(0)) * 0x0101_0101;
    // The lowest index that is set.
    let least = u32::from(quantiser.threshold()) + 1;
    if least > 255 {
        words.fill(0);
        return Ok(());
    }
    let low = (least & 0x7f) * 0x0101_0101;
    let any = if least & 0x80 == 0 { HIGH } else { 0 };
    let of_four = |four: &[Q; 4]| {
        let index = u32::from_le_bytes(four.map(Code::byte)) ^ flip;
        // The high bit of a byte: whether its seven low bits reach those of the least.
        let reaches = (index | HIGH) - low;
        let set = (reaches & index) | ((reaches | index) & any);
        // The product moves the four together.
        ((set & HIGH) >> 7).wrapping_mul(0x1020_4080) >> 28
    };
    // Whole words first: a loop of a length that the compiler knows it unrolls.
    let (full, rest) = codes.as_chunks::<32>();
    let mut words = words.iter_mut();
    for (codes, word) in full.iter().zip(words.by_ref()) {
        let fours = codes.as_chunks::<4>().0.iter();
        *word = fours.rev().fold(0, |word, four| word << 4 | of_four(four));
    }
    if let Some(word) = words.next() {
        *word = rest
            .iter()
            .rev()
            .fold(0, |word, code| word << 1 | u32::from(u32::from(quantiser.index(code.byte())) >= least));
    }
    Ok(())
}

/// The runs of set pixels of a row from the left: the first column, and the first past it.
pub(crate) fn runs(row: &[u32]) -> impl Iterator<Item = (usize, usize)> {
    let mut words = row.iter();
    // The first column of the next word, and what is left of this one.
    let (mut next, mut word) = (0_usize, 0_u32);
    core::iter::from_fn(move || {
        while word == 0 {
            word = *words.next()?;
            next = next.wrapping_add(32);
        }
        let start = next.wrapping_sub(32).wrapping_add(word.trailing_zeros() as usize);
        word |= word.wrapping_sub(1);
        while word == u32::MAX {
            let Some(more) = words.next() else {
                word = 0;
                return Some((start, next));
            };
            word = *more;
            next = next.wrapping_add(32);
        }
        let end = next.wrapping_sub(32).wrapping_add(word.trailing_ones() as usize);
        word &= word.wrapping_add(1);
        Some((start, end))
    })
}

/// Packed bytes as words.
fn load(bytes: &[u8], words: &mut [u32]) {
    let (fours, rest) = bytes.as_chunks::<4>();
    let mut words = words.iter_mut();
    for (four, word) in fours.iter().zip(words.by_ref()) {
        *word = u32::from_le_bytes(*four);
    }
    if let Some(word) = words.next() {
        *word = rest.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte));
    }
}

/// Writes the pixels at most `reach` columns from a set pixel of a row. With `outside`, the pixels beside the
/// row count as set.
pub(crate) fn spread(row: &[u32], columns: usize, reach: usize, outside: bool, to: &mut [u32]) {
    // How many pixels of the next word are reached from behind.
    let mut count = if outside { reach } else { 0 };
    for (word, slot) in row.iter().zip(to.iter_mut()) {
        *slot = rising(*word, reach) | low(count);
        count = beyond(*word, word.leading_zeros(), reach, count);
    }
    // The same from the right, mirrored; what lies beside the row is behind the unused bits of its last word.
    let unused = (row.len() * 32).saturating_sub(columns);
    let mut count = if outside { reach.saturating_add(unused) } else { 0 };
    for (word, slot) in row.iter().zip(to.iter_mut()).rev() {
        *slot |= (rising(word.reverse_bits(), reach) | low(count)).reverse_bits();
        count = beyond(*word, word.trailing_zeros(), reach, count);
    }
    if let Some(last) = to.last_mut() {
        *last &= last_mask(columns);
    }
}

/// How many pixels behind a word are reached, with `empty` pixels behind its last set one.
#[inline(always)]
fn beyond(word: u32, empty: u32, reach: usize, count: usize) -> usize {
    if word == 0 { count.saturating_sub(32) } else { reach.saturating_sub(empty as usize) }
}

/// The `count` lowest bits.
const fn low(count: usize) -> u32 {
    if count >= 32 { u32::MAX } else { (1 << count) - 1 }
}

/// Every set bit, and the `reach` bits above it.
fn rising(word: u32, reach: usize) -> u32 {
    if reach >= 31 || word == 0 || word == u32::MAX {
        return word | word.wrapping_neg();
    }
    let (mut word, mut done) = (word, 0);
    while done < reach {
        let step = (done + 1).min(reach - done);
        word |= word << (step & 31);
        done += step;
    }
    word
}

/// Whether a row has a set pixel in the columns `from..=to`.
#[inline]
pub(crate) fn any(row: &[u32], from: usize, to: usize) -> bool {
    masked(row, from, to).any(|word| word != 0)
}

/// The words of a row with only the columns `from..=to`.
#[inline(always)]
fn masked(row: &[u32], from: usize, to: usize) -> impl Iterator<Item = u32> {
    let (first, last) = (from / 32, to / 32);
    let words = row.get(first..(last + 1).min(row.len())).unwrap_or_default();
    let (low, high) = (u32::MAX << (from % 32), u32::MAX >> (31 - to % 32));
    words.iter().enumerate().map(move |(place, word)| {
        let mask =
            if place == 0 { low } else { u32::MAX } & if first + place == last { high } else { u32::MAX };
        word & mask
    })
}
