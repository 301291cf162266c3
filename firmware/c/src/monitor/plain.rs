//! What a monitor says, as C has it.

use super::{Reasons, drift};
use crate::memory::Plain;
use segmeter_core::drift::{Invalid, Observation as Seen, State};
use segmeter_core::num::Q16;

/// Signals that a monitor watches: `SGM_SIGNALS` names them.
pub const SGM_SIGNAL_COUNT: usize = 8;

/// It cannot tell: warming up, or too many invalid frames.
pub const SGM_STATE_UNKNOWN: u8 = 0;
/// In control.
pub const SGM_STATE_NORMAL: u8 = 1;
/// A chart is above half of its threshold, or the scene alone has changed.
pub const SGM_STATE_WATCH: u8 = 2;
/// The model can no longer be trusted.
pub const SGM_STATE_ALARM: u8 = 3;
/// An alarm that somebody has seen.
pub const SGM_STATE_ACKNOWLEDGED: u8 = 4;

/// `sgm_verdict.conditions`: too many frames in a row were invalid.
pub const SGM_CONDITION_INVALID_RUN: u8 = 1;
/// `sgm_verdict.conditions`: most frames of the last block were invalid.
pub const SGM_CONDITION_UNDECIDED: u8 = 2;
/// `sgm_verdict.conditions`: warming up.
pub const SGM_CONDITION_WARM_UP: u8 = 4;
/// `sgm_verdict.conditions`: what the monitor had in memory was lost.
pub const SGM_CONDITION_STATE_LOST: u8 = 8;
/// `sgm_verdict.conditions`: the estimated IoU has fallen by more than the profile allows.
pub const SGM_CONDITION_HARM: u8 = 16;

/// `sgm_observation.invalid`: the frame was measured.
pub const SGM_VALID: u8 = 255;
/// `sgm_observation.invalid`: it did not arrive whole.
pub const SGM_INVALID_MISSING: u8 = 0;
/// `sgm_observation.invalid`: another size than the profile's.
pub const SGM_INVALID_SHAPE: u8 = 1;
/// `sgm_observation.invalid`: an output of the network is not a number.
pub const SGM_INVALID_NOT_FINITE: u8 = 2;
/// `sgm_observation.invalid`: a class that the network does not have.
pub const SGM_INVALID_CLASS: u8 = 3;
/// `sgm_observation.invalid`: every pixel has the same code.
pub const SGM_INVALID_CONSTANT: u8 = 4;
/// `sgm_observation.invalid`: the same content as in the frames before.
pub const SGM_INVALID_FROZEN: u8 = 5;
/// `sgm_observation.invalid`: the camera says that the exposure is wrong.
pub const SGM_INVALID_EXPOSURE: u8 = 6;
/// `sgm_observation.invalid`: a time before that of the frame before.
pub const SGM_INVALID_BACKWARDS: u8 = 7;
/// `sgm_observation.invalid`: too long after the frame before.
pub const SGM_INVALID_GAP: u8 = 8;
/// `sgm_observation.invalid`: a counter would have passed its largest value.
pub const SGM_INVALID_OVERFLOW: u8 = 9;

/// `sgm_monitor_site`: there is no reference of this place.
pub const SGM_SITE_EMPTY: u32 = 0;
/// `sgm_monitor_site`: it is being collected.
pub const SGM_SITE_CAPTURING: u32 = 1;
/// `sgm_monitor_site`: it is sealed.
pub const SGM_SITE_SEALED: u32 = 2;

// The numbers in the header are those of core.
const _: () = {
    assert!(SGM_STATE_UNKNOWN == State::Unknown as u8);
    assert!(SGM_STATE_NORMAL == State::Normal as u8 && SGM_STATE_WATCH == State::Watch as u8);
    assert!(SGM_STATE_ALARM == State::Alarm as u8 && SGM_STATE_ACKNOWLEDGED == State::Acknowledged as u8);
    assert!(SGM_CONDITION_INVALID_RUN == Reasons::INVALID_RUN && SGM_CONDITION_HARM == Reasons::HARM);
    assert!(SGM_CONDITION_UNDECIDED == Reasons::UNDECIDED && SGM_CONDITION_WARM_UP == Reasons::WARM_UP);
    assert!(SGM_CONDITION_STATE_LOST == Reasons::STATE_LOST);
    assert!(SGM_INVALID_MISSING == Invalid::Missing as u8 && SGM_INVALID_SHAPE == Invalid::Shape as u8);
    assert!(SGM_INVALID_NOT_FINITE == Invalid::NotFinite as u8 && SGM_INVALID_CLASS == Invalid::Class as u8);
    assert!(SGM_INVALID_CONSTANT == Invalid::Constant as u8 && SGM_INVALID_FROZEN == Invalid::Frozen as u8);
    assert!(SGM_INVALID_EXPOSURE == Invalid::Exposure as u8);
    assert!(SGM_INVALID_BACKWARDS == Invalid::Backwards as u8 && SGM_INVALID_GAP == Invalid::Gap as u8);
    assert!(SGM_INVALID_OVERFLOW == Invalid::Overflow as u8);
};

