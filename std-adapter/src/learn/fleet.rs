//! Thresholds by simulation: a fleet of monitors that have learnt from as little as this one.

use segmeter_core::drift::{Cusum, Detector, Level};
use segmeter_core::num::Q16;

use super::random::Random;
use super::series;

/// Monitors of a fleet.
const MONITORS: usize = 1000;
/// Blocks that each of them watches.
const WATCHED: usize = 1000;
/// The longest interval, in blocks, whose alarms are counted; longer ones are extrapolated.
const LONGEST: f64 = 500.0;

/// Frames whose neighbours are correlated (AR(1), variance 1), in blocks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stream {
    /// Autocorrelation from frame to frame.
    pub(super) correlation: f64,
    /// Frames of a block.
    pub(super) block: u16,
}

/// What a fleet has learnt from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Learnt {
    /// The stream as far as it is known.
    pub(super) stream: Stream,
    /// [`series::skewness`] of its frames.
    pub(super) skewness: f64,
    /// Frames that it was measured on.
    pub(super) frames: usize,
    /// Blocks of the reference.
    pub(super) blocks: usize,
}

impl Learnt {
    /// A stream that may have been behind what was measured: the standard error of an autocorrelation is
    /// `sqrt((1 - rho^2) / n)` (Bartlett 1946).
    fn stream(&self, random: &mut Random) -> Stream {
        let rho = self.stream.correlation;
        let error = libm::sqrt((1.0 - rho * rho) / self.frames as f64);
        let correlation = (rho + error * random.normal()).clamp(series::RANGE[0], series::RANGE[1]);
        Stream { correlation, ..self.stream }
    }

    /// Likewise the skewness of a block mean: that of the frames, with the standard error `sqrt(6 / n)`, times the deviation of
    /// a block mean, as if it were the mean of independent frames.
    fn skewness(&self, stream: Stream, random: &mut Random) -> f64 {
        let error = libm::sqrt(6.0 / self.frames as f64);
        (self.skewness + error * random.normal()) * libm::sqrt(stream.block_variance())
    }
}

impl Stream {
    /// Variance of a block mean, times the number of blocks, for very many blocks: more than that of one block, as neighbours
    /// resemble each other.
    pub(super) fn long_run_variance(self) -> f64 {
        (1.0 + self.correlation) / (1.0 - self.correlation) / f64::from(self.block)
    }

    /// Variance of the mean of one block: `(K + 2 sum_j (K - j) rho^j) / K^2`.
    pub(super) fn block_variance(self) -> f64 {
        let (rho, frames) = (self.correlation, f64::from(self.block));
        let sum = rho * (frames - (1.0 - power(rho, self.block)) / (1.0 - rho)) / (1.0 - rho);
        (frames + 2.0 * sum) / (frames * frames)
    }
}

fn power(x: f64, exponent: u16) -> f64 {
    libm::pow(x, f64::from(exponent))
}

/// Block means of a stream, without a loop over its frames: the last frame and the mean of a block, given the last frame of
/// the block before, are two numbers with a joint normal distribution.
pub(super) struct Blocks {
    last: f64,
    /// Of the mean and of the last frame: what the last frame before adds, then what two normal numbers add.
    mean: [f64; 3],
    next: [f64; 2],
}

impl Blocks {
    pub(super) fn new(stream: Stream, random: &mut Random) -> Self {
        let (rho, frames) = (stream.correlation, f64::from(stream.block));
        let far = power(rho, stream.block);
        // Given the frame before it, a block's mean has this weight of it.
        let weight = rho * (1.0 - far) / (1.0 - rho) / frames;
        let variance = stream.block_variance() - weight * weight;
        // The last frame has covariance sum_j rho^j / K with the mean of its block.
        let covariance = (1.0 - far) / (1.0 - rho) / frames - weight * far;
        let own = libm::sqrt(1.0 - far * far);
        let shared = covariance / own;
        let rest = libm::sqrt((variance - shared * shared).max(0.0));
        Self { last: random.normal(), mean: [weight, shared, rest], next: [far, own] }
    }

    pub(super) fn next(&mut self, random: &mut Random) -> f64 {
        let (first, second) = (random.normal(), random.normal());
        let [weight, shared, rest] = self.mean;
        let mean = weight * self.last + shared * first + rest * second;
        self.last = self.next[0] * self.last + self.next[1] * first;
        mean
    }
}

/// A monitor of the fleet.
struct Member {
    /// How far off its reference is: mean of what it watches, in its own deviations.
    offset: f64,
    /// [`Stream::long_run_variance`] in its own deviations.
    variance: f64,
    /// The same of third moments.
    third: f64,
    scores: Vec<Q16>,
}

/// Charts of one signal that have learnt from as many blocks, each its own mean and deviation.
pub(super) struct Fleet {
    members: Vec<Member>,
    slack: Q16,
    release_blocks: u16,
}

/// Alarms of a fleet by the side that was too high: up, down; and blocks without an alarm.
struct Count {
    alarms: [u32; 2],
    normal: u32,
}

impl Fleet {
    pub(super) fn new(learnt: &Learnt, slack: Q16, release_blocks: u16) -> Self {
        let mut random = Random::new(1);
        let members = (0..MONITORS).map(|_| member(learnt, &mut random));
        // One whose mean is off by more than the slack ends in alarm whatever the threshold.
        let members = members.filter(|member| member.offset.abs() < slack.to_f64()).collect();
        Self { members, slack, release_blocks }
    }

