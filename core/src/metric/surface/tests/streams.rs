//! The metrics that take rows: equal to the definition, and to the whole frame's.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
extern crate std;
use std::vec;

use super::definition as definition_of;
use super::*;
use crate::metric::surface::tally::Tally;
use crate::metric::{ClassReport, Ratio, Score};

pub(super) fn matching(pair: &Pair, matching: &Matching, packed: bool) -> MatchCounts {
    let mut scratch = vec![0x7777_7777; matching.scratch_len(pair.width).unwrap()];
    let mut rows = matching.rows(pair.width, &mut scratch).unwrap();
    (0..pair.height).for_each(|y| pair.with_row(y, packed, |row| rows.push_row(row)).unwrap());
    rows.finish()
}

fn check_matching(pair: &Pair, contour: Contour, random: &mut Random, packed: bool) {
    let definition = definition_of(contour, random.below(12), random);
    let of = Matching { contour, spacing: definition.spacing, ..Matching::new(definition.tolerance) };
    let counts = matching(pair, &of, packed);
    let contours = [0, 1].map(|side| pair.contour(contour, side));
    for (direction, a, b) in [(Direction::PredictionToLabel, 0, 1), (Direction::LabelToPrediction, 1, 0)] {
        let list = Directed::new(&contours[a], &contours[b], &definition).0;
        let near = |(squared, ..): &&(u64, f64, usize)| {
            definition.spacing.unit() * (*squared as f64).sqrt() <= definition.tolerance * (1.0 + 1e-6)
        };
        let elements: usize = contours[a].iter().map(|(_, _, kind)| 1 + usize::from(*kind == 3)).sum();
        let matched: usize = list.iter().filter(near).map(|(.., n)| n).sum();
        let expected = Ratio { numerator: matched as u64, denominator: elements as u64 };
        assert_eq!(counts.pixels(direction), expected, "{of:?} {pair:?}");
    }
    // Equal to the bits.
    let report = measure(pair, &definition, !packed);
    assert_eq!(counts.missing(), report.missing());
    assert_eq!(counts.nsd(), report.nsd_pooled());
    assert_eq!(counts.nsd_of_shares(), report.nsd_of_shares());
    assert_eq!(counts.matched(Direction::PredictionToLabel), report.matched(Direction::PredictionToLabel));
    if let (Score::Value(p), Score::Value(r)) =
        (report.matched(Direction::PredictionToLabel), report.matched(Direction::LabelToPrediction))
    {
        let f = if p + r > 0.0 { 2.0 * p * r / (p + r) } else { 0.0 };
        assert_eq!(counts.f_score(), Score::Value(f));
        assert_eq!(report.f_score(), Score::Value(f));
    }
}

/// Whether a pixel is in a mask and a known background pixel is at most `distance` rows and columns away.
fn boundary(pair: &Pair, iou: BoundaryIou, side: usize, pixel: usize) -> bool {
    let (y, x) = ((pixel / pair.width) as isize, (pixel % pair.width) as isize);
    let d = iou.distance as isize;
    let (height, width) = (pair.height as isize, pair.width as isize);
    let outside = y < d || x < d || y + d >= height || x + d >= width;
    let background = |v: isize, u: isize| {
        let other = (v * width + u) as usize;
        pair.valid[other] && pair.ids[side][other] == 0
    };
    let inside = |at: isize, size: isize| (at - d).max(0)..(at + d + 1).min(size);
    let near = || inside(y, height).any(|v| inside(x, width).any(|u| background(v, u)));
    pair.valid[pixel] && pair.ids[side][pixel] == 1 && (iou.frame_counts && outside || near())
}

