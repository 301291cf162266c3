//! Losses of sums over pixels that are weighted by a map of the labels.

use super::FAMILY;
use super::maps::{self, Convention};
use crate::error::{Error, Result};
use crate::loss::entry::{CONVENTION, Entry, Listed, Parameter};
use crate::loss::mapped::{BoundaryDouOnMap, BoundaryOnMap, DistancePenalisedOnMap};
use crate::loss::{Call, Evaluation, Execute, Loss, split_scratch};
use crate::plane::distance;
use crate::view::{Frame, IGNORE, Shape, Target};

/// Refuses what a map of the labels cannot be made of.
pub(in crate::loss) fn check_map<const C: usize>(frame: &Frame<'_, C>) -> Result<()> {
    let _ids = scored(frame)?;
    distance::check(frame.shape())
}

/// The ids of a frame with hard labels, [`IGNORE`] where a pixel is not scored.
pub(in crate::loss) fn scored<'f, const C: usize>(
    frame: &'f Frame<'_, C>,
) -> Result<impl Fn(usize) -> u8 + 'f> {
    match frame.target() {
        Target::Ids(_) => Ok(move |pixel| if frame.weight(pixel) > 0.0 { frame.id(pixel) } else { IGNORE }),
        Target::Shares(_) => Err(Error::Unsupported("the loss needs hard labels")),
    }
}

/// Boundary loss: the mean of `phi p`, with `phi` the signed distance to the contour of the labels.
///
/// Negative for a good prediction, and 0 for an empty one: a part for sums, with a weight that grows while training.
/// `phi` is positive outside and negative inside, by [`Convention`]; 0 everywhere for a class that is absent or alone.
/// Scratch: two words per pixel and two per column. Passes: 2 with gradient, and 2 distance transforms, for each class.
/// Source: Kervadec et al. 2019.
///
/// ```
/// use segmeter_core::{loss::{Boundary, Loss}, view::{Frame, IGNORE, Labels, Shape}};
/// let shape = Shape::new(1, 4)?;
/// let frame = Frame::new(&[2.0, 1.0, -1.0, -2.0], Labels::new(shape, &[1, 1, 0, 0], IGNORE)?)?;
/// let mut scratch = vec![0; Boundary::scratch_len(shape)];
/// assert_eq!(Boundary::KERVADEC.value(&frame, &mut scratch)?.value, -0.09336245);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Boundary {
    convention: Convention,
}

impl Boundary {
    /// The convention of the paper's code.
    pub const KERVADEC: Self = Self { convention: Convention::Kervadec };

    /// With what the inside of the distance is.
    #[must_use]
    pub const fn new(convention: Convention) -> Self {
        Self { convention }
    }
    /// Scratch words for a frame.
    #[must_use]
    pub const fn scratch_len(shape: Shape) -> usize {
        shape.pixels() + maps::distance_scratch_len(shape)
    }
}

impl Loss for Boundary {
    fn scratch_len(&self, shape: Shape) -> usize {
        Self::scratch_len(shape)
    }

    fn check<const C: usize>(&self, frame: &Frame<'_, C>) -> Result<()> {
        check_map(frame)
    }

    fn run<X: Execute, const C: usize>(&self, mut call: Call<'_, X, C>) -> Result<Evaluation> {
        call.begin(self.check(&call.frame), Self::scratch_len(call.frame.shape()))?;
        let Call { executor, frame, weight, scratch, mut gradient, .. } = call;
        let ids = scored(&frame)?;
        let shape = frame.shape();
        let ([map], scratch) = split_scratch(scratch, [shape.pixels()], Self::scratch_len(shape))?;
        let map: &mut [f32] = bytemuck::must_cast_slice_mut(map);
        let weights: f64 = (1..frame.classes()).map(|class| frame.class_weight(class)).sum();
        let mut sum = None;
        for class in 1..frame.classes() {
            let share = frame.class_weight(class) / weights;
            if share.is_nan() || share <= 0.0 {
                continue;
            }
            maps::signed_distance(shape, &ids, class as u8, self.convention, scratch, map)?;
            let frame = frame.with_map(map)?;
            let (weight, gradient) = (weight * share as f32, gradient.as_deref_mut());
            let part = BoundaryOnMap::new(class as u8).run(Call {
                executor,
                frame,
                weight,
                scratch: &mut [],
                gradient,
                overwrites: false,
            })?;
            if !part.undefined {
                *sum.get_or_insert(0.0) += share * part.precise;
            }
        }
        Ok(sum.map_or(Evaluation::UNDEFINED, Evaluation::new))
    }
}

/// Makes [`Loss`] of a type that writes a map of the labels and hands the frame to a loss that reads it.
macro_rules! mapped_loss {
    ($loss:ty, $self:ident, $scratch:expr, $inner:expr, |$shape:ident, $ids:ident, $classes:ident, $rest:ident, $map:ident| $write:expr) => {
        impl $loss {
            /// Scratch words for a frame.
            #[must_use]
            pub const fn scratch_len(shape: Shape) -> usize {
                shape.pixels() + $scratch(shape)
            }
        }

        impl Loss for $loss {
            fn scratch_len(&self, shape: Shape) -> usize {
                <$loss>::scratch_len(shape)
            }

            fn check<const C: usize>(&self, frame: &Frame<'_, C>) -> Result<()> {
                check_map(frame)
            }

            fn run<X: Execute, const C: usize>(&$self, call: Call<'_, X, C>) -> Result<Evaluation> {
                call.check_gradient()?;
                check_map(&call.frame)?;
                let ($shape, $ids) = (call.frame.shape(), scored(&call.frame)?);
                let need = <$loss>::scratch_len($shape);
                let ([map], $rest) = split_scratch(call.scratch, [$shape.pixels()], need)?;
                let $map: &mut [f32] = bytemuck::must_cast_slice_mut(map);
                let $classes = call.frame.classes() as u8;
                $write?;
                $inner.run(Call { frame: call.frame.with_map($map)?, scratch: &mut [], ..call })
            }
        }
    };
}
pub(in crate::loss) use mapped_loss;

