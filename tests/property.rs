//! What must hold for any input: gradients are derivatives, parts add up to the whole, order does not matter.
#![allow(clippy::float_cmp, reason = "equal to the last bit is what these tests are about")]
#![allow(clippy::disallowed_methods, reason = "the reference is a computation of its own")]

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use segmeter::catalogue::ChosenLoss;
use segmeter_core::Error;
use segmeter_core::loss::Loss as _;
use segmeter_core::metric::calibration::{
    Bin, Edges, EqualMass, expected_error, maximum_error, root_mean_square_error, steps,
};
use segmeter_core::metric::{Confidence, Confusion, Reliability, threshold};
use segmeter_core::num::{ExactSum, Q16};
use segmeter_core::sketch::{GradientTable, SigmoidTable, Sketch};
use segmeter_core::view::{
    Encoding, Frame, IGNORE, Labels, Mask, Quantised, Quantiser, Shape, Weights, bits,
};
use segmeter_tests::{Random, accumulate, binary_losses, depends_on_place, value_and_gradient};

/// A frame that owns its data.
struct Owned {
    shape: Shape,
    logits: Vec<f32>,
    ids: Vec<u8>,
}

impl Owned {
    fn random(seed: u64, height: u32, width: u32, spread: f32) -> Self {
        let shape = Shape::new(height, width).unwrap();
        let (logits, ids) = Random(seed | 1).frame(shape.pixels(), spread);
        Self { shape, logits, ids }
    }
    fn labels(&self) -> Labels<'_> {
        Labels::new(self.shape, &self.ids, IGNORE).unwrap()
    }
    fn frame(&self) -> Frame<'_> {
        Frame::new(&self.logits, self.labels()).unwrap()
    }
}

fn value(loss: &ChosenLoss, frame: &Frame<'_>) -> f32 {
    segmeter_tests::value(loss, *frame).unwrap().value
}

fn gradient(loss: &ChosenLoss, frame: &Frame<'_>) -> Vec<f32> {
    let mut gradient = vec![0.0; frame.shape().pixels()];
    value_and_gradient(loss, *frame, &mut gradient).unwrap();
    gradient
}

/// The same cases every time; `SEGMETER_LONG=1` tries more, and others each time.
fn config() -> ProptestConfig {
    let long = std::env::var_os("SEGMETER_LONG").is_some();
    let (cases, rng_seed) = if long { (256, RngSeed::Random) } else { (24, RngSeed::Fixed(0x5e9_3e7e2)) };
    ProptestConfig { cases, rng_seed, ..ProptestConfig::default() }
}

/// Pixels and hits of ten bins and a hidden one, and the calibration error, from probabilities in `f64`; less than
/// 2^-24 from 0 or 1 is that, as in `1 / (1 + e^-z)` of `f32`.
fn bins_by_hand(pixels: &[(i8, u8)], edges: Edges) -> ([(u64, u64); 11], f64) {
    let (mut counts, mut sums, mut scored) = ([(0, 0); 11], [0.0; 11], 0.0);
    for (code, label) in pixels {
        let z = f64::from(0.2_f32 * (f32::from(*code) + 7.0));
        let least = 0.5_f64.powi(24);
        let p = match 1.0 / (1.0 + (-z).exp()) {
            p if p < least => 0.0,
            p if p > 1.0 - least => 1.0,
            p => p,
        };
        let place = match edges {
            Edges::Closed => ((p * 10.0) as usize).min(9),
            Edges::Torchmetrics => (p * 10.0) as usize,
            Edges::MetricsReloaded if p > 0.0 => (p * 10.0).ceil() as usize - 1,
            Edges::MetricsReloaded => continue,
        };
        counts[place].0 += 1;
        counts[place].1 += u64::from(*label);
        sums[place] += p - f64::from(*label);
        scored += 1.0;
    }
    (counts, sums.iter().map(|sum: &f64| sum.abs()).sum::<f64>() / f64::max(scored, 1.0))
}

