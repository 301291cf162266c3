//! The monitor: signals of a frame in, a verdict out.

use super::detector::CusumState;
use super::gate::{self, Facts, Gate, INVALID, Invalid};
use super::harm::Recent;
use super::profile::Moments;
use super::record::record;
use super::{
    Cusum, EstimatedIou, Group, Harm, Level, Outline, Profile, Reasons, Rules, SIGNALS, Signal, Signals,
    Site, State, Statistics, Verdict,
};
use crate::num::Q16;
use crate::sketch::{Count, SigmoidTable, Sketch};

mod site;

record! {
    /// A signal's values in the block under way.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub(super) struct Sum {
        total: i64,
        count: u16,
    }
}

/// What the monitor makes of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Of the frame, whether it is valid or not; `None` if it has no pixel.
    pub statistics: Option<Statistics>,
    /// What the charts were shown, or why they were shown nothing.
    pub signals: Result<Signals, Invalid>,
    /// `None` unless the profile has learnt from labels, and of a frame that was not measured.
    pub estimate: Option<EstimatedIou>,
    /// The loss of IoU that is believed in, over the last frames.
    pub harm: Option<Harm>,
    /// The conclusion so far.
    pub verdict: Verdict,
}

record! {
    /// The monitor's memory: plain data, 736 bytes. It never learns from what it watches, but for a site reference while
    /// one is being captured.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Monitor {
        /// Frames of the warm-up so far.
        warm: u16,
        valid: u16,
        invalid: u16,
        sums: [Sum; SIGNALS],
        gate: Gate,
        /// Invalid frames in a row.
        run: u16,
        recent: Recent,
        charts: [CusumState; SIGNALS],
        site: Site,
        site_moments: [Moments; SIGNALS],
        site_charts: [CusumState; SIGNALS],
        /// Standardised means of the last block against the factory reference.
        scores: [Q16; SIGNALS],
        /// Blocks in a row without unrest in a chart of confidence.
        calm: u16,
        acknowledged: Reasons,
        verdict: Verdict,
        /// Over the monitor's life.
        valid_frames: u64,
        invalid_frames: [u32; INVALID],
        alarms: u32,
    }
}

