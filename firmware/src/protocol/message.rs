//! Requests and responses.

use segmeter_core::drift::{self, Packet, SIGNALS};
use segmeter_core::upsample::Interpolation;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::Fault;

/// Host to device. The device answers every request but rows ([`Request::is_row`]): what is wrong with a row is the answer to
/// [`End`](Self::End).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Request<'a> {
    /// A session starts, with this request's tag: the device follows no request of another one from here on, and drops
    /// what was received of an unfinished frame. Configuration and monitor stay as they are. Answered by
    /// [`Response::Accepted`].
    Open,
    /// What the codes of the frames that follow mean, and what to hold them against. The monitor starts anew. Answered
    /// by [`Response::Accepted`].
    Configure(#[serde(borrow)] Configuration<'a>),
    /// A frame starts; what was received of an unfinished one is dropped. Answered by [`Response::Accepted`]: then all
    /// rows and the end may be sent in one go, the device says nothing in between.
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
    /// The frame is complete. Answered by [`Response::Report`], or by the first rejection of any of its rows.
    End {
        /// The frame that ends.
        frame: u32,
    },
    /// An order to the monitor. Answered by [`Response::Accepted`].
    Order(Order),
    /// What does the monitor say? Answered by [`Response::Telemetry`].
    Telemetry,
    /// How deep has the stack been? Answered by [`Response::Stack`].
    Stack,
    /// End the program. Answered by [`Response::Accepted`], the last thing the device says.
    Shutdown,
    /// A frame of several classes starts, of codes as they were configured; what was received of an unfinished one is dropped.
    /// Answered by [`Response::Accepted`], or by [`Rejection::Classes`] from a device without the memory for it. Then all
    /// rows and the end may be sent in one go: after each row of scores the labels of the rows of the image that it
    /// completes. [`End`](Self::End) is answered by [`Response::Classes`].
    BeginClasses(ClassBegin),
    /// One row of scores, in order from the top.
    ClassScores {
        /// The frame this row is of.
        frame: u32,
        /// The row's index.
        row: u16,
        /// All classes of a pixel beside each other.
        codes: &'a [u8],
    },
    /// The labels of one row of the image, in order from the top.
    ClassLabels {
        /// The frame this row is of.
        frame: u32,
        /// The row's index in the image.
        row: u16,
        /// Class ids, 255 where nothing is scored.
        ids: &'a [u8],
    },
    /// What does the last frame say of this class? Answered by [`Response::ClassCounts`].
    ClassCounts(u8),
    /// How long was the longest piece of bounded work? Answered by [`Response::LongestPiece`].
    LongestPiece,
}

impl Request<'_> {
    /// Whether it is a row: the one kind of request that has no answer.
    #[must_use]
    pub const fn is_row(&self) -> bool {
        matches!(self, Self::Row { .. } | Self::ClassScores { .. } | Self::ClassLabels { .. })
    }
}

/// What a frame of several classes is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ClassBegin {
    /// The number that reports on this frame carry.
    pub frame: u32,
    /// Rows of scores to come.
    pub height: u16,
    /// Pixels of each row of scores.
    pub width: u16,
    /// Scores of a pixel, 2 to 32.
    pub classes: u8,
    /// How many times as high and as wide the image is, 1 to 16.
    pub factor: u8,
    /// How the scores of the image's pixels are made.
    pub interpolation: Interpolated,
    /// Whether the labels of the image come too.
    pub labelled: bool,
}

/// [`segmeter_core::upsample::Interpolation`] on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Interpolated {
    /// Bilinear, corners of the outermost pixels on each other.
    HalfPixel,
    /// Bilinear, their centres on each other.
    AlignedCorners,
    /// None: every score is that of a square.
    Nearest,
}

impl From<Interpolated> for Interpolation {
    fn from(by: Interpolated) -> Self {
        match by {
            Interpolated::HalfPixel => Self::HalfPixel,
            Interpolated::AlignedCorners => Self::AlignedCorners,
            Interpolated::Nearest => Self::Nearest,
        }
    }
}

impl From<Interpolation> for Interpolated {
    fn from(by: Interpolation) -> Self {
        match by {
            Interpolation::HalfPixel => Self::HalfPixel,
            Interpolation::AlignedCorners => Self::AlignedCorners,
            Interpolation::Nearest => Self::Nearest,
        }
    }
}

/// A row's labels, one bit per pixel: pixel `x` is bit `x % 8` (least significant first) of byte `x / 8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct RowLabels<'a> {
    /// 1: the pixel belongs to the class.
    pub foreground: &'a [u8],
    /// 1: the pixel is labelled at all.
    pub valid: &'a [u8],
}

/// What the device must know before a frame.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Configuration<'a> {
    /// What the codes mean.
    pub codes: Codes,
    /// The record of a [`segmeter_core::drift::Profile`], what the monitor compares with; without it there is no verdict.
    pub profile: Option<&'a [u8]>,
}

