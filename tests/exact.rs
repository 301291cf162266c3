//! Parameters mean the decimal number that was written, and what is equal is equal: counts of pixels, thresholds, weights, at
//! and next to the values where they change.
#![allow(clippy::disallowed_methods, reason = "the reference is a computation of its own")]
#![allow(clippy::float_cmp, reason = "equal to the last bit is what these tests are about")]

use segmeter_core::Error;
use segmeter_core::loss::{
    ActiveContour, Bootstrapped, CrossEntropy, Loss, LovaszHinge, LovaszSoftmax, Ohem, RecallCrossEntropy,
    TopK, WassersteinDice,
};
use segmeter_core::num::{exp_nonpositive_f64, ln1p};
use segmeter_core::simd::Scalar;
use segmeter_core::sketch::{SigmoidTable, Sketch};
use segmeter_core::view::{
    Activation, Encoding, Frame, IGNORE, Labels, Layout, MAX_CLASSES, Quantised, Quantiser, Shape, Weights,
};

fn row(pixels: usize) -> Shape {
    Shape::new(1, pixels as u32).unwrap()
}

/// Which scores have a derivative.
fn pulled<const C: usize>(loss: &impl Loss, frame: &Frame<'_, C>) -> Vec<bool> {
    let mut scratch = vec![0; loss.scratch_len(frame.shape())];
    let mut gradient = vec![0.0; frame.scores().len()];
    loss.value_and_gradient(frame, &mut scratch, &mut gradient).unwrap();
    gradient.iter().map(|slope| *slope != 0.0).collect()
}

fn binary<'a>(scores: &'a [f32], ids: &'a [u8], activation: Activation) -> Frame<'a> {
    let labels = Labels::new(row(ids.len()), ids, IGNORE).unwrap();
    Frame::new(scores, labels).unwrap().with_activation(activation)
}

/// A share in hundredths of n pixels is a whole number's worth of arithmetic.
#[test]
fn shares_of_pixels_are_counted_as_written() {
    for pixels in [1, 2, 3, 7, 10, 20, 30, 50, 100, 128, 200, 255, 1000] {
        let (logits, ids) = (vec![0.0; pixels], vec![1; pixels]);
        let frame = binary(&logits, &ids, Activation::Logits);
        for hundredths in 1..=100 {
            let loss = TopK::new(format!("{}", f64::from(hundredths) / 100.0).parse().unwrap()).unwrap();
            let expected = (hundredths as usize * pixels).div_ceil(100);
            let kept = pulled(&loss, &frame).iter().filter(|kept| **kept).count();
            assert_eq!(kept, expected, "{hundredths} hundredths of {pixels}");
        }
    }
}

/// The same of a histogram, where a share of each code is taken: one of 10 worst of 100.
#[test]
fn shares_of_a_histogram() {
    let quantiser = Quantiser::logits(Encoding::Signed, 0.1, 0).unwrap();
    let codes: Vec<i8> = (0..100).map(|place| if place < 10 { -20 } else { 20 }).collect();
    let frame = Quantised::new(row(100), &codes, quantiser).unwrap();
    let ids = [1; 100];
    let sketch = Sketch::of(&frame, Some(&Labels::new(row(100), &ids, IGNORE).unwrap())).unwrap();
    let value = TopK::new(0.1).unwrap().sketch_value(&sketch, &SigmoidTable::new(&quantiser)).unwrap().value;
    // ln(1 + e^2) of ten alike: an eleventh would lower it.
    assert!((f64::from(value) - 2.126_928_011_042_972).abs() < 1e-6, "{value}");
}

