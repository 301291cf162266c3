//! Boundary F1: how far the boundaries of prediction and label lie within a tolerance of each other.

use super::FAMILY;
use crate::error::{Error, Result};
use crate::loss::entry::{Entry, Listed, Parameter};
use crate::loss::grid::{
    ABOVE, BELOW, add, bounded, complement, difference_code, first_in_window, get, greatest, least, pixels,
    pool, probability_code, scored, split, start, target_code, value,
};
use crate::loss::harmonic::{Harmonic, Share};
use crate::loss::{ClassPlane, SpatialLoss};
use crate::view::Shape;
use bytemuck::must_cast_slice_mut;

mod rows;

pub use rows::BoundaryF1Rows;

/// `1 - 2 P R / (P + R)`, with the boundary of a plane `b(x) = x - min(x)` over a window of `edge_window` pixels, the
/// widened boundary `e(x) = max(b(x))` over a window of `tolerance_window` pixels, and
/// `P = (sum(w b(p) e(g)) + s) / (sum(w b(p)) + s)`, `R = (sum(w e(p) b(g)) + s) / (sum(w b(g)) + s)`.
///
/// Windows are squares around the pixel; what lies outside the frame or is not scored does not count in them.
/// The derivative of a minimum or maximum goes to its first place in row order. Without any boundary `P = R = 1`
/// and the value is 0.
///
/// Range `[0, 1]`. Scratch: 7 words per pixel and one row. Passes: 10, and 2 per pixel of the two windows' radii;
/// 3 more with derivative. [`BoundaryF1::rows`] needs only rows, for the value. Source: Bokhovkin and Burnaev
/// 2019; the smoothing is added here (without it 0/0 where a class is absent).
///
/// ```
/// use segmeter_core::{loss::{BoundaryF1, ClassPlane, SpatialLoss}, view::Shape};
/// let shape = Shape::new(1, 5)?;
/// let plane = ClassPlane::checked(shape, &[0.0, 0.25, -0.25, 0.5, 0.0], &[0.0, 0.0, 1.0, 1.0, 0.0], &[1.0; 5])?;
/// let mut slope = [0.0; 5];
/// let value = BoundaryF1::PAPER.evaluate(&plane, &mut [0; 5 * 5 + 5], Some(&mut slope));
/// assert_eq!(value.map(|v| v as f32), Some(0.3333333));
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoundaryF1 {
    edge_window: u32,
    tolerance_window: u32,
    smooth: f32,
}

impl BoundaryF1 {
    /// Windows of 3 and 5 pixels, smoothing 1e-7.
    pub const PAPER: Self = Self { edge_window: 3, tolerance_window: 5, smooth: 1e-7 };
    /// The widest window.
    pub const MAX_WINDOW: u32 = 255;

    /// Windows are odd, at most [`BoundaryF1::MAX_WINDOW`]; `smooth` in `[1e-30, inf)`.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub const fn new(edge_window: u32, tolerance_window: u32, smooth: f32) -> Result<Self> {
        if edge_window.is_multiple_of(2) || edge_window > Self::MAX_WINDOW {
            return Err(Error::Parameter("edge_window"));
        }
        if tolerance_window.is_multiple_of(2) || tolerance_window > Self::MAX_WINDOW {
            return Err(Error::Parameter("tolerance_window"));
        }
        if !(smooth >= 1e-30 && smooth <= f32::MAX) {
            return Err(Error::Parameter("smooth"));
        }
        Ok(Self { edge_window, tolerance_window, smooth })
    }

    /// Codes of the boundary of `codes`, [`BELOW`] where that is [`ABOVE`].
    fn boundary(&self, codes: &[u32], out: &mut [u32], buffer: &mut [u32]) {
        copy(out, codes);
        pool(out, buffer, self.edge_window / 2, least);
        for (least, code) in out.iter_mut().zip(codes) {
            *least = if *code == ABOVE { BELOW } else { difference_code(*code, *least) };
        }
    }
}

fn copy(out: &mut [u32], from: &[u32]) {
    for (a, b) in out.iter_mut().zip(from) {
        *a = *b;
    }
}

