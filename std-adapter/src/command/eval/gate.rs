//! Requirements on an evaluation.

use serde_json::Value;

use super::choice::{Choice, family_of};
use super::notes;
use super::print::Printed;
use super::tally;
use crate::command::Failure;
use crate::command::require::{Numbers, Requirements, Verdict};

/// Refuses keys that the report will not have, before anything is counted for it.
pub(super) fn check_keys(
    requirements: &Requirements,
    choice: &Choice,
    names: &[String],
) -> Result<(), Failure> {
    if requirements.is_empty() {
        return Ok(());
    }
    let blank = tally::blank(choice, names.len())?;
    verdict(requirements, &Printed { names, choice, per_image: false, result: &blank }, false).map(drop)
}

/// A report as JSON, if that or something of it is wanted, with what came of the requirements.
pub(super) fn verdict(
    requirements: &Requirements,
    printed: &Printed<'_>,
    json: bool,
) -> Result<(Value, Verdict), Failure> {
    let is_wanted = json || !requirements.is_empty();
    let mut document = if is_wanted { printed.document() } else { Value::Null };
    let absent = |key: &str| absent(printed.choice, printed.names.len(), key);
    let verdict = requirements.check(&Numbers::of(&document), &absent)?;
    verdict.insert(&mut document);
    Ok((document, verdict))
}

/// Why a number that `eval` can compute is not in a report.
fn absent(choice: &Choice, classes: usize, key: &str) -> Option<String> {
    let family = family_of(key);
    if family.is_empty() {
        return None;
    }
    if !choice.wants(key) {
        let way = match key {
            "category_iou" => "say --categories",
            "apls" => "name it in --metrics, or say --metrics all",
            _ => "name it there too",
        };
        return Some(format!("`{key}` is not computed with these --metrics: {way}"));
    }
    let needs = notes::needs(choice, family, classes)?;
    Some(format!("`{key}` is not computed: it needs {needs}"))
}
