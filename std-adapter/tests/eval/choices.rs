//! What can be chosen of single metrics, against the choice written out; and where it is told.

use serde_json::Value;

use super::support::{Bench, logits, npy, npy_f32};

const SIDE: usize = 12;

/// A square that touches the frame, another one off by a pixel, and dots that touch at corners.
fn masks(bench: &Bench) -> [Vec<u8>; 2] {
    let masks = [0, 1].map(|shift| {
        let is_set = |pixel: usize| {
            let (row, column) = (pixel / SIDE, pixel % SIDE);
            let square = row < 5 + shift && (shift..6).contains(&column);
            square || (row >= 8 && row == column + shift && column % 5 != 4)
        };
        (0..SIDE * SIDE).map(|pixel| u8::from(is_set(pixel))).collect::<Vec<u8>>()
    });
    for (name, mask) in [("p", &masks[0]), ("g", &masks[1])] {
        bench.file(&format!("{name}.npy"), &npy("|u1", &[SIDE, SIDE], mask));
    }
    masks
}

fn near(found: &Value, expected: f64) {
    let found = found.as_f64().unwrap();
    assert!((found - expected).abs() <= 1e-12 * expected.abs(), "{found}, expected {expected}");
}

/// Pixels of a mask beside one outside, and, where `frame_counts`, beside the end of the image.
fn contour(mask: &[u8], frame_counts: bool) -> Vec<(f64, f64)> {
    let at = |row: isize, column: isize| {
        let inside = |x: isize| usize::try_from(x).ok().filter(|x| *x < SIDE);
        match (inside(row), inside(column)) {
            (Some(row), Some(column)) => mask[row * SIDE + column] == 1,
            _ => !frame_counts,
        }
    };
    let mut found = Vec::new();
    for (row, column) in (0..SIDE as isize).flat_map(|row| (0..SIDE as isize).map(move |c| (row, c))) {
        let beside = [(0, 1), (1, 0), (0, -1), (-1, 0)];
        if at(row, column) && beside.iter().any(|(y, x)| !at(row + y, column + x)) {
            found.push((row as f64, column as f64));
        }
    }
    found
}

/// Sorted distances of one contour to another.
fn distances(from: &[(f64, f64)], to: &[(f64, f64)]) -> Vec<f64> {
    let nearest = |(y, x): &(f64, f64)| {
        to.iter().map(|(v, u)| ((y - v).powi(2) + (x - u).powi(2)).sqrt()).fold(f64::INFINITY, f64::min)
    };
    let mut all: Vec<f64> = from.iter().map(nearest).collect();
    all.sort_by(f64::total_cmp);
    all
}

