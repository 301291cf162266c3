//! The monitor step by step.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

extern crate std;
use std::vec;
use std::vec::Vec;

use super::gate::fingerprint;
use super::*;
use crate::Error;
use crate::num::Q16;
use crate::sketch::{SigmoidTable, Sketch};
use crate::view::{Encoding, Quantiser, Shape};

mod harm;
mod measured;
mod stored;

fn q(x: f32) -> Q16 {
    Q16::from_f32(x)
}

/// Blocks of two frames; means 1, deviations 1/2, thresholds 4 (site: 2).
fn profile() -> Profile {
    let quantiser = Quantiser::logits(Encoding::Signed, 0.1, -3).unwrap();
    Profile {
        identity: Identity { model: 7, mounting: 8, height: 2, width: 2, classes: 3, class: 2, frames: 100 },
        quantiser,
        rules: Rules {
            block_frames: 2,
            invalid_frames: 3,
            frozen_frames: 4,
            gap_ms: 100,
            site_blocks: 2,
            ..Rules::DEFAULT
        },
        baselines: [Baseline { mean: q(1.0), deviation: q(0.5) }; SIGNALS],
        charts: [Cusum { slack: q(0.5), threshold: q(4.0) }; SIGNALS],
        site_charts: [Cusum { slack: q(0.5), threshold: q(2.0) }; SIGNALS],
        watching: u8::MAX,
        correlations: [Q16::ZERO; SIGNALS],
        calibration: CalibrationMap::network(&SigmoidTable::new(&quantiser)),
        reference: Reference::new([1; 256]).unwrap(),
    }
}

/// Shows a frame to a monitor, through its gate.
fn show(monitor: &mut Monitor, profile: &Profile, signals: &Signals, facts: &Facts) -> Verdict {
    let admitted = monitor.admit(&profile.rules, facts);
    monitor.observe(profile, admitted.map(|()| (signals, None)))
}

/// A monitor and its profile, whose frames are all different.
struct Bench {
    profile: Profile,
    monitor: Monitor,
    frame: u32,
}

impl Bench {
    fn new(change: impl Fn(&mut Profile)) -> Self {
        let mut profile = profile();
        change(&mut profile);
        Self { profile, monitor: Monitor::new(), frame: 0 }
    }

    fn frame(&mut self, signal: Signal, x: f32) -> Verdict {
        self.frame_of(&[(signal, x)])
    }

    fn frame_of(&mut self, values: &[(Signal, f32)]) -> Verdict {
        let mut signals = Signals([Some(Q16::ONE); SIGNALS]);
        values.iter().for_each(|(signal, x)| signals.0[*signal as usize] = Some(q(*x)));
        self.frame += 1;
        let facts = Facts { fingerprint: self.frame, ..Facts::default() };
        show(&mut self.monitor, &self.profile, &signals, &facts)
    }

    /// A block in which one signal is `x`.
    fn block(&mut self, signal: Signal, x: f32) -> State {
        self.block_of(&[(signal, x)])
    }

    /// A block in which these signals are so.
    fn block_of(&mut self, values: &[(Signal, f32)]) -> State {
        self.frame_of(values);
        self.frame_of(values).state
    }

    fn calm(&mut self) -> State {
        self.block(Signal::RoadMargin, 1.0)
    }

    fn invalid(&mut self, why: Invalid) -> Verdict {
        self.monitor.observe(&self.profile, Err(why))
    }
}

