//! Segmeter on Arm's MPS2 and MPS3 boards, as QEMU has them: one set of drivers, and a `Description` for each.
//!
//! | image | QEMU | core | target |
//! |---|---|---|---|
//! | `mps2-an386` | `mps2-an386` | Cortex-M4F | `thumbv7em-none-eabihf` |
//! | `mps2-an505` | `mps2-an505` | Cortex-M33 | `thumbv8m.main-none-eabihf` |
//! | `mps3-an547` | `mps3-an547` | Cortex-M55 | `thumbv8m.main-none-eabihf` |
//!
//! Drivers for the parts that Segmeter uses: `uart`, `lamp` and `instruments`. All `unsafe` of these boards is in this
//! library: the two volatile accesses of `Register`, taking the core's peripherals, reading the painted stack and guarding
//! its end.
//!
//! Reference: Arm AN386, AN505, AN547 (memory maps, interrupts), Arm DDI 0479 (CMSDK peripherals).

#![cfg(target_os = "none")]
#![no_std]

mod app;
mod board;
mod guard;
pub mod instruments;
pub mod lamp;
pub mod uart;
mod watchdog;

use core::sync::atomic::{AtomicBool, Ordering};

use cortex_m_rt::{ExceptionFrame, exception};
use semihosting::process::ExitCode;

pub use app::app;
pub use board::{AN386, AN505, AN547, Description};
pub use instruments::Clock;
pub use lamp::Lamp;
pub use uart::Uart;

static TAKEN: AtomicBool = AtomicBool::new(false);

/// Every peripheral that Segmeter uses, each in one piece: whoever holds a part is its only user.
#[non_exhaustive]
pub struct Board {
    /// UART0, the line to the host.
    pub line: Uart,
    /// LED0: lit while a frame is being received.
    pub activity: Lamp,
    /// LED1: lit while the drift monitor is in alarm.
    pub alarm: Lamp,
    /// SysTick and the painted stack.
    pub clock: Clock,
}

impl Board {
    /// The board of this description, ready to use: the first time. `None` from then on.
    ///
    /// # Safety
    /// It must be the board that the program runs on.
    pub unsafe fn take(of: &'static Description) -> Option<Self> {
        if TAKEN.swap(true, Ordering::AcqRel) {
            return None;
        }
        let core = cortex_m::Peripherals::take()?;
        guard::below_the_stack(&core);
        // SAFETY: the addresses are the board's, and `TAKEN` lets this line run once, so each register block gets exactly
        // one owner (the two lamps share a register, and say how in `lamp`).
        let (line, activity, alarm) =
            unsafe { (Uart::new(of)?, Lamp::new(of.leds, 0), Lamp::new(of.leds, 1)) };
        Some(Self { line, activity, alarm, clock: Clock::new(core.SYST, of) })
    }
}

/// Ends the program; under QEMU or a debugger, the session with it.
pub fn exit(success: bool) -> ! {
    let code = if success { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    code.exit_process()
}

/// A fault is a defect of the firmware, or a stack that was too short: end with failure, so that no test and no supervisor
/// can mistake it for waiting. What guards the stack is off in here, and nothing here needs a stack that holds what is
/// written.
#[exception]
unsafe fn HardFault(_frame: &ExceptionFrame) -> ! {
    exit(false)
}

/// The watchdog was not fed for a period: the firmware is stuck. Without a debugger that would hear of it, the next period's
/// end resets the board.
#[exception]
unsafe fn NonMaskableInt() -> ! {
    exit(false)
}

/// The interrupts of the board's devices. None but the one that was asked for should come.
#[exception]
unsafe fn DefaultHandler(line: i16) {
    if !uart::on_interrupt(line) {
        exit(false);
    }
}

/// A defect: end at once and say so. The text of a panic helps nobody on a device, and would cost its flash.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    exit(false)
}

/// One 32-bit device register.
struct Register(*mut u32);

// SAFETY: a register is the same from wherever it is accessed; who may access it is settled by its owner.
unsafe impl Send for Register {}

impl Register {
    /// The register at `address`.
    ///
    /// # Safety
    /// There must be a device register at `address`, and no access to it may break memory safety.
    unsafe fn new(address: usize) -> Self {
        Self(core::ptr::with_exposed_provenance_mut(address))
    }

    fn read(&self) -> u32 {
        // SAFETY: `new` was promised a register at this address; volatile, because a read of a device is an action.
        unsafe { self.0.read_volatile() }
    }

    fn write(&mut self, value: u32) {
        // SAFETY: as for `read`.
        unsafe { self.0.write_volatile(value) }
    }
}
