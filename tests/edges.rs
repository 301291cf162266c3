//! Edges: what is undefined, refused, saturated, exactly at a limit, or not a number.
#![allow(clippy::float_cmp, reason = "equal to the last bit is what these tests are about")]
#![allow(clippy::disallowed_methods, reason = "the reference is a computation of its own")]

use segmeter_core::Error;
use segmeter_core::drift::gate::sketch_is_valid;
use segmeter_core::drift::{Invalid, Reference};
use segmeter_core::loss::*;
use segmeter_core::metric::{Calibration, Confidence, Confusion, threshold};
use segmeter_core::num::{ExactSum, Q16, exp_nonpositive, ln, ln1p_unit};
use segmeter_core::simd::{Scalar, Simd};
use segmeter_core::sketch::{GradientTable, SigmoidTable, Sketch};
use segmeter_core::view::{Encoding, Frame, IGNORE, Labels, Quantised, Quantiser, Shape, Weights};
#[cfg(feature = "adapter")]
use segmeter_tests::binary_losses;
use segmeter_tests::{Random, close};

#[test]
fn exact_sums_of_either_sign() {
    let sum = |terms: &[f32]| {
        terms.iter().fold(ExactSum::default(), |mut sum, x| {
            sum.add(*x);
            sum
        })
    };
    assert_eq!(sum(&[1.0, -3.5]).value(), -2.5);
    assert_eq!(sum(&[1.0, -1.0, -1e-30]).value(), -f64::from(1e-30f32));
    assert_eq!(sum(&[-f32::MAX, f32::MAX, -f32::MAX]).value(), -f64::from(f32::MAX));
    let (mut total, bad) = (sum(&[1.0]), sum(&[1.0, f32::NAN]));
    assert_ne!(total, bad);
    total.merge(&bad);
    assert!(total.value().is_nan());
}

/// The leading 64 bits come from three limbs: where the first holds but its lowest bit, an `f64` has bits of the third.
#[test]
fn exact_sums_have_all_bits_of_an_f64() {
    let sum = |terms: &[f32]| {
        let mut sum = ExactSum::default();
        terms.iter().for_each(|x| sum.add(*x));
        sum.value()
    };
    // The lowest bit of a limb has an exponent of 32 k - 149.
    for k in 2..8 {
        let two = |exponent: i32| f32::from_bits(((exponent + 127) as u32) << 23);
        let (high, low) = (two(32 * k - 149), two((32 * k - 149 - 52).max(-126)));
        for sign in [1.0, -1.0] {
            let expected = f64::from(sign * high) + f64::from(sign * low);
            assert_eq!(sum(&[sign * low, sign * high]), expected, "2^{}", 32 * k - 149);
            assert_ne!(expected, f64::from(sign * high));
        }
    }
    // Steps of 2^-40 below 2^40 and their sum are whole numbers of an i128.
    let mut random = Random(99);
    for _ in 0..2000 {
        let terms: Vec<f32> = (0..9)
            .map(|_| {
                let (mantissa, scale) = (random.uniform() * 2.0 - 1.0, (random.uniform() * 56.0) as i32 - 16);
                mantissa * 2f32.powi(scale)
            })
            .collect();
        let steps: i128 = terms.iter().map(|x| (f64::from(*x) * 2f64.powi(40)) as i128).sum();
        let expected = steps as f64 / 2f64.powi(40);
        let found = sum(&terms);
        assert!(
            (found - expected).abs() <= 2f64.powi(-52) * expected.abs(),
            "{terms:?}: {found:e} {expected:e}"
        );
    }
}

#[test]
fn fixed_point_edges() {
    let raw = Q16::from_raw;
    let steps = |x: f32| Q16::from_f32(x / 65536.0).raw();
    assert_eq!([0.7, -0.7, 0.3, f32::NAN, 1e30].map(steps), [1, -1, 0, 0, i32::MAX]);
    assert_eq!(raw(3).times(raw(1 << 15)).raw(), 2, "1.5 steps, not truncated");
    assert_eq!([5, -5].map(|x| raw(x).over(Q16::ZERO).raw()), [i32::MAX, -i32::MAX]);
    assert_eq!(Q16::MAX.plus(Q16::ONE), Q16::MAX);
    assert!(raw(-i32::MAX).minus(Q16::ONE) < raw(0));
    // Wider than 64 bits.
    assert_eq!(Q16::ratio(i64::MAX, u64::MAX).raw(), 1 << 15);
    assert_eq!(Q16::ratio(-i64::MAX, 1).raw(), -i32::MAX);
}

