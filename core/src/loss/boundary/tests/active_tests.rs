//! The active boundary loss against the published steps, written over whole maps in `f64`.

extern crate std;
use std::vec;
use std::vec::Vec;

use super::super::ActiveBoundary;
use super::Case;
use crate::loss::spatial::SpatialLoss;

const STEPS: [(isize, isize); 8] = [(1, 0), (-1, 0), (0, -1), (0, 1), (-1, 1), (1, 1), (-1, -1), (1, -1)];

impl Case {
    fn shifted(&self, pixel: usize, (down, right): (isize, isize)) -> Option<usize> {
        let (row, column) = ((pixel / self.width) as isize + down, (pixel % self.width) as isize + right);
        let inside = (0..self.height as isize).contains(&row) && (0..self.width as isize).contains(&column);
        inside.then(|| row as usize * self.width + column as usize)
    }

    fn clamped(&self, pixel: usize, (down, right): (isize, isize)) -> usize {
        let row = ((pixel / self.width) as isize + down).clamp(0, self.height as isize - 1);
        let column = ((pixel % self.width) as isize + right).clamp(0, self.width as isize - 1);
        row as usize * self.width + column as usize
    }

    fn valid(&self, pixel: usize) -> bool {
        self.w[pixel] > 0.0
    }

    /// Over the right and the lower neighbour.
    fn forward(&self, pixel: usize) -> impl Iterator<Item = usize> {
        let near = [(0, 1), (1, 0)].into_iter().filter_map(move |step| self.shifted(pixel, step));
        near.filter(move |near| self.valid(pixel) && self.valid(*near))
    }

    /// `fixed` holds everything that is constant in the gradient.
    fn active(&self, fixed: &Self, share: f64, smoothing: f64, reach: f64) -> Option<f64> {
        let n = self.p.len();
        let kl = |a: f64, b: f64| a * (a / b).ln() + (1.0 - a) * ((1.0 - a) / (1.0 - b)).ln();
        let change: Vec<f64> =
            (0..n).map(|i| fixed.forward(i).map(|near| kl(fixed.p[i], fixed.p[near])).sum()).collect();
        let allowed = share * (0..n).filter(|i| fixed.valid(*i)).count() as f64;
        let mut bound = 1e-5;
        while change.iter().filter(|change| **change > bound).count() as f64 > allowed {
            bound *= 1.2;
        }
        let contour = |i: usize| fixed.forward(i).any(|near| (fixed.g[near] > 0.5) != (fixed.g[i] > 0.5));
        let depth: Option<Vec<f64>> =
            (0..n).map(|i| fixed.nearest(i, contour).map(|d| (d - 1.0).max(0.0))).collect();
        let depth = depth?;
        let (mut sum, mut weight) = (0.0, 0.0);
        for i in (0..n).filter(|i| fixed.valid(*i)) {
            let mut block = (-1..2).flat_map(|down| (-1..2).map(move |right| (down, right)));
            if !block.any(|step| fixed.shifted(i, step).is_some_and(|near| change[near] > bound)) {
                continue;
            }
            let away = |step| match fixed.shifted(i, step) {
                Some(near) if fixed.valid(near) => depth[near],
                _ => f64::INFINITY,
            };
            let least = STEPS.map(away).into_iter().fold(f64::INFINITY, f64::min);
            if least > depth[i] {
                continue;
            }
            let target = STEPS.into_iter().position(|step| away(step) == least).unwrap();
            let divergence = STEPS.map(|step| {
                let near = fixed.clamped(i, step);
                if fixed.valid(near) { kl(fixed.p[near], self.p[i]) } else { kl(fixed.p[i], self.p[i]) }
            });
            let total: f64 = divergence.iter().map(|d| d.exp()).sum();
            for (place, d) in divergence.into_iter().enumerate() {
                let share = if place == target { 1.0 - smoothing } else { smoothing / 8.0 };
                sum -= fixed.w[i] * depth[i].min(reach) / reach * share * (d - total.ln());
            }
            weight += fixed.w[i];
        }
        (weight > 0.0).then(|| sum / weight)
    }
}

#[test]
fn agrees_with_the_reference() {
    let mut defined = 0;
    for seed in 0..150 {
        let mut case = Case::random(seed);
        // A contour far from most pixels, so that distances matter.
        for (pixel, g) in case.g.iter_mut().enumerate() {
            *g = f64::from(u8::from(pixel % case.width < 2 && pixel > 3));
        }
        let (share, smoothing, reach) =
            [(0.01, 0.2, 20.0), (0.1, 0.0, 3.0), (0.5, 0.5, 1.5)][seed as usize % 3];
        let loss = ActiveBoundary::new(share, smoothing, reach).unwrap();
        let reference =
            |varied: &Case| varied.active(&case, f64::from(share), f64::from(smoothing), f64::from(reach));
        if reference(&case).is_none_or(|value| value == 0.0) {
            assert!(case.evaluate(&loss).0.is_none_or(|value| value == 0.0));
            continue;
        }
        defined += 1;
        case.check(case.evaluate(&loss), |varied| reference(varied).unwrap());
    }
    assert!(defined > 60, "{defined}");
}

/// Computed in double precision with the published steps.
#[test]
fn golden_number() {
    let mut case = Case::fixture();
    case.g = (0..48).map(|pixel| f64::from(u8::from(pixel % 8 < 2))).collect();
    let value = case.evaluate(&ActiveBoundary::new(0.1, 0.2, 20.0).unwrap()).0.unwrap();
    assert!((value - GOLDEN).abs() < 1e-6, "{value}");
}

const GOLDEN: f64 = 0.152_853_435_884_109_38;

#[test]
fn undefined_without_a_boundary() {
    let published = ActiveBoundary::PUBLISHED;
    let mut case = Case { height: 4, width: 5, p: vec![0.3; 20], g: vec![1.0; 20], w: vec![1.0; 20] };
    assert_eq!(case.evaluate(&published).0, None);
    case.g[7] = 0.0;
    assert_eq!(case.evaluate(&published).0, None);
    case.p = (0..20).map(|pixel| f64::from(pixel % 2)).collect();
    let (value, slope) = case.evaluate(&ActiveBoundary::new(1.0, 0.2, 20.0).unwrap());
    assert!(value.unwrap().is_finite() && slope.iter().all(|slope| slope.is_finite()));
    let need = published.plane_scratch_len(crate::view::Shape::new(4, 5).unwrap());
    assert_eq!(need, 20 + 10 + 1);
    for (share, smoothing, reach) in
        [(-0.1, 0.0, 1.0), (0.1, 1.5, 1.0), (0.1, 0.2, 0.0), (f32::NAN, 0.2, 1.0)]
    {
        assert!(ActiveBoundary::new(share, smoothing, reach).is_err());
    }
}
