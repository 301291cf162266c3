//! Against an independent reference in `f64` with brute-force distances, central differences, and golden
//! numbers.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::float_cmp, reason = "a test may panic")]
#![allow(clippy::disallowed_methods, reason = "the reference is a computation of its own")]

mod active_tests;
mod map_tests;

extern crate std;
use std::vec;
use std::vec::Vec;

use super::maps::{self, Convention};
use super::*;
use crate::loss::Loss;
use crate::loss::spatial::{ClassPlane, SpatialLoss};
use crate::view::{Activation, Frame, Shape, Weights};

/// A plane in `f64`: what the reference works on, and what the losses are given rounded.
#[derive(Clone)]
struct Case {
    height: usize,
    width: usize,
    p: Vec<f64>,
    g: Vec<f64>,
    w: Vec<f64>,
}

impl Case {
    fn random(seed: u64) -> Self {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f64 / f64::from(1 << 24)
        };
        let (height, width) = (1 + (next() * 12.0) as usize, 1 + (next() * 12.0) as usize);
        let n = height * width;
        // Far enough from 1/2 for a finite difference, and exact as `f32`.
        let p = (0..n)
            .map(|_| next())
            .map(|x| f64::from((if x < 0.5 { 0.02 + 0.9 * x } else { 0.07 + 0.9 * x }) as f32));
        let p: Vec<f64> = p.collect();
        let soft = seed.is_multiple_of(3);
        // Some of them are exactly 1/2, which is no side of its own.
        let share = |x: f64| if (0.45..0.55).contains(&x) { 0.5 } else { f64::from(x as f32) };
        let g = (0..n).map(|_| next()).map(|x| if soft { share(x) } else { f64::from(u8::from(x < 0.5)) });
        let g: Vec<f64> = g.collect();
        let w = (0..n).map(|_| next()).map(|x| if x < 0.2 { 0.0 } else { f64::from(x as f32) });
        Self { height, width, p, g, w: w.collect() }
    }

    /// The frame of six rows and eight columns that golden numbers are given for.
    fn fixture() -> Self {
        let at = |pixel: usize| ((pixel / 8) as f64, (pixel % 8) as f64);
        let logit = |(y, x): (f64, f64)| 4.0 * (0.9 * x + 0.35 * y).sin() - 1.5 * (0.6 * y - 0.2 * x).cos();
        let inside = |(y, x): (f64, f64)| (x - 3.2) * (x - 3.2) + (y - 2.7) * (y - 2.7) <= 4.5;
        let p = (0..48).map(|pixel| 1.0 / (1.0 + (-logit(at(pixel))).exp())).collect();
        let g = (0..48).map(|pixel| f64::from(u8::from(inside(at(pixel))))).collect();
        Self { height: 6, width: 8, p, g, w: vec![1.0; 48] }
    }

    fn with_frame<T>(&self, then: impl FnOnce(Frame<'_>) -> T) -> T {
        let shape = Shape::new(self.height as u32, self.width as u32).unwrap();
        let round = |values: &[f64]| values.iter().map(|x| *x as f32).collect::<Vec<_>>();
        let (p, g, w) = (round(&self.p), round(&self.g), round(&self.w));
        let frame = Frame::soft(shape, &p, &g).unwrap().with_activation(Activation::Probabilities);
        then(frame.with_weights(Weights::new(shape, &w).unwrap()).unwrap())
    }

    fn evaluate(&self, loss: &impl SpatialLoss) -> (Option<f64>, Vec<f32>) {
        let folded: Vec<f32> =
            self.p.iter().map(|p| if *p <= 0.5 { *p as f32 } else { -((1.0 - p) as f32) }).collect();
        self.with_frame(|frame| {
            let plane = ClassPlane::new(&frame, 1, &folded);
            let mut scratch = vec![u32::MAX; loss.plane_scratch_len(frame.shape())];
            let mut slope = vec![f32::NAN; folded.len()];
            let value = loss.evaluate(&plane, &mut scratch, Some(&mut slope));
            assert_eq!(value.map(f64::to_bits), loss.evaluate(&plane, &mut scratch, None).map(f64::to_bits));
            (value, slope)
        })
    }

    /// Value and gradient of a loss on probabilities.
    fn evaluate_frame(&self, loss: &impl Loss) -> (Option<f64>, Vec<f32>) {
        self.with_frame(|frame| {
            let mut scratch = vec![u32::MAX; loss.scratch_len(frame.shape())];
            let mut gradient = vec![f32::NAN; self.p.len()];
            let found = loss.value_and_gradient(&frame, &mut scratch, &mut gradient).unwrap();
            (Some(f64::from(found.value)).filter(|_| !found.undefined), gradient)
        })
    }

    fn distance(&self, a: usize, b: usize) -> f64 {
        let (y, x) = ((a / self.width).abs_diff(b / self.width), (a % self.width).abs_diff(b % self.width));
        ((y * y + x * x) as f64).sqrt()
    }

    fn nearest(&self, from: usize, set: impl Fn(usize) -> bool) -> Option<f64> {
        let near = (0..self.p.len()).filter(|pixel| set(*pixel)).map(|pixel| self.distance(from, pixel));
        near.reduce(f64::min)
    }

    /// The distance to the other side of a mask.
    fn across(&self, pixel: usize, mask: &[f64]) -> f64 {
        let side = |pixel: usize| mask[pixel] > 0.5;
        self.nearest(pixel, |other| self.w[other] > 0.0 && side(other) != side(pixel)).unwrap_or(0.0)
    }

    fn hausdorff(&self, exponent: f64, sides: Sides) -> f64 {
        let term = |pixel: usize| {
            let (d_g, d_p) = (self.across(pixel, &self.g), self.across(pixel, &self.p));
            let d_g = if sides == Sides::Prediction { 0.0 } else { d_g.powf(exponent) };
            let d_p = if sides == Sides::Label { 0.0 } else { d_p.powf(exponent) };
            self.w[pixel] * (self.p[pixel] - self.g[pixel]).powi(2) * (d_p + d_g)
        };
        (0..self.p.len()).map(term).sum::<f64>() / self.w.iter().sum::<f64>()
    }

    fn contour(&self, mask: &[f64]) -> Vec<usize> {
        let valid = |pixel: &usize| self.w[*pixel] > 0.0;
        let outside = |pixel: usize| {
            (0..mask.len())
                .filter(valid)
                .any(|other| self.distance(pixel, other) == 1.0 && mask[other] <= 0.5)
        };
        (0..mask.len()).filter(valid).filter(|pixel| mask[*pixel] > 0.5 && outside(*pixel)).collect()
    }

    fn shape_aware(&self) -> f64 {
        let (predicted, labelled) = (self.contour(&self.p), self.contour(&self.g));
        let distances =
            predicted.iter().filter_map(|pixel| self.nearest(*pixel, |other| labelled.contains(&other)));
        let distances: Vec<f64> = distances.collect();
        let expansion = distances.iter().sum::<f64>() / distances.len().max(1) as f64;
        let cross_entropy = |pixel: usize| {
            let (p, g) = (self.p[pixel], self.g[pixel]);
            -self.w[pixel] * (g * p.ln() + (1.0 - g) * (1.0 - p).ln())
        };
        let sum: f64 = (0..self.p.len()).map(cross_entropy).sum();
        sum * (1.0 + expansion) / self.w.iter().sum::<f64>()
    }

    /// Value and derivative of a loss against the reference and its central differences.
    fn check(&self, (value, slope): (Option<f64>, Vec<f32>), reference: impl Fn(&Self) -> f64) {
        if self.w.iter().all(|w| *w == 0.0) {
            assert_eq!(value, None);
            return;
        }
        let (value, expected) = (value.unwrap(), reference(self));
        assert!((value - expected).abs() <= 1e-6 * expected.abs(), "{value} {expected}");
        let differences: Vec<f64> = (0..self.p.len())
            .map(|pixel| {
                let [mut up, mut down] = [self.clone(), self.clone()];
                up.p[pixel] += 1e-6;
                down.p[pixel] -= 1e-6;
                (reference(&up) - reference(&down)) / 2e-6
            })
            .collect();
        let largest = differences.iter().fold(1e-9_f64, |largest, d| largest.max(d.abs()));
        for (slope, difference) in slope.iter().zip(&differences) {
            assert!((f64::from(*slope) - difference).abs() <= 1e-5 * largest, "{slope} {difference}");
        }
    }
}

