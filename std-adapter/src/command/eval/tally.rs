//! Counting and measuring, image by image on several threads, and what the images come to.

use std::num::NonZero;
use std::slice;

use segmeter::core::metric::{ClassReport, Confusion, Mean, Score};
use segmeter::core::sketch::Sketch;

use super::Failure;
use super::choice::Choice;
use super::each::each;
use super::exact::{Real, Sides};
use super::matrix::Matrix;
use super::overlap::{self, Averages, Named};
use super::predict::{Logits, Pair, Reader};
use super::scored::{self, Scored};
use super::seen::Seen;
use super::segment::{self, Segments};
use super::shape::{self, Ids};
use super::softmax;
use crate::report;

/// One id less than there are bytes: a prediction that is no class needs one that is none.
pub(super) const MOST_CLASSES: usize = 255;
const NO_CLASS: u8 = 255;

/// What is known of an image, or of all of them.
pub(super) struct Scores {
    pub(super) name: String,
    pub(super) pixels: u64,
    pub(super) ignored: u64,
    pub(super) classes: Vec<ClassReport>,
    /// Over all classes.
    pub(super) overall: Vec<Named>,
    /// Metrics of shape of every class, none of those that are not measured; of all images, the means.
    pub(super) shapes: Vec<Vec<Score>>,
    /// The segments of every class.
    segments: Vec<Segments>,
    /// Of probabilities of several classes.
    softmax: softmax::Sums,
    /// Of the road.
    pub(super) road: Vec<Score>,
}

/// The whole evaluation.
pub(super) struct Evaluated {
    pub(super) pooled: Scores,
    pub(super) matrix: Matrix,
    pub(super) images: Vec<Scores>,
    pub(super) averages: Vec<Averages>,
    /// The IoU of every category.
    pub(super) categories: Vec<Option<f64>>,
    /// What [`Scores::shapes`] has of a class.
    pub(super) shape_keys: Vec<&'static str>,
    pub(super) road_keys: Vec<&'static str>,
    /// The mean of each metric of shape, and how often it had no value.
    pub(super) shape: Vec<(Named, u64)>,
    pub(super) road: Vec<(Named, u64)>,
    pub(super) scored: Option<Scored>,
    pub(super) seen: Seen,
}

impl Evaluated {
    /// Mean over the images where it is defined of each overall metric, and how many images were left out.
    pub(super) fn per_image_mean(&self) -> impl Iterator<Item = (Named, u64)> + '_ {
        self.pooled.overall.iter().enumerate().map(|(place, (name, _))| {
            let mut mean = Mean::default();
            self.images.iter().for_each(|image| mean.push(image.overall[place].1.into()));
            ((*name, mean.value()), mean.undefined())
        })
    }
}

/// Counts all images in a matrix of at least this many classes.
pub(super) fn tally(
    reader: &Reader,
    choice: &Choice,
    classes: usize,
    threads: NonZero<usize>,
) -> Result<Evaluated, Failure> {
    match classes {
        0..=2 => matrix::<2>(reader, choice, classes, threads),
        3..=4 => matrix::<4>(reader, choice, classes, threads),
        5..=8 => matrix::<8>(reader, choice, classes, threads),
        9..=16 => matrix::<16>(reader, choice, classes, threads),
        17..=32 => matrix::<32>(reader, choice, classes, threads),
        33..=64 => matrix::<64>(reader, choice, classes, threads),
        65..=128 => matrix::<128>(reader, choice, classes, threads),
        _ => matrix::<MOST_CLASSES>(reader, choice, classes, threads),
    }
}

/// What a thread adds up. Integers, and logits that are sorted: in which order does not matter.
struct Sums<const C: usize> {
    confusion: Box<Confusion<C>>,
    sketch: Option<Sketch<u64>>,
    /// Of background and foreground, or of wrong and right predictions.
    logits: Sides,
    /// The same of every class against the rest, if asked for.
    classes: Vec<Sides>,
    /// Whether logits are `f64`.
    is_exact: bool,
    seen: Seen,
}

impl<const C: usize> Sums<C> {
    fn new(reader: &Reader) -> Self {
        Self {
            confusion: Box::new(Confusion::new(reader.labels().ignore())),
            sketch: reader.quantiser().map(|quantiser| Sketch::new(&quantiser)),
            logits: Sides::new(reader.is_exact()),
            classes: Vec::new(),
            is_exact: reader.is_exact(),
            seen: Seen::default(),
        }
    }

    fn merge(&mut self, other: &mut Self) -> segmeter::core::Result<()> {
        self.confusion.merge(&other.confusion);
        self.seen.merge(&mut other.seen);
        self.make_room(other.classes.len());
        let classes = self.classes.iter_mut().zip(&mut other.classes);
        classes.chain([(&mut self.logits, &mut other.logits)]).for_each(|(all, more)| all.append(more));
        match (&mut self.sketch, &other.sketch) {
            (Some(all), Some(more)) => all.merge(more),
            _ => Ok(()),
        }
    }

    fn make_room(&mut self, classes: usize) {
        let is_exact = self.is_exact;
        self.classes.resize_with(self.classes.len().max(classes), || Sides::new(is_exact));
    }

