//! Arguments that say where images and labels are and how to read them.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{Args, ValueEnum};
use segmeter::core::view::{Encoding, Quantiser};
use segmeter::files::{Colours, Elements, Image, Order, Pairs, Reading, Slot, Source, bin};

use super::{Failure, note};

mod broken;
mod codes;
mod host;
mod ids;
mod labels;
mod scores;
mod settings;

pub(super) use broken::Broken;
pub(super) use codes::{Coder, STEP};
pub(super) use host::HostInput;
pub(super) use ids::{Ids, meaning, run};
pub(super) use labels::{LabelInput, LabelReader};
pub(super) use scores::{PROBABILITIES, Range, wrong_score};

/// How images are stored, and which are meant.
#[derive(Args, Clone)]
#[command(next_help_heading = "How images are read")]
pub(super) struct Input {
    /// Axes of an image of scores: hw has one score per pixel, the others have one for every class. Without it, three axes are
    /// images of one score per pixel in a file, and classes in a directory: chw, or hwc where chw had more than 32
    #[arg(long, value_enum)]
    layout: Option<Layout>,
    /// Shape of a .bin
    #[arg(long, value_name = "N,H,W|H,W|...", value_delimiter = ',', num_args = 1)]
    shape: Option<Vec<usize>>,
    /// Type of a .bin
    #[arg(long, value_enum)]
    dtype: Option<Dtype>,
    /// 8-bit logits: logit = S * (code - Z); with --probabilities the probability, cut to [0, 1]
    #[arg(long, value_name = "S", requires = "zero_point")]
    scale: Option<f32>,
    /// The code of 0
    #[arg(long, value_name = "Z", requires = "scale")]
    zero_point: Option<i32>,
    /// Numbers are probabilities: u8 in steps of 1/255 unless there is a scale; floats as they are
    #[arg(long)]
    probabilities: bool,
    /// Class ids of masks that are pictures (grey ones are ids as they are): voc, cityscapes, or a table id,r,g,b
    /// (.csv, .txt, .json)
    #[arg(long, value_name = "NAME|FILE")]
    colours: Option<String>,
    /// Which files of two folders belong together: names with {} for what they share, or a CSV of pairs [default: those of one
    /// name below their folders]
    #[arg(long, visible_alias = "pairs", value_name = "{}_a.png={}_b.png|FILE")]
    pair: Option<String>,
    /// Leave out files that cannot be read, and name them
    #[arg(long)]
    keep_going: bool,
    /// Only these images: from A to before B, or a list
    #[arg(long, value_name = "A..B|I,J,...")]
    frames: Option<Frames>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Dtype {
    F32,
    I8,
    U8,
    /// Masks: eight pixels a byte, lowest bit first, rows padded
    Bits,
}

/// The axes of an image.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Layout {
    Hw,
    Chw,
    Hwc,
}

impl Layout {
    pub(super) const fn order(self) -> Order {
        match self {
            Self::Hw => Order::Plane,
            Self::Chw => Order::Planar,
            Self::Hwc => Order::Interleaved,
        }
    }
}

/// Which images of a sequence.
#[derive(Clone, Debug)]
pub(super) enum Frames {
    Range(usize, usize),
    List(Vec<usize>),
}

impl FromStr for Frames {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| {
            text.parse::<usize>().map_err(|_| format!("found `{text}`, expected A..B or numbers with commas"))
        };
        match text.split_once("..") {
            Some((first, end)) => {
                let (first, end) = (number(first)?, number(end)?);
                if first < end { Ok(Self::Range(first, end)) } else { Err("A..B needs A < B".to_owned()) }
            }
            None => Ok(Self::List(text.split(',').map(number).collect::<Result<_, _>>()?)),
        }
    }
}

impl Frames {
    /// The numbers, none of which may be `count` or more.
    pub(super) fn indices(&self, count: usize) -> Result<Vec<usize>, String> {
        let last = match self {
            Self::Range(_, end) => end - 1,
            Self::List(list) => list.iter().copied().max().unwrap_or(0),
        };
        if last >= count {
            return Err(format!("found {count} images, but --frames asks for image {last}"));
        }
        Ok(match self {
            Self::Range(first, end) => (*first..*end).collect(),
            Self::List(list) => list.clone(),
        })
    }
}

