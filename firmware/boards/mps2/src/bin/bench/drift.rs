//! Drift statistics that need rows, and distances.

use core::hint::black_box;

use cortex_m::singleton;
use segmeter_core::drift::{
    Blocks, BoundaryBand, Distance, EstimatedIou, Geometry, Monitor, Profile, Reference, Rules, SIGNALS,
    Signals, Temporal, WeightedLowConfidence, against_rest, low_confidence_fraction,
};
use segmeter_core::num::Q16;
use segmeter_core::plane::pack_codes;
use segmeter_core::sketch::{CODES, SigmoidTable, Sketch};
use segmeter_core::view::{Quantiser, Shape};
use segmeter_core::{Error, Result};
use segmeter_firmware::board::Instruments;

use super::device::measure;
use super::frames::{CODES_OF_FRAME, HEIGHT, PIXELS, WIDTH};

const WORDS: usize = WIDTH / 32;
const REACH: usize = 2;

/// Measures a frame, row by row as the network puts it out; the bits of a row are packed once for all that take bits.
pub(crate) fn all(clock: &impl Instruments, quantiser: &Quantiser, table: &SigmoidTable) -> Result<()> {
    let shape = Shape::new(HEIGHT as u32, WIDTH as u32)?;
    let none = Error::Parameter("static");
    let bits = singleton!(: [[u32; WORDS]; HEIGHT] = [[0; WORDS]; HEIGHT]).ok_or(none)?;
    measure(clock, "drift: bits of a frame", PIXELS, || {
        for (codes, words) in CODES_OF_FRAME.chunks(WIDTH).zip(bits.iter_mut()) {
            black_box(pack_codes(codes, quantiser, words).is_ok());
        }
    });
    let mut scratch = [0; Geometry::scratch_len(WIDTH)];
    let mut geometry = Geometry::new(shape, &mut scratch)?;
    measure(clock, "drift: geometry", PIXELS, || {
        black_box(bits.iter().try_for_each(|row| geometry.push_row(row)).is_ok());
        black_box(geometry.finish())
    });
    let planes = singleton!(: [[u32; WORDS * HEIGHT]; 2] = [[0; WORDS * HEIGHT]; 2]).ok_or(none)?;
    let [before, earlier] = planes;
    let mut temporal = Temporal::new(shape, before, earlier)?;
    measure(clock, "drift: temporal IoU and flicker", PIXELS, || {
        black_box(bits.iter().try_for_each(|row| temporal.push_row(row)).is_ok());
        black_box(temporal.finish())
    });
    let mut grid = [0; Blocks::BYTES];
    let mut blocks = Blocks::new(shape, &mut grid)?;
    measure(clock, "drift: IoU of blocks", PIXELS, || {
        black_box(bits.iter().try_for_each(|row| blocks.push_row(row)).is_ok());
        black_box(blocks.finish())
    });
    let mut weighted = WeightedLowConfidence::new(HEIGHT, quantiser, table, Q16::from_f32(0.5), [1; 16])?;
    measure(clock, "drift: weighted low confidence", PIXELS, || {
        CODES_OF_FRAME.chunks(WIDTH).for_each(|row| weighted.push_row(row));
        black_box(weighted.finish())
    });
    let mut scratch = [0; BoundaryBand::scratch_len(WIDTH, REACH)];
    let mut band = BoundaryBand::new(WIDTH, REACH, quantiser, &mut scratch)?;
    let sketch = measure(clock, "drift: sketch with the boundary's band", PIXELS, || {
        black_box(CODES_OF_FRAME.chunks(WIDTH).try_for_each(|row| band.push_row(row)).is_ok());
        band.finish()
    });
    measure(clock, "drift: low-confidence fraction", PIXELS, || {
        black_box(low_confidence_fraction(&sketch, table, Q16::from_f32(0.3)))
    });
    several_classes(clock)?;
    alarms(clock)?;
    distances(clock, &sketch)
}

/// One row of the frame as logits of so many classes, again and again.
fn several_classes(clock: &impl Instruments) -> Result<()> {
    const CLASSES: usize = 4;
    let none = Error::Parameter("static");
    let row = CODES_OF_FRAME.first_chunk::<{ CLASSES * WIDTH }>().ok_or(none)?.map(u8::cast_signed);
    let room = singleton!(: [i8; CLASSES * WIDTH] = [0; CLASSES * WIDTH]).ok_or(none)?;
    measure(clock, "drift: codes of 4 classes against the rest", PIXELS, || {
        black_box((0..HEIGHT).try_for_each(|_| against_rest(black_box(&row), CLASSES, room)).is_ok())
    });
    Ok(())
}

/// What a monitor does with a measured frame: the rule of harm, and a block's charts.
fn alarms(clock: &impl Instruments) -> Result<()> {
    let profile = singleton!(: Profile = Profile::EMPTY).ok_or(Error::Parameter("static"))?;
    profile.rules = Rules { block_frames: 1, ..Rules::DEFAULT };
    profile.watching = u8::MAX;
    let signals = Signals([Some(Q16::ONE); SIGNALS]);
    let estimate = EstimatedIou { value: Q16::ONE, low: Q16::ONE, high: Q16::ONE };
    let mut monitor = Monitor::new();
    measure(clock, "drift: harm and charts of a block of one frame", PIXELS, || {
        black_box(monitor.observe(profile, Ok((&signals, Some(&estimate)))))
    });
    Ok(())
}

fn distances(clock: &impl Instruments, sketch: &Sketch) -> Result<()> {
    let reference = Reference::new([10; CODES])?;
    for distance in Distance::ALL {
        measure(clock, distance.name(), PIXELS, || black_box(reference.distance(distance, sketch)));
    }
    Ok(())
}
