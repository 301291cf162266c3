//! Networks that are sure: errors far below what `f32` keeps next to 1, and scores exactly in the middle.
#![allow(clippy::disallowed_methods, reason = "the reference is a computation of its own")]
#![allow(clippy::float_cmp, reason = "what is nothing is exactly nothing")]

use segmeter_core::loss::{
    Bootstrapped, CbDice, HausdorffConvolution, HausdorffDistance, Loss, NormalisedFocal, Poly1,
    ReducedFocal, ShapeAware, Sides,
};
use segmeter_core::view::{Frame, IGNORE, Labels, Layout, MAX_CLASSES, Shape};

/// Probabilities of a pixel's classes, what each lacks of 1, and the logarithms of both.
struct Pixel {
    p: Vec<f64>,
    q: Vec<f64>,
    log: Vec<f64>,
}

fn softmax(scores: &[f64]) -> Pixel {
    let most = scores.iter().copied().fold(f64::MIN, f64::max);
    let powers: Vec<f64> = scores.iter().map(|z| (z - most).exp()).collect();
    let all: f64 = powers.iter().sum();
    let others = |class: usize| {
        powers.iter().enumerate().filter(|(other, _)| *other != class).map(|(_, power)| power).sum::<f64>()
    };
    let q: Vec<f64> = (0..scores.len()).map(|class| others(class) / all).collect();
    Pixel {
        p: powers.iter().map(|power| power / all).collect(),
        log: scores
            .iter()
            .zip(&q)
            .map(|(z, q)| if *q < 0.5 { -(-q).ln_1p() } else { all.ln() + most - z })
            .collect(),
        q,
    }
}

/// A loss of a pixel of label `y`, and its slopes by the scores.
type Reference = Box<dyn Fn(&Pixel, usize) -> (f64, Vec<f64>)>;

/// Of a cost of the label's probability, of which `pull` is `-d cost / d ln p`.
fn of_label(
    cost: impl Fn(f64, f64, f64) -> f64 + 'static,
    pull: impl Fn(f64, f64, f64) -> f64 + 'static,
) -> Reference {
    Box::new(move |pixel, y| {
        let (p, q, log) = (pixel.p[y], pixel.q[y], pixel.log[y]);
        let pull = pull(p, q, log);
        let slope = |class: usize| if class == y { -pull * q } else { pull * pixel.p[class] };
        (cost(p, q, log), (0..pixel.p.len()).map(slope).collect())
    })
}

fn bootstrapped(share: f64) -> Reference {
    Box::new(move |pixel, y| {
        let Pixel { p, q, log } = pixel;
        let entropy: f64 = p.iter().zip(log).map(|(p, log)| p * log).sum();
        let slope = |class: usize| {
            let label = if class == y { -q[class] } else { p[class] };
            share * label + (1.0 - share) * p[class] * (log[class] - entropy)
        };
        (share * log[y] + (1.0 - share) * entropy, (0..p.len()).map(slope).collect())
    })
}

/// `-ln(1 - e) - e`.
fn beyond(q: f64, log: f64) -> f64 {
    if q > 0.1 { log - q } else { (2..30).map(|k| q.powi(k) / f64::from(k)).sum() }
}

/// A pixel by itself, as a frame of its own.
fn evaluate(loss: &impl Loss, scores: &[f32], y: u8) -> (f64, Vec<f64>) {
    let shape = Shape::new(1, 1).unwrap();
    let mut gradient = vec![0.0; scores.len()];
    let ids = [y];
    let value = if scores.len() == 1 {
        let frame = Frame::new(scores, Labels::new(shape, &ids, IGNORE).unwrap()).unwrap();
        loss.value_and_gradient(&frame, &mut [], &mut gradient).unwrap().value
    } else {
        let frame: Frame<'_, MAX_CLASSES> =
            Frame::multiclass(shape, scores.len(), Layout::Planar, scores, &ids, IGNORE).unwrap();
        loss.value_and_gradient(&frame, &mut [], &mut gradient).unwrap().value
    };
    (value.into(), gradient.into_iter().map(f64::from).collect())
}

fn check(name: &str, loss: &impl Loss, reference: &Reference, tolerance: f64) {
    let near = (-300..=1300).map(|hundredths| hundredths as f32 / 100.0);
    for margin in near.chain([-30.0, -9.0, 17.0, 30.0, 60.0, 80.0]) {
        for y in [0, 1] {
            let logit = if y == 1 { margin } else { -margin };
            let (value, slopes) = reference(&softmax(&[0.0, f64::from(logit)]), y.into());
            compare(
                &format!("{name}, binary, {margin}"),
                evaluate(loss, &[logit], y),
                (value, vec![slopes[1]]),
                tolerance,
            );
        }
        let scores = [margin, 0.0, -0.5, 0.25];
        let expected = reference(&softmax(&scores.map(f64::from)), 0);
        compare(&format!("{name}, {margin}"), evaluate(loss, &scores, 0), expected, tolerance);
    }
}