#[test]
fn an_alarm_is_entered_at_the_threshold_and_left_after_calm_blocks() {
    let mut bench = Bench::new(|_| {});
    assert_eq!(bench.frame(Signal::RoadMargin, 1.0).state, State::Unknown, "no block is complete");
    assert_eq!(bench.frame(Signal::RoadMargin, 1.0).state, State::Normal);
    // z = 3 twice: sums 2.5 and 5, above half of 4 and above it.
    assert_eq!(bench.block(Signal::RoadMargin, 2.5), State::Watch);
    let reasons = bench.monitor.verdict().reasons;
    assert!(Reasons::signals(reasons.factory).eq([Signal::RoadMargin]) && reasons.site == 0, "{reasons:?}");
    assert_eq!(bench.block(Signal::RoadMargin, 2.5), State::Alarm);
    let reasons = bench.monitor.verdict().reasons;
    assert!(Reasons::signals(reasons.factory).eq([Signal::RoadMargin]) && reasons.site == 0);
    // Down to 2.5, 2, 1.5: half of the threshold is calm, and two such blocks are enough.
    assert_eq!(bench.block(Signal::RoadMargin, 0.0), State::Alarm);
    assert_eq!(bench.calm(), State::Alarm);
    assert_eq!(bench.calm(), State::Normal);
    assert_eq!(bench.monitor.alarms(), 1);
}

/// What only warns is no reason of an alarm.
#[test]
fn reasons_of_an_alarm_are_what_drifts() {
    let mut bench = Bench::new(|_| {});
    // z = 4: a sum of 3.5, and of 3 in the next block, above half of the threshold.
    assert_eq!(bench.block(Signal::RoadMargin, 3.0), State::Watch);
    assert_eq!(bench.block(Signal::MeanEntropy, 9.0), State::Alarm);
    let reasons = bench.monitor.verdict().reasons;
    assert!(Reasons::signals(reasons.factory).eq([Signal::MeanEntropy]) && reasons.site == 0, "{reasons:?}");
}

#[test]
fn geometry_alone_is_watched() {
    let mut bench = Bench::new(|_| {});
    let geometry = [Signal::RoadFraction, Signal::BoundaryDensity, Signal::RelativeCentroidRow];
    for signal in geometry {
        assert_eq!(bench.block(signal, 9.0), State::Watch, "{signal:?}");
    }
    assert_eq!(bench.block_of(&geometry.map(|signal| (signal, 9.0))), State::Watch);
    assert!(Reasons::signals(bench.monitor.verdict().reasons.factory).eq(geometry));
    assert_eq!(bench.block(Signal::MeanEntropy, 9.0), State::Alarm);
    // Two signals of confidence together, if that is what is asked for.
    let mut bench = Bench::new(|profile| profile.rules.required = 2);
    assert_eq!(bench.block(Signal::MeanEntropy, 9.0), State::Watch);
    // A chart sees the root of fourth degree of a distance: 9.
    assert_eq!(bench.block_of(&[(Signal::MeanEntropy, 9.0), (Signal::Wasserstein, 6561.0)]), State::Alarm);
}

#[test]
fn an_acknowledged_alarm_comes_back_for_another_signal_only() {
    let mut bench = Bench::new(|_| {});
    bench.monitor.acknowledge();
    assert_eq!(bench.monitor.verdict().state, State::Unknown, "there is nothing to acknowledge");
    assert_eq!(bench.block(Signal::MeanEntropy, 9.0), State::Alarm);
    bench.monitor.acknowledge();
    assert_eq!(bench.block(Signal::MeanEntropy, 9.0), State::Acknowledged);
    assert_eq!(bench.block(Signal::RoadMargin, 9.0), State::Alarm);
    assert_eq!(bench.monitor.alarms(), 2);
    bench.monitor.acknowledge();
    // Sums stop an eighth above the threshold, so both are at half of it within two blocks of -2 deviations.
    let mut signals = Signals([Some(Q16::ONE); SIGNALS]);
    for signal in [Signal::MeanEntropy, Signal::RoadMargin] {
        signals.0[signal as usize] = Some(Q16::ZERO);
    }
    let mut states = Vec::new();
    for frame in 0..8 {
        let facts = Facts { fingerprint: 1000 + frame, ..Facts::default() };
        states.push(show(&mut bench.monitor, &bench.profile, &signals, &facts).state);
    }
    assert!(states.iter().all(|state| *state == State::Acknowledged), "{states:?}");
    let states: Vec<_> = (0..6).map(|_| bench.block(Signal::MeanEntropy, 1.0)).collect();
    assert!(states.contains(&State::Acknowledged), "{states:?}");
}

