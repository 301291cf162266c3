//! Maps of segments: which segment of the labels meets which of the predictions in how many pixels.

use crate::error::{Error, Result};

/// A segment: a category and an instance of it. Instance 0 is all of a category that has no instances ("stuff").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Segment {
    /// The class.
    pub category: u16,
    /// The instance.
    pub instance: u16,
}

impl Segment {
    /// Not judged; in a prediction, of no category.
    pub const VOID: Self = Self { category: u16::MAX, instance: u16::MAX };
}

/// A pair of segments, and the pixels that both have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Overlap {
    /// In the labels.
    pub label: Segment,
    /// In the predictions.
    pub prediction: Segment,
    /// Pixels of both.
    pub pixels: u32,
}

impl Overlap {
    /// A slot to be used.
    pub const EMPTY: Self = Self { label: Segment::VOID, prediction: Segment::VOID, pixels: 0 };
}

/// The pairs of segments of one image, in slots of the caller.
///
/// A pixel whose pair finds no slot is lost, and counted: [`Overlaps::lost`]. Cost: a comparison per pixel, and a
/// search of the slots where the pair changes.
#[derive(Debug)]
pub struct Overlaps<'a> {
    slots: &'a mut [Overlap],
    used: usize,
    lost: u64,
}

impl<'a> Overlaps<'a> {
    /// No pixel yet.
    #[must_use]
    pub const fn new(slots: &'a mut [Overlap]) -> Self {
        Self { slots, used: 0, lost: 0 }
    }

    /// Adds a row.
    ///
    /// # Errors
    /// [`Error::Length`].
    pub fn push_row(&mut self, predictions: &[Segment], labels: &[Segment]) -> Result<()> {
        if predictions.len() != labels.len() {
            return Err(Error::Length { expected: labels.len(), found: predictions.len() });
        }
        let mut run = Overlap::EMPTY;
        for (prediction, label) in predictions.iter().zip(labels) {
            if (run.prediction, run.label) != (*prediction, *label) {
                self.add(run);
                run = Overlap { label: *label, prediction: *prediction, pixels: 0 };
            }
            run.pixels = run.pixels.saturating_add(1);
        }
        self.add(run);
        Ok(())
    }

    fn add(&mut self, run: Overlap) {
        if run.pixels == 0 {
            return;
        }
        let same = |slot: &&mut Overlap| (slot.label, slot.prediction) == (run.label, run.prediction);
        if let Some(slot) = self.slots.iter_mut().take(self.used).find(same) {
            slot.pixels = slot.pixels.saturating_add(run.pixels);
        } else if let Some(slot) = self.slots.get_mut(self.used) {
            *slot = run;
            self.used += 1;
        } else {
            self.lost = self.lost.saturating_add(run.pixels.into());
        }
    }

    /// The pairs found.
    #[must_use]
    pub fn pairs(&self) -> &[Overlap] {
        self.slots.get(..self.used).unwrap_or_default()
    }

    /// Pixels that found no slot: with any, the numbers are those of the other pixels.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    /// Pixels of the pairs for which `meets` holds.
    pub(super) fn area(&self, meets: impl Fn(&Overlap) -> bool) -> u64 {
        self.pairs().iter().filter(|pair| meets(pair)).map(|pair| u64::from(pair.pixels)).sum()
    }

    /// Calls `visit` once for every segment on one side, which `side` tells.
    pub(super) fn each(&self, side: fn(&Overlap) -> Segment, mut visit: impl FnMut(Segment)) {
        for (place, pair) in self.pairs().iter().enumerate() {
            let segment = side(pair);
            let first = self.pairs().iter().position(|other| side(other) == segment);
            if first == Some(place) {
                visit(segment);
            }
        }
    }
}
