//! The same bits: scalar code, every vector level of this machine, every number of threads.
//!
//! `SEGMETER_LONG=1` walks every float where the quick run takes one in 1009.
#![allow(clippy::disallowed_methods, reason = "the reference is a computation of its own")]

use std::num::NonZero;
use std::ops::Range;

use segmeter::catalogue::{AnyFrame, ChosenLoss};
use segmeter::{Engine, LevelName};
use segmeter_core::Error;
use segmeter_core::loss::{Execute, Job, Serial};
use segmeter_core::num::{Sigmoid, exp_nonpositive, ln, ln1p_unit};
use segmeter_core::simd::{BLOCK, Simd};
use segmeter_core::view::{Frame, IGNORE, Labels, Layout, Shape, Weights};
use segmeter_tests::{Demo, Kind, Random, Scene, accumulate, losses, scratch_len, takes};

fn levels() -> impl Iterator<Item = LevelName> {
    LevelName::ALL.into_iter().filter(|level| level.is_available())
}

/// What is compared here depends on the machine.
#[test]
fn every_level_of_the_machine_is_used() {
    let known: &[LevelName] = if cfg!(target_arch = "x86_64") {
        &[LevelName::Sse2, LevelName::Avx2, LevelName::Avx512]
    } else if cfg!(target_arch = "aarch64") {
        &[LevelName::Neon]
    } else {
        &[]
    };
    for level in known.iter().filter(|level| !level.is_available()) {
        eprintln!("skipped: bits of {level}, which this machine does not have");
    }
    for level in levels() {
        assert_eq!(engine(level, 1).level(), level);
    }
    assert!(levels().any(|level| level == LevelName::Scalar));
}

fn engine(level: LevelName, threads: usize) -> Engine {
    Engine::new(level, NonZero::new(threads).unwrap()).unwrap()
}

/// An elementary function over a buffer, eight at a time.
#[derive(Clone, Copy)]
enum Function {
    Exp,
    Ln1p,
    Ln,
    Probability,
    Complement,
}

struct Map<'a>(Function, &'a [f32]);

impl Job for Map<'_> {
    type Partial = ();
    fn row_len(&self) -> usize {
        BLOCK
    }
    #[inline(always)]
    fn run<S: Simd>(&self, s: S, rows: Range<usize>, out: &mut [&mut [f32]]) {
        let out = &mut *out[0];
        let input = self.1[rows.start * BLOCK..rows.end * BLOCK].as_chunks::<BLOCK>().0;
        for (x, y) in input.iter().zip(out.as_chunks_mut::<BLOCK>().0) {
            for vector in 0..S::VECTORS {
                let v = s.load(x, vector);
                let result = match self.0 {
                    Function::Exp => exp_nonpositive(s, v),
                    Function::Ln1p => ln1p_unit(s, v),
                    Function::Ln => ln(s, v),
                    Function::Probability => Sigmoid::new(s, v).probability,
                    Function::Complement => Sigmoid::new(s, v).complement,
                };
                s.store(result, y, vector);
            }
        }
    }
    fn merge((): &mut (), (): &()) {}
}

/// Runs a function over the floats with bit patterns of `range` at every level; returns the worst error of the
/// scalar one against `oracle`, relative to the result (in absolute terms below `floor`).
fn every_float(function: Function, range: Range<u32>, floor: f64, oracle: impl Fn(f64) -> f64) -> f64 {
    let stride = if is_long() { 1 } else { 1009 };
    let mut worst = 0.0f64;
    let mut bits = range.step_by(stride);
    loop {
        let mut input: Vec<f32> = bits.by_ref().take(1 << 20).map(f32::from_bits).collect();
        if input.is_empty() {
            return worst;
        }
        input.resize(input.len().next_multiple_of(BLOCK), input[0]);
        let rows = input.len() / BLOCK;
        let mut expected = vec![0.0f32; input.len()];
        Serial::SCALAR.execute(&Map(function, &input), rows, &mut [&mut expected]);
        for level in levels() {
            let mut found = vec![0.0f32; input.len()];
            engine(level, 2).execute(&Map(function, &input), rows, &mut [&mut found]);
            let differs = found.iter().zip(&expected).position(|(a, b)| a.to_bits() != b.to_bits());
            assert_eq!(differs.map(|i| (level, input[i], found[i], expected[i])), None);
        }
        for (x, y) in input.iter().zip(&expected) {
            let truth = oracle(f64::from(*x));
            worst = worst.max((f64::from(*y) - truth).abs() / truth.abs().max(floor));
        }
    }
}

