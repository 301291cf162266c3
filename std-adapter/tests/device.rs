//! `segmeter device`, with the firmware as a thread: the same numbers as `watch`, `eval` and `loss` print.

mod support;

use support::{Bench, DEMO, assert_keys, npy};

#[test]
fn a_device_agrees_with_every_other_subcommand() {
    let bench = Bench::new();
    bench.stdout(&format!("profile @road_i8.bin {DEMO} --frames 0..80 --out road.profile --json"), 0);
    let input =
        format!("@road_i8.bin {DEMO} --frames 60..130 --labels @reference_bits.bin --profile road.profile");
    let device = bench.json_lines(&format!("device --host {input} --verify"), 0);
    let watch = bench.json_lines(&format!("watch {input}"), 0);
    let (summary, frames) = device.split_last().unwrap();
    assert_keys(summary, "frames board instructions_per_pixel stack_bytes equal_to_host");
    assert_eq!(summary["frames"], 70);
    assert_eq!(summary["equal_to_host"], true);
    assert_eq!(summary["board"], "host");
    assert_eq!(summary["first_alarm"], watch.last().unwrap()["first_alarm"]);
    assert_ne!(summary["first_alarm"], serde_json::Value::Null, "the fog must be noticed");
    for (frame, watched) in frames.iter().zip(&watch) {
        for (name, value) in frame["distances"].as_object().unwrap() {
            assert_eq!(watched["distances"][name], *value, "{name} of frame {}", frame["frame"]);
        }
        for key in ["frame", "valid", "invalid", "estimated_iou", "state", "reasons", "iou"] {
            assert_eq!(frame[key], watched[key], "{key} of frame {}", frame["frame"]);
        }
        for (name, value) in frame["statistics"].as_object().unwrap() {
            assert_eq!(watched["statistics"][name], *value, "{name} of frame {}", frame["frame"]);
        }
    }
    let one = format!("{DEMO} --frames 120");
    let eval = bench.json(&format!("eval @road_i8.bin @reference_bits.bin {one}"));
    let frame = frames.iter().find(|frame| frame["frame"] == 120).unwrap();
    assert_eq!(frame["auroc"], eval["threshold"]["auroc"]);
    assert_eq!(frame["ece"], eval["calibration"]["ece"]);
    for (name, value) in frame["losses"].as_object().unwrap() {
        let line = format!("loss {name} --logits @road_i8.bin --labels @reference_bits.bin {one}");
        let loss = bench.json(&line);
        // The device sends `f32`; the same number, printed from either width.
        let bits = |value: &serde_json::Value| (value.as_f64().unwrap() as f32).to_bits();
        assert_eq!(bits(value), bits(&loss["value"]), "{name}");
    }
}

#[test]
fn frames_without_labels_or_profile() {
    let bench = Bench::new();
    let lines = bench.json_lines(&format!("device --host @road_i8.bin {DEMO} --frames 0..2 --verify"), 0);
    assert_eq!(lines.len(), 3);
    assert!(lines[0].get("losses").is_none() && lines[0].get("state").is_none());
    let text = bench.stdout(&format!("device --host @road_i8.bin {DEMO} --frames 0..2 --verify"), 0);
    assert!(text.contains("EQUAL"), "{text}");
}

/// Columns for which there is room, of which none is broken.
#[test]
fn reports_of_a_line_each() {
    let bench = Bench::new();
    bench.stdout(&format!("profile @road_i8.bin {DEMO} --frames 0..80 --out road.profile --json"), 0);
    let input =
        format!("@road_i8.bin {DEMO} --frames 60..130 --labels @reference_bits.bin --profile road.profile");
    let text = bench.stdout(&format!("device --host {input}"), 0);
    let lines: Vec<&str> = text.lines().skip(1).take(71).collect();
    let head = "frame      iou  est.iou      psi       w1     road  entropy     bce     dice";
    assert!(lines[0].split_whitespace().take(9).eq(head.split_whitespace()), "{text}");
    assert!(lines[0].ends_with("  state") && text.contains(">> ALARM: "), "{text}");
    assert!(lines.iter().all(|line| line.chars().count() <= 120), "{text}");
    let state = lines[0].find("  state").unwrap();
    for line in &lines[1..] {
        let numbers = line[..state].split_whitespace().skip(1).filter(|number| *number != "-");
        assert!(numbers.clone().count() > 3, "{line}");
        for number in numbers {
            assert_eq!(number.split_once('.').unwrap().1.len(), 4, "{line}");
        }
    }
    let plain = bench.stdout(&format!("device --host @road_i8.bin {DEMO} --frames 0..2"), 0);
    assert!(plain.contains("frame     road  entropy   margin  lowconf\n"), "{plain}");
}

/// A frame of another size is named with both sizes before it is sent, or left out.
#[test]
fn frames_of_another_size() {
    let bench = Bench::new();
    let frame = |height: usize, seed: usize| {
        let codes: Vec<u8> = (0..height * 8).map(|n| ((n + seed) * (n + 7) * 31 % 253) as u8).collect();
        npy("|i1", &[height, 8], &codes)
    };
    for number in 0..40 {
        bench.file(&format!("calm/{number}.npy"), &frame(6, number));
    }
    for (number, height) in [6, 5, 6].into_iter().enumerate() {
        bench.file(&format!("mixed/{number}.npy"), &frame(height, number));
    }
    bench.stdout("profile calm --scale 0.1 --zero-point 0 --out a.profile --json", 0);
    let line = "device --host mixed --profile a.profile";
    // What came before it has been printed.
    let output = bench.run(line);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("1.npy: found 5x8, expected 6x8 as in the profile: --keep-going"), "{said}");
    let lines = bench.json_lines(&format!("{line} --keep-going"), 0);
    assert_eq!((lines.len(), &lines[2]["frames"]), (3, &2.into()));
}

