//! Real frames: `CamVid` by day, at dusk and spoilt, and the bundled demo.

use std::collections::BTreeMap;

use segmeter::learn::{Frame, Learnt, Settings, learn};
use segmeter_core::drift::{EstimatedIou, Identity, Monitor, Profile, Signal, Signals, State};
use segmeter_core::metric::Confusion;
use segmeter_core::sketch::SigmoidTable;
use segmeter_core::view::{IGNORE, Labels, Quantised, Quantiser, Shape};
use segmeter_tests::{Camvid, CamvidFrame, DEMO_FRAMES, Demo};
use serde::Serialize;

use super::bootstrap::Groups;

/// Frames of the day that a profile is learnt from: the first half of the drive.
pub(crate) const LEARNT: usize = 17;
/// Frames between two false alarms that are asked for: some dozens can tell of no more.
pub(crate) const ASKED: f64 = 2000.0;
/// An IoU below it is a frame that cannot be trusted.
const TRUSTED: f64 = 0.8;

/// A frame with what its labels say.
#[derive(Clone)]
pub(crate) struct Labelled {
    pub(crate) name: String,
    pub(crate) frame: Frame,
    /// IoU of the road.
    pub(crate) iou: f64,
}

/// The frames of a pack by group, in the order of their time.
pub(crate) struct Pack {
    pub(crate) quantiser: Quantiser,
    pub(crate) shape: Shape,
    pub(crate) groups: BTreeMap<String, Vec<Labelled>>,
}

impl Pack {
    /// `None`, with a line that says so, where the `CamVid` pack is not.
    pub(crate) fn camvid() -> Option<Self> {
        let Camvid { shape, quantiser, frames } = Camvid::find()?;
        let table = SigmoidTable::new(&quantiser);
        let mut groups = BTreeMap::<String, Vec<Labelled>>::new();
        for CamvidFrame { id, group, corruption, codes, labels, .. } in frames {
            let frame = measured(quantiser, shape, &codes, Some(&labels));
            let iou = Confusion::of_sketch(&frame.sketch, &table).class(1).iou().value().expect("road");
            let name = corruption.unwrap_or(id);
            groups.entry(group).or_default().push(Labelled { name, frame, iou });
        }
        Some(Self { quantiser, shape, groups })
    }

    fn learn(&self, frames: &[Labelled]) -> Learnt {
        let frames: Vec<Frame> = frames.iter().map(|labelled| labelled.frame.clone()).collect();
        learn(self.quantiser, &[frames], &settings(self.shape)).expect("enough frames")
    }
}

fn settings(shape: Shape) -> Settings {
    let (height, width) = (shape.height() as u16, shape.width() as u16);
    let identity = Identity { height, width, ..Identity::default() };
    Settings { identity, false_alarm_frames: ASKED, ..Settings::default() }
}

/// A frame of stored bytes.
fn measured(quantiser: Quantiser, shape: Shape, codes: &[u8], labels: Option<&[u8]>) -> Frame {
    let labels = labels.map(|ids| Labels::new(shape, ids, IGNORE).expect("labels of this shape"));
    Frame::new(&Quantised::new(shape, codes, quantiser).expect("codes of this shape"), labels.as_ref())
        .expect("one shape")
}

/// What a monitor says of frames: frames not in alarm, and those at which an alarm was entered.
fn watch<'a>(profile: &Profile, frames: impl Iterator<Item = &'a Frame>) -> (usize, Vec<usize>) {
    let table = SigmoidTable::new(&profile.quantiser);
    let (mut monitor, mut normal, mut alarms) = (Monitor::new(), 0, Vec::new());
    for (time, frame) in frames.enumerate() {
        let signals = Signals::new(&frame.sketch, &frame.outline, &table, profile).expect("pixels");
        // A spoilt frame is shown again and again: the gate must not take it for a frozen camera.
        let before = monitor.verdict().state;
        let estimate = EstimatedIou::new(&frame.sketch, &profile.calibration, &table);
        let state = monitor.observe(profile, Ok((&signals, estimate.as_ref()))).state;
        normal += usize::from(state != State::Alarm);
        if state == State::Alarm && before != State::Alarm {
            alarms.push(time);
        }
    }
    (normal, alarms)
}

/// Alarms over frames in control, with the exact Poisson interval (95 %) of the frames between two.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FalseAlarms {
    pub(crate) learnt_on: String,
    /// Frames watched, and those of them that were not in alarm.
    pub(crate) frames: usize,
    pub(crate) normal: usize,
    pub(crate) alarms: usize,
    pub(crate) interval: [f64; 2],
}

/// From the change to the alarm, in frames; `None`: none within the frames there are.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ToAlarm {
    pub(crate) change: String,
    /// Of its frames, the mean.
    pub(crate) iou: f64,
    pub(crate) frames: Option<usize>,
    pub(crate) of: usize,
}

