//! The numbers of a report by their keys.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::command::registry;

/// Counts that stand alone.
const COUNTS: [&str; 3] = ["images", "pixels", "ignored"];
/// Groups whose keys stand for themselves, and behind the name of the group too.
const GROUPS: [&str; 7] = ["pooled", "surface", "threshold", "calibration", "topology", "panoptic", "road"];
/// Groups whose keys stand behind the name of the group alone.
const NAMED: [&str; 3] = ["per_image_mean", "averages", "categories"];
/// How often a metric had no value.
const UNDEFINED: &str = "undefined";
/// Names that an error lists.
const MOST_LISTED: usize = 40;

/// A number and its names.
struct Number {
    names: Vec<String>,
    value: Value,
}

/// Everything in a report that can be required something of.
pub(in crate::command) struct Numbers {
    numbers: Vec<Number>,
    classes: Vec<String>,
    undefined: Map<String, Value>,
}

impl Numbers {
    /// Of a report as JSON.
    pub(in crate::command) fn of(document: &Value) -> Self {
        let mut numbers = Vec::new();
        for key in COUNTS {
            numbers.extend(number(vec![key.to_owned()], &document[key]));
        }
        for group in GROUPS {
            each(&document[group], "", &mut |key, value| {
                numbers.extend(number(vec![key.to_owned(), format!("{group}.{key}")], value));
            });
        }
        for group in NAMED {
            each(&document[group], "", &mut |key, value| {
                numbers.extend(number(vec![format!("{group}.{key}")], value));
            });
        }
        let mut classes = Vec::new();
        for class in document["classes"].as_array().into_iter().flatten() {
            let name = class["name"].as_str().unwrap_or_default();
            classes.push(name.to_owned());
            for (key, value) in class.as_object().into_iter().flatten() {
                let named = |key: &str| vec![format!("{name}.{key}"), format!("classes.{name}.{key}")];
                numbers.extend(number(named(key), value).filter(|_| key != "id"));
                // The families of a class: their keys are its own.
                each(value, "", &mut |key, value| numbers.extend(number(named(key), value)));
            }
        }
        let undefined = document[UNDEFINED].as_object().cloned().unwrap_or_default();
        Self { numbers, classes, undefined }
    }

    fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Number> {
        self.numbers.iter().filter(move |number| number.names.iter().any(|known| known == name))
    }

    /// The number of a key, `null` where it is not defined. `absent` tells of a key without its class why it is not here.
    ///
    /// # Errors
    /// If there is no such key, or several numbers have it: a line that names what there is.
    pub(super) fn find(&self, key: &str, absent: &dyn Fn(&str) -> Option<String>) -> Result<Value, String> {
        let mut found = self.named(key);
        match (found.next(), found.next()) {
            (Some(number), None) => return Ok(number.value.clone()),
            (Some(number), Some(other)) => {
                let names = [number, other].map(|number| number.names.join(" or "));
                let [one, other] = names;
                return Err(format!(
                    "which has two meanings: a number of a class and one of all, {one} and {other}: say the longer or the \
                     other name"
                ));
            }
            (None, _) => {}
        }
        if let Some(times) = key.strip_prefix(UNDEFINED).and_then(|rest| rest.strip_prefix('.'))
            && let Some(times) = self.times(times)
        {
            return Ok(times);
        }
        Err(self.unknown(key, absent))
    }

    /// How often a metric had no value: what always had one is not counted.
    fn times(&self, key: &str) -> Option<Value> {
        let counted = self.undefined.get(key).cloned();
        counted.or_else(|| self.is_somewhere(key).then(|| Value::from(0)))
    }

    fn is_somewhere(&self, key: &str) -> bool {
        let ends =
            |name: &String| name.strip_suffix(key).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        self.numbers.iter().any(|number| number.names.iter().any(ends))
    }

    /// What is wrong with a key that is not there.
    fn unknown(&self, key: &str, absent: &dyn Fn(&str) -> Option<String>) -> String {
        let class = self
            .classes
            .iter()
            .find(|class| key.strip_prefix(class.as_str()).is_some_and(|rest| rest.starts_with('.')));
        let short = match class {
            Some(class) => &key[class.len() + 1..],
            None => key.rsplit('.').next().unwrap_or(key),
        };
        if let Some(why) = absent(short) {
            return why;
        }
        let prefix = class.map(|class| format!("{class}.")).unwrap_or_default();
        let names: BTreeSet<&str> = self
            .numbers
            .iter()
            .flat_map(|number| number.names.iter().take(1))
            .filter_map(|name| {
                let key = name.strip_prefix(prefix.as_str())?;
                (class.is_some() || !self.is_of_class(name)).then_some(key)
            })
            .collect();
        if let Some(class) = class {
            return format!("class {class} has no number `{short}`{}", near_or_all(short, &names));
        }
        if key.contains('.') && !self.is_somewhere(key) && self.is_somewhere(short) {
            let before = &key[..key.len() - short.len() - 1];
            let classes: BTreeSet<&str> = self.classes.iter().map(String::as_str).collect();
            return format!("there is no class `{before}`{}", near_or_all(before, &classes));
        }
        format!("there is no number `{key}`{}", near_or_all(key, &names))
    }

