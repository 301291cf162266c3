//! Lines that make one end wait for ever, unless it knows its limits.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::ops::Range;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use segmeter::device::{Device, DeviceFrame, Error, Line, PATIENCE, in_process};
use segmeter_core::view::Quantiser;
use segmeter_firmware::app::{App, Memory};
use segmeter_firmware::board::host::{self, Clock, Lamp};
use segmeter_firmware::evaluator::{MAX_WIDTH, codes};
use segmeter_firmware::protocol::{
    Configuration, DeviceMessage, Fault, Rejection, Response, Tag, VERSION, send,
};

/// Both directions of a line that holds few bytes.
#[derive(Default)]
struct Pipes {
    bytes: [VecDeque<u8>; 2],
    /// Which end waits for room.
    writing: [bool; 2],
    closed: bool,
}

/// One end of it.
#[derive(Clone)]
struct Narrow {
    shared: Arc<(Mutex<Pipes>, Condvar)>,
    end: usize,
    /// Of the host's messages.
    damaged: Range<usize>,
    sent: usize,
}

/// Less than a rejection of every row, but more than any one message but the configuration.
const ROOM: usize = 64;

fn narrow(damaged: Range<usize>) -> [Narrow; 2] {
    let shared = Arc::new((Mutex::new(Pipes::default()), Condvar::new()));
    [0, 1].map(|end| Narrow { shared: Arc::clone(&shared), end, damaged: damaged.clone(), sent: 0 })
}

