//! `segmeter loss` on several classes: layouts, batches, channels, weights.

mod support;

use segmeter::Engine;
use segmeter::catalogue::{AnyFrame, ChosenLoss, LOSSES, Settings};
use segmeter::core::view::{Frame, IGNORE, Layout, Shape};
use segmeter::files::transposed;
use serde_json::Value;
use support::{Bench, bits, logits, npy, npy_f32, png_grey, read_f32};

const CLASSES: usize = 3;
const HEIGHT: usize = 11;
const WIDTH: usize = 19;
const PIXELS: usize = HEIGHT * WIDTH;

fn ids(count: usize) -> Vec<u8> {
    (0..count).map(|i| if i % 13 == 0 { IGNORE } else { (i / 7 % CLASSES) as u8 }).collect()
}

/// Binary labels from class ids.
fn binary(ids: &[u8]) -> Vec<u8> {
    ids.iter().map(|id| if *id == IGNORE { IGNORE } else { id & 1 }).collect()
}

/// Two images of three classes in both layouts, with labels.
fn batch(bench: &Bench) -> (Vec<f32>, Vec<u8>) {
    let (z, g) = (logits(2 * CLASSES * PIXELS), ids(2 * PIXELS));
    let interleaved = |z: &[f32]| transposed(z, CLASSES, PIXELS, 1);
    let (first, second) = z.split_at(CLASSES * PIXELS);
    bench.file("chw.npy", &npy_f32(&[CLASSES, HEIGHT, WIDTH], first));
    bench.file("hwc.npy", &npy_f32(&[HEIGHT, WIDTH, CLASSES], &interleaved(first)));
    bench.file("nchw.npy", &npy_f32(&[2, CLASSES, HEIGHT, WIDTH], &z));
    let both = [interleaved(first), interleaved(second)].concat();
    bench.file("nhwc.npy", &npy_f32(&[2, HEIGHT, WIDTH, CLASSES], &both));
    bench.file("one.png", &png_grey(WIDTH as u32, HEIGHT as u32, &g[..PIXELS]));
    bench.file("g.npy", &npy("|u1", &[2, HEIGHT, WIDTH], &g));
    (z, g)
}

/// Value and gradient from the library.
fn library(name: &str, z: &[f32], g: &[u8], height: usize) -> (f32, Vec<f32>) {
    let loss = ChosenLoss::new(name, &Settings::new()).unwrap();
    let shape = Shape::new(height as u32, WIDTH as u32).unwrap();
    let frame = Frame::multiclass(shape, CLASSES, Layout::Planar, z, g, IGNORE).unwrap();
    let (frame, mut gradient) = (AnyFrame::Multiclass(frame), vec![0.0; z.len()]);
    let found = loss.evaluate(&Engine::default(), &frame, 1.0, Some(&mut gradient)).unwrap();
    (found.value, gradient)
}

#[test]
fn every_multiclass_loss_in_both_layouts() {
    let bench = Bench::new();
    let (z, g) = batch(&bench);
    for entry in LOSSES.iter().filter(|entry| entry.inputs.contains(&"multiclass")) {
        let name = entry.name;
        let planar = bench.json(&format!("loss {name} --logits chw.npy --labels one.png --gradient p.npy"));
        let line = format!("loss {name} --logits hwc.npy --layout hwc --labels one.png --gradient i.npy");
        assert_eq!(bench.json(&line), planar, "{name}");
        assert_eq!(planar["inputs"], "multiclass");
        let (value, expected) = library(name, &z[..CLASSES * PIXELS], &g[..PIXELS], HEIGHT);
        // Some have no value where no boundary of one side is near one of the other.
        let expected_value = if planar["undefined"] == 0 { f64::from(value).into() } else { Value::Null };
        assert_eq!(planar["value"], expected_value, "{name}");
        let (axes, gradient) = read_f32(&bench.path("p.npy"));
        assert_eq!(axes, [CLASSES, HEIGHT, WIDTH]);
        assert_eq!(bits(&gradient), bits(&expected), "{name}");
        let (axes, permuted) = read_f32(&bench.path("i.npy"));
        assert_eq!(axes, [HEIGHT, WIDTH, CLASSES]);
        assert_eq!(bits(&permuted), bits(&transposed(&gradient, CLASSES, PIXELS, 1)), "{name}");
    }
}