fn check_boundary_iou(pair: &Pair, iou: BoundaryIou, packed: bool) -> BoundaryIouCounts {
    let mut scratch = vec![0x1234_5678; iou.scratch_len(pair.width)];
    let mut rows = iou.rows(pair.width, &mut scratch).unwrap();
    for y in 0..pair.height {
        pair.with_row(y, packed, |row| rows.push_row(row)).unwrap();
        // Put away between two rows.
        let progress = rows.progress();
        rows = iou.resume(pair.width, &mut scratch, progress).unwrap();
    }
    let (mut numerator, mut denominator) = (0, 0);
    for pixel in 0..pair.height * pair.width {
        let [p, g] = [0, 1].map(|side| boundary(pair, iou, side, pixel));
        numerator += u64::from(p && g);
        denominator += u64::from(p || g);
    }
    let counts = rows.finish();
    assert_eq!(counts.iou(), Ratio { numerator, denominator }, "{iou:?} {pair:?}");
    counts
}

fn check_trimap(pair: &Pair, trimap: Trimap, packed: bool) {
    let mut scratch = vec![0x1234_5678; trimap.scratch_len(pair.width).unwrap()];
    let mut rows = trimap.rows(pair.width, &mut scratch).unwrap();
    (0..pair.height).for_each(|y| pair.with_row(y, packed, |row| rows.push_row(row)).unwrap());
    let contour = pair.contour(trimap.contour, 1);
    let mut expected = ClassReport::default();
    for pixel in (0..pair.height * pair.width).filter(|pixel| pair.valid[*pixel]) {
        let (y, x) = (pixel / pair.width, pixel % pair.width);
        let near = |(v, u, _): &(usize, usize, usize)| {
            ((y.abs_diff(*v).pow(2) + x.abs_diff(*u).pow(2)) as f64).sqrt() <= trimap.radius * (1.0 + 1e-6)
        };
        if contour.iter().any(near) {
            match [0, 1].map(|side| pair.ids[side][pixel]) {
                [1, 1] => expected.true_positive += 1,
                [1, _] => expected.false_positive += 1,
                [_, 1] => expected.false_negative += 1,
                _ => expected.true_negative += 1,
            }
        }
    }
    let counts = rows.finish();
    assert_eq!(counts.report(), expected, "{trimap:?} {pair:?}");
    let right = expected.true_positive + expected.true_negative;
    let all = right + expected.false_positive + expected.false_negative;
    assert_eq!(counts.accuracy(), Ratio { numerator: right, denominator: all });
}

#[test]
fn small_frames_agree_with_the_definition_and_the_whole_frame() {
    let mut random = Random(0xfeed_beef_1234_5678);
    for code in 0..1_u64 << 16 {
        let pair = Pair::of_bits(4, 4, [code, random.below(1 << 16)]);
        let contour = contours().nth(code as usize % 8).unwrap();
        check_matching(&pair, contour, &mut random, code % 3 == 0);
        let iou = BoundaryIou { distance: 1 + (code % 3) as u32, frame_counts: code % 5 < 2 };
        check_boundary_iou(&pair, iou, code % 3 == 0);
        if contour.edge != Edge::Corners {
            check_trimap(
                &pair,
                Trimap { contour, radius: [0.0, 1.0, 1.5][code as usize % 3] },
                code % 3 == 0,
            );
        }
    }
}

#[test]
fn random_frames_agree_with_the_definition_and_the_whole_frame() {
    let mut random = Random(0x0bad_cafe_1234_5678);
    for case in 0..300 {
        let side = |random: &mut Random| 1 + random.below([9, 33, 64][case % 3]) as usize;
        let (height, width) = (side(&mut random), side(&mut random));
        let pair = Pair::random(&mut random, height, width, case % 4 == 1);
        for contour in contours() {
            check_matching(&pair, contour, &mut random, case % 2 == 0);
            if contour.edge != Edge::Corners {
                let radius = [0.0, 1.0, 2.3, 5.0, 11.0][random.below(5) as usize];
                check_trimap(&pair, Trimap { contour, radius }, case % 2 == 0);
            }
        }
        for frame_counts in [false, true] {
            let distance = 1 + random.below([4, 12, 90][case % 3]) as u32;
            check_boundary_iou(&pair, BoundaryIou { distance, frame_counts }, case % 2 == 0);
        }
    }
}

