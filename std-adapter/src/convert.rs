//! Frames and ids from arrays of `ndarray` 0.17 (feature `ndarray`) and grey images of `image` 0.25 (feature `images`).
//!
//! Scores and ids are borrowed where they lie. What does not lie as a frame does is refused rather than copied in silence, and
//! a mask of 0 and 255 never passes for one whose foreground is not to be scored.

use std::fmt;

#[cfg(feature = "images")]
use image::GrayImage;
#[cfg(feature = "ndarray")]
use ndarray::{ArrayView2, ArrayView3};
use segmeter_core::view::Shape;
#[cfg(feature = "ndarray")]
use segmeter_core::view::{Frame, Labels, Layout};

/// Why an array or an image was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The numbers of an array are not in row order without gaps: it is transposed, or a part of another.
    Order,
    /// Scores and ids of other sides: height and width of each. Their lengths may be the same.
    Sides {
        /// Of the scores.
        scores: [usize; 2],
        /// Of the ids.
        ids: [usize; 2],
    },
    /// Ids of 0 and 255 alone: a mask, or background beside pixels that are not scored.
    TwoValues,
    /// A pixel of a mask is neither 0 nor 255.
    Grey {
        /// Its value.
        found: u8,
        /// Its row.
        row: u32,
        /// Its column.
        column: u32,
    },
    /// What a frame itself refuses.
    Frame(segmeter_core::Error),
}

/// What conversions return.
pub type Result<T> = std::result::Result<T, Error>;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order => f.write_str("the array is not in row order without gaps: take `.as_standard_layout()` of it"),
            Self::Sides { scores: [h, w], ids: [height, width] } => {
                write!(f, "found scores of {h}x{w} pixels beside ids of {height}x{width}")
            }
            Self::TwoValues => f.write_str(
                "found ids of 0 and 255 alone: `mask` makes 0 and 1 of them; if 255 is not to be scored, take `as_raw()`",
            ),
            Self::Grey { found, row, column } => write!(
                f,
                "found {found} in row {row}, column {column}, expected 0 or 255: take `ids` if these are ids as they are"
            ),
            Self::Frame(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl From<segmeter_core::Error> for Error {
    fn from(error: segmeter_core::Error) -> Self {
        Self::Frame(error)
    }
}

#[cfg(feature = "ndarray")]
fn shape(height: usize, width: usize) -> Result<Shape> {
    let side = |side| u32::try_from(side).map_err(|_| segmeter_core::Error::Shape);
    Ok(Shape::new(side(height)?, side(width)?)?)
}

/// The ids of an array of rows and columns.
///
/// # Errors
/// [`Error::Order`]; [`Error::Frame`] of an array without a pixel.
#[cfg(feature = "ndarray")]
pub fn array_ids<'a>(ids: ArrayView2<'a, u8>) -> Result<(Shape, &'a [u8])> {
    let (height, width) = ids.dim();
    Ok((shape(height, width)?, ids.to_slice().ok_or(Error::Order)?))
}

/// A binary frame: logits beside ids 0, 1 and `ignore`, both of rows and columns.
///
/// ```
/// use ndarray::array;
/// use segmeter::convert::{Error, frame};
/// use segmeter::core::loss::{CrossEntropy, Loss};
///
/// let logits = array![[2.0, -1.5, 0.25], [-4.0, 1.0, 7.0]];
/// let ids = array![[1, 0, 1], [0, 0, 255]];
/// let binary = frame(logits.view(), ids.view(), 255)?;
/// assert_eq!(CrossEntropy::MEAN.value(&binary, &mut [])?.value, 0.4471385);
///
/// // Transposed it has as many numbers, but not where a frame has them.
/// let turned = frame(logits.t(), ids.t(), 255).unwrap_err();
/// assert!(turned == Error::Order && turned.to_string().contains(".as_standard_layout()"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::Order`], [`Error::Sides`]; [`Error::Frame`] for a foreign id.
#[cfg(feature = "ndarray")]
pub fn frame<'a>(logits: ArrayView2<'a, f32>, ids: ArrayView2<'a, u8>, ignore: u8) -> Result<Frame<'a>> {
    check_sides(logits.dim(), ids.dim())?;
    let scores = logits.to_slice().ok_or(Error::Order)?;
    let (shape, ids) = array_ids(ids)?;
    Ok(Frame::new(scores, Labels::new(shape, ids, ignore)?)?)
}

