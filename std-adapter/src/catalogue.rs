//! Losses by name, for programs that choose one at run time: from a configuration file or the command line.
//!
//! ```
//! use std::collections::BTreeMap;
//! use segmeter::catalogue::{AnyLoss, Setting};
//! let settings = BTreeMap::from([("fn_weight".to_owned(), Setting::Number(0.8))]);
//! let loss = AnyLoss::new("tversky", &settings)?;
//! # Ok::<(), String>(())
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

mod any;
mod evaluate;
mod losses;
mod named;
mod presets;

pub use any::AnyLoss;
pub use evaluate::AnyFrame;
pub use losses::LOSSES;
pub use presets::{PRESETS, Preset, Reduction, preset};

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
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
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// What it is called.
    pub name: &'static str,
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
    /// Conventions of other libraries that can be asked for by name.
    pub presets: &'static [&'static str],
    /// What is computed.
    pub definition: &'static str,
    /// Where it comes from.
    pub reference: &'static str,
}

/// A parameter of an entry.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Parameter {
    /// What it is called.
    pub name: &'static str,
    /// What it is unless set; `Taken` from another parameter, see `meaning`.
    pub default: Default,
    /// What it may be.
    pub range: &'static str,
    /// What it does.
    pub meaning: &'static str,
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
        Self { name, default: Default::Number(default), range, meaning }
    }

    /// One that is one of some words.
    #[must_use]
    pub const fn word(
        name: &'static str,
        default: &'static str,
        range: &'static str,
        meaning: &'static str,
    ) -> Self {
        Self { name, default: Default::Word(default), range, meaning }
    }

    /// One that is true or false.
    #[must_use]
    pub const fn flag(name: &'static str, default: bool, meaning: &'static str) -> Self {
        Self { name, default: Default::Flag(default), range: "true, false", meaning }
    }

    /// One that is another parameter unless it is set.
    #[must_use]
    pub const fn taken(name: &'static str, range: &'static str, meaning: &'static str) -> Self {
        Self { name, default: Default::Taken, range, meaning }
    }
}

/// The value of a parameter that is not set.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Default {
    /// A number.
    Number(f64),
    /// Yes or no.
    Flag(bool),
    /// A word.
    Word(&'static str),
    /// None of its own.
    Taken,
}

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

impl Default {
    /// The same as a setting; none where it is taken from somewhere else.
    #[must_use]
    pub fn setting(self) -> Option<Setting> {
        match self {
            Self::Number(number) => Some(Setting::Number(number)),
            Self::Flag(flag) => Some(Setting::Flag(flag)),
            Self::Word(word) => Some(Setting::Word(word.to_owned())),
            Self::Taken => None,
        }
    }
}

impl Entry {
    /// The value of a parameter: as set, or its default; none where only the frame decides.
    #[must_use]
    pub fn setting(&self, settings: &Settings, name: &str) -> Option<Setting> {
        if let Some(setting) = settings.get(name) {
            return Some(setting.clone());
        }
        let parameter = self.parameters.iter().find(|p| p.name == name)?;
        parameter.default.setting().or_else(|| self.taken(settings, name))
    }

    /// Only the two halves of the smoothing have no default of their own but that of another parameter.
    fn taken(&self, settings: &Settings, name: &str) -> Option<Setting> {
        let smooth = name.ends_with("_smooth").then(|| self.setting(settings, "smooth")).flatten()?;
        // Who sets the denominator alone has not asked for a numerator that is too large for it.
        match (&smooth, settings.get("denominator_smooth").filter(|_| name == "numerator_smooth")) {
            (Setting::Number(smooth), Some(Setting::Number(most))) => {
                Some(Setting::Number(smooth.min(*most)))
            }
            _ => Some(smooth),
        }
    }
}

/// Values by the names of their parameters.
pub type Settings = BTreeMap<String, Setting>;

impl std::fmt::Display for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
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

/// Other names of losses, and the names under which they are listed.
pub const SYNONYMS: [(&str, &str); 26] = [
    ("bce", "cross_entropy"),
    ("ce", "cross_entropy"),
    ("binary_cross_entropy", "cross_entropy"),
    ("categorical_cross_entropy", "cross_entropy"),
    ("dice_loss", "dice"),
    ("dsc", "dice"),
    ("soft_dice", "dice"),
    ("f1_loss", "dice"),
    ("iou_loss", "jaccard"),
    ("iou", "jaccard"),
    ("jaccard_loss", "jaccard"),
    ("gdl", "generalised_dice"),
    ("generalized_dice", "generalised_dice"),
    ("penalty_generalized_dice", "penalty_generalised_dice"),
    ("generalized_cross_entropy", "generalised_cross_entropy"),
    ("normalized_focal", "normalised_focal"),
    ("distance_penalized", "distance_penalised"),
    ("label_smoothing", "label_smoothed"),
    ("topk", "top_k"),
    ("hinge", "lovasz_hinge"),
    ("exp_log", "exponential_logarithmic"),
    ("exponential_log_dice", "exponential_logarithmic"),
    ("hausdorff_dt", "hausdorff_distance"),
    ("soft_cldice", "cldice"),
    ("dice_ce", "dice_cross_entropy"),
    ("dice_bce", "dice_cross_entropy"),
];

/// The name under which a loss is listed: capitals, hyphens and a `_loss` at the end make no difference.
fn canonical(name: &str) -> String {
    let plain = name.to_lowercase().replace('-', "_");
    let listed =
        |name: &str| SYNONYMS.iter().find(|(synonym, _)| *synonym == name).map(|(_, listed)| *listed);
    let short = plain.strip_suffix("_loss").unwrap_or(&plain);
    listed(&plain).or_else(|| listed(short)).unwrap_or(short).to_owned()
}

/// The loss of this name, or of one of its [`SYNONYMS`].
#[must_use]
pub fn loss(name: &str) -> Option<&'static Entry> {
    let name = canonical(name);
    LOSSES.iter().find(|entry| entry.name == name)
}
