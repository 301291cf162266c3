//! The definition of every multiclass loss that is a function of each pixel's own probabilities.

use serde_json::json;

use crate::dual::Dual;
use crate::errors::{noise_robust_dice, sensitivity_specificity};
use crate::oracle::{
    Answer, FN, FP, Pixels, SQUARES, TN, TP, by_class, classes, entropy, lovasz, mass, mean_of_classes,
    pointwise, selected, sums, tversky, wasserstein, weight,
};
use crate::scene;

/// The smoothings at which each loss that has one is held to its definition.
const SMOOTHINGS: [f64; 4] = [0.0, 1e-7, 1e-5, 1.0];

/// Distances between four classes.
const APART: [f32; 16] = [0.0, 1.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0];
const ALIKE: [f32; 16] = [0.0, 1.0, 0.3, 1.0, 1.0, 0.0, 0.7, 0.0, 0.3, 0.7, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0];

fn dice(sums: [Dual; 5], smooth: f64) -> Option<[Dual; 2]> {
    tversky(sums, 0.5, 0.5, 0.5 * smooth)
}

/// `(-ln D)^exponent`. Without a hit there is no logarithm: a score below 2^-126 counts as that.
fn log_dice(sums: [Dual; 5], smooth: f64, exponent: f64) -> Option<Dual> {
    let [loss, score] = dice(sums, smooth)?;
    if sums[TP].value + smooth + sums[FN].value <= 0.0 {
        return None;
    }
    let least = f64::from(f32::MIN_POSITIVE);
    let log = if loss.value < 0.5 {
        loss.through(-(-loss.value).ln_1p(), 1.0 / (1.0 - loss.value))
    } else if score.value < least {
        Dual::from(-least.ln())
    } else {
        score.through(-score.value.ln(), -1.0 / score.value)
    };
    Some(log.power(exponent))
}

fn log_cosh(x: Dual) -> Dual {
    let half = (0.5 * x.value).sinh();
    x.through((2.0 * half * half).ln_1p(), x.value.tanh())
}

fn generalised_dice(pixels: &Pixels, smooth: f64, outer: impl Fn(Dual) -> Dual) -> Answer {
    let weight = |class: usize| {
        let own = mass(pixels, class);
        let present = (0..classes(pixels)).map(|class| mass(pixels, class)).filter(|mass| *mass > 0.0);
        1.0 / (if own > 0.0 { own } else { present.fold(f64::INFINITY, f64::min) }).powi(2)
    };
    let whole = |of: &[usize], place: usize| {
        let total = (0..classes(pixels)).map(|class| {
            weight(class) * of.iter().map(|of| sums(pixels, class, 2.0)[*of].value).sum::<f64>()
        });
        Dual::variable(total.sum(), place)
    };
    // One ratio over all classes: its variables are the sums of all.
    let (common, errors) = (whole(&[TP], 0), whole(&[FP, FN], 1));
    let all = 2.0 * common + errors + smooth.into();
    let loss = outer(errors / all);
    let mut answer = by_class(pixels, 2.0, |class, sums| {
        let [by_common, by_errors, ..] = loss.slopes;
        Some(weight(class) * (by_common * sums[TP] + by_errors * (sums[FP] + sums[FN])))
    });
    answer.value = loss.value;
    answer
}

fn tanimoto(sums: [Dual; 5], smooth: f64) -> Option<Dual> {
    let [class, rest] = [TP, TN].map(|both| sums[SQUARES] + sums[both] + smooth.into());
    let half = |part: Dual| 0.5 * (sums[SQUARES] / part);
    (class.value > 0.0 && rest.value > 0.0).then(|| half(class) + half(rest))
}

fn ratio_of_squares(sums: [Dual; 5], k: f64, smooth: f64) -> Option<Dual> {
    let all = sums[SQUARES] + k * sums[TP] + smooth.into();
    (all.value > 0.0).then(|| sums[SQUARES] / all)
}

/// 1 where a factor is 0.
fn mcc([tp, fp, fne, tn, _]: [Dual; 5]) -> Option<Dual> {
    let product = (tp + fp) * (tp + fne) * (tn + fp) * (tn + fne);
    if product.value <= 0.0 {
        return Some(1.0.into());
    }
    let score = (tp * tn - fp * fne) / product.power(0.5);
    Some(Dual::from(1.0) - score)
}

