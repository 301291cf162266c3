//! What differs from board to board.

/// Where the drivers find their devices.
#[derive(Clone, Copy, Debug)]
pub struct Description {
    /// The board's name in the protocol: that of QEMU's machine.
    pub name: &'static str,
    /// Registers of CMSDK UART 0.
    pub(crate) uart: usize,
    /// The clock that its baud rate is divided from.
    pub(crate) uart_hz: u32,
    /// The line of the NVIC for "UART 0 has received".
    pub(crate) received: u16,
    /// FPGAIO's LED register.
    pub(crate) leds: usize,
    /// Registers of the CMSDK watchdog, which raises the NMI and counts with the core's clock.
    pub(crate) watchdog: Option<usize>,
    /// The core's clock.
    pub(crate) core_hz: u32,
    /// Quarters of a nanosecond in a tick of it: QEMU with `-icount shift=0` lets one nanosecond pass per instruction.
    pub(crate) quarters: u64,
}

impl Description {
    const fn clock(self, core_hz: u32, uart_hz: u32) -> Self {
        assert!(4_000_000_000 % core_hz as u64 == 0, "a tick is no whole number of quarters");
        Self { core_hz, uart_hz, quarters: 4_000_000_000 / core_hz as u64, ..self }
    }
}

const NONE: Description = Description {
    name: "",
    uart: 0,
    uart_hz: 0,
    received: 0,
    leds: 0,
    watchdog: None,
    core_hz: 0,
    quarters: 0,
};

/// MPS2 with the AN386 image: a Cortex-M4F at 25 MHz.
pub const AN386: Description = Description {
    name: "mps2-an386",
    uart: 0x4000_4000,
    received: 0,
    leds: 0x4002_8000,
    watchdog: Some(0x4000_8000),
    ..NONE
}
.clock(25_000_000, 25_000_000);

/// MPS2 with the AN505 image: a Cortex-M33 at 20 MHz. The program stays in the secure state that it starts in: addresses
/// are those of that state.
pub const AN505: Description = Description {
    name: "mps2-an505",
    uart: 0x5020_0000,
    received: 32,
    leds: 0x5030_2000,
    watchdog: Some(0x5008_1000),
    ..NONE
}
.clock(20_000_000, 20_000_000);

/// MPS3 with the AN547 image: a Cortex-M55 at 32 MHz, its peripherals at 25 MHz. Secure, as [`AN505`].
pub const AN547: Description =
    Description { name: "mps3-an547", uart: 0x5930_3000, received: 33, leds: 0x5930_2000, ..NONE }
        .clock(32_000_000, 25_000_000);
