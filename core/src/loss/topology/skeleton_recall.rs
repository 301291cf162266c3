//! Skeleton recall.

use super::FAMILY;
use crate::error::{Error, Result};
use crate::loss::boundary::{check_map, mapped_loss, maps, scored};
use crate::loss::entry::{Entry, Listed, Parameter};
use crate::loss::mapped::SkeletonRecallOnMap;
use crate::loss::{Call, Evaluation, Execute, Loss, split_scratch};
use crate::view::{Frame, Shape};

/// Skeleton recall loss: `1 - (sum(w p t) + s) / (sum(w t) + s)` on a tube `t` around the skeleton of the labels.
///
/// The skeleton of each class (Zhang and Suen's thinning in the form of scikit-image) is dilated `dilations` times by the
/// cross of 4 neighbours and cut with the class. The cheapest loss for thin structures: the map depends on the labels
/// alone. Only recall, so pair it with Dice. Range [0, 1]. Scratch: one word per pixel and what thinning needs. Passes: 2
/// with gradient. Source: Kirchhoff et al. 2024.
///
/// ```
/// use segmeter_core::{loss::{Loss, SkeletonRecall}, view::{Frame, IGNORE, Labels, Shape}};
/// let shape = Shape::new(1, 4)?;
/// let frame = Frame::new(&[2.0, 1.0, -1.0, -2.0], Labels::new(shape, &[1, 1, 0, 0], IGNORE)?)?;
/// let mut scratch = vec![0; SkeletonRecall::scratch_len(shape)];
/// assert_eq!(SkeletonRecall::PAPER.value(&frame, &mut scratch)?.value, 0.12938145);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SkeletonRecall {
    on_map: SkeletonRecallOnMap,
    dilations: u32,
}

impl SkeletonRecall {
    /// A smoothing of 1, dilated twice.
    pub const PAPER: Self = Self { on_map: SkeletonRecallOnMap::PAPER, dilations: 2 };

    /// `smooth` in `[0, inf)`; at most 1000 dilations.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub const fn new(smooth: f32, dilations: u32) -> Result<Self> {
        match SkeletonRecallOnMap::new(smooth) {
            Ok(on_map) if dilations <= 1000 => Ok(Self { on_map, dilations }),
            Ok(_) => Err(Error::Parameter("dilations")),
            Err(e) => Err(e),
        }
    }
}

mapped_loss!(SkeletonRecall, self, maps::tube_scratch_len, self.on_map, |shape, ids, classes, rest, map| {
    maps::tubes(shape, &ids, 1..classes, self.dilations, rest, map)
});

pub(in crate::loss) const SKELETON_RECALL: Listed<SkeletonRecall> = Listed {
    entry: Entry {
        name: "skeleton_recall",
        passes: "2 + 1, thinning per class",
        quantised: false,
        scratch: "u32[pixels+height*ceil(width/32)+2*(ceil(width/32)+2)*ceil(height/32)]",
        parameters: &[
            Parameter::number("smooth", 1.0, "[0,inf)", "added to numerator and denominator"),
            Parameter::number("dilations", 2.0, "[0,1000]", "how often the skeleton is dilated"),
        ],
        definition: "1 - (sum p t + smooth) / (sum t + smooth), t a tube around the skeleton of the labels",
        reference: "Kirchhoff et al. 2024",
        ..FAMILY
    },
    make: |values| SkeletonRecall::new(values.float("smooth")?, values.whole("dilations")?),
};
