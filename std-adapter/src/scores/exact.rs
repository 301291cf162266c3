//! Thresholds and calibration of logits or probabilities: exact from all of them, sorted.
//!
//! The same sums, in the same order, as `segmeter_core` takes of the 256 codes of an 8-bit output: scores that are the
//! codes of a sketch give its numbers to the last bit.

use std::cmp::Ordering;

use crate::core::metric::Confidence;
use crate::core::metric::calibration::{Bin, Edges, EqualMass, ONE, steps};
use crate::core::metric::threshold::Ranking;
use crate::core::num::Sigmoid;
use crate::core::simd::Scalar;

/// A score as it is stored; `f64` keeps what would be ties in `f32`.
pub trait Real: Copy + Default + PartialOrd + Into<f64> + radsort::Key {
    /// The nearest one.
    fn nearest(wide: f64) -> Self;
}

impl Real for f32 {
    fn nearest(wide: f64) -> Self {
        wide as Self
    }
}

impl Real for f64 {
    fn nearest(wide: f64) -> Self {
        wide
    }
}

/// What scores are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// A logit: foreground above 0.
    Logit,
    /// A probability: foreground above 1/2.
    Probability,
}

/// The least probability of a label in the negative log-likelihood of 8-bit outputs and given probabilities.
pub const CLIP: f64 = 1e-7;

/// How probabilities are binned.
#[derive(Clone, Copy)]
pub struct Binning {
    /// How many there are.
    pub bins: usize,
    /// Which bin has what lies on an edge.
    pub edges: Edges,
    /// Of what is binned.
    pub confidence: Confidence,
}

/// Scores of background and foreground, or of wrong and right predictions, as they are stored.
pub enum Sides {
    /// As they are.
    F32([Vec<f32>; 2]),
    /// Where `f32` would make ties.
    F64([Vec<f64>; 2]),
}

impl Sides {
    /// None yet.
    pub fn new(is_exact: bool) -> Self {
        if is_exact { Self::F64(Default::default()) } else { Self::F32(Default::default()) }
    }

    /// Adds scores, each with its side.
    pub fn extend(&mut self, scored: impl Iterator<Item = (f64, bool)>) {
        fn push<T: Real>(sides: &mut [Vec<T>; 2], scored: impl Iterator<Item = (f64, bool)>) {
            scored.for_each(|(logit, is_foreground)| {
                sides[usize::from(is_foreground)].push(T::nearest(logit));
            });
        }
        match self {
            Self::F32(sides) => push(sides, scored),
            Self::F64(sides) => push(sides, scored),
        }
    }

    /// Moves the scores of others here, of the same type.
    pub fn append(&mut self, other: &mut Self) {
        fn append<T>(all: &mut [Vec<T>; 2], more: &mut [Vec<T>; 2]) {
            all.iter_mut().zip(more).for_each(|(all, more)| all.append(more));
        }
        match (self, other) {
            (Self::F32(all), Self::F32(more)) => append(all, more),
            (Self::F64(all), Self::F64(more)) => append(all, more),
            _ => {}
        }
    }

    /// In rising order, with how often each comes with either label.
    pub fn levels(self, scale: Scale) -> Levels {
        match self {
            Self::F32(sides) => levels(sides, scale, f32::total_cmp),
            Self::F64(sides) => levels(sides, scale, f64::total_cmp),
        }
    }
}

/// Pixels of one score.
#[derive(Clone, Copy)]
pub struct Level {
    /// As it is stored.
    pub score: f64,
    /// What the score is.
    pub scale: Scale,
    /// Labelled background, and foreground.
    pub pixels: [u64; 2],
}

impl Level {
    /// Its probability and what is left to 1.
    pub fn probability(&self) -> [f32; 2] {
        match self.scale {
            Scale::Logit => {
                let terms = Sigmoid::new(Scalar, self.score as f32);
                [terms.probability, terms.complement]
            }
            Scale::Probability => [self.score as f32, (1.0 - self.score) as f32],
        }
    }

    fn steps(&self) -> (u32, u32) {
        let [p, q] = self.probability();
        steps(p, q)
    }

    fn is_above_half(&self) -> bool {
        self.score > if self.scale == Scale::Logit { 0.0 } else { 0.5 }
    }

    /// The negative log-likelihood of background and of foreground.
    pub fn nats(&self) -> [f64; 2] {
        match self.scale {
            Scale::Logit => [self.score, -self.score].map(nats),
            Scale::Probability => [1.0 - self.score, self.score].map(|p| -libm::log(p.max(CLIP))),
        }
    }
}

/// Scores in rising order.
pub struct Levels(pub Vec<Level>);

