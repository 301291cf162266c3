//! An evaluation as one HTML file that needs nothing else.

use std::path::Path;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use segmeter::core::metric::Confidence;

use super::Failure;
use super::define::definition;
use super::overlap::Named;
use super::predict::Reader;
use super::print::{FEW, Printed};
use crate::report::decimal;

mod plot;
mod worst;

pub(super) use worst::check;

/// Classes that fit side by side.
const MOST_COLUMNS: usize = 6;

/// What a report is about, beside its numbers.
pub(super) struct Subject<'a> {
    pub(super) prediction: &'a Path,
    pub(super) labels: &'a Path,
    pub(super) threshold: Option<f64>,
    /// The metric by which images are the worst.
    pub(super) worst_by: &'a str,
}

/// The whole file.
pub(super) fn page(printed: &Printed<'_>, reader: &Reader, subject: &Subject<'_>) -> Result<String, Failure> {
    let worst = worst::worst(reader, printed.choice, printed.result, subject.worst_by)?;
    let title = format!("Segmentation of {}", subject.prediction.display());
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(include_str!("html/style.css"))) }
            }
            body {
                (head(printed, subject))
                (tiles(printed))
                (classes(printed))
                (scores(printed))
                (images(printed, subject.worst_by, &worst))
                (numbers(printed))
                (undefined(printed))
                (definitions(printed))
            }
        }
    };
    Ok(page.into_string())
}

fn head(printed: &Printed<'_>, subject: &Subject<'_>) -> Markup {
    let pooled = &printed.result.pooled;
    html! {
        h1 { "Segmentation report" }
        p {
            code { (subject.prediction.display().to_string()) } " against "
            code { (subject.labels.display().to_string()) }
        }
        p {
            (printed.result.images.len()) " images, " (printed.names.len()) " classes, "
            (pooled.pixels) " pixels scored, " (pooled.ignored) " ignored"
            @if let Some(threshold) = subject.threshold { "; foreground above probability " (threshold) }
            "; preset: " (printed.choice.preset.unwrap_or("none"))
            "; segmeter " (env!("CARGO_PKG_VERSION"))
        }
    }
}

/// The numbers that are asked for first.
fn tiles(printed: &Printed<'_>) -> Markup {
    let result = printed.result;
    let average = |name: &str| result.averages.iter().find(|average| average.name == name)?.pooled;
    let overall = result.pooled.overall.iter().copied();
    let scored = result.scored.iter().flat_map(|scored| scored.threshold.iter().chain(&scored.calibration));
    let shape = result.shape.iter().map(|(named, _)| *named);
    let all: Vec<Named> = overall.chain(scored.copied()).chain(shape).collect();
    let value = |name: &str| all.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    let mean_dice = average("dice").map(|value| ("mean Dice", Some(value)));
    let named = [
        ("mean IoU", "mean_iou"),
        ("pixel accuracy", "pixel_accuracy"),
        ("AUROC", "auroc"),
        ("ECE", "ece"),
        ("HD95", "hd95"),
        ("NSD", "nsd"),
        ("Boundary IoU", "boundary_iou"),
    ];
    let tiles = named.into_iter().filter_map(|(text, name)| Some((text, value(name)?)));
    let mut tiles: Vec<(&str, Option<f64>)> = tiles.collect();
    tiles.splice(1.min(tiles.len())..1.min(tiles.len()), mean_dice);
    html! {
        div.tiles {
            @for (text, value) in tiles {
                div.tile { b { (rounded(value)) } span { (text) } }
            }
        }
    }
}

fn rounded(value: Option<f64>) -> String {
    value.map_or_else(
        || "–".to_owned(),
        |value| if value.abs() < 10.0 { format!("{value:.3}") } else { format!("{value:.1}") },
    )
}

fn swatch(colour: [u8; 3]) -> Markup {
    let [r, g, b] = colour;
    html! { span.swatch style=(format!("background:rgb({r},{g},{b})")) {} }
}

