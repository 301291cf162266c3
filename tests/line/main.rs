//! The desk and the firmware as a pair of state machines, joined by a line that fails: no report is another frame's, and
//! both are back in step as soon as the line is clean.

use std::cell::RefCell;
use std::rc::Rc;

use segmeter::device::{ClassDeviceFrame, Device, DeviceFrame, Error, PATIENCE};
use segmeter_core::drift::{
    Baseline, CalibrationMap, Cusum, Identity, Packet, Profile, Reference, Rules, SIGNALS,
};
use segmeter_core::num::Q16;
use segmeter_core::sketch::{CODES, SigmoidTable};
use segmeter_core::upsample::Interpolation;
use segmeter_core::view::{Quantiser, Shape};
use segmeter_firmware::app::{ClassMemory, Memory};
use segmeter_firmware::evaluator::{ClassFrames, Evaluator, configuration};
use segmeter_firmware::protocol::{Order, Report, send};
use segmeter_tests::Random;

mod limits;
mod noise;
mod pair;

use pair::{End, Fault, Pair, Rates, below};

/// Sides of every frame. The second row fills whole bytes of labels, the first does not.
const HEIGHT: usize = 2;
const WIDTH: usize = 9;
/// A plane of labels, rows starting a byte.
const PLANE: usize = HEIGHT * WIDTH.div_ceil(8);

/// A profile that every frame of this file is watched with.
struct Setup(Profile);

impl Setup {
    fn new() -> Self {
        let (q, quantiser) = (Q16::from_f32, Quantiser::probabilities());
        Self(Profile {
            identity: Identity {
                model: 1,
                mounting: 2,
                height: HEIGHT as u16,
                width: WIDTH as u16,
                frames: 7,
                ..Identity::default()
            },
            quantiser,
            rules: Rules { block_frames: 1, invalid_frames: 1000, frozen_frames: 1000, ..Rules::DEFAULT },
            baselines: [Baseline { mean: q(0.3), deviation: q(0.1) }; SIGNALS],
            charts: [Cusum { slack: Q16::from_raw(1 << 15), threshold: q(5.0) }; SIGNALS],
            site_charts: [Cusum { slack: Q16::from_raw(1 << 15), threshold: q(6.0) }; SIGNALS],
            watching: u8::MAX,
            correlations: [q(0.5); SIGNALS],
            calibration: CalibrationMap::network(&SigmoidTable::new(&quantiser)),
            reference: Reference::new([3; CODES]).unwrap(),
        })
    }
}

/// One user's view: what was asked, and what it would be without a line.
struct Session<'a, 'p> {
    setup: &'a Setup,
    end: End<'p>,
    device: Option<Device<End<'p>>>,
    /// The next to connect with.
    number: u32,
    desk: Evaluator,
    desk_classes: ClassFrames,
    configured: bool,
    /// Whether the device's monitor has seen what the desk's has.
    watched_alike: bool,
    errors: usize,
    /// For the contents of frames.
    random: Random,
}

/// Every bit, so that -0 is not 0 and a NaN is itself; without the monitor's part unless that is known.
fn bits(report: &Report, watched_alike: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let drift = report.drift.filter(|_| watched_alike);
    send(&mut embedded_io_adapters::std::FromStd::new(&mut bytes), &Report { drift, ..*report }).unwrap();
    bytes
}

impl<'a, 'p> Session<'a, 'p> {
    fn new(setup: &'a Setup, end: End<'p>, seed: u64) -> Self {
        Self {
            setup,
            end,
            device: None,
            number: seed as u32,
            desk: Evaluator::new(),
            desk_classes: ClassFrames::new(),
            configured: false,
            watched_alike: false,
            errors: 0,
            random: Random(seed | 1),
        }
    }

    /// Another program takes the line over. Whether it was let in.
    fn connect(&mut self) -> bool {
        self.number = self.number.wrapping_add(1 << 16);
        let device = Device::connect_as(self.end.clone(), self.number, PATIENCE);
        self.errors += usize::from(device.is_err());
        self.device = device.ok();
        self.device.is_some()
    }

