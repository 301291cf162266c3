//! Edges of drift detection: limits of detectors, of blocks, of references and of statistics.
#![allow(clippy::float_cmp, reason = "equal to the last bit is what these tests are about")]
#![allow(clippy::disallowed_methods, reason = "the reference is a computation of its own")]

use segmeter_core::Error;
use segmeter_core::drift::{Baseline, Cusum, Detector, Level, PageHinkley, Reference, Statistics};
use segmeter_core::num::Q16;
use segmeter_core::sketch::{SigmoidTable, Sketch};
use segmeter_core::view::{Encoding, Quantiser};
use segmeter_tests::close;

#[test]
fn levels_at_their_limits() {
    let q = Q16::from_f32;
    let cusum = Cusum { slack: Q16::ZERO, threshold: q(2.0) };
    for (z, level) in
        [(1.0, Level::Stable), (1.001, Level::Warning), (2.0, Level::Warning), (2.001, Level::Drift)]
    {
        assert_eq!(cusum.update(&mut Default::default(), q(z)), level, "{z}");
    }
    let test = PageHinkley { tolerance: Q16::ZERO, threshold: q(0.5) };
    // Half a step between two values: the mean must keep fractions of a step over a long run.
    let mut state = Default::default();
    for step in 0..400_000 {
        test.update(&mut state, Q16::from_raw(step & 1));
    }
    let (up, down) = state.scores();
    assert!(up.max(down) < q(0.01), "{up} {down}");
    // Sums beyond the largest number stay at it.
    let mut state = Default::default();
    let levels: Vec<_> =
        (0..40).map(|step| test.update(&mut state, q(if step < 10 { -30000.0 } else { 30000.0 }))).collect();
    assert!(levels[10..].iter().all(|level| *level == Level::Drift), "{levels:?}");
}

#[test]
fn edges_bins_and_smoothing() {
    let mut counts = [0; 256];
    counts[..16].fill(1);
    let reference = Reference::new(counts).unwrap();
    assert!(reference.edges().eq(0..15), "the lowest code at which a share is reached");
    // Everything on two codes: one edge, two bins.
    let mut counts = [0; 256];
    (counts[10], counts[20]) = (300, 100);
    let reference = Reference::new(counts).unwrap();
    assert!(reference.edges().eq([10, 20]), "{:?}", reference.edges().collect::<Vec<_>>());
    let mut sketch = Sketch::<u32>::new(&Quantiser::probabilities());
    sketch.push_unlabelled(&[20u8, 20, 20]);
    let share = |n: f64, total: f64| (n + 0.5) / (total + 1.5);
    let expected: f64 = [(0.0, 300.0), (3.0, 100.0), (0.0, 0.0)]
        .iter()
        .map(|(now, then)| (share(*now, 3.0), share(*then, 400.0)))
        .map(|(a, b)| (a - b) * (a / b).ln())
        .sum();
    let found = reference.population_stability_index(&sketch).unwrap();
    assert!(close(f64::from(found), expected, 1e-5), "{found} {expected}");
    let mut counts = [0; 256];
    counts[0] = u32::MAX;
    assert!(Reference::new(counts).is_ok());
    counts[1] = 1;
    assert_eq!(Reference::new(counts), Err(Error::Parameter("reference")));
}

#[test]
fn baselines_of_blocks() {
    let of = |x: &[f32]| Baseline::of(x.iter().map(|x| Q16::from_f32(*x)));
    assert_eq!(of(&[1.0]), None);
    assert_eq!(of(&[1.0, 3.0]).map(|b| (b.mean.to_f32(), b.deviation.raw())), Some((2.0, 92681)), "sqrt 2");
    assert_eq!(of(&[0.0, 0.0]).unwrap().deviation, Baseline::FLOOR);
    assert_eq!(of(&[100.0, 100.0]).unwrap().deviation, Q16::ONE, "a hundredth of the mean");
}

#[test]
fn statistics_at_their_limits() {
    // Code 128 is logit zero: not road. A margin of exactly one half is not low.
    let quantiser = Quantiser::logits(Encoding::Signed, 1.098_612_3, 0).unwrap();
    let (table, mut sketch) = (SigmoidTable::new(&quantiser), Sketch::<u32>::new(&quantiser));
    sketch.push_unlabelled(&[0i8]);
    assert_eq!(Statistics::new(&sketch, &table).unwrap().road_fraction, Q16::ZERO);
    let mut sketch = Sketch::<u32>::new(&quantiser);
    sketch.push_unlabelled(&[1i8]);
    let s = Statistics::new(&sketch, &table).unwrap();
    assert_eq!((s.mean_margin.raw(), s.low_confidence_fraction), (1 << 15, Q16::ZERO));
}
