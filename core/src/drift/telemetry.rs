//! What a device sends of its monitor: a packet of at most 64 bytes.

use super::record::{Field, Reader, Writer, record};
use super::{Monitor, Reasons, SIGNALS, Signal, State};
use crate::error::{Error, Result};
use crate::num::Q16;

/// The checksum of the packet: that of XMODEM.
const CRC: crc::Crc<u16> = crc::Crc::<u16>::new(&crc::CRC_16_XMODEM);

/// The version of the packet.
pub const PACKET_VERSION: u8 = 1;

record! {
    /// A monitor at one moment.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[cfg_attr(feature = "defmt", derive(defmt::Format))]
    pub struct Packet {
        /// Rises by one with every packet; it may wrap.
        pub sequence: u16,
        /// When, in ms of the device's clock.
        pub time_ms: u32,
        /// The conclusion.
        pub state: State,
        /// Why.
        pub reasons: Reasons,
        /// Frames measured since the monitor began, modulo 2^32: a receiver that missed a packet still counts right.
        pub valid_frames: u32,
        /// Frames not measured, likewise.
        pub invalid_frames: u32,
        /// Alarms so far, likewise.
        pub alarms: u16,
        /// The last block mean of each signal, `(x - mean) / deviation` of the factory reference, in steps of 2^-8, rounded
        /// down; beyond 128 deviations the last number.
        pub scores: [i16; SIGNALS],
        /// The signal that lies farthest out, the first of those that lie equally far, by its place in [`Signal::ALL`].
        pub worst: u8,
        /// The estimated IoU of the last frame in steps of 2^-16, at most 65,534; [`Packet::NO_ESTIMATE`] if there is none.
        pub estimated_iou: u16,
        /// [`super::Profile::fingerprint`].
        pub profile: u32,
    }
}

impl Packet {
    /// Stands for an estimated IoU that there is not.
    pub const NO_ESTIMATE: u16 = u16::MAX;

    /// Bytes of a packet: version, record, CRC-16.
    pub const LEN: usize = 1 + <Self as Field>::LEN + 2;

    /// The packet of a monitor. `profile` is [`super::Profile::fingerprint`], which costs too much for every packet.
    #[must_use]
    pub fn new(
        monitor: &Monitor,
        profile: u32,
        estimated_iou: Option<Q16>,
        sequence: u16,
        time_ms: u32,
    ) -> Self {
        let verdict = monitor.verdict();
        let scores = monitor.scores().map(|z| (z.raw() >> 8).clamp(i16::MIN.into(), i16::MAX.into()) as i16);
        // Before they are cut to the packet's steps: what is shown alike need not be.
        let farthest = (0..)
            .zip(monitor.scores())
            .max_by_key(|(place, score)| (score.raw().unsigned_abs(), u8::MAX - place));
        let invalid = monitor.invalid_frames().iter().fold(0u32, |sum, count| sum.wrapping_add(*count));
        Self {
            sequence,
            time_ms,
            state: verdict.state,
            reasons: verdict.reasons,
            valid_frames: monitor.valid_frames() as u32,
            invalid_frames: invalid,
            alarms: monitor.alarms() as u16,
            scores,
            worst: farthest.map_or(0, |(place, _)| place),
            estimated_iou: estimated_iou.map_or(Self::NO_ESTIMATE, |iou| iou.raw().clamp(0, 65_534) as u16),
            profile,
        }
    }

    /// The signal that lies farthest out.
    #[must_use]
    pub fn worst(&self) -> Option<Signal> {
        Signal::ALL.get(usize::from(self.worst)).copied()
    }

    /// Writes the packet.
    #[must_use]
    pub fn bytes(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        if let Some((body, seal)) = bytes.split_last_chunk_mut::<2>() {
            let mut to = Writer::new(body);
            PACKET_VERSION.put(&mut to);
            self.put(&mut to);
            *seal = CRC.checksum(body).to_le_bytes();
        }
        bytes
    }

    /// Reads a packet.
    ///
    /// # Errors
    /// [`Error::Parameter`] names what is wrong: `length`, `crc`, `version`, or a value.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let (body, seal) = bytes.split_last_chunk::<2>().ok_or(Error::Parameter("length"))?;
        if bytes.len() != Self::LEN {
            return Err(Error::Parameter("length"));
        }
        if CRC.checksum(body).to_le_bytes() != *seal {
            return Err(Error::Parameter("crc"));
        }
        let mut from = Reader::new(body);
        if from.take()? != [PACKET_VERSION] {
            return Err(Error::Parameter("version"));
        }
        let mut packet = Self::default();
        Field::read(&mut packet, &mut from)?;
        Ok(packet)
    }
}

/// When the next packet is due: at once when the state changes, then every `period_ms`, and ten times as often while an alarm
/// waits to be acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// Time between two packets while nothing happens, in ms.
    pub period_ms: u32,
    last: Option<(u32, State)>,
}

impl Schedule {
    /// A schedule that has sent nothing.
    #[must_use]
    pub const fn new(period_ms: u32) -> Self {
        Self { period_ms, last: None }
    }

    /// Whether to send now; if so, the packet counts as sent. The clock may wrap.
    pub fn is_due(&mut self, time_ms: u32, state: State) -> bool {
        let period = if state == State::Alarm { self.period_ms / 10 } else { self.period_ms };
        let due = match self.last {
            None => true,
            Some((at, before)) => before != state || time_ms.wrapping_sub(at) >= period.max(1),
        };
        if due {
            self.last = Some((time_ms, state));
        }
        due
    }
}