/// Bits are the contract, and an error of one unit in a coefficient is well within the bounds of `equality.rs`. What a C
/// program of the polynomials gives, compiled without contraction (FNV-1a of the little-endian bits of every 1009th float).
#[test]
fn elementary_functions_have_the_bits_of_their_polynomials() {
    let hash = |range: std::ops::RangeInclusive<u32>, function: &dyn Fn(f32) -> f32| {
        range.step_by(1009).fold(0xcbf2_9ce4_8422_2325_u64, |hash, bits| {
            let bytes = function(f32::from_bits(bits)).to_bits().to_le_bytes();
            bytes.iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
        })
    };
    let bits = f32::to_bits;
    let exp = hash(bits(-0.0)..=bits(-104.0), &|x| exp_nonpositive(Scalar, x));
    let ln1p = hash(0..=bits(1.0), &|x| ln1p_unit(Scalar, x));
    let ln = hash(bits(f32::MIN_POSITIVE)..=bits(f32::MAX), &|x| ln(Scalar, x));
    assert_eq!([exp, ln1p, ln], [0xa7ca_ece0_8caa_94ec, 0xaaf6_f921_9901_b23f, 0x574b_9dc8_674e_9747]);
}

#[test]
fn lanes_meet_in_the_fixed_tree() {
    let [a, b, c, d, e, f, g, h] = [1e8, 1.0, 2e-3, -3.0, 5.0, 0.7, -1e8, 0.25f32];
    let tree = ((a + e) + (c + g)) + ((b + f) + (d + h));
    assert_eq!(Scalar.fold([a, b, c, d, e, f, g, h]).to_bits(), tree.to_bits());
}

#[cfg(feature = "adapter")]
#[test]
fn any_ignore_id_on_a_frame() {
    let shape = Shape::new(3, 11).unwrap();
    let (logits, ids) = Random(77).frame(shape.pixels(), 4.0);
    for (name, loss) in binary_losses() {
        let value = |ignore: u8| {
            let ids: Vec<u8> = ids.iter().map(|id| if *id == IGNORE { ignore } else { *id }).collect();
            let frame = Frame::new(&logits, Labels::new(shape, &ids, ignore).unwrap()).unwrap();
            segmeter_tests::value(&loss, frame).unwrap().value.to_bits()
        };
        let expected = value(IGNORE);
        assert!((2..=255).all(|ignore| value(ignore) == expected), "{name}");
    }
}

#[test]
fn sketches_remember_saturation_and_encoding() {
    let quantiser = Quantiser::probabilities();
    let mut narrow = Sketch::<u32>::new(&quantiser);
    narrow.push_row(&[7u8], &[2]);
    assert_eq!(narrow.pixels_at(7), 1, "an ignore id with low bits 10");
    let mut wide = Sketch::<u64>::new(&quantiser);
    wide.merge(&narrow).unwrap();
    for _ in 0..53 {
        let copy = wide.clone();
        wide.merge(&copy).unwrap();
    }
    assert!(!wide.saturated());
    let copy = wide.clone();
    wide.merge(&copy).unwrap();
    assert!(wide.saturated());
    assert_eq!(wide.pixels_at(7), (1 << 54) - 1);
    let mut other = Sketch::<u64>::new(&quantiser);
    other.merge(&wide).unwrap();
    assert!(other.saturated(), "saturation is merged");
    other.clear();
    assert!(!other.saturated());
    let signed = Sketch::<u32>::new(&Quantiser::logits(Encoding::Signed, 1.0, 0).unwrap());
    assert_eq!(other.merge(&signed), Err(Error::Parameter("encoding")));
    // A saturated frame is not measured.
    for _ in 0..33 {
        let copy = narrow.clone();
        narrow.merge(&copy).unwrap();
    }
    let reference = Reference::new([1; 256]).unwrap();
    assert_eq!(sketch_is_valid(&narrow), Err(Invalid::Overflow));
    assert_eq!(reference.wasserstein(&Sketch::<u32>::new(&quantiser)), None);
}

