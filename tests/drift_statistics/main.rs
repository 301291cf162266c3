//! Drift statistics against SciPy, brute force and the bundled frames.
#![allow(clippy::disallowed_methods, reason = "the reference is a computation of its own")]

mod brute_force;
mod refusals;

use segmeter_core::Error;
use segmeter_core::drift::statistic::{BANDS, NO_ROW};
use segmeter_core::drift::{
    Blocks, BoundaryBand, ClassStatistics, EnergyTable, Geometry, GeometryReport, Statistic, Statistics,
    Temporal, TemporalReport, WeightedLowConfidence, accuracy_threshold, estimated_accuracy,
    low_confidence_fraction, mean_energy,
};
use segmeter_core::num::Q16;
use segmeter_core::plane::{Bits, pack_codes};
use segmeter_core::sketch::{SigmoidTable, Sketch};
use segmeter_core::view::{Encoding, IGNORE, Quantiser, Shape};
use segmeter_tests::{Demo, Random, path, unpack, vectors};
use serde::Deserialize;
use serde_json::Value;

/// Half a step of 2^-16, and what rounds it.
const STEP: f64 = 0.51 / 65536.0;

fn assert_near(found: Option<Q16>, expected: Option<f64>, steps: f64, what: &str) {
    let found = found.map(|q| f64::from(q.raw()) / 65536.0);
    let near = match (found, expected) {
        (Some(a), Some(b)) => (a - b).abs() <= steps * STEP,
        (a, b) => a.is_none() && b.is_none(),
    };
    assert!(near, "{what}: {found:?}, expected {expected:?}");
}

/// The rows of a mask, packed.
fn rows(mask: &[bool], shape: Shape) -> Vec<Vec<u32>> {
    let mut words = vec![0; Bits::words(shape)];
    let bits = Bits::new(shape, &mut words, |pixel| mask[pixel]).unwrap();
    (0..shape.height()).map(|row| bits.row(row).to_vec()).collect()
}

fn geometry(mask: &[bool], shape: Shape) -> GeometryReport {
    let mut scratch = vec![0xaaaa_aaaa; Geometry::scratch_len(shape.width())];
    let mut found = Geometry::new(shape, &mut scratch).unwrap();
    rows(mask, shape).iter().for_each(|row| found.push_row(row).unwrap());
    found.finish()
}

fn road(codes: &[u8]) -> Vec<bool> {
    codes.iter().map(|code| i32::from(code.cast_signed()) > 15).collect()
}

#[derive(Deserialize)]
struct Vectors {
    shapes: Vec<Shapes>,
    accuracy: Accuracy,
    multiclass: MulticlassCase,
}

#[derive(Deserialize)]
struct Shapes {
    frame: usize,
    geometry: GeometryCase,
    temporal: TemporalCase,
    confidence: ConfidenceCase,
}

#[derive(Deserialize)]
struct GeometryCase {
    road: u32,
    boundary: u32,
    frame_boundary: u32,
    components: u32,
    holes: u32,
    euler: i64,
    largest: u32,
    compactness: f64,
    centroid: [f64; 2],
    width: [f64; BANDS],
    centre: [Option<f64>; BANDS],
    first_rows: [Option<u16>; BANDS],
}

#[derive(Deserialize)]
struct TemporalCase {
    both: u32,
    either: u32,
    iou: f64,
    block_iou: f64,
    flicker: f64,
}

#[derive(Deserialize)]
struct ConfidenceCase {
    mean_max_softmax: f64,
    mean_energy: f64,
    low: Vec<(f32, f64)>,
    bands: Vec<BandCase>,
    weighted_low: f64,
}

#[derive(Deserialize)]
struct BandCase {
    reach: usize,
    pixels: u64,
    band: f64,
    interior: f64,
}

