//! Every public metric, statistic, distance and detector against references: scikit-learn, brute force, plain
//! Python (`vectors/make.py`), and the table that came with the bundled frames.

use segmeter_core::drift::{Cusum, Detector, Level, PageHinkley, Reference, Statistics};
use segmeter_core::metric::{Calibration, Confidence, Confusion, calibration, threshold};
use segmeter_core::num::Q16;
use segmeter_core::sketch::{SigmoidTable, Sketch};
use segmeter_core::view::{Encoding, IGNORE, Quantiser};
use segmeter_tests::{Demo, calls, close, functions, names, path, unpack, vectors};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct MetricVectors {
    confusion: Vec<ConfusionCase>,
    sketch: Vec<SketchCase>,
}

#[derive(Deserialize)]
struct ConfusionCase {
    name: String,
    classes: usize,
    labels: Vec<u8>,
    predictions: Vec<u8>,
    matrix: Vec<Vec<u64>>,
    report: Value,
}

#[derive(Deserialize)]
struct SketchCase {
    name: String,
    source: Option<Source>,
    codes: Option<Vec<i8>>,
    labels: Option<Vec<u8>>,
    scale: f32,
    zero_point: i32,
    auroc: Option<f64>,
    average_precision: Option<f64>,
    ece_top_label: Option<f64>,
    ece_positive: Option<f64>,
    brier: Option<f64>,
}

#[derive(Deserialize)]
struct Source {
    frame: usize,
}

fn check(found: Option<f64>, expected: Option<f64>, tolerance: f64, what: &str) {
    match (found, expected) {
        (None, None) => {}
        (Some(a), Some(b)) if (a - b).abs() <= tolerance => {}
        _ => panic!("{what}: {found:?}, expected {expected:?}"),
    }
}

fn confusion_case<const C: usize>(case: &ConfusionCase) {
    let mut confusion = Confusion::<C>::new(IGNORE);
    // In pieces, merged: the same as whole.
    let half = case.labels.len() / 2;
    let mut second = confusion.clone();
    confusion.push_row(&case.predictions[..half], &case.labels[..half]).unwrap();
    second.push_row(&case.predictions[half..], &case.labels[half..]).unwrap();
    confusion.merge(&second);
    for (found, expected) in confusion.counts().iter().zip(&case.matrix) {
        assert_eq!(found.as_slice(), expected.as_slice(), "{}", case.name);
    }
    let overall = [
        ("pixel_accuracy", confusion.pixel_accuracy().value()),
        ("mean_accuracy", confusion.mean_accuracy()),
        ("mean_iou", confusion.mean_iou()),
        ("frequency_weighted_iou", confusion.frequency_weighted_iou()),
        ("mcc", confusion.mcc()),
        ("kappa", confusion.kappa()),
    ];
    for (name, found) in overall {
        check(found, case.report[name].as_f64(), 1e-12, &format!("{} {name}", case.name));
    }
    for class in 0..C {
        let report = confusion.class(class);
        let by_class = [
            ("iou", report.iou()),
            ("dice", report.dice()),
            ("precision", report.precision()),
            ("recall", report.recall()),
            ("specificity", report.specificity()),
            ("negative_predictive_value", report.negative_predictive_value()),
        ];
        for (name, found) in by_class {
            let expected = &case.report["per_class"][class][name];
            check(found.value(), expected.as_f64(), 1e-12, &format!("{} class {class} {name}", case.name));
        }
    }
}

#[test]
fn confusion_reports() {
    let MetricVectors { confusion, .. } = vectors("metrics.json");
    for case in &confusion {
        match case.classes {
            2 => confusion_case::<2>(case),
            3 => confusion_case::<3>(case),
            4 => confusion_case::<4>(case),
            11 => confusion_case::<11>(case),
            other => panic!("no test for {other} classes"),
        }
    }
}

#[test]
fn every_public_metric_has_a_vector() {
    let read = |name: &str| std::fs::read_to_string(path(name)).unwrap();
    // What is in no vector is compared with brute force.
    let text = [
        "vectors/metrics.json",
        "vectors/libraries.json",
        "counts/main.rs",
        "counts/view.rs",
        "ignored.rs",
        "structure/main.rs",
        "structure/segments.rs",
        "libraries.rs",
        "../std-adapter/tests/eval/overlap.rs",
        "scores.rs",
        "property.rs",
        "vectors/surface.json",
        "surface.rs",
        "../core/src/metric/surface/tests.rs",
        "../core/src/metric/surface/tests/streams.rs",
    ]
    .map(read)
    .concat();
    let is_named = |name: &str| calls(&text, name) || text.contains(&format!("\"{name}\""));
    let mut missing = Vec::new();
    let (mut found, mut folders) = (0, vec![path("../core/src/metric")]);
    while let Some(folder) = folders.pop() {
        for file in std::fs::read_dir(folder).unwrap() {
            let file = file.unwrap().path();
            if file.is_dir() {
                folders.push(file);
                continue;
            }
            for function in functions(&std::fs::read_to_string(&file).unwrap()) {
                let name = &function.name;
                // Those of a class are called by their `ClassMetric`.
                let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
                let variant: String = name.split('_').filter(|w| !w.is_empty()).map(capital).collect();
                let is_made = !function.makes || names(&text, &function.of);
                if !is_made || !(is_named(name) || names(&text, &variant)) {
                    missing.push(format!("{} {name} of {}", function.of, file.display()));
                }
                found += 1;
            }
        }
    }
    assert!(missing.is_empty(), "in no vector and no test of metrics:\n{}", missing.join("\n"));
    assert!(found >= 80, "the scan of the sources found only {found} functions");
}