/// All counters full: no sum of them wraps.
#[test]
fn sums_of_a_full_sketch_fit() {
    let quantiser = Quantiser::probabilities();
    let table = SigmoidTable::new(&quantiser);
    let mut once = Sketch::<u32>::new(&quantiser);
    let codes: Vec<u8> = (0..=u8::MAX).collect();
    (0..4).for_each(|label| once.push_row(&codes, &[label; 256]));
    let mut full = Sketch::<u64>::new(&quantiser);
    full.merge(&once).unwrap();
    for _ in 0..54 {
        let copy = full.clone();
        full.merge(&copy).unwrap();
    }
    let counter = (1 << 54) - 1;
    assert!(full.saturated());
    assert_eq!(
        (full.pixels_at(7), full.labelled(0), full.labelled(1)),
        (4 * counter, 256 * counter, 256 * counter)
    );
    assert_eq!(full.pixels(), 1024 * counter);
    // Every code as often with either label: a coin.
    assert_eq!(threshold::auroc(&full), Some(0.5));
    assert_eq!(threshold::average_precision(&full), Some(0.5));
    assert_eq!(Confusion::of_sketch(&full, &table).pixels(), 512 * counter);
    let wide = Calibration::new(&full, &table, Confidence::Positive);
    assert!(wide.expected_error().is_some_and(|error| error > 0.1 && error < 0.5));
    let reference = Reference::new([1; 256]).unwrap();
    assert_eq!(reference.wasserstein(&full), None, "more pixels than a distance can be measured of");
}

#[test]
fn refusals_of_8_bit_frames_weights_and_rows() {
    let (shape, turned) = (Shape::new(2, 3).unwrap(), Shape::new(3, 2).unwrap());
    let quantiser = Quantiser::probabilities();
    let frame = Quantised::new(shape, &[1u8; 6], quantiser).unwrap();
    let labels = Labels::new(turned, &[1; 6], IGNORE).unwrap();
    assert!(Sketch::of(&frame, Some(&labels)).is_err());
    let length = Err(Error::Length { expected: 6, found: 5 });
    assert_eq!(frame.dequantise(&mut [0.0; 5]), length);
    let labels = Labels::new(shape, &[1; 6], IGNORE).unwrap();
    let mut table = GradientTable::default();
    let sketch = Sketch::of(&frame, Some(&labels)).unwrap();
    CrossEntropy::MEAN
        .accumulate_sketch(&sketch, &SigmoidTable::new(&quantiser), 1.0, Some(&mut table))
        .unwrap();
    assert_eq!(table.add_to(&frame, &labels, &mut [0.0; 5]), length);
    // It adds: twice the table is twice the gradient.
    let mut out = [0.0; 6];
    table.add_to(&frame, &labels, &mut out).unwrap();
    table.add_to(&frame, &labels, &mut out).unwrap();
    assert_eq!(out, [2.0 * table.at(1, 1); 6]);
    let small = Shape::new(1, 5).unwrap();
    let weights = Weights::new(small, &[1.0; 5]).unwrap();
    assert_eq!(
        Frame::new(&[0.0; 6], labels).unwrap().with_weights(weights).unwrap_err(),
        Error::Length { expected: 6, found: 5 }
    );
    let mut confusion = Confusion::<2>::new(IGNORE);
    assert_eq!(confusion.push_row(&[0; 5], &[0; 6]), length);
}

#[test]
fn thresholds_agree_with_logits() {
    let mut all = vec![Quantiser::probabilities()];
    for zero_point in [-128, -1, 0, 15, 127] {
        all.push(Quantiser::logits(Encoding::Signed, 0.1, zero_point).unwrap());
        all.push(Quantiser::logits(Encoding::Unsigned, 0.1, zero_point + 128).unwrap());
    }
    for quantiser in all {
        for index in 0..=255 {
            assert_eq!(quantiser.logit(index) > 0.0, index > quantiser.threshold(), "{quantiser:?} {index}");
        }
    }
    // Their logarithm is -100, as that of any probability that is 0.
    assert_eq!([0, 255].map(|index| Quantiser::probabilities().logit(index)), [-100.0, 100.0]);
}

