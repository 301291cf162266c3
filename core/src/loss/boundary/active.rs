//! Active boundary loss.

use super::FAMILY;
use super::maps;
use crate::error::{Error, Result};
use crate::loss::entry::{Entry, Listed, Parameter};
use crate::loss::spatial::{ClassPlane, SpatialLoss, spatial_loss};
use crate::plane::distance;
use crate::view::Shape;

/// Steps of the threshold that divides boundary from flat: from 1e-5 by factors of 1.2 past the largest
/// divergence.
const STEPS: usize = 96;
/// The smallest probability that has its own logarithm: 2^-100.
const FLOOR: f32 = f32::from_bits((127 - 100) << 23);
/// Rows and columns to the neighbours, in the order that decides between equally near ones.
const AROUND: [(isize, isize); 8] = [(1, 0), (-1, 0), (0, -1), (0, 1), (-1, 1), (1, 1), (-1, -1), (1, -1)];

/// Active boundary loss: pushes the pixels where the prediction changes towards the contour of the labels.
///
/// Between two pixels stands the divergence `KL(a || b)` of their binary distributions. The predicted
/// boundary is the pixels whose divergence from the neighbours below and to the right exceeds a threshold,
/// and the pixels around those; the threshold is the least `1e-5 * 1.2^k` that at most `share` of all pixels
/// exceed. With the distance `D` to the label boundary (0 up to one pixel from it), each such pixel that has
/// a neighbour no further from it, the nearest being `t`, adds `w min(D, reach) / reach * l`. There `l` is
/// the cross-entropy of the softmax over the eight divergences `KL(neighbour || pixel)` against `1 - s` for
/// `t` and `s / 8` for the others. The sum is divided by the sum of these pixels' `w`. Boundary, distances
/// and neighbours are constant in the gradient.
///
/// A pixel without weight is no neighbour. A probability below 2^-100 counts as 2^-100. Undefined without a
/// predicted or a label boundary. Range `[0, inf)`. One distance transform, two logarithms per pixel in
/// `f64`; scratch: three words and one bit per pixel, two words per column. Source: Wang et al. 2022.
///
/// ```
/// use segmeter_core::{loss::{ActiveBoundary, Loss}, view::{Frame, IGNORE, Labels, Shape}};
/// let shape = Shape::new(1, 8)?;
/// let labels = Labels::new(shape, &[1, 1, 0, 0, 0, 0, 0, 0], IGNORE)?;
/// let frame = Frame::new(&[3.0, 3.0, 3.0, 3.0, 3.0, -3.0, -3.0, -3.0], labels)?;
/// let loss = ActiveBoundary::new(0.2, 0.2, 20.0)?;
/// let mut scratch = vec![0; loss.scratch_len(shape)];
/// assert_eq!(loss.value(&frame, &mut scratch)?.value, 0.22998871);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ActiveBoundary {
    share: f32,
    smoothing: f32,
    reach: f32,
}

impl ActiveBoundary {
    /// As published: at most 1 % of the pixels, label smoothing 0.2, full weight from 20 pixels on.
    pub const PUBLISHED: Self = Self { share: 0.01, smoothing: 0.2, reach: 20.0 };

    /// `share`, `smoothing` `s` and `reach`.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless `share` and `smoothing` are in [0, 1] and `reach` is above 0 and finite.
    pub const fn new(share: f32, smoothing: f32, reach: f32) -> Result<Self> {
        if !(share >= 0.0 && share <= 1.0) {
            Err(Error::Parameter("share"))
        } else if !(smoothing >= 0.0 && smoothing <= 1.0) {
            Err(Error::Parameter("smoothing"))
        } else if !(reach > 0.0 && reach <= f32::MAX) {
            Err(Error::Parameter("reach"))
        } else {
            Ok(Self { share, smoothing, reach })
        }
    }

    /// The cross-entropy towards neighbour `target`, and the derivative of each divergence's part.
    fn direction(&self, divergences: [f64; 8], target: usize) -> (f64, [f64; 8]) {
        let largest = divergences.into_iter().fold(0.0, f64::max);
        let powers = divergences.map(|d| libm::exp(d - largest));
        let total: f64 = powers.iter().sum();
        let other = f64::from(self.smoothing) / 8.0;
        let (mut cost, mut slopes) = (0.0, powers);
        let weights = 1.0 - f64::from(self.smoothing) + 7.0 * other;
        for (place, (d, slope)) in divergences.into_iter().zip(&mut slopes).enumerate() {
            let weight = if place == target { 1.0 - f64::from(self.smoothing) } else { other };
            cost += weight * (largest - d + libm::log(total));
            *slope = weights * *slope / total - weight;
        }
        (cost, slopes)
    }
}

/// A pixel's distribution and its logarithms.
#[derive(Clone, Copy)]
struct Point {
    p: f64,
    q: f64,
    ln_p: f64,
    ln_q: f64,
}

