//! Metrics of the frame, every family: the device prints their bits, and `tests/device_metrics.rs` compares them with the
//! desktop's. The int8 network's mask stands against the float network's.

use segmeter_core::Result;
use segmeter_core::metric::road::{Deviation, RoadProfile};
use segmeter_core::metric::surface::{BoundaryIou, Direction, Matching, Surface, Trimap};
use segmeter_core::metric::topology::{Components, Connectivity, Topology, centreline_dice};
use segmeter_core::metric::{
    Calibration, ClassMetric, Confidence, Confusion, Disagreement, LesionWise, Overlap, Overlaps,
    PanopticQuality, Segment, Volume, calibration, threshold,
};
use segmeter_core::plane::components::label;
use segmeter_core::plane::{Bits, Row};
use segmeter_core::sketch::{SigmoidTable, Sketch};
use segmeter_core::view::{IGNORE, Shape};

use super::frames::{CODES_OF_FRAME, HEIGHT, MASK, PIXELS, WIDTH};

const BYTES: usize = WIDTH / 8;

/// Is told the name of a metric, what it is by, and its value.
pub(crate) trait Visit: FnMut(&str, &str, Option<f64>) {}
impl<F: FnMut(&str, &str, Option<f64>)> Visit for F {}

/// Calls `visit` with every metric.
pub(crate) fn every(
    sketch: &Sketch,
    table: &SigmoidTable,
    scratch: &mut [u32],
    visit: &mut impl Visit,
) -> Result<()> {
    let shape = Shape::new(HEIGHT as u32, WIDTH as u32)?;
    let prediction = &prediction();
    overlap(&Confusion::of_sketch(sketch, table), "sketch", visit);
    counts::<2>(prediction, "rows", visit)?;
    counts::<6>(prediction, "classes", visit)?;
    thresholds(sketch, visit);
    calibrations(sketch, table, visit);
    for surface in Surface::PRESETS {
        distances(surface, prediction, shape, scratch, visit)?;
    }
    contours(prediction, shape, scratch, visit)?;
    topology(prediction, shape, scratch, visit)?;
    road(prediction, visit)?;
    segments(prediction, shape, scratch, visit)
}

/// The mask of the codes, packed.
pub(crate) fn prediction() -> [u8; PIXELS / 8] {
    let mut prediction = [0; PIXELS / 8];
    for (byte, codes) in prediction.iter_mut().zip(CODES_OF_FRAME.chunks(8)) {
        let road = |code: &u8| i32::from(code.cast_signed()) > 15;
        *byte = codes.iter().rev().fold(0, |byte, code| byte << 1 | u8::from(road(code)));
    }
    prediction
}

fn bit(mask: &[u8], pixel: usize) -> bool {
    mask.get(pixel / 8).is_some_and(|byte| byte >> (pixel % 8) & 1 == 1)
}

fn rows(prediction: &[u8]) -> impl Iterator<Item = Row<'_>> {
    let rows = prediction.chunks(BYTES).zip(MASK.chunks(BYTES));
    rows.map(|(prediction, label)| Row::Bits { prediction, label, valid: None })
}

/// Metrics of counted ids: of a desktop's vectors and banks, whose rows are long enough for these. Columns make more
/// classes of two, every eleventh label is ignored, and in the first row of two every hundredth prediction is no class.
#[inline(never)]
fn counts<const C: usize>(prediction: &[u8], by: &str, visit: &mut impl Visit) -> Result<()> {
    const PART: usize = 4 * WIDTH;
    let mut confusion = Confusion::<C>::new(IGNORE);
    let (mut predictions, mut labels) = ([0; PART], [0; PART]);
    for part in 0..PIXELS / PART {
        for (place, (found, label)) in predictions.iter_mut().zip(&mut labels).enumerate() {
            let pixel = part * PART + place;
            let id = |mask: &[u8]| (pixel % WIDTH / 20 % (C / 2) * 2) as u8 + u8::from(bit(mask, pixel));
            *found = if pixel % 100 == 9 { 200 } else { id(prediction) };
            *label = if pixel % 11 == 5 { IGNORE } else { id(&MASK) };
        }
        confusion.push_row(&predictions, &labels)?;
        // Without ids that are no class: the fast way of two.
        predictions.iter_mut().filter(|id| usize::from(**id) >= C).for_each(|id| *id = 0);
        confusion.push_row(&predictions, &labels)?;
    }
    overlap(&confusion, by, visit);
    Ok(())
}