fn fill(out: &mut [u32], plane: &ClassPlane<'_>, code: impl Fn(&ClassPlane<'_>, usize) -> u32) {
    for (pixel, slot) in out.iter_mut().enumerate() {
        *slot = if scored(plane, pixel) { code(plane, pixel) } else { ABOVE };
    }
}

impl SpatialLoss for BoundaryF1 {
    /// Five planes and a row.
    fn plane_scratch_len(&self, shape: Shape) -> usize {
        5 * shape.pixels() + shape.width()
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
        let (buffer, scratch) = scratch.split_at_mut_checked(shape.width())?;
        let [p, edge, wide, label_edge, label_wide] = split(scratch, shape.pixels())?;
        fill(label_wide, plane, target_code);
        self.boundary(label_wide, label_edge, buffer);
        copy(label_wide, label_edge);
        pool(label_wide, buffer, self.tolerance_window / 2, greatest);
        fill(p, plane, probability_code);
        self.boundary(p, edge, buffer);
        copy(wide, edge);
        pool(wide, buffer, self.tolerance_window / 2, greatest);

        let [mut precision, mut recall] = [Share::default(); 2];
        for pixel in 0..shape.pixels() {
            let weight = plane.weight(pixel);
            if weight > 0.0 {
                let [b, e] = [get(edge, pixel), get(label_wide, pixel)];
                precision.add(weight * value(b), value(e), complement(e));
                let [b, e] = [get(label_edge, pixel), get(wide, pixel)];
                recall.add(weight * value(b), value(e), complement(e));
            }
        }
        let harmonic = Harmonic::new(&precision, &recall, self.smooth);
        if let Some(slope) = slope {
            let planes = [&*p, &*edge, &*label_edge];
            self.descend(plane, &harmonic, planes, must_cast_slice_mut(label_wide), slope);
        }
        Some(harmonic.value)
    }
}

crate::loss::spatial::spatial_loss!(BoundaryF1);

impl BoundaryF1 {
    /// The derivative, from the shares back to the probabilities. `over` holds the widened boundary of the label
    /// and takes the derivative with respect to the boundary of the prediction.
    fn descend(
        &self,
        plane: &ClassPlane<'_>,
        harmonic: &Harmonic,
        [p, edge, label_edge]: [&[u32]; 3],
        over: &mut [f32],
        slope: &mut [f32],
    ) {
        let (shape, width) = (plane.shape(), plane.shape().width());
        for (pixel, over) in over.iter_mut().enumerate() {
            let weight = plane.weight(pixel);
            let e = over.to_bits();
            let amount = harmonic.amount(value(e), complement(e));
            *over = if weight > 0.0 { bounded(weight * amount) } else { 0.0 };
        }
        for (y, x, pixel) in pixels(shape) {
            let amount = if scored(plane, pixel) { value(get(label_edge, pixel)) } else { 0.0 };
            if amount != 0.0 {
                let first =
                    first_in_window(edge, width, (y, x), self.tolerance_window as usize / 2, greatest);
                add(over, first, plane.weight(pixel) * amount * harmonic.part);
            }
        }
        for (y, x, pixel) in pixels(shape) {
            let over = get(over, pixel);
            if scored(plane, pixel) && over != 0.0 {
                let first = first_in_window(p, width, (y, x), self.edge_window as usize / 2, least);
                if first != pixel {
                    add(slope, pixel, over);
                    add(slope, first, -over);
                }
            }
        }
    }
}

pub(in crate::loss) const BOUNDARY_F1: Listed<BoundaryF1> = Listed {
    entry: Entry {
        name: "boundary_f1",
        passes: "per class: 11 + 4, and 2 per pixel of the windows' radii",
        quantised: false,
        scratch: "u32[7*pixels+width]",
        parameters: &[
            Parameter::number("edge_window", 3.0, "odd, [1,255]", "window of an edge"),
            Parameter::number("tolerance_window", 5.0, "odd, [1,255]", "window of its surroundings"),
            Parameter::number("smooth", 1e-07, "[1e-30,inf)", "added to numerator and denominator"),
        ],
        definition: "1 - 2 P R / (P + R) of the soft boundaries",
        reference: "Bokhovkin and Burnaev 2019",
        ..FAMILY
    },
    make: |values| {
        BoundaryF1::new(
            values.whole("edge_window")?,
            values.whole("tolerance_window")?,
            values.float("smooth")?,
        )
    },
};
