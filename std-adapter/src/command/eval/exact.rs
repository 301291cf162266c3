//! Thresholds and calibration of `f32` logits: exact from all of them, sorted.
//!
//! The same sums, in the same order, as `segmeter_core` takes of the 256 codes of an 8-bit output: logits that are the
//! codes of a sketch give its numbers to the last bit.

use segmeter::core::metric::calibration::Edges;
use segmeter::core::metric::{ClassReport, Confidence, Ratio};
use segmeter::core::num::Sigmoid;
use segmeter::core::simd::Scalar;

use super::choice::Binning;

/// Probabilities as integers: every `f32` above one half is a multiple of 2^-24.
pub(super) const ONE: u32 = 1 << 24;

/// Pixels of one logit.
#[derive(Clone, Copy)]
pub(super) struct Level {
    pub(super) logit: f32,
    /// Labelled background, and foreground.
    pub(super) pixels: [u64; 2],
}

/// Logits in rising order, with how often each comes with either label.
pub(super) fn levels([background, foreground]: [Vec<f32>; 2]) -> Vec<Level> {
    let sorted = |mut logits: Vec<f32>| {
        logits.sort_unstable_by(f32::total_cmp);
        logits
    };
    let (background, foreground) = (sorted(background), sorted(foreground));
    let mut sides = [background.into_iter().peekable(), foreground.into_iter().peekable()];
    let mut levels = Vec::new();
    loop {
        let next = sides.iter_mut().filter_map(|side| side.peek().copied()).min_by(f32::total_cmp);
        let Some(logit) = next else { return levels };
        let mut pixels = [0; 2];
        for (side, count) in sides.iter_mut().zip(&mut pixels) {
            while side.next_if(|other| other.total_cmp(&logit).is_eq()).is_some() {
                *count += 1;
            }
        }
        levels.push(Level { logit, pixels });
    }
}

/// What every threshold gives, from the one at which no pixel is foreground to the one at which all are.
pub(super) fn curve(levels: &[Level]) -> Vec<ClassReport> {
    let [true_negative, false_negative] =
        levels.iter().fold([0, 0], |[a, b], level| [a + level.pixels[0], b + level.pixels[1]]);
    let mut counts = ClassReport { true_negative, false_negative, ..ClassReport::default() };
    let mut points = vec![counts];
    for level in levels.iter().rev() {
        counts.false_positive += level.pixels[0];
        counts.true_negative -= level.pixels[0];
        counts.true_positive += level.pixels[1];
        counts.false_negative -= level.pixels[1];
        points.push(counts);
    }
    points
}

/// Two points that follow each other: the pixels that the second adds.
fn steps(curve: &[ClassReport]) -> impl Iterator<Item = (ClassReport, [u64; 2])> {
    curve.windows(2).map(|pair| {
        let (before, now) = (pair[0], pair[1]);
        (now, [now.false_positive - before.false_positive, now.true_positive - before.true_positive])
    })
}

/// Whether both sides, or the foreground alone, have a pixel.
fn has_foreground(curve: &[ClassReport]) -> bool {
    curve.first().is_some_and(|point| point.false_negative != 0)
}

pub(super) fn auroc(curve: &[ClassReport]) -> Option<f64> {
    let pairs: u128 = steps(curve)
        .map(|(point, [background, foreground])| {
            u128::from(background) * (2 * u128::from(point.true_positive) - u128::from(foreground))
        })
        .sum();
    let last = curve.last()?;
    let denominator = 2 * u128::from(last.true_positive) * u128::from(last.false_positive);
    (denominator != 0).then(|| pairs as f64 / denominator as f64)
}

/// In steps, by straight lines, at eleven points, and interpolated.
pub(super) fn average_precisions(curve: &[ClassReport]) -> [Option<f64>; 4] {
    if !has_foreground(curve) {
        return [None; 4];
    }
    let foreground = curve[0].false_negative as f64;
    let (mut step, mut trapezoid, mut last) = (0.0, 0.0, (0.0, 1.0));
    let (mut eleven, mut best, mut interpolated) = ([0.0_f64; 11], 0.0_f64, 0.0);
    for (point, [_, more]) in steps(curve) {
        let (Some(precision), Some(recall)) = (point.precision().value(), point.recall().value()) else {
            continue;
        };
        if more != 0 {
            step += more as f64 * precision;
        }
        trapezoid += (recall - last.0) * f64::midpoint(precision, last.1);
        last = (recall, precision);
        let Ratio { numerator, denominator } = point.recall();
        for (tenth, best) in (0_u8..).zip(&mut eleven) {
            if u128::from(numerator) * 10 >= u128::from(denominator) * u128::from(tenth) {
                *best = best.max(precision);
            }
        }
    }
    // From the lowest threshold, so that the best so far is the best at higher recalls.
    for (point, [_, more]) in steps(curve).collect::<Vec<_>>().into_iter().rev() {
        best = best.max(point.precision().value().unwrap_or(0.0));
        interpolated += more as f64 * best;
    }
    [step / foreground, trapezoid, eleven.iter().sum::<f64>() / 11.0, interpolated / foreground].map(Some)
}

