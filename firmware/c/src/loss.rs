//! Losses of a sketch.

use core::ffi::c_char;

use segmeter_core::list::{Entry, Value};
use segmeter_core::loss::list::single;
use segmeter_core::loss::{AnyLoss, LOSSES, Loss};

use crate::memory::{In, Out, Plain};
use crate::sketch::{Sketch, Table};
use crate::status::{Outcome, Status, of_loss, status};

/// A parameter of a loss, by its name in the list of losses.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Parameter {
    /// What it is called, with a NUL: `fn_weight`.
    pub name: In<c_char>,
    /// A word, with a NUL, of a parameter that is one (`true` and `false` too), or null: then it is `number`.
    pub word: In<c_char>,
    /// The number.
    pub number: f64,
}

// SAFETY: a pointer that is looked at when it is used, and a number.
unsafe impl Plain for Parameter {}

impl Parameter {
    fn value(&self) -> Outcome<Value<'_>> {
        if self.word.is_null() {
            return Ok(Value::Number(self.number));
        }
        Ok(match self.word.text()? {
            "true" => Value::Flag(true),
            "false" => Value::Flag(false),
            word => Value::Word(word),
        })
    }
}

/// The value of a loss for the labelled pixels of a sketch, rounded once from 64 bits.
///
/// `loss` is its number in `SGM_LOSSES` (`sgm_find`); `parameters` are `count` of its parameters, all others have their
/// defaults; null and 0 for all defaults. A frame of any size costs the same: 15000 to 120000 instructions on a Cortex-M4F,
/// 31000 to 2 million on a Cortex-M0; up to 4.6 KiB of stack.
///
/// `SGM_UNDEFINED`: no pixel has a label, or the formula is 0/0. Errors: `SGM_ERROR_NAME` if there is no such loss, or a
/// parameter is not one of its, or is named twice; `SGM_ERROR_PARAMETER` if its value is out of range;
/// `SGM_ERROR_UNSUPPORTED` for a loss that depends on where pixels are; `SGM_ERROR_MISMATCH`.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_loss(
    sketch: In<Sketch>,
    table: In<Table>,
    loss: u32,
    parameters: In<Parameter>,
    count: usize,
    value: Out<f32>,
) -> Status {
    let Some(entry) = LOSSES.get(loss as usize) else { return Status::ErrorName };
    status(write(sketch, table, entry, (parameters, count), value, |given| AnyLoss::new(entry.name, given)))
}

/// `sgm_loss_Dice` and the others: what `sgm_loss` gives, of an image that has no other loss in it. The header calls them by
/// their names in the list.
macro_rules! single {
    ($($name:ident)*) => {
        $(
            #[allow(non_snake_case, reason = "a macro cannot make names")]
            #[unsafe(export_name = concat!("sgm_loss_", stringify!($name)))]
            extern "C" fn $name(
                sketch: In<Sketch>,
                table: In<Table>,
                parameters: In<Parameter>,
                count: usize,
                value: Out<f32>,
            ) -> Status {
                let entry = single::entry::$name();
                status(write(sketch, table, entry, (parameters, count), value, |given| single::$name(given)))
            }
        )*
    };
}
segmeter_core::for_each_loss!(single);

/// Values of parameters, as core asks for them.
type Given<'a> = &'a (dyn Fn(&str) -> Option<Value<'a>> + 'a);

fn write<L: Loss>(
    sketch: In<Sketch>,
    table: In<Table>,
    entry: &Entry,
    (parameters, count): (In<Parameter>, usize),
    value: Out<f32>,
    make: impl for<'a> FnOnce(Given<'a>) -> segmeter_core::Result<L>,
) -> Outcome {
    value.check()?;
    let (sketch, table) = (sketch.state()?, table.state()?);
    let table = table.of(sketch.quantiser())?;
    let parameters = parameters.slice(count)?;
    check_names(entry, parameters)?;
    let given = |name: &str| {
        let found = parameters.iter().find(|parameter| parameter.name.text() == Ok(name))?;
        found.value().ok()
    };
    let loss = make(&given).map_err(of_loss)?;
    let found = loss.sketch_value(sketch.sketch(), table).map_err(of_loss)?;
    // Finite for finite codes and parameters; a sum of weighted parts can pass the largest float.
    if found.undefined || !found.value.is_finite() {
        return Err(if found.undefined { Status::Undefined } else { Status::ErrorParameter });
    }
    value.write(found.value)
}

/// Refuses parameters that the loss has not, that come twice, or whose word cannot be read.
fn check_names(entry: &Entry, parameters: &[Parameter]) -> Outcome {
    for (place, parameter) in parameters.iter().enumerate() {
        let name = parameter.name.text()?;
        let before = parameters.iter().take(place);
        if entry.parameter(name).is_none() || before.into_iter().any(|other| other.name.text() == Ok(name)) {
            return Err(Status::ErrorName);
        }
        parameter.value()?;
    }
    Ok(())
}
