//! An evaluation as one HTML file that needs nothing else.

use std::path::Path;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use segmeter::core::metric::Confidence;

use super::Failure;
use super::overlap::Named;
use super::predict::Reader;
use super::print::Printed;
use crate::text;

pub(in crate::command) mod plot;
mod tables;
pub(super) mod worst;

pub(super) use worst::check;

/// What a report is about, beside its numbers.
pub(super) struct Subject<'a> {
    pub(super) prediction: &'a Path,
    pub(super) labels: &'a Path,
    pub(super) threshold: Option<f64>,
    /// The metric by which images are the worst.
    pub(super) worst_by: &'a str,
}

/// A whole file.
pub(in crate::command) fn document(title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(include_str!("html/style.css"))) }
            }
            body { (body) }
        }
    };
    text::page(&page.into_string()).into_owned()
}

/// The whole file.
pub(super) fn page(printed: &Printed<'_>, reader: &Reader, subject: &Subject<'_>) -> Result<String, Failure> {
    let worst = worst::worst(reader, printed.choice, printed.result, subject.worst_by)?;
    let title = format!("Segmentation of {}", subject.prediction.display());
    let body = html! {
        (head(printed, subject))
        (tiles(printed))
        (classes(printed))
        (printed.result.matrix.html(printed.names))
        (scores(printed))
        (images(printed, subject.worst_by, &worst))
        (tables::numbers(printed))
        (tables::undefined(printed))
        (tables::definitions(printed))
    };
    Ok(document(&title, &body))
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
            (printed.result.count) " images, " (printed.names.len()) " classes, "
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

pub(super) fn rounded(value: Option<f64>) -> String {
    value.map_or_else(
        || "–".to_owned(),
        |value| if value.abs() < 10.0 { format!("{value:.3}") } else { format!("{value:.1}") },
    )
}

pub(super) fn swatch(colour: [u8; 3]) -> Markup {
    let [r, g, b] = colour;
    html! { span.swatch style=(format!("background:rgb({r},{g},{b})")) {} }
}

fn classes(printed: &Printed<'_>) -> Markup {
    let pooled = &printed.result.pooled;
    let bars: Vec<_> = pooled
        .classes
        .iter()
        .zip(printed.names)
        .enumerate()
        .filter(|(id, _)| !printed.choice.ignored.contains(id))
        .map(|(_, (class, name))| (name.clone(), [class.iou().value(), class.dice().value()]))
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
            @if !scored.curve.is_empty() {
                figure {
                    figcaption { "Precision and recall" }
                    (PreEscaped(plot::precision_recall(&scored.curve)))
                }
                figure { figcaption { "ROC" } (PreEscaped(plot::roc(&scored.curve))) }
            }
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