/// `tolerance` is that of the value.
fn compare(what: &str, found: (f64, Vec<f64>), expected: (f64, Vec<f64>), tolerance: f64) {
    let error = (found.0 - expected.0).abs();
    assert!(error <= tolerance * expected.0.abs() + 1e-37, "{what}: {} for {}", found.0, expected.0);
    let largest = expected.1.iter().fold(0.0, |most: f64, slope| most.max(slope.abs()));
    for (found, expected) in found.1.iter().zip(&expected.1) {
        assert!((found - expected).abs() <= 1e-5 * largest + 1e-37, "{what}: {found} for {expected}");
    }
}

/// What is left of two parts that are nearly the same, at the ends of parameters.
#[test]
fn little_is_left() {
    for error_weight in [-1.0_f32, -0.999, -0.75, -0.5, 0.0, 1.0] {
        let k = f64::from(error_weight);
        let reference =
            of_label(move |_, q, log| beyond(q, log) + (1.0 + k) * q, move |_, q, _| 1.0 + k - k * q);
        check(&format!("poly1 {error_weight}"), &Poly1::new(error_weight).unwrap(), &reference, 1e-6);
    }
    for share in [0.0_f32, 0.5, 0.95, 1.0] {
        let loss = Bootstrapped::new(share, false).unwrap();
        check(&format!("bootstrapped {share}"), &loss, &bootstrapped(share.into()), 1e-6);
    }
}

/// A probability is below 1 whatever `f32` makes of it.
#[test]
fn thresholds_of_errors() {
    for threshold in [0.01_f32, 0.25, 0.5, 0.75, 0.9, 1.0] {
        for focusing in [0.0_f32, 2.0, 8.0] {
            let (t, k) = (f64::from(threshold), f64::from(focusing));
            let is_below = move |p: f64, q: f64| if t > 0.5 { q > 1.0 - t } else { p < t };
            let reference = of_label(
                move |p, q, log| if is_below(p, q) { log } else { (q / t).powf(k) * log },
                move |p, q, log| {
                    if is_below(p, q) { 1.0 } else { (q / t).powf(k) * (1.0 + k * p * log / q) }
                },
            );
            let loss = ReducedFocal::new(focusing, threshold).unwrap();
            // An error is known to 4e-7, and counts so many times.
            let tolerance = (4e-7 * k).max(1e-6);
            check(&format!("reduced_focal {threshold} {focusing}"), &loss, &reference, tolerance);
        }
    }
}

/// Factors are right to the last digit, or the frame counts as right: nothing between.
#[test]
fn factors_of_frames_that_are_right() {
    for focusing in [1.0_f32, 2.0, 4.0, 8.0] {
        let loss = NormalisedFocal::new(focusing).unwrap();
        // A frame of one pixel has the cross-entropy as its value.
        let reference = of_label(|_, _, log| log, |_, _, _| 1.0);
        for tenths in 0..900 {
            let margin = -(tenths as f32) / 10.0;
            let (value, gradient) = evaluate(&loss, &[margin], 0);
            let (expected, slopes) = reference(&softmax(&[0.0, f64::from(margin)]), 0);
            let is_told =
                (f64::from(focusing) + 1.0) * f64::from(-margin) < 120.0 * std::f64::consts::LN_2 - 0.1;
            if value == 0.0 && gradient == [0.0] {
                assert!(!is_told, "{focusing}, {margin}");
            } else {
                compare(
                    &format!("{focusing}, {margin}"),
                    (value, gradient),
                    (expected, vec![slopes[1]]),
                    1e-6,
                );
            }
        }
    }
}

/// A logit of 0 is background, in every mask of a prediction.
#[test]
fn one_half_is_background() {
    let shape = Shape::new(9, 16).unwrap();
    let ids: Vec<u8> = (0..144).map(|pixel| u8::from(pixel % 16 > 10)).collect();
    type Value = Box<dyn Fn(&Frame<'_>) -> f32>;
    let value = |loss: &Value, zero: f32| {
        let mut logits: Vec<f32> = ids.iter().map(|id| if *id == 1 { 3.0 } else { -3.0 }).collect();
        for (row, column) in (0..72).map(|place| (place / 8, 1 + place % 8)) {
            logits[16 * row + column] = zero;
        }
        loss(&Frame::new(&logits, Labels::new(shape, &ids, IGNORE).unwrap()).unwrap())
    };
    fn of<L: Loss>(loss: L) -> impl Fn(&Frame<'_>) -> f32 {
        move |frame| loss.value(frame, &mut vec![0; loss.scratch_len(frame.shape())]).unwrap().value
    }
    let losses: [(&str, Value); 4] = [
        ("hausdorff_distance", Box::new(of(HausdorffDistance::new(2.0, Sides::Both).unwrap()))),
        ("hausdorff_convolution", Box::new(of(HausdorffConvolution::PAPER))),
        ("shape_aware", Box::new(of(ShapeAware))),
        ("cbdice", Box::new(of(CbDice::new(3, 1.0).unwrap()))),
    ];
    for (name, loss) in &losses {
        let [below, zero, above] = [-1e-8, 0.0, 1e-8].map(|logit| value(loss, logit));
        assert!((below - zero).abs() <= 1e-6 * zero.abs(), "{name}: {below} {zero}");
        assert!((above - zero).abs() > 1e-3 * zero.abs(), "{name}: {above} {zero}");
    }
}
