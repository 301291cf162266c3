//! What the firmware does with a board: it answers requests until it is told to stop.

use embedded_hal::delay::DelayNs;
use embedded_hal::digital::OutputPin;
use embedded_io::{Error as _, ErrorKind, Read, Write};

use crate::board::Instruments;
use segmeter_core::drift::Profile;

use crate::evaluator::{Evaluator, MAX_WIDTH};
use crate::protocol::{
    DeviceMessage, Fault, HostMessage, Receiver, Rejection, Request, Response, Tag, Telemetry, VERSION,
    decode, send,
};

/// A row's codes, its two label planes of a bit each, and at most 32 bytes for numbers, lengths and the checksum.
const ROW_PAYLOAD: usize = MAX_WIDTH as usize + 2 * (MAX_WIDTH as usize / 8) + 32;
/// A profile, and what its configuration says besides.
const PROFILE_PAYLOAD: usize = Profile::RECORD_LEN + 32;
/// The longest payload that a device takes.
pub const MAX_PAYLOAD: usize = if ROW_PAYLOAD > PROFILE_PAYLOAD { ROW_PAYLOAD } else { PROFILE_PAYLOAD };

/// How long both lamps are lit at the start: a dead alarm lamp is found out then, not in an alarm.
const LAMP_TEST_MS: u32 = 20;

/// Why the firmware stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(target_os = "none", derive(defmt::Format))]
pub enum Stop {
    /// The host asked for it.
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

/// The firmware on a board of these parts.
pub struct App<'a, Line, Lamp, Clock> {
    line: Line,
    activity: Lamp,
    alarm: Lamp,
    clock: Clock,
    board: &'static str,
    /// Borrowed, so that a device can keep it in a static: it is far larger than the rest.
    evaluator: &'a mut Evaluator,
    /// Instructions that the frame under way has cost so far.
    cost: u64,
    /// The last request that was heard. `None`: no session was ever opened.
    last: Option<Tag>,
    /// Number of the request that ends the frame under way: before it is its turn, the host sends and does not listen.
    end: u32,
    /// The first thing that was wrong with the frame under way, kept for its end.
    spoilt: Option<Rejection>,
}

impl<'a, Line: Read + Write, Lamp: OutputPin, Clock: Instruments + DelayNs> App<'a, Line, Lamp, Clock> {
    /// The firmware on the board called `board`. `activity` is lit while a frame comes in, `alarm` while the drift
    /// monitor is in alarm.
    pub const fn new(
        board: &'static str,
        evaluator: &'a mut Evaluator,
        line: Line,
        activity: Lamp,
        alarm: Lamp,
        clock: Clock,
    ) -> Self {
        Self { line, activity, alarm, clock, board, evaluator, cost: 0, last: None, end: 0, spoilt: None }
    }

    /// Shows that the lamps work, then answers requests until there is a reason to stop.
    pub fn run(&mut self) -> Stop {
        let _ = self.activity.set_high().and_then(|()| self.alarm.set_high());
        self.clock.delay_ms(LAMP_TEST_MS);
        self.show();
        let mut receiver = Receiver::new();
        let mut buffer = [0; 64];
        loop {
            let chunk = match self.line.read(&mut buffer) {
                Ok(0) => return Stop::Closed,
                Ok(count) => buffer.get(..count).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::InvalidData => {
                    receiver.mark_damaged();
                    continue;
                }
                Err(_) => return Stop::Line,
            };
            if let Some(stop) = self.hear(&mut receiver, chunk) {
                return stop;
            }
        }
    }

    /// Answers the requests in the next bytes of the line, unless there is a reason to stop.
    pub fn hear(&mut self, receiver: &mut Receiver<MAX_PAYLOAD>, mut chunk: &[u8]) -> Option<Stop> {
        while let Some(frame) = receiver.feed(&mut chunk) {
            let message = frame.and_then(decode);
            let Some(answer) = self.answer(message) else { continue };
            if send(&mut self.line, &answer).is_err() {
                return Some(Stop::Line);
            }
            let ends = matches!(message, Ok(HostMessage::Request(_, Request::Shutdown)));
            if ends && matches!(answer, DeviceMessage::Response(_, Response::Accepted)) {
                return Some(Stop::Shutdown);
            }
        }
        None
    }

