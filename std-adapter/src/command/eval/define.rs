//! What each number is, in words: formula, choices behind it, and what a preset changes.

use segmeter::apls::Apls;
use segmeter::core::metric::calibration::Edges;
use segmeter::core::metric::surface::{Pooling, Rank};
use segmeter::core::metric::topology::Connectivity;
use segmeter::core::metric::{Averaging, ClassMetric, Confidence, Empties, Empty, Preset};
use segmeter::core::plane::{Contour, Edge};

use super::choice::{Choice, is_square};
use super::detail::connected;
use super::scored::BOUND;
use super::segment;
use super::shape::{apls, trimap};
use crate::command::registry::Entry;
use segmeter::scores::{CLIP, Scale};

/// The definition of a metric as it was computed.
pub(super) fn definition(choice: &Choice, entry: &Entry) -> String {
    let mut text = entry.definition.to_owned();
    let details = match entry.family {
        "surface" => surface(choice, entry.name),
        "threshold" => threshold(choice, entry.name),
        "calibration" => calibration(choice, entry.name),
        "topology" => topology(choice, entry.name),
        "panoptic" => segments(choice, entry.name),
        "road" => {
            let ego = choice.ego.map_or("the middle column".to_owned(), |column| format!("column {column}"));
            vec![format!("road is class 1, the vehicle in {ego}; per image, then the mean")]
        }
        _ => overlap(choice, entry.name),
    };
    for detail in details.iter().filter(|detail| !detail.is_empty()) {
        text.push_str("; ");
        text.push_str(detail);
    }
    text
}

fn overlap(choice: &Choice, name: &str) -> Vec<String> {
    let mut details = vec![match name {
        "f_beta" => format!("b = {}", choice.beta),
        "tversky_index" => {
            format!("fp_weight {}, fn_weight {}", choice.detail.fp_weight, choice.detail.fn_weight)
        }
        "net_benefit" => match choice.class_metrics.iter().find(|(known, _)| *known == name) {
            Some((_, ClassMetric::NetBenefit { threshold })) => format!("t = {threshold}"),
            _ => String::new(),
        },
        "weighted_kappa" => {
            "linear weights, and quadratic by name; undefined if a prediction is no class".to_owned()
        }
        "category_iou" if choice.preset == Some("cityscapes_pixel") => {
            "mean over the categories; preset cityscapes_pixel: of the counts of all images".to_owned()
        }
        "category_iou" => "mean over the categories".to_owned(),
        "generalised_dice" => "w = 1 / t^2, all classes".to_owned(),
        _ => String::new(),
    }];
    let of_class = if name == "mean_iou" { "iou" } else { name };
    if let Some(preset) = choice.overlap_preset(of_class) {
        let metric = choice.class_metrics.iter().find(|(known, _)| *known == of_class);
        let metric = metric.map_or(ClassMetric::Iou, |(_, metric)| *metric);
        details.push(format!("preset {}: {}", choice.preset.unwrap_or_default(), convention(preset, metric)));
    }
    details
}

fn convention(preset: Preset, metric: ClassMetric) -> String {
    let mean = match preset.averaging() {
        Averaging::Pooled => "its mean is that of the counts of all images (averages.*.pooled)",
        Averaging::PerImage => {
            "its mean is per image over the classes, then over the images (averages.*.per_image_mean)"
        }
        Averaging::PerClass => "its mean is per class over the images, then over the classes",
        Averaging::PerPair => "its mean is over all pairs of image and class (averages.*.per_pair_mean)",
    };
    [mean.to_owned(), empties(preset.empties(metric))].join("; ")
}

/// What a value is where a mask is empty.
fn empties(empties: Empties) -> String {
    let word = |empty: Empty| match empty {
        Empty::Formula => None,
        Empty::Undefined => Some("undefined"),
        Empty::Zero => Some("0"),
        Empty::One => Some("1"),
        Empty::Worst => Some("the worst value"),
        Empty::Infinite => Some("infinite, printed as null"),
        Empty::Skip => Some("left out"),
    };
    let cases = [
        (empties.both, "in neither mask"),
        (empties.labels, "not labelled"),
        (empties.predictions, "not predicted"),
        (empties.otherwise, "0/0"),
    ];
    let said = cases.iter().filter_map(|(empty, case)| Some(format!("{} if {case}", word(*empty)?)));
    let said: Vec<_> = said.collect();
    if said.is_empty() { "undefined where the formula is 0/0".to_owned() } else { said.join(", ") }
}

