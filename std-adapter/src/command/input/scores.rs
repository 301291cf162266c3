//! Whether floats are the scores that they are taken for.

use std::path::Path;

use segmeter::files::{Elements, Order};

use crate::command::note;

/// What is expected of a probability.
pub(in crate::command) const PROBABILITIES: &str =
    "expected probabilities in [0, 1]: round-off beyond them is to be clipped";

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
    /// Of what the probabilities of all classes sum to, beyond what rounding to 8 bits explains.
    sums: Option<(f64, f64)>,
    highest_code: Option<u8>,
}

impl Range {
    pub(in crate::command) fn push(&mut self, score: f64) {
        let scores = Some((score, score)).filter(|_| !score.is_nan());
        self.merge(&Self { scores, ..Self::default() });
    }

    /// Adds many, several at once; what is NaN is left out.
    pub(in crate::command) fn push_all<T: Copy + Into<f64>>(&mut self, scores: &[T]) {
        let (blocks, rest) = scores.as_chunks::<8>();
        let (mut least, mut most) = ([f64::INFINITY; 8], [f64::NEG_INFINITY; 8]);
        for block in blocks {
            for ((least, most), score) in least.iter_mut().zip(&mut most).zip(block) {
                let score: f64 = (*score).into();
                *least = if score < *least { score } else { *least };
                *most = if score > *most { score } else { *most };
            }
        }
        let ends = least.into_iter().zip(most).filter(|(least, most)| least <= most);
        ends.flat_map(|(least, most)| [least, most]).for_each(|end| self.push(end));
        rest.iter().for_each(|score| self.push((*score).into()));
    }

    /// Adds the probabilities of all classes of the pixels that are scored.
    pub(in crate::command) fn push_classes<T: Copy + Into<f64>>(
        &mut self,
        (shares, pixels, order): (&[T], usize, Order),
        is_scored: impl Fn(usize) -> bool,
    ) {
        let classes = shares.len().checked_div(pixels).unwrap_or(0);
        // What rounding of each to 8 bits explains, and as much again.
        let slack = 0.01 + classes as f64 / 256.0;
        let (of_pixel, of_class) = if order == Order::Interleaved { (classes, 1) } else { (1, pixels) };
        for pixel in (0..pixels).filter(|pixel| is_scored(*pixel)) {
            let own = shares.iter().skip(pixel * of_pixel).step_by(of_class.max(1)).take(classes);
            let sum: f64 = own.map(|share| (*share).into()).sum();
            let sums = Some((sum, sum)).filter(|_| (sum - 1.0).abs() > slack);
            self.merge(&Self { sums, ..Self::default() });
        }
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

    /// As it is kept: scores, sums, and the highest code.
    pub(in crate::command) const fn parts(&self) -> ([Option<(f64, f64)>; 2], Option<u8>) {
        ([self.scores, self.sums], self.highest_code)
    }

    /// What was kept.
    pub(in crate::command) const fn of_parts(
        [scores, sums]: [Option<(f64, f64)>; 2],
        highest_code: Option<u8>,
    ) -> Self {
        Self { scores, sums, highest_code }
    }

    /// Without the codes, where they stand for others.
    pub(in crate::command) fn without_codes(self) -> Self {
        Self { highest_code: None, ..self }
    }

    pub(in crate::command) fn merge(&mut self, other: &Self) {
        let of_both = |one: Option<(f64, f64)>, other: Option<(f64, f64)>| {
            one.into_iter().chain(other).reduce(|(a, b), (least, greatest)| (a.min(least), b.max(greatest)))
        };
        self.scores = of_both(self.scores, other.scores);
        self.sums = of_both(self.sums, other.sums);
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
        if let Some((low, high)) = self.sums {
            note(format_args!(
                "{path}: probabilities of the classes of a pixel sum to {low:.4} at the least and {high:.4} at the most, not to \
                 1: of logits leave --probabilities out, of classes that do not exclude each other evaluate each by itself"
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_scores_are_one_after_the_other() {
        let mut scores: Vec<f32> = (0..29_i16).map(|place| f32::from(place * 7 % 23 - 9)).collect();
        for (place, other) in [(0, f32::NAN), (3, f32::INFINITY), (8, f32::NAN), (28, f32::NEG_INFINITY)] {
            for count in 0..=scores.len() {
                let (mut all, mut each) = (Range::default(), Range::default());
                all.push_all(&scores[..count]);
                scores[..count].iter().for_each(|score| each.push(f64::from(*score)));
                assert_eq!(all.scores, each.scores, "{count}");
            }
            scores[place] = other;
        }
        let mut none = Range::default();
        none.push_all(&[f64::NAN; 19]);
        assert_eq!(none.scores, None);
    }
}
