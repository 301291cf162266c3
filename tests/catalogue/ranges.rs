//! Ranges: both ends of every parameter are taken, what is just outside is refused by name.

use segmeter::catalogue::{AnyFrame, ChosenLoss, Entry, LOSSES, Parameter, Setting, Settings};
use segmeter_core::view::{Frame, IGNORE, Labels, Shape};
use segmeter_tests::{Kind, Scene, accumulate, named, scratch_len, takes};

/// Parameters that count something.
const WHOLE: [&str; 9] = [
    "background_class",
    "dilations",
    "erosions",
    "iterations",
    "min_kept",
    "scales",
    "step",
    "tolerance_window",
    "edge_window",
];

/// The numbers of a range: those that are taken, those that are refused.
#[derive(Debug, Default)]
struct Ends {
    taken: Vec<f64>,
    refused: Vec<f64>,
}

impl Ends {
    fn of(parameter: &Parameter, settings: &Settings) -> Self {
        let text = parameter.range;
        let (start, end) = (text.find(['[', '(']).unwrap(), text.find([']', ')']).unwrap());
        let (low, high) = text[start + 1..end].split_once(',').unwrap();
        let number = |word: &str| match (word, settings.get(word)) {
            ("2^32", _) => 4_294_967_296.0,
            (_, Some(Setting::Number(number))) => *number,
            _ if word.contains('/') => number_over(word, settings),
            _ => word.parse().unwrap_or_else(|_| panic!("{}: {text}", parameter.name)),
        };
        let step = match (WHOLE.contains(&parameter.name), text.starts_with("odd")) {
            (true, odd) => Some(if odd { 2.0 } else { 1.0 }),
            (false, _) => None,
        };
        let mut ends = Self::default();
        ends.end(number(low), text[start..].starts_with('['), -1.0, step);
        ends.end(number(high), text[end..].starts_with(']'), 1.0, step);
        ends.refused.push(f64::NAN);
        if let Some(step) = step {
            ends.refused.push(ends.taken[0] + step / 2.0);
        }
        ends
    }

    /// One end; `outwards` is the sign of the way out of the range.
    fn end(&mut self, end: f64, is_in: bool, outwards: f64, step: Option<f64>) {
        if end.is_infinite() {
            self.refused.push(end);
            self.taken.extend([outwards * f64::from(f32::MAX), outwards * 1e30]);
            return;
        }
        let next = |sign: f64| match step {
            Some(step) => end + sign * step,
            None if sign > 0.0 => f64::from((end as f32).next_up()),
            None => f64::from((end as f32).next_down()),
        };
        let (taken, refused) = if is_in { (end, next(outwards)) } else { (next(-outwards), end) };
        self.taken.push(taken);
        self.refused.push(refused);
    }
}

/// `127/scales`, without the rest.
fn number_over(words: &str, settings: &Settings) -> f64 {
    let (number, name) = words.split_once('/').unwrap();
    let Some(Setting::Number(over)) = settings.get(name) else { panic!("{words}") };
    (number.parse::<f64>().unwrap() / over).floor()
}

/// The settings beside a parameter's own, without which its range has no ends.
fn beside(parameter: &Parameter) -> Settings {
    let all =
        [("numerator_smooth", "denominator_smooth", 2.0), ("step", "scales", 3.0), ("scales", "step", 5.0)];
    let of = all.into_iter().filter(|(name, ..)| *name == parameter.name);
    of.map(|(_, other, value)| (other.to_owned(), Setting::Number(value))).collect()
}

fn set(settings: &Settings, name: &str, setting: Setting) -> Settings {
    let mut all = settings.clone();
    all.insert(name.to_owned(), setting);
    all
}

