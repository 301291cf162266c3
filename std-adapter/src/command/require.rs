//! Requirements on the numbers of a report: what must hold for exit code 0.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::{Failure, Outcome};
use crate::output::Output;
use crate::report;

mod decimal;
mod junit;
mod numbers;

pub(super) use numbers::Numbers;

/// What is asked of the numbers.
#[derive(Args)]
#[command(next_help_heading = "What must hold")]
pub(super) struct RequireInput {
    /// Bounds on numbers of the report by the keys of --json, of a class by class.key: 'mean_iou>=0.9,road.iou>=0.95,hd95<=3'.
    /// Exit code 1 where one does not hold; what is not defined does not hold
    #[arg(long, value_name = "KEY>=X,CLASS.KEY<X,...", value_delimiter = ',')]
    require: Vec<String>,
    /// Write what held as JUnit XML, a test case for each requirement; - is stdout, where nothing else is printed then
    #[arg(long, value_name = "OUT.xml", requires = "require")]
    pub(super) junit: Option<PathBuf>,
}

/// Bounds on numbers, whose names are not known yet.
pub(super) struct Requirements(Vec<Requirement>);

/// A bound on a number.
struct Requirement {
    text: String,
    key: String,
    comparison: Comparison,
    bound: String,
}

#[derive(Clone, Copy)]
enum Comparison {
    AtLeast,
    Above,
    AtMost,
    Below,
}

impl Comparison {
    const fn sign(self) -> &'static str {
        match self {
            Self::AtLeast => ">=",
            Self::Above => ">",
            Self::AtMost => "<=",
            Self::Below => "<",
        }
    }

    /// Whether a number is on the right side of a bound; both are taken as the decimals that are written.
    fn holds(self, value: &Value, bound: &str) -> bool {
        let order = decimal::compare(&value.to_string(), bound);
        match self {
            Self::AtLeast => order.is_ge(),
            Self::Above => order.is_gt(),
            Self::AtMost => order.is_le(),
            Self::Below => order.is_lt(),
        }
    }
}

impl RequireInput {
    /// The bounds, each a key, a comparison and a decimal number.
    pub(super) fn requirements(&self) -> Result<Requirements, Failure> {
        Ok(Requirements(self.require.iter().map(|text| requirement(text)).collect::<Result<_, _>>()?))
    }
}

fn requirement(text: &str) -> Result<Requirement, Failure> {
    let bad = || {
        let line =
            "expected a key, one of >=, >, <= and <, and a number, as in mean_iou>=0.9 or road.iou>=0.95";
        Failure::Input(format!("found --require {text}, {line}"))
    };
    // A name may have such a sign in it, a number has none.
    let place = text.rfind(['<', '>']).ok_or_else(bad)?;
    let (key, rest) = text.split_at(place);
    let (comparison, bound) = match (&rest[..1], rest[1..].strip_prefix('=')) {
        (">", Some(bound)) => (Comparison::AtLeast, bound),
        (">", None) => (Comparison::Above, &rest[1..]),
        (_, Some(bound)) => (Comparison::AtMost, bound),
        (_, None) => (Comparison::Below, &rest[1..]),
    };
    let (key, bound) = (key.trim().to_owned(), bound.trim().to_owned());
    let is_number = bound.parse::<f64>().is_ok_and(f64::is_finite);
    // No key of a report ends with this: `=>` is no comparison.
    if key.is_empty() || key.ends_with('=') || !is_number {
        return Err(bad());
    }
    Ok(Requirement { text: text.trim().to_owned(), key, comparison, bound })
}

