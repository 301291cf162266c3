//! Rows of 8-bit codes in, a report per frame out. No row is kept, and there is never a frame of floats.

use segmeter_core::drift::{
    self, Baseline, Cusum, Monitor, PageHinkley, Profile, Reference, SIGNALS, Signals, Statistics,
};
use segmeter_core::loss::{
    CrossEntropy, Dice, Evaluation, Focal, FocalTversky, Loss, LovaszHinge, Smooth, Tversky,
};
use segmeter_core::metric::{Calibration, Confidence, Confusion, threshold};
use segmeter_core::num::Q16;
use segmeter_core::sketch::{CODES, SigmoidTable, Sketch};
use segmeter_core::view::{Encoding, Quantiser, Shape};

use crate::protocol::{Codes, Configuration, Drift, Finding, Rejection, Report, RowLabels, Scores};

/// Everything between a configuration and a report. About 10 KiB: it is made once, where it stays, and configured there,
/// because a stack has no room for copies of it.
pub struct Evaluator {
    table: SigmoidTable,
    sketch: Sketch,
    profile: Option<Profile>,
    monitor: Monitor,
    frame: Option<Frame>,
    configured: bool,
}

/// The frame under way.
#[derive(Clone, Copy)]
struct Frame {
    number: u32,
    shape: Shape,
    labelled: bool,
    next_row: u16,
}

impl Default for Evaluator {
    fn default() -> Self {
        Self::new()
    }
}