#[test]
fn percentile_and_frame_of_contours() {
    let bench = Bench::new();
    let masks = masks(&bench);
    for (percentile, key) in
        [("90", "hd90"), ("99.9", "hd99.9"), ("95", "hd95"), ("0", "hd0"), ("100", "hd100")]
    {
        for (rule, frame_counts) in
            [("", false), ("--frame-rule ignored", false), ("--frame-rule counts", true)]
        {
            let [a, b] = [0, 1].map(|side: usize| contour(&masks[side], frame_counts));
            let both = [distances(&a, &b), distances(&b, &a)];
            let expected = both.each_ref().map(|all| {
                let place = percentile.parse::<f64>().unwrap() / 100.0 * (all.len() - 1) as f64;
                let (low, high) = (all[place.floor() as usize], all[place.ceil() as usize]);
                low + (high - low) * place.fract()
            });
            let line =
                format!("eval p.npy g.npy --metrics hd95,hausdorff,assd --percentile {percentile} {rule}");
            let report = bench.json(&line);
            near(&report["surface"][key], expected[0].max(expected[1]));
            near(&report["surface"]["hausdorff"], both[0].last().unwrap().max(*both[1].last().unwrap()));
            near(&report["surface"]["assd"], both.concat().iter().sum::<f64>() / (a.len() + b.len()) as f64);
            let said = report["definition"][key].as_str().unwrap();
            let frame = if frame_counts { "frame counts" } else { "frame does not count" };
            assert!(said.contains(&format!("percentile {percentile}, ")) && said.contains(frame), "{said}");
            assert_eq!(report["surface"].get("hd95").is_some(), key == "hd95");
        }
    }
    // Every other metric of contours follows the rule too, whatever the preset says.
    let line =
        "eval p.npy g.npy --metrics nsd,boundary_f,trimap,boundary_iou --tolerance 0 --trimap-radius 0";
    let of = |flags: &str| bench.json(&format!("{line} {flags}"))["surface"].clone();
    assert_eq!(of("--preset monai --frame-rule ignored")["nsd"], of("")["nsd"]);
    assert_eq!(of("--frame-rule counts")["nsd"], of("--preset monai")["nsd"]);
    assert_eq!(of("--frame-rule counts")["boundary_iou"], of("--preset boundary_iou_coco")["boundary_iou"]);
    assert_eq!(of("--preset boundary_iou_coco --frame-rule ignored"), of(""));
    for name in ["boundary_f", "trimap"] {
        assert_ne!(of("--frame-rule counts")[name], of("")[name], "{name}");
    }
    for preset in ["", "--preset davis_f"] {
        let report = bench.json(&format!("{line} {preset} --frame-rule counts"));
        for (name, said) in report["definition"].as_object().unwrap() {
            let said = said.as_str().unwrap();
            assert!(said.contains("frame counts") && !said.contains("does not count"), "{name}: {said}");
        }
    }
    // Of the share at a tolerance of 0, by sets.
    let [a, b] = [0, 1].map(|side: usize| contour(&masks[side], true));
    let both = a.iter().filter(|pixel| b.contains(pixel)).count() as f64;
    near(&of("--frame-rule counts")["nsd"], 2.0 * both / (a.len() + b.len()) as f64);
    // A percentile of another name is shown everywhere by that name.
    let table =
        bench.stdout("eval p.npy g.npy --percentile 90 --report r.html --csv e.csv --worst-by hd90", 0);
    let page = std::fs::read_to_string(bench.path("r.html")).unwrap();
    let sheet = std::fs::read_to_string(bench.path("e.csv")).unwrap();
    for text in [table, page, sheet] {
        assert!(text.contains("hd90") && !text.contains("hd95"), "{text}");
    }
}

/// How many pieces dots make, by flooding.
fn pieces(mask: &[u8], corners: bool) -> usize {
    let (mut seen, mut count) = (vec![false; mask.len()], 0);
    for start in 0..mask.len() {
        let mut open = vec![start];
        count += usize::from(mask[start] == 1 && !seen[start]);
        while let Some(pixel) = open.pop() {
            if mask[pixel] == 0 || std::mem::replace(&mut seen[pixel], true) {
                continue;
            }
            let (row, column) = (pixel / SIDE, pixel % SIDE);
            for (y, x) in (0..3).flat_map(|y| (0..3).map(move |x| (y, x))) {
                let (row, column) = ((row + y).wrapping_sub(1), (column + x).wrapping_sub(1));
                if row < SIDE && column < SIDE && (corners || y == 1 || x == 1) {
                    open.push(row * SIDE + column);
                }
            }
        }
    }
    count
}

#[test]
fn connectivity() {
    let bench = Bench::new();
    let [prediction, labels] = masks(&bench);
    let line = "eval p.npy g.npy --metrics components,recognition_quality,lesion_wise_dice";
    let report = |flags: &str| bench.json(&format!("{line} {flags}"));
    for (flags, corners) in [("", false), ("--connectivity 4", false), ("--connectivity 8", true)] {
        let found = report(flags);
        near(&found["topology"]["components"], pieces(&prediction, corners) as f64);
        near(&found["topology"]["components_of_labels"], pieces(&labels, corners) as f64);
        let said = if corners { "8-connected foreground" } else { "4-connected foreground" };
        assert!(found["definition"]["components"].as_str().unwrap().contains(said));
    }
    // Segments touch at corners unless told otherwise.
    assert_eq!(report("--connectivity 8")["panoptic"], report("")["panoptic"]);
    let four = report("--connectivity 4");
    assert_ne!(four["panoptic"], report("")["panoptic"]);
    for name in ["recognition_quality", "lesion_wise_dice"] {
        let said = |report: &Value| report["definition"][name].as_str().unwrap().to_owned();
        assert!(said(&report("")).contains("sides and corners") || name == "lesion_wise_dice");
        assert!(!said(&four).contains("sides and corners"));
    }
}

