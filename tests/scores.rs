//! Thresholds and calibration of stored probabilities: by definition, and what other libraries returned
//! (`vectors/libraries.py` ran them).
#![allow(clippy::disallowed_methods, reason = "the reference is a computation of its own")]

use std::collections::BTreeMap;

use segmeter_core::metric::calibration::{
    Bin, BrierScale, Edges, Probabilities, Reliability, brier, brier_multiclass, classwise_expected_error,
    fill_equal_mass, fill_equal_width, negative_log_likelihood,
};
use segmeter_core::metric::threshold::Ranking;
use segmeter_core::metric::{ClassReport, Confidence, threshold};
use segmeter_core::sketch::Sketch;
use segmeter_core::view::Quantiser;
use segmeter_tests::{agree, vectors};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Libraries {
    probabilities: Vec<ProbabilityCase>,
}

#[derive(Deserialize)]
struct ProbabilityCase {
    name: String,
    codes: Vec<u8>,
    labels: Vec<u8>,
    values: BTreeMap<String, Value>,
}

#[test]
fn thresholds_and_calibration_of_stored_probabilities() {
    let Libraries { probabilities: cases, .. } = vectors("libraries.json");
    for case in &cases {
        let mut sketch = Sketch::<u32>::new(&Quantiser::probabilities());
        sketch.push_row(&case.codes, &case.labels);
        let stored = Probabilities::Stored;
        let ten = |edges| Reliability::<10>::with_edges(&sketch, stored, Confidence::Positive, edges);
        let fifteen =
            Reliability::<15>::with_edges(&sketch, stored, Confidence::Positive, Edges::Torchmetrics);
        let (torch, reloaded) = (ten(Edges::Torchmetrics), ten(Edges::MetricsReloaded));
        let found = [
            ("torchmetrics_l1_10", torch.expected_error()),
            ("torchmetrics_l2_10", torch.root_mean_square_error()),
            ("torchmetrics_max_10", torch.maximum_error()),
            ("torchmetrics_l1_15", fifteen.expected_error()),
            ("torchmetrics_l2_15", fifteen.root_mean_square_error()),
            ("torchmetrics_max_15", fifteen.maximum_error()),
            ("metrics_reloaded_ece_10", reloaded.expected_error()),
            ("metrics_reloaded_mce_10", reloaded.maximum_error()),
            ("metrics_reloaded_brier", brier(&sketch, stored).map(|half| 2.0 * half)),
            ("metrics_reloaded_ap", threshold::average_precision_trapezoid(&sketch)),
            ("metrics_reloaded_auroc", threshold::auroc(&sketch)),
            (
                "metrics_reloaded_sensitivity_at_specificity",
                threshold::sensitivity_at_specificity(&sketch, 0.8),
            ),
            (
                "metrics_reloaded_specificity_at_sensitivity",
                threshold::specificity_at_sensitivity(&sketch, 0.8),
            ),
            ("metrics_reloaded_precision_at_recall", threshold::precision_at_recall(&sketch, 0.8)),
            ("torchmetrics_sensitivity_at_specificity", threshold::sensitivity_at_specificity(&sketch, 0.8)),
            ("torchmetrics_precision_at_recall", threshold::precision_at_recall(&sketch, 0.8)),
            ("average_precision_interpolated", threshold::average_precision_interpolated(&sketch)),
            ("average_precision_eleven_point", threshold::average_precision_eleven_point(&sketch)),
        ];
        for (name, found) in found {
            if let Some(expected) = case.values.get(name) {
                agree(found, expected, 5e-8, &format!("{} {name}", case.name));
            }
        }
        if let Some(expected) = case.values.get("kitti_road") {
            let road = threshold::kitti_road(&sketch).unwrap();
            assert_eq!(u64::from(road.threshold), expected["threshold"].as_u64().unwrap());
            for (name, found) in [
                ("max_f", Some(road.max_f)),
                ("average_precision", Some(road.average_precision)),
                ("precision", Some(road.precision)),
                ("recall", Some(road.recall)),
                ("false_positive_rate", road.false_positive_rate),
                ("false_negative_rate", Some(road.false_negative_rate)),
                ("quality", Some(road.quality)),
            ] {
                agree(found, &expected[name], 1e-14, &format!("{} kitti {name}", case.name));
            }
        } else {
            assert_eq!(threshold::kitti_road(&sketch), None);
        }
        in_slices(&sketch);
        by_pixels(case, &sketch);
        by_thresholds(case, &sketch);
    }
}

