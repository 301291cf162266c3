//! Euler's elastica: length and curvature of the contours, and cost of the regions.

use super::FAMILY;
use super::active_contour::{LastRow, Sums, check_length_smooth, gradient, norm, region};
use crate::error::{Error, Result};
use crate::loss::entry::{Entry, Listed, Parameter};
use crate::loss::grid::{add, bounded, get, pixels, scored, split, split_rows, start, verdict};
use crate::loss::sum::countable;
use crate::loss::{ClassPlane, SpatialLoss, check_weight};
use crate::view::Shape;
use bytemuck::must_cast_slice_mut;

/// `sum(w (a + b k^2) m) + c sum(w (p (1-g)^2 + (1-p) g^2))`, `a` the length, `b` the curvature and `c` the region
/// weight.
///
/// `dx`, `dy` are the differences of `p` to the pixel on the right and to the one below, 0 over the border of the
/// frame and to a pixel that is not scored; `m = sqrt(dx^2 + dy^2 + length_smooth)`; the normal is `n = (dx, dy) / m`;
/// the curvature is its divergence by backward differences,
/// `k(y, x) = nx(y, x) - nx(y, x-1) + ny(y, x) - ny(y-1, x)`, where a normal that is not there counts as 0. Sums,
/// not means. The derivative is that of the whole expression, through `k` and `m`.
///
/// Range `[0, inf)`. Scratch: 6 words per pixel. Passes: 3, 4 with derivative. [`Elastica::rows`] needs only rows, for
/// the value. Source: Chen et al. 2020 (Euler's elastica).
///
/// Differences are taken before anything is rounded: of binary logits by the logits, of several classes by a softmax in
/// `f64`, an exponential per pixel and class for each class of the mean. Gradients are within 1e-6 of the largest entry
/// (real frames of three sizes, `tests/spatial/real.rs`).
///
/// ```
/// use segmeter_core::{loss::{ClassPlane, Elastica, SpatialLoss}, view::Shape};
/// let plane = ClassPlane::checked(Shape::new(1, 3)?, &[0.25, -0.25, 0.25], &[0.0, 1.0, 0.0], &[1.0; 3])?;
/// let mut slope = [0.0; 3];
/// let value = Elastica::PAPER.evaluate(&plane, &mut [0; 9], Some(&mut slope));
/// assert_eq!(value.map(|v| v as f32), Some(5.7512));
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Elastica {
    length_weight: f32,
    curvature_weight: f32,
    region_weight: f32,
    length_smooth: f32,
}

impl Elastica {
    /// Length 0.001, curvature 2, regions 1, length_smooth 1e-8.
    pub const PAPER: Self =
        Self { length_weight: 0.001, curvature_weight: 2.0, region_weight: 1.0, length_smooth: 1e-8 };

    /// Weights in `[0, inf)`; `length_smooth`, what is added under the root, in `[1e-30, inf)`.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub const fn new(
        length_weight: f32,
        curvature_weight: f32,
        region_weight: f32,
        length_smooth: f32,
    ) -> Result<Self> {
        match (
            check_weight(length_weight, "length_weight"),
            check_weight(curvature_weight, "curvature_weight"),
            check_weight(region_weight, "region_weight"),
            check_length_smooth(length_smooth),
        ) {
            (Ok(_), Ok(_), Ok(_), Ok(_)) => {
                Ok(Self { length_weight, curvature_weight, region_weight, length_smooth })
            }
            (Err(e), ..) | (_, Err(e), ..) | (_, _, Err(e), _) | (.., Err(e)) => Err(e),
        }
    }

    /// Scratch words of [`Elastica::rows`].
    #[must_use]
    pub const fn rows_scratch_len(width: usize) -> usize {
        4 * width
    }

    /// The value of a frame that comes row by row: the bits of [`SpatialLoss::evaluate`].
    ///
    /// # Errors
    /// [`Error::Scratch`] if `scratch` is shorter than [`Elastica::rows_scratch_len`].
    pub fn rows<'a>(&self, width: usize, scratch: &'a mut [u32]) -> Result<ElasticaRows<'a>> {
        let Some([codes, logits, weights, above]) = split_rows(scratch, [1; 4], width) else {
            return Err(Error::Scratch { need: Self::rows_scratch_len(width) });
        };
        let above = must_cast_slice_mut::<u32, f32>(above);
        above.fill(0.0);
        Ok(ElasticaRows { loss: *self, last: LastRow::new(codes, logits, weights), above })
    }

    fn value(&self, sums: &Sums) -> f64 {
        countable(&sums.length) + f64::from(self.region_weight) * countable(&sums.region)
    }

    /// What a step along a contour of this curvature costs.
    fn density(&self, k: f32) -> f32 {
        bounded(self.length_weight + bounded(self.curvature_weight * k * k))
    }

    /// Adds what a pixel's differences and length contribute to the derivative.
    fn scatter(&self, plane: &ClassPlane<'_>, (y, x): (usize, usize), field: &Field<'_>, slope: &mut [f32]) {
        let width = plane.shape().width();
        let pixel = y * width + x;
        let [right, down] = gradient(plane, y, x);
        let (dx, dy) = (right.unwrap_or_default(), down.unwrap_or_default());
        let m = norm(dx, dy, self.length_smooth);
        let k = field.curvature(y, x);
        // Over the normal: a pixel's normal enters its own curvature and those of the pixels it points to.
        let here = get(field.bend, pixel);
        let beyond = |link: Option<f32>, place: usize| link.map_or(0.0, |_| get(field.bend, place));
        let over_nx = here - beyond(right, pixel + 1);
        let over_ny = here - beyond(down, pixel + width);
        let over_m = bounded(plane.weight(pixel) * self.density(k));
        // d nx / d dx = (dy^2 + length_smooth) / m^3, d nx / d dy = - dx dy / m^3: no difference of large numbers.
        let (nx, ny) = (dx / m, dy / m);
        let (across_x, across_y) =
            ((dy * dy + self.length_smooth) / (m * m), (dx * dx + self.length_smooth) / (m * m));
        let over_dx = (over_nx * across_x - over_ny * nx * ny) / m + over_m * nx;
        let over_dy = (over_ny * across_y - over_nx * nx * ny) / m + over_m * ny;
        if right.is_some() {
            add(slope, pixel, -over_dx);
            add(slope, pixel + 1, over_dx);
        }
        if down.is_some() {
            add(slope, pixel, -over_dy);
            add(slope, pixel + width, over_dy);
        }
        let region = bounded(self.region_weight * plane.weight(pixel));
        add(slope, pixel, region * (1.0 - 2.0 * plane.target(pixel)));
    }
}

