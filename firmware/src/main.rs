//! The firmware's image: takes the board and hands it to the [`App`].
//!
//! On a device this is the one place that logs (`defmt`, over semihosting). On the host the same program speaks the same
//! protocol over standard input and output.

#![cfg_attr(target_os = "none", no_std, no_main)]

use segmeter_firmware::app::{App, Stop};
use segmeter_firmware::board::{Board, NAME, exit};
use segmeter_firmware::evaluator::Evaluator;

#[cfg(target_os = "none")]
mod device {
    use cortex_m::singleton;
    use defmt_semihosting as _;

    use super::{App, Board, Evaluator, NAME, Stop, exit};

    #[cortex_m_rt::entry]
    fn main() -> ! {
        let Some(Board { line, activity, alarm, clock, .. }) = Board::take() else { exit(false) };
        // A static, not a local: its 10 KiB then count as what they are, and the stack stays small.
        let evaluator = singleton!(: Evaluator = const { Evaluator::new() });
        let Some(evaluator) = evaluator else { exit(false) };
        defmt::info!("ready");
        let stop = App::new(NAME, evaluator, line, activity, alarm, clock).run();
        defmt::info!("stopped: {}", stop);
        exit(stop == Stop::Shutdown)
    }

    /// A defect: end at once and say so. The text of a panic helps nobody on a device, and would cost its flash.
    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
        exit(false)
    }
}

#[cfg(not(target_os = "none"))]
fn main() {
    let mut evaluator = Evaluator::new();
    let stop = Board::take().map(|board| {
        App::new(NAME, &mut evaluator, board.line, board.activity, board.alarm, board.clock).run()
    });
    exit(matches!(stop, Some(Stop::Shutdown | Stop::Closed)))
}
