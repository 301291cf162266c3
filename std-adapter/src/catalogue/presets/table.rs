//! Every preset.

use super::{Preset, Value};

type Set = (&'static str, Value<'static>);

const fn of(name: &'static str, loss: &'static str, settings: &'static [Set]) -> Preset {
    Preset { name, loss, settings, reduction: None, differs: "" }
}
const fn number(name: &'static str, value: f64) -> Set {
    (name, Value::Number(value))
}
const fn word(name: &'static str, value: &'static str) -> Set {
    (name, Value::Word(value))
}
const fn flag(name: &'static str, value: bool) -> Set {
    (name, Value::Flag(value))
}
const fn smooth(value: f64) -> Set {
    number("smooth", value)
}
const fn numerator(value: f64) -> Set {
    number("numerator_smooth", value)
}
const fn denominator(value: f64) -> Set {
    number("denominator_smooth", value)
}
const fn fp(value: f64) -> Set {
    number("fp_weight", value)
}
const fn fne(value: f64) -> Set {
    number("fn_weight", value)
}

const FOREGROUND: Set = number("foreground_weight", 1.0);
const BACKGROUND: Set = number("background_weight", 1.0);
/// Focal loss without weights of the two sides.
const EQUAL: &[Set] = &[FOREGROUND, BACKGROUND];
const BOTH: Set = flag("background", true);
const MICRO: Set = word("average", "micro");
const COUNT: Set = word("normalise", "count");
const PRESENT: &[Set] = &[word("classes", "present")];
const ALL: &[Set] = &[word("classes", "all")];
const PLAIN: Set = word("convention", "plain");
const TENTH: Set = number("fraction", 0.1);
const EROSIONS: &[Set] = &[number("exponent", 2.0), number("erosions", 10.0)];
const DISTANCES: &[Set] = &[number("exponent", 2.0), word("sides", "both")];
/// What segmentation_models.pytorch has in all its region losses; its I is (P + G - sum |p - g|) / 2.
const SKIP: Set = word("empty", "skip_class");
const MINIMUM: Set = word("overlap", "minimum");

const NEGATIVE: &str = "the library returns minus the score, not 1 minus the score";
const MINUS_DICE: &str = "the library returns -Dice, not 1 - Dice; its batch_dice, which its plans may choose, is \
                          --reduction batch";
const POS_WEIGHT: &str = "the library's binary weight w is --class-weights 1,w --set normalise=count";
const ALL_PIXELS: &str = "the library divides by the number of all pixels, ignored ones too";
const ABSENT: &str = "a class without labels is 0 in the library's mean, and left out here";
const FLOOR: &str =
    "the library keeps floor(10 % of all pixels, ignored ones too), which is none of a small image";
const MINUS_FLOOR: &str = "the library returns minus the Dice score, image by image, and keeps floor(10 % of all \
                           pixels of the batch, ignored ones too)";
const BROKEN: &str = "the library's current source does not compile: an IndentationError";

