//! Every multiclass loss in `f64`, from its definition.

use crate::dual::Dual;
use crate::scene::Pixel;

/// A value, and per pixel and class the derivatives with respect to `p` and to `ln p`.
pub(crate) struct Answer {
    pub(crate) value: f64,
    pub(crate) by_p: Vec<Vec<f64>>,
    pub(crate) by_log: Vec<Vec<f64>>,
}

pub(crate) type Pixels = [Option<Pixel>];

impl Answer {
    fn new(pixels: &Pixels, value: f64) -> Self {
        let zeros =
            || pixels.iter().map(|pixel| vec![0.0; pixel.as_ref().map_or(0, |p| p.p.len())]).collect();
        Self { value, by_p: zeros(), by_log: zeros() }
    }

    /// `a self + b other`.
    pub(crate) fn sum(mut self, a: f64, other: &Self, b: f64) -> Self {
        self.value = a * self.value + b * other.value;
        for (mine, theirs) in [(&mut self.by_p, &other.by_p), (&mut self.by_log, &other.by_log)] {
            for (x, y) in mine.iter_mut().flatten().zip(theirs.iter().flatten()) {
                *x = a * *x + b * y;
            }
        }
        self
    }

    /// The gradient with respect to the scores, pixel by pixel and class by class, and the size of what it is a sum of. By
    /// pairs of classes: what is taken from each other is then small itself.
    pub(crate) fn gradient(&self, pixels: &Pixels) -> Vec<Vec<(f64, f64)>> {
        let of = |(place, pixel): (usize, &Option<Pixel>)| {
            let Some(pixel) = pixel else { return Vec::new() };
            let (a, b) = (&self.by_p[place], &self.by_log[place]);
            let one = |c: usize| {
                let (mut sum, mut size) = (b[c] * pixel.q[c], (b[c] * pixel.q[c]).abs());
                for k in (0..a.len()).filter(|k| *k != c) {
                    let chain = pixel.p[c] * pixel.p[k];
                    sum += chain * (a[c] - a[k]) - pixel.p[c] * b[k];
                    size += chain * (a[c].abs() + a[k].abs()) + (pixel.p[c] * b[k]).abs();
                }
                (sum, size)
            };
            (0..a.len()).map(one).collect()
        };
        pixels.iter().enumerate().map(of).collect()
    }
}

fn scored(pixels: &Pixels) -> impl Iterator<Item = (usize, &Pixel)> {
    pixels.iter().enumerate().filter_map(|(place, pixel)| pixel.as_ref().map(|pixel| (place, pixel)))
}

pub(crate) fn classes(pixels: &Pixels) -> usize {
    scored(pixels).next().map_or(0, |(_, pixel)| pixel.p.len())
}

pub(crate) fn weight(pixels: &Pixels) -> f64 {
    scored(pixels).map(|(_, pixel)| pixel.weight).sum()
}

pub(crate) fn mass(pixels: &Pixels, class: usize) -> f64 {
    scored(pixels).filter(|(_, pixel)| pixel.label == class).map(|(_, pixel)| pixel.weight).sum()
}

/// What a sum over pixels is about: true and false positives and negatives, and the sum of `p^q + g^q - 2 p g`.
pub(crate) const TP: usize = 0;
pub(crate) const FP: usize = 1;
pub(crate) const FN: usize = 2;
pub(crate) const TN: usize = 3;
pub(crate) const SQUARES: usize = 4;

/// The sums of a class, each a variable.
pub(crate) fn sums(pixels: &Pixels, class: usize, exponent: f64) -> [Dual; 5] {
    let mut sums = [0.0; 5];
    for (_, pixel) in scored(pixels) {
        let (p, q, w) = (pixel.p[class], pixel.q[class], pixel.weight);
        if pixel.label == class {
            sums[TP] += w * p;
            sums[FN] += w * q;
            // 1 + p^q - 2 p, by 1 - p where the power is 2.
            let less = -(-(exponent - 1.0) * pixel.cost[class]).exp_m1();
            sums[SQUARES] += w * if exponent == 2.0 { q * q } else { q - p * less };
        } else {
            sums[FP] += w * p;
            sums[TN] += w * q;
            sums[SQUARES] += w * p.powf(exponent);
        }
    }
    std::array::from_fn(|place| Dual::variable(sums[place], place))
}

