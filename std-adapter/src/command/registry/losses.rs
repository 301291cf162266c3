//! The losses.

use super::{Entry, Kind, Parameter};

const SMOOTH: Parameter = Parameter {
    name: "smooth",
    default: Some(1.0),
    range: "[0,inf)",
    meaning: "added to numerator and denominator",
};
const NUMERATOR_SMOOTH: Parameter = Parameter {
    name: "numerator_smooth",
    default: None,
    range: "[0,denominator_smooth]",
    meaning: "added to the numerator; smooth unless given",
};
const DENOMINATOR_SMOOTH: Parameter = Parameter {
    name: "denominator_smooth",
    default: None,
    range: "[0,inf)",
    meaning: "added to the denominator; smooth unless given",
};
const FP_WEIGHT: Parameter = Parameter {
    name: "fp_weight",
    default: Some(0.3),
    range: "[0,inf)",
    meaning: "weight of false positives",
};
const FN_WEIGHT: Parameter = Parameter {
    name: "fn_weight",
    default: Some(0.7),
    range: "[0,inf), not both weights 0",
    meaning: "weight of false negatives",
};

const LOSS: Entry = Entry {
    kind: Kind::Loss,
    name: "",
    family: "",
    inputs: &["binary"],
    quantised: true,
    scratch: "none",
    parameters: &[],
    presets: &[],
    definition: "",
    reference: "",
};

pub(super) static LOSSES: &[Entry] = &[
    Entry {
        name: "bce",
        family: "distribution",
        definition: "mean over pixels of -ln p on foreground and -ln(1-p) on background",
        reference: "PyTorch binary_cross_entropy_with_logits",
        ..LOSS
    },
    Entry {
        name: "focal",
        family: "distribution",
        parameters: &[
            Parameter {
                name: "focusing",
                default: Some(2.0),
                range: "[0,8]",
                meaning: "power of 1-p_t: how little easy pixels count",
            },
            Parameter {
                name: "foreground_weight",
                default: Some(0.25),
                range: "[0,inf)",
                meaning: "weight of foreground pixels",
            },
            Parameter {
                name: "background_weight",
                default: Some(0.75),
                range: "[0,inf)",
                meaning: "weight of background pixels",
            },
        ],
        definition: "mean over pixels of -a_t (1-p_t)^focusing ln p_t; p_t the probability given to the label, \
                     a_t the weight of its class",
        reference: "Lin et al. 2017",
        ..LOSS
    },
    Entry {
        name: "dice",
        family: "region",
        parameters: &[SMOOTH, NUMERATOR_SMOOTH, DENOMINATOR_SMOOTH],
        definition: "1 - (2 I + numerator_smooth) / (P + G + denominator_smooth); I = sum p g, P = sum p, G = sum g",
        reference: "Milletari et al. 2016, linear form",
        ..LOSS
    },
    Entry {
        name: "tversky",
        family: "region",
        parameters: &[FP_WEIGHT, FN_WEIGHT, SMOOTH, NUMERATOR_SMOOTH, DENOMINATOR_SMOOTH],
        definition: "1 - (I + numerator_smooth) / (I + fp_weight FP + fn_weight FN + denominator_smooth); \
                     FP = sum p (1-g), FN = sum (1-p) g",
        reference: "Salehi et al. 2017",
        ..LOSS
    },
    Entry {
        name: "focal_tversky",
        family: "region",
        parameters: &[
            FP_WEIGHT,
            FN_WEIGHT,
            SMOOTH,
            NUMERATOR_SMOOTH,
            DENOMINATOR_SMOOTH,
            Parameter {
                name: "exponent",
                default: Some(0.75),
                range: "(0,8]",
                meaning: "power of the Tversky loss (the paper's 1/gamma)",
            },
        ],
        definition: "(Tversky loss)^exponent",
        reference: "Abraham and Khan 2019",
        ..LOSS
    },
    Entry {
        name: "lovasz_hinge",
        family: "lovasz",
        scratch: "u32[4*pixels+6144]",
        definition: "Lovasz extension of the Jaccard loss of the errors max(0, 1-(2g-1)z), exact",
        reference: "Berman et al. 2018",
        ..LOSS
    },
];
