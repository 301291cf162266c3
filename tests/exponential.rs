//! The exponential-logarithmic loss as a road project with one output channel calls it: all that is known to fail
//! elsewhere, and value and gradient against `f64` where other forms lose their digits or give NaN.
#![allow(clippy::disallowed_methods, reason = "the reference is a computation of its own")]

use segmeter::catalogue::{ChosenLoss, Setting, Settings};
use segmeter_core::Error;
use segmeter_core::loss::{ClassAveraging, ExponentialLogarithmic, Loss};
use segmeter_core::view::{Frame, IGNORE, Labels, Layout, Shape, Weights};
use segmeter_tests::{Random, close, value, value_and_gradient};

const LOSS: ExponentialLogarithmic = ExponentialLogarithmic::PAPER;

/// The formula in `f64`.
struct Oracle<'a> {
    logits: &'a [f32],
    ids: &'a [u8],
    weights: &'a [f32],
    class_weights: [f64; 2],
    smooth: f64,
    background: bool,
}

impl<'a> Oracle<'a> {
    fn paper(logits: &'a [f32], ids: &'a [u8]) -> Self {
        Self { logits, ids, weights: &[], class_weights: [1.0; 2], smooth: 1.0, background: true }
    }

    /// Of every pixel that counts: its place, its weight, its class, and its logit.
    fn pixels(&self) -> impl Iterator<Item = (usize, f64, usize, f64)> {
        let weight = |pixel: usize| self.weights.get(pixel).map_or(1.0, |weight| f64::from(*weight));
        let all = self.logits.iter().zip(self.ids).enumerate().filter(|(_, (_, id))| **id != IGNORE);
        all.map(move |(pixel, (z, id))| (pixel, weight(pixel), usize::from(*id), f64::from(*z)))
    }

    /// `-ln D` to the power of 0.3 of a class; its derivative with respect to a probability on the class and off it.
    fn dice(&self, class: usize) -> (f64, [f64; 2]) {
        let (mut both, mut errors) = (0.0, 0.0);
        for (_, weight, id, z) in self.pixels() {
            let z = if class == 1 { z } else { -z };
            let (p, q) = (1.0 / (1.0 + (-z).exp()), 1.0 / (1.0 + z.exp()));
            both += if id == class { weight * p } else { 0.0 };
            errors += weight * if id == class { q } else { p };
        }
        let union = 2.0 * both + errors + self.smooth;
        let (score, loss) = ((2.0 * both + self.smooth) / union, errors / union);
        // The logarithm of a score near 1 from how much is missing.
        let log = if loss < 0.5 { -(-loss).ln_1p() } else { -score.ln() };
        if log == 0.0 {
            return (0.0, [0.0; 2]);
        }
        let outer = 0.3 * log.powf(-0.7) / score / union;
        (log.powf(0.3), [outer * (score - 2.0), outer * score])
    }

    fn evaluate(&self) -> (f64, Vec<f64>) {
        let classes = if self.background { 0..2 } else { 1..2 };
        let total: f64 = classes.clone().map(|class| self.class_weights[class]).sum();
        let (mut sizes, mut divisor) = ([0.0; 2], 0.0);
        for (_, weight, id, _) in self.pixels() {
            sizes[id] += weight;
            divisor += weight * self.class_weights[id];
        }
        let (mut value, mut gradient) = (0.0, vec![0.0; self.logits.len()]);
        for class in classes.filter(|class| self.class_weights[*class] > 0.0) {
            let (power, slopes) = self.dice(class);
            let share = 0.8 * self.class_weights[class] / total;
            value += share * power;
            for (pixel, weight, id, z) in self.pixels() {
                let product = 1.0 / (1.0 + (-z).exp()) / (1.0 + z.exp());
                let sign = if class == 1 { 1.0 } else { -1.0 };
                gradient[pixel] += share * weight * sign * product * slopes[usize::from(id != class)];
            }
        }
        for (pixel, weight, id, z) in self.pixels() {
            let margin = if id == 1 { z } else { -z };
            let log = (-margin).max(0.0) + (-margin.abs()).exp().ln_1p();
            let rare = ((sizes[0] + sizes[1]) / sizes[id]).sqrt();
            let share = 0.2 * weight * self.class_weights[id] * rare / divisor;
            value += share * log.powf(0.3);
            let error = 1.0 / (1.0 + margin.exp());
            if log > 0.0 {
                gradient[pixel] += share * 0.3 * log.powf(-0.7) * if id == 1 { -error } else { error };
            }
        }
        (value, gradient)
    }