#[cfg(feature = "adapter")]
#[test]
fn undefined_is_told() {
    let shape = Shape::new(1, 2).unwrap();
    let quantiser = Quantiser::logits(Encoding::Signed, 10.0, 0).unwrap();
    let table = SigmoidTable::new(&quantiser);
    let dice = Dice::new(Smooth::NONE);
    let both = Weighted::new(1.0, CrossEntropy::MEAN, 1.0, dice).unwrap();
    // No foreground and none predicted: 0/0 without smoothing.
    let frame = Frame::new(&[-200.0; 2], Labels::new(shape, &[0; 2], IGNORE).unwrap()).unwrap();
    let mut gradient = [1.0; 2];
    assert_eq!(dice.value_and_gradient(&frame, &mut [], &mut gradient).unwrap(), Evaluation::UNDEFINED);
    assert_eq!(gradient, [0.0; 2]);
    assert!(!both.value(&frame, &mut []).unwrap().undefined, "one part is defined");
    let mut sketch = Sketch::<u32>::new(&quantiser);
    for (name, loss) in binary_losses() {
        if let Ok(found) = loss.sketch_value(&sketch, &table) {
            assert_eq!(found, Evaluation::UNDEFINED, "{name} of nothing");
        }
    }
    sketch.push_row(&[-128i8], &[0]);
    assert_eq!(dice.sketch_value(&sketch, &table), Ok(Evaluation::UNDEFINED));
    assert!(!both.sketch_value(&sketch, &table).unwrap().undefined);
    // A perfect prediction: a loss of zero and no slope, although a power below one has none there.
    let frame = Frame::new(&[200.0; 2], Labels::new(shape, &[1; 2], IGNORE).unwrap()).unwrap();
    let perfect = FocalTversky::new(Tversky::new(0.5, 0.5, Smooth::NONE).unwrap(), 0.75).unwrap();
    let found = perfect.value_and_gradient(&frame, &mut [], &mut gradient).unwrap();
    assert_eq!((found.value, found.undefined, gradient), (0.0, false, [0.0; 2]));
    // Weighted Lovász without foreground is the worst pixel, without any weight undefined.
    let frame = Frame::new(&[0.5, 2.0], Labels::new(shape, &[0; 2], IGNORE).unwrap()).unwrap();
    for (weights, expected) in [([2.0, 1.0], (3.0, false)), ([0.0; 2], (0.0, true))] {
        let frame = frame.with_weights(Weights::new(shape, &weights).unwrap()).unwrap();
        let mut scratch = vec![0; LovaszHinge::scratch_len(2)];
        let found = LovaszHinge.value(&frame, &mut scratch).unwrap();
        assert_eq!((found.value, found.undefined), expected);
    }
}

#[cfg(feature = "adapter")]
#[test]
fn weight_multiplies_the_gradient_of_a_sketch() {
    let quantiser = Quantiser::logits(Encoding::Signed, 0.1, 0).unwrap();
    let table = SigmoidTable::new(&quantiser);
    let mut sketch = Sketch::<u32>::new(&quantiser);
    sketch.push_row(&[-20i8, 3, 5, 40], &[1, 0, 1, 0]);
    let check =
        |a: f32, b: f32, what: &str| assert!((a - 0.5 * b).abs() <= 1e-6 * b.abs(), "{what}: {a} {b}");
    for (name, loss) in binary_losses() {
        let gradient = |weight| {
            let mut t = GradientTable::default();
            // What depends on where pixels are leaves the table as it is.
            let _ = loss.accumulate_sketch(&sketch, &table, weight, Some(&mut t));
            t
        };
        let (half, one) = (gradient(0.5), gradient(1.0));
        for index in 0..=255 {
            for label in 0..2 {
                check(half.at(label, index), one.at(label, index), &name);
            }
        }
    }
    // Scratch of either part counts.
    let shape = Shape::new(1, 2).unwrap();
    let frame = Frame::new(&[0.5, 2.0], Labels::new(shape, &[0, 1], IGNORE).unwrap()).unwrap();
    let loss = Weighted::new(1.0, LovaszHinge, 1.0, CrossEntropy::MEAN).unwrap();
    assert!(loss.value(&frame, &mut vec![0; loss.scratch_len(shape)]).is_ok());
}

