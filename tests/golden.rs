//! Every public loss against references: PyTorch in `f64` and 120-digit arithmetic (`vectors/make.py`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use segmeter::catalogue::{AnyFrame, ChosenLoss, LOSSES};
use segmeter_core::loss::{Evaluation, Loss as _};
use segmeter_core::sketch::{GradientTable, SigmoidTable, Sketch};
use segmeter_core::view::{Encoding, Frame, IGNORE, Layout, Quantised, Quantiser};
use segmeter_tests::{
    Fixture, LOSS_TABLE, LossCase, LossVectors, PARTS, close, fixed_cells, interleave, losses,
    measured_errors, named, path, takes, value, value_and_gradient, vectors,
};

/// Relative error allowed for a value, and for a gradient in terms of its largest entry.
const VALUE: f64 = 1e-6;
const GRADIENT: f64 = 1e-5;

/// Public types of core that are losses, from the documentation that `tests/run` builds; `None`, with a line that says so,
/// without it.
fn documented_losses() -> Option<BTreeSet<String>> {
    let Some(folder) = std::env::var_os("SEGMETER_DOCUMENTATION").map(PathBuf::from) else {
        eprintln!("skipped: what is public is read from the documentation (tests/run builds it)");
        return None;
    };
    let mut found = BTreeSet::new();
    for of in ["Loss", "SumLoss"] {
        let page = folder.join(format!("segmeter_core/loss/trait.{of}.html"));
        let page = std::fs::read_to_string(page).expect("a page of tests/run");
        for rest in page.split(&format!("id=\"impl-{of}-for-")).skip(1) {
            found.insert(rest.chars().take_while(|c| c.is_alphanumeric()).collect());
        }
    }
    for part in PARTS {
        assert!(found.remove(part), "{part}, a part with vectors in tests/parts.rs, is not public");
    }
    // The blanket implementation, the choice at run time, what sums are made of, and parts of unified focal loss.
    let others = ["L", "AnyLoss", "Weighted", "UnifiedFocalTversky", "UnifiedFocalCrossEntropy"];
    found.retain(|name: &String| !others.contains(&name.as_str()));
    Some(found)
}

/// The type of a loss, without what is between angle brackets.
fn type_of(loss: &ChosenLoss) -> String {
    loss.type_name().chars().take_while(|c| c.is_alphanumeric()).collect()
}

#[test]
fn every_public_loss_is_listed() {
    let Some(found) = documented_losses() else { return };
    assert!(found.len() >= 34, "the documentation has only {found:?}");
    let listed: BTreeSet<_> = LOSSES
        .iter()
        .map(|entry| named(entry.name, &serde_json::json!({})))
        .filter(|loss| !loss.is_sum())
        .map(|loss| type_of(&loss))
        .collect();
    let unlisted: Vec<_> = found.difference(&listed).collect();
    let hidden: Vec<_> = listed.difference(&found).collect();
    assert!(
        unlisted.is_empty() && hidden.is_empty(),
        "not in the list: {unlisted:?}; not public: {hidden:?}"
    );
}

#[test]
fn every_listed_loss_has_a_vector() {
    let LossVectors { cases, .. } = vectors("losses.json");
    let names: BTreeSet<_> = LOSSES.iter().map(|entry| entry.name).collect();
    let with_case: BTreeSet<_> = cases
        .iter()
        .map(|case| if case.loss == "bce" { "cross_entropy" } else { case.loss.as_str() })
        .collect();
    let missing: Vec<_> = names.difference(&with_case).collect();
    assert!(missing.is_empty(), "in the list, but without a vector: {missing:?}");
}

fn compare(found: &[f32], case: &LossCase, what: &str) {
    assert_eq!(found.len(), case.gradient.len(), "{what}: entries of the gradient");
    let largest = case.gradient.iter().fold(0.0f64, |a, g| a.max(g.abs()));
    for (place, (g, expected)) in found.iter().zip(&case.gradient).enumerate() {
        let error = (f64::from(*g) - expected).abs();
        assert!(
            error <= GRADIENT * largest + 3e-45,
            "{what}: gradient at {place} is {g:e}, expected {expected:e} (largest {largest:e})"
        );
    }
}

fn check_value(found: Evaluation, case: &LossCase, what: &str) {
    assert!(
        close(f64::from(found.value), case.value, VALUE),
        "{what}: {:e}, expected {:e}, off by {:e}",
        found.value,
        case.value,
        (f64::from(found.value) - case.value) / case.value
    );
    assert_eq!(found.undefined, case.undefined, "{what}: undefined");
}

