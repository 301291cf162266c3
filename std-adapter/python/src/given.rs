//! One loss on a batch of flat arrays, and what is said where there is none.

use std::borrow::Cow;

use pyo3::prelude::*;
use segmeter::Engine;
use segmeter::catalogue::batch::{
    Answer, Batch, Inputs, Refusal, Sample, Scores, Truth, dequantised, transposed,
};
use segmeter::catalogue::{ChosenLoss, Entry};
use segmeter::core::Error;
use segmeter::core::view::{Activation, Layout, Quantiser, Shape};

use crate::arguments::Axes;
use crate::refused;

/// All that a loss is evaluated on.
pub(crate) struct Given<'a> {
    pub(crate) axes: Axes,
    pub(crate) scores: Scores<'a>,
    pub(crate) labels: Truth<'a>,
    pub(crate) weights: Option<&'a [f32]>,
    pub(crate) quantiser: Option<Quantiser>,
    pub(crate) activation: Activation,
    pub(crate) ignore: u8,
    pub(crate) class_weights: Option<&'a [f32]>,
}

/// Numbers in the order of their samples: channels taken apart, planes of all images below each other.
fn arranged<T: Copy>(values: &[T], axes: Axes) -> Cow<'_, [T]> {
    let Axes { images, channels, shape, inputs, layout, is_stacked } = axes;
    let pixels = shape.pixels();
    let mut arranged = Cow::Borrowed(values);
    if inputs == Inputs::Multilabel && layout == Layout::Interleaved {
        let images = values.chunks(channels * pixels);
        arranged = images.flat_map(|image| transposed(image, pixels, channels, 1)).collect::<Vec<_>>().into();
    }
    let is_planar = inputs == Inputs::Multilabel || layout == Layout::Planar;
    if is_stacked && is_planar && channels > 1 {
        arranged = transposed(&arranged, images, channels, pixels).into();
    }
    arranged
}

