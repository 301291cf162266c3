//! Losses of true positive, false positive and false negative mass.

use super::FAMILY;
use super::{ClassAveraging, OverlapKernel, Smooth};
use crate::error::{Error, Result};
use crate::loss::entry::{
    AVERAGE, BACKGROUND, DENOMINATOR_SMOOTH, EMPTY, Entry, FN_WEIGHT, FP_WEIGHT, Listed, NUMERATOR_SMOOTH,
    OVERLAP, Parameter, SMOOTH, Values,
};
use crate::loss::sum::Tally;
use crate::loss::{SumLoss, check_weight};

/// The soft confusion masses of a class.
#[derive(Clone, Copy, Debug)]
pub(super) struct Overlap {
    pub(super) intersection: f64,
    pub(super) false_positive: f64,
    pub(super) false_negative: f64,
}

/// A loss and its derivatives with respect to the probability of a pixel on the class and off it.
#[derive(Clone, Copy)]
pub(super) struct Outcome {
    pub(super) loss: f64,
    pub(super) on: f64,
    pub(super) off: f64,
}

impl Outcome {
    /// `outer(loss)` with the given derivative.
    fn through(self, loss: f64, derivative: f64) -> Self {
        Self { loss, on: self.on * derivative, off: self.off * derivative }
    }

    fn pair(self) -> (f64, [f64; 2]) {
        (self.loss, [self.on, self.off])
    }
}

impl Overlap {
    /// `1 - (I + n) / (I + a FP + b FN + d)`, computed as `(a FP + b FN + d - n) / denominator`.
    fn tversky(self, fp_weight: f64, fn_weight: f64, smooth: Smooth) -> Option<Outcome> {
        let (a, b) = (fp_weight, fn_weight);
        let (n, d) = (f64::from(smooth.numerator), f64::from(smooth.denominator));
        let error = a * self.false_positive + b * self.false_negative;
        let denominator = self.intersection + error + d;
        if denominator <= 0.0 {
            return None;
        }
        let loss = (error + (d - n)) / denominator;
        let score = (self.intersection + n) / denominator;
        Some(Outcome {
            loss,
            // L_I - L_FN = -loss/W - b score/W
            on: -(loss + b * score) / denominator,
            off: a * score / denominator,
        })
    }

    /// Dice is Tversky with weights of one half and half the smoothing.
    fn dice(self, smooth: Smooth) -> Option<Outcome> {
        self.tversky(0.5, 0.5, smooth.half())
    }
}

/// Sums, fit and slope of the losses here: only `outcome` differs.
macro_rules! overlap_loss {
    ($loss:ty) => {
        impl $loss {
            /// The same loss with the classes of a frame brought together in another way.
            #[must_use]
            pub const fn with(self, averaging: ClassAveraging) -> Self {
                Self { averaging, ..self }
            }
        }

        impl SumLoss for $loss {
            type Kernel = OverlapKernel;

            fn kernel(&self) -> OverlapKernel {
                OverlapKernel::new(self.averaging)
            }
            fn fit(&self, tally: &Tally<'_, [f64; 3]>, slopes: &mut [[f32; 2]]) -> Option<f64> {
                let one = |sums: &[f64; 3]| {
                    let [intersection, false_positive, false_negative] = *sums;
                    self.outcome(Overlap { intersection, false_positive, false_negative }).map(Outcome::pair)
                };
                if self.averaging.micro {
                    return self.averaging.pooled(tally, slopes, |sums, _| one(sums));
                }
                let weight = tally.weight();
                self.averaging.mean(
                    tally,
                    slopes,
                    |sums, _| one(sums),
                    |[intersection, false_positive, _]| {
                        ((intersection + false_positive) / weight, [1.0 / weight; 2])
                    },
                )
            }
        }
    };
}

mod powers;

pub(in crate::loss) use powers::{FOCAL_TVERSKY, LOG_COSH_DICE, LOG_DICE};
pub use powers::{FocalTversky, LogCoshDice, LogDice};

/// Dice loss: `1 - (2 I + n) / (P + G + d)`, with `P = I + FP`, `G = I + FN`.
///
/// It is [`Tversky`] with weights of one half and half the smoothing, and is computed so.
/// Source: Milletari et al. 2016, linear form.
///
/// ```
/// use segmeter_core::{loss::{Dice, Loss, Smooth}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// assert_eq!(Dice::new(Smooth::ONE).value(&frame, &mut [])?.value, 0.31943437);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dice {
    smooth: Smooth,
    averaging: ClassAveraging,
}

