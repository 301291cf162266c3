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
    bench.file("p.profile", b"{}");
    bench.file("both/a.png", &png_grey(3, 2, &[0; 6]));
    bench.file("both/a.npy", &npy_f32(&[2, 3], &[0.0; 6]));
    let out = "--gradient out.npy";
    let cases = [
        ("loss", "--logits"),
        ("los", "unrecognized"),
        (&format!("loss dise --logits one.npy --labels ok.png {out}"), "did you mean dice"),
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
        ("eval one.npy float.npy", "found floats, expected class ids or bool"),
        (&format!("loss bce --logits nan.npy --labels ok.png {out}"), "found NaN at pixel 2"),
        (&format!("loss bce --logits codes.npy --labels ok.png {out}"), "needs --scale"),
        (
            "eval classes.npy ok.png",
            "classes.npy, which was read as 4 images (2,3); of one image with 4 classes say --layout chw",
        ),
        (&format!("loss bce --logits raw.bin --labels ok.png {out}"), "--shape"),
        (&format!("loss bce --logits raw.bin --shape 2,3 --dtype f32 --labels ok.png {out}"), "expected 24"),
        (
            &format!("loss bce --logits one.npy --labels ok.png --scale 1 --zero-point 0 {out}"),
            "found f32, expected 8 bits for --scale",
        ),
        (&format!("loss bce --logits one.npy --labels ok.png --ignore 1 {out}"), "--ignore 1"),
        (&format!("loss bce --logits one.npy --labels ok.png --empty zero {out}"), "--empty"),
        (&format!("loss bce --logits one.npy --labels ok.png --level sse9 {out}"), "sse9"),
        (&format!("loss bce --logits one.npy --labels ok.png --threads 0 {out}"), "--threads"),
        (&format!("loss bce --logits one.npy --labels ok.png --pixel-weights z.npy {out}"), "z.npy: found 2"),
        ("loss bce --logits one.npy --labels ok.png --gradient missing/out.npy", "missing/out.npy"),
        (&format!("loss bce --logits both --labels ok.png {out}"), "both"),
        ("eval ok.png two.png --classes 2 --report r.html", "two.png: found class id 2 at pixel 2"),
        ("eval ok.png two.png --classes 2 --csv e.csv", "found class id 2"),
        ("eval ok.png ok.png --metrics iuo", "found metric `iuo`"),
        ("eval ok.png ok.png --classes 999999999999", "2 to 1024"),
        ("eval nan.npy ok.png", "found NaN"),
        ("eval codes.npy two.png --scale 1 --zero-point 0", "found class id 2"),
        ("eval ok.png ok.png --frames 0..9", "image 8"),
        ("profile one.npy --out q.profile", "1 constant, of one value in every pixel"),
        ("profile codes.npy --scale 1 --zero-point 0 --out q.profile", "of 1 frames are invalid"),
        ("profile codes.npy --scale 1 --zero-point 0 --out q.profile --slack=-1", "found --slack -1"),
        ("watch codes.npy --profile p.profile", "p.profile"),
        ("watch codes.npy --profile missing.profile", "missing.profile"),
    ];
    for (line, expected) in cases {
        let stderr = bench.refusal(line);
        assert!(stderr.contains(expected), "{line}: {stderr}");
    }
}

