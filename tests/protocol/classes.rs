//! Frames of several classes through the protocol: rows that are damaged, lost, late, repeated or of something else cost their
//! frame, with the reason, and no other.

use segmeter_core::upsample::{Interpolation, Upsampling};
use segmeter_core::view::{Encoding, Quantiser, Shape};
use segmeter_firmware::app::{App, ClassMemory, Memory};
use segmeter_firmware::board::host::{Clock, Lamp, Line};
use segmeter_firmware::evaluator::ClassFrames;
use segmeter_firmware::protocol::{
    ClassBegin, Codes, Configuration, DeviceMessage, Fault, Interpolated, Receiver, Rejection, Request,
    Response, decode,
};

use super::Wire;

const HEIGHT: u16 = 3;
const WIDTH: usize = 4;
const CLASSES: usize = 5;
const FACTOR: usize = 2;
const CODES: Codes = Codes::Logits { signed: true, scale: 0.1, zero_point: 3 };

fn begin(frame: u32) -> ClassBegin {
    ClassBegin {
        frame,
        height: HEIGHT,
        width: WIDTH as u16,
        classes: CLASSES as u8,
        factor: FACTOR as u8,
        interpolation: Interpolated::HalfPixel,
        labelled: true,
    }
}

fn upsampling() -> Upsampling {
    let shape = Shape::new(HEIGHT.into(), WIDTH as u32).unwrap();
    Upsampling::new(shape, CLASSES, FACTOR, Interpolation::HalfPixel).unwrap()
}

/// Row `row` of scores of a frame.
fn scores(frame: u32, row: u16) -> [u8; WIDTH * CLASSES] {
    std::array::from_fn(|place| {
        ((place + 7) * (usize::from(row) + 3) * (frame as usize + 11) * 31 % 251) as u8
    })
}

/// Row `row` of labels of a frame, one of them not scored.
fn ids(frame: u32, row: u16) -> [u8; WIDTH * FACTOR] {
    std::array::from_fn(|place| match (place + usize::from(row) * 3 + frame as usize) % 6 {
        5 => 255,
        class => class as u8,
    })
}

/// Whatever happens to one row: what is sent instead of it.
type Disturb<'a> = &'a dyn Fn(&mut Wire, Request<'_>);

/// A frame whose message of this index, of its rows, is disturbed.
fn say(wire: &mut Wire, frame: u32, index: usize, disturb: Disturb<'_>) {
    wire.send(&Request::BeginClasses(begin(frame)));
    let (mut place, of) = (0, upsampling());
    let mut row = |wire: &mut Wire, request: Request<'_>| {
        if place == index {
            disturb(wire, request)
        } else {
            _ = wire.send(&request)
        }
        place += 1;
    };
    for above in 0..HEIGHT {
        row(wire, Request::ClassScores { frame, row: above, codes: &scores(frame, above) });
        for below in of.ready(above.into())..of.ready(usize::from(above) + 1) {
            row(wire, Request::ClassLabels { frame, row: below as u16, ids: &ids(frame, below as u16) });
        }
    }
    wire.send(&Request::End { frame });
}

/// What the desk finds of a whole frame, and of class 2.
fn expected(frame: u32) -> [Response; 2] {
    let (mut desk, of) = (ClassFrames::new(), upsampling());
    let quantiser = Quantiser::logits(Encoding::Signed, 0.1, 3).unwrap();
    desk.begin(&quantiser, &begin(frame)).unwrap();
    for above in 0..HEIGHT {
        desk.scores(frame, above, &scores(frame, above)).unwrap();
        for below in of.ready(above.into())..of.ready(usize::from(above) + 1) {
            desk.labels(frame, below as u16, &ids(frame, below as u16)).unwrap();
        }
    }
    [Response::Classes(desk.end(frame).unwrap()), Response::ClassCounts(desk.counts(2))]
}

fn answers(wire: &Wire, with_memory: bool) -> Vec<Response> {
    let mut said = Vec::new();
    let line = Line::new(&wire.0[..], &mut said);
    let lamps = [Lamp::default(); 2];
    if with_memory {
        let (mut memory, mut classes) = (Memory::new(), ClassFrames::new());
        let mut memory = ClassMemory::new(&mut memory, &mut classes);
        App::new("test", &mut memory, line, lamps[0], lamps[1], Clock).run(&mut Clock);
    } else {
        App::new("test", &mut Memory::new(), line, lamps[0], lamps[1], Clock).run(&mut Clock);
    }
    let (mut receiver, mut chunk, mut found) = (Receiver::<512>::new(), &said[..], Vec::new());
    while let Some(payload) = receiver.feed(&mut chunk) {
        match payload.and_then(decode) {
            Ok(DeviceMessage::Response(_, response)) => found.push(response),
            other => panic!("no response: {other:?}"),
        }
    }
    found
}

fn configured() -> Wire {
    let mut wire = Wire::new();
    wire.send(&Request::Configure(Configuration { codes: CODES, profile: None }));
    wire
}

