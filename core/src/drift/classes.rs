//! Networks of several classes: each class against the rest is a network of one class, and is watched as one.

use super::{EstimatedIou, State, Verdict};
use crate::error::{Error, Result};
use crate::num::Q16;

/// The most classes of a network that is watched.
pub const MOST_CLASSES: usize = 32;

/// Splits rows of 8-bit logits of all classes, those of a pixel beside each other, into one row of codes for each class: by
/// how much its logit lies above the highest of the others.
///
/// A code is a logit of the class against the rest, in the steps of the network, with zero point 0 and cut to 8 bits:
/// exact for two classes, and for more of them up to `ln(C - 1)` too high, which a calibration map takes back. It is
/// above 0 for the class that is predicted and for no other; of equal logits that is the first class, whose code is
/// then 1. A sketch, an outline, a profile and a monitor for each class that matters go on from here as for a network
/// of one class: `(4100 + 32 + 2248 + 736) C` bytes, the rows of codes `C` bytes a pixel of a row. About `27 C`
/// instructions a pixel on a Cortex-M4F; no exponential.
///
/// # Errors
/// [`Error::Parameter`] unless there are 2 to [`MOST_CLASSES`] classes, [`Error::Length`] unless `logits` are whole pixels and
/// `codes` has as many numbers.
///
/// ```
/// use segmeter_core::drift::against_rest;
/// let mut codes = [0; 6];
/// // Two pixels of three classes: sky, road, tree.
/// against_rest(&[10, 25, -30, 5, -128, 127], 3, &mut codes)?;
/// assert_eq!(codes, [-15, -122, 15, -128, -55, 122]);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
pub fn against_rest(logits: &[i8], classes: usize, codes: &mut [i8]) -> Result<()> {
    if !(2..=MOST_CLASSES).contains(&classes) {
        return Err(Error::Parameter("classes"));
    }
    let width = logits.len() / classes;
    if width * classes != logits.len() || codes.len() != logits.len() {
        return Err(Error::Length { found: codes.len(), expected: width * classes });
    }
    for (x, pixel) in logits.chunks_exact(classes).enumerate() {
        let (mut winner, mut first, mut second) = (0, i32::MIN, i32::MIN);
        for (class, logit) in pixel.iter().enumerate() {
            let logit = i32::from(*logit);
            if logit > first {
                (winner, second, first) = (class, first, logit);
            } else if logit > second {
                second = logit;
            }
        }
        let mut place = x;
        for logit in pixel {
            put(codes, place, i32::from(*logit) - first);
            place += width;
        }
        put(codes, x + winner * width, (first - second).max(1));
    }
    Ok(())
}

fn put(codes: &mut [i8], place: usize, ahead: i32) {
    if let Some(slot) = codes.get_mut(place) {
        *slot = ahead.clamp(i8::MIN.into(), i8::MAX.into()) as i8;
    }
}

impl EstimatedIou {
    /// The mean IoU of classes, of those that have an estimate, with the means of the ends of their intervals, as if
    /// all classes erred the same way; `None` if none has.
    #[must_use]
    pub fn mean(classes: impl Iterator<Item = Option<Self>>) -> Option<Self> {
        let mut count = 0;
        let mut sums = [0_i64; 3];
        for class in classes.flatten() {
            count += 1;
            for (sum, x) in sums.iter_mut().zip([class.value, class.low, class.high]) {
                *sum += i64::from(x.raw());
            }
        }
        let [value, low, high] = sums.map(|sum| Q16::divide(sum.into(), count));
        (count != 0).then_some(Self { value, low, high })
    }
}

impl Verdict {
    /// The verdict on a network of several classes: the gravest of theirs, for all their reasons; as many blocks as the
    /// class with the most. Unknown, which is no good news either, only gives way to an alarm. `None` without a class.
    #[must_use]
    pub fn of_classes(classes: impl Iterator<Item = Self>) -> Option<Self> {
        classes.reduce(|a, b| {
            let mut all = if gravity(a.state) < gravity(b.state) { b } else { a };
            all.reasons.factory = a.reasons.factory | b.reasons.factory;
            all.reasons.site = a.reasons.site | b.reasons.site;
            all.reasons.conditions = a.reasons.conditions | b.reasons.conditions;
            all.blocks = a.blocks.max(b.blocks);
            all
        })
    }
}

const fn gravity(state: State) -> u8 {
    match state {
        State::Normal => 0,
        State::Watch => 1,
        State::Unknown => 2,
        State::Acknowledged => 3,
        State::Alarm => 4,
    }
}
