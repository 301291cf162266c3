//! Calibration: does a confidence of 0.8 mean right in 80 of 100 pixels?

use super::Mean;
use crate::sketch::{CODES, Count, SigmoidTable, Sketch, indices};
use codes::{each, ranked};

mod codes;
mod score;

pub use score::{Multiclass, brier, brier_multiclass, negative_log_likelihood};

/// Probabilities of a table as integers: every `f32` above one half is a multiple of 2^-24.
const ONE: u32 = 1 << 24;

/// What is called the confidence of a binary output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Confidence {
    /// `max(p, 1 - p)`, against "the prediction is right".
    TopLabel,
    /// `p`, against "the label is foreground".
    Positive,
}

/// The probabilities that codes stand for.
#[derive(Clone, Copy, Debug)]
pub enum Probabilities<'a> {
    /// The sigmoid of their logits.
    Sigmoid(&'a SigmoidTable),
    /// `code / 255`, with an exact 0 and 1: stored probability maps.
    Stored,
}

impl<'a> From<&'a SigmoidTable> for Probabilities<'a> {
    fn from(table: &'a SigmoidTable) -> Self {
        Self::Sigmoid(table)
    }
}

impl Probabilities<'_> {
    /// The number that stands for a probability of one.
    const fn unit(self) -> u32 {
        match self {
            Self::Sigmoid(_) => ONE,
            Self::Stored => CODES as u32 - 1,
        }
    }

    /// The whole part of a number of `1 / unit` steps. A division by a constant: one by a variable is slow on a
    /// microcontroller.
    const fn whole(self, steps: u64) -> usize {
        match self {
            Self::Sigmoid(_) => (steps / ONE as u64) as usize,
            Self::Stored => (steps / 255) as usize,
        }
    }

    /// The highest index that still means background.
    const fn threshold(self) -> u8 {
        match self {
            Self::Sigmoid(table) => table.threshold(),
            Self::Stored => 127,
        }
    }

    /// Probability and complement of each code in steps of `1 / unit`, adding up to one.
    fn pairs(self) -> impl Iterator<Item = (u32, u32)> {
        let table = match self {
            Self::Sigmoid(table) => table.probability.iter().zip(&table.complement),
            Self::Stored => [].iter().zip(&[]),
        };
        let mut table = table.map(|(p, q)| {
            // The larger of the two is exact in these steps.
            if p >= q {
                let p = (p * ONE as f32) as u32;
                (p, ONE - p)
            } else {
                let q = (q * ONE as f32) as u32;
                (ONE - q, q)
            }
        });
        indices().map(move |index| table.next().unwrap_or((index.into(), u32::from(255 - index))))
    }
}

/// Where bins of equal width begin and end.
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

/// One bin of the reliability diagram: its pixels, how many were right (or foreground), and the sum of their
/// confidences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
    fn add(&mut self, pixels: u64, hits: u64, confidence: u32, unit: u32) {
        self.pixels = self.pixels.saturating_add(pixels);
        self.hits = self.hits.saturating_add(hits);
        // 64 bits hold the product in a frame; 128 are slow on a microcontroller.
        self.confidence += match u32::try_from(pixels) {
            Ok(pixels) => u128::from(u64::from(pixels) * u64::from(confidence)),
            Err(_) => u128::from(pixels) * u128::from(confidence),
        };
        self.unit = unit;
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

/// The reliability of a sketch in 15 bins of equal width, as Guo et al. 2017 have them.
pub type Calibration = Reliability<15>;

/// The reliability diagram of a sketch in `B` bins: everything that calibration errors are read from.
///
/// An 8-bit output has 256 confidences, so that every binning of them is exact.
///
/// ```
/// use segmeter_core::metric::{Calibration, Confidence, calibration};
/// use segmeter_core::{sketch::{SigmoidTable, Sketch}, view::{Encoding, Quantiser}};
/// let quantiser = Quantiser::logits(Encoding::Signed, 0.1, 0)?;
/// let (mut sketch, table) = (Sketch::<u32>::new(&quantiser), SigmoidTable::new(&quantiser));
/// sketch.push_row(&[-20i8, 10, 30], &[0, 0, 1]);
/// let calibration = Calibration::new(&sketch, &table, Confidence::TopLabel);
/// assert!((calibration.expected_error().unwrap() - 0.299_229_1).abs() < 1e-6);
/// assert!((calibration.maximum_error().unwrap() - 0.731_058_6).abs() < 1e-6);
/// assert!((calibration::brier(&sketch, &table).unwrap() - 0.183_635_1).abs() < 1e-6);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reliability<const B: usize> {
    /// The bins from confidence 0 to 1.
    pub bins: [Bin; B],
    /// Confidences of exactly 1 under [`Edges::Torchmetrics`].
    hidden: Bin,
}

