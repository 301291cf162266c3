//! The losses in `f64`, written plainly.

use segmeter_core::loss::{
    ActiveContour, BoundaryF1, ClDice, ClassPlane, Elastica, HausdorffConvolution, HausdorffErosion,
    SpatialLoss,
};
use segmeter_core::view::Shape;

use crate::tape::{Tape, Var, higher, lower};

/// A frame as the losses get it.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub name: String,
    pub height: usize,
    pub width: usize,
    pub folded: Vec<f32>,
    pub targets: Vec<f32>,
    pub weights: Vec<f32>,
}

impl Case {
    pub(crate) fn shape(&self) -> Shape {
        Shape::new(self.height as u32, self.width as u32).unwrap()
    }
    pub(crate) fn plane(&self) -> ClassPlane<'_> {
        ClassPlane::checked(self.shape(), &self.folded, &self.targets, &self.weights).unwrap()
    }
    pub(crate) fn probabilities(&self) -> Vec<f64> {
        let p = |f: &f32| if f.is_sign_negative() { 1.0 + f64::from(*f) } else { f64::from(*f) };
        self.folded.iter().map(p).collect()
    }
    pub(crate) fn scored(&self, pixel: usize) -> bool {
        self.weights[pixel] > 0.0
    }
    pub(crate) fn w(&self, pixel: usize) -> f64 {
        f64::from(self.weights[pixel])
    }
    pub(crate) fn g(&self, pixel: usize) -> f64 {
        f64::from(self.targets[pixel])
    }
    pub(crate) fn total(&self) -> f64 {
        self.weights.iter().map(|w| f64::from(*w)).sum()
    }
    pub(crate) fn pixels(&self) -> impl Iterator<Item = (isize, isize, usize)> + use<> {
        let (h, w) = (self.height, self.width);
        (0..h * w).map(move |i| ((i / w) as isize, (i % w) as isize, i))
    }
    pub(crate) fn place(&self, y: isize, x: isize) -> Option<usize> {
        let inside = (0..self.height as isize).contains(&y) && (0..self.width as isize).contains(&x);
        inside.then(|| y as usize * self.width + x as usize)
    }
    /// Pixels of the window that exist, in row order.
    pub(crate) fn window(&self, y: isize, x: isize, radius: isize) -> Vec<usize> {
        let side = -radius..=radius;
        side.clone().flat_map(|dy| side.clone().filter_map(move |dx| self.place(y + dy, x + dx))).collect()
    }
    pub(crate) fn cross(&self, y: isize, x: isize) -> Vec<usize> {
        [(-1, 0), (0, -1), (0, 0), (0, 1), (1, 0)]
            .into_iter()
            .filter_map(|(dy, dx)| self.place(y + dy, x + dx))
            .collect()
    }
}

/// A loss, its parameters in `f64`, written plainly.
pub(crate) enum Oracle {
    Contour { length: f64, region: f64, length_smooth: f64, mean: bool },
    Elastica { length: f64, curvature: f64, region: f64, length_smooth: f64 },
    BoundaryF1 { edge_window: isize, tolerance_window: isize, smooth: f64 },
    Erosion { exponent: f64, erosions: usize },
    Convolution { exponent: f64, radii: Vec<isize> },
    ClDice { iterations: usize, smooth: f64 },
}

