//! One class against the rest: four counts, and every overlap metric of them.

/// An exact quotient of counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    /// The count above the line.
    pub numerator: u64,
    /// The count below the line.
    pub denominator: u64,
}

impl Ratio {
    /// `part / (part + rest)`.
    const fn share(part: u64, rest: u64) -> Self {
        Self { numerator: part, denominator: part.saturating_add(rest) }
    }

    /// The quotient rounded once; `None` if the denominator is zero.
    #[must_use]
    pub fn value(self) -> Option<f64> {
        (self.denominator != 0).then(|| self.numerator as f64 / self.denominator as f64)
    }
}

/// One class against the rest.
///
/// With the pixels of the class as positives: `P = TP + FN` are labelled so, `N = FP + TN` are not.
///
/// ```
/// use segmeter_core::metric::ClassReport;
/// let road =
///     ClassReport { true_positive: 6, false_positive: 2, false_negative: 1, true_negative: 11 };
/// assert_eq!(road.dice().value(), Some(0.8));
/// assert_eq!(road.relative_volume_difference(), Some(1.0 / 7.0));
/// assert_eq!(road.f_beta(2.0), Some(30.0 / 36.0));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ClassReport {
    /// Of the class, and predicted so.
    pub true_positive: u64,
    /// Not of the class, but predicted so.
    pub false_positive: u64,
    /// Of the class, but not predicted so.
    pub false_negative: u64,
    /// Neither of the class nor predicted so.
    pub true_negative: u64,
}

impl ClassReport {
    /// Pixels whose label is the class, `P`.
    #[must_use]
    pub const fn positives(self) -> u64 {
        self.true_positive.saturating_add(self.false_negative)
    }
    /// Pixels whose label is another class, `N`.
    #[must_use]
    pub const fn negatives(self) -> u64 {
        self.false_positive.saturating_add(self.true_negative)
    }
    /// Pixels whose prediction is the class.
    #[must_use]
    pub const fn predicted(self) -> u64 {
        self.true_positive.saturating_add(self.false_positive)
    }
    const fn errors(self) -> u64 {
        self.false_positive.saturating_add(self.false_negative)
    }

    /// Intersection over union, Jaccard, threat score: `TP / (TP + FP + FN)`.
    #[must_use]
    pub const fn iou(self) -> Ratio {
        Ratio::share(self.true_positive, self.errors())
    }
    /// Dice, F1: `2 TP / (2 TP + FP + FN)`.
    #[must_use]
    pub const fn dice(self) -> Ratio {
        Ratio::share(self.true_positive.saturating_mul(2), self.errors())
    }
    /// Positive predictive value: `TP / (TP + FP)`.
    #[must_use]
    pub const fn precision(self) -> Ratio {
        Ratio::share(self.true_positive, self.false_positive)
    }
    /// Sensitivity, true positive rate: `TP / (TP + FN)`.
    #[must_use]
    pub const fn recall(self) -> Ratio {
        Ratio::share(self.true_positive, self.false_negative)
    }
    /// True negative rate: `TN / (TN + FP)`.
    #[must_use]
    pub const fn specificity(self) -> Ratio {
        Ratio::share(self.true_negative, self.false_positive)
    }
    /// `TN / (TN + FN)`.
    #[must_use]
    pub const fn negative_predictive_value(self) -> Ratio {
        Ratio::share(self.true_negative, self.false_negative)
    }
    /// Fall-out: `FP / (FP + TN)`.
    #[must_use]
    pub const fn false_positive_rate(self) -> Ratio {
        Ratio::share(self.false_positive, self.true_negative)
    }
    /// Miss rate: `FN / (FN + TP)`.
    #[must_use]
    pub const fn false_negative_rate(self) -> Ratio {
        Ratio::share(self.false_negative, self.true_positive)
    }
    /// `FP / (FP + TP)`.
    #[must_use]
    pub const fn false_discovery_rate(self) -> Ratio {
        Ratio::share(self.false_positive, self.true_positive)
    }
    /// `FN / (FN + TN)`.
    #[must_use]
    pub const fn false_omission_rate(self) -> Ratio {
        Ratio::share(self.false_negative, self.true_negative)
    }
    /// Share of pixels that are right: `(TP + TN) / n`.
    #[must_use]
    pub const fn accuracy(self) -> Ratio {
        Ratio::share(self.true_positive.saturating_add(self.true_negative), self.errors())
    }
    /// Volume overlap error, `1 - IoU`: `(FP + FN) / (TP + FP + FN)`.
    #[must_use]
    pub const fn volume_overlap_error(self) -> Ratio {
        Ratio::share(self.errors(), self.true_positive)
    }
    /// `1 - |FN - FP| / (2 TP + FP + FN)`: says nothing of where the pixels are.
    #[must_use]
    pub const fn volume_similarity(self) -> Ratio {
        let denominator = self.dice().denominator;
        let apart = self.false_negative.abs_diff(self.false_positive);
        Ratio { numerator: denominator - apart, denominator }
    }
    /// `|FP - FN| / (TP + FN)`; no upper bound.
    #[must_use]
    pub const fn absolute_relative_volume_difference(self) -> Ratio {
        let numerator = self.false_positive.abs_diff(self.false_negative);
        Ratio { numerator, denominator: self.positives() }
    }

