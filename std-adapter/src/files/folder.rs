//! Folders of images: which files are meant, in which order, and which belong together.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::partial::by_name;
use super::table::{self, Row};
use super::{Error, Result};

/// The extensions of what can be read.
pub(super) const EXTENSIONS: [&str; 7] = ["npy", "npz", "png", "bmp", "tif", "tiff", "bin"];

/// A file and what it is called: its path below the folder, without the extension.
pub(super) type Named = (String, PathBuf);

/// Which prediction belongs to which labels, where their names do not tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pairs {
    /// What stands for `{}` is the same on both sides.
    Patterns([Pattern; 2]),
    /// Paths of predictions and labels, below their folders or from here.
    List(PathBuf, Vec<[PathBuf; 2]>),
}

/// A name with `{}` in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    before: String,
    after: String,
}

/// One of the two folders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Predictions,
    Labels,
}

impl Pattern {
    fn new(text: &str) -> Option<Self> {
        let (before, after) = text.split_once("{}")?;
        (!after.contains("{}")).then(|| Self { before: before.to_owned(), after: after.to_owned() })
    }

    /// What stands for `{}` in a path below the folder.
    fn key(&self, path: &str) -> Option<String> {
        // Before `{}` may stand the beginning of a file's name, below folders that are on both sides.
        let (folders, file) = path.rfind('/').map_or(("", path), |end| path.split_at(end + 1));
        let key = |path: &str| Some(path.strip_prefix(&self.before)?.strip_suffix(&self.after)?.to_owned());
        key(path).or_else(|| key(file).map(|key| folders.to_owned() + &key))
    }
}

impl Pairs {
    /// Two patterns, `{}_pred.png={}_mask.png`, or a file with a pair in each line.
    ///
    /// # Errors
    /// If it is neither.
    pub fn new(text: &str) -> Result<Self> {
        let path = Path::new(text);
        if path.is_file() {
            return Self::list(path);
        }
        let sides = text.split_once('=').and_then(|(a, b)| Some([Pattern::new(a)?, Pattern::new(b)?]));
        sides.map(Self::Patterns).ok_or_else(|| {
            let line = "expected two names with {} for what they share, as in '{}_pred.png={}_mask.png', or a CSV of pairs";
            Error::new(format_args!("found --pair {text}, {line}"))
        })
    }

    /// The files that a list names, as it names them.
    pub fn listed(&self) -> impl Iterator<Item = &Path> {
        let pairs: &[[PathBuf; 2]] = if let Self::List(_, pairs) = self { pairs } else { &[] };
        pairs.iter().flatten().map(PathBuf::as_path)
    }

    fn list(path: &Path) -> Result<Self> {
        let rows = table::rows(path)?;
        let pair = |row: &Row| match &row.cells[..] {
            [prediction, labels] => Ok([PathBuf::from(prediction), PathBuf::from(labels)]),
            cells => {
                let line = format!("found {} columns in line {}", cells.len(), row.line);
                Err(Error::new(line + ", expected two: prediction,labels").at(path))
            }
        };
        let pairs = rows.iter().map(pair).collect::<Result<Vec<_>>>()?;
        Ok(Self::List(path.to_owned(), pairs))
    }

    /// The files of a folder that take part, with the name that both sides share.
    pub(super) fn select(&self, folder: &Path, side: Side, files: Vec<Named>) -> Result<Vec<Named>> {
        let place = usize::from(side == Side::Labels);
        match self {
            Self::Patterns(patterns) => {
                let pattern = &patterns[place];
                let below = |file: &Path| relative(folder, file);
                let key = |(_, file): Named| Some((pattern.key(&below(&file))?, file));
                let mut found: Vec<Named> = files.into_iter().filter_map(key).collect();
                if found.is_empty() {
                    let Pattern { before, after } = pattern;
                    let line =
                        format!("found no file {before}{{}}{after} in this folder or below, see --pair");
                    return Err(Error::new(line).at(folder));
                }
                // In the order of what they share, not of what stands around it.
                found.sort_by(|(a, _), (b, _)| by_name(a, b));
                Ok(found)
            }
            Self::List(list, pairs) => {
                // A first line that names no files is a heading.
                let is_heading = |pair: &[PathBuf; 2]| pair.iter().all(|path| path.extension().is_none());
                let pairs = pairs.iter().skip(usize::from(pairs.first().is_some_and(is_heading)));
                let file = |pair: &[PathBuf; 2]| {
                    let [below, here] = [folder.join(&pair[place]), pair[place].clone()];
                    let file = [below, here].into_iter().find(|file| file.is_file()).ok_or_else(|| {
                        let missing = pair[place].display();
                        let line = format!("found no file {missing} in {} or from here", folder.display());
                        Error::new(line).at(list)
                    })?;
                    // Named after the prediction on both sides.
                    Ok((pair[0].with_extension("").to_string_lossy().into_owned(), file))
                };
                pairs.map(file).collect()
            }
        }
    }
}

