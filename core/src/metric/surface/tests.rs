//! Everything against its definition, written out: lists of contour pixels, and every pair of them measured.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]
#![allow(clippy::disallowed_methods, reason = "the reference is a computation of its own")]
extern crate std;
use std::vec;
use std::vec::Vec;

use super::*;
use crate::Error;
use crate::metric::{Empties, Empty, Score};
use crate::plane::contour::tests::{Pair, Random, contours};
use crate::plane::{Contour, Edge, Row};
use crate::view::Shape;

mod sides;
mod streams;

/// The squared distances of one contour to another with the length each stands for, sorted; and how many
/// elements each is.
struct Directed(Vec<(u64, f64, usize)>);

impl Directed {
    fn new(from: &[(usize, usize, usize)], to: &[(usize, usize, usize)], definition: &Surface) -> Self {
        let (a, b) = definition.spacing.squares();
        let square = |n: usize, by: u64| (n as u64).pow(2) * by;
        let (row, column) = (definition.spacing.row(), definition.spacing.column());
        let half = 0.5 * (row * row + column * column).sqrt();
        let lengths = [half, column, row, 2.0 * half];
        let distance = |(y, x, kind): &(usize, usize, usize)| {
            let squared =
                to.iter().map(|(v, u, _)| square(y.abs_diff(*v), a) + square(x.abs_diff(*u), b)).min();
            let corners = definition.contour.edge == Edge::Corners;
            (squared.unwrap(), if corners { lengths[*kind] } else { 1.0 }, 1 + usize::from(*kind == 3))
        };
        let mut list: Vec<_> = if to.is_empty() { vec![] } else { from.iter().map(distance).collect() };
        list.sort_by_key(|(squared, ..)| *squared);
        Self(list)
    }
    fn and(&self, other: &Self) -> Self {
        let mut list: Vec<_> = self.0.iter().chain(&other.0).copied().collect();
        list.sort_by_key(|(squared, ..)| *squared);
        Self(list)
    }
    fn contour(&self) -> f64 {
        self.0.iter().map(|(_, length, _)| length).sum()
    }
    fn within(&self, definition: &Surface) -> f64 {
        let near = |(squared, ..): &&(u64, f64, usize)| {
            definition.spacing.unit() * (*squared as f64).sqrt() <= definition.tolerance * (1.0 + 1e-6)
        };
        self.0.iter().filter(near).map(|(_, length, _)| length).sum()
    }
    fn total(&self, definition: &Surface) -> f64 {
        let unit = definition.spacing.unit();
        self.0.iter().map(|(squared, length, _)| unit * (*squared as f64).sqrt() * length).sum()
    }
    fn percentile(&self, percentile: Percentile, definition: &Surface) -> f64 {
        let all: Vec<f64> =
            self.0.iter().flat_map(|(squared, _, n)| vec![(*squared as f64).sqrt(); *n]).collect();
        let unit = definition.spacing.unit();
        if percentile.rank == Rank::Linear {
            let place = percentile.quantile * (all.len() - 1) as f64;
            let (low, part) = (place as usize, place.fract());
            let (a, b) = (unit * all[low], unit * all[(low + 1).min(all.len() - 1)]);
            return a + (b - a) * part;
        }
        let whole = self.contour();
        let mut sum = 0.0;
        for (squared, length, _) in &self.0 {
            sum += length;
            if sum / whole >= percentile.quantile - 1e-12 {
                return unit * (*squared as f64).sqrt();
            }
        }
        unit * all.last().unwrap()
    }
}

fn measure(pair: &Pair, definition: &Surface, packed: bool) -> SurfaceReport {
    let shape = Shape::new(pair.height as u32, pair.width as u32).unwrap();
    let mut scratch = vec![0xabab_abab; definition.scratch_len(shape)];
    let mut rows = definition.rows(shape, &mut scratch).unwrap();
    (0..pair.height).for_each(|y| pair.with_row(y, packed, |row| rows.push_row(row)).unwrap());
    rows.finish().unwrap()
}

#[track_caller]
fn close(found: Score, expected: f64) {
    let Score::Value(found) = found else { panic!("{found:?}, expected {expected}") };
    assert!((found - expected).abs() <= 1e-12 * expected.abs().max(1.0), "{found}, expected {expected}");
}

