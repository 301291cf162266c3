//! Thresholds and calibration.

use std::cmp::Ordering;

use segmeter::core::metric::calibration::{
    Edges, Probabilities, brier, classwise_expected_error, negative_log_likelihood,
};
use segmeter::core::metric::{Calibration, Confidence, Reliability, threshold};
use segmeter::core::sketch::{SigmoidTable, Sketch};
use segmeter::core::view::{Encoding, Quantiser};
use serde_json::Value;

use super::demo::{Frames, HEIGHT, WIDTH, assert_numbers, demo_line};
use super::support::{Bench, keys, logits, npy, npy_f32};

#[test]
fn thresholds_and_calibration_are_the_sketch() {
    let (bench, frames) = (Bench::new(), Frames::load());
    let report = bench.json(&demo_line());
    let (sketch, table) = (frames.sketch(), SigmoidTable::new(&Frames::quantiser()));
    let best = threshold::max_f(&sketch).unwrap();
    let expected = [
        ("auroc", threshold::auroc(&sketch)),
        ("average_precision", threshold::average_precision(&sketch)),
        ("average_precision_trapezoid", threshold::average_precision_trapezoid(&sketch)),
        ("average_precision_eleven_point", threshold::average_precision_eleven_point(&sketch)),
        ("average_precision_interpolated", threshold::average_precision_interpolated(&sketch)),
        ("max_f1", best.counts.dice().value()),
        ("threshold_at_max_f1", Some(table.probability[best.threshold].into())),
        ("precision_at_max_f1", best.counts.precision().value()),
        ("recall_at_max_f1", best.counts.recall().value()),
        ("false_positive_rate_at_max_f1", best.counts.false_positive_rate().value()),
        ("false_negative_rate_at_max_f1", best.counts.false_negative_rate().value()),
        ("iou_at_max_f1", best.counts.iou().value()),
        ("sensitivity_at_specificity", threshold::sensitivity_at_specificity(&sketch, 0.95)),
        ("specificity_at_sensitivity", threshold::specificity_at_sensitivity(&sketch, 0.95)),
        ("precision_at_recall", threshold::precision_at_recall(&sketch, 0.95)),
        ("false_positive_rate_at_recall", threshold::false_positive_rate_at_recall(&sketch, 0.95)),
    ];
    assert_numbers(&report["threshold"], &expected);
    assert_eq!(keys(&report["threshold"]).len(), expected.len());
    let wide = Calibration::new(&sketch, &table, Confidence::TopLabel);
    let equal = Calibration::equal_mass(&sketch, &table, Confidence::TopLabel);
    let classes = std::slice::from_ref(&sketch);
    let expected = [
        ("ece", wide.expected_error()),
        ("mce", wide.maximum_error()),
        ("ace", equal.expected_error()),
        ("classwise_ece", classwise_expected_error::<15, _>(classes, &table, Default::default())),
        ("rms_calibration_error", wide.root_mean_square_error()),
        ("brier", brier(&sketch, &table)),
        ("nll", negative_log_likelihood(&sketch, &table, 1e-7)),
    ];
    assert_numbers(&report["calibration"], &expected);
    assert_eq!(keys(&report["calibration"]).len(), expected.len());
}