/// What is known of a frame besides its pixels. All zero, or a null pointer: nothing.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Facts {
    /// When it was taken, in ms of any clock that does not stop.
    pub time_ms: u64,
    /// 1: `time_ms` is known.
    pub has_time: u8,
    /// 1: the camera says that the exposure is wrong.
    pub exposure_fault: u8,
}

// SAFETY: numbers.
unsafe impl Plain for Facts {}

impl Facts {
    pub(super) fn read(self) -> drift::Facts {
        drift::Facts {
            // Made of the sketch by the monitor.
            fingerprint: 0,
            time_ms: (self.has_time != 0).then_some(self.time_ms),
            exposure_fault: self.exposure_fault != 0,
        }
    }
}

/// The monitor's conclusion after the last complete block of frames.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Verdict {
    /// `SGM_STATE_UNKNOWN` and the others.
    pub state: u8,
    /// Bit `1 << i`: signal `i` of `SGM_SIGNALS` has left the profile's reference; in state watch, it is half-way.
    pub factory: u8,
    /// The same against the reference of this place.
    pub site: u8,
    /// `SGM_CONDITION_INVALID_RUN` and the others, added up.
    pub conditions: u8,
    /// Complete blocks so far.
    pub blocks: u32,
}

// SAFETY: numbers.
unsafe impl Plain for Verdict {}

impl Verdict {
    pub(super) fn of(verdict: drift::Verdict) -> Self {
        let drift::Verdict { state, reasons, blocks } = verdict;
        let Reasons { factory, site, conditions } = reasons;
        Self { state: state as u8, factory, site, conditions, blocks }
    }
}

/// What the IoU of a frame is believed to be, in steps of 2^-16, in [0, 1].
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Estimate {
    /// Expected IoU.
    pub value: i32,
    /// The lower end of its interval.
    pub low: i32,
    /// The upper end.
    pub high: i32,
}

/// How much IoU is believed to be lost over the last frames, in steps of 2^-16.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Harm {
    /// The loss that is believed in.
    pub lost: i32,
    /// If every frame's IoU is the highest of its interval.
    pub least: i32,
    /// If every frame's IoU is the lowest of its interval.
    pub most: i32,
}

/// What a monitor makes of a frame.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Observation {
    /// The conclusion so far.
    pub verdict: Verdict,
    /// `SGM_VALID`, or why the frame was not measured: `SGM_INVALID_MISSING` and the others. It then counts as invalid.
    pub invalid: u8,
    /// Bit `1 << i`: `signals[i]` has a value.
    pub has_signals: u8,
    /// 1: there is an estimate. The profile must have learnt from labels, and the frame been measured.
    pub has_estimate: u8,
    /// 1: there were frames enough for `harm`.
    pub has_harm: u8,
    /// The signals of the frame by their places in `SGM_SIGNALS`, in steps of 2^-16; 0 where there is none.
    pub signals: [i32; SGM_SIGNAL_COUNT],
    /// Estimated IoU; 0 where there is none.
    pub estimate: Estimate,
    /// The loss of IoU that is believed in; 0 where there is none.
    pub harm: Harm,
}

// SAFETY: numbers.
unsafe impl Plain for Observation {}

impl Observation {
    pub(super) fn of(seen: &Seen) -> Self {
        let drift::Signals(signals) = seen.signals.unwrap_or_default();
        let has = |bits: u8, (place, value): (usize, &Option<Q16>)| bits | u8::from(value.is_some()) << place;
        let estimate = seen.estimate.unwrap_or_default();
        let harm = seen.harm.unwrap_or_default();
        Self {
            verdict: Verdict::of(seen.verdict),
            invalid: seen.signals.err().map_or(SGM_VALID, |why| why as u8),
            has_signals: signals.iter().enumerate().fold(0, has),
            has_estimate: seen.estimate.is_some().into(),
            has_harm: seen.harm.is_some().into(),
            signals: signals.map(|value| value.unwrap_or(Q16::ZERO).raw()),
            estimate: Estimate {
                value: estimate.value.raw(),
                low: estimate.low.raw(),
                high: estimate.high.raw(),
            },
            harm: Harm { lost: harm.lost.raw(), least: harm.least.raw(), most: harm.most.raw() },
        }
    }
}
