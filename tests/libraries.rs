//! What other libraries returned for a few masks (`vectors/libraries.py` ran them), and the presets that agree.

use std::collections::BTreeMap;

use segmeter_core::metric::calibration::{
    Edges, Multiclass, Probabilities, Reliability, brier, brier_multiclass, classwise_expected_error,
    negative_log_likelihood,
};
use segmeter_core::metric::topology::{centreline_dice, centreline_scratch_len};
use segmeter_core::metric::{
    Averaging, ClassMetric, ClassReport, Confidence, Confusion, Disagreement, InstanceIou, Overlap, Overlaps,
    PanopticQuality, Preset, Segment, Volume, threshold,
};
use segmeter_core::plane::Bits;
use segmeter_core::sketch::Sketch;
use segmeter_core::view::{IGNORE, Quantiser, Shape};
use segmeter_tests::{Demo, vectors};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Libraries {
    images: Vec<Image>,
    averages: Vec<AverageCase>,
    probabilities: Vec<ProbabilityCase>,
    panoptic: Vec<PanopticCase>,
    cityscapes: Vec<Cityscapes>,
}

type Named = BTreeMap<String, Value>;

#[derive(Deserialize)]
struct Image {
    frame: String,
    labels: Option<Vec<u8>>,
    predictions: Option<Vec<u8>>,
    shape: (u32, u32),
    monai: Named,
    metrics_reloaded: Named,
    medpy: Named,
}

#[derive(Deserialize)]
struct AverageCase {
    classes: usize,
    images: Vec<Pair>,
    values: Named,
}

#[derive(Deserialize)]
struct Pair {
    #[serde(default)]
    name: String,
    labels: Vec<u8>,
    predictions: Vec<u8>,
    #[serde(default)]
    instances: Vec<u16>,
}

#[derive(Deserialize)]
struct ProbabilityCase {
    name: String,
    codes: Vec<u8>,
    labels: Vec<u8>,
    values: Named,
}

#[derive(Deserialize)]
struct PanopticCase {
    shape: (usize, usize),
    labels: Vec<(u16, u16)>,
    predictions: Vec<(u16, u16)>,
    torchmetrics: Vec<[f64; 3]>,
    torchmetrics_mean: f64,
    monai: Value,
}

#[derive(Deserialize)]
struct Cityscapes {
    images: Vec<Pair>,
    categories: Vec<u8>,
    average_sizes: Vec<f32>,
    class_iou: Vec<Option<f64>>,
    instance_iou: Vec<Option<f64>>,
    category_iou: Vec<Option<f64>>,
    nb_not_ignored: Vec<u64>,
}

/// MONAI and torchmetrics compute in `f32`.
const F32: f64 = 3e-7;

fn agree(found: Option<f64>, expected: &Value, tolerance: f64, what: &str) {
    let same = match (found, expected.as_f64()) {
        (None, None) => true,
        (Some(a), Some(b)) => (a - b).abs() <= tolerance,
        _ => false,
    };
    assert!(same, "{what}: {found:?}, expected {expected}");
}

fn metric(name: &str) -> Option<ClassMetric> {
    Some(match name {
        "iou" | "mean_iou" => ClassMetric::Iou,
        "dice" | "mean_dice" => ClassMetric::Dice,
        "f_beta" => ClassMetric::FBeta { beta: 2.0 },
        "precision" => ClassMetric::Precision,
        "recall" => ClassMetric::Recall,
        "specificity" => ClassMetric::Specificity,
        "negative_predictive_value" => ClassMetric::NegativePredictiveValue,
        "false_positive_rate" => ClassMetric::FalsePositiveRate,
        "false_negative_rate" => ClassMetric::FalseNegativeRate,
        "false_discovery_rate" => ClassMetric::FalseDiscoveryRate,
        "false_omission_rate" => ClassMetric::FalseOmissionRate,
        "accuracy" => ClassMetric::Accuracy,
        "balanced_accuracy" => ClassMetric::BalancedAccuracy,
        "informedness" => ClassMetric::Informedness,
        "markedness" => ClassMetric::Markedness,
        "mcc" => ClassMetric::Mcc,
        "relative_volume_difference" => ClassMetric::RelativeVolumeDifference,
        "absolute_relative_volume_difference" => ClassMetric::AbsoluteRelativeVolumeDifference,
        "net_benefit" => ClassMetric::NetBenefit { threshold: 0.2 },
        _ => return None,
    })
}

