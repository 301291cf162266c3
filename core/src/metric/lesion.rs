//! Lesion-wise quality: every component of the labels is a thing to be found, every other one of the prediction a false
//! alarm.
//!
//! A road is one thing, and its Dice says all; for potholes, cracks, markings or lesions a mean over pixels is that of the
//! largest, and a small one that is missed costs nothing.

use core::num::NonZero;

use super::{Mean, Overlap, Overlaps, Score, Segment};
use crate::error::{Error, Result};
use crate::plane::components::{self, Connectivity};
use crate::plane::{Bits, skeleton};
use crate::view::Shape;

/// What a lesion is, and when it is found.
///
/// The labels, dilated `dilation` times by the 4-neighbour cross so that near parts are one, are cut into components:
/// the lesions. A predicted component belongs to every lesion whose dilated component it touches; one that touches
/// none is a false positive. The Dice of a lesion is that of its labelled pixels and all pixels of its predicted components.
///
/// Scratch: two words per pixel, a bit per pixel and that of [`skeleton::dilate`]; a slot per pair of components. Time goes
/// with the square of these. Source: the BraTS challenge 2023.
///
/// ```
/// use segmeter_core::{metric::{LesionWise, Overlap}, view::Shape};
/// let shape = Shape::new(1, 12)?;
/// let (prediction, labels) = (b"###......#..", b".##...##....");
/// let (mut scratch, mut slots) = (vec![0; LesionWise::scratch_len(shape)], [Overlap::EMPTY; 8]);
/// let report = LesionWise::DEFAULT.report(
///     shape,
///     |pixel| prediction[pixel] == b'#',
///     |pixel| labels[pixel] == b'#',
///     &mut scratch,
///     &mut slots,
/// )?;
/// assert_eq!((report.found(), report.missed, report.false_positive), (1, 1, 1));
/// assert_eq!(report.dice(), Some(0.8 / 3.0));
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct LesionWise {
    /// Which pixels are of one component.
    pub connectivity: Connectivity,
    /// How often the labels are dilated before they are cut into lesions.
    pub dilation: u32,
}

/// Lesions of an image, or of many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LesionReport {
    /// Dice of the lesions found.
    pub found_dice: Mean,
    /// Lesions that no predicted component touches.
    pub missed: u64,
    /// Predicted components that touch no lesion.
    pub false_positive: u64,
    /// Pixels that found no slot: with any, the numbers are those of the other pixels.
    pub lost: u64,
}

impl LesionReport {
    /// Lesions found.
    #[must_use]
    pub const fn found(&self) -> u64 {
        self.found_dice.defined()
    }
    /// Lesion-wise Dice: the sum of the Dice of the lesions found over lesions and false positives, each of which counts 0.
    /// `None` without either.
    #[must_use]
    pub fn dice(&self) -> Option<f64> {
        let all = self.found() as f64 + self.missed as f64 + self.false_positive as f64;
        (all > 0.0).then(|| self.found_dice.value().unwrap_or(0.0) * self.found() as f64 / all)
    }
    /// Share of the lesions that are found; `None` without a lesion.
    #[must_use]
    pub fn sensitivity(&self) -> Option<f64> {
        let all = self.found() as f64 + self.missed as f64;
        (all > 0.0).then(|| self.found() as f64 / all)
    }
    /// Adds other images.
    pub fn merge(&mut self, other: &Self) {
        self.found_dice.merge(&other.found_dice);
        self.missed = self.missed.saturating_add(other.missed);
        self.false_positive = self.false_positive.saturating_add(other.false_positive);
        self.lost = self.lost.saturating_add(other.lost);
    }
}

/// Categories of the segments: beside a lesion, and on it.
const RIM: u16 = 0;
const LESION: u16 = 1;
/// Pixels whose pairs are counted together.
const RUN: usize = 64;

impl LesionWise {
    /// Components by sides and corners, not dilated.
    pub const DEFAULT: Self = Self { connectivity: Connectivity::Eight, dilation: 0 };

    /// Words of scratch.
    #[must_use]
    pub const fn scratch_len(shape: Shape) -> usize {
        let planes = shape.pixels().saturating_mul(2).saturating_add(Bits::words(shape));
        planes.saturating_add(skeleton::scratch_len(shape))
    }

