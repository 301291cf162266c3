//! The losses.

use super::{Default, Entry, Kind, Parameter};

const fn parameter(
    name: &'static str,
    default: Default,
    range: &'static str,
    meaning: &'static str,
) -> Parameter {
    Parameter { name, default, range, meaning }
}
const fn number(name: &'static str, default: f64, range: &'static str, meaning: &'static str) -> Parameter {
    parameter(name, Default::Number(default), range, meaning)
}
const fn word(
    name: &'static str,
    default: &'static str,
    range: &'static str,
    meaning: &'static str,
) -> Parameter {
    parameter(name, Default::Word(default), range, meaning)
}
const fn flag(name: &'static str, default: bool, meaning: &'static str) -> Parameter {
    parameter(name, Default::Flag(default), "true, false", meaning)
}
const fn taken(name: &'static str, range: &'static str, meaning: &'static str) -> Parameter {
    parameter(name, Default::Taken, range, meaning)
}

const SMOOTH: Parameter = number("smooth", 1.0, "[0,inf)", "added to numerator and denominator");
const NUMERATOR_SMOOTH: Parameter =
    taken("numerator_smooth", "[0,denominator_smooth]", "added to the numerator; smooth unless given");
const DENOMINATOR_SMOOTH: Parameter =
    taken("denominator_smooth", "[0,inf)", "added to the denominator; smooth unless given");
const BACKGROUND: Parameter =
    taken("background", "true, false", "class 0 is in the mean; only of multiclass frames unless given");
const AVERAGE: Parameter =
    word("average", "macro", "macro, micro", "mean of the classes, or one ratio of their sums");
const OVERLAP: Parameter =
    word("overlap", "product", "product, minimum", "I = sum p g, or sum min(p, g) for soft labels");
const OVERLAP_PRODUCT: Parameter = word("overlap", "product", "product", "I = sum p g");
const EMPTY: Parameter = word(
    "empty",
    "smooth",
    "smooth, zero_if_both_empty, skip_class, mean_probability",
    "what a class without labels gives",
);
const FP_WEIGHT: Parameter = number("fp_weight", 0.3, "[0,inf)", "weight of false positives");
const FN_WEIGHT: Parameter =
    number("fn_weight", 0.7, "[0,inf), not both weights 0", "weight of false negatives");
const NORMALISE: Parameter =
    word("normalise", "weights", "weights, count", "class weights are in the divisor, or not");
const FOCUSING: Parameter = number("focusing", 2.0, "[0,8]", "power of 1-p: how little easy pixels count");
const FOREGROUND_WEIGHT: Parameter =
    number("foreground_weight", 0.25, "[0,inf)", "weight of foreground, or of all classes but 0");
const BACKGROUND_WEIGHT: Parameter =
    number("background_weight", 0.75, "[0,inf)", "weight of background, or of class 0");
const FRACTION: Parameter = number("fraction", 0.1, "(0,1]", "share of the pixels that counts");
const EXPONENT: Parameter =
    number("exponent", 0.75, "(0,8]", "power of the Tversky loss (the paper's 1/gamma)");
const CONVENTION: Parameter =
    word("convention", "kervadec", "kervadec, plain", "inside of the distance: -(d-1), or -d");
const DISTANCE_EXPONENT: Parameter = number("exponent", 2.0, "(0,4]", "power of the distances");
const SIDES: Parameter =
    word("sides", "both", "both, label, prediction", "whose contour distances are taken to");
const DICE_WEIGHT: Parameter = number("dice_weight", 1.0, "(-inf,inf)", "weight of the Dice part");
const OTHER_WEIGHT: Parameter = number("other_weight", 1.0, "(-inf,inf)", "weight of the other part");

const ALL: &[&str] = &["binary", "multiclass", "multilabel"];
const CHANNELS: &[&str] = &["binary", "multilabel"];

const LOSS: Entry = Entry {
    kind: Kind::Loss,
    name: "",
    family: "",
    inputs: ALL,
    quantised: true,
    scratch: "none",
    passes: "1 + 1",
    parameters: &[],
    presets: &[],
    definition: "",
    reference: "",
};

