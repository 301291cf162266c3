//! What other libraries returned for a few masks (`vectors/libraries.py` ran them), and the presets that agree.

use std::collections::BTreeMap;

use segmeter_core::metric::topology::{centreline_dice, centreline_scratch_len};
use segmeter_core::metric::{
    Averaging, ClassMetric, ClassReport, Confusion, Disagreement, InstanceIou, Overlap, Overlaps,
    PanopticQuality, Preset, Segment, Volume,
};
use segmeter_core::plane::Bits;
use segmeter_core::view::{IGNORE, Shape};
use segmeter_tests::{Demo, agree, vectors};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Libraries {
    images: Vec<Image>,
    averages: Vec<AverageCase>,
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

fn metric(name: &str) -> Option<ClassMetric> {
    let name = name.strip_prefix("mean_").unwrap_or(name);
    let known = |of: &&(&str, ClassMetric)| of.0 == name;
    ClassMetric::ALL.iter().find(known).map(|(_, metric)| match metric {
        ClassMetric::NetBenefit { .. } => ClassMetric::NetBenefit { threshold: 0.2 },
        other => *other,
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
