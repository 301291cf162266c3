//! Metrics of a sketch, and of rows of masks.

use segmeter_core::drift;
use segmeter_core::metric::{self, ClassMetric, ClassReport, Confidence, calibration, threshold};

use crate::memory::{In, Out, Plain};
use crate::sketch::{Sketch, Table};
use crate::status::{Outcome, Status, status};

/// Pixels by prediction and label. Plain counts: add those of frames, tiles or devices as you like. All zero at the start.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Confusion {
    /// Foreground, and predicted so.
    pub true_positive: u64,
    /// Background, but predicted foreground.
    pub false_positive: u64,
    /// Foreground, but predicted background.
    pub false_negative: u64,
    /// Background, and predicted so.
    pub true_negative: u64,
}

// SAFETY: numbers.
unsafe impl Plain for Confusion {}

/// How far confidences are from the truth. All in [0, 1] but the last, which is in nats.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Calibration {
    /// Expected calibration error: mean over pixels of |accuracy - confidence| of their bin; top label, 15 bins (Guo 2017).
    pub expected_error: f64,
    /// The largest |accuracy - confidence| of a bin.
    pub maximum_error: f64,
    /// Brier score: mean of (p - g)^2.
    pub brier: f64,
    /// Negative log-likelihood, a probability counting as 1e-7 at the least.
    pub negative_log_likelihood: f64,
}

// SAFETY: numbers.
unsafe impl Plain for Calibration {}

/// What codes say without labels, of all pixels, in steps of 2^-16.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Statistics {
    /// Share of pixels predicted foreground, in [0, 1].
    pub road_fraction: i32,
    /// Mean entropy of the prediction in nats, in [0, ln 2].
    pub mean_entropy: i32,
    /// Mean of |2p - 1|, in [0, 1].
    pub mean_margin: i32,
    /// Mean of max(p, 1 - p), in [1/2, 1].
    pub mean_max_softmax: i32,
    /// Share of pixels with |2p - 1| < 1/2, in [0, 1].
    pub low_confidence_fraction: i32,
}

// SAFETY: numbers.
unsafe impl Plain for Statistics {}

/// The pixels of a sketch by prediction and label: foreground is a logit above 0, a probability above one half.
///
/// Errors: `SGM_ERROR_MISMATCH`.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_sketch_confusion(
    sketch: In<Sketch>,
    table: In<Table>,
    confusion: Out<Confusion>,
) -> Status {
    let count = || {
        let (sketch, table) = (sketch.state()?, table.state()?);
        let found = metric::Confusion::of_sketch(sketch.sketch(), table.of(sketch.quantiser())?);
        confusion.write(Confusion::of(found.class(1)))
    };
    status(count())
}

/// Adds a row of `length` predictions and labels to counts: of networks that give masks.
///
/// A prediction is 0 or 1, a label 0, 1 or `ignore` (2 to 255: not scored, whatever the prediction).
///
/// Errors: `SGM_ERROR_LABEL` for any other, `SGM_ERROR_OVERFLOW`; nothing is added then.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_confusion_push_row(
    confusion: Out<Confusion>,
    predictions: In<u8>,
    labels: In<u8>,
    length: usize,
    ignore: u8,
) -> Status {
    status(push_masks(confusion, predictions, labels, length, ignore))
}

fn push_masks(
    mut confusion: Out<Confusion>,
    predictions: In<u8>,
    labels: In<u8>,
    length: usize,
    ignore: u8,
) -> Outcome {
    let (masks, ids) = (predictions.slice(length)?, labels.slice(length)?);
    let counts = confusion.slice(1, &[predictions.span(length), labels.span(length)])?;
    if ignore < 2 || masks.iter().zip(ids).any(|(mask, id)| *mask > 1 && *id != ignore) {
        return Err(Status::ErrorLabel);
    }
    let mut row = metric::Confusion::<2>::new(ignore);
    row.push_row(masks, ids).map_err(|_| Status::ErrorLabel)?;
    let more = row.class(1);
    for counts in counts {
        let add = |count: u64, more: u64| count.checked_add(more).ok_or(Status::ErrorOverflow);
        *counts = Confusion {
            true_positive: add(counts.true_positive, more.true_positive)?,
            false_positive: add(counts.false_positive, more.false_positive)?,
            false_negative: add(counts.false_negative, more.false_negative)?,
            true_negative: add(counts.true_negative, more.true_negative)?,
        };
    }
    Ok(())
}