/// Probabilities of exactly 0 and 1, which libraries put into different bins, and bins as they have them.
#[test]
fn calibration_has_the_bins_of_the_library() {
    let bench = Bench::new();
    let quantiser = Quantiser::logits(Encoding::Signed, 0.5, 0).unwrap();
    // What is certain is wrong, what is nearly so is right: in one bin they cancel, as do 0.82 and 0.88.
    let codes: Vec<i8> = (0..200).map(|pixel| [120, -120, 8, -9, 7, 3, -2, 0, 4][pixel % 9]).collect();
    let label = |(pixel, code): (usize, &i8)| {
        u8::from((*code > 0) != (code.abs() > 99 || *code == 3 && pixel % 2 == 0))
    };
    let labels: Vec<u8> = codes.iter().enumerate().map(label).collect();
    let logits: Vec<f32> = codes.iter().map(|code| 0.5 * f32::from(*code)).collect();
    bench.file("z.npy", &npy_f32(&[10, 20], &logits));
    let codes: Vec<u8> = codes.into_iter().map(i8::cast_unsigned).collect();
    bench.file("c.npy", &npy("|i1", &[10, 20], &codes));
    bench.file("g.npy", &npy("|u1", &[10, 20], &labels));
    let mut sketch = Sketch::<u32>::new(&quantiser);
    let codes: Vec<i8> = codes.into_iter().map(u8::cast_signed).collect();
    sketch.push_row(&codes, &labels);
    let table = SigmoidTable::new(&quantiser);
    let positive = Confidence::Positive;
    let torchmetrics = Reliability::<15>::with_edges(&sketch, &table, positive, Edges::Torchmetrics);
    let reloaded = Reliability::<10>::with_edges(&sketch, &table, positive, Edges::MetricsReloaded);
    let closed = Calibration::new(&sketch, &table, Confidence::TopLabel);
    let equal = [
        Reliability::<15>::equal_mass(&sketch, &table, Confidence::TopLabel).expected_error(),
        Reliability::<15>::equal_mass(&sketch, &table, positive).expected_error(),
        Reliability::<10>::equal_mass(&sketch, &table, positive).expected_error(),
    ];
    let cases = [
        ("", closed.expected_error(), closed.maximum_error(), equal[0]),
        ("--preset torchmetrics", torchmetrics.expected_error(), torchmetrics.maximum_error(), equal[1]),
        ("--preset metrics_reloaded", reloaded.expected_error(), reloaded.maximum_error(), equal[2]),
    ];
    for (flags, ece, mce, ace) in cases {
        for file in ["z.npy", "c.npy --scale 0.5 --zero-point 0"] {
            let report = bench.json(&format!("eval {file} --metrics ece,mce,ace g.npy {flags}"));
            assert_numbers(&report["calibration"], &[("ece", ece), ("mce", mce), ("ace", ace)]);
        }
    }
    let joined = Reliability::<15>::new(&sketch, &table, positive).expected_error();
    assert_ne!(joined, torchmetrics.expected_error(), "nothing cancels");
}

/// The numbers of logits that are the codes of an 8-bit output are those of the output, to the last bit.
#[test]
fn f32_logits_are_exact() {
    let (bench, frames) = (Bench::new(), Frames::load());
    let logits: Vec<f32> = frames
        .codes
        .iter()
        .flatten()
        .map(|code| Frames::quantiser().logit(code.cast_unsigned() ^ 0x80))
        .collect();
    bench.file("z.npy", &npy_f32(&[18, HEIGHT, WIDTH], &logits));
    bench.file("g.npy", &npy("|u1", &[18, HEIGHT, WIDTH], &frames.labels.concat()));
    for flags in ["", "--preset torchmetrics", "--preset metrics_reloaded"] {
        let exact = bench.json(&format!("eval z.npy g.npy {flags}"));
        let eight = bench.json(&format!("{} {flags}", demo_line()));
        for family in ["pooled", "averages", "surface", "topology", "road", "threshold", "calibration"] {
            for (key, value) in exact[family].as_object().unwrap() {
                let expected = &eight[family][key];
                match key.as_str() {
                    // Codes that no pixel has are thresholds as well.
                    "threshold_at_max_f1" => {
                        let (found, lowest) = (value.as_f64().unwrap(), expected.as_f64().unwrap());
                        assert!(found >= lowest && found < lowest + 0.03, "{found} {lowest}");
                    }
                    // Of the logits themselves, not of probabilities in steps of 2^-24.
                    "nll" => {
                        let (found, expected) = (value.as_f64().unwrap(), expected.as_f64().unwrap());
                        assert!((found - expected).abs() < 1e-6 * expected, "{found} {expected}");
                    }
                    _ => assert_eq!(value, expected, "{flags} {key}"),
                }
            }
        }
    }
}