#[test]
fn per_class_values_make_the_mean() {
    let bench = Bench::new();
    batch(&bench);
    let numbers = |report: &Value| {
        let values = report["per_class"].as_array().unwrap();
        values.iter().map(|value| value.as_f64().unwrap_or(f64::NAN)).collect::<Vec<_>>()
    };
    let dice = bench.json("loss dice --logits chw.npy --labels one.png");
    let values = numbers(&dice);
    assert_eq!(values.len(), CLASSES);
    assert!((values.iter().sum::<f64>() / 3.0 - dice["value"].as_f64().unwrap()).abs() < 1e-6);
    // The background is no class of this mean, and has no value of its own.
    let fore = bench.json("loss dice --set background=false --logits chw.npy --labels one.png");
    assert_eq!(fore["per_class"][0], Value::Null);
    assert!(((values[1] + values[2]) / 2.0 - fore["value"].as_f64().unwrap()).abs() < 1e-6);
    let weighted = bench.json("loss dice --class-weights 0,3,1 --logits chw.npy --labels one.png");
    assert!(((3.0 * values[1] + values[2]) / 4.0 - weighted["value"].as_f64().unwrap()).abs() < 1e-6);
    let sum = bench.json("loss dice+cross_entropy --logits chw.npy --labels one.png");
    assert_eq!(sum["per_class"], Value::Null);
    let whole = bench.json("loss wasserstein_dice --logits chw.npy --labels one.png");
    assert_eq!(whole["per_class"], Value::Null);
    let text = bench.stdout("loss dice --logits chw.npy --labels one.png", 0);
    assert!(text.contains("multiclass of 3") && text.contains("class"), "{text}");
}

#[test]
fn batches_of_classes() {
    let bench = Bench::new();
    let (z, g) = batch(&bench);
    let images = [0, 1].map(|image| {
        let part = image * CLASSES * PIXELS..(image + 1) * CLASSES * PIXELS;
        library("dice", &z[part], &g[image * PIXELS..(image + 1) * PIXELS], HEIGHT)
    });
    let line = |file: &str, reduction: &str| {
        let layout = if file == "nhwc.npy" { "--layout hwc" } else { "" };
        format!("loss dice --logits {file} --labels g.npy --reduction {reduction} {layout} --gradient d.npy")
    };
    let image = bench.json(&line("nchw.npy", "image"));
    assert_eq!(image["value"], (f64::from(images[0].0) + f64::from(images[1].0)) / 2.0);
    let per_image = read_f32(&bench.path("d.npy"));
    assert_eq!(per_image.0, [2, CLASSES, HEIGHT, WIDTH]);
    let halves: Vec<f32> =
        images.iter().flat_map(|(_, gradient)| gradient).map(|slope| slope / 2.0).collect();
    assert!(per_image.1.iter().zip(&halves).all(|(a, b)| (a - b).abs() <= 1e-6 * b.abs()));
    // All images as one: planes of a class below each other.
    let stacked = transposed(&z, 2, CLASSES, PIXELS);
    let (value, gradient) = library("dice", &stacked, &g, 2 * HEIGHT);
    assert_eq!(bench.json(&line("nchw.npy", "batch"))["value"], f64::from(value));
    let whole = read_f32(&bench.path("d.npy")).1;
    assert_eq!(bits(&whole), bits(&transposed(&gradient, CLASSES, 2, PIXELS)));
    for reduction in ["batch", "image"] {
        let planar = bench.json(&line("nchw.npy", reduction));
        let slopes = read_f32(&bench.path("d.npy")).1;
        assert_eq!(bench.json(&line("nhwc.npy", reduction)), planar);
        let interleaved = read_f32(&bench.path("d.npy"));
        assert_eq!(interleaved.0, [2, HEIGHT, WIDTH, CLASSES]);
        let images = slopes.chunks(CLASSES * PIXELS).flat_map(|image| transposed(image, CLASSES, PIXELS, 1));
        assert_eq!(bits(&interleaved.1), bits(&images.collect::<Vec<_>>()));
    }
}