impl Point {
    fn of(plane: &ClassPlane<'_>, pixel: usize) -> Option<Self> {
        // Not `max`, which would lose a NaN.
        let least = |x: f32| f64::from(if x < FLOOR { FLOOR } else { x });
        let (p, q) = (least(plane.probability(pixel)), least(plane.complement(pixel)));
        (plane.weight(pixel) > 0.0).then(|| Self { p, q, ln_p: libm::log(p), ln_q: libm::log(q) })
    }
    /// `KL(self || other)`.
    fn divergence(self, other: Self) -> f64 {
        self.p * (self.ln_p - other.ln_p) + self.q * (self.ln_q - other.ln_q)
    }
}

/// Calls `visit` for every pixel with the divergence from the neighbours below and to the right.
fn divergences(plane: &ClassPlane<'_>, mut visit: impl FnMut(usize, f64)) {
    let (shape, width) = (plane.shape(), plane.shape().width());
    let from = |a: Option<Point>, b: Option<Point>| a.zip(b).map_or(0.0, |(a, b)| a.divergence(b));
    for row in 0..shape.height() {
        let first = row * width;
        let mut own = Point::of(plane, first);
        for pixel in first..first + width {
            let inside = pixel + 1 < first + width;
            let right = if inside { Point::of(plane, pixel + 1) } else { None };
            let below = if row + 1 < shape.height() { Point::of(plane, pixel + width) } else { None };
            visit(pixel, from(own, right) + from(own, below));
            own = right;
        }
    }
}

/// Whether the label of a pixel differs from that below or to the right.
fn label_boundary(plane: &ClassPlane<'_>, pixel: usize, row: usize, column: usize) -> bool {
    let (shape, width) = (plane.shape(), plane.shape().width());
    let side = |pixel: usize| (plane.weight(pixel) > 0.0).then(|| plane.is_labelled(pixel));
    let differs = |other: usize| side(pixel).zip(side(other)).is_some_and(|(a, b)| a != b);
    column + 1 < width && differs(pixel + 1) || row + 1 < shape.height() && differs(pixel + width)
}

/// The threshold of the predicted boundary; NaN if a divergence is.
fn threshold(plane: &ClassPlane<'_>, share: f32) -> f64 {
    let mut thresholds = [1e-5; STEPS];
    let mut next = 1e-5;
    for slot in &mut thresholds {
        *slot = next;
        next *= 1.2;
    }
    let (mut exceeding, mut scored, mut broken) = ([0_u32; STEPS + 1], 0_u32, false);
    divergences(plane, |pixel, divergence| {
        broken |= divergence.is_nan();
        scored += u32::from(plane.weight(pixel) > 0.0);
        if let Some(count) = exceeding.get_mut(thresholds.partition_point(|bound| divergence > *bound)) {
            *count += 1;
        }
    });
    if broken {
        return f64::NAN;
    }
    let allowed = f64::from(scored) * f64::from(share);
    let mut above: u32 = exceeding.iter().skip(1).sum();
    for (bound, count) in thresholds.iter().zip(exceeding.iter().skip(1)) {
        if f64::from(above) <= allowed {
            return *bound;
        }
        above -= *count;
    }
    f64::INFINITY
}

/// The predicted boundary.
struct Front<'a> {
    plane: &'a ClassPlane<'a>,
    /// Squared distances to the label boundary.
    squares: &'a [u32],
    /// One bit per pixel, in row order without gaps: whether it exceeds the threshold.
    flags: &'a [u32],
}

impl Front<'_> {
    /// The pixel at an offset, if it is inside the frame.
    fn at(&self, pixel: usize, (down, right): (isize, isize)) -> Option<usize> {
        let (shape, width) = (self.plane.shape(), self.plane.shape().width().max(1));
        let row = (pixel / width).checked_add_signed(down).filter(|row| *row < shape.height())?;
        let column = (pixel % width).checked_add_signed(right).filter(|column| *column < width)?;
        Some(row * width + column)
    }
    /// The point at an offset; past the border that of the nearest pixel inside.
    fn replicated(&self, pixel: usize, (down, right): (isize, isize)) -> Option<Point> {
        let vertical = self.at(pixel, (down, 0)).unwrap_or(pixel);
        Point::of(self.plane, self.at(vertical, (0, right)).unwrap_or(vertical))
    }
    /// The square of the distance to the label boundary, at least 1: one pixel from it is as good as on it.
    fn key(&self, pixel: usize) -> Option<u32> {
        let square = self.squares.get(pixel).copied().unwrap_or(distance::NONE);
        (self.plane.weight(pixel) > 0.0).then_some(square.max(1))
    }
    fn depth(&self, pixel: usize) -> f64 {
        self.key(pixel).map_or(0.0, |key| libm::sqrt(f64::from(key)) - 1.0)
    }
    fn flagged(&self, pixel: usize) -> bool {
        self.flags.get(pixel / 32).is_some_and(|word| word >> (pixel % 32) & 1 == 1)
    }

    /// The sum over the pixels of the boundary that have a neighbour no further from the label boundary;
    /// `None` if there are none. `term` is given pixel, point, weight, and the place of the nearest
    /// neighbour.
    fn sum(&self, mut term: impl FnMut(usize, Point, f64, usize) -> f64) -> Option<f64> {
        let mut sum = None;
        for pixel in 0..self.plane.shape().pixels() {
            let near = |step| self.at(pixel, step);
            if !self.flagged(pixel) && !AROUND.into_iter().filter_map(near).any(|near| self.flagged(near)) {
                continue;
            }
            let (Some(key), Some(own)) = (self.key(pixel), Point::of(self.plane, pixel)) else { continue };
            let mut nearest: Option<(u32, usize)> = None;
            for (place, step) in AROUND.into_iter().enumerate() {
                let found = near(step).and_then(|near| self.key(near));
                if let Some(found) = found.filter(|found| nearest.is_none_or(|(best, _)| *found < best)) {
                    nearest = Some((found, place));
                }
            }
            if let Some((_, place)) = nearest.filter(|(best, _)| *best <= key) {
                *sum.get_or_insert(0.0) += term(pixel, own, f64::from(self.plane.weight(pixel)), place);
            }
        }
        sum
    }
}

