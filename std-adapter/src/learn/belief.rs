//! How drives differ, as far as that is known before they have been compared.

use segmeter_core::drift::SIGNALS;

/// What is believed of a signal before drives have been compared.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Belief {
    /// How far drives lie apart: a standard deviation of what the chart sees, and that of a frame within its drive if that is
    /// more; 0: all drives are alike.
    pub spread: f64,
    /// How lopsided they lie: the third central moment, in deviations between drives.
    pub skewness: f64,
    /// How much higher the frames of another drive lie than those of other parts of the same: the codes of a single drive are
    /// nearer to each other than to those of the next one.
    pub remove: f64,
}

impl Belief {
    /// By signal, as measured on the drives of `tests/drives`: `tests/examples/drift_table.rs` measures them again, and finds
    /// what distances are [remote](Belief::remove) by .02 and .08 higher.
    pub const ALL: [Self; SIGNALS] = [
        Self::new(0.048, 0.0, 0.0),
        Self::new(0.0009, 0.7, 0.0),
        Self::new(0.021, 0.0, 0.0),
        Self::new(0.009, 0.4, 0.0),
        Self::new(0.0096, -0.8, 0.0),
        Self::new(0.0095, -0.8, 0.0),
        Self::new(0.13, 0.9, 0.27),
        Self::new(0.23, 0.1, 0.48),
    ];

    const fn new(spread: f64, skewness: f64, remove: f64) -> Self {
        Self { spread, skewness, remove }
    }
}

/// Degrees of freedom that this belief counts for.
pub(super) const BELIEF: u16 = 8;