fn classes(printed: &Printed<'_>) -> Markup {
    let pooled = &printed.result.pooled;
    let bars: Vec<_> = pooled
        .classes
        .iter()
        .zip(printed.names)
        .map(|(class, name)| (name.clone(), [class.iou().value(), class.dice().value()]))
        .collect();
    html! {
        h2 { "Classes" }
        p.legend {
            span { (swatch([0, 114, 178])) "IoU" }
            span { (swatch([230, 159, 0])) "Dice" }
            "of the counts of all images"
        }
        figure { (PreEscaped(plot::bars(&bars))) }
    }
}

/// Thresholds and calibration.
fn scores(printed: &Printed<'_>) -> Markup {
    let Some(scored) = printed.result.scored.as_ref().filter(|_| printed.choice.needs_scores()) else {
        return html! {};
    };
    let axes = match printed.choice.binning.confidence {
        Confidence::TopLabel => ["confidence of the top label", "share that is right"],
        Confidence::Positive => ["probability of foreground", "share of foreground"],
    };
    html! {
        h2 { "Scores" }
        div.plots {
            figure { figcaption { "Precision and recall" } (PreEscaped(plot::precision_recall(&scored.curve))) }
            figure { figcaption { "ROC" } (PreEscaped(plot::roc(&scored.curve))) }
            figure {
                figcaption { "Reliability; grey bars: share of pixels" }
                (PreEscaped(plot::reliability(&scored.bins, axes)))
            }
        }
    }
}

fn images(printed: &Printed<'_>, by: &str, worst: &[worst::Shown]) -> Markup {
    let values = worst::values(printed.choice, printed.result, "mean_iou");
    let values: Vec<f64> = values.into_iter().map(|(_, value)| value).collect();
    let several = printed.names.len() > 2;
    let legend = worst::LEGEND.iter().filter(|(name, _)| several || *name != "another class");
    html! {
        h2 { "Images" }
        figure {
            figcaption { "Mean IoU of the images; a line for each" }
            (PreEscaped(plot::histogram(&values, "mean IoU of an image")))
        }
        h2 { "Worst images by " (by) }
        p.legend { @for (name, colour) in legend { span { (swatch(*colour)) (name) } } }
        @if several { p { "Positive is every class but " (printed.names[0]) "." } }
        div.maps {
            @for image in worst {
                figure {
                    img src=(image.map) alt=(format!("error map of {}", image.name));
                    figcaption {
                        code { (image.name) } " " (by) " " (rounded(Some(image.value)))
                        ", " (image.size.0) "×" (image.size.1)
                    }
                }
            }
        }
    }
}

/// Every number.
fn numbers(printed: &Printed<'_>) -> Markup {
    let result = printed.result;
    let scored = result.scored.iter().flat_map(|scored| {
        [("threshold", scored.threshold.clone()), ("calibration", scored.calibration.clone())]
    });
    let shape = ["surface", "topology"]
        .map(|family| (family, printed.of_family(family).map(|(named, _)| *named).collect::<Vec<_>>()));
    let road = ("road", result.road.iter().map(|(named, _)| *named).collect());
    let families = shape.into_iter().chain([road]).chain(scored);
    html! {
        h2 { "Numbers" }
        (class_table(printed))
        (average_table(printed))
        div.families {
            @for (family, values) in families.filter(|(_, values)| !values.is_empty()) {
                table {
                    tr { th { (family) } th { "value" } }
                    @for (name, value) in values { tr { td { (name) } td { (decimal(value)) } } }
                }
            }
        }
    }
}

