//! What other libraries compute under the names of the catalogue, with their default arguments.

use super::{Default, Settings};

/// How the images of a batch become one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// One loss over the pixels of all images.
    Batch,
    /// The mean of the losses of the images.
    Image,
}

/// The settings with which a loss is that of another library.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Preset {
    /// The library.
    pub name: &'static str,
    /// The loss.
    pub loss: &'static str,
    /// What is set; the rest has its default.
    pub settings: &'static [(&'static str, Default)],
    /// How the library reduces a batch, if it fixes that.
    pub reduction: Option<Reduction>,
    /// Where the library returns something else, and ours is the form that its name promises; empty if nowhere.
    pub differs: &'static str,
}

impl Preset {
    /// The settings, as [`AnyLoss::new`](super::AnyLoss::new) takes them.
    #[must_use]
    pub fn settings(&self) -> Settings {
        let owned = |(name, value): &(&str, Default)| Some(((*name).to_owned(), value.setting()?));
        self.settings.iter().filter_map(owned).collect()
    }

    const fn per_image(self) -> Self {
        Self { reduction: Some(Reduction::Image), ..self }
    }

    const fn whole_batch(self) -> Self {
        Self { reduction: Some(Reduction::Batch), ..self }
    }

    const fn differs(self, differs: &'static str) -> Self {
        Self { differs, ..self }
    }
}

/// The preset of a library for a loss; `bce` is another name for `cross_entropy`.
#[must_use]
pub fn preset(name: &str, loss: &str) -> Option<&'static Preset> {
    let loss = super::canonical(loss);
    PRESETS.iter().find(|preset| preset.name == name && preset.loss == loss)
}

