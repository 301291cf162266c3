//! The firmware on the host board: real frames through the serial protocol, and everything that can go wrong with one.

use embedded_hal::digital::StatefulOutputPin;
use segmeter_core::drift::{Packet, Profile, Snapshot, State};
use segmeter_firmware::app::{App, MAX_PAYLOAD, Memory, Room, SharedMemory, Stop};
use segmeter_firmware::board::host::{Clock, Lamp, Line};
use segmeter_firmware::evaluator::{Evaluator, MAX_WIDTH, ROW_WORDS, configuration};
use segmeter_firmware::protocol::{
    Codes, Configuration, DeviceMessage, Fault, HostMessage, Order, Receiver, Rejection, Report, Request,
    Response, RowLabels, Tag, Telemetry, decode, send,
};
use segmeter_tests::Demo;

mod classes;
mod desk;

/// Bytes that go down the line, and the tag of the last request in them.
struct Wire(Vec<u8>, Tag);

impl Wire {
    /// A session is opened.
    fn new() -> Self {
        let mut wire = Self(Vec::new(), Tag { session: 3, number: 0 });
        wire.send(&Request::Open);
        wire
    }

    fn send(&mut self, request: &Request<'_>) -> &mut Self {
        self.1 = self.1.next();
        send(&mut self.0, &HostMessage::Request(self.1, *request)).unwrap();
        self
    }

    fn begin(&mut self, frame: usize) -> &mut Self {
        self.send(&Request::Begin { frame: frame as u32, height: 120, width: 160, labelled: true })
    }

    fn row(&mut self, demo: &Demo, frame: usize, row: usize) -> &mut Self {
        let (codes, foreground) = demo.row(frame, row);
        let labels = Some(RowLabels { foreground, valid: &[0xff; 20] });
        self.send(&Request::Row { frame: frame as u32, row: row as u16, codes, labels })
    }

    fn frame(&mut self, demo: &Demo, frame: usize) -> &mut Self {
        self.begin(frame);
        for row in 0..Demo::shape().height() {
            self.row(demo, frame, row);
        }
        self.send(&Request::End { frame: frame as u32 })
    }
}

/// What a device with this memory says, and why it stops.
fn run(wire: &Wire, memory: &mut impl Room<ROW_WORDS>) -> (Vec<u8>, Stop) {
    let mut said = Vec::new();
    let line = Line::new(&wire.0[..], &mut said);
    let stop = App::new("test", memory, line, Lamp::default(), Lamp::default(), Clock).run(&mut Clock);
    (said, stop)
}

/// What a fresh device answers after it has opened the session, and why it stops.
fn answers(wire: &Wire) -> (Vec<Response>, Stop) {
    let (said, stop) = run(wire, &mut Memory::new());
    // A small device says the same.
    assert_eq!(run(wire, &mut SharedMemory::<ROW_WORDS, MAX_PAYLOAD>::new()), (said.clone(), stop));
    let mut receiver = Receiver::<512>::new();
    let mut chunk = &said[..];
    let (mut responses, mut last) = (Vec::new(), 0);
    while let Some(payload) = receiver.feed(&mut chunk) {
        let Ok(DeviceMessage::Response(tag, response)) = payload.and_then(decode) else {
            panic!("no response")
        };
        assert!(tag.session == wire.1.session && tag.number > last, "{tag:?} after {last}");
        last = tag.number;
        responses.push(response);
    }
    assert_eq!(responses.remove(0), Response::Accepted);
    (responses, stop)
}

fn profile(demo: &Demo) -> Profile {
    demo.profile([1.0; 8], 1.0)
}

/// The configuration of the tests, and the same evaluator without a line.
fn configured(demo: &Demo) -> (Wire, Evaluator) {
    let mut wire = Wire::new();
    let mut room = [0; Profile::RECORD_LEN];
    let configuration = configuration(&profile(demo), &mut room);
    wire.send(&Request::Configure(configuration));
    let mut evaluator = Evaluator::new();
    evaluator.configure(&configuration).unwrap();
    (wire, evaluator)
}

