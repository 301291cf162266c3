//! `profile` and `watch` of networks of several classes, and of several drives.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

mod support;

use serde_json::Value;
use support::{Bench, npy, png_grey};

const HEIGHT: usize = 12;
const WIDTH: usize = 16;
const FRAMES: usize = 60;

/// Numbers that look random, always the same.
struct Noise(u64);

impl Noise {
    /// From 0 to below `most`.
    fn below(&mut self, most: i32) -> i32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % u64::try_from(most).unwrap()) as i32
    }
}

/// Codes of so many classes, those of a pixel beside each other: the first is above, the last below, and from frame `broken`
/// on nobody is sure. Their labels are those of the first frames.
fn codes(classes: usize, broken: usize) -> (Vec<i8>, Vec<u8>) {
    let mut noise = Noise(7);
    let (mut codes, mut labels) = (Vec::new(), Vec::new());
    for frame in 0..FRAMES {
        let wander = noise.below(7) - 3;
        for row in 0..HEIGHT as i32 {
            for _ in 0..WIDTH {
                let of = |class: usize| {
                    let middle = (2 * class as i32 + 1) * HEIGHT as i32 / (2 * classes as i32);
                    40 - 12 * (row - middle).abs()
                };
                let label = (0..classes).max_by_key(|class| of(*class)).unwrap();
                labels.push(label as u8);
                for class in 0..classes {
                    let sure = if frame < broken { of(class) } else { of(class) / 8 };
                    codes.push((sure + wander + noise.below(9)).clamp(-60, 60) as i8);
                }
            }
        }
    }
    (codes, labels)
}

fn bytes(codes: &[i8]) -> Vec<u8> {
    codes.iter().map(|code| code.cast_unsigned()).collect()
}

fn labels(bench: &Bench, ids: &[u8]) {
    for (frame, ids) in ids.chunks(HEIGHT * WIDTH).enumerate() {
        bench.file(&format!("labels/{frame:04}.png"), &png_grey(WIDTH as u32, HEIGHT as u32, ids));
    }
}

fn frames(bench: &Bench, folder: &str, axes: &[usize], descriptor: &str, codes: &[u8]) {
    for (frame, codes) in codes.chunks(codes.len() / FRAMES).enumerate() {
        bench.file(&format!("{folder}/{frame:04}.npy"), &npy(descriptor, axes, codes));
    }
}

/// Of two classes each is watched as one score per pixel would be: the difference of theirs.
#[test]
fn two_classes_are_what_one_score_is() {
    let bench = Bench::new();
    let (codes, ids) = codes(2, 40);
    labels(&bench, &ids);
    frames(&bench, "both", &[HEIGHT, WIDTH, 2], "|i1", &bytes(&codes));
    // Of equal logits the first class is predicted.
    let ahead = |pair: &[i8]| pair[1].saturating_sub(pair[0]);
    let single: Vec<i8> = codes.chunks(2).map(ahead).collect();
    frames(&bench, "single", &[HEIGHT, WIDTH], "|i1", &bytes(&single));
    let flags = "--scale 0.1 --zero-point 0 --frames 0..40 --labels labels";
    let both = bench
        .json(&format!("profile both --layout hwc {flags} --out both.profile --false-alarm-interval 10000"));
    let one = bench.json(&format!("profile single {flags} --out one.profile --false-alarm-interval 20000"));
    // The two classes share the false alarms.
    let of_class = &both["classes"][1];
    assert_eq!((&of_class["class"], &of_class["classes"]), (&1.into(), &2.into()));
    for key in ["signals", "calibration", "harm_margin", "block_frames", "labelled"] {
        assert_eq!(of_class[key], one[key], "{key}");
    }
    let both = bench.json_lines(
        "watch both --layout hwc --scale 0.1 --zero-point 0 --profile both.profile --labels labels",
        0,
    );
    let one =
        bench.json_lines("watch single --scale 0.1 --zero-point 0 --profile one.profile --labels labels", 0);
    for (both, one) in both.iter().zip(&one).take(FRAMES) {
        let of_class = &both["classes"][1];
        for key in ["state", "reasons", "iou", "estimated_iou", "estimated_iou_low", "iou_lost"] {
            assert_eq!(of_class[key], one[key], "{key}: {both} {one}");
        }
        let mean = |key: &str| {
            let of = |class: usize| both["classes"][class][key].as_f64().unwrap();
            f64::midpoint(of(0), of(1))
        };
        for key in ["iou", "estimated_iou", "estimated_iou_high"] {
            assert!((both[key].as_f64().unwrap() - mean(key)).abs() < 2e-5, "{key}: {both}");
        }
    }
    let summary = both.last().unwrap();
    let first = summary["first_alarm"].as_u64().unwrap();
    assert!((40..50).contains(&first), "{summary}");
}

