//! Learning the profile of a drift monitor from frames that are in control.

use segmeter_core::drift::{
    CalibrationMap, Group, Identity, Outline, Profile, Reference, Rules, SIGNALS, Side, Signal, Signals,
};
use segmeter_core::num::Q16;
use segmeter_core::sketch::{CODES, SigmoidTable, Sketch};
use segmeter_core::view::{Code, Labels, Quantised, Quantiser};

mod admit;
mod belief;
mod calibration;
mod desk;
mod error;
mod fleet;
mod random;
mod series;
mod stream;
#[cfg(test)]
mod tests;

pub use belief::Belief;
pub use calibration::{COVERAGE, Calibrated, Calibration};
pub use desk::{Chart, Desk};
pub use error::Error;

/// Parts of the frames, each measured against the others.
const FOLDS: usize = 10;

/// One frame, measured.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Its codes; with labels, a calibration map is learnt.
    pub sketch: Sketch,
    /// The outline of its mask.
    pub outline: Outline,
}

impl Frame {
    /// Measures a frame.
    ///
    /// # Errors
    /// If the labels have another shape.
    pub fn new<Q: Code>(
        frame: &Quantised<'_, Q>,
        labels: Option<&Labels<'_>>,
    ) -> segmeter_core::Result<Self> {
        let mut scratch = vec![0; Outline::scratch_len(frame.shape().width())];
        Ok(Self { sketch: Sketch::of(frame, labels)?, outline: Outline::of(frame, &mut scratch)? })
    }
}

/// How a monitor is to behave.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// What is watched; [`Identity::frames`] is filled in, and so are height and width if both are 0.
    pub identity: Identity,
    /// When the monitor speaks up. [`Rules::block_frames`] 0: twice the decorrelation time.
    pub rules: Rules,
    /// Half the shift worth detecting, in deviations of a block mean: one half finds shifts of one deviation soonest.
    pub slack: Q16,
    /// Frames between two false alarms.
    pub false_alarm_frames: f64,
    /// There will be a site reference: its charts share the false alarms.
    pub site: bool,
    /// What is watched is more of these drives, as a camera that does not move sees it: no [`Belief`] says that others differ.
    pub fixed: bool,
}

impl Default for Settings {
    /// A false alarm every 100,000 frames, of the factory's charts alone.
    fn default() -> Self {
        Self {
            identity: Identity::default(),
            rules: Rules { block_frames: 0, ..Rules::DEFAULT },
            slack: Q16::from_raw(1 << 15),
            false_alarm_frames: 100_000.0,
            site: false,
            fixed: false,
        }
    }
}

/// A profile and what it rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Learnt {
    /// The profile.
    pub profile: Profile,
    /// Complete blocks.
    pub blocks: usize,
    /// How many drives there were.
    pub drives: usize,
    /// [`Settings::fixed`].
    pub fixed: bool,
    /// By signal.
    pub charts: Vec<Chart>,
    /// Frames with labels.
    pub labelled: usize,
    /// What a code is worth, if labels say it.
    pub calibrated: Option<Calibrated>,
    /// Lines that a person should read.
    pub notes: Vec<String>,
}

/// Learns from the consecutive in-control frames of one drive or of several.
///
/// **Signals.** Frames that are part of a reference are closer to it than any frame that will ever be watched: those of
/// each drive, or of up to ten parts of a single one, are measured against the codes and the calibration map of the
/// others. The profile then has those of all frames; of 2^32 pixels and more, counts are halved until they fit. The map
/// is that of [`Calibrated`], if two frames have labels, and else that of the network.
///
/// **Blocks and charts**: as [`Desk::chart`] says, with one length of block for all signals. A chart that sees no change
/// that a signal can make is blind, and does not count.
///
/// **False alarms.** The interval of the rule of harm is `n + 1` times that of the monitor, for `n` charts of confidence
/// (twice as many with a site reference), and that of a chart `(n + 1) / required` times: for one signal the bound of
/// Bonferroni, for several together that of Rüger (1978), true whatever depends on what. The margin of harm is raised if
/// the estimate falls as far where nothing is wrong.
///
/// **Empty masks.** If one of the frames has an empty mask, so may others ([`Rules::may_be_empty`]).
///
/// The same frames give the same profile on every platform. Seconds at most.
///
/// # Errors
/// What was found and what was expected.
pub fn learn(quantiser: Quantiser, drives: &[Vec<Frame>], settings: &Settings) -> Result<Learnt, Error> {
    let mut notes = Vec::new();
    let drives = admit::valid(drives, settings, &mut notes)?;
    let settings = &admit::sized(&drives, settings)?;
    admit::check(&drives, settings)?;
    let table = SigmoidTable::new(&quantiser);
    notes.extend(admit::contradiction(&drives, &table));
    let drives: Vec<&[Frame]> = drives.iter().map(|drive| &drive[..]).collect();
    let calibrated = calibration::calibrate(&drives, &table, settings.fixed);
    let frames = drives.iter().map(|drive| drive.len()).sum::<usize>();
    let mut profile = Profile {
        identity: Identity { frames: u32::try_from(frames).unwrap_or(u32::MAX), ..settings.identity },
        quantiser,
        rules: Rules {
            may_be_empty: drives.iter().copied().flatten().any(|frame| frame.outline.road() == 0),
            ..settings.rules
        },
        baselines: Default::default(),
        charts: Default::default(),
        site_charts: Default::default(),
        watching: u8::MAX,
        correlations: Default::default(),
        calibration: calibrated
            .as_ref()
            .map_or_else(|| CalibrationMap::network(&table), |(map, _)| map.clone()),
        reference: sealed(drives.iter().copied().flatten())?,
    };
    let calibrated = calibrated.map(|(_, calibrated)| calibrated);
    let way = calibrated.as_ref().map(|calibrated| calibrated.calibration);
    let values = measured(&drives, way, &table, &profile)?;
    let (charts, site, fall) = Desk::default().charts(&values, settings, &mut profile.rules, &mut notes)?;
    profile.rules.harm_margin = profile.rules.harm_margin.max(fall);
    for (signal, chart) in Signal::ALL.into_iter().zip(&charts) {
        let index = signal as usize;
        profile.baselines[index] = chart.baseline;
        profile.charts[index] = chart.cusum;
        profile.site_charts[index] = site[index];
        profile.correlations[index] = Q16::from_f32(chart.correlation as f32);
        if is_blind(signal, chart) {
            profile.watching &= !signal.bit();
        }
    }
    profile.check()?;
    Ok(Learnt {
        blocks: charts.iter().map(|chart| chart.blocks).max().unwrap_or(0),
        drives: drives.len(),
        fixed: settings.fixed,
        charts,
        labelled: drives.iter().copied().flatten().filter(|frame| is_labelled(frame)).count(),
        calibrated,
        profile,
        notes,
    })
}

