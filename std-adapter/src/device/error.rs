//! Why a device did not do what it was asked to.

use std::error;
use std::fmt;
use std::io;
use std::time::Duration;

use segmeter_firmware::protocol::{Fault, Rejection, VERSION};

/// Why a device did not do what it was asked to.
#[derive(Debug)]
pub enum Error {
    /// The line failed.
    Line(io::Error),
    /// The line was closed.
    Closed,
    /// The device did not take a message, or did not answer it, within this time.
    TimedOut(Duration),
    /// What came back is not a message of this protocol.
    Answer(Fault),
    /// The device does not speak this version.
    Version(u16),
    /// The device refused.
    Rejected(Rejection),
    /// It answered something else than the question.
    Unexpected,
    /// The emulator did not start, or ended.
    Emulator(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(e) => write!(f, "the line to the device failed: {e}"),
            Self::Closed => f.write_str("the device closed the line"),
            Self::TimedOut(patience) => {
                let seconds = patience.as_secs_f32();
                write!(
                    f,
                    "the device did not answer within {seconds} s: check the line, and that it runs this firmware"
                )
            }
            Self::Answer(fault) => write!(f, "the device's answer is damaged: {fault}"),
            Self::Version(found) => write!(
                f,
                "the device speaks protocol version {found}, this program version {VERSION}: flash the firmware of \
                 this program's version"
            ),
            Self::Rejected(reason) => write!(f, "the device refused: {}", describe(*reason)),
            Self::Unexpected => f.write_str("the device answered something else than it was asked"),
            Self::Emulator(what) => f.write_str(what),
        }
    }
}

impl error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Line(error)
    }
}

/// A rejection in words.
#[must_use]
pub fn describe(reason: Rejection) -> String {
    match reason {
        Rejection::Fault(fault) => fault.to_string(),
        Rejection::Session => {
            "it was restarted, or another program uses its line; end that and try again".to_owned()
        }
        Rejection::OutOfOrder { expected, found } => {
            format!("row or frame {found} came where {expected} was next")
        }
        Rejection::Shape => "the sizes of the row do not fit the frame, or the frame is too wide".to_owned(),
        Rejection::NotConfigured => "it was not told what the codes mean".to_owned(),
        Rejection::Configuration => "the configuration has an impossible value".to_owned(),
        Rejection::Order => "the monitor cannot do that now".to_owned(),
        Rejection::NoFrame => "no frame is under way".to_owned(),
        Rejection::Labels => {
            "labels where none were announced, none where they were, or a label that is no class".to_owned()
        }
        Rejection::Classes => "it has no memory for frames of several classes: give its firmware `ClassMemory` (22 KiB more), or \
                               evaluate them here with `segmeter eval`"
            .to_owned(),
    }
}
