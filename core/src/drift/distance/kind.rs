//! The distances of two histograms.

/// A distance of the counts `a` of a frame, `N_a` in all, to those `b` of a reference, `N_b` in all, on the same bins.
///
/// Write `p = a / N_a` and `q = b / N_b`. All are 0 for equal shares. The exact ones are integers until one division
/// ([`Distance::exact`]); the others are `f64` sums over the bins, one or two logarithms or roots each, that of the
/// population stability index `f32`. On frames of a video all are far above the folklore limits while nothing is
/// wrong: a threshold belongs to the reference's own blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Distance {
    /// `sum (p - q) ln(p / q)` with half a pixel added to each bin on both sides: no upper bound (Siddiqi 2006).
    PopulationStability,
    /// `KL(p || q) = sum p ln(p / q)` in nats, with half a pixel added to each bin on both sides: no upper bound.
    KullbackLeibler,
    /// `KL(q || p)`, the same the other way.
    ReverseKullbackLeibler,
    /// `(KL(p || m) + KL(q || m)) / 2` with `m = (p + q) / 2`, in nats: at most ln 2 (Lin 1991).
    JensenShannonDivergence,
    /// Its root, a metric, at most 0.8326. The same in bits is this by the root of ln 2.
    JensenShannon,
    /// `sqrt(sum (sqrt p - sqrt q)^2 / 2)`: at most 1.
    Hellinger,
    /// `sum (a - E)^2 / E` with `E = b N_a / N_b`; undefined if pixels lie where the reference has none. Grows with the
    /// pixels; as a test it wants every `E` to be 5 and more, and independent pixels (Pearson 1900).
    ChiSquared,
    /// `sum |p - q| / 2`: at most 1. Exact.
    TotalVariation,
    /// `max |p - q|`: at most 1. Exact.
    LInfinity,
    /// `max |P - Q|` of the distribution functions: at most 1, exact. For bins in order.
    KolmogorovSmirnov,
    /// `sum |P - Q|` of the distribution functions, the distance in bins that pixels must be moved: exact
    /// (Vallender 1974). For bins in order.
    Wasserstein,
    /// `1 - sum min(p, q)`: the same number as the total variation, which histogram intersection is. Exact.
    Intersection,
}

/// A ratio of integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Fraction {
    /// Above the line.
    pub numerator: u128,
    /// Below it, not 0.
    pub denominator: u128,
}

impl Fraction {
    /// Rounded to `f64`, then to `f32`.
    #[must_use]
    pub fn value(self) -> f32 {
        (self.numerator as f64 / self.denominator as f64) as f32
    }
}

