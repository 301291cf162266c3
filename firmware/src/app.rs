//! What the firmware does with a board: it answers requests until it is told to stop.

use core::marker::PhantomData;

use embedded_hal::delay::DelayNs;
use embedded_hal::digital::OutputPin;
use embedded_io::{Error as _, ErrorKind, Read, Write};

use crate::board::Instruments;
use crate::evaluator::ROW_WORDS;
use crate::protocol::{DeviceMessage, Response, Tag};

mod memory;
mod session;

use session::Session;

pub use memory::{ClassMemory, MAX_PAYLOAD, Memory, Room, SharedMemory, Targets, payload_len};

/// How long both lamps are lit at the start: a dead alarm lamp is found out then, not in an alarm.
const LAMP_TEST_MS: u32 = 20;

/// Bytes that are taken from the line at once: what is done with them is a piece of bounded work.
pub const PIECE: usize = 64;

/// Why the firmware stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Stop {
    /// The host asked for it. What a board does then is its own affair; under QEMU its program is to end with success, which
    /// is what a desk that has started it waits for.
    Shutdown,
    /// The other end of the line is closed. Never on a serial port, which has no end.
    Closed,
    /// The line is broken.
    Line,
}

/// The firmware on a board of these parts.
pub struct App<'a, Line, Activity, Alarm, Clock, M = Memory, const WORDS: usize = ROW_WORDS> {
    /// Borrowed, so that a device can keep it in a static: it is far larger than the rest.
    memory: &'a mut M,
    session: Session<Line, Activity, Alarm, Clock>,
    words: PhantomData<[(); WORDS]>,
}

impl<'a, Line, Activity, Alarm, Clock, M, const WORDS: usize> App<'a, Line, Activity, Alarm, Clock, M, WORDS>
where
    Line: Read + Write,
    Activity: OutputPin,
    Alarm: OutputPin,
    Clock: Instruments,
    M: Room<WORDS>,
{
    /// The firmware on the board called `board`. `activity` is lit while a frame comes in, `alarm` while the drift
    /// monitor is in alarm.
    pub const fn new(
        board: &'static str,
        memory: &'a mut M,
        line: Line,
        activity: Activity,
        alarm: Alarm,
        clock: Clock,
    ) -> Self {
        let session = Session {
            line,
            activity,
            alarm,
            clock,
            board,
            cost: 0,
            last: None,
            end: 0,
            spoilt: None,
            piece: (0, 0),
        };
        Self { memory, session, words: PhantomData }
    }

    /// Shows that the lamps work, then answers requests until there is a reason to stop.
    pub fn run(&mut self, delay: &mut impl DelayNs) -> Stop {
        let session = &mut self.session;
        let _ = session.activity.set_high();
        let _ = session.alarm.set_high();
        delay.delay_ms(LAMP_TEST_MS);
        session.show(self.memory.frames(), false);
        let mut buffer = [0; PIECE];
        loop {
            let chunk = match self.session.line.read(&mut buffer) {
                Ok(0) => return Stop::Closed,
                Ok(count) => buffer.get(..count).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::TimedOut => {
                    self.session.clock.alive();
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::InvalidData => {
                    self.memory.mark_damaged();
                    continue;
                }
                Err(_) => return Stop::Line,
            };
            if let Some(stop) = self.hear(chunk) {
                return stop;
            }
        }
    }

    /// Answers the requests in the next bytes of the line, unless there is a reason to stop.
    pub fn hear(&mut self, bytes: &[u8]) -> Option<Stop> {
        self.session.piece.0 = self.session.now();
        for mut chunk in bytes.chunks(PIECE) {
            while let Some((payload, mut to)) = self.memory.feed(&mut chunk) {
                let stop = match self.session.take(&mut to, payload) {
                    // The message is done with: where it came in, there may be a table now.
                    Ok(Some((tag, frame, start))) => self.report(tag, frame, start),
                    Ok(None) => None,
                    Err(stop) => Some(stop),
                };
                if stop.is_some() {
                    return stop;
                }
            }
            self.session.piece_done();
        }
        None
    }

    /// Sends the report on a frame. Not inlined: between frames its stack is free.
    #[inline(never)]
    fn report(&mut self, tag: Tag, frame: u32, start: u64) -> Option<Stop> {
        let response = self.memory.end(frame).map_or_else(Response::Rejected, Response::Report);
        let mut message = DeviceMessage::Response(tag, response);
        self.session.spend(start);
        self.session.show(self.memory.frames(), false);
        if let DeviceMessage::Response(_, Response::Report(report)) = &mut message {
            report.instructions = self.session.clock.instructions().map(|_| self.session.cost);
        }
        self.session.say(&message, false)
    }
}

#[cfg(test)]
mod tests;
