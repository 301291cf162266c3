//! Losses of place on a map that is given: what is left of them once the distances, edges or skeletons of the labels are
//! known.
//!
//! Maps depend on labels alone. Where they are made beforehand, or by other means, these losses are sums over pixels: a
//! frame streams through them row by row ([`Sums`](super::Sums), then [`Fit::add_gradient`](super::Fit::add_gradient)),
//! in any order, without scratch, to the same bits as the whole losses. [`super::boundary::maps`] makes every map;
//! [`Frame::with_map`](crate::view::Frame::with_map) joins it to a frame. Without one the map is 0.
//!
//! Passes: 1 for value and gradient together, 2 with gradient for [`BoundaryDouOnMap`] and [`SkeletonRecallOnMap`].
//!
//! ```
//! use segmeter_core::loss::{Boundary, Loss, Serial, Sums, mapped::BoundaryOnMap};
//! use segmeter_core::view::{Frame, IGNORE, Labels, Shape};
//! let (logits, ids) = ([2.0, 1.0, -1.0, -2.0], [1, 1, 0, 0]);
//! let map = [-1.0, 0.0, 1.0, 2.0]; // signed distance in the convention of Kervadec
//! let (loss, row) = (BoundaryOnMap::new(1), Shape::new(1, 2)?);
//! let mut sums = Sums::of(&loss);
//! for ((logits, ids), map) in logits.chunks(2).zip(ids.chunks(2)).zip(map.chunks(2)) {
//!     let frame = Frame::new(logits, Labels::new(row, ids, IGNORE)?)?.with_map(map)?;
//!     sums.push(&Serial::SCALAR, &frame);
//! }
//! assert_eq!(sums.fit(&loss, None)?.evaluation.value, -0.09336245);
//!
//! let shape = Shape::new(1, 4)?;
//! let frame = Frame::new(&logits, Labels::new(shape, &ids, IGNORE)?)?;
//! let mut scratch = vec![0; Boundary::scratch_len(shape)];
//! assert_eq!(Boundary::KERVADEC.value(&frame, &mut scratch)?.value, -0.09336245);
//! # Ok::<(), segmeter_core::Error>(())
//! ```

use super::distribution::{mean_loss, pointwise_kernel};
use super::region::{error, weighted_error};
use super::sum::Tally;
use super::{ClassAveraging, Kernel, Pixel, Reads, Slopes, SumLoss, check_weight};
use crate::error::Result;
use crate::simd::Simd;

/// [`Boundary`](super::Boundary) of one class on its signed distances: the mean of `map p`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoundaryOnMap {
    class: u8,
}

impl BoundaryOnMap {
    /// Of class `class`; 1 if binary.
    #[must_use]
    pub const fn new(class: u8) -> Self {
        Self { class }
    }
}

/// [`HausdorffDistance`](super::HausdorffDistance) of one class on powers of distances: the mean of `map (p - g)^2`. With
/// `d^a`, `d` the distance to the other side of the labels, it is the loss of [`Sides::Label`](super::Sides::Label).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HausdorffOnMap {
    class: u8,
}

impl HausdorffOnMap {
    /// Of class `class`; 1 if binary.
    #[must_use]
    pub const fn new(class: u8) -> Self {
        Self { class }
    }
}

/// Makes [`SumLoss`] of the mean over all pixels of a term of one class.
macro_rules! class_mean_loss {
    ($loss:ty, $factor:expr, |$s:ident, $pixel:ident| $term:expr, $slope:expr) => {
        impl Kernel for $loss {
            type Terms<T: Copy + Send> = [T; 1];
            type Slope = f32;
            const READS: Reads = Reads::Classes;
            const SLOPES: Slopes = Slopes::OfMasses;
            #[inline(always)]
            fn terms<S: Simd>(&self, $s: S, $pixel: &Pixel<S::V>) -> [S::V; 1] {
                let _ = $s;
                [$term]
            }
            #[inline(always)]
            fn slope<S: Simd>(&self, $s: S, slope: &f32, $pixel: &Pixel<S::V>) -> S::V {
                $slope * $s.splat(*slope)
            }
        }

        impl SumLoss for $loss {
            type Kernel = Self;

            fn kernel(&self) -> Self {
                *self
            }
            fn fit(&self, tally: &Tally<'_, [f64; 1]>, slopes: &mut [f32]) -> Option<f64> {
                let (class, weight) = (usize::from(self.class), tally.weight());
                *slopes.get_mut(class)? = tally.bounded($factor / weight);
                tally.sums.get(class).map(|[sum]| sum / weight)
            }
        }
    };
}

class_mean_loss!(
    BoundaryOnMap,
    1.0,
    |s, pixel| (pixel.mass.foreground + pixel.mass.background) * pixel.map * pixel.probability,
    (pixel.mass.foreground + pixel.mass.background) * pixel.map
);
class_mean_loss!(
    HausdorffOnMap,
    2.0,
    |s, pixel| weighted_error(s, pixel) * error(s, pixel) * pixel.map,
    weighted_error(s, pixel) * pixel.map
);

/// [`DistancePenalised`](super::DistancePenalised) on its map: the mean of `(1 + map) (-ln p)` of each pixel's label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DistancePenalisedOnMap;

