//! The `segmeter` command from end to end: keys, numbers and exit codes that others build on.

mod support;

use std::process::{Command, Stdio};

use segmeter::catalogue::PRESETS;
use serde_json::Value;
use support::{Bench, DEMO, LABELLED, assert_keys, demo, keys, npy_f32, png_bits, png_grey};

#[test]
fn list_names_everything() {
    let bench = Bench::new();
    let all = bench.json("list");
    let all = all.as_array().unwrap();
    let expected =
        "kind name family inputs quantised scratch parameters presets differs definition reference";
    for entry in all {
        assert_keys(entry, expected);
        for parameter in entry["parameters"].as_array().unwrap() {
            assert_keys(parameter, "name default range meaning");
        }
    }
    for (word, kind) in
        [("losses", "loss"), ("metrics", "metric"), ("detectors", "detector"), ("statistics", "statistic")]
    {
        let part = bench.json(&format!("list {word}"));
        let part = part.as_array().unwrap();
        assert!(part.iter().all(|entry| entry["kind"] == kind));
        assert_eq!(part.len(), all.iter().filter(|entry| entry["kind"] == kind).count());
    }
    assert!(bench.stdout("list", 0).contains("focal_tversky"));
    let dice = all.iter().find(|entry| entry["kind"] == "loss" && entry["name"] == "dice").unwrap();
    let average = dice["parameters"].as_array().unwrap().iter().find(|p| p["name"] == "average").unwrap();
    assert_eq!((&average["default"], &average["range"]), (&"macro".into(), &"macro, micro".into()));
}

#[test]
fn list_names_every_preset() {
    let mut listed = 0;
    for entry in Bench::new().json("list losses").as_array().unwrap() {
        let of_loss = || PRESETS.iter().filter(|preset| entry["name"] == preset.loss);
        let names: Vec<_> = of_loss().map(|preset| preset.name).collect();
        assert_eq!(entry["presets"], Value::from(names), "{}", entry["name"]);
        for preset in of_loss() {
            let differs = entry["differs"][preset.name].as_str().unwrap_or_default();
            assert_eq!(differs, preset.differs, "{} {}", preset.name, preset.loss);
            listed += 1;
        }
    }
    assert_eq!(listed, PRESETS.len());
}

#[test]
fn eval_of_eight_bit_logits() {
    let bench = Bench::new();
    let line = format!(
        "eval @road_i8.bin @label_bits.bin {DEMO} --frames {LABELLED} --valid @valid_bits.bin --per-image --csv e.csv"
    );
    let report = bench.json(&line);
    assert_keys(&report, "images pixels ignored classes pooled per_image_mean surface threshold calibration");
    assert_keys(&report, "topology undefined definition per_image");
    assert_keys(&report["pooled"], "mean_iou frequency_weighted_iou pixel_accuracy mean_accuracy mcc kappa");
    assert_keys(&report["classes"][1], "name id iou dice precision recall specificity");
    assert_keys(&report["threshold"], "auroc average_precision");
    assert_keys(&report["calibration"], "ece brier");
    assert_keys(&report["definition"], "iou mean_iou auroc ece brier");
    // tp, fp, fn, tn, ignored of frame 0 in the pack's frames.csv, which another program wrote.
    let first = &report["per_image"][0];
    let road = &first["classes"][1];
    let counts = ["true_positive", "false_positive", "false_negative", "true_negative"].map(|key| &road[key]);
    assert_eq!(counts, [8330, 198, 15, 10264].map(Value::from).each_ref());
    assert_eq!((&first["ignored"], &road["iou"]), (&Value::from(393), &Value::from(8330.0 / 8543.0)));
    let csv = std::fs::read_to_string(bench.path("e.csv")).unwrap();
    assert_eq!(csv.lines().count(), 1 + 19 * 2);
    assert!(csv.contains("\n0,foreground,1,8330,198,15,10264,"));
}

