//! What the firmware does with a board: it answers requests until it is told to stop.

use embedded_hal::delay::DelayNs;
use embedded_hal::digital::OutputPin;
use embedded_io::{Error as _, ErrorKind, Read, Write};

use crate::board::Instruments;
use segmeter_core::drift::Profile;

use crate::evaluator::{Evaluator, MAX_WIDTH};
use crate::protocol::{
    Fault, Receiver, Rejection, Report, Request, Response, SendError, Telemetry, VERSION, decode, send,
};

/// A row's codes, its two label planes of a bit each, and at most 24 bytes for numbers, lengths and the checksum.
const ROW_PAYLOAD: usize = MAX_WIDTH as usize + 2 * (MAX_WIDTH as usize / 8) + 24;
/// A profile, and what its configuration says besides.
const PROFILE_PAYLOAD: usize = Profile::RECORD_LEN + 24;
const MAX_PAYLOAD: usize = if ROW_PAYLOAD > PROFILE_PAYLOAD { ROW_PAYLOAD } else { PROFILE_PAYLOAD };

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
    /// A row of the frame under way was rejected: its other rows are passed over in silence.
    spoilt: bool,
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
        Self { line, activity, alarm, clock, board, evaluator, cost: 0, spoilt: false }
    }

    /// Shows that the lamps work, then answers requests until there is a reason to stop.
    pub fn run(&mut self) -> Stop {
        let _ = self.activity.set_high().and_then(|()| self.alarm.set_high());
        self.clock.delay_ms(LAMP_TEST_MS);
        self.show();
        let mut receiver = Receiver::<MAX_PAYLOAD>::new();
        let mut buffer = [0; 64];
        loop {
            let mut chunk = match self.line.read(&mut buffer) {
                Ok(0) => return Stop::Closed,
                Ok(count) => buffer.get(..count).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::InvalidData => {
                    receiver.mark_damaged();
                    continue;
                }
                Err(_) => return Stop::Line,
            };
            while let Some(frame) = receiver.feed(&mut chunk) {
                let request = frame.and_then(decode);
                if self.answer(request).is_err() {
                    return Stop::Line;
                }
                if request == Ok(Request::Shutdown) {
                    return Stop::Shutdown;
                }
            }
        }
    }

    /// Follows one request. An error is the line's.
    fn answer(&mut self, request: Result<Request<'_>, Fault>) -> Result<(), SendError<Line::Error>> {
        let start = self.clock.instructions().unwrap_or(0);
        let frame = self.evaluator.frame();
        let outcome = request.map_err(Rejection::from).and_then(|request| self.follow(request));
        self.cost += self.clock.instructions().unwrap_or(0).saturating_sub(start);
        self.show();
        let response = match outcome {
            Ok(None) => return Ok(()),
            Ok(Some(Response::Report(report))) => {
                let instructions = self.clock.instructions().map(|_| self.cost);
                Response::Report(Report { instructions, ..report })
            }
            Ok(Some(response)) => response,
            Err(reason) => {
                // Whatever was lost may have been a row: the frame can no longer be trusted.
                self.evaluator.abandon();
                self.spoilt = true;
                Response::Rejected { frame, reason }
            }
        };
        send(&mut self.line, &response)
    }

    /// The answer to a request; `None`: it needs none.
    fn follow(&mut self, request: Request<'_>) -> Result<Option<Response<'static>>, Rejection> {
        Ok(match request {
            Request::Hello => {
                Some(Response::Ready { protocol: VERSION, board: self.board, max_width: MAX_WIDTH })
            }
            Request::Configure(configuration) => {
                self.evaluator.configure(&configuration)?;
                Some(Response::Accepted)
            }
            Request::Begin { frame, height, width, labelled } => {
                self.spoilt = false;
                self.cost = 0;
                self.evaluator.begin(frame, height, width, labelled)?;
                Some(Response::Accepted)
            }
            // One rejection per frame is enough: the host learns of the others by the missing report.
            Request::Row { .. } if self.spoilt => None,
            Request::Row { frame, row, codes, labels } => {
                self.evaluator.row(frame, row, codes, labels)?;
                None
            }
            Request::End { frame } => Some(Response::Report(self.evaluator.end(frame)?)),
            Request::Order(order) => {
                self.evaluator.order(order)?;
                Some(Response::Accepted)
            }
            Request::Telemetry => {
                // No board here has a clock that counts in ms: its packets are told apart by their number.
                Some(Response::Telemetry(Telemetry(self.evaluator.packet(0).ok_or(Rejection::Order)?)))
            }
            Request::Stack => Some(Response::Stack(self.clock.stack_bytes())),
            Request::Shutdown => Some(Response::Accepted),
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

    /// The bytes of these responses.
    fn frames(responses: &[Response<'_>]) -> Vec<u8> {
        let mut line = Vec::new();
        responses.iter().for_each(|response| send(&mut line, response).unwrap());
        line
    }

    #[test]
    fn it_says_who_it_is_and_shuts_down() {
        let mut heard = Vec::new();
        for request in [Request::Hello, Request::Stack, Request::Shutdown, Request::Hello] {
            send(&mut heard, &request).unwrap();
        }
        let ready = Response::Ready { protocol: VERSION, board: "test", max_width: MAX_WIDTH };
        assert_eq!(
            answers(&heard),
            (frames(&[ready, Response::Stack(None), Response::Accepted]), Stop::Shutdown),
            "nothing is answered after the shutdown"
        );
    }

    #[test]
    fn a_bad_frame_is_rejected_and_the_next_one_answered() {
        let mut heard = b"noise".to_vec();
        send(&mut heard, &Request::Stack).unwrap();
        let rejected = Response::Rejected { frame: None, reason: Rejection::Fault(Fault::Damaged) };
        assert_eq!(answers(&heard), (frames(&[rejected, Response::Stack(None)]), Stop::Closed));
    }
}
