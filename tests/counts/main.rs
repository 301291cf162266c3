//! Counting and averaging against brute force, identities, and merges in any order.
#![allow(clippy::disallowed_methods, reason = "the reference is a computation of its own")]

use segmeter_core::Error;
use segmeter_core::metric::{
    Averages, Averaging, ClassMetric, ClassReport, Confusion, Disagreement, Empties, Empty, Mean, Score,
    Volume,
};
use segmeter_core::view::IGNORE;
use segmeter_tests::Random;

mod view;

/// Ids of `classes` in runs of random length, some of them `odd`.
fn ids(random: &mut Random, pixels: usize, classes: u8, odd: &[u8], run: f32) -> Vec<u8> {
    let mut id = 0;
    (0..pixels)
        .map(|_| {
            if random.uniform() * run < 1.0 {
                let pick = (random.uniform() * (f32::from(classes) + 0.3)) as u8;
                let rare = odd.get((random.uniform() * odd.len() as f32) as usize);
                id = if pick < classes { pick } else { rare.copied().unwrap_or(0) };
            }
            id
        })
        .collect()
}

fn counted<const C: usize>(random: &mut Random, ignore: u8) {
    let small = [(0, 1.0), (7, 1.0), (31, 2.0), (32, 9.0), (511, 1.0), (512, 1.0)];
    let large = [(5000, 1.0), (8160, 4.0), (20_000, 30.0), (150_000, 400.0)];
    for (pixels, run) in small.into_iter().chain(large) {
        let labels = ids(random, pixels, C as u8, &[ignore], run);
        let predictions = ids(random, pixels, C as u8, &[255, C as u8, 200], run);
        // One that was used before is as a new one.
        let mut confusion = Confusion::<C>::new(254);
        confusion.push_row(&[0, 200, 0], &[0, 0, 254]).unwrap();
        confusion.reset(ignore);
        confusion.push_row(&predictions, &labels).unwrap();
        let mut fresh = Confusion::<C>::new(ignore);
        fresh.push_row(&predictions, &labels).unwrap();
        assert_eq!(confusion, fresh);
        let (mut counts, mut ignored, mut foreign) = ([[0_u64; C]; C], 0, [0; C]);
        for (prediction, label) in predictions.iter().zip(&labels) {
            let (prediction, label) = (usize::from(*prediction), usize::from(*label));
            if label == usize::from(ignore) {
                ignored += 1;
            } else if prediction < C {
                counts[label][prediction] += 1;
            } else {
                foreign[label] += 1;
            }
        }
        assert_eq!(confusion.counts(), &counts, "{C} classes, {pixels} pixels, ignore {ignore}");
        assert_eq!(confusion.ignored(), ignored);
        for class in 0..C {
            let column: u64 = counts.iter().map(|row| row[class]).sum();
            let row = counts[class].iter().sum::<u64>() + foreign[class];
            let hits = counts[class][class];
            let expected = ClassReport {
                true_positive: hits,
                false_positive: column - hits,
                false_negative: row - hits,
                true_negative: pixels as u64 + hits - ignored - row - column,
            };
            let class = confusion.class(class);
            assert_eq!(class, expected);
            let sides = [class.positives(), class.negatives(), class.predicted()];
            assert_eq!(sides, [row, pixels as u64 - ignored - row, column]);
        }
        assert_eq!(confusion.pixels(), pixels as u64 - ignored);
        assert!(!confusion.saturated());
        confusion.clear();
        assert_eq!(confusion, Confusion::new(ignore));
    }
}

/// Every way of counting: two classes, banks, pixel by pixel.
#[test]
fn rows_are_counted_as_by_hand() {
    let mut random = Random(7);
    for ignore in [IGNORE, 0, 1, 2, 40] {
        counted::<1>(&mut random, ignore);
        counted::<2>(&mut random, ignore);
        counted::<3>(&mut random, ignore);
        counted::<19>(&mut random, ignore);
        counted::<31>(&mut random, ignore);
        counted::<32>(&mut random, ignore);
        counted::<33>(&mut random, ignore);
    }
}

