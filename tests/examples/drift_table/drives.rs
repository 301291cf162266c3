//! What a monitor makes of drives that it has not learnt from: those that are made (`drives/`).

use segmeter::learn::{Frame, Settings, learn};
use segmeter_core::drift::{
    CalibrationMap, EstimatedIou, Facts, Monitor, Outline, Profile, Reasons, SIGNALS, State,
};
use segmeter_core::metric::Confusion;
use segmeter_core::sketch::{SigmoidTable, Sketch};
use segmeter_core::view::Quantiser;
use segmeter_tests::drives::{Change, Drives, ONSET, Stream};
use serde::Serialize;

use super::packs::auroc;

/// Frames between two false alarms that are asked for: as many as can be counted here.
pub(crate) const ASKED: f64 = 2000.0;
/// Frames over which the real IoU is averaged.
const WINDOW: usize = 5;
/// Losses of IoU that are harmful at the least, and harmless at the most.
const HARMFUL: f64 = 0.1;
const HARMLESS: f64 = 0.03;
/// An IoU below it is a frame that cannot be trusted.
const TRUSTED: f64 = 0.8;
/// Of so many frames one is looked at by itself: its neighbours are like it.
const EVERY: usize = 10;

/// What profiles of so many drives do, on all others.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Row {
    pub(crate) learnt_on: usize,
    pub(crate) profiles: usize,
    /// Frames without a change, those that were not in alarm, and the alarms entered among these.
    pub(crate) frames: usize,
    pub(crate) control_frames: usize,
    pub(crate) false_alarms: usize,
    /// Of these, those that the chart of a signal is a reason of, and the rule of harm.
    pub(crate) by_signal: [usize; SIGNALS],
    pub(crate) by_harm: usize,
    /// Changes that are harmful, those of them that alarm, and the frames from the harm to the alarm.
    pub(crate) harmful: usize,
    pub(crate) found: usize,
    pub(crate) delays: Vec<usize>,
    /// Changes that are harmless, and those of them that alarm.
    pub(crate) harmless: usize,
    pub(crate) harmless_alarms: usize,
    /// Of single frames: how well the estimate tells those that cannot be trusted, its mean error, and the share that
    /// lies in its interval.
    pub(crate) auroc: f64,
    pub(crate) error: f64,
    pub(crate) coverage: f64,
    #[serde(skip)]
    pub(crate) missed: Vec<Change>,
}

impl Row {
    /// False alarms in so many of those asked for.
    pub(crate) fn ratio(&self) -> f64 {
        self.false_alarms as f64 * ASKED / self.control_frames as f64
    }

    pub(crate) fn in_alarm(&self) -> f64 {
        1.0 - self.control_frames as f64 / self.frames as f64
    }

    pub(crate) fn median_delay(&self) -> Option<usize> {
        let mut delays = self.delays.clone();
        delays.sort_unstable();
        delays.get(delays.len() / 2).copied()
    }
}

/// A stream, measured.
struct Shown {
    seed: u32,
    change: Option<Change>,
    frames: Vec<Frame>,
    /// By the labels.
    iou: Vec<f64>,
}

impl Shown {
    fn new(stream: Stream, table: &SigmoidTable) -> Self {
        let iou = |(sketch, _): &(Sketch, Outline)| {
            Confusion::of_sketch(sketch, table).class(1).iou().value().expect("road in the labels")
        };
        let iou = stream.frames.iter().map(iou).collect();
        let frames = stream.frames.into_iter().map(|(sketch, outline)| Frame { sketch, outline }).collect();
        Self { seed: stream.seed, change: stream.change, frames, iou }
    }
}

/// Drives as they are, and what happens to them.
pub(crate) struct Set {
    quantiser: Quantiser,
    table: SigmoidTable,
    control: Vec<Shown>,
    changed: Vec<Shown>,
}

/// A monitor and what it was shown.
struct Watch<'a> {
    profile: &'a Profile,
    table: &'a SigmoidTable,
    monitor: Monitor,
}

impl Watch<'_> {
    fn show(&mut self, frame: &Frame) -> State {
        let seen =
            self.monitor.watch(self.profile, self.table, &frame.sketch, &frame.outline, Facts::default());
        seen.verdict.state
    }
}

/// What the estimate says of single frames.
#[derive(Default)]
struct Singles {
    /// How low the estimate is, and whether the frame cannot be trusted.
    scored: Vec<(f64, bool)>,
    errors: f64,
    covered: usize,
}

impl Set {
    pub(crate) fn new(drives: Drives) -> Self {
        let table = SigmoidTable::new(&drives.quantiser);
        let shown = drives.streams.into_iter().map(|stream| Shown::new(stream, &table));
        let (changed, control) = shown.partition(|stream: &Shown| stream.change.is_some());
        Self { quantiser: drives.quantiser, table, control, changed }
    }

    pub(crate) const fn quantiser(&self) -> Quantiser {
        self.quantiser
    }

    /// The frames of the drives as they are.
    pub(crate) fn control(&self) -> Vec<&[Frame]> {
        self.control.iter().map(|drive| &drive.frames[..]).collect()
    }

