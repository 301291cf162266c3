//! Every loss once: name, type, and how it is made from values of its parameters. The text of an entry stands beside the
//! type, in the file of its family.
//!
//! A loss is added by its `Listed` in a family file and one line of `losses!` here; documentation, catalogue, command,
//! benches, device images and tests walk the list.

use super::boundary::{
    ActiveBoundary, ActiveContour, Boundary, BoundaryDou, BoundaryF1, DistancePenalised, Elastica,
    HausdorffConvolution, HausdorffDistance, HausdorffErosion, LogHausdorff, ShapeAware,
};
use super::compound::{
    Combo, DiceBoundary, DiceCrossEntropy, DiceFocal, DiceHausdorff, DiceTopK, ExponentialLogarithmic,
    HybridFocal, UnifiedFocal,
};
use super::distribution::{
    BalancedCrossEntropy, Bootstrapped, CrossEntropy, Focal, GeneralisedCrossEntropy, LabelSmoothed,
    NormalisedFocal, Ohem, Poly1, RecallCrossEntropy, ReducedFocal, TopK,
};
use super::entry::Entry;
pub use super::entry::Values;
use super::lovasz::{LovaszHinge, LovaszSoftmax};
use super::region::{
    AsymmetricSimilarity, Dice, FocalTversky, GeneralisedDice, Jaccard, LogCoshDice, LogDice, Mcc,
    NoiseRobustDice, PenaltyGeneralisedDice, PowerJaccard, Recall, SensitivitySpecificity, SquaredDice,
    Tanimoto, Tversky, WassersteinDice,
};
use super::topology::{CbDice, ClDice, SkeletonRecall};
use super::{Call, Evaluation, Execute, Loss, boundary, compound, distribution, lovasz, region, topology};
use crate::error::{Error, Result};
use crate::list::Value;
use crate::sketch::{GradientTable, SigmoidTable, Sketch};
use crate::view::{Frame, Shape};

/// Takes the losses of the list one by one: see [`visit`].
pub trait Visit {
    /// The next loss, with the defaults of its entry.
    ///
    /// # Errors
    /// Whatever ends the walk.
    fn loss(&mut self, entry: &'static Entry, loss: &impl Loss) -> Result<()>;
}

macro_rules! losses {
    // The dollar is for the macro that is made here.
    ($dollar:tt $($name:ident($loss:ty) = $family:ident::$listed:ident),* $(,)?) => {
        /// A loss that is chosen at run time.
        #[derive(Clone, Copy, Debug)]
        #[non_exhaustive]
        pub enum AnyLoss<'a> {
            $(
                #[doc = concat!("`", stringify!($loss), "`.")]
                $name($loss),
            )*
        }

        /// Every loss, family by family.
        pub static LOSSES: &[Entry] = &[$($family::$listed.entry),*];

        /// Shows every loss of the list, as its own type.
        ///
        /// # Errors
        /// The first of `visitor`.
        pub fn visit(visitor: &mut impl Visit) -> Result<()> {
            $(
                let entry = &$family::$listed.entry;
                visitor.loss(entry, &($family::$listed.make)(&Values::defaults(entry))?)?;
            )*
            Ok(())
        }

        /// The losses one by one, by the names of their variants: what makes one of them links no other.
        ///
        /// ```
        /// use segmeter_core::{list::Value, loss::{Loss, list::single}, view::{Frame, IGNORE, Labels, Shape}};
        /// let loss = single::Dice(&|name| (name == "smooth").then_some(Value::Number(1.0)))?;
        /// let frame = Frame::new(&[2.0, -1.0], Labels::new(Shape::new(1, 2)?, &[1, 0], IGNORE)?)?;
        /// assert_eq!(loss.value(&frame, &mut [])?.value, 0.12323066);
        /// # Ok::<(), segmeter_core::Error>(())
        /// ```
        #[allow(non_snake_case, reason = "a macro cannot make names")]
        pub mod single {
            use super::*;
            $(
                #[doc = concat!("`", stringify!($name), "`, made as by [`AnyLoss::new`].")]
                ///
                /// # Errors
                /// [`Error::Parameter`] names the parameter whose value is not in its range.
                pub fn $name<'a>(
                    given: &'a dyn Fn(&str) -> Option<Value<'a>>,
                ) -> Result<impl Loss + use<>> {
                    ($family::$listed.make)(&Values::new(entry::$name(), given))
                }
            )*

            /// Their entries in [`LOSSES`], by the same names.
            pub mod entry {
                use super::*;
                $(
                    #[doc = concat!("That of `", stringify!($name), "`.")]
                    #[must_use]
                    pub const fn $name() -> &'static Entry {
                        &$family::$listed.entry
                    }
                )*
            }
        }

        /// Calls a macro with the names of [`list::single`](crate::loss::list::single), in the order of
        /// [`LOSSES`](crate::loss::LOSSES): for who makes something of every loss.
        #[macro_export]
        macro_rules! for_each_loss {
            ($dollar call:ident) => {
                $dollar call! { $($name)* }
            };
        }

        impl AnyLoss<'static> {
            fn of(values: &Values<'_>) -> Result<Self> {
                $(
                    if values.entry().name == $family::$listed.entry.name {
                        return ($family::$listed.make)(values).map(Self::$name);
                    }
                )*
                Err(Error::Parameter("name"))
            }
        }

        impl AnyLoss<'_> {
            /// The name of the type behind it.
            #[must_use]
            pub const fn type_name(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => stringify!($loss),)*
                }
            }
        }

        impl Loss for AnyLoss<'_> {
            fn scratch_len(&self, shape: Shape) -> usize {
                match self {
                    $(Self::$name(loss) => loss.scratch_len(shape),)*
                }
            }

            fn check<const C: usize>(&self, frame: &Frame<'_, C>) -> Result<()> {
                match self {
                    $(Self::$name(loss) => loss.check(frame),)*
                }
            }

            fn run<X: Execute, const C: usize>(&self, call: Call<'_, X, C>) -> Result<Evaluation> {
                match self {
                    $(Self::$name(loss) => loss.run(call),)*
                }
            }

            fn run_classes<X: Execute, const C: usize>(
                &self,
                call: Call<'_, X, C>,
                values: &mut [Evaluation],
            ) -> Result<Evaluation> {
                match self {
                    $(Self::$name(loss) => loss.run_classes(call, values),)*
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
                }
            }
        }
    };
}

