//! What is in the device's images: no panic, no allocator, and no more than the budget.
//!
//! `tests/run` builds the images and names their folder in `SEGMETER_IMAGES`; without it these tests skip.

use std::collections::BTreeMap;
use std::path::PathBuf;

use object::{Object, ObjectSection, ObjectSymbol, SectionKind};
use segmeter_tests::{calls, functions, images, names, path};

/// Flash and statics of the firmware by board, log and protocol included, in KiB. A change that needs more says so here: 8-bit
/// outputs may be probabilities, which every loss of a sketch then takes as such. The micro:bit has 16 KiB of RAM in all, of
/// which `memory.x` leaves the stack the rest. RISC-V's holds a copy of its statics.
const BUDGETS: [(&str, u64, u64); 5] = [
    ("mps2-an386", 134, 36),
    ("mps2-an505", 135, 36),
    ("mps3-an547", 135, 36),
    ("microbit", 88, 12),
    ("riscv-virt", 151, 36),
];

fn bytes(image: &str) -> Option<Vec<u8>> {
    let path = images("image tests")?.join(image);
    if !path.exists() && BUDGETS.iter().any(|(board, ..)| *board == image) {
        eprintln!("skipped: image {image}: it was not built here");
        return None;
    }
    Some(std::fs::read(path).expect("an image of tests/run"))
}

fn symbols(elf: &[u8]) -> Vec<String> {
    let file = object::File::parse(elf).expect("an ELF file");
    file.symbols().filter_map(|s| s.name().ok().map(str::to_owned)).collect()
}

/// Functions of `core` that only a panic calls, by mangled path.
fn panics(symbols: &[String]) -> Vec<&String> {
    symbols.iter().filter(|s| s.contains("4core9panicking") || s.contains("panic_fmt")).collect()
}

#[test]
fn no_core_function_can_panic() {
    let Some(elf) = bytes("no_panic") else { return };
    let symbols = symbols(&elf);
    // The image is no empty shell: all of core takes more than a MiB ...
    let file = object::File::parse(&elf[..]).expect("an ELF file");
    let code: u64 = file.sections().filter(|s| s.kind() == SectionKind::Text).map(|s| s.size()).sum();
    assert!(code > 1024 * 1024, "only {code} bytes of code");
    // ... and none that a panic needs.
    assert_eq!(panics(&symbols), Vec::<&String>::new());
}

/// Every source file below a folder.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let (mut found, mut folders) = (Vec::new(), vec![path(folder)]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the sources") {
            let entry = entry.expect("a file").path();
            if entry.is_dir() {
                folders.push(entry);
            } else {
                let source = std::fs::read_to_string(&entry).expect("a source file");
                found.push((entry, source));
            }
        }
    }
    found
}

/// The proof is about what the image calls: every public function of core but those that return a field.
#[test]
fn the_proof_calls_every_public_function() {
    let image: String =
        sources("../firmware/boards/mps2/src/bin/no_panic").into_iter().map(|(_, source)| source).collect();
    let fields = [
        "height",
        "width",
        "packed_width",
        "ids",
        "background",
        "values",
        "counts",
        "ignored",
        "affine",
        "index",
        "raw",
        "from_raw",
        "zeros",
    ];
    let (mut found, mut missing) = (0, Vec::new());
    for (file, source) in sources("../core/src") {
        for function in functions(&source) {
            let name = &*function.name;
            let is_made = !function.makes || function.of.is_empty() || names(&image, &function.of);
            if !is_made || !(calls(&image, name) || fields.contains(&name)) {
                missing.push(format!("{} {name} of {}", function.of, file.display()));
            }
            found += 1;
        }
    }
    assert!(
        missing.is_empty(),
        "not called in firmware/boards/mps2/src/bin/no_panic:\n{}",
        missing.join("\n")
    );
    assert!(found > 80, "the scan of the sources found only {found} functions");
}

#[test]
fn no_image_has_an_allocator() {
    for image in ["no_panic"].into_iter().chain(BUDGETS.map(|(board, ..)| board)) {
        let Some(elf) = bytes(image) else { continue };
        let found: Vec<_> = symbols(&elf)
            .into_iter()
            .filter(|s| s.contains("__rust_alloc") || s.contains("5alloc"))
            .collect();
        assert_eq!(found, Vec::<String>::new(), "{image}");
    }
}

#[test]
fn the_firmware_fits_its_budget() {
    for (board, flash, statics) in BUDGETS {
        let Some(elf) = bytes(board) else { continue };
        let file = object::File::parse(&elf[..]).expect("an ELF file");
        let mut sizes = BTreeMap::<&str, u64>::new();
        // riscv-rt gives the stack a section.
        for section in file.sections().filter(|section| section.name() != Ok(".stack")) {
            let kind = match section.kind() {
                SectionKind::Text | SectionKind::ReadOnlyData | SectionKind::ReadOnlyString => "flash",
                SectionKind::Data => "data",
                SectionKind::UninitializedData => "bss",
                _ => continue,
            };
            *sizes.entry(kind).or_default() += section.size();
        }
        let get = |kind| sizes.get(kind).copied().unwrap_or(0);
        assert!(get("flash") > 10_000, "{board}: the image is empty: {sizes:?}");
        assert!(get("flash") + get("data") <= flash * 1024, "{board}: {sizes:?}");
        assert!(get("data") + get("bss") <= statics * 1024, "{board}: {sizes:?}");
    }
}