/// The metrics of every class; classes side by side if there is room.
fn class_table(printed: &Printed<'_>) -> Markup {
    let pooled = &printed.result.pooled;
    let columns: Vec<Vec<Named>> = pooled
        .classes
        .iter()
        .enumerate()
        .map(|(id, class)| {
            let shape = ["surface", "topology"].map(|family| printed.shape(pooled, id, family));
            let overlap = printed.of_class(*class).map(|(name, score)| (name, score.value()));
            overlap.chain(shape.into_iter().flatten()).collect()
        })
        .collect();
    // The longest list names all: classes whose shape is not measured have less.
    let keys = columns.iter().max_by_key(|column| column.len()).into_iter().flatten().map(|(key, _)| *key);
    let keys: Vec<&str> = keys.collect();
    let cell = |id: usize, row: usize| decimal(columns[id].get(row).and_then(|(_, value)| *value));
    let transposed = |rows: &[usize]| {
        html! {
            div.wide {
                table {
                    tr { th { "class" } @for row in rows { th { (keys[*row].replace('_', " ")) } } }
                    @for (id, name) in printed.names.iter().enumerate() {
                        tr { td { (name) } @for row in rows { td { (cell(id, *row)) } } }
                    }
                }
            }
        }
    };
    let (few, more): (Vec<usize>, Vec<usize>) = (0..keys.len()).partition(|row| FEW.contains(&keys[*row]));
    html! {
        @if printed.names.len() > MOST_COLUMNS {
            (transposed(&few))
            @if !more.is_empty() { details { summary { "More metrics of the classes" } (transposed(&more)) } }
        } @else {
            table {
                tr { th { "class" } @for name in printed.names { th { (name) } } }
                @for (row, key) in keys.iter().enumerate() {
                    tr { td { (key) } @for id in 0..columns.len() { td { (cell(id, row)) } } }
                }
            }
        }
    }
}

fn average_table(printed: &Printed<'_>) -> Markup {
    let result = printed.result;
    let preset = printed.choice.preset.filter(|_| result.averages.iter().any(|a| a.preset.is_some()));
    let overall = result.pooled.overall.iter().zip(result.per_image_mean());
    // The mean IoU is among those of the class metrics too.
    let overall = overall.filter(|((name, _), _)| *name != "mean_iou" || !printed.choice.wants("iou"));
    html! {
        h2 { "Means" }
        div.wide {
            table {
                tr {
                    th { "metric" } th { "pooled" } th { "mean of images" } th { "mean of classes" }
                    th { "mean of pairs" } th { "undefined" }
                    @if let Some(preset) = preset { th { (preset) } }
                }
                @for ((name, value), ((_, mean), times)) in overall {
                    tr {
                        td { (name) } td { (decimal(*value)) } td { (decimal(mean)) } td {} td {} td { (times) }
                        @if preset.is_some() { td {} }
                    }
                }
                @for average in &result.averages {
                    tr {
                        td { "mean_" (average.name) }
                        td { (decimal(average.pooled)) } td { (decimal(average.per_image)) }
                        td { (decimal(average.per_class)) } td { (decimal(average.per_pair)) }
                        td { (average.undefined) }
                        @if preset.is_some() { td { @if let Some(value) = average.of_preset() { (decimal(value)) } } }
                    }
                }
            }
        }
    }
}

fn undefined(printed: &Printed<'_>) -> Markup {
    let undefined = printed.undefined();
    html! {
        h2 { "Not defined" }
        @if undefined.counts().next().is_none() {
            p { "Every number has a value." }
        } @else {
            p { "How often a number has no value; it is then in no mean." }
            table {
                tr { th { "metric" } th { "times" } }
                @for (name, times) in undefined.counts() { tr { td { (name) } td { (times) } } }
            }
        }
    }
}

fn definitions(printed: &Printed<'_>) -> Markup {
    html! {
        h2 { "Definitions" }
        table.text {
            tr { th { "metric" } th { "definition" } th { "source" } }
            @for entry in printed.choice.entries() {
                tr {
                    td { (entry.name) }
                    td { (definition(printed.choice, entry)) }
                    td { (entry.reference) }
                }
            }
        }
    }
}