#[test]
fn a_value_that_is_not_there_moves_no_chart() {
    let mut bench = Bench::new(|_| {});
    let signals = Signals([None; SIGNALS]);
    for frame in 0..2 {
        let facts = Facts { fingerprint: frame, ..Facts::default() };
        show(&mut bench.monitor, &bench.profile, &signals, &facts);
    }
    assert_eq!(bench.monitor.verdict().state, State::Normal);
    // The mean of a block is over the frames that have a value.
    let facts = Facts { fingerprint: 2, ..Facts::default() };
    show(&mut bench.monitor, &bench.profile, &signals, &facts);
    bench.frame(Signal::RoadMargin, 2.0);
    assert_eq!(bench.monitor.scores()[Signal::RoadMargin as usize], q(2.0));
}

#[test]
fn invalid_frames_are_counted_and_never_normal() {
    let mut bench = Bench::new(|profile| profile.rules.block_frames = 4);
    bench.invalid(Invalid::Missing);
    bench.invalid(Invalid::Constant);
    bench.frame(Signal::RoadMargin, 1.0);
    assert_eq!(bench.frame(Signal::RoadMargin, 1.0).state, State::Normal, "half of a block is enough");
    bench.invalid(Invalid::Missing);
    bench.invalid(Invalid::Missing);
    bench.frame(Signal::RoadMargin, 9.0);
    let verdict = bench.invalid(Invalid::Missing);
    assert_eq!((verdict.state, verdict.reasons.conditions), (State::Unknown, Reasons::UNDECIDED));
    assert_eq!(bench.monitor.scores()[Signal::RoadMargin as usize], Q16::ZERO, "the block is left out");
    bench.invalid(Invalid::Gap);
    let verdict = bench.invalid(Invalid::Gap);
    assert_eq!(
        (verdict.state, verdict.reasons.conditions & Reasons::INVALID_RUN),
        (State::Alarm, 1),
        "the third in a row"
    );
    let counts = *bench.monitor.invalid_frames();
    assert_eq!((counts[Invalid::Missing as usize], counts[Invalid::Gap as usize]), (4, 2));
    assert_eq!(bench.monitor.valid_frames(), 3);
    // Two frames to end the block, and two calm blocks more.
    for _ in 0..10 {
        bench.frame(Signal::RoadMargin, 1.0);
    }
    let verdict = bench.monitor.verdict();
    assert_eq!((verdict.state, verdict.reasons.conditions), (State::Normal, 0));
}

#[test]
fn the_gate() {
    let mut bench = Bench::new(|profile| profile.rules.invalid_frames = 100);
    let mut show = |fingerprint, time_ms, exposure_fault| {
        bench.monitor.admit(&bench.profile.rules, &Facts { fingerprint, time_ms, exposure_fault }).err()
    };
    assert_eq!(show(0, Some(1000), false), None, "the first frame may have any hash");
    assert_eq!(show(0, Some(1100), false), None);
    assert_eq!(show(0, None, false), None);
    assert_eq!(show(0, None, false), Some(Invalid::Frozen), "the fourth");
    assert_eq!(show(1, Some(1201), false), Some(Invalid::Gap));
    assert_eq!(show(2, Some(1301), false), None);
    assert_eq!(show(3, Some(1300), false), Some(Invalid::Backwards));
    assert_eq!(show(4, Some(1301), true), Some(Invalid::Exposure));
    assert_eq!(show(5, Some(1301), false), None);
}

