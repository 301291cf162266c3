//! `segmeter loss`: the numbers are those of the library, whatever the threads and the vector instructions.
#![allow(clippy::disallowed_methods, reason = "the reference is a computation of its own")]

mod support;

use segmeter::core::loss::{CrossEntropy, Dice, Loss, LovaszHinge, Smooth, Tversky, Weighted};
use segmeter::core::sketch::{GradientTable, SigmoidTable, Sketch};
use segmeter::core::view::{Encoding, Frame, IGNORE, Labels, Quantised, Quantiser, Shape, Weights};
use segmeter::{Engine, LevelName};
use serde_json::Value;
use support::{
    Bench, DEMO, LABELLED, SCALE, ZERO_POINT, assert_keys, bits, demo, logits, npy_f32, png_grey, read_f32,
};

const HEIGHT: usize = 37;
const WIDTH: usize = 53;
const PIXELS: usize = HEIGHT * WIDTH;

fn shape(height: usize) -> Shape {
    Shape::new(height as u32, WIDTH as u32).unwrap()
}

/// Labels with foreground, background and ignored pixels.
fn ids(count: usize) -> Vec<u8> {
    (0..count).map(|i| if i % 11 == 0 { IGNORE } else { u8::from(i % 3 == 0) }).collect()
}

/// A batch of two images with labels.
fn batch(bench: &Bench) -> (Vec<f32>, Vec<u8>) {
    let (z, g) = (logits(2 * PIXELS), ids(2 * PIXELS));
    bench.file("z.npy", &npy_f32(&[2, HEIGHT, WIDTH], &z));
    bench.file("g.npy", &support::npy("|u1", &[2, HEIGHT, WIDTH], &g));
    (z, g)
}

fn library(loss: &impl Loss, frame: &Frame<'_>, weight: f32, gradient: &mut [f32]) -> f32 {
    let mut scratch = vec![0; loss.scratch_len(frame.shape())];
    let engine = Engine::default();
    loss.accumulate(&engine, frame, weight, &mut scratch, Some(gradient)).unwrap().value
}

#[test]
fn loss_and_gradient_are_the_librarys() {
    let bench = Bench::new();
    let (z, g) = batch(&bench);
    let report =
        bench.json("loss tversky --set fp_weight=0.4 --logits z.npy --labels g.npy --gradient d.npy");
    assert_keys(&report, "loss value per_class parameters definition pixels ignored undefined level threads");
    let loss = Tversky::new(0.4, 0.7, Smooth::ONE).unwrap();
    let labels = Labels::new(shape(2 * HEIGHT), &g, IGNORE).unwrap();
    let mut expected = vec![0.0; 2 * PIXELS];
    let value = library(&loss, &Frame::new(&z, labels).unwrap(), 1.0, &mut expected);
    assert_eq!(report["value"], f64::from(value));
    assert_eq!(report["pixels"], labels.valid());
    assert_eq!(report["parameters"]["fp_weight"], 0.4);
    let (axes, gradient) = read_f32(&bench.path("d.npy"));
    assert_eq!(axes, [2, HEIGHT, WIDTH]);
    assert_eq!(bits(&gradient), bits(&expected));
}

#[test]
fn image_reduction_is_the_mean() {
    let bench = Bench::new();
    let (z, g) = batch(&bench);
    let line = "loss 0.5*dice+lovasz_hinge --logits z.npy --labels g.npy --reduction image --gradient d.npy";
    let report = bench.json(line);
    let loss = Weighted::new(0.5, Dice::new(Smooth::ONE), 1.0, LovaszHinge).unwrap();
    let mut expected = vec![0.0; 2 * PIXELS];
    let mut sum = 0.0;
    for image in 0..2 {
        let part = image * PIXELS..(image + 1) * PIXELS;
        let labels = Labels::new(shape(HEIGHT), &g[part.clone()], IGNORE).unwrap();
        let frame = Frame::new(&z[part.clone()], labels).unwrap();
        sum += f64::from(library(&loss, &frame, 0.5, &mut expected[part]));
    }
    assert_eq!(report["value"], sum / 2.0);
    assert_eq!(bits(&read_f32(&bench.path("d.npy")).1), bits(&expected));
}

