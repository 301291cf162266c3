//! A histogram of a statistic, on bins that the reference has fixed.

use crate::error::{Error, Result};
use crate::num::Q16;

/// Bins inside the range.
const INSIDE: usize = 16;

/// Counts of a statistic in sixteen equal bins of the range of its reference, and two for what lies below and above.
///
/// One value out of range changes no bin: libraries that bin by the range of both samples compare two other histograms
/// then. 80 bytes.
///
/// ```
/// use segmeter_core::{drift::{Distance, Histogram}, num::Q16};
/// let value = Q16::from_f32;
/// let mut reference = Histogram::new(value(0.0), value(16.0))?;
/// let mut current = Histogram::new(value(0.0), value(16.0))?;
/// [0.0, 0.5, 7.0, 16.0].map(|x| reference.push(value(x)));
/// [0.5, 7.5, 90.0, -1.0].map(|x| current.push(value(x)));
/// assert_eq!(reference.bins()[..3], [0, 2, 0]);
/// assert_eq!((current.bins()[0], current.bins()[17]), (1, 1));
/// let bins = current.bins().map(u64::from);
/// assert_eq!(Distance::TotalVariation.between(reference.bins(), bins), Some(0.5));
/// # Ok::<(), segmeter_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Histogram {
    low: Q16,
    high: Q16,
    bins: [u32; INSIDE + 2],
}

impl Histogram {
    /// For values from `low` to `high`, both inside.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless `low` is below `high`.
    pub fn new(low: Q16, high: Q16) -> Result<Self> {
        if low >= high {
            return Err(Error::Parameter("range"));
        }
        Ok(Self { low, high, bins: [0; INSIDE + 2] })
    }

    /// Adds a value. One division.
    pub fn push(&mut self, value: Q16) {
        let range = u64::from(self.high.raw().abs_diff(self.low.raw()));
        let above = u64::from(value.raw().abs_diff(self.low.raw()));
        let inside = (above * INSIDE as u64).checked_div(range).unwrap_or(0).min(INSIDE as u64 - 1);
        let bin = match value {
            _ if value < self.low => 0,
            _ if value > self.high => INSIDE + 1,
            _ => inside as usize + 1,
        };
        if let Some(count) = self.bins.get_mut(bin) {
            *count = count.saturating_add(1);
        }
    }

    /// The counts: below the range, in its sixteenths, above it.
    #[must_use]
    pub const fn bins(&self) -> &[u32; INSIDE + 2] {
        &self.bins
    }

    /// Forgets every value, and keeps the range.
    pub fn clear(&mut self) {
        self.bins = [0; INSIDE + 2];
    }
}
