//! Label-free statistics, distances to a reference, and detectors.

use segmeter::learn::Settings;

use super::{Default, Entry, Kind, Parameter};

const STATISTIC: Entry = Entry {
    kind: Kind::Statistic,
    name: "",
    family: "confidence",
    inputs: &["binary"],
    quantised: true,
    scratch: "none",
    passes: "1",
    parameters: &[],
    presets: &[],
    definition: "",
    reference: "Segmeter",
};
const DETECTOR: Entry = Entry { kind: Kind::Detector, family: "sequential", ..STATISTIC };

pub(super) static STATISTICS: &[Entry] = &[
    Entry { name: "road_fraction", definition: "share of pixels predicted foreground", ..STATISTIC },
    Entry {
        name: "mean_entropy",
        definition: "mean over pixels of -p ln p - (1-p) ln(1-p), in nats",
        reference: "Shannon 1948",
        ..STATISTIC
    },
    Entry { name: "mean_margin", definition: "mean over pixels of |2p - 1|", ..STATISTIC },
    Entry { name: "low_confidence_fraction", definition: "share of pixels with |2p - 1| < 1/2", ..STATISTIC },
    Entry {
        name: "population_stability_index",
        family: "distance",
        definition: "sum (a-b) ln(a/b) over up to 16 quantile bins of the reference, half a pixel added to each",
        reference: "Siddiqi 2006",
        ..STATISTIC
    },
    Entry {
        name: "wasserstein",
        family: "distance",
        definition: "area between the distribution functions of frame and reference, in steps of a code",
        reference: "Vallender 1974",
        ..STATISTIC
    },
];

pub(super) static DETECTORS: &[Entry] = &[
    Entry {
        name: "cusum",
        parameters: &[
            Parameter {
                name: "slack",
                default: Default::Number(Settings::CUSUM_SLACK as f64),
                range: "[0,32768)",
                meaning: "half the shift worth detecting, in deviations of a block mean",
            },
            Parameter {
                name: "threshold",
                default: Default::Number(Settings::CUSUM_THRESHOLD as f64),
                range: "(0,32768)",
                meaning: "drift where a sum is above it, in deviations",
            },
        ],
        definition: "two-sided: up = max(0, up + z - slack), down = max(0, down - z - slack)",
        reference: "Page 1954",
        ..DETECTOR
    },
    Entry {
        name: "page_hinkley",
        parameters: &[
            Parameter {
                name: "tolerance",
                default: Default::Number(Settings::PAGE_HINKLEY_TOLERANCE as f64),
                range: "[0,32768)",
                meaning: "change not worth a sum, in deviations of a block mean",
            },
            Parameter {
                name: "threshold",
                default: Default::Number(Settings::PAGE_HINKLEY_THRESHOLD as f64),
                range: "(0,32768)",
                meaning: "drift where a sum is above it, in deviations",
            },
        ],
        definition: "two-sided: height of sum(z - running mean - tolerance) above its minimum",
        reference: "Hinkley 1971",
        ..DETECTOR
    },
];
