//! What scores of several classes say without labels.

use core::ffi::c_void;

use segmeter_core::Error;
use segmeter_core::drift::{ClassStatistics, EnergyTable};
use segmeter_core::num::Q16;

use super::{SGM_MAX_CLASSES, classes_of, length_of, pixels};
use crate::memory::{In, Out, Plain, Storage};
use crate::sketch::Quantiser;
use crate::status::{Outcome, Status, status};

/// Bytes of an `sgm_classes_sums`.
pub const SGM_CLASSES_SUMS_SIZE: usize = 880;

/// Storage for sums over pixels of scores, and the table of exponentials that they take.
#[repr(C, align(16))]
pub struct ClassesSums {
    /// Private.
    opaque: [u8; SGM_CLASSES_SUMS_SIZE],
}

/// What the scores of several classes say without labels, at their own resolution; means of all pixels in steps of 2^-16.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ClassesStatistics {
    /// Mean of what the highest score is above the second, in steps of a code, in [0, 255].
    pub mean_margin: i32,
    /// Mean of `-T ln(sum e^(z/T))` of the logits, the free energy.
    pub mean_energy: i32,
    /// Mean softmax probability of the predicted class, in (0, 1].
    pub mean_confidence: i32,
    /// Mean entropy of softmax in nats, in [0, ln(classes)].
    pub mean_entropy: i32,
    /// Pixels.
    pub pixels: u32,
    /// Pixels predicted to be of each class.
    pub predicted: [u32; SGM_MAX_CLASSES],
}

// SAFETY: numbers.
unsafe impl Plain for ClassesStatistics {}

/// What is in a [`ClassesSums`].
#[derive(Debug)]
pub struct SumsState {
    table: Option<EnergyTable>,
    sums: ClassStatistics<SGM_MAX_CLASSES>,
    classes: usize,
    /// What a counter can hold, and no more, is admitted.
    pixels: u32,
}

// SAFETY: bytes; numbers alone.
unsafe impl Storage for ClassesSums {
    type State = SumsState;
    const KIND: u32 = 0x5347_4301;
    const EMPTY: &'static SumsState =
        &SumsState { table: None, sums: ClassStatistics::NONE, classes: 0, pixels: 0 };
}

impl SumsState {
    fn push(&mut self, scores: &[u8], width: usize, plane: usize) -> Outcome {
        let more = u32::try_from(width).map_err(|_| Status::ErrorOverflow)?;
        let pixels_then = self.pixels.checked_add(more).ok_or(Status::ErrorOverflow)?;
        let (table, classes) = (self.table.as_ref().ok_or(Status::ErrorKind)?, self.classes);
        let sums = &mut self.sums;
        let mut add = |scores: &[u8]| sums.push_codes(table, scores, classes);
        match plane {
            0 => add(scores),
            _ => pixels(scores, [width, classes, plane], 0)
                .try_for_each(|pixel| add(pixel.get(..classes).unwrap_or_default())),
        }
        .map_err(|_| Status::ErrorClasses)?;
        self.pixels = pixels_then;
        Ok(())
    }

    fn read(&self) -> Outcome<ClassesStatistics> {
        let table = self.table.as_ref().ok_or(Status::ErrorKind)?;
        let raw = |mean: Option<Q16>| mean.map(Q16::raw).ok_or(Status::Undefined);
        Ok(ClassesStatistics {
            mean_margin: raw(self.sums.mean_margin())?,
            mean_energy: raw(self.sums.mean_energy(table))?,
            mean_confidence: raw(self.sums.mean_confidence())?,
            mean_entropy: raw(self.sums.mean_entropy(table))?,
            pixels: self.pixels,
            predicted: *self.sums.classes(),
        })
    }
}

/// Makes empty sums in `sums`, which is `size` bytes long (`sizeof`), for the logits of a network of `classes` classes, and
/// their exponentials at a temperature: 1 is that of the loss. Once: 256 exponentials.
///
/// Errors: of storage; `SGM_ERROR_CLASSES`, `SGM_ERROR_QUANTISER`, `SGM_ERROR_UNSUPPORTED` for codes of probabilities, which
/// have no energy, `SGM_ERROR_PARAMETER` unless the temperature is above 0 and below 1e6.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_classes_sums_init(
    mut sums: Out<ClassesSums>,
    size: usize,
    quantiser: In<Quantiser>,
    classes: u32,
    temperature: f32,
) -> Status {
    let mut make = || {
        let found = quantiser.get()?.read()?;
        let classes = classes_of(classes)?;
        sums.init(size, &[quantiser.span(1)], |state| {
            state.table = Some(EnergyTable::of(&found, temperature).map_err(|error| match error {
                Error::Unsupported(_) => Status::ErrorUnsupported,
                _ => Status::ErrorParameter,
            })?);
            state.classes = classes;
            Ok(())
        })
    };
    status(make())
}

/// Forgets every pixel: at the start of a frame.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_classes_sums_reset(mut sums: Out<ClassesSums>) -> Status {
    status(sums.state(&[]).map(|state| {
        state.sums.clear();
        state.pixels = 0;
    }))
}

/// Adds a row of `width` pixels; `scores` and `plane` as in `sgm_classes_rows_push_row`, the encoding that of the quantiser.
///
/// Errors: `SGM_ERROR_LENGTH` for a `plane` below the width; `SGM_ERROR_OVERFLOW`. Nothing is added then.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_classes_sums_push_row(
    mut sums: Out<ClassesSums>,
    scores: In<c_void>,
    width: usize,
    plane: usize,
) -> Status {
    let mut push = || {
        let classes = sums.state(&[])?.classes;
        let length = length_of(width, classes, plane)?;
        let codes = scores.bytes(length)?;
        sums.state(&[scores.byte_span(length)])?.push(codes, width, plane)
    };
    status(push())
}

/// What the scores say so far.
///
/// `SGM_UNDEFINED` without a pixel.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_classes_sums_statistics(
    sums: In<ClassesSums>,
    statistics: Out<ClassesStatistics>,
) -> Status {
    status(sums.state().and_then(|state| {
        statistics.check()?;
        statistics.write(state.read()?)
    }))
}