fn bits(x: f32) -> u32 {
    x.to_bits()
}

/// Results below the smallest normal number are judged by their absolute error.
const NORMAL: f64 = 1.175_494_350_822_287_5e-38;

#[test]
fn exp_of_every_float() {
    let worst = every_float(Function::Exp, bits(-0.0)..bits(-104.0) + 1, NORMAL, f64::exp);
    assert!(worst < 1.2e-7, "relative error {worst:e}");
    // Below the range: zero, as at its end. NaN stays.
    assert_eq!(exp_nonpositive(segmeter_core::simd::Scalar, f32::NEG_INFINITY).to_bits(), 0);
    assert!(exp_nonpositive(segmeter_core::simd::Scalar, f32::NAN).is_nan());
}

#[test]
fn ln1p_of_every_float() {
    let worst = every_float(Function::Ln1p, 0..bits(1.0) + 1, NORMAL, f64::ln_1p);
    assert!(worst < 3e-7, "relative error {worst:e}");
}

#[test]
fn ln_of_every_float() {
    let worst = every_float(Function::Ln, bits(f32::MIN_POSITIVE)..bits(f32::MAX) + 1, 1.0, f64::ln);
    assert!(worst < 3e-7, "relative error {worst:e}");
}

#[test]
fn sigmoid_of_every_float() {
    let sigmoid = |z: f64| 1.0 / (1.0 + (-z).exp());
    for (range, sign) in [(0..bits(104.0) + 1, 1.0), (bits(-0.0)..bits(-104.0) + 1, 1.0)] {
        let worst = every_float(Function::Probability, range.clone(), NORMAL, |z| sigmoid(sign * z));
        assert!(worst < 4e-7, "probability: relative error {worst:e}");
        let worst = every_float(Function::Complement, range, NORMAL, |z| sigmoid(-sign * z));
        assert!(worst < 4e-7, "complement: relative error {worst:e}");
    }
}

/// Value and gradient of every loss, as bits; the oracle is what a microcontroller runs.
fn check(frame: &AnyFrame<'_>, scores: usize, engines: &[(LevelName, usize)]) {
    let evaluate = |loss: &ChosenLoss, engine: Option<&Engine>| {
        let mut gradient = vec![0.25; scores];
        let found = match engine {
            Some(engine) => loss.evaluate(engine, frame, 0.75, Some(&mut gradient)),
            None => {
                accumulate(loss, frame, 0.75, &mut vec![0; scratch_len(loss, frame)], Some(&mut gradient))
            }
        };
        let value = match found {
            Err(Error::Unsupported(why)) => return Err(why),
            found => found.unwrap().value,
        };
        Ok((value.to_bits(), gradient.into_iter().map(f32::to_bits).collect::<Vec<_>>()))
    };
    let input = if matches!(frame, AnyFrame::Binary(_)) { "binary" } else { "multiclass" };
    for (name, loss) in losses().into_iter().filter(|(name, _)| takes(name, input)) {
        let expected = evaluate(&loss, None);
        for (level, threads) in engines {
            let found = evaluate(&loss, Some(&engine(*level, *threads)));
            let what = format!("{name}, {level}, {threads} threads, {input}");
            let values = [&found, &expected].map(|found| found.as_ref().map(|(value, _)| *value));
            assert_eq!(values[0], values[1], "value of {what}");
            assert!(found == expected, "gradient of {what}");
            overwrites(&what, &loss, &engine(*level, *threads), frame, scores);
        }
    }
}

