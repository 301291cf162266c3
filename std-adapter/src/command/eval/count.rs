//! Pixels of images by label and prediction, and which classes there are.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Failure;
use super::each::each;
use super::predict::{IGNORED, Reader};
use crate::command::input::{Ids, meaning, run};
use crate::report;

mod runs;

/// Numbers of images that are kept while it is not known how many classes there are: 16 MiB. An image beyond is read again.
const MOST_KEPT: usize = 1 << 21;

/// A matrix of so many has 8 MiB, one per thread and one per image under way.
pub(super) const MOST_CLASSES: usize = 1024;

/// Rows of a [`Counter`]: a class each, and what is not scored.
const ROWS: usize = MOST_CLASSES + 1;

/// Pixels of an image by label and prediction, none of those that it does not have.
pub(super) struct Counts(Vec<Cell>);

/// More pixels than fit stand in several.
struct Cell {
    label: u16,
    predicted: u16,
    pixels: u32,
}

impl Counts {
    /// Of labels, predictions and pixels.
    pub(super) fn of(cells: &[(u16, u16, u64)]) -> Self {
        let mut all = Vec::with_capacity(cells.len());
        cells
            .iter()
            .for_each(|(label, predicted, pixels)| push_cells(&mut all, [*label, *predicted], *pixels));
        Self(all)
    }

    /// Label, prediction and pixels; the label may be [`IGNORED`].
    pub(super) fn each(&self) -> impl Iterator<Item = (u16, u16, u64)> {
        self.0.iter().map(|cell| (cell.label, cell.predicted, cell.pixels.into()))
    }

    /// The highest class id; predictions of ignored ids are no classes.
    fn highest(&self, ignored: &[u16]) -> u16 {
        let ids = self.each().flat_map(|(label, predicted, _)| {
            [Some(label).filter(|id| *id != IGNORED), Some(predicted).filter(|id| !ignored.contains(id))]
        });
        ids.flatten().max().unwrap_or(0)
    }
}

/// Counts image after image.
#[derive(Default)]
pub(super) struct Counter {
    /// Of ids that may be classes, row by row, one for each label. All 0 between images.
    counts: Vec<u64>,
    /// Where there are some.
    places: Vec<usize>,
    /// Of other ids.
    others: BTreeMap<[u16; 2], u64>,
}

impl Counter {
    pub(super) fn new() -> Self {
        Self { counts: vec![0; ROWS * MOST_CLASSES], places: Vec::new(), others: BTreeMap::new() }
    }

    /// Counts an image, run by run: neighbours are often the same.
    pub(super) fn image(&mut self, prediction: &Ids<u16>, labels: &Ids<u16>) -> Counts {
        if let (Ids::Bytes(prediction, ids), Ids::Bytes(labels, label_ids)) = (prediction, labels) {
            self.bytes(prediction, labels);
            let counts = self.take();
            return self.renamed(&counts, label_ids, ids);
        }
        let (prediction, labels) = (prediction.each(), labels.each());
        let mut start = 0;
        while let (Some(predicted), Some(label)) = (prediction.get(start), labels.get(start)) {
            let pixels = run([*predicted, *label], [&prediction[start..], &labels[start..]]);
            self.add(*label, *predicted, pixels as u64);
            start += pixels;
        }
        self.take()
    }

    /// Counts bytes, whatever they stand for.
    pub(super) fn bytes(&mut self, prediction: &[u8], labels: &[u8]) {
        runs::each_run(prediction, labels, |[predicted, label], pixels| {
            self.add_class(usize::from(label), predicted.into(), pixels as u64);
        });
    }

    /// The same counts, of what bytes stand for.
    pub(super) fn renamed(&mut self, counts: &Counts, label_ids: &[u16], ids: &[u16]) -> Counts {
        for (label, predicted, pixels) in counts.each() {
            self.add(meaning(label_ids, label), meaning(ids, predicted), pixels);
        }
        self.take()
    }

    fn add(&mut self, label: u16, predicted: u16, pixels: u64) {
        let may_be_class = |id: u16| usize::from(id) < MOST_CLASSES;
        if !may_be_class(predicted) || !(may_be_class(label) || label == IGNORED) {
            *self.others.entry([label, predicted]).or_default() += pixels;
            return;
        }
        let row = if label == IGNORED { MOST_CLASSES } else { usize::from(label) };
        self.add_class(row, predicted, pixels);
    }

    fn add_class(&mut self, row: usize, predicted: u16, pixels: u64) {
        let place = row * MOST_CLASSES + usize::from(predicted);
        let count = &mut self.counts[place];
        if *count == 0 {
            self.places.push(place);
        }
        *count += pixels;
    }

    /// What was counted, and begins again.
    pub(super) fn take(&mut self) -> Counts {
        let id = |number: usize| u16::try_from(number).ok().filter(|id| usize::from(*id) < MOST_CLASSES);
        let classes = self.places.drain(..).map(|place| {
            let [label, predicted] = [place / MOST_CLASSES, place % MOST_CLASSES].map(id);
            let count = self.counts.get_mut(place).map_or(0, std::mem::take);
            ([label, predicted].map(|id| id.unwrap_or(IGNORED)), count)
        });
        let mut cells = Vec::with_capacity(classes.len() + self.others.len());
        let all = classes.chain(std::mem::take(&mut self.others));
        all.for_each(|(ids, pixels)| push_cells(&mut cells, ids, pixels));
        Counts(cells)
    }
}

