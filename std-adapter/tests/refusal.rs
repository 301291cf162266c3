//! Bad usage and bad input: one line on stderr, exit code 2, no file left behind.

mod support;

use support::{Bench, npy_f32, png_grey};

#[test]
fn bad_input_is_one_line_and_exit_code_2() {
    let bench = Bench::new();
    bench.file("z.npy", &npy_f32(&[2, 37, 53], &[0.0; 2 * 37 * 53]));
    bench.file("one.npy", &npy_f32(&[2, 3], &[0.0; 6]));
    bench.file("nan.npy", &npy_f32(&[2, 3], &[0.0, 1.0, f32::NAN, 0.0, 0.0, 0.0]));
    bench.file("codes.npy", &support::npy("|i1", &[2, 3], &[0; 6]));
    bench.file("two.png", &png_grey(3, 2, &[0, 1, 2, 0, 0, 0]));
    bench.file("ok.png", &png_grey(3, 2, &[0, 1, 1, 0, 0, 0]));
    bench.file("wide.png", &png_grey(4, 2, &[0; 8]));
    bench.file("classes.npy", &npy_f32(&[4, 2, 3], &[0.0; 24]));
    bench.file("float.npy", &npy_f32(&[2, 3], &[0.0; 6]));
    bench.file("raw.bin", &[0; 5]);
    bench.file("p.json", b"{}");
    bench.file("both/a.png", &png_grey(3, 2, &[0; 6]));
    bench.file("both/a.npy", &npy_f32(&[2, 3], &[0.0; 6]));
    let out = "--gradient out.npy";
    let cases = [
        ("", "subcommand"),
        ("loss", "--logits"),
        ("los", "unrecognized"),
        (&format!("loss dise --logits one.npy --labels ok.png {out}"), "expected one of bce"),
        (&format!("loss dice --set gamma=1 --logits one.npy --labels ok.png {out}"), "smooth"),
        (&format!("loss bce --logits missing.npy --labels ok.png {out}"), "missing.npy"),
        (&format!("loss bce --logits one.npy --labels missing.png {out}"), "missing.png"),
        (
            &format!("loss bce --logits one.npy --labels two.png {out}"),
            "two.png: found class id 2 at pixel 2",
        ),
        (
            &format!("loss bce --logits one.npy --labels wide.png {out}"),
            "wide.png: found 2x4 pixels, expected 2x3",
        ),
        (&format!("loss bce --logits one.npy --labels float.npy {out}"), "found f32, expected u8"),
        (&format!("loss bce --logits nan.npy --labels ok.png {out}"), "found NaN at pixel 2"),
        (&format!("loss bce --logits codes.npy --labels ok.png {out}"), "needs --scale"),
        (&format!("loss bce --logits classes.npy --labels ok.png {out}"), "only binary"),
        (&format!("loss bce --logits raw.bin --labels ok.png {out}"), "--shape"),
        (&format!("loss bce --logits raw.bin --shape 2,3 --dtype f32 --labels ok.png {out}"), "expected 24"),
        (
            &format!("loss bce --logits one.npy --labels ok.png --scale 1 --zero-point 0 {out}"),
            "expected 8-bit",
        ),
        (&format!("loss bce --logits one.npy --labels ok.png --ignore 1 {out}"), "--ignore 1"),
        (&format!("loss bce --logits one.npy --labels ok.png --class-weights 1,2 {out}"), "--class-weights"),
        (&format!("loss bce --logits one.npy --labels ok.png --preset monai {out}"), "--preset"),
        (&format!("loss bce --logits one.npy --labels ok.png --empty zero {out}"), "--empty"),
        (&format!("loss bce --logits one.npy --labels ok.png --level sse9 {out}"), "sse9"),
        (&format!("loss bce --logits one.npy --labels ok.png --threads 0 {out}"), "--threads"),
        (&format!("loss bce --logits one.npy --labels ok.png --pixel-weights z.npy {out}"), "z.npy: found 2"),
        ("loss bce --logits one.npy --labels ok.png --gradient missing/out.npy", "missing/out.npy"),
        (&format!("loss bce --logits both --labels ok.png {out}"), "both"),
        ("eval two.png ok.png --classes 2 --report r.html", "--report"),
        ("eval ok.png two.png --classes 2 --csv e.csv", "found class id 2"),
        ("eval ok.png ok.png --metrics iuo", "found metric `iuo`"),
        ("eval ok.png ok.png --classes 999999999999", "2 to 255"),
        ("eval nan.npy ok.png", "found NaN"),
        ("eval codes.npy two.png --scale 1 --zero-point 0", "found class id 2"),
        ("eval ok.png ok.png --frames 0..9", "image 8"),
        ("profile one.npy --out q.json", "8-bit"),
        ("profile codes.npy --scale 1 --zero-point 0 --out q.json", "found 1 frames"),
        ("profile codes.npy --scale 1 --zero-point 0 --out q.json --cusum-slack -1", "unexpected argument"),
        ("watch codes.npy --profile p.json", "p.json"),
        ("watch codes.npy --profile missing.json", "missing.json"),
    ];
    for (line, expected) in cases {
        let stderr = bench.refusal(line);
        assert!(stderr.contains(expected), "{line}: {stderr}");
    }
}

#[test]
fn an_existing_file_survives_a_refusal() {
    let bench = Bench::new();
    bench.file("one.npy", &npy_f32(&[2, 3], &[f32::INFINITY; 6]));
    bench.file("ok.png", &png_grey(3, 2, &[0, 1, 1, 0, 0, 0]));
    bench.file("out.npy", b"precious");
    bench.refusal("loss bce --logits one.npy --labels ok.png --gradient out.npy");
    assert_eq!(std::fs::read(bench.path("out.npy")).unwrap(), b"precious");
}
