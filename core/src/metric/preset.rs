//! The conventions of other libraries by name.

use super::{Averages, Averaging, ClassMetric, Empties, Empty};

/// How a library averages overlap metrics, and what they are where a mask is empty.
///
/// Each agrees with what the library returned for stored masks (`tests/libraries.rs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Preset {
    /// MONAI's `DiceMetric` and `MeanIoU` as they come: a class that is not labelled is in no mean, so that false alarms
    /// on an empty label are not punished. (Its `FBetaScore` averages counts, whatever the reduction is called: it is that of
    /// all images in one.)
    Monai,
    /// The same with `ignore_empty=False`: 1 if the class is not predicted either, else 0.
    MonaiKeepEmpty,
    /// Metrics Reloaded, of one image: where both masks are empty, Dice is 1, but IoU not defined. (Its net benefit of
    /// probabilities multiplies where it should subtract; that of masks is right.)
    MetricsReloaded,
    /// `MedPy`, of one image: where both masks are empty, Dice and IoU are 1; other quotients of nothing are 0.
    Medpy,
    /// torchmetrics' `segmentation.MeanIoU`: over all pairs of image and class. Not the IoU of the set.
    TorchmetricsMeanIou,
    /// torchmetrics' `segmentation.DiceScore` with `average="macro"`, sample by sample.
    TorchmetricsDiceScore,
    /// torchmetrics' `JaccardIndex` with `average="macro"`.
    TorchmetricsJaccardIndex,
    /// The pixel-level task of Cityscapes. (The tool's pixel accuracy counts the ignored pixels as its
    /// `nbNotIgnoredPixels`; [`super::Confusion::pixel_accuracy`] does not.)
    CityscapesPixel,
    /// mmsegmentation's `IoUMetric`. (It adds areas as `f32`, which are exact below 2^24 pixels only.) An ignored id that
    /// is a class stays in the mean: with 0, where it is predicted.
    Mmseg,
}

impl Preset {
    /// Every preset, by the name it is asked for.
    pub const ALL: [(&'static str, Self); 9] = [
        ("monai", Self::Monai),
        ("monai_keep_empty", Self::MonaiKeepEmpty),
        ("metrics_reloaded", Self::MetricsReloaded),
        ("medpy", Self::Medpy),
        ("torchmetrics_mean_iou", Self::TorchmetricsMeanIou),
        ("torchmetrics_dice_score", Self::TorchmetricsDiceScore),
        ("torchmetrics_jaccard_index", Self::TorchmetricsJaccardIndex),
        ("cityscapes_pixel", Self::CityscapesPixel),
        ("mmseg", Self::Mmseg),
    ];

    /// What it averages over.
    #[must_use]
    pub const fn averaging(self) -> Averaging {
        match self {
            Self::TorchmetricsMeanIou => Averaging::PerPair,
            Self::TorchmetricsJaccardIndex | Self::CityscapesPixel | Self::Mmseg => Averaging::Pooled,
            _ => Averaging::PerImage,
        }
    }

    /// Whether an ignored id that is also a class is in the means like the others.
    #[must_use]
    pub const fn keeps_ignored_class(self) -> bool {
        matches!(self, Self::Mmseg)
    }

    /// What a metric is where a mask is empty.
    #[must_use]
    pub const fn empties(self, metric: ClassMetric) -> Empties {
        let overlap = matches!(metric, ClassMetric::Dice | ClassMetric::Iou);
        let (mut empties, formula) = (Empties::FORMULA, Empties::FORMULA);
        match (self, metric) {
            (Self::Monai, _) if overlap => empties.labels = Empty::Undefined,
            (Self::MonaiKeepEmpty, _) if overlap => empties.both = Empty::One,
            (Self::MetricsReloaded, ClassMetric::Dice | ClassMetric::FBeta { .. }) => {
                empties.both = Empty::One
            }
            (Self::MetricsReloaded, ClassMetric::Precision) => empties.predictions = Empty::Zero,
            (Self::Medpy, _) if overlap => empties.both = Empty::One,
            (Self::Medpy, ClassMetric::Precision | ClassMetric::Recall | ClassMetric::Specificity) => {
                empties.otherwise = Empty::Zero;
            }
            _ => return formula,
        }
        empties
    }

    /// A metric by the conventions of the library; of its means, take that of [`Preset::averaging`].
    ///
    /// ```
    /// use segmeter_core::metric::{ClassMetric, Confusion, Preset};
    /// let preset = Preset::Monai;
    /// let mut dice = preset.averages::<2>(ClassMetric::Dice, 255).from_class(1);
    /// for labels in [[1, 1, 0], [0, 0, 0]] {
    ///     let mut image = Confusion::new(255);
    ///     image.push_row(&[1, 1, 1], &labels)?;
    ///     dice.push(&image);
    /// }
    /// assert_eq!((dice.value(preset.averaging()), dice.undefined()), (Some(0.8), 1));
    /// # Ok::<(), segmeter_core::Error>(())
    /// ```
    #[must_use]
    pub fn averages<const C: usize>(self, metric: ClassMetric, ignore: u8) -> Averages<C> {
        let averages = Averages::new(metric, self.empties(metric), ignore);
        if self.keeps_ignored_class() { averages.with_ignored_class() } else { averages }
    }
}
