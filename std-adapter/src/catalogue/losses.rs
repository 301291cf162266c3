//! The losses.

use super::{Entry, Kind, PRESETS, Parameter};

mod boundary;
mod compound;
mod distribution;
mod lovasz;
mod region;
mod topology;

const SMOOTH: Parameter = Parameter::number("smooth", 1.0, "[0,inf)", "added to numerator and denominator");
const NUMERATOR_SMOOTH: Parameter = Parameter::taken(
    "numerator_smooth",
    "[0,denominator_smooth]",
    "added to the numerator; unless given smooth, or denominator_smooth if that is less",
);
const DENOMINATOR_SMOOTH: Parameter =
    Parameter::taken("denominator_smooth", "[0,inf)", "added to the denominator; smooth unless given");
const BACKGROUND: Parameter = Parameter::taken(
    "background",
    "true, false",
    "class 0 is in the mean; only of multiclass frames unless given",
);
const AVERAGE: Parameter =
    Parameter::word("average", "macro", "macro, micro", "mean of the classes, or one ratio of their sums");
const OVERLAP: Parameter = Parameter::word(
    "overlap",
    "product",
    "product, minimum",
    "I = sum p g, or sum min(p, g) for soft labels",
);
const OVERLAP_PRODUCT: Parameter = Parameter::word("overlap", "product", "product", "I = sum p g");
const EMPTY: Parameter = Parameter::word(
    "empty",
    "smooth",
    "smooth, zero_if_both_empty, skip_class, mean_probability",
    "what a class without labels gives",
);
const FP_WEIGHT: Parameter = Parameter::number("fp_weight", 0.3, "[0,inf)", "weight of false positives");
const FN_WEIGHT: Parameter =
    Parameter::number("fn_weight", 0.7, "[0,inf), not both weights 0", "weight of false negatives");
const NORMALISE: Parameter =
    Parameter::word("normalise", "weights", "weights, count", "class weights are in the divisor, or not");
const FOCUSING: Parameter =
    Parameter::number("focusing", 2.0, "[0,8]", "power of 1-p: how little easy pixels count");
const FOREGROUND_WEIGHT: Parameter =
    Parameter::number("foreground_weight", 0.25, "[0,inf)", "weight of foreground, or of all classes but 0");
const BACKGROUND_WEIGHT: Parameter =
    Parameter::number("background_weight", 0.75, "[0,inf)", "weight of background, or of class 0");
const FRACTION: Parameter = Parameter::number("fraction", 0.1, "(0,1]", "share of the pixels that counts");
const EXPONENT: Parameter =
    Parameter::number("exponent", 0.75, "(0,8]", "power of the Tversky loss (the paper's 1/gamma)");
const CONVENTION: Parameter =
    Parameter::word("convention", "kervadec", "kervadec, plain", "inside of the distance: -(d-1), or -d");
const DISTANCE_EXPONENT: Parameter = Parameter::number("exponent", 2.0, "(0,4]", "power of the distances");
const SIDES: Parameter =
    Parameter::word("sides", "both", "both, label, prediction", "whose contour distances are taken to");
const DICE_WEIGHT: Parameter = Parameter::number("dice_weight", 1.0, "(-inf,inf)", "weight of the Dice part");
const OTHER_WEIGHT: Parameter =
    Parameter::number("other_weight", 1.0, "(-inf,inf)", "weight of the other part");

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

/// The families, in the order of the list.
const FAMILIES: [&[Entry]; 6] = [
    distribution::ENTRIES,
    region::ENTRIES,
    lovasz::ENTRIES,
    boundary::ENTRIES,
    topology::ENTRIES,
    compound::ENTRIES,
];

const COUNT: usize = {
    let (mut count, mut family) = (0, 0);
    while family < FAMILIES.len() {
        count += FAMILIES[family].len();
        family += 1;
    }
    count
};

/// Every loss.
pub static LOSSES: &[Entry] = &LISTED;

/// All entries, as the families write them.
const JOINED: [Entry; COUNT] = {
    let mut all = [LOSS; COUNT];
    let (mut place, mut family) = (0, 0);
    while family < FAMILIES.len() {
        let mut entry = 0;
        while entry < FAMILIES[family].len() {
            all[place] = FAMILIES[family][entry];
            (place, entry) = (place + 1, entry + 1);
        }
        family += 1;
    }
    all
};

/// All entries with the names of their presets.
static LISTED: [Entry; COUNT] = {
    let (mut all, mut start, mut entry) = (JOINED, 0, 0);
    while entry < COUNT {
        let (mut end, mut preset) = (start, 0);
        while preset < PRESETS.len() {
            end += same(PRESETS[preset].loss, all[entry].name) as usize;
            preset += 1;
        }
        all[entry].presets = PRESET_NAMES.split_at(end).0.split_at(start).1;
        (start, entry) = (end, entry + 1);
    }
    all
};

/// The names of all presets, those of one loss side by side, losses in the order of the list.
static PRESET_NAMES: [&str; PRESETS.len()] = {
    let (mut names, mut place, mut entry) = ([""; PRESETS.len()], 0, 0);
    while entry < COUNT {
        let mut preset = 0;
        while preset < PRESETS.len() {
            if same(PRESETS[preset].loss, JOINED[entry].name) {
                names[place] = PRESETS[preset].name;
                place += 1;
            }
            preset += 1;
        }
        entry += 1;
    }
    names
};

/// Whether two texts are the same, while compiling.
const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut place = 0;
    while place < a.len() && place < b.len() && a[place] == b[place] {
        place += 1;
    }
    place == a.len() && place == b.len()
}
