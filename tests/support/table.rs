//! The table of losses in the docs of `segmeter_core::loss`: what each is and costs. `examples/loss_table.rs` writes it, a
//! test keeps it true.

use std::collections::BTreeMap;
use std::fmt::Write;

use segmeter::catalogue::{Entry, LOSSES};
use segmeter_core::loss::Loss;
use segmeter_core::view::Layout;

use crate::{Fixture, LossCase, LossVectors, accumulate, vectors};
use segmeter::catalogue::AnyFrame;

/// Where it lies, from the tests' folder.
pub const LOSS_TABLE: &str = "../core/src/loss/table.md";

/// Largest errors against the reference vectors: of a value, relative; of a derivative, relative to the frame's largest.
#[must_use]
pub fn measured_errors() -> BTreeMap<String, [f64; 2]> {
    let LossVectors { fixtures, cases } = vectors("losses.json");
    let mut found = BTreeMap::<String, [f64; 2]>::new();
    for case in cases.iter().filter(|case| !case.undefined) {
        let name = if case.loss == "bce" { "cross_entropy" } else { &case.loss };
        let worst = found.entry(name.to_owned()).or_default();
        for (worst, error) in worst.iter_mut().zip(errors(case, &fixtures[&case.fixture])) {
            *worst = worst.max(error);
        }
    }
    found
}

fn errors(case: &LossCase, fixture: &Fixture) -> [f64; 2] {
    let frame = if fixture.is_binary() {
        AnyFrame::Binary(fixture.frame())
    } else {
        let targets = fixture.targets.as_deref();
        AnyFrame::Multiclass(fixture.multiclass(Layout::Planar, &fixture.logits, targets))
    };
    let loss = case.loss();
    let mut scratch = vec![0; loss.scratch_len(fixture.shape())];
    let mut gradient = vec![0.0; fixture.logits.len()];
    let value = accumulate(&loss, &frame, 1.0, &mut scratch, Some(&mut gradient)).expect("a loss").value;
    // What is below the smallest f32 has no relative error.
    let relative = |error: f64, of: f64| if of < 1e-37 { 0.0 } else { error / of };
    let largest = case.gradient.iter().fold(0.0f64, |a, g| a.max(g.abs()));
    let slopes = gradient.iter().zip(&case.gradient).map(|(g, expected)| (f64::from(*g) - expected).abs());
    [
        relative((f64::from(value) - case.value).abs(), case.value.abs()),
        relative(slopes.fold(0.0, f64::max), largest),
    ]
}

/// The columns that do not depend on a machine: those that a test can hold.
#[must_use]
pub fn fixed_cells(entry: &Entry, errors: &BTreeMap<String, [f64; 2]>) -> [String; 4] {
    let [value, gradient] = errors[entry.name];
    let text = |text: &str| text.replace('|', "\\|").replace('[', "\\[").replace(']', "\\]");
    let scratch = entry.scratch;
    let scratch = if scratch.starts_with("u32") { format!("`{scratch}`") } else { scratch.to_owned() };
    [text(entry.definition), entry.passes.to_owned(), scratch, format!("{value:.0e}, {gradient:.0e}")]
}

/// The numbers of a loss on a device and a desk, as they are to be shown.
pub type Costs = BTreeMap<String, [String; 3]>;

/// The whole table. Costs: of 8-bit codes and of floats in instructions per pixel, in nanoseconds per pixel.
///
/// # Panics
/// If a loss has no costs.
#[must_use]
pub fn loss_table(costs: &Costs) -> String {
    let errors = measured_errors();
    let mut text = String::from(
        "| loss | definition | passes | scratch | error of value, gradient | device, 8-bit | device, f32 | desk, f32 |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for entry in LOSSES {
        let [definition, passes, scratch, error] = fixed_cells(entry, &errors);
        let [codes, floats, desk] = &costs[entry.name];
        let name = entry.name;
        writeln!(
            text,
            "| `{name}` | {definition} | {passes} | {scratch} | {error} | {codes} | {floats} | {desk} |"
        )
        .expect("a string takes all");
    }
    text
}
