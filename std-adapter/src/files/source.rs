//! Files and directories as sequences of images.

use std::path::{Path, PathBuf};

use segmeter_core::view::Shape;

use super::folder::{self, EXTENSIONS, Named, Pairs, Side, extension};
use super::ids::Colours;
use super::order::{Arrangement, Order};
use super::{Array, Elements, Error, Result, bin, npy, npz, png, raster, read};

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

/// How files are read.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// What a `.bin` holds.
    pub layout: Option<(Vec<usize>, bin::Type)>,
    /// What the axes mean. Without it four axes are images with channels, like three in a directory; any other three are
    /// images without.
    pub order: Option<Order>,
    /// `f64` as it is rather than rounded to `f32`.
    pub exact: bool,
    /// The class ids of colours.
    pub colours: Option<Colours>,
    /// Which images of a directory have which labels.
    pub pairs: Option<Pairs>,
}

/// A sequence of images: a file with one or with a leading axis of many, or a directory, in the order of the numbers in the
/// names of its files.
#[derive(Debug)]
pub struct Source {
    pub(super) path: PathBuf,
    pub(super) content: Content,
    pub(super) reading: Reading,
}

#[derive(Debug)]
pub(super) enum Content {
    Stack { array: Array, arrangement: Arrangement },
    Directory(Vec<Named>),
}

impl Source {
    /// Opens a file, which is read, or a directory, whose files are read one by one as they are asked for.
    ///
    /// # Errors
    /// If the file is malformed, or the directory has none that can be read.
    pub fn open(path: &Path, reading: Reading) -> Result<Self> {
        Self::open_side(path, reading, Side::Predictions)
    }

    /// The same of what is compared with others: in [`Reading::pairs`] its names come second.
    ///
    /// # Errors
    /// As [`Source::open`].
    pub fn open_partner(path: &Path, reading: Reading) -> Result<Self> {
        Self::open_side(path, reading, Side::Labels)
    }

    fn open_side(path: &Path, reading: Reading, side: Side) -> Result<Self> {
        if path.is_dir() {
            let files = folder::selected(path, side, reading.pairs.as_ref())?;
            return Ok(Self { path: path.to_owned(), content: Content::Directory(files), reading });
        }
        if reading.pairs.is_some() {
            return Err(Error::new("found a file, expected a folder for --pair").at(path));
        }
        Self::of_array(path, load(path, &reading)?, reading)
    }

    pub(super) fn of_array(path: &Path, array: Array, reading: Reading) -> Result<Self> {
        let order = reading.order.unwrap_or(Order::guess(&array.shape, false));
        let arrangement = order.arrange(&array.shape).map_err(|e| e.at(path))?;
        Ok(Self { path: path.to_owned(), content: Content::Stack { array, arrangement }, reading })
    }

    /// The same, its axes read in another way.
    ///
    /// # Errors
    /// If the file has not the axes for it; files of a directory are looked at as they are asked for.
    pub fn reorder(self, order: Order) -> Result<Self> {
        let reading = Reading { order: Some(order), ..self.reading };
        match self.content {
            Content::Stack { array, .. } => Self::of_array(&self.path, array, reading),
            content @ Content::Directory(_) => Ok(Self { path: self.path, content, reading }),
        }
    }

    /// Number of images.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.content {
            Content::Stack { arrangement, .. } => arrangement.images(),
            Content::Directory(files) => files.len(),
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
            Content::Directory(_) => self.image(0).map(|first| (first.order, first.channels)),
        }
    }

    /// The name of an image: the path of its file below the directory without the extension, or its number.
    #[must_use]
    pub fn name(&self, index: usize) -> String {
        match &self.content {
            Content::Stack { .. } => index.to_string(),
            Content::Directory(files) => files.get(index).map(|(name, _)| name.clone()).unwrap_or_default(),
        }
    }

    /// The file of an image.
    #[must_use]
    pub fn file(&self, index: usize) -> &Path {
        match &self.content {
            Content::Stack { .. } => &self.path,
            Content::Directory(files) => files.get(index).map_or(&self.path, |(_, file)| file),
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
            Content::Directory(files) => {
                let (_, file) = files.get(index).ok_or_else(|| missing().at(&self.path))?;
                single(load(file, &self.reading)?, self.reading.order).map_err(|e| e.at(file))
            }
        }
    }
}

/// Reads one file by its extension.
pub(super) fn load(path: &Path, reading: &Reading) -> Result<Array> {
    let parsed = |parse: &dyn Fn(&[u8]) -> Result<Array>| parse(&read(path)?).map_err(|e| e.at(path));
    let refused = |line: String| Err(Error::new(line).at(path));
    let colours = reading.colours.as_ref();
    let array = if reading.exact { npy::read_exact } else { npy::read };
    match (extension(path).as_str(), &reading.layout) {
        ("npy", _) => parsed(&array),
        ("npz", _) => parsed(&|bytes| array(&npz::only(bytes)?)),
        ("png", _) => parsed(&|bytes| png::read(bytes, colours)),
        ("bmp", _) => parsed(&|bytes| raster::read_bmp(bytes, colours)),
        ("tif" | "tiff", _) => parsed(&|bytes| raster::read_tiff(bytes, colours)),
        ("bin", Some((shape, kind))) => parsed(&|bytes| bin::read(bytes, shape, *kind)),
        ("bin", None) => refused("a .bin has no header: say --shape N,H,W (or H,W) and --dtype".to_owned()),
        _ if !path.exists() => refused("found no such file or directory (stdin is not read)".to_owned()),
        (other, _) => {
            let kind = if other.is_empty() { "without an extension" } else { &format!("`.{other}`") };
            refused(format!("found a file {kind}, expected .{}", EXTENSIONS.join(", .")))
        }
    }
}

/// The image that a file of a directory holds.
pub(super) fn single(array: Array, order: Option<Order>) -> Result<Image> {
    let order = order.unwrap_or(Order::guess(&array.shape, true));
    let Arrangement { shape, channels, .. } = order.arrange_one(&array.shape)?;
    Ok(Image { shape, channels, order, elements: array.elements })
}
