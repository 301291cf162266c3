//! Ids of pixels by what becomes of them.

use std::borrow::Cow;

use segmeter::files::{self, Elements, IdMap};

/// The id of every pixel of an image.
pub(in crate::command) enum Ids<T> {
    /// Bytes as a file has them, and what each of these stands for: no pixel is copied for it.
    Bytes(Vec<u8>, Vec<T>),
    /// The ids themselves.
    Each(Vec<T>),
}

impl<T: Copy + Default> Ids<T> {
    /// How many.
    pub(in crate::command) fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes, _) => bytes.len(),
            Self::Each(ids) => ids.len(),
        }
    }

    /// The id of a pixel.
    pub(in crate::command) fn get(&self, pixel: usize) -> Option<T> {
        match self {
            Self::Bytes(bytes, table) => bytes.get(pixel).map(|byte| meaning(table, *byte)),
            Self::Each(ids) => ids.get(pixel).copied(),
        }
    }

    /// Of every pixel.
    pub(in crate::command) fn each(&self) -> Cow<'_, [T]> {
        match self {
            Self::Bytes(bytes, table) => bytes.iter().map(|byte| meaning(table, *byte)).collect(),
            Self::Each(ids) => Cow::Borrowed(ids),
        }
    }

    /// The same, to keep.
    pub(in crate::command) fn into_each(self) -> Vec<T> {
        match self {
            Self::Each(ids) => ids,
            bytes => bytes.each().into_owned(),
        }
    }

    /// What is read next takes the bytes.
    pub(in crate::command) fn give_back(self) {
        if let Self::Bytes(bytes, _) = self {
            files::give_back(bytes);
        }
    }

    /// Whether some id is such a one.
    pub(in crate::command) fn any(&self, is: impl Fn(T) -> bool) -> bool {
        match self {
            Self::Bytes(bytes, table) => {
                let mut runs = runs(bytes);
                runs.any(|(start, _)| bytes.get(start).is_some_and(|byte| is(meaning(table, *byte))))
            }
            Self::Each(ids) => ids.iter().any(|id| is(*id)),
        }
    }
}

impl Ids<u16> {
    /// The class ids that a file has.
    ///
    /// # Errors
    /// If they are none.
    pub(in crate::command) fn of(elements: Elements) -> files::Result<Self> {
        match elements {
            Elements::U8(bytes) => Ok(Self::Bytes(bytes, (0..=u16::from(u8::MAX)).collect())),
            other => other.into_ids().map(Self::Each),
        }
    }

    /// Ids by a map of them, if there is one.
    pub(in crate::command) fn mapped(self, map: Option<&IdMap>) -> files::Result<Self> {
        match map {
            Some(map) => self.replaced(|_, id| map.id(id)),
            None => Ok(self),
        }
    }

    /// What becomes of ids, asked for the first pixel of each.
    pub(in crate::command) fn replaced<T: Copy + Default>(
        self,
        of: impl Fn(usize, u16) -> files::Result<T>,
    ) -> files::Result<Ids<T>> {
        match self {
            Self::Bytes(bytes, table) => {
                let table = known(&bytes, |pixel, byte| of(pixel, meaning(&table, byte)))?;
                Ok(Ids::Bytes(bytes, table))
            }
            Self::Each(ids) => {
                let table = known(&ids, of)?;
                Ok(Ids::Each(ids.iter().map(|id| meaning(&table, *id)).collect()))
            }
        }
    }
}

/// What an id stands for.
pub(in crate::command) fn meaning<T: Copy + Default>(table: &[T], id: impl Into<usize>) -> T {
    table.get(id.into()).copied().unwrap_or_default()
}

/// What becomes of every id that is there, up to the highest.
fn known<S: Stored, T: Copy + Default>(
    ids: &[S],
    of: impl Fn(usize, S) -> files::Result<T>,
) -> files::Result<Vec<T>> {
    let mut known = Vec::new();
    for (start, id) in runs(ids) {
        let place = id.into();
        if known.len() <= place {
            known.resize(place + 1, None);
        }
        if known[place].is_none() {
            known[place] = Some(of(start, id)?);
        }
    }
    Ok(known.into_iter().map(Option::unwrap_or_default).collect())
}

/// Where pixels of one id side by side begin, and their id.
fn runs<T: Stored>(ids: &[T]) -> impl Iterator<Item = (usize, T)> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let (place, id) = (start, *ids.get(start)?);
        start += run([id; 2], [&ids[place..]; 2]);
        Some((place, id))
    })
}

/// What ids are stored as: several are compared as one number.
pub(in crate::command) trait Stored: Copy + PartialEq + Into<usize> {
    /// The first of some, the first in the lowest bits; `None` if they are fewer.
    fn word(ids: &[Self]) -> Option<u128>;
    /// As many as a word has, all this one.
    fn splat(self) -> u128;
}

impl Stored for u8 {
    fn word(ids: &[Self]) -> Option<u128> {
        ids.first_chunk().map(|ids| u128::from_le_bytes(*ids))
    }
    fn splat(self) -> u128 {
        u128::from_le_bytes([self; 16])
    }
}

impl Stored for u16 {
    fn word(ids: &[Self]) -> Option<u128> {
        ids.first_chunk::<8>().map(|ids| ids.iter().rev().fold(0, |word, id| word << 16 | u128::from(*id)))
    }
    fn splat(self) -> u128 {
        (0..8).fold(0, |word, _| word << 16 | u128::from(self))
    }
}

/// How many pixels have these two ids, which the first has, before one has others.
pub(in crate::command) fn run<T: Stored>([a, b]: [T; 2], [all_a, all_b]: [&[T]; 2]) -> usize {
    // In noise most are alone.
    if let ([_, next_a, ..], [_, next_b, ..]) = (all_a, all_b)
        && (*next_a, *next_b) != (a, b)
    {
        return 1;
    }
    let words = [a, b].map(T::splat);
    let mut same = 0;
    while let (Some(word_a), Some(word_b)) = (T::word(&all_a[same..]), T::word(&all_b[same..])) {
        let others = (word_a ^ words[0]) | (word_b ^ words[1]);
        if others != 0 {
            return same + others.trailing_zeros() as usize / (8 * size_of::<T>());
        }
        same += size_of_val(&others) / size_of::<T>();
    }
    let rest = all_a[same..].iter().zip(&all_b[same..]);
    same + rest.take_while(|(found_a, found_b)| (**found_a, **found_b) == (a, b)).count()
}
