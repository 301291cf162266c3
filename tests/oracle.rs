//! The evaluator, the app, the desk's end of the line and learning against oracles that are not themselves.
use segmeter::device::{Device, DeviceFrame, Error, Line, PATIENCE};
use segmeter_core::drift::{Cusum, EstimatedIou, Invalid, Monitor, Profile, Signals, State, Statistics};
use segmeter_core::loss::{Focal, Loss};
use segmeter_core::metric::{Calibration, Confidence, Confusion, threshold};
use segmeter_core::num::Q16;
use segmeter_core::sketch::{SigmoidTable, Sketch};
use segmeter_core::view::{Encoding, Quantiser};
use segmeter_firmware::app::{App, Memory, Stop};
use segmeter_firmware::board::Instruments;
use segmeter_firmware::board::host::{Clock, Lamp};
use segmeter_firmware::evaluator::{Evaluator, MAX_WIDTH, codes, configuration};
use segmeter_firmware::protocol::*;
use segmeter_tests::Demo;
use std::collections::VecDeque;
use std::io;

fn profile(demo: &Demo) -> Profile {
    demo.profile([0.05, 0.01, 0.02, 0.02, 0.02, 0.02, 0.2, 2.0], 60.0)
}
fn evaluator(profile: &Profile) -> Evaluator {
    let mut evaluator = Evaluator::new();
    evaluator.configure(&configuration(profile, &mut [0; Profile::RECORD_LEN])).unwrap();
    evaluator
}
const VALID: [u8; 2400] = [0xff; 2400];
fn frame<'a>(demo: &'a Demo, number: usize, valid: &'a [u8]) -> DeviceFrame<'a> {
    DeviceFrame {
        number: number as u32,
        width: 160,
        codes: demo.codes(number),
        labels: Some((demo.packed(number), valid)),
    }
}

/// The oracle is the core and a monitor of the test's own, not another evaluator.
#[test]
fn reports_are_what_the_core_computes() {
    let demo = Demo::load();
    let profile = profile(&demo);
    let (mut evaluator, mut monitor) = (evaluator(&profile), Monitor::new());
    let table = SigmoidTable::new(&profile.quantiser);
    let mut states = Vec::new();
    for number in (0..221).step_by(2) {
        let mut sketch = Sketch::new(&profile.quantiser);
        sketch.push_row(demo.codes(number), &demo.reference(number));
        let report = frame(&demo, number, &VALID).evaluate(&mut evaluator).unwrap();
        let scores = report.scores.unwrap();
        let class = Confusion::of_sketch(&sketch, &table).class(1);
        let counts = [class.true_positive, class.false_positive, class.false_negative, class.true_negative];
        assert_eq!(scores.confusion.map(u64::from), counts, "frame {number}");
        assert_eq!(scores.losses[1], Some(Focal::PAPER.sketch_value(&sketch, &table).unwrap().value));
        assert_eq!(scores.auroc, threshold::auroc(&sketch));
        assert_eq!(scores.average_precision, threshold::average_precision(&sketch));
        assert_eq!(
            scores.calibration_error,
            Calibration::new(&sketch, &table, Confidence::TopLabel).expected_error()
        );
        let s = Statistics::new(&sketch, &table).unwrap();
        assert_eq!(
            report.statistics,
            [s.road_fraction, s.mean_entropy, s.mean_margin, s.low_confidence_fraction].map(Q16::raw)
        );
        let signals = Signals::new(&sketch, &demo.outline(number), &table, &profile).unwrap();
        let estimate = EstimatedIou::new(&sketch, &profile.calibration, &table);
        let verdict = monitor.observe(&profile, Ok((&signals, estimate.as_ref())));
        let found = report.drift.unwrap();
        assert_eq!(found.signals, signals.0.map(|value| value.map(Q16::raw)));
        assert_eq!((found.verdict(), found.invalid, found.estimated_iou), (verdict, None, None));
        let harm = monitor.harm(&profile).map(|harm| [harm.lost, harm.least, harm.most].map(Q16::raw));
        assert_eq!(found.harm, harm);
        assert_eq!(u64::from(found.invalid_frames), u64::from(monitor.invalid_frames().iter().sum::<u32>()));
        assert_eq!(evaluator.alarm(), verdict.state == State::Alarm);
        states.push(verdict.state);
        // A frame that is given up is one that the monitor could not see.
        evaluator.begin(7, 2, 8, false).unwrap();
        evaluator.row(7, 0, &[0; 8], None).unwrap();
        evaluator.abandon();
        monitor.observe(&profile, Err(Invalid::Missing));
    }
    for state in [State::Watch, State::Alarm] {
        assert!(states.contains(&state), "{states:?}");
    }
    // No label at all: no loss, rather than a loss of zero.
    let none = frame(&demo, 0, &[0; 2400]).evaluate(&mut evaluator).unwrap().scores.unwrap();
    assert_eq!((none.losses, none.confusion), ([None; 6], [0; 4]));
}

