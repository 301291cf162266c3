//! What is read from counts: shares of classes, and means over them.

use super::{Confusion, Disagreement, Volume};
use crate::error::{Error, Result};
use crate::metric::{ClassReport, Mean, Ratio};

/// Counts of (label, prediction) of any number of classes, which the caller keeps: what the metrics of a
/// [`Confusion`] are read from, and of a matrix that was counted elsewhere or has more classes than a byte has values.
///
/// ```
/// use segmeter_core::metric::ConfusionView;
/// // Of 300 pixels each is a class, and taken for the next one by every third.
/// let (mut counts, foreign) = (vec![0; 300 * 300], vec![0; 300]);
/// for label in 0..300 {
///     counts[label * 300 + (label + usize::from(label % 3 == 0)) % 300] = 1;
/// }
/// let confusion = ConfusionView::new(&counts, &foreign, &[])?;
/// assert_eq!(confusion.pixel_accuracy().value(), Some(200.0 / 300.0));
/// assert_eq!(confusion.class(1).iou().value(), Some(0.5));
/// assert_eq!(confusion.mean_iou(), Some(0.5));
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ConfusionView<'a> {
    counts: &'a [u64],
    foreign: &'a [u64],
    left_out: &'a [u16],
}

impl<'a> ConfusionView<'a> {
    /// `counts[label * classes + prediction]`; `foreign[label]` are scored pixels whose prediction is no class. Classes
    /// that are `left_out` are in no mean.
    ///
    /// # Errors
    /// [`Error::Length`] unless `counts` is the square of `foreign`.
    pub const fn new(counts: &'a [u64], foreign: &'a [u64], left_out: &'a [u16]) -> Result<Self> {
        let expected = foreign.len().saturating_mul(foreign.len());
        if counts.len() != expected {
            return Err(Error::Length { expected, found: counts.len() });
        }
        Ok(Self::of(counts, foreign, left_out))
    }

    pub(super) const fn of(counts: &'a [u64], foreign: &'a [u64], left_out: &'a [u16]) -> Self {
        Self { counts, foreign, left_out }
    }

    /// The number of classes.
    #[must_use]
    pub const fn classes(&self) -> usize {
        self.foreign.len()
    }

    /// Counts of the predictions of every label.
    pub(super) fn rows(&self) -> impl Iterator<Item = &'a [u64]> {
        self.counts.chunks_exact(self.classes().max(1))
    }

    /// Scored pixels of every label whose prediction is no class.
    pub(super) const fn foreign(&self) -> &'a [u64] {
        self.foreign
    }

    /// See [`Confusion::pixels`].
    #[must_use]
    pub fn pixels(&self) -> u64 {
        total(self.counts.iter().chain(self.foreign))
    }
    /// Pixels whose label is `class`.
    pub(super) fn labelled(&self, class: usize) -> u64 {
        total(self.rows().nth(class).into_iter().flatten().chain(self.foreign.get(class)))
    }
    /// Scored pixels whose prediction is `class`.
    pub(super) fn predicted(&self, class: usize) -> u64 {
        total(self.rows().filter_map(|row| row.get(class)))
    }
    pub(super) fn correct(&self) -> u64 {
        total(self.rows().enumerate().filter_map(|(class, row)| row.get(class)))
    }

    /// See [`Confusion::class`].
    #[must_use]
    pub fn class(&self, class: usize) -> ClassReport {
        self.class_among(class, self.pixels())
    }

    /// Every class against the rest; all of them cost `C^2` additions.
    pub fn each(&self) -> impl Iterator<Item = ClassReport> {
        let pixels = self.pixels();
        (0..self.classes()).map(move |class| self.class_among(class, pixels))
    }

    fn class_among(&self, class: usize, pixels: u64) -> ClassReport {
        let true_positive = self.rows().nth(class).and_then(|row| row.get(class)).copied().unwrap_or(0);
        let (labelled, predicted) = (self.labelled(class), self.predicted(class));
        ClassReport {
            true_positive,
            false_positive: predicted - true_positive,
            false_negative: labelled - true_positive,
            true_negative: pixels.saturating_sub(labelled).saturating_sub(predicted - true_positive),
        }
    }

    /// See [`Confusion::pixel_accuracy`].
    #[must_use]
    pub fn pixel_accuracy(&self) -> Ratio {
        Ratio { numerator: self.correct(), denominator: self.pixels() }
    }

    /// Whether means are over a class.
    pub(super) fn is_scored(&self, class: usize) -> bool {
        !self.left_out.iter().any(|left_out| usize::from(*left_out) == class)
    }

    /// Mean of a quotient over the classes where it is defined.
    fn mean(&self, quotient: impl Fn(ClassReport) -> Ratio) -> Option<f64> {
        let mut mean = Mean::default();
        let classes = self.each().enumerate().filter(|(class, _)| self.is_scored(*class));
        classes.for_each(|(_, report)| mean.push(quotient(report).value().into()));
        mean.value()
    }

    /// See [`Confusion::mean_accuracy`].
    #[must_use]
    pub fn mean_accuracy(&self) -> Option<f64> {
        self.mean(|class| class.recall())
    }

    /// See [`Confusion::mean_iou`].
    #[must_use]
    pub fn mean_iou(&self) -> Option<f64> {
        self.mean(|class| class.iou())
    }

    /// See [`Confusion::frequency_weighted_iou`].
    #[must_use]
    pub fn frequency_weighted_iou(&self) -> Option<f64> {
        let pixels = self.pixels();
        let weighted = |class: ClassReport| Some(class.positives() as f64 * class.iou().value()?);
        (pixels != 0).then(|| self.each().filter_map(weighted).sum::<f64>() / pixels as f64)
    }
}

