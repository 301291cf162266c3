//! Parameters that several losses have.

use crate::list::Parameter;

pub(in crate::loss) const SMOOTH: Parameter =
    Parameter::number("smooth", 1.0, "[0,inf)", "added to numerator and denominator");
pub(in crate::loss) const NUMERATOR_SMOOTH: Parameter = Parameter::taken(
    "numerator_smooth",
    "[0,denominator_smooth]",
    "added to the numerator; unless given smooth, or denominator_smooth if that is less",
);
pub(in crate::loss) const DENOMINATOR_SMOOTH: Parameter =
    Parameter::taken("denominator_smooth", "[0,inf)", "added to the denominator; smooth unless given");
pub(in crate::loss) const BACKGROUND: Parameter = Parameter::taken(
    "background",
    "true, false",
    "class 0 is in the mean; only of multiclass frames unless given",
);
pub(in crate::loss) const AVERAGE: Parameter =
    Parameter::word("average", "macro", "macro, micro", "mean of the classes, or one ratio of their sums");
pub(in crate::loss) const OVERLAP: Parameter = Parameter::word(
    "overlap",
    "product",
    "product, minimum",
    "I = sum p g, or sum min(p, g) for soft labels",
);
pub(in crate::loss) const OVERLAP_PRODUCT: Parameter =
    Parameter::word("overlap", "product", "product", "I = sum p g");
pub(in crate::loss) const EMPTY: Parameter = Parameter::word(
    "empty",
    "smooth",
    "smooth, zero_if_both_empty, skip_class, mean_probability",
    "what a class without labels gives",
);
pub(in crate::loss) const FP_WEIGHT: Parameter =
    Parameter::number("fp_weight", 0.3, "[0,inf)", "weight of false positives");
pub(in crate::loss) const FN_WEIGHT: Parameter =
    Parameter::number("fn_weight", 0.7, "[0,inf), not both weights 0", "weight of false negatives");
pub(in crate::loss) const NORMALISE: Parameter =
    Parameter::word("normalise", "weights", "weights, count", "class weights are in the divisor, or not");
pub(in crate::loss) const FOCUSING: Parameter =
    Parameter::number("focusing", 2.0, "[0,8]", "power of 1-p: how little easy pixels count");
pub(in crate::loss) const FOREGROUND_WEIGHT: Parameter =
    Parameter::number("foreground_weight", 0.25, "[0,inf)", "weight of foreground, or of all classes but 0");
pub(in crate::loss) const BACKGROUND_WEIGHT: Parameter =
    Parameter::number("background_weight", 0.75, "[0,inf)", "weight of background, or of class 0");
pub(in crate::loss) const FRACTION: Parameter =
    Parameter::number("fraction", 0.1, "(0,1]", "share of the pixels that counts");
pub(in crate::loss) const EXPONENT: Parameter =
    Parameter::number("exponent", 0.75, "(0,8]", "power of the Tversky loss (the paper's 1/gamma)");
pub(in crate::loss) const CONVENTION: Parameter =
    Parameter::word("convention", "kervadec", "kervadec, plain", "inside of the distance: -(d-1), or -d");
pub(in crate::loss) const DISTANCE_EXPONENT: Parameter =
    Parameter::number("exponent", 2.0, "(0,4]", "power of the distances");
pub(in crate::loss) const SIDES: Parameter =
    Parameter::word("sides", "both", "both, label, prediction", "whose contour distances are taken to");
pub(in crate::loss) const DICE_WEIGHT: Parameter =
    Parameter::number("dice_weight", 1.0, "(-inf,inf)", "weight of the Dice part");
pub(in crate::loss) const OTHER_WEIGHT: Parameter =
    Parameter::number("other_weight", 1.0, "(-inf,inf)", "weight of the other part");
