//! What the 8-bit logits of several classes say.

use crate::num::Q16;

/// Segments of the table of logarithms.
const SEGMENTS: usize = 32;
/// One in the table of exponentials.
const ONE: u32 = 1 << 15;

/// `e^-d` of every difference of two codes, and `log2` of what their sum is: what an energy takes per pixel. 656 bytes.
#[derive(Clone, Debug)]
pub struct EnergyTable {
    /// In steps of 2^-15.
    powers: [u16; 256],
    /// `log2(1 + i/32)` in steps of 2^-16.
    logs: [u32; SEGMENTS + 1],
    scale: f32,
    zero_point: i32,
    temperature: f32,
}

impl EnergyTable {
    /// For logits `scale * (code - zero_point)` at a temperature; 1 is that of the loss.
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter) unless both are finite and above zero, and `zero_point` is a code.
    pub fn new(scale: f32, zero_point: i32, temperature: f32) -> crate::Result<Self> {
        if !(temperature > 0.0 && temperature < 1e6) {
            return Err(crate::Error::Parameter("temperature"));
        }
        crate::view::Quantiser::logits(crate::view::Encoding::Signed, scale, zero_point)?;
        let rate = f64::from(scale) / f64::from(temperature);
        let (mut powers, mut logs) = ([0; 256], [0; SEGMENTS + 1]);
        for (difference, power) in (0..256).zip(&mut powers) {
            *power = (libm::exp(-rate * f64::from(difference)) * f64::from(ONE) + 0.5) as u16;
        }
        for (segment, log) in (0..=SEGMENTS).zip(&mut logs) {
            *log = (libm::log2(1.0 + segment as f64 / SEGMENTS as f64) * 65536.0 + 0.5) as u32;
        }
        Ok(Self { powers, logs, scale, zero_point, temperature })
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

/// Statistics of `C` classes from logits of `i8`, a pixel's beside each other.
///
/// Per pixel `C` comparisons and, for the energy, `C` look-ups; no exponential, no logarithm, no division. Memory:
/// `4 C + 24` bytes. The margin and the energy react to doubt and to objects never seen; both follow the scale of the
/// logits. The histogram of the classes is the scene.
///
/// ```
/// use segmeter_core::drift::{EnergyTable, ClassStatistics};
/// let table = EnergyTable::new(0.1, 0, 1.0)?;
/// let mut frame = ClassStatistics::<3>::default();
/// frame.push_row(&table, &[[10, 20, -30], [5, 5, 5]]);
/// assert_eq!(frame.classes(), &[1, 1, 0]);
/// assert_eq!(frame.mean_margin().unwrap().to_f32(), 5.0);
/// // Of -2.31818 and -1.59861.
/// assert_eq!(frame.mean_energy(&table).unwrap().to_f32(), -1.958_389_3);
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassStatistics<const C: usize> {
    classes: [u32; C],
    /// Sums of the highest code, of what it is above the second, and of `log2` of the sum of the powers.
    highest: i64,
    margins: u64,
    logs: u64,
}

impl<const C: usize> Default for ClassStatistics<C> {
    fn default() -> Self {
        Self { classes: [0; C], highest: 0, margins: 0, logs: 0 }
    }
}

impl<const C: usize> ClassStatistics<C> {
    /// Adds pixels. Of equal logits the first class is predicted.
    pub fn push_row(&mut self, table: &EnergyTable, pixels: &[[i8; C]]) {
        for logits in pixels {
            let (mut class, mut first, mut second) = (0, i8::MIN, i8::MIN);
            for (place, logit) in logits.iter().enumerate() {
                if *logit > first {
                    (class, second, first) = (place, first, *logit);
                } else {
                    second = second.max(*logit);
                }
            }
            let powers = logits.iter().map(|logit| table.power(first.abs_diff(*logit)));
            let sum = powers.fold(0, u32::saturating_add);
            if let Some(count) = self.classes.get_mut(class) {
                *count = count.saturating_add(1);
            }
            self.highest = self.highest.saturating_add(first.into());
            self.margins = self.margins.saturating_add(first.abs_diff(second).into());
            self.logs = self.logs.saturating_add(table.log2(sum).into());
        }
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

    /// Mean of `-T ln(sum e^(z/T))` (Liu et al. 2020), in units of the logit; `None` without a pixel.
    ///
    /// Two parts are exact sums, the third has the error of the table: at most 2e-4 T, and (C - 1) 2^-16 T.
    #[must_use]
    pub fn mean_energy(&self, table: &EnergyTable) -> Option<Q16> {
        let pixels = self.pixels();
        let mean = |sum: f64| sum / pixels as f64;
        let highest = mean(self.highest as f64) - f64::from(table.zero_point);
        let log = mean(self.logs as f64) / 65536.0 * core::f64::consts::LN_2;
        let energy = -(f64::from(table.scale) * highest + f64::from(table.temperature) * log);
        (pixels != 0).then(|| Q16::from_f32(energy as f32))
    }

    /// Forgets every pixel.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}
