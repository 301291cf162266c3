//! What host and device say to each other.

use segmeter_core::drift::{self, SIGNALS};
use serde::{Deserialize, Serialize};

use super::Fault;

/// The version of these messages. A host that finds another in [`Response::Ready`] must not go on.
pub const VERSION: u16 = 1;

/// Host to device. The device answers every request but [`Row`](Self::Row), which it answers only to reject.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(target_os = "none", derive(defmt::Format))]
pub enum Request<'a> {
    /// Who is there? Answered by [`Response::Ready`].
    Hello,
    /// What the codes of the frames that follow mean, and what to hold them against. The monitor starts anew.
    Configure(#[serde(borrow)] Configuration<'a>),
    /// A frame starts; what was received of an unfinished one is dropped.
    Begin {
        /// The number that reports on this frame carry.
        frame: u32,
        /// Rows to come.
        height: u16,
        /// Pixels of each row.
        width: u16,
        /// Whether every row brings labels; if not, the frame is watched for drift only.
        labelled: bool,
    },
    /// One row, in order from the top.
    Row {
        /// The frame this row is of.
        frame: u32,
        /// The row's index.
        row: u16,
        /// One 8-bit code (`i8`) per pixel.
        codes: &'a [u8],
        /// The row's labels, if the frame was announced with labels.
        labels: Option<RowLabels<'a>>,
    },
    /// The frame is complete. Answered by [`Response::Report`].
    End {
        /// The frame that ends.
        frame: u32,
    },
    /// How deep has the stack been? Answered by [`Response::Stack`].
    Stack,
    /// End the program. Answered by [`Response::Accepted`], the last thing the device says.
    Shutdown,
}

/// A row's labels, one bit per pixel: pixel `x` is bit `x % 8` (least significant first) of byte `x / 8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(target_os = "none", derive(defmt::Format))]
pub struct RowLabels<'a> {
    /// 1: the pixel belongs to the class.
    pub foreground: &'a [u8],
    /// 1: the pixel is labelled at all.
    pub valid: &'a [u8],
}

/// What the device must know before a frame.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(target_os = "none", derive(defmt::Format))]
pub struct Configuration<'a> {
    /// What the codes mean.
    pub codes: Codes,
    /// What the monitor compares with; without it there is no verdict.
    #[serde(borrow)]
    pub drift: Option<Drift<'a>>,
}

/// [`segmeter_core::view::Quantiser`] on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(target_os = "none", derive(defmt::Format))]
pub enum Codes {
    /// `logit = scale * (code - zero_point)`.
    Logits {
        /// Two's complement, or 0 to 255.
        signed: bool,
        /// Logits per step of the code.
        scale: f32,
        /// The code of logit zero.
        zero_point: i16,
    },
    /// `probability = code / 255`.
    Probabilities,
}

/// [`segmeter_core::drift::Profile`] on the wire. Fixed-point numbers go as their raw steps of 2^-16.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(target_os = "none", derive(defmt::Format))]
pub struct Drift<'a> {
    /// Frames of a block.
    pub block_frames: u16,
    /// Mean and deviation of each signal.
    pub baselines: [(i32, i32); SIGNALS],
    /// Slack and threshold.
    pub cusum: (i32, i32),
    /// Tolerance and threshold.
    pub page_hinkley: (i32, i32),
    /// 256 counts by code index, each a little-endian `u32`.
    pub reference: &'a [u8],
}

/// Device to host.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(target_os = "none", derive(defmt::Format))]
pub enum Response<'a> {
    /// The device is there.
    Ready {
        /// Its [`VERSION`].
        protocol: u16,
        /// The board's name.
        board: &'a str,
        /// The widest row it takes.
        max_width: u16,
    },
    /// Done, and there is nothing more to say.
    Accepted,
    /// What a frame amounted to.
    Report(Report),
    /// The most stack ever in use, in bytes; `None` if the board cannot tell.
    Stack(Option<u32>),
    /// A request was not followed.
    Rejected {
        /// The frame that was under way, if one was.
        frame: Option<u32>,
        /// Why.
        reason: Rejection,
    },
}

