//! Labels beside images.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;
use segmeter::core::view::{IGNORE, Shape};
use segmeter::files::{self, Elements, IdMap, Image, MaskOrder, Masks, Order, Slot, Source};

use super::Ids;
use crate::command::{Failure, note};

mod meanings;
mod messages;
mod settings;

/// How labels are read.
#[derive(Args)]
#[command(next_help_heading = "How labels are read")]
pub(in crate::command) struct LabelInput {
    /// Label ids of pixels that are not scored, or none [default: 255, unless that is the foreground]
    #[arg(long, value_name = "ID,...|none", value_delimiter = ',')]
    ignore: Vec<Ignored>,
    /// Masks of scored pixels: 0 is ignored, like the ignored ids
    #[arg(long, value_name = "FILE")]
    valid: Option<PathBuf>,
    /// Binary masks from class ids: this one is foreground, the others background. With 255, masks of 0 and 1 stay so
    #[arg(long, value_name = "ID")]
    foreground: Option<u16>,
    /// Class ids for those in the files, of labels, predictions or both: cityscapes (its 19 classes of training), or a table
    /// from,to (.csv, .txt, .json)
    #[arg(long, value_name = "[labels=|predictions=]NAME|FILE")]
    map: Vec<MapArgument>,
}

/// An id that is not scored, or the word for none.
#[derive(Clone, Copy)]
struct Ignored(Option<u16>);

impl FromStr for Ignored {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(None));
        }
        let id =
            text.parse().map_err(|_| format!("found `{text}`, expected ids from 0 to 65535, or none"))?;
        Ok(Self(Some(id)))
    }
}

/// Which side a map of ids is for.
#[derive(Clone)]
struct MapArgument {
    labels: bool,
    predictions: bool,
    map: IdMap,
}

impl FromStr for MapArgument {
    type Err = files::Error;

    fn from_str(text: &str) -> Result<Self, files::Error> {
        let (side, name) = text.split_once('=').unwrap_or(("both", text));
        let (labels, predictions) = match side {
            "both" => (true, true),
            "labels" => (true, false),
            "predictions" => (false, true),
            _ => {
                let line = "expected labels=, predictions= or both= before it";
                return Err(files::Error::new(format_args!("found `{side}=`, {line}")));
            }
        };
        Ok(Self { labels, predictions, map: IdMap::new(name)? })
    }
}

/// An id of a pixel: the core's are bytes.
pub(in crate::command) trait Id:
    Copy + Default + PartialEq + From<bool> + TryFrom<u16>
{
    /// The highest id that may be a class, since one must mean "not scored".
    const LAST: u16;
}

impl Id for u8 {
    const LAST: u16 = 254;
}

impl Id for u16 {
    const LAST: u16 = Self::MAX - 1;
}

/// Labels of the images of a source.
pub(in crate::command) struct LabelReader {
    masks: Masks,
    valid: Option<Masks>,
    /// The ids of ignored pixels in the files.
    ignored: Vec<u16>,
    /// Nobody said which.
    is_default: bool,
    foreground: Option<u16>,
    /// The same in the labels, which may have 1 for it.
    labelled: Option<u16>,
    map: Option<IdMap>,
    predicted: Option<IdMap>,
    /// Whether some pixel has a class other than 0, or an ignored id.
    has_foreground: AtomicBool,
    has_ignored: AtomicBool,
    /// Whether some id is neither 0 nor 255 where 255 is foreground: masks of 0 and 255 have none.
    has_others: AtomicBool,
}

impl LabelInput {
    /// Files that are read beside the labels.
    pub(in crate::command) fn files(&self) -> impl Iterator<Item = PathBuf> {
        self.valid.iter().cloned().chain(self.map.iter().map(|map| PathBuf::from(map.map.name())))
    }

    /// Opens masks of one class id per pixel.
    pub(in crate::command) fn open(
        &self,
        path: &Path,
        source: &Source,
        slots: &[Slot],
    ) -> Result<LabelReader, Failure> {
        self.open_as(path, source, slots, MaskOrder::default())
    }

