//! Boundary and surface metrics against what the libraries return (`vectors/surface.json`).

use std::collections::BTreeMap;

use segmeter_core::metric::surface::{
    BoundaryIou, Direction, MatchCounts, Matching, Percentile, Spacing, Surface, SurfaceReport,
};
use segmeter_core::plane::{Contour, Edge, Row};
use segmeter_core::view::Shape;
use segmeter_tests::vectors;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct SurfaceVectors {
    pairs: BTreeMap<String, Pair>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Pair {
    height: u32,
    width: u32,
    prediction: Vec<String>,
    label: Vec<String>,
}

#[derive(Deserialize)]
struct Case {
    pair: String,
    library: String,
    spacing: [f64; 2],
    values: BTreeMap<String, Value>,
}

fn bytes(row: &str) -> Vec<u8> {
    let pairs = row.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

impl Pair {
    fn shape(&self) -> Shape {
        Shape::new(self.height, self.width).unwrap()
    }
    fn each_row(&self, mut work: impl FnMut(&Row<'_>)) {
        for (prediction, label) in self.prediction.iter().zip(&self.label) {
            work(&Row::Bits { prediction: &bytes(prediction), label: &bytes(label), valid: None });
        }
    }
    fn report(&self, definition: &Surface) -> SurfaceReport {
        let mut scratch = vec![0; definition.scratch_len(self.shape())];
        let mut rows = definition.rows(self.shape(), &mut scratch).unwrap();
        self.each_row(|row| rows.push_row(row).unwrap());
        rows.finish().unwrap()
    }
    fn matching(&self, matching: &Matching) -> MatchCounts {
        let width = self.width as usize;
        let mut scratch = vec![0; matching.scratch_len(width).unwrap()];
        let mut rows = matching.rows(width, &mut scratch).unwrap();
        self.each_row(|row| rows.push_row(row).unwrap());
        rows.finish()
    }
    fn boundary_iou(&self, iou: BoundaryIou) -> Option<f64> {
        let mut scratch = vec![0; iou.scratch_len(self.width as usize)];
        let mut rows = iou.rows(self.width as usize, &mut scratch).unwrap();
        self.each_row(|row| rows.push_row(row).unwrap());
        rows.finish().iou().value()
    }
    fn empty_masks(&self) -> usize {
        let empty = |rows: &[String]| usize::from(rows.iter().all(|row| row.bytes().all(|c| c == b'0')));
        empty(&self.prediction) + empty(&self.label)
    }
}

/// What a library returned: `None` for NaN and exceptions.
fn number(value: &Value) -> Option<f64> {
    if value == "inf" { Some(f64::INFINITY) } else { value.as_f64() }
}

fn same(found: Option<f64>, expected: Option<f64>, tolerance: f64) -> bool {
    match (found, expected) {
        (Some(a), Some(b)) => a.total_cmp(&b).is_eq() || (a - b).abs() <= tolerance * b.abs().max(1.0),
        (a, b) => a.is_none() && b.is_none(),
    }
}

/// The metric of a name in the vectors; `mean_to_label` and the like are directed.
fn of(report: &SurfaceReport, name: &str) -> Option<f64> {
    let (to_label, to_prediction) = (Direction::PredictionToLabel, Direction::LabelToPrediction);
    let score = match name {
        "hausdorff" => report.hausdorff(),
        "hausdorff_to_label" => report.directed_hausdorff(to_label),
        "assd" => report.assd(),
        "masd" => report.masd(),
        "mean_to_label" => report.directed_mean(to_label),
        "mean_to_prediction" => report.directed_mean(to_prediction),
        _ if name.starts_with("percentile") => report.percentile().unwrap(),
        _ if name.starts_with("nsd") => report.nsd(),
        _ if name.starts_with("matched_to_label") => report.matched(to_label),
        _ if name.starts_with("matched_to_prediction") => report.matched(to_prediction),
        _ => panic!("{name}"),
    };
    score.value()
}

/// The preset with the parameters that a name ends with.
fn with(definition: Surface, name: &str) -> Surface {
    let Ok(parameter) = name.rsplit('_').next().unwrap().parse::<f64>() else { return definition };
    if name.starts_with("percentile") {
        let percentile = definition.percentile.unwrap();
        return Surface {
            percentile: Some(Percentile { quantile: parameter / 100.0, ..percentile }),
            ..definition
        };
    }
    Surface { tolerance: parameter, ..definition }
}

/// What a library does that a preset does not follow.
fn differs(case: &Case, pair: &Pair, name: &str) -> bool {
    let one_empty = pair.empty_masks() == 1;
    match case.library.as_str() {
        "monai" => name == "percentile_0",
        "metrics_reloaded" => one_empty && name.starts_with("nsd"),
        "panoptica" => one_empty && name == "percentile_95",
        "surface_distance" => one_empty && (name.starts_with("mean") || name.starts_with("matched")),
        _ => false,
    }
}

#[test]
fn presets_agree_with_their_libraries() {
    let vectors: SurfaceVectors = vectors("surface.json");
    let mut compared = 0;
    for case in &vectors.cases {
        let pair = &vectors.pairs[&case.pair];
        let preset = match case.library.as_str() {
            "monai" => Surface::MONAI,
            "medpy" => Surface::MEDPY,
            "panoptica" => Surface::PANOPTICA,
            "surface_distance" => Surface::SURFACE_DISTANCE,
            "metrics_reloaded" => Surface::METRICS_RELOADED,
            _ => continue,
        };
        let spacing = Spacing::new(case.spacing[0], case.spacing[1]).unwrap();
        for (name, value) in case.values.iter().filter(|(name, _)| *name != "contour_iou") {
            if differs(case, pair, name) {
                continue;
            }
            let (edge, name) = match name.split_once('_') {
                Some(("square", rest)) => (Edge::Inner8, rest),
                Some(("subvoxel", rest)) => (Edge::Corners, rest),
                _ => (preset.contour.edge, name.as_str()),
            };
            let contour = Contour { edge, ..preset.contour };
            let report = pair.report(&with(Surface { spacing, contour, ..preset }, name));
            // MONAI computes in f32, the place of a percentile too: off by 2^-23 of the 500 to 1000 distances.
            let tolerance = match case.library.as_str() {
                "monai" if name.starts_with("percentile") => 1e-5,
                "monai" => 4e-7,
                _ => 1e-12,
            };
            let (found, expected) = (of(&report, name), number(value));
            let what = format!("{} {} {:?} {edge:?} {name}", case.library, case.pair, case.spacing);
            assert!(same(found, expected, tolerance), "{what}: {found:?}, expected {expected:?}");
            compared += 1;
        }
    }
    assert!(compared > 3000, "only {compared}");
}

/// Boundary IoU of the reference implementation, F of DAVIS and the contour IoU of MetricsReloaded.
#[test]
fn streamed_metrics_agree_with_their_libraries() {
    let vectors: SurfaceVectors = vectors("surface.json");
    let mut compared = 0;
    for case in &vectors.cases {
        let pair = &vectors.pairs[&case.pair];
        for (name, value) in &case.values {
            let parameter = name.rsplit('_').next().and_then(|end| end.parse::<f64>().ok());
            let found = match (case.library.as_str(), name.as_str()) {
                ("boundary_iou", _) => {
                    pair.boundary_iou(BoundaryIou::of_diagonal(parameter.unwrap(), pair.shape()))
                }
                ("davis", _) => {
                    let davis = Matching::davis(pair.shape());
                    let matching = Matching { tolerance: parameter.unwrap_or(davis.tolerance), ..davis };
                    pair.matching(&matching).f_score().value()
                }
                ("metrics_reloaded", "contour_iou") => contour_iou(pair),
                _ => continue,
            };
            let expected = number(value);
            let what = format!("{} {} {name}", case.library, case.pair);
            assert!(same(found, expected, 1e-12), "{what}: {found:?}, expected {expected:?}");
            compared += 1;
        }
    }
    assert!(compared > 150, "only {compared}");
}

/// MetricsReloaded's `boundary_iou` with its default distance is the IoU of the contours: nothing is widened.
fn contour_iou(pair: &Pair) -> Option<f64> {
    let contour = Contour { edge: Edge::Inner4, frame_counts: true };
    let counts = pair.matching(&Matching { contour, ..Matching::new(0.0) });
    let [p, g] = [Direction::PredictionToLabel, Direction::LabelToPrediction].map(|d| counts.pixels(d));
    let union = p.denominator + g.denominator - p.numerator;
    if union == 0 { Some(1.0) } else { Some(p.numerator as f64 / union as f64) }
}

fn case<'a>(vectors: &'a SurfaceVectors, library: &str, pair: &str) -> &'a BTreeMap<String, Value> {
    let found = vectors.cases.iter().find(|case| case.library == library && case.pair == pair);
    &found.expect("a case").values
}

/// Where a library's answer is not to be followed, and what is given instead.
#[test]
fn surprises_of_the_libraries_are_still_there() {
    let vectors: SurfaceVectors = vectors("surface.json");
    let get = |library: &str, pair: &str, name: &str| number(&case(&vectors, library, pair)[name]);
    let ours = |pair: &str, definition| vectors.pairs[pair].report(&definition);
    // MONAI: a missing contour makes the Hausdorff distance infinite and its percentile NaN.
    assert_eq!(get("monai", "prediction_empty", "hausdorff"), Some(f64::INFINITY));
    assert_eq!(get("monai", "prediction_empty", "percentile_95"), None);
    // MONAI: the percentile 0 is the maximum. Ours is the minimum.
    assert_eq!(get("monai", "wide", "percentile_0"), get("monai", "wide", "hausdorff"));
    let lowest = ours("wide", with(Surface::MONAI, "percentile_0")).percentile().unwrap().value();
    assert!(lowest < get("monai", "wide", "percentile_0"));
    // MetricsReloaded and panoptica: distances to nothing are distances to a corner of the frame.
    assert!(get("metrics_reloaded", "prediction_empty", "nsd_3.5") > Some(0.0));
    assert_eq!(ours("prediction_empty", Surface::METRICS_RELOADED).nsd().value(), Some(0.0));
    assert!(get("panoptica", "prediction_empty", "percentile_95").is_some());
    assert_eq!(ours("prediction_empty", Surface::PANOPTICA).percentile().unwrap().value(), None);
    // panoptica: its ASSD is MASD, and not the ASSD of MedPy.
    assert!(get("panoptica", "far_blob", "masd") != get("medpy", "far_blob", "assd"));
    // torchmetrics: right on square frames, wrong or failing on others.
    assert!(same(get("torchmetrics", "square", "hausdorff"), get("medpy", "square", "hausdorff"), 4e-7));
    assert!(!same(get("torchmetrics", "wide", "hausdorff"), get("medpy", "wide", "hausdorff"), 0.1));
    assert_eq!(get("torchmetrics", "tall", "hausdorff"), None);
    // One pair, one name, and numbers apart: HD95 pooled and of each direction.
    let [pooled, larger] =
        [get("medpy", "far_blob", "percentile_95"), get("monai", "far_blob", "percentile_95")];
    assert!(larger > pooled.map(|pooled| 2.0 * pooled), "{larger:?} {pooled:?}");
    // The frame: it matches itself.
    let of = |definition| ours("hand_156", definition).nsd().value();
    assert!(of(Surface { tolerance: 2.0, ..Surface::MONAI }) > of(Surface::SEGMETER));
}
