//! Exact values at the edges: distances and thresholds that are equal, scores of `f64`, ids that are ignored, pixels of any
//! size.

use serde_json::Value;

use super::support::{Bench, npy, npy_f32, png_grey};

pub(super) fn near(found: &Value, expected: f64, relative: f64) {
    let found = found.as_f64().unwrap_or_else(|| panic!("{found}, expected {expected}"));
    assert!((found - expected).abs() <= relative * expected.abs(), "{found}, expected {expected}");
}

pub(super) fn npy_f64(shape: &[usize], values: &[f64]) -> Vec<u8> {
    npy("<f8", shape, &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>())
}

/// Two dots `steps` columns apart.
fn dots(bench: &Bench, steps: usize) {
    let dot = |column: usize| (0..3 * 40).map(|pixel| u8::from(pixel == 40 + column)).collect::<Vec<u8>>();
    bench.file("p.png", &png_grey(40, 3, &dot(4)));
    bench.file("g.png", &png_grey(40, 3, &dot(4 + steps)));
}

#[test]
fn a_distance_equal_to_the_tolerance_is_within() {
    let bench = Bench::new();
    for (steps, side, equal, less) in [
        (3, "0.1", "0.3", "0.29999"),
        (3, "1.1", "3.3", "3.29999"),
        (3, "0.2", "0.6", "0.59999"),
        (7, "0.7", "4.9", "4.8999"),
        (29, "0.01", "0.29", "0.28999"),
        (33, "1000", "33000", "32999.9"),
        (3, "1", "3", "2.9999"),
    ] {
        dots(&bench, steps);
        for (tolerance, expected) in [(equal, 1.0), (less, 0.0)] {
            for spacing in [format!("{side},{side}"), format!("3.14,{side}")] {
                let line = format!(
                    "eval p.png g.png --metrics nsd,boundary_f --spacing {spacing} --tolerance {tolerance}"
                );
                let report = bench.json(&line);
                assert_eq!(report["surface"]["nsd"], expected, "{line}");
                assert_eq!(report["surface"]["boundary_f"], expected, "{line}");
            }
        }
    }
}

#[test]
fn pixels_of_any_size() {
    let bench = Bench::new();
    let (size, [a, b]) = (64, [3 * 64 + 5, 40 * 64 + 46]);
    for (name, dot) in [("p.png", a), ("g.png", b)] {
        bench.file(
            name,
            &png_grey(64, 64, &(0..size * size).map(|pixel| u8::from(pixel == dot)).collect::<Vec<_>>()),
        );
    }
    let sides = ["0.001", "0.5", "1000", "3.14159265358979", "1.8814634790427236", "0.07380348611872152"];
    for (row, column) in sides.iter().flat_map(|row| sides.map(|column| (*row, column))) {
        let report =
            bench.json(&format!("eval p.png g.png --metrics hausdorff,assd,hd95 --spacing {row},{column}"));
        let [y, x] = [(37.0, row), (41.0, column)].map(|(steps, side)| steps * side.parse::<f64>().unwrap());
        for name in ["hausdorff", "assd", "hd95"] {
            near(&report["surface"][name], y.hypot(x), 1e-6);
        }
    }
    for (preset, spacing, steps, expected) in
        [("panoptica", "3,1.5", 1, 1.0), ("panoptica", "3,1.5", 2, 0.0), ("panoptica", "1,4", 1, 0.0)]
    {
        dots(&bench, steps);
        let line = format!("eval p.png g.png --metrics nsd --preset {preset} --spacing {spacing}");
        assert_eq!(bench.json(&line)["surface"]["nsd"], expected, "{line}");
        let own = bench.json(&format!("{line} --tolerance 9"));
        assert_eq!(own["surface"]["nsd"], 1.0);
    }
}

