//! The CMSDK APB watchdog (Arm DDI 0479, chapter 4.4). When it has not been fed for a period it raises the NMI, and after
//! another one it resets the board.

use super::{Description, Register};

/// Longer than SysTick takes to wake a core that waits for the line, and than any piece of work by far.
const PERIOD_S: u32 = 2;

const LOAD: usize = 0x000;
const CONTROL: usize = 0x008;
const INTERRUPT_CLEAR: usize = 0x00C;
const LOCK: usize = 0xC00;

/// What opens the other registers.
const KEY: u32 = 0x1ACC_E551;

// Bits of CONTROL.
const COUNT_AND_INTERRUPT: u32 = 1 << 0;
const RESET: u32 = 1 << 1;

fn write(of: &Description, offset: usize, value: u32) {
    if let Some(base) = of.watchdog {
        // SAFETY: the description says that there is a watchdog, and each of these writes is whole by itself.
        unsafe { Register::new(base + offset) }.write(value);
    }
}

/// From here on it must be fed. Nothing on a board without one.
pub(super) fn start(of: &Description) {
    write(of, LOCK, KEY);
    write(of, LOAD, PERIOD_S * of.core_hz);
    write(of, CONTROL, COUNT_AND_INTERRUPT | RESET);
}

/// Another period begins.
pub(super) fn feed(of: &Description) {
    write(of, INTERRUPT_CLEAR, 1);
}