fn refused<const C: usize>() {
    let cases =
        [1, 300, 6000, 70_000].into_iter().flat_map(|pixels| [C as u8, 77, 254].map(|id| (pixels, id)));
    for (pixels, found) in cases {
        for place in [0, pixels / 2, pixels - 1] {
            let mut labels = vec![1; pixels];
            labels[place] = found;
            let mut confusion = Confusion::<C>::new(IGNORE);
            let error = confusion.push_row(&vec![0; pixels], &labels).unwrap_err();
            assert_eq!(error, Error::ClassId { found, pixel: place });
            // The pixels before it have been added.
            assert_eq!((confusion.counts()[1][0], confusion.pixels()), (place as u64, place as u64));
        }
    }
}

#[test]
fn a_label_that_is_no_class_is_told_with_its_pixel() {
    refused::<2>();
    refused::<19>();
    refused::<31>();
    refused::<40>();
}

#[test]
fn counters_stop_and_tell() {
    let mut confusion = Confusion::<2>::new(IGNORE);
    confusion.push_row(&[1, 0, 1, 1], &[1, 0, 0, IGNORE]).unwrap();
    for _ in 0..64 {
        assert!(!confusion.saturated());
        confusion.merge(&confusion.clone());
    }
    assert!(confusion.saturated());
    // Nothing that is read from it overflows.
    let class = confusion.class(1);
    assert_eq!(
        (class.true_positive, confusion.pixels(), confusion.ignored()),
        (u64::MAX, u64::MAX, u64::MAX)
    );
    let whole = [
        confusion.mcc(),
        confusion.kappa(),
        confusion.weighted_kappa(Disagreement::Quadratic),
        confusion.generalised_dice(Volume::Square, 0),
        confusion.category_iou(&[0, 0], 0).value(),
    ];
    let values = ClassMetric::ALL.iter().map(|(_, metric)| metric.of(class)).chain(whole);
    assert!(values.flatten().all(f64::is_finite));
    let mut one = Confusion::<2>::new(IGNORE);
    one.merge(&confusion);
    assert!(one.saturated(), "the flag is inherited");
}