#[test]
fn below_a_threshold_is_below() {
    let none = |threshold| Ohem::new(threshold, 0).unwrap();
    // Below 1 is every logit, however sure; a probability of 1 is not.
    let logits = [300.0, -300.0, 20.0, 0.0];
    let kept = |threshold, scores: &[f32], ids: &[u8], activation| {
        let frame = binary(scores, ids, activation);
        let mut scratch = vec![0; TopK::scratch_len(scores.len())];
        let found = none(threshold).value(&frame, &mut scratch).unwrap();
        // Costs of a mean: how many there are shows in it.
        found.value
    };
    let all = kept(1.0, &logits, &[1, 1, 1, 1], Activation::Logits);
    assert!((f64::from(all) - (300.0 + 2.061_153_6e-9 + 2.0f64.ln()) / 4.0).abs() < 1e-4, "{all}");
    // At exactly the threshold: not below.
    assert_eq!(kept(0.5, &[0.0, 1.0], &[1, 1], Activation::Logits), 0.0);
    assert!(kept(0.5, &[-1e-30, 1.0], &[1, 1], Activation::Logits) > 0.69);
    assert_eq!(kept(0.5, &[-0.0, 1.0], &[0, 1], Activation::Logits), 0.0);
    for (threshold, share, ids) in [
        (0.7, 0.7, 1),
        (0.8, 0.2, 0),
        (0.9, 0.1, 0),
        (0.7, 0.3, 0),
        (0.1, 0.1, 1),
        (1.0, 1.0, 1),
        (1.0, 0.0, 0),
    ] {
        let shares = [share, f32::from(ids)];
        assert_eq!(
            kept(threshold, &shares, &[ids; 2], Activation::Probabilities),
            0.0,
            "{share} at {threshold}"
        );
        let next = if ids == 1 { share.next_down() } else { share + 1e-6 };
        let shares = [next, f32::from(ids)];
        assert!(
            kept(threshold, &shares, &[ids; 2], Activation::Probabilities) > 0.0,
            "{next} at {threshold}"
        );
    }
    // Equal logits of four classes are a quarter each.
    let frame: Frame<'_, 4> =
        Frame::multiclass(row(2), 4, Layout::Interleaved, &[3.0; 8], &[1, 2], IGNORE).unwrap();
    let mut scratch = vec![0; TopK::scratch_len(2)];
    assert_eq!(none(0.25).value(&frame, &mut scratch).unwrap().value, 0.0);
    assert!(none(0.250_001).value(&frame, &mut scratch).unwrap().value > 1.38);
}

/// What a logit says is not lost when its probability rounds.
#[test]
fn decisions_and_order_come_from_logits() {
    for tiny in [1e-8, 1e-30, f32::from_bits(1)] {
        let logits = [tiny, -tiny, tiny, -tiny, 0.0, 0.0];
        let ids = [1, 1, 0, 0, 1, 0];
        let frame = binary(&logits, &ids, Activation::Logits);
        // Found are the first and the fourth; a tie goes to the lowest id, so the last is found, too.
        let found = RecallCrossEntropy.value(&frame, &mut []).unwrap().value;
        // Missed: two of three of the foreground, one of three of the background.
        let expected = (2.0 / 3.0 + 1.0 / 3.0) * 3.0 * 2.0f64.ln() / 6.0;
        assert!((f64::from(found) - expected).abs() < 1e-6, "{tiny}: {found} {expected}");
        let hard = Bootstrapped::new(0.0, true).unwrap();
        let mut gradient = [0.0; 2];
        hard.value_and_gradient(&binary(&[tiny, -tiny], &[1, 1], Activation::Logits), &mut [], &mut gradient)
            .unwrap();
        assert!(
            gradient[0] < 0.0 && gradient[1] > 0.0,
            "{tiny}: each is pulled to its own side: {gradient:?}"
        );
    }
    // The larger error is the larger logit against the label, also where both probabilities are 1, or all but the same.
    for [large, small] in [[40.0, 20.0], [300.0, 200.0], [1e-8, 0.0], [1.000_000_1, 1.0], [-0.0, -1e-8]] {
        let logits = [small, large];
        let frame = binary(&logits, &[0, 0], Activation::Logits);
        let worst = pulled(&LovaszHinge, &frame);
        assert_eq!(worst, [false, true], "hinge of {small} and {large}");
        if large < 100.0 {
            let loss = LovaszSoftmax::new(segmeter_core::loss::LovaszClasses::All);
            assert_eq!(pulled(&loss, &frame), [false, true], "sigmoid of {small} and {large}");
        }
        assert_eq!(
            pulled(&TopK::new(0.5).unwrap(), &frame),
            [false, true],
            "the worst of {small} and {large}"
        );
    }
}