#[test]
fn directories_of_classes() {
    let bench = Bench::new();
    let (z, g) = batch(&bench);
    for (image, name) in ["a", "b"].iter().enumerate() {
        let scores = &z[image * CLASSES * PIXELS..(image + 1) * CLASSES * PIXELS];
        bench.file(&format!("z/{name}.npy"), &npy_f32(&[CLASSES, HEIGHT, WIDTH], scores));
        let mask = &g[image * PIXELS..(image + 1) * PIXELS];
        bench.file(&format!("g/{name}.png"), &png_grey(WIDTH as u32, HEIGHT as u32, mask));
    }
    let line = |logits: &str, labels: &str| {
        bench.json(&format!("loss lovasz_softmax --logits {logits} --labels {labels} --gradient d.npy"))
    };
    assert_eq!(line("z", "g"), line("nchw.npy", "g.npy"));
    assert_eq!(line("z", "g.npy"), line("nchw.npy", "g"));
    assert_eq!(read_f32(&bench.path("d.npy")).0, [2, CLASSES, HEIGHT, WIDTH]);
}

#[test]
fn soft_labels_of_classes() {
    let bench = Bench::new();
    let (_, g) = batch(&bench);
    let share =
        |class: usize| g[..PIXELS].iter().map(move |id| f32::from(u8::from(usize::from(*id) == class)));
    let shares: Vec<f32> = (0..CLASSES).flat_map(share).collect();
    bench.file("soft.npy", &npy_f32(&[CLASSES, HEIGHT, WIDTH], &shares));
    bench.file("soft_hwc.npy", &npy_f32(&[HEIGHT, WIDTH, CLASSES], &transposed(&shares, CLASSES, PIXELS, 1)));
    let valid: Vec<u8> = g[..PIXELS].iter().map(|id| u8::from(*id != IGNORE)).collect();
    bench.file("valid.npy", &npy("|u1", &[HEIGHT, WIDTH], &valid));
    for loss in ["cross_entropy", "dice", "generalised_dice"] {
        let hard = bench.json(&format!("loss {loss} --logits chw.npy --labels one.png"));
        for files in [
            "--layout chw --logits chw.npy --labels soft.npy",
            "--layout hwc --logits hwc.npy --labels soft_hwc.npy",
        ] {
            let soft = bench.json(&format!("loss {loss} {files} --valid valid.npy"));
            let (soft, hard) = (soft["value"].as_f64().unwrap(), hard["value"].as_f64().unwrap());
            assert!((soft - hard).abs() <= 1e-6 * hard, "{loss}: {soft}, expected {hard}");
        }
    }
}

