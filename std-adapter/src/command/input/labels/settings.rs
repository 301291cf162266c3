//! What of reading labels decides a number.

use segmeter::files::IdMap;
use serde_json::{Value, json};

use super::LabelReader;

impl LabelReader {
    /// By name; which files have the labels does not matter.
    pub(in crate::command) fn settings(&self) -> [(&'static str, Value); 5] {
        let map = |map: &Option<IdMap>| json!(map.as_ref().map(|map| map.table().collect::<Vec<_>>()));
        [
            ("--ignore", json!(self.ignored)),
            ("--valid", json!(self.valid.is_some())),
            ("--foreground", json!([self.foreground, self.labelled])),
            ("--map of labels", map(&self.map)),
            ("--map of predictions", map(&self.predicted)),
        ]
    }
}