fn masks(image: &Image) -> (Vec<u8>, Vec<u8>) {
    if let (Some(labels), Some(predictions)) = (&image.labels, &image.predictions) {
        return (labels.clone(), predictions.clone());
    }
    let frame = image.frame.strip_prefix("demo_").and_then(|n| n.parse().ok()).expect("a frame");
    let (demo, threshold) = (Demo::load(), Demo::quantiser().threshold());
    let predictions = demo.codes(frame).iter().map(|byte| u8::from(byte ^ 0x80 > threshold)).collect();
    (demo.reference(frame), predictions)
}

fn counts<const C: usize>(predictions: &[u8], labels: &[u8]) -> Confusion<C> {
    let mut confusion = Confusion::new(IGNORE);
    confusion.push_row(predictions, labels).unwrap();
    confusion
}

#[test]
fn of_a_class_in_an_image() {
    let Libraries { images, .. } = vectors("libraries.json");
    let mut checked = 0;
    for image in &images {
        let (labels, predictions) = masks(image);
        let confusion = counts::<2>(&predictions, &labels);
        let road: ClassReport = confusion.class(1);
        let mut check = |preset: Preset, name: &str, expected: &Value, tolerance| {
            let Some(metric) = metric(name) else { return };
            let found = preset.empties(metric).score(metric, road).value();
            agree(found, expected, tolerance, &format!("{} {preset:?} {name}", image.frame));
            checked += 1;
        };
        for (name, expected) in &image.monai {
            let whole = name.strip_prefix("mean_").map(|rest| rest.strip_suffix("_keep_empty"));
            match whole {
                Some(Some(kept)) => check(Preset::MonaiKeepEmpty, kept, expected, F32),
                Some(None) => check(Preset::Monai, name, expected, F32),
                // The plain quotients go by their formula: mmseg's policy.
                None => check(Preset::Mmseg, name, expected, F32),
            }
        }
        for (name, expected) in &image.metrics_reloaded {
            check(Preset::MetricsReloaded, name, expected, 1e-6);
        }
        for (name, expected) in &image.medpy {
            check(Preset::Medpy, name, expected, 1e-12);
        }
        agree(confusion.kappa(), &image.metrics_reloaded["kappa"], F32, &image.frame);
        centre_line(image, &labels, &predictions);
    }
    assert_eq!(checked, 12 * 39);
}

/// Metrics Reloaded thins with scikit-image; where both lines miss the other mask it has 0/0, we 0.
fn centre_line(image: &Image, labels: &[u8], predictions: &[u8]) {
    let shape = Shape::new(image.shape.0, image.shape.1).unwrap();
    let (mut a, mut b) = (vec![0; Bits::words(shape)], vec![0; Bits::words(shape)]);
    let label = Bits::new(shape, &mut a, |pixel| labels[pixel] == 1).unwrap();
    let prediction = Bits::new(shape, &mut b, |pixel| predictions[pixel] == 1).unwrap();
    let mut scratch = vec![0; centreline_scratch_len(shape)];
    let found = centreline_dice(&prediction, &label, &mut scratch).unwrap().value();
    let expected = &image.metrics_reloaded["centreline_dice"];
    if found != Some(0.0) {
        agree(found, expected, 1e-12, &format!("{} centreline", image.frame));
    }
}

