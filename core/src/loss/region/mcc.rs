//! Matthews correlation.

use super::FAMILY;
use crate::loss::entry::{Entry, Listed};
use crate::loss::sum::Tally;
use crate::loss::{Kernel, Pixel, Reads, SumLoss};
use crate::simd::Simd;

/// Matthews correlation loss: `1 - M`, with `M` the correlation of prediction and label.
///
/// `M = (TP TN - FP FN) / sqrt(P G (N-P) (N-G))`; 0 where a factor is 0. The difference to 1 is taken from sums of
/// positive terms, so it keeps its digits near a perfect prediction. On a multiclass frame: the mean over classes
/// of each against the rest. Range `[0, 2]`. Scratch: none. Passes: 2 with gradient. Source: Abhishek and Hamarneh
/// 2021.
///
/// ```
/// use segmeter_core::{loss::{Loss, Mcc}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// assert_eq!(Mcc.value(&frame, &mut [])?.value, 0.8121232);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Mcc;

impl Kernel for Mcc {
    type Terms<T: Copy + Send> = [T; 4];
    /// Derivatives with respect to the probability of a pixel on the class and off it.
    type Slope = [f32; 2];
    const READS: Reads = Reads::Classes;
    #[inline(always)]
    fn terms<S: Simd>(&self, _: S, pixel: &Pixel<S::V>) -> [S::V; 4] {
        let Pixel { probability: p, complement: q, mass, .. } = *pixel;
        [mass.foreground * p, mass.background * p, mass.foreground * q, mass.background * q]
    }
    #[inline(always)]
    fn slope<S: Simd>(&self, s: S, [on, off]: &[f32; 2], pixel: &Pixel<S::V>) -> S::V {
        pixel.mass.foreground * s.splat(*on) + pixel.mass.background * s.splat(*off)
    }
}

impl SumLoss for Mcc {
    type Kernel = Self;

    fn kernel(&self) -> Self {
        *self
    }
    fn fit(&self, tally: &Tally<'_, [f64; 4]>, slopes: &mut [[f32; 2]]) -> Option<f64> {
        let first = usize::from(tally.binary);
        let weights: f64 = (first..tally.sums.len()).map(|class| tally.class_weight(class)).sum();
        if weights <= 0.0 {
            return None;
        }
        let (mut value, weight) = (0.0, tally.weight());
        for (class, (sums, slot)) in tally.sums.iter().zip(slopes).enumerate().skip(first) {
            let share = tally.class_weight(class) / weights;
            // Shares of the frame: products of four masses of a large frame are beyond any type.
            let (loss, by) = correlation(sums.map(|sum| sum / weight));
            value += share * loss;
            *slot = by.map(|by| tally.bounded(share * by / weight));
        }
        Some(value)
    }
}

/// `1 - M`, and its derivatives with respect to the probability of a pixel on the class and off it.
fn correlation([tp, fp, fne, tn]: [f64; 4]) -> (f64, [f64; 2]) {
    let (predicted, class) = (tp + fp, tp + fne);
    let (not_predicted, rest) = (tn + fne, tn + fp);
    let product = predicted * class * not_predicted * rest;
    if product <= 0.0 {
        return (1.0, [0.0; 2]);
    }
    let root = libm::sqrt(product);
    let covariance = tp * tn - fp * fne;
    // product - covariance^2, in positive terms only.
    let (x, y) = (tp * tn, fp * fne);
    let (a, b) = (tp * fne + fp * tn, tp * fp + fne * tn);
    let gap = 4.0 * x * y + (x + y) * (a + b) + a * b;
    let loss = if covariance > 0.0 { gap / (root * (root + covariance)) } else { 1.0 - covariance / root };
    // dM/dp = ((g N - G) - M/2 root (1/P - 1/(N-P))) / root, in shares of the frame.
    let half = 0.5 * covariance * (1.0 / predicted - 1.0 / not_predicted);
    (loss, [-(rest - half) / root, (class + half) / root])
}

pub(in crate::loss) const MCC: Listed<Mcc> = Listed {
    entry: Entry {
        name: "mcc",
        definition: "1 - (TP TN - FP FN) / sqrt(P G (N-P) (N-G)); 1 where a factor is 0",
        reference: "Abhishek and Hamarneh 2021",
        ..FAMILY
    },
    make: |_| Ok(Mcc),
};