/// Four classes in both orders, as logits and as probabilities; one of them is nowhere.
#[test]
fn classes_in_every_form() {
    let bench = Bench::new();
    let (codes, ids) = codes(3, FRAMES);
    // A class that no pixel has.
    let with_none: Vec<i8> = codes.chunks(3).flat_map(|pixel| [pixel[0], -128, pixel[1], pixel[2]]).collect();
    let ids: Vec<u8> = ids.iter().map(|id| if *id == 0 { 0 } else { id + 1 }).collect();
    labels(&bench, &ids);
    frames(&bench, "hwc", &[HEIGHT, WIDTH, 4], "|i1", &bytes(&with_none));
    let pixels = HEIGHT * WIDTH;
    let planar: Vec<i8> = with_none
        .chunks(4 * pixels)
        .flat_map(|frame| (0..4).flat_map(move |class| frame.iter().skip(class).step_by(4).copied()))
        .collect();
    frames(&bench, "chw", &[4, HEIGHT, WIDTH], "|i1", &bytes(&planar));
    let unsigned: Vec<u8> = bytes(&with_none).iter().map(|byte| byte ^ 0x80).collect();
    frames(&bench, "unsigned", &[HEIGHT, WIDTH, 4], "|u1", &unsigned);
    let softmax_codes: Vec<u8> = with_none
        .chunks(4)
        .flat_map(|pixel| {
            let powers: Vec<f64> = pixel.iter().map(|code| libm::exp(f64::from(*code) * 0.1)).collect();
            let sum: f64 = powers.iter().sum();
            powers.into_iter().map(move |power| (power / sum * 255.0).round() as u8).collect::<Vec<_>>()
        })
        .collect();
    frames(&bench, "softmax", &[HEIGHT, WIDTH, 4], "|u1", &softmax_codes);
    let learn = |folder: &str, flags: &str| {
        let line = format!("profile {folder} {flags} --labels labels --out {folder}.profile");
        let notes = bench.notes(&line);
        assert!(notes.contains("1 of 4 classes are predicted nowhere"), "{notes}");
        bench.json(&format!("profile --show {folder}.profile"))
    };
    let hwc = learn("hwc", "--layout hwc --scale 0.1 --zero-point 0");
    let classes: Vec<&Value> =
        hwc["classes"].as_array().unwrap().iter().map(|class| &class["class"]).collect();
    assert_eq!(classes, [0, 2, 3]);
    let without = |mut document: Value| {
        document.as_object_mut().unwrap().remove("profile");
        for class in document["classes"].as_array_mut().unwrap() {
            class.as_object_mut().unwrap().remove("profile");
        }
        document
    };
    let hwc = without(hwc);
    assert_eq!(hwc, without(learn("chw", "--layout chw --scale 0.1 --zero-point 0")));
    assert_eq!(hwc, without(learn("unsigned", "--layout hwc --scale 0.1 --zero-point 128")));
    // Probabilities have fewer digits; the classes lie as they did.
    let softmax = learn("softmax", "--layout hwc --probabilities");
    for (a, b) in hwc["classes"].as_array().unwrap().iter().zip(softmax["classes"].as_array().unwrap()) {
        for signal in ["road_fraction", "boundary_density", "relative_centroid_row", "estimated_iou"] {
            let of = |document: &Value| document["signals"][signal]["mean"].as_f64().unwrap();
            assert!((of(a) - of(b)).abs() < 0.02, "{signal}: {} {}", of(a), of(b));
        }
    }
    let table = bench.stdout("profile --show hwc.profile", 0);
    assert!(
        table.contains("3 of 4 classes") && table.lines().all(|line| line.chars().count() <= 120),
        "{table}"
    );
    // Probabilities of half a step: not of classes that exclude each other, or not as they are said to be.
    let notes = bench.notes(
        "profile softmax --layout hwc --probabilities --scale 0.00196 --zero-point 0 --out half.profile",
    );
    assert!(notes.contains("softmax: probabilities of the classes of a pixel sum to 0."), "{notes}");
    let notes = bench.notes("watch softmax --layout hwc --probabilities --profile softmax.profile");
    assert!(!notes.contains("sum to"), "{notes}");
    // Signed as well: steps of 1/255 from -128 on.
    let signed: Vec<u8> = softmax_codes.iter().map(|byte| byte ^ 0x80).collect();
    frames(&bench, "signed", &[HEIGHT, WIDTH, 4], "|i1", &signed);
    for (scale, expected) in [("0.0039215686", false), ("0.00196", true)] {
        let line = format!(
            "profile signed --layout hwc --probabilities --scale {scale} --zero-point -128 --out s.profile"
        );
        let notes = bench.notes(&line);
        assert_eq!(notes.contains("of a pixel sum to 0."), expected, "{notes}");
    }
    let watched = bench
        .stdout("watch softmax --layout hwc --probabilities --profile softmax.profile --report r.html", 0);
    assert!(watched.contains("no alarm"), "{watched}");
    let page = std::fs::read_to_string(bench.path("r.html")).unwrap();
    assert!(["Class 0", "Class 2", "Class 3"].iter().all(|title| page.contains(title)));
}