/// Bins in a slice are those of an array, the hidden one at the end.
fn in_slices(sketch: &Sketch<u32>) {
    let stored = Probabilities::Stored;
    for confidence in [Confidence::TopLabel, Confidence::Positive] {
        for edges in [Edges::Closed, Edges::Torchmetrics, Edges::MetricsReloaded] {
            let mut bins = vec![Bin::default(); 11];
            fill_equal_width(sketch, stored, confidence, edges, &mut bins);
            let array = Reliability::<10>::with_edges(sketch, stored, confidence, edges);
            assert_eq!(bins[..10], array.bins);
            let hidden = (0..=255)
                .filter(|code| {
                    edges == Edges::Torchmetrics
                        && (*code == 255 || *code == 0 && confidence == Confidence::TopLabel)
                })
                .map(|code| sketch.count(0, code) + sketch.count(1, code));
            assert_eq!(bins[10].pixels, hidden.sum::<u64>());
        }
        let mut bins = vec![Bin::default(); 7];
        fill_equal_mass(sketch, stored, confidence, &mut bins);
        assert_eq!(bins, Reliability::<7>::equal_mass(sketch, stored, confidence).bins);
    }
}

/// Every point of the curve by calling pixels, and the best of the points.
fn by_thresholds(case: &ProbabilityCase, sketch: &Sketch<u32>) {
    let points: Vec<_> = threshold::curve(sketch).collect();
    assert_eq!(points.len(), 257);
    let (mut best, mut rate) = (None, None);
    for point in &points {
        let mut expected = ClassReport::default();
        for (code, label) in case.codes.iter().zip(&case.labels) {
            *match (usize::from(*code) >= point.threshold, label) {
                (true, 1) => &mut expected.true_positive,
                (true, _) => &mut expected.false_positive,
                (false, 1) => &mut expected.false_negative,
                (false, _) => &mut expected.true_negative,
            } += 1;
        }
        assert_eq!(point.counts, expected);
        let f = expected.dice().value().filter(|_| expected.positives() != 0);
        if f.is_some_and(|f| best.is_none_or(|(most, _)| f >= most)) {
            best = f.map(|f| (f, point.threshold));
        }
        if rate.is_none() && expected.recall().value().is_some_and(|recall| recall >= 0.95) {
            rate = expected.false_positive_rate().value();
        }
    }
    assert_eq!(
        points.iter().map(|point| point.threshold).collect::<Vec<_>>(),
        (0..=256).rev().collect::<Vec<_>>()
    );
    let found = threshold::max_f(sketch).map(|point| (point.counts.dice().value().unwrap(), point.threshold));
    assert_eq!(found, best);
    assert_eq!(threshold::false_positive_rate_at_recall(sketch, 0.95), rate);
    assert_eq!(all_of(sketch), all_of(&scores_of(sketch)[..]));
}

/// The scores of a sketch that have pixels, as a sorted list.
fn scores_of(sketch: &Sketch<u32>) -> Vec<[u64; 2]> {
    let pixels = (0..=255).map(|index| [sketch.count(0, index), sketch.count(1, index)]);
    pixels.filter(|pixels| *pixels != [0, 0]).collect()
}

/// What is said of all thresholds together.
fn all_of(ranking: &(impl Ranking + ?Sized)) -> [Option<f64>; 10] {
    [
        threshold::auroc(ranking),
        threshold::average_precision(ranking),
        threshold::average_precision_trapezoid(ranking),
        threshold::average_precision_eleven_point(ranking),
        threshold::average_precision_interpolated(ranking),
        threshold::sensitivity_at_specificity(ranking, 0.95),
        threshold::specificity_at_sensitivity(ranking, 0.95),
        threshold::precision_at_recall(ranking, 0.95),
        threshold::false_positive_rate_at_recall(ranking, 0.95),
        threshold::max_f(ranking).and_then(|best| best.counts.dice().value()),
    ]
}

/// So many pixels that sums of them would wrap have no score, one pixel less has.
#[test]
fn too_many_pixels_for_a_threshold() {
    let most = (1_u64 << 63) - 2;
    assert_eq!(
        threshold::auroc(&[[1, most], [1, 1]][..]),
        Some((most + 3) as f64 / (4.0 * (most + 1) as f64))
    );
    for label in 0..2 {
        let mut pixels = [[1, 1], [1, 1]];
        pixels[0][label] = most + 1;
        assert_eq!(all_of(&pixels[..]), [None; 10]);
        assert_eq!(threshold::curve(&pixels[..]).count(), 0);
        pixels[0][label] = u64::MAX;
        assert_eq!(all_of(&pixels[..]), [None; 10]);
    }
}

