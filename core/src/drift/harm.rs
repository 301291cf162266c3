//! How much of the IoU is believed to be lost.

use super::record::record;
use super::{EstimatedIou, Profile, Signal};
use crate::num::Q16;

/// What the estimates of the last frames say of the harm done: IoU of the reference less that of the frames, as means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Harm {
    /// The loss that is believed in.
    pub lost: Q16,
    /// The loss if every frame's IoU is the highest of its interval.
    pub least: Q16,
    /// The loss if every frame's IoU is the lowest of its interval.
    pub most: Q16,
}

impl Harm {
    /// The longest window.
    pub const MOST_FRAMES: usize = 8;
}

record! {
    /// Estimates of the last frames, the newest first.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) struct Recent {
        estimates: [EstimatedIou; Harm::MOST_FRAMES],
        known: u8,
        /// Whether the loss was above the margin, and has not come back to half of it.
        is_harmed: bool,
    }
}

impl Recent {
    pub(super) const NEW: Self =
        Self { estimates: [EstimatedIou::NONE; Harm::MOST_FRAMES], known: 0, is_harmed: false };

    /// Adds the estimate of the next frame and says whether the loss is above the margin.
    pub(super) fn push(&mut self, profile: &Profile, estimate: &EstimatedIou) -> bool {
        self.estimates.rotate_right(1);
        if let Some(newest) = self.estimates.first_mut() {
            *newest = *estimate;
        }
        self.known = self.known.saturating_add(1).min(Harm::MOST_FRAMES as u8);
        let margin = profile.rules.harm_margin;
        if let Some(Harm { lost, .. }) = self.harm(profile) {
            self.is_harmed = lost > margin || self.is_harmed && lost.plus(lost) > margin;
        }
        self.is_harmed
    }

    pub(super) const fn is_harmed(&self) -> bool {
        self.is_harmed
    }

    /// The loss, once there are frames for a window.
    pub(super) fn harm(&self, profile: &Profile) -> Option<Harm> {
        let window = profile.rules.harm_frames;
        if window == 0 || self.known < window {
            return None;
        }
        let frames = self.estimates.iter().take(window.into());
        let reference = profile.baselines.get(Signal::EstimatedIou as usize)?.mean;
        let loss = |of: fn(&EstimatedIou) -> Q16| {
            let sum: i64 = frames.clone().map(|estimate| i64::from(of(estimate).raw())).sum();
            reference.minus(Q16::ratio(sum, u64::from(window) << 16))
        };
        Some(Harm {
            lost: loss(|estimate| estimate.value),
            least: loss(|estimate| estimate.high),
            most: loss(|estimate| estimate.low),
        })
    }
}
