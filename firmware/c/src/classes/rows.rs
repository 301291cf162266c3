//! Ids of an image, row by row, from scores of a fraction of its size.

use core::ffi::c_void;
use core::mem::size_of;

use segmeter_core::Error;
use segmeter_core::upsample::{Interpolation, MAX_FACTOR, Progress, UpsampledRows, Upsampling};
use segmeter_core::view::{Encoding, Shape};

use super::{classes_of, length_of};
use crate::memory::{In, Out, Plain, Storage};
use crate::sketch::encoding_of;
use crate::status::{Outcome, Status, status};

/// `sgm_classes_layout.interpolation`: bilinear, as PyTorch's with `align_corners=False` and TensorFlow Lite's with
/// `half_pixel_centers`.
pub const SGM_HALF_PIXEL: u8 = 0;
/// `sgm_classes_layout.interpolation`: bilinear, `align_corners=True`.
pub const SGM_ALIGNED_CORNERS: u8 = 1;
/// `sgm_classes_layout.interpolation`: every score is that of a square of pixels.
pub const SGM_NEAREST: u8 = 2;

/// The largest `sgm_classes_layout.factor`.
pub const SGM_MAX_FACTOR: u32 = 16;

/// Bytes of an `sgm_classes_rows` without those behind it: `SGM_CLASSES_ROWS_SIZE` has all.
pub const SGM_CLASSES_ROWS_STATE: usize = 112;

const _: () = assert!(SGM_MAX_FACTOR as usize == MAX_FACTOR);

/// The scores of a network of several classes, and the image that they are of.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ClassesLayout {
    /// Rows of scores, at least 1.
    pub height: u32,
    /// Pixels of a row of scores, at least 1.
    pub width: u32,
    /// Classes, 2 to `SGM_MAX_CLASSES`.
    pub classes: u32,
    /// How often the image is as high and as wide, 1 to `SGM_MAX_FACTOR`; neither side is more than 65535.
    pub factor: u32,
    /// `SGM_UNSIGNED` or `SGM_SIGNED`. Scale and zero point, the same for all classes, change no id.
    pub encoding: u8,
    /// `SGM_HALF_PIXEL`, `SGM_ALIGNED_CORNERS` (an image of at most 2^23 pixels) or `SGM_NEAREST`.
    pub interpolation: u8,
}

// SAFETY: numbers.
unsafe impl Plain for ClassesLayout {}

impl ClassesLayout {
    fn read(self) -> Outcome<(Upsampling, Encoding)> {
        let encoding = encoding_of(self.encoding)?;
        let interpolation = match self.interpolation {
            SGM_HALF_PIXEL => Interpolation::HalfPixel,
            SGM_ALIGNED_CORNERS => Interpolation::AlignedCorners,
            SGM_NEAREST => Interpolation::Nearest,
            _ => return Err(Status::ErrorParameter),
        };
        if !(1..=SGM_MAX_FACTOR).contains(&self.factor) {
            return Err(Status::ErrorParameter);
        }
        let classes = classes_of(self.classes)?;
        // What is left to be refused is the size of the image.
        let found = Shape::new(self.height, self.width)
            .and_then(|shape| Upsampling::new(shape, classes, self.factor as usize, interpolation));
        Ok((found.map_err(|_| Status::ErrorShape)?, encoding))
    }
}

/// Storage for a frame of scores on its way to ids: the head of `SGM_CLASSES_ROWS_SIZE` bytes.
///
/// ```c
/// static union { sgm_classes_rows rows; uint8_t bytes[SGM_CLASSES_ROWS_SIZE(80, 19, 8)]; } memory;
/// ```
#[repr(C, align(16))]
pub struct ClassesRows {
    /// Private.
    opaque: [u8; SGM_CLASSES_ROWS_STATE],
}

/// What is in a [`ClassesRows`]. Behind it lie as many bytes as `upsampling` needs.
#[derive(Debug)]
pub struct Frame {
    upsampling: Upsampling,
    encoding: Encoding,
    progress: Progress,
}

// SAFETY: bytes; numbers alone.
unsafe impl Storage for ClassesRows {
    type State = Option<Frame>;
    const KIND: u32 = 0x5347_5201;
    const EMPTY: &'static Option<Frame> = &None;
}

impl Out<ClassesRows> {
    /// What was put away, and where it lies.
    fn frame(&mut self, beside: &[core::ops::Range<usize>]) -> Outcome<(&mut Frame, &mut [u8])> {
        let room = |state: &Option<Frame>| state.as_ref().map_or(0, |frame| frame.upsampling.scratch_len());
        let (state, scratch) = self.state_and_room(beside, room)?;
        Ok((state.as_mut().ok_or(Status::ErrorKind)?, scratch))
    }

