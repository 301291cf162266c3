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

const AGREEMENT: Entry = Entry { family: "agreement", ..METRIC };
const CURVE: Entry = Entry { family: "threshold", inputs: &["binary"], ..METRIC };
const CALIBRATION: Entry = Entry {
    family: "calibration",
    inputs: &["binary"],
    presets: &["torchmetrics", "metrics_reloaded"],
    reference: "Guo et al. 2017",
    ..METRIC
};
const SHAPE: Entry = Entry { quantised: false, inputs: &["binary"], ..METRIC };
const TOPOLOGY: Entry = Entry {
    family: "topology",
    scratch: "3 u16 and 1/16 per column",
    reference: "Gray 1971; 4-connected foreground and 8-connected background, or the reverse",
    ..SHAPE
};
const ROAD: Entry = Entry {
    family: "road",
    scratch: "a u16 per row or column",
    reference: "the run of road that holds the ego column",
    ..SHAPE
};
const PANOPTIC: Entry = Entry {
    family: "panoptic",
    inputs: &["multiclass"],
    quantised: false,
    scratch: "a slot per pair of segments",
    presets: &["torchmetrics"],
    reference: "Kirillov et al. 2019",
    ..METRIC
};

/// What averages, and what empties: [`segmeter::core::metric::Preset`].
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

/// Distances of whole frames.
const SURFACE: Entry = Entry {
    family: "surface",
    quantised: false,
    scratch: "1 bit per pixel and mask, 3 words per column, 1536 words for a percentile",
    presets: &["monai", "metrics_reloaded", "medpy", "panoptica", "surface_distance"],
    ..METRIC
};
/// Counts along contours, row by row.
const BOUNDARY: Entry = Entry { family: "surface", quantised: false, ..METRIC };