impl Given<'_> {
    pub(crate) fn evaluate(
        &self,
        loss: &ChosenLoss,
        engine: &Engine,
        has_classes: bool,
        gradient: Option<&mut [f32]>,
    ) -> Result<Answer, Refusal> {
        let axes = self.axes;
        let of_core = |error| Refusal { sample: 0, error: Some(error) };
        let floats = match (self.scores, self.quantiser) {
            (Scores::I8(codes), Some(known)) if axes.inputs == Inputs::Multiclass => {
                Some(dequantised(&known, codes.iter().map(|code| code.cast_unsigned())))
            }
            (Scores::U8(codes), Some(known)) if axes.inputs == Inputs::Multiclass => {
                Some(dequantised(&known, codes.iter().copied()))
            }
            _ => None,
        };
        let (f32s, i8s, u8s);
        let scores = match (floats.as_deref().map_or(self.scores, Scores::F32), self.axes) {
            (Scores::F32(values), axes) => {
                f32s = arranged(values, axes);
                Scores::F32(&f32s)
            }
            (Scores::I8(codes), axes) => {
                i8s = arranged(codes, axes);
                Scores::I8(&i8s)
            }
            (Scores::U8(codes), axes) => {
                u8s = arranged(codes, axes);
                Scores::U8(&u8s)
            }
        };
        let (ids, shares);
        let labels = match self.labels {
            // One id a pixel, whatever the channels are.
            Truth::Ids(given) if axes.inputs != Inputs::Multilabel => Truth::Ids(given),
            Truth::Ids(given) => {
                ids = arranged(given, axes);
                Truth::Ids(&ids)
            }
            Truth::Shares(given) => {
                shares = arranged(given, axes);
                Truth::Shares(&shares)
            }
        };
        let samples = self.samples(scores, labels).map_err(of_core)?;
        let batch = Batch {
            samples: &samples,
            images: axes.images,
            channels: axes.channels,
            inputs: axes.inputs,
            layout: axes.layout,
            is_stacked: axes.is_stacked,
            quantiser: self.quantiser.filter(|_| floats.is_none()),
            activation: self.activation,
            ignore: self.ignore,
            class_weights: self.class_weights,
        };
        let Some(gradient) = gradient else {
            return batch.evaluate((loss, 1.0), engine, has_classes, None, &mut || ());
        };
        let is_moved = axes.channels > 1
            && (axes.is_stacked && axes.layout == Layout::Planar
                || axes.inputs == Inputs::Multilabel
                    && (axes.is_stacked || axes.layout == Layout::Interleaved));
        if !is_moved {
            return batch.evaluate((loss, 1.0), engine, has_classes, Some(gradient), &mut || ());
        }
        let mut own = vec![0.0; gradient.len()];
        let answer = batch.evaluate((loss, 1.0), engine, has_classes, Some(&mut own), &mut || ())?;
        gradient.copy_from_slice(&batch.arrange(own));
        Ok(answer)
    }

    /// Every image, every channel of it, or all as one.
    fn samples<'a>(
        &'a self,
        scores: Scores<'a>,
        labels: Truth<'a>,
    ) -> segmeter::core::Result<Vec<Sample<'a>>> {
        let Axes { images, channels, shape, inputs, is_stacked, .. } = self.axes;
        let is_split = inputs == Inputs::Multilabel;
        let (groups, height) =
            if is_stacked { (1, images * shape.height()) } else { (images, shape.height()) };
        let height = u32::try_from(height).map_err(|_| Error::Shape)?;
        let shape = Shape::new(height, shape.width() as u32)?;
        let (parts, planes) = if is_split { (channels, 1) } else { (1, channels) };
        let pixels = shape.pixels();
        let mut samples = Vec::with_capacity(groups * parts);
        for (group, channel) in (0..groups).flat_map(|group| (0..parts).map(move |channel| (group, channel)))
        {
            let place = group * parts + channel;
            let label_planes = if let (Truth::Shares(_), false) = (&labels, is_split) { channels } else { 1 };
            samples.push(Sample {
                group,
                channel,
                shape,
                channels: planes,
                scores: match scores {
                    Scores::F32(values) => Scores::F32(part(values, place, planes * pixels)?),
                    Scores::I8(codes) => Scores::I8(part(codes, place, planes * pixels)?),
                    Scores::U8(codes) => Scores::U8(part(codes, place, planes * pixels)?),
                },
                labels: match labels {
                    Truth::Ids(ids) => Truth::Ids(part(ids, place, pixels)?),
                    Truth::Shares(shares) => Truth::Shares(part(shares, place, label_planes * pixels)?),
                },
                weights: self.weights.map(|weights| part(weights, group, pixels)).transpose()?,
            });
        }
        Ok(samples)
    }

    /// What to say of a refusal: the argument, what was found, what to do.
    pub(crate) fn refused(&self, entry: &Entry, Refusal { sample, error }: Refusal) -> PyErr {
        let Axes { channels, inputs, is_stacked, shape, .. } = self.axes;
        let parts = if inputs == Inputs::Multilabel { channels } else { 1 };
        let place = |pixel: usize| {
            let image = if is_stacked { pixel / shape.pixels() } else { sample / parts };
            format!("pixel {} of image {image}", pixel % shape.pixels())
        };
        let last = if inputs == Inputs::Multiclass { channels - 1 } else { 1 };
        refused(match error {
            Some(Error::ClassId { found, pixel }) => format!(
                "labels: found id {found} at {}, expected 0 to {last}; of pixels that are not scored say ignore={found}",
                place(pixel)
            ),
            Some(Error::Parameter("ignore")) => {
                format!("ignore: {} is a class, expected an id that is not 0 to {last}", self.ignore)
            }
            Some(Error::Share { place }) => {
                format!(
                    "labels: found a soft label that is no share from 0 to 1 at place {place}: pass shares, or ids as uint8"
                )
            }
            Some(Error::Weight { pixel }) => format!(
                "pixel_weights: that of {} is neither 0 nor from 1e-32 to 1e32: scale them",
                place(pixel)
            ),
            Some(other) => format!("{}: {other}", entry.name),
            None => self.not_finite(),
        })
    }

    fn not_finite(&self) -> String {
        let culprit = match self.scores {
            Scores::F32(values) => values.iter().enumerate().find(|(_, logit)| !logit.is_finite()),
            _ => None,
        };
        match culprit {
            Some((place, logit)) => format!("logits: found {logit} at place {place}, expected finite numbers"),
            None => "logits: the loss is not finite, though every logit is: a class may be missed completely, which smooth=1 \
                     allows where there is such a parameter, or logits, weights or parameters are beyond what a sum of f32 \
                     holds: scale them down"
                .to_owned(),
        }
    }
}

fn part<T>(values: &[T], place: usize, length: usize) -> segmeter::core::Result<&[T]> {
    let part = values.get(place * length..(place + 1) * length);
    part.ok_or(Error::Length { expected: (place + 1) * length, found: values.len() })
}
