//! What scores of pixels say at every threshold, and how far they can be believed.
//!
//! Of 8-bit outputs by their histogram, of other scores by all of them, sorted: both exact, with the same sums.

mod exact;

pub use exact::{
    Binning, CLIP, Level, Levels, Real, Scale, Sides, bins, bins_of_equal_mass, brier, proper_scores, push,
    square,
};

use crate::core::metric::calibration::{self, Bin, Probabilities, negative_log_likelihood};
use crate::core::metric::threshold::{self, KittiRoad, Ranking};
use crate::core::metric::{ClassReport, Confidence, Ratio};
use crate::core::sketch::{SigmoidTable, Sketch};
use crate::core::view::Activation;

/// The bound of sensitivity, specificity and recall.
pub const BOUND: f64 = 0.95;

/// A metric by its name in core's list, and its value.
pub type Named = (&'static str, Option<f64>);

/// Pixels, mean confidence and accuracy of a bin.
pub type Reliable = (u64, f64, f64);

/// What is asked of scores.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// Whether a metric is wanted.
    pub wants: &'a dyn Fn(&str) -> bool,
    /// Whether 8-bit scores are read by KITTI-road's rule.
    pub is_kitti: bool,
    /// How probabilities are binned.
    pub binning: Binning,
}

impl Asked<'_> {
    /// The wanted ones of some values.
    pub fn wanted(&self, values: impl Iterator<Item = Named>) -> Vec<Named> {
        values.filter(|(key, _)| (self.wants)(key)).collect()
    }
}

/// What binary scores say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scored {
    /// Metrics of thresholds.
    pub threshold: Vec<Named>,
    /// Metrics of calibration.
    pub calibration: Vec<Named>,
    /// From the highest threshold to the lowest.
    pub curve: Vec<ClassReport>,
    /// Of every bin that has pixels.
    pub bins: Vec<Reliable>,
    /// Of several classes, thresholds of each against the rest.
    pub classes: Vec<Vec<Named>>,
}

/// What is said of the threshold with the highest F1.
fn at_max_f1(f1: Option<f64>, threshold: Option<f64>, counts: Option<ClassReport>) -> [Named; 7] {
    let of = |rate: fn(ClassReport) -> Ratio| counts.and_then(|c| rate(c).value());
    [
        ("max_f1", f1),
        ("threshold_at_max_f1", threshold),
        ("precision_at_max_f1", of(ClassReport::precision)),
        ("recall_at_max_f1", of(ClassReport::recall)),
        ("false_positive_rate_at_max_f1", of(ClassReport::false_positive_rate)),
        ("false_negative_rate_at_max_f1", of(ClassReport::false_negative_rate)),
        ("iou_at_max_f1", of(ClassReport::iou)),
    ]
}

fn of_kitti(road: KittiRoad) -> [Named; 7] {
    [
        ("max_f1", Some(road.max_f)),
        ("threshold_at_max_f1", Some(f64::from(road.threshold) / 255.0)),
        ("precision_at_max_f1", Some(road.precision)),
        ("recall_at_max_f1", Some(road.recall)),
        ("false_positive_rate_at_max_f1", road.false_positive_rate),
        ("false_negative_rate_at_max_f1", Some(road.false_negative_rate)),
        ("iou_at_max_f1", Some(road.quality)),
    ]
}

/// Of 8-bit outputs, exact from their histogram. `table` has the probabilities of logits; without it codes are stored
/// probabilities.
pub fn of_sketch(asked: &Asked<'_>, sketch: &Sketch<u64>, table: Option<&SigmoidTable>) -> Scored {
    let probabilities = table.map_or(Probabilities::Stored, Probabilities::Sigmoid);
    let probability = |place: usize| match table {
        Some(table) => table.probability.get(place).map(|p| f64::from(*p)),
        None => (place < 256).then(|| place as f64 / 255.0),
    };
    let ranking = ranking(sketch, table);
    let mut rates = at_thresholds(asked, &*ranking, probability);
    if asked.is_kitti {
        let road = threshold::kitti_road(sketch);
        let eleven = ("average_precision_eleven_point", road.map(|road| road.average_precision));
        let at_best = road.map_or(at_max_f1(None, None, None), of_kitti);
        for (key, value) in std::iter::once(eleven).chain(at_best) {
            rates.iter_mut().filter(|(name, _)| *name == key).for_each(|slot| slot.1 = value);
        }
    }
    let (errors, bins) = reliability(asked.binning, sketch, probabilities);
    let scores = [
        ("brier", calibration::brier(sketch, probabilities)),
        ("nll", negative_log_likelihood(sketch, probabilities, CLIP)),
    ];
    Scored {
        threshold: rates,
        calibration: asked.wanted(errors.into_iter().chain(scores)),
        curve: threshold::curve(&*ranking).map(|point| point.counts).collect(),
        bins,
        classes: Vec::new(),
    }
}

/// The pixels of every code. Codes whose probability was cut at 0 or 1 are one score, whose place is the lowest of them.
fn ranking(sketch: &Sketch<u64>, table: Option<&SigmoidTable>) -> Vec<[u64; 2]> {
    let mut ranking = vec![[0; 2]; sketch.scores()];
    let cut = table.filter(|table| table.activation() == Activation::Probabilities);
    let is_same = |table: &SigmoidTable, place: usize| {
        place > 0 && table.probability[place].to_bits() == table.probability[place - 1].to_bits()
    };
    let mut score = 0;
    for place in 0..sketch.scores() {
        if !cut.is_some_and(|table| is_same(table, place)) {
            score = place;
        }
        let [background, foreground] = Ranking::pixels(sketch, place);
        ranking[score][0] += background;
        ranking[score][1] += foreground;
    }
    ranking
}

