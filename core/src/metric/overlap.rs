//! Overlap metrics from a confusion matrix of integer counts.

use crate::error::{Error, Result};
use crate::sketch::{Count, SigmoidTable, Sketch};

/// An exact quotient of counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    /// The count above the line.
    pub numerator: u64,
    /// The count below the line.
    pub denominator: u64,
}

impl Ratio {
    /// The quotient rounded once; `None` if the denominator is zero.
    #[must_use]
    pub fn value(self) -> Option<f64> {
        (self.denominator != 0).then(|| self.numerator as f64 / self.denominator as f64)
    }
}

/// Counts of (label, prediction) over `C` classes.
///
/// State: `8 C^2` bytes and two counters. One increment per pixel; `merge` adds frames, tiles and devices.
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
    ignore: u8,
}

impl<const C: usize> Confusion<C> {
    /// An empty matrix; pixels labelled `ignore` are not scored.
    #[must_use]
    pub const fn new(ignore: u8) -> Self {
        Self { counts: [[0; C]; C], foreign: [0; C], ignored: 0, ignore }
    }

    /// Adds one row.
    ///
    /// A prediction that is no class (the ignore id too) counts as wrong.
    ///
    /// # Errors
    /// [`Error::Length`], or [`Error::ClassId`] for the first label that is neither a class nor the ignore id;
    /// the pixels before it have then been added.
    pub fn push_row(&mut self, predictions: &[u8], labels: &[u8]) -> Result<()> {
        if predictions.len() != labels.len() {
            return Err(Error::Length { expected: labels.len(), found: predictions.len() });
        }
        for (pixel, (prediction, label)) in predictions.iter().zip(labels).enumerate() {
            if *label == self.ignore {
                self.ignored += 1;
                continue;
            }
            let Some(row) = self.counts.get_mut(usize::from(*label)) else {
                return Err(Error::ClassId { found: *label, pixel });
            };
            let cell = row.get_mut(usize::from(*prediction));
            if let Some(n) = cell.or_else(|| self.foreign.get_mut(usize::from(*label))) {
                *n += 1;
            }
        }
        Ok(())
    }

