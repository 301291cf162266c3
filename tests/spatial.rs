//! The losses of a neighbourhood against plain `f64` programs: every operation on a tape that is walked back for
//! the derivative, every minimum and maximum a choice of its first place in row order.
use segmeter_core::loss::{
    ActiveContour, BoundaryF1, ClDice, ClassPlane, Elastica, HausdorffConvolution, HausdorffErosion,
    SpatialLoss,
};
use segmeter_core::view::Shape;
use std::cell::RefCell;

/// Values, and what each was made of.
#[derive(Default)]
struct Tape {
    values: RefCell<Vec<f64>>,
    parents: RefCell<Vec<Vec<(usize, f64)>>>,
}

type Var = usize;

impl Tape {
    fn push(&self, value: f64, parents: Vec<(Var, f64)>) -> Var {
        self.values.borrow_mut().push(value);
        self.parents.borrow_mut().push(parents);
        self.values.borrow().len() - 1
    }
    fn at(&self, a: Var) -> f64 {
        self.values.borrow()[a]
    }
    fn constant(&self, value: f64) -> Var {
        self.push(value, vec![])
    }
    fn sum(&self, terms: &[(Var, f64)]) -> Var {
        self.push(terms.iter().map(|(a, k)| self.at(*a) * k).sum(), terms.to_vec())
    }
    fn sub(&self, a: Var, b: Var) -> Var {
        self.sum(&[(a, 1.0), (b, -1.0)])
    }
    fn mul(&self, a: Var, b: Var) -> Var {
        let (x, y) = (self.at(a), self.at(b));
        self.push(x * y, vec![(a, y), (b, x)])
    }
    fn div(&self, a: Var, b: Var) -> Var {
        let (x, y) = (self.at(a), self.at(b));
        self.push(x / y, vec![(a, 1.0 / y), (b, -x / (y * y))])
    }
    fn affine(&self, a: Var, scale: f64, offset: f64) -> Var {
        self.push(self.at(a) * scale + offset, vec![(a, scale)])
    }
    fn root(&self, a: Var) -> Var {
        let x = self.at(a).sqrt();
        self.push(x, vec![(a, 0.5 / x)])
    }
    fn relu(&self, a: Var) -> Var {
        if self.at(a) > 0.0 { a } else { self.constant(0.0) }
    }
    fn best(&self, among: &[Var], better: fn(f64, f64) -> bool) -> Var {
        *among.iter().reduce(|a, b| if better(self.at(*b), self.at(*a)) { b } else { a }).unwrap()
    }
    fn slopes(&self, of: Var, wanted: &[Var]) -> Vec<f64> {
        let mut slopes = vec![0.0; of + 1];
        slopes[of] = 1.0;
        for node in (0..=of).rev() {
            for (parent, partial) in &self.parents.borrow()[node] {
                slopes[*parent] += slopes[node] * partial;
            }
        }
        wanted.iter().map(|v| slopes[*v]).collect()
    }
}

fn lower(a: f64, b: f64) -> bool {
    a < b
}
fn higher(a: f64, b: f64) -> bool {
    a > b
}

/// A frame as the losses get it.
#[derive(Clone, Debug)]
struct Case {
    name: String,
    height: usize,
    width: usize,
    folded: Vec<f32>,
    targets: Vec<f32>,
    weights: Vec<f32>,
}

