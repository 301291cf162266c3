//! Metrics of shape, of one image at a time: what is chosen of [`segmeter::shapes`], and the road.

use segmeter::apls::Apls;
use segmeter::core::Result;
use segmeter::core::metric::road::{Deviation, NONE, RoadProfile};
use segmeter::core::metric::surface::{BoundaryIou, Matching, Trimap};
use segmeter::core::metric::topology::Connectivity;
use segmeter::core::metric::{Empties, Empty, Score};
use segmeter::core::view::Shape;
use segmeter::shapes::{self, Asked, ClassMask, surface_keys, topology_keys};

use super::choice::{Choice, is_square};
use super::segment::{self, Segments};

/// Families of what is measured class by class.
pub(super) const FAMILIES: [&str; 3] = ["surface", "topology", "panoptic"];

const ROAD: [&str; 3] = ["corridor_width", "boundary_offset", "lowest_road"];

/// What is measured of a class, in the order of [`of_class`].
pub(super) fn keys(choice: &Choice) -> Vec<&'static str> {
    let all = surface_keys().chain(topology_keys());
    let all = all.map(|key| choice.key_of(key));
    all.filter(|key| choice.wants(key)).chain(segment::keys(choice)).collect()
}

/// Measures a class that is in the labels or the prediction, or in neither, in all of which nothing is to be seen; its
/// segments are added to `all`.
pub(super) fn of_class(
    choice: &Choice,
    mask: &ClassMask,
    is_there: bool,
    all: &mut Segments,
) -> Result<Vec<Score>> {
    let mut scores = shapes::of_class(&asked(choice, &|key| choice.wants(key), mask.shape), mask, is_there)?;
    scores.extend(segment::of_class(choice, mask, all)?);
    Ok(scores)
}

/// What is chosen, for images of a shape.
fn asked<'a>(choice: &Choice, wants: &'a dyn Fn(&str) -> bool, shape: Shape) -> Asked<'a> {
    let (ratio, frame_counts) = choice.boundary;
    Asked {
        wants,
        surface: choice.surface,
        boundary: BoundaryIou { frame_counts, ..BoundaryIou::of_diagonal(ratio, shape) },
        matching: matching(choice, shape),
        trimap: trimap(choice),
        connectivity: choice.detail.connectivity.unwrap_or(Connectivity::Four),
        min_area: choice.min_area,
        // What finds nothing must not leave the mean.
        centreline_empties: match choice.preset {
            Some("metrics_reloaded") => Empties::FORMULA,
            _ => Empties::new(Empty::Undefined, Empty::Zero),
        },
        apls: is_square(choice.surface.spacing).then(|| apls(choice)),
    }
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

/// What is measured of a road, in the order of [`of_road`].
pub(super) fn road_keys(choice: &Choice) -> Vec<&'static str> {
    ROAD.into_iter().filter(|key| choice.wants(key)).collect()
}

/// Measures the road.
pub(super) fn of_road(choice: &Choice, mask: &ClassMask) -> Result<Vec<Score>> {
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
    fn new(choice: &Choice, mask: &ClassMask, words: &[u32]) -> Result<Self> {
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
