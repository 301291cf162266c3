//! No finite input gives NaN or infinity, whatever the loss: extreme margins, one class alone, single pixels, huge weights,
//! parameters at the ends of their ranges, every number of classes, 16 megapixels.
#![allow(clippy::disallowed_methods, reason = "the reference is a computation of its own")]

mod large;
mod soft;

use segmeter::Engine;
use segmeter::catalogue::{ChosenLoss, loss as entry};
use segmeter_core::Error;
use segmeter_core::view::IGNORE;
use segmeter_tests::{Kind, Random, Scene, losses, named};

/// What the value of a loss can be.
fn range(name: &str) -> (f32, f32) {
    let first = name.split(' ').next().unwrap_or_default();
    let any = f32::INFINITY;
    match (first, entry(first).map_or("", |entry| entry.family)) {
        // A signed distance, a score with the paper's sign, and sums of such.
        ("boundary" | "dice_boundary", _) => (-any, any),
        ("combo", _) => (-0.5, any),
        // A share can pass 1.
        ("cbdice", _) => (-1.0, 1.0),
        ("mcc", _) => (0.0, 2.0),
        ("log_cosh_dice", _) => (0.0, 0.433_781),
        ("log_dice" | "noise_robust_dice" | "lovasz_hinge", _) => (0.0, any),
        (_, "region" | "lovasz") => (0.0, 1.0),
        _ => (0.0, any),
    }
}

/// Every loss on a scene is finite and in its range, and so is its gradient, which is 0 where nothing is scored. A loss
/// that has no bound may leave what `f32` can hold if its logits are `beyond` all margins.
fn check_all(what: &str, scene: &Scene, losses: &[(String, ChosenLoss)], beyond: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, loss) in losses {
        let mut gradient = vec![0.0; scene.scores.len()];
        let found = match loss.evaluate(&Engine::default(), &scene.frame(), 1.0, Some(&mut gradient)) {
            Err(Error::Unsupported(_)) if !scene.kind.must_be_taken(name) => continue,
            found => found.unwrap_or_else(|error| panic!("{name} on {what}: {error}")),
        };
        let (low, high) = range(name);
        let value = found.value;
        let inside = value.is_finite() && (low - 1e-44..=high + 1e-6).contains(&value);
        if !(inside || beyond && high == f32::INFINITY) {
            wrong.push(format!("{name} on {what}: {value}"));
        }
        for (place, g) in gradient.iter().enumerate() {
            if !g.is_finite() || (*g != 0.0 && !scene.is_scored(scene.pixel(place))) {
                wrong.push(format!("{name} on {what}: {g} at {place}"));
                break;
            }
        }
    }
    wrong
}

fn none(wrong: &[String]) {
    let first = wrong.iter().take(25).fold(String::new(), |text, line| text + line + "\n");
    assert!(wrong.is_empty(), "{}, among them:\n{first}", wrong.len());
}

/// A scene whose pixels all have one margin between their label and the rest, for it or against it; labels of one kind
/// alone, or any.
fn of_margin(kind: Kind, size: (u32, u32), margin: f32, side: &str, labels: &str) -> Scene {
    let mut scene = Scene::random(kind, 11, size, 1.0);
    for (pixel, id) in scene.ids.iter_mut().enumerate() {
        *id = match labels {
            "background" => 0,
            "foreground" => 1,
            "ignored" => IGNORE,
            "one" => u8::from(pixel == 3),
            _ => *id,
        };
    }
    let mut random = Random(u64::from(margin.to_bits()) + 1);
    for pixel in 0..scene.shape.pixels() {
        let right = match side {
            "right" => true,
            "wrong" => false,
            _ => random.uniform() < 0.5,
        };
        let label = usize::from(scene.ids[pixel]);
        for channel in 0..kind.channels {
            let on = if kind.channels == 1 { label == 1 } else { label == channel };
            let half = if kind.channels == 1 { margin } else { 0.5 * margin };
            let place = scene.place(pixel, channel);
            scene.scores[place] = if on == right { half } else { -half };
        }
    }
    scene
}

#[test]
fn margins_up_to_the_end_of_the_exponential() {
    let losses = losses();
    let mut wrong = Vec::new();
    for side in ["right", "wrong", "mixed"] {
        for margin in 0..=88u16 {
            for channels in [1usize, 2, 3, 19, 32] {
                if channels > 1 && margin % 11 != 0 {
                    continue;
                }
                let scene = of_margin(Kind::plain(channels), (3, 7), margin.into(), side, "any");
                wrong.extend(check_all(
                    &format!("{channels} channels, {side} by {margin}"),
                    &scene,
                    &losses,
                    false,
                ));
            }
        }
    }
    none(&wrong);
}

