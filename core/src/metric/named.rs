//! The overlap metrics of a class by name, and what they are where a mask is empty.

use super::ClassReport;

/// An overlap metric of a class against the rest.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[allow(missing_docs, reason = "each is the method of `ClassReport` of its name")]
pub enum ClassMetric {
    Iou,
    Dice,
    FBeta { beta: f64 },
    TverskyIndex { fp_weight: f64, fn_weight: f64 },
    Precision,
    Recall,
    Specificity,
    NegativePredictiveValue,
    FalsePositiveRate,
    FalseNegativeRate,
    FalseDiscoveryRate,
    FalseOmissionRate,
    Accuracy,
    BalancedAccuracy,
    Informedness,
    Markedness,
    Mcc,
    VolumeOverlapError,
    VolumeSimilarity,
    RelativeVolumeDifference,
    AbsoluteRelativeVolumeDifference,
    NetBenefit { threshold: f64 },
}

impl ClassMetric {
    /// The metric by its formula; `None` where the formula has no value.
    #[must_use]
    pub fn of(self, class: ClassReport) -> Option<f64> {
        match self {
            Self::Iou => class.iou().value(),
            Self::Dice => class.dice().value(),
            Self::FBeta { beta } => class.f_beta(beta),
            Self::TverskyIndex { fp_weight, fn_weight } => class.tversky_index(fp_weight, fn_weight),
            Self::Precision => class.precision().value(),
            Self::Recall => class.recall().value(),
            Self::Specificity => class.specificity().value(),
            Self::NegativePredictiveValue => class.negative_predictive_value().value(),
            Self::FalsePositiveRate => class.false_positive_rate().value(),
            Self::FalseNegativeRate => class.false_negative_rate().value(),
            Self::FalseDiscoveryRate => class.false_discovery_rate().value(),
            Self::FalseOmissionRate => class.false_omission_rate().value(),
            Self::Accuracy => class.accuracy().value(),
            Self::BalancedAccuracy => class.balanced_accuracy(),
            Self::Informedness => class.informedness(),
            Self::Markedness => class.markedness(),
            Self::Mcc => class.mcc(),
            Self::VolumeOverlapError => class.volume_overlap_error().value(),
            Self::VolumeSimilarity => class.volume_similarity().value(),
            Self::RelativeVolumeDifference => class.relative_volume_difference(),
            Self::AbsoluteRelativeVolumeDifference => class.absolute_relative_volume_difference().value(),
            Self::NetBenefit { threshold } => class.net_benefit(threshold),
        }
    }

    /// The worst value; `None` if there is no bound.
    #[must_use]
    pub const fn worst(self) -> Option<f64> {
        match self {
            Self::Informedness | Self::Markedness | Self::Mcc => Some(-1.0),
            Self::FalsePositiveRate
            | Self::FalseNegativeRate
            | Self::FalseDiscoveryRate
            | Self::FalseOmissionRate
            | Self::VolumeOverlapError => Some(1.0),
            Self::RelativeVolumeDifference
            | Self::AbsoluteRelativeVolumeDifference
            | Self::NetBenefit { .. } => None,
            _ => Some(0.0),
        }
    }
}

/// What a metric is where a mask is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Empty {
    /// What its formula gives; where that is 0/0, undefined.
    #[default]
    Formula,
    /// Not defined: in no mean, but counted.
    Undefined,
    /// 0.
    Zero,
    /// 1.
    One,
    /// The worst value of the metric: for a distance the diagonal of the image; undefined if it has none.
    Worst,
    /// Infinity, which some libraries return.
    Infinite,
    /// In no mean, and not counted either.
    Skip,
}

/// A metric of a class in an image.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Score {
    /// Its value.
    Value(f64),
    /// It has none, and that is counted.
    Undefined,
    /// It has none, by request uncounted.
    Skipped,
}

impl Score {
    /// The value, if there is one.
    #[must_use]
    pub const fn value(self) -> Option<f64> {
        match self {
            Self::Value(value) => Some(value),
            Self::Undefined | Self::Skipped => None,
        }
    }
}

impl From<Option<f64>> for Score {
    fn from(value: Option<f64>) -> Self {
        value.map_or(Self::Undefined, Self::Value)
    }
}

/// What a metric is where the mask of the labels, of the predictions, or both is empty.
///
/// ```
/// use segmeter_core::metric::{ClassMetric, ClassReport, Empties, Empty, Score};
/// let nothing = ClassReport { true_negative: 9, ..ClassReport::default() };
/// assert_eq!(Empties::FORMULA.score(ClassMetric::Dice, nothing), Score::Undefined);
/// let rewarded = Empties { both: Empty::One, ..Empties::FORMULA };
/// assert_eq!(rewarded.score(ClassMetric::Dice, nothing), Score::Value(1.0));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Empties {
    /// Neither labelled nor predicted.
    pub both: Empty,
    /// Predicted, but not labelled.
    pub labels: Empty,
    /// Labelled, but not predicted.
    pub predictions: Empty,
    /// The formula is 0/0, and the above leave it to the formula.
    pub otherwise: Empty,
}

impl Empties {
    /// What the formula gives, undefined where that is 0/0.
    pub const FORMULA: Self = Self::all(Empty::Formula);

    /// The same everywhere; what has no empty mask goes by its formula.
    #[must_use]
    pub const fn all(empty: Empty) -> Self {
        Self { both: empty, labels: empty, predictions: empty, otherwise: empty }
    }

    /// One for both masks empty and one for either; else the formula.
    #[must_use]
    pub const fn new(both: Empty, either: Empty) -> Self {
        Self { both, labels: either, predictions: either, otherwise: Empty::Formula }
    }

    /// The metric of a class in an image.
    #[must_use]
    pub fn score(self, metric: ClassMetric, class: ClassReport) -> Score {
        self.resolve(class.positives() == 0, class.predicted() == 0, metric.of(class), metric.worst())
    }

    /// A value by its formula, given which masks are empty and what the worst value is.
    #[must_use]
    pub fn resolve(
        self,
        no_label: bool,
        no_prediction: bool,
        value: Option<f64>,
        worst: Option<f64>,
    ) -> Score {
        let empty = match (no_label, no_prediction) {
            (true, true) => self.both,
            (true, false) => self.labels,
            (false, true) => self.predictions,
            (false, false) => Empty::Formula,
        };
        match if empty == Empty::Formula && value.is_none() { self.otherwise } else { empty } {
            Empty::Formula => value.into(),
            Empty::Undefined => Score::Undefined,
            Empty::Zero => Score::Value(0.0),
            Empty::One => Score::Value(1.0),
            Empty::Worst => worst.into(),
            Empty::Infinite => Score::Value(f64::INFINITY),
            Empty::Skip => Score::Skipped,
        }
    }
}
