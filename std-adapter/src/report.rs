//! What people and programs read.

use std::io::{self, BufWriter, Write};

use comfy_table::{
    Attribute, Cell, CellAlignment, Column, ColumnConstraint, ContentArrangement, LineStyle, Table,
    TableStyle,
};
use indicatif::{ProgressBar, ProgressStyle};
use segmeter::core::drift::{Reasons, Signal};
use segmeter::verdict::conditions;
use serde_json::Value;

use crate::text::{Json, printable};

/// Columns of a table where no terminal says how many there are.
const WIDTH: u16 = 120;

/// Columns of the terminal, or else as many as `COLUMNS` says.
pub(crate) fn width() -> u16 {
    let said = || std::env::var("COLUMNS").ok()?.parse().ok().filter(|columns| *columns > 0);
    Table::new().width().or_else(said).unwrap_or(WIDTH)
}

/// A table with a header; every column but the first is aligned to the right.
pub(crate) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    let rule = LineStyle::none().fill('─').junction('─');
    table.load_style(TableStyle::new().header_separator(rule));
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(width());
    table.set_header(header.iter().map(|text| Cell::new(printable(text)).add_attribute(Attribute::Bold)));
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
        // No number is broken.
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
    table
}

/// Columns of text: on the left, and broken to fit.
pub(crate) fn texts<'a>(columns: impl Iterator<Item = &'a mut Column>) {
    for column in columns {
        column.set_cell_alignment(CellAlignment::Left);
        column.remove_constraint();
    }
}

/// Adds a row of a line's height, whatever its cells are made of.
pub(crate) fn row(table: &mut Table, cells: impl IntoIterator<Item = String>) {
    table.add_row(cells.into_iter().map(|text| printable(&text).into_owned()));
}

/// Prints names and values, the values below each other.
pub(crate) fn pairs(out: &mut dyn Write, pairs: &[(&str, String)]) -> io::Result<()> {
    let width = pairs.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in pairs {
        writeln!(out, "{name:width$}  {}", printable(value))?;
    }
    Ok(())
}

/// Prints a table without blanks at the ends of its lines.
pub(crate) fn print(out: &mut dyn Write, table: &Table) -> io::Result<()> {
    table.to_string().lines().try_for_each(|line| writeln!(out, "{}", line.trim_end()))
}

/// Prints a sentence in the columns of the terminal.
pub(crate) fn sentence(out: &mut dyn Write, text: &str) -> io::Result<()> {
    textwrap::wrap(&printable(text), usize::from(width())).iter().try_for_each(|line| writeln!(out, "{line}"))
}

/// Decimals of numbers, where there is room for them.
const DECIMALS: [usize; 2] = [6, 4];
/// Of a name in the first column.
const LONGEST_NAME: usize = 32;

/// Prints a table in the columns of the terminal: decimals go first, then the last columns, and no number is broken. `rows`
/// are those with so many decimals; the first `texts` columns are of text.
pub(crate) fn fitted(
    out: &mut dyn Write,
    heads: &[String],
    texts: usize,
    rows: impl Fn(usize) -> Vec<Vec<String>>,
) -> io::Result<()> {
    fitted_to(out, usize::from(width()), heads, texts, rows)
}

fn fitted_to(
    out: &mut dyn Write,
    room: usize,
    heads: &[String],
    texts: usize,
    rows: impl Fn(usize) -> Vec<Vec<String>>,
) -> io::Result<()> {
    let short = |mut rows: Vec<Vec<String>>| {
        let names = rows.iter_mut().filter_map(|row| row.first_mut());
        names.for_each(|name| *name = cut(&printable(name), LONGEST_NAME));
        rows
    };
    let length = |text: &String| text.chars().count();
    // A blank before and after each cell, and one between two.
    let columns = |rows: &[Vec<String>]| -> Vec<usize> {
        let column = |(place, head)| {
            let cells = rows.iter().filter_map(|row| row.get(place)).map(length);
            3 + cells.chain([length(head)]).max().unwrap_or(0)
        };
        heads.iter().enumerate().map(column).collect()
    };
    let tables = DECIMALS.map(|decimals| short(rows(decimals)));
    let fits = |rows: &&Vec<Vec<String>>| columns(rows).iter().sum::<usize>() <= room + 1;
    let [_, narrow] = &tables;
    let rows = tables.iter().find(fits).unwrap_or(narrow);
    let mut taken = 0;
    let widths = columns(rows);
    let kept = widths.iter().take_while(|width| {
        taken += **width;
        taken <= room + 1
    });
    let kept = kept.count().max(2).min(heads.len());
    let mut table = table(&heads[..kept].iter().map(String::as_str).collect::<Vec<_>>());
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.column_iter_mut().take(texts).for_each(|column| {
        column.set_cell_alignment(CellAlignment::Left);
    });
    rows.iter().for_each(|cells| row(&mut table, cells.iter().take(kept).cloned()));
    print(out, &table)?;
    if kept < heads.len() {
        let gone: Vec<&str> = heads[kept..].iter().map(String::as_str).collect();
        let line = format!("no room for {}: a wider terminal or --json", gone.join(", "));
        writeln!(out, "{}", cut(&line, room))?;
    }
    Ok(())
}