/// The point with the highest F1, at the lowest threshold of those that tie, and its place.
pub(super) fn max_f1(curve: &[ClassReport]) -> Option<(usize, ClassReport)> {
    let product = |a: u64, b: u64| u128::from(a) * u128::from(b);
    let not_worse = |new: Ratio, old: Ratio| {
        product(new.numerator, old.denominator) >= product(old.numerator, new.denominator)
    };
    let points = curve.iter().copied().enumerate();
    let best = points.reduce(|old, new| if not_worse(new.1.dice(), old.1.dice()) { new } else { old });
    best.filter(|_| has_foreground(curve))
}

/// The best of one rate over the thresholds at which another is at least `bound`.
pub(super) fn best_where(
    curve: &[ClassReport],
    rate: fn(ClassReport) -> Ratio,
    other: fn(ClassReport) -> Ratio,
    bound: f64,
) -> Option<f64> {
    let enough = curve.iter().filter(|point| other(**point).value().is_some_and(|x| x >= bound));
    enough.filter_map(|point| rate(*point).value()).reduce(f64::max)
}

/// The lowest false positive rate at a recall of at least `recall`.
pub(super) fn false_positive_rate_at_recall(curve: &[ClassReport], recall: f64) -> Option<f64> {
    let point = curve.iter().find(|point| point.recall().value().is_some_and(|x| x >= recall))?;
    point.false_positive_rate().value()
}

/// A bin of confidences.
#[derive(Clone, Copy, Default)]
pub(super) struct Bin {
    pub(super) pixels: u64,
    hits: u64,
    confidence: u128,
}

impl Bin {
    fn add(&mut self, pixels: u64, hits: u64, confidence: u32) {
        self.pixels += pixels;
        self.hits += hits;
        self.confidence += u128::from(pixels) * u128::from(confidence);
    }
    pub(super) fn merge(&mut self, other: &Self) {
        self.pixels += other.pixels;
        self.hits += other.hits;
        self.confidence += other.confidence;
    }
    fn gap(&self) -> u128 {
        self.confidence.abs_diff(u128::from(self.hits) * u128::from(ONE))
    }
    fn scale(&self) -> f64 {
        self.pixels as f64 * f64::from(ONE)
    }
    fn error(&self) -> Option<f64> {
        (self.pixels != 0).then(|| self.gap() as f64 / self.scale())
    }
    pub(super) fn confidence(&self) -> Option<f64> {
        (self.pixels != 0).then(|| self.confidence as f64 / self.scale())
    }
    pub(super) fn accuracy(&self) -> Option<f64> {
        (self.pixels != 0).then(|| self.hits as f64 / self.pixels as f64)
    }
}

/// The probability of a logit and its complement in steps that add up to one.
fn probability(logit: f32) -> (u32, u32) {
    let terms = Sigmoid::new(Scalar, logit);
    let (p, q) = (terms.probability, terms.complement);
    // The larger of the two is exact in these steps.
    if p >= q {
        let p = (p * ONE as f32) as u32;
        (p, ONE - p)
    } else {
        let q = (q * ONE as f32) as u32;
        (ONE - q, q)
    }
}

/// Pixels, hits and confidence.
type Confident = (u64, u64, u32);

fn confidence(level: &Level, confidence: Confidence) -> Confident {
    let ([background, foreground], (p, q)) = (level.pixels, probability(level.logit));
    let pixels = background + foreground;
    if confidence == Confidence::Positive || level.logit > 0.0 {
        (pixels, foreground, p)
    } else {
        (pixels, background, q)
    }
}

