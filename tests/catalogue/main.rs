//! The catalogue of losses says what runs: scratch, passes, defaults, ranges, presets.

mod defaults;
mod finite;
#[path = "../fuzz/frames.rs"]
#[allow(unreachable_pub, reason = "the fuzzer is another crate")]
mod frames;
mod passes;
mod ranges;
mod scratch;

use segmeter::catalogue::PRESETS;
use segmeter_tests::{Kind, Scene, named};

/// Every preset that is listed makes a loss that runs, and every one that runs is listed.
#[test]
fn every_preset_has_a_value() {
    for preset in PRESETS {
        let settings = serde_json::to_value(preset.settings()).unwrap();
        let loss = named(preset.loss, &settings);
        let channels = if preset.loss == "lovasz_softmax" { 3 } else { 1 };
        let found = Scene::random(Kind::plain(channels), 5, (6, 7), 3.0).evaluate(preset.loss, &loss);
        assert!(found.unwrap().value.is_finite(), "{} of {}", preset.loss, preset.name);
    }
}
