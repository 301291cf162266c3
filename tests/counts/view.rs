//! A matrix that is kept elsewhere.

use segmeter_core::Error;
use segmeter_core::metric::{ConfusionCells, ConfusionView, Disagreement, Volume};
use segmeter_tests::Random;

/// More classes than a byte has values, two of them in no mean, against the definitions over pixels.
#[test]
fn a_view_of_many_classes() {
    const C: usize = 300;
    let mut random = Random(92);
    // Half of the labels are right; the others are anything, C among it, which is no class.
    let mut id = |most: usize| (random.uniform() * most as f32) as usize % most;
    let pixels: Vec<(usize, usize)> =
        (0..5000).map(|_| (id(C), id(C + 1))).map(|(g, p)| (g, if g % 2 == 0 { g } else { p })).collect();
    let (mut counts, mut foreign) = (vec![0; C * C], vec![0; C]);
    for (label, prediction) in &pixels {
        let count = if *prediction < C { &mut counts[label * C + prediction] } else { &mut foreign[*label] };
        *count += 1;
    }
    assert!(foreign.iter().any(|count| *count != 0), "too easy");
    let view = ConfusionView::new(&counts, &foreign, &[7, 8]).unwrap();
    let share = |of: &dyn Fn(usize, usize) -> bool, among: &dyn Fn(usize, usize) -> bool| {
        let count = |by: &dyn Fn(usize, usize) -> bool| pixels.iter().filter(|(g, p)| by(*g, *p)).count();
        (count(among) != 0).then(|| count(of) as f64 / count(among) as f64)
    };
    let mean = |of: &dyn Fn(usize) -> Option<f64>| {
        let values: Vec<f64> = (0..C).filter(|c| ![7, 8].contains(c)).filter_map(of).collect();
        values.iter().sum::<f64>() / values.len() as f64
    };
    let iou = |c: usize| share(&|g, p| g == c && p == c, &|g, p| g == c || p == c);
    let near = |found: Option<f64>, expected: f64| {
        assert!((found.unwrap() - expected).abs() < 1e-12, "{found:?}, expected {expected}");
    };
    near(view.mean_iou(), mean(&iou));
    near(view.mean_accuracy(), mean(&|c| share(&|g, p| g == c && p == c, &|g, _| g == c)));
    near(view.pixel_accuracy().value(), share(&|g, p| g == p, &|_, _| true).unwrap());
    let weighted = (0..C).filter_map(|c| Some(share(&|g, _| g == c, &|_, _| true)? * iou(c)?)).sum();
    near(view.frequency_weighted_iou(), weighted);
    near(view.class(299).iou().value(), iou(299).unwrap());
    assert_eq!(view.each().nth(299), Some(view.class(299)));
    assert_eq!((view.classes(), view.pixels()), (C, 5000));
    // Of labels and predictions of these classes, those that agree.
    let dice = |of: &dyn Fn(usize) -> bool| {
        let ids = || pixels.iter().flat_map(|(g, p)| [(*g, g == p), (*p, g == p)]).filter(|(id, _)| of(*id));
        ids().filter(|(_, is_right)| *is_right).count() as f64 / ids().count() as f64
    };
    near(view.generalised_dice(Volume::Linear, 0), dice(&|c| c < C && ![7, 8].contains(&c)));
    near(view.generalised_dice(Volume::Linear, 8), dice(&|c| (9..C).contains(&c)));
    // Of all pairs of a label and a prediction; what is no class is as far away as can be.
    let kappa = |power: i32| {
        let apart = |g: usize, p: usize| if p < C { g.abs_diff(p) } else { C - 1 };
        let weight = |g: usize, p: usize| (apart(g, p) as f64).powi(power);
        let observed: f64 = pixels.iter().map(|(g, p)| weight(*g, *p)).sum();
        let chance: f64 =
            pixels.iter().map(|(g, _)| pixels.iter().map(|(_, p)| weight(*g, *p)).sum::<f64>()).sum();
        1.0 - pixels.len() as f64 * observed / chance
    };
    near(view.weighted_kappa(Disagreement::Linear), kappa(1));
    near(view.weighted_kappa(Disagreement::Quadratic), kappa(2));
    let category = [vec![0; 150], vec![1; 150]].concat();
    let of = |id: usize| id / 150;
    near(
        view.category_iou(&category, 1).value(),
        share(&|g, p| of(g) == 1 && of(p) == 1, &|g, p| of(g) == 1 || of(p) == 1).unwrap(),
    );
}

