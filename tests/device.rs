//! The firmware's image on every board in QEMU: the same bits as on the desk, and a line that recovers.
//!
//! `tests/run` builds the images and names their folder in `SEGMETER_IMAGES`; without it these tests skip.

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use segmeter::device::{ClassDeviceFrame, Device, DeviceFrame, Error, Line, Qemu};
use segmeter_core::drift::Profile;
use segmeter_core::upsample::Interpolation;
use segmeter_core::view::Shape;
use segmeter_firmware::evaluator::{ClassFrames, Evaluator, configuration};
use segmeter_firmware::protocol::{Fault, Rejection, Report, send};
use segmeter_tests::{Demo, images};

const BOARD: &str = "mps2-an386";

/// The image of a board; `None`, with a line that says so, if it was not built here.
fn image(board: &str) -> Option<PathBuf> {
    let image = images("device tests")?.join(board);
    if !image.exists() {
        eprintln!("skipped: device {board}: no image of it was built here");
    }
    image.exists().then_some(image)
}

/// A profile of the pack's first frames; short blocks, so that a few frames reach the detectors.
fn profile(demo: &Demo) -> Profile {
    demo.profile([0.01, 0.005, 0.01, 0.005, 0.005, 0.005, 0.02, 0.5], 5.0)
}

const VALID: [u8; 2400] = [0xff; 2400];

fn frame(demo: &Demo, number: usize, labelled: bool) -> DeviceFrame<'_> {
    let labels = labelled.then(|| (demo.packed(number), &VALID[..]));
    DeviceFrame { number: number as u32, width: 160, codes: demo.codes(number), labels }
}

/// Every field as bits, so that -0 is not 0 and a NaN is itself.
fn bits(report: &Report) -> Vec<u8> {
    let mut bytes = Vec::new();
    let report = Report { instructions: None, ..*report };
    send(&mut embedded_io_adapters::std::FromStd::new(&mut bytes), &report).unwrap();
    bytes
}

/// What a board can do.
#[derive(Clone, Copy)]
struct Abilities {
    /// It has a clock and knows its stack.
    measures: bool,
    /// It has memory for frames of several classes.
    classes: bool,
}

/// Three frames of several classes, labelled and not, every way of interpolation. Without the memory: an error with a remedy.
fn classes(device: &mut Device<UnixStream>, profile: &Profile, can: Abilities) {
    let mut desk = Box::new(ClassFrames::new());
    let ways = [Interpolation::HalfPixel, Interpolation::AlignedCorners, Interpolation::Nearest];
    for (number, interpolation) in (1..).zip(ways) {
        let (shape, classes, factor) = (Shape::new(15, 20).unwrap(), 7, 8);
        let byte = |place: usize| ((place + 5) * (place + number as usize) * 31 % 251) as u8;
        let codes: Vec<u8> = (0..shape.pixels() * classes).map(byte).collect();
        let labels: Vec<u8> = (0..shape.pixels() * factor * factor)
            .map(|place| if byte(place) == 9 { 255 } else { byte(place) % 7 })
            .collect();
        let labels = (number != 2).then_some(&labels[..]);
        let frame = ClassDeviceFrame { number, shape, classes, factor, interpolation, codes: &codes, labels };
        let found = device.evaluate_classes(frame);
        if !can.classes {
            let refused = found.unwrap_err();
            assert!(matches!(refused, Error::Rejected(Rejection::Classes)), "{refused:?}");
            let said = refused.to_string();
            assert!(
                said.contains("no memory for frames of several classes: give its firmware `ClassMemory`"),
                "{said}"
            );
            continue;
        }
        let mut found = found.unwrap();
        assert_eq!(found.report.instructions.take().is_some_and(|count| count > 10_000), can.measures);
        assert_eq!(found, frame.evaluate(&profile.quantiser, &mut desk).unwrap(), "{interpolation:?}");
        assert!(found.classes.iter().all(|class| class.coarse.is_some_and(|pixels| pixels > 0)), "{found:?}");
    }
}

/// Frames of every kind through a board, beside the desk.
fn same_bits(board: &str, can: Abilities) {
    let measures = can.measures;
    let Some(elf) = image(board) else { return };
    let demo = Demo::load();
    let (profile, mut room) = (profile(&demo), [0; Profile::RECORD_LEN]);
    let configuration = configuration(&profile, &mut room);
    let mut desk = Evaluator::new();
    desk.configure(&configuration).unwrap();
    let (qemu, line) = Qemu::start(&elf, board).unwrap();
    let mut device = Device::connect(line).unwrap();
    assert_eq!(device.board(), board);
    device.configure(configuration).unwrap();
    let mut states = Vec::new();
    for (number, labelled) in [(0, true), (60, false), (99, true), (120, true), (150, true), (190, false)] {
        let frame = frame(&demo, number, labelled);
        let report = device.evaluate(frame).unwrap();
        assert_eq!(bits(&report), bits(&frame.evaluate(&mut desk).unwrap()), "frame {number}: {report:?}");
        assert_eq!(
            report.instructions.is_some_and(|count| count > 100_000),
            measures,
            "frame {number}: cost"
        );
        states.push(report.drift.unwrap().state);
    }
    assert_ne!(states.first(), states.last(), "the states never changed: {states:?}");
    classes(&mut device, &profile, can);
    // Of these frames, of the profile and of what came of them: far less than a watchdog gives. Reports take the longest.
    let longest = device.longest_piece().unwrap();
    eprintln!("{board}: {longest:?} instructions in one piece");
    assert_eq!(longest.is_some_and(|count| (10_000..3_000_000).contains(&count)), measures, "{longest:?}");
    let stack = device.stack_bytes().unwrap();
    assert_eq!(stack.is_some_and(|stack| (1000..8 * 1024).contains(&stack)), measures, "stack: {stack:?}");
    // The time of a packet is the board's: there were frames in between.
    let time = |device: &mut Device<UnixStream>| device.telemetry().unwrap().time_ms;
    let before = time(&mut device);
    device.evaluate(frame(&demo, 7, false)).unwrap();
    let after = time(&mut device);
    assert!(
        if measures { 0 < before && before < after } else { before + after == 0 },
        "{before}, {after} ms"
    );
    device.shut_down().unwrap();
    assert!(qemu.wait().unwrap(), "the image ended with a failure");
}

