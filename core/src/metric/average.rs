//! Three numbers with one name: a metric of pooled counts, averaged over images, averaged over classes.

use super::{ClassMetric, ClassReport, Confusion, Empties, Score};

/// Steps of a value: 2^-64.
const STEP: f64 = 1.0 / (1_u128 << 64) as f64;
/// Values are below 2^63.
const LIMIT: f64 = (1_u64 << 63) as f64;

/// The mean of values that come in any order.
///
/// Every value is cut to steps of 2^-64 and added as an integer, so that means can be merged across tiles, threads and
/// devices without changing a bit. A value of 2^63 or more and a sum that no longer fits set a flag instead.
///
/// ```
/// use segmeter_core::metric::{Mean, Score};
/// let mut mean = Mean::default();
/// for score in [Score::Value(0.25), Score::Undefined, Score::Value(0.75)] {
///     mean.push(score);
/// }
/// assert_eq!((mean.value(), mean.defined(), mean.undefined()), (Some(0.5), 2, 1));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Mean {
    sum: i128,
    defined: u64,
    undefined: u64,
    saturated: bool,
}

impl Mean {
    /// Adds a value, or counts that it is undefined. NaN is undefined.
    pub fn push(&mut self, score: Score) {
        match score {
            Score::Value(value) if !value.is_nan() => {
                let (sum, over) = self.sum.overflowing_add((value / STEP) as i128);
                let (defined, many) = self.defined.overflowing_add(1);
                if over || many || value.abs() >= LIMIT {
                    self.saturated = true;
                } else {
                    (self.sum, self.defined) = (sum, defined);
                }
            }
            Score::Value(_) | Score::Undefined => self.undefined = self.undefined.saturating_add(1),
            Score::Skipped => {}
        }
    }

    /// Adds the values of another mean.
    pub fn merge(&mut self, other: &Self) {
        self.saturated |= other.saturated;
        let (sum, defined) = (self.sum.checked_add(other.sum), self.defined.checked_add(other.defined));
        if let (Some(sum), Some(defined)) = (sum, defined) {
            (self.sum, self.defined) = (sum, defined);
        } else {
            self.saturated = true;
        }
        self.undefined = self.undefined.saturating_add(other.undefined);
    }

    /// The mean of the defined values; `None` without any.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        (self.defined != 0).then(|| self.sum as f64 * STEP / self.defined as f64)
    }
    /// Values in the mean.
    #[must_use]
    pub const fn defined(&self) -> u64 {
        self.defined
    }
    /// Values that were not defined.
    #[must_use]
    pub const fn undefined(&self) -> u64 {
        self.undefined
    }
    /// Whether a value was left out because the sum had no room for it.
    #[must_use]
    pub const fn saturated(&self) -> bool {
        self.saturated
    }
    /// What another process goes on with: the sum in steps of 2^-64, [`Mean::defined`], [`Mean::undefined`],
    /// [`Mean::saturated`].
    #[must_use]
    pub const fn parts(&self) -> (i128, u64, u64, bool) {
        (self.sum, self.defined, self.undefined, self.saturated)
    }
    /// The reverse of [`Mean::parts`].
    #[must_use]
    pub const fn from_parts((sum, defined, undefined, saturated): (i128, u64, u64, bool)) -> Self {
        Self { sum, defined, undefined, saturated }
    }
}

/// What a metric of several classes and images is averaged over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Averaging {
    /// The counts of all images added; the mean over the classes of that. Cityscapes, mmseg, KITTI.
    Pooled,
    /// In every image the mean over its classes, then the mean over the images. MONAI.
    PerImage,
    /// For every class the mean over the images, then the mean over the classes.
    PerClass,
    /// The mean over all pairs of image and class at once. torchmetrics' `MeanIoU`.
    PerPair,
}

