//! What the firmware adds to core: receiving, evaluating and sending.

use core::hint::black_box;

use segmeter_firmware::app::{Room, SharedMemory, payload_len};
use segmeter_firmware::evaluator::Evaluator;
use segmeter_firmware::protocol::{
    DeviceMessage, HostMessage, Order, Receiver, Request, Response, RowLabels, decode, send,
};

use super::unknown;

pub(super) fn all() {
    let mut receiver = Receiver::<256>::new();
    let mut chunk = unknown(&[0_u8; 16]);
    while let Some(frame) = receiver.feed(&mut chunk) {
        let Ok(HostMessage::Request(tag, request)) = frame.and_then(decode) else { continue };
        let mut evaluator = Evaluator::new();
        if let Request::Configure(configuration) = request {
            let _ = black_box(evaluator.configure(&configuration));
            let _ = black_box(evaluator.begin(black_box(1), black_box(2), black_box(3), black_box(true)));
            let labels = RowLabels { foreground: unknown(&[0]), valid: unknown(&[0]) };
            let labels = black_box(Some(labels));
            let _ = black_box(evaluator.row(black_box(1), black_box(0), unknown(&[0; 3]), labels));
            let report = evaluator.end(black_box(1));
            black_box((evaluator.alarm(), evaluator.frame()));
            let _ = black_box((evaluator.order(black_box(Order::SealSite)), evaluator.packet(black_box(3))));
            let monitor = *evaluator.monitor().0;
            evaluator.resume(black_box(monitor));
            let mut room = [0; 256];
            if let Ok(report) = report {
                let message = DeviceMessage::Response(tag, Response::Report(report));
                let _ = black_box(send(&mut black_box(&mut room[..]), &message));
            }
        }
    }
    receiver.mark_damaged();
    let mut memory = SharedMemory::<5, { payload_len(160) }>::new();
    let mut chunk = unknown(&[0_u8; 16]);
    while let Some((payload, to)) = memory.feed(&mut chunk) {
        black_box((payload.is_ok(), to.frames.frame()));
    }
    let _ = black_box(memory.end(black_box(1)));
    memory.mark_damaged();
}