/// Every loss.
pub static LOSSES: &[Entry] = &[
    Entry {
        name: "cross_entropy",
        family: "distribution",
        passes: "1",
        parameters: &[NORMALISE],
        definition: "mean over pixels of -ln p of the label; binary: -ln p on foreground, -ln(1-p) on background",
        reference: "PyTorch cross_entropy, binary_cross_entropy_with_logits",
        ..LOSS
    },
    Entry {
        name: "balanced_cross_entropy",
        family: "distribution",
        passes: "1",
        definition: "mean of b_c (-ln p) of the label with b_c = 1 - n_c / N",
        reference: "Xie and Tu 2015",
        ..LOSS
    },
    Entry {
        name: "focal",
        family: "distribution",
        passes: "1",
        parameters: &[FOCUSING, FOREGROUND_WEIGHT, BACKGROUND_WEIGHT],
        definition: "mean of -a (1-p)^focusing ln p of the label, a the weight of its class",
        reference: "Lin et al. 2017",
        ..LOSS
    },
    Entry {
        name: "reduced_focal",
        family: "distribution",
        passes: "1",
        parameters: &[
            FOCUSING,
            number("threshold", 0.5, "[0.01,1]", "probability from which pixels count less"),
        ],
        definition: "mean of -m ln p of the label; m = ((1-p)/threshold)^focusing from the threshold up, else 1",
        reference: "Sergievskiy and Ponamarev 2019",
        ..LOSS
    },
    Entry {
        name: "normalised_focal",
        family: "distribution",
        parameters: &[FOCUSING],
        definition: "sum(m l) / sum(m) of the label; m = (1-p)^focusing, l = -ln p",
        reference: "segmentation_models.pytorch",
        ..LOSS
    },
    Entry {
        name: "top_k",
        family: "distribution",
        passes: "2 + 1, a selection by 3 digits",
        scratch: "u32[2*pixels+2048]",
        parameters: &[FRACTION],
        definition: "mean cross-entropy of the ceil(fraction n) worst pixels",
        reference: "Wu et al. 2016",
        ..LOSS
    },
    Entry {
        name: "ohem",
        family: "distribution",
        passes: "2 + 1, a selection by 3 digits",
        scratch: "u32[2*pixels+2048]",
        parameters: &[
            number("threshold", 0.7, "(0,1]", "probability below which a pixel counts"),
            number("min_kept", 16.0, "[0,2^32)", "rank that the bound is raised to"),
        ],
        definition: "mean cross-entropy of the pixels whose label has p < max(threshold, min_kept-th smallest p)",
        reference: "Shrivastava et al. 2016",
        ..LOSS
    },
    Entry {
        name: "label_smoothed",
        family: "distribution",
        passes: "1",
        parameters: &[number(
            "smoothing",
            0.1,
            "[0,1]",
            "share of the label that is spread over all classes",
        )],
        definition: "cross-entropy with g (1-smoothing) + smoothing/C for g",
        reference: "Szegedy et al. 2016",
        ..LOSS
    },
    Entry {
        name: "bootstrapped",
        family: "distribution",
        passes: "1",
        parameters: &[
            number("label_share", 0.95, "[0,1]", "share of the label; the rest is the prediction"),
            flag("hard", false, "the most probable class in place of p"),
        ],
        definition: "cross-entropy with label_share g + (1-label_share) p for g",
        reference: "Reed et al. 2014",
        ..LOSS
    },
    Entry {
        name: "recall_cross_entropy",
        family: "distribution",
        definition: "mean of (1 - TP_c/n_c) (-ln p) of the label, TP by the most probable class",
        reference: "Tian et al. 2021",
        ..LOSS
    },
    Entry {
        name: "poly1",
        family: "distribution",
        passes: "1",
        parameters: &[number("epsilon", 1.0, "[-1,1000]", "weight of 1-p")],
        definition: "mean of -ln p + epsilon (1-p) of the label",
        reference: "Leng et al. 2022",
        ..LOSS
    },
    Entry {
        name: "generalised_cross_entropy",
        family: "distribution",
        passes: "1",
        parameters: &[number(
            "exponent",
            0.7,
            "[0.01,1]",
            "between cross-entropy (0) and absolute error (1)",
        )],
        definition: "mean of (1 - p^exponent) / exponent of the label",
        reference: "Zhang and Sabuncu 2018",
        ..LOSS
    },
    Entry {
        name: "distance_penalised",
        family: "distribution",
        passes: "2, a distance transform per class",
        quantised: false,
        scratch: "u32[2*pixels+2*width]",
        definition: "mean of (1 + phi) (-ln p) of the label; phi = (m-d)/max(m-d), d the distance to another class, m its maximum in the class",
        reference: "Caliva et al. 2019",
        ..LOSS
    },
    Entry {
        name: "dice",
        family: "region",
        parameters: &[SMOOTH, NUMERATOR_SMOOTH, DENOMINATOR_SMOOTH, BACKGROUND, AVERAGE, OVERLAP, EMPTY],
        definition: "1 - (2 I + numerator_smooth) / (P + G + denominator_smooth); I = sum p g, P = sum p, G = sum g",
        reference: "Milletari et al. 2016, linear form",
        ..LOSS
    },
    Entry {
        name: "squared_dice",
        family: "region",
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
        ..LOSS
    },
    Entry {
        name: "log_cosh_dice",
        family: "region",
        parameters: &[SMOOTH, NUMERATOR_SMOOTH, DENOMINATOR_SMOOTH, BACKGROUND, AVERAGE, OVERLAP, EMPTY],
        definition: "ln cosh(Dice loss)",
        reference: "Jadon 2020",
        ..LOSS
    },
    Entry {
        name: "log_dice",
        family: "region",
        parameters: &[SMOOTH, NUMERATOR_SMOOTH, DENOMINATOR_SMOOTH, BACKGROUND, AVERAGE, OVERLAP, EMPTY],
        definition: "-ln(Dice score)",
        reference: "Wong et al. 2018",
        ..LOSS
    },
    Entry {
        name: "jaccard",
        family: "region",
        parameters: &[SMOOTH, NUMERATOR_SMOOTH, DENOMINATOR_SMOOTH, BACKGROUND, AVERAGE, OVERLAP, EMPTY],
        definition: "1 - (I + numerator_smooth) / (P + G - I + denominator_smooth)",
        reference: "Rahman and Wang 2016",
        ..LOSS
    },
    Entry {
        name: "power_jaccard",
        family: "region",
        parameters: &[
            number("exponent", 2.0, "[1,2]", "power of p and g in the denominator"),
            SMOOTH,
            NUMERATOR_SMOOTH,
            DENOMINATOR_SMOOTH,
            BACKGROUND,
            AVERAGE,
            EMPTY,
        ],
        definition: "1 - (I + numerator_smooth) / (sum p^q + sum g^q - I + denominator_smooth), q the exponent",
        reference: "Duque-Arias et al. 2021",
        ..LOSS
    },
    Entry {
        name: "tanimoto",
        family: "region",
        parameters: &[number("smooth", 1e-05, "[0,inf)", "added to numerator and denominator")],
        definition: "mean of 1 - (I + smooth) / (sum p^2 + sum g^2 - I + smooth) for the class and for its complement",
        reference: "Diakogiannis et al. 2020",
        ..LOSS
    },
    Entry {
        name: "tversky",
        family: "region",
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
            BACKGROUND,
            AVERAGE,
            OVERLAP,
            EMPTY,
            EXPONENT,
        ],
        definition: "(Tversky loss)^exponent",
        reference: "Abraham and Khan 2019",
        ..LOSS
    },
    Entry {
        name: "asymmetric_similarity",
        family: "region",
        parameters: &[
            number("beta", 1.5, "[0,1000]", "above 1 recall counts more"),
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
        ..LOSS
    },
    Entry {
        name: "sensitivity_specificity",
        family: "region",
        parameters: &[
            number("sensitivity_weight", 0.1, "[0,1]", "weight of the error on the class"),
            number("denominator_smooth", 1e-05, "[0,inf)", "added to the denominators"),
        ],
        definition: "r sum g (g-p)^2 / G + (1-r) sum (1-g) (g-p)^2 / (N-G), r the sensitivity_weight",
        reference: "Brosch et al. 2015",
        ..LOSS
    },
    Entry {
        name: "generalised_dice",
        family: "region",
        parameters: &[
            word("weighting", "square", "square, simple, uniform", "weight of a class: 1/G^2, 1/G, 1"),
            number("smooth", 0.0, "[0,inf)", "added to numerator and denominator"),
            NUMERATOR_SMOOTH,
            DENOMINATOR_SMOOTH,
        ],
        definition: "1 - (2 sum_c v_c I_c + numerator_smooth) / (sum_c v_c (P_c + G_c) + denominator_smooth); an absent class weighs as the heaviest present",
        reference: "Sudre et al. 2017",
        ..LOSS
    },
    Entry {
        name: "penalty_generalised_dice",
        family: "region",
        parameters: &[
            number("penalty", 2.5, "[0,inf)", "how much false positives and negatives cost"),
            word("weighting", "square", "square, simple, uniform", "weight of a class: 1/G^2, 1/G, 1"),
            number("smooth", 0.0, "[0,inf)", "added to numerator and denominator"),
            NUMERATOR_SMOOTH,
            DENOMINATOR_SMOOTH,
        ],
        definition: "l / (1 + penalty (1 - l)) of the generalised Dice loss l",
        reference: "Yang et al. 2019",
        ..LOSS
    },
    Entry {
        name: "wasserstein_dice",
        family: "region",
        parameters: &[
            taken(
                "distances",
                "classes^2 numbers in [0,1], symmetric, 0 on the diagonal",
                "cost of taking a class for another; 1 unless given",
            ),
            number("background_class", 0.0, "[0,255]", "the class that is no agreement"),
            word("mode", "default", "default, gdl", "weights of classes"),
            number("smooth", 1e-05, "[0,inf)", "added to numerator and denominator"),
        ],
        definition: "1 - (2 A + smooth) / (2 A + sum d + smooth); d = sum_k distance[y][k] p_k, A = sum(1 - d) off the background",
        reference: "Fidon et al. 2017",
        ..LOSS
    },
    Entry {
        name: "mcc",
        family: "region",
        definition: "1 - (TP TN - FP FN) / sqrt(P G (N-P) (N-G)); 1 where a factor is 0",
        reference: "Abhishek and Hamarneh 2021",
        ..LOSS
    },
    Entry {
        name: "recall",
        family: "region",
        parameters: &[SMOOTH, NUMERATOR_SMOOTH, DENOMINATOR_SMOOTH, BACKGROUND, AVERAGE, OVERLAP, EMPTY],
        definition: "1 - (I + numerator_smooth) / (G + denominator_smooth)",
        reference: "soft recall",
        ..LOSS
    },
    Entry {
        name: "boundary_dou",
        family: "region",
        passes: "2 + 1",
        quantised: false,
        scratch: "u32[pixels]",
        parameters: &[number("smooth", 1e-05, "[0,inf)", "added to numerator and denominator")],
        definition: "(E + smooth) / (E + (1-a) I + smooth); E = sum (p-g)^2, a = min(2 (1 - C/S) - 1, 0.8) of a class of S pixels, C at its contour",
        reference: "Sun et al. 2023",
        ..LOSS
    },
    Entry {
        name: "lovasz_hinge",
        family: "lovasz",
        passes: "1, a sort by 3 digits",
        inputs: CHANNELS,
        scratch: "u32[4*pixels+6144]",
        definition: "Lovasz extension of the Jaccard loss of the errors max(0, 1-(2g-1)z), exact",
        reference: "Berman et al. 2018",
        ..LOSS
    },
    Entry {
        name: "lovasz_sigmoid",
        family: "lovasz",
        passes: "1 + 1, a sort by 3 digits",
        inputs: CHANNELS,
        scratch: "u32[10*pixels+6144]",
        parameters: &[word("classes", "all", "present, all", "all: also without foreground")],
        definition: "Lovasz extension of the Jaccard loss of the errors |g - p|, exact",
        reference: "Berman et al. 2018",
        ..LOSS
    },
    Entry {
        name: "lovasz_softmax",
        family: "lovasz",
        passes: "1 + 1; per class: 1 + 1, a sort by 3 digits",
        inputs: &["multiclass"],
        quantised: false,
        scratch: "u32[10*pixels+6144]",
        parameters: &[word("classes", "present", "present, all", "classes in the mean")],
        definition: "mean over classes of the Lovasz extension of the Jaccard loss of the errors |g - p|, exact",
        reference: "Berman et al. 2018",
        ..LOSS
    },
    Entry {
        name: "boundary",
        family: "boundary",
        passes: "per class: 2, 2 distance transforms",
        quantised: false,
        scratch: "u32[2*pixels+2*width]",
        parameters: &[CONVENTION],
        definition: "mean of phi p, phi the signed distance to the contour of the labels",
        reference: "Kervadec et al. 2019",
        ..LOSS
    },
    Entry {
        name: "hausdorff_distance",
        family: "boundary",
        passes: "per class: 5 + 1, 4 distance transforms",
        quantised: false,
        scratch: "u32[3*pixels+2*width]",
        parameters: &[DISTANCE_EXPONENT, SIDES],
        definition: "mean of (p-g)^2 (d_p^exponent + d_g^exponent), distances constant in the gradient",
        reference: "Karimi and Salcudean 2019",
        ..LOSS
    },
    Entry {
        name: "hausdorff_erosion",
        family: "boundary",
        passes: "per class: 2 + 1, and 2 + 3 per erosion that leaves anything",
        quantised: false,
        scratch: "u32[(6+erosions)*pixels+4*erosions]",
        parameters: &[
            number("exponent", 2.0, "[0,8]", "power of the number of erosions"),
            number("erosions", 10.0, "[1,64]", "how often the error is eroded"),
        ],
        definition: "mean of sum_k k^exponent e_k, e_k the k times eroded squared error, scaled to [0,1]",
        reference: "Karimi and Salcudean 2019",
        ..LOSS
    },
    Entry {
        name: "hausdorff_convolution",
        family: "boundary",
        passes: "per class: 3 + 1, and 1 per row of every disc",
        quantised: false,
        scratch: "u32[4*pixels+4*width]",
        parameters: &[
            number("exponent", 2.0, "[0,8]", "power of the radii"),
            number("step", 3.0, "[1,127]", "smallest radius, and step between radii"),
            number("scales", 6.0, "[1,127]", "number of radii"),
        ],
        definition: "mean of (p-g)^2 (p F + g N), F and N sums over discs of how thick the masks are around a pixel",
        reference: "Karimi and Salcudean 2019",
        ..LOSS
    },
    Entry {
        name: "shape_aware",
        family: "boundary",
        passes: "5, a distance transform",
        inputs: CHANNELS,
        quantised: false,
        scratch: "u32[3*pixels+2*width]",
        definition: "(1 + E) cross_entropy, E the mean distance from the contour of the prediction to that of the labels",
        reference: "Arif et al. 2018",
        ..LOSS
    },
    Entry {
        name: "active_contour",
        family: "boundary",
        passes: "per class: 3 + 1",
        quantised: false,
        scratch: "u32[2*pixels]",
        parameters: &[
            number("length_weight", 1.0, "[0,inf)", "weight of the length of the contour"),
            number("region_weight", 1.0, "[0,inf)", "weight of the regions"),
            number("epsilon", 1e-08, "[1e-30,inf)", "under the root of the length"),
            flag("mean", false, "divided by the weight of the pixels"),
        ],
        definition: "length sum |grad p| + region sum p (1-g)^2 + (1-p) g^2",
        reference: "Chen et al. 2019",
        ..LOSS
    },
    Entry {
        name: "elastica",
        family: "boundary",
        passes: "per class: 4 + 2",
        quantised: false,
        scratch: "u32[5*pixels]",
        parameters: &[
            number("length", 0.001, "[0,inf)", "weight of the length of the contour"),
            number("curvature", 2.0, "[0,inf)", "weight of its squared curvature"),
        ],
        definition: "sum (length + curvature k^2) |grad p| + sum p (1-g)^2 + (1-p) g^2",
        reference: "Chen et al. 2020",
        ..LOSS
    },
    Entry {
        name: "boundary_f1",
        family: "boundary",
        passes: "per class: 11 + 4, and 2 per pixel of the windows' radii",
        quantised: false,
        scratch: "u32[7*pixels+width]",
        parameters: &[
            number("theta0", 3.0, "odd, [1,255]", "window of an edge"),
            number("theta", 5.0, "odd, [1,255]", "window of its surroundings"),
            number("smooth", 1e-07, "[1e-30,inf)", "added to numerator and denominator"),
        ],
        definition: "1 - 2 P R / (P + R) of the soft boundaries",
        reference: "Bokhovkin and Burnaev 2019",
        ..LOSS
    },
    Entry {
        name: "active_boundary",
        family: "boundary",
        passes: "per class: 6, a distance transform, a selection",
        quantised: false,
        scratch: "u32[3*pixels+2*width+pixels/32]",
        parameters: &[
            number("share", 0.01, "[0,1]", "share of pixels taken as predicted boundary"),
            number("smoothing", 0.2, "[0,1]", "of the direction"),
            number("reach", 20.0, "(0,inf)", "distance from which the weight is 1"),
        ],
        definition: "cross-entropy of the direction from predicted boundary pixels to the nearest label boundary, min(d, reach)/reach as weight",
        reference: "Wang et al. 2022",
        ..LOSS
    },
    Entry {
        name: "cldice",
        family: "topology",
        passes: "per class: 4 iterations + 10, and 3 iterations + 6",
        quantised: false,
        scratch: "u32[(2*iterations+7)*pixels]",
        parameters: &[
            number("iterations", 3.0, "[0,64]", "erosions of the soft skeleton"),
            number("smooth", 1.0, "[1e-30,inf)", "added to numerator and denominator"),
        ],
        definition: "1 - 2 Tp Ts / (Tp + Ts), precision and sensitivity of the soft skeletons",
        reference: "Shit et al. 2021",
        ..LOSS
    },
    Entry {
        name: "cbdice",
        family: "topology",
        passes: "per class: 4 iterations + 13, and 2; 2 distance transforms",
        quantised: false,
        scratch: "u32[5*pixels+3*width]",
        parameters: &[
            number(
                "iterations",
                10.0,
                "[0,1000]",
                "erosions of the skeleton: half the width of the widest road",
            ),
            number("smooth", 1.0, "[1e-30,inf)", "added to numerator and denominator"),
        ],
        definition: "1 - 2 Tp Ts / (Tp + Ts), precision and sensitivity of the skeletons of p > 1/2 and of the labels, that weigh by how thin their mask is there and by the depth in the other",
        reference: "Shi et al. 2024",
        ..LOSS
    },
    Entry {
        name: "skeleton_recall",
        family: "topology",
        passes: "2 + 1, thinning per class",
        quantised: false,
        scratch: "u32[pixels], and bits for thinning",
        parameters: &[
            number("smooth", 1.0, "[0,inf)", "added to numerator and denominator"),
            number("dilations", 2.0, "[0,1000]", "how often the skeleton is dilated"),
        ],
        definition: "1 - (sum p t + smooth) / (sum t + smooth), t a tube around the skeleton of the labels",
        reference: "Kirchhoff et al. 2024",
        ..LOSS
    },
    Entry {
        name: "combo",
        family: "compound",
        passes: "2 + 2",
        parameters: &[
            number("ce_share", 0.5, "[0,1]", "share of cross-entropy"),
            number("foreground_share", 0.5, "[0,1]", "share of foreground in cross-entropy"),
            SMOOTH,
            NUMERATOR_SMOOTH,
            DENOMINATOR_SMOOTH,
        ],
        definition: "a mean(-(b g ln p + (1-b)(1-g) ln(1-p))) - (1-a) D; a the ce_share, b the foreground_share, D the Dice score",
        reference: "Taghanaki et al. 2019",
        ..LOSS
    },
    Entry {
        name: "exponential_logarithmic",
        family: "compound",
        passes: "2 + 1",
        parameters: &[
            number("dice_weight", 0.8, "(-inf,inf)", "weight of the Dice part"),
            number("cross_entropy_weight", 0.2, "(-inf,inf)", "weight of the cross-entropy part"),
            number("dice_exponent", 0.3, "(0,8]", "power of -ln D"),
            number("cross_entropy_exponent", 0.3, "(0,4]", "power of -ln p"),
            number("smooth", 1.0, "[0,inf)", "added to numerator and denominator of D"),
            flag("background", true, "background is a class of the Dice part"),
        ],
        definition: "dice_weight mean_c (-ln D_c)^dice_exponent + cross_entropy_weight mean(v (-ln p)^cross_entropy_exponent), v = sqrt(sum f / f_c)",
        reference: "Wong et al. 2018",
        ..LOSS
    },
    Entry {
        name: "unified_focal",
        family: "compound",
        passes: "2 + 1",
        parameters: &[
            flag("asymmetric", true, "no modulator on foreground, no exponent on background"),
            number("tversky_share", 0.5, "[0,1]", "share of the Tversky part"),
            number("fn_weight", 0.6, "[0,1]", "weight of false negatives and of foreground"),
            number("focusing", 0.5, "[0,1)", "modulator"),
        ],
        definition: "s mean_c (1-T_c)^(1-focusing) + (1-s) mean d (1-p)^focusing (-ln p), s the tversky_share",
        reference: "Yeung et al. 2022",
        ..LOSS
    },
    Entry {
        name: "dice_cross_entropy",
        family: "compound",
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
        ..LOSS
    },
    Entry {
        name: "dice_focal",
        family: "compound",
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
        ..LOSS
    },
    Entry {
        name: "dice_top_k",
        family: "compound",
        passes: "3 + 2, a selection",
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
        ..LOSS
    },
    Entry {
        name: "hybrid_focal",
        family: "compound",
        passes: "2 + 1",
        parameters: &[
            number("tversky_share", 0.5, "(-inf,inf)", "share of the focal Tversky part"),
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
        ..LOSS
    },
    Entry {
        name: "dice_boundary",
        family: "compound",
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
        ..LOSS
    },
    Entry {
        name: "dice_hausdorff",
        family: "compound",
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
        ..LOSS
    },
];
