//! `segmeter agree`: counts against brute force, floats beside codes, what does not match, and what is shown.

use serde_json::Value;
use support::{Bench, assert_keys, logits, npy, npy_f32};

mod support;

/// Codes of a scale of 1/8 and a zero point of 3, beside floats that they are near.
const SCALE: f64 = 0.125;
const ZERO_POINT: i32 = 3;

fn quantised(values: &[f32]) -> Vec<i8> {
    let code = |value: &f32| (f64::from(*value) / SCALE).round() as i32 + ZERO_POINT;
    values.iter().map(|value| code(value).clamp(-128, 127) as i8).collect()
}

fn bytes(codes: &[i8]) -> Vec<u8> {
    codes.iter().map(|code| code.cast_unsigned()).collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

/// Several classes: floats (C,H,W) on the host, codes (H,W,C) on the target, in folders.
#[test]
fn floats_beside_codes() {
    let bench = Bench::new();
    let (classes, height, width) = (3, 7, 11);
    let pixels = height * width;
    let (mut equal, mut all, mut largest) = (0_u64, 0_u64, 0.0_f64);
    let mut matrix = [[0_u64; 3]; 3];
    for image in 0..3 {
        let host: Vec<f32> = logits(3 * (image + 1) * pixels)[3 * image * pixels..].to_vec();
        let codes = quantised(&host);
        let score = |code: i8| SCALE * f64::from(i32::from(code) - ZERO_POINT);
        let mut interleaved = vec![0_i8; codes.len()];
        let top = |of: &dyn Fn(usize) -> f64| {
            (1..classes).fold(0, |best, class| if of(class) > of(best) { class } else { best })
        };
        for pixel in 0..pixels {
            for class in 0..classes {
                let place = class * pixels + pixel;
                interleaved[pixel * classes + class] = codes[place];
                largest = largest.max((f64::from(host[place]) - score(codes[place])).abs());
            }
            let a = top(&|class| f64::from(host[class * pixels + pixel]));
            let b = top(&|class| score(codes[class * pixels + pixel]));
            matrix[a][b] += 1;
            equal += u64::from(a == b);
            all += 1;
        }
        bench.file(&format!("host/{image}.npy"), &npy_f32(&[classes, height, width], &host));
        bench.file(
            &format!("target/{image}.npy"),
            &npy("|i1", &[height, width, classes], &bytes(&interleaved)),
        );
    }
    let line = "agree host target --scale 0.125 --zero-point 3 --host-layout chw --layout hwc";
    let report = bench.json(line);
    assert_keys(
        &report,
        "images pixels ignored pooled classes worst undefined definition largest_difference_at",
    );
    assert!(equal < all && equal > 0);
    assert_eq!(report["pooled"]["agreement"], equal as f64 / all as f64);
    assert_eq!(report["pooled"]["largest_difference"], largest);
    let mut mean = 0.0;
    for class in 0..classes {
        let union: u64 = (0..classes).map(|other| matrix[class][other] + matrix[other][class]).sum();
        let iou = matrix[class][class] as f64 / (union - matrix[class][class]) as f64;
        assert_eq!(report["classes"][class]["iou"], iou);
        mean += iou / classes as f64;
    }
    assert!((number(&report["pooled"]["mean_iou"]) - mean).abs() < 1e-12);
    // Neither threads nor the side that is called the host matter to what is symmetrical.
    for flags in ["--threads 1", "--threads 5"] {
        assert_eq!(bench.json(&format!("{line} {flags}")), report);
    }
    let other = "agree target host --host-scale 0.125 --host-zero-point 3 --host-layout hwc --layout chw";
    assert_eq!(bench.json(other)["pooled"], report["pooled"]);
    // Of a folder with itself everything agrees.
    let same = bench.json("agree host host --layout chw");
    assert_eq!(
        (number(&same["pooled"]["agreement"]), number(&same["pooled"]["largest_difference"])),
        (1.0, 0.0)
    );
    assert!(bench.notes("agree host host --layout chw").contains("is HOST and TARGET"));
}

#[test]
fn masks_and_what_is_not_defined() {
    let bench = Bench::new();
    bench.file("h.npy", &npy("|u1", &[2, 2, 3], &[0, 0, 1, 1, 2, 9, 0, 0, 0, 0, 0, 9]));
    bench.file("t.npy", &npy("|u1", &[2, 2, 3], &[0, 1, 1, 1, 2, 2, 0, 0, 0, 0, 0, 1]));
    let report = bench.json("agree h.npy t.npy --classes a,b,c,d --ignore 9 --per-image");
    assert_eq!((&report["pixels"], &report["ignored"]), (&10.into(), &2.into()));
    assert_eq!(report["pooled"]["agreement"], 0.9);
    assert_eq!(report["classes"][0]["iou"], 6.0 / 7.0);
    assert_eq!((&report["classes"][3]["iou"], &report["undefined"]["iou"]), (&Value::Null, &1.into()));
    // Masks have no scores.
    assert_eq!(report["pooled"]["largest_difference"], Value::Null);
    assert_eq!(report["undefined"]["largest_difference"], 1);
    assert_eq!(report["per_image"][1]["agreement"], 1.0);
    assert_eq!(report["worst"][0]["image"], "0");
    // A mask beside the logits that it was made of.
    let z = logits(24);
    bench.file("z.npy", &npy_f32(&[2, 3, 4], &z));
    let ids: Vec<u8> = z.iter().map(|z| u8::from(*z > 0.0)).collect();
    bench.file("m.npy", &npy("|u1", &[2, 3, 4], &ids));
    for line in ["agree z.npy m.npy", "agree m.npy z.npy"] {
        assert_eq!(bench.json(line)["pooled"]["agreement"], 1.0, "{line}");
    }
    // An infinite score on one side alone has no finite difference; on both it is the same.
    for (target, expected) in [(f32::INFINITY, Value::from(0.0)), (1.0, Value::Null)] {
        bench.file("a.npy", &npy_f32(&[1, 2], &[f32::INFINITY, 1.0]));
        bench.file("b.npy", &npy_f32(&[1, 2], &[target, 1.0]));
        let report = bench.json("agree a.npy b.npy");
        assert_eq!(report["pooled"]["largest_difference"], expected);
        assert_eq!(report["undefined"].get("largest_difference").is_some(), expected.is_null());
    }
}

#[test]
fn requirements_and_tables() {
    let bench = Bench::new();
    bench.file("h/a.npy", &npy("|u1", &[2, 5], &[0, 0, 1, 1, 1, 0, 0, 1, 1, 1]));
    bench.file("t/a.npy", &npy("|u1", &[2, 5], &[0, 0, 1, 1, 1, 0, 0, 1, 1, 1]));
    bench.file("h/b.npy", &npy("|u1", &[2, 5], &[0, 0, 1, 1, 1, 0, 0, 1, 1, 1]));
    bench.file("t/b.npy", &npy("|u1", &[2, 5], &[0, 0, 1, 1, 1, 0, 0, 1, 1, 0]));
    let line = "agree h t --classes sky,road";
    let table = bench.stdout(&format!("{line} --require agreement>=0.95,road.iou>0.9"), 0);
    assert!(
        table.contains("0.95") && table.contains("road.iou>0.9") && table.contains("images that agree least"),
        "{table}"
    );
    assert!(table.lines().all(|line| line.chars().count() <= 120), "{table}");
    let json = bench.stdout(&format!("{line} --json --require agreement>0.95 --junit j.xml"), 1);
    let report: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(report["require"][0]["holds"], false);
    assert!(std::fs::read_to_string(bench.path("j.xml")).unwrap().contains("segmeter agree"));
    assert!(bench.refusal(&format!("{line} --require agrement>=1")).contains("did you mean agreement?"));
    assert!(
        bench.refusal("agree h t --require raod.iou>=1 --classes sky,road").contains("did you mean road?")
    );
    // Pictures of the images that agree least, and none of more than were asked for.
    for (worst, expected) in [("", 2), ("--worst 1", 1), ("--worst 0", 0)] {
        bench.stdout(&format!("{line} --report r.html {worst}"), 0);
        let page = std::fs::read_to_string(bench.path("r.html")).unwrap();
        assert_eq!(page.matches("data:image/png;base64,").count(), expected, "{worst}");
        assert!(!page.replace("http://www.w3.org/2000/svg", "").contains("http"), "{page}");
        let first = page.find("alt=\"where image b differs").is_some();
        assert_eq!(first, expected != 0, "{worst}");
    }
}

#[test]
fn what_cannot_be_compared() {
    let bench = Bench::new();
    bench.file("h/a.npy", &npy("|u1", &[2, 2], &[0, 1, 0, 1]));
    bench.file("h/b.npy", &npy("|u1", &[2, 2], &[0, 1, 0, 1]));
    bench.file("t/a.npy", &npy("|u1", &[2, 2], &[0, 1, 0, 1]));
    let line = bench.refusal("agree h t");
    assert!(line.contains("h/b.npy: found no partner of this in t"), "{line}");
    let line = bench.refusal("agree t h");
    assert!(line.contains("h/b.npy: found no partner of this in t"), "{line}");
    // Of some images the others need no partner; of a file with as many as are selected they come in their order.
    assert_eq!(bench.json("agree h t --frames 0")["images"], 1);
    assert!(bench.refusal("agree h t --frames 1").contains("h/b.npy: found no partner of this in t"));
    bench.file("all.npy", &npy("|u1", &[3, 1, 2], &[0, 0, 0, 1, 1, 1]));
    bench.file("some.npy", &npy("|u1", &[2, 1, 2], &[1, 1, 0, 1]));
    assert_eq!(bench.json("agree all.npy some.npy --frames 2,1")["pooled"]["agreement"], 1.0);
    assert_eq!(bench.json("agree all.npy all.npy --frames 1,2")["images"], 2);
    let line = bench.refusal("agree all.npy some.npy --frames 1");
    assert!(line.contains("some.npy: found 2 images, expected 3 or 1"), "{line}");
    assert!(bench.refusal("agree all.npy some.npy").contains("found 2 images, expected 3, one for each"));
    bench.file("t/b.npy", &npy("|u1", &[2, 3], &[0; 6]));
    let line = bench.refusal("agree h t");
    assert!(line.contains("t/b.npy: found 2x3 pixels in image b, expected 2x2 as in h/b.npy"), "{line}");
    bench.file("t/b.npy", &npy("|u1", &[2, 2], &[0, 1, 7, 1]));
    let line = bench.refusal("agree h t --classes 2");
    assert!(line.contains("t/b.npy: found class id 7 in image b, expected 0 to 1"), "{line}");
    bench.file("t/b.npy", &npy_f32(&[2, 2], &[0.0; 4]));
    let line = bench.refusal("agree h t");
    assert!(line.contains("t/b.npy: found f32, expected u8 as in the first image"), "{line}");
    // What cannot be read is left out if that is asked for.
    bench.file("t/b.npy", b"broken");
    assert!(bench.refusal("agree h t").contains("t/b.npy"));
    assert_eq!(bench.json("agree h t --keep-going")["images"], 1);
    assert!(bench.notes("agree h t --keep-going").contains("1 of 2 images were left out"));
    // Scores of another number of classes, NaN, and codes that nothing is said of.
    bench.file("c.npy", &npy_f32(&[3, 2, 2], &logits(12)));
    bench.file("d.npy", &npy_f32(&[2, 2, 2], &logits(8)));
    let line = bench.refusal("agree c.npy d.npy --layout chw");
    assert!(line.contains("found 2 scores a pixel, expected 3"), "{line}");
    bench.file("n.npy", &npy_f32(&[2, 2], &[0.0, f32::NAN, 0.0, 0.0]));
    bench.file("o.npy", &npy_f32(&[2, 2], &[0.0; 4]));
    assert!(bench.refusal("agree o.npy n.npy").contains("found NaN at place 1"));
    bench.file("q.npy", &npy("|i1", &[2, 2], &[0, 1, 2, 3]));
    assert!(bench.refusal("agree o.npy q.npy").contains("--scale and --zero-point"));
    assert!(
        bench
            .refusal("agree o.npy o.npy --scale 1 --zero-point 0")
            .contains("no 8-bit numbers on either side")
    );
    assert!(bench.refusal("agree o.npy o.npy --classes 3").contains("found --classes for 3, expected 2"));
    bench.json("agree o.npy q.npy --scale 0.1 --zero-point 0");
    bench.json("agree q.npy o.npy --scale 0.1 --zero-point 0");
}