/// A definition of the area under the ROC curve that has nothing in common with the sums: all pairs.
#[test]
fn f32_ties_count_half() {
    let bench = Bench::new();
    let (z, g) = ([0.5f32, -0.0, 0.0, 3.5, 0.5, -1.0, 7.25, 0.25], [1, 0, 1, 1, 0, 0, 1, 255]);
    bench.file("z.npy", &npy_f32(&[2, 4], &z));
    bench.file("g.npy", &npy("|u1", &[2, 4], &g));
    let report = bench.json("eval z.npy g.npy");
    let (mut pairs, mut sum) = (0.0, 0.0);
    for (a, _) in z.iter().zip(g).filter(|(_, label)| *label == 1) {
        for (b, _) in z.iter().zip(g).filter(|(_, label)| *label == 0) {
            pairs += 1.0;
            sum += match a.partial_cmp(b).unwrap() {
                Ordering::Greater => 1.0,
                Ordering::Equal => 0.5,
                Ordering::Less => 0.0,
            };
        }
    }
    assert_eq!(report["threshold"]["auroc"], sum / pairs);
    let nll = |z: f32, g: u8| {
        let z = f64::from(z);
        (1.0 + (-z.abs()).exp()).ln() + z.max(0.0) - z * f64::from(g)
    };
    let scored = z.iter().zip(g).filter(|(_, label)| *label != 255);
    let expected = scored.map(|(z, g)| nll(*z, g)).sum::<f64>() / 7.0;
    let found = report["calibration"]["nll"].as_f64().unwrap();
    assert!((found - expected).abs() < 1e-6, "{found} {expected}");
    // Of thresholds that tie, the lowest.
    bench.file("tie.npy", &npy_f32(&[1, 4], &[3.0, 2.0, 1.0, -4.0]));
    bench.file("tied.npy", &npy("|u1", &[1, 4], &[1, 0, 0, 1]));
    let tie = bench.json("eval tie.npy tied.npy");
    let expected = [("max_f1", Some(2.0 / 3.0)), ("recall_at_max_f1", Some(1.0))];
    assert_numbers(&tie["threshold"], &expected);
    // One side only: nothing to tell apart.
    bench.file("ones.npy", &npy("|u1", &[2, 4], &[1; 8]));
    let one = bench.json("eval z.npy ones.npy");
    assert_eq!((&one["threshold"]["auroc"], &one["undefined"]["auroc"]), (&Value::Null, &1.into()));
}

#[test]
fn kitti_road_is_the_benchmark() {
    let bench = Bench::new();
    let (codes, labels) = ([10_u8, 200, 200, 250, 0, 255, 128, 40], [0, 0, 1, 1, 0, 1, 255, 1]);
    bench.file("p.npy", &npy("|u1", &[2, 4], &codes));
    bench.file("g.npy", &npy("|u1", &[2, 4], &labels));
    let line = "eval p.npy g.npy --probabilities";
    let report = bench.json(&format!("{line} --preset kitti_road"));
    let mut sketch = Sketch::<u32>::new(&Quantiser::probabilities());
    sketch.push_row(&codes, &labels);
    let road = threshold::kitti_road(&sketch).unwrap();
    let expected = [
        ("max_f1", Some(road.max_f)),
        ("average_precision_eleven_point", Some(road.average_precision)),
        ("recall_at_max_f1", Some(road.recall)),
        ("false_positive_rate_at_max_f1", road.false_positive_rate),
        ("iou_at_max_f1", Some(road.quality)),
        ("threshold_at_max_f1", Some(f64::from(road.threshold) / 255.0)),
    ];
    assert_numbers(&report["threshold"], &expected);
    assert!(report["definition"]["max_f1"].as_str().unwrap().contains("preset kitti_road: 1e-10"));
    let plain = bench.json(line);
    assert_ne!(plain["threshold"]["max_f1"], report["threshold"]["max_f1"]);
    assert_eq!(plain["threshold"]["auroc"], report["threshold"]["auroc"]);
    // Stored probabilities are exact: 0 and 255 are certain.
    let expected = [("brier", brier(&sketch, Probabilities::Stored))];
    assert_numbers(&plain["calibration"], &expected);
}

