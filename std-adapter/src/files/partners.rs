//! Which image of one sequence is which of another.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::masks::file_name;
use super::source::Content;
use super::{Error, OTHER_NAMES, Result, Source};

impl Source {
    /// The numbers of the images of `other` that belong to the `selected` images of this, in their order. Where all are
    /// selected, one of `other` that belongs to none is an error.
    ///
    /// Of two directories they have the same name below these, or, where none has, the same name of a file; other images
    /// belong together by their place: among all, or among the selected if there are as many.
    ///
    /// # Errors
    /// If an image has no partner.
    pub fn partners(&self, other: &Self, selected: &[usize]) -> Result<Vec<usize>> {
        let (Content::Directory(_), Content::Directory(_)) = (&self.content, &other.content) else {
            let (found, all) = (other.len(), self.len());
            if found == all {
                return Ok(selected.to_vec());
            }
            if found == selected.len() {
                return Ok((0..found).collect());
            }
            let expected =
                if all == selected.len() { all.to_string() } else { format!("{all} or {}", selected.len()) };
            let path = self.path.display();
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
            return self.found(other, selected, |index| own.get(index).map(|name| file_name(name)), &places);
        }
        self.found(other, selected, |index| own.get(index).map(String::as_str), &places)
    }

    fn found<'a>(
        &self,
        other: &Self,
        selected: &[usize],
        key: impl Fn(usize) -> Option<&'a str>,
        places: &BTreeMap<&str, usize>,
    ) -> Result<Vec<usize>> {
        let mut left: BTreeSet<usize> = places.values().copied().collect();
        let mut found = Vec::new();
        let alone = |file: &Path, folder: &Path| {
            let line = format!("found no partner of this in {}, ", folder.display());
            let line = line + "expected one of the same name below the folder; " + OTHER_NAMES;
            Error::new(line).at(file)
        };
        for index in selected {
            let place = key(*index).and_then(|key| places.get(key));
            let place = place.ok_or_else(|| alone(self.file(*index), &other.path))?;
            left.remove(place);
            found.push(*place);
        }
        match left.first() {
            Some(stray) if selected.len() == self.len() => Err(alone(other.file(*stray), &self.path)),
            _ => Ok(found),
        }
    }
}
