//! One loss on one sample.

use segmeter_core::loss::{Evaluation, Loss};
use segmeter_core::sketch::{GradientTable, SigmoidTable, Sketch};
use segmeter_core::view::{Code, Frame, Labels, MAX_CLASSES, Quantised, Weights};
use segmeter_core::{Error, Result};

use super::{Inputs, Sample, Scores, Truth, Work};
use crate::catalogue::{AnyFrame, ChosenLoss};

/// A value that is finite, or why there is none; see [`super::Refusal`].
type Checked = std::result::Result<Evaluation, Option<Error>>;

impl Work<'_> {
    /// Evaluates a sample, and adds `weight` times the gradient to `gradient`.
    pub(super) fn one(&self, sample: &Sample<'_>, weight: f32, gradient: Option<&mut [f32]>) -> Checked {
        checked(if self.batch.inputs == Inputs::Multiclass {
            self.multiclass(sample, |frame| {
                self.loss.evaluate(self.engine, &AnyFrame::Multiclass(frame), weight, gradient)
            })
        } else {
            self.binary(sample, weight, gradient)
        })
    }

    /// Evaluates a sample of several classes, and each of these alone, all others at weight 0.
    pub(super) fn classes(&self, sample: &Sample<'_>, values: &mut [Evaluation]) -> Checked {
        let whole = self.multiclass(sample, |frame| self.loss.evaluate_classes(self.engine, &frame, values));
        let whole = checked(whole)?;
        values.iter().try_for_each(|value| checked(Ok(*value)).map(drop))?;
        Ok(whole)
    }

    fn multiclass(
        &self,
        sample: &Sample<'_>,
        evaluate: impl FnOnce(Frame<'_, MAX_CLASSES>) -> Result<Evaluation>,
    ) -> Result<Evaluation> {
        // Codes of several classes come as what they stand for.
        let Scores::F32(scores) = sample.scores else { return Err(Error::Parameter("scale")) };
        let (shape, classes, layout) = (sample.shape, sample.channels, self.batch.layout);
        let frame = match sample.labels {
            Truth::Shares(shares) => Frame::multiclass_soft(shape, classes, layout, scores, shares)?,
            Truth::Ids(ids) => Frame::multiclass(shape, classes, layout, scores, ids, self.batch.ignore)?,
        };
        evaluate(self.dressed(frame, sample)?)
    }

    /// 8-bit logits by their histogram, unless a pixel has more to it; the rest as a frame.
    fn binary(&self, sample: &Sample<'_>, weight: f32, gradient: Option<&mut [f32]>) -> Result<Evaluation> {
        match sample.scores {
            Scores::F32(scores) => self.floats(sample, scores, weight, gradient),
            Scores::I8(codes) => self.codes(sample, codes, weight, gradient),
            Scores::U8(codes) => self.codes(sample, codes, weight, gradient),
        }
    }

    fn codes<Q: Code>(
        &self,
        sample: &Sample<'_>,
        codes: &[Q],
        weight: f32,
        gradient: Option<&mut [f32]>,
    ) -> Result<Evaluation> {
        let quantiser = self.batch.quantiser.ok_or(Error::Parameter("scale"))?;
        let frame = Quantised::new(sample.shape, codes, quantiser)?;
        let plain = self.frame_weights().is_none() && sample.weights.is_none() && !self.is_placed;
        if let (true, Truth::Ids(ids)) = (plain, sample.labels) {
            let labels = Labels::new(sample.shape, ids, self.batch.ignore)?;
            return on_sketch(self.loss, &frame, &labels, weight, gradient);
        }
        let mut scores = vec![0.0; sample.shape.pixels()];
        frame.dequantise(&mut scores)?;
        self.floats(sample, &scores, weight, gradient)
    }

    fn floats(
        &self,
        sample: &Sample<'_>,
        scores: &[f32],
        weight: f32,
        gradient: Option<&mut [f32]>,
    ) -> Result<Evaluation> {
        let frame = match sample.labels {
            Truth::Shares(shares) => Frame::soft(sample.shape, scores, shares)?,
            Truth::Ids(ids) => Frame::new(scores, Labels::new(sample.shape, ids, self.batch.ignore)?)?,
        };
        let frame = AnyFrame::Binary(self.dressed(frame, sample)?);
        self.loss.evaluate(self.engine, &frame, weight, gradient)
    }

    /// The class weights that a frame knows of; those of channels weigh their mean.
    fn frame_weights(&self) -> Option<&[f32]> {
        self.batch.class_weights.filter(|_| self.batch.inputs != Inputs::Multilabel)
    }

    /// The frame with all else that is said of it.
    fn dressed<'f, const C: usize>(
        &'f self,
        frame: Frame<'f, C>,
        sample: &Sample<'f>,
    ) -> Result<Frame<'f, C>> {
        let mut frame = frame.with_activation(self.batch.activation);
        if let Some(weights) = sample.weights {
            frame = frame.with_weights(Weights::new(sample.shape, weights)?)?;
        }
        if let Some(weights) = self.frame_weights() {
            frame = frame.with_class_weights(weights)?;
        }
        Ok(frame)
    }
}

fn checked(found: Result<Evaluation>) -> Checked {
    let evaluation = found.map_err(Some)?;
    if evaluation.value.is_finite() { Ok(evaluation) } else { Err(None) }
}

fn on_sketch<Q: Code>(
    loss: &ChosenLoss,
    frame: &Quantised<'_, Q>,
    labels: &Labels<'_>,
    weight: f32,
    gradient: Option<&mut [f32]>,
) -> Result<Evaluation> {
    let sketch = Sketch::of(frame, Some(labels))?;
    let table = SigmoidTable::new(frame.quantiser());
    let Some(gradient) = gradient else { return loss.accumulate_sketch(&sketch, &table, weight, None) };
    let mut slopes = GradientTable::default();
    let evaluation = loss.accumulate_sketch(&sketch, &table, weight, Some(&mut slopes))?;
    slopes.add_to(frame, labels, gradient)?;
    Ok(evaluation)
}
