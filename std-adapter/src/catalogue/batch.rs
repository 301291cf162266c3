//! One loss on a batch of images: what `segmeter loss` and the Python package compute.

use segmeter_core::Error;
use segmeter_core::loss::Evaluation;
use segmeter_core::view::{Activation, Layout, Quantiser, Shape};

use super::{ChosenLoss, Reduction};
use crate::Engine;

mod frame;

/// What the channels of an image are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inputs {
    /// One score per pixel.
    Binary,
    /// One score per class and pixel.
    Multiclass,
    /// Every channel is a binary image with labels of its own.
    Multilabel,
}

impl Inputs {
    /// As the lists have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Multiclass => "multiclass",
            Self::Multilabel => "multilabel",
        }
    }
}

/// What a network gave.
#[derive(Clone, Copy, Debug)]
pub enum Scores<'a> {
    /// Floats.
    F32(&'a [f32]),
    /// Signed codes.
    I8(&'a [i8]),
    /// Unsigned codes.
    U8(&'a [u8]),
}

impl Scores<'_> {
    /// How many numbers.
    #[must_use]
    pub const fn count(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::I8(codes) => codes.len(),
            Self::U8(codes) => codes.len(),
        }
    }
}

/// What is true.
#[derive(Clone, Copy, Debug)]
pub enum Truth<'a> {
    /// The class of every pixel.
    Ids(&'a [u8]),
    /// The share of every class in every pixel, binary of the foreground.
    Shares(&'a [f32]),
}

/// What a loss is evaluated on: one image, one channel of it, or several images below each other.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// Which member of the mean over images it is, or belongs to.
    pub group: usize,
    /// Which channel it is, if channels are images of their own.
    pub channel: usize,
    /// Rows and columns.
    pub shape: Shape,
    /// Scores of a pixel.
    pub channels: usize,
    /// Theirs.
    pub scores: Scores<'a>,
    /// Labels of the same pixels.
    pub labels: Truth<'a>,
    /// Weight of each pixel.
    pub weights: Option<&'a [f32]>,
}

/// All samples, and what they have in common.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// Each of them.
    pub samples: &'a [Sample<'a>],
    /// How many images they were.
    pub images: usize,
    /// Scores of a pixel of an image.
    pub channels: usize,
    /// What the channels are.
    pub inputs: Inputs,
    /// Where the scores of a pixel stand in an image.
    pub layout: Layout,
    /// Whether several images have become one sample.
    pub is_stacked: bool,
    /// What codes stand for.
    pub quantiser: Option<Quantiser>,
    /// What the scores are.
    pub activation: Activation,
    /// The id of pixels that are not scored.
    pub ignore: u8,
    /// Weight of each class; binary: of background and foreground; multilabel: of each channel.
    pub class_weights: Option<&'a [f32]>,
}

/// The loss of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// `None` if no sample has one.
    pub value: Option<f64>,
    /// The loss of each class alone, or of each channel; none where a loss has no such parts.
    pub per_class: Option<Vec<Option<f64>>>,
    /// Samples that gave no value.
    pub undefined: usize,
    /// Labelled pixels.
    pub pixels: u64,
    /// Pixels that are not scored.
    pub ignored: u64,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Refusal {
    /// The sample.
    pub sample: usize,
    /// What core says of it; `None` if its loss is not finite.
    pub error: Option<Error>,
}

impl Reduction {
    /// What a batch is reduced by: as asked, else image by image for losses that look at the place of pixels, else as the
    /// preset has it.
    #[must_use]
    pub fn of(asked: Option<Self>, preset: Option<Self>, loss: &ChosenLoss) -> Self {
        asked.unwrap_or_else(
            || {
                if loss.looks_at_places() { Self::Image } else { preset.unwrap_or(Self::Batch) }
            },
        )
    }
}

