//! Flash and RAM of an image, and the parts that the RAM goes to: `firmware/run --bench` ends with it.

use object::{Object, ObjectSection, SectionKind};
use segmeter_core::drift::{Monitor, Profile};
use segmeter_core::sketch::{SigmoidTable, Sketch};
use segmeter_firmware::evaluator::Evaluator;

fn main() {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: sizes IMAGE");
        std::process::exit(2);
    };
    let bytes = std::fs::read(&path).unwrap_or_else(|error| {
        eprintln!("{path}: {error}");
        std::process::exit(2);
    });
    let Ok(file) = object::File::parse(&bytes[..]) else {
        eprintln!("{path}: not an ELF file");
        std::process::exit(2);
    };
    let sum = |kinds: &[SectionKind]| -> u64 {
        file.sections().filter(|s| kinds.contains(&s.kind())).map(|s| s.size()).sum()
    };
    let flash =
        sum(&[SectionKind::Text, SectionKind::ReadOnlyData, SectionKind::ReadOnlyString, SectionKind::Data]);
    let statics = sum(&[SectionKind::Data, SectionKind::UninitializedData]);
    println!("{:<44} {:>10}", "firmware image", "bytes");
    for (name, size) in [
        ("flash (code, constants, protocol, log)", flash),
        ("RAM, statics", statics),
        // Sizes of the same types here: they hold no pointers.
        ("  of these: evaluator", size_of::<Evaluator>() as u64),
        ("    sketch", size_of::<Sketch>() as u64),
        ("    table of probabilities", size_of::<SigmoidTable>() as u64),
        ("    drift profile", size_of::<Profile>() as u64),
        ("    monitor", size_of::<Monitor>() as u64),
    ] {
        println!("{name:<44} {size:>10}");
    }
}