impl<const C: usize> Confusion<C> {
    /// Scored pixels.
    #[must_use]
    pub fn pixels(&self) -> u64 {
        self.view().pixels()
    }

    /// One class against the rest; all zero if there is no such class.
    #[must_use]
    pub fn class(&self, class: usize) -> ClassReport {
        self.view().class(class)
    }

    /// Share of scored pixels that are right.
    #[must_use]
    pub fn pixel_accuracy(&self) -> Ratio {
        self.view().pixel_accuracy()
    }

    /// Mean recall over the classes present in the labels.
    #[must_use]
    pub fn mean_accuracy(&self) -> Option<f64> {
        self.view().mean_accuracy()
    }

    /// Mean IoU over the classes present in labels or predictions.
    #[must_use]
    pub fn mean_iou(&self) -> Option<f64> {
        self.view().mean_iou()
    }

    /// IoU weighted by the share of each class in the labels.
    #[must_use]
    pub fn frequency_weighted_iou(&self) -> Option<f64> {
        self.view().frequency_weighted_iou()
    }

    /// Cohen's kappa; `None` if chance agreement is certain.
    #[must_use]
    pub fn kappa(&self) -> Option<f64> {
        self.view().kappa()
    }

    /// Weighted kappa, `1 - n sum_ij w_ij M_ij / sum_ij w_ij t_i p_j`: for classes that have an order. A prediction
    /// that is no class is as wrong as can be. `None` if chance agreement is certain.
    ///
    /// ```
    /// use segmeter_core::metric::{Confusion, Disagreement};
    /// let mut confusion = Confusion::<3>::new(255);
    /// confusion.push_row(&[0, 1, 2, 2, 0], &[0, 1, 1, 2, 2])?;
    /// assert_eq!(confusion.weighted_kappa(Disagreement::Linear), Some(1.0 - 5.0 * 3.0 / 23.0));
    /// # Ok::<(), segmeter_core::Error>(())
    /// ```
    #[must_use]
    pub fn weighted_kappa(&self, disagreement: Disagreement) -> Option<f64> {
        self.view().weighted_kappa(disagreement)
    }

    /// Matthews correlation (Gorodkin's for more than two classes); `None` if one side is constant. The covariance is a
    /// difference of exact integers: in torchmetrics, of `f32`, whose digits are gone where a class is rare.
    #[must_use]
    pub fn mcc(&self) -> Option<f64> {
        self.view().mcc()
    }

    /// Generalised Dice score, `2 sum w_c TP_c / sum w_c (t_c + p_c)` from class `first` (1 leaves the background
    /// out). A class without labels gets the largest weight of the others, as in MONAI; `None` if no class has any.
    ///
    /// ```
    /// use segmeter_core::metric::{Confusion, Volume};
    /// let mut confusion = Confusion::<2>::new(255);
    /// confusion.push_row(&[0, 0, 1, 1, 0], &[0, 0, 0, 1, 0])?;
    /// assert_eq!(confusion.generalised_dice(Volume::Linear, 0), Some(0.8));
    /// assert_eq!(confusion.generalised_dice(Volume::Simple, 1), Some(2.0 / 3.0));
    /// # Ok::<(), segmeter_core::Error>(())
    /// ```
    #[must_use]
    pub fn generalised_dice(&self, volume: Volume, first: usize) -> Option<f64> {
        self.view().generalised_dice(volume, first)
    }

    /// IoU of a category: its classes taken as one, so that taking one of them for another is no error. Cityscapes.
    ///
    /// `categories` has the category of every class; a class beyond its end has none.
    ///
    /// ```
    /// use segmeter_core::metric::Confusion;
    /// let mut confusion = Confusion::<3>::new(255);
    /// confusion.push_row(&[0, 2, 1, 0, 1], &[0, 1, 2, 1, 1])?;
    /// let (flat, vehicle) = (0, 1);
    /// assert_eq!(confusion.category_iou(&[flat, vehicle, vehicle], vehicle).value(), Some(0.75));
    /// # Ok::<(), segmeter_core::Error>(())
    /// ```
    #[must_use]
    pub fn category_iou(&self, categories: &[u8], category: u8) -> Ratio {
        self.view().category_iou(categories, category)
    }
}

/// A sum that stops at the largest value.
pub(super) fn total<'a>(counts: impl IntoIterator<Item = &'a u64>) -> u64 {
    counts.into_iter().copied().fold(0, u64::saturating_add)
}
