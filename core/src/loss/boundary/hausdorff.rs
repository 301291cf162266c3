//! Hausdorff distance loss by distance transforms.

use super::FAMILY;
use super::maps;
use crate::error::{Error, Result};
use crate::loss::entry::{DISTANCE_EXPONENT, Entry, Listed, SIDES, Values};
use crate::loss::spatial::{ClassPlane, SpatialLoss, spatial_loss};
use crate::num::ExactSum;
use crate::plane::distance;
use crate::view::Shape;

/// Which contours errors are weighed by the distance to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Sides {
    /// The labels' and the prediction's.
    #[default]
    Both,
    /// The labels' only.
    Label,
    /// The prediction's only.
    Prediction,
}

/// Hausdorff distance loss: `sum w (p - g)^2 (d_p^a + d_g^a) / sum w`.
///
/// `d` is the distance of a pixel to the nearest pixel on the other side of a mask, `d_g` of the mask `g >
/// 1/2`, `d_p` of the mask `p > 1/2`; 0 everywhere if that mask is empty or full, so that two opposite
/// uniform masks give 0. The distances are constant in the gradient: `2 w (p - g) (d_p^a + d_g^a) / sum w`. A
/// pixel without weight is on neither side. Undefined without any weight.
///
/// Range `[0, 2 D^a]` with the diagonal `D`. Two distance transforms and two passes per mask; scratch: three
/// words per pixel and two per column. Source: Karimi and Salcudean 2019.
///
/// ```
/// use segmeter_core::{loss::{HausdorffDistance, Loss, Sides}, view::{Frame, IGNORE, Labels, Shape}};
/// let shape = Shape::new(1, 4)?;
/// let frame = Frame::new(&[2.0, 1.0, -3.0, 4.0], Labels::new(shape, &[1, 0, 0, 0], IGNORE)?)?;
/// let loss = HausdorffDistance::new(2.0, Sides::Both)?;
/// let mut scratch = vec![0; loss.scratch_len(shape)];
/// assert_eq!(loss.value(&frame, &mut scratch)?.value, 2.6986742);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HausdorffDistance {
    exponent: f32,
    sides: Sides,
}

impl HausdorffDistance {
    /// `exponent` is `a`.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless `exponent` is above 0 and at most 4.
    pub const fn new(exponent: f32, sides: Sides) -> Result<Self> {
        if exponent > 0.0 && exponent <= 4.0 {
            Ok(Self { exponent, sides })
        } else {
            Err(Error::Parameter("exponent"))
        }
    }

    /// `d^a` of a squared distance.
    fn power(self, square: u32) -> f32 {
        const ONE: u32 = 1_f32.to_bits();
        const TWO: u32 = 2_f32.to_bits();
        match self.exponent.to_bits() {
            ONE => libm::sqrtf(square as f32),
            TWO => square as f32,
            _ => libm::powf(square as f32, self.exponent * 0.5),
        }
    }
}

impl SpatialLoss for HausdorffDistance {
    fn check_shape(&self, shape: Shape) -> Result<()> {
        distance::check(shape)
    }

    fn plane_scratch_len(&self, shape: Shape) -> usize {
        maps::distance_scratch_len(shape)
    }

    fn evaluate(
        &self,
        plane: &ClassPlane<'_>,
        scratch: &mut [u32],
        mut slope: Option<&mut [f32]>,
    ) -> Option<f64> {
        let pixels = plane.shape().pixels();
        let (squares, scratch) = scratch.split_at_mut_checked(pixels)?;
        let inverse = 1.0 / total_weight(plane)?;
        if let Some(slope) = slope.as_deref_mut() {
            slope.fill(0.0);
        }
        let mut sum = ExactSum::default();
        let used = |label: bool| self.sides == Sides::Both || label == (self.sides == Sides::Label);
        for label in [true, false].into_iter().filter(|label| used(*label)) {
            let inside =
                |pixel: usize| if label { plane.is_labelled(pixel) } else { plane.is_foreground(pixel) };
            for side in [true, false] {
                let there = |pixel: usize| plane.weight(pixel) > 0.0 && inside(pixel) == side;
                if !distance::squared(plane.shape(), there, scratch, squares).ok()? {
                    continue;
                }
                let here = |pixel: usize| plane.weight(pixel) > 0.0 && inside(pixel) != side;
                for (pixel, square) in squares.iter().enumerate().filter(|(pixel, _)| here(*pixel)) {
                    let share = (f64::from(plane.weight(pixel)) * inverse) as f32;
                    let error = plane.error(pixel);
                    let product = share * error * self.power(*square);
                    sum.add(error * product);
                    if let Some(slot) = slope.as_deref_mut().and_then(|slope| slope.get_mut(pixel)) {
                        *slot += 2.0 * product;
                    }
                }
            }
        }
        Some(if inverse.is_nan() { inverse } else { sum.value() })
    }
}

