//! Logits, labels and weights of all images.

use std::path::Path;

use segmeter::catalogue::Reduction;
use segmeter::catalogue::batch::{Inputs, are_weights, dequantised};
use segmeter::core::view::{Activation, MAX_CLASSES, Quantiser, Shape, Weights};
use segmeter::files::{self, Elements, Image, MaskOrder, Order, Reading, Slot, Source};

use super::sample::Sample;
use super::{Arguments, Failure, Formula};
use crate::command::input::{Broken, Input, LabelReader, PROBABILITIES, Range, wrong_score};

/// What was read of all images.
pub(super) struct Batch {
    pub(super) samples: Vec<Sample>,
    /// How many images they were.
    pub(super) images: usize,
    /// Scores of a pixel.
    pub(super) channels: usize,
    pub(super) mode: Inputs,
    /// The axes of an image in its file.
    pub(super) order: Order,
    /// Whether several images have become one.
    pub(super) is_stacked: bool,
    pub(super) quantiser: Option<Quantiser>,
    pub(super) activation: Activation,
    pub(super) labels: LabelReader,
    /// Axes of the gradient; `None` if the images differ in shape.
    pub(super) axes: Option<Vec<usize>>,
}

/// Reads all that the arguments name.
pub(super) fn read(arguments: &Arguments, formula: &Formula, reduction: Reduction) -> Result<Batch, Failure> {
    let source = open(arguments)?;
    let slots = arguments.input.slots(&source)?;
    let Image { order, channels, .. } = arguments.input.first(&source, &slots)?;
    let mode = mode(arguments, formula, order, channels)?;
    let masks = MaskOrder {
        ids: if mode == Inputs::Multilabel { order } else { Order::Plane },
        shares: if mode == Inputs::Binary { Order::Plane } else { order },
    };
    let labels = arguments.label_input.open_as(&arguments.labels, &source, &slots, masks)?;
    let weights = arguments.pixel_weights.as_deref().map(|path| open_weights(path, &source)).transpose()?;
    let (mut quantiser, mut activation) = (None, Activation::Logits);
    let (mut range, mut broken) = (Range::default(), Vec::new());
    let mut samples: Vec<Sample> = Vec::with_capacity(slots.len());
    for (group, slot) in slots.iter().enumerate() {
        let mut image = match source.image(slot.index) {
            Err(error) if arguments.input.keeps_going() => {
                broken.push(Failure::from(error));
                continue;
            }
            image => image?,
        };
        if image.channels != channels || image.order != order {
            let line =
                format!("found {} channels, expected {channels} as in the first image", image.channels);
            return Err(Failure::Input(format!("{}: {line}", source.path().display())));
        }
        if let (Elements::U8(codes), true) = (&image.elements, arguments.input.has_steps()) {
            range = range.with_codes(codes);
        }
        (quantiser, activation) = scores(&arguments.input, &mut image, mode, source.path())?;
        if samples.first().is_some_and(|first| first.scores.type_name() != image.elements.type_name()) {
            let line = "found images of different types, expected one type";
            return Err(Failure::Input(format!("{}: {line}", source.path().display())));
        }
        if let (Elements::F32(values), true) =
            (&image.elements, activation == Activation::Logits && quantiser.is_none())
        {
            values.iter().for_each(|value| range.push(f64::from(*value)));
        }
        let sample = match sample(&source, *slot, group, image, &labels, weights.as_ref()) {
            Err(error) if arguments.input.keeps_going() => {
                broken.push(error);
                continue;
            }
            sample => sample?,
        };
        if let (Elements::F32(shares), Inputs::Multiclass, Activation::Probabilities) =
            (&sample.scores, mode, activation)
        {
            let ids: &[u8] = if let Elements::U8(ids) = &sample.labels { ids } else { &[] };
            let is_scored = |pixel: usize| ids.get(pixel).is_none_or(|id| *id != labels.ignore());
            range.push_classes((shares, sample.shape.pixels(), order), is_scored);
        }
        samples.push(sample);
    }
    Broken::of(broken.iter(), source.path(), slots.len())?.note();
    range.note(source.path(), false);
    let axes = axes(&source, order, &samples);
    if axes.is_none() && arguments.gradient.is_some() {
        let line = "found images of different shapes, expected one shape for --gradient";
        return Err(Failure::Input(format!("{}: {line}", source.path().display())));
    }
    let images = samples.len();
    let is_stacked = reduction == Reduction::Batch && images > 1;
    let samples = gather(samples, mode, order, is_stacked, source.path())?;
    Ok(Batch { samples, images, channels, mode, order, is_stacked, quantiser, activation, labels, axes })
}

/// Opens the logits: three axes are channels if there is one mask, and images if there are several.
fn open(arguments: &Arguments) -> Result<Source, Failure> {
    files::check_sizes(&arguments.logits, &arguments.labels)?;
    let told = arguments.input.order().or(arguments.multilabel.then_some(Order::Planar));
    let source = arguments.input.source(&arguments.logits, told)?;
    let is_open =
        told.is_none() && !arguments.input.has_frames() && !arguments.logits.is_dir() && source.len() > 1;
    // A file that cannot be read is refused when the labels are opened.
    let one_mask = || Source::open(&arguments.labels, Reading::default()).is_ok_and(|masks| masks.len() == 1);
    if is_open && source.channels()? == (Order::Plane, 1) && one_mask() {
        return Ok(source.reorder(Order::Planar)?);
    }
    Ok(source)
}

