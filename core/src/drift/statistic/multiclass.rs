//! What the 8-bit logits of several classes say.

use crate::error::{Error, Result};
use crate::num::Q16;
use crate::view::{Activation, Code, Encoding, Quantiser};

/// Segments of the table of logarithms.
const SEGMENTS: usize = 32;
/// One in the table of exponentials.
const ONE: u32 = 1 << 15;

/// `e^-d` of every difference of two codes, and `log2` of what their sum is: what an energy takes per pixel. 660 bytes.
#[derive(Clone, Debug)]
pub struct EnergyTable {
    /// In steps of 2^-15.
    powers: [u16; 256],
    /// `log2(1 + i/32)` in steps of 2^-16.
    logs: [u32; SEGMENTS + 1],
    scale: f32,
    /// The code of logit 0, counted from the lowest.
    zero: i32,
    temperature: f32,
    /// What makes a stored byte a number that rises with the logit.
    flip: u8,
}

impl EnergyTable {
    /// For the codes of a network's logits at a temperature; 1 is that of the loss.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless the temperature is finite and above zero; [`Error::Unsupported`] for codes of
    /// probabilities, which have no energy.
    pub fn of(quantiser: &Quantiser, temperature: f32) -> Result<Self> {
        let (Activation::Logits, Some((scale, zero_point))) = (quantiser.activation(), quantiser.affine())
        else {
            return Err(Error::Unsupported("the energy is that of logits, these codes are probabilities"));
        };
        let table = Self::new(scale, 0, temperature)?;
        let first = if quantiser.encoding() == Encoding::Signed { 128 } else { 0 };
        Ok(Self { zero: zero_point + first, flip: quantiser.index(0), ..table })
    }

    /// For signed codes of logits `scale * (code - zero_point)` at a temperature; 1 is that of the loss.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless both are finite and above zero, and `zero_point` is a code.
    pub fn new(scale: f32, zero_point: i32, temperature: f32) -> Result<Self> {
        if !(temperature > 0.0 && temperature < 1e6) {
            return Err(Error::Parameter("temperature"));
        }
        let flip = Quantiser::logits(Encoding::Signed, scale, zero_point)?.index(0);
        let rate = f64::from(scale) / f64::from(temperature);
        let (mut powers, mut logs) = ([0; 256], [0; SEGMENTS + 1]);
        for (difference, power) in (0..256).zip(&mut powers) {
            *power = (libm::exp(-rate * f64::from(difference)) * f64::from(ONE) + 0.5) as u16;
        }
        for (segment, log) in (0..=SEGMENTS).zip(&mut logs) {
            *log = (libm::log2(1.0 + segment as f64 / SEGMENTS as f64) * 65536.0 + 0.5) as u32;
        }
        Ok(Self { powers, logs, scale, zero: zero_point + 128, temperature, flip })
    }

    fn power(&self, difference: u8) -> u32 {
        self.powers.get(usize::from(difference)).map_or(0, |power| u32::from(*power))
    }

    /// `log2(sum / 2^15)` in steps of 2^-16, by a straight line between 32 of its values; at most 2e-4 less than it is.
    fn log2(&self, sum: u32) -> u32 {
        let shift = sum.max(1).leading_zeros();
        // The bits after the first, from the highest.
        let mantissa = sum << shift << 1;
        let (segment, rest) = ((mantissa >> 27) as usize, (mantissa >> 11) & 0xffff);
        let at = |segment: usize| self.logs.get(segment).copied().unwrap_or(0);
        let (low, high) = (at(segment), at(segment + 1));
        let whole = (31 - shift).saturating_sub(15) << 16;
        whole + low + ((high.saturating_sub(low) * rest) >> 16)
    }
}

/// Statistics of up to `C` classes from 8-bit logits, a pixel's beside each other.
///
/// Per pixel `C` comparisons and look-ups and two divisions; no exponential, no logarithm. `4 C + 40` bytes. Margin, energy,
/// confidence and entropy react to doubt, the first two also to objects never seen; all follow the scale of the logits. The
/// histogram of the classes is the scene.
///
/// ```
/// use segmeter_core::drift::{ClassStatistics, EnergyTable};
/// let table = EnergyTable::new(0.1, 0, 1.0)?;
/// let mut frame = ClassStatistics::<3>::default();
/// frame.push_row(&table, &[[10, 20, -30], [5, 5, 5]]);
/// assert_eq!(frame.classes(), &[1, 1, 0]);
/// assert_eq!(frame.mean_margin().unwrap().to_f32(), 5.0);
/// // Of -2.31818 and -1.59861.
/// assert_eq!(frame.mean_energy(&table).unwrap().to_f32(), -1.958_389_3);
/// // Of 0.72746 and 0.33333; of 0.61033 and 1.09861.
/// assert_eq!(frame.mean_confidence().unwrap().to_f32(), 0.530_395_5);
/// assert_eq!(frame.mean_entropy(&table).unwrap().to_f32(), 0.854_476_9);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassStatistics<const C: usize> {
    classes: [u32; C],
    /// Sums of the highest code, of what it is above the second, and of `log2` of the sum of the powers.
    highest: u64,
    margins: u64,
    logs: u64,
    /// Sums of the probability of the predicted class, and of what the highest code is above the others, by their
    /// probabilities; in steps of 2^-16.
    confidences: u64,
    differences: u64,
}

impl<const C: usize> Default for ClassStatistics<C> {
    fn default() -> Self {
        Self::NONE
    }
}