#[test]
fn geometry_of_frames_is_that_of_scipy() {
    for Shapes { frame, geometry: case, .. } in vectors::<Vectors>("drift.json").shapes {
        let found = geometry(&road(Demo::load().codes(frame)), Demo::shape());
        assert_eq!((found.road, found.boundary, found.frame_boundary), {
            (case.road, case.boundary, case.frame_boundary)
        });
        let topology = found.topology;
        assert_eq!((topology.components, topology.holes, topology.largest), {
            (case.components, case.holes, case.largest)
        });
        let first = case.first_rows.map(|row| row.unwrap_or(NO_ROW));
        assert_eq!(found.first_rows, first, "frame {frame}");
        for (statistic, expected) in [
            (Statistic::RoadFraction, f64::from(case.road) / 19_200.0),
            (Statistic::BoundaryLength, f64::from(case.boundary + case.frame_boundary)),
            (Statistic::InnerBoundaryLength, f64::from(case.boundary)),
            (Statistic::BoundaryDensity, f64::from(case.boundary) / 19_200.0),
            (Statistic::Compactness, case.compactness),
            (Statistic::Components, f64::from(case.components)),
            (Statistic::LargestShare, f64::from(case.largest) / f64::from(case.road)),
            (Statistic::Holes, f64::from(case.holes)),
            (Statistic::EulerNumber, case.euler as f64),
            (Statistic::CentroidRow, case.centroid[0]),
            (Statistic::RelativeCentroidRow, case.centroid[0] / 120.0),
            (Statistic::CentroidColumn, case.centroid[1]),
            (Statistic::HorizonRow, f64::from(*first.iter().min().unwrap())),
        ] {
            assert_near(found.value(statistic), Some(expected), 1.0, statistic.name());
        }
        for ((band, width), centre) in found.bands.iter().zip(case.width).zip(case.centre) {
            assert_near(band.width(), Some(width), 1.0, "road width");
            assert_near(band.centre(), centre, 1.0, "road centre");
        }
    }
}

#[test]
fn confidence_of_frames_is_that_of_scipy() {
    let (demo, quantiser) = (Demo::load(), Demo::quantiser());
    let table = SigmoidTable::new(&quantiser);
    let width = Demo::shape().width();
    for Shapes { frame, confidence: case, .. } in vectors::<Vectors>("drift.json").shapes {
        let codes = demo.codes(frame);
        let mut sketch = Sketch::<u32>::new(&quantiser);
        sketch.push_unlabelled(codes);
        let found = Statistics::new(&sketch, &table).unwrap();
        assert_near(Some(found.mean_max_softmax), Some(case.mean_max_softmax), 2.0, "max softmax");
        assert_near(mean_energy(&sketch, &table), Some(case.mean_energy), 2.0, "energy");
        for (limit, expected) in case.low {
            let low = low_confidence_fraction(&sketch, &table, Q16::from_f32(limit));
            assert_near(low, Some(expected), 1.0, "low confidence");
        }
        let weights = std::array::from_fn(|band| band as u8 + 1);
        let half = Q16::from_f32(0.5);
        let mut weighted = WeightedLowConfidence::new(120, &quantiser, &table, half, weights).unwrap();
        codes.chunks(width).for_each(|row| weighted.push_row(row));
        assert_near(weighted.finish(), Some(case.weighted_low), 1.0, "weighted low confidence");
        for case in case.bands {
            let mut scratch = vec![0xaaaa_aaaa; BoundaryBand::scratch_len(width, case.reach)];
            let mut band = BoundaryBand::new(width, case.reach, &quantiser, &mut scratch).unwrap();
            codes.chunks(width).for_each(|row| band.push_row(row).unwrap());
            let found = band.finish();
            assert_eq!(found.labelled(1), case.pixels, "frame {frame}, reach {}", case.reach);
            assert_eq!(Statistics::new(&found, &table), Statistics::new(&sketch, &table));
            let margin = |label| Statistics::of_label(&found, &table, label).map(|s| s.mean_margin);
            assert_near(margin(1), Some(case.band), 2.0, "band");
            assert_near(margin(0), Some(case.interior), 2.0, "interior");
        }
    }
}