impl Confusion {
    pub(crate) fn of(class: ClassReport) -> Self {
        let ClassReport { true_positive, false_positive, false_negative, true_negative } = class;
        Self { true_positive, false_positive, false_negative, true_negative }
    }

    /// Refuses counts of which a sum would not fit.
    fn report(self) -> Outcome<ClassReport> {
        let Self { true_positive, false_positive, false_negative, true_negative } = self;
        if [true_positive, false_positive, false_negative, true_negative].iter().any(|n| n >> 60 != 0) {
            return Err(Status::ErrorOverflow);
        }
        Ok(ClassReport { true_positive, false_positive, false_negative, true_negative })
    }
}

/// A metric of the foreground against the rest: `metric` is its number in `SGM_METRICS` (`sgm_find`: "iou", "dice",
/// "precision" ...), with the defaults of its parameters.
///
/// `SGM_UNDEFINED` where its formula is 0/0. Errors: `SGM_ERROR_NAME`; `SGM_ERROR_OVERFLOW` for a count of 2^60 and more.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_metric(confusion: In<Confusion>, metric: u32, value: Out<f64>) -> Status {
    let find = || {
        let report = confusion.get()?.report()?;
        let (_, metric) = ClassMetric::ALL.get(metric as usize).ok_or(Status::ErrorName)?;
        number(value, metric.of(report))
    };
    status(find())
}

pub(crate) fn number(to: Out<f64>, found: Option<f64>) -> Outcome {
    to.check()?;
    to.write(found.filter(|number| number.is_finite()).ok_or(Status::Undefined)?)
}

/// Area under the ROC curve: the chance that a foreground pixel has a higher code than a background one, ties counted half.
/// Exact.
///
/// `SGM_UNDEFINED` without a label of either kind.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_sketch_auroc(sketch: In<Sketch>, value: Out<f64>) -> Status {
    status(sketch.state().and_then(|state| number(value, threshold::auroc(state.sketch()))))
}

/// Average precision, the step form of scikit-learn. Exact.
///
/// `SGM_UNDEFINED` without foreground.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_sketch_average_precision(sketch: In<Sketch>, value: Out<f64>) -> Status {
    status(sketch.state().and_then(|state| number(value, threshold::average_precision(state.sketch()))))
}

/// Calibration of the labelled pixels of a sketch.
///
/// `SGM_UNDEFINED` without a label. Errors: `SGM_ERROR_MISMATCH`.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_sketch_calibration(
    sketch: In<Sketch>,
    table: In<Table>,
    value: Out<Calibration>,
) -> Status {
    let find = || {
        value.check()?;
        let (state, table) = (sketch.state()?, table.state()?);
        let (sketch, table) = (state.sketch(), table.of(state.quantiser())?);
        let bins = metric::Calibration::new(sketch, table, Confidence::TopLabel);
        let found = || {
            Some(Calibration {
                expected_error: bins.expected_error()?,
                maximum_error: bins.maximum_error()?,
                brier: calibration::brier(sketch, table)?,
                negative_log_likelihood: calibration::negative_log_likelihood(sketch, table, 1e-7)?,
            })
        };
        value.write(found().ok_or(Status::Undefined)?)
    };
    status(find())
}

/// What the codes of a sketch say without labels.
///
/// `SGM_UNDEFINED` without a pixel. Errors: `SGM_ERROR_MISMATCH`.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn sgm_sketch_statistics(
    sketch: In<Sketch>,
    table: In<Table>,
    value: Out<Statistics>,
) -> Status {
    let find = || {
        value.check()?;
        let (state, table) = (sketch.state()?, table.state()?);
        let found = drift::Statistics::new(state.sketch(), table.of(state.quantiser())?);
        let found = found.ok_or(Status::Undefined)?;
        value.write(Statistics {
            road_fraction: found.road_fraction.raw(),
            mean_entropy: found.mean_entropy.raw(),
            mean_margin: found.mean_margin.raw(),
            mean_max_softmax: found.mean_max_softmax.raw(),
            low_confidence_fraction: found.low_confidence_fraction.raw(),
        })
    };
    status(find())
}
