//! Masks: the partners of images.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use segmeter_core::view::Shape;

use super::source::{Content, directory, extension, load, single};
use super::{Array, Elements, Error, Result, Source, bin, read};

/// Which image is meant: its number in the whole sequence, and among those that were selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// In the whole sequence.
    pub index: usize,
    /// Among the selected.
    pub position: usize,
}

/// Masks that belong to the images of a [`Source`]: class ids, or valid bits.
///
/// Files of a directory are partners by name without extension. A file holds a mask for every image or for every
/// selected one.
#[derive(Debug)]
pub struct Masks {
    path: PathBuf,
    content: MaskContent,
    /// Whether a mask exists for every image rather than for the selected ones.
    by_index: bool,
}

#[derive(Debug)]
enum MaskContent {
    Stack(Source),
    Files(BTreeMap<String, PathBuf>),
}

impl Masks {
    /// Opens the masks of `source`, of which `selected` images are wanted.
    ///
    /// # Errors
    /// If a file is malformed, or the number of masks fits neither.
    pub fn open(path: &Path, source: &Source, selected: usize) -> Result<Self> {
        let total = source.len();
        if path.is_dir() {
            let files = directory(path)?;
            if let Content::Directory { .. } = source.content {
                let content = MaskContent::Files(files);
                return Ok(Self { path: path.to_owned(), content, by_index: true });
            }
            let content = Content::Directory { files: files.into_values().collect(), layout: None };
            return Self::of(Source { path: path.to_owned(), content }, total, selected);
        }
        let is_bin = extension(path) == "bin";
        let masks = if is_bin {
            let shape = source.image(0)?.shape;
            let (count, ids) =
                bin::read_masks(&read(path)?, shape, &[total, selected]).map_err(|e| e.at(path))?;
            let content = Content::Stack { count, shape, elements: Elements::U8(ids), axes: 3 };
            Source { path: path.to_owned(), content }
        } else {
            Source::open(path, None)?
        };
        if source.is_batch() && !masks.is_batch() && total > 1 {
            let shape = source.image(0)?.shape;
            return Err(Error::new(format_args!(
                "found 1 mask, expected {total} for {}; if its axis of {total} is classes: only binary logits \
                 ({},{}) are supported so far",
                source.path.display(),
                shape.height(),
                shape.width()
            ))
            .at(path));
        }
        Self::of(masks, total, selected)
    }

    fn of(masks: Source, total: usize, selected: usize) -> Result<Self> {
        let found = masks.len();
        if found != total && found != selected {
            let expected =
                if total == selected { total.to_string() } else { format!("{total} or {selected}") };
            let line = format!("found {found} masks, expected {expected}, one for each image");
            return Err(Error::new(line).at(&masks.path));
        }
        Ok(Self { path: masks.path.clone(), content: MaskContent::Stack(masks), by_index: found == total })
    }

    /// Where they were opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether image `slot` of `source` has a mask.
    #[must_use]
    pub fn has(&self, source: &Source, slot: Slot) -> bool {
        match &self.content {
            MaskContent::Stack(_) => true,
            MaskContent::Files(files) => files.contains_key(&source.name(slot.index)),
        }
    }

    /// The ids of the mask of image `slot` of `source`, which has this shape.
    ///
    /// # Errors
    /// If there is none, its file is malformed, or its shape or type is another one.
    pub fn ids(&self, source: &Source, slot: Slot, shape: Shape) -> Result<Vec<u8>> {
        let (image, path) = match &self.content {
            MaskContent::Stack(masks) => {
                (masks.image(if self.by_index { slot.index } else { slot.position })?, self.path.clone())
            }
            MaskContent::Files(files) => {
                let name = source.name(slot.index);
                let path = files.get(&name).ok_or_else(|| {
                    let line = format!("found no mask `{name}`, expected one for each image of ");
                    Error::new(line + &source.path.display().to_string()).at(&self.path)
                })?;
                let layout = [shape.height(), shape.width()];
                let array = if extension(path) == "bin" {
                    let (_, ids) = bin::read_masks(&read(path)?, shape, &[1]).map_err(|e| e.at(path))?;
                    Array { shape: layout.to_vec(), elements: Elements::U8(ids) }
                } else {
                    load(path, None)?
                };
                (single(array).map_err(|e| e.at(path))?, path.clone())
            }
        };
        let Elements::U8(ids) = image.elements else {
            let line = format!("found {}, expected u8 class ids or bool", image.elements.type_name());
            return Err(Error::new(line).at(&path));
        };
        if image.shape != shape {
            return Err(Error::new(format_args!(
                "found {}x{} pixels, expected {}x{} as in {}",
                image.shape.height(),
                image.shape.width(),
                shape.height(),
                shape.width(),
                source.path.display()
            ))
            .at(&path));
        }
        Ok(ids)
    }
}
