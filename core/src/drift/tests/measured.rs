//! What is measured of a frame for the monitor alone: calibration, estimate, outline.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use super::*;

#[test]
fn a_map_never_falls() {
    let network = CalibrationMap::network(&SigmoidTable::new(&Quantiser::probabilities()));
    assert!(!network.is_learnt() && network.deviation() == &[0; 256]);
    assert_eq!(
        (network.probability()[0], network.probability()[51], network.probability()[255]),
        (0, 13107, 65535)
    );
    let mut falling = *network.probability();
    falling[7] = u16::MAX;
    assert_eq!(CalibrationMap::from_parts(falling, [0; 256], true), Err(Error::Parameter("calibration")));
}

#[test]
fn an_estimate_lies_in_its_interval() {
    let quantiser = Quantiser::probabilities();
    let table = SigmoidTable::new(&quantiser);
    let network = CalibrationMap::network(&table);
    let map = CalibrationMap::from_parts(*network.probability(), [32; 256], true).unwrap();
    let mut sketch = Sketch::<u32>::new(&quantiser);
    assert_eq!(EstimatedIou::new(&sketch, &map, &table), None);
    sketch.push_unlabelled(&[255u8, 204, 51, 0]);
    let iou = EstimatedIou::new(&sketch, &map, &table).unwrap();
    // An eighth less inside (of 1.8, where the first cannot fall below 0.875), an eighth more outside.
    assert!((iou.low.to_f64() - (1.8 - 0.25) / (2.0 + 0.2 + 0.25)).abs() < 2e-3, "{iou:?}");
    assert!((iou.high.to_f64() - (1.0 + 0.925) / (2.0 + 0.075)).abs() < 2e-3, "{iou:?}");
    let certain = EstimatedIou::new(&sketch, &network, &table).unwrap();
    assert!(certain.low == certain.value && certain.value == certain.high && certain.value == iou.value);
}

#[test]
fn an_outline_is_that_of_brute_force() {
    let mut seed = 1u32;
    let mut random = || {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        seed
    };
    for width in [1usize, 2, 31, 32, 33, 64, 65] {
        let (height, words) = (5usize, width.div_ceil(32));
        let mask: Vec<Vec<bool>> =
            (0..height).map(|_| (0..width).map(|_| random() & 3 != 0).collect()).collect();
        let mut outline = Outline::new(Shape::new(5, width as u32).unwrap());
        let mut above = vec![0; words];
        for row in &mask {
            let mut bits = vec![0u32; words];
            row.iter().enumerate().for_each(|(x, set)| bits[x / 32] |= u32::from(*set) << (x % 32));
            outline.push_row(&above, &bits);
            above = bits;
        }
        let (mut road, mut sides, mut rows) = (0, 0, 0);
        for y in 0..height {
            for x in 0..width {
                road += u32::from(mask[y][x]);
                rows += y * usize::from(mask[y][x]);
                sides += u32::from(x > 0 && mask[y][x] != mask[y][x - 1]);
                sides += u32::from(y > 0 && mask[y][x] != mask[y - 1][x]);
            }
        }
        assert_eq!((outline.road(), outline.boundary()), (road, sides), "{width}");
        let centroid = rows as f64 / f64::from(road) / height as f64;
        assert!((outline.relative_centroid_row().unwrap().to_f64() - centroid).abs() < 1e-5, "{width}");
    }
    assert_eq!(Outline::new(Shape::new(1, 1).unwrap()).relative_centroid_row(), None);
}

/// Codes of every class, by definition, for pixels with ties and ends.
#[test]
fn classes_against_the_rest() {
    let mut seed = 3u32;
    let mut random = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        // Few values: many ties.
        [-128i8, -20, -19, 0, 1, 127][(seed >> 16) as usize % 6]
    };
    for classes in [2usize, 3, 19, 32] {
        let width = 37;
        let logits: Vec<i8> = (0..classes * width).map(|_| random()).collect();
        let mut codes = vec![0; logits.len()];
        against_rest(&logits, classes, &mut codes).unwrap();
        for (x, pixel) in logits.chunks(classes).enumerate() {
            let most = *pixel.iter().max().unwrap();
            let winner = pixel.iter().position(|logit| *logit == most).unwrap();
            for class in 0..classes {
                let others =
                    (0..classes).filter(|other| *other != class).map(|other| i32::from(pixel[other]));
                let ahead = i32::from(pixel[class]) - others.max().unwrap();
                let expected = if class == winner { ahead.max(1) } else { ahead }.clamp(-128, 127);
                assert_eq!(i32::from(codes[class * width + x]), expected, "{classes} {pixel:?} {class}");
                assert_eq!(codes[class * width + x] > 0, class == winner);
            }
        }
    }
    let error =
        |logits: usize, classes, codes: usize| against_rest(&vec![0; logits], classes, &mut vec![0; codes]);
    assert_eq!(error(4, 1, 4), Err(Error::Parameter("classes")));
    assert_eq!(error(33, 33, 33), Err(Error::Parameter("classes")));
    assert!(matches!(error(5, 2, 4), Err(Error::Length { .. })));
    assert!(matches!(error(4, 2, 6), Err(Error::Length { .. })));
    assert_eq!(error(0, 2, 0), Ok(()));
}