    fn device(&mut self) -> &mut Device<End<'p>> {
        self.device.as_mut().expect("a connection")
    }

    fn note<T>(&mut self, outcome: Result<T, Error>) -> Option<T> {
        // What the device was asked may have been done or not.
        self.watched_alike &= outcome.is_ok();
        self.errors += usize::from(outcome.is_err());
        outcome.ok()
    }

    fn configure(&mut self) -> bool {
        let mut room = [0; Profile::RECORD_LEN];
        let configuration = configuration(&self.setup.0, &mut room);
        let outcome = self.device().configure(configuration);
        self.configured |= outcome.is_ok();
        self.watched_alike = outcome.is_ok();
        if self.watched_alike {
            self.desk.configure(&configuration).unwrap();
        }
        self.note(outcome).is_some()
    }

    /// Has a frame of this number evaluated; its contents are new. Whether there is a report, which must be right.
    fn evaluate(&mut self, number: u32) -> bool {
        let mut byte = || below(&mut self.random, 256) as u8;
        let codes: [u8; HEIGHT * WIDTH] = std::array::from_fn(|_| byte());
        let planes: [[u8; PLANE]; 2] = std::array::from_fn(|_| std::array::from_fn(|_| byte()));
        let labels = (byte() & 1 == 1).then_some((&planes[0][..], &planes[1][..]));
        let frame = DeviceFrame { number, width: WIDTH as u16, codes: &codes, labels };
        let outcome = self.device().evaluate(frame);
        let Some(report) = self.note(outcome) else { return false };
        let expected = frame.evaluate(&mut self.desk).expect("the desk is configured as well");
        let known = self.watched_alike;
        assert_eq!(bits(&report, known), bits(&expected, known), "{report:?} is not {expected:?}");
        true
    }

    /// The same of several classes: two rows of scores, four of labels.
    fn evaluate_classes(&mut self, number: u32) -> bool {
        let mut byte = || below(&mut self.random, 256) as u8;
        let codes: [u8; 2 * 3 * 4] = std::array::from_fn(|_| byte());
        let labels: [u8; 4 * 6] = std::array::from_fn(|_| [0, 1, 2, 3, 255][usize::from(byte() % 5)]);
        let labels = (byte() & 1 == 1).then_some(&labels[..]);
        let (shape, interpolation) = (Shape::new(2, 3).unwrap(), Interpolation::HalfPixel);
        let frame =
            ClassDeviceFrame { number, shape, classes: 4, factor: 2, interpolation, codes: &codes, labels };
        let outcome = self.device().evaluate_classes(frame);
        let Some(found) = self.note(outcome) else { return false };
        assert_eq!(found, frame.evaluate(&self.setup.0.quantiser, &mut self.desk_classes).unwrap());
        true
    }

    fn order(&mut self, order: Order) {
        let outcome = self.device().order(order);
        if self.note(outcome).is_some() {
            let _ = self.desk.order(order);
        }
    }

    /// Every other question.
    fn ask(&mut self) {
        let outcome = self.device().telemetry();
        if let (Some(packet), true) = (self.note(outcome), self.watched_alike) {
            let expected = Packet::read(&self.desk.packet(0).unwrap()).unwrap();
            // Packets count all telemetry that was ever sent.
            assert_eq!(packet, Packet { sequence: packet.sequence, ..expected });
        }
        let outcome = self.device().stack_bytes();
        let outcome = outcome.map(|bytes| assert_eq!(bytes, None));
        self.note(outcome);
    }

    /// The line is clean: one frame to find that out, the next must come through.
    fn must_recover(&mut self) {
        self.end.0.borrow_mut().clean();
        assert!(self.device.is_some() || self.connect() || self.connect(), "not let in");
        assert!(self.configured || self.configure() || self.configure(), "not configured");
        let first = self.evaluate(1);
        assert!(self.evaluate(2), "not in step");
        assert!(self.evaluate(3), "out of step again (the first was {first})");
        assert!(self.evaluate_classes(3), "not of several classes");
    }
}

/// One of everything, with a fault somewhere. Returns how many requests went wrong, and what was sent both ways.
fn conversation(setup: &Setup, fault: Option<(bool, usize, Fault)>) -> (usize, [Vec<Vec<u8>>; 2]) {
    let (mut memory, mut classes) = (Memory::new(), ClassFrames::new());
    let mut memory = ClassMemory::new(&mut memory, &mut classes);
    let mut pair = Pair::new(&mut memory, 1);
    if let Some((to_device, index, fault)) = fault {
        let way = if to_device { &mut pair.to_device } else { &mut pair.to_host };
        way.fault = Some((index, fault));
    }
    let end = End(Rc::new(RefCell::new(pair)));
    let mut session = Session::new(setup, end.clone(), 7);
    let connected = (0..3).any(|_| session.connect());
    assert!(connected && (0..3).any(|_| session.configure()), "one fault is all there is");
    session.evaluate(7);
    session.evaluate(7);
    session.order(Order::CaptureSite);
    session.evaluate(8);
    session.evaluate_classes(8);
    session.ask();
    // Another program, with the monitor as it is.
    assert!((0..3).any(|_| session.connect()), "one fault is all there is");
    session.evaluate(8);
    session.evaluate(9);
    let errors = session.errors;
    session.must_recover();
    let pair = end.0.borrow();
    (errors, [&pair.to_device, &pair.to_host].map(|way| way.sent.clone()))
}

