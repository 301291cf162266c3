//! What a verdict of the drift monitor is called.

use crate::core::drift::Reasons;

/// Conditions of a verdict, by their bits.
const CONDITIONS: [(u8, &str); 5] = [
    (Reasons::HARM, "harm"),
    (Reasons::INVALID_RUN, "invalid_run"),
    (Reasons::UNDECIDED, "undecided"),
    (Reasons::WARM_UP, "warm_up"),
    (Reasons::STATE_LOST, "state_lost"),
];

/// The conditions of a verdict.
pub fn conditions(reasons: Reasons) -> impl Iterator<Item = &'static str> {
    CONDITIONS.into_iter().filter(move |(bit, _)| reasons.conditions & bit != 0).map(|(_, name)| name)
}

/// References and signals of a verdict, and conditions: `factory:mean_entropy`.
pub fn reasons(reasons: Reasons) -> Vec<String> {
    let named = |reference: &'static str, bits| {
        Reasons::signals(bits).map(move |signal| format!("{reference}:{}", signal.name()))
    };
    let charts = named("factory", reasons.factory).chain(named("site", reasons.site));
    charts.chain(conditions(reasons).map(str::to_owned)).collect()
}
