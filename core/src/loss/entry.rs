//! What the entry of a loss in the list is made of; families have it beside the type.

use crate::error::Result;
use crate::list::Kind;

mod parameters;
mod values;

pub(super) use crate::list::{Entry, Parameter};
pub(super) use parameters::*;
pub use values::Values;

/// A loss with its entry, and how it is made.
pub(super) struct Listed<L> {
    pub(super) entry: Entry,
    pub(super) make: fn(&Values<'_>) -> Result<L>,
}

/// What entries of losses have in common.
const LOSS: Entry = Entry {
    kind: Kind::Loss,
    name: "",
    synonyms: &[],
    family: "",
    inputs: &["binary", "multiclass", "multilabel"],
    quantised: true,
    scratch: "none",
    passes: "1 + 1",
    parameters: &[],
    presets: &[],
    definition: "",
    reference: "",
};

/// What the entries of a family have in common.
pub(super) const fn family(family: &'static str) -> Entry {
    Entry { family, ..LOSS }
}

/// The inputs of losses of single channels.
pub(super) const CHANNELS: &[&str] = &["binary", "multilabel"];