impl Dice {
    /// Smoothing in units of `2 I`.
    #[must_use]
    pub const fn new(smooth: Smooth) -> Self {
        Self { smooth, averaging: ClassAveraging::DEFAULT }
    }
    fn outcome(&self, overlap: Overlap) -> Option<Outcome> {
        overlap.dice(self.smooth)
    }
}

overlap_loss!(Dice);

/// Jaccard (IoU) loss: `1 - (I + n) / (P + G - I + d)`: [`Tversky`] with weights of one.
///
/// ```
/// use segmeter_core::{loss::{Jaccard, Loss, Smooth}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// assert_eq!(Jaccard::new(Smooth::ONE).value(&frame, &mut [])?.value, 0.41013843);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Jaccard {
    smooth: Smooth,
    averaging: ClassAveraging,
}

impl Jaccard {
    /// Smoothing in units of `I`.
    #[must_use]
    pub const fn new(smooth: Smooth) -> Self {
        Self { smooth, averaging: ClassAveraging::DEFAULT }
    }
    fn outcome(&self, overlap: Overlap) -> Option<Outcome> {
        overlap.tversky(1.0, 1.0, self.smooth)
    }
}

overlap_loss!(Jaccard);

/// Tversky loss: `1 - (I + n) / (I + fp_weight FP + fn_weight FN + d)`.
///
/// Weights of one half give Dice (with twice the smoothing), weights of one Jaccard. A large `fn_weight`
/// favours recall, which is what few foreground pixels need. Source: Salehi et al. 2017.
///
/// ```
/// use segmeter_core::{loss::{Loss, Tversky}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// assert_eq!(Tversky::FN_HEAVY.value(&frame, &mut [])?.value, 0.30115312);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tversky {
    fp_weight: f32,
    fn_weight: f32,
    smooth: Smooth,
    averaging: ClassAveraging,
}

impl Tversky {
    /// False positives 0.3, false negatives 0.7, smoothing 1.
    pub const FN_HEAVY: Self =
        Self { fp_weight: 0.3, fn_weight: 0.7, smooth: Smooth::ONE, averaging: ClassAveraging::DEFAULT };

    /// Both weights in `[0, inf)`, not both zero.
    ///
    /// # Errors
    /// [`Error::Parameter`] names the one that is out of range.
    pub const fn new(fp_weight: f32, fn_weight: f32, smooth: Smooth) -> Result<Self> {
        match (check_weight(fp_weight, "fp_weight"), check_weight(fn_weight, "fn_weight")) {
            (Ok(_), Ok(_)) if fp_weight + fn_weight > 0.0 => {
                Ok(Self { fp_weight, fn_weight, smooth, averaging: ClassAveraging::DEFAULT })
            }
            (Err(e), _) | (_, Err(e)) => Err(e),
            _ => Err(Error::Parameter("fn_weight")),
        }
    }
    fn outcome(&self, overlap: Overlap) -> Option<Outcome> {
        overlap.tversky(f64::from(self.fp_weight), f64::from(self.fn_weight), self.smooth)
    }
}

overlap_loss!(Tversky);

/// Asymmetric similarity loss: `1 - F_beta`, which is [`Tversky`] with `fn_weight = beta^2 / (1 + beta^2)` and
/// `fp_weight = 1 / (1 + beta^2)`.
///
/// Source: Hashemi et al. 2018.
///
/// ```
/// use segmeter_core::{loss::{AsymmetricSimilarity, Loss, Smooth}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// let loss = AsymmetricSimilarity::new(1.5, Smooth::ONE)?;
/// assert_eq!(loss.value(&frame, &mut [])?.value, 0.2995854);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AsymmetricSimilarity {
    beta: f32,
    smooth: Smooth,
    averaging: ClassAveraging,
}

impl AsymmetricSimilarity {
    /// `beta` in [0, 1000]; above 1 recall counts more.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub const fn new(beta: f32, smooth: Smooth) -> Result<Self> {
        if beta >= 0.0 && beta <= 1000.0 {
            Ok(Self { beta, smooth, averaging: ClassAveraging::DEFAULT })
        } else {
            Err(Error::Parameter("beta"))
        }
    }
    fn outcome(&self, overlap: Overlap) -> Option<Outcome> {
        let square = f64::from(self.beta) * f64::from(self.beta);
        overlap.tversky(1.0 / (1.0 + square), square / (1.0 + square), self.smooth)
    }
}

overlap_loss!(AsymmetricSimilarity);

