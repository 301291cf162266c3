//! What is in the device's images: no panic, no allocator, and no more than the budget.
//!
//! `tests/run` builds the images and names their folder in `SEGMETER_IMAGES`; without it these tests skip.

use std::collections::BTreeMap;

use object::{Object, ObjectSection, ObjectSymbol, SectionKind};
use segmeter_tests::images;

/// Flash of the firmware, log and protocol included. A change that needs more says so here.
const FLASH: u64 = 96 * 1024;
/// Statics of the firmware.
const STATICS: u64 = 12 * 1024;

fn bytes(image: &str) -> Option<Vec<u8>> {
    Some(std::fs::read(images("image tests")?.join(image)).expect("an image of tests/run"))
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
    // The image holds the functions that it is a proof about ...
    for part in ["lovasz", "monitor", "calibration", "statistic", "evaluator"] {
        assert!(symbols.iter().any(|s| s.contains(part)), "nothing of {part} is in the image");
    }
    // ... and none that a panic needs.
    assert_eq!(panics(&symbols), Vec::<&String>::new());
}

#[test]
fn no_image_has_an_allocator() {
    for image in ["no_panic", "segmeter-firmware"] {
        let Some(elf) = bytes(image) else { return };
        let found: Vec<_> = symbols(&elf)
            .into_iter()
            .filter(|s| s.contains("__rust_alloc") || s.contains("5alloc"))
            .collect();
        assert_eq!(found, Vec::<String>::new(), "{image}");
    }
}

#[test]
fn the_firmware_fits_its_budget() {
    let Some(elf) = bytes("segmeter-firmware") else { return };
    let file = object::File::parse(&elf[..]).expect("an ELF file");
    let mut sizes = BTreeMap::<&str, u64>::new();
    for section in file.sections() {
        let kind = match section.kind() {
            SectionKind::Text | SectionKind::ReadOnlyData => "flash",
            SectionKind::Data => "data",
            SectionKind::UninitializedData => "bss",
            _ => continue,
        };
        *sizes.entry(kind).or_default() += section.size();
    }
    let get = |kind| sizes.get(kind).copied().unwrap_or(0);
    assert!(get("flash") > 10_000, "the image is empty: {sizes:?}");
    assert!(get("flash") + get("data") <= FLASH, "{sizes:?}");
    assert!(get("data") + get("bss") <= STATICS, "{sizes:?}");
}
