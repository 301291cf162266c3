//! Active contour without edges: length of the contour and cost of the regions.

use super::FAMILY;
use crate::error::{Error, Result};
use crate::loss::entry::{Entry, Listed, Parameter};
use crate::loss::grid::{
    Point, add, bounded, get, mass, pixels, probability_code, scored, split_rows, start, verdict,
};
use crate::loss::sum::countable;
use crate::loss::{ClassPlane, SpatialLoss, check_weight};
use crate::num::ExactSum;
use crate::view::Shape;

/// `a sum(w sqrt(dx^2 + dy^2 + length_smooth)) + b sum(w (p (1-g)^2 + (1-p) g^2))`, `a` the length weight, `b` the
/// region weight.
///
/// `dx`, `dy` are the differences to the pixel on the right and to the one below; a difference over the border
/// of the frame or to a pixel that is not scored is 0. A pixel that is not scored has no term at all. Sums, as
/// published: the value grows with the frame; `mean` divides it by the sum of the weights. Derivative:
/// `b w (1 - 2g)` less the backward divergence of `a w (dx, dy) / sqrt(..)`.
///
/// Range `[0, inf)`. Scratch: 3 words per pixel. Passes: 2. [`ActiveContour::rows`] takes a frame row by row,
/// for the value. Source: Chen et al. 2019.
///
/// Differences are taken before anything is rounded: of binary logits by the logits, of several classes by a softmax in
/// `f64`, an exponential per pixel and class for each class of the mean. Gradients are within 1e-6 of the largest entry
/// (real frames of three sizes, `tests/spatial/real.rs`).
///
/// ```
/// use segmeter_core::{loss::{ActiveContour, ClassPlane, SpatialLoss}, view::Shape};
/// let plane = ClassPlane::checked(Shape::new(1, 3)?, &[0.25, -0.25, 0.5], &[0.0, 1.0, 1.0], &[1.0; 3])?;
/// let mut slope = [0.0; 3];
/// let value = ActiveContour::PAPER.evaluate(&plane, &mut [], Some(&mut slope));
/// assert_eq!(value.map(|v| v as f32), Some(1.7501));
/// assert_eq!(slope, [0.0, 1.0, -2.0]);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ActiveContour {
    length_weight: f32,
    region_weight: f32,
    length_smooth: f32,
    mean: bool,
}

impl ActiveContour {
    /// Both weights 1, length_smooth 1e-8, sums.
    pub const PAPER: Self = Self { length_weight: 1.0, region_weight: 1.0, length_smooth: 1e-8, mean: false };

    /// Weights in `[0, inf)`; `length_smooth`, what is added under the root, in `[1e-30, inf)`.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub const fn new(length_weight: f32, region_weight: f32, length_smooth: f32, mean: bool) -> Result<Self> {
        match (
            check_weight(length_weight, "length_weight"),
            check_weight(region_weight, "region_weight"),
            check_length_smooth(length_smooth),
        ) {
            (Ok(_), Ok(_), Ok(_)) => Ok(Self { length_weight, region_weight, length_smooth, mean }),
            (Err(e), ..) | (_, Err(e), _) | (.., Err(e)) => Err(e),
        }
    }

    /// Scratch words of [`ActiveContour::rows`].
    #[must_use]
    pub const fn rows_scratch_len(width: usize) -> usize {
        3 * width
    }

    /// The value of a frame that comes row by row: the bits of [`SpatialLoss::evaluate`].
    ///
    /// # Errors
    /// [`Error::Scratch`] if `scratch` is shorter than [`ActiveContour::rows_scratch_len`].
    pub fn rows<'a>(&self, width: usize, scratch: &'a mut [u32]) -> Result<ActiveContourRows<'a>> {
        let need = Self::rows_scratch_len(width);
        let Some([codes, logits, weights]) = split_rows(scratch, [1; 3], width) else {
            return Err(Error::Scratch { need });
        };
        Ok(ActiveContourRows { loss: *self, last: LastRow::new(codes, logits, weights) })
    }

    fn value(&self, sums: &Sums, total: f64) -> f64 {
        let part = |weight: f32, sum: &ExactSum| f64::from(weight) * countable(sum);
        let value = part(self.length_weight, &sums.length) + part(self.region_weight, &sums.region);
        if self.mean { value / total } else { value }
    }
}

