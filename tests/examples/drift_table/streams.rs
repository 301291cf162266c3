//! Run lengths in control and delays on streams whose mean and autocorrelation are known.

use std::sync::atomic::{AtomicU64, Ordering};

use segmeter::learn::{Belief, Desk, Settings};
use segmeter::threads::share;
use segmeter_core::drift::{Baseline, Cusum, Detector, Level, Rules};
use segmeter_core::num::Q16;
use serde::Serialize;

/// Autocorrelations of the streams.
pub(crate) const CORRELATIONS: [f64; 4] = [0.0, 0.3, 0.6, 0.9];
/// Shifts, in deviations of a frame.
pub(crate) const SHIFTS: [f64; 4] = [0.5, 1.0, 2.0, 3.0];
/// Frames asked for between two false alarms.
pub(crate) const INTERVAL: f64 = 10_000.0;
/// A shift that is not seen within so many frames is missed.
const LIMIT: u32 = 20_000;
/// Frames without a shift before it comes.
const BEFORE: u32 = 1000;

/// A first-order autoregressive stream with mean 0 and variance 1; shares nothing with the one that thresholds are made with.
struct Stream {
    state: u64,
    last: f64,
    correlation: f64,
    skewness: f64,
}

impl Stream {
    fn new(correlation: f64, skewness: f64, number: u64) -> Self {
        let state = (number + 1).wrapping_mul(0x2545_f491_4f6c_dd1d) ^ correlation.to_bits();
        let mut stream = Self { state, last: 0.0, correlation, skewness };
        // What a start is like is forgotten.
        for _ in 0..200 {
            stream.next();
        }
        stream
    }

    /// In (0, 1) (xorshift).
    fn uniform(&mut self) -> f64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        ((self.state >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    fn next(&mut self) -> f64 {
        let (a, b) = (self.uniform(), self.uniform());
        let normal = (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos();
        self.last =
            self.correlation * self.last + (1.0 - self.correlation * self.correlation).sqrt() * normal;
        let skewness = self.skewness;
        if skewness == 0.0 {
            return self.last;
        }
        // Of a gamma distribution, nearly (Wilson and Hilferty 1931).
        2.0 / skewness * ((1.0 + skewness * self.last / 6.0 - skewness * skewness / 36.0).powi(3) - 1.0)
    }
}

/// A chart that has learnt, frame by frame.
pub(crate) trait Chart {
    /// Whether an alarm is entered at this frame.
    fn alarm(&mut self, x: f64) -> bool;
    /// Whether it is in alarm.
    fn in_alarm(&self) -> bool;
    /// Forgets an alarm.
    fn restart(&mut self);
}

/// This library's: block means, a threshold for the interval, an alarm that latches.
pub(crate) struct Own {
    cusum: Cusum,
    baseline: Baseline,
    block_frames: u16,
    release_blocks: u16,
    state: <Cusum as Detector>::State,
    sum: i64,
    frames: u16,
    calm: u16,
    alarm: bool,
}

impl Own {
    fn learn(values: &[f64], rules: &Rules) -> Self {
        let values: Vec<Q16> = values.iter().map(|x| Q16::from_f32(*x as f32)).collect();
        // The next stream is as this one: no drives differ.
        let chart = Desk::default()
            .chart(&[values], Belief::default(), rules, Q16::from_raw(1 << 15), INTERVAL)
            .expect("enough frames");
        Self {
            cusum: chart.cusum,
            baseline: chart.baseline,
            block_frames: chart.block_frames,
            release_blocks: rules.release_blocks,
            state: Default::default(),
            sum: 0,
            frames: 0,
            calm: 0,
            alarm: false,
        }
    }
}

impl Chart for Own {
    /// As `Monitor::close_block` and `Monitor::conclude` have it.
    fn alarm(&mut self, x: f64) -> bool {
        self.sum += i64::from(Q16::from_f32(x as f32).raw());
        self.frames += 1;
        if self.frames < self.block_frames {
            return false;
        }
        let mean = Q16::ratio(self.sum, u64::from(self.frames) << 16);
        (self.sum, self.frames) = (0, 0);
        let level = self.cusum.update_forgetful(&mut self.state, self.baseline.standardise(mean));
        self.calm = if level == Level::Stable { self.calm + 1 } else { 0 };
        let before = self.alarm;
        self.alarm = if before { self.calm < self.release_blocks } else { level == Level::Drift };
        self.alarm && !before
    }
    fn in_alarm(&self) -> bool {
        self.alarm
    }
    fn restart(&mut self) {
        self.state = Default::default();
        self.alarm = false;
    }
}

/// A textbook chart of frames standardised by the reference, with the limit that gives independent frames [`INTERVAL`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum Textbook {
    Shewhart,
    Cusum,
    /// With weight 1/5.
    Ewma,
}

/// From the integral equations of the run length (Brook and Evans 1972), two-sided, on a grid of 401 states.
const SHEWHART_LIMIT: f64 = 3.8906;
const CUSUM_THRESHOLD: f64 = 8.0532;
const EWMA_LIMIT: f64 = 3.8344;

pub(crate) struct Known {
    kind: Textbook,
    mean: f64,
    deviation: f64,
    sums: [f64; 2],
}

impl Known {
    fn learn(kind: Textbook, values: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let square = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>();
        Self { kind, mean, deviation: (square / (n - 1.0)).sqrt(), sums: [0.0; 2] }
    }
}

impl Chart for Known {
    fn alarm(&mut self, x: f64) -> bool {
        let z = (x - self.mean) / self.deviation;
        let [up, down] = self.sums;
        let alarm = match self.kind {
            Textbook::Shewhart => z.abs() > SHEWHART_LIMIT,
            Textbook::Cusum => {
                self.sums = [(up + z - 0.5).max(0.0), (down - z - 0.5).max(0.0)];
                self.sums[0].max(self.sums[1]) > CUSUM_THRESHOLD
            }
            Textbook::Ewma => {
                self.sums[0] = 0.8 * up + 0.2 * z;
                // Its deviation is sqrt(0.2 / 1.8).
                self.sums[0].abs() > EWMA_LIMIT / 3.0
            }
        };
        if alarm {
            self.restart();
        }
        alarm
    }
    fn in_alarm(&self) -> bool {
        false
    }
    fn restart(&mut self) {
        self.sums = [0.0; 2];
    }
}

/// Frames from a shift to the alarm.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Delay {
    pub(crate) shift: f64,
    /// Of those that were seen.
    pub(crate) mean: f64,
    /// Share that was not seen within 20,000 frames.
    pub(crate) missed: f64,
}

/// A chart on streams of one autocorrelation.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) chart: String,
    pub(crate) correlation: f64,
    pub(crate) skewness: f64,
    pub(crate) reference_frames: usize,
    pub(crate) monitors: usize,
    /// Frames without an alarm for every alarm.
    pub(crate) run_length: f64,
    pub(crate) standard_error: f64,
    pub(crate) alarms: u64,
    pub(crate) delays: Vec<Delay>,
}