/// A gradient that is written over is what is added to zeros, whatever was there; a refused one is as it was.
fn overwrites(what: &str, loss: &ChosenLoss, engine: &Engine, frame: &AnyFrame<'_>, scores: usize) {
    let mut scratch = vec![0; scratch_len(loss, frame)];
    let (mut written, mut added) = (vec![f32::NAN; scores], vec![0.0; scores]);
    let found = loss.write_gradient(engine, frame, &mut scratch, &mut written);
    match accumulate(loss, frame, 1.0, &mut scratch, Some(&mut added)) {
        Ok(expected) => {
            assert_eq!(found.unwrap().value.to_bits(), expected.value.to_bits(), "written value of {what}");
            let differs = written.iter().zip(&added).position(|(a, b)| a.to_bits() != b.to_bits());
            assert_eq!(differs, None, "written gradient of {what}");
            if !scratch.is_empty() {
                let before = written.clone();
                let short = loss.write_gradient(engine, frame, &mut scratch[1..], &mut written);
                assert!(matches!(short, Err(Error::Scratch { .. })), "{what}: {short:?}");
                assert!(written == before, "{what} has written what it refuses");
            }
        }
        Err(_) => assert!(found.is_err() && written.iter().all(|slot| slot.is_nan()), "{what}: {found:?}"),
    }
}

/// Without a scored pixel a gradient that is written over is zeros.
#[test]
fn nothing_scored_is_written_as_zeros() {
    let (shape, ids) = (Shape::new(3, 37).unwrap(), [IGNORE; 111]);
    let logits: Vec<f32> = (0..3 * 111).map(|place| (place % 7) as f32 - 3.0).collect();
    let binary = Frame::new(&logits[..111], Labels::new(shape, &ids, IGNORE).unwrap()).unwrap();
    check_frame(&binary, &[1]);
    let classes = Frame::multiclass(shape, 3, Layout::Planar, &logits, &ids, IGNORE).unwrap();
    check(&AnyFrame::Multiclass(classes), logits.len(), &everywhere(&[1]));
}

/// The largest score of a pixel, among equal ones, infinite ones and none: at every level the same.
#[test]
fn the_most_probable_class_is_the_same_at_every_level() {
    let shape = Shape::new(2, 40).unwrap();
    for classes in [2, 3, 4, 5, 8, 9, 19, 32] {
        let score = |place: usize| match place {
            _ if place % 97 == 3 => f32::NAN,
            _ if place % 89 == 1 => f32::INFINITY,
            _ if place % 13 == 2 => f32::NEG_INFINITY,
            _ => (place * 7 % 5 % 3) as f32,
        };
        let logits: Vec<f32> = (0..classes * 80).map(score).collect();
        let ids: Vec<u8> = (0..80).map(|pixel| (pixel % classes) as u8).collect();
        let frame = Frame::multiclass(shape, classes, Layout::Planar, &logits, &ids, IGNORE).unwrap();
        // Bits of what is no number may differ, and only those.
        let of = |level| {
            let mut gradient = vec![0.0; logits.len()];
            let loss = ChosenLoss::new("recall_cross_entropy", &Default::default()).unwrap();
            let frame = AnyFrame::Multiclass(frame);
            let value = loss.evaluate(&engine(level, 1), &frame, 1.0, Some(&mut gradient)).unwrap().value;
            let number = |x: f32| if x.is_nan() { None } else { Some(x.to_bits()) };
            (number(value), gradient.into_iter().map(number).collect::<Vec<_>>())
        };
        for level in levels() {
            assert_eq!(of(level), of(LevelName::Scalar), "{classes} classes, {level}");
        }
    }
}

/// Whether what takes minutes is run as well.
fn is_long() -> bool {
    std::env::var_os("SEGMETER_LONG").is_some()
}

fn check_frame(frame: &Frame<'_>, threads: &[usize]) {
    check(&AnyFrame::Binary(*frame), frame.scores().len(), &everywhere(threads));
}

/// Every level with each of these numbers of threads.
fn everywhere(threads: &[usize]) -> Vec<(LevelName, usize)> {
    levels().flat_map(|level| threads.iter().map(move |threads| (level, *threads))).collect()
}

fn check_scene(kind: Kind, seed: u64, size: (u32, u32), engines: &[(LevelName, usize)]) {
    let scene = Scene::random(kind, seed, size, [9.0, 1.0, 30.0, 110.0][seed as usize % 4]);
    check(&scene.frame(), scene.scores.len(), engines);
}

/// Widths around those of vectors and of a segment.
const WIDTHS: [u32; 10] = [1, 7, 8, 9, 15, 16, 17, 255, 256, 257];

