//! An evaluation as JSON, tables and CSV.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use segmeter::files;
use serde_json::{Map, Value, json};

use super::Failure;
use super::tally::{Evaluated, Named, Scores, of_class};
use crate::command::registry::{self, Kind};
use crate::report;

/// Classes whose IoU a line about an image has room for; JSON and CSV have all.
const MOST_COLUMNS: usize = 4;

/// What is to be printed.
pub(super) struct Printed<'a> {
    pub(super) names: &'a [String],
    pub(super) metrics: &'a BTreeSet<&'static str>,
    pub(super) per_image: bool,
    pub(super) result: &'a Evaluated,
}

/// How often each metric had no value.
#[derive(Default)]
struct Undefined(Map<String, Value>);

impl Undefined {
    fn add(&mut self, name: &str, times: usize) {
        if times != 0 {
            let before = self.0.get(name).and_then(Value::as_u64).unwrap_or(0);
            self.0.insert(name.to_owned(), Value::from(before + times as u64));
        }
    }
}

impl Printed<'_> {
    fn wanted<'v>(&self, values: &'v [Named]) -> impl Iterator<Item = &'v Named> {
        values.iter().filter(|(name, _)| self.metrics.contains(name))
    }

    fn map(&self, values: &[Named], undefined: &mut Undefined) -> Map<String, Value> {
        let mut map = Map::new();
        for (name, value) in self.wanted(values) {
            undefined.add(name, usize::from(value.is_none()));
            map.insert((*name).to_owned(), report::number(*value));
        }
        map
    }

    fn classes(&self, scores: &Scores, undefined: &mut Undefined) -> Vec<Value> {
        let class = |(id, (class, name)): (usize, (_, &String))| {
            let mut map = Map::new();
            map.insert("name".to_owned(), json!(name));
            map.insert("id".to_owned(), json!(id));
            map.extend(self.map(&of_class(class), undefined));
            map.insert("true_positive".to_owned(), json!(class.true_positive));
            map.insert("false_positive".to_owned(), json!(class.false_positive));
            map.insert("false_negative".to_owned(), json!(class.false_negative));
            map.insert("true_negative".to_owned(), json!(class.true_negative));
            Value::Object(map)
        };
        scores.classes.iter().zip(self.names).enumerate().map(class).collect()
    }

    pub(super) fn json(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let Evaluated { pooled, images, threshold, calibration } = self.result;
        let mut undefined = Undefined::default();
        let mut mean = Map::new();
        for ((name, value), left_out) in self.result.per_image_mean() {
            if self.metrics.contains(name) {
                undefined.add(&format!("per_image_mean.{name}"), left_out);
                mean.insert(name.to_owned(), report::number(value));
            }
        }
        let mut family = |values: &Option<[Named; 2]>| {
            values.as_ref().map_or(Value::Null, |values| Value::Object(self.map(values, &mut undefined)))
        };
        let (threshold, calibration) = (family(threshold), family(calibration));
        let definition: Map<String, Value> = registry::all()
            .filter(|entry| entry.kind == Kind::Metric && self.metrics.contains(entry.name))
            .map(|entry| (entry.name.to_owned(), json!(entry.definition)))
            .collect();
        let mut document = json!({
            "images": images.len(),
            "pixels": pooled.pixels,
            "ignored": pooled.ignored,
            "classes": self.classes(pooled, &mut undefined),
            "pooled": self.map(&pooled.pooled, &mut undefined),
            "per_image_mean": mean,
            "surface": null,
            "threshold": threshold,
            "calibration": calibration,
            "topology": null,
            "undefined": undefined.0,
            "definition": definition,
        });
        if self.per_image {
            document["per_image"] = images.iter().map(|image| self.image(image)).collect();
        }
        report::json(out, &document)?;
        Ok(())
    }

    fn image(&self, image: &Scores) -> Value {
        // Their undefined values are visible as `null` and counted in the means.
        let mut unused = Undefined::default();
        let mut map = Map::new();
        map.insert("image".to_owned(), json!(image.name));
        map.insert("pixels".to_owned(), json!(image.pixels));
        map.insert("ignored".to_owned(), json!(image.ignored));
        map.extend(self.map(&image.pooled, &mut unused));
        map.insert("classes".to_owned(), Value::Array(self.classes(image, &mut unused)));
        Value::Object(map)
    }

    pub(super) fn table(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let Evaluated { pooled, images, threshold, calibration } = self.result;
        writeln!(
            out,
            "{} images, {} pixels scored, {} ignored",
            images.len(),
            pooled.pixels,
            pooled.ignored
        )?;
        let columns: Vec<&str> = of_class(&Default::default())
            .iter()
            .filter(|(name, _)| self.metrics.contains(name))
            .map(|(name, _)| if *name == "negative_predictive_value" { "npv" } else { *name })
            .collect();
        if !columns.is_empty() {
            let mut table = report::table(&[&["class", "id"], &columns[..]].concat());
            for (id, (class, name)) in pooled.classes.iter().zip(self.names).enumerate() {
                let values = of_class(class);
                let values = self.wanted(&values).map(|(_, value)| report::decimal(*value));
                table.add_row([name.clone(), id.to_string()].into_iter().chain(values));
            }
            writeln!(out)?;
            report::print(out, &table)?;
        }
        let mut table = report::table(&["metric", "all pixels", "mean of images", "left out"]);
        for ((name, value), ((_, mean), left_out)) in pooled.pooled.iter().zip(self.result.per_image_mean()) {
            if self.metrics.contains(name) {
                let numbers = [report::decimal(*value), report::decimal(mean), left_out.to_string()];
                table.add_row([(*name).to_owned()].into_iter().chain(numbers));
            }
        }
        for families in [threshold, calibration] {
            for (name, value) in self.wanted(families.as_ref().map_or(&[][..], |values| &values[..])) {
                table.add_row([(*name).to_owned(), report::decimal(*value)]);
            }
        }
        if !table.is_empty() {
            writeln!(out)?;
            report::print(out, &table)?;
        }
        if self.per_image { self.image_table(out) } else { Ok(()) }
    }

    /// What fits a line: two overall metrics, and the IoU of the first classes.
    fn image_table(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let overall = |scores: &Scores| -> Vec<Named> {
            let few = |(name, _): &&Named| ["mean_iou", "pixel_accuracy"].contains(name);
            self.wanted(&scores.pooled).filter(few).copied().collect()
        };
        let classes = if self.metrics.contains("iou") { self.names.len().min(MOST_COLUMNS) } else { 0 };
        let header = ["image", "pixels"].map(str::to_owned).into_iter();
        let header =
            header.chain(overall(&self.result.pooled).into_iter().map(|(name, _)| (*name).to_owned()));
        let header: Vec<String> =
            header.chain(self.names.iter().take(classes).map(|name| format!("iou {name}"))).collect();
        let mut table = report::table(&header.iter().map(String::as_str).collect::<Vec<_>>());
        for image in &self.result.images {
            let overall = overall(image).into_iter().map(|(_, value)| value);
            let classes = image.classes.iter().take(classes).map(|class| class.iou().value());
            let numbers = overall.chain(classes).map(report::decimal);
            table.add_row([image.name.clone(), image.pixels.to_string()].into_iter().chain(numbers));
        }
        writeln!(out)?;
        report::print(out, &table)?;
        Ok(())
    }
}