losses! {
    $
    CrossEntropy(CrossEntropy) = distribution::CROSS_ENTROPY,
    BalancedCrossEntropy(BalancedCrossEntropy) = distribution::BALANCED_CROSS_ENTROPY,
    Focal(Focal) = distribution::FOCAL,
    ReducedFocal(ReducedFocal) = distribution::REDUCED_FOCAL,
    NormalisedFocal(NormalisedFocal) = distribution::NORMALISED_FOCAL,
    TopK(TopK) = distribution::TOP_K,
    Ohem(Ohem) = distribution::OHEM,
    LabelSmoothed(LabelSmoothed) = distribution::LABEL_SMOOTHED,
    Bootstrapped(Bootstrapped) = distribution::BOOTSTRAPPED,
    RecallCrossEntropy(RecallCrossEntropy) = distribution::RECALL_CROSS_ENTROPY,
    Poly1(Poly1) = distribution::POLY1,
    GeneralisedCrossEntropy(GeneralisedCrossEntropy) = distribution::GENERALISED_CROSS_ENTROPY,
    Dice(Dice) = region::DICE,
    SquaredDice(SquaredDice) = region::SQUARED_DICE,
    LogCoshDice(LogCoshDice) = region::LOG_COSH_DICE,
    LogDice(LogDice) = region::LOG_DICE,
    Jaccard(Jaccard) = region::JACCARD,
    PowerJaccard(PowerJaccard) = region::POWER_JACCARD,
    Tanimoto(Tanimoto) = region::TANIMOTO,
    Tversky(Tversky) = region::TVERSKY,
    FocalTversky(FocalTversky) = region::FOCAL_TVERSKY,
    AsymmetricSimilarity(AsymmetricSimilarity) = region::ASYMMETRIC_SIMILARITY,
    SensitivitySpecificity(SensitivitySpecificity) = region::SENSITIVITY_SPECIFICITY,
    GeneralisedDice(GeneralisedDice) = region::GENERALISED_DICE,
    PenaltyGeneralisedDice(PenaltyGeneralisedDice) = region::PENALTY_GENERALISED_DICE,
    WassersteinDice(WassersteinDice<'a>) = region::WASSERSTEIN_DICE,
    NoiseRobustDice(NoiseRobustDice) = region::NOISE_ROBUST_DICE,
    Mcc(Mcc) = region::MCC,
    Recall(Recall) = region::RECALL,
    LovaszHinge(LovaszHinge) = lovasz::LOVASZ_HINGE,
    LovaszSigmoid(LovaszSoftmax) = lovasz::LOVASZ_SIGMOID,
    LovaszSoftmax(LovaszSoftmax) = lovasz::LOVASZ_SOFTMAX,
    DistancePenalised(DistancePenalised) = boundary::DISTANCE_PENALISED,
    BoundaryDou(BoundaryDou) = boundary::BOUNDARY_DOU,
    Boundary(Boundary) = boundary::BOUNDARY,
    HausdorffDistance(HausdorffDistance) = boundary::HAUSDORFF_DISTANCE,
    LogHausdorff(LogHausdorff) = boundary::LOG_HAUSDORFF,
    HausdorffErosion(HausdorffErosion) = boundary::HAUSDORFF_EROSION,
    HausdorffConvolution(HausdorffConvolution) = boundary::HAUSDORFF_CONVOLUTION,
    ShapeAware(ShapeAware) = boundary::SHAPE_AWARE,
    ActiveContour(ActiveContour) = boundary::ACTIVE_CONTOUR,
    Elastica(Elastica) = boundary::ELASTICA,
    BoundaryF1(BoundaryF1) = boundary::BOUNDARY_F1,
    ActiveBoundary(ActiveBoundary) = boundary::ACTIVE_BOUNDARY,
    ClDice(ClDice) = topology::CLDICE,
    CbDice(CbDice) = topology::CBDICE,
    SkeletonRecall(SkeletonRecall) = topology::SKELETON_RECALL,
    Combo(Combo) = compound::COMBO,
    ExponentialLogarithmic(ExponentialLogarithmic) = compound::EXPONENTIAL_LOGARITHMIC,
    UnifiedFocal(UnifiedFocal) = compound::UNIFIED_FOCAL,
    DiceCrossEntropy(DiceCrossEntropy) = compound::DICE_CROSS_ENTROPY,
    DiceFocal(DiceFocal) = compound::DICE_FOCAL,
    DiceTopK(DiceTopK) = compound::DICE_TOP_K,
    HybridFocal(HybridFocal) = compound::HYBRID_FOCAL,
    DiceBoundary(DiceBoundary) = compound::DICE_BOUNDARY,
    DiceHausdorff(DiceHausdorff) = compound::DICE_HAUSDORFF,
}

/// The loss that is called so, by its name or another of its names.
#[must_use]
pub fn named(name: &str) -> Option<&'static Entry> {
    LOSSES.iter().find(|entry| entry.is_called(name))
}