fn direct(evaluator: &mut Evaluator, demo: &Demo, frame: usize) -> Report {
    evaluator.begin(frame as u32, 120, 160, true).unwrap();
    for row in 0..120 {
        let (codes, foreground) = demo.row(frame, row);
        let labels = Some(RowLabels { foreground, valid: &[0xff; 20] });
        evaluator.row(frame as u32, row as u16, codes, labels).unwrap();
    }
    evaluator.end(frame as u32).unwrap()
}

#[test]
fn frames_come_back_as_reports() {
    let demo = Demo::load();
    let (mut wire, mut evaluator) = configured(&demo);
    for frame in [0, 120, 190] {
        wire.frame(&demo, frame);
    }
    wire.send(&Request::Shutdown);
    let (responses, stop) = answers(&wire);
    assert_eq!(stop, Stop::Shutdown);
    let reports: Vec<_> =
        responses.iter().filter_map(|r| if let Response::Report(r) = r { Some(*r) } else { None }).collect();
    let expected: Vec<_> = [0, 120, 190].map(|frame| direct(&mut evaluator, &demo, frame)).into();
    assert_eq!(reports, expected);
    // And they are about these frames: the pack's own count of road pixels, and a score that is no constant.
    assert_eq!(reports[0].statistics[0], 29433, "8623 of 19200 pixels in steps of 2^-16");
    assert!(reports[1].scores.unwrap().losses[0] > reports[0].scores.unwrap().losses[0]);
    let state = |report: &Report| report.drift.unwrap().verdict().state;
    assert_eq!(state(&reports[0]), State::Unknown, "no block of two frames is complete");
    assert_ne!(state(&reports[1]), State::Unknown);
}

/// The longest message that there is: a row of the greatest width, with labels.
#[test]
fn the_widest_rows_are_taken() {
    let (mut wire, mut evaluator) = configured(&Demo::load());
    let codes: Vec<u8> = (0..MAX_WIDTH).map(|place| (place * 7 % 256) as u8).collect();
    let labels = Some(RowLabels { foreground: &codes[..128], valid: &[0xff; 128] });
    wire.send(&Request::Begin { frame: 1, height: 2, width: MAX_WIDTH, labelled: true });
    evaluator.begin(1, 2, MAX_WIDTH, true).unwrap();
    for row in 0..2 {
        wire.send(&Request::Row { frame: 1, row, codes: &codes, labels });
        evaluator.row(1, row, &codes, labels).unwrap();
    }
    wire.send(&Request::End { frame: 1 });
    assert_eq!(answers(&wire).0[1..], [Response::Accepted, Response::Report(evaluator.end(1).unwrap())]);
}

/// Something goes wrong in the middle of frame 5; frame 6 must be reported as if nothing had been.
fn disturbed(what: &str, reason: Rejection, disturb: impl Fn(&mut Wire, &Demo)) {
    let demo = Demo::load();
    let (mut wire, mut evaluator) = configured(&demo);
    wire.begin(5).row(&demo, 5, 0).row(&demo, 5, 1);
    disturb(&mut wire, &demo);
    wire.row(&demo, 5, 3).row(&demo, 5, 4).send(&Request::End { frame: 5 }).frame(&demo, 6);
    let (responses, _) = answers(&wire);
    // The frame that was lost counts as one that the monitor could not see.
    evaluator.begin(5, 120, 160, true).unwrap();
    evaluator.abandon();
    let expected = [
        Response::Accepted,
        Response::Accepted,
        Response::Rejected(reason),
        Response::Accepted,
        Response::Report(direct(&mut evaluator, &demo, 6)),
    ];
    assert_eq!(responses, expected, "{what}");
}

