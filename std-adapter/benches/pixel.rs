//! Nanoseconds per pixel of every loss: `cargo bench -p segmeter --bench pixel -- --only dice --runs 9 --level avx2`.
//!
//! One frame, value and gradient, the best of several runs. The machine is shared with whatever else runs on it:
//! compare columns of one run, not runs.

use std::hint::black_box;
use std::num::NonZero;
use std::time::Instant;

use segmeter::catalogue::{AnyLoss, LOSSES, Settings};
use segmeter::core::loss::{Loss, LovaszHinge};
use segmeter::core::metric::surface::{BoundaryIou, Matching, Surface, Trimap};
use segmeter::core::metric::{Calibration, Confidence, Confusion, threshold};
use segmeter::core::plane::{Bits, Row, distance, skeleton};
use segmeter::core::sketch::{GradientTable, SigmoidTable, Sketch};
use segmeter::core::view::{Encoding, Frame, IGNORE, Labels, Layout, Quantised, Quantiser, Shape};
use segmeter::{Engine, LevelName};

const HEIGHT: u32 = 1024;
const WIDTH: u32 = 2048;
const CLASSES: usize = 19;

/// A road-like frame: logits rise towards a trapezoid and carry noise, some labels are ignored.
struct Scene {
    shape: Shape,
    logits: Vec<f32>,
    labels: Vec<u8>,
    codes: Vec<i8>,
    quantiser: Quantiser,
}

impl Scene {
    fn new() -> Self {
        let shape = Shape::new(HEIGHT, WIDTH).expect("a shape");
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut noise = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / 16_777_216.0 - 0.5
        };
        let (mut logits, mut labels) = (Vec::new(), Vec::new());
        for y in 0..HEIGHT {
            let half = y as f32 / HEIGHT as f32 * 0.4 * WIDTH as f32;
            for x in 0..WIDTH {
                let inside = half - (x as f32 - 0.5 * WIDTH as f32).abs();
                logits.push((inside / 40.0).clamp(-8.0, 8.0) + 4.0 * noise());
                labels.push(if inside.abs() < 4.0 { IGNORE } else { u8::from(inside > 0.0) });
            }
        }
        let quantiser = Quantiser::logits(Encoding::Signed, 0.1, 0).expect("a quantiser");
        let codes = logits.iter().map(|z| (z * 10.0).round().clamp(-128.0, 127.0) as i8).collect();
        Self { shape, logits, labels, codes, quantiser }
    }
}

struct Bench {
    runs: usize,
    only: String,
    engines: Vec<(String, Engine)>,
}

impl Bench {
    /// The shortest of several runs, in nanoseconds.
    fn best(&self, mut work: impl FnMut()) -> f64 {
        let time = |work: &mut dyn FnMut()| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64()
        };
        1e9 * (0..self.runs).map(|_| time(&mut work)).fold(f64::INFINITY, f64::min)
    }

    fn single(&self, name: &str, mut work: impl FnMut()) {
        if name.contains(&self.only) {
            println!("{name:<38} {:>8.2}", self.best(&mut work) / f64::from(HEIGHT * WIDTH));
        }
    }

    /// Value and gradient of a loss by every engine, per pixel; what it refuses is left out.
    fn loss<const C: usize>(&self, name: &str, loss: &AnyLoss, frame: &Frame<'_, C>) {
        if !name.contains(&self.only) {
            return;
        }
        let mut scratch = vec![0; loss.scratch_len(frame.shape())];
        let mut gradient = vec![0.0; frame.scores().len()];
        let mut columns = String::new();
        for (_, engine) in &self.engines {
            let nanoseconds = self.best(|| {
                let value = loss.accumulate(engine, frame, 1.0, &mut scratch, Some(&mut gradient));
                black_box(value.expect("a loss for such frames"));
            });
            columns += &format!(" {:>8.2}", nanoseconds / frame.shape().pixels() as f64);
        }
        println!("{name:<38}{columns}");
    }

    fn heading(&self, text: &str) {
        println!("\n{text}, value and gradient, ns per pixel, best of {} runs", self.runs);
        print!("{:<38}", "");
        for (name, _) in &self.engines {
            print!(" {name:>8}");
        }
        println!();
    }
}