fn check(pair: &Pair, definition: &Surface, packed: bool) {
    let contours = [0, 1].map(|side| pair.contour(definition.contour, side));
    let report = measure(pair, definition, packed);
    let [forth, back] = [(0, 1), (1, 0)].map(|(a, b)| Directed::new(&contours[a], &contours[b], definition));
    let missing = match contours.each_ref().map(Vec::is_empty) {
        [false, false] => Missing::Neither,
        [true, false] => Missing::Prediction,
        [false, true] => Missing::Label,
        [true, true] => Missing::Both,
    };
    assert_eq!(report.missing(), missing);
    if missing != Missing::Neither {
        assert_eq!(report.hausdorff(), Score::Undefined);
        return;
    }
    let pooled = forth.and(&back);
    let largest = |list: &Directed| list.0.last().unwrap().0;
    let length = |squared: u64| definition.spacing.unit() * (squared as f64).sqrt();
    // Integers, and one root: equal, not close.
    assert_eq!(report.hausdorff(), Score::Value(length(largest(&pooled))), "{definition:?} {pair:?}");
    for (direction, list) in [(Direction::PredictionToLabel, &forth), (Direction::LabelToPrediction, &back)] {
        assert_eq!(report.directed_hausdorff(direction), Score::Value(length(largest(list))));
        close(report.directed_mean(direction), list.total(definition) / list.contour());
        close(report.matched(direction), list.within(definition) / list.contour());
    }
    let mean = |list: &Directed| list.total(definition) / list.contour();
    close(report.assd(), mean(&pooled));
    close(report.masd(), 0.5 * (mean(&forth) + mean(&back)));
    let share = |list: &Directed| list.within(definition) / list.contour();
    close(report.nsd_pooled(), share(&pooled));
    close(report.nsd_of_shares(), 0.5 * (share(&forth) + share(&back)));
    let percentile = definition.percentile.unwrap();
    let of = |list: &Directed| list.percentile(percentile, definition);
    let expected = match percentile.pooling {
        Pooling::Pooled => of(&pooled),
        Pooling::Directed => of(&forth).max(of(&back)),
    };
    close(report.percentile().unwrap(), expected);
}

/// The definitions, in turn, with parameters that vary.
fn definition(contour: Contour, case: u64, random: &mut Random) -> Surface {
    let quantiles = [0.95, 0.0, 1.0, 0.5, 0.99, random.below(1001) as f64 / 1000.0];
    let spacing = [Spacing::PIXELS, Spacing::new(0.5, 0.25).unwrap(), Spacing::new(1.3, 0.7).unwrap()];
    let percentile = Percentile {
        quantile: quantiles[random.below(6) as usize],
        rank: [Rank::Linear, Rank::FirstReached][(case % 2) as usize],
        pooling: [Pooling::Directed, Pooling::Pooled][(case / 2 % 2) as usize],
    };
    Surface {
        contour,
        spacing: spacing[(case % 3) as usize],
        percentile: Some(percentile),
        tolerance: [0.0, 1.0, 2.0_f64.sqrt(), 2.0, 0.5, 3.7, 1.3, 40.0][random.below(8) as usize],
        ..Surface::SEGMETER
    }
}

/// Every 4x4 mask against others, under every rule.
#[test]
fn small_frames_agree_with_every_pair_of_pixels() {
    let mut random = Random(0x1234_5678_9abc_def1);
    let partners: Vec<u64> = (0..20).map(|_| random.below(1 << 16)).chain([0, 0xffff, 1, 0x0660]).collect();
    let mut case = 0;
    for code in 0..1 << 16 {
        let partner = partners[code as usize % partners.len()];
        let pair = Pair::of_bits(4, 4, [code, partner]);
        for contour in contours() {
            case += 1;
            // Every code meets some of the contours: 65 536 masks, 3 rules each.
            if (case + code) % 8 < 3 {
                check(&pair, &definition(contour, case, &mut random), case % 2 == 0);
            }
        }
    }
}

#[test]
fn random_frames_agree_with_every_pair_of_pixels() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for case in 0..600 {
        let side = |random: &mut Random| 1 + random.below([9, 33, 64][case % 3]) as usize;
        let (height, width) = (side(&mut random), side(&mut random));
        let pair = Pair::random(&mut random, height, width, case % 4 == 1);
        for contour in contours() {
            let definition = definition(contour, random.below(12), &mut random);
            check(&pair, &definition, case % 2 == 0);
        }
    }
}

/// A dot against noise far away: the search gives up and the hull answers; the percentile goes several rounds.
#[test]
fn far_contours_agree_too() {
    let mut random = Random(5);
    for (height, width) in [(1, 900), (900, 1), (60, 200), (200, 60)] {
        for contour in contours() {
            let mut pair = Pair::of_bits(height, width, [0, 1]);
            let noise =
                |random: &mut Random| (0..height * width).map(|_| (random.below(3) == 0).into()).collect();
            pair.ids = [noise(&mut random), vec![0; height * width]];
            let dot = random.below((height * width) as u64) as usize;
            pair.ids[1][dot] = 1;
            check(&pair, &definition(contour, random.below(12), &mut random), false);
        }
    }
}

