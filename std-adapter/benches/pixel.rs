//! Nanoseconds per pixel of every kernel at every level: `cargo bench -p segmeter`.
//!
//! One frame of 1024 x 2048, value and gradient, the best of several runs (`-- --runs N`). The machine is shared
//! with whatever else runs on it: compare columns of one run, not runs.

use std::hint::black_box;
use std::num::NonZero;
use std::time::Instant;

use segmeter::core::loss::{
    BinaryCrossEntropy, Dice, Focal, FocalTversky, Loss, LovaszHinge, Smooth, Tversky,
};
use segmeter::core::metric::{Calibration, Confidence, Confusion, threshold};
use segmeter::core::sketch::{GradientTable, SigmoidTable, Sketch};
use segmeter::core::view::{Encoding, Frame, IGNORE, Labels, Quantised, Quantiser, Shape};
use segmeter::{Engine, LevelName};

const HEIGHT: u32 = 1024;
const WIDTH: u32 = 2048;

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
    engines: Vec<(String, Engine)>,
}

impl Bench {
    /// The best time of all runs in nanoseconds per pixel.
    fn best(&self, mut work: impl FnMut()) -> f64 {
        let time = |work: &mut dyn FnMut()| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64()
        };
        let best = (0..self.runs).map(|_| time(&mut work)).fold(f64::INFINITY, f64::min);
        best * 1e9 / f64::from(HEIGHT * WIDTH)
    }

    fn row(&self, name: &str, mut work: impl FnMut(&Engine)) {
        print!("{name:<38}");
        for (_, engine) in &self.engines {
            print!(" {:>8.2}", self.best(|| work(engine)));
        }
        println!();
    }

    fn single(&self, name: &str, work: impl FnMut()) {
        println!("{name:<38} {:>8.2}", self.best(work));
    }

    fn loss(&self, name: &str, loss: &impl Loss, frame: &Frame<'_>, gradient: &mut [f32]) {
        let mut scratch = vec![0; loss.scratch_len(gradient.len())];
        self.row(name, |engine| {
            let value = loss.accumulate(engine, frame, 1.0, &mut scratch, Some(gradient));
            black_box(value.expect("matching buffers"));
        });
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let runs = arguments.iter().position(|a| a == "--runs").and_then(|i| arguments.get(i + 1)?.parse().ok());
    let one = NonZero::<usize>::MIN;
    let all = std::thread::available_parallelism().unwrap_or(one);
    let mut engines: Vec<_> = LevelName::ALL
        .into_iter()
        .filter_map(|level| Some((level.to_string(), Engine::new(level, one).ok()?)))
        .collect();
    engines.push((format!("{all} thr."), Engine::default()));
    let bench = Bench { runs: runs.unwrap_or(15), engines };
    println!("ns per pixel, {HEIGHT}x{WIDTH}, value and gradient, best of {} runs", bench.runs);
    print!("{:<38}", "");
    for (name, _) in &bench.engines {
        print!(" {name:>8}");
    }
    println!();
    let scene = Scene::new();
    let labels = Labels::new(scene.shape, &scene.labels, IGNORE).expect("labels");
    let frame = Frame::new(&scene.logits, labels).expect("a frame");
    let mut gradient = vec![0.0; scene.logits.len()];
    bench.loss("bce", &BinaryCrossEntropy, &frame, &mut gradient);
    bench.loss("focal", &Focal::PAPER, &frame, &mut gradient);
    bench.loss("dice", &Dice::new(Smooth::ONE), &frame, &mut gradient);
    bench.loss("tversky", &Tversky::FN_HEAVY, &frame, &mut gradient);
    bench.loss("focal_tversky", &FocalTversky::PAPER, &frame, &mut gradient);
    bench.loss("lovasz_hinge, f32 exact", &LovaszHinge, &frame, &mut gradient);
    bench.single("checking the labels", || {
        black_box(Labels::new(scene.shape, black_box(&scene.labels), IGNORE).expect("labels"));
    });
    quantised(&bench, &scene, &labels, &mut gradient);
}

fn quantised(bench: &Bench, scene: &Scene, labels: &Labels<'_>, gradient: &mut [f32]) {
    let frame = Quantised::new(scene.shape, &scene.codes, scene.quantiser).expect("a frame");
    let table = SigmoidTable::new(&scene.quantiser);
    bench.single("8-bit: sketch", || {
        black_box(Sketch::<u32>::of(&frame, Some(labels)).expect("labels that match"));
    });
    bench.single("8-bit: lovasz_hinge with gradient", || {
        let sketch = Sketch::<u32>::of(&frame, Some(labels)).expect("labels that match");
        let mut lut = GradientTable::default();
        black_box(LovaszHinge.accumulate_sketch(&sketch, &table, 1.0, Some(&mut lut)));
        lut.add_to(&frame, labels, gradient).expect("labels that match");
    });
    bench.single("8-bit: auroc, average precision, ece", || {
        let sketch = Sketch::<u32>::of(&frame, Some(labels)).expect("labels that match");
        black_box((threshold::auroc(&sketch), threshold::average_precision(&sketch)));
        black_box(Calibration::new(&sketch, &table, Confidence::TopLabel).expected_error());
    });
    let predictions: Vec<u8> = scene.codes.iter().map(|c| u8::from(*c > 0)).collect();
    bench.single("confusion, 2 classes", || {
        let mut confusion = Confusion::<2>::new(IGNORE);
        confusion.push_row(black_box(&predictions), &scene.labels).expect("labels");
        black_box(confusion);
    });
}
