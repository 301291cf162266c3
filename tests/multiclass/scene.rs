//! Multiclass frames with classes that are absent, and what they are in `f64`.

use segmeter_core::view::IGNORE;
use segmeter_tests::{Kind, Random, Scene};

/// One pixel in `f64`. Probabilities and complements are summed apart, so that both have all their digits.
#[derive(Clone, Debug)]
pub(crate) struct Pixel {
    pub(crate) p: Vec<f64>,
    pub(crate) q: Vec<f64>,
    /// `-ln p`.
    pub(crate) cost: Vec<f64>,
    pub(crate) label: usize,
    pub(crate) weight: f64,
}

/// The pixels of a scene; `None` where one is not scored.
pub(crate) fn pixels(scene: &Scene) -> Vec<Option<Pixel>> {
    let of = |pixel: usize| {
        let id = usize::from(scene.ids[pixel]);
        let weight = if scene.kind.weighted { f64::from(scene.weights[pixel]) } else { 1.0 };
        let scores: Vec<f64> = (0..scene.kind.channels)
            .map(|class| f64::from(scene.scores[scene.place(pixel, class)]))
            .collect();
        (id < scores.len() && weight > 0.0).then(|| softmax(&scores, id, weight))
    };
    (0..scene.shape.pixels()).map(of).collect()
}

fn softmax(scores: &[f64], label: usize, weight: f64) -> Pixel {
    let best = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let top = scores.iter().position(|score| *score >= best).unwrap();
    let parts: Vec<f64> = scores.iter().map(|score| (score - best).exp()).collect();
    let rest = |class: usize| -> f64 {
        parts.iter().enumerate().filter(|(other, _)| *other != class).map(|(_, part)| part).sum()
    };
    let (total, log_total) = (1.0 + rest(top), rest(top).ln_1p());
    Pixel {
        p: parts.iter().map(|part| part / total).collect(),
        q: (0..scores.len()).map(|class| rest(class) / total).collect(),
        cost: scores.iter().map(|score| (best - score) + log_total).collect(),
        label,
        weight,
    }
}

/// A frame of this many classes, of which some are in no label. `spread` is that of the logits; those of absent classes are
/// lower by `margin`, and where `confident` is given all others are, by up to that much, than one: the label's, another,
/// or either.
pub(crate) fn scene(
    channels: usize,
    seed: u64,
    size: (u32, u32),
    (spread, margin): (f32, f32),
    absent: &[u8],
    confident: Option<(f32, u8)>,
    weighted: bool,
) -> Scene {
    let kind = Kind { weighted, interleaved: seed.is_multiple_of(2), ..Kind::plain(channels) };
    let mut scene = Scene::random(kind, seed, size, spread);
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    (0..8).for_each(|_| _ = random.uniform());
    let present: Vec<u8> = (0..channels as u8).filter(|class| !absent.contains(class)).collect();
    for pixel in 0..scene.shape.pixels() {
        if absent.contains(&scene.ids[pixel]) {
            scene.ids[pixel] = present[(random.uniform() * present.len() as f32) as usize];
        }
        for class in absent {
            let place = scene.place(pixel, usize::from(*class));
            scene.scores[place] -= margin;
        }
        let (Some((by, side)), false) = (confident, scene.ids[pixel] == IGNORE) else { continue };
        let is_right = side == 0 || side == 2 && random.uniform() < 0.5;
        let id = scene.ids[pixel];
        let winner = if is_right || present.len() == 1 {
            id
        } else {
            let others: Vec<u8> = present.iter().copied().filter(|class| *class != id).collect();
            others[(random.uniform() * others.len() as f32) as usize]
        };
        let place = scene.place(pixel, usize::from(winner));
        let best = (0..channels)
            .map(|class| scene.scores[scene.place(pixel, class)])
            .fold(f32::NEG_INFINITY, f32::max);
        // Not all alike: of errors that are the same to the last bits nobody can say which comes first.
        scene.scores[place] = best + by * (0.7 + 0.3 * random.uniform());
    }
    scene
}

/// The largest difference of two scores of a pixel. It is rounded in `f32`, by up to 2^-24 of itself, and so is then the
/// probability that is its exponential.
pub(crate) fn largest_margin(pixels: &[Option<Pixel>]) -> f64 {
    let margin = |pixel: &Pixel| pixel.cost.iter().copied().fold(0.0, f64::max);
    pixels.iter().flatten().map(margin).fold(0.0, f64::max)
}
