//! Input that looks like something else: a right number, a refusal, or a note that names a remedy that works.
#![allow(clippy::float_cmp, reason = "the same numbers by two ways")]

mod support;

use support::{Bench, npy, npy_f32, png_grey};

/// A mask of two rows of four pixels, with the codes of background and foreground.
fn mask(low: u8, high: u8) -> Vec<u8> {
    png_grey(4, 2, &[0, 1, 1, 0, 0, 0, 1, 1].map(|id| if id == 1 { high } else { low }))
}

/// Predictions and labels in 0 and 1 or 0 and 255, in all four ways: --foreground 255 is right for each.
#[test]
fn masks_of_0_and_255_on_either_side() {
    let bench = Bench::new();
    for name in ["a", "b"] {
        bench.file(&format!("one/{name}.png"), &mask(0, 1));
        bench.file(&format!("all/{name}.png"), &mask(0, 255));
    }
    for line in ["eval one one", "eval one all", "eval all one", "eval all all"] {
        let report = bench.json(&format!("{line} --foreground 255"));
        assert_eq!((&report["pooled"]["mean_iou"], &report["pixels"]), (&1.0.into(), &16.into()), "{line}");
        assert_eq!(bench.notes(&format!("{line} --foreground 255")), "", "{line}");
    }
    // 1 is a class beside others: then 255 alone is foreground.
    bench.file("three/a.png", &png_grey(4, 2, &[0, 1, 2, 255, 0, 0, 1, 1]));
    bench.file("three/b.png", &mask(0, 1));
    let report = bench.json("eval three three --foreground 255");
    assert_eq!(report["classes"][1]["true_positive"], 1);
    let others = "made background of ids that are neither 0 nor 255";
    assert!(bench.notes("eval three three --foreground 255").contains(others));
    // 255 is not scored, and yet called foreground; and masks of both kinds in one folder.
    bench.file("void/a.png", &png_grey(4, 2, &[0, 1, 1, 0, 255, 255, 1, 1]));
    bench.file("void/b.png", &mask(0, 1));
    bench.file("mixed/a.png", &mask(0, 255));
    bench.file("mixed/b.png", &mask(0, 1));
    for line in ["eval one void", "eval mixed one"] {
        let said = bench.notes(&format!("{line} --foreground 255"));
        assert!(said.contains(others) && said.contains("leave it out"), "{line}: {said}");
    }
    bench.file("sevens/a.png", &mask(0, 7));
    bench.file("sevens/b.png", &mask(0, 7));
    let said = bench.notes("eval one sevens --foreground 7");
    assert!(said.contains("nothing is predicted as the id 7 that --foreground names"), "{said}");
    // An id that is nowhere: all is background, and it looks perfect.
    let said = bench.notes("eval one one --foreground 7");
    assert!(said.contains("no pixel has the id 7 that --foreground names"), "{said}");
}

/// The same note whatever reads the labels.
#[test]
fn labels_of_0_and_255_are_noted_by_every_command() {
    let bench = Bench::new();
    let frames: Vec<u8> = (0..40 * 48).map(|n: u32| (n * n * 31 % 253) as u8).collect();
    let masks: Vec<u8> = frames.iter().map(|code| if code.cast_signed() > 0 { 255 } else { 0 }).collect();
    bench.file("f.npy", &npy("|i1", &[40, 6, 8], &frames));
    bench.file("g.npy", &npy("|u1", &[40, 6, 8], &masks));
    let scale = "--scale 0.1 --zero-point 0";
    bench.notes(&format!("profile f.npy {scale} --labels g.npy --foreground 255 --out good.profile"));
    for line in [
        format!("eval f.npy g.npy {scale}"),
        format!("loss dice --logits f.npy --labels g.npy {scale}"),
        format!("profile f.npy {scale} --labels g.npy --out a.profile"),
        "watch f.npy --labels g.npy --profile good.profile".to_owned(),
        format!("device f.npy --host --labels g.npy {scale}"),
    ] {
        let said = bench.notes(&line);
        assert!(said.contains("g.npy: ") && said.contains("say --foreground 255"), "{line}: {said}");
        let said = bench.notes(&format!("{line} --foreground 255"));
        assert!(!said.contains("foreground"), "{line}: {said}");
    }
}

