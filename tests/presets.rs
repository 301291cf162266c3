//! The catalogue's presets against the libraries that they are named after (`vectors/presets.py` runs them).

use std::collections::BTreeSet;

use segmeter::Engine;
use segmeter::catalogue::{self, AnyFrame, AnyLoss, Entry, PRESETS, Setting, Settings, preset};
use segmeter_core::loss::Evaluation;
use segmeter_core::view::{Frame, Layout};
use segmeter_tests::{Fixture, LossVectors, close, named, vectors};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
}

/// What a library's loss is in terms of ours.
#[derive(Deserialize)]
struct Case {
    preset: String,
    loss: String,
    parameters: Value,
    fixture: String,
    value: f64,
    differs: Option<String>,
    class_weights: Option<Vec<f32>>,
}

/// Arguments for which the vectors call a library with another value than its own default, or that make no
/// difference on the fixture of the vectors and one elsewhere.
const CALLED_WITH: [(&str, &str, &[&str]); 8] = [
    ("smp", "dice", &["empty"]),
    ("smp", "log_dice", &["empty"]),
    ("smp", "jaccard", &["empty"]),
    ("smp", "tversky", &["fp_weight", "fn_weight", "empty"]),
    ("smp", "focal_tversky", &["fp_weight", "fn_weight", "exponent"]),
    ("keras", "dice", &["average"]),
    ("keras", "tversky", &["fp_weight", "fn_weight", "average"]),
    ("mmseg", "ohem", &["min_kept"]),
];

fn value(loss: &AnyLoss, case: &Case, fixture: &Fixture) -> Evaluation {
    fn weighted<'a, const C: usize>(frame: Frame<'a, C>, case: &'a Case) -> Frame<'a, C> {
        match &case.class_weights {
            Some(weights) => frame.with_class_weights(weights).expect("class weights"),
            None => frame,
        }
    }
    let frame = if fixture.is_binary() {
        AnyFrame::Binary(weighted(fixture.frame(), case))
    } else {
        AnyFrame::Multiclass(weighted(fixture.multiclass(Layout::Planar, &fixture.logits, None), case))
    };
    let found = loss.evaluate(&Engine::default(), &frame, 1.0, None);
    found.unwrap_or_else(|error| panic!("{}: {error}", case.loss))
}

/// The parameters of a case that the settings of a preset do not give.
fn unlike(entry: &Entry, settings: &Settings, case: &Case, fixture: &Fixture) -> BTreeSet<String> {
    let given: Settings = serde_json::from_value(case.parameters.clone()).expect("settings");
    let is_other = |(key, value): &(String, Setting)| {
        // Only the frame decides on the background unless it is set, and nothing on distances.
        let by_frame = || (key == "background").then_some(Setting::Flag(!fixture.is_binary()));
        entry.setting(settings, key).or_else(by_frame).is_some_and(|own| own != *value)
    };
    given.into_iter().filter(is_other).map(|(key, _)| key).collect()
}

#[test]
fn every_preset_is_that_of_its_library() {
    let LossVectors { fixtures, .. } = vectors("losses.json");
    let Vectors { cases } = vectors("presets.json");
    for Case { preset: name, loss, .. } in &cases {
        // A blank: not a library that can be asked for.
        let known = loss == "weighted" || name.contains(' ') || preset(name, loss).is_some();
        assert!(known, "{name} has no preset for {loss}");
    }
    for of in PRESETS {
        let entry = catalogue::loss(of.loss).unwrap_or_else(|| panic!("there is no loss {}", of.loss));
        let is_of = |case: &&Case| {
            case.preset == of.name && catalogue::loss(&case.loss).is_some_and(|e| e.name == of.loss)
        };
        let called = CALLED_WITH.iter().find(|(name, loss, _)| (*name, *loss) == (of.name, of.loss));
        let allowed: BTreeSet<String> =
            called.map(|(_, _, keys)| keys.iter().map(|key| (*key).to_owned()).collect()).unwrap_or_default();
        let mine: Vec<&Case> = cases.iter().filter(is_of).collect();
        let matching =
            |case: &&&Case| unlike(entry, &of.settings(), case, &fixtures[&case.fixture]).is_subset(&allowed);
        let what = format!("{} {}", of.name, of.loss);
        assert!(
            mine.is_empty() || mine.iter().any(|case| matching(&case)),
            "{what}: no case with its settings"
        );
        let differ = mine.iter().any(|case| case.differs.is_some());
        assert!(!differ || !of.differs.is_empty(), "{what}: the vectors say that the library differs");
        for case in mine.iter().filter(matching) {
            let mut settings = of.settings();
            let given: Settings = serde_json::from_value(case.parameters.clone()).expect("settings");
            settings.retain(|key, _| !allowed.contains(key));
            settings.extend(given.into_iter().filter(|(key, _)| allowed.contains(key) || key == "distances"));
            let loss = AnyLoss::new(of.loss, &settings).expect("a loss");
            let found = value(&loss, case, &fixtures[&case.fixture]);
            assert!(
                close(f64::from(found.value), case.value, 1e-6),
                "{what}: {}, expected {}",
                found.value,
                case.value
            );
        }
    }
}

#[test]
fn every_case_has_the_value_of_its_parameters() {
    let LossVectors { fixtures, .. } = vectors("losses.json");
    let Vectors { cases } = vectors("presets.json");
    for case in &cases {
        let found = value(&named(&case.loss, &case.parameters), case, &fixtures[&case.fixture]);
        let Case { preset, loss, parameters, value, .. } = case;
        // A sum of one part has a weight that a loss alone has not.
        let single = parameters["parts"].as_array().filter(|parts| parts.len() == 1);
        let scale = single.map_or(1.0, |parts| parts[0]["weight"].as_f64().expect("a weight"));
        let found = scale * f64::from(found.value);
        assert!(close(found, *value, 1e-6), "{preset} {loss} {parameters}: {found}, expected {value}");
    }
}
