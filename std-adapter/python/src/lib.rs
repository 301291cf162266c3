//! What the Python package `segmeter` computes with: flat arrays in, numbers out. Types, axes and their messages are Python's
//! (`python/segmeter`), so that this side sees contiguous arrays of the right type only.

use pyo3::prelude::*;

mod arguments;
mod counts;
mod drift;
mod given;
mod lists;
mod loss;
mod scored;
mod settings;
mod shapes;

/// The compiled part of `segmeter`.
#[pymodule]
mod _segmeter {
    #[pymodule_export]
    use super::counts::Counts;
    #[pymodule_export]
    use super::drift::{Drive, Watch, learn_profile, profile_facts};
    #[pymodule_export]
    use super::lists::{losses, metrics};
    #[pymodule_export]
    use super::loss::{check, evaluate, place_of};
    #[pymodule_export]
    use super::scored::Scores;
    #[pymodule_export]
    use super::shapes::Shapes;
}

/// A refusal that names what was wrong.
fn refused(line: impl ToString) -> PyErr {
    pyo3::exceptions::PyValueError::new_err(line.to_string())
}
