//! Losses that look at a pixel's neighbourhood: functions of the probability plane of one class.
//!
//! A binary frame has one plane, that of the foreground; a multiclass frame one for every class but class 0, and the
//! loss is their mean, weighted by the class weights.

use super::sum::walk_gradient;
use super::walk::PrecisePass;
use super::walk::{Plane, PlanePass};
use super::{Call, Evaluation, Execute, Kernel, Pixel, Reads, split_scratch};
use crate::error::{Error, Result};
use crate::simd::Simd;
use crate::view::{Activation, Frame, Layout, Shape, Target, Weights, check_shares};

/// The plane of one class: probability, label and weight of every pixel.
///
/// A pixel without a label has weight 0 and target 0.
#[derive(Clone, Copy, Debug)]
pub struct ClassPlane<'a> {
    shape: Shape,
    /// The smaller of probability and complement, with the sign bit set if it is the complement: keeps the
    /// relative accuracy of both in one number.
    folded: &'a [f32],
    /// The logits of the probabilities, if they have some.
    logits: Option<&'a [f32]>,
    /// What rounding took from the probabilities, if that is known.
    rests: &'a [f32],
    targets: PlaneTarget<'a>,
    weights: Option<&'a [f32]>,
}

#[derive(Clone, Copy, Debug)]
enum PlaneTarget<'a> {
    Ids {
        ids: &'a [u8],
        class: u8,
        classes: usize,
    },
    /// The share of the class of pixel `i` is at `first + stride * i`.
    Shares {
        shares: &'a [f32],
        first: usize,
        stride: usize,
    },
}

