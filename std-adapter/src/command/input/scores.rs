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

/// The least and the greatest of many scores, or of codes of probabilities in steps of 1/255.
#[derive(Clone, Copy, Default)]
pub(in crate::command) struct Range {
    scores: Option<(f64, f64)>,
    highest_code: Option<u8>,
}

impl Range {
    pub(in crate::command) fn push(&mut self, score: f64) {
        let scores = Some((score, score)).filter(|_| !score.is_nan());
        self.merge(&Self { scores, highest_code: None });
    }

    /// With the codes of an image.
    pub(in crate::command) fn with_codes(mut self, codes: &[u8]) -> Self {
        self.highest_code = self.highest_code.max(codes.iter().max().copied());
        self
    }

    /// Whether some scores are beyond these.
    pub(in crate::command) fn is_beyond(&self, least: f64, most: f64) -> bool {
        self.scores.is_some_and(|(low, high)| low < least || high > most)
    }

    /// Without the codes, where they stand for others.
    pub(in crate::command) fn without_codes(self) -> Self {
        Self { highest_code: None, ..self }
    }

    pub(in crate::command) fn merge(&mut self, other: &Self) {
        let both = self.scores.into_iter().chain(other.scores);
        self.scores = both.reduce(|(low, high), (least, greatest)| (low.min(least), high.max(greatest)));
        self.highest_code = self.highest_code.max(other.highest_code);
    }

    /// Says that numbers look like others than they were taken for.
    pub(in crate::command) fn note(&self, path: &Path, is_probability: bool) {
        let path = path.display();
        if self.highest_code == Some(1) {
            note(format_args!(
                "{path}: all numbers are 0 or 1 and were taken as probabilities of 0 and 1/255: of masks leave \
                 --probabilities out"
            ));
        }
        let Some((low, high)) =
            self.scores.filter(|(low, high)| !is_probability && *low >= 0.0 && low < high)
        else {
            return;
        };
        let taken = format!("{path}: all numbers are from {low} to {high} and were taken as logits");
        if high <= 1.0 {
            note(format_args!("{taken}: of probabilities say --probabilities, of class ids save uint8"));
        } else if high > 30.0 && high <= 255.0 {
            note(format_args!(
                "{taken}, none below 0: of class ids save uint8, of probabilities times 255 too and say --probabilities"
            ));
        }
    }
}