/// What a frame amounted to. Everything but `instructions` is the same on every board, bit for bit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(target_os = "none", derive(defmt::Format))]
pub struct Report {
    /// The frame's number.
    pub frame: u32,
    /// Its pixels.
    pub pixels: u32,
    /// Against its labels, if it has any.
    pub scores: Option<Scores>,
    /// Road fraction, mean entropy, mean margin, low-confidence fraction: raw steps of 2^-16.
    pub statistics: [i32; 4],
    /// What the monitor makes of it, if it is configured.
    pub drift: Option<Finding>,
    /// What the evaluation cost, if the board can tell.
    pub instructions: Option<u64>,
}

/// A frame against its labels. `None`: not defined for this frame.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(target_os = "none", derive(defmt::Format))]
pub struct Scores {
    /// The losses of [`LOSSES`], in that order.
    pub losses: [Option<f32>; LOSSES.len()],
    /// True and false positives, false and true negatives at "logit above zero".
    pub confusion: [u32; 4],
    /// Area under the ROC curve.
    pub auroc: Option<f64>,
    /// Average precision, step form.
    pub average_precision: Option<f64>,
    /// Expected calibration error, top label, 15 bins.
    pub calibration_error: Option<f64>,
}

/// The losses that a report holds, by the names of the desktop command; each with its default parameters.
pub const LOSSES: [&str; 6] = ["bce", "focal", "dice", "tversky", "focal_tversky", "lovasz_hinge"];

/// What the monitor makes of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(target_os = "none", derive(defmt::Format))]
pub struct Finding {
    /// The signals of [`segmeter_core::drift::Signal::ALL`], raw steps of 2^-16; `None`: not measurable.
    pub signals: Option<[i32; SIGNALS]>,
    /// The conclusion so far.
    pub state: State,
    /// Bits as in [`segmeter_core::drift::Reasons`].
    pub reasons: u16,
    /// Complete blocks so far.
    pub blocks: u32,
    /// Frames that could not be measured.
    pub invalid: u32,
}

/// [`segmeter_core::drift::State`] on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(target_os = "none", derive(defmt::Format))]
pub enum State {
    /// No block is complete yet.
    Unknown,
    /// In control.
    Normal,
    /// Above half of a threshold.
    Watch,
    /// Above a threshold.
    Alarm,
}

impl From<drift::State> for State {
    fn from(state: drift::State) -> Self {
        match state {
            drift::State::Unknown => Self::Unknown,
            drift::State::Normal => Self::Normal,
            drift::State::Watch => Self::Watch,
            drift::State::Alarm => Self::Alarm,
        }
    }
}

impl From<State> for drift::State {
    fn from(state: State) -> Self {
        match state {
            State::Unknown => Self::Unknown,
            State::Normal => Self::Normal,
            State::Watch => Self::Watch,
            State::Alarm => Self::Alarm,
        }
    }
}

/// Why a request was not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(target_os = "none", derive(defmt::Format))]
pub enum Rejection {
    /// It did not arrive in one piece.
    Fault(Fault),
    /// Rows must come from the top, without gaps.
    OutOfOrder {
        /// The row or frame that had to come next.
        expected: u32,
        /// The one that came.
        found: u32,
    },
    /// The number of codes or label bytes is not what the frame's width asks for, or no such frame can be.
    Shape,
    /// A frame before any configuration.
    NotConfigured,
    /// A configuration with an impossible value.
    Configuration,
    /// A row or an end without a frame under way.
    NoFrame,
    /// A row without labels in a labelled frame, or the other way round.
    Labels,
}

impl From<Fault> for Rejection {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Reads a message from a payload that [`Receiver`](super::Receiver) delivered.
///
/// # Errors
/// [`Fault::Malformed`]: these bytes are no such message, or there are bytes left over.
pub fn decode<'a, T: Deserialize<'a>>(payload: &'a [u8]) -> Result<T, Fault> {
    match postcard::take_from_bytes(payload) {
        Ok((message, [])) => Ok(message),
        _ => Err(Fault::Malformed),
    }
}