proptest! {
    #![proptest_config(config())]

    /// Rows add up exactly: their order does not change a bit of value or gradient (without Lovász, whose ties
    /// follow the order of pixels, only the value).
    #[test]
    fn order_of_rows_does_not_matter(seed: u64, height in 2u32..9, width in 1u32..40) {
        let owned = Owned::random(seed, height, width, 8.0);
        let width = width as usize;
        let reversed = Owned {
            shape: owned.shape,
            logits: owned.logits.chunks(width).rev().flatten().copied().collect(),
            ids: owned.ids.chunks(width).rev().flatten().copied().collect(),
        };
        for (name, loss) in binary_losses().filter(|(name, loss)| !depends_on_place(name, loss)) {
            prop_assert_eq!(value(&loss, &owned.frame()).to_bits(), value(&loss, &reversed.frame()).to_bits(), "{}", name);
        }
    }

    /// A weight of zero is an ignored pixel; doubling all weights changes no mean.
    #[test]
    fn weights(seed: u64, height in 1u32..6, width in 1u32..40) {
        let owned = Owned::random(seed, height, width, 6.0);
        let mut random = Random(seed.rotate_left(7) | 1);
        let weights: Vec<f32> = owned.ids.iter().map(|_| f32::from(random.uniform() < 0.7)).collect();
        let ids: Vec<u8> =
            owned.ids.iter().zip(&weights).map(|(id, w)| if *w == 0.0 { IGNORE } else { *id }).collect();
        let weighted = owned.frame().with_weights(Weights::new(owned.shape, &weights).unwrap()).unwrap();
        let ignored = Owned { shape: owned.shape, logits: owned.logits.clone(), ids };
        for (name, loss) in binary_losses() {
            prop_assert_eq!(value(&loss, &weighted).to_bits(), value(&loss, &ignored.frame()).to_bits(), "{}", name);
            for (a, b) in gradient(&loss, &weighted).iter().zip(gradient(&loss, &ignored.frame())) {
                prop_assert!((a - b).abs() <= 1e-6 * b.abs(), "{name}: {a} {b}");
            }
        }
    }

    /// The sketch is the frame: same value, same gradient (Lovász spreads ties its own way).
    #[test]
    fn a_sketch_is_the_frame(seed: u64, scale in 0.01f32..0.8, zero_point in -128i32..128, height in 1u32..20) {
        let owned = Owned::random(seed, height, 37, 128.0);
        let codes: Vec<i8> = owned.logits.iter().map(|z| *z as i8).collect();
        let quantiser = Quantiser::logits(Encoding::Signed, scale, zero_point).unwrap();
        let quantised = Quantised::new(owned.shape, &codes, quantiser).unwrap();
        let mut logits = vec![0.0; codes.len()];
        quantised.dequantise(&mut logits).unwrap();
        let dequantised = Owned { shape: owned.shape, logits, ids: owned.ids.clone() };
        let frame = dequantised.frame();
        let sketch = Sketch::of(&quantised, Some(&dequantised.labels())).unwrap();
        let table = SigmoidTable::new(&quantiser);
        for (name, loss) in binary_losses() {
            let mut lut = GradientTable::default();
            let Ok(found) = loss.accumulate_sketch(&sketch, &table, 1.0, Some(&mut lut)) else { continue };
            let a = found.value;
            let b = value(&loss, &frame);
            // The difference of two parts: what it is held to is theirs.
            let part = if name.starts_with("combo") { 0.5 } else { 0.0 };
            prop_assert!((a - b).abs() <= 1e-6 * b.abs() + 1e-7 * part + 1e-44, "{name}: sketch {a:e}, frame {b:e}");
            let mut looked_up = vec![0.0; codes.len()];
            lut.add_to(&quantised, &dequantised.labels(), &mut looked_up).unwrap();
            let direct = gradient(&loss, &frame);
            let largest = direct.iter().fold(0.0f32, |a, g| a.max(g.abs()));
            let sorts = ["lovasz", "weighted", "top_k", "ohem"].iter().any(|part| name.contains(part));
            if !sorts {
                for (a, b) in looked_up.iter().zip(&direct) {
                    prop_assert!((a - b).abs() <= 1e-5 * largest + 1e-44, "{name}: {a:e} {b:e}");
                }
            }
        }
    }

    /// No finite input gives a result that is not.
    #[test]
    fn finite_in_finite_out(seed: u64, exponent in -10i32..128, label in 0u8..4) {
        let mut owned = Owned::random(seed, 3, 11, 1.0);
        for logit in &mut owned.logits {
            *logit *= 2.0f32.powi(exponent);
        }
        if label < 3 {
            owned.ids.fill([0, 1, IGNORE][usize::from(label)]);
        }
        for (name, loss) in binary_losses() {
            // The value of a hinge or cross-entropy of logits near `f32::MAX` may pass `f32::MAX` itself.
            if exponent < 100 {
                prop_assert!(value(&loss, &owned.frame()).is_finite(), "{name}");
            }
            prop_assert!(gradient(&loss, &owned.frame()).iter().all(|g| g.is_finite()), "{name}");
        }
    }

    /// Any order and any grouping of terms gives the same sum, and it is the true one.
    #[test]
    fn exact_sums(terms in prop::collection::vec(any::<f32>(), 0..60), cut in 0usize..60) {
        let finite: Vec<f32> = terms.into_iter().filter(|x| x.is_finite()).collect();
        let sum = |terms: &[f32]| terms.iter().fold(ExactSum::default(), |mut sum, x| { sum.add(*x); sum });
        let whole = sum(&finite);
        let (a, b) = finite.split_at(cut.min(finite.len()));
        let mut merged = sum(b);
        merged.merge(&sum(a));
        prop_assert_eq!(&whole, &merged);
        let negated: Vec<f32> = finite.iter().rev().map(|x| -x).collect();
        merged.merge(&sum(&negated));
        prop_assert_eq!(merged.value(), 0.0);
        prop_assert_eq!(&merged, &ExactSum::default());
        // Against integers: the same terms as multiples of 2^-20.
        let small: Vec<f32> = finite.iter().map(|x| (x.to_bits() >> 8) as f32 / 1_048_576.0).collect();
        let expected: i64 = small.iter().map(|x| (f64::from(*x) * 1_048_576.0) as i64).sum();
        prop_assert_eq!(sum(&small).value(), expected as f64 / 1_048_576.0);
    }

    /// Bit-packed labels are labels.
    #[test]
    fn packed_rows(pixels in prop::collection::vec((any::<i8>(), 0u8..3), 0..70)) {
        let quantiser = Quantiser::logits(Encoding::Signed, 0.1, 0).unwrap();
        let (codes, labels): (Vec<i8>, Vec<u8>) =
            pixels.iter().map(|(c, l)| (*c, if *l == 2 { IGNORE } else { *l })).unzip();
        let pack = |set: &dyn Fn(u8) -> bool| -> Vec<u8> {
            labels.chunks(8).map(|c| c.iter().enumerate().fold(0, |b, (i, l)| b | (u8::from(set(*l)) << i))).collect()
        };
        let (mut packed, mut plain) = (Sketch::<u32>::new(&quantiser), Sketch::<u32>::new(&quantiser));
        packed.push_packed_row(&codes, &pack(&|l| l == 1), &pack(&|l| l != IGNORE));
        plain.push_row(&codes, &labels);
        prop_assert_eq!(packed, plain);
    }

    /// AUROC is the share of pairs in the right order, by counting pairs.
    #[test]
    fn auroc_counts_pairs(pixels in prop::collection::vec((any::<i8>(), 0u8..2), 0..60)) {
        let quantiser = Quantiser::logits(Encoding::Signed, 0.1, 3).unwrap();
        let mut sketch = Sketch::<u32>::new(&quantiser);
        let (codes, labels): (Vec<i8>, Vec<u8>) = pixels.iter().copied().unzip();
        sketch.push_row(&codes, &labels);
        let side = |label: u8| pixels.iter().filter(move |(_, l)| *l == label).map(|(c, _)| *c);
        let (mut twice, mut pairs) = (0, 0);
        for positive in side(1) {
            for negative in side(0) {
                twice += match positive.cmp(&negative) { std::cmp::Ordering::Less => 0, std::cmp::Ordering::Equal => 1, std::cmp::Ordering::Greater => 2 };
                pairs += 2;
            }
        }
        let expected = (pairs != 0).then(|| f64::from(twice) / f64::from(pairs));
        prop_assert_eq!(threshold::auroc(&sketch), expected);
    }

    /// The bins of a sketch are those of its pixels one by one, in parts that are merged.
    #[test]
    fn bins_of_pixels_are_those_of_their_sketch(mut pixels in prop::collection::vec((any::<i8>(), 0u8..2), 0..60), part in 0usize..60) {
        let quantiser = Quantiser::logits(Encoding::Signed, 0.2, -7).unwrap();
        let (mut sketch, table) = (Sketch::<u32>::new(&quantiser), SigmoidTable::new(&quantiser));
        // Saturated codes are likely, so that a confidence of one is.
        pixels.iter_mut().for_each(|(code, _)| *code = code.saturating_mul(2));
        pixels.sort_unstable();
        let (codes, labels): (Vec<i8>, Vec<u8>) = pixels.iter().copied().unzip();
        sketch.push_row(&codes, &labels);
        let pixel = |(code, label): (i8, u8)| {
            let index = usize::from(code as u8 ^ 0x80);
            (steps(table.probability[index], table.complement[index]).0, u64::from(label))
        };
        for edges in [Edges::Closed, Edges::Torchmetrics, Edges::MetricsReloaded] {
            let of = |pixels: &[(i8, u8)]| {
                let mut bins = [Bin::default(); 11];
                for (confidence, hit) in pixels.iter().copied().map(pixel) {
                    if let Some(place) = edges.place(10, confidence) {
                        bins[place].push(1, hit, confidence);
                    }
                }
                bins
            };
            let (first, second) = pixels.split_at(part.min(pixels.len()));
            let mut bins = of(first);
            bins.iter_mut().zip(&of(second)).for_each(|(bin, other)| bin.merge(other));
            let whole = Reliability::<10>::with_edges(&sketch, &table, Confidence::Positive, edges);
            prop_assert_eq!(&bins[..10], &whole.bins);
            prop_assert_eq!(expected_error(bins.iter()), whole.expected_error());
            prop_assert_eq!(maximum_error(bins.iter()), whole.maximum_error());
            prop_assert_eq!(root_mean_square_error(bins.iter()), whole.root_mean_square_error());
            let (counts, error) = bins_by_hand(&pixels, edges);
            prop_assert_eq!(bins.map(|bin| (bin.pixels, bin.hits)), counts);
            prop_assert!((expected_error(bins.iter()).unwrap_or(0.0) - error).abs() < 1e-6);
        }
        let (mut mass, mut bins, mut counts) =
            (EqualMass::new(pixels.len() as u128), [Bin::default(); 4], [0; 4]);
        let mut places = (0..pixels.len()).map(|place| place as f64 + 0.5);
        for same in pixels.chunk_by(|a, b| a.0 == b.0) {
            let hits = same.iter().map(|(_, label)| u64::from(*label)).sum();
            let place = mass.place(4, same.len() as u64);
            bins[place].push(same.len() as u64, hits, pixel(same[0]).0);
            // Where the mean of their places in the order is.
            let middle = places.by_ref().take(same.len()).sum::<f64>() / same.len() as f64;
            counts[(middle * 4.0 / pixels.len() as f64) as usize] += same.len() as u64;
        }
        prop_assert_eq!(bins.map(|bin| bin.pixels), counts);
        prop_assert_eq!(bins, Reliability::<4>::equal_mass(&sketch, &table, Confidence::Positive).bins);
    }

    /// A confusion matrix of a sketch is that of its thresholded pixels.
    #[test]
    fn confusion_of_a_sketch(pixels in prop::collection::vec((any::<i8>(), 0u8..4), 1..80), zero_point in -128i32..128) {
        let quantiser = Quantiser::logits(Encoding::Signed, 0.1, zero_point).unwrap();
        let (codes, labels): (Vec<i8>, Vec<u8>) =
            pixels.iter().map(|(c, l)| (*c, if *l > 1 { IGNORE } else { *l })).unzip();
        let mut sketch = Sketch::<u32>::new(&quantiser);
        sketch.push_row(&codes, &labels);
        let predictions: Vec<u8> = codes.iter().map(|c| u8::from(i32::from(*c) > zero_point)).collect();
        let mut direct = Confusion::<2>::new(IGNORE);
        direct.push_row(&predictions, &labels).unwrap();
        prop_assert_eq!(Confusion::of_sketch(&sketch, &SigmoidTable::new(&quantiser)), direct);
    }

    /// Fixed-point arithmetic against `f64`, to half a step; saturation instead of wrapping.
    #[test]
    fn fixed_point(a: i32, b: i32, n: i32, d in 1u32..) {
        let step = |q: Q16| f64::from(q.raw());
        let near = |found: Q16, exact: f64| {
            (step(found) - exact.clamp(-f64::from(i32::MAX), f64::from(i32::MAX))).abs() <= 0.5 + 1e-6
        };
        let (x, y) = (Q16::from_raw(a), Q16::from_raw(b));
        prop_assert!(near(x.times(y), f64::from(a) * f64::from(b) / 65536.0));
        prop_assert!(near(Q16::ratio(i64::from(n), u64::from(d)), f64::from(n) / f64::from(d) * 65536.0));
        if b != 0 {
            prop_assert!(near(x.over(y), f64::from(a) / f64::from(b) * 65536.0));
        }
        // Rounded down: the largest step whose square is not above.
        let (root, whole) = (i128::from(x.root().raw()), i128::from(a.max(0)) << 16);
        prop_assert!(root * root <= whole && (root + 1) * (root + 1) > whole);
    }
}

