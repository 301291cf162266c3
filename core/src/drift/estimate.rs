//! IoU without labels: what the calibrated probabilities of a frame lead one to expect.

use super::record::record;
use super::{Outline, Profile};
use crate::error::{Error, Result};
use crate::num::Q16;
use crate::sketch::{CODES, Count, SigmoidTable, Sketch, indices};

/// How often a code has meant road: learnt from labelled frames, on the desk, and sealed. 768 bytes.
///
/// A network is sure of itself in ways that labels do not bear out, and its codes are not probabilities until they have
/// been compared with labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalibrationMap {
    /// Share of road among the pixels of each code index, in 65,535ths. Never falls with the index.
    probability: [u16; CODES],
    /// How far that share differs from frame to frame: a standard deviation, in steps of 2^-8.
    deviation: [u8; CODES],
    learnt: bool,
}

impl CalibrationMap {
    /// The map that believes the network.
    #[must_use]
    pub fn network(table: &SigmoidTable) -> Self {
        Self {
            probability: table.probability.map(|p| steps(f64::from(p))),
            deviation: [0; CODES],
            learnt: false,
        }
    }

    /// From its parts, as they are stored.
    ///
    /// # Errors
    /// [`Error::Parameter`] if a probability is below that of the code before.
    pub fn from_parts(probability: [u16; CODES], deviation: [u8; CODES], learnt: bool) -> Result<Self> {
        let mut map = Self { probability, deviation, learnt };
        map.set(|_, _, _| Ok(()))?;
        Ok(map)
    }

    /// No road anywhere: room for a map.
    pub(super) const EMPTY: Self = Self { probability: [0; CODES], deviation: [0; CODES], learnt: false };

    /// Changes the parts in place, and checks them.
    pub(super) fn set(
        &mut self,
        change: impl FnOnce(&mut [u16; CODES], &mut [u8; CODES], &mut bool) -> Result<()>,
    ) -> Result<()> {
        change(&mut self.probability, &mut self.deviation, &mut self.learnt)?;
        if self.probability.is_sorted() { Ok(()) } else { Err(Error::Parameter("calibration")) }
    }

    /// Share of road among the pixels of each code index, in 65,535ths.
    #[must_use]
    pub const fn probability(&self) -> &[u16; CODES] {
        &self.probability
    }
    /// Deviation of that share between frames, in steps of 2^-8.
    #[must_use]
    pub const fn deviation(&self) -> &[u8; CODES] {
        &self.deviation
    }
    /// Whether labels stand behind it.
    #[must_use]
    pub const fn is_learnt(&self) -> bool {
        self.learnt
    }
}

record! {
    /// What the IoU of a frame is expected to be.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[cfg_attr(feature = "defmt", derive(defmt::Format))]
    pub struct EstimatedIou {
        /// Expected intersection over expected union, in [0, 1].
        pub value: Q16,
        /// The same if every code means road by its deviation less often where it is predicted, more often elsewhere.
        pub low: Q16,
        /// The reverse of `low`.
        pub high: Q16,
    }
}

impl EstimatedIou {
    /// None of the mask is right.
    pub(super) const NONE: Self = Self { value: Q16::ZERO, low: Q16::ZERO, high: Q16::ZERO };

    /// The estimate of a frame by the map and the rules of a profile.
    pub(super) fn by<N: Count>(
        profile: &Profile,
        sketch: &Sketch<N>,
        outline: &Outline,
        table: &SigmoidTable,
    ) -> Option<Self> {
        let estimate = Self::new(sketch, &profile.calibration, table);
        match outline.road() {
            0 if profile.rules.may_be_empty => None,
            // However sure the network is that there is nothing.
            0 => estimate.or(Some(Self { high: Q16::ONE, ..Self::NONE })),
            _ => estimate,
        }
    }

    /// Estimates the IoU of the mask "logit above 0" of a frame; `None` if the frame is empty or neither the mask nor the
    /// expectation has any road.
    ///
    /// `sum over the mask of p / (pixels of the mask + sum over the rest of p)`, with the `p` of the map: a sum over 256
    /// codes, no pass over pixels. From `low` to `high` is one deviation of the map to either side, all codes in error the
    /// same way, for the frame's own pixels are far from independent; learnt on the desk, the deviations are scaled so that
    /// nine of ten frames of other drives to which something happens lie between. A frame with many codes that were rare when
    /// the map was learnt has a wide interval. What no map can know is a network that has become wrong *and* sure.
    ///
    /// ```
    /// use segmeter_core::drift::{CalibrationMap, EstimatedIou};
    /// use segmeter_core::{sketch::{SigmoidTable, Sketch}, view::Quantiser};
    /// let quantiser = Quantiser::probabilities();
    /// let table = SigmoidTable::new(&quantiser);
    /// let mut sketch = Sketch::<u32>::new(&quantiser);
    /// sketch.push_unlabelled(&[255u8, 204, 51, 0]);
    /// let iou = EstimatedIou::new(&sketch, &CalibrationMap::network(&table), &table).unwrap();
    /// // (1 + 0.8) / (2 + 0.2)
    /// assert!((iou.value.to_f32() - 0.818182).abs() < 2e-5);
    /// ```
    #[must_use]
    pub fn new<N: Count>(sketch: &Sketch<N>, map: &CalibrationMap, table: &SigmoidTable) -> Option<Self> {
        let mut mask = 0u64;
        // Intersection and the expected road outside the mask: least, expected, most.
        let (mut inside, mut outside) = ([0u64; 3], [0u64; 3]);
        for (index, (p, deviation)) in indices().zip(map.probability.iter().zip(&map.deviation)) {
            let count = sketch.pixels_at(index);
            let by = u16::from(*deviation) << 8;
            let shares = [p.saturating_sub(by), *p, p.saturating_add(by)];
            let predicted = index > table.threshold();
            mask = mask.saturating_add(if predicted { count } else { 0 });
            let sums = if predicted { &mut inside } else { &mut outside };
            for (sum, share) in sums.iter_mut().zip(shares) {
                *sum = sum.saturating_add(count.saturating_mul(share.into()));
            }
        }
        // In 65,535ths, as the shares are.
        let whole = mask.saturating_mul(u64::from(u16::MAX));
        let ratio = |inside: u64, outside: u64| {
            let union = whole.saturating_add(outside);
            (union != 0).then(|| Q16::divide(i128::from(inside) << 16, union))
        };
        let ([fewer, inside, more], [less, outside, most]) = (inside, outside);
        Some(Self {
            value: ratio(inside, outside)?,
            low: ratio(fewer, most)?,
            high: ratio(more, less).unwrap_or(Q16::ONE),
        })
    }
}

/// In 65,535ths.
fn steps(probability: f64) -> u16 {
    (probability * f64::from(u16::MAX) + 0.5) as u16
}
