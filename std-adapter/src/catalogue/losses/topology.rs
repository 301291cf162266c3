//! Losses of what is connected.

use super::{Entry, LOSS, Parameter};

const FAMILY: Entry = Entry { family: "topology", ..LOSS };

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "cldice",
        passes: "per class: 4 iterations + 10, and 3 iterations + 6",
        quantised: false,
        scratch: "u32[(2*iterations+7)*pixels]",
        parameters: &[
            Parameter::number("iterations", 3.0, "[0,64]", "erosions of the soft skeleton"),
            Parameter::number("smooth", 1.0, "[1e-30,inf)", "added to numerator and denominator"),
        ],
        definition: "1 - 2 Tp Ts / (Tp + Ts), precision and sensitivity of the soft skeletons",
        reference: "Shit et al. 2021",
        ..FAMILY
    },
    Entry {
        name: "cbdice",
        passes: "per class: 4 iterations + 13, and 2; 2 distance transforms",
        quantised: false,
        scratch: "u32[5*pixels+3*width]",
        parameters: &[
            Parameter::number(
                "iterations",
                10.0,
                "[0,1000]",
                "erosions of the skeleton: half the width of the widest road",
            ),
            Parameter::number("smooth", 1.0, "[1e-30,inf)", "added to numerator and denominator"),
        ],
        definition: "1 - 2 Tp Ts / (Tp + Ts), precision and sensitivity of the skeletons of p > 1/2 and of the labels, that weigh by how thin their mask is there and by the depth in the other",
        reference: "Shi et al. 2024",
        ..FAMILY
    },
    Entry {
        name: "skeleton_recall",
        passes: "2 + 1, thinning per class",
        quantised: false,
        scratch: "u32[pixels+(height+2)*ceil(width/32)+2*(height+1)*ceil(width/1024)]",
        parameters: &[
            Parameter::number("smooth", 1.0, "[0,inf)", "added to numerator and denominator"),
            Parameter::number("dilations", 2.0, "[0,1000]", "how often the skeleton is dilated"),
        ],
        definition: "1 - (sum p t + smooth) / (sum t + smooth), t a tube around the skeleton of the labels",
        reference: "Kirchhoff et al. 2024",
        ..FAMILY
    },
];