/// A frame of several classes, with room for `C`: logits of axes (class, row, column) or, [`Layout::Interleaved`],
/// (row, column, class), beside ids of rows and columns.
///
/// ```
/// use ndarray::{Array3, array};
/// use segmeter::convert::multiclass;
/// use segmeter::core::loss::{CrossEntropy, Loss};
/// use segmeter::core::view::Layout;
///
/// let planar = Array3::from_shape_fn((3, 2, 2), |(class, row, column)| (class * (row + 2 * column)) as f32 / 4.0);
/// let ids = array![[0, 1], [2, 255]];
/// let frame = multiclass::<3>(planar.view(), Layout::Planar, ids.view(), 255)?;
/// assert_eq!(CrossEntropy::MEAN.value(&frame, &mut [])?.value, 1.0494066);
///
/// // Another order of axes is another array: permuted, and then copied.
/// let interleaved = planar.view().permuted_axes([1, 2, 0]);
/// let interleaved = interleaved.as_standard_layout();
/// let same = multiclass::<3>(interleaved.view(), Layout::Interleaved, ids.view(), 255)?;
/// assert_eq!(CrossEntropy::MEAN.value(&same, &mut [])?.value, 1.0494066);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::Order`], [`Error::Sides`]; [`Error::Frame`] for more than `C` classes, and for a foreign id.
#[cfg(feature = "ndarray")]
pub fn multiclass<'a, const C: usize>(
    logits: ArrayView3<'a, f32>,
    layout: Layout,
    ids: ArrayView2<'a, u8>,
    ignore: u8,
) -> Result<Frame<'a, C>> {
    let (classes, height, width) = match (layout, logits.dim()) {
        (Layout::Planar, dim) => dim,
        (Layout::Interleaved, (height, width, classes)) => (classes, height, width),
    };
    check_sides((height, width), ids.dim())?;
    let scores = logits.to_slice().ok_or(Error::Order)?;
    let (shape, ids) = array_ids(ids)?;
    Ok(Frame::multiclass(shape, classes, layout, scores, ids, ignore)?)
}

#[cfg(feature = "ndarray")]
fn check_sides(scores: (usize, usize), ids: (usize, usize)) -> Result<()> {
    if scores == ids { Ok(()) } else { Err(Error::Sides { scores: scores.into(), ids: ids.into() }) }
}

/// The pixels of a grey image as class ids.
///
/// # Errors
/// [`Error::TwoValues`] for a mask of 0 and 255, which [`mask`] reads; [`Error::Frame`] of an image without a pixel.
#[cfg(feature = "images")]
pub fn ids(image: &GrayImage) -> Result<(Shape, &[u8])> {
    let shape = Shape::new(image.height(), image.width())?;
    // A buffer may be longer than its image.
    let ids = &image.as_raw()[..shape.pixels()];
    // Most ids are 1 or so: the search is over at the first.
    if ids.iter().all(|id| matches!(id, 0 | 255)) && ids.contains(&255) {
        return Err(Error::TwoValues);
    }
    Ok((shape, ids))
}

