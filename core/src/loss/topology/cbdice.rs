//! Centreline-boundary Dice.

use super::FAMILY;
use crate::error::{Error, Result};
use crate::loss::entry::{Entry, Listed, Parameter};
use crate::loss::finite;
use crate::loss::grid::{BELOW, ONE, dilate_row, erode_row, get, rows_around, scored, split, start};
use crate::loss::harmonic::harmonic;
use crate::loss::{ClassPlane, SpatialLoss};
use crate::plane::distance;
use crate::view::Shape;

/// Centreline-boundary Dice: clDice whose skeletons weigh by how thin, and whose masks by how deep they are.
///
/// Beside the label's mask stands the hard prediction `p > 1/2`. In each, `d` is the distance of a pixel to the nearest
/// one outside (1 if nothing is), `S` the skeleton, `R` the largest `d` on it, at least 1. With the depth
/// `D = min(d, R) / R`, 0 outside the mask, and the thinness `T = (R - d + 1) / R`, both of the label `g` and of the
/// prediction `h`, the loss is `1 - 2 P Q / (P + Q)` with
///
/// - `P = (sum(w T_h p D_g) + s) / (sum(w T_h p A) + s)` over the prediction's skeleton, `A` is `D_g` on the
///   label's skeleton and `D_h p` off it;
/// - `Q = (sum(w T_g D_h p) + s) / (sum(w T_g B) + s)` over the label's skeleton, `B` is `D_h p` on the
///   prediction's skeleton and `D_g` off it.
///
/// The skeleton is that of [`ClDice`](super::ClDice) on hard masks: what an opening takes away, at every one of
/// `iterations` erosions; deeper parts of a mask have none. Masks, distances and skeletons are constant in the
/// derivative, so a frame whose skeletons agree has loss and derivative 0, whatever its probabilities: a part
/// for sums. Near 0; a share can pass 1, as published, and the loss fall below 0.
///
/// Scratch: 5 words per pixel, 3 per column. Passes: `4 iterations + 12`, and 1 more with derivative. Source: Shi et al.
/// 2024; there the loss is minus the score, and the foreground classes of a multiclass frame are merged to one.
///
/// ```
/// use segmeter_core::{loss::{CbDice, ClassPlane, SpatialLoss}, view::Shape};
/// let shape = Shape::new(1, 4)?;
/// let plane = ClassPlane::checked(shape, &[0.25, -0.25, -0.125, 0.0], &[1.0, 1.0, 0.0, 0.0], &[1.0; 4])?;
/// let (mut scratch, mut slope) = (vec![0; CbDice::PAPER.plane_scratch_len(shape)], [0.0; 4]);
/// let value = CbDice::PAPER.evaluate(&plane, &mut scratch, Some(&mut slope));
/// assert_eq!(value.map(|v| v as f32), Some(0.37366548));
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CbDice {
    iterations: u32,
    smooth: f32,
}

/// Marks of the two skeletons.
const LABEL: u32 = 1;
const PREDICTION: u32 = 2;

impl CbDice {
    /// 10 iterations, smoothing 1.
    pub const PAPER: Self = Self { iterations: 10, smooth: 1.0 };
    /// The most iterations.
    pub const MAX_ITERATIONS: u32 = 1000;

    /// At most [`CbDice::MAX_ITERATIONS`] iterations; `smooth` in `[1e-30, inf)`.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub const fn new(iterations: u32, smooth: f32) -> Result<Self> {
        if iterations > Self::MAX_ITERATIONS {
            return Err(Error::Parameter("iterations"));
        }
        if !(smooth >= 1e-30 && smooth <= f32::MAX) {
            return Err(Error::Parameter("smooth"));
        }
        Ok(Self { iterations, smooth })
    }
}

/// Whether a pixel is in the mask of one side.
fn inside(plane: &ClassPlane<'_>, pixel: usize, side: u32) -> bool {
    scored(plane, pixel) && if side == LABEL { plane.is_labelled(pixel) } else { plane.is_foreground(pixel) }
}

