//! Small tables that people write: `.csv`, numbers between spaces, or a `.json` object.

use std::path::Path;

use serde_json::Value;

use super::{Error, Result, read};

/// A line of a table.
pub(super) struct Row {
    /// Its number in the file, from 1.
    pub(super) line: usize,
    pub(super) cells: Vec<String>,
}

/// The lines of a file with a table.
pub(super) fn rows(path: &Path) -> Result<Vec<Row>> {
    let bytes = read(path)?;
    let text = String::from_utf8(bytes).map_err(|_| Error::new("found bytes that are no UTF-8").at(path))?;
    parse(&text).map_err(|e| e.at(path))
}

/// The lines of a table that are not blank and do not begin with `#`. Of a JSON object, key and value.
pub(super) fn parse(text: &str) -> Result<Vec<Row>> {
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with('{') {
        return object(text);
    }
    let is_csv = text.contains([',', ';', '\t']);
    let lines = text.lines().enumerate().map(|(number, line)| (number + 1, line.trim()));
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let cells = |line: &str| -> Vec<String> {
        let owned = |cell: &str| cell.trim().trim_matches('"').to_owned();
        if is_csv {
            line.split([',', ';', '\t']).map(owned).collect()
        } else {
            line.split_whitespace().map(owned).collect()
        }
    };
    let rows: Vec<Row> = lines.map(|(line, text)| Row { line, cells: cells(text) }).collect();
    if rows.is_empty() { Err(Error::new("found no line in this table")) } else { Ok(rows) }
}

fn object(text: &str) -> Result<Vec<Row>> {
    let Value::Object(object) = serde_json::from_str(text).map_err(Error::new)? else {
        return Err(Error::new("found no JSON object, expected {\"id\": ...}"));
    };
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let row = |(number, (key, value)): (usize, (&String, &Value))| {
        let values = match value {
            Value::Array(values) => values.iter().map(text).collect(),
            one => vec![text(one)],
        };
        Row { line: number + 1, cells: [vec![key.clone()], values].concat() }
    };
    Ok(object.iter().enumerate().map(row).collect())
}