    fn reset(&mut self) -> Outcome {
        let (frame, scratch) = self.frame(&[])?;
        let rows = frame.upsampling.rows(frame.encoding, scratch).map_err(|_| Status::ErrorStorage)?;
        frame.progress = rows.progress();
        Ok(())
    }
}

impl Frame {
    /// Goes on, and puts away how far that came.
    fn resume<T>(
        &mut self,
        scratch: &mut [u8],
        step: impl FnOnce(&mut UpsampledRows<'_>) -> Outcome<T>,
    ) -> Outcome<T> {
        let rows = self.upsampling.resume(self.encoding, scratch, self.progress);
        let mut rows = rows.map_err(|_| Status::ErrorStorage)?;
        let done = step(&mut rows);
        self.progress = rows.progress();
        done
    }
}

/// Makes `rows` ready for the first frame of such scores; `size` is that of the memory behind the pointer, at least
/// `SGM_CLASSES_ROWS_SIZE(width, classes, factor)`: of a union that holds both, its `sizeof`.
///
/// Errors: of storage; `SGM_ERROR_CLASSES`, `SGM_ERROR_SHAPE`, `SGM_ERROR_QUANTISER` for an encoding that is none,
/// `SGM_ERROR_PARAMETER` for such a factor or interpolation.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_classes_rows_init(
    mut rows: Out<ClassesRows>,
    size: usize,
    layout: In<ClassesLayout>,
) -> Status {
    let mut make = || {
        let (upsampling, encoding) = layout.get()?.read()?;
        let need = upsampling.scratch_len().saturating_add(size_of::<ClassesRows>());
        rows.init(size, &[layout.span(1)], |state| {
            *state = Some(Frame { upsampling, encoding, progress: Progress::default() });
            if size < need { Err(Status::ErrorStorage) } else { Ok(()) }
        })?;
        rows.reset()
    };
    status(make())
}

/// Forgets what has come: at the start of a frame.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_classes_rows_reset(mut rows: Out<ClassesRows>) -> Status {
    status(rows.reset())
}

/// Takes the next row of scores, from the top, of `width` pixels.
///
/// With a `plane` of 0 all classes of a pixel lie side by side, as in a tensor of height, width and classes. Otherwise those
/// of the first class do, and those of every other class `plane` bytes behind those of the last: height times width in a
/// tensor of classes, height and width, `width` in a row of them.
///
/// Errors: `SGM_ERROR_LENGTH` for another width or a `plane` below it; `SGM_ERROR_ORDER` if the frame has no more rows, or
/// ids wait: call `sgm_classes_rows_next_row` until it says `SGM_NONE`.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_classes_rows_push_row(
    mut rows: Out<ClassesRows>,
    scores: In<c_void>,
    width: usize,
    plane: usize,
) -> Status {
    let mut push = || {
        let (frame, _) = rows.frame(&[])?;
        let classes = frame.upsampling.classes();
        if width != frame.upsampling.shape().width() {
            return Err(Status::ErrorLength);
        }
        let length = length_of(width, classes, plane)?;
        let codes = scores.bytes(length)?;
        let (frame, scratch) = rows.frame(&[scores.byte_span(length)])?;
        frame.resume(scratch, |rows| {
            let pushed = match plane {
                0 => rows.push_interleaved(codes),
                _ => rows.push_planar(codes, plane),
            };
            pushed.map_err(|error| match error {
                // The lengths are right: a row too many, or too early.
                Error::Length { .. } | Error::Unsupported(_) => Status::ErrorOrder,
                _ => Status::ErrorLength,
            })
        })
    };
    status(push())
}

/// Writes the next row of ids, `length` of them, which is `width * factor` of the scores. Every row of scores gives up to
/// `1.5 * factor` rows; with a bilinear interpolation, the first of several gives none.
///
/// Of equal interpolated scores the class with the lowest id wins. `SGM_NONE` if the rows that have come do not say what it
/// is, or it was the last. Errors: `SGM_ERROR_LENGTH`.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_classes_rows_next_row(
    mut rows: Out<ClassesRows>,
    mut ids: Out<u8>,
    length: usize,
) -> Status {
    let mut next = || {
        let (frame, scratch) = rows.frame(&[ids.span(length)])?;
        if length != frame.upsampling.width() {
            return Err(Status::ErrorLength);
        }
        let to = ids.slice(length, &[])?;
        frame.resume(scratch, |rows| {
            let row = rows.next_row().ok_or(Status::None)?;
            to.iter_mut().zip(row).for_each(|(to, id)| *to = *id);
            Ok(())
        })
    };
    status(next())
}