impl Requirements {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Looks every key up. `absent` says why a key of this name is not in this report, and what to do, if it may be in one.
    pub(super) fn check(
        &self,
        numbers: &Numbers,
        absent: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Verdict, Failure> {
        let checked = |requirement: &Requirement| {
            let Requirement { text, key, comparison, bound } = requirement;
            let value = numbers
                .find(key, absent)
                .map_err(|line| Failure::Input(format!("found --require {text}, {line}")))?;
            let holds = value.is_number() && comparison.holds(&value, bound);
            Ok(Checked {
                text: text.clone(),
                key: key.clone(),
                comparison: comparison.sign(),
                bound: bound.clone(),
                value,
                holds,
            })
        };
        self.0.iter().map(checked).collect::<Result<_, Failure>>().map(Verdict)
    }
}

/// What came of requirements.
pub(super) struct Verdict(Vec<Checked>);

/// A requirement beside its number.
struct Checked {
    text: String,
    key: String,
    comparison: &'static str,
    bound: String,
    value: Value,
    holds: bool,
}

impl Checked {
    /// The number as JSON has it.
    fn value(&self) -> String {
        if self.value.is_null() { "not defined".to_owned() } else { self.value.to_string() }
    }
}

impl Verdict {
    /// Negative if something does not hold.
    pub(super) fn outcome(&self) -> Outcome {
        if self.0.iter().all(|checked| checked.holds) { Outcome::Done } else { Outcome::Negative }
    }

    /// Puts it into a report, where something was required.
    pub(super) fn insert(&self, document: &mut Value) {
        let Some(object) = document.as_object_mut().filter(|_| !self.0.is_empty()) else { return };
        let all = self.0.iter().map(|checked| {
            json!({
                "requirement": checked.text,
                "key": checked.key,
                "comparison": checked.comparison,
                "bound": checked.bound.parse::<f64>().ok(),
                "value": checked.value,
                "holds": checked.holds,
            })
        });
        object.insert("require".to_owned(), all.collect());
    }

    /// What held and what did not, with every digit that was compared.
    fn table(&self, out: &mut dyn Write) -> Result<(), Failure> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut table = report::table(&["requirement", "value", "holds"]);
        for checked in &self.0 {
            let holds = if checked.holds { "yes" } else { "NO" };
            report::row(&mut table, [checked.text.clone(), checked.value(), holds.to_owned()]);
        }
        writeln!(out)?;
        Ok(report::print(out, &table)?)
    }

    /// Writes the file that was asked for.
    pub(super) fn junit(
        &self,
        file: Option<Output>,
        suite: &str,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        match file {
            Some(file) => file.write(out, |file| junit::write(file, suite, &self.0)),
            None => Ok(()),
        }
    }

    /// Ends a report: prints it by `table`, with what held, unless stdout belongs to a file, where notes say what does not hold.
    pub(super) fn end(
        &self,
        is_printed: bool,
        out: &mut dyn Write,
        table: impl FnOnce(&mut dyn Write) -> Result<(), Failure>,
    ) -> Result<Outcome, Failure> {
        if is_printed {
            table(out)?;
            self.table(out)?;
        } else {
            self.note();
        }
        Ok(self.outcome())
    }

    /// Says what does not hold, where no table does.
    fn note(&self) {
        for checked in self.0.iter().filter(|checked| !checked.holds) {
            super::note(format_args!(
                "{} does not hold: {} is {}",
                checked.text,
                checked.key,
                checked.value()
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_requirement() {
        let parts = |text: &str| {
            let Requirement { key, comparison, bound, .. } = requirement(text).ok()?;
            Some(format!("{key} {} {bound}", comparison.sign()))
        };
        for (text, expected) in [
            ("mean_iou>=0.9", "mean_iou >= 0.9"),
            ("mean_iou > .9", "mean_iou > .9"),
            ("hd95<=3", "hd95 <= 3"),
            ("hd95<3e0", "hd95 < 3e0"),
            ("a>b.iou>=0.5", "a>b.iou >= 0.5"),
            ("road ahead.iou>=-1", "road ahead.iou >= -1"),
        ] {
            assert_eq!(parts(text).as_deref(), Some(expected), "{text}");
        }
        for text in [
            "",
            "mean_iou",
            "mean_iou=0.9",
            ">=0.9",
            "iou>=",
            "iou>=x",
            "iou>=inf",
            "iou>=NaN",
            "iou>=1e999",
            "iou=>1",
        ] {
            assert_eq!(parts(text), None, "{text}");
        }
    }
}
