//! What there is, by number and name: core's own lists.

use core::ffi::c_char;

use segmeter_core::drift::{Invalid, Signal, State};
use segmeter_core::loss::{LOSSES, list};
use segmeter_core::metric::ClassMetric;

use crate::memory::{In, Out};
use crate::status::{Outcome, Status, status};

/// The losses: `sgm_loss`. A number in a list holds for one version of the library; a name stays.
pub const SGM_LOSSES: u32 = 0;
/// The metrics of an `sgm_confusion`: `sgm_metric`.
pub const SGM_METRICS: u32 = 1;
/// What a monitor watches: places in `sgm_observation.signals`.
pub const SGM_SIGNALS: u32 = 2;
/// What a monitor concludes: `SGM_STATE_UNKNOWN` and the others.
pub const SGM_STATES: u32 = 3;
/// Why a frame was not measured: `SGM_INVALID_MISSING` and the others.
pub const SGM_INVALID: u32 = 4;

/// The entry of a list at a place.
fn name(list: u32, place: usize) -> Option<&'static str> {
    match list {
        SGM_LOSSES => LOSSES.get(place).map(|entry| entry.name),
        SGM_METRICS => ClassMetric::ALL.get(place).map(|(name, _)| *name),
        SGM_SIGNALS => Signal::ALL.get(place).map(|signal| signal.name()),
        SGM_STATES => State::ALL.get(place).map(|state| state.name()),
        SGM_INVALID => Invalid::ALL.get(place).map(|invalid| invalid.name()),
        _ => None,
    }
}

/// Entries of a list (`SGM_LOSSES` and the others); 0 if there is no such list.
#[unsafe(no_mangle)]
pub extern "C" fn sgm_count(list: u32) -> u32 {
    (0..).take_while(|place| name(list, *place as usize).is_some()).count() as u32
}

/// Writes the name of an entry, with a NUL, into `text` of `size` bytes; 48 are enough for every name.
///
/// Errors: `SGM_ERROR_NAME` if there is no such list or entry, `SGM_ERROR_LENGTH` if the name does not fit.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_name(list: u32, number: u32, text: Out<c_char>, size: usize) -> Status {
    status(write_name(list, number, text, size))
}

fn write_name(list: u32, number: u32, text: Out<c_char>, size: usize) -> Outcome {
    let name = name(list, number as usize).ok_or(Status::ErrorName)?;
    let mut text = text.bytes();
    text.check()?;
    if size <= name.len() {
        return Err(Status::ErrorLength);
    }
    let room = text.slice(name.len() + 1, &[])?;
    let bytes = name.bytes().chain([0]);
    room.iter_mut().zip(bytes).for_each(|(room, byte)| *room = byte);
    Ok(())
}

/// The number of the entry of a list that is called `name` (with a NUL); a loss may be called by its other names.
///
/// Errors: `SGM_ERROR_NAME` if nothing is called so.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_find(list: u32, name: In<c_char>, number: Out<u32>) -> Status {
    status(find(list, name, number))
}

fn find(list: u32, wanted: In<c_char>, number: Out<u32>) -> Outcome {
    number.check()?;
    let wanted = wanted.text()?;
    let wanted = match list {
        // By its own name from here on.
        SGM_LOSSES => list::named(wanted).map_or(wanted, |entry| entry.name),
        _ => wanted,
    };
    let mut names = (0..).map_while(|place| name(list, place as usize).map(|name| (place, name)));
    let (place, _) = names.find(|(_, name)| *name == wanted).ok_or(Status::ErrorName)?;
    number.write(place)
}