    fn add(&mut self, pair: &Pair, ignore: u8) -> segmeter::core::Result<()> {
        if let (Some(all), Some(one)) = (&mut self.sketch, &pair.sketch) {
            all.merge(one)?;
        }
        match &pair.logits {
            Logits::F32(logits) => self.logits.extend(softmax::of_class(1, logits, &pair.labels, ignore)),
            Logits::F64(logits) => self.logits.extend(softmax::of_class(1, logits, &pair.labels, ignore)),
        }
        Ok(())
    }

    /// Adds an image of logits of classes; what its order matters for is the result.
    fn add_classes(&mut self, choice: &Choice, pair: &Pair, ignore: u8) -> softmax::Sums {
        match &pair.logits {
            Logits::F32(logits) => self.add_logits(choice, pair, logits, ignore),
            Logits::F64(logits) => self.add_logits(choice, pair, logits, ignore),
        }
    }

    fn add_logits<T: Real>(
        &mut self,
        choice: &Choice,
        pair: &Pair,
        logits: &[T],
        ignore: u8,
    ) -> softmax::Sums {
        let pixels = pair.labels.len().max(1);
        let planes = softmax::planes(choice.scale, pair.labels.len(), logits);
        self.logits.extend(softmax::of_top(&planes, &pair.prediction, &pair.labels, ignore));
        if choice.needs_curves_of_classes() {
            self.make_room(planes.len() / pixels);
            for ((class, plane), sides) in (0_u8..=255).zip(planes.chunks(pixels)).zip(&mut self.classes) {
                sides.extend(softmax::of_class(class, plane, &pair.labels, ignore));
            }
        }
        softmax::Sums::of(choice, &planes, &pair.labels, ignore)
    }
}

fn matrix<const C: usize>(
    reader: &Reader,
    choice: &Choice,
    classes: usize,
    threads: NonZero<usize>,
) -> Result<Evaluated, Failure> {
    let bar = report::progress(reader.len());
    let in_file = |e| Failure::Input(format!("{}: {e}", reader.path().display()));
    let work = |sums: &mut Sums<C>, image: usize| {
        let pair = reader.pair(image)?;
        let ignore = reader.labels().ignore();
        let mut confusion = Box::new(Confusion::<C>::new(ignore));
        count(&mut confusion, &pair, classes, ignore).map_err(|e| {
            let expected = format!("0 to {}", classes - 1);
            reader.labels().explain_of(e, reader.label_file(image), &pair.name, &expected)
        })?;
        sums.confusion.merge(&confusion);
        sums.seen.add(image, &pair, classes, ignore);
        let mut scores = counted(choice, &pair.name, &confusion, classes);
        if choice.needs_scores() && choice.softmax {
            scores.softmax = sums.add_classes(choice, &pair, ignore);
        } else if choice.needs_scores() {
            sums.add(&pair, ignore).map_err(in_file)?;
        }
        measure(choice, &pair, ignore, &mut scores)
            .map_err(|e| Failure::Input(format!("{}: image {}: {e}", reader.path().display(), pair.name)))?;
        bar.inc(1);
        Ok(scores)
    };
    let (sums, images) = each(threads, reader.len(), || Sums::<C>::new(reader), work)?;
    bar.finish_and_clear();
    let mut all = Sums::<C>::new(reader);
    for mut sums in sums {
        all.merge(&mut sums).map_err(in_file)?;
    }
    let mut pooled = counted(choice, "all", &all.confusion, classes);
    let (shape_keys, road_keys) = (shape::keys(choice), shape::road_keys(choice));
    pooled.shapes = (0..classes).map(|class| means(&images, |image| &image.shapes[class])).collect();
    pool_segments(&mut pooled, &images, &shape_keys);
    pooled.road = means(&images, |image| &image.road);
    let of_shape = |(place, key): (usize, &&'static str)| {
        let of: &[Scores] = if segment::is_pooled(key) { slice::from_ref(&pooled) } else { &images };
        of_shape(key, place, of)
    };
    let shape = shape_keys.iter().enumerate().map(of_shape).collect();
    let road = road_keys.iter().enumerate().map(|(place, key)| {
        let values = || images.iter().filter_map(move |image| image.road.get(place).copied());
        ((*key, overlap::mean_of(values())), values().filter(is_undefined).count() as u64)
    });
    let road = if classes == 2 { road.collect() } else { Vec::new() };
    let reports: Vec<&[ClassReport]> = images.iter().map(|image| image.classes.as_slice()).collect();
    let average = |metric: &(_, _)| Averages::new(*metric, choice, &pooled.classes, &reports);
    Ok(Evaluated {
        averages: choice.class_metrics.iter().map(average).collect(),
        categories: overlap::categories(choice, &all.confusion),
        matrix: Matrix::new(
            all.confusion.counts(),
            &pooled.classes.iter().map(|class| class.positives()).collect::<Vec<_>>(),
        ),
        seen: std::mem::take(&mut all.seen),
        scored: scores(reader, choice, all, &images),
        pooled,
        images,
        shape_keys,
        road_keys,
        shape,
        road,
    })
}

