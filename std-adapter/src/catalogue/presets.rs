//! What other libraries compute under the names of the catalogue, with their default arguments.

use super::{Setting, Settings, Value};

mod table;

pub use table::PRESETS;

/// How the images of a batch become one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// One loss over the pixels of all images.
    Batch,
    /// The mean of the losses of the images.
    Image,
}

/// What `smooth` is the default of.
pub const SMOOTH_HALVES: [&str; 2] = ["numerator_smooth", "denominator_smooth"];

/// The settings with which a loss is that of another library.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Preset {
    /// The library.
    pub name: &'static str,
    /// The loss.
    pub loss: &'static str,
    /// What is set; the rest has its default.
    pub settings: &'static [(&'static str, Value<'static>)],
    /// How the library reduces a batch, if it fixes that.
    pub reduction: Option<Reduction>,
    /// Where the library, or a release of it, returns something else than the form that the name promises, which is
    /// ours; empty if nowhere.
    pub differs: &'static str,
}

impl Preset {
    /// The settings, as [`ChosenLoss::new`](super::ChosenLoss::new) takes them.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.settings.iter().map(|(name, value)| ((*name).to_owned(), Setting::from(*value))).collect()
    }

    const fn per_image(self) -> Self {
        Self { reduction: Some(Reduction::Image), ..self }
    }

    const fn whole_batch(self) -> Self {
        Self { reduction: Some(Reduction::Batch), ..self }
    }

    const fn differs(self, differs: &'static str) -> Self {
        Self { differs, ..self }
    }
}

/// Sets a parameter over a preset, which may set the two halves of `smooth` one by one; what is said here is about both.
pub fn set_over(preset: &mut Settings, name: &str, value: Setting) {
    if name == "smooth" {
        preset.retain(|key, _| !SMOOTH_HALVES.contains(&key.as_str()));
    }
    preset.insert(name.to_owned(), value);
}

/// The preset of a library for a loss; `bce` is another name for `cross_entropy`.
#[must_use]
pub fn preset(name: &str, loss: &str) -> Option<&'static Preset> {
    let loss = super::loss(loss)?.name;
    PRESETS.iter().find(|preset| preset.name == name && preset.loss == loss)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{ChosenLoss, loss};

    #[test]
    fn every_preset_makes_a_loss() {
        for (place, preset) in PRESETS.iter().enumerate() {
            let Preset { name, loss: of, .. } = preset;
            let twin = PRESETS.iter().take(place).any(|other| (other.name, other.loss) == (*name, *of));
            assert!(!twin, "{name} {of} is there twice");
            assert!(loss(of).is_some(), "{name}: there is no loss {of}");
            ChosenLoss::new(of, &preset.settings()).unwrap_or_else(|e| panic!("{name} {of}: {e}"));
        }
    }

    #[test]
    fn presets_are_found_by_library_and_loss() {
        let found = preset("nnunet", "dice").unwrap();
        assert_eq!((found.reduction, found.settings().len()), (Some(Reduction::Image), 2));
        assert_eq!(preset("torch", "bce"), preset("torch", "cross_entropy"));
        assert_eq!((preset("nnunet", "mcc"), preset("numpy", "dice")), (None, None));
    }
}
