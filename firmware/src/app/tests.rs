//! What the firmware says to what it hears.

use std::vec::Vec;

use super::*;
use crate::board::host::{Clock, Lamp, Line};
use embedded_hal::digital::StatefulOutputPin;

use crate::evaluator::{ClassFrames, MAX_WIDTH};
use crate::protocol::{
    ClassBegin, Codes, Configuration, Fault, HostMessage, Interpolated, Rejection, Request, VERSION, send,
};

const READY: DeviceMessage<'_> =
    DeviceMessage::Ready { protocol: VERSION, board: "test", max_width: MAX_WIDTH };

/// What the firmware answers to these bytes, and why it stops.
fn answers(heard: &[u8]) -> (Vec<u8>, Stop) {
    let mut said = Vec::new();
    let stop = App::new(
        "test",
        &mut Memory::new(),
        Line::new(heard, &mut said),
        Lamp::default(),
        Lamp::default(),
        Clock,
    )
    .run(&mut Clock);
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
    let row = |number, row| request(1, number, Request::Row { frame: 7, row, codes: &[1, 2], labels: None });
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

/// A board that counts how often it is told that the firmware is alive.
#[derive(Default)]
struct Watched<'a> {
    alive: Option<&'a core::cell::Cell<usize>>,
}

impl Instruments for Watched<'_> {
    fn alive(&mut self) {
        self.alive.inspect(|count| count.set(count.get() + 1));
    }
}

/// How often the watchdog is fed while these bytes are heard, in pieces of this size.
fn fed(heard: &[u8], size: usize) -> usize {
    let count = core::cell::Cell::new(0);
    let clock = Watched { alive: Some(&count) };
    let mut memory = Memory::new();
    let line = Line::new(&b""[..], Vec::new());
    let mut app = App::new("test", &mut memory, line, Lamp::default(), Lamp::default(), clock);
    heard.chunks(size).for_each(|chunk| _ = app.hear(chunk));
    count.get()
}

/// After every 64 bytes at the latest, in whatever pieces they come, and after every message and every answer.
#[test]
fn the_watchdog_is_fed_between_pieces_of_bounded_work() {
    assert_eq!(fed(&[], 1), 0, "nothing came");
    for noise in [&[7; 6400][..], &[0; 6400]] {
        for (size, least) in [(6400, 100), (1000, 100), (64, 100), (1, 6400)] {
            assert!(fed(noise, size) >= least, "{size}: {}", fed(noise, size));
        }
    }
    let messages =
        [request(1, 1, Request::Open), request(1, 2, Request::Stack), request(1, 3, Request::Stack)];
    let heard = frames(&messages);
    assert!(heard.len() < PIECE, "all of it is one piece");
    assert_eq!(fed(&heard, PIECE), 3 * 2 + 1, "before and after each answer, and after the piece");
    let rows =
        [3, 4].map(|number| request(1, number, Request::Row { frame: 0, row: 0, codes: &[1], labels: None }));
    let heard = frames(&[&messages[..1], &rows].concat());
    assert_eq!(fed(&heard, heard.len()), 2 + 2 + heard.len().div_ceil(PIECE), "rows have no answer");
}

/// A line that says nothing is idle; one that waits for ever, or takes nothing, feeds no watchdog.
#[test]
fn an_idle_line_feeds_the_watchdog_and_a_stuck_one_does_not() {
    /// Idle so many times, then closed.
    struct Quiet(usize);

    impl embedded_io::ErrorType for Quiet {
        type Error = ErrorKind;
    }

    impl Read for Quiet {
        fn read(&mut self, _: &mut [u8]) -> Result<usize, ErrorKind> {
            self.0 = self.0.checked_sub(1).ok_or(ErrorKind::BrokenPipe)?;
            Err(ErrorKind::TimedOut)
        }
    }

    impl Write for Quiet {
        fn write(&mut self, _: &[u8]) -> Result<usize, ErrorKind> {
            Err(ErrorKind::Other)
        }

        fn flush(&mut self) -> Result<(), ErrorKind> {
            Ok(())
        }
    }

    for times in [0, 1, 1000] {
        let count = core::cell::Cell::new(0);
        let clock = Watched { alive: Some(&count) };
        let mut memory = Memory::new();
        let mut app = App::new("test", &mut memory, Quiet(times), Lamp::default(), Lamp::default(), clock);
        assert_eq!(app.run(&mut Clock), Stop::Line);
        assert_eq!(count.get(), times);
        // An answer that is not taken: fed before it, and not after.
        assert_eq!(app.hear(&frames(&[HostMessage::Hello])), Some(Stop::Line));
        assert_eq!(count.get(), times + 1);
    }
}

/// A lamp is lit while a frame of several classes comes in, and no longer: not after another session was opened.
#[test]
fn the_lamp_knows_frames_of_several_classes() {
    let (mut memory, mut classes, mut said) = (Memory::new(), ClassFrames::new(), Vec::new());
    let mut memory = ClassMemory::new(&mut memory, &mut classes);
    let line = Line::new(&b""[..], &mut said);
    let mut app = App::new("test", &mut memory, line, Lamp::default(), Lamp::default(), Clock);
    let codes = Codes::Logits { signed: true, scale: 0.1, zero_point: 0 };
    let begin = |frame| {
        let interpolation = Interpolated::Nearest;
        Request::BeginClasses(ClassBegin {
            frame,
            height: 1,
            width: 1,
            classes: 2,
            factor: 1,
            interpolation,
            labelled: false,
        })
    };
    let scores = |codes| Request::ClassScores { frame: 2, row: 0, codes };
    for (place, (asked, lit)) in [
        (request(1, 1, Request::Open), false),
        (request(1, 2, Request::Configure(Configuration { codes, profile: None })), false),
        (request(1, 3, begin(1)), true),
        (request(2, 1, Request::Open), false),
        (request(2, 2, begin(2)), true),
        (request(2, 3, scores(&[1, 2])), true),
        (request(2, 4, Request::End { frame: 2 }), false),
        (request(2, 5, begin(3)), true),
        (request(2, 6, Request::ClassScores { frame: 3, row: 0, codes: &[1] }), false),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(app.hear(&frames(&[asked])), None);
        assert_eq!(app.session.activity.is_set_high().unwrap(), lit, "message {place}");
    }
}