    /// `(FP - FN) / (TP + FN)`: above zero if too much is predicted. `None` without such a label.
    #[must_use]
    pub fn relative_volume_difference(self) -> Option<f64> {
        let size = self.absolute_relative_volume_difference().value()?;
        Some(if self.false_positive < self.false_negative { -size } else { size })
    }

    /// `(1 + b^2) TP / ((1 + b^2) TP + b^2 FN + FP)`: recall counts `b` times as much as precision.
    /// (mikan-rs multiplies FN and FP, and squares `b` in 8 bits.)
    ///
    /// `None` if the denominator is zero, or unless `beta` is finite and not negative.
    #[must_use]
    pub fn f_beta(self, beta: f64) -> Option<f64> {
        if !(0.0..f64::INFINITY).contains(&beta) {
            return None;
        }
        // Beyond, false positives are below rounding, and soon products with counts would be infinite.
        let square = beta.min(1e140) * beta.min(1e140);
        self.weighted(1.0 + square, 1.0, square)
    }

    /// `TP / (TP + fp_weight FP + fn_weight FN)`.
    ///
    /// `None` if the denominator is zero, or unless both weights are finite and not negative.
    #[must_use]
    pub fn tversky_index(self, fp_weight: f64, fn_weight: f64) -> Option<f64> {
        self.weighted(1.0, fp_weight, fn_weight)
    }

    fn weighted(self, hits: f64, fp_weight: f64, fn_weight: f64) -> Option<f64> {
        let good = [hits, fp_weight, fn_weight].iter().all(|w| (0.0..=f64::MAX).contains(w));
        let hits = hits * self.true_positive as f64;
        let all = hits + fp_weight * self.false_positive as f64 + fn_weight * self.false_negative as f64;
        (good && all > 0.0).then(|| hits / all)
    }

    /// Mean of recall and specificity. `None` if one of them is.
    #[must_use]
    pub fn balanced_accuracy(self) -> Option<f64> {
        Some(f64::midpoint(self.recall().value()?, self.specificity().value()?))
    }

    /// Youden's J, `recall + specificity - 1`: `(TP TN - FP FN) / (P N)`. `None` without a label on either side.
    #[must_use]
    pub fn informedness(self) -> Option<f64> {
        self.association(&[[self.positives(), self.negatives()]])
    }

    /// `precision + NPV - 1`. `None` if a side is never predicted.
    #[must_use]
    pub fn markedness(self) -> Option<f64> {
        self.association(&[self.predictions()])
    }

    /// Matthews correlation, the geometric mean of informedness and markedness:
    /// `(TP TN - FP FN) / sqrt(P N (TP + FP) (TN + FN))`. `None` if a factor is zero.
    #[must_use]
    pub fn mcc(self) -> Option<f64> {
        self.association(&[[self.positives(), self.negatives()], self.predictions()])
    }