/// Beyond the end of the exponential a probability is 0 or 1, and which one is not lost.
#[test]
fn saturated_logits_keep_their_side() {
    let logits = [300.0, -300.0, 300.0, -300.0];
    let frame = binary(&logits, &[1, 0, 0, 1], Activation::Logits);
    let mut scratch = vec![0; 4096 * 4];
    // Two right and two wrong: all of the class and one more are wrong, 1 - 1/3.
    let found = LovaszSoftmax::PRESENT.value(&frame, &mut scratch).unwrap().value;
    assert!((found - 2.0 / 3.0).abs() < 1e-6, "{found}");
    let found = ActiveContour::PAPER.value(&frame, &mut scratch).unwrap().value;
    assert!((found - 5.0003).abs() < 1e-3, "three steps of 1 and two wrong pixels: {found}");
}

/// A background pixel of a tiny probability costs that, and is ordered by it.
#[test]
fn tiny_probabilities_of_background_cost_something() {
    for p in [1e-30, 1e-9, 3e-8, 1e-3, 0.499, 0.5, 0.75] {
        let frame = binary(std::slice::from_ref(&p), &[0], Activation::Probabilities);
        let found = f64::from(CrossEntropy::MEAN.value(&frame, &mut []).unwrap().value);
        let expected = -(-f64::from(p)).ln_1p();
        assert!((found - expected).abs() <= 1e-6 * expected, "{p}: {found:e} {expected:e}");
    }
    let frame = binary(&[1e-9, 2e-9], &[0, 0], Activation::Probabilities);
    assert_eq!(pulled(&TopK::new(0.5).unwrap(), &frame), [false, true]);
}

/// From the least to the most, and nothing beyond: such weights would cost digits or numbers.
#[test]
fn weights_have_a_range() {
    let shape = row(3);
    for good in [0.0, -0.0, Weights::LEAST, 1.0, Weights::MOST] {
        assert!(Weights::new(shape, &[1.0, good, 1.0]).is_ok(), "{good}");
    }
    for bad in [
        f32::from_bits(1),
        1e-41,
        f32::MIN_POSITIVE,
        Weights::LEAST.next_down(),
        Weights::MOST.next_up(),
        f32::MAX,
        f32::INFINITY,
        f32::NAN,
        -1.0,
    ] {
        let found = Weights::new(shape, &[1.0, bad, 1.0]).map(|_| ());
        assert_eq!(found, Err(Error::Weight { pixel: 1 }), "{bad}");
    }
}

/// The exponential in `f64` over its range, between its steps and at them.
#[test]
fn exponential_of_f64() {
    let mut worst = 0.0_f64;
    for step in 0..2_000_000 {
        let x = -708.0 * (f64::from(step) / 2_000_000.0).powi(3);
        worst = worst.max((exp_nonpositive_f64(x) / x.exp() - 1.0).abs());
    }
    assert!(worst < 4e-16, "{worst:e}");
    for halves in 0..2040 {
        let x = -f64::from(halves) * core::f64::consts::LN_2 / 2.0;
        assert!((exp_nonpositive_f64(x) / x.exp() - 1.0).abs() < 4e-16, "{halves} halves of ln 2");
    }
    assert_eq!(exp_nonpositive_f64(-0.0), 1.0);
    assert_eq!(exp_nonpositive_f64(-1e-300), 1.0);
    assert!(exp_nonpositive_f64(-708.0) > 3e-308);
    for x in [-708.1, -1e5, f64::MIN, f64::NEG_INFINITY] {
        assert_eq!(exp_nonpositive_f64(x).to_bits(), 0, "{x}");
    }
    assert!(exp_nonpositive_f64(f64::NAN).is_nan());
}

/// `ln(1 + x)` keeps its digits where the sum has lost those of `x`.
#[test]
fn logarithm_beside_one() {
    let mut worst = (0.0_f64, 0.0);
    for bits in (1e-30_f32.to_bits()..=1e30_f32.to_bits()).step_by(1009) {
        let x = f32::from_bits(bits);
        let error = f64::from(ln1p(Scalar, x)) / f64::from(x).ln_1p() - 1.0;
        worst = if error.abs() > worst.0 { (error.abs(), x) } else { worst };
    }
    assert!(worst.0 < 4e-7, "{worst:?}");
    assert_eq!(ln1p(Scalar, 0.0), 0.0);
}

