//! Every loss, metric, statistic and detector by name: what `list` prints and everything else looks up.

use clap::ValueEnum;
use serde::Serialize;

mod drift;
mod losses;
mod metrics;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    #[value(name = "losses")]
    Loss,
    #[value(name = "metrics")]
    Metric,
    #[value(name = "detectors")]
    Detector,
    #[value(name = "statistics")]
    Statistic,
}

/// One loss, metric, statistic or detector.
#[derive(Debug, Serialize)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    pub(crate) name: &'static str,
    pub(crate) family: &'static str,
    pub(crate) inputs: &'static [&'static str],
    /// Whether 8-bit outputs are evaluated exactly from their histogram.
    pub(crate) quantised: bool,
    pub(crate) scratch: &'static str,
    pub(crate) parameters: &'static [Parameter],
    pub(crate) presets: &'static [&'static str],
    pub(crate) definition: &'static str,
    pub(crate) reference: &'static str,
}

/// A parameter of an entry.
#[derive(Debug, Serialize)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    /// `None`: takes the value of another parameter, see `meaning`.
    pub(crate) default: Option<f64>,
    pub(crate) range: &'static str,
    pub(crate) meaning: &'static str,
}

/// All entries.
pub(crate) fn all() -> impl Iterator<Item = &'static Entry> {
    losses::LOSSES.iter().chain(metrics::METRICS).chain(drift::STATISTICS).chain(drift::DETECTORS)
}

/// The entry of this kind and name.
pub(crate) fn find(kind: Kind, name: &str) -> Option<&'static Entry> {
    all().find(|entry| entry.kind == kind && entry.name == name)
}

/// The names of a kind, for messages.
pub(crate) fn names(kind: Kind) -> String {
    all().filter(|entry| entry.kind == kind).map(|entry| entry.name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_texts_are_there() {
        let mut seen = std::collections::BTreeSet::new();
        for entry in all() {
            assert!(seen.insert((entry.kind as u8, entry.name)), "{}", entry.name);
            assert!(!entry.definition.is_empty() && !entry.reference.is_empty(), "{}", entry.name);
        }
    }
}
