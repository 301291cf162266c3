//! Drift statistics against SciPy, brute force and the bundled frames.

use std::collections::BTreeSet;

use segmeter_core::drift::statistic::{BANDS, NO_ROW};
use segmeter_core::drift::{
    Blocks, BoundaryBand, Distance, EnergyTable, Geometry, GeometryReport, Histogram, Multiclass, Statistic,
    Statistics, Temporal, TemporalReport, WeightedLowConfidence, accuracy_threshold, estimated_accuracy,
    low_confidence_fraction, mean_energy,
};
use segmeter_core::num::Q16;
use segmeter_core::plane::{Bits, pack_codes};
use segmeter_core::sketch::{SigmoidTable, Sketch};
use segmeter_core::view::{Encoding, IGNORE, Quantiser, Shape};
use segmeter_core::{Error, drift};
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
            (Statistic::Compactness, case.compactness),
            (Statistic::Components, f64::from(case.components)),
            (Statistic::LargestShare, f64::from(case.largest) / f64::from(case.road)),
            (Statistic::Holes, f64::from(case.holes)),
            (Statistic::EulerNumber, case.euler as f64),
            (Statistic::CentroidRow, case.centroid[0]),
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
    let mut found = Multiclass::<4>::default();
    found.push_row(&table, case.logits.as_chunks().0);
    assert_eq!(found.classes(), &case.classes);
    assert_near(found.mean_margin(), Some(case.mean_margin), 1.0, "margin");
    let energy = found.mean_energy(&table).unwrap().to_f32();
    // The error that the documentation states.
    let bound = f64::from(case.temperature) * (2e-4 + 3.0 / 65536.0);
    assert!((f64::from(energy) - case.mean_energy).abs() < bound, "{energy}, expected {}", case.mean_energy);
    // One pixel at a time, over every difference.
    for difference in 0..=255_u8 {
        let mut pixel = Multiclass::<3>::default();
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
    assert_eq!(EnergyTable::new(0.1, 0, 0.0).unwrap_err(), Error::Parameter("temperature"));
    assert_eq!(EnergyTable::new(0.1, 128, 1.0).unwrap_err(), Error::Parameter("zero_point"));
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

/// Pixels of 4-connected components, by flood fill.
fn flood(mask: &[bool], width: usize) -> Vec<u32> {
    let (mut left, mut sizes) = (mask.to_vec(), Vec::new());
    for start in 0..mask.len() {
        let (mut stack, mut size) = (vec![start], 0);
        while let Some(pixel) = stack.pop() {
            if !std::mem::take(&mut left[pixel]) {
                continue;
            }
            size += 1;
            let (y, x, height) = (pixel / width, pixel % width, mask.len() / width);
            stack.extend((x > 0).then(|| pixel - 1));
            stack.extend((x + 1 < width).then_some(pixel + 1));
            stack.extend((y > 0).then(|| pixel - width));
            stack.extend((y + 1 < height).then_some(pixel + width));
        }
        if size > 0 {
            sizes.push(size);
        }
    }
    sizes
}

/// Masks of any shape, pixel by pixel.
#[test]
fn geometry_by_brute_force() {
    let mut random = Random(17);
    for round in 0..400 {
        let (height, width) = (1 + (random.uniform() * 40.0) as u32, 1 + (random.uniform() * 100.0) as u32);
        let shape = Shape::new(height, width).unwrap();
        let (height, width) = (shape.height(), shape.width());
        let density = [0.0, 0.02, 0.3, 0.5, 0.8, 1.0][round % 6];
        let mask: Vec<bool> = (0..shape.pixels()).map(|_| random.uniform() < density).collect();
        let found = geometry(&mask, shape);
        let at = |y: isize, x: isize| {
            let inside = y >= 0 && x >= 0 && (y as usize) < height && (x as usize) < width;
            inside.then(|| mask[y as usize * width + x as usize])
        };
        let (mut inner, mut frame, mut sums) = (0, 0, (0_u64, 0_u64, 0_u32));
        let mut first = [NO_ROW; BANDS];
        let mut bands = [(0_u32, 0_u32, 0_u64); BANDS];
        for y in 0..height {
            bands[y * BANDS / height].0 += 1;
            for x in 0..width {
                if !mask[y * width + x] {
                    continue;
                }
                let (row, column) = (y as isize, x as isize);
                for (dy, dx) in [(0, 1), (0, -1), (1, 0), (-1, 0)] {
                    match at(row + dy, column + dx) {
                        Some(false) => inner += 1,
                        None => frame += 1,
                        Some(true) => {}
                    }
                }
                sums = (sums.0 + y as u64, sums.1 + x as u64, sums.2 + 1);
                let band = &mut bands[y * BANDS / height];
                (band.1, band.2) = (band.1 + 1, band.2 + x as u64);
                let bin = &mut first[x * BANDS / width];
                *bin = (*bin).min(y as u16);
            }
        }
        assert_eq!((found.boundary, found.frame_boundary), (inner, frame), "{shape:?}");
        assert_eq!((found.rows, found.road, found.first_rows), (sums.0, sums.2, first), "{shape:?}");
        assert_eq!(found.bands.map(|band| (band.rows, band.road, band.columns)), bands, "{shape:?}");
        let sizes = flood(&mask, width);
        let (count, largest) = (sizes.len() as u32, sizes.iter().max().copied().unwrap_or(0));
        assert_eq!((found.topology.components, found.topology.largest), (count, largest));
        let mean = |sum: u64| (sums.2 != 0).then(|| sum as f64 / f64::from(sums.2));
        assert_near(found.value(Statistic::CentroidRow), mean(sums.0), 1.0, "row");
        assert_near(found.value(Statistic::CentroidColumn), mean(sums.1), 1.0, "column");
        let square = f64::from(inner + frame).powi(2);
        let compactness = mean(1).map(|_| (square / f64::from(sums.2)).min(32_768.0));
        assert_near(found.compactness(), compactness, 2.0, "compactness");
        assert_eq!(found.horizon_row(), first.into_iter().min().filter(|row| *row != NO_ROW));
        assert_eq!(found.largest_share().is_none(), sums.2 == 0);
    }
}

#[test]
fn time_by_brute_force() {
    let mut random = Random(23);
    for round in 0..60 {
        let (height, width) = (30 + (random.uniform() * 90.0) as u32, 40 + (random.uniform() * 300.0) as u32);
        let shape = Shape::new(height * [1, 4][round % 2], width * [1, 3][round % 2]).unwrap();
        let (height, width) = (shape.height(), shape.width());
        let density = [0.1, 0.6, 1.0][round % 3];
        let frames: Vec<Vec<bool>> =
            (0..4).map(|_| (0..shape.pixels()).map(|_| random.uniform() < density).collect()).collect();
        let (found, blocks) = compared(&frames, shape);
        let [earlier, before, own] = &frames[1..] else { panic!() };
        let count = |holds: &dyn Fn(usize) -> bool| (0..shape.pixels()).filter(|p| holds(*p)).count() as u32;
        assert_eq!(found.both, count(&|p| own[p] && before[p]));
        assert_eq!(found.either, count(&|p| own[p] || before[p]));
        assert_eq!(found.flickering, count(&|p| own[p] != before[p] && own[p] == earlier[p]));
        let mut grids = [[0_u32; Blocks::BYTES]; 2];
        for (grid, mask) in grids.iter_mut().zip([own, before]) {
            for pixel in (0..shape.pixels()).filter(|p| mask[*p]) {
                grid[pixel / width * 30 / height * 40 + pixel % width * 40 / width] += 1;
            }
        }
        // The largest block decides of how many pixels a step is.
        let mut step = 1;
        while (width.div_ceil(40) * height.div_ceil(30)) / step > 255 {
            step *= 2;
        }
        let both: u32 = (0..1200).map(|b| (grids[0][b] / step as u32).min(grids[1][b] / step as u32)).sum();
        let either: u32 = (0..1200).map(|b| (grids[0][b] / step as u32).max(grids[1][b] / step as u32)).sum();
        assert_eq!((blocks.both, blocks.either), (both, either), "{shape:?}, steps of {step}");
    }
}

#[test]
fn bands_by_brute_force() {
    let mut random = Random(31);
    for round in 0..120 {
        let (height, width) =
            (1 + (random.uniform() * 20.0) as usize, 1 + (random.uniform() * 80.0) as usize);
        let zero = [-128, -3, 0, 99, 127][round % 5];
        let quantiser = Quantiser::logits(Encoding::Signed, 0.05, zero).unwrap();
        let reach = [0, 1, 3, 31][round % 4];
        let smooth = random.uniform() < 0.5;
        let codes: Vec<i8> = (0..height * width)
            .map(|pixel| {
                let noise = random.uniform() * 255.0 - 128.0;
                if smooth { (pixel % width) as i8 } else { noise as i8 }
            })
            .collect();
        let mut scratch = vec![0xaaaa_aaaa; BoundaryBand::scratch_len(width, reach)];
        let mut band = BoundaryBand::new(width, reach, &quantiser, &mut scratch).unwrap();
        codes.chunks(width).for_each(|row| band.push_row(row).unwrap());
        let found = band.finish();
        let set = |pixel: usize| i32::from(codes[pixel]) > zero;
        let places = || (0..height * width).map(|pixel| (pixel / width, pixel % width));
        let edges: Vec<_> = places()
            .filter(|(y, x)| {
                places().any(|(v, u)| {
                    y.abs_diff(v) + x.abs_diff(u) == 1 && set(y * width + x) != set(v * width + u)
                })
            })
            .collect();
        let mut expected = Sketch::<u32>::new(&quantiser);
        for (y, x) in places() {
            let beside = edges.iter().any(|(v, u)| y.abs_diff(*v).max(x.abs_diff(*u)) <= reach);
            expected.push_row(&codes[y * width + x..][..1], &[u8::from(beside)]);
        }
        assert!(found == expected, "{height}x{width}, reach {reach}, zero {zero}");
    }
}

/// Every threshold, both encodings, every code.
#[test]
fn packing_is_the_threshold() {
    let codes: Vec<u8> = (0..=255).chain(3..70).collect();
    let mut words = [0; 11];
    let logits = |encoding, zero| Quantiser::logits(encoding, 0.1, zero).unwrap();
    let quantisers = (-128..128).map(|zero| logits(Encoding::Signed, zero));
    let quantisers = quantisers.chain((0..256).map(|zero| logits(Encoding::Unsigned, zero)));
    for quantiser in quantisers.chain([Quantiser::probabilities()]) {
        pack_codes(&codes, &quantiser, &mut words).unwrap();
        for place in 0..32 * 11 {
            let expected = codes.get(place).is_some_and(|byte| quantiser.logit(quantiser.index(*byte)) > 0.0);
            assert_eq!(words[place / 32] >> (place % 32) & 1 == 1, expected, "{quantiser:?} {place}");
        }
    }
    let short = pack_codes(&codes, &Quantiser::probabilities(), &mut words[1..]);
    assert_eq!(short, Err(Error::Length { expected: 11, found: 10 }));
}

#[test]
fn names_are_told_apart() {
    let names: BTreeSet<_> = Statistic::ALL.iter().map(|statistic| statistic.name()).collect();
    assert_eq!((names.len(), Statistic::ALL.len()), (31, 31));
    let groups: BTreeSet<_> = Statistic::ALL.iter().map(|statistic| statistic.group().name()).collect();
    assert_eq!(groups, BTreeSet::from(["confidence", "geometry", "temporal"]));
    assert_eq!(Distance::ALL.map(Distance::name).into_iter().collect::<BTreeSet<_>>().len(), 12);
    // A report answers for its own group, and for no other.
    let report = geometry(&[true], Shape::new(1, 1).unwrap());
    for statistic in Statistic::ALL {
        let geometric = statistic.group() == drift::Group::Geometry;
        assert!(geometric || report.value(*statistic).is_none(), "{statistic:?}");
    }
}

#[test]
fn wrong_buffers_are_refused() {
    let shape = Shape::new(30, 40).unwrap();
    let need = Geometry::scratch_len(40);
    let mut scratch = vec![0; need];
    assert_eq!(Geometry::new(shape, &mut scratch[1..]).unwrap_err(), Error::Scratch { need });
    let mut rows = Geometry::new(shape, &mut scratch).unwrap();
    assert_eq!(rows.push_row(&[0]), Err(Error::Length { expected: 2, found: 1 }));
    (0..30).for_each(|_| rows.push_row(&[u32::MAX, 0xff]).unwrap());
    assert_eq!(rows.push_row(&[0, 0]), Err(Error::Length { expected: 30, found: 31 }));
    assert_eq!(rows.finish().road_fraction(), Q16::ONE);
    let large = Shape::new(1, 65_535).unwrap();
    assert_eq!(Geometry::new(large, &mut []).unwrap_err(), Error::Parameter("shape"));
    let (mut plane, mut grid) = ([0; 60], [0; Blocks::BYTES]);
    assert_eq!(Temporal::new(shape, &mut plane[1..], &mut []).unwrap_err(), Error::Scratch { need: 60 });
    assert_eq!(Temporal::new(shape, &mut plane, &mut [0; 9]).unwrap_err(), Error::Scratch { need: 60 });
    assert_eq!(Blocks::new(Shape::new(29, 40).unwrap(), &mut grid).unwrap_err(), Error::Parameter("shape"));
    // A frame that is not complete is no neighbour.
    let mut frames = Temporal::new(shape, &mut plane, &mut []).unwrap();
    let mut blocks = Blocks::new(shape, &mut grid).unwrap();
    for (rows, known) in [(30, false), (30, true), (29, false), (30, false), (30, true)] {
        for _ in 0..rows {
            frames.push_row(&[1, 0]).unwrap();
            blocks.push_row(&[1, 0]).unwrap();
        }
        let found = (frames.finish().iou(), blocks.finish().iou());
        let one = known.then_some(Q16::ONE);
        assert_eq!(found, (one, one));
    }
    frames.forget();
    blocks.forget();
    (0..30).for_each(|_| frames.push_row(&[1, 0]).unwrap());
    (0..30).for_each(|_| blocks.push_row(&[1, 0]).unwrap());
    assert_eq!((frames.finish().iou(), blocks.finish().iou()), (None, None));
    let quantiser = Quantiser::probabilities();
    let mut scratch = [0; 99];
    let mut refused = |width, reach| BoundaryBand::new(width, reach, &quantiser, &mut scratch).unwrap_err();
    assert_eq!(refused(0, 1), Error::Parameter("width"));
    assert_eq!(refused(9, 32), Error::Parameter("reach"));
    assert_eq!(refused(900, 3), Error::Scratch { need: BoundaryBand::scratch_len(900, 3) });
    let table = SigmoidTable::new(&quantiser);
    let weighted = |height| WeightedLowConfidence::new(height, &quantiser, &table, Q16::ONE, [0; 16]);
    assert_eq!(weighted(0).unwrap_err(), Error::Parameter("height"));
    let mut none = weighted(2).unwrap();
    none.push_row(&[9_u8; 5]);
    assert_eq!(none.finish(), None);
}

/// What the documentation says of memory, for 512x256.
#[test]
fn memory_is_as_stated() {
    let bytes = |words: usize| 4 * words;
    assert_eq!(bytes(Geometry::scratch_len(512)), 4224);
    assert_eq!(bytes(BoundaryBand::scratch_len(512, 2)), 2624);
    assert_eq!(bytes(Bits::words(Shape::new(256, 512).unwrap())), 16_384);
    assert_eq!((Blocks::BYTES, size_of::<Histogram>()), (1200, 80));
    assert_eq!((size_of::<EnergyTable>(), size_of::<Multiclass<8>>()), (656, 4 * 8 + 24));
    assert!(size_of::<Geometry<'_>>() <= 540 && size_of::<Blocks<'_>>() <= 220);
    assert!(size_of::<Temporal<'_>>() <= 72 && size_of::<WeightedLowConfidence>() <= 56);
}
