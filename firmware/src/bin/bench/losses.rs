//! Every loss by its name in the desktop's catalogue, with the parameters that it has there unless others are set.

use segmeter_core::Result;
use segmeter_core::loss::{
    ActiveBoundary, ActiveContour, AsymmetricSimilarity, BalancedCrossEntropy, Bootstrapped, Boundary,
    BoundaryDou, BoundaryF1, CbDice, ClDice, Combo, CrossEntropy, Dice, DistancePenalised, Elastica,
    ExponentialLogarithmic, Focal, FocalTversky, GeneralisedCrossEntropy, GeneralisedDice,
    HausdorffConvolution, HausdorffDistance, HausdorffErosion, Jaccard, LabelSmoothed, LogCoshDice, LogDice,
    Loss, LovaszClasses, LovaszHinge, LovaszSoftmax, Mcc, NormalisedFocal, Ohem, PenaltyGeneralisedDice,
    Poly1, PowerJaccard, Recall, RecallCrossEntropy, ReducedFocal, SensitivitySpecificity, ShapeAware, Sides,
    SkeletonRecall, Smooth, SquaredDice, Tanimoto, TopK, Tversky, UnifiedFocal, WassersteinDice, Weighted,
};

/// Takes the losses one by one.
pub(crate) trait Visit {
    /// The next loss.
    fn loss(&mut self, name: &'static str, loss: &impl Loss) -> Result<()>;
}

pub(crate) fn every(visit: &mut impl Visit) -> Result<()> {
    distribution(visit)?;
    region(visit)?;
    place(visit)?;
    compound(visit)
}

fn distribution(visit: &mut impl Visit) -> Result<()> {
    visit.loss("cross_entropy", &CrossEntropy::MEAN)?;
    visit.loss("balanced_cross_entropy", &BalancedCrossEntropy)?;
    visit.loss("focal", &Focal::PAPER)?;
    visit.loss("reduced_focal", &ReducedFocal::new(2.0, 0.5)?)?;
    visit.loss("normalised_focal", &NormalisedFocal::new(2.0)?)?;
    visit.loss("top_k", &TopK::new(0.1)?)?;
    visit.loss("ohem", &Ohem::new(0.7, 16)?)?;
    visit.loss("label_smoothed", &LabelSmoothed::new(0.1)?)?;
    visit.loss("bootstrapped", &Bootstrapped::SOFT)?;
    visit.loss("recall_cross_entropy", &RecallCrossEntropy)?;
    visit.loss("poly1", &Poly1::new(1.0)?)?;
    visit.loss("generalised_cross_entropy", &GeneralisedCrossEntropy::PAPER)?;
    visit.loss("distance_penalised", &DistancePenalised)
}

fn region(visit: &mut impl Visit) -> Result<()> {
    visit.loss("dice", &Dice::new(Smooth::ONE))?;
    visit.loss("squared_dice", &SquaredDice::new(Smooth::ONE))?;
    visit.loss("log_cosh_dice", &LogCoshDice::new(Smooth::ONE))?;
    visit.loss("log_dice", &LogDice::new(Smooth::ONE))?;
    visit.loss("jaccard", &Jaccard::new(Smooth::ONE))?;
    visit.loss("power_jaccard", &PowerJaccard::new(2.0, Smooth::ONE)?)?;
    visit.loss("tanimoto", &Tanimoto::PAPER)?;
    visit.loss("tversky", &Tversky::FN_HEAVY)?;
    visit.loss("focal_tversky", &FocalTversky::PAPER)?;
    visit.loss("asymmetric_similarity", &AsymmetricSimilarity::new(1.5, Smooth::ONE)?)?;
    visit.loss("sensitivity_specificity", &SensitivitySpecificity::new(0.1, 1e-5)?)?;
    visit.loss("generalised_dice", &GeneralisedDice::PAPER)?;
    visit.loss("penalty_generalised_dice", &PenaltyGeneralisedDice::new(2.5, GeneralisedDice::PAPER)?)?;
    visit.loss("wasserstein_dice", &WassersteinDice::PAPER)?;
    visit.loss("mcc", &Mcc)?;
    visit.loss("recall", &Recall::new(Smooth::ONE))?;
    visit.loss("boundary_dou", &BoundaryDou::new(1e-5)?)?;
    visit.loss("lovasz_hinge", &LovaszHinge)?;
    visit.loss("lovasz_sigmoid", &LovaszSoftmax::new(LovaszClasses::All))?;
    visit.loss("lovasz_softmax", &LovaszSoftmax::PRESENT)
}

/// Losses that depend on where pixels are.
fn place(visit: &mut impl Visit) -> Result<()> {
    visit.loss("boundary", &Boundary::KERVADEC)?;
    visit.loss("hausdorff_distance", &HausdorffDistance::new(2.0, Sides::Both)?)?;
    visit.loss("hausdorff_erosion", &HausdorffErosion::PAPER)?;
    visit.loss("hausdorff_convolution", &HausdorffConvolution::PAPER)?;
    visit.loss("shape_aware", &ShapeAware)?;
    visit.loss("active_contour", &ActiveContour::PAPER)?;
    visit.loss("elastica", &Elastica::PAPER)?;
    visit.loss("boundary_f1", &BoundaryF1::PAPER)?;
    visit.loss("active_boundary", &ActiveBoundary::PUBLISHED)?;
    visit.loss("cldice", &ClDice::PAPER)?;
    visit.loss("cbdice", &CbDice::PAPER)?;
    visit.loss("skeleton_recall", &SkeletonRecall::PAPER)
}

fn compound(visit: &mut impl Visit) -> Result<()> {
    let dice = Dice::new(Smooth::ONE);
    visit.loss("combo", &Combo::new(0.5, 0.5, Smooth::ONE)?)?;
    visit.loss("exponential_logarithmic", &ExponentialLogarithmic::PAPER)?;
    visit.loss("unified_focal", &UnifiedFocal::PAPER)?;
    visit.loss("dice_cross_entropy", &Weighted::new(1.0, dice, 1.0, CrossEntropy::MEAN)?)?;
    visit.loss("dice_focal", &Weighted::new(1.0, dice, 1.0, Focal::PAPER)?)?;
    visit.loss("dice_top_k", &Weighted::new(1.0, dice, 1.0, TopK::new(0.1)?)?)?;
    visit.loss("dice_boundary", &Weighted::new(1.0, dice, 1.0, Boundary::KERVADEC)?)?;
    let hausdorff = HausdorffDistance::new(2.0, Sides::Both)?;
    visit.loss("dice_hausdorff", &Weighted::new(1.0, dice, 1.0, hausdorff)?)?;
    visit.loss("hybrid_focal", &Weighted::new(0.5, FocalTversky::PAPER, 0.5, Focal::PAPER)?)
}
