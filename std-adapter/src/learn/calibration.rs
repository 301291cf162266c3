//! What a code is worth: learnt from labelled frames, in the way that errs least on frames that it has not seen.

use std::collections::BTreeSet;

use segmeter_core::drift::CalibrationMap;
use segmeter_core::sketch::{CODES, SigmoidTable};

use super::{FOLDS, Frame};

mod fit;
#[cfg(test)]
mod tests;

pub use fit::Calibration;
use fit::{Counts, logit};

/// Ranges of codes with a deviation of their own: each has as many labelled pixels as the others.
const RANGES: usize = 16;

/// Share of the frames whose IoU is to lie within its interval.
pub const COVERAGE: f64 = 0.9;

/// How much further estimates are off where something happens to other drives than where nothing does, as measured on made
/// drives and what is made to happen to them: labels in control say nothing of that, and there the interval is looked at.
const CHANGED: f64 = 2.0;

/// How much further they are off in other drives than in other parts of the same, measured likewise: what is taken where
/// there is one drive alone.
const ONE_DRIVE: f64 = 3.0;

/// The way that was chosen, and how it does on frames that were left out.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Calibrated {
    /// The simplest one that errs no more than the others, as far as frames tell.
    pub calibration: Calibration,
    /// Mean absolute errors of the estimated IoU of frames that were left out, by [`Calibration::ALL`].
    pub errors: [f64; 4],
    /// Labelled frames.
    pub frames: usize,
    /// Share of them within the interval that was learnt from the others, before it is widened.
    pub coverage: f64,
    /// How many times as wide the interval has been made as frames in control ask for: others are further off.
    pub widened: f64,
}

impl Calibrated {
    /// The error of the way that was chosen.
    #[must_use]
    pub fn error(&self) -> f64 {
        self.errors[self.calibration as usize]
    }
}

/// A labelled frame: its drive, its pixels, and the IoU of its mask.
struct Labelled {
    drive: usize,
    counts: Counts,
    iou: f64,
}

/// Probabilities, and how far the share of road differs from frame to frame, by code.
struct Map {
    probability: [f64; CODES],
    deviation: [f64; CODES],
}

impl Map {
    /// The IoU of the mask of the codes above `threshold` that a frame is expected to have: as
    /// [`segmeter_core::drift::EstimatedIou`], of labelled pixels; with each code in error by `by` deviations.
    fn iou(&self, counts: &Counts, threshold: u8, by: f64) -> f64 {
        let (mut inside, mut mask, mut outside) = (0.0, 0.0, 0.0);
        let shares = self.probability.iter().zip(&self.deviation);
        for ((index, pixels), (share, deviation)) in (0u8..=255).zip(counts.pixels()).zip(shares) {
            let share = |by: f64| (share + by * deviation).clamp(0.0, 1.0);
            if index > threshold {
                mask += pixels;
                inside += pixels * share(by);
            } else {
                outside += pixels * share(-by);
            }
        }
        inside / (mask + outside)
    }

    /// How many deviations the estimate is off, at the least.
    fn error(&self, frame: &Labelled, threshold: u8) -> f64 {
        let off = frame.iou - self.iou(&frame.counts, threshold, 0.0);
        let within =
            |by: f64| (self.iou(&frame.counts, threshold, by.copysign(off)) - frame.iou) * off >= 0.0;
        let (mut low, mut high) = (0.0, 256.0);
        for _ in 0..40 {
            let middle = f64::midpoint(low, high);
            if within(middle) { high = middle } else { low = middle }
        }
        high
    }
}

