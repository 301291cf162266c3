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
