//! An image that links only if nothing it calls can panic.
//!
//! Its panic handler calls a symbol that nobody defines. If no call can panic, the optimiser and the linker drop the
//! handler; if one can, the link fails with `undefined symbol: a core function can panic`. With the feature
//! `negative-control` an indexing is added that can, and the link must fail.
//!
//! Only a device image proves anything; on the host this program does nothing.

#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod image {
    use core::hint::black_box;

    use segmeter_core::Result;
    use segmeter_core::drift::detector::PageHinkleyState;
    use segmeter_core::drift::{
        Baseline, Cusum, Detector, Monitor, PageHinkley, Profile, Reference, SIGNALS, Signals, Statistics,
    };
    use segmeter_core::loss::{
        BinaryCrossEntropy, Dice, Focal, FocalTversky, Loss, LovaszHinge, Smooth, Tversky, Weighted,
    };
    use segmeter_core::metric::{Calibration, Confidence, Confusion, calibration, threshold};
    use segmeter_core::num::{self, Q16};
    use segmeter_core::simd::Scalar;
    use segmeter_core::sketch::{CODES, GradientTable, SigmoidTable, Sketch};
    use segmeter_core::view::{Encoding, Frame, IGNORE, Labels, Mask, Quantised, Quantiser, Shape, Weights};
    use segmeter_firmware::evaluator::Evaluator;
    use segmeter_firmware::protocol::{Receiver, Request, Response, RowLabels, decode, send};

    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
        unsafe extern "C" {
            #[link_name = "a core function can panic"]
            safe fn a_core_function_can_panic() -> !;
        }
        a_core_function_can_panic()
    }

    #[cortex_m_rt::entry]
    fn main() -> ! {
        loop {
            let _ = black_box(losses());
            let _ = black_box(metrics());
            let _ = black_box(drift());
            numbers();
            firmware();
            #[cfg(feature = "negative-control")]
            black_box(black_box(&[1_u8, 2, 3][..])[black_box(1)]);
        }
    }

    /// A slice that the optimiser knows nothing of, neither its elements nor its length.
    fn unknown<T>(slice: &[T]) -> &[T] {
        black_box(slice)
    }

    fn quantiser() -> Result<Quantiser> {
        let encoding = if black_box(true) { Encoding::Signed } else { Encoding::Unsigned };
        Quantiser::logits(encoding, black_box(0.1), black_box(3))
    }

    /// Every loss, on a frame with and without weights and on a sketch, with and without gradient.
    fn losses() -> Result<()> {
        let shape = Shape::new(black_box(3), black_box(5))?;
        let labels = Labels::new(shape, unknown(&[0; 15]), black_box(IGNORE))?;
        let frame = Frame::new(unknown(&[0.0; 15]), labels)?;
        let weighted = frame.with_weights(Weights::new(shape, unknown(&[1.0; 15]))?)?;
        let smooth = Smooth::new(black_box(0.5), black_box(1.0))?;
        black_box(Smooth::both(black_box(1.0))?);
        let tversky = Tversky::new(black_box(0.3), black_box(0.7), smooth)?;
        for frame in [&frame, &weighted] {
            loss(&BinaryCrossEntropy, frame)?;
            loss(&Focal::new(black_box(2.5), black_box(0.25), black_box(0.75))?, frame)?;
            loss(&Dice::new(smooth), frame)?;
            loss(&tversky, frame)?;
            loss(&FocalTversky::new(tversky, black_box(0.75))?, frame)?;
            loss(&LovaszHinge, frame)?;
            loss(&Weighted::new(black_box(0.5), BinaryCrossEntropy, black_box(2.0), LovaszHinge)?, frame)?;
        }
        Ok(())
    }

    fn loss(loss: &impl Loss, frame: &Frame<'_>) -> Result<()> {
        let mut scratch = [0_u32; LovaszHinge::scratch_len(15)];
        let scratch = black_box(&mut scratch[..]);
        let mut gradient = [0.0_f32; 15];
        black_box(loss.value(frame, scratch)?);
        black_box(loss.value_and_gradient(frame, scratch, black_box(&mut gradient[..]))?);
        let quantiser = quantiser()?;
        let codes = Quantised::new(frame.shape(), unknown(&[0_i8; 15]), quantiser)?;
        let sketch = Sketch::of(&codes, Some(frame.labels()))?;
        let mut table = GradientTable::default();
        black_box(loss.accumulate_sketch(&sketch, &SigmoidTable::new(&quantiser), 1.0, Some(&mut table)));
        table.add_to(&codes, frame.labels(), black_box(&mut gradient[..]))?;
        codes.dequantise(black_box(&mut gradient[..]))
    }

    fn sketch() -> Result<(Sketch, SigmoidTable)> {
        let quantiser = quantiser()?;
        let mut sketch = Sketch::<u32>::new(&quantiser);
        sketch.push_row(unknown(&[0_i8; 7]), unknown(&[0; 7]));
        sketch.push_packed_row(unknown(&[0_u8; 9]), unknown(&[0; 2]), unknown(&[0; 2]));
        sketch.push_unlabelled(unknown(&[0_u8; 9]));
        let mut pool = Sketch::<u64>::new(&Quantiser::probabilities());
        pool.merge(&sketch)?;
        sketch.merge(&pool)?;
        black_box((pool.count(black_box(1), black_box(2)), pool.saturated()));
        black_box((pool.pixels_at(black_box(3)), pool.labelled(black_box(1)), pool.pixels()));
        pool.reset(&quantiser);
        pool.clear();
        let mut table = SigmoidTable::new(&quantiser);
        table.set(&Quantiser::probabilities());
        black_box((quantiser.logit(black_box(7)), GradientTable::default().at(black_box(1), black_box(2))));
        Ok((sketch, table))
    }

    fn metrics() -> Result<()> {
        let mut confusion = Confusion::<5>::new(black_box(IGNORE));
        confusion.push_row(unknown(&[0; 7]), unknown(&[0; 7]))?;
        confusion.merge(&black_box(Confusion::new(IGNORE)));
        black_box((confusion.mean_iou(), confusion.mean_accuracy(), confusion.frequency_weighted_iou()));
        black_box((confusion.kappa(), confusion.mcc(), confusion.pixel_accuracy().value()));
        let class = confusion.class(black_box(2));
        black_box((class.iou(), class.dice(), class.precision(), class.recall()));
        black_box((class.specificity(), class.negative_predictive_value()));
        let (sketch, table) = sketch()?;
        black_box(Confusion::of_sketch(&sketch, &table));
        black_box((threshold::auroc(&sketch), threshold::average_precision(&sketch)));
        black_box(calibration::brier(&sketch, &table));
        for confidence in [Confidence::TopLabel, Confidence::Positive] {
            let calibration = Calibration::new(&sketch, &table, black_box(confidence));
            black_box((
                calibration.expected_error(),
                calibration.bins.map(|b| (b.confidence(), b.accuracy())),
            ));
        }
        let mask = Mask::new(Shape::new(black_box(3), black_box(5))?, unknown(&[0; 3]))?;
        black_box(mask.rows().flatten().filter(|bit| *bit).count());
        black_box(segmeter_core::view::bits(unknown(&[0])).filter(|bit| *bit).count());
        Ok(())
    }

    fn drift() -> Result<()> {
        let (sketch, table) = sketch()?;
        let reference = Reference::new(black_box([1; CODES]))?;
        black_box(Statistics::new(&sketch, &table));
        let signals = Signals::new(&sketch, &table, &reference);
        black_box((reference.population_stability_index(&sketch), reference.wasserstein(&sketch)));
        black_box(reference.edges().map(u32::from).sum::<u32>());
        let blocks = unknown(&[Q16::ZERO; 4]).iter().copied();
        let baseline = Baseline::of(blocks).unwrap_or_default();
        let (a, b) = (black_box(Q16::ONE), black_box(Q16::ONE));
        let profile = Profile {
            quantiser: quantiser()?,
            block_frames: black_box(3),
            baselines: [baseline; SIGNALS],
            cusum: Cusum { slack: a, threshold: b },
            page_hinkley: PageHinkley { tolerance: a, threshold: b },
            reference,
        };
        profile.check()?;
        let verdict = black_box(Monitor::default()).observe(&profile, signals.as_ref());
        let mut state = black_box(PageHinkleyState::default());
        black_box((profile.page_hinkley.update(&mut state, a), state.scores(), verdict.state.name()));
        black_box(
            verdict
                .reasons
                .cusum()
                .chain(verdict.reasons.page_hinkley())
                .map(|s| s.name().len())
                .sum::<usize>(),
        );
        Ok(())
    }

    fn numbers() {
        let x = black_box(-1.5);
        black_box((num::exp_nonpositive(Scalar, x), num::ln1p_unit(Scalar, x), num::ln(Scalar, x)));
        black_box((num::Sigmoid::new(Scalar, x), num::Sigmoid::new(num::Micromath, x)));
        let mut sum = black_box(num::ExactSum::default());
        sum.add(x);
        sum.merge(&black_box(num::ExactSum::default()));
        black_box((sum.value(), sum == black_box(num::ExactSum::default())));
        let (a, b) = (black_box(Q16::ONE), black_box(Q16::ONE));
        black_box((a.times(b), a.over(b), a.plus(b), a.minus(b), Q16::ratio(black_box(3), black_box(4))));
        black_box((a.to_f32(), Q16::from_f32(x)));
    }

    /// Receiving, evaluating and sending.
    fn firmware() {
        let mut receiver = Receiver::<256>::new();
        let mut chunk = unknown(&[0_u8; 16]);
        while let Some(frame) = receiver.feed(&mut chunk) {
            let Ok(request) = frame.and_then(decode::<Request<'_>>) else { continue };
            let mut evaluator = Evaluator::new();
            if let Request::Configure(configuration) = request {
                let _ = black_box(evaluator.configure(&configuration));
                let _ = black_box(evaluator.begin(black_box(1), black_box(2), black_box(3), black_box(true)));
                let labels = RowLabels { foreground: unknown(&[0]), valid: unknown(&[0]) };
                let labels = black_box(Some(labels));
                let _ = black_box(evaluator.row(black_box(1), black_box(0), unknown(&[0; 3]), labels));
                let report = evaluator.end(black_box(1));
                black_box((evaluator.alarm(), evaluator.frame()));
                let mut room = [0; 256];
                if let Ok(report) = report {
                    let _ = black_box(send(&mut black_box(&mut room[..]), &Response::Report(report)));
                }
            }
        }
        receiver.mark_damaged();
    }
}

#[cfg(not(target_os = "none"))]
fn main() {}