#[test]
fn hausdorff_agrees_with_the_reference() {
    for seed in 0..120 {
        let case = Case::random(seed);
        for sides in [Sides::Both, Sides::Label, Sides::Prediction] {
            let exponent = [2.0, 1.0, 0.5, 3.0][seed as usize % 4];
            let loss = HausdorffDistance::new(exponent, sides).unwrap();
            let reference = |case: &Case| case.hausdorff(f64::from(exponent), sides);
            case.check(case.evaluate(&loss), reference);
            case.check(case.evaluate_frame(&loss), reference);
        }
    }
}

#[test]
fn shape_aware_agrees_with_the_reference() {
    for seed in 0..120 {
        let case = Case::random(seed);
        case.check(case.evaluate_frame(&ShapeAware), Case::shape_aware);
    }
}

/// Numbers computed with scipy in double precision.
#[test]
fn golden_numbers() {
    let case = Case::fixture();
    let near = |value: f64, golden: f64| assert!((value - golden).abs() < 1e-6 * golden, "{value} {golden}");
    let both = HausdorffDistance::new(2.0, Sides::Both).unwrap();
    near(case.evaluate(&both).0.unwrap(), 2.8736566028);
    let shape = Shape::new(6, 8).unwrap();
    let mut scratch = vec![0; maps::distance_scratch_len(shape)];
    for (convention, golden) in
        [(Convention::Kervadec, 0.699_411_592_564), (Convention::Plain, 0.626_676_776_870)]
    {
        let mut map = vec![0.0; 48];
        maps::signed_distance(shape, |pixel| case.g[pixel] as u8, 1, convention, &mut scratch, &mut map)
            .unwrap();
        near(map.iter().zip(&case.p).map(|(phi, p)| f64::from(*phi) * p).sum::<f64>() / 48.0, golden);
    }
}