    /// Compares the masks of the pixels for which `prediction` and `label` hold.
    ///
    /// # Errors
    /// [`Error::Scratch`], and [`Error::Unsupported`] for more than 65,534 components of a mask.
    pub fn report(
        self,
        shape: Shape,
        prediction: impl Fn(usize) -> bool,
        label: impl Fn(usize) -> bool,
        scratch: &mut [u32],
        slots: &mut [Overlap],
    ) -> Result<LesionReport> {
        let (need, pixels) = (Self::scratch_len(shape), shape.pixels());
        let short = Error::Scratch { need };
        let scratch = scratch.get_mut(..need).ok_or(short)?;
        let (lesions, rest) = scratch.split_at_mut_checked(pixels).ok_or(short)?;
        let (found, rest) = rest.split_at_mut_checked(pixels).ok_or(short)?;
        let (words, rest) = rest.split_at_mut_checked(Bits::words(shape)).ok_or(short)?;
        let lesion_count = if self.dilation == 0 {
            components::label(shape, &label, self.connectivity, lesions)?
        } else {
            let mut near = Bits::new(shape, words, &label)?;
            for _ in 0..self.dilation {
                skeleton::dilate(&mut near, rest)?;
            }
            // A division by it has no way to panic, wherever it is compiled.
            let width = NonZero::new(shape.width()).unwrap_or(NonZero::<usize>::MIN);
            let is_near = |pixel: usize| near.get(pixel / width, pixel % width);
            components::label(shape, is_near, self.connectivity, lesions)?
        };
        let most = lesion_count.max(components::label(shape, &prediction, self.connectivity, found)?);
        if most >= u32::from(u16::MAX) {
            return Err(Error::Unsupported("more than 65534 components"));
        }
        let mut pairs = Overlaps::new(slots);
        let segment = |category: u16, number: u32| match number {
            0 => Segment::VOID,
            _ => Segment { category, instance: number as u16 },
        };
        for first in (0..pixels).step_by(RUN) {
            let run = first..(first + RUN).min(pixels);
            let lesions = lesions.get(run.clone()).unwrap_or_default();
            let found = found.get(run).unwrap_or_default();
            let [mut labels, mut predictions] = [[Segment::VOID; RUN]; 2];
            for ((slot, number), pixel) in labels.iter_mut().zip(lesions).zip(first..) {
                *slot = segment(if label(pixel) { LESION } else { RIM }, *number);
            }
            for (slot, number) in predictions.iter_mut().zip(found) {
                *slot = segment(LESION, *number);
            }
            let taken = |segments| <[Segment]>::get(segments, ..lesions.len()).unwrap_or_default();
            pairs.push_row(taken(&predictions), taken(&labels))?;
        }
        Ok(count(&pairs))
    }
}

/// Lesions and predicted components, from the pixels that each pair of them shares. Time goes with the square of the pairs.
fn count(pairs: &Overlaps<'_>) -> LesionReport {
    let mut report = LesionReport { lost: pairs.lost(), ..LesionReport::default() };
    let own = |segment: Segment| Segment { category: LESION, ..segment };
    // Every lesion has pixels of its own; those of its rim are other segments of the same instance.
    pairs.each(
        |pair| pair.label,
        |lesion| {
            if lesion.category != LESION {
                return;
            }
            let of = |pair: &Overlap| pair.label != Segment::VOID && own(pair.label) == lesion;
            let (mut predicted, mut touched) = (0, false);
            let touching =
                || pairs.pairs().iter().filter(|pair| of(pair) && pair.prediction != Segment::VOID);
            for (place, pair) in touching().enumerate() {
                let part = pair.prediction;
                if touching().take(place).all(|other| other.prediction != part) {
                    predicted += pairs.area(|pair| pair.prediction == part);
                    touched = true;
                }
            }
            if !touched {
                report.missed = report.missed.saturating_add(1);
                return;
            }
            let both = pairs.area(|pair| pair.label == lesion && pair.prediction != Segment::VOID);
            let labelled = pairs.area(|pair| pair.label == lesion);
            let dice = 2.0 * both as f64 / (predicted + labelled) as f64;
            report.found_dice.push(Score::Value(dice));
        },
    );
    pairs.each(
        |pair| pair.prediction,
        |part| {
            let meets = |pair: &Overlap| pair.prediction == part && pair.label != Segment::VOID;
            if part != Segment::VOID && !pairs.pairs().iter().any(meets) {
                report.false_positive = report.false_positive.saturating_add(1);
            }
        },
    );
    report
}
