//! A line does everything to a frame that a line can do; the next good frame must arrive all the same.

use std::vec::Vec;

use segmeter_core::drift::Packet;

use super::*;

/// Large enough for every frame that these tests send on purpose.
const ROOM: usize = 700;

type Verdict = Result<Vec<u8>, Fault>;

fn framed(message: &Request<'_>) -> Vec<u8> {
    let mut line = Vec::new();
    send(&mut line, message).unwrap();
    line
}

/// All verdicts on a stream that comes in chunks of `chunk` bytes.
fn receive<const N: usize>(receiver: &mut Receiver<N>, stream: &[u8], chunk: usize) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for mut chunk in stream.chunks(chunk) {
        while let Some(frame) = receiver.feed(&mut chunk) {
            verdicts.push(frame.map(<[u8]>::to_vec));
        }
        assert!(chunk.is_empty());
    }
    verdicts
}

const READY: DeviceMessage<'_> = DeviceMessage::Ready { protocol: VERSION, board: "host", max_width: 640 };

/// What a receiver delivers of a message.
fn payload(message: &impl serde::Serialize) -> Vec<u8> {
    let mut line = Vec::new();
    send(&mut line, message).unwrap();
    receive(&mut Receiver::<ROOM>::new(), &line, 4).pop().unwrap().unwrap()
}

fn is(verdict: &Verdict, message: &Request<'_>) -> bool {
    verdict.as_ref().is_ok_and(|payload| decode(payload) == Ok(*message))
}

/// The stream, then a good frame: the good frame is the last verdict. What came before it is returned.
fn survives(stream: &[u8]) -> Vec<Verdict> {
    let good = Request::End { frame: 77 };
    let mut stream = stream.to_vec();
    stream.extend(framed(&good));
    let mut verdicts = receive(&mut Receiver::<ROOM>::new(), &stream, 5);
    assert!(is(&verdicts.pop().expect("one verdict at least"), &good), "the good frame was lost");
    verdicts
}

fn row(codes: &[u8]) -> Request<'_> {
    let labels = RowLabels { foreground: &[0x0F, 0x00], valid: &[0xFF, 0x80] };
    Request::Row { frame: 3, row: 500, codes, labels: Some(labels) }
}

