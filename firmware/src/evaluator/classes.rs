//! Frames of several classes: coarse scores row by row, and the labels of the image beside the ids that they make.

use segmeter_core::drift::{ClassStatistics, EnergyTable};
use segmeter_core::metric::Confusion;
use segmeter_core::num::Q16;
use segmeter_core::upsample::{Interpolation, Progress, Upsampling};
use segmeter_core::view::{Encoding, IGNORE, MAX_CLASSES, Quantiser, Shape};

use crate::protocol::{ClassBegin, ClassCounts, ClassReport, Rejection};

/// Bytes for the rows that are kept of a frame: 118 pixels of 19 classes, enlarged 8 times, take 8260.
const ROWS: usize = 12 * 1024;

/// Evaluates frames of several classes. 22 KiB: it is made once, where it stays.
pub struct ClassFrames {
    /// The last frame, or the one under way.
    frame: Option<Frame>,
    rows: [u8; ROWS],
    confusion: Confusion<MAX_CLASSES>,
    statistics: ClassStatistics<MAX_CLASSES>,
    /// `None`: the codes are probabilities, which have no energy.
    energy: Option<EnergyTable>,
}

/// Numbers alone: with a `bool` or an `enum` in it no frame would be something else than zeros, and an image hold a copy of
/// all the kilobytes.
#[derive(Clone, Copy)]
struct Frame {
    number: u32,
    height: u16,
    width: u16,
    classes: u8,
    factor: u8,
    /// Its place in [`Interpolation::ALL`].
    interpolation: u8,
    /// 1: codes are signed; labels come too; the frame has ended.
    signed: u8,
    labelled: u8,
    ended: u8,
    /// Rows of scores so far.
    taken: u16,
    progress: Progress,
}

impl Frame {
    fn of(begin: &ClassBegin, quantiser: &Quantiser) -> Self {
        Self {
            number: begin.frame,
            height: begin.height,
            width: begin.width,
            classes: begin.classes,
            factor: begin.factor,
            interpolation: begin.interpolation as u8,
            signed: (quantiser.encoding() == Encoding::Signed).into(),
            labelled: begin.labelled.into(),
            ended: 0,
            taken: 0,
            progress: Progress::default(),
        }
    }

    fn upsampling(&self) -> Result<Upsampling, Rejection> {
        let shape = Shape::new(self.height.into(), self.width.into()).map_err(|_| Rejection::Shape)?;
        let by = Interpolation::ALL.get(usize::from(self.interpolation)).copied().unwrap_or_default();
        Upsampling::new(shape, self.classes.into(), self.factor.into(), by).map_err(|_| Rejection::Shape)
    }

    const fn encoding(&self) -> Encoding {
        if self.signed == 1 { Encoding::Signed } else { Encoding::Unsigned }
    }

    const fn is_labelled(&self) -> bool {
        self.labelled == 1
    }

    const fn has_ended(&self) -> bool {
        self.ended == 1
    }
}

impl Default for ClassFrames {
    fn default() -> Self {
        Self::new()
    }
}

