//! A frame for a device.

use segmeter_firmware::evaluator::Evaluator;
use segmeter_firmware::protocol::{Rejection, Report, RowLabels};

/// A frame for a device: 8-bit codes, and labels of a bit each with rows that start a byte.
#[derive(Clone, Copy, Debug)]
pub struct DeviceFrame<'a> {
    /// The number that its report carries.
    pub number: u32,
    /// Pixels of a row.
    pub width: u16,
    /// Stored bytes, row-major.
    pub codes: &'a [u8],
    /// Foreground and valid bits.
    pub labels: Option<(&'a [u8], &'a [u8])>,
}

impl<'a> DeviceFrame<'a> {
    /// Rows in order: codes, and labels if there are any.
    pub fn rows(self) -> impl Iterator<Item = (u16, &'a [u8], Option<RowLabels<'a>>)> {
        let width = usize::from(self.width);
        let packed = width.div_ceil(8);
        // A width of zero is for the firmware to refuse, not to divide by.
        (0..=u16::MAX).zip(self.codes.chunks(width.max(1))).map(move |(row, codes)| {
            let bits = usize::from(row) * packed..(usize::from(row) + 1) * packed;
            let labels = self.labels.and_then(|(foreground, valid)| {
                Some(RowLabels { foreground: foreground.get(bits.clone())?, valid: valid.get(bits)? })
            });
            (row, codes, labels)
        })
    }

    /// Rows, unless there are more than the protocol can count.
    pub(super) fn height(&self) -> Result<u16, Rejection> {
        u16::try_from(self.codes.len() / usize::from(self.width).max(1)).map_err(|_| Rejection::Shape)
    }

    /// The report that the same evaluation gives here, on the desk.
    ///
    /// # Errors
    /// What the device would refuse as well.
    pub fn evaluate(self, evaluator: &mut Evaluator) -> Result<Report, Rejection> {
        evaluator.begin(self.number, self.height()?, self.width, self.labels.is_some())?;
        for (row, codes, labels) in self.rows() {
            evaluator.row(self.number, row, codes, labels)?;
        }
        evaluator.end(self.number)
    }
}
