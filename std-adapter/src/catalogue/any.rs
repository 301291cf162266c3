//! A loss chosen at run time.

use segmeter_core::loss::{
    ActiveBoundary, ActiveContour, AsymmetricSimilarity, BalancedCrossEntropy, Bootstrapped, Boundary,
    BoundaryDou, BoundaryF1, CbDice, ClDice, Combo, CrossEntropy, Dice, DistancePenalised, Elastica,
    Evaluation, Execute, ExponentialLogarithmic, Focal, FocalTversky, GeneralisedCrossEntropy,
    GeneralisedDice, HausdorffConvolution, HausdorffDistance, HausdorffErosion, Jaccard, LabelSmoothed,
    LogCoshDice, LogDice, Loss, LovaszHinge, LovaszSoftmax, Mcc, NormalisedFocal, Ohem,
    PenaltyGeneralisedDice, Poly1, PowerJaccard, Recall, RecallCrossEntropy, ReducedFocal,
    SensitivitySpecificity, ShapeAware, SkeletonRecall, SquaredDice, Tanimoto, TopK, Tversky, UnifiedFocal,
    WassersteinDice, Weighted,
};
use segmeter_core::sketch::{GradientTable, SigmoidTable, Sketch};
use segmeter_core::view::{Frame, Shape};
use segmeter_core::{Error, Result};

/// The Wasserstein Dice loss with a matrix of its own.
#[derive(Clone, Debug)]
pub struct OwnedWasserstein {
    pub(super) loss: WassersteinDice<'static>,
    pub(super) classes: usize,
    pub(super) distances: Vec<f32>,
}

impl Loss for OwnedWasserstein {
    fn check<const C: usize>(&self, frame: &Frame<'_, C>) -> Result<()> {
        if C != 2 && !self.distances.is_empty() && self.classes != frame.classes() {
            return Err(Error::Unsupported("the matrix of distances is for another number of classes"));
        }
        self.loss.check(frame)
    }

    fn accumulate<X: Execute, const C: usize>(
        &self,
        executor: &X,
        frame: &Frame<'_, C>,
        weight: f32,
        scratch: &mut [u32],
        gradient: Option<&mut [f32]>,
    ) -> Result<Evaluation> {
        if self.distances.is_empty() || C == 2 {
            return self.loss.accumulate(executor, frame, weight, scratch, gradient);
        }
        self.check(frame)?;
        let loss = self.loss.with_distances(self.classes, &self.distances)?;
        loss.accumulate(executor, frame, weight, scratch, gradient)
    }

    fn accumulate_sketch(
        &self,
        sketch: &Sketch,
        table: &SigmoidTable,
        weight: f32,
        gradient: Option<&mut GradientTable>,
    ) -> Result<Evaluation> {
        self.loss.accumulate_sketch(sketch, table, weight, gradient)
    }
}

macro_rules! any_loss {
    ($($name:ident($loss:ty)),* $(,)?) => {
        /// A loss chosen at run time.
        #[derive(Debug)]
        #[non_exhaustive]
        pub enum AnyLoss {
            $(
                #[doc = concat!("`", stringify!($loss), "`.")]
                $name($loss),
            )*
            /// A weighted sum.
            Sum(Box<Weighted<AnyLoss, AnyLoss>>),
        }

        impl AnyLoss {
            /// The name of the type behind it.
            #[must_use]
            pub const fn type_name(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => stringify!($name),)*
                    Self::Sum(_) => "Weighted",
                }
            }
        }

        impl Loss for AnyLoss {
            fn scratch_len(&self, shape: Shape) -> usize {
                match self {
                    $(Self::$name(loss) => loss.scratch_len(shape),)*
                    Self::Sum(loss) => loss.scratch_len(shape),
                }
            }

            fn check<const C: usize>(&self, frame: &Frame<'_, C>) -> Result<()> {
                match self {
                    $(Self::$name(loss) => loss.check(frame),)*
                    Self::Sum(loss) => loss.check(frame),
                }
            }

            fn accumulate<X: Execute, const C: usize>(
                &self,
                executor: &X,
                frame: &Frame<'_, C>,
                weight: f32,
                scratch: &mut [u32],
                gradient: Option<&mut [f32]>,
            ) -> Result<Evaluation> {
                match self {
                    $(Self::$name(loss) => loss.accumulate(executor, frame, weight, scratch, gradient),)*
                    Self::Sum(loss) => loss.accumulate(executor, frame, weight, scratch, gradient),
                }
            }

            fn accumulate_sketch(
                &self,
                sketch: &Sketch,
                table: &SigmoidTable,
                weight: f32,
                gradient: Option<&mut GradientTable>,
            ) -> Result<Evaluation> {
                match self {
                    $(Self::$name(loss) => loss.accumulate_sketch(sketch, table, weight, gradient),)*
                    Self::Sum(loss) => loss.accumulate_sketch(sketch, table, weight, gradient),
                }
            }
        }
    };
}

any_loss! {
    CrossEntropy(CrossEntropy),
    BalancedCrossEntropy(BalancedCrossEntropy),
    Focal(Focal),
    ReducedFocal(ReducedFocal),
    NormalisedFocal(NormalisedFocal),
    TopK(TopK),
    Ohem(Ohem),
    LabelSmoothed(LabelSmoothed),
    Bootstrapped(Bootstrapped),
    RecallCrossEntropy(RecallCrossEntropy),
    Poly1(Poly1),
    GeneralisedCrossEntropy(GeneralisedCrossEntropy),
    Dice(Dice),
    SquaredDice(SquaredDice),
    LogCoshDice(LogCoshDice),
    LogDice(LogDice),
    Jaccard(Jaccard),
    PowerJaccard(PowerJaccard),
    Tanimoto(Tanimoto),
    Tversky(Tversky),
    FocalTversky(FocalTversky),
    AsymmetricSimilarity(AsymmetricSimilarity),
    SensitivitySpecificity(SensitivitySpecificity),
    GeneralisedDice(GeneralisedDice),
    PenaltyGeneralisedDice(PenaltyGeneralisedDice),
    WassersteinDice(OwnedWasserstein),
    Mcc(Mcc),
    Recall(Recall),
    LovaszHinge(LovaszHinge),
    LovaszSoftmax(LovaszSoftmax),
    DistancePenalised(DistancePenalised),
    BoundaryDou(BoundaryDou),
    Boundary(Boundary),
    HausdorffDistance(HausdorffDistance),
    HausdorffErosion(HausdorffErosion),
    HausdorffConvolution(HausdorffConvolution),
    ShapeAware(ShapeAware),
    ActiveContour(ActiveContour),
    Elastica(Elastica),
    BoundaryF1(BoundaryF1),
    ActiveBoundary(ActiveBoundary),
    ClDice(ClDice),
    CbDice(CbDice),
    SkeletonRecall(SkeletonRecall),
    Combo(Combo),
    ExponentialLogarithmic(ExponentialLogarithmic),
    UnifiedFocal(UnifiedFocal),
}
