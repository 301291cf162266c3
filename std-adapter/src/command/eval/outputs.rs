//! What predictions are, as far as it decides what is computed of them.

use segmeter::core::sketch::SigmoidTable;
use segmeter::core::view::Quantiser;

/// What the numbers of predictions are.
#[derive(Clone, Copy, Default, PartialEq)]
pub(super) struct Outputs {
    /// One score per pixel.
    pub(super) is_binary: bool,
    /// The number of classes, if predictions tell: those that there are scores of.
    pub(super) classes: Option<usize>,
    /// Scores are `f64`.
    pub(super) is_exact: bool,
    /// What codes of one score per pixel stand for.
    pub(super) quantiser: Option<Quantiser>,
}

impl Outputs {
    /// The table of codes, unless they are probabilities in steps of 1/255.
    pub(super) fn table(&self) -> Option<SigmoidTable> {
        let quantiser = self.quantiser.filter(|quantiser| quantiser.affine().is_some());
        quantiser.map(|quantiser| SigmoidTable::new(&quantiser))
    }
}