/// Charts of one reference after a block: signals above half of their threshold, and above it.
#[derive(Clone, Copy, Default)]
struct Charts {
    warnings: u8,
    drifts: u8,
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
        let chart = CusumState { up: Q16::ZERO, down: Q16::ZERO };
        let none = Reasons { factory: 0, site: 0, conditions: 0 };
        Self {
            warm: 0,
            valid: 0,
            invalid: 0,
            sums: [Sum { total: 0, count: 0 }; SIGNALS],
            gate: Gate::NEW,
            run: 0,
            recent: Recent::NEW,
            charts: [chart; SIGNALS],
            site: Site::Empty,
            site_moments: [Moments::NEW; SIGNALS],
            site_charts: [chart; SIGNALS],
            scores: [Q16::ZERO; SIGNALS],
            calm: 0,
            acknowledged: none,
            verdict: Verdict { state: State::Unknown, reasons: none, blocks: 0 },
            valid_frames: 0,
            invalid_frames: [0; INVALID],
            alarms: 0,
        }
    }

    /// A monitor that has lost what it knew: as new, and it says so until its first block.
    #[must_use]
    pub fn lost() -> Self {
        let mut monitor = Self::new();
        monitor.verdict.reasons.conditions = Reasons::STATE_LOST;
        monitor
    }

    /// Measures the next frame, if it may be measured, and shows it to the charts.
    ///
    /// `facts` is what is known besides; its fingerprint is made here. No pass over pixels.
    pub fn watch<N: Count>(
        &mut self,
        profile: &Profile,
        table: &SigmoidTable,
        sketch: &Sketch<N>,
        outline: &Outline,
        facts: Facts,
    ) -> Observation {
        let statistics = Statistics::new(sketch, table);
        let estimate = EstimatedIou::by(profile, sketch, outline, table);
        let shape = outline.shape();
        let fits = profile.identity.fits(shape.height(), shape.width());
        let signals = if fits { gate::sketch_is_valid(sketch) } else { Err(Invalid::Shape) }
            .and_then(|()| statistics.ok_or(Invalid::Missing))
            .and_then(|statistics| {
                self.admit(&profile.rules, &Facts { fingerprint: gate::fingerprint(sketch), ..facts })?;
                Ok(Signals::of(sketch, &statistics, estimate.as_ref(), outline, &profile.reference))
            });
        let frame = signals.as_ref().map(|signals| (signals, estimate.as_ref())).map_err(|why| *why);
        let verdict = self.observe(profile, frame);
        let estimate = estimate.filter(|_| signals.is_ok() && profile.calibration.is_learnt());
        Observation { statistics, signals, estimate, harm: self.harm(profile), verdict }
    }

    /// Whether the next frame, of which this is known, may be measured. Every frame that arrived whole is to pass here once.
    ///
    /// # Errors
    /// [`Invalid::Backwards`], [`Invalid::Gap`], [`Invalid::Exposure`], [`Invalid::Frozen`].
    pub fn admit(&mut self, rules: &Rules, facts: &Facts) -> Result<(), Invalid> {
        self.gate.check(facts, rules)
    }

    /// Takes the signals of the next frame and the estimate of its IoU, or why it was not measured: what
    /// [`Monitor::watch`] does after measuring.
    pub fn observe(
        &mut self,
        profile: &Profile,
        frame: Result<(&Signals, Option<&EstimatedIou>), Invalid>,
    ) -> Verdict {
        let rules = &profile.rules;
        self.run = if frame.is_ok() { 0 } else { self.run.saturating_add(1) };
        if let Err(invalid) = frame {
            if let Some(count) = self.invalid_frames.get_mut(invalid as usize) {
                *count = count.saturating_add(1);
            }
            if self.run == rules.invalid_frames {
                self.verdict.reasons.conditions |= Reasons::INVALID_RUN;
                self.raise();
            }
        } else {
            self.valid_frames = self.valid_frames.saturating_add(1);
        }
        if self.warm < rules.warm_up_frames {
            self.warm += 1;
            self.verdict.reasons.conditions |= Reasons::WARM_UP;
            return self.verdict;
        }
        match frame {
            Ok((Signals(values), estimate)) => {
                if let Some(estimate) = estimate {
                    self.assess(profile, estimate);
                }
                self.valid = self.valid.saturating_add(1);
                for (signal, (sum, value)) in Signal::ALL.into_iter().zip(self.sums.iter_mut().zip(values)) {
                    if let Some(value) = value {
                        sum.total = sum.total.saturating_add(signal.charted(*value).raw().into());
                        sum.count = sum.count.saturating_add(1);
                    }
                }
            }
            Err(_) => self.invalid = self.invalid.saturating_add(1),
        }
        if self.valid.saturating_add(self.invalid) >= rules.block_frames {
            self.close_block(profile);
        }
        self.verdict
    }

    /// Harm is an alarm at the frame that shows it.
    fn assess(&mut self, profile: &Profile, estimate: &EstimatedIou) {
        let was_harmed = self.recent.is_harmed();
        if !self.recent.push(profile, estimate) {
            self.verdict.reasons.conditions &= !Reasons::HARM;
            return;
        }
        self.verdict.reasons.conditions |= Reasons::HARM;
        let is_known =
            self.verdict.state == State::Acknowledged && self.acknowledged.conditions & Reasons::HARM != 0;
        if !was_harmed && !is_known {
            self.raise();
        }
    }

    /// The loss of IoU that is believed in, over the last frames that were measured; `None` before there are enough.
    #[must_use]
    pub fn harm(&self, profile: &Profile) -> Option<Harm> {
        self.recent.harm(profile)
    }

    /// The last verdict.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Block means of the last block, standardised by the factory reference.
    #[must_use]
    pub const fn scores(&self) -> &[Q16; SIGNALS] {
        &self.scores
    }

    /// Frames that were measured.
    #[must_use]
    pub const fn valid_frames(&self) -> u64 {
        self.valid_frames
    }

    /// Frames that were not, by [`Invalid::ALL`]. They stop at the largest number.
    #[must_use]
    pub const fn invalid_frames(&self) -> &[u32; INVALID] {
        &self.invalid_frames
    }

    /// How often the state became an alarm.
    #[must_use]
    pub const fn alarms(&self) -> u32 {
        self.alarms
    }

    /// Somebody has seen the alarm. It ends as any alarm does, and is raised again if another signal drifts.
    pub fn acknowledge(&mut self) {
        if self.verdict.state == State::Alarm {
            self.verdict.state = State::Acknowledged;
            self.acknowledged = self.verdict.reasons;
        }
    }

    fn raise(&mut self) {
        self.calm = 0;
        if self.verdict.state != State::Alarm {
            self.verdict.state = State::Alarm;
            self.alarms = self.alarms.saturating_add(1);
        }
    }

    fn close_block(&mut self, profile: &Profile) {
        let decided = self.valid >= self.invalid && self.valid != 0;
        let sums = core::mem::take(&mut self.sums);
        (self.valid, self.invalid) = (0, 0);
        self.verdict.blocks = self.verdict.blocks.saturating_add(1);
        self.verdict.reasons.conditions &= Reasons::INVALID_RUN | Reasons::HARM;
        if !decided {
            self.verdict.reasons.conditions |= Reasons::UNDECIDED;
            self.calm = 0;
            // An alarm stays: not being able to tell is no reason to end it.
            if !matches!(self.verdict.state, State::Alarm | State::Acknowledged) {
                self.verdict.state = State::Unknown;
            }
            return;
        }
        let means = sums.map(|sum| (sum.count != 0).then(|| Q16::divide(sum.total.into(), sum.count.into())));
        let factory = self.factory_charts(profile, &means);
        let site = self.site_charts(profile, &means);
        self.conclude(profile, factory, site);
    }

    fn factory_charts(&mut self, profile: &Profile, means: &[Option<Q16>; SIGNALS]) -> Charts {
        let mut charts = Charts::default();
        let references = profile.baselines.iter().zip(&profile.charts);
        let own = self.charts.iter_mut().zip(&mut self.scores);
        for ((signal, mean), ((baseline, cusum), (chart, score))) in
            Signal::ALL.into_iter().zip(means).zip(references.zip(own))
        {
            if let Some(mean) = mean {
                *score = baseline.standardise(*mean);
                charts.update(signal, profile, cusum, chart, *score);
            }
        }
        charts
    }

    fn conclude(&mut self, profile: &Profile, factory: Charts, site: Charts) {
        let drifts = factory.drifts | site.drifts;
        let named = |charts: Charts| if drifts == 0 { charts.warnings } else { charts.drifts };
        let reasons = &mut self.verdict.reasons;
        (reasons.factory, reasons.site) = (named(factory), named(site));
        let unsure = Reasons::signals(drifts).filter(|signal| signal.group() == Group::Confidence).count();
        let warnings = factory.warnings | site.warnings;
        // What raises no alarm keeps none.
        let unrest = Reasons::signals(warnings).any(|signal| signal.group() == Group::Confidence);
        self.calm =
            if unrest || self.run != 0 || self.recent.is_harmed() { 0 } else { self.calm.saturating_add(1) };
        let calm_state = if warnings != 0 { State::Watch } else { State::Normal };
        match self.verdict.state {
            State::Alarm | State::Acknowledged if self.calm >= profile.rules.release_blocks => {
                self.verdict.state = calm_state;
                self.verdict.reasons.conditions = 0;
            }
            State::Alarm => {}
            State::Acknowledged => {
                let known = self.acknowledged;
                if factory.drifts & !known.factory != 0 || site.drifts & !known.site != 0 {
                    self.raise();
                }
            }
            _ if unsure >= usize::from(profile.rules.required) => self.raise(),
            _ => self.verdict.state = calm_state,
        }
    }
}

impl Charts {
    fn update(
        &mut self,
        signal: Signal,
        profile: &Profile,
        cusum: &Cusum,
        chart: &mut CusumState,
        score: Q16,
    ) {
        let level = cusum.update_forgetful(chart, signal.side().of(score));
        if profile.watching & signal.bit() == 0 {
            return;
        }
        self.warnings |= if level >= Level::Warning { signal.bit() } else { 0 };
        self.drifts |= if level == Level::Drift { signal.bit() } else { 0 };
    }
}
