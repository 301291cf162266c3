//! Drift distances against SciPy, identities and what libraries do otherwise.
#![allow(clippy::disallowed_methods, reason = "the reference is a computation of its own")]

use std::collections::BTreeMap;

use segmeter_core::Error;
use segmeter_core::drift::{Distance, Fraction, Histogram, Reference};
use segmeter_core::num::Q16;
use segmeter_core::sketch::Sketch;
use segmeter_tests::{Demo, Random, close, vectors};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Vectors {
    two_samples: Vec<Pair>,
    peers: Value,
}

#[derive(Deserialize)]
struct Pair {
    name: String,
    reference: Vec<u32>,
    current: Vec<u64>,
    distances: BTreeMap<String, Option<f64>>,
}

#[test]
fn distances_are_those_of_scipy() {
    for Pair { name, reference, current, distances } in vectors::<Vectors>("drift.json").two_samples {
        assert_eq!(distances.len(), Distance::ALL.len());
        for distance in Distance::ALL {
            let found = distance.between(&reference, current.iter().copied());
            let expected = distances[distance.name()];
            let what = format!("{name}: {} is {found:?}, expected {expected:?}", distance.name());
            let (Some(found), Some(expected)) = (found.map(f64::from), expected) else {
                assert!(found.is_none() && expected.is_none(), "{what}");
                continue;
            };
            // A sum of logarithms cancels where shares are the same: what f64 leaves, and its root.
            let floor = match distance {
                Distance::PopulationStability => 1e-7,
                Distance::JensenShannon => 2e-8,
                _ => 1e-12,
            };
            assert!(close(found, expected, 1e-6) || (found - expected).abs() < floor, "{what}");
        }
    }
}

/// Identities, and the integers themselves.
#[test]
fn distances_agree_with_each_other() {
    let mut random = Random(41);
    for round in 0..300 {
        let bins = 1 + round % 40;
        let mut counts =
            |most: f32| -> Vec<u32> { (0..bins).map(|_| (random.uniform() * most) as u32).collect() };
        let (reference, mut current) = (counts(900.0), counts([3.0, 4e9][round % 2] / bins as f32));
        current[0] += 1;
        let of = |distance: Distance| {
            distance.between(&reference, current.iter().map(|n| u64::from(*n))).map(f64::from)
        };
        let exact = |distance: Distance| distance.exact(&reference, current.iter().map(|n| u64::from(*n)));
        let Some(stability) = of(Distance::PopulationStability) else {
            assert!(reference.iter().all(|n| *n == 0));
            continue;
        };
        let both = of(Distance::KullbackLeibler).unwrap() + of(Distance::ReverseKullbackLeibler).unwrap();
        assert!((stability - both).abs() < 2e-6 * (1.0 + both) * bins as f64, "{stability}, {both}");
        let square = of(Distance::JensenShannon).unwrap().powi(2);
        assert!(close(of(Distance::JensenShannonDivergence).unwrap(), square, 1e-6) || square < 1e-14);
        let (total, shared) =
            (exact(Distance::TotalVariation).unwrap(), exact(Distance::Intersection).unwrap());
        // sum |p - q| / 2 = 1 - sum min(p, q), in integers.
        assert_eq!((total.numerator, total.denominator), (2 * shared.numerator, 2 * shared.denominator));
        let na: u128 = current.iter().map(|n| u128::from(*n)).sum();
        let nb: u128 = reference.iter().map(|n| u128::from(*n)).sum();
        let gap = |a: u128, b: u128| (a * nb).abs_diff(b * na);
        let pairs: Vec<(u128, u128)> =
            current.iter().zip(&reference).map(|(a, b)| ((*a).into(), (*b).into())).collect();
        let heads = (1..=bins).map(|k| pairs[..k].iter().fold((0, 0), |s, p| (s.0 + p.0, s.1 + p.1)));
        let heads: Vec<u128> = heads.map(|(a, b)| gap(a, b)).collect();
        let denominator: u128 = na * nb;
        let fraction = |numerator| Some(Fraction { numerator, denominator });
        assert_eq!(exact(Distance::KolmogorovSmirnov), fraction(heads.iter().copied().max().unwrap()));
        assert_eq!(exact(Distance::Wasserstein), fraction(heads.iter().sum()));
        assert_eq!(
            exact(Distance::LInfinity),
            fraction(pairs.iter().map(|(a, b)| gap(*a, *b)).max().unwrap())
        );
        assert_eq!(exact(Distance::Hellinger), None);
        for distance in Distance::ALL {
            let same = distance.between(&reference, reference.iter().map(|n| 7 * u64::from(*n))).unwrap();
            // Smoothing tells seven times as many apart from as many.
            assert!(
                same.abs() < if distance == Distance::ChiSquared { 1e-9 } else { 0.2 },
                "{distance:?} {same}"
            );
        }
    }
}

