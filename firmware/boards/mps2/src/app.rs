//! What every image of these boards does.

use cortex_m::singleton;
use defmt_semihosting as _;
use segmeter_firmware::app::{App, ClassMemory, Memory, Stop};
use segmeter_firmware::evaluator::ClassFrames;

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
    // Statics, not locals: their kilobytes then count as what they are, and the stack stays small.
    let memory = singleton!(: Memory = const { Memory::new() });
    let classes = singleton!(: ClassFrames = const { ClassFrames::new() });
    let (Some(memory), Some(classes)) = (memory, classes) else { exit(false) };
    let memory = &mut ClassMemory::new(memory, classes);
    watchdog::start(of);
    defmt::info!("ready");
    let stop = App::new(of.name, memory, line, activity, alarm, clock).run(&mut delay);
    defmt::info!("stopped: {}", stop);
    exit(stop == Stop::Shutdown)
}