/// A disturbed frame, then a good one.
fn costs_its_frame(what: &str, reason: Rejection, index: usize, disturb: Disturb<'_>) {
    let mut wire = configured();
    say(&mut wire, 5, index, disturb);
    say(&mut wire, 6, usize::MAX, &|_, _| {});
    wire.send(&Request::ClassCounts(2));
    let [report, class] = expected(6);
    let accepted = Response::Accepted;
    let found = answers(&wire, true);
    assert_eq!(
        found,
        [accepted, accepted, accepted, Response::Rejected(reason), accepted, report, class],
        "{what}"
    );
}

/// Rows in their order: scores 0 and 1, labels 0 to 2, scores 2, labels 3 to 5.
#[test]
fn a_row_that_went_wrong_costs_its_frame_only() {
    let order = |expected, found| Rejection::OutOfOrder { expected, found };
    let changed = |change: fn(&mut Vec<u8>)| {
        move |wire: &mut Wire, row: Request<'_>| {
            let start = wire.0.len();
            wire.send(&row);
            let mut bytes = wire.0.split_off(start);
            change(&mut bytes);
            wire.0.extend(bytes);
        }
    };
    let flip: fn(&mut Vec<u8>) = |bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= if bytes[middle] == 0x10 { 0x20 } else { 0x10 };
    };
    for index in [0, 1, 4, 8] {
        costs_its_frame("a flipped bit", Rejection::Fault(Fault::Checksum), index, &changed(flip));
        let cut = changed(|bytes| {
            bytes.truncate(bytes.len() / 2);
            bytes.push(0);
        });
        costs_its_frame("a row cut short", Rejection::Fault(Fault::Damaged), index, &cut);
    }
    // Lost, or late: then it is older than what came after it, and no better than lost.
    costs_its_frame("scores lost, their labels not", order(1, 0), 1, &|_, _| {});
    costs_its_frame("labels lost", order(0, 1), 2, &|_, _| {});
    costs_its_frame("the last row lost", order(6, 5), 8, &|_, _| {});
    let twice = |wire: &mut Wire, row: Request<'_>| {
        wire.send(&row);
        wire.send(&row);
    };
    costs_its_frame("scores again", order(1, 0), 0, &twice);
    costs_its_frame("labels again", order(2, 1), 3, &twice);
    let other = |wire: &mut Wire, _: Request<'_>| {
        wire.send(&Request::ClassLabels { frame: 4, row: 1, ids: &ids(5, 1) });
    };
    costs_its_frame("labels of another frame", order(5, 4), 3, &other);
    let short = |wire: &mut Wire, _: Request<'_>| {
        wire.send(&Request::ClassScores { frame: 5, row: 1, codes: &[0; WIDTH * CLASSES - 1] });
    };
    costs_its_frame("a score too few", Rejection::Shape, 1, &short);
    let no_class = |wire: &mut Wire, _: Request<'_>| {
        wire.send(&Request::ClassLabels { frame: 5, row: 1, ids: &[CLASSES as u8; WIDTH * FACTOR] });
    };
    costs_its_frame("labels that are no class", Rejection::Labels, 3, &no_class);
    let binary = |wire: &mut Wire, _: Request<'_>| {
        wire.send(&Request::Row { frame: 5, row: 1, codes: &[0; 4], labels: None });
    };
    costs_its_frame("a row of one score", Rejection::NoFrame, 2, &binary);
}

/// A message that comes twice, as it was sent, is followed once.
#[test]
fn a_copy_of_a_row_changes_nothing() {
    for index in 0..9 {
        let mut wire = configured();
        say(&mut wire, 6, index, &|wire, row| {
            let start = wire.0.len();
            wire.send(&row);
            let copy = wire.0[start..].to_vec();
            wire.0.extend(copy);
        });
        wire.send(&Request::ClassCounts(2));
        assert_eq!(answers(&wire, true)[3..], expected(6), "row {index}");
    }
}

/// A device without the memory says so at the beginning, takes no row for one of another frame, and works.
#[test]
fn without_memory_the_frame_is_refused_and_the_next_taken() {
    let mut wire = configured();
    say(&mut wire, 5, usize::MAX, &|_, _| {});
    wire.send(&Request::ClassCounts(0));
    wire.send(&Request::Begin { frame: 7, height: 1, width: 2, labelled: false });
    wire.send(&Request::Row { frame: 7, row: 0, codes: &[1, 2], labels: None });
    wire.send(&Request::End { frame: 7 });
    let found = answers(&wire, false);
    let refused = Response::Rejected(Rejection::Classes);
    let accepted = Response::Accepted;
    assert_eq!(found[..6], [accepted, accepted, refused, refused, Response::ClassCounts(None), accepted]);
    assert!(matches!(found[6..], [Response::Report(report)] if report.frame == 7), "{found:?}");
}

/// Before the codes have a meaning there is no frame of them.
#[test]
fn a_frame_before_a_configuration_is_refused() {
    let mut wire = Wire::new();
    say(&mut wire, 5, usize::MAX, &|_, _| {});
    let Response::Rejected(reason) = answers(&wire, true)[1] else { panic!("accepted") };
    assert_eq!(reason, Rejection::NotConfigured);
}
