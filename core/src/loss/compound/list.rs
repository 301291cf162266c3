//! The weighted sums of two losses by name.

use super::FAMILY;
use super::{DiceBoundary, DiceCrossEntropy, DiceFocal, DiceHausdorff, DiceTopK, HybridFocal, Weighted};
use crate::error::Result;
use crate::loss::Dice;
use crate::loss::boundary::{BOUNDARY, HAUSDORFF_DISTANCE};
use crate::loss::distribution::{CROSS_ENTROPY, FOCAL, TOP_K};
use crate::loss::entry::{
    AVERAGE, BACKGROUND, BACKGROUND_WEIGHT, CONVENTION, DENOMINATOR_SMOOTH, DICE_WEIGHT, DISTANCE_EXPONENT,
    EMPTY, EXPONENT, Entry, FN_WEIGHT, FOCUSING, FOREGROUND_WEIGHT, FP_WEIGHT, FRACTION, Listed, NORMALISE,
    NUMERATOR_SMOOTH, OTHER_WEIGHT, OVERLAP, Parameter, SIDES, SMOOTH, Values,
};
use crate::loss::region::{DICE, FOCAL_TVERSKY};

pub(in crate::loss) const DICE_CROSS_ENTROPY: Listed<DiceCrossEntropy> = Listed {
    entry: Entry {
        name: "dice_cross_entropy",
        synonyms: &["dice_ce", "dice_bce"],
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
    make: |values| with_dice(values, &CROSS_ENTROPY),
};

pub(in crate::loss) const DICE_FOCAL: Listed<DiceFocal> = Listed {
    entry: Entry {
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
    make: |values| with_dice(values, &FOCAL),
};

pub(in crate::loss) const DICE_TOP_K: Listed<DiceTopK> = Listed {
    entry: Entry {
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
    make: |values| with_dice(values, &TOP_K),
};

pub(in crate::loss) const HYBRID_FOCAL: Listed<HybridFocal> = Listed {
    entry: Entry {
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
    make: |values| hybrid(values),
};

pub(in crate::loss) const DICE_BOUNDARY: Listed<DiceBoundary> = Listed {
    entry: Entry {
        name: "dice_boundary",
        passes: "1 + 1, and those of boundary",
        quantised: false,
        scratch: "that of boundary",
        parameters: &[
            DICE_WEIGHT,
            // With 1 the distances of the far background outweigh Dice, and a mask of few pixels is learnt to be empty; with
            // the first weight of the paper it is learnt.
            Parameter::number("other_weight", 0.01, "(-inf,inf)", "weight of the other part"),
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
    make: |values| with_dice(values, &BOUNDARY),
};

pub(in crate::loss) const DICE_HAUSDORFF: Listed<DiceHausdorff> = Listed {
    entry: Entry {
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
    make: |values| with_dice(values, &HAUSDORFF_DISTANCE),
};

/// A weighted sum of Dice and another loss, of which each takes the parameters that the entry shares with it.
fn with_dice<B>(values: &Values<'_>, other: &'static Listed<B>) -> Result<Weighted<Dice, B>> {
    let weights = (values.weight("dice_weight")?, values.weight("other_weight")?);
    Weighted::new(weights.0, values.part(&DICE)?, weights.1, values.part(other)?)
}

fn hybrid(values: &Values<'_>) -> Result<HybridFocal> {
    let share = values.weight("tversky_share")?;
    let rest = (1.0 - values.number("tversky_share")?) as f32;
    Weighted::new(share, values.part(&FOCAL_TVERSKY)?, rest, values.part(&FOCAL)?)
}
