//! The skeleton of a mask by parallel thinning, and dilation, on one bit per pixel.
//!
//! Zhang and Suen 1984: two sub-iterations in turn remove contour pixels, all of one sub-iteration at once,
//! until neither finds any. Which of the 256 neighbourhoods lose their centre is what scikit-image's
//! `skeletonize` does in two dimensions: the rule of the paper, except that corners of stairs go too, and
//! that a diagonal two pixels wide does not vanish. Outside the frame is background.
//!
//! A word of 32 pixels is looked at again only after it or a word beside it has changed, so that the work
//! goes with the pixels removed, not with the number of iterations.

use super::{Bits, ones, row_words};
use crate::error::{Error, Result};
use crate::view::Shape;

/// Scratch words of [`thin`] and [`dilate`]: two flags for every word of the mask, and two rows.
#[must_use]
pub const fn scratch_len(shape: Shape) -> usize {
    let flags = row_flags(shape);
    let rows = (row_words(shape) + flags) * 2;
    flags.saturating_mul(2).saturating_mul(shape.height()).saturating_add(rows)
}

/// Words that hold one flag for every word of a row.
const fn row_flags(shape: Shape) -> usize {
    (row_words(shape) - 1) / 32 + 1
}

/// Thins a mask to its skeleton, in place; equal to scikit-image's `skeletonize`.
///
/// # Errors
/// [`Error::Scratch`] if `scratch` is shorter than [`scratch_len`].
///
/// ```
/// use segmeter_core::{plane::{Bits, skeleton}, view::Shape};
/// let shape = Shape::new(5, 7)?;
/// let mut words = vec![0; Bits::words(shape)];
/// let mut bits = Bits::new(shape, &mut words, |pixel| (7..28).contains(&pixel))?;
/// skeleton::thin(&mut bits, &mut vec![0; skeleton::scratch_len(shape)])?;
/// let row = |row| (0..7).map(|column| u8::from(bits.get(row, column))).collect::<Vec<_>>();
/// assert_eq!([row(1), row(2), row(3)], [[0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 1, 1, 0, 0], [0; 7]]);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
pub fn thin(bits: &mut Bits<'_>, scratch: &mut [u32]) -> Result<()> {
    let (shape, need) = (bits.shape(), scratch_len(bits.shape()));
    let (words, flags) = (row_words(shape), row_flags(shape));
    let scratch = scratch.get_mut(..need).ok_or(Error::Scratch { need })?;
    let short = Error::Scratch { need };
    let (rows, stale) = scratch.split_at_mut_checked((words + flags) * 2).ok_or(short)?;
    let (before, now) = rows.split_at_mut_checked(words + flags).ok_or(short)?;
    let half = stale.len() / 2;
    let (first, second) = stale.split_at_mut_checked(half).ok_or(short)?;
    for (line, marks) in bits.words.chunks(words).zip(first.chunks_mut(flags)) {
        for (group, mark) in line.chunks(32).zip(marks) {
            *mark = group.iter().zip(0..).fold(0, |mark, (word, bit)| mark | u32::from(*word != 0) << bit);
        }
    }
    for (mark, other) in first.iter().zip(second.iter_mut()) {
        *other = *mark;
    }
    before.fill(0);
    now.fill(0);
    let mut thinning = Thinning { shape, words: bits.words, stale: [first, second], before, now };
    let mut idle = 0;
    // Every sub-iteration but two removes a pixel.
    for turn in 0..shape.pixels().saturating_mul(2) {
        idle = if thinning.sub_iteration(turn % 2 == 1) { 0 } else { idle + 1 };
        if idle == 2 {
            break;
        }
    }
    Ok(())
}

struct Thinning<'a> {
    shape: Shape,
    words: &'a mut [u32],
    /// For both sub-iterations: the words that have changed, or beside which one has, since it last looked.
    stale: [&'a mut [u32]; 2],
    /// The pixels of a row to be removed, and then a flag for every word that has some: of the row above,
    /// whose pixels must stay until this row is done, and of this row.
    before: &'a mut [u32],
    now: &'a mut [u32],
}

impl Thinning<'_> {
    /// Whether it has removed a pixel.
    fn sub_iteration(&mut self, second: bool) -> bool {
        let mut removed = false;
        for row in 0..self.shape.height() {
            self.search(row, second);
            removed |= self.remove(row.checked_sub(1));
            core::mem::swap(&mut self.before, &mut self.now);
        }
        removed |= self.remove(self.shape.height().checked_sub(1));
        removed
    }

    /// Finds the pixels of a row that go.
    fn search(&mut self, row: usize, second: bool) {
        let (words, flags) = (row_words(self.shape), row_flags(self.shape));
        let [first_stale, second_stale] = &mut self.stale;
        let stale = if second { second_stale } else { first_stale };
        let stale = stale.get_mut(row * flags..(row + 1) * flags).unwrap_or_default();
        let Some((found, marks)) = self.now.split_at_mut_checked(words) else { return };
        let line = |row: usize| self.words.get(row.wrapping_mul(words)..).and_then(|rest| rest.get(..words));
        let lines = [row.wrapping_sub(1), row, row + 1].map(|row| line(row).unwrap_or_default());
        for (group, (stale, mark)) in stale.iter_mut().zip(marks).enumerate() {
            for bit in ones(core::mem::take(stale)) {
                let word = group * 32 + bit as usize;
                let gone = removable(lines.map(|line| window(line, word)), second);
                if let Some(slot) = found.get_mut(word)
                    && gone != 0
                {
                    *slot = gone;
                    *mark |= 1 << bit;
                }
            }
        }
    }

    /// Removes what was found in a row, the one before the row searched last; says whether that was anything.
    fn remove(&mut self, row: Option<usize>) -> bool {
        let (words, flags) = (row_words(self.shape), row_flags(self.shape));
        let (Some(row), Some((found, marks))) = (row, self.before.split_at_mut_checked(words)) else {
            return false;
        };
        let line = self.words.get_mut(row * words..(row + 1) * words).unwrap_or_default();
        let mut removed = false;
        for (group, mark) in marks.iter_mut().enumerate() {
            for bit in ones(core::mem::take(mark)) {
                let word = group * 32 + bit as usize;
                let gone = found.get(word).copied().unwrap_or(0);
                if let Some(slot) = line.get_mut(word) {
                    *slot &= !gone;
                }
                removed = true;
                let left = word.wrapping_sub(usize::from(gone & 1 != 0)).min(word);
                let right = (word + (gone >> 31) as usize).min(words - 1);
                for stale in &mut self.stale {
                    for near in row.saturating_sub(1)..(row + 2).min(self.shape.height()) {
                        for near_word in left..=right {
                            if let Some(slot) = stale.get_mut(near * flags + near_word / 32) {
                                *slot |= 1 << (near_word % 32);
                            }
                        }
                    }
                }
            }
        }
        removed
    }
}

