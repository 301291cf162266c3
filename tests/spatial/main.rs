//! The losses of a neighbourhood against plain `f64` programs: every operation on a tape that is walked back for
//! the derivative, every minimum and maximum a choice of its first place in row order.
#![allow(clippy::disallowed_methods, reason = "the reference is a computation of its own")]

mod oracle;
mod real;
mod tape;

use segmeter_core::loss::{
    ActiveContour, BoundaryF1, ClDice, ClassPlane, Elastica, HausdorffConvolution, HausdorffErosion,
    SpatialLoss,
};
use segmeter_core::view::Shape;

use oracle::{Case, Oracle};

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
    let mut scratch = vec![0xffff_ffff; loss.plane_scratch_len(case.shape())];
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
        let mut scratch = vec![0; loss.plane_scratch_len(case.shape())];
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
            let mut whole = vec![0; loss.plane_scratch_len(case.shape())];
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
        for (edge_window, tolerance_window) in [(3, 5), (5, 3), (1, 1), (3, 1), (1, 7), (9, 31)] {
            let loss = BoundaryF1::new(edge_window, tolerance_window, 1e-7).unwrap();
            check!(loss, case, loss.rows_scratch_len(case.width));
        }
        for iterations in [0, 1, 3, 10] {
            let loss = ClDice::new(iterations, 1.0).unwrap();
            check!(loss, case, loss.rows_scratch_len(case.width));
        }
    }
}
