//! What the monitor watches.

use super::{EstimatedIou, Group, Outline, Profile, Reference, Statistics};
use crate::num::Q16;
use crate::sketch::{Count, SigmoidTable, Sketch};

/// Number of signals.
pub const SIGNALS: usize = 8;

/// What the monitor watches of every frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Signal {
    /// [`Statistics::road_fraction`].
    RoadFraction,
    /// [`Outline::boundary_density`].
    BoundaryDensity,
    /// [`Outline::relative_centroid_row`].
    RelativeCentroidRow,
    /// [`Statistics::mean_entropy`].
    MeanEntropy,
    /// [`Statistics::road_margin`].
    RoadMargin,
    /// [`EstimatedIou::value`].
    EstimatedIou,
    /// [`super::Reference::population_stability_index`].
    PopulationStability,
    /// [`super::Reference::wasserstein`], in steps of a code.
    Wasserstein,
}

impl Signal {
    /// All signals, in the order of every array of signals.
    pub const ALL: [Self; SIGNALS] = [
        Self::RoadFraction,
        Self::BoundaryDensity,
        Self::RelativeCentroidRow,
        Self::MeanEntropy,
        Self::RoadMargin,
        Self::EstimatedIou,
        Self::PopulationStability,
        Self::Wasserstein,
    ];

    /// The name that reports use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RoadFraction => "road_fraction",
            Self::BoundaryDensity => "boundary_density",
            Self::RelativeCentroidRow => "relative_centroid_row",
            Self::MeanEntropy => "mean_entropy",
            Self::RoadMargin => "road_margin",
            Self::EstimatedIou => "estimated_iou",
            Self::PopulationStability => "population_stability_index",
            Self::Wasserstein => "wasserstein",
        }
    }

    /// What it speaks of: [`Group::Geometry`] alone is no alarm, for the road ahead changes without the model being at fault.
    #[must_use]
    pub const fn group(self) -> Group {
        match self {
            Self::RoadFraction | Self::BoundaryDensity | Self::RelativeCentroidRow => Group::Geometry,
            _ => Group::Confidence,
        }
    }

    /// To which side it speaks of drift: a frame that is nearer to the reference than others, or whose mask is believed to be
    /// better, is no reason for an alarm.
    #[must_use]
    pub const fn side(self) -> Side {
        match self {
            Self::PopulationStability | Self::Wasserstein => Side::Up,
            Self::EstimatedIou => Side::Down,
            _ => Side::Both,
        }
    }

    /// A value as its chart has it: distances as their root of fourth degree, for they are never below 0 and far above their
    /// mean at times, and a chart must not pay for that with blindness.
    #[must_use]
    pub fn charted(self, value: Q16) -> Q16 {
        match self {
            Self::PopulationStability | Self::Wasserstein => value.root().root(),
            _ => value,
        }
    }

    /// Its bit in a set of signals: bit 0 is the first of [`Signal::ALL`].
    #[must_use]
    pub const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// To which side of its reference a signal speaks of drift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Side {
    /// To either.
    Both,
    /// Above it alone: distances.
    Up,
    /// Below it alone: the estimated IoU.
    Down,
}

impl Side {
    /// As much of a score as lies to that side.
    #[inline]
    #[must_use]
    pub fn of(self, score: Q16) -> Q16 {
        match self {
            Self::Both => score,
            Self::Up => score.max(Q16::ZERO),
            Self::Down => score.min(Q16::ZERO),
        }
    }
}

/// The signals of one frame, in the order of [`Signal::ALL`]; `None` where a frame has no such value (no road: no margin of
/// the road, no centroid).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signals(pub [Option<Q16>; SIGNALS]);

impl Signals {
    /// Measures a frame; `None` if it has no pixel.
    #[must_use]
    pub fn new<N: Count>(
        sketch: &Sketch<N>,
        outline: &Outline,
        table: &SigmoidTable,
        profile: &Profile,
    ) -> Option<Self> {
        let statistics = Statistics::new(sketch, table)?;
        let estimate = EstimatedIou::by(profile, sketch, outline, table);
        Some(Self::of(sketch, &statistics, estimate.as_ref(), outline, &profile.reference))
    }

    /// Puts together what has been measured of a frame, with its distances to the reference.
    pub(super) fn of<N: Count>(
        sketch: &Sketch<N>,
        statistics: &Statistics,
        estimate: Option<&EstimatedIou>,
        outline: &Outline,
        reference: &Reference,
    ) -> Self {
        Self([
            Some(statistics.road_fraction),
            Some(outline.boundary_density()),
            outline.relative_centroid_row(),
            Some(statistics.mean_entropy),
            statistics.road_margin,
            estimate.map(|iou| iou.value),
            reference.population_stability_index(sketch).map(Q16::from_f32),
            reference.wasserstein(sketch).map(Q16::from_f32),
        ])
    }

    /// The value of a signal.
    #[must_use]
    pub fn get(&self, signal: Signal) -> Option<Q16> {
        self.0.get(signal as usize).copied().flatten()
    }
}
