//! Components and holes of a mask, counted row by row.

use super::components::Connectivity;
use super::row::{last_mask, runs, words_of};
use crate::error::{Error, Result};

mod slots;

use slots::Slots;

/// Components and holes of a mask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Topology {
    /// Betti number 0: components that are not smaller than asked for.
    pub components: u32,
    /// Betti number 1: holes of these components.
    pub holes: u32,
    /// Components that were too small.
    pub removed: u32,
    /// Pixels of the largest of these components; 0 without one.
    pub largest: u32,
}

impl Topology {
    /// The Euler number, components less holes.
    #[must_use]
    pub const fn euler(self) -> i64 {
        self.components as i64 - self.holes as i64
    }

    /// The Betti error of an image: the difference of components and that of holes, added.
    #[must_use]
    pub const fn betti_error(self, other: Self) -> u64 {
        self.components.abs_diff(other.components) as u64 + self.holes.abs_diff(other.holes) as u64
    }
}

/// The largest area below which components can be left out: their Euler numbers fit 16 bits.
const MOST_AREA: u16 = 8191;

/// Counts components and holes row by row.
///
/// Two rows of runs in a union-find; a component that the next row does not touch is complete. Each has its pixels
/// and its Euler number: its runs, less the pairs of runs in neighbouring rows that touch. What a component has less
/// than 1 are its holes.
///
/// The work of a row is its words and its runs, not its pixels.
///
/// ```
/// use segmeter_core::metric::topology::{Components, Connectivity};
/// let mut scratch = [0; Components::scratch_len(5)];
/// let mut components = Components::new(5, Connectivity::Four, 2, &mut scratch)?;
/// for row in [b"###..", b"#.#..", b"###.#"] {
///     components.push_row(|column| row[column] == b'#');
/// }
/// let found = components.finish();
/// assert_eq!((found.components, found.holes, found.removed, found.largest), (1, 1, 1, 8));
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Components<'a> {
    width: usize,
    connectivity: Connectivity,
    least: u32,
    /// The row before and this row, a bit per pixel.
    above: &'a mut [u32],
    row: &'a mut [u32],
    slots: Slots<'a>,
    /// Runs of the row before; they have the first slots.
    runs: usize,
    /// Of all components, and of those removed.
    all: Total,
    removed: Total,
    largest: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Total {
    components: u32,
    euler: i64,
}

impl Total {
    /// Holes: a component has one less its Euler number.
    const fn holes(self) -> i64 {
        self.components as i64 - self.euler
    }
}

impl<'a> Components<'a> {
    /// Words of scratch: about 8 bytes per column.
    #[must_use]
    pub const fn scratch_len(width: usize) -> usize {
        most_runs(width).saturating_mul(4).saturating_add(words_of(width).saturating_mul(2))
    }

    /// No row yet. Components of fewer than `least` pixels are removed, and their holes with them.
    ///
    /// # Errors
    /// [`Error::Scratch`]; [`Error::Parameter`] if `width` is 0 or above 65,534, or `least` above 8,191.
    pub fn new(width: usize, connectivity: Connectivity, least: u16, scratch: &'a mut [u32]) -> Result<Self> {
        if width == 0 || width > 65_534 {
            return Err(Error::Parameter("width"));
        }
        if least > MOST_AREA {
            return Err(Error::Parameter("least"));
        }
        let (need, half, words) = (Self::scratch_len(width), most_runs(width), words_of(width));
        let short = Error::Scratch { need };
        let (links, rest) = scratch.split_at_mut_checked(2 * half).ok_or(short)?;
        let (area, rest) = rest.split_at_mut_checked(2 * half).ok_or(short)?;
        let (above, rest) = rest.split_at_mut_checked(words).ok_or(short)?;
        let row = rest.get_mut(..words).ok_or(short)?;
        above.fill(0);
        let slots = Slots { links, area, half };
        let (all, removed) = Default::default();
        Ok(Self {
            width,
            connectivity,
            least: least.into(),
            above,
            row,
            slots,
            runs: 0,
            all,
            removed,
            largest: 0,
        })
    }

    /// Adds a row: `set` says of every column whether it is foreground.
    pub fn push_row(&mut self, set: impl Fn(usize) -> bool) {
        for (first, word) in (0..self.width).step_by(32).zip(self.row.iter_mut()) {
            let columns = first..self.width.min(first + 32);
            *word = columns.zip(0..).fold(0, |word, (column, bit)| word | u32::from(set(column)) << bit);
        }
        self.advance();
    }

    /// Adds a row of bits, as [`Bits`](super::Bits) packs them; words that are missing are zeros.
    pub fn push_bits(&mut self, row: &[u32]) {
        self.row.fill(0);
        for (word, bits) in self.row.iter_mut().zip(row) {
            *word = *bits;
        }
        if let Some(last) = self.row.last_mut() {
            *last &= last_mask(self.width);
        }
        self.advance();
    }

    /// The row that was added last.
    pub(crate) const fn above(&self) -> &[u32] {
        self.above
    }

    /// Makes the row that is filled in the row before.
    fn advance(&mut self) {
        let found = self.join();
        let half = self.slots.half;
        self.slots.gather(0..self.runs);
        self.slots.gather(half..half + found);
        for slot in 0..self.runs {
            if self.slots.is_root(slot) {
                self.complete(slot);
            }
        }
        self.slots.settle(found);
        self.runs = found;
        core::mem::swap(&mut self.above, &mut self.row);
    }

    /// Joins the runs of the row with those above that they touch, and says how many there are.
    fn join(&mut self) -> usize {
        let half = self.slots.half;
        let reach = usize::from(self.connectivity == Connectivity::Eight);
        let (mut now, mut touching) = (half, 0);
        let mut before = (0..).zip(runs(self.above));
        let mut next = before.next();
        for (start, end) in runs(self.row) {
            self.slots.open(now, end - start);
            while let Some((slot, (first, last))) = next
                && first < end + reach
            {
                if last + reach > start {
                    self.slots.unite(slot, now);
                    touching += 1;
                }
                // It may reach the run after this one; what comes behind it does not reach this one.
                if last + reach > end {
                    break;
                }
                next = before.next();
            }
            self.slots.close(now, touching);
            self.all.euler += 1 - i64::from(core::mem::take(&mut touching));
            now += 1;
        }
        now - half
    }

    fn complete(&mut self, slot: usize) {
        self.all.components += 1;
        let (area, euler) = self.slots.of(slot);
        if area < self.least {
            self.removed.components += 1;
            self.removed.euler += i64::from(euler);
        } else {
            self.largest = self.largest.max(area);
        }
    }

    /// Counts what the last row has left open.
    #[must_use]
    pub fn finish(mut self) -> Topology {
        self.push_bits(&[]);
        let holes = self.all.holes() - self.removed.holes();
        Topology {
            components: self.all.components - self.removed.components,
            holes: holes.max(0) as u32,
            removed: self.removed.components,
            largest: self.largest,
        }
    }
}

/// Most runs of a row.
const fn most_runs(width: usize) -> usize {
    width.div_ceil(2)
}