/// What is wanted of the thresholds of sorted scores; `probability` is that of the score at a place.
fn at_thresholds(
    asked: &Asked<'_>,
    ranking: &(impl Ranking + ?Sized),
    probability: impl Fn(usize) -> Option<f64>,
) -> Vec<Named> {
    let best = || {
        let best = threshold::max_f(ranking);
        let f1 = best.and_then(|best| best.counts.dice().value());
        at_max_f1(f1, best.and_then(|best| probability(best.threshold)), best.map(|best| best.counts))
    };
    // Each takes a walk over all scores.
    let rates: [(_, &dyn Fn() -> Option<f64>); 5] = [
        ("auroc", &|| threshold::auroc(ranking)),
        ("average_precision", &|| threshold::average_precision(ranking)),
        ("average_precision_trapezoid", &|| threshold::average_precision_trapezoid(ranking)),
        ("average_precision_eleven_point", &|| threshold::average_precision_eleven_point(ranking)),
        ("average_precision_interpolated", &|| threshold::average_precision_interpolated(ranking)),
    ];
    let bounded: [(_, &dyn Fn() -> Option<f64>); 4] = [
        ("sensitivity_at_specificity", &|| threshold::sensitivity_at_specificity(ranking, BOUND)),
        ("specificity_at_sensitivity", &|| threshold::specificity_at_sensitivity(ranking, BOUND)),
        ("precision_at_recall", &|| threshold::precision_at_recall(ranking, BOUND)),
        ("false_positive_rate_at_recall", &|| threshold::false_positive_rate_at_recall(ranking, BOUND)),
    ];
    let mut named: Vec<Named> = Vec::new();
    let made = |(key, of): (&'static str, &dyn Fn() -> Option<f64>)| (asked.wants)(key).then(|| (key, of()));
    named.extend(rates.into_iter().filter_map(made));
    if at_max_f1(None, None, None).iter().any(|(key, _)| (asked.wants)(key)) {
        named.extend(asked.wanted(best().into_iter()));
    }
    named.extend(bounded.into_iter().filter_map(made));
    named
}

fn reliability(
    binning: Binning,
    sketch: &Sketch<u64>,
    probabilities: Probabilities<'_>,
) -> ([Named; 5], Vec<Reliable>) {
    let Binning { bins, edges, confidence } = binning;
    let of_width = |confidence| {
        let mut wide = vec![Bin::default(); bins + 1];
        calibration::fill_equal_width(sketch, probabilities, confidence, edges, &mut wide);
        wide
    };
    let mut equal = vec![Bin::default(); bins];
    calibration::fill_equal_mass(sketch, probabilities, confidence, &mut equal);
    let (wide, positive) = (of_width(confidence), of_width(Confidence::Positive));
    let errors = calibration_errors(&wide, &equal, calibration::expected_error(positive.iter()));
    (errors, diagram(&wide, binning))
}

/// What is wanted of the thresholds of scores that are not codes.
pub fn thresholds_of_levels(asked: &Asked<'_>, sorted: &Levels) -> Vec<Named> {
    let probability = |place: usize| {
        let level = sorted.0.get(place)?;
        let [p, _] = level.probability();
        Some(if level.scale == Scale::Probability { level.score } else { f64::from(p) })
    };
    at_thresholds(asked, sorted, probability)
}

/// Of scores that are not codes.
pub fn of_levels(asked: &Asked<'_>, sorted: &Levels) -> Scored {
    let Levels(levels) = sorted;
    let wide = bins(levels, asked.binning);
    let equal = bins_of_equal_mass(levels, asked.binning);
    let positive = bins(levels, Binning { confidence: Confidence::Positive, ..asked.binning });
    let [brier, nll] = proper_scores(levels);
    let errors = calibration_errors(&wide, &equal, calibration::expected_error(positive.iter()));
    Scored {
        threshold: thresholds_of_levels(asked, sorted),
        calibration: asked.wanted(errors.into_iter().chain([("brier", brier), ("nll", nll)])),
        bins: diagram(&wide, asked.binning),
        curve: threshold::curve(sorted).map(|point| point.counts).collect(),
        classes: Vec::new(),
    }
}

/// Of bins of equal width, the hidden one included, and of equal mass.
pub fn calibration_errors(wide: &[Bin], equal: &[Bin], classwise: Option<f64>) -> [Named; 5] {
    [
        ("ece", calibration::expected_error(wide.iter())),
        ("mce", calibration::maximum_error(wide.iter())),
        ("ace", calibration::expected_error(equal.iter())),
        ("classwise_ece", classwise),
        ("rms_calibration_error", calibration::root_mean_square_error(wide.iter())),
    ]
}

/// What the reliability diagram shows of bins: pixels, confidence and accuracy, without the hidden one.
pub fn diagram(bins: &[Bin], binning: Binning) -> Vec<Reliable> {
    let shown = bins.iter().take(binning.bins);
    shown.filter_map(|bin| Some((bin.pixels, bin.confidence()?, bin.accuracy()?))).collect()
}
