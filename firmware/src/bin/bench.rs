//! Instructions per pixel of every kernel, on the device: an image of its own, so that the firmware does not carry it.
//!
//! The frame is a real one (`tests/data/demo/flash`, frame 100 of the pack's list): 160x120 int8 logits and the float
//! network's mask. Losses of floats are measured on the 24 rows that hold the far edge of the road. The table goes out
//! by semihosting; run it with `firmware/run --bench`.

#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod device {
    use core::hint::black_box;

    use cortex_m::singleton;
    use segmeter_core::drift::{Reference, Signals, Statistics};
    use segmeter_core::loss::compound::PowerCrossEntropy;
    use segmeter_core::loss::{
        ActiveBoundary, ActiveContour, AsymmetricSimilarity, BalancedCrossEntropy, Bootstrapped, Boundary,
        BoundaryDou, BoundaryF1, ClDice, Combo, CrossEntropy, Dice, DistancePenalised, Elastica, Evaluation,
        Execute, ExponentialLogarithmic, Focal, FocalTversky, GeneralisedCrossEntropy, GeneralisedDice,
        HausdorffConvolution, HausdorffDistance, HausdorffErosion, Jaccard, LabelSmoothed, LogCoshDice,
        LogDice, Loss, LovaszClasses, LovaszHinge, LovaszSoftmax, Mcc, NormalisedFocal, Ohem,
        PenaltyGeneralisedDice, Poly1, PowerJaccard, Recall, RecallCrossEntropy, ReducedFocal,
        SensitivitySpecificity, Serial, ShapeAware, Sides, SkeletonRecall, Smooth, SquaredDice, Tanimoto,
        TopK, Tversky, UnifiedFocal, WassersteinDice, Weighted,
    };
    use segmeter_core::metric::{Calibration, Confidence, Confusion, threshold};
    use segmeter_core::num::Micromath;
    use segmeter_core::sketch::{CODES, SigmoidTable, Sketch};
    use segmeter_core::view::{Encoding, Frame, IGNORE, Labels, Layout, Quantised, Quantiser, Shape};
    use segmeter_core::{Error, Result};
    use segmeter_firmware::board::{Board, Instruments, exit};
    use segmeter_firmware::evaluator::scores;
    use semihosting::println;

    const HEIGHT: usize = 120;
    const WIDTH: usize = 160;
    const PIXELS: usize = HEIGHT * WIDTH;
    /// Rows that the float kernels get: both classes, a contour between them, and room for everything beside them.
    const FLOAT_ROWS: usize = 24;
    const FLOATS: usize = FLOAT_ROWS * WIDTH;
    const FIRST_FLOAT: usize = 54 * WIDTH;
    const CLASSES: usize = 4;
    /// The erosions need 16 words per pixel, the sort of the Lovász losses 6144.
    const SCRATCH: usize = 16 * FLOATS + 6144;

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
        let ids = ids.get(FIRST_FLOAT..FIRST_FLOAT + FLOATS).unwrap_or_default();
        floats(clock, &quantiser, ids)
    }

    /// BCE, Dice, Tversky, Lovász, overlap, AUROC, ECE and confidence statistics: what a report at least holds.
    fn budget(sketch: &Sketch, table: &SigmoidTable) {
        let _ = black_box(CrossEntropy::MEAN.sketch_value(sketch, table));
        let _ = black_box(Dice::new(Smooth::ONE).sketch_value(sketch, table));
        let _ = black_box(Tversky::FN_HEAVY.sketch_value(sketch, table));
        let _ = black_box(LovaszHinge.sketch_value(sketch, table));
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
            let _ = black_box(CrossEntropy::MEAN.sketch_value(sketch, table));
        });
        one("  + focal", &|| {
            let _ = black_box(Focal::PAPER.sketch_value(sketch, table));
        });
        one("  + dice", &|| {
            let _ = black_box(Dice::new(Smooth::ONE).sketch_value(sketch, table));
        });
        one("  + tversky", &|| {
            let _ = black_box(Tversky::FN_HEAVY.sketch_value(sketch, table));
        });
        one("  + focal_tversky", &|| {
            let _ = black_box(FocalTversky::PAPER.sketch_value(sketch, table));
        });
        one("  + lovasz_hinge, exact", &|| {
            let _ = black_box(LovaszHinge.sketch_value(sketch, table));
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
        let codes = CODES_OF_FRAME.get(FIRST_FLOAT..FIRST_FLOAT + FLOATS).unwrap_or_default();
        let codes = Quantised::new(shape, codes, *quantiser)?;
        measure(clock, "dequantise to f32", FLOATS, || codes.dequantise(logits))?;
        let labels = measure(clock, "check the labels", FLOATS, || Labels::new(shape, ids, IGNORE))?;
        let scores = singleton!(: [f32; CLASSES * FLOATS] = [0.0; CLASSES * FLOATS])
            .map_or(&mut [][..], |floats| &mut floats[..]);
        let classes =
            singleton!(: [u8; FLOATS] = [0; FLOATS]).map_or(&mut [][..], |classes| &mut classes[..]);
        four_classes(logits, ids, scores, classes);
        let mut rows = Rows {
            clock,
            frame: Frame::new(logits, labels)?,
            scratch: singleton!(: [u32; SCRATCH] = [0; SCRATCH]).map_or(&mut [][..], |words| &mut words[..]),
            gradient: singleton!(: [f32; CLASSES * FLOATS] = [0.0; CLASSES * FLOATS])
                .map_or(&mut [][..], |floats| &mut floats[..]),
        };
        println!("f32, value and gradient");
        distribution(&mut rows)?;
        region(&mut rows)?;
        place(&mut rows)?;
        compound(&mut rows)?;
        println!("f32, {} classes, value and gradient", CLASSES);
        let Rows { scratch, gradient, .. } = rows;
        let frame = Frame::<CLASSES>::multiclass(shape, CLASSES, Layout::Planar, scores, classes, IGNORE)?;
        let mut rows = Rows { clock, frame, scratch, gradient };
        rows.loss("  cross_entropy", &CrossEntropy::MEAN)?;
        rows.loss("  focal", &Focal::PAPER)?;
        rows.loss("  dice", &Dice::new(Smooth::ONE))?;
        rows.loss("  generalised_dice", &GeneralisedDice::PAPER)?;
        rows.loss("  lovasz_softmax", &LovaszSoftmax::PRESENT)
    }

    /// Four classes of the binary frame: background and foreground, left and right.
    fn four_classes(logits: &[f32], ids: &[u8], scores: &mut [f32], classes: &mut [u8]) {
        let right = |pixel: usize| pixel % WIDTH >= WIDTH / 2;
        for (pixel, (class, id)) in classes.iter_mut().zip(ids).enumerate() {
            *class = *id + 2 * u8::from(right(pixel));
        }
        for (class, plane) in scores.chunks_mut(FLOATS).enumerate() {
            for (pixel, (score, logit)) in plane.iter_mut().zip(logits).enumerate() {
                let side = if right(pixel) == (class >= 2) { 2.0 } else { -2.0 };
                *score = side + if class % 2 == 1 { *logit } else { -*logit };
            }
        }
    }

    /// Measures losses on one frame.
    struct Rows<'a, I, const C: usize> {
        clock: &'a I,
        frame: Frame<'a, C>,
        scratch: &'a mut [u32],
        gradient: &'a mut [f32],
    }

    impl<I: Instruments, const C: usize> Rows<'_, I, C> {
        fn loss(&mut self, name: &'static str, loss: &impl Loss) -> Result<()> {
            let gradient = self.gradient.get_mut(..self.frame.scores().len()).unwrap_or_default();
            row(self.clock, name, || of(&Serial::SCALAR, loss, &self.frame, self.scratch, gradient))
        }
    }

    /// A loss that is undefined on the frame returns early: its row would say nothing.
    fn row(
        clock: &impl Instruments,
        name: &'static str,
        work: impl FnOnce() -> Result<Evaluation>,
    ) -> Result<()> {
        if measure(clock, name, FLOATS, work)?.undefined { Err(Error::Unsupported(name)) } else { Ok(()) }
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
        loss.accumulate(executor, frame, 1.0, scratch, Some(gradient))
    }

    fn distribution(rows: &mut Rows<'_, impl Instruments, 2>) -> Result<()> {
        rows.loss("  cross_entropy", &CrossEntropy::MEAN)?;
        rows.loss("  balanced_cross_entropy", &BalancedCrossEntropy)?;
        rows.loss("  focal", &Focal::PAPER)?;
        rows.loss("  reduced_focal", &ReducedFocal::new(2.0, 0.5)?)?;
        rows.loss("  normalised_focal", &NormalisedFocal::new(2.0)?)?;
        rows.loss("  top_k", &TopK::new(0.1)?)?;
        rows.loss("  ohem", &Ohem::new(0.7, 16)?)?;
        rows.loss("  label_smoothed", &LabelSmoothed::new(0.1)?)?;
        rows.loss("  bootstrapped", &Bootstrapped::SOFT)?;
        rows.loss("  recall_cross_entropy", &RecallCrossEntropy)?;
        rows.loss("  poly1", &Poly1::new(1.0)?)?;
        rows.loss("  generalised_cross_entropy", &GeneralisedCrossEntropy::PAPER)?;
        rows.loss("  distance_penalised", &DistancePenalised)
    }

    fn region(rows: &mut Rows<'_, impl Instruments, 2>) -> Result<()> {
        rows.loss("  dice", &Dice::new(Smooth::ONE))?;
        rows.loss("  squared_dice", &SquaredDice::new(Smooth::ONE))?;
        rows.loss("  log_cosh_dice", &LogCoshDice::new(Smooth::ONE))?;
        rows.loss("  log_dice", &LogDice::new(Smooth::ONE))?;
        rows.loss("  jaccard", &Jaccard::new(Smooth::ONE))?;
        rows.loss("  power_jaccard", &PowerJaccard::new(2.0, Smooth::ONE)?)?;
        rows.loss("  tanimoto", &Tanimoto::PAPER)?;
        rows.loss("  tversky", &Tversky::FN_HEAVY)?;
        row(rows.clock, "  tversky, exponential by micromath", || {
            let gradient = rows.gradient.get_mut(..FLOATS).unwrap_or_default();
            of(&Serial(Micromath), &Tversky::FN_HEAVY, &rows.frame, rows.scratch, gradient)
        })?;
        rows.loss("  focal_tversky", &FocalTversky::PAPER)?;
        rows.loss("  asymmetric_similarity", &AsymmetricSimilarity::new(1.5, Smooth::ONE)?)?;
        rows.loss("  sensitivity_specificity", &SensitivitySpecificity::new(0.1, 1e-5)?)?;
        rows.loss("  generalised_dice", &GeneralisedDice::PAPER)?;
        rows.loss("  penalty_generalised_dice", &PenaltyGeneralisedDice::new(2.5, GeneralisedDice::PAPER)?)?;
        rows.loss("  wasserstein_dice", &WassersteinDice::PAPER)?;
        rows.loss("  mcc", &Mcc)?;
        rows.loss("  recall", &Recall::new(Smooth::ONE))?;
        rows.loss("  boundary_dou", &BoundaryDou::new(1e-5)?)?;
        rows.loss("  lovasz_hinge", &LovaszHinge)?;
        rows.loss("  lovasz_sigmoid", &LovaszSoftmax::new(LovaszClasses::All))
    }

    /// Losses that depend on where pixels are.
    fn place(rows: &mut Rows<'_, impl Instruments, 2>) -> Result<()> {
        rows.loss("  boundary", &Boundary::KERVADEC)?;
        rows.loss("  hausdorff_distance", &HausdorffDistance::new(2.0, Sides::Both)?)?;
        rows.loss("  hausdorff_erosion", &HausdorffErosion::PAPER)?;
        rows.loss("  hausdorff_convolution", &HausdorffConvolution::PAPER)?;
        rows.loss("  shape_aware", &ShapeAware)?;
        rows.loss("  active_contour", &ActiveContour::PAPER)?;
        rows.loss("  elastica", &Elastica::PAPER)?;
        rows.loss("  boundary_f1", &BoundaryF1::PAPER)?;
        rows.loss("  active_boundary", &ActiveBoundary::PUBLISHED)?;
        rows.loss("  cldice", &ClDice::PAPER)?;
        rows.loss("  skeleton_recall", &SkeletonRecall::PAPER)
    }

    fn compound(rows: &mut Rows<'_, impl Instruments, 2>) -> Result<()> {
        let dice = Dice::new(Smooth::ONE);
        rows.loss("  combo", &Combo::new(0.5, 0.5, Smooth::ONE)?)?;
        rows.loss("  power_cross_entropy", &PowerCrossEntropy::new(0.3)?)?;
        rows.loss("  exponential_logarithmic", &ExponentialLogarithmic::PAPER)?;
        rows.loss("  unified_focal", &UnifiedFocal::PAPER)?;
        rows.loss("  dice_cross_entropy", &Weighted::new(1.0, dice, 1.0, CrossEntropy::MEAN)?)?;
        rows.loss("  dice_focal", &Weighted::new(1.0, dice, 1.0, Focal::PAPER)?)?;
        rows.loss("  dice_top_k", &Weighted::new(1.0, dice, 1.0, TopK::new(0.1)?)?)?;
        rows.loss("  hybrid_focal", &Weighted::new(0.5, FocalTversky::PAPER, 0.5, Focal::PAPER)?)
    }
}

#[cfg(not(target_os = "none"))]
fn main() {}
