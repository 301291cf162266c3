//! Losses of overlap.

use super::{
    AVERAGE, BACKGROUND, DENOMINATOR_SMOOTH, EMPTY, EXPONENT, Entry, FN_WEIGHT, FP_WEIGHT, LOSS,
    NUMERATOR_SMOOTH, OVERLAP, OVERLAP_PRODUCT, Parameter, SMOOTH,
};

const FAMILY: Entry = Entry { family: "region", ..LOSS };

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "dice",
        parameters: &[SMOOTH, NUMERATOR_SMOOTH, DENOMINATOR_SMOOTH, BACKGROUND, AVERAGE, OVERLAP, EMPTY],
        definition: "1 - (2 I + numerator_smooth) / (P + G + denominator_smooth); I = sum p g, P = sum p, G = sum g",
        reference: "Milletari et al. 2016, linear form",
        ..FAMILY
    },
    Entry {
        name: "squared_dice",
        parameters: &[
            SMOOTH,
            NUMERATOR_SMOOTH,
            DENOMINATOR_SMOOTH,
            BACKGROUND,
            AVERAGE,
            EMPTY,
            OVERLAP_PRODUCT,
        ],
        definition: "1 - (2 I + numerator_smooth) / (sum p^2 + sum g^2 + denominator_smooth)",
        reference: "Milletari et al. 2016",
        ..FAMILY
    },
    Entry {
        name: "log_cosh_dice",
        parameters: &[SMOOTH, NUMERATOR_SMOOTH, DENOMINATOR_SMOOTH, BACKGROUND, AVERAGE, OVERLAP, EMPTY],
        definition: "ln cosh(Dice loss)",
        reference: "Jadon 2020",
        ..FAMILY
    },
    Entry {
        name: "log_dice",
        parameters: &[SMOOTH, NUMERATOR_SMOOTH, DENOMINATOR_SMOOTH, BACKGROUND, AVERAGE, OVERLAP, EMPTY],
        definition: "-ln(Dice score)",
        reference: "Wong et al. 2018",
        ..FAMILY
    },
    Entry {
        name: "jaccard",
        parameters: &[SMOOTH, NUMERATOR_SMOOTH, DENOMINATOR_SMOOTH, BACKGROUND, AVERAGE, OVERLAP, EMPTY],
        definition: "1 - (I + numerator_smooth) / (P + G - I + denominator_smooth)",
        reference: "Rahman and Wang 2016",
        ..FAMILY
    },
    Entry {
        name: "power_jaccard",
        parameters: &[
            Parameter::number("exponent", 2.0, "[1,2]", "power of p and g in the denominator"),
            SMOOTH,
            NUMERATOR_SMOOTH,
            DENOMINATOR_SMOOTH,
            BACKGROUND,
            AVERAGE,
            EMPTY,
        ],
        definition: "1 - (I + numerator_smooth) / (sum p^q + sum g^q - I + denominator_smooth), q the exponent",
        reference: "Duque-Arias et al. 2021",
        ..FAMILY
    },
    Entry {
        name: "tanimoto",
        parameters: &[Parameter::number("smooth", 1e-05, "[0,inf)", "added to numerator and denominator")],
        definition: "mean of 1 - (I + smooth) / (sum p^2 + sum g^2 - I + smooth) for the class and for its complement",
        reference: "Diakogiannis et al. 2020",
        ..FAMILY
    },
    Entry {
        name: "tversky",
        parameters: &[
            FP_WEIGHT,
            FN_WEIGHT,
            SMOOTH,
            NUMERATOR_SMOOTH,
            DENOMINATOR_SMOOTH,
            BACKGROUND,
            AVERAGE,
            OVERLAP,
            EMPTY,
        ],
        definition: "1 - (I + numerator_smooth) / (I + fp_weight FP + fn_weight FN + denominator_smooth); FP = sum p (1-g), FN = sum (1-p) g",
        reference: "Salehi et al. 2017",
        ..FAMILY
    },
    Entry {
        name: "focal_tversky",
        parameters: &[
            FP_WEIGHT,
            FN_WEIGHT,
            SMOOTH,
            NUMERATOR_SMOOTH,
            DENOMINATOR_SMOOTH,
            BACKGROUND,
            AVERAGE,
            OVERLAP,
            EMPTY,
            EXPONENT,
        ],
        definition: "(Tversky loss)^exponent",
        reference: "Abraham and Khan 2019",
        ..FAMILY
    },
    Entry {
        name: "asymmetric_similarity",
        parameters: &[
            Parameter::number("beta", 1.5, "[0,1000]", "above 1 recall counts more"),
            SMOOTH,
            NUMERATOR_SMOOTH,
            DENOMINATOR_SMOOTH,
            BACKGROUND,
            AVERAGE,
            OVERLAP,
            EMPTY,
        ],
        definition: "1 - F_beta: Tversky with fn_weight = beta^2/(1+beta^2), fp_weight = 1/(1+beta^2)",
        reference: "Hashemi et al. 2018",
        ..FAMILY
    },
    Entry {
        name: "sensitivity_specificity",
        parameters: &[
            Parameter::number("sensitivity_weight", 0.1, "[0,1]", "weight of the error on the class"),
            Parameter::number("denominator_smooth", 1e-05, "[0,inf)", "added to the denominators"),
        ],
        definition: "r sum g (g-p)^2 / (G + denominator_smooth) + (1-r) sum (1-g) (g-p)^2 / (N-G + denominator_smooth), r the sensitivity_weight",
        reference: "Brosch et al. 2015",
        ..FAMILY
    },
    Entry {
        name: "generalised_dice",
        parameters: &[
            Parameter::word(
                "weighting",
                "square",
                "square, simple, uniform",
                "weight of a class: 1/G^2, 1/G, 1",
            ),
            Parameter::number("smooth", 0.0, "[0,inf)", "added to numerator and denominator"),
            NUMERATOR_SMOOTH,
            DENOMINATOR_SMOOTH,
        ],
        definition: "1 - (2 sum_c v_c I_c + numerator_smooth) / (sum_c v_c (P_c + G_c) + denominator_smooth); an absent class weighs as the heaviest present",
        reference: "Sudre et al. 2017",
        ..FAMILY
    },
    Entry {
        name: "penalty_generalised_dice",
        parameters: &[
            Parameter::number("penalty", 2.5, "[0,inf)", "how much false positives and negatives cost"),
            Parameter::word(
                "weighting",
                "square",
                "square, simple, uniform",
                "weight of a class: 1/G^2, 1/G, 1",
            ),
            Parameter::number("smooth", 0.0, "[0,inf)", "added to numerator and denominator"),
            NUMERATOR_SMOOTH,
            DENOMINATOR_SMOOTH,
        ],
        definition: "l / (1 + penalty (1 - l)) of the generalised Dice loss l",
        reference: "Yang et al. 2019",
        ..FAMILY
    },
    Entry {
        name: "wasserstein_dice",
        parameters: &[
            Parameter::taken(
                "distances",
                "classes^2 numbers in [0,1], symmetric, 0 on the diagonal",
                "cost of taking a class for another; 1 unless given",
            ),
            Parameter::number("background_class", 0.0, "[0,255]", "the class that is no agreement"),
            Parameter::word("mode", "default", "default, gdl", "weights of classes"),
            Parameter::number("smooth", 1e-05, "[0,inf)", "added to numerator and denominator"),
        ],
        definition: "1 - (2 A + smooth) / (2 A + sum d + smooth); d = sum_k distance[y][k] p_k, A = sum(1 - d) off the background",
        reference: "Fidon et al. 2017",
        ..FAMILY
    },
    Entry {
        name: "mcc",
        definition: "1 - (TP TN - FP FN) / sqrt(P G (N-P) (N-G)); 1 where a factor is 0",
        reference: "Abhishek and Hamarneh 2021",
        ..FAMILY
    },
    Entry {
        name: "recall",
        parameters: &[SMOOTH, NUMERATOR_SMOOTH, DENOMINATOR_SMOOTH, BACKGROUND, AVERAGE, OVERLAP, EMPTY],
        definition: "1 - (I + numerator_smooth) / (G + denominator_smooth)",
        reference: "soft recall",
        ..FAMILY
    },
    Entry {
        name: "boundary_dou",
        passes: "2 + 1",
        quantised: false,
        scratch: "u32[pixels]",
        parameters: &[Parameter::number("smooth", 1e-05, "[0,inf)", "added to numerator and denominator")],
        definition: "(E + smooth) / (E + (1-a) I + smooth); E = sum (p-g)^2, a = min(2 (1 - C/S) - 1, 0.8) of a class of S pixels, C at its contour",
        reference: "Sun et al. 2023",
        ..FAMILY
    },
];