/// The 32 pixels of a word from bit 1, between their neighbours at bits 0 and 33.
#[inline(always)]
fn window(line: &[u32], word: usize) -> u64 {
    let at = |word: usize| u64::from(line.get(word).copied().unwrap_or(0));
    at(word.wrapping_sub(1)) >> 31 | at(word) << 1 | (at(word + 1) & 1) << 33
}

/// The pixels of a word that a sub-iteration removes, from the windows of three rows.
#[inline(always)]
fn removable([above, own, below]: [u64; 3], second: bool) -> u32 {
    let (north, south) = ((above >> 1) as u32, (below >> 1) as u32);
    let (west, east) = (own as u32, (own >> 2) as u32);
    // Necessary for every entry of the table; inside an area it never holds.
    let open = if second { !(north & west) | !(east | south) } else { !(east & south) | !(north | west) };
    let mut gone = 0;
    for bit in ones((own >> 1) as u32 & open) {
        let three = |row: u64| (row >> bit) as usize & 7;
        let index = three(above) | three(own) << 3 | three(below) << 6;
        let turns = REMOVABLE.get(index).copied().unwrap_or(0);
        gone |= u32::from(turns >> u8::from(second) & 1) << bit;
    }
    gone
}

/// For the nine pixels of a neighbourhood in row order, lowest bit first: which sub-iterations remove the
/// centre, 1 the first, 2 the second, 3 both.
static REMOVABLE: [u8; 512] = {
    let mut table = [0; 512];
    let (mut rest, mut index): (&mut [u8], u32) = (&mut table, 0);
    while let [slot, tail @ ..] = rest {
        *slot = turns(index);
        (rest, index) = (tail, index + 1);
    }
    table
};

/// The entry of a neighbourhood.
const fn turns(nine: u32) -> u8 {
    // Once around from the north, clockwise.
    let (n, ne, e, se) = (nine >> 1 & 1, nine >> 2 & 1, nine >> 5 & 1, nine >> 8 & 1);
    let (s, sw, w, nw) = (nine >> 7 & 1, nine >> 6 & 1, nine >> 3 & 1, nine & 1);
    let ring = n | ne << 1 | e << 2 | se << 3 | s << 4 | sw << 5 | w << 6 | nw << 7;
    let next = ring >> 1 | n << 7;
    let (neighbours, strokes) = (ring.count_ones(), (!ring & next).count_ones());
    match ring {
        // Where scikit-image departs from the paper.
        24 | 192 => 0,
        3 | 6 | 7 | 67 | 97 | 99 | 129 | 133 | 193 | 208 => 1,
        12 | 13 | 28 | 48 | 52 | 54 | 88 | 96 | 112 => 2,
        5 | 20 | 65 | 80 => 3,
        _ if neighbours < 2 || neighbours > 6 || strokes != 1 => 0,
        _ => {
            let first = n * e * s == 0 && e * s * w == 0;
            let second = n * e * w == 0 && n * s * w == 0;
            first as u8 | (second as u8) << 1
        }
    }
}

/// Adds the 4-neighbours of every pixel of a mask, in place. One pass over the words.
///
/// # Errors
/// [`Error::Scratch`] if `scratch` is shorter than [`scratch_len`].
pub fn dilate(bits: &mut Bits<'_>, scratch: &mut [u32]) -> Result<()> {
    let (shape, need) = (bits.shape(), scratch_len(bits.shape()));
    let words = row_words(shape);
    let above = scratch.get_mut(..need).and_then(|s| s.get_mut(..words)).ok_or(Error::Scratch { need })?;
    above.fill(0);
    let unused = (32 - shape.width() % 32) % 32;
    for row in 0..shape.height() {
        let (done, rest) = bits.words.split_at_mut_checked((row + 1) * words).unwrap_or_default();
        let line = done.get_mut(row * words..).unwrap_or_default();
        let mut below = rest.iter();
        let mut left = 0;
        for word in 0..words {
            let right = line.get(word + 1).copied().unwrap_or(0);
            let south = below.next().copied().unwrap_or(0);
            if let (Some(slot), Some(north)) = (line.get_mut(word), above.get_mut(word)) {
                let own = *slot;
                *slot = own | own << 1 | own >> 1 | left >> 31 | right << 31 | *north | south;
                (*north, left) = (own, own);
            }
        }
        if let Some(last) = line.last_mut() {
            *last &= u32::MAX >> unused;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
