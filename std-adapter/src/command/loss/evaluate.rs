//! One loss on all images.

use std::path::Path;

use segmeter::core::loss::{Evaluation, Loss};
use segmeter::core::sketch::{GradientTable, SigmoidTable, Sketch};
use segmeter::core::view::{Code, Frame, Labels, Quantised, Quantiser, Weights};
use segmeter::files::Elements;
use segmeter::{Engine, core};

use super::Failure;
use super::batch::{Batch, Sample};
use crate::command::formula::AnyLoss;
use crate::report;

/// The answer.
pub(super) struct Answer {
    pub(super) value: Option<f64>,
    pub(super) undefined: usize,
    pub(super) pixels: u64,
    pub(super) ignored: u64,
    pub(super) foreground: u64,
    pub(super) gradient: Vec<f32>,
}

/// What is evaluated, by whom.
pub(super) struct Work<'a> {
    pub(super) loss: &'a AnyLoss,
    pub(super) engine: &'a Engine,
    pub(super) batch: &'a Batch,
    /// The file of the logits, for messages.
    pub(super) path: &'a Path,
}

impl Work<'_> {
    /// The mean loss of the images where it is defined, and its gradient.
    pub(super) fn evaluate(&self, with_gradient: bool) -> Result<Answer, Failure> {
        let samples = &self.batch.samples;
        let mut answer =
            Answer { value: None, undefined: 0, pixels: 0, ignored: 0, foreground: 0, gradient: Vec::new() };
        if with_gradient {
            answer.gradient = vec![0.0; samples.iter().map(|sample| sample.shape.pixels()).sum()];
        }
        // With one image, value and gradient share a pass; with more, the gradient must know how many are defined.
        let at_once = with_gradient && samples.len() == 1;
        let bar = report::progress(samples.len());
        let mut sum = 0.0;
        for sample in samples {
            let gradient = if at_once { Some(answer.gradient.as_mut_slice()) } else { None };
            let (labels, evaluation) = self.one(sample, 1.0, gradient)?;
            let valid = u64::from(labels.valid());
            answer.pixels += valid;
            answer.ignored += sample.labels.len() as u64 - valid;
            answer.foreground += u64::from(labels.foreground());
            answer.undefined += usize::from(evaluation.undefined);
            sum += f64::from(evaluation.value);
            bar.inc(1);
        }
        let defined = samples.len() - answer.undefined;
        answer.value = (defined != 0).then(|| sum / defined as f64);
        if with_gradient && !at_once && defined != 0 {
            let mut rest = answer.gradient.as_mut_slice();
            for sample in samples {
                let part;
                (part, rest) = rest.split_at_mut(sample.shape.pixels());
                self.one(sample, 1.0 / defined as f32, Some(part))?;
            }
        }
        bar.finish_and_clear();
        Ok(answer)
    }

    fn one<'s>(
        &self,
        sample: &'s Sample,
        weight: f32,
        gradient: Option<&mut [f32]>,
    ) -> Result<(Labels<'s>, Evaluation), Failure> {
        let labels = Labels::new(sample.shape, &sample.labels, self.batch.labels.ignore())
            .map_err(|e| self.batch.labels.explain(e, &sample.name, "0, 1"))?;
        let Work { loss, engine, batch, path } = self;
        let evaluation = on_sample(loss, engine, sample, labels, batch.quantiser, weight, gradient)
            .map_err(|e| Failure::Input(format!("{}: {e}", path.display())))?;
        if evaluation.value.is_finite() { Ok((labels, evaluation)) } else { Err(not_finite(path, sample)) }
    }
}

/// 8-bit logits by their histogram, unless pixels have weights; the rest as a frame.
fn on_sample(
    loss: &AnyLoss,
    engine: &Engine,
    sample: &Sample,
    labels: Labels<'_>,
    quantiser: Option<Quantiser>,
    weight: f32,
    gradient: Option<&mut [f32]>,
) -> core::Result<Evaluation> {
    let (shape, weights) = (sample.shape, sample.weights.as_deref());
    let mut dequantised = Vec::new();
    let logits = match (&sample.elements, quantiser) {
        (Elements::I8(codes), Some(quantiser)) => {
            let frame = Quantised::new(shape, codes, quantiser)?;
            if weights.is_none() {
                return on_sketch(loss, &frame, &labels, weight, gradient);
            }
            dequantised.resize(shape.pixels(), 0.0);
            frame.dequantise(&mut dequantised)?;
            &dequantised
        }
        (Elements::U8(codes), Some(quantiser)) => {
            let frame = Quantised::new(shape, codes, quantiser)?;
            if weights.is_none() {
                return on_sketch(loss, &frame, &labels, weight, gradient);
            }
            dequantised.resize(shape.pixels(), 0.0);
            frame.dequantise(&mut dequantised)?;
            &dequantised
        }
        (Elements::F32(logits), _) => logits,
        _ => return Err(core::Error::Parameter("scale")),
    };
    let mut frame = Frame::new(logits, labels)?;
    if let Some(values) = weights {
        frame = frame.with_weights(Weights::new(shape, values)?)?;
    }
    let mut scratch = vec![0; loss.scratch_len(shape.pixels())];
    loss.accumulate(engine, &frame, weight, &mut scratch, gradient)
}

fn on_sketch<Q: Code>(
    loss: &AnyLoss,
    frame: &Quantised<'_, Q>,
    labels: &Labels<'_>,
    weight: f32,
    gradient: Option<&mut [f32]>,
) -> core::Result<Evaluation> {
    let sketch = Sketch::of(frame, Some(labels))?;
    let table = SigmoidTable::new(frame.quantiser());
    let Some(gradient) = gradient else { return Ok(loss.accumulate_sketch(&sketch, &table, weight, None)) };
    let mut slopes = GradientTable::default();
    let evaluation = loss.accumulate_sketch(&sketch, &table, weight, Some(&mut slopes));
    slopes.add_to(frame, labels, gradient)?;
    Ok(evaluation)
}

fn not_finite(logits: &Path, sample: &Sample) -> Failure {
    let path = logits.display();
    let Elements::F32(values) = &sample.elements else {
        return Failure::Input(format!("{path}: the loss is not finite"));
    };
    let culprit = values.iter().enumerate().find(|(_, logit)| !logit.is_finite());
    let found = culprit.map_or("found no infinite logit".to_owned(), |(pixel, logit)| {
        format!("found {logit} at pixel {pixel} of image {}", sample.name)
    });
    Failure::Input(format!("{path}: {found}, expected finite logits: the loss is not finite"))
}
