//! The overlap metrics of a class by name, and what they are where a mask is empty.

use super::{ClassReport, Ratio};

/// One line per metric: name, variant with the defaults of its parameters, formula, and the worst value.
macro_rules! class_metrics {
    ($($name:literal $variant:ident $({ $($parameter:ident = $default:literal),* })? : $of:expr, $worst:expr;)*) => {
        /// An overlap metric of a class against the rest.
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        #[allow(missing_docs, reason = "each is the method of `ClassReport` of its name")]
        pub enum ClassMetric {
            $($variant $({ $($parameter: f64),* })?,)*
        }

        impl ClassMetric {
            /// Every metric by its name in [`METRICS`](super::METRICS), with the defaults of its parameters.
            pub const ALL: &[(&'static str, Self)] =
                &[$(($name, Self::$variant $({ $($parameter: $default),* })?)),*];

            /// The metric by its formula; `None` where the formula has no value.
            #[must_use]
            pub fn of(self, class: ClassReport) -> Option<f64> {
                match self {
                    $(Self::$variant $({ $($parameter),* })? => Formula::value($of(class $($(, $parameter)*)?)),)*
                }
            }

            /// The worst value; `None` if there is no bound.
            #[must_use]
            pub const fn worst(self) -> Option<f64> {
                match self {
                    $(Self::$variant { .. } => $worst,)*
                }
            }
        }
    };
}

/// What a method of `ClassReport` gives.
trait Formula {
    fn value(self) -> Option<f64>;
}

impl Formula for Option<f64> {
    fn value(self) -> Option<f64> {
        self
    }
}

impl Formula for Ratio {
    fn value(self) -> Option<f64> {
        Self::value(self)
    }
}

class_metrics! {
    "iou" Iou: ClassReport::iou, Some(0.0);
    "dice" Dice: ClassReport::dice, Some(0.0);
    "precision" Precision: ClassReport::precision, Some(0.0);
    "recall" Recall: ClassReport::recall, Some(0.0);
    "specificity" Specificity: ClassReport::specificity, Some(0.0);
    "negative_predictive_value" NegativePredictiveValue: ClassReport::negative_predictive_value, Some(0.0);
    "f_beta" FBeta { beta = 2.0 }: ClassReport::f_beta, Some(0.0);
    "tversky_index" TverskyIndex { fp_weight = 0.3, fn_weight = 0.7 }: ClassReport::tversky_index, Some(0.0);
    "false_positive_rate" FalsePositiveRate: ClassReport::false_positive_rate, Some(1.0);
    "false_negative_rate" FalseNegativeRate: ClassReport::false_negative_rate, Some(1.0);
    "false_discovery_rate" FalseDiscoveryRate: ClassReport::false_discovery_rate, Some(1.0);
    "false_omission_rate" FalseOmissionRate: ClassReport::false_omission_rate, Some(1.0);
    "accuracy" Accuracy: ClassReport::accuracy, Some(0.0);
    "balanced_accuracy" BalancedAccuracy: ClassReport::balanced_accuracy, Some(0.0);
    "informedness" Informedness: ClassReport::informedness, Some(-1.0);
    "markedness" Markedness: ClassReport::markedness, Some(-1.0);
    "mcc" Mcc: ClassReport::mcc, Some(-1.0);
    "fowlkes_mallows" FowlkesMallows: ClassReport::fowlkes_mallows, Some(0.0);
    "prevalence_threshold" PrevalenceThreshold: ClassReport::prevalence_threshold, Some(1.0);
    "volume_overlap_error" VolumeOverlapError: ClassReport::volume_overlap_error, Some(1.0);
    "volume_similarity" VolumeSimilarity: ClassReport::volume_similarity, Some(0.0);
    "relative_volume_difference" RelativeVolumeDifference: ClassReport::relative_volume_difference, None;
    "absolute_relative_volume_difference" AbsoluteRelativeVolumeDifference:
        ClassReport::absolute_relative_volume_difference, None;
    "net_benefit" NetBenefit { threshold = 0.5 }: ClassReport::net_benefit, None;
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
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
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
