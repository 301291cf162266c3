//! Any bytes in any chunks as a device's answers: the desk says what is wrong, and neither panics nor waits for ever.
#![no_main]

use libfuzzer_sys::fuzz_target;
use segmeter::core::view::Quantiser;
use segmeter::device::{Device, DeviceFrame, Error};
use segmeter_firmware::evaluator::codes;
use segmeter_firmware::protocol::{Configuration, Response, VERSION, send};
use segmeter_fuzz::{Line, traffic};

fuzz_target!(|input: &[u8]| {
    let (heard, seed) = traffic(input);
    converse(&heard, seed);
    // A fuzzer rarely keeps the greeting intact while it changes what follows.
    let mut greeted = Vec::new();
    let ready = Response::Ready { protocol: VERSION, board: "fuzz", max_width: 1024 };
    send(&mut greeted, &ready).expect("memory takes all");
    greeted.extend_from_slice(&heard);
    converse(&greeted, seed);
});

/// Everything that can be asked of a device, in turns until its line ends.
fn converse(heard: &[u8], seed: u8) {
    let Ok(mut device) = Device::connect(Line::new(heard, &[], seed, false)) else { return };
    assert!(device.board().len() <= heard.len());
    let configuration = Configuration { codes: codes(&Quantiser::probabilities()), profile: None };
    // Each turn takes at least one frame of the line, and a frame at least two of its bytes.
    for _ in 0..=heard.len() {
        let frame = DeviceFrame { number: 1, width: 3, codes: &[7; 6], labels: Some((&[5, 2], &[7, 7])) };
        let results = [
            device.configure(configuration),
            device.evaluate(frame).map(|_| ()),
            device.stack_bytes().map(|_| ()),
            device.answer().map(|_| ()),
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
