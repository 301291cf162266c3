//! Whether floats are the scores that they are taken for.

use std::path::Path;

use segmeter::files::Elements;

use crate::command::note;

/// The first score that is none, and where it is, of those that matter.
pub(in crate::command) fn wrong_score(
    scores: &Elements,
    is_probability: bool,
    matters: impl Fn(&(usize, f64)) -> bool,
) -> Option<(usize, f64)> {
    let is_wrong = |(_, score): &(usize, f64)| {
        if is_probability { !(0.0..=1.0).contains(score) } else { score.is_nan() }
    };
    let wrong = |found: &(usize, f64)| is_wrong(found) && matters(found);
    match scores {
        Elements::F32(scores) => scores.iter().map(|score| f64::from(*score)).enumerate().find(wrong),
        Elements::F64(scores) => scores.iter().copied().enumerate().find(wrong),
        _ => None,
    }
}

/// The least and the greatest of many scores.
#[derive(Clone, Copy, Default)]
pub(in crate::command) struct Range(Option<(f64, f64)>);

impl Range {
    pub(in crate::command) fn push(&mut self, score: f64) {
        self.merge(&Self(Some((score, score)).filter(|_| !score.is_nan())));
    }

    pub(in crate::command) fn merge(&mut self, other: &Self) {
        let both = self.0.into_iter().chain(other.0);
        self.0 = both.reduce(|(low, high), (least, greatest)| (low.min(least), high.max(greatest)));
    }

    /// Says that logits look like probabilities.
    pub(in crate::command) fn note(&self, path: &Path, is_probability: bool) {
        let Some((low, high)) =
            self.0.filter(|(low, high)| !is_probability && *low >= 0.0 && *high <= 1.0 && low < high)
        else {
            return;
        };
        note(format_args!(
            "{}: all numbers are from {low} to {high} and were taken as logits: of probabilities say --probabilities, of class \
             ids save uint8",
            path.display()
        ));
    }
}
