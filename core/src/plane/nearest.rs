//! The exact squared distance of some pixels to others, from two planes of bits: no map of distances.
//!
//! Of every column is known the nearest site above the current row and the nearest below it; both only move
//! down, so that a plane is read about once. A pixel then asks the columns beside it, from near to far, until
//! they are further away than the nearest site found: close contours cost little. A row that asks often has the
//! distances of all columns written down first; one that has asked too much takes its distances from the lower hull of
//! all columns, as [`distance`](super::distance) does.

use super::distance::{NONE, Reader, Weights, Whole, lower_hull, thin_out};
use super::ones;
use super::row::{last_mask, words_of};
use crate::error::{Error, Result};

/// The longest side of the grid: rows are stored in 16 bits.
pub(crate) const MAX_SIDE: usize = 0xffff;

/// A column without a site above, or below.
const NEVER: u32 = 0xffff;

/// A plane of bits, of whose rows the first words count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows<'a> {
    pub(crate) words: &'a [u32],
    /// Words from row to row.
    pub(crate) stride: usize,
    pub(crate) height: usize,
    pub(crate) columns: usize,
}

impl<'a> Rows<'a> {
    /// A row with all its words.
    pub(crate) fn row(&self, row: usize) -> &'a [u32] {
        let start = row * self.stride;
        self.words.get(start..start + self.stride).unwrap_or_default()
    }
    #[inline(always)]
    fn word(&self, row: usize, word: usize) -> u32 {
        self.words.get(row * self.stride + word).copied().unwrap_or(0)
    }
}

/// Scratch words of [`visit`].
pub(crate) const fn scratch_len(columns: usize) -> usize {
    columns.saturating_mul(3)
}

/// Refuses grids whose rows have no place in 16 bits.
pub(crate) const fn check(height: usize, columns: usize) -> Result<()> {
    if height > MAX_SIDE || columns > MAX_SIDE {
        return Err(Error::Unsupported("surface distances need sides below 2^16"));
    }
    Ok(())
}

/// Whether the squared distances of a grid, and the products of their hull, stay inside 64 bits.
pub(crate) const fn is_narrow(height: usize, columns: usize, weights: Weights<u64>) -> bool {
    let (long, tall) = (columns as u64, height as u64);
    let most = weights
        .column
        .saturating_mul(long.saturating_mul(long))
        .saturating_add(weights.row.saturating_mul(tall.saturating_mul(tall)));
    most.saturating_mul(long) < 1 << 61
}

/// Calls `visit` with every pixel of `queries` in row order, as row, column and squared distance to the
/// nearest pixel of `sites`; says whether there is a site. Nothing is visited without one. In place of a distance below
/// `least` stands any below it.
pub(crate) fn visit<T: Whole>(
    sites: Rows<'_>,
    queries: Rows<'_>,
    weights: Weights<T>,
    least: T,
    scratch: &mut [u32],
    mut visit: impl FnMut(usize, usize, T),
) -> bool {
    let (columns, words) = (sites.columns, words_of(sites.columns));
    let (state, rest) = scratch.split_at_mut_checked(columns).unwrap_or_default();
    let (g, hull) = rest.split_at_mut_checked(columns).unwrap_or_default();
    let mut nearest = Nearest { sites, state };
    nearest.state.fill(NEVER << 16);
    for word in 0..words {
        let inside = if word + 1 == words { last_mask(columns) } else { u32::MAX };
        nearest.look_below(word, inside, 0);
    }
    if nearest.state.iter().all(|state| *state & NEVER == NEVER) {
        return false;
    }
    let mut patience = 2 * columns;
    for row in 0..sites.height {
        nearest.move_to(row, words);
        // Below a row that took the hull there is most often another.
        let most = core::mem::replace(&mut patience, 2 * columns);
        let line = queries.row(row);
        let mut steps = 0;
        let mut pixels = (0..)
            .step_by(32)
            .zip(line.iter().take(words))
            .flat_map(|(first, word)| ones(*word).map(move |bit| first + bit as usize));
        let state = |column: usize| nearest.state.get(column).map(|state| away(*state, row as u32));
        for column in pixels.by_ref() {
            visit(row, column, search(weights, least, columns, column, &mut steps, state));
            if steps > columns / 8 {
                break;
            }
        }
        let Some(column) = pixels.next() else { continue };
        for (g, state) in g.iter_mut().zip(nearest.state.iter()) {
            *g = away(*state, row as u32);
        }
        let written = |column: usize| g.get(column).copied();
        for column in core::iter::once(column).chain(pixels.by_ref()) {
            visit(row, column, search(weights, least, columns, column, &mut steps, written));
            if steps > most {
                break;
            }
        }
        let Some(column) = pixels.next() else { continue };
        patience = columns / 4;
        if weights.row == weights.column {
            thin_out(g, hull, sites.height);
        }
        let count = lower_hull(g, 0, columns, weights, hull);
        let mut reader = Reader::new(g, hull.get(..count).unwrap_or_default(), weights);
        for column in core::iter::once(column).chain(pixels) {
            visit(row, column, reader.as_mut().map_or(T::FAR, |reader| reader.at(column as u32)));
        }
    }
    true
}

