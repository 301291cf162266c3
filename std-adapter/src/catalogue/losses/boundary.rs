//! Losses of contours and distances.

use super::{CHANNELS, CONVENTION, DISTANCE_EXPONENT, Entry, LOSS, Parameter, SIDES};

const FAMILY: Entry = Entry { family: "boundary", ..LOSS };

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "boundary",
        passes: "per class: 2, 2 distance transforms",
        quantised: false,
        scratch: "u32[2*pixels+2*width]",
        parameters: &[CONVENTION],
        definition: "mean of phi p, phi the signed distance to the contour of the labels",
        reference: "Kervadec et al. 2019",
        ..FAMILY
    },
    Entry {
        name: "hausdorff_distance",
        passes: "per class: 5 + 1, 4 distance transforms",
        quantised: false,
        scratch: "u32[3*pixels+2*width]",
        parameters: &[DISTANCE_EXPONENT, SIDES],
        definition: "mean of (p-g)^2 (d_p^exponent + d_g^exponent), distances constant in the gradient",
        reference: "Karimi and Salcudean 2019",
        ..FAMILY
    },
    Entry {
        name: "hausdorff_erosion",
        passes: "per class: 2 + 1, and 2 + 3 per erosion that leaves anything",
        quantised: false,
        scratch: "u32[(6+erosions)*pixels+4*erosions]",
        parameters: &[
            Parameter::number("exponent", 2.0, "[0,8]", "power of the number of erosions"),
            Parameter::number("erosions", 10.0, "[1,64]", "how often the error is eroded"),
        ],
        definition: "mean of sum_k k^exponent e_k, e_k the k times eroded squared error, scaled to [0,1]",
        reference: "Karimi and Salcudean 2019",
        ..FAMILY
    },
    Entry {
        name: "hausdorff_convolution",
        passes: "per class: 3 + 1, and 1 per row of every disc",
        quantised: false,
        scratch: "u32[4*pixels+4*width]",
        parameters: &[
            Parameter::number("exponent", 2.0, "[0,8]", "power of the radii"),
            Parameter::number("step", 3.0, "[1,127/scales]", "smallest radius, and step between radii"),
            Parameter::number("scales", 6.0, "[1,127/step]", "number of radii"),
        ],
        definition: "mean of (p-g)^2 (p F + g N), F and N sums over discs of how thick the masks are around a pixel",
        reference: "Karimi and Salcudean 2019",
        ..FAMILY
    },
    Entry {
        name: "shape_aware",
        passes: "5, a distance transform",
        inputs: CHANNELS,
        quantised: false,
        scratch: "u32[2*pixels+2*width]",
        definition: "(1 + E) cross_entropy, E the mean distance from the contour of the prediction to that of the labels",
        reference: "Arif et al. 2018",
        ..FAMILY
    },
    Entry {
        name: "active_contour",
        passes: "per class: 3 + 1",
        quantised: false,
        scratch: "u32[3*pixels]",
        parameters: &[
            Parameter::number("length_weight", 1.0, "[0,inf)", "weight of the length of the contour"),
            Parameter::number("region_weight", 1.0, "[0,inf)", "weight of the regions"),
            Parameter::number("epsilon", 1e-08, "[1e-30,inf)", "under the root of the length"),
            Parameter::flag("mean", false, "divided by the weight of the pixels"),
        ],
        definition: "length sum |grad p| + region sum p (1-g)^2 + (1-p) g^2",
        reference: "Chen et al. 2019",
        ..FAMILY
    },
    Entry {
        name: "elastica",
        passes: "per class: 4 + 2",
        quantised: false,
        scratch: "u32[6*pixels]",
        parameters: &[
            Parameter::number("length", 0.001, "[0,inf)", "weight of the length of the contour"),
            Parameter::number("curvature", 2.0, "[0,inf)", "weight of its squared curvature"),
        ],
        definition: "sum (length + curvature k^2) |grad p| + sum p (1-g)^2 + (1-p) g^2",
        reference: "Chen et al. 2020",
        ..FAMILY
    },
    Entry {
        name: "boundary_f1",
        passes: "per class: 11 + 4, and 2 per pixel of the windows' radii",
        quantised: false,
        scratch: "u32[7*pixels+width]",
        parameters: &[
            Parameter::number("theta0", 3.0, "odd, [1,255]", "window of an edge"),
            Parameter::number("theta", 5.0, "odd, [1,255]", "window of its surroundings"),
            Parameter::number("smooth", 1e-07, "[1e-30,inf)", "added to numerator and denominator"),
        ],
        definition: "1 - 2 P R / (P + R) of the soft boundaries",
        reference: "Bokhovkin and Burnaev 2019",
        ..FAMILY
    },
    Entry {
        name: "active_boundary",
        passes: "per class: 6 + 1, of several classes 12 + 1, a distance transform, a selection",
        quantised: false,
        scratch: "u32[3*pixels+2*width+ceil(pixels/32)]",
        parameters: &[
            Parameter::number("share", 0.01, "[0,1]", "share of pixels taken as predicted boundary"),
            Parameter::number("smoothing", 0.2, "[0,1]", "of the direction"),
            Parameter::number("reach", 20.0, "(0,inf)", "distance from which the weight is 1"),
        ],
        definition: "cross-entropy of the direction from predicted boundary pixels to the nearest label boundary, min(d, reach)/reach as weight",
        reference: "Wang et al. 2022",
        ..FAMILY
    },
];