#[test]
fn images_without_labels_are_left_out_of_the_mean() {
    let bench = Bench::new();
    let (_, mut g) = batch(&bench);
    g[..PIXELS].fill(IGNORE);
    bench.file("g.npy", &support::npy("|u1", &[2, HEIGHT, WIDTH], &g));
    let report = bench.json("loss bce --logits z.npy --labels g.npy --reduction image");
    let second = bench.json("loss bce --logits z.npy --labels g.npy --frames 1..2");
    assert_eq!((&report["undefined"], &report["value"]), (&Value::from(1), &second["value"]));
    let none = bench.run("loss bce --logits z.npy --labels g.npy --frames 0..1 --json");
    let none: Value = serde_json::from_slice(&none.stdout).unwrap();
    assert_eq!((&none["undefined"], &none["value"]), (&Value::from(1), &Value::Null));
}

#[test]
fn eight_bit_loss_is_the_sketchs() {
    let bench = Bench::new();
    let report = bench.json(&format!(
        "loss tversky --logits @road_i8.bin {DEMO} --frames {LABELLED} --labels @label_bits.bin --valid \
         @valid_bits.bin --gradient d.npy"
    ));
    assert_eq!((&report["images"], &report["pixels"]), (&Value::from(18), &Value::from(336_995)));
    let (axes, gradient) = read_f32(&bench.path("d.npy"));
    assert_eq!(axes, [18, 120, 160]);

    // The same from the library.
    let pixels = 120 * 160;
    let codes: Vec<i8> =
        std::fs::read(demo("road_i8.bin")).unwrap().into_iter().map(u8::cast_signed).collect();
    let quantiser = Quantiser::logits(Encoding::Signed, SCALE, ZERO_POINT).unwrap();
    let frames: Vec<usize> = LABELLED.split(',').map(|frame| frame.parse().unwrap()).collect();
    let all: Vec<i8> = frames.iter().flat_map(|i| codes[i * pixels..(i + 1) * pixels].to_vec()).collect();
    let bit = |file: &[u8], i: usize| (file[i / 8] >> (i % 8)) & 1;
    let (labels, valid) =
        (std::fs::read(demo("label_bits.bin")).unwrap(), std::fs::read(demo("valid_bits.bin")).unwrap());
    let ids: Vec<u8> =
        (0..18 * pixels).map(|i| if bit(&valid, i) == 0 { IGNORE } else { bit(&labels, i) }).collect();
    let shape = Shape::new(18 * 120, 160).unwrap();
    let labels = Labels::new(shape, &ids, IGNORE).unwrap();
    let frame = Quantised::new(shape, &all, quantiser).unwrap();
    let sketch = Sketch::of(&frame, Some(&labels)).unwrap();
    let (table, mut slopes) = (SigmoidTable::new(&quantiser), GradientTable::default());
    let value = Tversky::FN_HEAVY.accumulate_sketch(&sketch, &table, 1.0, Some(&mut slopes)).unwrap().value;
    assert_eq!(report["value"], f64::from(value));
    let mut expected = vec![0.0; all.len()];
    slopes.add_to(&frame, &labels, &mut expected).unwrap();
    assert_eq!(bits(&gradient), bits(&expected));
}

#[test]
fn pixel_weights_of_eight_bit_logits() {
    let bench = Bench::new();
    let codes: Vec<u8> = (0..PIXELS).map(|i| (i * 37 % 256) as u8).collect();
    let weights: Vec<f32> = (0..PIXELS).map(|i| (i % 5) as f32 * 0.5).collect();
    let g = ids(PIXELS);
    bench.file("q.npy", &support::npy("|u1", &[HEIGHT, WIDTH], &codes));
    bench.file("w.npy", &npy_f32(&[HEIGHT, WIDTH], &weights));
    bench.file("g.png", &png_grey(WIDTH as u32, HEIGHT as u32, &g));
    let report = bench.json("loss bce --logits q.npy --probabilities --labels g.png --pixel-weights w.npy");
    let mut z = vec![0.0; PIXELS];
    let quantiser = Quantiser::probabilities();
    Quantised::new(shape(HEIGHT), &codes, quantiser).unwrap().dequantise(&mut z).unwrap();
    let labels = Labels::new(shape(HEIGHT), &g, IGNORE).unwrap();
    let frame = Frame::new(&z, labels).unwrap().with_activation(quantiser.activation());
    let frame = frame.with_weights(Weights::new(shape(HEIGHT), &weights).unwrap());
    let value = library(&CrossEntropy::MEAN, &frame.unwrap(), 1.0, &mut vec![0.0; PIXELS]);
    assert_eq!(report["value"], f64::from(value));
}

