//! `segmeter list`.

use std::io::Write;

use clap::Args;
use segmeter::catalogue::PRESETS;
use serde_json::Value;

use super::registry::{self, Default, Entry, Kind, Parameter};
use super::{Common, Failure, Outcome};
use crate::report;

#[derive(Args)]
pub(super) struct Arguments {
    /// Only this kind
    #[arg(value_parser = registry::kind())]
    kind: Option<Kind>,
}

pub(super) fn run(arguments: &Arguments, common: &Common, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let entries: Vec<&Entry> =
        registry::all().filter(|entry| arguments.kind.is_none_or(|kind| kind == entry.kind)).collect();
    if common.json {
        let described = entries.into_iter().map(described).collect::<Result<Vec<_>, _>>()?;
        report::json(out, &described)?;
        return Ok(Outcome::Done);
    }
    let mut table = report::table(&["name", "kind", "family", "parameters", "definition"]);
    for column in table.column_iter_mut() {
        column.set_cell_alignment(comfy_table::CellAlignment::Left);
    }
    for entry in entries {
        let parameters: Vec<String> = entry.parameters.iter().map(parameter).collect();
        table.add_row([
            entry.name,
            &format!("{:?}", entry.kind).to_lowercase(),
            entry.family,
            &parameters.join("\n"),
            entry.definition,
        ]);
    }
    report::print(out, &table)?;
    Ok(Outcome::Done)
}

/// The presets that an entry has: of a loss, those of the table of presets.
fn presets(entry: &Entry) -> Vec<&'static str> {
    match entry.kind {
        Kind::Loss => PRESETS.iter().filter(|p| p.loss == entry.name).map(|p| p.name).collect(),
        _ => entry.presets.to_vec(),
    }
}

fn described(entry: &Entry) -> serde_json::Result<Value> {
    let mut described = serde_json::to_value(entry)?;
    if let Some(slot) = described.get_mut("presets") {
        *slot = presets(entry).into();
    }
    Ok(described)
}

fn parameter(parameter: &Parameter) -> String {
    let name = parameter.name;
    match parameter.default {
        Default::Number(number) => format!("{name}={number}"),
        Default::Flag(flag) => format!("{name}={flag}"),
        Default::Word(word) => format!("{name}={word}"),
        Default::Taken => name.to_owned(),
    }
}
