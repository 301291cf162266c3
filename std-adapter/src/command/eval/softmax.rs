//! Scores of several classes: their probabilities, given or made by a softmax, each class against the rest.

use std::borrow::Cow;
use std::convert::Infallible;
use std::num::NonZero;
use std::sync::{Mutex, PoisonError};

use segmeter::core::metric::calibration::{self, Bin};
use segmeter::core::metric::{Confidence, Mean};
use segmeter::core::num::exp_nonpositive_f64;
use segmeter::files::partial::SoftmaxState;

use super::choice::Choice;
use super::each::each;
use super::overlap::Named;
use super::predict::IGNORED;
use super::scored::{self, Scored};
use segmeter::scores::{self, Binning, Level, Levels, Real, Scale, Sides};

/// Pixels that are looked at together: the planes of a class each lie far apart.
const BLOCK: usize = 64;

/// The logit of the probability of every class, plane after plane, or of the highest alone: the sigmoid of it is what softmax
/// makes of `logits`. Every thread takes a part of the pixels.
fn against_the_rest<T: Real + Send + Sync>(
    pixels: usize,
    logits: &[T],
    is_highest_alone: bool,
    threads: NonZero<usize>,
) -> Vec<T> {
    let classes = logits.len() / pixels.max(1);
    let mut planes = vec![T::default(); if is_highest_alone { pixels } else { pixels * classes }];
    let part = pixels.div_ceil(threads.get()).max(1).next_multiple_of(BLOCK);
    let mut parts: Vec<Vec<&mut [T]>> = (0..pixels).step_by(part).map(|_| Vec::new()).collect();
    for plane in planes.chunks_mut(pixels.max(1)) {
        parts.iter_mut().zip(plane.chunks_mut(part)).for_each(|(part, slots)| part.push(slots));
    }
    in_parallel(threads, parts, |place, mut slots| {
        for_pixels(pixels, logits, is_highest_alone, place * part, &mut slots);
    });
    planes
}

/// The same of the pixels from `start` on, as many as each of `planes` has.
fn for_pixels<T: Real>(
    pixels: usize,
    logits: &[T],
    is_highest_alone: bool,
    start: usize,
    planes: &mut [&mut [T]],
) {
    let classes = logits.len() / pixels.max(1);
    let [mut below, mut powers] = [(); 2].map(|()| vec![[0.0; BLOCK]; classes]);
    let end = start + planes.first().map_or(0, |plane| plane.len());
    for first in (start..end).step_by(BLOCK) {
        let last = end.min(first + BLOCK);
        let (mut best, mut top) = ([f64::NEG_INFINITY; BLOCK], [0; BLOCK]);
        for (class, scores) in below.iter_mut().enumerate() {
            for (slot, logit) in scores.iter_mut().zip(&logits[class * pixels + first..class * pixels + last])
            {
                *slot = (*logit).into();
            }
            for ((best, top), score) in best.iter_mut().zip(&mut top).zip(&*scores) {
                (*best, *top) = if class == 0 || score > best { (*score, class) } else { (*best, *top) };
            }
        }
        // Not as a difference of sums, which would cancel where the top class is all but certain.
        let mut others = [0.0; BLOCK];
        for (class, (below, powers)) in below.iter_mut().zip(&mut powers).enumerate() {
            for (below, best) in below.iter_mut().zip(&best) {
                // Two infinite ones are as high as each other.
                *below = if *below < *best { *below - best } else { 0.0 };
            }
            for (power, below) in powers.iter_mut().zip(&*below) {
                *power = exp_nonpositive_f64(*below);
            }
            for ((others, power), top) in others.iter_mut().zip(&*powers).zip(&top) {
                *others += if class == *top { 0.0 } else { *power };
            }
        }
        if is_highest_alone {
            // It is 0 below itself.
            let slots = planes[0][first - start..last - start].iter_mut().zip(&others);
            slots.for_each(|(slot, others)| *slot = T::nearest(0.0 - libm::log(*others)));
            continue;
        }
        for (class, ((below, powers), plane)) in below.iter().zip(&powers).zip(&mut *planes).enumerate() {
            let slots = plane[first - start..last - start].iter_mut();
            for ((((slot, below), power), top), others) in slots.zip(below).zip(powers).zip(&top).zip(&others)
            {
                let rest = if class == *top { *others } else { 1.0 + others - power };
                *slot = T::nearest(below - libm::log(rest));
            }
        }
    }
}