type Set = (&'static str, Default);

const fn of(name: &'static str, loss: &'static str, settings: &'static [Set]) -> Preset {
    Preset { name, loss, settings, reduction: None, differs: "" }
}
const fn number(name: &'static str, value: f64) -> Set {
    (name, Default::Number(value))
}
const fn word(name: &'static str, value: &'static str) -> Set {
    (name, Default::Word(value))
}
const fn flag(name: &'static str, value: bool) -> Set {
    (name, Default::Flag(value))
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

/// Focal loss without weights of the two sides.
const EQUAL: &[Set] = &[number("foreground_weight", 1.0), number("background_weight", 1.0)];
const NEGATIVE: &str = "the library returns minus the score, not 1 minus the score";
const MEAN_OVER_CLASSES: &str =
    "multiclass, the library takes the mean over pixels and classes: 1/C of this mean over pixels";
const ALL_PIXELS: &str = "the library divides by the number of all pixels, ignored ones too";
const MEAN_TO_POWER: &str = "the library raises the mean over classes to the exponent, not each class";
const FLOOR: &str =
    "the library keeps floor(10 % of all pixels, ignored ones too), which is none of a small image";
const ABSENT: &str = "a class without labels is 0 in the library's mean, and left out here";

/// Every preset.
pub static PRESETS: &[Preset] = &[
    of("monai", "cross_entropy", &[]).whole_batch(),
    of("monai", "dice", &[smooth(1e-5)]).per_image(),
    of("monai", "squared_dice", &[smooth(1e-5)]).per_image(),
    of("monai", "jaccard", &[smooth(5e-6)]).per_image(),
    of("monai", "tversky", &[fp(0.5), fne(0.5), smooth(1e-5)]).per_image(),
    of("monai", "focal", EQUAL).whole_batch().differs(MEAN_OVER_CLASSES),
    of("monai", "generalised_dice", &[smooth(1e-5)]).per_image(),
    of("monai", "wasserstein_dice", &[smooth(1e-5)]).per_image(),
    of("monai", "hausdorff_distance", &[number("exponent", 2.0), word("sides", "both")]).per_image(),
    of("monai", "cldice", &[number("iterations", 3.0), smooth(1.0)])
        .differs("the library adds 1e-4 to the denominator of the harmonic mean; up to 1.5, one channel gives 0"),
    of("monai", "unified_focal", &[number("tversky_share", 2.0 / 3.0), fne(0.7), number("focusing", 0.5)])
        .differs("the library returns 3/4 of this: its focal part is a mean over both channels"),
    of("smp", "cross_entropy", &[]).whole_batch().differs(ALL_PIXELS),
    of("smp", "dice", &[smooth(0.0), word("empty", "skip_class")])
        .whole_batch()
        .differs("a class without labels is 0 in the library's mean, and left out here; its smooth counts twice"),
    of("smp", "log_dice", &[smooth(0.0), word("empty", "skip_class")]).whole_batch().differs(ABSENT),
    of("smp", "jaccard", &[smooth(0.0), word("empty", "skip_class")]).whole_batch().differs(ABSENT),
    of("smp", "tversky", &[fp(0.5), fne(0.5), smooth(0.0), word("empty", "skip_class")])
        .whole_batch()
        .differs(ABSENT),
    of("smp", "focal_tversky", &[fp(0.5), fne(0.5), smooth(0.0), number("exponent", 1.0)])
        .whole_batch()
        .differs(MEAN_TO_POWER),
    of("smp", "focal", EQUAL)
        .whole_batch()
        .differs("multiclass, the library takes one sigmoid for each class: that is --multilabel here"),
    of("smp", "reduced_focal", &[number("threshold", 0.5)]).whole_batch(),
    of("smp", "normalised_focal", &[])
        .whole_batch()
        .differs("the library divides by the sum of modulators and again by the number of pixels"),
    of("smp", "label_smoothed", &[])
        .whole_batch()
        .differs("binary, the library takes 1-e for 1 and e for 0: that is smoothing=2e here"),
    of("smp", "lovasz_hinge", &[]).whole_batch(),
    of("smp", "lovasz_softmax", &[word("classes", "present")]).whole_batch(),
    of("smp", "mcc", &[])
        .whole_batch()
        .differs("the library adds 1e-5 to all four masses: .5 where everything is right and empty"),
    of("segloss", "cross_entropy", &[]).whole_batch(),
    of("segloss", "top_k", &[number("fraction", 0.1)]).whole_batch().differs(FLOOR),
    of("segloss", "distance_penalised", &[])
        .differs("the library computes the weighted loss, drops it and returns plain cross-entropy"),
    of("segloss", "focal", EQUAL)
        .whole_batch()
        .differs("the library adds 1e-5 to the probability, which can exceed 1: NaN for a fractional power"),
    of("segloss", "dice", &[smooth(1.0), flag("background", true)]).per_image().differs(
        "the library returns minus the score, not 1 minus the score; its square=True is not the squared Dice",
    ),
    of("segloss", "jaccard", &[smooth(1.0), flag("background", true)]).per_image().differs(NEGATIVE),
    of("segloss", "tversky", &[fp(0.3), fne(0.7), smooth(1.0), flag("background", true)])
        .per_image()
        .differs(NEGATIVE),
    of("segloss", "focal_tversky", &[
        fp(0.3),
        fne(0.7),
        smooth(1.0),
        flag("background", true),
        number("exponent", 0.75),
    ])
    .per_image()
    .differs(MEAN_TO_POWER),
    of("segloss", "asymmetric_similarity", &[number("beta", 1.5), smooth(1.0), flag("background", true)])
        .per_image()
        .differs(NEGATIVE),
    of("segloss", "sensitivity_specificity", &[number("sensitivity_weight", 0.1), denominator(1.0)])
        .per_image()
        .differs("the library calls the part on the class its specificity part"),
    of("segloss", "generalised_dice", &[smooth(1e-5)]).per_image().differs(
        "the library returns minus the score, adds its smoothing twice to the numerator, and lets an absent class \
         outweigh all others",
    ),
    of("segloss", "penalty_generalised_dice", &[number("penalty", 2.5), smooth(1e-5)])
        .per_image()
    .differs("the library penalises a Dice score that has become negative: -D / (1 + k (1 + D))"),
    of("segloss", "lovasz_softmax", &[word("classes", "all")]).whole_batch(),
    of("segloss", "boundary", &[word("convention", "plain")]).per_image(),
    of("segloss", "hausdorff_distance", &[number("exponent", 2.0), word("sides", "both")])
        .per_image()
        .differs("the library measures distances inside the masks only"),
    of("segloss", "hausdorff_erosion", &[number("exponent", 2.0), number("erosions", 10.0)])
        .per_image()
        .differs("the library's loss carries no gradient"),
    of("segloss", "exponential_logarithmic", &[flag("background", true)]).per_image().differs(
        "the library takes -ln of the mean Dice, cross-entropy without the exponent, and has no finite gradient \
         where all is right",
    ),
    of("nnunet", "cross_entropy", &[]).whole_batch(),
    of("nnunet", "dice", &[smooth(1e-5), flag("background", false)])
        .per_image()
        .differs("the library returns -Dice, not 1 - Dice"),
    of("nnunet", "top_k", &[number("fraction", 0.1)]).whole_batch().differs(FLOOR),
    of("nnunet", "skeleton_recall", &[smooth(1.0)]).differs(NEGATIVE),
    of("keras", "cross_entropy", &[word("normalise", "count")]).whole_batch(),
    of("keras", "label_smoothed", &[]).whole_batch(),
    of("keras", "dice", &[numerator(0.0), denominator(1e-7), word("average", "micro")]).whole_batch(),
    of("keras", "tversky", &[fp(0.5), fne(0.5), numerator(0.0), denominator(1e-7), word("average", "micro")])
        .whole_batch()
        .differs("until 2026-07 the library's alpha weighs false negatives and its beta false positives"),
    of("keras", "focal", EQUAL).whole_batch(),
    of("jadon", "cross_entropy", &[word("normalise", "count")])
        .whole_batch()
        .differs("the library's weighted form is --class-weights 1,0.33333334: it weighs foreground down"),
    of("jadon", "focal", &[]).whole_batch(),
    of("jadon", "dice", &[smooth(1.0)]).whole_batch(),
    of("jadon", "log_cosh_dice", &[smooth(1.0)]).whole_batch(),
    of("jadon", "tversky", &[fp(0.3), fne(0.7), smooth(1.0)]).whole_batch(),
    of("jadon", "focal_tversky", &[fp(0.3), fne(0.7), smooth(1.0), number("exponent", 0.75)]).whole_batch(),
    of("jadon", "jaccard", &[smooth(0.0)])
        .whole_batch()
        .differs("where label and prediction are empty the library returns NaN"),
    of("kornia", "dice", &[numerator(0.0), denominator(1e-8), word("average", "micro")]).per_image(),
    of("kornia", "tversky", &[numerator(0.0), denominator(1e-8)]).per_image().differs(
        "from 2025-09 the library sums the classes before the ratio: after softmax its weights are without effect",
    ),
    of("kornia", "focal", &[]).whole_batch().differs(MEAN_OVER_CLASSES),
    of("kornia", "lovasz_hinge", &[]).per_image(),
    of("kornia", "lovasz_softmax", &[word("classes", "all")])
        .per_image()
        .differs("from 2024-04 the library sorts class ids instead of label == class: wrong for every C"),
    of("kornia", "hausdorff_erosion", &[number("exponent", 2.0), number("erosions", 10.0)]),
    of("mmseg", "cross_entropy", &[]).whole_batch().differs(ALL_PIXELS),
    of("mmseg", "balanced_cross_entropy", &[]).whole_batch(),
    of("mmseg", "focal", &[number("foreground_weight", 0.5), number("background_weight", 0.5)])
        .whole_batch()
        .differs("multiclass, the library takes one sigmoid for each class: that is --multilabel here"),
    of("mmseg", "ohem", &[number("threshold", 0.7), number("min_kept", 100_000.0)])
        .whole_batch()
        .differs("the library divides the sum over the kept pixels by the number of all pixels"),
    of("mmseg", "squared_dice", &[smooth(1.0)])
        .per_image()
        .differs("the library masks ignored pixels in the numerator only"),
    of("mmseg", "tversky", &[fp(0.3), fne(0.7), smooth(1.0)]).per_image(),
    of("mmseg", "lovasz_softmax", &[word("classes", "present")]).whole_batch(),
    of("berman", "lovasz_hinge", &[]).per_image(),
    of("berman", "lovasz_softmax", &[word("classes", "present")]).whole_batch(),
    of("kervadec", "boundary", &[word("convention", "kervadec")]).per_image(),
    of("kervadec", "generalised_dice", &[smooth(1e-10)])
        .per_image()
        .differs("the library gives an absent class the weight 1e20, and -1 where both sums vanish"),
    of("torch", "cross_entropy", &[word("normalise", "weights")]).whole_batch(),
    of("torch", "label_smoothed", &[]).whole_batch(),
    of("torchvision", "focal", &[]).whole_batch(),
    of("mlyg", "unified_focal", &[
        flag("asymmetric", true),
        number("tversky_share", 0.5),
        fne(0.6),
        number("focusing", 0.5),
    ])
    .differs("the library's current source does not compile: an IndentationError"),
    of("mlyg", "focal_tversky", &[fp(0.3), fne(0.7), smooth(1e-6), number("exponent", 0.75)]),
    of("mlyg", "combo", &[number("ce_share", 0.5), number("foreground_share", 0.5), smooth(1e-6)])
        .differs("the library multiplies the background term by the share of the foreground"),
    of("paper", "focal", &[]),
    of("paper", "label_smoothed", &[]),
    of("paper", "bootstrapped", &[]),
    of("paper", "recall_cross_entropy", &[]),
    of("paper", "poly1", &[]),
    of("paper", "generalised_cross_entropy", &[]),
    of("paper", "tversky", &[]),
    of("paper", "focal_tversky", &[]),
    of("paper", "log_dice", &[]),
    of("paper", "asymmetric_similarity", &[]),
    of("paper", "generalised_dice", &[]),
    of("paper", "penalty_generalised_dice", &[]),
    of("paper", "exponential_logarithmic", &[]),
    of("paper", "unified_focal", &[]),
    of("paper", "combo", &[])
        .differs("the authors' code has a bracket that multiplies the background term by the share twice"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{AnyLoss, loss};

    #[test]
    fn every_preset_makes_a_loss() {
        for (place, preset) in PRESETS.iter().enumerate() {
            let Preset { name, loss: of, .. } = preset;
            let twin = PRESETS.iter().take(place).any(|other| (other.name, other.loss) == (*name, *of));
            assert!(!twin, "{name} {of} is there twice");
            assert!(loss(of).is_some(), "{name}: there is no loss {of}");
            AnyLoss::new(of, &preset.settings()).unwrap_or_else(|e| panic!("{name} {of}: {e}"));
        }
    }

    #[test]
    fn presets_are_found_by_library_and_loss() {
        let found = preset("nnunet", "dice").unwrap();
        assert_eq!((found.reduction, found.settings().len()), (Some(Reduction::Image), 2));
        assert_eq!(preset("torch", "bce"), preset("torch", "cross_entropy"));
        assert_eq!((preset("nnunet", "mcc"), preset("numpy", "dice")), (None, None));
    }
}