fn contour(contour: Contour) -> String {
    let edge = match contour.edge {
        Edge::Inner4 => "inner 4-connected contour",
        Edge::Inner8 => "inner 8-connected contour",
        Edge::HalfPixel => "half-pixel contour",
        Edge::Corners => "contour on the grid of corners, by length",
    };
    let frame = if contour.frame_counts { "counts" } else { "does not count" };
    format!("{edge}, the image's frame {frame}")
}

fn surface(choice: &Choice, name: &str) -> Vec<String> {
    let surface = choice.surface;
    let spacing = format!("pixel {} x {}", surface.spacing.row(), surface.spacing.column());
    let with_preset = |text: String, is: bool| {
        if is { format!("preset {}: {text}", choice.preset.unwrap_or_default()) } else { text }
    };
    let is_named = surface.name != "segmeter";
    let each = "per class and image, then the mean over classes, then over images".to_owned();
    let of_distance = |rule: String, empty: Empties| {
        vec![
            with_preset(contour(surface.contour), is_named),
            rule,
            spacing.clone(),
            empties(empty),
            each.clone(),
        ]
    };
    let pooling =
        |pooling| if pooling == Pooling::Pooled { "both directions in one" } else { "of each direction" };
    match name {
        "hausdorff" => of_distance(String::new(), surface.hausdorff_empties),
        "hd95" => {
            let percentile = surface.percentile.map(|percentile| {
                let rank =
                    if percentile.rank == Rank::Linear { "linear" } else { "the first length reached" };
                let key = choice.detail.percentile_key.trim_start_matches("hd");
                format!("percentile {key}, {}, {rank}", pooling(percentile.pooling))
            });
            of_distance(percentile.unwrap_or_default(), surface.percentile_empties)
        }
        "assd" | "masd" => {
            let called =
                if is_named && surface.mean == Pooling::Directed { "the library's mean is masd" } else { "" };
            of_distance(called.to_owned(), surface.mean_empties)
        }
        "nsd" => of_distance(
            format!("tolerance {}, share {}", surface.tolerance, pooling(surface.nsd)),
            surface.nsd_empties,
        ),
        "boundary_iou" => {
            let (ratio, frame_counts) = choice.boundary;
            let frame = if frame_counts { "counts" } else { "does not count" };
            let text = format!("d = {ratio} of the diagonal, at least 1; the image's frame {frame}");
            let is_named = choice.preset.is_some_and(|name| name.starts_with("boundary_iou_"));
            vec![with_preset(text, is_named), each]
        }
        "boundary_f" if choice.preset == Some("davis_f") => {
            let counts = choice.detail.frame_counts.unwrap_or(false);
            let edge = Contour { edge: Edge::HalfPixel, frame_counts: counts };
            let text = format!("{}; radius 0.008 of the diagonal, rounded up", contour(edge));
            vec![with_preset(text, true), "1 if in neither mask, 0 if in one".to_owned(), each]
        }
        "boundary_f" => {
            let counts = choice.detail.frame_counts.unwrap_or(false);
            let edge = contour(Contour { edge: Edge::Inner4, frame_counts: counts });
            let empty = "undefined if in neither mask, 0 if in one".to_owned();
            let is_named = ["metrics_reloaded", "panoptica"].map(Some).contains(&choice.preset);
            let radius = with_preset(format!("radius {}", surface.tolerance), is_named);
            vec![edge, radius, spacing, empty, each]
        }
        _ => {
            let trimap = trimap(choice);
            vec![contour(trimap.contour), format!("radius {} pixels", trimap.radius), each]
        }
    }
}

fn threshold(choice: &Choice, name: &str) -> Vec<String> {
    let kitti = choice.preset == Some("kitti_road");
    let bounded = ["sensitivity_at_specificity", "specificity_at_sensitivity", "precision_at_recall"];
    let detail = match name {
        "max_f1" | "average_precision_eleven_point" if kitti => {
            "preset kitti_road: 1e-10 in denominators, thresholds 0 to 255".to_owned()
        }
        "average_precision_trapezoid" if choice.preset == Some("metrics_reloaded") => {
            "preset metrics_reloaded: its average precision".to_owned()
        }
        "max_f1" => "the threshold is a probability: foreground is at least that".to_owned(),
        "false_positive_rate_at_recall" => format!("at least {BOUND}"),
        _ if bounded.contains(&name) => format!("at least {BOUND}"),
        _ => String::new(),
    };
    let classes = if choice.softmax {
        "every class against the rest, by its probability (of logits the softmax), then the mean over classes; keeps 4 bytes per pixel \
         and class, and is computed if named or with --metrics all"
    } else {
        ""
    };
    let pixels = "all pixels of all images in one, every score a threshold";
    vec![detail, classes.to_owned(), pixels.to_owned()]
}