/// All tables of four counts up to 5.
#[test]
fn identities() {
    let same = |a: Option<f64>, b: Option<f64>, what: &str, class: ClassReport| {
        let near = match (a, b) {
            (Some(a), Some(b)) => (a - b).abs() < 1e-14,
            (a, b) => a == b,
        };
        assert!(near, "{what}: {a:?} {b:?} {class:?}");
    };
    for code in 0..6_u64.pow(4) {
        let [tp, fp, fn_, tn] = [1, 6, 36, 216].map(|unit| code / unit % 6);
        let class =
            ClassReport { true_positive: tp, false_positive: fp, false_negative: fn_, true_negative: tn };
        let of = |metric: ClassMetric| metric.of(class);
        let (iou, dice) = (of(ClassMetric::Iou), of(ClassMetric::Dice));
        same(dice, iou.map(|x| 2.0 * x / (1.0 + x)), "Dice of IoU", class);
        same(of(ClassMetric::FBeta { beta: 1.0 }), dice, "F1", class);
        let tversky = |fp_weight, fn_weight| of(ClassMetric::TverskyIndex { fp_weight, fn_weight });
        same(tversky(0.5, 0.5), dice, "Tversky 1/2", class);
        same(tversky(1.0, 1.0), iou, "Tversky 1", class);
        same(tversky(1.0, 0.0), of(ClassMetric::Precision), "Tversky 1, 0", class);
        same(of(ClassMetric::VolumeOverlapError), iou.map(|x| 1.0 - x), "VOE", class);
        for (error, rate) in [
            (ClassMetric::FalsePositiveRate, ClassMetric::Specificity),
            (ClassMetric::FalseNegativeRate, ClassMetric::Recall),
            (ClassMetric::FalseDiscoveryRate, ClassMetric::Precision),
            (ClassMetric::FalseOmissionRate, ClassMetric::NegativePredictiveValue),
        ] {
            same(of(error), of(rate).map(|x| 1.0 - x), "complement", class);
        }
        let balanced = of(ClassMetric::BalancedAccuracy);
        same(of(ClassMetric::Informedness), balanced.map(|x| 2.0 * x - 1.0), "Youden", class);
        if let (Some(informed), Some(marked)) = (of(ClassMetric::Informedness), of(ClassMetric::Markedness)) {
            let sign = if informed < 0.0 { -1.0 } else { 1.0 };
            same(of(ClassMetric::Mcc), Some(sign * (informed * marked).sqrt()), "MCC", class);
        }
        let [hits, alarms] = [ClassMetric::Recall, ClassMetric::FalsePositiveRate].map(of);
        if let (Some(hits), Some(alarms)) = (hits, alarms)
            && (hits - alarms).abs() > 0.0
        {
            let textbook = ((hits * alarms).sqrt() - alarms) / (hits - alarms);
            same(of(ClassMetric::PrevalenceThreshold), Some(textbook), "prevalence threshold", class);
        }
        let ratios = of(ClassMetric::Precision).zip(of(ClassMetric::Recall));
        same(of(ClassMetric::FowlkesMallows), ratios.map(|(a, b)| (a * b).sqrt()), "Fowlkes-Mallows", class);
        same(
            of(ClassMetric::RelativeVolumeDifference).map(f64::abs),
            of(ClassMetric::AbsoluteRelativeVolumeDifference),
            "RVD",
            class,
        );
        // The matrix of two classes says the same.
        let mut matrix = Confusion::<2>::new(IGNORE);
        for (prediction, label, count) in [(1, 1, tp), (1, 0, fp), (0, 1, fn_), (0, 0, tn)] {
            (0..count).for_each(|_| matrix.push_row(&[prediction], &[label]).unwrap());
        }
        assert_eq!(matrix.class(1), class);
        same(of(ClassMetric::Mcc), matrix.mcc(), "Gorodkin", class);
        same(of(ClassMetric::Accuracy), matrix.pixel_accuracy().value(), "accuracy", class);
        same(matrix.kappa(), matrix.weighted_kappa(Disagreement::Linear), "kappa", class);
        same(matrix.kappa(), matrix.weighted_kappa(Disagreement::Quadratic), "kappa", class);
        same(matrix.category_iou(&[3, 1], 1).value(), iou, "category of one class", class);
        same(
            matrix.generalised_dice(Volume::Linear, 1),
            if tp + fn_ == 0 { None } else { dice },
            "GDS",
            class,
        );
        // The worst value is a bound.
        for (_, metric) in ClassMetric::ALL {
            if let (Some(value), Some(worst)) = (metric.of(class), metric.worst()) {
                let bad = if worst > 0.5 { value > worst } else { value < worst };
                assert!(!bad, "{metric:?} {value}");
            }
        }
    }
}

#[test]
fn weights_out_of_range_have_no_value() {
    let class = ClassReport { true_positive: 1, false_positive: 1, false_negative: 1, true_negative: 1 };
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(class.tversky_index(bad, 0.5), None);
        assert_eq!(class.tversky_index(0.5, bad), None);
    }
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(class.f_beta(bad), None);
    }
    // Where only recall counts, 2/3 here, and with counts whose products with the square would be infinite.
    let uneven =
        ClassReport { true_positive: 2 << 60, false_positive: 1, false_negative: 1 << 60, true_negative: 0 };
    for beta in [1e20, 1e139, 1e141, 1e155, 1e300, f64::MAX] {
        assert!((uneven.f_beta(beta).unwrap() - 2.0 / 3.0).abs() < 1e-15, "beta {beta}");
    }
    for bad in [-0.1, 1.0, f64::NAN] {
        assert_eq!(class.net_benefit(bad), None);
    }
    assert_eq!(class.net_benefit(0.5), Some(0.0));
}

