//! Weighted means of a cost per pixel: what most losses here are.

use super::Normalise;
use crate::loss::sum::Tally;

/// `sum_c k_c S_c` with `k_c = v_c scale(c) / divisor`, and `k_c` as the slopes.
pub(in crate::loss) fn mean<'a>(
    tally: &Tally<'_, [f64; 1]>,
    normalise: Normalise,
    scale: impl Fn(usize) -> f64,
    slopes: impl IntoIterator<Item = &'a mut f32>,
) -> Option<f64> {
    let divisor = divisor(tally, normalise)?;
    let mut value = 0.0;
    for (class, ([sum], slope)) in tally.sums.iter().zip(slopes).enumerate() {
        let factor = tally.class_weight(class) * scale(class) / divisor;
        value += factor * sum;
        *slope = tally.bounded(factor);
    }
    Some(value)
}

pub(in crate::loss) fn divisor<T>(tally: &Tally<'_, T>, normalise: Normalise) -> Option<f64> {
    let weight = |class| if normalise == Normalise::Count { 1.0 } else { tally.class_weight(class) };
    let divisor: f64 = tally.masses.iter().enumerate().map(|(class, mass)| mass * weight(class)).sum();
    (divisor > 0.0).then_some(divisor)
}

/// A kernel with one sum per class: `cost` is a summand, `pull` is `-d cost / d ln p`.
macro_rules! pointwise_kernel {
    ($kernel:ty) => {
        pointwise_kernel!($kernel, Label);
    };
    ($kernel:ty, $reads:ident) => {
        impl $crate::loss::Kernel for $kernel {
            type Terms<T: Copy + Send> = [T; 1];
            /// What the cost of a pixel of this class is multiplied by.
            type Slope = f32;
            const READS: $crate::loss::Reads = $crate::loss::Reads::$reads;
            const SLOPES: $crate::loss::Slopes = $crate::loss::Slopes::OfMasses;
            #[inline(always)]
            fn terms<S: Simd>(&self, s: S, pixel: &Pixel<S::V>) -> [S::V; 1] {
                [self.cost(s, pixel)]
            }
            #[inline(always)]
            fn slope<S: Simd>(&self, s: S, slope: &f32, pixel: &Pixel<S::V>) -> S::V {
                // The weight first: by the divisor it is a share, which no pull takes out of range.
                let ($crate::simd::Masses { background, foreground }, slope) = (pixel.mass, s.splat(*slope));
                let (background, foreground) = (background * slope, foreground * slope);
                let mass = $crate::simd::Masses { background, foreground };
                self.pull(s, &Pixel { mass, ..*pixel })
            }
        }
    };
}
pub(in crate::loss) use pointwise_kernel;

/// A loss that is a [`mean`] of a pointwise kernel: of its own unless one is given.
macro_rules! mean_loss {
    ($loss:ty) => {
        mean_loss!($loss, self, tally => ($crate::loss::distribution::Normalise::Weights, |_| 1.0));
    };
    ($loss:ty, $self:ident, $tally:ident => ($normalise:expr, $scale:expr)) => {
        mean_loss!($loss, $loss, $self, *$self, $tally => ($normalise, $scale));
    };
    ($loss:ty, $kernel:ty, $self:ident, $made:expr, $tally:ident => ($normalise:expr, $scale:expr)) => {
        impl $crate::loss::SumLoss for $loss {
            type Kernel = $kernel;

            fn kernel(&$self) -> $kernel {
                $made
            }
            fn fit(&$self, $tally: &Tally<'_, [f64; 1]>, slopes: &mut [f32]) -> Option<f64> {
                $crate::loss::distribution::mean($tally, $normalise, $scale, slopes)
            }
        }
    };
}
pub(in crate::loss) use mean_loss;
