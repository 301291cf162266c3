//! The metrics.

use super::{Entry, Kind};

const METRIC: Entry = Entry {
    kind: Kind::Metric,
    name: "",
    family: "overlap",
    inputs: &["binary", "multiclass"],
    quantised: true,
    scratch: "none",
    passes: "1",
    parameters: &[],
    presets: &[],
    definition: "",
    reference: "Everingham et al. 2010",
};

const CURVE: Entry = Entry { family: "threshold", inputs: &["binary"], ..METRIC };
const CALIBRATION: Entry = Entry { family: "calibration", inputs: &["binary"], ..METRIC };

pub(super) static METRICS: &[Entry] = &[
    Entry { name: "iou", definition: "TP / (TP + FP + FN), a class against the rest", ..METRIC },
    Entry { name: "dice", definition: "2 TP / (2 TP + FP + FN), F1", reference: "Dice 1945", ..METRIC },
    Entry { name: "precision", definition: "TP / (TP + FP)", ..METRIC },
    Entry { name: "recall", definition: "TP / (TP + FN)", ..METRIC },
    Entry { name: "specificity", definition: "TN / (TN + FP)", ..METRIC },
    Entry { name: "negative_predictive_value", definition: "TN / (TN + FN)", ..METRIC },
    Entry { name: "mean_iou", definition: "mean IoU over the classes in labels or predictions", ..METRIC },
    Entry {
        name: "frequency_weighted_iou",
        definition: "IoU weighted by the share of each class in the labels",
        reference: "Long et al. 2015",
        ..METRIC
    },
    Entry { name: "pixel_accuracy", definition: "share of scored pixels that are right", ..METRIC },
    Entry { name: "mean_accuracy", definition: "mean recall over the classes in the labels", ..METRIC },
    Entry {
        name: "mcc",
        definition: "correlation of label and prediction; undefined if one of them is constant",
        reference: "Matthews 1975, Gorodkin 2004",
        ..METRIC
    },
    Entry {
        name: "kappa",
        definition: "(agreement - chance) / (1 - chance)",
        reference: "Cohen 1960",
        ..METRIC
    },
    Entry {
        name: "auroc",
        definition: "chance that a foreground pixel scores above a background one, ties half; exact for 8-bit",
        reference: "Hanley and McNeil 1982",
        ..CURVE
    },
    Entry {
        name: "average_precision",
        definition: "sum of (R_k - R_(k-1)) P_k over falling thresholds, not interpolated; exact for 8-bit",
        reference: "scikit-learn average_precision_score",
        ..CURVE
    },
    Entry {
        name: "ece",
        definition: "mean |accuracy - confidence| over 15 equal-width bins of the top label's confidence",
        reference: "Guo et al. 2017",
        ..CALIBRATION
    },
    Entry { name: "brier", definition: "mean of (p - g)^2", reference: "Brier 1950", ..CALIBRATION },
];
