//! Calibration: does a confidence of 0.8 mean right in 80 of 100 pixels?

use super::Mean;
use crate::sketch::{CODES, Count, SigmoidTable, Sketch, indices};
use codes::{each, ranked};

mod bins;
mod codes;
mod score;

pub use bins::{Bin, Edges, EqualMass, expected_error, maximum_error, root_mean_square_error};
pub use score::{BrierScale, brier, brier_multiclass, negative_log_likelihood};

/// The number that stands for a probability of one: every `f32` above one half is a multiple of 2^-24.
pub const ONE: u32 = 1 << 24;

/// A probability and its complement in steps of `1 / ONE`, adding up to one.
#[inline]
#[must_use]
pub fn steps(probability: f32, complement: f32) -> (u32, u32) {
    // The larger of the two is exact in these steps.
    if probability >= complement {
        let p = (probability * ONE as f32) as u32;
        (p, ONE - p)
    } else {
        let q = (complement * ONE as f32) as u32;
        (ONE - q, q)
    }
}

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
        let mut table = table.map(|(p, q)| steps(*p, *q));
        indices().map(move |index| table.next().unwrap_or((index.into(), u32::from(255 - index))))
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
        let mut reliability = Self { bins: [Bin::default(); B], hidden: Bin::default() };
        let Self { bins, hidden } = &mut reliability;
        fill(sketch, probabilities.into(), confidence, edges, bins, hidden);
        reliability
    }

    /// Bins of [`EqualMass`].
    #[must_use]
    pub fn equal_mass<'a, N: Count>(
        sketch: &Sketch<N>,
        probabilities: impl Into<Probabilities<'a>>,
        confidence: Confidence,
    ) -> Self {
        let mut reliability = Self { bins: [Bin::default(); B], hidden: Bin::default() };
        fill_equal_mass(sketch, probabilities, confidence, &mut reliability.bins);
        reliability
    }

    fn all(&self) -> impl Iterator<Item = &Bin> {
        self.bins.iter().chain([&self.hidden])
    }

    /// [`expected_error`] of the bins.
    #[must_use]
    pub fn expected_error(&self) -> Option<f64> {
        expected_error(self.all())
    }

    /// [`maximum_error`] of the bins.
    #[must_use]
    pub fn maximum_error(&self) -> Option<f64> {
        maximum_error(self.all())
    }

    /// [`root_mean_square_error`] of the bins.
    #[must_use]
    pub fn root_mean_square_error(&self) -> Option<f64> {
        root_mean_square_error(self.all())
    }
}

/// As [`Reliability::with_edges`], of as many bins as a slice has but one: the last is the hidden one of
/// [`Edges::Torchmetrics`]. Adds to what is there.
pub fn fill_equal_width<'a, N: Count>(
    sketch: &Sketch<N>,
    probabilities: impl Into<Probabilities<'a>>,
    confidence: Confidence,
    edges: Edges,
    bins: &mut [Bin],
) {
    if let Some((hidden, bins)) = bins.split_last_mut() {
        fill(sketch, probabilities.into(), confidence, edges, bins, hidden);
    }
}

fn fill<N: Count>(
    sketch: &Sketch<N>,
    probabilities: Probabilities<'_>,
    confidence: Confidence,
    edges: Edges,
    bins: &mut [Bin],
    hidden: &mut Bin,
) {
    let (count, unit) = (bins.len(), probabilities.unit());
    each(sketch, probabilities, confidence, |pixels, hits, confidence| {
        let bin = match edges.place_in(count, confidence, unit) {
            Some(place) if place == count => Some(&mut *hidden),
            place => place.and_then(|place| bins.get_mut(place)),
        };
        if let Some(bin) = bin {
            bin.push_in(pixels, hits, confidence, unit);
        }
    });
}

/// As [`Reliability::equal_mass`], of as many bins as a slice has. Adds to what is there.
pub fn fill_equal_mass<'a, N: Count>(
    sketch: &Sketch<N>,
    probabilities: impl Into<Probabilities<'a>>,
    confidence: Confidence,
    bins: &mut [Bin],
) {
    let (count, probabilities) = (bins.len(), probabilities.into());
    let mut mass = EqualMass::new(u128::from(sketch.labelled(0)) + u128::from(sketch.labelled(1)));
    // A top label's confidences fall to the threshold and rise again: those of both sides go by rank.
    ranked(sketch, probabilities, confidence, |pixels, hits, confidence| {
        if let Some(bin) = bins.get_mut(mass.place(count, pixels)) {
            bin.push_in(pixels, hits, confidence, probabilities.unit());
        }
    });
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
