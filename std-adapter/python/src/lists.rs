//! What there is, by name: the lists of core as dictionaries, from which Python makes functions, classes, texts and stubs.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use segmeter::catalogue::{
    ChosenLoss, Entry, Kind, LOSSES, PRESETS, Preset, Reduction, Settings, has_class_weights,
};
use segmeter::core::metric::METRICS;

use crate::refused;
use crate::settings::object;

/// Every loss: name, parameters with defaults and ranges, presets, texts.
#[pyfunction]
pub(crate) fn losses(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    entries(py, LOSSES)
}

/// Every metric of counts and scores.
#[pyfunction]
pub(crate) fn metrics(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    entries(py, METRICS)
}

fn entries<'py>(py: Python<'py>, list: &[Entry]) -> PyResult<Bound<'py, PyList>> {
    PyList::new(py, list.iter().map(|of| entry(py, of)).collect::<PyResult<Vec<_>>>()?)
}

fn entry<'py>(py: Python<'py>, of: &Entry) -> PyResult<Bound<'py, PyDict>> {
    let entry = PyDict::new(py);
    entry.set_item("name", of.name)?;
    if of.kind == Kind::Loss {
        let loss = ChosenLoss::new(of.name, &Settings::new()).map_err(refused)?;
        // A name as Python has them: no lifetimes.
        entry.set_item("type", loss.type_name().split('<').next())?;
    }
    entry.set_item("synonyms", of.synonyms.to_vec())?;
    entry.set_item("family", of.family)?;
    entry.set_item("inputs", of.inputs.to_vec())?;
    entry.set_item("quantised", of.quantised)?;
    entry.set_item("has_class_weights", has_class_weights(of))?;
    entry.set_item("scratch", of.scratch)?;
    entry.set_item("passes", of.passes)?;
    entry.set_item("definition", of.definition)?;
    entry.set_item("reference", of.reference)?;
    let mut parameters = Vec::new();
    for of in of.parameters {
        let parameter = PyDict::new(py);
        parameter.set_item("name", of.name)?;
        parameter.set_item("default", of.default.map(|value| object(py, value)).transpose()?)?;
        parameter.set_item("range", of.range)?;
        parameter.set_item("meaning", of.meaning)?;
        parameters.push(parameter);
    }
    entry.set_item("parameters", parameters)?;
    let presets = PRESETS.iter().filter(|preset| preset.loss == of.name);
    entry.set_item("presets", presets.map(|of| preset(py, of)).collect::<PyResult<Vec<_>>>()?)?;
    Ok(entry)
}

fn preset<'py>(py: Python<'py>, of: &Preset) -> PyResult<Bound<'py, PyDict>> {
    let preset = PyDict::new(py);
    let settings = PyDict::new(py);
    for (name, value) in of.settings {
        settings.set_item(name, object(py, *value)?)?;
    }
    preset.set_item("name", of.name)?;
    preset.set_item("settings", settings)?;
    preset.set_item("reduction", of.reduction.map(reduction))?;
    preset.set_item("differs", of.differs)?;
    Ok(preset)
}

/// A reduction by its name.
pub(crate) const fn reduction(of: Reduction) -> &'static str {
    match of {
        Reduction::Batch => "batch",
        Reduction::Image => "image",
    }
}
