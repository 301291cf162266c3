//! Coarse scores against labels of the image's size: the report of the ids that the definition gives.

use super::support::{Bench, npy, png_grey};

/// Ids of `factor` times the size, every class at every pixel by the definition of half-pixel centres, in whole numbers.
fn enlarged(codes: &[i8], [classes, height, width]: [usize; 3], factor: usize) -> Vec<u8> {
    let place = |pixel: usize, length: usize| {
        let parts = (2 * pixel as i64 + 1 - factor as i64).clamp(0, 2 * factor as i64 * (length as i64 - 1));
        let first = parts / (2 * factor as i64);
        (first as usize, (first as usize + 1).min(length - 1), parts % (2 * factor as i64))
    };
    let mut ids = Vec::new();
    for y in 0..height * factor {
        for x in 0..width * factor {
            let ((top, bottom, down), (left, right, across)) = (place(y, height), place(x, width));
            let score = |class: usize| {
                let at =
                    |row: usize, column: usize| i64::from(codes[(class * height + row) * width + column]);
                let line = |row| at(row, left) * (2 * factor as i64 - across) + at(row, right) * across;
                line(top) * (2 * factor as i64 - down) + line(bottom) * down
            };
            ids.push((0..classes).rev().max_by_key(|class| score(*class)).unwrap() as u8);
        }
    }
    ids
}

/// A place of it as interleaved numbers.
fn interleaved(codes: &[i8], [classes, height, width]: [usize; 3]) -> Vec<u8> {
    let pixels = height * width;
    (0..pixels * classes).map(|place| codes[place % classes * pixels + place / classes] as u8).collect()
}

#[test]
fn coarse_scores_are_the_mask_they_make() {
    let (bench, shape, factor) = (Bench::new(), [5, 6, 7], 8);
    let codes: Vec<i8> = (0..5 * 6 * 7).map(|place: i32| (place * place * 37 % 256 - 128) as i8).collect();
    let bytes: Vec<u8> = codes.iter().map(|code| *code as u8).collect();
    let unsigned: Vec<u8> = bytes.iter().map(|byte| byte ^ 0x80).collect();
    let mask = enlarged(&codes, shape, factor);
    let labels: Vec<u8> =
        (0..mask.len()).map(|pixel| if pixel % 97 == 5 { 255 } else { (pixel / 311 % 5) as u8 }).collect();
    bench.file("chw.npy", &npy("|i1", &[5, 6, 7], &bytes));
    bench.file("hwc.npy", &npy("|i1", &[6, 7, 5], &interleaved(&codes, shape)));
    bench.file("u8.npy", &npy("|u1", &[5, 6, 7], &unsigned));
    bench.file("mask.png", &png_grey(56, 48, &mask));
    bench.file("labels.png", &png_grey(56, 48, &labels));
    let by = "--metrics mean_iou,iou,dice,hd95,boundary_iou,pixel_accuracy";
    let expected = bench.json(&format!("eval mask.png labels.png --classes 5 {by}"));
    for line in [
        "eval chw.npy labels.png --layout chw --scale 0.1 --zero-point 3 --upsample 8",
        "eval chw.npy labels.png --layout chw --scale 7 --zero-point -128 --upsample 8 --interpolation half_pixel",
        "eval hwc.npy labels.png --layout hwc --scale 0.1 --zero-point 3 --upsample 8",
        "eval u8.npy labels.png --layout chw --scale 0.1 --zero-point 131 --upsample 8",
        "eval u8.npy labels.png --layout chw --probabilities --upsample 8",
    ] {
        let found = bench.json(&format!("{line} {by}"));
        for key in ["pooled", "classes", "surface", "images", "pixels", "ignored", "undefined"] {
            assert_eq!(found[key], expected[key], "{line}: {key}");
        }
    }
    let nearest = bench.json(&format!(
        "eval chw.npy labels.png --layout chw --scale 0.1 --zero-point 3 --upsample 8 --interpolation nearest {by}"
    ));
    assert_ne!(nearest["pooled"], expected["pooled"]);
}

#[test]
fn what_cannot_be_enlarged_is_refused() {
    let bench = Bench::new();
    bench.file("chw.npy", &npy("|i1", &[3, 2, 2], &[1; 12]));
    bench.file("f32.npy", &npy("<f4", &[3, 2, 2], &[0; 48]));
    bench.file("one.npy", &npy("|i1", &[2, 2], &[1; 4]));
    bench.file("large.png", &png_grey(16, 16, &[0; 256]));
    bench.file("labels.png", &png_grey(16, 16, &[1; 256]));
    let codes = "--layout chw --scale 1 --zero-point 0";
    for (line, words) in [
        (
            format!("eval chw.npy labels.png {codes} --upsample 4"),
            "labels.png: found 16x16 pixels, expected 8x8",
        ),
        (format!("eval chw.npy labels.png {codes} --upsample 17"), "`factor` is out of range"),
        (format!("eval chw.npy labels.png {codes} --upsample 0"), "`factor` is out of range"),
        (
            "eval f32.npy labels.png --layout chw --upsample 8".to_owned(),
            "f32.npy: found f32, expected 8-bit",
        ),
        ("eval large.png labels.png --upsample 8".to_owned(), "large.png: found u8, expected 8-bit scores"),
        (
            "eval one.npy labels.png --scale 1 --zero-point 0 --upsample 8".to_owned(),
            "one.npy: found one score a pixel",
        ),
        (format!("eval chw.npy labels.png {codes} --interpolation nearest"), "--upsample"),
        (format!("eval chw.npy labels.png {codes} --upsample 8 --threshold 0.4"), "--threshold"),
    ] {
        let refusal = bench.refusal(&line);
        assert!(refusal.contains(words), "{line}: {refusal}");
    }
    // Of a softmax that is not there nothing is said.
    let report = bench.json(&format!("eval chw.npy labels.png {codes} --upsample 8 --metrics all"));
    assert!(
        report.get("calibration").is_none_or(|metrics| metrics.as_object().is_none_or(|all| all.is_empty())),
        "{report}"
    );
}
