//! Instructions per pixel of every kernel, on the device: an image of its own, so that the firmware does not carry it.
//!
//! Losses of floats are measured on the 24 rows of a real frame that hold the far edge of the road. Behind each stand the
//! bits of its value and a digest of its gradient, and at the end the bits of metrics: `tests/device_losses.rs` and
//! `tests/device_metrics.rs` compare them with the desktop's. The table goes out by semihosting; run it with
//! `firmware/run --bench`.

#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod classes;
#[cfg(target_os = "none")]
mod drift;
#[cfg(target_os = "none")]
mod frames;
#[cfg(target_os = "none")]
mod metrics;

#[cfg(target_os = "none")]
mod device {
    use core::hint::black_box;

    use cortex_m::singleton;
    use segmeter_core::drift::{CalibrationMap, EstimatedIou, Outline, Reference, Statistics};
    use segmeter_core::list::Entry;
    use segmeter_core::loss::list::{Visit, visit};
    use segmeter_core::loss::{
        CrossEntropy, Dice, Evaluation, Execute, Loss, LovaszHinge, Serial, Smooth, Sums, Tversky,
    };
    use segmeter_core::metric::surface::{BoundaryIou, Matching, Surface, Trimap};
    use segmeter_core::metric::{Calibration, Confidence, Confusion, threshold};
    use segmeter_core::num::Micromath;
    use segmeter_core::plane::Row;
    use segmeter_core::sketch::{CODES, GradientTable, SigmoidTable, Sketch};
    use segmeter_core::upsample::Interpolation;
    use segmeter_core::view::{Frame, IGNORE, Labels, Layout, Quantised, Quantiser, Shape};
    use segmeter_core::{Error, Result};
    use segmeter_firmware::board::Instruments;
    use segmeter_firmware::evaluator::scores;
    use segmeter_mps2::{AN386, Board, exit};
    use semihosting::experimental::env::args;
    use semihosting::println;

    use super::classes::{IMAGE_SIDE, Street};
    use super::frames::{
        CLASSES, CODES_OF_FRAME, FLOAT_RANGE, FLOAT_ROWS, FLOATS, HEIGHT, MASK, PIXELS, SCRATCH, WIDTH,
        digest, digest_of_table, four_classes, quantiser, write_ids,
    };
    use super::metrics::prediction;

    #[cortex_m_rt::entry]
    fn main() -> ! {
        // SAFETY: the image is linked for this board's memory alone.
        let Some(board) = (unsafe { Board::take(&AN386) }) else { exit(false) };
        if asked_for("overflow") {
            println!("{}", overflow(0));
        }
        exit(run(&board.clock).is_ok())
    }

    /// Whether the program was started with this argument.
    fn asked_for(name: &str) -> bool {
        args::<64>().is_ok_and(|all| (&all).any(|argument| argument == Ok(name)))
    }

    /// Calls itself until the stack is full: a fault, and the program ends with failure (`tests/device_losses.rs`).
    #[inline(never)]
    #[allow(unconditional_recursion, reason = "the end is what it is for")]
    fn overflow(depth: u32) -> u32 {
        let frame = black_box([depth; 64]);
        overflow(depth + 1).wrapping_add(black_box(frame).iter().sum())
    }

    /// The instructions of some work.
    fn count<T>(clock: &impl Instruments, work: impl FnOnce() -> T) -> (T, u64) {
        let start = clock.instructions().unwrap_or(0);
        let result = black_box(work());
        (result, clock.instructions().unwrap_or(0) - start)
    }

    /// Prints the instructions of `work`, and what it makes per pixel.
    pub(super) fn measure<T>(
        clock: &impl Instruments,
        name: &str,
        pixels: usize,
        work: impl FnOnce() -> T,
    ) -> T {
        let (result, instructions) = count(clock, work);
        let hundredths = instructions * 100 / pixels as u64;
        println!("{:<44} {:>10} {:>7}.{:02}", name, instructions, hundredths / 100, hundredths % 100);
        result
    }

