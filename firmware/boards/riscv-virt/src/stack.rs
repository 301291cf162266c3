//! The stack: its end, where an overflow is a fault, and how deep it has been.

use core::arch::{asm, global_asm};
use core::ptr::{addr_of, addr_of_mut};

use riscv::register::{Permission, Range, pmpaddr0, pmpcfg0};

unsafe extern "C" {
    static _guard_start: u32;
    static _guard_end: u32;
    static mut _stack_end: u32;
    static _stack_start: u32;
}

/// What the stack holds where it has not been.
const PAINT: u32 = 0xCCCC_CCCC;

/// Words below the stack pointer that are not painted: those of the function that paints.
const SPARE: usize = 64;

// There are no interrupts here, so a trap is a defect, or a stack that was too short: what the runtime would save there has
// no place. A fresh stack, and an end with failure.
global_asm!(".globl _start_trap", ".align 2", "_start_trap:", "la sp, _stack_start", "tail trapped");

#[unsafe(no_mangle)]
extern "C" fn trapped() -> ! {
    crate::device::exit(false)
}

/// Makes every access right below the stack a fault, in machine mode as well.
pub(crate) fn guard() {
    let (start, end) = (addr_of!(_guard_start).addr(), addr_of!(_guard_end).addr());
    // A naturally aligned power of two: the address with as many ones at its end as the size has zeros, in words.
    let region = (start >> 2) | (((end - start) >> 3) - 1);
    // SAFETY: the region ends where the stack does, by `memory.x`, and holds nothing of the program's.
    unsafe {
        pmpaddr0::write(region);
        pmpcfg0::set_pmp(0, Range::NAPOT, Permission::NONE, true);
    }
}

/// Paints what of the stack is free.
#[inline(never)]
pub(crate) fn paint() {
    let pointer: usize;
    // SAFETY: reads a register.
    unsafe { asm!("mv {}, sp", out(reg) pointer, options(nomem, nostack)) };
    let mut word = addr_of_mut!(_stack_end);
    while word.addr() + SPARE * size_of::<u32>() < pointer {
        // SAFETY: `memory.x` puts the symbol at the end of a word-aligned region of RAM, and what is this far below the stack
        // pointer is in nobody's use.
        unsafe { word.write_volatile(PAINT) };
        word = word.wrapping_add(1);
    }
}

/// The most stack ever in use, in bytes.
pub(crate) fn deepest() -> u32 {
    let start = addr_of!(_stack_start);
    let mut deepest = addr_of!(_stack_end);
    // SAFETY: as above; volatile, because the stack is in use: by this function, too.
    while deepest < start && unsafe { deepest.read_volatile() } == PAINT {
        deepest = deepest.wrapping_add(1);
    }
    (start.addr() - deepest.addr()) as u32
}
