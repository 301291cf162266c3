//! `segmeter agree`: two builds of one network on the same images.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use segmeter::Engine;
use segmeter::files;

use super::super::input::{Broken, HostInput, Input};
use super::super::require::{Numbers, RequireInput};
use super::super::{Common, Failure, Outcome, note};
use super::count::MOST_CLASSES;
use crate::output;

mod compare;
mod html;
mod print;
mod side;

use compare::Compared;
use print::Printed;
use side::Sides;

#[derive(Args)]
pub(in crate::command) struct Arguments {
    /// What the network gives on the host: class-id masks, or logits, binary or of every class; a file or a directory
    host: PathBuf,
    /// What its port to another machine gives for the same images: masks or logits, floats or 8 bits
    target: PathBuf,
    /// Number of classes, their names in the order of their ids, or cityscapes or voc for those of these [default: as many as
    /// there are scores of, or up to the highest id found]
    #[arg(long, value_name = "N|name,name,...")]
    classes: Option<String>,
    /// Probability above which a pixel of binary logits is foreground
    #[arg(long, value_name = "T", default_value_t = 0.5)]
    threshold: f64,
    /// Ids of HOST whose pixels are not compared
    #[arg(long, value_name = "ID,...", value_delimiter = ',')]
    ignore: Vec<u16>,
    /// How many images are shown, those that agree least first
    #[arg(long, value_name = "N", default_value_t = 8)]
    worst: usize,
    /// Report every image
    #[arg(long)]
    per_image: bool,
    /// Write an HTML report, with pictures of where the worst images differ; - is stdout, where nothing else is printed then
    #[arg(long, value_name = "OUT.html")]
    report: Option<PathBuf>,
    #[command(flatten)]
    require: RequireInput,
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    host_input: HostInput,
}

pub(in crate::command) fn run(
    arguments: &Arguments,
    common: &Common,
    engine: &Engine,
    out: &mut dyn Write,
) -> Result<Outcome, Failure> {
    let requirements = arguments.require.requirements()?;
    let paths = [("--report", &arguments.report), ("--junit", &arguments.require.junit)];
    let inputs = [&arguments.host, &arguments.target].into_iter().cloned().chain(arguments.input.files());
    let [report, junit] = output::open(paths, common.json, &inputs.collect::<Vec<_>>())?;
    let is_taken = output::take_stdout(&[&report, &junit]);
    let mut sides = Sides::open(arguments)?;
    if arguments.input.keeps_going() {
        leave_out_broken(&mut sides)?;
    }
    let known = match arguments.classes.as_deref() {
        Some(text) => Some(names(text)?),
        None => sides.class_names(),
    };
    let scored = sides.class_names().map_or(0, |names| names.len());
    if let Some(said) = known.as_ref().map(Vec::len).filter(|said| ![0, *said].contains(&scored)) {
        let path = arguments.host.display();
        let line = format!("found --classes for {said}, expected {scored} as there are scores of");
        return Err(Failure::Input(format!("{path}: {line}")));
    }
    if let Some(known) = known.as_ref().filter(|_| !requirements.is_empty()) {
        // Refused before all is read.
        let blank = Compared::new(&[], known)?;
        let printed = Printed { names: known, compared: &blank, worst: 0, per_image: false };
        requirements.check(&Numbers::of(&printed.document()), &|_| None)?;
    }
    let frames = compare::frames(&sides, engine.threads())?;
    let names = known.unwrap_or_else(|| numbered(compare::highest(&frames).max(1) + 1));
    if names.len() > MOST_CLASSES {
        return Err(too_many(names.len()));
    }
    compare::check_ids(&sides, &frames, names.len())?;
    let compared = Compared::new(&frames, &names)?;
    let printed = Printed {
        names: &names,
        compared: &compared,
        worst: arguments.worst,
        per_image: arguments.per_image,
    };
    let mut document = printed.document();
    let verdict = requirements.check(&Numbers::of(&document), &|_| None)?;
    verdict.insert(&mut document);
    note_if_nothing_differs_in_kind(&sides);
    if let Some(report) = report {
        let page = html::page(&printed, &sides)?;
        report.write(out, |file| file.write_all(page.as_bytes()))?;
    }
    verdict.junit(junit, "segmeter agree", out)?;
    if common.json {
        crate::report::json(out, &document)?;
        return Ok(verdict.outcome());
    }
    verdict.end(!is_taken, out, |out| printed.table(out))
}

/// Says that one file or folder was compared with itself.
fn note_if_nothing_differs_in_kind(sides: &Sides) {
    let [host, target] = sides.paths().map(|path| std::fs::canonicalize(path).ok());
    if host.is_some() && host == target {
        note(format_args!("{}: is HOST and TARGET: it agrees with itself", sides.paths()[0].display()));
    }
}

fn leave_out_broken(sides: &mut Sides) -> Result<(), Failure> {
    let errors: Vec<Option<Failure>> = (0..sides.len()).map(|place| sides.pair(place).err()).collect();
    let broken = Broken::of(errors.iter().flatten(), sides.paths()[1], sides.len())?;
    sides.retain(|place| errors.get(place).is_some_and(Option::is_none));
    broken.note();
    Ok(())
}

fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|id| id.to_string()).collect()
}

fn too_many(count: usize) -> Failure {
    Failure::Input(format!("found {count} classes, expected 2 to {MOST_CLASSES}"))
}

/// The names of classes that were said.
fn names(text: &str) -> Result<Vec<String>, Failure> {
    let names = match text.parse::<usize>() {
        Ok(count) if (2..=MOST_CLASSES).contains(&count) => numbered(count),
        Ok(count) => return Err(too_many(count)),
        Err(_) => match files::names_of(text) {
            Some(names) => names.iter().map(|name| (*name).to_owned()).collect(),
            None => super::named(text)?,
        },
    };
    if names.len() < 2 { Err(too_many(names.len())) } else { Ok(names) }
}
