//! Combo loss.

use super::FAMILY;
use super::{Weighted, wrapping_loss};
use crate::error::{Error, Result};
use crate::loss::entry::{DENOMINATOR_SMOOTH, Entry, Listed, NUMERATOR_SMOOTH, Parameter, SMOOTH};
use crate::loss::{Dice, Evaluation, Focal, Smooth};

/// Combo loss: `a E - (1 - a) D` of a weighted cross-entropy `E` and the Dice score `D`.
///
/// `E` is the mean of `-(b g ln p + (1 - b)(1 - g) ln(1 - p))`: `ce_share` is `a`, `foreground_share` `b`. On a
/// multiclass frame `1 - b` is the share of class 0. The sign is the paper's, so a good prediction is negative; the
/// paper's own code has a bracket in another place, which multiplies background by `b (1 - b)`. Range
/// `[a - 1, inf)`. Scratch: none. Source: Taghanaki et al. 2019.
///
/// ```
/// use segmeter_core::{loss::{Combo, Loss, Smooth}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// assert_eq!(Combo::new(0.5, 0.5, Smooth::ONE)?.value(&frame, &mut [])?.value, -0.049551386);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Combo {
    inner: Weighted<Focal, Dice>,
    dice_share: f64,
}

impl Combo {
    /// Both shares in [0, 1].
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub fn new(ce_share: f32, foreground_share: f32, smooth: Smooth) -> Result<Self> {
        if !(0.0..=1.0).contains(&ce_share) {
            return Err(Error::Parameter("ce_share"));
        }
        if !(0.0..=1.0).contains(&foreground_share) {
            return Err(Error::Parameter("foreground_share"));
        }
        // A focusing of 0 leaves cross-entropy; its class weights are not in the divisor.
        let entropy = Focal::new(0.0, foreground_share, 1.0 - foreground_share)?;
        let inner = Weighted::new(ce_share, entropy, 1.0 - ce_share, Dice::new(smooth))?;
        Ok(Self { inner, dice_share: f64::from(1.0 - ce_share) })
    }

    /// `-D` is the Dice loss less 1.
    fn shift(&self, sum: Evaluation) -> Evaluation {
        if sum.undefined { sum } else { Evaluation::new(sum.precise - self.dice_share) }
    }
}

wrapping_loss!(Combo, Self::shift);

pub(in crate::loss) const COMBO: Listed<Combo> = Listed {
    entry: Entry {
        name: "combo",
        passes: "2 + 1",
        parameters: &[
            Parameter::number("ce_share", 0.5, "[0,1]", "share of cross-entropy"),
            Parameter::number("foreground_share", 0.5, "[0,1]", "share of foreground in cross-entropy"),
            SMOOTH,
            NUMERATOR_SMOOTH,
            DENOMINATOR_SMOOTH,
        ],
        definition: "a mean(-(b g ln p + (1-b)(1-g) ln(1-p))) - (1-a) D, of several classes a mean(-w ln p of the label) - (1-a) D, w = 1-b for class 0, else b; a the ce_share, b the foreground_share, D the Dice score",
        reference: "Taghanaki et al. 2019",
        ..FAMILY
    },
    make: |values| Combo::new(values.float("ce_share")?, values.float("foreground_share")?, values.smooth()?),
};
