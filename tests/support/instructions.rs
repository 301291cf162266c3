//! Counts of instructions that are kept: `data/instructions.txt`. One compiler counts like itself alone, so there are counts
//! of each.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Counts may differ from what is kept by so much of it. A kernel that became faster is kept as such.
const WITHIN: f64 = 0.03;

/// Counts by the name of a kernel.
pub type Counts = BTreeMap<String, u64>;

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/instructions.txt")
}

/// What stands before the counts of a place: its name, and the compiler that an executable names.
fn heading(place: &str, executable: &[u8]) -> String {
    const MARK: &[u8] = b"rustc version ";
    let at = executable.windows(MARK.len()).position(|bytes| bytes == MARK);
    let rest = at.and_then(|at| executable.get(at + MARK.len()..)).unwrap_or_default();
    let end = rest.iter().position(|byte| matches!(byte, 0 | b' ' | b'\n')).unwrap_or(rest.len());
    format!("{place}, rustc {}", String::from_utf8_lossy(&rest[..end]))
}

/// The parts of the file, by their headings.
fn kept() -> BTreeMap<String, Counts> {
    let mut parts = BTreeMap::new();
    let mut part = None;
    for line in std::fs::read_to_string(file()).unwrap_or_default().lines() {
        if let Some((name, count)) = line.rsplit_once("  ") {
            let counts: &mut Counts = parts.entry(part.clone().expect("a heading")).or_default();
            counts.insert(name.trim().to_owned(), count.parse().expect("a count"));
        } else if !line.is_empty() {
            part = Some(line.to_owned());
        }
    }
    parts
}

/// Holds counts against those that are kept, or keeps them if `SEGMETER_RECORD` is set.
///
/// # Panics
/// If one of them differs by more than is allowed.
pub fn check(place: &str, executable: &[u8], found: &Counts) {
    let (heading, mut parts) = (heading(place, executable), kept());
    if std::env::var_os("SEGMETER_RECORD").is_some() {
        parts.insert(heading, found.clone());
        let lines = |counts: &Counts| -> String {
            counts.iter().map(|(name, count)| format!("  {name:<44}  {count}\n")).collect()
        };
        let text: Vec<_> = parts.iter().map(|(part, counts)| format!("{part}\n{}", lines(counts))).collect();
        std::fs::write(file(), text.join("\n")).expect("the file of counts");
        return;
    }
    let Some(kept) = parts.get(&heading) else {
        eprintln!("skipped: instructions of kernels are not kept for {heading}");
        return;
    };
    let off = |(name, count): (&String, &u64)| -> Option<String> {
        let known = *kept.get(name)?;
        let share = *count as f64 / known as f64 - 1.0;
        (share.abs() > WITHIN).then(|| format!("{name}: {known}, now {count} ({:+.1} %)", 100.0 * share))
    };
    let off: Vec<_> = found.iter().filter_map(off).collect();
    assert!(off.is_empty(), "{heading}; SEGMETER_RECORD=1 keeps them as they are\n{}", off.join("\n"));
    assert!(found.keys().eq(kept.keys()), "{heading}: other kernels than in tests/data/instructions.txt");
}