/// A path below a folder, with `/`.
fn relative(folder: &Path, file: &Path) -> String {
    let below = file.strip_prefix(folder).unwrap_or(file);
    below.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// Everything in a folder and below that is not hidden.
fn entries(folder: &Path) -> impl Iterator<Item = walkdir::Result<walkdir::DirEntry>> {
    let is_hidden =
        |entry: &walkdir::DirEntry| entry.depth() > 0 && entry.file_name().to_string_lossy().starts_with('.');
    walkdir::WalkDir::new(folder).follow_links(true).into_iter().filter_entry(move |entry| !is_hidden(entry))
}

/// The extension of a file, in small letters.
pub(super) fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase()
}

fn is_image(file: &Path) -> bool {
    EXTENSIONS.contains(&extension(file).as_str()) && !file.is_dir()
}

/// The files of a folder and those below it that can be images, in any order. What cannot be looked at is left out.
pub fn images(folder: &Path) -> impl Iterator<Item = PathBuf> {
    entries(folder).flatten().map(walkdir::DirEntry::into_path).filter(|file| is_image(file))
}

/// The same by their names, in the order of the numbers in these.
pub(super) fn named(folder: &Path) -> Result<Vec<Named>> {
    let mut files = BTreeMap::new();
    for entry in entries(folder) {
        let file = entry.map_err(|e| Error::new(e).at(folder))?.into_path();
        if !is_image(&file) {
            continue;
        }
        let name = relative(folder, &file.with_extension(""));
        if let Some(other) = files.insert(name, file.clone()) {
            let line = format!(
                "found both {} and {}, expected one file for each name",
                other.display(),
                file.display()
            );
            return Err(Error::new(line).at(folder));
        }
    }
    if files.is_empty() {
        let line = format!("found no .{} in this folder or below", EXTENSIONS.join(", ."));
        return Err(Error::new(line).at(folder));
    }
    let mut files: Vec<Named> = files.into_iter().collect();
    files.sort_by(|(a, _), (b, _)| by_name(a, b));
    Ok(files)
}

/// The files of a folder that take part.
pub(super) fn selected(folder: &Path, side: Side, pairs: Option<&Pairs>) -> Result<Vec<Named>> {
    let files = match pairs {
        // The list says which.
        Some(Pairs::List(..)) => Vec::new(),
        _ => named(folder)?,
    };
    let files = match pairs {
        Some(pairs) => pairs.select(folder, side, files)?,
        None => files,
    };
    let mut names = BTreeSet::new();
    match files.iter().find(|(name, _)| !names.insert(name)) {
        Some((name, _)) => Err(Error::new(format_args!("found `{name}` twice, see --pair")).at(folder)),
        None => Ok(files),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_for_the_braces() {
        let key = |pattern: &str, path: &str| Pattern::new(pattern).unwrap().key(path);
        assert_eq!(key("{}_pred.png", "one_pred.png"), Some("one".to_owned()));
        assert_eq!(key("{}_pred.png", "city/one_pred.png"), Some("city/one".to_owned()));
        assert_eq!(key("pred_{}.png", "city/pred_one.png"), Some("city/one".to_owned()));
        assert_eq!(key("left/{}.png", "left/city/one.png"), Some("city/one".to_owned()));
        assert_eq!(key("{}_pred.png", "one_mask.png"), None);
        assert!(Pattern::new("a.png").is_none() && Pattern::new("{}{}").is_none());
    }
}
