//! The HAL's UART as a line that loses nothing while a row is being evaluated: an interrupt collects what comes in.
//!
//! The device holds six bytes, half a millisecond of a full line, and the HAL does not say when one is lost: the checksum of
//! the message does.

use core::cell::RefCell;
use core::convert::Infallible;

use cortex_m::asm;
use cortex_m::interrupt::{CriticalSection, Mutex, free};
use cortex_m::peripheral::NVIC;
use embedded_io::{ErrorType, Read, ReadReady, Write, WriteReady};
use heapless::Deque;
use nrf51_hal::gpio::{Floating, Input, Output, Pin, PushPull};
use nrf51_hal::pac::{Interrupt, UART0, interrupt};
use nrf51_hal::uart::{Baudrate, Parity, Pins, Uart};

/// Room for what has come in: 11 milliseconds of a full line, which no row takes.
const QUEUE: usize = 128;

/// The UART, and what it has received.
struct Shared {
    uart: Uart<UART0>,
    queue: Deque<u8, QUEUE>,
}

static SHARED: Mutex<RefCell<Option<Shared>>> = Mutex::new(RefCell::new(None));

fn with<T>(token: &CriticalSection, work: impl FnOnce(&mut Shared) -> T) -> Option<T> {
    SHARED.borrow(token).borrow_mut().as_mut().map(work)
}

impl Shared {
    /// Moves what has arrived into the queue, as far as there is room; what there is none for stays in the device, which
    /// raises its interrupt until it is read.
    fn collect(&mut self) {
        let mut byte = [0];
        while !self.queue.is_full()
            && self.uart.read_ready() == Ok(true)
            && self.uart.read(&mut byte) == Ok(1)
        {
            let _ = self.queue.push_back(byte[0]);
        }
        if self.queue.is_full() {
            NVIC::mask(Interrupt::UART0);
        }
    }
}

#[interrupt]
fn UART0() {
    free(|token| with(token, Shared::collect));
}

/// One UART, whose parts are shared with its interrupt.
pub(crate) struct Line(());

impl Line {
    /// 115200 baud, both directions, on these pins.
    pub(crate) fn new(uart: UART0, txd: Pin<Output<PushPull>>, rxd: Pin<Input<Floating>>) -> Self {
        let pins = Pins { rxd, txd, cts: None, rts: None };
        let uart = Uart::new(uart, pins, Parity::EXCLUDED, Baudrate::BAUD115200);
        // The HAL waits until the byte before is out, and the first one it wrote before the device was on: QEMU drops what is
        // written then, and would drop the order to interrupt as well. A zero is no message.
        // SAFETY: the UART has no other user before its interrupt is let in.
        unsafe {
            (*UART0::ptr()).txd.write(|bits| bits.bits(0));
            (*UART0::ptr()).intenset.write(|bits| bits.rxdrdy().set());
        }
        free(|token| {
            SHARED.borrow(token).replace(Some(Shared { uart, queue: Deque::new() }));
        });
        // SAFETY: what the handler works on is in place, and no critical section relies on this line being masked.
        unsafe { NVIC::unmask(Interrupt::UART0) };
        Self(())
    }
}

impl ErrorType for Line {
    type Error = Infallible;
}

impl Read for Line {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        let mut count = 0;
        while count == 0 && !buffer.is_empty() {
            free(|token| {
                with(token, |shared| {
                    for slot in &mut *buffer {
                        let Some(byte) = shared.queue.pop_front() else { break };
                        *slot = byte;
                        count += 1;
                    }
                });
                if count == 0 {
                    // With interrupts held back, none can slip in between the look and the sleep; one that waits ends the
                    // sleep at once, and is served as soon as they are let in again.
                    asm::wfi();
                }
            });
        }
        // SAFETY: as in `new`. There is room again.
        unsafe { NVIC::unmask(Interrupt::UART0) };
        Ok(count)
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        for byte in bytes {
            self.flush()?;
            free(|token| with(token, |shared| shared.uart.write(&[*byte])));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        while free(|token| with(token, |shared| shared.uart.write_ready())) == Some(Ok(false)) {}
        Ok(())
    }
}
