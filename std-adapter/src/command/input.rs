//! Arguments that say where images and labels are and how to read them.

use std::path::Path;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use segmeter::core::view::{Encoding, Quantiser};
use segmeter::files::{Elements, Order, Slot, Source, bin};

use super::Failure;

mod labels;

pub(super) use labels::{LabelInput, LabelReader};

/// How images are stored, and which are meant.
#[derive(Args)]
#[command(next_help_heading = "How images are read")]
pub(super) struct Input {
    /// Shape of a .bin
    #[arg(long, value_name = "N,H,W|H,W|...", value_delimiter = ',', num_args = 1)]
    shape: Option<Vec<usize>>,
    /// Type of a .bin
    #[arg(long, value_enum)]
    dtype: Option<Dtype>,
    /// 8-bit logits: logit = S * (code - Z); with --probabilities the probability, cut to [0, 1]
    #[arg(long, value_name = "S", requires = "zero_point", allow_negative_numbers = true)]
    scale: Option<f32>,
    /// The code of 0
    #[arg(long, value_name = "Z", requires = "scale", allow_negative_numbers = true)]
    zero_point: Option<i32>,
    /// Numbers are probabilities: u8 in steps of 1/255 unless there is a scale; f32 as they are (segmeter loss)
    #[arg(long)]
    probabilities: bool,
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
    /// Opens images of one number per pixel.
    pub(super) fn open(&self, path: &Path) -> Result<(Source, Vec<Slot>), Failure> {
        let source = self.source(path, Some(Order::Plane))?;
        let slots = self.slots(&source)?;
        Ok((source, slots))
    }

    /// Opens images; without an order their axes are guessed.
    pub(super) fn source(&self, path: &Path, order: Option<Order>) -> Result<Source, Failure> {
        let layout = self.layout(path)?;
        Ok(Source::open(path, layout, order)?)
    }

    fn layout(&self, path: &Path) -> Result<Option<(&[usize], bin::Type)>, Failure> {
        let layout = match (&self.shape, self.dtype) {
            (Some(shape), Some(dtype)) => Some((shape.as_slice(), dtype.kind())),
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
        let layout = self.layout(path)?;
        Ok(Source::open_exact(path, layout, order)?)
    }

    /// The images that are meant.
    pub(super) fn slots(&self, source: &Source) -> Result<Vec<Slot>, Failure> {
        let indices = match &self.frames {
            Some(frames) => {
                let named = |line| Failure::Input(format!("{}: {line}", source.path().display()));
                frames.indices(source.len()).map_err(named)?
            }
            None => (0..source.len()).collect(),
        };
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

    /// Whether codes are said to stand for something.
    pub(super) fn is_quantised(&self) -> bool {
        self.scale.is_some() || self.probabilities
    }

    /// What 8-bit numbers mean; `None` for `f32`.
    pub(super) fn quantiser(&self, elements: &Elements, path: &Path) -> Result<Option<Quantiser>, Failure> {
        let named = |line: String| Failure::Input(format!("{}: {line}", path.display()));
        let encoding = match elements {
            Elements::F32(_) | Elements::F64(_) if self.is_quantised() => {
                return Err(named("found f32, expected 8-bit with --scale or --probabilities".to_owned()));
            }
            Elements::F32(_) | Elements::F64(_) => return Ok(None),
            Elements::I8(_) => Encoding::Signed,
            Elements::U8(_) => Encoding::Unsigned,
        };
        match (self.scale, self.zero_point, encoding) {
            (Some(scale), Some(zero_point), _) => {
                let range = if encoding == Encoding::Signed { "-128..=127" } else { "0..=255" };
                let of = if self.probabilities { Quantiser::scaled_probabilities } else { Quantiser::logits };
                of(encoding, scale, zero_point).map(Some).map_err(|_| {
                    named(format!(
                        "found --scale {scale} --zero-point {zero_point}, expected a scale in (0, 1e6) and a zero \
                         point in {range}"
                    ))
                })
            }
            (_, _, Encoding::Unsigned) if self.probabilities => Ok(Some(Quantiser::probabilities())),
            _ => Err(named(format!(
                "found {}, which needs --scale and --zero-point{}",
                elements.type_name(),
                if encoding == Encoding::Unsigned { ", or --probabilities" } else { "" }
            ))),
        }
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
