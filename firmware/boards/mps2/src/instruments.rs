//! SysTick as a 64-bit clock, and the stack's high-water mark.

use core::ptr::addr_of;
use core::sync::atomic::{AtomicU32, Ordering};

use cortex_m::interrupt;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m::peripheral::{SCB, SYST};
use cortex_m_rt::{STACK_PAINT_VALUE, exception};
use embedded_hal::delay::DelayNs;

use segmeter_firmware::board::Instruments;

use super::{Description, watchdog};

/// SysTick counts down through its whole 24-bit range.
const RELOAD: u32 = 0x00FF_FFFF;

/// How often SysTick has wrapped. At 25 MHz the 32 bits last for 91 years.
static WRAPS: AtomicU32 = AtomicU32::new(0);

#[exception]
fn SysTick() {
    WRAPS.fetch_add(1, Ordering::Relaxed);
}

/// Time in ticks of the core's clock.
#[derive(Clone)]
pub struct Clock(&'static Description);

impl Clock {
    /// Starts SysTick, which then belongs to the clock for good.
    pub(super) fn new(mut systick: SYST, of: &'static Description) -> Self {
        systick.set_clock_source(SystClkSource::Core);
        systick.set_reload(RELOAD);
        systick.clear_current();
        systick.enable_interrupt();
        systick.enable_counter();
        Self(of)
    }

    /// Ticks since the start.
    pub fn ticks(&self) -> u64 {
        let (wraps, count) = interrupt::free(|_| {
            let count = SYST::get_current();
            // The exception of a wrap just before the read may still be waiting for us: count it, and read again,
            // because the wrap may have come between the read and the test. (A second one is 0.67 s away.)
            if SCB::is_pendst_pending() {
                (WRAPS.load(Ordering::Relaxed).wrapping_add(1), SYST::get_current())
            } else {
                (WRAPS.load(Ordering::Relaxed), count)
            }
        });
        // The wrap happens on reaching zero, so within a period the ticks go 0, then RELOAD, RELOAD - 1, ..., 1.
        u64::from(wraps) * (u64::from(RELOAD) + 1) + u64::from(count.wrapping_neg() & RELOAD)
    }
}

impl DelayNs for Clock {
    fn delay_ns(&mut self, nanoseconds: u32) {
        let start = self.ticks();
        let wait = (u64::from(nanoseconds) * u64::from(self.0.core_hz)).div_ceil(1_000_000_000);
        // The tick under way is already partly gone: only "more than" guarantees the whole time.
        while self.ticks() - start <= wait {}
    }
}

impl Instruments for Clock {
    /// True under QEMU with `-icount shift=0`, to within a tick; elsewhere it is only time in nanoseconds.
    fn instructions(&self) -> Option<u64> {
        Some((self.ticks() * self.0.quarters) >> 2)
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
        Some((self.ticks() / u64::from(self.0.core_hz / 1000)) as u32)
    }

    fn alive(&mut self) {
        watchdog::feed(self.0);
    }
}
