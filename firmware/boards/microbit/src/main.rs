//! Segmeter on the BBC micro:bit: an nRF51822, a Cortex-M0 with 16 KiB of RAM, through `nrf51-hal`.
//!
//! The line is the UART of the USB plug, at 115200 baud. The two upper lamps of the left column show that a frame comes in
//! and that the drift monitor is in alarm. Rows have up to 160 pixels. TIMER0 is the clock.

#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod clock;
#[cfg(target_os = "none")]
mod line;

#[cfg(target_os = "none")]
mod device {
    use cortex_m::singleton;
    use cortex_m_rt::{ExceptionFrame, entry, exception};
    use nrf51_hal::gpio::{Level, p0};
    use nrf51_hal::pac::Peripherals;
    use segmeter_firmware::app::{App, SharedMemory, Stop, payload_len};
    use segmeter_firmware::evaluator::Frames;
    use semihosting::process::ExitCode;

    use crate::clock::Clock;
    use crate::line::Line;

    /// Words of 32 pixels in the longest row.
    const WORDS: usize = 5;
    type Memory = SharedMemory<WORDS, { payload_len(Frames::<WORDS>::MAX_WIDTH) }>;

    #[entry]
    fn main() -> ! {
        let Some(board) = Peripherals::take() else { exit(false) };
        let Some(memory) = singleton!(: Memory = const { Memory::new() }) else { exit(false) };
        let pins = p0::Parts::new(board.GPIO);
        // A lamp of the matrix is lit while its row is high and its column low.
        let _column = pins.p0_04.into_push_pull_output(Level::Low);
        let activity = pins.p0_13.into_push_pull_output(Level::Low);
        let alarm = pins.p0_14.into_push_pull_output(Level::Low);
        let txd = pins.p0_24.into_push_pull_output(Level::High).degrade();
        let rxd = pins.p0_25.into_floating_input().degrade();
        let clock = Clock::new(board.TIMER0);
        let line = Line::new(board.UART0, txd, rxd);
        let stop = App::new("microbit", memory, line, activity, alarm, clock).run(&mut { clock });
        exit(stop == Stop::Shutdown)
    }

    /// Ends the program; under QEMU or a debugger, the session with it. Without either it is the fault that stops the core.
    fn exit(success: bool) -> ! {
        let code = if success { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        code.exit_process()
    }

    /// A defect of the firmware, or a stack that was too short: no test and no supervisor may mistake it for waiting.
    #[exception]
    unsafe fn HardFault(_frame: &ExceptionFrame) -> ! {
        exit(false)
    }

    /// None but those that are served should come.
    #[exception]
    unsafe fn DefaultHandler(_line: i16) {
        exit(false);
    }

    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
        exit(false)
    }
}

#[cfg(not(target_os = "none"))]
fn main() {}