impl Ranking for Levels {
    fn scores(&self) -> usize {
        self.0.len()
    }
    fn pixels(&self, place: usize) -> [u64; 2] {
        self.0.get(place).map_or([0, 0], |level| level.pixels)
    }
}

fn levels<T: Real>(
    [background, foreground]: [Vec<T>; 2],
    scale: Scale,
    order: impl Fn(&T, &T) -> Ordering + Copy,
) -> Levels {
    let sorted = |mut logits: Vec<T>| {
        // In the same order as `order`.
        radsort::sort(&mut logits);
        logits
    };
    let (background, foreground) = (sorted(background), sorted(foreground));
    let mut sides = [background.into_iter().peekable(), foreground.into_iter().peekable()];
    let mut levels = Vec::new();
    loop {
        let next = sides.iter_mut().filter_map(|side| side.peek().copied()).min_by(order);
        let Some(score) = next else { return Levels(levels) };
        let mut pixels = [0; 2];
        for (side, count) in sides.iter_mut().zip(&mut pixels) {
            while side.next_if(|other| order(other, &score).is_eq()).is_some() {
                *count += 1;
            }
        }
        levels.push(Level { score: score.into(), scale, pixels });
    }
}

/// Pixels, hits and confidence.
type Confident = (u64, u64, u32);

fn confidence(level: &Level, confidence: Confidence) -> Confident {
    let ([background, foreground], (p, q)) = (level.pixels, level.steps());
    let pixels = background + foreground;
    if confidence == Confidence::Positive || level.is_above_half() {
        (pixels, foreground, p)
    } else {
        (pixels, background, q)
    }
}

/// Bins of equal width; the last one is the hidden one of torchmetrics.
pub fn bins(levels: &[Level], binning: Binning) -> Vec<Bin> {
    let mut bins = vec![Bin::default(); binning.bins + 1];
    levels.iter().for_each(|level| push(&mut bins, binning, level));
    bins
}

/// Adds a score to bins of equal width.
pub fn push(bins: &mut [Bin], binning: Binning, level: &Level) {
    let (pixels, hits, confidence) = confidence(level, binning.confidence);
    if let Some(place) = binning.edges.place(binning.bins, confidence) {
        bins[place].push(pixels, hits, confidence);
    }
}

/// Bins of equal mass, in the order of the confidences.
pub fn bins_of_equal_mass(levels: &[Level], binning: Binning) -> Vec<Bin> {
    let mut ranked: Vec<Confident>;
    if binning.confidence == Confidence::Positive {
        ranked = levels.iter().map(|level| confidence(level, binning.confidence)).collect();
    } else {
        // Away from the threshold on both sides; at ties the background first, which the sort keeps.
        let split = levels.partition_point(|level| !level.is_above_half());
        let (below, above) = levels.split_at(split);
        ranked = below.iter().rev().chain(above).map(|level| confidence(level, binning.confidence)).collect();
        ranked.sort_by_key(|(_, _, confidence)| *confidence);
    }
    let mut mass = EqualMass::new(ranked.iter().map(|(pixels, _, _)| u128::from(*pixels)).sum());
    let mut bins = vec![Bin::default(); binning.bins];
    for (pixels, hits, confidence) in ranked {
        bins[mass.place(binning.bins, pixels)].push(pixels, hits, confidence);
    }
    bins
}

/// The squares of how wrong the probability of a score is, in steps of `ONE` squared.
pub fn square(level: &Level) -> u128 {
    let (p, q) = level.steps();
    let square = |count: u64, wrong: u32| u128::from(count) * u128::from(u64::from(wrong).pow(2));
    square(level.pixels[0], p) + square(level.pixels[1], q)
}

/// The negative log-likelihood of background, or of foreground where the logit has the other sign.
fn nats(logit: f64) -> f64 {
    logit.max(0.0) + f64::from(Sigmoid::new(Scalar, logit as f32).tail)
}

/// Brier score, and the negative log-likelihood, which needs no clip of logits.
pub fn proper_scores(levels: &[Level]) -> [Option<f64>; 2] {
    let (mut sum, mut pixels) = (0.0, 0_u64);
    for level in levels {
        for (count, nats) in level.pixels.into_iter().zip(level.nats()) {
            sum += if count == 0 { 0.0 } else { count as f64 * nats };
            pixels += count;
        }
    }
    [brier(levels.iter().map(square).sum(), pixels), (pixels != 0).then(|| sum / pixels as f64)]
}

/// The Brier score of squares.
pub fn brier(squares: u128, pixels: u64) -> Option<f64> {
    let unit = f64::from(ONE) * f64::from(ONE);
    (pixels != 0).then(|| squares as f64 / (pixels as f64 * unit))
}