#[derive(Deserialize)]
struct Accuracy {
    source: usize,
    wrong: u64,
    threshold: usize,
    estimated: Vec<(usize, f64)>,
}

#[test]
fn accuracy_is_estimated_as_published() {
    let Accuracy { source, wrong, threshold, estimated } = vectors::<Vectors>("drift.json").accuracy;
    let (demo, quantiser) = (Demo::load(), Demo::quantiser());
    let table = SigmoidTable::new(&quantiser);
    let labels = std::fs::read_to_string(path("data/demo/manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&labels).unwrap();
    let slot = manifest["labelled_frames"].as_array().unwrap().iter().position(|f| *f == source).unwrap();
    let stack = |name: &str| unpack(&std::fs::read(path("data/demo").join(name)).unwrap(), slot);
    let ids: Vec<u8> = stack("label_bits.bin")
        .into_iter()
        .zip(stack("valid_bits.bin"))
        .map(|(label, valid)| if valid == 1 { label } else { IGNORE })
        .collect();
    let mut sketch = Sketch::<u32>::new(&quantiser);
    sketch.push_row(demo.codes(source), &ids);
    let learnt = accuracy_threshold(&sketch, &table).unwrap();
    let of = |distance: usize| f64::from((0.101_869_74 * distance as f32) / 2.0).tanh();
    assert_near(Some(learnt), Some(of(threshold)), 2.0, "threshold");
    assert!(wrong > 100, "the source has errors");
    for (frame, expected) in estimated {
        let mut sketch = Sketch::<u32>::new(&quantiser);
        sketch.push_unlabelled(demo.codes(frame));
        assert_near(estimated_accuracy(&sketch, &table, learnt), Some(expected), 1.0, "accuracy");
    }
    // Everything wrong: a threshold above all margins; nothing wrong: below all. A logit of 0 is no road.
    for (label, expected) in [(0, 0.0), (1, 1.0)] {
        let mut sketch = Sketch::<u32>::new(&quantiser);
        sketch.push_row(&[100_i8, 16, 90, 15], &[label, label, label, 1 - label]);
        let threshold = accuracy_threshold(&sketch, &table).unwrap();
        assert_near(estimated_accuracy(&sketch, &table, threshold), Some(expected), 1.0, "accuracy");
    }
    let empty = Sketch::<u32>::new(&quantiser);
    assert_eq!(accuracy_threshold(&empty, &table), None);
    assert_eq!(estimated_accuracy(&empty, &table, learnt), None);
    assert_eq!(Statistics::new(&empty, &table), None);
}

#[derive(Deserialize)]
struct MulticlassCase {
    logits: Vec<i8>,
    scale: f32,
    zero_point: i32,
    temperature: f32,
    classes: [u32; 4],
    mean_margin: f64,
    mean_energy: f64,
}

#[test]
fn several_classes() {
    let case = vectors::<Vectors>("drift.json").multiclass;
    let table = EnergyTable::new(case.scale, case.zero_point, case.temperature).unwrap();
    let mut found = ClassStatistics::<4>::default();
    found.push_row(&table, case.logits.as_chunks().0);
    assert_eq!(found.classes(), &case.classes);
    assert_near(found.mean_margin(), Some(case.mean_margin), 1.0, "margin");
    let energy = found.mean_energy(&table).unwrap().to_f32();
    // The error that the documentation states.
    let bound = f64::from(case.temperature) * (2e-4 + 3.0 / 65536.0);
    assert!((f64::from(energy) - case.mean_energy).abs() < bound, "{energy}, expected {}", case.mean_energy);
    // One pixel at a time, over every difference.
    for difference in 0..=255_u8 {
        let mut pixel = ClassStatistics::<3>::default();
        let second = (127 - i32::from(difference)) as i8;
        pixel.push_row(&table, &[[second, 127, second]]);
        let z = |code: i8| f64::from(case.scale) * f64::from(i32::from(code) - case.zero_point);
        let t = f64::from(case.temperature);
        let expected = -t * (2.0 * (z(second) / t).exp() + (z(127) / t).exp()).ln();
        let found = f64::from(pixel.mean_energy(&table).unwrap().to_f32());
        assert!(
            (found - expected).abs() < t * (2e-4 + 2.0 / 65536.0) + 1e-5,
            "{difference}: {found}, {expected}"
        );
        assert_eq!(pixel.mean_margin(), Some(Q16::ratio(difference.into(), 1)));
    }
    found.clear();
    assert_eq!((found.mean_margin(), found.mean_energy(&table), found.pixels()), (None, None, 0));
    assert_eq!((found.mean_confidence(), found.mean_entropy(&table)), (None, None));
    assert_eq!(EnergyTable::new(0.1, 0, 0.0).unwrap_err(), Error::Parameter("temperature"));
    assert_eq!(EnergyTable::new(0.1, 128, 1.0).unwrap_err(), Error::Parameter("zero_point"));
}

/// Softmax of codes of either encoding and of any number of classes against `f64`, within the stated errors.
#[test]
fn confidence_and_entropy_of_several_classes() {
    let mut random = Random(17);
    for (classes, scale, temperature) in
        [(2, 0.1, 1.0), (19, 0.08, 1.0), (32, 0.02, 0.5), (32, 0.5, 2.0), (5, 3.0, 1.0)]
    {
        for (encoding, zero_point) in [(Encoding::Signed, -5), (Encoding::Unsigned, 130)] {
            let quantiser = Quantiser::logits(encoding, scale, zero_point).unwrap();
            let table = EnergyTable::of(&quantiser, temperature).unwrap();
            let codes: Vec<u8> = (0..classes * 50).map(|_| (random.uniform() * 256.0) as u8).collect();
            let mut found = ClassStatistics::<32>::default();
            found.push_codes(&table, &codes, classes).unwrap();
            let [mut confidence, mut entropy, mut energy] = [0.0; 3];
            for pixel in codes.chunks(classes) {
                let z = pixel
                    .iter()
                    .map(|code| f64::from(quantiser.score(quantiser.index(*code))) / f64::from(temperature));
                let z: Vec<f64> = z.collect();
                let sum: f64 = z.iter().map(|z| z.exp()).sum();
                let p = z.iter().map(|z| z.exp() / sum);
                confidence += p.clone().fold(0.0, f64::max) / 50.0;
                entropy -= p.map(|p| if p > 0.0 { p * p.ln() } else { 0.0 }).sum::<f64>() / 50.0;
                energy -= f64::from(temperature) * sum.ln() / 50.0;
            }
            let step = classes as f64 / 65536.0;
            let what = format!("{classes} {scale} {temperature} {encoding:?}");
            let near = |found: Option<Q16>, expected: f64, bound: f64| {
                let found = f64::from(found.unwrap().to_f32());
                assert!((found - expected).abs() < bound, "{what}: {found}, expected {expected}");
            };
            near(found.mean_confidence(), confidence, step + 2.0 / 65536.0);
            let largest = f64::from(scale / temperature) * 255.0;
            near(found.mean_entropy(&table), entropy, 2e-4 + step * largest + 2.0 / 65536.0);
            near(found.mean_energy(&table), energy, f64::from(temperature) * (2e-4 + step) + 2.0 / 65536.0);
        }
    }
    let table = EnergyTable::of(&Quantiser::logits(Encoding::Unsigned, 0.1, 0).unwrap(), 1.0).unwrap();
    let mut found = ClassStatistics::<4>::default();
    assert_eq!(found.push_codes(&table, &[0u8; 5], 5), Err(Error::Classes { room: 4 }));
    assert_eq!(found.push_codes(&table, &[0u8; 5], 1), Err(Error::Classes { room: 4 }));
    assert_eq!(found.push_codes(&table, &[0u8; 5], 4), Err(Error::Length { expected: 4, found: 5 }));
    assert_eq!(found.pixels(), 0);
    let probabilities = EnergyTable::of(&Quantiser::probabilities(), 1.0);
    assert!(matches!(probabilities, Err(Error::Unsupported(_))));
}

/// Pushes frames, and returns what the last one is compared to be.
fn compared(frames: &[Vec<bool>], shape: Shape) -> (TemporalReport, TemporalReport) {
    let [mut before, mut earlier] = [(); 2].map(|()| vec![0x5555; Bits::words(shape)]);
    let mut grid = [7; Blocks::BYTES];
    let mut temporal = Temporal::new(shape, &mut before, &mut earlier).unwrap();
    let mut blocks = Blocks::new(shape, &mut grid).unwrap();
    let mut last = None;
    for (number, mask) in frames.iter().enumerate() {
        for row in rows(mask, shape) {
            temporal.push_row(&row).unwrap();
            blocks.push_row(&row).unwrap();
        }
        let found = (temporal.finish(), blocks.finish());
        assert_eq!((found.0.frames, found.1.frames), ((number as u8 + 1).min(3), (number as u8 + 1).min(2)));
        last = Some(found);
    }
    last.unwrap()
}

#[test]
fn frames_beside_those_before() {
    let (demo, shape) = (Demo::load(), Demo::shape());
    for Shapes { frame, temporal: case, .. } in vectors::<Vectors>("drift.json").shapes {
        let masks: Vec<_> = (frame - 2..=frame).map(|frame| road(demo.codes(frame))).collect();
        let (found, blocks) = compared(&masks, shape);
        assert_eq!((found.both, found.either), (case.both, case.either));
        assert_near(found.value(Statistic::TemporalIou), Some(case.iou), 1.0, "temporal IoU");
        assert_near(found.value(Statistic::Flicker), Some(case.flicker), 1.0, "flicker");
        assert_near(blocks.iou(), Some(case.block_iou), 1.0, "block IoU");
        let (pair, _) = compared(&masks[1..], shape);
        assert_eq!((pair.both, pair.flicker()), (case.both, None));
        assert_eq!(compared(&masks[2..], shape).0.iou(), None);
    }
}

/// All frames of the pack, with the numbers that came with it.
#[test]
fn the_pack_s_own_numbers() {
    let (demo, shape) = (Demo::load(), Demo::shape());
    let text = std::fs::read_to_string(path("data/demo/frames.csv")).unwrap();
    let mut lines = text.lines().map(|l| l.split(',').map(str::to_owned).collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let place = |name: &str| header.iter().position(|h| h == name).unwrap();
    let (mut before, mut scratch) = (vec![0; Bits::words(shape)], [0; Geometry::scratch_len(160)]);
    let mut temporal = Temporal::new(shape, &mut before, &mut []).unwrap();
    let mut compared = 0;
    for (frame, line) in lines.enumerate() {
        let mut geometry = Geometry::new(shape, &mut scratch).unwrap();
        let mut words = [0; 5];
        for codes in demo.codes(frame).chunks(160) {
            pack_codes(codes, &Demo::quantiser(), &mut words).unwrap();
            geometry.push_row(&words).unwrap();
            temporal.push_row(&words).unwrap();
        }
        let (geometry, found) = (geometry.finish(), temporal.finish());
        assert_eq!(geometry.road.to_string(), line[place("road_pixels")]);
        // The pack starts anew where a clip ends.
        if let Ok(expected) = line[place("temporal_iou")].parse::<f64>() {
            let iou = f64::from(found.both) / f64::from(found.either);
            assert!((iou - expected).abs() < 1e-6, "frame {frame}: {iou}, expected {expected}");
            compared += 1;
        }
    }
    assert!(compared > 200, "{compared}");
}