    /// The loss is this, with its gradient.
    fn check(&self, what: &str, found: (f32, Vec<f32>)) {
        let (value, gradient) = self.evaluate();
        assert!(close(f64::from(found.0), value, 1e-6), "{what}: {:e}, expected {value:e}", found.0);
        let largest = gradient.iter().fold(0.0f64, |a, g| a.max(g.abs()));
        assert_eq!(found.1.len(), gradient.len());
        for (place, (g, expected)) in found.1.iter().zip(&gradient).enumerate() {
            let error = (f64::from(*g) - expected).abs();
            assert!(
                error <= 1e-5 * largest,
                "{what} at {place}: {g:e}, expected {expected:e}, largest {largest:e}"
            );
        }
    }
}

fn row(pixels: usize) -> Shape {
    Shape::new(1, pixels as u32).unwrap()
}

fn of_frame(loss: &impl Loss, frame: &Frame<'_>) -> (f32, Vec<f32>) {
    let mut gradient = vec![f32::NAN; frame.scores().len()];
    let found = loss.value_and_gradient(frame, &mut [], &mut gradient).unwrap();
    (found.value, gradient)
}

fn evaluate(logits: &[f32], ids: &[u8]) -> (f32, Vec<f32>) {
    of_frame(&LOSS, &Frame::new(logits, Labels::new(row(ids.len()), ids, IGNORE).unwrap()).unwrap())
}

/// Some road under a network that is not sure.
fn ordinary() -> (Vec<f32>, Vec<u8>) {
    Random(12).frame(70, 4.0)
}

fn settings(text: &str) -> Settings {
    serde_json::from_str(text).unwrap()
}

/// "Two required arguments": none are, and one channel is enough.
#[test]
fn it_is_called_like_the_other_losses() {
    let (logits, ids) = ordinary();
    Oracle::paper(&logits, &ids).check("as it is", evaluate(&logits, &ids));
    let labels = Labels::new(row(70), &ids, IGNORE).unwrap();
    let frame = Frame::new(&logits, labels).unwrap();
    let by_name = ChosenLoss::new("exponential_logarithmic", &Settings::new()).unwrap();
    assert_eq!(value(&by_name, frame).unwrap(), LOSS.value(&frame, &mut []).unwrap());
    // Two channels with logits 0 and z are the same network.
    let two: Vec<f32> = vec![0.0; 70].into_iter().chain(logits.iter().copied()).collect();
    let frame = Frame::<3>::multiclass(row(70), 2, Layout::Planar, &two, &ids, IGNORE).unwrap();
    let mut gradient = vec![0.0; 140];
    let value = LOSS.value_and_gradient(&frame, &mut [], &mut gradient).unwrap().value;
    Oracle::paper(&logits, &ids).check("two channels", (value, gradient[70..].to_vec()));
}

/// "Cannot assign a list as a weight": weights are slices of numbers, from wherever.
#[test]
fn weights_are_plain_numbers() {
    let (logits, ids) = ordinary();
    let frame = Frame::new(&logits, Labels::new(row(70), &ids, IGNORE).unwrap()).unwrap();
    let (array, list): ([f32; 2], Vec<f32>) = ([0.2, 0.8], (0..70).map(|i| 0.25 * (i % 5) as f32).collect());
    let class_weights = [f64::from(array[0]), f64::from(array[1])];
    let weighted = frame.with_class_weights(&array).unwrap();
    Oracle { class_weights, ..Oracle::paper(&logits, &ids) }.check("classes", of_frame(&LOSS, &weighted));
    let weighted = weighted.with_weights(Weights::new(row(70), &list).unwrap()).unwrap();
    Oracle { class_weights, weights: &list, ..Oracle::paper(&logits, &ids) }
        .check("classes and pixels", of_frame(&LOSS, &weighted));
    assert_eq!(frame.with_class_weights(&[1.0]).unwrap_err(), Error::Length { expected: 2, found: 1 });
    assert_eq!(frame.with_class_weights(&[0.2, f32::NAN]).unwrap_err(), Error::Parameter("class_weights"));
}