/// A metric over images and classes, in every averaging at once.
///
/// State: `8 C^2 + 48 C` bytes. Cost: one report per class and image.
///
/// (segmentation-models-pytorch's `macro-imagewise` and `weighted-imagewise` are the mean over pairs divided by the number
/// of classes once more: what is perfect is `1 / C` there.)
///
/// ```
/// use segmeter_core::metric::{Averages, Averaging, ClassMetric, Confusion, Empties};
/// let mut averages = Averages::<2>::new(ClassMetric::Iou, Empties::FORMULA, 255);
/// for (predictions, labels) in [([1, 1, 0, 0], [1, 0, 0, 0]), ([0, 0, 0, 0], [0, 0, 0, 0])] {
///     let mut image = Confusion::<2>::new(255);
///     image.push_row(&predictions, &labels)?;
///     averages.push(&image);
/// }
/// // Class 1 is in the first image only.
/// assert_eq!(averages.value(Averaging::Pooled), Some((6.0 / 7.0 + 0.5) / 2.0));
/// assert_eq!(averages.value(Averaging::PerImage), Some(((2.0 / 3.0 + 0.5) / 2.0 + 1.0) / 2.0));
/// assert_eq!(averages.value(Averaging::PerClass), Some(((2.0 / 3.0 + 1.0) / 2.0 + 0.5) / 2.0));
/// assert_eq!(averages.value(Averaging::PerPair), Some((2.0 / 3.0 + 0.5 + 1.0) / 3.0));
/// assert_eq!(averages.undefined(), 1);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Averages<const C: usize> {
    metric: ClassMetric,
    empties: Empties,
    /// The first class that counts.
    first: usize,
    /// A class that does not.
    left_out: Option<usize>,
    pooled: Confusion<C>,
    images: Mean,
    classes: [Mean; C],
}

impl<const C: usize> Averages<C> {
    /// No image yet. All classes count but the one that is `ignore`, if there is one.
    #[must_use]
    pub fn new(metric: ClassMetric, empties: Empties, ignore: u8) -> Self {
        let pooled = Confusion::new(ignore);
        let (images, classes) = (Mean::default(), [Mean::default(); C]);
        Self { metric, empties, first: 0, left_out: Some(usize::from(ignore)), pooled, images, classes }
    }

    /// Has the ignored class count too, where it is predicted: mmsegmentation.
    #[must_use]
    pub const fn with_ignored_class(mut self) -> Self {
        self.left_out = None;
        self
    }

    /// Leaves the classes before `first` out of every mean: 1 leaves the background out.
    #[must_use]
    pub const fn from_class(mut self, first: usize) -> Self {
        self.first = first;
        self
    }

    /// Adds the counts of one image.
    pub fn push(&mut self, image: &Confusion<C>) {
        let mut mean = Mean::default();
        let left_out = self.left_out;
        let classes = self.classes.iter_mut().enumerate().skip(self.first);
        for (class, sum) in classes.filter(|(class, _)| Some(*class) != left_out) {
            let score = self.empties.score(self.metric, image.class(class));
            mean.push(score);
            sum.push(score);
        }
        self.images.push(mean.value().into());
        self.pooled.merge(image);
    }

    /// Adds the images of other averages of the same metric.
    pub fn merge(&mut self, other: &Self) {
        self.pooled.merge(&other.pooled);
        self.images.merge(&other.images);
        for (mean, other) in self.classes.iter_mut().zip(&other.classes) {
            mean.merge(other);
        }
    }

    /// The mean; `None` if nothing in it is defined.
    #[must_use]
    pub fn value(&self, averaging: Averaging) -> Option<f64> {
        let mut mean = Mean::default();
        match averaging {
            Averaging::PerImage => return self.images.value(),
            Averaging::PerPair => return self.pairs().value(),
            Averaging::Pooled => {
                let counts = |class: &usize| Some(*class) != self.left_out;
                (self.first..C)
                    .filter(counts)
                    .for_each(|class| mean.push(self.score(self.pooled.class(class))));
            }
            Averaging::PerClass => self.means().for_each(|class| mean.push(class.value().into())),
        }
        mean.value()
    }

    /// Mean over the images of one class; empty for a class that does not count.
    #[must_use]
    pub fn class(&self, class: usize) -> Mean {
        self.classes.get(class).copied().unwrap_or_default()
    }
    /// The metric per image.
    #[must_use]
    pub const fn images(&self) -> &Mean {
        &self.images
    }
    /// The counts of all images.
    #[must_use]
    pub const fn pooled(&self) -> &Confusion<C> {
        &self.pooled
    }
    /// Pairs of image and class in which the metric is not defined.
    #[must_use]
    pub fn undefined(&self) -> u64 {
        self.pairs().undefined()
    }
    /// Whether a count or a sum had no room.
    #[must_use]
    pub fn saturated(&self) -> bool {
        self.pooled.saturated() || self.images.saturated() || self.pairs().saturated()
    }

    fn score(&self, class: ClassReport) -> Score {
        self.empties.score(self.metric, class)
    }
    fn means(&self) -> impl Iterator<Item = &Mean> {
        let classes = self.classes.iter().enumerate().skip(self.first);
        classes.filter(|(class, _)| Some(*class) != self.left_out).map(|(_, mean)| mean)
    }
    fn pairs(&self) -> Mean {
        let mut all = Mean::default();
        self.means().for_each(|class| all.merge(class));
        all
    }
}