const fn no_scratch(_: Shape) -> usize {
    0
}

/// Distance-penalised cross-entropy: the mean of `(1 + phi) (-ln p)` of each pixel's label, with a map `phi` from 0
/// deep inside a class to 1 at its contour.
///
/// `phi = (m - d) / max(m - d)`, where `d` is the distance to the nearest pixel of another class and `m` its largest
/// value in the class; 0 for a class that is alone. Range `[0, inf)`. Scratch: two words per pixel and two per column.
/// Passes: 1, and a distance transform per class. Source: Caliva et al. 2019.
///
/// ```
/// use segmeter_core::{loss::{DistancePenalised, Loss}, view::{Frame, IGNORE, Labels, Shape}};
/// let shape = Shape::new(1, 4)?;
/// let frame = Frame::new(&[2.0, 1.0, -1.0, -2.0], Labels::new(shape, &[1, 1, 0, 0], IGNORE)?)?;
/// let mut scratch = vec![0; DistancePenalised::scratch_len(shape)];
/// assert_eq!(DistancePenalised.value(&frame, &mut scratch)?.value, 0.37672573);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DistancePenalised;

mapped_loss!(
    DistancePenalised,
    self,
    maps::distance_scratch_len,
    DistancePenalisedOnMap,
    |shape, ids, classes, rest, map| { maps::distance_penalty(shape, &ids, classes, rest, map) }
);

/// Boundary difference-over-union loss: `(E + s) / (E + (1 - a) I + s)` with the squared error `E`, which is
/// `sum(w p^2) + sum(w g^2) - 2 I`, and `a = min(2 (1 - C/S) - 1, 0.8)` of a class with `S` pixels, `C` of them at its
/// contour.
///
/// The smaller a class is beside its contour, the more the boundary counts. `C` and `S` count pixels, whatever their
/// weights. A contour pixel has a
/// 4-neighbour of another class; the border of the frame makes none. Range [0, 1]. Scratch: one word per pixel. Passes:
/// 2 with gradient. Source: Sun et al. 2023.
///
/// ```
/// use segmeter_core::{loss::{BoundaryDou, Loss}, view::{Frame, IGNORE, Labels, Shape}};
/// let shape = Shape::new(1, 4)?;
/// let frame = Frame::new(&[2.0, 1.0, -1.0, -2.0], Labels::new(shape, &[1, 1, 0, 0], IGNORE)?)?;
/// let mut scratch = vec![0; BoundaryDou::scratch_len(shape)];
/// assert_eq!(BoundaryDou::new(1e-5)?.value(&frame, &mut scratch)?.value, 0.096970946);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoundaryDou {
    on_map: BoundaryDouOnMap,
}

impl BoundaryDou {
    /// `smooth` in `[0, inf)`; 1e-5 in the paper's code.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub const fn new(smooth: f32) -> Result<Self> {
        match BoundaryDouOnMap::new(smooth) {
            Ok(on_map) => Ok(Self { on_map }),
            Err(e) => Err(e),
        }
    }
}

mapped_loss!(BoundaryDou, self, no_scratch, self.on_map, |shape, ids, _classes, _rest, map| {
    maps::edges(shape, &ids, map)
});

pub(in crate::loss) const DISTANCE_PENALISED: Listed<DistancePenalised> = Listed {
    entry: Entry {
        name: "distance_penalised",
        synonyms: &["distance_penalized"],
        passes: "2, a distance transform per class",
        quantised: false,
        scratch: "u32[2*pixels+2*width]",
        definition: "mean of (1 + phi) (-ln p) of the label; phi = (m-d)/max(m-d), d the distance to another class, m its maximum in the class",
        reference: "Caliva et al. 2019",
        ..FAMILY
    },
    make: |_| Ok(DistancePenalised),
};

pub(in crate::loss) const BOUNDARY_DOU: Listed<BoundaryDou> = Listed {
    entry: Entry {
        name: "boundary_dou",
        passes: "2 + 1",
        quantised: false,
        scratch: "u32[pixels]",
        parameters: &[Parameter::number("smooth", 1e-05, "[0,inf)", "added to numerator and denominator")],
        definition: "(E + smooth) / (E + (1-a) I + smooth); E = sum (p-g)^2, a = min(2 (1 - C/S) - 1, 0.8) of a class of S pixels, C at its contour",
        reference: "Sun et al. 2023",
        ..FAMILY
    },
    make: |values| BoundaryDou::new(values.float("smooth")?),
};

pub(in crate::loss) const BOUNDARY: Listed<Boundary> = Listed {
    entry: Entry {
        name: "boundary",
        passes: "per class: 2, 2 distance transforms",
        quantised: false,
        scratch: "u32[2*pixels+2*width]",
        parameters: &[CONVENTION],
        definition: "mean of phi p, phi the signed distance to the contour of the labels",
        reference: "Kervadec et al. 2019",
        ..FAMILY
    },
    make: |values| {
        Ok(Boundary::new(
            values
                .choice("convention", &[("kervadec", Convention::Kervadec), ("plain", Convention::Plain)])?,
        ))
    },
};
