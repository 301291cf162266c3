//! `segmeter eval`.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use segmeter::Engine;
use segmeter::core::metric::Confidence;
use segmeter::files;

use super::input::{Input, LabelInput};
use super::require::RequireInput;
use super::upsample::UpsampleInput;
use super::{Common, Failure, Outcome, refuse};
use crate::output;

pub(super) mod agree;
mod choice;
mod count;
mod decide;
mod define;
mod detail;
mod each;
mod gate;
pub(in crate::command) mod html;
mod mask;
mod matrix;
mod means;
pub(super) mod merge;
mod notes;
mod outputs;
mod overlap;
mod partial;
mod predict;
mod prediction;
mod print;
mod scored;
mod scores;
mod seen;
mod segment;
mod settings;
mod shape;
mod sheet;
mod softmax;
mod tally;

use choice::{Choice, ChoiceInput};
use count::Survey;
use predict::Reader;

#[derive(Args)]
pub(super) struct Arguments {
    /// Class-id masks (.png, .npy, .bin), or logits, binary or of every class (.npy, .bin)
    prediction: PathBuf,
    /// Labels: .png, .npy, .bin or a directory
    labels: PathBuf,
    /// Number of classes, their names in the order of their ids, or cityscapes or voc for those of these [default: up to
    /// the highest id found]
    #[arg(long, value_name = "N|name,name,...")]
    classes: Option<String>,
    /// Probability above which a pixel of binary logits is foreground
    #[arg(long, value_name = "T", default_value_t = 0.5)]
    threshold: f64,
    /// Report every image too
    #[arg(long)]
    per_image: bool,
    /// Write counts and metrics of every class as CSV; - is stdout, where nothing else is printed then
    #[arg(long, value_name = "OUT.csv")]
    csv: Option<PathBuf>,
    /// Write an HTML report; - is stdout, where nothing else is printed then
    #[arg(long, value_name = "OUT.html")]
    report: Option<PathBuf>,
    /// Keep what is known of every image in this file: `segmeter merge` puts it together with that of other images, and the
    /// same command again goes on where it was interrupted. Images are reported in the order of the numbers in their names
    #[arg(long, value_name = "FILE")]
    partial: Option<PathBuf>,
    /// How long it may be between two times that the file is written
    #[arg(long, value_name = "SECONDS", default_value_t = 30, requires = "partial")]
    save_every: u16,
    /// Metric by which the report shows the worst images
    #[arg(long, value_name = "METRIC", default_value = "mean_iou")]
    worst_by: String,
    #[command(flatten)]
    require: RequireInput,
    #[command(flatten)]
    choice: ChoiceInput,
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    upsample: UpsampleInput,
    #[command(flatten)]
    label_input: LabelInput,
}

impl Arguments {
    /// The number of classes that were asked for.
    fn said_classes(&self) -> Option<usize> {
        let count = |text: &str| files::names_of(text).map_or_else(|| text.split(',').count(), <[_]>::len);
        self.classes.as_deref().map(|text| text.parse().unwrap_or_else(|_| count(text)))
    }
}

pub(super) fn run(
    arguments: &Arguments,
    common: &Common,
    engine: &Engine,
    out: &mut dyn Write,
) -> Result<Outcome, Failure> {
    let mut choice = arguments.choice.choice(arguments.threshold)?;
    html::check(&choice, &arguments.worst_by)?;
    let requirements = arguments.require.requirements()?;
    let files = [
        ("--csv", &arguments.csv),
        ("--report", &arguments.report),
        ("--junit", &arguments.require.junit),
        ("--partial", &arguments.partial),
    ];
    let inputs = [&arguments.prediction, &arguments.labels].into_iter().cloned();
    let inputs = inputs.chain(arguments.input.files()).chain(arguments.label_input.files());
    let [csv, report, junit, state] = output::open(files, common.json, &inputs.collect::<Vec<_>>())?;
    let is_taken = output::take_stdout(&[&csv, &report, &junit]);
    if let Some(state) = &state {
        state.is_kept("--partial")?;
    }
    let (reader, survey) = open(arguments, &choice, engine)?;
    let names = class_names(
        arguments.classes.as_deref(),
        &reader,
        survey.as_ref().map_or(1, |survey| survey.highest),
    )?;
    complete(&mut choice, arguments, &reader, &names)?;
    // What softmax makes of an image is added up in the order of the images.
    choice.keeps_images = choice.softmax || arguments.per_image || csv.is_some() || report.is_some();
    gate::check_keys(&requirements, &choice, &names)?;
    let result = match (&state, &arguments.partial) {
        (Some(state), Some(path)) => {
            let settings = settings::of(arguments, &reader, &choice, &names)?;
            let file = (state, path.as_path(), Duration::from_secs(arguments.save_every.into()));
            partial::tally(&reader, &choice, settings, file, (names.len(), engine.threads()))?
        }
        _ => tally::tally(&reader, &choice, names.len(), survey.as_ref(), engine.threads())?,
    };
    result.seen.note(&reader, names.len());
    notes::all(&reader, &choice, &result, arguments.classes.is_some());
    let printed =
        print::Printed { names: &names, choice: &choice, per_image: arguments.per_image, result: &result };
    let (document, verdict) = gate::verdict(&requirements, &printed, common.json)?;
    let page = report.as_ref().map(|_| {
        let subject = html::Subject {
            prediction: &arguments.prediction,
            labels: &arguments.labels,
            threshold: reader.is_binary().then_some(arguments.threshold),
            worst_by: &arguments.worst_by,
        };
        html::page(&printed, &reader, &subject)
    });
    let page = page.transpose()?;
    if let Some(csv) = csv {
        csv.write(out, |file| sheet::csv(file, &choice, &names, &result))?;
    }
    if let (Some(report), Some(page)) = (report, page) {
        report.write(out, |file| file.write_all(page.as_bytes()))?;
    }
    verdict.junit(junit, "segmeter eval", out)?;
    if common.json {
        printed.json(document, out)?;
        return Ok(verdict.outcome());
    }
    verdict.end(!is_taken, out, |out| printed.table(out))
}

