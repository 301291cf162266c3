//! What `segmeter loss` prints.

use std::io::Write;

use segmeter::Engine;
use segmeter::catalogue::Reduction;
use segmeter::catalogue::batch::{Answer, Inputs};
use segmeter::core::view::Activation;
use serde_json::json;

use super::batch::Batch;
use super::{Arguments, Failure, Formula};
use crate::report;

/// All that is said beside the answer.
pub(super) struct Printed<'a> {
    pub(super) arguments: &'a Arguments,
    pub(super) formula: &'a Formula,
    pub(super) engine: &'a Engine,
    pub(super) batch: &'a Batch,
    pub(super) reduction: Reduction,
}

impl Printed<'_> {
    pub(super) fn print(&self, answer: &Answer, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
        if json { self.json(answer, out) } else { self.text(answer, out) }
    }

    fn reduction(&self) -> &'static str {
        match self.reduction {
            Reduction::Batch => "batch",
            Reduction::Image => "image",
        }
    }

    fn gradient_of(&self) -> &'static str {
        match self.batch.activation {
            Activation::Logits => "logits",
            Activation::Probabilities => "probabilities",
        }
    }

    fn json(&self, answer: &Answer, out: &mut dyn Write) -> Result<(), Failure> {
        let Self { arguments, formula, engine, batch, .. } = self;
        report::json(
            out,
            &json!({
                "loss": arguments.name,
                "value": answer.value,
                "per_class": answer.per_class,
                "parameters": formula.parameters(batch.mode == Inputs::Multiclass),
                "definition": formula.definition(),
                "preset": arguments.preset,
                "differs": formula.differs(),
                "inputs": batch.mode.name(),
                "reduction": self.reduction(),
                "class_weights": arguments.class_weights,
                "gradient_of": self.gradient_of(),
                "images": batch.images,
                "pixels": answer.pixels,
                "ignored": answer.ignored,
                "undefined": answer.undefined,
                "level": engine.level().to_string(),
                "threads": engine.threads(),
            }),
        )?;
        Ok(())
    }

    fn text(&self, answer: &Answer, out: &mut dyn Write) -> Result<(), Failure> {
        let Self { arguments, formula, batch, .. } = self;
        let value = answer.value.map_or("undefined: no scored pixel, or 0/0".to_owned(), |v| v.to_string());
        let mut pairs = vec![("loss", arguments.name.clone()), ("value", value)];
        let parameters: Vec<String> = formula
            .parameters(batch.mode == Inputs::Multiclass)
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| {
                format!("{name}={}", value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            })
            .collect();
        if !parameters.is_empty() {
            pairs.push(("parameters", parameters.join(" ")));
        }
        if let Some(weights) = &arguments.class_weights {
            let weights: Vec<String> = weights.iter().map(ToString::to_string).collect();
            pairs.push(("class weights", weights.join(" ")));
        }
        pairs.push(("definition", formula.definition()));
        pairs.push(("inputs", self.inputs()));
        pairs.push(("pixels", format!("{} scored, {} ignored", answer.pixels, answer.ignored)));
        if answer.undefined != 0 {
            pairs.push(("undefined", format!("{} left out", answer.undefined)));
        }
        if let Some(path) = &arguments.gradient {
            pairs.push(("gradient", format!("{}, of the {}", path.display(), self.gradient_of())));
        }
        report::pairs(out, &pairs)?;
        let Some(per_class) = &answer.per_class else { return Ok(()) };
        writeln!(out)?;
        let head = if batch.mode == Inputs::Multilabel { "channel" } else { "class" };
        let mut table = report::table(&[head, "value"]);
        for (class, value) in per_class.iter().enumerate() {
            table.add_row([class.to_string(), report::decimal(*value)]);
        }
        report::print(out, &table)?;
        Ok(())
    }

    /// How the numbers were read, and the images brought together.
    fn inputs(&self) -> String {
        let Batch { mode, channels, images, .. } = self.batch;
        let what = match mode {
            Inputs::Binary => "binary".to_owned(),
            Inputs::Multiclass => format!("multiclass of {channels}"),
            Inputs::Multilabel => format!("multilabel of {channels}: mean over channels"),
        };
        match (images, self.reduction) {
            (1, _) => format!("{what}; 1 image"),
            (_, Reduction::Batch) => format!("{what}; {images} images as one"),
            (_, Reduction::Image) => format!("{what}; mean over {images} images"),
        }
    }
}
