//! Files that cannot be read, where the others count.

use std::path::{Path, PathBuf};

use crate::command::{Failure, note};

/// How many of them are named.
const MOST: usize = 10;

/// Images that were left out.
pub(in crate::command) struct Broken {
    path: PathBuf,
    lines: Vec<String>,
    images: usize,
}

impl Broken {
    /// The images of a source that these failures are of.
    ///
    /// # Errors
    /// If it is not the input that failed, or none of the images is left.
    pub(in crate::command) fn of<'a>(
        failures: impl Iterator<Item = &'a Failure>,
        path: &Path,
        images: usize,
    ) -> Result<Self, Failure> {
        let text = |failure: &Failure| match failure {
            Failure::Input(line) => line.clone(),
            Failure::Output(error) => error.to_string(),
        };
        let lines: Vec<String> = failures.map(text).collect();
        match lines.first() {
            Some(line) if lines.len() == images => {
                Err(Failure::Input(format!("{}: found no image that can be read: {line}", path.display())))
            }
            _ => Ok(Self { path: path.to_owned(), lines, images }),
        }
    }

    /// Names them.
    pub(in crate::command) fn note(&self) {
        if self.lines.is_empty() {
            return;
        }
        self.lines.iter().take(MOST).for_each(|line| note(format_args!("left out: {line}")));
        let (count, images, path) = (self.lines.len(), self.images, self.path.display());
        note(format_args!("{path}: {count} of {images} images were left out"));
    }
}
