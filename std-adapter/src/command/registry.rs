//! Every loss, metric, statistic and detector by name: what `list` prints and everything else looks up.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use segmeter::catalogue::LOSSES;
pub(crate) use segmeter::catalogue::{Default, Entry, Kind, Parameter};

mod drift;
mod metrics;

/// The kinds as the command line names them.
const KINDS: [(&str, Kind); 4] = [
    ("losses", Kind::Loss),
    ("metrics", Kind::Metric),
    ("detectors", Kind::Detector),
    ("statistics", Kind::Statistic),
];

/// Reads the name of a kind.
pub(crate) fn kind() -> impl TypedValueParser<Value = Kind> {
    PossibleValuesParser::new(KINDS.map(|(name, _)| name)).try_map(|text| {
        let found = KINDS.iter().find(|(name, _)| *name == text).map(|(_, kind)| *kind);
        found.ok_or("no such kind")
    })
}

/// All entries.
pub(crate) fn all() -> impl Iterator<Item = &'static Entry> {
    LOSSES
        .iter()
        .chain(metrics::METRICS)
        .chain(metrics::shape::METRICS)
        .chain(drift::STATISTICS)
        .chain(drift::DETECTORS)
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