    /// Prints a line of a loss, with the bits of what it has found.
    fn print(name: &str, pixels: usize, instructions: u64, value: f32, digest: u64) {
        let hundredths = instructions * 100 / pixels as u64;
        println!(
            "  {:<42} {:>10} {:>7}.{:02}  {:08x} {:016x}",
            name,
            instructions,
            hundredths / 100,
            hundredths % 100,
            value.to_bits(),
            digest
        );
    }

    fn run(clock: &impl Instruments) -> Result<()> {
        println!("{:<44} {:>10} {:>10}  {:<8} {}", "kernel", "instr.", "per pixel", "value", "gradient");
        let quantiser = quantiser()?;
        let ids = singleton!(: [u8; PIXELS] = [IGNORE; PIXELS]).map_or(&mut [][..], |ids| &mut ids[..]);
        write_ids(ids);
        let mut sketch = Sketch::<u32>::new(&quantiser);
        measure(clock, "sketch of a frame, u8 labels", PIXELS, || rows(&mut sketch, ids));
        sketch.clear();
        measure(clock, "sketch of a frame, packed labels", PIXELS, || packed_rows(&mut sketch));
        let table = measure(clock, "table of probabilities (once per model)", PIXELS, || {
            SigmoidTable::new(&quantiser)
        });
        sketched(clock, &sketch, &table)?;
        println!("sketch, value");
        visit(&mut Codes { clock, sketch: &sketch, table: &table })?;
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
        measure(clock, "confusion of ids, 2 classes", PIXELS, || counted::<2>(ids))?;
        measure(clock, "confusion of ids, 19 classes", PIXELS, || counted::<19>(ids))?;
        let mut street = singleton!(: Street = Street::EMPTY);
        if let Some(street) = &mut street {
            upsampled(clock, street)?;
        }
        super::drift::all(clock, &quantiser, &table)?;
        surfaces(clock)?;
        let scratch = singleton!(: [u32; SCRATCH] = [0; SCRATCH]).map_or(&mut [][..], |words| &mut words[..]);
        floats(clock, &quantiser, ids.get(FLOAT_RANGE).unwrap_or_default(), scratch)?;
        println!("metrics, the bits of their values");
        sketch.clear();
        rows(&mut sketch, ids);
        super::metrics::every(&sketch, &table, scratch, &mut |name: &str, by: &str, value: Option<f64>| {
            println!("  {:<42} {:<16} {:016x}", name, by, value.map_or(0, f64::to_bits));
        })?;
        if let Some(street) = &mut street {
            street.every(&mut |name: &str, by: &str, value: Option<f64>| {
                println!("  {:<42} {:<16} {:016x}", name, by, value.map_or(0, f64::to_bits));
            })?;
        }
        println!("stack at most: {} bytes", clock.stack_bytes().unwrap_or(0));
        Ok(())
    }

    /// BCE, Dice, Tversky, Lovász, overlap, AUROC, ECE and confidence statistics: what a report at least holds.
    fn budget(sketch: &Sketch, table: &SigmoidTable) {
        let _ = black_box(CrossEntropy::MEAN.sketch_value(sketch, table));
        let dice = Dice::new(Smooth::ONE);
        let mut overlap = Sums::of(&dice);
        overlap.push_sketch(sketch, table);
        let _ = black_box(overlap.fit(&dice, None).map(|fit| fit.evaluation));
        let _ = black_box(overlap.fit(&Tversky::FN_HEAVY, None).map(|fit| fit.evaluation));
        let _ = black_box(LovaszHinge.sketch_value(sketch, table));
        black_box(Confusion::of_sketch(sketch, table));
        black_box(threshold::auroc(sketch));
        black_box(Calibration::new(sketch, table, Confidence::TopLabel).expected_error());
        black_box(Statistics::new(sketch, table));
    }

    #[inline(never)]
    fn counted<const C: usize>(ids: &[u8]) -> Result<()> {
        let mut confusion = Confusion::<C>::new(IGNORE);
        for ids in ids.chunks(WIDTH) {
            confusion.push_row(ids, black_box(ids))?;
        }
        black_box(confusion);
        Ok(())
    }

