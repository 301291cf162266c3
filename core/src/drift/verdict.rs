//! What the monitor answers.

use super::Signal;
use super::record::{Field, Reader, Writer, record};
use crate::error::{Error, Result};

/// What the monitor concludes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum State {
    /// It cannot tell: warming up, or too many invalid frames.
    #[default]
    Unknown,
    /// In control.
    Normal,
    /// A chart is above half of its threshold, or the scene alone has changed.
    Watch,
    /// The model can no longer be trusted. Stays until the charts of confidence have been in control for
    /// [`super::Rules::release_blocks`], or until somebody acknowledges it.
    Alarm,
    /// An alarm that somebody has seen; it becomes one again if another signal drifts.
    Acknowledged,
}

impl State {
    /// All states, as records number them.
    pub const ALL: [Self; 5] = [Self::Unknown, Self::Normal, Self::Watch, Self::Alarm, Self::Acknowledged];

    /// The name that reports use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Normal => "normal",
            Self::Watch => "watch",
            Self::Alarm => "alarm",
            Self::Acknowledged => "acknowledged",
        }
    }
}

impl Field for State {
    const LEN: usize = 1;
    fn put(&self, to: &mut Writer<'_>) {
        (*self as u8).put(to);
    }
    fn read(&mut self, from: &mut Reader<'_>) -> Result<()> {
        let [number] = from.take()?;
        *self = Self::ALL.get(usize::from(number)).copied().ok_or(Error::Parameter("state"))?;
        Ok(())
    }
}

record! {
    /// Why the state is what it is. Charts: those above their threshold or, if none is, above half of it.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[cfg_attr(feature = "defmt", derive(defmt::Format))]
    pub struct Reasons {
        /// [`Signal::bit`]s of charts against the factory reference.
        pub factory: u8,
        /// [`Signal::bit`]s of charts against the site reference.
        pub site: u8,
        /// [`Reasons::INVALID_RUN`] and the others.
        pub conditions: u8,
    }
}

impl Reasons {
    /// [`super::Rules::invalid_frames`] in a row were invalid.
    pub const INVALID_RUN: u8 = 1;
    /// Most frames of the last block were invalid.
    pub const UNDECIDED: u8 = 2;
    /// Warming up.
    pub const WARM_UP: u8 = 4;
    /// What the monitor had in memory was lost: it started anew.
    pub const STATE_LOST: u8 = 8;
    /// The estimated IoU has fallen by more than [`super::Rules::harm_margin`].
    pub const HARM: u8 = 16;

    /// Signals of a set of bits.
    pub fn signals(bits: u8) -> impl Iterator<Item = Signal> {
        Signal::ALL.into_iter().filter(move |signal| bits & signal.bit() != 0)
    }
}

record! {
    /// The monitor's answer to a frame.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[cfg_attr(feature = "defmt", derive(defmt::Format))]
    pub struct Verdict {
        /// The conclusion after the last complete block.
        pub state: State,
        /// Why, if it is not normal.
        pub reasons: Reasons,
        /// Complete blocks so far.
        pub blocks: u32,
    }
}

/// The reference of the place where the monitor works, beside the factory's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Site {
    /// None.
    #[default]
    Empty,
    /// Block means are being collected.
    Capturing,
    /// Sealed: nothing that is watched ever changes it.
    Sealed,
}

impl Field for Site {
    const LEN: usize = 1;
    fn put(&self, to: &mut Writer<'_>) {
        (*self as u8).put(to);
    }
    fn read(&mut self, from: &mut Reader<'_>) -> Result<()> {
        *self = match from.take()? {
            [0] => Self::Empty,
            [1] => Self::Capturing,
            [2] => Self::Sealed,
            _ => return Err(Error::Parameter("site")),
        };
        Ok(())
    }
}
