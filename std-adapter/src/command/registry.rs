//! Every loss, metric, statistic and detector by name: what `list` prints and everything else looks up.

use segmeter::core::drift::{DETECTORS, STATISTICS};
pub(crate) use segmeter::core::list::{Entry, Kind, Parameter, Value};
use segmeter::core::loss::LOSSES;
use segmeter::core::metric::{METRICS, SHAPE_METRICS};

/// The kinds as the command line names them.
const KINDS: [(&str, Kind); 4] = [
    ("losses", Kind::Loss),
    ("metrics", Kind::Metric),
    ("detectors", Kind::Detector),
    ("statistics", Kind::Statistic),
];

/// The kind of this name.
pub(crate) fn kind(text: &str) -> Option<Kind> {
    KINDS.iter().find(|(name, _)| *name == text).map(|(_, kind)| *kind)
}

/// The names of kinds.
pub(crate) fn kinds() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|(name, _)| *name)
}

/// All entries.
pub(crate) fn all() -> impl Iterator<Item = &'static Entry> {
    LOSSES.iter().chain(METRICS).chain(SHAPE_METRICS).chain(STATISTICS).chain(DETECTORS)
}

/// The name under which a metric is listed; capitals and hyphens make no difference.
pub(crate) fn metric(name: &str) -> String {
    let plain = name.trim().to_lowercase().replace('-', "_");
    let listed = METRICS.iter().chain(SHAPE_METRICS).find(|entry| entry.synonyms.contains(&plain.as_str()));
    listed.map_or(plain, |entry| entry.name.to_owned())
}

/// Names of a kind, other names included.
pub(crate) fn names(kind: Kind) -> impl Iterator<Item = &'static str> {
    let of_kind = all().filter(move |entry| entry.kind == kind);
    of_kind.flat_map(|entry| std::iter::once(entry.name).chain(entry.synonyms.iter().copied()))
}

/// Asks whether one of the nearest names was meant; empty if none is near.
pub(crate) fn nearest<'a>(found: &str, names: impl Iterator<Item = &'a str>) -> String {
    /// Names are near from here on, of at most 1.
    const NEAR: f64 = 0.75;
    let found = found.to_lowercase().replace('-', "_");
    let score = |name: &str| {
        // Short names have no letter to spare.
        let is_slip = found.len() > 2 && strsim::damerau_levenshtein(&found, name) == 1;
        let is_part = found.len() > 2 && (name.contains(&found) || found.contains(name));
        let alike =
            strsim::jaro_winkler(&found, name).max(strsim::normalized_damerau_levenshtein(&found, name));
        if is_slip || is_part { alike.max(NEAR) } else { alike }
    };
    let mut near: Vec<(f64, &str)> =
        names.map(|name| (score(name), name)).filter(|(score, _)| *score >= NEAR).collect();
    near.sort_by(|(a, left), (b, right)| b.total_cmp(a).then_with(|| left.cmp(right)));
    near.dedup_by_key(|(_, name)| *name);
    match &near[..] {
        [] => String::new(),
        near => {
            let names: Vec<&str> = near.iter().take(3).map(|(_, name)| *name).collect();
            format!(": did you mean {}?", names.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_names() {
        let near = |found: &str| nearest(found, names(Kind::Loss));
        assert!(near("lovasz_hing").starts_with(": did you mean lovasz_hinge"), "{}", near("lovasz_hing"));
        assert!(near("tverksy").starts_with(": did you mean tversky"), "{}", near("tverksy"));
        assert_eq!(near("xxxxxx"), "");
    }

    #[test]
    fn names_are_unique_and_texts_are_there() {
        let mut seen = std::collections::BTreeSet::new();
        for entry in all() {
            for name in std::iter::once(&entry.name).chain(entry.synonyms) {
                assert!(seen.insert((entry.kind as u8, name)), "{name}");
            }
            assert!(!entry.definition.is_empty() && !entry.reference.is_empty(), "{}", entry.name);
        }
    }
}
