//! What is said beside the arrays, checked.

use std::num::NonZero;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use segmeter::catalogue::batch::{Inputs, Scores, are_weights};
use segmeter::catalogue::{Entry, Reduction, has_class_weights};
use segmeter::core::view::{Encoding, Layout, MAX_CLASSES, Quantiser, Shape};
use segmeter::{Engine, LevelName};

use crate::refused;

/// What the axes of the arrays are.
#[derive(Clone, Copy)]
pub(crate) struct Axes {
    pub(crate) images: usize,
    pub(crate) channels: usize,
    pub(crate) shape: Shape,
    pub(crate) inputs: Inputs,
    pub(crate) layout: Layout,
    pub(crate) is_stacked: bool,
}

pub(crate) fn axes(
    entry: &Entry,
    (images, channels, height, width): (usize, usize, usize, usize),
    interleaved: bool,
    multilabel: bool,
    reduction: Reduction,
) -> PyResult<Axes> {
    let inputs = match channels {
        _ if multilabel => Inputs::Multilabel,
        1 => Inputs::Binary,
        2..=MAX_CLASSES => Inputs::Multiclass,
        _ => {
            return Err(refused(format!("logits: found {channels} classes, expected at most {MAX_CLASSES}")));
        }
    };
    if !entry.inputs.contains(&inputs.name()) {
        let (found, expected) = (inputs.name(), entry.inputs.join(" or "));
        return Err(refused(format!("logits: found {found} logits, expected {expected} for {}", entry.name)));
    }
    let side = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
    let shape = Shape::new(side(height), side(width)).map_err(|error| refused(format!("logits: {error}")))?;
    if images == 0 {
        return Err(refused("logits: found no image, expected at least one"));
    }
    let layout = if interleaved { Layout::Interleaved } else { Layout::Planar };
    Ok(Axes {
        images,
        channels,
        shape,
        inputs,
        layout,
        is_stacked: reduction == Reduction::Batch && images > 1,
    })
}

pub(crate) fn check_class_weights(weights: &[f32], entry: &Entry, axes: Axes) -> PyResult<()> {
    let expected = if axes.inputs == Inputs::Binary { 2 } else { axes.channels };
    if !has_class_weights(entry) && axes.inputs != Inputs::Multilabel {
        return Err(refused(format!("class_weights: {} has none", entry.name)));
    }
    if weights.len() != expected {
        return Err(refused(format!("class_weights: found {}, expected {expected}", weights.len())));
    }
    if !are_weights(weights) {
        return Err(refused("class_weights: expected numbers that are finite and not negative, one above 0"));
    }
    Ok(())
}

/// What codes mean; `None` for floats.
pub(crate) fn meaning(
    scores: &Scores<'_>,
    affine: Option<(f32, i32)>,
    probabilities: bool,
) -> PyResult<Option<Quantiser>> {
    let encoding = match scores {
        Scores::F32(_) if affine.is_some() => {
            return Err(PyTypeError::new_err(
                "logits: found float32, expected int8 or uint8 for scale and zero_point: leave them out",
            ));
        }
        Scores::F32(_) => return Ok(None),
        Scores::I8(_) => Encoding::Signed,
        Scores::U8(_) => Encoding::Unsigned,
    };
    let Some((scale, zero_point)) = affine else {
        return match encoding {
            Encoding::Unsigned if probabilities => Ok(Some(Quantiser::probabilities())),
            _ => Err(PyTypeError::new_err(
                "logits: found 8-bit codes, which need scale and zero_point (of uint8 probabilities: probabilities=True)",
            )),
        };
    };
    let of = if probabilities { Quantiser::scaled_probabilities } else { Quantiser::logits };
    of(encoding, scale, zero_point).map(Some).map_err(|_| {
        let range = if encoding == Encoding::Signed { "-128 to 127" } else { "0 to 255" };
        let line = format!("expected a scale in (0, 1e6) and a zero point from {range}");
        refused(format!("scale, zero_point: found {scale}, {zero_point}, {line}"))
    })
}

pub(crate) fn reduction(name: &str) -> PyResult<Reduction> {
    match name {
        "batch" => Ok(Reduction::Batch),
        "image" => Ok(Reduction::Image),
        other => Err(refused(format!("reduction: found `{other}`, expected \"batch\" or \"image\""))),
    }
}

pub(crate) fn engine(level: Option<&str>, threads: Option<usize>) -> PyResult<Engine> {
    let level: LevelName =
        level.unwrap_or("auto").parse().map_err(|error| refused(format!("level: {error}")))?;
    let threads = match threads {
        None => Engine::default().threads(),
        Some(threads) => {
            NonZero::new(threads).ok_or_else(|| refused("threads: found 0, expected 1 or more"))?
        }
    };
    Engine::new(level, threads).map_err(|error| refused(format!("level: {error}")))
}