/// A number with its block-bootstrap interval (95 %).
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Estimate {
    pub(crate) value: f64,
    pub(crate) interval: [f64; 2],
}

/// What single frames tell, of the frames that nothing was learnt from.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Single {
    pub(crate) frames: usize,
    /// With an IoU below 0.8.
    pub(crate) bad: usize,
    /// By score.
    pub(crate) auroc: Vec<(String, Estimate)>,
    pub(crate) mean_absolute_error: Estimate,
    pub(crate) coverage: Estimate,
    /// Frames without an estimate: no road, and none expected.
    pub(crate) undefined: usize,
}

/// All of `CamVid`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct CamvidFacts {
    pub(crate) notes: Vec<String>,
    pub(crate) false_alarms: Vec<FalseAlarms>,
    pub(crate) delays: Vec<ToAlarm>,
    pub(crate) single: Single,
}

/// Frames that a spoilt frame is shown.
const SHOWN: usize = 34;

/// Learns on the first half of the day; everything else is only looked at.
pub(crate) fn camvid(pack: &Pack) -> CamvidFacts {
    let (day, dusk, corrupt) = (&pack.groups["day"], &pack.groups["dusk"], &pack.groups["corrupt"]);
    let (first, rest) = day.split_at(LEARNT);
    let learnt = pack.learn(first);
    let profile = &learnt.profile;
    let of = |frames: &[Labelled]| -> Vec<Frame> { frames.iter().map(|f| f.frame.clone()).collect() };
    let calm = |name: &str, profile: &Profile, frames: &[Labelled]| {
        let (normal, alarms) = watch(profile, of(frames).iter());
        let interval = poisson(alarms.len() as f64).map(|mean| normal as f64 / mean);
        FalseAlarms {
            learnt_on: name.to_owned(),
            frames: frames.len(),
            normal,
            alarms: alarms.len(),
            interval: [interval[1], interval[0]],
        }
    };
    let false_alarms =
        vec![calm("first half", profile, rest), calm("second half", &pack.learn(rest).profile, first)];
    let to_alarm = |change: &str, frames: &[Labelled]| {
        let (before, after) = (of(rest), of(frames));
        let (_, alarms) = watch(profile, before.iter().chain(&after));
        ToAlarm {
            change: change.to_owned(),
            iou: frames.iter().map(|frame| frame.iou).sum::<f64>() / frames.len() as f64,
            frames: alarms.iter().find(|time| **time >= rest.len()).map(|time| time + 1 - rest.len()),
            of: frames.len(),
        }
    };
    let mut delays = vec![to_alarm("dusk", dusk)];
    delays.extend(corrupt.iter().map(|frame| to_alarm(&frame.name, &vec![frame.clone(); SHOWN])));
    let single = single(profile, [rest, dusk, corrupt]);
    CamvidFacts { notes: learnt.notes, false_alarms, delays, single }
}

/// What one frame is judged by.
struct Judged {
    bad: bool,
    iou: f64,
    estimate: Option<EstimatedIou>,
    /// By [`scores`], high where a frame is suspect.
    scores: Vec<f64>,
}

/// One minus the estimated IoU, then the signals.
fn scores() -> Vec<String> {
    ["1 - estimated_iou"].into_iter().chain(Signal::ALL.map(Signal::name)).map(str::to_owned).collect()
}

fn judged(profile: &Profile, table: &SigmoidTable, labelled: &Labelled) -> Judged {
    let frame = &labelled.frame;
    let estimate = EstimatedIou::new(&frame.sketch, &profile.calibration, table);
    let signals = Signals::new(&frame.sketch, &frame.outline, table, profile).expect("pixels");
    // Nothing to go by is as suspect as can be.
    let mut scores = vec![estimate.map_or(1.0, |iou| 1.0 - iou.value.to_f64())];
    for (value, baseline) in signals.0.iter().zip(&profile.baselines) {
        // As charts see it: how far it lies from the reference, to either side.
        scores.push(value.map_or(f64::MAX, |value| (value.to_f64() - baseline.mean.to_f64()).abs()));
    }
    Judged { bad: labelled.iou < TRUSTED, iou: labelled.iou, estimate, scores }
}

fn single(profile: &Profile, groups: [&[Labelled]; 3]) -> Single {
    let table = SigmoidTable::new(&profile.quantiser);
    // At one frame a second blocks of ten seconds; spoilt frames come in pairs of one picture.
    let lengths = [10, 10, 2];
    let judge = |group: &[Labelled]| group.iter().map(|frame| judged(profile, &table, frame)).collect();
    let frames = Groups::new(groups.map(judge), lengths);
    let all: Vec<&Judged> = frames.all().collect();
    let auroc = scores().into_iter().enumerate();
    Single {
        frames: all.len(),
        bad: all.iter().filter(|frame| frame.bad).count(),
        auroc: auroc
            .map(|(index, name)| {
                let scored = |frames: &[&Judged]| frames.iter().map(|f| (f.scores[index], f.bad)).collect();
                (name, frames.estimate(|frames| self::auroc(scored(frames))))
            })
            .collect(),
        mean_absolute_error: frames
            .estimate(|frames| mean(frames, |frame, iou| (iou.value.to_f64() - frame.iou).abs())),
        coverage: frames.estimate(|frames| {
            mean(frames, |frame, iou| {
                f64::from(u8::from((iou.low.to_f64()..=iou.high.to_f64()).contains(&frame.iou)))
            })
        }),
        undefined: all.iter().filter(|frame| frame.estimate.is_none()).count(),
    }
}