impl Input {
    /// Opens images of one number per pixel, or with a layout of one for every class.
    pub(super) fn open(&self, path: &Path) -> Result<(Source, Vec<Slot>), Failure> {
        let order = self.layout.map_or(Order::Plane, Layout::order);
        let source = self.source(path, Some(order))?;
        let slots = self.slots(&source)?;
        Ok((source, slots))
    }

    /// Files that are read besides: tables, and what a list of pairs names.
    pub(super) fn files(&self) -> impl Iterator<Item = PathBuf> {
        let pairs = self.pair.as_deref().and_then(|pair| Pairs::new(pair).ok());
        let listed: Vec<PathBuf> = pairs.iter().flat_map(Pairs::listed).map(Path::to_owned).collect();
        self.colours.iter().chain(&self.pair).map(PathBuf::from).chain(listed)
    }

    /// Whether files that cannot be read are left out.
    pub(super) const fn keeps_going(&self) -> bool {
        self.keep_going
    }

    /// The first image, of those that can be read if the others are left out.
    pub(super) fn first(&self, source: &Source, slots: &[Slot]) -> Result<Image, Failure> {
        let mut images = slots.iter().map(|slot| source.image(slot.index));
        let first = images.next().unwrap_or_else(|| source.image(0));
        match first {
            Err(_) if self.keep_going => Ok(images.find_map(Result::ok).map_or(first, Ok)?),
            first => Ok(first?),
        }
    }

    /// Whether a mask of one number per pixel is what it is: no colours, no other axes.
    pub(super) const fn is_plain(&self) -> bool {
        self.colours.is_none() && matches!(self.layout, None | Some(Layout::Hw))
    }

    /// What the axes of an image are said to be.
    pub(super) fn order(&self) -> Option<Order> {
        self.layout.map(Layout::order)
    }

    /// Opens images; without an order their axes are guessed.
    pub(super) fn source(&self, path: &Path, order: Option<Order>) -> Result<Source, Failure> {
        Ok(Source::open(path, self.reading(path, order, false)?)?)
    }

    fn reading(&self, path: &Path, order: Option<Order>, exact: bool) -> Result<Reading, Failure> {
        let layout = self.bare(path)?;
        let colours = self.colours.as_deref().map(Colours::new).transpose()?;
        if let Some(table) = colours.as_ref().and_then(Colours::counted) {
            note(format_args!("{}: has no ids: colours are counted from 0, line by line", table.display()));
        }
        let pairs = self.pair.as_deref().map(Pairs::new).transpose()?;
        Ok(Reading { layout, order, exact, colours, pairs })
    }