impl Case {
    fn shape(&self) -> Shape {
        Shape::new(self.height as u32, self.width as u32).unwrap()
    }
    fn plane(&self) -> ClassPlane<'_> {
        ClassPlane::checked(self.shape(), &self.folded, &self.targets, &self.weights).unwrap()
    }
    fn probabilities(&self) -> Vec<f64> {
        let p = |f: &f32| if f.is_sign_negative() { 1.0 + f64::from(*f) } else { f64::from(*f) };
        self.folded.iter().map(p).collect()
    }
    fn scored(&self, pixel: usize) -> bool {
        self.weights[pixel] > 0.0
    }
    fn w(&self, pixel: usize) -> f64 {
        f64::from(self.weights[pixel])
    }
    fn g(&self, pixel: usize) -> f64 {
        f64::from(self.targets[pixel])
    }
    fn total(&self) -> f64 {
        self.weights.iter().map(|w| f64::from(*w)).sum()
    }
    fn pixels(&self) -> impl Iterator<Item = (isize, isize, usize)> + use<> {
        let (h, w) = (self.height, self.width);
        (0..h * w).map(move |i| ((i / w) as isize, (i % w) as isize, i))
    }
    fn place(&self, y: isize, x: isize) -> Option<usize> {
        let inside = (0..self.height as isize).contains(&y) && (0..self.width as isize).contains(&x);
        inside.then(|| y as usize * self.width + x as usize)
    }
    /// Pixels of the window that exist, in row order.
    fn window(&self, y: isize, x: isize, radius: isize) -> Vec<usize> {
        let side = -radius..=radius;
        side.clone().flat_map(|dy| side.clone().filter_map(move |dx| self.place(y + dy, x + dx))).collect()
    }
    fn cross(&self, y: isize, x: isize) -> Vec<usize> {
        [(-1, 0), (0, -1), (0, 0), (0, 1), (1, 0)]
            .into_iter()
            .filter_map(|(dy, dx)| self.place(y + dy, x + dx))
            .collect()
    }
}

/// A loss, its parameters in `f64`, written plainly.
enum Oracle {
    Contour { length: f64, region: f64, epsilon: f64, mean: bool },
    Elastica { length: f64, curvature: f64, region: f64, epsilon: f64 },
    BoundaryF1 { theta0: isize, theta: isize, smooth: f64 },
    Erosion { exponent: f64, erosions: usize },
    Convolution { exponent: f64, radii: Vec<isize> },
    ClDice { iterations: usize, smooth: f64 },
}