    /// Adds the counts of another matrix.
    pub fn merge(&mut self, other: &Self) {
        for (a, b) in self.counts.as_flattened_mut().iter_mut().zip(other.counts.as_flattened()) {
            *a = a.saturating_add(*b);
        }
        for (a, b) in self.foreign.iter_mut().zip(other.foreign) {
            *a = a.saturating_add(b);
        }
        self.ignored = self.ignored.saturating_add(other.ignored);
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
    /// Scored pixels.
    #[must_use]
    pub fn pixels(&self) -> u64 {
        (0..C).map(|c| self.labelled(c)).sum()
    }

    /// Pixels whose label is `class`.
    fn labelled(&self, class: usize) -> u64 {
        let row = self.counts.get(class).map_or(0, |row| row.iter().sum());
        row + self.foreign.get(class).copied().unwrap_or(0)
    }
    /// Scored pixels whose prediction is `class`.
    fn predicted(&self, class: usize) -> u64 {
        self.counts.iter().filter_map(|row| row.get(class)).sum()
    }
    fn correct(&self) -> u64 {
        self.counts.iter().enumerate().filter_map(|(c, row)| row.get(c)).sum()
    }

    /// One class against the rest; all zero if there is no such class.
    #[must_use]
    pub fn class(&self, class: usize) -> ClassReport {
        let true_positive = self.counts.get(class).and_then(|row| row.get(class)).copied().unwrap_or(0);
        let (labelled, predicted) = (self.labelled(class), self.predicted(class));
        ClassReport {
            true_positive,
            false_positive: predicted - true_positive,
            false_negative: labelled - true_positive,
            true_negative: self.pixels() - labelled - (predicted - true_positive),
        }
    }

    /// Share of scored pixels that are right.
    #[must_use]
    pub fn pixel_accuracy(&self) -> Ratio {
        Ratio { numerator: self.correct(), denominator: self.pixels() }
    }

    /// Mean of a quotient over the classes where it is defined.
    fn mean(&self, quotient: impl Fn(ClassReport) -> Ratio) -> Option<f64> {
        let defined = || (0..C).filter_map(|c| quotient(self.class(c)).value());
        let count = defined().count();
        (count != 0).then(|| defined().sum::<f64>() / count as f64)
    }

    /// Mean recall over the classes present in the labels.
    #[must_use]
    pub fn mean_accuracy(&self) -> Option<f64> {
        self.mean(|class| class.recall())
    }

    /// Mean IoU over the classes present in labels or predictions.
    #[must_use]
    pub fn mean_iou(&self) -> Option<f64> {
        self.mean(|class| class.iou())
    }

    /// IoU weighted by the share of each class in the labels.
    #[must_use]
    pub fn frequency_weighted_iou(&self) -> Option<f64> {
        let pixels = self.pixels();
        let weighted = |c| Some(self.labelled(c) as f64 * self.class(c).iou().value()?);
        (pixels != 0).then(|| (0..C).filter_map(weighted).sum::<f64>() / pixels as f64)
    }

    /// Cohen's kappa; `None` if chance agreement is certain.
    #[must_use]
    pub fn kappa(&self) -> Option<f64> {
        let n = u128::from(self.pixels());
        let chance = self.sum_of_products(Self::labelled, Self::predicted);
        let denominator = (n * n).checked_sub(chance)?;
        let numerator = signed_difference(n * u128::from(self.correct()), chance);
        (denominator != 0).then(|| numerator / denominator as f64)
    }

    /// Matthews correlation (Gorodkin's for more than two classes); `None` if one side is constant.
    #[must_use]
    pub fn mcc(&self) -> Option<f64> {
        let n = u128::from(self.pixels());
        let chance = self.sum_of_products(Self::labelled, Self::predicted);
        let labelled = (n * n).checked_sub(self.sum_of_products(Self::labelled, Self::labelled))?;
        let predicted = (n * n).checked_sub(self.sum_of_products(Self::predicted, Self::predicted))?;
        let numerator = signed_difference(n * u128::from(self.correct()), chance);
        let defined = labelled != 0 && predicted != 0;
        defined.then(|| numerator / (libm::sqrt(labelled as f64) * libm::sqrt(predicted as f64)))
    }

    fn sum_of_products(&self, a: fn(&Self, usize) -> u64, b: fn(&Self, usize) -> u64) -> u128 {
        (0..C).map(|c| u128::from(a(self, c)) * u128::from(b(self, c))).sum()
    }
}

fn signed_difference(a: u128, b: u128) -> f64 {
    if a >= b { (a - b) as f64 } else { -((b - a) as f64) }
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
        confusion.ignored = sketch.pixels() - confusion.pixels();
        confusion
    }
}

/// One class against the rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ClassReport {
    /// Of the class, and predicted so.
    pub true_positive: u64,
    /// Not of the class, but predicted so.
    pub false_positive: u64,
    /// Of the class, but not predicted so.
    pub false_negative: u64,
    /// Neither of the class nor predicted so.
    pub true_negative: u64,
}

impl ClassReport {
    const fn ratio(numerator: u64, other: u64) -> Ratio {
        Ratio { numerator, denominator: numerator + other }
    }
    /// Intersection over union, Jaccard: `TP / (TP + FP + FN)`.
    #[must_use]
    pub const fn iou(self) -> Ratio {
        Self::ratio(self.true_positive, self.false_positive + self.false_negative)
    }
    /// Dice, F1: `2 TP / (2 TP + FP + FN)`.
    #[must_use]
    pub const fn dice(self) -> Ratio {
        Self::ratio(2 * self.true_positive, self.false_positive + self.false_negative)
    }
    /// Positive predictive value: `TP / (TP + FP)`.
    #[must_use]
    pub const fn precision(self) -> Ratio {
        Self::ratio(self.true_positive, self.false_positive)
    }
    /// Sensitivity: `TP / (TP + FN)`.
    #[must_use]
    pub const fn recall(self) -> Ratio {
        Self::ratio(self.true_positive, self.false_negative)
    }
    /// True negative rate: `TN / (TN + FP)`.
    #[must_use]
    pub const fn specificity(self) -> Ratio {
        Self::ratio(self.true_negative, self.false_positive)
    }
    /// `TN / (TN + FN)`.
    #[must_use]
    pub const fn negative_predictive_value(self) -> Ratio {
        Self::ratio(self.true_negative, self.false_negative)
    }
}
