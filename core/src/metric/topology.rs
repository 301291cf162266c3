//! Components and holes of a mask, and the overlap of centre lines.
//!
//! The connectivity of the foreground is stated; the background has the other one. Raw masks are noisy (hand labels of
//! roads have 1 to 20 holes), so that components below an area can be left out.

use crate::error::{Error, Result};

mod centreline;
mod slots;

pub use crate::plane::components::Connectivity;
pub use centreline::{CentrelineDice, centreline_dice, centreline_scratch_len};
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

/// The largest area below which components can be left out: their corners fit 16 bits.
const MOST_AREA: u16 = 8191;

/// Counts components and holes row by row.
///
/// Two rows of runs in a union-find; a component that the next row does not touch is complete. Each has its pixels
/// and its share of the corners, of which every 2x2 window counts a quarter: a component has one hole less than
/// corners in quarters say it should (Gray 1971).
///
/// ```
/// use segmeter_core::metric::topology::{Components, Connectivity};
/// let mut scratch = [0; Components::scratch_len(5)];
/// let mut components = Components::new(5, Connectivity::Four, 2, &mut scratch)?;
/// for row in [b"###..", b"#.#..", b"###.#"] {
///     components.push_row(|column| row[column] == b'#');
/// }
/// let found = components.finish();
/// assert_eq!((found.components, found.holes, found.removed), (1, 1, 1));
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Components<'a> {
    width: usize,
    connectivity: Connectivity,
    least: u16,
    /// The row before, a bit per pixel.
    above: &'a mut [u16],
    slots: Slots<'a>,
    /// Runs of the row before; they have the first slots.
    runs: usize,
    /// Of all components, and of those removed.
    all: Total,
    removed: Total,
}

#[derive(Clone, Copy, Debug, Default)]
struct Total {
    components: u32,
    corners: i64,
}

impl Total {
    /// Holes: a component has four corners more than four times its holes less.
    const fn holes(self) -> i64 {
        self.components as i64 - self.corners / 4
    }
}

impl<'a> Components<'a> {
    /// Elements of scratch: about 6 bytes per column.
    #[must_use]
    pub const fn scratch_len(width: usize) -> usize {
        most_runs(width).saturating_mul(6).saturating_add(width.div_ceil(16))
    }

    /// No row yet. Components of fewer than `least` pixels are removed, and their holes with them.
    ///
    /// # Errors
    /// [`Error::Scratch`]; [`Error::Parameter`] if `width` is 0 or above 65,534, or `least` above 8,191.
    pub fn new(width: usize, connectivity: Connectivity, least: u16, scratch: &'a mut [u16]) -> Result<Self> {
        if width == 0 || width > 65_534 {
            return Err(Error::Parameter("width"));
        }
        if least > MOST_AREA {
            return Err(Error::Parameter("least"));
        }
        let (need, half) = (Self::scratch_len(width), most_runs(width));
        let short = Error::Scratch { need };
        let scratch = scratch.get_mut(..need).ok_or(short)?;
        let (parent, rest) = scratch.split_at_mut_checked(2 * half).ok_or(short)?;
        let (area, rest) = rest.split_at_mut_checked(2 * half).ok_or(short)?;
        let (corners, above) = rest.split_at_mut_checked(2 * half).ok_or(short)?;
        above.fill(0);
        let slots = Slots { parent, area, corners, half };
        let (all, removed) = Default::default();
        Ok(Self { width, connectivity, least, above, slots, runs: 0, all, removed })
    }

    /// Adds a row: `set` says of every column whether it is foreground.
    pub fn push_row(&mut self, set: impl Fn(usize) -> bool) {
        let half = self.slots.half;
        // Slots of the runs seen last, above and in this row.
        let (mut before, mut now) = (usize::MAX, half.wrapping_sub(1));
        let (mut up_left, mut left) = (false, false);
        for column in 0..=self.width {
            let own = column < self.width && set(column);
            let up = self.swap(column, own);
            if up && !up_left {
                before = before.wrapping_add(1);
            }
            if own {
                if !left {
                    now = now.wrapping_add(1);
                    self.slots.open(now);
                }
                self.slots.grow(now);
            }
            let diagonal = self.connectivity == Connectivity::Eight;
            if (own && up && !(left && up_left)) || (diagonal && ((own && up_left) || (left && up))) {
                self.slots.unite(before, now);
            }
            self.corners([up_left, up, left, own], before, now);
            (up_left, left) = (up, own);
        }
        let runs = now.wrapping_add(1).wrapping_sub(half);
        self.slots.gather(0..self.runs);
        self.slots.gather(half..half + runs);
        for slot in 0..self.runs {
            if self.slots.is_root(slot) {
                self.complete(slot);
            }
        }
        self.slots.settle(runs);
        self.runs = runs;
    }

    /// Counts the corners of a 2x2 window: its upper and its lower pixels, with the runs that they are of.
    #[inline(always)]
    fn corners(&mut self, window: [bool; 4], before: usize, now: usize) {
        let [up_left, up, left, own] = window;
        let (above, below) = (u8::from(up_left) + u8::from(up), u8::from(left) + u8::from(own));
        let parts = match (above, below) {
            (1, 0) => [(before, 1), (now, 0)],
            (0, 1) => [(now, 1), (before, 0)],
            (1, 2) | (2, 1) => [(now, -1), (before, 0)],
            (1, 1) if up != own && self.connectivity == Connectivity::Four => [(before, 1), (now, 1)],
            (1, 1) if up != own => [(now, -2), (before, 0)],
            _ => return,
        };
        for (slot, corners) in parts {
            if corners != 0 {
                self.all.corners += i64::from(corners);
                self.slots.turn(slot, corners);
            }
        }
    }

    /// Writes a pixel of this row, and returns that of the row above.
    #[inline(always)]
    fn swap(&mut self, column: usize, own: bool) -> bool {
        let bit = 1 << (column % 16);
        let Some(word) = self.above.get_mut(column / 16).filter(|_| column < self.width) else {
            return false;
        };
        let up = *word & bit != 0;
        *word = if own { *word | bit } else { *word & !bit };
        up
    }

    fn complete(&mut self, slot: usize) {
        self.all.components += 1;
        let (area, corners) = self.slots.of(slot);
        if area < self.least {
            self.removed.components += 1;
            self.removed.corners += i64::from(corners);
        }
    }

    /// Counts what the last row has left open.
    #[must_use]
    pub fn finish(mut self) -> Topology {
        self.push_row(|_| false);
        let holes = self.all.holes() - self.removed.holes();
        Topology {
            components: self.all.components - self.removed.components,
            holes: holes.max(0) as u32,
            removed: self.removed.components,
        }
    }
}

/// Most runs of a row.
const fn most_runs(width: usize) -> usize {
    width.div_ceil(2)
}
