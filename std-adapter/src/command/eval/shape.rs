//! Metrics of shape: contours, components and the road, of one image at a time.

use segmeter::apls::{Apls, RoadGraph};
use segmeter::core::Result;
use segmeter::core::metric::road::{Deviation, NONE, RoadProfile};
use segmeter::core::metric::surface::{BoundaryIou, Matching, Surface, SurfaceReport, Trimap};
use segmeter::core::metric::topology::{CentrelineDice, Components, Connectivity, Topology};
use segmeter::core::metric::{Empties, Empty, Score};
use segmeter::core::plane::{Bits, skeleton};
use segmeter::core::view::Shape;

use super::choice::{Choice, is_square};
use super::mask::Mask;
use super::segment::{self, Segments};

/// Families of what is measured class by class.
pub(super) const FAMILIES: [&str; 3] = ["surface", "topology", "panoptic"];

const DISTANCES: [&str; 5] = ["hausdorff", "hd95", "assd", "masd", "nsd"];
const TOPOLOGY: [&str; 7] = [
    "components",
    "components_of_labels",
    "holes",
    "holes_of_labels",
    "euler_number",
    "euler_number_of_labels",
    "betti_error",
];
const LINES: [&str; 2] = ["centreline_dice", "apls"];
const ROAD: [&str; 3] = ["corridor_width", "boundary_offset", "lowest_road"];

/// What is measured of a class, in the order of [`of_class`].
pub(super) fn keys(choice: &Choice) -> Vec<&'static str> {
    let surface = ["boundary_iou", "boundary_f", "trimap", "trimap_accuracy"];
    let all = DISTANCES.into_iter().chain(surface).chain(TOPOLOGY).chain(LINES);
    let all = all.map(|key| choice.key_of(key));
    all.filter(|key| choice.wants(key)).chain(segment::keys(choice)).collect()
}

/// Measures a class that is in the labels or the prediction, or in neither, in all of which nothing is to be seen; its
/// segments are added to `all`.
pub(super) fn of_class(
    choice: &Choice,
    mask: &Mask,
    is_there: bool,
    all: &mut Segments,
) -> Result<Vec<Score>> {
    let mut scores = Vec::new();
    if choice.wants_any(&DISTANCES) {
        let report = distances(choice, mask)?;
        let percentile = report.percentile().unwrap_or(Score::Undefined);
        let values = [report.hausdorff(), percentile, report.assd(), report.masd(), report.nsd()];
        scores.extend(DISTANCES.into_iter().zip(values).filter(|(key, _)| choice.wants(key)).map(|(_, v)| v));
    }
    if choice.wants("boundary_iou") {
        let (ratio, frame_counts) = choice.boundary;
        let iou = BoundaryIou { frame_counts, ..BoundaryIou::of_diagonal(ratio, mask.shape) };
        let mut scratch = vec![0; iou.scratch_len(mask.shape.width())];
        let mut rows = iou.rows(mask.shape.width(), &mut scratch)?;
        mask.rows().try_for_each(|row| rows.push_row(&row))?;
        scores.push(rows.finish().iou().value().into());
    }
    if choice.wants("boundary_f") {
        scores.push(boundary_f(choice, mask)?);
    }
    if choice.wants_any(&["trimap", "trimap_accuracy"]) {
        let trimap = trimap(choice);
        let mut scratch = vec![0; trimap.scratch_len(mask.shape.width())?];
        let mut rows = trimap.rows(mask.shape.width(), &mut scratch)?;
        mask.rows().try_for_each(|row| rows.push_row(&row))?;
        let counts = rows.finish();
        let values = [("trimap", counts.report().iou()), ("trimap_accuracy", counts.accuracy())];
        scores
            .extend(values.iter().filter(|(key, _)| choice.wants(key)).map(|(_, v)| Score::from(v.value())));
    }
    if choice.wants_any(&TOPOLOGY) {
        let prediction = topology(choice, mask, &mask.prediction)?;
        let labels = topology(choice, mask, &mask.labels)?;
        let values = [
            f64::from(prediction.components),
            f64::from(labels.components),
            f64::from(prediction.holes),
            f64::from(labels.holes),
            prediction.euler() as f64,
            labels.euler() as f64,
            prediction.betti_error(labels) as f64,
        ];
        let score = |value| if is_there { Score::Value(value) } else { Score::Undefined };
        scores.extend(
            TOPOLOGY.into_iter().zip(values).filter(|(key, _)| choice.wants(key)).map(|(_, v)| score(v)),
        );
    }
    if choice.wants_any(&LINES) {
        scores.extend(lines(choice, mask)?);
    }
    scores.extend(segment::of_class(choice, mask, all)?);
    Ok(scores)
}

fn distances(choice: &Choice, mask: &Mask) -> Result<SurfaceReport> {
    let percentile = choice.surface.percentile.filter(|_| choice.wants("hd95"));
    surface(&Surface { percentile, ..choice.surface }, mask)
}

fn surface(surface: &Surface, mask: &Mask) -> Result<SurfaceReport> {
    let mut scratch = vec![0; surface.scratch_len(mask.shape)];
    let mut rows = surface.rows(mask.shape, &mut scratch)?;
    mask.rows().try_for_each(|row| rows.push_row(&row))?;
    rows.finish()
}