/// Every refusal names its reason, and a refused call leaves the gradient as it was.
#[test]
fn refusals() {
    let shape = Shape::new(2, 3).unwrap();
    assert_eq!(Shape::new(0, 4), Err(Error::Shape));
    assert_eq!(Shape::new(1 << 16, 1 << 16), Err(Error::Shape));
    let ids = [0, 1, 255, 0, 1, 1];
    let wrong = [0, 1, 7, 0, 1, 1];
    assert_eq!(Labels::new(shape, &wrong, IGNORE).unwrap_err(), Error::ClassId { found: 7, pixel: 2 });
    assert_eq!(Labels::new(shape, &ids[..5], IGNORE).unwrap_err(), Error::Length { expected: 6, found: 5 });
    assert_eq!(Labels::new(shape, &ids, 1).unwrap_err(), Error::Parameter("ignore"));
    for bad in [-1.0, f32::NAN, f32::INFINITY] {
        let weights = [1.0, 1.0, 1.0, 1.0, bad, 1.0];
        assert_eq!(Weights::new(shape, &weights).unwrap_err(), Error::Weight { pixel: 4 });
    }
    let labels = Labels::new(shape, &ids, IGNORE).unwrap();
    assert_eq!(Frame::new(&[0.0; 7], labels).unwrap_err(), Error::Length { expected: 6, found: 7 });
    let frame = Frame::new(&[0.5; 6], labels).unwrap();
    for (name, loss) in binary_losses() {
        let need = loss.scratch_len(Shape::new(2, 3).unwrap());
        let mut gradient = [3.0; 6];
        // Every scratch that is too short.
        for len in [0, 1, need / 2, need.saturating_sub(1)] {
            if len >= need {
                continue;
            }
            let mut scratch = vec![0; len];
            let refused = accumulate(&loss, &frame.into(), 1.0, &mut scratch, Some(&mut gradient));
            assert_eq!(refused, Err(Error::Scratch { need }), "{name}");
            assert_eq!(gradient, [3.0; 6], "{name}");
        }
        let refused = value_and_gradient(&loss, frame, &mut [0.0; 5]);
        assert_eq!(refused, Err(Error::Length { expected: 6, found: 5 }), "{name}");
    }
}

