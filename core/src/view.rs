//! Borrowed, checked views of a frame. Lengths, ids and weights are checked here, once; what takes a view
//! cannot fail on them any more.

use crate::error::{Error, Result};

mod frame;
mod quantised;

pub use frame::{Activation, Frame, Layout, MAX_CLASSES};
pub(crate) use frame::{Target, check_shares};
pub use quantised::{Code, Encoding, Quantised, Quantiser};

/// The id that labels use for "do not score this pixel" unless another is given.
pub const IGNORE: u8 = 255;

/// Height and width of a frame, row-major; at least 1x1, fewer than 2^32 pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Shape {
    height: u32,
    width: u32,
}

impl Shape {
    /// Checks the two sides.
    ///
    /// # Errors
    /// [`Error::Shape`] if a side is zero or the frame has more than `u32::MAX` pixels.
    pub const fn new(height: u32, width: u32) -> Result<Self> {
        let pixels = height as u64 * width as u64;
        if pixels == 0 || pixels > u32::MAX as u64 { Err(Error::Shape) } else { Ok(Self { height, width }) }
    }
    /// Rows.
    #[must_use]
    pub const fn height(self) -> usize {
        self.height as usize
    }
    /// Pixels of a row.
    #[must_use]
    pub const fn width(self) -> usize {
        self.width as usize
    }
    /// Pixels of the frame.
    #[must_use]
    pub const fn pixels(self) -> usize {
        self.height as usize * self.width as usize
    }
    /// Bytes of a bit-packed row: eight pixels a byte, each row starting a new byte.
    #[must_use]
    pub const fn packed_width(self) -> usize {
        (self.width as usize).div_ceil(8)
    }

    pub(crate) const fn check(self, found: usize) -> Result<()> {
        let expected = self.pixels();
        if expected == found { Ok(()) } else { Err(Error::Length { expected, found }) }
    }
}

/// Binary labels: 0 background, 1 foreground, and one id for pixels that are not scored.
///
/// The counts of both sides are taken on the way.
#[derive(Clone, Copy, Debug)]
pub struct Labels<'a> {
    shape: Shape,
    ids: &'a [u8],
    background: u32,
    foreground: u32,
}

impl<'a> Labels<'a> {
    /// Checks every id. One pass.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::ClassId`] with the first pixel that is neither 0, 1 nor `ignore`, and
    /// [`Error::Parameter`] if `ignore` is 0 or 1.
    pub fn new(shape: Shape, ids: &'a [u8], ignore: u8) -> Result<Self> {
        shape.check(ids.len())?;
        if ignore < 2 {
            return Err(Error::Parameter("ignore"));
        }
        let (mut counts, mut foreign) = ([0u32; 2], 0u32);
        // Bytes are counted 255 at a time in a `u8`, which is what makes this loop vector code.
        for part in ids.chunks(255) {
            let [mut background, mut foreground, mut ignored] = [0u8; 3];
            for id in part {
                background += u8::from(*id == 0);
                foreground += u8::from(*id == 1);
                ignored += u8::from(*id == ignore);
            }
            counts = [counts[0] + u32::from(background), counts[1] + u32::from(foreground)];
            foreign += part.len() as u32 - u32::from(background) - u32::from(foreground) - u32::from(ignored);
        }
        let wrong = |id: &u8| *id > 1 && *id != ignore;
        if foreign != 0
            && let Some((pixel, found)) = ids.iter().enumerate().find(|(_, id)| wrong(id))
        {
            return Err(Error::ClassId { found: *found, pixel });
        }
        let [background, foreground] = counts;
        Ok(Self { shape, ids, background, foreground })
    }

    /// The shape of the frame.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        self.shape
    }
    /// Every id, row-major: 0, 1, or something else for an ignored pixel.
    #[must_use]
    pub const fn ids(&self) -> &'a [u8] {
        self.ids
    }
    /// Pixels labelled foreground.
    #[must_use]
    pub const fn foreground(&self) -> u32 {
        self.foreground
    }
    /// Pixels labelled background.
    #[must_use]
    pub const fn background(&self) -> u32 {
        self.background
    }
    /// Pixels that are scored.
    #[must_use]
    pub const fn valid(&self) -> u32 {
        self.background + self.foreground
    }
}

/// Pixel weights: 0, or from 1e-32 to 1e32, so that what they multiply stays a number with all its digits. They multiply
/// a pixel's part in every sum; in means only their ratios count.
#[derive(Clone, Copy, Debug)]
pub struct Weights<'a> {
    values: &'a [f32],
}

impl<'a> Weights<'a> {
    /// The smallest weight that is not 0.
    pub const LEAST: f32 = 1e-32;
    /// The largest weight.
    pub const MOST: f32 = 1e32;

    /// Checks every weight. One pass.
    ///
    /// # Errors
    /// [`Error::Length`], or [`Error::Weight`] with the first bad pixel.
    pub fn new(shape: Shape, values: &'a [f32]) -> Result<Self> {
        shape.check(values.len())?;
        // Written so that NaN fails as well.
        let good = |w: &f32| *w == 0.0 || (*w >= Self::LEAST && *w <= Self::MOST);
        match values.iter().position(|w| !good(w)) {
            Some(pixel) => Err(Error::Weight { pixel }),
            None => Ok(Self { values }),
        }
    }
    /// Every weight, row-major.
    #[must_use]
    pub const fn values(&self) -> &'a [f32] {
        self.values
    }
}

/// A bit-packed mask: pixel `x` of a row is bit `x % 8` of byte `x / 8`, lowest bit first; every row starts a
/// new byte, and bits past the width are ignored.
#[derive(Clone, Copy, Debug)]
pub struct Mask<'a> {
    shape: Shape,
    bytes: &'a [u8],
}

impl<'a> Mask<'a> {
    /// Checks the length.
    ///
    /// # Errors
    /// [`Error::Length`], counted in bytes.
    pub fn new(shape: Shape, bytes: &'a [u8]) -> Result<Self> {
        let expected = shape.packed_width() * shape.height();
        let found = bytes.len();
        if expected == found { Ok(Self { shape, bytes }) } else { Err(Error::Length { expected, found }) }
    }
    /// The shape of the frame.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        self.shape
    }
    /// The rows, each as the bits of its pixels.
    pub fn rows(&self) -> impl Iterator<Item = impl Iterator<Item = bool> + 'a> + 'a {
        let width = self.shape.width();
        // A shape is at least one pixel wide; `max` says so to the compiler.
        self.bytes.chunks(self.shape.packed_width().max(1)).map(move |row| bits(row).take(width))
    }
}

/// The bits of a packed row, lowest bit first.
pub fn bits(packed: &[u8]) -> impl Iterator<Item = bool> + '_ {
    packed.iter().flat_map(|byte| (0..8).map(move |bit| (byte >> bit) & 1 == 1))
}
