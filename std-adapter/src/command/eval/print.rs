//! An evaluation as JSON and tables.

use std::io::Write;

use segmeter::core::metric::{ClassReport, Score};
use segmeter::means::is_undefined;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::Failure;
use super::choice::{Choice, family_of, metric_of};
use super::define::definition;
use super::overlap::Named;
use super::scores::Scores;
use super::shape::FAMILIES;
use super::sheet::counts;
use super::tally::Evaluated;
use crate::report;

/// Classes whose IoU a line about an image has room for; JSON and CSV have all.
const MOST_COLUMNS: usize = 4;

/// What of a class a line has room for, unless few metrics are wanted.
pub(super) const FEW: [&str; 8] =
    ["iou", "dice", "precision", "recall", "specificity", "negative_predictive_value", "hd95", "nsd"];

/// A name, its value, and how often it had none.
type Row<'a> = ((&'a str, Option<f64>), u64);

/// What is to be printed.
pub(super) struct Printed<'a> {
    pub(super) names: &'a [String],
    pub(super) choice: &'a Choice,
    pub(super) per_image: bool,
    pub(super) result: &'a Evaluated,
}

/// The numbers of all images, then those of each, of which only one at a time is in memory as JSON.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    all: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    per_image: Option<Images<'a>>,
}

struct Images<'a>(&'a Printed<'a>);

impl Serialize for Images<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.result.images.iter().map(|image| self.0.image(image)))
    }
}

/// How often each metric had no value.
#[derive(Default)]
pub(super) struct Undefined(Map<String, Value>);

impl Undefined {
    fn add(&mut self, name: &str, times: u64) {
        if times != 0 {
            let before = self.0.get(name).and_then(Value::as_u64).unwrap_or(0);
            self.0.insert(name.to_owned(), Value::from(before + times));
        }
    }

    /// Names and counts.
    pub(super) fn counts(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(name, times)| (name.as_str(), times.as_u64().unwrap_or(0)))
    }
}

fn finite(score: Score) -> Option<f64> {
    score.value().filter(|value| value.is_finite())
}

fn map<'a>(values: impl Iterator<Item = (&'a str, Option<f64>)>) -> Map<String, Value> {
    values.map(|(name, value)| (name.to_owned(), report::number(value))).collect()
}

