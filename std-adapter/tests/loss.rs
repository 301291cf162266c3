//! `segmeter loss`: the numbers are those of the library, whatever the threads and the vector instructions.

mod support;

use segmeter::core::loss::{BinaryCrossEntropy, Dice, Loss, LovaszHinge, Smooth, Tversky, Weighted};
use segmeter::core::sketch::{GradientTable, SigmoidTable, Sketch};
use segmeter::core::view::{Encoding, Frame, IGNORE, Labels, Quantised, Quantiser, Shape, Weights};
use segmeter::files::{Elements, npy};
use segmeter::{Engine, LevelName};
use serde_json::Value;
use support::{Bench, DEMO, LABELLED, SCALE, ZERO_POINT, assert_keys, demo, logits, npy_f32, png_grey};

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

fn read_f32(path: &std::path::Path) -> (Vec<usize>, Vec<f32>) {
    let array = npy::read(&std::fs::read(path).unwrap()).unwrap();
    let Elements::F32(values) = array.elements else { panic!("expected f32") };
    (array.shape, values)
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

fn library(loss: &impl Loss, frame: &Frame<'_>, weight: f32, gradient: &mut [f32]) -> f32 {
    let mut scratch = vec![0; loss.scratch_len(frame.shape().pixels())];
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
    let value = Tversky::FN_HEAVY.accumulate_sketch(&sketch, &table, 1.0, Some(&mut slopes)).value;
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
    let frame = Frame::new(&z, labels).unwrap().with_weights(Weights::new(shape(HEIGHT), &weights).unwrap());
    let value = library(&BinaryCrossEntropy, &frame.unwrap(), 1.0, &mut vec![0.0; PIXELS]);
    assert_eq!(report["value"], f64::from(value));
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