fn what(case: &LossCase) -> String {
    format!("{} {} on {}", case.loss, case.parameters, case.fixture)
}

/// Value and gradient of a frame, and that the value alone is the same.
fn evaluate<'a>(case: &LossCase, frame: impl Into<AnyFrame<'a>>) -> (Evaluation, Vec<f32>) {
    let (loss, frame) = (case.loss(), frame.into());
    let mut gradient = vec![f32::NAN; case.gradient.len()];
    let found = value_and_gradient(&loss, frame, &mut gradient)
        .unwrap_or_else(|error| panic!("{}: {error}", what(case)));
    assert_eq!(value(&loss, frame).unwrap(), found, "{}: value alone", what(case));
    (found, gradient)
}

/// Runs every case and says all that is wrong, not only the first.
fn each_case(run: impl Fn(&LossCase, &Fixture)) {
    let LossVectors { fixtures, cases } = vectors("losses.json");
    let only = std::env::var("SEGMETER_CASE").unwrap_or_default();
    let mut wrong = Vec::new();
    for case in cases.iter().filter(|case| what(case).contains(&only)) {
        let attempt = std::panic::AssertUnwindSafe(|| run(case, &fixtures[&case.fixture]));
        if let Err(panic) = std::panic::catch_unwind(attempt) {
            wrong.push(panic.downcast_ref::<String>().cloned().unwrap_or_else(|| what(case)));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn losses_on_frames() {
    each_case(|case, fixture| {
        let (found, gradient) = if fixture.is_binary() {
            evaluate(case, fixture.frame())
        } else {
            evaluate(case, fixture.multiclass(Layout::Planar, &fixture.logits, fixture.targets.as_deref()))
        };
        check_value(found, case, &what(case));
        compare(&gradient, case, &what(case));
    });
}

/// The layout moves numbers, and changes no bit of them.
#[test]
fn interleaved_frames_give_the_same_bits() {
    each_case(|case, fixture| {
        if fixture.is_binary() {
            return;
        }
        let targets = fixture.targets.as_deref();
        let planar = evaluate(case, fixture.multiclass(Layout::Planar, &fixture.logits, targets));
        let scores = interleave(&fixture.logits, fixture.classes);
        let targets = targets.map(|targets| interleave(targets, fixture.classes));
        let frame = fixture.multiclass(Layout::Interleaved, &scores, targets.as_deref());
        let (value, gradient) = evaluate(case, frame);
        assert_eq!(value, planar.0, "{}", what(case));
        assert_eq!(gradient, interleave(&planar.1, fixture.classes), "{}", what(case));
    });
}

fn on_sketch(case: &LossCase, fixture: &Fixture, encoding: Encoding) {
    let q = fixture.quantised.as_ref().unwrap();
    let (loss, labels) = (case.loss(), fixture.labels());
    let what = format!("{} as a sketch of {encoding:?}", what(case));
    let shift = if encoding == Encoding::Signed { 0 } else { 128 };
    let quantiser = Quantiser::logits(encoding, q.scale, q.zero_point + shift).unwrap();
    let codes: Vec<u8> = q
        .codes
        .iter()
        .map(|code| if encoding == Encoding::Signed { *code as u8 } else { (i16::from(*code) + 128) as u8 })
        .collect();
    let quantised = Quantised::new(fixture.shape(), &codes, quantiser).unwrap();
    let sketch = Sketch::of(&quantised, Some(&labels)).unwrap();
    let mut table = GradientTable::default();
    let found = loss.accumulate_sketch(&sketch, &SigmoidTable::new(&quantiser), 1.0, Some(&mut table));
    let Ok(found) = found else {
        let entry = segmeter::catalogue::loss(&case.loss).unwrap();
        assert!(!entry.quantised, "{what}: {found:?}, but the catalogue says otherwise");
        return;
    };
    check_value(found, case, &what);
    let mut gradient = vec![0.0; codes.len()];
    table.add_to(&quantised, &labels, &mut gradient).unwrap();
    by_group(case, fixture, &gradient, &what);
}

/// Pixels of one code and label share a derivative: compares the sums over them. What sorts spreads a tie between both
/// sides of the labels its own way, so there only the sum over all of them is fixed.
fn by_group(case: &LossCase, fixture: &Fixture, gradient: &[f32], what: &str) {
    let (q, labels) = (fixture.quantised.as_ref().unwrap(), fixture.labels());
    let sorted = ["lovasz", "weighted", "top_k", "ohem"].iter().any(|part| case.loss.contains(part));
    let group = |pixel: usize| {
        let side = if labels.ids()[pixel] == 1 { -1 } else { 1 };
        let margin = side * (i32::from(q.codes[pixel]) - q.zero_point);
        if sorted { (margin, 9) } else { (margin, labels.ids()[pixel]) }
    };
    let largest = case.gradient.iter().fold(0.0f64, |a, g| a.max(g.abs()));
    // Signs by label: within a tie the steps add up, not their signed values.
    let sign = |pixel: usize| if sorted && labels.ids()[pixel] == 1 { -1.0 } else { 1.0 };
    let mut groups = BTreeMap::<_, (f64, f64, f64)>::new();
    for pixel in (0..gradient.len()).filter(|pixel| labels.ids()[*pixel] < 2) {
        let (mine, expected, count) = groups.entry(group(pixel)).or_default();
        *mine += sign(pixel) * f64::from(gradient[pixel]);
        *expected += sign(pixel) * case.gradient[pixel];
        *count += 1.0;
    }
    for (of, (mine, expected, count)) in groups {
        let allowed = GRADIENT * largest * count;
        assert!((mine - expected).abs() <= allowed, "{what}: group {of:?} {mine:e}, expected {expected:e}");
    }
}

#[test]
fn losses_on_sketches() {
    each_case(|case, fixture| {
        let plain = fixture.weights.is_none() && fixture.class_weights.is_none();
        if fixture.is_binary() && fixture.quantised.is_some() && plain {
            for encoding in [Encoding::Signed, Encoding::Unsigned] {
                on_sketch(case, fixture, encoding);
            }
        }
    });
}

/// The docs' table of losses says what the catalogue says, and the errors that these vectors show.
#[test]
fn the_table_of_losses_is_true() {
    let text = std::fs::read_to_string(path(LOSS_TABLE)).unwrap();
    let (errors, rows) = (measured_errors(), text.lines().skip(2).count());
    for entry in LOSSES {
        let [definition, passes, scratch, error] = fixed_cells(entry, &errors);
        let expected = format!("| `{}` | {definition} | {passes} | {scratch} | {error} | ", entry.name);
        assert!(text.contains(&expected), "{LOSS_TABLE} has no row that begins with {expected}");
    }
    assert_eq!(rows, LOSSES.len(), "rows of {LOSS_TABLE}; examples/loss_table.rs writes it");
}

/// The page that has every loss by its family.
#[test]
fn every_loss_is_in_the_guide() {
    let page = "../core/src/guide/lists.md";
    let text = std::fs::read_to_string(path(page)).unwrap();
    let missing: Vec<_> =
        LOSSES.iter().map(|entry| entry.name).filter(|name| !text.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "{page} does not have {missing:?}");
}

/// Scores far out of every range at pixels that do not count leave no trace.
#[test]
fn ignored_pixels_leave_no_trace() {
    let LossVectors { fixtures, .. } = vectors("losses.json");
    let wild = |logits: &[f32], ids: &[u8]| -> Vec<f32> {
        let odd = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 3e38];
        let pixel = |place: usize| ids[place % ids.len()];
        let change =
            |(place, logit): (usize, &f32)| if pixel(place) == IGNORE { odd[place % 4] } else { *logit };
        logits.iter().enumerate().map(change).collect()
    };
    fn bits<const C: usize>(loss: &ChosenLoss, frame: Frame<'_, C>) -> (u32, Vec<u32>)
    where
        for<'a> AnyFrame<'a>: From<Frame<'a, C>>,
    {
        let mut gradient = vec![0.0; frame.scores().len()];
        let value = value_and_gradient(loss, frame, &mut gradient).unwrap();
        (value.value.to_bits(), gradient.iter().map(|g| g.to_bits()).collect())
    }
    let (binary, multi) = (&fixtures["random_unweighted"], &fixtures["multi_weighted"]);
    let ids = multi.labels.as_ref().unwrap();
    assert!(ids.contains(&IGNORE), "the fixture has ignored pixels");
    let mut tried = 0;
    for (name, loss) in losses() {
        if takes(&name, "binary") {
            let logits = wild(&binary.logits, binary.labels.as_ref().unwrap());
            let frame = Frame::new(&logits, binary.labels()).unwrap();
            assert_eq!(bits(&loss, frame), bits(&loss, binary.frame()), "{name}");
            tried += 1;
        }
        if takes(&name, "multiclass") {
            let of = |logits: &[f32]| bits(&loss, multi.multiclass(Layout::Planar, logits, None));
            assert_eq!(of(&wild(&multi.logits, ids)), of(&multi.logits), "{name}");
            tried += 1;
        }
    }
    assert!(tried > 80, "only {tried} tried");
}
