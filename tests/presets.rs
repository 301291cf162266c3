//! The catalogue's presets against the libraries that they are named after (`vectors/presets.py` runs them).

use std::collections::BTreeMap;

use segmeter::Engine;
use segmeter::catalogue::{
    self, AnyFrame, ChosenLoss, Entry, PRESETS, Preset, Reduction, Setting, Settings, preset,
};
use segmeter_core::view::{Frame, Layout};
use segmeter_tests::{Fixture, LossVectors, close, named, vectors};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    fixtures: BTreeMap<String, Fixture>,
    cases: Vec<Case>,
}

/// What a library's loss is in terms of ours.
#[derive(Deserialize)]
struct Case {
    preset: String,
    loss: String,
    parameters: Settings,
    fixture: String,
    value: f64,
    gradient: Option<Vec<f64>>,
    differs: Option<String>,
    class_weights: Option<Vec<f32>>,
    reduction: Option<String>,
}

impl Case {
    /// The cases, and the frames that they are on.
    fn all() -> (Vec<Self>, BTreeMap<String, Fixture>) {
        let LossVectors { mut fixtures, .. } = vectors("losses.json");
        let Vectors { fixtures: more, cases } = vectors("presets.json");
        fixtures.extend(more);
        (cases, fixtures)
    }

    /// Whether it is of this library and loss, and has no parameter that the preset sets otherwise.
    fn shows(&self, preset: &Preset, entry: &Entry, fixture: &Fixture) -> bool {
        let settings = preset.settings();
        let is_other = |(key, value): (&String, &Setting)| {
            // Only the frame decides on the background unless it is set, and nothing on distances.
            let by_frame = || (key == "background").then_some(Setting::Flag(!fixture.is_binary()));
            catalogue::setting(entry, &settings, key).or_else(by_frame).is_some_and(|own| own != *value)
        };
        self.preset == preset.name
            && catalogue::loss(&self.loss).is_some_and(|of| of.name == entry.name)
            && !self.parameters.iter().any(is_other)
    }

    /// The value is that of the case, and so is the gradient, to the largest of its numbers.
    fn check(&self, loss: &ChosenLoss, fixture: &Fixture) {
        fn weighted<'a, const C: usize>(frame: Frame<'a, C>, case: &'a Case) -> Frame<'a, C> {
            match &case.class_weights {
                Some(weights) => frame.with_class_weights(weights).expect("class weights"),
                None => frame,
            }
        }
        let frame = if fixture.is_binary() {
            AnyFrame::Binary(weighted(fixture.frame(), self))
        } else {
            AnyFrame::Multiclass(weighted(fixture.multiclass(Layout::Planar, &fixture.logits, None), self))
        };
        let Self { preset, loss: name, parameters, value: expected, .. } = self;
        let what = format!("{preset} {name} on {}, {parameters:?}", self.fixture);
        let mut gradient = vec![0.0; fixture.logits.len()];
        let found = loss.evaluate(&Engine::default(), &frame, 1.0, Some(&mut gradient));
        let value = f64::from(found.unwrap_or_else(|error| panic!("{what}: {error}")).value);
        assert!(close(value, *expected, 1e-6), "{what}: {value}, expected {expected}");
        let Some(slopes) = &self.gradient else { return };
        assert_eq!(slopes.len(), gradient.len(), "{what}");
        let largest = slopes.iter().fold(0.0, |most: f64, slope| most.max(slope.abs()));
        for (place, (slope, found)) in slopes.iter().zip(gradient).enumerate() {
            let off = (f64::from(found) - slope).abs();
            assert!(off <= 1e-5 * largest, "{what}: gradient {found} at {place}, expected {slope}");
        }
    }
}

/// Whether a preset reduces a batch as its library was seen to; none says that it reduces in another way, or that
/// the two are the same.
fn reduces_alike(preset: &Preset, seen: Option<&str>) -> bool {
    match seen {
        Some("image") => preset.reduction == Some(Reduction::Image),
        Some("batch") => preset.reduction == Some(Reduction::Batch),
        Some("mixed") => !preset.differs.is_empty(),
        Some(other) => panic!("found reduction {other}"),
        None => true,
    }
}

#[test]
fn every_preset_is_that_of_its_library() {
    let (cases, fixtures) = Case::all();
    let mut shown = 0;
    for of in PRESETS {
        let what = format!("{} {}", of.name, of.loss);
        let entry = catalogue::loss(of.loss).unwrap_or_else(|| panic!("there is no loss {}", of.loss));
        let mine: Vec<&Case> =
            cases.iter().filter(|case| case.shows(of, entry, &fixtures[&case.fixture])).collect();
        assert!(!mine.is_empty(), "{what}: no case has its settings");
        shown += mine.len();
        for case in mine {
            let differs = case.differs.as_deref().unwrap_or_default();
            assert!(differs.is_empty() || !of.differs.is_empty(), "{what} does not say: {differs}");
            let seen = case.reduction.as_deref();
            assert!(reduces_alike(of, seen), "{what}: {:?}, but the library: {seen:?}", of.reduction);
            let mut settings = of.settings();
            // No preset has the distances of classes: the libraries ask for them.
            settings.extend(case.parameters.clone().into_iter().filter(|(key, _)| key == "distances"));
            case.check(&ChosenLoss::new(of.loss, &settings).expect("a loss"), &fixtures[&case.fixture]);
        }
    }
    println!("{} presets, {shown} of {} cases", PRESETS.len(), cases.len());
}

#[test]
fn every_case_has_the_value_of_its_parameters() {
    let (cases, fixtures) = Case::all();
    for case in &cases {
        // A blank: not a library that can be asked for.
        let known = case.preset.contains(' ') || preset(&case.preset, &case.loss).is_some();
        assert!(known, "{} has no preset for {}", case.preset, case.loss);
        let parameters = serde_json::to_value(&case.parameters).expect("settings");
        case.check(&named(&case.loss, &parameters), &fixtures[&case.fixture]);
    }
}