/// `[1e-30, inf)`: its root, and products of roots, stay normal numbers.
pub(super) const fn check_length_smooth(length_smooth: f32) -> Result<f32> {
    if length_smooth >= 1e-30 && length_smooth <= f32::MAX {
        Ok(length_smooth)
    } else {
        Err(Error::Parameter("length_smooth"))
    }
}

/// Differences to the right and below; `None` where there is no such scored pixel.
pub(super) fn gradient(plane: &ClassPlane<'_>, y: usize, x: usize) -> [Option<f32>; 2] {
    let (width, height) = (plane.shape().width(), plane.shape().height());
    let pixel = y * width + x;
    let here = Point::of(plane, pixel);
    let to = |inside: bool, place: usize| {
        (inside && scored(plane, place)).then(|| Point::of(plane, place).less(here))
    };
    [to(x + 1 < width, pixel + 1), to(y + 1 < height, pixel + width)]
}

/// `sqrt(dx^2 + dy^2 + length_smooth)`.
pub(super) fn norm(dx: f32, dy: f32, length_smooth: f32) -> f32 {
    libm::sqrtf(dx * dx + dy * dy + length_smooth)
}

/// `p (1-g)^2 + (1-p) g^2`.
pub(super) fn region(plane: &ClassPlane<'_>, pixel: usize) -> f32 {
    let g = plane.target(pixel);
    plane.probability(pixel) * ((1.0 - g) * (1.0 - g)) + plane.complement(pixel) * (g * g)
}

/// What the contour and the regions cost, and the weights of the pixels.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    pub(super) length: ExactSum,
    pub(super) region: ExactSum,
    pub(super) weight: ExactSum,
}

impl SpatialLoss for ActiveContour {
    fn compares_neighbours(&self) -> bool {
        true
    }

    fn plane_scratch_len(&self, _shape: Shape) -> usize {
        0
    }

    fn evaluate(
        &self,
        plane: &ClassPlane<'_>,
        _scratch: &mut [u32],
        mut slope: Option<&mut [f32]>,
    ) -> Option<f64> {
        let total = match start(plane, slope.as_deref_mut()) {
            Ok(total) => total,
            Err(early) => return early,
        };
        let width = plane.shape().width();
        let mut sums = Sums::default();
        for (y, x, pixel) in pixels(plane.shape()) {
            let weight = plane.weight(pixel);
            if weight <= 0.0 {
                continue;
            }
            let [dx, dy] = gradient(plane, y, x).map(Option::unwrap_or_default);
            let root = norm(dx, dy, self.length_smooth);
            sums.length.add(weight * root);
            sums.region.add(weight * region(plane, pixel));
            if let Some(slope) = slope.as_deref_mut() {
                let along = bounded(weight * self.length_weight / root);
                let (right, down) = (along * dx, along * dy);
                let own = bounded(self.region_weight * weight) * (1.0 - 2.0 * plane.target(pixel));
                add(slope, pixel, own - (right + down));
                if right != 0.0 {
                    add(slope, pixel + 1, right);
                }
                if down != 0.0 {
                    add(slope, pixel + width, down);
                }
            }
        }
        if self.mean
            && let Some(slope) = slope
        {
            slope.iter_mut().for_each(|s| *s = (f64::from(*s) / total) as f32);
        }
        Some(self.value(&sums, total))
    }
}

crate::loss::spatial::spatial_loss!(ActiveContour);

/// The last row of a frame that comes row by row, whose neighbours below are not known yet, and the sums so far.
#[derive(Debug)]
pub(super) struct LastRow<'a> {
    codes: &'a mut [u32],
    logits: &'a mut [u32],
    weights: &'a mut [u32],
    pub(super) sums: Sums,
}

impl<'a> LastRow<'a> {
    /// Without a pixel, of the width that both have.
    pub(super) fn new(codes: &'a mut [u32], logits: &'a mut [u32], weights: &'a mut [u32]) -> Self {
        weights.fill(0);
        Self { codes, logits, weights, sums: Sums::default() }
    }

