//! Masks: the partners of images.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use segmeter_core::view::Shape;

use super::folder::extension;
use super::folder::{self, Side};
use super::order::Order;
use super::source::{Content, Image, Reading, load, single};
use super::{Array, Elements, Error, OTHER_NAMES, Result, Source, axes, bin, other_size, png_size, read};

/// Which image is meant: its number in the whole sequence, and among those that were selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// In the whole sequence.
    pub index: usize,
    /// Among the selected.
    pub position: usize,
}

/// What the axes of a mask mean, by what it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MaskOrder {
    /// Of class ids.
    pub ids: Order,
    /// Of soft labels, which are `f32`.
    pub shares: Order,
}

impl MaskOrder {
    const fn of(self, elements: &Elements) -> Order {
        match elements {
            Elements::F32(_) => self.shares,
            _ => self.ids,
        }
    }
}

/// Masks that belong to the images of a [`Source`]: class ids, soft labels, or valid bits.
///
/// Files of a directory are partners by their path below it without extension, or as [`Reading::pairs`] of the images says.
/// A file holds a mask for every image or for every
/// selected one.
#[derive(Debug)]
pub struct Masks {
    path: PathBuf,
    content: MaskContent,
    order: MaskOrder,
    reading: Reading,
    /// Whether a mask exists for every image rather than for the selected ones.
    by_index: bool,
    /// Whether partners have the same name in folders that differ.
    by_file: bool,
}

#[derive(Debug)]
enum MaskContent {
    Stack(Box<Source>),
    List(Vec<PathBuf>),
    Named(BTreeMap<String, PathBuf>),
}

impl Masks {
    /// Opens the masks of `source`, of which `selected` images are wanted. Colours of masks mean what they mean in the images.
    ///
    /// # Errors
    /// If a file is malformed, or the number of masks fits neither.
    pub fn open(path: &Path, source: &Source, selected: usize, order: MaskOrder) -> Result<Self> {
        let total = source.len();
        let reading = Reading { colours: source.reading.colours.clone(), ..Reading::default() };
        let files = || folder::selected(path, Side::Labels, source.reading.pairs.as_ref());
        let content = match (path.is_dir(), &source.content) {
            (true, Content::Directory(_)) => MaskContent::Named(files()?.into_iter().collect()),
            (true, _) => MaskContent::List(files()?.into_iter().map(|(_, file)| file).collect()),
            _ => MaskContent::Stack(Box::new(stack(path, source, selected, order, &reading)?)),
        };
        let found = match &content {
            MaskContent::Named(_) => total,
            MaskContent::List(files) => files.len(),
            MaskContent::Stack(masks) => masks.len(),
        };
        if found != total && found != selected {
            let expected =
                if total == selected { total.to_string() } else { format!("{total} or {selected}") };
            let line = format!("found {found} masks, expected {expected}, one for each image");
            return Err(Error::new(line).at(path));
        }
        let (content, by_file) = by_file_name(content, source);
        Ok(Self { path: path.to_owned(), content, order, reading, by_index: found == total, by_file })
    }

    /// The name by which an image finds its mask.
    fn key(&self, source: &Source, index: usize) -> String {
        let name = source.name(index);
        if self.by_file { file_name(&name).to_owned() } else { name }
    }

    /// Where they were opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether these are files that belong to the images by their place, in another order than that of their letters.
    #[must_use]
    pub fn is_renumbered(&self) -> bool {
        matches!(&self.content, MaskContent::List(files) if !files.is_sorted())
    }

    /// Whether image `slot` of `source` has a mask.
    #[must_use]
    pub fn has(&self, source: &Source, slot: Slot) -> bool {
        match &self.content {
            MaskContent::Stack(_) | MaskContent::List(_) => true,
            MaskContent::Named(files) => files.contains_key(&self.key(source, slot.index)),
        }
    }

    /// The file with the mask of image `slot` of `source`; where there is none, where it should be.
    #[must_use]
    pub fn file_of(&self, source: &Source, slot: Slot) -> &Path {
        let number = if self.by_index { slot.index } else { slot.position };
        let file = match &self.content {
            MaskContent::Stack(_) => None,
            MaskContent::List(files) => files.get(number),
            MaskContent::Named(files) => files.get(&self.key(source, slot.index)),
        };
        file.unwrap_or(&self.path)
    }