/// Bytes that look random, from a 64-bit linear congruence (Knuth's MMIX constants).
fn noise(seed: u64) -> impl Iterator<Item = u8> {
    let step =
        |x: &u64| Some(x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
    std::iter::successors(Some(seed), step).skip(1).map(|x| (x >> 56) as u8)
}

/// A report with something in every field.
const REPORT: Report = Report {
    frame: 1,
    pixels: 19_200,
    scores: Some(Scores {
        losses: [Some(0.5), None, Some(f32::MIN_POSITIVE), Some(1e30), Some(-0.0), None],
        confusion: [1, 2, 3, u32::MAX],
        auroc: Some(0.875),
        average_precision: None,
        calibration_error: Some(1e-9),
    }),
    statistics: [1, -2, 3, i32::MAX],
    drift: Some(Finding {
        signals: [Some(1), None, Some(3), Some(4), Some(5), Some(-6), Some(i32::MIN), Some(8)],
        invalid: Some(3),
        estimated_iou: Some([1, -2, i32::MAX]),
        harm: Some([-4, 5, i32::MIN]),
        state: 2,
        reasons: [0x0f, 0, 0xff],
        blocks: 7,
        invalid_frames: 0,
    }),
    instructions: Some(u64::MAX),
};

#[test]
fn every_request_and_response_comes_back() {
    let codes: Vec<u8> = (0..=255).collect();
    let requests = [
        Request::Open,
        Request::Configure(Configuration {
            codes: Codes::Logits { signed: true, scale: 0.101_869_74, zero_point: -15 },
            profile: Some(&codes),
        }),
        Request::Configure(Configuration { codes: Codes::Probabilities, profile: None }),
        Request::Begin { frame: u32::MAX, height: 120, width: 160, labelled: true },
        row(&codes),
        Request::Row { frame: 0, row: 0, codes: &[], labels: None },
        Request::End { frame: 9 },
        Request::Order(Order::SealSite),
        Request::Telemetry,
        Request::Stack,
        Request::Shutdown,
    ];
    let stream: Vec<u8> = requests.iter().flat_map(framed).collect();
    for chunk in [1, 2, 3, 7, 64, stream.len()] {
        let verdicts = receive(&mut Receiver::<ROOM>::new(), &stream, chunk);
        assert_eq!(verdicts.len(), requests.len());
        assert!(verdicts.iter().zip(&requests).all(|(verdict, request)| is(verdict, request)));
    }

    let tag = Tag { session: u32::MAX, number: 300 };
    let messages = requests.map(|request| HostMessage::Request(tag, request));
    for message in [HostMessage::Hello].into_iter().chain(messages) {
        assert_eq!(decode(&payload(&message)), Ok(message));
    }
    assert_eq!(decode(&payload(&READY)), Ok(READY));
    let responses = [
        Response::Accepted,
        Response::Report(REPORT),
        Response::Stack(None),
        Response::Telemetry(Telemetry([7; Packet::LEN])),
        Response::Rejected(Rejection::OutOfOrder { expected: 4, found: 6 }),
        Response::Rejected(Fault::Checksum.into()),
        Response::Rejected(Rejection::Session),
    ];
    for response in responses.map(|response| DeviceMessage::Response(tag, response)) {
        assert_eq!(decode(&payload(&response)), Ok(response));
    }
}

/// Other versions read these: they must never change.
#[test]
fn the_greeting_is_the_same_in_every_version() {
    assert_eq!(payload(&HostMessage::Hello), [0]);
    assert_eq!(payload(&READY), [0, VERSION as u8, 4, b'h', b'o', b's', b't', 0x80, 5]);
}

#[test]
fn frames_agree_with_the_cobs_crate() {
    // Around 254 bytes a run is exactly full; with and without zeros next to the edge.
    for length in (0_usize..20).chain(240..270).chain(500..520) {
        for zero in [None, Some(0), Some(length / 2), length.checked_sub(1), Some(254)] {
            let mut codes: Vec<u8> = (0..length).map(|i| (i % 255) as u8 + 1).collect();
            if let Some(code) = zero.and_then(|index| codes.get_mut(index)) {
                *code = 0;
            }
            let mut payload = [0; ROOM];
            let payload = postcard::to_slice_crc32(&row(&codes), &mut payload, CRC.digest()).unwrap();
            let mut expected = [0; ROOM];
            let length = cobs::encode(payload, &mut expected);
            let expected = &expected[..length];
            let line = framed(&row(&codes));
            let (first, frame) = line.split_first().unwrap();
            let (last, frame) = frame.split_last().unwrap();
            assert_eq!((*first, *last), (0, 0));
            assert!(!frame.contains(&0));
            assert_eq!(frame, expected);
        }
    }
}

#[test]
fn every_corruption_of_a_byte_is_found() {
    let codes: Vec<u8> = (0..40).chain([0, 0, 0]).collect();
    let line = framed(&row(&codes));
    for index in 0..line.len() {
        for flip in 1..=255 {
            let mut bad = line.clone();
            bad[index] ^= flip;
            let verdicts = survives(&bad);
            // The frame proper is lost with at least one complaint. The first zero of the line is a mere separator:
            // changed, it is a byte too many for the code, and only that.
            assert!(verdicts.iter().all(|verdict| verdict.is_err()), "byte {index} flipped by {flip:#x}");
            assert!(!verdicts.is_empty());
        }
    }
}

#[test]
fn every_truncation_is_found() {
    let codes: Vec<u8> = (0..=255).collect();
    let line = framed(&row(&codes));
    for length in 0..line.len() {
        let verdicts = survives(&line[..length]);
        // One byte is only the separator, and all but the last byte are a whole frame: the good one's separator ends it.
        match length {
            0 | 1 => assert!(verdicts.is_empty()),
            length if length + 1 == line.len() => assert!(is(&verdicts[0], &row(&codes))),
            _ => assert!(matches!(verdicts[..], [Err(Fault::Damaged | Fault::Checksum)]), "{length} bytes"),
        }
    }
}

#[test]
fn every_lost_or_doubled_byte_is_found() {
    let codes: Vec<u8> = (0..60).map(|i| i % 7).collect();
    let line = framed(&row(&codes));
    // The separators may be lost (there are two between frames) or doubled (empty frames are passed over).
    for index in 1..line.len() - 1 {
        let mut lost = line.clone();
        lost.remove(index);
        let mut doubled = line.clone();
        doubled.insert(index, line[index]);
        // Losing or doubling one of two equal neighbours is the same line with another length: still a bad frame.
        assert!(survives(&lost).iter().all(|verdict| verdict.is_err()), "byte {index} lost");
        assert!(survives(&doubled).iter().all(|verdict| verdict.is_err()), "byte {index} doubled");
    }
}

#[test]
fn an_oversized_frame_is_one_fault() {
    let codes: Vec<u8> = noise(1).take(10 * ROOM).collect();
    assert_eq!(survives(&framed(&row(&codes))), [Err(Fault::Oversized)]);

    let garbage: Vec<u8> = noise(2).filter(|byte| *byte != 0).take(100_000).collect();
    assert_eq!(survives(&garbage), [Err(Fault::Oversized)]);
    // And it is reported where it is: garbage may have no end.
    let room = ROOM + ROOM / 254 + 2;
    assert_eq!(receive(&mut Receiver::<ROOM>::new(), &garbage[..room], 16), [Err(Fault::Oversized)]);
}

#[test]
fn a_frame_may_fill_the_buffer() {
    // The enum's tag, frame, row, the length, no labels: 5 bytes beside the codes, and the checksum.
    const CODES: usize = 90;
    let codes = [7; CODES];
    let line = framed(&Request::Row { frame: 0, row: 0, codes: &codes, labels: None });
    assert!(receive(&mut Receiver::<{ CODES + 5 + 4 }>::new(), &line, 16)[0].is_ok());
    assert_eq!(receive(&mut Receiver::<{ CODES + 5 + 3 }>::new(), &line, 16), [Err(Fault::Oversized)]);
}

#[test]
fn empty_frames_are_passed_over() {
    assert!(survives(&[0; 1000]).is_empty());
    assert!(receive(&mut Receiver::<ROOM>::new(), &[0; 1000], 10).is_empty());
}

#[test]
fn random_bytes_do_no_harm() {
    for seed in 0..2000 {
        let length = (seed % 97) as usize * 11;
        let garbage: Vec<u8> = noise(seed).take(length).collect();
        // A random frame passes the checksum once in four thousand million.
        assert!(survives(&garbage).iter().all(|verdict| verdict.is_err()));
    }
}

#[test]
fn a_loss_on_the_line_spoils_one_frame() {
    let line = framed(&Request::Stack);
    let (head, tail) = line.split_at(3);
    let mut receiver = Receiver::<ROOM>::new();
    assert!(receive(&mut receiver, head, 8).is_empty());
    receiver.mark_damaged();
    assert_eq!(receive(&mut receiver, tail, 8), [Err(Fault::Damaged)]);
    assert!(is(&receive(&mut receiver, &line, 8)[0], &Request::Stack));
}

#[test]
fn a_sound_frame_without_a_message_is_malformed() {
    // Every payload of up to two bytes, with a good checksum: it is exactly one message, or malformed.
    for value in 0..=u16::MAX {
        let bytes = value.to_le_bytes();
        for payload in [&bytes[..1], &bytes[..]] {
            if let Ok(request) = decode::<Request<'_>>(payload) {
                let line = framed(&request);
                let verdicts = receive(&mut Receiver::<ROOM>::new(), &line, 64);
                assert!(is(&verdicts[0], &request));
            }
        }
    }
    assert_eq!(decode::<Request<'_>>(&[]), Err(Fault::Malformed));
    assert_eq!(decode::<Request<'_>>(&[0, 0]), Err(Fault::Malformed), "a byte too many");
    assert_eq!(decode::<Request<'_>>(&[200]), Err(Fault::Malformed), "no such request");
    // A row that announces more codes than it brings.
    assert_eq!(decode::<Request<'_>>(&[3, 0, 0, 100, 1, 2, 3]), Err(Fault::Malformed));
}

#[test]
fn a_line_that_fails_is_reported() {
    let mut room = [0; 9];
    let codes = [1; 300];
    assert!(matches!(send(&mut &mut room[..], &row(&codes)), Err(SendError::Line(_))));
}