fn scores<const C: usize>(
    reader: &Reader,
    choice: &Choice,
    all: Sums<C>,
    images: &[Scores],
) -> Option<Scored> {
    match &all.sketch {
        _ if choice.softmax => {
            let mut sums = softmax::Sums::default();
            images.iter().for_each(|image| sums.merge(&image.softmax));
            Some(softmax::scored(choice, &all.logits.levels(choice.scale), &sums, all.classes))
        }
        _ if !reader.is_binary() => None,
        Some(sketch) => Some(scored::of_sketch(choice, sketch, reader.table().as_ref())),
        None => Some(scored::of_levels(choice, &all.logits.levels(choice.scale))),
    }
}

/// Ids from `classes` to `C` would be classes to the matrix, and are not.
fn count<const C: usize>(
    confusion: &mut Confusion<C>,
    pair: &Pair,
    classes: usize,
    ignore: u8,
) -> segmeter::core::Result<()> {
    let is_class = |id: u8| usize::from(id) < classes;
    if let Some((pixel, found)) =
        pair.labels.iter().enumerate().find(|(_, id)| !is_class(**id) && **id != ignore)
    {
        return Err(segmeter::core::Error::ClassId { found: *found, pixel });
    }
    if classes == C {
        return confusion.push_row(&pair.prediction, &pair.labels);
    }
    let known: Vec<u8> =
        pair.prediction.iter().map(|id| if is_class(*id) { *id } else { NO_CLASS }).collect();
    confusion.push_row(&known, &pair.labels)
}

fn counted<const C: usize>(choice: &Choice, name: &str, confusion: &Confusion<C>, classes: usize) -> Scores {
    let overall = overlap::of_matrix(choice, confusion, classes);
    Scores {
        name: name.to_owned(),
        pixels: confusion.pixels(),
        ignored: confusion.ignored(),
        classes: (0..classes).map(|class| confusion.class(class)).collect(),
        overall: overall.into_iter().filter(|(key, _)| choice.wants(key)).collect(),
        shapes: vec![Vec::new(); classes],
        segments: vec![Segments::default(); classes],
        softmax: softmax::Sums::default(),
        road: Vec::new(),
    }
}

/// Measures the shapes of an image that has been counted.
fn measure(choice: &Choice, pair: &Pair, ignore: u8, scores: &mut Scores) -> segmeter::core::Result<()> {
    let ids = Ids { shape: pair.shape, prediction: &pair.prediction, labels: &pair.labels, ignore };
    let classes = scores.classes.iter().zip(&mut scores.shapes).zip(&mut scores.segments);
    for (class, ((report, shapes), segments)) in (0_u8..=255).zip(classes) {
        if usize::from(class) >= choice.first && !choice.ignored.contains(&class.into()) {
            let is_there = report.positives() != 0 || report.predicted() != 0;
            *shapes = shape::of_class(choice, &ids, class, is_there, segments)?;
        }
    }
    if scores.classes.len() == 2 && !shape::road_keys(choice).is_empty() {
        scores.road = shape::of_road(choice, &ids)?;
    }
    Ok(())
}

/// Puts what the segments of all images come to in the place of the means.
fn pool_segments(pooled: &mut Scores, images: &[Scores], keys: &[&str]) {
    let classes = pooled.segments.iter_mut().zip(&mut pooled.shapes).zip(&pooled.classes);
    for (class, ((segments, shapes), counts)) in classes.enumerate() {
        images.iter().for_each(|image| segments.merge(&image.segments[class]));
        for (key, value) in segment::values(segments, *counts) {
            let slot = keys.iter().position(|known| *known == key).and_then(|place| shapes.get_mut(place));
            slot.into_iter().for_each(|slot| *slot = value);
        }
    }
}

/// The means over the images of some scores of each.
fn means(images: &[Scores], of: impl Fn(&Scores) -> &Vec<Score>) -> Vec<Score> {
    let places = images.first().map_or(0, |image| of(image).len());
    let mean =
        |place: usize| overlap::mean_of(images.iter().filter_map(|image| of(image).get(place).copied()));
    (0..places).map(|place| mean(place).into()).collect()
}

/// A metric of shape: in every image the mean over its classes, then the mean over the images.
fn of_shape(key: &'static str, place: usize, images: &[Scores]) -> (Named, u64) {
    let scores = |image: &Scores| {
        image.shapes.iter().filter_map(|class| class.get(place)).copied().collect::<Vec<_>>()
    };
    let undefined = images.iter().flat_map(scores).filter(is_undefined).count() as u64;
    // An infinite distance makes an infinite mean, of which there is no number in JSON.
    let is_finite = images.iter().flat_map(scores).filter_map(Score::value).all(f64::is_finite);
    let mean =
        overlap::mean_of(images.iter().map(|image| overlap::mean_of(scores(image).into_iter()).into()));
    ((key, mean.filter(|_| is_finite)), undefined)
}

/// Whether a score is printed as `null`, and counted.
pub(super) fn is_undefined(score: &Score) -> bool {
    match score {
        Score::Value(value) => !value.is_finite(),
        Score::Undefined => true,
        Score::Skipped => false,
    }
}
