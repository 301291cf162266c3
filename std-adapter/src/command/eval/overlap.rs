//! Overlap and agreement: what is read from counts.

use segmeter::core::metric::{
    Averaging, ClassMetric, ClassReport, ConfusionView, Disagreement, Mean, Preset, Score, Volume,
};
use segmeter::means::mean_of;

use super::choice::{Categories, Choice};
use super::matrix::Matrix;

/// A metric and its value.
pub(super) type Named = (&'static str, Option<f64>);

/// The metrics of all classes together.
pub(super) fn of_matrix(choice: &Choice, matrix: &Matrix, classes: &[ClassReport]) -> [Named; 10] {
    let mut mean_iou = Mean::default();
    let iou = |(id, class): (usize, &ClassReport)| choice.score("iou", ClassMetric::Iou, id, *class);
    classes.iter().enumerate().for_each(|class| mean_iou.push(iou(class)));
    let confusion = matrix.view();
    // What is wrong by how much is known of classes only.
    let weighted = |w| (!matrix.has_foreign()).then(|| confusion.weighted_kappa(w)).flatten();
    [
        ("mean_iou", mean_iou.value()),
        ("frequency_weighted_iou", confusion.frequency_weighted_iou()),
        ("pixel_accuracy", confusion.pixel_accuracy().value()),
        ("mean_accuracy", confusion.mean_accuracy()),
        ("mcc", confusion.mcc()),
        ("kappa", confusion.kappa()),
        ("weighted_kappa", weighted(Disagreement::Linear)),
        ("weighted_kappa_quadratic", weighted(Disagreement::Quadratic)),
        ("generalised_dice", confusion.generalised_dice(Volume::Square, 0)),
        ("category_iou", mean_of(categories(choice, &confusion).into_iter().map(Score::from))),
    ]
}

/// The IoU of every category.
pub(super) fn categories(choice: &Choice, confusion: &ConfusionView<'_>) -> Vec<Option<f64>> {
    let iou = |categories: &Categories| {
        let of = |(category, _)| confusion.category_iou(&categories.of_class, category).value();
        (0_u8..).zip(&categories.names).map(of).collect()
    };
    choice.categories.as_ref().filter(|_| choice.wants("category_iou")).map(iou).unwrap_or_default()
}

/// A metric of a class in every averaging.
pub(super) struct Averages {
    pub(super) name: &'static str,
    /// The mean over the classes of the counts of all images.
    pub(super) pooled: Option<f64>,
    /// In every image the mean over its classes, then the mean over the images.
    pub(super) per_image: Option<f64>,
    /// For every class the mean over the images, then the mean over the classes.
    pub(super) per_class: Option<f64>,
    /// The mean over all pairs of image and class.
    pub(super) per_pair: Option<f64>,
    /// Pairs of image and class in which the metric is not defined.
    pub(super) undefined: u64,
    /// What the library of the preset calls the mean, if it has one.
    pub(super) preset: Option<Preset>,
}

impl Averages {
    /// The mean that the library of the preset means.
    pub(super) fn of_preset(&self) -> Option<Option<f64>> {
        Some(match self.preset?.averaging() {
            Averaging::Pooled => self.pooled,
            Averaging::PerImage => self.per_image,
            Averaging::PerClass => self.per_class,
            Averaging::PerPair => self.per_pair,
        })
    }
}
