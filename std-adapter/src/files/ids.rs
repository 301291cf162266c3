//! What stands for class ids in files: colours, and ids of another list.

use std::collections::BTreeMap;
use std::path::Path;

use super::data_sets::{CITYSCAPES, CITYSCAPES_COLOURS, CITYSCAPES_UNSCORED, VOC_NAMES};
use super::table::{self, Row};
use super::{Elements, Error, Result};

/// Class ids for others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdMap {
    name: String,
    ids: BTreeMap<u16, u16>,
}

/// Class ids for colours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Colours {
    name: String,
    ids: BTreeMap<[u8; 3], u16>,
    /// Whether ids are the places of colours in a table that has none.
    is_counted: bool,
}

impl IdMap {
    /// `cityscapes`, or a table of two ids in each line.
    ///
    /// # Errors
    /// If there is no such table, or it is malformed.
    pub fn new(text: &str) -> Result<Self> {
        let name = text.to_owned();
        if text == "cityscapes" {
            let ids = (0..).zip(CITYSCAPES).chain([(255, 255)]);
            return Ok(Self { name, ids: ids.collect() });
        }
        let path = Path::new(text);
        let rows =
            numbers(path, &MAPPED, "expected cityscapes, or a table with two ids in each line: from,to")?;
        Self::of_rows(name, rows).map_err(|e| e.at(path))
    }

    /// From the text of a table.
    ///
    /// # Errors
    /// If it is malformed.
    pub fn of_table(name: &str, text: &str) -> Result<Self> {
        Self::of_rows(name.to_owned(), numbers_of(&table::parse(text)?, &MAPPED))
    }

    fn of_rows(name: String, rows: Vec<(usize, Vec<i64>)>) -> Result<Self> {
        let mut ids = BTreeMap::new();
        for (line, row) in rows {
            let [from, to] = row[..] else {
                return Err(Error::new(format_args!(
                    "found {} numbers in line {line}, expected from,to",
                    row.len()
                )));
            };
            // Cityscapes has an id of -1, which no file of ids can have.
            let Ok(from) = u16::try_from(from) else { continue };
            let to = u16::try_from(to).map_err(|_| outside(to, line))?;
            if ids.insert(from, to).is_some_and(|other| other != to) {
                return Err(Error::new(format_args!(
                    "found id {from} again in line {line}, expected it once"
                )));
            }
        }
        Ok(Self { name, ids })
    }

    /// The name or the path that it was made of.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Ids and those that stand for them, in rising order.
    pub fn table(&self) -> impl Iterator<Item = (u16, u16)> {
        self.ids.iter().map(|(from, to)| (*from, *to))
    }

    /// The id that stands for another.
    ///
    /// # Errors
    /// If it has none.
    pub fn id(&self, found: u16) -> Result<u16> {
        self.ids.get(&found).copied().ok_or_else(|| {
            Error::new(format_args!(
                "found id {found}, which --map {} does not have: {}",
                self.name,
                way(&self.name)
            ))
        })
    }
}

impl Colours {
    /// `voc`, `cityscapes`, or a table of an id and a colour in each line.
    ///
    /// # Errors
    /// If there is no such table, or it is malformed.
    pub fn new(text: &str) -> Result<Self> {
        let name = text.to_owned();
        let known: Option<BTreeMap<[u8; 3], u16>> = match text {
            "voc" => Some(
                (0..VOC_NAMES.len() as u8)
                    .map(|id| (voc(id), u16::from(id)))
                    .chain([([224, 224, 192], 255)])
                    .collect(),
            ),
            "cityscapes" => {
                let unscored = CITYSCAPES_UNSCORED.map(|colour| (colour, 255));
                Some(CITYSCAPES_COLOURS.into_iter().zip(0..).chain(unscored).collect())
            }
            _ => None,
        };
        if let Some(ids) = known {
            return Ok(Self { name, ids, is_counted: false });
        }
        let path = Path::new(text);
        let rows = numbers(
            path,
            &COLOURED,
            "expected voc, cityscapes, or a table with an id and a colour in each line: id,r,g,b",
        )?;
        Self::of_rows(name, rows).map_err(|e| e.at(path))
    }

    /// Colours and their ids.
    pub fn table(&self) -> impl Iterator<Item = ([u8; 3], u16)> {
        self.ids.iter().map(|(colour, id)| (*colour, *id))
    }

    /// The places of colours in a palette.
    pub(super) fn of_palette(palette: &[[u8; 3]]) -> Result<Self> {
        let mut ids = BTreeMap::new();
        for (colour, id) in palette.iter().zip(0..) {
            if ids.insert(*colour, id).is_some() {
                let line = "twice in a palette of fewer than 8 bits, expected it once: save it as PNG";
                return Err(Error::new(format_args!("found colour {} {line}", colour_text(*colour))));
            }
        }
        Ok(Self { name: "palette".to_owned(), ids, is_counted: false })
    }

    /// From the text of a table.
    ///
    /// # Errors
    /// If it is malformed.
    pub fn of_table(name: &str, text: &str) -> Result<Self> {
        Self::of_rows(name.to_owned(), numbers_of(&table::parse(text)?, &COLOURED))
    }