    /// Follows one message. `None`: it needs no answer.
    fn answer(&mut self, message: Result<HostMessage<'_>, Fault>) -> Option<DeviceMessage<'static>> {
        let start = self.clock.instructions().unwrap_or(0);
        let mut answer = match message {
            // Always: whoever asks may know nothing of a frame under way.
            Ok(HostMessage::Hello) => {
                Some(DeviceMessage::Ready { protocol: VERSION, board: self.board, max_width: MAX_WIDTH })
            }
            Ok(HostMessage::Request(tag, request)) => match self.admit(tag, &request) {
                Admission::Next => {
                    self.follow(tag, request).map(|response| DeviceMessage::Response(tag, response))
                }
                Admission::Foreign => {
                    Some(DeviceMessage::Response(tag, Response::Rejected(Rejection::Session)))
                }
                Admission::Dropped => None,
            },
            Err(fault) => self.damaged(fault),
        };
        self.cost += self.clock.instructions().unwrap_or(0).saturating_sub(start);
        self.show();
        if let Some(DeviceMessage::Response(_, Response::Report(report))) = &mut answer {
            report.instructions = self.clock.instructions().map(|_| self.cost);
        }
        answer
    }

    /// Whether the host sends a frame and does not listen before its end.
    fn listens_only(&self) -> bool {
        self.last.is_some_and(|last| last.next().number < self.end)
    }

    /// What to do with a request.
    fn admit(&mut self, tag: Tag, request: &Request<'_>) -> Admission {
        let is_row = matches!(request, Request::Row { .. });
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
    fn damaged(&mut self, fault: Fault) -> Option<DeviceMessage<'static>> {
        let reason = self.reject(fault.into(), self.listens_only())?;
        Some(DeviceMessage::Response(self.last?.next(), Response::Rejected(reason)))
    }

    /// Gives the frame under way up: it can no longer be trusted. In the middle of its rows its end will say why.
    fn reject(&mut self, reason: Rejection, later: bool) -> Option<Rejection> {
        self.evaluator.abandon();
        if later {
            self.spoilt.get_or_insert(reason);
        }
        (!later).then_some(reason)
    }

    /// The answer to a request; `None`: it needs none.
    fn follow(&mut self, tag: Tag, request: Request<'_>) -> Option<Response> {
        let is_row = matches!(request, Request::Row { .. });
        if is_row && self.spoilt.is_some() {
            return None;
        }
        let response = match self.fulfil(tag, request) {
            Ok(response) => response,
            Err(reason) => Response::Rejected(self.reject(reason, is_row)?),
        };
        (!is_row).then_some(response)
    }

    /// Does what a request says.
    fn fulfil(&mut self, tag: Tag, request: Request<'_>) -> Result<Response, Rejection> {
        Ok(match request {
            Request::Open => {
                self.evaluator.abandon();
                self.spoilt = None;
                Response::Accepted
            }
            Request::Configure(configuration) => {
                self.evaluator.configure(&configuration)?;
                Response::Accepted
            }
            Request::Begin { frame, height, width, labelled } => {
                self.spoilt = None;
                self.cost = 0;
                self.evaluator.begin(frame, height, width, labelled)?;
                self.end = tag.next().number.saturating_add(height.into());
                Response::Accepted
            }
            Request::Row { frame, row, codes, labels } => {
                self.evaluator.row(frame, row, codes, labels)?;
                Response::Accepted
            }
            Request::End { frame } => match self.spoilt.take() {
                Some(reason) => return Err(reason),
                None => Response::Report(self.evaluator.end(frame)?),
            },
            Request::Order(order) => {
                self.evaluator.order(order)?;
                Response::Accepted
            }
            Request::Telemetry => {
                // No board here has a clock that counts in ms: its packets are told apart by their number.
                Response::Telemetry(Telemetry(self.evaluator.packet(0).ok_or(Rejection::Order)?))
            }
            Request::Stack => Response::Stack(self.clock.stack_bytes()),
            Request::Shutdown => Response::Accepted,
        })
    }

    /// Sets the lamps. One that fails is no reason to stop evaluating.
    fn show(&mut self) {
        let _ = self.activity.set_state(self.evaluator.frame().is_some().into());
        let _ = self.alarm.set_state(self.evaluator.alarm().into());
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::board::host::{Clock, Lamp, Line};
    use crate::protocol::{Codes, Configuration};

    const READY: DeviceMessage<'_> =
        DeviceMessage::Ready { protocol: VERSION, board: "test", max_width: MAX_WIDTH };

    /// What the firmware answers to these bytes, and why it stops.
    fn answers(heard: &[u8]) -> (Vec<u8>, Stop) {
        let mut said = Vec::new();
        let stop = App::new(
            "test",
            &mut Evaluator::new(),
            Line::new(heard, &mut said),
            Lamp::default(),
            Lamp::default(),
            Clock,
        )
        .run();
        (said, stop)
    }

    /// The bytes of these messages.
    fn frames<T: serde::Serialize>(messages: &[T]) -> Vec<u8> {
        let mut line = Vec::new();
        messages.iter().for_each(|message| send(&mut line, message).unwrap());
        line
    }

    fn request(session: u32, number: u32, request: Request<'_>) -> HostMessage<'_> {
        HostMessage::Request(Tag { session, number }, request)
    }

    fn response(session: u32, number: u32, response: Response) -> DeviceMessage<'static> {
        DeviceMessage::Response(Tag { session, number }, response)
    }

    #[test]
    fn it_says_who_it_is_and_shuts_down() {
        let heard = [
            HostMessage::Hello,
            request(5, 1, Request::Open),
            request(5, 2, Request::Stack),
            request(5, 3, Request::Shutdown),
            HostMessage::Hello,
        ];
        let said = [
            READY,
            response(5, 1, Response::Accepted),
            response(5, 2, Response::Stack(None)),
            response(5, 3, Response::Accepted),
        ];
        assert_eq!(answers(&frames(&heard)), (frames(&said), Stop::Shutdown), "and then says no more");
    }

    #[test]
    fn a_bad_frame_is_rejected_and_the_next_one_answered() {
        let mut heard = frames(&[request(5, 1, Request::Open)]);
        heard.extend(b"noise");
        heard.extend(frames(&[request(5, 3, Request::Stack)]));
        let said = [
            response(5, 1, Response::Accepted),
            response(5, 2, Response::Rejected(Rejection::Fault(Fault::Damaged))),
            response(5, 3, Response::Stack(None)),
        ];
        assert_eq!(answers(&heard), (frames(&said), Stop::Closed));
    }

    #[test]
    fn a_request_is_followed_once_and_in_its_session_only() {
        let heard = [
            // No session, no request: only who is there.
            request(0, 1, Request::Stack),
            HostMessage::Hello,
            request(1, 1, Request::Open),
            request(1, 2, Request::Stack),
            request(1, 2, Request::Stack),
            request(1, 1, Request::Open),
            // A gap: what was lost may not come later.
            request(1, 4, Request::Stack),
            request(1, 3, Request::Shutdown),
            request(2, 1, Request::Open),
            request(1, 5, Request::Shutdown),
            // A row is never answered.
            request(1, 6, Request::Row { frame: 0, row: 0, codes: &[], labels: None }),
            request(2, 2, Request::Stack),
        ];
        let said = [
            response(0, 1, Response::Rejected(Rejection::Session)),
            READY,
            response(1, 1, Response::Accepted),
            response(1, 2, Response::Stack(None)),
            response(1, 4, Response::Stack(None)),
            response(2, 1, Response::Accepted),
            response(1, 5, Response::Rejected(Rejection::Session)),
            response(2, 2, Response::Stack(None)),
        ];
        assert_eq!(answers(&frames(&heard)), (frames(&said), Stop::Closed));
    }

    /// Whatever comes between the rows of a frame, the host is not listening.
    #[test]
    fn nothing_is_said_before_a_frames_end() {
        let codes = Configuration { codes: Codes::Probabilities, profile: None };
        let row =
            |number, row| request(1, number, Request::Row { frame: 7, row, codes: &[1, 2], labels: None });
        let mut heard = frames(&[
            request(1, 1, Request::Open),
            request(1, 2, Request::Configure(codes)),
            request(1, 3, Request::Begin { frame: 7, height: 3, width: 2, labelled: false }),
            row(4, 0),
        ]);
        heard.extend(b"noise");
        heard.extend(frames(&[row(5, 2), request(9, 9, Request::Stack), row(6, 2)]));
        // All rows are there: what is damaged can only be the end.
        heard.extend(b"noise");
        heard.extend(frames(&[
            request(1, 7, Request::End { frame: 7 }),
            // Another session begins with no frame.
            request(1, 8, Request::Begin { frame: 7, height: 1, width: 2, labelled: false }),
            row(9, 0),
            request(2, 1, Request::Open),
            request(2, 2, Request::End { frame: 7 }),
        ]));
        let damaged = Response::Rejected(Rejection::Fault(Fault::Damaged));
        let said = [
            response(1, 1, Response::Accepted),
            response(1, 2, Response::Accepted),
            response(1, 3, Response::Accepted),
            response(1, 7, damaged),
            response(1, 7, damaged),
            response(1, 8, Response::Accepted),
            response(2, 1, Response::Accepted),
            response(2, 2, Response::Rejected(Rejection::NoFrame)),
        ];
        assert_eq!(answers(&heard), (frames(&said), Stop::Closed));
    }
}
