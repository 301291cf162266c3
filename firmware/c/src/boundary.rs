//! Boundary IoU of rows of ids: how well the edges of a class meet.

use core::mem::size_of;
use core::ops::Range;

use segmeter_core::metric::surface::{BoundaryIou, BoundaryIouProgress};
use segmeter_core::plane::Row;

use crate::memory::{In, Out, Plain, Storage};
use crate::metric::number;
use crate::status::{Outcome, Status, status};

/// The largest distance of a pixel of the boundary from the background.
pub const SGM_MAX_BOUNDARY_DISTANCE: u32 = 16383;

/// Bytes of an `sgm_boundary_rows` without those behind it: `SGM_BOUNDARY_ROWS_SIZE` has all.
pub const SGM_BOUNDARY_ROWS_STATE: usize = 64;

/// Storage for a frame on its way in: the head of `SGM_BOUNDARY_ROWS_SIZE` bytes.
///
/// ```c
/// static union { sgm_boundary_rows rows; uint8_t bytes[SGM_BOUNDARY_ROWS_SIZE(640, 4)]; } memory;
/// ```
#[repr(C, align(16))]
pub struct BoundaryRows {
    /// Private.
    opaque: [u8; SGM_BOUNDARY_ROWS_STATE],
}

/// What is in a [`BoundaryRows`]. Behind it lie as many words as `iou` needs.
#[derive(Debug)]
pub struct Frame {
    iou: BoundaryIou,
    width: usize,
    progress: BoundaryIouProgress,
}

// SAFETY: bytes; numbers alone.
unsafe impl Storage for BoundaryRows {
    type State = Option<Frame>;
    const KIND: u32 = 0x5347_4201;
    const EMPTY: &'static Option<Frame> = &None;
}

/// Pixels of boundaries. Plain counts: add those of frames, tiles or devices as you like. All zero at the start.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct BoundaryCounts {
    /// On the boundary of the prediction and on that of the label.
    pub both: u64,
    /// On one of them, or on both.
    pub either: u64,
}

// SAFETY: numbers.
unsafe impl Plain for BoundaryCounts {}

impl Out<BoundaryRows> {
    /// What was put away, and where it lies.
    fn frame(&mut self, beside: &[Range<usize>]) -> Outcome<(&mut Frame, &mut [u32])> {
        let room =
            |state: &Option<Frame>| state.as_ref().map_or(0, |frame| frame.iou.scratch_len(frame.width));
        let (state, scratch) = self.state_and_room(beside, room)?;
        Ok((state.as_mut().ok_or(Status::ErrorKind)?, scratch))
    }

    fn reset(&mut self) -> Outcome {
        let (frame, scratch) = self.frame(&[])?;
        let rows = frame.iou.rows(frame.width, scratch).map_err(|_| Status::ErrorStorage)?;
        frame.progress = rows.progress();
        Ok(())
    }
}

/// Makes `rows` ready for the first frame of `width` pixels a row; `size` is that of the memory behind the pointer, at least
/// `SGM_BOUNDARY_ROWS_SIZE(width, distance)`: of a union that holds both, its `sizeof`.
///
/// The boundary of a mask are its pixels at most `distance` rows and columns from its background, 1 to
/// `SGM_MAX_BOUNDARY_DISTANCE`: for COCO 2 % of the frame's diagonal, for Cityscapes .5 %. `frame_counts` says whether what
/// lies outside of the frame is background, 1 (as there) or 0.
///
/// Errors: of storage; `SGM_ERROR_SHAPE` for a `width` of 0, `SGM_ERROR_PARAMETER` for another distance, or neither 0 nor 1.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_boundary_rows_init(
    mut rows: Out<BoundaryRows>,
    size: usize,
    width: u32,
    distance: u32,
    frame_counts: u8,
) -> Status {
    let mut make = || {
        if width == 0 {
            return Err(Status::ErrorShape);
        }
        if !(1..=SGM_MAX_BOUNDARY_DISTANCE).contains(&distance) || frame_counts > 1 {
            return Err(Status::ErrorParameter);
        }
        let (iou, width) = (BoundaryIou { distance, frame_counts: frame_counts == 1 }, width as usize);
        let need = iou.scratch_len(width).saturating_mul(size_of::<u32>());
        let need = need.saturating_add(size_of::<BoundaryRows>());
        rows.init(size, &[], |state| {
            *state = Some(Frame { iou, width, progress: BoundaryIouProgress::default() });
            if size < need { Err(Status::ErrorStorage) } else { Ok(()) }
        })?;
        rows.reset()
    };
    status(make())
}

/// Forgets what has come: at the start of a frame that is not the one after `sgm_boundary_rows_finish`.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_boundary_rows_reset(mut rows: Out<BoundaryRows>) -> Status {
    status(rows.reset())
}

/// Takes the next row of `length` predicted ids and labels, from the top. The masks are the pixels of `class_id`; those with the
/// label `ignore` are in neither, and no boundary is made by them.
///
/// Errors: `SGM_ERROR_LENGTH` for another length than the width.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_boundary_rows_push_row(
    mut rows: Out<BoundaryRows>,
    predictions: In<u8>,
    labels: In<u8>,
    length: usize,
    class_id: u8,
    ignore: u8,
) -> Status {
    let mut push = || {
        let (frame, scratch) = rows.frame(&[predictions.span(length), labels.span(length)])?;
        if length != frame.width {
            return Err(Status::ErrorLength);
        }
        let (prediction, label) = (predictions.slice(length)?, labels.slice(length)?);
        let going = frame.iou.resume(frame.width, scratch, frame.progress);
        let mut going = going.map_err(|_| Status::ErrorStorage)?;
        let pushed = going.push_row(&Row::Ids { prediction, label, class: class_id, ignore });
        frame.progress = going.progress();
        pushed.map_err(|_| Status::ErrorLength)
    };
    status(push())
}

/// After the last row: adds the frame to `counts`, and is ready for the next one.
///
/// Errors: `SGM_ERROR_OVERFLOW`, with `counts` as they were.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_boundary_rows_finish(
    mut rows: Out<BoundaryRows>,
    mut counts: Out<BoundaryCounts>,
) -> Status {
    let mut finish = || {
        counts.check()?;
        let (frame, scratch) = rows.frame(&[counts.span(1)])?;
        let going = frame.iou.resume(frame.width, scratch, frame.progress);
        let found = going.map_err(|_| Status::ErrorStorage)?.finish().iou();
        for counts in counts.slice(1, &[])? {
            let both = counts.both.checked_add(found.numerator).ok_or(Status::ErrorOverflow)?;
            let either = counts.either.checked_add(found.denominator).ok_or(Status::ErrorOverflow)?;
            *counts = BoundaryCounts { both, either };
        }
        rows.reset()
    };
    status(finish())
}

/// Boundary IoU of counts.
///
/// `SGM_UNDEFINED` where neither mask has a boundary.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_boundary_iou(counts: In<BoundaryCounts>, value: Out<f64>) -> Status {
    let find = || {
        let BoundaryCounts { both, either } = counts.get()?;
        let ratio = segmeter_core::metric::Ratio { numerator: both, denominator: either };
        number(value, ratio.value())
    };
    status(find())
}
