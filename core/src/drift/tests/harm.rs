//! What the estimated IoU of the last frames leads to.

#![allow(clippy::float_cmp, reason = "exact in steps of 2^-16")]

use super::*;

impl Bench {
    /// A frame whose signals are all in control, with this IoU and 0.05 to either side of it.
    fn estimated(&mut self, iou: f32) -> Verdict {
        let signals = Signals([Some(Q16::ONE); SIGNALS]);
        let estimate = EstimatedIou { value: q(iou), low: q(iou - 0.05), high: q(iou + 0.05) };
        self.monitor.observe(&self.profile, Ok((&signals, Some(&estimate))))
    }

    /// A monitor whose reference is 0.9, with a margin of 0.125 over 3 frames, after a block in control.
    fn harmless(change: impl Fn(&mut Profile)) -> Self {
        let mut bench = Self::new(|profile| {
            profile.baselines[Signal::EstimatedIou as usize].mean = q(0.875);
            profile.rules.harm_margin = q(0.125);
            profile.rules.harm_frames = 3;
            // Frames of this value are what every chart expects.
            profile.watching = !Signal::EstimatedIou.bit();
            change(profile);
        });
        assert_eq!([0.875; 4].map(|iou| bench.estimated(iou).state).last(), Some(&State::Normal));
        bench
    }
}

fn harm(bench: &Bench) -> [f32; 3] {
    let Harm { lost, least, most } = bench.monitor.harm(&bench.profile).unwrap();
    [lost, least, most].map(|loss| (loss.to_f32() * 1000.0).round() / 1000.0)
}

#[test]
fn the_mean_of_the_last_frames_counts() {
    let mut bench = Bench::harmless(|_| {});
    assert_eq!(harm(&bench), [0.0, -0.05, 0.05]);
    // (0 + 0.125 + 0.25) / 3 is exactly the margin: not beyond it.
    assert_eq!(bench.estimated(0.75).state, State::Normal);
    assert_eq!(bench.estimated(0.625).state, State::Normal);
    assert_eq!(harm(&bench), [0.125, 0.075, 0.175]);
    let verdict = bench.estimated(0.74);
    assert_eq!((verdict.state, verdict.reasons.conditions), (State::Alarm, Reasons::HARM));
    assert_eq!((verdict.reasons.factory, verdict.reasons.site, bench.monitor.alarms()), (0, 0, 1));
    assert_eq!(harm(&bench), [0.17, 0.12, 0.22]);
}

/// It ends at half of the margin, and the alarm as any alarm does: after blocks that are calm.
#[test]
fn harm_ends_at_half_of_the_margin() {
    let mut bench = Bench::harmless(|profile| profile.rules.harm_frames = 1);
    assert_eq!(bench.estimated(0.5).state, State::Alarm);
    // A loss of 0.075 is above half of 0.125, one of 0.0625 is not.
    for iou in [0.8, 0.8, 0.8, 0.8, 0.8, 0.8] {
        let verdict = bench.estimated(iou);
        assert_eq!((verdict.state, verdict.reasons.conditions), (State::Alarm, Reasons::HARM));
    }
    // At once it is no longer a reason; the block that this frame ends and the next one end the alarm.
    let verdicts = [0.8125; 6].map(|iou| bench.estimated(iou));
    assert!(verdicts.iter().all(|verdict| verdict.reasons.conditions == 0), "{verdicts:?}");
    assert_eq!(verdicts.map(|verdict| verdict.state).last(), Some(&State::Normal));
    assert_eq!(verdicts.iter().filter(|verdict| verdict.state == State::Alarm).count(), 2);
    assert_eq!(bench.monitor.alarms(), 1);
}

#[test]
fn an_acknowledged_alarm_is_raised_again_by_harm_that_is_new() {
    let mut bench = Bench::harmless(|profile| profile.rules.harm_frames = 1);
    assert_eq!(bench.block(Signal::MeanEntropy, 9.0), State::Alarm);
    bench.monitor.acknowledge();
    assert_eq!(bench.estimated(0.875).state, State::Acknowledged);
    assert_eq!(bench.estimated(0.5).state, State::Alarm);
    bench.monitor.acknowledge();
    assert_eq!([0.5; 5].map(|iou| bench.estimated(iou).state), [State::Acknowledged; 5], "it is known");
}

#[test]
fn frames_that_are_not_measured_are_in_no_window() {
    let mut bench = Bench::harmless(|profile| profile.rules.warm_up_frames = 0);
    bench.estimated(0.5);
    for _ in 0..2 {
        bench.invalid(Invalid::Missing);
    }
    assert_eq!(harm(&bench)[0], 0.125);
    // While it warms up, nothing is judged.
    let mut bench = Bench::new(|profile| profile.rules.warm_up_frames = 5);
    let verdicts = [0.0; 5].map(|iou| bench.estimated(iou));
    assert!(verdicts.iter().all(|verdict| verdict.state == State::Unknown));
    assert_eq!(bench.monitor.harm(&bench.profile), None);
    // Nor before there is a window.
    assert_eq!([0.0; 3].map(|iou| bench.estimated(iou).state == State::Alarm), [false, false, true]);
}

#[test]
fn a_window_of_any_length() {
    for frames in 1..=Harm::MOST_FRAMES as u8 {
        let mut bench = Bench::new(|profile| profile.rules.harm_frames = frames);
        let first = (1..20).find(|_| bench.estimated(0.5).reasons.conditions & Reasons::HARM != 0);
        assert_eq!(first, Some(u32::from(frames)));
    }
}

/// A chart that is blind says nothing, whatever comes.
#[test]
fn blind_charts_do_not_count() {
    let mut bench = Bench::new(|profile| profile.watching = !Signal::MeanEntropy.bit());
    assert_eq!([(); 4].map(|()| bench.block(Signal::MeanEntropy, 9.0)), [State::Normal; 4]);
    assert_eq!(bench.block(Signal::RoadMargin, 9.0), State::Alarm);
    assert_eq!(bench.monitor.verdict().reasons.factory, Signal::RoadMargin.bit());
}

/// A scene that stays another one raises no alarm, and keeps none.
#[test]
fn an_alarm_ends_without_the_scene() {
    assert_eq!(
        (Signal::RoadFraction.group(), Signal::RoadMargin.group()),
        (Group::Geometry, Group::Confidence)
    );
    let mut bench = Bench::new(|_| {});
    let block =
        |bench: &mut Bench, x| bench.block_of(&[(Signal::RoadFraction, 9.0), (Signal::RoadMargin, x)]);
    assert_eq!(block(&mut bench, 1.0), State::Watch, "the scene is far off, and is no alarm");
    assert_eq!(block(&mut bench, 9.0), State::Alarm);
    // From 4.5 down to 2 in steps of a half, and one more block of calm.
    let states: Vec<_> = (0..8).map(|_| block(&mut bench, 1.0)).collect();
    let ended = states.iter().position(|state| *state != State::Alarm);
    assert_eq!((ended, states[7]), (Some(6), State::Watch), "{states:?}");
}