/// Pixels of a label and a prediction, in as many cells as they need.
fn push_cells(cells: &mut Vec<Cell>, [label, predicted]: [u16; 2], mut left: u64) {
    while left != 0 {
        let pixels = u32::try_from(left).unwrap_or(u32::MAX);
        cells.push(Cell { label, predicted, pixels });
        left -= u64::from(pixels);
    }
}

/// What a walk over all images found, where nobody said how many classes there are.
pub(super) struct Survey {
    /// The highest class id of labels and predictions, at least 1.
    pub(super) highest: usize,
    /// Of every image, as far as they are kept.
    counts: Vec<Option<Counts>>,
}

impl Survey {
    /// Walks over all images; what it counts is kept if that is all that is wanted of them.
    pub(super) fn new(reader: &Reader, threads: NonZero<usize>, keeps: bool) -> Result<Self, Failure> {
        let ignored = reader.labels().ignored();
        let bar =
            report::progress_of(reader.len(), if keeps { "images" } else { "images for their classes" });
        let kept = AtomicUsize::new(0);
        let work = |counter: &mut Counter, image: usize| {
            let counts = match reader.counts(image, counter) {
                Some(counts) => counts,
                None => {
                    let pair = reader.pair(image)?;
                    let counts = counter.image(&pair.prediction, &pair.labels);
                    pair.give_back();
                    counts
                }
            };
            let highest = counts.highest(ignored);
            let cells = counts.0.len();
            let is_kept = keeps && kept.fetch_add(cells, Ordering::Relaxed) + cells <= MOST_KEPT;
            bar.inc(1);
            Ok::<_, Failure>((highest, is_kept.then_some(counts)))
        };
        let (_, images) = each(threads, reader.len(), Counter::new, work)?;
        bar.finish_and_clear();
        let (highest, counts): (Vec<u16>, Vec<_>) = images.into_iter().unzip();
        let highest = highest.into_iter().max().unwrap_or(0).max(1);
        Ok(Self { highest: highest.into(), counts })
    }

    /// What is known of an image.
    pub(super) fn counts(&self, image: usize) -> Option<&Counts> {
        self.counts.get(image)?.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs of every length around that of a block, in bytes and in ids of 16 bits.
    #[test]
    fn runs_are_counted_pixel_by_pixel() {
        let ids = |lengths: &[usize]| -> Vec<u8> {
            (0..).zip(lengths).flat_map(|(id, length)| vec![id % 3; *length]).collect()
        };
        let labels = ids(&[1, 15, 16, 17, 31, 32, 33, 47, 8]);
        let table: Vec<u16> = vec![2, IGNORED, 1500];
        let mut counter = Counter::new();
        for first in 0..40 {
            let prediction = ids(&[first, 33, 5, 200])[..labels.len()].to_vec();
            let mut expected = BTreeMap::<[u16; 2], u64>::new();
            for (predicted, label) in prediction.iter().zip(&labels) {
                *expected.entry([table[usize::from(*label)], u16::from(*predicted)]).or_default() += 1;
            }
            let prediction = Ids::Bytes(prediction, vec![0, 1, 2]);
            let labels = Ids::Bytes(labels.clone(), table.clone());
            let wide = [&prediction, &labels].map(|ids| Ids::Each(ids.each().into_owned()));
            for [prediction, labels] in
                [[&prediction, &labels], [&wide[0], &wide[1]], [&prediction, &wide[1]]]
            {
                let found = counter.image(prediction, labels);
                let found = found.each().map(|(label, predicted, pixels)| ([label, predicted], pixels));
                assert_eq!(found.collect::<BTreeMap<_, _>>(), expected, "{first}");
            }
        }
    }

    #[test]
    fn ids_at_the_ends_are_themselves() {
        let ids = [0, 1, 1023, 1024, 1025, 65534, IGNORED];
        let pairs = ids.iter().flat_map(|label| ids.iter().map(move |predicted| [*label, *predicted]));
        let (labels, prediction) = pairs.clone().map(|[label, predicted]| (label, predicted)).unzip();
        let found = Counter::new().image(&Ids::Each(prediction), &Ids::Each(labels));
        let mut found: Vec<_> = found.each().collect();
        found.sort_unstable();
        let mut expected: Vec<_> = pairs.map(|[label, predicted]| (label, predicted, 1)).collect();
        expected.sort_unstable();
        assert_eq!(found, expected);
    }

    #[test]
    fn more_pixels_than_a_cell_has_are_several_cells() {
        let mut counter = Counter::new();
        let pixels = 2 * u64::from(u32::MAX) + 7;
        counter.add(3, 4, pixels);
        let found = counter.take();
        assert_eq!((found.0.len(), found.each().map(|(.., pixels)| pixels).sum::<u64>()), (3, pixels));
    }
}
