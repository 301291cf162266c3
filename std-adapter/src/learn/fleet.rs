//! Thresholds by simulation: a fleet of monitors that have learnt from as little as this one.

use segmeter_core::drift::detector::CusumState;
use segmeter_core::drift::{Cusum, Detector, Level, Side};
use segmeter_core::num::Q16;

use super::random::Random;
use super::series;
use super::stream::{Blocks, Stream};

/// Monitors of a fleet.
const MONITORS: usize = 1000;
/// Blocks that each of them watches.
const WATCHED: usize = 1000;

/// What a fleet has learnt from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Learnt {
    /// The stream within a drive, as far as it is known.
    pub(super) stream: Stream,
    /// [`series::skewness`] of its frames.
    pub(super) skewness: f64,
    /// Frames that both were measured on.
    pub(super) frames: usize,
    /// Drives, and the blocks of each.
    pub(super) drives: usize,
    pub(super) blocks: usize,
    /// How drives differ.
    pub(super) spread: Spread,
    /// The deviation of the block means of the reference, in deviations of a frame within its drive.
    pub(super) deviation: f64,
    /// What of a score the charts see.
    pub(super) side: Side,
}

/// Variance between drives, that of a frame within its drive being 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spread {
    pub(super) variance: f64,
    /// Degrees of freedom that stand behind it; 0: it is known.
    pub(super) freedom: u16,
    /// How lopsided drives lie.
    pub(super) skewness: f64,
}

impl Spread {
    /// A variance that may have been behind what is known (scaled inverse chi-square).
    fn variance(&self, random: &mut Random) -> f64 {
        if self.freedom == 0 {
            return self.variance;
        }
        let squares: f64 = (0..self.freedom).map(|_| random.normal()).map(|normal| normal * normal).sum();
        self.variance * f64::from(self.freedom) / squares
    }

    /// What a drive lies around, where drives have this deviation.
    fn middle(&self, deviation: f64, random: &mut Random) -> f64 {
        deviation * lopsided(random.normal(), self.skewness)
    }
}

impl Learnt {
    /// A stream that may have been behind what was measured, and the variance of its frames, where 1 was measured.
    ///
    /// The two hang together: frames that resemble each other more than was measured also roam farther. What is known best is
    /// the variance of what a frame adds to the one before it, `1 - rho^2`: nearly every frame stands behind it (scaled
    /// inverse chi-square). The standard error of `rho` is `sqrt((1 - rho^2) / n)` (Bartlett 1946).
    pub(super) fn stream(&self, random: &mut Random) -> (Stream, f64) {
        let (rho, frames) = (self.stream.correlation, self.frames as f64);
        let error = libm::sqrt((1.0 - rho * rho) / frames);
        let correlation = (rho + error * random.normal()).clamp(series::RANGE[0], series::RANGE[1]);
        // Nearly a chi-square, of as many as there are frames (Wilson and Hilferty 1931).
        let part = 2.0 / (9.0 * (frames - 2.0).max(2.0));
        let root = (1.0 - part + libm::sqrt(part) * random.normal()).max(0.1);
        let added = (1.0 - rho * rho) / (root * root * root);
        (Stream { correlation, ..self.stream }, added / (1.0 - correlation * correlation))
    }

    /// Likewise the skewness of a block mean: that of the frames, with the standard error `sqrt(6 / n)`, times the
    /// deviation of a block mean, as if it were the mean of independent frames.
    fn skewness(&self, stream: Stream, random: &mut Random) -> f64 {
        let error = libm::sqrt(6.0 / self.frames as f64);
        (self.skewness + error * random.normal()) * libm::sqrt(stream.block_variance())
    }

    /// How far the mean of the reference may be from that of a drive that is watched, in deviations of a frame.
    pub(super) fn mean_error(&self) -> f64 {
        let drives = self.drives as f64;
        let blocks = drives * self.blocks as f64;
        libm::sqrt(self.stream.long_run_variance() / blocks + self.spread.variance * (1.0 + 1.0 / drives))
    }
}

/// A monitor of the fleet.
struct Member {
    /// What it watches, in deviations of a block mean of the reference.
    scores: Vec<Q16>,
}

