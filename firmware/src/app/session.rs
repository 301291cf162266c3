//! What is said to a host, and what becomes of what it says.

use embedded_hal::digital::OutputPin;
use embedded_io::{Read, Write};

use super::{Stop, Targets};
use crate::board::Instruments;
use crate::evaluator::Frames;
use crate::protocol::{
    DeviceMessage, Fault, HostMessage, Rejection, Request, Response, Tag, Telemetry, VERSION, decode, send,
};

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

/// Everything but the memory.
pub(super) struct Session<Line, Activity, Alarm, Clock> {
    pub(super) line: Line,
    pub(super) activity: Activity,
    pub(super) alarm: Alarm,
    pub(super) clock: Clock,
    pub(super) board: &'static str,
    /// Instructions that the frame under way has cost so far.
    pub(super) cost: u64,
    /// The last request that was heard. `None`: no session was ever opened.
    pub(super) last: Option<Tag>,
    /// Number of the request that ends the frame under way: before it is its turn, the host sends and does not listen.
    pub(super) end: u32,
    /// The first thing that was wrong with the frame under way, kept for its end.
    pub(super) spoilt: Option<Rejection>,
    /// When the piece of work under way began, and the most instructions of any.
    pub(super) piece: (u64, u64),
}

impl<Line, Activity, Alarm, Clock> Session<Line, Activity, Alarm, Clock>
where
    Line: Read + Write,
    Activity: OutputPin,
    Alarm: OutputPin,
    Clock: Instruments,
{
    /// Instructions so far, where the board can tell.
    pub(super) fn now(&self) -> u64 {
        self.clock.instructions().unwrap_or(0)
    }

    /// A piece of bounded work is done, and the next one begins.
    #[inline(never)]
    pub(super) fn piece_done(&mut self) {
        let (now, (began, most)) = (self.now(), self.piece);
        self.piece = (now, most.max(now.saturating_sub(began)));
        self.clock.alive();
    }

    /// Counts what was done since `start` as spent on the frame under way.
    pub(super) fn spend(&mut self, start: u64) {
        self.cost += self.now().saturating_sub(start);
    }

    /// Follows what came in, and answers it. A frame that has ended is named instead, with when that began: its report is yet
    /// to be made. Not inlined, as the next: the stack of each is free for an evaluation.
    #[inline(never)]
    pub(super) fn take<const WORDS: usize>(
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
        self.show(to.frames, to.is_of_classes());
        match answer {
            Some(Answer::Message(message)) => self.say(&message, ends).map_or(Ok(None), Err),
            _ => {
                self.piece_done();
                Ok(None)
            }
        }
    }

    /// Sends an answer; `ends`: it is to a request to stop.
    #[inline(never)]
    pub(super) fn say(&mut self, answer: &DeviceMessage<'static>, ends: bool) -> Option<Stop> {
        self.piece_done();
        if send(&mut self.line, answer).is_err() {
            return Some(Stop::Line);
        }
        // How long it took is the line's affair.
        self.clock.alive();
        self.piece.0 = self.now();
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
            Request::End { frame } if !to.is_of_classes() => match self.spoilt.take() {
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

    /// Does what a request says, other than to end a frame of one score a pixel.
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
                (self.spoilt, self.cost) = (None, 0);
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
            Request::LongestPiece => {
                let most = u32::try_from(self.piece.1).unwrap_or(u32::MAX);
                Response::LongestPiece(self.clock.instructions().map(|_| most))
            }
            Request::BeginClasses(begin) => {
                to.abandon();
                (self.spoilt, self.cost) = (None, 0);
                let classes = to.classes.as_mut().ok_or(Rejection::Classes)?;
                let quantiser = to.frames.configured().ok_or(Rejection::NotConfigured)?;
                let rows = classes.begin(quantiser, &begin)?;
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
            // Of several classes, all of it well; of others it is answered elsewhere.
            Request::End { frame } => {
                Response::Classes(to.classes.as_mut().ok_or(Rejection::Classes)?.end(frame)?)
            }
            Request::ClassCounts(class) => {
                Response::ClassCounts(to.classes.as_ref().and_then(|classes| classes.counts(class)))
            }
            Request::Shutdown => Response::Accepted,
        })
    }

    /// Sets the lamps. One that fails is no reason to stop evaluating.
    pub(super) fn show<const WORDS: usize>(&mut self, frames: &Frames<WORDS>, is_of_classes: bool) {
        let _ = self.activity.set_state((is_of_classes || frames.frame().is_some()).into());
        let _ = self.alarm.set_state(frames.alarm().into());
    }
}
