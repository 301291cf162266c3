//! One loss on flat arrays.

use numpy::{PyArray1, PyArrayMethods, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use segmeter::catalogue::batch::{Scores, Truth};
use segmeter::catalogue::{
    ChosenLoss, Entry, LossError, PRESETS, Preset, Reduction, has_class_weights, loss as named, preset,
    set_over,
};
use segmeter::core::view::Activation;

use crate::arguments::{self, check_class_weights, engine, meaning, reduction};
use crate::given::Given;
use crate::refused;
use crate::settings::settings;

/// Scores as NumPy has them.
#[derive(FromPyObject)]
enum ScoreArray<'py> {
    F32(PyReadonlyArray1<'py, f32>),
    I8(PyReadonlyArray1<'py, i8>),
    U8(PyReadonlyArray1<'py, u8>),
}

/// Class ids or soft labels as NumPy has them.
#[derive(FromPyObject)]
enum LabelArray<'py> {
    Ids(PyReadonlyArray1<'py, u8>),
    Shares(PyReadonlyArray1<'py, f32>),
}

impl ScoreArray<'_> {
    fn scores(&self) -> PyResult<Scores<'_>> {
        Ok(match self {
            Self::F32(array) => Scores::F32(array.as_slice()?),
            Self::I8(array) => Scores::I8(array.as_slice()?),
            Self::U8(array) => Scores::U8(array.as_slice()?),
        })
    }
}

/// Where the scores are that a loss would walk: the address of the array itself, unless something was copied.
#[pyfunction]
pub(crate) fn place_of(scores: &Bound<'_, PyAny>) -> PyResult<usize> {
    let array: ScoreArray<'_> = scores.extract()?;
    Ok(match array.scores()? {
        Scores::F32(values) => values.as_ptr().addr(),
        Scores::I8(codes) => codes.as_ptr().addr(),
        Scores::U8(codes) => codes.as_ptr().addr(),
    })
}

/// Refuses a name, settings or a preset of which there is no loss.
#[pyfunction]
pub(crate) fn check(name: &str, given: &Bound<'_, PyDict>, preset: Option<&str>) -> PyResult<()> {
    chosen(name, given, preset).map(drop)
}

struct Chosen {
    entry: &'static Entry,
    loss: ChosenLoss,
    /// How the library of the preset reduces a batch.
    reduction: Option<Reduction>,
}

fn chosen(name: &str, given: &Bound<'_, PyDict>, library: Option<&str>) -> PyResult<Chosen> {
    let entry = named(name).ok_or_else(|| refused(LossError::Name(name.to_owned())))?;
    let library = library.map(|library| {
        preset(library, entry.name).ok_or_else(|| {
            let known = PRESETS.iter().filter(|preset| preset.loss == entry.name).map(|preset| preset.name);
            let known = known.collect::<Vec<_>>().join(", ");
            refused(format!("preset: found `{library}` for {}, expected one of: {known}", entry.name))
        })
    });
    let library = library.transpose()?;
    let mut set = library.map(Preset::settings).unwrap_or_default();
    // `smooth` first: it takes the halves of the preset away, not those that are given.
    let (first, rest): (Vec<_>, Vec<_>) =
        settings(given)?.into_iter().partition(|(name, _)| name == "smooth");
    first.into_iter().chain(rest).for_each(|(name, value)| set_over(&mut set, &name, value));
    let loss = ChosenLoss::new(entry.name, &set).map_err(refused)?;
    Ok(Chosen { entry, loss, reduction: library.and_then(|library| library.reduction) })
}

/// Evaluates a loss on arrays of one axis, whose axes are `(images, channels, height, width)`, with the channels of a pixel
/// side by side if `interleaved`. `quantiser` is scale, zero point; `options` are preset, reduction and level.
#[pyfunction]
#[allow(clippy::too_many_arguments, reason = "Python's names them")]
pub(crate) fn evaluate<'py>(
    py: Python<'py>,
    name: &str,
    given: &Bound<'py, PyDict>,
    logits: &Bound<'py, PyAny>,
    labels: &Bound<'py, PyAny>,
    pixel_weights: Option<PyReadonlyArray1<'py, f32>>,
    class_weights: Option<Vec<f32>>,
    axes: (usize, usize, usize, usize),
    interleaved: bool,
    multilabel: bool,
    ignore: u8,
    probabilities: bool,
    quantiser: Option<(f32, i32)>,
    options: (Option<String>, Option<String>, Option<String>),
    gradient: bool,
    per_class: bool,
    threads: Option<usize>,
) -> PyResult<Bound<'py, PyDict>> {
    let (library, asked, level) = options;
    let Chosen { entry, loss, reduction: usual } = chosen(name, given, library.as_deref())?;
    let reduction = Reduction::of(asked.as_deref().map(reduction).transpose()?, usual, &loss);
    let engine = engine(level.as_deref(), threads)?;
    let axes = arguments::axes(entry, axes, interleaved, multilabel, reduction)?;
    if axes.is_stacked && loss.looks_at_places() {
        return Err(refused(format!(
            "reduction: `batch` makes one image of all, but {} looks at the place of pixels: say reduction=\"image\"",
            entry.name
        )));
    }
    if let Some(weights) = &class_weights {
        check_class_weights(weights, entry, axes)?;
    }
    let (logits, labels): (ScoreArray<'_>, LabelArray<'_>) = (logits.extract()?, labels.extract()?);
    let scores = logits.scores()?;
    let labels = match &labels {
        LabelArray::Ids(ids) => Truth::Ids(ids.as_slice()?),
        LabelArray::Shares(shares) => Truth::Shares(shares.as_slice()?),
    };
    let weights = pixel_weights.as_ref().map(|weights| weights.as_slice()).transpose()?;
    let quantiser = meaning(&scores, quantiser, probabilities)?;
    let activation = match quantiser {
        Some(quantiser) => quantiser.activation(),
        None if probabilities => Activation::Probabilities,
        None => Activation::Logits,
    };
    let slopes = gradient.then(|| PyArray1::<f32>::zeros(py, scores.count(), false));
    let given = Given {
        axes,
        scores,
        labels,
        weights,
        quantiser,
        activation,
        ignore,
        class_weights: class_weights.as_deref(),
    };
    let answer = {
        let mut slopes = slopes.as_ref().map(|slopes| slopes.readwrite());
        let slopes = slopes.as_mut().map(|slopes| slopes.as_slice_mut()).transpose()?;
        // A sum has no losses of classes.
        let has_classes = per_class && !loss.is_sum() && has_class_weights(entry);
        py.detach(|| given.evaluate(&loss, &engine, has_classes, slopes))
    };
    let answer = answer.map_err(|refusal| given.refused(entry, refusal))?;
    let result = PyDict::new(py);
    result.set_item("value", answer.value)?;
    result.set_item("per_class", answer.per_class.filter(|_| per_class))?;
    result.set_item("gradient", slopes)?;
    result.set_item("undefined", answer.undefined)?;
    result.set_item("pixels", answer.pixels)?;
    result.set_item("ignored", answer.ignored)?;
    result.set_item("inputs", axes.inputs.name())?;
    result.set_item("reduction", crate::lists::reduction(reduction))?;
    result.set_item("definition", entry.definition)?;
    Ok(result)
}
