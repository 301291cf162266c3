//! A frame of several classes for a device.

use segmeter_core::upsample::{Interpolation, Upsampling};
use segmeter_core::view::{Quantiser, Shape};
use segmeter_firmware::evaluator::ClassFrames;
use segmeter_firmware::protocol::{ClassBegin, ClassCounts, ClassReport, Rejection, Request};

/// Coarse 8-bit scores of several classes for a device, and the labels of the image.
#[derive(Clone, Copy, Debug)]
pub struct ClassDeviceFrame<'a> {
    /// The number that its report carries.
    pub number: u32,
    /// Of the scores.
    pub shape: Shape,
    /// Scores of a pixel.
    pub classes: usize,
    /// How many times as high and as wide the image is.
    pub factor: usize,
    /// How the scores of its pixels are made.
    pub interpolation: Interpolation,
    /// Stored bytes, all classes of a pixel beside each other.
    pub codes: &'a [u8],
    /// Class ids of the image, 255 where nothing is scored.
    pub labels: Option<&'a [u8]>,
}

/// What a frame of several classes amounted to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassFound {
    /// What is not of a class.
    pub report: ClassReport,
    /// Every class.
    pub classes: Vec<ClassCounts>,
}

impl<'a> ClassDeviceFrame<'a> {
    /// What announces it.
    pub(super) fn begin(&self) -> Result<ClassBegin, Rejection> {
        let side = |side: usize| u16::try_from(side).map_err(|_| Rejection::Shape);
        let small = |number: usize| u8::try_from(number).map_err(|_| Rejection::Shape);
        Ok(ClassBegin {
            frame: self.number,
            height: side(self.shape.height())?,
            width: side(self.shape.width())?,
            classes: small(self.classes)?,
            factor: small(self.factor)?,
            interpolation: self.interpolation.into(),
            labelled: self.labels.is_some(),
        })
    }

    /// Its rows in order: after each of scores those of labels beside the ids that it completes.
    pub(super) fn rows(self) -> Result<impl Iterator<Item = Request<'a>>, Rejection> {
        let of = Upsampling::new(self.shape, self.classes, self.factor, self.interpolation);
        let of = of.map_err(|_| Rejection::Shape)?;
        let frame = self.number;
        let all = move |row: u16, codes: &'a [u8]| {
            let (before, after) = (of.ready(row.into()), of.ready(usize::from(row) + 1));
            let labels = self
                .labels
                .into_iter()
                .flat_map(move |labels| labels.chunks(of.width()).enumerate().take(after).skip(before));
            let labels = labels.map(move |(row, ids)| Request::ClassLabels { frame, row: row as u16, ids });
            std::iter::once(Request::ClassScores { frame, row, codes }).chain(labels)
        };
        let rows = self.codes.chunks((self.shape.width() * self.classes).max(1));
        Ok((0..=u16::MAX).zip(rows).flat_map(move |(row, codes)| all(row, codes)))
    }

    /// What the same evaluation finds here, on the desk.
    ///
    /// # Errors
    /// What the device would refuse as well.
    pub fn evaluate(self, quantiser: &Quantiser, desk: &mut ClassFrames) -> Result<ClassFound, Rejection> {
        desk.begin(quantiser, &self.begin()?)?;
        for row in self.rows()? {
            match row {
                Request::ClassScores { frame, row, codes } => desk.scores(frame, row, codes)?,
                Request::ClassLabels { frame, row, ids } => desk.labels(frame, row, ids)?,
                _ => {}
            }
        }
        let report = desk.end(self.number)?;
        Ok(ClassFound {
            report,
            classes: (0..self.classes as u8).filter_map(|class| desk.counts(class)).collect(),
        })
    }
}
