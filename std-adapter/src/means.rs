//! Means over classes and images of what may be undefined or infinite; in which order they come does not matter.

use crate::core::metric::{Mean, Score};

/// In every image the mean over its classes, then the mean over the images.
///
/// ```
/// use segmeter::core::metric::Score;
/// use segmeter::means::ImageMean;
///
/// let mut distance = ImageMean::default();
/// distance.push([Score::Value(2.0), Score::Undefined].into_iter());
/// distance.push([Score::Value(1.0), Score::Value(3.0)].into_iter());
/// assert_eq!((distance.value(), distance.undefined()), (Some(2.0), 1));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImageMean {
    images: Mean,
    undefined: u64,
    has_infinite: bool,
}

impl ImageMean {
    /// Adds an image, whose classes have these scores.
    pub fn push(&mut self, scores: impl Iterator<Item = Score> + Clone) {
        self.undefined += scores.clone().filter(is_undefined).count() as u64;
        // An infinite distance makes an infinite mean, of which there is no number in JSON.
        self.has_infinite |= scores.clone().filter_map(Score::value).any(|value| !value.is_finite());
        self.images.push(mean_of(scores).into());
    }

    /// Adds the images of another.
    pub fn merge(&mut self, other: &Self) {
        self.images.merge(&other.images);
        self.undefined += other.undefined;
        self.has_infinite |= other.has_infinite;
    }

    /// The mean; `None` where nothing is defined, or it is infinite.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        self.images.value().filter(|_| !self.has_infinite && !self.images.saturated())
    }

    /// How many pairs of image and class had no value.
    #[must_use]
    pub const fn undefined(&self) -> u64 {
        self.undefined
    }

    /// What another process goes on with: the mean of the images, [`ImageMean::undefined`], whether one is infinite.
    #[must_use]
    pub const fn parts(&self) -> (Mean, u64, bool) {
        (self.images, self.undefined, self.has_infinite)
    }

    /// The reverse of [`ImageMean::parts`].
    #[must_use]
    pub const fn from_parts((images, undefined, has_infinite): (Mean, u64, bool)) -> Self {
        Self { images, undefined, has_infinite }
    }
}

/// The mean of what is defined; none if a value is infinite.
pub fn mean_of(scores: impl Iterator<Item = Score>) -> Option<f64> {
    let mut mean = Mean::default();
    scores.for_each(|score| mean.push(score));
    mean.value().filter(|_| !mean.saturated())
}

/// Whether a score is no number to print, and counted.
#[must_use]
pub fn is_undefined(score: &Score) -> bool {
    match score {
        Score::Value(value) => !value.is_finite(),
        Score::Undefined => true,
        Score::Skipped => false,
    }
}
