//! The fixed-point number of drift statistics and detectors.

use core::fmt;

/// A signed number in steps of 2^-16, saturating at about ±32768: the same on a part without an FPU.
///
/// ```
/// use segmeter_core::num::Q16;
/// assert_eq!(Q16::ratio(1, 3).raw(), 21845);
/// assert_eq!(Q16::from_f32(0.5).to_f32(), 0.5);
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Q16(i32);

impl Q16 {
    /// Zero.
    pub const ZERO: Self = Self(0);
    /// One.
    pub const ONE: Self = Self(1 << 16);
    /// The largest value.
    pub const MAX: Self = Self(i32::MAX);

    /// From the raw count of 2^-16 steps.
    #[must_use]
    pub const fn from_raw(raw: i32) -> Self {
        Self(raw)
    }

    /// The raw count of 2^-16 steps.
    #[must_use]
    pub const fn raw(self) -> i32 {
        self.0
    }

    /// The nearest step; NaN becomes zero, and values out of range saturate.
    #[must_use]
    pub const fn from_f32(value: f32) -> Self {
        let scaled = value * 65536.0;
        Self((if scaled < 0.0 { scaled - 0.5 } else { scaled + 0.5 }) as i32)
    }

    /// As `f32`, rounded once.
    #[must_use]
    pub fn to_f32(self) -> f32 {
        self.0 as f32 / 65536.0
    }

    /// As `f64`, exactly.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        f64::from(self.0) / 65536.0
    }

    /// `numerator / denominator` to the nearest step, halves away from zero; zero where the denominator is.
    #[must_use]
    pub fn ratio(numerator: i64, denominator: u64) -> Self {
        Self::divide(i128::from(numerator) << 16, denominator)
    }

    /// `self * other`, nearest step.
    #[must_use]
    pub fn times(self, other: Self) -> Self {
        Self::saturate((i64::from(self.0) * i64::from(other.0) + (1 << 15)) >> 16)
    }

    /// `self / other`, nearest step; saturates where `other` is zero.
    #[must_use]
    pub fn over(self, other: Self) -> Self {
        if other.0 == 0 {
            return Self(if self.0 < 0 { -i32::MAX } else { i32::MAX });
        }
        let numerator = i64::from(self.0) << 16;
        let signed = if other.0 < 0 { -numerator } else { numerator };
        Self::divide(i128::from(signed), u64::from(other.0.unsigned_abs()))
    }

    /// The square root, rounded down; 0 below 0.
    #[must_use]
    pub const fn root(self) -> Self {
        if self.0 <= 0 {
            return Self::ZERO;
        }
        // Fewer than 2^47: the root fits.
        Self(((self.0 as u64) << 16).isqrt() as i32)
    }

    /// `self + other`, saturating.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// `self - other`, saturating.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The nearest step to `numerator / denominator`, both counted in steps; zero where the denominator is.
    pub(crate) fn divide(numerator: i128, denominator: u64) -> Self {
        let half = i128::from(denominator / 2);
        let rounded = if numerator < 0 { numerator - half } else { numerator + half };
        // A 128-bit division costs a microcontroller thousands of instructions: only where it must be.
        let quotient = match (i64::try_from(rounded), i64::try_from(denominator)) {
            (Ok(numerator), Ok(denominator)) => numerator.checked_div(denominator),
            _ => rounded
                .checked_div(i128::from(denominator))
                .map(|wide| wide.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64),
        };
        quotient.map_or(Self::ZERO, Self::saturate)
    }

    const fn saturate(wide: i64) -> Self {
        if wide > i32::MAX as i64 {
            Self(i32::MAX)
        } else if wide < -(i32::MAX as i64) {
            Self(-i32::MAX)
        } else {
            Self(wide as i32)
        }
    }
}

impl fmt::Debug for Q16 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Q16 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.to_f32(), f)
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Q16 {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "{=f32}", self.to_f32());
    }
}