/// The ids of a mask of 0 and 255: background 0, foreground 1.
///
/// ```
/// use image::GrayImage;
/// use segmeter::convert::{Error, ids, mask};
///
/// let drawn = GrayImage::from_raw(3, 1, vec![0, 255, 255]).unwrap();
/// assert_eq!(mask(&drawn)?, [0, 1, 1]);
/// assert_eq!(ids(&drawn), Err(Error::TwoValues)); // as ids all of the road would be ignored
///
/// let labels = GrayImage::from_raw(3, 1, vec![0, 1, 255]).unwrap();
/// assert_eq!(ids(&labels)?.1, [0, 1, 255]);
/// assert_eq!(mask(&labels), Err(Error::Grey { found: 1, row: 0, column: 1 }));
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// [`Error::Grey`] with the first pixel that is neither: an id, or the edge of a mask that was scaled or saved as JPEG.
#[cfg(feature = "images")]
pub fn mask(image: &GrayImage) -> Result<Vec<u8>> {
    let id = |(column, row, pixel): (u32, u32, &image::Luma<u8>)| match pixel.0 {
        [0] => Ok(0),
        [255] => Ok(1),
        [found] => Err(Error::Grey { found, row, column }),
    };
    image.enumerate_pixels().map(id).collect()
}

#[cfg(all(test, feature = "ndarray", feature = "images"))]
mod tests {
    use super::*;
    use ndarray::{Array2, Array3, Axis};

    #[test]
    fn what_lies_otherwise_is_refused() {
        let (logits, ids) = (Array2::<f32>::zeros((3, 4)), Array2::<u8>::zeros((3, 4)));
        // Columns of an array have gaps between their rows; rows have none.
        let [columns, rows] = [1, 0].map(|axis| logits.slice_axis(Axis(axis), (1..).into()));
        let [cut, below] = [1, 0].map(|axis| ids.slice_axis(Axis(axis), (1..).into()));
        assert_eq!(frame(columns, cut, 255).unwrap_err(), Error::Order);
        assert_eq!(
            frame(columns.as_standard_layout().view(), cut, 255).unwrap_err(),
            Error::Order,
            "the ids"
        );
        let whole = (columns.as_standard_layout(), cut.as_standard_layout());
        assert!(frame(whole.0.view(), whole.1.view(), 255).is_ok());
        assert!(frame(rows, below, 255).is_ok());
        // As many numbers, of other sides.
        let turned = Array2::<u8>::zeros((4, 3));
        let sides = Error::Sides { scores: [3, 4], ids: [4, 3] };
        assert_eq!(frame(logits.view(), turned.view(), 255).unwrap_err(), sides);
        let planes = Array3::<f32>::zeros((5, 3, 4));
        let of =
            |layout| multiclass::<8>(planes.view(), layout, ids.view(), 255).map(|frame| frame.classes());
        assert_eq!(of(Layout::Planar), Ok(5));
        assert_eq!(of(Layout::Interleaved), Err(Error::Sides { scores: [5, 3], ids: [3, 4] }));
        assert_eq!(multiclass::<8>(planes.view(), Layout::Planar, turned.view(), 255).unwrap_err(), sides);
    }

    #[test]
    fn what_core_refuses_is_passed_on() {
        let nothing = Array2::<u8>::zeros((0, 4));
        assert_eq!(array_ids(nothing.view()), Err(Error::Frame(segmeter_core::Error::Shape)));
        assert_eq!(ids(&GrayImage::new(0, 4)), Err(Error::Frame(segmeter_core::Error::Shape)));
        let foreign = Error::Frame(segmeter_core::Error::ClassId { found: 2, pixel: 1 });
        let labels = ndarray::array![[0, 2]];
        assert_eq!(frame(Array2::zeros((1, 2)).view(), labels.view(), 255).unwrap_err(), foreign);
    }

    #[test]
    fn a_buffer_may_be_longer_than_its_image() {
        let image = GrayImage::from_raw(2, 3, vec![0, 1, 0, 1, 0, 1, 9, 9]).unwrap();
        let (shape, found) = ids(&image).unwrap();
        assert_eq!((shape.height(), shape.width(), found), (3, 2, &[0, 1, 0, 1, 0, 1][..]));
        let drawn = GrayImage::from_raw(1, 2, vec![255, 7, 255]).unwrap();
        assert_eq!(mask(&drawn), Err(Error::Grey { found: 7, row: 1, column: 0 }));
    }
}