#[test]
fn sketches_that_cannot_be_measured() {
    let mut sketch = Sketch::<u32>::new(&profile().quantiser);
    assert_eq!(gate::sketch_is_valid(&sketch), Err(Invalid::Missing));
    sketch.push_row(&[3i8, 3], &[0, 1]);
    assert_eq!(gate::sketch_is_valid(&sketch), Err(Invalid::Constant));
    let before = fingerprint(&sketch);
    sketch.push_unlabelled(&[-3i8]);
    assert_eq!(gate::sketch_is_valid(&sketch), Ok(()));
    assert_ne!(fingerprint(&sketch), before);
}

/// An empty mask is all wrong, unless masks may be empty: then nothing is known of it.
#[test]
fn an_empty_mask() {
    let mut profile = profile();
    let table = SigmoidTable::new(&profile.quantiser);
    let mut sketch = Sketch::<u32>::new(&profile.quantiser);
    sketch.push_unlabelled(&[-30i8, -31, -32, -33]);
    let outline = Outline::new(Shape::new(2, 2).unwrap());
    let estimate = |profile: &Profile| {
        Signals::new(&sketch, &outline, &table, profile).unwrap().get(Signal::EstimatedIou)
    };
    assert_eq!(estimate(&profile), Some(Q16::ZERO));
    // Nor does it help to be sure that there is no road.
    let network = profile.calibration.clone();
    profile.calibration = CalibrationMap::from_parts([0; 256], [0; 256], true).unwrap();
    assert_eq!(EstimatedIou::new(&sketch, &profile.calibration, &table), None);
    assert_eq!(estimate(&profile), Some(Q16::ZERO));
    profile.rules.may_be_empty = true;
    assert_eq!(estimate(&profile), None);
    profile.calibration = network;
    assert_eq!(estimate(&profile), None);
}

/// For two classes the code is the logit of the class against the other, and all goes on as for one class.
#[test]
fn two_classes_are_a_network_of_one() {
    let logits = [10i8, 25, -30, -90, 0, 5];
    let mut codes = [0; 6];
    against_rest(&logits, 2, &mut codes).unwrap();
    assert_eq!(codes, [-15, 60, -5, 15, -60, 5]);
    let quantiser = Quantiser::logits(Encoding::Signed, 0.1, 0).unwrap();
    let table = SigmoidTable::new(&quantiser);
    let of = |codes: &[i8]| {
        let mut sketch = Sketch::<u32>::new(&quantiser);
        sketch.push_unlabelled(codes);
        EstimatedIou::new(&sketch, &CalibrationMap::network(&table), &table).unwrap()
    };
    let softmax = |x: usize, class: usize| {
        let powers = [0, 1].map(|class| libm::exp(0.1 * f64::from(logits[2 * x + class])));
        powers[class] / (powers[0] + powers[1])
    };
    let class = of(&codes[3..]);
    // Road where its logit is higher: pixels 0 and 2.
    let expected = (softmax(0, 1) + softmax(2, 1)) / (2.0 + softmax(1, 1));
    assert!((class.value.to_f64() - expected).abs() < 1e-4, "{class:?} {expected}");
    let other = of(&codes[..3]);
    let mean = EstimatedIou::mean([Some(class), None, Some(other)].into_iter()).unwrap();
    assert!((mean.value.to_f64() - f64::midpoint(class.value.to_f64(), other.value.to_f64())).abs() < 2e-5);
    assert_eq!(EstimatedIou::mean([None, None].into_iter()), None);
}

#[test]
fn the_gravest_verdict_of_classes() {
    let verdict = |state, factory, blocks| Verdict {
        state,
        reasons: Reasons { factory, ..Reasons::default() },
        blocks,
    };
    let all = |states: &[State]| {
        let verdicts =
            states.iter().zip(0_u8..).map(|(state, place)| verdict(*state, 1 << place, 3 + u32::from(place)));
        Verdict::of_classes(verdicts).unwrap()
    };
    use State::{Acknowledged, Alarm, Normal, Unknown, Watch};
    for (states, gravest) in [
        (&[Normal, Normal][..], Normal),
        (&[Normal, Watch, Normal], Watch),
        (&[Watch, Unknown, Normal], Unknown),
        (&[Unknown, Acknowledged, Watch], Acknowledged),
        (&[Alarm, Unknown, Acknowledged], Alarm),
    ] {
        let found = all(states);
        assert_eq!(found.state, gravest, "{states:?}");
        assert_eq!((found.reasons.factory, found.blocks), ((1 << states.len()) - 1, 2 + states.len() as u32));
    }
    assert_eq!(Verdict::of_classes(core::iter::empty()), None);
}
