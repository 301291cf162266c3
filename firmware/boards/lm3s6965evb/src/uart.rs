//! The PL011 of a Stellaris as an `embedded-io` line. It is asked for every byte: its queue of 16 bytes is 1.4 ms of a full
//! line, and a row takes longer. QEMU waits; a real line needs an interrupt that collects (`firmware/boards/mps2/src/uart.rs`).

use core::convert::Infallible;
use core::ptr::with_exposed_provenance_mut;

use embedded_io::{ErrorType, Read, Write};

const FLAGS: usize = 0x18;
const RECEIVE_EMPTY: u32 = 1 << 4;
const TRANSMIT_FULL: u32 = 1 << 5;
const LINE_CONTROL: usize = 0x2C;
/// Eight bits, and the queues.
const EIGHT_BITS_QUEUED: u32 = 3 << 5 | 1 << 4;
const CONTROL: usize = 0x30;
/// On, in both directions.
const ENABLE: u32 = 1 | 1 << 8 | 1 << 9;

/// One UART.
pub struct Uart(usize);

impl Uart {
    /// The UART whose registers start at `base`, on. QEMU has no baud rate.
    ///
    /// # Safety
    /// There must be one, without another owner.
    pub unsafe fn new(base: usize) -> Self {
        let mut uart = Self(base);
        uart.write_to(LINE_CONTROL, EIGHT_BITS_QUEUED);
        uart.write_to(CONTROL, ENABLE);
        uart
    }

    fn read_from(&self, register: usize) -> u32 {
        // SAFETY: `new` was promised a UART here; volatile, because a read of a device is an action.
        unsafe { with_exposed_provenance_mut::<u32>(self.0 + register).read_volatile() }
    }

    fn write_to(&mut self, register: usize, value: u32) {
        // SAFETY: as for `read_from`.
        unsafe { with_exposed_provenance_mut::<u32>(self.0 + register).write_volatile(value) }
    }
}

impl ErrorType for Uart {
    type Error = Infallible;
}

impl Read for Uart {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        let mut count = 0;
        while count == 0 && !buffer.is_empty() {
            for slot in &mut *buffer {
                if self.read_from(FLAGS) & RECEIVE_EMPTY != 0 {
                    break;
                }
                *slot = self.read_from(0) as u8;
                count += 1;
            }
        }
        Ok(count)
    }
}

impl Write for Uart {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        for byte in bytes {
            while self.read_from(FLAGS) & TRANSMIT_FULL != 0 {}
            self.write_to(0, u32::from(*byte));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