#[test]
fn eval_of_class_masks_in_directories() {
    let bench = Bench::new();
    bench.file("p/a.png", &png_grey(3, 1, &[0, 1, 1]));
    bench.file("g/a.png", &png_grey(3, 1, &[0, 1, 255]));
    bench.file("p/b.png", &png_grey(2, 2, &[1, 1, 0, 9]));
    bench.file("g/b.npy", &support::npy("|u1", &[2, 2], &[1, 1, 0, 0]));
    let report = bench.json("eval p g --classes sky,road,car");
    assert_eq!((&report["images"], &report["pixels"], &report["ignored"]), (&2.into(), &6.into(), &1.into()));
    let classes = &report["classes"];
    assert_eq!((&classes[1]["name"], &classes[1]["iou"]), (&"road".into(), &1.0.into()));
    // The prediction 9 is no class: wrong for the sky, in nobody's area.
    assert_eq!((&classes[0]["iou"], &classes[0]["precision"]), (&(2.0 / 3.0).into(), &1.0.into()));
    assert_eq!((&classes[2]["iou"], &report["undefined"]["iou"]), (&Value::Null, &1.into()));
    assert_eq!(report["pooled"]["mean_iou"], (2.0 / 3.0 + 1.0) / 2.0);
    assert_eq!(report["per_image_mean"]["mean_iou"], (1.0 + (0.5 + 1.0) / 2.0) / 2.0);
    assert_eq!((&report["threshold"], &report["calibration"]), (&Value::Null, &Value::Null));
    let few = bench.json("eval p g --classes 3 --metrics iou,kappa");
    assert_eq!(keys(&few["pooled"]), ["kappa"]);
    assert_eq!(bench.json("eval p g")["classes"].as_array().unwrap().len(), 10);
}

#[test]
fn eval_thresholds_logits() {
    let bench = Bench::new();
    bench.file("z.npy", &npy_f32(&[1, 4], &[-1.0, 0.0, 0.5, 2.0]));
    bench.file("g.png", &png_bits(4, 1, &[0b0011_0000]));
    let count = |line: &str| bench.json(line)["classes"][1]["true_positive"].clone();
    assert_eq!(count("eval z.npy g.png"), 2);
    assert_eq!(count("eval z.npy g.png --threshold 0.7"), 1);
    assert!(bench.stdout("eval z.npy g.png", 0).contains("mean_iou"));
}

