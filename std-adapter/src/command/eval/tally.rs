//! Counting and measuring, image by image on several threads, and what the images come to.

use std::num::NonZero;

use segmeter::core::metric::{ClassReport, Score};
use segmeter::core::sketch::Sketch;

use super::Failure;
use super::choice::Choice;
use super::count::{Counter, Counts, Survey};
use super::each::each;
use super::mask::Places;
use super::matrix::Matrix;
use super::means::Means;
use super::overlap::{self, Averages, Named};
use super::predict::{IGNORED, Logits, Pair, Reader};
use super::scored::{self, Scored};
use super::scores::Scores;
use super::seen::Seen;
use super::segment::Segments;
use super::shape;
use super::softmax;
use crate::report;
use segmeter::scores::{Real, Sides};
use segmeter::shapes::ClassMask;

mod states;

pub(super) use states::{of_states, state};

/// The whole evaluation.
pub(super) struct Evaluated {
    pub(super) pooled: Scores,
    pub(super) matrix: Matrix,
    /// How many images there are.
    pub(super) count: usize,
    /// Of each, if they are reported one by one.
    pub(super) images: Vec<Scores>,
    /// The mean over the images of each overall metric where it is defined, and how many images were left out.
    pub(super) per_image_mean: Vec<(Named, u64)>,
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

/// What a thread adds up. Integers, and logits that are sorted: in which order does not matter.
struct Sums {
    counter: Counter,
    matrix: Matrix,
    means: Means,
    sketch: Option<Sketch<u64>>,
    /// Of background and foreground, or of wrong and right predictions.
    logits: Sides,
    /// The same of every class against the rest, if asked for.
    classes: Vec<Sides>,
    /// Whether logits are `f64`.
    is_exact: bool,
    seen: Seen,
}

impl Sums {
    fn new(choice: &Choice, classes: usize) -> Self {
        Self::with(choice, classes, Counter::new())
    }

    fn with(choice: &Choice, classes: usize, counter: Counter) -> Self {
        Self {
            counter,
            means: Means::default(),
            matrix: Matrix::new(classes, &choice.ignored),
            sketch: choice.outputs.quantiser.map(|quantiser| Sketch::new(&quantiser)),
            logits: Sides::new(choice.outputs.is_exact),
            classes: Vec::new(),
            is_exact: choice.outputs.is_exact,
            seen: Seen::default(),
        }
    }