#[test]
fn one_pixel_one_row_one_class() {
    let losses = losses();
    let mut wrong = Vec::new();
    for size in [(1, 1), (1, 13), (13, 1), (7, 9)] {
        for kind in [
            Kind::plain(1),
            Kind::plain(3),
            Kind { class_weighted: true, interleaved: true, ..Kind::plain(3) },
        ] {
            for labels in ["background", "foreground", "ignored", "one", "any"] {
                for margin in [0.0, 1.0, 16.64, 40.0, 88.0, 104.0, 200.0, 1e4] {
                    for side in ["right", "wrong", "mixed"] {
                        let scene = of_margin(kind, size, margin, side, labels);
                        let what = format!("{size:?} of {labels}, {side} by {margin}, {kind:?}");
                        wrong.extend(check_all(&what, &scene, &losses, false));
                    }
                }
            }
        }
    }
    none(&wrong);
}

/// Soft labels and probabilities, 0 and 1 among them.
#[test]
fn shares_and_probabilities_at_their_ends() {
    let losses = losses();
    let mut wrong = Vec::new();
    for kind in [1, 2, 3, 19].into_iter().flat_map(Kind::all).filter(|kind| kind.soft || kind.probabilities) {
        for ends in [false, true] {
            let mut scene = Scene::random(kind, 17, (4, 7), 40.0);
            if ends && kind.probabilities {
                scene.scores.iter_mut().for_each(|p| *p = p.round());
            }
            if ends {
                scene.shares.fill(0.0);
                for pixel in 0..scene.shape.pixels() {
                    let place = scene.place(pixel, pixel % kind.channels);
                    scene.shares[place] = if kind.channels == 1 { (pixel % 2) as f32 } else { 1.0 };
                }
            }
            wrong.extend(check_all(&format!("{kind:?}, ends {ends}"), &scene, &losses, false));
        }
    }
    none(&wrong);
}

/// Weights of pixels from 1e-30 to 1e30. At the end of the exponential, where the slope of a power of the cost reaches
/// 1e26, and from a margin of 40, to 1e10: the product has to be an `f32`.
#[test]
fn tiny_and_huge_weights() {
    let losses = losses();
    let mut wrong = Vec::new();
    for kind in [1, 3].into_iter().flat_map(Kind::all).filter(|kind| kind.weighted && !kind.probabilities) {
        for margin in [0.5, 16.64, 40.0, 88.0] {
            let most = if margin > 20.0 { 1e10 } else { 1e30 };
            for weight in [0.0, 1e-30, 1e-6, 1e6, most] {
                let mut scene = of_margin(kind, (7, 9), margin, "mixed", "any");
                scene.weights.iter_mut().for_each(|w| *w *= weight);
                wrong.extend(check_all(
                    &format!("{kind:?}, {margin}, weights {weight}"),
                    &scene,
                    &losses,
                    false,
                ));
            }
            // One pixel outweighs all others.
            let mut scene = of_margin(kind, (7, 9), margin, "mixed", "any");
            scene.weights[31] = most;
            wrong.extend(check_all(&format!("{kind:?}, {margin}, one weight"), &scene, &losses, false));
            if kind.class_weighted {
                scene.class_weights.fill(0.0);
                scene.class_weights[1] = 1e6;
                wrong.extend(check_all(&format!("{kind:?}, {margin}, one class"), &scene, &losses, false));
            }
        }
    }
    none(&wrong);
}

/// Logits up to the largest `f32`. A loss that grows with the margin may pass it itself; its gradient may not, and
/// neither may a loss that is bounded.
#[test]
fn logits_up_to_the_largest() {
    let losses = losses();
    let mut wrong = Vec::new();
    for channels in [1, 2, 3, 19] {
        for labels in ["background", "foreground", "any"] {
            for margin in [1e10, 1e30, 3e38, f32::MAX] {
                for side in ["right", "wrong", "mixed"] {
                    let scene = of_margin(Kind::plain(channels), (5, 7), margin, side, labels);
                    let what = format!("{channels} channels, {labels}, {side} by {margin}");
                    let right = side == "right";
                    wrong.extend(check_all(&what, &scene, &losses, margin > 1e20 && !right));
                    // The two ends of the range in one pixel, whose difference is beyond it.
                    let mut scene = scene;
                    scene.scores.iter_mut().for_each(|z| *z = 3e38f32.copysign(*z));
                    wrong.extend(check_all(&format!("{what}, ends"), &scene, &losses, !right));
                }
            }
        }
    }
    none(&wrong);
}