impl SpatialLoss for ActiveBoundary {
    fn is_partial(&self) -> bool {
        true
    }

    fn check_shape(&self, shape: Shape) -> Result<()> {
        distance::check(shape)
    }

    fn plane_scratch_len(&self, shape: Shape) -> usize {
        maps::distance_scratch_len(shape).saturating_add(shape.pixels().div_ceil(32))
    }

    fn evaluate(
        &self,
        plane: &ClassPlane<'_>,
        scratch: &mut [u32],
        mut slope: Option<&mut [f32]>,
    ) -> Option<f64> {
        let shape = plane.shape();
        let (squares, scratch) = scratch.split_at_mut_checked(shape.pixels())?;
        let (flags, scratch) = scratch.split_at_mut_checked(shape.pixels().div_ceil(32))?;
        if let Some(slope) = slope.as_deref_mut() {
            slope.fill(0.0);
        }
        for (row, line) in squares.chunks_mut(shape.width().max(1)).enumerate() {
            for (column, slot) in line.iter_mut().enumerate() {
                let pixel = row * shape.width() + column;
                *slot = u32::from(!label_boundary(plane, pixel, row, column));
            }
        }
        if !distance::squared_in_place(shape, scratch, squares).ok()? {
            return None;
        }
        let bound = threshold(plane, self.share);
        if bound.is_nan() {
            return Some(bound);
        }
        flags.fill(0);
        divergences(plane, |pixel, divergence| {
            if let Some(word) = flags.get_mut(pixel / 32) {
                *word |= u32::from(divergence > bound) << (pixel % 32);
            }
        });
        let front = Front { plane, squares, flags };
        let inverse = 1.0 / front.sum(|_, _, weight, _| weight)?;
        front.sum(|pixel, own, weight, target| {
            let around = AROUND.map(|step| front.replicated(pixel, step).unwrap_or(own));
            let (cost, slopes) = self.direction(around.map(|near| near.divergence(own)), target);
            let reach = f64::from(self.reach);
            let factor = weight * inverse * front.depth(pixel).min(reach) / reach;
            if let Some(slot) = slope.as_deref_mut().and_then(|slope| slope.get_mut(pixel)) {
                let pull = |(near, slope): (&Point, f64)| slope * (own.p * near.q - own.q * near.p);
                let pull: f64 = around.iter().zip(slopes).map(pull).sum();
                *slot = (factor * pull / (own.p * own.q)) as f32;
            }
            factor * cost
        })
    }
}

spatial_loss!(ActiveBoundary);

pub(in crate::loss) const ACTIVE_BOUNDARY: Listed<ActiveBoundary> = Listed {
    entry: Entry {
        name: "active_boundary",
        passes: "per class: 6 + 1, of several classes 12 + 1, a distance transform, a selection",
        quantised: false,
        scratch: "u32[3*pixels+2*width+ceil(pixels/32)]",
        parameters: &[
            Parameter::number("share", 0.01, "[0,1]", "share of pixels taken as predicted boundary"),
            Parameter::number("smoothing", 0.2, "[0,1]", "of the direction"),
            Parameter::number("reach", 20.0, "(0,inf)", "distance from which the weight is 1"),
        ],
        definition: "cross-entropy of the direction from predicted boundary pixels to the nearest label boundary, min(d, reach)/reach as weight",
        reference: "Wang et al. 2022",
        ..FAMILY
    },
    make: |values| {
        ActiveBoundary::new(values.float("share")?, values.float("smoothing")?, values.float("reach")?)
    },
};
