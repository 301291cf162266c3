//! `segmeter loss`.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use segmeter::catalogue::Reduction;
use segmeter::{Engine, files};

use super::formula::Formula;
use super::input::{Input, LabelInput};
use super::{Common, Failure, Outcome};
use crate::output;

mod batch;
mod evaluate;
mod print;
mod sample;

use evaluate::Work;

#[derive(Args)]
pub(super) struct Arguments {
    /// A loss of `segmeter list losses`, or a sum such as 0.5*bce+2*tversky
    name: String,
    /// Logits: .npy, .bin or a directory; (H,W) is binary, (C,H,W) multiclass, one more leading axis a batch
    #[arg(long, value_name = "FILE")]
    logits: PathBuf,
    /// Labels: class ids (.png, .npy, .bin), soft labels (.npy f32 or f64), or a directory
    #[arg(long, value_name = "FILE")]
    labels: PathBuf,
    /// Set a parameter; NAME.key=value for a part of a sum
    #[arg(long = "set", value_name = "key=value")]
    settings: Vec<String>,
    /// Every channel is a binary image with labels of its own; their mean
    #[arg(long)]
    multilabel: bool,
    /// Weight of each class; binary: of background and foreground; with --multilabel: of each channel
    #[arg(long, value_name = "a,b,...", value_delimiter = ',', num_args = 1)]
    class_weights: Option<Vec<f32>>,
    /// Weight of each pixel: .npy f32, or .bin with the shape of the labels
    #[arg(long, value_name = "FILE")]
    pixel_weights: Option<PathBuf>,
    /// Write the gradient with respect to the logits as .npy f32, in their shape; - is stdout, where nothing else is printed
    /// then
    #[arg(long, value_name = "OUT.npy")]
    gradient: Option<PathBuf>,
    /// One loss over all pixels, or the mean of the losses of the images where it is defined [default: as the preset
    /// has it, else batch; image for losses that look at the place of pixels]
    #[arg(long, value_enum)]
    reduction: Option<ReductionName>,
    /// What a class without labels gives, for losses with the parameter `empty`
    #[arg(long, value_name = "POLICY")]
    empty: Option<String>,
    /// Settings with which the loss is that of another library; --set and --empty win over it
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    label_input: LabelInput,
}

#[derive(Clone, Copy, ValueEnum)]
enum ReductionName {
    Batch,
    Image,
}

pub(super) fn run(
    arguments: &Arguments,
    common: &Common,
    engine: &Engine,
    out: &mut dyn Write,
) -> Result<Outcome, Failure> {
    let mut formula = Formula::parse(&arguments.name, &arguments.settings, arguments.preset.as_deref())
        .map_err(Failure::Input)?;
    if let Some(policy) = &arguments.empty {
        formula.set_empty(policy).map_err(Failure::Input)?;
    }
    let loss = formula.loss().map_err(Failure::Input)?;
    let inputs = [&arguments.logits, &arguments.labels].into_iter().chain(&arguments.pixel_weights).cloned();
    let inputs = inputs.chain(arguments.input.files()).chain(arguments.label_input.files());
    let [gradient] =
        output::open([("--gradient", &arguments.gradient)], common.json, &inputs.collect::<Vec<_>>())?;
    let is_taken = output::take_stdout(&[&gradient]);
    let asked = arguments.reduction.map(|name| match name {
        ReductionName::Batch => Reduction::Batch,
        ReductionName::Image => Reduction::Image,
    });
    let reduction = Reduction::of(asked, formula.reduction(), &loss);
    let batch = batch::read(arguments, &formula, reduction)?;
    if batch.is_stacked && loss.looks_at_places() {
        return Err(Failure::Input(format!(
            "--reduction batch makes one image of all, but {} looks at the place of pixels: say --reduction image",
            arguments.name
        )));
    }
    let work = Work {
        loss: &loss,
        scale: formula.scale(),
        has_classes: !loss.is_sum() && formula.without_class_weights().is_none(),
        engine,
        batch: &batch,
        class_weights: arguments.class_weights.as_deref(),
        path: &arguments.logits,
    };
    let (answer, slopes) = work.evaluate(gradient.is_some())?;
    if let (Some(gradient), Some(axes)) = (gradient, &batch.axes) {
        if let Some((place, found)) = slopes.iter().enumerate().find(|(_, g)| !g.is_finite()) {
            return Err(Failure::Input(format!(
                "{}: the gradient is {found} at place {place}, beyond what f32 holds: scale weights or parameters down",
                arguments.logits.display()
            )));
        }
        gradient.write(out, |file| files::npy::write_f32(file, axes, &slopes))?;
    }
    batch.labels.note_if_no_foreground();
    let printed = print::Printed { arguments, formula: &formula, engine, batch: &batch, reduction };
    if !is_taken {
        printed.print(&answer, common.json, out)?;
    }
    Ok(Outcome::Done)
}
