//! Frames of sixteen million scores.

use segmeter::Engine;
use segmeter_core::loss::Loss;
use segmeter_core::view::{IGNORE, Shape};
use segmeter_tests::{Kind, Scene, losses};

use super::range;

/// What a few losses are in `f64`, in one pass over the pixels: by class the two sums of the overlap, and the cost.
#[derive(Clone, Copy, Default)]
struct Streamed {
    both: f64,
    false_positive: f64,
    false_negative: f64,
}

impl Streamed {
    fn tversky(self, fp_weight: f64, fn_weight: f64, smooth: f64) -> f64 {
        let error = fp_weight * self.false_positive + fn_weight * self.false_negative;
        error / (self.both + error + smooth)
    }
}

/// Every loss that needs no scratch is finite on a frame of 16 million scores, and those with an oracle are right.
fn large(scene: &Scene, expected: &[(&str, f64)]) {
    let (mut cheap, mut compared, mut gradient) = (0, 0, vec![0.0; scene.scores.len()]);
    let frame = scene.frame();
    for (name, loss) in losses() {
        if Loss::scratch_len(&loss, scene.shape) > 0 || !scene.kind.must_be_taken(&name) {
            continue;
        }
        // Added to those of the losses before.
        let found = loss.evaluate(&Engine::default(), &frame, 1.0, Some(&mut gradient)).unwrap();
        let (low, high) = range(&name);
        assert!(found.value.is_finite() && (low..=high).contains(&found.value), "{name}: {found:?}");
        let sum: f32 = gradient.chunks(4096).map(|part| part.iter().sum::<f32>()).sum();
        assert!(sum.is_finite(), "{name}: a derivative is not");
        if let Some((_, expected)) = expected.iter().find(|(oracle, _)| *oracle == name) {
            let error = (f64::from(found.value) - expected).abs() / expected;
            assert!(error < 1e-6, "{name}: {} for {expected}, off by {error:e}", found.value);
            compared += 1;
        }
        cheap += 1;
    }
    assert!(cheap > 35 && compared == expected.len(), "{cheap} cheap ones, {compared} compared");
}

/// Four thousand rows of four thousand pixels: sums keep their digits.
#[test]
fn sixteen_megapixels() {
    let scene = Scene::random(Kind::plain(1), 1, (4096, 4096), 6.0);
    let (mut entropy, mut focal, mut sums, mut count) = (0.0, 0.0, Streamed::default(), 0.0);
    for (z, id) in scene.scores.iter().zip(&scene.ids).filter(|(_, id)| **id != IGNORE) {
        let (z, on) = (f64::from(*z), *id == 1);
        let p = 1.0 / (1.0 + (-z).exp());
        let (error, margin) = if on { (1.0 - p, z) } else { (p, -z) };
        let cost = (-margin).max(0.0) + (-margin.abs()).exp().ln_1p();
        entropy += cost;
        focal += if on { 0.25 } else { 0.75 } * error * error * cost;
        if on {
            sums.both += p;
            sums.false_negative += error;
        } else {
            sums.false_positive += error;
        }
        count += 1.0;
    }
    let tversky = sums.tversky(0.3, 0.7, 1.0);
    large(
        &scene,
        &[
            ("cross_entropy {}", entropy / count),
            ("focal {}", focal / count),
            ("dice {}", sums.tversky(0.5, 0.5, 0.5)),
            ("jaccard {}", sums.tversky(1.0, 1.0, 1.0)),
            ("tversky {}", tversky),
            ("focal_tversky {}", tversky.powf(0.75)),
        ],
    );
}

/// Nineteen classes of 941 x 941 pixels: as many scores.
#[test]
fn sixteen_million_scores_of_classes() {
    let scene = Scene::random(Kind::plain(19), 2, (941, 941), 5.0);
    let pixels = Shape::new(941, 941).unwrap().pixels();
    let (mut entropy, mut sums, mut count) = (0.0, [Streamed::default(); 19], 0.0);
    for (pixel, id) in scene.ids.iter().enumerate().filter(|(_, id)| **id != IGNORE) {
        let powers: [f64; 19] =
            std::array::from_fn(|class| f64::from(scene.scores[class * pixels + pixel]).exp());
        let total: f64 = powers.iter().sum();
        for (class, (power, sums)) in powers.iter().zip(&mut sums).enumerate() {
            let p = power / total;
            if class == usize::from(*id) {
                entropy -= p.ln();
                sums.both += p;
                sums.false_negative += 1.0 - p;
            } else {
                sums.false_positive += p;
            }
        }
        count += 1.0;
    }
    let mean = |of: &dyn Fn(Streamed) -> f64| sums.iter().map(|sums| of(*sums)).sum::<f64>() / 19.0;
    large(
        &scene,
        &[
            ("cross_entropy {}", entropy / count),
            ("dice {}", mean(&|sums| sums.tversky(0.5, 0.5, 0.5))),
            ("tversky {}", mean(&|sums| sums.tversky(0.3, 0.7, 1.0))),
            ("focal_tversky {}", mean(&|sums| sums.tversky(0.3, 0.7, 1.0).powf(0.75))),
        ],
    );
}