fn mode(arguments: &Arguments, formula: &Formula, order: Order, channels: usize) -> Result<Inputs, Failure> {
    let path = arguments.logits.display();
    let mode = match channels {
        _ if arguments.multilabel && order == Order::Plane => {
            let line = "found one score per pixel, expected (C,H,W) or (H,W,C) for --multilabel";
            return Err(Failure::Input(format!("{path}: {line}")));
        }
        _ if arguments.multilabel => Inputs::Multilabel,
        1 => Inputs::Binary,
        2..=MAX_CLASSES => Inputs::Multiclass,
        _ => {
            let hint = if order == Order::Planar { "hwc" } else { "chw" };
            return Err(Failure::Input(format!(
                "{path}: found {channels} classes, expected at most {MAX_CLASSES}; if they are not classes, say \
                 --layout {hint}"
            )));
        }
    };
    if let Some((loss, inputs)) = formula.refusing(mode.name()) {
        let inputs = inputs.join(" or ");
        return Err(Failure::Input(format!(
            "{path}: found {} logits, expected {inputs} for {loss}",
            mode.name()
        )));
    }
    if let Some(weights) = &arguments.class_weights {
        check_class_weights(weights, formula, mode, channels)?;
    }
    Ok(mode)
}

fn check_class_weights(
    weights: &[f32],
    formula: &Formula,
    mode: Inputs,
    channels: usize,
) -> Result<(), Failure> {
    let expected = if mode == Inputs::Binary { 2 } else { channels };
    let line = match formula.without_class_weights() {
        Some(loss) if mode != Inputs::Multilabel => {
            format!("found --class-weights for {loss}, which has none")
        }
        _ if weights.len() != expected => {
            format!("found {} --class-weights, expected {expected}", weights.len())
        }
        _ if !are_weights(weights) => {
            "expected --class-weights that are finite and not negative, one above 0".to_owned()
        }
        _ => return Ok(()),
    };
    Err(Failure::Input(line))
}

/// What the numbers of an image mean; 8-bit ones of several classes become `f32` first.
fn scores(
    input: &Input,
    image: &mut Image,
    mode: Inputs,
    path: &Path,
) -> Result<(Option<Quantiser>, Activation), Failure> {
    let quantiser = input.quantiser(&image.elements, path)?;
    if let (Elements::F32(_), true) = (&image.elements, input.is_probability()) {
        // NaN is found where the loss meets it.
        if let Some((place, found)) = wrong_score(&image.elements, true, |(_, score)| !score.is_nan()) {
            return Err(Failure::Input(format!(
                "{}: found {found} at place {place}, {PROBABILITIES}",
                path.display()
            )));
        }
        return Ok((None, Activation::Probabilities));
    }
    let Some(known) = quantiser else { return Ok((None, Activation::Logits)) };
    if mode != Inputs::Multiclass {
        return Ok((quantiser, known.activation()));
    }
    let values = match &image.elements {
        Elements::I8(codes) => dequantised(&known, codes.iter().map(|code| code.cast_unsigned())),
        Elements::U8(codes) => dequantised(&known, codes.iter().copied()),
        Elements::F32(values) => values.clone(),
        Elements::F64(values) => values.iter().map(|z| *z as f32).collect(),
        Elements::U16(_) => Vec::new(),
    };
    image.elements = Elements::F32(values);
    Ok((None, known.activation()))
}

fn sample(
    source: &Source,
    slot: Slot,
    group: usize,
    image: Image,
    labels: &LabelReader,
    weights: Option<&Source>,
) -> Result<Sample, Failure> {
    let shape = image.shape;
    let (labels, valid) = labels.labels(source, slot, &image)?;
    let mut weights = weights.map(|w| pixel_weights(w, slot.index, shape)).transpose()?;
    if let (Elements::F32(_), Some(valid)) = (&labels, valid) {
        // Soft labels have no id for "not scored".
        let weights = weights.get_or_insert_with(|| vec![1.0; shape.pixels()]);
        weights.iter_mut().zip(valid).filter(|(_, valid)| *valid == 0).for_each(|(weight, _)| *weight = 0.0);
    }
    let (name, channels) = (source.name(slot.index), image.channels);
    Ok(Sample { name, group, channel: 0, shape, channels, scores: image.elements, labels, weights })
}

/// Takes channels apart and puts images together, as asked.
fn gather(
    samples: Vec<Sample>,
    mode: Inputs,
    order: Order,
    is_stacked: bool,
    path: &Path,
) -> Result<Vec<Sample>, Failure> {
    if mode != Inputs::Multilabel {
        return if is_stacked { Ok(vec![Sample::stack(&samples, order, path)?]) } else { Ok(samples) };
    }
    let images: Vec<Vec<Sample>> = samples.into_iter().map(|sample| sample.split(order)).collect();
    if !is_stacked {
        return Ok(images.into_iter().flatten().collect());
    }
    let mut images: Vec<_> = images.into_iter().map(Vec::into_iter).collect();
    let mut stacked = Vec::new();
    loop {
        let channel: Vec<Sample> = images.iter_mut().filter_map(Iterator::next).collect();
        if channel.is_empty() {
            return Ok(stacked);
        }
        stacked.push(Sample::stack(&channel, Order::Plane, path)?);
    }
}

/// The shape of the logits, if all images have the same.
fn axes(source: &Source, order: Order, samples: &[Sample]) -> Option<Vec<usize>> {
    let Sample { shape, channels, .. } = samples.first()?;
    samples.iter().all(|sample| sample.shape == *shape).then(|| {
        let batch = source.is_batch().then_some(samples.len());
        batch.into_iter().chain(order.axes(*shape, *channels)).collect()
    })
}

fn open_weights(path: &Path, logits: &Source) -> Result<Source, Failure> {
    let shape = logits.image(0)?.shape;
    let axes = [logits.len(), shape.height(), shape.width()];
    let layout = Some((axes.to_vec(), files::bin::Type::F32));
    let weights = Source::open(path, Reading { layout, order: Some(Order::Plane), ..Reading::default() })?;
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
