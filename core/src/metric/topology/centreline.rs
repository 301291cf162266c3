//! Centre-line Dice.

use crate::error::{Error, Result};
use crate::metric::{Empties, Ratio, Score};
use crate::plane::{Bits, skeleton};
use crate::view::Shape;

/// The overlap of a mask with the centre line of the other, both ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CentrelineDice {
    /// Topology precision: of the prediction's skeleton, what is in the label.
    pub precision: Ratio,
    /// Topology sensitivity: of the label's skeleton, what is in the prediction.
    pub sensitivity: Ratio,
}

impl CentrelineDice {
    /// Of two masks and the skeletons of both, of one shape, which were thinned before.
    ///
    /// ```
    /// use segmeter_core::{metric::topology::CentrelineDice, plane::Bits, view::Shape};
    /// let shape = Shape::new(1, 5)?;
    /// let [mut a, mut b] = [[0]; 2];
    /// // Lines are their own skeletons.
    /// let label = Bits::new(shape, &mut a, |_| true)?;
    /// let prediction = Bits::new(shape, &mut b, |pixel| pixel < 2)?;
    /// let found = CentrelineDice::of_skeletons([&prediction, &label], [&prediction, &label])?;
    /// assert_eq!((found.precision.value(), found.sensitivity.value()), (Some(1.0), Some(0.4)));
    /// # Ok::<(), segmeter_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the shapes differ.
    pub fn of_skeletons(
        [prediction, label]: [&Bits<'_>; 2],
        [predicted_line, label_line]: [&Bits<'_>; 2],
    ) -> Result<Self> {
        let shape = prediction.shape();
        if [label, predicted_line, label_line].iter().any(|bits| bits.shape() != shape) {
            return Err(Error::Unsupported("masks of two shapes"));
        }
        Ok(Self { precision: inside(predicted_line, label), sensitivity: inside(label_line, prediction) })
    }

    /// The harmonic mean of both: 0 if both are, `None` if one of them has no skeleton.
    #[must_use]
    pub fn value(self) -> Option<f64> {
        let (p, s) = (self.precision.value()?, self.sensitivity.value()?);
        Some(if p + s > 0.0 { 2.0 * p * s / (p + s) } else { 0.0 })
    }

    /// The same where a mask is empty; 0 is the worst.
    #[must_use]
    pub fn score(self, empties: Empties) -> Score {
        let empty = |ratio: Ratio| ratio.denominator == 0;
        empties.resolve(empty(self.sensitivity), empty(self.precision), self.value(), Some(0.0))
    }
}

/// Scratch words of [`centreline_dice`].
#[must_use]
pub const fn centreline_scratch_len(shape: Shape) -> usize {
    Bits::words(shape).saturating_add(skeleton::scratch_len(shape))
}

/// Centre-line Dice (clDice, Shit et al. 2021) with the skeletons of [`skeleton::thin`]. Ignored pixels are to be in
/// neither mask. Each mask is thinned once; a wide road is no thin structure: a secondary number there.
///
/// # Errors
/// [`Error::Unsupported`] if the shapes differ, [`Error::Scratch`] below [`centreline_scratch_len`].
///
/// ```
/// use segmeter_core::metric::topology::{centreline_dice, centreline_scratch_len};
/// use segmeter_core::{plane::Bits, view::Shape};
/// let shape = Shape::new(5, 9)?;
/// let [mut a, mut b] = [(); 2].map(|()| vec![0; Bits::words(shape)]);
/// let label = Bits::new(shape, &mut a, |pixel| pixel / 9 == 2)?;
/// let prediction = Bits::new(shape, &mut b, |pixel| pixel / 9 == 2 && pixel % 9 < 6)?;
/// let found = centreline_dice(&prediction, &label, &mut vec![0; centreline_scratch_len(shape)])?;
/// assert_eq!((found.precision.value(), found.sensitivity.value()), (Some(1.0), Some(6.0 / 9.0)));
/// assert_eq!(found.value(), Some(0.8));
/// # Ok::<(), segmeter_core::Error>(())
/// ```
pub fn centreline_dice(
    prediction: &Bits<'_>,
    label: &Bits<'_>,
    scratch: &mut [u32],
) -> Result<CentrelineDice> {
    if prediction.shape() != label.shape() {
        return Err(Error::Unsupported("masks of two shapes"));
    }
    Ok(CentrelineDice {
        precision: on_centreline(prediction, label, scratch)?,
        sensitivity: on_centreline(label, prediction, scratch)?,
    })
}

/// Of the skeleton of a mask, what is in the other.
fn on_centreline(mask: &Bits<'_>, other: &Bits<'_>, scratch: &mut [u32]) -> Result<Ratio> {
    let shape = mask.shape();
    let short = Error::Scratch { need: centreline_scratch_len(shape) };
    let (words, scratch) = scratch.split_at_mut_checked(Bits::words(shape)).ok_or(short)?;
    for (slot, word) in words.iter_mut().zip((0..shape.height()).flat_map(|row| mask.row(row))) {
        *slot = *word;
    }
    let mut line = Bits::of_words(shape, words)?;
    skeleton::thin(&mut line, scratch).map_err(|_| short)?;
    Ok(inside(&line, other))
}

/// Of a skeleton, what is in a mask.
fn inside(line: &Bits<'_>, mask: &Bits<'_>) -> Ratio {
    let inside = |row| line.row(row).iter().zip(mask.row(row)).map(|(a, b)| u64::from((a & b).count_ones()));
    let numerator = (0..line.shape().height()).flat_map(inside).sum();
    Ratio { numerator, denominator: line.count() as u64 }
}
