//! A loss chosen at run time.

use segmeter_core::loss::{self, Call, Evaluation, Execute, Loss, Weighted};
use segmeter_core::sketch::{GradientTable, SigmoidTable, Sketch};
use segmeter_core::view::{Frame, Quantiser, Shape};
use segmeter_core::{Error, Result};

use super::{LossError, Setting, Settings, loss as named, setting};

/// A loss chosen at run time.
#[derive(Debug)]
#[non_exhaustive]
pub enum ChosenLoss {
    /// One of the list.
    Listed(loss::AnyLoss<'static>),
    /// One of the list with a matrix of distances between classes.
    WithDistances {
        /// The loss.
        loss: loss::AnyLoss<'static>,
        /// The classes that the distances are between.
        classes: usize,
        /// Theirs, row by row.
        distances: Vec<f32>,
    },
    /// A weighted sum.
    Sum(Box<Weighted<ChosenLoss, ChosenLoss>>),
}

impl ChosenLoss {
    /// The loss of this name with these settings; what is not set has its default.
    ///
    /// # Errors
    /// What was found and what was expected.
    pub fn new(name: &str, settings: &Settings) -> std::result::Result<Self, LossError> {
        let entry = named(name).ok_or_else(|| LossError::Name(name.to_owned()))?;
        if let Some(found) = settings.keys().find(|key| entry.parameter(key).is_none()) {
            return Err(LossError::Parameter { loss: entry, found: found.clone() });
        }
        let made = loss::AnyLoss::new(entry.name, &|name| settings.get(name).map(Setting::value));
        made.and_then(|loss| Self::listed(loss, settings.get("distances"))).map_err(|error| match error {
            Error::Parameter(name) => {
                LossError::Value { loss: entry, name, found: setting(entry, settings, name) }
            }
            other => LossError::Core(other),
        })
    }

    fn listed(loss: loss::AnyLoss<'static>, distances: Option<&Setting>) -> Result<Self> {
        let Some(distances) = distances else { return Ok(Self::Listed(loss)) };
        let wrong = Error::Parameter("distances");
        let Setting::Numbers(distances) = distances else { return Err(wrong) };
        let distances: Vec<f32> = distances.iter().map(|number| *number as f32).collect();
        let classes = distances.len().isqrt();
        loss.with_distances(classes, &distances).map_err(|_| wrong)?;
        Ok(Self::WithDistances { loss, classes, distances })
    }

    /// A loss of the list with the distances that there are for such a frame.
    fn with_own_distances<'a, const C: usize>(
        &'a self,
        loss: &loss::AnyLoss<'static>,
        frame: &Frame<'_, C>,
    ) -> Result<loss::AnyLoss<'a>> {
        match self {
            // Of two classes there is one distance, which is 1.
            Self::WithDistances { classes, distances, .. } if !Frame::<C>::BINARY => {
                self.check(frame)?;
                loss.with_distances(*classes, distances)
            }
            _ => Ok(*loss),
        }
    }

    /// Whether it is a weighted sum of two losses, one of the list included.
    #[must_use]
    pub const fn is_sum(&self) -> bool {
        use loss::AnyLoss as Any;
        match self {
            Self::Sum(_) => true,
            Self::Listed(loss) | Self::WithDistances { loss, .. } => matches!(
                loss,
                Any::DiceCrossEntropy(_)
                    | Any::DiceFocal(_)
                    | Any::DiceTopK(_)
                    | Any::HybridFocal(_)
                    | Any::DiceBoundary(_)
                    | Any::DiceHausdorff(_)
            ),
        }
    }

    /// Whether it needs an image, and not only how many pixels there are of each kind.
    #[must_use]
    pub fn looks_at_places(&self) -> bool {
        let empty = Sketch::new(&Quantiser::probabilities());
        let found = self.sketch_value(&empty, &SigmoidTable::zeros());
        matches!(found, Err(Error::Unsupported(_)))
    }

    /// The name of the type behind it.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Listed(loss) | Self::WithDistances { loss, .. } => loss.type_name(),
            Self::Sum(_) => "Weighted",
        }
    }
}

impl Loss for ChosenLoss {
    fn scratch_len(&self, shape: Shape) -> usize {
        match self {
            Self::Listed(loss) | Self::WithDistances { loss, .. } => loss.scratch_len(shape),
            Self::Sum(loss) => loss.scratch_len(shape),
        }
    }

    fn check<const C: usize>(&self, frame: &Frame<'_, C>) -> Result<()> {
        match self {
            Self::WithDistances { classes, .. } if !Frame::<C>::BINARY && *classes != frame.classes() => {
                Err(Error::Unsupported("the matrix of distances is for another number of classes"))
            }
            Self::Listed(loss) | Self::WithDistances { loss, .. } => loss.check(frame),
            Self::Sum(loss) => loss.check(frame),
        }
    }

    fn run<X: Execute, const C: usize>(&self, call: Call<'_, X, C>) -> Result<Evaluation> {
        match self {
            Self::Sum(sum) => sum.run(call),
            Self::Listed(loss) | Self::WithDistances { loss, .. } => {
                self.with_own_distances(loss, &call.frame)?.run(call)
            }
        }
    }

    fn run_classes<X: Execute, const C: usize>(
        &self,
        call: Call<'_, X, C>,
        values: &mut [Evaluation],
    ) -> Result<Evaluation> {
        match self {
            Self::Sum(sum) => sum.run_classes(call, values),
            Self::Listed(loss) | Self::WithDistances { loss, .. } => {
                self.with_own_distances(loss, &call.frame)?.run_classes(call, values)
            }
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
            Self::Listed(loss) | Self::WithDistances { loss, .. } => {
                loss.accumulate_sketch(sketch, table, weight, gradient)
            }
            Self::Sum(loss) => loss.accumulate_sketch(sketch, table, weight, gradient),
        }
    }
}
