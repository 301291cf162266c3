//! Metrics and drift detection.

use core::hint::black_box;

use segmeter_core::Result;
use segmeter_core::drift::detector::PageHinkleyState;
use segmeter_core::drift::{
    Baseline, Cusum, Detector, Monitor, PageHinkley, Profile, Reference, SIGNALS, Signals, Statistics,
};
use segmeter_core::metric::{Calibration, Confidence, Confusion, calibration, threshold};
use segmeter_core::num::Q16;
use segmeter_core::sketch::CODES;
use segmeter_core::view::{IGNORE, Mask, bits};

use super::{quantiser, shape, sketch, unknown};

pub(super) fn all() -> Result<()> {
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
        black_box((calibration.expected_error(), calibration.bins.map(|b| (b.confidence(), b.accuracy()))));
    }
    let mask = Mask::new(shape()?, unknown(&[0; 3]))?;
    black_box(mask.rows().flatten().filter(|bit| *bit).count());
    black_box(bits(unknown(&[0])).filter(|bit| *bit).count());
    Ok(())
}

pub(super) fn drift() -> Result<()> {
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
    let mut monitor = black_box(Monitor::new());
    black_box(monitor.verdict());
    let verdict = monitor.observe(&profile, signals.as_ref());
    let mut state = black_box(PageHinkleyState::default());
    black_box((profile.page_hinkley.update(&mut state, a), state.scores(), verdict.state.name()));
    black_box(
        verdict.reasons.cusum().chain(verdict.reasons.page_hinkley()).map(|s| s.name().len()).sum::<usize>(),
    );
    Ok(())
}