/// Floats that look like probabilities or class ids, codes that look like masks, and steps that are those of floats.
#[test]
fn numbers_that_look_like_others() {
    let bench = Bench::new();
    let shares: Vec<f32> = (0..40 * 48).map(|n: u32| (n * n * 31 % 253) as f32 / 253.0).collect();
    let logits: Vec<f32> = shares.iter().map(|share| 8.0 * share - 4.0).collect();
    bench.file("p.npy", &npy_f32(&[40, 6, 8], &shares));
    bench.file("z.npy", &npy_f32(&[40, 6, 8], &logits));
    let masks: Vec<u8> = shares.iter().map(|share| u8::from(*share > 0.5)).collect();
    bench.file("g.npy", &npy("|u1", &[40, 6, 8], &masks));
    let codes: Vec<u8> = shares.iter().map(|share| (255.0 * share) as u8).collect();
    bench.file("u8.npy", &npy("|u1", &[40, 6, 8], &codes));
    bench.file("i8.npy", &npy("|i1", &[40, 6, 8], &codes));
    bench.notes("profile z.npy --out z.profile");
    let plenty = "say --probabilities";
    for line in ["profile p.npy --out x", "watch p.npy --profile z.profile", "eval p.npy g.npy"] {
        let said = bench.notes(line);
        assert!(said.contains("p.npy: all numbers are from 0") && said.contains(plenty), "{line}: {said}");
    }
    let said = bench.notes("profile p.npy --probabilities --out p.profile");
    assert!(!said.contains("all numbers"), "{said}");
    let scaled: Vec<f32> = shares.iter().map(|share| 255.0 * share).collect();
    bench.file("p255.npy", &npy_f32(&[40, 6, 8], &scaled));
    let said = bench.notes("eval p255.npy g.npy");
    assert!(said.contains("none below 0") && said.contains(plenty), "{said}");
    for line in
        ["eval g.npy g.npy", "loss bce --logits g.npy --labels g.npy", "watch g.npy --profile p.profile"]
    {
        let said = bench.notes(&format!("{line} --probabilities"));
        assert!(
            said.contains("all numbers are 0 or 1") && said.contains("leave --probabilities out"),
            "{said}"
        );
    }
    let said = bench.notes("eval u8.npy g.npy");
    assert!(
        said.contains("248 classes, of which 2 are labelled") && said.contains("--probabilities"),
        "{said}"
    );
    let said = bench.notes("eval g.npy u8.npy");
    assert!(said.contains("2 predicted: of scores say"), "{said}");
    let said = bench.notes("watch i8.npy --profile z.profile");
    assert!(said.contains("8-bit codes were taken as 0.0625 code, as in the profile"), "{said}");
    for line in ["watch i8.npy --profile z.profile", "device i8.npy --host --profile z.profile"] {
        let said = bench.refusal(&format!("{line} --scale 0.1 --zero-point 15"));
        let found =
            "found i8 logits with --scale 0.1 --zero-point 15, expected i8 logits with --scale 0.0625";
        assert!(said.contains(found) && said.contains("as in z.profile"), "{line}: {said}");
        let said = bench.refusal(&line.replace("i8.npy", "u8.npy"));
        assert!(said.contains("found u8, expected i8 logits"), "{line}: {said}");
    }
    // The least of all numbers is no zero point, and no overflow.
    let said = bench.refusal("eval i8.npy g.npy --scale 0.1 --zero-point -2147483648");
    assert!(said.contains("expected a scale in (0, 1e6) and a zero point in -128..=127"), "{said}");
}