const ALL: Abilities = Abilities { measures: true, classes: true };

#[test]
fn mps2_an386() {
    same_bits("mps2-an386", ALL);
}

#[test]
fn mps2_an505() {
    same_bits("mps2-an505", ALL);
}

#[test]
fn mps3_an547() {
    same_bits("mps3-an547", ALL);
}

#[test]
fn microbit() {
    same_bits("microbit", Abilities { classes: false, ..ALL });
}

#[test]
fn riscv_virt() {
    same_bits("riscv-virt", ALL);
}

/// A board outside of the workspace, which measures nothing (`tests/run --long`).
#[test]
fn lm3s6965evb() {
    same_bits("lm3s6965evb", Abilities { measures: false, classes: false });
}

/// A line on which something happens to a row.
struct Disturbed {
    line: UnixStream,
    /// Once, to the next row.
    change: Rc<Cell<Option<Change>>>,
}

type Change = fn(&[u8]) -> Vec<u8>;

impl Read for Disturbed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.line.read(buffer)
    }
}

impl Write for Disturbed {
    /// Messages come one by one, and between configurations only rows are as long.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let change = if bytes.len() > 100 { self.change.take() } else { None };
        let sent = change.map_or_else(|| bytes.to_vec(), |change| change(bytes));
        self.line.write_all(&sent).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.line.flush()
    }
}

impl Line for Disturbed {
    fn limit(&mut self, time: Duration) -> io::Result<()> {
        self.line.limit(time)
    }
}

fn corrupted(row: &[u8]) -> Vec<u8> {
    let mut row = row.to_vec();
    row[80] ^= if row[80] == 0x55 { 0x56 } else { 0x55 };
    row
}

fn oversized(_: &[u8]) -> Vec<u8> {
    let run = [&[0xff][..], &[9; 254]].concat();
    [&[0][..], &run.repeat(12), &[1, 0]].concat()
}

#[test]
fn the_line_recovers_from_anything() {
    let Some(elf) = image(BOARD) else { return };
    let demo = Demo::load();
    let (profile, mut room) = (profile(&demo), [0; Profile::RECORD_LEN]);
    let configuration = configuration(&profile, &mut room);
    let (_qemu, line) = Qemu::start(&elf, BOARD).unwrap();
    let change = Rc::new(Cell::new(None::<Change>));
    let mut device = Device::connect(Disturbed { line, change: Rc::clone(&change) }).unwrap();
    // A frame before the device knows what the codes mean.
    let early = device.evaluate(frame(&demo, 1, false));
    assert!(matches!(early, Err(Error::Rejected(Rejection::NotConfigured))), "{early:?}");
    device.configure(configuration).unwrap();
    let mut desk = Evaluator::new();
    desk.configure(&configuration).unwrap();
    let cases: [(Change, Rejection); 4] = [
        (corrupted, Rejection::Fault(Fault::Checksum)),
        (|row| [&row[..70], &[0]].concat(), Rejection::Fault(Fault::Damaged)),
        (oversized, Rejection::Fault(Fault::Oversized)),
        (|_| Vec::new(), Rejection::OutOfOrder { expected: 0, found: 1 }),
    ];
    for (disturb, reason) in cases {
        change.set(Some(disturb));
        let refused = device.evaluate(frame(&demo, 7, false));
        assert!(matches!(&refused, Err(Error::Rejected(r)) if *r == reason), "{reason:?}: {refused:?}");
        desk.begin(7, 120, 160, false).unwrap();
        desk.abandon();
        // The next good frame is evaluated as if nothing had happened.
        let good = frame(&demo, 8, true);
        let report = device.evaluate(good).unwrap();
        assert_eq!(bits(&report), bits(&good.evaluate(&mut desk).unwrap()), "after {reason:?}");
    }
}

/// An idle device is alive: its watchdog is fed for longer than it waits.
#[test]
fn a_watchdog_leaves_an_idle_board_alone() {
    for board in ["mps2-an386", "mps2-an505"] {
        let Some(elf) = image(board) else { continue };
        let (qemu, line) = Qemu::start(&elf, board).unwrap();
        let mut device = Device::connect(line).unwrap();
        // Two periods and more, after the first of which the image ends with a failure.
        std::thread::sleep(Duration::from_secs(5));
        assert_eq!(device.stack_bytes().unwrap().map(|_| ()), Some(()));
        device.shut_down().unwrap();
        assert!(qemu.wait().unwrap(), "{board} ended with a failure");
    }
}