/// What is wrong with value and gradient, binary and of three classes. Where an `f32` may overflow, only NaN is wrong.
fn wrong(entry: &Entry, loss: &ChosenLoss, overflows: bool) -> Option<String> {
    for channels in [1, 3] {
        if !takes(entry.name, if channels == 1 { "binary" } else { "multiclass" }) {
            continue;
        }
        let scene = Scene::random(Kind::plain(channels), 11, (7, 9), 4.0);
        let found = scene.evaluate(entry.name, loss).unwrap();
        let bad = |x: &f32| if overflows { x.is_nan() } else { !x.is_finite() };
        if bad(&found.value) {
            return Some(format!("value {} of {channels} channels", found.value));
        }
        if let Some(place) = found.gradient.iter().position(bad) {
            return Some(format!("gradient {} of {channels} channels", found.gradient[place]));
        }
    }
    None
}

#[test]
fn ends_are_taken_and_what_is_beyond_is_refused() {
    let (mut failures, mut tried) = (Vec::new(), 0);
    for (entry, parameter) in LOSSES.iter().flat_map(|entry| entry.parameters.iter().map(move |p| (entry, p)))
    {
        let (name, settings) = (parameter.name, beside(parameter));
        let (taken, refused): (Vec<Setting>, Vec<Setting>) = if name == "distances" {
            let matrix = |numbers: &[f64]| Setting::Numbers(numbers.to_vec());
            let three = |a: f64| matrix(&[0.0, a, 1.0, a, 0.0, 1.0, 1.0, 1.0, 0.0]);
            let beyond = [f64::from(1f32.next_up()), f64::from(0f32.next_down()), f64::NAN];
            let mut refused: Vec<_> = beyond.into_iter().map(three).collect();
            refused.push(matrix(&[0.0; 8]));
            refused.push(matrix(&[0.0, 1.0, 0.5, 0.0]));
            (vec![three(0.0), three(1.0)], refused)
        } else if parameter.range.contains(['[', '(']) {
            let ends = Ends::of(parameter, &settings);
            let numbers = |all: Vec<f64>| all.into_iter().map(Setting::Number).collect();
            (numbers(ends.taken), numbers(ends.refused))
        } else if parameter.range == "true, false" {
            ([true, false].map(Setting::Flag).to_vec(), vec![Setting::Word("maybe".to_owned())])
        } else {
            let words = parameter.range.split(", ").map(|word| Setting::Word(word.to_owned()));
            (words.collect(), vec![Setting::Word("other".to_owned()), Setting::Number(1.0)])
        };
        for setting in taken {
            tried += 1;
            let what = format!("{} {name}={setting}", entry.name);
            let overflows = matches!(setting, Setting::Number(number) if number.abs() > 1e38);
            match ChosenLoss::new(entry.name, &set(&settings, name, setting)) {
                Ok(loss) => {
                    let wrong = wrong(entry, &loss, overflows);
                    failures.extend(wrong.map(|wrong| format!("{what}: {wrong}")));
                }
                Err(error) => failures.push(format!("{what}: {error}")),
            }
        }
        for setting in refused {
            tried += 1;
            let what = format!("{} {name}={setting}", entry.name);
            match ChosenLoss::new(entry.name, &set(&settings, name, setting)) {
                Ok(_) => failures.push(format!("{what}: taken, range {}", parameter.range)),
                Err(error) if names(&error.to_string(), entry, parameter, &settings) => {}
                Err(error) => failures.push(format!("{what}: the message does not name it: {error}")),
            }
        }
    }
    assert!(failures.is_empty(), "{} of {tried}:\n{}", failures.len(), failures.join("\n"));
    assert!(tried > 1000, "{tried}");
}

/// Whether a message says what was found for the parameter, or for one that was set beside it, and its range.
fn names(error: &str, entry: &Entry, parameter: &Parameter, settings: &Settings) -> bool {
    let all = entry.parameters.iter();
    let set = all.filter(|other| other.name == parameter.name || settings.contains_key(other.name));
    let is = |other: &Parameter| {
        error.starts_with(&format!("found {}=", other.name))
            && error.ends_with(&format!("for {}, expected {}", entry.name, other.range))
    };
    set.into_iter().any(is)
}

