//! Where a message comes in, where frames are counted, and where the table of probabilities lies.

use segmeter_core::drift::Profile;
use segmeter_core::sketch::SigmoidTable;

use crate::evaluator::{ClassFrames, Evaluator, Frames, MAX_WIDTH, ROW_WORDS};
use crate::protocol::{Fault, Receiver, Rejection, Report};

/// A profile, and what its configuration says besides.
const PROFILE_PAYLOAD: usize = Profile::RECORD_LEN + 32;

/// The longest payload of a device that takes rows of `width` pixels: a row's codes, its two label planes of a bit each, and
/// at most 32 bytes for numbers, lengths and the checksum; or a profile.
#[must_use]
pub const fn payload_len(width: u16) -> usize {
    let width = width as usize;
    let row = width + 2 * width.div_ceil(8) + 32;
    if row > PROFILE_PAYLOAD { row } else { PROFILE_PAYLOAD }
}

/// The same for [`MAX_WIDTH`].
pub const MAX_PAYLOAD: usize = payload_len(MAX_WIDTH);

/// The memory of an [`App`](super::App), for rows of `WORDS` words of 32 pixels.
pub trait Room<const WORDS: usize> {
    /// [`Receiver::feed`], with the frames that the payload may be about.
    fn feed(&mut self, chunk: &mut &[u8]) -> Option<(Result<&[u8], Fault>, Targets<'_, WORDS>)>;

    /// [`Receiver::mark_damaged`].
    fn mark_damaged(&mut self);

    /// The frames.
    fn frames(&self) -> &Frames<WORDS>;

    /// [`Evaluator::end`]. The payload that was fed last is gone then.
    ///
    /// # Errors
    /// As there.
    fn end(&mut self, number: u32) -> Result<Report, Rejection>;
}

/// What a message may be about.
pub struct Targets<'a, const WORDS: usize> {
    /// Frames of one score a pixel.
    pub frames: &'a mut Frames<WORDS>,
    /// Frames of several classes, if there is memory for them.
    pub classes: Option<&'a mut ClassFrames>,
}

impl<const WORDS: usize> Targets<'_, WORDS> {
    /// Whether the frame under way is one of several classes.
    #[must_use]
    pub fn is_of_classes(&self) -> bool {
        self.classes.as_ref().is_some_and(|classes| classes.is_under_way())
    }

    /// Gives the frame under way up, whatever it is of.
    pub fn abandon(&mut self) {
        self.frames.abandon();
        if let Some(classes) = &mut self.classes {
            classes.abandon();
        }
    }
}

/// Memory with a place for everything but frames of several classes. `PAYLOAD` is [`payload_len`] of a row.
pub struct Memory<const WORDS: usize = ROW_WORDS, const PAYLOAD: usize = MAX_PAYLOAD> {
    evaluator: Evaluator<WORDS>,
    receiver: Receiver<PAYLOAD>,
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl Memory {
    /// Memory for rows of up to [`MAX_WIDTH`] that holds nothing: zeros all over.
    #[must_use]
    pub const fn new() -> Self {
        Self::sized()
    }
}

impl<const WORDS: usize, const PAYLOAD: usize> Memory<WORDS, PAYLOAD> {
    /// The same for rows of up to [`Frames::MAX_WIDTH`].
    #[must_use]
    pub const fn sized() -> Self {
        const { assert!(PAYLOAD >= payload_len(Frames::<WORDS>::MAX_WIDTH), "a row does not fit the payload") }
        Self { evaluator: Evaluator::sized(), receiver: Receiver::new() }
    }
}

impl<const WORDS: usize, const PAYLOAD: usize> Room<WORDS> for Memory<WORDS, PAYLOAD> {
    fn feed(&mut self, chunk: &mut &[u8]) -> Option<(Result<&[u8], Fault>, Targets<'_, WORDS>)> {
        let payload = self.receiver.feed(chunk)?;
        Some((payload, Targets { frames: &mut self.evaluator, classes: None }))
    }