#[test]
fn empties_by_case_and_name() {
    let report = |tp, fp, fn_| ClassReport {
        true_positive: tp,
        false_positive: fp,
        false_negative: fn_,
        true_negative: 5,
    };
    let empties =
        Empties { both: Empty::One, labels: Empty::Worst, predictions: Empty::Skip, otherwise: Empty::Zero };
    for (class, expected) in [
        (report(0, 0, 0), Score::Value(1.0)),
        (report(0, 2, 0), Score::Value(1.0)),
        (report(0, 0, 2), Score::Skipped),
        (report(1, 1, 2), Score::Value(0.75)),
    ] {
        assert_eq!(empties.score(ClassMetric::VolumeOverlapError, class), expected);
    }
    let all = ClassReport { true_positive: 3, ..ClassReport::default() };
    assert_eq!(empties.score(ClassMetric::Specificity, all), Score::Value(0.0), "no background at all");
    let worst = Empties::all(Empty::Worst);
    assert_eq!(worst.score(ClassMetric::Mcc, report(0, 0, 0)), Score::Value(-1.0));
    assert_eq!(worst.score(ClassMetric::RelativeVolumeDifference, report(0, 0, 0)), Score::Undefined);
    assert_eq!(worst.score(ClassMetric::Dice, report(0, 0, 1)), Score::Value(0.0));
    // Of a distance, the worst is what the caller says.
    assert_eq!(worst.resolve(true, false, None, Some(300.0)), Score::Value(300.0));
    assert_eq!(Empties::FORMULA.resolve(false, true, Some(7.0), None), Score::Value(7.0));
    assert_eq!(Empties::all(Empty::Undefined).score(ClassMetric::Dice, report(0, 0, 1)).value(), None);
}

#[test]
fn means_do_not_depend_on_order() {
    let mut random = Random(5);
    let values: Vec<f64> = (0..1000)
        .map(|k| f64::from(random.uniform()) * 10_f64.powi(k % 9 - 4) * [1.0, -1.0][k as usize % 2])
        .collect();
    let mut forth = Mean::default();
    values.iter().for_each(|v| forth.push(Score::Value(*v)));
    let (mut a, mut b) = (Mean::default(), Mean::default());
    for (k, value) in values.iter().rev().enumerate() {
        let mean = if k % 3 == 0 { &mut a } else { &mut b };
        mean.push(Score::Value(*value));
    }
    b.push(Score::Value(f64::NAN));
    b.push(Score::Skipped);
    // As another process has it.
    let kept = Mean::from_parts(a.parts());
    b.merge(&kept);
    assert_eq!((forth.value(), forth.defined()), (b.value(), b.defined()));
    assert_eq!((forth.undefined(), b.undefined()), (0, 1));
    let plain = values.iter().sum::<f64>() / 1000.0;
    assert!((forth.value().unwrap() - plain).abs() < 1e-12);
    for saturated in [false, false, true] {
        forth.push(Score::Value(4e18));
        assert_eq!(forth.saturated(), saturated);
    }
    assert_eq!(forth.defined(), 1002, "what has no room is left out");
    a = Mean::default();
    a.push(Score::Value(9e18));
    let copy = a;
    a.merge(&copy);
    assert!(a.saturated() && a.value() == copy.value());
    let mut huge = Mean::default();
    huge.push(Score::Value(f64::INFINITY));
    assert!(huge.saturated() && huge.value().is_none());
}

