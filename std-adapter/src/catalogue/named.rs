//! From a name to a loss.

use segmeter_core::loss::{
    ActiveBoundary, ActiveContour, AsymmetricSimilarity, Averaging, BalancedCrossEntropy, Bootstrapped,
    Boundary, BoundaryDou, BoundaryF1, CbDice, ClDice, ClassWeighting, Combo, Convention, CrossEntropy, Dice,
    DistancePenalised, Elastica, Empty, ExponentialLogarithmic, Focal, FocalTversky, GeneralisedCrossEntropy,
    GeneralisedDice, HausdorffConvolution, HausdorffDistance, HausdorffErosion, Jaccard, LabelSmoothed,
    LogCoshDice, LogDice, LovaszClasses, LovaszHinge, LovaszSoftmax, Mcc, Normalise, NormalisedFocal, Ohem,
    PenaltyGeneralisedDice, Poly1, PowerJaccard, Recall, RecallCrossEntropy, ReducedFocal,
    SensitivitySpecificity, ShapeAware, Sides, SkeletonRecall, Smooth, SquaredDice, Tanimoto, TopK, Tversky,
    UnifiedFocal, WassersteinDice, WassersteinMode, Weighted,
};
use segmeter_core::{Error, Result};

use super::any::OwnedWasserstein;
use super::{AnyLoss, Entry, Setting, Settings, loss};

/// What the parameters of an entry are: as set, or their defaults.
struct Values<'a> {
    entry: &'a Entry,
    settings: &'a Settings,
}