impl Distance {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::PopulationStability,
        Self::KullbackLeibler,
        Self::ReverseKullbackLeibler,
        Self::JensenShannonDivergence,
        Self::JensenShannon,
        Self::Hellinger,
        Self::ChiSquared,
        Self::TotalVariation,
        Self::LInfinity,
        Self::KolmogorovSmirnov,
        Self::Wasserstein,
        Self::Intersection,
    ];

    /// The name that reports use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PopulationStability => "population_stability_index",
            Self::KullbackLeibler => "kullback_leibler",
            Self::ReverseKullbackLeibler => "reverse_kullback_leibler",
            Self::JensenShannonDivergence => "jensen_shannon_divergence",
            Self::JensenShannon => "jensen_shannon_distance",
            Self::Hellinger => "hellinger",
            Self::ChiSquared => "chi_squared",
            Self::TotalVariation => "total_variation",
            Self::LInfinity => "l_infinity",
            Self::KolmogorovSmirnov => "kolmogorov_smirnov",
            Self::Wasserstein => "wasserstein",
            Self::Intersection => "histogram_intersection",
        }
    }

    /// The distance of counts to a reference on the same bins; `None` if either has no pixel, more than 2^32 - 1 of the
    /// reference or 2^48 - 1 of the other, another number of bins, or the distance is undefined.
    ///
    /// ```
    /// use segmeter_core::drift::Distance;
    /// let of = |distance: Distance| distance.between(&[3, 1, 4], [2, 2, 4]).unwrap();
    /// assert_eq!([Distance::TotalVariation, Distance::Wasserstein].map(of), [0.125, 0.125]);
    /// assert_eq!(of(Distance::ChiSquared), 4.0 / 3.0);
    /// assert_eq!(of(Distance::JensenShannonDivergence), 0.016_911_037);
    /// assert_eq!(of(Distance::Hellinger), 0.130_526_19);
    /// assert_eq!(Distance::LInfinity.between(&[3, 1, 4], [2, 2]), None);
    /// ```
    #[must_use]
    pub fn between<I>(self, reference: &[u32], current: I) -> Option<f32>
    where
        I: IntoIterator<Item = u64>,
        I::IntoIter: Clone,
    {
        let current = current.into_iter();
        (current.clone().count() == reference.len()).then_some(())?;
        self.of(current.zip(reference.iter().map(|count| u64::from(*count))))
    }

    /// The same as a ratio of integers, of a distance that has one: no float on the way.
    ///
    /// ```
    /// use segmeter_core::drift::{Distance, Fraction};
    /// let found = Distance::KolmogorovSmirnov.exact(&[3, 1, 4], [1, 0, 2]);
    /// assert_eq!(found, Some(Fraction { numerator: 4, denominator: 24 }));
    /// ```
    #[must_use]
    pub fn exact<I>(self, reference: &[u32], current: I) -> Option<Fraction>
    where
        I: IntoIterator<Item = u64>,
        I::IntoIter: Clone,
    {
        let current = current.into_iter();
        (current.clone().count() == reference.len()).then_some(())?;
        let bins = current.zip(reference.iter().map(|count| u64::from(*count)));
        self.fraction(bins.clone(), Totals::of(bins)?)
    }

    /// Whether an empty bin of the reference is its end, or most of what it says, or 256 codes are too many logarithms.
    pub(super) const fn wants_bins(self) -> bool {
        matches!(
            self,
            Self::PopulationStability
                | Self::KullbackLeibler
                | Self::ReverseKullbackLeibler
                | Self::JensenShannonDivergence
                | Self::JensenShannon
                | Self::ChiSquared
        )
    }

    /// Of pairs of counts, here and in the reference.
    #[inline(always)]
    pub(super) fn of(self, bins: impl Iterator<Item = (u64, u64)> + Clone) -> Option<f32> {
        self.with(Totals::of(bins.clone())?, bins)
    }

    /// The same with the sums given.
    #[inline(always)]
    pub(super) fn with(self, totals: Totals, bins: impl Iterator<Item = (u64, u64)> + Clone) -> Option<f32> {
        if let Some(fraction) = self.fraction(bins.clone(), totals) {
            return Some(fraction.value());
        }
        let sum = |term: fn(f64, f64) -> f64| {
            bins.clone().fold(0.0, |sum, (a, b)| {
                sum + term(a as f64 / totals.current as f64, b as f64 / totals.reference as f64)
            })
        };
        Some(match self {
            Self::PopulationStability => totals.stability(bins),
            Self::KullbackLeibler => totals.divergence(bins) as f32,
            Self::ReverseKullbackLeibler => totals.swapped().divergence(bins.map(|(a, b)| (b, a))) as f32,
            Self::JensenShannonDivergence => sum(mixture_terms) as f32,
            // A sum of rounded terms may be below zero by the rounding.
            Self::JensenShannon => libm::sqrt(sum(mixture_terms).max(0.0)) as f32,
            Self::Hellinger => {
                let squares = sum(|p, q| {
                    let difference = libm::sqrt(p) - libm::sqrt(q);
                    difference * difference
                });
                libm::sqrt(squares / 2.0) as f32
            }
            _ => totals.chi_squared(bins)? as f32,
        })
    }

    #[inline(always)]
    fn fraction(self, bins: impl Iterator<Item = (u64, u64)>, totals: Totals) -> Option<Fraction> {
        let (current, reference) = (u128::from(totals.current), u128::from(totals.reference));
        // Below 2^80 each: as many as a machine can address cannot overflow 2^128.
        let scaled = |(a, b): (u64, u64)| (u128::from(a) * reference, u128::from(b) * current);
        let gap = |pair: (u64, u64)| {
            let (a, b) = scaled(pair);
            a.abs_diff(b)
        };
        let mut below = (0_u64, 0_u64);
        let cumulative = |(a, b): (u64, u64)| {
            below = (below.0 + a, below.1 + b);
            gap(below)
        };
        let denominator = current * reference;
        let (numerator, parts) = match self {
            Self::TotalVariation => (bins.map(gap).sum(), 2),
            Self::LInfinity => (bins.map(gap).max().unwrap_or(0), 1),
            Self::KolmogorovSmirnov => (bins.map(cumulative).max().unwrap_or(0), 1),
            Self::Wasserstein => (bins.map(cumulative).sum(), 1),
            Self::Intersection => {
                let shared = bins.map(scaled).map(|(a, b)| a.min(b)).sum();
                (denominator.saturating_sub(shared), 1)
            }
            _ => return None,
        };
        Some(Fraction { numerator, denominator: denominator * parts })
    }
}

