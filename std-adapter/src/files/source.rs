//! Files and directories as sequences of images.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use segmeter_core::view::Shape;

use super::{Array, Elements, Error, Result, axes, bin, npy, png, read};

/// One image: logits, codes or class ids.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// Rows and columns.
    pub shape: Shape,
    /// One number per pixel, row-major.
    pub elements: Elements,
}

/// A sequence of images: a file with one or with a leading axis of many, or a directory, sorted by name.
#[derive(Debug)]
pub struct Source {
    pub(super) path: PathBuf,
    pub(super) content: Content,
}

#[derive(Debug)]
pub(super) enum Content {
    Stack { count: usize, shape: Shape, elements: Elements, axes: usize },
    Directory { files: Vec<PathBuf>, layout: Option<(Vec<usize>, bin::Type)> },
}

impl Source {
    /// Opens a file, which is read, or a directory, whose files are read one by one as they are asked for.
    /// `layout` says what a `.bin` holds.
    ///
    /// # Errors
    /// If the file is malformed, or the directory has none that can be read.
    pub fn open(path: &Path, layout: Option<(&[usize], bin::Type)>) -> Result<Self> {
        let content = if path.is_dir() {
            let files = directory(path)?.into_values().collect();
            Content::Directory { files, layout: layout.map(|(shape, kind)| (shape.to_vec(), kind)) }
        } else {
            stack(load(path, layout)?).map_err(|e| e.at(path))?
        };
        Ok(Self { path: path.to_owned(), content })
    }

    /// Number of images.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.content {
            Content::Stack { count, .. } => *count,
            Content::Directory { files, .. } => files.len(),
        }
    }

    /// Whether there is none; an opened source has at least one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where it was opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the images have an axis of their own or files of their own.
    #[must_use]
    pub fn is_batch(&self) -> bool {
        !matches!(self.content, Content::Stack { axes: 2, .. })
    }

    /// The name of an image: its file without the extension, or its number.
    #[must_use]
    pub fn name(&self, index: usize) -> String {
        match &self.content {
            Content::Stack { .. } => index.to_string(),
            Content::Directory { files, .. } => files.get(index).map(|f| stem(f)).unwrap_or_default(),
        }
    }

    /// Reads an image.
    ///
    /// # Errors
    /// If there is no such image, or its file is malformed.
    pub fn image(&self, index: usize) -> Result<Image> {
        let missing = || Error::new(format_args!("found {} images, expected image {index}", self.len()));
        match &self.content {
            Content::Stack { count, shape, elements, .. } => {
                let pixels = shape.pixels();
                let part = elements.part(index * pixels..(index + 1) * pixels);
                (index < *count)
                    .then_some(Image { shape: *shape, elements: part })
                    .ok_or_else(|| missing().at(&self.path))
            }
            Content::Directory { files, layout } => {
                let file = files.get(index).ok_or_else(|| missing().at(&self.path))?;
                let layout = layout.as_ref().map(|(shape, kind)| (shape.as_slice(), *kind));
                single(load(file, layout)?).map_err(|e| e.at(file))
            }
        }
    }
}

pub(super) fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase()
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Reads one file by its extension.
pub(super) fn load(path: &Path, layout: Option<(&[usize], bin::Type)>) -> Result<Array> {
    let parsed = |parse: &dyn Fn(&[u8]) -> Result<Array>| parse(&read(path)?).map_err(|e| e.at(path));
    let refused = |line: String| Err(Error::new(line).at(path));
    match (extension(path).as_str(), layout) {
        ("npy", _) => parsed(&npy::read),
        ("png", _) => parsed(&png::read),
        ("bin", Some((shape, kind))) => parsed(&|bytes| bin::read(bytes, shape, kind)),
        ("bin", None) => refused("a .bin has no header: say --shape N,H,W (or H,W) and --dtype".to_owned()),
        (other, _) => refused(format!("found a file `.{other}`, expected .npy, .png or .bin")),
    }
}

/// The files of a directory that can be images, by name without extension.
pub(super) fn directory(path: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let mut files = BTreeMap::new();
    let entries = std::fs::read_dir(path).map_err(|e| Error::new(e).at(path))?;
    for entry in entries {
        let file = entry.map_err(|e| Error::new(e).at(path))?.path();
        if !matches!(extension(&file).as_str(), "npy" | "png" | "bin") {
            continue;
        }
        if let Some(other) = files.insert(stem(&file), file.clone()) {
            let line = format!(
                "found both {} and {}, expected one file for each name",
                other.display(),
                file.display()
            );
            return Err(Error::new(line).at(path));
        }
    }
    if files.is_empty() {
        return Err(Error::new("found no .npy, .png or .bin in this directory").at(path));
    }
    Ok(files)
}

fn shape_of(height: usize, width: usize) -> Result<Shape> {
    let side = |n: usize| u32::try_from(n).ok();
    match (side(height), side(width)) {
        (Some(height), Some(width)) => Shape::new(height, width)
            .map_err(|e| Error::new(format_args!("found an image of {height}x{width}: {e}"))),
        _ => Err(Error::new(format_args!(
            "found an image of {height}x{width}, expected fewer than 2^32 pixels"
        ))),
    }
}

fn stack(array: Array) -> Result<Content> {
    let axes_found = array.shape.len();
    let (count, height, width) = match array.shape[..] {
        [height, width] => (1, height, width),
        [count, height, width] => (count, height, width),
        [_, _, _, _] => {
            return Err(Error::new(format_args!(
                "found axes {}, expected (H,W) or (N,H,W): multi-class logits are not supported yet, only binary",
                axes(&array.shape)
            )));
        }
        _ => {
            let found = axes(&array.shape);
            return Err(Error::new(format_args!("found axes {found}, expected (H,W) or (N,H,W)")));
        }
    };
    if count == 0 {
        return Err(Error::new(format_args!(
            "found axes {}, expected at least one image",
            axes(&array.shape)
        )));
    }
    let shape = shape_of(height, width)?;
    Ok(Content::Stack { count, shape, elements: array.elements, axes: axes_found })
}

pub(super) fn single(array: Array) -> Result<Image> {
    match array.shape[..] {
        [height, width] => Ok(Image { shape: shape_of(height, width)?, elements: array.elements }),
        _ => Err(Error::new(format_args!(
            "found axes {}, expected (H,W): in a directory a file holds one image",
            axes(&array.shape)
        ))),
    }
}
