//! An agreement as JSON and tables.

use std::io::Write;

use serde_json::{Map, Value, json};

use super::compare::{Agreement, Compared};
use crate::command::Failure;
use crate::report;

/// What each number is.
const DEFINITIONS: [(&str, &str); 5] = [
    ("agreement", "share of the compared pixels that have the same id on both sides"),
    (
        "iou",
        "of a class: pixels that both sides have over pixels that one of them has; undefined if none has",
    ),
    ("mean_iou", "mean of iou over the classes that are defined"),
    (
        "largest_difference",
        "largest absolute difference of two scores of one place, of codes what they stand for; undefined without scores on \
         both sides, or if one of two is infinite",
    ),
    ("mean_difference", "mean of the same differences over pixels and classes"),
];

/// What is to be printed.
pub(super) struct Printed<'a> {
    pub(super) names: &'a [String],
    pub(super) compared: &'a Compared,
    /// How many of the images that agree least.
    pub(super) worst: usize,
    pub(super) per_image: bool,
}

fn object(values: impl Iterator<Item = (&'static str, Option<f64>)>) -> Map<String, Value> {
    values.map(|(name, value)| (name.to_owned(), report::number(value))).collect()
}

impl Printed<'_> {
    /// The images that agree least.
    pub(super) fn worst(&self) -> impl Iterator<Item = (usize, &Agreement)> {
        let places = self.compared.order.iter().take(self.worst);
        places.filter_map(|place| Some((*place, self.compared.images.get(*place)?)))
    }

    pub(super) fn document(&self) -> Value {
        let Compared { all, classes, images, place, .. } = self.compared;
        let mut undefined = Map::new();
        let missing = classes.iter().filter(|class| class.iou().value().is_none()).count();
        let numbers = all.named().into_iter().map(|(name, value)| (name, usize::from(value.is_none())));
        for (name, times) in [("iou", missing)].into_iter().chain(numbers).filter(|(_, times)| *times != 0) {
            undefined.insert(name.to_owned(), json!(times));
        }
        let class = |(id, (class, name)): (usize, _)| {
            let class: &segmeter::core::metric::ClassReport = class;
            let name: &String = name;
            json!({
                "name": name,
                "id": id,
                "iou": report::number(class.iou().value()),
                "host_pixels": class.positives(),
                "target_pixels": class.predicted(),
                "equal_pixels": class.true_positive,
            })
        };
        let image = |image: &Agreement| {
            let mut all = Map::new();
            all.insert("image".to_owned(), json!(image.name));
            all.insert("pixels".to_owned(), json!(image.pixels));
            all.insert("ignored".to_owned(), json!(image.ignored));
            all.extend(object(image.named().into_iter()));
            Value::Object(all)
        };
        let mut document = json!({
            "images": images.len(),
            "pixels": all.pixels,
            "ignored": all.ignored,
            "pooled": object(all.named().into_iter()),
            "classes": classes.iter().zip(self.names).enumerate().map(class).collect::<Value>(),
            "largest_difference_at": place.as_ref().map(|(image, [pixel, class])| {
                json!({"image": image, "pixel": pixel, "class": class})
            }),
            "worst": self.worst().map(|(_, worst)| image(worst)).collect::<Value>(),
            "undefined": undefined,
            "definition": DEFINITIONS.into_iter().collect::<std::collections::BTreeMap<_, _>>(),
        });
        if self.per_image {
            document["per_image"] = images.iter().map(image).collect();
        }
        document
    }

    pub(super) fn table(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let Compared { all, classes, images, place, .. } = self.compared;
        writeln!(out, "{} images, {} pixels compared, {} ignored\n", images.len(), all.pixels, all.ignored)?;
        let mut table = report::table(&["host and target", "value"]);
        for (name, value) in all.named() {
            report::row(&mut table, [name.to_owned(), exact(value)]);
        }
        report::print(out, &table)?;
        if let Some((image, [pixel, class])) = place.as_ref().filter(|_| all.largest_difference > Some(0.0)) {
            report::sentence(
                out,
                &format!("the largest difference is at pixel {pixel} of image {image}, class {class}"),
            )?;
        }
        let heads = ["class", "id", "iou", "pixels of host", "of target"].map(str::to_owned);
        let row = |(id, (class, name)): (usize, (&segmeter::core::metric::ClassReport, &String)), places| {
            let counts = [class.positives(), class.predicted()].map(|count| count.to_string());
            let cells = [name.clone(), id.to_string(), report::decimals(class.iou().value(), places)];
            cells.into_iter().chain(counts).collect()
        };
        writeln!(out)?;
        report::fitted(out, &heads, 1, |places| {
            classes.iter().zip(self.names).enumerate().map(|class| row(class, places)).collect()
        })?;
        if self.per_image {
            writeln!(out, "\nevery image")?;
            return image_table(out, images.iter());
        }
        if self.worst != 0 && images.len() > 1 {
            writeln!(out, "\nimages that agree least")?;
            image_table(out, self.worst().map(|(_, image)| image))?;
        }
        Ok(())
    }
}

/// All digits: what agrees but for a pixel in a million is not 1.
pub(super) fn exact(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| Value::from(value).to_string())
}

fn image_table<'a>(out: &mut dyn Write, images: impl Iterator<Item = &'a Agreement>) -> Result<(), Failure> {
    let heads = ["image", "agreement", "mean_iou", "largest_difference", "pixels"].map(str::to_owned);
    let row = |image: &Agreement, places: usize| {
        let [agreement, mean_iou, largest, _] =
            image.named().map(|(_, value)| report::decimals(value, places));
        vec![image.name.clone(), agreement, mean_iou, largest, image.pixels.to_string()]
    };
    let images: Vec<_> = images.collect();
    Ok(report::fitted(out, &heads, 1, |places| images.iter().map(|image| row(image, places)).collect())?)
}
