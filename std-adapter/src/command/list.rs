//! `segmeter list`.

use std::io::Write;

use clap::Args;
use segmeter::catalogue::PRESETS;
use serde_json::{Map, Value};

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

/// What is known of an entry; of a loss, also where a preset and its library differ.
fn described(entry: &Entry) -> serde_json::Result<Value> {
    let mut described = serde_json::to_value(entry)?;
    let of_loss = PRESETS.iter().filter(|preset| entry.kind == Kind::Loss && preset.loss == entry.name);
    let mut differs = Map::new();
    for preset in of_loss.filter(|preset| !preset.differs.is_empty()) {
        differs.insert(preset.name.to_owned(), preset.differs.into());
    }
    described["differs"] = differs.into();
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
