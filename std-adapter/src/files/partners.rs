//! Which image of one sequence is which of another.

use std::collections::{BTreeMap, BTreeSet};

use super::masks::file_name;
use super::source::Content;
use super::{Error, OTHER_NAMES, Result, Source};

impl Source {
    /// The numbers of the images of `other` that belong to the images of this, in their order; one that belongs to none is an
    /// error.
    ///
    /// Of two directories they have the same name below these, or, where none has, the same name of a file; other images
    /// belong together by their place.
    ///
    /// # Errors
    /// If an image has no partner.
    pub fn partners(&self, other: &Self) -> Result<Vec<usize>> {
        let (Content::Directory(_), Content::Directory(_)) = (&self.content, &other.content) else {
            if self.len() == other.len() {
                return Ok((0..self.len()).collect());
            }
            let (path, found, expected) = (self.path.display(), other.len(), self.len());
            let line = format!("found {found} images, expected {expected}, one for each image of {path}");
            return Err(Error::new(line).at(&other.path));
        };
        let [own, names] = [self, other].map(|of| (0..of.len()).map(|i| of.name(i)).collect::<Vec<_>>());
        let places: BTreeMap<&str, usize> = names.iter().map(String::as_str).zip(0..).collect();
        let files = |names: &[String]| -> BTreeSet<String> {
            names.iter().map(|name| file_name(name).to_owned()).collect()
        };
        let is_unique = [&own, &names].iter().all(|names| files(names).len() == names.len());
        if is_unique && !own.iter().any(|name| places.contains_key(name.as_str())) {
            let places = names.iter().map(|name| file_name(name)).zip(0..).collect();
            return self.found(other, own.iter().map(|name| file_name(name)), &places);
        }
        self.found(other, own.iter().map(String::as_str), &places)
    }

    fn found<'a>(
        &self,
        other: &Self,
        keys: impl Iterator<Item = &'a str>,
        places: &BTreeMap<&str, usize>,
    ) -> Result<Vec<usize>> {
        let mut left: BTreeSet<usize> = places.values().copied().collect();
        let mut found = Vec::new();
        for (index, key) in keys.enumerate() {
            let Some(place) = places.get(key) else {
                let line = format!("found no partner of this in {}, ", other.path.display());
                let line = line + "expected one of the same name below the folder; " + OTHER_NAMES;
                return Err(Error::new(line).at(self.file(index)));
            };
            left.remove(place);
            found.push(*place);
        }
        match left.first() {
            Some(stray) => {
                let line = format!("found no partner of this in {}, ", self.path.display());
                let line = line + "expected one of the same name below the folder; " + OTHER_NAMES;
                Err(Error::new(line).at(other.file(*stray)))
            }
            None => Ok(found),
        }
    }
}
