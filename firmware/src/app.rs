//! What the firmware does with a board: it answers requests until it is told to stop.

use core::marker::PhantomData;

use embedded_hal::delay::DelayNs;
use embedded_hal::digital::OutputPin;
use embedded_io::{Error as _, ErrorKind, Read, Write};

use crate::board::Instruments;
use crate::evaluator::{Frames, ROW_WORDS};
use crate::protocol::{
    DeviceMessage, Fault, HostMessage, Rejection, Request, Response, Tag, Telemetry, VERSION, decode, send,
};

mod memory;

pub use memory::{ClassMemory, MAX_PAYLOAD, Memory, Room, SharedMemory, Targets, payload_len};

/// How long both lamps are lit at the start: a dead alarm lamp is found out then, not in an alarm.
const LAMP_TEST_MS: u32 = 20;

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

/// What becomes of a request.
enum Admission {
    /// It is the session's next.
    Next,
    /// It is of another session, and somebody may wait for an answer.
    Foreign,
    /// It is late, or came twice.
    Dropped,
}

/// What is to be said.
#[allow(clippy::large_enum_variant, reason = "there is no heap to put a message on")]
enum Answer {
    Message(DeviceMessage<'static>),
    /// The report on the frame of this number, by that tag.
    Report(Tag, u32),
}

/// The firmware on a board of these parts.
pub struct App<'a, Line, Activity, Alarm, Clock, M = Memory, const WORDS: usize = ROW_WORDS> {
    /// Borrowed, so that a device can keep it in a static: it is far larger than the rest.
    memory: &'a mut M,
    session: Session<Line, Activity, Alarm, Clock>,
    words: PhantomData<[(); WORDS]>,
}