impl AnyLoss<'static> {
    /// The loss of this name, made from the values that `given` has for its parameters; the rest are defaults.
    ///
    /// ```
    /// use segmeter_core::{list::Value, loss::{AnyLoss, Loss}, view::{Frame, IGNORE, Labels, Shape}};
    /// let weights = |name: &str| (name == "fn_weight").then_some(Value::Number(0.8));
    /// let loss = AnyLoss::new("tversky", &weights)?;
    /// let labels = Labels::new(Shape::new(1, 3)?, &[1, 0, 1], IGNORE)?;
    /// let frame = Frame::new(&[2.0, -1.0, -3.0], labels)?;
    /// assert_eq!(loss.value(&frame, &mut [])?.value, 0.3272844);
    /// # Ok::<(), segmeter_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Parameter`] names the parameter whose value is not in its range; `name` if there is no such loss.
    pub fn new<'a>(name: &str, given: &'a dyn Fn(&str) -> Option<Value<'a>>) -> Result<Self> {
        let entry = named(name).ok_or(Error::Parameter("name"))?;
        Self::of(&Values::new(entry, given))
    }

    /// The same loss with distances between classes, row by row, if it is one that takes them.
    ///
    /// # Errors
    /// As [`WassersteinDice::with_distances`]; [`Error::Parameter`] of any other loss.
    pub fn with_distances<'b>(self, classes: usize, distances: &'b [f32]) -> Result<AnyLoss<'b>> {
        match self {
            Self::WassersteinDice(loss) => {
                loss.with_distances(classes, distances).map(AnyLoss::WassersteinDice)
            }
            _ => Err(Error::Parameter("distances")),
        }
    }
}