/// A class that was always there and is predicted nowhere counts as none of it right; one that came and went is not known.
#[test]
fn a_class_that_vanishes() {
    let bench = Bench::new();
    let (codes, ids) = codes(3, FRAMES);
    labels(&bench, &ids);
    let without = |is_gone: &dyn Fn(usize) -> bool| -> Vec<i8> {
        let frames = codes.chunks(3 * HEIGHT * WIDTH).enumerate();
        let gone = |(frame, codes): (usize, &[i8])| {
            let mut codes = codes.to_vec();
            if is_gone(frame) {
                codes.iter_mut().skip(2).step_by(3).for_each(|code| *code = -100);
            }
            codes
        };
        frames.flat_map(gone).collect()
    };
    let flags = "--layout hwc --labels labels";
    for (folder, is_gone, may_be_empty) in [
        ("always", &(|frame: usize| frame >= 40) as &dyn Fn(usize) -> bool, false),
        ("rare", &|frame: usize| frame >= 40 || frame % 4 == 3, true),
    ] {
        frames(&bench, folder, &[HEIGHT, WIDTH, 3], "|i1", &bytes(&without(is_gone)));
        let line = format!(
            "profile {folder} {flags} --scale 0.1 --zero-point 0 --frames 0..40 --fixed --out {folder}.profile"
        );
        let learnt = bench.json(&line);
        assert_eq!(learnt["classes"][2]["may_be_empty"], may_be_empty, "{folder}");
        // The step of the codes is known.
        let lines = bench.json_lines(&format!("watch {folder} {flags} --profile {folder}.profile"), 0);
        let frame = &lines[45];
        let estimates: Vec<Option<f64>> =
            (0..3).map(|class| frame["classes"][class]["estimated_iou"].as_f64()).collect();
        let known: Vec<f64> = estimates.iter().flatten().copied().collect();
        let mean = known.iter().sum::<f64>() / known.len() as f64;
        assert!((frame["estimated_iou"].as_f64().unwrap() - mean).abs() < 2e-5, "{frame}");
        assert_eq!(estimates[2], (!may_be_empty).then_some(0.0), "{frame}");
        let reasons = frame["reasons"].as_array().unwrap();
        assert_eq!(reasons.contains(&"2:harm".into()), !may_be_empty, "{frame}");
    }
    let words = bench.stdout("watch always --layout hwc --profile always.profile --labels labels", 0);
    // All of the class, and nothing of it where the most is lost.
    let lost = words.lines().find(|line| line.starts_with("IoU believed to be lost: ")).unwrap();
    let share: f64 = lost["IoU believed to be lost: ".len()..][..4].parse().unwrap();
    assert!(share > 0.8, "{words}");
}

#[test]
fn classes_that_do_not_belong_together() {
    let bench = Bench::new();
    let (codes, ids) = codes(3, FRAMES);
    labels(&bench, &ids);
    frames(&bench, "three", &[HEIGHT, WIDTH, 3], "|i1", &bytes(&codes));
    let single: Vec<i8> = codes.iter().step_by(3).copied().collect();
    frames(&bench, "one", &[HEIGHT, WIDTH], "|i1", &bytes(&single));
    bench.stdout("profile three --layout hwc --scale 0.1 --zero-point 0 --out three.profile", 0);
    let line = bench.refusal("watch one --scale 0.1 --zero-point 0 --profile three.profile");
    assert!(
        line.contains("found one score per pixel, expected scores of 3 classes as in three.profile"),
        "{line}"
    );
    let line = bench.refusal("watch three --layout hwc --scale 0.2 --zero-point 0 --profile three.profile");
    assert!(line.contains("another step than in three.profile"), "{line}");
    let line = bench.refusal(
        "profile three --layout hwc --scale 0.1 --zero-point 0 --labels labels --map bad.csv --out p",
    );
    assert!(line.contains("bad.csv"), "{line}");
    let shifted: Vec<u8> = ids.iter().map(|id| id + 1).collect();
    labels(&bench, &shifted);
    let line = bench.refusal("profile three --layout hwc --scale 0.1 --zero-point 0 --labels labels --out p");
    assert!(line.contains("found class id 3 in the labels, expected ids below 3"), "{line}");
    // Half of a file, twice the same class, and a class of another network.
    let good = std::fs::read(bench.path("three.profile")).unwrap();
    let length = good.len() / 3;
    let [first, second] = [&good[..length], &good[length..2 * length]];
    for (name, bytes, expected) in [
        ("half", good[..length + length / 2].to_vec(), "a multiple of them"),
        ("twice", [first, first].concat(), "not of the classes of one network"),
        ("order", [second, first].concat(), "not of the classes of one network"),
        ("empty", Vec::new(), "found 0 bytes"),
    ] {
        bench.file(name, &bytes);
        let line = bench.refusal(&format!("profile --show {name}"));
        assert!(line.contains(expected), "{name}: {line}");
    }
}

