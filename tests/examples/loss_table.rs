//! Writes the table of losses in the docs of `segmeter_core::loss`:
//!
//!     firmware/run --bench >device.txt
//!     segmeter bench --level avx2 --threads 1 >desk.txt
//!     cargo run --release -p segmeter-tests --example loss_table -- device.txt desk.txt

use std::collections::BTreeMap;

use segmeter::catalogue::LOSSES;
use segmeter_tests::{Costs, LOSS_TABLE, loss_table, path};

/// The sections of a file: by their heading, the lines under it with a name and numbers.
fn sections(file: &str) -> BTreeMap<String, BTreeMap<String, Vec<String>>> {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| {
        eprintln!("{file}: {error}");
        std::process::exit(2);
    });
    let (mut found, mut heading) = (BTreeMap::<_, BTreeMap<_, _>>::new(), String::new());
    for line in text.lines() {
        let mut fields = line.split_whitespace().map(str::to_owned);
        let name = fields.next().unwrap_or_default();
        if LOSSES.iter().any(|entry| entry.name == name) {
            found.entry(heading.clone()).or_default().insert(name, fields.collect::<Vec<_>>());
        } else if line.contains("value") {
            heading = line.to_owned();
        }
    }
    found
}

fn main() {
    let files: Vec<String> = std::env::args().skip(1).collect();
    let [device, desk] = &files[..] else {
        eprintln!("usage: loss_table DEVICE DESK (what firmware/run --bench and segmeter bench print)");
        std::process::exit(2);
    };
    let (device, desk) = (sections(device), sections(desk));
    // The number in a column of the section whose heading contains all of `words`.
    let cell = |sections: &BTreeMap<String, BTreeMap<String, Vec<String>>>,
                words: &[&str],
                name: &str,
                column: usize| {
        let section = sections.iter().find(|(heading, _)| words.iter().all(|word| heading.contains(word)));
        let number: f64 = section?.1.get(name)?.get(column)?.parse().ok()?;
        Some(if number < 10.0 { format!("{number:.1}") } else { format!("{number:.0}") })
    };
    let mut costs = Costs::new();
    for entry in LOSSES {
        let binary = entry.inputs.contains(&"binary");
        let (on_device, on_desk, of) = match binary {
            true => (["f32, value", "gradient"], "binary", ""),
            false => (["f32, 4 classes", "gradient"], "classes", " of 4 / 19 classes"),
        };
        let none = || "-".to_owned();
        let codes = cell(&device, &["sketch, value"], entry.name, 1).filter(|_| entry.quantised && binary);
        let floats = cell(&device, &on_device, entry.name, 1);
        let desk = cell(&desk, &[on_desk], entry.name, 0);
        let [Some(floats), Some(desk)] = [floats, desk] else {
            eprintln!("{}: not in the files", entry.name);
            std::process::exit(2);
        };
        costs.insert(entry.name.to_owned(), [codes.unwrap_or_else(none), floats, format!("{desk}{of}")]);
    }
    let table = path(LOSS_TABLE);
    if let Err(error) = std::fs::write(&table, loss_table(&costs)) {
        eprintln!("{}: {error}", table.display());
        std::process::exit(1);
    }
}
