//! Pixels by label and predicted class.

use segmeter_core::metric::{ConfusionCells, ConfusionView};

use super::{SGM_MAX_CLASSES, classes_of};
use crate::memory::{In, Out};
use crate::metric::{Confusion, number};
use crate::status::{Outcome, Status, status};

/// Counts up to which no sum of them is too large.
const LIMIT: u64 = 1 << 50;

/// Adds a row of `length` predicted ids and labels to `counts`: `classes * classes` of them, all zero at the start;
/// `counts[label * classes + prediction]`. Plain counts: add those of frames, tiles or devices as you like.
///
/// An id is 0 to `classes - 1`. Pixels with the label `ignore`, `classes` to 255, are not scored, whatever the prediction.
///
/// Errors: `SGM_ERROR_CLASSES`; `SGM_ERROR_LABEL` for any other id, or an `ignore` that is a class: nothing is added then.
/// `SGM_ERROR_OVERFLOW` if a count stopped at 2^64 - 1.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_classes_confusion_push_row(
    mut counts: Out<u64>,
    classes: u32,
    predictions: In<u8>,
    labels: In<u8>,
    length: usize,
    ignore: u8,
) -> Status {
    let mut push = || {
        let classes = classes_of(classes)?;
        let (ids, truth) = (predictions.slice(length)?, labels.slice(length)?);
        let counts = counts.slice(classes * classes, &[predictions.span(length), labels.span(length)])?;
        check(ids, truth, classes, ignore)?;
        let mut foreign = [0; SGM_MAX_CLASSES];
        let foreign = foreign.get_mut(..classes).unwrap_or_default();
        let mut cells = ConfusionCells::new(counts, foreign, ignore).map_err(|_| Status::ErrorClasses)?;
        cells.push_row(ids, truth).map_err(|_| Status::ErrorLabel)?;
        if cells.saturated() { Err(Status::ErrorOverflow) } else { Ok(()) }
    };
    status(push())
}

/// Refuses what is no class: all of a row before any of it is counted.
fn check(ids: &[u8], labels: &[u8], classes: usize, ignore: u8) -> Outcome {
    let is_class = |id: u8| usize::from(id) < classes;
    let one = |(id, label): (&u8, &u8)| *label == ignore || is_class(*label) && is_class(*id);
    let (fours, rest) = ids.as_chunks::<4>();
    let (label_fours, label_rest) = labels.as_chunks::<4>();
    // Mostly the same as those before.
    let mut last = None;
    let good = fours.iter().zip(label_fours).all(|(ids, labels)| {
        let good = last == Some((ids, labels)) || ids.iter().zip(labels).all(one);
        last = Some((ids, labels));
        good
    });
    if !is_class(ignore) && good && rest.iter().zip(label_rest).all(one) {
        Ok(())
    } else {
        Err(Status::ErrorLabel)
    }
}

/// What is read from counts; refused where a sum of them might not fit.
fn view<T>(counts: In<u64>, classes: u32, read: impl FnOnce(ConfusionView<'_>) -> Outcome<T>) -> Outcome<T> {
    let classes = classes_of(classes)?;
    let counts = counts.slice(classes * classes)?;
    if counts.iter().any(|count| *count >= LIMIT) {
        return Err(Status::ErrorOverflow);
    }
    let foreign = [0; SGM_MAX_CLASSES];
    let foreign = foreign.get(..classes).unwrap_or_default();
    read(ConfusionView::new(counts, foreign, &[]).map_err(|_| Status::ErrorClasses)?)
}

/// The counts of `class` against the rest, which `sgm_metric` reads IoU, Dice and the others from.
///
/// Errors: `SGM_ERROR_CLASSES`, also for a `class` that is none; `SGM_ERROR_OVERFLOW` for a count of 2^50 and more.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_classes_confusion_of(
    counts: In<u64>,
    classes: u32,
    class: u32,
    confusion: Out<Confusion>,
) -> Status {
    if class >= classes {
        return Status::ErrorClasses;
    }
    status(view(counts, classes, |view| confusion.write(Confusion::of(view.class(class as usize)))))
}

/// The mean of the intersections over union of the classes that are in labels or predictions.
///
/// `SGM_UNDEFINED` without a pixel. Errors: `SGM_ERROR_CLASSES`; `SGM_ERROR_OVERFLOW` for a count of 2^50 and more.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_classes_mean_iou(counts: In<u64>, classes: u32, value: Out<f64>) -> Status {
    status(view(counts, classes, |view| number(value, view.mean_iou())))
}

/// The share of scored pixels that are right.
///
/// `SGM_UNDEFINED` without a pixel. Errors: `SGM_ERROR_CLASSES`; `SGM_ERROR_OVERFLOW` for a count of 2^50 and more.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_classes_pixel_accuracy(counts: In<u64>, classes: u32, value: Out<f64>) -> Status {
    status(view(counts, classes, |view| number(value, view.pixel_accuracy().value())))
}