    /// The first file that belongs to no image of `source`, where they are partners by name.
    #[must_use]
    pub fn stray(&self, source: &Source) -> Option<&Path> {
        let MaskContent::Named(files) = &self.content else { return None };
        let names: BTreeSet<_> = (0..source.len()).map(|index| self.key(source, index)).collect();
        files.iter().find(|(name, _)| !names.contains(*name)).map(|(_, file)| file.as_path())
    }

    /// The numbers of the mask of image `slot` of `source`, which has this shape, as they are stored.
    ///
    /// # Errors
    /// If there is none, its file is malformed, or its shape is another one.
    pub fn numbers(&self, source: &Source, slot: Slot, shape: Shape) -> Result<Elements> {
        Ok(self.one(source, slot, shape, 1)?.0)
    }

    /// The ids of the mask of image `slot` of `source`, which has this shape.
    ///
    /// # Errors
    /// If there is none, its file is malformed, or its shape or type is another one.
    pub fn ids(&self, source: &Source, slot: Slot, shape: Shape) -> Result<Vec<u16>> {
        let (elements, path) = self.one(source, slot, shape, 1)?;
        elements.into_ids().map_err(|e| e.at(path))
    }

    /// The class ids or soft labels of `image`, which is image `slot` of `source`; of each of its channels where
    /// the order of such masks has channels.
    ///
    /// # Errors
    /// If there is none, its file is malformed, or its shape or type is another one.
    pub fn labels(&self, source: &Source, slot: Slot, image: &Image) -> Result<Elements> {
        let (elements, path) = self.one(source, slot, image.shape, image.channels)?;
        match elements {
            shares @ Elements::F32(_) => Ok(shares),
            ids => Ok(Elements::U16(ids.into_ids().map_err(|e| e.at(path))?)),
        }
    }

    fn one(&self, source: &Source, slot: Slot, shape: Shape, channels: usize) -> Result<(Elements, &Path)> {
        let number = if self.by_index { slot.index } else { slot.position };
        let expected = (shape.height(), shape.width());
        let refuse = |found| self.other_size(source, slot, found, expected);
        let file = |path: &Path| match png_size(path) {
            // Known before it is decoded.
            Some(found) if found != expected => Err(refuse(found).at(path)),
            _ => self.file(path, shape, channels),
        };
        let (mask, path) = match &self.content {
            MaskContent::Stack(masks) => (masks.image(number)?, self.path.as_path()),
            MaskContent::List(files) => match files.get(number) {
                Some(path) => (file(path)?, path.as_path()),
                None => return Err(Error::new("found too few masks").at(&self.path)),
            },
            MaskContent::Named(files) => {
                let name = self.key(source, slot.index);
                let path = files.get(&name).ok_or_else(|| {
                    let images = source.path.display();
                    let line = format!(
                        "found no mask `{name}`, expected one for each image of {images}, of the same name below the \
                         folder; "
                    );
                    Error::new(line + OTHER_NAMES).at(&self.path)
                })?;
                (file(path)?, path.as_path())
            }
        };
        if mask.shape != shape {
            return Err(refuse((mask.shape.height(), mask.shape.width())).at(path));
        }
        if mask.order != Order::Plane && mask.channels != channels {
            return Err(Error::new(format_args!(
                "found axes {}, expected {channels} channels as in {}",
                axes(&mask.order.axes(mask.shape, mask.channels)),
                source.path.display()
            ))
            .at(path));
        }
        Ok((mask.elements, path))
    }

    /// A mask has another size than its image, whose axes may have been taken for others.
    fn other_size(
        &self,
        source: &Source,
        slot: Slot,
        found: (usize, usize),
        expected: (usize, usize),
    ) -> Error {
        let error = other_size(found, expected, &source.path);
        let image = source.image(slot.index).ok().filter(|_| source.reading.order.is_none());
        match image {
            Some(image)
                if image.order == Order::Planar && found == (image.channels, image.shape.height()) =>
            {
                Error::new(format_args!("{error}; if classes come last there, say --layout hwc"))
            }
            _ => error,
        }
    }