/// What 8-bit codes mean can be said of their logits as well.
#[test]
fn eight_bit_losses_that_need_the_frame() {
    let bench = Bench::new();
    let codes: Vec<i8> = (0..PIXELS).map(|i| (i * 91 % 256) as u8 as i8).collect();
    let z: Vec<f32> = codes.iter().map(|code| 0.05 * (i32::from(*code) - 3) as f32).collect();
    bench.file(
        "q.npy",
        &support::npy("|i1", &[HEIGHT, WIDTH], &codes.iter().map(|c| *c as u8).collect::<Vec<_>>()),
    );
    bench.file("z.npy", &npy_f32(&[HEIGHT, WIDTH], &z));
    bench.file("g.npy", &support::npy("|u1", &[HEIGHT, WIDTH], &ids(PIXELS)));
    for flags in ["dice --labels g.npy --class-weights 1,2", "bce --labels g.npy --class-weights 1,2"] {
        let eight = bench.json(&format!("loss {flags} --logits q.npy --scale 0.05 --zero-point 3"));
        assert_eq!(eight["value"], bench.json(&format!("loss {flags} --logits z.npy"))["value"]);
    }
}

#[test]
fn probabilities_and_their_gradient() {
    let bench = Bench::new();
    let p = [0.25f32, 0.5, 0.9, 0.2];
    bench.file("p.npy", &npy_f32(&[2, 2], &p));
    bench.file("g.npy", &support::npy("|u1", &[2, 2], &[1, 0, 1, 0]));
    let report = bench.json("loss bce --logits p.npy --probabilities --labels g.npy --gradient d.npy");
    let expected = -(0.25f64.ln() + 0.5f64.ln() + f64::from(0.9f32).ln() + 0.8f64.ln()) / 4.0;
    assert!((report["value"].as_f64().unwrap() - expected).abs() < 1e-6 * expected);
    assert_eq!(report["gradient_of"], "probabilities");
    let gradient = read_f32(&bench.path("d.npy")).1;
    let slopes = [-1.0 / 0.25, 1.0 / 0.5, -1.0 / 0.9, 1.0 / 0.8].map(|slope| slope / 4.0);
    assert!(gradient.iter().zip(slopes).all(|(a, b): (&f32, f32)| (a - b).abs() < 1e-5), "{gradient:?}");
}