    /// Profiles of `count` drives each, from as many places, and what they make of all other drives.
    pub(crate) fn row(&self, count: usize, profiles: usize) -> Row {
        let settings = Settings { false_alarm_frames: ASKED, ..Settings::default() };
        let mut row = Row { learnt_on: count, profiles, ..Row::default() };
        let mut singles = Singles::default();
        for number in 0..profiles {
            let (own, others) = self.parted(count, number, profiles);
            let profile = learn(self.quantiser, &own, &settings).expect("enough frames").profile;
            self.calm(&mut row, &profile, &others);
            for control in &others {
                let is_same = |changed: &&Shown| changed.seed == control.seed;
                singles.push(control, &profile, &self.table);
                for changed in self.changed.iter().filter(is_same) {
                    self.change(&mut row, &profile, control, changed);
                    singles.push(changed, &profile, &self.table);
                }
            }
        }
        let frames = singles.scored.len() as f64;
        (row.error, row.coverage) = (singles.errors / frames, singles.covered as f64 / frames);
        row.auroc = auroc(singles.scored);
        row
    }

    /// Of profiles of `count` drives, the shares of the frames of other drives that lie in an interval so many times as wide
    /// as that of the profile: of those to which nothing happens, and of all.
    pub(crate) fn coverage(&self, count: usize, profiles: usize, times: f64) -> [f64; 2] {
        let settings = Settings { false_alarm_frames: ASKED, ..Settings::default() };
        let [mut calm, mut all] = [(); 2].map(|()| Singles::default());
        for number in 0..profiles {
            let (own, others) = self.parted(count, number, profiles);
            let mut profile = learn(self.quantiser, &own, &settings).expect("enough frames").profile;
            let deviation = profile.calibration.deviation().map(|d| (f64::from(d) * times).min(255.0) as u8);
            let probability = *profile.calibration.probability();
            profile.calibration =
                CalibrationMap::from_parts(probability, deviation, true).expect("as it was");
            for control in others {
                calm.push(control, &profile, &self.table);
                let same = self.changed.iter().filter(|changed| changed.seed == control.seed);
                [control].into_iter().chain(same).for_each(|shown| all.push(shown, &profile, &self.table));
            }
        }
        [calm, all].map(|singles| singles.covered as f64 / singles.scored.len() as f64)
    }

    /// The frames of `count` drives that a profile learns from, by its number, and all other drives.
    fn parted(&self, count: usize, number: usize, profiles: usize) -> (Vec<Vec<Frame>>, Vec<&Shown>) {
        let drives = self.control.len();
        let first = number * drives / profiles;
        let place = |index: usize| (index + drives - first) % drives;
        let (own, others): (Vec<_>, Vec<_>) =
            self.control.iter().enumerate().partition(|(index, _)| place(*index) < count);
        let own = own.iter().map(|(_, drive)| drive.frames.clone()).collect();
        (own, others.into_iter().map(|(_, drive)| drive).collect())
    }

    fn watch<'a>(&'a self, profile: &'a Profile) -> Watch<'a> {
        Watch { profile, table: &self.table, monitor: Monitor::new() }
    }

    /// All drives, one after the other.
    fn calm(&self, row: &mut Row, profile: &Profile, drives: &[&Shown]) {
        let mut watch = self.watch(profile);
        let mut before = State::Unknown;
        for frame in drives.iter().flat_map(|drive| &drive.frames) {
            let state = watch.show(frame);
            row.frames += 1;
            row.control_frames += usize::from(before != State::Alarm);
            if state == State::Alarm && before != State::Alarm {
                row.false_alarms += 1;
                let reasons = watch.monitor.verdict().reasons;
                row.by_harm += usize::from(reasons.conditions & Reasons::HARM != 0);
                for signal in Reasons::signals(reasons.factory) {
                    row.by_signal[signal as usize] += 1;
                }
            }
            before = state;
        }
    }

    fn change(&self, row: &mut Row, profile: &Profile, control: &Shown, changed: &Shown) {
        let mut watch = self.watch(profile);
        let calm: Vec<State> = control.frames[..ONSET].iter().map(|frame| watch.show(frame)).collect();
        // An alarm before anything happens is none of the change.
        if calm.last() == Some(&State::Alarm) {
            return;
        }
        let mean = |ious: &[f64]| ious.iter().sum::<f64>() / ious.len() as f64;
        let reference = mean(&control.iou[..ONSET]);
        let lost: Vec<f64> = changed.iou.windows(WINDOW).map(|ious| reference - mean(ious)).collect();
        let alarm = changed.frames.iter().position(|frame| watch.show(frame) == State::Alarm);
        // From where it is harm for good.
        let harm = lost.iter().position(|lost| *lost > HARMFUL).filter(|at| {
            let rest = &lost[*at..];
            rest.iter().filter(|lost| **lost > HARMFUL).count() * 2 > rest.len()
        });
        match (harm, alarm) {
            (Some(harm), Some(alarm)) => {
                row.harmful += 1;
                row.found += 1;
                row.delays.push(alarm.saturating_sub(harm));
            }
            (Some(_), None) => {
                row.harmful += 1;
                row.missed.extend(changed.change);
            }
            (None, _) if lost.iter().all(|lost| *lost < HARMLESS) => {
                row.harmless += 1;
                row.harmless_alarms += usize::from(alarm.is_some());
            }
            (None, _) => {}
        }
    }
}

impl Singles {
    fn push(&mut self, shown: &Shown, profile: &Profile, table: &SigmoidTable) {
        for (frame, real) in shown.frames.iter().zip(&shown.iou).step_by(EVERY) {
            let Some(estimate) = EstimatedIou::new(&frame.sketch, &profile.calibration, table) else {
                continue;
            };
            let [low, value, high] = [estimate.low, estimate.value, estimate.high].map(|iou| iou.to_f64());
            self.scored.push((-value, *real < TRUSTED));
            self.errors += (value - real).abs();
            self.covered += usize::from(low <= *real && *real <= high);
        }
    }
}