    /// Ids of 640 x 640 pixels from scores of 80 x 80, per pixel of the image.
    fn upsampled(clock: &impl Instruments, street: &mut Street) -> Result<()> {
        const IMAGE: usize = IMAGE_SIDE * IMAGE_SIDE;
        street.draw();
        measure(clock, "ids of 19 classes, x8, half pixel", IMAGE, || {
            street.rows(Interpolation::HalfPixel, |ids, _| {
                black_box(ids);
                Ok(())
            })
        })?;
        for (name, interpolation) in [
            ("ids and confusion of 19, x8, half pixel", Interpolation::HalfPixel),
            ("ids and confusion of 19, x8, aligned corners", Interpolation::AlignedCorners),
            ("ids and confusion of 19, x8, nearest", Interpolation::Nearest),
        ] {
            measure(clock, name, IMAGE, || street.confusion(interpolation))?;
        }
        Ok(())
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

    /// What a report holds beside losses.
    fn sketched(clock: &impl Instruments, sketch: &Sketch, table: &SigmoidTable) -> Result<()> {
        let one = |name: &str, work: &dyn Fn()| measure(clock, name, PIXELS, work);
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
        one("  + distances (PSI, Wasserstein)", &|| {
            black_box((reference.population_stability_index(sketch), reference.wasserstein(sketch)));
        });
        let map = CalibrationMap::network(table);
        one("  + estimated IoU", &|| {
            black_box(EstimatedIou::new(sketch, &map, table));
        });
        one("  + outline (area, boundary, centroid), row by row", &|| {
            let _ = black_box(outline());
        });
        Ok(())
    }

    /// The outline of the predicted road, as the evaluator makes it.
    fn outline() -> Result<Outline> {
        let shape = Shape::new(HEIGHT as u32, WIDTH as u32)?;
        let frame = Quantised::new(shape, &CODES_OF_FRAME, quantiser()?)?;
        Outline::of(&frame, &mut [0; Outline::scratch_len(WIDTH)])
    }

    /// Contours: the int8 network's mask against the float network's, packed.
    fn surfaces(clock: &impl Instruments) -> Result<()> {
        println!("masks as bits, row by row");
        let prediction = prediction();
        let shape = Shape::new(HEIGHT as u32, WIDTH as u32)?;
        let scratch = singleton!(: [u32; 4096] = [0; 4096]).map_or(&mut [][..], |words| &mut words[..]);
        macro_rules! rows {
            ($name:expr, $rows:expr) => {
                measure(clock, $name, PIXELS, || -> Result<()> {
                    let mut rows = $rows?;
                    for (prediction, label) in prediction.chunks(WIDTH / 8).zip(MASK.chunks(WIDTH / 8)) {
                        rows.push_row(&Row::Bits { prediction, label, valid: None })?;
                    }
                    let _ = black_box(rows.finish());
                    Ok(())
                })?;
            };
        }
        rows!(
            "  boundary_iou, ratio 0.02",
            BoundaryIou::of_diagonal(BoundaryIou::COCO, shape).rows(WIDTH, scratch)
        );
        rows!("  nsd, tolerance 3", Matching::new(3.0).rows(WIDTH, scratch));
        rows!("  davis_f", Matching::davis(shape).rows(WIDTH, scratch));
        rows!("  trimap, radius 3", Trimap::new(3.0).rows(WIDTH, scratch));
        rows!(
            "  hausdorff, assd, nsd",
            Surface { percentile: None, ..Surface::SEGMETER }.rows(shape, scratch)
        );
        rows!("  hausdorff, hd95, assd, nsd", Surface::SEGMETER.rows(shape, scratch));
        Ok(())
    }

    fn floats(
        clock: &impl Instruments,
        quantiser: &Quantiser,
        ids: &[u8],
        scratch: &mut [u32],
    ) -> Result<()> {
        let shape = Shape::new(FLOAT_ROWS as u32, WIDTH as u32)?;
        let logits =
            singleton!(: [f32; FLOATS] = [0.0; FLOATS]).map_or(&mut [][..], |floats| &mut floats[..]);
        let codes = Quantised::new(shape, CODES_OF_FRAME.get(FLOAT_RANGE).unwrap_or_default(), *quantiser)?;
        measure(clock, "dequantise to f32", FLOATS, || codes.dequantise(logits))?;
        let labels = measure(clock, "check the labels", FLOATS, || Labels::new(shape, ids, IGNORE))?;
        let scores = singleton!(: [f32; CLASSES * FLOATS] = [0.0; CLASSES * FLOATS])
            .map_or(&mut [][..], |floats| &mut floats[..]);
        let classes =
            singleton!(: [u8; FLOATS] = [0; FLOATS]).map_or(&mut [][..], |classes| &mut classes[..]);
        four_classes(logits, ids, scores, classes);
        let gradient = singleton!(: [f32; CLASSES * FLOATS] = [0.0; CLASSES * FLOATS])
            .map_or(&mut [][..], |floats| &mut floats[..]);
        let frame = Frame::new(logits, labels)?;
        measure(clock, "tversky, value and gradient, by micromath", FLOATS, || {
            of(
                &Serial(Micromath),
                &Tversky::FN_HEAVY,
                &frame,
                &mut [],
                gradient.get_mut(..FLOATS).unwrap_or_default(),
            )
        })?;
        println!("f32, value and gradient");
        visit(&mut Floats { clock, frame, scratch: &mut *scratch, gradient: &mut *gradient })?;
        println!("f32, {} classes, value and gradient", CLASSES);
        let frame = Frame::<CLASSES>::multiclass(shape, CLASSES, Layout::Planar, scores, classes, IGNORE)?;
        visit(&mut Floats { clock, frame, scratch, gradient })
    }

    /// Values of a sketch.
    struct Codes<'a, I> {
        clock: &'a I,
        sketch: &'a Sketch,
        table: &'a SigmoidTable,
    }

