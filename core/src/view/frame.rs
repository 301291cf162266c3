//! Scores beside their labels: what a loss is evaluated on.

use super::{IGNORE, Labels, Shape, Weights};
use crate::error::{Error, Result};

/// The largest number of classes of a multiclass frame.
pub const MAX_CLASSES: usize = 32;

/// Where the number of a class and a pixel stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Layout {
    /// One plane per class: `(C, H, W)`.
    #[default]
    Planar,
    /// All classes of a pixel side by side: `(H, W, C)`.
    Interleaved,
}

/// What the numbers of a network's output are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Activation {
    /// Before sigmoid or softmax. Gradients are with respect to these.
    #[default]
    Logits,
    /// After it, in [0, 1]. Gradients are with respect to the probabilities, each for itself.
    Probabilities,
}

/// What a pixel should be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target<'a> {
    /// Class ids; any id that is not a class has no label.
    Ids(&'a [u8]),
    /// Shares of every class in the layout of the scores; of the foreground alone if binary.
    Shares(&'a [f32]),
}

/// One frame of scores with its labels: what a loss is evaluated on.
///
/// `C` is the number of classes there is room for. 2 stands for a binary frame, with one score per pixel; a
/// multiclass frame needs room for 3 or more, also if it has two classes.
///
/// ```
/// use segmeter_core::view::{Frame, IGNORE, Labels, Shape};
/// let shape = Shape::new(1, 4)?;
/// let labels = Labels::new(shape, &[0, 1, 1, 255], IGNORE)?;
/// let frame = Frame::new(&[-2.0, 3.0, 0.5, 9.0], labels)?;
/// assert_eq!(frame.shape().pixels(), 4);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a, const C: usize = 2> {
    shape: Shape,
    scores: &'a [f32],
    target: Target<'a>,
    weights: Option<Weights<'a>>,
    class_weights: Option<&'a [f32]>,
    /// A number for every pixel that some losses make from the labels.
    map: Option<&'a [f32]>,
    layout: Layout,
    activation: Activation,
    channels: usize,
    /// Label pixels of background and foreground if they are counted already.
    counts: Option<[u32; 2]>,
}

impl<'a> Frame<'a> {
    /// Binary: one logit per pixel beside hard labels. Logits that are not finite are allowed: they make the
    /// results that they take part in NaN or infinite.
    ///
    /// # Errors
    /// [`Error::Length`] if there is not one logit per label.
    pub fn new(logits: &'a [f32], labels: Labels<'a>) -> Result<Self> {
        let shape = labels.shape();
        shape.check(logits.len())?;
        let counts = Some([labels.background(), labels.foreground()]);
        Ok(Self { counts, ..Self::of(shape, logits, Target::Ids(labels.ids()), 1) })
    }

    /// Binary: one logit per pixel beside soft labels, each the share of foreground. A pixel without a label has
    /// weight 0.
    ///
    /// # Errors
    /// [`Error::Length`], or [`Error::Share`] with the first that is not in [0, 1].
    pub fn soft(shape: Shape, logits: &'a [f32], shares: &'a [f32]) -> Result<Self> {
        shape.check(logits.len())?;
        shape.check(shares.len())?;
        check_shares(shares)?;
        Ok(Self::of(shape, logits, Target::Shares(shares), 1))
    }
}

impl<'a, const C: usize> Frame<'a, C> {
    /// Whether it has one score per pixel, of the foreground. The one place that tells it from `C`: a size of arrays cannot
    /// be computed from a type.
    pub const BINARY: bool = C == 2;

    const fn of(shape: Shape, scores: &'a [f32], target: Target<'a>, channels: usize) -> Self {
        let (layout, activation) = (Layout::Planar, Activation::Logits);
        let (weights, class_weights, map, counts) = (None, None, None, None);
        Self { shape, scores, target, weights, class_weights, map, layout, activation, channels, counts }
    }