/// What follows `name` on the command line.
fn argument(name: &str) -> Option<String> {
    let mut arguments = std::env::args().skip_while(|a| a != name);
    arguments.nth(1)
}

fn main() {
    let one = NonZero::<usize>::MIN;
    let all = std::thread::available_parallelism().unwrap_or(one);
    let only = argument("--level");
    let mut engines: Vec<_> = LevelName::ALL
        .into_iter()
        .chain([LevelName::Auto])
        .filter(|level| only.as_ref().is_none_or(|only| *only == level.to_string()))
        .filter_map(|level| Some((level.to_string(), Engine::new(level, one).ok()?)))
        .collect();
    if only.is_none() {
        engines.push((format!("{all} thr."), Engine::default()));
    }
    let runs = argument("--runs").and_then(|runs| runs.parse().ok()).unwrap_or(5);
    let bench = Bench { runs, only: argument("--only").unwrap_or_default(), engines };
    let scene = Scene::new();
    let labels = Labels::new(scene.shape, &scene.labels, IGNORE).expect("labels");
    let frame = Frame::new(&scene.logits, labels).expect("a frame");
    bench.heading(&format!("binary, {HEIGHT}x{WIDTH}"));
    for entry in LOSSES.iter().filter(|entry| entry.inputs.contains(&"binary")) {
        bench.loss(entry.name, &default(entry.name), &frame);
    }
    classes(&bench, &scene);
    quantised(&bench, &scene, &labels);
    surfaces(&bench, &scene);
}

fn default(name: &str) -> AnyLoss {
    AnyLoss::new(name, &Settings::new()).expect("a loss of the catalogue")
}

/// 19 classes: the scene's logits, shifted from class to class.
fn classes(bench: &Bench, scene: &Scene) {
    let shape = Shape::new(HEIGHT / 2, WIDTH / 4).expect("a shape");
    let pixels = shape.pixels();
    let logits: Vec<f32> = (0..CLASSES * pixels)
        .map(|i| scene.logits[(i * 7 + i / pixels * 9973) % scene.logits.len()])
        .collect();
    let ids: Vec<u8> = (0..pixels).map(|i| (i / 4096 % CLASSES) as u8).collect();
    let frame =
        Frame::<32>::multiclass(shape, CLASSES, Layout::Planar, &logits, &ids, IGNORE).expect("a frame");
    bench.heading(&format!("{CLASSES} classes, {}x{}", shape.height(), shape.width()));
    for entry in LOSSES.iter().filter(|entry| entry.inputs.contains(&"multiclass")) {
        bench.loss(entry.name, &default(entry.name), &frame);
    }
}

fn quantised(bench: &Bench, scene: &Scene, labels: &Labels<'_>) {
    println!("\n8-bit and metrics, ns per pixel");
    let mut gradient = vec![0.0; scene.codes.len()];
    let frame = Quantised::new(scene.shape, &scene.codes, scene.quantiser).expect("a frame");
    let table = SigmoidTable::new(&scene.quantiser);
    bench.single("8-bit: sketch", || {
        black_box(Sketch::<u32>::of(&frame, Some(labels)).expect("labels that match"));
    });
    bench.single("8-bit: lovasz_hinge with gradient", || {
        let sketch = Sketch::<u32>::of(&frame, Some(labels)).expect("labels that match");
        let mut lut = GradientTable::default();
        black_box(LovaszHinge.accumulate_sketch(&sketch, &table, 1.0, Some(&mut lut)).expect("a sketch"));
        lut.add_to(&frame, labels, &mut gradient).expect("labels that match");
    });
    bench.single("8-bit: auroc, average precision, ece", || {
        let sketch = Sketch::<u32>::of(&frame, Some(labels)).expect("labels that match");
        black_box((threshold::auroc(&sketch), threshold::average_precision(&sketch)));
        black_box(Calibration::new(&sketch, &table, Confidence::TopLabel).expected_error());
    });
    let predictions: Vec<u8> = scene.codes.iter().map(|c| u8::from(*c > 0)).collect();
    bench.single("confusion, 2 classes", || counts::<2>(&predictions, &scene.labels));
    // Areas with a border each, and a network that is wrong here and there; then nothing but noise.
    let areas: Vec<u8> = (0..predictions.len()).map(|i| (i / 97 % 8 + i / 65_536 % 12) as u8).collect();
    let wrong = |(id, code): (&u8, &i8)| if *code % 16 == 5 { (*id + 7) % 19 } else { *id };
    let guessed: Vec<u8> = areas.iter().zip(&scene.codes).map(wrong).collect();
    bench.single("confusion, 19 classes", || counts::<CLASSES>(&guessed, &areas));
    let noise = |salt: u64| {
        let hash = move |i: u64| (i ^ salt).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        (0..predictions.len() as u64).map(|i| (hash(i) % 19) as u8).collect::<Vec<_>>()
    };
    let (guessed, ids) = (noise(0), noise(0x55aa));
    bench.single("confusion, 19 classes, noise", || counts::<CLASSES>(&guessed, &ids));
}