pub(super) static METRICS: &[Entry] = &[
    Entry {
        name: "iou",
        definition: "TP / (TP + FP + FN), a class against the rest",
        presets: IOU_PRESETS,
        ..METRIC
    },
    Entry {
        name: "dice",
        definition: "2 TP / (2 TP + FP + FN), F1",
        reference: "Dice 1945",
        presets: DICE_PRESETS,
        ..METRIC
    },
    Entry {
        name: "f_beta",
        definition: "(1 + b^2) TP / ((1 + b^2) TP + b^2 FN + FP)",
        reference: "van Rijsbergen 1979",
        presets: &["metrics_reloaded"],
        ..METRIC
    },
    Entry {
        name: "tversky_index",
        definition: "TP / (TP + fp_weight FP + fn_weight FN)",
        reference: "Tversky 1977",
        ..METRIC
    },
    Entry { name: "precision", definition: "TP / (TP + FP)", presets: RATE_PRESETS, ..METRIC },
    Entry { name: "recall", definition: "TP / (TP + FN), sensitivity", presets: RATE_PRESETS, ..METRIC },
    Entry {
        name: "specificity",
        definition: "TN / (TN + FP)",
        presets: &["metrics_reloaded", "medpy"],
        ..METRIC
    },
    Entry { name: "negative_predictive_value", definition: "TN / (TN + FN)", ..METRIC },
    Entry { name: "false_positive_rate", definition: "FP / (FP + TN)", ..METRIC },
    Entry { name: "false_negative_rate", definition: "FN / (FN + TP)", ..METRIC },
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
        definition: "TP / n - (FP / n) t / (1 - t) at threshold t",
        reference: "Vickers and Elkin 2006",
        ..METRIC
    },
    Entry {
        name: "mean_iou",
        definition: "mean IoU over the classes in labels or predictions, of the counts of all images; per image and per class by name",
        presets: IOU_PRESETS,
        ..METRIC
    },
    Entry {
        name: "frequency_weighted_iou",
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
        name: "instance_iou",
        family: "panoptic",
        definition: "iTP / (iTP + FP + iFN); pixels of an instance count with average size / its size, false positives plainly; eval: instances are components, sizes theirs in the labels",
        reference: "Cordts et al. 2016",
        quantised: false,
        scratch: "a slot per pair of segments",
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
        definition: "expected calibration error: mean over pixels of |accuracy - confidence| of their bin",
        ..CALIBRATION
    },
    Entry {
        name: "mce",
        definition: "largest |accuracy - confidence| of a bin",
        reference: "Naeini et al. 2015",
        ..CALIBRATION
    },
    Entry {
        name: "ace",
        definition: "mean |accuracy - confidence| over bins of equal mass, in whole codes",
        reference: "Nixon et al. 2019",
        ..CALIBRATION
    },
    Entry {
        name: "classwise_ece",
        definition: "mean over the classes of the calibration error of their probability",
        reference: "Nixon et al. 2019",
        ..CALIBRATION
    },
    Entry {
        name: "rms_calibration_error",
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
        definition: "negative log-likelihood: mean of -ln of the label's probability",
        reference: "Good 1952",
        presets: &[],
        ..CALIBRATION
    },
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
        definition: "IoU of the pixels within a radius of the labelled contour",
        reference: "Kohli et al. 2009",
        scratch: "5 r + 9 rows of bits",
        ..BOUNDARY
    },
    Entry {
        name: "trimap_accuracy",
        definition: "share of the pixels within a radius of the labelled contour that are right",
        reference: "Kohli et al. 2009",
        scratch: "5 r + 9 rows of bits",
        ..BOUNDARY
    },
    Entry { name: "components", definition: "Betti number 0: components, of at least an area", ..TOPOLOGY },
    Entry { name: "holes", definition: "Betti number 1: holes of these components", ..TOPOLOGY },
    Entry { name: "euler_number", definition: "components - holes", ..TOPOLOGY },
    Entry {
        name: "betti_error",
        definition: "|difference of components| + |difference of holes|, per image",
        reference: "Hu et al. 2019",
        ..TOPOLOGY
    },
    Entry {
        name: "centreline_dice",
        definition: "harmonic mean of the share of each mask's skeleton in the other mask",
        reference: "Shit et al. 2021",
        scratch: "a bit plane and the scratch of thinning",
        presets: &["metrics_reloaded"],
        ..TOPOLOGY
    },
    Entry {
        name: "apls",
        definition: "average path length similarity: 1 - mean min(1, |L - L'| / L) over the paths of road graphs, harmonic mean of both directions",
        reference: "Van Etten et al. 2018",
        scratch: "both graphs",
        passes: "a shortest-path search per control point",
        ..TOPOLOGY
    },
    Entry {
        name: "corridor_width",
        definition: "pixels of the run of road at the ego column, in every row; mean absolute error over the rows in which both have one",
        ..ROAD
    },
    Entry {
        name: "boundary_offset",
        definition: "pixels of road from the ego column to the left and right, in every row; mean absolute error",
        ..ROAD
    },
    Entry {
        name: "lowest_road",
        definition: "lowest row with road, in every column; mean absolute error",
        ..ROAD
    },
    Entry {
        name: "panoptic_quality",
        definition: "sum of IoU of found segments / (TP + FP / 2 + FN / 2); found: IoU above 1/2; void left out",
        ..PANOPTIC
    },
    Entry { name: "segmentation_quality", definition: "mean IoU of found segments", ..PANOPTIC },
    Entry { name: "recognition_quality", definition: "TP / (TP + FP / 2 + FN / 2) of segments", ..PANOPTIC },
    Entry {
        name: "lesion_wise_dice",
        definition: "sum of the Dice of the components of the labels that are found, over components and false alarms",
        reference: "BraTS 2023",
        inputs: &["binary", "multiclass"],
        scratch: "2 words and 2 bits per pixel, a slot per pair of components",
        presets: &[],
        ..PANOPTIC
    },
];
