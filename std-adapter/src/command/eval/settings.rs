//! Everything that decides a number, by name: states of evaluations are merged if they agree in it.

use segmeter::core::view::{Activation, Encoding, Quantiser};
use serde_json::{Map, Value, json};

use super::Arguments;
use super::choice::{Choice, ChoiceInput};
use super::outputs::Outputs;
use super::predict::Reader;
use crate::command::Failure;
use segmeter::core::metric::Confidence;
use segmeter::scores::Scale;

/// Names and values, as JSON.
pub(super) type Settings = Vec<(String, String)>;

/// What was chosen of the metrics is named after its flags.
const FLAG: &str = "metrics by --";

/// Of a run.
pub(super) fn of(
    arguments: &Arguments,
    reader: &Reader,
    choice: &Choice,
    names: &[String],
) -> Result<Settings, Failure> {
    let mut all = Map::new();
    all.insert("segmeter".to_owned(), json!(env!("CARGO_PKG_VERSION")));
    all.insert("classes".to_owned(), json!(names));
    all.insert("threshold".to_owned(), json!(arguments.threshold));
    let chosen = serde_json::to_value(&arguments.choice)?;
    for (name, value) in chosen.as_object().into_iter().flatten() {
        all.insert(format!("{FLAG}{}", name.replace('_', "-")), value.clone());
    }
    all.insert("predictions".to_owned(), outputs(&choice.outputs));
    all.insert("softmax".to_owned(), json!(choice.softmax));
    all.insert("probabilities".to_owned(), json!(choice.scale == Scale::Probability));
    all.insert("ignored classes".to_owned(), json!(choice.ignored));
    all.insert("reading".to_owned(), arguments.input.settings());
    all.insert("upsampling".to_owned(), arguments.upsample.settings());
    for (name, value) in reader.labels().settings() {
        all.insert(name.to_owned(), value);
    }
    all.insert("foreground of predictions".to_owned(), json!(reader.foreground()));
    Ok(all.into_iter().map(|(name, value)| (name, value.to_string())).collect())
}

fn outputs(outputs: &Outputs) -> Value {
    let quantiser = outputs.quantiser.map(|quantiser| {
        json!({
            "signed": quantiser.encoding() == Encoding::Signed,
            "probabilities": quantiser.activation() == Activation::Probabilities,
            "affine": quantiser.affine(),
        })
    });
    json!({
        "binary": outputs.is_binary,
        "classes": outputs.classes,
        "f64": outputs.is_exact,
        "quantiser": quantiser,
    })
}

/// The choice and the names of the classes that such settings say. A file may say anything: what makes no sense is refused.
pub(super) fn choice(settings: &Settings) -> Result<(Choice, Vec<String>), Failure> {
    let bad = |name: &str| {
        Failure::Input(format!("found settings with a bad {name}: make it again with --partial"))
    };
    let value = |name: &str| -> Result<Value, Failure> {
        let text = settings.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        text.and_then(|text| serde_json::from_str(text).ok()).ok_or_else(|| bad(name))
    };
    let names: Vec<String> = serde_json::from_value(value("classes")?).map_err(|_| bad("classes"))?;
    if !(2..=super::count::MOST_CLASSES).contains(&names.len()) {
        return Err(bad("number of classes"));
    }
    let mut chosen = Map::new();
    for (name, text) in settings {
        if let Some(name) = name.strip_prefix(FLAG) {
            let value = serde_json::from_str(text).map_err(|_| bad(name))?;
            chosen.insert(name.replace('-', "_"), value);
        }
    }
    let input: ChoiceInput = serde_json::from_value(Value::Object(chosen)).map_err(|_| bad("choice"))?;
    input.check()?;
    let threshold =
        value("threshold")?.as_f64().filter(|t| *t > 0.0 && *t < 1.0).ok_or_else(|| bad("threshold"))?;
    let mut choice = input.choice(threshold)?;
    choice.softmax = value("softmax")?.as_bool().ok_or_else(|| bad("softmax"))?;
    choice.outputs = stored_outputs(&value("predictions")?).ok_or_else(|| bad("predictions"))?;
    let is_probability = value("probabilities")?.as_bool().ok_or_else(|| bad("probabilities"))?;
    choice.scale = if is_probability { Scale::Probability } else { Scale::Logit };
    if choice.softmax {
        choice.binning.confidence = Confidence::TopLabel;
    }
    choice.categories = input.categories(&names)?;
    let ignored = serde_json::from_value(value("ignored classes")?);
    choice.ignored = ignored.map_err(|_| bad("ignored classes"))?;
    choice.ignored.retain(|id| *id < names.len());
    choice.keeps_images = true;
    Ok((choice, names))
}

fn stored_outputs(value: &Value) -> Option<Outputs> {
    let quantiser = match &value["quantiser"] {
        Value::Null => None,
        stored => Some(quantiser(stored)?),
    };
    Some(Outputs {
        is_binary: value["binary"].as_bool()?,
        classes: value["classes"].as_u64().and_then(|classes| usize::try_from(classes).ok()),
        is_exact: value["f64"].as_bool()?,
        quantiser,
    })
}

fn quantiser(value: &Value) -> Option<Quantiser> {
    let affine: Option<(f32, i32)> = serde_json::from_value(value["affine"].clone()).ok()?;
    let encoding = if value["signed"].as_bool()? { Encoding::Signed } else { Encoding::Unsigned };
    match (affine, value["probabilities"].as_bool()?) {
        (None, _) => Some(Quantiser::probabilities()),
        (Some((scale, zero)), false) => Quantiser::logits(encoding, scale, zero).ok(),
        (Some((scale, zero)), true) => Quantiser::scaled_probabilities(encoding, scale, zero).ok(),
    }
}