/// Learns the map from the labelled frames of drives, and how good it is; `None` for fewer than two such frames.
///
/// Each way is tried on frames that it has not learnt from: those of a drive that was left out, or with labels in one
/// drive alone those of up to ten parts of it. The simplest one whose mean absolute error of the estimated IoU is not
/// clearly above the least is learnt from all frames. The deviation of a code is that between frames of the share of
/// road among the pixels of the sixteenth of codes that it is in, about the map; all of them are scaled so that
/// [`COVERAGE`] of the frames that were left out have their IoU within the interval (split conformal prediction; Papadopoulos
/// et al. 2002; of frames that come in drives, Dunn et al. 2022), and then widened so that as many of other drives have to
/// which something happens.
///
/// `fixed`: what is watched is more of the same drives.
pub(super) fn calibrate(
    drives: &[&[Frame]],
    table: &SigmoidTable,
    fixed: bool,
) -> Option<(CalibrationMap, Calibrated)> {
    let frames = labelled(drives, table.threshold());
    if frames.len() < 2 {
        return None;
    }
    let logits = table.probability.map(|p| logit(f64::from(p)));
    let parts = parts(&frames);
    let tried = Calibration::ALL.map(|way| tried(way, &frames, &parts, &logits, table.threshold()));
    let errors = tried.each_ref().map(|tries| mean(tries.iter().map(|(error, _)| *error)));
    let best = chosen(&tried, &parts)?;
    let off: Vec<f64> = tried[best].iter().map(|(_, off)| *off).collect();
    let calibration = Calibration::ALL[best];
    let drives = frames.iter().map(|frame| frame.drive).collect::<BTreeSet<_>>().len();
    let widened = if drives == 1 && !fixed { ONE_DRIVE * CHANGED } else { CHANGED };
    let covered = (0..frames.len()).filter(|frame| {
        let others = off.iter().zip(&parts).filter(|(_, part)| **part != parts[*frame]).map(|(off, _)| *off);
        off[*frame] <= quantile(others.collect())
    });
    let coverage = covered.count() as f64 / frames.len() as f64;
    let map = stored(map(calibration, frames.iter(), &logits), widened * quantile(off.clone()))?;
    Some((map, Calibrated { calibration, errors, frames: frames.len(), coverage, widened }))
}

/// The simplest way that no part of the frames speaks against: its error is above the least by no more than one
/// standard error of that difference, parts being what is independent (Breiman et al. 1984).
fn chosen(tried: &[Vec<(f64, f64)>; 4], parts: &[usize]) -> Option<usize> {
    let error = |way: usize| mean(tried[way].iter().map(|(error, _)| *error));
    let best = (0..tried.len()).min_by(|a, b| error(*a).total_cmp(&error(*b)))?;
    let is_as_good = |way: &usize| {
        let more: Vec<f64> = tried[*way].iter().zip(&tried[best]).map(|((a, _), (b, _))| a - b).collect();
        let mut start = 0;
        let of_parts: Vec<f64> = parts
            .chunk_by(|a, b| a == b)
            .map(|same| {
                start += same.len();
                mean(more[start - same.len()..start].iter().copied())
            })
            .collect();
        let middle = mean(of_parts.iter().copied());
        let count = of_parts.len() as f64;
        let square = of_parts.iter().map(|x| (x - middle) * (x - middle)).sum::<f64>();
        middle <= libm::sqrt(square / (count * (count - 1.0).max(1.0)))
    };
    // A network is more sure of frames that are unlike those it was trained on than it should be (Guo et al. 2017): two
    // numbers of few frames before its own word.
    [Calibration::Platt, Calibration::Network, Calibration::Beta, Calibration::Isotonic]
        .map(|way| way as usize)
        .into_iter()
        .find(is_as_good)
}

/// The map that a way makes of frames; `None` for fewer than two with labels.
pub(super) fn of_frames<'a>(
    way: Calibration,
    frames: impl Iterator<Item = &'a Frame>,
    table: &SigmoidTable,
) -> Option<CalibrationMap> {
    let frames: Vec<Labelled> =
        frames.filter_map(|frame| Labelled::new(0, frame, table.threshold())).collect();
    let logits = table.probability.map(|p| logit(f64::from(p)));
    (frames.len() > 1).then(|| stored(map(way, frames.iter(), &logits), 1.0)).flatten()
}

/// The map as a monitor has it, its deviations times `width`.
fn stored(map: Map, width: f64) -> Option<CalibrationMap> {
    let probability = rising(map.probability.map(|p| (p * f64::from(u16::MAX) + 0.5) as u16));
    // Rounded up: never surer than the frames were.
    let deviation = map.deviation.map(|deviation| libm::ceil(256.0 * width * deviation).min(255.0) as u8);
    CalibrationMap::from_parts(probability, deviation, true).ok()
}