fn overlap<const C: usize>(confusion: &Confusion<C>, by: &str, visit: &mut impl Visit) {
    let metrics = [
        ("iou", ClassMetric::Iou),
        ("dice", ClassMetric::Dice),
        ("f_beta", ClassMetric::FBeta { beta: 2.0 }),
        ("tversky_index", ClassMetric::TverskyIndex { fp_weight: 0.3, fn_weight: 0.7 }),
        ("balanced_accuracy", ClassMetric::BalancedAccuracy),
        ("markedness", ClassMetric::Markedness),
        ("mcc_of_class", ClassMetric::Mcc),
        ("relative_volume_difference", ClassMetric::RelativeVolumeDifference),
        ("net_benefit", ClassMetric::NetBenefit { threshold: 0.5 }),
    ];
    for (name, metric) in metrics {
        visit(name, by, metric.of(confusion.class(1)));
    }
    visit("mean_iou", by, confusion.mean_iou());
    visit("frequency_weighted_iou", by, confusion.frequency_weighted_iou());
    visit("mcc", by, confusion.mcc());
    visit("kappa", by, confusion.kappa());
    visit("weighted_kappa", by, confusion.weighted_kappa(Disagreement::Quadratic));
    visit("generalised_dice", by, confusion.generalised_dice(Volume::Square, 0));
}

fn thresholds(sketch: &Sketch, visit: &mut impl Visit) {
    visit("auroc", "sketch", threshold::auroc(sketch));
    visit("average_precision", "sketch", threshold::average_precision(sketch));
    visit("average_precision_trapezoid", "sketch", threshold::average_precision_trapezoid(sketch));
    visit("average_precision_eleven_point", "sketch", threshold::average_precision_eleven_point(sketch));
    visit("average_precision_interpolated", "sketch", threshold::average_precision_interpolated(sketch));
    visit("max_f1", "sketch", threshold::max_f(sketch).and_then(|best| best.counts.dice().value()));
    visit("kitti_road", "sketch", threshold::kitti_road(sketch).map(|road| road.max_f));
    visit("sensitivity_at_specificity", "sketch", threshold::sensitivity_at_specificity(sketch, 0.95));
    visit("false_positive_rate_at_recall", "sketch", threshold::false_positive_rate_at_recall(sketch, 0.95));
}

fn calibrations(sketch: &Sketch, table: &SigmoidTable, visit: &mut impl Visit) {
    let wide = Calibration::new(sketch, table, Confidence::TopLabel);
    let equal = Calibration::equal_mass(sketch, table, Confidence::TopLabel);
    visit("ece", "sketch", wide.expected_error());
    visit("mce", "sketch", wide.maximum_error());
    visit("rms_calibration_error", "sketch", wide.root_mean_square_error());
    visit("ace", "sketch", equal.expected_error());
    visit("brier", "sketch", calibration::brier(sketch, table));
    visit("nll", "sketch", calibration::negative_log_likelihood(sketch, table, 1e-7));
}

#[inline(never)]
fn distances(
    surface: Surface,
    prediction: &[u8],
    shape: Shape,
    scratch: &mut [u32],
    visit: &mut impl Visit,
) -> Result<()> {
    let mut measured = surface.rows(shape, scratch)?;
    rows(prediction).try_for_each(|row| measured.push_row(&row))?;
    let report = measured.finish()?;
    let scores = [
        ("hausdorff", report.hausdorff()),
        ("assd", report.assd()),
        ("masd", report.masd()),
        ("nsd", report.nsd()),
        ("directed_mean", report.directed_mean(Direction::LabelToPrediction)),
    ];
    for (name, score) in scores.into_iter().chain(report.percentile().map(|score| ("hd95", score))) {
        visit(name, surface.name, score.value());
    }
    Ok(())
}