#[test]
fn threshold_and_calibration() {
    let MetricVectors { sketch: cases, .. } = vectors("metrics.json");
    let demo = Demo::load();
    for case in &cases {
        let quantiser = Quantiser::logits(Encoding::Signed, case.scale, case.zero_point).unwrap();
        let mut sketch = Sketch::<u32>::new(&quantiser);
        match (&case.source, &case.codes, &case.labels) {
            (Some(Source { frame }), ..) => sketch.push_row(demo.codes(*frame), &demo.reference(*frame)),
            (None, Some(codes), Some(labels)) => sketch.push_row(codes, labels),
            _ => panic!("{}: neither a frame nor codes", case.name),
        }
        // The data-set counters hold the same.
        let mut pooled = Sketch::<u64>::new(&quantiser);
        pooled.merge(&sketch).unwrap();
        let table = SigmoidTable::new(&quantiser);
        let name = &case.name;
        check(threshold::auroc(&sketch), case.auroc, 1e-12, &format!("{name} auroc"));
        check(threshold::auroc(&pooled), case.auroc, 1e-12, &format!("{name} pooled auroc"));
        check(threshold::average_precision(&sketch), case.average_precision, 1e-12, &format!("{name} ap"));
        for (confidence, expected) in
            [(Confidence::TopLabel, case.ece_top_label), (Confidence::Positive, case.ece_positive)]
        {
            let calibration = Calibration::new(&sketch, &table, confidence);
            check(calibration.expected_error(), expected, 1e-6, &format!("{name} ece {confidence:?}"));
        }
        check(calibration::brier(&sketch, &table), case.brier, 1e-6, &format!("{name} brier"));
    }
}

