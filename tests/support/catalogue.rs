//! The losses of the catalogue, as tests walk through them.

use segmeter::catalogue::{ChosenLoss, LOSSES, Settings};
use segmeter_core::loss::Weighted;

/// The loss that a name and parameters in the vectors stand for.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn named(name: &str, parameters: &serde_json::Value) -> ChosenLoss {
    if let Some(parts) = parameters.get("parts") {
        let mut parts = parts.as_array().expect("parts").iter().rev().map(|part| {
            let weight = part["weight"].as_f64().expect("a weight") as f32;
            (weight, named(part["loss"].as_str().expect("a name"), &part["parameters"]))
        });
        let (mut weight, mut sum) = parts.next().expect("a part");
        for (more, part) in parts {
            let nested = Weighted::new(more, part, weight, sum).expect("weights");
            (weight, sum) = (1.0, ChosenLoss::Sum(Box::new(nested)));
        }
        return sum;
    }
    let settings: Settings = serde_json::from_value(parameters.clone()).expect("settings");
    ChosenLoss::new(name, &settings).unwrap_or_else(|line| panic!("{name} {parameters}: {line}"))
}

/// Every loss of the catalogue at its defaults, and some at other parameters.
///
/// # Panics
/// If a name or parameter is unknown.
#[must_use]
pub fn losses() -> Vec<(String, ChosenLoss)> {
    let set = |name: &str, settings: &str| {
        (format!("{name} {settings}"), named(name, &serde_json::from_str(settings).expect("JSON")))
    };
    let defaults = LOSSES.iter().map(|entry| set(entry.name, "{}"));
    defaults
        .chain([
            set("focal", r#"{"focusing":0.5,"foreground_weight":0.5}"#),
            set("focal", r#"{"focusing":3.5}"#),
            set("dice", r#"{"smooth":0}"#),
            set("dice", r#"{"background":true,"empty":"skip_class"}"#),
            set("tversky", r#"{"fp_weight":0.5,"fn_weight":0.5,"smooth":0}"#),
            set("focal_tversky", r#"{"exponent":1.3333}"#),
            set("power_jaccard", r#"{"exponent":1.5}"#),
            set("bootstrapped", r#"{"hard":true}"#),
            set("unified_focal", r#"{"asymmetric":false}"#),
            (
                "weighted".to_owned(),
                named(
                    "weighted",
                    &serde_json::json!({"parts": [
                        {"weight": 0.5, "loss": "cross_entropy", "parameters": {}},
                        {"weight": 2, "loss": "tversky", "parameters": {}},
                        {"weight": 0.5, "loss": "top_k", "parameters": {}},
                    ]}),
                ),
            ),
        ])
        .collect()
}

/// Those of [`losses`] that take binary frames.
pub fn binary_losses() -> impl Iterator<Item = (String, ChosenLoss)> {
    losses().into_iter().filter(|(name, _)| takes(name, "binary"))
}

/// Whether a loss is defined for binary frames, by the catalogue; a sum is.
#[must_use]
pub fn takes(name: &str, input: &str) -> bool {
    let name = name.split(' ').next().unwrap_or_default();
    segmeter::catalogue::loss(name).is_none_or(|entry| entry.inputs.contains(&input))
}