#[test]
fn channels_with_labels_of_their_own() {
    let bench = Bench::new();
    let (z, g) = batch(&bench);
    let binary = binary(&g);
    let planes: Vec<u8> = (0..2 * CLASSES * PIXELS).map(|i| binary[i % (2 * PIXELS)]).collect();
    bench.file("planes.npy", &npy("|u1", &[2, CLASSES, HEIGHT, WIDTH], &planes));
    let swapped = planes.chunks(CLASSES * PIXELS).flat_map(|image| transposed(image, CLASSES, PIXELS, 1));
    bench.file("planes_hwc.npy", &npy("|u1", &[2, HEIGHT, WIDTH, CLASSES], &swapped.collect::<Vec<_>>()));
    for channel in 0..CLASSES {
        let plane =
            |image: usize| (image * CLASSES + channel) * PIXELS..(image * CLASSES + channel + 1) * PIXELS;
        let part = |image: usize| z[plane(image)].to_vec();
        bench.file(&format!("z{channel}.npy"), &npy_f32(&[2, HEIGHT, WIDTH], &[part(0), part(1)].concat()));
        let part = |image: usize| planes[plane(image)].to_vec();
        bench
            .file(&format!("g{channel}.npy"), &npy("|u1", &[2, HEIGHT, WIDTH], &[part(0), part(1)].concat()));
    }
    for reduction in ["image", "batch"] {
        let alone = [0, 1, 2].map(|channel| {
            let files = format!("--logits z{channel}.npy --labels g{channel}.npy --reduction {reduction}");
            bench.json(&format!("loss tversky {files}"))["value"].as_f64().unwrap()
        });
        let line = format!("loss tversky --multilabel --reduction {reduction} --gradient d.npy");
        let all = bench.json(&format!("{line} --logits nchw.npy --labels planes.npy"));
        assert_eq!(all["inputs"], "multilabel");
        assert!((all["value"].as_f64().unwrap() - alone.iter().sum::<f64>() / 3.0).abs() < 1e-6);
        for (channel, value) in alone.iter().enumerate() {
            assert!((all["per_class"][channel].as_f64().unwrap() - value).abs() < 1e-6);
        }
        let planar = read_f32(&bench.path("d.npy")).1;
        let other = bench.json(&format!("{line} --layout hwc --logits nhwc.npy --labels planes_hwc.npy"));
        assert_eq!(other, all);
        let swapped = planar.chunks(CLASSES * PIXELS).flat_map(|image| transposed(image, CLASSES, PIXELS, 1));
        let (axes, interleaved) = read_f32(&bench.path("d.npy"));
        assert_eq!(axes, [2, HEIGHT, WIDTH, CLASSES]);
        assert_eq!(bits(&interleaved), bits(&swapped.collect::<Vec<_>>()));
        let weighted =
            bench.json(&format!("{line} --class-weights 1,0,3 --logits nchw.npy --labels planes.npy"));
        let expected = (alone[0] + 3.0 * alone[2]) / 4.0;
        assert!((weighted["value"].as_f64().unwrap() - expected).abs() < 1e-6, "{reduction}");
        assert!(read_f32(&bench.path("d.npy")).1[PIXELS..2 * PIXELS].iter().all(|slope| *slope == 0.0));
    }
}

#[test]
fn eight_bit_classes() {
    let bench = Bench::new();
    batch(&bench);
    let codes: Vec<u8> = (0..CLASSES * PIXELS).map(|i| (i * 37 % 256) as u8).collect();
    let floats = |of: &dyn Fn(u8) -> f32| codes.iter().map(|code| of(*code)).collect::<Vec<f32>>();
    let axes = [CLASSES, HEIGHT, WIDTH];
    bench.file("u8.npy", &npy("|u1", &axes, &codes));
    bench.file("i8.npy", &npy("|i1", &axes, &codes));
    bench.file("p.npy", &npy_f32(&axes, &floats(&|code| f32::from(code) / 255.0)));
    bench.file("z.npy", &npy_f32(&axes, &floats(&|code| 0.1 * (i32::from(code as i8) + 7) as f32)));
    let run =
        |flags: &str| bench.json(&format!("loss focal --labels one.png --gradient d.npy --logits {flags}"));
    assert_eq!(run("i8.npy --scale 0.1 --zero-point -7"), run("z.npy"));
    let probabilities = run("u8.npy --probabilities");
    assert_eq!(probabilities["gradient_of"], "probabilities");
    assert_eq!(run("p.npy --probabilities"), probabilities);
}

