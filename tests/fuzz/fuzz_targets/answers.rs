//! Any bytes in any chunks as a device's answers: the desk says what is wrong, and neither panics nor waits for ever.
#![no_main]

use libfuzzer_sys::fuzz_target;
use segmeter::core::upsample::Interpolation;
use segmeter::core::view::{Quantiser, Shape};
use segmeter::device::{ClassDeviceFrame, Device, DeviceFrame, Error, PATIENCE};
use segmeter_firmware::evaluator::codes;
use segmeter_firmware::protocol::{Configuration, DeviceMessage, Order, Response, Tag, VERSION, send};
use segmeter_fuzz::{Line, traffic};

/// That of the seeds.
const SESSION: u32 = 1;

fuzz_target!(|input: &[u8]| {
    let (heard, seed) = traffic(input);
    converse(&heard, seed);
    // A fuzzer rarely keeps the greeting intact while it changes what follows.
    let mut greeted = Vec::new();
    let ready = DeviceMessage::Ready { protocol: VERSION, board: "fuzz", max_width: 1024 };
    let opened = DeviceMessage::Response(Tag { session: SESSION, number: 1 }, Response::Accepted);
    for message in [ready, opened] {
        send(&mut greeted, &message).expect("memory takes all");
    }
    greeted.extend_from_slice(&heard);
    converse(&greeted, seed);
});

/// Everything that can be asked of a device, in turns until its line ends.
fn converse(heard: &[u8], seed: u8) {
    let line = Line::new(heard, &[], seed, false);
    let Ok(mut device) = Device::connect_as(line, SESSION, PATIENCE) else { return };
    assert!(device.board().len() <= heard.len());
    let configuration = Configuration { codes: codes(&Quantiser::probabilities()), profile: None };
    // Each turn takes at least one frame of the line, and a frame at least two of its bytes.
    for _ in 0..=heard.len() {
        let frame = DeviceFrame { number: 1, width: 3, codes: &[7; 6], labels: Some((&[5, 2], &[7, 7])) };
        let classes = ClassDeviceFrame {
            number: 1,
            shape: Shape::new(2, 3).expect("pixels"),
            classes: 2,
            factor: 2,
            interpolation: Interpolation::HalfPixel,
            codes: &[7; 12],
            labels: Some(&[1; 24]),
        };
        let results = [
            device.configure(configuration),
            device.evaluate(frame).map(|_| ()),
            device.evaluate_classes(classes).map(|_| ()),
            device.stack_bytes().map(|_| ()),
            device.telemetry().map(|_| ()),
            device.order(Order::SealSite),
            device.shut_down(),
        ];
        for error in results.iter().filter_map(|result| result.as_ref().err()) {
            assert!(!error.to_string().is_empty());
        }
        if results.iter().any(|result| matches!(result, Err(Error::Closed))) {
            return;
        }
    }
    panic!("the line never ends");
}