/// "The mean of no class is NaN": without background there is the foreground.
#[test]
fn one_channel_without_background() {
    let (logits, ids) = ordinary();
    let frame = Frame::new(&logits, Labels::new(row(70), &ids, IGNORE).unwrap()).unwrap();
    let of_road = LOSS.with(ClassAveraging::DEFAULT.with_background(false));
    let by_name = ChosenLoss::new("exponential_logarithmic", &settings(r#"{"background": false}"#)).unwrap();
    let oracle = Oracle { background: false, ..Oracle::paper(&logits, &ids) };
    oracle.check("a type", of_frame(&of_road, &frame));
    let mut gradient = vec![f32::NAN; 70];
    let named = value_and_gradient(&by_name, frame, &mut gradient).unwrap();
    oracle.check("a name", (named.value, gradient));
}

/// "Batch sizes do not match": labels may be one-hot, and are the same as ids.
#[test]
fn one_hot_labels() {
    let (logits, mut ids) = ordinary();
    ids.iter_mut().filter(|id| **id == IGNORE).for_each(|id| *id = 0);
    let expected = evaluate(&logits, &ids);
    let road: Vec<f32> = ids.iter().map(|id| f32::from(*id)).collect();
    let found = of_frame(&LOSS, &Frame::soft(row(70), &logits, &road).unwrap());
    assert_eq!(found, expected);
    let two: Vec<f32> = vec![0.0; 70].into_iter().chain(logits).collect();
    let hot: Vec<f32> = road.iter().map(|share| 1.0 - share).chain(road.iter().copied()).collect();
    let hard = Frame::<3>::multiclass(row(70), 2, Layout::Planar, &two, &ids, IGNORE).unwrap();
    let soft = Frame::<3>::multiclass_soft(row(70), 2, Layout::Planar, &two, &hot).unwrap();
    assert_eq!(LOSS.value(&soft, &mut []).unwrap(), LOSS.value(&hard, &mut []).unwrap());
}

/// "Index 255 is out of bounds": a mask of 0 and 255 is refused with its first wrong pixel, unless 255 says that a
/// pixel is not scored, as it does in public data sets; then it is not counted as road by mistake.
#[test]
fn a_mask_of_0_and_255() {
    let mask = [0, 0, 255, 255, 0];
    let refused = Labels::new(row(5), &mask, 254).unwrap_err();
    assert_eq!(refused, Error::ClassId { found: 255, pixel: 2 });
    assert_eq!(refused.to_string(), "label 255 at pixel 2 is neither a class nor the ignore id");
    let refused = Frame::<3>::multiclass(row(5), 2, Layout::Planar, &[0.0; 10], &mask, 7).unwrap_err();
    assert_eq!(refused, Error::ClassId { found: 255, pixel: 2 });
    let labels = Labels::new(row(5), &mask, IGNORE).unwrap();
    assert_eq!((labels.background(), labels.foreground()), (3, 0));
    // The other usual mistake: a class that the network does not have.
    assert_eq!(Labels::new(row(2), &[1, 2], IGNORE).unwrap_err(), Error::ClassId { found: 2, pixel: 1 });
}

/// "Multiple values for an argument": what is not a parameter is named, with those that are.
#[test]
fn parameters_that_do_not_exist() {
    for text in [r#"{"apply_nonlin": true}"#, r#"{"weights": [0.2, 0.8]}"#, r#"{"gamma": 0.3}"#] {
        let line = ChosenLoss::new("exponential_logarithmic", &settings(text)).unwrap_err().to_string();
        let key = text.split('"').nth(1).unwrap();
        assert!(line.contains(&format!("`{key}`")) && line.contains("dice_exponent"), "{line}");
    }
    let refused = |settings: Setting| {
        let settings = Settings::from([("dice_exponent".to_owned(), settings)]);
        ChosenLoss::new("exponential_logarithmic", &settings).unwrap_err().to_string()
    };
    assert_eq!(
        refused(Setting::Number(0.0)),
        "found dice_exponent=0 for exponential_logarithmic, expected (0,8]"
    );
    assert_eq!(ExponentialLogarithmic::new(0.8, 0.2, 0.0, 0.3, 1.0), Err(Error::Parameter("dice_exponent")));
    assert_eq!(
        ExponentialLogarithmic::new(0.8, 0.2, 0.3, f64::NAN, 1.0),
        Err(Error::Parameter("cross_entropy_exponent"))
    );
    assert!(ExponentialLogarithmic::new(0.8, f32::INFINITY, 0.3, 0.3, 1.0).is_err());
    assert!(ExponentialLogarithmic::new(0.8, 0.2, 0.3, 0.3, -1.0).is_err());
}

/// Right predictions where the probability rounds to 1, which elsewhere give a loss of 0 and a gradient of NaN.
#[test]
fn two_hundred_saturated_frames() {
    let mut random = Random(7);
    for case in 0..200 {
        let low = 8.0 + 14.0 * (case as f32 / 200.0);
        // Every fourth has no road at all.
        let road = if case % 4 == 0 { 0.0 } else { 0.2 };
        let ids: Vec<u8> = (0..64).map(|_| u8::from(random.uniform() < road)).collect();
        let logits: Vec<f32> =
            ids.iter().map(|id| (low + random.uniform()) * if *id == 1 { 1.0 } else { -1.0 }).collect();
        let found = evaluate(&logits, &ids);
        // Every step is towards the label, and there is one.
        assert!(found.1.iter().zip(&ids).all(|(g, id)| *g != 0.0 && (*g < 0.0) == (*id == 1)), "case {case}");
        Oracle::paper(&logits, &ids).check(&format!("case {case}"), found);
    }
}

/// Margins to the end of the exponential, right and wrong, on every mixture of labels.
#[test]
fn margins_up_to_the_end() {
    for margin in 0..=87u16 {
        for labels in [[0; 6], [1; 6], [0, 1, 0, 0, 1, 0]] {
            for wrong in [0, 1, 6] {
                let sign = |pixel: usize| if (labels[pixel] == 1) == (pixel >= wrong) { 1.0 } else { -1.0 };
                let logits: Vec<f32> = (0..6).map(|pixel| sign(pixel) * f32::from(margin)).collect();
                let what = format!("{labels:?} by {margin}, {wrong} wrong");
                Oracle::paper(&logits, &labels).check(&what, evaluate(&logits, &labels));
            }
        }
    }
}

/// Beyond it a probability is no longer a normal number: finite, and towards the label or nowhere.
#[test]
fn margins_beyond_the_end() {
    for margin in [88.0, 97.0, 103.0, 104.0, 200.0, 1e4, 1e30, 3e38] {
        for label in [0, 1] {
            for sign in [-1.0, 1.0] {
                let (value, gradient) = evaluate(&[sign * margin; 16], &[label; 16]);
                assert!(value.is_finite() && value >= 0.0, "{margin} {sign} {label}: {value}");
                let side = if label == 1 { -1.0 } else { 1.0 };
                let good = |g: &f32| g.is_finite() && side * g >= 0.0;
                assert!(gradient.iter().all(good), "{margin} {sign} {label}: {gradient:?}");
            }
        }
    }
}

/// "No smoothing and nothing there is NaN." A class without labels has no score then: the loss is that of the other
/// class, and not infinite.
#[test]
fn without_smoothing_on_an_empty_tile() {
    let bare = ExponentialLogarithmic::new(0.8, 0.2, 0.3, 0.3, 0.0).unwrap();
    for label in [0, 1] {
        for margin in [0.5, 9.0, 20.0, 60.0, 87.0, 97.0, 200.0] {
            let (logits, ids) = ([if label == 1 { margin } else { -margin }; 3], [label; 3]);
            let labels = Labels::new(row(3), &ids, IGNORE).unwrap();
            let found = of_frame(&bare, &Frame::new(&logits, labels).unwrap());
            assert!(found.0.is_finite() && found.0 >= 0.0, "{margin}: {}", found.0);
            let side = if label == 1 { -1.0 } else { 1.0 };
            assert!(found.1.iter().all(|g| g.is_finite() && side * g >= 0.0), "{margin}: {:?}", found.1);
            if margin < 88.0 {
                // A class weight of 0 takes the other class out of the mean.
                let class_weights = if label == 1 { [0.0, 1.0] } else { [1.0, 0.0] };
                let oracle = Oracle { smooth: 0.0, class_weights, ..Oracle::paper(&logits, &ids) };
                oracle.check(&format!("{label} by {margin}"), found);
            }
        }
    }
    // Wrong about all of it.
    let labels = Labels::new(row(3), &[1; 3], IGNORE).unwrap();
    for margin in [1.0, 40.0, 97.0, 200.0] {
        let found = of_frame(&bare, &Frame::new(&[-margin; 3], labels).unwrap());
        assert!(found.0.is_finite() && found.1.iter().all(|g| g.is_finite()), "{margin}: {found:?}");
    }
    let (logits, ids) = ordinary();
    let frame = Frame::new(&logits, Labels::new(row(70), &ids, IGNORE).unwrap()).unwrap();
    Oracle { smooth: 0.0, ..Oracle::paper(&logits, &ids) }.check("with road", of_frame(&bare, &frame));
}

/// Without a label there is no loss, rather than NaN.
#[test]
fn a_tile_that_is_not_scored() {
    let found = evaluate(&[3.0, f32::NAN], &[IGNORE; 2]);
    assert_eq!(found, (0.0, vec![0.0; 2]));
}