/// Adds the mark of a side to the pixels of its skeleton. `here` and `next` are room for erosions, `opened` for a row.
fn mark(
    marks: &mut [u32],
    plane: &ClassPlane<'_>,
    side: u32,
    iterations: u32,
    [mut here, mut next]: [&mut [u32]; 2],
    opened: &mut [u32],
) {
    let width = plane.shape().width().max(1);
    for (pixel, slot) in here.iter_mut().enumerate() {
        *slot = match scored(plane, pixel) {
            true if inside(plane, pixel, side) => ONE,
            true => 0,
            false => BELOW,
        };
    }
    for _ in 0..=iterations {
        for (y, out) in next.chunks_exact_mut(width).enumerate() {
            erode_row(out, rows_around(here, y, width));
        }
        for (y, (line, marks)) in here.chunks_exact(width).zip(marks.chunks_exact_mut(width)).enumerate() {
            dilate_row(opened, rows_around(next, y, width));
            for ((mark, code), opened) in marks.iter_mut().zip(line).zip(opened.iter()) {
                *mark |= if *code == ONE && *opened != ONE { side } else { 0 };
            }
        }
        if next.iter().all(|code| *code != ONE) {
            return;
        }
        core::mem::swap(&mut here, &mut next);
    }
}

/// A mask: the squared distances to its outside, and the largest distance on its skeleton.
struct Depths<'a> {
    squares: &'a [u32],
    radius: f64,
}

impl<'a> Depths<'a> {
    fn new(
        plane: &ClassPlane<'_>,
        side: u32,
        marks: &[u32],
        squares: &'a mut [u32],
        columns: &mut [u32],
    ) -> Option<Self> {
        let outside = |pixel: usize| scored(plane, pixel) && !inside(plane, pixel, side);
        if !distance::squared(plane.shape(), outside, columns, squares).ok()? {
            squares.fill(1);
        }
        let marked = squares.iter().zip(marks).filter(|(_, mark)| **mark & side != 0);
        let radius = libm::sqrt(f64::from(marked.map(|(square, _)| *square).max().unwrap_or(1)));
        Some(Self { squares, radius: radius.max(1.0) })
    }

    fn distance(&self, pixel: usize) -> f64 {
        libm::sqrt(f64::from(get(self.squares, pixel)))
    }
    /// `D`; 0 outside the mask.
    fn depth(&self, pixel: usize) -> f64 {
        self.distance(pixel).min(self.radius) / self.radius
    }
    /// `T` on the skeleton.
    fn thinness(&self, pixel: usize) -> f64 {
        (self.radius - self.distance(pixel) + 1.0) / self.radius
    }
}

/// What a pixel adds to a share, as `f64`: there are few such pixels, and differences of their parts.
#[derive(Clone, Copy, Default)]
struct Part {
    /// What both parts are multiplied with.
    amount: f64,
    hit: f64,
    all: f64,
}

/// Both masks with their skeletons.
struct Skeletons<'a> {
    marks: &'a [u32],
    label: Depths<'a>,
    prediction: Depths<'a>,
}

