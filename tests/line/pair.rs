//! A host and a device joined by a line in memory that does to messages whatever a line can do. Nothing waits and no
//! clock runs: with nothing left to read, a read has timed out.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::{self, Read, Write};
use std::rc::Rc;

use segmeter::device::Line;
use segmeter_firmware::app::{App, ClassMemory};
use segmeter_firmware::board::host::{Clock, Lamp};
use segmeter_tests::Random;

/// What may happen to a message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fault {
    Lost,
    /// It comes again after so many others.
    Twice(usize),
    /// It comes after so many others only.
    Late(usize),
    /// The byte at this place is changed.
    Flipped(usize, u8),
    /// Only so many bytes come.
    Cut(usize),
    /// Something comes between its bytes.
    Noise(usize, Vec<u8>),
}

/// How often that happens: for every byte, and for every message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rates {
    pub(crate) byte: f64,
    pub(crate) message: f64,
}

/// What a bad wire does, all the time and everywhere alike.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Noise {
    /// Every bit is flipped at this rate.
    Bits(f64),
    /// Every byte is lost at half of this rate, and doubled at the other half.
    Bytes(f64),
}

impl Noise {
    fn on(self, message: &[u8], random: &mut Random) -> Vec<u8> {
        let mut heard = Vec::new();
        for byte in message {
            match self {
                Self::Bits(rate) => {
                    let flips = (0..8).filter(|_| happens(random, rate));
                    heard.push(flips.fold(*byte, |byte, bit| byte ^ (1 << bit)));
                }
                Self::Bytes(rate) if happens(random, rate) => {
                    if happens(random, 0.5) {
                        heard.extend([*byte; 2]);
                    }
                }
                Self::Bytes(_) => heard.push(*byte),
            }
        }
        heard
    }
}

/// One direction of a line.
#[derive(Default)]
pub(crate) struct Way {
    /// All messages so far.
    pub(crate) sent: Vec<Vec<u8>>,
    /// What happens to the message of this index.
    pub(crate) fault: Option<(usize, Fault)>,
    pub(crate) rates: Option<Rates>,
    pub(crate) noise: Option<Noise>,
    /// Messages that come after so many others.
    held: Vec<(usize, Vec<u8>)>,
}

impl Way {
    /// What arrives while a message is sent.
    fn carry(&mut self, message: &[u8], random: &mut Random) -> Vec<Vec<u8>> {
        let fault = match (&self.fault, self.rates) {
            (Some((index, fault)), _) if *index == self.sent.len() => Some(fault.clone()),
            (_, Some(rates)) => any_fault(message.len(), rates, random),
            _ => None,
        };
        self.sent.push(message.to_vec());
        let mut late = Vec::new();
        let mut arrived = match fault {
            None => vec![message.to_vec()],
            Some(Fault::Lost) => vec![],
            Some(Fault::Twice(0)) => vec![message.to_vec(); 2],
            Some(Fault::Twice(after)) => {
                late.push((after, message.to_vec()));
                vec![message.to_vec()]
            }
            Some(Fault::Late(after)) => {
                late.push((after, message.to_vec()));
                vec![]
            }
            Some(Fault::Flipped(place, by)) => {
                let mut bytes = message.to_vec();
                bytes[place] ^= by;
                vec![bytes]
            }
            Some(Fault::Cut(length)) => vec![message[..length].to_vec()],
            Some(Fault::Noise(place, noise)) => {
                vec![[&message[..place], &noise, &message[place..]].concat()]
            }
        };
        if let Some(rates) = self.rates {
            arrived.iter_mut().for_each(|message| *message = noisy(message, rates, random));
        }
        if let Some(noise) = self.noise {
            arrived.iter_mut().for_each(|message| *message = noise.on(message, random));
        }
        for (after, message) in std::mem::take(&mut self.held) {
            if after == 1 {
                arrived.push(message);
            } else {
                self.held.push((after - 1, message));
            }
        }
        self.held.append(&mut late);
        arrived
    }
}

pub(crate) fn below(random: &mut Random, end: usize) -> usize {
    ((f64::from(random.uniform()) * end as f64) as usize).min(end - 1)
}

