//! Files and directories as sequences of images.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use segmeter_core::view::Shape;

use super::order::{Arrangement, Order};
use super::{Array, Elements, Error, Result, bin, npy, png, read};

/// One image: logits, codes or class ids.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// Rows and columns.
    pub shape: Shape,
    /// Numbers of a pixel.
    pub channels: usize,
    /// Where they stand.
    pub order: Order,
    /// All numbers, row-major.
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
    Stack {
        array: Array,
        arrangement: Arrangement,
    },
    Directory {
        files: Vec<PathBuf>,
        layout: Option<(Vec<usize>, bin::Type)>,
        order: Option<Order>,
        exact: bool,
    },
}

impl Source {
    /// Opens a file, which is read, or a directory, whose files are read one by one as they are asked for.
    /// `layout` says what a `.bin` holds, `order` what the axes mean. Without it four axes are images with channels,
    /// like three in a directory; any other three are images without.
    ///
    /// # Errors
    /// If the file is malformed, or the directory has none that can be read.
    pub fn open(path: &Path, layout: Option<(&[usize], bin::Type)>, order: Option<Order>) -> Result<Self> {
        Self::open_as(path, layout, order, false)
    }

    /// As [`Source::open`], `f64` as it is rather than rounded to `f32`.
    ///
    /// # Errors
    /// Those of [`Source::open`].
    pub fn open_exact(
        path: &Path,
        layout: Option<(&[usize], bin::Type)>,
        order: Option<Order>,
    ) -> Result<Self> {
        Self::open_as(path, layout, order, true)
    }

    fn open_as(
        path: &Path,
        layout: Option<(&[usize], bin::Type)>,
        order: Option<Order>,
        exact: bool,
    ) -> Result<Self> {
        if path.is_dir() {
            let files = directory(path)?.into_values().collect();
            let layout = layout.map(|(shape, kind)| (shape.to_vec(), kind));
            let content = Content::Directory { files, layout, order, exact };
            return Ok(Self { path: path.to_owned(), content });
        }
        Self::of_array(path, load_as(path, layout, exact)?, order)
    }

    pub(super) fn of_array(path: &Path, array: Array, order: Option<Order>) -> Result<Self> {
        let order = order.unwrap_or(Order::guess(array.shape.len(), false));
        let arrangement = order.arrange(&array.shape).map_err(|e| e.at(path))?;
        Ok(Self { path: path.to_owned(), content: Content::Stack { array, arrangement } })
    }

    /// The same, its axes read in another way.
    ///
    /// # Errors
    /// If the file has not the axes for it; files of a directory are looked at as they are asked for.
    pub fn reorder(self, order: Order) -> Result<Self> {
        match self.content {
            Content::Stack { array, .. } => Self::of_array(&self.path, array, Some(order)),
            Content::Directory { files, layout, exact, .. } => {
                let content = Content::Directory { files, layout, order: Some(order), exact };
                Ok(Self { path: self.path, content })
            }
        }
    }

    /// Number of images.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.content {
            Content::Stack { arrangement, .. } => arrangement.images(),
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
        !matches!(self.content, Content::Stack { arrangement: Arrangement { batch: None, .. }, .. })
    }

    /// What the axes of the first image mean, and how many channels it has.
    ///
    /// # Errors
    /// If its file is malformed.
    pub fn channels(&self) -> Result<(Order, usize)> {
        match &self.content {
            Content::Stack { arrangement, .. } => Ok((arrangement.order, arrangement.channels)),
            Content::Directory { .. } => self.image(0).map(|first| (first.order, first.channels)),
        }
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
            Content::Stack { array, arrangement } if index < arrangement.images() => {
                let Arrangement { shape, channels, order, .. } = *arrangement;
                let length = shape.pixels() * channels;
                let elements = array.elements.part(index * length..(index + 1) * length);
                Ok(Image { shape, channels, order, elements })
            }
            Content::Stack { .. } => Err(missing().at(&self.path)),
            Content::Directory { files, layout, order, exact } => {
                let file = files.get(index).ok_or_else(|| missing().at(&self.path))?;
                let layout = layout.as_ref().map(|(shape, kind)| (shape.as_slice(), *kind));
                single(load_as(file, layout, *exact)?, *order).map_err(|e| e.at(file))
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
    load_as(path, layout, false)
}

fn load_as(path: &Path, layout: Option<(&[usize], bin::Type)>, exact: bool) -> Result<Array> {
    let parsed = |parse: &dyn Fn(&[u8]) -> Result<Array>| parse(&read(path)?).map_err(|e| e.at(path));
    let refused = |line: String| Err(Error::new(line).at(path));
    match (extension(path).as_str(), layout) {
        ("npy", _) => parsed(&if exact { npy::read_exact } else { npy::read }),
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

/// The image that a file of a directory holds.
pub(super) fn single(array: Array, order: Option<Order>) -> Result<Image> {
    let order = order.unwrap_or(Order::guess(array.shape.len(), true));
    let Arrangement { shape, channels, .. } = order.arrange_one(&array.shape)?;
    Ok(Image { shape, channels, order, elements: array.elements })
}
