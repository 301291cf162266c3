//! What is known of an image.

use segmeter::core::metric::{ClassReport, Score};

use super::overlap::Named;
use super::segment::Segments;
use super::softmax;

/// What is known of an image, or of all of them.
pub(super) struct Scores {
    pub(super) name: String,
    pub(super) pixels: u64,
    pub(super) ignored: u64,
    pub(super) classes: Vec<ClassReport>,
    /// Over all classes.
    pub(super) overall: Vec<Named>,
    /// Metrics of shape of every class, none of those that are not measured; of all images, the means.
    pub(super) shapes: Vec<Vec<Score>>,
    /// The segments of every class.
    pub(super) segments: Vec<Segments>,
    /// Of probabilities of several classes.
    pub(super) softmax: softmax::Sums,
    /// Of the road.
    pub(super) road: Vec<Score>,
}
