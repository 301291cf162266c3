//! Segmeter on QEMU's RISC-V machine `virt`, a core of RV32IMAC. It has no lamps. Its line is a 16550 whose queue of 16 bytes
//! QEMU never overruns: a board of silicon collects them by interrupt (`firmware/boards/mps2`).

#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod instruments;
#[cfg(target_os = "none")]
mod line;
#[cfg(target_os = "none")]
mod stack;

#[cfg(target_os = "none")]
mod device {
    use segmeter_firmware::app::{App, ClassMemory, Memory, Stop};
    use segmeter_firmware::board::NoLamp;
    use segmeter_firmware::evaluator::ClassFrames;
    use semihosting::process::ExitCode;
    use static_cell::ConstStaticCell;

    use crate::instruments::{Clock, Delay};
    use crate::line::Line;
    use crate::stack;

    /// The machine's 16550.
    const UART: usize = 0x1000_0000;

    /// The image holds a copy of it, and so the stack need not.
    static MEMORY: ConstStaticCell<Memory> = ConstStaticCell::new(Memory::new());
    /// Zeros: of these it holds none.
    static CLASSES: ConstStaticCell<ClassFrames> = ConstStaticCell::new(ClassFrames::new());

    #[riscv_rt::entry]
    fn main() -> ! {
        stack::guard();
        stack::paint();
        let (Some(memory), Some(classes)) = (MEMORY.try_take(), CLASSES.try_take()) else { exit(false) };
        let memory = &mut ClassMemory::new(memory, classes);
        // SAFETY: this is the address of the machine's UART, and this line runs once.
        let line = unsafe { Line::new(UART) };
        let stop = App::new("riscv-virt", memory, line, NoLamp, NoLamp, Clock).run(&mut Delay);
        exit(stop == Stop::Shutdown)
    }

    /// Ends the program, and QEMU with it.
    pub(crate) fn exit(success: bool) -> ! {
        let code = if success { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        code.exit_process()
    }

    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
        exit(false)
    }
}

#[cfg(not(target_os = "none"))]
fn main() {}
