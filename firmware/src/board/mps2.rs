//! Arm MPS2 with the AN386 image (Cortex-M4F at 25 MHz), which is QEMU's `mps2-an386`.
//!
//! Drivers for the parts that Segmeter uses: [`uart`], [`lamp`] and [`instruments`]. All `unsafe` of the workspace's
//! device code is in this module and its children: the two volatile accesses of [`Register`], taking the core's
//! peripherals, reading the painted stack and guarding its end.
//!
//! Reference: Arm AN386 (memory map), Arm DDI 0479 (CMSDK peripherals).

#![allow(unsafe_code, reason = "drivers: hardware is reached through addresses that only this module knows")]

mod guard;
pub mod instruments;
pub mod lamp;
pub mod uart;

use core::sync::atomic::{AtomicBool, Ordering};

use cortex_m::interrupt::InterruptNumber;
use cortex_m_rt::{ExceptionFrame, exception};
use semihosting::process::ExitCode;

pub use instruments::Clock;
pub use lamp::Lamp;
pub use uart::Uart;

/// The core and the APB peripherals share one clock.
const CLOCK_HZ: u32 = 25_000_000;

/// The board's name in the protocol.
pub const NAME: &str = "mps2-an386";

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
    /// The board, ready to use: the first time. `None` from then on.
    pub fn take() -> Option<Self> {
        if TAKEN.swap(true, Ordering::AcqRel) {
            return None;
        }
        let core = cortex_m::Peripherals::take()?;
        guard::below_the_stack(&core.MPU);
        // SAFETY: the addresses are AN386's, and `TAKEN` lets this line run once, so each register block gets exactly
        // one owner (the two lamps share a register, and say how in `lamp`).
        let (line, activity, alarm) = unsafe { (Uart::new(UART0)?, Lamp::new(LEDS, 0), Lamp::new(LEDS, 1)) };
        Some(Self { line, activity, alarm, clock: Clock::new(core.SYST) })
    }
}

/// Ends the program; under QEMU or a debugger, the session with it.
pub fn exit(success: bool) -> ! {
    let code = if success { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    code.exit_process()
}

/// A fault is a defect of the firmware, or a stack that was too short: end with failure, so that no test and no supervisor
/// can mistake it for waiting. The memory protection is off in here, and nothing here needs a stack that holds what is
/// written.
#[exception]
unsafe fn HardFault(_frame: &ExceptionFrame) -> ! {
    exit(false)
}

/// The interrupts of the board's devices. None but the one that was asked for should come.
#[exception]
unsafe fn DefaultHandler(line: i16) {
    if line == InterruptNumber::number(uart::Received) as i16 {
        uart::on_received();
    } else {
        exit(false);
    }
}

/// CMSDK UART 0.
const UART0: usize = 0x4000_4000;
/// FPGAIO's LED register.
const LEDS: usize = 0x4002_8000;

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