impl DistancePenalisedOnMap {
    #[inline(always)]
    fn cost<S: Simd>(&self, s: S, pixel: &Pixel<S::V>) -> S::V {
        self.pull(s, pixel) * pixel.log
    }
    #[inline(always)]
    fn pull<S: Simd>(&self, s: S, pixel: &Pixel<S::V>) -> S::V {
        pixel.mass.foreground * (s.splat(1.0) + pixel.map)
    }
}

pointwise_kernel!(DistancePenalisedOnMap);
mean_loss!(DistancePenalisedOnMap);

/// [`BoundaryDou`](super::BoundaryDou) on a map that is 1 at contours and 0 elsewhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoundaryDouOnMap {
    smooth: f32,
}

impl BoundaryDouOnMap {
    /// `smooth` in `[0, inf)`.
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter).
    pub const fn new(smooth: f32) -> Result<Self> {
        match check_weight(smooth, "smooth") {
            Ok(smooth) => Ok(Self { smooth }),
            Err(e) => Err(e),
        }
    }
}

impl Kernel for BoundaryDouOnMap {
    type Terms<T: Copy + Send> = [T; 4];
    /// Derivatives with respect to the intersection and the squared error.
    type Slope = [f32; 3];
    const READS: Reads = Reads::Classes;
    #[inline(always)]
    fn terms<S: Simd>(&self, s: S, pixel: &Pixel<S::V>) -> [S::V; 4] {
        let foreground = pixel.mass.foreground;
        [
            foreground * pixel.probability,
            weighted_error(s, pixel) * error(s, pixel),
            pixel.target.foreground * pixel.map,
            pixel.target.foreground,
        ]
    }
    #[inline(always)]
    fn slope<S: Simd>(&self, s: S, [intersection, squared, _]: &[f32; 3], pixel: &Pixel<S::V>) -> S::V {
        pixel.mass.foreground * s.splat(*intersection) + weighted_error(s, pixel) * s.splat(2.0 * *squared)
    }
}

impl SumLoss for BoundaryDouOnMap {
    type Kernel = Self;

    fn kernel(&self) -> Self {
        *self
    }
    fn fit(&self, tally: &Tally<'_, [f64; 4]>, slopes: &mut [[f32; 3]]) -> Option<f64> {
        let smooth = f64::from(self.smooth);
        let one = |[intersection, error, contour, area]: &[f64; 4], _: [f64; 2]| {
            let ratio = if *area > 0.0 { contour / area } else { 0.0 };
            let share = f64::min(2.0 * (1.0 - ratio) - 1.0, 0.8);
            let denominator = error + (1.0 - share) * intersection + smooth;
            if denominator <= 0.0 {
                return None;
            }
            let loss = (error + smooth) / denominator;
            Some((loss, [-(1.0 - share) * loss / denominator, (1.0 - loss) / denominator, 0.0]))
        };
        ClassAveraging::DEFAULT.mean(tally, slopes, one, |_| (0.0, [0.0; 3]))
    }
}

/// [`SkeletonRecall`](super::SkeletonRecall) on a map that is 1 in the tube around the skeleton of each class and 0
/// elsewhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SkeletonRecallOnMap {
    smooth: f32,
}

impl SkeletonRecallOnMap {
    /// A smoothing of 1.
    pub const PAPER: Self = Self { smooth: 1.0 };

    /// `smooth` in `[0, inf)`.
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter).
    pub const fn new(smooth: f32) -> Result<Self> {
        match check_weight(smooth, "smooth") {
            Ok(smooth) => Ok(Self { smooth }),
            Err(e) => Err(e),
        }
    }
}

impl Kernel for SkeletonRecallOnMap {
    type Terms<T: Copy + Send> = [T; 2];
    type Slope = f32;
    const READS: Reads = Reads::Classes;
    #[inline(always)]
    fn terms<S: Simd>(&self, _: S, pixel: &Pixel<S::V>) -> [S::V; 2] {
        let mass = pixel.mass.foreground * pixel.map;
        [mass * pixel.complement, mass]
    }
    #[inline(always)]
    fn slope<S: Simd>(&self, s: S, slope: &f32, pixel: &Pixel<S::V>) -> S::V {
        pixel.mass.foreground * pixel.map * s.splat(*slope)
    }
}

impl SumLoss for SkeletonRecallOnMap {
    type Kernel = Self;

    fn kernel(&self) -> Self {
        *self
    }
    fn fit(&self, tally: &Tally<'_, [f64; 2]>, slopes: &mut [f32]) -> Option<f64> {
        let (mut sum, mut weights) = (0.0, 0.0);
        let smooth = f64::from(self.smooth);
        let classes = || tally.sums.iter().enumerate().skip(1).filter(|(_, [_, tube])| tube + smooth > 0.0);
        for (class, [missed, tube]) in classes() {
            sum += tally.class_weight(class) * missed / (tube + smooth);
            weights += tally.class_weight(class);
        }
        for (class, [_, tube]) in classes() {
            if let Some(slope) = slopes.get_mut(class) {
                *slope = tally.bounded(-tally.class_weight(class) / weights / (tube + smooth));
            }
        }
        (weights > 0.0).then(|| sum / weights)
    }
}