#[test]
fn all_metrics_of_oblong_pixels() {
    let bench = Bench::new();
    let road = |row: usize| (0..9 * 60).map(|pixel| u8::from(pixel / 60 == row)).collect::<Vec<u8>>();
    bench.file("p.png", &png_grey(60, 9, &road(3)));
    bench.file("g.png", &png_grey(60, 9, &road(4)));
    let square = bench.json("eval p.png g.png --metrics all --spacing 2,2");
    assert_eq!(square["topology"]["apls"], 1.0);
    let output = bench.run("eval p.png g.png --metrics all --spacing 2,1 --json");
    assert_eq!(output.status.code(), Some(0));
    let note = String::from_utf8(output.stderr).unwrap();
    assert!(note.contains("note: --spacing 2,1: apls is defined for square pixels only"), "{note}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["topology"]["apls"], &report["undefined"]["apls"]), (&Value::Null, &1.into()));
    assert!(report["definition"]["apls"].as_str().unwrap().contains("undefined here: pixels are not square"));
    near(&report["surface"]["hausdorff"], 2.0, 0.0);
    // It is not computed unless asked for: nothing to say then.
    bench.stdout("eval p.png g.png --spacing 2,1", 0);
}

/// 8-bit probabilities as they are: 0 is 0 and 255 is 1, and a decimal threshold is the number that was written.
#[test]
fn codes_at_thresholds() {
    let bench = Bench::new();
    let codes: Vec<u8> = (0..=255).collect();
    bench.file("p.npy", &npy("|u1", &[16, 16], &codes));
    bench.file("g.npy", &npy("|u1", &[16, 16], &[1; 256]));
    // Above 0.2 is not 51 / 255, above 0.6 not 153 / 255.
    for (threshold, first) in [
        ("0.000001", 1),
        ("0.001", 1),
        ("0.0039", 1),
        ("0.00393", 2),
        ("0.2", 52),
        ("0.1999", 51),
        ("0.4", 103),
        ("0.5", 128),
        ("0.6", 154),
        ("0.8", 205),
        ("0.996", 254),
        ("0.9961", 255),
        ("0.999", 255),
        ("0.9999999", 255),
    ] {
        let line = format!("eval p.npy g.npy --probabilities --metrics recall --threshold {threshold}");
        let found = &bench.json(&line)["classes"][1]["recall"];
        assert_eq!(*found, f64::from(256 - first) / 256.0, "{threshold}");
    }
}

/// Decisions from the logits themselves: their probabilities are 1/2 in `f32`.
#[test]
fn logits_about_the_threshold() {
    let bench = Bench::new();
    bench.file("g.npy", &npy("|u1", &[1, 6], &[1; 6]));
    let z = [1e-8, -1e-8, 0.0, 1e-300, -1e-300, 1e-30];
    bench.file("wide.npy", &npy_f64(&[1, 6], &z));
    bench.file("z.npy", &npy_f32(&[1, 6], &z.map(|z| z as f32)));
    for (file, expected) in [("wide.npy", 3.0), ("z.npy", 2.0)] {
        let report = bench.json(&format!("eval {file} g.npy --metrics recall"));
        near(&report["classes"][1]["recall"], expected / 6.0, 1e-15);
    }
    // The logit of 0.9 is ln 9: what lies below by less than an f32 can tell is background.
    let ln = 9.0_f64.ln();
    let z = [ln - 1e-9, ln + 1e-9, ln - 1.0, ln + 1.0, 0.0, 0.0];
    bench.file("wide.npy", &npy_f64(&[1, 6], &z));
    let report = bench.json("eval wide.npy g.npy --metrics recall --threshold 0.9");
    near(&report["classes"][1]["recall"], 2.0 / 6.0, 1e-15);
}

/// Every threshold metric of scores that `f32` would make one or two, by their definitions over pairs and thresholds.
#[test]
fn f64_scores_are_ranked_as_f64() {
    let bench = Bench::new();
    let order = [3, 11, 0, 7, 9, 1, 5, 10, 2, 8, 4, 6];
    let z: Vec<f64> = order.iter().map(|rank| 1.0 + 1e-9 * f64::from(*rank)).collect();
    let labels = [0_u8, 1, 0, 1, 1, 0, 1, 0, 0, 1, 1, 0];
    bench.file("z.npy", &npy_f64(&[2, 6], &z));
    bench.file("g.npy", &npy("|u1", &[2, 6], &labels));
    let report = bench.json("eval z.npy g.npy --metrics all");
    let sides = [0, 1].map(|side| z.iter().zip(labels).filter(move |(_, g)| *g == side).map(|(z, _)| *z));
    let [background, foreground] = sides.map(Iterator::collect::<Vec<f64>>);
    let won = foreground.iter().flat_map(|a| background.iter().map(move |b| f64::from(u8::from(a > b))));
    near(&report["threshold"]["auroc"], won.sum::<f64>() / 36.0, 1e-15);
    let (mut precision, mut best) = (0.0, 0.0_f64);
    for least in &foreground {
        let [alarms, hits] =
            [&background, &foreground].map(|side| side.iter().filter(|z| *z >= least).count() as f64);
        precision += hits / (hits + alarms) / 6.0;
        best = best.max(2.0 * hits / (hits + alarms + 6.0));
    }
    near(&report["threshold"]["average_precision"], precision, 1e-15);
    near(&report["threshold"]["max_f1"], best, 1e-15);
    // Of the probability itself: no bin and no sum depends on the last digits.
    near(
        &report["calibration"]["brier"],
        {
            let p = 1.0 / (1.0 + (-1.0_f64).exp());
            0.5 * (p * p + (1.0 - p) * (1.0 - p))
        },
        1e-6,
    );
    // Two classes whose difference is such a score are the same two sides.
    let planes: Vec<f64> = z.iter().map(|_| 0.0).chain(z.iter().copied()).collect();
    bench.file("c.npy", &npy_f64(&[2, 2, 6], &planes));
    let classes = bench.json("eval c.npy g.npy --layout chw --metrics auroc");
    near(&classes["classes"][1]["threshold"]["auroc"], report["threshold"]["auroc"].as_f64().unwrap(), 1e-15);
    // Beyond what f32 holds, a score is still a score.
    bench.file("far.npy", &npy_f64(&[1, 4], &[-1e300, 1e-300, 1e300, 2e300]));
    bench.file("f.npy", &npy("|u1", &[1, 4], &[0, 0, 1, 1]));
    let far = bench.json("eval far.npy f.npy --metrics auroc,nll");
    assert_eq!(far["threshold"]["auroc"], 1.0);
    near(&far["calibration"]["nll"], 2.0_f64.ln() / 4.0, 1e-6);
}

#[test]
fn what_is_ignored_may_be_nan() {
    let bench = Bench::new();
    let (nan, inf) = (f32::NAN, f32::INFINITY);
    bench.file("g.npy", &npy("|u1", &[2, 3], &[1, 255, 0, 255, 1, 255]));
    for (name, [a, b, c]) in [("nan.npy", [nan, inf, -inf]), ("z.npy", [0.0; 3])] {
        bench.file(name, &npy_f32(&[2, 3], &[2.0, a, -1.0, b, -3.0, c]));
        bench.file(&format!("wide.{name}"), &npy_f64(&[2, 3], &[2.0, a, -1.0, b, -3.0, c].map(f64::from)));
        let planes = [[2.0, a, -1.0, b, -3.0, c], [0.0, c, 0.0, a, 0.0, b]].concat();
        let pixels: Vec<f32> = (0..6).flat_map(|pixel| [planes[pixel], planes[6 + pixel]]).collect();
        bench.file(&format!("chw.{name}"), &npy_f32(&[2, 2, 3], &planes));
        bench.file(&format!("hwc.{name}"), &npy_f32(&[2, 3, 2], &pixels));
    }
    for (file, flags) in [
        ("", ""),
        ("wide.", ""),
        ("chw.", "--layout chw --metrics all"),
        ("hwc.", "--layout hwc --metrics all"),
    ] {
        let report = |name: &str| bench.json(&format!("eval {file}{name} g.npy {flags}"));
        assert_eq!(report("nan.npy"), report("z.npy"), "{file}");
    }
    // What is scored may not.
    bench.file("all.npy", &npy("|u1", &[2, 3], &[1, 1, 0, 255, 1, 255]));
    for (file, place) in [("nan.npy", "pixel 1"), ("wide.nan.npy", "pixel 1")] {
        let stderr = bench.refusal(&format!("eval {file} all.npy"));
        assert!(stderr.contains(&format!("{file}: found NaN at {place} of image 0")), "{stderr}");
    }
    let stderr = bench.refusal("eval chw.nan.npy all.npy --layout chw");
    assert!(stderr.contains("found NaN at place 1 of image 0"), "{stderr}");
    let stderr = bench.refusal("eval hwc.nan.npy all.npy --layout hwc");
    assert!(stderr.contains("found NaN at place 2 of image 0"), "{stderr}");
}

/// A class that is ignored is in no mean, of counts, shapes or scores; mmsegmentation has it in its mean.
#[test]
fn an_ignored_class_is_in_no_mean() {
    let bench = Bench::new();
    let labels = [0_u8, 0, 1, 1, 1, 2, 2, 2, 1, 2, 1, 2];
    let prediction = [0_u8, 1, 1, 0, 1, 2, 2, 1, 1, 2, 1, 2];
    bench.file("p.npy", &npy("|u1", &[3, 4], &prediction));
    bench.file("g.npy", &npy("|u1", &[3, 4], &labels));
    let iou = |class: u8| {
        let pixels = || prediction.iter().zip(labels).filter(|(_, g)| *g != 0);
        let count = |is: &dyn Fn(bool, bool) -> bool| {
            pixels().filter(|(p, g)| is(**p == class, *g == class)).count() as f64
        };
        count(&|p, g| p && g) / count(&|p, g| p || g)
    };
    let mean = f64::midpoint(iou(1), iou(2));
    let line = "eval p.npy g.npy --classes 3 --ignore 0 --background";
    for (preset, expected) in [
        ("", mean),
        ("--preset torchmetrics_jaccard_index", mean),
        ("--preset torchmetrics", mean),
        ("--preset cityscapes_pixel", mean),
        ("--preset monai", mean),
        ("--preset medpy", mean),
        ("--preset metrics_reloaded", mean),
        // Predicted where nothing is labelled so: 0.
        ("--preset mmseg", 2.0 * mean / 3.0),
    ] {
        let report = bench.json(&format!("{line} {preset}"));
        near(&report["pooled"]["mean_iou"], expected, 1e-15);
        near(&report["averages"]["iou"]["pooled"], expected, 1e-15);
        for averaging in ["per_image_mean", "per_class_mean", "per_pair_mean"] {
            near(&report["averages"]["iou"][averaging], expected, 1e-15);
        }
    }
    let report = bench.json(line);
    assert_eq!(report["classes"][0]["iou"], Value::Null);
    assert!(report["undefined"].get("iou").is_none() && report["undefined"].get("hausdorff").is_none());
    assert!(report["classes"][0].get("surface").is_none());
    for family in ["surface", "topology", "panoptic"] {
        for (name, found) in report[family].as_object().unwrap() {
            let of = |class: usize| report["classes"][class][family][name].as_f64();
            let all: Vec<f64> = (1..3).filter_map(of).collect();
            let mean = (!all.is_empty()).then(|| all.iter().sum::<f64>() / all.len() as f64);
            assert_eq!(found.is_null(), mean.is_none(), "{name}");
            mean.iter().for_each(|mean| near(found, *mean, 1e-12));
        }
    }
    // Scores of the classes: that of an ignored one is in no mean either.
    let planes: Vec<f32> = (0..3)
        .flat_map(|class| prediction.iter().map(move |p| if usize::from(*p) == class { 2.0 } else { 0.3 }))
        .collect();
    bench.file("z.npy", &npy_f32(&[3, 3, 4], &planes));
    let scores = bench.json("eval z.npy g.npy --layout chw --ignore 0 --metrics auroc,classwise_ece");
    let auroc = |class: usize| scores["classes"][class]["threshold"]["auroc"].as_f64();
    assert_eq!(auroc(0), None);
    near(&scores["threshold"]["auroc"], f64::midpoint(auroc(1).unwrap(), auroc(2).unwrap()), 1e-12);
    assert!(scores["undefined"].get("auroc").is_none());
    let share = |class: u8| {
        let power = |own: bool| if own { 2.0_f64.exp() } else { 0.3_f64.exp() };
        let p = |own: bool| power(own) / (2.0_f64.exp() + 2.0 * 0.3_f64.exp());
        // Two probabilities, two bins.
        let gap = |own: bool| {
            let pixels =
                || prediction.iter().zip(labels).filter(move |(p, g)| *g != 0 && (**p == class) == own);
            (pixels().count() as f64 * p(own) - pixels().filter(|(_, g)| *g == class).count() as f64).abs()
        };
        (gap(true) + gap(false)) / 10.0
    };
    near(&scores["calibration"]["classwise_ece"], f64::midpoint(share(1), share(2)), 1e-6);
}

#[test]
fn names_of_classes() {
    let bench = Bench::new();
    dots(&bench, 3);
    for (text, found) in [
        (",", "found --classes ,, with a name that is blank"),
        ("a,", "with a name that is blank"),
        ("a,b,a", "with `a` twice"),
        ("1", "found 1 classes, expected 2 to 1024"),
        ("road", "found --classes road, expected a number of classes, or the names of two or more"),
    ] {
        let stderr = bench.refusal(&format!("eval p.png g.png --classes {text}"));
        assert!(stderr.contains(found), "{text}: {stderr}");
    }
}

/// Whatever is wrong with a mask, of a folder or alone, its file is named once.
#[test]
fn a_broken_mask_is_named_once() {
    let bench = Bench::new();
    let good = png_grey(3, 2, &[0, 1, 1, 0, 0, 1]);
    bench.file("p/one.png", &good);
    bench.file("z.npy", &npy_f32(&[2, 3], &[0.5; 6]));
    for (name, bytes) in [
        ("one.png", good[..good.len() / 2].to_vec()),
        ("one.png", b"no picture".to_vec()),
        ("one.png", png_grey(2, 2, &[0; 4])),
        ("one.npy", npy("|u1", &[2, 3], &[0; 5])),
        ("one.npy", npy("|u1", &[1, 1, 2, 3], &[0; 6])),
        ("one.npy", npy("<i2", &[2, 3], &[0; 12])),
        ("one.npy", npy_f32(&[2, 3], &[0.5; 6])),
        ("one.bin", vec![0; 5]),
    ] {
        let file = format!("broken/{name}");
        bench.file(&file, &bytes);
        for line in [
            format!("eval p {file}"),
            "eval p broken".to_owned(),
            format!("eval z.npy {file}"),
            "eval z.npy broken".to_owned(),
            "loss bce --logits z.npy --labels broken".to_owned(),
            format!("eval {file} p/one.png"),
        ] {
            // Soft labels are something to `loss`, and one score per pixel is to `eval`.
            if name == "one.npy" && bench.run(&line).status.success() {
                continue;
            }
            let stderr = bench.refusal(&line);
            assert!(stderr.matches(&file).count() <= 1, "{line}: {stderr}");
            assert!(stderr.contains("broken") || stderr.contains(name), "{line}: {stderr}");
        }
        std::fs::remove_file(bench.path(&file)).unwrap();
    }
}