/// A sigmoid head in 8 bits, with the scale that its file says, and logits that are called probabilities.
#[test]
fn scales_that_say_what_numbers_are() {
    let bench = Bench::new();
    let codes: Vec<u8> = (0..40 * 48).map(|n: u32| (n * n * 31 % 253) as u8).collect();
    let masks: Vec<u8> = codes.iter().map(|code| u8::from(code.cast_signed() > 0)).collect();
    bench.file("i8.npy", &npy("|i1", &[40, 6, 8], &codes));
    bench.file("g.npy", &npy("|u1", &[40, 6, 8], &masks));
    for line in [
        "eval i8.npy g.npy",
        "loss bce --logits i8.npy --labels g.npy",
        "profile i8.npy --out x",
        "device i8.npy --host",
    ] {
        let said = bench.notes(&format!("{line} --scale 0.00390625 --zero-point -128"));
        assert!(said.contains("numbers from 0 to 0.99609375, which were taken as logits"), "{line}: {said}");
        let said = bench.notes(&format!("{line} --scale 0.1 --zero-point 0 --probabilities"));
        assert!(said.contains("of which those beyond 0 and 1 are cut"), "{line}: {said}");
        for right in ["--scale 0.00390625 --zero-point -128 --probabilities", "--scale 0.1 --zero-point 0"] {
            assert!(!bench.notes(&format!("{line} {right}")).contains("make codes"), "{line} {right}");
        }
    }
    // Floats beyond the codes that hold them.
    let wide: Vec<f32> = codes.iter().map(|code| f32::from(code.cast_signed()) / 4.0).collect();
    bench.file("wide.npy", &npy_f32(&[40, 6, 8], &wide));
    assert!(bench.notes("profile wide.npy --out x").contains(", cut to -8 to 7.9375; another step"));
    assert!(!bench.notes("profile wide.npy --scale 0.25 --zero-point 0 --out x").contains(", cut"));
}

/// Ordinary input is not commented on.
#[test]
fn nothing_is_said_of_what_is_right() {
    let bench = Bench::new();
    let ids: Vec<u8> = (0..60).map(|n| if n % 7 == 0 { 255 } else { n }).collect();
    bench.file("many.png", &png_grey(10, 6, &ids));
    bench.file("two.png", &mask(0, 1));
    let relu: Vec<f32> = (0..3 * 8).map(|n| (n * 7 % 11) as f32).collect();
    bench.file("relu.npy", &npy_f32(&[1, 3, 2, 4], &relu));
    bench.file("three.npy", &npy("|u1", &[1, 2, 4], &[0, 1, 2, 255, 0, 1, 2, 0]));
    for line in ["eval many.png many.png", "eval two.png two.png", "eval relu.npy three.npy"] {
        assert_eq!(bench.notes(line), "", "{line}");
    }
}

/// What was asked for by name is there, or a line says why it is not.
#[test]
fn what_is_not_computed_is_said() {
    let bench = Bench::new();
    bench.file("p.png", &mask(0, 1));
    bench.file("g.png", &mask(0, 1));
    bench.file("three.png", &png_grey(4, 2, &[0, 1, 2, 0, 0, 0, 1, 1]));
    let said = bench.notes("eval p.png g.png --metrics auroc,ece,iou");
    assert!(
        said.contains("auroc was not computed: it needs scores") && said.contains("ece was not"),
        "{said}"
    );
    assert!(!said.contains("iou was not"), "{said}");
    let said = bench.notes("eval three.png three.png --metrics corridor_width,iou");
    assert!(said.contains("corridor_width was not computed: it needs two classes"), "{said}");
    assert_eq!(bench.notes("eval p.png g.png"), "", "nobody asked for them");
    let report = bench.json("eval p.png g.png --metrics hd90 --percentile 90");
    assert_eq!(report["surface"]["hd90"], 0.0);
    for (line, found) in [
        ("eval p.png g.png --metrics hd90", "found metric `hd90`, which is hd95 with --percentile 90"),
        ("eval p.png g.png --ego 4", "found --ego 4, expected a column from 0 to 3"),
        ("eval p.png g.png --ignore none,1", "found --ignore none beside ids"),
        (
            "eval p.png g.png --classes names.txt",
            "found --classes names.txt, expected a number of classes, or the names",
        ),
        ("eval p.png g.png --tolerance -1", "found --tolerance -1, expected a finite number"),
        ("eval p.png g.png --beta -1", "found --beta -1"),
        ("eval p.png g.png --spacing -1,1", "found --spacing -1,1, expected two numbers"),
        ("eval missing g.png", "missing: found no such file or directory"),
        ("eval - g.png", "-: found no such file or directory (stdin is not read)"),
        (
            "loss bce+dice --set smooth=0 --logits p.png --labels g.png",
            "found --set smooth for a sum, expected one of the parameters: ",
        ),
    ] {
        let said = bench.refusal(line);
        assert!(said.contains(found), "{line}: {said}");
    }
}

