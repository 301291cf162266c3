//! Metrics and drift detection.

use core::hint::black_box;

use segmeter_core::Result;
use segmeter_core::drift::detector::PageHinkleyState;
use segmeter_core::drift::{Detector, PageHinkley, Reference, Statistics};
use segmeter_core::metric::calibration::{Bin, BrierScale, Edges, EqualMass, Probabilities};
use segmeter_core::metric::road::{self, Corridor, Deviation};
use segmeter_core::metric::topology::{self, Components, Connectivity};
use segmeter_core::metric::{
    Averages, Averaging, Calibration, ClassMetric, ClassReport, Confidence, Confusion, ConfusionCells,
    ConfusionView, Disagreement, Empties, InstanceIou, LesionReport, LesionWise, Mean, Overlap, Overlaps,
    PanopticQuality, Preset, Reliability, Score, Segment, SegmentArea, Volume, calibration, threshold,
};
use segmeter_core::num::Q16;
use segmeter_core::plane::Bits;
use segmeter_core::plane::components::{self, Run};
use segmeter_core::sketch::CODES;
use segmeter_core::upsample::{Interpolation, Upsampling};
use segmeter_core::view::{Encoding, IGNORE, Mask, bits};

use super::{either, shape, sketch, unknown, unknown_mut};

pub(super) fn all() -> Result<()> {
    overlap::<2>()?;
    overlap::<5>()?;
    overlap::<40>()?;
    class(black_box(ClassReport::default()));
    averages()?;
    scores()?;
    shapes()?;
    segments()?;
    upsampled()?;
    masks()
}

fn upsampled() -> Result<()> {
    let interpolation = black_box(Interpolation::ALL).into_iter().find(|_| either()).unwrap_or_default();
    let upsampling = Upsampling::new(shape()?, black_box(19), black_box(8), interpolation)?;
    black_box((interpolation.name(), upsampling.shape(), upsampling.classes(), upsampling.scratch_len()));
    black_box((upsampling.height(), upsampling.width(), upsampling.ready(black_box(3))));
    let (mut scratch, mut other) = ([0; 999], [0; 999]);
    let encoding = if either() { Encoding::Signed } else { Encoding::Unsigned };
    let mut rows = upsampling.rows(encoding, unknown_mut(&mut scratch))?;
    while either() {
        rows.push_interleaved(unknown(&[0_i8; 99]))?;
        rows.push_planar(unknown(&[0_u8; 99]), black_box(40))?;
        while let Some(ids) = rows.next_row() {
            black_box(ids);
        }
        let progress = rows.progress();
        black_box((progress.taken(), progress.given()));
        rows = upsampling.resume(encoding, unknown_mut(&mut other), black_box(progress))?;
    }
    Ok(())
}

fn masks() -> Result<()> {
    let mask = Mask::new(shape()?, unknown(&[0; 3]))?;
    black_box(mask.rows().flatten().filter(|bit| *bit).count());
    black_box(bits(unknown(&[0])).filter(|bit| *bit).count());
    Ok(())
}