/// Losses at the ends of the ranges of their parameters.
fn extremes() -> Vec<(String, ChosenLoss)> {
    let list = [
        ("focal", r#"[{"focusing":0},{"focusing":0.01},{"focusing":8},{"foreground_weight":0}]"#),
        (
            "reduced_focal",
            r#"[{"focusing":0},{"focusing":8,"threshold":0.01},{"focusing":0.5,"threshold":1}]"#,
        ),
        ("normalised_focal", r#"[{"focusing":0},{"focusing":0.01},{"focusing":8}]"#),
        ("top_k", r#"[{"fraction":1e-6},{"fraction":1}]"#),
        ("ohem", r#"[{"threshold":1e-6,"min_kept":0},{"threshold":1,"min_kept":1000}]"#),
        ("label_smoothed", r#"[{"smoothing":0},{"smoothing":1}]"#),
        ("bootstrapped", r#"[{"label_share":0},{"label_share":1},{"label_share":0,"hard":true}]"#),
        ("poly1", r#"[{"error_weight":-1},{"error_weight":1000}]"#),
        ("generalised_cross_entropy", r#"[{"exponent":0.01},{"exponent":1}]"#),
        (
            "dice",
            r#"[{"smooth":0},{"smooth":1e30},{"numerator_smooth":0,"denominator_smooth":1e-30},
            {"empty":"zero_if_both_empty","smooth":0},{"empty":"skip_class"},{"empty":"mean_probability"},
            {"average":"micro","smooth":0},{"overlap":"minimum"}]"#,
        ),
        ("squared_dice", r#"[{"smooth":0},{"empty":"mean_probability"}]"#),
        ("log_cosh_dice", r#"[{"smooth":0}]"#),
        ("log_dice", r#"[{"smooth":0}]"#),
        ("jaccard", r#"[{"smooth":0}]"#),
        ("power_jaccard", r#"[{"exponent":1},{"exponent":1,"smooth":0},{"exponent":2,"smooth":0}]"#),
        ("tanimoto", r#"[{"smooth":0}]"#),
        (
            "tversky",
            r#"[{"fp_weight":0,"smooth":0},{"fn_weight":0,"smooth":0},{"fp_weight":1e6,"fn_weight":1e6}]"#,
        ),
        ("focal_tversky", r#"[{"exponent":0.01},{"exponent":0.05,"smooth":0},{"exponent":8}]"#),
        ("asymmetric_similarity", r#"[{"beta":0,"smooth":0},{"beta":1000,"smooth":0}]"#),
        (
            "sensitivity_specificity",
            r#"[{"denominator_smooth":0},{"sensitivity_weight":0,"denominator_smooth":0}]"#,
        ),
        (
            "noise_robust_dice",
            r#"[{"exponent":1},{"exponent":2,"denominator_smooth":0},{"average":"micro"}]"#,
        ),
        ("generalised_dice", r#"[{"weighting":"simple"},{"weighting":"uniform"}]"#),
        ("penalty_generalised_dice", r#"[{"penalty":0},{"penalty":1e6}]"#),
        ("wasserstein_dice", r#"[{"smooth":0},{"mode":"gdl","smooth":0}]"#),
        ("recall", r#"[{"smooth":0}]"#),
        ("combo", r#"[{"ce_share":0.5,"smooth":0},{"ce_share":1}]"#),
        (
            "exponential_logarithmic",
            r#"[{"dice_exponent":0.01,"cross_entropy_exponent":0.01},
            {"dice_exponent":4,"cross_entropy_exponent":4},{"background":false},{"smooth":0}]"#,
        ),
        (
            "unified_focal",
            r#"[{"focusing":0},{"focusing":0.99},{"fn_weight":0},{"fn_weight":1},
            {"focusing":0.99,"asymmetric":false}]"#,
        ),
    ];
    let of = |(name, settings): (&str, &str)| {
        let settings: Vec<serde_json::Value> = serde_json::from_str(settings).unwrap();
        settings.into_iter().map(|set| (format!("{name} {set}"), named(name, &set))).collect::<Vec<_>>()
    };
    list.into_iter().flat_map(of).collect()
}

#[test]
fn parameters_at_their_ends() {
    let losses = extremes();
    let mut wrong = Vec::new();
    for channels in [1, 3] {
        for labels in ["background", "foreground", "ignored", "any"] {
            for margin in [0.0, 3.0, 16.64, 40.0, 88.0, 97.0, 103.0, 1e4] {
                for side in ["right", "wrong", "mixed"] {
                    for kind in
                        [Kind::plain(channels), Kind { soft: true, weighted: true, ..Kind::plain(channels) }]
                    {
                        let scene = of_margin(kind, (3, 7), margin, side, labels);
                        let what = format!("{labels}, {side} by {margin}, {kind:?}");
                        wrong.extend(check_all(&what, &scene, &losses, false));
                    }
                }
            }
        }
    }
    none(&wrong);
}
