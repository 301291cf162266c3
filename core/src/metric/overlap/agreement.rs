//! What needs the whole matrix: agreement beyond chance, and classes weighted or merged.

use super::{Confusion, total};
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

impl<const C: usize> Confusion<C> {
    /// Cohen's kappa; `None` if chance agreement is certain.
    #[must_use]
    pub fn kappa(&self) -> Option<f64> {
        let (n, chance) = (self.pixels(), self.products(Self::labelled, Self::predicted));
        let denominator = (product(n, n)).checked_sub(chance)?;
        let numerator = signed_difference(product(n, self.correct()), chance);
        (denominator != 0).then(|| numerator / denominator as f64)
    }

    /// Weighted kappa, `1 - n sum_ij w_ij M_ij / sum_ij w_ij t_i p_j`: for classes that have an order. A prediction
    /// that is no class is as wrong as can be. `None` if chance agreement is certain.
    ///
    /// ```
    /// use segmeter_core::metric::{Confusion, Disagreement};
    /// let mut confusion = Confusion::<3>::new(255);
    /// confusion.push_row(&[0, 1, 2, 2, 0], &[0, 1, 1, 2, 2])?;
    /// assert_eq!(confusion.weighted_kappa(Disagreement::Linear), Some(1.0 - 5.0 * 3.0 / 23.0));
    /// # Ok::<(), segmeter_core::Error>(())
    /// ```
    #[must_use]
    pub fn weighted_kappa(&self, disagreement: Disagreement) -> Option<f64> {
        let worst = disagreement.weight(0, C.saturating_sub(1));
        let (mut observed, mut expected) = (0_u128, 0_u128);
        for (label, (row, foreign)) in self.counts.iter().zip(self.foreign).enumerate() {
            let labelled = self.labelled(label);
            let classes = row.iter().enumerate().map(|(prediction, count)| {
                (disagreement.weight(label, prediction), *count, self.predicted(prediction))
            });
            let all_foreign = total(self.foreign.iter().copied());
            for (weight, count, predicted) in classes.chain([(worst, foreign, all_foreign)]) {
                observed = observed.saturating_add(weight.saturating_mul(u128::from(count)));
                expected = expected.saturating_add(weight.saturating_mul(product(labelled, predicted)));
            }
        }
        (expected != 0).then(|| 1.0 - self.pixels() as f64 * observed as f64 / expected as f64)
    }

    /// Matthews correlation (Gorodkin's for more than two classes); `None` if one side is constant. The covariance is a
    /// difference of exact integers: in torchmetrics, of `f32`, whose digits are gone where a class is rare.
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

    /// Generalised Dice score, `2 sum w_c TP_c / sum w_c (t_c + p_c)` from class `first` (1 leaves the background
    /// out). A class without labels gets the largest weight of the others, as in MONAI; `None` if no class has any.
    ///
    /// ```
    /// use segmeter_core::metric::{Confusion, Volume};
    /// let mut confusion = Confusion::<2>::new(255);
    /// confusion.push_row(&[0, 0, 1, 1, 0], &[0, 0, 0, 1, 0])?;
    /// assert_eq!(confusion.generalised_dice(Volume::Linear, 0), Some(0.8));
    /// assert_eq!(confusion.generalised_dice(Volume::Simple, 1), Some(2.0 / 3.0));
    /// # Ok::<(), segmeter_core::Error>(())
    /// ```
    #[must_use]
    pub fn generalised_dice(&self, volume: Volume, first: usize) -> Option<f64> {
        let present = |class: &usize| self.labelled(*class) != 0;
        let weight = |class: usize| volume.weight(self.labelled(class));
        let classes = || self.scored().filter(|class| *class >= first);
        let largest = classes().filter(present).map(weight).fold(0.0, f64::max);
        let (mut hits, mut areas) = (0.0, 0.0);
        for class in classes() {
            let weight = if present(&class) { weight(class) } else { largest };
            hits += weight * self.class(class).true_positive as f64;
            areas += weight * (self.labelled(class) as f64 + self.predicted(class) as f64);
        }
        (areas > 0.0).then(|| 2.0 * hits / areas)
    }

    /// IoU of a category: its classes taken as one, so that taking one of them for another is no error. Cityscapes.
    ///
    /// `categories` has the category of every class; a class beyond its end has none.
    ///
    /// ```
    /// use segmeter_core::metric::Confusion;
    /// let mut confusion = Confusion::<3>::new(255);
    /// confusion.push_row(&[0, 2, 1, 0, 1], &[0, 1, 2, 1, 1])?;
    /// let (flat, vehicle) = (0, 1);
    /// assert_eq!(confusion.category_iou(&[flat, vehicle, vehicle], vehicle).value(), Some(0.75));
    /// # Ok::<(), segmeter_core::Error>(())
    /// ```
    #[must_use]
    pub fn category_iou(&self, categories: &[u8], category: u8) -> Ratio {
        let among = |class: usize| categories.get(class) == Some(&category);
        let (mut hits, mut union) = (0, 0_u64);
        for (label, row) in self.counts.iter().enumerate() {
            let predicted = total(row.iter().enumerate().filter(|(c, _)| among(*c)).map(|(_, n)| *n));
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
        (0..C).map(|class| product(a(self, class), b(self, class))).fold(0, u128::saturating_add)
    }
}

fn product(a: u64, b: u64) -> u128 {
    u128::from(a) * u128::from(b)
}