#[test]
fn soft_labels() {
    let bench = Bench::new();
    let z = [0.3f32, -2.0, 1.5, 0.0, 4.0, -0.7];
    let g = [0.0f32, 0.25, 1.0, 0.5, 0.9, 0.0];
    bench.file("z.npy", &npy_f32(&[2, 3], &z));
    bench.file("g.npy", &npy_f32(&[2, 3], &g));
    let wide: Vec<u8> = g.iter().flat_map(|share| f64::from(*share).to_le_bytes()).collect();
    bench.file("wide.npy", &support::npy("<f8", &[2, 3], &wide));
    bench.file("valid.npy", &support::npy("|b1", &[2, 3], &[1, 1, 1, 1, 0, 1]));
    let terms = z.iter().zip(g).map(|(z, g)| {
        let (z, g) = (f64::from(*z), f64::from(g));
        (1.0 + z.exp()).ln() - g * z
    });
    let terms: Vec<f64> = terms.collect();
    let near = |line: &str, expected: f64| {
        let report = bench.json(&format!("loss bce --logits z.npy {line}"));
        let value = report["value"].as_f64().unwrap();
        assert!((value - expected).abs() < 1e-6 * expected, "{line}: {value}, expected {expected}");
        report
    };
    let report = near("--labels g.npy", terms.iter().sum::<f64>() / 6.0);
    assert_eq!(bench.json("loss bce --logits z.npy --labels wide.npy"), report);
    let part = near("--labels g.npy --valid valid.npy", (terms.iter().sum::<f64>() - terms[4]) / 5.0);
    assert_eq!((&part["pixels"], &part["ignored"]), (&Value::from(5), &Value::from(1)));
    // Where labels are hard, soft ones are the same.
    bench.file("hard.npy", &npy_f32(&[2, 3], &[0.0, 1.0, 1.0, 0.0, 0.0, 1.0]));
    bench.file("ids.npy", &support::npy("|u1", &[2, 3], &[0, 1, 1, 0, 0, 1]));
    for loss in ["dice", "focal", "tversky", "squared_dice", "unified_focal"] {
        let value = |labels: &str| {
            bench.json(&format!("loss {loss} --logits z.npy --labels {labels}"))["value"].clone()
        };
        assert_eq!(value("hard.npy"), value("ids.npy"), "{loss}");
    }
}

#[test]
fn class_weights_of_both_sides() {
    let bench = Bench::new();
    bench.file("z.npy", &npy_f32(&[1, 2], &[0.5, 2.0]));
    bench.file("g.npy", &support::npy("|u1", &[1, 2], &[0, 1]));
    let weighted = |normalise: &str| {
        let line = "loss bce --logits z.npy --labels g.npy --class-weights 1,3";
        bench.json(&format!("{line} --set normalise={normalise}"))["value"].as_f64().unwrap()
    };
    let sum = (1.0 + 0.5f64.exp()).ln() + 3.0 * (1.0 + (-2.0f64).exp()).ln();
    assert!((weighted("weights") - sum / 4.0).abs() < 1e-6);
    assert!((weighted("count") - sum / 2.0).abs() < 1e-6);
}

#[test]
fn a_single_loss_may_have_a_weight() {
    let bench = Bench::new();
    batch(&bench);
    let line = |loss: &str| format!("loss {loss} --logits z.npy --labels g.npy --gradient d.npy");
    let one = bench.json(&line("dice"))["value"].as_f64().unwrap();
    let slopes = read_f32(&bench.path("d.npy")).1;
    assert_eq!(bench.json(&line("2*dice"))["value"], 2.0 * one);
    let doubled = read_f32(&bench.path("d.npy")).1;
    assert!(slopes.iter().zip(&doubled).all(|(a, b)| (2.0 * a).to_bits() == b.to_bits()));
}

#[test]
fn presets_set_what_is_not_set() {
    let bench = Bench::new();
    batch(&bench);
    let run = |flags: &str| bench.json(&format!("loss {flags} --logits z.npy --labels g.npy"));
    let preset = run("dice --preset monai");
    assert_eq!(preset["value"], run("dice --set smooth=1e-5 --reduction image")["value"]);
    assert_eq!((&preset["preset"], &preset["reduction"]), (&"monai".into(), &"image".into()));
    assert_eq!(preset["parameters"]["denominator_smooth"], 1e-5);
    let won = run("dice --preset monai --set smooth=1 --reduction batch");
    assert_eq!(won["value"], run("dice")["value"]);
    assert_eq!(run("dice --preset keras --set smooth=1")["value"], won["value"]);
    let differs = run("dice --preset nnunet");
    assert!(differs["differs"].as_str().unwrap().contains("-Dice"));
    assert!(differs["definition"].as_str().unwrap().contains("preset nnunet"));
    let sum = run("dice+2*bce --preset monai --set bce.normalise=count");
    assert_eq!(sum["parameters"]["dice.smooth"], 1e-5);
    assert_eq!(sum["parameters"]["bce.normalise"], "count");
    let text = bench.stdout("loss dice --preset nnunet --logits z.npy --labels g.npy", 0);
    assert!(text.contains("mean over 2 images") && text.contains("not 1 - Dice"), "{text}");
}

