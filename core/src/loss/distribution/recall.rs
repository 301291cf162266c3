//! Cross-entropy of classes by how much of them is missed.

use super::FAMILY;
use super::{Normalise, divisor};
use crate::loss::entry::{Entry, Listed};
use crate::loss::sum::Tally;
use crate::loss::{Kernel, Pixel, Reads, SumLoss};
use crate::simd::Simd;

/// Recall cross-entropy: every class weighs its share of missed pixels, `1 - TP_c / n_c`, where a pixel is found
/// if its label is its most probable class.
///
/// The weights are constants in the gradient and not in the divisor. Range `[0, inf)`. Passes: 2 with
/// gradient, 1 without. Source: Tian et al. 2021.
///
/// ```
/// use segmeter_core::{loss::{RecallCrossEntropy, Loss}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// assert_eq!(RecallCrossEntropy.value(&frame, &mut [])?.value, 0.5292526);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RecallCrossEntropy;

impl Kernel for RecallCrossEntropy {
    type Terms<T: Copy + Send> = [T; 2];
    type Slope = f32;
    const READS: Reads = Reads::Label;
    #[inline(always)]
    fn terms<S: Simd>(&self, s: S, pixel: &Pixel<S::V>) -> [S::V; 2] {
        let missed = pixel.mass.foreground * (s.splat(1.0) - pixel.top);
        [pixel.mass.foreground * pixel.log, missed]
    }
    #[inline(always)]
    fn slope<S: Simd>(&self, s: S, slope: &f32, pixel: &Pixel<S::V>) -> S::V {
        pixel.mass.foreground * s.splat(*slope)
    }
}

impl SumLoss for RecallCrossEntropy {
    type Kernel = Self;

    fn kernel(&self) -> Self {
        *self
    }
    fn fit(&self, tally: &Tally<'_, [f64; 2]>, slopes: &mut [f32]) -> Option<f64> {
        let (mut value, divisor) = (0.0, divisor(tally, Normalise::Weights)?);
        for (class, (([cost, missed], mass), slope)) in
            tally.sums.iter().zip(tally.masses).zip(slopes).enumerate()
        {
            let missed = if *mass > 0.0 { missed / mass } else { 0.0 };
            let factor = tally.class_weight(class) * missed / divisor;
            value += factor * cost;
            *slope = tally.bounded(factor);
        }
        Some(value)
    }
}

pub(in crate::loss) const RECALL_CROSS_ENTROPY: Listed<RecallCrossEntropy> = Listed {
    entry: Entry {
        name: "recall_cross_entropy",
        definition: "mean of (1 - TP_c/n_c) (-ln p) of the label, TP by the most probable class",
        reference: "Tian et al. 2021",
        ..FAMILY
    },
    make: |_| Ok(RecallCrossEntropy),
};
