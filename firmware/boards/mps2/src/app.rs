//! What every image of these boards does.

use cortex_m::singleton;
use defmt_semihosting as _;
use segmeter_firmware::app::{App, ClassMemory, Stop};

use super::{Board, Description, exit, watchdog};

/// Takes the board and hands it to the [`App`]; logs (`defmt`, over semihosting) that it runs and why it stops. Ends with
/// success if it was told to.
///
/// # Safety
/// As for [`Board::take`].
pub unsafe fn app(of: &'static Description) -> ! {
    // SAFETY: the caller vouches for the board.
    let Some(Board { line, activity, alarm, clock }) = (unsafe { Board::take(of) }) else { exit(false) };
    let mut delay = clock.clone();
    // A static, not a local: its kilobytes then count as what they are, and the stack stays small.
    let memory = singleton!(: ClassMemory = const { ClassMemory::new() });
    let Some(memory) = memory else { exit(false) };
    watchdog::start(of);
    defmt::info!("ready");
    let stop = App::new(of.name, memory, line, activity, alarm, clock).run(&mut delay);
    defmt::info!("stopped: {}", stop);
    exit(stop == Stop::Shutdown)
}
