//! Instructions per pixel of every kernel, on the device: an image of its own, so that the firmware does not carry it.
//!
//! The frame is a real one (`tests/data/demo/flash`, frame 100 of the pack's list): 160x120 int8 logits and the float
//! network's mask. Floats are measured on its first 24 rows. The table goes out by semihosting; run it with
//! `firmware/run --bench`.

#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod device {
    use core::hint::black_box;

    use cortex_m::singleton;
    use segmeter_core::Result;
    use segmeter_core::drift::{Reference, Signals, Statistics};
    use segmeter_core::loss::{
        BinaryCrossEntropy, Dice, Focal, FocalTversky, Loss, LovaszHinge, Serial, Smooth, Tversky,
    };
    use segmeter_core::metric::{Calibration, Confidence, Confusion, threshold};
    use segmeter_core::num::Micromath;
    use segmeter_core::sketch::{CODES, SigmoidTable, Sketch};
    use segmeter_core::view::{Encoding, Frame, IGNORE, Labels, Quantised, Quantiser, Shape};
    use segmeter_firmware::board::{Board, Instruments, exit};
    use segmeter_firmware::evaluator::scores;
    use semihosting::println;

    const HEIGHT: usize = 120;
    const WIDTH: usize = 160;
    const PIXELS: usize = HEIGHT * WIDTH;
    /// Rows that the float kernels get: enough, and their logits fit beside everything else.
    const FLOAT_ROWS: usize = 24;
    const FLOATS: usize = FLOAT_ROWS * WIDTH;

    static CODES_OF_FRAME: [u8; PIXELS] = first(include_bytes!("../../../tests/data/demo/flash/road_i8.bin"));
    static MASK: [u8; PIXELS / 8] =
        first(include_bytes!("../../../tests/data/demo/flash/reference_bits.bin"));

    /// The first bytes of a file; the rest of it does not reach the image.
    const fn first<const N: usize>(file: &[u8]) -> [u8; N] {
        match file.first_chunk() {
            Some(bytes) => *bytes,
            None => panic!("the file is too short"),
        }
    }

    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
        exit(false)
    }

    #[cortex_m_rt::entry]
    fn main() -> ! {
        exit(Board::take().is_some_and(|board| run(&board.clock).is_ok()))
    }

    /// Prints the instructions of `work`, and what it makes per pixel.
    fn measure<T>(clock: &impl Instruments, name: &str, pixels: usize, work: impl FnOnce() -> T) -> T {
        let start = clock.instructions().unwrap_or(0);
        let result = black_box(work());
        let instructions = clock.instructions().unwrap_or(0) - start;
        let hundredths = instructions * 100 / pixels as u64;
        println!("{:<44} {:>10} {:>7}.{:02}", name, instructions, hundredths / 100, hundredths % 100);
        result
    }

    fn run(clock: &impl Instruments) -> Result<()> {
        println!("{:<44} {:>10} {:>10}", "kernel", "instr.", "per pixel");
        let quantiser = Quantiser::logits(Encoding::Signed, 0.101_869_74, 15)?;
        let ids = singleton!(: [u8; PIXELS] = [IGNORE; PIXELS]).map_or(&mut [][..], |ids| &mut ids[..]);
        for (id, bit) in ids.iter_mut().zip(segmeter_core::view::bits(&MASK)) {
            *id = bit.into();
        }
        let mut sketch = Sketch::<u32>::new(&quantiser);
        measure(clock, "sketch of a frame, u8 labels", PIXELS, || rows(&mut sketch, ids));
        sketch.clear();
        measure(clock, "sketch of a frame, packed labels", PIXELS, || packed_rows(&mut sketch));
        let table = measure(clock, "table of probabilities (once per model)", PIXELS, || {
            SigmoidTable::new(&quantiser)
        });
        sketched(clock, &sketch, &table)?;
        sketch.clear();
        measure(clock, "whole report: sketch, scores, statistics", PIXELS, || {
            rows(&mut sketch, ids);
            black_box((scores(&sketch, &table), Statistics::new(&sketch, &table)));
        });
        sketch.clear();
        measure(clock, "report: 4 losses, overlap, auroc, ece, stat.", PIXELS, || {
            rows(&mut sketch, ids);
            budget(&sketch, &table);
        });
        floats(clock, &quantiser, ids.first_chunk::<FLOATS>().map_or(&[][..], |ids| &ids[..]))
    }

    /// BCE, Dice, Tversky, Lovász, overlap, AUROC, ECE and confidence statistics: what a report at least holds.
    fn budget(sketch: &Sketch, table: &SigmoidTable) {
        black_box(BinaryCrossEntropy.sketch_value(sketch, table));
        black_box(Dice::new(Smooth::ONE).sketch_value(sketch, table));
        black_box(Tversky::FN_HEAVY.sketch_value(sketch, table));
        black_box(LovaszHinge.sketch_value(sketch, table));
        black_box(Confusion::of_sketch(sketch, table));
        black_box(threshold::auroc(sketch));
        black_box(Calibration::new(sketch, table, Confidence::TopLabel).expected_error());
        black_box(Statistics::new(sketch, table));
    }

    fn rows(sketch: &mut Sketch, ids: &[u8]) {
        for (codes, ids) in CODES_OF_FRAME.chunks(WIDTH).zip(ids.chunks(WIDTH)) {
            sketch.push_row(codes, ids);
        }
    }

    fn packed_rows(sketch: &mut Sketch) {
        for (codes, foreground) in CODES_OF_FRAME.chunks(WIDTH).zip(MASK.chunks(WIDTH / 8)) {
            sketch.push_packed_row(codes, foreground, black_box(&[0xff; WIDTH / 8]));
        }
    }

    fn sketched(clock: &impl Instruments, sketch: &Sketch, table: &SigmoidTable) -> Result<()> {
        let one = |name: &str, work: &dyn Fn()| measure(clock, name, PIXELS, work);
        one("  + bce", &|| {
            black_box(BinaryCrossEntropy.sketch_value(sketch, table));
        });
        one("  + focal", &|| {
            black_box(Focal::PAPER.sketch_value(sketch, table));
        });
        one("  + dice", &|| {
            black_box(Dice::new(Smooth::ONE).sketch_value(sketch, table));
        });
        one("  + tversky", &|| {
            black_box(Tversky::FN_HEAVY.sketch_value(sketch, table));
        });
        one("  + focal_tversky", &|| {
            black_box(FocalTversky::PAPER.sketch_value(sketch, table));
        });
        one("  + lovasz_hinge, exact", &|| {
            black_box(LovaszHinge.sketch_value(sketch, table));
        });
        one("  + confusion", &|| {
            black_box(Confusion::of_sketch(sketch, table));
        });
        one("  + auroc", &|| {
            black_box(threshold::auroc(sketch));
        });
        one("  + average precision", &|| {
            black_box(threshold::average_precision(sketch));
        });
        one("  + calibration error", &|| {
            black_box(Calibration::new(sketch, table, Confidence::TopLabel).expected_error());
        });
        one("  + statistics", &|| {
            black_box(Statistics::new(sketch, table));
        });
        let reference = Reference::new([10; CODES])?;
        one("  + signals (statistics, PSI, Wasserstein)", &|| {
            black_box(Signals::new(sketch, table, &reference));
        });
        Ok(())
    }

    fn floats(clock: &impl Instruments, quantiser: &Quantiser, ids: &[u8]) -> Result<()> {
        let shape = Shape::new(FLOAT_ROWS as u32, WIDTH as u32)?;
        let logits =
            singleton!(: [f32; FLOATS] = [0.0; FLOATS]).map_or(&mut [][..], |floats| &mut floats[..]);
        let codes = CODES_OF_FRAME.first_chunk::<FLOATS>().map_or(&[][..], |codes| &codes[..]);
        let codes = Quantised::new(shape, codes, *quantiser)?;
        measure(clock, "dequantise to f32", FLOATS, || codes.dequantise(logits))?;
        let labels = measure(clock, "check the labels", FLOATS, || Labels::new(shape, ids, IGNORE))?;
        let frame = Frame::new(logits, labels)?;
        let gradient =
            singleton!(: [f32; FLOATS] = [0.0; FLOATS]).map_or(&mut [][..], |floats| &mut floats[..]);
        let mut both =
            |name: &str, loss: &dyn Fn(&mut [f32])| measure(clock, name, FLOATS, || loss(gradient));
        both("f32 bce, value and gradient", &|g| of(&BinaryCrossEntropy, &frame, g));
        both("f32 focal, value and gradient", &|g| of(&Focal::PAPER, &frame, g));
        both("f32 dice, value and gradient", &|g| of(&Dice::new(Smooth::ONE), &frame, g));
        both("f32 tversky, value and gradient", &|g| of(&Tversky::FN_HEAVY, &frame, g));
        both("f32 focal_tversky, value and gradient", &|g| of(&FocalTversky::PAPER, &frame, g));
        both("f32 tversky, exponential by micromath", &|g| {
            let _ =
                black_box(Tversky::FN_HEAVY.accumulate(&Serial(Micromath), &frame, 1.0, &mut [], Some(g)));
        });
        Ok(())
    }

    fn of(loss: &impl Loss, frame: &Frame<'_>, gradient: &mut [f32]) {
        let _ = black_box(loss.accumulate(&Serial::SCALAR, frame, 1.0, &mut [], Some(gradient)));
    }
}

#[cfg(not(target_os = "none"))]
fn main() {}
