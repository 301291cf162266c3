//! Arguments that say where images and labels are and how to read them.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{Args, ValueEnum};
use segmeter::core::view::{Encoding, IGNORE, Quantiser, Shape};
use segmeter::files::{Elements, Masks, Slot, Source, bin};

use super::Failure;

/// How images are stored, and which are meant.
#[derive(Args)]
#[command(next_help_heading = "How images are read")]
pub(super) struct Input {
    /// Shape of a .bin
    #[arg(long, value_name = "N,H,W|H,W", value_delimiter = ',', num_args = 1)]
    shape: Option<Vec<usize>>,
    /// Type of a .bin
    #[arg(long, value_enum)]
    dtype: Option<Dtype>,
    /// 8-bit logits: logit = S * (code - Z)
    #[arg(long, value_name = "S", requires = "zero_point", allow_negative_numbers = true)]
    scale: Option<f32>,
    /// The code of logit 0
    #[arg(long, value_name = "Z", requires = "scale", allow_negative_numbers = true)]
    zero_point: Option<i32>,
    /// u8 is probability * 255
    #[arg(long, conflicts_with = "scale")]
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
    /// Opens images.
    pub(super) fn open(&self, path: &Path) -> Result<(Source, Vec<Slot>), Failure> {
        let layout = match (&self.shape, self.dtype) {
            (Some(shape), Some(dtype)) => Some((shape.as_slice(), dtype.kind())),
            (None, None) => None,
            _ => return Err(Failure::Input("--shape and --dtype go together".to_owned())),
        };
        let is_bin = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("bin"));
        if layout.is_some() && !is_bin && !path.is_dir() {
            return Err(Failure::Input(format!("{}: --shape and --dtype are for .bin", path.display())));
        }
        let source = Source::open(path, layout)?;
        let indices = match &self.frames {
            Some(frames) => {
                let named = |line| Failure::Input(format!("{}: {line}", path.display()));
                frames.indices(source.len()).map_err(named)?
            }
            None => (0..source.len()).collect(),
        };
        let slots = indices.into_iter().enumerate().map(|(position, index)| Slot { index, position });
        Ok((source, slots.collect()))
    }

    /// Whether codes are said to stand for something.
    pub(super) fn is_quantised(&self) -> bool {
        self.scale.is_some() || self.probabilities
    }

    /// What 8-bit numbers mean; `None` for `f32`.
    pub(super) fn quantiser(&self, elements: &Elements, path: &Path) -> Result<Option<Quantiser>, Failure> {
        let named = |line: String| Failure::Input(format!("{}: {line}", path.display()));
        let encoding = match elements {
            Elements::F32(_) if self.is_quantised() => {
                return Err(named("found f32, expected 8-bit with --scale or --probabilities".to_owned()));
            }
            Elements::F32(_) => return Ok(None),
            Elements::I8(_) => Encoding::Signed,
            Elements::U8(_) => Encoding::Unsigned,
        };
        match (self.scale, self.zero_point, encoding) {
            (Some(scale), Some(zero_point), _) => {
                let range = if encoding == Encoding::Signed { "-128..=127" } else { "0..=255" };
                Quantiser::logits(encoding, scale, zero_point).map(Some).map_err(|_| {
                    named(format!(
                        "found --scale {scale} --zero-point {zero_point}, expected a scale in (0, 1e6) and a zero \
                         point in {range}"
                    ))
                })
            }
            (_, _, Encoding::Unsigned) if self.probabilities => Ok(Some(Quantiser::probabilities())),
            _ => Err(named(format!(
                "found {}, which needs --scale and --zero-point, or for u8 --probabilities",
                elements.type_name()
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

/// How labels are read.
#[derive(Args)]
#[command(next_help_heading = "How labels are read")]
pub(super) struct LabelInput {
    /// Label id of pixels that are not scored
    #[arg(long, value_name = "ID", default_value_t = IGNORE)]
    pub(super) ignore: u8,
    /// Masks of scored pixels: 0 is ignored, like the ignore id
    #[arg(long, value_name = "FILE")]
    valid: Option<PathBuf>,
    /// Binary labels from class ids: this one is foreground, the others background
    #[arg(long, value_name = "ID")]
    foreground: Option<u8>,
}

/// Labels of the images of a source.
pub(super) struct LabelReader {
    masks: Masks,
    valid: Option<Masks>,
    ignore: u8,
    foreground: Option<u8>,
}

impl LabelInput {
    /// Opens labels.
    pub(super) fn open(&self, path: &Path, source: &Source, selected: usize) -> Result<LabelReader, Failure> {
        if self.foreground == Some(self.ignore) {
            let line =
                format!("--foreground {0} is the ignore id: say --ignore with another id", self.ignore);
            return Err(Failure::Input(line));
        }
        let valid = self.valid.as_ref().map(|valid| Masks::open(valid, source, selected)).transpose()?;
        let masks = Masks::open(path, source, selected)?;
        Ok(LabelReader { masks, valid, ignore: self.ignore, foreground: self.foreground })
    }
}

impl LabelReader {
    /// The id of ignored pixels in what [`LabelReader::ids`] returns.
    pub(super) fn ignore(&self) -> u8 {
        if self.foreground.is_some() { IGNORE } else { self.ignore }
    }

    /// Where the labels are.
    pub(super) fn path(&self) -> &Path {
        self.masks.path()
    }

    /// Whether this image has labels.
    pub(super) fn has(&self, source: &Source, slot: Slot) -> bool {
        self.masks.has(source, slot)
    }

    /// The labels of an image.
    pub(super) fn ids(&self, source: &Source, slot: Slot, shape: Shape) -> Result<Vec<u8>, Failure> {
        let mut ids = self.masks.ids(source, slot, shape)?;
        if let Some(foreground) = self.foreground {
            for id in &mut ids {
                *id = if *id == self.ignore { IGNORE } else { u8::from(*id == foreground) };
            }
        }
        if let Some(valid) = &self.valid {
            for (id, valid) in ids.iter_mut().zip(valid.ids(source, slot, shape)?) {
                if valid == 0 {
                    *id = self.ignore();
                }
            }
        }
        Ok(ids)
    }

    /// Masks of 0 and 255 are common, and 255 means "ignore" unless told otherwise.
    pub(super) fn note_if_all_ignored(&self, foreground: u64, ignored: u64) {
        if foreground != 0 || ignored == 0 {
            return;
        }
        let (path, ignore) = (self.path().display(), self.ignore);
        let _ = writeln!(
            std::io::stderr(),
            "segmeter: note: {path}: no pixel is labelled foreground and {ignored} are ignored; if {ignore} means \
             foreground, say --foreground {ignore} --ignore {}",
            if ignore == 2 { 3 } else { ignore.wrapping_sub(1) }
        );
    }

    /// Whether class ids are turned into binary labels.
    pub(super) const fn is_mapped(&self) -> bool {
        self.foreground.is_some()
    }

    /// A core error about labels, in terms of the file.
    pub(super) fn explain(&self, error: segmeter::core::Error, image: &str, expected: &str) -> Failure {
        use segmeter::core::Error;
        let path = self.path().display();
        Failure::Input(match error {
            Error::ClassId { found, pixel } => format!(
                "{path}: found class id {found} at pixel {pixel} of image {image}, expected {expected} or the ignore \
                 id {}",
                self.ignore()
            ),
            Error::Parameter("ignore") => {
                format!("--ignore {} is a class of binary labels, expected 2 to 255", self.ignore)
            }
            other => format!("{path}: image {image}: {other}"),
        })
    }
}