/// The first characters of a text.
pub(crate) fn cut(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    text.chars().take(room.saturating_sub(3)).collect::<String>().trim_end().to_owned() + "..."
}

/// One JSON document.
pub(crate) fn json(out: &mut dyn Write, value: &impl serde::Serialize) -> serde_json::Result<()> {
    let mut out = BufWriter::new(out);
    serde_json::to_writer_pretty(Json(&mut out), value)?;
    writeln!(out).and_then(|()| out.flush()).map_err(serde_json::Error::io)
}

/// One line of JSON.
pub(crate) fn json_line(out: &mut dyn Write, value: &Value) -> serde_json::Result<()> {
    serde_json::to_writer(Json(&mut *out), value)?;
    writeln!(out).map_err(serde_json::Error::io)
}

/// A ratio for people: six decimals, or a dash where it is not defined.
pub(crate) fn decimal(value: Option<f64>) -> String {
    decimals(value, DECIMALS[0])
}

/// The same with so many decimals.
pub(crate) fn decimals(value: Option<f64>, places: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.places$}"))
}

/// A number as JSON; `null` where it is not defined.
pub(crate) fn number(value: Option<f64>) -> Value {
    value.map_or(Value::Null, Value::from)
}

/// Heads of the columns of signals, in the order of [`Signal::ALL`].
pub(crate) const SIGNAL_HEADS: [&str; Signal::ALL.len()] =
    ["road", "boundary", "row", "entropy", "margin", "est.iou", "psi", "w1"];

/// The columns that some chart names, and conditions.
pub(crate) fn named_columns(reasons: Reasons) -> String {
    let named = |signal: &Signal| (reasons.factory | reasons.site) & signal.bit() != 0;
    let columns =
        Signal::ALL.iter().zip(SIGNAL_HEADS).filter(|(signal, _)| named(signal)).map(|(_, head)| head);
    columns.chain(conditions(reasons)).collect::<Vec<_>>().join(", ")
}

/// A bar of images on stderr; silent unless that is a terminal.
pub(crate) fn progress(steps: usize) -> ProgressBar {
    progress_of(steps, "images")
}

/// The same of other things.
pub(crate) fn progress_of(steps: usize, what: &str) -> ProgressBar {
    let bar = ProgressBar::new(steps as u64);
    if let Ok(style) = ProgressStyle::with_template(&format!("{{bar:40}} {{pos}}/{{len}} {what} {{eta}}")) {
        bar.set_style(style);
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of a table of two classes and eight metrics in so many columns.
    fn lines(room: usize) -> Vec<String> {
        let heads =
            ["class", "id", "iou", "dice", "precision", "recall", "specificity", "npv", "hd95", "nsd"];
        let heads: Vec<String> = heads.map(str::to_owned).to_vec();
        let rows = |places: usize| -> Vec<Vec<String>> {
            let row = |name: &str, id: &str| -> Vec<String> {
                let number = |k: u32| decimals(Some(f64::from(k) / 7.0 + 19.0), places);
                [name.to_owned(), id.to_owned()].into_iter().chain((0..8).map(number)).collect()
            };
            vec![row("background", "0"), row("a class with a name that is longer than any number", "1")]
        };
        let mut out = Vec::new();
        fitted_to(&mut out, room, &heads, 1, rows).unwrap();
        String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn columns_or_digits_go_never_a_number() {
        for room in [40, 60, 80, 100, 124, 125, 200] {
            let lines = lines(room);
            assert!(lines.iter().all(|line| line.chars().count() <= room), "{room}: {lines:#?}");
            // A heading, a rule, a line for each class, and what there was no room for.
            assert!((4..=5).contains(&lines.len()), "{room}: {lines:#?}");
            for line in &lines[2..4] {
                for number in
                    line.split_whitespace().filter(|word| word.contains('.') && !word.ends_with("..."))
                {
                    let decimals = number.split_once('.').unwrap().1.len();
                    assert!([4, 6].contains(&decimals), "{room}: {number}");
                }
            }
            assert_eq!(lines.len() == 5, room < 125, "{room}: {lines:#?}");
        }
        assert!(lines(125)[2].contains("19.0000 "), "digits go first");
        assert!(lines(200)[2].contains("19.000000"));
        assert!(lines(80)[4].starts_with("no room for "), "{:?}", lines(80));
    }
}