impl Oracle {
    pub(crate) fn evaluate(&self, case: &Case, p: &[f64]) -> (f64, Vec<f64>) {
        let tape = Tape::default();
        let vars: Vec<Var> = p.iter().map(|p| tape.constant(*p)).collect();
        let value = match *self {
            Self::Contour { length, region, length_smooth, mean } => {
                let (dx, dy) = differences(&tape, case, &vars);
                let mut terms = region_terms(&tape, case, &vars, region);
                for i in (0..p.len()).filter(|i| case.scored(*i)) {
                    let square = tape.sum(&[(tape.mul(dx[i], dx[i]), 1.0), (tape.mul(dy[i], dy[i]), 1.0)]);
                    terms.push((tape.root(tape.affine(square, 1.0, length_smooth)), length * case.w(i)));
                }
                let sum = tape.sum(&terms);
                if mean { tape.affine(sum, 1.0 / case.total(), 0.0) } else { sum }
            }
            Self::Elastica { length, curvature, region, length_smooth } => {
                let (dx, dy) = differences(&tape, case, &vars);
                let mut terms = region_terms(&tape, case, &vars, region);
                let (mut m, mut nx, mut ny) = (vec![], vec![], vec![]);
                for i in 0..p.len() {
                    let square = tape.sum(&[(tape.mul(dx[i], dx[i]), 1.0), (tape.mul(dy[i], dy[i]), 1.0)]);
                    m.push(tape.root(tape.affine(square, 1.0, length_smooth)));
                    nx.push(tape.div(dx[i], m[i]));
                    ny.push(tape.div(dy[i], m[i]));
                }
                for (y, x, i) in case.pixels().filter(|(.., i)| case.scored(*i)) {
                    let mut parts = vec![(nx[i], 1.0), (ny[i], 1.0)];
                    parts.extend(case.place(y, x - 1).map(|j| (nx[j], -1.0)));
                    parts.extend(case.place(y - 1, x).map(|j| (ny[j], -1.0)));
                    let k = tape.sum(&parts);
                    let bend = tape.affine(tape.mul(k, k), curvature, length);
                    terms.push((tape.mul(bend, m[i]), case.w(i)));
                }
                tape.sum(&terms)
            }
            Self::BoundaryF1 { edge_window, tolerance_window, smooth } => {
                let labels: Vec<Var> = (0..p.len()).map(|i| tape.constant(case.g(i))).collect();
                let window = |x: &[Var], y, column, side: isize, better| {
                    let places = case.window(y, column, side / 2);
                    let among: Vec<Var> =
                        places.into_iter().filter(|j| case.scored(*j)).map(|j| x[j]).collect();
                    if among.is_empty() { tape.constant(0.0) } else { tape.best(&among, better) }
                };
                let edge = |x: &[Var]| -> Vec<Var> {
                    case.pixels()
                        .map(|(y, c, i)| tape.sub(x[i], window(x, y, c, edge_window, lower)))
                        .collect()
                };
                let wide = |b: &[Var]| -> Vec<Var> {
                    case.pixels().map(|(y, x, _)| window(b, y, x, tolerance_window, higher)).collect()
                };
                let (b, h) = (edge(&vars), edge(&labels));
                let (wide_b, wide_h) = (wide(&b), wide(&h));
                harmonic(&tape, case, [&b, &wide_h], [&h, &wide_b], smooth)
            }
            Self::Erosion { exponent, erosions } => {
                let zero = tape.constant(0.0);
                let mut bound: Vec<Var> = (0..p.len())
                    .map(|i| {
                        let e = tape.affine(vars[i], 1.0, -case.g(i));
                        if case.scored(i) { tape.mul(e, e) } else { zero }
                    })
                    .collect();
                let mut terms = vec![];
                for k in 0..erosions {
                    let mut next = vec![zero; p.len()];
                    for (y, x, i) in case.pixels().filter(|(.., i)| case.scored(*i)) {
                        let parts: Vec<_> = case.cross(y, x).into_iter().map(|j| (bound[j], 0.2)).collect();
                        next[i] = tape.relu(tape.affine(tape.sum(&parts), 1.0, -0.5));
                    }
                    let inside: Vec<Var> =
                        (0..p.len()).filter(|i| case.scored(*i)).map(|i| next[i]).collect();
                    let (least, most) = (tape.best(&inside, lower), tape.best(&inside, higher));
                    if tape.at(most) > tape.at(least) {
                        let range = tape.sub(most, least);
                        for i in (0..p.len()).filter(|i| case.scored(*i)) {
                            next[i] = tape.div(tape.sub(next[i], least), range);
                        }
                    }
                    let factor = ((k + 1) as f64).powf(exponent) / case.total();
                    terms.extend((0..p.len()).map(|i| (next[i], factor * case.w(i))));
                    bound = next;
                }
                tape.sum(&terms)
            }
            Self::Convolution { exponent, ref radii } => {
                let mut terms = vec![];
                for (y, x, i) in case.pixels().filter(|(.., i)| case.scored(*i)) {
                    let (mut positive, mut negative) = (0.0, 0.0);
                    for r in radii {
                        let mut disc = 0.0;
                        let mut counts = [0.0; 4];
                        for dy in -r..=*r {
                            for dx in (-r..=*r).filter(|dx| dx * dx + dy * dy <= r * r) {
                                disc += 1.0;
                                let place = case.place(y + dy, x + dx).filter(|j| case.scored(*j));
                                if let Some(j) = place {
                                    counts[if p[j] > 0.5 { 0 } else { 1 }] += 1.0;
                                    counts[if case.g(j) >= 0.5 { 2 } else { 3 }] += 1.0;
                                }
                            }
                        }
                        let [p, not_p, g, not_g] = counts.map(|n: f64| (n / disc - 0.5).max(0.0));
                        positive += (*r as f64).powf(exponent) * (not_g + p);
                        negative += (*r as f64).powf(exponent) * (g + not_p);
                    }
                    let e = tape.affine(vars[i], 1.0, -case.g(i));
                    let side = tape.affine(vars[i], positive, case.g(i) * negative);
                    terms.push((tape.mul(tape.mul(e, e), side), case.w(i) / case.total()));
                }
                tape.sum(&terms)
            }
            Self::ClDice { iterations, smooth } => {
                let zero = tape.constant(0.0);
                let skeleton = |x: Vec<Var>| -> Vec<Var> {
                    let mut x: Vec<Var> =
                        (0..p.len()).map(|i| if case.scored(i) { x[i] } else { zero }).collect();
                    // Pixels that are not scored are outside every window.
                    let pick = |x: &[Var], places: Vec<usize>, better| {
                        let there: Vec<Var> =
                            places.into_iter().filter(|j| case.scored(*j)).map(|j| x[j]).collect();
                        if there.is_empty() { zero } else { tape.best(&there, better) }
                    };
                    let mut skeleton = vec![];
                    for k in 0..=iterations {
                        let eroded: Vec<Var> =
                            case.pixels().map(|(y, c, _)| pick(&x, case.cross(y, c), lower)).collect();
                        let rest: Vec<Var> = case
                            .pixels()
                            .map(|(y, c, i)| {
                                let open = pick(&eroded, case.window(y, c, 1), higher);
                                tape.relu(tape.sub(x[i], open))
                            })
                            .collect();
                        if k == 0 {
                            skeleton = rest;
                        } else {
                            for (s, d) in skeleton.iter_mut().zip(rest) {
                                let more = tape.relu(tape.sub(d, tape.mul(*s, d)));
                                *s = tape.sum(&[(*s, 1.0), (more, 1.0)]);
                            }
                        }
                        x = eroded;
                    }
                    skeleton
                };
                let labels: Vec<Var> = (0..p.len()).map(|i| tape.constant(case.g(i))).collect();
                let (of_p, of_g) = (skeleton(vars.clone()), skeleton(labels.clone()));
                harmonic(&tape, case, [&of_p, &labels], [&of_g, &vars], smooth)
            }
        };
        let mut slopes = tape.slopes(value, &vars);
        for (i, slope) in slopes.iter_mut().enumerate() {
            if !case.scored(i) {
                *slope = 0.0;
            }
        }
        (tape.at(value), slopes)
    }

