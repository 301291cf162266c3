//! What the firmware says to what it hears.

use std::vec::Vec;

use super::*;
use crate::board::host::{Clock, Lamp, Line};
use crate::evaluator::MAX_WIDTH;
use crate::protocol::{Codes, Configuration};

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