impl Printed<'_> {
    /// The metrics of a class.
    pub(super) fn of_class(
        &self,
        id: usize,
        class: ClassReport,
    ) -> impl Iterator<Item = (&'static str, Score)> {
        let score =
            move |(name, metric): &(&'static str, _)| (*name, self.choice.score(name, *metric, id, class));
        self.choice.class_metrics.iter().map(score)
    }

    /// The metrics of shape of a class.
    pub(super) fn shape(&self, scores: &Scores, id: usize, family: &str) -> Vec<Named> {
        let keys = self.result.shape_keys.iter().zip(&scores.shapes[id]);
        keys.filter(|(key, _)| family_of(key) == family).map(|(key, score)| (*key, finite(*score))).collect()
    }

    /// `thresholds` are those of every class, if there are any.
    fn classes(&self, scores: &Scores, thresholds: &[Vec<Named>]) -> Vec<Value> {
        let class = |(id, (class, name)): (usize, (&ClassReport, &String))| {
            let mut object = Map::new();
            object.insert("name".to_owned(), json!(name));
            object.insert("id".to_owned(), json!(id));
            object.extend(map(self.of_class(id, *class).map(|(name, score)| (name, finite(score)))));
            object.extend(counts(*class).map(|(name, count)| (name.to_owned(), json!(count))));
            if let Some(values) = thresholds.get(id) {
                object.insert("threshold".to_owned(), Value::Object(map(values.iter().copied())));
            }
            for family in FAMILIES {
                let values = self.shape(scores, id, family);
                if !values.is_empty() {
                    object.insert(family.to_owned(), Value::Object(map(values.into_iter())));
                }
            }
            Value::Object(object)
        };
        scores.classes.iter().zip(self.names).enumerate().map(class).collect()
    }

    /// Counts of what is not defined, of the numbers for all images.
    pub(super) fn undefined(&self) -> Undefined {
        let (result, mut undefined) = (self.result, Undefined::default());
        for (id, class) in result.pooled.classes.iter().enumerate() {
            let scores = self.of_class(id, *class).filter(|(_, score)| is_undefined(score));
            scores.for_each(|(name, _)| undefined.add(name, 1));
        }
        let scored = result.scored.iter().flat_map(|scored| {
            let all = if scored.classes.is_empty() { &scored.threshold[..] } else { &[] };
            all.iter().chain(scored.classes.iter().flatten()).chain(&scored.calibration)
        });
        for (name, value) in result.pooled.overall.iter().chain(scored) {
            undefined.add(name, u64::from(value.is_none()));
        }
        for ((name, _), times) in &result.per_image_mean {
            undefined.add(&format!("per_image_mean.{name}"), *times);
        }
        for average in &result.averages {
            undefined.add(&format!("averages.{}", average.name), average.undefined);
        }
        for (name, value) in self.categories() {
            undefined.add(&format!("categories.{name}"), u64::from(value.is_none()));
        }
        for ((name, _), times) in result.shape.iter().chain(&result.road) {
            undefined.add(name, *times);
        }
        undefined
    }

    /// Names and IoU of the categories.
    pub(super) fn categories(&self) -> impl Iterator<Item = (&str, Option<f64>)> {
        let names = self.choice.categories.iter().flat_map(|categories| &categories.names);
        names.map(String::as_str).zip(self.result.categories.iter().copied())
    }

    fn averages(&self) -> Map<String, Value> {
        let averages = self.result.averages.iter().map(|average| {
            let mut object = map([
                ("pooled", average.pooled),
                ("per_image_mean", average.per_image),
                ("per_class_mean", average.per_class),
                ("per_pair_mean", average.per_pair),
            ]
            .into_iter());
            if let Some(value) = average.of_preset() {
                object.insert("preset".to_owned(), report::number(value));
            }
            (average.name.to_owned(), Value::Object(object))
        });
        averages.collect()
    }

    /// The means of a family of shape.
    pub(super) fn of_family(&self, family: &str) -> impl Iterator<Item = &(Named, u64)> {
        self.result.shape.iter().filter(move |((key, _), _)| family_of(key) == family)
    }

    /// The document without single images.
    pub(super) fn document(&self) -> Value {
        let Evaluated { pooled, count, scored, road, .. } = self.result;
        let thresholds = scored.as_ref().map_or(&[][..], |scored| &scored.classes);
        let of_shape = |family| map(self.of_family(family).map(|(named, _)| *named));
        let scored = |values: fn(&super::scored::Scored) -> &Vec<Named>| {
            scored.as_ref().map(|scored| map(values(scored).iter().copied()))
        };
        let road = (pooled.classes.len() == 2).then(|| map(road.iter().map(|(named, _)| *named)));
        let definitions: Map<String, Value> = self
            .choice
            .entries()
            .map(|entry| (self.choice.key_of(entry.name).to_owned(), json!(definition(self.choice, entry))))
            .collect();
        json!({
            "images": count,
            "pixels": pooled.pixels,
            "ignored": pooled.ignored,
            "preset": self.choice.preset,
            "classes": self.classes(pooled, thresholds),
            "confusion": self.result.matrix.json(),
            "pooled": map(pooled.overall.iter().copied()),
            "per_image_mean": map(self.result.per_image_mean.iter().map(|(named, _)| *named)),
            "averages": self.averages(),
            "categories": self.choice.categories.as_ref().map(|_| map(self.categories())),
            "surface": of_shape("surface"),
            "threshold": scored(|scored| &scored.threshold),
            "calibration": scored(|scored| &scored.calibration),
            "topology": of_shape("topology"),
            "panoptic": of_shape("panoptic"),
            "road": road,
            "undefined": self.undefined().0,
            "definition": definitions,
        })
    }

    /// Prints a document, and the images if they were asked for.
    pub(super) fn json(&self, all: Value, out: &mut dyn Write) -> Result<(), Failure> {
        Ok(report::json(out, &Document { all, per_image: self.per_image.then_some(Images(self)) })?)
    }

    fn image(&self, image: &Scores) -> Value {
        // Their undefined values are visible as `null` and counted in the means.
        let mut object = Map::new();
        object.insert("image".to_owned(), json!(image.name));
        object.insert("pixels".to_owned(), json!(image.pixels));
        object.insert("ignored".to_owned(), json!(image.ignored));
        object.extend(map(image.overall.iter().copied()));
        object.insert("classes".to_owned(), Value::Array(self.classes(image, &[])));
        if self.names.len() == 2 {
            let road = self.result.road_keys.iter().zip(&image.road);
            let road = map(road.map(|(key, score)| (*key, finite(*score))));
            object.insert("road".to_owned(), Value::Object(road));
        }
        Value::Object(object)
    }

    pub(super) fn table(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let Evaluated { pooled, count, .. } = self.result;
        let Scores { pixels, ignored, .. } = pooled;
        writeln!(out, "{count} images, {pixels} pixels scored, {ignored} ignored")?;
        self.class_table(out)?;
        self.average_table(out)?;
        if self.choice.wants_matrix() {
            self.result.matrix.print(self.names, out)?;
        }
        let mut families: Vec<(&str, Vec<Row<'_>>)> = Vec::new();
        let times = |value: Option<f64>| u64::from(value.is_none());
        families.push(("category", self.categories().map(|named| (named, times(named.1))).collect()));
        for family in FAMILIES {
            families.push((family, self.of_family(family).copied().collect()));
        }
        families.push(("road", self.result.road.clone()));
        for (family, values) in self
            .result
            .scored
            .iter()
            .flat_map(|scored| [("threshold", &scored.threshold), ("calibration", &scored.calibration)])
        {
            families.push((family, values.iter().map(|named| (*named, times(named.1))).collect()));
        }
        for (family, values) in families.into_iter().filter(|(_, values)| !values.is_empty()) {
            let mut table = report::table(&[family, "value", "undefined"]);
            for ((name, value), times) in values {
                report::row(&mut table, [name.to_owned(), report::decimal(value), blank_if_0(times)]);
            }
            writeln!(out)?;
            report::print(out, &table)?;
        }
        if self.per_image { self.image_table(out) } else { Ok(()) }
    }

    fn class_table(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let keys = self.choice.class_metrics.iter().map(|(name, _)| *name);
        let shapes = self.result.shape_keys.iter().copied().filter(|key| family_of(key) != "topology");
        let mut keys: Vec<&str> = keys.chain(shapes).collect();
        if keys.len() > FEW.len() {
            keys.retain(|key| FEW.contains(&metric_of(key)));
        }
        if keys.is_empty() {
            return Ok(());
        }
        let heads = keys.iter().map(|key| if *key == "negative_predictive_value" { &"npv" } else { key });
        let heads: Vec<String> =
            ["class", "id"].into_iter().chain(heads.copied()).map(str::to_owned).collect();
        let row = |(id, (class, name)): (usize, (&ClassReport, &String)), places: usize| -> Vec<String> {
            let values: Vec<Named> = self
                .of_class(id, *class)
                .map(|(name, score)| (name, finite(score)))
                .chain(FAMILIES.into_iter().flat_map(|family| self.shape(&self.result.pooled, id, family)))
                .collect();
            let value =
                |key: &&str| values.iter().find(|(name, _)| name == key).and_then(|(_, value)| *value);
            let cells = keys.iter().map(|key| report::decimals(value(key), places));
            [name.clone(), id.to_string()].into_iter().chain(cells).collect()
        };
        writeln!(out)?;
        let classes = || self.result.pooled.classes.iter().zip(self.names).enumerate();
        Ok(report::fitted(out, &heads, 1, |places| classes().map(|class| row(class, places)).collect())?)
    }

    fn average_table(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let Evaluated { pooled, averages, .. } = self.result;
        let mut heads = vec!["all classes", "pooled", "of images", "of classes", "undefined"];
        heads.extend(self.choice.preset.filter(|_| averages.iter().any(|average| average.preset.is_some())));
        let rows = |places: usize| -> Vec<Vec<String>> {
            let number = |value| report::decimals(value, places);
            // The mean IoU is a row of the class metrics too.
            let is_here = |name: &str| name != "mean_iou" || !self.choice.wants("iou");
            let overall = pooled.overall.iter().zip(&self.result.per_image_mean);
            let overall =
                overall.filter(|((name, _), _)| is_here(name)).map(|((name, value), ((_, mean), times))| {
                    vec![(*name).to_owned(), number(*value), number(*mean), String::new(), blank_if_0(*times)]
                });
            let few = |name: &str| averages.len() <= FEW.len() || FEW.contains(&name);
            let means = averages.iter().filter(|average| few(average.name)).map(|average| {
                let values = [average.pooled, average.per_image, average.per_class].map(number);
                let preset = average.of_preset().map(number);
                let name = format!("mean_{}", average.name);
                let cells = values.into_iter().chain([blank_if_0(average.undefined)]).chain(preset);
                std::iter::once(name).chain(cells).collect()
            });
            overall.chain(means).collect()
        };
        if rows(1).is_empty() {
            return Ok(());
        }
        writeln!(out, "\nall pixels pooled, and means of images and of classes")?;
        let heads: Vec<String> = heads.into_iter().map(str::to_owned).collect();
        Ok(report::fitted(out, &heads, 1, rows)?)
    }

    /// What fits a line: two overall metrics, and the IoU of the first classes.
    fn image_table(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let overall = |scores: &Scores| -> Vec<Named> {
            let few = |(name, _): &&Named| ["mean_iou", "pixel_accuracy"].contains(name);
            scores.overall.iter().filter(few).copied().collect()
        };
        let classes = if self.choice.wants("iou") { self.names.len().min(MOST_COLUMNS) } else { 0 };
        let header = ["image", "pixels"].map(str::to_owned).into_iter();
        let header =
            header.chain(overall(&self.result.pooled).into_iter().map(|(name, _)| (*name).to_owned()));
        let header: Vec<String> =
            header.chain(self.names.iter().take(classes).map(|name| format!("iou {name}"))).collect();
        let row = |image: &Scores, places: usize| -> Vec<String> {
            let overall = overall(image).into_iter().map(|(_, value)| value);
            let classes = image.classes.iter().take(classes).map(|class| class.iou().value());
            let numbers = overall.chain(classes).map(|value| report::decimals(value, places));
            [image.name.clone(), image.pixels.to_string()].into_iter().chain(numbers).collect()
        };
        writeln!(out)?;
        let images = &self.result.images;
        Ok(report::fitted(out, &header, 1, |places| images.iter().map(|image| row(image, places)).collect())?)
    }
}

fn blank_if_0(times: u64) -> String {
    if times == 0 { String::new() } else { times.to_string() }
}