impl Evaluator {
    /// An evaluator that waits for its configuration.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            table: SigmoidTable::zeros(),
            sketch: Sketch::new(&Quantiser::probabilities()),
            profile: None,
            monitor: Monitor::new(),
            frame: None,
            configured: false,
        }
    }

    /// Takes frames of this kind from now on. Makes the table of probabilities: the one costly step. The monitor
    /// starts anew.
    ///
    /// # Errors
    /// [`Rejection::Configuration`] if a value is out of its range; an earlier configuration then still holds.
    #[inline(never)]
    pub fn configure(&mut self, configuration: &Configuration<'_>) -> Result<(), Rejection> {
        let quantiser = quantiser(configuration.codes).ok_or(Rejection::Configuration)?;
        self.profile = match &configuration.drift {
            None => None,
            Some(drift) => Some(profile(quantiser, drift).ok_or(Rejection::Configuration)?),
        };
        self.table.set(&quantiser);
        self.sketch.reset(&quantiser);
        self.monitor = Monitor::new();
        self.frame = None;
        self.configured = true;
        Ok(())
    }

    /// Starts a frame; what there is of an unfinished one is forgotten.
    ///
    /// # Errors
    /// [`Rejection::NotConfigured`], or [`Rejection::Shape`] if a side is zero.
    pub fn begin(&mut self, number: u32, height: u16, width: u16, labelled: bool) -> Result<(), Rejection> {
        self.abandon();
        if !self.configured {
            return Err(Rejection::NotConfigured);
        }
        let shape = Shape::new(height.into(), width.into()).map_err(|_| Rejection::Shape)?;
        self.frame = Some(Frame { number, shape, labelled, next_row: 0 });
        Ok(())
    }

    /// Takes the next row of the frame under way.
    ///
    /// # Errors
    /// [`Rejection::NoFrame`], [`Rejection::OutOfOrder`], [`Rejection::Shape`], [`Rejection::Labels`]. The frame is
    /// then abandoned: a report on part of a frame would be taken for one on all of it.
    pub fn row(
        &mut self,
        number: u32,
        row: u16,
        codes: &[u8],
        labels: Option<RowLabels<'_>>,
    ) -> Result<(), Rejection> {
        let checked = self.check_row(number, row, codes, labels);
        if checked.is_err() {
            self.abandon();
            return checked;
        }
        match labels {
            Some(RowLabels { foreground, valid }) => self.sketch.push_packed_row(codes, foreground, valid),
            None => self.sketch.push_unlabelled(codes),
        }
        if let Some(frame) = &mut self.frame {
            frame.next_row += 1;
        }
        Ok(())
    }

    fn check_row(
        &self,
        number: u32,
        row: u16,
        codes: &[u8],
        labels: Option<RowLabels<'_>>,
    ) -> Result<(), Rejection> {
        let frame = self.frame.ok_or(Rejection::NoFrame)?;
        let order = |expected, found| Rejection::OutOfOrder { expected, found };
        if number != frame.number {
            return Err(order(frame.number, number));
        }
        if row != frame.next_row || usize::from(row) >= frame.shape.height() {
            return Err(order(frame.next_row.into(), row.into()));
        }
        if codes.len() != frame.shape.width() {
            return Err(Rejection::Shape);
        }
        let packed = frame.shape.packed_width();
        match labels {
            Some(labels) if frame.labelled => {
                let fits = labels.foreground.len() == packed && labels.valid.len() == packed;
                if fits { Ok(()) } else { Err(Rejection::Shape) }
            }
            None if !frame.labelled => Ok(()),
            _ => Err(Rejection::Labels),
        }
    }

    /// Ends the frame and reports on it; the monitor takes it in.
    ///
    /// # Errors
    /// [`Rejection::NoFrame`], or [`Rejection::OutOfOrder`] if rows are missing. The monitor then counts the frame as
    /// invalid.
    pub fn end(&mut self, number: u32) -> Result<Report, Rejection> {
        let frame = self.frame.ok_or(Rejection::NoFrame)?;
        let rows = frame.shape.height() as u32;
        let complete = number == frame.number && u32::from(frame.next_row) == rows;
        if !complete {
            self.abandon();
            let wrong_frame = Rejection::OutOfOrder { expected: frame.number, found: number };
            let rows_missing = Rejection::OutOfOrder { expected: rows, found: frame.next_row.into() };
            return Err(if number == frame.number { rows_missing } else { wrong_frame });
        }
        let report = self.report(&frame);
        self.frame = None;
        self.sketch.clear();
        Ok(report)
    }

    /// Forgets the frame under way, if there is one; it is one that the monitor could not see.
    pub fn abandon(&mut self) {
        if self.frame.take().is_none() {
            return;
        }
        self.sketch.clear();
        if let Some(profile) = &self.profile {
            self.monitor.observe(profile, None);
        }
    }

    /// The number of the frame under way.
    #[must_use]
    pub fn frame(&self) -> Option<u32> {
        self.frame.map(|frame| frame.number)
    }

    /// Whether the monitor is in alarm.
    #[must_use]
    pub fn alarm(&self) -> bool {
        self.monitor.verdict().state == drift::State::Alarm
    }

    fn report(&mut self, frame: &Frame) -> Report {
        let statistics = Statistics::new(&self.sketch, &self.table).map_or([Q16::ZERO; 4], |s| {
            [s.road_fraction, s.mean_entropy, s.mean_margin, s.low_confidence_fraction]
        });
        Report {
            frame: frame.number,
            pixels: frame.shape.pixels() as u32,
            scores: frame.labelled.then(|| scores(&self.sketch, &self.table)),
            statistics: statistics.map(Q16::raw),
            drift: self.finding(),
            instructions: None,
        }
    }

    fn finding(&mut self) -> Option<Finding> {
        let profile = self.profile.as_ref()?;
        let signals = Signals::new(&self.sketch, &self.table, &profile.reference);
        let verdict = self.monitor.observe(profile, signals.as_ref());
        Some(Finding {
            signals: signals.map(|signals| signals.0.map(Q16::raw)),
            state: verdict.state.into(),
            reasons: verdict.reasons.0,
            blocks: verdict.blocks,
            invalid: verdict.invalid,
        })
    }
}

