//! The gate: frames that must not reach the statistics.

use super::Rules;
use super::record::record;
use crate::sketch::{Count, Sketch, indices};

/// Why a frame was not measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Invalid {
    /// It did not arrive whole.
    Missing,
    /// Another size or row length than the profile's.
    Shape,
    /// A logit that is not a number or infinite.
    NotFinite,
    /// A class that the network does not have.
    Class,
    /// Every pixel has the same code.
    Constant,
    /// The same content as in the frames before.
    Frozen,
    /// The camera says that the exposure is wrong.
    Exposure,
    /// A time before that of the frame before.
    Backwards,
    /// Too long after the frame before.
    Gap,
    /// A counter would have passed its largest value.
    Overflow,
}

/// Number of reasons in [`Invalid::ALL`].
pub const INVALID: usize = 10;

impl Invalid {
    /// All reasons, in the order of every array of them.
    pub const ALL: [Self; INVALID] = [
        Self::Missing,
        Self::Shape,
        Self::NotFinite,
        Self::Class,
        Self::Constant,
        Self::Frozen,
        Self::Exposure,
        Self::Backwards,
        Self::Gap,
        Self::Overflow,
    ];

    /// The name that reports use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Shape => "shape",
            Self::NotFinite => "not_finite",
            Self::Class => "class",
            Self::Constant => "constant",
            Self::Frozen => "frozen",
            Self::Exposure => "exposure",
            Self::Backwards => "backwards",
            Self::Gap => "gap",
            Self::Overflow => "overflow",
        }
    }
}

/// What the gate looks at, of a frame that arrived whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// A number that two different frames are not likely to share: [`fingerprint`].
    pub fingerprint: u32,
    /// When it was taken, in ms of any clock that does not stop; `None`: not known.
    pub time_ms: Option<u64>,
    /// The camera says that the exposure is wrong.
    pub exposure_fault: bool,
}

record! {
    /// The gate's memory.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub(super) struct Gate {
        fingerprint: u32,
        /// Frames in a row with it; 0 before the first.
        repeats: u16,
        time_ms: u64,
        timed: bool,
    }
}

impl Gate {
    pub(super) const NEW: Self = Self { fingerprint: 0, repeats: 0, time_ms: 0, timed: false };

    /// Looks at the next frame. Frames that repeat are let through until there are as many as a frozen camera has.
    ///
    /// After a gap the new time counts: one gap is one invalid frame. A time that went back does not: a clock that was
    /// set back is invalid until it has caught up, or until the monitor is made anew.
    pub(super) fn check(&mut self, facts: &Facts, rules: &Rules) -> Result<(), Invalid> {
        let same = self.repeats != 0 && facts.fingerprint == self.fingerprint;
        self.repeats = if same { self.repeats.saturating_add(1) } else { 1 };
        self.fingerprint = facts.fingerprint;
        if let Some(time) = facts.time_ms {
            let (before, timed) = (self.time_ms, self.timed);
            if timed && time < before {
                return Err(Invalid::Backwards);
            }
            (self.time_ms, self.timed) = (time, true);
            if timed && rules.gap_ms != 0 && time - before > rules.gap_ms.into() {
                return Err(Invalid::Gap);
            }
        }
        if facts.exposure_fault {
            return Err(Invalid::Exposure);
        }
        if self.repeats >= rules.frozen_frames { Err(Invalid::Frozen) } else { Ok(()) }
    }
}

/// Whether a sketch can be measured at all.
///
/// # Errors
/// [`Invalid::Missing`] without pixels, [`Invalid::Constant`] if all have one code, [`Invalid::Overflow`].
pub fn sketch_is_valid<N: Count>(sketch: &Sketch<N>) -> Result<(), Invalid> {
    if sketch.saturated() {
        return Err(Invalid::Overflow);
    }
    match indices().filter(|index| sketch.pixels_at(*index) != 0).take(2).count() {
        0 => Err(Invalid::Missing),
        1 => Err(Invalid::Constant),
        _ => Ok(()),
    }
}

/// A hash of the codes of a frame, whatever their labels (FNV-1a over the 256 counts, 32 bits).
///
/// Two frames of a living camera have never the same 256 counts; a frozen one has no others.
#[must_use]
pub fn fingerprint<N: Count>(sketch: &Sketch<N>) -> u32 {
    indices().fold(0x811c_9dc5, |hash: u32, index| {
        let count = sketch.pixels_at(index);
        (hash ^ (count as u32) ^ (count >> 32) as u32).wrapping_mul(0x0100_0193)
    })
}
