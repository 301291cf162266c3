//! The HAL's timer as a clock of 64 bits, and the stack's high-water mark.

use core::cell::RefCell;
use core::ptr::addr_of;

use cortex_m::interrupt::{Mutex, free};
use cortex_m::peripheral::NVIC;
use cortex_m_rt::STACK_PAINT_VALUE;
use embedded_hal::delay::DelayNs;
use nrf51_hal::pac::{Interrupt, TIMER0, interrupt};
use nrf51_hal::timer::{Periodic, Timer};
use segmeter_firmware::board::Instruments;

/// The HAL's timers count microseconds. After so many this one begins again.
const PERIOD: u32 = 1_000_000_000;

/// QEMU with `-icount shift=0` lets one nanosecond pass per instruction.
const INSTRUCTIONS_PER_TICK: u64 = 1000;

/// The timer, and how often it has begun again.
type Running = (Timer<TIMER0, Periodic>, u32);

static TIMER: Mutex<RefCell<Option<Running>>> = Mutex::new(RefCell::new(None));

#[interrupt]
fn TIMER0() {
    free(|token| {
        if let Some((timer, periods)) = TIMER.borrow(token).borrow_mut().as_mut() {
            *periods += u32::from(timer.reset_if_finished());
        }
    });
}

/// Time in microseconds.
#[derive(Clone, Copy)]
pub(crate) struct Clock(());

impl Clock {
    /// Starts the timer, which then belongs to the clock for good.
    pub(crate) fn new(timer: TIMER0) -> Self {
        let mut timer = Timer::periodic(timer);
        timer.enable_interrupt();
        timer.start(PERIOD);
        free(|token| TIMER.borrow(token).replace(Some((timer, 0))));
        // SAFETY: what the handler works on is in place, and no critical section relies on this line being masked.
        unsafe { NVIC::unmask(Interrupt::TIMER0) };
        Self(())
    }

    /// Microseconds since the start.
    fn ticks(&self) -> u64 {
        free(|token| {
            let mut timer = TIMER.borrow(token).borrow_mut();
            let Some((timer, periods)) = timer.as_mut() else { return 0 };
            let mut now = timer.read();
            // The end of a period just before may still wait to be counted: count it, and read again, because it may have come
            // between the two.
            if timer.reset_if_finished() {
                *periods += 1;
                now = timer.read();
            }
            u64::from(*periods) * u64::from(PERIOD) + u64::from(now)
        })
    }
}

impl DelayNs for Clock {
    fn delay_ns(&mut self, nanoseconds: u32) {
        let start = self.ticks();
        // The tick under way is already partly gone: only "more than" guarantees the whole time.
        while self.ticks() - start <= u64::from(nanoseconds.div_ceil(1000)) {}
    }
}

impl Instruments for Clock {
    /// True under QEMU with `-icount shift=0`, to within 1000 instructions; elsewhere it is only time in nanoseconds.
    fn instructions(&self) -> Option<u64> {
        Some(self.ticks() * INSTRUCTIONS_PER_TICK)
    }

    fn stack_bytes(&self) -> Option<u32> {
        unsafe extern "C" {
            static _stack_end: u32;
            static _stack_start: u32;
        }
        let (end, start) = (addr_of!(_stack_end), addr_of!(_stack_start));
        let mut deepest = end;
        // SAFETY: `memory.x` puts both symbols at the bounds of one word-aligned region of RAM, which the start-up
        // code painted whole. Volatile, because the stack is in use: by this function, too.
        while deepest < start && unsafe { deepest.read_volatile() } == STACK_PAINT_VALUE {
            deepest = deepest.wrapping_add(1);
        }
        u32::try_from(start.addr() - deepest.addr()).ok()
    }

    fn milliseconds(&self) -> Option<u32> {
        Some((self.ticks() / 1000) as u32)
    }
}
