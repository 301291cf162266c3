//! What is kept of a profile and a monitor, and what is sent.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use super::*;

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
    let class = |classes, class| refused(&|p| (p.identity.classes, p.identity.class) = (classes, class));
    for (classes, number) in [(0, 0), (2, 1), (32, 31)] {
        assert_eq!(class(classes, number), Ok(()));
        assert_eq!(class(classes, number + 1), named("class"));
    }
    assert_eq!(class(33, 0), named("class"));
    for margin in [0.0, -0.1] {
        assert_eq!(refused(&|p| p.rules.harm_margin = q(margin)), named("harm_margin"));
    }
    for frames in [0, Harm::MOST_FRAMES as u8 + 1] {
        assert_eq!(refused(&|p| p.rules.harm_frames = frames), named("harm_frames"));
    }
    for signal in 0..SIGNALS {
        assert_eq!(refused(&|p| p.baselines[signal].deviation = Q16::from_raw(63)), named("deviation"));
        assert_eq!(refused(&|p| p.charts[signal].threshold = Q16::ZERO), named("threshold"));
        assert_eq!(refused(&|p| p.site_charts[signal].threshold = Q16::ZERO), named("threshold"));
        assert_eq!(refused(&|p| p.charts[signal].slack = Q16::from_raw(-1)), named("slack"));
        assert_eq!(refused(&|p| p.site_charts[signal].slack = Q16::from_raw(-1)), named("slack"));
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
        sealed.charts[3].slack = q(-1.0);
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
        other.charts[3].threshold = q(4.5);
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

/// A packet after a block in which the signals have these values; means are 1, deviations 1/2.
fn packet_of(values: [f32; SIGNALS]) -> Packet {
    let mut bench = Bench::new(|_| {});
    let signals = Signals(values.map(|x| Some(q(x))));
    for fingerprint in 0..2 {
        show(&mut bench.monitor, &bench.profile, &signals, &Facts { fingerprint, ..Facts::default() });
    }
    Packet::new(&bench.monitor, 1, None, 0, 0)
}

#[test]
fn a_packet_names_the_signal_that_lies_farthest_out() {
    // Deviations of 2, -3, 3, 0, ...: of those equally far, the first.
    let packet = packet_of([2.0, -0.5, 2.5, 1.0, 1.0, 1.0, 1.0, 1.0]);
    assert_eq!((packet.scores, packet.worst), ([512, -768, 768, 0, 0, 0, 0, 0], 1));
    // In the packet 2.0012 and 2.0037 deviations are the same.
    let packet = packet_of([1.0, 2.0006, 2.0018, 1.0, 1.0, 1.0, 1.0, 1.0]);
    assert_eq!((packet.scores[1], packet.scores[2], packet.worst), (512, 512, 2));
    // Beyond 128 deviations the number stops, to either side; what lies farther out is still told.
    let packet = packet_of([1.0, -64.0, 1000.0, 64.9, 65.1, -62.99, 1.0, 1.0]);
    assert_eq!(packet.scores, [0, -32768, 32767, 32716, 32767, -32763, 0, 0]);
    assert_eq!(packet.worst, 2);
    // All in their places.
    assert_eq!(packet_of([1.0; SIGNALS]).worst, 0);
    // Rounded down: a step of 2^-8 to either side.
    assert_eq!(packet_of([1.001, 0.999, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]).scores[..2], [0, -1]);
}

/// Byte by byte, each field at its largest, beside a checksum that is made bit by bit.
#[test]
fn the_bytes_of_a_packet() {
    let mut packet = Packet {
        sequence: u16::MAX,
        time_ms: 0x0403_0201,
        state: State::Alarm,
        reasons: Reasons { factory: 0xa1, site: 0xa2, conditions: 0xa3 },
        valid_frames: u32::MAX,
        invalid_frames: 0x1413_1211,
        alarms: 0xfffe,
        scores: [i16::MIN, i16::MAX, -1, 0, 1, 0x0102, -2, 256],
        worst: 7,
        estimated_iou: 65_534,
        profile: 0x2423_2221,
    };
    let mut expected = vec![1, 0xff, 0xff, 1, 2, 3, 4, 3, 0xa1, 0xa2, 0xa3];
    expected.extend([0xff, 0xff, 0xff, 0xff, 0x11, 0x12, 0x13, 0x14, 0xfe, 0xff]);
    expected.extend([0, 0x80, 0xff, 0x7f, 0xff, 0xff, 0, 0, 1, 0, 2, 1, 0xfe, 0xff, 0, 1]);
    expected.extend([7, 0xfe, 0xff, 0x21, 0x22, 0x23, 0x24]);
    let mut crc = 0u16;
    for byte in &expected {
        crc ^= u16::from(*byte) << 8;
        for _ in 0..8 {
            crc = (crc << 1) ^ if crc >> 15 == 1 { 0x1021 } else { 0 };
        }
    }
    expected.extend(crc.to_le_bytes());
    assert_eq!(packet.bytes()[..], expected[..]);
    assert_eq!(Packet::read(&expected), Ok(packet));
    // The number of a packet after the last begins anew.
    packet.sequence = packet.sequence.wrapping_add(1);
    assert_eq!(Packet::read(&packet.bytes()).unwrap().sequence, 0);
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

/// What a device keeps for one class.
#[test]
fn a_monitor_and_its_profile_fit_in_three_kilobytes() {
    // As the documentation says.
    assert_eq!((size_of::<Sketch>(), size_of::<Outline>()), (4100, 32));
    assert_eq!((size_of::<Monitor>(), size_of::<Profile>(), Profile::RECORD_LEN), (736, 2248, 2078));
    assert!(size_of::<Monitor>() + size_of::<Profile>() <= 3072);
}
