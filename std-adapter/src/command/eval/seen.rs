//! What predictions look like: whether they are what they are taken for.

use std::collections::BTreeSet;
use std::path::Path;

use segmeter::core::view::IGNORE;
use segmeter::files::Order;

use super::choice::Choice;
use super::count::Counts;
use super::matrix::Matrix;
use super::predict::{IGNORED, Logits, Pair, Reader};
use crate::command::input::Range;
use crate::command::note;
use segmeter::scores::{Real, Scale};

/// What was seen of all predictions.
#[derive(Default)]
pub(super) struct Seen {
    /// Of scores that are no codes.
    scores: Range,
    /// The first image with a predicted id that is no class, where it is scored; such ids, and pixels of them.
    strangers: Option<usize>,
    ids: BTreeSet<u16>,
    pixels: u64,
}

impl Seen {
    /// Adds the scores of an image.
    pub(super) fn add(&mut self, pair: &Pair, choice: &Choice) {
        match &pair.logits {
            Logits::F32(scores) => self.add_scores(scores, pair, choice),
            Logits::F64(scores) => self.add_scores(scores, pair, choice),
        }
        if let Some(sketch) = &pair.sketch {
            let highest = (0..=u8::MAX).rfind(|code| sketch.pixels_at(*code) != 0);
            self.scores = self.scores.with_codes(highest.as_slice());
        }
    }

    /// Adds the predicted ids of an image.
    pub(super) fn add_ids(&mut self, image: usize, counts: &Counts, matrix: &Matrix) {
        if matrix.has_foreign() {
            let scored = counts.each().filter(|(label, ..)| *label != IGNORED);
            for (_, id, pixels) in scored.filter(|(_, id, _)| usize::from(*id) >= matrix.classes()) {
                self.pixels += pixels;
                self.ids.insert(id);
            }
            self.strangers = Some(self.strangers.map_or(image, |first| first.min(image)));
        }
    }

    fn add_scores<T: Real>(&mut self, scores: &[T], pair: &Pair, choice: &Choice) {
        self.scores.push_all(scores);
        if choice.softmax && choice.scale == Scale::Probability {
            let is_scored = |pixel: usize| pair.labels.get(pixel) != Some(IGNORED);
            self.scores.push_classes((scores, pair.labels.len(), Order::Planar), is_scored);
        }
    }

    /// The scores as they are kept.
    pub(super) const fn parts(&self) -> ([Option<(f64, f64)>; 2], Option<u8>) {
        self.scores.parts()
    }

    /// Adds the scores of an image that was kept.
    pub(super) fn add_parts(&mut self, ranges: [Option<(f64, f64)>; 2], highest_code: Option<u8>) {
        self.scores.merge(&Range::of_parts(ranges, highest_code));
    }

    pub(super) fn merge(&mut self, other: &mut Self) {
        self.scores.merge(&other.scores);
        self.ids.append(&mut other.ids);
        self.pixels += other.pixels;
        self.strangers = self.strangers.into_iter().chain(other.strangers).min();
    }

    /// Says what may mislead.
    pub(super) fn note(&self, reader: &Reader, classes: usize) {
        let has_scale = reader.quantiser().is_some_and(|quantiser| quantiser.affine().is_some());
        let scores = if has_scale { self.scores.without_codes() } else { self.scores };
        scores.note(reader.path(), !reader.has_float_logits());
        let Some(image) = self.strangers else { return };
        let ids: Vec<_> = self.ids.iter().take(5).map(ToString::to_string).collect();
        let more = if self.ids.len() > ids.len() { ", ..." } else { "" };
        let (ids, last) = (ids.join(", ") + more, classes - 1);
        let foreground = self.ids.contains(&u16::from(IGNORE)) && classes == 2;
        let way = if foreground {
            "--foreground 255, or give ids with --map"
        } else if reader.labels().maps_predictions() {
            "--classes, or, of predictions that have the ids of the map already, --map labels=..."
        } else {
            "--classes, or give ids with --map"
        };
        let file: &Path = reader.file(image);
        note(format_args!(
            "{}: {} pixels{} are predicted as {ids}, which is no class (0 to {last}), and count as wrong; if it is one, say {way}",
            file.display(),
            self.pixels,
            if reader.len() > 1 { " of this and of all files after it" } else { "" }
        ));
    }
}