    fn of_rows(name: String, rows: Vec<(usize, Vec<i64>)>) -> Result<Self> {
        let (mut ids, mut is_counted) = (BTreeMap::new(), false);
        for (place, (line, row)) in rows.into_iter().enumerate() {
            let (id, colour) = match row[..] {
                [id, r, g, b] => (id, [r, g, b]),
                // Without ids, they are counted.
                [r, g, b] => {
                    is_counted = true;
                    (place as i64, [r, g, b])
                }
                _ => {
                    let line = format!("found {} numbers in line {line}, expected id,r,g,b", row.len());
                    return Err(Error::new(line));
                }
            };
            let id = u16::try_from(id).map_err(|_| outside(id, line))?;
            let mut bytes = [0; 3];
            for (byte, value) in bytes.iter_mut().zip(colour) {
                *byte = u8::try_from(value).map_err(|_| outside(value, line))?;
            }
            if ids.insert(bytes, id).is_some_and(|other| other != id) {
                let line =
                    format!("found colour {} again in line {line}, expected it once", colour_text(bytes));
                return Err(Error::new(line));
            }
        }
        Ok(Self { name, ids, is_counted })
    }

    /// The file of a table without ids, which are counted then.
    #[must_use]
    pub fn counted(&self) -> Option<&Path> {
        self.is_counted.then(|| Path::new(&self.name))
    }

    /// The id of a colour.
    ///
    /// # Errors
    /// If it has none.
    pub fn id(&self, colour: [u8; 3]) -> Result<u16> {
        self.ids.get(&colour).copied().ok_or_else(|| {
            let colour = colour_text(colour);
            Error::new(format_args!(
                "found colour {colour}, which --colours {} does not have: {}",
                self.name,
                way(&self.name)
            ))
        })
    }
}

impl Colours {
    /// The ids of pixels.
    pub(super) fn elements(&self, pixels: impl Iterator<Item = [u8; 3]>) -> Result<Elements> {
        // Neighbours are mostly alike.
        let mut last = None;
        let id = |colour: [u8; 3]| match last {
            Some((known, id)) if known == colour => Ok(id),
            _ => {
                let id = self.id(colour)?;
                last = Some((colour, id));
                Ok(id)
            }
        };
        Ok(narrowest(pixels.map(id).collect::<Result<_>>()?))
    }
}

/// Ids as bytes, if they fit.
pub(super) fn narrowest(ids: Vec<u16>) -> Elements {
    if ids.iter().all(|id| *id <= 255) {
        Elements::U8(ids.into_iter().map(|id| id as u8).collect())
    } else {
        Elements::U16(ids)
    }
}

/// The refusal of pixels that are no ids, of this kind.
pub(super) fn refused(kind: &str) -> Error {
    Error::new(format_args!(
        "found {kind} pixels, expected a class id in each, grey or palette; of colours say which id they are: --colours \
         voc, cityscapes or a table id,r,g,b"
    ))
}

/// How a table gets what it does not have.
fn way(name: &str) -> &'static str {
    if Path::new(name).is_file() { "add it there" } else { "give a table of your own with it" }
}

fn colour_text([r, g, b]: [u8; 3]) -> String {
    format!("{r},{g},{b}")
}

fn outside(found: i64, line: usize) -> Error {
    Error::new(format_args!(
        "found {found} in line {line}, expected ids from 0 to 65535 and colours from 0 to 255"
    ))
}

/// The colour of a class in Pascal VOC: the bits of its id, three by three, from the highest bit of each channel down.
fn voc(id: u8) -> [u8; 3] {
    let channel = |channel: u32| {
        let bit = |place: u32| id.checked_shr(place).unwrap_or(0) & 1;
        (0..3).fold(0, |colour, round: u32| colour | bit(3 * round + channel) << (7 - round))
    };
    [channel(0), channel(1), channel(2)]
}

/// What columns of a table are called, in the order in which their numbers are wanted.
struct Columns {
    /// Of ids that may be missing.
    optional: &'static [&'static str],
    needed: &'static [&'static [&'static str]],
}

const MAPPED: Columns = Columns { optional: &[], needed: &[&["from"], &["to"]] };
const COLOURED: Columns = Columns {
    optional: &["id", "index", "class", "class_id", "label"],
    needed: &[&["r", "red"], &["g", "green"], &["b", "blue"]],
};

/// The numbers of every line of a file.
fn numbers(path: &Path, columns: &Columns, expected: &str) -> Result<Vec<(usize, Vec<i64>)>> {
    if !path.is_file() {
        return Err(Error::new(format_args!("found no such file, {expected}")).at(path));
    }
    Ok(numbers_of(&table::rows(path)?, columns))
}

/// The numbers of every line; a first line of words is a heading, and words beside numbers are names.
fn numbers_of(rows: &[Row], columns: &Columns) -> Vec<(usize, Vec<i64>)> {
    let of = |row: &Row| -> (usize, Vec<i64>) {
        // Of a colour beside a name: "64 128 64<tab>Animal".
        let words = row.cells.iter().flat_map(|cell| cell.split_whitespace());
        (row.line, words.filter_map(|word| word.parse().ok()).collect())
    };
    let Some(heading) = rows.first().filter(|row| of(row).1.is_empty()) else {
        return rows.iter().map(of).collect();
    };
    let rows = rows.iter().skip(1);
    let Some(places) = places(&heading.cells, columns) else { return rows.map(of).collect() };
    let named = |row: &Row| -> (usize, Vec<i64>) {
        let cell = |place: &usize| row.cells.get(*place)?.parse().ok();
        if row.cells.len() == heading.cells.len() {
            (row.line, places.iter().filter_map(cell).collect())
        } else {
            of(row)
        }
    };
    rows.map(named).collect()
}

/// Where the columns are, if a heading names all that are needed.
fn places(heading: &[String], columns: &Columns) -> Option<Vec<usize>> {
    let place = |names: &[&str]| {
        heading.iter().position(|cell| names.iter().any(|name| cell.eq_ignore_ascii_case(name)))
    };
    let needed = columns.needed.iter().map(|names| place(names)).collect::<Option<Vec<_>>>()?;
    Some(place(columns.optional).into_iter().chain(needed).collect())
}

#[cfg(test)]
mod tests;