/// Soft recall loss: `1 - (I + n) / (G + d)`.
///
/// Alone it is smallest where everything is foreground: a part for sums. It is what skeleton recall computes on a
/// skeleton.
///
/// ```
/// use segmeter_core::{loss::{Loss, Recall, Smooth}, view::{Frame, IGNORE, Labels, Shape}};
/// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
/// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
/// assert_eq!(Recall::new(Smooth::ONE).value(&frame, &mut [])?.value, 0.35725904);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recall {
    smooth: Smooth,
    averaging: ClassAveraging,
}

impl Recall {
    /// Smoothing in units of `I`.
    #[must_use]
    pub const fn new(smooth: Smooth) -> Self {
        Self { smooth, averaging: ClassAveraging::DEFAULT }
    }
    fn outcome(&self, overlap: Overlap) -> Option<Outcome> {
        overlap.tversky(0.0, 1.0, self.smooth)
    }
}

overlap_loss!(Recall);

pub(in crate::loss) const DICE: Listed<Dice> = Listed {
    entry: Entry {
        name: "dice",
        synonyms: &["dice_loss", "dsc", "soft_dice", "f1_loss"],
        parameters: &[SMOOTH, NUMERATOR_SMOOTH, DENOMINATOR_SMOOTH, BACKGROUND, AVERAGE, OVERLAP, EMPTY],
        definition: "1 - (2 I + numerator_smooth) / (P + G + denominator_smooth); I = sum p g, P = sum p, G = sum g",
        reference: "Milletari et al. 2016, linear form",
        ..FAMILY
    },
    make: |values| Ok(Dice::new(values.smooth()?).with(values.averaging()?)),
};

pub(in crate::loss) const JACCARD: Listed<Jaccard> = Listed {
    entry: Entry {
        name: "jaccard",
        synonyms: &["iou_loss", "iou", "jaccard_loss"],
        parameters: &[SMOOTH, NUMERATOR_SMOOTH, DENOMINATOR_SMOOTH, BACKGROUND, AVERAGE, OVERLAP, EMPTY],
        definition: "1 - (I + numerator_smooth) / (P + G - I + denominator_smooth)",
        reference: "Rahman and Wang 2016",
        ..FAMILY
    },
    make: |values| Ok(Jaccard::new(values.smooth()?).with(values.averaging()?)),
};

pub(in crate::loss) const TVERSKY: Listed<Tversky> = Listed {
    entry: Entry {
        name: "tversky",
        parameters: &[
            FP_WEIGHT,
            FN_WEIGHT,
            SMOOTH,
            NUMERATOR_SMOOTH,
            DENOMINATOR_SMOOTH,
            BACKGROUND,
            AVERAGE,
            OVERLAP,
            EMPTY,
        ],
        definition: "1 - (I + numerator_smooth) / (I + fp_weight FP + fn_weight FN + denominator_smooth); FP = sum p (1-g), FN = sum (1-p) g",
        reference: "Salehi et al. 2017",
        ..FAMILY
    },
    make: |values| tversky(values),
};

pub(in crate::loss) const ASYMMETRIC_SIMILARITY: Listed<AsymmetricSimilarity> = Listed {
    entry: Entry {
        name: "asymmetric_similarity",
        parameters: &[
            Parameter::number("beta", 1.5, "[0,1000]", "above 1 recall counts more"),
            SMOOTH,
            NUMERATOR_SMOOTH,
            DENOMINATOR_SMOOTH,
            BACKGROUND,
            AVERAGE,
            OVERLAP,
            EMPTY,
        ],
        definition: "1 - F_beta: Tversky with fn_weight = beta^2/(1+beta^2), fp_weight = 1/(1+beta^2)",
        reference: "Hashemi et al. 2018",
        ..FAMILY
    },
    make: |values| {
        Ok(AsymmetricSimilarity::new(values.float("beta")?, values.smooth()?)?.with(values.averaging()?))
    },
};

pub(in crate::loss) const RECALL: Listed<Recall> = Listed {
    entry: Entry {
        name: "recall",
        parameters: &[SMOOTH, NUMERATOR_SMOOTH, DENOMINATOR_SMOOTH, BACKGROUND, AVERAGE, OVERLAP, EMPTY],
        definition: "1 - (I + numerator_smooth) / (G + denominator_smooth)",
        reference: "soft recall",
        ..FAMILY
    },
    make: |values| Ok(Recall::new(values.smooth()?).with(values.averaging()?)),
};

pub(super) fn tversky(values: &Values<'_>) -> Result<Tversky> {
    let tversky = Tversky::new(values.float("fp_weight")?, values.float("fn_weight")?, values.smooth()?)?;
    Ok(tversky.with(values.averaging()?))
}
