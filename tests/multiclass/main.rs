//! Every multiclass loss against its definition in `f64`: value and gradient, with classes that are in no label and nowhere
//! likely, at any smoothing, up to the margins where the exponential ends.
#![allow(clippy::disallowed_methods, reason = "the reference is a computation of its own")]
#![allow(clippy::float_cmp, reason = "exponents are given, not computed")]

mod dual;
mod errors;
mod oracle;
mod references;
mod scene;

use segmeter_core::loss::{
    ActiveContour, CbDice, ClassPlane, HausdorffConvolution, HausdorffDistance, HausdorffErosion, Sides,
    SpatialLoss,
};
use segmeter_core::view::IGNORE;
use segmeter_tests::{Scene, named, takes};
use serde_json::json;

use oracle::{Answer, Pixels, classes, has_ties, planes};
use references::{Reference, references};
use scene::{largest_margin, pixels, scene};

/// What is wrong with a loss on a scene.
fn compare(name: &str, set: &serde_json::Value, of: &Reference, scene: &Scene, what: &str) -> Option<String> {
    let pixels = pixels(scene);
    pixels.iter().flatten().next()?;
    let answer = of(&pixels);
    let found = scene.evaluate(name, &named(name, set)).expect("a multiclass loss");
    held(&format!("{name} {set}"), scene, &pixels, &answer, (f64::from(found.value), &found.gradient), what)
}

/// The power of a small probability that a value can be, and below what it may be 0: the smallest numbers of `f32` have few
/// digits or none, squares of small numbers are none, and a difference of `f64` has an error of its own.
fn rounding(name: &str) -> (f64, f64) {
    match name.split(' ').next().unwrap_or_default() {
        "mcc" => (1.0, 4e-15),
        "squared_dice" | "power_jaccard" | "tanimoto" | "sensitivity_specificity" | "noise_robust_dice" => {
            (2.0, 1e-36)
        }
        "hausdorff_distance" | "hausdorff_erosion" | "hausdorff_convolution" => (3.0, 1e-36),
        "normalised_focal" => (3.0, 1e-15),
        "focal" | "reduced_focal" | "dice_focal" | "hybrid_focal" => (4.5, 1e-43),
        "log_cosh_dice" => (2.0, 1e-43),
        _ => (1.0, 1e-43),
    }
}

fn held(
    name: &str,
    scene: &Scene,
    pixels: &Pixels,
    answer: &Answer,
    (value, gradient): (f64, &[f32]),
    what: &str,
) -> Option<String> {
    // The paper's sign: a difference of what is held to its digits.
    let shift = if name.starts_with("combo") { 0.5 } else { 0.0 };
    let (power, floor) = rounding(name);
    let relative = 1e-6 + power * largest_margin(pixels) / 16_777_216.0;
    if (value - answer.value).abs() > relative * (answer.value.abs() + shift) + floor {
        return Some(format!("{name}, {what}: value {value:e}, expected {:e}", answer.value));
    }
    let expected = answer.gradient(pixels);
    let largest = expected.iter().flatten().fold(0.0_f64, |largest, (slope, _)| largest.max(slope.abs()));
    for (pixel, slopes) in expected.iter().enumerate() {
        for (class, (expected, size)) in slopes.iter().enumerate() {
            let found = f64::from(gradient[scene.place(pixel, class)]);
            let error = (found - expected).abs();
            // A sum in `f64` has an error of its own.
            if error.is_nan() || error > 1e-5 * largest + 4e-16 * size + 1e-43 {
                return Some(format!(
                    "{name}, {what}, pixel {pixel}, class {class}: {found:e}, expected {expected:e}, off by {:.1e} of \
                     the largest {largest:e}",
                    error / largest
                ));
            }
        }
    }
    None
}

fn none(wrong: &[String], compared: usize) {
    let first = wrong.iter().take(40).fold(String::new(), |text, line| text + line + "\n");
    assert!(wrong.is_empty(), "{} of {compared}, among them:\n{first}", wrong.len());
}

/// Scenes of 3 to 7 classes: all present or one or two absent, by margins up to 88, random or sure, right or wrong.
fn scenes() -> Vec<(String, Scene)> {
    let mut scenes = Vec::new();
    let mut seed = 1;
    for channels in [3usize, 4, 7] {
        for absent in [&[][..], &[0], &[2], &[0, 1]] {
            for margin in [0.0f32, 15.0, 30.0, 60.0, 88.0] {
                if absent.is_empty() && margin > 0.0 {
                    continue;
                }
                for confident in [None, Some((12.0, 0)), Some((30.0, 1)), Some((50.0, 2)), Some((80.0, 1))] {
                    if margin + confident.map_or(0.0, |(by, _)| by) > 88.0 {
                        continue;
                    }
                    for spread in [1.0, 4.0] {
                        seed += 1;
                        let size = [(1, 5), (4, 6), (9, 23)][seed as usize % 3];
                        let what = format!(
                            "{channels} classes without {absent:?} by {margin}, sure by {confident:?}, spread {spread}, \
                             {size:?}, seed {seed}"
                        );
                        let weighted = seed % 4 == 0;
                        let scene =
                            scene(channels, seed, size, (spread, margin), absent, confident, weighted);
                        scenes.push((what, scene));
                    }
                }
            }
        }
    }
    scenes
}

