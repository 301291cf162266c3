//! Hausdorff distance by convolution: errors weighted by the discs that fit around them.

use super::FAMILY;
use crate::error::{Error, Result};
use crate::loss::entry::{Entry, Listed, Parameter, Values};
use crate::loss::grid::{row, rows_of, scored, split, start};
use crate::loss::{ClassPlane, SpatialLoss};
use crate::num::ExactSum;
use crate::view::Shape;
use bytemuck::must_cast_slice_mut;

/// `sum(w (p-g)^2 (p F + g N)) / sum(w)` with
/// `F = sum over r of r^exponent (t_r(not g') + t_r(p'))` and
/// `N = sum over r of r^exponent (t_r(g') + t_r(not p'))`.
///
/// `p'` and `g'` are the masks of `p > 0.5` and `g > 0.5`, `not` their complements in the frame. `t_r(m)`
/// at a pixel is `max(0, share - 1/2)`, where `share` is the number of pixels of `m` in the disc
/// `dx^2 + dy^2 <= r^2` around it by the number of pixels of the whole disc. Pixels outside the frame, or not
/// scored, are in no mask. Radii are `step, 2 step, .., scales step`. `(p-g)^2 p` stands for prediction without
/// label, `(p-g)^2 g` for label without prediction.
///
/// The thresholded convolutions are counts, exact, and constants in the derivative, which is
/// `w (2 (p-g) (p F + g N) + (p-g)^2 F) / sum(w)`.
///
/// Range `[0, inf)`. Scratch: 4 words per pixel and 4 rows. Passes: 2, the second over every row of every disc.
/// Source: Karimi and Salcudean 2019.
///
/// ```
/// use segmeter_core::{loss::{ClassPlane, HausdorffConvolution, SpatialLoss}, view::Shape};
/// let (shape, mut slope) = (Shape::new(3, 3)?, [0.0; 9]);
/// let plane = ClassPlane::checked(shape, &[-0.125; 9], &[0.0; 9], &[1.0; 9])?;
/// let mut scratch = [0; 2 * 9 + 4 * 3];
/// let value = HausdorffConvolution::new(2.0, 1, 2)?.evaluate(&plane, &mut scratch, Some(&mut slope));
/// assert_eq!(value.map(|v| v as f32), Some(0.51876));
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HausdorffConvolution {
    exponent: f32,
    step: u32,
    scales: u32,
}

impl HausdorffConvolution {
    /// Exponent 2, radii 3, 6, .., 18.
    pub const PAPER: Self = Self { exponent: 2.0, step: 3, scales: 6 };
    /// The largest radius.
    pub const MAX_RADIUS: u32 = 127;

    /// `exponent` in `[0, 8]`; the largest radius, `step * scales`, in `[1, MAX_RADIUS]`.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub const fn new(exponent: f32, step: u32, scales: u32) -> Result<Self> {
        if !(exponent >= 0.0 && exponent <= 8.0) {
            return Err(Error::Parameter("exponent"));
        }
        if step == 0 || step > Self::MAX_RADIUS {
            return Err(Error::Parameter("step"));
        }
        if scales == 0 || scales > Self::MAX_RADIUS || step * scales > Self::MAX_RADIUS {
            return Err(Error::Parameter("scales"));
        }
        Ok(Self { exponent, step, scales })
    }

    /// `F` and `N` of a row.
    fn factors(&self, y: usize, [masks, scored]: [&[u32]; 2], rows: &mut Rows<'_>) {
        let width = rows.masks.len();
        rows.false_positive.fill(0.0);
        rows.false_negative.fill(0.0);
        for radius in (1..=self.scales).map(|scale| scale * self.step) {
            rows.masks.fill(0);
            rows.scored.fill(0);
            let mut area = 0;
            for dy in 0..=2 * radius {
                let half = (radius * radius - dy.abs_diff(radius).pow(2)).isqrt();
                area += 2 * half + 1;
                if let Some(y) = (y + dy as usize).checked_sub(radius as usize) {
                    add_runs(rows.masks, row(masks, y, width), half as usize);
                    add_runs(rows.scored, row(scored, y, width), half as usize);
                }
            }
            let factor = libm::pow(f64::from(radius), f64::from(self.exponent)) / (2.0 * f64::from(area));
            let over = |count: u32| (2 * count).saturating_sub(area);
            let counts = rows.masks.iter().zip(rows.scored.iter());
            let factors = rows.false_positive.iter_mut().zip(rows.false_negative.iter_mut());
            for ((masks, all), (positive, negative)) in counts.zip(factors) {
                let (p, g) = (masks & 0xffff, masks >> 16);
                *positive += factor as f32 * (over(all - g) + over(p)) as f32;
                *negative += factor as f32 * (over(g) + over(all - p)) as f32;
            }
        }
    }
}