#[test]
fn weights_of_tversky() {
    let bench = Bench::new();
    let prediction: Vec<u8> = (0..100).map(|pixel| u8::from(pixel < 40)).collect();
    let labels: Vec<u8> = (0..100).map(|pixel| u8::from((7..57).contains(&pixel))).collect();
    bench.file("p.npy", &npy("|u1", &[10, 10], &prediction));
    bench.file("g.npy", &npy("|u1", &[10, 10], &labels));
    for (flags, fp_weight, fn_weight) in
        [("", 0.3, 0.7), ("--fp-weight 0.2 --fn-weight 0.9", 0.2, 0.9), ("--fn-weight 0", 0.3, 0.0)]
    {
        let report = bench.json(&format!("eval p.npy g.npy --metrics tversky_index {flags}"));
        // 33 pixels of both, 7 of the prediction, 17 of the labels.
        let expected = 33.0 / (33.0 + 7.0 * fp_weight + 17.0 * fn_weight);
        near(&report["classes"][1]["tversky_index"], expected);
        let said = report["definition"]["tversky_index"].as_str().unwrap();
        assert!(said.contains(&format!("fp_weight {fp_weight}, fn_weight {fn_weight}")), "{said}");
    }
}

/// Bins by hand, of logits, of codes, and of softmax.
#[test]
fn bins_of_calibration() {
    let bench = Bench::new();
    let z = logits(SIDE * SIDE);
    let labels: Vec<u8> =
        (0..SIDE * SIDE).map(|pixel| u8::from(z[pixel] > 0.0) ^ u8::from(pixel % 5 == 0)).collect();
    let codes: Vec<u8> = (0..SIDE * SIDE).map(|pixel| (pixel * 89 % 256) as u8).collect();
    bench.file("z.npy", &npy_f32(&[SIDE, SIDE], &z));
    bench.file("c.npy", &npy("|u1", &[SIDE, SIDE], &codes));
    bench.file("g.npy", &npy("|u1", &[SIDE, SIDE], &labels));
    let of_logits = |pixel: usize| 1.0 / (1.0 + (-f64::from(z[pixel])).exp());
    let of_codes = |pixel: usize| f64::from(codes[pixel]) / 255.0;
    let error = |p: &dyn Fn(usize) -> f64, bins: usize| {
        let mut sums = vec![(0.0, 0.0); bins];
        for (pixel, label) in labels.iter().enumerate() {
            let (p, is_foreground) = (p(pixel), *label == 1);
            let (confidence, is_right) = if p > 0.5 { (p, is_foreground) } else { (1.0 - p, !is_foreground) };
            let sum = &mut sums[((confidence * bins as f64) as usize).min(bins - 1)];
            *sum = (sum.0 + confidence, sum.1 + f64::from(u8::from(is_right)));
        }
        let gaps = sums.iter().map(|(confidence, hits): &(f64, f64)| (confidence - hits).abs());
        gaps.sum::<f64>() / labels.len() as f64
    };
    // Each confidence is there once on either side: the middle of a pixel says where it goes, background first at ties.
    let equal_mass = |p: &dyn Fn(usize) -> f64, bins: usize| {
        let confident = |pixel: usize| if p(pixel) > 0.5 { (p(pixel), 1) } else { (1.0 - p(pixel), 0) };
        let mut order: Vec<((f64, u8), u8)> =
            labels.iter().enumerate().map(|(pixel, label)| (confident(pixel), *label)).collect();
        order.sort_by(|a, b| (a.0.0 + 1e-9 * f64::from(a.0.1)).total_cmp(&(b.0.0 + 1e-9 * f64::from(b.0.1))));
        let mut sums = vec![0.0; bins];
        for (place, ((confidence, side), label)) in order.iter().enumerate() {
            let bin = (place as f64 + 0.5) * bins as f64 / labels.len() as f64;
            sums[bin as usize] += confidence - f64::from(u8::from(side == label));
        }
        sums.iter().map(|sum: &f64| sum.abs()).sum::<f64>() / labels.len() as f64
    };
    for bins in [1, 2, 7, 10, 15, 100, 4096] {
        for (line, p) in [
            ("eval z.npy g.npy", &of_logits as &dyn Fn(usize) -> f64),
            ("eval c.npy g.npy --probabilities", &of_codes),
        ] {
            let report = bench.json(&format!("{line} --metrics ece,ace --bins {bins}"));
            let (found, expected) = (report["calibration"]["ece"].as_f64().unwrap(), error(p, bins));
            assert!((found - expected).abs() < 1e-6, "{line} {bins}: {found}, expected {expected}");
            let (found, expected) = (report["calibration"]["ace"].as_f64().unwrap(), equal_mass(p, bins));
            assert!((found - expected).abs() < 1e-6, "{line} {bins}: ace {found}, expected {expected}");
            for name in ["ece", "ace"] {
                let said = report["definition"][name].as_str().unwrap();
                assert!(said.contains(&format!("{bins} bins")), "{said}");
            }
        }
    }
    // A preset keeps its edges.
    let report = bench.json("eval z.npy g.npy --metrics ece --bins 7 --preset torchmetrics");
    assert!(report["definition"]["ece"].as_str().unwrap().contains("preset torchmetrics: 7 bins"));
}