/// The normal at every pixel, and how the value changes with the curvature there.
struct Field<'a> {
    width: usize,
    nx: &'a [f32],
    ny: &'a [f32],
    bend: &'a [f32],
}

impl Field<'_> {
    fn curvature(&self, y: usize, x: usize) -> f32 {
        let pixel = y * self.width + x;
        let before = |inside: bool, normal: &[f32], step: usize| {
            if inside { get(normal, pixel.wrapping_sub(step)) } else { 0.0 }
        };
        let along_x = get(self.nx, pixel) - before(x > 0, self.nx, 1);
        let along_y = get(self.ny, pixel) - before(y > 0, self.ny, self.width);
        along_x + along_y
    }
}

impl SpatialLoss for Elastica {
    fn compares_neighbours(&self) -> bool {
        true
    }

    /// The two components of the normal, and the weight of the curvature.
    fn plane_scratch_len(&self, shape: Shape) -> usize {
        3 * shape.pixels()
    }

    fn evaluate(
        &self,
        plane: &ClassPlane<'_>,
        scratch: &mut [u32],
        mut slope: Option<&mut [f32]>,
    ) -> Option<f64> {
        if let Err(early) = start(plane, slope.as_deref_mut()) {
            return early;
        }
        let shape = plane.shape();
        let [nx, ny, bend] = split(scratch, shape.pixels())?.map(must_cast_slice_mut::<u32, f32>);
        for (((y, x, pixel), nx), ny) in pixels(shape).zip(nx.iter_mut()).zip(ny.iter_mut()) {
            let [dx, dy] = if scored(plane, pixel) {
                gradient(plane, y, x).map(Option::unwrap_or_default)
            } else {
                [0.0; 2]
            };
            let m = norm(dx, dy, self.length_smooth);
            (*nx, *ny) = (dx / m, dy / m);
        }
        let mut sums = Sums::default();
        let field = Field { width: shape.width(), nx, ny, bend: &[] };
        for ((y, x, pixel), bend) in pixels(shape).zip(bend.iter_mut()) {
            let weight = plane.weight(pixel);
            *bend = 0.0;
            if weight > 0.0 {
                let [dx, dy] = gradient(plane, y, x).map(Option::unwrap_or_default);
                let (m, k) = (norm(dx, dy, self.length_smooth), field.curvature(y, x));
                *bend = bounded(bounded(2.0 * self.curvature_weight * weight) * k * m);
                sums.length.add(weight * self.density(k) * m);
                sums.region.add(weight * region(plane, pixel));
            }
        }
        if let Some(slope) = slope {
            let field = Field { bend, ..field };
            for (y, x, pixel) in pixels(shape) {
                if scored(plane, pixel) {
                    self.scatter(plane, (y, x), &field, slope);
                }
            }
        }
        Some(self.value(&sums))
    }
}

crate::loss::spatial::spatial_loss!(Elastica);

/// The state of [`Elastica::rows`]: the last row, the normals of the row above it, and the sums so far.
#[derive(Debug)]
pub struct ElasticaRows<'a> {
    loss: Elastica,
    last: LastRow<'a>,
    /// The vertical components of the normals.
    above: &'a mut [f32],
}

impl ElasticaRows<'_> {
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
            Ok(_) => Some(self.loss.value(&self.last.sums)),
            Err(early) => early,
        }
    }

    /// Adds the lengths and curvatures of the last row, whose neighbours below are known now.
    fn finish_row(&mut self, below: Option<&ClassPlane<'_>>) {
        let mut left = 0.0;
        for (x, above) in self.above.iter_mut().enumerate() {
            let Some([weight, dx, dy]) = self.last.pixel(x, below) else {
                (left, *above) = (0.0, 0.0);
                continue;
            };
            let m = norm(dx, dy, self.loss.length_smooth);
            let (nx, ny) = (dx / m, dy / m);
            let k = (nx - left) + (ny - *above);
            let cost = self.loss.density(k);
            self.last.sums.length.add(weight * cost * m);
            (left, *above) = (nx, ny);
        }
    }
}

pub(in crate::loss) const ELASTICA: Listed<Elastica> = Listed {
    entry: Entry {
        name: "elastica",
        passes: "per class: 4 + 2",
        quantised: false,
        scratch: "u32[6*pixels]",
        parameters: &[
            Parameter::number("length", 0.001, "[0,inf)", "weight of the length of the contour"),
            Parameter::number("curvature", 2.0, "[0,inf)", "weight of its squared curvature"),
        ],
        definition: "sum (length + curvature k^2) |grad p| + sum p (1-g)^2 + (1-p) g^2",
        reference: "Chen et al. 2020",
        ..FAMILY
    },
    make: |values| {
        Elastica::new(values.at_least("length", 0.0)?, values.at_least("curvature", 0.0)?, 1.0, 1e-8)
    },
};