    fn mark_damaged(&mut self) {
        self.receiver.mark_damaged();
    }

    fn frames(&self) -> &Frames<WORDS> {
        &self.evaluator
    }

    fn end(&mut self, number: u32) -> Result<Report, Rejection> {
        self.evaluator.end(number)
    }
}

/// [`Memory`] and a place for frames of several classes, 22 KiB: lent, so that what is zeros all over can be a static of its
/// own, of which an image holds no copy.
pub struct ClassMemory<'a> {
    memory: &'a mut Memory,
    classes: &'a mut ClassFrames,
}

impl<'a> ClassMemory<'a> {
    /// Of these two.
    pub const fn new(memory: &'a mut Memory, classes: &'a mut ClassFrames) -> Self {
        Self { memory, classes }
    }
}

impl Room<ROW_WORDS> for ClassMemory<'_> {
    fn feed(&mut self, chunk: &mut &[u8]) -> Option<(Result<&[u8], Fault>, Targets<'_, ROW_WORDS>)> {
        let (payload, targets) = self.memory.feed(chunk)?;
        Some((payload, Targets { classes: Some(self.classes), ..targets }))
    }

    fn mark_damaged(&mut self) {
        self.memory.mark_damaged();
    }

    fn frames(&self) -> &Frames<ROW_WORDS> {
        self.memory.frames()
    }

    fn end(&mut self, number: u32) -> Result<Report, Rejection> {
        self.memory.end(number)
    }
}

/// Memory of a small device: messages come in where the table of probabilities is, which is made anew for every report.
/// 4 KiB fewer than [`Memory`] less a payload.
pub struct SharedMemory<const WORDS: usize, const PAYLOAD: usize> {
    frames: Frames<WORDS>,
    place: Place<PAYLOAD>,
}

/// Either of the two.
#[allow(clippy::large_enum_variant, reason = "one place for both is what it is for")]
enum Place<const PAYLOAD: usize> {
    Receiver(Receiver<PAYLOAD>),
    Table(SigmoidTable),
}

impl<const WORDS: usize, const PAYLOAD: usize> Default for SharedMemory<WORDS, PAYLOAD> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const WORDS: usize, const PAYLOAD: usize> SharedMemory<WORDS, PAYLOAD> {
    /// Memory that holds nothing: zeros all over.
    #[must_use]
    pub const fn new() -> Self {
        const { assert!(PAYLOAD >= payload_len(Frames::<WORDS>::MAX_WIDTH), "a row does not fit the payload") }
        Self { frames: Frames::new(), place: Place::Receiver(Receiver::new()) }
    }
}

impl<const WORDS: usize, const PAYLOAD: usize> Room<WORDS> for SharedMemory<WORDS, PAYLOAD> {
    fn feed(&mut self, chunk: &mut &[u8]) -> Option<(Result<&[u8], Fault>, Targets<'_, WORDS>)> {
        match &mut self.place {
            Place::Receiver(receiver) => {
                Some((receiver.feed(chunk)?, Targets { frames: &mut self.frames, classes: None }))
            }
            // Only within `end`.
            Place::Table(_) => None,
        }
    }

    fn mark_damaged(&mut self) {
        if let Place::Receiver(receiver) = &mut self.place {
            receiver.mark_damaged();
        }
    }

    fn frames(&self) -> &Frames<WORDS> {
        &self.frames
    }

    fn end(&mut self, number: u32) -> Result<Report, Rejection> {
        // The message that ends a frame has just ended: its receiver waits for the first byte of the next, as a new one does.
        self.place = Place::Table(SigmoidTable::zeros());
        let mut report = Err(Rejection::NoFrame);
        if let Place::Table(table) = &mut self.place {
            table.set(self.frames.quantiser());
            report = self.frames.end_with(number, table);
        }
        self.place = Place::Receiver(Receiver::new());
        report
    }
}