/// Decimal fractions of round counts: `top_k` keeps the smallest k with k/n at least the fraction that was written.
#[test]
fn a_fraction_is_the_decimal_number_that_was_written() {
    for (digits, scale) in [(1..=10u32, 10u32), (1..=100, 100), (1..=1000, 1000)] {
        for (fraction, pixels) in
            digits.flat_map(|fraction| [10u32, 20, 30, 100, 1000].map(|n| (fraction, n)))
        {
            let setting = Setting::Number(format!("{}e-{}", fraction, scale.ilog10()).parse().unwrap());
            let loss = ChosenLoss::new("top_k", &Settings::from([("fraction".to_owned(), setting.clone())]))
                .unwrap();
            let shape = Shape::new(pixels / 10, 10).unwrap();
            let scores: Vec<f32> =
                (0..pixels).map(|pixel| ((pixel * 7 + 3) % pixels) as f32 / 100.0).collect();
            let ids = vec![0; scores.len()];
            let frame = Frame::new(&scores, Labels::new(shape, &ids, IGNORE).unwrap()).unwrap();
            let mut gradient = vec![0.0; scores.len()];
            let frame = AnyFrame::Binary(frame);
            let mut scratch = vec![0; scratch_len(&loss, &frame)];
            accumulate(&loss, &frame, 1.0, &mut scratch, Some(&mut gradient)).unwrap();
            let kept = gradient.iter().filter(|slope| **slope != 0.0).count();
            let expected = (fraction * pixels).div_ceil(scale).max(1) as usize;
            assert_eq!(kept, expected, "{setting} of {pixels} pixels");
        }
    }
}

/// A denominator alone is enough: who sets it has not asked for a numerator that is too large for it.
#[test]
fn a_denominator_smooth_alone_is_taken() {
    let scene = Scene::random(Kind::plain(1), 3, (5, 8), 3.0);
    let value = |settings: serde_json::Value| scene.value(&named("dice", &settings)).to_bits();
    let json = |text: &str| serde_json::from_str(text).unwrap();
    let both = value(json(r#"{"numerator_smooth":0.5,"denominator_smooth":0.5}"#));
    assert_eq!(value(json(r#"{"denominator_smooth":0.5}"#)), both);
    let larger = value(json(r#"{"numerator_smooth":1,"denominator_smooth":4}"#));
    assert_eq!(value(json(r#"{"denominator_smooth":4}"#)), larger);
    assert_ne!(both, larger);
    let numerator = ChosenLoss::new("dice", &json_settings(r#"{"numerator_smooth":2}"#)).unwrap_err();
    assert!(numerator.to_string().contains("found numerator_smooth=2"), "{numerator}");
}

fn json_settings(text: &str) -> Settings {
    serde_json::from_str(text).unwrap()
}

/// A radius that is too large is the fault of what was set.
#[test]
fn step_and_scales_share_a_limit() {
    for (text, name) in
        [(r#"{"step":22}"#, "step"), (r#"{"scales":43}"#, "scales"), (r#"{"step":64,"scales":2}"#, "scales")]
    {
        let error = ChosenLoss::new("hausdorff_convolution", &json_settings(text)).unwrap_err();
        assert!(error.to_string().contains(&format!("found {name}=")), "{error}");
    }
    for text in
        [r#"{"step":21}"#, r#"{"scales":42}"#, r#"{"step":127,"scales":1}"#, r#"{"step":1,"scales":127}"#]
    {
        assert!(ChosenLoss::new("hausdorff_convolution", &json_settings(text)).is_ok(), "{text}");
    }
}

#[test]
fn both_weights_0_are_refused() {
    for name in ["tversky", "focal_tversky", "hybrid_focal"] {
        let zero = |name: &str| (name.to_owned(), Setting::Number(0.0));
        let error =
            ChosenLoss::new(name, &Settings::from([zero("fp_weight"), zero("fn_weight")])).unwrap_err();
        assert!(error.to_string().contains("fn_weight="), "{error}");
    }
    // Only what the frame decides has no default.
    for parameter in LOSSES.iter().flat_map(|entry| entry.parameters) {
        let taken = ["numerator_smooth", "denominator_smooth", "background", "distances"];
        assert!(parameter.default.is_some() || taken.contains(&parameter.name), "{}", parameter.name);
    }
}
