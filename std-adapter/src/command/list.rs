//! `segmeter list`.

use std::io::Write;

use clap::Args;
use segmeter::catalogue::{self, PRESETS, Preset};
use serde_json::{Map, json};

use super::registry::{self, Entry, Kind, Parameter, Value};
use super::{Common, Failure, Outcome};
use crate::report;

#[derive(Args)]
pub(super) struct Arguments {
    /// losses, metrics, detectors or statistics, one line each; or the name of one of them, for all that is known of it
    what: Option<String>,
}

pub(super) fn run(arguments: &Arguments, common: &Common, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let kind = arguments.what.as_deref().and_then(registry::kind);
    let entries: Vec<&Entry> = match &arguments.what {
        Some(name) if kind.is_none() => named(name)?,
        _ => registry::all().filter(|entry| kind.is_none_or(|kind| kind == entry.kind)).collect(),
    };
    if common.json {
        let described = entries.into_iter().map(described).collect::<Result<Vec<_>, _>>()?;
        report::json(out, &described)?;
        return Ok(Outcome::Done);
    }
    if arguments.what.is_some() && kind.is_none() {
        for entry in entries {
            details(out, entry)?;
        }
        return Ok(Outcome::Done);
    }
    let mut table = report::table(&["name", "kind", "family", "definition"]);
    report::texts(table.column_iter_mut());
    let kinds: Vec<String> = entries.iter().map(|entry| kind_of(entry)).collect();
    let longest = |texts: &mut dyn Iterator<Item = &str>| texts.map(str::len).max().unwrap_or(0);
    let taken = longest(&mut entries.iter().map(|entry| entry.name))
        + longest(&mut kinds.iter().map(String::as_str))
        + longest(&mut entries.iter().map(|entry| entry.family));
    // Eleven blanks between and around the columns.
    let room = usize::from(report::width()).saturating_sub(taken + 11).max(20);
    for (entry, kind) in entries.iter().zip(&kinds) {
        table.add_row([entry.name, kind, entry.family, &report::cut(entry.definition, room)]);
    }
    report::print(out, &table)?;
    writeln!(out, "segmeter list NAME: parameters, presets, other names")?;
    Ok(Outcome::Done)
}

fn kind_of(entry: &Entry) -> String {
    format!("{:?}", entry.kind).to_lowercase()
}

/// Every entry of this name.
fn named(name: &str) -> Result<Vec<&'static Entry>, Failure> {
    let metric = registry::metric(name);
    let is_meant = |entry: &&Entry| match entry.kind {
        Kind::Loss => catalogue::loss(name).is_some_and(|loss| loss.name == entry.name),
        _ => entry.name == metric,
    };
    let found: Vec<_> = registry::all().filter(is_meant).collect();
    if found.is_empty() {
        let kinds = [Kind::Loss, Kind::Metric, Kind::Statistic, Kind::Detector];
        let names = kinds.into_iter().flat_map(registry::names).chain(registry::kinds());
        let near = registry::nearest(name, names);
        return Err(Failure::Input(format!("found `{name}`{near} (segmeter list prints all)")));
    }
    Ok(found)
}

/// What is known of an entry, for people.
fn details(out: &mut dyn Write, entry: &Entry) -> Result<(), Failure> {
    writeln!(out, "{} ({}, {})", entry.name, kind_of(entry), entry.family)?;
    let presets = presets(entry).join(", ");
    let lines = [
        ("definition", entry.definition.to_owned()),
        ("source", entry.reference.to_owned()),
        ("inputs", entry.inputs.join(", ")),
        ("scratch", entry.scratch.to_owned()),
        ("passes", entry.passes.to_owned()),
        ("presets", presets),
        ("other names", entry.synonyms.join(", ")),
    ];
    let lines: Vec<_> = lines.into_iter().filter(|(_, text)| !text.is_empty()).collect();
    report::pairs(out, &lines)?;
    if !entry.parameters.is_empty() {
        let mut table = report::table(&["parameter", "range", "meaning"]);
        report::texts(table.column_iter_mut());
        for known in entry.parameters {
            table.add_row([&parameter(known), known.range, known.meaning]);
        }
        writeln!(out)?;
        report::print(out, &table)?;
    }
    for preset in of_loss(entry) {
        if !preset.differs.is_empty() {
            writeln!(out, "preset {}, with a difference: {}", preset.name, preset.differs)?;
        }
    }
    Ok(())
}

/// The conventions of libraries that are settings of this loss.
fn of_loss(entry: &Entry) -> impl Iterator<Item = &'static Preset> {
    PRESETS.iter().filter(move |preset| entry.kind == Kind::Loss && preset.loss == entry.name)
}

fn presets(entry: &Entry) -> Vec<&'static str> {
    of_loss(entry).map(|preset| preset.name).chain(entry.presets.iter().copied()).collect()
}

/// What is known of an entry; of a loss, also where a preset and its library differ.
fn described(entry: &Entry) -> serde_json::Result<serde_json::Value> {
    let mut described = serde_json::to_value(entry)?;
    let mut differs = Map::new();
    for preset in of_loss(entry).filter(|preset| !preset.differs.is_empty()) {
        differs.insert(preset.name.to_owned(), preset.differs.into());
    }
    described["presets"] = json!(presets(entry));
    described["differs"] = differs.into();
    Ok(described)
}

fn parameter(parameter: &Parameter) -> String {
    let name = parameter.name;
    match parameter.default {
        Some(Value::Number(number)) => format!("{name}={number}"),
        Some(Value::Flag(flag)) => format!("{name}={flag}"),
        Some(Value::Word(word)) => format!("{name}={word}"),
        Some(Value::Numbers(_)) | None => name.to_owned(),
    }
}