fn happens(random: &mut Random, rate: f64) -> bool {
    // `uniform` has 24 bits: enough for the rates here.
    f64::from(random.uniform()) < rate
}

fn any_fault(length: usize, rates: Rates, random: &mut Random) -> Option<Fault> {
    if !happens(random, rates.message) {
        return None;
    }
    Some(match below(random, 5) {
        0 => Fault::Lost,
        1 => Fault::Twice(below(random, 4)),
        2 => Fault::Late(1 + below(random, 4)),
        3 => Fault::Cut(below(random, length)),
        _ => Fault::Noise(below(random, length), burst(random)),
    })
}

fn burst(random: &mut Random) -> Vec<u8> {
    (0..1 + below(random, 40)).map(|_| below(random, 256) as u8).collect()
}

/// Bytes changed, lost, doubled, and bursts of others.
fn noisy(message: &[u8], rates: Rates, random: &mut Random) -> Vec<u8> {
    let mut bytes = Vec::new();
    for byte in message {
        if !happens(random, rates.byte) {
            bytes.push(*byte);
            continue;
        }
        match below(random, 8) {
            0 => {}
            1 => bytes.extend([*byte; 2]),
            2 => bytes.extend(burst(random)),
            3 => bytes.push(0),
            _ => bytes.push(below(random, 256) as u8),
        }
    }
    bytes
}

/// Where the device's messages go, one by one.
#[derive(Default)]
struct Tap {
    under_way: Vec<u8>,
    said: Rc<RefCell<Vec<Vec<u8>>>>,
}

impl embedded_io::ErrorType for Tap {
    type Error = Infallible;
}

impl embedded_io::Read for Tap {
    fn read(&mut self, _: &mut [u8]) -> Result<usize, Infallible> {
        Ok(0)
    }
}

impl embedded_io::Write for Tap {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        self.under_way.extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        self.said.borrow_mut().push(std::mem::take(&mut self.under_way));
        Ok(())
    }
}

/// The device, and both directions of its line.
pub(crate) struct Pair<'a> {
    app: App<'a, Tap, Lamp, Lamp, Clock, ClassMemory<'a>>,
    said: Rc<RefCell<Vec<Vec<u8>>>>,
    heard: VecDeque<u8>,
    pub(crate) to_device: Way,
    pub(crate) to_host: Way,
    pub(crate) random: Random,
}

impl<'a> Pair<'a> {
    pub(crate) fn new(memory: &'a mut ClassMemory<'a>, seed: u64) -> Self {
        let tap = Tap::default();
        let said = Rc::clone(&tap.said);
        Self {
            app: App::new("pair", memory, tap, Lamp::default(), Lamp::default(), Clock),
            said,
            heard: VecDeque::new(),
            to_device: Way::default(),
            to_host: Way::default(),
            random: Random(seed),
        }
    }

    /// From here on the line is as good as any; what was held back comes first.
    pub(crate) fn clean(&mut self) {
        for way in [&mut self.to_device, &mut self.to_host] {
            (way.fault, way.rates, way.noise) = (None, None, None);
        }
        for (_, message) in std::mem::take(&mut self.to_device.held) {
            self.hear(&message);
        }
        let late = std::mem::take(&mut self.to_host.held);
        self.heard.extend(late.into_iter().flat_map(|(_, message)| message));
    }

    fn hear(&mut self, message: &[u8]) {
        let _ = self.app.hear(message);
        for answer in self.said.take() {
            let arrived = self.to_host.carry(&answer, &mut self.random);
            self.heard.extend(arrived.concat());
        }
    }
}

/// The host's end.
#[derive(Clone)]
pub(crate) struct End<'a>(pub(crate) Rc<RefCell<Pair<'a>>>);

impl Read for End<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let heard = &mut self.0.borrow_mut().heard;
        if heard.is_empty() { Err(io::ErrorKind::TimedOut.into()) } else { heard.read(buffer) }
    }
}

/// A write is a message.
impl Write for End<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut pair = self.0.borrow_mut();
        let pair = &mut *pair;
        for message in pair.to_device.carry(bytes, &mut pair.random) {
            pair.hear(&message);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Line for End<'_> {}
