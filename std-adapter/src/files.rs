//! Files: logits, masks and profiles, read from bytes that nobody vouches for.
//!
//! Every reader takes the bytes of a file, checks each size against the bytes that are there before it allocates,
//! and answers a malformed file with one line: what was found, what was expected, what to do.
//!
//! | module | reads |
//! |---|---|
//! | [`npy`] | NumPy arrays of floats, whole numbers and `bool`; `.npz` of one of them |
//! | [`png`], [`raster`] | masks: grey or palette PNG, BMP, TIFF, or pictures by [`Colours`] |
//! | [`bin`] | bare numbers and packed bits |
//! | [`profile`] | what a drift monitor must know |
//! | [`partial`] | what an evaluation of some images found |
//! | [`Source`], [`Masks`] | a file or a directory of these as a sequence of images |

use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

pub mod bin;
mod data_sets;
mod folder;
mod ids;
mod masks;
pub mod npy;
pub mod npz;
mod order;
pub mod partial;
mod partners;
pub mod png;
pub mod profile;
pub mod raster;
mod source;
mod spare;
mod table;

pub use crate::catalogue::batch::transposed;
pub use data_sets::names_of;
pub use folder::{Pairs, Pattern, images};
pub use ids::{Colours, IdMap};
pub use masks::{MaskOrder, Masks, Slot};
pub use order::Order;
pub use source::{Image, Reading, Source};
pub use spare::give_back;

/// Why a file was refused: one line that names what was found, what was expected, and the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    line: String,
}

/// What the readers return.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error with this text; line breaks (of other libraries' messages) become spaces.
    pub fn new(text: impl fmt::Display) -> Self {
        let text = text.to_string();
        Self { line: text.split_whitespace().collect::<Vec<_>>().join(" ") }
    }

    /// The same error with the name of its file in front.
    #[must_use]
    pub fn at(self, path: &Path) -> Self {
        Self::new(format_args!("{}: {}", path.display(), self.line))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

impl std::error::Error for Error {}

/// The numbers of a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Elements {
    /// Logits or weights.
    F32(Vec<f32>),
    /// Logits as they are stored, where they were asked for as that.
    F64(Vec<f64>),
    /// 8-bit logits.
    I8(Vec<i8>),
    /// Class ids, 8-bit logits or probabilities.
    U8(Vec<u8>),
    /// Class ids, some above 255.
    U16(Vec<u16>),
}

impl Elements {
    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
            Self::I8(values) => values.len(),
            Self::U8(values) => values.len(),
            Self::U16(values) => values.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The name of the type.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::F32(_) => "f32",
            Self::F64(_) => "f64",
            Self::I8(_) => "i8",
            Self::U8(_) => "u8",
            Self::U16(_) => "u16",
        }
    }

    /// Codes of 8 bits as they are stored, signed or not; `None` of other types.
    #[must_use]
    pub fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::I8(codes) => Some(codes.iter().map(|code| code.cast_unsigned()).collect()),
            Self::U8(codes) => Some(codes.clone()),
            _ => None,
        }
    }

    /// A copy of a part; empty where the range is not inside.
    #[must_use]
    pub fn part(&self, range: std::ops::Range<usize>) -> Self {
        match self {
            Self::F32(values) => Self::F32(values.get(range).unwrap_or_default().to_vec()),
            Self::F64(values) => Self::F64(values.get(range).unwrap_or_default().to_vec()),
            Self::I8(values) => Self::I8(values.get(range).unwrap_or_default().to_vec()),
            Self::U8(values) => Self::U8(values.get(range).unwrap_or_default().to_vec()),
            Self::U16(values) => Self::U16(values.get(range).unwrap_or_default().to_vec()),
        }
    }

    /// Adds more of the same type.
    ///
    /// # Errors
    /// If the type is another one.
    pub fn append(&mut self, more: Self) -> Result<()> {
        match (self, more) {
            (Self::F32(all), Self::F32(more)) => all.extend(more),
            (Self::F64(all), Self::F64(more)) => all.extend(more),
            (Self::I8(all), Self::I8(more)) => all.extend(more),
            (Self::U8(all), Self::U8(more)) => all.extend(more),
            (Self::U16(all), Self::U16(more)) => all.extend(more),
            (all, more) => {
                let (all, more) = (all.type_name(), more.type_name());
                return Err(Error::new(format_args!("found {all} and {more}, expected one type")));
            }
        }
        Ok(())
    }

    /// The same, `f64` rounded to `f32`.
    ///
    /// # Errors
    /// If a number is out of its range.
    pub fn narrow(self) -> Result<Self> {
        let Self::F64(wide) = self else { return Ok(self) };
        let rounded: Vec<f32> = wide.iter().map(|x| *x as f32).collect();
        let lost = |(wide, narrow): &(&f64, &f32)| wide.is_finite() && !narrow.is_finite();
        match wide.iter().zip(&rounded).find(lost) {
            Some((wide, _)) => {
                Err(Error::new(format_args!("found {wide:e}, which is out of the range of f32")))
            }
            None => Ok(Self::F32(rounded)),
        }
    }

    /// Class ids.
    ///
    /// # Errors
    /// If they are floats, or below 0.
    pub fn into_ids(self) -> Result<Vec<u16>> {
        match self {
            Self::U8(ids) => Ok(ids.into_iter().map(u16::from).collect()),
            Self::U16(ids) => Ok(ids),
            Self::I8(ids) => ids
                .into_iter()
                .map(|id| {
                    let line = format!("found class id {id}, expected ids from 0 on: save them as uint8");
                    u16::try_from(id).map_err(|_| Error::new(line))
                })
                .collect(),
            Self::F32(_) | Self::F64(_) => {
                let line = "expected class ids or bool: save ids as uint8, and shares as array > 0.5";
                Err(Error::new(format_args!("found floats, {line}")))
            }
        }
    }

    /// The same, the numbers of a channel side by side rather than those of a pixel.
    #[must_use]
    pub fn planar(&self, channels: usize) -> Self {
        let pixels = self.len().checked_div(channels).unwrap_or(0);
        match self {
            Self::F32(values) => Self::F32(transposed(values, pixels, channels, 1)),
            Self::F64(values) => Self::F64(transposed(values, pixels, channels, 1)),
            Self::I8(values) => Self::I8(transposed(values, pixels, channels, 1)),
            Self::U8(values) => Self::U8(transposed(values, pixels, channels, 1)),
            Self::U16(values) => Self::U16(transposed(values, pixels, channels, 1)),
        }
    }
}