/// [`segmeter_core::view::Quantiser`] on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
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
    /// `probability = scale * (code - zero_point)`, cut to [0, 1].
    ScaledProbabilities {
        /// Two's complement, or 0 to 255.
        signed: bool,
        /// Probability per step of the code.
        scale: f32,
        /// The code of probability zero.
        zero_point: i16,
    },
}

/// What somebody in charge wants of the monitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Order {
    /// The alarm has been seen.
    Acknowledge,
    /// Collect a reference of this place.
    CaptureSite,
    /// That reference is complete.
    SealSite,
}

/// Device to host.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[allow(clippy::large_enum_variant, reason = "there is no heap to put a report on")]
pub enum Response {
    /// Done, and there is nothing more to say.
    Accepted,
    /// What a frame amounted to.
    Report(Report),
    /// What a device would broadcast.
    Telemetry(Telemetry),
    /// The most stack ever in use, in bytes; `None` if the board cannot tell.
    Stack(Option<u32>),
    /// The request was not followed. If it did not arrive in one piece, its tag did not either: the device then takes
    /// it for the request after the last that it has heard.
    Rejected(Rejection),
    /// What a frame of several classes amounted to.
    Classes(ClassReport),
    /// What it says of one of them; `None`: there is no such frame, or no such class.
    ClassCounts(Option<ClassCounts>),
    /// The most instructions between two calls of [`Instruments::alive`](crate::board::Instruments::alive), without waiting for
    /// the line and sending; `None` if the board cannot tell.
    LongestPiece(Option<u32>),
}

/// What a frame of several classes amounted to, but for its classes. Everything but `instructions` is the same on every
/// board, bit for bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ClassReport {
    /// The frame's number.
    pub frame: u32,
    /// Pixels of the image.
    pub pixels: u32,
    /// Those that are not scored; `None` without labels.
    pub ignored: Option<u32>,
    /// Mean margin, energy, confidence and entropy of the scores ([`segmeter_core::drift::ClassStatistics`]), raw steps of
    /// 2^-16; `None` of codes that are probabilities.
    pub statistics: Option<[i32; 4]>,
    /// What the evaluation cost, if the board can tell.
    pub instructions: Option<u64>,
}

/// What a frame says of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ClassCounts {
    /// The class.
    pub class: u8,
    /// True positives, false positives, false negatives among the scored pixels of the image; `None` without labels.
    pub counts: Option<[u32; 3]>,
    /// Pixels of the scores that are predicted to be of it; `None` of codes that are probabilities.
    pub coarse: Option<u32>,
}

/// What a frame amounted to. Everything but `instructions` is the same on every board, bit for bit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
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
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
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
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Finding {
    /// The signals of [`segmeter_core::drift::Signal::ALL`], raw steps of 2^-16; `None`: the frame has no such value.
    pub signals: [Option<i32>; SIGNALS],
    /// [`drift::Invalid`] by its place in `ALL`: why the frame was not measured.
    pub invalid: Option<u8>,
    /// Estimated IoU with its low and high, raw steps of 2^-16; `None` unless the profile has learnt from labels.
    pub estimated_iou: Option<[i32; 3]>,
    /// [`drift::Harm`]: IoU that is lost, at the least, at the most, raw steps of 2^-16; `None` before there are enough
    /// frames.
    pub harm: Option<[i32; 3]>,
    /// [`drift::State`] by its place in `ALL`: the conclusion so far.
    pub state: u8,
    /// [`drift::Reasons`]: factory, site, conditions.
    pub reasons: [u8; 3],
    /// Complete blocks so far.
    pub blocks: u32,
    /// Frames that were not measured so far.
    pub invalid_frames: u32,
}

impl Finding {
    /// The verdict in it; an unknown state number is [`drift::State::Unknown`].
    #[must_use]
    pub fn verdict(&self) -> drift::Verdict {
        let [factory, site, conditions] = self.reasons;
        drift::Verdict {
            state: drift::State::ALL.get(usize::from(self.state)).copied().unwrap_or_default(),
            reasons: drift::Reasons { factory, site, conditions },
            blocks: self.blocks,
        }
    }
}

/// The bytes of a [`Packet`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Telemetry(pub [u8; Packet::LEN]);

impl Serialize for Telemetry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Telemetry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = <&[u8]>::deserialize(deserializer)?;
        bytes.try_into().map(Self).map_err(|_| de::Error::custom("length"))
    }
}

/// Why a request was not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Rejection {
    /// It did not arrive in one piece.
    Fault(Fault),
    /// It is of another session than the last that was opened.
    Session,
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
    /// A configuration with an impossible value, or a profile for other codes.
    Configuration,
    /// The monitor cannot do that now: no profile, nothing captured, too few blocks, or an alarm.
    Order,
    /// A row or an end without a frame under way.
    NoFrame,
    /// A row without labels in a labelled frame, or the other way round; or a label of several classes that is none of them.
    Labels,
    /// A frame of several classes, for which this device has no memory.
    Classes,
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
