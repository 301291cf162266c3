//! Who says what to whom: a greeting that every version understands, and requests and responses with a tag.

use serde::{Deserialize, Serialize};

use super::message::{Request, Response};

/// The version of all messages. A host that finds another in [`DeviceMessage::Ready`] must not go on.
pub const VERSION: u16 = 4;

/// Which request of which session. A response carries the tag of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Tag {
    /// The host's choice with [`Request::Open`].
    pub session: u32,
    /// Grows with every request of a session, by one.
    pub number: u32,
}

impl Tag {
    /// The request after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self { session: self.session, number: self.number.wrapping_add(1) }
    }
}

/// What a host sends.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum HostMessage<'a> {
    /// Who is there? Answered by [`DeviceMessage::Ready`]. These two are the same in every version, so that two ends of
    /// different versions can find out.
    Hello,
    /// Everything else.
    Request(Tag, #[serde(borrow)] Request<'a>),
}

/// What a device sends.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[allow(clippy::large_enum_variant, reason = "there is no heap to put a report on")]
pub enum DeviceMessage<'a> {
    /// The device is there.
    Ready {
        /// Its [`VERSION`].
        protocol: u16,
        /// The board's name.
        board: &'a str,
        /// The widest row it takes.
        max_width: u16,
    },
    /// The answer to the request of this tag.
    Response(Tag, Response),
}