/// What a code stands for, against the definition.
#[test]
fn codes_stand_for_scores() {
    for (encoding, first) in [(Encoding::Signed, -128), (Encoding::Unsigned, 0)] {
        for (scale, zero_point) in [(1.0 / 256.0, first), (0.0123, first + 100), (3.0, first + 255)] {
            let logits = Quantiser::logits(encoding, scale, zero_point).unwrap();
            let probabilities = Quantiser::scaled_probabilities(encoding, scale, zero_point).unwrap();
            for index in 0..=255_u8 {
                let value = scale * (first + i32::from(index) - zero_point) as f32;
                assert_eq!(logits.score(index), value);
                assert_eq!(probabilities.score(index), value.clamp(0.0, 1.0));
                assert_eq!(Quantiser::probabilities().score(index), f32::from(index) / 255.0);
            }
        }
    }
}

/// Both ends of what a frame takes.
#[test]
fn frames_have_two_classes_at_least_and_no_more_than_room() {
    fn taken<const C: usize>(classes: usize) -> bool {
        let (logits, ids) = (vec![0.0; 2 * classes], [0, 0]);
        let frame = Frame::<C>::multiclass(row(2), classes, Layout::Planar, &logits, &ids, IGNORE);
        let refused = Some(Error::Classes { room: C });
        assert!(frame.is_ok() || frame.as_ref().err() == refused.as_ref(), "{:?}", frame.err());
        frame.is_ok()
    }
    assert_eq!([1, 2, 3, 4].map(taken::<3>), [false, true, true, false]);
    assert_eq!([1, 2, 31, 32, 33].map(taken::<MAX_CLASSES>), [false, true, true, true, false]);
    assert_eq!([1, 2, 3].map(taken::<2>), [false; 3]);
    assert_eq!([2, 33].map(taken::<{ MAX_CLASSES + 1 }>), [false; 2]);
    let said = |room| Error::Classes { room }.to_string();
    assert!(said(2).contains(&format!("room for 3 to {MAX_CLASSES} of them, this one has 2")), "{}", said(2));
    assert_eq!(
        (said(3), said(MAX_CLASSES)),
        ("expected 2 to 3 classes".into(), "expected 2 to 32 classes".into())
    );
    assert!(said(MAX_CLASSES + 1).ends_with("this one has 33"));
}

/// Where nearly all is wrong, the little that is right decides the slope of the background: against `f64`.
#[test]
fn what_little_is_right_keeps_its_digits() {
    let (logits, ids) = ([-10.0_f32, -13.0, 3.0, -5.0], [1, 1, 0, 0]);
    let p = logits.map(|z| 1.0 / (1.0 + f64::from(-z).exp()));
    let (agreed, missed) = (p[0] + p[1], 1.0 / (1.0 + (-10.0_f64).exp()) + 1.0 / (1.0 + (-13.0_f64).exp()));
    let all = 2.0 * agreed + missed + p[2] + p[3] + 1e-5;
    let score = (2.0 * agreed + 1e-5) / all;
    let expected = |pixel: usize| {
        let by_p = if ids[pixel] == 1 { -(2.0 - score) / all } else { score / all };
        by_p * p[pixel] / (1.0 + f64::from(logits[pixel]).exp())
    };
    let close = |found: f32, expected: f64| (f64::from(found) / expected - 1.0).abs() < 1e-6;
    let frame = binary(&logits, &ids, Activation::Logits);
    let mut gradient = [0.0; 4];
    WassersteinDice::PAPER.value_and_gradient(&frame, &mut [], &mut gradient).unwrap();
    for (pixel, found) in gradient.into_iter().enumerate() {
        assert!(close(found, expected(pixel)), "pixel {pixel}: {found:e}, expected {:e}", expected(pixel));
    }
    // The same by a matrix of distances.
    let scores = [0.0, -10.0, 0.0, -13.0, 0.0, 3.0, 0.0, -5.0];
    let frame = Frame::<3>::multiclass(row(4), 2, Layout::Interleaved, &scores, &ids, IGNORE).unwrap();
    let mut gradient = [0.0; 8];
    let loss = WassersteinDice::PAPER.with_distances(2, &[0.0, 1.0, 1.0, 0.0]).unwrap();
    loss.value_and_gradient(&frame, &mut [], &mut gradient).unwrap();
    for (pixel, &[of_background, found]) in gradient.as_chunks().0.iter().enumerate() {
        assert!(close(found, expected(pixel)), "pixel {pixel}: {found:e}, expected {:e}", expected(pixel));
        assert!(close(of_background, -expected(pixel)), "pixel {pixel}: {of_background:e}");
    }
}
