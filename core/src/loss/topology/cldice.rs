//! Soft centreline Dice.

use super::FAMILY;
use crate::error::{Error, Result};
use crate::loss::entry::{Entry, Listed, Parameter};
use crate::loss::grid::{
    BELOW, add, bounded, difference, dilate_row, erode_row, first_in_cross, first_in_window, greatest,
    pixels, probability_code, rows_around, scored, split, start, target_code,
};
use crate::loss::harmonic::{Harmonic, Share};
use crate::loss::{ClassPlane, SpatialLoss};
use crate::view::Shape;
use bytemuck::{must_cast_slice, must_cast_slice_mut};

mod rows;

pub use rows::ClDiceRows;

/// `1 - 2 P R / (P + R)` with `P = (sum(w S(p) g) + s) / (sum(w S(p)) + s)`,
/// `R = (sum(w S(g) p) + s) / (sum(w S(g)) + s)` and the soft skeleton `S`.
///
/// The skeleton: `x_0 = x`, `x_j = erode(x_(j-1))`, `d_j = max(0, x_j - dilate(x_(j+1)))` for `j` from 0 to
/// `iterations`, and `S = 1 - prod(1 - d_j)`. Erosion is the minimum over a pixel and its 4 neighbours, dilation
/// the maximum over it and its 8 neighbours; neighbours outside the frame and pixels that are not scored
/// do not count.
///
/// Derivative: exact; a minimum or maximum passes it on to its first place in row order, `max(0, 0)` to nothing.
/// Range `[0, 1]`. Scratch: `2 iterations + 7` words per pixel (every erosion and every `d_j` is kept). Passes:
/// `4 iterations + 9`, and `3 iterations + 5` more with derivative. [`ClDice::rows`] needs only rows, for the
/// value. Source: Shit et al. 2021.
///
/// ```
/// use segmeter_core::{loss::{ClDice, ClassPlane, SpatialLoss}, view::Shape};
/// let shape = Shape::new(1, 4)?;
/// let plane = ClassPlane::checked(shape, &[0.25, -0.25, -0.125, 0.0], &[0.0, 1.0, 1.0, 0.0], &[1.0; 4])?;
/// let (mut scratch, mut slope) = ([0; 4 * 11], [0.0; 4]);
/// let value = ClDice::PAPER.evaluate(&plane, &mut scratch, Some(&mut slope));
/// assert_eq!(value.map(|v| v as f32), Some(0.11524164));
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClDice {
    iterations: u32,
    smooth: f32,
}

impl ClDice {
    /// 3 iterations, smoothing 1.
    pub const PAPER: Self = Self { iterations: 3, smooth: 1.0 };
    /// The most iterations.
    pub const MAX_ITERATIONS: u32 = 64;

    /// At most [`ClDice::MAX_ITERATIONS`] iterations; `smooth` in `[1e-30, inf)`.
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

    /// Erosions and `d_j` of a skeleton.
    const fn stages(&self) -> usize {
        self.iterations as usize + 1
    }
}

/// One stage more of a soft skeleton: `S + d (1 - S)`.
fn grow(skeleton: f32, d: f32) -> f32 {
    skeleton + d * (1.0 - skeleton)
}

/// `max(0, x - opened)` of two rows of codes; the bits of it replace `opened`.
fn residue(opened: &mut [u32], row: &[u32]) {
    for (opened, code) in opened.iter_mut().zip(row) {
        let d = if greatest(*code, *opened) == *opened { 0.0 } else { difference(*code, *opened) };
        // A pixel that is not scored is below all that is: it leaves nothing.
        *opened = d.to_bits();
    }
}

/// Fills the erosions after the first plane of `eroded`, and every `d_j`.
fn thin(eroded: &mut [u32], residues: &mut [u32], shape: Shape) {
    let (length, width) = (shape.pixels().max(1), shape.width().max(1));
    let mut rest = eroded;
    let mut residues = residues.chunks_exact_mut(length);
    while let Some((here, next)) = rest.split_at_mut_checked(length)
        && let Some(residue_plane) = residues.next()
    {
        let next_plane = next.get_mut(..length).unwrap_or_default();
        for (y, out) in next_plane.chunks_exact_mut(width).enumerate() {
            erode_row(out, rows_around(here, y, width));
        }
        let rows = residue_plane.chunks_exact_mut(width).zip(here.chunks_exact(width));
        for (y, (out, row)) in rows.enumerate() {
            dilate_row(out, rows_around(next_plane, y, width));
            residue(out, row);
        }
        rest = next;
    }
}

/// The skeleton at a pixel.
fn skeleton(residues: &[f32], length: usize, pixel: usize) -> f32 {
    residues.get(pixel..).unwrap_or_default().iter().step_by(length.max(1)).fold(0.0, |s, d| grow(s, *d))
}

/// Replaces every `d_j` of a pixel by `over` times the derivative of the skeleton with respect to it. `before`
/// is room for the skeletons of earlier stages.
fn residue_slopes(residues: &mut [f32], length: usize, pixel: usize, over: f32, before: &mut Stages) {
    let (mut all, mut stages) = (0.0, 0);
    let column = residues.get(pixel..).unwrap_or_default().iter().step_by(length.max(1));
    for (d, before) in column.zip(before.iter_mut()) {
        *before = all;
        all = grow(all, *d);
        stages += 1;
    }
    if all == 0.0 {
        return;
    }
    let mut after = over;
    for (stage, before) in before.iter().enumerate().take(stages).rev() {
        let Some(d) = residues.get_mut(stage * length + pixel) else { continue };
        let left = 1.0 - before;
        if *d * left > 0.0 {
            (*d, after) = (after * left, after * (1.0 - *d));
        } else {
            *d = 0.0;
        }
    }
}