impl Read for Narrow {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (pipes, changed) = &*self.shared;
        let mut pipes = pipes.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let count = pipes.bytes[1 - self.end].read(buffer)?;
            if count != 0 || pipes.closed {
                changed.notify_all();
                return Ok(count);
            }
            pipes = changed.wait(pipes).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Write for Narrow {
    /// Waits for room; an error if the other end does as well, for then both would wait for ever.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut bytes = bytes.to_vec();
        if self.end == 0 && self.damaged.contains(&self.sent) {
            bytes[3] ^= 0x40;
        }
        self.sent += 1;
        let (pipes, changed) = &*self.shared;
        let mut pipes = pipes.lock().unwrap_or_else(PoisonError::into_inner);
        for byte in &bytes {
            while pipes.bytes[self.end].len() == ROOM && !pipes.closed {
                let other_waits = pipes.writing[1 - self.end] && pipes.bytes[1 - self.end].len() == ROOM;
                if other_waits {
                    pipes.closed = true;
                    changed.notify_all();
                    return Err(io::ErrorKind::TimedOut.into());
                }
                pipes.writing[self.end] = true;
                pipes = changed.wait(pipes).unwrap_or_else(PoisonError::into_inner);
                pipes.writing[self.end] = false;
            }
            pipes.bytes[self.end].push_back(*byte);
            changed.notify_all();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Narrow {
    fn drop(&mut self) {
        let (pipes, changed) = &*self.shared;
        pipes.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        changed.notify_all();
    }
}

impl Line for Narrow {}

/// Every row is wrong, in itself or on the way, and the line holds less than the rejections of all of them.
#[test]
fn a_host_that_writes_never_waits_for_a_device_that_writes() {
    // Before the rows come the greeting, the session, the configuration and the frame's beginning.
    for (damaged, labels) in [(4..204, None), (0..0, Some((&[][..], &[][..])))] {
        let [here, there] = narrow(damaged);
        let device = std::thread::spawn(move || {
            let line = host::Line::new(there.clone(), there);
            App::new("narrow", &mut Memory::new(), line, Lamp::default(), Lamp::default(), Clock)
                .run(&mut Clock)
        });
        let mut desk = Device::connect_as(here, 1, PATIENCE).unwrap();
        let configuration = Configuration { codes: codes(&Quantiser::probabilities()), profile: None };
        desk.configure(configuration).unwrap();
        let frame = DeviceFrame { number: 1, width: 2, codes: &[0; 400], labels };
        let refused = desk.evaluate(frame);
        let expected = if labels.is_some() { Rejection::Labels } else { Rejection::Fault(Fault::Checksum) };
        assert!(matches!(&refused, Err(Error::Rejected(found)) if *found == expected), "{refused:?}");
        drop(desk);
        device.join().unwrap();
    }
}

/// A device that greets, and from then on sends the same byte for ever.
struct Babble {
    greeting: VecDeque<u8>,
    byte: u8,
    /// Bytes per read, and how long each read takes.
    pace: (usize, Duration),
    /// Of that, and no more than `most`.
    turns: usize,
    most: usize,
    limits: Vec<Duration>,
    /// Bytes that it takes at once; then they go like those that come.
    eager: usize,
}

impl Babble {
    /// It answers the opening of the session of this number.
    fn new(session: u32, byte: u8, pace: (usize, Duration)) -> Self {
        let mut greeting = Vec::new();
        let ready = DeviceMessage::Ready { protocol: VERSION, board: "b", max_width: MAX_WIDTH };
        let opened = DeviceMessage::Response(Tag { session, number: 1 }, Response::Accepted);
        for message in [ready, opened] {
            send(&mut embedded_io_adapters::std::FromStd::new(&mut greeting), &message).unwrap();
        }
        let (turns, most, limits) = (0, if pace.1.is_zero() { 50_000 } else { 500 }, Vec::new());
        Self { greeting: greeting.into(), byte, pace, turns, most, limits, eager: usize::MAX }
    }

    fn wait(&mut self) {
        self.turns += 1;
        assert!(self.turns < self.most, "it goes on for ever");
        std::thread::sleep(self.pace.1);
    }
}

impl Read for &mut Babble {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.greeting.is_empty() {
            return self.greeting.read(buffer);
        }
        self.wait();
        let buffer = buffer.get_mut(..self.pace.0).unwrap();
        buffer.fill(self.byte);
        Ok(buffer.len())
    }
}

impl Write for &mut Babble {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.eager < bytes.len() {
            self.wait();
            return Ok(1);
        }
        self.eager -= bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Line for &mut Babble {
    fn limit(&mut self, time: Duration) -> io::Result<()> {
        self.limits.push(time);
        Ok(())
    }
}

const PAUSE: Duration = Duration::from_millis(1);
const SHORT: Duration = Duration::from_millis(40);

/// However small the pieces are that an answer comes in, the time for it is the same.
#[test]
fn a_byte_now_and_then_is_no_answer() {
    // Zeros: empty frames, of which any number may come.
    let mut line = Babble::new(1, 0, (1, PAUSE));
    let mut device = Device::connect_as(&mut line, 1, SHORT).unwrap();
    let answer = device.stack_bytes();
    assert!(matches!(answer, Err(Error::TimedOut(SHORT))), "{answer:?}");
    // And that for the session that the next request would open.
    let answer = device.stack_bytes();
    assert!(matches!(answer, Err(Error::TimedOut(SHORT))), "{answer:?}");
    drop(device);
    assert!(line.limits.iter().all(|limit| *limit <= SHORT && !limit.is_zero()));
}

#[test]
fn a_byte_taken_now_and_then_is_no_request() {
    let mut line = Babble::new(1, 0, (1, PAUSE));
    // The greeting and the session, not the two thousand bytes of the configuration.
    line.eager = 64;
    let mut device = Device::connect_as(&mut line, 1, SHORT).unwrap();
    let profile = Some(&[1; 2000][..]);
    let configuration = Configuration { codes: codes(&Quantiser::probabilities()), profile };
    let answer = device.configure(configuration);
    assert!(matches!(answer, Err(Error::TimedOut(SHORT))), "{answer:?}");
}

#[test]
fn an_answer_without_an_end_is_a_fault_at_once() {
    let mut line = Babble::new(1, 7, (1, Duration::ZERO));
    let mut device = Device::connect_as(&mut line, 1, PATIENCE).unwrap();
    let answer = device.stack_bytes();
    assert!(matches!(answer, Err(Error::Answer(Fault::Oversized))), "{answer:?}");
    drop(device);
    assert!(line.turns < 600, "{} bytes", line.turns);
}

/// In search of the answer that it waits for, a host passes over much, but not over everything.
#[test]
fn noise_without_an_end_is_given_up() {
    for byte in [0, 7] {
        let mut line = Babble::new(1, byte, (64, Duration::ZERO));
        let mut device = Device::connect_as(&mut line, 1, PATIENCE).unwrap();
        let answers = [device.stack_bytes(), device.stack_bytes()];
        assert!(matches!(answers[1], Err(Error::Unexpected)), "{answers:?}");
    }
}

/// Another version is found out in the greeting, which all versions have.
#[test]
fn another_version_is_refused_by_its_number() {
    let mut line = Babble::new(1, 0, (1, PAUSE));
    let mut greeting = Vec::new();
    let ready = DeviceMessage::Ready { protocol: 2, board: "b", max_width: MAX_WIDTH };
    send(&mut embedded_io_adapters::std::FromStd::new(&mut greeting), &ready).unwrap();
    line.greeting = greeting.into();
    let refused = Device::connect_as(&mut line, 1, PATIENCE).map(|_| ()).unwrap_err();
    assert!(matches!(refused, Error::Version(2)));
    assert!(refused.to_string().contains("protocol version 2, this program version 4"), "{refused}");
}

/// A line to a device of its own on which some messages of the host are lost, and some of what comes back is damaged.
struct Shaky {
    line: UnixStream,
    lost: &'static [usize],
    sent: usize,
    damaged: usize,
}

impl Read for Shaky {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.line.read(buffer)?;
        if self.damaged > 0 {
            self.damaged -= 1;
            buffer[2] ^= 0x10;
        }
        Ok(count)
    }
}

impl Write for Shaky {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.sent += 1;
        if self.lost.contains(&(self.sent - 1)) { Ok(bytes.len()) } else { self.line.write(bytes) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.line.flush()
    }
}

impl Line for Shaky {
    fn limit(&mut self, time: Duration) -> io::Result<()> {
        self.line.limit(time)
    }
}

/// Whoever greets does not wait as long as for an evaluation before he greets again, nor for a session.
#[test]
fn a_lost_greeting_is_said_again() {
    let patience = Duration::from_millis(1600);
    for (lost, damaged) in [(&[][..], 0), (&[0], 0), (&[1], 0), (&[0, 2], 0), (&[0, 1, 2, 4], 0), (&[], 1)] {
        let line = in_process().unwrap();
        let device = Device::connect_as(Shaky { line, lost, sent: 0, damaged }, 7, patience);
        let mut device = device.unwrap_or_else(|e| panic!("{lost:?}, {damaged}: {e}"));
        let configuration = Configuration { codes: codes(&Quantiser::probabilities()), profile: None };
        device.configure(configuration).unwrap();
        let frame = DeviceFrame { number: 3, width: 2, codes: &[0; 4], labels: None };
        assert_eq!(device.evaluate(frame).unwrap().frame, 3);
    }
    let line = Shaky { line: in_process().unwrap(), lost: &[0, 1, 2, 3, 4, 5, 6, 7, 8], sent: 0, damaged: 0 };
    let refused = Device::connect_as(line, 7, SHORT).map(|_| ()).unwrap_err();
    assert!(matches!(refused, Error::TimedOut(SHORT)), "{refused:?}");
}