/// Squared distances at the ends of bins: of those that have one each, of those that share one, and of those that share
/// more than another round tells apart.
#[test]
fn distances_about_the_ends_of_bins() {
    const WIDTH: usize = 128;
    let ends = [(9, 13), (0, 16), (1, 16), (5, 16), (12, 12), (5, 22), (16, 16), (15, 17)];
    for (down, aside) in ends.into_iter().chain([(8, 90), (64, 64), (91, 3), (90, 90), (124, 124)]) {
        let mut pair = Pair::of_bits(WIDTH, WIDTH, [0, 0]);
        pair.ids = [vec![0; WIDTH * WIDTH], vec![0; WIDTH * WIDTH]];
        pair.ids[0][WIDTH + 1] = 1;
        pair.ids[1][WIDTH * (1 + down) + 1 + aside] = 1;
        check(&pair, &Surface::SEGMETER, false);
        // One of two distances is short.
        pair.ids[0][WIDTH * (1 + down) + 2] = 1;
        check(&pair, &Surface::SEGMETER, false);
        check(&pair, &Surface::SURFACE_DISTANCE, false);
        check(&pair, &Surface::MEDPY, true);
    }
}

/// Every distance equals the tolerance that is its decimal number, as it is and rounded to an `f32`; the next does not.
#[test]
fn a_distance_that_equals_the_tolerance_is_within() {
    for side in [1.0, 0.1, 0.2, 0.3, 0.7, 1.1, 1e-3, 1e3, 1.0 / 3.0] {
        let spacing = Spacing::new(side, side).unwrap();
        for steps in 1..2000_u32 {
            let tolerance: f64 = std::format!("{:.12e}", f64::from(steps) * side).parse().unwrap();
            for tolerance in [tolerance, f64::from(tolerance as f32), f64::from(steps) * side] {
                let within = spacing.within(tolerance).unwrap();
                let square = f64::from(steps).powi(2);
                assert!(square <= within && within < square + 1.0 + 4e-6 * square, "{side} {steps} {within}");
                assert!(within < f64::from(steps + 1).powi(2));
            }
        }
        // One part in 10^6 and no more.
        let long = |over: f64| 4e12 <= spacing.within(2e6 * side * over).unwrap();
        assert!(long(1.0 - 0.99e-6) && !long(1.0 - 1.01e-6));
    }
    assert_eq!(Spacing::PIXELS.within(f64::INFINITY), Some(f64::INFINITY));
    assert_eq!([-1.0, f64::NAN].map(|none| Spacing::PIXELS.within(none)), [None; 2]);
    // A dot 3 pixels of 0.1 from another, at a tolerance of 0.3, in every metric that has one.
    let pair = Pair::of_bits(1, 8, [0b0000_0010, 0b0001_0000]);
    let spacing = Spacing::new(0.1, 0.1).unwrap();
    for (tolerance, share) in [(0.3, 1.0), (0.299_999, 0.0)] {
        let report = measure(&pair, &Surface { spacing, tolerance, ..Surface::SEGMETER }, false);
        assert_eq!(report.nsd(), Score::Value(share), "{tolerance}");
        let of = Matching { spacing, ..Matching::new(tolerance) };
        assert_eq!(streams::matching(&pair, &of, false).f_score(), Score::Value(share), "{tolerance}");
    }
}

/// Every squared distance is in the span of its bin, and bins follow each other.
#[test]
fn bins_follow_each_other() {
    let mut last = 0;
    let long = (12..40)
        .flat_map(|bits| (0..16).flat_map(move |part| [0, 1].map(|less| ((16 + part) << (bits - 4)) - less)));
    for squared in (0..3000).chain(long) {
        let place = bins::place(squared);
        let (least, bits) = bins::span(place);
        assert!(least <= squared && squared - least < 1 << bits, "{squared}");
        assert!(bins::span(place + 1).0 == least + (1 << bits), "{squared}");
        assert!(squared >= 3000 || [last, last + 1].contains(&place));
        last = place;
    }
    assert_eq!(bins::place((1 << 40) - 1), 511);
    assert!(bins::place(1 << 40) > 511 && bins::place(u64::MAX) > 511);
}