/// What is known of the row at hand.
struct Rows<'a> {
    /// Pixels of the disc in `p'`, and in `g'` 16 bits further up.
    masks: &'a mut [u32],
    /// Pixels of the disc that are scored.
    scored: &'a mut [u32],
    false_positive: &'a mut [f32],
    false_negative: &'a mut [f32],
}

/// Adds the sum over `half` pixels to both sides of every pixel; `sums` are running sums of the row. Sums of two
/// 16-bit numbers may run over: their differences are right again.
fn add_runs(out: &mut [u32], sums: &[u32], half: usize) {
    let Some(last) = sums.last() else { return };
    let inside = sums.get(half..).unwrap_or_default();
    for (out, sum) in out.iter_mut().zip(inside.iter().chain(core::iter::repeat(last))) {
        *out = out.wrapping_add(*sum);
    }
    for (out, sum) in out.iter_mut().skip(half + 1).zip(sums) {
        *out = out.wrapping_sub(*sum);
    }
}

impl SpatialLoss for HausdorffConvolution {
    /// Two planes of counts, and four rows.
    fn plane_scratch_len(&self, shape: Shape) -> usize {
        2 * shape.pixels() + 4 * shape.width()
    }

    fn evaluate(
        &self,
        plane: &ClassPlane<'_>,
        scratch: &mut [u32],
        mut slope: Option<&mut [f32]>,
    ) -> Option<f64> {
        let total = match start(plane, slope.as_deref_mut()) {
            Ok(total) => total,
            Err(early) => return early,
        };
        let (shape, width) = (plane.shape(), plane.shape().width());
        let (rows, planes) = scratch.split_at_mut_checked(4 * width)?;
        let [row_masks, row_scored, positive, negative] = split(rows, width)?;
        let mut rows = Rows {
            masks: row_masks,
            scored: row_scored,
            false_positive: must_cast_slice_mut(positive),
            false_negative: must_cast_slice_mut(negative),
        };
        let [masks, all] = split(planes, shape.pixels())?;
        for pixels in rows_of(shape) {
            let mut running = [0_u32; 2];
            for pixel in pixels {
                if scored(plane, pixel) {
                    let (p, g) = (plane.is_foreground(pixel), plane.is_labelled(pixel));
                    let [masks, all] = running;
                    running = [masks.wrapping_add(u32::from(p) | u32::from(g) << 16), all + 1];
                }
                for (plane, sum) in [&mut *masks, &mut *all].into_iter().zip(running) {
                    if let Some(slot) = plane.get_mut(pixel) {
                        *slot = sum;
                    }
                }
            }
        }
        let mut sum = ExactSum::default();
        for (y, pixels) in rows_of(shape).enumerate() {
            self.factors(y, [masks, all], &mut rows);
            let factors = rows.false_positive.iter().zip(rows.false_negative.iter());
            for (pixel, (positive, negative)) in pixels.zip(factors) {
                let (p, g, e) = (plane.probability(pixel), plane.target(pixel), plane.error(pixel));
                let weight = plane.weight(pixel);
                let factor = p * positive + g * negative;
                sum.add(weight * (e * e * factor));
                if let Some(slot) = slope.as_deref_mut().and_then(|slope| slope.get_mut(pixel)) {
                    let share = (f64::from(weight) / total) as f32;
                    *slot = if weight > 0.0 { share * (2.0 * e * factor + e * e * positive) } else { 0.0 };
                }
            }
        }
        Some(sum.value() / total)
    }
}

crate::loss::spatial::spatial_loss!(HausdorffConvolution);

pub(in crate::loss) const HAUSDORFF_CONVOLUTION: Listed<HausdorffConvolution> = Listed {
    entry: Entry {
        name: "hausdorff_convolution",
        passes: "per class: 3 + 1, and 1 per row of every disc",
        quantised: false,
        scratch: "u32[4*pixels+4*width]",
        parameters: &[
            Parameter::number("exponent", 2.0, "[0,8]", "power of the radii"),
            Parameter::number("step", 3.0, "[1,127/scales]", "smallest radius, and step between radii"),
            Parameter::number("scales", 6.0, "[1,127/step]", "number of radii"),
        ],
        definition: "mean of (p-g)^2 (p F + g N), F and N sums over discs of how thick the masks are around a pixel",
        reference: "Karimi and Salcudean 2019",
        ..FAMILY
    },
    make: |values| convolution(values),
};

fn convolution(values: &Values<'_>) -> Result<HausdorffConvolution> {
    let [step, scales] = [values.whole("step")?, values.whole("scales")?];
    HausdorffConvolution::new(values.float("exponent")?, step, scales).map_err(|error| match error {
        // Too large a radius: by the scales, unless those are the default.
        Error::Parameter("scales") if !values.is_given("scales") => Error::Parameter("step"),
        other => other,
    })
}
