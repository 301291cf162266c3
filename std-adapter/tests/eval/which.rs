//! Which metrics and presets there are, and what does not change a digit.

use super::demo::{demo_line, several};
use super::support::{Bench, keys, logits, npy, npy_f32};

#[test]
fn no_digit_depends_on_threads_or_level() {
    let bench = Bench::new();
    several(&bench);
    for line in [demo_line(), "eval p g --classes 3 --ignore 7".to_owned()] {
        let run = |flags: &str| {
            let text =
                bench.stdout(&format!("{line} --per-image --json --csv e.csv --report r.html {flags}"), 0);
            let file = |name: &str| std::fs::read(bench.path(name)).unwrap();
            (text, file("e.csv"), file("r.html"))
        };
        let expected = run("--threads 1");
        for flags in ["--threads 2", "--threads 5", "--level scalar", ""] {
            assert!(run(flags) == expected, "{flags}");
        }
    }
}

#[test]
fn metrics_by_name() {
    let bench = Bench::new();
    several(&bench);
    let report = bench.json("eval p g --classes 3 --ignore 7 --metrics iou,hd95,betti_error,max_f");
    assert_eq!(keys(&report["surface"]), ["hd95"]);
    assert_eq!(keys(&report["topology"]), ["betti_error"]);
    assert_eq!(keys(&report["averages"]), ["iou"]);
    assert_eq!(keys(&report["pooled"]).len(), 0);
    assert_eq!(keys(&report["definition"]), ["iou", "max_f1", "hd95", "betti_error"]);
    let table = bench.stdout("eval p g --classes 3 --ignore 7 --metrics iou,hd95", 0);
    assert!(table.contains("hd95") && !table.contains("dice"), "{table}");
    // Whatever eval computes is listed, and whatever is listed is computed or said to be for the library.
    let all = bench.json(&format!("{} --metrics all --categories road=foreground", demo_line()));
    for entry in bench.json("list metrics").as_array().unwrap() {
        let (name, definition) = (entry["name"].as_str().unwrap(), entry["definition"].as_str().unwrap());
        let is_library_only = definition.ends_with("library only");
        assert_ne!(is_library_only, all["definition"].get(name).is_some(), "{name}");
        let families =
            ["pooled", "averages", "surface", "threshold", "calibration", "topology", "panoptic", "road"];
        let found = families.iter().any(|family| all[family].get(name).is_some());
        assert_ne!(is_library_only, found, "{name}");
    }
}

/// A definition says what a preset changes wherever the list says that it changes something, and nowhere else.
#[test]
fn presets_are_where_the_list_has_them() {
    let bench = Bench::new();
    bench.file("p.npy", &npy("|u1", &[1, 2], &[0, 200]));
    bench.file("g.npy", &npy("|u1", &[1, 2], &[0, 1]));
    let listed = bench.json("list metrics");
    let refusal = bench.refusal("eval p.npy g.npy --preset x");
    let presets: Vec<_> = refusal.split_once("one of ").unwrap().1.trim().split(", ").collect();
    let asked = "monai metrics_reloaded medpy panoptica surface_distance boundary_iou_coco boundary_iou_cityscapes \
                 davis_f kitti_road cityscapes_pixel mmseg torchmetrics";
    assert!(asked.split(' ').all(|preset| presets.contains(&preset)), "{refusal}");
    for preset in presets {
        let report = bench.json(&format!("eval p.npy g.npy --probabilities --preset {preset}"));
        assert_eq!(report["preset"], preset);
        for entry in listed.as_array().unwrap() {
            let Some(definition) = report["definition"].get(entry["name"].as_str().unwrap()) else {
                continue;
            };
            let is_said = definition.as_str().unwrap().contains(&format!("preset {preset}: "));
            let is_listed = entry["presets"].as_array().unwrap().contains(&preset.into());
            assert_eq!(is_said, is_listed, "{preset} {}: {definition}", entry["name"]);
        }
    }
}

/// What is computed beside a metric does not change it.
#[test]
fn a_metric_alone_is_the_same() {
    let bench = Bench::new();
    bench.file("z.npy", &npy_f32(&[2, 9, 14], &logits(252)));
    let labels: Vec<u8> =
        (0..252).map(|pixel| if pixel % 17 == 0 { 255 } else { (pixel / 5 % 2) as u8 }).collect();
    bench.file("g.npy", &npy("|u1", &[2, 9, 14], &labels));
    let flags = "--categories all=background,foreground";
    let all = bench.json(&format!("eval z.npy g.npy {flags} --metrics all"));
    for name in keys(&all["definition"]) {
        let one = bench.json(&format!("eval z.npy g.npy {flags} --metrics {name}"));
        assert_eq!(keys(&one["definition"]), [name]);
        let mut found = 0;
        for family in
            ["pooled", "averages", "surface", "threshold", "calibration", "topology", "panoptic", "road"]
        {
            for (key, value) in one[family].as_object().unwrap() {
                assert_eq!(value, &all[family][key], "{name} {key}");
                found += 1;
            }
        }
        assert!(found > 0, "{name}");
    }
}