/// A sum over classes of functions of their sums; with the exponent of the squares.
pub(crate) fn by_class(
    pixels: &Pixels,
    exponent: f64,
    of: impl Fn(usize, [Dual; 5]) -> Option<Dual>,
) -> Answer {
    let found: Vec<_> = (0..classes(pixels)).map(|class| of(class, sums(pixels, class, exponent))).collect();
    let mut answer = Answer::new(pixels, found.iter().flatten().map(|dual| dual.value).sum());
    for (place, pixel) in scored(pixels) {
        for (class, dual) in found.iter().enumerate() {
            let Some(Dual { slopes, .. }) = dual else { continue };
            let (p, q, on) = (pixel.p[class], pixel.q[class], pixel.label == class);
            let power = exponent * p.powf(exponent - 1.0);
            let square = if exponent == 2.0 && on { -2.0 * q } else { power - if on { 2.0 } else { 0.0 } };
            answer.by_p[place][class] = pixel.weight
                * (square * slopes[SQUARES]
                    + if on { slopes[TP] - slopes[FN] } else { slopes[FP] - slopes[TN] });
        }
    }
    answer
}

/// The mean over the classes for which it is defined.
pub(crate) fn mean_of_classes(
    pixels: &Pixels,
    exponent: f64,
    of: impl Fn([Dual; 5]) -> Option<Dual>,
) -> Answer {
    let defined = |class: usize| of(sums(pixels, class, exponent)).is_some();
    let count = (0..classes(pixels)).filter(|class| defined(*class)).count() as f64;
    by_class(pixels, exponent, |_, sums| of(sums).map(|dual| (1.0 / count) * dual))
}

/// `a FP + b FN` over all with the smoothing of both; the score beside the loss.
pub(crate) fn tversky(sums: [Dual; 5], a: f64, b: f64, smooth: f64) -> Option<[Dual; 2]> {
    let error = a * sums[FP] + b * sums[FN];
    let hits = sums[TP] + smooth.into();
    let all = hits + error;
    (all.value > 0.0).then(|| [error / all, hits / all])
}

/// A mean over pixels of a cost of the probability of their label, each class with a weight that is not in the divisor.
/// `of` gives the cost and its derivative by `ln p`, from `p`, `1 - p` and `-ln p`.
pub(crate) fn pointwise(
    pixels: &Pixels,
    of_class: impl Fn(usize) -> f64,
    of: impl Fn(f64, f64, f64) -> (f64, f64),
) -> Answer {
    let total = weight(pixels);
    let mut answer = Answer::new(pixels, 0.0);
    for (place, pixel) in scored(pixels) {
        let y = pixel.label;
        let (cost, slope) = of(pixel.p[y], pixel.q[y], pixel.cost[y]);
        let factor = pixel.weight * of_class(y) / total;
        answer.value += factor * cost;
        answer.by_log[place][y] += factor * slope;
    }
    answer
}

/// Cross-entropy with labels that `of` makes of a pixel, class by class: the share of the class and its derivative by `ln p`.
pub(crate) fn entropy(pixels: &Pixels, of: impl Fn(&Pixel, usize) -> (f64, f64)) -> Answer {
    let total = weight(pixels);
    let mut answer = Answer::new(pixels, 0.0);
    for (place, pixel) in scored(pixels) {
        for class in 0..pixel.p.len() {
            let (share, slope) = of(pixel, class);
            let factor = pixel.weight / total;
            answer.value += factor * share * pixel.cost[class];
            answer.by_log[place][class] += factor * (slope * pixel.cost[class] - share);
        }
    }
    answer
}

/// Cross-entropy of chosen pixels.
pub(crate) fn selected(pixels: &Pixels, keep: impl Fn(&Pixel) -> bool) -> Answer {
    let kept = |pixel: &Pixel| f64::from(u8::from(keep(pixel)));
    let total: f64 = scored(pixels).map(|(_, pixel)| kept(pixel) * pixel.weight).sum();
    let mut answer = Answer::new(pixels, 0.0);
    for (place, pixel) in scored(pixels).filter(|(_, pixel)| total > 0.0 && keep(pixel)) {
        answer.value += pixel.weight / total * pixel.cost[pixel.label];
        answer.by_log[place][pixel.label] -= pixel.weight / total;
    }
    answer
}