fn overlap<const C: usize>() -> Result<()> {
    let mut confusion = Confusion::<C>::new(black_box(IGNORE));
    confusion.push_row(unknown(&[0; 700]), unknown(&[0; 700]))?;
    confusion.merge(&black_box(Confusion::new(IGNORE)));
    black_box((confusion.mean_iou(), confusion.mean_accuracy(), confusion.frequency_weighted_iou()));
    black_box((confusion.kappa(), confusion.mcc(), confusion.pixel_accuracy().value()));
    black_box(confusion.weighted_kappa(black_box(Disagreement::Quadratic)));
    black_box(confusion.generalised_dice(black_box(Volume::Square), black_box(1)));
    black_box(confusion.category_iou(unknown(&[0; 7]), black_box(1)));
    black_box((confusion.class(black_box(2)), confusion.saturated()));
    confusion.clear();
    confusion.reset(black_box(IGNORE));
    black_box(&confusion);
    let (mut counts, mut foreign) = ([0; 49], [0; 7]);
    let mut cells =
        ConfusionCells::new(unknown_mut(&mut counts), unknown_mut(&mut foreign), black_box(IGNORE))?;
    cells.push_row(unknown(&[0; 70]), unknown(&[0; 70]))?;
    black_box((cells.ignored(), cells.saturated()));
    let view = ConfusionView::new(unknown(&[0; 49]), unknown(&[0; 7]), unknown(&[0]))?;
    black_box((view.classes(), view.each().count(), view.weighted_kappa(black_box(Disagreement::Linear))));
    black_box((view.pixels(), view.class(black_box(1)), view.pixel_accuracy(), view.mean_accuracy()));
    black_box((view.mean_iou(), view.frequency_weighted_iou(), view.kappa(), view.mcc()));
    black_box(view.generalised_dice(black_box(Volume::Simple), black_box(0)));
    black_box(view.category_iou(unknown(&[0; 7]), black_box(1)));
    Ok(())
}

fn class(class: ClassReport) {
    black_box((class.iou(), class.dice(), class.precision(), class.recall(), class.accuracy()));
    black_box((class.specificity(), class.negative_predictive_value(), class.false_positive_rate()));
    black_box((class.false_negative_rate(), class.false_discovery_rate(), class.false_omission_rate()));
    black_box((class.volume_overlap_error(), class.volume_similarity(), class.relative_volume_difference()));
    black_box((class.absolute_relative_volume_difference(), class.f_beta(black_box(2.0))));
    black_box(class.tversky_index(black_box(0.3), black_box(0.7)));
    black_box((
        class.balanced_accuracy(),
        class.informedness(),
        class.markedness(),
        class.mcc(),
        class.fowlkes_mallows(),
        class.prevalence_threshold(),
    ));
    black_box((class.net_benefit(black_box(0.5)), class.positives(), class.negatives(), class.predicted()));
    let (metric, empties) = (black_box(ClassMetric::Dice), black_box(Empties::default()));
    let score = empties.score(metric, class);
    black_box((metric.of(class), metric.worst(), score.value(), Empties::all(black_box(empties.both))));
    let (found, worst) = (black_box(Some(1.0)), black_box(None));
    black_box(empties.resolve(black_box(true), black_box(false), found, worst));
}

fn averages() -> Result<()> {
    let (preset, metric) = (black_box(Preset::Monai), black_box(ClassMetric::Iou));
    let mut averages = preset.averages::<3>(metric, IGNORE).from_class(black_box(1));
    averages.push(&black_box(Confusion::new(IGNORE)));
    averages.merge(&Averages::new(metric, preset.empties(metric), black_box(IGNORE)));
    averages.merge(&averages.clone());
    black_box((averages.value(preset.averaging()), averages.value(black_box(Averaging::PerClass))));
    black_box((averages.class(black_box(1)), averages.images(), averages.pooled().pixels()));
    black_box((averages.undefined(), averages.saturated(), preset.empties(metric)));
    black_box((averages.with_ignored_class().undefined(), preset.keeps_ignored_class()));
    let mut mean = Mean::default();
    mean.push(black_box(Score::Value(0.5)));
    mean.merge(&black_box(mean));
    black_box((mean.value(), mean.defined(), mean.undefined(), mean.saturated()));
    black_box(Mean::from_parts(black_box(mean.parts())));
    Ok(())
}

