//! The firmware as one task among others of an executor: bytes are awaited, and what they ask for is done as they come.
//!
//! On a board `bytes` is a UART of embassy or rtic, and other tasks run while it has nothing.

use embassy_futures::block_on;
use embedded_hal::digital::OutputPin;
use embedded_io::Write;
use embedded_io_async::Read;
use segmeter_firmware::app::{App, Memory, PIECE, Room, Stop};
use segmeter_firmware::board::Instruments;
use segmeter_firmware::board::host::{Clock, Lamp, Line};
use segmeter_firmware::protocol::{
    DeviceMessage, HostMessage, Receiver, Request, Response, Tag, decode, send,
};

/// Answers requests until there is a reason to stop. `app` has a line that is only written to.
async fn serve<L, A, B, C, M, const WORDS: usize>(
    mut bytes: impl Read,
    app: &mut App<'_, L, A, B, C, M, WORDS>,
) -> Stop
where
    L: embedded_io::Read + Write,
    A: OutputPin,
    B: OutputPin,
    C: Instruments,
    M: Room<WORDS>,
{
    let mut chunk = [0; PIECE];
    loop {
        match bytes.read(&mut chunk).await {
            Ok(0) => return Stop::Closed,
            Ok(count) => {
                if let Some(stop) = app.hear(&chunk[..count]) {
                    return stop;
                }
            }
            Err(_) => return Stop::Line,
        }
    }
}

fn main() {
    let (mut heard, mut said) = (Vec::new(), Vec::new());
    for (number, request) in (1..).zip([Request::Open, Request::Stack, Request::Shutdown]) {
        send(&mut heard, &HostMessage::Request(Tag { session: 1, number }, request)).unwrap();
    }
    let mut memory = Memory::new();
    let line = Line::new(&b""[..], &mut said);
    let mut app = App::new("awaited", &mut memory, line, Lamp::default(), Lamp::default(), Clock);
    assert_eq!(block_on(serve(&heard[..], &mut app)), Stop::Shutdown);

    let (mut receiver, mut answers) = (Receiver::<512>::new(), &said[..]);
    while let Some(payload) = receiver.feed(&mut answers) {
        let DeviceMessage::Response(tag, response) = payload.and_then(decode).unwrap() else {
            panic!("no answer")
        };
        println!("{}: {response:?}", tag.number);
        assert!(matches!(response, Response::Accepted | Response::Stack(None)));
    }
}
