//! What images come to, added up one by one: none is kept for it, and in which order they come does not matter.

use segmeter::core::metric::{ClassMetric, ClassReport, Mean, Score};
use segmeter::means::{ImageMean, is_undefined, mean_of};

use super::choice::Choice;
use super::overlap::{Averages, Named};
use super::scores::Scores;
use super::segment::{self, Segments};

/// Sums over images.
#[derive(Default)]
pub(super) struct Means {
    pub(super) images: usize,
    /// Of every overall metric.
    overall: Vec<Mean>,
    /// Of every metric of classes.
    classes: Vec<OfClasses>,
    /// Of every metric of shape of every class, and over the classes.
    shapes: Vec<Vec<Mean>>,
    shape: Vec<ImageMean>,
    segments: Vec<Segments>,
    road: Vec<Undefined>,
}

/// A metric of classes.
#[derive(Clone, Default)]
struct OfClasses {
    per_image: Mean,
    per_pair: Mean,
    of_class: Vec<Mean>,
}

/// A mean, and how often there is no number to print.
#[derive(Clone, Default)]
struct Undefined {
    mean: Mean,
    undefined: u64,
}

impl Means {
    /// Adds an image.
    pub(super) fn push(&mut self, choice: &Choice, image: &Scores) {
        self.images += 1;
        let overall = room(&mut self.overall, image.overall.len()).iter_mut().zip(&image.overall);
        overall.for_each(|(mean, (_, value))| mean.push((*value).into()));
        let metrics = room(&mut self.classes, choice.class_metrics.len());
        metrics.iter_mut().zip(&choice.class_metrics).for_each(|(all, metric)| {
            all.push(choice, *metric, &image.classes);
        });
        let shapes = room(&mut self.shapes, image.shapes.len()).iter_mut().zip(&image.shapes);
        for (all, scores) in shapes {
            room(all, scores.len()).iter_mut().zip(scores).for_each(|(mean, score)| mean.push(*score));
        }
        let places = image.shapes.iter().map(Vec::len).max().unwrap_or(0);
        for (place, all) in room(&mut self.shape, places).iter_mut().enumerate() {
            all.push(image.shapes.iter().filter_map(|class| class.get(place)).copied());
        }
        let segments = room(&mut self.segments, image.segments.len()).iter_mut().zip(&image.segments);
        segments.for_each(|(all, more)| all.merge(more));
        let road = room(&mut self.road, image.road.len()).iter_mut().zip(&image.road);
        road.for_each(|(all, score)| all.push(*score));
    }

    /// Adds other images.
    pub(super) fn merge(&mut self, other: &Self) {
        self.images += other.images;
        merge(&mut self.overall, &other.overall, Mean::merge);
        merge(&mut self.classes, &other.classes, OfClasses::merge);
        merge(&mut self.shapes, &other.shapes, |all, more| merge(all, more, Mean::merge));
        merge(&mut self.shape, &other.shape, ImageMean::merge);
        merge(&mut self.segments, &other.segments, Segments::merge);
        merge(&mut self.road, &other.road, Undefined::merge);
    }

    /// Mean over the images where it is defined of each overall metric, and how many images were left out.
    pub(super) fn overall(&self) -> impl Iterator<Item = (Option<f64>, u64)> {
        self.overall.iter().map(|mean| (mean.value(), mean.undefined()))
    }

    /// Every metric of classes in every averaging; `pooled` are the counts of all images.
    pub(super) fn averages(&self, choice: &Choice, pooled: &[ClassReport]) -> Vec<Averages> {
        let metrics = choice.class_metrics.iter().zip(&self.classes);
        metrics.map(|(metric, of)| of.averages(choice, *metric, pooled)).collect()
    }

    /// The means of the metrics of shape of every class; those of segments, of the segments of all images.
    pub(super) fn shapes(&self, keys: &[&str], pooled: &[ClassReport]) -> Vec<Vec<Score>> {
        let mean = |mean: &Mean| Score::from(mean.value().filter(|_| !mean.saturated()));
        let mut shapes: Vec<Vec<Score>> =
            self.shapes.iter().map(|class| class.iter().map(mean).collect()).collect();
        for ((segments, shapes), counts) in self.segments.iter().zip(&mut shapes).zip(pooled) {
            for (key, value) in segment::values(segments, *counts) {
                let slot = keys.iter().position(|known| *known == key);
                slot.and_then(|place| shapes.get_mut(place)).into_iter().for_each(|slot| *slot = value);
            }
        }
        shapes
    }

    /// The mean of each metric of shape, and how often it had no value; `shapes` are those of all images.
    pub(super) fn shape(&self, keys: &[&'static str], shapes: &[Vec<Score>]) -> Vec<(Named, u64)> {
        let of = |(place, key): (usize, &&'static str)| {
            let mut all = self.shape.get(place).copied().unwrap_or_default();
            if segment::is_pooled(key) {
                all = ImageMean::default();
                all.push(shapes.iter().filter_map(|class| class.get(place)).copied());
            }
            ((*key, all.value()), all.undefined())
        };
        keys.iter().enumerate().map(of).collect()
    }

    /// The same of the road.
    pub(super) fn road(&self) -> impl Iterator<Item = (Option<f64>, u64)> {
        self.road.iter().map(|of| (of.mean.value().filter(|_| !of.mean.saturated()), of.undefined))
    }
}

impl OfClasses {
    fn push(&mut self, choice: &Choice, (name, metric): (&str, ClassMetric), image: &[ClassReport]) {
        let mut mean = Mean::default();
        let sums = room(&mut self.of_class, image.len());
        for ((id, class), sum) in image.iter().enumerate().zip(sums) {
            let score = choice.score(name, metric, id, *class);
            mean.push(score);
            sum.push(score);
            self.per_pair.push(score);
        }
        self.per_image.push(mean.value().into());
    }

    fn merge(&mut self, other: &Self) {
        self.per_image.merge(&other.per_image);
        self.per_pair.merge(&other.per_pair);
        merge(&mut self.of_class, &other.of_class, Mean::merge);
    }

    fn averages(
        &self,
        choice: &Choice,
        (name, metric): (&'static str, ClassMetric),
        pooled: &[ClassReport],
    ) -> Averages {
        let mut all = Mean::default();
        pooled.iter().enumerate().for_each(|(id, class)| all.push(choice.score(name, metric, id, *class)));
        Averages {
            name,
            pooled: all.value(),
            per_image: self.per_image.value(),
            per_class: mean_of(self.of_class.iter().map(|class| class.value().into())),
            per_pair: self.per_pair.value(),
            undefined: self.per_pair.undefined(),
            preset: choice.overlap_preset(name),
        }
    }
}

impl Undefined {
    fn push(&mut self, score: Score) {
        self.mean.push(score);
        self.undefined += u64::from(is_undefined(&score));
    }

    fn merge(&mut self, other: &Self) {
        self.mean.merge(&other.mean);
        self.undefined += other.undefined;
    }
}

/// At least so many sums.
fn room<T: Clone + Default>(sums: &mut Vec<T>, count: usize) -> &mut [T] {
    sums.resize(sums.len().max(count), T::default());
    sums
}

/// Adds sums to those at their places.
fn merge<T: Clone + Default>(all: &mut Vec<T>, more: &[T], add: impl Fn(&mut T, &T)) {
    room(all, more.len()).iter_mut().zip(more).for_each(|(all, more)| add(all, more));
}
