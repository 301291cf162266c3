//! Why nothing can be learnt.

use std::fmt;

use segmeter_core::drift::Signal;

/// Why no profile can be made of frames. Drives are counted from 1.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// A side of the frames does not fit into a profile.
    Side(usize),
    /// More than half of the frames are invalid.
    Invalid(String),
    /// A drive has too few frames.
    Frames {
        /// Which, of several.
        drive: Option<usize>,
        /// Its frames.
        found: usize,
        /// How many there must be.
        least: usize,
        /// Frames in a block; 0 if that is to be found.
        block: usize,
    },
    /// Two drives are the same.
    Twice([usize; 2]),
    /// Frames between false alarms.
    FalseAlarms(f64),
    /// A frame has another number of pixels.
    Pixels {
        /// Its pixels.
        found: u64,
        /// Those of the first.
        expected: u64,
    },
    /// A frame that cannot be measured.
    Unmeasured,
    /// A signal has values in fewer than two blocks.
    Blocks {
        /// Which, of several.
        signal: Option<Signal>,
        /// Blocks with values.
        found: usize,
    },
    /// No frame has an estimate of its IoU.
    Estimates,
    /// What core says.
    Core(segmeter_core::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Side(found) => write!(f, "found a side of {found}, expected at most 65535"),
            Self::Invalid(what) => write!(f, "found that {what}; expected frames of a camera that works"),
            Self::Frames { drive, found, least, block } => {
                write!(f, "found {found} frames")?;
                drive.map_or(Ok(()), |drive| write!(f, " in drive {drive}"))?;
                match block {
                    0 => write!(f, ", expected at least {least}, and better hundreds"),
                    _ => write!(
                        f,
                        ", expected at least {least} for two blocks of {block}, and better eight blocks"
                    ),
                }
            }
            Self::Twice([first, second]) => write!(
                f,
                "found the same frames in drives {first} and {second}, expected each drive once: nothing differs between them"
            ),
            Self::FalseAlarms(found) => {
                write!(f, "found {found} frames between false alarms, expected 1 to 1e12")
            }
            Self::Pixels { found, expected } => {
                write!(f, "found a frame of {found} pixels, expected {expected}")
            }
            Self::Unmeasured => f.write_str("found a frame that cannot be measured"),
            Self::Blocks { signal: None, found } => write!(f, "found {found} blocks, expected 2 at least"),
            Self::Blocks { signal: Some(signal), found } => {
                write!(f, "{}: found values in {found} blocks, expected 2 at least", signal.name())?;
                match signal {
                    Signal::RelativeCentroidRow | Signal::RoadMargin => {
                        f.write_str("; no frame has road there: are the scale and the zero point right?")
                    }
                    _ => Ok(()),
                }
            }
            Self::Estimates => f.write_str("found no estimates of the IoU"),
            Self::Core(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl From<segmeter_core::Error> for Error {
    fn from(error: segmeter_core::Error) -> Self {
        Self::Core(error)
    }
}
