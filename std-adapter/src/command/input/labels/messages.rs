//! What is said of labels: notes at the end, and refusals in terms of their file.

use std::path::Path;
use std::sync::atomic::Ordering;

use segmeter::core::Error;
use segmeter::core::view::IGNORE;

use super::LabelReader;
use crate::command::{Failure, note};

impl LabelReader {
    /// Says that nothing is labelled foreground, where that may be a matter of ids: masks of 0 and 255 are common, and 255 is
    /// not scored unless told otherwise.
    pub(in crate::command) fn note_if_no_foreground(&self) {
        let (path, ignore) = (self.path().display(), self.ignore());
        if self.has_others.load(Ordering::Relaxed) {
            note(format_args!(
                "{path}: --foreground {IGNORE} made background of ids that are neither 0 nor {IGNORE}, in labels or \
                 predictions: if {IGNORE} is not scored leave it out, of probabilities say --probabilities, else give ids with --map"
            ));
        }
        if self.has_foreground.load(Ordering::Relaxed) {
            return;
        }
        let is_one = self.ignored.len() == 1 && ignore != 0;
        if let Some(foreground) = self.foreground {
            note(format_args!("{path}: no pixel has the id {foreground} that --foreground names"));
        } else if is_one && self.has_ignored.load(Ordering::Relaxed) {
            let other = if ignore == IGNORE { String::new() } else { format!(" --ignore {IGNORE}") };
            note(format_args!(
                "{path}: no pixel has a class but 0, and those of {ignore} are ignored: if {ignore} means foreground, say \
                 --foreground {ignore}{other}",
            ));
        }
    }

    /// Ids of as many classes as these are more than those of a byte.
    pub(in crate::command) fn note_if_class_ignored(&self, classes: usize) {
        let id = usize::from(IGNORE);
        if self.is_default && !self.ignored.is_empty() && classes > id {
            let path = self.path().display();
            note(format_args!(
                "{path}: class {id} of {classes} is not scored; if it should be, say --ignore none"
            ));
        }
    }

    /// A core error about labels, in terms of the file.
    pub(in crate::command) fn explain(&self, error: Error, image: &str, expected: &str) -> Failure {
        self.explain_of(error, self.path(), image, expected)
    }

    /// The same in terms of the file of this image.
    pub(in crate::command) fn explain_of(
        &self,
        error: Error,
        path: &Path,
        image: &str,
        expected: &str,
    ) -> Failure {
        let name = path.display();
        Failure::Input(match error {
            Error::ClassId { found, pixel } => {
                return self.no_class(path, found.into(), pixel, image, expected);
            }
            Error::Parameter("ignore") => {
                format!("--ignore {} is a class, expected an id that is not {expected}", self.ignore())
            }
            Error::Share { place } => {
                format!("{name}: found a soft label outside [0, 1] at place {place} of image {image}")
            }
            other => format!("{name}: image {image}: {other}"),
        })
    }

    /// What to say where labels are ids of Cityscapes by the name of their file, and nobody maps them.
    pub(in crate::command) fn of_cityscapes(&self, file: &Path) -> Option<&'static str> {
        let name = file.file_stem()?.to_string_lossy();
        (self.map.is_none() && name.ends_with("labelIds"))
            .then_some("if predictions have the 19 ids of training, say --map labels=cityscapes")
    }

    /// A label that is no class.
    pub(in crate::command) fn no_class(
        &self,
        path: &Path,
        found: u16,
        pixel: usize,
        image: &str,
        expected: &str,
    ) -> Failure {
        let ignored: Vec<_> = self.ignored.iter().map(ToString::to_string).collect();
        let ignored = match ignored.len() {
            0 => String::new(),
            1 => format!(" or the ignore id {}", ignored.join("")),
            _ => format!(" or the ignore ids {}", ignored.join(", ")),
        };
        let remedy = self.of_cityscapes(path).map(|remedy| format!("; {remedy}")).unwrap_or_default();
        let path = path.display();
        let line = format!("found class id {found} at pixel {pixel} of image {image}");
        Failure::Input(format!("{path}: {line}, expected {expected}{ignored}{remedy}"))
    }
}