/// How much is simulated.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) reference_frames: usize,
    pub(crate) monitors: u64,
    /// Frames that each monitor watches in control.
    pub(crate) watched: u32,
}

/// This library's chart, each monitor with a reference of its own.
pub(crate) fn own(correlation: f64, skewness: f64, size: Size) -> Row {
    let rules = Settings::default().rules;
    row("segmeter", correlation, skewness, size, |values| Own::learn(values, &rules))
}

/// A textbook chart, whose limit knows nothing of neighbours.
pub(crate) fn textbook(kind: Textbook, correlation: f64, size: Size) -> Row {
    let name = match kind {
        Textbook::Shewhart => "Shewhart 3.89",
        Textbook::Cusum => "CUSUM k .5 h 8.05",
        Textbook::Ewma => "EWMA .2 L 3.83",
    };
    row(name, correlation, 0.0, size, |values| Known::learn(kind, values))
}

fn row<C: Chart>(
    name: &str,
    correlation: f64,
    skewness: f64,
    size: Size,
    learn: impl Fn(&[f64]) -> C + Sync,
) -> Row {
    let watch = |number| {
        let mut stream = Stream::new(correlation, skewness, number);
        let reference: Vec<f64> = (0..size.reference_frames).map(|_| stream.next()).collect();
        let mut chart = learn(&reference);
        let (mut alarms, mut normal) = (0u32, 0u32);
        for _ in 0..size.watched {
            normal += u32::from(!chart.in_alarm());
            alarms += u32::from(chart.alarm(stream.next()));
        }
        let delays = SHIFTS.map(|shift| first_alarm(&mut chart, &mut stream, shift));
        ((f64::from(normal), f64::from(alarms)), delays)
    };
    let next = AtomicU64::new(0);
    let take = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|number| *number < size.monitors);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || std::iter::from_fn(take).map(watch).collect::<Vec<_>>();
    // All of them are whole numbers: their sums have no order.
    let seen: Vec<_> = share(threads, work).into_iter().flatten().collect();
    let mut delays: Vec<Delay> = SHIFTS.map(|shift| Delay { shift, mean: 0.0, missed: 0.0 }).into();
    for (delay, place) in delays.iter_mut().zip(0..) {
        for (_, frames) in &seen {
            match frames[place] {
                Some(frames) => delay.mean += f64::from(frames),
                None => delay.missed += 1.0,
            }
        }
    }
    let found: Vec<(f64, f64)> = seen.iter().map(|(counts, _)| *counts).collect();
    let monitors = size.monitors as f64;
    for delay in &mut delays {
        delay.mean /= monitors - delay.missed;
        delay.missed /= monitors;
    }
    let [normal, alarms] =
        [|pair: &(f64, f64)| pair.0, |pair: &(f64, f64)| pair.1].map(|of| found.iter().map(of).sum::<f64>());
    let run_length = normal / alarms;
    let off: f64 = found.iter().map(|(normal, alarms)| (normal - run_length * alarms).powi(2)).sum();
    Row {
        chart: name.to_owned(),
        correlation,
        skewness,
        reference_frames: size.reference_frames,
        monitors: size.monitors as usize,
        run_length,
        standard_error: off.sqrt() / alarms,
        alarms: alarms as u64,
        delays,
    }
}

/// Frames from a shift to the alarm, in a chart that has been in control for a while.
fn first_alarm(chart: &mut impl Chart, stream: &mut Stream, shift: f64) -> Option<u32> {
    chart.restart();
    for _ in 0..BEFORE {
        if chart.alarm(stream.next()) {
            chart.restart();
        }
    }
    (1..=LIMIT).find(|_| chart.alarm(stream.next() + shift))
}