impl<'a> ClassPlane<'a> {
    pub(super) fn new<const C: usize>(frame: &Frame<'a, C>, class: usize, folded: &'a [f32]) -> Self {
        let stride = if frame.layout() == Layout::Planar { 1 } else { frame.channels() };
        let first = if Frame::<C>::BINARY { 0 } else { frame.place(0, class) };
        let targets = match frame.target() {
            Target::Ids(ids) => PlaneTarget::Ids { ids, class: class as u8, classes: frame.classes() },
            Target::Shares(shares) => PlaneTarget::Shares { shares, first, stride },
        };
        let weights = frame.weights().map(|weights| weights.values());
        let logits =
            (Frame::<C>::BINARY && frame.activation() == Activation::Logits).then_some(frame.scores());
        Self { shape: frame.shape(), folded, logits, rests: &[], targets, weights }
    }
    /// The same plane with what rounding took from its probabilities.
    const fn with_rests(self, rests: &'a [f32]) -> Self {
        Self { rests, ..self }
    }
    /// Puts three planes together: [`ClassPlane::fold`]ed probabilities, labels from 0 to 1, and weights, 0 where a pixel
    /// is not scored. One pass.
    ///
    /// # Errors
    /// [`Error::Length`]; [`Error::Weight`] with the first bad weight; [`Error::Share`] with the first label, and
    /// [`Error::Parameter`] if a probability that is a number, is out of range.
    pub fn checked(shape: Shape, folded: &'a [f32], shares: &'a [f32], weights: &'a [f32]) -> Result<Self> {
        let expected = shape.pixels();
        for found in [folded.len(), shares.len()] {
            if found != expected {
                return Err(Error::Length { expected, found });
            }
        }
        if folded.iter().any(|f| *f < -0.5 || *f > 0.5) {
            return Err(Error::Parameter("folded"));
        }
        check_shares(shares)?;
        let weights = Some(Weights::new(shape, weights)?.values());
        let targets = PlaneTarget::Shares { shares, first: 0, stride: 1 };
        Ok(Self { shape, folded, logits: None, rests: &[], targets, weights })
    }
    /// The same plane with the logits that its probabilities come from: differences of probabilities that are nearly the
    /// same then keep all their digits, as in a binary frame.
    ///
    /// # Errors
    /// [`Error::Length`] if there is not one logit per pixel.
    pub fn with_logits(self, logits: &'a [f32]) -> Result<Self> {
        let (expected, found) = (self.shape.pixels(), logits.len());
        if found == expected {
            Ok(Self { logits: Some(logits), ..self })
        } else {
            Err(Error::Length { expected, found })
        }
    }
    /// How a plane holds the probability `p`: as it is up to 0.5, above as `-(1 - p)`.
    #[must_use]
    pub const fn fold(p: f32) -> f32 {
        if p > 0.5 { -(1.0 - p) } else { p }
    }
    /// Rows and columns.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        self.shape
    }
    /// `p` of a pixel.
    #[must_use]
    pub fn probability(&self, pixel: usize) -> f32 {
        unfold(self.folded.get(pixel).copied().unwrap_or(0.0))[0]
    }
    /// `1 - p` of a pixel, with its own relative accuracy.
    #[must_use]
    pub fn complement(&self, pixel: usize) -> f32 {
        unfold(self.folded.get(pixel).copied().unwrap_or(0.0))[1]
    }
    /// Whether `p` of a pixel is above 1/2, as its logit says where there is one.
    pub(super) fn is_foreground(&self, pixel: usize) -> bool {
        self.folded.get(pixel).is_some_and(|folded| folded.is_sign_negative())
    }
    /// Whether a pixel's share of the class is above 1/2.
    pub(super) fn is_labelled(&self, pixel: usize) -> bool {
        self.target(pixel) > 0.5
    }
    /// The logit of a pixel; NaN without one.
    pub(super) fn logit(&self, pixel: usize) -> f32 {
        self.logits.and_then(|logits| logits.get(pixel)).copied().unwrap_or(f32::NAN)
    }
    /// What rounding took from the probability of a pixel; 0 if that is not known.
    pub(super) fn rest(&self, pixel: usize) -> f32 {
        self.rests.get(pixel).copied().unwrap_or(0.0)
    }
    /// `g` of a pixel.
    #[must_use]
    pub fn target(&self, pixel: usize) -> f32 {
        match self.targets {
            PlaneTarget::Ids { ids, class, .. } => f32::from(u8::from(ids.get(pixel) == Some(&class))),
            PlaneTarget::Shares { shares, first, stride } => {
                let share = shares.get(first + stride * pixel).copied().unwrap_or(0.0);
                if self.weight(pixel) > 0.0 { share } else { 0.0 }
            }
        }
    }
    /// The weight of a pixel; 0 if it has no label.
    #[must_use]
    pub fn weight(&self, pixel: usize) -> f32 {
        let labelled = match self.targets {
            PlaneTarget::Ids { ids, classes, .. } => {
                ids.get(pixel).is_some_and(|id| usize::from(*id) < classes)
            }
            PlaneTarget::Shares { .. } => true,
        };
        let weight = self.weights.map_or(1.0, |weights| weights.get(pixel).copied().unwrap_or(0.0));
        if labelled { weight } else { 0.0 }
    }
    /// `p - g` without the cancellation of the difference.
    #[must_use]
    pub fn error(&self, pixel: usize) -> f32 {
        let g = self.target(pixel);
        (1.0 - g) * self.probability(pixel) - g * self.complement(pixel)
    }
}

/// Probability and complement from the smaller of both; see [`ClassPlane`].
#[inline(always)]
pub(super) const fn unfold(folded: f32) -> [f32; 2] {
    if folded.is_sign_negative() { [1.0 + folded, -folded] } else { [folded, 1.0 - folded] }
}