/// The numbers of a file and their axes, outermost first; their product is the number of elements.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Length of each axis.
    pub shape: Vec<usize>,
    /// Row-major.
    pub elements: Elements,
}

/// Axes as people write them: `(4,120,160)`.
pub(crate) fn axes(shape: &[usize]) -> String {
    format!("({})", shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
}

/// The product of the axes; `None` if it has no place in memory at all.
fn volume(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1usize, |product, axis| product.checked_mul(*axis))
}

/// What to do where names of two folders differ.
pub const OTHER_NAMES: &str = "other names need --pair '{}_a.png={}_b.png', or a CSV of pairs";

/// The most pixels of an image whose file does not grow with them, until [`limit_pixels`] says another number.
pub const MOST_PIXELS: u64 = 1 << 26;

static PIXELS: AtomicU64 = AtomicU64::new(MOST_PIXELS);

/// Sets the most pixels of a compressed image, for all readers of this process. A small file may claim more pixels than
/// there is memory: that is refused before anything is decoded.
pub fn limit_pixels(most: u64) {
    PIXELS.store(most, Ordering::Relaxed);
}

/// Refuses an image of more pixels than [`limit_pixels`] allows.
pub(crate) fn check_pixels(height: usize, width: usize) -> Result<()> {
    let (most, found) = (PIXELS.load(Ordering::Relaxed), (height as u64).saturating_mul(width as u64));
    if found <= most {
        return Ok(());
    }
    Err(Error::new(format_args!(
        "found {height}x{width} pixels, expected at most {most}: if that is meant, say --max-pixels {found}"
    )))
}

/// The bytes of a regular file.
///
/// # Errors
/// If it cannot be read, or is not a regular file: a device or a pipe may never end.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    let read = || -> io::Result<Option<Vec<u8>>> {
        let Some(mut file) = open(path)? else { return Ok(None) };
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX))?;
        file.read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    };
    match read() {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => {
            let line =
                "found a directory, device or pipe, expected a regular file: save what it gives as one";
            Err(Error::new(line).at(path))
        }
        Err(e) => Err(Error::new(e).at(path)),
    }
}

/// Opens a regular file; `None` if it is something else. A pipe that nobody writes to is not waited for.
fn open(path: &Path) -> io::Result<Option<fs::File>> {
    let mut options = fs::OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        (rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY).bits().cast_signed(),
    );
    let file = options.open(path)?;
    Ok(file.metadata()?.is_file().then_some(file))
}

/// Height and width of a PNG by its header; `None` if it has none, which its reader then explains.
fn png_size(path: &Path) -> Option<(usize, usize)> {
    const HEADER: u64 = 33;
    let mut header = Vec::new();
    let is_png = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png"));
    open(path).ok().flatten().filter(|_| is_png)?.take(HEADER).read_to_end(&mut header).ok()?;
    png::size(&header)
}

/// Refuses a mask of another size than its image before either is decoded, where both are PNG files.
///
/// # Errors
/// If their headers say so.
pub fn check_sizes(image: &Path, mask: &Path) -> Result<()> {
    match (png_size(image), png_size(mask)) {
        (Some(expected), Some(found)) if expected != found => {
            Err(other_size(found, expected, image).at(mask))
        }
        _ => Ok(()),
    }
}

/// A mask and the image that it belongs to differ.
fn other_size(found: (usize, usize), expected: (usize, usize), image: &Path) -> Error {
    let image = image.display();
    let ((height, width), (rows, columns)) = (found, expected);
    Error::new(format_args!("found {height}x{width} pixels, expected {rows}x{columns} as in {image}"))
}
