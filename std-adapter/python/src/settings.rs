//! Values of parameters between Python and the catalogue.

use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict};
use segmeter::catalogue::{Setting, Settings, Value};

/// The settings of a dictionary; `None` is the default.
pub(crate) fn settings(given: &Bound<'_, PyDict>) -> PyResult<Settings> {
    let mut settings = Settings::new();
    for (name, value) in given {
        if !value.is_none() {
            let name: String = name.extract()?;
            let value = setting(&name, &value)?;
            settings.insert(name, value);
        }
    }
    Ok(settings)
}

fn setting(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Setting> {
    // A bool is a number as well in Python.
    if value.is_instance_of::<PyBool>() {
        return Ok(Setting::Flag(value.extract()?));
    }
    if let Ok(word) = value.extract::<String>() {
        return Ok(Setting::Word(word));
    }
    if let Ok(number) = value.extract::<f64>() {
        return Ok(Setting::Number(number));
    }
    value.extract::<Vec<f64>>().map(Setting::Numbers).map_err(|_| {
        let kind = value.get_type().name().map_or_else(|_| String::new(), |kind| kind.to_string());
        PyTypeError::new_err(format!(
            "{name}: found {kind}, expected a number, a bool, a word or a list of numbers"
        ))
    })
}

/// A value as Python has it.
pub(crate) fn object<'py>(py: Python<'py>, value: Value<'_>) -> PyResult<Bound<'py, PyAny>> {
    match value {
        Value::Number(number) => number.into_bound_py_any(py),
        Value::Flag(flag) => flag.into_bound_py_any(py),
        Value::Word(word) => word.into_bound_py_any(py),
        Value::Numbers(numbers) => numbers.to_vec().into_bound_py_any(py),
    }
}