impl Oracle {
    fn evaluate(&self, case: &Case, p: &[f64]) -> (f64, Vec<f64>) {
        let tape = Tape::default();
        let vars: Vec<Var> = p.iter().map(|p| tape.constant(*p)).collect();
        let value = match *self {
            Self::Contour { length, region, epsilon, mean } => {
                let (dx, dy) = differences(&tape, case, &vars);
                let mut terms = region_terms(&tape, case, &vars, region);
                for i in (0..p.len()).filter(|i| case.scored(*i)) {
                    let square = tape.sum(&[(tape.mul(dx[i], dx[i]), 1.0), (tape.mul(dy[i], dy[i]), 1.0)]);
                    terms.push((tape.root(tape.affine(square, 1.0, epsilon)), length * case.w(i)));
                }
                let sum = tape.sum(&terms);
                if mean { tape.affine(sum, 1.0 / case.total(), 0.0) } else { sum }
            }
            Self::Elastica { length, curvature, region, epsilon } => {
                let (dx, dy) = differences(&tape, case, &vars);
                let mut terms = region_terms(&tape, case, &vars, region);
                let (mut m, mut nx, mut ny) = (vec![], vec![], vec![]);
                for i in 0..p.len() {
                    let square = tape.sum(&[(tape.mul(dx[i], dx[i]), 1.0), (tape.mul(dy[i], dy[i]), 1.0)]);
                    m.push(tape.root(tape.affine(square, 1.0, epsilon)));
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
            Self::BoundaryF1 { theta0, theta, smooth } => {
                let labels: Vec<Var> = (0..p.len()).map(|i| tape.constant(case.g(i))).collect();
                let window = |x: &[Var], y, column, side: isize, better| {
                    let places = case.window(y, column, side / 2);
                    let among: Vec<Var> =
                        places.into_iter().filter(|j| case.scored(*j)).map(|j| x[j]).collect();
                    if among.is_empty() { tape.constant(0.0) } else { tape.best(&among, better) }
                };
                let edge = |x: &[Var]| -> Vec<Var> {
                    case.pixels().map(|(y, c, i)| tape.sub(x[i], window(x, y, c, theta0, lower))).collect()
                };
                let wide = |b: &[Var]| -> Vec<Var> {
                    case.pixels().map(|(y, x, _)| window(b, y, x, theta, higher)).collect()
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
                                    counts[if p[j] >= 0.5 { 0 } else { 1 }] += 1.0;
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

    fn loss(&self) -> Box<dyn SpatialLoss> {
        match *self {
            Self::Contour { length, region, epsilon, mean } => {
                Box::new(ActiveContour::new(length as f32, region as f32, epsilon as f32, mean).unwrap())
            }
            Self::Elastica { length, curvature, region, epsilon } => Box::new(
                Elastica::new(length as f32, curvature as f32, region as f32, epsilon as f32).unwrap(),
            ),
            Self::BoundaryF1 { theta0, theta, smooth } => {
                Box::new(BoundaryF1::new(theta0 as u32, theta as u32, smooth as f32).unwrap())
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

    fn all() -> Vec<(&'static str, Self)> {
        let tiny = f64::from(1e-8_f32);
        vec![
            ("contour", Self::Contour { length: 1.0, region: 1.0, epsilon: tiny, mean: false }),
            ("contour mean", Self::Contour { length: 0.5, region: 2.0, epsilon: 0.25, mean: true }),
            (
                "elastica",
                Self::Elastica { length: f64::from(0.001_f32), curvature: 2.0, region: 1.0, epsilon: tiny },
            ),
            ("elastica .25", Self::Elastica { length: 1.0, curvature: 0.5, region: 0.0, epsilon: 0.25 }),
            ("boundary F1", Self::BoundaryF1 { theta0: 3, theta: 5, smooth: f64::from(1e-7_f32) }),
            ("boundary F1 5 3", Self::BoundaryF1 { theta0: 5, theta: 3, smooth: 1.0 }),
            ("boundary F1 3 1", Self::BoundaryF1 { theta0: 3, theta: 1, smooth: 0.5 }),
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
fn differences(tape: &Tape, case: &Case, p: &[Var]) -> (Vec<Var>, Vec<Var>) {
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

fn region_terms(tape: &Tape, case: &Case, p: &[Var], weight: f64) -> Vec<(Var, f64)> {
    let cost = |i: usize| {
        let g = case.g(i);
        tape.affine(p[i], (1.0 - g) * (1.0 - g) - g * g, g * g)
    };
    (0..p.len()).filter(|i| case.scored(*i)).map(|i| (cost(i), weight * case.w(i))).collect()
}

/// `1 - 2 P R / (P + R)`, written without cancellation.
fn harmonic(tape: &Tape, case: &Case, precision: [&[Var]; 2], recall: [&[Var]; 2], smooth: f64) -> Var {
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

struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
    fn within(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.next()
    }
}

fn fold_logit(z: f64) -> f32 {
    let small = (1.0 / (1.0 + z.abs().exp())) as f32;
    if z > 0.0 { -small } else { small }
}

/// The frame of the golden numbers: 6 rows of 8.
fn fixture() -> Case {
    let mut case = Case {
        name: "fixture".into(),
        height: 6,
        width: 8,
        folded: vec![],
        targets: vec![],
        weights: vec![1.0; 48],
    };
    for y in 0..6 {
        for x in 0..8 {
            let (y, x) = (f64::from(y), f64::from(x));
            let z = 4.0 * (0.9 * x + 0.35 * y).sin() - 1.5 * (0.6 * y - 0.2 * x).cos();
            case.folded.push(fold_logit(z));
            case.targets.push(f32::from((x - 3.2).powi(2) + (y - 2.7).powi(2) <= 4.5));
        }
    }
    case
}

fn cases() -> Vec<Case> {
    let mut random = Random(88_172_645_463_325_252);
    let mut cases = vec![fixture()];
    let shapes = [(1, 1), (1, 2), (2, 1), (1, 9), (9, 1), (2, 2), (3, 3), (5, 4), (13, 17), (24, 19)];
    let kinds =
        ["noise", "saturated", "binary", "blob", "blob right", "empty", "full", "soft", "steps", "inverted"];
    for (height, width) in shapes {
        for kind in kinds {
            for weighting in ["ones", "random", "holes"] {
                let n = height * width;
                let mut case = Case {
                    name: format!("{kind} {height}x{width} {weighting}"),
                    height,
                    width,
                    folded: vec![0.0; n],
                    targets: vec![0.0; n],
                    weights: vec![1.0; n],
                };
                let radius = 0.35 * (height.max(width)) as f64;
                for i in 0..n {
                    let y = (i / width) as f64 - 0.5 * height as f64;
                    let x = (i % width) as f64 - 0.5 * width as f64;
                    let inside = radius - (x * x + y * y).sqrt();
                    let coin = f32::from(random.next() < 0.5);
                    let wobble = random.within(-1.0, 1.0);
                    let (z, g) = match kind {
                        "noise" => (random.within(-4.0, 4.0), coin),
                        "saturated" => (random.within(-25.0, 25.0), coin),
                        "binary" => (if random.next() < 0.7 { 800.0 } else { -800.0 }, coin),
                        "blob" => (2.0 * inside + wobble, f32::from(inside + wobble > 0.5)),
                        "blob right" => (12.0 * inside.signum() + wobble, f32::from(inside > 0.0)),
                        "empty" => (-6.0 + 3.0 * wobble, 0.0),
                        "full" => (3.0 * wobble, 1.0),
                        "soft" => (inside + wobble, random.next() as f32),
                        "steps" => (f64::from((3.0 * inside) as i32), f32::from(inside > 1.0)),
                        _ => (-18.0 * inside.signum() + wobble, f32::from(inside > 0.0)),
                    };
                    case.folded[i] = if kind == "binary" { f32::from(z > 0.0) } else { fold_logit(z) };
                    case.folded[i] =
                        if kind == "binary" { ClassPlane::fold(case.folded[i]) } else { case.folded[i] };
                    case.targets[i] = g;
                    case.weights[i] = match weighting {
                        "ones" => 1.0,
                        "random" => random.within(0.1, 3.0) as f32,
                        _ if random.next() < 0.2 => 0.0,
                        _ => 1.5,
                    };
                    if case.weights[i] == 0.0 {
                        case.targets[i] = 0.0;
                    }
                }
                cases.push(case);
            }
        }
    }
    cases
}

fn run(loss: &dyn SpatialLoss, case: &Case) -> (Option<f64>, Vec<f32>) {
    let mut slope = vec![7.0; case.weights.len()];
    let mut scratch = vec![0xffff_ffff; loss.scratch_len(case.shape())];
    let value = loss.evaluate(&case.plane(), &mut scratch, Some(&mut slope));
    // What the scratch held must not matter, nor whether the derivative is asked for.
    scratch.fill(0x1234_5678);
    assert_eq!(loss.evaluate(&case.plane(), &mut scratch, None), value, "{}", case.name);
    (value, slope)
}

#[test]
fn values_and_derivatives() {
    let cases = cases();
    let mut failures = vec![];
    for (name, oracle) in Oracle::all() {
        let loss = oracle.loss();
        // Where the pull of the contour and that of the region cancel, what is left is rounding.
        let floor = if name == "contour" { 0.01 } else { 1e-9 };
        let (mut worst_value, mut worst_slope) = (0.0_f64, 0.0_f64);
        for case in &cases {
            let (value, slope) = run(&*loss, case);
            if case.total() == 0.0 {
                assert_eq!(value, None);
                assert!(slope.iter().all(|s| *s == 0.0));
                continue;
            }
            let value = value.unwrap();
            let (expected, slopes) = oracle.evaluate(case, &case.probabilities());
            let off = (value - expected).abs() / (expected.abs() + 1e-9);
            let largest = slopes.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
            let off_slope = slope.iter().zip(&slopes).fold(0.0_f64, |worst, (a, b)| {
                assert!(a.is_finite(), "{name}, {}", case.name);
                worst.max((f64::from(*a) - b).abs())
            }) / largest.max(floor);
            worst_value = worst_value.max(off);
            worst_slope = worst_slope.max(off_slope);
            if off > 1e-6 || off_slope > 1e-5 || value.is_nan() {
                failures.push(format!(
                    "{name}, {}: {value} for {expected} ({off:.1e}), slope {off_slope:.1e} of {largest:.1e}",
                    case.name
                ));
            }
        }
        eprintln!("{name}: value {worst_value:.1e}, derivative {worst_slope:.1e}");
    }
    assert!(failures.is_empty(), "{}\n{}", failures.len(), failures.join("\n"));
}

/// The tape itself, against differences of its values.
#[test]
fn the_tape_is_right() {
    let cases = cases();
    for (name, oracle) in Oracle::all() {
        let mut compared = 0;
        for case in cases.iter().filter(|c| {
            c.name.contains("noise 5x4")
                || c.name.contains("blob 5x4")
                || c.name == "fixture"
                || c.name.contains("soft 5x4")
        }) {
            let p = case.probabilities();
            let (_, slopes) = oracle.evaluate(case, &p);
            let largest = slopes.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
            for i in 0..p.len() {
                let at = |h: f64| {
                    let mut p = p.clone();
                    p[i] += h;
                    oracle.evaluate(case, &p).0
                };
                let h = 2e-7;
                let central = |h: f64| (at(h) - at(-h)) / (2.0 * h);
                let [fine, coarse] = [central(h), central(2.0 * h)];
                let estimate = (4.0 * fine - coarse) / 3.0;
                let kink = (at(h) + at(-h) - 2.0 * at(0.0)).abs() / h > 1e-3 * largest;
                if kink || !case.scored(i) {
                    continue;
                }
                compared += 1;
                assert!(
                    (estimate - slopes[i]).abs() < 2e-6 * largest + 3e-8,
                    "{name}, {}, {i}: {estimate} {}",
                    case.name,
                    slopes[i]
                );
            }
        }
        assert!(compared > 100, "{name}: {compared}");
    }
}

/// Values of PyTorch 2.15 in `f64`, and its derivatives with respect to the probability at pixels 19, 0 and 34
/// and summed without their signs.
#[test]
fn golden() {
    let case = fixture();
    let small = HausdorffConvolution::new(2.0, 1, 3).unwrap();
    let long = ClDice::new(10, 1.0).unwrap();
    let table: [(&dyn SpatialLoss, f64, [f64; 4]); 7] = [
        (
            &ClDice::PAPER,
            0.820370510431,
            [-5.5009282008e-2, 8.3472783187e-2, -2.8671933521e-2, 9.4973878413e-1],
        ),
        (&long, 0.821377522537, [-5.4394241133e-2, 8.2579757448e-2, -2.7956058128e-2, 9.3885043573e-1]),
        (&BoundaryF1::PAPER, 0.122633609599, [2.6256379394e-1, 0.0, 0.0, 1.2603062109]),
        (&HausdorffErosion::PAPER, 0.269424412906, [-3.3459251533e-1, 0.0, -1.4798836251e-2, 3.5484533078]),
        (
            &Elastica::PAPER,
            42.697165357516,
            [-9.6736907165e-1, -3.9788428098, -1.9126764043e-1, 809.28086041],
        ),
        (&small, 0.970245749479, [-1.1740386744e-1, 2.0799419835e-4, -3.3660430920e-3, 2.4641452014]),
        (&HausdorffConvolution::PAPER, 0.151356655493, [-1.7564042909e-2, 0.0, 0.0, 3.0765132816e-1]),
    ];
    for (place, (loss, value, slopes)) in table.into_iter().enumerate() {
        let (found, slope) = run(loss, &case);
        assert!((found.unwrap() / value - 1.0).abs() < 3e-7, "{place}: {found:?} {value}");
        let all: f64 = slope.iter().map(|s| f64::from(s.abs())).sum();
        let found = [f64::from(slope[19]), f64::from(slope[0]), f64::from(slope[34]), all];
        for (a, b) in found.iter().zip(slopes) {
            assert!((a - b).abs() < 1e-6 * all, "{place}: {found:?} {slopes:?}");
        }
    }
    let (value, slope) = run(&ActiveContour::PAPER, &case);
    assert!((value.unwrap() / 43.583792137611 - 1.0).abs() < 2e-7);
    let p = case.probabilities();
    for (pixel, expected) in [(19, -1.0411795881e-1), (0, -5.2629685767e-2)] {
        let by_logit = f64::from(slope[pixel]) * p[pixel] * (1.0 - p[pixel]);
        assert!((by_logit - expected).abs() < 1e-7, "{by_logit} {expected}");
    }
}

/// Parameters at the ends of their ranges give finite numbers, and those beyond are refused.
#[test]
fn extremes() {
    let losses: Vec<Box<dyn SpatialLoss>> = vec![
        Box::new(ActiveContour::new(1.0, 0.0, 1e-30, true).unwrap()),
        Box::new(ActiveContour::new(0.0, 0.0, 1.0, true).unwrap()),
        Box::new(Elastica::new(0.0, 3.0, 1.0, 1e-30).unwrap()),
        Box::new(BoundaryF1::new(1, 1, 1e-30).unwrap()),
        Box::new(BoundaryF1::new(255, 255, 1e-30).unwrap()),
        Box::new(BoundaryF1::new(3, 5, 1e30).unwrap()),
        Box::new(HausdorffErosion::new(8.0, 64).unwrap()),
        Box::new(HausdorffErosion::new(0.0, 1).unwrap()),
        Box::new(HausdorffConvolution::new(8.0, 127, 1).unwrap()),
        Box::new(HausdorffConvolution::new(0.0, 1, 127).unwrap()),
        Box::new(ClDice::new(64, 1e-30).unwrap()),
        Box::new(ClDice::new(0, 1e30).unwrap()),
    ];
    let cases = cases();
    for (place, loss) in losses.iter().enumerate() {
        for case in cases.iter().step_by(5).filter(|case| case.total() > 0.0) {
            let (value, slope) = run(&**loss, case);
            let all_finite = slope.iter().all(|s| s.is_finite());
            assert!(
                value.unwrap() >= 0.0 && value.unwrap().is_finite() && all_finite,
                "{place}, {}",
                case.name
            );
        }
    }
    let nan = f32::NAN;
    assert!(
        ActiveContour::new(-1.0, 1.0, 1.0, false).is_err()
            && ActiveContour::new(1.0, nan, 1.0, false).is_err()
    );
    assert!(
        ActiveContour::new(1.0, 1.0, 0.0, false).is_err()
            && ActiveContour::new(1.0, 1.0, nan, false).is_err()
    );
    assert!(Elastica::new(nan, 1.0, 1.0, 1.0).is_err() && Elastica::new(1.0, -1.0, 1.0, 1.0).is_err());
    assert!(
        Elastica::new(1.0, 1.0, f32::INFINITY, 1.0).is_err() && Elastica::new(1.0, 1.0, 1.0, 0.0).is_err()
    );
    assert!(BoundaryF1::new(2, 5, 1.0).is_err() && BoundaryF1::new(3, 0, 1.0).is_err());
    assert!(BoundaryF1::new(257, 5, 1.0).is_err() && BoundaryF1::new(3, 257, 1.0).is_err());
    assert!(BoundaryF1::new(3, 5, 0.0).is_err() && BoundaryF1::new(3, 5, nan).is_err());
    assert!(HausdorffErosion::new(8.1, 1).is_err() && HausdorffErosion::new(nan, 1).is_err());
    assert!(HausdorffErosion::new(2.0, 0).is_err() && HausdorffErosion::new(2.0, 65).is_err());
    assert!(HausdorffConvolution::new(-0.1, 1, 1).is_err() && HausdorffConvolution::new(2.0, 0, 1).is_err());
    assert!(HausdorffConvolution::new(2.0, 1, 0).is_err() && HausdorffConvolution::new(2.0, 64, 2).is_err());
    assert!(HausdorffConvolution::new(2.0, u32::MAX, u32::MAX).is_err());
    assert!(ClDice::new(65, 1.0).is_err() && ClDice::new(3, 0.0).is_err() && ClDice::new(3, nan).is_err());

    let shape = Shape::new(1, 2).unwrap();
    let good = [0.0_f32, 0.25];
    assert!(ClassPlane::checked(shape, &good, &good, &good).is_ok());
    for bad in [&[0.0, 0.75][..], &[0.0, -0.75], &[0.0]] {
        assert!(ClassPlane::checked(shape, bad, &good, &good).is_err());
    }
    for bad in [&[0.0, 1.5][..], &[0.0, -0.25], &[0.0, nan], &[0.0]] {
        assert!(ClassPlane::checked(shape, &good, bad, &good).is_err());
    }
    for bad in [&[0.0, -1.0][..], &[0.0, f32::INFINITY], &[0.0, nan], &[0.0]] {
        assert!(ClassPlane::checked(shape, &good, &good, bad).is_err());
    }
}

#[test]
fn what_is_not_there() {
    for (name, oracle) in Oracle::all() {
        let loss = oracle.loss();
        let mut case = fixture();
        // A probability that is no number counts only where it is scored.
        case.weights[9] = 0.0;
        case.targets[9] = 0.0;
        let (value, slope) = run(&*loss, &case);
        case.folded[9] = -0.25;
        assert_eq!(run(&*loss, &case), (value, slope.clone()), "{name}");
        assert_eq!(slope[9].abs().to_bits(), 0);
        case.folded[10] = f32::NAN;
        let mut scratch = vec![0; loss.scratch_len(case.shape())];
        let mut slope = vec![0.0; 48];
        assert!(loss.evaluate(&case.plane(), &mut scratch, Some(&mut slope)).unwrap().is_nan());
        assert!(slope.iter().all(|s| s.is_nan()));
        case.weights.fill(0.0);
        assert_eq!(loss.evaluate(&case.plane(), &mut scratch, Some(&mut slope)), None);
        assert!(slope.iter().all(|s| *s == 0.0));
        assert_eq!(loss.evaluate(&case.plane(), &mut scratch, None), None);
        // Too little scratch is refused, not read past.
        let case = fixture();
        if let Some(short) = scratch.len().checked_sub(1) {
            assert_eq!(loss.evaluate(&case.plane(), &mut scratch[..short], None), None, "{name}");
        }
    }
}

/// A row at a time gives the bits of the whole frame.
#[test]
fn rows() {
    macro_rules! check {
        ($loss:expr, $case:expr, $need:expr) => {{
            let (loss, case) = ($loss, $case);
            let need: usize = $need;
            let mut scratch = vec![0x8765_4321; need];
            assert!(loss.rows(case.width, &mut scratch[..need - 1]).is_err());
            let mut rows = loss.rows(case.width, &mut scratch).unwrap();
            let row_shape = Shape::new(1, case.width as u32).unwrap();
            for y in 0..case.height {
                let at = y * case.width..(y + 1) * case.width;
                let (folded, targets) = (&case.folded[at.clone()], &case.targets[at.clone()]);
                let row = ClassPlane::checked(row_shape, folded, targets, &case.weights[at]).unwrap();
                rows.push_row(&row).unwrap();
            }
            if case.height > 1 {
                assert!(rows.push_row(&case.plane()).is_err());
            }
            let mut whole = vec![0; SpatialLoss::scratch_len(&loss, case.shape())];
            let whole = loss.evaluate(&case.plane(), &mut whole, None);
            assert_eq!(rows.finish().map(f64::to_bits), whole.map(f64::to_bits), "{loss:?}, {}", case.name);
        }};
    }
    for case in &cases() {
        let mean = ActiveContour::new(0.5, 2.0, 0.25, true).unwrap();
        for loss in [ActiveContour::PAPER, mean] {
            check!(loss, case, ActiveContour::rows_scratch_len(case.width));
        }
        for loss in [Elastica::PAPER, Elastica::new(1.0, 0.3, 2.0, 1e-3).unwrap()] {
            check!(loss, case, Elastica::rows_scratch_len(case.width));
        }
        for (theta0, theta) in [(3, 5), (5, 3), (1, 1), (3, 1), (1, 7), (9, 31)] {
            let loss = BoundaryF1::new(theta0, theta, 1e-7).unwrap();
            check!(loss, case, loss.rows_scratch_len(case.width));
        }
        for iterations in [0, 1, 3, 10] {
            let loss = ClDice::new(iterations, 1.0).unwrap();
            check!(loss, case, loss.rows_scratch_len(case.width));
        }
    }
}
