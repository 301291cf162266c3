//! Losses by name, for programs that choose one at run time: from a configuration file or the command line.
//!
//! ```
//! use std::collections::BTreeMap;
//! use segmeter::catalogue::{ChosenLoss, Setting};
//! let settings = BTreeMap::from([("fn_weight".to_owned(), Setting::Number(0.8))]);
//! let loss = ChosenLoss::new("tversky", &settings)?;
//! # Ok::<(), segmeter::catalogue::LossError>(())
//! ```

use std::collections::BTreeMap;
use std::fmt;

use segmeter_core::Error;
pub use segmeter_core::list::{Entry, Kind, Parameter, Value};
pub use segmeter_core::loss::LOSSES;
use segmeter_core::loss::list;
use serde::{Deserialize, Serialize};

pub mod batch;
mod chosen;
mod evaluate;
mod presets;

pub use chosen::ChosenLoss;
pub use evaluate::AnyFrame;
pub use presets::{PRESETS, Preset, Reduction, SMOOTH_HALVES, preset, set_over};

/// A value given for a parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Setting {
    /// A number.
    Number(f64),
    /// Yes or no.
    Flag(bool),
    /// A word.
    Word(String),
    /// Several numbers.
    Numbers(Vec<f64>),
}

/// Values by the names of their parameters.
pub type Settings = BTreeMap<String, Setting>;

impl Setting {
    /// The same, borrowed.
    #[must_use]
    pub fn value(&self) -> Value<'_> {
        match self {
            Self::Number(number) => Value::Number(*number),
            Self::Flag(flag) => Value::Flag(*flag),
            Self::Word(word) => Value::Word(word),
            Self::Numbers(numbers) => Value::Numbers(numbers),
        }
    }
}

impl From<Value<'_>> for Setting {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Number(number) => Self::Number(number),
            Value::Flag(flag) => Self::Flag(flag),
            Value::Word(word) => Self::Word(word.to_owned()),
            Value::Numbers(numbers) => Self::Numbers(numbers.to_vec()),
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Flag(flag) => flag.fmt(f),
            Self::Word(word) => word.fmt(f),
            Self::Numbers(numbers) => {
                let texts: Vec<String> = numbers.iter().map(f64::to_string).collect();
                f.write_str(&texts.join(","))
            }
        }
    }
}

/// The value of a parameter of a loss: as set, or its default; none where only the frame decides.
#[must_use]
pub fn setting(entry: &Entry, settings: &Settings, name: &str) -> Option<Setting> {
    list::Values::new(entry, &|name| settings.get(name).map(Setting::value)).get(name).map(Setting::from)
}

/// The loss of this name, or of one of its other names: capitals, hyphens and a `_loss` at the end make no difference.
#[must_use]
pub fn loss(name: &str) -> Option<&'static Entry> {
    let plain = name.to_lowercase().replace('-', "_");
    let short = plain.strip_suffix("_loss").unwrap_or(&plain);
    list::named(&plain).or_else(|| list::named(short))
}

/// Whether classes have weights in this loss; those of the Wasserstein Dice are distances.
#[must_use]
pub fn has_class_weights(entry: &Entry) -> bool {
    entry.name != "wasserstein_dice"
}

/// Why no loss can be made of a name and settings.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum LossError {
    /// There is no loss of this name.
    Name(String),
    /// The loss has no such parameter.
    Parameter {
        /// The loss.
        loss: &'static Entry,
        /// What was found for a parameter.
        found: String,
    },
    /// A parameter is out of its range.
    Value {
        /// The loss.
        loss: &'static Entry,
        /// The parameter.
        name: &'static str,
        /// Its value.
        found: Option<Setting>,
    },
    /// What core says.
    Core(Error),
}

impl fmt::Display for LossError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |names: &mut dyn Iterator<Item = &'static str>| names.collect::<Vec<_>>().join(", ");
        match self {
            Self::Name(name) => {
                let names = joined(&mut LOSSES.iter().map(|entry| entry.name));
                write!(f, "found loss `{name}`, expected one of {names}")
            }
            Self::Parameter { loss, found } if loss.parameters.is_empty() => {
                write!(f, "found parameter `{found}` for {}, expected one of: none", loss.name)
            }
            Self::Parameter { loss, found } => {
                let names = joined(&mut loss.parameters.iter().map(|parameter| parameter.name));
                write!(f, "found parameter `{found}` for {}, expected one of: {names}", loss.name)
            }
            Self::Value { loss, name, found } => {
                let range = loss.parameter(name).map_or("", |parameter| parameter.range);
                let found = found.as_ref().map_or_else(String::new, ToString::to_string);
                write!(f, "found {name}={found} for {}, expected {range}", loss.name)
            }
            Self::Core(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for LossError {}
