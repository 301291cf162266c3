//! What changes a loss in a known way, or not at all: the unit of weights, what softmax does not see, and classes that
//! change places.

use segmeter::catalogue::{ChosenLoss, LOSSES};
use segmeter_tests::{Kind, Random, Scene, bits, depends_on_place, losses, named};

/// Every kind of frame with these numbers of channels.
fn kinds(channels: &[usize]) -> Vec<Kind> {
    channels.iter().flat_map(|channels| Kind::all(*channels)).collect()
}

/// The catalogue's losses with smoothing multiplied like the weights, so that the formula stays the same. `None` for one
/// with smoothing that cannot be set.
fn smoothed(scale: f64) -> Vec<(String, Option<ChosenLoss>)> {
    let of = |entry: &segmeter::catalogue::Entry| {
        let mut settings = serde_json::Map::new();
        for name in ["smooth", "denominator_smooth"] {
            if let Some(parameter) = entry.parameters.iter().find(|p| p.name == name)
                && let Some(segmeter::catalogue::Value::Number(number)) = parameter.default
            {
                settings.insert(name.to_owned(), (scale * number).into());
            }
        }
        // A sum has parts with smoothing of their own.
        let fixed = entry.family == "compound" && settings.is_empty();
        let settings = serde_json::Value::Object(settings);
        (entry.name.to_owned(), (!fixed).then(|| named(entry.name, &settings)))
    };
    LOSSES.iter().map(of).collect()
}

/// A loss is a mean: twice the weights with twice the smoothing is the same. What looks at neighbourhoods may be
/// a sum: then it is twice as much.
#[test]
fn the_unit_of_weights_does_not_matter() {
    let mut tried = 0;
    for scale in [2.0f32, 0.125] {
        for ((name, loss), (_, scaled)) in smoothed(1.0).into_iter().zip(smoothed(scale.into())) {
            let (Some(loss), Some(scaled)) = (loss, scaled) else { continue };
            for kind in kinds(&[1, 3]).into_iter().filter(|kind| kind.weighted) {
                let mut scene = Scene::random(kind, 24, (5, 23), 6.0);
                let Some(one) = scene.evaluate(&name, &loss) else { continue };
                scene.weights.iter_mut().for_each(|weight| *weight *= scale);
                let two = scene.evaluate(&name, &scaled).unwrap();
                let sum = depends_on_place(&name, &loss) && bits(two.value) == bits(scale * one.value);
                assert!(
                    sum || two.bits() == one.bits(),
                    "{name} of {kind:?}: {} and {}",
                    one.value,
                    two.value
                );
                tried += 1;
            }
        }
    }
    assert!(tried > 1000, "only {tried} tried");
}

/// Only the ratio of class weights counts, unless the divisor is the number of pixels.
#[test]
fn the_unit_of_class_weights_does_not_matter() {
    for (name, loss) in losses() {
        for kind in kinds(&[1, 3]).into_iter().filter(|kind| kind.class_weighted) {
            let mut scene = Scene::random(kind, 25, (5, 23), 6.0);
            let Some(one) = scene.evaluate(&name, &loss) else { continue };
            scene.class_weights.iter_mut().for_each(|weight| *weight *= 4.0);
            assert_eq!(scene.evaluate(&name, &loss).unwrap().bits(), one.bits(), "{name} of {kind:?}");
        }
    }
    let (count, scene) = (
        named("cross_entropy", &serde_json::json!({"normalise": "count"})),
        Scene::random(Kind { class_weighted: true, ..Kind::plain(3) }, 25, (5, 23), 6.0),
    );
    let mut fourfold = scene.clone();
    fourfold.class_weights.iter_mut().for_each(|weight| *weight *= 4.0);
    assert_eq!(bits(fourfold.value(&count)), bits(4.0 * scene.value(&count)));
}

/// A number added to all logits of a pixel changes no probability. The numbers here are added without rounding.
#[test]
fn softmax_does_not_know_the_sum_of_logits() {
    for (name, loss) in losses() {
        for kind in kinds(&[2, 3, 5]).into_iter().filter(|kind| !kind.probabilities) {
            let mut scene = Scene::random(kind, 26, (4, 11), 9.0);
            scene.scores.iter_mut().for_each(|z| *z = (*z * 64.0).round() / 64.0);
            let Some(expected) = scene.evaluate(&name, &loss) else { continue };
            for place in 0..scene.scores.len() {
                scene.scores[place] += [-100.0, 64.0, 3.5, 1000.0][scene.pixel(place) % 4];
            }
            assert_eq!(scene.evaluate(&name, &loss).unwrap().bits(), expected.bits(), "{name} of {kind:?}");
        }
    }
}