#[test]
fn a_profile_watches() {
    let bench = Bench::new();
    let frames = format!("@road_i8.bin {DEMO}");
    let learnt = bench.json(&format!("profile {frames} --fixed --frames 0..80 --out p.profile"));
    assert_eq!((&learnt["frames"], &learnt["blocks"]), (&80.into(), &8.into()));
    let lines = bench.json_lines(
        &format!(
            "watch {frames} --profile p.profile --fail-on alarm --labels @label_bits.bin --valid @valid_bits.bin \
             --label-frames {LABELLED}"
        ),
        1,
    );
    let (summary, frames_seen) = lines.split_last().unwrap();
    assert_eq!(frames_seen.len(), 221);
    assert_keys(&frames_seen[0], "frame valid statistics distances estimated_iou state reasons iou");
    assert_keys(
        &frames_seen[0]["statistics"],
        "road_fraction boundary_density relative_centroid_row mean_entropy road_margin estimated_iou",
    );
    // The profile has learnt from no labels: the network's own word, which its chart sees, and no estimate.
    assert_eq!(frames_seen[0]["estimated_iou"], Value::Null);
    assert!(frames_seen[0]["statistics"]["estimated_iou"].is_number());
    assert_keys(&frames_seen[0]["distances"], "population_stability_index wasserstein");
    assert_eq!((&frames_seen[1]["iou"], &frames_seen[0]["iou"]), (&Value::Null, &(8330.0 / 8543.0).into()));
    assert_keys(summary, "frames invalid alarms first_alarm");
    // Counted over the lines: frames in alarm, and how often it began.
    let alarm: Vec<bool> = frames_seen.iter().map(|frame| frame["state"] == "alarm").collect();
    let began = (0..alarm.len()).filter(|at| alarm[*at] && (*at == 0 || !alarm[at - 1])).count();
    let in_alarm = alarm.iter().filter(|alarm| **alarm).count();
    assert!(began > 0 && in_alarm > began && in_alarm < alarm.len(), "{began} {in_alarm}");
    assert_eq!((&summary["alarms"], &summary["alarm_frames"]), (&began.into(), &in_alarm.into()));
    assert_eq!(summary["first_alarm"], alarm.iter().position(|alarm| *alarm).unwrap());
    // The camera is degraded from frame 100 on.
    assert_eq!((&summary["frames"], &summary["first_alarm"]), (&221.into(), &118.into()));
    // Before that it is watched, and no alarm, which is said.
    let is_watch = |frame: &&Value| frame["state"] == "watch";
    let before = &frames_seen[..118];
    let (first, frames_watched) =
        (before.iter().position(|frame| is_watch(&frame)).unwrap(), before.iter().filter(is_watch).count());
    let calm = bench.stdout(&format!("watch {frames} --profile p.profile --frames 0..118"), 0);
    let line =
        format!("no alarm, but {frames_watched} frames in state watch, the first of them frame {first}");
    assert!(calm.contains(&line), "{line}: {calm}");
    let clean =
        bench.json_lines(&format!("watch {frames} --profile p.profile --frames 0..100 --fail-on alarm"), 0);
    assert_eq!(clean.last().unwrap()["first_alarm"], Value::Null);
    let table = bench.stdout(&format!("watch {frames} --profile p.profile --report r.html"), 0);
    assert!(table.contains(">> ALARM") && table.contains("ALARM after frame 118"), "{table}");
    let page = std::fs::read_to_string(bench.path("r.html")).unwrap();
    assert_eq!(page.matches("<svg").count(), 9, "states, and a plot for each signal");
    assert!(!page.replace("http://www.w3.org/2000/svg", "").contains("http"), "no network");
    // All that the record has; how drives differ and what is seen is known where it is learnt alone.
    let shown = bench.json("profile --show p.profile");
    let mut signals = learnt["signals"].clone();
    for signal in signals.as_object_mut().unwrap().values_mut().map(|signal| signal.as_object_mut().unwrap())
    {
        assert!(
            ["spread", "shift_seen"].iter().all(|key| signal.remove(*key).unwrap().is_number()),
            "{learnt}"
        );
    }
    assert_eq!((&shown["frames"], &shown["signals"]), (&80.into(), &signals));
}

#[test]
fn a_profile_with_labels_estimates_the_iou() {
    let bench = Bench::new();
    let frames = format!("@road_i8.bin {DEMO}");
    let labels = format!("--labels @label_bits.bin --valid @valid_bits.bin --label-frames {LABELLED}");
    let learnt = bench.json(&format!("profile {frames} {labels} --out p.profile"));
    assert_eq!((&learnt["labelled"], &learnt["calibrated"]), (&18.into(), &true.into()));
    let lines = bench.json_lines(&format!("watch {frames} --profile p.profile {labels}"), 0);
    let (summary, frames) = lines.split_last().unwrap();
    let number = |frame: &Value, key: &str| frame[key].as_f64().unwrap();
    for frame in frames {
        let [low, value, high] =
            ["estimated_iou_low", "estimated_iou", "estimated_iou_high"].map(|key| number(frame, key));
        assert!(low <= value && value <= high, "{frame}");
    }
    let labelled: Vec<_> = frames.iter().filter(|frame| !frame["iou"].is_null()).collect();
    let errors = labelled.iter().map(|frame| (number(frame, "iou") - number(frame, "estimated_iou")).abs());
    let mean = errors.sum::<f64>() / labelled.len() as f64;
    assert!((number(summary, "estimated_iou_error") - mean).abs() < 1e-12 && mean < 0.1, "{mean}");
}