#[test]
fn refuses() {
    let shape = Shape::new(5, 7).unwrap();
    let with = |change: fn(&mut Surface)| {
        let mut surface = Surface::SEGMETER;
        change(&mut surface);
        surface.check(shape)
    };
    assert_eq!(with(|_| ()), Ok(()));
    assert_eq!(with(|s| s.tolerance = -0.1), Err(Error::Parameter("tolerance")));
    assert_eq!(with(|s| s.tolerance = f64::NAN), Err(Error::Parameter("tolerance")));
    let quantile = |s: &mut Surface, q| s.percentile = Some(Percentile { quantile: q, ..Percentile::HD95 });
    assert!(with(|s| s.percentile = Some(Percentile { quantile: 1.1, ..Percentile::HD95 })).is_err());
    let mut surface = Surface::SEGMETER;
    quantile(&mut surface, f64::NAN);
    assert_eq!(surface.check(shape), Err(Error::Parameter("quantile")));
    let large = |height, width| Surface::SEGMETER.check(Shape::new(height, width).unwrap()).is_ok();
    assert!(large(65_535, 65_535) && !large(65_536, 1) && !large(1, 65_536));
    let need = Surface::SEGMETER.scratch_len(shape);
    let mut scratch = vec![0; need];
    let short = Surface::SEGMETER.rows(shape, &mut scratch[1..]).map(|_| ());
    assert_eq!(short, Err(Error::Scratch { need }));
    let row = Row::Ids { prediction: &[1; 7], label: &[0; 7], class: 1, ignore: 255 };
    let mut rows = Surface::SEGMETER.rows(shape, &mut scratch).unwrap();
    (0..4).for_each(|_| rows.push_row(&row).unwrap());
    assert_eq!(rows.finish().map(|_| ()), Err(Error::Length { expected: 5, found: 4 }));
    let mut rows = Surface::SEGMETER.rows(shape, &mut scratch).unwrap();
    (0..5).for_each(|_| rows.push_row(&row).unwrap());
    assert_eq!(rows.push_row(&row), Err(Error::Length { expected: 5, found: 6 }));
    assert!(Matching::new(-1.0).scratch_len(5).is_err() && Matching::new(5000.0).scratch_len(5).is_err());
    assert!(Matching::new(1.0).rows(0, &mut scratch).is_err());
    assert!(Matching::new(1.0).rows(9, &mut scratch[..3]).is_err());
    assert!(Trimap::new(f64::NAN).scratch_len(5).is_err() && Trimap::new(1.0).rows(0, &mut scratch).is_err());
    let corners = Contour { edge: Edge::Corners, frame_counts: true };
    assert!(matches!(Trimap { contour: corners, radius: 1.0 }.scratch_len(5), Err(Error::Unsupported(_))));
    let iou = |distance| BoundaryIou { distance, frame_counts: true };
    for wrong in [0, 16_384, u32::MAX] {
        assert_eq!(iou(wrong).rows(5, &mut scratch).map(|_| ()), Err(Error::Parameter("distance")));
    }
    assert!(iou(1).rows(0, &mut scratch).is_err() && iou(1).rows(5, &mut scratch[..3]).is_err());
}

/// What stands in for a value that there is not, case by case.
#[test]
fn policies_replace_what_is_missing() {
    let blank = Pair::of_bits(4, 3, [0, 0]);
    let policies = [
        (Empty::Undefined, Score::Undefined),
        (Empty::Skip, Score::Skipped),
        (Empty::Zero, Score::Value(0.0)),
        (Empty::One, Score::Value(1.0)),
        (Empty::Worst, Score::Value(5.0)),
        (Empty::Infinite, Score::Value(f64::INFINITY)),
    ];
    for (policy, expected) in policies {
        let [both, prediction, label] = [0, 1, 2].map(|place| {
            let mut empties = Empties::default();
            *[&mut empties.both, &mut empties.predictions, &mut empties.labels][place] = policy;
            Surface { hausdorff_empties: empties, ..Surface::SEGMETER }
        });
        let dot = |bits| Pair::of_bits(4, 3, bits);
        assert_eq!(measure(&blank, &both, false).hausdorff(), expected);
        assert_eq!(measure(&dot([0, 1]), &prediction, false).hausdorff(), expected);
        assert_eq!(measure(&dot([1, 0]), &label, false).hausdorff(), expected);
        if policy != Empty::Undefined {
            assert_eq!(measure(&dot([1, 0]), &both, false).hausdorff(), Score::Undefined);
        }
    }
    assert_eq!(measure(&blank, &Surface::SEGMETER, false).missing(), Missing::Both);
    assert_eq!(Score::Skipped.value(), None);
}
