//! The skeleton of a mask by parallel thinning, and dilation, on one bit per pixel.
//!
//! Zhang and Suen 1984: two sub-iterations in turn remove contour pixels, all of one sub-iteration at once,
//! until neither finds any. Which of the 256 neighbourhoods lose their centre is what scikit-image's
//! `skeletonize` does in two dimensions: the rule of the paper, except that corners of stairs go too, and
//! that a diagonal two pixels wide does not vanish. Outside the frame is background.
//!
//! The rule is Boolean logic on words of 32 pixels. A word is looked at again only after it or a word beside it has
//! changed, so that the work goes with the pixels removed, not with the number of iterations. Columns of words are gone
//! down one after the other: what changes lies in runs of rows there, of which some are worked on at once.

use super::{Bits, row_words};
use crate::error::{Error, Result};
use crate::view::Shape;

/// Rows whose words are looked at together: two vectors, or one row where there are none.
const LANES: usize = if cfg!(target_pointer_width = "64") { 8 } else { 1 };

/// Scratch words of [`thin`] and [`dilate`]: two flags for every word of the mask, and for every row four.
#[must_use]
pub const fn scratch_len(shape: Shape) -> usize {
    row_words(shape).saturating_add(2).saturating_mul(2).saturating_mul(column_flags(shape))
}

/// Words that hold one flag for every row.
const fn column_flags(shape: Shape) -> usize {
    (shape.height() - 1) / 32 + 1
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
    let (words, flags) = (row_words(shape), column_flags(shape));
    let short = Error::Scratch { need };
    let scratch = scratch.get_mut(..need).ok_or(short)?;
    scratch.fill(0);
    let (stale, columns) = scratch.split_at_mut_checked(flags * words * 2).ok_or(short)?;
    let (first, second) = stale.split_at_mut_checked(flags * words).ok_or(short)?;
    for (row, line) in bits.words.chunks(words).enumerate() {
        for (word, marks) in line.iter().zip(first.chunks_mut(flags)) {
            if let Some(mark) = marks.get_mut(row / 32) {
                *mark |= u32::from(*word != 0) << (row % 32);
            }
        }
    }
    for (mark, other) in first.iter().zip(second.iter_mut()) {
        *other = *mark;
    }
    let (sides, changes) = columns.split_at_mut_checked(flags * 2).ok_or(short)?;
    let (before, now) = sides.split_at_mut_checked(flags).ok_or(short)?;
    let (changed, left) = changes.split_at_mut_checked(flags).ok_or(short)?;
    let stale = [first, second];
    let mut thinning = Thinning { shape, words: bits.words, stale, before, now, changed, left };
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
    /// For both sub-iterations and for every column of words one row after the other: the words that have changed, or
    /// beside which one has, since it last looked.
    stale: [&'a mut [u32]; 2],
    /// Rows whose rightmost pixel is gone, which still counts for this sub-iteration: of the column of words before, and of
    /// this one.
    before: &'a mut [u32],
    now: &'a mut [u32],
    /// Rows of this column of words that have lost pixels, and those that have lost their leftmost.
    changed: &'a mut [u32],
    left: &'a mut [u32],
}

impl Thinning<'_> {
    /// Whether it has removed a pixel.
    fn sub_iteration(&mut self, second: bool) -> bool {
        let (mut removed, mut waits) = (false, false);
        self.before.fill(0);
        for column in 0..row_words(self.shape) {
            let found = self.search(column, second);
            if found || waits {
                self.mark(column);
            }
            (waits, removed) = (found, removed | found);
            core::mem::swap(&mut self.before, &mut self.now);
        }
        removed
    }

    /// Removes the pixels of a column of words that go; says whether there are any.
    fn search(&mut self, column: usize, second: bool) -> bool {
        let (words, flags) = (row_words(self.shape), column_flags(self.shape));
        let [first_stale, second_stale] = &mut self.stale;
        let stale = if second { second_stale } else { first_stale };
        let stale = stale.get_mut(column * flags..(column + 1) * flags).unwrap_or_default();
        if stale.iter().all(|stale| *stale == 0) {
            return false;
        }
        let (on_left, on_right) = (u32::from(column > 0), u32::from(column + 1 < words) << 31);
        let (mut any, mut after, mut gone_before) = (0, 0, 0);
        let sides = self.now.iter_mut().zip(self.changed.iter_mut().zip(self.left.iter_mut()));
        for ((block, stale), (right, (changed, left))) in stale.iter_mut().enumerate().zip(sides) {
            let mut wanted = core::mem::take(stale);
            let beside = rows_beside(self.before, block);
            while wanted != 0 {
                let bit = wanted.trailing_zeros() & !(LANES as u32 - 1);
                wanted &= !(u32::MAX >> (32 - LANES) << bit);
                let row = block * 32 + bit as usize;
                let place = row * words + column;
                let mut lines = Lines { own: [0; _], west: [0; _], east: [0; _] };
                let (mut above, mut beside) = (place.wrapping_sub(words), beside >> bit);
                let sides = lines.west.iter_mut().zip(&mut lines.east);
                for (own, (west, east)) in lines.own.iter_mut().zip(sides) {
                    let at = |place: usize| self.words.get(place).copied().unwrap_or(0);
                    *own = at(above);
                    *west = (at(above.wrapping_sub(1)) >> 31 | beside as u32) & on_left;
                    *east = at(above.wrapping_add(1)) << 31 & on_right;
                    (above, beside) = (above.wrapping_add(words), beside >> 1);
                }
                if let [first, ..] = &mut lines.own
                    && after == row
                {
                    *first |= gone_before;
                }
                after = row + LANES;
                let places = (place..).step_by(words).zip(bit..);
                for (gone, (place, bit)) in lines.removable(second).into_iter().zip(places) {
                    if let Some(pixels) = self.words.get_mut(place) {
                        *pixels &= !gone;
                    }
                    *changed |= u32::from(gone != 0) << bit;
                    *left |= (gone & 1) << bit;
                    *right |= (gone >> 31) << bit;
                    gone_before = gone;
                }
            }
            any |= *changed;
        }
        any != 0
    }

    /// Has both sub-iterations look again at what is near the pixels that are gone from a column of words, and at what is
    /// right of the column before it, and forgets these.
    fn mark(&mut self, column: usize) {
        let flags = column_flags(self.shape);
        for (changed, before) in self.changed.iter_mut().zip(self.before.iter()) {
            *changed |= before;
        }
        for (rows, column) in [(&mut *self.changed, column), (&mut *self.left, column.saturating_sub(1))] {
            widen(rows);
            for stale in &mut self.stale {
                let stale = stale.get_mut(column * flags..).unwrap_or_default();
                stale.iter_mut().zip(rows.iter()).for_each(|(stale, row)| *stale |= row);
            }
            rows.fill(0);
        }
        self.before.fill(0);
    }
}

