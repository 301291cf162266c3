//! What needs the whole matrix: agreement beyond chance, and classes weighted or merged.

use super::read::{ConfusionView, total};
use crate::metric::ClassReport;
use crate::metric::class::{Ratio, signed_difference};

/// How wrong it is to take class `i` for class `j`, for classes in a rising order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Disagreement {
    /// `|i - j|`.
    Linear,
    /// `(i - j)^2`.
    Quadratic,
}

impl Disagreement {
    fn weight(self, a: usize, b: usize) -> u128 {
        let apart = a.abs_diff(b) as u128;
        match self {
            Self::Linear => apart,
            Self::Quadratic => apart.saturating_mul(apart),
        }
    }
}

/// The weight of a class with `t` labelled pixels in the generalised Dice score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Volume {
    /// `1 / t^2`, as published (Sudre et al. 2017).
    Square,
    /// `1 / t`.
    Simple,
    /// 1.
    Linear,
}

impl Volume {
    fn weight(self, labelled: u64) -> f64 {
        let labelled = labelled as f64;
        match self {
            Self::Square => 1.0 / (labelled * labelled),
            Self::Simple => 1.0 / labelled,
            Self::Linear => 1.0,
        }
    }
}

impl ConfusionView<'_> {
    /// See [`super::Confusion::kappa`].
    #[must_use]
    pub fn kappa(&self) -> Option<f64> {
        let (n, chance) = (self.pixels(), self.products(Self::labelled, Self::predicted));
        let denominator = (product(n, n)).checked_sub(chance)?;
        let numerator = signed_difference(product(n, self.correct()), chance);
        (denominator != 0).then(|| numerator / denominator as f64)
    }

    /// See [`super::Confusion::weighted_kappa`].
    #[must_use]
    pub fn weighted_kappa(&self, disagreement: Disagreement) -> Option<f64> {
        let worst = disagreement.weight(0, self.classes().saturating_sub(1));
        let all_foreign = u128::from(total(self.foreign()));
        let mut chance = Chance::new(disagreement, self);
        let (mut observed, mut expected) = (0_u128, 0_u128);
        for (label, (row, foreign)) in self.rows().zip(self.foreign()).enumerate() {
            let classes = row.iter().enumerate();
            let classes = classes.map(|(prediction, count)| (disagreement.weight(label, prediction), count));
            for (weight, count) in classes.chain([(worst, foreign)]) {
                observed = observed.saturating_add(weight.saturating_mul(u128::from(*count)));
            }
            let apart = chance.distance().saturating_add(worst.saturating_mul(all_foreign));
            expected = expected.saturating_add(apart.saturating_mul(u128::from(self.labelled(label))));
            chance.step(self.predicted(label));
        }
        (expected != 0).then(|| 1.0 - self.pixels() as f64 * observed as f64 / expected as f64)
    }

    /// See [`super::Confusion::mcc`].
    #[must_use]
    pub fn mcc(&self) -> Option<f64> {
        let n = self.pixels();
        let chance = self.products(Self::labelled, Self::predicted);
        let labelled = (product(n, n)).checked_sub(self.products(Self::labelled, Self::labelled))?;
        let predicted = (product(n, n)).checked_sub(self.products(Self::predicted, Self::predicted))?;
        let numerator = signed_difference(product(n, self.correct()), chance);
        let defined = labelled != 0 && predicted != 0;
        let denominator = libm::sqrt(labelled as f64) * libm::sqrt(predicted as f64);
        defined.then(|| (numerator / denominator).clamp(-1.0, 1.0))
    }

    /// See [`super::Confusion::generalised_dice`].
    #[must_use]
    pub fn generalised_dice(&self, volume: Volume, first: usize) -> Option<f64> {
        let classes = || {
            let classes = self.each().enumerate().skip(first);
            classes.filter(|(class, _)| self.is_scored(*class)).map(|(_, report)| report)
        };
        let present = |class: &ClassReport| class.positives() != 0;
        let weight = |class: ClassReport| volume.weight(class.positives());
        let largest = classes().filter(present).map(weight).fold(0.0, f64::max);
        let (mut hits, mut areas) = (0.0, 0.0);
        for class in classes() {
            let weight = if present(&class) { weight(class) } else { largest };
            hits += weight * class.true_positive as f64;
            areas += weight * (class.positives() as f64 + class.predicted() as f64);
        }
        (areas > 0.0).then(|| 2.0 * hits / areas)
    }

    /// See [`super::Confusion::category_iou`].
    #[must_use]
    pub fn category_iou(&self, categories: &[u8], category: u8) -> Ratio {
        let among = |class: usize| categories.get(class) == Some(&category);
        let (mut hits, mut union) = (0, 0_u64);
        for (label, row) in self.rows().enumerate() {
            let predicted = total(row.iter().enumerate().filter(|(c, _)| among(*c)).map(|(_, n)| n));
            if among(label) {
                hits = predicted.saturating_add(hits);
                union = union.saturating_add(self.labelled(label));
            } else {
                union = union.saturating_add(predicted);
            }
        }
        Ratio { numerator: hits, denominator: union }
    }

    fn products(&self, a: fn(&Self, usize) -> u64, b: fn(&Self, usize) -> u64) -> u128 {
        (0..self.classes()).map(|class| product(a(self, class), b(self, class))).fold(0, u128::saturating_add)
    }
}

/// How wrong all predictions of a class are, taken together, for one label after the other: each from the last one, so that
/// all labels cost as much as one.
struct Chance {
    disagreement: Disagreement,
    /// `sum_j |i - j| p_j` and `sum_j (i - j) p_j`.
    linear: u128,
    signed: i128,
    /// `sum_j (i - j)^2 p_j`.
    quadratic: u128,
    /// Predictions of classes before label `i`, and of it and those after.
    before: u128,
    after: u128,
}

impl Chance {
    /// For label 0.
    fn new(disagreement: Disagreement, view: &ConfusionView<'_>) -> Self {
        let mut chance = Self { disagreement, linear: 0, signed: 0, quadratic: 0, before: 0, after: 0 };
        for class in 0..view.classes() {
            let predicted = u128::from(view.predicted(class));
            let moment = class as u128 * predicted;
            chance.linear += moment;
            chance.signed -= moment as i128;
            chance.quadratic += class as u128 * moment;
            chance.after += predicted;
        }
        chance
    }

    const fn distance(&self) -> u128 {
        match self.disagreement {
            Disagreement::Linear => self.linear,
            Disagreement::Quadratic => self.quadratic,
        }
    }

    /// Goes on to the next label; `predicted` are the predictions of this one.
    fn step(&mut self, predicted: u64) {
        self.before += u128::from(predicted);
        self.after -= u128::from(predicted);
        let all = self.before + self.after;
        self.linear = self.linear + self.before - self.after;
        self.quadratic = (self.quadratic + all).wrapping_add_signed(2 * self.signed);
        self.signed += all as i128;
    }
}

fn product(a: u64, b: u64) -> u128 {
    u128::from(a) * u128::from(b)
}
