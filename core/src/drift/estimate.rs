//! IoU without labels: what the calibrated probabilities of a frame lead one to expect.

use crate::error::{Error, Result};
use crate::num::Q16;
use crate::sketch::{CODES, Count, SigmoidTable, Sketch, indices};

/// Ranges of codes with a deviation of their own: each has as many labelled pixels as the others.
const RANGES: usize = 16;

/// How often a code has meant road: learnt from labelled frames, sealed. 768 bytes.
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

    /// Learns from the sketches of labelled frames; pixels without a label do not count.
    ///
    /// The probabilities are the rising ones that fit the labels best (isotonic regression by pooling adjacent
    /// violators, Ayer et al. 1955); each code starts with one pixel's worth of what the network itself says, so that a
    /// code that never occurred has a value. The deviation of a code is that between frames of the share of road among
    /// all pixels of the sixteenth of codes that it is in. Two passes over the frames.
    ///
    /// # Errors
    /// [`Error::Parameter`] for fewer than two frames with labels: nothing then says how frames differ.
    pub fn learn<'a>(frames: impl Iterator<Item = &'a Sketch> + Clone, table: &SigmoidTable) -> Result<Self> {
        let labelled = |frame: &&Sketch| frame.labelled(0) + frame.labelled(1) != 0;
        let frames = frames.filter(labelled);
        if frames.clone().nth(1).is_none() {
            return Err(Error::Parameter("labels"));
        }
        let (mut pixels, mut road) = ([1.0; CODES], table.probability.map(f64::from));
        for frame in frames.clone() {
            for (index, (pixels, road)) in indices().zip(pixels.iter_mut().zip(&mut road)) {
                let ones = frame.count(1, index) as f64;
                *road += ones;
                *pixels += frame.count(0, index) as f64 + ones;
            }
        }
        let deviation = deviations(frames, &pixels, &road);
        Ok(Self { probability: isotonic(&road, &pixels).map(steps), deviation, learnt: true })
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

impl EstimatedIou {
    /// Estimates the IoU of the mask "logit above 0" of a frame; `None` if the frame is empty or neither the mask nor the
    /// expectation has any road.
    ///
    /// `sum over the mask of p / (pixels of the mask + sum over the rest of p)`, with the `p` of the map: a sum over 256
    /// codes, no pass over pixels. From `low` to `high` is one standard deviation of the calibration between frames to
    /// either side, all codes in error the same way: the frame's own pixels are far from independent. A frame with many
    /// codes that were rare when the map was learnt has a wide interval. What no map can know is a network that has become
    /// wrong *and* sure.
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

/// The rising sequence nearest to `road / pixels`, weighted by the pixels.
fn isotonic(road: &[f64; CODES], pixels: &[f64; CODES]) -> [f64; CODES] {
    // A stack of pools: road, pixels and codes of each.
    let mut pools = [(0.0, 1.0, 0usize); CODES];
    let mut used = 0usize;
    for (road, pixels) in road.iter().zip(pixels) {
        let mut pool = (*road, *pixels, 1);
        while let Some(before) = used.checked_sub(1).and_then(|last| pools.get(last))
            && before.0 * pool.1 >= pool.0 * before.1
        {
            pool = (before.0 + pool.0, before.1 + pool.1, before.2 + pool.2);
            used -= 1;
        }
        if let Some(slot) = pools.get_mut(used) {
            *slot = pool;
        }
        used += 1;
    }
    let mut fitted = [0.0; CODES];
    let mut slots = fitted.iter_mut();
    for (road, pixels, codes) in pools.iter().take(used) {
        for slot in slots.by_ref().take(*codes) {
            *slot = road / pixels;
        }
    }
    fitted
}

/// How far the share of road differs from frame to frame, in steps of 2^-8, for every code.
fn deviations<'a>(
    frames: impl Iterator<Item = &'a Sketch> + Clone,
    pixels: &[f64; CODES],
    road: &[f64; CODES],
) -> [u8; CODES] {
    let all: f64 = pixels.iter().sum();
    let mut below = 0.0;
    // The range of a code: where the middle of its pixels lies among all of them.
    let ranges = pixels.map(|n| {
        let middle = below + n / 2.0;
        below += n;
        (middle / all * RANGES as f64) as usize
    });
    let gather = |of: &dyn Fn(u8) -> f64| {
        let mut sums = [0.0; RANGES];
        for (index, range) in indices().zip(ranges) {
            if let Some(sum) = sums.get_mut(range) {
                *sum += of(index);
            }
        }
        sums
    };
    let at = |values: &[f64; CODES], index: u8| values.get(usize::from(index)).copied().unwrap_or(0.0);
    let (expected, of_all) = (gather(&|index| at(road, index)), gather(&|index| at(pixels, index)));
    let (mut squares, mut weights) = ([0.0; RANGES], [0.0; RANGES]);
    for frame in frames {
        let ones = gather(&|index| frame.count(1, index) as f64);
        let zeros = gather(&|index| frame.count(0, index) as f64);
        let sums = squares.iter_mut().zip(&mut weights).zip(expected.iter().zip(&of_all));
        for (((square, weight), (road, pixels)), (ones, zeros)) in sums.zip(ones.iter().zip(&zeros)) {
            let here = ones + zeros;
            if here > 0.0 {
                let gap = ones / here - road / pixels;
                *square += here * gap * gap;
                *weight += here;
            }
        }
    }
    ranges.map(|range| match (squares.get(range), weights.get(range)) {
        // Rounded up: never surer than the frames were.
        (Some(square), Some(weight)) if *weight > 0.0 => {
            libm::ceil(256.0 * libm::sqrt(square / weight)) as u8
        }
        _ => 0,
    })
}
