//! The firmware's image on a Cortex-M4F in QEMU: the same bits as on the desk, and a line that recovers.
//!
//! `tests/run` builds the images and names their folder in `SEGMETER_IMAGES`; without it these tests skip.

use std::io::Write;
use std::path::PathBuf;

use segmeter::device::{Device, DeviceFrame, Error, Qemu};
use segmeter_core::drift::Profile;
use segmeter_firmware::evaluator::{Evaluator, configuration};
use segmeter_firmware::protocol::{Fault, Rejection, Report, Request, send};
use segmeter_tests::{Demo, images};

const BOARD: &str = "mps2-an386";

fn image() -> Option<PathBuf> {
    Some(images("device tests")?.join("segmeter-firmware"))
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

#[test]
fn the_device_computes_the_same_bits() {
    let Some(elf) = image() else { return };
    let demo = Demo::load();
    let (profile, mut room) = (profile(&demo), [0; Profile::RECORD_LEN]);
    let configuration = configuration(&profile, &mut room);
    let mut desk = Evaluator::new();
    desk.configure(&configuration).unwrap();
    let (qemu, line) = Qemu::start(&elf, BOARD).unwrap();
    let mut device = Device::connect(line).unwrap();
    assert_eq!(device.board(), BOARD);
    device.configure(configuration).unwrap();
    let mut states = Vec::new();
    for (number, labelled) in [(0, true), (60, false), (99, true), (120, true), (150, true), (190, false)] {
        let frame = frame(&demo, number, labelled);
        let report = device.evaluate(frame).unwrap();
        assert_eq!(bits(&report), bits(&frame.evaluate(&mut desk).unwrap()), "frame {number}: {report:?}");
        assert!(report.instructions.unwrap() > 100_000, "frame {number}: no cost measured");
        states.push(report.drift.unwrap().state);
    }
    assert_ne!(states.first(), states.last(), "the states never changed: {states:?}");
    let stack = device.stack_bytes().unwrap().unwrap();
    assert!((1000..16 * 1024).contains(&stack), "stack high-water {stack}");
    device.shut_down().unwrap();
    assert!(qemu.wait().unwrap(), "the image ended with a failure");
}

#[test]
fn the_line_recovers_from_anything() {
    let Some(elf) = image() else { return };
    let demo = Demo::load();
    let (profile, mut room) = (profile(&demo), [0; Profile::RECORD_LEN]);
    let configuration = configuration(&profile, &mut room);
    let (_qemu, line) = Qemu::start(&elf, BOARD).unwrap();
    let mut raw = line.try_clone().unwrap();
    let mut device = Device::connect(line).unwrap();
    // A frame before the device knows what the codes mean.
    let early = device.evaluate(frame(&demo, 1, false));
    assert!(matches!(early, Err(Error::Rejected(Rejection::NotConfigured))), "{early:?}");
    // The rest of that conversation: one more rejection for nothing being under way is not sent before `End`.
    device.configure(configuration).unwrap();
    let mut desk = Evaluator::new();
    desk.configure(&configuration).unwrap();
    let row = |codes: &[u8]| {
        let mut bytes = Vec::new();
        let request = Request::Row { frame: 7, row: 0, codes, labels: None };
        send(&mut embedded_io_adapters::std::FromStd::new(&mut bytes), &request).unwrap();
        bytes
    };
    let mut corrupted = row(&[3; 160]);
    corrupted[80] ^= 0x55;
    let truncated = [&row(&[3; 160])[..70], &[0]].concat();
    let mut oversized = vec![0];
    for _ in 0..12 {
        oversized.push(0xff);
        oversized.extend([9; 254]);
    }
    oversized.extend([1, 0]);
    let out_of_order = {
        let mut bytes = Vec::new();
        let request = Request::Row { frame: 7, row: 3, codes: &[3; 160], labels: None };
        send(&mut embedded_io_adapters::std::FromStd::new(&mut bytes), &request).unwrap();
        bytes
    };
    let cases = [
        (corrupted, Rejection::Fault(Fault::Checksum)),
        (truncated, Rejection::Fault(Fault::Damaged)),
        (oversized, Rejection::Fault(Fault::Oversized)),
        (out_of_order, Rejection::OutOfOrder { expected: 0, found: 3 }),
    ];
    for (bytes, reason) in cases {
        let mut begin = Vec::new();
        let request = Request::Begin { frame: 7, height: 120, width: 160, labelled: false };
        send(&mut embedded_io_adapters::std::FromStd::new(&mut begin), &request).unwrap();
        raw.write_all(&begin).unwrap();
        raw.write_all(&bytes).unwrap();
        assert!(matches!(device.answer(), Ok(None)), "the frame was announced");
        let refused = device.answer();
        assert!(matches!(&refused, Err(Error::Rejected(r)) if *r == reason), "{reason:?}: {refused:?}");
        desk.begin(7, 120, 160, false).unwrap();
        desk.abandon();
        // The next good frame is evaluated as if nothing had happened.
        let good = frame(&demo, 8, true);
        let report = device.evaluate(good).unwrap();
        assert_eq!(bits(&report), bits(&good.evaluate(&mut desk).unwrap()), "after {reason:?}");
    }
}
