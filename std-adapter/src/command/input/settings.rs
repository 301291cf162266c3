//! What of reading decides a number.

use segmeter::files::Colours;
use serde_json::{Value, json};

use super::Input;

impl Input {
    /// What numbers and colours mean, whatever files have them.
    pub(in crate::command) fn settings(&self) -> Value {
        let colours = self.colours.as_deref().and_then(|text| Colours::new(text).ok());
        json!({
            "scale": self.scale,
            "zero_point": self.zero_point,
            "probabilities": self.probabilities,
            "colours": colours.map(|colours| colours.table().collect::<Vec<_>>()),
        })
    }
}
