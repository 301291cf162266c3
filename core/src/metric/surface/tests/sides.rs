//! Pixels of any size: the ratio that is taken of their sides, and distances in `f64` from the sides themselves.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
extern crate std;

use super::*;

#[test]
fn spacings_are_ratios() {
    let squares = |row, column| Spacing::new(row, column).map(Spacing::squares);
    assert_eq!(squares(0.5, 0.25), Ok((4, 1)));
    assert_eq!(squares(0.9, 0.3), Ok((9, 1)));
    assert_eq!(squares(0.7, 1.3), Ok((49, 169)));
    assert_eq!(squares(0.05_f32.into(), 0.1_f32.into()), Ok((1, 4)));
    assert_eq!(squares(1023.0, 1.0), Ok((1023 * 1023, 1)));
    assert_eq!(squares(1.0, 1023.0), Ok((1, 1023 * 1023)));
    assert_eq!(squares(1.0, 1022.0 / 1023.0), Ok((1023 * 1023, 1022 * 1022)));
    assert_eq!(squares(1000.0, 0.5), Ok((4_000_000, 1)));
    assert_eq!(squares(0.001, 1000.0), Ok((1, 1_000_000_000_000)));
    for wrong in [(0.0, 1.0), (1.0, -1.0), (f64::NAN, 1.0), (1.0, f64::INFINITY), (1.0, 2e6), (2e6, 1.0)] {
        assert_eq!(squares(wrong.0, wrong.1), Err(Error::Parameter("spacing")), "{wrong:?}");
    }
    // Any sides: within 2 parts in 10^7, and of squares that a frame of 2048 pixels has room for in 64 bits.
    let mut random = Random(11);
    let mut side = || (random.below(1 << 40) as f64 / (1_u64 << 40) as f64 * 13.8 - 6.9).exp();
    for case in 0..100_000 {
        let (row, column) = (side(), side());
        let spacing = Spacing::new(row, column).unwrap();
        let (a, b) = spacing.squares();
        let off = (a as f64 / b as f64) / (row / column).powi(2) - 1.0;
        assert!(off.abs() < 2e-7 && a.max(b) <= 1 << 41, "{case} {row} {column}: {a} {b} {off}");
        let same = |found: f64, expected: f64| (found / expected - 1.0).abs() < 1e-12;
        assert!(same(spacing.row(), row) && same(spacing.column(), column));
        assert!((spacing.unit() * (b as f64).sqrt() / column - 1.0).abs() < 1e-12);
    }
}

/// Every distance in `f64` from the sides themselves, whatever they are; of frames for which squares are 64-bit numbers,
/// and of others.
#[test]
fn any_sides_agree_with_every_pair_of_pixels_in_f64() {
    let mut random = Random(77);
    let sides =
        [1e-3, 0.073_803_486_118_721_52, 0.1, 0.5, 1.0, 1.000_001, 1.881_463_479_042_723_6, 31.4, 1e3];
    let mut wide = 0;
    for (case, (height, width)) in [(40, 40), (1, 300), (300, 1), (60, 200), (200, 60), (9, 33)]
        .into_iter()
        .cycle()
        .take(240)
        .enumerate()
    {
        let mut side = || sides[random.below(9) as usize];
        // As uneven as it gets, in either direction, and any.
        let (row, column) = match case % 5 {
            0 => (1e-3, 1e3),
            1 => (1e3, 1e-3),
            _ => (side(), side()),
        };
        let spacing = Spacing::new(row, column).unwrap();
        let mut pair = Pair::random(&mut random, height, width, case % 4 == 1);
        if case % 3 == 0 {
            // Noise against a dot: the hull answers.
            pair = Pair::of_bits(height, width, [0, 1]);
            pair.ids[0] = (0..height * width).map(|_| (random.below(3) == 0).into()).collect();
        }
        let contour = Contour { edge: Edge::Inner4, frame_counts: case % 2 == 0 };
        let contours = [0, 1].map(|side| pair.contour(contour, side));
        if contours.iter().any(Vec::is_empty) {
            continue;
        }
        let directed = |from: &[(usize, usize, usize)], to: &[(usize, usize, usize)]| -> Vec<f64> {
            let distance = |(y, x, _): &(usize, usize, usize), (v, u, _): &(usize, usize, usize)| {
                (y.abs_diff(*v) as f64 * row).hypot(x.abs_diff(*u) as f64 * column)
            };
            let mut all: Vec<f64> = from
                .iter()
                .map(|a| to.iter().map(|b| distance(a, b)).fold(f64::INFINITY, f64::min))
                .collect();
            all.sort_by(f64::total_cmp);
            all
        };
        let [forth, back] = [directed(&contours[0], &contours[1]), directed(&contours[1], &contours[0])];
        let tolerance = forth[random.below(forth.len() as u64) as usize];
        let definition = Surface { contour, spacing, tolerance, ..Surface::SEGMETER };
        wide += u32::from(!definition.is_narrow(Shape::new(height as u32, width as u32).unwrap()));
        let report = measure(&pair, &definition, false);
        let near = |found: Score, expected: f64| {
            let found = found.value().unwrap();
            assert!(
                (found - expected).abs() <= 2e-7 * expected,
                "{row} {column}: {found}, expected {expected}"
            );
        };
        let mean = |all: &[f64]| all.iter().sum::<f64>() / all.len() as f64;
        let percentile = |all: &[f64]| {
            let place = 0.95 * (all.len() - 1) as f64;
            let low = all[place as usize];
            low + (all[(place as usize + 1).min(all.len() - 1)] - low) * place.fract()
        };
        near(report.hausdorff(), forth.last().unwrap().max(*back.last().unwrap()));
        near(report.masd(), 0.5 * (mean(&forth) + mean(&back)));
        near(report.assd(), mean(&[forth.as_slice(), &back].concat()));
        near(report.percentile().unwrap(), percentile(&forth).max(percentile(&back)));
        let share = |all: &[f64]| {
            all.iter().filter(|d| **d <= tolerance * (1.0 + 1e-6)).count() as f64 / all.len() as f64
        };
        near(report.matched(Direction::PredictionToLabel), share(&forth));
        near(report.matched(Direction::LabelToPrediction), share(&back));
        let of = Matching { contour, spacing, ..Matching::new(tolerance) };
        if of.scratch_len(width).is_ok() {
            assert_eq!(streams::matching(&pair, &of, false).nsd(), report.nsd_pooled());
        }
    }
    assert!(wide > 20, "{wide}");
}