fn scores() -> Result<()> {
    let (sketch, table) = sketch()?;
    black_box(Confusion::of_sketch(&sketch, &table));
    black_box((threshold::auroc(&sketch), threshold::average_precision(&sketch)));
    black_box(threshold::average_precision_trapezoid(&sketch));
    black_box(threshold::average_precision_eleven_point(&sketch));
    black_box(threshold::average_precision_interpolated(&sketch));
    let bound = black_box(0.95);
    black_box(threshold::sensitivity_at_specificity(&sketch, bound));
    black_box(threshold::specificity_at_sensitivity(&sketch, bound));
    black_box(threshold::precision_at_recall(&sketch, bound));
    black_box(threshold::false_positive_rate_at_recall(&sketch, bound));
    black_box((threshold::max_f(&sketch), threshold::kitti_road(&sketch)));
    threshold::curve(&sketch).for_each(|point| {
        black_box(point);
    });
    let edges = black_box(Edges::Torchmetrics);
    for probabilities in [Probabilities::Sigmoid(&table), Probabilities::Stored] {
        let probabilities = black_box(probabilities);
        black_box(calibration::brier(&sketch, probabilities));
        let sketches = core::slice::from_ref(&sketch);
        black_box(calibration::brier_multiclass(sketches, probabilities, black_box(BrierScale::Sum)));
        black_box(calibration::negative_log_likelihood(&sketch, probabilities, bound));
        black_box(calibration::classwise_expected_error::<9, _>(sketches, probabilities, edges));
        for confidence in [Confidence::TopLabel, Confidence::Positive] {
            reliability(&Reliability::<7>::with_edges(&sketch, probabilities, confidence, edges));
            reliability(&Reliability::<7>::equal_mass(&sketch, probabilities, confidence));
            let mut bins = [Bin::default(); 9];
            calibration::fill_equal_width(&sketch, probabilities, confidence, edges, unknown_mut(&mut bins));
            calibration::fill_equal_mass(&sketch, probabilities, confidence, unknown_mut(&mut bins));
            black_box(bins);
        }
    }
    reliability(&Calibration::new(&sketch, &table, black_box(Confidence::TopLabel)));
    bins(edges);
    Ok(())
}

/// Bins of confidences from elsewhere.
fn bins(edges: Edges) {
    let mut bins = [Bin::default(); 3];
    let mut mass = EqualMass::new(black_box(9));
    let (confidence, _) = calibration::steps(black_box(0.1), black_box(0.9));
    while either() {
        let place = edges.place(black_box(3), black_box(confidence));
        let equal = mass.place(black_box(3), black_box(5));
        if let Some(bin) = bins.get_mut(black_box(place.unwrap_or(equal))) {
            bin.push(black_box(5), black_box(3), black_box(confidence));
            bin.merge(&black_box(Bin::default()));
        }
    }
    black_box(calibration::expected_error(bins.iter()));
    black_box(calibration::maximum_error(bins.iter()));
    black_box(calibration::root_mean_square_error(bins.iter()));
}

fn reliability<const B: usize>(found: &Reliability<B>) {
    black_box((found.expected_error(), found.maximum_error(), found.root_mean_square_error()));
    black_box(found.bins.map(|bin| (bin.confidence(), bin.accuracy())));
}

fn shapes() -> Result<()> {
    let mut scratch = [0; 99];
    let width = black_box(9);
    let connectivity = black_box(Connectivity::Four);
    lesions(LesionWise { connectivity, dilation: black_box(2) })?;
    black_box(Components::scratch_len(width));
    let mut components = Components::new(width, connectivity, black_box(3), unknown_mut(&mut scratch))?;
    while either() {
        components.push_row(|column| black_box(column) == 3);
        components.push_bits(unknown(&[0; 9]));
    }
    let found = components.finish();
    black_box((found.euler(), found.betti_error(black_box(found))));
    let (mut a, mut b, mut scratch, frame) = ([0; 9], [0; 9], [0; 99], shape()?);
    let label = Bits::new(frame, unknown_mut(&mut a), |pixel| black_box(pixel) == 1)?;
    let prediction = Bits::new(frame, unknown_mut(&mut b), |pixel| black_box(pixel) == 2)?;
    black_box(topology::centreline_scratch_len(frame));
    let line = topology::centreline_dice(&prediction, &label, unknown_mut(&mut scratch))?;
    black_box((line.value(), line.score(Empties::FORMULA)));
    black_box(topology::CentrelineDice::of_skeletons([&prediction, &label], [&label, &prediction])?);
    let (mut left, mut right, mut lowest) = ([0; 9], [0; 9], [0; 9]);
    let offsets = [unknown_mut(&mut left), unknown_mut(&mut right)];
    let mut profile = road::RoadProfile::new(black_box(3), offsets, unknown_mut(&mut lowest))?;
    while either() {
        black_box(profile.push_row(|column| black_box(column) == 2)?.width());
    }
    black_box(Corridor::of(width, black_box(3), |column| black_box(column) == 2));
    let mut deviation = Deviation::of(unknown(&[1; 9]), unknown(&[2; 9]));
    deviation.merge(&black_box(deviation));
    black_box((deviation.mean_absolute(), deviation.mean()));
    Ok(())
}

