//! The metrics of counts and scores.

use crate::list::{Entry, Kind, Parameter};

mod shape;

pub use shape::SHAPE_METRICS;

const METRIC: Entry = Entry {
    kind: Kind::Metric,
    name: "",
    synonyms: &[],
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

const AGREEMENT: Entry = Entry { family: "agreement", ..METRIC };
const CURVE: Entry = Entry { family: "threshold", inputs: &["binary"], ..METRIC };
const CALIBRATION: Entry = Entry {
    family: "calibration",
    inputs: &["binary"],
    presets: &["torchmetrics", "metrics_reloaded"],
    reference: "Guo et al. 2017",
    ..METRIC
};
const BINS: &[Parameter] =
    &[Parameter::number("bins", 15.0, "[1,65535]", "of confidences; 10 by preset metrics_reloaded")];
/// What averages, and what empties: [`super::Preset`].
const IOU_PRESETS: &[&str] = &[
    "monai",
    "monai_keep_empty",
    "metrics_reloaded",
    "medpy",
    "torchmetrics",
    "torchmetrics_mean_iou",
    "torchmetrics_jaccard_index",
    "cityscapes_pixel",
    "mmseg",
];
const DICE_PRESETS: &[&str] = &[
    "monai",
    "monai_keep_empty",
    "metrics_reloaded",
    "medpy",
    "torchmetrics",
    "torchmetrics_dice_score",
    "mmseg",
];
const RATE_PRESETS: &[&str] = &["metrics_reloaded", "medpy", "mmseg"];

/// The metrics of counts and scores.
pub static METRICS: &[Entry] = &[
    Entry {
        name: "iou",
        synonyms: &["jaccard"],
        definition: "TP / (TP + FP + FN), a class against the rest",
        presets: IOU_PRESETS,
        ..METRIC
    },
    Entry {
        name: "dice",
        synonyms: &["dsc", "f1", "f1_score", "dice_score"],
        definition: "2 TP / (2 TP + FP + FN), F1",
        reference: "Dice 1945",
        presets: DICE_PRESETS,
        ..METRIC
    },
    Entry {
        name: "f_beta",
        parameters: &[Parameter::number(
            "beta",
            2.0,
            "[0,inf)",
            "how many times as much recall counts as precision",
        )],
        definition: "(1 + b^2) TP / ((1 + b^2) TP + b^2 FN + FP)",
        reference: "van Rijsbergen 1979",
        presets: &["metrics_reloaded"],
        ..METRIC
    },
    Entry {
        name: "tversky_index",
        parameters: &[
            Parameter::number("fp_weight", 0.3, "[0,inf)", "of false positives"),
            Parameter::number("fn_weight", 0.7, "[0,inf)", "of false negatives"),
        ],
        definition: "TP / (TP + fp_weight FP + fn_weight FN)",
        reference: "Tversky 1977",
        ..METRIC
    },
    Entry {
        name: "precision",
        synonyms: &["ppv"],
        definition: "TP / (TP + FP)",
        presets: RATE_PRESETS,
        ..METRIC
    },
    Entry {
        name: "recall",
        synonyms: &["sensitivity", "tpr"],
        definition: "TP / (TP + FN), sensitivity",
        presets: RATE_PRESETS,
        ..METRIC
    },
    Entry {
        name: "specificity",
        synonyms: &["tnr"],
        definition: "TN / (TN + FP)",
        presets: &["metrics_reloaded", "medpy"],
        ..METRIC
    },
    Entry { name: "negative_predictive_value", synonyms: &["npv"], definition: "TN / (TN + FN)", ..METRIC },
    Entry { name: "false_positive_rate", synonyms: &["fpr"], definition: "FP / (FP + TN)", ..METRIC },
    Entry { name: "false_negative_rate", synonyms: &["fnr"], definition: "FN / (FN + TP)", ..METRIC },
    Entry { name: "false_discovery_rate", definition: "FP / (FP + TP)", ..METRIC },
    Entry { name: "false_omission_rate", definition: "FN / (FN + TN)", ..METRIC },
    Entry { name: "accuracy", definition: "(TP + TN) / n, a class against the rest", ..METRIC },
    Entry {
        name: "balanced_accuracy",
        definition: "(recall + specificity) / 2",
        reference: "Brodersen et al. 2010",
        ..METRIC
    },
    Entry {
        name: "informedness",
        definition: "recall + specificity - 1, Youden's J",
        reference: "Youden 1950",
        ..METRIC
    },
    Entry { name: "markedness", definition: "precision + NPV - 1", reference: "Powers 2011", ..METRIC },
    Entry {
        name: "fowlkes_mallows",
        definition: "TP / sqrt((TP + FP) (TP + FN)), the geometric mean of precision and recall",
        reference: "Fowlkes and Mallows 1983",
        ..METRIC
    },
    Entry {
        name: "prevalence_threshold",
        definition: "sqrt(FPR) / (sqrt(TPR) + sqrt(FPR)): the share of the class below which its precision falls off; less is better",
        reference: "Balayla 2020",
        ..METRIC
    },
    Entry { name: "volume_overlap_error", definition: "1 - IoU", reference: "Heimann et al. 2009", ..METRIC },
    Entry {
        name: "relative_volume_difference",
        definition: "(FP - FN) / (TP + FN); above zero if too much is predicted",
        reference: "Heimann et al. 2009",
        ..METRIC
    },
    Entry {
        name: "absolute_relative_volume_difference",
        definition: "|FP - FN| / (TP + FN)",
        reference: "Heimann et al. 2009",
        ..METRIC
    },
    Entry {
        name: "volume_similarity",
        definition: "1 - |FN - FP| / (2 TP + FP + FN); says nothing of where",
        reference: "Taha and Hanbury 2015",
        ..METRIC
    },
    Entry {
        name: "net_benefit",
        parameters: &[Parameter::number("threshold", 0.5, "(0,1)", "the probability of the threshold")],
        definition: "TP / n - (FP / n) t / (1 - t) at threshold t",
        reference: "Vickers and Elkin 2006",
        ..METRIC
    },
    Entry {
        name: "mean_iou",
        synonyms: &["miou", "mean_jaccard"],
        definition: "mean IoU over the classes in labels or predictions, of the counts of all images; per image and per class by name",
        presets: IOU_PRESETS,
        ..METRIC
    },
    Entry {
        name: "frequency_weighted_iou",
        synonyms: &["fwiou"],
        definition: "IoU weighted by the share of each class in the labels",
        reference: "Long et al. 2015",
        ..METRIC
    },
    Entry {
        name: "category_iou",
        definition: "IoU of classes merged into a category; taking one of them for another is no error",
        reference: "Cordts et al. 2016",
        presets: &["cityscapes_pixel"],
        ..METRIC
    },
    Entry {
        name: "generalised_dice",
        definition: "2 sum w TP / sum w (t + p), w = 1 / t^2, 1 / t or 1; an absent class gets the largest weight",
        reference: "Sudre et al. 2017; MONAI for absent classes",
        ..METRIC
    },
    Entry { name: "pixel_accuracy", definition: "share of scored pixels that are right", ..AGREEMENT },
    Entry { name: "mean_accuracy", definition: "mean recall over the classes in the labels", ..AGREEMENT },
    Entry {
        name: "mcc",
        definition: "correlation of label and prediction; undefined if one of them is constant",
        reference: "Matthews 1975, Gorodkin 2004",
        ..AGREEMENT
    },
    Entry {
        name: "kappa",
        synonyms: &["cohen_kappa"],
        definition: "(agreement - chance) / (1 - chance)",
        reference: "Cohen 1960",
        ..AGREEMENT
    },
    Entry {
        name: "weighted_kappa",
        definition: "1 - n sum w M / sum w t p, w = |i - j| or (i - j)^2",
        reference: "Cohen 1968",
        ..AGREEMENT
    },
    Entry {
        name: "auroc",
        synonyms: &["auc", "roc_auc"],
        definition: "chance that a foreground pixel scores above a background one, ties half; exact for 8-bit",
        reference: "Hanley and McNeil 1982",
        ..CURVE
    },
    Entry {
        name: "average_precision",
        synonyms: &["ap"],
        definition: "sum of (R_k - R_(k-1)) P_k over falling thresholds, not interpolated; exact for 8-bit",
        reference: "scikit-learn average_precision_score",
        ..CURVE
    },
    Entry {
        name: "average_precision_trapezoid",
        definition: "area under straight lines between the points (R, P), from (0, 1); optimistic",
        reference: "Metrics Reloaded",
        presets: &["metrics_reloaded"],
        ..CURVE
    },
    Entry {
        name: "average_precision_eleven_point",
        definition: "mean over recalls 0, 0.1 ... 1 of the best precision at that recall or a higher one",
        reference: "Everingham et al. 2010",
        presets: &["kitti_road"],
        ..CURVE
    },
    Entry {
        name: "average_precision_interpolated",
        definition: "every step of recall with the best precision at that recall or a higher one",
        reference: "Everingham et al. 2010, from VOC 2010",
        ..CURVE
    },
    Entry {
        name: "max_f1",
        synonyms: &["max_f"],
        definition: "highest F1 over the thresholds, the lowest of those that tie; and the rates at that threshold",
        reference: "Fritsch et al. 2013",
        presets: &["kitti_road"],
        ..CURVE
    },
    Entry {
        name: "sensitivity_at_specificity",
        definition: "highest recall where specificity is at least a bound",
        reference: "Metrics Reloaded",
        ..CURVE
    },
    Entry {
        name: "specificity_at_sensitivity",
        definition: "highest specificity where recall is at least a bound",
        reference: "Metrics Reloaded",
        ..CURVE
    },
    Entry {
        name: "precision_at_recall",
        definition: "highest precision where recall is at least a bound",
        reference: "Metrics Reloaded",
        ..CURVE
    },
    Entry {
        name: "false_positive_rate_at_recall",
        definition: "lowest false positive rate where recall is at least a bound: FPR95",
        reference: "Liang et al. 2018",
        ..CURVE
    },
    Entry {
        name: "ece",
        synonyms: &["expected_calibration_error"],
        parameters: BINS,
        definition: "expected calibration error: mean over pixels of |accuracy - confidence| of their bin",
        ..CALIBRATION
    },
    Entry {
        name: "mce",
        parameters: BINS,
        definition: "largest |accuracy - confidence| of a bin",
        reference: "Naeini et al. 2015",
        ..CALIBRATION
    },
    Entry {
        name: "ace",
        parameters: BINS,
        definition: "mean |accuracy - confidence| over bins of equal mass, in whole codes",
        reference: "Nixon et al. 2019",
        ..CALIBRATION
    },
    Entry {
        name: "classwise_ece",
        parameters: BINS,
        definition: "mean over the classes of the calibration error of their probability",
        reference: "Nixon et al. 2019",
        ..CALIBRATION
    },
    Entry {
        name: "rms_calibration_error",
        parameters: BINS,
        definition: "root of the mean (accuracy - confidence)^2 over the bins",
        reference: "Hendrycks et al. 2019",
        ..CALIBRATION
    },
    Entry {
        name: "brier",
        definition: "mean of (p - g)^2; of several classes their sum, or half of it",
        reference: "Brier 1950",
        presets: &[],
        ..CALIBRATION
    },
    Entry {
        name: "nll",
        synonyms: &["negative_log_likelihood"],
        definition: "negative log-likelihood: mean of -ln of the label's probability, which counts as 1e-7 at the least",
        reference: "Good 1952",
        presets: &[],
        ..CALIBRATION
    },
];

#[cfg(test)]
mod tests {
    use super::METRICS;
    use crate::metric::ClassMetric;

    #[test]
    fn every_metric_of_a_class_is_listed() {
        for (name, _) in ClassMetric::ALL {
            assert!(METRICS.iter().any(|entry| entry.name == *name), "{name}");
        }
    }
}
