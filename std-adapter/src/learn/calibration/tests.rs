//! Each way against its definition, and the choice between them.

use segmeter_core::drift::{EstimatedIou, Outline};
use segmeter_core::sketch::Sketch;
use segmeter_core::view::{Encoding, Quantiser, Shape};

use super::super::random::Random;
use super::fit::sigmoid;
use super::*;

fn quantiser() -> Quantiser {
    Quantiser::logits(Encoding::Signed, 0.1, 0).unwrap()
}

fn logits() -> [f64; CODES] {
    SigmoidTable::new(&quantiser()).probability.map(|p| logit(f64::from(p)))
}

/// As many pixels of each code as say, and of them the road that they would have.
fn counts(pixels: impl Fn(usize) -> f64, share: impl Fn(f64) -> f64) -> Counts {
    let shares = logits().map(share);
    Counts {
        background: std::array::from_fn(|code| pixels(code) * (1.0 - shares[code])),
        road: std::array::from_fn(|code| pixels(code) * shares[code]),
    }
}

fn farthest(a: &[f64; CODES], b: &[f64; CODES]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// Where the labels are what a way can say, it says them.
#[test]
fn each_way_finds_what_it_can_say() {
    let uneven = |code: usize| 10.0 + (code % 17) as f64 * 30.0;
    let platt = |z: f64| sigmoid(0.4 * z - 0.7);
    let beta = |z: f64| sigmoid(0.3 * libm::log(sigmoid(z)) - 1.4 * libm::log(sigmoid(-z)) + 0.5);
    for (way, share) in [
        (Calibration::Network, &sigmoid as &dyn Fn(f64) -> f64),
        (Calibration::Platt, &platt),
        (Calibration::Beta, &beta),
        (Calibration::Isotonic, &platt),
    ] {
        let found = way.fit(&counts(uneven, share), &logits());
        assert!(farthest(&found, &logits().map(share)) < 1e-6, "{way:?}");
    }
    // The network's own is no matter of labels; a bias is none that a temperature could make up for.
    let other = Calibration::Network.fit(&counts(uneven, platt), &logits());
    assert!(farthest(&other, &logits().map(platt)) > 0.1);
}

/// The maximum of the likelihood: nothing near it is better, whatever the labels are.
#[test]
fn logistic_fits_are_the_best_ones() {
    let mut random = Random::new(5);
    for trial in 0..20 {
        let shares: [f64; CODES] = std::array::from_fn(|_| sigmoid(random.normal()));
        let of = |way: Calibration| {
            let counts = Counts {
                background: std::array::from_fn(|code| 5.0 * (1.0 - shares[code])),
                road: std::array::from_fn(|code| 5.0 * shares[code]),
            };
            (way.fit(&counts, &logits()), counts)
        };
        let loss = |p: &[f64; CODES], counts: &Counts| -> f64 {
            let of = |((p, road), background): ((&f64, &f64), &f64)| {
                -road * libm::log(*p) - background * libm::log1p(-p)
            };
            p.iter().zip(&counts.road).zip(&counts.background).map(of).sum()
        };
        let (platt, counts) = of(Calibration::Platt);
        let least = loss(&platt, &counts);
        // The weights again, from two codes far apart.
        let (low, high) = (logits()[20], logits()[230]);
        let slope = (logit(platt[230]) - logit(platt[20])) / (high - low);
        let bias = logit(platt[20]) - slope * low;
        assert!(slope > -1e-9, "probabilities rise: {slope}");
        for (by, turn) in [(0.01, 0.0), (-0.01, 0.0), (0.0, 0.01), (0.0, -0.01)] {
            if slope + by < 0.0 {
                continue;
            }
            let near = logits().map(|z| sigmoid((slope + by) * z + bias + turn));
            assert!(loss(&near, &counts) > least, "{trial}: {by} {turn}");
        }
        let (beta, counts) = of(Calibration::Beta);
        assert!(loss(&beta, &counts) <= least + 1e-6, "beta has what Platt has and more: {trial}");
        assert!(beta.is_sorted() || farthest(&beta, &rising_of(&beta)) < 1e-9, "{trial}");
    }
}

fn rising_of(shares: &[f64; CODES]) -> [f64; CODES] {
    let mut most = 0.0;
    shares.map(|share| {
        most = f64::max(most, share);
        most
    })
}

/// Labels that go against the network: the best rising probabilities are all the same.
#[test]
fn a_network_that_is_upside_down_is_worth_nothing() {
    let upside_down = counts(|_| 100.0, |z| sigmoid(-z));
    for way in [Calibration::Platt, Calibration::Beta, Calibration::Isotonic] {
        let found = way.fit(&upside_down, &logits());
        assert!(found.iter().all(|p| (p - 0.5).abs() < 0.01), "{way:?} {found:?}");
    }
}

/// A code alone decides everything, or there is but one: no number runs away.
#[test]
fn labels_that_a_code_decides() {
    let sure = counts(|_| 1e6, |z| f64::from(u8::from(z > 0.0)));
    let single = counts(|code| if code == 140 { 1e6 } else { 0.0 }, |_| 0.25);
    for way in Calibration::ALL {
        let found = way.fit(&sure, &logits());
        assert!(found.iter().all(|p| (0.0..=1.0).contains(p)), "{way:?}");
        assert!(way == Calibration::Network || (found[100] < 0.01 && found[160] > 0.99), "{way:?}");
        let mut with_network = Counts::of_network(&logits());
        with_network.add(&single);
        let found = way.fit(&with_network, &logits());
        assert!(found.iter().all(|p| (0.0..=1.0).contains(p)), "{way:?}");
        assert!(way == Calibration::Network || (found[140] - 0.25).abs() < 1e-3, "{way:?} {}", found[140]);
    }
}

/// The least of the means to the right, of which the greatest to the left.
#[test]
fn isotonic_is_its_definition() {
    let mut random = Random::new(3);
    let mut counts = Counts::of_network(&logits());
    for code in 0..CODES {
        counts.road[code] += (random.normal() * 20.0).abs();
        counts.background[code] += (random.normal() * 20.0).abs();
    }
    let found = Calibration::Isotonic.fit(&counts, &logits());
    let pixels: Vec<f64> = counts.pixels().collect();
    let mean = |from: usize, to: usize| {
        counts.road[from..=to].iter().sum::<f64>() / pixels[from..=to].iter().sum::<f64>()
    };
    for index in (0..CODES).step_by(5) {
        let least = |from: usize| (index..CODES).map(|to| mean(from, to)).fold(f64::MAX, f64::min);
        let expected = (0..=index).map(least).fold(f64::MIN, f64::max);
        assert!((found[index] - expected).abs() < 1e-9, "{index}: {} {expected}", found[index]);
    }
}

/// A frame of 2,000 pixels, whose logits are `bias` too high on `temperature`.
fn frame(random: &mut Random, temperature: f64, bias: f64) -> Frame {
    let mut sketch = Sketch::new(&quantiser());
    let (mut codes, mut labels) = (Vec::new(), Vec::new());
    for _ in 0..2000 {
        let z = 4.0 * random.normal();
        labels.push(u8::from(logit(f64::midpoint(1.0, random.signed())) < z));
        codes.push(libm::round((temperature * z + bias) * 10.0).clamp(-128.0, 127.0) as i8);
    }
    sketch.push_row(&codes, &labels);
    Frame { sketch, outline: Outline::new(Shape::new(40, 50).unwrap()) }
}

#[test]
fn the_choice_is_that_of_frames_left_out() {
    let table = SigmoidTable::new(&quantiser());
    let mut random = Random::new(1);
    let mut of = |temperature: f64, bias: f64, frames: usize| -> Vec<Frame> {
        (0..frames).map(|_| frame(&mut random, temperature, bias)).collect()
    };
    let (honest, sure) = (of(1.0, 0.0, 12), of(3.0, 1.0, 12));
    let (_, found) = calibrate(&[&honest], &table, false).unwrap();
    assert!(found.errors[0] < 0.02 && found.frames == 12, "{found:?}");
    let (map, found) = calibrate(&[&sure], &table, false).unwrap();
    assert!(found.calibration != Calibration::Network && map.is_learnt(), "{found:?}");
    assert!(found.errors.iter().all(|error| found.error() < 1.2 * error), "{found:?}");
    // Errors are those of frames that a map of the others has not seen: by hand, for two parts of one frame.
    let two = of(3.0, 1.0, 2);
    let (_, found) = calibrate(&[&two], &table, false).unwrap();
    for (way, error) in Calibration::ALL.iter().zip(found.errors) {
        let labelled: Vec<Labelled> =
            two.iter().map(|frame| Labelled::new(0, frame, table.threshold()).unwrap()).collect();
        let off = |own: usize, other: usize| {
            let mut counts = Counts::of_network(&logits());
            counts.add(&Counts::of_frame(&two[other].sketch));
            let fitted = way.fit(&counts, &logits());
            let (mut inside, mut union) = (0.0, 0.0);
            for (code, pixels) in Counts::of_frame(&two[own].sketch).pixels().enumerate() {
                let is_mask = code > usize::from(table.threshold());
                inside += if is_mask { pixels * fitted[code] } else { 0.0 };
                union += if is_mask { pixels } else { pixels * fitted[code] };
            }
            (inside / union - labelled[own].iou).abs()
        };
        let expected = f64::midpoint(off(0, 1), off(1, 0));
        assert!((error - expected).abs() < 1e-9, "{way:?}: {error} {expected}");
    }
    assert!(calibrate(&[&honest[..1]], &table, false).is_none(), "one frame says nothing of others");
}

/// Drives whose networks differ: nine frames of ten of a drive that was not learnt from, and to which nothing happens, lie in
/// the interval at the width that frames in control ask for; it is stored twice as wide.
#[test]
fn the_interval_covers_frames_of_other_drives() {
    let table = SigmoidTable::new(&quantiser());
    let mut random = Random::new(2);
    let (mut covered, mut all) = (0, 0);
    for _ in 0..6 {
        let mut drives = |count: usize| -> Vec<Vec<Frame>> {
            let mut drive = || {
                let (temperature, bias) = (1.5 + 0.3 * random.normal(), 0.6 * random.normal());
                (0..8).map(|_| frame(&mut random, temperature.max(0.5), bias)).collect()
            };
            (0..count).map(|_| drive()).collect()
        };
        let (own, others) = (drives(30), drives(10));
        let own: Vec<&[Frame]> = own.iter().map(|drive| &drive[..]).collect();
        let (map, found) = calibrate(&own, &table, false).unwrap();
        assert!((0.8..=1.0).contains(&found.coverage), "{found:?}");
        assert_eq!(found.widened.to_bits(), 2.0f64.to_bits());
        let narrow = map.deviation().map(|deviation| deviation.div_ceil(2));
        let map = CalibrationMap::from_parts(*map.probability(), narrow, true).unwrap();
        for frame in others.iter().flatten() {
            let estimate = EstimatedIou::new(&frame.sketch, &map, &table).unwrap();
            let iou = Labelled::new(0, frame, table.threshold()).unwrap().iou;
            covered += usize::from((estimate.low.to_f64()..=estimate.high.to_f64()).contains(&iou));
            all += 1;
        }
    }
    let share = f64::from(covered as u32) / f64::from(all);
    assert!((0.87..=0.94).contains(&share), "{share}");
}

/// The deviation of a code, by its definition: between frames, of the share of road in the sixteenth that it is in, about the
/// map; stored rounded up to steps of 2^-8.
#[test]
fn deviations_are_rounded_up() {
    let mut random = Random::new(9);
    let frames: Vec<Frame> = [-0.5, 0.0, 0.3, 0.6].map(|bias| frame(&mut random, 1.0, bias)).into();
    let labelled: Vec<Labelled> = frames.iter().map(|frame| Labelled::new(0, frame, 127).unwrap()).collect();
    let map = map(Calibration::Platt, labelled.iter(), &logits());
    let mut counts = Counts::of_network(&logits());
    labelled.iter().for_each(|frame| counts.add(&frame.counts));
    let pixels: Vec<f64> = counts.pixels().collect();
    let total: f64 = pixels.iter().sum();
    let range =
        |code: usize| ((pixels[..code].iter().sum::<f64>() + pixels[code] / 2.0) * 16.0 / total) as usize;
    let stored = stored(map, 1.5).unwrap();
    for code in (0..CODES).step_by(3) {
        let inside: Vec<usize> = (0..CODES).filter(|other| range(*other) == range(code)).collect();
        let (mut squares, mut weights) = (0.0, 0.0);
        for frame in &labelled {
            let here: f64 =
                inside.iter().map(|other| frame.counts.road[*other] + frame.counts.background[*other]).sum();
            let road: f64 = inside.iter().map(|other| frame.counts.road[*other]).sum();
            let expected: f64 = inside
                .iter()
                .map(|other| {
                    (frame.counts.road[*other] + frame.counts.background[*other]) * map_of(&labelled)[*other]
                })
                .sum();
            if here > 0.0 {
                squares += (road - expected) * (road - expected) / here;
                weights += here;
            }
        }
        let expected = (256.0 * 1.5 * libm::sqrt(squares / weights)).ceil();
        assert!((f64::from(stored.deviation()[code]) - expected).abs() < 0.5, "{code}: {expected}");
    }
}

fn map_of(labelled: &[Labelled]) -> [f64; CODES] {
    map(Calibration::Platt, labelled.iter(), &logits()).probability
}

/// Of so many frames, the one that nine of ten do not exceed: `ceil((n + 1) 0.9)` in order, the last where there are too few.
#[test]
fn the_width_is_a_rank() {
    let values = |count: u32| (1..=count).rev().map(f64::from).collect();
    for (count, expected) in [(1, 1.0), (8, 8.0), (9, 9.0), (10, 10.0), (19, 18.0), (99, 90.0), (100, 91.0)] {
        assert_eq!(quantile(values(count)).to_bits(), f64::to_bits(expected), "{count}");
    }
    assert_eq!(quantile(Vec::new()).to_bits(), 0);
}

/// Of the same frames: those of one drive have an interval three times as wide as those of several, for no other was seen.
#[test]
fn a_single_drive_has_a_wide_interval() {
    let table = SigmoidTable::new(&quantiser());
    let mut random = Random::new(4);
    let frames: Vec<Frame> = (0..30).map(|_| frame(&mut random, 1.0, 0.0)).collect();
    let (one, found) = calibrate(&[&frames], &table, false).unwrap();
    assert_eq!(found.widened.to_bits(), 6.0f64.to_bits());
    // But of a camera that does not move none has to be.
    let (_, fixed) = calibrate(&[&frames], &table, true).unwrap();
    assert_eq!((fixed.widened.to_bits(), fixed.coverage), (2.0f64.to_bits(), found.coverage));
    // Ten drives are left out as the ten parts of one are.
    let drives: Vec<&[Frame]> = frames.chunks(3).collect();
    let (several, other) = calibrate(&drives, &table, false).unwrap();
    assert_eq!((found.errors, found.coverage), (other.errors, other.coverage));
    for (one, several) in one.deviation().iter().zip(several.deviation()) {
        assert!((i32::from(*one) - 3 * i32::from(*several)).abs() <= 3 || *one == u8::MAX, "{one} {several}");
    }
}

/// The simplest of those that are as good: a way that is better in most parts is chosen, one that is by chance is not.
#[test]
fn a_simpler_way_needs_no_proof() {
    let parts = [0, 0, 1, 1, 2, 2];
    let of = |errors: [f64; 6]| errors.map(|error| (error, 1.0)).to_vec();
    let even = of([0.10; 6]);
    let better = of([0.08, 0.08, 0.07, 0.09, 0.08, 0.08]);
    let lucky = of([0.02, 0.02, 0.11, 0.11, 0.12, 0.12]);
    let worse = of([0.2; 6]);
    let find = |tried: [&Vec<(f64, f64)>; 4]| chosen(&tried.map(Clone::clone), &parts);
    assert_eq!(find([&even, &better, &better, &worse]), Some(1));
    assert_eq!(find([&even, &even, &lucky, &lucky]), Some(1), "one part of three");
    assert_eq!(find([&better, &even, &better, &better]), Some(0));
    assert_eq!(find([&worse, &worse, &even, &even]), Some(2));
    assert_eq!(find([&worse, &worse, &worse, &better]), Some(3));
}