struct Nearest<'a> {
    sites: Rows<'a>,
    /// For every column the row of the nearest site at or above the current row, and of the next one below.
    state: &'a mut [u32],
}

/// Rows from here to the nearest site of a column; [`NONE`] if it has none.
#[inline(always)]
fn away(state: u32, row: u32) -> u32 {
    let (above, below) = (state >> 16, state & NEVER);
    let up = if above == NEVER { NONE } else { row.wrapping_sub(above) };
    let down = if below == NEVER { NONE } else { below.wrapping_sub(row) };
    up.min(down)
}

impl Nearest<'_> {
    /// Makes the sites of a row the nearest above, and finds those below them.
    fn move_to(&mut self, row: usize, words: usize) {
        for word in 0..words {
            let sites = self.sites.word(row, word);
            if sites == 0 {
                continue;
            }
            for bit in ones(sites) {
                if let Some(state) = self.state.get_mut(word * 32 + bit as usize) {
                    *state = (row as u32) << 16 | *state & NEVER;
                }
            }
            self.look_below(word, sites, row + 1);
        }
    }

    /// Finds the first site at or below a row for some columns of a word.
    fn look_below(&mut self, word: usize, mut wanted: u32, from: usize) {
        let mut row = from;
        while wanted != 0 {
            let found = if row < self.sites.height { self.sites.word(row, word) & wanted } else { wanted };
            let below = if row < self.sites.height { row as u32 } else { NEVER };
            for bit in ones(found) {
                if let Some(state) = self.state.get_mut(word * 32 + bit as usize) {
                    *state = *state & !NEVER | below;
                }
            }
            wanted &= !found;
            row += 1;
        }
    }
}

/// The squared distance of a column to the nearest site, or one below `least`, from how far `away` the sites of columns are.
/// Outside the grid there is none.
#[inline(always)]
fn search<T: Whole>(
    weights: Weights<T>,
    least: T,
    columns: usize,
    column: usize,
    steps: &mut usize,
    away: impl Fn(usize) -> Option<u32>,
) -> T {
    let away = |column: usize| away(column).unwrap_or(NONE);
    let along = |g: u32| if g == NONE { T::FAR } else { weights.row * (T::from(g) * T::from(g)) };
    let mut best = along(away(column));
    for step in 1..columns {
        let across = T::from(step as u32);
        let sideways = weights.column * (across * across);
        if sideways >= best || best < least {
            break;
        }
        let near = away(column.wrapping_sub(step)).min(away(column + step));
        best = best.min(along(near) + sideways);
        *steps += 1;
    }
    best
}