/// Opens the images, and looks for their classes where nothing tells which there are.
fn open(
    arguments: &Arguments,
    choice: &Choice,
    engine: &Engine,
) -> Result<(Reader, Option<Survey>), Failure> {
    let mut reader = Reader::open(arguments)?;
    if choice.preset == Some("kitti_road") && reader.is_binary() && reader.quantiser().is_none() {
        let line = "found floats, expected 8-bit with --probabilities for --preset kitti_road";
        return Err(Failure::Input(format!("{}: {line}", reader.path().display())));
    }
    let is_open = arguments.classes.is_none() && !reader.has_two() && reader.classes().is_none();
    if arguments.partial.is_some() {
        if is_open {
            let line =
                "found class ids without --classes, which --partial needs: other images may have a higher id";
            return Err(Failure::Input(format!("{}: {line}", reader.path().display())));
        }
        reader.sort();
    }
    let survey = is_open.then(|| Survey::new(&reader, engine.threads(), tally::is_counts(choice)));
    Ok((reader, survey.transpose()?))
}

/// What a choice takes from the images and their classes.
fn complete(
    choice: &mut Choice,
    arguments: &Arguments,
    reader: &Reader,
    names: &[String],
) -> Result<(), Failure> {
    choice.softmax = reader.has_softmax();
    choice.outputs = reader.outputs();
    if choice.softmax {
        choice.binning.confidence = Confidence::TopLabel;
    }
    choice.categories = arguments.choice.categories(names)?;
    choice.ignored = reader.labels().ignored().iter().map(|id| usize::from(*id)).collect();
    choice.ignored.retain(|id| *id < names.len() && reader.labels().foreground().is_none());
    choice.scale = reader.scale();
    Ok(())
}

/// The names of the classes; their number is part of the definition of every mean.
fn class_names(text: Option<&str>, reader: &Reader, highest: usize) -> Result<Vec<String>, Failure> {
    let numbered = |count: usize| (0..count).map(|id| id.to_string()).collect::<Vec<_>>();
    let names = match text {
        _ if reader.has_two() && text.is_none() => vec!["background".to_owned(), "foreground".to_owned()],
        None => numbered(reader.classes().unwrap_or(highest + 1)),
        Some(text) => match text.parse::<usize>() {
            // Checked before the names are made: the number may be anything.
            Ok(count) if count <= count::MOST_CLASSES => numbered(count),
            Ok(count) => return Err(count_refused(count)),
            Err(_) => match files::names_of(text) {
                Some(names) => names.iter().map(|name| (*name).to_owned()).collect(),
                None if text.contains(',') => named(text)?,
                None => {
                    let line = "expected a number of classes, or the names of two or more with commas, or cityscapes or voc";
                    return Err(Failure::Input(format!("found --classes {text}, {line}")));
                }
            },
        },
    };
    if names.len() > count::MOST_CLASSES && text.is_none() && reader.classes().is_none() {
        let (path, id, most) = (reader.path().display(), names.len() - 1, count::MOST_CLASSES);
        let line = format!("found class id {id} in predictions or labels, expected at most {most} classes");
        return Err(Failure::Input(format!(
            "{path}: {line}: give other ids with --map, say --ignore {id} if it is not scored, or make it the --foreground"
        )));
    }
    if !(2..=count::MOST_CLASSES).contains(&names.len()) {
        return Err(count_refused(names.len()));
    }
    let expected = if reader.has_two() { Some(2) } else { reader.classes() };
    if let Some(expected) = expected.filter(|expected| *expected != names.len()) {
        let (path, found) = (reader.path().display(), names.len());
        let kind = match reader.classes() {
            Some(_) => "scores of as many classes",
            None if reader.is_binary() => {
                "one score per pixel; scores of classes need axes (C,H,W) and --layout chw, class ids a file of uint8"
            }
            None => "the masks that --foreground makes binary",
        };
        return Err(Failure::Input(format!(
            "{path}: found --classes for {found}, expected {expected} for {kind}"
        )));
    }
    Ok(names)
}

/// Names of classes, none of them blank or twice.
fn named(text: &str) -> Result<Vec<String>, Failure> {
    let names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
    for (place, name) in names.iter().enumerate() {
        let what = if name.is_empty() {
            "a name that is blank".to_owned()
        } else if names[..place].contains(name) {
            format!("`{name}` twice")
        } else {
            continue;
        };
        let line =
            format!("found --classes {text}, with {what}, expected a number of classes or their names");
        return Err(Failure::Input(line));
    }
    Ok(names)
}

fn count_refused(count: usize) -> Failure {
    Failure::Input(format!("found {count} classes, expected 2 to {}", count::MOST_CLASSES))
}
