//! Losses of single pixels.

use super::{BACKGROUND_WEIGHT, Entry, FOCUSING, FOREGROUND_WEIGHT, FRACTION, LOSS, NORMALISE, Parameter};

const FAMILY: Entry = Entry { family: "distribution", ..LOSS };

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "cross_entropy",
        passes: "1",
        parameters: &[NORMALISE],
        definition: "mean over pixels of -ln p of the label; binary: -ln p on foreground, -ln(1-p) on background; of probabilities each at most 100",
        reference: "PyTorch cross_entropy, binary_cross_entropy_with_logits",
        ..FAMILY
    },
    Entry {
        name: "balanced_cross_entropy",
        passes: "1",
        definition: "mean of b_c (-ln p) of the label with b_c = 1 - n_c / N",
        reference: "Xie and Tu 2015",
        ..FAMILY
    },
    Entry {
        name: "focal",
        passes: "1",
        parameters: &[FOCUSING, FOREGROUND_WEIGHT, BACKGROUND_WEIGHT],
        definition: "mean of -a (1-p)^focusing ln p of the label, a the weight of its class",
        reference: "Lin et al. 2017",
        ..FAMILY
    },
    Entry {
        name: "reduced_focal",
        passes: "1",
        parameters: &[
            FOCUSING,
            Parameter::number("threshold", 0.5, "[0.01,1]", "probability from which pixels count less"),
        ],
        definition: "mean of -m ln p of the label; m = ((1-p)/threshold)^focusing from the threshold up, else 1",
        reference: "Sergievskiy and Ponamarev 2019",
        ..FAMILY
    },
    Entry {
        name: "normalised_focal",
        parameters: &[FOCUSING],
        definition: "sum(m l) / sum(m) of the label; m = (1-p)^focusing, l = -ln p",
        reference: "segmentation_models.pytorch",
        ..FAMILY
    },
    Entry {
        name: "top_k",
        passes: "2 + 1, a selection by 3 digits; binary 1 + 1",
        scratch: "u32[2*pixels+2048]",
        parameters: &[FRACTION],
        definition: "mean cross-entropy of the k worst of n pixels; k the smallest with k/n >= fraction",
        reference: "Wu et al. 2016",
        ..FAMILY
    },
    Entry {
        name: "ohem",
        passes: "2 + 1, a selection by 3 digits; binary 1 + 1",
        scratch: "u32[2*pixels+2048]",
        parameters: &[
            Parameter::number("threshold", 0.7, "(0,1]", "probability below which a pixel counts"),
            Parameter::number(
                "min_kept",
                16.0,
                "[0,2^32)",
                "the bound is at least the p after so many smallest ones",
            ),
        ],
        definition: "mean cross-entropy of the pixels whose label has p < max(threshold, the (min_kept+1)-th smallest p)",
        reference: "Shrivastava et al. 2016",
        ..FAMILY
    },
    Entry {
        name: "label_smoothed",
        passes: "1",
        parameters: &[Parameter::number(
            "smoothing",
            0.1,
            "[0,1]",
            "share of the label that is spread over all classes",
        )],
        definition: "cross-entropy with g (1-smoothing) + smoothing/C for g",
        reference: "Szegedy et al. 2016",
        ..FAMILY
    },
    Entry {
        name: "bootstrapped",
        passes: "1",
        parameters: &[
            Parameter::number("label_share", 0.95, "[0,1]", "share of the label; the rest is the prediction"),
            Parameter::flag("hard", false, "the most probable class in place of p"),
        ],
        definition: "cross-entropy with label_share g + (1-label_share) p for g",
        reference: "Reed et al. 2014",
        ..FAMILY
    },
    Entry {
        name: "recall_cross_entropy",
        definition: "mean of (1 - TP_c/n_c) (-ln p) of the label, TP by the most probable class",
        reference: "Tian et al. 2021",
        ..FAMILY
    },
    Entry {
        name: "poly1",
        passes: "1",
        parameters: &[Parameter::number("epsilon", 1.0, "[-1,1000]", "weight of 1-p")],
        definition: "mean of -ln p + epsilon (1-p) of the label",
        reference: "Leng et al. 2022",
        ..FAMILY
    },
    Entry {
        name: "generalised_cross_entropy",
        passes: "1",
        parameters: &[Parameter::number(
            "exponent",
            0.7,
            "[0.01,1]",
            "between cross-entropy (0) and absolute error (1)",
        )],
        definition: "mean of (1 - p^exponent) / exponent of the label",
        reference: "Zhang and Sabuncu 2018",
        ..FAMILY
    },
    Entry {
        name: "distance_penalised",
        passes: "2, a distance transform per class",
        quantised: false,
        scratch: "u32[2*pixels+2*width]",
        definition: "mean of (1 + phi) (-ln p) of the label; phi = (m-d)/max(m-d), d the distance to another class, m its maximum in the class",
        reference: "Caliva et al. 2019",
        ..FAMILY
    },
];