    /// Opens labels of these images.
    pub(in crate::command) fn open_as(
        &self,
        path: &Path,
        source: &Source,
        slots: &[Slot],
        order: MaskOrder,
    ) -> Result<LabelReader, Failure> {
        let selected = slots.len();
        let listed: Vec<u16> = self.ignore.iter().filter_map(|ignored| ignored.0).collect();
        if self.ignore.len() > 1 && listed.len() < self.ignore.len() {
            return Err(Failure::Input("found --ignore none beside ids, expected either".to_owned()));
        }
        if let Some(id) = self.foreground.filter(|id| listed.contains(id)) {
            let line = format!("--foreground {id} is an ignored id: say --ignore with another one");
            return Err(Failure::Input(line));
        }
        let plane = MaskOrder::default();
        let valid =
            self.valid.as_ref().map(|valid| Masks::open(valid, source, selected, plane)).transpose()?;
        let masks = Masks::open(path, source, selected, order)?;
        let is_foreground = self.foreground == Some(u16::from(IGNORE));
        let ignored = if self.ignore.is_empty() && !is_foreground { vec![u16::from(IGNORE)] } else { listed };
        let map =
            |of: fn(&MapArgument) -> bool| self.map.iter().rfind(|map| of(map)).map(|map| map.map.clone());
        let (predicted, map) = (map(|map| map.predictions), map(|map| map.labels));
        let mut reader = LabelReader {
            masks,
            valid,
            ignored,
            is_default: self.ignore.is_empty(),
            foreground: self.foreground,
            labelled: self.foreground,
            map,
            predicted,
            has_foreground: AtomicBool::new(false),
            has_ignored: AtomicBool::new(false),
            has_others: AtomicBool::new(false),
        };
        reader.refuse_stray(source, selected)?;
        if reader.masks.is_renumbered() {
            note(format_args!(
                "{}: files belong to the images of {} by place, in the order of the numbers in their names: 2 before 10",
                path.display(),
                source.path().display()
            ));
        }
        reader.labelled = reader.foreground_in(reader.readable(source, slots));
        Ok(reader)
    }
}

impl LabelReader {
    /// Refuses labels of no image, unless some images are selected.
    fn refuse_stray(&self, source: &Source, selected: usize) -> Result<(), Failure> {
        let Some(stray) = self.masks.stray(source).filter(|_| selected == source.len()) else {
            return Ok(());
        };
        let is_it = |index: usize| Path::new(&source.name(index)).file_name() == stray.file_stem();
        let twins = if (0..source.len()).any(is_it) {
            "; one of this file name is elsewhere, which counts where no two labels share a name"
        } else {
            ""
        };
        Err(Failure::Input(format!(
            "{}: found no image for these labels in {}, expected one of the same name below the folder{twins}; {}",
            stray.display(),
            source.path().display(),
            files::OTHER_NAMES
        )))
    }

    /// Which id is foreground in some masks: the one that was said. Only 255 is no class of anybody's: masks of 0 and 1 alone
    /// are binary as well.
    pub(in crate::command) fn foreground_in(&self, masks: impl Iterator<Item = Ids<u16>>) -> Option<u16> {
        let said = self.foreground;
        if said != Some(u16::from(IGNORE)) {
            return said;
        }
        let mut is_binary = false;
        for ids in masks {
            if ids.any(|id| id > 1 && !self.ignored.contains(&id)) {
                return said;
            }
            is_binary = true;
        }
        if is_binary { Some(1) } else { said }
    }

    /// The masks that can be read: the others are reported when they are evaluated.
    fn readable(&self, source: &Source, slots: &[Slot]) -> impl Iterator<Item = Ids<u16>> {
        slots.iter().filter(|slot| self.has(source, **slot)).filter_map(|slot| {
            let image = source.image(slot.index).ok()?;
            let ids = Ids::of(self.masks.numbers(source, *slot, image.shape).ok()?).ok()?;
            ids.mapped(self.map.as_ref()).ok()
        })
    }

    /// Takes 255 as a class, unless somebody said that it is not scored.
    pub(in crate::command) fn score_all(&mut self) {
        if self.is_default {
            self.ignored.clear();
        }
    }

    /// The id of ignored pixels in what [`LabelReader::ids`] returns.
    pub(in crate::command) fn ignore(&self) -> u8 {
        let first = self.ignored.iter().find_map(|id| u8::try_from(*id).ok());
        first.filter(|_| self.foreground.is_none()).unwrap_or(IGNORE)
    }

    /// The ids of pixels that are not scored, in the files.
    pub(in crate::command) fn ignored(&self) -> &[u16] {
        &self.ignored
    }

    /// Which id is foreground, if class ids are made binary.
    pub(in crate::command) const fn foreground(&self) -> Option<u16> {
        self.foreground
    }

    /// Whether ids of labels are mapped by this table.
    pub(in crate::command) fn is_mapped_by(&self, name: &str) -> bool {
        self.map.as_ref().is_some_and(|map| map.name() == name)
    }

    /// Whether ids of predictions are mapped.
    pub(in crate::command) const fn maps_predictions(&self) -> bool {
        self.predicted.is_some()
    }

    /// The ids of predictions after their map.
    pub(in crate::command) fn predicted(&self, ids: Ids<u16>) -> files::Result<Ids<u16>> {
        ids.mapped(self.predicted.as_ref())
    }

    /// Where the labels are.
    pub(in crate::command) fn path(&self) -> &Path {
        self.masks.path()
    }

    /// The file with the labels of an image.
    pub(in crate::command) fn file(&self, source: &Source, slot: Slot) -> &Path {
        self.masks.file_of(source, slot)
    }