fn counts<const C: usize>(predictions: &[u8], labels: &[u8]) {
    let mut confusion = Confusion::<C>::new(IGNORE);
    for (predictions, labels) in predictions.chunks(WIDTH as usize).zip(labels.chunks(WIDTH as usize)) {
        confusion.push_row(black_box(predictions), labels).expect("labels");
    }
    black_box(confusion);
}

/// Contours: a road and the same road a little aside, and the road with the noisy prediction of the scene.
fn surfaces(bench: &Bench, scene: &Scene) {
    let shape = scene.shape;
    println!("\nboundary and surface metrics, ns per pixel");
    let road = |aside: f32| -> Vec<u8> {
        let inside = |y: u32, x: u32| {
            let half = y as f32 / HEIGHT as f32 * 0.4 * WIDTH as f32;
            half - (x as f32 - 0.5 * WIDTH as f32 - aside).abs()
        };
        (0..HEIGHT * WIDTH).map(|p| u8::from(inside(p / WIDTH, p % WIDTH) > 0.0)).collect()
    };
    let (labels, near) = (road(0.0), road(6.0));
    let noisy: Vec<u8> = scene.codes.iter().map(|code| u8::from(*code > 0)).collect();
    let (mut scratch, mut out) = (vec![0; 1 << 20], vec![0; shape.pixels()]);
    bench.single("exact distance transform", || {
        let edge = |pixel: usize| labels[pixel] != labels[pixel.saturating_sub(1)];
        black_box(distance::squared(shape, edge, &mut scratch, &mut out).expect("a transform"));
    });
    let (width, mut words) = (shape.width(), vec![0; Bits::words(shape)]);
    for (kind, prediction) in [("", &near), (", noisy", &noisy)] {
        macro_rules! rows {
            ($name:expr, $rows:expr) => {
                bench.single(&format!("{}{kind}", $name), || {
                    let mut rows = $rows.expect("a metric");
                    for (prediction, label) in prediction.chunks(width).zip(labels.chunks(width)) {
                        rows.push_row(&Row::Ids { prediction, label, class: 1, ignore: IGNORE })
                            .expect("a row");
                    }
                    let _ = black_box(rows.finish());
                });
            };
        }
        let definition = Surface::SEGMETER;
        rows!("hd, assd, nsd", Surface { percentile: None, ..definition }.rows(shape, &mut scratch));
        rows!("hd, hd95, assd, nsd", definition.rows(shape, &mut scratch));
        rows!("the same on corners", Surface::SURFACE_DISTANCE.rows(shape, &mut scratch));
        rows!("boundary iou", BoundaryIou::of_diagonal(BoundaryIou::COCO, shape).rows(width, &mut scratch));
        rows!("nsd by rows, tolerance 3", Matching::new(3.0).rows(width, &mut scratch));
        rows!("davis boundary f", Matching::davis(shape).rows(width, &mut scratch));
        rows!("trimap, radius 5", Trimap::new(5.0).rows(width, &mut scratch));
        bench.single(&format!("skeleton{kind}"), || {
            let mut mask = Bits::new(shape, &mut words, |pixel| prediction[pixel] == 1).expect("a mask");
            skeleton::thin(&mut mask, &mut scratch).expect("a skeleton");
            black_box(mask.count());
        });
    }
}
