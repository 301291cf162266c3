//! The CMSDK APB UART (Arm DDI 0479, chapter 4.3) as an `embedded-io` line.
//!
//! The device holds one byte in each direction. At 115200 baud the next one comes 87 microseconds later, while a row is
//! being evaluated, so an interrupt collects them in a queue; sending waits. With nothing to read the core sleeps.
//!
//! When the queue is full the bytes stay where they are. QEMU then holds its end back and loses nothing; on a real line
//! the device notes that it lost some, and so does the stream: [`Error::Overrun`] comes where the bytes are missing.
//!
//! A read does not sleep for ever: whatever interrupt wakes the core, SysTick at the latest, ends it ([`Error::Idle`]), so
//! that the watchdog can be fed.

use core::cell::Cell;
use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering};

use cortex_m::interrupt::{self, InterruptNumber, Mutex};
use cortex_m::peripheral::NVIC;
use cortex_m::{asm, singleton};
use embedded_io::{ErrorKind, ErrorType, Read, ReadReady, Write};
use heapless::spsc::{Consumer, Producer, Queue};

use super::{Description, Register};

const BAUD: u32 = 115_200;

/// Room in the queue: 22 milliseconds of a full line.
const QUEUE: usize = 256;

// Bits of STATE; the overrun flag is cleared by writing it.
const TRANSMIT_FULL: u32 = 1 << 0;
const RECEIVE_FULL: u32 = 1 << 1;
const RECEIVE_OVERRUN: u32 = 1 << 3;

// Bits of CTRL.
const TRANSMIT_ENABLE: u32 = 1 << 0;
const RECEIVE_ENABLE: u32 = 1 << 1;
const RECEIVE_INTERRUPT_ENABLE: u32 = 1 << 3;

// Bits of INTCLEAR.
const RECEIVE_INTERRUPT: u32 = 1 << 1;

/// What can go wrong on the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, defmt::Format)]
pub enum Error {
    /// Bytes came faster than they were read, and at least one is lost here. Later bytes are good.
    Overrun,
    /// Nothing has come for a while.
    Idle,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Overrun => "received bytes were lost",
            Self::Idle => "nothing is received",
        })
    }
}

impl core::error::Error for Error {}

impl embedded_io::Error for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Overrun => ErrorKind::InvalidData,
            Self::Idle => ErrorKind::TimedOut,
        }
    }
}

/// The NVIC's line for "UART 0 has received".
#[derive(Clone, Copy)]
struct Received(u16);

// SAFETY: the description of a board says to which line its UART is wired.
unsafe impl InterruptNumber for Received {
    fn number(self) -> u16 {
        self.0
    }
}

/// The half that the interrupt works on.
struct Collector {
    data: Register,
    state: Register,
    interrupt_clear: Register,
    queue: Producer<'static, Result<u8, Error>>,
    received: Received,
}

static COLLECTOR: Mutex<Cell<Option<Collector>>> = Mutex::new(Cell::new(None));

/// The queue was full when the handler left: bytes may wait in the device, and will not raise the interrupt again.
static STALLED: AtomicBool = AtomicBool::new(false);

/// Serves this line of the NVIC. False: it is not the UART's.
pub(super) fn on_interrupt(line: i16) -> bool {
    interrupt::free(|token| {
        let slot = COLLECTOR.borrow(token);
        let mut collector = slot.take();
        let mine = collector.as_mut().is_some_and(|collector| collector.serve(line));
        slot.set(collector);
        mine
    })
}

impl Collector {
    fn serve(&mut self, line: i16) -> bool {
        let mine = u16::try_from(line) == Ok(self.received.0);
        if mine {
            self.collect();
        }
        mine
    }

    /// Moves what has arrived into the queue, as far as there is room.
    fn collect(&mut self) {
        // First of all: a byte that arrives after the last look at the state must raise the interrupt again.
        self.interrupt_clear.write(RECEIVE_INTERRUPT);
        while self.queue.ready() {
            let state = self.state.read();
            let item = if state & RECEIVE_OVERRUN != 0 {
                self.state.write(RECEIVE_OVERRUN);
                Err(Error::Overrun)
            } else if state & RECEIVE_FULL != 0 {
                // Only the low byte holds data.
                Ok(self.data.read() as u8)
            } else {
                return;
            };
            // There is room: `ready` said so, and nobody else puts anything in.
            let _ = self.queue.enqueue(item);
        }
        STALLED.store(true, Ordering::Release);
    }
}

/// One UART.
pub struct Uart {
    data: Register,
    state: Register,
    queue: Consumer<'static, Result<u8, Error>>,
    received: Received,
}

impl Uart {
    /// Sets up the UART of a board: 115200 baud, both directions. `None` if there is one already.
    ///
    /// # Safety
    /// It must be the board that the program runs on, and its UART must have no other owner.
    pub(super) unsafe fn new(of: &Description) -> Option<Self> {
        let (producer, consumer) = singleton!(: Queue<Result<u8, Error>, QUEUE> = Queue::new())?.split();
        // SAFETY: the caller vouches for the block; the offsets are the manual's.
        let register = |offset| unsafe { Register::new(of.uart + offset) };
        register(0x10).write(of.uart_hz / BAUD);
        register(0x08).write(TRANSMIT_ENABLE | RECEIVE_ENABLE | RECEIVE_INTERRUPT_ENABLE);
        let received = Received(of.received);
        let collector = Collector {
            data: register(0x00),
            state: register(0x04),
            interrupt_clear: register(0x0C),
            queue: producer,
            received,
        };
        interrupt::free(|token| COLLECTOR.borrow(token).set(Some(collector)));
        // SAFETY: the handler's half is in place, and no critical section relies on this line being masked.
        unsafe { NVIC::unmask(received) };
        // The halves share two addresses but nothing else: DATA is two registers, one to read and one to write, and
        // STATE is only read here.
        Some(Self { data: register(0x00), state: register(0x04), queue: consumer, received })
    }

    /// Sleeps until there is something to read, or an interrupt of something else.
    fn wait(&self) {
        interrupt::free(|_| {
            // With interrupts held back, none can slip in between the test and the sleep; one that waits ends the sleep at
            // once, and is served as soon as they are let in again.
            if !self.queue.ready() {
                asm::wfi();
            }
        });
    }
}

impl ErrorType for Uart {
    type Error = Error;
}

impl ReadReady for Uart {
    fn read_ready(&mut self) -> Result<bool, Error> {
        Ok(self.queue.ready())
    }
}

impl Read for Uart {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        if buffer.is_empty() {
            return Ok(0);
        }
        self.wait();
        if !self.queue.ready() {
            return Err(Error::Idle);
        }
        let mut count = 0;
        for slot in buffer {
            match self.queue.peek() {
                Some(Ok(byte)) => *slot = *byte,
                // The bytes before a loss come first; the next call reports it.
                Some(Err(_)) if count > 0 => break,
                Some(Err(error)) => {
                    let error = *error;
                    self.queue.dequeue();
                    return Err(error);
                }
                None => break,
            }
            self.queue.dequeue();
            count += 1;
        }
        if STALLED.swap(false, Ordering::AcqRel) {
            NVIC::pend(self.received);
        }
        Ok(count)
    }
}

impl Write for Uart {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        for byte in bytes {
            self.flush()?;
            self.data.write(u32::from(*byte));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Error> {
        while self.state.read() & TRANSMIT_FULL != 0 {}
        Ok(())
    }
}
