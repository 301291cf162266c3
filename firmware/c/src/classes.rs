//! Networks of several classes: ids of an image from its coarse scores, and what they and the scores say.

use core::ffi::c_void;

use segmeter_core::drift;
use segmeter_core::view::{Encoding, MAX_CLASSES};

use crate::memory::{In, Out};
use crate::sketch::encoding_of;
use crate::status::{Outcome, Status, status};

mod confusion;
mod rows;
mod statistics;

pub use confusion::*;
pub use rows::*;
pub use statistics::*;

/// The most classes of a network.
pub const SGM_MAX_CLASSES: usize = 32;

// What the header says must be what core has.
const _: () = assert!(SGM_MAX_CLASSES == MAX_CLASSES && SGM_MAX_CLASSES == drift::MOST_CLASSES);

/// A number of classes, if it is one that a network can have.
fn classes_of(classes: u32) -> Outcome<usize> {
    let classes = classes as usize;
    if (2..=SGM_MAX_CLASSES).contains(&classes) { Ok(classes) } else { Err(Status::ErrorClasses) }
}

/// Bytes from the first score of a row to its last: of all classes of a pixel side by side, or of planes.
fn length_of(width: usize, classes: usize, plane: usize) -> Outcome<usize> {
    let length = match plane {
        0 => width.checked_mul(classes),
        _ if plane < width => None,
        _ => plane.checked_mul(classes.saturating_sub(1)).and_then(|rest| rest.checked_add(width)),
    };
    length.ok_or(Status::ErrorLength)
}

/// The scores of every pixel of a row, one class after the other, made others by `flip`.
fn pixels(
    scores: &[u8],
    [width, classes, plane]: [usize; 3],
    flip: u8,
) -> impl Iterator<Item = [u8; SGM_MAX_CLASSES]> {
    let (pixel, class) = if plane == 0 { (classes, 1) } else { (1, plane) };
    (0..width).map(move |x| {
        let mut all = [0; SGM_MAX_CLASSES];
        let of_pixel = scores.get(x * pixel..).unwrap_or_default().iter().step_by(class.max(1));
        all.iter_mut().zip(of_pixel.take(classes)).for_each(|(to, score)| *to = score ^ flip);
        all
    })
}

/// Splits a row of scores of all classes into a row of codes for each class: by how much its logit lies above the highest of
/// the others. A sketch, a table and a monitor of a class go on from there, as for a network of one class.
///
/// `scores` are those of `width` pixels, `encoding` is `SGM_SIGNED` or `SGM_UNSIGNED`, `plane` as in
/// `sgm_classes_rows_push_row`. `codes` gets `classes * width` values: those of class `c` begin at `c * width`. They are
/// signed logits of the network's scale with zero point 0: `{scale, 0, SGM_SIGNED, SGM_LOGITS}`; above 0 for the class that
/// is predicted and for no other.
///
/// Errors: `SGM_ERROR_CLASSES`, `SGM_ERROR_QUANTISER` for an encoding that is none, `SGM_ERROR_LENGTH`.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_classes_against_rest(
    scores: In<c_void>,
    width: usize,
    plane: usize,
    classes: u32,
    encoding: u8,
    mut codes: Out<i8>,
) -> Status {
    let mut split = || {
        let classes = classes_of(classes)?;
        let flip = if encoding_of(encoding)? == Encoding::Signed { 0 } else { 0x80 };
        let length = length_of(width, classes, plane)?;
        let scores_of_row = scores.bytes(length)?;
        let room = width.checked_mul(classes).ok_or(Status::ErrorLength)?;
        let codes = codes.slice(room, &[scores.byte_span(length)])?;
        for (x, pixel) in pixels(scores_of_row, [width, classes, plane], flip).enumerate() {
            let (logits, mut found) = (pixel.map(u8::cast_signed), [0; SGM_MAX_CLASSES]);
            let (logits, found) = (logits.get(..classes), found.get_mut(..classes).unwrap_or_default());
            drift::against_rest(logits.unwrap_or_default(), classes, found)
                .map_err(|_| Status::ErrorClasses)?;
            let column = codes.get_mut(x..).unwrap_or_default().iter_mut().step_by(width.max(1));
            column.zip(found).for_each(|(to, code)| *to = *code);
        }
        Ok(())
    };
    status(split())
}