    /// The threshold at which the fleet has one false alarm in `interval` blocks without one, and whether it was extrapolated.
    ///
    /// Sums above `h` become rare as `1 / (e^x - 1 - x)` with `x = exponent (h + 1.166 sd)` (Siegmund 1985): beyond what can
    /// be counted, the alarms of each monitor and side are scaled by that.
    pub(super) fn threshold(&self, interval: f64) -> (Q16, bool) {
        let counted = bisect(interval.min(LONGEST), |h| self.interval(h));
        if interval <= LONGEST || counted >= MOST {
            return (Q16::from_raw(counted), false);
        }
        let counts: Vec<Count> = self.members.iter().map(|member| self.count(member, counted)).collect();
        let normal: f64 = counts.iter().map(|count| f64::from(count.normal)).sum();
        let beyond = |h: i32| {
            let alarms = |(member, count): (&Member, &Count)| {
                let rarer = |side: f64| self.rarer(member, side, counted, h);
                f64::from(count.alarms[0]) * rarer(1.0) + f64::from(count.alarms[1]) * rarer(-1.0)
            };
            normal / self.members.iter().zip(&counts).map(alarms).sum::<f64>()
        };
        (Q16::from_raw(bisect(interval, beyond)), true)
    }

    /// How much rarer alarms of a side (1: up, -1: down) are at another threshold.
    fn rarer(&self, member: &Member, side: f64, from: i32, to: i32) -> f64 {
        let exponent =
            exponent(self.slack.to_f64() - side * member.offset, member.variance, side * member.third);
        let above = |h: i32| {
            let x = exponent * (Q16::from_raw(h).to_f64() + 1.166 * libm::sqrt(member.variance));
            libm::expm1(x) - x
        };
        above(from) / above(to)
    }

    /// Blocks without an alarm for each alarm.
    pub(super) fn interval(&self, threshold: i32) -> f64 {
        let (mut alarms, mut normal) = (0u64, 0u64);
        for member in &self.members {
            let count = self.count(member, threshold);
            alarms += u64::from(count.alarms[0] + count.alarms[1]);
            normal += u64::from(count.normal);
        }
        normal as f64 / alarms as f64
    }

    fn count(&self, member: &Member, threshold: i32) -> Count {
        let cusum = Cusum { slack: self.slack, threshold: Q16::from_raw(threshold) };
        let mut state = <Cusum as Detector>::State::default();
        let (mut alarm, mut calm) = (false, 0);
        let mut count = Count { alarms: [0, 0], normal: 0 };
        for score in &member.scores {
            let level = cusum.update(&mut state, *score);
            calm = if level == Level::Stable { calm + 1 } else { 0 };
            if alarm {
                alarm = calm < self.release_blocks;
            } else {
                count.normal += 1;
                if level == Level::Drift {
                    alarm = true;
                    count.alarms[usize::from(state.down > state.up)] += 1;
                }
            }
        }
        count
    }
}

/// The exponent `t` at which sums with this drift towards zero become rare: the root of `drift = variance t / 2 + third t^2 / 6`,
/// from the cumulants of many blocks.
fn exponent(drift: f64, variance: f64, third: f64) -> f64 {
    let root = variance * variance / 4.0 + 2.0 * third * drift / 3.0;
    // The same as the textbook's solution, but exact without skewness. Where there is no root, the series is no longer true.
    2.0 * drift / (variance / 2.0 + libm::sqrt(root.max(0.0)))
}

/// A normal number made lopsided: nearly that of a gamma distribution with mean 0 and variance 1 (Wilson and Hilferty 1931).
fn lopsided(normal: f64, skewness: f64) -> f64 {
    if skewness.abs() < 1e-3 {
        return normal;
    }
    let root = 1.0 + skewness * normal / 6.0 - skewness * skewness / 36.0;
    2.0 / skewness * (root * root * root - 1.0)
}

fn member(learnt: &Learnt, random: &mut Random) -> Member {
    let stream = learnt.stream(random);
    let skewness = learnt.skewness(stream, random);
    let spread = libm::sqrt(stream.block_variance());
    let next = |blocks: &mut Blocks, random: &mut Random| lopsided(blocks.next(random) / spread, skewness);
    let mut reference = Blocks::new(stream, random);
    let (mut sum, mut squares) = (0.0, 0.0);
    for _ in 0..learnt.blocks {
        let mean = next(&mut reference, random);
        sum += mean;
        squares += mean * mean;
    }
    let n = learnt.blocks as f64;
    let mean = sum / n;
    let deviation = libm::sqrt(((squares - n * mean * mean) / (n - 1.0)).max(1e-12));
    // What neighbours that resemble each other add in the long run; to third moments about its square.
    let neighbours = stream.long_run_variance() / stream.block_variance();
    // What is watched is another day.
    let mut watched = Blocks::new(stream, random);
    let score = |x: f64| Q16::from_f32(((x - mean) / deviation) as f32);
    Member {
        offset: -mean / deviation,
        variance: neighbours / (deviation * deviation),
        third: skewness * neighbours * neighbours / (deviation * deviation * deviation),
        scores: (0..WATCHED).map(|_| score(next(&mut watched, random))).collect(),
    }
}

/// The largest threshold: sums stop at twice a threshold, and that must be a number.
const MOST: i32 = i32::MAX / 2;

/// The lowest threshold, to 2^-6, whose interval is at least as long.
fn bisect(interval: f64, of: impl Fn(i32) -> f64) -> i32 {
    let (mut low, mut high) = (0, 1 << 17);
    while high < MOST && of(high) < interval {
        (low, high) = (high, high.saturating_mul(2).min(MOST));
    }
    while high - low > 1 << 10 {
        let middle = low.midpoint(high);
        if of(middle) < interval { low = middle } else { high = middle }
    }
    high
}