/// Bins of equal width; the last one is the hidden one of torchmetrics.
pub(super) fn bins(levels: &[Level], binning: Binning) -> Vec<Bin> {
    let mut bins = vec![Bin::default(); binning.bins + 1];
    for level in levels {
        let (pixels, hits, confidence) = confidence(level, binning.confidence);
        let scaled = u64::from(confidence) * binning.bins as u64;
        let place = |scaled: u64| (scaled / u64::from(ONE)) as usize;
        let bin = match binning.edges {
            Edges::Torchmetrics if confidence == ONE => binning.bins,
            Edges::MetricsReloaded if confidence == 0 => continue,
            Edges::MetricsReloaded => place(scaled - 1),
            _ => place(scaled).min(binning.bins - 1),
        };
        bins[bin].add(pixels, hits, confidence);
    }
    bins
}

/// Bins of equal mass, in the order of the confidences.
pub(super) fn bins_of_equal_mass(levels: &[Level], binning: Binning) -> Vec<Bin> {
    let mut ranked: Vec<Confident>;
    if binning.confidence == Confidence::Positive {
        ranked = levels.iter().map(|level| confidence(level, binning.confidence)).collect();
    } else {
        // Away from the threshold on both sides; at ties the background first, which the sort keeps.
        let split = levels.partition_point(|level| level.logit <= 0.0);
        let (below, above) = levels.split_at(split);
        ranked = below.iter().rev().chain(above).map(|level| confidence(level, binning.confidence)).collect();
        ranked.sort_by_key(|(_, _, confidence)| *confidence);
    }
    let all: u128 = ranked.iter().map(|(pixels, _, _)| u128::from(*pixels)).sum();
    let (mut bins, mut below) = (vec![Bin::default(); binning.bins], 0_u128);
    for (pixels, hits, confidence) in ranked {
        let middle = 2 * below + u128::from(pixels);
        let bin = (middle * binning.bins as u128 / (2 * all).max(1)) as usize;
        bins[bin.min(binning.bins - 1)].add(pixels, hits, confidence);
        below += u128::from(pixels);
    }
    bins
}

fn filled(bins: &[Bin]) -> impl Iterator<Item = &Bin> {
    bins.iter().filter(|bin| bin.pixels != 0)
}

pub(super) fn expected_error(bins: &[Bin]) -> Option<f64> {
    let pixels: u64 = filled(bins).map(|bin| bin.pixels).sum();
    let gaps: u128 = filled(bins).map(Bin::gap).sum();
    (pixels != 0).then(|| gaps as f64 / (pixels as f64 * f64::from(ONE)))
}

pub(super) fn maximum_error(bins: &[Bin]) -> Option<f64> {
    filled(bins).filter_map(Bin::error).reduce(f64::max)
}

pub(super) fn root_mean_square_error(bins: &[Bin]) -> Option<f64> {
    let pixels: u64 = filled(bins).map(|bin| bin.pixels).sum();
    let squares = filled(bins).filter_map(|bin| Some(bin.pixels as f64 * bin.error()? * bin.error()?));
    let sum: f64 = squares.sum();
    (pixels != 0).then(|| (sum / pixels as f64).sqrt())
}

/// The squares of how wrong probabilities are, in steps of `ONE` squared.
pub(super) fn squares(levels: &[Level]) -> u128 {
    let of = |level: &Level| {
        let (p, q) = probability(level.logit);
        let square = |count: u64, wrong: u32| u128::from(count) * u128::from(u64::from(wrong).pow(2));
        square(level.pixels[0], p) + square(level.pixels[1], q)
    };
    levels.iter().map(of).sum()
}

/// The negative log-likelihood of background, or of foreground where the logit has the other sign.
pub(super) fn nats(logit: f32) -> f64 {
    f64::from(logit.max(0.0)) + f64::from(Sigmoid::new(Scalar, logit).tail)
}

/// Brier score, and the negative log-likelihood, which needs no clip.
pub(super) fn proper_scores(levels: &[Level]) -> [Option<f64>; 2] {
    let (mut sum, mut pixels) = (0.0, 0_u64);
    for level in levels {
        for (count, z) in level.pixels.into_iter().zip([level.logit, -level.logit]) {
            sum += if count == 0 { 0.0 } else { count as f64 * nats(z) };
            pixels += count;
        }
    }
    [brier(squares(levels), pixels), (pixels != 0).then(|| sum / pixels as f64)]
}

/// The Brier score of squares.
pub(super) fn brier(squares: u128, pixels: u64) -> Option<f64> {
    let unit = f64::from(ONE) * f64::from(ONE);
    (pixels != 0).then(|| squares as f64 / (pixels as f64 * unit))
}
