//! The firmware's image: takes the board and hands it to the [`App`].
//!
//! On a device this is the one place that logs (`defmt`, over semihosting). On the host the same program speaks the same
//! protocol over standard input and output.

#![cfg_attr(target_os = "none", no_std, no_main)]

use segmeter_firmware::app::{App, Stop};
use segmeter_firmware::board::{Board, NAME, exit};

#[cfg(target_os = "none")]
mod device {
    use defmt_semihosting as _;

    use super::{Board, Stop, exit, run};

    #[cortex_m_rt::entry]
    fn main() -> ! {
        let Some(board) = Board::take() else { exit(false) };
        defmt::info!("ready");
        let stop = run(board);
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
    let stop = Board::take().map(run);
    exit(matches!(stop, Some(Stop::Shutdown | Stop::Closed)))
}

fn run(board: Board) -> Stop {
    App::new(NAME, board.line, board.activity, board.alarm, board.clock).run()
}
