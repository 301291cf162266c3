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

/// Distances of whole frames.
const SURFACE: Entry = Entry {
    family: "surface",
    quantised: false,
    scratch: "1 bit per pixel and mask, 3 words per column, 1536 words for a percentile",
    presets: &["segmeter", "monai", "metrics_reloaded", "medpy", "panoptica", "surface_distance"],
    ..METRIC
};
/// Counts along contours, row by row.
const BOUNDARY: Entry = Entry { family: "surface", quantised: false, ..METRIC };

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
    Entry {
        name: "hausdorff",
        definition: "largest distance from a contour to the other, of both directions or one",
        reference: "Huttenlocher et al. 1993",
        ..SURFACE
    },
    Entry {
        name: "hd95",
        definition: "larger of the two directed 95th percentiles, linear; pooled, nearest rank, by length by name",
        reference: "Huttenlocher et al. 1993",
        ..SURFACE
    },
    Entry {
        name: "assd",
        definition: "mean distance to the other contour, over both contours in one",
        reference: "Heimann et al. 2009",
        ..SURFACE
    },
    Entry {
        name: "masd",
        definition: "mean of the two directed mean distances",
        reference: "Benes and Zitova 2015",
        ..SURFACE
    },
    Entry {
        name: "nsd",
        definition: "share of both contours at most a tolerance from the other; surface Dice",
        reference: "Nikolov et al. 2021",
        scratch: "4 r + 11 rows of bits, r = rows within the tolerance",
        ..SURFACE
    },
    Entry {
        name: "boundary_iou",
        definition: "IoU of the pixels at most d rows and columns from the background",
        reference: "Cheng et al. 2021",
        scratch: "about 2 d + 15 rows of bits",
        presets: &["boundary_iou_coco", "boundary_iou_cityscapes"],
        ..BOUNDARY
    },
    Entry {
        name: "boundary_f",
        definition: "harmonic mean of the shares of both contours within a radius of the other",
        reference: "Perazzi et al. 2016",
        scratch: "4 r + 11 rows of bits",
        presets: &["davis_f"],
        ..BOUNDARY
    },
    Entry {
        name: "trimap",
        definition: "accuracy and IoU of the pixels within a radius of the labelled contour",
        reference: "Kohli et al. 2009",
        scratch: "5 r + 9 rows of bits",
        ..BOUNDARY
    },
];