/// Everything that may happen to a message of this length.
fn faults(message: &[u8]) -> Vec<Fault> {
    let mut faults = vec![Fault::Lost];
    // Some copies come when another program has the line.
    faults.extend((0..5).chain(15..22).map(Fault::Twice));
    faults.extend((1..6).map(Fault::Late));
    let step = message.len().div_ceil(48);
    for place in (0..message.len()).step_by(step).chain([message.len() - 1]) {
        // To zero, or from it: the delimiters.
        let flips = [1, 0x80, message[place]].into_iter().filter(|by| *by != 0);
        faults.extend(flips.map(|by| Fault::Flipped(place, by)));
        faults.push(Fault::Cut(place));
        faults.push(Fault::Noise(place, vec![0]));
    }
    for noise in [&b"noise"[..], &[0, 3, 0], &[7; 5000], &[0; 40]] {
        faults.extend([0, message.len() / 2, message.len()].map(|place| Fault::Noise(place, noise.to_vec())));
    }
    faults
}

#[test]
fn no_single_fault_costs_more_than_its_request() {
    let setup = Setup::new();
    let (errors, sent) = conversation(&setup, None);
    assert_eq!(errors, 0);
    let mut sessions = 0;
    for (to_device, messages) in [(true, &sent[0]), (false, &sent[1])] {
        for (index, message) in messages.iter().enumerate() {
            for fault in faults(message) {
                let told = format!("{} {index} {fault:?}", if to_device { "request" } else { "answer" });
                let repeated = matches!(fault, Fault::Twice(_));
                let (errors, _) = conversation(&setup, Some((to_device, index, fault)));
                // What comes twice is noticed by nobody, but for the opening of a session after that of the next.
                let most = if repeated { usize::from(to_device) } else { 2 };
                assert!(errors <= most, "{told}: {errors} errors");
                sessions += 1;
            }
        }
    }
    assert!(sessions > 3000, "{sessions}");
}

#[test]
fn ten_thousand_bad_lines() {
    let setup = Setup::new();
    let (mut reports, mut errors) = (0, 0);
    let mut class_reports = 0;
    for seed in 0..10_000 {
        let (mut memory, mut classes) = (Memory::new(), ClassFrames::new());
        let mut memory = ClassMemory::new(&mut memory, &mut classes);
        let pair = Pair::new(&mut memory, 0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed + 1) | 1);
        let end = End(Rc::new(RefCell::new(pair)));
        let mut session = Session::new(&setup, end.clone(), seed.wrapping_mul(0x2545_F491_4F6C_DD1D));
        {
            let mut pair = end.0.borrow_mut();
            let rate = |random: &mut Random, of: [f64; 4]| of[below(random, 4)];
            for to_device in [true, false] {
                let byte = rate(&mut pair.random, [0.0, 1e-4, 1e-3, 1e-2]);
                let message = rate(&mut pair.random, [0.0, 0.01, 0.05, 0.3]);
                let way = if to_device { &mut pair.to_device } else { &mut pair.to_host };
                way.rates = Some(Rates { byte, message });
            }
        }
        for _ in 0..7 {
            match below(&mut session.random, 9) {
                _ if session.device.is_none() => _ = session.connect(),
                _ if !session.configured => _ = session.configure(),
                0 => _ = session.connect(),
                1 => _ = session.configure(),
                2 => session.order(Order::CaptureSite),
                3 => session.ask(),
                4 => class_reports += usize::from(session.evaluate_classes(1)),
                // Few numbers: the same one comes again and again.
                any => reports += usize::from(session.evaluate(any as u32 % 3)),
            }
        }
        errors += session.errors;
        session.must_recover();
    }
    // Neither all was well nor all was lost.
    assert!(reports > 5000 && errors > 5000, "{reports} reports, {errors} errors");
    assert!(class_reports > 1000, "{class_reports} reports of several classes");
}
