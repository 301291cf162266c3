//! Learns a drift profile from frames that are in control, without labels, and watches others with it until the alarm.
//!
//! ```sh
//! cargo run -p segmeter --no-default-features --example watch_frames
//! ```

use segmeter::core::drift::{Facts, Monitor, Reasons, Rules, State};
use segmeter::core::prelude::*;
use segmeter::learn::{Frame as Measured, Settings, learn};

const HEIGHT: u32 = 24;
const WIDTH: u32 = 32;

/// A number from -20 to 20 that does not follow from its neighbours.
fn scatter(seed: u32) -> i32 {
    let mixed = (seed ^ seed >> 15).wrapping_mul(0x2c1b_3c6d);
    (((mixed ^ mixed >> 12).wrapping_mul(0x297a_2d39) >> 16) % 41) as i32 - 20
}

/// Codes of a road that sways, `contrast` a pixel from its edge: what fog takes away.
fn codes(frame: u32, contrast: i32) -> Vec<i8> {
    let code = |pixel: u32| {
        let (row, column) = ((pixel / WIDTH) as i32, (pixel % WIDTH) as i32);
        let inside = row / 2 + 4 - (column - 16 - scatter(frame) / 10).abs();
        (contrast * inside + scatter(frame * HEIGHT * WIDTH + pixel)).clamp(-128, 127) as i8
    };
    (0..HEIGHT * WIDTH).map(code).collect()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let quantiser = Quantiser::logits(Encoding::Signed, 0.1, 0)?;
    let shape = Shape::new(HEIGHT, WIDTH)?;
    let measured =
        |frame, contrast| Measured::new(&Quantised::new(shape, &codes(frame, contrast), quantiser)?, None);
    let drive = (0..200).map(|frame| measured(frame, 12)).collect::<Result<Vec<_>>>()?;
    let rules = Rules { block_frames: 5, ..Rules::DEFAULT };
    let settings = Settings { rules, false_alarm_frames: 10_000.0, fixed: true, ..Settings::default() };
    let learnt = learn(quantiser, &[drive], &settings)?;
    println!("learnt from {} blocks", learnt.blocks);

    let (table, mut monitor) = (SigmoidTable::new(&quantiser), Monitor::new());
    // As it was for 100 frames; then a unit of contrast is lost every 4 frames.
    for frame in 200..400 {
        let lost = (frame as i32 - 300).max(0) / 4;
        let Measured { sketch, outline } = measured(frame, (12 - lost).max(1))?;
        let before = monitor.verdict().state;
        let verdict = monitor.watch(&learnt.profile, &table, &sketch, &outline, Facts::default()).verdict;
        if verdict.state != before {
            let names: Vec<_> =
                Reasons::signals(verdict.reasons.factory).map(|signal| signal.name()).collect();
            println!("frame {frame}: {} {}", verdict.state.name(), names.join(", "));
        }
        if verdict.state == State::Alarm {
            assert_eq!(frame, 309); // the end of the second block with fog in it
            return Ok(());
        }
    }
    Err("no alarm".into())
}