/// One number per stage.
type Stages = [f32; ClDice::MAX_ITERATIONS as usize + 1];

/// The derivative with respect to `x_0`, from that with respect to every `d_j`; ends in `over`, whose other
/// buffer is `spare`.
fn ascend(eroded: &[u32], residues: &[f32], shape: Shape, over: &mut [f32], spare: &mut [f32]) {
    let (length, width) = (shape.pixels(), shape.width());
    let (mut later, mut earlier) = (spare, over);
    later.fill(0.0);
    let stages = residues.len() / length.max(1);
    for stage in (0..stages).rev() {
        let plane = |of: usize| eroded.get(of * length..(of + 1) * length).unwrap_or_default();
        let (here, next) = (plane(stage), plane(stage + 1));
        let slopes = residues.get(stage * length..(stage + 1) * length).unwrap_or_default();
        for ((y, x, _), slope) in pixels(shape).zip(slopes) {
            if *slope != 0.0 {
                add(later, first_in_window(next, width, (y, x), 1, greatest), -slope);
            }
        }
        for (a, b) in earlier.iter_mut().zip(slopes) {
            *a = *b;
        }
        for ((y, x, _), slope) in pixels(shape).zip(later.iter()) {
            if *slope != 0.0 {
                add(earlier, first_in_cross(here, width, (y, x)), *slope);
            }
        }
        core::mem::swap(&mut later, &mut earlier);
    }
    // The result is in `later` now: in `over` after an odd number of stages.
    if stages.is_multiple_of(2) {
        for (a, b) in earlier.iter_mut().zip(later.iter()) {
            *a = *b;
        }
    }
}

impl SpatialLoss for ClDice {
    /// Every erosion, every `d_j`, and two planes more.
    fn plane_scratch_len(&self, shape: Shape) -> usize {
        (2 * self.stages() + 3) * shape.pixels()
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
        let (shape, length) = (plane.shape(), plane.shape().pixels());
        let (fixed, scratch) = scratch.split_at_mut_checked(2 * length)?;
        let [label_skeleton, spare] = split(fixed, length)?.map(must_cast_slice_mut::<u32, f32>);
        let (eroded, residues) = scratch.split_at_mut_checked((self.stages() + 1) * length)?;
        let residues = residues.get_mut(..self.stages() * length)?;
        let mut thin = |code: fn(&ClassPlane<'_>, usize) -> u32, residues: &mut [u32]| {
            for (pixel, slot) in eroded.iter_mut().take(length).enumerate() {
                *slot = if scored(plane, pixel) { code(plane, pixel) } else { BELOW };
            }
            thin(eroded, residues, shape);
        };
        thin(target_code, residues);
        for (pixel, slot) in label_skeleton.iter_mut().enumerate() {
            *slot = skeleton(must_cast_slice(residues), length, pixel);
        }
        thin(probability_code, residues);
        let residues = must_cast_slice_mut::<u32, f32>(residues);

        let [mut precision, mut recall] = [Share::default(); 2];
        for (pixel, label_skeleton) in label_skeleton.iter().enumerate() {
            let (weight, g) = (plane.weight(pixel), plane.target(pixel));
            if weight > 0.0 {
                precision.add(weight * skeleton(residues, length, pixel), g, 1.0 - g);
                recall.add(weight * label_skeleton, plane.probability(pixel), plane.complement(pixel));
            }
        }
        let harmonic = Harmonic::new(&precision, &recall, self.smooth);
        if let Some(slope) = slope {
            let mut before = [0.0; ClDice::MAX_ITERATIONS as usize + 1];
            for pixel in 0..length {
                let g = plane.target(pixel);
                let over = bounded(plane.weight(pixel) * harmonic.amount(g, 1.0 - g));
                residue_slopes(residues, length, pixel, over, &mut before);
            }
            ascend(eroded, residues, shape, slope, spare);
            for ((pixel, slope), label_skeleton) in slope.iter_mut().enumerate().zip(label_skeleton) {
                let weight = plane.weight(pixel);
                let more = bounded(weight * *label_skeleton * harmonic.part);
                *slope = if weight > 0.0 { *slope + more } else { 0.0 };
            }
        }
        Some(harmonic.value)
    }
}

crate::loss::spatial::spatial_loss!(ClDice);

pub(in crate::loss) const CLDICE: Listed<ClDice> = Listed {
    entry: Entry {
        name: "cldice",
        synonyms: &["soft_cldice"],
        passes: "per class: 4 iterations + 10, and 3 iterations + 6",
        quantised: false,
        scratch: "u32[(2*iterations+7)*pixels]",
        parameters: &[
            Parameter::number("iterations", 3.0, "[0,64]", "erosions of the soft skeleton"),
            Parameter::number("smooth", 1.0, "[1e-30,inf)", "added to numerator and denominator"),
        ],
        definition: "1 - 2 Tp Ts / (Tp + Ts), precision and sensitivity of the soft skeletons",
        reference: "Shit et al. 2021",
        ..FAMILY
    },
    make: |values| ClDice::new(values.whole("iterations")?, values.float("smooth")?),
};
