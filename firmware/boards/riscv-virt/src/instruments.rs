//! The core's own counters. This board has a clock and a delay that are two objects.

use embedded_hal::delay::DelayNs;
use riscv::register::{mcycle, minstret};
use segmeter_firmware::board::Instruments;

use crate::stack;

/// QEMU with `-icount shift=0` lets one nanosecond pass per cycle.
const CYCLES_PER_MILLISECOND: u64 = 1_000_000;

/// Instructions that have retired, and cycles as time.
pub(crate) struct Clock;

impl Instruments for Clock {
    fn instructions(&self) -> Option<u64> {
        Some(minstret::read64())
    }

    fn stack_bytes(&self) -> Option<u32> {
        Some(stack::deepest())
    }

    fn milliseconds(&self) -> Option<u32> {
        Some((mcycle::read64() / CYCLES_PER_MILLISECOND) as u32)
    }
}

/// Waits by cycles.
pub(crate) struct Delay;

impl DelayNs for Delay {
    fn delay_ns(&mut self, nanoseconds: u32) {
        let start = mcycle::read64();
        while mcycle::read64() - start <= u64::from(nanoseconds) {}
    }
}
