//! The monitor step by step, and what of it is stored and sent.

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

fn q(x: f32) -> Q16 {
    Q16::from_f32(x)
}

/// Blocks of two frames; means 1, deviations 1/2, thresholds 4 (site: 2).
fn profile() -> Profile {
    let quantiser = Quantiser::logits(Encoding::Signed, 0.1, -3).unwrap();
    Profile {
        identity: Identity { model: 7, mounting: 8, height: 2, width: 2, frames: 100 },
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
        thresholds: [q(4.0); SIGNALS],
        site_thresholds: [q(2.0); SIGNALS],
        correlations: [Q16::ZERO; SIGNALS],
        calibration: CalibrationMap::network(&SigmoidTable::new(&quantiser)),
        reference: Reference::new([1; 256]).unwrap(),
    }
}

/// Shows a frame to a monitor, through its gate.
fn show(monitor: &mut Monitor, profile: &Profile, signals: &Signals, facts: &Facts) -> Verdict {
    let admitted = monitor.admit(&profile.rules, facts);
    monitor.observe(profile, admitted.map(|()| signals))
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
        let mut signals = Signals([Some(Q16::ONE); SIGNALS]);
        signals.0[signal as usize] = Some(q(x));
        self.frame += 1;
        let facts = Facts { fingerprint: self.frame, ..Facts::default() };
        show(&mut self.monitor, &self.profile, &signals, &facts)
    }

    /// A block in which one signal is `x`.
    fn block(&mut self, signal: Signal, x: f32) -> State {
        self.frame(signal, x);
        self.frame(signal, x).state
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
    assert_eq!(bench.block(Signal::RoadMargin, 2.5), State::Alarm);
    let reasons = bench.monitor.verdict().reasons;
    assert!(Reasons::signals(reasons.factory).eq([Signal::RoadMargin]) && reasons.site == 0);
    // Down to 2.5, 2, 1.5: half of the threshold is calm, and two such blocks are enough.
    assert_eq!(bench.block(Signal::RoadMargin, 0.0), State::Alarm);
    assert_eq!(bench.calm(), State::Alarm);
    assert_eq!(bench.calm(), State::Normal);
    assert_eq!(bench.monitor.alarms(), 1);
}

#[test]
fn geometry_alone_is_watched() {
    let mut bench = Bench::new(|_| {});
    for signal in [Signal::RoadFraction, Signal::BoundaryLength, Signal::CentroidRow] {
        assert_eq!(bench.block(signal, 9.0), State::Watch, "{signal:?}");
    }
    assert!(Reasons::signals(bench.monitor.verdict().reasons.factory).count() == 3);
    assert_eq!(bench.block(Signal::MeanEntropy, 9.0), State::Alarm);
    // Two signals of confidence together, if that is what is asked for.
    let mut bench = Bench::new(|profile| profile.rules.required = 2);
    assert_eq!(bench.block(Signal::MeanEntropy, 9.0), State::Watch);
    assert_eq!(bench.block(Signal::Wasserstein, 9.0), State::Alarm);
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
    // Sums stop at twice the threshold, so both are at half of it within four blocks of -2 deviations.
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
        assert_eq!(seen.estimate.is_some(), profile.calibration.is_learnt());
        assert_eq!(
            seen.signals.is_ok().then(|| Signals::new(&sketch, &outline, &table, profile)),
            seen.signals.ok().map(Some)
        );
        let why = seen.signals.err();
        assert!(why.is_none_or(|why| monitor.invalid_frames()[why as usize] == 1), "{why:?}");
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
}

