//! Shape-aware loss.

use super::FAMILY;
use super::maps;
use crate::error::{Error, Result};
use crate::loss::entry::{CHANNELS, Entry, Listed};
use crate::loss::spatial::ClassPlane;
use crate::loss::walk::{Plane, PlanePass};
use crate::loss::{Call, CrossEntropy, Evaluation, Execute, Loss, split_scratch};
use crate::num::ExactSum;
use crate::plane::{distance, edge};
use crate::view::{Frame, IGNORE, Shape};

/// Shape-aware loss: `(1 + E) CE`, cross-entropy scaled by how far apart the contours are. Binary.
///
/// `E` is the mean distance from the pixels on the contour of the prediction `p > 1/2` to the nearest pixel
/// on the contour of the labels `g > 1/2`, in pixels; one number per frame, constant in the gradient, 0 if
/// either mask has no contour. A contour is the pixels of the mask with a 4-neighbour outside it; the frame's
/// border and pixels without weight make none. `CE` is [`CrossEntropy::MEAN`].
///
/// Range `[0, inf)`. One distance transform, four passes and those of cross-entropy; scratch: two words per
/// pixel and two per column. Source: Arif et al. 2018.
///
/// ```
/// use segmeter_core::{loss::{CrossEntropy, Loss, ShapeAware}, view::{Frame, IGNORE, Labels, Shape}};
/// let shape = Shape::new(1, 6)?;
/// let labels = Labels::new(shape, &[1, 1, 1, 1, 0, 0], IGNORE)?;
/// let frame = Frame::new(&[1.0, -1.0, -1.0, -1.0, -1.0, -1.0], labels)?;
/// let mut scratch = vec![0; ShapeAware.scratch_len(shape)];
/// // The contour of the prediction is pixel 0, that of the labels pixel 3.
/// assert_eq!(ShapeAware.value(&frame, &mut scratch)?.value, 3.253047);
/// assert_eq!(CrossEntropy::MEAN.value(&frame, &mut [])?.value, 0.81326175);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShapeAware;

impl Loss for ShapeAware {
    fn scratch_len(&self, shape: Shape) -> usize {
        maps::distance_scratch_len(shape).saturating_add(shape.pixels())
    }

    fn check<const C: usize>(&self, frame: &Frame<'_, C>) -> Result<()> {
        binary(frame).map(|_| ())
    }

    fn run<X: Execute, const C: usize>(&self, call: Call<'_, X, C>) -> Result<Evaluation> {
        call.check_gradient()?;
        let Call { executor, frame, weight, scratch, gradient, overwrites } = call;
        let frame = binary(&frame)?;
        let (shape, pixels) = (frame.shape(), frame.shape().pixels());
        let ([folded, squares], scratch) = split_scratch(scratch, [pixels; 2], self.scratch_len(shape))?;
        let folded: &mut [f32] = bytemuck::must_cast_slice_mut(folded);
        let job = PlanePass { frame, what: Plane::Folded(1) };
        executor.execute(&job, shape.height(), &mut [&mut *folded]);
        let factor = 1.0 + contour_distance(&ClassPlane::new(&frame, 1, folded), squares, scratch)?;
        let weight = weight * factor as f32;
        let scratch = &mut [];
        let part = CrossEntropy::MEAN.run(Call { executor, frame, weight, scratch, gradient, overwrites })?;
        Ok(if part.undefined { part } else { Evaluation::new(part.precise * factor) })
    }
}

fn binary<'a, const C: usize>(frame: &Frame<'a, C>) -> Result<Frame<'a>> {
    distance::check(frame.shape())?;
    frame.as_binary().ok_or(Error::Unsupported("the shape-aware loss is binary"))
}

/// `E`, with one word per pixel and what the distance transform needs.
fn contour_distance(plane: &ClassPlane<'_>, squares: &mut [u32], scratch: &mut [u32]) -> Result<f64> {
    let id = |pixel: usize, is_inside: bool| {
        if plane.weight(pixel) > 0.0 { u8::from(is_inside) } else { IGNORE }
    };
    edge::visit(
        plane.shape(),
        |pixel| id(pixel, plane.is_labelled(pixel)),
        |pixel, id, edge| {
            if let Some(slot) = squares.get_mut(pixel) {
                *slot = u32::from(id != 1 || !edge);
            }
        },
    );
    if !distance::squared_in_place(plane.shape(), scratch, squares)? {
        return Ok(0.0);
    }
    let (mut sum, mut count) = (ExactSum::default(), 0_u32);
    edge::visit(
        plane.shape(),
        |pixel| id(pixel, plane.is_foreground(pixel)),
        |pixel, id, edge| {
            if id == 1 && edge {
                sum.add(libm::sqrtf(squares.get(pixel).copied().unwrap_or(0) as f32));
                count += 1;
            }
        },
    );
    Ok(if count == 0 { 0.0 } else { sum.value() / f64::from(count) })
}

pub(in crate::loss) const SHAPE_AWARE: Listed<ShapeAware> = Listed {
    entry: Entry {
        name: "shape_aware",
        passes: "5, a distance transform",
        inputs: CHANNELS,
        quantised: false,
        scratch: "u32[2*pixels+2*width]",
        definition: "(1 + E) cross_entropy, E the mean distance from the contour of the prediction to that of the labels",
        reference: "Arif et al. 2018",
        ..FAMILY
    },
    make: |_| Ok(ShapeAware),
};
