//! Labels beside images.

use std::path::{Path, PathBuf};

use clap::Args;
use segmeter::core::Error;
use segmeter::core::view::{IGNORE, Shape};
use segmeter::files::{Elements, Image, MaskOrder, Masks, Order, Slot, Source};

use crate::command::Failure;

/// How labels are read.
#[derive(Args)]
#[command(next_help_heading = "How labels are read")]
pub(in crate::command) struct LabelInput {
    /// Label id of pixels that are not scored [default: 255, unless that is the foreground]
    #[arg(long, value_name = "ID")]
    ignore: Option<u8>,
    /// Masks of scored pixels: 0 is ignored, like the ignore id
    #[arg(long, value_name = "FILE")]
    valid: Option<PathBuf>,
    /// Binary labels from class ids: this one is foreground, the others background
    #[arg(long, value_name = "ID")]
    foreground: Option<u8>,
}

/// Labels of the images of a source.
pub(in crate::command) struct LabelReader {
    masks: Masks,
    valid: Option<Masks>,
    /// The id of ignored pixels in the files, if there is one.
    ignore: Option<u8>,
    foreground: Option<u8>,
}

impl LabelInput {
    /// Opens masks of one class id per pixel.
    pub(in crate::command) fn open(
        &self,
        path: &Path,
        source: &Source,
        selected: usize,
    ) -> Result<LabelReader, Failure> {
        self.open_as(path, source, selected, MaskOrder::default())
    }

    /// Opens labels.
    pub(in crate::command) fn open_as(
        &self,
        path: &Path,
        source: &Source,
        selected: usize,
        order: MaskOrder,
    ) -> Result<LabelReader, Failure> {
        if self.foreground.is_some() && self.foreground == self.ignore {
            let id = self.foreground.unwrap_or(IGNORE);
            let line = format!("--foreground {id} is the ignore id: say --ignore with another id");
            return Err(Failure::Input(line));
        }
        let plane = MaskOrder::default();
        let valid =
            self.valid.as_ref().map(|valid| Masks::open(valid, source, selected, plane)).transpose()?;
        let masks = Masks::open(path, source, selected, order)?;
        let ignore = self.ignore.or((self.foreground != Some(IGNORE)).then_some(IGNORE));
        Ok(LabelReader { masks, valid, ignore, foreground: self.foreground })
    }
}

impl LabelReader {
    /// The id of ignored pixels in what [`LabelReader::ids`] returns.
    pub(in crate::command) fn ignore(&self) -> u8 {
        if self.foreground.is_some() { IGNORE } else { self.ignore.unwrap_or(IGNORE) }
    }

    /// Where the labels are.
    pub(in crate::command) fn path(&self) -> &Path {
        self.masks.path()
    }

    /// The file with the labels of an image.
    pub(in crate::command) fn file(&self, source: &Source, slot: Slot) -> &Path {
        self.masks.file_of(source, slot)
    }

    /// A mask that belongs to no image.
    pub(in crate::command) fn stray(&self, source: &Source) -> Option<&Path> {
        self.masks.stray(source)
    }

    /// Whether this image has labels.
    pub(in crate::command) fn has(&self, source: &Source, slot: Slot) -> bool {
        self.masks.has(source, slot)
    }

    /// The class ids of an image.
    pub(in crate::command) fn ids(
        &self,
        source: &Source,
        slot: Slot,
        shape: Shape,
    ) -> Result<Vec<u8>, Failure> {
        let mut ids = self.masks.ids(source, slot, shape)?;
        let valid = self.valid(source, slot, shape)?;
        self.map(&mut ids, valid.as_deref(), |place| place);
        Ok(ids)
    }

    /// Class ids or soft labels of an image, and its valid pixels if there is a mask of them. Class ids know of
    /// them already.
    pub(in crate::command) fn labels(
        &self,
        source: &Source,
        slot: Slot,
        image: &Image,
    ) -> Result<(Elements, Option<Vec<u8>>), Failure> {
        let mut labels = self.masks.labels(source, slot, image)?;
        let valid = self.valid(source, slot, image.shape)?;
        let pixels = image.shape.pixels();
        match &mut labels {
            Elements::U8(ids) if ids.len() > pixels && image.order == Order::Interleaved => {
                self.map(ids, valid.as_deref(), |place| place / image.channels);
            }
            Elements::U8(ids) => self.map(ids, valid.as_deref(), |place| place % pixels),
            _ if self.foreground.is_some() => {
                let line = "found f32 soft labels, expected class ids for --foreground";
                return Err(Failure::Input(format!("{}: {line}", self.path().display())));
            }
            _ => {}
        }
        Ok((labels, valid))
    }

    fn valid(&self, source: &Source, slot: Slot, shape: Shape) -> Result<Option<Vec<u8>>, Failure> {
        Ok(self.valid.as_ref().map(|valid| valid.ids(source, slot, shape)).transpose()?)
    }

    /// Binary labels from class ids, and pixels that are not valid ignored. `pixel` is that of a place.
    fn map(&self, ids: &mut [u8], valid: Option<&[u8]>, pixel: impl Fn(usize) -> usize) {
        let (ignore, ignored) = (self.ignore, self.ignore());
        for (place, id) in ids.iter_mut().enumerate() {
            if let Some(foreground) = self.foreground {
                *id = if Some(*id) == ignore { ignored } else { u8::from(*id == foreground) };
            }
            if valid.is_some_and(|valid| valid.get(pixel(place)) == Some(&0)) {
                *id = ignored;
            }
        }
    }

    /// Masks of 0 and 255 are common, and 255 means "ignore" unless told otherwise.
    pub(in crate::command) fn note_if_all_ignored(&self, foreground: u64, ignored: u64) {
        if foreground != 0 || ignored == 0 {
            return;
        }
        let (path, ignore) = (self.path().display(), self.ignore());
        let other = if ignore == IGNORE { String::new() } else { format!(" --ignore {IGNORE}") };
        crate::command::note(&format!(
            "{path}: no pixel is labelled foreground and {ignored} are ignored; if {ignore} means foreground, say \
             --foreground {ignore}{other}",
        ));
    }

    /// Whether class ids are turned into binary labels.
    pub(in crate::command) const fn is_mapped(&self) -> bool {
        self.foreground.is_some()
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
        let path = path.display();
        Failure::Input(match error {
            Error::ClassId { found, pixel } => format!(
                "{path}: found class id {found} at pixel {pixel} of image {image}, expected {expected} or the ignore \
                 id {}",
                self.ignore()
            ),
            Error::Parameter("ignore") => {
                format!("--ignore {} is a class, expected an id that is not {expected}", self.ignore())
            }
            Error::Share { place } => {
                format!("{path}: found a soft label outside [0, 1] at place {place} of image {image}")
            }
            other => format!("{path}: image {image}: {other}"),
        })
    }
}
