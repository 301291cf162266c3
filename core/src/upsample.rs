//! Class ids at the size of the image from the coarse 8-bit scores of a network, row by row.
//!
//! Networks for microcontrollers give scores at a fraction of the image's size, 80 x 80 for 640 x 640. The mask is the class
//! with the highest of the interpolated scores, and it is exact here: interpolation by whole weights of whole codes needs no
//! fraction, and a scale and a zero point shared by all classes change no comparison.

use crate::error::{Error, Result};
use crate::view::{Encoding, MAX_CLASSES, Shape};

mod axis;
mod cell;
mod rows;
mod words;

use axis::Axis;
use cell::Mixed;
pub use rows::UpsampledRows;

/// The largest factor.
pub const MAX_FACTOR: usize = 16;

/// Where the pixels of the image lie among those of the network's output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Interpolation {
    /// Bilinear; pixels are squares whose corners lie on each other. PyTorch's `bilinear` with `align_corners=False`,
    /// TensorFlow Lite's `half_pixel_centers`.
    #[default]
    HalfPixel,
    /// Bilinear; the centres of the outermost pixels lie on each other: `align_corners=True`.
    AlignedCorners,
    /// Every score is that of a square of pixels: `nearest`.
    Nearest,
}

impl Interpolation {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::HalfPixel, Self::AlignedCorners, Self::Nearest];

    /// The name in commands.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::HalfPixel => "half_pixel",
            Self::AlignedCorners => "aligned_corners",
            Self::Nearest => "nearest",
        }
    }
}

/// How the scores of 2 to 32 classes become ids at `factor` times the height and the width.
///
/// Of equal interpolated scores the class with the lowest id wins. The ids are those of PyTorch's `interpolate` and `argmax`,
/// but where rounding makes a tie of scores that differ, or parts some that are equal.
///
/// One row of scores in, up to `1.5 factor` rows of ids out; kept are two rows of scores. Most of an image costs
/// nothing but the writing of its ids: where one class wins at the four corners of a cell it wins everywhere between them;
/// elsewhere only classes are compared that can win there. With its [`Confusion`](crate::metric::Confusion), a street of 19
/// classes of 80 x 80 enlarged 8 times takes 15 instructions per pixel of the image on a Cortex-M4F, 10 of them for the ids.
///
/// | scratch bytes, `W` coarse pixels a row | 80 x 19, factor 8 | 40 x 4, factor 4 |
/// |---|---|---|
/// | `(2 C' + 14 + factor) W`, `C'` the next multiple of 4 | 4960 | 1040 |
///
/// ```
/// use segmeter_core::metric::Confusion;
/// use segmeter_core::upsample::{Interpolation, Upsampling};
/// use segmeter_core::view::{Encoding, Shape};
/// let upsampling = Upsampling::new(Shape::new(1, 2)?, 3, 4, Interpolation::HalfPixel)?;
/// let mut scratch = [0; 52];
/// let mut rows = upsampling.rows(Encoding::Signed, &mut scratch)?;
/// // Two pixels of three classes: sky, road, tree.
/// rows.push_interleaved(&[10i8, -20, -30, -5, 40, -30])?;
/// let mut confusion = Confusion::<3>::new(255);
/// while let Some(ids) = rows.next_row() {
///     assert_eq!(ids, [0, 0, 0, 0, 1, 1, 1, 1]);
///     confusion.push_row(ids, &[0, 0, 0, 1, 1, 1, 1, 1])?;
/// }
/// assert_eq!(confusion.class(1).iou().value(), Some(0.8));
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upsampling {
    shape: Shape,
    classes: usize,
    factor: usize,
    interpolation: Interpolation,
}

impl Upsampling {
    /// From scores of this shape.
    ///
    /// # Errors
    /// [`Error::Classes`] unless there are 2 to [`MAX_CLASSES`] classes, [`Error::Parameter`] unless the factor is 1 to
    /// [`MAX_FACTOR`] and the sides of the image are at most 65535, [`Error::Unsupported`] if with aligned corners it has more
    /// than 2^23 pixels: an interpolated score would not fit 32 bits.
    pub const fn new(
        shape: Shape,
        classes: usize,
        factor: usize,
        interpolation: Interpolation,
    ) -> Result<Self> {
        if classes < 2 || classes > MAX_CLASSES {
            return Err(Error::Classes { room: MAX_CLASSES });
        }
        if factor == 0 || factor > MAX_FACTOR {
            return Err(Error::Parameter("factor"));
        }
        let side = u16::MAX as usize / factor;
        if shape.height() > side || shape.width() > side {
            return Err(Error::Parameter("factor"));
        }
        let aligned = matches!(interpolation, Interpolation::AlignedCorners);
        if aligned && shape.pixels() * factor * factor > 1 << 23 {
            return Err(Error::Unsupported("with aligned corners an image has at most 2^23 pixels"));
        }
        Ok(Self { shape, classes, factor, interpolation })
    }