/// The pack's own table was made by other code: counts against the hand labels, road pixels, entropy.
#[test]
fn demo_pack_agrees_with_its_table() {
    let demo = Demo::load();
    let stack = |name: &str| std::fs::read(path("data/demo").join(name)).unwrap();
    let (labels, valid) = (stack("label_bits.bin"), stack("valid_bits.bin"));
    let table = SigmoidTable::new(&Demo::quantiser());
    let text = std::fs::read_to_string(path("data/demo/frames.csv")).unwrap();
    let mut lines = text.lines().map(|l| l.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let column = |row: &[&str], name: &str| row[header.iter().position(|h| *h == name).unwrap()].to_owned();
    let mut slot = 0;
    for row in lines {
        let frame: usize = column(&row, "frame").parse().unwrap();
        let labelled = !column(&row, "tp").is_empty();
        let mut ids = vec![IGNORE; Demo::shape().pixels()];
        if labelled {
            ids = unpack(&labels, slot);
            for (id, valid) in ids.iter_mut().zip(unpack(&valid, slot)) {
                *id = if valid == 1 { *id } else { IGNORE };
            }
            slot += 1;
        }
        let mut sketch = Sketch::<u32>::new(&Demo::quantiser());
        sketch.push_row(demo.codes(frame), &ids);
        let statistics = Statistics::new(&sketch, &table).unwrap();
        let of = |name: &str| column(&row, name).parse::<f64>().unwrap();
        let road = f64::from(statistics.road_fraction.to_f32());
        assert!((road - of("road_fraction")).abs() < 1e-5, "frame {frame}: road fraction {road}");
        let bits = f64::from(statistics.mean_entropy.to_f32()) / std::f64::consts::LN_2;
        assert!((bits - of("entropy_bits")).abs() < 3e-5, "frame {frame}: entropy {bits}");
        if labelled {
            let confusion = Confusion::of_sketch(&sketch, &table);
            let class = confusion.class(1);
            let counts =
                [class.true_positive, class.false_positive, class.false_negative, class.true_negative];
            assert_eq!(counts.map(|n| n.to_string()), ["tp", "fp", "fn", "tn"].map(|n| column(&row, n)));
            assert_eq!(confusion.ignored().to_string(), column(&row, "ignored"));
        }
    }
    assert_eq!(slot, 18);
}

#[derive(Deserialize)]
struct DriftVectors {
    statistics: Vec<StatisticsCase>,
    distances: Distances,
    detectors: Vec<DetectorCase>,
}

#[derive(Deserialize)]
struct StatisticsCase {
    frame: usize,
    road_fraction: f64,
    mean_entropy: f64,
    mean_margin: f64,
    low_confidence_fraction: f64,
}

#[derive(Deserialize)]
struct Distances {
    /// As stored codes; an index counts from -128.
    edges: Vec<i8>,
    reference: Vec<u32>,
    reference_frames: Value,
    frames: Vec<DistanceCase>,
}

#[derive(Deserialize)]
struct DistanceCase {
    frame: usize,
    psi: f64,
    wasserstein_1: f64,
}

#[derive(Deserialize)]
struct DetectorCase {
    name: String,
    z: Vec<f64>,
    cusum: Steps,
    page_hinkley: Steps,
}

#[derive(Deserialize)]
struct Steps {
    #[serde(alias = "tolerance")]
    slack: f32,
    threshold: f32,
    up: Vec<f64>,
    down: Vec<f64>,
    alarm: Option<usize>,
}

#[test]
fn drift_statistics() {
    let DriftVectors { statistics, .. } = vectors("drift.json");
    let (demo, table) = (Demo::load(), SigmoidTable::new(&Demo::quantiser()));
    for case in &statistics {
        let mut sketch = Sketch::<u32>::new(&Demo::quantiser());
        sketch.push_unlabelled(demo.codes(case.frame));
        let found = Statistics::new(&sketch, &table).unwrap();
        for (found, expected) in [
            (found.road_fraction, case.road_fraction),
            (found.mean_entropy, case.mean_entropy),
            (found.mean_margin, case.mean_margin),
            (found.low_confidence_fraction, case.low_confidence_fraction),
        ] {
            let error = (f64::from(found.to_f32()) - expected).abs();
            assert!(error <= 1.0 / 65536.0, "frame {}: {found}, expected {expected}", case.frame);
        }
    }
}

#[test]
fn drift_distances() {
    let DriftVectors { distances, .. } = vectors("drift.json");
    let demo = Demo::load();
    let frames: (usize, usize) = serde_json::from_value(distances.reference_frames).unwrap();
    let counts = demo.counts(frames.0..frames.1 + 1);
    assert_eq!(counts.as_slice(), distances.reference);
    let reference = Reference::new(counts).unwrap();
    let edges = reference.edges().map(|index| (index ^ 0x80).cast_signed());
    assert_eq!(edges.collect::<Vec<_>>(), distances.edges);
    for case in &distances.frames {
        let mut sketch = Sketch::<u32>::new(&Demo::quantiser());
        sketch.push_unlabelled(demo.codes(case.frame));
        let psi = f64::from(reference.population_stability_index(&sketch).unwrap());
        assert!(close(psi, case.psi, 2e-6), "frame {}: PSI {psi}, expected {}", case.frame, case.psi);
        let steps = f64::from(reference.wasserstein(&sketch).unwrap());
        let logits = steps * f64::from(0.101_869_74_f32);
        assert!(close(logits, case.wasserstein_1, 1e-6), "frame {}: W1 {logits}", case.frame);
    }
}

#[test]
fn detectors_step_by_step() {
    let DriftVectors { detectors, .. } = vectors("drift.json");
    let score = |q: Q16| f64::from(q.raw()) / 65536.0;
    for case in &detectors {
        let cusum =
            Cusum { slack: Q16::from_f32(case.cusum.slack), threshold: Q16::from_f32(case.cusum.threshold) };
        let page_hinkley = PageHinkley {
            tolerance: Q16::from_f32(case.page_hinkley.slack),
            threshold: Q16::from_f32(case.page_hinkley.threshold),
        };
        let (mut sums, mut test) = Default::default();
        let mut alarms = [None; 2];
        for (step, z) in case.z.iter().enumerate() {
            let z = Q16::from_raw((z * 65536.0) as i32);
            let levels = [cusum.update(&mut sums, z), page_hinkley.update(&mut test, z)];
            let (up, down) = test.scores();
            for (found, expected) in [
                (sums.up, case.cusum.up[step]),
                (sums.down, case.cusum.down[step]),
                (up, case.page_hinkley.up[step]),
                (down, case.page_hinkley.down[step]),
            ] {
                let error = (score(found) - expected).abs();
                assert!(error < 1e-3, "{} step {step}: {found}, expected {expected}", case.name);
            }
            for (alarm, level) in alarms.iter_mut().zip(levels) {
                if level == Level::Drift && alarm.is_none() {
                    *alarm = Some(step);
                }
            }
        }
        assert_eq!(alarms, [case.cusum.alarm, case.page_hinkley.alarm], "{}", case.name);
    }
}