    pub(crate) fn loss(&self) -> Box<dyn SpatialLoss> {
        match *self {
            Self::Contour { length, region, length_smooth, mean } => Box::new(
                ActiveContour::new(length as f32, region as f32, length_smooth as f32, mean).unwrap(),
            ),
            Self::Elastica { length, curvature, region, length_smooth } => Box::new(
                Elastica::new(length as f32, curvature as f32, region as f32, length_smooth as f32).unwrap(),
            ),
            Self::BoundaryF1 { edge_window, tolerance_window, smooth } => {
                Box::new(BoundaryF1::new(edge_window as u32, tolerance_window as u32, smooth as f32).unwrap())
            }
            Self::Erosion { exponent, erosions } => {
                Box::new(HausdorffErosion::new(exponent as f32, erosions as u32).unwrap())
            }
            Self::Convolution { exponent, ref radii } => Box::new(
                HausdorffConvolution::new(exponent as f32, radii[0] as u32, radii.len() as u32).unwrap(),
            ),
            Self::ClDice { iterations, smooth } => {
                Box::new(ClDice::new(iterations as u32, smooth as f32).unwrap())
            }
        }
    }

    pub(crate) fn all() -> Vec<(&'static str, Self)> {
        let tiny = f64::from(1e-8_f32);
        vec![
            ("contour", Self::Contour { length: 1.0, region: 1.0, length_smooth: tiny, mean: false }),
            ("contour mean", Self::Contour { length: 0.5, region: 2.0, length_smooth: 0.25, mean: true }),
            (
                "elastica",
                Self::Elastica {
                    length: f64::from(0.001_f32),
                    curvature: 2.0,
                    region: 1.0,
                    length_smooth: tiny,
                },
            ),
            (
                "elastica .25",
                Self::Elastica { length: 1.0, curvature: 0.5, region: 0.0, length_smooth: 0.25 },
            ),
            (
                "boundary F1",
                Self::BoundaryF1 { edge_window: 3, tolerance_window: 5, smooth: f64::from(1e-7_f32) },
            ),
            ("boundary F1 5 3", Self::BoundaryF1 { edge_window: 5, tolerance_window: 3, smooth: 1.0 }),
            ("boundary F1 3 1", Self::BoundaryF1 { edge_window: 3, tolerance_window: 1, smooth: 0.5 }),
            ("erosion", Self::Erosion { exponent: 2.0, erosions: 10 }),
            ("erosion 3", Self::Erosion { exponent: 0.5, erosions: 3 }),
            ("convolution", Self::Convolution { exponent: 2.0, radii: vec![3, 6, 9, 12, 15, 18] }),
            ("convolution 1 2", Self::Convolution { exponent: 1.5, radii: vec![1, 2] }),
            ("clDice", Self::ClDice { iterations: 3, smooth: 1.0 }),
            ("clDice 10", Self::ClDice { iterations: 10, smooth: 1.0 }),
            ("clDice 0", Self::ClDice { iterations: 0, smooth: 0.25 }),
        ]
    }
}

