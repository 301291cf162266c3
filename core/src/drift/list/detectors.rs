//! Detectors.

use super::STATISTIC;
use crate::list::{Entry, Kind, Parameter};

const CHART: Entry = Entry { kind: Kind::Detector, family: "control chart", ..STATISTIC };
const WINDOW: Entry = Entry { family: "window", ..CHART };
const ERROR_RATE: Entry = Entry { family: "error rate", ..CHART };

/// A number.
const fn threshold(default: f64) -> Parameter {
    Parameter::number("threshold", default, "(0,32768)", "drift where a sum is above it, in deviations")
}

/// Every detector.
pub static DETECTORS: &[Entry] = &[
    Entry {
        name: "shewhart",
        scratch: "none",
        parameters: &[Parameter::number("limit", 3.0, "(0,32768)", "in deviations")],
        definition: "drift where |z| > limit",
        reference: "Shewhart 1931",
        ..CHART
    },
    Entry {
        name: "cusum",
        scratch: "8 bytes",
        parameters: &[
            Parameter::number(
                "slack",
                0.5,
                "[0,32768)",
                "half the shift worth detecting, in deviations of a block mean",
            ),
            threshold(5.0),
        ],
        definition: "two-sided: up = max(0, up + z - slack), down = max(0, down - z - slack)",
        reference: "Page 1954",
        ..CHART
    },
    Entry {
        name: "page_hinkley",
        scratch: "32 bytes",
        parameters: &[
            Parameter::number(
                "tolerance",
                0.5,
                "[0,32768)",
                "change not worth a sum, in deviations of a block mean",
            ),
            threshold(8.0),
        ],
        definition: "two-sided: height of sum(z - running mean - tolerance) above its minimum",
        reference: "Hinkley 1971",
        ..CHART
    },
    Entry {
        name: "ewma_chart",
        scratch: "16 bytes",
        parameters: &[
            Parameter::number("weight", 0.2, "(0,1]", "of the newest value"),
            Parameter::number("limit", 2.962, "(0,32768)", "in deviations of the average at that step"),
        ],
        definition: "average = weight z + (1-weight) average; drift where |average| > limit sqrt(weight/(2-weight) (1-(1-weight)^2t))",
        reference: "Roberts 1959; Lucas and Saccucci 1990",
        ..CHART
    },
    Entry {
        name: "geometric_moving_average",
        scratch: "24 bytes",
        parameters: &[Parameter::number("memory", 0.99, "[0,1)", "of the old average"), threshold(1.0)],
        definition: "average = memory average + (1-memory) (z - running mean); drift where |average| > threshold",
        reference: "Roberts 1959",
        ..CHART
    },
    Entry {
        name: "trend",
        family: "trend",
        scratch: "68 bytes",
        parameters: &[
            Parameter::number("limit", 2.576, "(0,32768)", "quantile of the normal distribution"),
            Parameter::number(
                "slope",
                0.1,
                "[0,32768)",
                "smallest slope that is a drift, in deviations per value",
            ),
        ],
        definition: "last 16 values: Mann-Kendall score above limit, and the median of the 120 slopes above slope",
        reference: "Mann 1945; Sen 1968",
        ..CHART
    },
    Entry {
        name: "bocpd",
        family: "bayesian",
        scratch: "1028 bytes",
        parameters: &[
            Parameter::number("hazard", 0.01, "(0,1)", "probability of a change at a value"),
            Parameter::number("prior", 1.0, "[0.001,1000]", "deviation of the mean of a run"),
        ],
        definition: "posterior of the run length, up to 127 and longer; drift where the most probable did not grow by one",
        reference: "Adams and MacKay 2007",
        ..CHART
    },
    Entry {
        name: "adwin",
        scratch: "1304 bytes",
        parameters: &[Parameter::number("confidence", 0.002, "(0,1)", "of a false cut")],
        definition: "values in [0,1]; |mean_old - mean_new| > sqrt(2 m v d) + 2/3 m d, m = 1/(n0-4) + 1/(n1-4), d = ln(2 ln n / confidence)",
        reference: "Bifet and Gavaldà 2007",
        ..WINDOW
    },
    Entry {
        name: "kswin",
        scratch: "404 bytes",
        parameters: &[Parameter::number(
            "limit",
            771.0,
            "[1,2100]",
            "in 2100ths; 771 is a probability of 0.005",
        )],
        definition: "max |F_old - F_new| of the newest 30 values and the 70 before them",
        reference: "Raab, Heusinger and Schleif 2020",
        ..WINDOW
    },
    Entry {
        name: "ddm",
        scratch: "32 bytes",
        parameters: &[
            Parameter::number("warm_up", 30.0, "[1,2^32)", "values before the first verdict"),
            Parameter::number(
                "errors",
                1.0,
                "[0,2^32)",
                "errors before the first verdict; 0 as in other libraries",
            ),
            Parameter::number("warning", 2.0, "(0,32768)", "in deviations"),
            Parameter::number("drift", 3.0, "(0,32768)", "in deviations, at least warning"),
        ],
        definition: "errors, 0 or 1; p + s > p_min + drift s_min, s = sqrt(p (1-p) / n)",
        reference: "Gama et al. 2004",
        ..ERROR_RATE
    },
    Entry {
        name: "eddm",
        scratch: "40 bytes",
        parameters: &[
            Parameter::number("warning", 0.95, "(0,1]", "share of the maximum"),
            Parameter::number("drift", 0.9, "(0,1]", "share of the maximum, at most warning"),
        ],
        definition: "errors, 0 or 1; mean + 2 deviations of the distances between errors, below a share of its maximum",
        reference: "Baena-García et al. 2006",
        ..ERROR_RATE
    },
    Entry {
        name: "stepd",
        scratch: "12 bytes",
        parameters: &[
            Parameter::number("warning", 1.645, "(0,16]", "quantile of the normal distribution"),
            Parameter::number(
                "drift",
                2.748,
                "(0,16]",
                "quantile of the normal distribution, at least warning",
            ),
        ],
        definition: "errors, 0 or 1; test of equal proportions, the last 30 values against all before, corrected for continuity",
        reference: "Nishida and Yamauchi 2007",
        ..ERROR_RATE
    },
    Entry {
        name: "hddm_a",
        scratch: "24 bytes",
        parameters: &[
            Parameter::number("warning", 0.005, "(0,1)", "confidence"),
            Parameter::number("drift", 0.001, "(0,1)", "confidence, at most warning"),
        ],
        definition: "values in [0,1]; mean - mean_min >= sqrt((n - n_min) / (2 n n_min) ln(2/drift))",
        reference: "Frías-Blanco et al. 2015",
        ..ERROR_RATE
    },
    Entry {
        name: "hddm_w",
        scratch: "56 bytes",
        parameters: &[
            Parameter::number("weight", 0.05, "(0,1)", "of the newest value"),
            Parameter::number("warning", 0.005, "(0,1)", "confidence"),
            Parameter::number("drift", 0.001, "(0,1)", "confidence, at most warning"),
        ],
        definition: "values in [0,1]; average of late above the least by more than sqrt(s ln(1/drift) / 2), s = sum of squared weights",
        reference: "Frías-Blanco et al. 2015",
        ..ERROR_RATE
    },
];