    fn is_of_class(&self, name: &str) -> bool {
        let is_of =
            |class: &String| name.strip_prefix(class.as_str()).is_some_and(|rest| rest.starts_with('.'));
        self.classes.iter().any(is_of)
    }
}

fn near_or_all(found: &str, names: &BTreeSet<&str>) -> String {
    let near = registry::nearest(found, names.iter().copied());
    if !near.is_empty() {
        return near;
    }
    let listed: Vec<&str> = names.iter().copied().take(MOST_LISTED).collect();
    let more = if names.len() > listed.len() { ", ... (--json prints all)" } else { "" };
    format!(", expected one of {}{more}", listed.join(", "))
}

/// A number, or what is not defined; nothing of anything else.
fn number(names: Vec<String>, value: &Value) -> Option<Number> {
    (value.is_number() || value.is_null()).then(|| Number { names, value: value.clone() })
}

/// Every entry of an object and of those in it, by its path.
fn each(value: &Value, before: &str, visit: &mut dyn FnMut(&str, &Value)) {
    for (key, value) in value.as_object().into_iter().flatten() {
        let path = format!("{before}{key}");
        if value.is_object() {
            each(value, &format!("{path}."), visit);
        } else {
            visit(&path, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn numbers() -> Numbers {
        Numbers::of(&json!({
            "images": 3, "preset": null, "pooled": {"mean_iou": 0.5, "kappa": null},
            "surface": {"hd95": 4.5}, "threshold": null, "road": {"corridor_width": 1.0},
            "averages": {"iou": {"pooled": 0.5}},
            "classes": [
                {"name": "road", "id": 0, "iou": 0.25, "surface": {"hd95": 7.0}},
                {"name": "a.b", "id": 1, "iou": 0.75},
                {"name": "surface", "id": 2, "hd95": 8.0},
            ],
            "undefined": {"hd95": 2},
        }))
    }

    #[test]
    fn keys_are_those_of_the_report() {
        let numbers = numbers();
        let none = |_: &str| None;
        for (key, expected) in [
            ("images", json!(3)),
            ("mean_iou", json!(0.5)),
            ("pooled.mean_iou", json!(0.5)),
            ("kappa", Value::Null),
            ("hd95", json!(4.5)),
            ("corridor_width", json!(1.0)),
            ("road.corridor_width", json!(1.0)),
            ("road.iou", json!(0.25)),
            ("road.hd95", json!(7.0)),
            ("a.b.iou", json!(0.75)),
            ("classes.surface.hd95", json!(8.0)),
            ("averages.iou.pooled", json!(0.5)),
            ("undefined.hd95", json!(2)),
            ("undefined.mean_iou", json!(0)),
        ] {
            assert_eq!(numbers.find(key, &none), Ok(expected), "{key}");
        }
    }

    #[test]
    fn what_is_not_there_is_named() {
        let (numbers, none) = (numbers(), |_: &str| None);
        let refused = |key: &str| numbers.find(key, &none).unwrap_err();
        assert!(refused("surface.hd95").contains("two meanings"), "{}", refused("surface.hd95"));
        assert_eq!(refused("raod.iou"), "there is no class `raod`: did you mean road?");
        assert_eq!(refused("road.xxxxxx"), "class road has no number `xxxxxx`, expected one of hd95, iou");
        assert_eq!(refused("mean_iuo"), "there is no number `mean_iuo`: did you mean mean_iou?");
        assert!(
            refused("zzzz").ends_with(
                "averages.iou.pooled, corridor_width, hd95, ignored, images, kappa, mean_iou, pixels"
            ),
            "{}",
            refused("zzzz")
        );
        for key in ["preset", "road.id", "undefined.zzzz", "threshold", ""] {
            assert!(numbers.find(key, &none).is_err(), "{key}");
        }
        let why = |name: &str| (name == "auroc").then(|| "it needs scores".to_owned());
        assert_eq!(numbers.find("road.auroc", &why), Err("it needs scores".to_owned()));
    }
}