impl<const B: usize> Reliability<B> {
    /// Bins of equal width; a value on an inner edge belongs to the bin above, and both outer edges are closed, so
    /// that confidences of exactly 0 and 1 count. Integers only.
    #[must_use]
    pub fn new<'a, N: Count>(
        sketch: &Sketch<N>,
        probabilities: impl Into<Probabilities<'a>>,
        confidence: Confidence,
    ) -> Self {
        Self::with_edges(sketch, probabilities, confidence, Edges::Closed)
    }

    /// Bins of equal width whose edges are as some library has them.
    #[must_use]
    pub fn with_edges<'a, N: Count>(
        sketch: &Sketch<N>,
        probabilities: impl Into<Probabilities<'a>>,
        confidence: Confidence,
        edges: Edges,
    ) -> Self {
        let probabilities = probabilities.into();
        let unit = probabilities.unit();
        let mut reliability = Self { bins: [Bin::default(); B], hidden: Bin::default() };
        each(sketch, probabilities, confidence, |pixels, hits, confidence| {
            let scaled = u64::from(confidence) * B as u64;
            let bin = match edges {
                Edges::Torchmetrics if confidence == unit => Some(&mut reliability.hidden),
                Edges::MetricsReloaded if confidence == 0 => None,
                Edges::MetricsReloaded => reliability.bins.get_mut(probabilities.whole(scaled - 1)),
                _ => reliability.bins.get_mut(probabilities.whole(scaled).min(B.saturating_sub(1))),
            };
            if let Some(bin) = bin {
                bin.add(pixels, hits, confidence, unit);
            }
        });
        reliability
    }

    /// Bins of equal mass (adaptive): the pixels in the order of their confidences, cut into `B` parts as equal as
    /// whole codes allow. A code goes where its middle pixel goes, so that the order of pixels does not matter.
    #[must_use]
    pub fn equal_mass<'a, N: Count>(
        sketch: &Sketch<N>,
        probabilities: impl Into<Probabilities<'a>>,
        confidence: Confidence,
    ) -> Self {
        let probabilities = probabilities.into();
        let pixels = u128::from(sketch.labelled(0)) + u128::from(sketch.labelled(1));
        let mut reliability = Self { bins: [Bin::default(); B], hidden: Bin::default() };
        // A top label's confidences fall to the threshold and rise again: those of both sides go by rank.
        let mut below = 0_u128;
        ranked(sketch, probabilities, confidence, |count, hits, confidence| {
            let middle = 2 * below + u128::from(count);
            let bin = (middle * B as u128) / (2 * pixels).max(1);
            if let Some(bin) = reliability.bins.get_mut((bin as usize).min(B.saturating_sub(1))) {
                bin.add(count, hits, confidence, probabilities.unit());
            }
            below += u128::from(count);
        });
        reliability
    }

    fn filled(&self) -> impl Iterator<Item = &Bin> {
        self.bins.iter().chain([&self.hidden]).filter(|bin| bin.pixels != 0)
    }

    fn pixels(&self) -> u64 {
        self.filled().fold(0, |sum, bin| sum.saturating_add(bin.pixels))
    }

    /// Expected calibration error: the mean over pixels of `|accuracy - confidence|` of their bin. `None` if no
    /// pixel is scored.
    #[must_use]
    pub fn expected_error(&self) -> Option<f64> {
        let unit = self.filled().next()?.unit;
        let gaps: u128 = self.filled().map(Bin::gap).sum();
        Some(gaps as f64 / (self.pixels() as f64 * f64::from(unit)))
    }

    /// Maximum calibration error: `|accuracy - confidence|` of the worst bin. `None` if no pixel is scored.
    #[must_use]
    pub fn maximum_error(&self) -> Option<f64> {
        self.filled().filter_map(Bin::error).reduce(f64::max)
    }

    /// Root mean square calibration error: the root of the mean over pixels of `(accuracy - confidence)^2` of their
    /// bin. `None` if no pixel is scored.
    #[must_use]
    pub fn root_mean_square_error(&self) -> Option<f64> {
        let squares = self.filled().filter_map(|bin| Some(bin.pixels as f64 * bin.error()? * bin.error()?));
        let (sum, pixels) = (squares.sum::<f64>(), self.pixels());
        (pixels != 0).then(|| libm::sqrt(sum / pixels as f64))
    }
}

/// Classwise expected calibration error: the mean over the classes of the error of "the label is this class", in `B`
/// bins of equal width. Each class has a sketch, with the class as foreground and its probabilities as codes.
/// Nixon et al. 2019. `None` if no class has a pixel.
#[must_use]
pub fn classwise_expected_error<'a, const B: usize, N: Count>(
    sketches: &[Sketch<N>],
    probabilities: impl Into<Probabilities<'a>>,
    edges: Edges,
) -> Option<f64> {
    let (probabilities, mut mean) = (probabilities.into(), Mean::default());
    for sketch in sketches {
        let class = Reliability::<B>::with_edges(sketch, probabilities, Confidence::Positive, edges);
        mean.push(class.expected_error().into());
    }
    mean.value()
}
