//! The end of the stack: what grows beyond it is a fault, not a wrong number.

use core::ptr::addr_of;

use cortex_m::{Peripherals, asm};

unsafe extern "C" {
    static _stack_end: u32;
}

/// Makes every access below the stack a fault. There is no memory, but the bus does not say so: QEMU takes a write there
/// without a word and reads zeros, and a loss whose frames reached it was wrong with every sign of being right.
#[cfg(not(armv8m))]
pub(super) fn below_the_stack(core: &Peripherals) {
    /// The protected region: 1 MiB, more than any frame that could step over it.
    const LOG2_BYTES: u32 = 20;
    /// MPU_RASR: the region counts, with its size; no access, not executable.
    const NO_ACCESS: u32 = 1 | (LOG2_BYTES - 1) << 1 | 1 << 28;
    /// MPU_CTRL: on, with the default map for all other addresses.
    const ON: u32 = 1 | 1 << 2;

    let Ok(end) = u32::try_from(addr_of!(_stack_end).addr()) else { return };
    // SAFETY: the region ends where the stack does, by `memory.x`, and holds nothing of the program's.
    unsafe {
        core.MPU.rnr.write(0);
        core.MPU.rbar.write(end.wrapping_sub(1 << LOG2_BYTES));
        core.MPU.rasr.write(NO_ACCESS);
        core.MPU.ctrl.write(ON);
    }
    asm::dsb();
    asm::isb();
}

/// Armv8-M has a register for it: a stack pointer below it is a fault.
#[cfg(armv8m)]
pub(super) fn below_the_stack(core: &Peripherals) {
    /// CCR.STKOFHFNMIGN: the handler of that fault may use what is left.
    const NOT_IN_HARD_FAULT: u32 = 1 << 10;

    let Ok(end) = u32::try_from(addr_of!(_stack_end).addr()) else { return };
    // SAFETY: both make faults of what would go wrong in silence, and nothing else.
    unsafe {
        core.SCB.ccr.modify(|bits| bits | NOT_IN_HARD_FAULT);
        cortex_m::register::msplim::write(end);
    }
    asm::isb();
}