fn unified(pixels: &Pixels) -> Answer {
    const CLIP: f64 = 1e-7;
    let clipped: Vec<_> = pixels
        .iter()
        .map(|pixel| {
            let mut pixel = pixel.clone()?;
            for class in 0..pixel.p.len() {
                let p = pixel.p[class].clamp(CLIP, 1.0 - CLIP);
                if p != pixel.p[class] || pixel.q[class] < CLIP {
                    let p = if pixel.q[class] < CLIP { 1.0 - CLIP } else { p };
                    (pixel.p[class], pixel.q[class], pixel.cost[class]) = (p, 1.0 - p, -p.ln());
                }
            }
            Some(pixel)
        })
        .collect();
    let count = classes(pixels) as f64;
    let region = by_class(&clipped, 2.0, |class, sums| {
        let [loss, _] = tversky(sums, 0.4, 0.6, CLIP)?;
        Some((1.0 / count) * loss.power(if class == 0 { 1.0 } else { 0.5 }))
    });
    let entropy = pointwise(
        &clipped,
        |class| if class == 0 { 0.4 } else { 0.6 },
        // The modulator of the background alone; by the pixel's own class below.
        |_, _, cost| (cost, -1.0),
    );
    let mut answer = region.sum(0.5, &entropy, 0.0);
    let total = weight(pixels);
    for (place, pixel) in clipped.iter().enumerate() {
        let Some(pixel) = pixel else { continue };
        let y = pixel.label;
        let (p, q, cost) = (pixel.p[y], pixel.q[y], pixel.cost[y]);
        let factor = 0.5 * pixel.weight * if y == 0 { 0.4 } else { 0.6 } / total;
        let (value, slope) =
            if y == 0 { (q.sqrt() * cost, -q.sqrt() * (1.0 + 0.5 * p * cost / q)) } else { (cost, -1.0) };
        answer.value += factor * value;
        answer.by_log[place][y] += factor * slope;
    }
    // Where a probability was clipped, nothing depends on it.
    for (place, (before, after)) in pixels.iter().zip(&clipped).enumerate() {
        let (Some(before), Some(after)) = (before, after) else { continue };
        for class in 0..before.p.len() {
            if before.p[class] != after.p[class] {
                (answer.by_p[place][class], answer.by_log[place][class]) = (0.0, 0.0);
            }
        }
    }
    answer
}

fn cross_entropy(pixels: &Pixels) -> Answer {
    pointwise(pixels, |_| 1.0, |_, _, cost| (cost, -1.0))
}

/// `(1 - p)^focusing` times the cost, and its derivative.
fn focus(focusing: f64) -> impl Fn(f64, f64, f64) -> (f64, f64) {
    move |p, q, cost| {
        let less = if focusing > 0.0 { focusing * q.powf(focusing - 1.0) * p * cost } else { 0.0 };
        (q.powf(focusing) * cost, -less - q.powf(focusing))
    }
}

fn focal(pixels: &Pixels, focusing: f64) -> Answer {
    pointwise(pixels, |class| if class == 0 { 0.75 } else { 0.25 }, focus(focusing))
}

fn power_entropy(pixels: &Pixels, exponent: f64) -> Answer {
    let total = weight(pixels);
    pointwise(
        pixels,
        |class| (total / mass(pixels, class)).sqrt(),
        // Towards a perfect prediction the slope of a root is beyond bounds, and taken as 0.
        |_, _, cost| {
            let tiny = cost < f64::from(f32::MIN_POSITIVE);
            if tiny { (0.0, 0.0) } else { (cost.powf(exponent), -exponent * cost.powf(exponent - 1.0)) }
        },
    )
}

fn normalised_focal(pixels: &Pixels, focusing: f64) -> Answer {
    let cost = pointwise(pixels, |_| 1.0, focus(focusing));
    let factors =
        pointwise(pixels, |_| 1.0, |p, q, _| (q.powf(focusing), -focusing * q.powf(focusing - 1.0) * p));
    let (value, divisor) = (cost.value / factors.value, factors.value);
    let mut answer = cost.sum(1.0 / divisor, &factors, -value / divisor);
    answer.value = value;
    answer
}

pub(crate) type Reference = Box<dyn Fn(&Pixels) -> Answer>;