#[test]
fn a_corrupted_row_costs_its_frame_only() {
    // As the conversation would go on.
    let one_row = |wire: &mut Wire, demo: &Demo| {
        let start = wire.0.len();
        wire.row(demo, 5, 2);
        wire.0.split_off(start)
    };
    // A byte in the payload: the code may stay sound, the checksum does not.
    disturbed("a flipped bit", Rejection::Fault(Fault::Checksum), |wire, demo| {
        let mut bytes = one_row(wire, demo);
        let middle = bytes.len() / 2;
        bytes[middle] ^= if bytes[middle] == 0x10 { 0x20 } else { 0x10 };
        wire.0.extend(bytes);
    });
    disturbed("a row cut short", Rejection::Fault(Fault::Damaged), |wire, demo| {
        let bytes = one_row(wire, demo);
        wire.0.extend(&bytes[..bytes.len() / 2]);
        wire.0.push(0);
    });
    disturbed("a frame longer than any row", Rejection::Fault(Fault::Oversized), |wire, _| {
        wire.0.push(0);
        // Runs of 254 bytes without a zero: sound code, no end.
        for _ in 0..20 {
            wire.0.push(0xff);
            wire.0.extend([7; 254]);
        }
        wire.0.extend([1, 0]);
    });
    disturbed("a message of no kind", Rejection::Fault(Fault::Malformed), |wire, _| {
        send(&mut wire.0, &[250u8, 1, 2, 3]).unwrap();
    });
}

#[test]
fn rows_must_be_in_order_and_of_one_size() {
    disturbed("a row left out", Rejection::OutOfOrder { expected: 2, found: 3 }, |_, _| {});
    disturbed("a row again", Rejection::OutOfOrder { expected: 2, found: 1 }, |wire, demo| {
        wire.row(demo, 5, 1);
    });
    disturbed("a row of another frame", Rejection::OutOfOrder { expected: 5, found: 4 }, |wire, demo| {
        wire.row(demo, 4, 2);
    });
    let row = |codes: usize, labels: usize, valid: usize| {
        move |wire: &mut Wire, _: &Demo| {
            let (bits, codes) = (vec![0; labels.max(valid)], vec![0; codes]);
            let labels = Some(RowLabels { foreground: &bits[..labels], valid: &bits[..valid] });
            wire.send(&Request::Row { frame: 5, row: 2, codes: &codes, labels });
        }
    };
    disturbed("too few codes", Rejection::Shape, row(159, 20, 20));
    disturbed("too many codes", Rejection::Shape, row(161, 20, 20));
    disturbed("too few labels", Rejection::Shape, row(160, 19, 20));
    disturbed("too many valid bits", Rejection::Shape, row(160, 20, 21));
    disturbed("no labels", Rejection::Labels, |wire, _| {
        wire.send(&Request::Row { frame: 5, row: 2, codes: &[0; 160], labels: None });
    });
}

#[test]
fn frames_must_be_whole_and_announced() {
    let demo = Demo::load();
    let rejected = |wire: &Wire| {
        let (responses, _) = answers(wire);
        responses
            .into_iter()
            .filter_map(|r| if let Response::Rejected(reason) = r { Some(reason) } else { None })
            .collect::<Vec<_>>()
    };
    let mut wire = Wire::new();
    wire.frame(&demo, 0);
    assert_eq!(rejected(&wire)[0], Rejection::NotConfigured);
    let (mut wire, _) = configured(&demo);
    wire.begin(1).row(&demo, 1, 0).send(&Request::End { frame: 1 });
    assert_eq!(rejected(&wire), [Rejection::OutOfOrder { expected: 120, found: 1 }]);
    let (mut wire, _) = configured(&demo);
    for (height, width) in [(0, 160), (120, 0), (120, 1025)] {
        wire.send(&Request::Begin { frame: 1, height, width, labelled: false });
    }
    assert_eq!(rejected(&wire), [Rejection::Shape; 3]);
}

/// Both lamps show at the start that they work; then one is lit while a frame comes in, the other in an alarm.
#[test]
fn lamps() {
    let demo = Demo::load();
    let run = |frames: &[usize]| {
        let (mut wire, _) = configured(&demo);
        for frame in frames {
            wire.frame(&demo, *frame);
        }
        let (mut activity, mut alarm) = (Lamp::default(), Lamp::default());
        let line = Line::new(&wire.0[..], Vec::new());
        App::new("test", &mut Memory::new(), line, &mut activity, &mut alarm, Clock).run(&mut Clock);
        (activity.changes(), alarm.changes(), alarm.is_set_high().unwrap())
    };
    assert_eq!(run(&[]), (2, 2, false));
    assert_eq!(run(&[0]), (4, 2, false), "no block is complete");
    assert_eq!(run(&[0, 120, 150, 190]), (10, 3, true), "the wasserstein distance grows to tens of codes");
}

