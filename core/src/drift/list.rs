//! Label-free statistics, distances to a reference, and detectors.

use crate::list::{Entry, Kind};

mod detectors;

pub use detectors::DETECTORS;

const STATISTIC: Entry = Entry {
    kind: Kind::Statistic,
    name: "",
    synonyms: &[],
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
const GEOMETRY: Entry = Entry { family: "geometry", scratch: "8 bytes per column", ..STATISTIC };
const TEMPORAL: Entry = Entry { family: "temporal", scratch: "1 bit per pixel", ..STATISTIC };
const DISTANCE: Entry = Entry { family: "distance", ..STATISTIC };
const MULTICLASS: &[&str] = &["multiclass"];
const BOTH: &[&str] = &["binary", "multiclass"];

/// In the order of `drift::Statistic` and `drift::Distance`.
pub static STATISTICS: &[Entry] = &[
    Entry {
        name: "road_fraction",
        definition: "share of pixels predicted foreground",
        scratch: "none",
        ..GEOMETRY
    },
    Entry {
        name: "class_histogram",
        definition: "pixels predicted to be of each class",
        inputs: MULTICLASS,
        scratch: "4 bytes per class",
        ..GEOMETRY
    },
    Entry {
        name: "boundary_length",
        definition: "sides of road pixels that are none of another, those on the frame included",
        ..GEOMETRY
    },
    Entry {
        name: "inner_boundary_length",
        definition: "sides between a road pixel and another inside the frame",
        ..GEOMETRY
    },
    Entry {
        name: "boundary_density",
        definition: "inner_boundary_length by the pixels of the frame: what the monitor watches",
        ..GEOMETRY
    },
    Entry {
        name: "compactness",
        definition: "boundary_length squared by the area of the road: 16 for a square, more for all else",
        ..GEOMETRY
    },
    Entry { name: "components", definition: "components of road, by sides", ..GEOMETRY },
    Entry { name: "largest_share", definition: "share of the road in its largest component", ..GEOMETRY },
    Entry { name: "holes", definition: "holes of the road", ..GEOMETRY },
    Entry { name: "euler_number", definition: "components less holes", ..GEOMETRY },
    Entry { name: "centroid_row", definition: "mean row of the road", ..GEOMETRY },
    Entry {
        name: "relative_centroid_row",
        definition: "centroid_row by the height of the frame: what the monitor watches",
        ..GEOMETRY
    },
    Entry { name: "centroid_column", definition: "mean column of the road", ..GEOMETRY },
    Entry { name: "road_width", definition: "mean road pixels of a row, in 16 bands of rows", ..GEOMETRY },
    Entry { name: "road_centre", definition: "mean column of the road, in 16 bands of rows", ..GEOMETRY },
    Entry { name: "first_rows", definition: "first row with road, in 16 bins of columns", ..GEOMETRY },
    Entry { name: "horizon_row", definition: "first row with road", ..GEOMETRY },
    Entry {
        name: "confidence_histogram",
        definition: "pixels of each of 256 codes",
        scratch: "4 KiB",
        ..STATISTIC
    },
    Entry {
        name: "mean_entropy",
        definition: "mean over pixels of -p ln p - (1-p) ln(1-p), in nats",
        reference: "Shannon 1948",
        ..STATISTIC
    },
    Entry {
        name: "mean_max_softmax",
        definition: "mean over pixels of max(p, 1-p)",
        reference: "Hendrycks and Gimpel 2017",
        ..STATISTIC
    },
    Entry {
        name: "mean_margin",
        definition: "mean over pixels of |2p - 1|; of several classes, of the highest logit less the second",
        inputs: BOTH,
        ..STATISTIC
    },
    Entry {
        name: "road_margin",
        definition: "mean of |2p - 1| over the pixels predicted foreground",
        ..STATISTIC
    },
    Entry {
        name: "estimated_iou",
        definition: "sum over the mask of p / (pixels of the mask + sum over the rest of p), p calibrated by labels; with \
                     the interval of one deviation of the calibration between frames",
        ..STATISTIC
    },
    Entry {
        name: "low_confidence_fraction",
        definition: "share of pixels with |2p - 1| below a margin, here 1/2",
        ..STATISTIC
    },
    Entry {
        name: "mean_energy",
        definition: "mean over pixels of -T ln sum e^(z/T); binary: -ln(1 + e^z)",
        reference: "Liu et al. 2020",
        inputs: BOTH,
        ..STATISTIC
    },
    Entry {
        name: "estimated_accuracy",
        definition: "share of pixels whose margin reaches a threshold that labels have taught",
        reference: "Garg et al. 2022",
        ..STATISTIC
    },
    Entry {
        name: "difference_of_confidence",
        definition: "mean_max_softmax of the reference less that of the frame",
        reference: "Guillory et al. 2021",
        ..STATISTIC
    },
    Entry {
        name: "boundary_margin",
        definition: "mean_margin in a band about the predicted boundary",
        reference: "Rottmann et al. 2020",
        scratch: "5 bytes per column at a reach of 2",
        ..STATISTIC
    },
    Entry {
        name: "interior_margin",
        definition: "mean_margin outside of this band",
        reference: "Rottmann et al. 2020",
        scratch: "5 bytes per column at a reach of 2",
        ..STATISTIC
    },
    Entry {
        name: "weighted_low_confidence",
        definition: "share of pixels with |2p - 1| below a margin, by weights of 16 bands of rows",
        ..STATISTIC
    },
    Entry {
        name: "temporal_iou",
        definition: "intersection by union with the mask before",
        reference: "Varghese et al. 2020",
        ..TEMPORAL
    },
    Entry {
        name: "block_iou",
        definition: "sum of the smaller by that of the larger road counts of 40x30 blocks, here and before",
        scratch: "1200 bytes",
        ..TEMPORAL
    },
    Entry {
        name: "flicker",
        definition: "share of pixels that are as two frames before, and not as in the frame between",
        scratch: "2 bits per pixel",
        ..TEMPORAL
    },
    Entry {
        name: "population_stability_index",
        definition: "sum (a-b) ln(a/b) over up to 16 quantile bins of the reference, half a pixel added to each",
        reference: "Siddiqi 2006",
        ..DISTANCE
    },
    Entry {
        name: "kullback_leibler",
        definition: "sum a ln(a/b) over these bins, frame from reference, in nats",
        reference: "Kullback and Leibler 1951",
        ..DISTANCE
    },
    Entry {
        name: "reverse_kullback_leibler",
        definition: "sum b ln(b/a) over these bins, reference from frame, in nats",
        reference: "Kullback and Leibler 1951",
        ..DISTANCE
    },
    Entry {
        name: "jensen_shannon_divergence",
        definition: "mean divergence of both from their mean over these bins, in nats, at most ln 2",
        reference: "Lin 1991",
        ..DISTANCE
    },
    Entry {
        name: "jensen_shannon_distance",
        definition: "its root, at most 0.8326",
        reference: "Endres and Schindelin 2003",
        ..DISTANCE
    },
    Entry {
        name: "hellinger",
        definition: "sqrt(sum (sqrt a - sqrt b)^2 / 2) over the codes, at most 1",
        reference: "Hellinger 1909",
        ..DISTANCE
    },
    Entry {
        name: "chi_squared",
        definition: "sum (n - E)^2 / E over these bins, E the pixels that the reference expects",
        reference: "Pearson 1900",
        ..DISTANCE
    },
    Entry {
        name: "total_variation",
        definition: "sum |a - b| / 2 over the codes, at most 1; exact",
        ..DISTANCE
    },
    Entry { name: "l_infinity", definition: "largest |a - b| of a code; exact", ..DISTANCE },
    Entry {
        name: "kolmogorov_smirnov",
        definition: "largest difference of the distribution functions; exact",
        reference: "Kolmogorov 1933, Smirnov 1939",
        ..DISTANCE
    },
    Entry {
        name: "wasserstein",
        definition: "area between the distribution functions of frame and reference, in steps of a code; exact",
        reference: "Vallender 1974",
        ..DISTANCE
    },
    Entry {
        name: "histogram_intersection",
        definition: "1 - sum min(a, b) over the codes: the total variation; exact",
        reference: "Swain and Ballard 1991",
        ..DISTANCE
    },
];

#[cfg(test)]
mod tests {
    use crate::drift::{Distance, Statistic};

    use super::STATISTICS;

    /// In the same order, under the same group.
    #[test]
    fn every_statistic_and_distance_is_listed() {
        let statistics = Statistic::ALL.iter().map(|statistic| (statistic.name(), statistic.group().name()));
        let distances = Distance::ALL.iter().map(|distance| (distance.name(), "distance"));
        let listed = STATISTICS.iter().map(|entry| (entry.name, entry.family));
        assert!(listed.eq(statistics.chain(distances)));
    }
}