impl Skeletons<'_> {
    /// Parts of the precision and of the recall; none off the skeleton that each is summed over. Where the skeletons
    /// meet, what is hit is all.
    fn parts(&self, plane: &ClassPlane<'_>, pixel: usize, mark: u32) -> [Part; 2] {
        let (w, p) = (f64::from(plane.weight(pixel)), f64::from(plane.probability(pixel)));
        let meet = mark == LABEL | PREDICTION;
        let (own, other) = (self.prediction.depth(pixel) * p, self.label.depth(pixel));
        let precision = Part {
            amount: w * self.prediction.thinness(pixel) * p,
            hit: other,
            all: if meet { other } else { own },
        };
        let recall =
            Part { amount: w * self.label.thinness(pixel), hit: own, all: if meet { own } else { other } };
        [(PREDICTION, precision), (LABEL, recall)]
            .map(|(side, part)| if mark & side != 0 { part } else { Part::default() })
    }

    /// The value, and the derivative written over `slope`.
    fn evaluate(&self, plane: &ClassPlane<'_>, smooth: f32, slope: Option<&mut [f32]>) -> f64 {
        let marked = || self.marks.iter().enumerate().filter(|(_, mark)| **mark != 0);
        // Hits and misses are summed themselves: of neither all less the other would keep the digits.
        let (mut all, mut hit, mut missed) = ([f64::from(smooth); 2], [f64::from(smooth); 2], [0.0; 2]);
        for (pixel, mark) in marked() {
            let parts = self.parts(plane, pixel, *mark);
            let sums = all.iter_mut().zip(&mut hit).zip(&mut missed);
            for (part, ((all, hit), missed)) in parts.iter().zip(sums) {
                *all += part.amount * part.all;
                *hit += part.amount * part.hit;
                *missed += part.amount * (part.all - part.hit);
            }
        }
        let [[p, not_p], [r, not_r]] =
            [0, 1].map(|side| [&hit, &missed].map(|part| get(part, side) / get(&all, side)));
        let (value, [of_p, of_r]) = harmonic([p, not_p], [r, not_r]);
        let Some(slope) = slope else { return value };
        let [all_p, all_r] = all;
        for (pixel, mark) in marked() {
            let w = f64::from(plane.weight(pixel));
            let meet = *mark == LABEL | PREDICTION;
            let [precision, _] = self.parts(plane, pixel, *mark);
            let mut derivative = 0.0;
            if mark & PREDICTION != 0 {
                // `amount` and, off the label's skeleton, `all` are in proportion to the probability.
                let rise = if meet { not_p * precision.hit } else { precision.hit - 2.0 * p * precision.all };
                derivative -= of_p / all_p * w * self.prediction.thinness(pixel) * rise;
            }
            if mark & LABEL != 0 {
                let rise = self.prediction.depth(pixel) * if meet { not_r } else { 1.0 };
                derivative -= of_r / all_r * w * self.label.thinness(pixel) * rise;
            }
            if let Some(slot) = slope.get_mut(pixel) {
                *slot = finite(derivative);
            }
        }
        value
    }
}

impl SpatialLoss for CbDice {
    fn check_shape(&self, shape: Shape) -> Result<()> {
        distance::check(shape)
    }

    /// Three planes, a row, and those of the distance transform.
    fn plane_scratch_len(&self, shape: Shape) -> usize {
        shape
            .pixels()
            .saturating_mul(3)
            .saturating_add(shape.width())
            .saturating_add(distance::scratch_len(shape))
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
        let (width, length) = (plane.shape().width(), plane.shape().pixels());
        let (planes, rest) = scratch.split_at_mut_checked(3 * length)?;
        let (opened, columns) = rest.split_at_mut_checked(width)?;
        let [marks, first, second] = split(planes, length)?;
        marks.fill(0);
        for side in [LABEL, PREDICTION] {
            mark(marks, plane, side, self.iterations, [&mut *first, &mut *second], opened);
        }
        let label = Depths::new(plane, LABEL, marks, first, columns)?;
        let prediction = Depths::new(plane, PREDICTION, marks, second, columns)?;
        Some(Skeletons { marks, label, prediction }.evaluate(plane, self.smooth, slope))
    }
}

crate::loss::spatial::spatial_loss!(CbDice);

pub(in crate::loss) const CBDICE: Listed<CbDice> = Listed {
    entry: Entry {
        name: "cbdice",
        passes: "per class: 4 iterations + 13, and 2; 2 distance transforms",
        quantised: false,
        scratch: "u32[5*pixels+3*width]",
        parameters: &[
            Parameter::number(
                "iterations",
                10.0,
                "[0,1000]",
                "erosions of the skeleton: half the width of the widest road",
            ),
            Parameter::number("smooth", 1.0, "[1e-30,inf)", "added to numerator and denominator"),
        ],
        definition: "1 - 2 Tp Ts / (Tp + Ts), precision and sensitivity of the skeletons of p > 1/2 and of the labels, that weigh by how thin their mask is there and by the depth in the other",
        reference: "Shi et al. 2024",
        ..FAMILY
    },
    make: |values| CbDice::new(values.whole("iterations")?, values.float("smooth")?),
};
