//! `segmeter merge`: the report of images that were evaluated in parts.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use segmeter::files::partial::{self, Partial};

use super::super::require::RequireInput;
use super::super::{Common, Failure, Outcome};
use super::print::Printed;
use super::{gate, partial as parts, settings, sheet, tally};
use crate::output;

#[derive(Args)]
pub(in crate::command) struct Arguments {
    /// States that `segmeter eval --partial` wrote, in any order
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Report every image too
    #[arg(long)]
    per_image: bool,
    /// Write counts and metrics of every class as CSV; - is stdout, where nothing else is printed then
    #[arg(long, value_name = "OUT.csv")]
    csv: Option<PathBuf>,
    /// Write the state of all of them, to be merged with others
    #[arg(long, value_name = "FILE")]
    partial: Option<PathBuf>,
    #[command(flatten)]
    require: RequireInput,
}

pub(in crate::command) fn run(
    arguments: &Arguments,
    common: &Common,
    out: &mut dyn Write,
) -> Result<Outcome, Failure> {
    let requirements = arguments.require.requirements()?;
    let files =
        [("--csv", &arguments.csv), ("--partial", &arguments.partial), ("--junit", &arguments.require.junit)];
    let [csv, state, junit] = output::open(files, common.json, &arguments.files)?;
    let is_taken = output::take_stdout(&[&csv, &state, &junit]);
    let merged = merged(&arguments.files)?;
    let named = |failure: Failure| match failure {
        Failure::Input(line) => Failure::Input(format!("{}: {line}", arguments.files[0].display())),
        other => other,
    };
    let (choice, names) = settings::choice(&merged.settings).map_err(named)?;
    if let Some(state) = state {
        state.write(out, |file| partial::write(file, &merged))?;
    }
    let result = tally::of_states(&choice, names.len(), merged.images, common.engine()?.threads())?;
    let printed = Printed { names: &names, choice: &choice, per_image: arguments.per_image, result: &result };
    let (document, verdict) = gate::verdict(&requirements, &printed, common.json)?;
    if let Some(csv) = csv {
        csv.write(out, |file| sheet::csv(file, &choice, &names, &result))?;
    }
    // As the run over all images names it: its report is the same.
    verdict.junit(junit, "segmeter eval", out)?;
    if common.json {
        printed.json(document, out)?;
        return Ok(verdict.outcome());
    }
    verdict.end(!is_taken, out, |out| printed.table(out))
}

/// The images of all files, in the order of their names.
fn merged(files: &[PathBuf]) -> Result<Partial, Failure> {
    let mut all = Partial::default();
    // The file of every image.
    let mut owners: BTreeMap<String, usize> = BTreeMap::new();
    for (place, file) in files.iter().enumerate() {
        let state = parts::read(file)?;
        if place == 0 {
            all.settings = state.settings;
        } else if let Some(line) = parts::difference(&state.settings, &all.settings) {
            return Err(Failure::Input(format!(
                "{}: found {line} as in {}: evaluate both with the same flags and the same version",
                file.display(),
                files[0].display()
            )));
        }
        for image in &state.images {
            if let Some(other) = owners.insert(image.name.clone(), place) {
                return Err(Failure::Input(format!(
                    "{}: found image {}, which is in {} too, expected each once: give every shard other images of one \
                     folder, by --frames or a list for --pair",
                    file.display(),
                    image.name,
                    files[other].display()
                )));
            }
        }
        all.images.extend(state.images);
    }
    if all.images.is_empty() {
        return Err(Failure::Input(format!("{}: found no image", files[0].display())));
    }
    let pixels = all.images.iter().flat_map(|image| &image.counts).try_fold(0_u64, |sum, (.., pixels)| {
        sum.checked_add(*pixels).filter(|sum| *sum <= partial::MOST_PIXELS)
    });
    if pixels.is_none() {
        return Err(Failure::Input(format!(
            "{}: found more pixels in all files than there can be",
            files[0].display()
        )));
    }
    all.images.sort_by(|a, b| partial::by_name(&a.name, &b.name));
    Ok(all)
}
