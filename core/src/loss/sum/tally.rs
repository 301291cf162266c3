//! What a loss is told of a frame.

use crate::loss::LARGEST_SLOPE;

/// The totals of a frame, class by class; those of a binary one are background and foreground, see
/// [`SumLoss`](crate::loss::SumLoss).
#[derive(Clone, Copy, Debug)]
pub struct Tally<'a, T> {
    /// The sums of [`Kernel::terms`](crate::loss::Kernel::terms).
    pub sums: &'a [T],
    /// The weight of the pixels with this label.
    pub masses: &'a [f64],
    /// Weights of the classes, if they are not all 1.
    pub class_weights: Option<&'a [f32]>,
    /// Whether the frame is binary.
    pub binary: bool,
    /// Whether the probabilities of a pixel are a softmax: then a number added to all of its derivatives by
    /// probability changes no gradient.
    pub softmax: bool,
    /// The largest weight of a pixel, 1 at least.
    pub heaviest: f32,
}

impl<T> Tally<'_, T> {
    /// A slope as an `f32`. Where a denominator is all but 0 it is bounded, with room for the weight of a pixel and for sums:
    /// it will be multiplied by a probability that is as small.
    #[must_use]
    pub fn bounded(&self, slope: f64) -> f32 {
        let most = LARGEST_SLOPE / f64::from(self.heaviest);
        // Not `clamp`, which panics on bounds that are no numbers. What is no number stays so.
        let bounded = if slope > most { most } else { slope };
        (if bounded < -most { -most } else { bounded }) as f32
    }

    /// The weight of all scored pixels.
    #[must_use]
    pub fn weight(&self) -> f64 {
        self.masses.iter().sum()
    }
    /// The weight of the pixels with another label.
    #[must_use]
    pub fn rest(&self, class: usize) -> f64 {
        self.masses.iter().enumerate().filter(|(other, _)| *other != class).map(|(_, mass)| mass).sum()
    }
    /// The weight of a class.
    #[must_use]
    pub fn class_weight(&self, class: usize) -> f64 {
        let weight = |all: &[f32]| all.get(class).copied().unwrap_or(0.0);
        self.class_weights.map_or(1.0, |all| f64::from(weight(all)))
    }
}
