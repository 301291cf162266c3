//! Counting of rows, run by run: as a microcontroller does it, and for any number of classes.

use super::count::add;
use crate::error::{Error, Result};

/// Counts of (label, prediction) of any number of classes, which the caller keeps and which grow here: what a
/// [`ConfusionView`](super::ConfusionView) reads, where the number of classes is known at run time alone.
///
/// ```
/// use segmeter_core::metric::{ConfusionCells, ConfusionView};
/// let (mut counts, mut foreign) = ([0; 9], [0; 3]);
/// let mut cells = ConfusionCells::new(&mut counts, &mut foreign, 255)?;
/// cells.push_row(&[0, 2, 2, 9, 1], &[0, 1, 2, 2, 255])?;
/// assert_eq!((cells.ignored(), cells.saturated()), (1, false));
/// let confusion = ConfusionView::new(&counts, &foreign, &[])?;
/// assert_eq!(confusion.class(2).iou().value(), Some(1.0 / 3.0));
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Debug)]
pub struct ConfusionCells<'a> {
    counts: &'a mut [u64],
    foreign: &'a mut [u64],
    ignored: u64,
    ignore: u8,
    saturated: bool,
}

/// Neighbours of the same label and prediction.
struct Run {
    /// Label and prediction.
    ids: [u8; 2],
    /// Four of each.
    words: [u32; 2],
    start: usize,
    end: usize,
}

impl<'a> ConfusionCells<'a> {
    /// `counts[label * classes + prediction]` as they are so far; `foreign[label]` are scored pixels whose prediction is no
    /// class. Pixels labelled `ignore` are not scored.
    ///
    /// # Errors
    /// [`Error::Length`] unless `counts` is the square of `foreign`.
    pub const fn new(counts: &'a mut [u64], foreign: &'a mut [u64], ignore: u8) -> Result<Self> {
        let expected = foreign.len().saturating_mul(foreign.len());
        if counts.len() != expected {
            return Err(Error::Length { expected, found: counts.len() });
        }
        Ok(Self::of(counts, foreign, ignore))
    }

    #[inline(always)]
    pub(super) const fn of(counts: &'a mut [u64], foreign: &'a mut [u64], ignore: u8) -> Self {
        Self { counts, foreign, ignored: 0, ignore, saturated: false }
    }

    /// Adds one row, as [`Confusion::push_row`](super::Confusion::push_row) does.
    ///
    /// # Errors
    /// Those of [`Confusion::push_row`](super::Confusion::push_row).
    pub fn push_row(&mut self, predictions: &[u8], labels: &[u8]) -> Result<()> {
        if predictions.len() != labels.len() {
            return Err(Error::Length { expected: labels.len(), found: predictions.len() });
        }
        self.push_each(0, predictions, labels)
    }

    /// Pixels since [`ConfusionCells::new`] that were not scored.
    #[must_use]
    pub const fn ignored(&self) -> u64 {
        self.ignored
    }
    /// Whether a counter would have passed its largest value; what is read from it is then too low.
    #[must_use]
    pub const fn saturated(&self) -> bool {
        self.saturated
    }

    /// Adds a row run by run, four pixels at a time where they are all alike; `first` is the number of its first pixel.
    #[inline(always)]
    pub(super) fn push_each(&mut self, first: usize, predictions: &[u8], labels: &[u8]) -> Result<()> {
        let (fours, rest) = predictions.as_chunks::<4>();
        let (label_fours, label_rest) = labels.as_chunks::<4>();
        let mut run = Run { ids: [0; 2], words: [0; 2], start: first, end: first };
        for (predictions, labels) in fours.iter().zip(label_fours) {
            if run.words == [u32::from_le_bytes(*labels), u32::from_le_bytes(*predictions)] {
                run.end += 4;
            } else {
                self.push_pixels(&mut run, predictions, labels)?;
            }
        }
        self.push_pixels(&mut run, rest, label_rest)?;
        self.push_run(&run)
    }

    /// Adds pixels to a run; one that ends is counted.
    #[inline(always)]
    fn push_pixels(&mut self, run: &mut Run, predictions: &[u8], labels: &[u8]) -> Result<()> {
        for (prediction, label) in predictions.iter().zip(labels) {
            let ids = [*label, *prediction];
            if ids != run.ids {
                self.push_run(run)?;
                let words = ids.map(|id| u32::from_le_bytes([id; 4]));
                *run = Run { ids, words, start: run.end, end: run.end };
            }
            run.end += 1;
        }
        Ok(())
    }

    #[inline(always)]
    fn push_run(&mut self, run: &Run) -> Result<()> {
        let ([label, prediction], pixels) = (run.ids, (run.end - run.start) as u64);
        if label == self.ignore {
            self.saturated |= add(&mut self.ignored, pixels);
        } else if usize::from(label) < self.foreign.len() {
            self.add(usize::from(label), usize::from(prediction), pixels);
        } else if pixels != 0 {
            return Err(Error::ClassId { found: label, pixel: run.start });
        }
        Ok(())
    }

    /// Adds pixels of a label that is a class, and a prediction that may be none.
    #[inline(always)]
    pub(super) fn add(&mut self, label: usize, prediction: usize, pixels: u64) {
        let classes = self.foreign.len();
        let cell = if prediction < classes {
            self.counts.get_mut(label * classes + prediction)
        } else {
            self.foreign.get_mut(label)
        };
        if let Some(count) = cell {
            self.saturated |= add(count, pixels);
        }
    }
}
