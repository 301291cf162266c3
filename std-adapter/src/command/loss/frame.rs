//! One loss on one sample.

use std::path::Path;

use segmeter::catalogue::{AnyFrame, ChosenLoss};
use segmeter::core;
use segmeter::core::loss::{Evaluation, Loss};
use segmeter::core::sketch::{GradientTable, SigmoidTable, Sketch};
use segmeter::core::view::{Code, Frame, Labels, Layout, MAX_CLASSES, Quantised, Weights};
use segmeter::files::{Elements, Order};

use super::Failure;
use super::batch::Mode;
use super::evaluate::Work;
use super::sample::Sample;

impl Work<'_> {
    /// Evaluates a sample, and adds `weight` times the gradient to `gradient`.
    pub(super) fn one(
        &self,
        sample: &Sample,
        weight: f32,
        gradient: Option<&mut [f32]>,
    ) -> Result<Evaluation, Failure> {
        let found = if self.batch.mode == Mode::Multiclass {
            self.multiclass(sample, |frame| {
                self.loss.evaluate(self.engine, &AnyFrame::Multiclass(frame), weight, gradient)
            })
        } else {
            self.binary(sample, weight, gradient)
        };
        self.checked(sample, found)
    }

    /// Evaluates a sample of several classes, and each of these alone, all others at weight 0.
    pub(super) fn classes(&self, sample: &Sample, values: &mut [Evaluation]) -> Result<Evaluation, Failure> {
        let whole = self.multiclass(sample, |frame| self.loss.evaluate_classes(self.engine, &frame, values));
        let whole = self.checked(sample, whole)?;
        values.iter().try_for_each(|value| self.checked(sample, Ok(*value)).map(drop))?;
        Ok(whole)
    }

    fn checked(&self, sample: &Sample, found: core::Result<Evaluation>) -> Result<Evaluation, Failure> {
        let (labels, expected) = (&self.batch.labels, format!("0 to {}", self.batch.channels.max(2) - 1));
        let evaluation = found.map_err(|error| match error {
            core::Error::ClassId { .. } | core::Error::Parameter("ignore") | core::Error::Share { .. } => {
                let binary = self.batch.mode != Mode::Multiclass;
                labels.explain(error, &sample.name, if binary { "0, 1" } else { &expected })
            }
            other => Failure::Input(format!("{}: {other}", self.path.display())),
        })?;
        if evaluation.value.is_finite() { Ok(evaluation) } else { Err(not_finite(self.path, sample)) }
    }

    fn multiclass(
        &self,
        sample: &Sample,
        evaluate: impl FnOnce(Frame<'_, MAX_CLASSES>) -> core::Result<Evaluation>,
    ) -> core::Result<Evaluation> {
        let layout = match self.batch.order {
            Order::Interleaved => Layout::Interleaved,
            _ => Layout::Planar,
        };
        let Elements::F32(scores) = &sample.scores else { return Err(core::Error::Parameter("scale")) };
        let (shape, classes, ignore) = (sample.shape, sample.channels, self.batch.labels.ignore());
        let frame = match &sample.labels {
            Elements::F32(shares) => Frame::multiclass_soft(shape, classes, layout, scores, shares)?,
            Elements::U8(ids) => Frame::multiclass(shape, classes, layout, scores, ids, ignore)?,
            _ => return Err(core::Error::Parameter("labels")),
        };
        evaluate(self.dressed(frame, sample)?)
    }

    /// 8-bit logits by their histogram, unless a pixel has more to it; the rest as a frame.
    fn binary(&self, sample: &Sample, weight: f32, gradient: Option<&mut [f32]>) -> core::Result<Evaluation> {
        let shape = sample.shape;
        let hard = match &sample.labels {
            Elements::U8(ids) => Some(Labels::new(shape, ids, self.batch.labels.ignore())?),
            _ => None,
        };
        let plain = self.frame_weights().is_none() && sample.weights.is_none() && !self.is_placed;
        let mut dequantised = Vec::new();
        let scores = match (&sample.scores, self.batch.quantiser) {
            (Elements::F32(scores), _) => scores,
            (Elements::I8(codes), Some(quantiser)) => {
                let frame = Quantised::new(shape, codes, quantiser)?;
                if let (true, Some(labels)) = (plain, &hard) {
                    return on_sketch(self.loss, &frame, labels, weight, gradient);
                }
                dequantised.resize(shape.pixels(), 0.0);
                frame.dequantise(&mut dequantised)?;
                &dequantised
            }
            (Elements::U8(codes), Some(quantiser)) => {
                let frame = Quantised::new(shape, codes, quantiser)?;
                if let (true, Some(labels)) = (plain, &hard) {
                    return on_sketch(self.loss, &frame, labels, weight, gradient);
                }
                dequantised.resize(shape.pixels(), 0.0);
                frame.dequantise(&mut dequantised)?;
                &dequantised
            }
            _ => return Err(core::Error::Parameter("scale")),
        };
        let frame = match (&sample.labels, hard) {
            (Elements::F32(shares), _) => Frame::soft(shape, scores, shares)?,
            (_, Some(labels)) => Frame::new(scores, labels)?,
            _ => return Err(core::Error::Parameter("labels")),
        };
        let frame = AnyFrame::Binary(self.dressed(frame, sample)?);
        self.loss.evaluate(self.engine, &frame, weight, gradient)
    }

    /// The frame with all that the command line says of it.
    fn dressed<'f, const C: usize>(
        &'f self,
        frame: Frame<'f, C>,
        sample: &'f Sample,
    ) -> core::Result<Frame<'f, C>> {
        let mut frame = frame.with_activation(self.batch.activation);
        if let Some(weights) = &sample.weights {
            frame = frame.with_weights(Weights::new(sample.shape, weights)?)?;
        }
        if let Some(weights) = self.frame_weights() {
            frame = frame.with_class_weights(weights)?;
        }
        Ok(frame)
    }
}

fn on_sketch<Q: Code>(
    loss: &ChosenLoss,
    frame: &Quantised<'_, Q>,
    labels: &Labels<'_>,
    weight: f32,
    gradient: Option<&mut [f32]>,
) -> core::Result<Evaluation> {
    let sketch = Sketch::of(frame, Some(labels))?;
    let table = SigmoidTable::new(frame.quantiser());
    let Some(gradient) = gradient else { return loss.accumulate_sketch(&sketch, &table, weight, None) };
    let mut slopes = GradientTable::default();
    let evaluation = loss.accumulate_sketch(&sketch, &table, weight, Some(&mut slopes))?;
    slopes.add_to(frame, labels, gradient)?;
    Ok(evaluation)
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
