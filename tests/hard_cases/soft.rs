//! Losses with a power, on soft labels: the formula in `f64`.

use segmeter_tests::{Kind, Scene, named};

/// `1 - (I + s) / (sum p^q + sum g^q - I + s)` and its derivatives by the logits.
fn power_jaccard(
    logits: &[f32],
    shares: &[f32],
    weights: &[f32],
    exponent: f64,
    smooth: f64,
) -> (f64, Vec<f64>) {
    let pixels = || {
        logits
            .iter()
            .zip(shares)
            .zip(weights)
            .map(|((z, g), w)| (1.0 / (1.0 + (-f64::from(*z)).exp()), f64::from(*g), f64::from(*w)))
    };
    let (mut above, mut below) = (smooth, smooth);
    for (p, g, w) in pixels() {
        above += w * p * g;
        below += w * (p.powf(exponent) + g.powf(exponent) - p * g);
    }
    let slope = |(p, g, w): (f64, f64, f64)| {
        let by_p = (exponent * p.powf(exponent - 1.0) - g) * above / (below * below) - g / below;
        w * by_p * p * (1.0 - p)
    };
    (1.0 - above / below, pixels().map(slope).collect())
}

#[test]
fn power_jaccard_below_2_on_soft_labels() {
    for (exponent, smooth) in [(1.0, 1.0), (1.0, 0.0), (1.25, 1.0), (1.5, 0.5), (1.9, 0.0), (2.0, 1.0)] {
        let settings = serde_json::json!({"exponent": exponent, "smooth": smooth});
        let loss = named("power_jaccard", &settings);
        for (seed, weighted) in [(3, false), (4, true), (5, false)] {
            let kind = Kind { soft: true, weighted, ..Kind::plain(1) };
            let scene = Scene::random(kind, seed, (9, 31), [1.0, 5.0, 12.0][seed as usize % 3]);
            let weights = if weighted { scene.weights.clone() } else { vec![1.0; 279] };
            let (value, gradient) = power_jaccard(&scene.scores, &scene.shares, &weights, exponent, smooth);
            let found = scene.evaluate("power_jaccard", &loss).unwrap();
            let what = format!("{settings}, weighted {weighted}");
            assert!(
                (f64::from(found.value) - value).abs() <= 1e-6 * value,
                "{what}: {} {value}",
                found.value
            );
            let largest = gradient.iter().fold(0.0f64, |a, g| a.max(g.abs()));
            for (place, (found, expected)) in found.gradient.iter().zip(&gradient).enumerate() {
                let error = (f64::from(*found) - expected).abs();
                assert!(
                    error <= 1e-5 * largest,
                    "{what} at {place}: {found:e} {expected:e}, largest {largest:e}"
                );
            }
        }
    }
}
