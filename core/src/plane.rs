//! Planes: what losses and metrics of shape make of a mask, on buffers of the caller.
//!
//! | module | makes | scratch words |
//! |---|---|---|
//! | [`components`] | the number of the component of every pixel | none |
//! | [`distance`] | the exact squared Euclidean distance of every pixel to a set of pixels | 2 per column |
//! | [`edge`] | the pixels of a class beside another class | none |
//! | [`Contour`] | what counts as the contour of a mask, and at the image's frame | 9 rows of bits |
//! | [`skeleton`] | the skeleton of a mask, and its dilation | 2 bits per 32 pixels, 4 bits per row |
//! | [`topology`] | the number of components and holes, row by row | 2 per column, 2 rows of bits |

use crate::error::{Error, Result};
use crate::view::Shape;

pub mod components;
pub(crate) mod contour;
pub mod distance;
pub mod edge;
pub(crate) mod nearest;
pub(crate) mod row;
pub mod skeleton;
pub mod topology;

pub use contour::{Contour, Edge};
pub(crate) use contour::{Side, Window, kind};
pub(crate) use distance::Weights;
use row::last_mask;
pub use row::{Row, pack_codes};

/// A mask of one bit per pixel in words of the caller: pixel `x` of a row is bit `x % 32` of word `x / 32`,
/// every row starts a new word, and the bits past the width are zero.
///
/// ```
/// use segmeter_core::{plane::Bits, view::Shape};
/// let shape = Shape::new(2, 33)?;
/// let mut words = vec![0; Bits::words(shape)];
/// let bits = Bits::new(shape, &mut words, |pixel| pixel % 3 == 2)?;
/// assert!(bits.get(0, 2) && bits.get(0, 32) && bits.get(1, 2));
/// assert_eq!(bits.count(), 22);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Bits<'a> {
    shape: Shape,
    words: &'a mut [u32],
}

impl<'a> Bits<'a> {
    /// Words that a mask of this shape needs.
    #[must_use]
    pub const fn words(shape: Shape) -> usize {
        row_words(shape).saturating_mul(shape.height())
    }

    /// The mask of the pixels for which `set` holds. One pass.
    ///
    /// # Errors
    /// [`Error::Scratch`] if there are fewer words than [`Bits::words`].
    pub fn new(shape: Shape, words: &'a mut [u32], set: impl Fn(usize) -> bool) -> Result<Self> {
        let need = Self::words(shape);
        let words = words.get_mut(..need).ok_or(Error::Scratch { need })?;
        let width = shape.width();
        for (row, line) in words.chunks_mut(row_words(shape)).enumerate() {
            let first = row * width;
            for (start, word) in (first..first + width).step_by(32).zip(line) {
                let end = (first + width).min(start.saturating_add(32));
                *word =
                    (start..end).zip(0..).fold(0, |word, (pixel, bit)| word | u32::from(set(pixel)) << bit);
            }
        }
        Ok(Self { shape, words })
    }

    /// The mask of the pixels that hold `id`, four at a time. One pass.
    ///
    /// ```
    /// use segmeter_core::{plane::Bits, view::Shape};
    /// let (shape, mut words) = (Shape::new(2, 3)?, [0; 2]);
    /// let bits = Bits::of_ids(shape, &mut words, &[0, 7, 7, 1, 7, 255], 7)?;
    /// assert_eq!((bits.row(0), bits.row(1)), (&[0b110][..], &[0b010][..]));
    /// # Ok::<(), segmeter_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Length`] if there is not one id per pixel, [`Error::Scratch`] if there are fewer words than [`Bits::words`].
    pub fn of_ids(shape: Shape, words: &'a mut [u32], ids: &[u8], id: u8) -> Result<Self> {
        shape.check(ids.len())?;
        let need = Self::words(shape);
        let words = words.get_mut(..need).ok_or(Error::Scratch { need })?;
        for (ids, line) in ids.chunks(shape.width().max(1)).zip(words.chunks_mut(row_words(shape))) {
            row::equal(ids, id, line);
        }
        Ok(Self { shape, words })
    }

    /// The mask of words that are packed already; bits past the width are cleared.
    ///
    /// # Errors
    /// [`Error::Scratch`] if there are fewer words than [`Bits::words`].
    pub fn of_words(shape: Shape, words: &'a mut [u32]) -> Result<Self> {
        let need = Self::words(shape);
        let words = words.get_mut(..need).ok_or(Error::Scratch { need })?;
        for last in words.chunks_mut(row_words(shape)).filter_map(<[u32]>::last_mut) {
            *last &= last_mask(shape.width());
        }
        Ok(Self { shape, words })
    }

    /// The shape of the mask.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        self.shape
    }
    /// Whether a pixel is set; outside the frame none is.
    #[must_use]
    pub fn get(&self, row: usize, column: usize) -> bool {
        column < self.shape.width()
            && self.row(row).get(column / 32).is_some_and(|word| word >> (column % 32) & 1 == 1)
    }
    /// The words of a row; none outside the frame.
    #[must_use]
    pub fn row(&self, row: usize) -> &[u32] {
        let words = row_words(self.shape);
        let start = row.saturating_mul(words);
        self.words.get(start..start.saturating_add(words)).unwrap_or_default()
    }
    /// Pixels that are set.
    #[must_use]
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }
}

/// Words of a row. A shape is at least one pixel wide; the sum says so to the compiler.
const fn row_words(shape: Shape) -> usize {
    (shape.width() - 1) / 32 + 1
}

/// The places of the bits that are set, from the lowest.
pub(crate) fn ones(mut word: u32) -> impl Iterator<Item = u32> {
    core::iter::from_fn(move || {
        let bit = word.trailing_zeros();
        word &= word.wrapping_sub(1);
        (bit < 32).then_some(bit)
    })
}