/// Losses and metrics of a labelled sketch.
pub fn scores(sketch: &Sketch, table: &SigmoidTable) -> Scores {
    let class = Confusion::of_sketch(sketch, table).class(1);
    let counts = [class.true_positive, class.false_positive, class.false_negative, class.true_negative];
    Scores {
        losses: [
            loss(&CrossEntropy::MEAN, sketch, table),
            loss(&Focal::PAPER, sketch, table),
            loss(&Dice::new(Smooth::ONE), sketch, table),
            loss(&Tversky::FN_HEAVY, sketch, table),
            loss(&FocalTversky::PAPER, sketch, table),
            loss(&LovaszHinge, sketch, table),
        ],
        // A frame has fewer than 2^32 pixels.
        confusion: counts.map(|n| n as u32),
        auroc: threshold::auroc(sketch),
        average_precision: threshold::average_precision(sketch),
        calibration_error: Calibration::new(sketch, table, Confidence::TopLabel).expected_error(),
    }
}

fn loss(loss: &impl Loss, sketch: &Sketch, table: &SigmoidTable) -> Option<f32> {
    // None of these depends on where pixels are, so none refuses a sketch.
    let evaluation = loss.sketch_value(sketch, table).unwrap_or(Evaluation::UNDEFINED);
    (!evaluation.undefined).then_some(evaluation.value)
}

fn quantiser(codes: Codes) -> Option<Quantiser> {
    match codes {
        Codes::Probabilities => Some(Quantiser::probabilities()),
        Codes::Logits { signed, scale, zero_point } => {
            let encoding = if signed { Encoding::Signed } else { Encoding::Unsigned };
            Quantiser::logits(encoding, scale, zero_point.into()).ok()
        }
    }
}

/// Not inlined, like [`Evaluator::configure`]: their kilobytes of stack are then only in use while they run.
#[inline(never)]
fn profile(quantiser: Quantiser, drift: &Drift<'_>) -> Option<Profile> {
    let (counts, []) = drift.reference.as_chunks::<4>() else { return None };
    if counts.len() != CODES {
        return None;
    }
    let mut reference = [0; CODES];
    for (count, bytes) in reference.iter_mut().zip(counts) {
        *count = u32::from_le_bytes(*bytes);
    }
    let mut baselines = [Baseline::default(); SIGNALS];
    for (baseline, (mean, deviation)) in baselines.iter_mut().zip(drift.baselines) {
        *baseline = Baseline { mean: Q16::from_raw(mean), deviation: Q16::from_raw(deviation) };
    }
    let raw = Q16::from_raw;
    let profile = Profile {
        quantiser,
        block_frames: drift.block_frames,
        baselines,
        cusum: Cusum { slack: raw(drift.cusum.0), threshold: raw(drift.cusum.1) },
        page_hinkley: PageHinkley {
            tolerance: raw(drift.page_hinkley.0),
            threshold: raw(drift.page_hinkley.1),
        },
        reference: Reference::new(reference).ok()?,
    };
    profile.check().is_ok().then_some(profile)
}

/// Puts a profile on the wire: what a host sends to [`Evaluator::configure`]. `reference` is the room for its counts.
pub fn configuration<'a>(profile: &Profile, reference: &'a mut [u8; 4 * CODES]) -> Configuration<'a> {
    for (bytes, count) in reference.as_chunks_mut::<4>().0.iter_mut().zip(profile.reference.counts()) {
        *bytes = count.to_le_bytes();
    }
    Configuration {
        codes: codes(&profile.quantiser),
        drift: Some(Drift {
            block_frames: profile.block_frames,
            baselines: profile.baselines.map(|b| (b.mean.raw(), b.deviation.raw())),
            cusum: (profile.cusum.slack.raw(), profile.cusum.threshold.raw()),
            page_hinkley: (profile.page_hinkley.tolerance.raw(), profile.page_hinkley.threshold.raw()),
            reference,
        }),
    }
}

/// Puts a quantiser on the wire.
#[must_use]
pub fn codes(quantiser: &Quantiser) -> Codes {
    match quantiser.affine() {
        None => Codes::Probabilities,
        Some((scale, zero_point)) => Codes::Logits {
            signed: quantiser.encoding() == Encoding::Signed,
            scale,
            // A zero point is a code: -128 to 255.
            zero_point: zero_point as i16,
        },
    }
}
