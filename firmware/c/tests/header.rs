//! The header is made of the sources: what lies in `include` is what cbindgen makes of them.
//!
//! `SEGMETER_BLESS=1 cargo test -p segmeter-c --test header` writes it.

use std::path::Path;

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

#[test]
fn no_type_of_the_sources_is_in_the_header() {
    let kept = include_str!("../include/segmeter.h");
    let functions: Vec<_> =
        kept.split(';').filter(|part| part.contains(" sgm_") && part.contains('(')).collect();
    assert!(functions.len() > 30, "{}", functions.len());
    assert!(!kept.contains("In_") && !kept.contains("Out_"));
}
