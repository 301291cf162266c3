//! Counts and averages of masks.

use segmeter::core::metric::surface::Surface;
use segmeter::core::metric::{Averages, Averaging, ClassMetric, Confusion, Empties, Preset};
use segmeter::core::plane::Row;
use segmeter::core::view::{IGNORE, Shape};
use serde_json::Value;

use super::demo::{Frames, assert_numbers, demo_line, mean, several};
use super::support::{Bench, keys};

/// Pixels of a class: true and false positives, false and true negatives.
type Counts = [f64; 4];

/// Every overlap metric of a class as it is defined; none where it is 0/0.
fn of_class([tp, fp, fn_, tn]: Counts) -> [(&'static str, Option<f64>); 24] {
    let ratio = |a: f64, b: f64| (b > 0.0).then(|| a / b);
    let (n, precision, recall) = (tp + fp + fn_ + tn, ratio(tp, tp + fp), ratio(tp, tp + fn_));
    let (specificity, npv) = (ratio(tn, tn + fp), ratio(tn, tn + fn_));
    let sides = (tp + fp) * (tp + fn_) * (tn + fp) * (tn + fn_);
    [
        ("iou", ratio(tp, tp + fp + fn_)),
        ("dice", ratio(2.0 * tp, 2.0 * tp + fp + fn_)),
        ("f_beta", ratio(5.0 * tp, 5.0 * tp + 4.0 * fn_ + fp)),
        ("tversky_index", ratio(tp, tp + 0.3 * fp + 0.7 * fn_)),
        ("precision", precision),
        ("recall", recall),
        ("specificity", specificity),
        ("negative_predictive_value", npv),
        ("false_positive_rate", specificity.map(|x| 1.0 - x)),
        ("false_negative_rate", recall.map(|x| 1.0 - x)),
        ("false_discovery_rate", precision.map(|x| 1.0 - x)),
        ("false_omission_rate", npv.map(|x| 1.0 - x)),
        ("accuracy", ratio(tp + tn, n)),
        ("balanced_accuracy", recall.zip(specificity).map(|(a, b)| f64::midpoint(a, b))),
        ("informedness", recall.zip(specificity).map(|(a, b)| a + b - 1.0)),
        ("markedness", precision.zip(npv).map(|(a, b)| a + b - 1.0)),
        ("mcc", (sides > 0.0).then(|| (tp * tn - fp * fn_) / sides.sqrt())),
        ("fowlkes_mallows", precision.zip(recall).map(|(a, b)| (a * b).sqrt())),
        (
            "prevalence_threshold",
            recall.zip(specificity).and_then(|(r, s)| {
                let [r, a] = [r, 1.0 - s].map(f64::sqrt);
                ratio(a, r + a)
            }),
        ),
        ("volume_overlap_error", ratio(fp + fn_, tp + fp + fn_)),
        ("volume_similarity", ratio(2.0 * tp + fp + fn_ - (fn_ - fp).abs(), 2.0 * tp + fp + fn_)),
        ("relative_volume_difference", ratio(fp - fn_, tp + fn_)),
        ("absolute_relative_volume_difference", ratio((fp - fn_).abs(), tp + fn_)),
        ("net_benefit", ratio(tp - fp, n)),
    ]
}

/// The metrics of both classes together, of the counts of class 1.
fn of_both(counts: Counts) -> [(&'static str, Option<f64>); 9] {
    let [tp, fp, fn_, tn] = counts;
    let (classes, n) = ([[tn, fn_, fp, tp], counts], tp + fp + fn_ + tn);
    let iou = classes.map(|[tp, fp, fn_, _]| tp / (tp + fp + fn_));
    let labelled = classes.map(|[tp, _, fn_, _]| tp + fn_);
    let predicted = classes.map(|[tp, fp, ..]| tp + fp);
    let chance = (labelled[0] * predicted[0] + labelled[1] * predicted[1]) / (n * n);
    let kappa = ((tp + tn) / n - chance) / (1.0 - chance);
    let weights = labelled.map(|t| 1.0 / (t * t));
    let hits = 2.0 * (weights[0] * tn + weights[1] * tp);
    let areas: f64 = (0..2).map(|class| weights[class] * (labelled[class] + predicted[class])).sum();
    let correlation = (tp * tn - fp * fn_) / (labelled[0] * labelled[1] * predicted[0] * predicted[1]).sqrt();
    [
        ("mean_iou", Some(f64::midpoint(iou[0], iou[1]))),
        ("frequency_weighted_iou", Some((iou[0] * labelled[0] + iou[1] * labelled[1]) / n)),
        ("pixel_accuracy", Some((tp + tn) / n)),
        ("mean_accuracy", Some(f64::midpoint(tn / labelled[0], tp / labelled[1]))),
        ("mcc", Some(correlation)),
        ("kappa", Some(kappa)),
        // Of two classes there is one way to be wrong.
        ("weighted_kappa", Some(kappa)),
        ("weighted_kappa_quadratic", Some(kappa)),
        ("generalised_dice", Some(hits / areas)),
    ]
}

#[track_caller]
fn near(object: &Value, expected: &[(&str, Option<f64>)]) {
    for (name, expected) in expected {
        let found = object[name].as_f64();
        let same = match (found, expected) {
            (Some(found), Some(expected)) => (found - expected).abs() <= 1e-12 * expected.abs().max(1e-3),
            (found, expected) => found.is_none() && expected.is_none(),
        };
        assert!(same, "{name}: {found:?}, expected {expected:?}");
    }
}

fn mean_of(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let values: Vec<f64> = values.flatten().collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Counts pixel by pixel, and every metric of them by its definition.
#[test]
fn overlap_is_what_its_definitions_give() {
    let (bench, frames) = (Bench::new(), Frames::load());
    let report = bench.json(&format!("{} --per-image --threshold 0.5", demo_line()));
    let counted = |(prediction, labels): (Vec<u8>, &Vec<u8>)| {
        let mut counts = [0.0; 4];
        for (prediction, label) in prediction.iter().zip(labels).filter(|(_, label)| **label != IGNORE) {
            counts[match (prediction, label) {
                (1, 1) => 0,
                (1, _) => 1,
                (_, 1) => 2,
                _ => 3,
            }] += 1.0;
        }
        counts
    };
    let images: Vec<Counts> = frames.pairs().map(counted).collect();
    let pooled = images.iter().fold([0.0; 4], |all, image| {
        let mut all: Counts = all;
        all.iter_mut().zip(image).for_each(|(all, more)| *all += more);
        all
    });
    near(&report["pooled"], &of_both(pooled));
    for (image, found) in images.iter().zip(report["per_image"].as_array().unwrap()) {
        near(found, &of_both(*image));
    }
    for (place, (name, _)) in of_both(pooled).into_iter().enumerate() {
        let mean = mean_of(images.iter().map(|image| of_both(*image)[place].1));
        near(&report["per_image_mean"], &[(name, mean)]);
    }
    // Class 0 has the counts of class 1 with the sides changed.
    let class = |counts: Counts, class: usize| {
        let [tp, fp, fn_, tn] = counts;
        of_class(if class == 1 { counts } else { [tn, fn_, fp, tp] })
    };
    assert_eq!(keys(&report["averages"]).len(), 24);
    for (place, (name, _)) in class(pooled, 1).into_iter().enumerate() {
        let of = |counts: Counts, id: usize| class(counts, id)[place].1;
        let classes = || 0..2_usize;
        let expected = [
            ("pooled", mean_of(classes().map(|id| of(pooled, id)))),
            (
                "per_image_mean",
                mean_of(images.iter().map(|image| mean_of(classes().map(|id| of(*image, id))))),
            ),
            (
                "per_class_mean",
                mean_of(classes().map(|id| mean_of(images.iter().map(|image| of(*image, id))))),
            ),
            (
                "per_pair_mean",
                mean_of(images.iter().flat_map(|image| classes().map(move |id| class(*image, id)[place].1))),
            ),
        ];
        near(&report["averages"][name], &expected);
        for id in classes() {
            near(&report["classes"][id], &[(name, of(pooled, id))]);
        }
    }
}

#[test]
fn several_classes() {
    let bench = Bench::new();
    let images = several(&bench);
    let line = "eval p g --classes road,sidewalk,car --ignore 7";
    let report = bench.json(&format!("{line} --per-image --background"));
    assert_eq!(report["classes"][1]["name"], "sidewalk");
    let confusions = images.iter().map(|(_, prediction, labels)| {
        let mut confusion = Confusion::<3>::new(7);
        confusion.push_row(prediction, labels).unwrap();
        confusion
    });
    let confusions: Vec<_> = confusions.collect();
    let averages = |metric, empties| {
        let mut averages = Averages::<3>::new(metric, empties, 7);
        confusions.iter().for_each(|confusion| averages.push(confusion));
        averages
    };
    let iou = averages(ClassMetric::Iou, Empties::FORMULA);
    assert_numbers(&report["pooled"], &[("mean_iou", iou.value(Averaging::Pooled))]);
    assert_numbers(&report["per_image_mean"], &[("mean_iou", iou.value(Averaging::PerImage))]);
    assert_numbers(&report["averages"]["iou"], &[("per_class_mean", iou.value(Averaging::PerClass))]);
    assert_eq!(report["undefined"]["averages.iou"], iou.undefined());
    assert!(report["undefined"].get("iou").is_none() && report["road"].is_null());
    // A prediction is no class: how wrong it is is not known.
    assert_eq!(report["pooled"]["weighted_kappa"], Value::Null);
    // Per image the mean over the classes, then over the images.
    let shape = |(shape, prediction, labels): &(Shape, Vec<u8>, Vec<u8>), class: u8| {
        let mut scratch = vec![0; Surface::SEGMETER.scratch_len(*shape)];
        let mut rows = Surface::SEGMETER.rows(*shape, &mut scratch).unwrap();
        let width = shape.width();
        for (prediction, label) in prediction.chunks(width).zip(labels.chunks(width)) {
            rows.push_row(&Row::Ids { prediction, label, class, ignore: 7 }).unwrap();
        }
        rows.finish().unwrap().assd()
    };
    let of =
        |first: u8| mean(images.iter().map(|image| mean((first..3).map(|class| shape(image, class))).into()));
    assert_numbers(&report["surface"], &[("assd", of(0))]);
    let without = bench.json(line);
    assert_numbers(&without["surface"], &[("assd", of(1))]);
    let class = mean(images.iter().map(|image| shape(image, 2)));
    assert_numbers(&without["classes"][2]["surface"], &[("assd", class)]);
    assert_ne!(of(0), of(1));
    for (preset, metric, name) in [
        ("monai", ClassMetric::Dice, "dice"),
        ("medpy", ClassMetric::Dice, "dice"),
        ("mmseg", ClassMetric::Iou, "iou"),
        ("cityscapes_pixel", ClassMetric::Iou, "iou"),
        ("metrics_reloaded", ClassMetric::Dice, "dice"),
        ("torchmetrics", ClassMetric::Iou, "iou"),
        ("torchmetrics", ClassMetric::Dice, "dice"),
    ] {
        let core = match (preset, name) {
            ("torchmetrics", "iou") => Preset::TorchmetricsMeanIou,
            ("torchmetrics", _) => Preset::TorchmetricsDiceScore,
            _ => Preset::ALL.into_iter().find(|(known, _)| *known == preset).unwrap().1,
        };
        let report = bench.json(&format!("{line} --metrics iou,dice,kappa --preset {preset}"));
        let expected = averages(metric, core.empties(metric)).value(core.averaging());
        assert_numbers(&report["averages"][name], &[("preset", expected)]);
        assert!(report["definition"][name].as_str().unwrap().contains(&format!("preset {preset}: ")));
        assert_eq!(report["definition"]["kappa"], without["definition"]["kappa"]);
        assert_eq!(report["pooled"]["kappa"], without["pooled"]["kappa"]);
    }
}
