//! Any bytes in any chunks to the firmware: it answers with sound messages only, and still answers afterwards.
#![no_main]

use libfuzzer_sys::fuzz_target;
use segmeter_firmware::app::{App, ClassMemory, Memory, Stop};
use segmeter_firmware::board::host::{Clock, Lamp, Line};
use segmeter_firmware::evaluator::ClassFrames;
use segmeter_firmware::protocol::{
    ClassReport, DeviceMessage, HostMessage, Receiver, Report, Response, decode, send,
};
use segmeter_fuzz::{Line as Fuzzed, traffic};

fuzz_target!(|input: &[u8]| {
    let (heard, seed) = traffic(input);
    // Whatever was left unfinished ends with this zero.
    let mut hello = vec![0];
    send(&mut hello, &HostMessage::Hello).expect("memory takes all");
    let mut said = Vec::new();
    let line = Line::new(Fuzzed::new(&heard, &hello, seed, true), &mut said);
    // With a place for frames of several classes: all of the protocol is followed.
    let (mut memory, mut classes) = (Box::new(Memory::new()), Box::new(ClassFrames::new()));
    let mut memory = ClassMemory::new(&mut memory, &mut classes);
    let stop = App::new("fuzz", &mut memory, line, Lamp::default(), Lamp::default(), Clock).run(&mut Clock);
    let mut receiver = Receiver::<512>::new();
    let mut chunk = &said[..];
    let mut last = None;
    while let Some(frame) = receiver.feed(&mut chunk) {
        let message = frame.and_then(decode).expect("what the firmware says can be read");
        match &message {
            DeviceMessage::Response(_, Response::Report(report)) => check(report),
            DeviceMessage::Response(_, Response::Classes(report)) => check_classes(report),
            DeviceMessage::Response(_, Response::ClassCounts(Some(class))) => assert!(class.class < 32),
            _ => {}
        }
        last = Some(matches!(message, DeviceMessage::Ready { board: "fuzz", .. }));
    }
    // A shutdown that the fuzzer found is the one reason to stop before the end.
    assert!(stop == Stop::Shutdown || (stop == Stop::Closed && last == Some(true)), "{stop:?}, {last:?}");
});

/// What holds for every frame of several classes.
fn check_classes(report: &ClassReport) {
    assert!(report.pixels > 0 && report.ignored.is_none_or(|ignored| ignored <= report.pixels), "{report:?}");
    let Some([margin, _, confidence, entropy]) = report.statistics else { return };
    assert!(
        margin >= 0 && (0..=1 << 16).contains(&confidence) && (0..=1 << 16).contains(&entropy),
        "{report:?}"
    );
}

/// What holds for every frame.
fn check(report: &Report) {
    const ONE: i32 = 1 << 16;
    assert!(report.statistics.iter().all(|share| (0..=ONE).contains(share)), "{report:?}");
    let Some(scores) = &report.scores else { return };
    assert!(scores.losses.iter().flatten().all(|loss| loss.is_finite() && *loss >= 0.0), "{report:?}");
    assert!(
        scores.confusion.iter().map(|n| u64::from(*n)).sum::<u64>() <= report.pixels.into(),
        "{report:?}"
    );
    let shares = [scores.auroc, scores.average_precision, scores.calibration_error];
    // Averages of averages: the last bit is the rounding's.
    assert!(shares.iter().flatten().all(|share| (0.0..1.0 + 1e-9).contains(share)), "{report:?}");
}
