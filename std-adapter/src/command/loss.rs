//! `segmeter loss`.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use segmeter::{Engine, files};
use serde_json::{Map, Value, json};

use super::formula::Formula;
use super::input::{Input, LabelInput};
use super::{Common, Failure, Outcome, refuse};
use crate::report;

mod batch;
mod evaluate;

use evaluate::{Answer, Work};

#[derive(Args)]
pub(super) struct Arguments {
    /// A loss of `segmeter list losses`, or a sum such as 0.5*bce+2*tversky
    name: String,
    /// Logits: .npy, .bin or a directory
    #[arg(long, value_name = "FILE")]
    logits: PathBuf,
    /// Labels: .png, .npy, .bin or a directory
    #[arg(long, value_name = "FILE")]
    labels: PathBuf,
    /// Set a parameter; NAME.key=value for a part of a sum
    #[arg(long = "set", value_name = "key=value")]
    settings: Vec<String>,
    /// Weight of each pixel: .npy f32, or .bin with the shape of the logits
    #[arg(long, value_name = "FILE")]
    pixel_weights: Option<PathBuf>,
    /// Write the gradient with respect to the logits as .npy f32
    #[arg(long, value_name = "OUT.npy")]
    gradient: Option<PathBuf>,
    /// One loss over all pixels, or the mean of the losses of the images where it is defined
    #[arg(long, value_enum, default_value = "batch")]
    reduction: Reduction,
    /// Class weights (multi-class losses)
    #[arg(long, value_name = "a,b,...")]
    class_weights: Option<String>,
    /// Policy for absent classes (multi-class losses)
    #[arg(long, value_name = "POLICY")]
    empty: Option<String>,
    /// Definition of another library
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    label_input: LabelInput,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Reduction {
    Batch,
    Image,
}

pub(super) fn run(
    arguments: &Arguments,
    common: &Common,
    engine: &Engine,
    out: &mut dyn Write,
) -> Result<Outcome, Failure> {
    let why = format!("for {}: it has one class and one definition", arguments.name);
    refuse(arguments.class_weights.is_some(), "--class-weights", &why)?;
    refuse(arguments.empty.is_some(), "--empty", &why)?;
    refuse(arguments.preset.is_some(), "--preset", &why)?;
    let formula = Formula::parse(&arguments.name, &arguments.settings).map_err(Failure::Input)?;
    let loss = formula.loss().map_err(Failure::Input)?;
    let batch = batch::read(arguments)?;
    let work = Work { loss: &loss, engine, batch: &batch, path: &arguments.logits };
    let answer = work.evaluate(arguments.gradient.is_some())?;
    if let Some(path) = &arguments.gradient {
        let axes = batch.axes.as_deref().ok_or_else(|| {
            let line = "found images of different shapes, expected one shape for --gradient";
            Failure::Input(format!("{}: {line}", arguments.logits.display()))
        })?;
        files::write_atomically(path, |out| files::npy::write_f32(out, axes, &answer.gradient))?;
    }
    batch.labels.note_if_all_ignored(answer.foreground, answer.ignored);
    print(arguments, common, &formula, engine, batch.images, &answer, out)?;
    Ok(Outcome::Done)
}

fn print(
    arguments: &Arguments,
    common: &Common,
    formula: &Formula,
    engine: &Engine,
    images: usize,
    answer: &Answer,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let parameters: Map<String, Value> =
        formula.parameters().map(|(name, v)| (name, Value::from(v))).collect();
    if common.json {
        report::json(
            out,
            &json!({
                "loss": arguments.name,
                "value": answer.value,
                "per_class": null,
                "parameters": parameters,
                "definition": formula.definition(),
                "images": images,
                "pixels": answer.pixels,
                "ignored": answer.ignored,
                "undefined": answer.undefined,
                "level": engine.level().to_string(),
                "threads": engine.threads(),
            }),
        )?;
        return Ok(());
    }
    let parameters: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let value = answer.value.map_or("undefined: no scored pixel, or 0/0".to_owned(), |v| v.to_string());
    let mut pairs = vec![("loss", arguments.name.clone()), ("value", value)];
    if !parameters.is_empty() {
        pairs.push(("parameters", parameters.join(" ")));
    }
    pairs.push(("definition", formula.definition()));
    pairs.push(("pixels", format!("{} scored, {} ignored", answer.pixels, answer.ignored)));
    if answer.undefined != 0 {
        pairs.push(("undefined", format!("{} left out", answer.undefined)));
    }
    if let Some(path) = &arguments.gradient {
        pairs.push(("gradient", path.display().to_string()));
    }
    report::pairs(out, &pairs)?;
    Ok(())
}
