//! Metrics of shape: contours, components and the road, of one image at a time.

use segmeter::apls::Apls;
use segmeter::core::Result;
use segmeter::core::metric::road::{Deviation, NONE, RoadProfile};
use segmeter::core::metric::surface::{BoundaryIou, Matching, Surface, SurfaceReport, Trimap};
use segmeter::core::metric::topology::{
    Components, Connectivity, Topology, centreline_dice, centreline_scratch_len,
};
use segmeter::core::metric::{Empties, Empty, Score};
use segmeter::core::plane::{Bits, Row};
use segmeter::core::view::{IGNORE, Shape};

use super::choice::{Choice, is_square};
use super::predict::{IGNORED, Pair};
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
const ROAD: [&str; 3] = ["corridor_width", "boundary_offset", "lowest_road"];

/// A class of an image against the rest: 1 and 0, and in labels [`IGNORE`].
pub(super) struct Ids {
    pub(super) shape: Shape,
    pub(super) prediction: Vec<u8>,
    pub(super) labels: Vec<u8>,
}

impl Ids {
    pub(super) fn of(pair: &Pair, class: u16) -> Self {
        let prediction = pair.prediction.iter().map(|id| u8::from(*id == class)).collect();
        let label = |id: &u16| if *id == IGNORED { IGNORE } else { u8::from(*id == class) };
        Self { shape: pair.shape, prediction, labels: pair.labels.iter().map(label).collect() }
    }

    /// A class in neither mask is worth the same in every frame.
    pub(super) fn nothing() -> Result<Self> {
        Ok(Self { shape: Shape::new(1, 1)?, prediction: vec![0], labels: vec![IGNORE] })
    }

    fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let width = self.shape.width();
        let rows = self.prediction.chunks(width).zip(self.labels.chunks(width));
        rows.map(|(prediction, label)| Row::Ids { prediction, label, class: 1, ignore: IGNORE })
    }

    /// Scored pixels of the class: predicted, or labelled.
    pub(super) fn masks(&self) -> [impl Fn(usize) -> bool + Copy + '_; 2] {
        let labels = &self.labels;
        [&self.prediction, labels]
            .map(|ids| move |pixel: usize| ids.get(pixel) == Some(&1) && labels.get(pixel) != Some(&IGNORE))
    }
}

/// What is measured of a class, in the order of [`of_class`].
pub(super) fn keys(choice: &Choice) -> Vec<&'static str> {
    let surface = ["boundary_iou", "boundary_f", "trimap", "trimap_accuracy"];
    let all = DISTANCES.into_iter().chain(surface).chain(TOPOLOGY).chain(["centreline_dice", "apls"]);
    let all = all.map(|key| choice.key_of(key));
    all.filter(|key| choice.wants(key)).chain(segment::keys(choice)).collect()
}

