//! Where a library's number is not what its name says: the number that it returned (`vectors/traps.py`), why, and ours.

use segmeter_core::metric::{Averages, Averaging, ClassMetric, Confusion, Empties};
use segmeter_core::view::IGNORE;
use segmeter_tests::vectors;
use serde_json::Value;

fn returned(library: &str, name: &str) -> f64 {
    let all: Value = vectors("traps.json");
    let value = name.split('.').fold(&all[library], |value, name| match name.parse::<usize>() {
        Ok(place) => &value[place],
        Err(_) => &value[name],
    });
    value.as_f64().unwrap_or_else(|| panic!("{library} {name}"))
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-7, "{found} {expected}");
}

/// Areas are added as `f32`: past 2^24 pixels of a class a frame with one of them adds nothing.
#[test]
fn mmseg_loses_pixels() {
    let (pixels, frames) = (returned("mmseg", "pixels") as usize, returned("mmseg", "frames") as usize);
    let mut counts = Confusion::<2>::new(IGNORE);
    let large = vec![1; pixels];
    counts.push_row(&large, &large).unwrap();
    (0..frames).for_each(|_| counts.push_row(&[0, 0], &[1, 0]).unwrap());
    let (hits, missed) = (pixels as f64, frames as f64);
    near(counts.class(1).iou().value().unwrap(), hits / (hits + missed));
    near(counts.class(0).iou().value().unwrap(), returned("mmseg", "iou.0"));
    near(returned("mmseg", "iou.1"), 1.0);
    assert!((hits / (hits + missed) - 1.0).abs() > 5e-5);
    // The same sum in the library's type.
    assert!((0..frames).fold(pixels as f32, |sum, _| sum + 1.0) < (pixels + frames) as f32);
}

/// Means over classes are divided by the number of classes once more: nothing is perfect.
#[test]
fn smp_divides_imagewise_means_twice() {
    let mut averages = Averages::<3>::new(ClassMetric::Iou, Empties::FORMULA, IGNORE);
    for sizes in [[4, 5, 6], [7, 8, 9]] {
        let ids: Vec<u8> = (0..3).flat_map(|class| vec![class; sizes[usize::from(class)]]).collect();
        let mut image = Confusion::new(IGNORE);
        image.push_row(&ids, &ids).unwrap();
        averages.push(&image);
    }
    near(averages.value(Averaging::PerImage).unwrap(), 1.0);
    near(returned("smp", "iou.weighted"), 1.0);
    for name in ["iou.weighted-imagewise", "iou.macro-imagewise"] {
        near(returned("smp", name), 1.0 / 3.0);
    }
}

/// `FBetaScore` with `reduction="mean"` is the score of the mean counts: a small image that is missed hides in a large one.
#[test]
fn monai_reduces_counts_before_f_beta() {
    let mut averages =
        Averages::<2>::new(ClassMetric::FBeta { beta: 2.0 }, Empties::FORMULA, IGNORE).from_class(1);
    let image = |labelled: usize, found: usize| {
        let of = |count: usize| (0..100).map(|pixel| u8::from(pixel < count)).collect::<Vec<_>>();
        let mut image = Confusion::new(IGNORE);
        image.push_row(&of(found), &of(labelled)).unwrap();
        image
    };
    averages.push(&image(1, 0));
    averages.push(&image(99, 99));
    near(averages.value(Averaging::PerImage).unwrap(), 0.5);
    near(averages.value(Averaging::Pooled).unwrap(), returned("monai", "f_beta"));
    assert!(returned("monai", "f_beta") > 0.99);
}

/// Net benefit of probabilities: the false positives are a factor, where they should be taken off.
#[test]
fn metrics_reloaded_multiplies_false_positives() {
    let mut counts = Confusion::<2>::new(IGNORE);
    counts.push_row(&[1, 1, 1, 0], &[1, 1, 0, 0]).unwrap();
    near(ClassMetric::NetBenefit { threshold: 0.5 }.of(counts.class(1)).unwrap(), 2.0 / 4.0 - 1.0 / 4.0);
    near(returned("metrics_reloaded", "net_benefit"), 2.0 / 4.0 * (1.0 / 4.0));
}

/// The covariance is a difference of products in `f32`.
#[test]
fn torchmetrics_correlation_has_no_digits_left() {
    let count = |name: &str| returned("torchmetrics", &format!("counts.{name}")) as usize;
    let mut counts = Confusion::<2>::new(IGNORE);
    for (name, prediction, label) in [("tn", 0, 0), ("fp", 1, 0), ("fn", 0, 1), ("tp", 1, 1)] {
        let pixels = count(name);
        counts.push_row(&vec![prediction; pixels], &vec![label; pixels]).unwrap();
    }
    let [tn, fp, missed, tp] = ["tn", "fp", "fn", "tp"].map(|name| count(name) as f64);
    let variances = (tp + fp) * (tp + missed) * (tn + fp) * (tn + missed);
    let expected = (tp * tn - fp * missed) / variances.sqrt();
    near(counts.mcc().unwrap() / expected, 1.0);
    assert!(returned("torchmetrics", "mcc") / expected > 1.15);
}

/// F-beta multiplies what was missed by what is false, and beta squared is a `u8`: 0 at 16.
#[test]
fn mikan_multiplies_misses_by_alarms() {
    let mut counts = Confusion::<2>::new(IGNORE);
    counts.push_row(&[0, 0, 0, 1, 1, 1, 1, 1], &[1, 1, 1, 1, 1, 1, 0, 0]).unwrap();
    let ours = |beta| ClassMetric::FBeta { beta }.of(counts.class(1)).unwrap();
    near(ours(2.0), 5.0 * 3.0 / (5.0 * 3.0 + 4.0 * 3.0 + 2.0));
    near(returned("mikan", "f_beta.0"), 5.0 * 3.0 / (5.0 * 3.0 + 4.0 * 3.0 * 2.0));
    near(ours(16.0), 257.0 * 3.0 / (257.0 * 3.0 + 256.0 * 3.0 + 2.0));
    near(returned("mikan", "f_beta.1"), 1.0);
}