#[test]
fn ties_of_a_sketch_go_to_foreground_first() {
    let quantiser = Quantiser::logits(Encoding::Signed, 0.5, 0).unwrap();
    let (table, mut sketch) = (SigmoidTable::new(&quantiser), Sketch::<u32>::new(&quantiser));
    // One error of 1 on each side.
    sketch.push_row(&[0i8, 0], &[1, 0]);
    let mut gradient = GradientTable::default();
    LovaszHinge.accumulate_sketch(&sketch, &table, 1.0, Some(&mut gradient)).unwrap();
    assert_eq!((gradient.at(1, 128), gradient.at(0, 128)), (-1.0, 0.0));
}

#[cfg(feature = "adapter")]
#[test]
fn not_a_number_is_told_where_it_is_scored_and_only_there() {
    let shape = Shape::new(2, 9).unwrap();
    let (mut logits, mut ids) = Random(5).frame(shape.pixels(), 3.0);
    ids[4] = 0;
    ids[10] = 1;
    let clean = logits.clone();
    (logits[4], logits[10]) = (f32::NAN, f32::INFINITY);
    let mut weights = vec![1.0; 18];
    let labels = Labels::new(shape, &ids, IGNORE).unwrap();
    for (name, loss) in binary_losses() {
        let found = segmeter_tests::value(&loss, Frame::new(&logits, labels).unwrap()).unwrap();
        assert!(found.value.is_nan() && !found.undefined, "{name}: {found:?}");
        (weights[4], weights[10]) = (0.0, 0.0);
        let weighted = Weights::new(shape, &weights).unwrap();
        let [spoilt, clean] = [&logits, &clean].map(|logits| {
            let frame = Frame::new(logits, labels).unwrap().with_weights(weighted).unwrap();
            let mut gradient = vec![0.0; 18];
            let value = segmeter_tests::value_and_gradient(&loss, frame, &mut gradient).unwrap().value;
            gradient.push(value);
            gradient.iter().map(|x| x.to_bits() & 0x7fff_ffff).collect::<Vec<_>>()
        });
        assert_eq!(spoilt, clean, "{name}");
    }
}

#[test]
fn whole_powers_up_to_eight() {
    let frame = Frame::new(&[1.0], Labels::new(Shape::new(1, 1).unwrap(), &[0], IGNORE).unwrap()).unwrap();
    let p = 1.0 / (1.0 + (-1.0f64).exp());
    for focusing in [1.0, 2.0, 4.0, 5.0, 7.5, 8.0f32] {
        let found = Focal::new(focusing, 1.0, 1.0).unwrap().value(&frame, &mut []).unwrap().value;
        let expected = p.powf(focusing.into()) * -(1.0 - p).ln();
        assert!(close(f64::from(found), expected, 2e-6), "{focusing}: {found} {expected}");
    }
}

#[test]
fn certain_pixels_are_in_the_last_bin() {
    let quantiser = Quantiser::logits(Encoding::Signed, 10.0, 0).unwrap();
    let (table, mut sketch) = (SigmoidTable::new(&quantiser), Sketch::<u32>::new(&quantiser));
    sketch.push_row(&[127i8], &[1]);
    for confidence in [Confidence::TopLabel, Confidence::Positive] {
        let calibration = Calibration::new(&sketch, &table, confidence);
        assert_eq!((calibration.bins[14].pixels, calibration.expected_error()), (1, Some(0.0)));
    }
}

#[test]
fn confusion_counts_stop_at_their_largest() {
    let mut confusion = Confusion::<2>::new(IGNORE);
    confusion.push_row(&[1], &[1]).unwrap();
    for _ in 0..65 {
        let copy = confusion.clone();
        confusion.merge(&copy);
    }
    assert_eq!(confusion.counts()[1][1], u64::MAX);
}

/// What labels hold: both sides of the class, and what of them is scored.
#[test]
fn labels_are_counted() {
    let shape = Shape::new(2, 3).unwrap();
    let labels = Labels::new(shape, &[1, 0, 255, 0, 0, 255], 255).unwrap();
    assert_eq!((labels.foreground(), labels.background(), labels.valid()), (1, 3, 4));
}
