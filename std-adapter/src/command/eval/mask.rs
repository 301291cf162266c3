//! Classes of an image as masks of one bit per pixel.

use segmeter::core::plane::Bits;
use segmeter::core::view::Shape;
use segmeter::shapes::ClassMask;

use super::predict::{IGNORED, Pair};

/// Where each class of an image is, found in one walk over its ids.
pub(super) struct Places {
    shape: Shape,
    predicted: Vec<Runs>,
    labelled: Vec<Runs>,
    /// Pixels that are scored, in words of [`Bits`].
    valid: Vec<u32>,
}

/// Pixels of a class side by side in a row: the first one, and the first one past them.
type Runs = Vec<[usize; 2]>;

impl Places {
    pub(super) fn new(pair: &Pair, classes: usize) -> Self {
        let width = pair.shape.width();
        let [mut predicted, mut labelled] = [(); 2].map(|()| vec![Runs::new(); classes]);
        let mut ignored = Runs::new();
        each_run(&pair.prediction.each(), width, |id, run| {
            predicted.get_mut(usize::from(id)).into_iter().for_each(|runs| runs.push(run));
        });
        each_run(&pair.labels.each(), width, |id, run| {
            let runs = if id == IGNORED { Some(&mut ignored) } else { labelled.get_mut(usize::from(id)) };
            runs.into_iter().for_each(|runs| runs.push(run));
        });
        let valid = packed(pair.shape, &ignored).into_iter().map(|word| !word).collect();
        Self { shape: pair.shape, predicted, labelled, valid }
    }

    /// A class against the rest.
    pub(super) fn class(&self, class: usize) -> ClassMask {
        let words = |runs: &[Runs]| packed(self.shape, runs.get(class).map_or(&[], Vec::as_slice));
        ClassMask::new(self.shape, words(&self.predicted), words(&self.labelled), self.valid.clone())
    }
}

fn each_run(ids: &[u16], width: usize, mut visit: impl FnMut(u16, [usize; 2])) {
    for (first, row) in (0..).step_by(width).zip(ids.chunks(width)) {
        let mut start = first;
        for run in row.chunk_by(|a, b| a == b) {
            let end = start + run.len();
            run.first().into_iter().for_each(|id| visit(*id, [start, end]));
            start = end;
        }
    }
}

/// The words of [`Bits`] in which these pixels are set.
fn packed(shape: Shape, runs: &[[usize; 2]]) -> Vec<u32> {
    let (width, line) = (shape.width(), shape.width().div_ceil(32));
    let mut words = vec![0; Bits::words(shape)];
    for [start, end] in runs {
        let (row, first) = (start / width, start % width);
        let last = first + (end - start) - 1;
        let words = &mut words[row * line + first / 32..=row * line + last / 32];
        let whole = words.len() - 1;
        let (low, high) = (u32::MAX << (first % 32), u32::MAX >> (31 - last % 32));
        words.iter_mut().enumerate().for_each(|(place, word)| {
            *word |= if place == 0 { low } else { u32::MAX } & if place == whole { high } else { u32::MAX };
        });
    }
    words
}

#[cfg(test)]
mod tests {
    use super::super::predict::Logits;
    use super::*;
    use crate::command::input::Ids;

    /// Every width of a row and of what is left of its last word; ids that are no class are in no mask.
    #[test]
    fn masks_have_the_pixels_of_their_class() {
        for (height, width) in (1..70).map(|width| (3, width)).chain([(1, 200), (5, 96)]) {
            let id = |pixel: usize, seed: usize| ((pixel / 5 * 7 + pixel / 19 + seed) % 4) as u16;
            let prediction: Vec<u16> = (0..height * width).map(|pixel| id(pixel, 1)).collect();
            let void = |pixel: usize| pixel % 11 < 3;
            let labels: Vec<u16> =
                (0..height * width).map(|pixel| if void(pixel) { IGNORED } else { id(pixel, 2) }).collect();
            let shape = Shape::new(height as u32, width as u32).unwrap();
            let logits = Logits::F32(Vec::new());
            let pair = Pair {
                name: String::new(),
                shape,
                prediction: Ids::Each(prediction.clone()),
                labels: Ids::Each(labels.clone()),
                sketch: None,
                logits,
            };
            let places = Places::new(&pair, 3);
            for class in 0..3 {
                let (mask, id) = (places.class(class), class as u16);
                let expected = |set: &dyn Fn(usize) -> bool| {
                    let mut words = vec![0; Bits::words(shape)];
                    let bits = Bits::new(shape, &mut words, set).unwrap();
                    (0..height).flat_map(|row| bits.row(row).to_vec()).collect::<Vec<_>>()
                };
                let is_there = |pixel: usize| prediction[pixel] == id;
                assert_eq!(mask.predicted, expected(&is_there));
                assert_eq!(mask.prediction, expected(&|pixel| is_there(pixel) && !void(pixel)));
                assert_eq!(mask.labels, expected(&|pixel| labels[pixel] == id));
                assert_eq!(mask.rows().count(), height);
            }
        }
    }
}