/// What looks like a drive and is several, and an estimate that falls as far where nothing is wrong.
#[test]
fn what_a_profile_says_of_odd_drives() {
    let bench = Bench::new();
    let (codes, _) = codes(2, FRAMES);
    let single: Vec<i8> = codes.chunks(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
    frames(&bench, "all/a", &[HEIGHT, WIDTH], "|i1", &bytes(&single));
    let flags = "--scale 0.1 --zero-point 0";
    assert!(!bench.notes(&format!("profile all {flags} --out p")).contains("folders"));
    let moved: Vec<i8> = single.iter().map(|code| code.saturating_add(4)).collect();
    frames(&bench, "all/b", &[HEIGHT, WIDTH], "|i1", &bytes(&moved));
    let notes = bench.notes(&format!("profile all {flags} --out p"));
    assert!(notes.contains("all: its frames are of 2 folders and were taken as one drive"), "{notes}");
    // Sure and unsure in turns.
    let wild: Vec<i8> = single
        .chunks(HEIGHT * WIDTH)
        .enumerate()
        .flat_map(|(frame, codes)| {
            codes.iter().map(move |code| if frame / 6 % 2 == 0 { *code } else { code / 30 })
        })
        .collect();
    frames(&bench, "wild", &[HEIGHT, WIDTH], "|i1", &bytes(&wild));
    let words = bench.stdout(&format!("profile wild {flags} --out p"), 0);
    assert!(words.contains("harm: never an alarm, for the estimated IoU falls as far"), "{words}");
    let calm = bench.stdout(&format!("profile all/a {flags} --out p"), 0);
    assert!(calm.contains("harm: an alarm where the estimated IoU of 3 frames lies"), "{calm}");
    let summary = bench.json_lines(&format!("watch wild {flags} --profile p"), 0).pop().unwrap();
    assert!(summary["watch_frames"].is_u64() && summary["alarms"].as_u64() > Some(0), "{summary}");
}

/// Several drives, one --labels for each; what is learnt of how they differ is said.
#[test]
fn a_profile_of_several_drives() {
    let bench = Bench::new();
    let (codes, ids) = codes(2, FRAMES);
    labels(&bench, &ids);
    let single: Vec<i8> = codes.chunks(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
    for (folder, off) in [("a", 0), ("b", 6), ("c", -5)] {
        let moved: Vec<i8> = single.iter().map(|code| code.saturating_add(off)).collect();
        frames(&bench, folder, &[HEIGHT, WIDTH], "|i1", &bytes(&moved));
    }
    let flags = "--scale 0.1 --zero-point 0";
    let three =
        bench.json(&format!("profile a b c {flags} --labels labels --labels labels --labels labels --out p"));
    assert_eq!(
        (&three["drives"], &three["frames"], &three["labelled"]),
        (&3.into(), &180.into(), &180.into())
    );
    let one = bench.json(&format!("profile a {flags} --labels labels --out q"));
    assert_eq!(one["drives"], 1);
    // Of one drive it is believed how others differ, of three it is seen.
    let spread = |document: &Value, signal: &str| document["signals"][signal]["spread"].as_f64().unwrap();
    assert!((spread(&three, "mean_entropy") - spread(&one, "mean_entropy")).abs() > 0.05);
    let words = bench.stdout(&format!("profile a {flags} --labels labels --out q"), 0);
    assert!(
        words.contains("one drive says nothing of how drives differ") && words.contains("calibration: "),
        "{words}"
    );
    let line = bench.refusal(&format!("profile a b {flags} --labels labels --out r"));
    assert!(line.contains("found --labels 1 times for 2 recordings"), "{line}");
}