    /// A file with one mask; errors name it.
    fn file(&self, path: &Path, shape: Shape, channels: usize) -> Result<Image> {
        let array = if extension(path) == "bin" {
            bare(&read(path)?, self.order.ids, shape, channels, None).map_err(|e| e.at(path))?
        } else {
            load(path, &self.reading)?
        };
        let order = self.order.of(&array.elements);
        single(array, Some(order)).map_err(|e| e.at(path))
    }
}

/// The part of a name that is no folder.
pub(super) fn file_name(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Masks by their own names, where no image lies in the same folder as its mask and these names tell them apart.
fn by_file_name(content: MaskContent, source: &Source) -> (MaskContent, bool) {
    let MaskContent::Named(files) = content else { return (content, false) };
    let names: Vec<String> = (0..source.len()).map(|index| source.name(index)).collect();
    let unique = |names: &[&str]| {
        names.iter().map(|name| file_name(name)).collect::<BTreeSet<_>>().len() == names.len()
    };
    let masks: Vec<&str> = files.keys().map(String::as_str).collect();
    let images: Vec<&str> = names.iter().map(String::as_str).collect();
    let is_shared = names.iter().any(|name| files.contains_key(name));
    if is_shared || !unique(&masks) || !unique(&images) {
        return (MaskContent::Named(files), false);
    }
    let files = files.into_iter().map(|(name, file)| (file_name(&name).to_owned(), file)).collect();
    (MaskContent::Named(files), true)
}

/// A file with masks for all images or the selected ones.
fn stack(
    path: &Path,
    source: &Source,
    selected: usize,
    order: MaskOrder,
    reading: &Reading,
) -> Result<Source> {
    let total = source.len();
    let mut array = if extension(path) == "bin" {
        let first = source.image(0)?;
        let bytes = read(path)?;
        bare(&bytes, order.ids, first.shape, first.channels, Some([total, selected]))
            .map_err(|e| e.at(path))?
    } else {
        load(path, reading)?
    };
    if let ([height, width, 1], 1) = (&array.shape[..], total) {
        // Of one image, as networks have it: not many masks of one pixel a row.
        let shape = source.image(0)?.shape;
        if (shape.height(), shape.width()) == (*height, *width) {
            array.shape.pop();
        }
    }
    let order = Some(order.of(&array.elements));
    let masks = Source::of_array(path, array, Reading { order, ..Reading::default() })?;
    if source.is_batch() && !masks.is_batch() && total > 1 && selected > 1 {
        let (first, images) = (source.image(0)?, source.path.display());
        let image = axes(&first.order.axes(first.shape, first.channels));
        let mut line =
            format!("found 1 mask, expected {total} for {images}, which was read as {total} images");
        if !source.path.is_dir() {
            // One image with classes, if its mask agrees.
            let mask = masks.image(0)?.shape;
            let (classes, layout) = match (mask.height(), mask.width()) {
                (height, width) if (height, width) == (total, first.shape.height()) => {
                    (first.shape.width(), "hwc")
                }
                _ => (total, "chw"),
            };
            line += &format!(" {image}; of one image with {classes} classes say --layout {layout}");
        }
        return Err(Error::new(line).at(path));
    }
    Ok(masks)
}

/// Bare bytes or bits as masks: one, or as many as one of `counts`.
fn bare(
    bytes: &[u8],
    order: Order,
    shape: Shape,
    channels: usize,
    counts: Option<[usize; 2]>,
) -> Result<Array> {
    let planes = match order {
        Order::Plane => 1,
        Order::Planar => channels,
        Order::Interleaved => return Err(Error::new("found a .bin, expected .npy for masks of (H,W,C)")),
    };
    let expected = counts.unwrap_or([1, 1]).map(|count| count.saturating_mul(planes));
    let (found, ids) = bin::read_masks(bytes, shape, &expected)?;
    let batch = counts.map(|_| found / planes);
    let shape = batch.into_iter().chain(order.axes(shape, planes)).collect();
    Ok(Array { shape, elements: Elements::U8(ids) })
}
