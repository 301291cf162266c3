//! Logits, labels and weights of all images.

use std::path::Path;

use segmeter::core::view::{Quantiser, Shape, Weights};
use segmeter::files::{self, Elements, Source};

use super::{Arguments, Failure, Reduction};
use crate::command::input::LabelReader;

/// One image, or several stacked.
pub(super) struct Sample {
    pub(super) name: String,
    pub(super) shape: Shape,
    pub(super) elements: Elements,
    pub(super) labels: Vec<u8>,
    pub(super) weights: Option<Vec<f32>>,
}

/// What was read of all images.
pub(super) struct Batch {
    pub(super) samples: Vec<Sample>,
    /// How many images they were.
    pub(super) images: usize,
    pub(super) quantiser: Option<Quantiser>,
    pub(super) labels: LabelReader,
    /// Axes of the gradient; `None` if the images differ in shape.
    pub(super) axes: Option<Vec<usize>>,
}

/// Reads all that the arguments name.
pub(super) fn read(arguments: &Arguments) -> Result<Batch, Failure> {
    let (source, slots) = arguments.input.open(&arguments.logits)?;
    let labels = arguments.label_input.open(&arguments.labels, &source, slots.len())?;
    let weights = arguments.pixel_weights.as_deref().map(|path| open_weights(path, &source)).transpose()?;
    let mut quantiser = None;
    let mut samples = Vec::with_capacity(slots.len());
    for slot in &slots {
        let image = source.image(slot.index)?;
        quantiser = arguments.input.quantiser(&image.elements, source.path())?;
        if let Some(Sample { elements, .. }) = samples.first()
            && elements.type_name() != image.elements.type_name()
        {
            let line = "found images of different types, expected one type";
            return Err(Failure::Input(format!("{}: {line}", source.path().display())));
        }
        samples.push(Sample {
            name: source.name(slot.index),
            shape: image.shape,
            labels: labels.ids(&source, *slot, image.shape)?,
            weights: weights.as_ref().map(|w| pixel_weights(w, slot.index, image.shape)).transpose()?,
            elements: image.elements,
        });
    }
    let axes = axes(&source, &samples);
    if arguments.reduction == Reduction::Batch && samples.len() > 1 {
        samples = vec![stack(samples, source.path())?];
    }
    Ok(Batch { samples, images: slots.len(), quantiser, labels, axes })
}

/// The shape of the logits, if all images have the same.
fn axes(source: &Source, samples: &[Sample]) -> Option<Vec<usize>> {
    let shape = samples.first()?.shape;
    samples.iter().all(|sample| sample.shape == shape).then(|| {
        let image = [shape.height(), shape.width()];
        if source.is_batch() { [&[samples.len()], &image[..]].concat() } else { image.to_vec() }
    })
}

/// All images below each other.
fn stack(samples: Vec<Sample>, path: &Path) -> Result<Sample, Failure> {
    let refused = |line: &str| Failure::Input(format!("{}: {line}", path.display()));
    let mut samples = samples.into_iter();
    let mut all = samples.next().ok_or_else(|| refused("found no image"))?;
    let (mut height, width) = (all.shape.height(), all.shape.width());
    all.name = "all".to_owned();
    for sample in samples {
        if sample.shape.width() != width {
            return Err(refused("found images of different widths: say --reduction image"));
        }
        height += sample.shape.height();
        match (&mut all.elements, sample.elements) {
            (Elements::F32(all), Elements::F32(more)) => all.extend(more),
            (Elements::I8(all), Elements::I8(more)) => all.extend(more),
            (Elements::U8(all), Elements::U8(more)) => all.extend(more),
            _ => return Err(refused("found images of different types, expected one type")),
        }
        all.labels.extend(sample.labels);
        if let (Some(all), Some(more)) = (&mut all.weights, sample.weights) {
            all.extend(more);
        }
    }
    let shape = u32::try_from(height).ok().and_then(|height| Shape::new(height, width as u32).ok());
    all.shape = shape.ok_or_else(|| refused("found 2^32 pixels or more: say --reduction image"))?;
    Ok(all)
}

fn open_weights(path: &Path, logits: &Source) -> Result<Source, Failure> {
    let shape = logits.image(0)?.shape;
    let axes = [logits.len(), shape.height(), shape.width()];
    let weights = Source::open(path, Some((&axes, files::bin::Type::F32)))?;
    if weights.len() == logits.len() {
        return Ok(weights);
    }
    let (found, expected) = (weights.len(), logits.len());
    Err(Failure::Input(format!("{}: found {found} images of weights, expected {expected}", path.display())))
}

fn pixel_weights(weights: &Source, index: usize, shape: Shape) -> Result<Vec<f32>, Failure> {
    let image = weights.image(index)?;
    let path = weights.path().display();
    match image.elements {
        Elements::F32(values) if image.shape == shape => {
            Weights::new(shape, &values)
                .map_err(|e| Failure::Input(format!("{path}: image {index}: {e}")))?;
            Ok(values)
        }
        Elements::F32(_) => Err(Failure::Input(format!(
            "{path}: found {}x{} weights, expected {}x{}",
            image.shape.height(),
            image.shape.width(),
            shape.height(),
            shape.width()
        ))),
        other => Err(Failure::Input(format!("{path}: found {}, expected f32 weights", other.type_name()))),
    }
}
