//! Rows of 8-bit codes in, a report per frame out. No row is kept, and there is never a frame of floats.

use core::ops::{Deref, DerefMut};

use segmeter_core::drift::Profile;
use segmeter_core::loss::{
    CrossEntropy, Dice, Evaluation, Focal, FocalTversky, Loss, LovaszHinge, OverlapKernel, Smooth, SumLoss,
    Sums, Tversky,
};
use segmeter_core::metric::{Calibration, Confidence, Confusion, threshold};
use segmeter_core::sketch::{SigmoidTable, Sketch};
use segmeter_core::view::{Activation, Encoding, Quantiser};

use crate::protocol::{Codes, Configuration, Rejection, Report, Scores};

mod classes;
mod frames;

pub use classes::ClassFrames;
pub use frames::Frames;

/// Words of 32 pixels in the widest row that is taken, unless a board says otherwise.
pub const ROW_WORDS: usize = 32;
/// The widest row taken by that.
pub const MAX_WIDTH: u16 = Frames::<ROW_WORDS>::MAX_WIDTH;

/// [`Frames`] with a table of probabilities of their own, which is made once for a configuration. 12 KiB.
pub struct Evaluator<const WORDS: usize = ROW_WORDS> {
    frames: Frames<WORDS>,
    table: SigmoidTable,
    /// What the table is of.
    table_of: Option<Quantiser>,
}

impl Default for Evaluator {
    fn default() -> Self {
        Self::new()
    }
}

impl Evaluator {
    /// An evaluator for rows of up to [`MAX_WIDTH`] that waits for its configuration.
    #[must_use]
    pub const fn new() -> Self {
        Self::sized()
    }
}

impl<const WORDS: usize> Deref for Evaluator<WORDS> {
    type Target = Frames<WORDS>;

    fn deref(&self) -> &Frames<WORDS> {
        &self.frames
    }
}

impl<const WORDS: usize> DerefMut for Evaluator<WORDS> {
    fn deref_mut(&mut self) -> &mut Frames<WORDS> {
        &mut self.frames
    }
}

impl<const WORDS: usize> Evaluator<WORDS> {
    /// The same for rows of up to [`Frames::MAX_WIDTH`].
    #[must_use]
    pub const fn sized() -> Self {
        Self { frames: Frames::new(), table: SigmoidTable::zeros(), table_of: None }
    }

    /// Ends the frame and reports on it; the monitor takes it in. Makes the table of probabilities if the codes mean
    /// something new: the one costly step.
    ///
    /// # Errors
    /// As [`Frames::end_with`].
    pub fn end(&mut self, number: u32) -> Result<Report, Rejection> {
        let quantiser = self.frames.quantiser();
        if self.table_of.as_ref() != Some(quantiser) {
            self.table.set(quantiser);
            self.table_of = Some(*quantiser);
        }
        self.frames.end_with(number, &self.table)
    }
}

/// Losses and metrics of a labelled sketch. Not inlined, as what it calls: the stack of each is free for the others.
#[inline(never)]
pub fn scores(sketch: &Sketch, table: &SigmoidTable) -> Scores {
    let class = Confusion::of_sketch(sketch, table).class(1);
    let counts = [class.true_positive, class.false_positive, class.false_negative, class.true_negative];
    Scores {
        losses: losses(sketch, table),
        // A frame has fewer than 2^32 pixels.
        confusion: counts.map(|n| n as u32),
        auroc: threshold::auroc(sketch),
        average_precision: threshold::average_precision(sketch),
        calibration_error: calibration_error(sketch, table),
    }
}

#[inline(never)]
fn losses(sketch: &Sketch, table: &SigmoidTable) -> [Option<f32>; 6] {
    let [dice, tversky, focal_tversky] = overlaps(sketch, table);
    [
        loss(&CrossEntropy::MEAN, sketch, table),
        loss(&Focal::PAPER, sketch, table),
        dice,
        tversky,
        focal_tversky,
        loss(&LovaszHinge, sketch, table),
    ]
}

/// Three that add up the same.
#[inline(never)]
fn overlaps(sketch: &Sketch, table: &SigmoidTable) -> [Option<f32>; 3] {
    let dice = Dice::new(Smooth::ONE);
    let mut sums = Sums::of(&dice);
    add(&mut sums, sketch, table);
    [fitted(&dice, &sums), fitted(&Tversky::FN_HEAVY, &sums), fitted(&FocalTversky::PAPER, &sums)]
}

#[inline(never)]
fn add(sums: &mut Sums<OverlapKernel>, sketch: &Sketch, table: &SigmoidTable) {
    sums.push_sketch(sketch, table);
}

#[inline(never)]
fn fitted(loss: &impl SumLoss<Kernel = OverlapKernel>, sums: &Sums<OverlapKernel>) -> Option<f32> {
    value(sums.fit(loss, None).map(|fit| fit.evaluation))
}

#[inline(never)]
fn calibration_error(sketch: &Sketch, table: &SigmoidTable) -> Option<f64> {
    Calibration::new(sketch, table, Confidence::TopLabel).expected_error()
}

#[inline(never)]
fn loss(loss: &impl Loss, sketch: &Sketch, table: &SigmoidTable) -> Option<f32> {
    value(loss.sketch_value(sketch, table))
}

fn value(found: segmeter_core::Result<Evaluation>) -> Option<f32> {
    // None of these depends on where pixels are, so none refuses a sketch, and their sums are their own.
    let evaluation = found.unwrap_or(Evaluation::UNDEFINED);
    (!evaluation.undefined).then_some(evaluation.value)
}

fn quantiser(codes: Codes) -> Option<Quantiser> {
    let encoding = |signed| if signed { Encoding::Signed } else { Encoding::Unsigned };
    match codes {
        Codes::Probabilities => Some(Quantiser::probabilities()),
        Codes::Logits { signed, scale, zero_point } => {
            Quantiser::logits(encoding(signed), scale, zero_point.into()).ok()
        }
        Codes::ScaledProbabilities { signed, scale, zero_point } => {
            Quantiser::scaled_probabilities(encoding(signed), scale, zero_point.into()).ok()
        }
    }
}

/// Puts a profile on the wire: what a host sends to [`Frames::configure`]. `record` is the room for it.
pub fn configuration<'a>(profile: &Profile, record: &'a mut [u8; Profile::RECORD_LEN]) -> Configuration<'a> {
    // The length is right, the one thing that can be wrong.
    let _ = profile.write(record);
    Configuration { codes: codes(&profile.quantiser), profile: Some(record) }
}

/// Puts a quantiser on the wire.
#[must_use]
pub fn codes(quantiser: &Quantiser) -> Codes {
    let signed = quantiser.encoding() == Encoding::Signed;
    let Some((scale, zero_point)) = quantiser.affine() else { return Codes::Probabilities };
    // A zero point is a code: -128 to 255.
    let zero_point = zero_point as i16;
    match quantiser.activation() {
        Activation::Logits => Codes::Logits { signed, scale, zero_point },
        Activation::Probabilities => Codes::ScaledProbabilities { signed, scale, zero_point },
    }
}