/// Differences to the right and below, constant 0 where one end does not exist or is not scored.
pub(crate) fn differences(tape: &Tape, case: &Case, p: &[Var]) -> (Vec<Var>, Vec<Var>) {
    let to = |dy: isize, dx: isize| {
        case.pixels()
            .map(|(y, x, i)| match case.place(y + dy, x + dx) {
                Some(j) if case.scored(i) && case.scored(j) => tape.sub(p[j], p[i]),
                _ => tape.constant(0.0),
            })
            .collect()
    };
    (to(0, 1), to(1, 0))
}

pub(crate) fn region_terms(tape: &Tape, case: &Case, p: &[Var], weight: f64) -> Vec<(Var, f64)> {
    let cost = |i: usize| {
        let g = case.g(i);
        tape.affine(p[i], (1.0 - g) * (1.0 - g) - g * g, g * g)
    };
    (0..p.len()).filter(|i| case.scored(*i)).map(|i| (cost(i), weight * case.w(i))).collect()
}

/// `1 - 2 P R / (P + R)`, written without cancellation.
pub(crate) fn harmonic(
    tape: &Tape,
    case: &Case,
    precision: [&[Var]; 2],
    recall: [&[Var]; 2],
    smooth: f64,
) -> Var {
    let share = |[amount, of]: [&[Var]; 2]| {
        let part = |of: &dyn Fn(usize) -> Var, smooth| {
            let scored = (0..amount.len()).filter(|i| case.scored(*i));
            let terms: Vec<_> = scored.map(|i| (tape.mul(amount[i], of(i)), case.w(i))).collect();
            tape.affine(tape.sum(&terms), 1.0, smooth)
        };
        let hit = part(&|i| of[i], smooth);
        let miss = part(&|i| tape.affine(of[i], -1.0, 1.0), 0.0);
        let all = tape.sum(&[(hit, 1.0), (miss, 1.0)]);
        [tape.div(hit, all), tape.div(miss, all)]
    };
    let ([p, not_p], [r, not_r]) = (share(precision), share(recall));
    let above = tape.sum(&[(tape.mul(not_p, r), 1.0), (tape.mul(not_r, p), 1.0)]);
    tape.div(above, tape.sum(&[(p, 1.0), (r, 1.0)]))
}