#[test]
fn a_frame_is_measured_shown_and_told_why_not() {
    let mut profile = profile();
    (profile.rules.frozen_frames, profile.identity.width) = (2, 4);
    let table = SigmoidTable::new(&profile.quantiser);
    let mut monitor = Monitor::new();
    let mut watch = |codes: &[i8], width, profile: &Profile| {
        let mut sketch = Sketch::<u32>::new(&profile.quantiser);
        sketch.push_unlabelled(codes);
        let outline = Outline::new(Shape::new(2, width).unwrap());
        let seen = monitor.watch(profile, &table, &sketch, &outline, Facts::default());
        assert_eq!(seen.statistics, Statistics::new(&sketch, &table));
        assert_eq!(seen.estimate.is_some(), seen.signals.is_ok() && profile.calibration.is_learnt());
        assert_eq!(
            seen.signals.is_ok().then(|| Signals::new(&sketch, &outline, &table, profile)),
            seen.signals.ok().map(Some)
        );
        let why = seen.signals.err();
        assert!(why.is_none_or(|why| monitor.invalid_frames()[why as usize] != 0), "{why:?}");
        (why, monitor.valid_frames())
    };
    let frame = [30, 40, -50, -60, 7, 7, 9, 9];
    assert_eq!(watch(&frame, 4, &profile), (None, 1));
    assert_eq!(watch(&frame, 4, &profile), (Some(Invalid::Frozen), 1));
    assert_eq!(watch(&[5; 8], 4, &profile), (Some(Invalid::Constant), 1));
    assert_eq!(watch(&[5, 6], 1, &profile), (Some(Invalid::Shape), 1));
    let map = &profile.calibration;
    profile.calibration = CalibrationMap::from_parts(*map.probability(), *map.deviation(), true).unwrap();
    assert_eq!(watch(&[1, 2, 3, 4, 5, 6, 7, 8], 4, &profile), (None, 2));
    assert_eq!(watch(&[5; 8], 4, &profile), (Some(Invalid::Constant), 2));
}

/// Frames that were not measured say nothing: they do not end an alarm, and a block that they decide begins the count anew.
#[test]
fn calm_is_counted_in_blocks_that_were_measured() {
    let mut bench = Bench::new(|profile| {
        profile.rules.block_frames = 4;
        profile.rules.invalid_frames = 3;
        profile.rules.release_blocks = 2;
    });
    let block = |bench: &mut Bench, frames: &str| {
        for frame in frames.chars() {
            match frame {
                'x' => _ = bench.invalid(Invalid::Missing),
                _ => _ = bench.frame(Signal::RoadMargin, if frame == '9' { 9.0 } else { 1.0 }),
            }
        }
        bench.monitor.verdict().state
    };
    assert_eq!(block(&mut bench, "9999"), State::Alarm);
    // From an eighth above the threshold down to half of it: 4.5 and a little, then 6 steps of a half. The last is calm.
    assert_eq!(bench.profile.charts[Signal::RoadMargin as usize].calm_after(), Some(6));
    let alarms: Vec<_> = (0..6).map(|_| block(&mut bench, "1111")).collect();
    assert!(alarms.iter().all(|state| *state == State::Alarm), "{alarms:?}");
    let bench = |acknowledged: bool| {
        let mut bench = Bench { profile: bench.profile.clone(), ..bench };
        if acknowledged {
            bench.monitor.acknowledge();
        }
        bench
    };
    for acknowledged in [false, true] {
        let held = if acknowledged { State::Acknowledged } else { State::Alarm };
        // The block above was the first that is calm.
        assert_eq!(block(&mut bench(acknowledged), "1111"), State::Normal);
        // Half a block is enough, unless it ends within a run of invalid frames.
        assert_eq!(block(&mut bench(acknowledged), "xx11"), State::Normal);
        let mut run = bench(acknowledged);
        assert_eq!(block(&mut run, "111x"), held, "it ends within a run");
        assert_eq!(block(&mut run, "1111"), held);
        assert_eq!(block(&mut run, "1111"), State::Normal);
        // A block that decides nothing is neither calm nor the end of the alarm.
        let mut undecided = bench(acknowledged);
        assert_eq!(block(&mut undecided, "x1x1"), State::Normal, "as many as not");
        let mut undecided = bench(acknowledged);
        assert_eq!(block(&mut undecided, "x1xx"), held);
        assert_eq!(undecided.monitor.verdict().reasons.conditions, Reasons::UNDECIDED);
        assert_eq!(block(&mut undecided, "1111"), held);
        assert_eq!(block(&mut undecided, "1111"), State::Normal);
        // Three invalid frames in a row are an alarm of their own, also of one that was acknowledged.
        let mut row = bench(acknowledged);
        let before = row.monitor.alarms();
        assert_eq!(block(&mut row, "xxx1"), State::Alarm);
        assert_eq!(row.monitor.alarms(), before + u32::from(acknowledged));
        assert_eq!(block(&mut row, "1111"), State::Alarm);
        assert_eq!(block(&mut row, "1111"), State::Normal);
        assert_eq!(row.monitor.verdict().reasons, Reasons::default());
    }
}