    fn bare(&self, path: &Path) -> Result<Option<(Vec<usize>, bin::Type)>, Failure> {
        let layout = match (&self.shape, self.dtype) {
            (Some(shape), Some(dtype)) => Some((shape.clone(), dtype.kind())),
            (None, None) => None,
            _ => return Err(Failure::Input("--shape and --dtype go together".to_owned())),
        };
        let is_bin = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("bin"));
        if layout.is_some() && !is_bin && !path.is_dir() {
            return Err(Failure::Input(format!("{}: --shape and --dtype are for .bin", path.display())));
        }
        Ok(layout)
    }

    /// The same, `f64` as it is.
    pub(super) fn exact_source(&self, path: &Path, order: Option<Order>) -> Result<Source, Failure> {
        Ok(Source::open(path, self.reading(path, order, true)?)?)
    }

    /// The images that are meant.
    pub(super) fn slots(&self, source: &Source) -> Result<Vec<Slot>, Failure> {
        if self.pair.is_some() && source.path().is_dir() {
            let (path, taken, all) =
                (source.path(), source.len(), segmeter::files::images(source.path()).count());
            if taken < all {
                note(format_args!(
                    "{}: {taken} of {all} images take part: --pair names no others",
                    path.display()
                ));
            }
        }
        let indices = match &self.frames {
            Some(frames) => {
                let named = |line| Failure::Input(format!("{}: {line}", source.path().display()));
                frames.indices(source.len()).map_err(named)?
            }
            None => (0..source.len()).collect(),
        };
        if self.layout.is_none() && source.len() > 1 && !source.path().is_dir() {
            let shape = source.image(0)?.shape;
            if source.channels()? == (Order::Plane, 1) && shape.width() == 1 && shape.height() > 1 {
                let (path, images, height) = (source.path().display(), source.len(), shape.height());
                note(format_args!(
                    "{path}: was read as {images} images of {height}x1: of one image {images}x{height} say --layout hwc"
                ));
            }
        }
        Ok(indices.into_iter().enumerate().map(|(position, index)| Slot { index, position }).collect())
    }

    /// Whether some images of a sequence are meant.
    pub(super) const fn has_frames(&self) -> bool {
        self.frames.is_some()
    }

    /// Whether numbers are said to be probabilities.
    pub(super) const fn is_probability(&self) -> bool {
        self.probabilities
    }

    /// Whether 8-bit numbers are said to be probabilities in steps of 1/255.
    pub(super) const fn has_steps(&self) -> bool {
        self.probabilities && self.scale.is_none()
    }

    /// Whether codes are said to stand for something.
    pub(super) fn is_quantised(&self) -> bool {
        self.scale.is_some() || self.probabilities
    }

    /// What 8-bit numbers mean; `None` for `f32`.
    pub(super) fn quantiser(&self, elements: &Elements, path: &Path) -> Result<Option<Quantiser>, Failure> {
        let named = |line: String| Failure::Input(format!("{}: {line}", path.display()));
        let encoding = match elements {
            Elements::F32(_) | Elements::F64(_) if self.scale.is_some() => {
                let line = format!("found {}, expected 8 bits for --scale", elements.type_name());
                return Err(named(line + ": floats are what they stand for, leave it out"));
            }
            Elements::F32(_) | Elements::F64(_) => return Ok(None),
            Elements::U16(_) => {
                let line = "found numbers above 255, expected scores of 8 bits or floats: of 16 bits save what they stand for";
                return Err(named(format!("{line} as float32")));
            }
            Elements::I8(_) => Encoding::Signed,
            Elements::U8(_) => Encoding::Unsigned,
        };
        match (self.scale, self.zero_point, encoding) {
            (Some(_), Some(_), _) => self.affine(encoding, path).map(Some),
            (_, _, Encoding::Unsigned) if self.probabilities => Ok(Some(Quantiser::probabilities())),
            _ => Err(named(format!(
                "found {}, which needs --scale and --zero-point{}",
                elements.type_name(),
                if encoding == Encoding::Unsigned {
                    ", or --probabilities; of class ids there are no scores, only eval takes them"
                } else {
                    "; class ids of predictions are to be unsigned (uint8)"
                }
            ))),
        }
    }
}

impl Input {
    /// What codes of this scale and zero point mean.
    fn affine(&self, encoding: Encoding, path: &Path) -> Result<Quantiser, Failure> {
        let (scale, zero_point) = (self.scale.unwrap_or_default(), self.zero_point.unwrap_or_default());
        let zero_points = if encoding == Encoding::Signed { "-128..=127" } else { "0..=255" };
        let of = if self.probabilities { Quantiser::scaled_probabilities } else { Quantiser::logits };
        // As numbers are written: a step in f32 has no more digits.
        let [low, high] = codes::ends(encoding, scale, zero_point).map(|end| end as f32);
        let range =
            format!("{}: --scale and --zero-point make codes numbers from {low} to {high}", path.display());
        if !self.probabilities && low >= 0.0 && (0.9..1.1).contains(&high) {
            note(format_args!("{range}, which were taken as logits: of probabilities say --probabilities"));
        } else if self.probabilities && (low < -0.1 || high > 1.1) {
            note(format_args!(
                "{range}, of which those beyond 0 and 1 are cut: is the zero point right? Of logits leave --probabilities out"
            ));
        }
        of(encoding, scale, zero_point).map_err(|_| {
            Failure::Input(format!(
                "{}: found --scale {scale} --zero-point {zero_point}, expected a scale in (0, 1e6) and a zero point in \
                 {zero_points}",
                path.display()
            ))
        })
    }
}

impl Dtype {
    const fn kind(self) -> bin::Type {
        match self {
            Self::F32 => bin::Type::F32,
            Self::I8 => bin::Type::I8,
            Self::U8 => bin::Type::U8,
            Self::Bits => bin::Type::Bits,
        }
    }
}