    /// Multiclass: `classes` logits per pixel beside class ids from 0 to `classes - 1`, and `ignore` for pixels
    /// that are not scored.
    ///
    /// # Errors
    /// [`Error::Classes`] unless `classes` is from 2 to `C`, and `C` from 3 to [`MAX_CLASSES`];
    /// [`Error::Parameter`] if `ignore` is a class; [`Error::Length`]; [`Error::ClassId`] with the first pixel
    /// that has a foreign id.
    pub fn multiclass(
        shape: Shape,
        classes: usize,
        layout: Layout,
        logits: &'a [f32],
        ids: &'a [u8],
        ignore: u8,
    ) -> Result<Self> {
        shape.check(ids.len())?;
        if usize::from(ignore) < classes {
            return Err(Error::Parameter("ignore"));
        }
        let foreign = |id: &u8| usize::from(*id) >= classes && *id != ignore;
        if let Some((pixel, found)) = ids.iter().enumerate().find(|(_, id)| foreign(id)) {
            return Err(Error::ClassId { found: *found, pixel });
        }
        Self::with_target(shape, classes, layout, logits, Target::Ids(ids))
    }

    /// Multiclass: `classes` logits per pixel beside as many shares, which should sum to 1. A pixel without a
    /// label has weight 0.
    ///
    /// # Errors
    /// [`Error::Classes`], [`Error::Length`], [`Error::Share`] with the first share that is not in [0, 1].
    pub fn multiclass_soft(
        shape: Shape,
        classes: usize,
        layout: Layout,
        logits: &'a [f32],
        shares: &'a [f32],
    ) -> Result<Self> {
        let expected = shape.pixels().saturating_mul(classes);
        if shares.len() != expected {
            return Err(Error::Length { expected, found: shares.len() });
        }
        check_shares(shares)?;
        Self::with_target(shape, classes, layout, logits, Target::Shares(shares))
    }

    fn with_target(
        shape: Shape,
        classes: usize,
        layout: Layout,
        logits: &'a [f32],
        target: Target<'a>,
    ) -> Result<Self> {
        if C < 3 || C > MAX_CLASSES || classes < 2 || classes > C {
            return Err(Error::Classes { room: C });
        }
        let expected = shape.pixels().saturating_mul(classes);
        if logits.len() != expected {
            return Err(Error::Length { expected, found: logits.len() });
        }
        Ok(Self { layout, ..Self::of(shape, logits, target, classes) })
    }

    /// The same frame, its scores read as what `activation` says.
    #[must_use]
    pub const fn with_activation(self, activation: Activation) -> Self {
        Self { activation, ..self }
    }

    /// The same frame with pixel weights.
    ///
    /// # Errors
    /// [`Error::Length`] if there is not one weight per pixel.
    pub fn with_weights(self, weights: Weights<'a>) -> Result<Self> {
        self.shape.check(weights.values().len())?;
        Ok(Self { weights: Some(weights), ..self })
    }

    /// The same frame with a weight for every class; binary: of background and foreground.
    ///
    /// Distribution losses weigh a pixel by its label, region losses a class in the mean over classes.
    ///
    /// # Errors
    /// [`Error::Length`] if there is not one weight per class, [`Error::Parameter`] if one is negative or not
    /// finite, or all are zero.
    pub fn with_class_weights(self, weights: &'a [f32]) -> Result<Self> {
        let expected = self.classes();
        if weights.len() != expected {
            return Err(Error::Length { expected, found: weights.len() });
        }
        let good = weights.iter().all(|w| *w >= 0.0 && *w <= f32::MAX);
        if good && weights.iter().any(|w| *w > 0.0) {
            Ok(Self { class_weights: Some(weights), ..self })
        } else {
            Err(Error::Parameter("class_weights"))
        }
    }

