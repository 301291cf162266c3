//! The numbers of a frame, read from its integer sums.

use super::definition::{Percentile, Pooling, Rank, Spacing, Surface};
use crate::metric::{Empties, Score};
use crate::plane::{Contour, Edge};
use crate::view::Shape;

/// From whose contour distances are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Direction {
    /// Of every pixel of the predicted contour, to the labelled one.
    PredictionToLabel,
    /// Of every pixel of the labelled contour, to the predicted one.
    LabelToPrediction,
}

/// Which contours a frame lacks. A mask without a pixel has none, and one that fills a frame that does not
/// count has none either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Missing {
    /// None: everything is defined.
    Neither,
    /// The prediction's.
    Prediction,
    /// The label's.
    Label,
    /// Both.
    Both,
}

impl Missing {
    pub(super) const fn of(prediction: Counts, label: Counts) -> Self {
        match (matches!(prediction, [0, 0, 0]), matches!(label, [0, 0, 0])) {
            (false, false) => Self::Neither,
            (true, false) => Self::Prediction,
            (false, true) => Self::Label,
            (true, true) => Self::Both,
        }
    }

    /// The value, or what the policy makes of its absence.
    pub(super) fn score(self, empties: Empties, worst: f64, value: impl FnOnce() -> f64) -> Score {
        let (no_prediction, no_label) = match self {
            Self::Neither => (false, false),
            Self::Prediction => (true, false),
            Self::Label => (false, true),
            Self::Both => (true, true),
        };
        let value = (self == Self::Neither).then(value);
        empties.resolve(no_label, no_prediction, value, Some(worst))
    }
}

/// Contour by kind: pixels, or corners that are cut; corners on a horizontal piece; on a vertical one.
pub(super) type Counts = [u64; 3];

/// Pixels or corners; a corner that is cut twice counts as two.
pub(super) const fn elements([cut, along, across]: Counts) -> u64 {
    cut.saturating_add(along).saturating_add(across)
}

pub(super) const fn add([a, b, c]: Counts, [d, e, f]: Counts) -> Counts {
    [a.saturating_add(d), b.saturating_add(e), c.saturating_add(f)]
}

/// 2^58: of a root of up to 37 bits all 53 are whole then, and 2^32 of them fit.
pub(super) const LENGTH_ONE: f64 = 288_230_376_151_711_744.0;

/// The integer sums of one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) count: Counts,
    /// Of these, within the tolerance.
    pub(super) within: Counts,
    /// Sums of the lengths of distances, each rounded once to 53 bits, in steps of 1 / [`LENGTH_ONE`]: exact.
    pub(super) length: [u128; 3],
    /// The largest squared distance.
    pub(super) largest: u64,
}

impl Sums {
    /// Both directions in one.
    pub(super) fn with(&self, other: &Self) -> Self {
        let mut length = self.length;
        length.iter_mut().zip(other.length).for_each(|(own, other)| *own = own.saturating_add(other));
        let (count, within) = (add(self.count, other.count), add(self.within, other.within));
        Self { count, within, length, largest: self.largest.max(other.largest) }
    }
    pub(super) const fn is_empty(&self) -> bool {
        matches!(self.count, [0, 0, 0])
    }
}

/// The distances between the contours of a prediction and its label.
///
/// Every method says what it is whatever the definition; [`SurfaceReport::mean`] and [`SurfaceReport::nsd`]
/// are the variants that the definition names.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SurfaceReport {
    pub(super) definition: Surface,
    pub(super) shape: Shape,
    /// Prediction to label, label to prediction.
    pub(super) sums: [Sums; 2],
    pub(super) percentile: Option<f64>,
}

impl SurfaceReport {
    /// The choices behind the numbers.
    #[must_use]
    pub const fn definition(&self) -> Surface {
        self.definition
    }
    /// Which contours there are not.
    #[must_use]
    pub const fn missing(&self) -> Missing {
        let [forth, back] = &self.sums;
        Missing::of(forth.count, back.count)
    }

    const fn of(&self, direction: Direction) -> &Sums {
        let [forth, back] = &self.sums;
        match direction {
            Direction::PredictionToLabel => forth,
            Direction::LabelToPrediction => back,
        }
    }
    fn pooled(&self) -> Sums {
        let [forth, back] = &self.sums;
        forth.with(back)
    }

    fn score(&self, empties: Empties, worst: f64, value: impl FnOnce() -> f64) -> Score {
        self.missing().score(empties, worst, value)
    }

    fn distance(&self, empties: Empties, value: impl FnOnce() -> f64) -> Score {
        self.score(empties, self.definition.spacing.diagonal(self.shape), value)
    }

    /// Hausdorff distance: the largest distance of both directions.
    #[must_use]
    pub fn hausdorff(&self) -> Score {
        let [forth, back] = &self.sums;
        let largest = forth.largest.max(back.largest);
        self.distance(self.definition.hausdorff_empties, || self.definition.length(self.shape, largest))
    }

