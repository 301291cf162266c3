//! An ignored id that is also a class.

use segmeter_core::metric::{Averages, Averaging, ClassMetric, Confusion, Empties, Preset, Volume};
use segmeter_core::view::IGNORE;

/// None of its pixels is scored, and it is in no mean.
#[test]
fn an_ignored_class_is_in_no_mean() {
    let (labels, predictions) = ([0, 0, 1, 1, 1, 2, 2, 2, 2, 1], [0, 1, 1, 0, 1, 2, 2, 1, 0, 1]);
    let mut confusion = Confusion::<3>::new(0);
    confusion.push_row(&predictions, &labels).unwrap();
    let (one, two) = (3.0 / 5.0, 2.0 / 4.0);
    assert_eq!(confusion.mean_iou(), Some(f64::midpoint(one, two)));
    assert_eq!(confusion.mean_accuracy(), Some(f64::midpoint(3.0 / 4.0, 2.0 / 4.0)));
    assert_eq!(confusion.frequency_weighted_iou(), Some(f64::midpoint(one, two)));
    // TP 3 and 2, of 4 + 4 and 4 + 2 pixels; no weight of a class that is labelled nowhere.
    assert_eq!(confusion.generalised_dice(Volume::Linear, 0), Some(10.0 / 14.0));
    let averages = |preset: Preset| {
        let mut averages = preset.averages::<3>(ClassMetric::Iou, 0);
        averages.push(&confusion);
        [Averaging::Pooled, Averaging::PerImage, Averaging::PerClass, Averaging::PerPair]
            .map(|averaging| averages.value(averaging).unwrap())
    };
    for (name, preset) in Preset::ALL {
        let expected = if name == "mmseg" { (one + two) / 3.0 } else { f64::midpoint(one, two) };
        for found in averages(preset) {
            assert!((found - expected).abs() < 1e-15, "{name}: {found}, expected {expected}");
        }
    }
    let kept = Preset::ALL.into_iter().filter(|(_, preset)| preset.keeps_ignored_class());
    assert_eq!(kept.map(|(name, _)| name).collect::<Vec<_>>(), ["mmseg"]);
    let mut with =
        Averages::<3>::new(ClassMetric::Iou, Empties::FORMULA, 0).with_ignored_class().from_class(1);
    with.push(&confusion);
    assert_eq!(with.value(Averaging::PerClass), Some(f64::midpoint(one, two)));
    // With an ignored id that is none, all count.
    let mut all = Confusion::<3>::new(IGNORE);
    all.push_row(&predictions, &labels).unwrap();
    assert_eq!(all.mean_iou(), Some((1.0 / 4.0 + 3.0 / 6.0 + two) / 3.0));
}
