//! Losses of two families together.

use super::{
    AVERAGE, BACKGROUND, BACKGROUND_WEIGHT, CONVENTION, DENOMINATOR_SMOOTH, DICE_WEIGHT, DISTANCE_EXPONENT,
    EMPTY, EXPONENT, Entry, FN_WEIGHT, FOCUSING, FOREGROUND_WEIGHT, FP_WEIGHT, FRACTION, LOSS, NORMALISE,
    NUMERATOR_SMOOTH, OTHER_WEIGHT, OVERLAP, Parameter, SIDES, SMOOTH,
};

const FAMILY: Entry = Entry { family: "compound", ..LOSS };

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "combo",
        passes: "2 + 1",
        parameters: &[
            Parameter::number("ce_share", 0.5, "[0,1]", "share of cross-entropy"),
            Parameter::number("foreground_share", 0.5, "[0,1]", "share of foreground in cross-entropy"),
            SMOOTH,
            NUMERATOR_SMOOTH,
            DENOMINATOR_SMOOTH,
        ],
        definition: "a mean(-(b g ln p + (1-b)(1-g) ln(1-p))) - (1-a) D, of several classes a mean(-w ln p of the label) - (1-a) D, w = 1-b for class 0, else b; a the ce_share, b the foreground_share, D the Dice score",
        reference: "Taghanaki et al. 2019",
        ..FAMILY
    },
    Entry {
        name: "exponential_logarithmic",
        passes: "2 + 1",
        parameters: &[
            Parameter::number("dice_weight", 0.8, "(-inf,inf)", "weight of the Dice part"),
            Parameter::number("cross_entropy_weight", 0.2, "(-inf,inf)", "weight of the cross-entropy part"),
            Parameter::number("dice_exponent", 0.3, "(0,8]", "power of -ln D"),
            Parameter::number("cross_entropy_exponent", 0.3, "(0,4]", "power of -ln p"),
            Parameter::number("smooth", 1.0, "[0,inf)", "added to numerator and denominator of D"),
            Parameter::flag("background", true, "background is a class of the Dice part"),
        ],
        definition: "dice_weight mean_c (-ln D_c)^dice_exponent + cross_entropy_weight mean(v (-ln p)^cross_entropy_exponent), v = sqrt(sum f / f_c)",
        reference: "Wong et al. 2018",
        ..FAMILY
    },
    Entry {
        name: "unified_focal",
        passes: "2 + 1",
        parameters: &[
            Parameter::flag("asymmetric", true, "no modulator on foreground, no exponent on background"),
            Parameter::number("tversky_share", 0.5, "[0,1]", "share of the Tversky part"),
            Parameter::number("fn_weight", 0.6, "[0,1]", "weight of false negatives and of foreground"),
            Parameter::number("focusing", 0.5, "[0,1)", "modulator"),
        ],
        definition: "s mean_c (1-T_c)^(1-focusing) + (1-s) mean d (1-p)^focusing (-ln p), s the tversky_share",
        reference: "Yeung et al. 2022",
        ..FAMILY
    },
    Entry {
        name: "dice_cross_entropy",
        passes: "2 + 1",
        parameters: &[
            DICE_WEIGHT,
            OTHER_WEIGHT,
            SMOOTH,
            NUMERATOR_SMOOTH,
            DENOMINATOR_SMOOTH,
            BACKGROUND,
            AVERAGE,
            OVERLAP,
            EMPTY,
            NORMALISE,
        ],
        definition: "dice_weight dice + other_weight cross_entropy",
        reference: "Isensee et al. 2021",
        ..FAMILY
    },
    Entry {
        name: "dice_focal",
        passes: "2 + 1",
        parameters: &[
            DICE_WEIGHT,
            OTHER_WEIGHT,
            SMOOTH,
            NUMERATOR_SMOOTH,
            DENOMINATOR_SMOOTH,
            BACKGROUND,
            AVERAGE,
            OVERLAP,
            EMPTY,
            FOCUSING,
            FOREGROUND_WEIGHT,
            BACKGROUND_WEIGHT,
        ],
        definition: "dice_weight dice + other_weight focal",
        reference: "Zhu et al. 2019",
        ..FAMILY
    },
    Entry {
        name: "dice_top_k",
        passes: "3 + 2, a selection; binary 2 + 2",
        scratch: "u32[2*pixels+2048]",
        parameters: &[
            DICE_WEIGHT,
            OTHER_WEIGHT,
            SMOOTH,
            NUMERATOR_SMOOTH,
            DENOMINATOR_SMOOTH,
            BACKGROUND,
            AVERAGE,
            OVERLAP,
            EMPTY,
            FRACTION,
        ],
        definition: "dice_weight dice + other_weight top_k",
        reference: "Isensee et al. 2021",
        ..FAMILY
    },
    Entry {
        name: "hybrid_focal",
        passes: "2 + 1",
        parameters: &[
            Parameter::number("tversky_share", 0.5, "(-inf,inf)", "share of the focal Tversky part"),
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
            FOCUSING,
            FOREGROUND_WEIGHT,
            BACKGROUND_WEIGHT,
        ],
        definition: "s focal_tversky + (1-s) focal, s the tversky_share",
        reference: "Yeung et al. 2021",
        ..FAMILY
    },
    Entry {
        name: "dice_boundary",
        passes: "1 + 1, and those of boundary",
        quantised: false,
        scratch: "that of boundary",
        parameters: &[
            DICE_WEIGHT,
            OTHER_WEIGHT,
            SMOOTH,
            NUMERATOR_SMOOTH,
            DENOMINATOR_SMOOTH,
            BACKGROUND,
            AVERAGE,
            OVERLAP,
            EMPTY,
            CONVENTION,
        ],
        definition: "dice_weight dice + other_weight boundary",
        reference: "Kervadec et al. 2019",
        ..FAMILY
    },
    Entry {
        name: "dice_hausdorff",
        passes: "1 + 1, and those of hausdorff_distance",
        quantised: false,
        scratch: "that of hausdorff_distance",
        parameters: &[
            DICE_WEIGHT,
            OTHER_WEIGHT,
            SMOOTH,
            NUMERATOR_SMOOTH,
            DENOMINATOR_SMOOTH,
            BACKGROUND,
            AVERAGE,
            OVERLAP,
            EMPTY,
            DISTANCE_EXPONENT,
            SIDES,
        ],
        definition: "dice_weight dice + other_weight hausdorff_distance",
        reference: "Karimi and Salcudean 2019",
        ..FAMILY
    },
];
