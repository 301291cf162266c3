//! The bins of confidences, of codes or of any scores: where a confidence goes, and what is said of them.

use super::ONE;

/// Where bins of equal width begin and end. A confidence is on an edge if no step of `1 / ONE` tells it from the edge: 0.3
/// is on that of three tenths, as it is written, whatever `f32` makes of it. Of stored probabilities, in steps of 1/255,
/// each is known exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Edges {
    /// A confidence on an inner edge belongs to the bin above, and both outer edges are closed.
    #[default]
    Closed,
    /// `[low, high)`, with a hidden bin for a confidence of exactly 1: torchmetrics. Between many certain pixels and
    /// the nearly certain ones of the last bin errors can no longer cancel.
    Torchmetrics,
    /// `(low, high]`: a confidence of exactly 0 is in no bin, nor in the number of pixels. Metrics Reloaded.
    MetricsReloaded,
}

impl Edges {
    /// The place among `bins` bins of a confidence in steps of `1 / ONE`: `bins` is that of the hidden one.
    #[must_use]
    pub fn place(self, bins: usize, confidence: u32) -> Option<usize> {
        self.place_in(bins, confidence, ONE)
    }

    #[inline]
    pub(super) fn place_in(self, bins: usize, confidence: u32, unit: u32) -> Option<usize> {
        let scaled = u64::from(confidence).saturating_mul(bins as u64);
        // An edge of bins lies on a step of `1 / ONE` or between two, which are both on it: from above the lower one belongs
        // to it, from below the upper one.
        let slack = if unit == ONE { bins as u64 } else { 1 };
        match self {
            Self::Torchmetrics if confidence == unit => Some(bins),
            Self::MetricsReloaded if confidence == 0 => None,
            Self::MetricsReloaded => Some(whole(scaled.saturating_sub(slack), unit)),
            Self::Closed | Self::Torchmetrics => {
                Some(whole(scaled.saturating_add(slack - 1), unit).min(bins.saturating_sub(1)))
            }
        }
    }
}

/// The whole part of a number of `1 / unit` steps, `unit` being `ONE` or 255. A division by a constant: one by a
/// variable is slow on a microcontroller.
const fn whole(steps: u64, unit: u32) -> usize {
    match unit {
        ONE => (steps / ONE as u64) as usize,
        _ => (steps / 255) as usize,
    }
}

/// Places in bins of equal mass (adaptive): the pixels in the order of their confidences, cut into parts as equal as
/// whole confidences allow. One goes where its middle pixel goes, so that the order of pixels does not matter.
#[derive(Clone, Copy, Debug)]
pub struct EqualMass {
    /// Twice the pixels, as middles may be halves.
    all: u128,
    /// Twice those below.
    below: u128,
}

impl EqualMass {
    /// Of so many pixels.
    #[must_use]
    pub const fn new(pixels: u128) -> Self {
        Self { all: pixels.saturating_mul(2), below: 0 }
    }

    /// The place among `bins` bins of the next `pixels`.
    #[inline]
    pub fn place(&mut self, bins: usize, pixels: u64) -> usize {
        let pixels = u128::from(pixels);
        let middle = self.below.saturating_add(pixels);
        self.below = middle.saturating_add(pixels);
        let place = middle.saturating_mul(bins as u128) / self.all.max(1);
        (place as usize).min(bins.saturating_sub(1))
    }
}

/// One bin of the reliability diagram: its pixels, how many were right (or foreground), and the sum of their
/// confidences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Bin {
    /// Pixels.
    pub pixels: u64,
    /// Of these, right (top label) or foreground (positive).
    pub hits: u64,
    confidence: u128,
    /// The sum of a pixel of confidence 1.
    unit: u32,
}

impl Bin {
    /// Adds pixels of a confidence in steps of `1 / ONE`.
    pub fn push(&mut self, pixels: u64, hits: u64, confidence: u32) {
        self.push_in(pixels, hits, confidence, ONE);
    }

    #[inline]
    pub(super) fn push_in(&mut self, pixels: u64, hits: u64, confidence: u32, unit: u32) {
        self.pixels = self.pixels.saturating_add(pixels);
        self.hits = self.hits.saturating_add(hits);
        // 64 bits hold the product in a frame; 128 are slow on a microcontroller.
        let more = match u32::try_from(pixels) {
            Ok(pixels) => u128::from(u64::from(pixels) * u64::from(confidence)),
            Err(_) => u128::from(pixels) * u128::from(confidence),
        };
        self.confidence = self.confidence.saturating_add(more);
        self.unit = unit;
    }

    /// Adds another bin, whose confidences have the same steps.
    pub fn merge(&mut self, other: &Self) {
        self.pixels = self.pixels.saturating_add(other.pixels);
        self.hits = self.hits.saturating_add(other.hits);
        self.confidence = self.confidence.wrapping_add(other.confidence);
        self.unit = self.unit.max(other.unit);
    }

    /// Mean confidence; `None` if the bin is empty.
    #[must_use]
    pub fn confidence(&self) -> Option<f64> {
        (self.pixels != 0).then(|| self.confidence as f64 / (self.pixels as f64 * f64::from(self.unit)))
    }
    /// Share of hits; `None` if the bin is empty.
    #[must_use]
    pub fn accuracy(&self) -> Option<f64> {
        (self.pixels != 0).then(|| self.hits as f64 / self.pixels as f64)
    }
    /// `|accuracy - confidence|` times pixels, in steps of `1 / unit`.
    fn gap(&self) -> u128 {
        self.confidence.abs_diff(u128::from(self.hits) * u128::from(self.unit))
    }
    /// `|accuracy - confidence|`; `None` if the bin is empty.
    fn error(&self) -> Option<f64> {
        (self.pixels != 0).then(|| self.gap() as f64 / (self.pixels as f64 * f64::from(self.unit)))
    }
}

/// Expected calibration error: the mean over pixels of `|accuracy - confidence|` of their bin. `None` if no pixel is
/// scored.
#[must_use]
pub fn expected_error<'a>(bins: impl Iterator<Item = &'a Bin>) -> Option<f64> {
    let (mut pixels, mut gaps, mut unit) = (0_u64, 0_u128, 0);
    for bin in bins.filter(|bin| bin.pixels != 0) {
        pixels = pixels.saturating_add(bin.pixels);
        gaps += bin.gap();
        unit = unit.max(bin.unit);
    }
    (pixels != 0).then(|| gaps as f64 / (pixels as f64 * f64::from(unit)))
}

/// Maximum calibration error: `|accuracy - confidence|` of the worst bin. `None` if no pixel is scored.
#[must_use]
pub fn maximum_error<'a>(bins: impl Iterator<Item = &'a Bin>) -> Option<f64> {
    bins.filter_map(Bin::error).reduce(f64::max)
}

/// Root mean square calibration error: the root of the mean over pixels of `(accuracy - confidence)^2` of their bin.
/// `None` if no pixel is scored.
#[must_use]
pub fn root_mean_square_error<'a>(bins: impl Iterator<Item = &'a Bin>) -> Option<f64> {
    let (mut pixels, mut sum) = (0_u64, 0.0);
    for bin in bins {
        pixels = pixels.saturating_add(bin.pixels);
        sum += bin.error().map_or(0.0, |error| bin.pixels as f64 * error * error);
    }
    (pixels != 0).then(|| libm::sqrt(sum / pixels as f64))
}
