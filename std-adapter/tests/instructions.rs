//! Instructions of the kernels that are used most, as callgrind counts them: a change for the worse is seen on any machine.

use std::process::Command;

#[allow(unreachable_pub, reason = "of another package it is public")]
#[path = "../../tests/support/instructions.rs"]
mod instructions;

use instructions::{Counts, check};
use segmeter::LevelName;

/// Rows of `segmeter bench`: their kind and name.
const ROWS: [(&str, &str); 17] = [
    ("binary", "cross_entropy"),
    ("binary", "focal"),
    ("binary", "dice"),
    ("binary", "tversky"),
    ("binary", "dice_cross_entropy"),
    ("binary", "lovasz_hinge"),
    // A power in each pixel: what is no part of the function with the vector instructions takes five times as long.
    ("binary", "noise_robust_dice"),
    ("binary", "unified_focal"),
    ("classes", "noise_robust_dice"),
    ("classes", "cross_entropy"),
    ("classes", "dice"),
    ("classes", "lovasz_softmax"),
    ("metrics", "8 bits: sketch"),
    ("metrics", "confusion, 19 classes"),
    ("metrics", "exact distance transform"),
    ("metrics", "hd, hd95, assd, nsd, noisy"),
    ("metrics", "skeleton, noisy"),
];

/// The instructions of a run that measures a row so many times.
fn instructions_of((kind, name): (&str, &str), runs: &str) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", env!("CARGO_BIN_EXE_segmeter")])
        .args(["bench", "--level", "avx2", "--threads", "1", "--size", "96x160", "--runs", runs])
        .args(["--rows", kind, "--exact", "--filter", name])
        .output()
        .expect("valgrind");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{name}: {said}");
    let count = said.lines().find_map(|line| line.split_once("Collected : ")).map(|(_, count)| count.trim());
    count.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("{name}: no count in {said}"))
}

#[test]
fn kernels_take_no_more_instructions_than_before() {
    if !LevelName::Avx2.is_available() || Command::new("valgrind").arg("--version").output().is_err() {
        eprintln!("skipped: instructions of kernels on the host need valgrind and AVX2");
        return;
    }
    let executable = std::fs::read(env!("CARGO_BIN_EXE_segmeter")).unwrap();
    let mut found = Counts::new();
    for row in ROWS {
        let [one, three] = ["1", "3"].map(|runs| instructions_of(row, runs));
        found.insert(format!("{}: {}", row.0, row.1), (three - one) / 2);
    }
    check("host with AVX2", &executable, &found);
}