#[test]
fn an_evaluator_alone_keeps_order() {
    let demo = Demo::load();
    let profile = profile(&demo);
    let mut e = evaluator(&profile);
    let fresh = frame(&demo, 3, &VALID).evaluate(&mut evaluator(&profile)).unwrap();
    let same = |e: &mut Evaluator| {
        let found = frame(&demo, 3, &VALID).evaluate(e).unwrap();
        assert_eq!((found.scores, found.statistics), (fresh.scores, fresh.statistics));
        assert_eq!(e.frame(), None, "a frame that was reported is over");
        assert_eq!(e.row(3, 120, &[0; 160], None), Err(Rejection::NoFrame));
        found.drift.unwrap().invalid_frames
    };
    let start = |e: &mut Evaluator| {
        e.begin(1, 2, 8, false).unwrap();
        e.row(1, 0, &[9; 8], None).unwrap();
    };
    start(&mut e);
    assert_eq!(same(&mut e), 1, "begun over an unfinished frame");
    assert_eq!(same(&mut e), 1, "nothing is left of the frame before");
    start(&mut e);
    let planes = RowLabels { foreground: &[0], valid: &[0] };
    assert_eq!(e.row(1, 1, &[0; 8], Some(planes)), Err(Rejection::Labels));
    assert_eq!(e.frame(), None);
    assert_eq!(same(&mut e), 2, "a bad row ends its frame");
    start(&mut e);
    e.row(1, 1, &[0; 8], None).unwrap();
    assert_eq!(e.row(1, 2, &[0; 8], None), Err(Rejection::OutOfOrder { expected: 2, found: 2 }));
    start(&mut e);
    e.row(1, 1, &[0; 8], None).unwrap();
    assert_eq!(e.end(2), Err(Rejection::OutOfOrder { expected: 1, found: 2 }));
    // A refused configuration leaves the earlier one.
    let mut room = [0; Profile::RECORD_LEN];
    let good = configuration(&profile, &mut room);
    let bad = Configuration { codes: Codes::Logits { signed: true, scale: 0.1, zero_point: 0 }, ..good };
    assert_eq!(e.configure(&bad), Err(Rejection::Configuration), "a profile for other codes");
    assert_eq!(same(&mut e), 4);
    // A new one starts anew, with codes of its own.
    start(&mut e);
    let unsigned = Quantiser::logits(Encoding::Unsigned, 0.3, 100).unwrap();
    assert_eq!(codes(&unsigned), Codes::Logits { signed: false, scale: 0.3, zero_point: 100 });
    let other = Configuration { codes: codes(&unsigned), profile: None };
    e.configure(&other).unwrap();
    assert_eq!(e.frame(), None);
    let mut clean = Evaluator::new();
    clean.configure(&other).unwrap();
    assert_eq!(frame(&demo, 3, &VALID).evaluate(&mut e), frame(&demo, 3, &VALID).evaluate(&mut clean));
}

