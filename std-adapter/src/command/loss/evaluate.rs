//! One loss on all images.

use std::path::Path;

use segmeter::Engine;
use segmeter::catalogue::ChosenLoss;
use segmeter::core::loss::Evaluation;
use segmeter::files::Elements;

use super::Failure;
use super::batch::{Batch, Mode};
use super::sample::Sample;
use crate::report;

/// The answer.
pub(super) struct Answer {
    pub(super) value: Option<f64>,
    /// The loss of each class alone, or of each channel; none where a loss has no such parts.
    pub(super) per_class: Option<Vec<Option<f64>>>,
    /// Images that gave no value; channels of images if those are images of their own.
    pub(super) undefined: usize,
    pub(super) pixels: u64,
    pub(super) ignored: u64,
    pub(super) gradient: Vec<f32>,
}

/// What is evaluated, by whom.
pub(super) struct Work<'a> {
    pub(super) loss: &'a ChosenLoss,
    /// What the loss is multiplied by.
    pub(super) scale: f32,
    /// Whether the loss is a mean of losses of classes.
    pub(super) has_classes: bool,
    /// Whether the loss looks at the place of pixels.
    pub(super) is_placed: bool,
    pub(super) engine: &'a Engine,
    pub(super) batch: &'a Batch,
    pub(super) class_weights: Option<&'a [f32]>,
    /// The file of the logits, for messages.
    pub(super) path: &'a Path,
}

impl Work<'_> {
    /// The mean loss of the images where it is defined, and its gradient.
    pub(super) fn evaluate(&self, with_gradient: bool) -> Result<Answer, Failure> {
        let samples = &self.batch.samples;
        let mut gradient = Vec::new();
        if with_gradient {
            gradient.resize(samples.iter().map(|sample| sample.scores.len()).sum(), 0.0);
        }
        // With one sample, value and gradient share a pass; with more, the gradient must know how many are defined.
        let at_once = with_gradient && samples.len() == 1;
        let parts = if self.has_parts() { self.batch.channels } else { 0 };
        let bar = report::progress(samples.len());
        let (mut found, mut classes) = (Vec::with_capacity(samples.len()), Vec::with_capacity(samples.len()));
        for sample in samples {
            let mut own = vec![Evaluation::UNDEFINED; parts];
            // The value and those of the classes share a pass too.
            let with_classes = if parts != 0 { Some(self.classes(sample, &mut own)?) } else { None };
            found.push(match with_classes {
                Some(one) if !at_once => one,
                _ => self.one(sample, self.scale, at_once.then_some(gradient.as_mut_slice()))?,
            });
            classes.push(own);
            bar.inc(1);
        }
        let (value, shares) = self.mean(&found);
        if with_gradient && !at_once {
            let mut rest = gradient.as_mut_slice();
            for (sample, share) in samples.iter().zip(&shares) {
                let part;
                (part, rest) = rest.split_at_mut(sample.scores.len());
                if *share > 0.0 {
                    let weight = (share * f64::from(self.scale)) as f32;
                    self.one(sample, weight, Some(part))?;
                }
            }
        }
        let per_class = self.per_class(&found, &classes);
        bar.finish_and_clear();
        let (pixels, ignored) = self.count();
        let undefined = found.iter().filter(|one| one.undefined).count();
        let gradient = if with_gradient { self.batch.arrange(gradient) } else { gradient };
        Ok(Answer { value, per_class, undefined, pixels, ignored, gradient })
    }

    /// The class weights that a frame knows of; those of channels weigh their mean.
    pub(super) fn frame_weights(&self) -> Option<&[f32]> {
        self.class_weights.filter(|_| self.batch.mode != Mode::Multilabel)
    }

    /// The mean over images of the mean over channels, where they are defined, and the share of every sample in it.
    fn mean(&self, found: &[Evaluation]) -> (Option<f64>, Vec<f64>) {
        let channel = |sample: &Sample| match (self.batch.mode, self.class_weights) {
            (Mode::Multilabel, Some(weights)) => {
                weights.get(sample.channel).map_or(0.0, |weight| f64::from(*weight))
            }
            _ => 1.0,
        };
        let samples = || self.batch.samples.iter().zip(found);
        let mut groups = vec![0.0; self.batch.images];
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
        ((defined > 0.0).then(|| f64::from(self.scale) * (sum / defined)), shares)
    }

    /// Whether each class has a loss of its own.
    fn has_parts(&self) -> bool {
        self.batch.mode == Mode::Multiclass && self.has_classes
    }

    /// The loss of each class with all others at weight 0, or of each channel; means over the samples.
    fn per_class(&self, found: &[Evaluation], classes: &[Vec<Evaluation>]) -> Option<Vec<Option<f64>>> {
        let Batch { samples, mode, channels, .. } = self.batch;
        let mean = |values: &mut dyn Iterator<Item = Evaluation>| {
            let values: Vec<f64> =
                values.filter(|one| !one.undefined).map(|one| f64::from(one.value)).collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            (!values.is_empty()).then_some(f64::from(self.scale) * mean)
        };
        let of = |channel| samples.iter().zip(found).filter(move |(sample, _)| sample.channel == channel);
        let of_channel = |channel| mean(&mut of(channel).map(|(_, one)| *one));
        let of_class = |class: usize| mean(&mut classes.iter().filter_map(|own| own.get(class).copied()));
        match mode {
            Mode::Multilabel => Some((0..*channels).map(of_channel).collect()),
            _ if self.has_parts() => Some((0..*channels).map(of_class).collect()),
            _ => None,
        }
    }

    /// Labelled and ignored pixels.
    fn count(&self) -> (u64, u64) {
        let ignore = self.batch.labels.ignore();
        let (mut labelled, mut ignored) = (0, 0);
        for sample in &self.batch.samples {
            if let Elements::U8(ids) = &sample.labels {
                let without = ids.iter().filter(|id| **id == ignore).count() as u64;
                ignored += without;
                labelled += ids.len() as u64 - without;
            } else {
                let unweighted = |weights: &Vec<f32>| weights.iter().filter(|weight| **weight <= 0.0).count();
                let without = sample.weights.as_ref().map_or(0, unweighted) as u64;
                ignored += without;
                labelled += sample.shape.pixels() as u64 - without;
            }
        }
        (labelled, ignored)
    }
}