impl ClassFrames {
    /// Waits for a frame: zeros all over, so that an image holds no copy of its kilobytes.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            frame: None,
            rows: [0; ROWS],
            confusion: Confusion::new(0),
            statistics: ClassStatistics::NONE,
            energy: None,
        }
    }

    /// Starts a frame of codes of this meaning; what there is of another is forgotten. How many messages its rows take.
    ///
    /// # Errors
    /// [`Rejection::Shape`] if the frame cannot be, or its rows do not fit the memory.
    pub fn begin(&mut self, quantiser: &Quantiser, begin: &ClassBegin) -> Result<u32, Rejection> {
        self.frame = None;
        let frame = Frame::of(begin, quantiser);
        let upsampling = frame.upsampling()?;
        upsampling.rows(frame.encoding(), &mut self.rows).map_err(|_| Rejection::Shape)?;
        self.confusion.reset(IGNORE);
        self.statistics.clear();
        self.energy = EnergyTable::of(quantiser, 1.0).ok();
        self.frame = Some(frame);
        let labels = if begin.labelled { upsampling.height() } else { 0 };
        Ok(u32::from(begin.height) + labels as u32)
    }

    /// Takes the next row of scores, all classes of a pixel beside each other.
    ///
    /// # Errors
    /// [`Rejection::NoFrame`], [`Rejection::OutOfOrder`], [`Rejection::Shape`]. The frame is then abandoned.
    pub fn scores(&mut self, number: u32, row: u16, codes: &[u8]) -> Result<(), Rejection> {
        let taken = self.take_scores(number, row, codes);
        self.kept_if(taken)
    }

    fn take_scores(&mut self, number: u32, row: u16, codes: &[u8]) -> Result<(), Rejection> {
        let mut frame = self.under_way(number)?;
        let order = |expected: usize, found| Rejection::OutOfOrder { expected: expected as u32, found };
        let classes = usize::from(frame.classes);
        if row != frame.taken || row >= frame.height {
            return Err(order(frame.taken.into(), row.into()));
        }
        if codes.len() != usize::from(frame.width) * classes {
            return Err(Rejection::Shape);
        }
        // Ids are needed beside labels only.
        if frame.is_labelled() {
            let rows = frame.upsampling()?.resume(frame.encoding(), &mut self.rows, frame.progress);
            let mut rows = rows.map_err(|_| Rejection::Shape)?;
            let given = frame.progress.given();
            rows.push_interleaved(codes).map_err(|_| order(given, row.into()))?;
            frame.progress = rows.progress();
        }
        if let Some(energy) = &self.energy {
            self.statistics.push_codes(energy, codes, classes).map_err(|_| Rejection::Shape)?;
        }
        frame.taken += 1;
        self.frame = Some(frame);
        Ok(())
    }

    /// Takes the labels of the next row of the image, which the scores so far have made the ids of.
    ///
    /// # Errors
    /// [`Rejection::NoFrame`], [`Rejection::OutOfOrder`], [`Rejection::Shape`], [`Rejection::Labels`] if there are to be none or
    /// one of them is no class and not 255. The frame is then abandoned.
    pub fn labels(&mut self, number: u32, row: u16, ids: &[u8]) -> Result<(), Rejection> {
        let taken = self.take_labels(number, row, ids);
        self.kept_if(taken)
    }

    fn take_labels(&mut self, number: u32, row: u16, labels: &[u8]) -> Result<(), Rejection> {
        let mut frame = self.under_way(number)?;
        let classes = usize::from(frame.classes);
        if !frame.is_labelled() || labels.iter().any(|id| usize::from(*id) >= classes && *id != IGNORE) {
            return Err(Rejection::Labels);
        }
        let order = |expected| Rejection::OutOfOrder { expected, found: row.into() };
        if usize::from(row) != frame.progress.given() {
            return Err(order(frame.progress.given() as u32));
        }
        let rows = frame.upsampling()?.resume(frame.encoding(), &mut self.rows, frame.progress);
        let mut rows = rows.map_err(|_| Rejection::Shape)?;
        // Without the row of scores that it needs, it is that one's turn.
        let ids = rows.next_row().ok_or(order(frame.taken.into()))?;
        self.confusion.push_row(ids, labels).map_err(|_| Rejection::Shape)?;
        frame.progress = rows.progress();
        self.frame = Some(frame);
        Ok(())
    }

    /// Ends the frame and reports on it.
    ///
    /// # Errors
    /// [`Rejection::NoFrame`], or [`Rejection::OutOfOrder`] if rows are missing: the frame is then abandoned.
    pub fn end(&mut self, number: u32) -> Result<ClassReport, Rejection> {
        let frame = self.under_way(number)?;
        let upsampling = frame.upsampling()?;
        let (given, image) = (frame.progress.given(), upsampling.height());
        if frame.taken != frame.height || frame.is_labelled() && given != image {
            self.frame = None;
            let scores = (usize::from(frame.height), usize::from(frame.taken));
            let (expected, found) = if frame.is_labelled() { (image, given) } else { scores };
            return Err(Rejection::OutOfOrder { expected: expected as u32, found: found as u32 });
        }
        self.frame = Some(Frame { ended: 1, ..frame });
        let statistics = self.energy.as_ref().and_then(|energy| {
            let found = &self.statistics;
            let all = [
                found.mean_margin(),
                found.mean_energy(energy),
                found.mean_confidence(),
                found.mean_entropy(energy),
            ];
            let [Some(margin), Some(energy), Some(confidence), Some(entropy)] = all else { return None };
            Some([margin, energy, confidence, entropy].map(Q16::raw))
        });
        Ok(ClassReport {
            frame: number,
            pixels: (image * upsampling.width()) as u32,
            // A frame has fewer than 2^32 pixels.
            ignored: frame.is_labelled().then_some(self.confusion.ignored() as u32),
            statistics,
            instructions: None,
        })
    }

    /// What the last frame says of a class; `None` unless there is such a frame and such a class.
    #[must_use]
    pub fn counts(&self, class: u8) -> Option<ClassCounts> {
        let frame = self.frame.filter(|frame| frame.has_ended() && class < frame.classes)?;
        let found = self.confusion.class(class.into());
        let counts = [found.true_positive, found.false_positive, found.false_negative];
        let coarse =
            self.energy.as_ref().and_then(|_| self.statistics.classes().get(usize::from(class)).copied());
        Some(ClassCounts {
            class,
            counts: frame.is_labelled().then_some(counts.map(|count| count as u32)),
            coarse,
        })
    }

    /// Forgets the frame under way, if there is one.
    pub fn abandon(&mut self) {
        self.frame = self.frame.filter(Frame::has_ended);
    }

    /// Whether a frame is under way.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.frame.is_some_and(|frame| !frame.has_ended())
    }

    fn under_way(&self, number: u32) -> Result<Frame, Rejection> {
        let frame = self.frame.filter(|frame| !frame.has_ended()).ok_or(Rejection::NoFrame)?;
        if frame.number == number {
            Ok(frame)
        } else {
            Err(Rejection::OutOfOrder { expected: frame.number, found: number })
        }
    }

    fn kept_if(&mut self, taken: Result<(), Rejection>) -> Result<(), Rejection> {
        if taken.is_err() {
            self.frame = None;
        }
        taken
    }
}