#[test]
fn a_view_is_square() {
    for (counts, classes) in [(8, 3), (10, 3), (0, 1), (1, 0)] {
        let (counts, foreign) = (vec![0; counts], vec![0; classes]);
        let expected = Error::Length { expected: classes * classes, found: counts.len() };
        assert_eq!(ConfusionView::new(&counts, &foreign, &[]).unwrap_err(), expected);
        let (mut counts, mut foreign) = (counts, foreign);
        assert_eq!(ConfusionCells::new(&mut counts, &mut foreign, 255).unwrap_err(), expected);
    }
    let none = ConfusionView::new(&[], &[], &[]).unwrap();
    assert_eq!((none.pixels(), none.mean_iou(), none.kappa(), none.mcc()), (0, None, None, None));
}

/// Rows of any length, with runs, predictions that are no class and an ignore id that is one: pixel by pixel.
#[test]
fn cells_of_any_number_of_classes() {
    let mut random = Random(93);
    for (classes, ignore) in [(2, 255), (5, 3), (19, 255), (255, 7)] {
        let mut id = |most: usize| (random.uniform() * most as f32) as usize % most;
        let (mut counts, mut foreign) = (vec![0; classes * classes], vec![0; classes]);
        let (mut expected, mut others, mut unscored) = (counts.clone(), foreign.clone(), 0);
        let mut cells = ConfusionCells::new(&mut counts, &mut foreign, ignore).unwrap();
        for length in 0..70 {
            let (mut predictions, mut labels) = (vec![0_u8; length], vec![0_u8; length]);
            let mut last = [0; 2];
            for (prediction, label) in predictions.iter_mut().zip(&mut labels) {
                if id(3) == 0 {
                    last = [id(classes + 1) as u8, id(classes) as u8];
                    last[1] = if id(9) == 0 { ignore } else { last[1] };
                }
                [*prediction, *label] = last;
                let [p, g] = last.map(usize::from);
                let count = match p < classes {
                    _ if last[1] == ignore => &mut unscored,
                    true => &mut expected[g * classes + p],
                    false => &mut others[g],
                };
                *count += 1;
            }
            cells.push_row(&predictions, &labels).unwrap();
        }
        assert_eq!((cells.ignored(), cells.saturated()), (unscored, false), "{classes}");
        let short = cells.push_row(&[0], &[0, 0]).unwrap_err();
        assert_eq!(short, Error::Length { expected: 2, found: 1 });
        if classes < 255 {
            let found = cells.push_row(&[0; 3], &[ignore, ignore, classes as u8]).unwrap_err();
            assert_eq!(found, Error::ClassId { found: classes as u8, pixel: 2 });
        }
        assert!(unscored > 50 && others.iter().sum::<u64>() > 2, "too easy");
        assert_eq!((counts, foreign), (expected, others), "{classes}");
    }
    let mut full = [u64::MAX - 1, 0, 0, 0];
    let mut foreign = [0; 2];
    let mut cells = ConfusionCells::new(&mut full, &mut foreign, 255).unwrap();
    cells.push_row(&[0], &[0]).unwrap();
    assert!(!cells.saturated());
    cells.push_row(&[0], &[0]).unwrap();
    assert!(cells.saturated() && full[0] == u64::MAX);
}
