//! Thresholds and calibration of binary scores, as they are chosen.

use segmeter::core::sketch::{SigmoidTable, Sketch};
use segmeter::scores::{self, Asked, Levels};
pub(super) use segmeter::scores::{BOUND, Scored, calibration_errors, diagram};

use super::choice::Choice;
use super::overlap::Named;

fn with<R>(choice: &Choice, ask: impl FnOnce(&Asked<'_>) -> R) -> R {
    let wants = |key: &str| choice.wants(key);
    ask(&Asked { wants: &wants, is_kitti: choice.preset == Some("kitti_road"), binning: choice.binning })
}

/// Of 8-bit outputs. `table` has the probabilities of logits; without it codes are stored probabilities.
pub(super) fn of_sketch(choice: &Choice, sketch: &Sketch<u64>, table: Option<&SigmoidTable>) -> Scored {
    with(choice, |asked| scores::of_sketch(asked, sketch, table))
}

/// Of scores that are not codes.
pub(super) fn of_levels(choice: &Choice, sorted: &Levels) -> Scored {
    with(choice, |asked| scores::of_levels(asked, sorted))
}

/// What is wanted of the thresholds of scores that are not codes.
pub(super) fn thresholds_of_levels(choice: &Choice, sorted: &Levels) -> Vec<Named> {
    with(choice, |asked| scores::thresholds_of_levels(asked, sorted))
}

pub(super) fn wanted(choice: &Choice, values: impl Iterator<Item = Named>) -> Vec<Named> {
    with(choice, |asked| asked.wanted(values))
}