/// Names, settings and definitions.
pub(crate) fn references() -> Vec<(&'static str, serde_json::Value, Reference)> {
    let mut all: Vec<(&'static str, serde_json::Value, Reference)> = Vec::new();
    let mut add = |name, set, of: Reference| all.push((name, set, of));
    for s in SMOOTHINGS {
        let set = json!({"smooth": s});
        let mut region = |name, of: Box<dyn Fn([Dual; 5]) -> Option<Dual>>| {
            add(name, set.clone(), Box::new(move |pixels| mean_of_classes(pixels, 2.0, &of)));
        };
        region("dice", Box::new(move |sums| Some(dice(sums, s)?[0])));
        region("jaccard", Box::new(move |sums| Some(tversky(sums, 1.0, 1.0, s)?[0])));
        region("tversky", Box::new(move |sums| Some(tversky(sums, 0.3, 0.7, s)?[0])));
        region("recall", Box::new(move |sums| Some(tversky(sums, 0.0, 1.0, s)?[0])));
        let [f_positive, f_negative] = [1.0 / 3.25, 2.25 / 3.25];
        region(
            "asymmetric_similarity",
            Box::new(move |sums| Some(tversky(sums, f_positive, f_negative, s)?[0])),
        );
        region("log_cosh_dice", Box::new(move |sums| Some(log_cosh(dice(sums, s)?[0]))));
        region("log_dice", Box::new(move |sums| log_dice(sums, s, 1.0)));
        region("focal_tversky", Box::new(move |sums| Some(tversky(sums, 0.3, 0.7, s)?[0].power(0.75))));
        region("squared_dice", Box::new(move |sums| ratio_of_squares(sums, 2.0, s)));
        region("power_jaccard", Box::new(move |sums| ratio_of_squares(sums, 1.0, s)));
        region("tanimoto", Box::new(move |sums| tanimoto(sums, s)));
        add(
            "power_jaccard",
            json!({"smooth": s, "exponent": 1.5}),
            Box::new(move |pixels| mean_of_classes(pixels, 1.5, |sums| ratio_of_squares(sums, 1.0, s))),
        );
        add(
            "generalised_dice",
            set.clone(),
            Box::new(move |pixels| generalised_dice(pixels, s, |loss| loss)),
        );
        add(
            "penalty_generalised_dice",
            set.clone(),
            Box::new(move |pixels| {
                generalised_dice(pixels, s, |loss| loss / (Dual::from(1.0) + 2.5 * (Dual::from(1.0) - loss)))
            }),
        );
        for (mode, generalised) in [("default", false), ("gdl", true)] {
            for distances in [None, Some(APART), Some(ALIKE)] {
                let mut set = json!({"smooth": s, "mode": mode});
                distances.iter().for_each(|distances| set["distances"] = json!(distances));
                let apart = |a, b| f32::from(u8::from(a != b));
                let distance = move |a, b| f64::from(distances.map_or(apart(a, b), |all| all[a * 4 + b]));
                let of = move |pixels: &Pixels| wasserstein(pixels, s, generalised, distance);
                add("wasserstein_dice", set, Box::new(of));
            }
        }
        let dices = move |pixels: &Pixels| mean_of_classes(pixels, 2.0, |sums| Some(dice(sums, s)?[0]));
        let logs = move |pixels: &Pixels, e| mean_of_classes(pixels, 2.0, |sums| log_dice(sums, s, e));
        let focals = move |pixels: &Pixels| {
            mean_of_classes(pixels, 2.0, |sums| Some(tversky(sums, 0.3, 0.7, s)?[0].power(0.75)))
        };
        let sum = |first: f64, a: Reference, second: f64, b: Reference| -> Reference {
            Box::new(move |pixels| a(pixels).sum(first, &b(pixels), second))
        };
        add("dice_cross_entropy", set.clone(), sum(1.0, Box::new(dices), 1.0, Box::new(cross_entropy)));
        add("dice_focal", set.clone(), sum(1.0, Box::new(dices), 1.0, Box::new(|p| focal(p, 2.0))));
        add("hybrid_focal", set.clone(), sum(0.5, Box::new(focals), 0.5, Box::new(|p| focal(p, 2.0))));
        add(
            "dice_top_k",
            json!({"smooth": s, "fraction": 1}),
            sum(1.0, Box::new(dices), 1.0, Box::new(cross_entropy)),
        );
        add(
            "exponential_logarithmic",
            set.clone(),
            sum(0.8, Box::new(move |p| logs(p, 0.3)), 0.2, Box::new(|p| power_entropy(p, 0.3))),
        );
        add(
            "combo",
            set,
            Box::new(move |pixels| {
                let entropy = pointwise(pixels, |_| 0.5, |_, _, cost| (cost, -1.0));
                let mut answer = entropy.sum(0.5, &dices(pixels), 0.5);
                answer.value -= 0.5;
                answer
            }),
        );
    }
    // A class without labels is worth the mean of its probabilities.
    for (name, k) in [("squared_dice", 2.0), ("power_jaccard", 1.0)] {
        add(
            name,
            json!({"smooth": 1e-5, "empty": "mean_probability"}),
            Box::new(move |pixels| {
                let (total, count) = (weight(pixels), classes(pixels) as f64);
                by_class(pixels, 2.0, |class, sums| match mass(pixels, class) {
                    0.0 => Some((1.0 / total / count) * sums[FP]),
                    _ => Some((1.0 / count) * ratio_of_squares(sums, k, 1e-5)?),
                })
            }),
        );
    }
    let none = || json!({});
    add("mcc", none(), Box::new(|pixels| mean_of_classes(pixels, 2.0, mcc)));
    add("unified_focal", none(), Box::new(unified));
    add("cross_entropy", none(), Box::new(cross_entropy));
    add(
        "balanced_cross_entropy",
        none(),
        Box::new(|pixels| {
            let (total, others) = (weight(pixels), |class| {
                (0..classes(pixels))
                    .filter(|other| *other != class)
                    .map(|other| mass(pixels, other))
                    .sum::<f64>()
            });
            pointwise(pixels, |class| others(class) / total, |_, _, cost| (cost, -1.0))
        }),
    );
    for focusing in [0.0, 0.5, 2.0, 3.5] {
        add("focal", json!({"focusing": focusing}), Box::new(move |pixels| focal(pixels, focusing)));
    }
    add("normalised_focal", none(), Box::new(|pixels| normalised_focal(pixels, 2.0)));
    add(
        "reduced_focal",
        none(),
        Box::new(|pixels| {
            pointwise(
                pixels,
                |_| 1.0,
                |p, q, cost| {
                    let (value, slope) = focus(2.0)(p, q, cost);
                    if p < 0.5 { (cost, -1.0) } else { (4.0 * value, 4.0 * slope) }
                },
            )
        }),
    );
    add("top_k", json!({"fraction": 1}), Box::new(cross_entropy));
    add(
        "ohem",
        json!({"threshold": 0.7, "min_kept": 0}),
        Box::new(|p| selected(p, |pixel| pixel.p[pixel.label] < 0.7)),
    );
    add("ohem", json!({"threshold": 1, "min_kept": 0}), Box::new(|pixels| selected(pixels, |_| true)));
    add(
        "label_smoothed",
        none(),
        Box::new(|pixels| {
            let rest = 0.1 / classes(pixels) as f64;
            entropy(pixels, |pixel, class| (rest + if pixel.label == class { 0.9 } else { 0.0 }, 0.0))
        }),
    );
    let label = |pixel: &scene::Pixel, class: usize| f64::from(u8::from(pixel.label == class));
    add(
        "bootstrapped",
        none(),
        Box::new(move |pixels| {
            entropy(pixels, |pixel, class| {
                (0.95 * label(pixel, class) + 0.05 * pixel.p[class], 0.05 * pixel.p[class])
            })
        }),
    );
    let top = |pixel: &scene::Pixel| {
        let best = pixel.cost.iter().copied().fold(f64::INFINITY, f64::min);
        pixel.cost.iter().position(|cost| *cost <= best).unwrap()
    };
    add(
        "bootstrapped",
        json!({"hard": true, "label_share": 0.8}),
        Box::new(move |pixels| {
            entropy(pixels, |pixel, class| {
                (0.8 * label(pixel, class) + if top(pixel) == class { 0.2 } else { 0.0 }, 0.0)
            })
        }),
    );
    add(
        "recall_cross_entropy",
        none(),
        Box::new(move |pixels| {
            let missed = |class: usize| {
                let of = pixels.iter().flatten().filter(|pixel| pixel.label == class);
                let missed: f64 = of.filter(|pixel| top(pixel) != class).map(|pixel| pixel.weight).sum();
                missed / mass(pixels, class)
            };
            pointwise(pixels, missed, |_, _, cost| (cost, -1.0))
        }),
    );
    add("poly1", none(), Box::new(|pixels| pointwise(pixels, |_| 1.0, |p, q, cost| (cost + q, -1.0 - p))));
    add(
        "generalised_cross_entropy",
        none(),
        Box::new(|pixels| {
            pointwise(pixels, |_| 1.0, |_, _, cost| (-(-0.7 * cost).exp_m1() / 0.7, -(-0.7 * cost).exp()))
        }),
    );
    add("sensitivity_specificity", none(), Box::new(sensitivity_specificity));
    for (exponent, smooth) in [(1.5, 1e-5), (1.0, 1.0), (2.0, 0.0), (1.25, 1e-5)] {
        add(
            "noise_robust_dice",
            json!({"exponent": exponent, "denominator_smooth": smooth}),
            Box::new(move |pixels| noise_robust_dice(pixels, exponent, smooth)),
        );
    }
    add("lovasz_softmax", none(), Box::new(lovasz));
    all
}