fn contours(prediction: &[u8], shape: Shape, scratch: &mut [u32], visit: &mut impl Visit) -> Result<()> {
    for (by, matching) in [("tolerance_1", Matching::new(1.0)), ("davis", Matching::davis(shape))] {
        let mut matched = matching.rows(WIDTH, scratch)?;
        rows(prediction).try_for_each(|row| matched.push_row(&row))?;
        let counts = matched.finish();
        visit("nsd", by, counts.nsd().value());
        visit("nsd_of_shares", by, counts.nsd_of_shares().value());
        visit("boundary_f", by, counts.f_score().value());
    }
    for (by, ratio) in [("coco", BoundaryIou::COCO), ("cityscapes", BoundaryIou::CITYSCAPES)] {
        let mut boundary = BoundaryIou::of_diagonal(ratio, shape).rows(WIDTH, scratch)?;
        rows(prediction).try_for_each(|row| boundary.push_row(&row))?;
        visit("boundary_iou", by, boundary.finish().iou().value());
    }
    let mut trimap = Trimap::new(3.0).rows(WIDTH, scratch)?;
    rows(prediction).try_for_each(|row| trimap.push_row(&row))?;
    let counts = trimap.finish();
    visit("trimap", "radius_3", counts.report().iou().value());
    visit("trimap_accuracy", "radius_3", counts.accuracy().value());
    Ok(())
}

fn topology(prediction: &[u8], shape: Shape, scratch: &mut [u32], visit: &mut impl Visit) -> Result<()> {
    let mut runs = [0; Components::scratch_len(WIDTH)];
    let mut found = [Topology::default(); 2];
    for (found, mask) in found.iter_mut().zip([prediction, &MASK]) {
        let mut components = Components::new(WIDTH, Connectivity::Four, 0, &mut runs)?;
        for row in 0..HEIGHT {
            components.push_row(|column| bit(mask, row * WIDTH + column));
        }
        *found = components.finish();
    }
    for (found, by) in found.iter().zip(["prediction", "label"]) {
        visit("components", by, Some(found.components.into()));
        visit("holes", by, Some(found.holes.into()));
    }
    let [mut a, mut b] = [[0; PIXELS / 32]; 2];
    let prediction = Bits::new(shape, &mut a, |pixel| bit(prediction, pixel))?;
    let label = Bits::new(shape, &mut b, |pixel| bit(&MASK, pixel))?;
    let found = centreline_dice(&prediction, &label, scratch)?;
    visit("centreline_dice", "thinning", found.value());
    Ok(())
}

fn road(prediction: &[u8], visit: &mut impl Visit) -> Result<()> {
    let mut sides = [[[0; HEIGHT]; 2]; 2];
    let mut lowest = [[0; WIDTH]; 2];
    for (([left, right], lowest), mask) in sides.iter_mut().zip(&mut lowest).zip([prediction, &MASK]) {
        let mut profile = RoadProfile::new(WIDTH / 2, [left, right], lowest)?;
        for row in 0..HEIGHT {
            profile.push_row(|column| bit(mask, row * WIDTH + column))?;
        }
    }
    let ([[left, right], [true_left, true_right]], [found, expected]) = (&sides, &lowest);
    for (name, a, b) in [("left", left, true_left), ("right", right, true_right)] {
        visit("boundary_offset", name, Deviation::of(a, b).mean_absolute());
    }
    visit("lowest_road", "mean", Deviation::of(found, expected).mean());
    Ok(())
}

fn segments(prediction: &[u8], shape: Shape, scratch: &mut [u32], visit: &mut impl Visit) -> Result<()> {
    let mut slots = [Overlap::EMPTY; 64];
    let (found, of) = (|pixel| bit(prediction, pixel), |pixel| bit(&MASK, pixel));
    let lesions = LesionWise { connectivity: Connectivity::Eight, dilation: 1 };
    let report = lesions.report(shape, found, of, scratch, &mut slots)?;
    visit("lesion_wise_dice", "components", report.dice());
    visit("sensitivity", "components", report.sensitivity());
    let mut pairs = Overlaps::new(&mut slots);
    let segment = |instance: u32, category| Segment { category, instance: instance as u16 };
    let (numbers, others) = scratch.split_at_mut(PIXELS.min(scratch.len()));
    let others = others.get_mut(..PIXELS).unwrap_or_default();
    label(shape, found, Connectivity::Four, numbers)?;
    label(shape, of, Connectivity::Four, others)?;
    for (number, other) in numbers.iter().zip(others) {
        let pair = [*number, *other].map(|number| segment(number, u16::from(number != 0)));
        let [prediction, label] = pair;
        pairs.push_row(&[prediction], &[label])?;
    }
    let mut quality = PanopticQuality::<2>::default();
    quality.push(&pairs);
    for (category, by) in [(0, "rest"), (1, "road")] {
        let class = quality.class(category);
        visit("panoptic_quality", by, class.panoptic_quality());
        visit("segmentation_quality", by, class.segmentation_quality());
        visit("recognition_quality", by, class.recognition_quality());
    }
    Ok(())
}