    /// The largest distance of one direction.
    #[must_use]
    pub fn directed_hausdorff(&self, direction: Direction) -> Score {
        let largest = self.of(direction).largest;
        self.distance(self.definition.hausdorff_empties, || self.definition.length(self.shape, largest))
    }

    /// The percentile of the definition, HD95 by default; `None` if it names none.
    #[must_use]
    pub fn percentile(&self) -> Option<Score> {
        self.definition.percentile?;
        Some(self.distance(self.definition.percentile_empties, || self.percentile.unwrap_or(f64::NAN)))
    }

    /// Mean distance of one direction: ASD.
    #[must_use]
    pub fn directed_mean(&self, direction: Direction) -> Score {
        self.distance(self.definition.mean_empties, || self.mean_of(self.of(direction)))
    }

    /// Average symmetric surface distance: the mean of all distances of both directions.
    #[must_use]
    pub fn assd(&self) -> Score {
        self.distance(self.definition.mean_empties, || self.mean_of(&self.pooled()))
    }

    /// Mean average surface distance: the mean of the two directed means.
    #[must_use]
    pub fn masd(&self) -> Score {
        let [forth, back] = &self.sums;
        self.distance(self.definition.mean_empties, || 0.5 * (self.mean_of(forth) + self.mean_of(back)))
    }

    /// [`SurfaceReport::assd`] or [`SurfaceReport::masd`], as the definition says.
    #[must_use]
    pub fn mean(&self) -> Score {
        match self.definition.mean {
            Pooling::Pooled => self.assd(),
            Pooling::Directed => self.masd(),
        }
    }

    /// The share of one contour that lies within the tolerance of the other: the precision of the predicted
    /// contour, the recall of the labelled one.
    #[must_use]
    pub fn matched(&self, direction: Direction) -> Score {
        self.score(self.definition.nsd_empties, 0.0, || self.share_of(self.of(direction)))
    }

    /// Normalised surface distance, surface Dice: the share of both contours within the tolerance of the other.
    #[must_use]
    pub fn nsd_pooled(&self) -> Score {
        self.score(self.definition.nsd_empties, 0.0, || self.share_of(&self.pooled()))
    }

    /// The mean of the two shares.
    #[must_use]
    pub fn nsd_of_shares(&self) -> Score {
        let [forth, back] = &self.sums;
        let mean = || 0.5 * (self.share_of(forth) + self.share_of(back));
        self.score(self.definition.nsd_empties, 0.0, mean)
    }

    /// [`SurfaceReport::nsd_pooled`] or [`SurfaceReport::nsd_of_shares`], as the definition says.
    #[must_use]
    pub fn nsd(&self) -> Score {
        match self.definition.nsd {
            Pooling::Pooled => self.nsd_pooled(),
            Pooling::Directed => self.nsd_of_shares(),
        }
    }

    /// The boundary F score, the harmonic mean of the two shares, 0 if both are: [`MatchCounts::f_score`], for a tolerance
    /// that reaches any number of rows.
    ///
    /// [`MatchCounts::f_score`]: super::MatchCounts::f_score
    #[must_use]
    pub fn f_score(&self) -> Score {
        let [forth, back] = &self.sums;
        let mean = || harmonic_mean(self.share_of(forth), self.share_of(back));
        self.score(self.definition.nsd_empties, 0.0, mean)
    }

    fn mean_of(&self, sums: &Sums) -> f64 {
        let total = sums.length.map(|length| length as f64 / LENGTH_ONE);
        self.definition.spacing.unit()
            * (self.definition.spacing.contour(self.definition.contour, total)
                / self.definition.contour_length(sums.count))
    }
    fn share_of(&self, sums: &Sums) -> f64 {
        self.definition.contour_length(sums.within) / self.definition.contour_length(sums.count)
    }
}

/// Of two shares; 0 if both are.
pub(super) fn harmonic_mean(a: f64, b: f64) -> f64 {
    if a + b > 0.0 { 2.0 * a * b / (a + b) } else { 0.0 }
}

impl Surface {
    /// Contour in pixels, or its length on the grid of corners.
    pub(super) fn contour_length(&self, counts: Counts) -> f64 {
        self.spacing.contour(self.contour, counts.map(|count| count as f64))
    }
}

impl Spacing {
    /// The sum over kinds of contour, each times what it stands for: 1 for a pixel, for a corner a length.
    pub(super) fn contour(self, contour: Contour, [cut, along, across]: [f64; 3]) -> f64 {
        if contour.edge != Edge::Corners {
            return cut;
        }
        let (row, column) = (self.row(), self.column());
        let diagonal = 0.5 * libm::sqrt(row * row + column * column);
        (cut * diagonal + along * column) + across * row
    }
}

impl Percentile {
    /// The place among `count` sorted distances, and how far to go from it to the next.
    pub(super) fn place(&self, count: u64) -> (u64, f64) {
        let place = self.quantile * count.saturating_sub(1) as f64;
        (place as u64, place - (place as u64) as f64)
    }
    /// Whether the percentile is the first distance at which enough contour is reached.
    pub(super) fn is_first_reached(&self) -> bool {
        self.rank == Rank::FirstReached
    }
}