/// A loss of one class's plane: what a loss of place is, apart from softmax, classes and the chain rule.
///
/// [`Loss`](super::Loss) follows from it in three lines:
///
/// ```
/// use segmeter_core::{Result, loss::{Call, ClassPlane, Evaluation, Execute, Loss, SpatialLoss}};
/// use segmeter_core::view::{Frame, IGNORE, Labels, Shape};
/// /// The mean square of the difference of a pixel to the next one of its row, weights apart.
/// struct Smoothness;
/// impl SpatialLoss for Smoothness {
///     fn plane_scratch_len(&self, _: Shape) -> usize { 0 }
///     fn evaluate(&self, plane: &ClassPlane<'_>, _: &mut [u32], slope: Option<&mut [f32]>) -> Option<f64> {
///         let (width, pixels) = (plane.shape().width(), plane.shape().pixels());
///         let step = |pixel: usize| {
///             let is_last = (pixel + 1) % width == 0;
///             if is_last { 0.0 } else { plane.probability(pixel + 1) - plane.probability(pixel) }
///         };
///         for (pixel, slot) in slope.into_iter().flatten().enumerate() {
///             let before = if pixel % width == 0 { 0.0 } else { step(pixel - 1) };
///             *slot = 2.0 * (before - step(pixel)) / pixels as f32;
///         }
///         Some((0..pixels).map(|pixel| f64::from(step(pixel)).powi(2)).sum::<f64>() / pixels as f64)
///     }
/// }
/// impl Loss for Smoothness {
///     fn scratch_len(&self, shape: Shape) -> usize { self.frame_scratch_len(shape) }
///     fn check<const C: usize>(&self, frame: &Frame<'_, C>) -> Result<()> { self.check_shape(frame.shape()) }
///     fn run<X: Execute, const C: usize>(&self, call: Call<'_, X, C>) -> Result<Evaluation> { self.run_frame(call) }
/// }
/// let frame = Frame::new(&[0.0, 0.0, 50.0], Labels::new(Shape::new(1, 3)?, &[0, 0, 1], IGNORE)?)?;
/// let (mut scratch, mut gradient) = (vec![0; Smoothness.frame_scratch_len(frame.shape())], [0.0; 3]);
/// assert_eq!(Smoothness.value_and_gradient(&frame, &mut scratch, &mut gradient)?.value, 0.083333336);
/// assert_eq!(gradient[1], -0.083333336);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
pub trait SpatialLoss: Sync {
    /// Whether it can be undefined for one class of a frame and defined for another: then a pass more finds out.
    fn is_partial(&self) -> bool {
        false
    }

    /// Whether it takes differences of neighbours, which can be less than the rounding of their probabilities. A frame
    /// then needs one plane more.
    fn compares_neighbours(&self) -> bool {
        false
    }

    /// Refuses a shape for which the loss is not defined. What a sum of losses refuses it must know before its first part
    /// has written: [`Loss::check`](super::Loss::check) is to call this.
    ///
    /// # Errors
    /// [`Error::Unsupported`].
    fn check_shape(&self, shape: Shape) -> Result<()> {
        let _ = shape;
        Ok(())
    }

    /// Scratch words of [`SpatialLoss::evaluate`]. A frame needs more: [`SpatialLoss::frame_scratch_len`].
    fn plane_scratch_len(&self, shape: Shape) -> usize;