#[test]
fn distances_refuse_what_has_no_value() {
    for distance in Distance::ALL {
        let of = |reference: &[u32], current: &[u64]| distance.between(reference, current.iter().copied());
        for (reference, current) in [
            (&[0, 0][..], &[1, 2][..]),
            (&[1, 2], &[0, 0]),
            (&[1, 2], &[1, 2, 3]),
            (&[1, 2], &[1]),
            (&[], &[]),
            (&[u32::MAX, 1], &[1, 1]),
            (&[1, 1], &[1 << 48, 1]),
            (&[1, 1], &[u64::MAX, u64::MAX]),
        ] {
            assert_eq!(of(reference, current), None, "{distance:?} {reference:?} {current:?}");
        }
        let largest = of(&[u32::MAX - 1, 1], &[1, (1 << 48) - 2]).unwrap();
        assert!(largest.is_finite() && largest > 0.5, "{distance:?} {largest}");
    }
}

/// Where libraries are another way: the zero rule decides a stability index, and a distance is not a divergence.
#[test]
fn peers_are_apart() {
    let peers = vectors::<Vectors>("drift.json").peers;
    let of = |group: &str, name: &str| peers[group][name].as_f64().unwrap();
    let pair = |distance: Distance| f64::from(distance.between(&[0, 40, 60, 0], [3, 50, 45, 2]).unwrap());
    assert!(close(pair(Distance::PopulationStability), of("psi", "half"), 1e-6));
    assert!(of("psi", "tiny") > 200.0 * of("psi", "half") && of("psi", "1e-4") > 2.0 * of("psi", "half"));
    let bits = pair(Distance::JensenShannon) / std::f64::consts::LN_2.sqrt();
    assert!(close(bits, of("jensen_shannon", "distance_2"), 1e-6));
    assert!(close(pair(Distance::JensenShannonDivergence), of("jensen_shannon", "divergence_e"), 1e-6));
    // One value out of range: bins of both samples lose a thousandfold, the reference's do not move.
    let rebinned = |name: &str| of("total_variation_rebinned", name);
    assert!(rebinned("as_is") > 1000.0 * rebinned("outlier"));
    let (demo, value) = (Demo::load(), |code: &u8| Q16::ratio(code.cast_signed().into(), 1));
    let codes = |frame| demo.codes(frame).iter().map(value);
    let (low, high) = (codes(0).min().unwrap(), codes(0).max().unwrap());
    let [reference, mut current] = [0, 60].map(|frame| {
        let mut histogram = Histogram::new(low, high).unwrap();
        codes(frame).for_each(|code| histogram.push(code));
        histogram
    });
    let distance = |current: &Histogram| {
        Distance::TotalVariation.between(reference.bins(), current.bins().map(u64::from)).unwrap()
    };
    let before = distance(&current);
    current.push(Q16::ratio(5000, 1));
    let after = distance(&current);
    assert!((after - before).abs() <= 1.0 / 19_200.0 && before > 0.01, "{before}, {after}");
}

#[test]
fn histograms_keep_their_bins() {
    let mut random = Random(5);
    let (low, high) = (Q16::from_f32(-3.25), Q16::from_f32(7.5));
    let mut histogram = Histogram::new(low, high).unwrap();
    let mut expected = [0; 18];
    for round in 0..3000 {
        let raw = (random.uniform() * 900_000.0) as i32 - 300_000;
        let raw = [raw, low.raw(), high.raw(), low.raw() - 1, high.raw() + 1, i32::MAX, i32::MIN][round % 7];
        histogram.push(Q16::from_raw(raw));
        let share = (f64::from(raw) - f64::from(low.raw())) / f64::from(high.raw() - low.raw());
        let inside = ((share * 16.0) as usize).min(15) + 1;
        expected[if raw < low.raw() {
            0
        } else if raw > high.raw() {
            17
        } else {
            inside
        }] += 1;
    }
    assert_eq!(histogram.bins(), &expected);
    histogram.clear();
    assert_eq!(histogram, Histogram::new(low, high).unwrap());
    assert_eq!(Histogram::new(high, high).unwrap_err(), Error::Parameter("range"));
}

/// The reference has its distances over codes, or over bins of which none is empty.
#[test]
fn a_reference_has_every_distance() {
    let (demo, quantiser) = (Demo::load(), Demo::quantiser());
    let reference = Reference::new(demo.counts(0..60)).unwrap();
    for frame in [0, 120, 210] {
        let mut sketch = Sketch::<u32>::new(&quantiser);
        sketch.push_unlabelled(demo.codes(frame));
        let counts = demo.counts(frame..frame + 1).map(u64::from);
        for distance in Distance::ALL {
            let found = reference.distance(distance, &sketch);
            let edges: Vec<u8> = reference.edges().collect();
            let bin = |index: usize| edges.iter().filter(|edge| usize::from(**edge) < index).count();
            let (mut then, mut now) = (vec![0; edges.len() + 1], vec![0; edges.len() + 1]);
            for index in 0..256 {
                then[bin(index)] += reference.counts()[index];
                now[bin(index)] += counts[index];
            }
            let expected = match distance {
                Distance::PopulationStability
                | Distance::KullbackLeibler
                | Distance::ReverseKullbackLeibler
                | Distance::JensenShannonDivergence
                | Distance::JensenShannon
                | Distance::ChiSquared => distance.between(&then, now),
                _ => distance.between(reference.counts(), counts),
            };
            assert!(found.is_some());
            assert_eq!(found, expected, "{distance:?}");
        }
        assert_eq!(reference.wasserstein(&sketch), reference.distance(Distance::Wasserstein, &sketch));
    }
}