/// One score per pixel, however the axis of one channel is written.
#[test]
fn one_channel_is_binary() {
    let bench = Bench::new();
    let (z, g) = (logits(PIXELS), binary(&ids(PIXELS)));
    bench.file("g.npy", &npy("|u1", &[HEIGHT, WIDTH], &g));
    bench.file("plane.npy", &npy_f32(&[HEIGHT, WIDTH], &z));
    let expected = bench.json("loss dice --logits plane.npy --labels g.npy");
    assert_eq!(expected["inputs"], "binary");
    let shapes = [
        ("chw", vec![1, HEIGHT, WIDTH]),
        ("hw", vec![1, HEIGHT, WIDTH]),
        ("chw", vec![1, 1, HEIGHT, WIDTH]),
        ("hwc", vec![HEIGHT, WIDTH, 1]),
        ("hwc", vec![1, HEIGHT, WIDTH, 1]),
    ];
    for (layout, axes) in shapes {
        bench.file("z.npy", &npy_f32(&axes, &z));
        let line = format!("loss dice --logits z.npy --layout {layout} --labels g.npy --gradient d.npy");
        assert_eq!(bench.json(&line), expected, "{axes:?}");
        assert_eq!(read_f32(&bench.path("d.npy")).0, axes);
    }
}

/// Ways in which people call the exponential logarithmic loss that make other implementations fail.
#[test]
fn exponential_logarithmic_loss_on_a_road_network() {
    let bench = Bench::new();
    let finite = |line: &str| {
        let report = bench.json(&format!("loss exponential_logarithmic {line} --gradient d.npy"));
        let gradient = read_f32(&bench.path("d.npy")).1;
        assert!(gradient.iter().all(|slope| slope.is_finite()), "{line}");
        (report["value"].as_f64().unwrap(), gradient)
    };
    let z = logits(PIXELS);
    let masks: Vec<u8> = (0..PIXELS).map(|i| if i % 3 == 0 { 255 } else { 0 }).collect();
    bench.file("z.npy", &npy_f32(&[1, 1, HEIGHT, WIDTH], &z));
    bench.file("mask.png", &png_grey(WIDTH as u32, HEIGHT as u32, &masks));
    bench.file(
        "ids.png",
        &png_grey(WIDTH as u32, HEIGHT as u32, &masks.iter().map(|id| id & 1).collect::<Vec<_>>()),
    );
    // One channel, a mask of 0 and 255, weights as a list, one class in the Dice part.
    let (value, _) = finite("--logits z.npy --labels mask.png --foreground 255");
    assert_eq!(value.to_bits(), finite("--logits z.npy --labels ids.png").0.to_bits());
    assert!(finite("--logits z.npy --labels ids.png --class-weights 0.2,0.8").0 > 0.0);
    assert!(finite("--logits z.npy --labels ids.png --set background=false").0 > 0.0);
    // An empty tile with a confident network, and a prediction that is right and saturated.
    bench.file("empty.png", &png_grey(WIDTH as u32, HEIGHT as u32, &[0; PIXELS]));
    for margin in [9.0f32, 17.0, 20.0, 40.0, 80.0] {
        bench.file("cold.npy", &npy_f32(&[HEIGHT, WIDTH], &[-margin; PIXELS]));
        let (value, gradient) = finite("--logits cold.npy --labels empty.png");
        assert!((0.0..0.2).contains(&value), "{margin}: {value}");
        assert!(margin > 17.0 || gradient.iter().all(|slope| *slope > 0.0), "{margin}");
        let right: Vec<f32> = masks.iter().map(|id| if *id == 0 { -margin } else { margin }).collect();
        bench.file("right.npy", &npy_f32(&[HEIGHT, WIDTH], &right));
        assert!(finite("--logits right.npy --labels ids.png").0 < 0.2, "{margin}");
    }
    // Two channels of a softmax network.
    let two: Vec<f32> = z.iter().map(|_| 0.0).chain(z.iter().copied()).collect();
    bench.file("two.npy", &npy_f32(&[2, HEIGHT, WIDTH], &two));
    let (softmax, _) = finite("--logits two.npy --labels ids.png");
    assert!((softmax - value).abs() < 1e-6 * value, "{softmax} {value}");
}