fn calibration(choice: &Choice, name: &str) -> Vec<String> {
    let binning = choice.binning;
    let confidence = match binning.confidence {
        Confidence::TopLabel => "confidence of the top label",
        Confidence::Positive => "confidence is the foreground's probability",
    };
    let edges = match binning.edges {
        Edges::Closed => "both outer edges closed",
        Edges::Torchmetrics => "a probability of exactly 1 in a bin of its own",
        Edges::MetricsReloaded => "a probability of exactly 0 in no bin",
    };
    let preset = if binning.edges == Edges::Closed {
        String::new()
    } else {
        format!("preset {}: ", choice.preset.unwrap_or_default())
    };
    let detail = match name {
        "ace" => format!("{preset}{} bins, {confidence}", binning.bins),
        "classwise_ece" => {
            let whose = if choice.softmax { "each class's" } else { "the foreground's" };
            format!("{preset}{} bins of equal width, {edges}; of {whose} probability", binning.bins)
        }
        "brier" if choice.softmax => format!("{}the sum over the classes", made_by_softmax(choice)),
        "nll" if choice.softmax && choice.scale == Scale::Logit => "nats; softmax, without a clip".to_owned(),
        "brier" => "binary: p is the foreground's probability".to_owned(),
        "nll" => format!(
            "nats; of 8-bit outputs and probabilities at least {CLIP:e}, of f32 logits without a clip"
        ),
        _ => format!("{preset}{} bins of equal width, {edges}, {confidence}", binning.bins),
    };
    vec![detail, "all pixels of all images in one".to_owned()]
}

fn topology(choice: &Choice, name: &str) -> Vec<String> {
    let each = "per class and image, then the mean over classes, then over images".to_owned();
    if name == "centreline_dice" {
        let empty = if choice.preset == Some("metrics_reloaded") {
            "preset metrics_reloaded: undefined if a mask is empty"
        } else {
            "undefined if in neither mask, 0 if in one"
        };
        return vec!["skeletons by thinning".to_owned(), empty.to_owned(), each];
    }
    if name == "apls" {
        let Apls { spacing, control_spacing, snap_distance, shortest_path } = apls(choice);
        let graph = format!(
            "control points every {control_spacing}, found within {snap_distance}, paths of at least {shortest_path}"
        );
        let empty = if is_square(choice.surface.spacing) {
            "undefined if neither mask has a path, 0 if one has none".to_owned()
        } else {
            "undefined here: pixels are not square".to_owned()
        };
        return vec![
            "graphs of skeletons by thinning".to_owned(),
            graph,
            format!("pixel {spacing}"),
            empty,
            each,
        ];
    }
    let both = if name == "betti_error" { "" } else { "of predictions, and of_labels" };
    let rule = format!(
        "{}, components of at least {} pixels; undefined for a class in neither mask",
        connected(choice.detail.connectivity.unwrap_or_default()),
        choice.min_area
    );
    vec![both.to_owned(), rule, each]
}

fn segments(choice: &Choice, name: &str) -> Vec<String> {
    let library = match choice.preset {
        Some("torchmetrics") if segment::is_pooled(name) && name != "instance_iou" => {
            "preset torchmetrics: its panoptic_quality of these segments"
        }
        _ => "",
    };
    let each = if segment::is_pooled(name) {
        "per class over the segments of all images, then the mean over classes"
    } else {
        "undefined if in neither mask; per class and image, then the mean over classes, then over images"
    };
    let touch = match choice.detail.connectivity {
        Some(Connectivity::Four) => "sides",
        _ => "sides and corners",
    };
    let rule = format!("segments are components of a class, by {touch}");
    vec![library.to_owned(), rule, each.to_owned()]
}

const fn made_by_softmax(choice: &Choice) -> &'static str {
    match choice.scale {
        Scale::Logit => "softmax; ",
        Scale::Probability => "",
    }
}
