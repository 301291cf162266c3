//! Learning the profile of a drift monitor from frames that are in control.

use std::borrow::Cow;

use segmeter_core::drift::gate;
use segmeter_core::drift::{
    CalibrationMap, Facts, Group, Identity, Invalid, Monitor, Outline, Profile, Reference, Rules, SIGNALS,
    Signal, Signals,
};
use segmeter_core::num::Q16;
use segmeter_core::sketch::{CODES, SigmoidTable, Sketch};
use segmeter_core::view::{Code, Labels, Quantised, Quantiser};

mod desk;
mod fleet;
mod random;
mod series;
#[cfg(test)]
mod tests;

pub use desk::{Chart, Desk};

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
    /// Frames between two false alarms.
    pub false_alarm_frames: f64,
    /// There will be a site reference: its charts share the false alarms.
    pub site: bool,
}

impl Default for Settings {
    /// A false alarm every 100,000 frames, of the factory's charts alone.
    fn default() -> Self {
        Self {
            identity: Identity::default(),
            rules: Rules { block_frames: 0, ..Rules::DEFAULT },
            false_alarm_frames: 100_000.0,
            site: false,
        }
    }
}

/// What the chart of a signal rests on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ChartFacts {
    /// Autocorrelation from frame to frame.
    pub correlation: f64,
    /// Frames in which it falls to 1/e.
    pub decorrelation_frames: f64,
    /// The highest sum that the in-control frames themselves reach.
    pub highest: Q16,
    /// Its interval was too long to count alarms: the threshold is extrapolated.
    pub extrapolated: bool,
}

impl From<&Chart> for ChartFacts {
    fn from(chart: &Chart) -> Self {
        Self {
            correlation: chart.correlation,
            decorrelation_frames: series::decorrelation(chart.correlation),
            highest: chart.highest,
            extrapolated: chart.extrapolated,
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
    /// By signal.
    pub charts: [ChartFacts; SIGNALS],
    /// Frames with labels.
    pub labelled: usize,
    /// Lines that a person should read.
    pub notes: Vec<String>,
}

/// Learns from consecutive in-control frames.
///
/// **Signals.** Frames that are part of a reference are closer to it than any frame that will ever be watched: those of
/// each of up to ten parts are measured against the codes and the calibration map of the other parts. The profile then has
/// those of all frames; of 2^32 pixels and more, counts are halved until they fit. The map is learnt from frames with
/// labels if there are two, and is else that of the network.
///
/// **Blocks and charts**: as [`Desk::chart`] says, with one length of block, and one slack, for all signals.
///
/// **False alarms.** The interval of a signal is `n / required` times that of the monitor, for `n` charts of confidence
/// (twice as many with a site reference): for one signal the bound of Bonferroni, for several together that of Rüger (1978),
/// true whatever depends on what.
///
/// The same frames give the same profile on every platform. Seconds at most.
///
/// # Errors
/// A line that says what was found and what was expected.
pub fn learn(quantiser: Quantiser, frames: &[Frame], settings: &Settings) -> Result<Learnt, String> {
    let mut notes = Vec::new();
    let frames = &valid(frames, settings, &mut notes)?;
    let settings = &sized(frames, settings)?;
    check(frames, settings)?;
    let table = SigmoidTable::new(&quantiser);
    let (reference, calibration) = sealed(frames.iter(), &table)?;
    let mut profile = Profile {
        identity: Identity { frames: u32::try_from(frames.len()).unwrap_or(u32::MAX), ..settings.identity },
        quantiser,
        rules: settings.rules,
        baselines: Default::default(),
        thresholds: Default::default(),
        site_thresholds: Default::default(),
        correlations: Default::default(),
        calibration,
        reference,
    };
    let values = measured(frames, &table, &profile)?;
    let (charts, site) = Desk::default().charts(&values, settings, &mut profile.rules, &mut notes)?;
    for (signal, chart) in Signal::ALL.into_iter().zip(&charts) {
        let index = signal as usize;
        profile.baselines[index] = chart.baseline;
        profile.thresholds[index] = chart.threshold;
        profile.site_thresholds[index] = site[index];
        profile.correlations[index] = Q16::from_f32(chart.correlation as f32);
    }
    profile.check().map_err(|error| error.to_string())?;
    Ok(Learnt {
        blocks: frames.len() / usize::from(profile.rules.block_frames),
        charts: std::array::from_fn(|index| ChartFacts::from(&charts[index])),
        labelled: frames.iter().filter(|frame| is_labelled(frame)).count(),
        profile,
        notes,
    })
}

/// The settings with the size of the first frame, if they have none.
fn sized(frames: &[Frame], settings: &Settings) -> Result<Settings, String> {
    let mut settings = settings.clone();
    let identity = &mut settings.identity;
    if let (0, 0, Some(first)) = (identity.height, identity.width, frames.first()) {
        let shape = first.outline.shape();
        let side = |side: usize| {
            u16::try_from(side).map_err(|_| format!("found a side of {side}, expected at most 65535"))
        };
        (identity.height, identity.width) = (side(shape.height())?, side(shape.width())?);
    }
    Ok(settings)
}

/// The frames that a monitor would measure, by the same rules; says which it would not.
fn valid<'a>(
    frames: &'a [Frame],
    settings: &Settings,
    notes: &mut Vec<String>,
) -> Result<Cow<'a, [Frame]>, String> {
    let mut gate = Monitor::new();
    let mut counts = [0_usize; Invalid::ALL.len()];
    let mut is_valid = |frame: &Frame| {
        let facts = Facts { fingerprint: gate::fingerprint(&frame.sketch), ..Facts::default() };
        let verdict = gate::sketch_is_valid(&frame.sketch).and_then(|()| gate.admit(&settings.rules, &facts));
        verdict.inspect_err(|why| counts[*why as usize] += 1).is_ok()
    };
    let marks: Vec<bool> = frames.iter().map(&mut is_valid).collect();
    let invalid = marks.iter().filter(|is_valid| !**is_valid).count();
    if invalid == 0 {
        return Ok(Cow::Borrowed(frames));
    }
    let text = |(why, count): (Invalid, usize)| match why {
        Invalid::Frozen => format!("{count} frozen, of the same content as the frames before"),
        Invalid::Constant => format!("{count} constant, of one value in every pixel"),
        _ => format!("{count} {}", why.name()),
    };
    let found = Invalid::ALL.into_iter().zip(counts).filter(|(_, count)| *count != 0).map(text);
    let line =
        format!("{invalid} of {} frames are invalid: {}", frames.len(), found.collect::<Vec<_>>().join("; "));
    if 2 * invalid > frames.len() {
        return Err(format!("found that {line}; expected frames of a camera that works"));
    }
    notes.push(format!("{line}; nothing was learnt from them"));
    let valid = frames.iter().zip(marks).filter(|(_, is_valid)| *is_valid);
    Ok(Cow::Owned(valid.map(|(frame, _)| frame.clone()).collect()))
}

