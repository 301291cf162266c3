//! A 16550 as an `embedded-io` line.

use core::convert::Infallible;
use core::hint::spin_loop;

use embedded_io::{ErrorType, Read, Write};
use uart_16550::MmioSerialPort;

/// One UART.
pub(crate) struct Line(MmioSerialPort);

impl Line {
    /// The UART whose registers start at `address`.
    ///
    /// # Safety
    /// There must be one, without another owner.
    pub(crate) unsafe fn new(address: usize) -> Self {
        // SAFETY: the caller vouches for the address.
        let mut port = unsafe { MmioSerialPort::new(address) };
        port.init();
        Self(port)
    }
}

impl ErrorType for Line {
    type Error = Infallible;
}

impl Read for Line {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        let mut count = 0;
        while count == 0 && !buffer.is_empty() {
            for slot in &mut *buffer {
                let Ok(byte) = self.0.try_receive() else { break };
                *slot = byte;
                count += 1;
            }
            spin_loop();
        }
        Ok(count)
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        bytes.iter().for_each(|byte| self.0.send_raw(*byte));
        Ok(bytes.len())
    }

    /// `send_raw` has waited for room already.
    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