    /// The value (`None` where it is 0/0), and the derivative with respect to every pixel's probability
    /// written over `slope`, which holds one `f32` per pixel.
    fn evaluate(&self, plane: &ClassPlane<'_>, scratch: &mut [u32], slope: Option<&mut [f32]>)
    -> Option<f64>;

    /// [`Loss::scratch_len`](super::Loss::scratch_len): two planes beside what the loss itself needs, three if it compares
    /// neighbours.
    fn frame_scratch_len(&self, shape: Shape) -> usize {
        2 * shape.pixels() + rests_len(self, shape) + self.plane_scratch_len(shape)
    }

    /// [`Loss::run`](super::Loss::run): the mean over the classes but class 0. Passes: one for every class beside what the
    /// loss itself does, and one more with gradient.
    ///
    /// # Errors
    /// As [`Loss::run`](super::Loss::run).
    fn run_frame<X: Execute, const C: usize>(&self, mut call: Call<'_, X, C>) -> Result<Evaluation>
    where
        Self: Sized,
    {
        let shape = call.frame.shape();
        call.begin(self.check_shape(shape), self.frame_scratch_len(shape))?;
        let Call { executor, frame, weight, scratch, mut gradient, .. } = call;
        let pixels = shape.pixels();
        let lengths = [pixels, pixels, rests_len(self, shape)];
        let (planes, scratch) = split_scratch(scratch, lengths, self.frame_scratch_len(shape))?;
        let [folded, slope, rests] = planes.map(bytemuck::must_cast_slice_mut::<u32, f32>);
        // A binary frame has its logits, given probabilities are not rounded.
        let is_precise =
            !Frame::<C>::BINARY && frame.activation() == Activation::Logits && self.compares_neighbours();
        let rests = if is_precise { rests } else { &mut [] };
        let fold = |class: usize, folded: &mut [f32], rests: &mut [f32]| {
            if is_precise {
                executor.execute(&PrecisePass { frame, class }, shape.height(), &mut [folded, rests]);
            } else {
                let job = PlanePass { frame, what: Plane::Folded(class) };
                executor.execute(&job, shape.height(), &mut [folded]);
            }
        };
        let mut total = 0.0;
        for class in 1..frame.classes() {
            let counts = !self.is_partial() || Frame::<C>::BINARY || {
                fold(class, folded, rests);
                self.evaluate(&ClassPlane::new(&frame, class, folded), scratch, None).is_some()
            };
            total += if counts { frame.class_weight(class) } else { 0.0 };
        }
        let mut sum = None;
        for class in 1..frame.classes() {
            let share = frame.class_weight(class) / total;
            if share.is_nan() || share <= 0.0 {
                continue;
            }
            fold(class, folded, rests);
            let plane = ClassPlane::new(&frame, class, folded).with_rests(rests);
            let wanted = gradient.is_some().then_some(&mut *slope);
            let Some(value) = self.evaluate(&plane, scratch, wanted) else { continue };
            *sum.get_or_insert(0.0) += share * value;
            if let Some(gradient) = gradient.as_deref_mut() {
                let mut slopes = [0.0; C];
                if let Some(slope) = slopes.get_mut(class) {
                    *slope = share as f32;
                }
                walk_gradient(Chain, executor, &frame.with_map(slope)?, (slopes, weight), gradient);
            }
        }
        Ok(sum.map_or(Evaluation::UNDEFINED, Evaluation::new))
    }
}

/// Scratch words for what rounding takes from probabilities.
fn rests_len<L: SpatialLoss + ?Sized>(loss: &L, shape: Shape) -> usize {
    if loss.compares_neighbours() { shape.pixels() } else { 0 }
}

/// Makes [`super::Loss`] of a [`SpatialLoss`].
macro_rules! spatial_loss {
    ($loss:ty) => {
        impl $crate::loss::Loss for $loss {
            fn scratch_len(&self, shape: $crate::view::Shape) -> usize {
                $crate::loss::SpatialLoss::frame_scratch_len(self, shape)
            }
            fn check<const C: usize>(&self, frame: &$crate::view::Frame<'_, C>) -> $crate::error::Result<()> {
                $crate::loss::SpatialLoss::check_shape(self, frame.shape())
            }
            fn run<X: $crate::loss::Execute, const C: usize>(
                &self,
                call: $crate::loss::Call<'_, X, C>,
            ) -> $crate::error::Result<$crate::loss::Evaluation> {
                $crate::loss::SpatialLoss::run_frame(self, call)
            }
        }
    };
}
pub(super) use spatial_loss;

/// Takes derivatives with respect to a class's probability, its map, on to the scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chain;

impl Kernel for Chain {
    type Terms<T: Copy + Send> = [T; 1];
    type Slope = f32;
    const READS: Reads = Reads::Classes;
    #[inline(always)]
    fn terms<S: Simd>(&self, s: S, _: &Pixel<S::V>) -> [S::V; 1] {
        [s.splat(0.0)]
    }
    #[inline(always)]
    fn slope<S: Simd>(&self, s: S, slope: &f32, pixel: &Pixel<S::V>) -> S::V {
        pixel.map * s.splat(*slope)
    }
}
