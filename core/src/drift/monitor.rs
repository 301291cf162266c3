//! The monitor: signals of a frame in, a verdict out.

use super::detector::{CusumState, PageHinkleyState};
use super::{Cusum, Detector, Level, PageHinkley, Reference, Statistics};
use crate::error::{Error, Result};
use crate::num::Q16;
use crate::sketch::{Count, SigmoidTable, Sketch};
use crate::view::Quantiser;

/// What the monitor watches of every frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Signal {
    /// [`Statistics::road_fraction`]: the scene.
    RoadFraction,
    /// [`Statistics::mean_entropy`]: the model's doubt.
    MeanEntropy,
    /// [`Statistics::mean_margin`]: the model's confidence.
    MeanMargin,
    /// [`Statistics::low_confidence_fraction`]: how much of the frame it doubts.
    LowConfidenceFraction,
    /// [`Reference::population_stability_index`].
    PopulationStability,
    /// [`Reference::wasserstein`], in steps of a code.
    Wasserstein,
}

/// Number of signals.
pub const SIGNALS: usize = 6;

impl Signal {
    /// All signals, in the order of every array of signals.
    pub const ALL: [Self; SIGNALS] = [
        Self::RoadFraction,
        Self::MeanEntropy,
        Self::MeanMargin,
        Self::LowConfidenceFraction,
        Self::PopulationStability,
        Self::Wasserstein,
    ];

    /// The name that reports use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RoadFraction => "road_fraction",
            Self::MeanEntropy => "mean_entropy",
            Self::MeanMargin => "mean_margin",
            Self::LowConfidenceFraction => "low_confidence_fraction",
            Self::PopulationStability => "population_stability_index",
            Self::Wasserstein => "wasserstein",
        }
    }
}

/// The signals of one frame, in the order of [`Signal::ALL`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Signals(pub [Q16; SIGNALS]);

impl Signals {
    /// Measures a frame; `None` if it has no pixel or a counter overflowed.
    #[must_use]
    pub fn new<N: Count>(sketch: &Sketch<N>, table: &SigmoidTable, reference: &Reference) -> Option<Self> {
        if sketch.saturated() {
            return None;
        }
        let statistics = Statistics::new(sketch, table)?;
        Some(Self([
            statistics.road_fraction,
            statistics.mean_entropy,
            statistics.mean_margin,
            statistics.low_confidence_fraction,
            Q16::from_f32(reference.population_stability_index(sketch)?),
            Q16::from_f32(reference.wasserstein(sketch)?),
        ]))
    }
}

/// How a signal's block means lie while all is well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Baseline {
    /// Mean.
    pub mean: Q16,
    /// Standard deviation, above zero.
    pub deviation: Q16,
}

impl Baseline {
    /// The smallest deviation: below it, any change at all would be an alarm.
    pub const FLOOR: Q16 = Q16::from_raw(1 << 6);

    /// Mean and sample deviation of block means; the deviation is at least [`Baseline::FLOOR`] and a hundredth of
    /// the mean. `None` for fewer than two blocks.
    #[must_use]
    pub fn of(blocks: impl Iterator<Item = Q16> + Clone) -> Option<Self> {
        let count = blocks.clone().count() as u64;
        if count < 2 {
            return None;
        }
        let sum: i64 = blocks.clone().map(|x| i64::from(x.raw())).sum();
        let mean = Q16::divide(i128::from(sum), count);
        let squares: u64 = blocks.map(|x| u64::from(x.raw().abs_diff(mean.raw())).pow(2)).sum();
        let deviation = Q16::from_raw(libm::sqrt(squares as f64 / (count - 1) as f64) as i32);
        let floor = Self::FLOOR.max(Q16::from_raw(mean.raw().saturating_abs() / 100));
        Some(Self { mean, deviation: deviation.max(floor) })
    }
}

/// All that a monitor must know: learnt on the desk from in-control frames, sealed, never changed by what is
/// watched. About 1.3 KiB.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// What the codes of the network mean.
    pub quantiser: Quantiser,
    /// Frames of a block.
    pub block_frames: u16,
    /// How each signal behaves in control.
    pub baselines: [Baseline; SIGNALS],
    /// Sees levels.
    pub cusum: Cusum,
    /// Sees changes.
    pub page_hinkley: PageHinkley,
    /// The codes of in-control frames.
    pub reference: Reference,
}

