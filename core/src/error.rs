//! The one error type of the crate.

use core::fmt;

/// Why an operation was refused. One kind per fix the caller can make.
///
/// Numeric trouble is not an error: a logit that is not a number makes the result not a number, and a
/// quantity with no defined value is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Error {
    /// A buffer does not hold as many elements as the shape asks for.
    Length {
        /// Elements the shape asks for.
        expected: usize,
        /// Elements in the buffer.
        found: usize,
    },
    /// Height or width is zero, or the frame has more than `u32::MAX` pixels.
    Shape,
    /// The scratch buffer is too short.
    Scratch {
        /// Elements needed.
        need: usize,
    },
    /// A label is neither a class nor the ignore id.
    ClassId {
        /// The id found.
        found: u8,
        /// Its pixel, counted in row order.
        pixel: usize,
    },
    /// A pixel weight is neither 0 nor from 1e-32 to 1e32.
    Weight {
        /// Its pixel, counted in row order.
        pixel: usize,
    },
    /// A soft label is not in [0, 1].
    Share {
        /// Its place in the buffer.
        place: usize,
    },
    /// The number of classes is below 2 or above what the frame has room for.
    Classes {
        /// Classes there is room for.
        room: usize,
    },
    /// A parameter lies outside its range.
    Parameter(&'static str),
    /// The loss is not defined for such a frame.
    Unsupported(&'static str),
}

/// What fallible functions of this crate return. With another `E` it is the one of `core`: a glob import hides nothing.
pub type Result<T, E = Error> = core::result::Result<T, E>;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Length { expected, found } => write!(f, "expected {expected} elements, found {found}"),
            Self::Shape => f.write_str("height and width must be at least 1 and their product below 2^32"),
            Self::Scratch { need } => write!(f, "the scratch buffer needs {need} elements"),
            Self::ClassId { found, pixel } => {
                write!(f, "label {found} at pixel {pixel} is neither a class nor the ignore id")
            }
            Self::Weight { pixel } => {
                write!(f, "the weight of pixel {pixel} is neither 0 nor from 1e-32 to 1e32")
            }
            Self::Share { place } => write!(f, "the soft label at {place} is not in [0, 1]"),
            Self::Classes { room } if !matches!(room, 3..=32) => {
                write!(f, "several classes need a frame with room for 3 to 32 of them, this one has {room}")
            }
            Self::Classes { room } => write!(f, "expected 2 to {room} classes"),
            Self::Unsupported(why) => f.write_str(why),
            Self::Parameter(name) => write!(f, "`{name}` is out of range"),
        }
    }
}

impl core::error::Error for Error {}