/// Every preset.
pub static PRESETS: &[Preset] = &[
    of("monai", "cross_entropy", &[]).whole_batch().differs(POS_WEIGHT),
    of("monai", "dice", &[smooth(1e-5)]).per_image().differs(
        "up to 1.5 the library's MaskedDiceLoss masks the logits: an ignored pixel counts with p = 1/2",
    ),
    of("monai", "squared_dice", &[smooth(1e-5)]).per_image(),
    of("monai", "jaccard", &[smooth(5e-6)]).per_image(),
    of("monai", "tversky", &[fp(0.5), fne(0.5), smooth(1e-5)]).per_image(),
    of("monai", "focal", EQUAL).whole_batch().differs(
        "multiclass, the library takes one sigmoid for each class or, with use_softmax, the mean over pixels and \
         classes: 1/C of this mean over pixels",
    ),
    of("monai", "generalised_dice", &[smooth(1e-5)]).per_image(),
    of("monai", "wasserstein_dice", &[smooth(1e-5)]).per_image(),
    of("monai", "hausdorff_distance", DISTANCES).per_image(),
    of("monai", "cldice", &[number("iterations", 3.0), smooth(1.0)]).per_image().differs(
        "the library adds 1e-4 to the denominator of the harmonic mean, and multiclass sums over all classes; up to \
         1.5, one channel gives 0",
    ),
    of("monai", "unified_focal", &[number("tversky_share", 2.0 / 3.0), fne(0.7), number("focusing", 0.5)])
        .per_image()
        .differs(
            "the library returns 3/4 of this: its focal part, whose share its weight is, is a mean over both \
             channels; up to 1.5, one channel has no gradient",
        ),
    of("monai", "dice_cross_entropy", &[smooth(1e-5)]).per_image().differs(POS_WEIGHT),
    of("monai", "dice_focal", &[smooth(1e-5), FOREGROUND, BACKGROUND])
        .per_image()
        .differs("multiclass, the library's focal part takes one sigmoid for each class"),
    of("smp", "cross_entropy", &[]).whole_batch().differs(ALL_PIXELS),
    of("smp", "dice", &[smooth(0.0), MINIMUM, SKIP])
        .whole_batch()
        .differs("a class without labels is 0 in the library's mean, and left out here; its smooth counts twice"),
    of("smp", "log_dice", &[smooth(0.0), MINIMUM, SKIP]).whole_batch().differs(ABSENT),
    of("smp", "jaccard", &[smooth(0.0), MINIMUM, SKIP]).whole_batch().differs(ABSENT),
    of("smp", "tversky", &[fp(0.5), fne(0.5), smooth(0.0), MINIMUM, SKIP]).whole_batch().differs(ABSENT),
    of("smp", "focal_tversky", &[
        fp(0.5),
        fne(0.5),
        smooth(0.0),
        MINIMUM,
        SKIP,
        number("exponent", 1.0),
    ])
    .whole_batch()
    .differs(
        "the library raises the mean over classes to the exponent, not each class, and has a class without labels as \
         0 in it",
    ),
    of("smp", "focal", EQUAL).whole_batch().differs(
        "multiclass, the library takes one sigmoid for each class, of ln p with from_logits=False: --multilabel \
         here is the first",
    ),
    of("smp", "reduced_focal", &[number("threshold", 0.5)]).whole_batch(),
    of("smp", "normalised_focal", &[])
        .whole_batch()
        .differs("the library divides by the sum of modulators and again by the number of pixels"),
    of("smp", "label_smoothed", &[]).whole_batch().differs(
        "binary, the library takes 1-e for 1 and e for 0: that is smoothing=2e here; multiclass, its default fails",
    ),
    of("smp", "lovasz_hinge", &[]).whole_batch(),
    of("smp", "lovasz_softmax", PRESENT).whole_batch(),
    of("smp", "mcc", &[]).whole_batch().differs(
        "the library takes no sigmoid, and adds 1e-5 to all four masses: .5 where everything is right and empty",
    ),
    of("segloss", "cross_entropy", &[]).whole_batch(),
    of("segloss", "top_k", &[TENTH]).whole_batch().differs(FLOOR),
    of("segloss", "distance_penalised", &[])
        .differs("the library computes the weighted loss, drops it and returns plain cross-entropy"),
    of("segloss", "focal", EQUAL).whole_batch().differs(
        "the library adds 1e-5 to the probability, which can exceed 1: NaN for a fractional power; its alpha weighs \
         class 0, and a list of weights is scaled to the sum 1",
    ),
    of("segloss", "dice", &[smooth(1.0), BOTH]).per_image().differs(
        "the library returns minus the score, not 1 minus the score; its square=True is not the squared Dice",
    ),
    of("segloss", "jaccard", &[smooth(1.0), BOTH]).per_image().differs(NEGATIVE),
    of("segloss", "tversky", &[fp(0.3), fne(0.7), smooth(1.0), BOTH]).per_image().differs(NEGATIVE),
    of("segloss", "focal_tversky", &[fp(0.3), fne(0.7), smooth(1.0), BOTH, number("exponent", 0.75)])
        .per_image()
        .differs("the library raises the mean over classes and images to the exponent, not each class"),
    of("segloss", "asymmetric_similarity", &[number("beta", 1.5), smooth(1.0), BOTH])
        .per_image()
        .differs(NEGATIVE),
    of("segloss", "sensitivity_specificity", &[number("sensitivity_weight", 0.1), denominator(1.0)])
        .per_image()
        .differs("the library calls the part on the class its specificity part"),
    of("segloss", "generalised_dice", &[smooth(1e-5)]).per_image().differs(
        "the library returns minus the score, adds its smoothing twice to the numerator, and lets an absent class \
         outweigh all others",
    ),
    of("segloss", "penalty_generalised_dice", &[number("penalty", 2.5), smooth(1e-5)]).per_image().differs(
        "the library penalises a Dice score that has become negative: -D / (1 + k (1 + D)), D the mean over images; \
         an absent class outweighs all others; its trainer passes arguments that it rejects",
    ),
    of("segloss", "lovasz_softmax", ALL).whole_batch(),
    of("segloss", "boundary", &[PLAIN]).per_image().differs(
        "the library takes the distances as an argument; those of its tests are 0 on the inner edge of the mask",
    ),
    of("segloss", "hausdorff_distance", DISTANCES).per_image().differs(
        "the library's loss fails on a prediction that needs a gradient; that of its tests measures inside the \
         masks only",
    ),
    of("segloss", "hausdorff_erosion", EROSIONS)
        .per_image()
        .differs("the library's loss, made in NumPy, has no gradient and fails where one is asked for"),
    of("segloss", "exponential_logarithmic", &[BOTH]).per_image().differs(
        "the library takes -ln of the mean Dice, cross-entropy without the exponent and without weights unless given, \
         fails on one channel, and has no finite gradient where all is right",
    ),
    of("segloss", "dice_cross_entropy", &[smooth(1.0), BOTH])
        .per_image()
        .differs("the library returns minus the Dice score, not 1 minus the score"),
    of("segloss", "dice_top_k", &[smooth(1.0), BOTH, TENTH]).differs(MINUS_FLOOR),
    of("segloss", "dice_boundary", &[number("other_weight", 1.0), smooth(1.0), BOTH, PLAIN]).per_image().differs(
        "the library returns minus the Dice score and takes the distances as an argument; its tests weigh the parts \
         0.01 and 0.99",
    ),
    of("nnunet", "cross_entropy", &[]).whole_batch(),
    of("nnunet", "dice", &[smooth(1e-5), flag("background", false)]).per_image().differs(MINUS_DICE),
    of("nnunet", "top_k", &[TENTH]).whole_batch().differs(FLOOR),
    of("nnunet", "skeleton_recall", &[smooth(1.0)]).per_image().differs(
        "the library returns minus the recall, not 1 minus it, and takes one skeleton of all foreground classes",
    ),
    of("nnunet", "dice_cross_entropy", &[smooth(1e-5), flag("background", false)])
        .per_image()
        .differs(MINUS_DICE),
    of("nnunet", "dice_top_k", &[smooth(1e-5), flag("background", false), TENTH]).differs(MINUS_FLOOR),
    of("keras", "cross_entropy", &[COUNT]).whole_batch().differs(
        "the library's bare functions leave the pixels of ignore_class in the mean; its loss objects do not",
    ),
    of("keras", "label_smoothed", &[]).whole_batch(),
    of("keras", "dice", &[numerator(0.0), denominator(1e-7), MICRO]).whole_batch(),
    of("keras", "tversky", &[fp(0.5), fne(0.5), numerator(0.0), denominator(1e-7), MICRO])
        .whole_batch()
        .differs("up to 3.15 the library's alpha weighs false negatives and its beta false positives"),
    of("keras", "focal", EQUAL)
        .whole_batch()
        .differs("multiclass, the library multiplies by its alpha of 0.25: 1/4 of this"),
    of("jadon", "cross_entropy", &[COUNT]).whole_batch().differs(
        "the library's weighted form is --class-weights 1,0.33333334: it weighs foreground down; TensorFlow 2 refuses \
         its arguments",
    ),
    of("jadon", "focal", &[]).whole_batch(),
    of("jadon", "dice", &[smooth(1.0)]).whole_batch(),
    of("jadon", "log_cosh_dice", &[smooth(1.0)]).whole_batch(),
    of("jadon", "tversky", &[fp(0.3), fne(0.7), smooth(1.0)]).whole_batch(),
    of("jadon", "focal_tversky", &[fp(0.3), fne(0.7), smooth(1.0), number("exponent", 0.75)]).whole_batch(),
    of("jadon", "jaccard", &[smooth(0.0)])
        .whole_batch()
        .differs("where label and prediction are empty the library returns NaN"),
    of("jadon", "dice_cross_entropy", &[
        number("dice_weight", 0.5),
        number("other_weight", 0.5),
        smooth(1.0),
        COUNT,
    ])
    .whole_batch(),
    of("kornia", "dice", &[numerator(0.0), denominator(1e-8), MICRO]).per_image(),
    of("kornia", "tversky", &[numerator(0.0), denominator(1e-8), SKIP]).per_image().differs(
        "up to 0.8.3 the library sums the classes before the ratio: after softmax its weights are without effect",
    ),
    of("kornia", "focal", &[]).whole_batch().differs(
        "multiclass, the library takes the mean over pixels, ignored ones too, and classes: 1/C of this mean over \
         pixels",
    ),
    of("kornia", "lovasz_hinge", &[]).per_image(),
    of("kornia", "lovasz_softmax", ALL)
        .per_image()
        .differs("up to 0.8.3 the library sorts class ids instead of label == class: wrong for every C"),
    of("kornia", "hausdorff_erosion", EROSIONS).per_image(),
    of("mmseg", "cross_entropy", &[]).whole_batch().differs(ALL_PIXELS),
    of("mmseg", "balanced_cross_entropy", &[])
        .whole_batch()
        .differs("the library calls it BoundaryLoss, for a head that predicts edges"),
    of("mmseg", "focal", &[number("foreground_weight", 0.5), number("background_weight", 0.5)])
        .whole_batch()
        .differs(
            "multiclass, the library takes one sigmoid for each class: that is --multilabel here; it divides by all \
             pixels, ignored ones too, and without CUDA fails on class ids",
        ),
    of("mmseg", "ohem", &[number("threshold", 0.7), number("min_kept", 100_000.0)])
        .whole_batch()
        .differs("the library's pixel sampler divides the sum over the kept pixels by the number of all pixels"),
    of("mmseg", "squared_dice", &[numerator(0.0), denominator(2e-3), MICRO]).per_image().differs(
        "the library leaves ignored pixels in the denominator and, by default, takes one sigmoid for each class; 0.x \
         takes the mean over classes with smooth=1",
    ),
    of("mmseg", "tversky", &[fp(0.3), fne(0.7), smooth(1.0)]).per_image(),
    of("mmseg", "lovasz_hinge", &[]).whole_batch(),
    of("mmseg", "lovasz_softmax", PRESENT).whole_batch(),
    of("mmseg", "hausdorff_distance", DISTANCES).per_image().differs(
        "the library measures distances inside the masks only, takes the class ids for the mask of every class, and \
         divides the sum over the foreground classes by the number of all",
    ),
    of("berman", "lovasz_hinge", &[]).per_image(),
    of("berman", "lovasz_softmax", PRESENT)
        .whole_batch()
        .differs("the library asks `classes is 'present'`: a string made at run time lets absent classes in"),
    of("kervadec", "cross_entropy", &[]).whole_batch(),
    of("kervadec", "dice", &[smooth(1e-10), BOTH]).per_image(),
    of("kervadec", "generalised_dice", &[smooth(1e-10)])
        .per_image()
        .differs("the library gives an absent class the weight 1e20, and -1 where both sums vanish"),
    of("kervadec", "boundary", &[word("convention", "kervadec")]).per_image(),
    of("kervadec", "hausdorff_distance", DISTANCES).per_image().differs(
        "the library measures distances inside the masks only, and rounds those of the prediction down",
    ),
    of("torch", "cross_entropy", &[word("normalise", "weights")])
        .whole_batch()
        .differs("the library's pos_weight w is --class-weights 1,w --set normalise=count"),
    of("torch", "label_smoothed", &[]).whole_batch(),
    of("torchvision", "focal", &[]).whole_batch(),
    of("mlyg", "dice", &[smooth(2e-6), BOTH]).per_image().differs(BROKEN),
    of("mlyg", "tversky", &[fp(0.3), fne(0.7), smooth(1e-6), BOTH]).per_image().differs(BROKEN),
    of("mlyg", "focal_tversky", &[fp(0.3), fne(0.7), smooth(1e-6), BOTH, number("exponent", 0.75)])
        .per_image()
        .differs(BROKEN),
    of("mlyg", "focal", EQUAL).whole_batch().differs(BROKEN),
    of("mlyg", "unified_focal", &[
        flag("asymmetric", true),
        number("tversky_share", 0.5),
        fne(0.6),
        number("focusing", 0.5),
    ])
    .per_image()
    .differs(BROKEN),
    of("mlyg", "combo", &[number("ce_share", 0.5), number("foreground_share", 0.5), smooth(2e-6)])
        .per_image()
        .differs(
            "the library multiplies the background term by the share of the foreground, and takes the mean Dice of \
             both; its current source does not compile: an IndentationError",
        ),
    of("paper", "focal", &[]).differs("the paper divides by the number of foreground anchors, not of pixels"),
    of("paper", "label_smoothed", &[]),
    of("paper", "bootstrapped", &[])
        .differs("PaddleSeg's loss of this name is another: the mean of the largest losses, as top_k here"),
    of("paper", "recall_cross_entropy", &[]),
    of("paper", "poly1", &[]),
    of("paper", "generalised_cross_entropy", &[]),
    of("paper", "tversky", &[smooth(0.0)]),
    of("paper", "focal_tversky", &[]),
    of("paper", "log_dice", &[]),
    of("paper", "asymmetric_similarity", &[smooth(0.0)]),
    of("paper", "generalised_dice", &[]),
    of("paper", "penalty_generalised_dice", &[]),
    of("paper", "exponential_logarithmic", &[]),
    of("paper", "unified_focal", &[]),
    of("paper", "hybrid_focal", &[]),
    of("paper", "combo", &[])
        .differs("the authors' code has a bracket that multiplies the background term by the share twice"),
];
