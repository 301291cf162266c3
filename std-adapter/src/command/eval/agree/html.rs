//! An agreement as one HTML file that needs nothing else.

use maud::{Markup, PreEscaped, html};

use super::super::html::plot;
use super::super::html::worst::{LEGEND, MOST_COLUMNS, kind, picture};
use super::super::html::{document, rounded, swatch};
use super::compare::{Agreement, Compared};
use super::print::{Printed, exact};
use super::side::{Pair, Sides};
use crate::command::Failure;
use crate::report::decimal;

/// What the places of [`LEGEND`] are here.
const MEANINGS: [&str; 6] = [
    "the same class",
    "a class on TARGET alone",
    "a class on HOST alone",
    "another class",
    "background on both",
    "ignored",
];

/// An image and where the sides differ.
struct Shown<'a> {
    image: &'a Agreement,
    map: String,
    /// Width and height.
    size: (usize, usize),
}

/// The whole file.
pub(super) fn page(printed: &Printed<'_>, sides: &Sides) -> Result<String, Failure> {
    let shown = |(place, image)| {
        let pair = sides.pair(place)?;
        let map =
            map(&pair).map_err(|e| Failure::Input(format!("map of image {}: {e}", sides.name(place))))?;
        Ok(Shown { image, map, size: (pair.shape.width(), pair.shape.height()) })
    };
    let worst = printed.worst().map(shown).collect::<Result<Vec<_>, Failure>>()?;
    let [host, target] = sides.paths().map(|path| path.display().to_string());
    let body = html! {
        h1 { "Agreement report" }
        p { "HOST " code { (host) } ", TARGET " code { (target) } }
        (numbers(printed))
        (images(printed, &worst))
    };
    Ok(document(&format!("Agreement of {host} and {target}"), &body))
}

fn numbers(printed: &Printed<'_>) -> Markup {
    let Compared { all, classes, images, .. } = printed.compared;
    html! {
        p {
            (images.len()) " images, " (printed.names.len()) " classes, " (all.pixels) " pixels compared, "
            (all.ignored) " ignored; segmeter " (env!("CARGO_PKG_VERSION"))
        }
        table {
            tr { th { "number" } th { "value" } }
            @for (name, value) in all.named() { tr { td { (name) } td { (exact(value)) } } }
        }
        h2 { "Classes" }
        table {
            tr { th { "class" } th { "IoU" } th { "pixels of HOST" } th { "pixels of TARGET" } th { "equal pixels" } }
            @for (class, name) in classes.iter().zip(printed.names) {
                tr {
                    td { (name) } td { (decimal(class.iou().value())) } td { (class.positives()) }
                    td { (class.predicted()) } td { (class.true_positive) }
                }
            }
        }
    }
}

fn images(printed: &Printed<'_>, worst: &[Shown<'_>]) -> Markup {
    let all = &printed.compared.images;
    let values: Vec<f64> = all.iter().filter_map(|image| image.agreement).collect();
    let legend = LEGEND.iter().zip(MEANINGS);
    html! {
        h2 { "Images" }
        figure {
            figcaption { "Agreement of the images; a line for each" }
            (PreEscaped(plot::histogram(&values, "agreement of an image")))
        }
        h2 { "Images that agree least" }
        p.legend { @for ((_, colour), name) in legend { span { (swatch(*colour)) (name) } } }
        p { "Background is class " (printed.names[0]) ". Of images that lose pixels here, those that differ stay." }
        div.maps {
            @for Shown { image, map, size } in worst {
                figure {
                    img src=(map) alt=(format!("where image {} differs", image.name));
                    figcaption {
                        code { (image.name) } " agreement " (exact(image.agreement)) ", largest difference "
                        (rounded(image.named()[2].1)) ", " (size.0) "×" (size.1)
                    }
                }
            }
        }
        details {
            summary { "Every image" }
            table {
                tr { th { "image" } th { "agreement" } th { "mean IoU" } th { "largest difference" } th { "pixels" } }
                @for image in all {
                    tr {
                        td { (image.name) }
                        @for (_, value) in image.named().into_iter().take(3) { td { (decimal(value)) } }
                        td { (image.pixels) }
                    }
                }
            }
        }
    }
}

/// The map of an image. What is smaller than a pixel of it is seen if it differs.
fn map(pair: &Pair) -> Result<String, png::EncodingError> {
    let (width, height) = (pair.shape.width(), pair.shape.height());
    let step = width.div_ceil(MOST_COLUMNS);
    let (columns, lines) = (width.div_ceil(step), height.div_ceil(step));
    let (host, target) = (pair.host.each(), pair.target.each());
    let same = [0, 4, 5];
    let mut kinds = vec![None; columns * lines];
    for (pixel, (target, host)) in target.iter().zip(&*host).enumerate() {
        let slot = &mut kinds[pixel / width / step * columns + pixel % width / step];
        let found = kind(*target, *host);
        if slot.is_none_or(|known| same.contains(&known) && !same.contains(&found)) {
            *slot = Some(found);
        }
    }
    let kinds: Vec<u8> = kinds.into_iter().map(|kind| kind.unwrap_or(5)).collect();
    picture((columns as u32, lines as u32), &kinds)
}