fn averages<const C: usize>(case: &AverageCase) {
    let presets = [
        (Preset::Monai, ClassMetric::Dice, "monai_dice"),
        (Preset::MonaiKeepEmpty, ClassMetric::Dice, "monai_dice_keep_empty"),
        (Preset::Monai, ClassMetric::Iou, "monai_iou"),
        (Preset::TorchmetricsMeanIou, ClassMetric::Iou, "torchmetrics_mean_iou"),
        (Preset::TorchmetricsDiceScore, ClassMetric::Dice, "torchmetrics_dice_samplewise"),
        (Preset::Mmseg, ClassMetric::Dice, "torchmetrics_dice_global"),
        (Preset::TorchmetricsJaccardIndex, ClassMetric::Iou, "torchmetrics_jaccard"),
        (Preset::Mmseg, ClassMetric::Iou, "mmseg_mean_iou"),
    ];
    let images: Vec<_> =
        case.images.iter().map(|pair| counts::<C>(&pair.predictions, &pair.labels)).collect();
    let mut pooled = Confusion::<C>::new(IGNORE);
    images.iter().for_each(|image| pooled.merge(image));
    for (preset, metric, name) in presets {
        for (first, tag) in [(0, ""), (1, "_foreground")] {
            let Some(expected) = case.values.get(&format!("{name}{tag}")) else { continue };
            let mut averages = preset.averages::<C>(metric, IGNORE).from_class(first);
            images.iter().for_each(|image| averages.push(image));
            agree(averages.value(preset.averaging()), expected, F32, &format!("{C} {name}{tag}"));
        }
    }
    agree(pooled.mean_iou(), &case.values["mmseg_mean_iou"], 1e-12, "mmseg");
    let kappas = [
        ("torchmetrics_kappa_linear", pooled.weighted_kappa(Disagreement::Linear)),
        ("torchmetrics_kappa_quadratic", pooled.weighted_kappa(Disagreement::Quadratic)),
        ("metrics_reloaded_kappa", pooled.kappa()),
        ("metrics_reloaded_mcc", pooled.mcc()),
        ("torchmetrics_mcc", pooled.mcc()),
    ];
    for (name, found) in kappas {
        agree(found, &case.values[name], F32, name);
    }
    for expected in case.values["generalised_dice"].as_array().unwrap() {
        let place = case.images.iter().position(|pair| expected["image"] == pair.name).unwrap();
        let first = expected["first"].as_u64().unwrap() as usize;
        for (volume, name) in
            [(Volume::Square, "square"), (Volume::Simple, "simple"), (Volume::Linear, "linear")]
        {
            let found = images[place].generalised_dice(volume, first);
            // MONAI: without any label 1 if nothing is predicted either, else 0.
            let nothing = (first..C).all(|class| images[place].class(class).predicted() == 0);
            let found = found.or(Some(f64::from(u8::from(nothing))));
            agree(found, &expected[name], F32, &format!("GDS {name} {first} {}", expected["image"]));
        }
    }
}