/// Certain pixels: in a hidden bin their error no longer cancels that of their neighbours, or they are in none.
#[test]
fn three_rules_of_edges_are_three_numbers() {
    let mut sketch = Sketch::<u32>::new(&Quantiser::probabilities());
    sketch.push_row(&[0_u8, 0, 1, 240, 255, 255], &[0, 1, 0, 1, 0, 1]);
    let error = |edges| {
        let found =
            Reliability::<10>::with_edges(&sketch, Probabilities::Stored, Confidence::Positive, edges);
        found.expected_error().unwrap()
    };
    let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-15, "{found} {expected}");
    let (low, high) = (1.0 / 255.0, 240.0 / 255.0);
    // The first bin has a hit and a confidence of 1/255, the last two hits and 240/255 + 2.
    near(error(Edges::Closed), ((1.0 - low) + high) / 6.0);
    // 240 alone, and two of 255 with a hit.
    near(error(Edges::Torchmetrics), ((1.0 - low) + (1.0 - high) + 1.0) / 6.0);
    // Without the two of 0.
    near(error(Edges::MetricsReloaded), (low + high) / 4.0);
}

/// What is a sum over pixels, as a sum over pixels.
fn by_pixels(case: &ProbabilityCase, sketch: &Sketch<u32>) {
    let stored = Probabilities::Stored;
    let pixels: Vec<(f64, f64)> =
        case.codes.iter().zip(&case.labels).map(|(c, l)| (f64::from(*c) / 255.0, f64::from(*l))).collect();
    let n = pixels.len() as f64;
    let near =
        |a: Option<f64>, b: f64, what: &str| assert!((a.unwrap() - b).abs() < 1e-12, "{what} {a:?} {b}");
    let likelihood = |clip: f64| {
        pixels.iter().map(|(p, g)| -(if *g > 0.5 { *p } else { 1.0 - p }).max(clip).ln()).sum::<f64>() / n
    };
    near(negative_log_likelihood(sketch, stored, 1e-3), likelihood(1e-3), "NLL");
    for bad in [0.0, -1.0, 1.1, f64::NAN] {
        assert_eq!(negative_log_likelihood(sketch, stored, bad), None);
    }
    // The other class is the same pixels turned over.
    let mut other = Sketch::<u32>::new(&Quantiser::probabilities());
    let turned: Vec<u8> = case.codes.iter().map(|c| 255 - c).collect();
    let not: Vec<u8> = case.labels.iter().map(|l| 1 - l).collect();
    other.push_row(&turned, &not);
    let both = [sketch.clone(), other];
    let one = brier(sketch, stored).unwrap();
    near(brier_multiclass(&both, stored, BrierScale::Sum), 2.0 * one, "Brier");
    near(brier_multiclass(&both, stored, BrierScale::Half), one, "Brier");
    near(Some(one), pixels.iter().map(|(p, g)| (p - g) * (p - g)).sum::<f64>() / n, "Brier");
    let errors =
        both.each_ref().map(|s| Reliability::<10>::new(s, stored, Confidence::Positive).expected_error());
    let mean = f64::midpoint(errors[0].unwrap(), errors[1].unwrap());
    near(classwise_expected_error::<10, _>(&both, stored, Edges::Closed), mean, "classwise");
    assert_eq!(classwise_expected_error::<10, u32>(&[], stored, Edges::Closed), None);
    // Equal mass: the definition on sorted codes, whole codes only.
    for confidence in [Confidence::Positive, Confidence::TopLabel] {
        let found = Reliability::<5>::equal_mass(sketch, stored, confidence);
        let mut ranks: Vec<(u8, u8, bool)> = case
            .codes
            .iter()
            .zip(&case.labels)
            .map(|(c, l)| match confidence {
                Confidence::TopLabel if *c < 128 => (255 - c, 0, *l == 0),
                _ => (*c, 1, *l == 1),
            })
            .collect();
        ranks.sort_unstable();
        let (mut bins, mut first) = ([(0_u64, 0_u64, 0_u64); 5], 0);
        for group in ranks.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let middle = 2 * first + group.len();
            let bin = &mut bins[(middle * 5 / (2 * ranks.len())).min(4)];
            bin.0 += group.len() as u64;
            bin.1 += group.iter().filter(|p| p.2).count() as u64;
            bin.2 += u64::from(group[0].0) * group.len() as u64;
            first += group.len();
        }
        for (found, (count, hits, sum)) in found.bins.iter().zip(bins) {
            assert_eq!((found.pixels, found.hits), (count, hits), "{} {confidence:?}", case.name);
            let mean = (count != 0).then(|| sum as f64 / 255.0 / count as f64);
            assert!((found.confidence().unwrap_or(-1.0) - mean.unwrap_or(-1.0)).abs() < 1e-12);
        }
    }
}