    /// The frame as a binary one, if it is one. Known while compiling.
    pub(crate) fn as_binary(&self) -> Option<Frame<'a>> {
        let Self { shape, scores, target, weights, class_weights, map, .. } = *self;
        let Self { layout, activation, channels, counts, .. } = *self;
        let of = Frame {
            shape,
            scores,
            target,
            weights,
            class_weights,
            map,
            layout,
            activation,
            channels,
            counts,
        };
        Self::BINARY.then_some(of)
    }

    /// With a number for every pixel, such as its distance to a contour, for the losses that read one
    /// ([`crate::loss::mapped`]).
    ///
    /// # Errors
    /// [`Error::Length`] if there is not one number per pixel.
    pub fn with_map(self, map: &'a [f32]) -> Result<Self> {
        self.shape.check(map.len())?;
        Ok(Self { map: Some(map), ..self })
    }

    /// The shape of the frame.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        self.shape
    }
    /// Every score, in the frame's layout.
    #[must_use]
    pub const fn scores(&self) -> &'a [f32] {
        self.scores
    }
    /// Classes of the labels: 2 if binary.
    #[must_use]
    pub const fn classes(&self) -> usize {
        if Self::BINARY { 2 } else { self.channels }
    }
    /// Scores of a pixel: 1 if binary.
    #[must_use]
    pub const fn channels(&self) -> usize {
        self.channels
    }
    /// The layout of scores, soft labels and gradient.
    #[must_use]
    pub const fn layout(&self) -> Layout {
        self.layout
    }
    /// What the scores are.
    #[must_use]
    pub const fn activation(&self) -> Activation {
        self.activation
    }
    /// The pixel weights, if there are any.
    #[must_use]
    pub const fn weights(&self) -> Option<Weights<'a>> {
        self.weights
    }
    /// The class weights, if there are any.
    #[must_use]
    pub const fn class_weights(&self) -> Option<&'a [f32]> {
        self.class_weights
    }
    /// The weight of a class; 1 unless given.
    pub(crate) fn class_weight(&self, class: usize) -> f64 {
        self.class_weights.map_or(1.0, |all| f64::from(all.get(class).copied().unwrap_or(0.0)))
    }
    pub(crate) const fn target(&self) -> Target<'a> {
        self.target
    }
    pub(crate) const fn map(&self) -> Option<&'a [f32]> {
        self.map
    }
    pub(crate) const fn counts(&self) -> Option<[u32; 2]> {
        self.counts
    }

    /// Whether it is nothing but logits and hard labels.
    pub(crate) const fn is_plain(&self) -> bool {
        matches!(self.activation, Activation::Logits) && self.weights.is_none() && self.map.is_none()
    }

    /// Scores of a plane: of one class, or of all where they are interleaved.
    pub(crate) const fn plane_len(&self) -> usize {
        match self.layout {
            Layout::Planar => self.shape.pixels(),
            Layout::Interleaved => self.shape.pixels() * self.channels,
        }
    }

    /// The class id of a pixel with a hard label; [`IGNORE`] without one.
    pub(crate) fn id(&self, pixel: usize) -> u8 {
        match self.target {
            Target::Ids(ids) => {
                let id = ids.get(pixel).copied().unwrap_or(IGNORE);
                if usize::from(id) < self.classes() { id } else { IGNORE }
            }
            Target::Shares(_) => IGNORE,
        }
    }

    /// The weight of a pixel: 0 without a label.
    pub(crate) fn weight(&self, pixel: usize) -> f32 {
        let labelled = match self.target {
            Target::Ids(_) => self.id(pixel) != IGNORE,
            Target::Shares(_) => true,
        };
        let weight = self.weights.map_or(1.0, |w| w.values().get(pixel).copied().unwrap_or(0.0));
        if labelled { weight } else { 0.0 }
    }

    /// The share of a class in a pixel's label; 0 without one. `class` counts classes, also if binary.
    pub(crate) fn share(&self, pixel: usize, class: usize) -> f32 {
        match self.target {
            Target::Ids(_) => f32::from(u8::from(usize::from(self.id(pixel)) == class)),
            Target::Shares(shares) if Self::BINARY => {
                let share = shares.get(pixel).copied().unwrap_or(0.0);
                if class == 0 { 1.0 - share } else { share }
            }
            Target::Shares(shares) => shares.get(self.place(pixel, class)).copied().unwrap_or(0.0),
        }
    }

    /// Where the score of a channel of a pixel stands.
    #[inline(always)]
    pub(crate) const fn place(&self, pixel: usize, channel: usize) -> usize {
        match self.layout {
            Layout::Planar => channel * self.shape.pixels() + pixel,
            Layout::Interleaved => pixel * self.channels + channel,
        }
    }
}

pub(crate) fn check_shares(shares: &[f32]) -> Result<()> {
    // Written so that NaN fails as well.
    let good = |share: &f32| *share >= 0.0 && *share <= 1.0;
    shares.iter().position(|share| !good(share)).map_or(Ok(()), |place| Err(Error::Share { place }))
}