impl Values<'_> {
    fn setting(&self, name: &str) -> Option<Setting> {
        self.entry.setting(self.settings, name)
    }

    fn number(&self, name: &'static str) -> Result<f64> {
        match self.setting(name) {
            Some(Setting::Number(number)) => Ok(number),
            _ => Err(Error::Parameter(name)),
        }
    }

    fn float(&self, name: &'static str) -> Result<f32> {
        Ok(self.number(name)? as f32)
    }

    fn whole(&self, name: &'static str) -> Result<u32> {
        let number = self.number(name)?;
        if (0.0..4_294_967_296.0).contains(&number) && number.fract() == 0.0 {
            Ok(number as u32)
        } else {
            Err(Error::Parameter(name))
        }
    }

    fn flag(&self, name: &'static str) -> Result<bool> {
        match self.setting(name) {
            Some(Setting::Flag(flag)) => Ok(flag),
            _ => Err(Error::Parameter(name)),
        }
    }

    /// The choice that the word of a parameter stands for.
    fn choice<T: Copy>(&self, name: &'static str, choices: &[(&str, T)]) -> Result<T> {
        let Some(Setting::Word(word)) = self.setting(name) else { return Err(Error::Parameter(name)) };
        let found = choices.iter().find(|(text, _)| *text == word);
        found.map(|(_, choice)| *choice).ok_or(Error::Parameter(name))
    }

    /// A number of at least `least` that an `f32` can hold.
    fn at_least(&self, name: &'static str, least: f32) -> Result<f32> {
        let number = self.float(name)?;
        if number >= least && number <= f32::MAX { Ok(number) } else { Err(Error::Parameter(name)) }
    }

    /// A weight of a part of a sum.
    fn weight(&self, name: &'static str) -> Result<f32> {
        self.at_least(name, f32::MIN)
    }

    fn smooth(&self) -> Result<Smooth> {
        // What the others are taken from comes first: it is what was set.
        self.at_least("smooth", 0.0)?;
        let denominator = self.at_least("denominator_smooth", 0.0)?;
        Smooth::new(self.float("numerator_smooth")?, denominator)
    }

    fn normalise(&self) -> Result<Normalise> {
        self.choice("normalise", &[("weights", Normalise::Weights), ("count", Normalise::Count)])
    }

    fn background(&self) -> Result<Option<bool>> {
        match self.setting("background") {
            None => Ok(None),
            Some(Setting::Flag(flag)) => Ok(Some(flag)),
            Some(_) => Err(Error::Parameter("background")),
        }
    }

    fn averaging(&self) -> Result<Averaging> {
        let mut averaging = Averaging::DEFAULT.with_empty(self.choice(
            "empty",
            &[
                ("smooth", Empty::Smooth),
                ("zero_if_both_empty", Empty::ZeroIfBothEmpty),
                ("skip_class", Empty::SkipClass),
                ("mean_probability", Empty::MeanProbability),
            ],
        )?);
        if let Some(background) = self.background()? {
            averaging = averaging.with_background(background);
        }
        if self.choice("average", &[("macro", false), ("micro", true)])? {
            averaging = averaging.micro();
        }
        let overlap = self.settings.contains_key("overlap") || self.setting("overlap").is_some();
        if overlap && self.choice("overlap", &[("product", false), ("minimum", true)])? {
            averaging = averaging.with_minimum_overlap();
        }
        Ok(averaging)
    }

    fn tversky(&self) -> Result<Tversky> {
        let tversky = Tversky::new(self.float("fp_weight")?, self.float("fn_weight")?, self.smooth()?)?;
        Ok(tversky.with(self.averaging()?))
    }

    fn generalised(&self) -> Result<GeneralisedDice> {
        let weighting = self.choice(
            "weighting",
            &[
                ("square", ClassWeighting::Square),
                ("simple", ClassWeighting::Simple),
                ("uniform", ClassWeighting::Uniform),
            ],
        )?;
        Ok(GeneralisedDice::new(weighting, self.smooth()?))
    }

    fn wasserstein(&self) -> Result<OwnedWasserstein> {
        let mode = self.choice(
            "mode",
            &[("default", WassersteinMode::Default), ("gdl", WassersteinMode::Generalised)],
        )?;
        let background = self.whole("background_class")?;
        let background = u8::try_from(background).map_err(|_| Error::Parameter("background_class"))?;
        let distances: Vec<f32> = match self.setting("distances") {
            Some(Setting::Numbers(numbers)) => numbers.iter().map(|number| *number as f32).collect(),
            None => Vec::new(),
            Some(_) => return Err(Error::Parameter("distances")),
        };
        let classes = distances.len().isqrt();
        let loss = WassersteinDice::new(mode, self.float("smooth")?)?.with_background(background);
        loss.with_distances(classes, &distances).map_err(|_| Error::Parameter("distances"))?;
        Ok(OwnedWasserstein { loss, classes, distances })
    }

    fn convolution(&self) -> Result<HausdorffConvolution> {
        let [step, scales] = [self.whole("step")?, self.whole("scales")?];
        HausdorffConvolution::new(self.float("exponent")?, step, scales).map_err(|error| match error {
            // Too large a radius: by the scales, unless those are the default.
            Error::Parameter("scales") if !self.settings.contains_key("scales") => Error::Parameter("step"),
            other => other,
        })
    }

    fn exponential(&self) -> Result<ExponentialLogarithmic> {
        let loss = ExponentialLogarithmic::new(
            self.weight("dice_weight")?,
            self.weight("cross_entropy_weight")?,
            self.number("dice_exponent")?,
            self.number("cross_entropy_exponent")?,
            self.float("smooth")?,
        )?;
        Ok(loss.with(Averaging::DEFAULT.with_background(self.flag("background")?)))
    }

    /// Two losses with these weights and the parameters that they share with the entry.
    fn pair(&self, [first, second]: [(&'static str, f32); 2]) -> Result<AnyLoss> {
        let part = |(name, _): (&'static str, f32)| {
            let entry = loss(name).ok_or(Error::Parameter(name))?;
            Values { entry, settings: self.settings }.loss()
        };
        let sum = Weighted::new(first.1, part(first)?, second.1, part(second)?)?;
        Ok(AnyLoss::Sum(Box::new(sum)))
    }

    fn with_dice(&self, other: &'static str) -> Result<AnyLoss> {
        self.pair([("dice", self.weight("dice_weight")?), (other, self.weight("other_weight")?)])
    }

    /// The only place where a name becomes a type.
    fn loss(&self) -> Result<AnyLoss> {
        let float = |name| self.float(name);
        Ok(match self.entry.name {
            "cross_entropy" => AnyLoss::CrossEntropy(CrossEntropy::new(self.normalise()?)),
            "balanced_cross_entropy" => AnyLoss::BalancedCrossEntropy(BalancedCrossEntropy),
            "focal" => AnyLoss::Focal(Focal::new(
                float("focusing")?,
                float("foreground_weight")?,
                float("background_weight")?,
            )?),
            "reduced_focal" => {
                AnyLoss::ReducedFocal(ReducedFocal::new(float("focusing")?, float("threshold")?)?)
            }
            "normalised_focal" => AnyLoss::NormalisedFocal(NormalisedFocal::new(float("focusing")?)?),
            "top_k" => AnyLoss::TopK(TopK::new(float("fraction")?)?),
            "ohem" => AnyLoss::Ohem(Ohem::new(float("threshold")?, self.whole("min_kept")?)?),
            "label_smoothed" => AnyLoss::LabelSmoothed(LabelSmoothed::new(float("smoothing")?)?),
            "bootstrapped" => {
                AnyLoss::Bootstrapped(Bootstrapped::new(float("label_share")?, self.flag("hard")?)?)
            }
            "recall_cross_entropy" => AnyLoss::RecallCrossEntropy(RecallCrossEntropy),
            "poly1" => AnyLoss::Poly1(Poly1::new(float("epsilon")?)?),
            "generalised_cross_entropy" => {
                AnyLoss::GeneralisedCrossEntropy(GeneralisedCrossEntropy::new(float("exponent")?)?)
            }
            "dice" => AnyLoss::Dice(Dice::new(self.smooth()?).with(self.averaging()?)),
            "squared_dice" => AnyLoss::SquaredDice(SquaredDice::new(self.smooth()?).with(self.averaging()?)),
            "log_cosh_dice" => AnyLoss::LogCoshDice(LogCoshDice::new(self.smooth()?).with(self.averaging()?)),
            "log_dice" => AnyLoss::LogDice(LogDice::new(self.smooth()?).with(self.averaging()?)),
            "jaccard" => AnyLoss::Jaccard(Jaccard::new(self.smooth()?).with(self.averaging()?)),
            "power_jaccard" => AnyLoss::PowerJaccard(
                PowerJaccard::new(float("exponent")?, self.smooth()?)?.with(self.averaging()?),
            ),
            "tanimoto" => AnyLoss::Tanimoto(Tanimoto::new(float("smooth")?)?),
            "tversky" => AnyLoss::Tversky(self.tversky()?),
            "focal_tversky" => AnyLoss::FocalTversky(FocalTversky::new(self.tversky()?, float("exponent")?)?),
            "asymmetric_similarity" => AnyLoss::AsymmetricSimilarity(
                AsymmetricSimilarity::new(float("beta")?, self.smooth()?)?.with(self.averaging()?),
            ),
            "sensitivity_specificity" => AnyLoss::SensitivitySpecificity(SensitivitySpecificity::new(
                float("sensitivity_weight")?,
                float("denominator_smooth")?,
            )?),
            "generalised_dice" => AnyLoss::GeneralisedDice(self.generalised()?),
            "penalty_generalised_dice" => AnyLoss::PenaltyGeneralisedDice(PenaltyGeneralisedDice::new(
                float("penalty")?,
                self.generalised()?,
            )?),
            "wasserstein_dice" => AnyLoss::WassersteinDice(self.wasserstein()?),
            "mcc" => AnyLoss::Mcc(Mcc),
            "recall" => AnyLoss::Recall(Recall::new(self.smooth()?).with(self.averaging()?)),
            "lovasz_hinge" => AnyLoss::LovaszHinge(LovaszHinge),
            "lovasz_sigmoid" | "lovasz_softmax" => AnyLoss::LovaszSoftmax(LovaszSoftmax::new(
                self.choice("classes", &[("present", LovaszClasses::Present), ("all", LovaszClasses::All)])?,
            )),
            "distance_penalised" => AnyLoss::DistancePenalised(DistancePenalised),
            "boundary_dou" => AnyLoss::BoundaryDou(BoundaryDou::new(float("smooth")?)?),
            "boundary" => AnyLoss::Boundary(Boundary::new(self.choice(
                "convention",
                &[("kervadec", Convention::Kervadec), ("plain", Convention::Plain)],
            )?)),
            "hausdorff_distance" => AnyLoss::HausdorffDistance(HausdorffDistance::new(
                float("exponent")?,
                self.choice(
                    "sides",
                    &[("both", Sides::Both), ("label", Sides::Label), ("prediction", Sides::Prediction)],
                )?,
            )?),
            "hausdorff_erosion" => {
                AnyLoss::HausdorffErosion(HausdorffErosion::new(float("exponent")?, self.whole("erosions")?)?)
            }
            "hausdorff_convolution" => AnyLoss::HausdorffConvolution(self.convolution()?),
            "shape_aware" => AnyLoss::ShapeAware(ShapeAware),
            "active_contour" => AnyLoss::ActiveContour(ActiveContour::new(
                float("length_weight")?,
                float("region_weight")?,
                float("epsilon")?,
                self.flag("mean")?,
            )?),
            "elastica" => {
                let [length, curvature] = [self.at_least("length", 0.0)?, self.at_least("curvature", 0.0)?];
                AnyLoss::Elastica(Elastica::new(length, curvature, 1.0, 1e-8)?)
            }
            "boundary_f1" => AnyLoss::BoundaryF1(BoundaryF1::new(
                self.whole("theta0")?,
                self.whole("theta")?,
                float("smooth")?,
            )?),
            "active_boundary" => AnyLoss::ActiveBoundary(ActiveBoundary::new(
                float("share")?,
                float("smoothing")?,
                float("reach")?,
            )?),
            "cldice" => AnyLoss::ClDice(ClDice::new(self.whole("iterations")?, float("smooth")?)?),
            "cbdice" => AnyLoss::CbDice(CbDice::new(self.whole("iterations")?, float("smooth")?)?),
            "skeleton_recall" => {
                AnyLoss::SkeletonRecall(SkeletonRecall::new(float("smooth")?, self.whole("dilations")?)?)
            }
            "dice_boundary" => self.with_dice("boundary")?,
            "dice_hausdorff" => self.with_dice("hausdorff_distance")?,
            "combo" => {
                AnyLoss::Combo(Combo::new(float("ce_share")?, float("foreground_share")?, self.smooth()?)?)
            }
            "exponential_logarithmic" => AnyLoss::ExponentialLogarithmic(self.exponential()?),
            "unified_focal" => AnyLoss::UnifiedFocal(UnifiedFocal::new(
                self.flag("asymmetric")?,
                float("tversky_share")?,
                float("fn_weight")?,
                float("focusing")?,
            )?),
            "dice_cross_entropy" => self.with_dice("cross_entropy")?,
            "dice_focal" => self.with_dice("focal")?,
            "dice_top_k" => self.with_dice("top_k")?,
            "hybrid_focal" => {
                let share = self.weight("tversky_share")?;
                self.pair([
                    ("focal_tversky", share),
                    ("focal", (1.0 - self.number("tversky_share")?) as f32),
                ])?
            }
            _ => return Err(Error::Parameter("name")),
        })
    }
}

impl AnyLoss {
    /// The loss of this name with these settings; what is not set has its default.
    ///
    /// # Errors
    /// A line that says what was found and what was expected.
    pub fn new(name: &str, settings: &Settings) -> std::result::Result<Self, String> {
        let entry = loss(name).ok_or_else(|| {
            let names: Vec<_> = super::LOSSES.iter().map(|entry| entry.name).collect();
            format!("found loss `{name}`, expected one of {}", names.join(", "))
        })?;
        if let Some(key) = settings.keys().find(|key| entry.parameters.iter().all(|p| p.name != **key)) {
            let names: Vec<_> = entry.parameters.iter().map(|p| p.name).collect();
            let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            return Err(format!("found parameter `{key}` for {}, expected one of: {known}", entry.name));
        }
        let values = Values { entry, settings };
        values.loss().map_err(|error| {
            let Error::Parameter(name) = error else { return error.to_string() };
            let range = entry.parameters.iter().find(|p| p.name == name).map_or("", |p| p.range);
            let found = values.setting(name).map_or_else(String::new, |setting| setting.to_string());
            format!("found {name}={found} for {}, expected {range}", entry.name)
        })
    }
}