#[test]
fn impossible_configurations_are_refused() {
    let demo = Demo::load();
    let good = profile(&demo);
    let mut room = [0; Profile::RECORD_LEN];
    let good = configuration(&good, &mut room);
    let refused = |change: &dyn Fn(&mut Configuration<'_>)| {
        let mut configuration = good;
        change(&mut configuration);
        Evaluator::new().configure(&configuration) == Err(Rejection::Configuration)
    };
    assert!(!refused(&|_| {}));
    for scale in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        assert!(
            refused(&|c| c.codes = Codes::Logits { signed: true, scale, zero_point: 0 }),
            "scale {scale}"
        );
    }
    assert!(refused(&|c| c.codes = Codes::Logits { signed: true, scale: 0.1, zero_point: 200 }));
    assert!(refused(&|c| c.codes = Codes::Probabilities), "a profile for other codes");
    let record = good.profile.unwrap();
    let mut damaged = record.to_vec();
    damaged[100] ^= 1;
    for profile in [&record[1..], &record[..200], &damaged, &[]] {
        let configuration = Configuration { profile: Some(profile), ..good };
        assert_eq!(Evaluator::new().configure(&configuration), Err(Rejection::Configuration));
    }
}

/// What was kept of a monitor goes on in a device that was switched off.
#[test]
fn a_monitor_survives_a_restart() {
    let demo = Demo::load();
    let (_, mut on) = configured(&demo);
    for frame in [0, 1, 150, 151, 7] {
        direct(&mut on, &demo, frame);
    }
    let (_, mut restarted) = configured(&demo);
    assert_ne!(restarted.monitor(), on.monitor());
    let mut record = [0; Snapshot::LEN];
    let (monitor, profile) = on.monitor();
    Snapshot { sequence: 1, profile, monitor: *monitor }.write(&mut record).unwrap();
    restarted.resume(Snapshot::read(&record).unwrap().monitor);
    for frame in [8, 152, 153] {
        assert_eq!(direct(&mut restarted, &demo, frame), direct(&mut on, &demo, frame));
    }
}

/// Orders to the monitor, and what a device would broadcast.
#[test]
fn orders_and_telemetry() {
    let demo = Demo::load();
    let mut wire = Wire::new();
    wire.send(&Request::Telemetry).send(&Request::Order(Order::Acknowledge));
    let none = Response::Rejected(Rejection::Order);
    assert_eq!(answers(&wire).0, [none, none], "no profile");
    let (mut wire, mut evaluator) = configured(&demo);
    wire.send(&Request::Order(Order::SealSite)).send(&Request::Order(Order::CaptureSite));
    for frame in [0, 1, 2, 3] {
        wire.frame(&demo, frame);
        direct(&mut evaluator, &demo, frame);
    }
    wire.send(&Request::Order(Order::SealSite));
    for frame in [150, 151, 152, 153] {
        wire.frame(&demo, frame);
    }
    wire.send(&Request::Telemetry).send(&Request::Order(Order::Acknowledge)).send(&Request::Telemetry);
    let responses = answers(&wire).0;
    let rejected = responses.iter().filter(|r| matches!(r, Response::Rejected(_))).count();
    assert_eq!(rejected, 1, "there was nothing to seal at first");
    let packets: Vec<_> = responses
        .iter()
        .filter_map(|r| if let Response::Telemetry(Telemetry(p)) = r { Packet::read(p).ok() } else { None })
        .collect();
    let [alarm, seen] = packets[..] else { panic!("{responses:?}") };
    assert_eq!((alarm.state, seen.state), (State::Alarm, State::Acknowledged));
    assert!(alarm.reasons.site != 0, "sealed from frames 0 to 3: {alarm:?}");
    assert_eq!((alarm.valid_frames, alarm.alarms, seen.sequence), (8, 1, 2));
}