    /// Fowlkes-Mallows index, the geometric mean of precision and recall: `TP / sqrt((TP + FP) (TP + FN))`. `None` if a factor
    /// is zero. Fowlkes and Mallows 1983.
    ///
    /// ```
    /// use segmeter_core::metric::ClassReport;
    /// let class = ClassReport { true_positive: 2, false_positive: 2, false_negative: 6, ..ClassReport::default() };
    /// assert_eq!(class.fowlkes_mallows(), Some(0.35355339059327373));
    /// ```
    #[must_use]
    pub fn fowlkes_mallows(self) -> Option<f64> {
        let [predicted, labelled] =
            [self.predicted(), self.positives()].map(|count| libm::sqrt(count as f64));
        let denominator = predicted * labelled;
        (denominator > 0.0).then(|| (self.true_positive as f64 / denominator).min(1.0))
    }

    /// Prevalence threshold: the share of the class in the pixels below which a prediction of it is more often wrong than
    /// its rates suggest, `sqrt(FPR) / (sqrt(TPR) + sqrt(FPR))`. It is `(sqrt(TPR FPR) - FPR) / (TPR - FPR)` without the 0/0
    /// where both rates are the same. `None` without a label on either side, or without any prediction of the class.
    /// Balayla 2020.
    ///
    /// ```
    /// use segmeter_core::metric::ClassReport;
    /// let class =
    ///     ClassReport { true_positive: 9, false_negative: 1, false_positive: 10, true_negative: 90 };
    /// assert_eq!(class.prevalence_threshold(), Some(0.25));
    /// ```
    #[must_use]
    pub fn prevalence_threshold(self) -> Option<f64> {
        let [hits, alarms] = [self.recall().value()?, self.false_positive_rate().value()?].map(libm::sqrt);
        (hits + alarms > 0.0).then(|| alarms / (hits + alarms))
    }

    /// Predicted to be of the class, and not to be.
    const fn predictions(self) -> [u64; 2] {
        [self.predicted(), self.true_negative.saturating_add(self.false_negative)]
    }

    /// `TP TN - FP FN` over the product of a pair of totals, or over the root of the product of two.
    fn association(self, totals: &[[u64; 2]]) -> Option<f64> {
        let product = |a: u64, b: u64| u128::from(a) * u128::from(b);
        let numerator = signed_difference(
            product(self.true_positive, self.true_negative),
            product(self.false_positive, self.false_negative),
        );
        let mut products = totals.iter().map(|[a, b]| product(*a, *b) as f64);
        let denominator = match (products.next()?, products.next()) {
            (one, None) => one,
            (one, Some(other)) => libm::sqrt(one) * libm::sqrt(other),
        };
        // Roots round: without a bound a perfect correlation may be above one.
        (denominator > 0.0).then(|| (numerator / denominator).clamp(-1.0, 1.0))
    }

    /// Net benefit of acting on the prediction when a false alarm costs `threshold / (1 - threshold)` of what a hit
    /// is worth: `TP / n - (FP / n) threshold / (1 - threshold)`. Vickers and Elkin 2006. (The probability
    /// measures of Metrics Reloaded multiply the two terms where this subtracts.)
    ///
    /// `None` without a pixel, or unless `threshold` is in [0, 1).
    #[must_use]
    pub fn net_benefit(self, threshold: f64) -> Option<f64> {
        let pixels = self.positives().saturating_add(self.negatives());
        let cost = threshold / (1.0 - threshold);
        let benefit = self.true_positive as f64 - self.false_positive as f64 * cost;
        (pixels != 0 && (0.0..1.0).contains(&threshold)).then(|| benefit / pixels as f64)
    }
}

/// `a - b`, rounded once.
pub(super) fn signed_difference(a: u128, b: u128) -> f64 {
    if a >= b { (a - b) as f64 } else { -((b - a) as f64) }
}
