//! Instructions of the kernels that are used most, on a Cortex-M4F in QEMU: within 3 % of what they were.

use segmeter_tests::instructions::{Counts, check};
use segmeter_tests::{bench_image, images};

/// Rows of the image's table, below their headings.
const ROWS: [(&str, &str); 21] = [
    ("", "sketch of a frame, u8 labels"),
    ("", "table of probabilities (once per model)"),
    ("", "+ auroc"),
    ("", "+ calibration error"),
    ("", "+ statistics"),
    ("", "+ estimated IoU"),
    ("", "report: 4 losses, overlap, auroc, ece, stat."),
    ("", "confusion of ids, 19 classes"),
    ("", "ids and confusion of 19, x8, half pixel"),
    ("masks as bits, row by row", "nsd, tolerance 3"),
    ("masks as bits, row by row", "hausdorff, hd95, assd, nsd"),
    ("sketch, value", "cross_entropy"),
    ("sketch, value", "tversky"),
    ("sketch, value", "exponential_logarithmic"),
    ("f32, value and gradient", "cross_entropy"),
    ("f32, value and gradient", "focal"),
    ("f32, value and gradient", "tversky"),
    ("f32, value and gradient", "lovasz_hinge"),
    ("f32, 4 classes, value and gradient", "cross_entropy"),
    ("f32, 4 classes, value and gradient", "dice"),
    ("f32, 4 classes, value and gradient", "lovasz_softmax"),
];

#[test]
fn kernels_take_no_more_instructions_than_before() {
    let Some(table) = bench_image("instructions of kernels") else { return };
    let (mut found, mut section) = (Counts::new(), "");
    for line in table.lines() {
        section = ROWS.iter().find(|(heading, _)| *heading == line).map_or(section, |(heading, _)| heading);
        // A name, two blanks at least, and the count.
        let text = line.trim_start();
        let Some((name, rest)) = text.split_once("  ") else { continue };
        let count = rest.split_whitespace().next().and_then(|count| count.parse().ok());
        let section = if text.len() == line.len() { "" } else { section };
        if let (Some(count), true) = (count, ROWS.contains(&(section, name))) {
            found.insert(format!("{section}: {name}").trim_start_matches(": ").to_owned(), count);
        }
    }
    assert_eq!(found.len(), ROWS.len(), "{found:?}");
    let image = images("instructions of kernels").expect("the folder of the image that ran");
    check("Cortex-M4F", &std::fs::read(image.join("bench")).expect("the image"), &found);
}