impl Member {
    /// A truth that may have been behind what was learnt, and drives of it.
    fn new(learnt: &Learnt, random: &mut Random) -> Self {
        let (stream, within) = learnt.stream(random);
        let skewness = learnt.skewness(stream, random);
        let between = libm::sqrt(learnt.spread.variance(random));
        let drives = learnt.drives as f64;
        let blocks = drives * learnt.blocks as f64;
        // What the reference lies around, and what its frames miss it by.
        let middles: f64 = (0..learnt.drives).map(|_| learnt.spread.middle(between, random)).sum();
        let error = libm::sqrt(within * stream.long_run_variance() / blocks);
        let offset = error * random.normal() - middles / drives;
        let (spread, within) = (libm::sqrt(stream.block_variance()), libm::sqrt(within));
        let mut scores = Vec::with_capacity(WATCHED);
        let mut drive = Blocks::new(stream);
        while scores.len() < WATCHED {
            let middle = offset + learnt.spread.middle(between, random);
            drive.begin(random);
            for _ in 0..learnt.blocks.min(WATCHED - scores.len()) {
                let mean = middle + within * spread * lopsided(drive.next(random) / spread, skewness);
                scores.push(Q16::from_f32((mean / learnt.deviation) as f32));
            }
        }
        Self { scores }
    }
}

/// A chart as a monitor has it.
#[derive(Clone, Copy)]
pub(super) struct Watched(pub(super) Cusum);

impl Detector for Watched {
    type State = CusumState;

    fn update(&self, state: &mut CusumState, z: Q16) -> Level {
        self.0.update_forgetful(state, z)
    }

    fn check(&self) -> segmeter_core::Result<()> {
        self.0.check()
    }
}

/// A chart that alarms where the values have fallen by more than a limit: [`segmeter_core::drift::Harm`].
#[derive(Clone, Copy)]
pub(super) struct Fall(pub(super) Q16);

impl Fall {
    /// The limit below which scores alarm.
    pub(super) fn deepest(scores: &mut dyn Iterator<Item = Q16>) -> Q16 {
        scores.fold(Q16::ZERO, |deepest, score| deepest.max(Q16::ZERO.minus(score)))
    }
}

impl Detector for Fall {
    type State = ();

    fn update(&self, (): &mut (), z: Q16) -> Level {
        let (fall, limit) = (Q16::ZERO.minus(z), self.0);
        // It ends at half of the margin.
        match fall {
            fall if fall > limit => Level::Drift,
            fall if fall.plus(fall) > limit => Level::Warning,
            _ => Level::Stable,
        }
    }

    fn check(&self) -> segmeter_core::Result<()> {
        Ok(())
    }
}

/// Monitors of one signal that have learnt from as much, each its own mean and deviation.
pub(super) struct Fleet {
    members: Vec<Member>,
    deviation: f64,
    side: Side,
    release_blocks: u16,
}

/// Alarms that must be counted for a threshold to rest on them, and those from which on fewer of them are extrapolated.
const FEWEST: f64 = 50.0;
const MORE: f64 = 400.0;

impl Fleet {
    pub(super) fn new(learnt: &Learnt, release_blocks: u16) -> Self {
        let mut random = Random::new(1);
        let members = (0..MONITORS).map(|_| Member::new(learnt, &mut random)).collect();
        Self { members, deviation: learnt.deviation, side: learnt.side, release_blocks }
    }

    /// The threshold of a chart at which the fleet has one false alarm in `interval` blocks without one, and whether it was
    /// extrapolated.
    ///
    /// Where fewer than 50 alarms are left to count, alarms become rarer by the same factor for each step of the threshold
    /// as they do between 400 of them and 50.
    ///
    /// `highest` is the threshold below which scores alarm.
    pub(super) fn threshold<D: Detector>(
        &self,
        interval: f64,
        highest: impl Fn(&mut dyn Iterator<Item = Q16>) -> Q16,
        chart: impl Fn(Q16) -> D,
    ) -> (Q16, bool) {
        let blocks = (self.members.len() * WATCHED) as f64;
        let seen = |member: &Member| highest(&mut member.scores.iter().map(|score| self.side.of(*score)));
        let highest: Vec<Q16> = self.members.iter().map(seen).collect();
        let lowest =
            |interval| bisect(|threshold| self.is_shorter(interval, &highest, threshold, &chart(threshold)));
        let counted = lowest(interval.min(blocks / FEWEST));
        if interval <= blocks / FEWEST {
            return (Q16::from_raw(counted), false);
        }
        let before = lowest(blocks / MORE);
        let step = f64::from(counted - before) / libm::log(MORE / FEWEST);
        let beyond = f64::from(counted) + step * libm::log(interval * FEWEST / blocks);
        (Q16::from_raw(beyond.min(f64::from(MOST)) as i32), true)
    }

