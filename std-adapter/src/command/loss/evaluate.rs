//! One loss on all images, and what is said where there is none.

use std::path::Path;

use segmeter::catalogue::ChosenLoss;
use segmeter::catalogue::batch::{self, Answer, Inputs, Refusal, Scores, Truth};
use segmeter::core::Error;
use segmeter::core::view::Layout;
use segmeter::files::{Elements, Order};
use segmeter::{Engine, core};

use super::Failure;
use super::batch::Batch;
use super::sample::Sample;
use crate::report;

/// What is evaluated, by whom.
pub(super) struct Work<'a> {
    pub(super) loss: &'a ChosenLoss,
    /// What the loss is multiplied by.
    pub(super) scale: f32,
    /// Whether the loss is a mean of losses of classes.
    pub(super) has_classes: bool,
    pub(super) engine: &'a Engine,
    pub(super) batch: &'a Batch,
    pub(super) class_weights: Option<&'a [f32]>,
    /// The file of the logits, for messages.
    pub(super) path: &'a Path,
}

impl Work<'_> {
    /// The mean loss of the images where it is defined, and its gradient, empty unless asked for.
    pub(super) fn evaluate(&self, with_gradient: bool) -> Result<(Answer, Vec<f32>), Failure> {
        let Batch { images, channels, mode: inputs, is_stacked, quantiser, activation, .. } = *self.batch;
        let samples = self.batch.samples.iter().map(Sample::view).collect::<core::Result<Vec<_>>>()?;
        let batch = batch::Batch {
            samples: &samples,
            images,
            channels,
            inputs,
            layout: if self.batch.order == Order::Interleaved { Layout::Interleaved } else { Layout::Planar },
            is_stacked,
            quantiser,
            activation,
            ignore: self.batch.labels.ignore(),
            class_weights: self.class_weights,
        };
        let mut gradient = Vec::new();
        if with_gradient {
            gradient.resize(samples.iter().map(|sample| sample.scores.count()).sum(), 0.0);
        }
        let bar = report::progress(samples.len());
        let slopes = with_gradient.then_some(gradient.as_mut_slice());
        let loss = (self.loss, self.scale);
        let answer = batch.evaluate(loss, self.engine, self.has_classes, slopes, &mut || bar.inc(1));
        bar.finish_and_clear();
        let answer = answer.map_err(|refusal| self.refused(refusal))?;
        Ok((answer, if with_gradient { batch.arrange(gradient) } else { gradient }))
    }

    fn refused(&self, Refusal { sample, error }: Refusal) -> Failure {
        let Some(sample) = self.batch.samples.get(sample) else {
            return Failure::Input(self.path.display().to_string());
        };
        let (labels, expected) = (&self.batch.labels, format!("0 to {}", self.batch.channels.max(2) - 1));
        match error {
            None => not_finite(self.path, sample),
            Some(error @ (Error::ClassId { .. } | Error::Parameter("ignore") | Error::Share { .. })) => {
                let binary = self.batch.mode != Inputs::Multiclass;
                labels.explain(error, &sample.name, if binary { "0, 1" } else { &expected })
            }
            Some(other) => Failure::Input(format!("{}: {other}", self.path.display())),
        }
    }
}

impl Sample {
    /// The same, as losses take it.
    fn view(&self) -> core::Result<batch::Sample<'_>> {
        let scores = match &self.scores {
            Elements::F32(scores) => Scores::F32(scores),
            Elements::I8(codes) => Scores::I8(codes),
            Elements::U8(codes) => Scores::U8(codes),
            Elements::F64(_) | Elements::U16(_) => return Err(Error::Parameter("scale")),
        };
        let labels = match &self.labels {
            Elements::F32(shares) => Truth::Shares(shares),
            Elements::U8(ids) => Truth::Ids(ids),
            _ => return Err(Error::Parameter("labels")),
        };
        let Self { group, channel, shape, channels, .. } = *self;
        Ok(batch::Sample {
            group,
            channel,
            shape,
            channels,
            scores,
            labels,
            weights: self.weights.as_deref(),
        })
    }
}

fn not_finite(logits: &Path, sample: &Sample) -> Failure {
    let path = logits.display();
    let culprit = match &sample.scores {
        Elements::F32(values) => values.iter().enumerate().find(|(_, logit)| !logit.is_finite()),
        _ => None,
    };
    Failure::Input(culprit.map_or_else(
        || {
            format!(
                "{path}: the loss is not finite on image {}, though every logit is: a class may be missed \
                 completely, which --set smooth=1 allows where there is such a parameter, or logits, weights or \
                 parameters are beyond what a sum of f32 holds: scale them down",
                sample.name
            )
        },
        |(place, logit)| {
            let pixel = if sample.channels == 1 { "pixel" } else { "place" };
            format!(
                "{path}: found {logit} at {pixel} {place} of image {}, expected finite logits: the loss is not \
                 finite",
                sample.name
            )
        },
    ))
}