/// Whether two errors of a class are so much alike that rounding decides which comes first.
pub(crate) fn has_ties(pixels: &Pixels) -> bool {
    (0..classes(pixels)).any(|class| {
        let mut errors: Vec<(f64, f64)> = scored(pixels)
            .map(|(_, pixel)| (pixel.p[class], pixel.q[class]))
            .flat_map(|(p, q)| [(p, q), (q, p)])
            .collect();
        errors.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)));
        let alike = |a: f64, b: f64| (a - b).abs() <= 2e-5 * a.abs();
        errors.windows(2).any(|two| alike(two[0].0, two[1].0) && alike(two[0].1, two[1].1))
    })
}

/// The Lovász extension of the Jaccard loss, the mean over the classes that occur, without weights: errors in order of what
/// they lack to 1 where they are near it.
pub(crate) fn lovasz(pixels: &Pixels) -> Answer {
    let present: Vec<usize> = (0..classes(pixels)).filter(|class| mass(pixels, *class) > 0.0).collect();
    let mut answer = Answer::new(pixels, 0.0);
    for class in &present {
        let mut order: Vec<(f64, f64, bool, usize)> = scored(pixels)
            .map(|(place, pixel)| {
                let (p, q, on) = (pixel.p[*class], pixel.q[*class], pixel.label == *class);
                if on { (q, p, on, place) } else { (p, q, on, place) }
            })
            .collect();
        // Near 1 an error says less than what it lacks to it.
        let large = |entry: &(f64, f64, bool, usize)| (entry.0 > 0.5).then_some(-entry.1);
        order.sort_by(|a, b| match (large(a), large(b)) {
            (Some(a), Some(b)) => b.total_cmp(&a),
            _ => b.0.total_cmp(&a.0),
        });
        let all = order.iter().filter(|entry| entry.2).count() as f64;
        let (mut hits, mut union, mut before) = (all, all, 0.0);
        for (error, _, on, place) in order {
            if on {
                hits -= 1.0;
            } else {
                union += 1.0;
            }
            let jaccard = 1.0 - hits / union;
            let step = (jaccard - before) / present.len() as f64;
            before = jaccard;
            answer.value += error * step;
            answer.by_p[place][*class] += if on { -step } else { step };
        }
    }
    answer
}

/// `1 - (2 A + s) / (2 A + sum w d + s)` with class 0 the background; in the generalised mode every pixel counts by
/// `1 / (1 + mass)` of its label, the background's as well.
pub(crate) fn wasserstein(
    pixels: &Pixels,
    smooth: f64,
    generalised: bool,
    distance: impl Fn(usize, usize) -> f64,
) -> Answer {
    let volume = |class: usize| if generalised { 1.0 / (1.0 + mass(pixels, class)) } else { 1.0 };
    let counted = |class: usize| if generalised || class != 0 { volume(class) } else { 0.0 };
    let (mut agreed, mut missed) = (0.0, 0.0);
    for (_, pixel) in scored(pixels) {
        let y = pixel.label;
        for (other, p) in pixel.p.iter().enumerate() {
            agreed += pixel.weight * counted(y) * (1.0 - distance(y, other)) * p;
            missed += pixel.weight * volume(y) * distance(y, other) * p;
        }
    }
    let all = 2.0 * agreed + missed + smooth;
    let mut answer = Answer::new(pixels, missed / all);
    for (place, pixel) in scored(pixels) {
        let y = pixel.label;
        // With respect to what the pixel costs: its agreement falls by as much.
        let by_delta = (volume(y) - answer.value * (volume(y) - 2.0 * counted(y))) / all;
        for (other, by_p) in answer.by_p[place].iter_mut().enumerate() {
            *by_p = pixel.weight * by_delta * distance(y, other);
        }
    }
    answer
}

/// Slopes that are known, of the planes of classes.
pub(crate) fn planes(pixels: &Pixels, value: f64, slope: impl Fn(usize, usize) -> f64) -> Answer {
    let mut answer = Answer::new(pixels, value);
    for (place, pixel) in scored(pixels) {
        for class in 0..pixel.p.len() {
            answer.by_p[place][class] = slope(place, class);
        }
    }
    answer
}