/// Classes but the background are equal: exchanged with their scores and weights they give the same loss.
#[test]
fn numbers_of_classes_do_not_matter() {
    for (name, loss) in losses() {
        for kind in kinds(&[3, 5]) {
            let scene = Scene::random(kind, 27, (4, 11), 5.0);
            let Some(expected) = scene.evaluate(&name, &loss) else { continue };
            let (a, b) = (1, kind.channels - 1);
            let mut other = scene.clone();
            for pixel in 0..scene.shape.pixels() {
                let (x, y) = (scene.place(pixel, a), scene.place(pixel, b));
                other.scores.swap(x, y);
                other.shares.swap(x, y);
                other.ids[pixel] = match usize::from(scene.ids[pixel]) {
                    id if id == a => b as u8,
                    id if id == b => a as u8,
                    _ => scene.ids[pixel],
                };
            }
            other.class_weights.swap(a, b);
            let found = other.evaluate(&name, &loss).unwrap();
            let close = |x: f32, y: f32, allowed: f32| (x - y).abs() <= allowed;
            assert!(close(found.value, expected.value, 1e-6 * expected.value.abs()), "{name} of {kind:?}");
            for pixel in 0..scene.shape.pixels() {
                for (from, to) in [(a, b), (b, a), (0, 0)] {
                    let (x, y) =
                        (found.gradient[scene.place(pixel, from)], expected.gradient[scene.place(pixel, to)]);
                    assert!(
                        close(x, y, 1e-5 * expected.largest()),
                        "{name} of {kind:?}: pixel {pixel} {x:e} {y:e}"
                    );
                }
            }
        }
    }
}

/// A binary frame is one of two classes with logits 0 and z, for a loss in which both classes count.
#[test]
fn a_binary_frame_is_one_of_two_classes() {
    let of_both = [
        "generalised_dice",
        "penalty_generalised_dice",
        "wasserstein_dice",
        "exponential_logarithmic",
        "unified_focal",
    ];
    let mut tried = 0;
    for entry in LOSSES
        .iter()
        .filter(|entry| ["binary", "multiclass"].iter().all(|input| entry.inputs.contains(input)))
    {
        let with_background = entry.parameters.iter().any(|p| p.name == "background");
        let settings =
            if with_background { serde_json::json!({"background": true}) } else { serde_json::json!({}) };
        if !(with_background || entry.family == "distribution" || of_both.contains(&entry.name)) {
            continue;
        }
        let (name, loss) = (entry.name, named(entry.name, &settings));
        for kind in kinds(&[1]) {
            let scene = Scene::random(kind, 28, (4, 19), 6.0);
            let Some(binary) = scene.evaluate(name, &loss) else { continue };
            let other = |first: &dyn Fn(f32) -> f32, values: &[f32]| -> Vec<f32> {
                values.iter().map(|x| first(*x)).chain(values.iter().copied()).collect()
            };
            let zero_or_rest = |x: f32| if kind.probabilities { 1.0 - x } else { 0.0 };
            let two = Scene {
                kind: Kind { channels: 2, ..kind },
                scores: other(&zero_or_rest, &scene.scores),
                shares: other(&|share| 1.0 - share, &scene.shares),
                ..scene.clone()
            };
            let two = two.evaluate(name, &loss).unwrap();
            let error = (binary.value - two.value).abs();
            assert!(
                error <= 2e-6 * binary.value.abs(),
                "{name} of {kind:?}: {} and {}",
                binary.value,
                two.value
            );
            let pixels = scene.shape.pixels();
            for (pixel, g) in binary.gradient.iter().enumerate() {
                let (rest, own) = (two.gradient[pixel], two.gradient[pixels + pixel]);
                let sum = if kind.probabilities { own - rest } else { own };
                let largest = two.largest().max(binary.largest());
                assert!((g - sum).abs() <= 1e-5 * largest, "{name} of {kind:?}: pixel {pixel} {g:e} {sum:e}");
                assert!(
                    kind.probabilities || (own + rest).abs() <= 1e-5 * largest,
                    "{name} of {kind:?}: {own} {rest}"
                );
            }
            tried += 1;
        }
    }
    assert!(tried > 300, "only {tried} tried");
}

/// Foreground and background exchanged, for a loss in which both count alike.
#[test]
fn sides_do_not_matter_where_both_count_alike() {
    let mut random = Random(29);
    for entry in
        LOSSES.iter().filter(|entry| entry.family == "distribution" && entry.inputs.contains(&"binary"))
    {
        let settings = match entry.name {
            "focal" => serde_json::json!({"background_weight": 0.25}),
            _ => serde_json::json!({}),
        };
        let (name, loss) = (entry.name, named(entry.name, &settings));
        if depends_on_place(name, &loss) {
            continue;
        }
        for kind in kinds(&[1]) {
            let mut scene = Scene::random(kind, 1 + (random.uniform() * 1e6) as u64, (4, 19), 6.0);
            // Shares whose complement is exact.
            let exact = |x: &mut f32| *x = (*x * 1024.0).round().clamp(1.0, 1023.0) / 1024.0;
            scene.shares.iter_mut().for_each(exact);
            if kind.probabilities {
                scene.scores.iter_mut().for_each(exact);
            }
            let Some(expected) = scene.evaluate(name, &loss) else { continue };
            let mut other = scene.clone();
            other.scores.iter_mut().for_each(|x| *x = if kind.probabilities { 1.0 - *x } else { -*x });
            other.shares.iter_mut().for_each(|share| *share = 1.0 - *share);
            other.ids.iter_mut().filter(|id| **id < 2).for_each(|id| *id = 1 - *id);
            other.class_weights.swap(0, 1);
            let found = other.evaluate(name, &loss).unwrap();
            assert!(
                (found.value - expected.value).abs() <= 2e-6 * expected.value.abs(),
                "{name} of {kind:?}"
            );
            for (a, b) in found.gradient.iter().zip(&expected.gradient) {
                assert!((a + b).abs() <= 1e-5 * expected.largest(), "{name} of {kind:?}: {a:e} {b:e}");
            }
        }
    }
}