/// The values that a signal can have.
const RANGES: [[f64; 2]; SIGNALS] =
    [[0.0, 1.0], [0.0, 2.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.9], [0.0, 4.0]];

/// Whether no value that the signal can have is as far off as the chart sees.
fn is_blind(signal: Signal, chart: &Chart) -> bool {
    let (mean, [low, high]) = (chart.baseline.mean.to_f64(), RANGES[signal as usize]);
    let (below, above) = (mean - chart.shift_seen < low, mean + chart.shift_seen > high);
    match signal.side() {
        Side::Both => below && above,
        Side::Up => above,
        Side::Down => below,
    }
}

/// The interval of one chart, in frames.
fn interval_frames(settings: &Settings) -> f64 {
    let confidence = Signal::ALL.into_iter().filter(|signal| signal.group() == Group::Confidence).count();
    // And the rule of harm.
    let charts = 1 + if settings.site { 2 * confidence } else { confidence };
    settings.false_alarm_frames * charts as f64 / f64::from(settings.rules.required.max(1))
}

fn is_labelled(frame: &Frame) -> bool {
    frame.sketch.labelled(0) + frame.sketch.labelled(1) != 0
}

/// The reference of frames.
fn sealed<'a>(frames: impl Iterator<Item = &'a Frame>) -> Result<Reference, Error> {
    let mut counts = [0u64; CODES];
    for frame in frames {
        for (index, count) in (0u8..=255).zip(&mut counts) {
            *count += frame.sketch.pixels_at(index);
        }
    }
    reference(counts)
}

fn reference(mut counts: [u64; CODES]) -> Result<Reference, Error> {
    while counts.iter().sum::<u64>() > u64::from(u32::MAX) {
        counts = counts.map(|n| n / 2);
    }
    Ok(Reference::new(counts.map(|n| n as u32))?)
}

/// The signals of all frames by drive, each part measured against the others.
fn measured(
    drives: &[&[Frame]],
    way: Option<Calibration>,
    table: &SigmoidTable,
    profile: &Profile,
) -> Result<[Vec<Vec<Option<Q16>>>; SIGNALS], Error> {
    // The frames of each part, and the drive that they are of.
    let parts: Vec<(usize, &[Frame])> = match drives {
        [single] => {
            let folds = FOLDS.min(single.len() / 2);
            let bounds = |fold: usize| fold * single.len() / folds;
            (0..folds).map(|fold| (0, &single[bounds(fold)..bounds(fold + 1)])).collect()
        }
        _ => drives.iter().copied().enumerate().collect(),
    };
    let mut values: [Vec<Vec<Option<Q16>>>; SIGNALS] = Default::default();
    values.iter_mut().for_each(|values| values.resize(drives.len(), Vec::new()));
    for (place, (drive, frames)) in parts.iter().enumerate() {
        let others = || {
            parts.iter().enumerate().filter(|(other, _)| *other != place).flat_map(|(_, (_, frames))| *frames)
        };
        let map = way.and_then(|way| calibration::of_frames(way, others(), table));
        // A single labelled frame elsewhere makes no map: better one that knows the frame.
        let calibration = map.unwrap_or_else(|| profile.calibration.clone());
        let others = Profile { reference: sealed(others())?, calibration, ..profile.clone() };
        for frame in *frames {
            let signals =
                Signals::new(&frame.sketch, &frame.outline, table, &others).ok_or(Error::Unmeasured)?;
            for (signal, (values, value)) in Signal::ALL.into_iter().zip(values.iter_mut().zip(signals.0)) {
                values[*drive].push(value.map(|value| signal.charted(value)));
            }
        }
    }
    Ok(values)
}