#[test]
fn frames_that_cannot_be_measured_are_named() {
    let bench = Bench::new();
    let frames = format!("@road_i8.bin {DEMO}");
    bench.stdout(&format!("profile {frames} --frames 0..80 --invalid-frames 6 --out p.profile"), 0);
    // The same frame again and again, then frames of another size.
    let frozen = "7,7,7,7,7,7,7,7,7,7,7,7";
    let lines =
        bench.json_lines(&format!("watch {frames} --frames {frozen} --profile p.profile --fail-on alarm"), 1);
    let invalid: Vec<_> = lines[..12].iter().map(|line| line["invalid"].as_str()).collect();
    assert_eq!(invalid, [vec![None; 4], vec![Some("frozen"); 8]].concat());
    assert_eq!(lines[12]["first_alarm"], 7);
    assert_eq!(lines[9]["reasons"], serde_json::json!(["invalid_run", "undecided"]));
    let small = "@road_i8.bin --shape 221,60,320 --dtype i8 --scale 0.10186974 --zero-point 15";
    let lines = bench.json_lines(&format!("watch {small} --frames 0..3 --profile p.profile"), 0);
    assert!(
        lines[..3].iter().all(|line| line["invalid"] == "shape" && line["state"] == "unknown"),
        "{lines:?}"
    );
}

#[test]
fn help_and_version() {
    let bench = Bench::new();
    assert!(bench.stdout("--help", 0).contains("watch"));
    assert!(bench.stdout("loss --help", 0).contains("--gradient"));
    assert!(bench.stdout("--version", 0).starts_with("segmeter "));
}

#[test]
fn a_closed_pipe_is_no_error() {
    let bench = Bench::new();
    bench.stdout(&format!("profile @road_i8.bin {DEMO} --frames 0..80 --out p.profile"), 0);
    let mut child = Command::new(env!("CARGO_BIN_EXE_segmeter"))
        .args(["watch", demo("road_i8.bin").to_str().unwrap(), "--json", "--fail-on", "alarm", "--profile"])
        .arg(bench.path("p.profile"))
        .args(DEMO.split(' '))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Closed before the first frame is read: every line meets a broken pipe.
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

/// Nothing was asked for: help, on stderr, and the exit code of bad usage.
#[test]
fn the_bare_command_prints_help() {
    let output = Bench::new().run("");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), &b""[..]));
    for word in ["Usage: segmeter", "loss", "eval", "profile", "watch", "device", "list"] {
        assert!(stderr.contains(word), "{word}: {stderr}");
    }
}

/// Where no terminal says how wide it is, COLUMNS does.
#[test]
fn tables_and_help_keep_to_columns() {
    let bench = Bench::new();
    let widest = |line: &str, columns: &str| {
        let words = line.split_whitespace().map(|word| match word.strip_prefix('@') {
            Some(name) => demo(name).to_str().unwrap().to_owned(),
            None => word.to_owned(),
        });
        let output = Command::new(env!("CARGO_BIN_EXE_segmeter"))
            .args(words)
            .current_dir(bench.path("."))
            .env("COLUMNS", columns)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{line}");
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| line.chars().count()).max().unwrap()
    };
    bench.stdout(&format!("profile @road_i8.bin {DEMO} --frames 0..80 --out p.profile"), 0);
    let learn = format!("profile @road_i8.bin {DEMO} --frames 0..80 --out q.profile");
    for line in ["profile --show p.profile", &learn] {
        assert!(widest(line, "80") <= 80, "{line}: {}", widest(line, "80"));
    }
    for line in ["eval --help", "list losses", "list metrics"] {
        assert!(widest(line, "80") <= 80, "{line}: {}", widest(line, "80"));
        assert!(widest(line, "120") > 80, "{line}");
    }
    let watch = format!("watch @road_i8.bin {DEMO} --frames 0..80 --profile p.profile");
    assert!(widest(&watch, "80") <= 80, "{}", widest(&watch, "80"));
    // No number of columns at all.
    for columns in ["0", "many", ""] {
        assert_eq!(widest(&watch, columns), widest(&watch, "120"), "{columns}");
    }
}