/// Row by row, unless the tolerance reaches too many of them.
fn boundary_f(choice: &Choice, mask: &Mask) -> Result<Score> {
    let matching = matching(choice, mask.shape);
    let Matching { contour, spacing, tolerance, empties } = matching;
    let Ok(need) = matching.scratch_len(mask.shape.width()) else {
        let of = Surface { contour, spacing, tolerance, percentile: None, ..Surface::SEGMETER };
        return Ok(surface(&Surface { nsd_empties: empties, ..of }, mask)?.f_score());
    };
    let mut scratch = vec![0; need];
    let mut rows = matching.rows(mask.shape.width(), &mut scratch)?;
    mask.rows().try_for_each(|row| rows.push_row(&row))?;
    Ok(rows.finish().f_score())
}

/// How contours are matched for the boundary F score.
pub(super) fn matching(choice: &Choice, shape: Shape) -> Matching {
    let spacing = choice.surface.spacing;
    let mut matching = match choice.preset {
        Some("davis_f") => Matching::davis(shape),
        _ => Matching { spacing, ..Matching::new(choice.surface.tolerance) },
    };
    matching.contour.frame_counts = choice.detail.frame_counts.unwrap_or(matching.contour.frame_counts);
    matching
}

/// The pixels near the labelled contour.
pub(super) fn trimap(choice: &Choice) -> Trimap {
    let mut trimap = Trimap::new(choice.trimap_radius);
    trimap.contour.frame_counts = choice.detail.frame_counts.unwrap_or(trimap.contour.frame_counts);
    trimap
}

/// APLS as published, in the unit of a pixel's size.
pub(super) fn apls(choice: &Choice) -> Apls {
    Apls { spacing: choice.surface.spacing.row(), ..Apls::PAPER }
}

fn topology(choice: &Choice, mask: &Mask, words: &[u32]) -> Result<Topology> {
    let width = mask.shape.width();
    let connectivity = choice.detail.connectivity.unwrap_or(Connectivity::Four);
    let mut scratch = vec![0; Components::scratch_len(width)];
    let mut components = Components::new(width, connectivity, choice.min_area, &mut scratch)?;
    mask.lines(words).for_each(|row| components.push_bits(row));
    Ok(components.finish())
}

/// What is read from the skeletons of a class, which are the same for all of it.
fn lines(choice: &Choice, mask: &Mask) -> Result<Vec<Score>> {
    let mut scratch = vec![0; skeleton::scratch_len(mask.shape)];
    let [mut a, mut b, mut c, mut d] =
        [&mask.prediction, &mask.labels, &mask.prediction, &mask.labels].map(Vec::clone);
    let (prediction, labels) = (Bits::of_words(mask.shape, &mut a)?, Bits::of_words(mask.shape, &mut b)?);
    let (mut predicted, mut labelled) =
        (Bits::of_words(mask.shape, &mut c)?, Bits::of_words(mask.shape, &mut d)?);
    let mut scores = Vec::new();
    skeleton::thin(&mut predicted, &mut scratch)?;
    skeleton::thin(&mut labelled, &mut scratch)?;
    if choice.wants("centreline_dice") {
        let found = CentrelineDice::of_skeletons([&prediction, &labels], [&predicted, &labelled])?;
        // What finds nothing must not leave the mean.
        let empties = match choice.preset {
            Some("metrics_reloaded") => Empties::FORMULA,
            _ => Empties::new(Empty::Undefined, Empty::Zero),
        };
        scores.push(found.score(empties));
    }
    if choice.wants("apls") && !is_square(choice.surface.spacing) {
        scores.push(Score::Undefined);
    } else if choice.wants("apls") {
        let [prediction, labels] = [&predicted, &labelled].map(RoadGraph::of_skeleton);
        scores.push(apls(choice).report_of_graphs(&prediction, &labels)?.value.into());
    }
    Ok(scores)
}

/// What is measured of a road, in the order of [`of_road`].
pub(super) fn road_keys(choice: &Choice) -> Vec<&'static str> {
    ROAD.into_iter().filter(|key| choice.wants(key)).collect()
}

/// Measures the road.
pub(super) fn of_road(choice: &Choice, mask: &Mask) -> Result<Vec<Score>> {
    let prediction = Road::new(choice, mask, &mask.prediction)?;
    let labels = Road::new(choice, mask, &mask.labels)?;
    let mut offset = Deviation::of(&prediction.left, &labels.left);
    offset.merge(&Deviation::of(&prediction.right, &labels.right));
    let width = Deviation::of(&prediction.width, &labels.width);
    let lowest = Deviation::of(&prediction.lowest, &labels.lowest);
    let values = ROAD.into_iter().zip([width, offset, lowest]).filter(|(key, _)| choice.wants(key));
    Ok(values.map(|(_, deviation)| deviation.mean_absolute().into()).collect())
}

/// The profile of a road.
struct Road {
    left: Vec<u16>,
    right: Vec<u16>,
    width: Vec<u16>,
    lowest: Vec<u16>,
}

impl Road {
    fn new(choice: &Choice, mask: &Mask, words: &[u32]) -> Result<Self> {
        let shape = mask.shape;
        let (mut left, mut right) = (vec![0; shape.height()], vec![0; shape.height()]);
        let mut lowest = vec![0; shape.width()];
        let ego = choice.ego.unwrap_or(shape.width() / 2);
        let mut profile = RoadProfile::new(ego, [&mut left, &mut right], &mut lowest)?;
        let mut width = Vec::with_capacity(shape.height());
        for row in mask.lines(words) {
            let corridor = profile.push_row(|column| row[column / 32] >> (column % 32) & 1 == 1)?;
            width.push(if corridor.left == NONE { NONE } else { corridor.width() });
        }
        Ok(Self { left, right, width, lowest })
    }
}