impl Profile {
    /// Checks what a file or a wire may have got wrong.
    ///
    /// # Errors
    /// [`Error::Parameter`] names it.
    pub fn check(&self) -> Result<()> {
        if self.block_frames == 0 {
            return Err(Error::Parameter("block_frames"));
        }
        if self.baselines.iter().any(|b| b.deviation < Baseline::FLOOR) {
            return Err(Error::Parameter("deviation"));
        }
        self.cusum.check()?;
        self.page_hinkley.check()
    }
}

/// What the monitor concludes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum State {
    /// No block is complete yet.
    #[default]
    Unknown,
    /// In control.
    Normal,
    /// A detector is above half of its threshold.
    Watch,
    /// A detector is above its threshold; stays until every detector is below half of its own.
    Alarm,
}

impl State {
    /// The name that reports use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Normal => "normal",
            Self::Watch => "watch",
            Self::Alarm => "alarm",
        }
    }
}

/// Which detectors are above half of their threshold (above it, in an alarm): one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Reasons(pub u16);

impl Reasons {
    /// Signals that the CUSUM names.
    pub fn cusum(self) -> impl Iterator<Item = Signal> {
        self.bits(0)
    }
    /// Signals that the Page-Hinkley test names.
    pub fn page_hinkley(self) -> impl Iterator<Item = Signal> {
        self.bits(SIGNALS)
    }
    fn bits(self, first: usize) -> impl Iterator<Item = Signal> {
        let named = move |(bit, signal)| ((self.0 >> bit) & 1 == 1).then_some(signal);
        (first..).zip(Signal::ALL).filter_map(named)
    }
}

/// The monitor's answer to a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Verdict {
    /// The conclusion after the last complete block.
    pub state: State,
    /// Why, if it is not normal.
    pub reasons: Reasons,
    /// Complete blocks so far.
    pub blocks: u32,
    /// Frames that could not be measured and were left out.
    pub invalid: u32,
}

/// The monitor's memory: under 500 bytes, plain data.
#[derive(Clone, Copy, Debug)]
pub struct Monitor {
    frames: u16,
    sums: [i64; SIGNALS],
    cusum: [CusumState; SIGNALS],
    page_hinkley: [PageHinkleyState; SIGNALS],
    verdict: Verdict,
}

impl Default for Monitor {
    fn default() -> Self {
        Self::new()
    }
}

impl Monitor {
    /// A monitor that has seen nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            frames: 0,
            sums: [0; SIGNALS],
            cusum: [CusumState { up: Q16::ZERO, down: Q16::ZERO }; SIGNALS],
            page_hinkley: [PageHinkleyState::NEW; SIGNALS],
            verdict: Verdict { state: State::Unknown, reasons: Reasons(0), blocks: 0, invalid: 0 },
        }
    }

    /// Takes the signals of the next frame (`None`: it could not be measured).
    pub fn observe(&mut self, profile: &Profile, signals: Option<&Signals>) -> Verdict {
        let Some(Signals(values)) = signals else {
            self.verdict.invalid = self.verdict.invalid.saturating_add(1);
            return self.verdict;
        };
        for (sum, value) in self.sums.iter_mut().zip(values) {
            *sum += i64::from(value.raw());
        }
        self.frames += 1;
        if self.frames >= profile.block_frames {
            self.close_block(profile);
        }
        self.verdict
    }

    /// The last verdict.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    fn close_block(&mut self, profile: &Profile) {
        let frames = u64::from(self.frames);
        let mut worst = Level::Stable;
        let (mut warnings, mut drifts) = (0u16, 0u16);
        let states = self.cusum.iter_mut().zip(&mut self.page_hinkley);
        let signals = self.sums.iter().zip(&profile.baselines).zip(states);
        for (bit, ((sum, baseline), (cusum, page_hinkley))) in signals.enumerate() {
            let mean = Q16::divide(i128::from(*sum), frames);
            let z = mean.minus(baseline.mean).over(baseline.deviation);
            let levels = [profile.cusum.update(cusum, z), profile.page_hinkley.update(page_hinkley, z)];
            for (level, bit) in levels.into_iter().zip([bit, bit + SIGNALS]) {
                worst = worst.max(level);
                warnings |= u16::from(level >= Level::Warning) << bit;
                drifts |= u16::from(level == Level::Drift) << bit;
            }
        }
        let verdict = &mut self.verdict;
        verdict.state = match (worst, verdict.state) {
            (Level::Drift, _) | (Level::Warning, State::Alarm) => State::Alarm,
            (Level::Warning, _) => State::Watch,
            (Level::Stable, _) => State::Normal,
        };
        verdict.reasons = Reasons(if drifts == 0 { warnings } else { drifts });
        verdict.blocks = verdict.blocks.saturating_add(1);
        self.frames = 0;
        self.sums = [0; SIGNALS];
    }
}