    /// Whether a plane is one row of the width.
    pub(super) fn check(&self, row: &ClassPlane<'_>) -> Result<()> {
        let (expected, found) = (self.codes.len(), row.shape().pixels());
        if row.shape().height() != 1 || found != expected {
            return Err(Error::Length { expected, found });
        }
        Ok(())
    }

    /// Takes the place of the last row.
    pub(super) fn replace(&mut self, row: &ClassPlane<'_>) {
        let stored = self.codes.iter_mut().zip(self.logits.iter_mut()).zip(self.weights.iter_mut());
        for (pixel, ((code, logit), stored)) in stored.enumerate() {
            let weight = row.weight(pixel);
            (*code, *stored) = (probability_code(row, pixel), weight.to_bits());
            *logit = row.logit(pixel).to_bits();
            if weight > 0.0 {
                self.sums.region.add(weight * region(row, pixel));
                self.sums.weight.add(mass(row, pixel));
            }
        }
    }

    /// The weight of a pixel, and the differences to the right and to `below`; `None` if it is not scored.
    pub(super) fn pixel(&self, x: usize, below: Option<&ClassPlane<'_>>) -> Option<[f32; 3]> {
        let weight = f32::from_bits(get(self.weights, x));
        if weight <= 0.0 {
            return None;
        }
        let point = |x: usize| Point {
            code: get(self.codes, x),
            logit: f32::from_bits(get(self.logits, x)),
            rest: 0.0,
        };
        let right = self.weights.get(x + 1).is_some_and(|w| f32::from_bits(*w) > 0.0);
        let dx = if right { point(x + 1).less(point(x)) } else { 0.0 };
        let below = below.filter(|below| scored(below, x));
        let dy = below.map_or(0.0, |below| Point::of(below, x).less(point(x)));
        Some([weight, dx, dy])
    }
}

/// The state of [`ActiveContour::rows`]: the last row and the sums so far.
#[derive(Debug)]
pub struct ActiveContourRows<'a> {
    loss: ActiveContour,
    last: LastRow<'a>,
}

impl ActiveContourRows<'_> {
    /// The next row, a plane of height 1.
    ///
    /// # Errors
    /// [`Error::Length`] if it is not one row of the width.
    pub fn push_row(&mut self, row: &ClassPlane<'_>) -> Result<()> {
        self.last.check(row)?;
        self.finish_row(Some(row));
        self.last.replace(row);
        Ok(())
    }

    /// The value of all rows; `None` if no pixel is scored.
    #[must_use]
    pub fn finish(mut self) -> Option<f64> {
        self.finish_row(None);
        match verdict(self.last.sums.weight.value()) {
            Ok(total) => Some(self.loss.value(&self.last.sums, total)),
            Err(early) => early,
        }
    }

    /// Adds the lengths of the last row, whose neighbours below are known now.
    fn finish_row(&mut self, below: Option<&ClassPlane<'_>>) {
        for x in 0..self.last.codes.len() {
            if let Some([weight, dx, dy]) = self.last.pixel(x, below) {
                self.last.sums.length.add(weight * norm(dx, dy, self.loss.length_smooth));
            }
        }
    }
}

pub(in crate::loss) const ACTIVE_CONTOUR: Listed<ActiveContour> = Listed {
    entry: Entry {
        name: "active_contour",
        passes: "per class: 3 + 1",
        quantised: false,
        scratch: "u32[3*pixels]",
        parameters: &[
            Parameter::number("length_weight", 1.0, "[0,inf)", "weight of the length of the contour"),
            Parameter::number("region_weight", 1.0, "[0,inf)", "weight of the regions"),
            Parameter::number("length_smooth", 1e-08, "[1e-30,inf)", "under the root of the length"),
            Parameter::flag("mean", false, "divided by the weight of the pixels"),
        ],
        definition: "length sum |grad p| + region sum p (1-g)^2 + (1-p) g^2",
        reference: "Chen et al. 2019",
        ..FAMILY
    },
    make: |values| {
        ActiveContour::new(
            values.float("length_weight")?,
            values.float("region_weight")?,
            values.float("length_smooth")?,
            values.flag("mean")?,
        )
    },
};