#[test]
fn a_site_is_not_sealed_while_there_is_an_alarm() {
    let mut bench = Bench::new(|_| {});
    bench.monitor.capture_site();
    // Blocks without a decision are none of the site's, and no obstacle once there are enough.
    for _ in 0..4 {
        bench.invalid(Invalid::Gap);
        bench.frame(Signal::RoadMargin, 1.0);
    }
    assert_eq!(bench.monitor.site_blocks(), 4, "half of a block is enough");
    bench.invalid(Invalid::Gap);
    bench.invalid(Invalid::Gap);
    assert_eq!((bench.monitor.site_blocks(), bench.monitor.verdict().state), (4, State::Unknown));
    let mut unknown = bench.monitor;
    assert_eq!(unknown.seal_site(&bench.profile), Ok(()), "not to know is no alarm");
    assert_eq!(bench.block(Signal::RoadMargin, 9.0), State::Alarm);
    assert_eq!(bench.monitor.seal_site(&bench.profile), Err(Error::Parameter("state")));
    bench.monitor.acknowledge();
    assert_eq!(bench.monitor.verdict().state, State::Acknowledged);
    assert_eq!(bench.monitor.seal_site(&bench.profile), Err(Error::Parameter("state")), "seen is not over");
    assert_eq!(bench.monitor.site(), Site::Capturing);
}

#[test]
fn warm_up_is_unknown() {
    let mut bench = Bench::new(|profile| profile.rules.warm_up_frames = 3);
    for _ in 0..3 {
        let verdict = bench.frame(Signal::RoadMargin, 99.0);
        assert_eq!((verdict.state, verdict.reasons.conditions), (State::Unknown, Reasons::WARM_UP));
    }
    assert_eq!(bench.calm(), State::Normal);
    assert_eq!(bench.monitor.verdict().reasons, Reasons::default());
}

#[test]
fn a_site_reference_is_captured_on_order_and_sealed() {
    let mut bench = Bench::new(|_| {});
    let site_blocks = Err(Error::Parameter("site_blocks"));
    assert_eq!(bench.monitor.seal_site(&bench.profile), Err(Error::Parameter("site")));
    bench.calm();
    bench.monitor.capture_site();
    bench.block(Signal::RoadMargin, 1.2);
    assert_eq!(bench.monitor.seal_site(&bench.profile), site_blocks);
    bench.block(Signal::RoadMargin, 1.4);
    bench.monitor.seal_site(&bench.profile).unwrap();
    let found = bench.monitor.site_baseline(Signal::RoadMargin).unwrap();
    assert!(
        (found.mean.to_f32() - 1.3).abs() < 1e-4 && (found.deviation.to_f32() - 0.1414).abs() < 1e-3,
        "{found:?}"
    );
    // 1.7 is 1.4 deviations of the factory and 2.8 of the site.
    assert_eq!(bench.block(Signal::RoadMargin, 1.7), State::Alarm);
    let reasons = bench.monitor.verdict().reasons;
    assert!((reasons.factory, reasons.site) == (0, Signal::RoadMargin.bit()), "{reasons:?}");
    assert_eq!(bench.monitor.site_baseline(Signal::RoadMargin), Some(found), "sealed");
    // What an alarm is about must not be sealed as a reference.
    bench.monitor.capture_site();
    bench.calm();
    bench.calm();
    assert_eq!(bench.monitor.verdict().state, State::Normal, "the site's charts are gone");
    bench.block(Signal::RoadMargin, 9.0);
    assert_eq!(bench.monitor.seal_site(&bench.profile), Err(Error::Parameter("state")));
}