/// Frames, tiles and devices add up in any order; what does not fit is said.
#[test]
fn counts_merge_and_saturate() {
    let mut random = Random(3);
    let pairs: Vec<Pair> = (0..3).map(|_| Pair::random(&mut random, 20, 31, true)).collect();
    let iou = BoundaryIou { distance: 2, frame_counts: false };
    let [a, b, c] = [0, 1, 2].map(|n: usize| check_boundary_iou(&pairs[n], iou, false));
    let (mut left, mut right) = (a, c);
    left.merge(&b).unwrap();
    left.merge(&c).unwrap();
    right.merge(&a).unwrap();
    right.merge(&b).unwrap();
    assert_eq!(left, right);
    assert_eq!(left.iou().denominator, a.iou().denominator + b.iou().denominator + c.iou().denominator);
    assert!(!left.saturated());
    let other = BoundaryIou { distance: 3, ..iou };
    let other = check_boundary_iou(&pairs[0], other, false);
    assert_eq!(left.merge(&other), Err(Error::Parameter("definition")));
    let mut many = Tally { counts: [u64::MAX - 1, 4], saturated: false };
    many.add([1, 1]);
    assert!(!many.saturated && many.counts == [u64::MAX, 5]);
    many.add([1, 1]);
    assert!(many.saturated && many.counts == [u64::MAX, 6]);
    let mut clean = Tally::default();
    clean.merge(&many);
    assert!(clean.saturated);
    let of = Matching::new(1.0);
    let mut sum = matching(&pairs[0], &of, true);
    sum.merge(&matching(&pairs[1], &of, true)).unwrap();
    let all = |counts: &MatchCounts| counts.pixels(Direction::LabelToPrediction).denominator;
    assert_eq!(all(&sum), all(&matching(&pairs[0], &of, false)) + all(&matching(&pairs[1], &of, false)));
    assert!(sum.merge(&matching(&pairs[1], &Matching::new(2.0), true)).is_err());
}

/// A ratio of a diagonal that is a whole number and a half: to the even one, as Python rounds.
#[test]
fn a_distance_of_a_half_goes_to_the_even() {
    let distance =
        |ratio, height, width| BoundaryIou::of_diagonal(ratio, Shape::new(height, width).unwrap()).distance;
    // Diagonals of 125, 175, 225, 275 and 25: 2.5, 3.5, 4.5, 5.5 and 0.5, which is raised to 1.
    let sizes = [(75, 100), (105, 140), (135, 180), (165, 220), (15, 20)];
    assert_eq!(sizes.map(|(h, w)| distance(BoundaryIou::COCO, h, w)), [2, 4, 4, 6, 1]);
    let sizes = [(180, 240), (300, 400), (420, 560)];
    assert_eq!(sizes.map(|(h, w)| distance(BoundaryIou::CITYSCAPES, h, w)), [2, 2, 4]);
}

/// The tables of the documentation.
#[test]
fn state_is_as_large_as_documented() {
    let bytes = |shape: [u32; 2], iou: f64| {
        let shape = Shape::new(shape[1], shape[0]).unwrap();
        let iou = BoundaryIou::of_diagonal(iou, shape);
        (iou.distance, 4 * iou.scratch_len(shape.width()))
    };
    let sizes = [[320, 240], [512, 256], [1024, 512]];
    let ious = |ratio| sizes.map(|size| bytes(size, ratio));
    assert_eq!(ious(BoundaryIou::COCO), [(8, 1240), (11, 2368), (23, 8064)]);
    assert_eq!(ious(BoundaryIou::CITYSCAPES), [(2, 600), (3, 1088), (6, 3200)]);
    let widths = [320, 512, 1024];
    let matching = |r: f64| widths.map(|width| 4 * Matching::new(r).scratch_len(width).unwrap());
    assert_eq!([2.0, 5.0, 10.0].map(matching), [[772, 1228, 2444], [1264, 2008, 3992], [2084, 3308, 6572]]);
    let trimap = |r: f64| widths.map(|width| 4 * Trimap::new(r).scratch_len(width).unwrap());
    assert_eq!([2.0, 5.0, 10.0].map(trimap), [[760, 1216, 2432], [1360, 2176, 4352], [2360, 3776, 7552]]);
}
