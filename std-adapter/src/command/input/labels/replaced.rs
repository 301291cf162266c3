//! Ids by what becomes of them.

use segmeter::files::{self, IdMap};

/// Ids by a map of them, if there is one.
pub(super) fn mapped(ids: Vec<u16>, map: Option<&IdMap>) -> files::Result<Vec<u16>> {
    match map {
        Some(map) => replaced(ids, |_, id| map.id(id)),
        None => Ok(ids),
    }
}

/// What becomes of ids, asked for the first pixel of each.
pub(super) fn replaced<T: Copy>(
    ids: Vec<u16>,
    of: impl Fn(usize, u16) -> files::Result<T>,
) -> files::Result<Vec<T>> {
    let highest = ids.iter().max().copied().unwrap_or(0);
    let mut known = vec![None; usize::from(highest) + 1];
    let replace = |(place, id): (usize, u16)| {
        let slot = &mut known[usize::from(id)];
        match *slot {
            Some(found) => Ok(found),
            None => of(place, id).inspect(|found| *slot = Some(*found)),
        }
    };
    ids.into_iter().enumerate().map(replace).collect()
}