#[test]
fn averages_are_the_means_they_are_named_after() {
    let mut random = Random(11);
    let (mut whole, mut parts) = (averages(), [averages(), averages()]);
    let mut table = Vec::new();
    let mut pooled = Confusion::<3>::new(IGNORE);
    for image in 0..9 {
        let classes = 1 + image % 3;
        let labels = ids(&mut random, 50, classes, &[IGNORE], 1.0);
        let predictions = ids(&mut random, 50, classes, &[0], 1.0);
        let mut counts = Confusion::<3>::new(IGNORE);
        counts.push_row(&predictions, &labels).unwrap();
        whole.push(&counts);
        parts[usize::from(image) % 2].push(&counts);
        pooled.merge(&counts);
        table.push([1, 2].map(|class| counts.class(class).iou().value()));
    }
    let [mut a, mut b] = parts.clone();
    a.merge(&parts[1]);
    b.merge(&parts[0]);
    assert!(a == whole && b == whole, "merged in any order");
    let mean = |values: &mut dyn Iterator<Item = Option<f64>>| {
        let defined: Vec<f64> = values.flatten().collect();
        (!defined.is_empty()).then(|| defined.iter().sum::<f64>() / defined.len() as f64)
    };
    let images: Vec<_> = table.iter().map(|row| mean(&mut row.iter().copied())).collect();
    let classes = [0, 1].map(|class| mean(&mut table.iter().map(|row| row[class])));
    for (averaging, expected) in [
        (Averaging::Pooled, mean(&mut [1, 2].map(|class| pooled.class(class).iou().value()).into_iter())),
        (Averaging::PerImage, mean(&mut images.into_iter())),
        (Averaging::PerClass, mean(&mut classes.into_iter())),
        (Averaging::PerPair, mean(&mut table.iter().flatten().copied())),
    ] {
        let found = whole.value(averaging).unwrap();
        assert!((found - expected.unwrap()).abs() < 1e-15, "{averaging:?} {found} {expected:?}");
    }
    let missing = table.iter().flatten().filter(|iou| iou.is_none()).count() as u64;
    assert!(missing > 0 && whole.undefined() == missing);
    assert_eq!(whole.class(2).undefined(), table.iter().filter(|row| row[1].is_none()).count() as u64);
    assert!(!whole.saturated() && whole.images().defined() + whole.images().undefined() == 9);
    assert_eq!(whole.pooled(), &pooled);
}

/// Without the background.
fn averages() -> Averages<3> {
    Averages::new(ClassMetric::Iou, Empties::FORMULA, IGNORE).from_class(1)
}

/// Predictions that are no class: right nowhere, and as wrong as can be where classes have an order.
#[test]
fn kappa_of_predictions_that_are_no_class() {
    const C: usize = 4;
    let mut random = Random(91);
    for pixels in [300, 900, 2000] {
        let labels = ids(&mut random, pixels, C as u8, &[IGNORE], 2.0);
        let predictions = ids(&mut random, pixels, C as u8, &[IGNORE, 4, 77], 2.0);
        let mut confusion = Confusion::<C>::new(IGNORE);
        confusion.push_row(&predictions, &labels).unwrap();
        let scored = || predictions.iter().zip(&labels).filter(|(_, label)| **label != IGNORE);
        let n = scored().count() as f64;
        let foreign = scored().filter(|(prediction, _)| **prediction >= C as u8).count();
        assert!(foreign > 0, "too easy");
        // Of all pairs of a label and a prediction.
        let weight = |power: i32| {
            move |label: u8, prediction: u8| {
                let apart = if prediction < C as u8 { label.abs_diff(prediction) } else { C as u8 - 1 };
                f64::from(apart).powi(power)
            }
        };
        let kappa = |weight: &dyn Fn(u8, u8) -> f64| {
            let observed: f64 = scored().map(|(p, g)| weight(*g, *p)).sum();
            let chance: f64 = scored().map(|(p, _)| scored().map(|(_, g)| weight(*g, *p)).sum::<f64>()).sum();
            1.0 - n * observed / chance
        };
        let near = |found: Option<f64>, expected: f64| {
            assert!((found.unwrap() - expected).abs() < 1e-12, "{found:?}, expected {expected}");
        };
        near(confusion.kappa(), kappa(&|g, p| f64::from(u8::from(g != p))));
        near(confusion.weighted_kappa(Disagreement::Linear), kappa(&weight(1)));
        near(confusion.weighted_kappa(Disagreement::Quadratic), kappa(&weight(2)));
    }
}
