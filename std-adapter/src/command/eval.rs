//! `segmeter eval`.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::input::{Input, LabelInput};
use super::registry::{self, Kind};
use super::{Common, Failure, Outcome, refuse};

mod predict;
mod print;
mod tally;

use predict::Reader;

#[derive(Args)]
pub(super) struct Arguments {
    /// Class-id masks (.png, .npy, .bin), or binary logits (.npy, .bin)
    prediction: PathBuf,
    /// Labels: .png, .npy, .bin or a directory
    labels: PathBuf,
    /// Number of classes, or their names in the order of their ids [default: up to the highest id found]
    #[arg(long, value_name = "N|name,name,...")]
    classes: Option<String>,
    /// Only these metrics
    #[arg(long, value_name = "all|name,name,...", default_value = "all")]
    metrics: String,
    /// Probability above which a pixel of binary logits is foreground
    #[arg(long, value_name = "T", default_value_t = 0.5)]
    threshold: f64,
    /// Report every image too
    #[arg(long)]
    per_image: bool,
    /// Write counts and metrics of every class as CSV
    #[arg(long, value_name = "OUT.csv")]
    csv: Option<PathBuf>,
    /// Definitions of another library
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// Write an HTML report
    #[arg(long, value_name = "OUT.html")]
    report: Option<PathBuf>,
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    label_input: LabelInput,
}

pub(super) fn run(arguments: &Arguments, common: &Common, out: &mut dyn Write) -> Result<Outcome, Failure> {
    refuse(
        arguments.preset.is_some(),
        "--preset",
        "yet: every metric has one definition, see segmeter list",
    )?;
    refuse(arguments.report.is_some(), "--report", "yet")?;
    let metrics = wanted(&arguments.metrics)?;
    let reader = Reader::open(arguments)?;
    let names = class_names(arguments.classes.as_deref(), &reader)?;
    let result = tally::tally(&reader, names.len())?;
    if reader.is_binary() {
        let road = &result.pooled.classes[1];
        reader.labels().note_if_all_ignored(road.true_positive + road.false_negative, result.pooled.ignored);
    }
    if let Some(path) = &arguments.csv {
        print::csv(path, &names, &result)?;
    }
    let printed =
        print::Printed { names: &names, metrics: &metrics, per_image: arguments.per_image, result: &result };
    if common.json {
        printed.json(out)?
    } else {
        printed.table(out)?
    }
    Ok(Outcome::Done)
}

/// The metrics to print.
fn wanted(text: &str) -> Result<BTreeSet<&'static str>, Failure> {
    let known = || registry::all().filter(|entry| entry.kind == Kind::Metric).map(|entry| entry.name);
    if text == "all" {
        return Ok(known().collect());
    }
    let find = |name: &str| {
        known().find(|known| *known == name).ok_or_else(|| {
            let names = registry::names(Kind::Metric);
            Failure::Input(format!("found metric `{name}`, expected all or some of {names}"))
        })
    };
    text.split(',').map(find).collect()
}

/// The names of the classes; their number is part of the definition of every mean.
fn class_names(text: Option<&str>, reader: &Reader) -> Result<Vec<String>, Failure> {
    let numbered = |count: usize| (0..count).map(|id| id.to_string()).collect::<Vec<_>>();
    let names = match text {
        _ if reader.is_binary() && text.is_none() => vec!["background".to_owned(), "foreground".to_owned()],
        None => numbered(reader.highest_id()? + 1),
        Some(text) => match text.parse::<usize>() {
            // Checked before the names are made: the number may be anything.
            Ok(count) if count <= tally::MOST_CLASSES => numbered(count),
            Ok(count) => return Err(count_refused(count)),
            Err(_) => text.split(',').map(str::to_owned).collect(),
        },
    };
    if !(2..=tally::MOST_CLASSES).contains(&names.len()) {
        return Err(count_refused(names.len()));
    }
    if reader.is_binary() && names.len() != 2 {
        return Err(Failure::Input(format!("found {} classes, expected 2 for binary logits", names.len())));
    }
    Ok(names)
}

fn count_refused(count: usize) -> Failure {
    Failure::Input(format!("found {count} classes, expected 2 to {}", tally::MOST_CLASSES))
}