/// Weights, class weights, soft labels, probabilities, in every combination.
#[test]
fn every_kind_of_binary_frame_at_every_level() {
    for (seed, kind) in Kind::all(1).into_iter().enumerate() {
        for width in WIDTHS {
            check_scene(kind, 40 + seed as u64, (2, width), &everywhere(&[1]));
        }
    }
}

#[test]
fn every_kind_of_multiclass_frame_at_every_level() {
    for (seed, kind) in [2, 3].into_iter().flat_map(Kind::all).enumerate() {
        check_scene(kind, 60 + seed as u64, (3, WIDTHS[seed % 10]), &everywhere(&[1]));
    }
    for width in WIDTHS {
        for channels in [3, 5, 19, 32] {
            for interleaved in [false, true] {
                let kind = Kind { interleaved, weighted: width % 2 == 1, ..Kind::plain(channels) };
                check_scene(kind, 80 + u64::from(width), (2, width), &everywhere(&[1]));
            }
        }
    }
}

/// Large enough for the engine to use all of its threads.
#[test]
fn multiclass_losses_on_any_number_of_threads() {
    let engines: Vec<_> = levels().zip([2, 3, 7, 1, 4, 5]).chain([(LevelName::Auto, 300)]).collect();
    check_scene(Kind::plain(3), 7, (150, 511), &engines);
    for kind in [
        Kind { interleaved: true, weighted: true, class_weighted: true, ..Kind::plain(3) },
        Kind { soft: true, probabilities: true, ..Kind::plain(3) },
    ] {
        check_scene(kind, 8, (101, 307), &engines);
    }
    for (interleaved, threads) in [(false, 2), (true, 7)] {
        let kind = Kind { interleaved, ..Kind::plain(19) };
        check_scene(kind, 9, (37, 129), &[(LevelName::Auto, threads)]);
    }
}

#[test]
fn losses_at_every_level() {
    let mut random = Random(0x1234_5678_9abc_def1);
    for (height, width) in [(1, 1), (1, 7), (3, 8), (5, 9), (2, 255), (2, 256), (3, 257), (2, 1030), (37, 41)]
    {
        let shape = Shape::new(height, width).unwrap();
        for spread in [1.0, 30.0, 110.0] {
            let (logits, ids) = random.frame(shape.pixels(), spread);
            let labels = Labels::new(shape, &ids, IGNORE).unwrap();
            let frame = Frame::new(&logits, labels).unwrap();
            check_frame(&frame, &[1]);
            let weights: Vec<f32> =
                (0..shape.pixels()).map(|_| (random.uniform() * 8.0).floor() / 3.0).collect();
            check_frame(&frame.with_weights(Weights::new(shape, &weights).unwrap()).unwrap(), &[1]);
        }
    }
}

/// Large enough for the engine to use all of its threads. Every level with every number of threads takes `SEGMETER_LONG=1`.
#[test]
fn losses_on_any_number_of_threads() {
    let mut random = Random(0xfeed_f00d_dead_beef);
    let shape = Shape::new(301, 1111).unwrap();
    let (logits, ids) = random.frame(shape.pixels(), 12.0);
    let labels = Labels::new(shape, &ids, IGNORE).unwrap();
    let threads = [1, 2, 3, 7, 300];
    let engines = if is_long() {
        everywhere(&threads)
    } else {
        let of_level = levels().zip([2, 3, 7, 300, 5, 4]);
        of_level.chain(threads.map(|threads| (LevelName::Auto, threads))).collect()
    };
    check(&AnyFrame::Binary(Frame::new(&logits, labels).unwrap()), logits.len(), &engines);
}

#[test]
fn losses_on_real_frames() {
    let demo = Demo::load();
    let quantiser = Demo::quantiser();
    for index in [0, 120, 190] {
        let logits: Vec<f32> =
            demo.codes(index).iter().map(|byte| quantiser.logit(quantiser.index(*byte))).collect();
        let ids = demo.reference(index);
        let labels = Labels::new(Demo::shape(), &ids, IGNORE).unwrap();
        check_frame(&Frame::new(&logits, labels).unwrap(), &[1, 2]);
    }
}
