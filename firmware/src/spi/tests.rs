//! The commands byte by byte, and the firmware beside a peer.

use std::collections::VecDeque;
use std::vec;
use std::vec::Vec;

use embedded_hal_mock::eh1::delay::NoopDelay;
use embedded_hal_mock::eh1::spi::{Mock, Transaction};

use super::*;
use crate::app::{App, Memory, Stop};
use crate::board::host::{Clock, Lamp};
use crate::protocol::{DeviceMessage, HostMessage, Receiver, Request, Response, Tag, decode, send};

const PACE: Pace = Pace { turn_ns: 2000, poll_us: 50 };

/// A poll that reads this block.
fn poll(block: &[u8]) -> Vec<Transaction<u8>> {
    vec![
        Transaction::transaction_start(),
        Transaction::write_vec(vec![POLL]),
        Transaction::delay(2000),
        Transaction::read_vec(block.to_vec()),
        Transaction::transaction_end(),
    ]
}

fn sending(bytes: &[u8]) -> Vec<Transaction<u8>> {
    vec![
        Transaction::transaction_start(),
        Transaction::write_vec(vec![SEND, bytes.len() as u8]),
        Transaction::write_vec(bytes.to_vec()),
        Transaction::transaction_end(),
    ]
}

#[test]
fn polls_are_of_a_block_and_deliver_what_counts() {
    let polls = [
        poll(&[3, 7, 8, 9]),
        poll(&[0, 1, 1, 1]),
        poll(&[1, 5, 1, 1]),
        poll(&[4, 1, 1, 1]),
        poll(&[0xff; 4]),
    ];
    let mut bus = Mock::new(&polls.concat());
    let mut line = SpiLine::<_, _, 4>::new(&mut bus, NoopDelay::new(), PACE);
    let mut buffer = [0; 2];
    assert_eq!(line.read(&mut []), Ok(0), "nobody is asked");
    assert_eq!((line.read(&mut buffer), buffer), (Ok(2), [7, 8]));
    assert_eq!((line.read(&mut buffer), buffer[0]), (Ok(1), 9), "the rest of the block, without a poll");
    assert_eq!(line.read(&mut buffer), Err(Error::Idle));
    assert_eq!((line.read(&mut buffer), buffer[0]), (Ok(1), 5));
    for length in [4, 0xff] {
        let lost = line.read(&mut buffer).unwrap_err();
        assert_eq!(lost, Error::Length(length));
        assert_eq!(embedded_io::Error::kind(&lost), ErrorKind::InvalidData);
    }
    bus.done();
}

#[test]
fn what_is_sent_has_its_length_in_front() {
    let long: Vec<u8> = (0..300).map(|place| place as u8).collect();
    let mut bus = Mock::new(&[sending(&[1, 2]), sending(&long[..255]), sending(&long[255..])].concat());
    let mut line = SpiLine::<_, _>::new(&mut bus, NoopDelay::new(), PACE);
    assert_eq!(line.write(&[]), Ok(0));
    line.write_all(&[1, 2]).unwrap();
    line.write_all(&long).unwrap();
    bus.done();
}

/// The other end of the bus, of the desk or of a bridge to it. With nothing left to say, its bus breaks.
struct Peer<'a> {
    heard: VecDeque<u8>,
    said: &'a mut Vec<u8>,
    polls: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Broken;

impl spi::Error for Broken {
    fn kind(&self) -> spi::ErrorKind {
        spi::ErrorKind::ModeFault
    }
}

impl spi::ErrorType for Peer<'_> {
    type Error = Broken;
}

impl SpiDevice for Peer<'_> {
    fn transaction(&mut self, operations: &mut [Operation<'_, u8>]) -> Result<(), Broken> {
        match operations {
            [Operation::Write([SEND, length]), Operation::Write(bytes)] => {
                assert_eq!(usize::from(*length), bytes.len());
                self.said.extend_from_slice(bytes);
            }
            [Operation::Write([POLL]), Operation::DelayNs(_), Operation::Read(block)] => {
                self.polls += 1;
                let (length, block) = block.split_first_mut().unwrap();
                // In every third poll nothing, in every seventh an undriven wire.
                let most = match self.polls {
                    polls if polls.is_multiple_of(3) => 0,
                    polls if polls.is_multiple_of(7) => {
                        *length = 0xff;
                        return Ok(());
                    }
                    _ if self.heard.is_empty() => return Err(Broken),
                    _ => block.len(),
                };
                let count = self.heard.len().min(most);
                *length = count as u8;
                block.iter_mut().zip(self.heard.drain(..count)).for_each(|(slot, byte)| *slot = byte);
            }
            [] => {}
            other => panic!("no command: {other:?}"),
        }
        Ok(())
    }
}

/// What comes in pieces with nothing and noise between them is answered; lost bytes cost their message. A broken bus is an
/// end.
#[test]
fn the_firmware_talks_over_it() {
    let mut heard = Vec::new();
    send(&mut heard, &HostMessage::Hello).unwrap();
    for number in 1..40 {
        let request = if number == 1 { Request::Open } else { Request::Stack };
        send(&mut heard, &HostMessage::Request(Tag { session: 5, number }, request)).unwrap();
    }
    let mut said = Vec::new();
    let peer = Peer { heard: heard.into(), said: &mut said, polls: 0 };
    let line = SpiLine::<_, _, 8>::new(peer, NoopDelay::new(), PACE);
    let mut memory = Memory::new();
    let stop = App::new("spi", &mut memory, line, Lamp::default(), Lamp::default(), Clock).run(&mut Clock);
    assert_eq!(stop, Stop::Line);
    let (mut receiver, mut chunk) = (Receiver::<512>::new(), &said[..]);
    let (mut answered, mut rejected) = (0, 0);
    while let Some(payload) = receiver.feed(&mut chunk) {
        match payload.and_then(decode).unwrap() {
            DeviceMessage::Response(_, Response::Rejected(_)) => rejected += 1,
            DeviceMessage::Response(_, Response::Stack(None) | Response::Accepted) => answered += 1,
            DeviceMessage::Ready { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(answered >= 20 && (1..20).contains(&rejected), "{answered} answers, {rejected} rejections");
}