/// Labels of no frame are a mistake, whoever reads them.
#[test]
fn labels_without_a_frame_are_refused() {
    let bench = Bench::new();
    for frame in 0..12_u32 {
        let codes: Vec<u8> = (0..48).map(|n: u32| ((n * n + frame * 17) * 31 % 253) as u8).collect();
        bench.file(&format!("f/{frame}.npy"), &npy("|i1", &[6, 8], &codes));
    }
    bench.file("some/3.png", &png_grey(8, 6, &[0, 1].repeat(24)));
    bench.file("stray/3.png", &png_grey(8, 6, &[0, 1].repeat(24)));
    bench.file("stray/x.png", &png_grey(8, 6, &[0, 1].repeat(24)));
    let scale = "--scale 0.1 --zero-point 0";
    bench.notes(&format!("profile f {scale} --labels some --out a.profile"));
    for line in [
        format!("profile f {scale} --out x --labels stray"),
        "watch f --profile a.profile --labels stray".to_owned(),
        format!("device f --host {scale} --labels stray"),
        format!("loss dice --logits f {scale} --labels stray"),
        format!("eval f stray {scale}"),
    ] {
        let said = bench.refusal(&line);
        assert!(said.contains("stray/x.png: found no image for these labels in f"), "{line}: {said}");
    }
    let said = bench.refusal(&format!("profile f {scale} --out x --labels some --label-frames 3,3"));
    assert!(said.contains("--label-frames has image 3 twice"), "{said}");
}

/// Of a hundred blocks and more every one has a line, in the columns that there are, and no number is broken.
#[test]
fn a_timeline_has_a_line_for_each_block() {
    let bench = Bench::new();
    let frames: Vec<u8> = (0..120 * 48).map(|n: u32| (n * n * 31 % 253) as u8).collect();
    let masks: Vec<u8> = frames.iter().map(|code| u8::from(code.cast_signed() > 0)).collect();
    bench.file("f.npy", &npy("|i1", &[120, 6, 8], &frames));
    bench.file("g.npy", &npy("|u1", &[120, 6, 8], &masks));
    bench.notes("profile f.npy --scale 0.1 --zero-point 0 --labels g.npy --block 1 --out a.profile");
    let table = bench.stdout("watch f.npy --profile a.profile --labels g.npy", 0);
    assert!(
        table.lines().filter(|line| line.contains("..")).all(|line| line.chars().count() <= 120),
        "{table}"
    );
    let is_number = |word: &&str| word.parse::<f64>().is_ok();
    for block in 0..120 {
        let line = table.lines().nth(2 + block).unwrap();
        assert!(line.starts_with(&format!(" {block}..{} ", block + 1)), "{line}");
        let numbers: Vec<&str> = line.split_whitespace().skip(1).filter(is_number).collect();
        assert!(
            numbers.len() >= 8 && numbers.iter().all(|n| n.split_once('.').unwrap().1.len() == 3),
            "{line}"
        );
    }
}

/// A frame of another size is invalid, and the summary says so.
#[test]
fn invalid_frames_are_counted_by_reason() {
    let bench = Bench::new();
    let codes = |count: usize| (0..count as u32).map(|n| (n * n * 31 % 253) as u8).collect::<Vec<u8>>();
    bench.file("f.npy", &npy("|i1", &[40, 6, 8], &codes(40 * 48)));
    bench.file("small.npy", &npy("|i1", &[3, 4, 8], &codes(96)));
    bench.notes("profile f.npy --scale 0.1 --zero-point 0 --out a.profile");
    let table = bench.stdout("watch small.npy --profile a.profile", 0);
    assert!(table.contains(" 3 invalid: shape 3"), "{table}");
}