#[test]
fn every_multiclass_loss_is_its_definition() {
    let (mut wrong, mut compared) = (Vec::new(), 0);
    let references = references();
    for (what, scene) in scenes() {
        for (name, set, of) in &references {
            // Its documentation says so: the factors of such frames are beyond `f32`.
            let most = |pixel: &scene::Pixel| pixel.q[pixel.label];
            if *name == "normalised_focal"
                && pixels(&scene).iter().flatten().map(most).fold(0.0, f64::max) < 1e-12
            {
                continue;
            }
            // Weights make a sum of steps of what is a count here.
            if *name == "lovasz_softmax" && (scene.kind.weighted || has_ties(&pixels(&scene))) {
                continue;
            }
            if set["distances"].as_array().is_some_and(|all| all.len() != classes(&pixels(&scene)).pow(2)) {
                continue;
            }
            compared += 1;
            wrong.extend(compare(name, set, of, &scene, &what));
        }
    }
    none(&wrong, compared);
}

/// Losses that look at a pixel's neighbourhood have slopes of planes with tests of their own; here these go on to the scores.
/// Not those of a least or largest neighbour: which one it is, of two that are alike to the last bits, is up to rounding.
#[test]
fn slopes_of_planes_reach_the_scores() {
    let losses: Vec<(&str, Box<dyn SpatialLoss>)> = vec![
        ("hausdorff_distance", Box::new(HausdorffDistance::new(2.0, Sides::Both).unwrap())),
        ("hausdorff_erosion", Box::new(HausdorffErosion::PAPER)),
        ("hausdorff_convolution", Box::new(HausdorffConvolution::PAPER)),
        ("active_contour", Box::new(ActiveContour::PAPER)),
        ("cbdice", Box::new(CbDice::PAPER)),
    ];
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for (what, scene) in scenes() {
        let pixels = pixels(&scene);
        for (name, loss) in &losses {
            let found = scene.evaluate(name, &named(name, &json!({}))).expect("a multiclass loss");
            if found.undefined {
                continue;
            }
            let mut scratch = vec![0; loss.plane_scratch_len(scene.shape)];
            let of_class = |class: usize| {
                let of = |of: &dyn Fn(&scene::Pixel) -> f32| -> Vec<f32> {
                    pixels.iter().map(|pixel| pixel.as_ref().map_or(0.0, of)).collect()
                };
                let folded = of(&|pixel| {
                    let (p, q) = (pixel.p[class], pixel.q[class]);
                    if p < q { p as f32 } else { -(q as f32) }
                });
                let labels = of(&|pixel| f32::from(u8::from(pixel.label == class)));
                let weights = of(&|pixel| pixel.weight as f32);
                let plane = ClassPlane::checked(scene.shape, &folded, &labels, &weights).unwrap();
                let mut slope = vec![0.0; pixels.len()];
                let value = loss.evaluate(&plane, &mut scratch, Some(&mut slope));
                (value, slope)
            };
            let parts: Vec<_> = (1..scene.kind.channels).map(of_class).collect();
            let defined = parts.iter().filter(|(value, _)| value.is_some()).count() as f64;
            let value = parts.iter().filter_map(|(value, _)| *value).sum::<f64>() / defined;
            let answer = planes(&pixels, value, |place, class| match class {
                0 => 0.0,
                _ if parts[class - 1].0.is_none() => 0.0,
                _ => f64::from(parts[class - 1].1[place]) / defined,
            });
            compared += 1;
            let found = (f64::from(found.value), &found.gradient[..]);
            wrong.extend(held(name, &scene, &pixels, &answer, found, &what));
        }
    }
    none(&wrong, compared);
}

/// Every multiclass loss of the catalogue is held to something here, or looks at places and is in `tests/spatial` or in
/// core's own tests.
#[test]
fn no_multiclass_loss_is_left_out() {
    let here = references();
    let placed = ["boundary", "topology"];
    for entry in segmeter::catalogue::LOSSES.iter().filter(|entry| takes(entry.name, "multiclass")) {
        let of_place = placed.contains(&entry.family) || !entry.quantised;
        let is_here = here.iter().any(|(name, ..)| *name == entry.name);
        assert!(of_place || is_here, "{}: its definition belongs into references.rs", entry.name);
    }
    assert!(scenes().iter().all(|(_, scene)| scene.ids.iter().any(|id| *id != IGNORE)));
}