fn segments() -> Result<()> {
    let mut slots = [Overlap::EMPTY; 9];
    let mut image = Overlaps::new(unknown_mut(&mut slots));
    image.push_row(unknown(&[Segment::VOID; 9]), unknown(&[Segment::VOID; 9]))?;
    black_box((image.pairs().len(), image.lost()));
    let mut quality = PanopticQuality::<3>::default();
    quality.push(&image);
    quality.merge(&quality.clone());
    let mut class = quality.class(black_box(1));
    let area = black_box(SegmentArea { pixels: 7, void: 2 });
    black_box(class.push_pair(area, area, black_box(3)));
    class.push_unmatched(black_box(Some(area)), black_box(None));
    class.merge(&black_box(class));
    black_box((class.panoptic_quality(), class.segmentation_quality(), class.recognition_quality()));
    black_box((class.true_positive(), quality.panoptic_quality(), quality.lost()));
    let mut instances = InstanceIou::<3>::new(black_box([1.0; 3]));
    instances.push(&image);
    instances.push_instance(black_box(1), black_box(5), black_box(3));
    instances.merge(&instances.clone());
    black_box((instances.iou(black_box(1), &Confusion::new(IGNORE)), instances.lost()));
    Ok(())
}

pub(super) fn drift() -> Result<()> {
    let (sketch, table) = sketch()?;
    let reference = Reference::new(black_box([1; CODES]))?;
    black_box(Statistics::new(&sketch, &table));
    black_box((reference.population_stability_index(&sketch), reference.wasserstein(&sketch)));
    black_box(reference.edges().map(u32::from).sum::<u32>());
    let (a, b) = (black_box(Q16::ONE), black_box(Q16::ONE));
    let mut state = black_box(PageHinkleyState::default());
    black_box((PageHinkley { tolerance: a, threshold: b }.update(&mut state, a), state.scores()));
    Ok(())
}

fn lesions(of: LesionWise) -> Result<()> {
    let (shape, mut scratch, mut slots) = (shape()?, [0; 99], [Overlap::EMPTY; 9]);
    let (scratch, mask) = (unknown_mut(&mut scratch), unknown(&[false; 15]));
    let set = |pixel: usize| mask.get(pixel).copied().unwrap_or(false);
    black_box(components::label(shape, set, of.connectivity, scratch)?);
    let (mut words, mut runs) = ([0; 9], [Run::default(); 9]);
    let bits = Bits::of_words(shape, unknown_mut(&mut words))?;
    black_box(components::run_count(&bits));
    black_box(components::label_runs(&bits, of.connectivity, unknown_mut(&mut runs), scratch)?);
    black_box(LesionWise::scratch_len(shape));
    let mut report = of.report(shape, set, set, scratch, unknown_mut(&mut slots))?;
    report.merge(&black_box(LesionReport::default()));
    black_box((report.found(), report.dice(), report.sensitivity()));
    Ok(())
}