#[test]
fn what_a_loss_cannot_do_is_said() {
    let bench = Bench::new();
    bench.file("one.npy", &npy_f32(&[2, 3], &[0.5; 6]));
    bench.file("classes.npy", &npy_f32(&[4, 2, 3], &[0.5; 24]));
    bench.file("pixels.npy", &npy_f32(&[2, 3, 4], &[0.5; 24]));
    bench.file("many.npy", &npy_f32(&[40, 2, 3], &[0.5; 240]));
    bench.file("five.npy", &npy_f32(&[1, 1, 4, 2, 3], &[0.5; 24]));
    bench.file("high.npy", &npy_f32(&[2, 3], &[0.0, 1.0, 1.5, 0.0, 0.0, 0.0]));
    bench.file("nan.npy", &npy_f32(&[2, 3], &[f32::NAN; 6]));
    bench.file("sixteen.npy", &support::npy("<i2", &[2, 3], &[255; 12]));
    bench.file("planes.npy", &support::npy("|u1", &[3, 2, 3], &[0; 18]));
    bench.file("signed.npy", &support::npy("|i1", &[2, 3], &[0, 0, 255, 0, 0, 0]));
    bench.file("ok.png", &png_grey(3, 2, &[0, 1, 1, 0, 0, 0]));
    bench.file("seven.png", &png_grey(3, 2, &[0, 1, 7, 0, 0, 0]));
    bench.file("mixed/a.npy", &npy_f32(&[4, 2, 3], &[0.5; 24]));
    bench.file("mixed/b.npy", &npy_f32(&[3, 2, 3], &[0.5; 18]));
    bench.file("masks/a.png", &png_grey(3, 2, &[0; 6]));
    bench.file("masks/b.png", &png_grey(3, 2, &[0; 6]));
    bench.file("wide/a.npy", &npy_f32(&[2, 3], &[0.5; 6]));
    bench.file("wide/b.npy", &npy_f32(&[2, 4], &[0.5; 8]));
    bench.file("wides/a.png", &png_grey(3, 2, &[0; 6]));
    bench.file("wides/b.png", &png_grey(4, 2, &[0; 8]));
    let cases = [
        (
            "bce --logits one.npy --labels ok.png --preset numpy",
            "found --preset numpy (segmeter list bce prints those of the loss)",
        ),
        (
            "mcc --logits one.npy --labels ok.png --preset monai",
            "for mcc, expected one of its losses: cross_entropy",
        ),
        ("bce --logits one.npy --labels ok.png --empty smooth", "bce has no parameter `empty`"),
        ("dice --logits one.npy --labels ok.png --empty zero", "found empty=zero for dice, expected smooth"),
        ("dice --logits one.npy --labels ok.png --set average=both", "expected macro, micro"),
        ("bce --logits one.npy --labels ok.png --class-weights 1,2,3", "found 3 --class-weights, expected 2"),
        (
            "wasserstein_dice --logits one.npy --labels ok.png --class-weights 1,2",
            "--class-weights for wasserstein_dice, which has none",
        ),
        ("bce --logits one.npy --labels ok.png --class-weights 1,x", "--class-weights"),
        ("bce --logits one.npy --labels ok.png --class-weights 0,-1", "not negative"),
        ("bce --logits one.npy --labels ok.png --class-weights 0,0", "one above 0"),
        (
            "bce --logits classes.npy --labels ok.png --class-weights 1,2",
            "found 2 --class-weights, expected 4",
        ),
        (
            "bce --logits classes.npy --labels seven.png",
            "seven.png: found class id 7 at pixel 2 of image 0, expected 0 to 3",
        ),
        ("bce --logits classes.npy --labels ok.png --ignore 2", "--ignore 2 is a class"),
        ("bce --logits classes.npy --labels ok.png --layout hwc", "ok.png: found 2x3 pixels, expected 4x2"),
        ("bce --logits pixels.npy --labels ok.png", "ok.png: found 2x3 pixels, expected 3x4"),
        ("bce --logits many.npy --labels ok.png", "many.npy: found 40 classes, expected at most 32"),
        ("bce --logits five.npy --labels ok.png", "five.npy: found axes (1,1,4,2,3), expected (H,W)"),
        ("bce --logits one.npy --labels ok.png --layout chw", "one.npy: found axes (2,3), expected (C,H,W)"),
        ("bce --logits one.npy --labels ok.png --multilabel", "one.npy: found axes (2,3), expected (C,H,W)"),
        (
            "bce --logits one.npy --labels ok.png --multilabel --layout hw",
            "expected (C,H,W) or (H,W,C) for --multilabel",
        ),
        (
            "bce --logits classes.npy --labels planes.npy --multilabel",
            "planes.npy: found axes (3,2,3), expected 4 channels",
        ),
        (
            "lovasz_hinge --logits classes.npy --labels ok.png",
            "classes.npy: found multiclass logits, expected binary",
        ),
        (
            "lovasz_softmax --logits one.npy --labels ok.png",
            "one.npy: found binary logits, expected multiclass",
        ),
        ("bce --logits high.npy --labels ok.png --probabilities", "high.npy: found 1.5 at place 2"),
        ("bce --logits one.npy --labels high.npy", "high.npy: found a soft label outside [0, 1] at place 2"),
        ("bce --logits one.npy --labels nan.npy", "nan.npy: found a soft label outside"),
        ("bce --logits one.npy --labels signed.npy", "signed.npy: found class id -1"),
        (
            "bce --logits one.npy --labels sixteen.npy",
            "sixteen.npy: found -1, expected class ids from 0 to 65535",
        ),
        ("bce --logits one.npy --labels one.npy --foreground 1", "one.npy: found soft labels"),
        ("bce --logits one.npy --labels ok.png --foreground 3 --ignore 3", "--foreground 3 is an ignored id"),
        (
            "lovasz_softmax --logits classes.npy --layout chw --labels classes.npy",
            "classes.npy: Lovász losses need hard labels",
        ),
        ("bce --logits mixed --labels masks", "mixed: found 3 channels, expected 4"),
        ("bce --logits wide --labels wides", "wide: found images of different widths: say --reduction image"),
        (
            "bce --logits wide --labels wides --reduction image --gradient d.npy",
            "wide: found images of different shapes",
        ),
        ("log_dice --set smooth=0 --logits one.npy --labels nan.npy", "soft label"),
    ];
    for (line, expected) in cases {
        let stderr = bench.refusal(&format!("loss {line}"));
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