#[test]
fn a_policy_for_empty_images() {
    let bench = Bench::new();
    bench.file("z.npy", &npy_f32(&[2, 2], &[-9.0, 1.0, 2.0, 0.0]));
    bench.file("g.npy", &support::npy("|u1", &[2, 2], &[0; 4]));
    let run = |flags: &str| bench.json(&format!("loss {flags} --logits z.npy --labels g.npy"));
    let mean = run("dice --empty mean_probability");
    let expected = [-9.0f64, 1.0, 2.0, 0.0].map(|z| 1.0 / (1.0 + (-z).exp())).iter().sum::<f64>() / 4.0;
    assert!((mean["value"].as_f64().unwrap() - expected).abs() < 1e-6);
    assert_eq!(mean["parameters"]["empty"], "mean_probability");
    assert_eq!(run("dice --set empty=mean_probability"), mean);
    let line = "loss dice --empty skip_class --logits z.npy --labels g.npy --json";
    let skipped: Value = serde_json::from_slice(&bench.run(line).stdout).unwrap();
    assert_eq!((&skipped["value"], &skipped["undefined"]), (&Value::Null, &1.into()));
    assert!(run("bce+dice --empty zero_if_both_empty")["value"].as_f64().unwrap() > 0.0);
}

/// Losses that look at the place of pixels need each image for itself, and the numbers behind 8-bit codes.
#[test]
fn losses_that_look_at_places() {
    let bench = Bench::new();
    batch(&bench);
    let codes: Vec<u8> = (0..2 * PIXELS).map(|i| (i * 91 % 256) as u8).collect();
    let z: Vec<f32> = codes.iter().map(|code| 0.05 * (i32::from(code.cast_signed()) - 3) as f32).collect();
    bench.file("q.npy", &support::npy("|i1", &[2, HEIGHT, WIDTH], &codes));
    bench.file("same.npy", &npy_f32(&[2, HEIGHT, WIDTH], &z));
    for loss in ["boundary", "dice+0.1*boundary", "dice_hausdorff", "skeleton_recall"] {
        let line = format!("loss {loss} --labels g.npy --gradient d.npy --logits");
        let eight = bench.json(&format!("{line} q.npy --scale 0.05 --zero-point 3"));
        let slopes = read_f32(&bench.path("d.npy")).1;
        assert_eq!(bench.json(&format!("{line} same.npy")), eight, "{loss}");
        assert_eq!(bits(&read_f32(&bench.path("d.npy")).1), bits(&slopes));
        assert_eq!(eight["reduction"], "image");
        let alone = [0, 1].map(|image| {
            let one = bench.json(&format!("loss {loss} --labels g.npy --logits same.npy --frames {image}"));
            one["value"].as_f64().unwrap()
        });
        assert_eq!(eight["value"], (alone[0] + alone[1]) / 2.0);
        bench.json(&format!("loss {loss} --labels g.npy --logits same.npy --frames 1 --reduction batch"));
        std::fs::remove_file(bench.path("d.npy")).unwrap();
        let refused = bench.refusal(&format!("{line} same.npy --reduction batch"));
        assert!(refused.contains("looks at the place of pixels: say --reduction image"), "{refused}");
    }
}

#[test]
fn neither_threads_nor_level_change_a_digit() {
    let bench = Bench::new();
    let (z, g) = (logits(200 * 1001), ids(200 * 1001));
    bench.file("z.npy", &npy_f32(&[200, 1001], &z));
    bench.file("g.npy", &support::npy("|u1", &[200, 1001], &g));
    let line = "loss 0.3*focal+focal_tversky+lovasz_hinge --logits z.npy --labels g.npy --gradient d.npy";
    let mut seen = Vec::new();
    for level in LevelName::ALL.into_iter().filter(|level| level.is_available()) {
        for threads in [1, 2, 7] {
            let mut report = bench.json(&format!("{line} --level {level} --threads {threads}"));
            assert_eq!(report["level"], level.to_string());
            report.as_object_mut().unwrap().retain(|key, _| key != "level" && key != "threads");
            seen.push((report, std::fs::read(bench.path("d.npy")).unwrap()));
        }
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]));
}
