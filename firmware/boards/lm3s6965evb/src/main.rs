//! Segmeter on a board of one's own: the least there can be. Stellaris LM3S6965, a Cortex-M3, as QEMU has it.

#![no_std]
#![no_main]

mod uart;

use cortex_m::{Peripherals, asm, delay, singleton};
use embedded_hal::delay::DelayNs;
use segmeter_firmware::app::{App, Memory, Stop};
use segmeter_firmware::board::{Instruments, NoLamp};
use semihosting::process::ExitCode;

/// After a reset the core runs from its internal oscillator.
const CORE_HZ: u32 = 12_000_000;

/// `cortex-m` knows the traits of embedded-hal 0.2 only.
struct Delay(delay::Delay);

impl DelayNs for Delay {
    fn delay_ns(&mut self, nanoseconds: u32) {
        self.0.delay_us(nanoseconds.div_ceil(1000));
    }
}

/// Nothing to measure with.
struct Clock;

impl Instruments for Clock {}

#[cortex_m_rt::entry]
fn main() -> ! {
    let Some(core) = Peripherals::take() else { end(false) };
    let Some(memory) = singleton!(: Memory = const { Memory::new() }) else { end(false) };
    let mut delay = Delay(delay::Delay::new(core.SYST, CORE_HZ));
    // SAFETY: UART 0 is at this address, and has no other owner.
    let line = unsafe { uart::Uart::new(0x4000_C000) };
    let stop = App::new("lm3s6965evb", memory, line, NoLamp, NoLamp, Clock).run(&mut delay);
    end(stop == Stop::Shutdown)
}

/// Ends the program, and QEMU with it. A device of its own sleeps here, or starts again.
fn end(success: bool) -> ! {
    let code = if success { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    code.exit_process()
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    asm::bkpt();
    end(false)
}
