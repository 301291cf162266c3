//! Overlap metrics from a confusion matrix of integer counts.

use core::slice;

use crate::error::{Error, Result};
use crate::sketch::{Count, SigmoidTable, Sketch};
use count::add;

mod agreement;
mod count;
mod read;

pub use agreement::{Disagreement, Volume};
pub use read::ConfusionView;

/// Counts of (label, prediction) over `C` classes.
///
/// State: `8 C^2` bytes and two counters. `merge` adds frames, tiles and devices.
///
/// Cost: rows of two classes are counted 16 pixels at a time, long rows of up to 32 classes in four histograms of
/// `4 C^2` bytes on the stack; otherwise, and on a microcontroller, run by run, four pixels at a time.
///
/// ```
/// use segmeter_core::metric::Confusion;
/// let mut confusion = Confusion::<2>::new(255);
/// confusion.push_row(&[1, 1, 0, 0, 1], &[1, 0, 0, 1, 255])?;
/// assert_eq!(confusion.class(1).iou().value(), Some(1.0 / 3.0));
/// assert_eq!(confusion.ignored(), 1);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion<const C: usize> {
    counts: [[u64; C]; C],
    /// Scored pixels whose prediction is no class: wrong for their label, in nobody's predicted area.
    foreign: [u64; C],
    ignored: u64,
    /// The ignore id: if it is a class, it is in no mean.
    ignore: u16,
    saturated: bool,
}

impl<const C: usize> Confusion<C> {
    /// An empty matrix; pixels labelled `ignore` are not scored. If that is a class, the class is in no mean.
    #[must_use]
    pub const fn new(ignore: u8) -> Self {
        Self { counts: [[0; C]; C], foreign: [0; C], ignored: 0, ignore: ignore as u16, saturated: false }
    }

    const fn ignore_id(&self) -> u8 {
        self.ignore as u8
    }

    /// Adds one row.
    ///
    /// A prediction that is no class (the ignore id too) counts as wrong.
    ///
    /// One pass. On 64-bit machines rows of 512 pixels and more take 8 KiB of stack, unless there are two classes.
    ///
    /// # Errors
    /// [`Error::Length`], or [`Error::ClassId`] for the first label that is neither a class nor the ignore id;
    /// the pixels before it have then been added.
    pub fn push_row(&mut self, predictions: &[u8], labels: &[u8]) -> Result<()> {
        if predictions.len() != labels.len() {
            return Err(Error::Length { expected: labels.len(), found: predictions.len() });
        }
        if count::WIDE && C == 2 && self.ignore_id() > 1 {
            self.push_two(predictions, labels)
        } else if Self::is_banked(labels.len()) {
            self.push_banked(predictions, labels)
        } else {
            self.push_each(0, predictions, labels)
        }
    }

    /// Adds the counts of another matrix.
    pub fn merge(&mut self, other: &Self) {
        self.saturated |= other.saturated;
        for (a, b) in self.counts.as_flattened_mut().iter_mut().zip(other.counts.as_flattened()) {
            self.saturated |= add(a, *b);
        }
        for (a, b) in self.foreign.iter_mut().zip(other.foreign) {
            self.saturated |= add(a, b);
        }
        self.saturated |= add(&mut self.ignored, other.ignored);
    }

    /// Forgets every pixel.
    pub fn clear(&mut self) {
        self.reset(self.ignore_id());
    }

    /// Forgets every pixel; those labelled `ignore` are not scored from now on. In place: a stack may have no room for a copy.
    pub fn reset(&mut self, ignore: u8) {
        self.counts.as_flattened_mut().fill(0);
        self.foreign.fill(0);
        (self.ignored, self.ignore, self.saturated) = (0, ignore.into(), false);
    }

    /// Whether a counter would have passed its largest value; what is read from it is then too low.
    #[must_use]
    pub const fn saturated(&self) -> bool {
        self.saturated
    }
    /// The counts, `[label][prediction]`.
    #[must_use]
    pub const fn counts(&self) -> &[[u64; C]; C] {
        &self.counts
    }
    /// Pixels that were not scored.
    #[must_use]
    pub const fn ignored(&self) -> u64 {
        self.ignored
    }
    /// The same counts without their number in the type.
    #[must_use]
    pub const fn view(&self) -> ConfusionView<'_> {
        ConfusionView::of(self.counts.as_flattened(), &self.foreign, slice::from_ref(&self.ignore))
    }
}

impl Confusion<2> {
    /// The matrix of a sketch at the threshold "logit above zero"; exact.
    #[must_use]
    pub fn of_sketch<N: Count>(sketch: &Sketch<N>, table: &SigmoidTable) -> Self {
        let mut confusion = Self::new(crate::view::IGNORE);
        for (label, row) in (0u8..).zip(&mut confusion.counts) {
            let total = sketch.labelled(label);
            let below: u64 = (0..=table.threshold()).map(|index| sketch.count(label, index)).sum();
            *row = [below, total - below];
        }
        confusion.ignored = sketch.pixels().saturating_sub(confusion.pixels());
        confusion.saturated = sketch.saturated();
        confusion
    }
}