/// Softmax as it is defined, bins by hand, and the area under the ROC curve from all pairs.
#[test]
fn softmax_of_several_classes() {
    let bench = Bench::new();
    let (classes, pixels) = (4, 60);
    let z: Vec<f32> = logits(2 * classes * pixels).into_iter().map(|z| 0.7 * z).collect();
    let at = |pixel: usize, class: usize| {
        f64::from(z[(pixel / pixels * classes + class) * pixels + pixel % pixels])
    };
    let p: Vec<Vec<f64>> = (0..2 * pixels)
        .map(|pixel| {
            let powers: Vec<f64> = (0..classes).map(|class| at(pixel, class).exp()).collect();
            powers.iter().map(|power| power / powers.iter().sum::<f64>()).collect()
        })
        .collect();
    let best = |pixel: usize| (0..classes).max_by(|a, b| p[pixel][*a].total_cmp(&p[pixel][*b])).unwrap();
    // Mostly what is predicted, never the last class.
    let label = |pixel: usize| {
        if pixel % 7 == 3 {
            255
        } else if pixel.is_multiple_of(3) {
            1
        } else {
            best(pixel) % 3
        }
    };
    let labels: Vec<u8> = (0..2 * pixels).map(|pixel| label(pixel) as u8).collect();
    bench.file("z.npy", &npy_f32(&[2, classes, 6, 10], &z));
    bench.file("g.npy", &npy("|u1", &[2, 6, 10], &labels));
    let line = "eval z.npy g.npy --layout chw";
    let scored: Vec<usize> = (0..2 * pixels).filter(|pixel| label(*pixel) != 255).collect();
    let n = scored.len() as f64;
    let error = |confidence: &dyn Fn(usize) -> f64, is_hit: &dyn Fn(usize) -> bool| {
        let mut bins = [(0.0, 0.0); 15];
        for pixel in &scored {
            let bin = &mut bins[((confidence(*pixel) * 15.0) as usize).min(14)];
            *bin = (bin.0 + confidence(*pixel), bin.1 + f64::from(u8::from(is_hit(*pixel))));
        }
        bins.iter().map(|(confidence, hits): &(f64, f64)| (confidence - hits).abs()).sum::<f64>() / n
    };
    let sum = |of: &dyn Fn(usize) -> f64| scored.iter().map(|pixel| of(*pixel)).sum::<f64>();
    let of_class = |class: usize| error(&|pixel| p[pixel][class], &|pixel| label(pixel) == class);
    let squares = |pixel: usize| {
        let wrong = |class: usize| p[pixel][class] - f64::from(u8::from(label(pixel) == class));
        (0..classes).map(|class| wrong(class).powi(2)).sum::<f64>()
    };
    let expected = [
        ("ece", error(&|pixel| p[pixel][best(pixel)], &|pixel| label(pixel) == best(pixel))),
        ("classwise_ece", (0..classes).map(of_class).sum::<f64>() / classes as f64),
        ("brier", sum(&squares) / n),
        ("nll", sum(&|pixel| -p[pixel][label(pixel)].ln()) / n),
    ];
    let report = bench.json(&format!("{line} --metrics all"));
    for (name, expected) in expected {
        let found = report["calibration"][name].as_f64().unwrap();
        assert!((found - expected).abs() < 2e-6, "{name}: {found} {expected}");
    }
    let mut areas = Vec::new();
    for class in 0..3 {
        let (mut won, mut pairs) = (0.0, 0.0);
        for a in scored.iter().filter(|pixel| label(**pixel) == class) {
            for b in scored.iter().filter(|pixel| label(**pixel) != class) {
                won += f64::from(u8::from(p[*a][class] > p[*b][class]));
                pairs += 1.0;
            }
        }
        let found = report["classes"][class]["threshold"]["auroc"].as_f64().unwrap();
        assert!((found - won / pairs).abs() < 1e-12, "{class}: {found} {}", won / pairs);
        areas.push(found);
    }
    // The last class has no pixel.
    assert!(report["classes"][3]["threshold"]["auroc"].is_null());
    assert_eq!(report["undefined"]["auroc"], 1);
    let found = report["threshold"]["auroc"].as_f64().unwrap();
    assert!((found - areas.iter().sum::<f64>() / 3.0).abs() < 1e-12);
    assert!(report["threshold"].get("threshold_at_max_f1").is_none());
    // All logits are kept for it: it has to be asked for.
    let plain = bench.json(line);
    assert_eq!((keys(&plain["threshold"]).len(), &plain["calibration"]), (0, &report["calibration"]));
    assert!(plain["definition"]["auroc"].as_str().unwrap().contains("computed if named"));
    assert_eq!(bench.json(&format!("{line} --metrics auroc"))["threshold"]["auroc"], found);
    for flags in ["--threads 1", "--threads 2"] {
        assert_eq!(bench.json(&format!("{line} --metrics all {flags}")), report);
    }
    bench.stdout(&format!("{line} --report r.html"), 0);
    let page = std::fs::read_to_string(bench.path("r.html")).unwrap();
    assert!(page.contains("Reliability") && !page.contains("<figcaption>ROC"));
}