/// Does the same with each of some things, all of them at once as far as there are threads; what it makes, in their order.
fn in_parallel<A: Send, B: Send>(
    threads: NonZero<usize>,
    things: Vec<A>,
    make: impl Fn(usize, A) -> B + Sync,
) -> Vec<B> {
    let things: Vec<_> = things.into_iter().map(|thing| Mutex::new(Some(thing))).collect();
    let work = |(): &mut (), place: usize| {
        // Every place is asked for once.
        let thing = things[place].lock().unwrap_or_else(PoisonError::into_inner).take();
        Ok::<_, Infallible>(thing.map(|thing| make(place, thing)))
    };
    let Ok((_, made)) = each(threads, things.len(), || (), work);
    made.into_iter().flatten().collect()
}

/// What is known of the classes, plane after plane, or of the predicted ones alone if that is all that is wanted.
/// Probabilities are what they are.
pub(super) fn planes<'a, T: Real + Send + Sync>(
    choice: &Choice,
    pixels: usize,
    scores: &'a [T],
    threads: NonZero<usize>,
) -> Cow<'a, [T]> {
    let is_highest_alone = !choice.needs_curves_of_classes() && !needs_sums(choice);
    match choice.scale {
        Scale::Logit => Cow::Owned(against_the_rest(pixels, scores, is_highest_alone, threads)),
        Scale::Probability => Cow::Borrowed(scores),
    }
}

/// Whether something is wanted that every class adds to.
fn needs_sums(choice: &Choice) -> bool {
    choice.wants_any(&["classwise_ece", "brier", "nll"])
}

/// What an image adds to calibration.
#[derive(Clone, Default)]
pub(super) struct Sums {
    /// Bins of the probability of every class.
    classes: Vec<Vec<Bin>>,
    squares: u128,
    nats: f64,
    pixels: u64,
}

impl Sums {
    /// As it is kept.
    pub(super) fn into_state(self) -> SoftmaxState {
        let Self { classes: bins, squares, nats, pixels } = self;
        SoftmaxState { bins, squares, nats, pixels }
    }

    /// What was kept.
    pub(super) fn of_state(SoftmaxState { bins: classes, squares, nats, pixels }: SoftmaxState) -> Self {
        Self { classes, squares, nats, pixels }
    }

    /// Of an image with such planes.
    pub(super) fn of<T: Real + Send + Sync>(
        choice: &Choice,
        planes: &[T],
        labels: &[u16],
        threads: NonZero<usize>,
    ) -> Self {
        let mut sums = Self::default();
        let binning = Binning { confidence: Confidence::Positive, ..choice.binning };
        if !needs_sums(choice) {
            return sums;
        }
        let of_plane = |class: usize, plane: &[T]| {
            let (mut bins, mut squares, mut nats) = (vec![Bin::default(); binning.bins + 1], 0, Vec::new());
            for scored in of_class(class as u16, plane, labels) {
                let level = level(choice.scale, scored);
                scores::push(&mut bins, binning, &level);
                squares += scores::square(&level);
                if scored.1 {
                    nats.push(level.nats()[1]);
                }
            }
            (bins, squares, nats)
        };
        let planes = planes.chunks(labels.len().max(1)).collect();
        for (bins, squares, nats) in in_parallel(threads, planes, of_plane) {
            sums.classes.push(bins);
            sums.squares += squares;
            sums.pixels += nats.len() as u64;
            // One by one: sums of sums would be rounded otherwise.
            nats.into_iter().for_each(|nats| sums.nats += nats);
        }
        sums
    }