/// Share of pairs of a bad frame and another in which the bad one has the higher score, ties counted half; of scores, and
/// whether each is of a bad frame.
pub(crate) fn auroc(mut scored: Vec<(f64, bool)>) -> f64 {
    scored.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut bad, mut wins, mut good) = (0.0, 0.0, 0.0);
    for same in scored.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let here = same.iter().filter(|(_, is_bad)| *is_bad).count() as f64;
        let fine = same.len() as f64 - here;
        wins += here * (good + fine / 2.0);
        bad += here;
        good += fine;
    }
    wins / (bad * good)
}

fn mean(frames: &[&Judged], of: impl Fn(&Judged, &EstimatedIou) -> f64) -> f64 {
    let values = frames.iter().filter_map(|frame| frame.estimate.as_ref().map(|iou| of(frame, iou)));
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    sum / count
}

/// The exact interval (95 %) of the mean of a Poisson number (Garwood 1936): its bounds give `count` and more, or fewer,
/// once in forty.
fn poisson(count: f64) -> [f64; 2] {
    // P(X < n) of a mean, summed.
    let below = |n: f64, mean: f64| {
        let (mut term, mut sum, mut k) = ((-mean).exp(), 0.0, 0.0);
        while k < n {
            sum += term;
            k += 1.0;
            term *= mean / k;
        }
        sum
    };
    let solve = |n: f64, chance: f64| {
        let (mut low, mut high) = (0.0, 10.0 + 4.0 * n);
        for _ in 0..60 {
            let middle = (low + high) / 2.0;
            if below(n, middle) > chance { low = middle } else { high = middle }
        }
        low
    };
    [if count == 0.0 { 0.0 } else { solve(count, 0.975) }, solve(count + 1.0, 0.025)]
}

/// The demo: a real drive whose camera is spoilt step by step.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct DemoFacts {
    pub(crate) notes: Vec<String>,
    pub(crate) block_frames: u16,
    /// Of the clean frames that were not learnt from, frames 80 to 99.
    pub(crate) false_alarms: usize,
    /// Fog begins at frame 100.
    pub(crate) first_alarm: Option<usize>,
}

/// Learns on frames 0 to 79, and watches all from 80 on.
pub(crate) fn demo() -> DemoFacts {
    let (demo, quantiser, shape) = (Demo::load(), Demo::quantiser(), Demo::shape());
    let frame = |number| measured(quantiser, shape, demo.codes(number), None);
    let frames: Vec<Frame> = (0..DEMO_FRAMES).map(frame).collect();
    // What is watched is more of this very drive.
    let settings = Settings { fixed: true, ..settings(shape) };
    let learnt = learn(quantiser, &[frames[..80].to_vec()], &settings).expect("enough frames");
    let (_, alarms) = watch(&learnt.profile, frames[80..].iter());
    DemoFacts {
        notes: learnt.notes,
        block_frames: learnt.profile.rules.block_frames,
        false_alarms: alarms.iter().filter(|time| **time < 20).count(),
        first_alarm: alarms.first().map(|time| time + 80),
    }
}

#[cfg(test)]
mod tests {
    /// Pair by pair.
    #[test]
    fn auroc_is_the_share_of_pairs() {
        let mut state = 5_u32;
        let mut below = |most: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) % most
        };
        // Few scores: many ties.
        let scored: Vec<(f64, bool)> = (0..60).map(|_| (f64::from(below(9)) - 4.0, below(3) == 0)).collect();
        let (mut pairs, mut wins) = (0.0, 0.0);
        for (bad, _) in scored.iter().filter(|(_, is_bad)| *is_bad) {
            for (good, _) in scored.iter().filter(|(_, is_bad)| !*is_bad) {
                pairs += 1.0;
                wins += if bad > good { 1.0 } else { f64::from(u8::from(bad >= good)) / 2.0 };
            }
        }
        assert!((super::auroc(scored) - wins / pairs).abs() < 1e-12);
    }

    /// Garwood's table.
    #[test]
    fn poisson_intervals_are_exact() {
        for (count, low, high) in [(0.0, 0.0, 3.6889), (1.0, 0.0253, 5.5716), (10.0, 4.7954, 18.3904)] {
            let found = super::poisson(count);
            assert!((found[0] - low).abs() < 1e-4 && (found[1] - high).abs() < 1e-4, "{count}: {found:?}");
        }
    }
}