spatial_loss!(HausdorffDistance);

/// Logarithm of the Hausdorff distance loss: `ln(1 + l)` of the loss `l` of each mask.
///
/// Squares of distances make a frame with one far error outweigh all others of a batch; the logarithm keeps it in
/// proportion, and has the same minimum. The gradient is that of `l` over `1 + l`. (MONAI takes the logarithm of the mean
/// over classes, we the mean of their logarithms; of one mask both are the same.) Range `[0, ln(1 + 2 D^a)]`. Passes and
/// scratch: those of [`HausdorffDistance`]. Source: MONAI `LogHausdorffDTLoss`, after Karimi and Salcudean 2019.
///
/// ```
/// use segmeter_core::{loss::{LogHausdorff, HausdorffDistance, Loss, Sides}, view::{Frame, IGNORE, Labels, Shape}};
/// let shape = Shape::new(1, 4)?;
/// let frame = Frame::new(&[2.0, 1.0, -3.0, 4.0], Labels::new(shape, &[1, 0, 0, 0], IGNORE)?)?;
/// let loss = LogHausdorff::new(HausdorffDistance::new(2.0, Sides::Both)?);
/// let mut scratch = vec![0; loss.scratch_len(shape)];
/// assert_eq!(loss.value(&frame, &mut scratch)?.value, 1.3079745);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogHausdorff {
    inner: HausdorffDistance,
}

impl LogHausdorff {
    /// Of this Hausdorff distance loss.
    #[must_use]
    pub const fn new(inner: HausdorffDistance) -> Self {
        Self { inner }
    }
}

impl SpatialLoss for LogHausdorff {
    fn check_shape(&self, shape: Shape) -> Result<()> {
        self.inner.check_shape(shape)
    }

    fn plane_scratch_len(&self, shape: Shape) -> usize {
        self.inner.plane_scratch_len(shape)
    }

    fn evaluate(
        &self,
        plane: &ClassPlane<'_>,
        scratch: &mut [u32],
        mut slope: Option<&mut [f32]>,
    ) -> Option<f64> {
        let value = self.inner.evaluate(plane, scratch, slope.as_deref_mut())?;
        let factor = (1.0 / (1.0 + value)) as f32;
        slope.into_iter().flatten().for_each(|slope| *slope *= factor);
        Some(libm::log1p(value))
    }
}

spatial_loss!(LogHausdorff);

/// The sum of the weights; `None` if it is zero, NaN if a scored probability is.
fn total_weight(plane: &ClassPlane<'_>) -> Option<f64> {
    let mut sum = ExactSum::default();
    for pixel in 0..plane.shape().pixels() {
        let weight = plane.weight(pixel);
        sum.add(if weight > 0.0 && plane.probability(pixel).is_nan() { f32::NAN } else { weight });
    }
    Some(sum.value()).filter(|total| *total != 0.0)
}

pub(in crate::loss) const HAUSDORFF_DISTANCE: Listed<HausdorffDistance> = Listed {
    entry: Entry {
        name: "hausdorff_distance",
        synonyms: &["hausdorff_dt"],
        passes: "per class: 5 + 1, 4 distance transforms",
        quantised: false,
        scratch: "u32[3*pixels+2*width]",
        parameters: &[DISTANCE_EXPONENT, SIDES],
        definition: "mean of (p-g)^2 (d_p^exponent + d_g^exponent), distances constant in the gradient",
        reference: "Karimi and Salcudean 2019",
        ..FAMILY
    },
    make: hausdorff,
};

fn hausdorff(values: &Values<'_>) -> Result<HausdorffDistance> {
    let sides = [("both", Sides::Both), ("label", Sides::Label), ("prediction", Sides::Prediction)];
    HausdorffDistance::new(values.float("exponent")?, values.choice("sides", &sides)?)
}

pub(in crate::loss) const LOG_HAUSDORFF: Listed<LogHausdorff> = Listed {
    entry: Entry {
        name: "log_hausdorff",
        synonyms: &["log_hausdorff_dt"],
        definition: "ln(1 + hausdorff_distance), class by class",
        reference: "MONAI LogHausdorffDTLoss",
        ..HAUSDORFF_DISTANCE.entry
    },
    make: |values| hausdorff(values).map(LogHausdorff::new),
};