/// Adds the rows above and below those that have a flag.
fn widen(flags: &mut [u32]) {
    let mut above = 0;
    let mut rest = flags;
    while let [flag, tail @ ..] = rest {
        let (own, below) = (*flag, tail.first().copied().unwrap_or(0));
        *flag = own | own << 1 | above >> 31 | own >> 1 | below << 31;
        (above, rest) = (own, tail);
    }
}

/// The flags of a block of rows from bit 1, between those of the rows above and below it.
fn rows_beside(flags: &[u32], block: usize) -> u64 {
    let at = |block: usize| u64::from(flags.get(block).copied().unwrap_or(0));
    at(block.wrapping_sub(1)) >> 31 | at(block) << 1 | (at(block + 1) & 1) << 33
}

/// Words of some rows, one below the other, with a row above and one below them.
struct Lines {
    own: [u32; LANES + 2],
    /// The pixels left of them, and right of them, where these are in other words.
    west: [u32; LANES + 2],
    east: [u32; LANES + 2],
}

impl Lines {
    /// The pixels that a sub-iteration removes.
    #[inline(always)]
    fn removable(mut self, second: bool) -> [u32; LANES] {
        for (own, (west, east)) in self.own.iter().zip(self.west.iter_mut().zip(&mut self.east)) {
            *west |= own << 1;
            *east |= own >> 1;
        }
        let mut gone = [0; LANES];
        let lines = self.west.windows(3).zip(self.own.windows(3).zip(self.east.windows(3)));
        for (gone, (west, (own, east))) in gone.iter_mut().zip(lines) {
            if let (&[nw, w, sw], &[n, own, s], &[ne, e, se]) = (west, own, east) {
                *gone = removable([[nw, n, ne], [w, own, e], [sw, s, se]], second);
            }
        }
        gone
    }
}

/// The pixels of a word that a sub-iteration removes, from the columns of three rows.
///
/// The second sub-iteration is the first with the neighbourhood turned by half, but for three neighbourhoods. These are 39
/// operations on 32 pixels, found by logic synthesis (Berkeley ABC) from the table that the tests have.
#[inline(always)]
fn removable([above, own, below]: [[u32; 3]; 3], second: bool) -> u32 {
    let [[nw, n, ne], [w, own, e], [sw, s, se]] = if second {
        [below, own, above].map(|[left, own, right]| [right, own, left])
    } else {
        [above, own, below]
    };
    let first = if second { 0 } else { u32::MAX };
    let (across, corner, north_west) = (w & e, nw & first, nw & (e | !w));
    let stays = [
        !ne & (across | !(sw & s | !se & (corner | e | w))),
        sw & !s & !w,
        ne & (!n | se) & (!e | n & sw),
        (!n | s) & (north_west | !sw & (n | corner & !s)),
        !nw & (s & (n | !se & (ne | sw)) | across | !(n & (!sw | first) | s | ne)),
    ];
    own & !stays.into_iter().fold(0, |any, pixels| any | pixels)
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