    impl<I: Instruments> Visit for Codes<'_, I> {
        #[inline(never)]
        fn loss(&mut self, entry: &'static Entry, loss: &impl Loss) -> Result<()> {
            let (found, instructions) = count(self.clock, || loss.sketch_value(self.sketch, self.table));
            let found = match found {
                // It depends on where pixels are.
                Err(Error::Unsupported(_)) => return Ok(()),
                found => found?,
            };
            let mut slopes = GradientTable::default();
            loss.accumulate_sketch(self.sketch, self.table, 1.0, Some(&mut slopes))?;
            print(entry.name, PIXELS, instructions, found.value, digest_of_table(&slopes));
            Ok(())
        }
    }

    /// Values and gradients of a frame.
    struct Floats<'a, I, const C: usize> {
        clock: &'a I,
        frame: Frame<'a, C>,
        scratch: &'a mut [u32],
        gradient: &'a mut [f32],
    }

    impl<I: Instruments, const C: usize> Visit for Floats<'_, I, C> {
        fn loss(&mut self, entry: &'static Entry, loss: &impl Loss) -> Result<()> {
            let gradient = self.gradient.get_mut(..self.frame.scores().len()).unwrap_or_default();
            let (found, instructions) =
                count(self.clock, || of(&Serial::SCALAR, loss, &self.frame, self.scratch, gradient));
            match found {
                // Binary or multiclass alone.
                Err(Error::Unsupported(_)) => Ok(()),
                // It returns early: its row would say nothing.
                Ok(Evaluation { undefined: true, .. }) => Err(Error::Unsupported(entry.name)),
                found => {
                    print(entry.name, FLOATS, instructions, found?.value, digest(gradient.iter().copied()));
                    Ok(())
                }
            }
        }
    }

    /// In a function of its own for every loss, so that the stack holds one at a time.
    #[inline(never)]
    fn of<X: Execute, const C: usize>(
        executor: &X,
        loss: &impl Loss,
        frame: &Frame<'_, C>,
        scratch: &mut [u32],
        gradient: &mut [f32],
    ) -> Result<Evaluation> {
        loss.overwrite(executor, frame, scratch, gradient)
    }
}

#[cfg(not(target_os = "none"))]
fn main() {}