impl<const C: usize> ClassStatistics<C> {
    /// Those of no pixel.
    pub const NONE: Self =
        Self { classes: [0; C], highest: 0, margins: 0, logs: 0, confidences: 0, differences: 0 };

    /// Adds pixels of `C` classes. Of equal logits the first class is predicted.
    pub fn push_row(&mut self, table: &EnergyTable, pixels: &[[i8; C]]) {
        for logits in pixels {
            self.push(table, logits);
        }
    }

    /// Adds pixels of as many classes as there are, in the encoding of the table's codes.
    ///
    /// ```
    /// use segmeter_core::drift::{ClassStatistics, EnergyTable};
    /// use segmeter_core::view::{Encoding, Quantiser};
    /// let table = EnergyTable::of(&Quantiser::logits(Encoding::Unsigned, 0.1, 128)?, 1.0)?;
    /// let mut frame = ClassStatistics::<19>::default();
    /// frame.push_codes(&table, &[138u8, 148, 98, 133, 133, 133], 3)?;
    /// assert_eq!(frame.mean_energy(&table).unwrap().to_f32(), -1.958_389_3);
    /// # Ok::<(), segmeter_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Classes`] unless there are 2 to `C` classes, [`Error::Length`] unless `codes` are whole pixels.
    pub fn push_codes<Q: Code>(&mut self, table: &EnergyTable, codes: &[Q], classes: usize) -> Result<()> {
        if !(2..=C).contains(&classes) {
            return Err(Error::Classes { room: C });
        }
        let pixels = codes.chunks_exact(classes);
        if !pixels.remainder().is_empty() {
            let expected = codes.len() - pixels.remainder().len();
            return Err(Error::Length { expected, found: codes.len() });
        }
        for logits in pixels {
            self.push(table, logits);
        }
        Ok(())
    }

    #[inline]
    fn push<Q: Code>(&mut self, table: &EnergyTable, logits: &[Q]) {
        let codes = || logits.iter().map(|logit| logit.byte() ^ table.flip);
        let (mut class, mut first, mut second) = (0, 0, 0);
        for (place, code) in codes().enumerate() {
            if code > first || place == 0 {
                (class, second, first) = (place, first, code);
            } else {
                second = second.max(code);
            }
        }
        let (mut sum, mut differences) = (0_u32, 0_u32);
        for code in codes() {
            let power = table.power(first - code);
            sum = sum.saturating_add(power);
            differences = differences.saturating_add(power * u32::from(first - code));
        }
        if let Some(count) = self.classes.get_mut(class) {
            *count = count.saturating_add(1);
        }
        // That of the highest is one.
        let sum = sum.max(ONE);
        self.highest = self.highest.saturating_add(first.into());
        self.margins = self.margins.saturating_add((first - second).into());
        self.logs = self.logs.saturating_add(table.log2(sum).into());
        self.confidences = self.confidences.saturating_add(((ONE << 16) / sum).into());
        self.differences = self.differences.saturating_add((u64::from(differences) << 16) / u64::from(sum));
    }

    /// Pixels predicted to be of each class.
    #[must_use]
    pub const fn classes(&self) -> &[u32; C] {
        &self.classes
    }

    /// Pixels.
    #[must_use]
    pub fn pixels(&self) -> u64 {
        self.classes.iter().map(|count| u64::from(*count)).sum()
    }

    /// Mean of what the highest logit is above the second, in steps of a code, in [0, 255]; `None` without a pixel.
    #[must_use]
    pub fn mean_margin(&self) -> Option<Q16> {
        let pixels = self.pixels();
        (pixels != 0).then(|| Q16::divide(i128::from(self.margins) << 16, pixels))
    }

    /// Mean probability of the predicted class by softmax at the table's temperature, in (0, 1]; `None` without a pixel. The
    /// error is that of the table, at most `(C + 1) 2^-16`.
    #[must_use]
    pub fn mean_confidence(&self) -> Option<Q16> {
        let pixels = self.pixels();
        (pixels != 0).then(|| Q16::divide(self.confidences.into(), pixels))
    }

    /// Mean entropy of softmax in nats, in [0, ln C]; `None` without a pixel. The error is that of the energy, and
    /// `C 2^-16` of the largest difference of two logits.
    #[must_use]
    pub fn mean_entropy(&self, table: &EnergyTable) -> Option<Q16> {
        let pixels = self.pixels();
        let mean = |sum: u64| sum as f64 / pixels as f64 / 65536.0;
        let rate = f64::from(table.scale) / f64::from(table.temperature);
        let entropy = mean(self.logs) * core::f64::consts::LN_2 + rate * mean(self.differences);
        (pixels != 0).then(|| Q16::from_f32(entropy as f32))
    }

    /// Mean of `-T ln(sum e^(z/T))` (Liu et al. 2020), in units of the logit; `None` without a pixel.
    ///
    /// Two parts are exact sums, the third has the error of the table: at most 2e-4 T, and (C - 1) 2^-16 T.
    #[must_use]
    pub fn mean_energy(&self, table: &EnergyTable) -> Option<Q16> {
        let pixels = self.pixels();
        let mean = |sum: f64| sum / pixels as f64;
        let highest = mean(self.highest as f64) - f64::from(table.zero);
        let log = mean(self.logs as f64) / 65536.0 * core::f64::consts::LN_2;
        let energy = -(f64::from(table.scale) * highest + f64::from(table.temperature) * log);
        (pixels != 0).then(|| Q16::from_f32(energy as f32))
    }

    /// Forgets every pixel.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}
