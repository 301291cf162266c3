//! The metrics of contours, components and segments.

use super::METRIC;
use crate::list::{Entry, Parameter};

const FRAME_RULE: Parameter = Parameter::word(
    "frame_rule",
    "ignored",
    "counts, ignored",
    "whether the image's frame is contour where a mask touches it; counts by most presets",
);
const SPACING: Parameter = Parameter::word(
    "spacing",
    "1,1",
    "two numbers in [1e-9,1e9], their ratio in [1e-6,1e6]",
    "size of a pixel, from row to row and from column to column",
);
const TOLERANCE: Parameter = Parameter::number(
    "tolerance",
    2.0,
    "[0,inf)",
    "distance up to which contours match; of the preset if it has one, of panoptica the smaller side of spacing",
);
const TRIMAP_RADIUS: Parameter =
    Parameter::number("trimap_radius", 3.0, "[0,4096]", "pixels from the labelled contour that count");
const CONNECTED: Parameter =
    Parameter::word("connectivity", "4", "4, 8", "pixels that touch: by their sides, or by corners too");
const MIN_AREA: Parameter =
    Parameter::number("min_area", 0.0, "[0,65535]", "components of fewer pixels are left out");
const SEGMENTS: &[Parameter] =
    &[Parameter::word("connectivity", "8", "4, 8", "pixels of a segment: by their sides, or by corners too")];

const SHAPE: Entry = Entry { quantised: false, inputs: &["binary"], ..METRIC };
const TOPOLOGY: Entry = Entry {
    family: "topology",
    parameters: &[CONNECTED, MIN_AREA],
    scratch: "8 bytes per column",
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
    scratch: "a slot per pair of segments; eval: 8 bytes per pixel",
    parameters: SEGMENTS,
    presets: &["torchmetrics"],
    reference: "Kirillov et al. 2019",
    ..METRIC
};

/// Distances of whole frames.
const SURFACE: Entry = Entry {
    family: "surface",
    quantised: false,
    scratch: "1 bit per pixel and mask, 3 words per column, 1536 words for a percentile",
    parameters: &[SPACING, FRAME_RULE],
    presets: &["monai", "metrics_reloaded", "medpy", "panoptica", "surface_distance"],
    ..METRIC
};
/// Counts along contours, row by row.
const BOUNDARY: Entry = Entry { family: "surface", quantised: false, parameters: &[FRAME_RULE], ..METRIC };

/// The metrics of contours, components and segments.
pub static SHAPE_METRICS: &[Entry] = &[
    Entry {
        name: "hausdorff",
        synonyms: &["hd", "hausdorff_distance"],
        definition: "largest distance from a contour to the other, of both directions or one",
        reference: "Huttenlocher et al. 1993",
        ..SURFACE
    },
    Entry {
        name: "hd95",
        parameters: &[
            Parameter::number("percentile", 95.0, "[0,100]", "which; hd90 is its name with 90"),
            SPACING,
            FRAME_RULE,
        ],
        definition: "larger of the two directed percentiles, the 95th unless asked for another, linear; pooled, nearest rank, by length by name",
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
        synonyms: &["surface_dice"],
        parameters: &[TOLERANCE, SPACING, FRAME_RULE],
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
        synonyms: &["boundary_f1"],
        parameters: &[TOLERANCE, SPACING, FRAME_RULE],
        definition: "harmonic mean of the shares of both contours within a radius of the other",
        reference: "Perazzi et al. 2016",
        scratch: "4 r + 11 rows of bits",
        presets: &["davis_f", "metrics_reloaded", "panoptica"],
        ..BOUNDARY
    },
    Entry {
        name: "trimap",
        parameters: &[TRIMAP_RADIUS, FRAME_RULE],
        definition: "IoU of the pixels within a radius of the labelled contour",
        reference: "Kohli et al. 2009",
        scratch: "5 r + 9 rows of bits",
        ..BOUNDARY
    },
    Entry {
        name: "trimap_accuracy",
        parameters: &[TRIMAP_RADIUS, FRAME_RULE],
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
        synonyms: &["cldice"],
        parameters: &[],
        definition: "harmonic mean of the share of each mask's skeleton in the other mask",
        reference: "Shit et al. 2021",
        scratch: "a bit plane and the scratch of thinning",
        presets: &["metrics_reloaded"],
        ..TOPOLOGY
    },
    Entry {
        name: "apls",
        parameters: &[Parameter::word(
            "spacing",
            "1,1",
            "square pixels",
            "size of a pixel; undefined for others",
        )],
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
        synonyms: &["pq"],
        definition: "sum of IoU of found segments / (TP + FP / 2 + FN / 2); found: IoU above 1/2; void left out",
        ..PANOPTIC
    },
    Entry {
        name: "segmentation_quality",
        synonyms: &["sq"],
        definition: "mean IoU of found segments",
        ..PANOPTIC
    },
    Entry {
        name: "recognition_quality",
        synonyms: &["rq"],
        definition: "TP / (TP + FP / 2 + FN / 2) of segments",
        ..PANOPTIC
    },
    Entry {
        name: "instance_iou",
        definition: "iTP / (iTP + FP + iFN); pixels of an instance count with average size / its size, false positives plainly; eval: instances are components, sizes theirs in the labels",
        reference: "Cordts et al. 2016",
        inputs: &["binary", "multiclass"],
        presets: &[],
        ..PANOPTIC
    },
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