/// 51 / 255 is 0.2, 102 / 255 is 0.4 and 204 / 255 0.8: with ten or five bins on an inner edge, in the bin above.
#[test]
fn inner_edges_of_bins() {
    let bench = Bench::new();
    let (codes, labels) = ([51_u8, 50, 52, 204, 203, 102, 153], [1_u8, 0, 0, 1, 0, 1, 1]);
    bench.file("c.npy", &npy("|u1", &[1, 7], &codes));
    bench.file("g.npy", &npy("|u1", &[1, 7], &labels));
    for bins in [5_u32, 10] {
        // Preset torchmetrics has the confidence of the foreground; `reloaded` has an edge in the bin below.
        for (preset, below) in [("torchmetrics", 0), ("metrics_reloaded", 1)] {
            let mut sums = vec![(0_u32, 0_u32); bins as usize];
            for (code, label) in codes.iter().zip(labels) {
                let place = (u32::from(*code) * bins - below) / 255;
                let sum = &mut sums[place as usize];
                *sum = (sum.0 + u32::from(*code), sum.1 + u32::from(label));
            }
            let gaps = sums.iter().map(|(sum, hits)| sum.abs_diff(255 * hits)).sum::<u32>();
            let expected = f64::from(gaps) / (255.0 * codes.len() as f64);
            let report = bench.json(&format!(
                "eval c.npy g.npy --probabilities --metrics ece --bins {bins} --preset {preset}"
            ));
            near(&report["calibration"]["ece"], expected);
        }
    }
}

#[test]
fn choices_are_listed_and_checked() {
    let bench = Bench::new();
    masks(&bench);
    let help = bench.stdout("eval --help", 0);
    for flag in ["--bins", "--percentile", "--connectivity", "--fp-weight", "--fn-weight", "--frame-rule"] {
        assert!(help.contains(flag), "{flag}");
    }
    let list = bench.json("list metrics");
    let parameters = |name: &str| {
        let entry = list.as_array().unwrap().iter().find(|entry| entry["name"] == name).unwrap();
        entry["parameters"].as_array().unwrap().clone()
    };
    for (metric, name, default) in [
        ("ece", "bins", Value::from(15.0)),
        ("ace", "bins", Value::from(15.0)),
        ("hd95", "percentile", Value::from(95.0)),
        ("hd95", "frame_rule", Value::from("ignored")),
        ("boundary_iou", "frame_rule", Value::from("ignored")),
        ("components", "connectivity", Value::from("4")),
        ("panoptic_quality", "connectivity", Value::from("8")),
        ("tversky_index", "fp_weight", Value::from(0.3)),
        ("tversky_index", "fn_weight", Value::from(0.7)),
        ("f_beta", "beta", Value::from(2.0)),
        ("nsd", "tolerance", Value::from(2.0)),
        ("trimap", "trimap_radius", Value::from(3.0)),
    ] {
        let found = parameters(metric);
        let found = found.iter().find(|parameter| parameter["name"] == name);
        assert_eq!(found.unwrap_or_else(|| panic!("{metric} {name}"))["default"], default, "{metric} {name}");
        assert!(help.contains(&format!("--{}", name.replace('_', "-"))), "{name}");
    }
    for (flags, found) in [
        ("--bins 0", "--bins"),
        ("--percentile 101", "found --percentile 101, expected a number from 0 to 100"),
        ("--percentile NaN", "found --percentile NaN"),
        ("--connectivity 6", "--connectivity"),
        ("--fp-weight inf", "found --fp-weight inf"),
        ("--fn-weight=-1", "found --fn-weight -1"),
        ("--frame-rule maybe", "--frame-rule"),
    ] {
        let stderr = bench.refusal(&format!("eval p.npy g.npy {flags}"));
        assert!(stderr.contains(found), "{flags}: {stderr}");
    }
}