/// Scores so far apart that probabilities are 0 or 1, infinite ones among them.
#[test]
fn softmax_of_certain_classes() {
    let bench = Bench::new();
    let inf = f32::INFINITY;
    let z = [[90.0, 0.0, inf, -inf], [0.0, 90.0, 0.0, -inf], [-90.0, 0.0, inf, -inf]].concat();
    bench.file("z.npy", &npy_f32(&[3, 2, 2], &z));
    bench.file("g.npy", &npy("|u1", &[2, 2], &[0, 1, 2, 1]));
    let report = bench.json("eval z.npy g.npy --layout chw");
    // Two ways to be infinite share a pixel, three ways to be impossible the last one.
    let nll = (2.0_f64.ln() + 3.0_f64.ln()) / 4.0;
    let found = report["calibration"]["nll"].as_f64().unwrap();
    assert!((found - nll).abs() < 1e-6, "{found} {nll}");
    let brier = (0.5 + 6.0 / 9.0) / 4.0;
    let found = report["calibration"]["brier"].as_f64().unwrap();
    assert!((found - brier).abs() < 1e-6, "{found} {brier}");
}

/// Probabilities that were cut at 0 and 1 are ties, whatever their codes: 1, 1, 0 and 0 here.
#[test]
fn probabilities_that_are_cut_are_ties() {
    let bench = Bench::new();
    bench.file("p.npy", &npy("|u1", &[1, 1, 4], &[200, 160, 40, 10]));
    bench.file("g.npy", &npy("|u1", &[1, 1, 4], &[0, 1, 0, 1]));
    let line = "eval p.npy g.npy --probabilities --scale 0.01 --zero-point 50 --metrics";
    let report = bench.json(&format!("{line} auroc,average_precision,max_f1"));
    let threshold = &report["threshold"];
    assert_eq!(threshold["auroc"], 0.5);
    assert_eq!(threshold["average_precision"], 0.5);
    assert_eq!(threshold["max_f1"], 2.0 / 3.0);
    assert_eq!(threshold["threshold_at_max_f1"], 0.0);
}

/// Of classes that are not asked about nothing is computed: what is left is the same, where classes tie, are certain or are
/// not scored as well.
#[test]
fn calibration_of_classes_alone_and_among_others() {
    let bench = Bench::new();
    let mut z: Vec<f32> = logits(5 * 7 * 9);
    z.iter_mut().step_by(11).for_each(|z| *z = z.round());
    z.iter_mut().skip(3).step_by(17).for_each(|z| *z *= 100.0);
    (z[4], z[4 + 63], z[5], z[6]) = (0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY);
    let labels: Vec<u8> =
        (0..63).map(|pixel| if pixel % 10 == 7 { 255 } else { (pixel % 5) as u8 }).collect();
    bench.file("z.npy", &npy_f32(&[5, 7, 9], &z));
    bench.file("g.npy", &npy("|u1", &[7, 9], &labels));
    let wide: Vec<u8> = z.iter().flat_map(|z| (f64::from(*z) * 0.7).to_le_bytes()).collect();
    bench.file("w.npy", &npy("<f8", &[5, 7, 9], &wide));
    for file in ["z.npy", "w.npy"] {
        let line = format!("eval {file} g.npy --layout chw --metrics");
        let all = bench.json(&format!("{line} all"));
        for name in ["ece", "mce", "ace", "rms_calibration_error", "classwise_ece", "brier", "nll"] {
            let alone = bench.json(&format!("{line} {name}"));
            assert_eq!(keys(&alone["calibration"]).first(), Some(&name), "{file}");
            assert_eq!(alone["calibration"][name], all["calibration"][name], "{file} {name}");
            assert!(alone["calibration"][name].is_f64(), "{file} {name}");
        }
        for name in ["auroc", "average_precision"] {
            let alone = bench.json(&format!("{line} {name}"));
            assert_eq!(alone["threshold"][name], all["threshold"][name], "{file}");
            assert!(alone["threshold"][name].is_f64(), "{file} {name}");
        }
    }
}