    /// Whether this image has labels.
    pub(in crate::command) fn has(&self, source: &Source, slot: Slot) -> bool {
        self.masks.has(source, slot)
    }

    /// The class ids of an image as the core takes them.
    pub(in crate::command) fn ids(
        &self,
        source: &Source,
        slot: Slot,
        shape: Shape,
    ) -> Result<Vec<u8>, Failure> {
        self.ids_but(source, slot, shape, self.ignore()).map(Ids::into_each)
    }

    /// The class ids of an image, with this one in the place of what is not scored.
    pub(in crate::command) fn ids_but<T: Id>(
        &self,
        source: &Source,
        slot: Slot,
        shape: Shape,
        ignore: T,
    ) -> Result<Ids<T>, Failure> {
        let named = |e: files::Error| e.at(self.file(source, slot));
        let ids = Ids::of(self.masks.numbers(source, slot, shape)?).map_err(named)?;
        let valid = self.valid(source, slot, shape)?;
        Ok(self.scored(ids, valid.as_deref(), ignore, |place| place).map_err(named)?)
    }

    /// Class ids or soft labels of an image, and its valid pixels if there is a mask of them. Class ids know of
    /// them already.
    pub(in crate::command) fn labels(
        &self,
        source: &Source,
        slot: Slot,
        image: &Image,
    ) -> Result<(Elements, Option<Vec<u16>>), Failure> {
        let labels = self.masks.labels(source, slot, image)?;
        let valid = self.valid(source, slot, image.shape)?;
        let pixels = image.shape.pixels();
        let named = |e: files::Error| e.at(self.file(source, slot));
        let labels = match labels {
            Elements::U16(ids) => {
                let is_interleaved = ids.len() > pixels && image.order == Order::Interleaved;
                let pixel = |place| if is_interleaved { place / image.channels } else { place % pixels };
                let ids = self.scored(Ids::Each(ids), valid.as_deref(), self.ignore(), pixel);
                Elements::U8(ids.map_err(named)?.into_each())
            }
            _ if self.foreground.is_some() || self.map.is_some() => {
                let line = "found soft labels, expected class ids for --foreground and --map";
                return Err(Failure::Input(format!("{}: {line}", self.path().display())));
            }
            shares => shares,
        };
        Ok((labels, valid))
    }

    fn valid(&self, source: &Source, slot: Slot, shape: Shape) -> Result<Option<Vec<u16>>, Failure> {
        Ok(self.valid.as_ref().map(|valid| valid.ids(source, slot, shape)).transpose()?)
    }

    /// Ids mapped, made binary if asked for, and one id for all that is not scored. `pixel` is that of a place.
    fn scored<T: Id>(
        &self,
        ids: Ids<u16>,
        valid: Option<&[u16]>,
        ignore: T,
        pixel: impl Fn(usize) -> usize,
    ) -> files::Result<Ids<T>> {
        let scored = |place: usize, id: u16| {
            if self.ignored.contains(&id) {
                self.has_ignored.store(true, Ordering::Relaxed);
                return Ok(ignore);
            }
            if valid.is_some_and(|valid| valid.get(pixel(place)) == Some(&0)) {
                return Ok(ignore);
            }
            match self.labelled {
                Some(foreground) => {
                    self.look_at(foreground, id);
                    Ok(T::from(id == foreground))
                }
                None => T::try_from(id).ok().filter(|id| *id != ignore).ok_or_else(|| {
                    let (pixel, last) = (pixel(place), T::LAST);
                    files::Error::new(format_args!(
                        "found class id {id} at pixel {pixel}, expected ids up to {last} here: give others with --map, or if it is \
                         not scored say --ignore {id}"
                    ))
                }),
            }
        };
        let ids = ids.mapped(self.map.as_ref())?;
        let ids = match valid {
            None => ids.replaced(scored)?,
            // Whether an id is scored depends on the pixel.
            Some(_) => {
                let ids = ids.into_each().into_iter();
                let ids = (0..).zip(ids).map(|(place, id)| scored(place, id));
                Ids::Each(ids.collect::<files::Result<_>>()?)
            }
        };
        if ids.any(|id| id != ignore && id != T::from(false)) {
            self.has_foreground.store(true, Ordering::Relaxed);
        }
        Ok(ids)
    }

    /// Looks for ids that masks of 0 and 255 do not have.
    fn look_at(&self, foreground: u16, id: u16) {
        if foreground == u16::from(IGNORE) && id != 0 && id != foreground {
            self.has_others.store(true, Ordering::Relaxed);
        }
    }

    /// Predicted ids made binary.
    pub(in crate::command) fn binary(&self, ids: Ids<u16>, foreground: u16) -> files::Result<Ids<u16>> {
        ids.replaced(|_, id| {
            self.look_at(foreground, id);
            Ok(u16::from(id == foreground))
        })
    }
}