    /// The shape of the scores.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        self.shape
    }
    /// The number of classes.
    #[must_use]
    pub const fn classes(&self) -> usize {
        self.classes
    }
    /// Rows of the image.
    #[must_use]
    pub const fn height(&self) -> usize {
        self.shape.height() * self.factor
    }
    /// Pixels of a row of the image.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.shape.width() * self.factor
    }

    /// Rows of the image that the first `taken` rows of scores say the ids of.
    #[must_use]
    pub const fn ready(&self, taken: usize) -> usize {
        if taken >= self.shape.height() {
            return self.height();
        }
        match self.interpolation {
            Interpolation::Nearest => taken * self.factor,
            _ if taken < 2 => 0,
            _ => Axis::new(self.shape.height(), self.factor, self.interpolation).end(taken - 2),
        }
    }

    /// Numbers kept of a pixel: whole words.
    const fn stride(&self) -> usize {
        self.classes.next_multiple_of(4)
    }

    /// Bytes for [`Upsampling::rows`].
    #[must_use]
    pub const fn scratch_len(&self) -> usize {
        self.shape.width() * (2 * self.stride() + 2 + size_of::<Mixed>() + self.factor)
    }

    /// Takes the rows of a frame of scores, from the top. `encoding` is that of the codes.
    ///
    /// # Errors
    /// [`Error::Scratch`] if there is less than [`Upsampling::scratch_len`].
    pub fn rows<'a>(&self, encoding: Encoding, scratch: &'a mut [u8]) -> Result<UpsampledRows<'a>> {
        let need = self.scratch_len();
        scratch.get_mut(..need).ok_or(Error::Scratch { need })?.fill(0);
        self.resume(encoding, scratch, Progress::default())
    }

    /// Goes on with a frame whose last [`UpsampledRows::progress`] this was, in the same scratch: for whoever keeps both between
    /// two rows and can lend neither.
    ///
    /// # Errors
    /// As [`Upsampling::rows`].
    pub fn resume<'a>(
        &self,
        encoding: Encoding,
        scratch: &'a mut [u8],
        progress: Progress,
    ) -> Result<UpsampledRows<'a>> {
        let need = self.scratch_len();
        let width = self.shape.width();
        let scores = width * self.stride();
        let scratch = scratch.get_mut(..need).ok_or(Error::Scratch { need })?;
        let (first, rest) = scratch.split_at_mut_checked(scores).unwrap_or_default();
        let (second, rest) = rest.split_at_mut_checked(scores).unwrap_or_default();
        let (first_winners, rest) = rest.split_at_mut_checked(width).unwrap_or_default();
        let (second_winners, rest) = rest.split_at_mut_checked(width).unwrap_or_default();
        let (ids, mixed) = rest.split_at_mut_checked(width * self.factor).unwrap_or_default();
        let (words, _) = mixed.as_chunks_mut();
        let (mixed, _) = words.as_chunks_mut();
        let axis = |length| Axis::new(length, self.factor, self.interpolation);
        // The last row lies where the last but one lay before.
        let turned = progress.taken % 2 == 1;
        Ok(UpsampledRows {
            upsampling: *self,
            flip: if encoding == Encoding::Signed { 0x80 } else { 0 },
            vertical: axis(self.shape.height()),
            horizontal: axis(width),
            scores: if turned { [second, first] } else { [first, second] },
            winners: if turned { [second_winners, first_winners] } else { [first_winners, second_winners] },
            mixed,
            ids,
            progress,
        })
    }
}

/// How far a frame has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Progress {
    /// Rows of scores that were taken.
    taken: usize,
    /// The row of the image that comes next.
    next: usize,
    /// Cells between the last two rows of scores that several classes win parts of.
    mixed_cells: usize,
}

impl Progress {
    /// Rows of scores that were taken.
    #[must_use]
    pub const fn taken(&self) -> usize {
        self.taken
    }
    /// Rows of ids that were given.
    #[must_use]
    pub const fn given(&self) -> usize {
        self.next
    }
}

#[cfg(test)]
mod tests;
