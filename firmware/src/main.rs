//! The firmware on the host: it speaks its protocol over standard input and output. Devices have images of their own:
//! `firmware/boards`.

#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(not(target_os = "none"))]
fn main() {
    use segmeter_firmware::app::{App, ClassMemory, Memory, Stop};
    use segmeter_firmware::board::host::{Board, NAME, exit};
    use segmeter_firmware::evaluator::ClassFrames;

    let (mut memory, mut classes) = (Memory::new(), ClassFrames::new());
    let mut memory = ClassMemory::new(&mut memory, &mut classes);
    let stop = Board::take().map(|Board { line, activity, alarm, mut clock, .. }| {
        App::new(NAME, &mut memory, line, activity, alarm, clock).run(&mut clock)
    });
    exit(matches!(stop, Some(Stop::Shutdown | Stop::Closed)))
}