#[test]
fn sketches_that_cannot_be_measured() {
    let mut sketch = Sketch::<u32>::new(&profile().quantiser);
    assert_eq!(gate::sketch_is_valid(&sketch), Err(Invalid::Missing));
    sketch.push_row(&[3i8, 3], &[0, 1]);
    assert_eq!(gate::sketch_is_valid(&sketch), Err(Invalid::Constant));
    let before = fingerprint(&sketch);
    sketch.push_unlabelled(&[-3i8]);
    assert_eq!(gate::sketch_is_valid(&sketch), Ok(()));
    assert_ne!(fingerprint(&sketch), before);
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

#[test]
fn impossible_profiles() {
    let refused = |change: &dyn Fn(&mut Profile)| {
        let mut profile = profile();
        change(&mut profile);
        profile.check()
    };
    assert_eq!(refused(&|_| {}), Ok(()));
    let named = |name| Err(Error::Parameter(name));
    assert_eq!(refused(&|p| p.rules.block_frames = 0), named("block_frames"));
    assert_eq!(refused(&|p| p.rules.required = 0), named("required"));
    assert_eq!(refused(&|p| p.rules.required = SIGNALS as u8 + 1), named("required"));
    assert_eq!(refused(&|p| p.rules.release_blocks = 0), named("release_blocks"));
    assert_eq!(refused(&|p| p.rules.invalid_frames = 0), named("invalid_frames"));
    assert_eq!(refused(&|p| p.rules.frozen_frames = 1), named("frozen_frames"));
    assert_eq!(refused(&|p| p.rules.site_blocks = 1), named("site_blocks"));
    assert_eq!(refused(&|p| p.rules.slack = Q16::from_raw(-1)), named("slack"));
    for signal in 0..SIGNALS {
        assert_eq!(refused(&|p| p.baselines[signal].deviation = Q16::from_raw(63)), named("deviation"));
        assert_eq!(refused(&|p| p.thresholds[signal] = Q16::ZERO), named("threshold"));
        assert_eq!(refused(&|p| p.site_thresholds[signal] = Q16::ZERO), named("threshold"));
    }
}

/// Monitors that differ in every field.
fn histories() -> [(Profile, Monitor); 2] {
    [1u32, 5].map(|seed| {
        let mut bench = Bench::new(|profile| profile.rules.warm_up_frames = 1);
        bench.monitor.capture_site();
        for frame in 0..2 * seed + 7 {
            if frame % 5 == 3 {
                bench.invalid(Invalid::ALL[frame as usize % 10]);
            }
            bench.frame(Signal::ALL[(frame * seed) as usize % SIGNALS], 0.5 + frame as f32 / 7.0);
        }
        (bench.profile, bench.monitor)
    })
}

#[test]
fn a_profile_is_read_as_it_was_written() {
    for quantiser in [profile().quantiser, Quantiser::probabilities()] {
        let mut sealed = profile();
        sealed.quantiser = quantiser;
        let mut record = [0; Profile::RECORD_LEN];
        sealed.write(&mut record).unwrap();
        assert_eq!(Profile::read(&record).as_ref(), Ok(&sealed));
        for byte in 0..record.len() {
            let mut damaged = record;
            damaged[byte] ^= 1 << (byte % 8);
            assert!(Profile::read(&damaged).is_err(), "{byte}");
            assert!(Profile::read(&record[..byte]).is_err(), "{byte}");
        }
        sealed.rules.slack = q(-1.0);
        sealed.write(&mut record).unwrap();
        assert_eq!(Profile::read(&record), Err(Error::Parameter("slack")), "behind a good checksum");
        assert_eq!(
            sealed.write(&mut record[1..]),
            Err(Error::Length { expected: record.len(), found: record.len() - 1 })
        );
    }
}

#[test]
fn a_snapshot_that_is_cut_or_damaged_is_not_read() {
    for (profile, monitor) in histories() {
        let snapshot = Snapshot { sequence: 3, profile: profile.fingerprint(), monitor };
        let mut record = [0; Snapshot::LEN];
        snapshot.write(&mut record).unwrap();
        assert_eq!(Snapshot::read(&record), Ok(snapshot));
        for written in 0..Snapshot::LEN {
            let mut cut = [0xff; Snapshot::LEN];
            cut[..written].copy_from_slice(&record[..written]);
            assert!(cut == record || Snapshot::read(&cut).is_err(), "{written}");
            assert!(Snapshot::read(&record[..written]).is_err(), "{written}");
        }
        for bit in 0..8 * Snapshot::LEN {
            let mut damaged = record;
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(Snapshot::read(&damaged).is_err(), "{bit}");
        }
        for (before, after) in [(3, 4), (u32::MAX, 0), (u32::MAX - 5, 7)] {
            let [before, after] = [before, after].map(|sequence| Snapshot { sequence, ..snapshot });
            assert!(after.is_newer(&before) && !before.is_newer(&after) && !after.is_newer(&after));
        }
        let mut other = profile.clone();
        other.thresholds[3] = q(4.5);
        assert_ne!(other.fingerprint(), profile.fingerprint());
    }
}

#[test]
fn versions_up_and_down_are_not_read() {
    let (profile, monitor) = histories()[0].clone();
    let mut record = [0; Snapshot::LEN];
    Snapshot { sequence: 1, profile: profile.fingerprint(), monitor }.write(&mut record).unwrap();
    for version in [0u16, 2] {
        let mut other = record;
        other[4..6].copy_from_slice(&version.to_le_bytes());
        let (body, seal) = other.split_last_chunk_mut::<4>().unwrap();
        *seal = record::checksum(body).to_le_bytes();
        assert_eq!(Snapshot::read(&other), Err(Error::Parameter("version")));
    }
}

#[test]
fn a_restored_monitor_goes_on_as_if_nothing_had_happened() {
    for (profile, mut monitor) in histories() {
        let mut record = [0; Snapshot::LEN];
        Snapshot { sequence: 1, profile: profile.fingerprint(), monitor }.write(&mut record).unwrap();
        let mut restored = Snapshot::read(&record).unwrap().monitor;
        for frame in 0..9 {
            let signals = Signals([Some(q(0.3 * frame as f32)); SIGNALS]);
            let facts = Facts { fingerprint: 77 + frame, ..Facts::default() };
            let go = |monitor: &mut Monitor| show(monitor, &profile, &signals, &facts);
            assert_eq!(go(&mut restored), go(&mut monitor));
        }
        assert_eq!(restored, monitor);
    }
    assert_eq!(Monitor::lost().verdict().reasons.conditions, Reasons::STATE_LOST);
}

#[test]
fn a_packet_says_what_the_monitor_knows() {
    const { assert!(Packet::LEN <= 64) };
    let (profile, monitor) = histories()[1].clone();
    let packet = Packet::new(&monitor, profile.fingerprint(), Some(q(0.5)), 9, 1234);
    assert_eq!((packet.state, packet.reasons), (monitor.verdict().state, monitor.verdict().reasons));
    assert_eq!(u64::from(packet.valid_frames), monitor.valid_frames());
    let worst = packet.worst().unwrap();
    let farthest = monitor.scores().iter().map(|z| z.raw().unsigned_abs() >> 8).max().unwrap();
    assert_eq!(monitor.scores()[worst as usize].raw().unsigned_abs() >> 8, farthest);
    assert_eq!(packet.estimated_iou, 32768);
    assert_eq!(Packet::new(&monitor, 1, None, 9, 1234).estimated_iou, Packet::NO_ESTIMATE);
    assert_eq!(Packet::new(&monitor, 1, Some(Q16::ONE), 9, 1234).estimated_iou, 65_534);
    let bytes = packet.bytes();
    assert_eq!(Packet::read(&bytes), Ok(packet));
    for bit in 0..8 * Packet::LEN {
        let mut damaged = bytes;
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(Packet::read(&damaged).is_err(), "{bit}");
    }
    assert_eq!(Packet::read(&bytes[1..]), Err(Error::Parameter("length")));
}

#[test]
fn packets_are_rate_limited_and_alarms_repeat() {
    let mut schedule = Schedule::new(1000);
    let times = |schedule: &mut Schedule, state, from: u32| -> Vec<u32> {
        (0..30)
            .map(|step| from.wrapping_add(100 * step))
            .filter(|time| schedule.is_due(*time, state))
            .collect()
    };
    // The clock wraps on the way.
    let start = u32::MAX - 1500;
    assert_eq!(times(&mut schedule, State::Normal, start), [0, 1000, 2000].map(|t| start.wrapping_add(t)));
    assert_eq!(times(&mut schedule, State::Alarm, 5000).len(), 30);
    assert_eq!(times(&mut schedule, State::Acknowledged, 8000).len(), 3);
}

#[test]
fn a_map_is_learnt_from_labels() {
    let quantiser = Quantiser::probabilities();
    let table = SigmoidTable::new(&quantiser);
    let frame = |codes: &[u8], labels: &[u8]| {
        let mut sketch = Sketch::<u32>::new(&quantiser);
        sketch.push_row(codes, labels);
        sketch
    };
    // Code 200 is road in 3 of 4 pixels, code 210 in 1 of 2, fewer: they become one, with those between and some below.
    let frames = [frame(&[200, 200, 210, 9], &[1, 1, 1, 0]), frame(&[200, 200, 210, 9], &[1, 0, 0, 255])];
    let map = CalibrationMap::learn(frames.iter(), &table).unwrap();
    let at = |index: usize| f64::from(map.probability()[index]) / 65535.0;
    let (mut road, mut pixels) = (table.probability.map(f64::from), [1.0; 256]);
    for (code, ones, all) in [(200, 3.0, 4.0), (210, 1.0, 2.0), (9, 0.0, 1.0)] {
        road[code] += ones;
        pixels[code] += all;
    }
    // The least of the means to the right, of which the greatest to the left.
    let mean =
        |from: usize, to: usize| road[from..=to].iter().sum::<f64>() / pixels[from..=to].iter().sum::<f64>();
    for index in (0..256).step_by(5) {
        let least = |from: usize| (index..256).map(|to| mean(from, to)).fold(f64::MAX, f64::min);
        let expected = (0..=index).map(least).fold(f64::MIN, f64::max);
        assert!((at(index) - expected).abs() < 1e-5, "{index}: {} {expected}", at(index));
    }
    assert!(map.probability()[200] == map.probability()[210] && at(200) < at(215));
    assert!((at(255) - f64::from(table.probability[255])).abs() < 1e-4, "never seen: what the network says");
    assert!(map.deviation()[200] > 0 && map.is_learnt());
    assert_eq!(CalibrationMap::learn(frames[..1].iter(), &table), Err(Error::Parameter("labels")));
    let mut falling = *map.probability();
    falling[7] = u16::MAX;
    assert_eq!(CalibrationMap::from_parts(falling, [0; 256], true), Err(Error::Parameter("calibration")));
}

#[test]
fn an_estimate_lies_in_its_interval() {
    let quantiser = Quantiser::probabilities();
    let table = SigmoidTable::new(&quantiser);
    let network = CalibrationMap::network(&table);
    let map = CalibrationMap::from_parts(*network.probability(), [32; 256], true).unwrap();
    let mut sketch = Sketch::<u32>::new(&quantiser);
    assert_eq!(EstimatedIou::new(&sketch, &map, &table), None);
    sketch.push_unlabelled(&[255u8, 204, 51, 0]);
    let iou = EstimatedIou::new(&sketch, &map, &table).unwrap();
    // An eighth less inside (of 1.8, where the first cannot fall below 0.875), an eighth more outside.
    assert!((iou.low.to_f64() - (1.8 - 0.25) / (2.0 + 0.2 + 0.25)).abs() < 2e-3, "{iou:?}");
    assert!((iou.high.to_f64() - (1.0 + 0.925) / (2.0 + 0.075)).abs() < 2e-3, "{iou:?}");
    let certain = EstimatedIou::new(&sketch, &network, &table).unwrap();
    assert!(certain.low == certain.value && certain.value == certain.high && certain.value == iou.value);
}

#[test]
fn an_outline_is_that_of_brute_force() {
    let mut seed = 1u32;
    let mut random = || {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        seed
    };
    for width in [1usize, 2, 31, 32, 33, 64, 65] {
        let (height, words) = (5usize, width.div_ceil(32));
        let mask: Vec<Vec<bool>> =
            (0..height).map(|_| (0..width).map(|_| random() & 3 != 0).collect()).collect();
        let mut outline = Outline::new(Shape::new(5, width as u32).unwrap());
        let mut above = vec![0; words];
        for row in &mask {
            let mut bits = vec![0u32; words];
            row.iter().enumerate().for_each(|(x, set)| bits[x / 32] |= u32::from(*set) << (x % 32));
            outline.push_row(&above, &bits);
            above = bits;
        }
        let (mut road, mut sides, mut rows) = (0, 0, 0);
        for y in 0..height {
            for x in 0..width {
                road += u32::from(mask[y][x]);
                rows += y * usize::from(mask[y][x]);
                sides += u32::from(x > 0 && mask[y][x] != mask[y][x - 1]);
                sides += u32::from(y > 0 && mask[y][x] != mask[y - 1][x]);
            }
        }
        assert_eq!((outline.road(), outline.boundary()), (road, sides), "{width}");
        let centroid = rows as f64 / f64::from(road) / height as f64;
        assert!((outline.centroid_row().unwrap().to_f64() - centroid).abs() < 1e-5, "{width}");
    }
    assert_eq!(Outline::new(Shape::new(1, 1).unwrap()).centroid_row(), None);
}