/// Whether weights of classes are finite and not negative, one above 0.
#[must_use]
pub fn are_weights(weights: &[f32]) -> bool {
    weights.iter().all(|weight| *weight >= 0.0 && weight.is_finite())
        && weights.iter().any(|weight| *weight > 0.0)
}

/// A loss, and whatever else it is evaluated with.
pub(super) struct Work<'a> {
    batch: &'a Batch<'a>,
    loss: &'a ChosenLoss,
    is_placed: bool,
    engine: &'a Engine,
}

impl Batch<'_> {
    /// The mean loss of the images where it is defined, times `scale`; `gradient`, as long as all scores, is zeros and becomes
    /// the slope of that, in the order of the images, see [`Batch::arrange`]. `has_classes` asks for the losses of classes,
    /// which cost passes of their own. `seen` is called after every sample.
    ///
    /// # Errors
    /// The first sample that is refused.
    pub fn evaluate(
        &self,
        (loss, scale): (&ChosenLoss, f32),
        engine: &Engine,
        has_classes: bool,
        gradient: Option<&mut [f32]>,
        seen: &mut dyn FnMut(),
    ) -> Result<Answer, Refusal> {
        let has_parts = self.inputs == Inputs::Multiclass && has_classes;
        let work = Work { batch: self, loss, is_placed: loss.looks_at_places(), engine };
        // With one sample, value and gradient share a pass; with more, the gradient must know how many are defined.
        let (mut at_once, mut later) =
            if self.samples.len() == 1 { (gradient, None) } else { (None, gradient) };
        let parts = if has_parts { self.channels } else { 0 };
        let count = self.samples.len();
        let (mut found, mut classes) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for (place, sample) in self.samples.iter().enumerate() {
            let refused = |error| Refusal { sample: place, error };
            let mut own = vec![Evaluation::UNDEFINED; parts];
            // The value and those of the classes share a pass too.
            let with_classes =
                if parts != 0 { Some(work.classes(sample, &mut own).map_err(refused)?) } else { None };
            let one = match with_classes {
                Some(one) if at_once.is_none() => one,
                _ => work.one(sample, scale, at_once.take()).map_err(refused)?,
            };
            found.push(one);
            classes.push(own);
            seen();
        }
        let (value, shares) = self.mean(&found, scale);
        if let Some(mut rest) = later.take() {
            for (place, (sample, share)) in self.samples.iter().zip(&shares).enumerate() {
                let (part, more) = rest.split_at_mut(sample.scores.count());
                rest = more;
                if *share > 0.0 {
                    let weight = (share * f64::from(scale)) as f32;
                    let refused = |error| Refusal { sample: place, error };
                    work.one(sample, weight, Some(part)).map_err(refused)?;
                }
            }
        }
        let per_class = self.per_class(&found, &classes, scale, has_parts);
        let (pixels, ignored) = self.count();
        let undefined = found.iter().filter(|one| one.undefined).count();
        Ok(Answer { value, per_class, undefined, pixels, ignored })
    }

    /// A gradient in the order of the samples, of images of one shape, in the order of the images.
    #[must_use]
    pub fn arrange(&self, gradient: Vec<f32>) -> Vec<f32> {
        let (images, channels) = (self.images, self.channels);
        let pixels = gradient.len() / (images * channels);
        let is_planar = self.inputs == Inputs::Multilabel || self.layout == Layout::Planar;
        let gradient = if self.is_stacked && is_planar && channels > 1 {
            transposed(&gradient, channels, images, pixels)
        } else {
            gradient
        };
        if self.inputs == Inputs::Multilabel && self.layout == Layout::Interleaved {
            // Channels were taken apart.
            let images = gradient.chunks(channels * pixels);
            images.flat_map(|image| transposed(image, channels, pixels, 1)).collect()
        } else {
            gradient
        }
    }

    /// The mean over images of the mean over channels, where they are defined, and the share of every sample in it.
    fn mean(&self, found: &[Evaluation], scale: f32) -> (Option<f64>, Vec<f64>) {
        let channel = |sample: &Sample<'_>| match (self.inputs, self.class_weights) {
            (Inputs::Multilabel, Some(weights)) => {
                weights.get(sample.channel).map_or(0.0, |weight| f64::from(*weight))
            }
            _ => 1.0,
        };
        let samples = || self.samples.iter().zip(found);
        let mut groups = vec![0.0; self.images];
        for (sample, _) in samples().filter(|(_, one)| !one.undefined) {
            if let Some(group) = groups.get_mut(sample.group) {
                *group += channel(sample);
            }
        }
        let defined = groups.iter().filter(|weight| **weight > 0.0).count() as f64;
        let mut sums = vec![0.0; groups.len()];
        let mut shares = Vec::with_capacity(found.len());
        for (sample, one) in samples() {
            let group = groups.get(sample.group).copied().unwrap_or(0.0);
            let is_in = !one.undefined && group > 0.0;
            shares.push(if is_in { channel(sample) / (group * defined) } else { 0.0 });
            if let (true, Some(sum)) = (is_in, sums.get_mut(sample.group)) {
                *sum += channel(sample) * f64::from(one.value);
            }
        }
        let means = sums.iter().zip(&groups).filter(|(_, weight)| **weight > 0.0);
        let sum: f64 = means.map(|(sum, weight)| sum / weight).sum();
        ((defined > 0.0).then(|| f64::from(scale) * (sum / defined)), shares)
    }

    /// The loss of each class with all others at weight 0, or of each channel; means over the samples.
    fn per_class(
        &self,
        found: &[Evaluation],
        classes: &[Vec<Evaluation>],
        scale: f32,
        has_parts: bool,
    ) -> Option<Vec<Option<f64>>> {
        let mean = |values: &mut dyn Iterator<Item = Evaluation>| {
            let values: Vec<f64> =
                values.filter(|one| !one.undefined).map(|one| f64::from(one.value)).collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            (!values.is_empty()).then_some(f64::from(scale) * mean)
        };
        let of =
            |channel| self.samples.iter().zip(found).filter(move |(sample, _)| sample.channel == channel);
        let of_channel = |channel| mean(&mut of(channel).map(|(_, one)| *one));
        let of_class = |class: usize| mean(&mut classes.iter().filter_map(|own| own.get(class).copied()));
        match self.inputs {
            Inputs::Multilabel => Some((0..self.channels).map(of_channel).collect()),
            _ if has_parts => Some((0..self.channels).map(of_class).collect()),
            _ => None,
        }
    }

    /// Labelled and ignored pixels.
    fn count(&self) -> (u64, u64) {
        let (mut labelled, mut ignored) = (0, 0);
        for sample in self.samples {
            let without = match sample.labels {
                Truth::Ids(ids) => ids.iter().filter(|id| **id == self.ignore).count(),
                Truth::Shares(_) => sample
                    .weights
                    .map_or(0, |weights| weights.iter().filter(|weight| **weight <= 0.0).count()),
            };
            ignored += without as u64;
            labelled += (sample.shape.pixels() - without) as u64;
        }
        (labelled, ignored)
    }
}

/// What codes stand for: of several classes losses take that.
#[must_use]
pub fn dequantised(quantiser: &Quantiser, codes: impl Iterator<Item = u8>) -> Vec<f32> {
    let table: Vec<f32> = (0..=u8::MAX).map(|byte| quantiser.score(quantiser.index(byte))).collect();
    codes.map(|byte| table.get(usize::from(byte)).copied().unwrap_or(0.0)).collect()
}

/// The runs of `run` values of an array `(outer, inner, run)`, as `(inner, outer, run)`.
#[must_use]
pub fn transposed<T: Copy>(values: &[T], outer: usize, inner: usize, run: usize) -> Vec<T> {
    let places = (0..inner).flat_map(|i| (0..outer).map(move |o| (o * inner + i) * run));
    places.flat_map(|place| values.get(place..place + run).unwrap_or_default()).copied().collect()
}
