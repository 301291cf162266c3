//! The header is made of the sources: what lies in `include` is what cbindgen makes of them, and a declaration for every loss
//! of core's list that a sketch has.
//!
//! `SEGMETER_BLESS=1 cargo test -p segmeter-c --test header` writes it.

use std::path::Path;

use segmeter_core::Error;
use segmeter_core::list::Value;
use segmeter_core::loss::list::single;
use segmeter_core::loss::{AnyLoss, LOSSES, Loss};
use segmeter_core::sketch::{SigmoidTable, Sketch};
use segmeter_core::view::{Encoding, Quantiser};

#[test]
fn the_header_is_made_of_the_sources() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let configuration = cbindgen::Config::from_file(folder.join("cbindgen.toml")).expect("cbindgen.toml");
    let mut made = Vec::new();
    cbindgen::Builder::new()
        .with_crate(folder)
        .with_config(configuration)
        .generate()
        .expect("a header of the sources")
        .write(&mut made);
    let made = plain(&String::from_utf8(made).expect("text"));
    let end = made.rfind("#ifdef __cplusplus").expect("the end of what C and C++ share");
    let made = [&made[..end], &losses(), &made[end..]].concat();
    let file = folder.join("include/segmeter.h");
    if std::env::var_os("SEGMETER_BLESS").is_some() {
        std::fs::write(&file, &made).expect("the header can be written");
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    let line = made.lines().zip(kept.lines()).position(|(made, kept)| made != kept);
    assert!(made == kept, "include/segmeter.h differs from line {line:?} on: SEGMETER_BLESS=1 writes it");
}

/// The same with pointers as C has them: the types that stand for them in the sources are not in the header, and what a status
/// is called says no more than it must.
fn plain(made: &str) -> String {
    let (mut kept, mut pointers) = (String::new(), Vec::new());
    for part in made.split_inclusive("\n\n") {
        let typedef = part.lines().find(|line| line.starts_with("typedef ") && line.ends_with(';'));
        let pointer = typedef.and_then(|line| line.trim_end_matches(';').rsplit_once('*'));
        match pointer {
            Some((of, name)) => {
                pointers.push((format!("{name} "), format!("{} *", of.trim_start_matches("typedef ").trim())))
            }
            None => kept.push_str(part),
        }
    }
    pointers
        .iter()
        .fold(kept.replace("SGM_STATUS_", "SGM_"), |text, (name, pointer)| text.replace(name, pointer))
}

macro_rules! variants {
    ($($name:ident)*) => {
        [$((stringify!($name), single::entry::$name())),*]
    };
}

/// A function for every loss that a sketch has.
fn losses() -> String {
    let quantiser = Quantiser::logits(Encoding::Unsigned, 0.05, 128).expect("a quantiser");
    let (table, mut sketch) = (SigmoidTable::new(&quantiser), Sketch::<u32>::new(&quantiser));
    sketch.push_row(&[10_u8, 200, 90, 160], &[0, 1, 1, 0]);
    let every = segmeter_core::for_each_loss!(variants);
    assert_eq!(every.len(), LOSSES.len());
    let mut text = String::from(LOSSES_ARE);
    for (variant, entry) in every {
        let loss = AnyLoss::new(entry.name, &|_| None).expect("the defaults of a loss");
        let found = loss.sketch_value(&sketch, &table);
        if matches!(found, Err(Error::Unsupported(_))) {
            continue;
        }
        assert!(!found.expect("a value").undefined, "{}", entry.name);
        let mut lines = vec![format!("{}: {}", entry.name, entry.definition)];
        lines.extend(entry.parameters.iter().map(|parameter| {
            let default = match parameter.default {
                Some(Value::Number(number)) => format!(", {number}"),
                Some(Value::Flag(flag)) => format!(", {flag}"),
                Some(Value::Word(word)) => format!(", {word}"),
                _ => String::new(),
            };
            format!("- {}{default}: {}; {}", parameter.name, parameter.range, parameter.meaning)
        }));
        // Nothing in them may end the comment.
        let comment = lines.join("\n * ").replace("*/", "* /");
        text.push_str(&format!(
            "/**\n * {comment}\n */\n#define sgm_loss_{} sgm_loss_{variant}\nSGM_MUST_USE\n\
             sgm_status sgm_loss_{variant}(\n    \
             const struct sgm_sketch *sketch, const struct sgm_table *table, const struct sgm_parameter *parameters,\n    \
             size_t count, float *value);\n\n",
            entry.name
        ));
    }
    text
}

const LOSSES_ARE: &str = "/* The losses one by one: what sgm_loss gives for each, of a program that has no other in it. \
With their parameters: name, default,\n * range and meaning. */\n\n";

#[test]
fn no_type_of_the_sources_is_in_the_header() {
    let kept = include_str!("../include/segmeter.h");
    let functions: Vec<_> =
        kept.split(';').filter(|part| part.contains(" sgm_") && part.contains('(')).collect();
    assert!(functions.len() > 30, "{}", functions.len());
    assert!(!kept.contains("In_") && !kept.contains("Out_"));
}
