//! `segmeter list`.

use std::io::Write;

use clap::Args;

use super::registry::{self, Entry, Kind};
use super::{Common, Failure, Outcome};
use crate::report;

#[derive(Args)]
pub(super) struct Arguments {
    /// Only this kind
    kind: Option<Kind>,
}

pub(super) fn run(arguments: &Arguments, common: &Common, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let entries: Vec<&Entry> =
        registry::all().filter(|entry| arguments.kind.is_none_or(|kind| kind == entry.kind)).collect();
    if common.json {
        report::json(out, &entries)?;
        return Ok(Outcome::Done);
    }
    let mut table = report::table(&["name", "kind", "family", "parameters", "definition"]);
    for column in table.column_iter_mut() {
        column.set_cell_alignment(comfy_table::CellAlignment::Left);
    }
    for entry in entries {
        let parameters: Vec<String> = entry
            .parameters
            .iter()
            .map(|p| p.default.map_or_else(|| p.name.to_owned(), |default| format!("{}={default}", p.name)))
            .collect();
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
