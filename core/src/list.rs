//! What there is, by name: every loss, metric, statistic and detector, told once.
//!
//! [`crate::loss::LOSSES`], [`crate::metric::METRICS`], [`crate::drift::STATISTICS`] and [`crate::drift::DETECTORS`] are the
//! lists; documentation, command, benches and tests walk them.

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "lowercase"))]
pub enum Kind {
    /// A loss.
    Loss,
    /// A metric.
    Metric,
    /// A drift detector.
    Detector,
    /// A drift statistic.
    Statistic,
}

/// One loss, metric, statistic or detector.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// What it is called.
    pub name: &'static str,
    /// What else it is called.
    pub synonyms: &'static [&'static str],
    /// Where it belongs.
    pub family: &'static str,
    /// What it takes: binary, multiclass, multilabel.
    pub inputs: &'static [&'static str],
    /// Whether 8-bit outputs are evaluated exactly from their histogram.
    pub quantised: bool,
    /// Memory beside the frame.
    pub scratch: &'static str,
    /// How often the pixels are walked: for the value, and what the gradient adds.
    pub passes: &'static str,
    /// What can be set.
    pub parameters: &'static [Parameter],
    /// Conventions of other libraries that a metric can be asked for by; those of losses are settings of their own.
    pub presets: &'static [&'static str],
    /// What is computed.
    pub definition: &'static str,
    /// Where it comes from.
    pub reference: &'static str,
}

/// A parameter of an entry.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Parameter {
    /// What it is called.
    pub name: &'static str,
    /// What it is unless set; `None` if it is taken from another parameter or the frame, see `meaning`.
    pub default: Option<Value<'static>>,
    /// What it may be.
    pub range: &'static str,
    /// What it does.
    pub meaning: &'static str,
}

/// The value of a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(untagged))]
pub enum Value<'a> {
    /// A number.
    Number(f64),
    /// Yes or no.
    Flag(bool),
    /// A word.
    Word(&'a str),
    /// Several numbers.
    Numbers(&'a [f64]),
}

impl Parameter {
    /// One that is a number.
    #[must_use]
    pub const fn number(
        name: &'static str,
        default: f64,
        range: &'static str,
        meaning: &'static str,
    ) -> Self {
        Self { name, default: Some(Value::Number(default)), range, meaning }
    }

    /// One that is one of some words.
    #[must_use]
    pub const fn word(
        name: &'static str,
        default: &'static str,
        range: &'static str,
        meaning: &'static str,
    ) -> Self {
        Self { name, default: Some(Value::Word(default)), range, meaning }
    }

    /// One that is true or false.
    #[must_use]
    pub const fn flag(name: &'static str, default: bool, meaning: &'static str) -> Self {
        Self { name, default: Some(Value::Flag(default)), range: "true, false", meaning }
    }

    /// One that is another parameter unless it is set.
    #[must_use]
    pub const fn taken(name: &'static str, range: &'static str, meaning: &'static str) -> Self {
        Self { name, default: None, range, meaning }
    }
}

impl Entry {
    /// The parameter of this name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&'static Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }

    /// Whether this is its name or another name of it.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        self.name == name || self.synonyms.contains(&name)
    }
}
