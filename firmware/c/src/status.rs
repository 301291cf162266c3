//! What every function returns.

use core::ffi::{CStr, c_char};

use segmeter_core::Error;

/// What a function of this crate returns before it is a status.
pub(crate) type Outcome<T = ()> = Result<T, Status>;

/// What functions return: done, undefined, or an error below zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Status {
    /// Done, and what was asked for is written.
    Ok = 0,
    /// The quantity has no value for these pixels (0/0, no label, no road): nothing is written. Not an error.
    Undefined = 1,
    /// There is no row now: push the next one. Nothing is written. Not an error.
    None = 2,
    /// A pointer is null.
    ErrorNull = -1,
    /// A pointer is not aligned for what it points to.
    ErrorMisaligned = -2,
    /// Storage or room is smaller than the library needs: compile with the header of this library.
    ErrorStorage = -3,
    /// The object was never initialised, or is one of another kind, or its initialisation failed.
    ErrorKind = -4,
    /// Two arguments share memory that this call changes.
    ErrorOverlap = -5,
    /// A length is not the one that is asked for, or no memory can be so long.
    ErrorLength = -6,
    /// Height or width is 0, the width above SGM_MAX_WIDTH, an image too large, or the profile is for frames of another size.
    ErrorShape = -7,
    /// A quantiser's scale, zero point, encoding or meaning is out of range.
    ErrorQuantiser = -8,
    /// Table, sketch and profile are for codes of different quantisers.
    ErrorMismatch = -9,
    /// There is no entry, list or parameter of this name or number.
    ErrorName = -10,
    /// The value of a parameter is out of its range.
    ErrorParameter = -11,
    /// The loss depends on where pixels are, which a sketch does not know, or is not for binary frames; or the codes are
    /// probabilities where logits are asked for.
    ErrorUnsupported = -12,
    /// A label (or a prediction) is neither a class, 0 or 1 of a network of one, nor the id of ignored pixels.
    ErrorLabel = -13,
    /// A sketch would have more than 2^32 - 1 pixels, or a counter was too large: reset it more often.
    ErrorOverflow = -14,
    /// It is not the time for this call: no frame under way, rows missing or too many, nothing to acknowledge or to seal.
    ErrorOrder = -15,
    /// The bytes do not begin as such a record does.
    ErrorMagic = -16,
    /// The record is of another version: make it again with this version's desk.
    ErrorVersion = -17,
    /// The record is damaged: its checksum is wrong.
    ErrorChecksum = -18,
    /// The record is whole, but a value in it cannot be.
    ErrorValue = -19,
    /// The snapshot was made with another profile.
    ErrorProfile = -20,
    /// There are not 2 to SGM_MAX_CLASSES classes, or this is none of them.
    ErrorClasses = -21,
}

/// The text of a status in English, one line without a full stop; of a number that is none, that it is unknown. Never null,
/// never to be freed.
#[unsafe(no_mangle)]
pub extern "C" fn sgm_status_text(status: i32) -> *const c_char {
    let text: &'static CStr = match status {
        0 => c"done",
        1 => c"the quantity has no value for these pixels",
        2 => c"there is no row now: push the next one",
        -1 => c"a pointer is null",
        -2 => c"a pointer is not aligned for what it points to",
        -3 => c"the storage is too small: is the header that of this library?",
        -4 => c"the object was not initialised, or is of another kind",
        -5 => c"two arguments share memory",
        -6 => c"a length is wrong",
        -7 => c"the frame or image has a size that cannot be, or that the profile is not for",
        -8 => c"scale, zero point, encoding or meaning is out of range",
        -9 => c"table, sketch or profile are for different quantisers",
        -10 => c"there is no such name or number",
        -11 => c"the value of a parameter is out of its range",
        -12 => c"not defined: such a loss for a sketch, or an energy of probabilities",
        -13 => c"a label or prediction is neither a class nor ignored",
        -14 => c"too many pixels: reset more often",
        -15 => c"it is not the time for this call",
        -16 => c"the bytes are no such record",
        -17 => c"the record is of another version",
        -18 => c"the record is damaged",
        -19 => c"a value in the record cannot be",
        -20 => c"the snapshot was made with another profile",
        -21 => c"there are not 2 to 32 classes, or there is no such class",
        _ => c"unknown status: header and library may be of different versions",
    };
    text.as_ptr()
}

/// The version of this interface, as the header has it: it changes with every change that needs a new compilation.
pub const SGM_ABI_VERSION: u32 = 1;

/// `SGM_ABI_VERSION` of the library: if it is not that of the header, nothing else may be called.
#[unsafe(no_mangle)]
pub extern "C" fn sgm_abi_version() -> u32 {
    SGM_ABI_VERSION
}

/// The status of an outcome.
pub(crate) fn status(outcome: Outcome) -> Status {
    match outcome {
        Ok(()) => Status::Ok,
        Err(status) => status,
    }
}

/// Of a loss: what core refuses.
pub(crate) fn of_loss(error: Error) -> Status {
    match error {
        Error::Unsupported(_) | Error::Classes { .. } => Status::ErrorUnsupported,
        Error::Parameter("name") => Status::ErrorName,
        _ => Status::ErrorParameter,
    }
}

/// Of a record: what core calls wrong about it.
pub(crate) fn of_record(error: Error) -> Status {
    match error {
        Error::Parameter("magic") => Status::ErrorMagic,
        Error::Parameter("version") => Status::ErrorVersion,
        Error::Parameter("length") | Error::Length { .. } => Status::ErrorLength,
        Error::Parameter("crc") => Status::ErrorChecksum,
        _ => Status::ErrorValue,
    }
}