/// A line whose reads are given one by one.
struct Script<'a>(VecDeque<io::Result<Vec<u8>>>, &'a mut Vec<u8>);
impl embedded_io::ErrorType for Script<'_> {
    type Error = io::Error;
}
impl embedded_io::Read for Script<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let Some(next) = self.0.pop_front() else { return Ok(0) };
        let next = next?;
        let n = next.len().min(out.len());
        out[..n].copy_from_slice(&next[..n]);
        if n < next.len() {
            self.0.push_front(Ok(next[n..].to_vec()));
        }
        Ok(n)
    }
}
impl embedded_io::Write for Script<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.1.extend(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
/// Ten instructions between any two looks at it.
#[derive(Default)]
struct Ticks(std::cell::Cell<u64>);
impl Instruments for Ticks {
    fn instructions(&self) -> Option<u64> {
        self.0.set(self.0.get() + 10);
        Some(self.0.get())
    }
    fn stack_bytes(&self) -> Option<u32> {
        None
    }
}
fn responses(said: &[u8]) -> Vec<Response> {
    let mut out = Vec::new();
    let (mut receiver, mut chunk) = (Receiver::<512>::new(), said);
    while let Some(payload) = receiver.feed(&mut chunk) {
        let Ok(DeviceMessage::Response(_, response)) = payload.and_then(decode) else {
            panic!("no response")
        };
        out.push(response);
    }
    out
}
/// Requests of one session, numbered from here.
fn bytes(from: u32, requests: &[Request<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    for (number, request) in (from..).zip(requests) {
        send(&mut out, &HostMessage::Request(Tag { session: 2, number }, *request)).unwrap();
    }
    out
}

#[test]
fn lamps_cost_and_a_damaged_line() {
    let demo = Demo::load();
    let mut profile = profile(&demo);
    profile.rules.block_frames = 1;
    profile.charts = [Cusum { slack: Q16::from_raw(1 << 15), threshold: Q16::from_raw(1) }; 8];
    let mut room = [0; Profile::RECORD_LEN];
    let set = Request::Configure(configuration(&profile, &mut room));
    let begin = Request::Begin { frame: 1, height: 2, width: 8, labelled: false };
    let row = |row| Request::Row { frame: 1, row, codes: &[0x80, 0x80, 0, 0, 0, 0, 0, 0], labels: None };
    let one = [begin, row(0), row(1), Request::End { frame: 1 }];
    let wire = bytes(1, &[&[Request::Open, set], &one[..], &one[..], &[begin]].concat());
    let (mut said, mut activity, mut alarm) = (Vec::new(), Lamp::default(), Lamp::default());
    let line = Script([Ok(wire)].into(), &mut said);
    let stop = App::new("test", &mut Memory::new(), line, &mut activity, &mut alarm, Ticks::default())
        .run(&mut Clock);
    assert_eq!(stop, Stop::Closed);
    let costs: Vec<_> = responses(&said)
        .iter()
        .filter_map(|r| if let Response::Report(r) = r { Some(r.instructions) } else { None })
        .collect();
    // Begin's own ticks come after its reset: four requests, ten each.
    assert_eq!(costs, [Some(40), Some(40)]);
    assert_eq!(
        (activity.changes(), alarm.changes()),
        (7, 3),
        "both tested; then on, off, on, off, on; alarm on"
    );
    // Bytes lost on the way: the request they were part of is damaged, not silently joined to the next.
    let open = bytes(1, &[Request::Open]);
    let stack = |number| Ok(bytes(number, &[Request::Stack]));
    let mut said = Vec::new();
    let lost = Err(io::ErrorKind::InvalidData.into());
    let line = Script([Ok(open), lost, stack(2), stack(3)].into(), &mut said);
    App::new("test", &mut Memory::new(), line, Lamp::default(), Lamp::default(), Clock).run(&mut Clock);
    let damaged = Response::Rejected(Rejection::Fault(Fault::Damaged));
    let stack = Response::Stack(None);
    assert_eq!(responses(&said), [Response::Accepted, damaged, stack, stack]);
}

/// A device that says what it was told to, all at once.
struct Answers(io::Cursor<Vec<u8>>);
impl io::Read for Answers {
    fn read(&mut self, b: &mut [u8]) -> io::Result<usize> {
        self.0.read(b)
    }
}
impl io::Write for Answers {
    fn write(&mut self, b: &[u8]) -> io::Result<usize> {
        Ok(b.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
impl Line for Answers {}
fn device(answers: &[DeviceMessage<'_>]) -> Result<Device<Answers>, Error> {
    let mut line = Vec::new();
    answers.iter().for_each(|r| send(&mut line, r).unwrap());
    Device::connect_as(Answers(io::Cursor::new(line)), 5, PATIENCE)
}

#[test]
fn the_desks_end_of_the_line() {
    let ready = |protocol| DeviceMessage::Ready { protocol, board: "b", max_width: MAX_WIDTH };
    let say = |session, number, response| DeviceMessage::Response(Tag { session, number }, response);
    assert!(matches!(device(&[ready(VERSION + 1)]), Err(Error::Version(_))));
    assert!(matches!(device(&[]), Err(Error::Closed)));
    let refused = Response::Rejected(Rejection::NoFrame);
    // Everything arrives in one read: nothing after the first answer may be lost.
    let mut device = device(&[
        say(4, 9, Response::Accepted),
        ready(VERSION),
        say(5, 1, Response::Accepted),
        say(4, 2, Response::Stack(Some(7))),
        say(5, 1, Response::Stack(Some(8))),
        say(5, 2, Response::Stack(Some(9))),
        say(5, 3, refused),
        // What was refused is followed by another session.
        say(5, 1, refused),
        say(5, 4, Response::Accepted),
        say(6, 1, Response::Accepted),
        say(6, 2, Response::Accepted),
    ])
    .unwrap();
    assert_eq!(device.stack_bytes().unwrap(), Some(9));
    assert!(matches!(device.shut_down(), Err(Error::Rejected(Rejection::NoFrame))));
    device.shut_down().unwrap();
    assert!(matches!(device.shut_down(), Err(Error::Closed)));
    let frame =
        DeviceFrame { number: 0, width: 9, codes: &[0; 18], labels: Some((&[1, 2, 3, 4], &[5, 6, 7, 8])) };
    let rows: Vec<_> =
        frame.rows().map(|(_, _, l)| l.map(|l| (l.foreground.to_vec(), l.valid.to_vec())).unwrap()).collect();
    assert_eq!(rows, [(vec![1, 2], vec![5, 6]), (vec![3, 4], vec![7, 8])]);
}

#[test]
fn ignored_pixels_leave_no_trace_at_any_level() {
    use segmeter::catalogue::AnyFrame;
    use segmeter::{Engine, LevelName};
    use segmeter_core::view::{Frame, IGNORE, Labels, Shape};
    let shape = Shape::new(3, 21).unwrap();
    let (clean, ids) = segmeter_tests::Random(9).frame(shape.pixels(), 4.0);
    let wild: Vec<f32> = clean
        .iter()
        .zip(&ids)
        .enumerate()
        .map(
            |(i, (z, id))| {
                if *id == IGNORE { [f32::NAN, f32::INFINITY, f32::NEG_INFINITY][i % 3] } else { *z }
            },
        )
        .collect();
    assert!(wild.iter().any(|z| z.is_nan()));
    let labels = Labels::new(shape, &ids, IGNORE).unwrap();
    for (name, loss) in segmeter_tests::losses() {
        if !segmeter_tests::takes(&name, "binary") {
            continue;
        }
        for level in LevelName::ALL.into_iter().filter(|l| l.is_available()) {
            let engine = Engine::new(level, std::num::NonZero::<usize>::MIN).unwrap();
            let [a, b] = [&clean, &wild].map(|logits| {
                let mut gradient = vec![0.0; 63];
                let frame = AnyFrame::Binary(Frame::new(logits, labels).unwrap());
                let value = loss.evaluate(&engine, &frame, 1.0, Some(&mut gradient)).unwrap().value;
                (value.to_bits(), gradient.into_iter().map(f32::to_bits).collect::<Vec<_>>())
            });
            assert!(a == b, "{name} {level}");
        }
    }
    if let Some(missing) = LevelName::ALL.into_iter().find(|l| !l.is_available()) {
        assert!(Engine::new(missing, std::num::NonZero::<usize>::MIN).is_err());
    }
}