fn check(frames: &[Frame], settings: &Settings) -> Result<(), String> {
    let block = usize::from(settings.rules.block_frames);
    let least = (2 * block).max(4);
    if frames.len() < least {
        let found = frames.len();
        return Err(match block {
            0 => format!("found {found} frames, expected at least {least}, and better hundreds"),
            _ => format!(
                "found {found} frames, expected at least {least} for two blocks of {block}, and better eight blocks"
            ),
        });
    }
    if !(settings.false_alarm_frames >= 1.0 && settings.false_alarm_frames <= 1e12) {
        let found = settings.false_alarm_frames;
        return Err(format!("found {found} frames between false alarms, expected 1 to 1e12"));
    }
    let pixels = u64::from(settings.identity.height) * u64::from(settings.identity.width);
    match frames.iter().map(|frame| frame.sketch.pixels()).find(|found| *found != pixels) {
        Some(found) => Err(format!("found a frame of {found} pixels, expected {pixels}")),
        None => Ok(()),
    }
}

/// The interval of one chart, in frames.
fn interval_frames(settings: &Settings) -> f64 {
    let confidence = Signal::ALL.into_iter().filter(|signal| signal.group() == Group::Confidence).count();
    let charts = if settings.site { 2 * confidence } else { confidence };
    settings.false_alarm_frames * charts as f64 / f64::from(settings.rules.required.max(1))
}

fn is_labelled(frame: &Frame) -> bool {
    frame.sketch.labelled(0) + frame.sketch.labelled(1) != 0
}

/// The reference and the calibration map of frames.
fn sealed<'a>(
    frames: impl Iterator<Item = &'a Frame> + Clone,
    table: &SigmoidTable,
) -> Result<(Reference, CalibrationMap), String> {
    let mut counts = [0u64; CODES];
    for frame in frames.clone() {
        for (index, count) in (0u8..=255).zip(&mut counts) {
            *count += frame.sketch.pixels_at(index);
        }
    }
    // Only too few labels are an error.
    let map = CalibrationMap::learn(frames.map(|frame| &frame.sketch), table)
        .unwrap_or_else(|_| CalibrationMap::network(table));
    Ok((reference(counts)?, map))
}

fn reference(mut counts: [u64; CODES]) -> Result<Reference, String> {
    while counts.iter().sum::<u64>() > u64::from(u32::MAX) {
        counts = counts.map(|n| n / 2);
    }
    Reference::new(counts.map(|n| n as u32)).map_err(|error| error.to_string())
}

/// The signals of all frames, each part measured against the others.
fn measured(
    frames: &[Frame],
    table: &SigmoidTable,
    profile: &Profile,
) -> Result<[Vec<Option<Q16>>; SIGNALS], String> {
    let folds = FOLDS.min(frames.len() / 2);
    let mut values: [Vec<Option<Q16>>; SIGNALS] = Default::default();
    for fold in 0..folds {
        let [start, end] = [fold, fold + 1].map(|fold| fold * frames.len() / folds);
        let others = frames[..start].iter().chain(&frames[end..]);
        let (reference, map) = sealed(others, table)?;
        // A single labelled frame elsewhere makes no map: better one that knows the frame.
        let calibration = if map.is_learnt() { map } else { profile.calibration.clone() };
        let others = Profile { reference, calibration, ..profile.clone() };
        for frame in &frames[start..end] {
            let signals = Signals::new(&frame.sketch, &frame.outline, table, &others)
                .ok_or("found a frame that cannot be measured")?;
            for (values, value) in values.iter_mut().zip(signals.0) {
                values.push(value);
            }
        }
    }
    Ok(values)
}
