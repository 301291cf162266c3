//! The LEDs of the FPGAIO block as `embedded-hal` pins.

use core::convert::Infallible;

use cortex_m::interrupt;
use embedded_hal::digital::{ErrorType, OutputPin, StatefulOutputPin};

use super::Register;

/// One LED. High is lit.
pub struct Lamp {
    register: Register,
    mask: u32,
}

impl Lamp {
    /// The LED that bit `bit` of the register at `address` drives, switched off: a reset leaves it as it was.
    ///
    /// # Safety
    /// `address` must be that of the FPGAIO LED register, and this bit must have no other owner.
    pub(super) unsafe fn new(address: usize, bit: u32) -> Self {
        // SAFETY: the caller vouches for the address.
        let mut lamp = Self { register: unsafe { Register::new(address) }, mask: 1 << bit };
        lamp.set(false);
        lamp
    }

    /// The lamps share one register, so a change of one must not be torn by a change of the other.
    fn set(&mut self, lit: bool) {
        interrupt::free(|_| {
            let leds = self.register.read();
            self.register.write(if lit { leds | self.mask } else { leds & !self.mask });
        });
    }
}

impl ErrorType for Lamp {
    type Error = Infallible;
}

impl OutputPin for Lamp {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.set(false);
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        self.set(true);
        Ok(())
    }
}

impl StatefulOutputPin for Lamp {
    fn is_set_high(&mut self) -> Result<bool, Infallible> {
        Ok(self.register.read() & self.mask != 0)
    }

    fn is_set_low(&mut self) -> Result<bool, Infallible> {
        self.is_set_high().map(|high| !high)
    }
}