/// Measures a class that is in the labels or the prediction, or in neither, in all of which nothing is to be seen; its
/// segments are added to `all`.
pub(super) fn of_class(choice: &Choice, ids: &Ids, is_there: bool, all: &mut Segments) -> Result<Vec<Score>> {
    let mut scores = Vec::new();
    if choice.wants_any(&DISTANCES) {
        let report = distances(choice, ids)?;
        let percentile = report.percentile().unwrap_or(Score::Undefined);
        let values = [report.hausdorff(), percentile, report.assd(), report.masd(), report.nsd()];
        scores.extend(DISTANCES.into_iter().zip(values).filter(|(key, _)| choice.wants(key)).map(|(_, v)| v));
    }
    if choice.wants("boundary_iou") {
        let (ratio, frame_counts) = choice.boundary;
        let iou = BoundaryIou { frame_counts, ..BoundaryIou::of_diagonal(ratio, ids.shape) };
        let mut scratch = vec![0; iou.scratch_len(ids.shape.width())];
        let mut rows = iou.rows(ids.shape.width(), &mut scratch)?;
        ids.rows().try_for_each(|row| rows.push_row(&row))?;
        scores.push(rows.finish().iou().value().into());
    }
    if choice.wants("boundary_f") {
        scores.push(boundary_f(choice, ids)?);
    }
    if choice.wants_any(&["trimap", "trimap_accuracy"]) {
        let trimap = trimap(choice);
        let mut scratch = vec![0; trimap.scratch_len(ids.shape.width())?];
        let mut rows = trimap.rows(ids.shape.width(), &mut scratch)?;
        ids.rows().try_for_each(|row| rows.push_row(&row))?;
        let counts = rows.finish();
        let values = [("trimap", counts.report().iou()), ("trimap_accuracy", counts.accuracy())];
        scores
            .extend(values.iter().filter(|(key, _)| choice.wants(key)).map(|(_, v)| Score::from(v.value())));
    }
    if choice.wants_any(&TOPOLOGY) {
        let [prediction, labels] = ids.masks();
        let prediction = topology(choice, ids.shape, prediction)?;
        let labels = topology(choice, ids.shape, labels)?;
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
    if choice.wants("centreline_dice") {
        scores.push(centreline(choice, ids)?);
    }
    if choice.wants("apls") && !is_square(choice.surface.spacing) {
        scores.push(Score::Undefined);
    } else if choice.wants("apls") {
        let [prediction, labels] = ids.masks();
        scores.push(apls(choice).report(ids.shape, prediction, labels)?.value.into());
    }
    scores.extend(segment::of_class(choice, ids, all)?);
    Ok(scores)
}

fn distances(choice: &Choice, ids: &Ids) -> Result<SurfaceReport> {
    let percentile = choice.surface.percentile.filter(|_| choice.wants("hd95"));
    surface(&Surface { percentile, ..choice.surface }, ids)
}

fn surface(surface: &Surface, ids: &Ids) -> Result<SurfaceReport> {
    let mut scratch = vec![0; surface.scratch_len(ids.shape)];
    let mut rows = surface.rows(ids.shape, &mut scratch)?;
    ids.rows().try_for_each(|row| rows.push_row(&row))?;
    rows.finish()
}

/// Row by row, unless the tolerance reaches too many of them.
fn boundary_f(choice: &Choice, ids: &Ids) -> Result<Score> {
    let matching = matching(choice, ids.shape);
    let Matching { contour, spacing, tolerance, empties } = matching;
    let Ok(need) = matching.scratch_len(ids.shape.width()) else {
        let of = Surface { contour, spacing, tolerance, percentile: None, ..Surface::SEGMETER };
        return Ok(surface(&Surface { nsd_empties: empties, ..of }, ids)?.f_score());
    };
    let mut scratch = vec![0; need];
    let mut rows = matching.rows(ids.shape.width(), &mut scratch)?;
    ids.rows().try_for_each(|row| rows.push_row(&row))?;
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

fn topology(choice: &Choice, shape: Shape, mask: impl Fn(usize) -> bool) -> Result<Topology> {
    let width = shape.width();
    let connectivity = choice.detail.connectivity.unwrap_or(Connectivity::Four);
    let mut scratch = vec![0; Components::scratch_len(width)];
    let mut components = Components::new(width, connectivity, choice.min_area, &mut scratch)?;
    (0..shape.height()).for_each(|row| components.push_row(|column| mask(row * width + column)));
    Ok(components.finish())
}

fn centreline(choice: &Choice, ids: &Ids) -> Result<Score> {
    let [mut a, mut b] = [(); 2].map(|()| vec![0; Bits::words(ids.shape)]);
    let [prediction, labels] = ids.masks();
    let prediction = Bits::new(ids.shape, &mut a, prediction)?;
    let labels = Bits::new(ids.shape, &mut b, labels)?;
    let mut scratch = vec![0; centreline_scratch_len(ids.shape)];
    let found = centreline_dice(&prediction, &labels, &mut scratch)?;
    // What finds nothing must not leave the mean.
    let empties = match choice.preset {
        Some("metrics_reloaded") => Empties::FORMULA,
        _ => Empties::new(Empty::Undefined, Empty::Zero),
    };
    Ok(found.score(empties))
}

/// What is measured of a road, in the order of [`of_road`].
pub(super) fn road_keys(choice: &Choice) -> Vec<&'static str> {
    ROAD.into_iter().filter(|key| choice.wants(key)).collect()
}

/// Measures the road.
pub(super) fn of_road(choice: &Choice, ids: &Ids) -> Result<Vec<Score>> {
    let [prediction, labels] = ids.masks();
    let prediction = Road::new(choice, ids.shape, prediction)?;
    let labels = Road::new(choice, ids.shape, labels)?;
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
    fn new(choice: &Choice, shape: Shape, mask: impl Fn(usize) -> bool) -> Result<Self> {
        let (mut left, mut right) = (vec![0; shape.height()], vec![0; shape.height()]);
        let mut lowest = vec![0; shape.width()];
        let ego = choice.ego.unwrap_or(shape.width() / 2);
        let mut profile = RoadProfile::new(ego, [&mut left, &mut right], &mut lowest)?;
        let mut width = Vec::with_capacity(shape.height());
        for row in 0..shape.height() {
            let corridor = profile.push_row(|column| mask(row * shape.width() + column))?;
            width.push(if corridor.left == NONE { NONE } else { corridor.width() });
        }
        Ok(Self { left, right, width, lowest })
    }
}