    /// Adds an image; the order of images is that of their numbers.
    pub(super) fn merge(&mut self, other: &Self) {
        self.classes.resize(other.classes.len().max(self.classes.len()), Vec::new());
        for (bins, others) in self.classes.iter_mut().zip(&other.classes) {
            bins.resize(others.len().max(bins.len()), Bin::default());
            bins.iter_mut().zip(others).for_each(|(bin, other)| bin.merge(other));
        }
        self.squares += other.squares;
        self.nats += other.nats;
        self.pixels += other.pixels;
    }
}

const fn level(scale: Scale, (score, is_label): (f64, bool)) -> Level {
    Level { score, scale, pixels: if is_label { [0, 1] } else { [1, 0] } }
}

/// The scores of a class where it is scored, and whether it is the label.
pub(super) fn of_class<'a, T: Real>(
    class: u16,
    plane: &'a [T],
    labels: &'a [u16],
) -> impl Iterator<Item = (f64, bool)> + 'a {
    let scored = plane.iter().zip(labels).filter(|(_, label)| **label != IGNORED);
    // Without the sign of zero.
    scored.map(move |(logit, label)| ((*logit).into() + 0.0, *label == class))
}

/// The scored logits of the predicted classes, and whether they are right; of planes of all classes, or of these alone.
pub(super) fn of_top<'a, T: Real>(
    planes: &'a [T],
    prediction: &'a [u16],
    labels: &'a [u16],
) -> impl Iterator<Item = (f64, bool)> + 'a {
    let (pixels, has_all) = (labels.len(), planes.len() > labels.len());
    let scored = prediction.iter().zip(labels).enumerate().filter(|(_, (_, label))| **label != IGNORED);
    scored.filter_map(move |(pixel, (prediction, label))| {
        let plane = if has_all { usize::from(*prediction) } else { 0 };
        let logit = *planes.get(plane * pixels + pixel)?;
        Some((logit.into() + 0.0, prediction == label))
    })
}

/// `top` are the logits of the predicted classes with the right ones as foreground; `classes` those of every class, if
/// thresholds are wanted.
pub(super) fn scored(
    choice: &Choice,
    Levels(top): &Levels,
    sums: &Sums,
    classes: Vec<Sides>,
    threads: NonZero<usize>,
) -> Scored {
    let positive = Binning { confidence: Confidence::Positive, ..choice.binning };
    let wide = scores::bins(top, positive);
    let equal = scores::bins_of_equal_mass(top, positive);
    let mut classwise = Mean::default();
    let scored = sums.classes.iter().enumerate().filter(|(class, _)| !choice.ignored.contains(class));
    scored.for_each(|(_, bins)| classwise.push(calibration::expected_error(bins.iter()).into()));
    let errors = scored::calibration_errors(&wide, &equal, classwise.value());
    let proper = [
        ("brier", scores::brier(sums.squares, sums.pixels)),
        ("nll", (sums.pixels != 0).then(|| sums.nats / sums.pixels as f64)),
    ];
    // Of the ignored class nothing is known.
    let of_class = |class: usize, scores: Sides| {
        if choice.ignored.contains(&class) {
            return Vec::new();
        }
        scored::thresholds_of_levels(choice, &scores.levels(choice.scale))
    };
    let classes: Vec<Vec<Named>> = in_parallel(threads, classes, of_class);
    Scored {
        threshold: means(&classes),
        calibration: scored::wanted(choice, errors.into_iter().chain(proper)),
        bins: scored::diagram(&wide, positive),
        curve: Vec::new(),
        classes,
    }
}

/// The mean over the classes of everything but what is said of the best threshold of each.
fn means(classes: &[Vec<Named>]) -> Vec<Named> {
    let classes: Vec<&Vec<Named>> = classes.iter().filter(|class| !class.is_empty()).collect();
    let keys = classes.first().copied().into_iter().flatten().map(|(key, _)| *key).enumerate();
    let mean = |(place, key): (usize, _)| {
        let mut mean = Mean::default();
        classes.iter().for_each(|class| mean.push(class[place].1.into()));
        (key, mean.value())
    };
    keys.filter(|(_, key)| !key.ends_with("_at_max_f1")).map(mean).collect()
}