/// A rate that is the bound as a decimal number reaches it; a pixel less, and it does not.
#[test]
fn a_rate_exactly_at_the_bound_reaches_it() {
    for (pixels, hits, bound) in [
        (20, 19, 0.95),
        (20, 18, 0.9),
        (10, 1, 0.1),
        (10, 3, 0.3),
        (10, 7, 0.7),
        (100, 29, 0.29),
        (1000, 999, 0.999),
        (25, 14, 0.56),
        (40, 23, 0.575),
    ] {
        // From the highest score: `hits` of a side, one of the other, and what is left of either.
        let scores = |hits: u64, side: usize| {
            let both = |own: u64, other: u64| if side == 1 { [other, own] } else { [own, other] };
            [both(pixels - hits, 3), both(0, 1), both(hits, 0)]
        };
        let recall = |hits: u64| scores(hits, 1);
        // All three scores but the last: recall is `hits` of `pixels` only without the other side's pixel.
        assert_eq!(threshold::precision_at_recall(&recall(hits)[..], bound), Some(1.0), "{bound}");
        assert_eq!(threshold::specificity_at_sensitivity(&recall(hits)[..], bound), Some(1.0), "{bound}");
        assert_eq!(threshold::false_positive_rate_at_recall(&recall(hits)[..], bound), Some(0.0), "{bound}");
        let all = pixels as f64 / (pixels as f64 + 4.0);
        assert_eq!(threshold::precision_at_recall(&recall(hits - 1)[..], bound), Some(all), "{bound}");
        assert_eq!(threshold::specificity_at_sensitivity(&recall(hits - 1)[..], bound), Some(0.0), "{bound}");
        assert_eq!(
            threshold::false_positive_rate_at_recall(&recall(hits - 1)[..], bound),
            Some(1.0),
            "{bound}"
        );
        // Background that is called background: from the lowest score.
        let specificity = |hits: u64| {
            let mut scores = scores(hits, 0);
            scores.reverse();
            scores
        };
        assert_eq!(
            threshold::sensitivity_at_specificity(&specificity(hits)[..], bound),
            Some(1.0),
            "{bound}"
        );
        assert_eq!(
            threshold::sensitivity_at_specificity(&specificity(hits - 1)[..], bound),
            Some(0.0),
            "{bound}"
        );
    }
}

/// 51 / 255 is 0.2 and 204 / 255 is 0.8: on an inner edge of five and of ten bins, as is 102 / 255 of the top label.
#[test]
fn confidences_on_inner_edges() {
    fn places<const B: usize>(edges: Edges, confidence: Confidence) -> Vec<(u8, usize)> {
        let place = |code: u8| {
            let mut sketch = Sketch::<u32>::new(&Quantiser::probabilities());
            sketch.push_row(&[code], &[1]);
            let found = Reliability::<B>::with_edges(&sketch, Probabilities::Stored, confidence, edges);
            (code, found.bins.iter().position(|bin| bin.pixels == 1).unwrap_or(B))
        };
        (0..=255).map(place).collect()
    }
    fn check<const B: usize>() {
        let bins = B as u32;
        for (code, place) in places::<B>(Edges::Closed, Confidence::Positive) {
            assert_eq!(place, (u32::from(code) * bins / 255).min(bins - 1) as usize, "{B} {code}");
        }
        for (code, place) in places::<B>(Edges::Torchmetrics, Confidence::Positive) {
            assert_eq!(place, (u32::from(code) * bins / 255) as usize, "{B} {code}");
        }
        for (code, place) in places::<B>(Edges::MetricsReloaded, Confidence::Positive) {
            let expected = (u32::from(code) * bins).div_ceil(255).checked_sub(1);
            assert_eq!(place, expected.unwrap_or(bins) as usize, "{B} {code}");
        }
        for (code, place) in places::<B>(Edges::Closed, Confidence::TopLabel) {
            let top = u32::from(code.max(255 - code));
            assert_eq!(place, (top * bins / 255).min(bins - 1) as usize, "{B} {code}");
        }
    }
    check::<3>();
    check::<5>();
    check::<10>();
    check::<15>();
    check::<17>();
    check::<255>();
    assert_eq!(places::<10>(Edges::Closed, Confidence::Positive)[51], (51, 2));
}