/// An ignore id whose low bits look like a class must not be counted as one.
#[test]
fn ignore_ids() {
    let shape = Shape::new(1, 4).unwrap();
    let quantiser = Quantiser::logits(Encoding::Unsigned, 0.1, 128).unwrap();
    let codes = [10u8, 200, 130, 0];
    for ignore in 2..=255 {
        let ids = [0, 1, ignore, ignore];
        let labels = Labels::new(shape, &ids, ignore).unwrap();
        let frame = Quantised::new(shape, &codes, quantiser).unwrap();
        let sketch = Sketch::of(&frame, Some(&labels)).unwrap();
        assert_eq!((sketch.labelled(0), sketch.labelled(1), sketch.pixels()), (1, 1, 4), "ignore {ignore}");
    }
}

#[test]
fn packed_masks() {
    let shape = Shape::new(2, 10).unwrap();
    let mask = Mask::new(shape, &[0b1000_0001, 0b0000_0010, 0xff, 0xff]).unwrap();
    let rows: Vec<Vec<bool>> = mask.rows().map(Iterator::collect).collect();
    let set = |row: &[bool]| row.iter().enumerate().filter(|(_, b)| **b).map(|(i, _)| i).collect::<Vec<_>>();
    assert_eq!((set(&rows[0]), rows[1].len()), (vec![0, 7, 9], 10));
    assert_eq!(bits(&[4]).position(|b| b), Some(2));
    assert!(Mask::new(shape, &[0; 3]).is_err());
}

/// Counters stop at their largest value and say so.
#[test]
fn saturation() {
    let quantiser = Quantiser::probabilities();
    let mut sketch = Sketch::<u32>::new(&quantiser);
    sketch.push_unlabelled(&[7u8]);
    let mut sum = sketch.clone();
    for _ in 0..31 {
        let copy = sum.clone();
        sum.merge(&copy).unwrap();
    }
    assert!(!sum.saturated());
    let copy = sum.clone();
    sum.merge(&copy).unwrap();
    assert!(sum.saturated());
    assert_eq!(sum.pixels_at(7), u64::from(u32::MAX));
    let mut wide = Sketch::<u64>::new(&quantiser);
    wide.merge(&copy).unwrap();
    wide.merge(&copy).unwrap();
    assert_eq!((wide.pixels_at(7), wide.saturated()), (1 << 32, false));
}