#[test]
fn over_images_and_classes() {
    let Libraries { averages: cases, .. } = vectors("libraries.json");
    for case in &cases {
        match case.classes {
            2 => averages::<2>(case),
            3 => averages::<3>(case),
            other => panic!("no test for {other} classes"),
        }
    }
    // The three averagings differ, and what is called a mean IoU is all of them.
    let mut different = Preset::Mmseg.averages::<3>(ClassMetric::Iou, IGNORE);
    for pair in &cases[1].images {
        different.push(&counts(&pair.predictions, &pair.labels));
    }
    let all = [Averaging::Pooled, Averaging::PerImage, Averaging::PerClass, Averaging::PerPair];
    let values = all.map(|averaging| different.value(averaging).unwrap());
    for (place, value) in values.iter().enumerate() {
        assert!(values[..place].iter().all(|other| (other - value).abs() > 1e-3), "{values:?}");
    }
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
        by_pixels(case, &sketch);
        by_thresholds(case, &sketch);
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
            *match (u16::from(*code) >= point.threshold, label) {
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
    near(brier_multiclass(&both, stored, Multiclass::Sum), 2.0 * one, "Brier");
    near(brier_multiclass(&both, stored, Multiclass::Half), one, "Brier");
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

#[test]
fn panoptic_quality_of_torchmetrics_and_monai() {
    let Libraries { panoptic, .. } = vectors("libraries.json");
    for case in &panoptic {
        let segment =
            |(category, instance): &(u16, u16)| Segment { category: *category, instance: *instance };
        let [predictions, labels] =
            [&case.predictions, &case.labels].map(|map| map.iter().map(segment).collect::<Vec<_>>());
        let mut slots = [Overlap::EMPTY; 99];
        let mut image = Overlaps::new(&mut slots);
        for (p, l) in predictions.chunks(case.shape.1).zip(labels.chunks(case.shape.1)) {
            image.push_row(p, l).unwrap();
        }
        let mut quality = PanopticQuality::<3>::default();
        quality.push(&image);
        for (class, expected) in case.torchmetrics.iter().enumerate() {
            let class = quality.class(class);
            let found = [class.panoptic_quality(), class.segmentation_quality(), class.recognition_quality()];
            for (found, expected) in found.into_iter().zip(expected) {
                // torchmetrics writes 0 where there is nothing.
                assert!((found.unwrap_or(0.0) - expected).abs() < 1e-12, "{found:?} {expected}");
            }
        }
        let mean = quality.panoptic_quality().unwrap();
        assert!((mean - case.torchmetrics_mean).abs() < 1e-12, "{mean} {}", case.torchmetrics_mean);
        // MONAI has no void: class 1 alone, the rest as background.
        let only = |map: &[Segment]| -> Vec<Segment> {
            let background = Segment { category: 0, instance: 0 };
            map.iter().map(|s| if s.category == 1 { *s } else { background }).collect()
        };
        let mut slots = [Overlap::EMPTY; 99];
        let mut image = Overlaps::new(&mut slots);
        image.push_row(&only(&predictions), &only(&labels)).unwrap();
        let mut quality = PanopticQuality::<2>::default();
        quality.push(&image);
        let class = quality.class(1);
        for (name, found) in
            [("tp", class.true_positive()), ("fp", class.false_positive), ("fn", class.false_negative)]
        {
            assert_eq!(case.monai[name], found, "{name}");
        }
        let sum = class.segmentation_quality().unwrap_or(0.0) * class.true_positive() as f64;
        agree(Some(sum), &case.monai["iou"], F32, "IoU of MONAI");
    }
}

#[test]
fn cityscapes() {
    let Libraries { cityscapes, .. } = vectors("libraries.json");
    let case = &cityscapes[0];
    let sizes: [f32; 19] = case.average_sizes.clone().try_into().unwrap();
    let (mut pixels, mut instances) = (Confusion::<19>::new(IGNORE), InstanceIou::<19>::new(sizes));
    for (image, not_ignored) in case.images.iter().zip(&case.nb_not_ignored) {
        let counts = counts::<19>(&image.predictions, &image.labels);
        // The tool's mask is inverted: it calls the ignored pixels those that are not.
        assert_eq!(counts.ignored(), *not_ignored);
        pixels.merge(&counts);
        let map = |ids: &[u8], instances: Option<&[u16]>| -> Vec<Segment> {
            let instance = |place| instances.map_or(0, |all| all[place]);
            ids.iter()
                .enumerate()
                .map(|(place, id)| Segment { category: u16::from(*id), instance: instance(place) })
                .collect()
        };
        let (labels, predictions) =
            (map(&image.labels, Some(&image.instances)), map(&image.predictions, None));
        let mut slots = vec![Overlap::EMPTY; 2000];
        let mut overlaps = Overlaps::new(&mut slots);
        overlaps.push_row(&predictions, &labels).unwrap();
        assert_eq!(overlaps.lost(), 0);
        instances.push(&overlaps);
    }
    let close = |found: Option<f64>, expected: Option<f64>, tolerance: f64, what: &str| {
        agree(found, &expected.into(), tolerance, what);
    };
    for class in 0..19 {
        close(pixels.class(class).iou().value(), case.class_iou[class], 1e-14, "class");
        let found = instances.iou(class, &pixels).filter(|_| case.class_iou[class].is_some());
        close(found, case.instance_iou[class], 1e-7, &format!("instances of {class}"));
    }
    for (category, expected) in (0..).zip(&case.category_iou) {
        close(pixels.category_iou(&case.categories, category).value(), *expected, 1e-14, "category");
    }
}