/// Everything but the memory.
struct Session<Line, Activity, Alarm, Clock> {
    line: Line,
    activity: Activity,
    alarm: Alarm,
    clock: Clock,
    board: &'static str,
    /// Instructions that the frame under way has cost so far.
    cost: u64,
    /// The last request that was heard. `None`: no session was ever opened.
    last: Option<Tag>,
    /// Number of the request that ends the frame under way: before it is its turn, the host sends and does not listen.
    end: u32,
    /// The first thing that was wrong with the frame under way, kept for its end.
    spoilt: Option<Rejection>,
    /// The frame under way is one of several classes.
    in_classes: bool,
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
            in_classes: false,
        };
        Self { memory, session, words: PhantomData }
    }

    /// Shows that the lamps work, then answers requests until there is a reason to stop.
    pub fn run(&mut self, delay: &mut impl DelayNs) -> Stop {
        let session = &mut self.session;
        let _ = session.activity.set_high();
        let _ = session.alarm.set_high();
        delay.delay_ms(LAMP_TEST_MS);
        session.show(self.memory.frames());
        let mut buffer = [0; 64];
        loop {
            let chunk = match self.session.line.read(&mut buffer) {
                Ok(0) => return Stop::Closed,
                Ok(count) => buffer.get(..count).unwrap_or_default(),
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
    pub fn hear(&mut self, mut chunk: &[u8]) -> Option<Stop> {
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
        None
    }

    /// Sends the report on a frame. Not inlined: between frames its stack is free.
    #[inline(never)]
    fn report(&mut self, tag: Tag, frame: u32, start: u64) -> Option<Stop> {
        let response = self.memory.end(frame).map_or_else(Response::Rejected, Response::Report);
        let mut message = DeviceMessage::Response(tag, response);
        self.session.spend(start);
        self.session.show(self.memory.frames());
        if let DeviceMessage::Response(_, Response::Report(report)) = &mut message {
            report.instructions = self.session.clock.instructions().map(|_| self.session.cost);
        }
        self.session.say(&message, false)
    }
}

impl<Line, Activity, Alarm, Clock> Session<Line, Activity, Alarm, Clock>
where
    Line: Read + Write,
    Activity: OutputPin,
    Alarm: OutputPin,
    Clock: Instruments,
{
    /// Instructions so far, where the board can tell.
    fn now(&self) -> u64 {
        self.clock.instructions().unwrap_or(0)
    }

    /// Counts what was done since `start` as spent on the frame under way.
    fn spend(&mut self, start: u64) {
        self.cost += self.now().saturating_sub(start);
    }

    /// Follows what came in, and answers it. A frame that has ended is named instead, with when that began: its report is yet
    /// to be made. Not inlined, as the next: the stack of each is free for an evaluation.
    #[inline(never)]
    fn take<const WORDS: usize>(
        &mut self,
        to: &mut Targets<'_, WORDS>,
        payload: Result<&[u8], Fault>,
    ) -> Result<Option<(Tag, u32, u64)>, Stop> {
        let message = payload.and_then(decode);
        let start = self.now();
        let ends = matches!(message, Ok(HostMessage::Request(_, Request::Shutdown)));
        let mut answer = self.answer(to, message);
        if let Some(Answer::Report(tag, frame)) = answer {
            return Ok(Some((tag, frame, start)));
        }
        self.spend(start);
        if let Some(Answer::Message(DeviceMessage::Response(_, Response::Classes(report)))) = &mut answer {
            report.instructions = self.clock.instructions().map(|_| self.cost);
        }
        self.show(to.frames);
        match answer {
            Some(Answer::Message(message)) => self.say(&message, ends).map_or(Ok(None), Err),
            _ => Ok(None),
        }
    }

    /// Sends an answer; `ends`: it is to a request to stop.
    #[inline(never)]
    fn say(&mut self, answer: &DeviceMessage<'static>, ends: bool) -> Option<Stop> {
        if send(&mut self.line, answer).is_err() {
            return Some(Stop::Line);
        }
        let accepted = matches!(answer, DeviceMessage::Response(_, Response::Accepted));
        (ends && accepted).then_some(Stop::Shutdown)
    }

    /// Follows one message. `None`: it needs no answer.
    fn answer<const WORDS: usize>(
        &mut self,
        to: &mut Targets<'_, WORDS>,
        message: Result<HostMessage<'_>, Fault>,
    ) -> Option<Answer> {
        let response = |tag, response| Answer::Message(DeviceMessage::Response(tag, response));
        match message {
            // Always: whoever asks may know nothing of a frame under way.
            Ok(HostMessage::Hello) => {
                let (protocol, max_width) = (VERSION, Frames::<WORDS>::MAX_WIDTH);
                Some(Answer::Message(DeviceMessage::Ready { protocol, board: self.board, max_width }))
            }
            Ok(HostMessage::Request(tag, request)) => match self.admit(tag, &request) {
                Admission::Next => self.follow(to, tag, request),
                Admission::Foreign => Some(response(tag, Response::Rejected(Rejection::Session))),
                Admission::Dropped => None,
            },
            Err(fault) => {
                self.damaged(to, fault).map(|(tag, reason)| response(tag, Response::Rejected(reason)))
            }
        }
    }

    /// Whether the host sends a frame and does not listen before its end.
    fn listens_only(&self) -> bool {
        self.last.is_some_and(|last| last.next().number < self.end)
    }

    /// What to do with a request.
    fn admit(&mut self, tag: Tag, request: &Request<'_>) -> Admission {
        let is_row = request.is_row();
        match self.last.filter(|last| last.session == tag.session) {
            Some(last) if tag.number <= last.number => Admission::Dropped,
            None if !matches!(request, Request::Open) => {
                if is_row || self.listens_only() {
                    Admission::Dropped
                } else {
                    Admission::Foreign
                }
            }
            _ => {
                self.last = Some(tag);
                if !is_row {
                    self.end = 0;
                }
                Admission::Next
            }
        }
    }

    /// Something did not arrive in one piece. It may have been a row; if none is due, the host may wait for an answer.
    fn damaged<const WORDS: usize>(
        &mut self,
        to: &mut Targets<'_, WORDS>,
        fault: Fault,
    ) -> Option<(Tag, Rejection)> {
        let reason = self.reject(to, fault.into(), self.listens_only())?;
        Some((self.last?.next(), reason))
    }

    /// Gives the frame under way up: it can no longer be trusted. In the middle of its rows its end will say why.
    fn reject<const WORDS: usize>(
        &mut self,
        to: &mut Targets<'_, WORDS>,
        reason: Rejection,
        later: bool,
    ) -> Option<Rejection> {
        to.abandon();
        if later {
            self.spoilt.get_or_insert(reason);
        }
        (!later).then_some(reason)
    }

    /// The answer to a request; `None`: it needs none.
    fn follow<const WORDS: usize>(
        &mut self,
        to: &mut Targets<'_, WORDS>,
        tag: Tag,
        request: Request<'_>,
    ) -> Option<Answer> {
        let is_row = request.is_row();
        if is_row && self.spoilt.is_some() {
            return None;
        }
        let response = match request {
            Request::End { frame } if !self.in_classes => match self.spoilt.take() {
                None => return Some(Answer::Report(tag, frame)),
                Some(reason) => Response::Rejected(self.reject(to, reason, false)?),
            },
            request => match self.fulfil(to, tag, request) {
                Ok(response) => response,
                Err(reason) => Response::Rejected(self.reject(to, reason, is_row)?),
            },
        };
        (!is_row).then_some(Answer::Message(DeviceMessage::Response(tag, response)))
    }

    /// Does what a request says, other than to end a frame.
    fn fulfil<const WORDS: usize>(
        &mut self,
        to: &mut Targets<'_, WORDS>,
        tag: Tag,
        request: Request<'_>,
    ) -> Result<Response, Rejection> {
        Ok(match request {
            Request::Open => {
                to.abandon();
                self.spoilt = None;
                Response::Accepted
            }
            Request::Configure(configuration) => {
                to.frames.configure(&configuration)?;
                Response::Accepted
            }
            Request::Begin { frame, height, width, labelled } => {
                to.abandon();
                self.in_classes = false;
                self.spoilt = None;
                self.cost = 0;
                to.frames.begin(frame, height, width, labelled)?;
                self.end = tag.next().number.saturating_add(height.into());
                Response::Accepted
            }
            Request::Row { frame, row, codes, labels } => {
                to.frames.row(frame, row, codes, labels)?;
                Response::Accepted
            }
            Request::Order(order) => {
                to.frames.order(order)?;
                Response::Accepted
            }
            Request::Telemetry => {
                // Without a clock packets are told apart by their number.
                let time = self.clock.milliseconds().unwrap_or(0);
                Response::Telemetry(Telemetry(to.frames.packet(time).ok_or(Rejection::Order)?))
            }
            Request::Stack => Response::Stack(self.clock.stack_bytes()),
            Request::BeginClasses(begin) => {
                to.abandon();
                (self.spoilt, self.cost, self.in_classes) = (None, 0, false);
                let classes = to.classes.as_mut().ok_or(Rejection::Classes)?;
                let quantiser = to.frames.configured().ok_or(Rejection::NotConfigured)?;
                let rows = classes.begin(quantiser, &begin)?;
                self.in_classes = true;
                self.end = tag.next().number.saturating_add(rows);
                Response::Accepted
            }
            Request::ClassScores { frame, row, codes } => {
                to.classes.as_mut().ok_or(Rejection::Classes)?.scores(frame, row, codes)?;
                Response::Accepted
            }
            Request::ClassLabels { frame, row, ids } => {
                to.classes.as_mut().ok_or(Rejection::Classes)?.labels(frame, row, ids)?;
                Response::Accepted
            }
            // Of several classes; of others it is answered elsewhere.
            Request::End { frame } => {
                self.in_classes = false;
                self.spoilt.take().map_or(Ok(()), Err)?;
                Response::Classes(to.classes.as_mut().ok_or(Rejection::Classes)?.end(frame)?)
            }
            Request::ClassCounts(class) => {
                Response::ClassCounts(to.classes.as_ref().and_then(|classes| classes.counts(class)))
            }
            Request::Shutdown => Response::Accepted,
        })
    }

    /// Sets the lamps. One that fails is no reason to stop evaluating.
    fn show<const WORDS: usize>(&mut self, frames: &Frames<WORDS>) {
        let _ = self.activity.set_state((self.in_classes || frames.frame().is_some()).into());
        let _ = self.alarm.set_state(frames.alarm().into());
    }
}

#[cfg(test)]
mod tests;
