//! Skeleton recall.

use crate::error::{Error, Result};
use crate::loss::boundary::{check_map, mapped_loss, maps, scored};
use crate::loss::sum::Tally;
use crate::loss::{Evaluation, Execute, Loss, Pixel, SumLoss, check_gradient, check_weight, split_scratch};
use crate::simd::Simd;
use crate::view::{Frame, Shape};

/// Skeleton recall loss: `1 - (sum(w p t) + s) / (sum(w t) + s)` on a tube `t` around the skeleton of the labels.
///
/// The skeleton of each class (Zhang and Suen's thinning in the form of scikit-image) is dilated `dilations` times by the
/// cross of 4 neighbours and cut with the class. The cheapest loss for thin structures: the map depends on the labels
/// alone. Only recall, so pair it with Dice. Range [0, 1]. Scratch: one word per pixel and what thinning needs. Passes: 2
/// with gradient. Source: Kirchhoff et al. 2024.
///
/// ```
/// use segmeter_core::{loss::{Loss, SkeletonRecall}, view::{Frame, IGNORE, Labels, Shape}};
/// let shape = Shape::new(1, 4)?;
/// let frame = Frame::new(&[2.0, 1.0, -1.0, -2.0], Labels::new(shape, &[1, 1, 0, 0], IGNORE)?)?;
/// let mut scratch = vec![0; SkeletonRecall::scratch_len(shape)];
/// assert_eq!(SkeletonRecall::PAPER.value(&frame, &mut scratch)?.value, 0.12938145);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SkeletonRecall {
    smooth: f32,
    dilations: u32,
}

impl SkeletonRecall {
    /// A smoothing of 1, dilated twice.
    pub const PAPER: Self = Self { smooth: 1.0, dilations: 2 };

    /// `smooth` in `[0, inf)`; at most 1000 dilations.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub const fn new(smooth: f32, dilations: u32) -> Result<Self> {
        match check_weight(smooth, "smooth") {
            Ok(smooth) if dilations <= 1000 => Ok(Self { smooth, dilations }),
            Ok(_) => Err(Error::Parameter("dilations")),
            Err(e) => Err(e),
        }
    }
}

mapped_loss!(
    SkeletonRecall,
    self,
    maps::tube_scratch_len,
    RecallOnTube(self.smooth),
    |shape, ids, classes, rest, map| { maps::tubes(shape, &ids, 1..classes, self.dilations, rest, map) }
);

/// Recall on the pixels of a class whose map is 1.
#[derive(Clone, Copy)]
struct RecallOnTube(f32);

impl SumLoss for RecallOnTube {
    type Terms<T: Copy + Send> = [T; 2];
    type Slope = f32;
    const POINTWISE: bool = false;

    fn fill<T: Copy + Send>(value: T) -> [T; 2] {
        [value; 2]
    }
    #[inline(always)]
    fn terms<S: Simd>(&self, _: S, pixel: &Pixel<S::V>) -> [S::V; 2] {
        let mass = pixel.mass.foreground * pixel.map;
        [mass * pixel.complement, mass]
    }
    fn fit(&self, tally: &Tally<'_, [f64; 2]>, slopes: &mut [f32]) -> Option<f64> {
        let (mut sum, mut weights) = (0.0, 0.0);
        let smooth = f64::from(self.0);
        let classes = || tally.sums.iter().enumerate().skip(1).filter(|(_, [_, tube])| tube + smooth > 0.0);
        for (class, [missed, tube]) in classes() {
            sum += tally.class_weight(class) * missed / (tube + smooth);
            weights += tally.class_weight(class);
        }
        for (class, [_, tube]) in classes() {
            if let Some(slope) = slopes.get_mut(class) {
                *slope = (-tally.class_weight(class) / weights / (tube + smooth)) as f32;
            }
        }
        (weights > 0.0).then(|| sum / weights)
    }
    #[inline(always)]
    fn slope<S: Simd>(&self, s: S, slope: &f32, pixel: &Pixel<S::V>) -> S::V {
        pixel.mass.foreground * pixel.map * s.splat(*slope)
    }
}