/// A row for every class of every image and of all images together.
pub(super) fn csv(path: &Path, names: &[String], result: &Evaluated) -> Result<(), Failure> {
    let named = |e: csv::Error| Failure::Input(format!("{}: {e}", path.display()));
    let mut writer = csv::Writer::from_writer(Vec::new());
    let counts = ["true_positive", "false_positive", "false_negative", "true_negative"];
    let metrics = of_class(&Default::default()).map(|(name, _)| name);
    writer.write_record(["image", "class", "id"].iter().chain(&counts).chain(&metrics)).map_err(named)?;
    for scores in result.images.iter().chain([&result.pooled]) {
        for (id, (class, name)) in scores.classes.iter().zip(names).enumerate() {
            let counts =
                [class.true_positive, class.false_positive, class.false_negative, class.true_negative];
            let metrics = of_class(class).map(|(_, value)| value.map_or(String::new(), |v| v.to_string()));
            let names = [scores.name.clone(), name.clone(), id.to_string()];
            writer
                .write_record(names.into_iter().chain(counts.map(|n| n.to_string())).chain(metrics))
                .map_err(named)?;
        }
    }
    let bytes = writer.into_inner().map_err(|e| named(e.into_error().into()))?;
    files::write_atomically(path, |out| out.write_all(&bytes))?;
    Ok(())
}