    /// Whether [`Fleet::interval`] is shorter; as soon as it is known, for that is asked often.
    fn is_shorter(&self, interval: f64, highest: &[Q16], threshold: Q16, chart: &impl Detector) -> bool {
        let most = (self.members.len() * WATCHED) as f64;
        let (mut alarms, mut normal) = (0u64, 0u64);
        for (member, highest) in self.members.iter().zip(highest) {
            if *highest <= threshold {
                normal += member.scores.len() as u64;
                continue;
            }
            let (more, calm) = self.count(member, chart);
            alarms += u64::from(more);
            normal += u64::from(calm);
            if alarms as f64 * interval > most {
                return true;
            }
        }
        (normal as f64) < alarms as f64 * interval
    }

    /// Blocks without an alarm for each alarm.
    #[cfg(test)]
    pub(super) fn interval(&self, chart: &impl Detector) -> f64 {
        let (mut alarms, mut normal) = (0u64, 0u64);
        for member in &self.members {
            let (more, calm) = self.count(member, chart);
            alarms += u64::from(more);
            normal += u64::from(calm);
        }
        normal as f64 / alarms as f64
    }

    /// Alarms of a member, and its blocks without one.
    fn count<D: Detector>(&self, member: &Member, chart: &D) -> (u32, u32) {
        let mut state = D::State::default();
        let (mut alarm, mut calm) = (false, 0);
        let (mut alarms, mut normal) = (0, 0);
        for score in &member.scores {
            let level = chart.update(&mut state, self.side.of(*score));
            calm = if level == Level::Stable { calm + 1 } else { 0 };
            if alarm {
                alarm = calm < self.release_blocks;
            } else {
                normal += 1;
                if level == Level::Drift {
                    alarm = true;
                    alarms += 1;
                }
            }
        }
        (alarms, normal)
    }

    /// The least shift, in deviations of a frame within its drive, that `share` of the monitors alarm at within `blocks`
    /// blocks, wherever it begins: up or down, whichever takes more.
    pub(super) fn shift_seen<D: Detector>(&self, chart: &D, blocks: usize, share: f64) -> f64 {
        let signs = match self.side {
            Side::Both => [1.0, -1.0],
            Side::Up => [1.0, 1.0],
            Side::Down => [-1.0, -1.0],
        };
        let seen = |shift: f64| {
            let (mut seen, mut trials) = (0_u32, 0_u32);
            for (member, sign) in self.members.iter().zip(signs.into_iter().cycle()) {
                let by = Q16::from_f32((sign * shift / self.deviation) as f32);
                // Each trial begins where the one before it ended, with sums of nothing: as after any calm time.
                for scores in member.scores.chunks_exact(blocks).step_by(16) {
                    let mut state = D::State::default();
                    let alarms =
                        |score: &Q16| chart.update(&mut state, self.side.of(score.plus(by))) == Level::Drift;
                    seen += u32::from(scores.iter().any(alarms));
                    trials += 1;
                }
            }
            f64::from(seen) >= share * f64::from(trials)
        };
        let (mut low, mut high) = (0.0, 1.0);
        while high < 1e6 && !seen(high) {
            (low, high) = (high, 2.0 * high);
        }
        for _ in 0..8 {
            let middle = f64::midpoint(low, high);
            if seen(middle) { high = middle } else { low = middle }
        }
        high
    }
}

/// A normal number made lopsided: nearly that of a gamma distribution with mean 0 and variance 1 (Wilson and Hilferty 1931).
fn lopsided(normal: f64, skewness: f64) -> f64 {
    if skewness.abs() < 1e-3 {
        return normal;
    }
    let root = 1.0 + skewness * normal / 6.0 - skewness * skewness / 36.0;
    2.0 / skewness * (root * root * root - 1.0)
}

/// The largest threshold: sums go above a threshold, and must be numbers there.
const MOST: i32 = i32::MAX / 2;

/// The least threshold that is told from none.
pub(super) const LOWEST: i32 = 1 << 10;

/// The lowest threshold, to 2^-6, whose interval is at least as long.
fn bisect(is_shorter: impl Fn(Q16) -> bool) -> i32 {
    let is_shorter = |threshold| is_shorter(Q16::from_raw(threshold));
    let (mut low, mut high) = (0, 1 << 17);
    while high < MOST && is_shorter(high) {
        (low, high) = (high, high.saturating_mul(2).min(MOST));
    }
    while high - low > LOWEST {
        let middle = low.midpoint(high);
        if is_shorter(middle) { low = middle } else { high = middle }
    }
    high
}