/// `(p ln(p / m) + q ln(q / m)) / 2`, where `0 ln 0` is 0.
fn mixture_terms(p: f64, q: f64) -> f64 {
    let mixture = (p + q) / 2.0;
    let term = |share: f64| if share > 0.0 { share * libm::log(share / mixture) } else { 0.0 };
    (term(p) + term(q)) / 2.0
}

/// Counts in all bins, and the bins.
#[derive(Clone, Copy)]
pub(super) struct Totals {
    current: u64,
    reference: u64,
    bins: u32,
}

impl Totals {
    /// `None` if there is nothing, or so much that a product could overflow.
    pub(super) fn new(current: u64, reference: u64, bins: u32) -> Option<Self> {
        let bounded = current < 1 << 48 && reference < 1 << 32;
        (bounded && current != 0 && reference != 0).then_some(Self { current, reference, bins })
    }

    fn of(mut pairs: impl Iterator<Item = (u64, u64)>) -> Option<Self> {
        let none = Self { current: 0, reference: 0, bins: 0 };
        let totals = pairs.try_fold(none, |sum, (a, b)| {
            let (current, reference) = (sum.current.checked_add(a)?, sum.reference.checked_add(b)?);
            Some(Self { current, reference, bins: sum.bins.checked_add(1)? })
        })?;
        Self::new(totals.current, totals.reference, totals.bins)
    }

    const fn swapped(self) -> Self {
        Self { current: self.reference, reference: self.current, bins: self.bins }
    }

    fn stability(self, pairs: impl Iterator<Item = (u64, u64)>) -> f32 {
        let bins = self.bins as f32;
        let smoothed = |count: u64, total: u64| (count as f32 + 0.5) / (total as f32 + 0.5 * bins);
        pairs.fold(0.0, |sum, (a, b)| {
            let (a, b) = (smoothed(a, self.current), smoothed(b, self.reference));
            sum + (a - b) * libm::logf(a / b)
        })
    }

    fn divergence(self, pairs: impl Iterator<Item = (u64, u64)>) -> f64 {
        let bins = f64::from(self.bins);
        let smoothed = |count: u64, total: u64| (count as f64 + 0.5) / (total as f64 + 0.5 * bins);
        pairs.fold(0.0, |sum, (a, b)| {
            let (a, b) = (smoothed(a, self.current), smoothed(b, self.reference));
            sum + a * libm::log(a / b)
        })
    }

    fn chi_squared(self, mut pairs: impl Iterator<Item = (u64, u64)>) -> Option<f64> {
        let ratio = self.current as f64 / self.reference as f64;
        pairs.try_fold(0.0, |sum, (a, b)| {
            let expected = b as f64 * ratio;
            let excess = a as f64 - expected;
            match (a, b) {
                (0, 0) => Some(sum),
                (_, 0) => None,
                _ => Some(sum + excess * excess / expected),
            }
        })
    }
}
