//! Counts and averages of masks.

use segmeter::core::metric::surface::Surface;
use segmeter::core::metric::{
    Averages, Averaging, ClassMetric, Confusion, Disagreement, Empties, Preset, Volume,
};
use segmeter::core::plane::Row;
use segmeter::core::view::{IGNORE, Shape};
use serde_json::Value;

use super::demo::{Frames, assert_numbers, demo_line, mean, several};
use super::support::{Bench, keys};

#[test]
fn overlap_is_what_the_library_counts() {
    let (bench, frames) = (Bench::new(), Frames::load());
    let report = bench.json(&format!("{} --per-image --threshold 0.5", demo_line()));
    let (mut pooled, mut images) = (Confusion::<2>::new(IGNORE), Vec::new());
    for (prediction, labels) in frames.pairs() {
        let mut image = Confusion::<2>::new(IGNORE);
        image.push_row(&prediction, labels).unwrap();
        pooled.merge(&image);
        images.push(image);
    }
    let of_matrix = |c: &Confusion<2>| {
        [
            ("mean_iou", c.mean_iou()),
            ("frequency_weighted_iou", c.frequency_weighted_iou()),
            ("pixel_accuracy", c.pixel_accuracy().value()),
            ("mean_accuracy", c.mean_accuracy()),
            ("mcc", c.mcc()),
            ("kappa", c.kappa()),
            ("weighted_kappa", c.weighted_kappa(Disagreement::Linear)),
            ("weighted_kappa_quadratic", c.weighted_kappa(Disagreement::Quadratic)),
            ("generalised_dice", c.generalised_dice(Volume::Square, 0)),
        ]
    };
    assert_numbers(&report["pooled"], &of_matrix(&pooled));
    for (image, found) in images.iter().zip(report["per_image"].as_array().unwrap()) {
        assert_numbers(found, &of_matrix(image));
    }
    let of_images = mean(images.iter().map(|image| image.kappa().into()));
    assert_numbers(&report["per_image_mean"], &[("kappa", of_images)]);
    let metrics = [
        ("iou", ClassMetric::Iou),
        ("dice", ClassMetric::Dice),
        ("f_beta", ClassMetric::FBeta { beta: 2.0 }),
        ("tversky_index", ClassMetric::TverskyIndex { fp_weight: 0.3, fn_weight: 0.7 }),
        ("precision", ClassMetric::Precision),
        ("recall", ClassMetric::Recall),
        ("specificity", ClassMetric::Specificity),
        ("negative_predictive_value", ClassMetric::NegativePredictiveValue),
        ("false_positive_rate", ClassMetric::FalsePositiveRate),
        ("false_negative_rate", ClassMetric::FalseNegativeRate),
        ("false_discovery_rate", ClassMetric::FalseDiscoveryRate),
        ("false_omission_rate", ClassMetric::FalseOmissionRate),
        ("accuracy", ClassMetric::Accuracy),
        ("balanced_accuracy", ClassMetric::BalancedAccuracy),
        ("informedness", ClassMetric::Informedness),
        ("markedness", ClassMetric::Markedness),
        ("mcc", ClassMetric::Mcc),
        ("volume_overlap_error", ClassMetric::VolumeOverlapError),
        ("volume_similarity", ClassMetric::VolumeSimilarity),
        ("relative_volume_difference", ClassMetric::RelativeVolumeDifference),
        ("absolute_relative_volume_difference", ClassMetric::AbsoluteRelativeVolumeDifference),
        ("net_benefit", ClassMetric::NetBenefit { threshold: 0.5 }),
    ];
    assert_eq!(keys(&report["averages"]).len(), metrics.len());
    for (name, metric) in metrics {
        let mut averages = Averages::<2>::new(metric, Empties::FORMULA, IGNORE);
        images.iter().for_each(|image| averages.push(image));
        let of = |averaging| averages.value(averaging);
        let expected = [
            ("pooled", of(Averaging::Pooled)),
            ("per_image_mean", of(Averaging::PerImage)),
            ("per_class_mean", of(Averaging::PerClass)),
            ("per_pair_mean", of(Averaging::PerPair)),
        ];
        assert_numbers(&report["averages"][name], &expected);
        for class in 0..2 {
            assert_numbers(&report["classes"][class], &[(name, metric.of(pooled.class(class)))]);
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