/// Probabilities of classes that are none of a softmax; what is not scored does not matter.
#[test]
fn probabilities_of_classes_sum_to_one() {
    let bench = Bench::new();
    let pixels = 6 * 8;
    let share = |class: usize, pixel: usize| [0.25, 0.5, 0.125][(class + pixel) % 3];
    let plane = |class: usize| (0..pixels).map(move |pixel| share(class, pixel));
    let ids: Vec<u8> = (0..pixels).map(|pixel| if pixel < 4 { 255 } else { (pixel % 3) as u8 }).collect();
    bench.file("g.npy", &npy("|u1", &[6, 8], &ids));
    let sigmoids: Vec<f32> = (0..3).flat_map(plane).collect();
    bench.file("s.npy", &npy_f32(&[3, 6, 8], &sigmoids));
    let mut softmax: Vec<f32> = sigmoids.iter().map(|share| share / 0.875).collect();
    softmax[0] = 0.0;
    bench.file("p.npy", &npy_f32(&[3, 6, 8], &softmax));
    let wide: Vec<u8> = sigmoids.iter().flat_map(|share| f64::from(*share).to_le_bytes()).collect();
    bench.file("w.npy", &npy("<f8", &[3, 6, 8], &wide));
    let commands = ["eval FILE g.npy", "loss cross_entropy --logits FILE --labels g.npy"];
    for line in commands.map(|line| line.to_owned() + " --probabilities --layout chw") {
        for file in ["s.npy", "w.npy"] {
            let said = bench.notes(&line.replace("FILE", file));
            let sum = "sum to 0.8750 at the least and 0.8750 at the most, not to 1: of logits leave --probabilities out";
            assert!(said.contains(sum), "{line}: {said}");
        }
        assert_eq!(bench.notes(&line.replace("FILE", "p.npy")), "", "{line}");
    }
    let pixelwise: Vec<f32> = (0..3 * pixels).map(|n| sigmoids[n % 3 * pixels + n / 3]).collect();
    bench.file("h.npy", &npy_f32(&[6, 8, 3], &pixelwise));
    for line in commands.map(|line| line.replace("FILE", "h.npy") + " --probabilities --layout hwc") {
        assert!(bench.notes(&line).contains("sum to 0.8750 at the least and 0.8750"), "{line}");
    }
}

/// Scales that leave one class, or cut half of the codes.
#[test]
fn zero_points_that_are_wrong() {
    let bench = Bench::new();
    let codes: Vec<u8> = (0..48).map(|n: u8| (n * 5).wrapping_add(9)).collect();
    let masks: Vec<u8> = codes.iter().map(|code| u8::from(code.cast_signed() > 0)).collect();
    bench.file("i8.npy", &npy("|i1", &[6, 8], &codes));
    bench.file("g.npy", &npy("|u1", &[6, 8], &masks));
    let said = bench.notes("eval i8.npy g.npy --scale 0.0625 --zero-point -128");
    assert!(said.contains("every pixel is predicted as class 1, though labels have 2 classes"), "{said}");
    assert_eq!(bench.notes("eval i8.npy g.npy --scale 0.0625 --zero-point 0"), "");
    let cut = "--probabilities --scale 0.00390625 --zero-point 0";
    for line in [
        "eval i8.npy g.npy",
        "loss bce --logits i8.npy --labels g.npy",
        "device --host i8.npy --labels g.npy",
    ] {
        let said = bench.notes(&format!("{line} {cut}"));
        let range = "make codes numbers from -0.5 to 0.49609375, of which those beyond 0 and 1 are cut: is the zero point right?";
        assert!(said.contains(range), "{line}: {said}");
    }
    // Of floats there is no scale.
    bench.file("p.npy", &npy_f32(&[6, 8], &[0.25; 48]));
    for line in ["eval p.npy g.npy", "loss bce --logits p.npy --labels g.npy"] {
        let said = bench.refusal(&format!("{line} {cut}"));
        assert!(said.contains("found f32, expected 8 bits for --scale"), "{line}: {said}");
    }
    bench.file("q.npy", &npy_f32(&[6, 8], &[1.000_000_1; 48]));
    assert!(
        bench.refusal("eval q.npy g.npy --probabilities").contains("round-off beyond them is to be clipped")
    );
    bench.file("z.npy", &npy_f32(&[6, 8], &[0.5; 48]));
    for (name, wanted) in [("dice-ce", "dice_cross_entropy"), ("cross-entropy", "cross_entropy")] {
        let said = bench.refusal(&format!("loss {name} --logits z.npy --labels g.npy"));
        assert!(said.contains(&format!("for the loss say {wanted}, for a difference")), "{said}");
    }
}