impl Labelled {
    /// `None` where neither the mask nor the labels have any road.
    fn new(drive: usize, frame: &Frame, threshold: u8) -> Option<Self> {
        let counts = Counts::of_frame(&frame.sketch);
        let above = usize::from(threshold) + 1;
        let hits: f64 = counts.road.iter().skip(above).sum();
        let union = counts.road.iter().sum::<f64>() + counts.background.iter().skip(above).sum::<f64>();
        (union > 0.0).then(|| Self { drive, counts, iou: hits / union })
    }
}

fn labelled(drives: &[&[Frame]], threshold: u8) -> Vec<Labelled> {
    let all = drives.iter().enumerate();
    all.flat_map(|(drive, frames)| {
        frames.iter().filter_map(move |frame| Labelled::new(drive, frame, threshold))
    })
    .collect()
}

/// Which part each frame is in.
fn parts(frames: &[Labelled]) -> Vec<usize> {
    let is_one_drive = frames.iter().all(|frame| frame.drive == frames[0].drive);
    let parts = FOLDS.min(frames.len());
    let part = |(place, frame): (usize, &Labelled)| {
        if is_one_drive { place * parts / frames.len() } else { frame.drive }
    };
    frames.iter().enumerate().map(part).collect()
}

/// Of every frame, what a map of the frames of other parts makes of it: its error, and that in deviations.
fn tried(
    way: Calibration,
    frames: &[Labelled],
    parts: &[usize],
    logits: &[f64; CODES],
    threshold: u8,
) -> Vec<(f64, f64)> {
    let mut tried = Vec::with_capacity(frames.len());
    let mut start = 0;
    for same in parts.chunk_by(|a, b| a == b) {
        let others = frames.iter().zip(parts).filter(|(_, part)| **part != same[0]).map(|(frame, _)| frame);
        let map = map(way, others, logits);
        for frame in &frames[start..start + same.len()] {
            let error = (map.iou(&frame.counts, threshold, 0.0) - frame.iou).abs();
            tried.push((error, map.error(frame, threshold)));
        }
        start += same.len();
    }
    tried
}

fn map<'a>(
    way: Calibration,
    frames: impl Iterator<Item = &'a Labelled> + Clone,
    logits: &[f64; CODES],
) -> Map {
    let mut counts = Counts::of_network(logits);
    frames.clone().for_each(|frame| counts.add(&frame.counts));
    let probability = way.fit(&counts, logits);
    let deviation = deviations(frames, &counts, &probability);
    Map { probability, deviation }
}

/// How far the share of road differs from frame to frame about the map, for every code.
fn deviations<'a>(
    frames: impl Iterator<Item = &'a Labelled>,
    counts: &Counts,
    probability: &[f64; CODES],
) -> [f64; CODES] {
    let all: f64 = counts.pixels().sum();
    let mut below = 0.0;
    // The range of a code: where the middle of its pixels lies among all of them.
    let mut ranges = [0; CODES];
    for (range, pixels) in ranges.iter_mut().zip(counts.pixels()) {
        *range = ((below + pixels / 2.0) / all * RANGES as f64) as usize;
        below += pixels;
    }
    let (mut squares, mut weights) = ([0.0; RANGES], [0.0; RANGES]);
    for frame in frames {
        let (mut gaps, mut pixels) = ([0.0; RANGES], [0.0; RANGES]);
        let codes = frame.counts.pixels().zip(&frame.counts.road).zip(probability);
        for (((here, road), share), range) in codes.zip(ranges) {
            gaps[range] += road - here * share;
            pixels[range] += here;
        }
        for (range, (gap, pixels)) in gaps.into_iter().zip(pixels).enumerate() {
            if pixels > 0.0 {
                squares[range] += gap * gap / pixels;
                weights[range] += pixels;
            }
        }
    }
    ranges.map(|range| if weights[range] > 0.0 { libm::sqrt(squares[range] / weights[range]) } else { 0.0 })
}

/// The value that [`COVERAGE`] of others would not exceed; the largest where they are too few to say.
fn quantile(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let rank = libm::ceil((values.len() as f64 + 1.0) * COVERAGE) as usize;
    values.get(rank.saturating_sub(1)).or(values.last()).copied().unwrap_or(0.0)
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    sum / count
}

/// Never falling: rounding and a fit of few frames may let it.
fn rising(mut shares: [u16; CODES]) -> [u16; CODES] {
    let mut most = 0;
    for share in &mut shares {
        most = most.max(*share);
        *share = most;
    }
    shares
}