#[test]
fn refusals() {
    let bench = Bench::new();
    bench.file("road.npy", b"not an array");
    for (line, part) in [
        ("device road.npy".to_owned(), "--host"),
        (format!("device --host --qemu x.elf @road_i8.bin {DEMO}"), "cannot be used"),
        (format!("device --qemu missing.elf @road_i8.bin {DEMO}"), "missing.elf: cannot open the image"),
        (format!("device --port /dev/no-such-port @road_i8.bin {DEMO}"), "/dev/no-such-port"),
        ("device --host road.npy".to_owned(), "road.npy"),
        ("device --host @road_i8.bin --shape 221,120,160 --dtype i8".to_owned(), "--scale"),
        (
            format!("device --host @stills_road_i8.bin {}", DEMO.replace("221,120,160", "1,20,5760")),
            "up to 1024",
        ),
    ] {
        let said = bench.refusal(&line);
        assert!(said.contains(part), "{line}: {said}");
    }
}

/// Coarse scores of several classes: the numbers of `eval` by image, and statistics that need no labels.
#[test]
fn frames_of_several_classes() {
    let bench = Bench::new();
    let [images, classes, height, width] = [3, 5, 6, 9];
    let scores: Vec<u8> =
        (0..images * classes * height * width).map(|place| (place * place % 251) as u8).collect();
    let label = |place: usize| if place % 13 == 4 { 7 } else { (place / 40 % classes) as u8 };
    let labels: Vec<u8> = (0..images * height * width * 16).map(label).collect();
    bench.file("scores.npy", &npy("|i1", &[images, classes, height, width], &scores));
    bench.file("labels.npy", &npy("|u1", &[images, 4 * height, 4 * width], &labels));
    let input = "scores.npy --layout chw --scale 0.1 --zero-point -3 --upsample 4";
    let device =
        bench.json_lines(&format!("device --host {input} --labels labels.npy --ignore 7 --verify"), 0);
    let (summary, frames) = device.split_last().unwrap();
    assert_eq!((&summary["frames"], &summary["equal_to_host"]), (&images.into(), &true.into()));
    let eval = bench.json(&format!(
        "eval scores.npy labels.npy {} --ignore 7 --metrics mean_iou,pixel_accuracy,iou,dice --per-image",
        input.split_once(' ').unwrap().1
    ));
    let pooled = |key: &str| -> u64 {
        let of = |frame: &serde_json::Value| frame["classes"][1][key].as_u64().unwrap();
        frames.iter().map(of).sum()
    };
    for key in ["true_positive", "false_positive", "false_negative"] {
        assert_eq!(eval["classes"][1][key], pooled(key), "{key}");
    }
    for (frame, image) in frames.iter().zip(eval["per_image"].as_array().unwrap()) {
        assert_eq!(frame["mean_iou"], image["mean_iou"], "{image}");
        assert_eq!(frame["pixel_accuracy"], image["pixel_accuracy"], "{image}");
        assert!(frame["statistics"]["mean_entropy"].as_f64().unwrap() > 0.0);
    }
    for by in ["aligned_corners", "nearest"] {
        let line = format!("{input} --interpolation {by}");
        let device = bench.json_lines(&format!("device --host {line} --labels labels.npy --ignore 7"), 0);
        let eval = format!("{} --ignore 7 --metrics mean_iou --per-image", line.split_once(' ').unwrap().1);
        let eval = bench.json(&format!("eval scores.npy labels.npy {eval}"));
        for (frame, image) in device.iter().zip(eval["per_image"].as_array().unwrap()) {
            assert_eq!(frame["mean_iou"], image["mean_iou"], "{by}");
        }
        assert_ne!(device[0]["mean_iou"], frames[0]["mean_iou"], "{by}");
    }
    // Other layouts of the same are the same; without labels there are the statistics alone.
    let pixels = height * width;
    let place = |place: usize| {
        let (image, rest) = (place / (classes * pixels), place % (classes * pixels));
        (image * classes + rest % classes) * pixels + rest / classes
    };
    let interleaved: Vec<u8> = (0..scores.len()).map(|at| scores[place(at)]).collect();
    bench.file("hwc.npy", &npy("|i1", &[images, height, width, classes], &interleaved));
    let unlabelled =
        bench.json_lines("device --host hwc.npy --layout hwc --scale 0.1 --zero-point -3 --upsample 4", 0);
    for (frame, without) in frames.iter().zip(&unlabelled) {
        assert_eq!(frame["statistics"], without["statistics"]);
        assert_eq!(without["mean_iou"], serde_json::Value::Null);
    }
    let text = bench.stdout(&format!("device --host {input} --verify"), 0);
    assert!(text.contains("EQUAL") && text.lines().all(|line| line.chars().count() <= 80), "{text}");
    // Probabilities have no energy, a profile is of one score a pixel, and a label has to be a class.
    let probabilities = bench
        .json_lines("device --host hwc.npy --layout hwc --scale 0.004 --zero-point -128 --probabilities", 0);
    assert_eq!(probabilities[0]["statistics"]["mean_energy"], serde_json::Value::Null);
    let refusal = bench.refusal(&format!("device --host {input} --labels labels.npy"));
    assert!(refusal.contains("labels.npy: found class id 7 at pixel 4, expected ids below 5"), "{refusal}");
    bench.stdout(&format!("profile @road_i8.bin {DEMO} --frames 0..80 --out road.profile --json"), 0);
    let refusal =
        bench.refusal(
        "device --host scores.npy --layout chw --scale 0.10186973959207535 --zero-point 15 --profile road.profile",
    );
    assert!(refusal.contains("one score per pixel for --profile"), "{refusal}");
}