    fn merge(&mut self, other: &mut Self) -> segmeter::core::Result<()> {
        self.matrix.merge(&other.matrix);
        self.means.merge(&other.means);
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

    /// Adds the counts of an image, and says what they come to. `None` if a label is no class.
    fn count(&mut self, choice: &Choice, (image, name): (usize, String), counts: &Counts) -> Option<Scores> {
        let mut matrix = Matrix::new(self.matrix.classes(), &choice.ignored);
        matrix.push(counts)?;
        self.matrix.merge(&matrix);
        self.seen.add_ids(image, counts, &matrix);
        Some(counted(choice, name, &matrix))
    }

    fn add(&mut self, pair: &Pair) -> segmeter::core::Result<()> {
        if let (Some(all), Some(one)) = (&mut self.sketch, &pair.sketch) {
            all.merge(one)?;
        }
        let labels = pair.labels.each();
        match &pair.logits {
            Logits::F32(logits) => self.logits.extend(softmax::of_class(1, logits, &labels)),
            Logits::F64(logits) => self.logits.extend(softmax::of_class(1, logits, &labels)),
        }
        Ok(())
    }

    /// Adds an image of logits of classes; what its order matters for is the result.
    fn add_classes(&mut self, choice: &Choice, pair: &Pair, threads: NonZero<usize>) -> softmax::Sums {
        match &pair.logits {
            Logits::F32(logits) => self.add_logits(choice, pair, logits, threads),
            Logits::F64(logits) => self.add_logits(choice, pair, logits, threads),
        }
    }

    fn add_logits<T: Real + Send + Sync>(
        &mut self,
        choice: &Choice,
        pair: &Pair,
        logits: &[T],
        threads: NonZero<usize>,
    ) -> softmax::Sums {
        let labels = pair.labels.each();
        let pixels = labels.len().max(1);
        let planes = softmax::planes(choice, labels.len(), logits, threads);
        self.logits.extend(softmax::of_top(&planes, &pair.prediction.each(), &labels));
        if choice.needs_curves_of_classes() {
            self.make_room(planes.len() / pixels);
            for ((class, plane), sides) in (0..).zip(planes.chunks(pixels)).zip(&mut self.classes) {
                sides.extend(softmax::of_class(class, plane, &labels));
            }
        }
        softmax::Sums::of(choice, &planes, &labels, threads)
    }
}

/// Counts and measures all images, of which a survey may know the counts.
pub(super) fn tally(
    reader: &Reader,
    choice: &Choice,
    classes: usize,
    survey: Option<&Survey>,
    threads: NonZero<usize>,
) -> Result<Evaluated, Failure> {
    let bar = report::progress(reader.len());
    // Where there are fewer images than threads, several measure the classes of one.
    let of_image = threads.get().div_ceil(reader.len().max(1));
    let of_image = NonZero::new(of_image).unwrap_or(NonZero::<usize>::MIN);
    let in_file = |e| Failure::Input(format!("{}: {e}", reader.path().display()));
    let work = |sums: &mut Sums, image: usize| {
        let counts = survey.and_then(|survey| survey.counts(image));
        let known = counts.and_then(|counts| sums.count(choice, (image, reader.name(image)), counts));
        let scores =
            known.map_or_else(|| one(reader, choice, sums, image, of_image).map(|(scores, _)| scores), Ok)?;
        sums.means.push(choice, &scores);
        bar.inc(1);
        Ok::<_, Failure>(choice.keeps_images.then(|| Box::new(scores)))
    };
    let start = || Sums::new(choice, classes);
    let (sums, images) = each(threads, reader.len(), start, work)?;
    bar.finish_and_clear();
    let mut all = start();
    for mut sums in sums {
        all.merge(&mut sums).map_err(in_file)?;
    }
    Ok(finish(choice, all, images.into_iter().flatten().map(|image| *image).collect(), threads))
}

/// What an evaluation has numbers of, before anything is read: all of them are undefined.
pub(super) fn blank(choice: &Choice, classes: usize) -> Result<Evaluated, Failure> {
    let mut all = Sums::new(choice, classes);
    let mut scores = counted(choice, String::new(), &all.matrix);
    let nothing = ClassMask::nothing()?;
    let slots = scores.shapes.iter_mut().zip(&mut scores.segments).enumerate().skip(choice.first);
    for (_, (shapes, segments)) in slots.filter(|(class, _)| !choice.ignored.contains(class)) {
        *shapes = shape::of_class(choice, &nothing, false, segments)?;
    }
    if classes == 2 {
        scores.road = shape::of_road(choice, &nothing)?;
    }
    all.means.push(choice, &scores);
    all.make_room(if choice.needs_curves_of_classes() { classes } else { 0 });
    Ok(finish(choice, all, Vec::new(), NonZero::<usize>::MIN))
}

/// What sums come to; `images` are those that are kept, in their order.
fn finish(choice: &Choice, mut all: Sums, images: Vec<Scores>, threads: NonZero<usize>) -> Evaluated {
    let means = std::mem::take(&mut all.means);
    let mut pooled = counted(choice, "all".to_owned(), &all.matrix);
    let (shape_keys, road_keys) = (shape::keys(choice), shape::road_keys(choice));
    pooled.shapes = means.shapes(&shape_keys, &pooled.classes);
    let named = |(key, (mean, undefined)): (&'static str, (Option<f64>, u64))| ((key, mean), undefined);
    let names = pooled.overall.iter().map(|(name, _)| *name);
    let road: Vec<_> = road_keys.iter().copied().zip(means.road()).map(named).collect();
    pooled.road = road.iter().map(|((_, mean), _)| Score::from(*mean)).collect();
    Evaluated {
        averages: means.averages(choice, &pooled.classes),
        categories: overlap::categories(choice, &all.matrix.view()),
        matrix: all.matrix.clone(),
        seen: std::mem::take(&mut all.seen),
        scored: scores(choice, all, &images, threads),
        count: means.images,
        per_image_mean: names.zip(means.overall()).map(named).collect(),
        shape: means.shape(&shape_keys, &pooled.shapes),
        pooled,
        images,
        shape_keys,
        road_keys,
        road,
    }
}

/// Counts and measures an image.
fn one(
    reader: &Reader,
    choice: &Choice,
    sums: &mut Sums,
    image: usize,
    threads: NonZero<usize>,
) -> Result<(Scores, Counts), Failure> {
    if is_counts(choice)
        && let Some(counts) = reader.counts(image, &mut sums.counter)
        && let Some(scores) = sums.count(choice, (image, reader.name(image)), &counts)
    {
        return Ok((scores, counts));
    }
    let pair = reader.pair(image)?;
    if let Some(ego) = choice.ego.filter(|ego| *ego >= pair.shape.width()) {
        let (file, last) = (reader.file(image).display(), pair.shape.width() - 1);
        return Err(Failure::Input(format!("{file}: found --ego {ego}, expected a column from 0 to {last}")));
    }
    let counts = sums.counter.image(&pair.prediction, &pair.labels);
    let Some(mut scores) = sums.count(choice, (image, pair.name.clone()), &counts) else {
        return Err(no_class(reader, image, &pair, sums.matrix.classes()));
    };
    sums.seen.add(&pair, choice);
    if choice.needs_scores() && choice.softmax {
        scores.softmax = sums.add_classes(choice, &pair, threads);
    } else if choice.needs_scores() {
        sums.add(&pair).map_err(|e| Failure::Input(format!("{}: {e}", reader.path().display())))?;
    }
    measure(choice, &pair, &mut scores, threads)
        .map_err(|e| Failure::Input(format!("{}: image {}: {e}", reader.path().display(), pair.name)))?;
    pair.give_back();
    Ok((scores, counts))
}

/// The refusal of the first label that is no class.
fn no_class(reader: &Reader, image: usize, pair: &Pair, classes: usize) -> Failure {
    let kind =
        if reader.is_binary() { " beside one score per pixel (class ids are files of uint8)" } else { "" };
    let expected = format!("0 to {}{kind}", classes - 1);
    let labels = pair.labels.each();
    let is_strange = |id: &u16| usize::from(*id) >= classes && *id != IGNORED;
    let (pixel, id) = labels.iter().copied().enumerate().find(|(_, id)| is_strange(id)).unwrap_or_default();
    reader.labels().no_class(reader.label_file(image), id, pixel, &pair.name, &expected)
}

/// Whether counts are all that is wanted of masks of class ids.
pub(super) fn is_counts(choice: &Choice) -> bool {
    shape::keys(choice).is_empty() && shape::road_keys(choice).is_empty() && choice.ego.is_none()
}

fn scores(choice: &Choice, all: Sums, images: &[Scores], threads: NonZero<usize>) -> Option<Scored> {
    match &all.sketch {
        _ if choice.softmax => {
            let mut sums = softmax::Sums::default();
            images.iter().for_each(|image| sums.merge(&image.softmax));
            Some(softmax::scored(choice, &all.logits.levels(choice.scale), &sums, all.classes, threads))
        }
        _ if !choice.outputs.is_binary => None,
        Some(sketch) => Some(scored::of_sketch(choice, sketch, choice.outputs.table().as_ref())),
        None => Some(scored::of_levels(choice, &all.logits.levels(choice.scale))),
    }
}

fn counted(choice: &Choice, name: String, matrix: &Matrix) -> Scores {
    let view = matrix.view();
    let classes: Vec<ClassReport> = view.each().collect();
    let overall = overlap::of_matrix(choice, matrix, &classes);
    Scores {
        name,
        pixels: view.pixels(),
        ignored: matrix.ignored,
        overall: overall.into_iter().filter(|(key, _)| choice.wants(key)).collect(),
        shapes: vec![Vec::new(); classes.len()],
        segments: vec![Segments::default(); classes.len()],
        classes,
        softmax: softmax::Sums::default(),
        road: Vec::new(),
    }
}

/// Measures the shapes of an image that has been counted, its classes on several threads.
fn measure(
    choice: &Choice,
    pair: &Pair,
    scores: &mut Scores,
    threads: NonZero<usize>,
) -> segmeter::core::Result<()> {
    let has_shapes = !shape::keys(choice).is_empty();
    let has_road = scores.classes.len() == 2 && !shape::road_keys(choice).is_empty();
    if !has_shapes && !has_road {
        return Ok(());
    }
    let places = Places::new(pair, scores.classes.len());
    if has_shapes {
        let measured: Vec<usize> =
            (choice.first..scores.classes.len()).filter(|class| !choice.ignored.contains(class)).collect();
        let reports = &scores.classes;
        let work = |(): &mut (), place: usize| {
            let class = measured[place];
            let is_there = reports[class].positives() != 0 || reports[class].predicted() != 0;
            let mask = if is_there { places.class(class) } else { ClassMask::nothing()? };
            let mut segments = Segments::default();
            Ok((class, shape::of_class(choice, &mask, is_there, &mut segments)?, segments))
        };
        let (_, found) = each(threads, measured.len(), || (), work)?;
        for (class, shapes, segments) in found {
            (scores.shapes[class], scores.segments[class]) = (shapes, segments);
        }
    }
    if has_road {
        scores.road = shape::of_road(choice, &places.class(1))?;
    }
    Ok(())
}