/// Masks without a second side, frames without weight, saturated probabilities: finite, and 0 where they
/// should be.
#[test]
fn degenerate_planes() {
    let both = HausdorffDistance::new(2.0, Sides::Both).unwrap();
    for (p, g) in [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)] {
        let mut case = Case { height: 3, width: 4, p: vec![p; 12], g: vec![g; 12], w: vec![1.0; 12] };
        assert_eq!(case.evaluate(&both), (Some(0.0), vec![0.0; 12]));
        let (value, slope) = case.evaluate_frame(&ShapeAware);
        assert!(value.unwrap().is_finite() && slope.iter().all(|slope| slope.is_finite()));
        case.w.fill(0.0);
        assert_eq!(case.evaluate(&both).0, None);
        assert_eq!(case.evaluate_frame(&ShapeAware).0, None);
    }
    let active = ActiveBoundary::new(0.2, 0.2, 20.0).unwrap();
    let mut case = Case::fixture();
    case.p[17] = f64::NAN;
    assert!(case.evaluate(&both).0.unwrap().is_nan());
    assert!(case.evaluate(&active).0.unwrap().is_nan());
    case.w[17] = 0.0;
    assert!(case.evaluate(&both).0.unwrap().is_finite());
    assert!(case.evaluate(&active).0.unwrap().is_finite());
    for wrong in [0.0, -1.0, 4.5, f32::NAN, f32::INFINITY] {
        assert!(HausdorffDistance::new(wrong, Sides::Both).is_err());
    }
}
