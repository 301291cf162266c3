//! Calibration: does a confidence of 0.8 mean right in 80 of 100 pixels?

use crate::sketch::{CODES, Count, SigmoidTable, Sketch, indices};

/// Bins of equal width.
const BINS: usize = 15;
/// Probabilities as integers: every `f32` above one half is a multiple of 2^-24.
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

/// One bin of the reliability diagram: its pixels, how many were right (or foreground), and the sum of their
/// confidences in steps of 2^-24.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bin {
    /// Pixels.
    pub pixels: u64,
    /// Of these, right (top label) or foreground (positive).
    pub hits: u64,
    confidence: u128,
}

impl Bin {
    /// Mean confidence; `None` if the bin is empty.
    #[must_use]
    pub fn confidence(&self) -> Option<f64> {
        (self.pixels != 0).then(|| self.confidence as f64 / (self.pixels as f64 * f64::from(ONE)))
    }
    /// Share of hits; `None` if the bin is empty.
    #[must_use]
    pub fn accuracy(&self) -> Option<f64> {
        (self.pixels != 0).then(|| self.hits as f64 / self.pixels as f64)
    }
}

/// The reliability of a sketch in 15 bins of equal width; a value on an inner edge belongs to the bin above,
/// and both outer edges are closed, so that confidences of exactly 0 and 1 count. Guo et al. 2017 with closed edges.
///
/// ```
/// use segmeter_core::metric::{Calibration, Confidence, calibration};
/// use segmeter_core::{sketch::{SigmoidTable, Sketch}, view::{Encoding, Quantiser}};
/// let quantiser = Quantiser::logits(Encoding::Signed, 0.1, 0)?;
/// let (mut sketch, table) = (Sketch::<u32>::new(&quantiser), SigmoidTable::new(&quantiser));
/// sketch.push_row(&[-20i8, 10, 30], &[0, 0, 1]);
/// let error = Calibration::new(&sketch, &table, Confidence::TopLabel).expected_error();
/// assert!((error.unwrap() - 0.299_229_1).abs() < 1e-6);
/// assert!((calibration::brier(&sketch, &table).unwrap() - 0.183_635_1).abs() < 1e-6);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calibration {
    /// The bins from confidence 0 to 1.
    pub bins: [Bin; BINS],
}

impl Calibration {
    /// Reads a sketch. Integers only.
    #[must_use]
    pub fn new<N: Count>(sketch: &Sketch<N>, table: &SigmoidTable, confidence: Confidence) -> Self {
        let mut bins = [Bin::default(); BINS];
        for (index, (p, q)) in indices().zip(probabilities(table)) {
            let counts = [sketch.count(0, index), sketch.count(1, index)];
            let pixels = counts[0] + counts[1];
            if pixels == 0 {
                continue;
            }
            let predicted = usize::from(index > table.threshold());
            let (confidence, hits) = match confidence {
                Confidence::Positive => (p, counts[1]),
                Confidence::TopLabel if predicted == 1 => (p, counts[1]),
                Confidence::TopLabel => (q, counts[0]),
            };
            let bin = (u64::from(confidence) * BINS as u64) >> 24;
            if let Some(bin) = bins.get_mut((bin as usize).min(BINS - 1)) {
                bin.pixels += pixels;
                bin.hits += hits;
                bin.confidence += u128::from(pixels) * u128::from(confidence);
            }
        }
        Self { bins }
    }

    /// Expected calibration error: the mean over pixels of |accuracy - confidence| of their bin. `None` if no
    /// pixel is scored.
    #[must_use]
    pub fn expected_error(&self) -> Option<f64> {
        let pixels: u64 = self.bins.iter().map(|bin| bin.pixels).sum();
        let gap = |bin: &Bin| bin.confidence.abs_diff(u128::from(bin.hits) * u128::from(ONE));
        let gaps: u128 = self.bins.iter().map(gap).sum();
        (pixels != 0).then(|| gaps as f64 / (pixels as f64 * f64::from(ONE)))
    }
}

/// Brier score: the mean of `(p - g)^2`. `None` if no pixel is scored.
#[must_use]
pub fn brier<N: Count>(sketch: &Sketch<N>, table: &SigmoidTable) -> Option<f64> {
    let pixels = sketch.labelled(0) + sketch.labelled(1);
    let (mut low, mut sum) = (0u64, 0u128);
    for (index, (p, q)) in indices().zip(probabilities(table)) {
        for (label, wrong) in [(0, u64::from(p)), (1, u64::from(q))] {
            let part = u128::from(sketch.count(label, index)) * u128::from(wrong * wrong);
            // 48 fraction bits: the low 24 are kept apart so that the sum cannot overflow.
            low += (part & u128::from(ONE - 1)) as u64;
            sum += part >> 24;
        }
    }
    sum += u128::from(low >> 24);
    (pixels != 0).then(|| sum as f64 / (pixels as f64 * f64::from(ONE)))
}

/// Probability and complement of each code in steps of 2^-24, adding up to one.
fn probabilities(table: &SigmoidTable) -> impl Iterator<Item = (u32, u32)> + '_ {
    let both = table.probability.iter().zip(&table.complement);
    both.take(CODES).map(|(p, q)| {
        // The larger of the two is exact in these steps.
        if p >= q {
            let p = (p * ONE as f32) as u32;
            (p, ONE - p)
        } else {
            let q = (q * ONE as f32) as u32;
            (ONE - q, q)
        }
    })
}
